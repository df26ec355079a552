"""How far anyone's coefficients are from the optimum: duality gaps in float64, in formulas that do not cancel.

X dense or scipy sparse; with an intercept X and y are centred, which is what an optimal intercept does.
"""

import numpy as np

EPS = np.finfo(np.float64).eps


def lasso_gaps(X, y, coefs, alphas, l1_ratio=1.0, intercept=True):
    """The duality gap, the objective, each (K,), and the gap's rounding floor, for coefs (p, K); l1_ratio > 0.

    With l1, l2 = alpha l1_ratio, alpha (1 - l1_ratio), r = y - Xw, s = |r|^2 + n l2 |w|^2, c = X'r/n - l2 w and
    t = clip(y'r/s, +-l1/max|c|), which is the lasso of X and y with p more rows sqrt(n l2) I and 0:
        objective = s/(2n) + l1 |w|_1,    gap = (1 - t)^2 s/(2n) + l1 |w|_1 - t w'c,
    primal minus dual without the terms that cancel; floor = 64 eps |y|^2/n.
    """
    X, y, W, R = _residuals(X, y, coefs, intercept)
    n, l1, l2 = len(y), np.asarray(alphas) * l1_ratio, np.asarray(alphas) * (1 - l1_ratio)
    C = X.T @ R / n - l2 * W
    squares, largest = np.sum(R**2, axis=0) + n * l2 * np.sum(W**2, axis=0), np.abs(C).max(axis=0)
    limits = np.divide(l1, largest, out=np.full(len(largest), np.inf), where=largest > 0)
    t = np.clip(np.divide(y @ R, squares, out=np.zeros_like(squares), where=squares > 0), -limits, limits)
    penalties = l1 * np.abs(W).sum(axis=0)
    gaps = (1 - t) ** 2 * squares / (2 * n) + penalties - t * np.sum(W * C, axis=0)
    return gaps, squares / (2 * n) + penalties, 64 * EPS * (y @ y) / n


def ridge_gaps(X, y, coefs, alphas, intercept=True):
    """|X'r - alpha w|^2 / alpha, the objective |r|^2 + alpha |w|^2 and the floor 128 eps |y|^2, for coefs (p, K).

    alphas: one or K of them; y: (n,) or (n, K).
    """
    X, y, W, R = _residuals(X, y, coefs, intercept)
    gaps = np.sum((X.T @ R - alphas * W) ** 2, axis=0) / alphas
    return gaps, np.sum(R**2, axis=0) + alphas * np.sum(W**2, axis=0), 128 * EPS * np.sum(y.reshape(len(y), -1) ** 2, axis=0)


def quadratic_gaps(Q, C, squares, W, l1):
    """Gaps, objectives and rounding of b problems 1/2 w'Qw - c'w + squares/2 + l1 |w|_1 at rows w; Q one for all or (b, p, p).

    With the gradient g = c - Qw, |r|^2 = squares - w'(c + g) and t = clip(1 + w'g / |r|^2, +-l1/max|g|)."""
    G = C - (W @ Q if Q.ndim == 2 else np.einsum("bj,bjk->bk", W, Q))
    rr, wg = np.maximum(squares - np.sum(W * (C + G), axis=1), 1e-300), np.sum(W * G, axis=1)
    sizes, limits = l1 * np.abs(W).sum(axis=1), l1 / np.maximum(np.abs(G).max(axis=1), 1e-300)
    t = np.clip(1 + wg / rr, -limits, limits)
    gaps = sizes - wg + (1 - t) * (wg + (1 - t) * rr / 2)
    return gaps, rr / 2 + sizes, 64 * EPS * squares


def largest(gaps, objectives):
    """The largest gap relative to its objective; infinity where one is not a number."""
    gaps, objectives = np.atleast_1d(gaps), np.atleast_1d(objectives)
    if not (np.isfinite(gaps).all() and np.isfinite(objectives).all()):
        return float("inf")
    return float(np.max(np.maximum(gaps, 0.0) / np.maximum(objectives, np.finfo(np.float64).tiny)))


def difference(answer, expected):
    """The largest difference relative to the largest number expected; infinity where one is not a number."""
    found = float(np.abs(answer - expected).max() / np.abs(expected).max())
    return found if np.isfinite(found) else float("inf")


def _residuals(X, y, coefs, intercept):
    """X and y as float64, centred with an intercept, W and Y - XW.  Sparse X stays as it is: R, centred, sees no means."""
    X, y, W = X.astype(np.float64), y.astype(np.float64), np.asarray(coefs, dtype=np.float64)
    if intercept:
        y = y - y.mean(axis=0)
        if isinstance(X, np.ndarray):
            X = X - X.mean(axis=0)
    R = y.reshape(len(y), -1) - X @ W
    if intercept and not isinstance(X, np.ndarray):
        R -= R.mean(axis=0)
    return X, y, W, R
