"""Lasso and elastic net, for one alpha and for paths.

Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) over w, and over b if there is an intercept.

Solver choice, for n rows and p columns:

    l1 penalty > 0      certified active set (kernels/_active.pyx): about n |W|^2/2 for the Gram matrix of the working set W,
                        |W| per changed coordinate, n per column whose bound calls for a reading
    the same, larger    |W| above what _descent.choose_form allows: on the residual, with the factor of the support alone
    the same, tall      n >= 16 p: n p |W| for whole rows of the Gram matrix, then nothing of X is read again
    l1 penalty = 0      Cholesky factor of the smaller of X'X + l2 I and XX' + l2 I (_ridge.py): n p min(n, p)/2

A solve stops when dual_gap <= tol * objective, both at the current w.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _descent, _input
from fastreg._descent import Descent
from fastreg._normalise import Problem, normalise
from fastreg._results import Fit, Path, warn_unconverged

Floats = NDArray[np.float64]


def lasso(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    fit_intercept: bool = True,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1.

    Parameters
    ----------
    X : array of shape (n, p)
        float32 or float64 in any layout is read in place, never copied and never written; other real dtypes are converted
        to float64 once.  float32 is read as float32 and accumulated in float64.
    y : array of shape (n,)
        Copied once to float64.
    alpha : float >= 0
        Weight of the l1 penalty per row; `alpha_max(X, y)` and above give all zeros, 0 gives least squares (of smallest
        norm where X is rank deficient, with Status.MINIMUM_NORM).
    fit_intercept : bool
        Whether to fit the unpenalised b.  X is centred implicitly.
    tol : float >= 0
        Stop when dual_gap <= tol * objective.  What float64 cannot tell from zero, 64 eps |y|^2 / n, counts as reached
        (Status.PRECISION), so 0 asks for all there is.
    max_iter : int >= 1
        Most sweeps of coordinate descent plus Newton steps.
    warm_start : array of shape (p,), Fit or Path, optional
        Coefficients to start from (of a Path: those of the nearest alpha).  Saves work, does not change the answer.

    Returns
    -------
    Fit
        coef (p,) float64, intercept, objective, dual_gap (float64, objective - optimum <= dual_gap), n_iter, status, ...

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Warns
    -----
    ConvergenceWarning
        Where max_iter ended the solve; status is Status.MAX_ITER.

    Notes
    -----
    Certified active set with coordinate descent and projected Newton steps: about n |W|^2/2 multiply-adds for the Gram matrix
    of the columns W that ever mattered, and n for each column that has to be read to be ruled out.  No column is dropped
    without a proof: dual_gap is a bound for the whole problem.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent, eq. 5.
    Kim, Koh, Lustig, Boyd and Gorinevsky (2007), An Interior-Point Method for Large-Scale l1-Regularized Least Squares,
    section III (the duality gap).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.lasso(X, [3.0, 0.5, -3.0, -0.5], alpha=0.5).coef
    array([2., 0.])
    """
    return _fit(X, y, alpha, 1.0, fit_intercept, tol, max_iter, warm_start)


def elastic_net(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    l1_ratio: float = 0.5,
    fit_intercept: bool = True,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2).

    Parameters
    ----------
    l1_ratio : float from 0 to 1
        Share of the l1 penalty: 1 is the lasso; 0 is ridge regression, whose alpha in `ridge` is n times this one.

    The other parameters, the result, errors and method are those of `lasso`.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, eq. 3.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.elastic_net(X, [3.0, 0.5, -3.0, -0.5], alpha=0.5, l1_ratio=0.0).coef
    array([1.5 , 0.25])
    """
    return _fit(X, y, alpha, l1_ratio, fit_intercept, tol, max_iter, warm_start)


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    fit_intercept: bool = True,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
) -> Path:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 for every alpha of a grid.

    Parameters
    ----------
    alphas : int or array of shape (K,)
        An int asks for that many, geometrically spaced from `alpha_max(X, y)` down to alpha_min_ratio times that.  An
        array is used as it is, in any order, repeats and 0 included; results stand in its order.
    alpha_min_ratio : float in (0, 1], optional
        Default 1e-2 for n < p and 1e-4 otherwise, as in glmnet.  Only for an int `alphas`.
    max_iter : int >= 1
        Most sweeps plus Newton steps for each alpha.

    The other parameters, errors and method are those of `lasso`.

    Returns
    -------
    Path
        alphas (K,), coefs (p, K) built when asked for, intercepts (K,), dual_gaps (K,), statuses, df (K,), ...;
        len(path) is K and path[k] the Fit at alphas[k].

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.lasso_path(X, [3.0, 0.5, -3.0, -0.5], alphas=[1.0, 0.5, 0.125]).coefs
    array([[1.  , 2.  , 2.75],
           [0.  , 0.  , 0.25]])
    """
    return _path(X, y, 1.0, alphas, alpha_min_ratio, fit_intercept, tol, max_iter, warm_start)


