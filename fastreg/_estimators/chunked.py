"""Estimators of dask collections: fitted by fastreg.distributed, predictions that are collections too.

It knows which rows belong together; must not know any model, and imports nothing of dask before its collections are passed.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign
from fastreg._gramstats import GramStats
from fastreg._results import Fit

Floats = NDArray[np.float64]
T = TypeVar("T")


def fit_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, solve: Callable[[GramStats], Fit]) -> Fit:
    """What `solve` makes of the statistics of all rows; the estimator remembers the features."""
    from fastreg.distributed._tall import fit_rows

    return remembered(estimator, X, y, lambda: fit_rows(X, y, weights(sample_weight, y), solve))


def choose(estimator: Any, X: Any, y: Any, sample_weight: Any, cv: Any, params: dict[str, Any], options: dict[str, Any]) -> Any:
    """The CVPath of `fastreg.distributed.elastic_net_cv`; the estimator remembers the features."""
    from fastreg.distributed import elastic_net_cv

    if params:
        raise TypeError(f"{next(iter(params))!r} is for a splitter, and folds of dask collections have none.")
    if callable(getattr(cv, "split", None)):
        raise TypeError(
            f"cv is a {type(cv).__name__}, which indexes rows; for dask collections a number of folds or labels are needed."
        )
    known = weights(sample_weight, y)
    return remembered(estimator, X, y, lambda: elastic_net_cv(X, y, cv=cv, sample_weight=known, **options))


def remembered(estimator: Any, X: Any, y: Any, solve: Callable[[], T]) -> T:
    """What solve() returns; the estimator remembers the features of X."""
    estimator._needs(y)
    found = solve()
    estimator._remember(X.shape[1], names(X))
    return found


def names(X: Any) -> tuple[str, ...] | None:
    """The column names of a frame."""
    return None if hasattr(X, "chunks") else _foreign.column_names(X._meta)


def weights(sample_weight: Any, y: Any) -> Any:
    """Weights as a collection; one number, which stands for all rows, as one too."""
    if not isinstance(sample_weight, Real):
        return sample_weight
    first = y if getattr(y, "ndim", 1) == 1 else y[:, 0] if hasattr(y, "chunks") else y[y.columns[0]]
    return 0.0 * first + float(sample_weight)


def predict(estimator: Any, X: Any) -> Any:
    """Predictions of a dask array as an array, of a frame as a series (a frame for several targets) with its index."""
    from fastreg.distributed._dask import whole_rows

    estimator._check_names(names(X))
    p = estimator.n_features_in_
    if X.shape[1] != p:
        raise ValueError(f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting {p} features as input.")
    coef, many = np.atleast_2d(estimator.coef_), estimator.coef_.ndim == 2
    if hasattr(X, "chunks"):
        chunks = {"chunks": (X.chunks[0], (len(coef),))} if many else {"drop_axis": 1}
        return whole_rows(X).map_blocks(_block, estimator, dtype=np.float64, meta=np.empty((0, 0)[: 1 + many]), **chunks)
    return X.map_partitions(_partition, estimator, meta=_partition(X._meta, estimator))


def _block(X: Any, estimator: Any) -> Floats:
    if X.shape[0] == 0:
        shape: tuple[int, ...] = (0, len(estimator.coef_)) if estimator.coef_.ndim == 2 else (0,)
        return np.empty(shape)
    found: Floats = estimator.predict(X)
    return found


def _partition(X: Any, estimator: Any) -> Any:
    """Predictions of a pandas frame, with its index."""
    import pandas as pd

    found = _block(X, estimator)
    return pd.Series(found, X.index, name="prediction") if found.ndim == 1 else pd.DataFrame(found, X.index)


def score(estimator: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """R^2, the mean over targets, from one reading."""
    from fastreg._estimators.base import determination
    from fastreg.distributed._chunks import merge
    from fastreg.distributed._dask import aligned, tree

    rows = aligned(X, y, weights(sample_weight, y))
    stats = tree(rows, _block_score, merge, estimator)
    residual = np.atleast_2d(stats.yty).diagonal() + stats.weight * np.square(np.atleast_1d(stats.y_mean))
    return float(np.mean(determination(residual, stats.gram.diagonal())))


def _block_score(k: int, names: Any, estimator: Any, X: Any, y: Any, sample_weight: Any) -> GramStats:
    """Statistics of the targets as columns, with what predictions miss as targets."""
    from fastreg.distributed._chunks import In, no_rows, stats_of

    with In(k):
        if no_rows(X):
            return GramStats()
        target = np.asarray(y, np.float64)
        columns = target.reshape(len(target), -1)
        return stats_of(columns, columns - estimator.predict(X).reshape(columns.shape), sample_weight)
