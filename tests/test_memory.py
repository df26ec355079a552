"""X is not copied: peak memory of a fresh process, before and after a path."""

import subprocess
import sys
import textwrap

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux only")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("order", ["F", "C"])
@pytest.mark.parametrize("shape", [(1000, 8000), (80_000, 100)], ids=["wide", "tall"])
def test_a_path_takes_less_than_a_tenth_of_x(tmp_path, shape, order, dtype):
    code = f"""
        import resource
        import numpy as np
        import fastreg as fr

        rng = np.random.default_rng(0)
        X = np.zeros({shape}, {dtype!r}, order={order!r})
        # by pieces of some rows and all columns, or all rows and some columns: no second X at any time
        axis = 0 if {order!r} == "C" else 1
        for at in range(0, X.shape[axis], 50):
            piece = X[at:at + 50] if axis == 0 else X[:, at:at + 50]
            piece[...] = rng.standard_normal(piece.shape, np.float32)
        y = X[:, :20].sum(axis=1, dtype=float) + rng.standard_normal(X.shape[0])
        fr.lasso_path(X[:60, :60].copy(), y[:60], alphas=3)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        path = fr.lasso_path(X, y, alphas=40, alpha_min_ratio=0.15)
        extra = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        assert all(status.converged for status in path.statuses) and path.df[-1] >= 20
        print(extra / X.nbytes, path.df[-1], path.counts)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=300
    )
    assert float(run.stdout.split()[0]) < 0.1, run.stdout
