"""Follow 8 indices with few of 30 stocks each, in 4 threads at once, and compare with fastreg.lasso_gram.

It checks itself: every status and gap, and every solution against the one of the Python function.
"""

from concurrent.futures import ThreadPoolExecutor

import few_stocks
import numpy as np

import fastreg as fr


def main():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((250, 30)) + rng.standard_normal((250, 1))  # days x stocks, with a market in common
    Y = X @ rng.dirichlet(np.full(30, 0.1), 8).T + 0.1 * rng.standard_normal((250, 8))
    Q, l1 = X.T @ X, 20.0

    def follow(y):
        w = np.zeros(30)
        status, gap = few_stocks.follow(Q, X.T @ y, l1, w)
        return w, status, gap

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(follow, Y.T))
    for y, (w, status, gap) in zip(Y.T, found, strict=True):
        assert status == 0, fr.capi.meaning(status)
        assert gap <= 1e-8 * y @ y
        assert w.min() >= 0.0
        assert np.allclose(w, fr.lasso_gram(Q, X.T @ y, l1, positive=True, tol=1e-10).coef, rtol=0, atol=1e-4)
    print("stocks in use:", *[np.count_nonzero(w) for w, _, _ in found])


if __name__ == "__main__":
    main()
