"""Rows of dask collections as statistics: which chunks belong together, and the graph of tasks.

It knows dask's arrays and frames; must not know what statistics are for.  dask is imported where it is used.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from fastreg import _foreign, _input
from fastreg._gramstats import GramStats
from fastreg.distributed._chunks import (
    ByFold,
    fold_stats,
    in_chunk,
    merge,
    merge_chunks,
    merge_folds,
    no_rows,
    nothing_beside,
    random_label,
    stats_of,
)

NAMES = ("y", "sample_weight", "cv")


class Announced(NamedTuple):
    """What collections say of each of their chunks."""

    columns: Any  # of a frame, the index of their names
    named: list[Any]  # of each part, the name or names of its columns of X, which are then no part of X; or None
    p: tuple[float, ...]  # the shape of X without rows; NaN: not known
    targets: tuple[float, ...] | None  # that of y, if it is a collection


class Rows(NamedTuple):
    """The chunks of a design, and its targets, weights and folds: as many of each, or None."""

    X: list[Any]
    parts: list[list[Any] | None]
    announced: Announced
    names: tuple[str, ...] | None


def gram_stats(X: Any, y: Any, sample_weight: Any = None) -> GramStats:
    """The sums over rows of a dask array or frame from which lasso, elastic net and ridge are solved here.

    Parameters
    ----------
    X : dask array of shape (n, p), or DataFrame
        Of dask.  Float32 and float64 chunks are read where they lie; other dtypes, sparse chunks and layouts as in
        `fastreg.GramStats.update`.  Chunk sizes may be unknown, partitions may be empty.  Chunks of some of the columns are
        put together first (rechunk); chunks of rows stay as they are.  Every partition with rows must have the columns that the
        frame announces, all of them and no others, in their order, and is refused otherwise.
    y : dask array of shape (n,) or (n, t), Series or DataFrame, or str
        A str, or a list of them, names columns of the frame X, which are then no part of it.  Where the rows of X's chunks are
        known y may be a numpy array, and a dask array is rechunked to fit; else it must have as many chunks, of as many rows.
    sample_weight : likewise, of shape (n,), or a number for all rows, optional
        As in `fastreg.GramStats.update`.

    Returns
    -------
    GramStats
        Computed by the scheduler that dask is set to, with all of `lasso`, `elastic_net`, `ridge` and their paths, which take
        place here.  Its bits depend on the chunks alone, not on who computed what when, or again after a worker was lost.

    Raises
    ------
    ValueError, TypeError
        As `fastreg.GramStats.update`, with the number of the chunk, and where chunks do not belong together.  Of several bad
        chunks one is named: which one depends on who worked when.
    Exception
        What a task of dask that makes a chunk raises goes through as it is.

    Notes
    -----
    One task for each chunk beside those that make it, n (p + t)^2/2 multiply-adds in all, and one for each eight statistics
    that are merged: N + N/7 tasks for N chunks.  A task returns 4 (p + t)^2 bytes; a worker holds a chunk and a few of these.
    Forming the products squares the condition number; `refine` makes up for it.

    References
    ----------
    Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample Variance: Analysis and Recommendations, eq. 2.1.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> import dask.array as da  # doctest: +SKIP
    >>> X = da.random.default_rng(0).standard_normal((100_000, 50), chunks=(10_000, 50))  # doctest: +SKIP
    >>> fr.distributed.gram_stats(X, X[:, 0] - X[:, 1]).lasso(0.1).support  # doctest: +SKIP
    array([0, 1])
    """
    rows = aligned(X, y, sample_weight)
    found: GramStats = tree(rows, _block_stats, merge)
    return _whole(found, rows)


def fold_grams(X: Any, y: Any, sample_weight: Any, cv: Any, seed: int) -> ByFold:
    """Statistics of each fold, from one reading; cv: their number, or labels as y is given."""
    labels = not isinstance(cv, int)
    rows = aligned(X, y, sample_weight, cv if labels else None)
    found: ByFold = tree(rows, _block_folds, merge_folds, None if labels else cv, seed)
    return {label: _whole(one, rows) for label, one in found.items()}


def tree(rows: Rows, leaf: Callable[..., Any], join: Callable[..., Any], *options: Any) -> Any:
    """leaf(k, *options, X_k, y_k, ...) of every chunk k, joined in their order, computed."""
    import dask

    promise, promise_join = dask.delayed(_in_chunk, pure=False), dask.delayed(join, pure=False)
    shared = [dask.delayed(one, traverse=False, pure=False) for one in (rows.announced, leaf, options)]  # once in the graph
    leaves = [
        promise(k, *shared, *(None if part is None else part[k] for part in (rows.X, *rows.parts))) for k in range(len(rows.X))
    ]
    (found,) = dask.compute(merge_chunks(leaves, promise_join))
    return found


def _in_chunk(k: int, announced: Announced, leaf: Callable[..., Any], options: tuple[Any, ...], X: Any, *parts: Any) -> Any:
    """What a leaf finds in a chunk that is as announced."""
    with in_chunk(k):
        if no_rows(X):
            nothing_beside(*parts[:2])
            return leaf(k, *options, X, *parts)
        return leaf(k, *options, *_as_announced(announced, X, *parts))


def _as_announced(announced: Announced, X: Any, *parts: Any) -> tuple[Any, ...]:
    """A chunk with rows, and its parts, of which those that have names are columns of it."""
    if announced.columns is not None:
        _check_columns(X, announced.columns)
        pairs, taken = zip(parts, announced.named, strict=True), names_among(announced.named)
        parts = tuple(part if name is None else X[name] for part, name in pairs)
        X = X.drop(columns=taken) if taken else X
    elif len(getattr(X, "shape", ())) == 2 and _differ(X.shape[1:], announced.p):
        raise ValueError(f"X has {X.shape[1]} columns; {announced.p[0]} are needed, as X announces.")
    shape = getattr(parts[0], "shape", None)
    if announced.targets is not None and shape is not None and _differ(shape[1:], announced.targets):
        need = ", ".join(["n", *map(str, announced.targets)]) if announced.targets else "n,"
        raise ValueError(f"y has shape {shape}; ({need}) is needed, as y announces.")
    return X, *parts


def _differ(shape: tuple[int, ...], announced: tuple[Any, ...]) -> bool:
    """Whether a shape is another than the announced one, of which a NaN is not known."""
    return len(shape) != len(announced) or any(size != there == there for size, there in zip(shape, announced, strict=True))


def _check_columns(X: Any, announced: Any) -> None:
    """Check that a chunk is a frame with the columns, in their order, that the whole frame announces."""
    here = getattr(X, "columns", None)
    if here is None:
        raise TypeError(f"X is a {type(X).__name__}; a DataFrame is needed, as X announces.")
    if announced.equals(here):
        return
    came, needed = here.tolist(), announced.tolist()
    for name in needed:
        if name not in came:
            raise ValueError(f"X has no column {name!r}, which the frame announces.")
    for name in came:
        if name not in needed:
            raise ValueError(f"X has a column {name!r}, which the frame does not announce.")
    for j, (one, other) in enumerate(zip(came, needed, strict=False)):
        if one != other:
            raise ValueError(f"X has {one!r} as column {j}; {other!r} is needed, as the frame announces.")
    raise ValueError(f"X has {len(came)} columns; {len(needed)} are needed, as the frame announces.")


def aligned(X: Any, *parts: Any) -> Rows:
    """The chunks of X and of what has as many rows: y, and weights and what else there is, or None; names as in `by_name`."""
    design = by_name(X, *parts)
    if parts[0] is None:
        raise TypeError("y is None; a target of each row is needed.")
    named = [part if _is_name(part) else None for part in parts]
    rest = [
        None if one is None or name is not None else _like(X, one, which)
        for one, name, which in zip(parts, named, NAMES, strict=False)
    ]
    columns = None if hasattr(X, "chunks") else X._meta.columns
    targets = parts[0].shape[1:] if _foreign.is_dask(parts[0]) else None
    return Rows(_blocks(X), rest, Announced(columns, named, X.shape[1:], targets), column_names(design))


def by_name(X: Any, *parts: Any) -> Any:
    """X without those of its columns that parts name: each is a name, a list of names, or something else."""
    if not _foreign.is_dask(X):
        inside = ", which X.data is" if _foreign.is_dask(getattr(X, "data", None)) else ""  # of xarray
        raise TypeError(f"X is a {type(X).__name__}; a dask array or DataFrame is needed{inside}.")
    if X.ndim != 2:
        raise ValueError(f"X has {X.ndim} dimension{'s' * (X.ndim != 1)}; 2 are needed.")
    who = []
    for part, name in zip(parts, NAMES, strict=False):
        if not _is_name(part):
            continue
        who.append(name)
        if hasattr(X, "chunks"):
            raise TypeError(f"{name} is {reprlib.repr(part)}, and X has no columns with names; a dask array is needed.")
        missing = [one for one in names_among([part]) if one not in X.columns]
        if missing:
            raise ValueError(f"{name} is {reprlib.repr(part)}, and X has no column {missing[0]!r}.")
    design = X.drop(columns=names_among(parts)) if who else X
    if who and design.shape[1] == 0:
        take = " and ".join(who) + (" take" if len(who) > 1 else " takes")
        raise ValueError(f"{take} all the columns of X; at least one more is needed.")
    return design


def _is_name(part: Any) -> bool:
    """Whether it is the name of a column, or a list of names."""
    return isinstance(part, str) or (isinstance(part, list) and part != [] and all(isinstance(one, str) for one in part))


def names_among(parts: Sequence[Any]) -> list[str]:
    """The names of columns that are parts, or lists that are."""
    return [one for part in parts if _is_name(part) for one in ([part] if isinstance(part, str) else part)]


def column_names(X: Any) -> tuple[str, ...] | None:
    """The names of the columns of a frame."""
    return None if hasattr(X, "chunks") else _foreign.column_names(X._meta)


def whole_rows(a: Any) -> Any:
    """A dask array whose chunks have all the columns."""
    return a.rechunk({1: -1}) if a.ndim == 2 and a.numblocks[1] > 1 else a


def _blocks(a: Any) -> list[Any]:
    """The chunks of rows, as promises."""
    return list(whole_rows(a).to_delayed().ravel() if hasattr(a, "chunks") else a.to_delayed())


def _like(X: Any, a: Any, name: str) -> list[Any]:
    """The chunks of a, as many as X has, and of as many rows where that is known; a weight stands for all rows."""
    sizes = _sizes(X)
    count = len(sizes) if sizes is not None else X.npartitions if not hasattr(X, "chunks") else X.numblocks[0]
    if name == "sample_weight" and isinstance(a, Real):
        return [_input.number(float(a), name, 0.0)] * count
    if not _foreign.is_dask(a):
        if sizes is None:
            raise TypeError(
                f"{name} is a {type(a).__name__}, and the rows of X's chunks are not known; a dask collection with the chunks "
                "of X is needed."
            )
        a = _labels(a) if name == "cv" else _foreign.array(a, name)
        if a.ndim == 0 or len(a) != sum(sizes):
            raise ValueError(f"X has {sum(sizes)} rows but {name} has {len(a) if a.ndim else 'no'} entries.")
        ends = np.cumsum(sizes)
        return [a[end - size : end] for size, end in zip(sizes, ends.tolist(), strict=True)]
    if a.ndim == 0:
        raise ValueError(f"{name} has no dimensions; an entry for each row is needed.")
    others = _sizes(a)
    if sizes is not None and others is not None and sizes != others:
        if sum(sizes) != sum(others):
            raise ValueError(f"X has {sum(sizes)} rows but {name} has {sum(others)} entries.")
        a = a.rechunk({0: sizes})
    blocks = _blocks(a)
    if len(blocks) != count:
        raise ValueError(f"X has {count} chunks of rows but {name} has {len(blocks)}; as many, of as many rows, are needed.")
    return blocks


def _labels(a: Any) -> Any:
    """Labels of any kind as an array."""
    if isinstance(a, (list, tuple)) and any(isinstance(one, (list, tuple, np.ndarray)) for one in a):
        raise TypeError("cv holds several entries for a row, or pairs (train, test); a number of folds or labels are needed.")
    return np.asarray(a)


def _sizes(a: Any) -> tuple[int, ...] | None:
    """The rows of each chunk, if all are known."""
    chunks = getattr(a, "chunks", None)
    if chunks is None or any(size != size for size in chunks[0]):
        return None
    return tuple(int(size) for size in chunks[0])


def _block_stats(k: int, X: Any, y: Any, sample_weight: Any) -> GramStats:
    return stats_of(X, y, sample_weight)


def _block_folds(k: int, folds: int | None, seed: int, X: Any, y: Any, sample_weight: Any, label: Any) -> ByFold:
    if no_rows(X):
        return {}
    return fold_stats(X, y, sample_weight, label if folds is None else random_label(k, X.shape[0], folds, seed))


def _whole(stats: GramStats, rows: Rows) -> GramStats:
    """Statistics that know the names of columns, also where every chunk was empty."""
    stats.feature_names = stats.feature_names or (rows.names if stats.n_features else None)
    return stats
