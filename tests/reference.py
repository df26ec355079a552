"""A slow numpy twin of every formula of the package, to be believed by reading.

    lasso, elastic net   P(w, b) = 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2)
    ridge                R(w, b) = |y - b - Xw|^2 + alpha |w|^2

Any dtype, order and strides come in; everything is computed on float64 copies.  The intercept b is not penalised, so
it is always ybar - xbar'w, which is the same as fitting centred data without one; without an intercept b = 0.
"""

import numpy as np

EPS = np.finfo(np.float64).eps


def center(X, y, fit_intercept=True):
    """X - xbar, y - ybar, xbar, ybar in float64; the means are zero without an intercept.  y is (n,) or (n, t)."""
    X, y = np.array(X, dtype=np.float64), np.array(y, dtype=np.float64)
    if not fit_intercept:
        return X, y, np.zeros(X.shape[1]), np.zeros(y.shape[1:])
    x_mean, y_mean = mean(X), mean(y)
    return X - x_mean, y - y_mean, x_mean, y_mean


def mean(A):
    """The mean over the rows; that of a constant is the constant, exactly, so that centring leaves no rounding."""
    return np.where(np.ptp(A, axis=0) == 0, A[0], A.mean(axis=0))


def soft_threshold(x, threshold):
    """sign(x) max(|x| - threshold, 0), the minimiser over v of 1/2 (v - x)^2 + threshold |v|."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


# Lasso and elastic net


def objective(X, y, coef, intercept, alpha, l1_ratio=1.0):
    """1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2)."""
    X, y, w = (np.asarray(a, dtype=np.float64) for a in (X, y, coef))
    r = y - intercept - X @ w
    return r @ r / (2 * len(y)) + alpha * (l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w))


def duality_gap(X, y, coef, alpha, l1_ratio=1.0, fit_intercept=True):
    """P(w) - D(theta) >= P(w) - min P, at the best intercept for w.

    l1 = alpha l1_ratio > 0: with y' = (y/sqrt(n), 0), r' = (r/sqrt(n), -sqrt(l2) w), c = X'r/n - l2 w and the dual
    point theta = t r', t = clip(y'.r' / |r'|^2, +-l1 / max|c|),
        P = 1/2 |r'|^2 + l1 |w|_1,    D = 1/2 |y'|^2 - 1/2 |y' - theta|^2.
    l1 = 0 < l2: |c|^2 / (2 l2).    alpha = 0: 1/(2n) |the projection of r on the columns of X|^2, exactly P - min P.
    """
    X, y, _, _ = center(X, y, fit_intercept)
    w = np.asarray(coef, dtype=np.float64)
    n, p = X.shape
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    r = y - X @ w
    c = X.T @ r / n - l2 * w
    if alpha == 0:
        return np.sum(projection(X, r) ** 2) / (2 * n)
    if l1 == 0:
        return c @ c / (2 * l2)
    y_aug = np.concatenate([y / np.sqrt(n), np.zeros(p)])
    r_aug = np.concatenate([r / np.sqrt(n), -np.sqrt(l2) * w])
    largest, square = np.abs(c).max(initial=0.0), r_aug @ r_aug
    limit = l1 / largest if largest > 0 else np.inf
    t = np.clip(y_aug @ r_aug / square, -limit, limit) if square > 0 else 0.0
    primal = square / 2 + l1 * np.abs(w).sum()
    dual = y_aug @ y_aug / 2 - np.sum((y_aug - t * r_aug) ** 2) / 2
    return primal - dual


def gap_floor(y, fit_intercept=True):
    """64 eps |y|^2 / n: gaps below it are rounding (y centred when there is an intercept)."""
    _, y, _, _ = center(np.zeros((len(y), 0)), y, fit_intercept)
    return 64 * EPS * np.sum(y**2, axis=0) / len(y)


def alpha_max(X, y, l1_ratio=1.0, fit_intercept=True):
    """max_j |x_j'y| / (n l1_ratio): w = 0 solves the problem exactly when alpha is at least this."""
    X, y, _, _ = center(X, y, fit_intercept)
    return np.abs(X.T @ y).max(initial=0.0) / (len(y) * l1_ratio)


def alpha_grid(largest, n_alphas, alpha_min_ratio):
    """Geometric from the largest down to largest * alpha_min_ratio."""
    return largest * alpha_min_ratio ** (np.arange(n_alphas) / max(n_alphas - 1, 1))


