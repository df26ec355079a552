"""A slow numpy twin of every formula of the package, to be believed by reading.

    lasso, elastic net   P(w, b) = 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2)
    with all options     P(w, b) = 1/(2n) sum_i s_i (y_i - o_i - b - x_i'w)^2
                                   + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2),  lower <= w <= upper
    ridge                R(w, b) = |y - b - Xw|^2 + alpha |w|^2
    with all options     R(w, b) = sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha w'Pw,  P = diag(u) or any matrix

Any dtype, order and strides, dense or sparse, come in; everything is computed on dense float64 copies.  The intercept b is
not penalised, so it is always ybar - xbar'w, which is the same as fitting centred data without one; without an intercept b = 0.

`**options` are those of `terms`: sample_weight, penalty_factor, lower, upper, positive, standardize, offset; for ridge
sample_weight, offset, and the `**penalty` of `ridge_penalty`: penalty_factor, penalty_matrix, standardize.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.linalg import null_space
from scipy.optimize import lsq_linear, nnls

EPS = np.finfo(np.float64).eps


def array(a):
    """A dense float64 copy."""
    return np.array(a.toarray() if hasattr(a, "toarray") else a, dtype=np.float64)


def shares(n, sample_weight=None):
    """s_i / sum(s): the share of every row."""
    if sample_weight is None:
        return np.full(n, 1 / n)
    s = array(sample_weight)
    s /= s.max()  # else the sum may overflow
    return s / s.sum()


def center(X, y, fit_intercept=True, sample_weight=None):
    """X - xbar, y - ybar, xbar, ybar in float64; the means are zero without an intercept.  y is (n,) or (n, t)."""
    X, y = array(X), array(y)
    if not fit_intercept:
        return X, y, np.zeros(X.shape[1]), np.zeros(y.shape[1:])
    x_mean, y_mean = mean(X, sample_weight), mean(y, sample_weight)
    return X - x_mean, y - y_mean, x_mean, y_mean


def mean(A, sample_weight=None):
    """The mean over the rows; that of a constant is the constant, exactly, so that centring leaves no rounding."""
    if sample_weight is None:
        return np.where(np.ptp(A, axis=0) == 0, A[0], A.mean(axis=0))
    share = shares(len(A), sample_weight)
    A = A[share > 0]
    return np.where(np.ptp(A, axis=0) == 0, A[0], share[share > 0] @ A)


def soft_threshold(x, threshold):
    """sign(x) max(|x| - threshold, 0), the minimiser over v of 1/2 (v - x)^2 + threshold |v|."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


# Lasso and elastic net


class Terms(NamedTuple):
    """P(w) = 1/2 |b - Aw|^2 + sum_j (l1_j |w_j| + l2_j/2 w_j^2), lower <= w <= upper, at the best intercept for w."""

    A: np.ndarray
    b: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    x_mean: np.ndarray
    y_mean: float


def terms(
    X,
    y,
    alpha,
    l1_ratio=1.0,
    fit_intercept=True,
    *,
    sample_weight=None,
    penalty_factor=None,
    lower=None,
    upper=None,
    positive=False,
    standardize=False,
    offset=None,
):
    """The problem with its options worked in: A = sqrt(s/n) (X - xbar), b = sqrt(s/n) (y - o - their mean).

    penalty_factor is v, or (v, u) with u for the squares; where one is inf the column is excluded.  standardize multiplies v_j
    by sd_j = |A_j| and u_j by sd_j^2; the coefficient of a column with sd_j = 0 is 0, or as near to it as the bounds allow.
    """
    n, p = np.shape(X)
    X, y, x_mean, y_mean = center(X, y if offset is None else array(y) - offset, fit_intercept, sample_weight)
    root = np.sqrt(shares(n, sample_weight))
    A, b = root[:, None] * X, root * y
    v, u = penalty_factor if isinstance(penalty_factor, tuple) else (penalty_factor, penalty_factor)
    v, u = (np.ones(p) if factor is None else array(factor) for factor in (v, u))
    lower = np.full(p, -np.inf) if lower is None else np.broadcast_to(array(lower), p).copy()
    upper = np.full(p, np.inf) if upper is None else np.broadcast_to(array(upper), p).copy()
    if positive:
        lower = np.maximum(lower, 0.0)
    excluded = np.isinf(v) | np.isinf(u)
    if np.any(excluded & ((lower > 0) | (upper < 0))):
        raise ValueError("an excluded column whose bounds exclude 0: no w is feasible.")
    v[excluded] = u[excluded] = lower[excluded] = upper[excluded] = 0.0
    if standardize:
        sd = np.sqrt(np.sum(A**2, axis=0))
        v, u = v * sd, u * sd**2
        constant = sd == 0
        lower[constant] = upper[constant] = np.clip(0.0, lower[constant], upper[constant])
    return Terms(A, b, alpha * l1_ratio * v, alpha * (1 - l1_ratio) * u, lower, upper, x_mean, y_mean)


