"""Lasso and elastic net, for one alpha and for paths.

Minimise over w, and over b if there is an intercept,

    1/(2n) sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2)

with lower_j <= w_j <= upper_j, weights s that add up to n, an offset o, and factors v and u, all 1, 1, 0 and without bounds by
default.

Solver choice, for n rows and p columns:

    l1 penalty > 0      certified active set (kernels/_active.pyx): about n |W|^2/2 for the Gram matrix of the working set W,
                        |W| per changed coordinate, n per column whose bound calls for a reading
    the same, larger    |W| above what _descent.choose_form allows: on the residual, with the factor of the support alone
    the same, tall      dense, n >= 16 p: n p |W| for whole rows of the Gram matrix, then nothing of X is read again
    l1 penalty = 0      Cholesky factor of the smaller of X'X + l2 I and XX' + l2 I (_ridge.py): n p min(n, p)/2;
                        with bounds the active set, all columns in it

A solve stops when dual_gap <= tol * objective, both at the current w.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._descent import Step
from fastreg._model import Model, Options, as_fit, fit_targets
from fastreg._options import NEVER, Stop
from fastreg._results import Fit, Path, warn_unconverged

Floats = NDArray[np.float64]


def lasso(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    precompute: Any = "auto",
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    relax: float = 0.0,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1.

    With options: 1/(2n) sum_i s_i (y_i - offset_i - b - x_i'w)^2 + alpha sum_j v_j |w_j|, lower_j <= w_j <= upper_j.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, p)
        Dense float32 or float64 in any layout, and CSC, is read in place, never copied and never written; other real dtypes
        are converted to float64 once, other sparse formats to CSC.  float32 is read as float32 and accumulated in float64.
        Sparse X is centred implicitly and stays sparse.
    y : array of shape (n,) or (n, t)
        Copied once to float64.  t targets are t problems over one X, whose columns are read for all of them.
    alpha : float >= 0
        Weight of the l1 penalty per row; `alpha_max(X, y)` and above give all zeros, 0 gives least squares (of smallest
        norm where X is rank deficient, with Status.MINIMUM_NORM).
    fit_intercept : bool
        Whether to fit the unpenalised b.  X is centred implicitly.
    standardize : bool
        Penalise the coefficients of columns scaled to standard deviation 1 (root mean square 1 without an intercept), with
        weights if there are any; coefficients are returned for the columns as they are (glmnet's meaning).  It is the factors
        v_j sd_j and u_j sd_j^2.
    sample_weight : array of shape (n,), optional
        Weights s_i >= 0, rescaled to add up to n: their scale does not matter, a whole weight is a repeated row, 0 leaves out.
    penalty_factor : array of shape (p,), or a pair of such arrays, optional
        v (and u, the same unless a pair is given) >= 0, as they are: 0 is not penalised, infinity leaves the column out.
    lower, upper : float or array of shape (p,), optional
        Bounds on the coefficients.  0 need not be between them.
    positive : bool
        Bounds of 0 below.
    offset : array of shape (n,), optional
        A known part o of the prediction; `predict` does not add it.
    precompute : "auto", bool, or array of shape (p, p)
        True: the Gram matrix of all columns is made first, which takes 24 p^2 bytes.  False: none is made.  An array: X'X of
        the centred, weighted X (weights that add up to n); the certificate does not rest on it.
    tol : float >= 0
        Stop when dual_gap <= tol * objective.  What float64 cannot tell from zero, 64 eps |y|^2 / n, counts as reached
        (Status.PRECISION), so 0 asks for all there is.
    max_iter : int >= 1
        Most sweeps of coordinate descent plus Newton steps.
    warm_start : array of shape (p,), Fit or Path, optional
        Coefficients to start from (of a Path: those of the nearest alpha).  Saves work, does not change the answer.  For
        several targets (p, t), a Fit of them or a tuple of Paths give each its own.
    relax : float from 0 to 1
        The relaxed lasso: coef is (1 - relax) times the solution plus relax times least squares on its support, nothing
        penalised, under the same weights, offset and intercept (glmnet's gamma is 1 - relax).  Of columns that depend on one
        another (to a sine of 1e-6 or less) the least squares of smallest norm.  Not together with bounds.

    Returns
    -------
    Fit
        coef (p,) float64, intercept, objective, dual_gap (float64, objective - optimum <= dual_gap), n_iter, status, ...
        With relax, objective, dual_gap and status are those of the solution that the support comes from.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Warns
    -----
    ConvergenceWarning
        Where max_iter or rounding ended the solve; status is Status.MAX_ITER or Status.STALLED.

    Notes
    -----
    Certified active set with coordinate descent and projected Newton steps: about n |W|^2/2 multiply-adds for the Gram matrix
    of the columns W that ever mattered, and n for each column that has to be read to be ruled out.  No column is dropped
    without a proof: dual_gap is a bound for the whole problem.  One thing is judged and not proved: unpenalised columns that
    depend on one another to 1e-7 or less may count as dependent.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent, eq. 5.
    Kim, Koh, Lustig, Boyd and Gorinevsky (2007), An Interior-Point Method for Large-Scale l1-Regularized Least Squares,
    section III (the duality gap).
    Meinshausen (2007), Relaxed Lasso.  Hastie, Tibshirani and Tibshirani (2020), Best Subset, Forward Stepwise or Lasso?,
    section 2.4 (relax).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.lasso(X, [3.0, 0.5, -3.0, -0.5], alpha=0.5).coef
    array([2., 0.])
    >>> fr.lasso(X, [3.0, 0.5, -3.0, -0.5], alpha=0.5, relax=1.0).coef
    array([3., 0.])
    """
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        precompute,
        tol,
        max_iter,
        warm_start,
        relax,
    )
    return _fit(X, y, alpha, 1.0, options)


