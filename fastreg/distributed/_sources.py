"""Columns of X in files, and in arrays that are read piece by piece: .npy of either order, Parquet, Zarr and the like.

A source gives a range of columns, or some, as an array in memory; it must not know what they are for.  zarr and pyarrow are
imported by what needs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign, _input
from fastreg._streams import NpyFile, data_columns, parquet_file

Indices = NDArray[np.intp]
PIECE = 2_000_000  # bytes of rows that are read at once


class Source(Protocol):
    """An X of shape (n, p) whose columns are read as they are asked for, from several threads."""

    @property
    def label(self) -> str:
        """What messages call it."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)"""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of what is read."""
        ...

    @property
    def together(self) -> int:
        """How many columns are stored together."""
        ...

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the columns, if they have any."""
        ...

    def read(self, begin: int, end: int) -> NDArray[Any]:
        """Columns begin .. end - 1."""
        ...

    def take(self, columns: Indices) -> NDArray[Any]:
        """Some columns, ascending, near one another."""
        ...

    def pieces(self, begin: int, end: int) -> Iterator[tuple[int, NDArray[Any]]] | None:
        """(i, rows i .. of columns begin .. end - 1), each until the next is asked for, where rows lie together; else None."""
        ...


def source(X: Any, label: str = "X") -> Source:
    """The source that serves X: a path, an array, or a list of them side by side."""
    if isinstance(X, (list, tuple)) and len(X) and all(isinstance(x, (str, PathLike)) or hasattr(x, "shape") for x in X):
        return SideBySide([source(x, f"{label}[{k}]") for k, x in enumerate(X)])
    if isinstance(X, (str, PathLike)):
        return _file(X)
    if _foreign.is_dask(X):
        raise TypeError(f"{label} is a dask collection, which reads its chunks anew for every block; DaskColumns(X) is needed.")
    slices = all(hasattr(X, name) for name in ("shape", "dtype", "__getitem__"))
    if not slices or hasattr(X, "tocsc"):  # a sparse X is in memory anyway
        what = f"a {type(X).__name__}" if not isinstance(X, (list, tuple)) or len(X) else "empty"
        raise TypeError(
            f"{label} is {what}; the path of a .npy, .parquet or .zarr file, an array to be read by [:, begin:end], or a list "
            "of them side by side is needed."
        )
    return ArrayColumns(X, label)


def _file(path: str | PathLike[str]) -> Source:
    suffix = Path(path).suffix.lower()
    if suffix in (".parquet", ".pq"):
        return ParquetColumns(path)
    if suffix == ".zarr":
        return ArrayColumns(_open_zarr(path), fspath(path))
    if suffix in (".h5", ".hdf5"):
        raise ValueError(
            f"{fspath(path)} is an HDF5 file, which may hold several arrays; LocalColumns(h5py.File(path)[name]) is needed."
        )
    return NpyColumns(path)


def _open_zarr(path: Any) -> Any:
    try:
        import zarr
    except ImportError:
        raise ImportError("zarr arrays need zarr, which is not installed: pip install zarr") from None
    try:
        return zarr.open_array(fspath(path), mode="r")
    except Exception as error:  # each version of zarr has classes of its own
        advice = "of an array in a group pass zarr.open_group(path)[name]"
        raise ValueError(f"{fspath(path)} is not a Zarr array that can be read ({error}); {advice}.") from error


def _checked(label: str, shape: Any) -> tuple[int, int]:
    if len(shape) != 2 or 0 in shape:
        raise ValueError(f"{label} has shape {tuple(shape)}; a 2-d array with at least one row and one column is needed.")
    return int(shape[0]), int(shape[1])


