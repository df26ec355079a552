"""The twins of reference.py against closed forms and each other, and the judges of kkt.py against wrong answers."""

from types import SimpleNamespace

import hypothesis.extra.numpy as hnp
import kkt
import numpy as np
import pytest
import reference as ref
import ridge_cases
from conftest import problem
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import multivariate_normal

L1_RATIOS = [1.0, 0.5, 0.1]
# Few digits keep products exact enough for an absolute tolerance; zeros and repeated columns come up often.
entries = st.integers(-8, 8).map(lambda k: k / 4)
shapes = st.tuples(st.integers(1, 6), st.integers(0, 5))
designs = shapes.flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=entries),
        hnp.arrays(np.float64, shape[0], elements=entries),
        hnp.arrays(np.float64, shape[1], elements=entries),
    )
)
alphas = st.sampled_from([0.0, 0.03, 0.3, 2.0])
l1_ratios = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def primal(X, y, w, alpha, l1_ratio, fit_intercept):
    """The objective at w and the best intercept for it."""
    X, y, _, _ = ref.center(X, y, fit_intercept)
    return ref.objective(X, y, w, 0.0, alpha, l1_ratio)


# Closed forms


def test_soft_threshold_at_known_points():
    x = np.array([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, np.inf, np.nan])
    expected = [-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, np.inf, np.nan]
    np.testing.assert_array_equal(ref.soft_threshold(x, 1.0), expected)


@given(st.floats(-10, 10), st.floats(0, 10), st.floats(-10, 10))
def test_soft_threshold_is_the_proximal_map_of_the_absolute_value(x, threshold, other):
    def cost(v):
        return (v - x) ** 2 / 2 + threshold * abs(v)

    assert cost(ref.soft_threshold(x, threshold)) <= cost(other) + 1e-12


@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
def test_orthonormal_columns_are_soft_thresholded(l1_ratio):
    n, p, alpha = 30, 6, 0.2
    rng = np.random.default_rng(0)
    columns, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, p))]))
    X = np.sqrt(n) * columns[:, 1:]  # centred, X'X = n I
    y = rng.standard_normal(n) + 3
    coef, intercept = ref.elastic_net(X, y, alpha, l1_ratio)
    expected = ref.soft_threshold(X.T @ y / n, alpha * l1_ratio) / (1 + alpha * (1 - l1_ratio))
    np.testing.assert_allclose(coef, expected, atol=1e-12)
    assert 0 < np.count_nonzero(coef) < p
    assert intercept == pytest.approx(y.mean())


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
def test_alpha_max_is_the_smallest_alpha_with_no_coefficient(l1_ratio, fit_intercept):
    X, y = problem(20, 8, offset=1.0)
    largest = ref.alpha_max(X, y, l1_ratio, fit_intercept)
    coef, _ = ref.elastic_net(X, y, largest * (1 + 1e-9), l1_ratio, fit_intercept)
    assert not coef.any()
    coef, _ = ref.elastic_net(X, y, largest * (1 - 1e-3), l1_ratio, fit_intercept)
    assert np.count_nonzero(coef) == 1


def test_one_column_by_hand():
    X, y = np.array([[0.0], [2.0]]), np.array([1.0, 5.0])  # centred: x = (-1, 1), y = (-2, 2), x'y/n = 2, x'x/n = 1
    coef, intercept = ref.elastic_net(X, y, 0.5)
    assert coef[0] == pytest.approx(1.5)
    assert intercept == pytest.approx(3 - 1.5)
    assert ref.objective(X, y, coef, intercept, 0.5) == pytest.approx(0.5**2 / 2 + 0.5 * 1.5)
    assert ref.deviance_ratio(X, y, coef, intercept) == pytest.approx(1 - 0.5**2 / 2**2)
    coef, intercept = ref.ridge(X, y, 2.0)  # x'y / (x'x + 2) = 4/4
    assert coef[0] == pytest.approx(1.0)
    assert ref.ridge_objective(X, y, coef, intercept, 2.0) == pytest.approx(2 * 1.0**2 + 2)


