"""What the tests share: the installed package, one list of layouts and dtypes, simulated data, fixed randomness."""

import signal
import sys
from functools import partial
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import reference as ref
from scipy import sparse


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


def pytest_collection_modifyitems(items):
    """The slow ones first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


# The same examples on every machine and every run, however slow the machine.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci")


@pytest.fixture
def ctrl_c():
    """SIGINT raises KeyboardInterrupt: a shell starts what runs in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def with_int64(A):
    """The same with 64-bit places, which scipy uses for large matrices only."""
    A.indices, A.indptr = A.indices.astype(np.int64), A.indptr.astype(np.int64)
    return A


def unsorted(A):
    """The entries of every column from the last row up."""
    for j in range(A.shape[1]):
        part = slice(A.indptr[j], A.indptr[j + 1])
        A.indices[part], A.data[part] = A.indices[part][::-1].copy(), A.data[part][::-1].copy()
    A.has_sorted_indices = False
    return A


def explicit_zeros(A):
    """An entry in every row, zeros too."""
    rows = np.tile(np.arange(A.shape[0], dtype=np.int32), A.shape[1])
    return type(A)((A.toarray().ravel(order="F"), rows, A.shape[0] * np.arange(A.shape[1] + 1, dtype=np.int32)), A.shape)


def frozen(A):
    """The same, not writeable."""
    for part in (A.data, A.indices, A.indptr):
        part.flags.writeable = False
    return A


def stored(X):
    """The bytes of all that X is made of, to see whether somebody wrote to it."""
    return [part.tobytes() for part in ((X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,))]


# Name: function of a float64 (n, p) array and a dtype that returns the array in that layout and dtype.
DENSE = {
    "F": lambda X, dtype: np.array(X, dtype, order="F"),
    "C": lambda X, dtype: np.array(X, dtype, order="C"),
    "strided": strided,
    "reversed": lambda X, dtype: np.array(X[::-1, ::-1], dtype)[::-1, ::-1],
    "readonly": read_only,
}
SPARSE = {
    "CSC": lambda X, dtype: sparse.csc_array(X.astype(dtype)),
    "CSC int64": lambda X, dtype: with_int64(sparse.csc_array(X.astype(dtype))),
    "CSC unsorted": lambda X, dtype: unsorted(sparse.csc_array(X.astype(dtype))),
    "CSC explicit zeros": lambda X, dtype: explicit_zeros(sparse.csc_array(X.astype(dtype))),
    "CSC readonly": lambda X, dtype: frozen(sparse.csc_matrix(X.astype(dtype))),
    "CSR": lambda X, dtype: sparse.csr_matrix(X.astype(dtype)),
    "CSR int64": lambda X, dtype: with_int64(sparse.csr_array(X.astype(dtype))),
}
LAYOUTS = DENSE | SPARSE
DTYPES = (np.float64, np.float32)


@pytest.fixture(
    params=[
        pytest.param(partial(function, dtype=dtype), id=f"{name}-{np.dtype(dtype)}")
        for name, function in DENSE.items()
        for dtype in DTYPES
    ],
)
def layout(request):
    """Each of DENSE x DTYPES in turn, for X and y: a function of a float64 (n, p) array.  test_contract.py has all LAYOUTS."""
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


def gram_of(X, fit_intercept=True, sample_weight=None, **_):
    """X'X of the centred, weighted columns, as `precompute` takes it."""
    t = ref.terms(X, np.zeros(len(X)), 0.0, fit_intercept=fit_intercept, sample_weight=sample_weight)
    return len(X) * t.A.T @ t.A


def weights(n):
    """From 0 to about 2, every fifth of them 0."""
    s = np.random.default_rng(10).random(n) * 2
    s[::5] = 0.0
    return s


def factors(p):
    """From 0.5 to 2, but the third column is not penalised and the fifth left out (of p = 8 or more)."""
    v = np.random.default_rng(11).uniform(0.5, 2.0, p)
    v[2], v[4] = 0.0, np.inf
    return v


