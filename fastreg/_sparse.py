"""Sparse X of any format as compressed columns in which nothing is left to check.

    CSC                    its own arrays, converted only where a kernel could not read them
    CSR                    checked as it is, then transposed by scipy
    COO, LIL, DOK, ...     by a new COO, whose indices scipy compares with the shape
    of other classes       by their own tocsc(), then like CSC

scipy's C code believes every index, and the attributes of a matrix can be set to anything: it only gets what was checked here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._input import Csc
from fastreg.kernels import _csc

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
BY_TRIPLETS = ("coo", "lil", "dok", "bsr", "dia")
# what _csc.inspect may find
FAULTS = (BAD_START, DECREASE, TOO_LONG, OUTSIDE, NOT_FINITE) = range(1, 6)

MOST_ROWS = 2**31 - 1  # kernels keep the places of a few columns as int32


def columns(X: Any, name: str) -> Csc:
    """X, which has two dimensions, as compressed columns: finite, one entry per row and column, rows in any order."""
    form = getattr(X, "format", None)
    if X.shape[0] > MOST_ROWS:
        raise ValueError(f"{name} is sparse with {X.shape[0]} rows; at most {MOST_ROWS} are taken.")
    if form == "csr":
        csc = operator(X, name).tocsc()
        return Csc(csc.data, csc.indices, csc.indptr, csc.shape)
    shape = X.shape
    if form in BY_TRIPLETS and hasattr(X, "tocoo"):
        X = _from_triplets(X, name)
    elif form != "csc":
        X = _by_itself(X, name)
    return Csc(*_checked(X, name, 1, shape), shape)


def operator(X: Any, name: str) -> Any:
    """X, which has two dimensions, as a scipy array to multiply with: CSR where X is, else CSC."""
    from scipy.sparse import csc_array, csr_array  # X comes from there

    if getattr(X, "format", None) == "csr":
        return csr_array(_checked(X, name, 0, X.shape), shape=X.shape)
    csc = columns(X, name)
    return csc_array((csc.data, csc.indices, csc.indptr), shape=csc.shape)


def by_columns(X: Csc) -> Any:
    """A checked X as a scipy array, not copied."""
    from scipy.sparse import csc_array

    end = X.indptr[-1]
    return csc_array((X.data[:end], X.indices[:end], X.indptr), shape=X.shape)


def by_rows(X: Csc) -> Any:
    """A checked X as a scipy array of compressed rows: a copy."""
    return by_columns(X).tocsr()


def _from_triplets(X: Any, name: str) -> Any:
    from scipy.sparse import coo_array

    with _conversion(X, name):
        lengths = [[len(entries) for entries in lists] for lists in (X.rows, X.data)] if X.format == "lil" else []
        if any(found != lengths[0] or len(found) != X.shape[0] for found in lengths):  # scipy writes past the end of these
            raise ValueError(f"{name}.rows and {name}.data do not hold as many entries")
        given = X.tocoo(copy=False)
    data, row, col = _numbers(given.data, name), _integers(given.row, f"{name}.row"), _integers(given.col, f"{name}.col")
    with _conversion(X, name):
        return coo_array((data, (row, col)), shape=X.shape).tocsc()


def _by_itself(X: Any, name: str) -> Any:
    with _conversion(X, name):
        csc = X.tocsc()
    if getattr(csc, "format", None) != "csc" or tuple(csc.shape) != tuple(X.shape):
        raise TypeError(f"{name} is a {type(X).__name__} whose tocsc() gives a {type(csc).__name__}; a CSC matrix is needed.")
    return csc


@contextmanager
def _conversion(X: Any, name: str) -> Iterator[None]:
    try:
        yield
    except (IndexError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is a {type(X).__name__} that cannot be converted to CSC ({error}).") from None


def _checked(X: Any, name: str, axis: int, shape: tuple[int, int]) -> Arrays:
    """data, indices and indptr of X compressed along an axis (1: columns, 0: rows), in order and without duplicates."""
    size, others = shape[axis], shape[1 - axis]
    data = _numbers(X.data, name)
    indices, indptr = _integers(X.indices, f"{name}.indices"), _integers(X.indptr, f"{name}.indptr")
    if len(indices) != len(data):
        raise ValueError(f"{name}.indices has {len(indices)} entries but {name}.data has {len(data)}.")
    if len(indptr) != size + 1:
        raise ValueError(
            f"{name}.indptr has {len(indptr)} entries; {size + 1} are needed for {size} {('rows', 'columns')[axis]}."
        )
    if indices.dtype != indptr.dtype:
        indices, indptr = indices.astype(np.int64, copy=False), indptr.astype(np.int64, copy=False)
    fault, j, k, duplicates = _csc.inspect(data, indices, indptr, others)
    if fault:
        raise _error(fault, j, k, (data, indices, indptr), name, axis, others)
    if duplicates:
        summed = np.empty_like(data), np.empty_like(indices), np.empty_like(indptr)
        m = _csc.sum_duplicates(data, indices, indptr, others, *summed)
        data, indices, indptr = summed[0][:m], summed[1][:m], summed[2]
        if not np.isfinite(data).all():
            raise ValueError(f"{name} has duplicate entries whose sum leaves the range of {data.dtype}; rescale them.")
    return data, indices, indptr


def csc_array(columns: Any) -> Any:
    """Checked columns as a scipy matrix, which shares their memory."""
    from scipy.sparse import csc_array as scipy_array

    end = columns.indptr[-1]
    return scipy_array((columns.data[:end], columns.indices[:end], columns.indptr), shape=columns.shape)


def _error(fault: int, j: int, k: int, arrays: Arrays, name: str, axis: int, others: int) -> ValueError:
    """The error for a fault at column (or row) j and entry k."""
    data, indices, indptr = arrays
    one, other = ("row", "column") if axis == 0 else ("column", "row")
    if fault == BAD_START:
        return ValueError(f"{name}.indptr starts with {indptr[0]}; 0 is needed.")
    if fault == DECREASE:
        return ValueError(f"{name}.indptr[{j + 1}] is {indptr[j + 1]}; at least {indptr[j]}, the entry before it, is needed.")
    if fault == TOO_LONG:
        return ValueError(f"{name}.indptr[{j + 1}] is {indptr[j + 1]} but {name}.indices has {len(indices)} entries.")
    if fault == OUTSIDE:
        return ValueError(f"{name}.indices[{k}] is {indices[k]} in {one} {j}; a {other} from 0 to {others - 1} is needed.")
    row, column = (j, indices[k]) if axis == 0 else (indices[k], j)
    return ValueError(f"{name} holds {_input.spelled(data[k])} at row {row}, column {column}; finite numbers are needed.")


def _numbers(data: Any, name: str) -> NDArray[Any]:
    """The data of a sparse matrix as a contiguous float32 or float64 array; not copied if it is one already."""
    if isinstance(data, np.ndarray) and data.dtype.kind == "O":
        raise TypeError(f"{name} has dtype object; real numbers are needed.")
    array = _input.real_array(data, name)
    return np.ascontiguousarray(_one_dimensional(array, f"{name}.data"))


def _integers(indices: Any, name: str) -> NDArray[Any]:
    """An index array as a contiguous int32 or int64 array; not copied if it is one already."""
    array = _one_dimensional(np.asarray(indices), name)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}; integers are needed.")
    small = array.dtype.itemsize < 4 or array.dtype == np.int32
    # an entry that int64 does not hold becomes negative, which no index may be
    return np.require(array, np.int32 if small else np.int64, ["C", "A"])


def _one_dimensional(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; a 1-d array is needed.")
    return array
