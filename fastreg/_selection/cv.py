"""Lasso and elastic net at the alpha, and the l1_ratio, with the least error on rows left out: the public functions.

choice.py does what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import ArrayLike

from fastreg._model import Options
from fastreg._selection.choice import choose, shares
from fastreg._selection.results import CVStep


def lasso_cv(
    X: ArrayLike,
    y: ArrayLike,
    *,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    loss: str = "mse",
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
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
    n_threads: int = 1,
    callback: Callable[[CVStep], Any] | None = None,
    verbose: bool = False,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 at every alpha of a grid, for all rows and for folds of them.

    Parameters
    ----------
    X, y
        As in `lasso`.  X is read in place: no fold copies rows of it.
    cv : int, array of shape (n,), or iterable of (train, test)
        So many folds of shuffled rows, the fold of each row (any labels), or the rows to fit and the rows to judge by, e.g.
        scikit-learn's `KFold(5).split(X)`; these may overlap, but no row comes twice in one of them.
    alphas, alpha_min_ratio
        As in `lasso_path`.  The grid is that of all rows, and alphas mean the same for a fold, whose objective divides by its
        own rows.
    loss : "mse" or "mae"
        The error to choose by: squared, or absolute.
    relax : float from 0 to 1, or a sequence of them
        Shares of least squares on the support in the coefficients, as in `lasso`; folds too are judged by relaxed fits.  A
        factor of each support serves all shares.
    random_state : int
        Seed of the shuffle.
    fit_intercept
        As in `lasso`.
    standardize : bool
        As in `lasso`, with the standard deviations of a fold's own rows for the fold.
    sample_weight : array of shape (n,), optional
        As in `lasso`; the error on a fold is the weighted mean, and folds count alike whatever their weights.
    penalty_factor, lower, upper, positive, offset, tol, max_iter
        As in `lasso_path`.
    n_threads : int
        Folds are shared out over so many threads, unless an alpha or l1_ratio is 0.  The folds of a thread read X together, so
        that more threads read more.
    callback : function of a CVStep, optional
        Called after each alpha, from the largest down, with its errors; if it returns True the alphas of this target and
        l1_ratio end there.
    verbose : bool
        Show progress on stderr: a bar of tqdm if that is installed, a plain line if not.

    Returns
    -------
    CVPath, or a tuple of one CVPath per target for y of shape (n, t)
        errors and their standard errors, alpha_min, alpha_1se, and the path fitted to all rows.

    Raises
    ------
    ValueError, TypeError
        As `lasso_path`, for folds without rows, and where float64 does not hold the errors.

    Warns
    -----
    ConvergenceWarning
        One, where fits to folds did not converge, and one for the path.

    Notes
    -----
    All folds go down the grid together, each with a working set of its own, so that a column is read once for all of them.
    Every fit to a fold is certified by the duality gap; CVPath.dual_gap is the largest, relative to the objective.  Errors are
    equal to those of separate fits of each fold, to the tolerance, where these have one solution.

    Dense X with n >= 3 p and p <= 1000 is read once for the products of up to 31 folds, as many as fit into memory: n p^2/2 in
    all, and paths of p + 1 rows (squared errors only).

    Takes 28 p + 80 n bytes for each of up to 32 folds at a time in each thread (of all, where there is a callback or verbose),
    and 10 % of X, 24 MB, or what X leaves of 192 MB, whichever is most.  Where working sets want more together, folds go on one
    after another (not among threads, nor with a callback or verbose).

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.5.
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 200))
    >>> chosen = fr.lasso_cv(X, X[:, 3] - 2 * X[:, 7] + rng.standard_normal(60), cv=5)
    >>> chosen.fit_1se.support
    array([3, 7])
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
    )
    return choose(X, y, [1.0], relax, options, cv, alphas, alpha_min_ratio, loss, random_state, n_threads, callback, verbose)


def elastic_net_cv(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float | Sequence[float] = 0.5,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    loss: str = "mse",
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
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
    n_threads: int = 1,
    callback: Callable[[CVStep], Any] | None = None,
    verbose: bool = False,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) at every alpha of a grid and every
    l1_ratio, for all rows and for folds of them.

    Parameters
    ----------
    X, y
        As in `lasso_cv`.
    l1_ratio : float from 0 to 1, or a sequence of them
        Each has a grid of its own, unless alphas is an array.  0 (ridge) takes one factor for each alpha and fold, and needs
        alphas to be an array.
    cv, alphas, alpha_min_ratio, loss, relax, random_state, fit_intercept, standardize, sample_weight
        As in `lasso_cv`.
    penalty_factor, lower, upper, positive, offset, tol, max_iter, n_threads, callback, verbose
        As in `lasso_cv`.

    Returns
    -------
    CVPath, or a tuple of one CVPath per target for y of shape (n, t)
        That of the l1_ratio with the least error (the first of equally good ones); `curves` has those of all.

    Raises
    ------
    ValueError, TypeError
        As `lasso_cv`.

    Warns
    -----
    ConvergenceWarning
        As `lasso_cv`.

    Notes
    -----
    Method and cost are those of `lasso_cv` for each l1_ratio.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, section 3.5.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 200))
    >>> y = X[:, 3] - 2 * X[:, 7] + rng.standard_normal(60)
    >>> chosen = fr.elastic_net_cv(X, y, l1_ratio=[0.2, 0.9], cv=5)
    >>> chosen.l1_ratio, len(chosen.curves)
    (0.9, 2)
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
    )
    each = shares(l1_ratio, "l1_ratio")
    return choose(X, y, each, relax, options, cv, alphas, alpha_min_ratio, loss, random_state, n_threads, callback, verbose)
