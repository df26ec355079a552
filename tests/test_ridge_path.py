"""ridge_path: every fit optimal, every figure that of refits, for all options, shapes, layouts and sizes of alpha."""

import pickle
from dataclasses import astuple
from functools import lru_cache

import hypothesis.extra.numpy as hnp
import kkt
import numpy as np
import pytest
import reference as ref
from conftest import known, problem, stored, weights
from hypothesis import given
from hypothesis import strategies as st
from ridge_cases import (
    KINDS,
    PLAIN,
    SHAPES,
    assert_close,
    assert_refused,
    both_intercepts,
    data,
    definite,
    differences,
    every_option,
    every_shape,
    options_for,
    with_condition,
)
from scipy import sparse

import fastreg as fr

EPS = np.finfo(np.float64).eps
ALPHAS = (0.1, 1e3, 1e-3, 10.0)
FIGURES = ("df", "gcv", "loo", "log_marginal_likelihood")
# Twins and path solve different systems; the condition of X'X + alpha P is below 1e6 in `data`.
RTOL = 1e-8


def without_offset(options):
    return {name: value for name, value in options.items() if name != "offset"}


@lru_cache
def twins(name, shape, kind, alpha):
    """coef, intercept and the FIGURES."""
    X, y = data(shape, kind)
    options = options_for(name, shape)
    _, df, gcv, likelihood = ref.ridge_by_spectrum(X, y, alpha, **options)
    return *ref.ridge(X, y, alpha, **options), df, gcv, ref.ridge_loo(X, y, alpha, **options), likelihood


def explained(X, y, fit, fit_intercept=True, sample_weight=None, offset=None, **_):
    """1 - sum s_i r_i^2 / sum s_i (z_i - zbar)^2, z = y - offset; 0 where z is constant."""
    share = ref.shares(len(y), sample_weight)
    z = y if offset is None else y - offset
    _, centred, _, _ = ref.center(X, z, fit_intercept, sample_weight)
    null = share @ centred**2
    return 1 - share @ (z - fit.predict(X)) ** 2 / null if null > 0 else 0.0


def assert_whole(path, alphas, p):
    """Every field has its shape and type, and path[k] is made of them."""
    K = len(alphas)
    assert type(path).__name__ == "RidgePath"
    assert len(path) == K
    np.testing.assert_array_equal(path.alphas, np.asarray(alphas, float))
    assert path.coefs.shape == (p, K)
    for field in ("alphas", "coefs", "intercepts", "objectives", "dual_gaps", "deviance_ratio", *FIGURES):
        value = getattr(path, field)
        assert value.dtype == np.float64, field
        assert value.shape[-1] == K, field
    assert isinstance(path.statuses, tuple)
    assert len(path.statuses) == K
    assert path.n_features == p
    assert isinstance(path.method, str)
    for k in range(-K, K):
        fit = path[k]
        assert isinstance(fit, fr.Fit)
        np.testing.assert_array_equal(fit.coef, path.coefs[:, k])
        assert (fit.alpha, fit.l1_ratio, fit.status) == (path.alphas[k], 0.0, path.statuses[k])
        found = (fit.intercept, fit.objective, fit.dual_gap)
        assert found == (path.intercepts[k], path.objectives[k], path.dual_gaps[k])
        assert all(isinstance(value, float) for value in found)


def assert_same(path, other, rtol=1e-9, figures=FIGURES):
    """The same model and figures, but for rounding."""
    assert_close(path.coefs, other.coefs, rtol)
    for field in figures:
        np.testing.assert_allclose(getattr(path, field), getattr(other, field), rtol=rtol, atol=1e-13, err_msg=field)


# The contract


@every_shape
@every_option
@pytest.mark.parametrize("kind", KINDS)
def test_every_fit_and_figure_is_that_of_the_twins(kind, name, shape):
    dense, y = data(shape, kind)
    X, options = KINDS[kind](dense), options_for(name, shape)
    arrays = [y, *(a for value in options.values() for a in (value if isinstance(value, tuple) else [value]) if np.ndim(a))]
    before = stored(X), [a.tobytes() for a in arrays]
    path = fr.ridge_path(X, y, ALPHAS, **options)
    assert (stored(X), [a.tobytes() for a in arrays]) == before
    assert_whole(path, ALPHAS, dense.shape[1])
    for k, (alpha, fit) in enumerate(zip(ALPHAS, path, strict=True)):
        kkt.assert_ridge_claims(dense, y, fit, alpha, **options)
        coef, intercept, *figures = twins(name, shape, kind, alpha)
        assert_close(fit.coef, coef, RTOL)
        assert fit.intercept == pytest.approx(intercept, rel=RTOL, abs=RTOL)
        for field, expected in zip(FIGURES, figures, strict=True):
            assert getattr(path, field)[k] == pytest.approx(expected, rel=RTOL), field
        assert path.deviance_ratio[k] == pytest.approx(explained(dense, y, fit, **options), abs=1e-12)


@every_shape
@every_option
def test_every_fit_is_that_of_ridge(name, shape):
    X, y = data(shape)
    options = options_for(name, shape)
    for fit in fr.ridge_path(X, y, ALPHAS, **options):
        single = fr.ridge(X, y, fit.alpha, **options)
        assert_close(fit.coef, single.coef, RTOL)
        assert fit.objective == pytest.approx(single.objective, rel=1e-11)


@every_shape
@every_option
def test_alpha_0_is_least_squares_of_least_norm(name, shape):
    X, y = data(shape)
    options = options_for(name, shape)
    path = fr.ridge_path(X, y, [1.0, 0.0], **options)
    kkt.assert_ridge_claims(X, y, path[1], 0.0, **options)
    coef, _ = ref.ridge(X, y, 0.0, **options)
    assert_close(path.coefs[:, 1], coef, RTOL)
    assert path.df[1] == pytest.approx(ref.ridge_df(X, 0.0, **without_offset(options)), rel=RTOL)
    if name in PLAIN:
        A, _, _, _ = ref.ridge_rows(X, y, 0.0, **options)
        deficient = np.linalg.matrix_rank(A) < X.shape[1]
        assert (path.statuses[1] is fr.Status.MINIMUM_NORM) == deficient
    if shape == "tall" or name in PLAIN:  # else what an infinitely small penalty would choose is not of least norm
        assert path.loo[1] == pytest.approx(ref.ridge_loo(X, y, 0.0, **options), rel=RTOL)
    if shape == "tall":
        assert path.gcv[1] == pytest.approx(ref.ridge_gcv(X, y, 0.0, **options), rel=RTOL)
        assert path.log_marginal_likelihood[1] == -np.inf


