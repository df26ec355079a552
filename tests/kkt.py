"""Judges any answer by the conditions of optimality, whoever computed it.

With X centred when there is an intercept, r = y - b - Xw, l1 = alpha l1_ratio, l2 = alpha (1 - l1_ratio), (w, b) is
optimal if and only if, for every column j,
    w_j != 0:  x_j'r/n - l2 w_j  =  l1 sign(w_j)
    w_j == 0:  |x_j'r/n|        <=  l1
and, with an intercept, mean(r) = 0.
"""

import numpy as np
import reference as ref

# Two ways of summing the same n or p numbers differ by a few eps of the sizes summed; 1e-12 leaves room for n, p ~ 1e3.
ROUNDING = 1e-12


def kkt_violation(X, y, coef, intercept, alpha, l1_ratio=1.0, fit_intercept=True):
    """The largest amount by which a condition is missed, relative to its scale: the sizes of its terms, added up.

    The scale of column j is |x_j||y|/n + l2 |w_j| + l1 (|x_j'r|/n can be |x_j||y|/n), that of the intercept is that of
    intercept_violation.  0 is optimal, 1 is as wrong as w = 0 for alpha = 0 and y along a column.
    """
    centred_X, centred_y, _, _ = ref.center(X, y, fit_intercept)
    X, y, w = (np.asarray(a, dtype=np.float64) for a in (X, y, coef))
    n = len(y)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    c = centred_X.T @ (y - intercept - X @ w) / n - l2 * w
    missed = np.where(w != 0, np.abs(c - l1 * np.sign(w)), np.maximum(np.abs(c) - l1, 0.0))
    scale = np.linalg.norm(centred_X, axis=0) * np.linalg.norm(centred_y) / n + l2 * np.abs(w) + l1
    # A constant column without a penalty has 0 <= 0 for its condition: met by every w_j.
    relative = np.divide(missed, scale, out=np.zeros_like(missed), where=scale > 0)
    return max(relative.max(initial=0.0), intercept_violation(X, y, coef, intercept) if fit_intercept else 0.0)


def intercept_violation(X, y, coef, intercept):
    """|ybar - b - xbar'w| / (mean|y| + |b| + sum_j mean|x_j| |w_j|), the largest over the targets."""
    X, y, w, b = (np.asarray(a, dtype=np.float64) for a in (X, y, coef, intercept))
    missed = np.abs(y.mean(axis=0) - b - X.mean(axis=0) @ w)
    scale = np.abs(y).mean(axis=0) + np.abs(b) + np.abs(X).mean(axis=0) @ np.abs(w)
    return np.max(np.divide(missed, scale, out=np.zeros_like(missed), where=scale > 0))


def gap_rounding(X, y, coef, alpha, l1_ratio=1.0):
    """How far rounding w to float64 can move the gap, for centred X, y: no claim can be judged more finely than this.

    It moves r by up to eps s, s = |y| + |X||w| by row, and so c = X'r/n by up to eps a, a = |X|'s/n by column.  To first
    order that moves |r|^2/(2n) by eps |r|'s/n, w'c by eps |w|'a, and the limit of the dual point, l1 / max|c|, by a share
    eps max(a) / l1, which moves the dual objective by that share of the objective.  Four eps: a few such roundings.
    """
    w, n = np.abs(coef), len(y)
    s = np.abs(y) + np.abs(X) @ w
    a = np.abs(X).T @ s / n
    l1 = alpha * l1_ratio
    share = a.max(initial=0.0) / l1 if l1 > 0 else 0.0
    return 4 * ref.EPS * (np.abs(y - X @ coef) @ s / n + w @ a + share * ref.objective(X, y, coef, 0.0, alpha, l1_ratio))


def assert_optimal(X, y, fit, alpha, *, l1_ratio=1.0, fit_intercept=True, tol=1e-6):
    """Every claim of a lasso or elastic net Fit holds: finite, optimal intercept, objective, gap, convergence.

    The gap of the twin bounds P - min P, so a claimed gap at least as large is no smaller than the truth.
    """
    assert fit.alpha == alpha
    assert fit.l1_ratio == l1_ratio
    assert fit.coef.shape == (np.shape(X)[1],)
    centred_X, centred_y, _, _ = ref.center(X, y, fit_intercept)
    gap = ref.duality_gap(X, y, fit.coef, alpha, l1_ratio, fit_intercept)
    value = ref.objective(centred_X, centred_y, fit.coef, 0.0, alpha, l1_ratio)
    floor = ref.gap_floor(y, fit_intercept) + gap_rounding(centred_X, centred_y, fit.coef, alpha, l1_ratio)
    _assert_claims(X, y, fit, gap, value, floor, fit_intercept, tol)


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


def _assert_claims(X, y, fit, gap, value, floor, fit_intercept, tol):
    """gap, value, floor: what the twins say of fit, at the best intercept; numbers, or (t,) arrays for t targets."""
    assert np.isfinite(fit.coef).all()
    assert np.isfinite(fit.intercept).all()
    if fit_intercept:
        assert intercept_violation(X, y, fit.coef, fit.intercept) <= ROUNDING
    else:
        assert np.all(fit.intercept == 0)
    assert np.all(np.abs(fit.objective - value) <= ROUNDING * value + floor), (fit.objective, value)
    assert np.all(fit.dual_gap >= 0), fit.dual_gap
    assert np.all(gap <= (1 + 1e-6) * fit.dual_gap + floor), f"gap {gap}, but {fit.dual_gap} claimed."
    assert fit.status.converged, fit.status
    assert np.all(gap <= (1 + 1e-6) * tol * value + floor), f"gap {gap}, but {tol} of {value} promised."
