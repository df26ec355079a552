"""Selection by information criteria: the formulas, what counts as a row or a parameter, and fits that fit everything."""

import numpy as np
import pytest
import reference as ref
from conftest import LAYOUTS, factors, known, problem, weights

import fastreg as fr

NAMES = ("aic", "aicc", "bic", "ebic", "gcv")
OPTIONS = {
    "none": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": weights(40)},
    "factors": {"penalty_factor": factors(12)},
    "offset, standardize": {"offset": known(40), "standardize": True},
}


def twin(name, X, y, path, noise=None, gamma=1.0, fit_intercept=True, **options):
    """ref.criterion at every alpha."""
    n = np.count_nonzero(options.get("sample_weight", np.ones(len(y))))
    v = np.asarray(options.get("penalty_factor", np.ones(path.n_features)))
    count = {"candidates": np.count_nonzero((v > 0) & (v < np.inf)), "gamma": gamma, "noise": noise}
    values = []
    for fit in path:
        k, chosen = fit.support.size + fit_intercept, np.count_nonzero(v[fit.support])
        values.append(ref.criterion(name, X, y, fit.coef, fit.intercept, k, n, chosen=chosen, **count, **options))
    return np.array(values)


# The formulas


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_formulas(name, options):
    X, y = problem(40, 12, offset=1.0)
    path = fr.lasso_path(X, y, alphas=12, alpha_min_ratio=1e-3, tol=1e-12, **options)
    expected = twin(name, X, y, path, **options)
    np.testing.assert_allclose(path.criterion(name), expected, rtol=1e-10)
    assert path.select(name).alpha == path.alphas[np.argmin(expected)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout):
    X, y = problem(40, 12)
    X[np.random.default_rng(0).random(X.shape) < 0.5] = 0.0
    path = fr.lasso_path(LAYOUTS[layout](X, np.float64), y, alphas=8, tol=1e-12)
    np.testing.assert_allclose(path.criterion("bic"), twin("bic", X, y, path), rtol=1e-10)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_gamma_weighs_the_number_of_models(gamma):
    X, y = problem(40, 30)
    path = fr.lasso_path(X, y, alphas=12)
    np.testing.assert_allclose(path.criterion("ebic", gamma=gamma), twin("ebic", X, y, path, gamma=gamma), rtol=1e-10)
    if gamma == 0.0:
        np.testing.assert_array_equal(path.criterion("ebic", gamma=0.0), path.criterion("bic"))


@pytest.mark.parametrize("name", ["aic", "aicc", "bic", "ebic"])
def test_a_known_noise_takes_the_place_of_the_estimate(name):
    X, y = problem(40, 12)
    path = fr.lasso_path(X, y, alphas=12, tol=1e-12)
    np.testing.assert_allclose(path.criterion(name, noise=0.25), twin(name, X, y, path, noise=0.25), rtol=1e-10)


def test_given_degrees_of_freedom_take_the_place_of_the_count():
    X, y = problem(40, 6)
    l2 = 0.5 * 0.3 * 40
    path = fr.elastic_net_path(X, y, alphas=[0.3], tol=1e-12)
    A = X[:, path.supports[0]] - X[:, path.supports[0]].mean(axis=0)
    df = np.trace(A @ np.linalg.solve(A.T @ A + l2 * np.eye(A.shape[1]), A.T))
    assert 0 < df < path.df[0]
    difference = path.criterion("aic") - path.criterion("aic", df=[df])
    np.testing.assert_allclose(difference, 2 * (path.df - df), rtol=1e-10)


def test_columns_without_a_choice_are_none_of_the_candidates():
    """With unpenalised columns alone, or without an l1 penalty, there is one model: ebic is bic."""
    X, y = problem(40, 5)
    for path in (
        fr.lasso_path(X, y, alphas=[0.1], penalty_factor=[0.0, 0.0, np.inf, np.inf, 0.0]),
        fr.elastic_net_path(X, y, alphas=[0.1], l1_ratio=0.0),
        fr.lasso_path(X, y, alphas=[0.1], lower=0.1),
    ):
        np.testing.assert_array_equal(path.criterion("ebic"), path.criterion("bic"))


# Weights and rows