def elastic_net(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    l1_ratio: float = 0.5,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    precompute: Any = "auto",
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    relax: float = 0.0,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2).

    Parameters
    ----------
    X, y, alpha
        As in `lasso`.
    l1_ratio : float from 0 to 1
        Share of the l1 penalty: 1 is the lasso; 0 is ridge regression, whose alpha in `ridge` is n times this one (with
        sample_weight: their sum times).
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, precompute
        As in `lasso`.
    tol, max_iter, warm_start, relax
        As in `lasso`.

    Returns
    -------
    Fit
        As of `lasso`: coef (p,) or (p, t) float64, intercept, objective, dual_gap, n_iter, status, ...

    Raises
    ------
    ValueError, TypeError
        As `lasso`.

    Warns
    -----
    ConvergenceWarning
        As `lasso`.

    Notes
    -----
    Method and cost are those of `lasso`. Without an l1 penalty and bounds it is a Cholesky factor of the smaller Gram matrix, n
    p min(n, p)/2 multiply-adds.

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
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        precompute,
        tol,
        max_iter,
        warm_start,
        relax,
    )
    return _fit(X, y, alpha, l1_ratio, options)


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    precompute: Any = "auto",
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    relax: float = 0.0,
    max_support: int | None = None,
    deviance_stop: float | None = None,
    callback: Callable[[Fit], Any] | None = None,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 for every alpha of a grid.

    Parameters
    ----------
    X, y
        As in `lasso`.
    alphas : int or array of shape (K,)
        An int asks for that many, geometrically spaced from `alpha_max(X, y)` down to alpha_min_ratio times that.  An
        array is used as it is, in any order, repeats and 0 included; results stand in its order.
    alpha_min_ratio : float in (0, 1], optional
        Default 1e-2 for n < p and 1e-4 otherwise, as in glmnet; 1e-15 at least.  Only for an int `alphas`.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, precompute, tol
        As in `lasso`.
    max_iter : int >= 1
        Most sweeps plus Newton steps for each alpha.
    warm_start, relax
        As in `lasso`.
    max_support : int >= 0, optional
        End the path before the first alpha with more non-zero coefficients than this.
    deviance_stop : float from 0 to 1, optional
        End the path after the first alpha whose deviance_ratio is at least this.
    callback : function of a Fit, optional
        Called after each alpha, from the largest down; if it returns True the path ends there.  Of several targets, one after
        the other.

    Returns
    -------
    Path, or a tuple of one Path per target for y of shape (n, t)
        alphas (K,), coefs (p, K) built when asked for, intercepts (K,), dual_gaps (K,), statuses, df (K,), ...;
        len(path) is K and path[k] the Fit at alphas[k]; path.select("bic") is the best by an information criterion.

    Raises
    ------
    ValueError, TypeError
        As `lasso`.

    Warns
    -----
    ConvergenceWarning
        One for the path, where some alpha did not reach tol.

    Notes
    -----
    Method and cost are those of `lasso`, and each alpha starts from the solution before it.  X is read once for means, norms
    and X'y; then a column costs n where its bound does not rule it out (`n_columns_read` of them in all), and n |W| where it
    joins the working set W.  Takes 16 bytes for each coefficient that is not 0, until coefs is asked for.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent, section
    2.
    Tibshirani et al. (2012), Strong Rules for Discarding Predictors in Lasso-Type Problems, eq. 7.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.lasso_path(X, [3.0, 0.5, -3.0, -0.5], alphas=[1.0, 0.5, 0.125]).coefs
    array([[1.  , 2.  , 2.75],
           [0.  , 0.  , 0.25]])
    """
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        precompute,
        tol,
        max_iter,
        warm_start,
        relax,
    )
    return _path(X, y, 1.0, alphas, alpha_min_ratio, options, _options.stop(max_support, deviance_stop, callback))


def elastic_net_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    precompute: Any = "auto",
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    relax: float = 0.0,
    max_support: int | None = None,
    deviance_stop: float | None = None,
    callback: Callable[[Fit], Any] | None = None,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) for every alpha of a grid.

    Parameters
    ----------
    X, y
        As in `lasso`.
    l1_ratio : float from 0 to 1
        As in `elastic_net`.  For 0 no alpha gives all zeros, so `alphas` must be an array.
    alphas, alpha_min_ratio
        As in `lasso_path`.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, precompute, tol
        As in `lasso`.
    max_iter, warm_start, relax, max_support, deviance_stop, callback
        As in `lasso_path`.

    Returns
    -------
    Path, or a tuple of one Path per target for y of shape (n, t)
        As of `lasso_path`: alphas (K,), coefs (p, K) float64, intercepts (K,), dual_gaps (K,), ...

    Raises
    ------
    ValueError, TypeError
        As `lasso`.

    Warns
    -----
    ConvergenceWarning
        As `lasso_path`.

    Notes
    -----
    Method and cost are those of `lasso_path`; for l1_ratio = 0 a factor for each alpha, min(n, p)^3/6 multiply-adds.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, eq. 3.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.elastic_net_path(X, [3.0, 0.5, -3.0, -0.5], l1_ratio=0.0, alphas=[0.5, 1.5]).coefs
    array([[1.5  , 0.75 ],
           [0.25 , 0.125]])
    """
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        precompute,
        tol,
        max_iter,
        warm_start,
        relax,
    )
    return _path(X, y, l1_ratio, alphas, alpha_min_ratio, options, _options.stop(max_support, deviance_stop, callback))


