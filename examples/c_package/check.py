"""Follow an index with few of 30 stocks, and compare with fastreg.lasso_gram.

It checks itself: the status, the gap, and the solution against the one of the Python function.
"""

import few_stocks_c
import numpy as np

import fastreg as fr


def main():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((250, 30)) + rng.standard_normal((250, 1))  # days x stocks, with a market in common
    y = X @ rng.dirichlet(np.full(30, 0.1)) + 0.1 * rng.standard_normal(250)
    Q, q, l1, w = X.T @ X, X.T @ y, 20.0, np.zeros(30)
    status, gap = few_stocks_c.follow(Q, q, l1, w)
    assert status == 0, fr.capi.meaning(status)
    assert gap <= 1e-8 * y @ y
    assert np.allclose(w, fr.lasso_gram(Q, q, l1, tol=1e-10).coef, rtol=0, atol=1e-4)
    assert few_stocks_c.follow(Q, q[:29], l1, w)[0] == fr.capi.FR_BAD_ARGUMENT
    print("stocks in use:", np.count_nonzero(w))


if __name__ == "__main__":
    main()