@pytest.mark.parametrize("name", NAMES)
def test_scale_of_weights_and_rows_of_weight_0_do_not_matter(name):
    X, y = problem(40, 12)
    s, alphas = weights(40), np.array([0.3, 0.1, 0.01])
    path = fr.lasso_path(X, y, alphas=alphas, sample_weight=s, tol=1e-12)
    kept = s > 0
    without = fr.lasso_path(X[kept], y[kept], alphas=alphas, sample_weight=7.0 * s[kept], tol=1e-12)
    np.testing.assert_allclose(path.criterion(name), without.criterion(name), rtol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_whole_weights_are_repeated_rows_if_the_rows_are_said_to_be_so_many(name):
    X, y = problem(40, 12)
    s = np.arange(40) % 4
    alphas = np.array([0.3, 0.1, 0.01])
    path = fr.lasso_path(X, y, alphas=alphas, sample_weight=s, tol=1e-12)
    repeated = fr.lasso_path(np.repeat(X, s, axis=0), np.repeat(y, s), alphas=alphas, tol=1e-12)
    np.testing.assert_allclose(path.criterion(name, n_rows=s.sum()), repeated.criterion(name), rtol=1e-8)
    assert path.n_rows == np.count_nonzero(s) < repeated.n_rows == s.sum()


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_statistics_have_the_rows_and_the_intercept_of_the_data(fit_intercept):
    X, y = problem(40, 12, offset=1.0)
    options = {"alphas": [0.3, 0.1, 0.01], "fit_intercept": fit_intercept, "tol": 1e-12}
    path, sums = fr.lasso_path(X, y, **options), fr.GramStats.from_data(X, y).lasso_path(**options)
    for name in NAMES:
        np.testing.assert_allclose(sums.criterion(name), path.criterion(name), rtol=1e-8)


def test_several_targets_have_a_choice_each():
    X, y = problem(40, 12)
    Y = np.column_stack([y, X[:, 5] + 100.0, -y])
    paths = fr.lasso_path(X, Y, alphas=20)
    alone = [fr.lasso_path(X, column, alphas=20) for column in Y.T]
    for path, one in zip(paths, alone, strict=True):
        np.testing.assert_allclose(path.criterion(), one.criterion(), rtol=1e-4)
        assert path.select().alpha == pytest.approx(one.select().alpha)


# Fits that fit everything


def test_saturated_fits_are_worth_infinity():
    X, y = problem(10, 40)
    path = fr.lasso_path(X, y, alphas=30, alpha_min_ratio=1e-8, tol=1e-10)
    k = path.df + 1
    assert k.max() == 10
    for name, least in {"aic": 2, "bic": 2, "ebic": 2, "aicc": 3, "gcv": 1}.items():
        values = path.criterion(name)
        np.testing.assert_array_equal(np.isinf(values), 10 - k < least)
        assert not np.isnan(values).any()
    assert np.isfinite(path.criterion("bic", noise=0.25)).all()
    assert path.select("aicc").support.size <= 7


def test_an_exact_fit_is_chosen_by_its_size_and_not_by_its_rounding():
    X, _ = problem(40, 12)
    y = X[:, 0] - X[:, 1]
    path = fr.lasso_path(X, y, alphas=[1e-3, 1e-9, 1e-10, 1e-12, 0.0], tol=1e-14)
    for name in NAMES:
        chosen = path.select(name)
        assert chosen.support.tolist() == [0, 1]
        assert chosen.alpha == 1e-9, name


@pytest.mark.parametrize("name", NAMES)
def test_constant_y_gives_the_largest_alpha(name):
    X, _ = problem(10, 4)
    path = fr.lasso_path(X, np.full(10, 3.0), alphas=[0.1, 0.5, 0.0])
    assert not np.isnan(path.criterion(name)).any()
    assert path.select(name).alpha == 0.5


@pytest.mark.parametrize("scale", [1e-250, 1e250])
def test_squares_out_of_range_change_nothing(scale):
    X, y = problem(40, 12)
    alphas = np.array([0.3, 0.1, 0.01])
    path = fr.lasso_path(X, y, alphas=alphas)
    far = fr.lasso_path(X, scale * y, alphas=scale * alphas)
    difference = far.criterion("bic") - path.criterion("bic")
    np.testing.assert_allclose(difference, 40 * 2 * np.log(scale), rtol=1e-6)


def test_equally_good_fits_give_the_larger_alpha():
    X, y = problem(40, 4)
    top = fr.alpha_max(X, y)
    path = fr.lasso_path(X, y, alphas=[2 * top, 5 * top, 3 * top])
    assert path.select("bic").alpha == 5 * top


# What is refused


def test_paths_without_an_answer_say_so():
    X, y = problem(10, 4)
    empty = fr.lasso_path(X, y, alphas=[1e-3], max_support=0)
    assert empty.criterion("ebic").shape == (0,)
    with pytest.raises(ValueError, match="no alphas to select from"):
        empty.select()
    with pytest.raises(ValueError, match="no fit of the path has a finite one"):
        fr.lasso_path(X[:2], y[:2], alphas=[1.0]).select("bic")


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("aci", {}, ValueError, "criterion is 'aci'; one of 'aic', 'aicc', 'bic', 'ebic', 'gcv' is needed."),
        (None, {}, ValueError, "criterion is None; one of"),
        ("ebic", {"gamma": -1.0}, ValueError, "gamma is -1.0"),
        ("bic", {"noise": 0.0}, ValueError, "noise is 0.0"),
        ("bic", {"noise": "a"}, TypeError, "noise is 'a'"),
        ("gcv", {"noise": 1.0}, ValueError, 'noise is given, but the criterion "gcv" needs no variance'),
        ("bic", {"df": [1.0]}, ValueError, r"df has shape \(1,\); \(3,\) is needed, one entry per alpha."),
        ("bic", {"df": [1.0, np.nan, 0.0]}, ValueError, "df holds NaN at alpha 1; finite numbers >= 0 are needed."),
        ("bic", {"n_rows": 0}, ValueError, "n_rows is 0; a finite number >= 1 is needed."),
    ],
)
def test_what_makes_no_sense_is_refused(name, options, error, message):
    X, y = problem(10, 4)
    path = fr.lasso_path(X, y, alphas=3)
    with pytest.raises(error, match=message):
        path.criterion(name, **options)
    with pytest.raises(error, match=message):
        path.select(name, **options)


