"""Judge a solution of the lasso or elastic net, with all options, whoever computed it.

    P(w, b) = 1/(2n) sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2)

over lower <= w <= upper.  `_duality.py` finds a dual point theta and a gap with P(w) - min P <= gap, in the products
<a, b> = 1/n sum_i s_i a_i b_i of centred columns, where P(w) = 1/2 |y - Xw|^2 + sum_j phi_j(w_j) at the best intercept.

Proofs, w* any optimum, r* = y - Xw* and c*_j = <x_j, r*>.  w*_j maximises c*_j z - phi_j(z) over its bounds.
  The dual objective is 1-strongly concave and largest at r*, so |theta - r*|^2 <= 2 gap and |c_j - c*_j| <= |x_j| sqrt(2 gap).
    zero       0 is the only maximiser for -l1_j < c*_j < l1_j; the left side is not needed at lower_j = 0, the right one not at
               upper_j = 0.
    non-zero   every maximiser is positive for c*_j > l1_j and upper_j > 0, or lower_j > 0; likewise negative.
  P(w) >= min P + 1/2 |X(w - w*)|^2 + 1/2 sum_j l2_j (w_j - w*_j)^2, since w* is a minimum over a convex set.  Let A be X with
  the rows diag(sqrt(l2)) below, Z the columns proved zero, E the others: |A_E (w - w*)_E| <= sqrt(2 gap) + |A_Z w_Z|.
    non-zero   |w_j| > sqrt((A_E'A_E)^-1_jj) (sqrt(2 gap) + |A_Z w_Z|), or |w_j| > sqrt(2 gap / l2_j).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._blocks import EPS, Blocks, Floats
from fastreg._duality import MOST_SUPPORT, Dual, Problem, Projector, best_dual, norm
from fastreg._results import Certificate

Booleans = NDArray[np.bool_]
HUGE = 1e300
TINY = float(np.finfo(np.float64).smallest_subnormal)


def certify(
    X: ArrayLike,
    y: ArrayLike,
    coef: ArrayLike,
    alpha: float,
    *,
    intercept: float | None = None,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    standardize: bool = False,
    offset: ArrayLike | None = None,
) -> Certificate:
    """Bound how far coef is from the minimum of the lasso or elastic-net objective, and prove which coefficients are zero.

    The objective is 1/(2n) sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2),
    to be minimised over lower <= w <= upper and, with fit_intercept, over b.

    Parameters
    ----------
    X : array or scipy sparse matrix of shape (n, p)
        Read several times by blocks in float64; not copied (a sparse X that is not CSC is converted to it), never made dense.
    y : array of shape (n,)
    coef : array of shape (p,)
        The solution to judge, from any package.
    alpha : float >= 0
    intercept : float, optional
        The intercept to judge; by default the best one for coef.
    l1_ratio : float from 0 to 1
    fit_intercept : bool
    sample_weight : array of shape (n,), optional
        s, rescaled to sum to n; 0 removes a row.
    penalty_factor : array of shape (p,) or a pair of them, optional
        v, used for u as well, or (v, u).  0 leaves a column unpenalised, inf excludes it.  Not rescaled.
    lower, upper : float or array of shape (p,), optional
        Bounds of the coefficients on their original scale.
    positive : bool
        Raise lower to at least 0.
    standardize : bool
        Penalise coefficients of columns of unit weighted standard deviation (root mean square without an intercept), that is,
        multiply v_j by it and u_j by its square.  A constant column must have coefficient 0, or the bound nearest to it.
    offset : array of shape (n,), optional
        o, subtracted from y.

    Returns
    -------
    Certificate
        objective, dual_gap, kkt (p,), proved_zero (p,), proved_nonzero (p,), intercept, broken.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Notes
    -----
    dual_gap counts the rounding of everything computed here, for the data and options as float64 holds them; the one judgement
    is which unpenalised columns depend on others.  About ten readings of X, and for k columns that are not zero n k^2 twice.

    References
    ----------
    Kim, Koh, Lustig, Boyd and Gorinevsky (2007), section III (the duality gap).
    Ndiaye, Fercoq, Gramfort and Salmon (2017), Gap Safe Screening Rules for Sparsity Enforcing Penalties, theorem 6.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> certificate = fr.certify(X, [3.0, 0.5, -3.0, -0.5], [2.0, 0.0], alpha=0.5)
    >>> certificate.proved_nonzero, certificate.proved_zero
    (array([ True, False]), array([False,  True]))
    >>> certificate.dual_gap < 1e-12
    True
    """
    columns, _ = _input.design(X)
    if isinstance(columns, _input.Csc):
        from fastreg._sparse import csc_array

        columns = csc_array(columns)
    n, p = columns.shape
    y = _input.target(y, n)
    if not np.isfinite(y).all():
        raise _input.not_finite(y, "y")
    w = _options.coefficients(coef, p)
    alpha = _input.number(alpha, "alpha", 0.0)
    l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    center = _input.flag(fit_intercept, "fit_intercept")
    given = None if intercept is None else _input.number(intercept, "intercept", -np.inf)
    s = _options.sample_weights(sample_weight, n)
    v, u = _options.penalty_factors(penalty_factor, p) or (np.ones(p), np.ones(p))
    lo, hi = _options.bounds(lower, upper, positive, p) or (np.full(p, -np.inf), np.full(p, np.inf))
    o = _options.offsets(offset, n)
    scaled = _input.flag(standardize, "standardize")

    blocks = Blocks(columns, np.full(n, 1.0 / n) if s is None else s / n, center)
    excluded = np.isinf(v) | np.isinf(u)
    constant = scaled & (blocks.norm == 0.0)
    broken = _broken(w, lo, hi, excluded, constant)
    if not center and given:
        broken = broken or f"intercept is {given:g}, but fit_intercept=False fixes it at 0"
    pin = np.where(excluded, 0.0, np.clip(0.0, lo, hi))
    lo, hi = np.where(excluded | constant, pin, lo), np.where(excluded | constant, pin, hi)

    rows = slice(None) if blocks.rows is None else blocks.rows
    targets = [np.asarray(a[rows], dtype=np.float64) for a in (y, o) if a is not None]
    # every power of two that follows brings the largest of y, o, b and x_j w_j to [1/2, 1)
    largest = [abs(given or 0.0), *(float(np.abs(a).max()) for a in targets)]
    sizes = [*np.frexp([a for a in largest if a > 0.0])[1], *(np.frexp(w)[1] + blocks.exponent)[w != 0.0]]
    k = int(max(sizes, default=0))
    unit = blocks.exponent - k
    scale = blocks.norm if scaled else np.ldexp(1.0, -blocks.exponent)
    l1 = _product(-k, alpha, l1_ratio, np.where(excluded, 0.0, v), scale)
    l2 = _product(0, alpha, 1.0 - l1_ratio, np.where(excluded, 0.0, u), scale, scale)
    target = np.ldexp(targets[0], -k) - (np.ldexp(targets[1], -k) if o is not None else 0.0)
    y_mean = float(target[0] + blocks.share @ (target - target[0])) if center else 0.0
    problem = Problem(
        blocks,
        target - y_mean,
        np.ldexp(w, unit),
        np.minimum(l1, HUGE),
        np.minimum(l2, HUGE),
        _bound(lo, unit),
        _bound(hi, unit),
    )
    if np.any(np.isinf(l1 + l2) & (w != 0.0)):
        broken = broken or "the penalty of coef leaves the range of float64"
    return _judge(problem, y_mean, k, given, center, (w == lo, w == hi), broken, 4.0 * blocks.unit * scaled)


def _judge(
    problem: Problem,
    y_mean: float,
    k: int,
    given: float | None,
    center: bool,
    at: tuple[Booleans, Booleans],
    broken: str,
    doubt: float,
) -> Certificate:
    """The certificate in public units: those of the problem times 2^k for y and 2^-exponent for a column.

    at: whether w_j is at its lower, and at its upper bound.  doubt: relative rounding of l1 and l2.
    """
    blocks, w = problem.blocks, problem.w
    r = problem.y - blocks.times(w)
    if center:
        r = r - float(blocks.share @ r)
    steps = (np.count_nonzero(w) + 16) * EPS
    r_error = float(steps * (norm(problem.y, blocks.share) + blocks.size @ np.abs(w) + abs(y_mean)))
    best = y_mean - float(blocks.mean @ w)
    missed, missed_error = 0.0, 0.0
    if given is not None and center:
        missed = abs(best - float(np.ldexp(given, -k)))
        missed_error = (steps + 2.0 * blocks.unit) * (1.0 + float(np.abs(w).sum()))
    value = norm(r, blocks.share) ** 2 / 2 + float(problem.penalty().sum())

    c = blocks.dot(r)
    dual = Dual(np.inf, c, np.zeros_like(c)) if broken else best_dual(problem, r, r_error)
    # weights, penalties and the scales in them are rounded, each by some eps of its share in P
    gap = dual.gap + (8.0 * EPS + doubt) * value
    total = gap + (missed + missed_error) ** 2 / 2
    zero, nonzero = _proofs(problem, dual, gap, doubt)
    unit = blocks.exponent + k
    return Certificate(
        objective=np.inf if broken else _unscaled(value + missed**2 / 2, 2 * k),
        dual_gap=float(np.nextafter(_unscaled(total, 2 * k), np.inf)) if total > 0.0 else 0.0,
        kkt=_kkt(problem, c - problem.l2 * w, at, unit),
        proved_zero=zero,
        proved_nonzero=nonzero,
        intercept=_unscaled(best, k) if given is None else given,
        broken=broken,
    )


def _proofs(problem: Problem, dual: Dual, gap: float, doubt: float) -> tuple[Booleans, Booleans]:
    """(zero, non-zero): the tests of the module's docstring."""
    blocks, w, l1, l2, lo, hi = problem.blocks, problem.w, problem.l1, problem.l2, problem.lower, problem.upper
    radius = np.sqrt(2.0 * gap) * (1.0 + 8.0 * EPS)
    with np.errstate(invalid="ignore", divide="ignore"):  # inf * 0 and x / 0, false in every comparison
        around = (blocks.norm + blocks.unit * blocks.size) * radius + dual.slack
        margin = (doubt + 8.0 * EPS) * l1
        below, above = dual.c + around < l1 - margin, dual.c - around > margin - l1
        zero = (lo <= 0.0) & (hi >= 0.0) & ((hi == 0.0) | below) & ((lo == 0.0) | above)
        positive = (lo > 0.0) | ((hi > 0.0) & (dual.c - around > l1 + margin))
        negative = (hi < 0.0) | ((lo < 0.0) & (dual.c + around < -l1 - margin))
        further = radius + np.where(zero, np.abs(w), 0.0) @ (blocks.size + np.sqrt(l2))
        nonzero = ((w > 0.0) & positive) | ((w < 0.0) & negative) | (l2 * w**2 > radius**2 * (1.0 + doubt + 8.0 * EPS))
        rest = np.flatnonzero(~zero & (lo < hi) & ((blocks.norm > 0.0) | (l2 > 0.0)))
        if np.isfinite(radius) and 0 < rest.size <= MOST_SUPPORT and (rest.size <= blocks.n or l2[rest].all()):
            nonzero[rest] |= np.abs(w[rest]) > further * (1.0 + doubt) * Projector(blocks, rest, l2).reach()
    return zero, nonzero