def elastic_net(X, y, alpha, l1_ratio=1.0, fit_intercept=True, start=None, max_sweeps=200_000):
    """coef, intercept by cyclic coordinate descent, run until the gap is 1e-13 of the objective or mere rounding.

    With one column free, P is a parabola plus l1 |w_j|: its minimiser is
        w_j = soft_threshold(x_j'(r + x_j w_j) / n, l1) / (x_j'x_j / n + l2).
    The coefficient of a column of zeros stays what it was, 0.  For l1 = 0 this is ridge with its alpha = n l2.
    """
    n = len(y)
    if alpha * l1_ratio == 0:
        return ridge(X, y, n * alpha, fit_intercept)
    X, y, x_mean, y_mean = center(X, y, fit_intercept)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    w = np.zeros(X.shape[1]) if start is None else np.array(start, dtype=np.float64)
    floor = gap_floor(y, fit_intercept=False) / 32
    curvature = np.sum(X**2, axis=0) / n + l2
    for sweep in range(max_sweeps):
        if sweep % 10 == 0:
            r = y - X @ w  # afresh, so that rounding does not add up
        for j in np.flatnonzero(curvature):
            x, old = X[:, j], w[j]
            w[j] = soft_threshold(x @ r / n + old * (curvature[j] - l2), l1) / curvature[j]
            r += x * (old - w[j])
        if sweep % 10 != 9:
            continue
        gap = duality_gap(X, y, w, alpha, l1_ratio, fit_intercept=False)
        if gap <= max(1e-13 * objective(X, y, w, 0.0, alpha, l1_ratio), floor):
            return w, float(y_mean - x_mean @ w)
    raise RuntimeError(f"no optimum after {max_sweeps} sweeps: gap {gap:.3g}.")


def elastic_net_path(X, y, alphas, l1_ratio=1.0, fit_intercept=True):
    """coefs (p, K) and intercepts (K,): the solutions of elastic_net, each started at the one before."""
    coefs, intercepts, w = [], [], None
    for alpha in alphas:
        w, b = elastic_net(X, y, alpha, l1_ratio, fit_intercept, start=w)
        coefs.append(w)
        intercepts.append(b)
    return np.array(coefs).T, np.array(intercepts)


def deviance_ratio(X, y, coef, intercept, fit_intercept=True):
    """1 - |y - b - Xw|^2 / |y - ybar|^2, without ybar when there is no intercept; 0 if y is constant."""
    _, centred, _, _ = center(X, y, fit_intercept)
    r = np.asarray(y, dtype=np.float64) - intercept - np.asarray(X, dtype=np.float64) @ coef
    return 1 - r @ r / (centred @ centred) if centred.any() else 0.0


# Ridge: y is (n,) or (n, t), coef (p,) or (p, t)


def ridge(X, y, alpha, fit_intercept=True):
    """coef, intercept minimising |y - b - Xw|^2 + alpha |w|^2; alpha = 0: the minimiser of least norm."""
    X, y, x_mean, y_mean = center(X, y, fit_intercept)
    w = ridge_primal(X, y, alpha) if alpha > 0 else np.linalg.lstsq(X, y, rcond=None)[0]
    b = y_mean - x_mean @ w
    return w, float(b) if b.ndim == 0 else b


def ridge_primal(X, y, alpha):
    """(X'X + alpha I)^-1 X'y, no intercept."""
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


def ridge_dual(X, y, alpha):
    """X'(XX' + alpha I)^-1 y, the same w."""
    return X.T @ np.linalg.solve(X @ X.T + alpha * np.eye(len(X)), y)


def ridge_objective(X, y, coef, intercept, alpha):
    """|y - b - Xw|^2 + alpha |w|^2, one number per target."""
    X, y, w = (np.asarray(a, dtype=np.float64) for a in (X, y, coef))
    return np.sum((y - intercept - X @ w) ** 2, axis=0) + alpha * np.sum(w**2, axis=0)


def ridge_gap(X, y, coef, alpha, fit_intercept=True):
    """|X'r - alpha w|^2 / alpha >= R(w) - min R, one number per target; alpha = 0: |r projected on the columns|^2."""
    X, y, _, _ = center(X, y, fit_intercept)
    w = np.asarray(coef, dtype=np.float64)
    r = y - X @ w
    if alpha == 0:
        return np.sum(projection(X, r) ** 2, axis=0)
    return np.sum((X.T @ r - alpha * w) ** 2, axis=0) / alpha


# Linear algebra


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
