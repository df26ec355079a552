"""One reduction of X and the penalty D that answers every l2 of min_w 1/2 |y - Xw|^2 + l2/2 w'Dw (kernel scaling).

It knows matrices, targets and l2; it must not know alphas, options or public scaling.

With everything orthogonal to what D leaves unpenalised:

    by columns, p <= n    M'X'XM = diag(lam), M'DM = I    w = M (M'X'y / (lam + l2)),  U = X M / sqrt(lam)
    by rows, n < p        X inv(D) X' = U diag(lam) U'    w = inv(D) X'U (U'y / (lam + l2))

and from g = U'y and lam alone, at most min(n, p) numbers each, come the objective, the effective degrees of freedom,
generalised cross-validation and the marginal likelihood (Golub, Heath and Wahba, 1979); from U the exact leave-one-out errors.

    method   made by                                                     multiply-adds, r = min(n, p)   right to about
    eigen    eigenvalues of the Gram matrix                              n p r/2 + 9 r^3                eps kappa
    svd      R of X block by block (Demmel et al., 2012), its SVD        3 n p r + 20 r^3               eps sqrt(kappa)

tridiagonal.py needs n p r/2 + 4 r^3 where no row is left out.
kappa = (lam_max + l2) / (lam_min + l2) at the smallest l2.  X is not copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg._ridge.design import EPS, Design, Directions

Floats = NDArray[np.float64]
NOISE = 16 * EPS  # of a sum, relative to the sizes of what is added: as kernels/_judge.pyx has it

# From this condition number on the eigenvalues of a Gram matrix would leave fewer than eight digits.
KAPPA = 1e7

# So near to 1 the leverage of a row is 1 but for rounding, and the smallest that a formula with differences is trusted with.
LEVERAGE = 1e-11
SAFE_LEVERAGE = 1e-5

# Of |y|^2, a residual that is left with ten digits when the rest is taken off.
SAFE_SHARE = 1e-5

# What stands for l2 = 0 where the limit of a ratio is wanted, times the largest eigenvalue.
VANISHING = 1e-60


@dataclass(slots=True)
class Target:
    """What the spectrum knows of one target: its products with U and with the unpenalised directions, the square of what these
    leave, and y itself, X'y and |y|^2."""

    g: Floats
    fixed: Floats
    outside: float
    y: Floats | None
    xy: Floats
    yy: float


class Numbers:
    """What there is to say of a target at every l2: arrays of shape (K,).

    objective: |y - Xw|^2 + l2 w'Dw; rss: its first part; df: the trace of y -> Xw without the unpenalised directions;
    left: r - df; log_det: of I + X inv(D) X' / l2, infinite for l2 = 0."""

    def __init__(self, lam: Floats, objective: Floats, rss: Floats, l2: Floats) -> None:
        self.objective, self.rss, left = objective, rss, shares(lam, l2)
        self.df, self.left = (1.0 - left).sum(axis=1), left.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            self.log_det = np.log1p(np.where(lam > 0.0, lam / l2[:, None], 0.0)).sum(axis=1)


def shares(lam: Floats, l2: Floats) -> Floats:
    """l2 / (lam + l2), (K, r); 1 where there is neither an eigenvalue nor a penalty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = l2[:, None] / (lam + l2[:, None])
    left[np.isnan(left)] = 1.0
    return left


def numbers(lam: Floats, target: Target, l2: Floats) -> Numbers:
    """From U'y."""
    left = shares(lam, l2)
    objective, rss = target.outside + left @ target.g**2, target.outside + left**2 @ target.g**2
    return Numbers(lam, np.maximum(objective, 0.0), np.maximum(rss, 0.0), l2)


