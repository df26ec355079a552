"""Rolling style analysis in numba: which few of 20 factors explain the returns of a fund, in every window of 250 days.

The loop over the windows is compiled and runs without the GIL, so that several funds can have a thread each; it calls fastreg's
C function directly, and every window starts from the solution of the one before.

It checks itself: the duality gap of every window, and some windows against fastreg.lasso_gram.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

import fastreg as fr
from fastreg.capi import FR_DUAL_GAP, FR_INFO, FR_STATUS

lasso_gram = fr.capi.function("fr_lasso_gram_f64")
worksize = fr.capi.function("fr_lasso_gram_worksize_f64")


@numba.njit(nogil=True)
def rolling(X, y, window, l1, rtol):
    """W (K, p) and info (K, FR_INFO) of 1/2 |y - Xw|^2 + l1 |w|_1 over the K windows of consecutive rows."""
    n, p = X.shape
    K = n - window + 1
    W, info, work = np.empty((K, p)), np.empty((K, FR_INFO)), np.empty(worksize(p, 0), np.uint8)
    w = np.zeros(p)
    for k in range(K):
        rows, values = X[k : k + window], y[k : k + window]
        Q, q, yty = rows.T @ rows, rows.T @ values, values @ values
        # 0 is NULL: all columns, factors of 1, no bounds.  Arrays must be float64 and contiguous: nothing is checked here.
        lasso_gram(p, Q.ctypes, p, 0, 0, q.ctypes, yty, l1, 0, 0.0, 0, 0, 0, w.ctypes,
                   0.0, rtol, 10_000, work.ctypes, info[k].ctypes)  # fmt: skip
        W[k] = w
    return W, info


def main():
    rng = np.random.default_rng(0)
    n, p, window, l1 = 1000, 20, 250, 30.0
    X = rng.standard_normal((n, p))
    style = np.where(np.arange(n) < n // 2, X[:, 3], X[:, 7])  # every fund changes its style half-way
    funds = [style + 0.2 * rng.standard_normal(n) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda y: rolling(X, y, window, l1, 1e-8), funds))
    for y, (W, info) in zip(funds, results, strict=True):
        assert (info[:, FR_STATUS] == 0).all()
        for k in range(0, len(W), 250):
            rows, values = X[k : k + window], y[k : k + window]
            fit = fr.lasso_gram(rows.T @ rows, rows.T @ values, l1, yty=values @ values, tol=1e-10)
            assert np.allclose(W[k], fit.coef, rtol=0, atol=1e-4)
    W, info = results[0]
    print(f"{4 * len(W)} windows, largest gap {max(info[:, FR_DUAL_GAP].max() for _, info in results):.1e}")
    print("factors of the first fund, first and last window:", np.flatnonzero(W[0]), np.flatnonzero(W[-1]))


if __name__ == "__main__":
    main()
