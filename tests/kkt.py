"""Judges any answer by the conditions of optimality, whoever computed it.

In the terms of reference.py (weights and offset worked into A and b, factors and scales into l1 and l2, both centred when there
is an intercept), with c = A'(b - Aw) - l2 w, (w, b) is optimal if and only if lower <= w <= upper and, for every column j,
    w_j != 0:  c_j  =  l1_j sign(w_j)        but any c_j above that will do at the upper bound, any below at the lower one
    w_j == 0:  |c_j| <= l1_j                 the same
and, with an intercept, the weighted mean of y - o - b - Xw is 0.
"""

import numpy as np
import reference as ref

# Two ways of summing the same n or p numbers differ by a few eps of the sizes summed; 1e-12 leaves room for n, p ~ 1e3.
ROUNDING = 1e-12


def kkt_violation(X, y, coef, intercept, alpha, l1_ratio=1.0, fit_intercept=True, **options):
    """The largest amount by which a condition is missed, relative to its scale: the sizes of its terms, added up.

    The scale of column j is |A_j||b| + l2 |w_j| + l1 (|A_j'r| can be |A_j||b|), that of the intercept is that of
    intercept_violation.  0 is optimal, 1 is as wrong as w = 0 for alpha = 0 and y along a column; inf breaks a bound.
    options: those of reference.terms.
    """
    w = ref.array(coef)
    fixed = 0.0 if fit_intercept else intercept
    t = ref.terms(X, ref.array(y) - fixed, alpha, l1_ratio, fit_intercept, **options)
    if np.any((w < t.lower) | (w > t.upper)):
        return np.inf
    c = t.A.T @ (t.b - t.A @ w) - t.l2 * w
    least = np.where(w == t.lower, -np.inf, np.where(w > 0, t.l1, -t.l1))
    most = np.where(w == t.upper, np.inf, np.where(w < 0, -t.l1, t.l1))
    missed = np.maximum(np.maximum(least - c, c - most), 0.0)
    scale = np.linalg.norm(t.A, axis=0) * np.linalg.norm(t.b) + t.l2 * np.abs(w) + t.l1
    # A constant column without a penalty has 0 <= 0 for its condition: met by every w_j.
    relative = np.divide(missed, scale, out=np.zeros_like(missed), where=scale > 0)
    rest = {name: options.get(name) for name in ("sample_weight", "offset")}
    return max(relative.max(initial=0.0), intercept_violation(X, y, coef, intercept, **rest) if fit_intercept else 0.0)


def intercept_violation(X, y, coef, intercept, sample_weight=None, offset=None):
    """|ybar - b - xbar'w| / (mean|y| + |b| + sum_j mean|x_j| |w_j|), weighted means, the largest over the targets.

    y stands for y - o, and mean|y| for mean|y| + mean|o|.
    """
    X, y, w, b = (ref.array(a) for a in (X, y, coef, intercept))
    o = np.zeros(len(y)) if offset is None else ref.array(offset)
    share = ref.shares(len(y), sample_weight)
    missed = np.abs(share @ y - share @ o - b - (share @ X) @ w)
    scale = share @ np.abs(y) + share @ np.abs(o) + np.abs(b) + (share @ np.abs(X)) @ np.abs(w)
    return np.max(np.divide(missed, scale, out=np.zeros_like(missed), where=scale > 0))


def gap_rounding(X, y, coef, alpha, l1_ratio=1.0, fit_intercept=False, **options):
    """How far rounding w to float64 can move the gap: no claim can be judged more finely than this.

    It moves r by up to eps s, s = |b| + |A||w| by row, and so c = A'r by up to eps a, a = |A|'s by column.  To first order that
    moves |r|^2/2 by eps |r|'s, w'c by eps |w|'a, and the limit of the dual point, the least l1_j / |c_j|, by a share
    eps max(a_j / l1_j), which moves the dual objective by that share of the objective.  Four eps: a few such roundings.
    """
    t, w = ref.terms(X, y, alpha, l1_ratio, fit_intercept, **options), ref.array(coef)
    s = np.abs(t.b) + np.abs(t.A) @ np.abs(w)
    a = np.abs(t.A).T @ s
    share = np.max(a[t.l1 > 0] / t.l1[t.l1 > 0], initial=0.0)
    return 4 * ref.EPS * (np.abs(t.b - t.A @ w) @ s + np.abs(w) @ a + share * ref.primal(t, w))


