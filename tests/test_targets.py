"""Several targets side by side over one dense X: each is solved as if it were alone, however they share the readings of X."""

from dataclasses import replace

import kkt
import numpy as np
import pytest
from conftest import DENSE, DTYPES, LAYOUTS, OPTIONS, options_for, problem

import fastreg as fr
from fastreg import _descent

N, P, T = 24, 90, 37  # more targets than places for them
TOL = 1e-12
TOGETHER = [name for name in OPTIONS if not any(word in name for word in ("bound", "Gram", "all", "warm"))]


@pytest.fixture
def batches(monkeypatch):
    """How many targets were solved side by side, call by call."""
    seen, solve = [], _descent.solve_targets

    def counted(columns, Y, *rest):
        seen.append(len(Y))
        solve(columns, Y, *rest)

    monkeypatch.setattr(_descent, "solve_targets", counted)
    return seen


def data(n=N, p=P, t=T):
    """X with columns far from 0, constant and repeated, and targets of different sizes and supports, some of them constant."""
    X, y = problem(n, p, seed=2, correlation=0.5)
    X[:, 3] += 50.0
    X[:, 7], X[:, 9] = X[:, 8], 2.0
    rng = np.random.default_rng(0)
    W = np.where(rng.random((p, t)) < 0.05, rng.standard_normal((p, t)), 0.0)
    Y = X @ W + 0.3 * rng.standard_normal((n, t)) + np.arange(t)
    Y[:, 1], Y[:, 2], Y[:, 3] = 0.0, 0.1, 1e5 * y
    return X, Y


def assert_each_optimal(X, Y, fit, alpha, options, l1_ratio=1.0, tol=TOL):
    assert fit.coef.shape == (X.shape[1], Y.shape[1])
    for k in range(Y.shape[1]):
        one = replace(
            fit, coef=fit.coef[:, k], intercept=fit.intercept[k], objective=fit.objective[k], dual_gap=fit.dual_gap[k]
        )
        kkt.assert_optimal(X, Y[:, k], one, alpha, l1_ratio=l1_ratio, tol=tol, **options)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("name", TOGETHER)
def test_each_is_optimal_under_every_option(batches, name, l1_ratio):
    X, Y = data()
    options = options_for(name, X)
    for alpha in (0.3, 0.02):
        fit = fr.elastic_net(X, Y, alpha, l1_ratio=l1_ratio, tol=TOL, **options)
        assert_each_optimal(X, Y, fit, alpha, options, l1_ratio)
    assert batches == [T, T]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_is_optimal_in_every_layout(batches, layout, dtype):
    X, Y = data()
    fit = fr.lasso(LAYOUTS[layout](X, dtype), Y, 0.05, tol=TOL)
    assert_each_optimal(X.astype(dtype).astype(np.float64), Y, fit, 0.05, {})
    assert batches == ([T] if layout in DENSE else [])


@pytest.mark.parametrize("n", [1, 2, 7, 511, 513, 1100])
def test_rows_in_any_number_of_pieces(batches, n):
    X, Y = data(n, 130, 5)
    fit = fr.lasso(X, Y, 0.05, tol=1e-10)
    assert_each_optimal(X, Y, fit, 0.05, {}, tol=1e-10)
    assert batches == [5]


@pytest.mark.parametrize("shape", [(72, 7_129), (10, 1_000_000), (800, 3_000), (300, 1_000_000)])
def test_places_take_what_one_solver_may(shape):
    n, p = shape
    form = _descent.choose_form(n, p, 8 * n * p)
    places, each = _descent.choose_places(n, p, 100, 8 * n * p, form)
    assert places > 1
    assert each.gram >= min(2 * n, p)
    for working_set in (12 * each.gram**2, 4 * each.factor**2):
        assert places * (working_set + 8 * p + 100 * n) <= _descent._allowed(8 * n * p)


@pytest.mark.parametrize("t", [3, 4, 16, 17, 33])
def test_places_are_given_to_one_target_after_another(batches, t):
    X, Y = data()
    fit = fr.lasso(X, Y[:, :t], 0.01, tol=TOL)
    alone = [fr.lasso(X, y, 0.01, tol=TOL) for y in Y[:, :t].T]
    np.testing.assert_allclose(fit.objective, [one.objective for one in alone], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(fit.intercept, [one.intercept for one in alone], rtol=1e-5, atol=1e-9)
    assert fit.n_iter > 0
    assert batches == ([] if t < 4 else [t])


def test_a_target_does_not_depend_on_those_beside_it():
    X, Y = data()
    order = np.random.default_rng(1).permutation(T)
    fit, other = fr.lasso(X, Y, 0.05), fr.lasso(X, Y[:, order], 0.05)
    assert (fit.objective[order] <= other.objective + other.dual_gap).all()
    assert (other.objective <= (fit.objective + fit.dual_gap)[order]).all()


def test_unfinished_targets_are_told_and_are_bounds(batches):
    X, Y = data()
    with pytest.warns(fr.ConvergenceWarning):
        fit = fr.lasso(X, Y, 0.01, max_iter=2)
    assert fit.status is fr.Status.MAX_ITER
    best = fr.lasso(X, Y, 0.01, tol=1e-10)
    assert (fit.objective - fit.dual_gap <= best.objective * (1 + 1e-9) + 1e-12).all()
    assert batches == [T, T]


def test_where_rounding_stalls_a_target_it_is_solved_again_alone(batches):
    """An l1 that rounding hides: the answer is that of no l1, as for one target."""
    X, Y = data(N, 12, 6)
    X = X[:, :7]
    fit = fr.lasso(X, Y, 1e-15)
    assert_each_optimal(X, Y, fit, 1e-15, {}, tol=1e-6)
    assert batches == [6]


def test_where_an_l1_underflows_for_a_target_it_is_ridge(batches):
    """In the scaling of a target near the end of the range alpha is 0, and the answer that of no l1, as for one target."""
    X, Y = data(N, P, 6)
    Y[:, 4] *= 1e200
    fit = fr.lasso(X, Y, 1e-182)
    assert fit.status.converged
    one = fr.lasso(X, Y[:, 4], 1e-182)
    assert one.status is fr.Status.MINIMUM_NORM
    np.testing.assert_array_equal(fit.coef[:, 4], one.coef)
    assert batches == []


def test_excluded_and_unpenalised_columns_and_signs_together(batches):
    X, Y = data()
    v = np.ones(P)
    v[[0, 1, 9]], v[[2, 3]] = 0.0, np.inf
    options = {"penalty_factor": v, "positive": True, "standardize": True, "sample_weight": np.arange(N) % 4}
    fit = fr.lasso(X, Y, 0.02, tol=TOL, **options)
    assert (fit.coef >= 0).all()
    assert not fit.coef[[2, 3]].any()
    assert_each_optimal(X, Y, fit, 0.02, options)
    assert batches == [T]


def test_bounds_in_public_scaling_hold_for_targets_of_any_size(batches):
    X, Y = data()
    fit = fr.lasso(X, Y, 0.02, upper=0.1, tol=TOL)
    assert (fit.coef <= 0.1).all()
    assert_each_optimal(X, Y, fit, 0.02, {"upper": 0.1})
    assert batches == []  # kernel bounds differ from target to target
