"""One clock, one certificate and one record for every case, whoever solved it."""

import platform
import time
from functools import cache
from pathlib import Path

import numpy as np

EPS = np.finfo(np.float64).eps


def timed(benchmark, group, solve, once=False, setup=None):
    """solve()'s answer, timed warm: one call ahead of the clock, then 0.4 seconds' worth of rounds, 3 at the least.

    A solve of more than a second is steady enough to be timed once; once: without the call ahead, which would take as long.
    setup() is called ahead of each round, outside the clock.
    fastreg and the reference of one problem share a group, which the report shows as one table.
    """
    benchmark.group = group  # before the clock runs: the statistics take it along then
    if once:
        return benchmark.pedantic(solve, rounds=1, setup=setup)
    start = time.perf_counter()
    solve()
    seconds = time.perf_counter() - start
    iterations = max(1, int(1e-4 / seconds))  # a round lasts long against the clock's resolution
    rounds = 1 if seconds > 1 else int(np.clip(0.4 / (seconds * iterations), 3, 1000))
    return benchmark.pedantic(solve, rounds=rounds, iterations=iterations, setup=setup)


def lasso_gaps(X, y, coefs, alphas):
    """The duality gap, the objective, each (K,), and the gap's rounding floor, in float64, for coefs (p, K).

    With X, y centred, r = y - Xw, c = X'r/n and the dual point t r/n, t = clip(y'r/|r|^2, +-alpha/max|c|):
        objective = |r|^2/(2n) + alpha |w|_1,    gap = (1 - t)^2 |r|^2/(2n) + alpha |w|_1 - t w'c,
    which is primal minus dual without the terms that cancel; floor = 64 eps |y|^2/n.
    """
    X, y, W = _centred(X, y, coefs)
    n = len(y)
    R = y[:, None] - X @ W
    C = X.T @ R / n
    squares, largest = np.sum(R**2, axis=0), np.abs(C).max(axis=0)
    limits = np.divide(alphas, largest, out=np.full(len(largest), np.inf), where=largest > 0)
    t = np.clip(np.divide(y @ R, squares, out=np.zeros_like(squares), where=squares > 0), -limits, limits)
    penalties = alphas * np.abs(W).sum(axis=0)
    gaps = (1 - t) ** 2 * squares / (2 * n) + penalties - t * np.sum(W * C, axis=0)
    return gaps, squares / (2 * n) + penalties, 64 * EPS * (y @ y) / n


def ridge_gaps(X, y, coefs, alphas):
    """|X'r - alpha w|^2 / alpha, the objective |r|^2 + alpha |w|^2 and the floor 128 eps |y|^2, in float64, for coefs (p, K).

    alphas: one or K of them; y: (n,) or (n, K).
    """
    X, y, W = _centred(X, y, coefs)
    Y = y.reshape(len(y), -1)
    R = Y - X @ W
    gaps = np.sum((X.T @ R - alphas * W) ** 2, axis=0) / alphas
    return gaps, np.sum(R**2, axis=0) + alphas * np.sum(W**2, axis=0), 128 * EPS * np.sum(Y**2, axis=0)


def _centred(X, y, coefs):
    X, y = X.astype(np.float64), y.astype(np.float64)
    return X - X.mean(axis=0), y - y.mean(axis=0), np.asarray(coefs, dtype=np.float64)


def reached(gaps, objectives, floor, tol):
    """The largest gap relative to its objective; an AssertionError where one is above tol and above rounding."""
    gaps, objectives = np.atleast_1d(gaps), np.atleast_1d(objectives)
    assert np.isfinite(gaps).all()
    assert np.all(gaps <= tol * objectives + floor), f"gap {np.max(gaps / objectives):.2g} where {tol:g} was asked."
    return float(np.max(np.maximum(gaps, 0.0) / objectives))


def record(benchmark, kind, problem, solver, X, *, tol, gap, alpha_ratio=None, n_iter=None, support=None):
    """Put what the time stands for into extra_info."""
    import fastreg

    benchmark.extra_info.update(
        kind=kind,
        problem=problem,
        solver=solver,
        n=X.shape[0],
        p=X.shape[1],
        dtype=str(X.dtype),
        alpha_ratio=alpha_ratio,
        tol=tol,
        gap=gap,
        n_iter=None if n_iter is None else int(n_iter),
        support=None if support is None else int(support),
        python=platform.python_version(),
        numpy=np.__version__,
        fastreg=fastreg.__version__,
        cpu=cpu_model(),
        blas_threads=blas_threads(),
    )


@cache
def cpu_model():
    """The processor's name, as well as this system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def blas_threads():
    """The threads the BLAS libraries may use, the largest; None where threadpoolctl is not there to ask."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    return max((library["num_threads"] for library in threadpool_info()), default=None)
