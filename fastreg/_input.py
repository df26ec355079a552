"""Every check of data and options, and every message about them.

A check returns its argument in the form that the rest of the package relies on, without a copy where the argument already
has it, or raises one sentence that names the argument, what came and what is needed: ValueError for values and shapes,
TypeError for types.
"""

import operator
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FLOAT64 = np.dtype(np.float64)
FLOAT32 = np.dtype(np.float32)
MOST_ALPHAS = 1_000_000


def real_array(a: Any, name: str) -> NDArray[Any]:
    """a as an aligned float32 or float64 array of native byte order and whole strides; not copied if it is one already."""
    array: NDArray[Any] = a if type(a) is np.ndarray else _foreign(a, name)
    if array.dtype != FLOAT64 and array.dtype != FLOAT32:
        kind = array.dtype.kind
        if kind == "c":
            raise TypeError(f"{name} is complex ({array.dtype}); real numbers are needed.")
        if kind == "O":
            try:
                for value in array.flat:
                    # astype would parse a string, and make NaN of None: a missing entry, unless there is nothing else
                    if isinstance(value, (str, bytes)) or (value is None and array.ndim == 0):
                        raise TypeError(f"{value!r} is not a number")
                array = array.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise TypeError(f"{name} holds objects that are not real numbers ({error}).") from None
        elif kind not in "biuf":
            raise TypeError(f"{name} has dtype {array.dtype}; real numbers are needed.")
        elif array.dtype.itemsize == 4 and kind == "f":
            array = array.astype(np.float32)
        else:
            array = array.astype(np.float64)
    if not array.flags.aligned or not array.dtype.isnative or any(s % array.itemsize for s in array.strides):
        array = array.astype(array.dtype.newbyteorder("="))
    return array


def _foreign(a: Any, name: str) -> NDArray[Any]:
    """Anything but a plain ndarray as an ndarray, without losing what makes it different in silence."""
    if isinstance(a, np.ma.MaskedArray):
        if np.ma.is_masked(a):
            raise ValueError(f"{name} is a masked array with masked entries; fill or drop them first.")
        return np.asarray(a.data)
    if hasattr(a, "tocsc") and hasattr(a, "toarray"):
        raise TypeError(f"{name} is a sparse {type(a).__name__}; a dense array is needed, for example {name}.toarray().")
    if type(a).__module__.split(".")[0] == "dask":
        raise TypeError(f"{name} is a dask {type(a).__name__}, which would be computed whole; pass {name}.compute() to agree.")
    try:
        return np.asarray(a)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} is a {type(a).__name__} that numpy cannot turn into an array ({error}).") from None


def matrix(X: Any, name: str = "X") -> NDArray[Any]:
    """X as a float32 or float64 array of shape (n, p), n >= 1 and p >= 1, in any layout; entries are not looked at."""
    array = real_array(X, name)
    if array.ndim != 2:
        dimensions = f"{array.ndim} dimension{'s' * (array.ndim != 1)}"
        raise ValueError(f"{name} has {dimensions} (shape {array.shape}); a 2-d array (rows, columns) is needed.")
    if 0 in array.shape:
        raise ValueError(f"{name} is empty (shape {array.shape}); at least one row and one column are needed.")
    return array


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


