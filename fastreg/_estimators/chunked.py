"""Estimators of dask collections: fitted by fastreg.distributed, predictions that are collections too.

It knows which rows belong together; must not know any model, and imports nothing of dask before its collections are passed.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._gramstats import GramStats
from fastreg._results import Fit

Floats = NDArray[np.float64]
T = TypeVar("T")


def fit_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, solve: Callable[..., Fit]) -> Fit:
    """What `solve` makes of the statistics of all rows; the estimator remembers the features."""
    from fastreg.distributed._tall import fit_rows

    return remembered(estimator, X, (y, sample_weight), lambda: fit_rows(X, y, sample_weight, estimator.fit_intercept, solve))


def choose(estimator: Any, X: Any, y: Any, sample_weight: Any, cv: Any, params: dict[str, Any], options: dict[str, Any]) -> Any:
    """The CVPath of `fastreg.distributed.elastic_net_cv`; the estimator remembers the features."""
    from fastreg.distributed import elastic_net_cv

    if params:
        raise TypeError(f"{next(iter(params))!r} is for a splitter, and folds of dask collections have none.")
    if callable(getattr(cv, "split", None)) and not isinstance(cv, str):
        raise TypeError(
            f"cv is a {type(cv).__name__}, which indexes rows; for dask collections a number of folds or labels are needed."
        )
    return remembered(
        estimator,
        X,
        (y, sample_weight, cv),
        lambda: elastic_net_cv(X, y, cv=cv, sample_weight=sample_weight, **options),
    )


def remembered(estimator: Any, X: Any, parts: tuple[Any, ...], solve: Callable[[], T]) -> T:
    """What solve() returns; the estimator remembers the features of X, of which named parts are none."""
    from fastreg.distributed._dask import by_name, column_names

    estimator._needs(parts[0])
    design = by_name(X, *parts)
    found = solve()
    estimator._remember(design.shape[1], column_names(design))
    return found


def predict(estimator: Any, X: Any) -> Any:
    """Predictions of a dask array as an array, of a frame as a series (a frame for several targets) with its index."""
    from fastreg.distributed._dask import column_names, whole_rows

    if X.ndim != 2:
        p, dimensions = estimator.n_features_in_, f"{X.ndim} dimension{'s' * (X.ndim != 1)}"
        raise ValueError(f"X has {dimensions}; a collection of shape (n, {p}) is needed.")
    X = _columns_of_fit(estimator, X)
    estimator._check_names(column_names(X))
    _check_width(estimator, X)
    estimator = copy(estimator)
    estimator._remember(X.shape[1], column_names(X))  # if they are others, that has been said
    coef, many = np.atleast_2d(estimator.coef_), estimator.coef_.ndim == 2
    if hasattr(X, "chunks"):
        chunks = {"chunks": (X.chunks[0], (len(coef),))} if many else {"drop_axis": 1}
        return whole_rows(X).map_blocks(_block, estimator, dtype=np.float64, meta=np.empty((0, 0)[: 1 + many]), **chunks)
    return X.map_partitions(_partition, estimator, meta=_partition(X._meta, estimator, {"number": 0}))


def _columns_of_fit(estimator: Any, X: Any, *parts: Any) -> Any:
    """A frame's columns of the fit by their names, with those that parts name, if it has them all; X itself otherwise."""
    from fastreg.distributed._dask import names_among

    names = getattr(estimator, "feature_names_in_", None)
    if names is None or hasattr(X, "chunks"):
        return X
    wanted = [*names, *(name for name in names_among(parts) if name not in names)]
    return X[wanted] if set(wanted) <= set(X.columns) and list(X.columns) != wanted else X


def _check_width(estimator: Any, X: Any) -> None:
    p = estimator.n_features_in_
    if X.shape[1] != p:
        raise ValueError(f"X has {X.shape[1]} features, but {type(estimator).__name__} is expecting {p} features as input.")


def _block(X: Any, estimator: Any, block_id: tuple[int, ...]) -> Floats:
    """Predictions of a block; dask passes its place."""
    from fastreg.distributed._chunks import in_chunk

    if X.shape[0] == 0:
        shape: tuple[int, ...] = (0, len(estimator.coef_)) if estimator.coef_.ndim == 2 else (0,)
        return np.empty(shape)
    with in_chunk(block_id[0]):
        found: Floats = estimator.predict(X)
    return found


def _partition(X: Any, estimator: Any, partition_info: dict[str, Any]) -> Any:
    """Predictions of a pandas frame, with its index; dask passes its number."""
    import pandas as pd

    found = _block(X, estimator, (partition_info["number"],))
    return pd.Series(found, X.index, name="prediction") if found.ndim == 1 else pd.DataFrame(found, X.index)


def score(estimator: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """R^2, the mean over targets, from one reading."""
    from fastreg._estimators.base import determination, too_few
    from fastreg.distributed._chunks import merge
    from fastreg.distributed._dask import aligned, by_name, column_names, tree

    if X.ndim == 2:  # other X are refused below
        X = _columns_of_fit(estimator, X, y, sample_weight)
    design = by_name(X, y, sample_weight)
    estimator._check_names(column_names(design))
    _check_width(estimator, design)
    stats = tree(aligned(X, y, sample_weight), _block_score, merge, estimator)
    if stats.n_rows < 2:
        return too_few(stacklevel=4)
    residual = np.atleast_2d(stats.yty).diagonal() + stats.weight * np.square(np.atleast_1d(stats.y_mean))
    return float(np.mean(determination(residual, stats.gram.diagonal())))


def _block_score(k: int, estimator: Any, X: Any, y: Any, sample_weight: Any) -> GramStats:
    """Statistics of the targets as columns, with what predictions miss as targets."""
    from fastreg.distributed._chunks import no_rows, stats_of

    if no_rows(X):
        return GramStats()
    target = _input.targets(y, X.shape[0]).astype(np.float64)
    if not np.isfinite(target).all():
        raise _input.not_finite(target, "y")
    columns = target.reshape(len(target), -1)
    predicted = estimator.predict(X).reshape(len(columns), -1)
    if columns.shape != predicted.shape:
        raise ValueError(f"y has {columns.shape[1]} targets; {predicted.shape[1]} are needed, as in the fit.")
    return stats_of(columns, columns - predicted, sample_weight)
