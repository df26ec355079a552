"""Every check of data and options, and every message about them.

A check returns its argument in the form that the rest of the package relies on, without a copy where the argument already
has it, or raises one sentence that names the argument, what came and what is needed: ValueError for values and shapes,
TypeError for types.  What is particular to other packages' containers and to sparse X, sentences included, is found in
_foreign.py and _sparse.py, which are used from here alone.
"""

import operator
import reprlib
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign

Floats = NDArray[np.float64]
FLOAT64 = np.dtype(np.float64)
FLOAT32 = np.dtype(np.float32)
MOST_ALPHAS = 1_000_000
INFINITY = float(np.inf)


class Csc(NamedTuple):
    """Compressed sparse columns: column j has data[k] in row indices[k] for k from indptr[j] to indptr[j + 1].

    All three are 1-d and contiguous, data float32 or float64 and finite, indices and indptr both int32 or both int64.  No row
    comes twice in a column, but rows need not be sorted; entries from indptr[-1] on mean nothing.
    """

    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]
    shape: tuple[int, int]


def real_array(a: Any, name: str) -> NDArray[Any]:
    """a as an aligned float32 or float64 array of native byte order and whole strides; not copied if it is one already."""
    array: NDArray[Any] = a if type(a) is np.ndarray else _foreign.array(a, name)
    flags = array.flags
    if array.dtype is FLOAT64 and flags.aligned and flags.forc:  # what most arrays are, at once
        return array
    if array.dtype != FLOAT64 and array.dtype != FLOAT32:
        kind = array.dtype.kind
        if kind == "c":
            raise TypeError(f"{name} is complex ({array.dtype}); real numbers are needed.")
        if kind == "O":
            array = _foreign.numbers(array, name)
        elif kind == "U" and name in ("y", "sample_weight") and isinstance(a, str):
            what = "names of columns are for dask frames, in fastreg.distributed"
            raise TypeError(f"{name} is {reprlib.repr(a)}; real numbers are needed, as {what}.")
        elif kind not in "biuf":
            raise TypeError(f"{name} has dtype {array.dtype}; real numbers are needed.")
        elif array.dtype.itemsize == 4 and kind == "f":
            array = array.astype(np.float32)
        else:
            array = array.astype(np.float64)
    if not array.flags.aligned or not array.dtype.isnative or any(s % array.itemsize for s in array.strides):
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def matrix(X: Any, name: str = "X") -> NDArray[Any]:
    """X as a float32 or float64 array of shape (n, p), n >= 1 and p >= 1, in any layout; entries are not looked at."""
    array = real_array(X, name)
    if array.ndim != 2 or 0 in array.shape:
        raise _no_matrix(array.shape, name)
    return array


def design(X: Any) -> tuple[Any, tuple[str, ...] | None]:
    """X of any kind, shape (n, p), n and p >= 1, as `matrix` gives it or a Csc, and the names of its columns if it has any.

    Entries are looked at where X is sparse."""
    if type(X) is np.ndarray:
        return matrix(X), None
    names, sparse = _foreign.column_names(X), _foreign.sparse(X, "X")
    if sparse is None:
        return matrix(X), names
    shape = tuple(getattr(sparse, "shape", ()))
    if len(shape) != 2 or 0 in shape:
        raise _no_matrix(shape, "X")
    from fastreg import _sparse

    return _sparse.columns(sparse, "X"), names


def _no_matrix(shape: tuple[int, ...], name: str) -> ValueError:
    if len(shape) != 2:
        dimensions = f"{len(shape)} dimension{'s' * (len(shape) != 1)}"
        return ValueError(f"{name} has {dimensions} (shape {shape}); a 2-d array (rows, columns) is needed.")
    return ValueError(f"{name} is empty (shape {shape}); at least one row and one column are needed.")


def target(y: Any, n: int) -> NDArray[Any]:
    """y as a float32 or float64 array of shape (n,); entries are not looked at."""
    array = real_array(y, "y")
    if array.ndim != 1:
        advice = "; pass y.ravel()" if array.ndim == 2 and 1 in array.shape else ""
        raise ValueError(f"y has shape {array.shape}; a 1-d array of {n} entries is needed{advice}.")
    return _rows_of(array, n)


def targets(y: Any, n: int) -> NDArray[Any]:
    """y as a float32 or float64 array of shape (n,) or (n, t), t >= 1; entries are not looked at."""
    array = real_array(y, "y")
    if array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise ValueError(f"y has shape {array.shape}; ({n},) or ({n}, t) with t >= 1 targets is needed.")
    return _rows_of(array, n)


def _rows_of(y: NDArray[Any], n: int) -> NDArray[Any]:
    if y.shape[0] != n:
        raise ValueError(f"X has {n} rows but y has {y.shape[0]} entries.")
    return y


