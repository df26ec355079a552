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
from fastreg._normalise import Problem
from fastreg._results import Fit, Status
from fastreg.kernels._ridge import RidgeSystem

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
TOL = 1e-6  # a direct solve is far below this, or has failed


def ridge(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
) -> Fit:
    """Minimise |y - b - Xw|^2 + alpha |w|^2 (scikit-learn's Ridge scaling), for each column of y.

    With options: sum_i s_i (y_i - offset_i - b - x_i'w)^2 + alpha sum_j u_j w_j^2, lower_j <= w_j <= upper_j.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, p)
        Dense float32 or float64 in any layout, and CSC, is read in place; other real dtypes are converted to float64 once,
        other sparse formats to CSC.  It is copied (centred) only where X is rank deficient and alpha too small to make up for
        it.
    y : array of shape (n,) or (n, t)
        One target or t targets; copied once to float64.
    alpha : float >= 0
        Weight of the penalty; 0 is least squares, of smallest norm where X is rank deficient (Status.MINIMUM_NORM).
    fit_intercept : bool
        Whether to fit the unpenalised b.  X is centred implicitly, piece by piece, so that a large mean costs no precision.
    standardize, penalty_factor, lower, upper, positive, offset
        As in `lasso`; penalty_factor is the u_j.
    sample_weight : array of shape (n,), optional
        Weights s_i >= 0 as they are, not rescaled, as in scikit-learn's Ridge: twice the weights are half the alpha.

    Returns
    -------
    Fit
        coef (p,) or (p, t), intercept, objective and dual_gap, scalars or one per target; objective - optimum <= dual_gap.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Warns
    -----
    ConvergenceWarning
        Where rounding keeps the gap above 1e-6 of the objective (Status.STALLED).

    Notes
    -----
    Cost: n p min(n, p)/2 for the Gram matrix, min(n, p)^3/6 for its factor, 4 n p per target for the solution, its residual
    and gradient, which give one step of iterative refinement and the gap.  With bounds: coordinate descent and Newton steps on
    the Gram matrix of all columns, as in `elastic_net` with l1_ratio = 0.

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
    from fastreg._model import Model, Options, fit_targets

    alpha = _input.number(alpha, "alpha", 0.0)
    options = Options(fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, tol=TOL)
    model = Model(X, y, options, 0.0, whole=True)
    # with weights t s_i, sum_i s_i = n, this is 2 t n times the objective of elastic_net at alpha / (t n)
    scale = model.weight
    fit = fit_targets(model, alpha / scale, None, stacklevel=4)
    return Fit(
        fit.coef,
        fit.intercept,
        alpha,
        0.0,
        2.0 * scale * fit.objective,
        2.0 * scale * fit.dual_gap,
        fit.n_iter,
        fit.status,
        fit.feature_names,
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
    """Minimises 1/2 |y - Xw|^2 + l2/2 sum_j u_j w_j^2 (kernel scaling) for any l2 >= 0 and any y, from one Gram matrix."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.u = None if problem.factors is None else problem.factors[1]
        self.system = RidgeSystem(problem.columns, self.u)
        self.constant = np.flatnonzero(problem.squares() == 0.0)
        self.l2: float | None = None
        self.regular = False
        self._svd: tuple[Floats, Floats, Floats] | None = None

    def solve(self, l2: float, tol: float, y: Floats) -> RidgeSolution:
        """The solution for target y, converged if its gap is at most tol times the objective."""
        if l2 != self.l2:
            # a dual solution of an unpenalised problem is not unique, and w = X'u would not show it
            self.regular = not (l2 == 0.0 and self.system.dual) and self.system.factor(l2)
            self.l2 = l2
        floor = 64 * EPS * float(y @ y)
        if self.regular:
            w = np.empty(self.problem.p)
            n_iter, objective, gap, residual = self.system.solve(y, w)
            w[self.constant] = 0.0  # not what rounding left in the products of a sparse column
            if gap <= max(tol * objective, floor) and objective < np.inf:
                status = Status.CONVERGED if max(gap, floor) <= tol * objective or gap == 0.0 else Status.PRECISION
                return RidgeSolution(w, objective, max(gap, floor), residual, n_iter, status)
        return self._by_svd(l2, y, tol, floor)

    def _by_svd(self, l2: float, y: Floats, tol: float, floor: float) -> RidgeSolution:
        """Where no Cholesky factor serves: w = V s/(s^2 + l2) U'y over the singular values above rounding."""
        squares = self.problem.squares()
        least = squares.min(initial=np.inf, where=squares > 0.0)
        if self.u is not None or least < EPS * squares.max():  # a short column is not a dependent one
            u = np.ones(self.problem.p) if self.u is None else self.u
            return self._by_least_squares(l2, u, y, tol, floor)
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
        return self._judged(w, objective, gap, residual, tol, floor)

    def _by_least_squares(self, l2: float, u: Floats, y: Floats, tol: float, floor: float) -> RidgeSolution:
        """The same with factors: least squares in the rows of X and sqrt(l2 u_j) w_j = 0, of smallest norm."""
        n = self.problem.n
        used = (u < np.inf) & (self.problem.squares() > 0.0)
        root = np.sqrt(l2) * np.sqrt(u[used])
        A = np.vstack([self._dense()[:, used], np.diag(root)])
        rows = np.concatenate([y, np.zeros(root.size)])
        size = np.hypot(np.linalg.norm(A[:n], axis=0), root)  # else a large penalty would hide the columns without one
        U, s, Vt = np.linalg.svd(A / size, full_matrices=False)
        kept = s > max(A.shape) * EPS * s.max(initial=0.0)
        z = (Vt[kept].T @ ((U[:, kept].T @ rows) / s[kept])) / size
        null = Vt[~kept].T / size[:, None]
        if null.size:
            z -= null @ np.linalg.lstsq(null, z, rcond=None)[0]
        r = rows - A @ z
        # half the square of what of r is in the range of A is what the objective is above its minimum
        missed = U[:, kept].T @ r
        w = np.zeros(self.problem.p)
        w[used] = z
        w[self.constant] = 0.0
        objective, residual = 0.5 * float(r @ r), float(r[:n] @ r[:n])
        gap = 0.5 * float(missed @ missed)
        if null.size:
            return RidgeSolution(w, objective, max(gap, floor), residual, 1, Status.MINIMUM_NORM)
        return self._judged(w, objective, gap, residual, tol, floor)

    def _dense(self) -> Floats:
        """The centred, weighted X as an array of its own."""
        X = np.empty((self.problem.n, self.problem.p), order="F")
        self.problem.columns.write(X)
        if self.problem.centered and self.problem.root is None:
            X -= X.mean(axis=0)  # what rounding left of the means would be a direction of its own
        X[:, self.constant] = 0.0
        return X

    @staticmethod
    def _judged(w: Floats, objective: float, gap: float, residual: float, tol: float, floor: float) -> RidgeSolution:
        status = Status.CONVERGED if gap <= tol * objective else Status.PRECISION if gap <= floor else Status.STALLED
        return RidgeSolution(w, objective, max(gap, floor), residual, 1, status)
