"""Arrays in the containers of other packages: data frames, Arrow columns, DLPack tensors, masked and lazy arrays.

A container is recognised by its class, which exists only where its package is imported already; nothing is imported here.
Where numpy would silently lose something (a mask, a missing value, laziness) it is refused in one sentence; names are kept.
"""

import sys
from collections.abc import Iterable
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
# DLPack device types whose memory the processor reads: its own, pinned by CUDA or ROCm, and managed by CUDA
HOST = (1, 3, 11, 13)


def array(a: Any, name: str) -> NDArray[Any]:
    """Anything but a plain ndarray as an ndarray, without a copy where a holds its numbers in one block."""
    if isinstance(a, np.ndarray):
        if np.ma.is_masked(a):
            raise ValueError(f"{name} is a masked array with masked entries; fill or drop them first.")
        return np.asarray(a)
    if _is_sparse(a):
        raise TypeError(f"{name} is a sparse {type(a).__name__}; a dense array is needed, for example {name}.toarray().")
    _refuse_lazy(a, name)
    if name == "X" and is_elsewhere(a):
        what = repr(a) if isinstance(a, (str, PathLike, list, tuple)) else f"a {type(a).__name__}"
        raise TypeError(f"X is {what}; an array is needed, or for columns somewhere else a function of fastreg.distributed.")
    if _is(a, "pandas", "DataFrame", "Series", "Index"):
        return _pandas(a, name)
    if _is(a, "polars", "DataFrame", "Series"):
        return _polars(a, name)
    if _is(a, "pyarrow", "Table", "RecordBatch", "ChunkedArray", "Array"):
        return _arrow(a, name)
    tensor = _from_dlpack(a, name) if hasattr(type(a), "__dlpack__") else None
    if tensor is not None:
        return tensor
    try:
        return np.asarray(a)
    except (RuntimeError, TypeError, ValueError) as error:
        advice = f"; pass {name}.float()" if str(getattr(a, "dtype", "")) == "torch.bfloat16" else ""
        raise TypeError(f"{name} is a {type(a).__name__} that numpy cannot turn into an array ({error}){advice}.") from None


def receiver(out: Any, name: str) -> NDArray[Any]:
    """The memory of a torch tensor as an ndarray to write to; DLPack would give one that is read-only."""
    if not _is(out, "torch", "Tensor"):
        raise TypeError(f"{name} is a {type(out).__name__}; a numpy array is needed.")
    kind = f"torch {type(out).__name__}"
    if out.requires_grad:
        raise _in_a_graph(out, name)
    if str(out.device) != "cpu":
        raise TypeError(f"{name} is a {kind} on device {out.device}; one on the CPU is needed.")
    try:
        memory: NDArray[Any] = out.numpy()
    except (RuntimeError, TypeError) as error:
        raise TypeError(f"{name} is a {kind} that numpy cannot write to ({error}).") from None
    return memory


def sparse(a: Any, name: str) -> Any:
    """The sparse matrix that a is or, as a pandas frame, holds; None where a is dense."""
    if _is_sparse(a):
        return a
    if not _is(a, "pandas", "DataFrame"):
        return None
    pandas = sys.modules["pandas"]
    compressed = [isinstance(dtype, pandas.SparseDtype) for dtype in a.dtypes]
    if not any(compressed):
        return None
    if not all(compressed):
        dense = a.columns.tolist()[compressed.index(False)]
        raise TypeError(f"{name} has sparse columns beside dense ones such as {dense!r}; all or none of them may be sparse.")
    for place, dtype in zip(_places(a.columns.tolist(), name), a.dtypes, strict=True):
        if dtype.fill_value != 0:
            raise ValueError(f"{place} is sparse with fill value {dtype.fill_value}; 0 is needed.")
    return a.sparse.to_coo()


