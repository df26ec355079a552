"""What each option means, each by an identity of its own: nothing here compares an option with itself."""

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, FORMS, OPTIONS, judged, options_for, problem, use_form
from scipy import sparse

import fastreg as fr

EPS = np.finfo(np.float64).eps
TALL, WIDE, VERY_TALL = (30, 8), (12, 30), (400, 10)
SHAPES = {"tall": TALL, "wide": WIDE, "very tall": VERY_TALL}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
both_kinds = pytest.mark.parametrize("kind", [np.asfortranarray, sparse.csc_array], ids=["dense", "sparse"])
every_ratio = pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
both_intercepts = pytest.mark.parametrize("fit_intercept", [True, False])


def data(shape, seed=0):
    """X with half of its entries 0 and a column far from 0, and y."""
    X, y = problem(*shape, seed=seed)
    X[np.random.default_rng(seed + 100).random(shape) < 0.5] = 0.0
    X[:, 1] += 3.0
    return X, y


def solve(X, y, alpha, l1_ratio=1.0, **options):
    """To the rounding of float64."""
    return fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=1e-14, **options)


def assert_same(fit, other, atol=1e-6):
    """The same coefficients and intercept; 1e-6 is the root of the 1e-14 that is asked for, times 10 for the condition."""
    np.testing.assert_allclose(fit.coef, other.coef, rtol=0, atol=atol)
    np.testing.assert_allclose(fit.intercept, other.intercept, rtol=0, atol=5 * atol)


# Weights


@both_kinds
@every_ratio
@both_intercepts
@every_shape
def test_whole_weights_are_repeated_rows_and_zeros_are_rows_removed(shape, fit_intercept, l1_ratio, kind):
    X, y = data(shape)
    s = np.random.default_rng(1).integers(0, 4, len(y))
    assert (s == 0).any()
    weighted = solve(kind(X), y, 0.05, l1_ratio, fit_intercept=fit_intercept, sample_weight=s)
    repeated = solve(kind(np.repeat(X, s, axis=0)), np.repeat(y, s), 0.05, l1_ratio, fit_intercept=fit_intercept)
    assert_same(weighted, repeated)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-12)
    ridge = fr.ridge(kind(X), y, 1.0, fit_intercept=fit_intercept, sample_weight=s)
    repeated = fr.ridge(kind(np.repeat(X, s, axis=0)), np.repeat(y, s), 1.0, fit_intercept=fit_intercept)
    assert_same(ridge, repeated, 1e-10)
    assert ridge.objective == pytest.approx(repeated.objective, rel=1e-10)


@both_kinds
def test_rows_of_weight_zero_say_nothing(kind):
    X, y = data(TALL)
    s = np.where(np.arange(30) % 3 == 0, 0.0, 1.5)
    other, z = X.copy(), y.copy()
    other[s == 0] = 1e6
    z[s == 0] = -1e9
    for function, alpha in ((fr.lasso, 0.05), (fr.ridge, 1.0)):
        assert_same(function(kind(other), z, alpha, sample_weight=s), function(kind(X), y, alpha, sample_weight=s), 1e-9)
    assert fr.alpha_max(other, z, sample_weight=s) == pytest.approx(fr.alpha_max(X, y, sample_weight=s), rel=1e-12)


@pytest.mark.parametrize("scale", [0.3, 1e-200, 1e200])
def test_the_scale_of_weights_does_not_matter_but_for_ridge(scale):
    X, y = data(TALL)
    s = np.random.default_rng(1).random(30)
    assert_same(fr.lasso(X, y, 0.05, sample_weight=scale * s), fr.lasso(X, y, 0.05, sample_weight=s), 1e-9)
    assert_same(fr.ridge(X, y, scale, sample_weight=scale * s), fr.ridge(X, y, 1.0, sample_weight=s), 1e-9)
    assert fr.lasso(X, y, 0.05, sample_weight=scale * s).objective == pytest.approx(
        fr.lasso(X, y, 0.05, sample_weight=s).objective, rel=1e-12
    )


def test_twice_the_weights_are_half_the_alpha_of_ridge():
    X, y = data(TALL)
    s = np.random.default_rng(1).random(30)
    twice, half = fr.ridge(X, y, 3.0, sample_weight=2 * s), fr.ridge(X, y, 1.5, sample_weight=s)
    assert_same(twice, half, 1e-10)
    assert twice.objective == pytest.approx(2 * half.objective, rel=1e-12)
    assert twice.alpha == 3.0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.int64])
def test_narrow_weights_are_added_up_in_float64(dtype):
    X, y = data(VERY_TALL)
    s = (np.arange(400) % 7 * 18).astype(dtype)  # 21,000 together; 400 of the largest would leave the range of float16
    s[:350] = 126
    assert_same(fr.ridge(X, y, 3e4, sample_weight=s), fr.ridge(X, y, 3e4, sample_weight=s.astype(np.float64)), 1e-12)


@both_kinds
@both_intercepts
def test_ridge_with_weights_is_its_normal_equations(fit_intercept, kind):
    X, y = data(TALL)
    rng = np.random.default_rng(1)
    s, u = rng.random(30), rng.random(8) + 0.1
    fit = fr.ridge(kind(X), y, 2.0, fit_intercept=fit_intercept, sample_weight=s, penalty_factor=u)
    A = np.column_stack([X, np.ones(30)]) if fit_intercept else X
    penalty = np.diag([*(2.0 * u), 0.0][: A.shape[1]])
    w = np.linalg.solve(A.T @ (s[:, None] * A) + penalty, A.T @ (s * y))
    np.testing.assert_allclose(np.append(fit.coef, fit.intercept)[: len(w)], w, atol=1e-11)
    r = y - A @ w
    assert fit.objective == pytest.approx(s @ r**2 + w @ penalty @ w, rel=1e-12)


