"""The relaxed lasso: the twin in every form and layout, dependent columns, supports of all sizes, and what stays as it was."""

import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, FORMS, LAYOUTS, factors, gram_of, known, problem, use_form, weights
from scipy import sparse

import fastreg as fr

OPTIONS = {
    "none": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": weights(40)},
    "factors": {"penalty_factor": factors(60)},
    "standardize, offset": {"standardize": True, "offset": known(40)},
}
WHERE = ("fit_intercept", "sample_weight", "offset")


def assert_relaxed(X, y, fit, plain, relax, atol=1e-10, **options):
    """fit is what the twin makes of plain, and says of the solution what plain says."""
    coef, intercept = ref.relaxed(X, y, plain.coef, relax, **{name: options[name] for name in WHERE if name in options})
    np.testing.assert_allclose(fit.coef, coef, atol=atol)
    np.testing.assert_allclose(fit.intercept, intercept, atol=10 * atol)
    np.testing.assert_array_equal(fit.coef[plain.coef == 0.0], 0.0)
    assert fit.objective == pytest.approx(plain.objective, rel=1e-9)
    assert (fit.relax, plain.relax) == (relax, 0.0)
    assert fit.status.converged


def both(function, X, y, *args, relax, **options):
    """With relax and without."""
    options = {"tol": 1e-12, **options}
    return function(X, y, *args, relax=relax, **options), function(X, y, *args, **options)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_what_the_twin_gives(monkeypatch, form, options, l1_ratio):
    use_form(monkeypatch, form)
    X, y = problem(40, 60, offset=1.0, correlation=0.5)
    top = fr.alpha_max(X, y, l1_ratio=l1_ratio, **{k: v for k, v in options.items() if k != "precompute"})
    paths = both(fr.elastic_net_path, X, y, alphas=top * np.geomspace(1.1, 0.05, 8), l1_ratio=l1_ratio, relax=0.7, **options)
    assert paths[0].df[-1] > 10
    # columns of the elastic net may be more than there are rows to tell them apart by conjugate gradients
    atol = 1e-6 if form == "residual, small factor" else 1e-9
    for fit, plain in zip(*paths, strict=True):
        assert_relaxed(X, y, fit, plain, 0.7, atol=atol, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, dtype):
    X, y = problem(40, 12, offset=1.0)
    X[np.random.default_rng(0).random(X.shape) < 0.5] = 0.0
    X = X.astype(dtype).astype(np.float64)
    fit, plain = both(fr.lasso, LAYOUTS[layout](X, dtype), y, 0.1, relax=0.4)
    assert_relaxed(X, y, fit, plain, 0.4)


@pytest.mark.parametrize("relax", [0.0, 0.25, 1.0])
def test_fits_and_paths_agree(relax):
    X, y = problem(40, 60)
    path = fr.lasso_path(X, y, alphas=[0.3, 0.05, 0.6], relax=relax, tol=1e-12)
    assert path.relax == relax
    for fit in path:
        one = fr.lasso(X, y, fit.alpha, relax=relax, tol=1e-12)
        np.testing.assert_allclose(fit.coef, one.coef, atol=1e-10)
        assert fit.intercept == pytest.approx(one.intercept)
        explained = ref.deviance_ratio(X, y, fit.coef, fit.intercept)
        place = np.flatnonzero(path.alphas == fit.alpha)[0]
        assert path.deviance_ratio[place] == pytest.approx(explained, abs=1e-12)
        assert f"relax={relax:g}" in repr(fit) or relax == 0.0


def test_relaxing_costs_a_path_no_work_of_its_own():
    X, y = problem(40, 60, correlation=0.9)
    relaxed, plain = both(fr.lasso_path, X, y, relax=0.5)
    np.testing.assert_allclose(relaxed.objectives, plain.objectives, rtol=1e-11)
    assert relaxed.n_columns_read == plain.n_columns_read
    assert abs(int(relaxed.n_iters.sum()) - int(plain.n_iters.sum())) <= 3  # rounding may count a step differently


# How large a support may be