def not_finite(a: NDArray[Any], name: str) -> ValueError:
    """The error for an array with a NaN, an infinity, or entries too large to add up."""
    step = max(1, 1_000_000 // max(1, a[0].size))
    for i in range(0, a.shape[0], step):  # by rows: no mask of the size of X
        bad = np.argwhere(~np.isfinite(a[i : i + step]))
        if len(bad):
            at = (i + bad[0][0], *bad[0][1:])
            place = f"row {at[0]}" + (f", column {at[1]}" if len(at) == 2 else "")
            return ValueError(f"{name} holds {a[at]} at {place}; finite numbers are needed.")
    return ValueError(f"{name} has entries too large to add up in float64; divide {name} by a constant.")


def predictors(X: Any, p: int) -> NDArray[Any]:
    """X for a prediction, shape (n, p)."""
    array = real_array(X, "X")
    if array.ndim != 2 or array.shape[1] != p:
        raise ValueError(f"X has shape {array.shape}; (n, {p}) is needed, as in the fit.")
    return array


def result_array(out: Any, x: NDArray[Any], name: str = "out") -> None:
    """Check that out can receive a result of x's shape and dtype."""
    if type(out) is not np.ndarray:
        raise TypeError(f"{name} is a {type(out).__name__}; a numpy array is needed.")
    if out.shape != x.shape or out.dtype != x.dtype:
        raise ValueError(f"{name} has shape {out.shape} and dtype {out.dtype}; {x.shape} and {x.dtype} are needed.")
    if not out.flags.writeable:
        raise ValueError(f"{name} is read-only; a writable array is needed.")
    if not out.flags.aligned or any(s % out.itemsize for s in out.strides):
        raise ValueError(f"{name} is not aligned to its dtype; an aligned array is needed.")


def out_of_range(name: str, value: float) -> ValueError:
    """The error for a penalty that float64 cannot hold together with data of this scale."""
    return ValueError(f"{name} is {value:g}, which times n leaves the range of float64 for this X and y; rescale them.")


def number(value: Any, name: str, low: float, high: float = np.inf) -> float:
    """value as a finite float in [low, high]."""
    if not isinstance(value, float) and (
        isinstance(value, (bool, np.bool_, str, bytes, complex, np.complexfloating))
        or not hasattr(value, "__float__")
        or np.ndim(value) != 0
    ):
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); a single real number is needed.")
    try:
        x = float(value)
    except OverflowError:  # an int beyond float64
        x = np.inf
    if not (low <= x <= high and abs(x) < np.inf):
        need = f"a finite number >= {low:g}" if high == np.inf else f"a number from {low:g} to {high:g}"
        raise ValueError(f"{name} is {value!r}; {need} is needed.")
    return x


def count(value: Any, name: str) -> int:
    """value as an int >= 1."""
    try:
        k = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r} ({type(value).__name__}); an integer >= 1 is needed.") from None
    if isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; an integer >= 1 is needed.")
    if k < 1:
        raise ValueError(f"{name} is {k}; an integer >= 1 is needed.")
    return min(k, sys.maxsize)


def flag(value: Any, name: str) -> bool:
    """value as a bool."""
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
        raise ValueError(f"alphas holds {array[bad[0]]} at position {bad[0]}; finite numbers >= 0 are needed.")
    return array


def share(l1_ratio: Any) -> float:
    """l1_ratio where a grid of alphas depends on it."""
    value = number(l1_ratio, "l1_ratio", 0.0, 1.0)
    if value == 0.0:
        raise ValueError("l1_ratio is 0, for which no alpha gives all zeros; give alphas as an array.")
    return value


def needs_a_grid(alphas: int | Floats) -> None:
    """Check that alpha_min_ratio has a grid to shape."""
    if not isinstance(alphas, int):
        raise ValueError("alpha_min_ratio is given, but alphas is an array; it needs alphas to be a number of alphas.")


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
    order = np.argsort(alphas)
    if not alphas[order[0]] <= alpha <= alphas[order[-1]]:
        raise ValueError(f"alpha is {alpha:g}; the path has alphas from {alphas[order[0]]:g} to {alphas[order[-1]]:g}.")
    k = max(int(np.searchsorted(alphas[order], alpha)), 1) if len(order) > 1 else 0
    low, high = int(order[k - 1]) if k else int(order[0]), int(order[k])
    span = alphas[high] - alphas[low]
    return low, high, float((alpha - alphas[low]) / span) if span > 0.0 else 1.0


def design(X: Any) -> Any:
    """X as `matrix` gives it, or as a scipy CSC matrix with sorted, unrepeated, finite real entries if it is sparse.

    CSC is not copied if it is one like this already; every other sparse format is copied, none is made dense.
    """
    if not (hasattr(X, "tocsc") and hasattr(X, "toarray")):
        return matrix(X)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}; a sparse X needs two dimensions, with at least one row and one column.")
    if X.dtype.kind not in "biuf":
        raise TypeError(f"X is sparse with dtype {X.dtype}; real numbers are needed.")
    columns = X.tocsc()
    if not columns.has_canonical_format:
        columns = columns.copy()
        columns.sum_duplicates()
    bad = np.flatnonzero(~np.isfinite(columns.data))
    if bad.size:
        row, column = columns.indices[bad[0]], np.searchsorted(columns.indptr, bad[0], side="right") - 1
        raise ValueError(f"X holds {columns.data[bad[0]]} at row {row}, column {column}; finite numbers are needed.")
    return columns