# Penalty factors


@both_kinds
@every_ratio
@every_shape
def test_factors_scale_columns(shape, l1_ratio, kind):
    """v_j |w_j| = |v_j w_j| and v_j^2 w_j^2 = (v_j w_j)^2: the problem in v_j w_j has x_j / v_j for columns."""
    X, y = data(shape)
    v = np.random.default_rng(1).uniform(0.5, 2.0, shape[1])
    fit = solve(kind(X), y, 0.05, l1_ratio, penalty_factor=(v, v**2))
    other = solve(kind(X / v), y, 0.05, l1_ratio)
    np.testing.assert_allclose(fit.coef * v, other.coef, atol=1e-6)
    assert fit.objective == pytest.approx(other.objective, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1e3, 1e5])
@pytest.mark.parametrize("precompute", ["auto", True, False])
@pytest.mark.parametrize("options", [{}, {"lower": -1.0}, {"positive": True}], ids=["free", "lower", "positive"])
def test_unpenalised_columns_of_sparse_X_may_be_far_from_zero(options, precompute, shift):
    """Centred implicitly, x_j'r is the difference of two sums of the size of the mean, and no nearer to 0 than they allow."""
    for seed in range(10):
        X, y = problem(39, 25, seed=seed)
        X[:, :12] += shift
        v = np.where(np.arange(25) % 3 == 0, 0.0, 1.0)
        fit = fr.lasso(sparse.csc_array(X), y, 0.05, penalty_factor=v, precompute=precompute, **options)
        assert fit.status.converged
        dense = fr.lasso(X, y, 0.05, penalty_factor=v, **options)
        assert fit.objective == pytest.approx(dense.objective, rel=2e-6)


@pytest.mark.parametrize("copies", [2, 9, 20])
@pytest.mark.parametrize("form", ["Gram", "residual"])
def test_copies_of_an_unpenalised_column_cost_no_iterations(monkeypatch, form, copies):
    """Measured: 18 to 32 whatever the number of copies; when eight of them ended the factor, up to 1342."""
    use_form(monkeypatch, form)
    rng = np.random.default_rng(0)
    X = np.column_stack([np.repeat(rng.standard_normal((60, 1)), copies, axis=1), rng.standard_normal((60, 36))])
    y = X @ rng.standard_normal(copies + 36) + rng.standard_normal(60)
    v = np.append(np.zeros(copies + 6), np.ones(30))
    fit = fr.lasso(X, y, 0.1, penalty_factor=v)
    assert fit.n_iter <= 60
    kkt.assert_optimal(X, y, fit, 0.1, penalty_factor=v)


def test_a_common_factor_is_a_factor_of_alpha():
    X, y = data(WIDE)
    assert_same(solve(X, y, 0.02, 0.7, penalty_factor=np.full(30, 3.0)), solve(X, y, 0.06, 0.7))
    assert_same(fr.ridge(X, y, 2.0, penalty_factor=np.full(30, 3.0)), fr.ridge(X, y, 6.0), 1e-10)


@both_kinds
@pytest.mark.parametrize("alpha", [0.0, 0.05, 1e6])
@pytest.mark.parametrize("form", FORMS)
def test_columns_of_factor_zero_are_least_squares(monkeypatch, form, alpha, kind):
    use_form(monkeypatch, form)
    X, y = data(TALL)
    v = np.ones(8)
    v[[2, 5]] = 0.0
    fit = solve(kind(X), y, alpha, penalty_factor=v)
    r = y - fit.intercept - X @ fit.coef
    assert np.abs(X[:, [2, 5]].T @ r).max() <= 64 * EPS * np.linalg.norm(X) * np.linalg.norm(y)
    if alpha > 1:
        A = np.column_stack([X[:, [2, 5]], np.ones(30)])
        np.testing.assert_allclose(fit.coef[[2, 5]], np.linalg.lstsq(A, y, rcond=None)[0][:2], atol=1e-12)
        assert not np.delete(fit.coef, [2, 5]).any()


@both_kinds
@every_ratio
@every_shape
def test_an_infinite_factor_removes_the_column(shape, l1_ratio, kind):
    X, y = data(shape)
    v = np.where(np.arange(shape[1]) % 3 == 0, np.inf, 1.0)
    kept = np.isfinite(v)
    fit = solve(kind(X), y, 0.05, l1_ratio, penalty_factor=v)
    rest = solve(kind(X[:, kept]), y, 0.05, l1_ratio)
    assert not fit.coef[~kept].any()
    np.testing.assert_allclose(fit.coef[kept], rest.coef, atol=1e-6)
    ridge, rest = fr.ridge(kind(X), y, 1.0, penalty_factor=v), fr.ridge(kind(X[:, kept]), y, 1.0)
    assert not ridge.coef[~kept].any()
    np.testing.assert_allclose(ridge.coef[kept], rest.coef, atol=1e-10)


@every_ratio
def test_all_columns_excluded_leave_the_mean(l1_ratio):
    X, y = data(TALL)
    fit = solve(X, y, 0.05, l1_ratio, penalty_factor=np.full(8, np.inf))
    assert not fit.coef.any()
    assert fit.intercept == pytest.approx(y.mean())
    assert fit.status.converged


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("form", FORMS)
def test_a_warm_start_does_not_bring_excluded_columns_back(monkeypatch, form, l1_ratio):
    use_form(monkeypatch, form)
    X, y = data(TALL)
    v = np.where(np.arange(8) == 0, np.inf, 1.0)
    for start in (np.ones(8), fr.lasso(X, y, 0.01), fr.lasso_path(X, y, alphas=3)):
        fit = solve(X, y, 0.05, l1_ratio, penalty_factor=v, warm_start=start)
        assert fit.coef[0] == 0
        assert_same(fit, solve(X, y, 0.05, l1_ratio, penalty_factor=v))


