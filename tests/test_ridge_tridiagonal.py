"""Ridge from a tridiagonal matrix: the figures are those of the eigenvectors, and what it does not serve goes another way."""

import numpy as np
import pytest
from ridge_cases import OPTIONS, SHAPES, assert_close, data, options_for

import fastreg as fr

ALPHAS = np.array([10.0, 0.1, 1e3])
FIGURES = ("objectives", "df", "gcv", "log_marginal_likelihood", "deviance_ratio", "intercepts")


def with_and_without(monkeypatch, function):
    """What function returns with eigenvectors, and with tridiagonal matrices however few the columns are."""
    expected = function()
    monkeypatch.setattr("fastreg._ridge.tridiagonal.FEWEST", 1)
    return function(), expected


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", ["tall", "square"])
def test_a_path_is_that_of_eigenvectors(monkeypatch, shape, name):
    X, y = data(shape)
    options = options_for(name, shape)
    path, expected = with_and_without(monkeypatch, lambda: fr.ridge_path(X, y, ALPHAS, leave_one_out=False, **options))
    assert_close(path.coefs, expected.coefs, 1e-9)
    for figure in FIGURES:
        np.testing.assert_allclose(getattr(path, figure), getattr(expected, figure), rtol=1e-8, atol=1e-12)
    assert all(status.converged for status in path.statuses)
    free = "matrix" in name or (np.asarray(options.get("penalty_factor", 1.0)) == 0.0).any()
    assert path.method == expected.method if free else path.method in ("tridiagonal", "svd")


@pytest.mark.parametrize("name", [name for name in OPTIONS if "offset" not in options_for(name, "tall")])
def test_a_path_from_statistics_is_that_of_eigenvectors(monkeypatch, name):
    X, y = data("tall")
    options = options_for(name, "tall")
    stats = fr.GramStats.from_data(X, y, options.pop("sample_weight", None))
    path, expected = with_and_without(monkeypatch, lambda: stats.ridge_path(ALPHAS, **options))
    assert_close(path.coefs, expected.coefs, 1e-9)
    for figure in FIGURES:
        np.testing.assert_allclose(getattr(path, figure), getattr(expected, figure), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("cv", ["gcv", 3])
def test_a_selection_is_that_of_eigenvectors(monkeypatch, cv, name):
    X, y = data("tall")
    Y = np.column_stack([y, X[:, 0]])
    options = {**options_for(name, "tall"), "cv": cv, "alpha_per_target": True}
    chosen, expected = with_and_without(monkeypatch, lambda: fr.ridge_cv(X, Y, ALPHAS, **options))
    np.testing.assert_allclose(chosen.errors, expected.errors, rtol=1e-8)
    np.testing.assert_array_equal(chosen.alpha, expected.alpha)


@pytest.mark.parametrize("alpha", [0.0, 1e-12])
@pytest.mark.parametrize("shape", SHAPES)
def test_tiny_alphas_go_another_way(monkeypatch, shape, alpha):
    X, y = data(shape)
    run = lambda: fr.ridge_path(X, y, [1.0, alpha], leave_one_out=False)  # noqa: E731
    path, expected = with_and_without(monkeypatch, run)
    assert path.method == expected.method
    np.testing.assert_array_equal(path.coefs, expected.coefs)


def test_leaving_rows_out_takes_eigenvectors(monkeypatch):
    monkeypatch.setattr("fastreg._ridge.tridiagonal.FEWEST", 1)
    X, y = data("tall")
    assert fr.ridge_path(X, y, ALPHAS).method == "eigen"
    assert fr.ridge_path(X, y, ALPHAS, leave_one_out=False).method == "tridiagonal"


@pytest.mark.parametrize("run", ["folds", "path"])
def test_equal_columns_are_as_ill_conditioned_as_their_eigenvalues_say(monkeypatch, run):
    """The largest eigenvalue is p times the largest square of a column."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((300, 1)) + 1e-4 * rng.standard_normal((300, 100)), rng.standard_normal(300)
    largest = np.square(X).sum(axis=0).max()
    if run == "folds":
        fit = lambda: fr.ridge_cv(X, y, [1.5e-10 * largest], cv=3).fold_errors  # noqa: E731
    else:
        fit = lambda: fr.ridge_path(X, y, [1e-6 * largest], leave_one_out=False).method  # noqa: E731
    found, expected = with_and_without(monkeypatch, fit)
    np.testing.assert_array_equal(found, expected)