@pytest.mark.parametrize("name", ["none", "weights", "factors", "definite matrix"])
@every_shape
def test_alphas_come_back_in_the_order_given(shape, name):
    X, y = data(shape)
    options = options_for(name, shape)
    down = fr.ridge_path(X, y, sorted(ALPHAS, reverse=True), **options)
    for order in ([2, 0, 3, 1], [3, 2, 1, 0], [1, 1, 0]):
        path = fr.ridge_path(X, y, down.alphas[order], **options)
        np.testing.assert_array_equal(path.alphas, down.alphas[order])
        assert_close(path.coefs, down.coefs[:, order], 1e-11)
        for field in ("intercepts", "objectives", "deviance_ratio", *FIGURES):
            np.testing.assert_allclose(getattr(path, field), getattr(down, field)[order], rtol=1e-10, err_msg=field)


def test_a_number_of_alphas_is_a_geometric_grid_from_the_largest_down():
    X, y = data("tall")
    for count in (2, 7, np.int64(3)):
        alphas = fr.ridge_path(X, y, count).alphas
        assert len(alphas) == count
        assert (np.diff(alphas) < 0).all()
        assert alphas[-1] > 0
        np.testing.assert_allclose(alphas[1:] / alphas[:-1], alphas[1] / alphas[0], rtol=1e-9)
    assert len(fr.ridge_path(X, y, 1)) == 1
    assert len(fr.ridge_path(X, y)) == 100


