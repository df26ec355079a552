"""The ends of float64 and of rounding: certified, refused in a sentence, or an honest status; never a false claim."""

import numpy as np
import pytest
from conftest import FORMS, problem, use_form
from scipy import sparse

import fastreg as fr


def certified(fit):
    return np.isfinite(fit.coef).all() and np.isfinite(fit.objective) and fit.status.converged


def test_an_alpha_beyond_float64_gives_zeros_or_is_refused():
    X, y = problem(30, 5)
    fit = fr.lasso(X, y, 1e308)
    assert certified(fit)
    assert not fit.coef.any()
    for refused in (
        lambda: fr.elastic_net(X, y, 1e308),
        lambda: fr.elastic_net(X, y, 1e308, l1_ratio=0.0),
        lambda: fr.ridge(X * 1e-120, y, 1e308),
        lambda: fr.alpha_max(X * 1e155, y * 1e155),
    ):
        with pytest.raises(ValueError, match=r"leaves the range of float64 for this X and y; rescale them\.$"):
            refused()
    with pytest.raises(ValueError, match=r"^alpha is 1000.*; a finite number >= 0 is needed\.$"):
        fr.lasso(X, y, 10**400)
    assert fr.lasso(X, y, 0.1, max_iter=10**30).status.converged


def test_a_column_whose_square_nearly_underflows_is_solved_or_not_claimed_to_be():
    X, y = problem(50, 5)
    X[:, 1] *= 1e-158
    fit = fr.lasso(X, y, 1e-165)
    assert fr.certify(X, y, fit.coef, 1e-165).dual_gap <= 1.01e-6 * fit.objective
    with pytest.warns(fr.ConvergenceWarning):
        fit = fr.lasso(X, y, 1e-165, upper=1e200)
    assert not fit.status.converged
    assert certified(fr.lasso(X, y, 0.1))


@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")
def test_an_objective_that_underflows_is_still_reported():
    X, y = problem(30, 5)
    path = fr.lasso_path(X, y * 1e-170, max_iter=1)
    assert {status.name for status in path.statuses} & {"MAX_ITER"}


@pytest.mark.parametrize("spread", [5e-7, 1e-7])
@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")
def test_columns_that_almost_depend_never_cost_more_than_the_start(spread):
    """At these angles the pivot is near its rounding: a walk must not take the columns for the same."""
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, 50))
    X = np.column_stack([x, x + spread * z, rng.standard_normal((50, 3))])
    y = z + 0.1 * rng.standard_normal(50)
    alpha = 1e-9 * fr.alpha_max(X, y)
    start, *_ = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)
    r = y - y.mean() - (X - X.mean(axis=0)) @ start
    before = r @ r / (2 * len(y)) + alpha * np.abs(start).sum()
    fit = fr.lasso(X, y, alpha, warm_start=start)
    # what rounding of w, eps |w| |X|, may do to the residual
    slack = 64 * np.finfo(float).eps * np.abs(start).max() * np.linalg.norm(X) * np.linalg.norm(y) / len(y)
    assert fit.objective <= before + slack


def test_a_dense_warm_start_of_wide_data_changes_nothing():
    X, y = problem(40, 400)
    alpha = 0.1 * fr.alpha_max(X, y)
    cold, warm = fr.lasso(X, y, alpha), fr.lasso(X, y, alpha, warm_start=fr.ridge(X, y, 1.0))
    assert warm.n_iter == cold.n_iter
    np.testing.assert_array_equal(warm.coef, cold.coef)


def test_a_constant_column_with_a_warm_start_returns_to_zero(monkeypatch):
    X, y = problem(30, 6)
    X[:, 2] = 3.0
    for form in FORMS:
        use_form(monkeypatch, form)
        fit = fr.lasso(X, y, 0.05, warm_start=np.ones(6))
        assert certified(fit)
        assert fit.coef[2] == 0.0


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_a_warm_start_worse_than_zeros_is_dropped(l1_ratio):
    X, y = problem(50, 20)
    cold = fr.elastic_net(X, y, 0.1, l1_ratio=l1_ratio)
    warm = fr.elastic_net(X, y, 0.1, l1_ratio=l1_ratio, warm_start=np.full(20, 1e160))
    assert certified(warm)
    assert abs(warm.objective - cold.objective) <= warm.dual_gap + cold.dual_gap


@pytest.mark.parametrize("l1_ratio", [1e-8, 1e-14, 1e-16])
def test_a_tiny_share_of_l1_is_certified(l1_ratio):
    """The plain gap rescales the dual point by l1 / max|c|, which is rounding here; the conjugate of l2 needs no rescaling."""
    X, y = problem(50, 20)
    fit = fr.elastic_net(X, y, 0.1, l1_ratio=l1_ratio)
    assert certified(fit)
    ridge = fr.elastic_net(X, y, 0.1, l1_ratio=0.0)
    assert fit.objective - ridge.objective <= fit.dual_gap + ridge.dual_gap + 0.1 * l1_ratio * np.abs(ridge.coef).sum()


@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")
@pytest.mark.parametrize("fraction", [1e-8, 1e-10])
def test_columns_that_are_nearly_all_the_same_end_in_a_sane_place(fraction):
    """300 columns of rank 1 but for 1e-7: no step may trade rounding for an objective above that of zeros."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 1)) + 1e-7 * rng.standard_normal((60, 300))
    y = X[:, 0] + rng.standard_normal(60)
    fit = fr.lasso(X, y, fraction * fr.alpha_max(X, y))
    assert fit.objective <= np.var(y) / 2
    assert fit.status.converged == bool(fit.dual_gap <= 1e-6 * fit.objective)


@pytest.mark.parametrize("precompute", ["auto", False])
@pytest.mark.parametrize("weighted", [False, True])
def test_full_columns_of_a_sparse_matrix_lose_no_digits_far_from_zero(weighted, precompute):
    """An offset on the residual would have to cancel sums of 1e8; columns with an entry in every row are centred one by one."""
    X, y = problem(60, 20, offset=1e8)
    options = {"sample_weight": np.random.default_rng(0).random(60)} if weighted else {}
    dense = fr.lasso(X, y, 1e-3, tol=1e-10, **options)
    fit = fr.lasso(sparse.csc_array(X), y, 1e-3, tol=1e-10, precompute=precompute, **options)
    assert fit.status.converged
    np.testing.assert_allclose(fit.objective, dense.objective, rtol=1e-9)
    np.testing.assert_allclose(fit.coef, dense.coef, atol=1e-6)
