"""A wide X on this machine, read by blocks of columns: `LocalColumns`, the `WideDesign` of files and arrays.

A block is read, multiplied by the kernels that serve an X in memory, and forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._where import where
from fastreg.distributed._by_rows import moments_by_rows, reach_by_rows
from fastreg.distributed._protocol import Floats, Indices, Question, block_moments, part_reach, side_by_side
from fastreg.distributed._sources import SideBySide, Source, source

BUFFER = 16_000_000
ROUND = 32  # residuals, as many as most questions are about
T = TypeVar("T")


class LocalColumns:
    """Columns of X on this machine, in files or in anything that is read by slices of columns, as a `WideDesign`.

    Parameters
    ----------
    X : path, array, or a list of them
        The path of a .npy file (either order), of a Parquet file, or of a Zarr array (a folder .zarr); a Zarr array, an HDF5
        data set, an ndarray or a memmap of shape (n, p); or a list of such, side by side.  A .npy file is better given by its
        path than as a memmap: it is read into one block after another, while pages of a map count as memory of the process
        until the system needs it.  Integers and booleans are converted block by block; float32 is summed in float64.  Of a
        Parquet file that pandas wrote, its index is no column.
    buffer : int
        Bytes of a block, with what integers become in float64.  Of a Zarr or HDF5 array at least the columns of one chunk
        are read at once, with all rows.  Of a file in C order each row of a block is a read of its own: there, a large one
        is faster.
    n_threads : int
        Blocks that are read and multiplied at a time, each with a buffer.  The result does not depend on it.

    Attributes
    ----------
    shape : tuple of two int
    dtype : dtype
        Of what is stored; of Parquet float32 where all columns are, else float64.
    feature_names : tuple of p str, or None
        The columns of Parquet, if no two of files side by side have the same.

    Notes
    -----
    Fortran order is best: of it, some columns cost what they are; of C order, and of chunks, what lies between them as
    well.  Rows of a .npy file in C order are read one after another, and products summed over them by numpy.  A pass takes
    about as long as reading: with 32 residuals the kernels multiply 5 GB of X per second and thread.

    Examples
    --------
    >>> import numpy as np, fastreg as fr, os, tempfile
    >>> rng = np.random.default_rng(0)
    >>> X = np.asfortranarray(rng.standard_normal((50, 1000)))
    >>> y = X[:, :3].sum(axis=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "X.npy")
    ...     np.save(path, X)
    ...     fit = fr.distributed.lasso(fr.distributed.LocalColumns(path), y, alpha=0.3)
    >>> fit.support
    array([0, 1, 2])
    """

    def __init__(self, X: Any, *, buffer: int = BUFFER, n_threads: int = 1) -> None:
        self._source = source(X)
        self.shape, self.dtype, self.feature_names = self._source.shape, self._source.dtype, self._source.names
        self.n_threads = _input.count(n_threads, "n_threads")
        self._buffer = _input.byte_count(buffer, "buffer")
        self._blocks = self._blocks_for(ROUND)

    def __repr__(self) -> str:
        n, p = self.shape
        return f"LocalColumns({self._source.label}, n={n}, p={p}, {self.dtype}, {len(self._blocks)} blocks)"

    def moments(self, y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
        """(|x~_j|, x~_j'y); see `WideDesign`.

        Parameters
        ----------
        y, root, center
            As in `WideDesign`.

        Returns
        -------
        (norms, products), each an ndarray of shape (p,)
        """

        def one(begin: int, end: int) -> tuple[Floats, Floats]:
            pieces = self._source.pieces(begin, end)
            if pieces is None:
                return block_moments(self._source.read(begin, end), range(begin, end), y, root, center)
            norms, products, tiny = moments_by_rows(pieces, begin, end - begin, y, root, center)
            if tiny.any():
                places = begin + np.flatnonzero(tiny)
                norms[tiny] = block_moments(self._source.take(places), places.tolist(), y, root, center)[0]
            return norms, products

        norms, products = np.empty(self.shape[1]), np.empty(self.shape[1])
        for (begin, end), found in zip(self._blocks, self._each(one, self._blocks), strict=True):
            norms[begin:end], products[begin:end] = found
        return norms, products

    def reach(self, question: Question) -> tuple[Indices, Floats]:
        """The columns that reach a limit, and their products; see `WideDesign`.

        Parameters
        ----------
        question : Question

        Returns
        -------
        (indices, products), ndarrays of shape (k,) and (t, k)
        """

        def one(begin: int, end: int) -> tuple[Indices, Floats]:
            part = question.part(begin, end)
            assert part is not None  # as `asked` leaves them out
            pieces = self._source.pieces(begin, end)
            if pieces is not None:
                return reach_by_rows(part, pieces, begin, end)
            return part_reach(part, begin, end, lambda: self._source.read(begin, end), self._source.take)

        asked = [block for block in self._blocks_for(len(question.residuals)) if question.part(*block) is not None]
        return side_by_side(list(self._each(one, asked)), len(question.residuals))

    def columns(self, indices: Indices) -> NDArray[Any]:
        """The columns of these indices, in their order.

        Parameters
        ----------
        indices : ndarray of shape (k,)

        Returns
        -------
        ndarray of shape (n, k), Fortran order
            Float32 if X is, else float64.
        """
        dtype = np.float32 if self.dtype == np.float32 else np.float64
        out = np.empty((self.shape[0], indices.size), dtype, order="F")
        order = np.argsort(indices, kind="stable")
        ascending = indices[order]

        def one(begin: int, end: int) -> None:
            i, k = np.searchsorted(ascending, [begin, end])
            out[:, order[i:k]] = self._source.take(ascending[i:k])

        starts = np.array([begin for begin, _ in self._blocks])
        held = np.unique(np.searchsorted(starts, ascending, side="right") - 1)
        for _ in self._each(one, [self._blocks[k] for k in held.tolist()]):
            pass
        return out

    def _blocks_for(self, t: int) -> list[tuple[int, int]]:
        """The blocks for a question about t residuals."""
        return list(_blocks(self._source, self._buffer, max(t, ROUND)))

    def _each(self, one: Callable[[int, int], T], blocks: list[tuple[int, int]]) -> Iterator[T]:
        """What `one` gives for each block, in their order."""

        def named(block: tuple[int, int]) -> T:
            with in_columns(self._source.label, *block):
                return one(*block)

        if self.n_threads == 1 or len(blocks) < 2:
            yield from map(named, blocks)
            return
        pool = ThreadPoolExecutor(min(self.n_threads, len(blocks)))
        try:
            yield from pool.map(named, blocks)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def design_of(X: Any) -> Any:
    """X, or where it is a path, or a list of them, the columns of the files."""
    return LocalColumns(X) if isinstance(X, (str, PathLike, list, tuple)) else X


def _blocks(X: Source, buffer: int, t: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """(begin, end) of blocks of about so many bytes, of whole chunks, none across two parts that lie side by side.

    Where rows lie together, a block is not read as a whole: what takes its place are products with t residuals."""
    if isinstance(X, SideBySide):
        for part, first in zip(X.parts, X.starts.tolist(), strict=False):
            yield from _blocks(part, buffer, t, start + first)
        return
    n, p = X.shape
    entry = X.dtype.itemsize if X.dtype.kind == "f" and X.dtype.itemsize in (4, 8) else X.dtype.itemsize + 8  # converted
    column = n * entry if X.pieces(0, 1) is None else 8 * t
    step = max(1, buffer // (column * X.together)) * X.together
    for begin in range(0, p, step):
        yield start + begin, start + min(begin + step, p)


@contextmanager
def in_columns(label: str, begin: int, end: int) -> Iterator[None]:
    """Say of which columns an error is."""
    with where(after=f" (In columns {begin} to {end - 1} of {label}.)"):
        yield