@pytest.mark.parametrize("unit", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("shape", [(80, 9), (30, 60)])
@pytest.mark.parametrize("fewest", [1, 500])
def test_the_grid_goes_down_to_what_columns_in_small_units_need(monkeypatch, fewest, shape, unit):
    """Beside one column in other units, the best alpha for the others is on it."""
    monkeypatch.setattr("fastreg._ridge.tridiagonal.FEWEST", fewest)
    rng = np.random.default_rng(2)
    X = rng.standard_normal(shape)
    X[:, 2] *= unit
    lam = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
    lam = lam[: min(shape[0] - 1, shape[1])]
    y = X @ (rng.standard_normal(shape[1]) / np.r_[1.0, 1.0, unit, np.ones(shape[1] - 3)]) + 3.0 * rng.standard_normal(shape[0])
    for leave_one_out in (True, False):
        alphas = fr.ridge_path(X, y, leave_one_out=leave_one_out).alphas
        np.testing.assert_allclose(alphas[0], 10.0 * lam[0], rtol=1e-6)
        np.testing.assert_allclose(alphas[-1], min(1e-6 * lam[0], 1e-2 * lam[-1]), rtol=1e-3)
    best = fr.ridge_cv(X, y)
    fine = fr.ridge_cv(X, y, np.geomspace(1e6, 1e-3, 300))
    assert best.errors.min() <= 1.01 * fine.errors.min()
    assert "an end" not in repr(best)


def test_copies_of_columns_and_constant_ones_do_not_lengthen_the_grid():
    """Their eigenvalues are rounding: nothing is down there."""
    X, y = data("tall")
    X = X.astype(np.float64)
    plain = fr.ridge_path(X, y).alphas
    ratio = 1e-6 / 10.0
    np.testing.assert_allclose(plain[-1] / plain[0], ratio, rtol=1e-12)
    constant, level = np.full(len(y), 0.1), np.eye(3)[np.arange(len(y)) % 3]
    for more in (X[:, 0], X[:, 0] + X[:, 1], X, constant, constant + 1e6, level):
        alphas = fr.ridge_path(np.c_[X, more], y).alphas
        np.testing.assert_allclose(alphas[-1] / alphas[0], ratio, rtol=1e-12)
    rows = np.r_[data("fat")[0], data("fat")[0][:5]]
    alphas = fr.ridge_path(rows, np.arange(len(rows))).alphas
    np.testing.assert_allclose(alphas[-1] / alphas[0], ratio, rtol=1e-12)


def test_alphas_may_be_any_sequence_of_numbers():
    X, y = data("tall")
    array = np.array([1.0, 10.0])
    path = fr.ridge_path(X, y, array)
    for alphas in ([1, 10], (1.0, 10), np.array([1, 10], np.int8), np.array([1, 10], np.float32)):
        assert_same(fr.ridge_path(X, y, alphas), path, 1e-13)
    array[:] = 0.0
    np.testing.assert_array_equal(path.alphas, [1.0, 10.0])


@every_shape
@pytest.mark.parametrize("name", ["none", "no intercept", "weights, offset, factors, standardize", "definite matrix"])
def test_every_target_has_a_path_of_its_own(name, shape):
    X, y = data(shape)
    options = options_for(name, shape)
    Y = np.column_stack([y, y**2 - 3.0, np.full(len(y), 0.25)])
    together = fr.ridge_path(X, Y, ALPHAS, **options)
    assert isinstance(together, tuple)
    assert len(together) == 3
    for path, z in zip(together, Y.T, strict=True):
        assert_whole(path, ALPHAS, X.shape[1])
        alone = fr.ridge_path(X, z, ALPHAS, **options)
        np.testing.assert_allclose(path.coefs, alone.coefs, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(path.df, alone.df, rtol=1e-11)
        np.testing.assert_allclose(path.loo, alone.loo, rtol=1e-9, atol=1e-28)
    one = fr.ridge_path(X, y[:, None], ALPHAS, **options)
    assert isinstance(one, tuple)
    assert len(one) == 1
    assert_same(one[0], together[0])


def test_leaving_one_out_may_be_left_out():
    X, y = data("fat")
    path = fr.ridge_path(X, y, ALPHAS, leave_one_out=False)
    assert path.loo is None
    other = fr.ridge_path(X, y, ALPHAS)
    assert_same(path, other, figures=("df", "gcv", "log_marginal_likelihood"))


# Penalties near 0, and data that is nearly singular


# the condition of what is solved is at most 1e8, of which eps leaves about 8 digits; three are room for the twins
@pytest.mark.parametrize("name", ["none", "no intercept", "positive weights"])
@pytest.mark.parametrize("alpha", [1e-14, 1e-12, 1e-8])
@pytest.mark.parametrize("condition", [1e1, 1e6, 1e8])
@pytest.mark.parametrize("shape", [(30, 8), (12, 30), (10, 10)], ids=SHAPES)
def test_tiny_alphas_cost_no_figure_its_digits(shape, condition, alpha, name):
    X, y = with_condition(*shape, condition)
    options = {"none": {}, "no intercept": {"fit_intercept": False}}.get(name, {"sample_weight": 0.1 + weights(len(y))})
    path = fr.ridge_path(X, y, [alpha, 1.0], **options)
    kkt.assert_ridge_claims(X, y, path[0], alpha, tol=1e-6, **options)
    _, df, gcv, likelihood = ref.ridge_by_spectrum(X, y, alpha, **options)
    assert path.df[0] == pytest.approx(df, rel=1e-6)
    assert path.gcv[0] == pytest.approx(gcv, rel=1e-5)
    assert path.loo[0] == pytest.approx(ref.ridge_loo(X, y, alpha, **options), rel=1e-5)
    assert path.log_marginal_likelihood[0] == pytest.approx(likelihood, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("condition", [1e1, 1e6, 1e8])
@both_intercepts
@pytest.mark.parametrize("shape", [(30, 8), (12, 30)], ids=["tall", "fat"])
def test_least_squares_of_nearly_dependent_columns_leaves_rows_out_exactly(shape, fit_intercept, condition):
    X, y = with_condition(*shape, condition)
    path = fr.ridge_path(X, y, [0.0], fit_intercept=fit_intercept)
    assert path.loo[0] == pytest.approx(ref.ridge_loo(X, y, 0.0, fit_intercept), rel=1e-5)
    assert path.df[0] == pytest.approx(min(shape) + (fit_intercept and shape == (30, 8)), rel=1e-9)


@both_intercepts
def test_interpolation_still_predicts_the_row_left_out(fit_intercept):
    """In the limit alpha -> 0 of p > n: e = z / diag(inv(K)), K = XX' + 1/eps 11' for the intercept, z = inv(K) y."""
    X, y = problem(15, 40)
    rows = np.arange(15)
    errors = []
    for i in rows:
        rest = rows != i
        A, b = (X[rest] - X[rest].mean(0), y[rest] - y[rest].mean()) if fit_intercept else (X[rest], y[rest])
        w = np.linalg.pinv(A) @ b
        errors.append(y[i] - fit_intercept * y[rest].mean() - (X[i] - fit_intercept * X[rest].mean(0)) @ w)
    expected = np.mean(np.square(errors))
    scale = np.linalg.norm(X, 2) ** 2
    path = fr.ridge_path(X, y, scale * np.array([0.0, 1e-14, 1e-13, 1e-12]), fit_intercept=fit_intercept)
    np.testing.assert_allclose(path.loo, expected, rtol=1e-9)
    np.testing.assert_allclose(path.deviance_ratio, 1.0, rtol=1e-12)
    np.testing.assert_allclose(path.df, 15, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-4, 1.0])
@pytest.mark.parametrize("factor", [1.0, 0.0], ids=["penalised", "free"])
@pytest.mark.parametrize("weighted", [False, True])
@both_intercepts
@pytest.mark.parametrize("kind", ["F", "CSC"])
def test_a_row_with_a_column_of_its_own_is_predicted_without_it(kind, fit_intercept, weighted, factor, alpha):
    """Its leverage is 1, and its residual 0, or both nearly so."""
    X, y = problem(20, 5)
    X = np.column_stack([X, np.arange(20) == 3])
    s = np.linspace(0.5, 2.0, 20) if weighted else None
    options = {"fit_intercept": fit_intercept, "sample_weight": s, "penalty_factor": np.append(np.ones(5), factor)}
    path = fr.ridge_path(KINDS[kind](X), y, [alpha], **options)
    assert path.loo[0] == pytest.approx(ref.ridge_loo(X, y, alpha, **options), rel=1e-7)
    assert path.df[0] == pytest.approx(ref.ridge_df(X, alpha, **options), rel=1e-9)


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 1e-8, 1.0])
@both_intercepts
def test_repeated_columns_share_their_coefficient(fit_intercept, alpha, copies):
    X, y = problem(30, 4)
    X = np.hstack([X, np.repeat(X[:, :1], copies, axis=1), np.zeros((30, 1))])
    path = fr.ridge_path(X, y, [alpha], fit_intercept=fit_intercept)
    kkt.assert_ridge_claims(X, y, path[0], alpha, fit_intercept=fit_intercept)
    assert_close(
        path.coefs[4:-1, 0], np.full(copies, path.coefs[0, 0]), 1000 * EPS / (alpha or 1e-2)
    )  # alpha keeps them together
    assert path.coefs[-1, 0] == 0.0
    assert path.df[0] == pytest.approx(ref.ridge_df(X, alpha, fit_intercept), rel=1e-9)
    assert path.loo[0] == pytest.approx(ref.ridge_loo(X, y, alpha, fit_intercept), rel=1e-7)


