"""Proximal maps, elementwise on arrays.

prox_f(x) = argmin_z 1/2 |z - x|^2 + f(z)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input
from fastreg.kernels import _prox


def soft_threshold(x: ArrayLike, threshold: float, *, out: NDArray[Any] | None = None) -> Any:
    """sign(x) * max(|x| - threshold, 0), elementwise: the proximal map of threshold * |x|_1.

    Parameters
    ----------
    x : array of any shape
        float32 stays float32; other real dtypes are converted to float64.  Not modified, unless it is `out`.
    threshold : float >= 0
        Entries of size up to threshold become exactly 0, the others move by it towards 0.
    out : ndarray of x's shape and of the result's dtype, optional
        Receives the result; may be x itself.  Without it a new array is made.

    Returns
    -------
    ndarray (`out` if given), or a numpy scalar for a scalar x
        NaN stays NaN, infinities stay infinite.

    Raises
    ------
    ValueError, TypeError
        For a threshold that is negative, not finite or not a number, x that is not real, and an out that does not fit.

    Notes
    -----
    One pass, and no temporary arrays if x and out are contiguous in the same order; for large arrays it costs what copying
    x costs.

    References
    ----------
    Donoho and Johnstone (1994), Ideal Spatial Adaptation by Wavelet Shrinkage, eq. 17.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.soft_threshold([-3.0, 0.5, 2.0], 1.0)
    array([-2.,  0.,  1.])
    """
    t = _input.number(threshold, "threshold", 0.0)
    x = _input.real_array(x, "x")
    if out is None:
        result = np.empty_like(x, subok=False)
        _soft(x, t, result)
        return result if result.ndim else result[()]
    _input.result_array(out, x)
    if out is not x and np.may_share_memory(x, out):
        x = x.copy()  # they overlap in part, or are two views of the same data
    _soft(x, t, out)
    return out


def _soft(x: NDArray[Any], t: float, out: NDArray[Any]) -> None:
    """out = soft(x, t) for two arrays that are one or do not overlap."""
    if x.ndim == 1:
        _prox.soft_threshold_of(x, t, out)
        return
    if x.flags.c_contiguous and out.flags.c_contiguous:
        _prox.soft_threshold_of(x.reshape(-1), t, out.reshape(-1))
        return
    if x.flags.f_contiguous and out.flags.f_contiguous:
        _prox.soft_threshold_of(x.T.reshape(-1), t, out.T.reshape(-1))
        return
    flat = np.ascontiguousarray(x).reshape(-1)
    whole = np.empty_like(flat)
    _prox.soft_threshold_of(flat, t, whole)
    out[...] = whole.reshape(x.shape)
