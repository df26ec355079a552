"""Many small problems in one call: sparse codes over one dictionary, quadratics of their own, every column on the others.

`gap` is the largest of all problems, relative to its objective, recomputed by `quadratic_gaps` for both.
"""

import numpy as np
import pytest

import fastreg as fr

from . import references
from .gaps import quadratic_gaps
from .measure import reached, record, timed

cases = pytest.mark.parametrize(("solver", "tol"), [("fastreg", 1e-4), ("fastreg", 1e-10), ("numpy", 1e-4)])


@cases
def test_sparse_codes(benchmark, solver, tol):
    """Signals over a dictionary of 256 atoms of 64 numbers, some 20 atoms each."""
    rng = np.random.default_rng(0)
    signals = 2000 if benchmark.enabled else 20
    D = rng.standard_normal((64, 256))
    D /= np.linalg.norm(D, axis=0)
    codes = rng.standard_normal((signals, 256)) * (rng.random((signals, 256)) < 8 / 256)
    Y = D @ codes.T + 0.05 * rng.standard_normal((64, signals))

    def solve():
        if solver == "numpy":
            return references.lasso_codes(D.T @ D, Y.T @ D, 0.1, np.sum(Y**2, axis=0), tol)
        return fr.lasso_batch(D, Y, 0.1 / 64, fit_intercept=False, tol=tol).coefs

    W = timed(benchmark, "sparse codes", solve)
    gap = reached(*quadratic_gaps(D.T @ D, Y.T @ D, np.sum(Y**2, axis=0), W, 0.1), tol)
    support = np.mean(np.count_nonzero(W, axis=1))
    record(benchmark, "sparse codes", f"{signals} signals", solver, D, tol=tol, gap=gap, support=support)


@cases
def test_small_quadratics(benchmark, solver, tol):
    """A matrix of 20 columns for each problem."""
    rng = np.random.default_rng(0)
    b = 5000 if benchmark.enabled else 20
    X = rng.standard_normal((b, 50, 20))
    y = X[:, :, :3].sum(axis=2) + rng.standard_normal((b, 50))
    Q, C, squares = X.transpose(0, 2, 1) @ X, np.einsum("bij,bi->bj", X, y), np.sum(y**2, axis=1)

    def solve():
        if solver == "numpy":
            return references.lasso_codes(Q, C, 10.0, squares, tol)
        return fr.lasso_gram_batch(Q, C, 10.0, yty=squares, tol=tol).coefs

    W = timed(benchmark, "small quadratics", solve)
    gap = reached(*quadratic_gaps(Q, C, squares, W, 10.0), tol)
    support = np.mean(np.count_nonzero(W, axis=1))
    record(benchmark, "small quadratics", f"{b} problems", solver, X[0], tol=tol, gap=gap, support=support)


@cases
def test_nodewise(benchmark, solver, tol):
    """Every one of 300 columns on the others."""
    n, p = (1000, 300) if benchmark.enabled else (50, 10)
    X = np.random.default_rng(0).standard_normal((n, p))
    X[:, 1:] += X[:, :-1]
    centred, alpha = X - X.mean(axis=0), 0.1
    Q = centred.T @ centred
    of_each = np.arange(p)

    def solve():
        if solver == "numpy":
            return references.lasso_codes(Q, Q, n * alpha, np.diag(Q), tol, held=True)
        return fr.nodewise_lasso(X, alpha, tol=tol).coefs

    W = timed(benchmark, "nodewise", solve)
    worst = 0.0
    for j in of_each:
        others = np.delete(of_each, j)
        one = quadratic_gaps(Q[np.ix_(others, others)], Q[j : j + 1, others], Q[j : j + 1, j], W[j : j + 1, others], n * alpha)
        worst = max(worst, reached(*one, tol))
    support = np.mean(np.count_nonzero(W, axis=1))
    record(benchmark, "nodewise", "every column", solver, X, tol=tol, gap=worst, support=support)
