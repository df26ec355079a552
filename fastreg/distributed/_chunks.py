"""Statistics of rows that come in chunks, put together so that nothing depends on who worked when.

    level 0   the statistics of each chunk, in the order of the chunks
    level k   those of up to WIDTH neighbours of level k - 1, merged in their order, until one is left

It knows chunks and the tree; must not know any engine, nor what the statistics are for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, closing
from itertools import starmap
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastreg import _input, _options
from fastreg._gramstats import GramStats, same_columns, same_targets
from fastreg._where import where

T = TypeVar("T")
ByFold = dict[Any, GramStats]

WIDTH = 8  # merged by one task: N chunks take N + N/7 tasks, and a worker holds so many statistics at once
AHEAD = 2  # chunks that are given to an executor before the first of them is done, for each of its workers
WORKERS = 4  # of an executor that does not tell


def from_chunks(chunks: Iterable[Any], executor: Executor | None = None, *, ahead: int | None = None) -> GramStats:
    """The statistics of rows that come in chunks, each read and summed by a worker of any `concurrent.futures` executor.

    Parameters
    ----------
    chunks : iterable
        Of (X, y) or (X, y, sample_weight), as `fastreg.GramStats.update` takes them, or of functions without arguments that
        return these where they are called, so that a worker reads what it sums.  A chunk may have no rows, and be None.
    executor : concurrent.futures.Executor, optional
        Threads serve well, as nothing holds the GIL; for processes chunks are pickled.  None: one after another, here.
    ahead : int, optional
        Chunks taken from the iterable before the first of them is done; by default two for each worker.  So many are held in
        memory.

    Returns
    -------
    GramStats
        Of all rows.  Its bits depend on the chunks and their order alone: statistics are merged as a tree in that order, and
        are the same with any executor, and those that `gram_stats` finds for the same chunks.

    Raises
    ------
    ValueError, TypeError
        As `GramStats.update`, beginning with the number of the chunk, from 0, also where its columns or targets are not those
        of the chunks before; of several such chunks, the first.
    Exception
        What else a chunk raises, with a note of its number; what the iterable or the executor raises.  Chunks that have not
        begun are then cancelled.

    Notes
    -----
    Beside `ahead` chunks, 16 (p + t)^2 bytes for each of them and for 8 statistics of each of log_8 N levels are held.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> X, y = np.arange(12.0).reshape(6, 2) % 5, np.array([3.0, 1.0, 0.0, 2.0, 4.0, 5.0])
    >>> with ThreadPoolExecutor(2) as pool:
    ...     stats = fr.distributed.from_chunks(((X[i : i + 2], y[i : i + 2]) for i in (0, 2, 4)), pool)
    >>> stats
    GramStats(6 rows, p=2)
    """
    if ahead is not None:
        ahead = _input.count(ahead, "ahead")
    if not isinstance(chunks, Iterable):
        raise TypeError(
            f"chunks is a {type(chunks).__name__}; an iterable of (X, y), or of functions that return it, is needed."
        )
    if executor is None:
        return _in_order(starmap(chunk_stats, enumerate(chunks)))
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor is a {type(executor).__name__}; one of concurrent.futures is needed, with submit().")
    # closed at once: an error would keep the generator, and what it has submitted, as long as its traceback
    with closing(_submitted(chunks, executor, ahead)) as found:
        return _in_order(found)


def _submitted(chunks: Iterable[Any], executor: Executor, ahead: int | None) -> Generator[GramStats, None, None]:
    """The statistics of chunks in their order, so many of them under way."""
    most = ahead or AHEAD * (getattr(executor, "_max_workers", None) or WORKERS)
    waiting: deque[Future[GramStats]] = deque()
    try:
        for k, chunk in enumerate(chunks):
            waiting.append(executor.submit(chunk_stats, k, chunk))
            if len(waiting) >= most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def chunk_stats(k: int, chunk: Any) -> GramStats:
    """The statistics of the k-th chunk, for engines of other kinds: what a task of `from_chunks` does.

    Parameters
    ----------
    k : int
        Which chunk this is, from 0, for errors.
    chunk : (X, y), (X, y, sample_weight), None, or a function without arguments that returns one of these
        As in `from_chunks`.

    Returns
    -------
    GramStats

    Raises
    ------
    ValueError, TypeError
        As `from_chunks`.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.distributed.chunk_stats(0, ([[1.0], [-1.0]], [2.0, -2.0]))
    GramStats(2 rows, p=1)
    """
    with in_chunk(k):
        rows = chunk() if callable(chunk) else chunk
        if rows is None:
            return GramStats()
        if not isinstance(rows, (tuple, list)) or len(rows) not in (2, 3):
            raise TypeError(
                f"it is a {type(rows).__name__}; (X, y), (X, y, sample_weight), None, or a function that returns one is needed."
            )
        return stats_of(*rows)


def stats_of(X: Any, y: Any, sample_weight: Any = None) -> GramStats:
    """Statistics of rows, of which there may be none."""
    if no_rows(X):
        nothing_beside(y, sample_weight)
        return GramStats()
    return GramStats().update(X, y, each_row(sample_weight, X))


def each_row(sample_weight: Any, X: Any) -> Any:
    """A weight, which stands for all rows of X, as one of each."""
    return np.full(X.shape[0], float(sample_weight)) if isinstance(sample_weight, Real) else sample_weight


def no_rows(X: Any) -> bool:
    """Whether X has a shape, and no rows; a frame without rows may have any dtypes."""
    shape = getattr(X, "shape", None)
    return isinstance(shape, tuple) and len(shape) > 0 and shape[0] == 0


def nothing_beside(*parts: Any) -> None:
    """Check that y, and weights, have no entries where X has no rows."""
    for part, name in zip(parts, ("y", "sample_weight"), strict=False):
        shape = (len(part),) if isinstance(part, (list, tuple)) else getattr(part, "shape", None)
        if isinstance(shape, tuple) and shape and shape[0] != 0:
            raise ValueError(f"X has 0 rows but {name} has {shape[0]} entries.")


def fold_stats(X: Any, y: Any, sample_weight: Any, label: NDArray[Any]) -> ByFold:
    """Statistics of the rows of each label.  Copies the rows of one fold at a time; of sparse X all rows once."""
    n = X.shape[0]
    labels, place = places(label, n)
    Y = _input.targets(y, n)
    weight = None if sample_weight is None else _options.row_weights(each_row(sample_weight, X), n)
    source = by_rows(X)
    order, ends = np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))
    found = {}
    for name, rows in zip(labels, np.split(order, ends[:-1]), strict=True):
        try:
            found[name] = stats_of(source[rows], Y[rows], None if weight is None else weight[rows])
        except ValueError:
            stats_of(X, Y, weight)  # says at which row of the chunk
            raise
    return found


def places(label: Any, n: int) -> tuple[list[Any], NDArray[np.intp]]:
    """Different labels in ascending order, and which of them each of n rows has."""
    label = np.asarray(label)
    if label.shape != (n,):
        raise ValueError(f"X has {n} rows but cv has shape {label.shape}; the fold of each row is needed.")
    missing = np.array([_is_missing(one) for one in label], bool) if label.dtype == object else label != label  # NaN, NaT
    if missing.any():
        row = int(np.argmax(missing))
        raise ValueError(f"cv has no fold for row {row} ({label[row]}); one for each row is needed.")
    try:
        found, place = np.unique(label, return_inverse=True)
    except TypeError:
        raise _options.labels_without_order() from None
    return found.tolist(), place


def _is_missing(label: Any) -> bool:
    """Whether it is None, NaN or pandas' NA, which is not equal to itself and not unequal."""
    same = label == label
    return label is None or not (isinstance(same, (bool, np.bool_)) and same)