def test_a_pair_has_factors_for_either_penalty():
    """The squares are rows of data, sqrt(n alpha (1 - l1_ratio) u_j) in column j, so that v alone is left; for the lasso u is
    of no account, for ridge v."""
    X, y = data(TALL)
    rng = np.random.default_rng(1)
    v, u = rng.uniform(0.5, 2.0, (2, 8))
    fit = solve(X, y, 0.1, 0.4, penalty_factor=(v, u), fit_intercept=False)
    rows = np.diag(np.sqrt(30 * 0.1 * 0.6 * u))
    more = solve(np.vstack([X, rows]), np.append(y, np.zeros(8)), 0.1 * 0.4 * 30 / 38, penalty_factor=v, fit_intercept=False)
    np.testing.assert_allclose(fit.coef, more.coef, atol=1e-6)
    assert_same(solve(X, y, 0.1, penalty_factor=[v, u]), solve(X, y, 0.1, penalty_factor=v))
    assert_same(solve(X, y, 0.1, 0.0, penalty_factor=(v, u)), fr.ridge(X, y, 3.0, penalty_factor=u), 1e-10)


# Standardised columns


@both_kinds
@every_ratio
@both_intercepts
@pytest.mark.parametrize("weighted", [False, True])
@every_shape
def test_standardize_is_a_fit_of_scaled_columns(shape, weighted, fit_intercept, l1_ratio, kind):
    X, y = data(shape)
    X *= np.geomspace(0.1, 10, shape[1])
    s = np.random.default_rng(1).random(len(y)) + 0.1 if weighted else np.ones(len(y))
    mean = s @ X / s.sum() if fit_intercept else 0.0
    sd = np.sqrt(s @ (X - mean) ** 2 / s.sum())
    options = {"fit_intercept": fit_intercept, "sample_weight": s if weighted else None}
    fit = solve(kind(X), y, 0.1, l1_ratio, standardize=True, **options)
    other = solve(kind(X / sd), y, 0.1, l1_ratio, **options)
    np.testing.assert_allclose(fit.coef * sd, other.coef, atol=1e-6)
    assert fit.objective == pytest.approx(other.objective, rel=1e-12)
    ridge, other = fr.ridge(kind(X), y, 1.0, standardize=True, **options), fr.ridge(kind(X / sd), y, 1.0, **options)
    np.testing.assert_allclose(ridge.coef * sd, other.coef, atol=1e-9)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("power", [-20, 3, 400])
def test_standardized_fits_do_not_depend_on_the_units_of_columns(power, l1_ratio):
    X, y = data(TALL)
    fit = fr.elastic_net(X, y, 0.1, l1_ratio=l1_ratio, standardize=True)
    scaled = fr.elastic_net(np.ldexp(X, power), y, 0.1, l1_ratio=l1_ratio, standardize=True)
    np.testing.assert_allclose(np.ldexp(scaled.coef, power), fit.coef, rtol=1e-12, atol=1e-14)
    assert scaled.objective == pytest.approx(fit.objective, rel=1e-12)


CONSTANTS = (0.0, 0.3, 3.25, 1 / 3, 1e5)


@both_kinds
@pytest.mark.parametrize("n", [10, 30, 57, 101])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{"standardize": True}, {"penalty_factor": [1, 0, 1, 1]}, {}], ids=["sd", "v = 0", "plain"])
def test_constant_columns_have_no_coefficient(options, weighted, n, kind):
    """Not even by the rounding of their mean, which a small or no penalty would blow up."""
    X, y = problem(n, 4)
    s = np.random.default_rng(1).random(n) + 0.1
    s[::4] = 0.0
    if weighted:
        options = {**options, "sample_weight": s}
    for constant in CONSTANTS:
        X[:, 1] = constant
        for fit in (
            fr.lasso(kind(X), y, 0.05, **options),
            fr.elastic_net(kind(X), y, 0.05, l1_ratio=0.0, **options),
            fr.elastic_net(kind(X), y, 0.05, **options),
            fr.lasso(kind(X), y, 0.0, **options),
            fr.ridge(kind(X), y, 0.0, **options),
        ):
            assert fit.coef[1] == 0.0
            certificate = fr.certify(X, y, fit.coef, 0.05, **options)
            if fit.alpha:
                claim = {**options, "l1_ratio": fit.l1_ratio}
                certificate = fr.certify(X, y, fit.coef, fit.alpha, **claim)
                assert certificate.objective == pytest.approx(fit.objective, rel=1e-12)
                assert certificate.dual_gap <= 2e-6 * fit.objective


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("constant", [0.0, 1 / 3])
@pytest.mark.parametrize("options", [{"standardize": True}, {"penalty_factor": [1, 0.0, 1, 1]}], ids=["sd", "v = 0"])
def test_a_column_that_is_constant_where_weights_count_is_constant(options, constant, first):
    X, y = problem(30, 4)
    s = np.random.default_rng(1).random(30) + 0.1
    s[0 if first else 20 :: 5] = 0.0
    X[s > 0, 1] = constant
    for kind in (np.asfortranarray, np.ascontiguousarray, sparse.csc_array):
        for precompute in ("auto", True, False):
            for l1_ratio in (1.0, 0.5, 0.0):
                more = {"sample_weight": s, "precompute": precompute, **options}
                assert fr.elastic_net(kind(X), y, 0.05, l1_ratio=l1_ratio, **more).coef[1] == 0