def ratio(Z: Floats, b: Floats) -> Floats:
    """Z'b / |Z|^2 along the last axis; NaN for Z = 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (Z * b).sum(axis=-1) / (Z**2).sum(axis=-1)
    return found


def condition(lam: Floats, top: float, l2: float) -> float:
    """kappa; top: the largest eigenvalue before the unpenalised directions were taken off."""
    least = float(lam.min(initial=np.inf)) + l2
    return (top + l2) / least if least > 0.0 else np.inf


class ByColumns:
    """p <= n, a whole D, or statistics alone.

    M: (p, k + r), the k unpenalised directions first: M'X'XM = diag(1, ..., 1, lam), M'DM = diag(0, ..., 0, 1, ..., 1)."""

    method = "eigen"
    complete = False  # whether every target is fitted, but for l2: known of singular values
    spread = 0.0  # condition number of the unpenalised directions
    cut = 0.0  # no singular value that was left out is larger

    def __init__(self, gram: Floats, directions: Directions, design: Design | None = None, Y: Floats | None = None) -> None:
        """From the Gram matrix; with a design and all targets Y (n, t) from the singular values of X itself."""
        self.gram, self.directions = gram, directions
        self.solved: tuple[Floats, Floats, Floats] | None = None  # (g, fixed, outside) of all targets, where QR has given them
        inner = directions.penalised.between(gram, directions.penalised)
        self.top = float(np.diag(inner).max(initial=0.0))
        if design is None or Y is None:
            self._diagonalise(inner)
        else:
            self._decompose(design, Y)
        self.top = max(self.top, float(self.lam.max(initial=0.0)))

    def _diagonalise(self, inner: Floats) -> None:
        """By the eigenvalues of the penalised part of the Gram matrix, without what the unpenalised directions explain."""
        gram, free, penalised = self.gram, self.directions.free, self.directions.penalised
        whiten, F = np.zeros((free.size, 0)), np.zeros((0, penalised.size))
        if free.size > 0:
            values, vectors = np.linalg.eigh(free.between(gram, free))
            kept = values > values.max(initial=0.0) * free.size * EPS
            whiten = vectors[:, kept] / np.sqrt(values[kept])
            self.spread = float(values.max(initial=0.0) / values[kept].min(initial=np.inf))
            F = whiten.T @ free.between(gram, penalised)
        lam, V = np.linalg.eigh(inner - F.T @ F)
        self._set(whiten, F, V, np.maximum(lam, 0.1 * EPS * max(self.top, float(lam.max(initial=0.0)))))

    def _set(self, whiten: Floats, F: Floats, V: Floats, lam: Floats) -> None:
        free, penalised = self.directions.free, self.directions.penalised
        self.M = penalised.times(V)
        if free.size > 0:
            self.M = np.hstack([free.times(whiten), self.M - free.times(whiten @ (F @ V))])
        self.k, self.lam = whiten.shape[1], lam
        self._root = np.sqrt(np.where(lam > 0.0, lam, np.inf))  # what has no eigenvalue has no products either

    def condition(self, l2: float) -> float:
        """kappa at l2"""
        return condition(self.lam, self.top, l2)

    def determined(self, l2: float) -> bool:
        """Whether there is one solution."""
        return self.k == self.directions.free.size and (l2 > 0.0 or self.lam.size == self.directions.penalised.size)

    def refined(self, design: Design, Y: Floats) -> ByColumns:
        """The same from the singular values of X."""
        return ByColumns(self.gram, self.directions, design, Y)

    def _decompose(self, design: Design, Y: Floats) -> None:
        """By the singular values of R, of a QR factorization of X in blocks of rows."""
        free, penalised, n = self.directions.free, self.directions.penalised, design.problem.n
        k = free.size
        R, C, outside = np.zeros((0, k + penalised.size)), np.zeros((0, Y.shape[1])), np.zeros(Y.shape[1])
        for at, block in design.rows():
            A, B = np.vstack([R, np.hstack([free.of(block), penalised.of(block)])]), np.vstack([C, Y[at]])
            Q, R = np.linalg.qr(A)
            C = Q.T @ B
            outside += ((B - Q @ C) ** 2).sum(axis=0)
        whiten, F, fixed = np.zeros((k, 0)), np.zeros((0, penalised.size)), C[:0]
        if k > 0:
            U, s, Vt = np.linalg.svd(R[:k, :k], full_matrices=False)  # R may have fewer than k rows
            kept = s > s.max(initial=0.0) * max(n, k) * EPS
            rows, targets = U.T @ R[:k, k:], U.T @ C[:k]
            whiten, F, fixed = Vt[kept].T / s[kept], rows[kept], targets[kept]
            R, C = np.vstack([rows[~kept], R[k:, k:]]), np.vstack([targets[~kept], C[k:]])
        U, s, Vt = np.linalg.svd(R, full_matrices=False)
        # what the unpenalised directions have left of the others may be rounding
        cut = max(float(s.max(initial=0.0)), float(np.sqrt(self.top))) * max(n, design.problem.p) * EPS
        kept = s > cut
        g = U[:, kept].T @ C
        self.complete = np.count_nonzero(design.root) == whiten.shape[1] + design.problem.centered + g.shape[0]
        outside = np.zeros_like(outside) if self.complete else outside + ((C - U[:, kept] @ g) ** 2).sum(axis=0)
        self.method, self.solved = "svd", (g, fixed, outside)
        self.cut = 0.0 if kept.sum() == penalised.size else cut
        self._set(whiten, F, Vt[kept].T, s[kept] ** 2)

    def numbers(self, target: Target, l2: Floats) -> Numbers:
        """What there is to say of a target."""
        return numbers(self.lam, target, l2)

    def target(self, index: int, y: Floats | None, xy: Floats, yy: float) -> Target:
        """Target number `index`; xy = X'y, yy = |y|^2."""
        if self.solved is not None:
            g, fixed, outside = self.solved
            return Target(g[:, index], fixed[:, index], float(outside[index]), y, xy, yy)
        b = self.M.T @ xy
        fixed, g = b[: self.k], b[self.k :] / self._root
        # an eigenvalue that is rounding makes g anything, but not what Numbers makes of g and outside together
        return Target(g, fixed, yy - float(fixed @ fixed) - float(g @ g), y, xy, yy)

    def coefs(self, target: Target, l2: Floats) -> Floats:
        """w at every l2, shape (K, p)."""
        total = self.lam + l2[:, None]
        z = np.sqrt(self.lam) * target.g / np.where(total > 0.0, total, np.inf)
        z[:, self.lam <= self.lam.size * EPS * self.top] *= (l2 > 0.0)[:, None]  # rounding, that nothing else holds in check
        w: Floats = np.hstack([np.broadcast_to(target.fixed, (l2.size, self.k)), z]) @ self.M.T
        return w

    def gaps(self, target: Target, l2: Floats, w: Floats, objective: Floats) -> Floats:
        """How far the objective |y - Xw|^2 + l2 w'Dw at each w may be above its minimum: c'inv(X'X + l2 D)c for
        c = X'y - (X'X + l2 D)w, and rounding, also that of the objective as `Numbers` has it."""
        length = np.sqrt(np.maximum(np.diag(self.gram), 0.0))
        size = np.sqrt(target.yy) + np.abs(w) @ length
        c = target.xy - w @ self.gram - l2[:, None] * self.directions.penalty(w)
        inverse = np.hstack([np.ones((l2.size, self.k)), 1.0 / (self.lam + l2[:, None])])
        missed = np.sqrt(((c @ self.M) ** 2 * inverse).sum(axis=1))
        # c_j is off by at most NOISE |x_j| size
        missed += NOISE * size * (np.sqrt(inverse @ (self.M**2).T) @ length)
        # rounding E of X moves the objective by 2 r'Ew, of X'X by w'Ew
        gap: Floats = missed**2 + NOISE * size * (np.sqrt(objective) if self.method == "svd" else size)
        if self.cut > 0.0:
            gap += self.cut**2 / (self.cut**2 + l2) * objective  # at most what the directions left out could gain
        return gap

    def leave_one_out(self, design: Design, targets: list[Target], l2: Floats, each: Floats | None = None) -> Floats | None:
        """The sum of the squared leave-one-out errors, (K, t); None where the leverage of a row calls for `refined`.

        each: (n, K, t) to write the errors to, times the root of their weights.  Cost: n (k + r) p, and n r for each l2 and
        target."""
        problem, k, lam = design.problem, self.k, self.lam
        some = np.maximum(l2, VANISHING * (self.top or 1.0))
        inverse = 1.0 / (lam + some[:, None])
        total = np.zeros((l2.size, len(targets)))
        for at, block in design.rows(4):
            Z = block @ self.M
            fixed, rest = Z[:, :k], Z[:, k:]
            free = 1.0 - (fixed**2).sum(axis=1)
            if problem.centered:
                free -= design.root[at] ** 2 / problem.n
            alone = (free <= LEVERAGE) & (design.root[at] > 0.0) & (k > 0)
            if self.method == "svd":
                # 1 - leverage = free + l2 more, without a difference of what is nearly equal
                U = rest / self._root
                free -= (U**2).sum(axis=1)
                bound = ((free <= LEVERAGE) | self.complete) & (design.root[at] > 0.0)
                left = np.where(bound, 0.0, free)[:, None] + some * (U**2 @ inverse.T)
            else:
                left = free[:, None] - np.square(rest) @ inverse.T
                if left.min() < SAFE_LEVERAGE:
                    return None
            for t, target in enumerate(targets):
                assert target.y is not None
                e = target.y[at] - fixed @ target.fixed
                if self.method == "svd":
                    e = np.where(bound, 0.0, e - U @ target.g)
                    with np.errstate(invalid="ignore", divide="ignore"):
                        errors = (e[:, None] + some * (U @ (target.g * inverse).T)) / left
                    for i in np.flatnonzero(alone):
                        errors[i] = self._alone(Z[i], target, inverse)
                else:
                    errors = (e[:, None] - rest @ (np.sqrt(lam) * target.g * inverse).T) / left
                total[:, t] += np.square(errors).sum(axis=0)
                if each is not None:
                    each[at, :, t] = errors
        return total

    def _alone(self, z: Floats, target: Target, inverse: Floats) -> Floats:
        """The error at every l2 for a row that unpenalised directions fit whatever its target is.

        With a penalty of eps on them, the entries that are to be divided are eps Z_i'b and eps |Z_i|^2 in the limit, where
        b = sum_i Z_i y_i are the coefficients of these directions.  Where Z_i = 0, nothing is left without the row: NaN."""
        ahead = np.hstack([np.broadcast_to(z[: self.k], (inverse.shape[0], self.k)), z[self.k :] * inverse])
        fitted = np.hstack([np.broadcast_to(target.fixed, (inverse.shape[0], self.k)), np.sqrt(self.lam) * target.g * inverse])
        M = self.directions.free.coordinates(self.M)
        Z, b = ahead @ M.T, fitted @ M.T
        return ratio(Z, b)