def random_label(k: int, n: int, folds: int, seed: int) -> NDArray[np.intp]:
    """A fold for each of the n rows of chunk k: of any `folds` neighbours in a shuffled order, one each."""
    rng = np.random.default_rng((seed, k))
    label: NDArray[np.intp] = rng.permutation((np.arange(n) + rng.integers(folds)) % folds)
    return label


def by_rows(X: Any) -> Any:
    """An array, a sparse matrix or a pandas frame as something that gives rows for [rows]."""
    if hasattr(X, "iloc"):
        return X.iloc
    if isinstance(X, np.ndarray):
        return X  # masked or not
    design, _ = _input.design(X)
    if isinstance(design, np.ndarray):
        return design
    from fastreg import _sparse

    return _sparse.by_rows(design)


def in_chunk(k: int) -> AbstractContextManager[None]:
    """Say of which chunk an error is."""
    return where(f"In chunk {k}: ")


def merge_stats(parts: Sequence[GramStats]) -> GramStats:
    """The statistics of the rows of all parts, merged as a tree in their order, so that bits depend on the parts alone.

    Parameters
    ----------
    parts : sequence of GramStats
        Of neighbouring rows, in any number; those without rows may be among them.

    Returns
    -------
    GramStats
        The bits are those of `from_chunks` and `gram_stats` for the same chunks.

    Raises
    ------
    ValueError, TypeError
        Where columns, their names or targets of a part are not those of the parts before, and where one is no GramStats.

    Notes
    -----
    (p + t)^2/2 additions for each part.

    Examples
    --------
    >>> import fastreg as fr
    >>> parts = [fr.GramStats.from_data([[float(k)], [1.0]], [2.0, -2.0]) for k in range(20)]
    >>> fr.distributed.merge_stats(parts)
    GramStats(40 rows, p=1)
    """
    parts = list(parts)
    for k, part in enumerate(parts):
        if not isinstance(part, GramStats):
            raise TypeError(f"parts[{k}] is a {type(part).__name__}; GramStats are needed.")
    return _in_order(parts, "parts[{}]")


