"""soft_threshold against np.sign(x) * np.maximum(np.abs(x) - threshold, 0).

Here `gap` is the largest difference from the formula in float64, relative to the largest |x|.
"""

import numpy as np
import pytest

import fastreg as fr

from . import prox_maps, references
from .measure import record, timed

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


NAMES = [f"{name}{given}" for name, given, _, _ in prox_maps.CASES]


@pytest.mark.parametrize("solver", ["fastreg", "numpy"])
@pytest.mark.parametrize("case", prox_maps.CASES, ids=NAMES)
def test_maps(benchmark, case, solver):
    """Every map of fastreg.prox that has a twin in numpy, in place of an array that is there."""
    name, parameters, twin, _ = case
    if twin is None:
        pytest.skip("there is no twin that is linear; prox_maps.py has packages")
    size = 100 if name == "nuclear" else 1_000_000
    x = 2 * np.random.default_rng(0).standard_normal((size, size) if name == "nuclear" else size)
    out, given = np.empty_like(x), prox_maps.of_size(parameters, x)
    calls = {"fastreg": lambda: getattr(fr.prox, name)(x, *given, out=out), "numpy": lambda: twin(x, *given)}
    answer = timed(benchmark, f"prox.{name}{parameters}", calls[solver])
    error = np.abs(answer - twin(x, *given)).max() / np.abs(x).max()
    assert error <= 1e-9
    record(benchmark, f"prox.{name}", f"{x.size} {parameters}", solver, x.reshape(len(x), -1), tol=1e-9, gap=float(error))
