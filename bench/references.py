"""What a competent numpy user would write: the solvers fastreg is timed against.

They keep the dtype of X, centre a copy of it, and solve
    lasso   1/(2n) |y - b - Xw|^2 + alpha |w|_1
    ridge   |y - b - Xw|^2 + alpha |w|^2
"""

import math

import numpy as np


def soft_threshold(x, threshold):
    """sign(x) max(|x| - threshold, 0)."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def center(X, y):
    """X - xbar in Fortran order, y - ybar, xbar, ybar."""
    x_mean, y_mean = X.mean(axis=0), y.mean(axis=0)
    return np.asfortranarray(X - x_mean), y - y_mean, x_mean, y_mean


def lasso_path(X, y, alphas, tol, max_sweeps=10_000):
    """coefs (p, K), intercepts (K,), sweeps (K,): each alpha starts at the solution before; gap <= tol * objective.

    Cyclic coordinate descent on the residual over an active set: the non-zero coefficients and the columns that break
    |x_j'r| <= n alpha.  Between two looks at all the columns it sweeps until the fit moves little enough.
    """
    X, y, x_mean, y_mean = center(X, y)
    n, p = X.shape
    squares = np.einsum("ij,ij->j", X, X)
    w = np.zeros(p, X.dtype)
    coefs, sweeps = np.zeros((p, len(alphas)), X.dtype), np.zeros(len(alphas), int)
    for k, alpha in enumerate(alphas):
        fraction = 0.1  # of the tolerance, for the last move of the fit
        while sweeps[k] < max_sweeps:
            support = np.flatnonzero(w)
            r = y - X[:, support] @ w[support]  # afresh: float32 updates drift
            c = X.T @ r
            gap, primal = duality_gap(r, c, w, alpha)
            if gap <= 0.9 * tol * primal:  # the rest is for the rounding of the gap itself in float32
                break
            active = np.flatnonzero((w != 0) | (np.abs(c) > n * alpha))
            sweeps[k] += descend(X, squares, w, r, active, n * alpha, fraction * tol * n * primal)
            fraction /= 10
        coefs[:, k] = w
    return coefs, y_mean - x_mean @ coefs, sweeps


def duality_gap(r, c, w, alpha):
    """The lasso's gap and objective from r = y - Xw, c = X'r: primal minus dual, with what cancels left out.

    With the dual point t r/n, t = min(1, n alpha / max|c|):
        gap = (1 - t)^2 |r|^2 / (2n) + alpha |w|_1 - t w'c/n,    objective = |r|^2 / (2n) + alpha |w|_1.
    """
    n = len(r)
    largest = float(np.abs(c).max())
    t = min(1.0, n * alpha / largest) if largest > 0 else 1.0
    loss, penalty = float(r @ r) / (2 * n), alpha * float(np.abs(w).sum())
    return (1 - t) ** 2 * loss + penalty - t * float(w @ c) / n, loss + penalty


def descend(X, squares, w, r, active, threshold, small, max_sweeps=100):
    """Sweep over the active columns, w and r in place, until no |x_j|^2 (change of w_j)^2 exceeds small; the sweeps.

    A column whose coefficient is zero after a sweep is left out until the next look at all the columns.
    """
    columns = [(j, X[:, j], float(squares[j])) for j in active.tolist() if squares[j] > 0]
    sweeps, moved = 0, np.inf
    while moved > small and sweeps < max_sweeps:
        sweeps, moved = sweeps + 1, 0.0
        for j, x, square in columns:
            old = float(w[j])
            z = float(x @ r) + square * old
            new = math.copysign(max(abs(z) - threshold, 0.0), z) / square
            if new != old:
                w[j] = new
                r += x * (old - new)
                moved = max(moved, square * (new - old) ** 2)
        columns = [column for column in columns if w[column[0]] != 0]
    return sweeps


def lasso_cv(X, y, fold_of, path, relax):
    """Errors (shares, folds, K) on the rows of each fold, the coefs (p, K) fitted without them, and those fitted to all rows.

    path(X, y): coefs (p, K) and intercepts (K,).  relax: shares of least squares on the support in the predictions.
    """
    errors, fold_coefs = [], []
    for fold in range(fold_of.max() + 1):
        out = fold_of == fold
        coefs, intercepts = path(X[~out], y[~out])
        predicted = X[out] @ coefs + intercepts
        step = 0.0  # to least squares
        if any(relax):
            full, full_intercepts = least_squares(X[~out], y[~out], coefs)
            step = X[out] @ full + full_intercepts - predicted
        errors.append([np.mean((y[out, None] - predicted - share * step) ** 2, axis=0) for share in relax])
        fold_coefs.append(coefs)
    coefs, _ = path(X, y)
    if any(relax):
        least_squares(X, y, coefs)
    return np.swapaxes(errors, 0, 1), fold_coefs, coefs


def least_squares(X, y, coefs):
    """coefs (p, K), intercepts (K,) of least squares on the support of each of coefs (p, K)."""
    X, y, x_mean, y_mean = center(X, y)
    full = np.zeros_like(coefs)
    for k, w in enumerate(coefs.T):
        support = np.flatnonzero(w)
        full[support, k] = np.linalg.lstsq(X[:, support], y, rcond=None)[0]
    return full, y_mean - x_mean @ full


def ridge(X, y, alpha):
    """coef, intercept by solving the smaller of (X'X + alpha I) w = X'y and w = X'(XX' + alpha I)^-1 y; y (n,) or (n, t)."""
    X, y, x_mean, y_mean = center(X, y)
    n, p = X.shape
    if p <= n:
        G = X.T @ X
        G[np.diag_indices(p)] += alpha
        w = np.linalg.solve(G, X.T @ y)
    else:
        K = X @ X.T
        K[np.diag_indices(n)] += alpha
        w = X.T @ np.linalg.solve(K, y)
    return w, y_mean - x_mean @ w


def ridge_path(X, y, alphas, block=1000):
    """coefs (p, K), intercepts (K,) and mean squared leave-one-out errors (K,), by eigenvalues of the smaller of X'X and XX'.

    X'X = V diag(lam) V':  w = V d for d = V'X'y / (lam + alpha); with Z = XV, the error of row i left out is
        (y_i - z_i'd) / (1 - 1/n - sum_k z_ik^2 / (lam_k + alpha)).
    XX' = U diag(lam) U', U without the vector (1, ..., 1), for which lam = 0:  w = X'a for a = Ay and
    A = U diag(1 / (lam + alpha)) U', and the error of row i left out is a_i / A_ii.
    """
    X, y, x_mean, y_mean = center(X, y)
    n, p = X.shape
    if p <= n:
        lam, V = np.linalg.eigh(X.T @ X)
        inverse = 1 / (lam[:, None] + alphas)
        D = inverse * (V.T @ (X.T @ y))[:, None]
        coefs, squares = V @ D, np.zeros(len(alphas))
        for i in range(0, n, block):  # what a block needs stays in the cache
            Z = X[i : i + block] @ V
            errors = y[i : i + block, None] - Z @ D
            errors /= 1 - 1 / n - np.square(Z, out=Z) @ inverse
            squares += np.einsum("ik,ik->k", errors, errors)
    else:
        lam, U = np.linalg.eigh(X @ X.T)
        inverse = 1 / (lam[:, None] + alphas)
        inverse[0] = 0
        A = U @ (inverse * (U.T @ y)[:, None])
        coefs, squares = X.T @ A, np.sum((A / (U**2 @ inverse)) ** 2, axis=0)
    return coefs, y_mean - x_mean @ coefs, squares / n


def ridge_of_chunks(chunks, alpha):
    """coef, intercept from X'X, X'y and the sums of X and y, added up over chunks (X, y) of rows."""
    n, x_sum, y_sum, G, c = 0, 0.0, 0.0, 0.0, 0.0
    for X, y in chunks:
        n, x_sum, y_sum = n + len(y), x_sum + X.sum(axis=0), y_sum + y.sum()
        G, c = G + X.T @ X, c + X.T @ y
    x_mean, y_mean = x_sum / n, y_sum / n
    G -= n * np.outer(x_mean, x_mean)
    G[np.diag_indices(len(G))] += alpha
    w = np.linalg.solve(G, c - n * y_mean * x_mean)
    return w, y_mean - x_mean @ w


def lasso_codes(Q, C, l1, squares, tol, held=False, max_sweeps=10_000):
    """Rows w of min 1/2 w'Qw - c'w + l1 |w|_1 for the rows c of C: coordinate descent on all problems at once.

    Q: one for all, or (b, p, p); held: w_j of problem j stays 0.  Each coordinate is one step of array arithmetic for all rows;
    a problem leaves when its gap is tol times its objective, squares/2 included."""
    b, p = C.shape
    W, left = np.zeros((b, p)), np.arange(b)
    G, w, Qs = C.copy(), np.zeros((b, p)), Q
    for _ in range(max_sweeps):
        for j in range(p):
            rows = Qs[j] if Q.ndim == 2 else Qs[:, j]
            curve = rows[..., j]
            new = soft_threshold(G[:, j] + curve * w[:, j], l1) / curve
            if held:
                new[left == j] = 0.0
            step = new - w[:, j]
            moved = np.flatnonzero(step)
            if moved.size:
                w[moved, j] = new[moved]
                G[moved] -= step[moved, None] * (rows if Q.ndim == 2 else rows[moved])
        open_ = ~_small_gap(G, C[left], w, squares[left], l1, tol, left if held else None)
        W[left[~open_]] = w[~open_]
        if not open_.any():
            break
        left, G, w = left[open_], G[open_], w[open_]
        Qs = Q if Q.ndim == 2 else Qs[open_]
    return W


def _small_gap(G, C, W, squares, l1, tol, held):
    """Whether the gap at each row is 0.9 tol of the objective, as in gaps.quadratic_gaps."""
    rr, wg = np.maximum(squares - np.sum(W * (C + G), axis=1), 1e-300), np.sum(W * G, axis=1)
    if held is not None:
        G = G.copy()
        G[np.arange(len(G)), held] = 0.0
    sizes, limits = l1 * np.abs(W).sum(axis=1), l1 / np.maximum(np.abs(G).max(axis=1), 1e-300)
    t = np.clip(1 + wg / rr, -limits, limits)
    return sizes - wg + (1 - t) * (wg + (1 - t) * rr / 2) <= 0.9 * tol * (rr / 2 + sizes)
