"""Maps that tie entries together: norms of lines, groups, order, neighbours and singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg.kernels import _lines
from fastreg.prox import _arguments
from fastreg.prox._lines import mapped, per_line

Out = Any  # an ndarray, a torch tensor, or None


def l2(x: ArrayLike, threshold: Any, axis: int | None = None, *, out: Out = None) -> Any:
    """x max(1 - threshold / |x|_2, 0): the map of f(z) = threshold |z|_2, block soft-thresholding.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array of one for each line along the axis
        A line of |x|_2 up to threshold becomes exactly 0.
    axis : int, optional
        Each line along it is a block; None: all of x is one.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    Time is linear.  Sums run in float64 and are scaled where they would leave its range.  A block with NaN becomes NaN.

    References
    ----------
    Yuan and Lin (2006), Model selection and estimation in regression with grouped variables.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.l2([[3.0, 4.0], [0.3, 0.4]], 2.5, axis=1)
    array([[1.5, 2. ],
           [0. , 0. ]])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    return mapped(_lines.L2, x, per_line(threshold, "threshold", x, k), k, out)


def group_l2(x: ArrayLike, threshold: Any, groups: Any, *, out: Out = None) -> Any:
    """x_g max(1 - threshold_g / |x_g|_2, 0) for each group g of rows: the map of f(z) = sum_g threshold_g |z_g|_2.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or (G,) array
        One for all groups, or one for each in ascending order of labels.
    groups : int or (x.shape[0],) array of int
        A size: consecutive rows (entries of a vector) form groups of it, the last may be smaller.  Or a label for each row.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    Time is linear; labels that do not ascend are sorted: by counting, where none is above twice the rows.

    References
    ----------
    Yuan and Lin (2006), Model selection and estimation in regression with grouped variables.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.group_l2([3.0, 0.3, 4.0, 0.4], 2.5, [7, 1, 7, 1])
    array([1.5, 0. , 2. , 0. ])
    """
    x = _arguments.as_x(x)
    if x.ndim == 0:
        raise ValueError("x has no dimension; groups are of the rows of x, or of the entries of a vector.")
    label, sizes = _arguments.labels(groups, x.shape[0])
    t = _arguments.weights(threshold, "threshold", np.empty(len(sizes)))
    result = _arguments.result(x, out)
    if x.size == 0:
        return _arguments.returned(result, out)
    order = None
    if label is not None:
        order = np.empty_like(label)
        _lines.by_label(label, np.cumsum(sizes) - sizes, order)
    rows = np.ascontiguousarray(x if order is None else x[order])
    ends = np.cumsum(sizes) * (x.size // x.shape[0])
    target = result if order is None and result.flags.c_contiguous else np.empty_like(rows)
    if target is result:
        rows = _arguments.apart(rows, result, in_place=True)
    each = t if isinstance(t, float) else np.ascontiguousarray(t)
    _lines.segments(_lines.L2, rows.reshape(-1), ends.astype(np.intp, copy=False), each, target.reshape(-1))
    if target is not result:
        result[order if order is not None else ...] = target
    return _arguments.returned(result, out)


def linf(x: ArrayLike, threshold: Any, axis: int | None = None, *, out: Out = None) -> Any:
    """min(max(x, -c), c) with c >= 0 for which threshold is cut off in all: the map of f(z) = threshold |z|_inf.

    By Moreau's identity it is x less its projection onto the L1 ball of radius threshold: 0 where |x|_1 <= threshold.
    Entries that are cut off are exactly equal in size.  A line with NaN or an infinity becomes NaN.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array of one for each line along the axis
    axis : int, optional
        Each line along it by itself; None: all of x as one vector.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    Expected time is linear, as of `project_l1_ball`.

    References
    ----------
    Moreau (1962), Fonctions convexes duales et points proximaux dans un espace hilbertien.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.linf([3.0, -2.5, 1.0], 1.5)
    array([ 2., -2.,  1.])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    return mapped(_lines.LINF, x, per_line(threshold, "threshold", x, k), k, out)


def total_variation_1d(x: ArrayLike, threshold: Any, axis: int = -1, *, out: Out = None) -> Any:
    """The map of f(z) = sum_i threshold_i |z_(i+1) - z_i| along an axis: piecewise constant, by the taut string.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape less one along the axis
        One for all pairs of neighbours (infinite: each line becomes its mean), or a finite one for each.
    axis : int
        Each line along it by itself.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    Time is linear for every x.  Pieces have exactly equal entries, each the mean of its own of x and of what the ends add,
    whatever was found before.  `l1` of the result is the map of the fused lasso, f(z) + s |z|_1.  A line with NaN or an
    infinity becomes NaN.

    References
    ----------
    Davies and Kovac (2001), Local extremes, runs, strings and multiresolution.
    Condat (2013), A direct algorithm for 1-D total variation denoising.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.total_variation_1d([1.0, 3.0, 2.0, 9.0], 1.0)
    array([2. , 2.5, 2.5, 8. ])
    """
    x = _arguments.as_x(x)
    k = _arguments.axis_of(axis, x)
    if np.ndim(threshold) == 0:
        return mapped(_lines.TOTAL_VARIATION, x, _arguments.weights(threshold, "threshold", x), k, out)
    pairs = np.broadcast_to(x.dtype.type(0), (*x.shape[:k], max(x.shape[k] - 1, 0), *x.shape[k + 1 :]))
    w = _arguments.whole(threshold, "threshold", pairs)
    return mapped(_lines.TOTAL_VARIATION, x, 0.0, k, out, w)


def sorted_l1(x: ArrayLike, thresholds: Any, axis: int | None = None, *, out: Out = None) -> Any:
    """The map of f(z) = sum_i thresholds_i |z|_(i), with |z|_(1) >= |z|_(2) >= ...: SLOPE, or OWL.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    thresholds : (n,) array, descending and >= 0
        n is the length of x along the axis, or of all of x.
    axis : int, optional
        Each line along it by itself; None: all of x as one vector.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    |x| is sorted, thresholds are taken off, entries that ascend are pooled, and what is negative becomes 0.  Time is linear:
    sizes are sorted by their digits.  Thresholds are taken in x's dtype.  Equal |x| stay exactly equal in size.  A line with
    NaN becomes NaN, infinities stay infinite.

    References
    ----------
    Bogdan, van den Berg, Sabatti, Su and Candes (2015), SLOPE - adaptive variable selection via convex optimization,
    algorithm 3.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.sorted_l1([3.0, -2.9, 0.5], [2.0, 1.0, 0.5])
    array([ 1.45, -1.45,  0.  ])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    n = x.size if k is None else x.shape[k]
    lam = _arguments.descending(thresholds, "thresholds", n, x.dtype)
    w = lam.reshape(-1) if k is None else np.broadcast_to(lam.reshape([-1] + [1] * (x.ndim - 1 - k)), x.shape)
    return mapped(_lines.SORTED_L1, x, 0.0, k, out, w)


def nuclear(X: ArrayLike, threshold: float, *, out: Out = None) -> Any:
    """U max(S - threshold, 0) V' for X = U S V': the map of f(Z) = threshold times the sum of Z's singular values.

    X is 2-d; its singular values come from LAPACK (gesdd, and gesvd where that does not converge), in X's dtype.  X with NaN
    or an infinity becomes NaN.

    Parameters
    ----------
    X : array of shape (n, p)
        As x of `soft_threshold`.
    threshold : float >= 0
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of X's shape (`out` if given)

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    Cost: a singular value decomposition, which takes arrays of its own.

    References
    ----------
    Cai, Candes and Shen (2010), A Singular Value Thresholding Algorithm for Matrix Completion, eq. 2.2.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.nuclear([[3.0, 0.0], [0.0, 1.0]], 1.0)
    array([[2., 0.],
           [0., 0.]])
    """
    t = _arguments.weights(threshold, "threshold", np.zeros(()))
    X = _arguments.matrix(X)
    result = _arguments.result(X, out)
    top = float(np.abs(X).max(initial=0.0)) if np.isfinite(X).all() else float(np.nan)
    if top > 0.0:
        U, s, Vt = _svd(X / top)  # sums of squares of large entries leave the range of the dtype
        s -= min(t / top, float(s[0]))
        k = int(np.count_nonzero(s > 0.0))
        np.matmul(U[:, :k] * s[:k], Vt[:k], out=result)
        np.multiply(result, top, out=result)
    else:
        result[...] = top
    return _arguments.returned(result, out)


def _svd(X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    try:
        return np.linalg.svd(X, full_matrices=False)
    except np.linalg.LinAlgError:
        from scipy.linalg import svd

        U, s, Vt = svd(X, full_matrices=False, lapack_driver="gesvd")
        return U, s, Vt