def primal(t, w):
    """P(w) of Terms; inf where a bound is broken."""
    if np.any((w < t.lower) | (w > t.upper)):
        return np.inf
    r = t.b - t.A @ w
    return r @ r / 2 + t.l1 @ np.abs(w) + t.l2 @ w**2 / 2


def objective(X, y, coef, intercept, alpha, l1_ratio=1.0, fit_intercept=True, **options):
    """P(w, b) = P(w) + 1/2 (ybar - xbar'w - b)^2 with an intercept; without one ybar = xbar = 0, and the data are y - b.

    fit_intercept=False centres nothing, whatever b is.
    """
    w = array(coef)
    if fit_intercept:
        t = terms(X, y, alpha, l1_ratio, **options)
        return primal(t, w) + (t.y_mean - t.x_mean @ w - intercept) ** 2 / 2
    return primal(terms(X, array(y) - intercept, alpha, l1_ratio, False, **options), w)


def conjugate(c, l1, l2, lower, upper):
    """sup c z - l1 |z| - l2/2 z^2 over lower <= z <= upper: at the clipped peak, or for l2 = 0 at an end or nearest to 0."""

    def line(z):
        return np.nan_to_num((c * np.sign(z) - l1) * np.abs(z), nan=0.0, posinf=np.inf, neginf=-np.inf)  # c = l1, z = inf: 0

    with np.errstate(invalid="ignore", divide="ignore"):
        peak = np.clip(soft_threshold(c, l1) / l2, lower, upper)
        curved = c * peak - l1 * np.abs(peak) - l2 / 2 * peak**2
        straight = np.max([line(lower), line(upper), line(np.clip(0.0, lower, upper))], axis=0)
    return np.where(l2 > 0, curved, straight)


def gap(t, w):
    """P(w) - D(theta) >= P(w) - min P for Terms, as 1/2 |r' - theta|^2 + sum_j (phi_j(w_j) + phi_j*(c_j) - w_j c_j).

    phi_j is the penalty of w_j with its bounds, phi_j* its conjugate, c = A'theta.  The l2 of a column with l1 > 0 is one more
    row of the data instead, r' = (r, -sqrt(l2) w), A' = (A, sqrt(l2) I): a conjugate would be finite for all c, but large.
    theta = t r'', with r'' the point nearest to r' that has c_j <= 0 where an unpenalised w_j may grow without end and c_j >= 0
    where it may fall without end: r' minus its projection on the cone of these columns.
    t is the best one of the plain lasso, y'.r'' / |r''|^2, or 1, brought to where the conjugates are finite.
    """
    if not np.isfinite(primal(t, w)):
        return np.inf
    row_l2, l2 = np.where(t.l1 > 0, t.l2, 0.0), np.where(t.l1 > 0, 0.0, t.l2)
    A = np.vstack([t.A, np.zeros((np.count_nonzero(row_l2), len(w)))])
    A[np.arange(len(t.b), len(A)), row_l2 > 0] = np.sqrt(row_l2[row_l2 > 0])
    y = np.concatenate([t.b, np.zeros(len(A) - len(t.b))])
    r = y - A @ w
    rising, falling = (l2 == 0) & np.isinf(t.upper), (l2 == 0) & np.isinf(t.lower)
    free = t.l1 == 0
    both = A[:, free & rising & falling]
    cone = np.hstack([A[:, free & rising & ~falling], -A[:, free & falling & ~rising]])
    point = r - projection(both, r)
    point = point - cone_projection(cone - projection(both, cone), point)
    c = A.T @ point

    def limit(sign):
        """The largest step in this direction with step c_j <= l1 where w_j may grow, step c_j >= -l1 where it may fall."""
        tight = ~free & ((rising & (sign * c > 0)) | (falling & (sign * c < 0)))
        return np.min(t.l1[tight] / np.abs(c[tight]), initial=np.inf)

    def value(step):
        # what the limit and the projection leave to clip is rounding
        d = np.clip(step * c, np.where(falling, -t.l1, -np.inf), np.where(rising, t.l1, np.inf))
        fenchel = t.l1 * np.abs(w) + l2 / 2 * w**2 + conjugate(d, t.l1, l2, t.lower, t.upper) - d * w
        return np.sum((r - step * point) ** 2) / 2 + np.sum(fenchel)

    square = point @ point
    best = y @ point / square if square > EPS * (r @ r) else 0.0  # else a point that the projection may have left by rounding
    return min(value(step) for step in np.clip([best, 1.0], -limit(-1), limit(1)))


def duality_gap(X, y, coef, alpha, l1_ratio=1.0, fit_intercept=True, **options):
    """P(w) - D(theta) >= P(w) - min P, at the best intercept for w: see `gap`.

    Without options and for l1_ratio = 1: theta = t r, t = clip(y.r / |r|^2, +-n alpha / max|X'r|),
    D = 1/(2n) (|y|^2 - |y - theta|^2).
    """
    return gap(terms(X, y, alpha, l1_ratio, fit_intercept, **options), array(coef))


