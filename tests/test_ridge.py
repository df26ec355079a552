"""Ridge: optimal for every layout, shape and penalty, and accurate where the data is not well behaved."""

import math

import hypothesis.extra.numpy as hnp
import kkt
import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, LAYOUTS, problem
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

import fastreg as fr

EPS = np.finfo(np.float64).eps
SHAPES = {"tall": (30, 8), "wide": (12, 30), "square": (10, 10)}
TARGETS = {
    "one": lambda y: y,
    "one column": lambda y: y[:, None],
    "three columns": lambda y: np.column_stack([y, y**2, np.full(len(y), 0.25)]),
}
MANY_OPTIONS = {
    "none": lambda n, p: {},
    "no intercept": lambda n, p: {"fit_intercept": False},
    "weights": lambda n, p: {"sample_weight": np.arange(n) % 4.0},
    "factors": lambda n, p: {"penalty_factor": np.where(np.arange(p) == 2, np.inf, np.linspace(0.1, 2.0, p))},
    "free column": lambda n, p: {"penalty_factor": np.arange(p) % 3.0},
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


def with_condition(n, p, condition, seed=0):
    """X with singular values from 1 down to 1/condition, and y = Xw."""
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((n, min(n, p))))
    V, _ = np.linalg.qr(rng.standard_normal((p, min(n, p))))
    X = U * np.geomspace(1, 1 / condition, min(n, p)) @ V.T
    return X, X @ rng.standard_normal(p)


