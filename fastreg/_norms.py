"""Norms of arrays, their subgradients, and lines of a matrix scaled to norm 1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg import _foreign, _input
from fastreg.kernels import _lines, _prox
from fastreg.prox import _arguments
from fastreg.prox._lines import mapped, norms

NORMS = {"l1": 1.0, "l2": 2.0, "max": float(np.inf)}
FUNCTIONS = ("l1", "l2", "squared_l2")


def norm(x: ArrayLike, p: float = 2.0, axis: int | None = None) -> Any:
    """(sum_i |x_i|^p)^(1/p) for 0 < p < inf, max_i |x_i| for p = inf, the number of entries that are not 0 for p = 0.

    Parameters
    ----------
    x : array of any shape
        float32 stays float32; other real dtypes are converted to float64.
    p : float from 0 to infinity
        Below 1 it is not a norm, but the formula holds.
    axis : int, optional
        The norm of each line along it; None: of all of x.

    Returns
    -------
    numpy scalar, or an array of x's shape without the axis, of x's dtype; of float64 for p = 0, as counts are exact
        0 where there are no entries, NaN where one is NaN.  It is infinite only if it is beyond the dtype: sums run in
        float64, and are scaled where they would leave its range.

    Notes
    -----
    p = 0, 1/2, 1, 2, 4 and infinity give the same bits on every machine; for other p the root of the sum is the C library's.
    p = 1/2, 3/2, 5/2, 3 and 4 cost little more than reading x twice, other p a logarithm and an exponential for each entry,
    about four times as much.

    Examples
    --------
    >>> import fastreg as fr
    >>> float(fr.norm([3e200, 0.0, -3e200], 1)), float(fr.norm([1.0, 4.0], 0.5)), float(fr.norm([3.0, 0.0], 0))
    (6e+200, 9.0, 1.0)
    """
    x = _arguments.as_x(x)
    p = _input.number(p, "p", 0.0, ends=True)
    if axis is None:
        return norms(x, p, None)
    k = _arguments.axis_of(axis, x)
    result = norms(x, p, k).squeeze(k)
    return result if result.ndim else result[()]


def subgradient(x: ArrayLike, function: str, *, at_zero: Any = 0.0, axis: int | None = None, out: Any = None) -> Any:
    """A subgradient at x of |x|_1 ("l1"), |x|_2 ("l2") or 1/2 |x|_2^2 ("squared_l2").

    "l1": sign(x), elementwise.  "l2": x / |x|_2, of all of x or of each line along the axis; beside an infinity, which becomes
    NaN, that is 0.  "squared_l2": x.

    Parameters
    ----------
    x : array of any shape
        As of `soft_threshold`.
    function : "l1", "l2" or "squared_l2"
    at_zero : float or array that broadcasts to x's shape
        What is taken where there is a choice: for an x_i of 0, any number from -1 to 1; for a line of zeros, any vector of
        |at_zero|_2 <= 1.
    axis : int, optional
        For "l2": each line along it by itself; None: all of x.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given), or a numpy scalar for a scalar x

    Raises
    ------
    ValueError, TypeError
        In one sentence, for another function, an at_zero that is no subgradient, an axis that x does not have, x that is not
        real, and an out that does not fit.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.subgradient([-3.0, 0.0, 2.0], "l1", at_zero=0.5)
    array([-1. ,  0.5,  1. ])
    """
    x = _arguments.as_x(x)
    _one_of(function, "function", FUNCTIONS)
    k = None if axis is None else _arguments.axis_of(axis, x)
    there = _arguments.weights(at_zero, "at_zero", x, -1.0, high=1.0)
    if function == "l1":
        return _arguments.elementwise(_prox.SIGN, x, there, 0.0, out)
    if function == "squared_l2":
        return _arguments.elementwise(_prox.SQUARED_L2, x, 0.0, 0.0, out)
    if np.ndim(there) or there != 0.0:
        most = norms(np.array(np.broadcast_to(x.dtype.type(there), x.shape)), 2.0, k)
        if np.any(most > 1.0 + 4.0 * np.finfo(x.dtype).eps):
            raise ValueError(f"at_zero has |at_zero|_2 = {float(np.max(most)):g}; at most 1 is needed.")
        zero = norms(x, 2.0, k) == 0.0
        there = np.where(zero, there, x.dtype.type(0.0))
        result = mapped(_lines.NORMALIZE, x, 2.0, k, out)
        if out is None:
            return result + there
        target = _arguments.result(x, out)
        target += there
        return out
    return mapped(_lines.NORMALIZE, x, 2.0, k, out)


def normalize(X: Any, norm: str = "l2", *, axis: int = 1, out: Any = None) -> Any:
    """X with each row (axis=1) or column (axis=0) divided by its norm: "l1", "l2" or "max".

    Parameters
    ----------
    X : (n, p) array or sparse matrix
        Not modified, unless it is `out`.  A row of zeros stays as it is, one with NaN becomes NaN; where there is an infinity,
        entries that are infinite become NaN and the others 0.
    norm : "l2", "l1" or "max"
    axis : 1 or 0
        1: rows, 0: columns.
    out : ndarray of X's shape and of the result's dtype, or such a torch tensor on the CPU, optional
        Receives the result of dense X; may be X itself.

    Returns
    -------
    ndarray, or for sparse X a scipy csr_array or csc_array, csr where X is
        Of X's shape; float32 stays float32, other real dtypes become float64.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for an X that is not real or has no two dimensions, another norm or axis, and an out that does not fit
        or comes with sparse X.

    Notes
    -----
    Sparse X does not become dense; entries that are not finite are refused there, and those of one place are summed first.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    _one_of(norm, "norm", tuple(NORMS))
    sparse = None if type(X) is np.ndarray else _foreign.sparse(X, "X")
    if sparse is None:
        array = _arguments.matrix(X)
        return mapped(_lines.NORMALIZE, array, NORMS[norm], _arguments.axis_of(axis, array), out)
    if out is not None:
        raise ValueError("out is given, but X is sparse; the result of sparse X is a new matrix.")
    from fastreg import _sparse

    k = _arguments.axis_of(axis, np.empty((0, 0)))
    given = _sparse.operator(_two_dimensional(sparse), "X")
    compressed = given.tocsr() if k == 1 else given.tocsc()
    data = np.empty_like(compressed.data)
    _lines.segments(_lines.NORMALIZE, compressed.data, compressed.indptr[1:].astype(np.intp), NORMS[norm], data)
    # of its own, as its places may be changed where it is
    places = compressed.indices.copy(), compressed.indptr.copy()
    result = type(compressed)((data, *places), shape=compressed.shape)
    return result.tocsr() if given.format == "csr" else result.tocsc()


def _two_dimensional(X: Any) -> Any:
    if len(X.shape) != 2:
        raise ValueError(f"X has shape {X.shape}; a 2-d array is needed.")
    return X


def _one_of(value: Any, name: str, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is {value!r}; one of {', '.join(map(repr, known))} is needed.")