@both_kinds
@pytest.mark.parametrize("precompute", [True, False])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("options", [{"standardize": True}, {"penalty_factor": 0.0}], ids=["sd", "v = 0"])
def test_constant_columns_stay_where_they_are_put(options, bounded, precompute, kind):
    """Neither a warm start nor the rounding of a Gram matrix moves them."""
    for seed in range(10):
        X, y = problem(38, 6, seed=seed)
        X[:, [1, 4]] = 3.1, 1 / 3
        more = {name: np.where(np.arange(6) == 0, 1.0, value) if value is not True else True for name, value in options.items()}
        if bounded:
            more["lower"] = np.where(np.arange(6) == 1, 0.5, -np.inf)
        fit = fr.lasso(kind(X), y, 0.05, precompute=precompute, warm_start=np.full(6, 7.0), **more)
        assert fit.coef[1] == (0.5 if bounded else 0.0)
        assert fit.coef[4] == 0.0


@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_a_standardized_constant_column_costs_nothing_at_its_bound(l1_ratio):
    X, y = data(TALL)
    X[:, 3] = 0.7
    lower = np.where(np.arange(8) == 3, 0.5, -np.inf)
    fit = solve(X, y, 0.1, l1_ratio, standardize=True, lower=lower)
    assert fit.coef[3] == 0.5
    kkt.assert_optimal(X, y, fit, 0.1, l1_ratio=l1_ratio, standardize=True, lower=lower, tol=1e-14)
    rest = solve(np.delete(X, 3, axis=1), y, 0.1, l1_ratio, standardize=True)
    assert fit.objective == pytest.approx(rest.objective, rel=1e-12)
    np.testing.assert_allclose(np.delete(fit.coef, 3), rest.coef, atol=1e-6)


# Bounds


@both_kinds
@every_ratio
@pytest.mark.parametrize("alpha", [0.0, 0.05])
@every_shape
def test_bounds_hold_and_bind(shape, alpha, l1_ratio, kind):
    X, y = data(shape)
    free = solve(X, y, 0.05, l1_ratio)
    lower, upper = np.full(shape[1], -0.2), np.full(shape[1], 0.3)
    fit = solve(kind(X), y, alpha, l1_ratio, lower=-0.2, upper=0.3)
    np.testing.assert_array_equal(solve(kind(X), y, alpha, l1_ratio, lower=lower, upper=upper).coef, fit.coef)
    assert ((fit.coef >= lower) & (fit.coef <= upper)).all()
    assert (fit.coef == -0.2).any()
    assert (fit.coef == 0.3).any()
    assert ((free.coef < -0.2) | (free.coef > 0.3)).any()
    kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, lower=lower, upper=upper, tol=1e-14)


@every_ratio
def test_bounds_out_of_reach_change_nothing(l1_ratio):
    X, y = data(WIDE)
    free = solve(X, y, 0.05, l1_ratio)
    far = 2 * np.abs(free.coef).max() + 1
    assert_same(solve(X, y, 0.05, l1_ratio, lower=-far, upper=far), free)
    assert_same(solve(X, y, 0.05, l1_ratio, lower=-np.inf, upper=np.full(30, np.inf)), free, 0)


@every_ratio
def test_equal_bounds_are_an_offset(l1_ratio):
    X, y = data(TALL)
    pinned = np.where(np.arange(8) == 3, 0.4, np.nan)
    lower, upper = np.nan_to_num(pinned, nan=-np.inf), np.nan_to_num(pinned, nan=np.inf)
    fit = solve(X, y, 0.05, l1_ratio, lower=lower, upper=upper)
    rest = solve(np.delete(X, 3, axis=1), y, 0.05, l1_ratio, offset=0.4 * X[:, 3])
    assert fit.coef[3] == 0.4
    np.testing.assert_allclose(np.delete(fit.coef, 3), rest.coef, atol=1e-6)
    assert fit.intercept == pytest.approx(rest.intercept, abs=1e-6)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("alpha", [0.0, 1e-3])
@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-3, 1.0])
def test_bounds_that_ask_for_more_than_y_holds(monkeypatch, size, alpha, form):
    """With y = 0 all that is there to fit is what the bounds force in."""
    use_form(monkeypatch, form)
    X, y = problem(30, 20)
    y = size * y
    lower = np.where(np.arange(20) == 0, 0.1, -np.inf)
    fit = fr.lasso(X, y, alpha, lower=lower)
    kkt.assert_optimal(X, y, fit, alpha, lower=lower)
    assert fit.coef[0] >= 0.1
    assert fit.coef[1:].any()


@both_kinds
@every_ratio
@every_shape
def test_positive_is_a_lower_bound_of_zero(shape, l1_ratio, kind):
    X, y = data(shape)
    fit = solve(kind(X), y, 0.05, l1_ratio, positive=True)
    assert (fit.coef >= 0).all()
    assert_same(fit, solve(kind(X), y, 0.05, l1_ratio, lower=0.0), 0)
    both = solve(kind(X), y, 0.05, l1_ratio, positive=True, lower=-1.0, upper=0.2)
    assert_same(both, solve(kind(X), y, 0.05, l1_ratio, lower=0.0, upper=0.2), 0)
    mirrored = solve(kind(-X), y, 0.05, l1_ratio, upper=0.0)
    np.testing.assert_allclose(mirrored.coef, -fit.coef, atol=1e-6)


