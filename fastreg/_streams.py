"""Data on disk as chunks of rows that take a bounded part of memory: .npy files in either order, and parquet files.

Knows files and their sentences; must not know what the rows are for.  pyarrow is imported by what needs it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fastreg import _input
from fastreg._where import where

Chunk = tuple[int, Any, NDArray[Any]]  # the number of its first row, X and y
BUFFER = 64_000_000


class NpyFile:
    """The array in a .npy file, read by rows and never as a whole.  ndim is 1 or 2."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = fspath(path)
        with open(self.path, "rb") as file:
            try:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                self.shape, self.by_columns, self.dtype = read(file)
            except ValueError as error:
                raise ValueError(f"{self.path} is not a .npy file that can be read ({error}).") from None
            self.start = file.tell()
        if self.dtype.kind not in "biuf":
            raise TypeError(f"{self.path} has dtype {self.dtype}; real numbers are needed.")
        if len(self.shape) not in (1, 2):
            raise ValueError(f"{self.path} has shape {self.shape}; a 1-d or 2-d array is needed.")
        self.width = self.shape[1] if len(self.shape) == 2 else 1

    @property
    def row_bytes(self) -> int:
        """What a row takes: as it is, without a column, and in float64."""
        return self.width * (2 * self.dtype.itemsize + 8)

    def rows(self, file: BinaryIO, begin: int, end: int) -> NDArray[Any]:
        """Rows begin .. end - 1, in the order of the file."""
        if not self.by_columns or len(self.shape) == 1:
            block = np.empty((end - begin, *self.shape[1:]), self.dtype)
            self._read(file, begin * self.width, block)
            return block
        columns = np.empty((self.width, end - begin), self.dtype)
        for j, column in enumerate(columns):
            self._read(file, j * self.shape[0] + begin, column)
        return columns.T

    def _read(self, file: BinaryIO, item: int, out: NDArray[Any]) -> None:
        """Fill out, C order, from this item of the file on."""
        file.seek(self.start + item * self.dtype.itemsize)
        if out.nbytes and file.readinto(out.reshape(-1).view(np.uint8)) != out.nbytes:  # type: ignore[attr-defined]
            raise ValueError(f"{self.path} ends before its last number; {self.shape} of {self.dtype} are needed.")


def npy_chunks(X_path: Any, y: Any, buffer: int) -> tuple[int, Iterator[Chunk]]:
    """(n, chunks) of a .npy file and y: an array, the path of another .npy file, or a column of the first."""
    X = NpyFile(X_path)
    if len(X.shape) != 2 or min(X.shape) < 1:
        raise ValueError(f"{X.path} has shape {X.shape}; a 2-d array with at least one row and one column is needed.")
    n = X.shape[0]
    inside = isinstance(y, (int, np.integer)) and not isinstance(y, bool)
    other = NpyFile(y) if isinstance(y, (str, PathLike)) else None
    if inside and not -X.width <= y < X.width:
        raise ValueError(f"y is column {y} of {X.path}, which has {X.width} columns.")
    if inside and X.width == 1:
        raise ValueError(f"y is the only column of {X.path}; one more is needed.")
    if other is not None and other.shape[0] != n:
        raise ValueError(f"{X.path} has {n} rows but {other.path} has {other.shape[0]}.")
    whole = None if inside or other is not None else _input.targets(y, n)
    step = rows_at_once(buffer, X.row_bytes + (other.row_bytes if other is not None else 0))

    def chunks() -> Iterator[Chunk]:
        with open(X.path, "rb") as file, open(X.path if other is None else other.path, "rb") as beside:
            for i in range(0, n, step):
                end = min(i + step, n)
                block = X.rows(file, i, end)
                if inside:
                    yield i, np.delete(block, y, axis=1), block[:, y]
                else:
                    yield i, block, whole[i:end] if other is None else other.rows(beside, i, end)  # type: ignore[index]

    return n, chunks()


def parquet_file(path: Any) -> Any:
    """pyarrow's ParquetFile."""
    try:
        from pyarrow import lib, parquet  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise ImportError("parquet files need pyarrow, which is not installed: pip install pyarrow") from None
    try:
        return parquet.ParquetFile(path)
    except lib.ArrowInvalid as error:
        raise ValueError(f"{fspath(path)} is not a parquet file that can be read ({error}).") from None


def data_columns(file: Any) -> list[str]:
    """The names of the columns, without those in which pandas keeps its index."""
    schema = file.schema_arrow
    index = {name for name in (schema.pandas_metadata or {}).get("index_columns", ()) if isinstance(name, str)}
    return [name for name in schema.names if name not in index]


def parquet_chunks(
    path: Any, target: str | Sequence[str], columns: Sequence[str] | None, weight: str | None, buffer: int
) -> Iterator[tuple[int, Any, Any, Any]]:
    """(number of the first row, X, y, weights or None) of a parquet file, X a pyarrow RecordBatch and so y for several targets.

    Row groups are decoded by batches of rows; what the file compressed into one page is decoded at once.
    """
    targets = [target] if isinstance(target, str) else list(target)
    with parquet_file(path) as file:
        names, count = data_columns(file), Counter(file.schema_arrow.names)
        others = [*targets, *([] if weight is None else [weight])]
        wanted = [name for name in names if name not in others] if columns is None else list(columns)
        for name in [*others, *wanted]:
            if count[name] != 1:
                some = ", ".join(map(repr, names[:8])) + (f", ... ({len(names)} in all)" if len(names) > 8 else "")
                raise ValueError(f"{path} has {count[name]} columns {name!r}; one is needed, and its columns are {some}.")
        if not wanted or set(wanted) & set(others):
            raise ValueError(f"columns are {wanted!r} beside {others!r}; at least one is needed that is not among the others.")
        step = rows_at_once(buffer, 3 * 8 * (len(wanted) + len(others)))  # decoded, as a batch, and side by side
        start = 0
        for batch in file.iter_batches(batch_size=step, columns=[*wanted, *others], use_threads=False):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                if column.null_count:
                    row = start + int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
                    raise ValueError(f"Column {name!r} of {path} has a missing value at row {row}; fill or drop it first.")
            y = batch.column(target) if isinstance(target, str) else batch.select(targets)
            yield start, batch.select(wanted), y, None if weight is None else batch.column(weight)
            start += batch.num_rows


def rows_at_once(buffer: int, row_bytes: int) -> int:
    """How many rows fit; at least one."""
    return max(1, buffer // row_bytes)


@contextmanager
def in_rows(path: Any, start: int) -> Iterator[None]:
    """Say of which rows of a file an error is."""
    with where(after=f" (In rows of {fspath(path)}, counted from row {start}.)"):
        yield