# Ridge


@pytest.mark.parametrize("sample_weight", [None, weights(40)], ids=["plain", "weights"])
@pytest.mark.parametrize("name", ["aic", "aicc", "bic", "gcv"])
def test_ridge_paths_have_the_same_criteria_at_their_degrees_of_freedom(name, sample_weight):
    X, y = problem(40, 12, offset=1.0)
    path = fr.ridge_path(X, y, [0.1, 10.0, 1000.0], sample_weight=sample_weight)
    n = 40 if sample_weight is None else np.count_nonzero(sample_weight)
    expected = [
        ref.criterion(name, X, y, fit.coef, fit.intercept, df, n, sample_weight=sample_weight)
        for fit, df in zip(path, path.df, strict=True)
    ]
    np.testing.assert_allclose(path.criterion(name), expected, rtol=1e-10)
    assert path.select(name).alpha == path.alphas[np.argmin(expected)]
    sums = fr.GramStats.from_data(X, y, sample_weight).ridge_path([0.1, 10.0, 1000.0])
    np.testing.assert_allclose(sums.criterion(name), expected, rtol=1e-8)


def test_ridge_paths_give_back_what_they_have():
    X, y = problem(40, 12)
    path = fr.ridge_path(X, y, [0.1, 10.0])
    for name in ("loo", "gcv", "log_marginal_likelihood"):
        assert path.criterion(name) is getattr(path, name)
        with pytest.raises(ValueError, match="takes neither noise nor n_rows"):
            path.select(name, noise=1.0)
    with pytest.raises(ValueError, match="criterion is 'ebic'"):
        path.select("ebic")


# scikit-learn


@pytest.mark.parametrize("name", ["aic", "bic"])
def test_agrees_with_scikit_learn_at_a_known_noise(name):
    """LassoLarsIC: n log(2 pi noise) + rss / noise + penalty times the non-zeros, the intercept not counted: constants apart it
    is the same at the same noise.  Its estimate of the noise, from least squares, is not made here."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = problem(60, 8)
    lars = linear_model.LassoLarsIC(name, noise_variance=0.3).fit(X, y)
    path = fr.lasso_path(X, y, alphas=lars.alphas_[:-1], tol=1e-13)  # the last is 0, where its coefficients are least squares
    constant = 60 * np.log(2 * np.pi * 0.3) - (2.0 if name == "aic" else np.log(60))
    # at its knots a coefficient is just about to enter: the count there is its own
    df = np.arange(len(path))
    np.testing.assert_allclose(path.criterion(name, noise=0.3, df=df) + constant, lars.criterion_[:-1], rtol=1e-9)
