"""What the tests share: the installed package, one list of layouts and dtypes, simulated data, fixed randomness."""

import sys
from functools import partial
from pathlib import Path

import hypothesis
import numpy as np
import pytest


def leave_source_tree():
    """Take the project root off sys.path while it holds no compiled kernels: it would hide the installed package."""
    root = Path(__file__).resolve().parents[1]
    kernels = root / "fastreg" / "kernels"
    if not [*kernels.glob("*.so"), *kernels.glob("*.pyd")]:
        sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != root]


leave_source_tree()


def pytest_configure(config):
    """Not in pyproject.toml: to read it there, pytest imports fastreg before the path above is mended."""
    config.addinivalue_line("filterwarnings", "error::fastreg.ConvergenceWarning")


# The same examples on every machine and every run, however slow the machine.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci")


def strided(X, dtype):
    """Every second row and column of a larger array; what lies between is NaN, so that reading it shows."""
    larger = np.full((2 * X.shape[0], 2 * X.shape[1]), np.nan, dtype)
    larger[::2, ::2] = X
    return larger[::2, ::2]


def read_only(X, dtype):
    """Column after column, not writeable: what pandas hands out."""
    X = np.array(X, dtype, order="F")
    X.flags.writeable = False
    return X


# Name: function of a float64 (n, p) array and a dtype that returns the array in that layout and dtype.
LAYOUTS = {
    "F": lambda X, dtype: np.array(X, dtype, order="F"),
    "C": lambda X, dtype: np.array(X, dtype, order="C"),
    "strided": strided,
    "reversed": lambda X, dtype: np.array(X[::-1, ::-1], dtype)[::-1, ::-1],
    "readonly": read_only,
}
DTYPES = (np.float64, np.float32)


@pytest.fixture(
    params=[
        pytest.param(partial(function, dtype=dtype), id=f"{name}-{np.dtype(dtype)}")
        for name, function in LAYOUTS.items()
        for dtype in DTYPES
    ],
)
def layout(request):
    """Each of LAYOUTS x DTYPES in turn: a function of a float64 (n, p) array."""
    return request.param


def problem(n, p, seed=0, *, correlation=0.0, support=5, noise=0.5, offset=0.0):
    """X (n, p) float64 in Fortran order and y (n,): y = Xw + 1 + noise * standard normal.

    Neighbouring columns have the given correlation (AR(1)), their mean is offset; w is 1, -1, 1, ... on the first
    `support` columns and 0 elsewhere.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w = np.where(np.arange(p) < support, (-1.0) ** np.arange(p), 0.0)
    y = X @ w + 1 + noise * rng.standard_normal(n)
    return np.asfortranarray(X + offset), y


# How a working set may be kept, for p columns: (tall, most columns of the Gram matrix, and of a factor on the residual).
FORMS = {
    "tall": lambda p: (True, p, p),
    "Gram": lambda p: (False, p, p),
    "small Gram, then residual": lambda p: (False, 3, p),
    "residual": lambda p: (False, 0, p),
    "residual, small factor": lambda p: (False, 0, 2),
}


def use_form(patch, name):
    """Solve in the form of this name, whatever the size of X."""
    from fastreg._descent import Form

    patch.setattr("fastreg._descent.choose_form", lambda n, p, *_: Form(*FORMS[name](p)))