@pytest.mark.parametrize("offset", [1e4, 1e8])
@pytest.mark.parametrize("alpha", [0.0, 1e-10, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@every_shape
def test_columns_far_from_zero_cost_no_digits(shape, weighted, alpha, offset):
    X, y = problem(*SHAPES[shape])
    far = X + offset
    near = far - offset  # what far holds, exactly
    options = {"sample_weight": 0.1 + weights(len(y)) if weighted else None}
    path, expected = (fr.ridge_path(A, y, [alpha], **options) for A in (far, near))
    assert_close(path.coefs, expected.coefs, 1e-8)
    assert path.df[0] == pytest.approx(expected.df[0], rel=1e-8)
    assert path.loo[0] == pytest.approx(expected.loo[0], rel=1e-6)


# What X may be


@every_shape
def test_whole_numbers_are_taken_as_float64(shape):
    X, y = data(shape)
    X, y = np.rint(4 * X).astype(np.int64), np.rint(4 * y).astype(np.int32)
    path = fr.ridge_path(X, y, ALPHAS)
    assert_same(path, fr.ridge_path(X.astype(float), y.astype(float), ALPHAS), 1e-12)


def test_float32_is_read_as_the_float64_that_it_holds():
    for shape in SHAPES:
        X, y = data(shape, "float32")
        assert_same(fr.ridge_path(X.astype(np.float32), y, ALPHAS), fr.ridge_path(X, y, ALPHAS), 1e-11)
        assert fr.ridge_path(X.astype(np.float32), y.astype(np.float32), ALPHAS).coefs.dtype == np.float64


def test_names_of_a_data_frame_stay_with_the_fits():
    pandas = pytest.importorskip("pandas")
    X, y = data("tall")
    names = tuple("abcdefgh")
    frame = pandas.DataFrame(X, columns=names)
    path = fr.ridge_path(frame, pandas.Series(y), ALPHAS)
    assert path.feature_names == names
    assert path[0].feature_names == names
    assert_same(path, fr.ridge_path(X, y, ALPHAS), 1e-11)
    np.testing.assert_allclose(path.predict(frame), path.predict(X), rtol=1e-13)
    assert_refused(lambda: path.predict(frame[list(names[::-1])]), "X", "'h'", "'a'")
    assert fr.ridge_path(X, y, ALPHAS).feature_names is None


# Identities


@every_shape
@both_intercepts
def test_whole_weights_are_repeated_rows_but_for_what_counts_rows(shape, fit_intercept):
    X, y = data(shape)
    s = np.arange(len(y)) % 3 + 1
    options = {"fit_intercept": fit_intercept}
    weighted = fr.ridge_path(X, y, ALPHAS, sample_weight=s, **options)
    repeated = fr.ridge_path(np.repeat(X, s, axis=0), np.repeat(y, s), ALPHAS, **options)
    assert_same(weighted, repeated, figures=("df", "intercepts", "objectives", "deviance_ratio"))


@every_shape
@pytest.mark.parametrize("kind", ["F", "CSC"])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"standardize": True}], ids=["plain", "none", "sd"])
def test_rows_of_weight_0_are_rows_removed(options, kind, shape):
    X, y = data(shape)
    s = weights(len(y))
    other, z = X.copy(), y.copy()
    other[s == 0], z[s == 0] = 1e3, -1e6
    o = known(len(y))
    path = fr.ridge_path(KINDS[kind](other), z, ALPHAS, sample_weight=s, offset=o, **options)
    removed = fr.ridge_path(KINDS[kind](X[s > 0]), y[s > 0], ALPHAS, sample_weight=s[s > 0], offset=o[s > 0], **options)
    assert_same(path, removed, 1e-8)
    assert_same(path, removed, 1e-8, ("intercepts", "objectives", "deviance_ratio"))


@every_shape
def test_weights_of_one_are_none(shape):
    X, y = data(shape)
    path = fr.ridge_path(X, y, ALPHAS)
    assert_same(fr.ridge_path(X, y, ALPHAS, sample_weight=np.ones(len(y))), path)
    assert_same(fr.ridge_path(X, y, ALPHAS, sample_weight=np.ones(len(y), int)), path)


@pytest.mark.parametrize("scale", [0.25, 8.0, 1e100])
@every_shape
def test_weights_and_alphas_have_one_scale(shape, scale):
    X, y = data(shape)
    s = weights(len(y))
    path = fr.ridge_path(X, y, ALPHAS, sample_weight=s)
    scaled = fr.ridge_path(X, y, scale * np.array(ALPHAS), sample_weight=scale * s)
    assert_same(scaled, path, figures=("df", "gcv", "loo", "intercepts"))
    np.testing.assert_allclose(scaled.objectives, scale * path.objectives, rtol=1e-9)
    rows = np.count_nonzero(s) - 1
    moved = path.log_marginal_likelihood - rows / 2 * np.log(scale)
    np.testing.assert_allclose(scaled.log_marginal_likelihood, moved, rtol=1e-9)


@pytest.mark.parametrize(("x", "y"), [(2.0**20, 1.0), (1.0, 2.0**-20), (2.0**300, 2.0**200), (2.0**-200, 2.0**300)])
@every_shape
def test_units_of_X_and_y_only_change_units(shape, x, y):
    X, z = data(shape)
    path = fr.ridge_path(X, z, ALPHAS)
    scaled = fr.ridge_path(x * X, y * z, x * x * np.array(ALPHAS))
    assert_close(x * scaled.coefs / y, path.coefs, 1e-11)
    np.testing.assert_allclose(scaled.df, path.df, rtol=1e-11)
    for field in ("gcv", "loo"):
        np.testing.assert_allclose(getattr(scaled, field) / y / y, getattr(path, field), rtol=1e-10)
    moved = path.log_marginal_likelihood - (len(z) - 1) * np.log(y)
    np.testing.assert_allclose(scaled.log_marginal_likelihood, moved, rtol=1e-10)


@every_shape
def test_standardised_fits_do_not_depend_on_units(shape):
    X, y = data(shape)
    units = 2.0 ** (np.arange(X.shape[1]) % 20 - 10)
    path = fr.ridge_path(X, y, ALPHAS, standardize=True)
    scaled = fr.ridge_path(X * units, y, ALPHAS, standardize=True)
    assert_close(scaled.coefs * units[:, None], path.coefs, 1e-9)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(scaled, field), getattr(path, field), rtol=1e-9)


@every_shape
@both_intercepts
def test_standardising_is_a_fit_of_scaled_columns(shape, fit_intercept):
    X, y = data(shape)
    s = 0.1 + weights(len(y))
    options = {"fit_intercept": fit_intercept, "sample_weight": s}
    centred, _, _, _ = ref.center(X, y, fit_intercept, s)
    sd = np.sqrt(np.average(centred**2, axis=0, weights=s))
    path = fr.ridge_path(X, y, ALPHAS, standardize=True, **options)
    scaled = fr.ridge_path(X / sd, y, ALPHAS, **options)
    assert_close(path.coefs * sd[:, None], scaled.coefs, 1e-9)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(path, field), getattr(scaled, field), rtol=1e-9)


@every_shape
def test_a_factor_is_a_scale_of_its_column(shape):
    X, y = data(shape)
    u = np.linspace(0.2, 3.0, X.shape[1])
    path, scaled = fr.ridge_path(X, y, ALPHAS, penalty_factor=u), fr.ridge_path(X / np.sqrt(u), y, ALPHAS)
    assert_close(path.coefs * np.sqrt(u)[:, None], scaled.coefs, 1e-9)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(path, field), getattr(scaled, field), rtol=1e-9)


@every_shape
@both_intercepts
def test_a_diagonal_matrix_is_factors(shape, fit_intercept):
    X, y = data(shape)
    u = np.linspace(0.0, 3.0, X.shape[1])
    by_factor = fr.ridge_path(X, y, ALPHAS, penalty_factor=u, fit_intercept=fit_intercept)
    assert_same(fr.ridge_path(X, y, ALPHAS, penalty_matrix=np.diag(u), fit_intercept=fit_intercept), by_factor)


