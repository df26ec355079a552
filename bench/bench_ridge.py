"""Ridge at a tenth of the mean |x_j|^2 of the centred columns, against numpy on the smaller side: np.linalg.solve for one and
for 32 targets, and for rows in 100 chunks; np.linalg.eigh for a path of 100 alphas with leave-one-out errors.

All are direct, so all are asked for 1e-10; only the reference's float32 solve is asked for 1e-4.
"""

import numpy as np
import pytest

import fastreg as fr

from . import references
from .gaps import ridge_gaps
from .measure import reached, record, timed
from .problems import load, targets

solvers = pytest.mark.parametrize("solver", ["fastreg", "numpy"])
TOL = 1e-10


def mean_square(X):
    """The mean |x_j|^2 of the centred columns: the mean eigenvalue of X'X."""
    return float(len(X) * X.var(axis=0, dtype=np.float64).mean())


@solvers
def test_ridge(benchmark, problem, dtype, solver):
    group = f"ridge {problem} {dtype}"
    X, y = load(problem, dtype)
    alpha = 0.1 * mean_square(X)
    if solver == "fastreg":
        coef = timed(benchmark, group, lambda: fr.ridge(X, y, alpha)).coef
    else:
        coef, _ = timed(benchmark, group, lambda: references.ridge(X, y, alpha))
    tol = 1e-4 if solver == "numpy" and dtype == "float32" else TOL
    gap = reached(*ridge_gaps(X, y, coef[:, None], alpha), tol)
    support = np.count_nonzero(coef)
    record(benchmark, "ridge", problem, solver, X, tol=tol, gap=gap, alpha_ratio=0.1, support=support)


@solvers
def test_ridge_of_32_targets(benchmark, problem, solver):
    group = f"ridge, 32 targets {problem}"
    X, y = load(problem, "float64")
    Y, alpha = targets(y, 32), 0.1 * mean_square(X)
    if solver == "fastreg":
        coefs = timed(benchmark, group, lambda: fr.ridge(X, Y, alpha)).coef
    else:
        coefs, _ = timed(benchmark, group, lambda: references.ridge(X, Y, alpha))
    gap = reached(*ridge_gaps(X, Y, coefs, alpha), TOL)
    record(benchmark, "ridge, 32 targets", problem, solver, X, tol=TOL, gap=gap, alpha_ratio=0.1)


@solvers
def test_ridge_path(benchmark, problem, solver):
    group = f"ridge path {problem}"
    X, y = load(problem, "float64")
    alphas = mean_square(X) * np.geomspace(10, 1e-5, 100)
    if solver == "fastreg":
        path = timed(benchmark, group, lambda: fr.ridge_path(X, y, alphas))
        coefs = path.coefs
        np.testing.assert_allclose(path.loo, references.ridge_path(X, y, alphas)[2], rtol=1e-8)
    else:
        coefs, _, _ = timed(benchmark, group, lambda: references.ridge_path(X, y, alphas))
    gap = reached(*ridge_gaps(X, y, coefs, alphas), TOL)
    record(benchmark, "ridge path", problem, solver, X, tol=TOL, gap=gap, alpha_ratio=1e-5)


@solvers
def test_ridge_of_100_chunks(benchmark, solver):
    """Rows as they come in, one after another, in C order."""
    problem, group = "tall", "ridge, 100 chunks"
    X, y = load(problem, "float64")
    chunks = list(zip(np.array_split(np.ascontiguousarray(X), 100), np.array_split(y, 100), strict=True))
    alpha = 0.1 * mean_square(X)

    def solve():
        stats = fr.GramStats()
        for chunk in chunks:
            stats.update(*chunk)
        return stats.ridge(alpha).coef

    if solver == "fastreg":
        coef = timed(benchmark, group, solve)
    else:
        coef, _ = timed(benchmark, group, lambda: references.ridge_of_chunks(chunks, alpha))
    gap = reached(*ridge_gaps(X, y, coef[:, None], alpha), TOL)
    record(benchmark, "ridge, 100 chunks", problem, solver, X, tol=TOL, gap=gap, alpha_ratio=0.1)
