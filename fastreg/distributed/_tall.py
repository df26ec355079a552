"""Fits of rows in chunks: one reading for the products, and another one where the condition number asks for it.

It knows dask's rows and what is solved from statistics; must not know how either works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastreg._gramstats import GramStats
from fastreg._results import Fit
from fastreg.distributed._chunks import In
from fastreg.distributed._dask import _checked, aligned, gram_stats, tree
from fastreg.distributed._refine import At, Refined, Sums, add, asks, place, sums_at


def refine(stats: GramStats, fit: Any, X: Any, y: Any, sample_weight: Any = None) -> GramStats:
    """Statistics of the same rows whose gradient at the coefficients of a fit is that of the rows, by one reading of them.

    Parameters
    ----------
    stats : GramStats
        What `gram_stats` found for these rows.
    fit : Fit, or array of shape (p,) or (p, t)
        Coefficients near to those looked for: those that `stats` lead to.
    X, y, sample_weight
        As in `gram_stats`, the same rows in any chunks.

    Returns
    -------
    GramStats
        Whose `lasso`, `elastic_net` and `ridge` are those of the rows themselves: coefficients with about eps cond(X) of
        relative error, where those of `stats` have eps cond(X)^2, and an objective and a gap of the rows, not of the sums.
        At alphas far from that of `fit` they are no better than `stats`.  More rows cannot be taken in.

    Raises
    ------
    ValueError, TypeError
        As `gram_stats`, and where coefficients or rows are not those of the statistics.

    Notes
    -----
    2 n p t multiply-adds and one task for each chunk; a task returns 8 p (t + 1) bytes.

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
    at = place(stats, fit)
    sums: Sums = tree(aligned(X, y, sample_weight), _block_sums, add, at)
    return Refined.at(stats, at, sums)


def _block_sums(k: int, names: tuple[str, ...] | None, at: At, X: Any, y: Any, sample_weight: Any) -> Sums:
    with In(k):
        return sums_at(at, _checked(X, names), y, sample_weight)


def fit_rows(X: Any, y: Any, sample_weight: Any, solve: Callable[[GramStats], Fit]) -> Fit:
    """What `solve` makes of the statistics of all rows, refined where the condition number asks for it."""
    stats = gram_stats(X, y, sample_weight)
    fit = solve(stats)
    return solve(refine(stats, fit, X, y, sample_weight)) if asks(stats, fit) else fit