def spelled(x: Any) -> str:
    """A number as messages have it."""
    return "NaN" if x != x else f"{x}"


def not_finite(a: NDArray[Any], name: str) -> ValueError:
    """The error for an array with a NaN, an infinity, or entries too large to add up."""
    step = max(1, 1_000_000 // max(1, a[0].size))
    for i in range(0, a.shape[0], step):  # by rows: no mask of the size of X
        bad = np.argwhere(~np.isfinite(a[i : i + step]))
        if len(bad):
            at = (i + bad[0][0], *bad[0][1:])
            place = f"row {at[0]}" + (f", column {at[1]}" if len(at) == 2 else "")
            return ValueError(f"{name} holds {spelled(a[at])} at {place}; finite numbers are needed.")
    return ValueError(f"{name} has entries too large to add up in float64; divide {name} by a constant.")


def predictors(X: Any, p: int, names: tuple[str, ...] | None = None) -> Any:
    """X for a prediction, shape (n, p): an ndarray, a scipy array where X is sparse, or what stands for columns somewhere else;
    names are those of the fit."""
    if _foreign.is_elsewhere(X):
        from fastreg.distributed._predict import Elsewhere

        elsewhere = Elsewhere(X, p)
        _same_names(elsewhere.names, names)
        return elsewhere
    sparse = None if type(X) is np.ndarray else _foreign.sparse(X, "X")
    array = real_array(X, "X") if sparse is None else sparse
    if len(array.shape) != 2 or array.shape[1] != p:
        raise ValueError(f"X has shape {array.shape}; (n, {p}) is needed, as in the fit.")
    if names is not None:
        _same_names(_foreign.column_names(X), names)
    if sparse is None:
        return array
    from fastreg import _sparse

    return _sparse.operator(sparse, "X")


def _same_names(found: tuple[str, ...] | None, names: tuple[str, ...] | None) -> None:
    """Check the names of columns, where X and the fit have some."""
    for j, (here, there) in enumerate(zip(found or (), names or (), strict=False)):
        if here != there:
            raise ValueError(f"X has {here!r} as column {j}; {there!r} is needed, as in the fit.")


def result_array(out: Any, x: NDArray[Any], name: str = "out") -> NDArray[Any]:
    """out, or the memory of a torch tensor, which can receive a result of x's shape and dtype."""
    array: NDArray[Any] = out if type(out) is np.ndarray else _foreign.receiver(out, name)
    if array.shape != x.shape or array.dtype != x.dtype:
        why = "" if array.dtype in (FLOAT32, FLOAT64) else ", which all but float32 become"
        raise ValueError(f"{name} has shape {array.shape} and dtype {array.dtype}; {x.shape} and {x.dtype} are needed{why}.")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only; a writable array is needed.")
    if not array.flags.aligned or any(s % array.itemsize for s in array.strides):
        raise ValueError(f"{name} is not aligned to its dtype; an aligned array is needed.")
    return array


def out_of_range(name: str, value: float) -> ValueError:
    """The error for a penalty that float64 cannot hold together with data of this scale."""
    return ValueError(f"{name} is {value:g}, which times n leaves the range of float64 for this X and y; rescale them.")


def errors_out_of_range(loss: str) -> ValueError:
    """The error for a cross-validation whose errors float64 cannot hold."""
    other = ', or loss="mae" is needed' if loss == "mse" else " is needed"
    return ValueError(f'The errors of loss="{loss}" leave the range of float64 for this X and y; another scale of them{other}.')


def coefficients_out_of_range() -> ValueError:
    """The error for a solution, or bounds, that float64 cannot hold together with data of this scale."""
    return ValueError("The coefficients leave the range of float64 for this X and y; rescale them.")


def number(value: Any, name: str, low: float, high: float = INFINITY, *, above: bool = False, ends: bool = False) -> float:
    """value as a finite float in [low, high], above low if above; ends: infinities are taken as well."""
    exact = type(value) is float or (type(value) is int and -(2**53) < value < 2**53)
    if exact and low <= value <= high and -INFINITY < value < INFINITY and not (above and value == low):
        return float(value)
    if not isinstance(value, float) and (
        isinstance(value, (bool, np.bool_, str, bytes, complex, np.complexfloating))
        or not hasattr(value, "__float__")
        or np.ndim(value) != 0
    ):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); a single real number is needed.")
    try:
        x = float(value)
    except OverflowError:  # an int beyond float64
        x = INFINITY if value > 0 else -INFINITY
    if not low <= x <= high or (above and x == low) or (not ends and abs(x) == INFINITY):
        raise ValueError(f"{name} is {value!r}; a {range_of(low, high, above=above, ends=ends)} is needed.")
    return x