class NpyColumns(NpyFile):
    """A .npy file.  It is read and not mapped: a mapped page counts as memory of the process until it is needed elsewhere.

    Of C order a range of columns is a piece of each row; some of them cost what the range does."""

    together, names = 1, None
    shape: tuple[int, int]

    def __init__(self, path: str | PathLike[str]) -> None:
        super().__init__(path)
        self.label = self.path
        self.shape = _checked(self.path, self.shape)

    def pieces(self, begin: int, end: int) -> Iterator[tuple[int, NDArray[Any]]] | None:
        return None if self.by_columns else self._rows(begin, end)

    def _rows(self, begin: int, end: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """One buffer for all of them."""
        n, p = self.shape
        step = min(n, max(1, PIECE // ((end - begin) * self.dtype.itemsize)))
        block = np.empty((step, end - begin), self.dtype)
        with open(self.path, "rb", buffering=0) as file:
            for i in range(0, n, step):
                some = block[: min(step, n - i)]
                for k, row in enumerate(some):
                    self._read(file, (i + k) * p + begin, row)
                yield i, some

    def read(self, begin: int, end: int) -> NDArray[Any]:
        if not self.by_columns:
            return self.take(np.arange(begin, end))
        columns = np.empty((end - begin, self.shape[0]), self.dtype)
        with open(self.path, "rb") as file:
            self._read(file, begin * self.shape[0], columns)
        return columns.T

    def take(self, columns: Indices) -> NDArray[Any]:
        if not self.by_columns:
            begin, chosen = int(columns[0]), np.empty((self.shape[0], columns.size), self.dtype)
            for i, rows in self._rows(begin, int(columns[-1]) + 1):
                chosen[i : i + len(rows)] = rows[:, columns - begin]
            return chosen
        out = np.empty((columns.size, self.shape[0]), self.dtype)
        with open(self.path, "rb") as file:
            for j, column in zip(columns.tolist(), out, strict=True):
                self._read(file, j * self.shape[0], column)
        return out.T


class ArrayColumns:
    """Anything with shape and dtype that gives columns for [:, begin:end]: an ndarray or memmap, of which nothing is copied, a
    Zarr array, an HDF5 data set."""

    names = None

    def __init__(self, X: Any, label: str) -> None:
        self.X, self.label, self.dtype = X, label, np.dtype(X.dtype)
        if self.dtype.kind not in "biuf":
            raise TypeError(f"{label} has dtype {self.dtype}; real numbers are needed.")
        self.shape = _checked(label, X.shape)
        chunks = getattr(X, "chunks", None)
        self.together = int(chunks[1]) if isinstance(chunks, tuple) and len(chunks) == 2 and isinstance(chunks[1], int) else 1

    def read(self, begin: int, end: int) -> NDArray[Any]:
        block = self.X[:, begin:end]
        return block if isinstance(block, np.ndarray) else np.asarray(block)  # a mask is seen by who looks at the entries

    def take(self, columns: Indices) -> NDArray[Any]:
        # a fancy index would be read in ways of their own by Zarr and HDF5, one by one by the latter
        return self.read(int(columns[0]), int(columns[-1]) + 1)[:, columns - columns[0]]

    def pieces(self, begin: int, end: int) -> None:
        return None


class ParquetColumns:
    """The columns of a Parquet file, or those that are named, in this order; all rows of some columns are decoded at a time.

    Of a file by pandas its index is no column unless it is named."""

    together = 1

    def __init__(self, path: Any, columns: Sequence[str] | None = None) -> None:
        self.label, self.path, self.file = fspath(path), path, parquet_file(path)
        schema = self.file.schema_arrow
        count, kinds = Counter(schema.names), dict(zip(schema.names, map(str, schema.types), strict=True))
        self.names = tuple(data_columns(self.file) if columns is None else columns)
        for name, times in Counter(self.names).items():
            if count[name] != 1 or times != 1:
                raise ValueError(f"{path} has {count[name]} columns {name!r}; one is needed, and asked for once.")
        self.shape = _checked(self.label, (self.file.metadata.num_rows, len(self.names)))
        self.dtype = np.dtype(np.float32 if {kinds[name] for name in self.names} == {"float"} else np.float64)
        self.lock = Lock()  # a reader is not for several threads

    def __reduce__(self) -> tuple[Any, ...]:
        return ParquetColumns, (self.path, self.names)

    def read(self, begin: int, end: int) -> NDArray[Any]:
        return self._named(self.names[begin:end])

    def take(self, columns: Indices) -> NDArray[Any]:
        return self._named([self.names[j] for j in columns.tolist()])

    def _named(self, names: Sequence[str]) -> NDArray[Any]:
        out = np.empty((self.shape[0], len(names)), self.dtype, order="F")
        with self.lock:
            table = self.file.read(columns=list(names), use_threads=False)
        place = {name: k for k, name in enumerate(names)}
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.null_count:
                row = int(np.argmax(column.is_null().to_numpy()))
                raise ValueError(f"Column {name!r} of {self.label} has a missing value at row {row}; fill or drop it first.")
            out[:, place[name]] = _input.real_array(column.to_numpy(), f"Column {name!r} of {self.label}")
        return out

    def pieces(self, begin: int, end: int) -> None:
        return None


class SideBySide:
    """Several sources of as many rows, the columns of one after those of another."""

    def __init__(self, parts: Sequence[Source]) -> None:
        self.parts = parts
        for part in parts:
            if part.shape[0] != parts[0].shape[0]:
                raise ValueError(f"{parts[0].label} has {parts[0].shape[0]} rows but {part.label} has {part.shape[0]}.")
        self.starts = np.cumsum([0, *(part.shape[1] for part in parts)])
        self.label = f"{parts[0].label} and {len(parts) - 1} more" if len(parts) > 1 else parts[0].label
        self.shape = parts[0].shape[0], int(self.starts[-1])
        self.dtype = np.result_type(*(part.dtype for part in parts))
        self.together = 1  # each part has its own
        names = [name for part in parts for name in part.names or ()]
        self.names = tuple(names) if len(set(names)) == self.shape[1] else None

    def _part(self, column: int) -> tuple[Source, int]:
        """The source of a column, and the number of its first one."""
        k = int(np.searchsorted(self.starts, column, side="right")) - 1
        return self.parts[k], int(self.starts[k])

    def read(self, begin: int, end: int) -> NDArray[Any]:
        part, first = self._part(begin)
        return part.read(begin - first, end - first)

    def take(self, columns: Indices) -> NDArray[Any]:
        part, first = self._part(int(columns[0]))
        return part.take(columns - first)

    def pieces(self, begin: int, end: int) -> Iterator[tuple[int, NDArray[Any]]] | None:
        part, first = self._part(begin)
        return part.pieces(begin - first, end - first)