def alpha_max(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
) -> float:
    """The smallest alpha whose lasso or elastic-net solution is all zero: max_j |x_j'y| / (n l1_ratio) without options.

    In general max_j of the gradient over v_j, at the fit of the unpenalised columns alone, in the directions that the bounds
    leave; every penalised coefficient is then zero.  The value is rounded up so that a fit at alpha_max is exactly zero; below
    it, a coefficient is non-zero.

    Parameters
    ----------
    X
        As in `lasso`.
    y : array of shape (n,)
    l1_ratio : float in (0, 1]
        As in `elastic_net`.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset
        As in `lasso`.

    Returns
    -------
    float
        In the units of alpha.

    Raises
    ------
    ValueError, TypeError
        As `lasso`; and for l1_ratio = 0, bounds that leave out 0, and columns with an l2 factor but no l1 factor, as no such
        alpha exists then, or none that can be known beforehand.

    Notes
    -----
    Cost: one reading of X, two with unpenalised columns, which are solved for first.  X is not copied.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent, section
    2.5.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.alpha_max([[1.0], [-1.0]], [2.0, -2.0])
    2.0
    """
    l1_ratio = _input.share(l1_ratio)
    options = Options(fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset)
    return Model(X, y, options, l1_ratio, one_target=True).alpha_max()


def _fit(X: Any, y: Any, alpha: Any, l1_ratio: Any, options: Options) -> Fit:
    alpha = _input.number(alpha, "alpha", 0.0)
    l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    return fit_targets(Model(X, y, options, l1_ratio), alpha, options.warm_start)