def test_alpha_grid_is_geometric_between_its_ends():
    grid = ref.alpha_grid(2.0, 5, 1e-2)
    np.testing.assert_allclose(grid, np.geomspace(2.0, 0.02, 5))
    assert ref.alpha_grid(2.0, 1, 1e-2) == 2.0


def test_deviance_ratio_of_the_mean_is_zero_and_of_y_is_one():
    _, y = problem(10, 1)
    X = y[:, None]
    assert ref.deviance_ratio(X, y, np.zeros(1), y.mean()) == pytest.approx(0.0)
    assert ref.deviance_ratio(X, y, np.ones(1), 0.0) == pytest.approx(1.0)
    assert ref.deviance_ratio(X, y, np.zeros(1), 0.0, fit_intercept=False) == pytest.approx(0.0)


def test_centred_constants_are_exactly_zero():
    X, y, x_mean, y_mean = ref.center(np.full((10, 2), 0.1), np.full(10, 0.00025))
    assert not X.any()
    assert not y.any()
    assert x_mean.tolist() == [0.1, 0.1]
    assert y_mean == 0.00025


# One twin against another


@given(designs, st.sampled_from([0.01, 1.0, 100.0]), st.booleans())
def test_ridge_primal_is_dual_and_optimal(design, alpha, fit_intercept):
    X, y, _ = design
    coef, intercept = ref.ridge(X, y, alpha, fit_intercept)
    centred_X, centred_y, _, _ = ref.center(X, y, fit_intercept)
    # cond(X'X + alpha I) <= 1e4 * 120 / 1 here, so ten digits are left
    np.testing.assert_allclose(ref.ridge_dual(centred_X, centred_y, alpha), coef, atol=1e-9)
    assert ref.ridge_gap(X, y, coef, alpha, fit_intercept) <= 1e-18
    assert kkt.kkt_violation(X, y, coef, intercept, alpha / len(y), 0.0, fit_intercept) <= 1e-10


def test_ridge_solves_each_target_alone():
    X, y = problem(12, 5)
    Y = np.column_stack([y, y**2, np.ones(12)])
    coef, intercept = ref.ridge(X, Y, 0.7)
    for k in range(3):
        w, b = ref.ridge(X, Y[:, k], 0.7)
        np.testing.assert_allclose(coef[:, k], w, atol=1e-12)
        assert intercept[k] == pytest.approx(b)
        assert ref.ridge_gap(X, Y, 0 * coef, 0.7)[k] == pytest.approx(ref.ridge_gap(X, Y[:, k], 0 * w, 0.7))


def test_no_penalty_gives_the_solution_of_least_norm():
    X, y = problem(6, 10)
    coef, intercept = ref.elastic_net(X, y, 0.0)
    np.testing.assert_allclose(X @ coef + intercept, y, atol=1e-12)
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(coef, np.linalg.pinv(centred, rcond=1e-10) @ y, atol=1e-12)


@given(designs, alphas, l1_ratios, st.booleans())
def test_gap_bounds_the_distance_to_the_optimum_and_closes_there(design, alpha, l1_ratio, fit_intercept):
    X, y, w = design
    best, intercept = ref.elastic_net(X, y, alpha, l1_ratio, fit_intercept)
    least = primal(X, y, best, alpha, l1_ratio, fit_intercept)
    excess = primal(X, y, w, alpha, l1_ratio, fit_intercept) - least
    gap = ref.duality_gap(X, y, w, alpha, l1_ratio, fit_intercept)
    assert excess >= -1e-12
    assert gap >= excess - 1e-12
    if alpha == 0:
        assert gap == pytest.approx(excess, abs=1e-12)
    assert abs(ref.duality_gap(X, y, best, alpha, l1_ratio, fit_intercept)) <= 1e-12
    # The gap grows as the square of the distance, so a gap of 1e-14 leaves 1e-7 in the conditions.
    assert kkt.kkt_violation(X, y, best, intercept, alpha, l1_ratio, fit_intercept) <= 1e-6