def dual_rounding(gram: Floats, a: Floats, d: Floats, yy: Any) -> tuple[Floats, Floats]:
    """How long d = y - (gram + l2) a may be for each row a, and the size of what a adds up in gram.

    An entry of gram is off by NOISE times the lengths of its rows, or of those before a sparse X was centred."""
    length = np.sqrt(np.maximum(np.diag(gram), 0.0))
    size: Floats = np.abs(a) @ length
    missed: Floats = np.linalg.norm(d, axis=1) + NOISE * (np.sqrt(yy) + size * float(np.linalg.norm(length)))
    return missed, size


class RowSpectrum:
    """n < p and D = diag(u), from products of rows alone: in the complement of Q, which spans what is not penalised.

    gram: X inv(D) X' over the penalised columns, (n, n)."""

    method = "eigen"

    def __init__(self, gram: Floats, Q: Floats) -> None:
        self.gram, self.Q, self.k = gram, Q, Q.shape[1]
        inside = self._project(self._project(gram).T)
        # the directions of Q go to the end of the spectrum, where they are known
        top = float(np.diag(gram).max())
        # beyond what is left of the others, also where that is rounding
        end = top * (1.0 + float(np.linalg.norm(inside / (top or 1.0)))) or 1.0
        lam, U = np.linalg.eigh(inside + end * (Q @ Q.T))
        r = lam.size - self.k
        self.U, self.lam = U[:, :r], np.maximum(lam[:r], 0.0)
        self.top = max(top, float(self.lam.max(initial=0.0)))

    def _project(self, A: Floats) -> Floats:
        """A without what of its rows Q spans."""
        return A - (A @ self.Q) @ self.Q.T

    def condition(self, l2: float) -> float:
        """kappa at l2"""
        return condition(self.lam, self.top, l2)

    def dual(self, g: Floats, l2: Floats) -> Floats:
        """a with X'a = Dw at every l2 > 0, shape (K, n); g = U'y."""
        a: Floats = (g / (self.lam + l2[:, None])) @ self.U.T
        return a