def coefficients(coef: Any, p: int) -> Floats:
    """coef as float64, shape (p,), all finite."""
    w = _vector(coef, "coef", p, "column")
    _each(w, np.isfinite(w), "coef", "column", "finite numbers are needed")
    return w


def sample_weights(value: Any, n: int) -> Floats | None:
    """Weights of the n rows, rescaled to sum to n."""
    if value is None:
        return None
    s = _vector(value, "sample_weight", n, "row")
    _each(s, np.isfinite(s) & (s >= 0.0), "sample_weight", "row", "finite numbers >= 0 are needed")
    if not s.any():
        raise ValueError("sample_weight is 0 in every row; at least one weight > 0 is needed.")
    s = s / s.max()  # else the sum may overflow, or n over it
    scaled: Floats = s * (n / s.sum())
    return scaled


def penalty_factors(value: Any, p: int) -> tuple[Floats, Floats] | None:
    """(v, u), the factors of |w_j| and of w_j^2; one vector stands for both."""
    if value is None:
        return None
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(np.ndim(part) == 1 for part in value)
    named = {"penalty_factor[0]": value[0], "penalty_factor[1]": value[1]} if pair else {"penalty_factor": value}
    factors = []
    for name, part in named.items():
        v = _vector(part, name, p, "column")
        _each(v, v >= 0.0, name, "column", "numbers >= 0 are needed (inf excludes the column)")
        factors.append(v)
    return factors[0], factors[-1]


def bounds(lower: Any, upper: Any, positive: Any, p: int) -> tuple[Floats, Floats] | None:
    """(lower, upper) of every coefficient; None where none has a bound."""
    lo, hi = _bound(lower, "lower", -np.inf, p), _bound(upper, "upper", np.inf, p)
    needed = "lower <= upper is needed"
    if flag(positive, "positive"):
        lo, needed = np.maximum(lo, 0.0), "lower <= upper is needed, and positive=True means lower >= 0"
    bad = np.flatnonzero((lo > hi) | (lo == np.inf) | (hi == -np.inf))
    if bad.size:
        j = bad[0]
        raise ValueError(f"lower is {lo[j]:g} and upper is {hi[j]:g} at column {j}; {needed}, with a finite number between.")
    return None if np.isinf(lo).all() and np.isinf(hi).all() else (lo, hi)


def offsets(value: Any, n: int) -> Floats | None:
    """Offsets of the n rows, all finite."""
    if value is None:
        return None
    o = _vector(value, "offset", n, "row")
    _each(o, np.isfinite(o), "offset", "row", "finite numbers are needed")
    return o


def _bound(value: Any, name: str, default: float, p: int) -> Floats:
    """A bound of every coefficient, from None, a number or a vector."""
    a: Floats = real_array(default if value is None else value, name).astype(np.float64)
    if a.shape not in ((), (p,)):
        raise ValueError(f"{name} has shape {a.shape}; a number or shape ({p},) is needed, one bound per column of X.")
    a = np.broadcast_to(a, (p,))
    _each(a, ~np.isnan(a), name, "column", "a number, -inf or inf is needed")
    return a


def _vector(value: Any, name: str, size: int, of: str) -> Floats:
    """value as float64 of shape (size,), one entry per row or column of X."""
    a: Floats = real_array(value, name).astype(np.float64, copy=False)
    if a.shape != (size,):
        raise ValueError(f"{name} has shape {a.shape}; ({size},) is needed, one entry per {of} of X.")
    return a


def _each(a: Floats, good: NDArray[np.bool_], name: str, of: str, need: str) -> None:
    """Refuse the first entry that is not good."""
    if not good.all():
        at = int(np.argmin(good))
        raise ValueError(f"{name} holds {a[at]} at {of} {at}; {need}.")