@given(designs, st.sampled_from([0.01, 1.0]))
def test_ridge_gap_bounds_the_distance_to_the_optimum(design, alpha):
    X, y, w = design
    X, y, _, _ = ref.center(X, y)
    best = ref.ridge_primal(X, y, alpha)
    excess = ref.ridge_objective(X, y, w, 0.0, alpha) - ref.ridge_objective(X, y, best, 0.0, alpha)
    assert -1e-12 <= excess <= ref.ridge_gap(X, y, w, alpha) + 1e-12


def test_path_is_the_single_solutions():
    X, y = problem(15, 10, correlation=0.5)
    grid = ref.alpha_grid(ref.alpha_max(X, y), 6, 0.05)
    coefs, intercepts = ref.elastic_net_path(X, y, grid)
    assert coefs.shape == (10, 6)
    assert not coefs[:, 0].any()
    for k, alpha in enumerate(grid):
        coef, intercept = ref.elastic_net(X, y, alpha)
        np.testing.assert_allclose(coefs[:, k], coef, atol=1e-5)
        assert intercepts[k] == pytest.approx(intercept, abs=1e-5)


def test_layouts_and_dtypes_change_nothing_but_rounding(layout):
    X, y = problem(12, 7)
    expected, _ = ref.elastic_net(X, y, 0.1)
    coef, _ = ref.elastic_net(layout(X), y, 0.1)
    np.testing.assert_allclose(coef, expected, atol=1e-5)


@given(hnp.arrays(np.float64, (5, 4), elements=entries), hnp.arrays(np.float64, 4, elements=entries))
def test_cholesky_and_triangular_solves_undo_the_gram(X, b):
    A = ref.gram(X) + 0.5 * np.eye(4)
    L = ref.cholesky(A)
    np.testing.assert_array_equal(L, np.tril(L))
    np.testing.assert_allclose(L @ L.T, A, atol=1e-12)
    np.testing.assert_allclose(L @ ref.solve_lower(L, b), b, atol=1e-12)
    np.testing.assert_allclose(L.T @ ref.solve_lower_transposed(L, b), b, atol=1e-12)


def test_gram_of_centred_columns_is_the_covariance():
    X, _ = problem(9, 4, offset=10.0)
    np.testing.assert_allclose(ref.gram(X), 9 * np.cov(X, rowvar=False, bias=True), atol=1e-10)
    np.testing.assert_allclose(ref.gram(X, fit_intercept=False), X.T @ X)


# The judges must condemn


@pytest.mark.parametrize("l1_ratio", [0.0, *L1_RATIOS])
def test_kkt_sees_a_moved_coefficient_and_a_moved_intercept(l1_ratio):
    X, y = problem(20, 6)
    coef, intercept = ref.elastic_net(X, y, 0.1, l1_ratio)
    for j in range(6):
        moved = coef.copy()
        moved[j] += 1e-2
        assert kkt.kkt_violation(X, y, moved, intercept, 0.1, l1_ratio) > 1e-4
    assert kkt.kkt_violation(X, y, coef, intercept + 1e-2, 0.1, l1_ratio) > 1e-3


def lasso_answer(X, y, alpha, l1_ratio, fit_intercept):
    """The fields of a Fit with the twin's solution."""
    coef, intercept = ref.elastic_net(X, y, alpha, l1_ratio, fit_intercept)
    return {
        "coef": coef,
        "intercept": intercept,
        "alpha": alpha,
        "l1_ratio": l1_ratio,
        "objective": ref.objective(X, y, coef, intercept, alpha, l1_ratio),
        "dual_gap": max(ref.duality_gap(X, y, coef, alpha, l1_ratio, fit_intercept), 0.0),
        "status": SimpleNamespace(converged=True),
    }