class ByRows(RowSpectrum):
    """The same with X at hand.  Rows of weight 0 are left out of gram, U and Q."""

    def __init__(self, gram: Floats, design: Design) -> None:
        problem, self.design = design.problem, design
        self.rows = np.arange(problem.n) if problem.root is None else np.flatnonzero(problem.root)
        self.R, self.cross, Q = self._unpenalised()
        if self.rows.size < problem.n:
            gram, Q = gram[np.ix_(self.rows, self.rows)], Q[self.rows]
        super().__init__(gram, Q)

    def _unpenalised(self) -> tuple[Floats, Floats, Floats]:
        """R, C and Q: X_N = Q_N R for the unpenalised columns N, C = X'Q_N, Q spans X_N and the intercept."""
        problem = self.design.problem
        U, s, Vt = np.linalg.svd(self.design.free_columns(), full_matrices=False)
        kept = s > s.max(initial=0.0) * problem.n * EPS
        Q = U[:, kept]
        cross = problem.products(list(Q.T)).T if Q.shape[1] else np.zeros((problem.p, 0))
        if problem.centered:
            root = np.ones(problem.n) if problem.root is None else problem.root
            Q = np.column_stack([root / np.sqrt(problem.n), Q])
        return s[kept, None] * Vt[kept], cross, Q

    def determined(self, l2: float) -> bool:
        """Whether there is one solution, and `coefs` has it."""
        return self.R.shape[0] == self.design.directions.free.size and l2 > 0.0

    def refined(self, design: Design, Y: Floats) -> ByRows:
        """In place from the singular values of X inv(D)^(1/2) itself, in blocks of columns, instead of the Gram matrix."""
        n = self.Q.shape[0]
        H = np.linalg.qr(self.Q, mode="complete")[0][:, self.k :] if self.k > 0 else np.eye(n)
        root = np.sqrt(self._inverse())
        R = np.zeros((0, n - self.k))
        for at, block in design.columns():
            R = np.asarray(np.linalg.qr(np.vstack([R, (block[self.rows] * root[at]).T @ H]), mode="r"))
        _, s, Vt = np.linalg.svd(R)
        self.lam = np.zeros(n - self.k)
        largest = max(float(s.max(initial=0.0)), np.sqrt(self.top))
        self.lam[: s.size] = np.where(s > largest * design.problem.p * EPS, s, 0.0) ** 2
        self.U, self.method = H @ Vt.T, "svd"
        # a row that is in the span of X has no part in what is not, however little rounding may leave it
        null = self.lam == 0.0
        inside = np.square(self.U[:, null]).sum(axis=1) <= LEVERAGE**2
        self.U[np.ix_(inside, null)] = 0.0
        return self

    def numbers(self, target: Target, l2: Floats) -> Numbers:
        """As in ByColumns."""
        return numbers(self.lam, target, l2)

    def _inverse(self) -> Floats:
        """1 / u_j, 0 where a column is not penalised"""
        u = self.design.directions.u
        return 1.0 / np.where(u == 0.0, np.inf, u)

    def target(self, index: int, y: Floats, xy: Floats, yy: float) -> Target:
        """As in ByColumns."""
        y = y[self.rows]
        return Target(self.U.T @ y, self.Q.T @ y, 0.0, y, xy, yy)

    def coefs(self, target: Target, l2: Floats) -> Floats:
        """w at every l2 > 0, shape (K, p)."""
        a = np.zeros((l2.size, self.design.problem.n))
        a[:, self.rows] = self.dual(target.g, l2)
        w = self.design.problem.products(list(a)) * self._inverse()
        free = self.design.directions.free.index
        if free.size > 0:
            fixed = target.fixed[self.k - self.R.shape[0] :]
            w[:, free] = np.linalg.lstsq(self.R, (fixed - w @ self.cross).T, rcond=None)[0].T
        return w

    def gaps(self, target: Target, l2: Floats, w: Floats, objective: Floats) -> Floats:
        """As in ByColumns, for w = inv(D) X'a: with d = y - (X inv(D) X' + l2) a it is d'X inv(D) X'd / l2 at most."""
        assert target.y is not None
        a = self.dual(target.g, l2)
        d = self._project(target.y - a @ self.gram) - l2[:, None] * a
        missed, size = dual_rounding(self.gram, a, d, target.yy)
        gap: Floats = (1.0 + NOISE * len(self.gram)) * self.top * missed**2 / l2 + NOISE * (target.yy + l2 * size**2)
        return gap

    def leave_one_out(self, design: Design, targets: list[Target], l2: Floats, each: Floats | None = None) -> Floats:
        """As in ByColumns: the error of row i is (inv(K)y)_i / inv(K)_ii for K = X inv(D) X' + l2 on the complement of Q.

        Cost: n r for each l2 and target."""
        inverse = 1.0 / (self.lam + np.maximum(l2, VANISHING * (self.top or 1.0))[:, None])
        diagonal = self.U**2 @ inverse.T
        total = np.empty((l2.size, len(targets)))
        alone = np.flatnonzero(1.0 - (self.Q**2).sum(axis=1) <= LEVERAGE)
        ahead = self._free_coordinates(self.U[alone], self.Q[alone], inverse)
        with np.errstate(invalid="ignore", divide="ignore"):
            for t, target in enumerate(targets):
                errors = self.U @ (target.g * inverse).T / diagonal
                errors[alone] = ratio(ahead, self._free_coordinates(target.g, target.fixed, inverse))
                total[:, t] = (errors**2).sum(axis=0)
                if each is not None:
                    each[self.rows, :, t] = errors
        return total

    def _free_coordinates(self, g: Floats, fixed: Floats, inverse: Floats) -> Floats:
        """b at every l2 of the unpenalised columns for targets of which U'y = g and Q'y = fixed are known, (..., K, k):
        X_N b = Q_N Q_N'(y - X inv(D) X'a)."""
        k = self.R.shape[0]
        image = self.Q[:, self.k - k :].T @ self.gram @ self.U
        left = fixed[..., None, self.k - k :] - (g[..., None, :] * inverse) @ image.T
        b: Floats = left @ np.linalg.pinv(self.R).T
        return b