def gap_floor(y, fit_intercept=True, sample_weight=None, offset=None):
    """64 eps |y|^2 / n: gaps below it are rounding (y centred when there is an intercept)."""
    y = array(y) if offset is None else array(y) - offset
    _, y, _, _ = center(np.zeros((len(y), 0)), y, fit_intercept, sample_weight)
    return 64 * EPS * (shares(len(y), sample_weight) @ y**2)


def alpha_max(X, y, l1_ratio=1.0, fit_intercept=True, **options):
    """The smallest alpha whose solution has all penalised coefficients zero: max_j |x_j'r| / (n l1_ratio v_j).

    r is y, or what the best fit on the unpenalised columns leaves of it.  Where w_j cannot be positive (negative), a positive
    (negative) x_j'r does not count.
    """
    t = terms(X, y, 1.0, l1_ratio, fit_intercept, **options)
    penalised = t.l1 + t.l2 > 0
    if np.any(penalised & (t.l1 == 0)):
        raise ValueError("a column with an l2 penalty only: no alpha makes its coefficient zero.")
    if np.any(penalised & ((t.lower > 0) | (t.upper < 0))):
        raise ValueError("bounds exclude 0: no alpha makes all coefficients zero.")
    w, _ = descend(t._replace(upper=np.where(penalised, 0.0, t.upper), lower=np.where(penalised, 0.0, t.lower)))
    c = t.A.T @ (t.b - t.A @ w)
    outward = np.maximum(np.where(t.upper > 0, c, 0.0), np.where(t.lower < 0, -c, 0.0))
    return np.max(outward[penalised] / t.l1[penalised], initial=0.0)


def alpha_grid(largest, n_alphas, alpha_min_ratio):
    """Geometric from the largest down to largest * alpha_min_ratio."""
    return largest * alpha_min_ratio ** (np.arange(n_alphas) / max(n_alphas - 1, 1))


def solve(X, y, alpha, l1_ratio=1.0, fit_intercept=True, start=None, max_sweeps=200_000, **options):
    """coef, intercept for all options, run until the gap is 1e-13 of the objective or mere rounding."""
    t = terms(X, y, alpha, l1_ratio, fit_intercept, **options)
    w, gap_left = descend(t, start, max_sweeps)
    if gap_left > 0:
        raise RuntimeError(f"no optimum after {max_sweeps} sweeps: gap {gap_left:.3g}.")
    return w, float(t.y_mean - t.x_mean @ w)


def descend(t, start=None, max_sweeps=200_000):
    """Cyclic coordinate descent on Terms: w, and the gap where it is not yet 1e-13 of P or rounding, else 0.

    With one column free, P is a parabola plus l1 |w_j|: its minimiser is
        w_j = soft_threshold(A_j'(r + A_j w_j), l1) / (A_j'A_j + l2), clipped to the bounds.
    The coefficient of a column of zeros is as near 0 as may be; columns with neither penalty nor bounds are solved together.
    """
    w = np.clip(np.zeros(t.A.shape[1]) if start is None else array(start), t.lower, t.upper)
    floor = 2 * EPS * (t.b @ t.b)
    square = np.sum(t.A**2, axis=0)
    w[square == 0] = np.clip(0.0, t.lower, t.upper)[square == 0]
    free = (t.l1 == 0) & (t.l2 == 0) & np.isinf(t.lower) & np.isinf(t.upper)
    F = t.A[:, free]
    left = np.inf
    for sweep in range(max_sweeps):
        if sweep % 10 == 0:
            r = t.b - t.A @ w  # afresh, so that rounding does not add up
        for j in np.flatnonzero((square > 0) & ~free):
            x, old = t.A[:, j], w[j]
            w[j] = np.clip(soft_threshold(x @ r + old * square[j], t.l1[j]) / (square[j] + t.l2[j]), t.lower[j], t.upper[j])
            r += x * (old - w[j])
        if free.any():
            step = np.linalg.lstsq(F, r, rcond=None)[0]
            w[free] += step
            r -= F @ step
        if sweep % 10 == 9:
            left = gap(t, w)
            if left <= max(1e-13 * primal(t, w), floor):
                return w, 0.0
    return w, left


def elastic_net(X, y, alpha, l1_ratio=1.0, fit_intercept=True, start=None, max_sweeps=200_000):
    """coef, intercept by `solve`; for l1 = 0 by `ridge` with its alpha = n l2, which for alpha = 0 has the least norm."""
    if alpha * l1_ratio == 0:
        return ridge(X, y, len(y) * alpha, fit_intercept)
    return solve(X, y, alpha, l1_ratio, fit_intercept, start, max_sweeps)


