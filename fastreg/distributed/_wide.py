"""Lasso and elastic net for data that are somewhere else: the public functions.

For wide data the client holds the columns of a working set and some numbers for each of the p columns; a design answers what is
asked of all of them (`_protocol.py`), a round asks for several alphas at once (`_rounds.py`).  What is solved on the working
set is solved by the code for X in memory, with all its options.  Rows of dask collections go to `_tall.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike

from fastreg import _options
from fastreg._model import Options
from fastreg._results import Fit, Path
from fastreg.distributed import _solve
from fastreg.distributed._solve import MEMORY


def lasso(
    design: Any,
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
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    memory: float = MEMORY,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 for an X of shape (n, p) that stays where it is.

    Parameters
    ----------
    design : WideDesign, path or list of paths, dask array or dask DataFrame of shape (n, p)
        Where the columns of X are: `LocalColumns` for files and arrays that are larger than memory (a path stands for one of
        it), `DaskColumns`, or your own.  A dask array or DataFrame is taken for rows in chunks, and solved from their sums as
        `gram_stats` has them; one with all rows in a chunk and its columns in several is refused, as `DaskColumns` serves it.
    y : array of shape (n,)
        One target, copied once to float64.  For rows of dask as in `gram_stats`: a collection, names of columns, several
        targets.
    alpha : float > 0
        As in `fastreg.lasso`.  Without a penalty every column would be in the fit: 0 is refused, but for rows of dask.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset
        As in `fastreg.lasso`; sample_weight for rows of dask as in `gram_stats`, which take no offset.
    tol : float >= 0
        As in `fastreg.lasso`: stop when dual_gap <= tol * objective.
    max_iter, warm_start
        As in `fastreg.lasso`; max_iter for each solve on a working set.
    memory : int, or float such as 2e9
        Bytes for the columns that are held here, and for the solver that works on them (three tenths of it).  Beside it come 80
        bytes for each column of X, 16 n for each of the 32 alphas of a round, the answers (`WideDesign`), and what the design
        takes for itself.  Not for rows of dask.

    Returns
    -------
    Fit
        As of `fastreg.lasso`, dual_gap a bound for all p columns, whose coefficients are dense (8 p bytes).

    Raises
    ------
    ValueError, TypeError
        As `fastreg.lasso`; where X holds a NaN or an infinity, which the design names; where memory does not hold the
        support; for rows of dask as `gram_stats`.
    Exception
        What a design raises itself goes through.

    Warns
    -----
    ConvergenceWarning
        As `fastreg.lasso`.

    Notes
    -----
    Of columns, a pass over X gives norms and x_j'y.  The 2n columns of largest |x_j'y| are fetched and solved on; then one
    pass multiplies the residual by all columns and brings back those that are near their limits, and so on; the second pass
    for an alpha leaves out columns that cannot have reached it since.  A small alpha is reached over larger ones, four for
    each power of ten.  Norms and products that the design told are compared with those of the columns that come.  Cost: n p
    multiply-adds per pass, two to six of them, and what `fastreg.lasso` takes on some thousand columns.  precompute and
    relax, which need more of X, are left out.

    Of rows, one pass makes the sums, and a second one refines them where the condition number of the columns in the fit asks
    for it, a direction that products hardly hold, or a fit that is STALLED (`refine`).

    References
    ----------
    Tibshirani, Bien, Friedman, Hastie, Simon, Taylor and Tibshirani (2012), Strong Rules for Discarding Predictors in
    Lasso-Type Problems, section 7 (working sets, and the check of what they leave out).
    Ndiaye, Fercoq, Gramfort and Salmon (2017), Gap Safe Screening Rules for Sparsity Enforcing Penalties, theorem 6.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> fit = fr.distributed.lasso(fr.distributed.LocalColumns(X), X[:, 7] - X[:, 100], alpha=0.5)
    >>> fit.support, fit.dual_gap <= 1e-6 * fit.objective
    (array([  7, 100]), True)
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
        tol=tol,
        max_iter=max_iter,
        warm_start=warm_start,
    )
    return _solve.fit(design, y, alpha, 1.0, options, memory)


def elastic_net(
    design: Any,
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
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    memory: float = MEMORY,
) -> Fit:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) for an X that stays where it is.

    Parameters
    ----------
    design, y, alpha
        As in `lasso`.
    l1_ratio : float from 0 to 1
        As in `fastreg.elastic_net`.  With 0 every column is in the fit: it is refused, but for rows of dask.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset
        As in `lasso`.
    tol, max_iter, warm_start, memory
        As in `lasso`.

    Returns
    -------
    Fit
        As of `lasso`.

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
    Method and cost are those of `lasso`.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, eq. 3.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.distributed.elastic_net(fr.distributed.LocalColumns(X), [3.0, 0.5, -3.0, -0.5], alpha=0.5).coef
    array([1.66666667, 0.        ])
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
        tol=tol,
        max_iter=max_iter,
        warm_start=warm_start,
    )
    return _solve.fit(design, y, alpha, l1_ratio, options, memory)


def lasso_path(
    design: Any,
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
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    max_support: int | None = None,
    deviance_stop: float | None = None,
    callback: Callable[[Fit], Any] | None = None,
    memory: float = MEMORY,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 for every alpha of a grid, for an X that stays where it is.

    Parameters
    ----------
    design, y
        As in `lasso`.
    alphas : int or array of shape (K,)
        As in `fastreg.lasso_path`, 0 only for rows of dask.
    alpha_min_ratio
        As in `fastreg.lasso_path`.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset
        As in `lasso`.
    tol, max_iter, warm_start
        As in `lasso`.
    max_support, deviance_stop, callback
        As in `fastreg.lasso_path`.
    memory : int, or float such as 2e9
        As in `lasso`.

    Returns
    -------
    Path, or for rows of dask with y of shape (n, t) a tuple of one Path per target
        As of `fastreg.lasso_path`.  Of columns, n_columns_read and counts tell the work after the pass that a path begins
        with: rounds (questions about columns outside the working set), columns_read (columns that these multiplied; over p,
        the passes), columns_fetched, bytes_moved between client and design, and those of `Path`, summed over the solves.

    Raises
    ------
    ValueError, TypeError
        As `lasso`.

    Warns
    -----
    ConvergenceWarning
        As `fastreg.lasso_path`.
    UserWarning
        Where memory does not hold the support of the next alpha: the path ends before it.

    Notes
    -----
    A round solves the alphas down to a sixth of the last one that is done (further, where that turned out right), 32 at most,
    and multiplies all their residuals at once.  Cost: 100 alphas down to alpha_max/100 of 500 x 50,000 took 5 passes, the first
    one included, and 3,860 fetched columns (15 MB).

    Of rows of dask a path takes one pass, and is that of `gram_stats`: no alpha of it is refined, as `lasso` at one alpha is.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent, section
    2.
    Tibshirani, Bien, Friedman, Hastie, Simon, Taylor and Tibshirani (2012), Strong Rules for Discarding Predictors in
    Lasso-Type Problems, section 7.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = X[:, :3].sum(axis=1) + 0.1 * rng.standard_normal(50)
    >>> path = fr.distributed.lasso_path(fr.distributed.LocalColumns(X), y)
    >>> len(path), path.counts["rounds"] < 15
    (100, True)
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
        tol=tol,
        max_iter=max_iter,
        warm_start=warm_start,
    )
    return _solve.path(
        design, y, 1.0, alphas, alpha_min_ratio, options, _options.stop(max_support, deviance_stop, callback), memory
    )


def elastic_net_path(
    design: Any,
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
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
    max_support: int | None = None,
    deviance_stop: float | None = None,
    callback: Callable[[Fit], Any] | None = None,
    memory: float = MEMORY,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) for every alpha of a grid.

    Parameters
    ----------
    design, y
        As in `lasso`.
    l1_ratio : float from 0 to 1
        As in `elastic_net`; for 0, of rows of dask, `alphas` must be an array.
    alphas, alpha_min_ratio
        As in `lasso_path`.
    fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset
        As in `lasso`.
    tol, max_iter, warm_start
        As in `lasso`.
    max_support, deviance_stop, callback, memory
        As in `lasso_path`.

    Returns
    -------
    Path, or for rows of dask with y of shape (n, t) a tuple of one Path per target
        As of `lasso_path`.

    Raises
    ------
    ValueError, TypeError
        As `lasso`.

    Warns
    -----
    ConvergenceWarning, UserWarning
        As `lasso_path`.

    Notes
    -----
    Method and cost are those of `lasso_path`.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, eq. 3.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.distributed.elastic_net_path(fr.distributed.LocalColumns(X), [3.0, 0.5, -3.0, -0.5], alphas=[1.0, 0.5]).coefs
    array([[1.        , 1.66666667],
           [0.        , 0.        ]])
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
        tol=tol,
        max_iter=max_iter,
        warm_start=warm_start,
    )
    stop = _options.stop(max_support, deviance_stop, callback)
    return _solve.path(design, y, l1_ratio, alphas, alpha_min_ratio, options, stop, memory)
