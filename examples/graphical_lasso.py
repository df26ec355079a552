"""Graphical lasso, block by block (Friedman, Hastie and Tibshirani, 2008), on a C function of fastreg.

    min over Theta of -log det Theta + trace(S Theta) + alpha sum_{i != j} |Theta_ij|

Column j of W = inv(Theta) is W b for the lasso min 1/2 b'W b - s_j'b + alpha |b|_1, b_j = 0.  The function stands on W itself,
which changes in place, leaves out column j by its `subset`, and starts each b from the last.  An argument is the size, 200 say.
"""

import sys
import time

import numpy as np
from sklearn.covariance import graphical_lasso as by_sklearn

import fastreg as fr


def gap_of(S, alpha, Theta):
    """trace(S Theta) - p + alpha sum_{i != j} |Theta_ij|"""
    return np.sum(S * Theta) - len(S) + alpha * (np.abs(Theta).sum() - np.abs(np.diag(Theta)).sum())


def graphical_lasso(S, alpha, tol=1e-4, inner=1e-5):
    """Theta, with a gap of at most tol."""
    p, solve = len(S), fr.capi.function("fr_lasso_gram_f64")
    work = np.empty(fr.capi.function("fr_lasso_gram_worksize_f64")(p, p - 1), np.uint8)
    W, B, Theta, info = 0.95 * S, np.zeros((p, p)), np.zeros((p, p)), np.empty(fr.capi.FR_INFO)
    np.fill_diagonal(W, np.diag(S))
    others = [np.delete(np.arange(p), j) for j in range(p)]
    for _ in range(1000):
        for j in range(p):
            quadratic = p, W.ctypes, p, others[j].ctypes, p - 1, S[j].ctypes
            how = alpha, None, 0.0, None, None, None, B[j].ctypes, 0.0, inner, 10_000, work.ctypes, info.ctypes
            if solve(*quadratic, W[j, j], *how) < 0:  # W_jj is no |y|^2 of such an s_j: let it be found
                assert solve(*quadratic, np.nan, *how) >= 0
            support = np.flatnonzero(B[j])
            w, theta = B[j, support] @ W[support], -B[j]
            theta[j], w[j] = 1.0, W[j, j]
            W[j] = W[:, j] = w
            Theta[j] = Theta[:, j] = theta / (w @ theta)
        if abs(gap_of(S, alpha, Theta)) <= tol:
            return Theta
    raise ValueError(f"1000 rounds leave a gap of {abs(gap_of(S, alpha, Theta)):.2g}; tol={tol:g} is too small for this S.")


def main(p, alpha=0.1):
    truth = np.eye(p) + 0.4 * (np.eye(p, k=1) + np.eye(p, k=-1))
    rows = np.random.default_rng(0).multivariate_normal(np.zeros(p), np.linalg.inv(truth), 2 * p)
    S = np.cov(rows, rowvar=False)
    exact, other = graphical_lasso(S, alpha, 1e-9, 1e-12), by_sklearn(S, alpha, tol=1e-9, enet_tol=1e-9, max_iter=1000)[1]
    assert np.abs(exact - other).max() <= 1e-6
    for name, solve in {"fastreg": graphical_lasso, "scikit-learn": lambda S, alpha: by_sklearn(S, alpha)[1]}.items():
        start, Theta = time.perf_counter(), solve(S, alpha)
        print(f"{name:12s} {1e3 * (time.perf_counter() - start):8.1f} ms, gap {abs(gap_of(S, alpha, Theta)):.1e}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
