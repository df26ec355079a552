"""What is known of ridge regression, whatever computes it: each test states a fact of its own, with no twin of a solver."""

import numpy as np
import pytest
from conftest import problem
from ridge_cases import assert_close, both_intercepts
from scipy import sparse

import fastreg as fr

SHAPES = {"tall": (40, 7), "square": (20, 20), "fat": (9, 40)}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
KINDS = {
    "dense": np.asarray,
    "CSC": sparse.csc_array,
    "CSR": sparse.csr_array,
    "COO": sparse.coo_array,
    "LIL": sparse.lil_array,
    "DOK": sparse.dok_array,
}
every_kind = pytest.mark.parametrize("kind", KINDS)
ALPHAS = [1e-3, 0.1, 1.0, 10.0, 1e3]


def known_answer(shape, alpha, fit_intercept=True, s=None, seed=0):
    """X, y, w, b with (w, b) optimal by construction: for any r with s'r = 0, w = X'Sr / alpha and y = Xw + b + r."""
    X, _ = problem(*shape, seed=seed, offset=0.5)
    r = np.random.default_rng(seed + 1).standard_normal(shape[0])
    s = np.ones(shape[0]) if s is None else s
    if fit_intercept:
        r -= np.average(r, weights=s)
    w, b = X.T @ (s * r) / alpha, 3.0 * fit_intercept
    return X, X @ w + b + r, w, b


def far_and_sparse(shape, seed=0):
    """Half of the entries 0, the others near 30, so that centring is most of the work, and y."""
    rng = np.random.default_rng(seed)
    X = np.where(rng.random(shape) < 0.5, 0.0, 30.0 + rng.standard_normal(shape))
    return X, X @ rng.standard_normal(shape[1]) + 13.0 + rng.standard_normal(shape[0])


def left_out(X, y, alpha, groups=None, **options):
    """Squared errors of the rows of each group from a fit of the other rows; every row is a group if there are none."""
    groups = np.arange(len(y)) if groups is None else groups
    weight = options.pop("sample_weight", None)
    errors = np.zeros(y.shape)
    for group in np.unique(groups):
        out = groups == group
        rest = {} if weight is None else {"sample_weight": weight[~out]}
        fit = fr.ridge(X[~out], y[~out], alpha, **rest, **options)
        errors[out] = (y[out] - fit.predict(X[out])) ** 2
    return errors


# Answers known beforehand


@every_shape
@both_intercepts
@pytest.mark.parametrize("alpha", [1e-2, 1.0, 100.0])
@pytest.mark.parametrize("weighted", [False, True])
@every_kind
def test_an_answer_made_up_to_be_optimal_is_found(kind, weighted, alpha, fit_intercept, shape):
    s = np.linspace(0.5, 2.0, shape[0]) if weighted else None
    X, y, w, b = known_answer(shape, alpha, fit_intercept, s)
    fit = fr.ridge(KINDS[kind](X), y, alpha, fit_intercept=fit_intercept, sample_weight=s)
    assert_close(fit.coef, w, 1e-8)
    assert fit.intercept == pytest.approx(b, abs=1e-8 * np.abs(w).sum())
    path = fr.ridge_path(KINDS[kind](X), y, [1.5 * alpha, alpha], fit_intercept=fit_intercept, sample_weight=s)
    assert_close(path.coefs[:, 1], w, 1e-8)


@every_shape
@both_intercepts
def test_columns_halved_and_doubled_in_number_share_the_coefficients_of_twice_alpha(shape, fit_intercept):
    """[X, X]/2 [v, v] = Xv, and |[v, v]|^2 = 2 |v|^2."""
    X, y, w, b = known_answer(shape, 1.0, fit_intercept)
    for fit in (
        fr.ridge(np.hstack([X, X]) / 2, y, 0.5, fit_intercept=fit_intercept),
        fr.ridge_path(np.hstack([X, X]) / 2, y, [0.5, 2.0], fit_intercept=fit_intercept)[0],
    ):
        assert_close(fit.coef, np.tile(w, 2), 1e-9)
        assert fit.intercept == pytest.approx(b, abs=1e-9 * np.abs(w).sum())