def test_empty_support():
    X, y = problem(40, 5)
    fit, plain = both(fr.lasso, X, y, 2.0 * fr.alpha_max(X, y), relax=1.0)
    np.testing.assert_array_equal(fit.coef, 0.0)
    assert fit.intercept == plain.intercept


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_support_as_large_as_the_rank_fits_y(monkeypatch, form, fit_intercept):
    use_form(monkeypatch, form)
    X, y = problem(8, 40)
    options = {"fit_intercept": fit_intercept, "tol": 1e-12}
    path = fr.lasso_path(X, y, alphas=[1e-4], relax=1.0, **options)
    assert path.df[0] == 8 - fit_intercept
    np.testing.assert_allclose(path.predict(X)[:, 0], y, atol=1e-8)
    assert path.deviance_ratio[0] == pytest.approx(1.0)
    assert np.isinf(path.criterion("bic"))


@pytest.mark.parametrize("form", FORMS)
def test_more_columns_than_rows_give_the_smallest_norm(monkeypatch, form):
    use_form(monkeypatch, form)
    X, y = problem(8, 40)
    fit, plain = both(fr.elastic_net, X, y, 0.01, l1_ratio=0.1, relax=1.0)
    assert plain.support.size > 10
    assert_relaxed(X, y, fit, plain, 1.0, atol=1e-8)


# Columns that depend on one another


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_dependent_columns_share_what_they_fit(monkeypatch, form, l1_ratio):
    """The elastic net keeps both of two copies; unpenalised ones are all but one left out, or kept, as it comes."""
    use_form(monkeypatch, form)
    X, y = problem(40, 12)
    X = np.hstack([X, X[:, :4], 2.0 * X[:, :2], X[:, [0]] + X[:, [1]], np.ones((40, 1))])
    for factor in (None, np.where(np.arange(20) % 4 == 0, 0.0, 1.0)):
        fit, plain = both(fr.elastic_net, X, y, 0.05, l1_ratio=l1_ratio, relax=1.0, penalty_factor=factor, tol=1e-10)
        assert_relaxed(X, y, fit, plain, 1.0, atol=1e-8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sine", [1e-3, 1e-5])
def test_nearly_dependent_columns_are_told_apart(monkeypatch, form, sine):
    """The Gram matrix knows their difference to eps / sine^2 of it: refined by X, it is known to eps / sine."""
    use_form(monkeypatch, form)
    X, y = problem(60, 6)
    X[:, 1] = X[:, 0] + sine * X[:, 1]
    y = y + X[:, 0] + 5.0 * (X[:, 1] - X[:, 0]) / sine
    fit, plain = both(fr.elastic_net, X, y, 0.01, relax=1.0)
    assert plain.coef[:2].all()
    coef, _ = ref.relaxed(X, y, plain.coef, 1.0)
    assert np.abs(fit.coef - coef).max() <= 1e-9 * np.abs(coef).max()
    r = y - fit.predict(X)
    np.testing.assert_allclose((X - X.mean(axis=0))[:, fit.support].T @ r, 0.0, atol=1e-8)


def test_a_wrong_gram_matrix_of_the_user_changes_nothing():
    X, y = problem(60, 12, correlation=0.5)
    gram = gram_of(X)
    gram *= 1.0 + 1e-5 * np.triu(np.ones((12, 12)), 1) + 1e-5 * np.tril(np.ones((12, 12)), -1)
    for given in (gram, True, False):
        fit, plain = both(fr.lasso, X, y, 0.05, relax=0.5, precompute=given, tol=1e-8)
        assert_relaxed(X, y, fit, plain, 0.5)


# Penalties without an l1 part, targets, statistics


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.5, 0.0), (0.0, 1.0)])
def test_without_an_l1_penalty_all_columns_are_in_the_support(shape, alpha, l1_ratio):
    X, y = problem(*shape)
    fit, plain = both(fr.elastic_net, X, y, alpha, l1_ratio=l1_ratio, relax=0.3)
    assert_relaxed(X, y, fit, plain, 0.3)
    path = fr.elastic_net_path(X, y, alphas=[alpha], l1_ratio=l1_ratio, relax=0.3)
    np.testing.assert_allclose(path[0].coef, fit.coef, atol=1e-10)
    explained = ref.deviance_ratio(X, y, fit.coef, fit.intercept)
    assert path.deviance_ratio[0] == pytest.approx(explained, abs=1e-10)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