def column_names(a: Any) -> tuple[str, ...] | None:
    """The column names of a data frame or an Arrow table, if all of them are strings."""
    if _is(a, "pandas", "DataFrame") or _is(a, "polars", "DataFrame"):
        names = a.columns
    elif _is(a, "pyarrow", "Table", "RecordBatch"):
        names = a.schema.names
    else:
        return None
    return tuple(str(name) for name in names) if all(isinstance(name, str) for name in names) else None


def numbers(objects: NDArray[Any], name: str) -> NDArray[np.float64]:
    """An array of objects as float64, where each is a real number; None, a missing entry, becomes NaN."""
    try:
        for value in objects.flat:
            # astype would parse a string, and make NaN of None even where there is nothing else
            if isinstance(value, (str, bytes)) or (value is None and objects.ndim == 0):
                raise TypeError(f"{value!r} is not a number")
        return objects.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} holds objects that are not real numbers ({error}).") from None


def _is(a: Any, package: str, *classes: str) -> bool:
    """Whether a is an instance of one of a package's classes, which it cannot be before the package is imported."""
    module = sys.modules.get(package)
    # a class is missing while the package is still being imported
    return module is not None and isinstance(a, tuple(getattr(module, name) for name in classes if hasattr(module, name)))


def _is_sparse(a: Any) -> bool:
    # asked of the class: a frame has an attribute for each of its columns
    return callable(getattr(type(a), "tocsc", None))


def _package(a: Any) -> str:
    return type(a).__module__.partition(".")[0]


def is_dask(a: Any) -> bool:
    """Whether a is a dask array, frame or series, which it cannot be before dask is imported."""
    # a Delayed or a bag has no number of dimensions
    known = "dask" in sys.modules and hasattr(a, "__dask_graph__") and _package(a) in ("dask", "dask_expr")
    return known and isinstance(getattr(a, "ndim", None), int)


def is_elsewhere(a: Any) -> bool:
    """Whether a stands for columns that are somewhere else: paths of files, or a `fastreg.distributed.WideDesign`."""
    if isinstance(a, (list, tuple)):
        return len(a) > 0 and all(isinstance(one, (str, PathLike)) for one in a)
    return isinstance(a, (str, PathLike)) or (type(a) is not np.ndarray and callable(getattr(a, "reach", None)))


def _refuse_lazy(a: Any, name: str) -> None:
    root = _package(a)
    if root in ("dask", "dask_expr") or (root == "xarray" and getattr(a, "chunks", None)):
        advice = "compute"
    elif _is(a, "polars", "LazyFrame"):
        advice = "collect"
    else:
        return
    kind = f"{root} {type(a).__name__}"
    more = ", or see fastreg.distributed" if root.startswith("dask") and name in ("X", "y", "sample_weight") else ""
    raise TypeError(f"{name} is a {kind}, which would be computed whole; pass {name}.{advice}() to agree{more}.")


def _not_numeric(place: str, dtype: Any) -> TypeError:
    return TypeError(f"{place} has dtype {dtype}; real numbers are needed.")


def _missing(place: str, missing: Any) -> ValueError:
    """The error for a column, given which of its entries are missing."""
    row = int(np.argmax(np.asarray(missing, bool)))
    return ValueError(f"{place} has a missing value at row {row}; fill or drop it first.")


def _places(names: Iterable[Any], name: str) -> list[str]:
    return [f"Column {column!r} of {name}" for column in names]


def _side_by_side(columns: Iterable[NDArray[Any]], shape: tuple[int, int], single: bool) -> NDArray[Any]:
    """Columns, one at a time, in one new block."""
    block = np.empty(shape, FLOAT32 if single else FLOAT64, order="F")
    for j, column in enumerate(columns):
        block[:, j] = column
    return block


