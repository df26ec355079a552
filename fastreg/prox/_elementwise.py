"""Maps that treat every entry of x by itself: one kernel call, no array beside x and out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastreg import _input
from fastreg.kernels import _prox
from fastreg.prox import _arguments
from fastreg.prox._arguments import elementwise, weights

Out = Any  # an ndarray, a torch tensor, or None


def soft_threshold(x: ArrayLike, threshold: float, *, out: Out = None) -> Any:
    """sign(x) * max(|x| - threshold, 0), elementwise: the proximal map of threshold * |x|_1.

    Parameters
    ----------
    x : array of any shape
        float32 stays float32; other real dtypes are converted to float64.  Not modified, unless it is `out`.
    threshold : float >= 0
        Entries of size up to threshold become exactly 0, the others move by it towards 0.  `prox.l1` takes one for each entry.
        Infinite, here and in other maps: all finite entries become 0, and nothing is promised for infinite ones.
    out : ndarray of x's shape and of the result's dtype, or such a torch tensor on the CPU, optional
        Receives the result; may be x itself.  Without it a new array is made.

    Returns
    -------
    ndarray (`out` if given), or a numpy scalar for a scalar x
        NaN stays NaN, infinities stay infinite.  A frame or series gives an ndarray, without its index.

    Raises
    ------
    ValueError, TypeError
        For a threshold that is negative or not a number, x that is not real, and an out that does not fit.

    Notes
    -----
    One pass and no temporary arrays, unless out overlaps x without being it; for large arrays it costs what copying x costs.

    References
    ----------
    Donoho and Johnstone (1994), Ideal Spatial Adaptation by Wavelet Shrinkage, eq. 17.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.soft_threshold([-3.0, 0.5, 2.0], 1.0)
    array([-2.,  0.,  1.])
    """
    t = _input.number(threshold, "threshold", 0.0, ends=True)
    return elementwise(_prox.L1, _arguments.as_x(x), t, 0.0, out)


def l1(x: ArrayLike, threshold: Any, *, positive: bool = False, out: Out = None) -> Any:
    """sign(x) max(|x| - threshold, 0): the map of f(z) = sum_i threshold_i |z_i|.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        One for all entries, or one for each, as an array of x's dtype without a copy.
    positive : bool
        f is infinite for negative z: the map is max(x - threshold, 0).
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Donoho and Johnstone (1994), Ideal Spatial Adaptation by Wavelet Shrinkage, eq. 17.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import prox
    >>> prox.l1([-3.0, 0.5, 2.0], [1.0, 0.0, 5.0])
    array([-2. ,  0.5,  0. ])
    >>> prox.l1(np.array([-3.0, 0.5, 2.0]), 1.0, positive=True)
    array([0., 0., 1.])
    """
    x = _arguments.as_x(x)
    kind = _prox.POSITIVE if _input.flag(positive, "positive") else _prox.L1
    return elementwise(kind, x, weights(threshold, "threshold", x), 0.0, out)


def squared_l2(x: ArrayLike, threshold: Any, *, out: Out = None) -> Any:
    """x / (1 + threshold): the map of f(z) = sum_i threshold_i / 2 z_i^2.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Parikh and Boyd (2014), Proximal Algorithms, section 6.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.squared_l2([-3.0, 0.5], 1.0)
    array([-1.5 ,  0.25])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.SQUARED_L2, x, weights(threshold, "threshold", x), 0.0, out)


def elastic_net(x: ArrayLike, l1: Any, l2: Any, *, step: float = 1.0, out: Out = None) -> Any:
    """sign(x) max(|x| - l1, 0) / (1 + l2): the map of f(z) = sum_i l1_i |z_i| + l2_i / 2 z_i^2.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    l1, l2 : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
    step : float >= 0
        The map is that of step f, as a gradient method with steps of this size needs it: l1 and l2 are multiplied by it.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, section 3.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.elastic_net([-3.0, 0.5], 1.0, 1.0)
    array([-1.,  0.])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.ELASTIC_NET, x, weights(l1, "l1", x), weights(l2, "l2", x), out, _input.number(step, "step", 0.0))


def l0(x: ArrayLike, threshold: Any, *, out: Out = None) -> Any:
    """x where x^2 > 2 threshold, else 0: the map of f(z) = sum_i threshold_i [z_i != 0].

    f is not convex, and both 0 and x are minimisers where x^2 = 2 threshold: 0 is taken.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Donoho and Johnstone (1994), Ideal Spatial Adaptation by Wavelet Shrinkage.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.l0([-3.0, 0.5, 2.0], 2.0)
    array([-3.,  0.,  0.])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.L0, x, weights(threshold, "threshold", x), 0.0, out)


def l_half(x: ArrayLike, threshold: Any, *, out: Out = None) -> Any:
    """A minimiser of 1/2 (z - x)^2 + threshold |z|^(1/2): the map of f(z) = sum_i threshold_i |z_i|^(1/2).

    0 where |x| <= 3/2 threshold^(2/3), at which 2/3 x would do as well; else z = x v^2 with v the largest root of
    v^3 - v + threshold / (2 |x|^(3/2)).  The root comes from Newton's method rather than from cosines: it is as exact, and
    takes the same bits everywhere.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Xu, Chang, Xu and Zhang (2012), L1/2 regularization: a thresholding representation theory and a fast solver.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.l_half([-3.0, 1.5, 1.4], 1.0).round(4)
    array([-2.6955,  0.    ,  0.    ])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.L_HALF, x, weights(threshold, "threshold", x), 0.0, out)


def l_two_thirds(x: ArrayLike, threshold: Any, *, out: Out = None) -> Any:
    """A minimiser of 1/2 (z - x)^2 + threshold |z|^(2/3): the map of f(z) = sum_i threshold_i |z_i|^(2/3).

    0 where |x| <= 2 (2/3 threshold)^(3/4), at which x/2 would do as well; else z = x v^3 with v the largest root
    of v^4 - v + 2/3 threshold / |x|^(4/3), by Newton's method.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Cao, Sun and Xu (2013), Fast image deconvolution using closed-form thresholding formulas of Lq (q = 1/2, 2/3)
    regularization.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.l_two_thirds([-3.0, 1.5, 1.4], 1.0).round(4)
    array([-2.5094,  0.7739,  0.    ])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.L_TWO_THIRDS, x, weights(threshold, "threshold", x), 0.0, out)


