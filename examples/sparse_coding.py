"""Sparse codes of many signals y over one dictionary, min 1/2 |y - D'w|^2 + alpha |w|_1, beside scikit-learn's sparse_encode.

Arguments are the numbers of signals, features and atoms, 10000 64 256 say.
"""

import sys
import time

import numpy as np
from sklearn.decomposition import sparse_encode

import fastreg as fr


def gaps(D, Y, W, alpha):
    """The duality gap of each code, relative to its objective, at the dual point t r, t = clip(y'r/|r|^2, +-alpha/max|Dr|)."""
    R = Y - W @ D
    C, squares, sizes = R @ D.T, np.sum(R**2, axis=1), np.abs(W).sum(axis=1)
    t = np.clip(np.sum(Y * R, axis=1) / squares, -alpha / np.abs(C).max(axis=1), alpha / np.abs(C).max(axis=1))
    return ((1 - t) ** 2 * squares / 2 + alpha * sizes - t * np.sum(W * C, axis=1)) / (squares / 2 + alpha * sizes)


def main(signals, features, atoms, alpha=0.1):
    rng = np.random.default_rng(0)
    D = rng.standard_normal((atoms, features))
    D /= np.linalg.norm(D, axis=1, keepdims=True)
    codes = rng.standard_normal((signals, atoms)) * (rng.random((signals, atoms)) < 8 / atoms)
    Y = codes @ D + 0.05 * rng.standard_normal((signals, features))

    def fastreg(n_threads=1):
        return fr.lasso_batch(D.T, Y.T, alpha / features, fit_intercept=False, tol=1e-7, n_threads=n_threads).coefs

    solvers = {
        "fastreg": fastreg,
        "with 2 threads": lambda: fastreg(2),
        "scikit-learn": lambda: sparse_encode(Y, D, algorithm="lasso_cd", alpha=alpha),
    }
    found, told = {}, []
    for name, solve in solvers.items():
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            found[name] = solve()
            seconds.append(time.perf_counter() - start)
        told.append(f"{name} {1e6 * min(seconds) / signals:.1f} us (gap {gaps(D, Y, found[name], alpha).max():.0e})")
    print("a signal: " + ", ".join(told))
    assert gaps(D, Y, found["fastreg"], alpha).max() <= 1.01e-7
    np.testing.assert_allclose(found["fastreg"], found["scikit-learn"], atol=0.02)


if __name__ == "__main__":
    main(*(int(size) for size in sys.argv[1:]) if len(sys.argv) > 1 else (500, 32, 100))
