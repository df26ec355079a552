"""Projections onto balls and the simplex: argmin_z |z - x| over the set, for all of x or for each line along an axis.

A line that holds NaN becomes NaN throughout, and so does one with an infinity, which is next to no point of the set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg.kernels import _lines
from fastreg.prox import _arguments
from fastreg.prox._elementwise import box
from fastreg.prox._lines import mapped, per_line

Out = Any  # an ndarray, a torch tensor, or None


def project_l1_ball(x: ArrayLike, radius: Any, axis: int | None = None, *, weights: Any = None, out: Out = None) -> Any:
    """sign(x) max(|x| - tau w, 0), with the least tau >= 0 for which sum w |z| <= radius: the projection onto the L1 ball.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    radius : float >= 0, or array of one for each line along the axis
        x inside the ball comes back as it is, for an infinite radius any x; a radius of 0 gives zeros.
    axis : int, optional
        Each line along it is projected by itself; None: all of x as one vector.
    weights : array that broadcasts to x's shape, optional
        w >= 0, 1 by default; an entry with a weight of 0 stays as it is.
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
    Expected time is linear, without sorting: candidates for the support are dropped by Michelot's step, and split at random
    where that drops few.  Numbers are taken less the largest |x|, so that the sum of the result is the radius to the rounding
    of its entries (with weights: to that of x).

    References
    ----------
    Michelot (1986), A finite algorithm for finding the projection of a point onto the canonical simplex of R^n.
    Duchi, Shalev-Shwartz, Singer and Chandra (2008), Efficient projections onto the l1-ball for learning in high dimensions.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.project_l1_ball([3.0, -1.0, 0.5], 2.0)
    array([2., 0., 0.])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    w = None if weights is None else _arguments.whole(weights, "weights", x)
    return mapped(_lines.L1_BALL, x, per_line(radius, "radius", x, k), k, out, w)


def project_simplex(x: ArrayLike, total: Any = 1.0, axis: int | None = None, *, out: Out = None) -> Any:
    """max(x - tau, 0), with the tau for which the sum is total: the projection onto {z >= 0, sum_i z_i = total}.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    total : float >= 0, or array of one for each line along the axis
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
    Time and rounding are those of `project_l1_ball`.  An entry of -inf becomes 0; a line of nothing else, which is as far from
    every point of the simplex, becomes NaN.  An empty x comes back as it is, whatever the total; a total beyond x's dtype
    counts as the largest number of it.

    References
    ----------
    Michelot (1986), A finite algorithm for finding the projection of a point onto the canonical simplex of R^n.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.project_simplex([[0.5, 0.9, -1.0], [2.0, 0.0, 0.0]], axis=1)
    array([[0.3, 0.7, 0. ],
           [1. , 0. , 0. ]])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    t = per_line(total, "total", x, k, ends=False)
    if isinstance(t, float):
        t = min(t, float(np.finfo(x.dtype).max))
    return mapped(_lines.SIMPLEX, x, t, k, out)


def project_l2_ball(x: ArrayLike, radius: Any, axis: int | None = None, *, out: Out = None) -> Any:
    """x min(1, radius / |x|_2): the projection onto {|z|_2 <= radius}.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    radius : float >= 0, or array of one for each line along the axis
        As of `project_l1_ball`.
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
    Time is linear; sums are those of `l2`.

    References
    ----------
    Parikh and Boyd (2014), Proximal Algorithms, section 6.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.project_l2_ball([3.0, 4.0], 1.0)
    array([0.6, 0.8])
    """
    x = _arguments.as_x(x)
    k = None if axis is None else _arguments.axis_of(axis, x)
    return mapped(_lines.L2_BALL, x, per_line(radius, "radius", x, k), k, out)


def project_box(x: ArrayLike, lower: Any, upper: Any, *, out: Out = None) -> Any:
    """min(max(x, lower), upper), elementwise: the projection onto the box, `box` under the name of its kin.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    lower, upper
        As of `box`.
    out
        As of `soft_threshold`.

    Returns
    -------
    ndarray of x's shape (`out` if given), or a numpy scalar for a scalar x

    Raises
    ------
    ValueError, TypeError
        As `soft_threshold`, and for other parameters out of range.

    Notes
    -----
    One pass, as `box`.

    References
    ----------
    Parikh and Boyd (2014), Proximal Algorithms, section 6.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.project_box([-3.0, 0.5, 2.0], 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    return box(x, lower, upper, out=out)