def _in_order(parts: Iterable[GramStats], name: str = "chunk {}") -> GramStats:
    """The tree over statistics that come one by one, each compared with those before, so that an error names the first."""
    return reduce_in_order(_alike(parts, name), merge)


def _alike(parts: Iterable[GramStats], name: str) -> Iterator[GramStats]:
    """The parts, which have the columns, their names and the targets of the first one that has any."""
    first: tuple[int, tuple[bool, int], str] | None = None
    named: tuple[tuple[str, ...], str] | None = None
    for k, part in enumerate(parts):
        place, p, names = name.format(k), part.n_features, part.feature_names
        if p > 0:
            first = first or (p, part.targets(), place)
            named = named or ((names, place) if names else None)
            with where(f"In {place}: "):
                same_columns(p, None, first[0], None, first[2])
                if named is not None:
                    same_columns(p, names, p, *named)
                same_targets(part.targets(), *first[1:])
        yield part


def merge(parts: Sequence[GramStats]) -> GramStats:
    """The statistics of neighbours, in their order."""
    return parts[0].merge(*parts[1:])


def nothing_to_fit() -> ValueError:
    """The error where all chunks are empty, or all weights 0."""
    return ValueError("X has no rows of weight > 0; at least one is needed.")


def merge_folds(parts: Sequence[ByFold]) -> ByFold:
    """Of each fold, the statistics of neighbours, which need not have rows of every fold."""
    try:
        labels = sorted({label for part in parts for label in part})
    except TypeError:
        raise _options.labels_without_order() from None
    return {label: merge([part[label] for part in parts if label in part]) for label in labels}


def merge_chunks(parts: Sequence[T], join: Callable[[list[T]], T]) -> T:
    """The tree over parts that an engine holds: the last of what `join` makes of up to 8 neighbours at a time.

    Parameters
    ----------
    parts : sequence
        What stands for the statistics of each chunk, in their order: promises, references, or statistics.
    join : function of a list of them
        Returns what stands for these, merged in their order.

    Returns
    -------
    what stands for the statistics of all
        The only part, if there is one.

    Raises
    ------
    ValueError
        Where there are no parts.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.distributed.merge_chunks(list("abcdefghij"), lambda some: "(" + "".join(some) + ")")
    '((abcdefgh)(ij))'
    """
    parts = list(parts)
    if not parts:
        raise ValueError("parts is empty; at least one is needed.")
    while len(parts) > 1:
        groups = [parts[k : k + WIDTH] for k in range(0, len(parts), WIDTH)]
        parts = [join(group) if len(group) > 1 else group[0] for group in groups]
    return parts[0]


def reduce_in_order(parts: Iterable[GramStats], join: Callable[[list[GramStats]], GramStats]) -> GramStats:
    """The same tree over parts that come one by one, of which few are kept."""
    pending: list[list[GramStats]] = []  # of each level, those that have no parent yet
    for part in parts:
        level = 0
        while True:
            if level == len(pending):
                pending.append([])
            pending[level].append(part)
            if len(pending[level]) < WIDTH:
                break
            part, pending[level] = join(pending[level]), []
            level += 1
    last: list[GramStats] = []
    for here in pending:
        here += last
        last = [join(here)] if len(here) > 1 else here
    return last[0] if last else GramStats()
