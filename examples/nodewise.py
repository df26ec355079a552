"""Which variables depend on which, given all others: nodewise lassos, the graph, and confidence intervals of a lasso.

Arguments are the numbers of rows and columns, 1000 300 say.
"""

import sys
import time

import numpy as np
from sklearn.linear_model import Lasso

import fastreg as fr


def by_sklearn(X, alpha):
    """The same, column by column."""
    X, p = X - X.mean(axis=0), X.shape[1]
    G, W = X.T @ X, np.zeros((p, p))
    for j in range(p):
        others = np.delete(np.arange(p), j)
        model = Lasso(alpha, fit_intercept=False, precompute=G[np.ix_(others, others)], tol=1e-5)
        W[j, others] = model.fit(X[:, others], X[:, j]).coef_
    return W


def main(n, p):
    rng = np.random.default_rng(0)
    truth = np.eye(p) + 0.4 * (np.eye(p, k=1) + np.eye(p, k=-1))
    X = rng.multivariate_normal(np.zeros(p), np.linalg.inv(truth), n)
    alpha = np.sqrt(np.log(p) / n)
    fr.nodewise_lasso(X[:, :2], alpha)  # loads what is loaded on first use
    start = time.perf_counter()
    nodes = fr.nodewise_lasso(X, alpha)
    middle = time.perf_counter()
    W = by_sklearn(X, alpha)
    end = time.perf_counter()
    print(f"fastreg {1e3 * (middle - start):.1f} ms, scikit-learn {1e3 * (end - middle):.1f} ms")
    np.testing.assert_allclose(nodes.coefs, W, atol=1e-2)

    joined = (nodes.coefs != 0.0) & (nodes.coefs.T != 0.0)
    right = np.mean(joined == ((truth != 0.0) & ~np.eye(p, dtype=bool)))
    assert right > 0.9

    # van de Geer et al. (2014), eq. 5: lasso, less its bias as far as the nodewise precision knows it
    w = np.where(np.arange(p) < 3, 1.0, 0.0)
    y = X @ w + rng.standard_normal(n)
    fit = fr.lasso(X, y, alpha)
    r, Theta = y - fit.predict(X), nodes.precision()
    centred = X - X.mean(axis=0)
    unbiased = fit.coef + Theta @ centred.T @ r / n
    noise = np.sqrt(r @ r / (n - fit.support.size) * np.diag(Theta @ (centred.T @ centred / n) @ Theta.T) / n)
    covered = np.mean(np.abs(unbiased - w) <= 1.96 * noise)
    print(f"{100 * right:.1f} % of the pairs are told right, {100 * covered:.0f} % of the 95 % intervals cover")
    assert covered > 0.8


if __name__ == "__main__":
    main(*(int(size) for size in sys.argv[1:]) if len(sys.argv) > 1 else (400, 40))
