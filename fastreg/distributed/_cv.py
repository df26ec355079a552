"""Cross-validation from the statistics of each fold, so that one reading of the rows serves all folds, all alphas and the path.

It knows statistics of folds and what is made of errors; must not know rows, chunks or engines, nor how a fold is solved.
Columns go to `_folds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _foreign, _input
from fastreg._gramstats import GramStats
from fastreg._model import Model, Options
from fastreg._selection.choice import largest_gap, shares, warn_of_folds
from fastreg._selection.held import Errors, joined
from fastreg._selection.results import CVPath, curve, with_curves
from fastreg._selection.tall import Tall
from fastreg.distributed._chunks import nothing_to_fit
from fastreg.distributed._dask import fold_grams
from fastreg.distributed._folds import choose
from fastreg.distributed._solve import MEMORY, penalised_grid
from fastreg.distributed._tall import columns_only

Floats = NDArray[np.float64]


def elastic_net_cv(
    X: Any,
    y: Any = None,
    *,
    l1_ratio: float | Sequence[float] = 0.5,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    memory: float = MEMORY,
) -> CVPath:
    """Minimise 1/(2 s) sum_i s_i (y_i - b - x_i'w)^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) at every alpha of a grid
    and every l1_ratio, for all rows and for folds of them, in one pass over rows in chunks or a few over columns elsewhere.

    Parameters
    ----------
    X : dask array of shape (n, p), dask DataFrame, sequence of GramStats, WideDesign or path
        Rows of dask.  A sequence has the statistics of each fold, of any engine; y, sample_weight and cv are then not needed.
        A WideDesign, or the path of a file, has columns, as in `lasso_path`.
    y : dask array of shape (n,), Series, or str
        As in `gram_stats`; one target.  For columns an array.
    l1_ratio : float from 0 to 1 (not 0), or a sequence of them
        Each has a grid of its own, unless alphas is an array.
    cv : int, or labels as y is given
        A number of folds: rows of a chunk are dealt out in a shuffled order, so that folds depend on the chunks and
        `random_state` alone.  Labels, of any kind, say the fold of each row, which all others predict.  For columns as in
        `fastreg.elastic_net_cv`, whose folds these are.
    alphas, alpha_min_ratio, relax
        As in `fastreg.elastic_net_cv`.  For columns alphas are above 0, and relax must be 0.
    random_state : int
        Seed of the shuffle.
    fit_intercept, standardize, penalty_factor, lower, upper, positive, tol, max_iter
        As in `fastreg.elastic_net_cv`, with a fold's own means and standard deviations for the fold.
    sample_weight : dask array of shape (n,), Series, or str, optional
        As in `gram_stats`.  For columns an array.
    offset, memory
        For columns alone, as in `lasso`.  What comes beside memory is then needed for each fold.

    Returns
    -------
    CVPath
        Of squared errors.

    Raises
    ------
    ValueError, TypeError
        As `gram_stats` and `fastreg.elastic_net_cv`; for fewer than two folds with rows.

    Warns
    -----
    ConvergenceWarning
        One, where fits to folds did not converge or moments lose the digits of an error (less than 1e-7 of the squares of y),
        and one for the path.

    Notes
    -----
    n (p + 1)^2/2 multiply-adds in all; a task returns the statistics of every fold, 4 (p + 1)^2 bytes each.  Then p^3/6 for
    each fold and a path of p + 1 rows for each fold and l1_ratio, here.

    Of columns, folds are problems of their own on the columns that are here, and share what is asked: ten folds of 500 x
    100,000 took 10 passes over X with the path of all rows, which takes 5, and with standardize one more for each fold.  Where
    memory does not hold the columns of all folds together, they go on one after another.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.5.
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((600, 20))
    >>> y = X[:, 3] - 2 * X[:, 7] + rng.standard_normal(600)
    >>> folds = [fr.GramStats.from_data(X[k::5], y[k::5]) for k in range(5)]
    >>> chosen = fr.distributed.elastic_net_cv(folds, l1_ratio=1.0)
    >>> chosen.fit_1se.support
    array([3, 7])
    """
    seed = _input.count(random_state, "random_state", 0)
    ratios, relaxed = shares(l1_ratio, "l1_ratio"), shares(relax, "relax")
    if not min(ratios) > 0.0:
        raise ValueError("l1_ratio is 0, which is ridge; a number above 0 is needed, or fastreg's ridge_path of GramStats.")
    grid, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    _input.number(tol, "tol", 0.0)
    _input.count(max_iter, "max_iter")
    center, curves = _input.flag(fit_intercept, "fit_intercept"), []
    if _foreign.is_elsewhere(X):
        if max(relaxed) > 0.0:
            raise ValueError("relax is above 0, which needs more of X than the columns of a fit; 0 is needed for columns.")
        options = Options(
            center, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, tol=tol, max_iter=max_iter
        )
        grid, alpha_min_ratio = penalised_grid(grid, alpha_min_ratio)
        return choose(X, y, ratios, options, cv, grid, alpha_min_ratio, seed, memory)
    columns_only(offset, memory != MEMORY)
    folds = _folds(X, y, sample_weight, cv, seed)  # nothing is read before that
    total = folds[0].merge(*folds[1:])
    options = Options(
        False, standardize, None, penalty_factor, lower, upper, positive, tol=tol, max_iter=max_iter, relax=max(relaxed)
    )
    model = Model(*total.few_rows(center), options, ratios[0])
    others = _others(folds)
    for ratio in ratios:
        model.l1_ratio = model.descent.l1_ratio = ratio
        paths = [
            total.elastic_net_path(
                l1_ratio=ratio,
                alphas=grid,
                alpha_min_ratio=alpha_min_ratio,
                fit_intercept=center,
                standardize=standardize,
                penalty_factor=penalty_factor,
                lower=lower,
                upper=upper,
                positive=positive,
                tol=tol,
                max_iter=max_iter,
                relax=share,
            )
            for share in relaxed
        ]
        alphas_ = paths[0].alphas
        order = np.argsort(-alphas_, kind="stable")
        errors = joined(_errors(model, center, np.array(relaxed), others, folds, alphas_[order]), 1)
        warn_of_folds(errors, alphas_[order], model.tol, model.max_iter)
        gap, back = largest_gap(errors), np.argsort(order)
        for k, (share, path) in enumerate(zip(relaxed, paths, strict=True)):
            on_folds = np.ascontiguousarray(errors.mse[back, :, k].T)
            curves.append(curve(alphas_, on_folds, "mse", path, gap, share))
    return with_curves(curves)


def lasso_cv(
    X: Any,
    y: Any = None,
    *,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: Any = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    memory: float = MEMORY,
) -> CVPath:
    """Minimise 1/(2 s) sum_i s_i (y_i - b - x_i'w)^2 + alpha |w|_1 at every alpha of a grid, for all rows and for folds
    of them, in one pass over rows in chunks or a few over columns elsewhere.

    Parameters
    ----------
    X, y, cv, sample_weight
        As in `elastic_net_cv`: collections of dask, the statistics of each fold, or columns elsewhere.
    alphas, alpha_min_ratio, relax, random_state
        As in `elastic_net_cv`: the grid, and the shuffle.
    fit_intercept, standardize, penalty_factor, lower, upper, positive, tol, max_iter
        As in `elastic_net_cv`.
    offset, memory
        As in `elastic_net_cv`, for columns alone.

    Returns
    -------
    CVPath
        Of squared errors.

    Raises
    ------
    ValueError, TypeError
        As `elastic_net_cv`.

    Warns
    -----
    ConvergenceWarning
        As `elastic_net_cv`.

    Notes
    -----
    n (p + 1)^2/2 multiply-adds in one pass over the rows, and then a path of p + 1 rows for each fold, here.  Columns take what
    they take in `elastic_net_cv`.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.5.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((600, 20))
    >>> y = X[:, 3] - 2 * X[:, 7] + rng.standard_normal(600)
    >>> folds = [fr.GramStats.from_data(X[k::5], y[k::5]) for k in range(5)]
    >>> fr.distributed.lasso_cv(folds, alphas=[0.1, 1.0]).alpha_min
    0.1
    """
    return elastic_net_cv(
        X,
        y,
        l1_ratio=1.0,
        cv=cv,
        alphas=alphas,
        alpha_min_ratio=alpha_min_ratio,
        relax=relax,
        random_state=random_state,
        fit_intercept=fit_intercept,
        standardize=standardize,
        sample_weight=sample_weight,
        penalty_factor=penalty_factor,
        lower=lower,
        upper=upper,
        positive=positive,
        offset=offset,
        tol=tol,
        max_iter=max_iter,
        memory=memory,
    )


def _folds(X: Any, y: Any, sample_weight: Any, cv: Any, seed: int) -> list[GramStats]:
    """The statistics of each fold that has rows."""
    if isinstance(X, Sequence) and not isinstance(X, str):
        for k, one in enumerate(X):
            if not isinstance(one, GramStats):
                raise TypeError(f"X[{k}] is a {type(one).__name__}; GramStats of each fold are needed.")
        given = list(X)
    else:
        shape = getattr(cv, "shape", None)
        if not isinstance(cv, (str, list, tuple)) and not (isinstance(shape, tuple) and shape):
            cv = _input.count(cv, "cv", 2)
        given = list(fold_grams(X, y, sample_weight, cv, seed).values())
        filled = sum(one.n_rows > 0 for one in given)
        if filled == 0:
            raise nothing_to_fit()
        if isinstance(cv, int) and filled < cv:
            raise ValueError(f"cv is {cv} folds, but X has rows of weight > 0 for {filled} of them; fewer folds are needed.")
    folds = [one for one in given if one.n_rows > 0]
    if len(folds) < 2:
        raise ValueError(f"There are rows in {len(folds)} folds; 2 are needed.")
    for one in folds:
        if np.ndim(one.y_mean) > 0:
            raise ValueError("y has several targets; cross-validate each alone.")
    return folds


def _others(folds: list[GramStats]) -> list[GramStats]:
    """For each fold, the statistics of all others: of those before it, merged with those after it."""
    before = list(accumulate(folds[:-1], GramStats.merge, initial=GramStats()))
    after = list(accumulate(folds[:0:-1], GramStats.merge, initial=GramStats()))[::-1]
    return [one.merge(other) for one, other in zip(before, after, strict=True)]


def _errors(
    model: Model, center: bool, relaxed: Floats, trains: list[GramStats], tests: list[GramStats], alphas: Floats
) -> list[Errors]:
    """What became of each fold, at alphas that go down."""
    return [Tall(model, relaxed, train, test, center).descend(alphas) for train, test in zip(trains, tests, strict=True)]