@every_shape
def test_a_definite_matrix_is_a_change_of_basis(shape):
    """With P = LL' and v = L'w: Xw = (X inv(L'))v and w'Pw = |v|^2."""
    X, y = data(shape)
    L = np.linalg.cholesky(definite(X.shape[1]))
    path = fr.ridge_path(X, y, ALPHAS, penalty_matrix=L @ L.T)
    turned = fr.ridge_path(np.linalg.solve(L, X.T).T, y, ALPHAS)
    assert_close(L.T @ path.coefs, turned.coefs, 1e-9)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(path, field), getattr(turned, field), rtol=1e-9)


@pytest.mark.parametrize("kind", ["F", "CSC"])
@pytest.mark.parametrize("options", ["none", "no intercept", "weights", "offset"])
def test_columns_of_zeros_turn_tall_data_fat_and_change_nothing(options, kind):
    X, y = data("tall")
    options = options_for(options, "tall")
    fat = np.hstack([X, np.zeros((30, 40))])
    path, wide = (fr.ridge_path(KINDS[kind](A), y, [*ALPHAS, 1e-8], **options) for A in (X, fat))
    assert not wide.coefs[8:].any()
    assert_close(wide.coefs[:8], path.coefs, 1e-8)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(wide, field), getattr(path, field), rtol=1e-8)


@pytest.mark.parametrize("options", ["none", "no intercept", "weights", "offset"])
def test_turning_fat_data_square_changes_nothing(options):
    """X = AQ' with orthonormal Q (p, n): the penalty of w = Qv is |v|^2."""
    X, y = data("fat")
    options = options_for(options, "fat")
    Q, R = np.linalg.qr(X.T)
    path, turned = (fr.ridge_path(A, y, [*ALPHAS, 1e-8], **options) for A in (X, R.T))
    assert_close(Q @ turned.coefs, path.coefs, 1e-8)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(turned, field), getattr(path, field), rtol=1e-8)


@every_shape
@both_intercepts
def test_an_infinite_factor_removes_the_column(shape, fit_intercept):
    X, y = data(shape)
    u = np.ones(X.shape[1])
    u[[0, 5]] = np.inf
    options = {"fit_intercept": fit_intercept}
    path = fr.ridge_path(X, y, ALPHAS, penalty_factor=u, **options)
    removed = fr.ridge_path(np.delete(X, [0, 5], axis=1), y, ALPHAS, **options)
    assert not path.coefs[[0, 5]].any()
    assert_close(np.delete(path.coefs, [0, 5], axis=0), removed.coefs, 1e-9)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(path, field), getattr(removed, field), rtol=1e-9)


@both_intercepts
def test_all_columns_excluded_leave_the_mean(fit_intercept):
    X, y = data("tall")
    path = fr.ridge_path(X, y, [1.0, 0.1], penalty_factor=np.full(8, np.inf), fit_intercept=fit_intercept)
    assert not path.coefs.any()
    np.testing.assert_allclose(path.df, float(fit_intercept), atol=1e-12)
    r = y - fit_intercept * y.mean()
    np.testing.assert_allclose(path.objectives, r @ r, rtol=1e-12)
    np.testing.assert_allclose(path.loo, np.mean((r * (30 / 29 if fit_intercept else 1)) ** 2), rtol=1e-12)
    rows = 30 - fit_intercept
    expected = -rows / 2 * (np.log(2 * np.pi * (r @ r) / rows) + 1)
    np.testing.assert_allclose(path.log_marginal_likelihood, expected, rtol=1e-12)


@both_intercepts
def test_factors_of_0_alone_are_least_squares_for_every_alpha(fit_intercept):
    X, y = data("tall")
    path = fr.ridge_path(X, y, [1e-3, 1e3], penalty_factor=np.zeros(8), fit_intercept=fit_intercept)
    coef, _ = ref.ridge(X, y, 0.0, fit_intercept)
    assert_close(path.coefs, np.column_stack([coef, coef]), 1e-10)
    np.testing.assert_allclose(path.df, 8 + fit_intercept, rtol=1e-10)
    np.testing.assert_allclose(path.loo, ref.ridge_loo(X, y, 0.0, fit_intercept), rtol=1e-9)
    rows = 30 - 8 - fit_intercept
    expected = -rows / 2 * (np.log(2 * np.pi * path.objectives / rows) + 1)
    np.testing.assert_allclose(path.log_marginal_likelihood, expected, rtol=1e-9)


@every_shape
def test_an_unpenalised_column_that_repeats_another_counts_once(shape):
    X, y = data(shape)
    X[:, 4] = X[:, 2]
    u = np.ones(X.shape[1])
    u[[2, 4]] = 0.0
    path = fr.ridge_path(X, y, ALPHAS, penalty_factor=u)
    u[4] = np.inf
    once = fr.ridge_path(X, y, ALPHAS, penalty_factor=u)
    assert_close(path.coefs[[2, 4]], np.tile(once.coefs[2] / 2, (2, 1)), 1e-8)
    for field in FIGURES:
        np.testing.assert_allclose(getattr(path, field), getattr(once, field), rtol=1e-8)


@every_shape
@every_option
def test_df_and_fit_fall_as_alpha_grows(name, shape):
    X, y = data(shape)
    path = fr.ridge_path(X, y, np.geomspace(1e5, 1e-5, 15), **options_for(name, shape))
    assert (np.diff(path.df) >= -1e-9).all()
    assert (np.diff(path.deviance_ratio) >= -1e-9).all()
    assert (np.diff(path.objectives) <= 1e-9 * path.objectives[:-1]).all()
    assert (path.df <= min(len(y), X.shape[1] + 1) + 1e-9).all()


# Odd data

entries = st.integers(-8, 8).map(lambda k: k / 4)
designs = st.tuples(st.integers(1, 10), st.integers(1, 10)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=entries),
        hnp.arrays(np.float64, shape[0], elements=entries),
        hnp.arrays(np.float64, shape[0], elements=st.sampled_from([0.0, 1.0, 1.0, 2.5])),
    )
)