def assert_optimal(X, y, fit, alpha, *, l1_ratio=1.0, fit_intercept=True, tol=1e-6, **options):
    """Every claim of a lasso or elastic net Fit holds: finite, optimal intercept, objective, gap, convergence.

    The gap of the twin bounds P - min P, so a claimed gap at least as large is no smaller than the truth.
    options: those of reference.terms.
    """
    assert fit.alpha == alpha
    assert fit.l1_ratio == l1_ratio
    assert fit.coef.shape == (np.shape(X)[1],)
    t = ref.terms(X, y, alpha, l1_ratio, fit_intercept, **options)
    assert np.all((t.lower <= fit.coef) & (fit.coef <= t.upper))
    gap, value = ref.gap(t, fit.coef), ref.primal(t, fit.coef)
    floor = 64 * ref.EPS * (t.b @ t.b) + gap_rounding(X, y, fit.coef, alpha, l1_ratio, fit_intercept, **options)
    rest = {name: options.get(name) for name in ("sample_weight", "offset")}
    _assert_claims(X, y, fit, gap, value, floor, fit_intercept, tol, **rest)


def assert_ridge_optimal(X, y, fit, alpha, *, fit_intercept=True, tol=1e-10):
    """The same for a ridge Fit, for each target; alpha = 0: also the least norm, w = pinv(X) X w.

    tol: the gap of a direct solve, relative to the objective, is about (eps cond(X'X + alpha I))^2; the default
    serves condition numbers up to 1e10.
    """
    assert fit.alpha == alpha
    assert fit.l1_ratio == 0
    assert fit.coef.shape == np.shape(X)[1:] + np.shape(y)[1:]
    centred_X, centred_y, _, _ = ref.center(X, y, fit_intercept)
    gap = ref.ridge_gap(X, y, fit.coef, alpha, fit_intercept)
    value = ref.ridge_objective(centred_X, centred_y, fit.coef, 0.0, alpha)
    floor = 2 * len(y) * ref.gap_floor(y, fit_intercept)  # the ridge scaling is 2n times the other
    _assert_claims(X, y, fit, gap, value, floor, fit_intercept, tol)
    if alpha == 0:
        least, *_ = np.linalg.lstsq(centred_X, centred_X @ fit.coef, rcond=None)
        np.testing.assert_allclose(fit.coef, least, rtol=1e-7, atol=1e-7 * np.abs(least).max(initial=0.0))


def _assert_claims(X, y, fit, gap, value, floor, fit_intercept, tol, **rest):
    """gap, value, floor: what the twins say of fit, at the best intercept; numbers, or (t,) arrays for t targets.

    rest: weights and offset.
    """
    assert np.isfinite(fit.coef).all()
    assert np.isfinite(fit.intercept).all()
    if fit_intercept:
        assert intercept_violation(X, y, fit.coef, fit.intercept, **rest) <= ROUNDING
    else:
        assert np.all(fit.intercept == 0)
    assert np.all(np.abs(fit.objective - value) <= ROUNDING * value + floor), (fit.objective, value)
    assert np.all(fit.dual_gap >= 0), fit.dual_gap
    assert np.all(gap <= (1 + 1e-6) * fit.dual_gap + floor), f"gap {gap}, but {fit.dual_gap} claimed."
    assert fit.status.converged, fit.status
    assert np.all(gap <= (1 + 1e-6) * tol * value + floor), f"gap {gap}, but {tol} of {value} promised."


def assert_ridge_claims(X, y, fit, alpha, *, fit_intercept=True, tol=1e-10, **options):
    """The same for a ridge Fit with any options but bounds: see reference.ridge.  Its excess over the optimum is exact, but for
    what rounding w to float64 costs: it moves the residual of a row by up to eps (|b| + |A||w|)."""
    np.testing.assert_array_equal(fit.alpha, alpha)
    assert fit.l1_ratio == 0
    assert fit.coef.shape == np.shape(X)[1:] + np.shape(y)[1:]
    A, b, _, _ = ref.ridge_rows(X, y, alpha, fit_intercept, **options)
    moved = ref.EPS * (np.abs(b) + np.abs(A) @ np.abs(fit.coef))
    floor = 64 * ref.EPS * np.sum(b**2, axis=0) + np.sum(4 * moved * np.abs(b - A @ fit.coef) + (4 * moved) ** 2, axis=0)
    excess = ref.ridge_excess(X, y, fit.coef, alpha, fit_intercept, **options)
    value = ref.ridge_objective(X, y, fit.coef, fit.intercept, alpha, fit_intercept, **options)
    rest = {name: options.get(name) for name in ("sample_weight", "offset")}
    if rest["offset"] is not None and np.ndim(y) == 2:
        y, rest["offset"] = y - rest["offset"][:, None], None
    _assert_claims(X, y, fit, excess, value, floor, fit_intercept, tol, **rest)