@pytest.mark.parametrize("power", [-498, 498])
def test_bounds_follow_the_scale_of_the_data(power):
    X, y = data(TALL)
    fit = fr.lasso(X, y, 0.05, lower=-0.2, upper=0.3)
    bounds = {"lower": np.ldexp(-0.2, -power), "upper": np.ldexp(0.3, -power)}
    scaled = fr.lasso(np.ldexp(X, power), y, np.ldexp(0.05, power), **bounds)
    np.testing.assert_array_equal(np.ldexp(scaled.coef, power), fit.coef)


# Offsets


@both_kinds
@every_ratio
@both_intercepts
def test_an_offset_is_taken_off_y(fit_intercept, l1_ratio, kind):
    X, y = data(TALL)
    o = np.random.default_rng(1).standard_normal(30) + 5
    options = {"fit_intercept": fit_intercept}
    assert_same(solve(kind(X), y, 0.05, l1_ratio, offset=o, **options), solve(kind(X), y - o, 0.05, l1_ratio, **options), 0)
    Y = np.column_stack([y, -y])
    many = solve(kind(X), Y, 0.05, l1_ratio, offset=o, **options)
    assert_same(many, solve(kind(X), Y - o[:, None], 0.05, l1_ratio, **options), 1e-12)
    assert_same(fr.ridge(kind(X), y, 1.0, offset=o, **options), fr.ridge(kind(X), y - o, 1.0, **options), 0)


def test_a_constant_offset_is_in_the_intercept():
    X, y = data(TALL)
    with_offset, without = solve(X, y, 0.05, offset=np.full(30, 2.0)), solve(X, y, 0.05)
    np.testing.assert_allclose(with_offset.coef, without.coef, atol=1e-6)
    assert with_offset.intercept == pytest.approx(without.intercept - 2.0, abs=1e-6)


def test_whole_numbers_are_offset_in_float64():
    X, y = data(TALL)
    y, o = np.arange(30, dtype=np.uint8), np.full(30, 40.5, np.float32)
    assert_same(solve(X, y, 0.05, offset=o), solve(X, y.astype(float) - 40.5, 0.05), 0)


# Gram matrices


def gram(X, fit_intercept=True):
    return ref.gram(X, fit_intercept)


@both_kinds
@both_intercepts
@every_shape
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_precompute_gives_the_same(shape, l1_ratio, fit_intercept, kind):
    X, y = data(shape)
    plain = solve(kind(X), y, 0.05, l1_ratio, fit_intercept=fit_intercept)
    given = gram(X, fit_intercept)
    for precompute in (True, False, given, given.tolist(), np.asfortranarray(given), np.bool_(True)):
        fit = solve(kind(X), y, 0.05, l1_ratio, fit_intercept=fit_intercept, precompute=precompute)
        assert_same(fit, plain)
        kkt.assert_optimal(X, y, fit, 0.05, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-14)


def test_a_wrong_gram_matrix_is_refused():
    X, y = data(TALL)
    right = gram(X)
    for wrong, match in (
        (X.T @ X, "squared norm"),  # not centred
        (right / 30, "squared norm"),
        (right[:7, :7], r"shape \(7, 7\)"),
        (np.where(right == right.max(), np.nan, right), "finite"),
        ("yes", "auto"),
    ):
        with pytest.raises(ValueError, match=match):
            fr.lasso(X, y, 0.05, precompute=wrong)
    with pytest.raises(ValueError, match="squared norm"):
        fr.lasso(X, y, 0.05, precompute=right, fit_intercept=False)
    with pytest.raises(ValueError, match="squared norm"):
        fr.lasso(X, y, 0.05, precompute=right, sample_weight=np.arange(30.0))


@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")
@both_kinds
@pytest.mark.parametrize(
    "options", [{}, {"positive": True}, {"penalty_factor": np.arange(8) / 4}], ids=["none", "positive", "v"]
)
@pytest.mark.parametrize("error", [1e-9, 1e-5, 1e-2, 1.0])
def test_a_slightly_wrong_gram_matrix_cannot_lie(error, options, kind):
    """The diagonal is right, the rest is off: every claim must be true of X all the same, and CONVERGED among them."""
    X, y = data(TALL)
    wrong = gram(X)
    off = np.random.default_rng(1).standard_normal(wrong.shape) * error * wrong.diagonal().mean()
    wrong += np.triu(off, 1) + np.triu(off, 1).T
    for alpha in (0.2, 0.02):
        fit = fr.lasso(kind(X), y, alpha, precompute=wrong, max_iter=500, **options)
        if not np.isfinite(fit.objective):  # no minimum: the matrix has a negative eigenvalue
            assert error == 1.0
            assert fit.status is fr.Status.STALLED
            continue
        t = ref.terms(X, y, alpha, **options)
        floor = 64 * EPS * (t.b @ t.b)
        assert fit.objective == pytest.approx(ref.primal(t, fit.coef), rel=1e-12)
        best, _ = ref.solve(X, y, alpha, **options)
        assert fit.objective - ref.primal(t, best) <= fit.dual_gap + floor
        if fit.status.converged:
            kkt.assert_optimal(X, y, fit, alpha, **options)
        assert fit.status.converged == (fit.dual_gap <= max(1e-6 * fit.objective, 2 * floor))


# Warm starts


@both_kinds
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", [TALL, WIDE], ids=["tall", "wide"])
def test_warm_starts_change_nothing_whatever_the_options(shape, name, kind):
    X, y = data(shape)
    options = {k: v for k, v in options_for(name, X).items() if k != "warm_start"}
    rest = judged(options)
    cold = fr.lasso(kind(X), y, 0.03, tol=1e-12, **options)
    path = fr.lasso_path(kind(X), y, alphas=[0.5, 0.02, 0.1], tol=1e-12, **options)
    infeasible = 100 * np.random.default_rng(1).standard_normal(shape[1])
    for start in (cold, cold.coef, path, infeasible, infeasible.tolist(), np.zeros(shape[1])):
        warm = fr.lasso(kind(X), y, 0.03, tol=1e-12, warm_start=start, **options)
        kkt.assert_optimal(X, y, warm, 0.03, tol=1e-12, **rest)
        t = ref.terms(X, y, 0.03, **rest)
        assert np.linalg.norm(t.A @ (warm.coef - cold.coef)) <= 2 * np.sqrt(2 * 1e-12 * cold.objective + 1e-13)


