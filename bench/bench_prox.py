"""soft_threshold against np.sign(x) * np.maximum(np.abs(x) - threshold, 0).

Here `gap` is the largest difference from the formula in float64, relative to the largest |x|.
"""

import numpy as np
import pytest
import references
from measure import record, timed

import fastreg as fr

SOLVERS = {"fastreg": fr.soft_threshold, "numpy": references.soft_threshold}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("size", [100, 10_000, 1_000_000])
def test_soft_threshold(benchmark, size, dtype, solver):
    x = np.random.default_rng(0).standard_normal(size).astype(dtype)
    threshold = 0.5
    answer = timed(benchmark, f"soft_threshold {size} {dtype}", lambda: SOLVERS[solver](x, threshold))
    error = np.abs(answer - references.soft_threshold(x.astype(np.float64), threshold)).max() / np.abs(x).max()
    tol = float(np.finfo(dtype).eps)
    assert answer.dtype == dtype
    assert error <= tol
    record(benchmark, "soft_threshold", f"vector {size}", solver, x[:, None], tol=tol, gap=float(error))
