"""One clock and one record for every case, whoever solved it; a gap above the one asked for fails."""

import platform
import time
from functools import cache
from pathlib import Path

import numpy as np

from .gaps import largest


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


def reached(gaps, objectives, floor, tol):
    """The largest gap relative to its objective; an AssertionError where one is above tol and above rounding."""
    gaps, objectives = np.atleast_1d(gaps), np.atleast_1d(objectives)
    assert np.isfinite(gaps).all()
    assert np.all(gaps <= tol * objectives + floor), f"gap {np.max(gaps / objectives):.2g} where {tol:g} was asked."
    return largest(gaps, objectives)


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
