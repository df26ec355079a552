"""Fits of rows in chunks: one reading for the products, and another one where the condition number asks for it.

It knows dask's rows and what is solved from statistics; must not know how either works.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from fastreg import _input, _options
from fastreg._gramstats import GramStats
from fastreg._model import Options
from fastreg._options import Stop
from fastreg._results import Fit, Status, held_back, warn_unconverged
from fastreg.distributed._chunks import nothing_to_fit
from fastreg.distributed._dask import aligned, by_name, gram_stats, tree
from fastreg.distributed._refine import At, Refined, Sums, add, asks, place, sums_at


def refine(stats: GramStats, fit: Any, X: Any, y: Any, sample_weight: Any = None) -> GramStats:
    """Statistics of the same rows whose gradient at the coefficients of a fit is that of the rows, by one reading of them.

    Parameters
    ----------
    stats : GramStats
        What `gram_stats` found for these rows.
    fit : Fit, fitted estimator, or array of shape (p,) or (p, t)
        Coefficients near to those looked for: those that `stats` lead to.
    X, y, sample_weight
        As in `gram_stats`, the same rows in any chunks.

    Returns
    -------
    GramStats
        Whose `lasso`, `elastic_net` and `ridge` are those of the rows themselves: an objective and a gap of the rows, not of
        the sums, and coefficients to which rounding adds about eps cond(X) of relative error, where it adds eps cond(X)^2 to
        those of `stats`.  Beside that is what `tol` leaves, as in memory: sqrt(2 gap) / s along a direction in which X varies
        by s only (root mean square), so that columns that are nearly the same want a `tol` far below its default.
        At alphas far from that of `fit` they are no better than `stats`, but for directions in which X varies by less than 1e-4
        of its size, which products hardly hold: rows are summed along these as well, and every solve has them as X has.  They
        belong to these rows: `update`, `merge`, `subtract` and `save` are refused.

    Raises
    ------
    ValueError, TypeError
        As `gram_stats`, and where coefficients or rows are not those of the statistics.

    Notes
    -----
    2 n p t multiply-adds, with m such directions 3 n p m more, and one task for each chunk; a task returns 8 p (t + m + 1)
    bytes.  Beside that p^3/3 here, and for m > 0 eigenvectors, 25 times that.

    References
    ----------
    Bjorck (1987), Stability analysis of the method of seminormal equations for linear least squares problems, section 4.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> import dask.array as da  # doctest: +SKIP
    >>> X = da.random.default_rng(0).standard_normal((1000, 20), chunks=(100, 20))  # doctest: +SKIP
    >>> y = X[:, 0]  # doctest: +SKIP
    >>> stats = fr.distributed.gram_stats(X, y)  # doctest: +SKIP
    >>> fit = fr.distributed.refine(stats, stats.lasso(0.1), X, y).lasso(0.1)  # doctest: +SKIP
    """
    if not isinstance(stats, GramStats):
        raise TypeError(f"stats is a {type(stats).__name__}; GramStats are needed.")
    return _second_pass(stats, place(stats, fit), X, y, sample_weight)


def _second_pass(stats: GramStats, at: At, X: Any, y: Any, sample_weight: Any) -> GramStats:
    sums: Sums = tree(aligned(X, y, sample_weight), _block_sums, add, at)
    return Refined.at(stats, at, sums)


def _block_sums(k: int, at: At, X: Any, y: Any, sample_weight: Any) -> Sums:
    return sums_at(at, X, y, sample_weight)


def fit_rows(X: Any, y: Any, sample_weight: Any, fit_intercept: Any, solve: Callable[..., Fit]) -> Fit:
    """What `solve` makes of the statistics of all rows, refined where the condition number asks for it, or a direction that
    products hardly hold."""
    fit_intercept = _input.flag(fit_intercept, "fit_intercept")
    stats = _some_rows(gram_stats(X, y, sample_weight))
    with held_back() as warned:  # what rounding ended here may well end where it should
        fit = solve(stats, fit_intercept=fit_intercept)
    at = place(stats, fit)
    # along a weak direction what is solved from the products may be right without them alone
    if fit.status is Status.STALLED or at.weak.size or asks(stats, fit, fit_intercept):
        return solve(_second_pass(stats, at, X, y, sample_weight), fit_intercept=fit_intercept)
    for told in warned:
        warn_unconverged(*told)
    return fit


def _some_rows(stats: GramStats) -> GramStats:
    if stats.n_rows == 0:
        raise nothing_to_fit()
    return stats


def fit(X: Any, y: Any, alpha: Any, l1_ratio: Any, options: Options, memory: bool) -> Fit:
    """The fit at one alpha; memory: whether that was given."""
    known = _known(X, y, l1_ratio, options, memory)
    solve = partial(GramStats.elastic_net, alpha=_input.number(alpha, "alpha", 0.0), l1_ratio=l1_ratio, **known)
    return fit_rows(X, y, options.sample_weight, options.fit_intercept, solve)


def path(X: Any, y: Any, l1_ratio: Any, alphas: Any, alpha_min_ratio: Any, options: Options, stop: Stop, memory: bool) -> Any:
    """The path, or paths of several targets."""
    known = _known(X, y, l1_ratio, options, memory)
    alphas, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    if isinstance(alphas, int):
        _input.share(l1_ratio)
    fit_intercept = _input.flag(options.fit_intercept, "fit_intercept")
    return _some_rows(gram_stats(X, y, options.sample_weight)).elastic_net_path(
        l1_ratio=l1_ratio,
        alphas=alphas,
        alpha_min_ratio=alpha_min_ratio,
        fit_intercept=fit_intercept,
        **known,
        **stop._asdict(),
    )


def columns_only(offset: Any, memory: bool) -> None:
    """Refuse what is for columns of a design; memory: whether that was given."""
    if offset is not None:
        raise ValueError("offset is given, which rows of dask collections do not take; pass y - offset as y.")
    if memory:
        raise ValueError("memory is given, which is for columns of a design; rows of dask collections are summed in theirs.")


def _known(X: Any, y: Any, l1_ratio: Any, options: Options, memory: bool) -> dict[str, Any]:
    """Options for statistics, checked before anything is read, but for a warm start."""
    columns_only(options.offset, memory)
    if X.ndim == 2 and hasattr(X, "chunks") and X.numblocks[0] == 1 < X.numblocks[1]:
        raise ValueError(
            f"X has all rows in one chunk and its columns in {X.numblocks[1]}; DaskColumns(X) is needed for columns where they "
            "are, or X.rechunk({1: -1}) for rows."
        )
    _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    _input.number(options.tol, "tol", 0.0)
    _input.count(options.max_iter, "max_iter")
    _input.flag(options.standardize, "standardize")
    p = by_name(X, y, options.sample_weight).shape[1]
    _options.penalty_factors(options.penalty_factor, p)
    _options.bounds(options.lower, options.upper, options.positive, p)
    names = ("standardize", "penalty_factor", "lower", "upper", "positive", "tol", "max_iter", "warm_start")
    return {name: getattr(options, name) for name in names}