def mcp(x: ArrayLike, threshold: Any, gamma: Any, *, step: float = 1.0, out: Out = None) -> Any:
    """The map of the minimax concave penalty f(z) = sum_i integral from 0 to |z_i| of max(threshold_i - u / gamma_i, 0) du.

    gamma > 1: sign(x) min(|x|, max(|x| - threshold, 0) gamma / (gamma - 1)).  0 < gamma <= 1: the sum is concave where f is not
    flat, and z is x where |x| > sqrt(gamma) threshold, else 0 (also at the tie).

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
    gamma : float > 0, or array that broadcasts to x's shape
        Infinite: the map is soft-thresholding.
    step : float >= 0
        The map is that of step f, as a gradient method with steps of this size needs it: step f has threshold step threshold
        and gamma / step, and a step from gamma on makes it a hard threshold.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Zhang (2010), Nearly unbiased variable selection under minimax concave penalty, eq. 2.1.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.mcp([-3.5, 2.0, 1.0], 1.0, 3.0)
    array([-3.5,  1.5,  0. ])
    """
    x = _arguments.as_x(x)
    t, g = weights(threshold, "threshold", x), weights(gamma, "gamma", x, above=True)
    return elementwise(_prox.MCP, x, t, g, out, _input.number(step, "step", 0.0))


def scad(x: ArrayLike, threshold: Any, a: Any = 3.7, *, step: float = 1.0, out: Out = None) -> Any:
    """The map of SCAD, f(z) = sum_i integral from 0 to |z_i| of min(threshold, max(a threshold - u, 0) / (a - 1)) du, a > 1.

    a > 2: soft-thresholding up to |x| = 2 threshold, x from a threshold on, a line between.  1 < a <= 2: the sum is concave
    between, and soft-thresholding holds up to |x| = (1 + a/2) threshold (also at the tie), x beyond.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
    a : float > 1, or array that broadcasts to x's shape
        Infinite: the map is soft-thresholding.
    step : float >= 0
        The map is that of step f, as a gradient method with steps of this size needs it; no threshold and a of f have it.  For
        step < a - 1: soft-thresholding by step threshold up to |x| = (1 + step) threshold, x from a threshold on, a line
        between.  Else x beyond |x| = (1 + a + step)/2 threshold, or sqrt(step (a + 1)) threshold where step > a + 1.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Fan and Li (2001), Variable selection via nonconcave penalized likelihood, eq. 2.8.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.scad([-4.0, 3.0, 1.5, 0.5], 1.0, 4.0)
    array([-4. ,  2.5,  0.5,  0. ])
    """
    x = _arguments.as_x(x)
    t, ends = weights(threshold, "threshold", x), weights(a, "a", x, 1.0, above=True)
    return elementwise(_prox.SCAD, x, t, ends, out, _input.number(step, "step", 0.0))


def huber(x: ArrayLike, threshold: Any, delta: Any, *, out: Out = None) -> Any:
    """x / (1 + threshold) where that is within delta, else x -+ threshold delta: the map of Huber's loss times threshold.

    f(z) = sum_i threshold_i h(z_i), h(z) = z^2 / 2 for |z| <= delta and delta (|z| - delta / 2) beyond.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    threshold : float >= 0, or array that broadcasts to x's shape
        As of `l1`.
    delta : float >= 0, or array that broadcasts to x's shape
        Infinite: the map is that of `squared_l2`.
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
    One pass and no temporary arrays, as `soft_threshold`.

    References
    ----------
    Huber (1964), Robust Estimation of a Location Parameter.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.huber([-3.0, 1.0], 1.0, 1.0)
    array([-2. ,  0.5])
    """
    x = _arguments.as_x(x)
    return elementwise(_prox.HUBER, x, weights(threshold, "threshold", x), weights(delta, "delta", x), out)


def box(x: ArrayLike, lower: Any = -np.inf, upper: Any = np.inf, *, out: Out = None) -> Any:
    """min(max(x, lower), upper): the projection onto the box lower <= z <= upper, elementwise; lower, upper may be infinite.

    Parameters
    ----------
    x
        As of `soft_threshold`.
    lower, upper : float, or array that broadcasts to x's shape
        lower <= upper; either may be infinite.
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
    One pass; two arrays of bounds are compared in one array of bools.

    References
    ----------
    Parikh and Boyd (2014), Proximal Algorithms, section 6.

    Examples
    --------
    >>> from fastreg import prox
    >>> prox.box([-3.0, 0.5, 2.0], 0.0, 1.0)
    array([0. , 0.5, 1. ])
    """
    x = _arguments.as_x(x)
    low, high = (weights(value, name, x, -np.inf) for value, name in ((lower, "lower"), (upper, "upper")))
    if (low > high) if isinstance(low, float) and isinstance(high, float) else np.any(np.greater(low, high)):
        raise ValueError("lower is above upper; lower <= upper is needed.")
    return elementwise(_prox.BOX, x, low, high, out)
