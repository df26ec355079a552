"""X is not copied: peak memory of a fresh process, before and after a fit."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak"),
    pytest.mark.thread_unsafe(reason="starts a process each time"),
]
BLOCK = 2**20  # bytes of rows or columns of X, in float64: less than usual, so that a small X tells
orders = pytest.mark.parametrize("order", ["F", "C"])
dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])


def extra(where, shape, order, dtype, call, check):
    """The bytes of X, those that `call` took beside it, and what it found, in words; call: in X and y, check: in `found`."""
    code = f"""
        import numpy as np
        import fastreg as fr
        from fastreg._ridge import design, folds

        design.ENTRIES = folds.ENTRIES = {BLOCK // 8}

        def peak():
            # not ru_maxrss, which begins at the peak of the process that started this one
            with open("/proc/self/status") as lines:
                return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

        rng = np.random.default_rng(0)
        X = np.zeros({shape}, {dtype!r}, order={order!r})
        # by small pieces of some rows and all columns, or all rows and some columns: never above what X takes
        lines = X if {order!r} == "C" else X.T
        step = 2**16 // lines.shape[1] + 1
        for at in range(0, len(lines), step):
            piece = lines[at:at + step]
            piece[...] = rng.standard_normal(piece.shape, np.float32)
        y = X[:, :20].sum(axis=1, dtype=float) + rng.standard_normal(len(X))
        fit = lambda X, y: {call}
        fit(X[:60, :60].copy(), y[:60])
        before = peak()
        found = fit(X, y)
        taken = peak() - before
        assert {check}, found
        print(X.nbytes, taken, found)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, cwd=where, timeout=300
    )
    size, taken, found = run.stdout.split(maxsplit=2)
    return int(size), int(taken), found


@dtypes
@orders
@pytest.mark.parametrize("shape", [(1000, 8000), (80_000, 100)], ids=["wide", "tall"])
def test_a_path_takes_less_than_a_tenth_of_x(tmp_path, shape, order, dtype):
    call = "fr.lasso_path(X, y, alphas=40, alpha_min_ratio=0.15)"
    check = "all(status.converged for status in found.statuses) and found.df[-1] >= 20"
    size, taken, found = extra(tmp_path, shape, order, dtype, call, check)
    assert taken < 0.1 * size, found


@orders
def test_folds_take_a_tenth_of_a_large_x(tmp_path, order):
    """12 % of X, and 28 p + 80 n bytes for each of six problems."""
    call, check = "fr.lasso_cv(X, y, cv=5, alphas=20, alpha_min_ratio=0.3)", "found.fold_errors.shape == (5, 20)"
    size, taken, found = extra(tmp_path, (1000, 30_000), order, "float64", call, check)
    assert taken < 0.12 * size + 6 * (28 * 30_000 + 80 * 1000), found


def test_many_folds_do_not_all_take_memory_at_once(tmp_path):
    call, check = "fr.lasso_cv(X, y, cv=len(y), alphas=3, alpha_min_ratio=0.1)", "found.fold_errors.shape == (1000, 3)"
    _, taken, found = extra(tmp_path, (1000, 100), "F", "float64", call, check)
    assert taken < 60e6, found


GRID = "np.geomspace(1e3, 0.1, 20)"
# Name: (call, how to tell that it went well, what it may take: blocks where n > p, and vectors of n, p and 20 p entries).
RIDGE = {
    "ridge": ("fr.ridge(X, y, 2.0)", "found.status.converged", 0, 4, 0),
    "path": (f"fr.ridge_path(X, y, {GRID})", "all(s.converged for s in found.statuses) and len(found.loo) == 20", 10, 4, 3),
    "folds": (f"fr.ridge_cv(X, y, {GRID}, cv=5)", "found.fold_errors.shape == (5, 20)", 5, 20, 0),  # the rows of 5 folds
    "statistics": ("fr.GramStats().update(X, y)", "found.n_rows == len(y)", 0, 4, 0),
}
TALL, WIDE = (40_000, 100), (200, 20_000)


@dtypes
@orders
@pytest.mark.parametrize(
    ("name", "shape"), [*((name, TALL) for name in RIDGE), *((name, WIDE) for name in RIDGE if name != "statistics")]
)
def test_ridge_takes_blocks_and_small_matrices(tmp_path, name, shape, order, dtype):
    call, check, blocks, vectors, coefs = RIDGE[name]
    n, p = shape
    size, taken, found = extra(tmp_path, shape, order, dtype, call, check)
    allowed = 8 * (4 * min(n, p) ** 2 + vectors * (n + p) + coefs * 20 * p) + (blocks * BLOCK if n > p else 0)
    assert allowed < size
    assert taken <= allowed, found