@given(designs, st.sampled_from([0.0, 1e-9, 0.01, 1.0, 1e6]), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_odd_data(design, alpha, fit_intercept, weighted, standardize, stored_sparse):
    """Zero, constant and repeated columns and rows, one row or column, constant targets, few rows that count."""
    X, y, s = design
    options = {"fit_intercept": fit_intercept, "standardize": standardize}
    if weighted:
        s[0] = 1.0
        options["sample_weight"] = s
    path = fr.ridge_path(sparse.csc_array(X) if stored_sparse else X, y, [alpha], **options)
    kkt.assert_ridge_claims(X, y, path[0], alpha, **options)
    assert path.df[0] == pytest.approx(ref.ridge_df(X, alpha, **options), rel=1e-7, abs=1e-9)
    rows = np.count_nonzero(s) if weighted else len(y)
    # without an intercept or with others; standardised least squares of several minimisers is not of least norm in the limit
    if (rows > 1 or not fit_intercept) and not (standardize and alpha < 1e-8):
        assert path.loo[0] == pytest.approx(ref.ridge_loo(X, y, alpha, **options), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 2.0])
def test_one_row(alpha):
    x, y = np.array([[2.0, -1.0]]), np.array([3.0])
    path = fr.ridge_path(x, y, [alpha], fit_intercept=False)
    np.testing.assert_allclose(path.coefs[:, 0], x[0] * 3 / (5 + alpha), rtol=1e-14)
    assert path.df[0] == pytest.approx(5 / (5 + alpha), rel=1e-14)
    assert path.loo[0] == pytest.approx(9.0, rel=1e-12)
    path = fr.ridge_path(x, y, [alpha])  # the mean is all there is; what there is without it nobody can say
    assert not path.coefs.any()
    assert path.intercepts[0] == 3.0
    assert path.df[0] == pytest.approx(1.0, rel=1e-14)
    assert path.objectives[0] == 0.0
    assert "RidgePath" in repr(path)


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 2.0])
@pytest.mark.parametrize("far", [0.0, 2.0**30])
def test_two_rows_one_column_by_hand(far, alpha):
    path = fr.ridge_path(np.array([[-1.0], [1.0]]) + far, [-2.0, 2.0], [alpha])
    assert path.coefs[0, 0] == pytest.approx(4 / (2 + alpha), rel=1e-12)
    assert path.df[0] == pytest.approx(1 + 2 / (2 + alpha), rel=1e-12)
    assert path.loo[0] == pytest.approx(16.0, rel=1e-9)  # the other row's y is the whole prediction
    if alpha > 0:
        J = 8 * alpha / (2 + alpha)
        expected = -0.5 * (np.log(2 * np.pi * J) + 1 + np.log(1 + 2 / alpha))
        assert path.log_marginal_likelihood[0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("n", [2, 3, 30])
@both_intercepts
@pytest.mark.parametrize("weighted", [False, True])
def test_one_column(weighted, fit_intercept, n):
    X, y = problem(n, 1)
    options = {"fit_intercept": fit_intercept, "sample_weight": np.linspace(1.0, 2.0, n) if weighted else None}
    path = fr.ridge_path(X, y, ALPHAS, **options)
    for k, alpha in enumerate(ALPHAS):
        _, df, gcv, likelihood = ref.ridge_by_spectrum(X, y, alpha, **options)
        found = [path.df[k], path.gcv[k], path.log_marginal_likelihood[k], path.loo[k]]
        np.testing.assert_allclose(found, [df, gcv, likelihood, ref.ridge_loo(X, y, alpha, **options)], rtol=1e-9)


@every_shape
@pytest.mark.parametrize("value", [0.0, 0.1, -1e8])
def test_a_constant_target_is_its_mean(shape, value):
    X, _ = data(shape)
    path = fr.ridge_path(X, np.full(len(X), value), [1e-9, 1.0, 1e3])
    assert not path.coefs.any()
    np.testing.assert_array_equal(path.intercepts, value)
    np.testing.assert_array_equal(path.deviance_ratio, 0.0)
    assert (path.loo <= (64 * EPS * value) ** 2).all()
    assert (path.gcv <= (64 * EPS * value) ** 2).all()


@pytest.mark.parametrize("name", ["none", "no intercept", "standardize"])
def test_a_single_row_that_counts_is_that_row(name):
    X, y = data("tall")
    s = np.where(np.arange(30) == 4, 2.0, 0.0)
    options = options_for(name, "tall")
    path = fr.ridge_path(X, y, [0.0, 1.0], sample_weight=s, **options)
    for fit in path:
        kkt.assert_ridge_claims(X, y, fit, fit.alpha, sample_weight=s, **options)
    np.testing.assert_allclose(path.df[0], 1.0, rtol=1e-12)


# What comes back


@every_shape
def test_select_takes_the_best_alpha(shape):
    X, y = data(shape)
    path = fr.ridge_path(X, y, np.random.default_rng(0).permutation(np.geomspace(1e-3, 1e3, 13)))
    for criterion, best in {"loo": np.argmin, "gcv": np.argmin, "log_marginal_likelihood": np.argmax}.items():
        fit = path.select(criterion)
        assert fit.alpha == path.alphas[best(getattr(path, criterion))]
        np.testing.assert_array_equal(fit.coef, path.coefs[:, path.alphas == fit.alpha][:, 0])
    assert path.select().alpha == path.select("loo").alpha


def test_select_takes_the_larger_alpha_in_a_tie():
    X, _ = data("tall")
    path = fr.ridge_path(X, np.zeros(30), [1.0, 100.0, 10.0])
    np.testing.assert_array_equal(path.loo, 0.0)
    assert path.select("loo").alpha == 100.0
    assert path.select("gcv").alpha == 100.0


def test_select_says_what_it_needs():
    X, y = data("tall")
    path = fr.ridge_path(X, y, ALPHAS, leave_one_out=False)
    assert_refused(path.select, "leave_one_out")
    assert_refused(lambda: path.select("loo"), "leave_one_out")
    assert path.select("gcv").alpha in ALPHAS
    for criterion in ("ebic", "LOO", "", None):
        assert_refused(lambda criterion=criterion: path.select(criterion), "criterion", error=(ValueError, TypeError))


@pytest.mark.parametrize("kind", KINDS)
def test_predict_is_X_times_coefs(kind):
    dense, y = data("tall", kind)
    X = KINDS[kind](dense)
    path = fr.ridge_path(X, y, ALPHAS)
    every = path.predict(X)
    np.testing.assert_allclose(every, dense @ path.coefs + path.intercepts, rtol=1e-5 if "32" in kind else 1e-12)
    for k, alpha in enumerate(ALPHAS):
        np.testing.assert_allclose(path.predict(X, alpha), every[:, k], rtol=1e-12)
        np.testing.assert_allclose(path.predict(X, alpha=alpha), path[k].predict(X), rtol=1e-12)
    assert path.predict(X[:1]).shape == (1, len(ALPHAS))


def test_predict_between_two_alphas_is_between_their_predictions():
    X, y = data("tall")
    path = fr.ridge_path(X, y, ALPHAS)
    low, high = path.predict(X, 0.1), path.predict(X, 10.0)
    shares = [(path.predict(X, alpha) - low) @ (high - low) / ((high - low) @ (high - low)) for alpha in (0.2, 1.0, 5.0)]
    assert 0 < shares[0] < shares[1] < shares[2] < 1
    for alpha, share in zip((0.2, 1.0, 5.0), shares, strict=True):
        np.testing.assert_allclose(path.predict(X, alpha), (1 - share) * low + share * high, rtol=1e-9)


def test_predict_says_what_it_needs():
    X, y = data("tall")
    path = fr.ridge_path(X, y, ALPHAS)
    for alpha in (1e-4, 1e4):
        assert_refused(lambda alpha=alpha: path.predict(X, alpha), "alpha")
    assert_refused(lambda: path.predict(X[:, :5]), "X")
    assert_refused(lambda: path.predict(X, "1"), "alpha", error=TypeError)


def test_items_and_names():
    X, y = data("tall")
    path = fr.ridge_path(X, y, ALPHAS)
    assert path[np.int64(1)].alpha == ALPHAS[1]
    for k in (4, -5):
        with pytest.raises(IndexError, match="4 alphas"):
            path[k]
    with pytest.raises(TypeError):
        path["0"]
    assert [fit.alpha for fit in path] == list(ALPHAS)
    text = repr(path)
    assert text.startswith("RidgePath(")
    assert "4 alphas" in text
    assert "\n" not in text


@pytest.mark.parametrize("function", [fr.ridge_path, fr.ridge_cv])
def test_a_pickled_one_is_the_same(function):
    X, y = data("tall")
    found = function(X, y, ALPHAS)
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is type(found)
    np.testing.assert_equal(astuple(again), astuple(found))
    assert repr(again) == repr(found)
    assert again.predict(X).tobytes() == found.predict(X).tobytes()


# What is refused


def far_from_symmetric():
    P = np.eye(8)
    P[0, 1] = 0.5
    return P


@pytest.mark.parametrize(
    ("options", "names", "error"),
    [
        ({"alphas": [-1.0, 1.0]}, ["alphas", "-1"], ValueError),
        ({"alphas": [1.0, np.nan]}, ["alphas", "NaN"], ValueError),
        ({"alphas": [1.0, np.inf]}, ["alphas", "inf"], ValueError),
        ({"alphas": []}, ["alphas"], ValueError),
        ({"alphas": [[1.0]]}, ["alphas"], ValueError),
        ({"alphas": 0}, ["alphas"], ValueError),
        ({"alphas": -3}, ["alphas"], ValueError),
        ({"alphas": True}, ["alphas"], TypeError),
        ({"alphas": "many"}, ["alphas"], TypeError),
        ({"alphas": [1j]}, ["alphas"], TypeError),
        ({"fit_intercept": "yes"}, ["fit_intercept"], TypeError),
        ({"standardize": 2}, ["standardize"], TypeError),
        ({"leave_one_out": "yes"}, ["leave_one_out"], TypeError),
        ({"sample_weight": np.ones(29)}, ["sample_weight", "(29,)"], ValueError),
        ({"sample_weight": np.ones((30, 1))}, ["sample_weight", "(30, 1)"], ValueError),
        ({"sample_weight": -np.ones(30)}, ["sample_weight"], ValueError),
        ({"sample_weight": np.zeros(30)}, ["sample_weight"], ValueError),
        ({"sample_weight": np.full(30, np.nan)}, ["sample_weight"], ValueError),
        ({"offset": np.ones(8)}, ["offset", "(8,)"], ValueError),
        ({"offset": np.full(30, np.inf)}, ["offset"], ValueError),
        ({"penalty_factor": np.ones(7)}, ["penalty_factor", "(7,)"], ValueError),
        ({"penalty_factor": -np.ones(8)}, ["penalty_factor"], ValueError),
        ({"penalty_factor": np.full(8, np.nan)}, ["penalty_factor"], ValueError),
        ({"penalty_matrix": np.eye(7)}, ["penalty_matrix", "(7, 7)"], ValueError),
        ({"penalty_matrix": np.ones(8)}, ["penalty_matrix", "(8,)"], ValueError),
        ({"penalty_matrix": np.ones((8, 7))}, ["penalty_matrix", "(8, 7)"], ValueError),
        ({"penalty_matrix": far_from_symmetric()}, ["penalty_matrix", "symmetric"], ValueError),
        ({"penalty_matrix": -np.eye(8)}, ["penalty_matrix", "eigenvalue"], ValueError),
        ({"penalty_matrix": np.diag([1.0] * 7 + [-1e-3])}, ["penalty_matrix", "eigenvalue"], ValueError),
        ({"penalty_matrix": np.full((8, 8), np.nan)}, ["penalty_matrix"], ValueError),
        ({"penalty_matrix": np.diag([np.inf] * 8)}, ["penalty_matrix"], ValueError),
        ({"penalty_matrix": np.eye(8) * 1j}, ["penalty_matrix"], TypeError),
        ({"penalty_matrix": np.eye(8), "penalty_factor": np.ones(8)}, ["penalty_matrix", "penalty_factor"], ValueError),
        ({"penalty_matrix": np.eye(8), "standardize": True}, ["penalty_matrix", "standardize"], ValueError),
        ({"X": np.full((30, 8), np.nan)}, ["X"], ValueError),
        ({"X": np.zeros((0, 8))}, ["X"], ValueError),
        ({"X": np.zeros(30)}, ["X"], ValueError),
        ({"X": np.ones((30, 8), complex)}, ["X"], TypeError),
        ({"y": np.zeros(29)}, ["y", "29"], ValueError),
        ({"y": np.zeros((30, 0))}, ["y"], ValueError),
        ({"y": np.full(30, np.inf)}, ["y"], ValueError),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(options, names, error):
    X, y = data("tall")
    assert_refused(lambda: fr.ridge_path(**({"X": X, "y": y, "alphas": [1.0]} | options)), *names, error=error)


def test_a_matrix_symmetric_and_semi_definite_but_for_rounding_will_do():
    X, y = data("tall")
    A = np.random.default_rng(0).standard_normal((3, 8))
    P = A.T @ A
    P[0, 1] *= 1 + 4 * EPS
    path = fr.ridge_path(X, y, ALPHAS, penalty_matrix=P)
    assert_same(path, fr.ridge_path(X, y, ALPHAS, penalty_matrix=(P + P.T) / 2), 1e-8)


def test_lines_along_the_columns_cost_nothing_under_second_differences():
    """As alpha grows, w becomes the best straight line: two directions and the intercept are left."""
    X, y = data("tall")
    path = fr.ridge_path(X, y, [1e9], penalty_matrix=differences(8))
    assert path.df[0] == pytest.approx(3.0, abs=1e-6)
    line = X @ np.column_stack([np.ones(8), np.arange(8.0)])
    c, b = ref.ridge(line, y, 0.0)
    np.testing.assert_allclose(path.predict(X)[:, 0], line @ c + b, atol=1e-6)


def fat_with(columns, p=20):
    """Fat X and y, and factors: these columns, which are not penalised, come first."""
    rng = np.random.default_rng(17)
    n, k = columns.shape
    u = np.ones(p)
    u[:k] = 0.0
    return np.hstack([columns, rng.standard_normal((n, p - k))]), rng.standard_normal(n), u


def refits(X, y, alpha, **options):
    """The mean square of the errors of `ridge` on each row left out."""
    errors = []
    for i in range(len(y)):
        fit = fr.ridge(np.delete(X, i, axis=0), np.delete(y, i), alpha, **options)
        errors.append(y[i] - fit.predict(X[i : i + 1])[0])
    return np.mean(np.square(errors))


@both_intercepts
@pytest.mark.parametrize("alpha", [1.0, 1e-6])
def test_a_row_of_fat_data_with_an_unpenalised_column_of_its_own_is_predicted_without_it(alpha, fit_intercept):
    X, y, u = fat_with(np.eye(8)[:, [3]])
    path = fr.ridge_path(X, y, [alpha], penalty_factor=u, fit_intercept=fit_intercept)
    assert_close(path.loo, [refits(X, y, alpha, penalty_factor=u, fit_intercept=fit_intercept)], 1e-7)


@pytest.mark.parametrize("n", [2, 4, 5, 6, 7])
def test_penalised_columns_of_fat_data_that_repeat_unpenalised_ones_are_worth_nothing(n):
    X, y = np.full((n, 8), 1e8), 1.0 - 1e-4 * np.arange(n)
    u = np.array([1.0, np.inf, 0.0, 1.0, 0.0, 1e-3, np.inf, 0.0])
    path = fr.ridge_path(X, y, [4.8e12], penalty_factor=u, fit_intercept=False, standardize=True)
    assert_close(path.objectives, [((y - y.mean()) ** 2).sum()], 1e-6)
    assert_close(path.df, [1.0], 1e-9)


@both_intercepts
def test_fat_columns_that_are_all_constant_or_excluded_leave_the_mean(fit_intercept):
    y = np.array([1.0, 2.0, 6.0])
    left = y - fit_intercept * y.mean()
    for X, u in ((np.eye(3, 5), np.full(5, np.inf)), (np.zeros((3, 5)), np.ones(5))):
        path = fr.ridge_path(X, y, [0.0, 1e-310, 1.0], penalty_factor=u, fit_intercept=fit_intercept)
        assert_close(path.objectives, [left @ left] * 3, 1e-14)
        assert_close(path.loo, [refits(X, y, 1.0, penalty_factor=u, fit_intercept=fit_intercept)] * 3, 1e-14)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_a_singular_matrix_over_more_unpenalised_directions_than_rows(n):
    rng = np.random.default_rng(19)
    X, y, D = rng.standard_normal((n, 10)), rng.standard_normal(n), np.diag([1.0, 1.0] + [0.0] * 8)
    for fit in (fr.ridge(X, y, 1.0, penalty_matrix=D), fr.ridge_path(X, y, [1.0, 1e-9], penalty_matrix=D)[0]):
        assert fit.objective <= 1e-12 * (y @ y)
        assert np.abs(X @ fit.coef + fit.intercept - y).max() < 1e-10


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_constant_column_that_a_matrix_does_not_penalise_has_no_coefficient(alpha):
    X, y = np.column_stack([np.arange(5.0), np.full(5, 2.0)]), np.array([1.0, 0.0, 3.0, 2.0, 5.0])
    for D in (np.diag([1.0, 0.0]), np.zeros((2, 2))):
        fit = fr.ridge(X, y, alpha, penalty_matrix=D)
        alone = fr.ridge(X[:, :1], y, alpha * D[0, 0])
        assert_close(fit.coef, [alone.coef[0], 0.0], 1e-12)
        assert_close(fr.ridge_path(X, y, [alpha], penalty_matrix=D).coefs[:, 0], fit.coef, 1e-12)
    assert fr.ridge_path(X[:1], y[:1], [alpha], penalty_matrix=np.eye(2)).coefs.tolist() == [[0.0], [0.0]]


def test_unpenalised_columns_far_from_zero_span_no_more_than_there_are_rows():
    rng = np.random.default_rng(20)
    X, y = rng.standard_normal((4, 9)) + 1e8, rng.standard_normal(4)
    path = fr.ridge_path(X, y, [1.0], penalty_factor=np.zeros(9))
    assert path.df[0] <= 4.0
    assert path.objectives[0] <= 1e-10 * (y @ y)


def test_unpenalised_columns_that_depend_on_one_another_are_said_to():
    X, y, u = fat_with(np.repeat(np.arange(8.0)[:, None] ** 2, 2, axis=1))
    fit = fr.ridge(X, y, 1.0, penalty_factor=u)
    assert fit.status is fr.Status.MINIMUM_NORM
    assert fit.coef[0] == pytest.approx(fit.coef[1])


def test_a_gap_counts_columns_too_short_for_the_singular_values():
    X = np.random.default_rng(21).standard_normal((6, 2)) * [1.0, 1e-30]
    y = X[:, 1] / 1e-30
    path = fr.ridge_path(X, y, [1e-58])
    best = fr.ridge(X / [1.0, 1e-30], y, 1e-58, penalty_factor=[1.0, 1e60]).objective
    assert path.objectives[0] - path.dual_gaps[0] <= best
