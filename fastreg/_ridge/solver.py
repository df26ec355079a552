"""Ridge for one l2 after another and any targets, each to a verified gap.

    n >= p, or a whole D          Cholesky factor of X'X + l2 D           n p^2/2 + p^3/6, then 4 n p per target
    n < p                         Cholesky factor of X inv(D) X' + l2 I   n^2 p/2 + n^3/6, then 4 n p per target
    n < p, some u_j = 0           spectrum.ByRows                         n^2 p/2 + 9 n^3
    sparse, too large for these   LSMR (iterative.py)                     4 entries an iteration
    singular in float64           SVD of a centred copy of X              about 10 times the first

It knows kernel scaling, one target and one l2; it must not know alphas or options.  A factor is kept for the next target.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg._normalise import Problem
from fastreg._results import Status
from fastreg._ridge.design import EPS, Design, Directions
from fastreg._ridge.iterative import factor_fits, is_large, solve_iteratively
from fastreg._ridge.spectrum import KAPPA, NOISE, ByRows, dual_rounding
from fastreg.kernels._ridge import RidgeSystem

Floats = NDArray[np.float64]
TOL = 1e-6  # a direct solve is far below this, or has failed
INFINITY = float(np.inf)
FOUND = 5  # numbers of a solution, as RidgeSystem has them
BATCH = 1024  # targets, so that what is in use beside their coefficients does not grow with them
MANY = 5  # targets: the fewest that a product with all of them reads X once for
LEAST = 20_000  # entries of X; fewer are read in less time than it takes to say what the Gram matrix may have lost
FLOOR = 64 * EPS  # times |y|^2: no gap below is claimed


class RidgeSolution(NamedTuple):
    """One target in kernel scaling."""

    w: Floats
    objective: float
    gap: float
    residual: float
    n_iter: int
    status: Status


def judged(objective: float, gap: float, tol: float, floor: float) -> Status:
    """The status of a solution with this gap."""
    if max(gap, floor) <= tol * objective or gap == 0.0:
        return Status.CONVERGED
    return Status.PRECISION if gap <= max(tol * objective, floor) else Status.STALLED


def definite(D: Floats) -> bool:
    """Whether no eigenvalue of D is near 0."""
    try:
        np.linalg.cholesky(D - 1e-10 * float(np.abs(D).max()) * np.eye(D.shape[0]))
    except np.linalg.LinAlgError:
        return False
    return True


def row_gram(design: Design, system: RidgeSystem | None = None) -> Floats:
    """X inv(D) X' over the columns that are penalised; system: that holds it, if there is one."""
    if system is None:
        u = design.directions.u
        system = RidgeSystem(design.problem.columns, np.where(u == 0.0, np.inf, u))
    gram = np.empty((design.problem.n, design.problem.n))
    system.gram(gram)
    return gram


