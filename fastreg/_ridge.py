"""Ridge regression for one alpha and any number of targets.

    n >= p                              Cholesky factor of X'X + alpha I        n p^2/2 + p^3/6, then 4 n p per target
    n < p                               Cholesky factor of XX' + alpha I        n^2 p/2 + n^3/6, then 4 n p per target
    singular in float64                 SVD of a centred copy of X              about 10 times that

The factor is made once and reused for every target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input
from fastreg._normalise import Problem, normalise, scale_target
from fastreg._results import Fit, Status, warn_unconverged
from fastreg.kernels._ridge import RidgeSystem

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
TOL = 1e-6  # a direct solve is far below this, or has failed


def ridge(X: ArrayLike, y: ArrayLike, alpha: float, *, fit_intercept: bool = True) -> Fit:
    """Minimise |y - b - Xw|^2 + alpha |w|^2 (scikit-learn's Ridge scaling), for each column of y.

    Parameters
    ----------
    X : array of shape (n, p)
        float32 or float64 in any layout is read in place; other real dtypes are converted to float64 once.  It is copied
        (centred) only where X is rank deficient and alpha too small to make up for it.
    y : array of shape (n,) or (n, t)
        One target or t targets; copied once to float64.
    alpha : float >= 0
        Weight of the penalty; 0 is least squares, of smallest norm where X is rank deficient (Status.MINIMUM_NORM).
    fit_intercept : bool
        Whether to fit the unpenalised b.  X is centred implicitly, piece by piece, so that a large mean costs no precision.

    Returns
    -------
    Fit
        coef (p,) or (p, t), intercept float or (t,), objective and dual_gap float or (t,), n_iter (the most refinement
        steps of a target), status; l1_ratio is 0.0.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and alpha out of range.

    Notes
    -----
    Cost n p min(n, p)/2 + min(n, p)^3/6 multiply-adds, and a few readings of X per target.  dual_gap is
    |X'r - alpha w|^2 / alpha, the duality gap at the dual point r = y - b - Xw.

    References
    ----------
    Hoerl and Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems, eq. 2.1.
    Saunders, Gammerman and Vovk (1998), Ridge Regression Learning Algorithm in Dual Variables, eq. 8.

    Examples
    --------
    >>> import fastreg as fr
    >>> fit = fr.ridge([[1.0], [-1.0]], [2.0, -2.0], alpha=2.0)
    >>> fit.coef, fit.intercept
    (array([1.]), 0.0)
    """
    alpha = _input.number(alpha, "alpha", 0.0)
    X = _input.matrix(X)
    Y = _input.targets(y, X.shape[0])
    center = _input.flag(fit_intercept, "fit_intercept")
    many = Y.ndim == 2
    columns = [Y[:, k] for k in range(Y.shape[1])] if many else [Y]
    if many and not np.isfinite(Y).all():
        raise _input.not_finite(Y, "y")
    problem = normalise(X, columns[0], center, gram=X.shape[0] >= X.shape[1])
    # |y - Xw|^2 + alpha |w|^2 is twice the kernel's objective; l2 = alpha sx^2, whatever the target
    l2, scale = alpha * problem.sx * problem.sx, 2.0 * problem.n
    if not l2 < np.inf:
        raise _input.out_of_range("alpha", alpha)
    solver = RidgeSolver(problem)
    fits = []
    for k, column in enumerate(columns):
        if k:
            problem = problem.for_target(*scale_target(column, center))
        one = solver.solve(l2, TOL, y=problem.y)
        coef = problem.coefficients(one.w)
        fits.append(
            (
                coef,
                problem.intercept(np.arange(problem.p), coef),
                scale * problem.objective(one.objective),
                scale * problem.objective(one.gap),
                one.n_iter,
                one.status,
            )
        )
    coefs, intercepts, objectives, gaps, n_iters, statuses = zip(*fits, strict=True)
    status = max(statuses, key=list(Status).index)
    if not status.converged:
        warn_unconverged(f"at alpha={alpha:.6g}", max(gaps), max(objectives), status, f"tol={TOL:g}", stacklevel=3)
    if not many:
        return Fit(coefs[0], intercepts[0], alpha, 0.0, objectives[0], gaps[0], n_iters[0], status)
    return Fit(
        np.stack(coefs, axis=1),
        np.array(intercepts),
        alpha,
        0.0,
        np.array(objectives),
        np.array(gaps),
        max(n_iters),
        status,
    )


@dataclass(slots=True)
class RidgeSolution:
    """One target in kernel scaling."""

    w: Floats
    objective: float
    gap: float
    residual: float
    n_iter: int
    status: Status


class RidgeSolver:
    """Minimises 1/2 |y - Xw|^2 + l2/2 |w|^2 (kernel scaling) for any l2 >= 0 and any y, from one Gram matrix."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.system = RidgeSystem(problem.columns)
        self.l2: float | None = None
        self.regular = False
        self._svd: tuple[Floats, Floats, Floats] | None = None

    def solve(self, l2: float, tol: float, y: Floats | None = None) -> RidgeSolution:
        """The solution for target y (that of the problem if None), converged if its gap is at most tol times the objective."""
        if y is None:
            y = self.problem.y
        if l2 != self.l2:
            # a dual solution of an unpenalised problem is not unique, and w = X'u would not show it
            self.regular = not (l2 == 0.0 and self.system.dual) and self.system.factor(l2)
            self.l2 = l2
        floor = 64 * EPS * float(y @ y)
        if self.regular:
            w = np.empty(self.problem.p)
            n_iter, objective, gap, residual = self.system.solve(y, w)
            if gap <= max(tol * objective, floor) and objective < np.inf:
                status = Status.CONVERGED if max(gap, floor) <= tol * objective or gap == 0.0 else Status.PRECISION
                return RidgeSolution(w, objective, max(gap, floor), residual, n_iter, status)
        return self._by_svd(l2, y, tol, floor)

    def _by_svd(self, l2: float, y: Floats, tol: float, floor: float) -> RidgeSolution:
        """Where no Cholesky factor serves: w = V s/(s^2 + l2) U'y over the singular values above rounding."""
        if self._svd is None:
            X = np.empty((self.problem.n, self.problem.p), order="F")
            self.problem.columns.write(X)
            if self.problem.centered:
                X -= X.mean(axis=0)  # what rounding left of the means would be a direction of its own
            self._svd = np.linalg.svd(X, full_matrices=False)
        U, s, Vt = self._svd
        cut = float(s[0]) * max(self.problem.n, self.problem.p) * EPS
        kept = s > cut
        U, s, Vt = U[:, kept], s[kept], Vt[kept]
        w = Vt.T @ (s / (s * s + l2) * (U.T @ y))
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
        status = Status.CONVERGED if gap <= tol * objective else Status.PRECISION if gap <= floor else Status.STALLED
        return RidgeSolution(w, objective, max(gap, floor), residual, 1, status)
