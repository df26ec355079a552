"""From arrays to the kernel that takes one line after the other, along an axis or through the whole array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg.kernels import _lines
from fastreg.prox import _arguments
from fastreg.prox._arguments import INFINITY, Weights, weights

MOST_EXACT = 2**24  # as a count in float32


def per_line(t: Any, name: str, x: NDArray[Any], axis: int | None, *, ends: bool = True) -> Weights:
    """t as a float, or as an array with one number for each line of x along the axis, of length 1 along it.  ends: or inf."""
    if type(t) is float and 0.0 < t < INFINITY:  # what most are, at once
        return t
    if axis is None:
        if np.ndim(t) != 0:
            raise ValueError(
                f"{name} has shape {np.shape(t)}; a number is needed, or an axis along which each line has its own."
            )
        return _input.number(t, name, 0.0, ends=ends)
    others = np.broadcast_to(x.dtype.type(0), x.shape[:axis] + x.shape[axis + 1 :])
    found = weights(t, name, others, ends=ends)
    return found if isinstance(found, float) else np.expand_dims(found, axis)


def mapped(kind: int, x: NDArray[Any], t: Weights, axis: int | None, out: Any, w: NDArray[Any] | None = None) -> Any:
    """The map of the lines of x, in out or a new array; w: of x's shape, or one entry shorter along the axis.

    Where the axis is None, w of one dimension is in the order of what it is for, not of x."""
    result = _arguments.result(x, out)
    if result.size:
        if out is not None:
            x, t, w = _arguments.apart(x, result, in_place=True), _arguments.apart(t, result), _arguments.apart(w, result)
        if x.ndim == 1 or axis is not None:
            _lines.along(kind, x, t, w, result, axis or 0)
        else:
            given, target, *rest = _arguments.one_line(x, result, *([] if w is None or w.ndim == 1 else [w]))
            _lines.along(kind, given, t, rest[0] if rest else w, target, 0)
            if not np.may_share_memory(target, result):
                result[...] = target.reshape(result.shape)
    return _arguments.returned(result, out)


def norms(x: NDArray[Any], p: float, axis: int | None) -> NDArray[Any]:
    """|line|_p of every line of x, of length 1 along the axis; 0-d for axis None.  Of x's dtype; counts, p = 0, are float64."""
    if axis is None:
        return norms(x if x.ndim == 1 else _arguments.one_line(x)[0], p, 0)[0]  # type: ignore[no-any-return]
    shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    if p == 0.0 and x.dtype != np.float64:
        total = np.zeros(shape)
        for start in range(0, x.shape[axis], MOST_EXACT):
            part = np.zeros(shape, x.dtype)
            piece = x[(slice(None),) * axis + (slice(start, start + MOST_EXACT),)]
            if piece.size:
                _lines.along(_lines.NORM, piece, p, None, part, axis)
            total += part
        return total
    result = np.zeros(shape, x.dtype)
    if x.size:
        _lines.along(_lines.NORM, x, p, None, result, axis)
    return result
