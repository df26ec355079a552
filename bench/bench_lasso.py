"""One lasso at alpha_max/10 and a path of 100 alphas down to alpha_max/100, to gaps relative to the objective."""

import numpy as np
import pytest

import fastreg as fr

from . import references
from .gaps import lasso_gaps
from .measure import reached, record, timed
from .problems import alpha_max, load

cases = pytest.mark.parametrize(("solver", "tol"), [("fastreg", 1e-4), ("fastreg", 1e-10), ("numpy", 1e-4)])


@cases
def test_lasso(benchmark, problem, dtype, solver, tol):
    group = f"lasso {problem} {dtype}"
    X, y = load(problem, dtype)
    alpha = alpha_max(X, y) / 10
    if solver == "fastreg":
        fit = timed(benchmark, group, lambda: fr.lasso(X, y, alpha, tol=tol))
        coef, n_iter = fit.coef[:, None], fit.n_iter
    else:
        coef, _, (n_iter,) = timed(benchmark, group, lambda: references.lasso_path(X, y, [alpha], tol))
    gap = reached(*lasso_gaps(X, y, coef, np.array([alpha])), tol)
    support = np.count_nonzero(coef)
    record(benchmark, "lasso", problem, solver, X, tol=tol, gap=gap, alpha_ratio=0.1, n_iter=n_iter, support=support)


@cases
def test_lasso_path(benchmark, problem, dtype, solver, tol):
    group = f"path {problem} {dtype}"
    X, y = load(problem, dtype)
    alphas = alpha_max(X, y) * np.geomspace(1, 1e-2, 100)
    if solver == "fastreg":
        path = timed(benchmark, group, lambda: fr.lasso_path(X, y, alphas=alphas, tol=tol))
        coefs, n_iters = path.coefs, path.n_iters
    else:
        coefs, _, n_iters = timed(benchmark, group, lambda: references.lasso_path(X, y, alphas, tol))
    gap = reached(*lasso_gaps(X, y, coefs, alphas), tol)
    n_iter, support = np.sum(n_iters), np.count_nonzero(coefs[:, -1])
    record(benchmark, "path", problem, solver, X, tol=tol, gap=gap, alpha_ratio=0.01, n_iter=n_iter, support=support)