def range_of(low: float, high: float, noun: str = "number", *, above: bool = False, ends: bool = False) -> str:
    """A number in [low, high] as messages have it, or numbers."""
    if high < INFINITY:
        return f"{noun} from {low:g} to {high:g}"
    kind = noun if ends else f"finite {noun}"
    return kind if low == -INFINITY else f"{kind} {'>' if above else '>='} {low:g}"


def count(value: Any, name: str, low: int = 1) -> int:
    """value as an int >= low."""
    if type(value) is int and low <= value <= sys.maxsize:
        return value
    try:
        k = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); an integer >= {low} is needed.") from None
    if isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; an integer >= {low} is needed.")
    if k < low:
        raise ValueError(f"{name} is {k}; an integer >= {low} is needed.")
    return min(k, sys.maxsize)


def byte_count(value: Any, name: str) -> int:
    """A number of bytes, which may be written as 2e9."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); a number of bytes is needed, such as 2e9.")
    return count(value, name)


def flag(value: Any, name: str) -> bool:
    """value as a bool."""
    if value is True or value is False:
        return value
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); True or False is needed.")
    return bool(value)


def grid(alphas: Any) -> int | Floats:
    """alphas as a number of grid points or an array of at least one finite number >= 0."""
    if isinstance(alphas, (bool, str, bytes)):
        raise TypeError(f"alphas is {alphas!r}; an integer >= 1 or a 1-d array is needed.")
    if hasattr(alphas, "__index__") and np.ndim(alphas) == 0:
        size = count(alphas, "alphas")
        if size > MOST_ALPHAS:
            raise ValueError(f"alphas is {size}; a grid of at most {MOST_ALPHAS} is made, or pass an array.")
        return size
    array = real_array(alphas, "alphas").astype(np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"alphas has shape {array.shape}; an integer >= 1 or a 1-d array with at least one entry is needed.")
    bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0.0)))
    if bad.size:
        raise ValueError(f"alphas holds {spelled(array[bad[0]])} at position {bad[0]}; finite numbers >= 0 are needed.")
    return array


def share(l1_ratio: Any) -> float:
    """l1_ratio where a grid of alphas depends on it."""
    value = number(l1_ratio, "l1_ratio", 0.0, 1.0)
    if value == 0.0:
        raise ValueError("l1_ratio is 0, for which no alpha gives all zeros; give alphas as an array.")
    return value


def grid_of(alphas: Any, alpha_min_ratio: Any) -> tuple[int | Floats, float | None]:
    """alphas as `grid` has them, and alpha_min_ratio, which needs a grid to shape."""
    alphas = grid(alphas)
    if alpha_min_ratio is not None:
        alpha_min_ratio = number(alpha_min_ratio, "alpha_min_ratio", 1e-15, 1.0)
        if not isinstance(alphas, int):
            raise ValueError("alpha_min_ratio is given, but alphas is an array; it needs alphas to be a number of alphas.")
    return alphas, alpha_min_ratio


def start(coef: Any, p: int) -> Floats:
    """A warm start's coefficients, float64, shape (p,), all finite."""
    w: Floats = real_array(coef, "warm_start").astype(np.float64)
    if w.shape != (p,):
        raise ValueError(f"warm_start has coefficients of shape {w.shape}; ({p},) is needed, as X has {p} columns.")
    if not np.isfinite(w).all():
        raise not_finite(w, "warm_start")
    return w


def between(alpha: Any, alphas: Floats) -> tuple[int, int, float]:
    """Positions of the neighbours of alpha in alphas, and the weight of the second."""
    alpha = number(alpha, "alpha", 0.0)
    if len(alphas) == 0:
        raise ValueError(f"alpha is {alpha:g}; the path ended before its first alpha.")
    order = np.argsort(alphas)
    if not alphas[order[0]] <= alpha <= alphas[order[-1]]:
        raise ValueError(f"alpha is {alpha:g}; the path has alphas from {alphas[order[0]]:g} to {alphas[order[-1]]:g}.")
    k = max(int(np.searchsorted(alphas[order], alpha)), 1) if len(order) > 1 else 0
    low, high = int(order[k - 1]) if k else int(order[0]), int(order[k])
    span = alphas[high] - alphas[low]
    return low, high, float((alpha - alphas[low]) / span) if span > 0.0 else 1.0


def no_alpha_max(reason: str) -> ValueError:
    """The error where no alpha gives zeros, or none that can be known beforehand."""
    return ValueError(f"{reason}, so that no alpha_max can be given; give alphas as an array.")


def too_far(name: str, other: str) -> ValueError:
    """The error for a difference that float64 cannot hold."""
    return ValueError(f"{other} - {name} leaves the range of float64; rescale them.")
