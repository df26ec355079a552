"""Tall data: gradients from rows of the Gram matrix must say what X itself says."""

import kkt
import numpy as np
import pytest
from conftest import problem, use_form

import fastreg as fr

TALL_SHAPE = (400, 12)  # past 16 rows per column


@pytest.fixture
def wide_form(monkeypatch):
    """A function that solves as if the data were not tall."""

    def solve(function, *args, **options):
        with monkeypatch.context() as patch:
            use_form(patch, "Gram")
            return function(*args, **options)

    return solve


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_every_layout_is_solved(layout, fit_intercept, l1_ratio):
    X, y = problem(*TALL_SHAPE, correlation=0.5, offset=3.0)
    X = layout(X)
    for fraction in (0.5, 0.01, 1e-4):
        alpha = fraction * fr.alpha_max(X, y, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
        fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-10)
        kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-10)


@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-14])
def test_paths_equal_those_that_read_X(wide_form, tol):
    X, y = problem(*TALL_SHAPE, correlation=0.9, support=4)
    tall = fr.lasso_path(X, y, tol=tol)
    wide = wide_form(fr.lasso_path, X, y, tol=tol)
    # both gaps bound the distance from one optimum
    assert (np.abs(tall.objectives - wide.objectives) <= tall.dual_gaps + wide.dual_gaps).all()
    np.testing.assert_allclose(tall.deviance_ratio, wide.deviance_ratio, atol=10 * tol**0.5)
    assert all(status.converged for status in tall.statuses)
    for k in (0, 30, 60, 99):
        kkt.assert_optimal(X, y, tall[k], tall.alphas[k], tol=tol)


def test_columns_far_from_zero_and_a_large_warm_start_leave_true_certificates():
    X, y = problem(*TALL_SHAPE, offset=1e4)
    alpha = 0.01 * fr.alpha_max(X, y)
    for tol in (1e-6, 1e-12):
        fit = fr.lasso(X, y, alpha, tol=tol, warm_start=np.full(X.shape[1], 1e5))
        kkt.assert_optimal(X, y, fit, alpha, tol=tol)


def test_X_is_read_a_few_times_for_a_whole_path(wide_form):
    """100 alphas, but X is read for three joins at most."""
    X, y = problem(2000, 48, correlation=0.5)
    tall = fr.lasso_path(X, y, tol=1e-6)
    assert tall.n_columns_read <= 3 * X.shape[1]
    assert wide_form(fr.lasso_path, X, y, tol=1e-6).n_columns_read > 3 * X.shape[1]


def test_dependent_zero_and_constant_columns():
    X, y = problem(*TALL_SHAPE)
    X[:, 3], X[:, 5], X[:, 7], X[:, 9] = X[:, 2], 0.0, 4.0, X[:, 0] + X[:, 1]
    path = fr.lasso_path(X, y, alpha_min_ratio=1e-4, tol=1e-9)
    assert all(status.converged for status in path.statuses)
    assert not path.coefs[[5, 7]].any()
    for k in (20, 50, 99):
        kkt.assert_optimal(X, y, path[k], path.alphas[k], tol=1e-9)