def _pandas(a: Any, name: str) -> NDArray[Any]:
    pandas = sys.modules["pandas"]
    if isinstance(a, pandas.DataFrame):
        dtypes = list(a.dtypes)
        for j, (dtype, place) in enumerate(zip(dtypes, _places(a.columns.tolist(), name), strict=True)):
            if isinstance(dtype, pandas.SparseDtype):
                raise TypeError(f"{name} is a sparse DataFrame; a dense one is needed, for example {name}.sparse.to_dense().")
            if not _plain(dtype):
                _check_pandas(a.iloc[:, j], place)
    else:
        dtypes = [a.dtype]
        if not _plain(a.dtype):
            _check_pandas(a, name)
    # nullable and Arrow dtypes, without a missing value by now, say which numbers they hold
    single = {getattr(dtype, "numpy_dtype", dtype) for dtype in dtypes} == {FLOAT32}
    found: NDArray[Any] = a.to_numpy(dtype=FLOAT32 if single else FLOAT64)
    return found


def _plain(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf"


def _check_pandas(column: Any, place: str) -> None:
    """Refuse a column that has anything but numbers."""
    if column.dtype.kind not in "biuf" and column.dtype != object:
        raise _not_numeric(place, column.dtype)
    missing = column.isna()
    if missing.any():
        raise _missing(place, missing)
    if column.dtype == object:
        numbers(column.to_numpy(), place)


def _polars(a: Any, name: str) -> NDArray[Any]:
    polars = sys.modules["polars"]
    floats = {polars.Float32, polars.Float64}

    def check(column: Any, place: str) -> None:
        if not (column.dtype.is_numeric() or column.dtype == polars.Boolean):
            raise _not_numeric(place, column.dtype)
        if column.null_count():
            raise _missing(place, column.is_null())

    def values(column: Any) -> NDArray[Any]:
        found: NDArray[Any] = (column if column.dtype in floats else column.cast(polars.Float64)).to_numpy()
        return found

    if isinstance(a, polars.Series):
        check(a, name)
        return values(a)
    for column, place in zip(a.iter_columns(), _places(a.columns, name), strict=True):
        check(column, place)
    kinds = set(a.dtypes)
    if len(kinds) == 1 and kinds <= floats:
        block: NDArray[Any] = a.to_numpy()  # polars sees whether its columns lie one after the other
        return block
    return _side_by_side(map(values, a.iter_columns()), a.shape, False)


def _arrow(a: Any, name: str) -> NDArray[Any]:
    pyarrow = sys.modules["pyarrow"]
    types = pyarrow.types

    def values(column: Any, place: str) -> NDArray[Any]:
        if types.is_decimal(column.type):
            column = column.cast(pyarrow.float64())
        elif not any(test(column.type) for test in (types.is_floating, types.is_integer, types.is_boolean)):
            raise _not_numeric(place, column.type)
        if column.null_count:
            raise _missing(place, column.is_null().to_numpy(zero_copy_only=False))
        found: NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return found

    if isinstance(a, (pyarrow.Array, pyarrow.ChunkedArray)):
        return values(a, name)
    single = {field.type for field in a.schema} == {pyarrow.float32()}
    return _side_by_side(map(values, a.columns, _places(a.schema.names, name)), a.shape, single)


def _in_a_graph(a: Any, name: str) -> TypeError:
    kind = f"{_package(a)} {type(a).__name__}"
    return TypeError(f"{name} is a {kind} that requires grad; pass {name}.detach(), which has the same memory.")


def _from_dlpack(a: Any, name: str) -> NDArray[Any] | None:
    """A tensor without a copy; None where numpy does not know its dtype or version of the protocol."""
    kind = f"{_package(a)} {type(a).__name__}"
    if getattr(a, "requires_grad", False):
        raise _in_a_graph(a, name)
    try:
        device = int(a.__dlpack_device__()[0])
    except (BufferError, RuntimeError, TypeError, ValueError) as error:  # torch's device "meta", which has no numbers
        raise TypeError(f"{name} is a {kind} on a device that numpy cannot read ({error}); move it to the CPU first.") from None
    if device not in HOST:
        raise TypeError(f"{name} is a {kind} on another device (DLPack type {device}); move it to the CPU first.")
    try:
        return np.from_dlpack(a)
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError):
        return None