@every_shape
@both_intercepts
def test_rows_doubled_in_number_want_twice_the_alpha(shape, fit_intercept):
    X, y, w, b = known_answer(shape, 1.0, fit_intercept)
    X, y = np.vstack([X, X]), np.append(y, y)
    for fit in (
        fr.ridge(X, y, 2.0, fit_intercept=fit_intercept),
        fr.ridge_path(X, y, [2.0, 0.5], fit_intercept=fit_intercept)[0],
    ):
        assert_close(fit.coef, w, 1e-9)
        assert fit.intercept == pytest.approx(b, abs=1e-9 * np.abs(w).sum())


@every_shape
@both_intercepts
@every_kind
def test_a_row_may_be_shared_out_among_weights_that_add_up(kind, fit_intercept, shape):
    """s (y - x'w)^2 + (1 - s) (y - x'w)^2 is one row; times c, one row of c alpha."""
    X, y, w, b = known_answer(shape, 1.0, fit_intercept)
    share = np.random.default_rng(3).random(len(y))
    X, y, s = np.vstack([X, X]), np.append(y, y), np.append(share, 1 - share)
    for scale in (1.0, 0.01):
        fit = fr.ridge(KINDS[kind](X), y, scale, sample_weight=scale * s, fit_intercept=fit_intercept)
        assert_close(fit.coef, w, 1e-9)
        assert fit.intercept == pytest.approx(b, abs=1e-9 * np.abs(w).sum())


# No penalty


@both_intercepts
@pytest.mark.parametrize("copies", ["none", "columns", "rows"])
def test_without_a_penalty_tall_data_gives_least_squares(copies, fit_intercept):
    """y = Xw + b + something orthogonal to the columns and the constant."""
    X, noise = problem(40, 7)
    w, b = np.random.default_rng(1).uniform(-10, 10, 7), 2.0 * fit_intercept
    Z = np.column_stack([X, np.ones(40)])
    y = X @ w + b + noise - Z @ np.linalg.lstsq(Z, noise, rcond=None)[0]
    if copies == "columns":
        X, w = np.hstack([X, X]) / 2, np.tile(w, 2)
    if copies == "rows":
        X, y = np.vstack([X, X]), np.append(y, y)
    for fit in (fr.ridge(X, y, 0.0, fit_intercept=fit_intercept), fr.ridge_path(X, y, [0.0], fit_intercept=fit_intercept)[0]):
        assert_close(fit.coef, w, 1e-10)
        assert fit.intercept == pytest.approx(b, abs=1e-10)


@both_intercepts
@pytest.mark.parametrize("copies", ["none", "columns", "rows"])
def test_without_a_penalty_fat_data_is_interpolated_by_the_shortest_w(copies, fit_intercept):
    """w = X'c with 1'c = 0 where there is an intercept: orthogonal to what changes no fitted value but by a constant."""
    X, _ = problem(9, 40)
    c = np.random.default_rng(1).standard_normal(9)
    c -= c.mean() * fit_intercept
    w, b = X.T @ c, 2.0 * fit_intercept
    y = X @ w + b
    if copies == "columns":
        X, w = np.hstack([X, X]) / 2, np.tile(w, 2)
    if copies == "rows":
        X, y = np.vstack([X, X]), np.append(y, y)
    for fit in (fr.ridge(X, y, 0.0, fit_intercept=fit_intercept), fr.ridge_path(X, y, [0.0], fit_intercept=fit_intercept)[0]):
        assert fit.status is fr.Status.MINIMUM_NORM
        np.testing.assert_allclose(fit.predict(X), y, atol=1e-11)
        assert_close(fit.coef, w, 1e-10)
        assert fit.intercept == pytest.approx(b, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["dense", "CSR"])
