"""10 folds of a path of 100 alphas down to alpha_max/100, and that path of all rows: errors on the rows left out.

`gap` is the largest of all fits, those to folds and those to all rows; fastreg tells the former itself (CVPath.dual_gap), and
its errors must be those of its paths of copied rows.  `cv_over_path` is the time over that of the path of all rows alone,
which is taken ahead of each round: whatever else the machine does slows both.
"""

import time

import numpy as np
import pytest

import fastreg as fr

from . import references
from .gaps import lasso_gaps
from .measure import reached, record, timed
from .problems import alpha_max, load

cases = pytest.mark.parametrize(("solver", "tol"), [("fastreg", 1e-4), ("fastreg", 1e-10), ("numpy", 1e-4)])


@cases
@pytest.mark.problems("tiny", "leukemia", "wide", "correlated", "tall")
def test_lasso_cv(benchmark, problem, solver, tol):
    cross_validate(benchmark, "cv", problem, solver, tol, relax=[0.0])


@cases
@pytest.mark.problems("tiny", "correlated")
def test_relaxed_lasso_cv(benchmark, problem, solver, tol):
    cross_validate(benchmark, "cv, relaxed", problem, solver, tol, relax=[0.0, 0.5, 1.0])


def cross_validate(benchmark, kind, problem, solver, tol, relax):
    X, y = load(problem, "float64")
    # where nothing is timed, a corner of it will do: the whole takes the reference 20 seconds
    folds, n_alphas, alpha_ratio = (10, 100, 0.01) if benchmark.enabled else (2, 10, 0.5)
    alphas = alpha_max(X, y) * np.geomspace(1, alpha_ratio, n_alphas)
    fold_of = np.random.default_rng(0).permutation(np.arange(len(y)) % folds)

    def path(X, y):
        if solver == "numpy":
            return references.lasso_path(X, y, alphas, tol)[:2]
        found = fr.lasso_path(X, y, alphas=alphas, tol=tol)
        return found.coefs, found.intercepts

    def solve():
        if solver == "numpy":
            return references.lasso_cv(X, y, fold_of, path, relax)
        return fr.lasso_cv(X, y, cv=fold_of, alphas=alphas, tol=tol, relax=relax)

    path_times = []

    def time_path():
        start = time.perf_counter()
        path(X, y)
        path_times.append(time.perf_counter() - start)

    time_path()
    answer = timed(benchmark, f"{kind} {problem}", solve, once=folds * path_times[0] > 1, setup=time_path)
    if solver == "numpy":
        _, fold_coefs, coefs = answer
        rows = [fold_of != fold for fold in range(folds)]
        gap = max(reached(*lasso_gaps(X[kept], y[kept], fold_coefs[k], alphas), tol) for k, kept in enumerate(rows))
    else:
        errors, _, _ = references.lasso_cv(X, y, fold_of, path, relax)
        found = [curve.fold_errors for curve in answer.curves]
        np.testing.assert_allclose(found, errors, rtol=10 * np.sqrt(tol))  # a fit moves by the square root of its gap
        coefs, gap = answer.curves[0].path.coefs, answer.dual_gap
        assert gap <= tol
    gap = max(gap, reached(*lasso_gaps(X, y, coefs, alphas), tol))
    support = np.count_nonzero(coefs[:, -1])
    record(benchmark, kind, problem, solver, X, tol=tol, gap=gap, alpha_ratio=alpha_ratio, support=support)
    if benchmark.enabled:
        benchmark.extra_info["cv_over_path"] = benchmark.stats.stats.min / min(path_times)