def _kkt(problem: Problem, c: Floats, at: tuple[Booleans, Booleans], unit: NDArray[np.intp]) -> Floats:
    """By how much c, the downhill gradient, misses l1 times a subgradient of |w_j|, widened to one side at a bound."""
    least = np.where(at[0], -np.inf, np.where(problem.w > 0.0, problem.l1, -problem.l1))
    most = np.where(at[1], np.inf, np.where(problem.w < 0.0, -problem.l1, problem.l1))
    missed = np.maximum(np.maximum(least - c, c - most), 0.0)
    outside = (problem.w < problem.lower) | (problem.w > problem.upper)
    with np.errstate(over="ignore", under="ignore"):
        kkt: Floats = np.where(outside, np.inf, np.ldexp(missed, unit))
    return kkt


def _broken(w: Floats, lo: Floats, hi: Floats, excluded: Booleans, constant: Booleans) -> str:
    """The first constraint that w breaks."""
    tests = {
        "penalty_factor excludes the column and its bounds exclude 0": excluded & ((lo > 0.0) | (hi < 0.0)),
        "penalty_factor excludes the column": excluded & (w != 0.0),
        "the column is constant, for which standardize=True means 0": constant & (w != np.clip(0.0, lo, hi)),
        "it is below lower": w < lo,
        "it is above upper": w > hi,
    }
    for reason, where in tests.items():
        if where.any():
            j = int(np.argmax(where))
            return f"coef[{j}] is {w[j]:g}, but {reason}"
    return ""


def _product(exponent: int, *factors: Any) -> Floats:
    """2^exponent times the factors, inf or 0 only if the product is."""
    mantissa, power = np.frexp(factors[0])
    for factor in factors[1:]:
        m, e = np.frexp(factor)
        mantissa, power = mantissa * m, power + e
    with np.errstate(over="ignore", under="ignore"):
        product: Floats = np.ldexp(mantissa, power + exponent)
    return product


def _bound(bound: Floats, unit: NDArray[np.intp]) -> Floats:
    """A bound in the units of the problem, outwards where it leaves the range of float64."""
    with np.errstate(over="ignore", under="ignore"):
        scaled: Floats = np.ldexp(bound, unit)
    return np.where((scaled == 0.0) & (bound != 0.0), np.copysign(TINY, bound), scaled)


def _unscaled(value: float, k: int) -> float:
    """value times 2^k."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.ldexp(value, k))