@every_shape
@both_intercepts
def test_limits_of_alpha(fit_intercept, shape, kind, dtype):
    """Next to none is least squares (of least norm); next to infinite leaves the mean."""
    X, y = problem(*shape, noise=0.0, offset=1.0)
    X = X.astype(dtype)
    A, z = X.astype(float), y
    if fit_intercept:
        A, z = A - A.mean(axis=0), y - y.mean()
    best = np.linalg.lstsq(A, z, rcond=1e-12)[0]
    for fit in (
        fr.ridge_path(KINDS[kind](X), y, [1e-16, 1e16], fit_intercept=fit_intercept)[0],
        fr.ridge_cv(KINDS[kind](X), y, [1e-16], fit_intercept=fit_intercept).fit,
    ):
        assert_close(fit.coef, best, 1e-7)
    path = fr.ridge_path(KINDS[kind](X), y, [1e16], fit_intercept=fit_intercept)
    np.testing.assert_allclose(path.coefs, 0.0, atol=1e-10)
    assert path.intercepts[0] == pytest.approx(y.mean() if fit_intercept else 0.0, abs=1e-10)
    assert path.df[0] == pytest.approx(float(fit_intercept), abs=1e-10)
    assert path.deviance_ratio[0] == pytest.approx(0.0, abs=1e-10)


# Either form, and the intercept


@pytest.mark.parametrize("alpha", [1e-2, 1.0])
@every_shape
def test_the_dual_solution_is_the_primal_one(alpha, shape):
    X, y = problem(*shape)
    dual = X.T @ np.linalg.solve(X @ X.T + alpha * np.eye(len(y)), y)
    primal = np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)
    assert_close(fr.ridge(X, y, alpha, fit_intercept=False).coef, dual, 1e-8)
    assert_close(fr.ridge_path(X, y, [alpha, 2.0], fit_intercept=False).coefs[:, 0], primal, 1e-8)


@every_shape
def test_a_constant_added_to_y_is_added_to_the_intercept(shape):
    X, y = problem(*shape)
    fit = fr.ridge(X, np.column_stack([y, y + 1.0]), 1.0)
    assert fit.intercept[1] - fit.intercept[0] == pytest.approx(1.0, rel=1e-12)
    assert_close(fit.coef[:, 1], fit.coef[:, 0], 1e-12)
    one, other = fr.ridge_path(X, np.column_stack([y, y + 1.0]), ALPHAS)
    np.testing.assert_allclose(other.intercepts - one.intercepts, 1.0, rtol=1e-11)
    for field in ("df", "gcv", "loo", "log_marginal_likelihood"):
        np.testing.assert_allclose(getattr(other, field), getattr(one, field), rtol=1e-10)


@every_shape
def test_a_constant_added_to_a_column_is_taken_off_the_intercept(shape):
    X, y = problem(*shape)
    path, moved = fr.ridge_path(X, y, ALPHAS), fr.ridge_path(X + np.arange(X.shape[1]), y, ALPHAS)
    assert_close(moved.coefs, path.coefs, 1e-9)
    np.testing.assert_allclose(moved.intercepts, path.intercepts - np.arange(X.shape[1]) @ path.coefs, atol=1e-9)
    for field in ("df", "gcv", "loo", "log_marginal_likelihood"):
        np.testing.assert_allclose(getattr(moved, field), getattr(path, field), rtol=1e-9)


def test_a_large_intercept_does_not_hide_the_coefficients():
    X = np.random.default_rng(0).random((1000, 3))
    for kind in (np.asarray, sparse.csr_array):
        fit = fr.ridge_path(kind(X), X @ [1.0, 2.0, 0.1] + 1e4, [1e-3])[0]
        np.testing.assert_allclose(fit.coef, [1.0, 2.0, 0.1], atol=1e-4)
        assert fit.intercept == pytest.approx(1e4, abs=1e-3)


# Shapes and types