class RidgeSolver:
    """Minimises 1/2 |y - Xw|^2 + l2/2 w'Dw (kernel scaling) for any l2 >= 0 and any y; D = diag(u), or problem.matrix."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.matrix = problem, problem.matrix
        self.u = None if problem.factors is None else problem.factors[1]
        self.l2: float | None = None
        self.regular = False
        self._system: RidgeSystem | None = None
        self._rows: ByRows | None = None
        self._svd: tuple[Floats, Floats, Floats] | None = None

    @cached_property
    def constant(self) -> NDArray[np.intp]:
        """Columns that have nothing to tell."""
        return np.flatnonzero(self.problem.squares() == 0.0)

    @property
    def system(self) -> RidgeSystem:
        """The Gram matrix, made when first needed."""
        if self._system is None:
            self._system = RidgeSystem(
                self.problem.columns, self.u, self.matrix, self.matrix is not None and not definite(self.matrix)
            )
        return self._system

    def directions(self) -> Directions:
        """The penalty; a constant column takes no part, unless a whole D ties it to others."""
        u = np.ones(self.problem.p) if self.u is None else self.u.copy()
        if self.matrix is None:
            u[self.constant] = np.inf
        return Directions(u, self.matrix)

    def solve(self, l2: float, tol: float, y: Floats) -> RidgeSolution:
        """The solution for target y, converged if its gap is at most tol times the objective."""
        if self.matrix is None and is_large(self.problem):
            one = self._by_iteration(l2, tol, y)
            if one.status.converged or not factor_fits(self.problem):
                return one
        if l2 > 0.0 and self._eliminates():
            return self._by_rows(l2, tol, y)
        if not self._factor(l2):
            return self._by_svd(l2, y, tol)
        w = np.empty(self.problem.p)
        return self._accepted(w, self.system.solve_one(y, w), l2, y, tol)

    def solve_all(self, l2: float, tol: float, Y: Floats) -> list[RidgeSolution]:
        """The solutions for targets Y (t, n), each as `solve` has it."""
        if Y.shape[0] > BATCH:
            return [one for i in range(0, Y.shape[0], BATCH) for one in self.solve_all(l2, tol, Y[i : i + BATCH])]
        one_by_one = Y.shape[0] == 1 or (self.matrix is None and is_large(self.problem)) or (l2 > 0.0 and self._eliminates())
        if one_by_one or not self._factor(l2):
            return [self.solve(l2, tol, y) for y in Y]
        solutions: list[RidgeSolution | None] = [None] * Y.shape[0]
        many = Y.shape[0] >= MANY and self.problem.n * self.problem.p >= LEAST
        if many and l2 > 0.0 and self.matrix is None and (self.u is None or self.u.all()):
            solutions = self._from_gram(l2, tol, Y)
        left = [k for k, one in enumerate(solutions) if one is None]
        if left:
            W, numbers = np.empty((len(left), self.problem.p)), np.empty((len(left), FOUND))
            self.system.solve(Y[left], W, numbers)
            for k, w, found in zip(left, W, numbers.tolist(), strict=True):
                solutions[k] = self._accepted(w, found, l2, Y[k], tol)
        return [one for one in solutions if one is not None]

    def _from_gram(self, l2: float, tol: float, Y: Floats) -> list[RidgeSolution | None]:
        """The solutions for many targets from one reading of X: their residuals are those of the Gram matrix, and its rounding
        counts in the gap.  None where that makes the gap too large."""
        gram, used = np.empty((self.system.size, self.system.size)), self.directions().u < np.inf
        self.system.gram(gram)
        # sums with centres, of rows with few entries, may leave less than 0 of a row
        yy, length = np.square(Y).sum(axis=1), np.sqrt(np.maximum(np.diag(gram), 0.0))
        D = np.where(used, 1.0 if self.u is None else self.u, 1.0)
        if self.system.dual:
            A, rest = self._solved(Y, gram, l2)
            W = np.where(used, self.problem.products(list(A)) / D, 0.0)
            missed, size = dual_rounding(gram, A, rest, yy)
            residual = np.square(rest + l2 * A).sum(axis=1)
            gap = 0.5 * float(length @ length) * missed**2 / l2 + NOISE * (yy + l2 * size**2)
        else:
            gram[~used] = gram[:, ~used] = length[~used] = 0.0
            products = np.where(used, self.problem.products(list(Y)), 0.0)
            W, rest = self._solved(products, gram, l2 * D)
            size = np.sqrt(yy) + np.abs(W) @ length
            missed = np.linalg.norm(rest / np.sqrt(l2 * D), axis=1) + NOISE * size * np.linalg.norm(length / np.sqrt(l2 * D))
            residual = yy - ((products + rest + l2 * D * W) * W).sum(axis=1)
            gap = 0.5 * missed**2 + NOISE * size**2
        objective = 0.5 * (residual + l2 * (D * np.square(W)).sum(axis=1))
        floor = FLOOR * yy
        return [
            RidgeSolution(w, value, max(g, f), r, 1, judged(value, g, tol, f)) if g <= max(tol * value, f) else None
            for w, value, g, f, r in zip(W, objective.tolist(), gap.tolist(), floor.tolist(), residual.tolist(), strict=True)
        ]

    def _solved(self, B: Floats, gram: Floats, penalty: Any) -> tuple[Floats, Floats]:
        """V with (gram + diag(penalty)) v = b for each row, refined once, and what is left of b."""
        V, rest = np.zeros_like(B), B
        for _ in range(2):
            step = rest.copy()
            self.system.backsolve(step)
            V = V + step
            rest = B - V @ gram - penalty * V
        return V, rest

    def _factor(self, l2: float) -> bool:
        """Whether there is a factor for l2."""
        if l2 != self.l2:
            # a dual solution of an unpenalised problem is not unique, and w = X'u would not show it
            self.regular = not (l2 == 0.0 and self.system.dual) and self.system.factor(l2)
            self.l2 = l2
        return self.regular

    def _accepted(self, w: Floats, found: Sequence[float], l2: float, y: Floats, tol: float) -> RidgeSolution:
        """What the factor has found, unless its gap is too large."""
        n_iter, objective, gap, residual, yy = found
        floor = FLOOR * yy
        if gap <= max(tol * objective, floor) and objective < INFINITY:
            return RidgeSolution(w, objective, max(gap, floor), residual, int(n_iter), judged(objective, gap, tol, floor))
        return self._by_svd(l2, y, tol)

    def _eliminates(self) -> bool:
        """Whether some columns have no penalty, and X'X would be larger than XX'."""
        wide = self.problem.n < self.problem.p and self.matrix is None
        return wide and self.u is not None and bool((self.u == 0.0).any())

    def by_rows(self) -> ByRows:
        """The spectrum of X inv(D) X', for n < p."""
        if self._rows is None:
            design = Design(self.problem, self.directions())
            self._rows = ByRows(self.row_gram(design), design)
        return self._rows

    def row_gram(self, design: Design) -> Floats:
        """X inv(D) X' of this design, from the system where that holds it."""
        return row_gram(design, None if self._eliminates() else self.system)

    def _by_rows(self, l2: float, tol: float, y: Floats) -> RidgeSolution:
        """With columns that have no penalty, in the complement of what they span."""
        found = self.by_rows()
        if found.method == "eigen" and found.condition(l2) > KAPPA:
            found.refined(found.design, y[:, None])
        target = found.target(0, y, y, float(y @ y))
        at = np.array([l2])
        numbers = found.numbers(target, at)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # the gap shows it
            w = found.coefs(target, at)
            gap = 0.5 * float(found.gaps(target, at, w, numbers.objective)[0])
        objective, floor = 0.5 * float(numbers.objective[0]), FLOOR * target.yy
        if not gap <= max(tol * objective, floor):
            return self._by_svd(l2, y, tol)
        status = judged(objective, gap, tol, floor) if found.determined(l2) else Status.MINIMUM_NORM
        return RidgeSolution(w[0], objective, max(gap, floor), float(numbers.rss[0]), 1, status)

    def _by_iteration(self, l2: float, tol: float, y: Floats) -> RidgeSolution:
        """For a sparse X whose Gram matrix would be too large."""
        u = self.directions().u
        w, objective, gap, residual, n_iter = solve_iteratively(self.problem, u, l2, tol, y)
        floor = FLOOR * float(y @ y)
        return RidgeSolution(w, objective, max(gap, floor), residual, n_iter, judged(objective, gap, tol, floor))

    def _by_svd(self, l2: float, y: Floats, tol: float) -> RidgeSolution:
        """Where no Cholesky factor serves: w = V s/(s^2 + l2) U'y over the singular values above rounding."""
        floor = FLOOR * float(y @ y)
        squares = self.problem.squares()
        least = squares.min(initial=np.inf, where=squares > 0.0)
        if (
            self.u is not None or self.matrix is not None or least < EPS * squares.max()
        ):  # a short column is not a dependent one
            return self._by_least_squares(l2, y, tol)
        if self._svd is None:
            self._svd = np.linalg.svd(self._dense(), full_matrices=False)
        U, s, Vt = self._svd
        cut = float(s[0]) * max(self.problem.n, self.problem.p) * EPS
        kept = s > cut
        U, s, Vt = U[:, kept], s[kept], Vt[kept]
        w = Vt.T @ (s / (s * s + l2) * (U.T @ y))
        w[self.constant] = 0.0
        r = y - U @ (s * (Vt @ w))
        residual = float(r @ r)
        objective = 0.5 * residual + 0.5 * l2 * float(w @ w)
        # c'inv(X'X + l2 I)c / 2 for c = X'r - l2 w is what the objective is above its minimum on the singular vectors kept
        c = s * (U.T @ r) - l2 * (Vt @ w)
        gap = 0.5 * float(c @ (c / (s * s + l2)))
        deficient = not kept.all() or self.problem.n < self.problem.p
        if deficient and l2 <= cut * cut:
            return RidgeSolution(w, objective, max(gap, floor), residual, 1, Status.MINIMUM_NORM)
        if deficient:
            gap += 0.5 * cut * cut / (cut * cut + l2) * residual  # and at most this on the others
        return RidgeSolution(w, objective, max(gap, floor), residual, 1, judged(objective, gap, tol, floor))

    def _by_least_squares(self, l2: float, y: Floats, tol: float) -> RidgeSolution:
        """The same with any D: least squares in the rows of X and sqrt(l2) D^(1/2) w = 0, of smallest norm."""
        floor = FLOOR * float(y @ y)
        n, u = self.problem.n, self.directions().u
        used = u < np.inf
        if self.matrix is None:
            root = np.diag(np.sqrt(u[used]))
        else:
            values, vectors = np.linalg.eigh(self.matrix)
            kept = values > values.max(initial=0.0) * values.size * EPS
            root = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
        A = np.vstack([self._dense()[:, used], np.sqrt(l2) * root])
        rows = np.concatenate([y, np.zeros(root.shape[0])])
        top = np.abs(A).max(axis=0)
        top[top == 0.0] = 1.0
        size = top * np.linalg.norm(A / top, axis=0)  # else a large penalty would hide the columns without one
        size[size == 0.0] = 1.0
        U, s, Vt = np.linalg.svd(A / size, full_matrices=A.shape[0] < A.shape[1])
        rank = int((s > max(A.shape) * EPS * s.max(initial=0.0)).sum())
        z = (Vt[:rank].T @ ((U[:, :rank].T @ rows) / s[:rank])) / size
        null = Vt[rank:].T / size[:, None]
        if null.size:
            z -= null @ np.linalg.lstsq(null, z, rcond=None)[0]
        r = rows - A @ z
        # half the square of what of r is in the range of A is what the objective is above its minimum
        missed = U[:, :rank].T @ r
        w = np.zeros(self.problem.p)
        w[used] = z
        if self.matrix is None:
            w[self.constant] = 0.0
        objective, residual = 0.5 * float(r @ r), float(r[:n] @ r[:n])
        gap = 0.5 * float(missed @ missed)
        if null.size:
            return RidgeSolution(w, objective, max(gap, floor), residual, 1, Status.MINIMUM_NORM)
        return RidgeSolution(w, objective, max(gap, floor), residual, 1, judged(objective, gap, tol, floor))

    def _dense(self) -> Floats:
        """The centred, weighted X as an array of its own."""
        X = np.empty((self.problem.n, self.problem.p), order="F")
        for at, block in Design(self.problem, self.directions()).columns():
            X[:, at] = block
        X[:, self.constant] = 0.0
        return X