WRONG = {
    "coef": lambda a: a["coef"] * 1.01,
    "intercept": lambda a: a["intercept"] + 1e-6,
    "alpha": lambda a: a["alpha"] * 2,
    "l1_ratio": lambda a: a["l1_ratio"] + 0.25,
    "objective": lambda a: a["objective"] * (1 + 1e-6),
    "dual_gap": lambda a: -1e-3,
    "status": lambda a: SimpleNamespace(converged=False),
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("field", WRONG)
def test_assert_optimal_accepts_the_optimum_and_condemns_each_wrong_field(field, fit_intercept):
    X, y = problem(20, 6)
    right = lasso_answer(X, y, 0.1, 0.5, fit_intercept)
    kkt.assert_optimal(X, y, SimpleNamespace(**right), 0.1, l1_ratio=0.5, fit_intercept=fit_intercept)
    wrong = right | {field: WRONG[field](right)}
    with pytest.raises(AssertionError):
        kkt.assert_optimal(X, y, SimpleNamespace(**wrong), 0.1, l1_ratio=0.5, fit_intercept=fit_intercept)


@pytest.mark.parametrize("claimed", [1e-9, 1.0])
def test_assert_optimal_condemns_a_gap_claimed_too_small_or_left_too_large(claimed):
    X, y = problem(20, 6)
    coef = ref.elastic_net(X, y, 0.1)[0] * 1.01
    intercept = (y - X @ coef).mean()
    value = ref.objective(X, y, coef, intercept, 0.1)
    fit = SimpleNamespace(coef=coef, intercept=intercept, alpha=0.1, l1_ratio=1.0, objective=value, dual_gap=claimed)
    fit.status = SimpleNamespace(converged=True)
    with pytest.raises(AssertionError, match="claimed" if claimed < 1 else "promised"):
        kkt.assert_optimal(X, y, fit, 0.1)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_assert_ridge_optimal_accepts_the_optimum_and_condemns_another(alpha):
    X, y = problem(6, 10)
    Y = np.column_stack([y, -y, y**2])
    coef, intercept = ref.ridge(X, Y, alpha)
    value = ref.ridge_objective(X, Y, coef, intercept, alpha)
    fit = SimpleNamespace(coef=coef, intercept=intercept, alpha=alpha, l1_ratio=0.0, objective=value)
    fit.dual_gap, fit.status = ref.ridge_gap(X, Y, coef, alpha), SimpleNamespace(converged=True)
    kkt.assert_ridge_optimal(X, Y, fit, alpha)
    # Along the null space of the centred X the fit stands still: only the norm of w tells.
    null = np.linalg.svd(X - X.mean(axis=0))[2][-1][:, None]
    fit.coef = coef + 1e-3 * null
    with pytest.raises(AssertionError):
        kkt.assert_ridge_optimal(X, Y, fit, alpha)


# All options


OPTIONS = {
    "sample_weight": [2, 0, 1, 3, 1, 1, 1, 2, 1, 0, 1, 1],
    "offset": np.linspace(-1, 3, 12),
    "penalty_factor": ([0, 1, 2, np.inf, 0.5], [0, 1, 1, 0, 2]),
    "lower": [-np.inf, -0.1, 0.0, -1.0, 0.1],
    "upper": [0.5, 0.3, np.inf, 1.0, 2.0],
    "standardize": True,
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("option", [*OPTIONS, "all"])
@pytest.mark.parametrize("l1_ratio", [0.0, *L1_RATIOS])
def test_solve_is_optimal_under_options_and_its_neighbours_are_not(option, l1_ratio, fit_intercept):
    X, y = problem(12, 5)
    options = OPTIONS if option == "all" else {option: OPTIONS[option]}
    coef, intercept = ref.solve(X, y, 0.1, l1_ratio, fit_intercept, **options)
    assert kkt.kkt_violation(X, y, coef, intercept, 0.1, l1_ratio, fit_intercept, **options) <= 1e-6
    t = ref.terms(X, y, 0.1, l1_ratio, fit_intercept, **options)
    least = ref.primal(t, coef)
    assert least == pytest.approx(ref.objective(X, y, coef, intercept, 0.1, l1_ratio, fit_intercept, **options), rel=1e-12)
    rng = np.random.default_rng(0)
    for distance in (1e-3, 1e-1, 10.0):
        w = np.clip(coef + distance * rng.standard_normal(5), t.lower, t.upper)
        excess = ref.primal(t, w) - least
        assert -1e-13 <= excess <= ref.gap(t, w) + 1e-12
        if excess > 1e-4:
            b = t.y_mean - t.x_mean @ w
            assert kkt.kkt_violation(X, y, w, b, 0.1, l1_ratio, fit_intercept, **options) > 1e-5


def test_weights_are_repeated_rows_and_an_offset_is_taken_from_y():
    X, y = problem(12, 5)
    s, o = np.array(OPTIONS["sample_weight"]), OPTIONS["offset"]
    expected = ref.elastic_net(np.repeat(X, s, axis=0), np.repeat(y - o, s), 0.1)
    found = ref.solve(X, y, 0.1, sample_weight=s, offset=o)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)
    assert found[1] == pytest.approx(expected[1], abs=1e-6)


def test_bounds_that_a_solution_breaks_cost_infinity():
    X, y = problem(12, 5)
    assert ref.objective(X, y, np.ones(5), 0.0, 0.1, upper=0.5) == np.inf
    assert ref.duality_gap(X, y, np.ones(5), 0.1, upper=0.5) == np.inf
    assert kkt.kkt_violation(X, y, np.ones(5), 0.0, 0.1, upper=0.5) == np.inf
    with pytest.raises(ValueError, match="no w is feasible"):
        ref.terms(X, y, 0.1, penalty_factor=[1, 1, 1, 1, np.inf], lower=1)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_alpha_max_under_options(fit_intercept):
    X, y = problem(12, 5)
    options = OPTIONS | {"penalty_factor": [0, 1, 2, np.inf, 0.5], "lower": [-1, -0.1, 0, -1, -np.inf]}
    largest = ref.alpha_max(X, y, 0.5, fit_intercept, **options)
    above, _ = ref.solve(X, y, largest * (1 + 1e-9), 0.5, fit_intercept, **options)
    below, _ = ref.solve(X, y, largest * (1 - 1e-2), 0.5, fit_intercept, **options)
    assert above[0] != 0
    assert not above[1:].any()
    assert np.count_nonzero(below[1:]) == 1


@pytest.mark.parametrize("options", [{"lower": 0.1}, {"penalty_factor": ([1, 1, 1, 1, 0], [1, 1, 1, 1, 1])}])
def test_no_alpha_max_where_no_alpha_gives_zeros(options):
    with pytest.raises(ValueError, match="no alpha makes"):
        ref.alpha_max(*problem(12, 5), 0.5, **options)


def test_conjugates_by_search():
    grid = np.concatenate([np.linspace(-3, 3, 6001), [np.inf, -np.inf]])
    for l1, l2, lower, upper in [
        (1, 0, -1, 2),
        (1, 0.5, -3, 3),
        (0, 0.5, 0, 3),
        (0.5, 0, 0.25, 1),
        (0, 0, -2, 1),
        (0.5, 0, -np.inf, 1),
    ]:
        z = grid[(grid >= lower) & (grid <= upper) & np.isfinite(grid)]
        for c in (-2.0, -0.5, 0.0, 0.5, 1.5):
            found = ref.conjugate(c, *(np.float64(a) for a in (l1, l2, lower, upper)))
            expected = np.max(c * z - l1 * np.abs(z) - l2 / 2 * z**2)
            if lower == -np.inf and -c > l1:
                expected = np.inf
            assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("form", [sparse.csc_array, sparse.csr_matrix])
def test_sparse_data_are_the_same_data(form):
    X, y = problem(12, 5)
    coef, intercept = ref.solve(form(X), y, 0.1, **OPTIONS)
    np.testing.assert_allclose(coef, ref.solve(X, y, 0.1, **OPTIONS)[0], atol=1e-12)
    assert kkt.kkt_violation(form(X), y, coef, intercept, 0.1, **OPTIONS) <= 1e-6


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_assert_optimal_judges_options(fit_intercept):
    X, y = problem(12, 5)
    coef, intercept = ref.solve(X, y, 0.1, 0.5, fit_intercept, **OPTIONS)
    fit = SimpleNamespace(coef=coef, intercept=intercept, alpha=0.1, l1_ratio=0.5, status=SimpleNamespace(converged=True))
    fit.objective = ref.objective(X, y, coef, intercept, 0.1, 0.5, fit_intercept, **OPTIONS)
    fit.dual_gap = max(ref.duality_gap(X, y, coef, 0.1, 0.5, fit_intercept, **OPTIONS), 0.0)
    kkt.assert_optimal(X, y, fit, 0.1, l1_ratio=0.5, fit_intercept=fit_intercept, **OPTIONS)
    for option in OPTIONS:
        fewer = {name: value for name, value in OPTIONS.items() if name != option}
        with pytest.raises(AssertionError):
            kkt.assert_optimal(X, y, fit, 0.1, l1_ratio=0.5, fit_intercept=fit_intercept, **fewer)


# Ridge with all options


def ridge_options(name, shape="tall"):
    options = ridge_cases.options_for(name, shape)
    return {"fit_intercept": True} | options


@ridge_cases.every_shape
@ridge_cases.every_option
def test_ridge_under_options_is_the_least_of_its_objective(name, shape):
    X, y = ridge_cases.data(shape)
    options = ridge_options(name, shape)
    coef, intercept = ref.ridge(X, y, 0.3, **options)
    best = ref.ridge_objective(X, y, coef, intercept, 0.3, **options)
    used = ref.ridge_penalty(X, **{k: v for k, v in options.items() if k != "offset"}).used
    assert not coef[~used].any()
    rng = np.random.default_rng(0)
    for step in (1e-1, 1e-3):
        for _ in range(20):
            w = coef + step * rng.standard_normal(len(coef)) * used
            b = intercept + step * rng.standard_normal() * options["fit_intercept"]
            assert ref.ridge_objective(X, y, w, b, 0.3, **options) > best
            _, _, x_mean, y_mean = ref.ridge_rows(X, y, 0.3, **options)
            above = ref.ridge_objective(X, y, w, y_mean - x_mean @ w, 0.3, **options) - best
            assert ref.ridge_excess(X, y, w, 0.3, **options) == pytest.approx(above, rel=1e-6)
    assert ref.ridge_excess(X, y, coef, 0.3, **options) <= 1e-24 * best


@ridge_cases.every_shape
@ridge_cases.every_option
def test_df_gcv_and_objective_of_ridge_by_spectrum_are_those_of_fits(name, shape):
    X, y = ridge_cases.data(shape)
    options = ridge_options(name, shape)
    for alpha in (1e-2, 1.0, 1e3):
        J, df, gcv, likelihood = ref.ridge_by_spectrum(X, y, alpha, **options)
        coef, intercept = ref.ridge(X, y, alpha, **options)
        value = ref.ridge_objective(X, y, coef, intercept, alpha, **options)
        assert pytest.approx(value, rel=1e-10) == J
        rest = {k: v for k, v in options.items() if k != "offset"}
        assert df == pytest.approx(ref.ridge_df(X, alpha, **rest), rel=1e-9)
        assert gcv == pytest.approx(ref.ridge_gcv(X, y, alpha, **options), rel=1e-7)
        assert likelihood == pytest.approx(ref.ridge_log_marginal_likelihood(X, y, alpha, **options), rel=1e-9)


@ridge_cases.every_option
def test_errors_without_a_row_are_residuals_over_one_minus_leverage(name):
    """Allen (1974): e_i = r_i / (1 - h_ii), h the diagonal of the hat matrix."""
    X, y = ridge_cases.data("fat")
    options = ridge_options(name, "fat")
    rest = {k: v for k, v in options.items() if k != "offset"}
    s = options.get("sample_weight", np.ones(len(y)))
    coef, intercept = ref.ridge(X, y, 0.3, **options)
    r = y - options.get("offset", 0.0) - intercept - X @ coef
    e = r / (1 - np.diag(ref.ridge_hat(X, 0.3, **rest)))
    np.testing.assert_allclose(ref.ridge_loo_errors(X, y, 0.3, **options)[s > 0], e[s > 0], rtol=1e-9, atol=1e-11)
    assert ref.ridge_loo(X, y, 0.3, **options) == pytest.approx(s @ e**2 / s.sum(), rel=1e-9)


def test_log_marginal_likelihood_of_ridge_is_a_normal_density_at_its_best_variance():
    X, y = ridge_cases.data("tall")
    for alpha in (0.1, 10.0):
        found = ref.ridge_log_marginal_likelihood(X, y, alpha, fit_intercept=False)

        def density(variance, alpha=alpha):
            return multivariate_normal(np.zeros(30), variance * (np.eye(30) + X @ X.T / alpha)).logpdf(y)

        coef, _ = ref.ridge(X, y, alpha, False)
        best = ref.ridge_objective(X, y, coef, 0.0, alpha, False) / 30
        assert found == pytest.approx(density(best), rel=1e-10)
        assert found > max(density(0.9 * best), density(1.1 * best))


def test_restricted_likelihood_of_ridge_is_the_limit_of_a_wide_prior():
    """The density of y with a prior of variance v on b and the free coefficients, times v^(k/2), whose limit has also the
    determinant of what they explain: -1/2 log det(Z'Z), constant in alpha."""
    X, y = ridge_cases.data("tall")
    u = np.where(np.arange(8) == 2, 0.0, 1.5)
    Z = np.column_stack([np.ones(30), X[:, 2]])
    others = np.delete(X, 2, axis=1)
    for alpha in (0.1, 10.0):
        found = ref.ridge_log_marginal_likelihood(X, y, alpha, penalty_factor=u)
        J, *_ = ref.ridge_by_spectrum(X, y, alpha, penalty_factor=u)
        wide = 1e6
        V = J / 28 * (np.eye(30) + others @ others.T / (1.5 * alpha) + wide * Z @ Z.T)
        limit = multivariate_normal(np.zeros(30), V).logpdf(y) + np.log(2 * np.pi * J / 28 * wide)
        assert found == pytest.approx(limit + np.linalg.slogdet(Z.T @ Z)[1] / 2, abs=1e-3)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_diagonal_penalty_matrix_is_penalty_factors(fit_intercept):
    X, y = ridge_cases.data("fat")
    u = np.linspace(0.0, 2.0, 30)
    for twin in (ref.ridge_by_spectrum, ref.ridge_loo, ref.ridge_gcv):
        by_matrix = twin(X, y, 0.3, fit_intercept, penalty_matrix=np.diag(u))
        np.testing.assert_allclose(by_matrix, twin(X, y, 0.3, fit_intercept, penalty_factor=u), rtol=1e-8)


def test_folds_of_one_row_are_leaving_one_out():
    X, y = ridge_cases.data("fat")
    Y = np.column_stack([y, y**2])
    folds = [(np.delete(np.arange(12), i), np.array([i])) for i in range(12)]
    options = {"sample_weight": np.linspace(0.5, 2.0, 12), "offset": np.arange(12.0)}
    errors = ref.ridge_loo_errors(X, Y, 0.3, **options)
    np.testing.assert_allclose(ref.ridge_fold_errors(X, Y, 0.3, folds, **options), errors**2, rtol=1e-9)


def test_ridge_of_a_single_row_knows_nothing_without_it():
    assert ref.ridge_loo([[2.0, 1.0]], [3.0], 0.5, fit_intercept=False) == 9.0
