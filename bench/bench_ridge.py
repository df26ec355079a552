"""Ridge at a tenth of the mean |x_j|^2 of the centred columns, against np.linalg.solve on the smaller side.

Both are direct, so both are asked for 1e-10; only the reference's float32 solve is asked for 1e-4.
"""

import numpy as np
import pytest
import references
from measure import reached, record, ridge_gap, timed
from problems import load

import fastreg as fr


@pytest.mark.parametrize("solver", ["fastreg", "numpy"])
def test_ridge(benchmark, problem, dtype, solver):
    group = f"ridge {problem} {dtype}"
    X, y = load(problem, dtype)
    alpha = float(0.1 * len(y) * X.var(axis=0, dtype=np.float64).mean())
    if solver == "fastreg":
        coef = timed(benchmark, group, lambda: fr.ridge(X, y, alpha)).coef
    else:
        coef, _ = timed(benchmark, group, lambda: references.ridge(X, y, alpha))
    tol = 1e-4 if solver == "numpy" and dtype == "float32" else 1e-10
    gap = reached(*ridge_gap(X, y, coef, alpha), tol)
    support = np.count_nonzero(coef)
    record(benchmark, "ridge", problem, solver, X, tol=tol, gap=gap, alpha_ratio=0.1, support=support)