def _path(X: Any, y: Any, l1_ratio: Any, alphas: Any, alpha_min_ratio: Any, options: Options, stop: Stop) -> Any:
    l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    alphas, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    if isinstance(alphas, int):
        _input.share(l1_ratio)
    model = Model(X, y, options, l1_ratio)
    paths = []
    for k, _ in enumerate(model.targets()):
        these = grid(model, alphas, alpha_min_ratio) if isinstance(alphas, int) else alphas
        paths.append(one_path(model, these, options.warm_start, stop, k))
    return tuple(paths) if model.many else paths[0]


def one_path(model: Model, alphas: Floats, warm_start: Any = None, stop: Stop = NEVER, target: int = 0) -> Path:
    """The path of the target that the descent is set to."""
    order = np.argsort(-alphas, kind="stable")
    model.start(warm_start, float(alphas[order[0]]), target)
    total = model.descent.total
    before = model.descent.counts
    steps: list[Step] = []
    for k in order:
        one = model.descent.step(float(alphas[k]))
        if stop.max_support is not None and one.support.size > stop.max_support:
            break
        steps.append(one)
        if stop.callback is not None and is_true(stop.callback(as_fit(one, model, float(alphas[k])))):
            break
        if stop.deviance_stop is not None and _explained(one, total) >= stop.deviance_stop:
            break
    counts = {name: count - before[name] * (name != "working_set") for name, count in model.descent.counts.items()}
    return as_path(model, alphas, order[: len(steps)], steps, counts)


def as_path(
    model: Model, alphas: Floats, order: NDArray[np.intp], steps: list[Step], counts: dict[str, int], tol: float | None = None
) -> Path:
    """The Path of the steps at alphas[order], with one warning where some did not converge; tol: if not that of the model."""
    total = model.descent.total
    kept = np.argsort(order, kind="stable")  # in the order of the alphas as they were given
    steps, alphas = [steps[k] for k in kept], alphas[order[kept]]
    missed = [k for k, one in enumerate(steps) if not one.status.converged]
    if missed:
        k = max(missed, key=lambda k: steps[k].gap / steps[k].objective if steps[k].objective > 0.0 else 0.0)
        where = f"at {len(missed)} of {len(alphas)} alphas, worst at alpha={alphas[k]:.6g}"
        asked = f"tol={model.tol if tol is None else tol:g} with max_iter={model.max_iter}"
        warn_unconverged(where, steps[k].gap, steps[k].objective, steps[k].status, asked, stacklevel=5)
    always_in, n_candidates = model.candidates()
    return Path(
        alphas=alphas,
        intercepts=np.array([s.intercept for s in steps]),
        objectives=np.array([s.objective for s in steps]),
        dual_gaps=np.array([s.gap for s in steps]),
        deviance_ratio=np.array([_explained(s, total) for s in steps]),
        n_iters=np.array([s.n_iter for s in steps], dtype=np.intp),
        statuses=tuple(s.status for s in steps),
        l1_ratio=model.l1_ratio,
        n_rows=model.n_rows,
        n_features=model.p,
        log_mse=model.log_mse(np.array([s.residual for s in steps])),
        fit_intercept=model.center,
        n_columns_read=counts.pop("columns_read"),
        counts=counts,
        supports=tuple(s.support for s in steps),
        values=tuple(s.values for s in steps),
        always_in=always_in,
        n_candidates=n_candidates,
        feature_names=model.names,
        relax=model.relax,
    )


def is_true(answer: Any) -> bool:
    """Whether this is True, of Python or numpy; anything else that is true by accident does not end a path."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def _explained(one: Step, total: float) -> float:
    """The share of the deviance that the fit explains."""
    return 1.0 - one.residual / total if total > 0.0 else 0.0


def grid(model: Model, size: int, ratio: float | None) -> Floats:
    """`size` alphas from alpha_max down, geometrically."""
    # where alpha_max is 0 (constant y) every alpha gives zeros: any grid is right
    top = model.alpha_max() or float(np.finfo(float).eps)
    if ratio is None:
        ratio = 1e-2 if model.problem.n < model.p else 1e-4
    if top * ratio < np.finfo(float).tiny:
        raise _input.out_of_range("alpha_max", top)
    alphas = np.geomspace(top, top * ratio, size)
    alphas[0] = top
    return alphas