def test_a_warm_start_saves_iterations():
    X, y = problem(60, 200, correlation=0.9)
    alpha = 0.05 * fr.alpha_max(X, y)
    for options in ({}, {"sample_weight": np.linspace(0.5, 1.5, 60)}, {"lower": -0.1, "upper": 0.5}, {"positive": True}):
        cold = fr.lasso(X, y, alpha, tol=1e-10, **options)
        for start in (cold, cold.coef, fr.lasso_path(X, y, alphas=[3 * alpha, alpha], tol=1e-10, **options)):
            warm = fr.lasso(X, y, alpha, tol=1e-10, warm_start=start, **options)
            assert warm.n_iter <= min(4, cold.n_iter / 2), options


def test_an_empty_path_is_no_warm_start():
    X, y = data(TALL)
    empty = fr.lasso_path(X, y, alphas=[0.01], max_support=0)
    assert len(empty) == 0
    assert_same(fr.lasso(X, y, 0.05, warm_start=empty), fr.lasso(X, y, 0.05), 0)


# Many targets


def targets(y):
    """Five of very different sizes, a constant among them."""
    rng = np.random.default_rng(5)
    return np.column_stack([y, 100 * y**2, np.full(len(y), 0.1), 1e-3 * rng.standard_normal(len(y)), np.sign(y)])


@both_kinds
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("form", ["chosen", *FORMS])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_many_targets_are_solved_one_by_one(monkeypatch, l1_ratio, form, name, kind):
    if form != "chosen":
        use_form(monkeypatch, form)
    X, y = data(TALL)
    Y, options = targets(y), options_for(name, X)
    fit = fr.elastic_net(kind(X), Y, 0.02, l1_ratio=l1_ratio, tol=1e-12, **options)
    assert fit.coef.shape == (8, 5)
    assert fit.status.converged
    for k in range(5):
        one = fr.elastic_net(kind(X), Y[:, k], 0.02, l1_ratio=l1_ratio, tol=1e-12, **options)
        t = ref.terms(X, Y[:, k], 0.02, l1_ratio, **judged(options))
        assert ref.primal(t, fit.coef[:, k]) == pytest.approx(one.objective, rel=1e-11, abs=1e-15 * (t.b @ t.b))
        assert fit.objective[k] == pytest.approx(one.objective, rel=1e-11, abs=64 * EPS * (t.b @ t.b))
        np.testing.assert_allclose(t.A @ fit.coef[:, k], t.A @ one.coef, atol=4e-6 * max(1e-3, np.abs(Y[:, k]).max()))
        assert fit.intercept[k] == pytest.approx(t.y_mean - t.x_mean @ fit.coef[:, k], rel=1e-12, abs=1e-12)


@both_kinds
@pytest.mark.parametrize(
    "options", [{}, {"penalty_factor": [1, 0, 1, 2, 1, 1, np.inf, 1]}, {"positive": True, "standardize": True}]
)
@pytest.mark.parametrize("shape", [TALL, (400, 8)], ids=["tall", "very tall"])
def test_paths_of_many_targets_have_grids_of_their_own(shape, options, kind):
    X, y = data(shape)
    Y = targets(y)
    paths = fr.lasso_path(kind(X), Y, alphas=6, tol=1e-10, **options)
    assert isinstance(paths, tuple)
    for k, path in enumerate(paths):
        alone = fr.lasso_path(kind(X), Y[:, k], alphas=6, tol=1e-10, **options)
        np.testing.assert_allclose(path.alphas, alone.alphas, rtol=1e-11)
        np.testing.assert_allclose(path.objectives, alone.objectives, rtol=1e-9, atol=1e-13 * (Y[:, k] @ Y[:, k]) + 1e-30)
        np.testing.assert_allclose(path.deviance_ratio, alone.deviance_ratio, atol=1e-6)
        free = np.asarray(options.get("penalty_factor", np.ones(8))) == 0
        assert not path.coefs[~free, 0].any()
        if k != 2:
            assert path.coefs[~free, 1].any()


def test_paths_of_many_targets_on_given_alphas():
    X, y = data(WIDE)
    Y = targets(y)[:, :3]
    for k, path in enumerate(fr.elastic_net_path(X, Y, alphas=[0.1, 1.0, 0.02], tol=1e-12)):
        np.testing.assert_array_equal(path.alphas, [0.1, 1.0, 0.02])
        for fit in path:
            kkt.assert_optimal(X, Y[:, k], fit, fit.alpha, l1_ratio=0.5, tol=1e-12)


def test_one_column_of_targets_is_one_target_in_two_dimensions():
    X, y = data(TALL)
    fit = fr.lasso(X, y[:, None], 0.05)
    np.testing.assert_array_equal(fit.coef[:, 0], fr.lasso(X, y, 0.05).coef)
    assert len(fr.lasso_path(X, y[:, None], alphas=3)) == 1


# What ends a path

UNSORTED = np.array([0.03, 0.5, 0.001, 0.2, 0.2, 0.01])