def test_shapes_and_types_follow_those_of_y():
    X, y = problem(5, 10)
    for z, coef, many in ((y, (10,), ()), (y[:, None], (10, 1), (1,)), (np.column_stack([y, 1 + y]), (10, 2), (2,))):
        fit = fr.ridge(X, z, 1.0)
        assert fit.coef.shape == coef
        assert np.shape(fit.intercept) == many
        assert isinstance(fit.intercept, np.ndarray if many else float)
        for cv in ("loo", 2):
            found = fr.ridge_cv(X, z, [1.0, 10.0], cv=cv).fit
            assert found.coef.shape == coef
            assert np.shape(found.intercept) == many


@pytest.mark.parametrize("alpha", ALPHAS)
def test_float32_data_lose_the_digits_that_they_do_not_have(alpha):
    X, y = problem(20, 6)
    fit, short = (fr.ridge(X.astype(dtype), y.astype(dtype), alpha) for dtype in (np.float64, np.float32))
    assert short.coef.dtype == np.float64
    assert_close(short.coef, fit.coef, 1e-5)
    figures = [fr.ridge_path(X.astype(dtype), y.astype(dtype), [alpha]) for dtype in (np.float64, np.float32)]
    assert figures[1].loo[0] == pytest.approx(figures[0].loo[0], rel=1e-4)


def test_every_second_row_of_a_larger_array_will_do():
    X, y = problem(60, 7)
    path, same = fr.ridge_path(X[::2], y[::2], ALPHAS), fr.ridge_path(X[::2].copy(), y[::2].copy(), ALPHAS)
    assert_close(path.coefs, same.coefs, 1e-12)
    np.testing.assert_allclose(path.loo, same.loo, rtol=1e-11)


def test_whole_alphas_and_whole_data():
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 5, (20, 10)), rng.integers(0, 5, 20)
    found, same = fr.ridge_cv(X, y, (1, 10, 100)), fr.ridge_cv(X.astype(float), y.astype(float), (1.0, 10.0, 100.0))
    np.testing.assert_allclose(found.errors, same.errors, rtol=1e-11)
    assert found.errors.dtype == np.float64
    assert_close(found.fit.coef, same.fit.coef, 1e-12)
    assert found.alpha == same.alpha


# Sparse X