def assert_close(actual, expected, rtol):
    """Entries agree, relative to the largest one."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.abs(expected).max(initial=0.0))


# The contract


@every_shape
@pytest.mark.parametrize("alpha", [0.0, 1e-12, 0.1, 1e3])
@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_is_optimal_and_equals_the_twin_for_every_layout(layout, fit_intercept, targets, alpha, shape):
    X, y = problem(*shape, offset=1.0)
    X, Y = layout(X), layout(np.atleast_2d(TARGETS[targets](y).T).T)
    Y = Y[:, 0] if targets == "one" else Y
    before = X.tobytes(), Y.tobytes()
    fit = fr.ridge(X, Y, alpha, fit_intercept=fit_intercept)
    assert (X.tobytes(), Y.tobytes()) == before
    kkt.assert_ridge_optimal(X, Y, fit, alpha, fit_intercept=fit_intercept)
    coef, intercept = ref.ridge(X, Y, alpha, fit_intercept)
    if not (fit_intercept and 0 < alpha < 1e-6 and shape == SHAPES["square"]):  # centred, it is singular: 7 digits are left
        assert_close(fit.coef, coef, 1e-10)  # eps, for conditions of X'X below 1e5
        np.testing.assert_allclose(fit.intercept, intercept, atol=1e-9 * np.abs(Y).max())
    assert fit.coef.dtype == np.float64
    for claim in (fit.intercept, fit.objective, fit.dual_gap):
        assert isinstance(claim, float) if targets == "one" else claim.shape == Y.shape[1:]
    centred, _, _, _ = ref.center(X, y, fit_intercept)
    deficient = np.linalg.matrix_rank(centred) < shape[1]
    assert (fit.status is fr.Status.MINIMUM_NORM) == (alpha == 0 and deficient)


@every_shape
def test_several_targets_are_solved_as_each_alone(shape):
    X, y = problem(*shape)
    Y = TARGETS["three columns"](y)
    together = fr.ridge(X, Y, 0.1)
    for k in range(3):
        alone = fr.ridge(X, Y[:, k], 0.1)
        np.testing.assert_array_equal(together.coef[:, k], alone.coef)
        assert together.intercept[k] == alone.intercept
        assert (together.objective[k], together.dual_gap[k]) == (alone.objective, alone.dual_gap)
    np.testing.assert_array_equal(together.support, np.arange(shape[1]))
    np.testing.assert_allclose(together.predict(X), X @ together.coef + together.intercept, rtol=1e-13)


@every_shape
@pytest.mark.parametrize("alpha", [1e-9, 0.1, 1e3])
@pytest.mark.parametrize("options", MANY_OPTIONS.values(), ids=MANY_OPTIONS)
@pytest.mark.parametrize(("batch", "least"), [(6, 0), (1024, 0), (1024, 10**9)], ids=["batches", "Gram", "refined"])
def test_many_targets_are_certified_as_one_is(monkeypatch, batch, least, options, alpha, shape):
    """From the Gram matrix alone, where its rounding allows; in batches."""
    monkeypatch.setattr("fastreg._ridge.solver.BATCH", batch)
    monkeypatch.setattr("fastreg._ridge.solver.LEAST", least)
    n, p = shape
    X, y = problem(n, p, offset=3.0)
    options = options(n, p)
    Y = np.column_stack([y, X @ np.ones(p), np.full(n, 2.0), np.random.default_rng(0).standard_normal((n, 6))])
    fit = fr.ridge(X, Y, alpha, **options)
    for k in range(Y.shape[1]):
        assert ref.ridge_excess(X, Y[:, k], fit.coef[:, k], alpha, **options) <= fit.dual_gap[k] * (1 + 1e-6) + 1e-20
        value = ref.ridge_objective(X, Y[:, k], fit.coef[:, k], fit.intercept[k], alpha, **options)
        assert fit.objective[k] == pytest.approx(value, rel=1e-6, abs=fit.dual_gap[k])
        alone = fr.ridge(X, Y[:, k], alpha, **options)
        assert abs(fit.objective[k] - alone.objective) <= fit.dual_gap[k] + alone.dual_gap
    assert fit.status.converged


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_many_targets_of_a_row_that_centring_makes_zero(monkeypatch):
    """The square of its length, from products entry by entry, is rounding of either sign."""
    monkeypatch.setattr("fastreg._ridge.solver.LEAST", 0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = np.zeros((20, 60))
        for j in range(60):
            X[rng.choice(np.arange(1, 20), 4, replace=False), j] = rng.standard_normal(4) + 1.0
        X[0] = X.sum(axis=0) / 19
        Y = rng.standard_normal((20, 6))
        np.testing.assert_allclose(fr.ridge(csc_array(X), Y, 1.0).coef, fr.ridge(X, Y, 1.0).coef, atol=1e-9)


entries = st.integers(-8, 8).map(lambda k: k / 4)
designs = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: st.tuples(hnp.arrays(np.float64, shape, elements=entries), hnp.arrays(np.float64, shape[0], elements=entries))
)


@given(designs, st.sampled_from([0.0, 1e-9, 0.01, 1.0, 1e6]), st.sampled_from([1e-3, 1.0, 1e3]), st.booleans())
def test_is_optimal_for_odd_data(design, alpha, scale, fit_intercept):
    """Zero, constant and repeated columns, one row, one column, constant targets."""
    X, y, alpha = scale * design[0], design[1] / scale, scale**2 * alpha
    fit = fr.ridge(X, y, alpha, fit_intercept=fit_intercept)
    kkt.assert_ridge_optimal(X, y, fit, alpha, fit_intercept=fit_intercept)


def test_elastic_net_without_l1_is_ridge_of_n_times_alpha():
    for shape in SHAPES.values():
        X, y = problem(*shape)
        net, ridge = fr.elastic_net(X, y, 0.3, l1_ratio=0.0), fr.ridge(X, y, 0.3 * shape[0])
        np.testing.assert_allclose(net.coef, ridge.coef, rtol=1e-13)
        assert 2 * shape[0] * net.objective == pytest.approx(ridge.objective, rel=1e-13)
        assert net.intercept == pytest.approx(ridge.intercept, rel=1e-13)


# Least squares


@pytest.mark.parametrize("n", [30, 6, 5])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_equal_columns_share_the_coefficient_of_least_norm(n, fit_intercept):
    X, y = problem(n, 4)
    X = np.hstack([X, X[:, :2]])
    fit = fr.ridge(X, y, 0.0, fit_intercept=fit_intercept)
    assert fit.status is fr.Status.MINIMUM_NORM
    assert_close(fit.coef[:2], fit.coef[4:], 1e-13)
    kkt.assert_ridge_optimal(X, y, fit, 0.0, fit_intercept=fit_intercept)
    coef, _ = ref.ridge(X, y, 0.0, fit_intercept)
    assert_close(fit.coef, coef, 1e-12)


def test_a_constant_column_takes_no_part_beside_an_intercept():
    X, y = problem(30, 4)
    fit = fr.ridge(np.hstack([X, np.full((30, 1), 0.1)]), y, 0.0)
    assert_close(fit.coef, [*fr.ridge(X, y, 0.0).coef, 0.0], 1e-12)


@pytest.mark.parametrize("condition", [1.0, 1e2, 1e4])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_column_that_depends_on_others_is_always_noticed(fit_intercept, condition):
    """Rounding makes its pivot positive half the time."""
    for seed in range(20):
        X, _ = with_condition(60, 8, condition, seed)
        rng = np.random.default_rng(seed)
        X = np.column_stack([X, X @ rng.standard_normal(8)])[:, rng.permutation(9)]
        y = rng.standard_normal(60)
        fit = fr.ridge(X, y, 0.0, fit_intercept=fit_intercept)
        assert fit.status is fr.Status.MINIMUM_NORM
        coef, _ = ref.ridge(X, y, 0.0, fit_intercept)
        assert_close(fit.coef, coef, 100 * EPS * condition**2)  # the condition counts twice where y is not Xw


@pytest.mark.parametrize("condition", [1e4, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", [(60, 8), (8, 60)], ids=["tall", "wide"])
def test_least_squares_keeps_the_digits_that_the_condition_leaves(shape, fit_intercept, condition):
    for seed in range(20):
        X, y = with_condition(*shape, condition, seed)
        fit = fr.ridge(X, y, 0.0, fit_intercept=fit_intercept)
        coef, _ = ref.ridge(X, y, 0.0, fit_intercept)
        assert_close(fit.coef, coef, 100 * EPS * condition)


@pytest.mark.parametrize("offset", [10.0, 1e4, 1e8])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
@every_shape
def test_columns_far_from_zero_cost_no_digits(shape, alpha, offset):
    X, y = problem(*shape)
    far = X + offset
    near = far - offset  # what far holds, exactly
    fit, expected = fr.ridge(far, y, alpha), fr.ridge(near, y, alpha)
    assert_close(fit.coef, expected.coef, 1e-10)  # eps, for conditions of X'X below 1e5
    assert fit.status is expected.status
    # b = mean(y) - mean(x)'w has terms of the size of the offset
    rounding = 64 * EPS * offset * max(1.0, np.abs(fit.coef).sum())
    assert fit.intercept + offset * fit.coef.sum() == pytest.approx(expected.intercept, abs=rounding + 1e-9)


def test_intercept_of_long_columns_far_from_zero_is_good_to_an_ulp():
    """Means of 1e5 numbers near 1e8 would be off by a few, if they were added up without a second look."""
    X, _ = problem(100_000, 8, offset=1e8)
    for j, x in enumerate(X.T):
        y = x - 1e8
        fit = fr.ridge(X[:, j : j + 1], y, 1.0)
        expected = math.fsum(y) / len(y) - math.fsum(x) / len(x) * fit.coef[0]
        assert fit.intercept == pytest.approx(expected, abs=2 * np.spacing(1e8))


# 2^498, 2^664 and 2^-565 are about 1e150, 1e200 and 1e-170; alpha scales as X'X and must be in range itself
@pytest.mark.parametrize(
    ("x_power", "y_power", "alpha"),
    [
        *((x, y, 0.0) for x in (0, 498, 664, -565) for y in (0, 498, 664, -565) if abs(y - x) < 1000),
        *((x, y, 0.1) for x in (0, 498, -498) for y in (0, 498, 664, -498) if abs(y - x) < 1000),
        *((x, 0, 1e-12) for x in (498, -450)),
    ],
)
@every_shape
def test_powers_of_two_scale_the_solution_exactly(shape, x_power, y_power, alpha):
    X, y = problem(*shape, offset=1.0)
    fit = fr.ridge(X, y, alpha)
    scaled = fr.ridge(np.ldexp(X, x_power), np.ldexp(y, y_power), np.ldexp(alpha, 2 * x_power))
    np.testing.assert_array_equal(np.ldexp(scaled.coef, x_power - y_power), fit.coef)
    assert np.ldexp(scaled.intercept, -y_power) == fit.intercept
    assert scaled.status is fit.status


# Sparse X with more columns than rows: products of rows, entry by entry where a column has few


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "CS" in name])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", MANY_OPTIONS.values(), ids=MANY_OPTIONS)
@pytest.mark.parametrize("density", [0.02, 0.2, 0.5])
def test_sparse_columns_of_every_length_are_what_they_are_in_dense_X(density, options, dtype, layout):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((60, 150)) < density * np.linspace(0, 2, 150), rng.standard_normal((60, 150)), 0.0)
    X[:, 3], X[:, 7], X[::2, 8] = 2.0, 1e6 + rng.standard_normal(60), 3.0
    X = np.asfortranarray(X.astype(dtype), dtype=np.float64)
    y, chosen = X[:, -3:].sum(axis=1) + rng.standard_normal(60), options(60, 150)
    sparse, dense = fr.ridge(LAYOUTS[layout](X, dtype), y, 0.5, **chosen), fr.ridge(X, y, 0.5, **chosen)
    assert_close(sparse.coef, dense.coef, 1e-8)
    assert sparse.objective == pytest.approx(dense.objective, rel=1e-9)
