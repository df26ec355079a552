"""What every map takes: x, out, thresholds that are numbers or arrays, axes, labels; and every sentence about them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input
from fastreg.kernels import _prox

Weights = float | NDArray[Any]
INFINITY = float(np.inf)
MOST_IN_ORDER = 2**32  # entries of a line, whose places have 32 bits in the kernel


def weights(
    value: Any, name: str, x: NDArray[Any], low: float = 0.0, *, high: float = INFINITY, above: bool = False, ends: bool = True
) -> Weights:
    """value as a float, or as an array of x's dtype and shape, by broadcasting; in [low, high], above low if above.

    ends: infinities are taken."""
    if type(value) is float and low < value < high:  # what most are, at once
        return value
    if type(value) is int or np.ndim(value) == 0:
        return _input.number(value, name, low, high, above=above, ends=ends)
    array = _input.real_array(value, name)
    try:
        whole = array if array.shape == x.shape else np.broadcast_to(array, x.shape)
    except ValueError:
        other = f" or a shape that broadcasts to {x.shape}" if x.ndim else ""
        raise ValueError(f"{name} has shape {array.shape}; a number{other} is needed.") from None
    if array.size:
        least, most = array.min(), array.max()  # NaN if there is one: no array of the size of x is made
        fits = least > low if above else least >= low
        if not (fits and (most <= high if ends or high < INFINITY else most < INFINITY)):
            need = _input.range_of(low, high, "numbers", above=above, ends=ends)
            raise ValueError(f"{name} holds {_input.spelled(most if fits else least)}; {need} are needed.")
        if array.dtype != x.dtype:
            top = np.finfo(x.dtype).max
            if not (least >= -top and most <= top):  # only infinities stay infinite
                array = np.where(np.isinf(array), array, np.clip(array, -top, top))
            whole = np.broadcast_to(array.astype(x.dtype), x.shape)
    return whole


def whole(value: Any, name: str, x: NDArray[Any]) -> NDArray[Any]:
    """value, which may be a number, as an array of x's dtype and shape; finite and >= 0."""
    found = weights(value, name, x, ends=False)
    return np.broadcast_to(x.dtype.type(found), x.shape) if isinstance(found, float) else found


def descending(values: Any, name: str, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """values as n numbers >= 0 that do not ascend."""
    if n > MOST_IN_ORDER:
        raise ValueError(f"x has {n} entries in a line; at most {MOST_IN_ORDER} have an order here.")
    array = _input.real_array(values, name)
    if array.shape != (n,):
        raise ValueError(f"{name} has shape {array.shape}; ({n},) is needed.")
    if n and not (array[0] < np.inf and array[-1] >= 0.0 and bool(np.all(array[1:] <= array[:-1]))):
        raise ValueError(f"{name} is not a descending sequence of finite numbers >= 0; sort it as np.sort(...)[::-1].")
    return array if array.dtype == dtype else np.minimum(array, np.finfo(dtype).max).astype(dtype)


def matrix(X: Any) -> NDArray[Any]:
    """X as a 2-d float32 or float64 array, which may be empty."""
    array = _input.real_array(X, "X")
    if array.ndim != 2:
        raise ValueError(f"X has shape {array.shape}; a 2-d array is needed.")
    return array


def result(x: NDArray[Any], out: Any) -> NDArray[Any]:
    """out, or the memory of a tensor, if it fits, or a new array."""
    return np.empty_like(x, subok=False) if out is None else _input.result_array(out, x)


def apart(a: Any, out: NDArray[Any], *, in_place: bool = False) -> Any:
    """a, or a copy where it overlaps out in part, or is another view of the same data; in_place: unless place by place."""
    if a is out or type(a) is not np.ndarray or not np.may_share_memory(a, out):
        return a
    same = in_place and a.ctypes.data == out.ctypes.data and (a.shape, a.strides) == (out.shape, out.strides)
    return a if same else a.copy()


def elementwise(kind: int, x: NDArray[Any], a: Weights, b: Weights, out: Any, step: float = 1.0) -> Any:
    """The map of every entry, in out or a new array; step: where no parameter takes it."""
    target = result(x, out)
    if out is not None:
        x, a, b = apart(x, target, in_place=True), apart(a, target, in_place=True), apart(b, target, in_place=True)
    _prox.apply(kind, x, a, b, target, step)
    return returned(target, out)


def returned(result: NDArray[Any], out: Any) -> Any:
    """What a function returns: out, or a numpy scalar for a scalar x without an out."""
    return out if out is not None else result if result.ndim else result[()]


def axis_of(axis: Any, x: NDArray[Any]) -> int:
    """axis as one of x's, from 0."""
    try:
        k = operator.index(axis)
    except TypeError:
        raise TypeError(f"axis is {axis!r} ({type(axis).__name__}); an integer or None is needed.") from None
    if isinstance(axis, bool):
        raise TypeError(f"axis is {axis!r}; an integer or None is needed.")
    if not -x.ndim <= k < x.ndim:
        raise ValueError(f"axis is {k}; x has {x.ndim} dimension{'s' * (x.ndim != 1)}.")
    return k % x.ndim


def one_line(x: NDArray[Any], *others: NDArray[Any]) -> list[NDArray[Any]]:
    """Arrays of one shape as 1-d arrays in the same order of entries: views where all can be in one order, else copies."""
    for order in ("c_contiguous", "f_contiguous"):
        if all(getattr(a.flags, order) for a in (x, *others)):
            return [(a if order[0] == "c" else a.T).reshape(-1) for a in (x, *others)]
    return [a.reshape(-1) for a in (x, *others)]


def labels(groups: Any, n: int) -> tuple[NDArray[np.intp] | None, NDArray[np.intp]]:
    """The group of each of n rows, None where they ascend, and how many rows each group has.

    groups: a label for each row, in ascending order of which groups are numbered, or the size of consecutive groups."""
    try:
        array = np.asarray(groups)
    except ValueError:
        raise ValueError(
            f"groups has rows of unequal lengths; a size, or ({n},) labels, one per row of x, are needed."
        ) from None
    if array.ndim == 0:
        size = _input.count(groups, "groups")
        sizes = np.full(-(-n // size), min(size, n), np.intp)
        if n % size:
            sizes[-1] = n % size
        return None, sizes
    if array.shape != (n,):
        raise ValueError(f"groups has shape {array.shape}; a size, or ({n},) labels, one per row of x, are needed.")
    if array.dtype.kind not in "iub":
        raise TypeError(
            f"groups has dtype {array.dtype}; integers are needed, such as np.unique(groups, return_inverse=True)[1]."
        )
    array = array.astype(np.uint8) if array.dtype.kind == "b" else array  # True is no index
    if n and array.min() >= 0 and array.max() <= 2 * n:  # without sorting
        counts = np.bincount(array)
        found = counts > 0
        label, sizes = (np.cumsum(found) - 1)[array], counts[found]
    else:
        label, sizes = np.unique(array, return_inverse=True, return_counts=True)[1:]
    return None if bool(np.all(label[1:] >= label[:-1])) else label, sizes


def as_x(x: ArrayLike) -> NDArray[Any]:
    """x as a float32 or float64 array."""
    return _input.real_array(x, "x")