@every_kind
@pytest.mark.parametrize("weighted", [False, True])
@both_intercepts
@pytest.mark.parametrize("shape", [(100, 20), (20, 40), (2, 3), (3, 2)])
def test_sparse_columns_far_from_zero_are_centred_as_dense_ones(shape, fit_intercept, weighted, kind):
    X, y = far_and_sparse(shape)
    s = 1.0 + np.random.default_rng(1).random(len(y)) if weighted else None
    options = {"fit_intercept": fit_intercept, "sample_weight": s}
    dense, path = (fr.ridge_path(A, y, [0.1, 1.0, 100.0], **options) for A in (X, KINDS[kind](X)))
    assert_close(path.coefs, dense.coefs, 1e-8)
    np.testing.assert_allclose(path.intercepts, dense.intercepts, rtol=1e-7, atol=1e-6)
    for field in ("df", "gcv", "loo", "log_marginal_likelihood"):
        np.testing.assert_allclose(getattr(path, field), getattr(dense, field), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("density", [0.1, 0.2, 1.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [20, 40])
def test_every_way_to_a_fit_leads_to_the_same(n, dtype, density):
    rng = np.random.default_rng(2)
    X = np.where(rng.random((n, 30)) < density, rng.random((n, 30)), 0.0).astype(dtype)
    y = 100 * rng.standard_normal(n)
    fits = [
        fit
        for A in (X, np.asfortranarray(X), sparse.csr_array(X), sparse.csc_array(X))
        for fit in (fr.ridge(A, y, 1.0), fr.ridge_path(A, y, [3.0, 1.0])[1], fr.ridge_cv(A, y, [1.0], cv=4).fit)
    ]
    for fit in fits:
        assert_close(fit.coef, fits[0].coef, 1e-9)
        assert fit.intercept == pytest.approx(fits[0].intercept, rel=1e-9)


# Several targets


def test_targets_may_have_penalties_of_their_own():
    rng = np.random.default_rng(0)
    X, Y, alphas = rng.standard_normal((20, 10)), rng.standard_normal((20, 5)), np.arange(5)
    fit = fr.ridge(X, Y, alphas)
    for k, alpha in enumerate(alphas):
        assert_close(fit.coef[:, k], fr.ridge(X, Y[:, k], float(alpha)).coef, 1e-10)
    with pytest.raises(ValueError, match="alpha"):
        fr.ridge(X, Y, alphas[:-1])


def test_targets_choose_the_alphas_that_they_would_choose_alone():
    rng = np.random.default_rng(1)
    Y = rng.standard_normal((20, 3))
    X = Y @ np.outer([1.0, 0.05, 0.001], np.ones(5)) + rng.standard_normal((20, 5))
    alphas = (1.0, 100.0, 1000.0)
    alone = [fr.ridge_cv(X, z, alphas).alpha for z in Y.T]
    found = fr.ridge_cv(X, Y, alphas, alpha_per_target=True)
    np.testing.assert_array_equal(found.alpha, alone)
    assert_close(found.fit.coef, fr.ridge(X, Y, found.alpha).coef, 1e-12)
    assert found.errors.shape == (3, 3)
    single = fr.ridge_cv(X, Y, [1.0], alpha_per_target=True)
    assert single.alpha.shape == (3,)
    assert single.errors.shape == (1, 3)


def test_a_target_twice_is_predicted_twice():
    X, y = problem(40, 7)
    one, two = fr.ridge_cv(X, y, ALPHAS), fr.ridge_cv(X, np.column_stack([y, y]), ALPHAS)
    assert one.alpha == two.alpha
    np.testing.assert_allclose(two.predict(X), np.column_stack([one.predict(X)] * 2), rtol=1e-11)


# Rows left out


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["dense", "CSR"])
@pytest.mark.parametrize("p", [8, 20])
@both_intercepts
@pytest.mark.parametrize("targets", [1, 3])
def test_leaving_one_out_is_as_many_fits_as_rows(targets, fit_intercept, p, kind, dtype):
    X, y = far_and_sparse((11, p))
    X = X.astype(dtype)
    Y = np.column_stack([y, y**2 / 100, -y])[:, :targets] if targets > 1 else y
    found = fr.ridge_cv(KINDS[kind](X), Y, ALPHAS, fit_intercept=fit_intercept)
    dense = X.astype(float)
    expected = [left_out(dense, Y, alpha, fit_intercept=fit_intercept).mean() for alpha in ALPHAS]
    np.testing.assert_allclose(found.errors, expected, rtol=1e-6)
    assert found.alpha == ALPHAS[int(np.argmin(expected))]
    assert_close(found.fit.coef, fr.ridge(dense, Y, found.alpha, fit_intercept=fit_intercept).coef, 1e-7)


@pytest.mark.parametrize("p", [8, 20])
@both_intercepts
@pytest.mark.parametrize("kind", ["dense", "CSR"])
def test_a_whole_weight_is_a_group_of_rows_left_out_together(kind, fit_intercept, p):
    X, y = far_and_sparse((11, p))
    s = np.random.default_rng(4).integers(1, 5, 11)
    groups = np.repeat(np.arange(11), s)
    path = fr.ridge_path(KINDS[kind](X), y, ALPHAS, sample_weight=s, fit_intercept=fit_intercept)
    grouped = fr.ridge_cv(X[groups], y[groups], ALPHAS, cv=groups, fit_intercept=fit_intercept)
    for k, alpha in enumerate(ALPHAS):
        errors = left_out(X[groups], y[groups], alpha, groups, fit_intercept=fit_intercept)
        assert path.loo[k] == pytest.approx(errors.mean(), rel=1e-6)
        assert path.loo[k] == pytest.approx(np.average(grouped.fold_errors[:, k], weights=s), rel=1e-6)


@pytest.mark.parametrize("shape", [(50, 10), (10, 50)], ids=["tall", "fat"])
@both_intercepts
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_are_left_out_exactly_over_twelve_decades_of_alpha(weighted, fit_intercept, shape):
    X, y = problem(*shape)
    s = np.where(np.arange(len(y)) % 2, 1.0, 0.5)
    options = {"fit_intercept": fit_intercept} | ({"sample_weight": s} if weighted else {})
    alphas = np.logspace(-5, 7, 5)
    path = fr.ridge_path(X, y, alphas, **options)
    expected = [np.average(left_out(X, y, alpha, **options), weights=s if weighted else None) for alpha in alphas]
    np.testing.assert_allclose(path.loo, expected, rtol=1e-7)


def test_a_row_of_tiny_weight_is_predicted_by_all_others():
    """Its leverage goes to 0, so that its error is its residual."""
    X, y = problem(20, 4)
    s = np.append(np.ones(19), 1e-12)
    path, rest = fr.ridge_path(X, y, ALPHAS, sample_weight=s), fr.ridge_path(X[:19], y[:19], ALPHAS)
    assert_close(path.coefs, rest.coefs, 1e-9)
    np.testing.assert_allclose(path.loo, rest.loo, rtol=1e-9)


def test_gcv_is_leaving_one_out_where_all_rows_have_one_leverage():
    """Golub, Heath and Wahba (1979): so for circulant X, whose rows differ by a turn."""
    x = np.random.default_rng(0).standard_normal(12)
    X = np.array([np.roll(x, k) for k in range(12)])
    y = np.random.default_rng(1).standard_normal(12)
    for options in ({}, {"fit_intercept": False}):
        path = fr.ridge_path(X, y, ALPHAS, **options)
        np.testing.assert_allclose(path.gcv, path.loo, rtol=1e-8)


def test_gcv_does_not_depend_on_the_basis_of_the_rows_as_leaving_one_out_does():
    X, y = problem(12, 5)
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 12)))
    path, turned = (fr.ridge_path(A, z, ALPHAS, fit_intercept=False) for A, z in ((X, y), (Q @ X, Q @ y)))
    np.testing.assert_allclose(turned.gcv, path.gcv, rtol=1e-9)
    np.testing.assert_allclose(turned.log_marginal_likelihood, path.log_marginal_likelihood, rtol=1e-9)
    assert (np.abs(turned.loo / path.loo - 1) > 1e-3).any()