def elastic_net_path(X, y, alphas, l1_ratio=1.0, fit_intercept=True):
    """coefs (p, K) and intercepts (K,): the solutions of elastic_net, each started at the one before."""
    coefs, intercepts, w = [], [], None
    for alpha in alphas:
        w, b = elastic_net(X, y, alpha, l1_ratio, fit_intercept, start=w)
        coefs.append(w)
        intercepts.append(b)
    return np.array(coefs).T, np.array(intercepts)


def relaxed(X, y, coef, relax, fit_intercept=True, sample_weight=None, offset=None):
    """coef, intercept: (1 - relax) coef + relax times least squares of smallest norm on the columns where coef is not 0."""
    w, A = array(coef), np.flatnonzero(coef)
    t = terms(X, y, 0.0, fit_intercept=fit_intercept, sample_weight=sample_weight, offset=offset)
    least = np.zeros_like(w)
    least[A] = np.linalg.lstsq(t.A[:, A], t.b, rcond=1e-10)[0]
    w = (1 - relax) * w + relax * least
    return w, t.y_mean - t.x_mean @ w


def deviance_ratio(X, y, coef, intercept, fit_intercept=True):
    """1 - |y - b - Xw|^2 / |y - ybar|^2, without ybar when there is no intercept; 0 if y is constant."""
    _, centred, _, _ = center(X, y, fit_intercept)
    r = np.asarray(y, dtype=np.float64) - intercept - np.asarray(X, dtype=np.float64) @ coef
    return 1 - r @ r / (centred @ centred) if centred.any() else 0.0


def criterion(name, X, y, coef, intercept, k, n, noise=None, chosen=0, candidates=0, gamma=1.0, **options):
    """aic, aicc, bic, ebic or gcv of one fit with k degrees of freedom, the intercept's among them, to n rows, `chosen` of
    `candidates` columns in it; -2 log likelihood without its terms n log(2 pi) and, where noise is not known, n."""
    s, o = options.get("sample_weight"), options.get("offset")
    r = array(y) - (0.0 if o is None else array(o)) - intercept - array(X) @ coef
    m = shares(len(r), s) @ r**2
    if name == "gcv":
        return m / (1 - k / n) ** 2
    likelihood = n * np.log(m) if noise is None else n * m / noise
    if name == "aicc" and noise is None:
        # Hurvich and Tsai: n log m + n (1 + k/n) / (1 - (k + 2)/n), whose limit for large n is aic + n + 2
        return likelihood + n * (1 + k / n) / (1 - (k + 2) / n) - n - 2
    if name in ("bic", "ebic"):
        ways = math.comb(candidates, chosen) if name == "ebic" else 1
        return likelihood + k * np.log(n) + 2 * gamma * math.log(ways)
    return likelihood + 2 * k


# Ridge: y is (n,) or (n, t), coef (p,) or (p, t)


class RidgePenalty(NamedTuple):
    """w'Pw = |root w|^2 on the columns that are used; root free = 0, root whitened = I on its range, so that w = free c +
    whitened d has the penalty |d|^2, and whitened whitened' is the pseudo-inverse of P."""

    root: np.ndarray
    free: np.ndarray
    whitened: np.ndarray
    used: np.ndarray


def ridge_penalty(X, fit_intercept=True, sample_weight=None, *, penalty_factor=None, penalty_matrix=None, standardize=False):
    """P = penalty_matrix, or diag(u); standardize multiplies u_j by the weighted variance of the column (mean square without
    an intercept).  A column of factor inf is not used, nor is a constant one that is to be standardised."""
    p = np.shape(X)[1]
    if penalty_matrix is not None:
        values, vectors = np.linalg.eigh(array(penalty_matrix))
        positive = values > p * EPS * values.max()
        size, penalised = np.sqrt(values[positive]), vectors[:, positive]
        return RidgePenalty(size[:, None] * penalised.T, vectors[:, ~positive], penalised / size, np.full(p, True))
    v, u = penalty_factor if isinstance(penalty_factor, tuple) else (penalty_factor, penalty_factor)
    v, u = (np.ones(p) if factor is None else array(factor) for factor in (v, u))
    used = np.isfinite(v) & np.isfinite(u)
    u[~used] = 0.0
    if standardize:
        centred, _, _, _ = center(X, np.zeros(np.shape(X)[0]), fit_intercept, sample_weight)
        variance = shares(len(centred), sample_weight) @ centred**2
        used &= variance > 0
        u *= variance
    size, unit = np.sqrt(u), np.eye(p)
    positive = used & (u > 0)
    return RidgePenalty(np.diag(size), unit[:, used & (u == 0)], unit[:, positive] / size[positive], used)