def test_targets_are_relaxed_each(l1_ratio):
    X, y = problem(40, 60)
    Y = np.column_stack([y, -2.0 * y + X[:, 7], X[:, 3], np.full(40, 2.0), y**2])
    fit, plain = both(fr.elastic_net, X, Y, 0.1, l1_ratio=l1_ratio, relax=0.6)
    paths = fr.elastic_net_path(X, Y, alphas=[0.1], l1_ratio=l1_ratio, relax=0.6, tol=1e-12)
    for k, target in enumerate(Y.T):
        coef, intercept = ref.relaxed(X, target, plain.coef[:, k], 0.6)
        np.testing.assert_allclose(fit.coef[:, k], coef, atol=1e-9)
        assert fit.intercept[k] == pytest.approx(intercept, abs=1e-9)
        np.testing.assert_allclose(paths[k][0].coef, coef, atol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_statistics_relax_as_data_do(fit_intercept):
    X, y = problem(40, 12, offset=1.0)
    s = weights(40)
    options = {"relax": 0.6, "fit_intercept": fit_intercept, "tol": 1e-12}
    stats = fr.GramStats.from_data(X, y, s)
    for name in ("lasso", "elastic_net"):
        fit = getattr(fr, name)(X, y, 0.1, sample_weight=s, **options)
        other = getattr(stats, name)(0.1, **options)
        np.testing.assert_allclose(other.coef, fit.coef, atol=1e-9)
        assert other.intercept == pytest.approx(fit.intercept)
        assert other.relax == 0.6
        path = getattr(fr, f"{name}_path")(X, y, alphas=[0.3, 0.1], sample_weight=s, **options)
        others = getattr(stats, f"{name}_path")(alphas=[0.3, 0.1], **options)
        np.testing.assert_allclose(others.coefs, path.coefs, atol=1e-9)
        np.testing.assert_allclose(others.criterion(), path.criterion(), rtol=1e-8)


def test_criteria_judge_what_is_returned():
    X, y = problem(40, 12)
    path = fr.lasso_path(X, y, alphas=[0.1], relax=1.0)
    expected = ref.criterion("bic", X, y, path[0].coef, path[0].intercept, path.df[0] + 1, 40)
    assert path.criterion("bic")[0] == pytest.approx(expected)


def test_callbacks_and_warm_starts_take_relaxed_fits():
    X, y = problem(40, 60)
    seen = []
    path = fr.lasso_path(X, y, alphas=[0.3, 0.1], relax=1.0, callback=lambda fit: seen.append(fit.coef.copy()), tol=1e-12)
    np.testing.assert_array_equal(np.column_stack(seen), path.coefs)
    again = fr.lasso_path(X, y, alphas=[0.3, 0.1], relax=1.0, warm_start=path, tol=1e-12)
    np.testing.assert_allclose(again.coefs, path.coefs, atol=1e-9)


def test_large_sparse_support_without_a_factor():
    """Beyond 600 columns sparse X is solved by conjugate gradients."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((3000, 2000), density=0.005, rng=rng, format="csc")
    y = X @ rng.standard_normal(2000) + 0.1 * rng.standard_normal(3000)
    fit, plain = both(fr.lasso, X, y, 1e-5, relax=1.0, tol=1e-8)
    assert plain.support.size > 800
    r = y - fit.predict(X)
    A = X[:, plain.support]
    np.testing.assert_allclose(A.T @ (r - r.mean()), 0.0, atol=1e-8)
    assert abs(r.mean()) < 1e-10


# What is refused


@pytest.mark.parametrize("bounds", [{"positive": True}, {"lower": -1.0}, {"upper": [1.0] * 5}])
@pytest.mark.parametrize("function", [lambda X, y, **o: fr.lasso(X, y, 0.1, **o), fr.lasso_path, fr.elastic_net_path])
def test_bounds_are_refused(function, bounds):
    X, y = problem(40, 5)
    with pytest.raises(ValueError, match=r"^relax is 0\.5 together with lower, upper or positive; .* are needed\.$"):
        function(X, y, relax=0.5, **bounds)
    assert function(X, y, relax=0.0, **bounds) is not None
    assert function(X, y, relax=0.5, lower=-np.inf, upper=np.inf) is not None


@pytest.mark.parametrize(("relax", "error"), [(-0.1, ValueError), (1.1, ValueError), (np.nan, ValueError), ("a", TypeError)])
def test_shares_out_of_range_are_refused(relax, error):
    X, y = problem(40, 5)
    with pytest.raises(error, match=r"^relax is "):
        fr.lasso(X, y, 0.1, relax=relax)