def elastic_net_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    fit_intercept: bool = True,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
) -> Path:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) for every alpha of a grid.

    Parameters are those of `lasso_path`, and l1_ratio (0 to 1) as in `elastic_net`.  For l1_ratio = 0 no alpha gives all
    zeros, so `alphas` must be an array.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.elastic_net_path(X, [3.0, 0.5, -3.0, -0.5], l1_ratio=0.0, alphas=[0.5, 1.5]).coefs
    array([[1.5  , 0.75 ],
           [0.25 , 0.125]])
    """
    return _path(X, y, l1_ratio, alphas, alpha_min_ratio, fit_intercept, tol, max_iter, warm_start)


def alpha_max(X: ArrayLike, y: ArrayLike, *, l1_ratio: float = 1.0, fit_intercept: bool = True) -> float:
    """The smallest alpha whose lasso or elastic-net solution is all zero: max_j |x_j'y| / (n l1_ratio).

    X and y are centred (implicitly) when there is an intercept.  The value is rounded up so that a fit at alpha_max is
    exactly zero; below it, a coefficient is non-zero.  X is read once and not copied; errors are those of `lasso`, and
    l1_ratio = 0 is a ValueError, as no alpha gives zeros then.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.alpha_max([[1.0], [-1.0]], [2.0, -2.0])
    2.0
    """
    return _problem(X, y, fit_intercept).alpha_max(_input.share(l1_ratio))


def _problem(X: ArrayLike, y: ArrayLike, fit_intercept: Any) -> Problem:
    X = _input.matrix(X)
    whole = _descent.choose_form(*X.shape, X.itemsize).whole
    return normalise(X, _input.target(y, X.shape[0]), _input.flag(fit_intercept, "fit_intercept"), whole)


def _fit(
    X: ArrayLike, y: ArrayLike, alpha: Any, l1_ratio: Any, fit_intercept: Any, tol: Any, max_iter: Any, warm_start: Any
) -> Fit:
    alpha = _input.number(alpha, "alpha", 0.0)
    l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    tol = _input.number(tol, "tol", 0.0)
    max_iter = _input.count(max_iter, "max_iter")
    problem = _problem(X, y, fit_intercept)
    one = Descent(problem, l1_ratio, tol, max_iter, _start(warm_start, alpha, problem.p)).step(alpha)
    coef = np.zeros(problem.p)
    coef[one.support] = one.values
    if not one.status.converged:
        warn_unconverged(f"at alpha={alpha:.6g}", one.gap, one.objective, one.status, f"tol={tol:g} with max_iter={max_iter}")
    return Fit(coef, one.intercept, alpha, l1_ratio, one.objective, one.gap, one.n_iter, one.status)


def _path(
    X: ArrayLike,
    y: ArrayLike,
    l1_ratio: Any,
    alphas: Any,
    alpha_min_ratio: Any,
    fit_intercept: Any,
    tol: Any,
    max_iter: Any,
    warm_start: Any,
) -> Path:
    l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    tol = _input.number(tol, "tol", 0.0)
    max_iter = _input.count(max_iter, "max_iter")
    alphas = _input.grid(alphas)
    if alpha_min_ratio is not None:
        alpha_min_ratio = _input.number(alpha_min_ratio, "alpha_min_ratio", 1e-15, 1.0)
        _input.needs_a_grid(alphas)
    if isinstance(alphas, int):
        _input.share(l1_ratio)
    problem = _problem(X, y, fit_intercept)
    if isinstance(alphas, int):
        alphas = _grid(problem, alphas, alpha_min_ratio, l1_ratio)
    order = np.argsort(-alphas, kind="stable")
    descent = Descent(problem, l1_ratio, tol, max_iter, _start(warm_start, float(alphas[order[0]]), problem.p))
    steps: list[Any] = [None] * len(alphas)
    for k in order:
        steps[k] = descent.step(float(alphas[k]))
    missed = [k for k in order if not steps[k].status.converged]
    if missed:
        k = max(missed, key=lambda k: steps[k].gap / steps[k].objective if steps[k].objective > 0.0 else 0.0)
        where = f"at {len(missed)} of {len(alphas)} alphas, worst at alpha={alphas[k]:.6g}"
        one = steps[k]
        warn_unconverged(where, one.gap, one.objective, one.status, f"tol={tol:g} with max_iter={max_iter}")
    counts, total = descent.counts, descent.total
    return Path(
        alphas=alphas,
        intercepts=np.array([s.intercept for s in steps]),
        objectives=np.array([s.objective for s in steps]),
        dual_gaps=np.array([s.gap for s in steps]),
        deviance_ratio=np.array([1.0 - s.residual / total if total > 0.0 else 0.0 for s in steps]),
        n_iters=np.array([s.n_iter for s in steps], dtype=np.intp),
        statuses=tuple(s.status for s in steps),
        l1_ratio=l1_ratio,
        n_features=problem.p,
        n_columns_read=counts.pop("columns_read"),
        counts=counts,
        starts=np.cumsum([0, *(s.support.size for s in steps)], dtype=np.intp),
        features=np.concatenate([s.support for s in steps]),
        values=np.concatenate([s.values for s in steps]),
    )


def _grid(problem: Problem, size: int, ratio: float | None, l1_ratio: float) -> Floats:
    """`size` alphas from alpha_max down, geometrically."""
    # where alpha_max is 0 (constant y) every alpha gives zeros: any grid is right
    top = problem.alpha_max(l1_ratio) or float(np.finfo(float).eps)
    if ratio is None:
        ratio = 1e-2 if problem.n < problem.p else 1e-4
    if top * ratio < np.finfo(float).tiny:
        raise _input.out_of_range("alpha_max", top)
    alphas = np.geomspace(top, top * ratio, size)
    alphas[0] = top
    return alphas


def _start(warm_start: Any, alpha: float, p: int) -> Floats | None:
    """The coefficients to start from, public scaling."""
    if warm_start is None:
        return None
    if isinstance(warm_start, Path):
        warm_start = warm_start[int(np.argmin(np.abs(warm_start.alphas - alpha)))]
    return _input.start(warm_start.coef if isinstance(warm_start, Fit) else warm_start, p)