def two_factors(p):
    """Others for the squares; a column has either penalty, both or neither, and one is left out."""
    v, u = factors(p), np.random.default_rng(12).uniform(0.0, 3.0, p)
    v[1], u[2], u[3] = 0.0, 0.0, 0.0
    return v, u


def limits(p):
    """Bounds that bind, some infinite, some 0, with 0 between."""
    lower, upper = np.full(p, -0.3), np.full(p, 0.2)
    lower[::3], upper[1::3], upper[3::4] = -np.inf, np.inf, 0.0
    return {"lower": lower, "upper": upper}


def away(p):
    """Bounds of which some leave out 0, on either side, and one pins a coefficient."""
    lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
    lower[1], upper[3], lower[5], upper[5] = 0.1, -0.2, 0.3, 0.3
    return {"lower": lower, "upper": upper}


def known(n):
    """A part of the prediction that is known."""
    return np.random.default_rng(13).standard_normal(n) + 2.0


def sure(p):
    """Somewhere to start from."""
    return np.where(np.arange(p) % 2 == 0, 0.7, 0.0)


# Name: the options of a fit, for n rows and p >= 8 columns.  A new one joins by one line.
OPTIONS = {
    "none": lambda n, p: {},
    "no intercept": lambda n, p: {"fit_intercept": False},
    "weights": lambda n, p: {"sample_weight": weights(n)},
    "factors": lambda n, p: {"penalty_factor": factors(p)},
    "two factors": lambda n, p: {"penalty_factor": two_factors(p)},
    "bounds": lambda n, p: limits(p),
    "bounds without 0": lambda n, p: away(p),
    "one bound": lambda n, p: {"upper": 0.25},
    "positive": lambda n, p: {"positive": True},
    "standardize": lambda n, p: {"standardize": True},
    "offset": lambda n, p: {"offset": known(n)},
    "Gram made": lambda n, p: {"precompute": True},
    "no Gram": lambda n, p: {"precompute": False},
    "Gram given": lambda n, p: {"precompute": gram_of},
    "warm start": lambda n, p: {"warm_start": sure(p)},
    "weights, offset, standardize": lambda n, p: {"sample_weight": weights(n), "offset": known(n), "standardize": True},
    "weights, no intercept, Gram given": lambda n, p: {
        "sample_weight": weights(n),
        "fit_intercept": False,
        "precompute": gram_of,
    },
    "positive, factors, warm start": lambda n, p: {
        "positive": True,
        "penalty_factor": factors(p),
        "warm_start": -sure(p),
    },
    "all": lambda n, p: {
        "fit_intercept": False,
        "sample_weight": weights(n),
        "penalty_factor": two_factors(p),
        "standardize": True,
        "offset": known(n),
        "warm_start": sure(p),
        **limits(p),
    },
    "all, Gram made, bounds without 0": lambda n, p: {
        "sample_weight": weights(n),
        "penalty_factor": np.where(np.arange(p) == 4, np.inf, np.where(np.arange(p) == 2, 0.0, 0.7)),
        "standardize": True,
        "offset": known(n),
        "precompute": True,
        **away(p),
    },
}


def options_for(name, X):
    """The options of this name for a dense X, ready to be passed on."""
    options = OPTIONS[name](*X.shape)
    if options.get("precompute") is gram_of:
        options["precompute"] = gram_of(X, **options)
    return options


def judged(options):
    """The options that say what is minimised; the others only say how."""
    return {name: value for name, value in options.items() if name not in ("precompute", "warm_start", "tol", "max_iter")}


def vectors(count=40):
    """Short vectors: normal, with ties, of wide range, walks, constant, zero."""
    rng = np.random.default_rng(0)
    for k in range(count):
        n = int(rng.integers(1, 25))
        yield 2 * rng.standard_normal(n)
        yield rng.integers(-3, 4, n).astype(float)
        yield rng.standard_normal(n) * 10.0 ** rng.integers(-6, 6, n)
        yield np.cumsum(rng.standard_normal(n))
        yield np.full(n, 0.5 * k)