# Degrees of freedom and likelihood


@every_shape
def test_df_without_an_intercept_is_a_sum_over_singular_values(shape):
    """Hastie, Tibshirani and Friedman (2009), eq. 3.50."""
    X, y = problem(*shape)
    squares = np.linalg.svd(X, compute_uv=False) ** 2
    path = fr.ridge_path(X, y, ALPHAS, fit_intercept=False)
    np.testing.assert_allclose(path.df, [np.sum(squares / (squares + alpha)) for alpha in ALPHAS], rtol=1e-9)


@every_shape
def test_df_is_the_covariance_of_y_and_its_fit(shape):
    """Efron (1986): the sum of d fitted_i / d y_i, here by moving one y_i at a time, exact as the fit is linear in y."""
    X, y = problem(*shape)
    path = fr.ridge_path(X, y, ALPHAS)
    moved = fr.ridge_path(X, y[:, None] + np.eye(len(y)), ALPHAS, leave_one_out=False)
    rates = [one.predict(X)[i] - path.predict(X)[i] for i, one in enumerate(moved)]
    np.testing.assert_allclose(path.df, np.sum(rates, axis=0), rtol=1e-9)


@every_shape
@both_intercepts
def test_the_slope_of_the_likelihood_compares_penalty_and_df(fit_intercept, shape):
    """MacKay (1992), eq. 4.8: d log likelihood / d log alpha = 1/2 (df of the penalised - n' alpha |w|^2 / J)."""
    X, y = problem(*shape)
    step = 1e-4
    for alpha in (0.1, 1.0, 30.0):
        path = fr.ridge_path(X, y, alpha * np.exp([-step, 0.0, step]), fit_intercept=fit_intercept)
        low, _, high = path.log_marginal_likelihood
        rows = len(y) - fit_intercept
        share = rows * alpha * np.sum(path.coefs[:, 1] ** 2) / path.objectives[1]
        slope = (path.df[1] - fit_intercept - share) / 2
        assert (high - low) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_likelihood_finds_the_ratio_of_variances_that_made_the_data():
    """w ~ N(0, sigma2 / alpha): 400 coefficients tell alpha to a factor of 1.5."""
    for alpha in (5.0, 500.0):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((600, 400))
        y = X @ rng.standard_normal(400) / np.sqrt(alpha) + rng.standard_normal(600)
        path = fr.ridge_path(X, y, alpha * np.geomspace(1e-2, 1e2, 41), leave_one_out=False)
        assert alpha / 1.5 < path.select("log_marginal_likelihood").alpha < 1.5 * alpha