def test_callbacks_come_from_the_largest_alpha_down():
    X, y = data(WIDE)
    seen = []
    path = fr.lasso_path(X, y, alphas=UNSORTED, callback=seen.append)
    assert [fit.alpha for fit in seen] == sorted(UNSORTED, reverse=True)
    np.testing.assert_array_equal(path.alphas, UNSORTED)
    for fit in seen:
        same = [other for other in path if other.alpha == fit.alpha]
        assert any((fit.coef == other.coef).all() and fit.intercept == other.intercept for other in same)
        assert fit.objective in [other.objective for other in same]


@pytest.mark.parametrize("true", [True, np.True_])
def test_a_callback_that_returns_true_ends_the_path_there(true):
    X, y = data(WIDE)
    whole = fr.lasso_path(X, y, alphas=UNSORTED)
    path = fr.lasso_path(X, y, alphas=UNSORTED, callback=lambda fit: true if fit.alpha <= 0.03 else None)
    kept = UNSORTED >= 0.03
    np.testing.assert_array_equal(path.alphas, UNSORTED[kept])
    np.testing.assert_array_equal(path.coefs, whole.coefs[:, kept])
    np.testing.assert_array_equal(path.df, whole.df[kept])
    assert path.statuses == tuple(s for s, keep in zip(whole.statuses, kept, strict=True) if keep)


@pytest.mark.parametrize("answer", [False, np.False_, None, 1, "stop", np.ones(2)])
def test_other_answers_of_a_callback_end_nothing(answer):
    X, y = data(WIDE)
    assert len(fr.lasso_path(X, y, alphas=UNSORTED, callback=lambda fit: answer)) == 6


def test_an_exception_in_a_callback_comes_through():
    X, y = data(WIDE)

    def fail(fit):
        if fit.alpha < 0.1:
            raise KeyError(fit.alpha)

    with pytest.raises(KeyError, match=r"0\.03"):
        fr.lasso_path(X, y, alphas=UNSORTED, callback=fail)
    np.testing.assert_array_equal(fr.lasso_path(X, y, alphas=UNSORTED).alphas, UNSORTED)


def test_a_callback_may_fit_something_else_on_its_way():
    X, y = data(WIDE)
    inner = []
    path = fr.lasso_path(X, y, alphas=UNSORTED, callback=lambda fit: inner.append(fr.lasso(X, y, fit.alpha, warm_start=fit)))
    np.testing.assert_array_equal(path.coefs, fr.lasso_path(X, y, alphas=UNSORTED).coefs)
    assert all(fit.status.converged for fit in inner)


@pytest.mark.parametrize("most", [0, 1, 3, 5, 30])
def test_max_support_ends_before_the_first_alpha_with_more(most):
    X, y = data(WIDE)
    whole = fr.lasso_path(X, y, alphas=40)
    path = fr.lasso_path(X, y, alphas=40, max_support=most)
    more = np.flatnonzero(whole.df > most)
    assert len(path) == (more[0] if more.size else 40)
    np.testing.assert_array_equal(path.coefs, whole.coefs[:, : len(path)])
    order = np.random.default_rng(0).permutation(40)
    unsorted = fr.lasso_path(X, y, alphas=whole.alphas[order], max_support=most)
    np.testing.assert_array_equal(unsorted.alphas, whole.alphas[order][order < len(path)])


def test_callbacks_do_not_see_an_alpha_beyond_max_support():
    X, y = data(WIDE)
    seen = []
    path = fr.lasso_path(X, y, alphas=40, max_support=3, callback=seen.append)
    assert len(seen) == len(path)
    assert max(len(fit.support) for fit in seen) <= 3


def test_a_path_may_end_before_its_first_alpha():
    X, y = data(TALL)
    path = fr.lasso_path(X, y, alphas=[0.01, 0.02], max_support=0)
    assert len(path) == 0
    assert list(path) == []
    assert path.coefs.shape == (8, 0)
    assert path.predict(X).shape == (30, 0)
    assert "no alphas" in repr(path)
    with pytest.raises(ValueError, match="ended before its first alpha"):
        path.predict(X, 0.01)
    with pytest.raises(IndexError):
        path[0]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_deviance_stop_ends_after_the_first_alpha_that_explains_so_much(weighted, share):
    X, y = data(TALL)
    s = np.linspace(0.0, 2.0, 30) if weighted else None
    whole = fr.lasso_path(X, y, alphas=40, sample_weight=s)
    path = fr.lasso_path(X, y, alphas=40, sample_weight=s, deviance_stop=share)
    enough = np.flatnonzero(whole.deviance_ratio >= share)
    assert len(path) == (enough[0] + 1 if enough.size else 40)
    np.testing.assert_array_equal(path.deviance_ratio, whole.deviance_ratio[: len(path)])
    order = np.random.default_rng(0).permutation(40)
    unsorted = fr.lasso_path(X, y, alphas=whole.alphas[order], sample_weight=s, deviance_stop=share)
    np.testing.assert_array_equal(unsorted.alphas, whole.alphas[order][order < len(path)])


def test_deviance_ratio_counts_weights_and_offset():
    X, y = data(TALL)
    s, o = np.linspace(0.0, 2.0, 30), np.random.default_rng(1).standard_normal(30)
    path = fr.lasso_path(X, y, alphas=5, sample_weight=s, offset=o)
    null = s @ (y - o - np.average(y - o, weights=s)) ** 2
    for fit, ratio in zip(path, path.deviance_ratio, strict=True):
        r = y - o - fit.predict(X)
        assert ratio == pytest.approx(1 - s @ r**2 / null, abs=1e-12)


