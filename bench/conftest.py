"""`python -m pytest bench --benchmark-only [--data FILE.npz]`: the installed package, one BLAS thread, the problems."""

import sys
from pathlib import Path

import pytest


def leave_source_tree():
    """Take the project root off sys.path while it holds no compiled kernels: it would hide the installed package."""
    root = Path(__file__).resolve().parents[1]
    kernels = root / "fastreg" / "kernels"
    if not [*kernels.glob("*.so"), *kernels.glob("*.pyd")]:
        sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != root]


leave_source_tree()

import fastreg  # noqa: E402, F401  (pytest puts the root back on the path; by then this is the package that is measured)

from .problems import AGAINST_NUMPY  # noqa: E402


def pytest_configure(config):
    """Not in pyproject.toml: to read it there, pytest imports fastreg before the path above is mended."""
    config.addinivalue_line("filterwarnings", "error::fastreg.ConvergenceWarning")
    config.addinivalue_line("markers", "problems(*names): those that a benchmark runs on, where not on all")


def pytest_addoption(parser):
    parser.addoption("--data", metavar="FILE.npz", help="bench this file too: arrays X (n, p) and y (n,)")


def pytest_generate_tests(metafunc):
    """Each benchmark with a `problem` and a `dtype` runs on all of them, or on the problems that it is marked with."""
    if "problem" in metafunc.fixturenames:
        data = metafunc.config.getoption("--data")
        mark = metafunc.definition.get_closest_marker("problems")
        metafunc.parametrize(
            "problem", [*(mark.args if mark else AGAINST_NUMPY), *([str(Path(data).resolve())] if data else [])]
        )
    if "dtype" in metafunc.fixturenames:
        metafunc.parametrize("dtype", ["float64", "float32"])


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Hold every BLAS to one thread, where threadpoolctl is installed."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    import scipy.linalg  # noqa: F401  (its BLAS is a second one, and only a loaded library can be held)

    with threadpool_limits(1):
        yield
