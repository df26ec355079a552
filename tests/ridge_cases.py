"""The options of ridge fits that all tests of paths and selections go through, the data for them, and small judges."""

import numpy as np
import pytest
from conftest import factors, known, problem, two_factors, weights
from scipy import sparse

SHAPES = {"tall": (30, 8), "fat": (12, 30), "square": (10, 10)}
KINDS = {
    "F": np.asfortranarray,
    "C": np.ascontiguousarray,
    "float32": lambda X: np.asfortranarray(X, np.float32),
    "CSC": sparse.csc_array,
    "CSR float32": lambda X: sparse.csr_matrix(X.astype(np.float32)),
}
every_shape = pytest.mark.parametrize("shape", SHAPES)
both_intercepts = pytest.mark.parametrize("fit_intercept", [True, False])


def definite(p):
    """A positive definite matrix of condition about 100."""
    A = np.random.default_rng(14).standard_normal((p, 2 * p))
    return A @ A.T / p


def differences(p):
    """w'Pw = sum of squares of second differences: lines cost nothing."""
    D = np.diff(np.eye(p), 2, axis=0)
    return D.T @ D


# Name: the options of a fit, for n rows and p >= 8 columns.  A new one joins by one line.
OPTIONS = {
    "none": lambda n, p: {},
    "no intercept": lambda n, p: {"fit_intercept": False},
    "weights": lambda n, p: {"sample_weight": weights(n)},
    "positive weights": lambda n, p: {"sample_weight": 0.1 + weights(n)},
    "factors": lambda n, p: {"penalty_factor": factors(p)},
    "factors, no intercept": lambda n, p: {"penalty_factor": factors(p), "fit_intercept": False},
    "two factors": lambda n, p: {"penalty_factor": two_factors(p)},
    "standardize": lambda n, p: {"standardize": True},
    "standardize, no intercept": lambda n, p: {"standardize": True, "fit_intercept": False},
    "offset": lambda n, p: {"offset": known(n)},
    "definite matrix": lambda n, p: {"penalty_matrix": definite(p)},
    "singular matrix": lambda n, p: {"penalty_matrix": differences(p)},
    "matrix, weights, no intercept": lambda n, p: {
        "penalty_matrix": differences(p),
        "sample_weight": weights(n),
        "fit_intercept": False,
    },
    "weights, offset, factors, standardize": lambda n, p: {
        "sample_weight": weights(n),
        "offset": known(n),
        "penalty_factor": factors(p),
        "standardize": True,
    },
    "all but an intercept": lambda n, p: {
        "sample_weight": weights(n),
        "offset": known(n),
        "penalty_factor": factors(p),
        "standardize": True,
        "fit_intercept": False,
    },
}
# Where nothing but |w|^2 is penalised: the limit alpha -> 0 is then the solution of least norm.
PLAIN = ("none", "no intercept", "weights", "positive weights", "offset")
every_option = pytest.mark.parametrize("name", OPTIONS)


def options_for(name, shape):
    """The options of this name for data of this shape."""
    return OPTIONS[name](*SHAPES[shape])


def data(shape, kind="F", seed=0):
    """X with a third of zeros, columns of several sizes, one far from zero, as float64 that this kind holds, and y."""
    n, p = SHAPES[shape]
    X, y = problem(n, p, seed=seed)
    X *= np.linspace(0.5, 2.0, p)
    X[np.random.default_rng(seed + 100).random(X.shape) < 0.3] = 0.0
    X[:, 1] += 3.0
    held = KINDS[kind](X)
    return np.asfortranarray(held.toarray() if sparse.issparse(held) else held, np.float64), y


def with_condition(n, p, condition, seed=0):
    """X with singular values from 1 down to 1/condition, and y = Xw + noise of a tenth."""
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((n, min(n, p))))
    V, _ = np.linalg.qr(rng.standard_normal((p, min(n, p))))
    X = U * np.geomspace(1, 1 / condition, min(n, p)) @ V.T
    return np.asfortranarray(X), X @ rng.standard_normal(p) + 0.1 * rng.standard_normal(n)


def assert_close(actual, expected, rtol):
    """Entries agree, relative to the largest one."""
    expected = np.asarray(expected)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max(initial=0.0))


def assert_refused(call, *names, error=ValueError):
    """One sentence that names all of these."""
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message.endswith("."), message
    assert "\n" not in message
    assert ". " not in message, message
    for name in names:
        assert name in message, message