@pytest.mark.parametrize("stop", [{"max_support": 2}, {"deviance_stop": 0.5}, {"callback": lambda fit: len(fit.support) >= 2}])
def test_every_target_is_stopped_on_its_own(stop):
    X, y = data(TALL)
    Y = targets(y)
    for k, path in enumerate(fr.lasso_path(X, Y, alphas=20, **stop)):
        assert len(path) == len(fr.lasso_path(X, Y[:, k], alphas=20, **stop))


# alpha_max

SOLVABLE = [name for name in OPTIONS if "without 0" not in name and "Gram given" not in name]
AT_ALL_ZERO = [name for name in SOLVABLE if name not in ("two factors", "all")]


def penalised(options, p):
    v = options.get("penalty_factor", np.ones(p))
    return (v[0] if isinstance(v, tuple) else v) > 0


@both_kinds
@pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("name", SOLVABLE)
@pytest.mark.parametrize("form", ["chosen", "tall", "Gram", "residual"])
@every_shape
def test_alpha_max_is_exact_whatever_the_options(monkeypatch, shape, form, name, l1_ratio, dtype, kind):
    if form != "chosen":
        use_form(monkeypatch, form)
    X, y = data(shape)
    X = X.astype(dtype)
    options = judged(options_for(name, X.astype(np.float64)))
    if l1_ratio < 1 and name not in AT_ALL_ZERO:
        with pytest.raises(ValueError, match="l2 factor"):
            fr.alpha_max(kind(X), y, l1_ratio=l1_ratio, **options)
        return
    largest = fr.alpha_max(kind(X), y, l1_ratio=l1_ratio, **options)
    assert largest == pytest.approx(ref.alpha_max(X, y, l1_ratio, **options), rel=1e-10)
    at = fr.elastic_net(kind(X), y, largest, l1_ratio=l1_ratio, **options)
    counted = penalised(options, shape[1])
    assert not at.coef[counted].any()
    below = fr.elastic_net(kind(X), y, 0.999 * largest, l1_ratio=l1_ratio, **options)
    assert below.coef[counted].any()
    path = fr.elastic_net_path(kind(X), y, l1_ratio=l1_ratio, alphas=3, **options)
    assert path.alphas[0] == largest
    assert not path.coefs[counted, 0].any()
    assert path.coefs[counted, 1].any()


@pytest.mark.parametrize("name", [name for name in OPTIONS if "without 0" in name])
def test_no_alpha_max_where_bounds_leave_out_zero(name):
    X, y = data(TALL)
    options = judged(options_for(name, X))
    with pytest.raises(ValueError, match="leave out 0"):
        fr.alpha_max(X, y, **options)
    with pytest.raises(ValueError, match="leave out 0"):
        fr.lasso_path(X, y, **options)


def test_alpha_max_is_zero_where_nothing_can_move():
    X, y = data(TALL)
    assert fr.alpha_max(X, y, penalty_factor=np.full(8, np.inf)) == 0
    assert fr.alpha_max(X, y, lower=0.0, upper=0.0) == 0
    assert fr.alpha_max(X, np.ones(30)) == 0
    positive = np.abs(X) @ np.ones(8)
    assert fr.alpha_max(np.abs(X), -positive, positive=True, fit_intercept=False) == 0


# Predictions


@both_kinds
@pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
def test_predictions_of_dense_and_sparse_X(kind, dtype):
    X, y = data(WIDE)
    new = data((7, 30), seed=3)[0].astype(dtype)
    exact = new.astype(np.float64)
    for fit in (fr.lasso(X, y, 0.05), fr.ridge(X, y, 1.0), fr.lasso(X, targets(y), 0.05)):
        expected = exact @ fit.coef + fit.intercept
        size = (np.abs(exact) @ np.abs(fit.coef)).max() + np.abs(fit.intercept).max()
        predicted = fit.predict(kind(new))
        assert isinstance(predicted, np.ndarray)
        assert predicted.shape == expected.shape
        np.testing.assert_allclose(predicted, expected, rtol=0, atol=64 * EPS * size)
    path = fr.lasso_path(X, y, alphas=5)
    expected = exact @ path.coefs + path.intercepts
    np.testing.assert_allclose(path.predict(kind(new)), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(path.predict(kind(new), path.alphas[2]), expected[:, 2], rtol=0, atol=1e-12)
    np.testing.assert_allclose(path.predict(sparse.csr_matrix(new)), expected, rtol=0, atol=1e-12)


# Work


@pytest.mark.parametrize(
    "options",
    [{}, {"sample_weight": np.linspace(0.5, 1.5, 100)}, {"positive": True}, {"upper": 0.5}, {"standardize": True}],
    ids=["none", "weights", "positive", "upper", "standardize"],
)
@both_kinds
def test_paths_read_few_columns_whatever_the_options(options, kind):
    """Measured: 2 to 10 p columns for 100 alphas; without bounds on gradients it would be 100 p."""
    X, y = problem(100, 3000)
    X[np.random.default_rng(0).random(X.shape) < 0.5] = 0.0
    path = fr.lasso_path(kind(X), y, alphas=100, **options)
    assert 0 < path.n_columns_read <= 15 * 3000
    assert path.counts["working_set"] <= 300


def test_the_second_target_finds_the_working_set_of_the_first():
    """The same y twice: the second path starts from zero, but reads no more columns than the first, and none joins."""
    X, y = problem(100, 1000)
    alphas = fr.alpha_max(X, y) * np.geomspace(1, 0.1, 20)
    one, two = fr.lasso_path(X, np.column_stack([y, y]), alphas=alphas)
    np.testing.assert_allclose(two.objectives, one.objectives, rtol=2e-6)
    assert two.n_columns_read <= 2.5 * one.n_columns_read
    assert two.counts["working_set"] <= 1.5 * one.counts["working_set"]