# Weights


@both_intercepts
@pytest.mark.parametrize("kind", ["dense", "CSR"])
@pytest.mark.parametrize("p", [6, 24], ids=["tall", "fat"])
def test_what_weights_mean(p, kind, fit_intercept):
    rng = np.random.default_rng(0)
    X, y, s = rng.random((12, p)), rng.random(12), rng.uniform(0.01, 2.0, 12)
    form = KINDS[kind]

    def fit(X, y, s, alpha=1.0):
        found = fr.ridge(form(X), y, alpha, sample_weight=s, fit_intercept=fit_intercept)
        path = fr.ridge_path(form(X), y, [alpha], sample_weight=s, fit_intercept=fit_intercept)
        assert_close(path.coefs[:, 0], found.coef, 1e-9)
        return np.append(found.coef, found.intercept)

    assert_close(fit(X, y, np.ones(12)), fit(X, y, None), 1e-10)
    none = np.where(np.arange(12) < 7, s, 0.0)
    wild = np.where(none > 0, y, 1000 * y)
    assert_close(fit(X, wild, none), fit(X[:7], y[:7], s[:7]), 1e-10)
    assert_close(fit(X, y, np.pi * s, np.pi), fit(X, y, s), 1e-10)
    doubled = np.where(np.arange(12) < 6, 2 * s, s)
    assert_close(fit(np.vstack([X, X[:6]]), np.append(y, y[:6]), np.append(s, s[:6])), fit(X, y, doubled), 1e-10)


# Signs


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.1, 1.0])
@both_intercepts
def test_positive_coefficients_are_positive_where_the_best_are_not(fit_intercept, alpha):
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    y = X @ [1.0, -10.0] + 20.0 * fit_intercept
    fit = fr.ridge(X, y, alpha, positive=True, fit_intercept=fit_intercept)
    assert (fit.coef >= 0).all()
    assert fr.ridge(X, y, alpha, fit_intercept=fit_intercept).objective < fit.objective


@pytest.mark.parametrize("alpha", [1e-3, 0.1, 1.0])
@both_intercepts
def test_asking_for_positive_coefficients_changes_nothing_where_they_are(fit_intercept, alpha):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 50))
    y = X @ rng.uniform(0.1, 1.0, 50) + fit_intercept + 0.01 * rng.standard_normal(300)
    free, positive = (fr.ridge(X, y, alpha, positive=sign, fit_intercept=fit_intercept) for sign in (False, True))
    assert (free.coef > 0).all()
    assert_close(positive.coef, free.coef, 1e-3)
    assert positive.objective == pytest.approx(free.objective, rel=1e-6)


@pytest.mark.parametrize("alpha", [1e-2, 1.0])
def test_no_positive_coefficients_nearby_are_better(alpha):
    X, y = problem(60, 60)
    fit = fr.ridge(X, y, alpha, positive=True)
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3):
        for _ in range(50):
            w = fit.coef + size * rng.random(60)
            r = y - X @ w
            value = np.sum((r - r.mean()) ** 2) + alpha * (w @ w)
            assert value >= fit.objective - fit.dual_gap