def ridge_rows(X, y, alpha, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """(A, b) with R(w) = |b - Aw|^2 at the best intercept for w, xbar and ybar: the centred rows times sqrt(s_i), and below
    them one row sqrt(alpha) root_k'w = 0 for each row of the root of the penalty."""
    P = ridge_penalty(X, fit_intercept, sample_weight, **penalty)
    y = array(y) if offset is None else (array(y).T - array(offset)).T
    X, y, x_mean, y_mean = center(X, y, fit_intercept, sample_weight)
    root = np.ones(len(y)) if sample_weight is None else np.sqrt(array(sample_weight))
    A = np.vstack([root[:, None] * X, np.sqrt(alpha) * P.root])
    A[:, ~P.used] = 0.0
    return A, np.concatenate([(root * y.T).T, np.zeros((len(P.root), *y.shape[1:]))]), x_mean, y_mean


def ridge(X, y, alpha, fit_intercept=True, **options):
    """coef, intercept minimising R(w, b); of several minimisers the one of least |w|."""
    A, b, x_mean, y_mean = ridge_rows(X, y, alpha, fit_intercept, **options)
    w = np.linalg.lstsq(A, b, rcond=None)[0]
    w[~A.any(axis=0)] = 0.0
    b = y_mean - x_mean @ w
    return w, float(b) if b.ndim == 0 else b


def ridge_objective(X, y, coef, intercept, alpha, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha w'Pw, one number per target."""
    P = ridge_penalty(X, fit_intercept, sample_weight, **penalty)
    X, y, w = array(X), array(y), array(coef)
    o, s = (np.full(len(y), value) if given is None else array(given) for given, value in ((offset, 0.0), (sample_weight, 1.0)))
    return s @ ((y - X @ w - intercept).T - o).T ** 2 + alpha * np.sum((P.root @ w) ** 2, axis=0)


def ridge_excess(X, y, coef, alpha, fit_intercept=True, **options):
    """R(w) - min R at the best intercept for w, one number per target: |b - Aw projected on the columns of A|^2."""
    A, b, _, _ = ridge_rows(X, y, alpha, fit_intercept, **options)
    return np.sum(projection(A, b - A @ array(coef)) ** 2, axis=0)


def ridge_hat(X, alpha, fit_intercept=True, **options):
    """The (n, n) matrix from y to the fitted values: its columns are the fitted values of the unit vectors."""
    w, b = ridge(X, np.eye(np.shape(X)[0]), alpha, fit_intercept, **options)
    return array(X) @ w + b


def ridge_df(X, alpha, fit_intercept=True, **options):
    """The trace of the hat matrix."""
    return np.trace(ridge_hat(X, alpha, fit_intercept, **options))


def ridge_gcv(X, y, alpha, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """(sum_i s_i r_i^2 / sum_i s_i) / (1 - df/n)^2 for n rows of positive weight."""
    s = np.ones(len(y)) if sample_weight is None else array(sample_weight)
    w, b = ridge(X, y, alpha, fit_intercept, sample_weight=s, offset=offset, **penalty)
    fit = ridge_objective(X, y, w, b, 0.0, fit_intercept, s, offset) / s.sum()
    return fit / (1 - ridge_df(X, alpha, fit_intercept, sample_weight=s, **penalty) / np.count_nonzero(s)) ** 2


def ridge_loo_errors(X, y, alpha, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """y_i - o_i - b - x_i'w of the fit without row i, fitted afresh for each row of positive weight; 0 for the others.

    A standardised penalty stays that of all rows.  From no rows at all comes w = 0, b = 0.
    """
    if penalty.get("standardize"):
        P = ridge_penalty(X, fit_intercept, sample_weight, **penalty)
        penalty = {"penalty_factor": np.where(P.used, np.diag(P.root) ** 2, np.inf)}
    X, y = array(X), array(y)
    s = np.ones(len(y)) if sample_weight is None else array(sample_weight)
    o = np.zeros(len(y)) if offset is None else array(offset)
    errors = np.zeros_like(y)
    for i in np.flatnonzero(s):
        rest = np.where(np.arange(len(y)) == i, 0.0, s)
        w, b = ridge(X, y, alpha, fit_intercept, sample_weight=rest, offset=o, **penalty) if rest.any() else (0.0 * X[0], 0.0)
        errors[i] = y[i] - o[i] - b - X[i] @ w
    return errors


def ridge_loo(X, y, alpha, fit_intercept=True, sample_weight=None, **options):
    """sum_i s_i e_i^2 / sum_i s_i over the errors of leaving one row out, one number per target."""
    return shares(len(y), sample_weight) @ ridge_loo_errors(X, y, alpha, fit_intercept, sample_weight, **options) ** 2


def ridge_restricted(X, y, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """(B, z): the rows of positive weight times sqrt(s_i), in an orthonormal basis of all that neither the intercept nor
    unpenalised columns explain: what is left to fit is |z - Bd|^2 + alpha |d|^2, in n' = len(z) rows."""
    P = ridge_penalty(X, fit_intercept, sample_weight, **penalty)
    X, y = array(X), array(y) if offset is None else (array(y).T - array(offset)).T
    s = np.ones(len(y)) if sample_weight is None else array(sample_weight)
    X, y, root = X[s > 0], y[s > 0], np.sqrt(s[s > 0])
    Z = np.hstack([np.ones((len(y), int(fit_intercept))), X @ P.free])
    A = null_space((root[:, None] * Z).T) if Z.shape[1] else np.eye(len(y))
    return A.T @ (root[:, None] * (X @ P.whitened)), A.T @ (root * y.T).T


def ridge_log_marginal_likelihood(X, y, alpha, fit_intercept=True, **options):
    """-1/2 (n' (log(2 pi J / n') + 1) + log det(I + BB'/alpha)), J = z'inv(I + BB'/alpha)z: the log density of z at its most
    likely sigma2 = J / n', for z ~ N(0, sigma2 (I + BB'/alpha))."""
    B, z = ridge_restricted(X, y, fit_intercept, **options)
    V = np.eye(len(z)) + B @ B.T / alpha
    J = np.sum(z * np.linalg.solve(V, z), axis=0)
    return -0.5 * (len(z) * (np.log(2 * np.pi * J / len(z)) + 1) + np.linalg.slogdet(V)[1])


def ridge_by_spectrum(X, y, alpha, fit_intercept=True, **options):
    """Objective, df, gcv and log marginal likelihood for alpha > 0 from B = U S V', which no small alpha costs digits:

    with f_k = alpha / (s_k^2 + alpha), s_k = 0 beyond the singular values, and z in the basis U,
        J = sum f_k z_k^2,  |r|^2 = sum f_k^2 z_k^2,  n - df = sum f_k,  log det(I + BB'/alpha) = -sum log f_k.
    """
    B, z = ridge_restricted(X, y, fit_intercept, **options)
    weight = options.get("sample_weight")
    s = np.ones(len(y)) if weight is None else array(weight)
    n = np.count_nonzero(s)
    U, size, _ = np.linalg.svd(B, full_matrices=True)
    left = alpha / (np.append(size, np.zeros(len(z) - len(size))) ** 2 + alpha)
    squares = (U.T @ z) ** 2
    J = left @ squares
    gcv = (left**2 @ squares / s.sum()) / (left.sum() / n) ** 2
    with np.errstate(divide="ignore"):
        likelihood = -0.5 * (len(z) * (np.log(2 * np.pi * J / len(z)) + 1) - np.log(left).sum())
    return J, n - left.sum(), gcv, likelihood


def ridge_fold_errors(X, y, alpha, folds, fit_intercept=True, sample_weight=None, offset=None, **penalty):
    """sum s_i e_i^2 / sum s_i over the test rows of each (train, test), fitted on its training rows: (folds,) or (folds, t)."""
    X, y = array(X), array(y)
    s = np.ones(len(y)) if sample_weight is None else array(sample_weight)
    o = np.zeros(len(y)) if offset is None else array(offset)
    errors = []
    for train, test in folds:
        w, b = ridge(X[train], y[train], alpha, fit_intercept, sample_weight=s[train], offset=o[train], **penalty)
        errors.append(s[test] @ ((y[test] - X[test] @ w - b).T - o[test]).T ** 2 / s[test].sum())
    return np.array(errors)


def ridge_primal(X, y, alpha):
    """(X'X + alpha I)^-1 X'y, no intercept."""
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


def ridge_dual(X, y, alpha):
    """X'(XX' + alpha I)^-1 y, the same w."""
    return X.T @ np.linalg.solve(X @ X.T + alpha * np.eye(len(X)), y)


def ridge_gap(X, y, coef, alpha, fit_intercept=True):
    """|X'r - alpha w|^2 / alpha >= R(w) - min R, one number per target; alpha = 0: |r projected on the columns|^2."""
    X, y, _, _ = center(X, y, fit_intercept)
    w = np.asarray(coef, dtype=np.float64)
    r = y - X @ w
    if alpha == 0:
        return np.sum(projection(X, r) ** 2, axis=0)
    return np.sum((X.T @ r - alpha * w) ** 2, axis=0) / alpha


# Linear algebra


def cone_projection(A, r):
    """The point nearest to r among all Av with v >= 0."""
    return A @ nnls(A, r)[0] if A.shape[1] else np.zeros_like(r)


def projection(X, r):
    """The point nearest to r among all Xv."""
    return X @ np.linalg.lstsq(X, r, rcond=None)[0]


def gram(X, fit_intercept=True):
    """X'X of the centred columns."""
    X, _, _, _ = center(X, np.zeros(len(X)), fit_intercept)
    return X.T @ X


def cholesky(A):
    """The lower triangular L with A = LL': a_ij = sum_{k <= j} l_ik l_jk, solved for l_ij column by column."""
    L = np.zeros(np.shape(A))
    for j in range(len(L)):
        L[j, j] = np.sqrt(A[j][j] - L[j, :j] @ L[j, :j])
        for i in range(j + 1, len(L)):
            L[i, j] = (A[i][j] - L[i, :j] @ L[j, :j]) / L[j, j]
    return L


def solve_lower(L, b):
    """z with Lz = b, from the first row down."""
    z = np.zeros(len(b))
    for i in range(len(b)):
        z[i] = (b[i] - L[i, :i] @ z[:i]) / L[i, i]
    return z


def solve_lower_transposed(L, b):
    """z with L'z = b, from the last row up."""
    z = np.zeros(len(b))
    for i in reversed(range(len(b))):
        z[i] = (b[i] - L[i + 1 :, i] @ z[i + 1 :]) / L[i, i]
    return z


# Compressed sparse columns


def first_fault(data, indices, indptr, n):
    """Whatever is first wrong with columns of n rows, as (kind, column, entry), or None."""
    if indptr[0] != 0:
        return "start", 0, 0
    for j in range(len(indptr) - 1):
        if indptr[j + 1] < indptr[j]:
            return "decrease", j, 0
        if indptr[j + 1] > len(indices):
            return "too long", j, 0
        for k in range(indptr[j], indptr[j + 1]):
            if not 0 <= indices[k] < n:
                return "outside", j, k
            if not np.isfinite(data[k]):
                return "not finite", j, k
    return None


def has_duplicates(indices, indptr):
    """Whether a column has two entries in one row."""
    columns = [list(indices[indptr[j] : indptr[j + 1]]) for j in range(len(indptr) - 1)]
    return any(len(set(rows)) < len(rows) for rows in columns)


def dense(data, indices, indptr, n):
    """The (n, p) matrix of compressed columns; entries of one row and column add up."""
    X = np.zeros((n, len(indptr) - 1), np.asarray(data).dtype)
    for j in range(X.shape[1]):
        for k in range(indptr[j], indptr[j + 1]):
            X[indices[k], j] += data[k]
    return X


def mask(n, rows):
    """1 in these rows, 0 in the others"""
    out = np.zeros(n)
    out[rows] = 1.0
    return out


def folds_of(n, k, seed):
    """(train, test) of k folds of n shuffled rows"""
    parts = np.array_split(np.random.default_rng(seed).permutation(n), k)
    return [(np.setdiff1d(np.arange(n), part), np.sort(part)) for part in parts]


def fold_errors(X, y, train, test, alphas, l1_ratio, loss, options):
    """The error on `test` of fits to a copy of the rows `train`, at each alpha"""
    import fastreg as fr

    rows = {"sample_weight", "offset"}
    of_train = {name: value[train] if name in rows else value for name, value in options.items()}
    path = fr.elastic_net_path(X[train].copy(), y[train], l1_ratio=l1_ratio, alphas=alphas, tol=1e-12, **of_train)
    missed = y[test, None] - path.coefs.T.dot(X[test].T).T - path.intercepts
    if "offset" in options:
        missed = missed - options["offset"][test, None]
    weights = options.get("sample_weight", np.ones(len(y)))[test]
    each = missed**2 if loss == "mse" else np.abs(missed)
    return weights @ each / weights.sum()


# Proximal maps, prox_f(x) = argmin_z 1/2 |z - x|^2 + f(z): penalties f, and maps by sorting, polynomials and general solvers


def mcp_penalty(z, t, gamma):
    """The integral from 0 to |z| of max(t - u / gamma, 0) du."""
    m = np.minimum(np.abs(z), gamma * t)
    return t * m - m**2 / (2 * gamma)


def scad_penalty(z, t, a):
    """The integral from 0 to |z| of min(t, max(a t - u, 0) / (a - 1)) du."""
    m = np.minimum(np.abs(z), a * t)
    return np.where(m <= t, t * m, t**2 + (a * t * (m - t) - (m**2 - t**2) / 2) / (a - 1))


def huber_penalty(z, t, delta):
    return t * np.where(np.abs(z) <= delta, z**2 / 2, delta * (np.abs(z) - delta / 2))


# of one number
PENALTIES = {
    "l1": lambda z, t: t * abs(z),
    "squared_l2": lambda z, t: t / 2 * z**2,
    "elastic_net": lambda z, l1, l2: l1 * abs(z) + l2 / 2 * z**2,
    "l0": lambda z, t: t * (z != 0),
    "l_half": lambda z, t: t * abs(z) ** (1 / 2),
    "l_two_thirds": lambda z, t: t * abs(z) ** (2 / 3),
    "mcp": mcp_penalty,
    "scad": scad_penalty,
    "huber": huber_penalty,
    "box": lambda z, lower, upper: np.where((lower <= z) & (z <= upper), 0.0, np.inf),
}


def prox_elastic_net(x, l1, l2, step=1.0):
    return soft_threshold(x, step * l1) / (1 + step * l2)


def prox_l0(x, t):
    return np.where(x**2 > 2 * t, x, 0.0)


def prox_of_power(x, t, numerator, denominator):
    """The map of t |z|^(a/b) for one number: u^b at a root of u^(2b - a) - |x| u^(b - a) + a/b t, or 0, whichever is best."""
    a, b = numerator, denominator
    polynomial = np.zeros(2 * b - a + 1)
    polynomial[0], polynomial[b], polynomial[-1] = 1.0, -abs(x), t * a / b
    roots = np.roots(polynomial)
    z = np.array([0.0, *(roots.real[(np.abs(roots.imag) < 1e-6) & (roots.real > 0)] ** b)])
    return math.copysign(1.0, x) * z[np.argmin((z - abs(x)) ** 2 / 2 + t * z ** (a / b))]


def prox_mcp(x, t, gamma, step=1.0):
    m, t, gamma = np.abs(x), step * t, gamma / step  # the integral of step max(t - u / gamma, 0)
    if gamma <= 1:
        return np.where(m > np.sqrt(gamma) * t, x, 0.0)
    return np.where(m <= gamma * t, soft_threshold(x, t) / (1 - 1 / gamma), x)


def prox_scad(x, t, a, step=1.0):
    """The best of the minima of its three pieces: up to t, up to a t, beyond; the smallest at a tie."""
    m = abs(x)
    pieces = [np.clip(m - step * t, 0.0, t), max(m, a * t)]
    if a - 1 > step:  # convex between
        pieces.insert(1, np.clip(((a - 1) * m - step * a * t) / (a - 1 - step), t, a * t))
    costs = [(z - m) ** 2 / 2 + step * scad_penalty(z, t, a) for z in pieces]
    return math.copysign(1.0, x) * pieces[int(np.argmin(costs))] if x == x else x


def prox_huber(x, t, delta):
    return np.where(np.abs(x) <= delta * (1 + t), x / (1 + t), x - np.sign(x) * t * delta)


def prox_l2(x, t):
    size = np.linalg.norm(x)
    return x * max(1 - t / size, 0.0) if size > 0 else x * 0.0


def prox_group_l2(x, t, labels):
    z = np.empty_like(x)
    for k, label in enumerate(np.unique(labels)):
        z[labels == label] = prox_l2(x[labels == label], np.broadcast_to(t, len(np.unique(labels)))[k])
    return z


def project_l1_ball(x, radius, weights=None):
    """By sorting |x| / weights; entries of weight 0 stay."""
    w = np.ones_like(x) if weights is None else np.broadcast_to(weights, x.shape)
    if np.sum(w * np.abs(x)) <= radius:
        return x.copy()
    if radius == 0:
        return np.where(w > 0, 0.0, x)
    key = np.divide(np.abs(x), w, out=np.zeros_like(x), where=w > 0)
    order = np.argsort(-key)
    order = order[w[order] > 0]
    tau = (np.cumsum((w * np.abs(x))[order]) - radius) / np.cumsum((w**2)[order])
    return soft_threshold(x, w * tau[np.flatnonzero(key[order] > tau)[-1]])


def project_simplex(x, total):
    """By sorting x."""
    descending = np.sort(x)[::-1]
    tau = (np.cumsum(descending) - total) / np.arange(1, len(x) + 1)
    return np.maximum(x - tau[np.flatnonzero(descending > tau)[-1]], 0.0) if total > 0 else np.zeros_like(x)


def project_l2_ball(x, radius):
    return x * min(1.0, radius / np.linalg.norm(x)) if x.any() else x.copy()


def prox_linf(x, t):
    return x - project_l1_ball(x, t)


def prox_sorted_l1(x, thresholds):
    """The best non-ascending sequence by its minimax formula, v_i = max_(k >= i) min_(j <= i) mean(y_j .. y_k)."""
    n, order = len(x), np.argsort(-np.abs(x), kind="stable")
    y = np.abs(x)[order] - thresholds
    v = [max(min(y[j : k + 1].mean() for j in range(i + 1)) for k in range(i, n)) for i in range(n)]
    z = np.empty(n)
    z[order] = np.maximum(v, 0.0)
    return np.sign(x) * z


def prox_total_variation(x, t):
    """x - D'u with D the differences, for the u in [-t, t] that makes it smallest."""
    if len(x) < 2 or not np.any(t):
        return x.copy()
    D, t = np.diff(np.eye(len(x)), axis=0), np.broadcast_to(t, len(x) - 1)
    free = np.flatnonzero(t > 0)
    z = x.copy()
    for piece in np.split(free, np.flatnonzero(np.diff(free) > 1) + 1):  # pairs without a penalty cut x into parts
        u = lsq_linear(D[piece].T, x, bounds=(-t[piece], t[piece]), method="bvls", tol=1e-15).x
        z -= D[piece].T @ u
    return z


def prox_nuclear(X, t):
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return U @ np.diag(np.maximum(s - t, 0.0)) @ Vt


def norm(x, p):
    x = np.abs(np.ravel(x)).astype(np.longdouble)
    if p == 0:
        return np.count_nonzero(x)
    if p == np.inf:
        return x.max(initial=0.0)
    return np.sum(x**p) ** (1 / np.longdouble(p))
