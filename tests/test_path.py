"""Paths: every step is the fit at its alpha, the certificates are true, and work is saved rather than done."""

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import problem

import fastreg as fr


@pytest.fixture(scope="module")
def leukemia():
    return fr.datasets.load_leukemia()


def assert_path_optimal(X, y, path, steps, **options):
    """The judge of a single fit, on some steps of a path."""
    for k in steps:
        kkt.assert_optimal(X, y, path[k], path.alphas[k], **options)


# What a path is


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(30, 8), (12, 30)], ids=["tall", "wide"])
def test_every_step_is_the_fit_at_its_alpha(layout, shape, l1_ratio, fit_intercept):
    X, y = problem(*shape, offset=1.0)
    X = layout(X)
    options = {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept, "tol": 1e-12}
    path = fr.elastic_net_path(X, y, alphas=8, alpha_min_ratio=0.01, **options)
    assert_path_optimal(X, y, path, range(8), **options)
    for fit in (path[k] for k in range(8)):
        single = fr.elastic_net(X, y, fit.alpha, **options)
        np.testing.assert_allclose(fit.coef, single.coef, atol=1e-5)  # sqrt(tol), and 10 for the condition
        assert fit.objective == pytest.approx(single.objective, rel=2e-12)
        assert fit.l1_ratio == l1_ratio


def test_lasso_path_is_the_elastic_net_path_at_l1_ratio_one():
    X, y = problem(12, 30)
    one, other = fr.lasso_path(X, y, alphas=20), fr.elastic_net_path(X, y, l1_ratio=1.0, alphas=20)
    np.testing.assert_array_equal(one.coefs, other.coefs)
    assert one.l1_ratio == 1.0


def test_lengths_shapes_and_what_is_derived_from_the_coefficients():
    X, y = problem(30, 50)
    path = fr.lasso_path(X, y, alphas=7)
    assert len(path) == 7
    for name in ("alphas", "intercepts", "objectives", "dual_gaps", "n_iters", "df", "deviance_ratio"):
        assert getattr(path, name).shape == (7,), name
    assert len(path.statuses) == 7
    assert path.coefs.shape == (50, 7)
    assert path.coefs.dtype == np.float64
    assert path.coefs.flags.f_contiguous
    assert path.coefs is path.coefs
    np.testing.assert_array_equal(path.df, (path.coefs != 0).sum(axis=0))
    for k, fit in enumerate(path):
        np.testing.assert_array_equal(fit.coef, path.coefs[:, k])
        for single, plural in (("intercept", "intercepts"), ("objective", "objectives"), ("dual_gap", "dual_gaps")):
            assert getattr(fit, single) == getattr(path, plural)[k]
        assert (fit.alpha, fit.n_iter, fit.status) == (path.alphas[k], path.n_iters[k], path.statuses[k])
        explained = ref.deviance_ratio(X, y, fit.coef, fit.intercept)
        assert path.deviance_ratio[k] == pytest.approx(explained, abs=1e-12)
    assert path.deviance_ratio[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_deviance_ratio_without_an_intercept_is_relative_to_zero(fit_intercept):
    X, y = problem(30, 5, offset=1.0)
    path = fr.lasso_path(X, y, alphas=5, fit_intercept=fit_intercept)
    for ratio, fit in zip(path.deviance_ratio, path, strict=True):
        assert ratio == pytest.approx(ref.deviance_ratio(X, y, fit.coef, fit.intercept, fit_intercept), abs=1e-12)


def test_constant_target_gives_a_path_of_zeros():
    X, _ = problem(10, 4)
    path = fr.lasso_path(X, np.full(10, 0.1), alphas=3)
    assert not path.coefs.any()
    np.testing.assert_array_equal(path.intercepts, 0.1)
    np.testing.assert_array_equal(path.deviance_ratio, 0)


def test_indices_count_from_both_ends_and_stop_there():
    X, y = problem(12, 3)
    path = fr.lasso_path(X, y, alphas=4)
    np.testing.assert_array_equal(path[-1].coef, path[3].coef)
    np.testing.assert_array_equal(path[-4].coef, path[0].coef)
    for k in (4, -5):
        with pytest.raises(IndexError, match="4 alphas"):
            path[k]


# Alphas


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize(("shape", "default"), [((30, 8), 1e-4), ((8, 8), 1e-4), ((12, 30), 1e-2)])
@pytest.mark.parametrize("ratio", [None, 0.05])
def test_grid_is_geometric_from_alpha_max(shape, default, l1_ratio, ratio):
    X, y = problem(*shape)
    path = fr.elastic_net_path(X, y, l1_ratio=l1_ratio, alphas=9, alpha_min_ratio=ratio)
    largest = fr.alpha_max(X, y, l1_ratio=l1_ratio)
    assert path.alphas[0] == largest
    np.testing.assert_allclose(path.alphas, ref.alpha_grid(largest, 9, ratio or default), rtol=1e-13)
    assert path.df[0] == 0
    assert path.df[1] > 0


def test_grid_of_one_is_alpha_max_and_the_default_has_a_hundred():
    X, y = problem(12, 5)
    path = fr.lasso_path(X, y, alphas=1)
    np.testing.assert_array_equal(path.alphas, [fr.alpha_max(X, y)])
    assert not path.coefs.any()
    assert len(fr.lasso_path(X, y)) == len(fr.elastic_net_path(X, y)) == 100


@pytest.mark.parametrize("shape", [(30, 8), (12, 30)], ids=["tall", "wide"])
def test_results_stand_in_the_order_of_the_alphas(shape):
    X, y = problem(*shape)
    alphas = [0.1, 1e9, 0.0, 0.02, 0.1, 0.5]
    path = fr.lasso_path(X, y, alphas=alphas, tol=1e-12)
    np.testing.assert_array_equal(path.alphas, alphas)
    assert_path_optimal(X, y, path, range(6), tol=1e-12)
    assert not path[1].coef.any()
    np.testing.assert_allclose(path[4].coef, path[0].coef, atol=1e-10)  # solved twice, from different starts
    order = np.argsort(-np.array(alphas), kind="stable")
    falling = fr.lasso_path(X, y, alphas=np.array(alphas)[order], tol=1e-12)
    np.testing.assert_array_equal(path.coefs[:, order], falling.coefs)
    coef, _ = ref.elastic_net(X, y, 0.0)
    np.testing.assert_allclose(path[2].coef, coef, atol=1e-10)
    rank = np.linalg.matrix_rank(X - X.mean(axis=0))
    assert (path.statuses[2] is fr.Status.MINIMUM_NORM) == (rank < shape[1])


def test_path_without_an_l1_penalty_is_ridge():
    X, y = problem(12, 30)
    alphas = [1.0, 0.1, 0.5]
    path = fr.elastic_net_path(X, y, l1_ratio=0.0, alphas=alphas)
    for alpha, fit in zip(alphas, path, strict=True):
        np.testing.assert_allclose(fit.coef, fr.ridge(X, y, 12 * alpha).coef, atol=1e-12)
    assert_path_optimal(X, y, path, range(3), l1_ratio=0.0)


def test_warm_start_of_a_path_changes_nothing():
    X, y = problem(12, 30)
    cold = fr.lasso_path(X, y, alphas=10, tol=1e-12)
    for start in (cold, cold[0], cold[-1], cold[5].coef, np.full(30, 100.0)):
        warm = fr.lasso_path(X, y, alphas=10, tol=1e-12, warm_start=start)
        np.testing.assert_allclose(warm.coefs, cold.coefs, atol=1e-5)
        assert_path_optimal(X, y, warm, (1, 9), tol=1e-12)


# Predictions


def test_predictions_at_the_knots():
    X, y = problem(30, 8, offset=1.0)
    new, _ = problem(5, 8, seed=1)
    path = fr.lasso_path(X, y, alphas=[0.1, 0.5, 0.01])
    expected = new @ path.coefs + path.intercepts
    np.testing.assert_allclose(path.predict(new), expected, atol=1e-13)
    for k, alpha in enumerate(path.alphas):
        np.testing.assert_allclose(path.predict(new, alpha), expected[:, k], atol=1e-13)
        np.testing.assert_allclose(path[k].predict(new), expected[:, k], atol=1e-13)
    assert path.predict(new.tolist(), 0.3).shape == (5,)


def test_predictions_between_knots_of_one_support_are_those_of_a_fit_there():
    X, y = problem(30, 8)
    path = fr.lasso_path(X, y, alphas=[0.4, 0.9, 0.6], tol=1e-14)
    np.testing.assert_array_equal(np.sign(path.coefs[:, 0]), np.sign(path.coefs[:, 2]))
    for alpha in (0.45, 0.5999):
        expected = fr.lasso(X, y, alpha, tol=1e-14).predict(X)
        np.testing.assert_allclose(path.predict(X, alpha), expected, atol=1e-11)


@pytest.mark.parametrize("alpha", [0.0099, 0.51])
def test_predictions_outside_the_path_are_refused(alpha):
    X, y = problem(30, 8)
    path = fr.lasso_path(X, y, alphas=[0.1, 0.5, 0.01])
    with pytest.raises(ValueError, match=r"alpha is 0\.\d+; the path has alphas from 0\.01 to 0\.5\."):
        path.predict(X, alpha)


# Certificates and work


@pytest.mark.parametrize(("ratio", "work"), [(1e-2, 620), (1e-3, 700)])
def test_leukemia_reads_few_columns_and_steps_little(leukemia, ratio, work):
    """Measured: 5.8 and 5.9 p columns read, 413 and 465 sweeps and Newton steps, for 100 alphas."""
    X, y = leukemia
    path = fr.lasso_path(X, y, alpha_min_ratio=ratio, tol=1e-6)
    assert all(status is fr.Status.CONVERGED for status in path.statuses)
    assert_path_optimal(X, y, path, range(0, 100, 11))
    assert path.n_columns_read <= 9 * X.shape[1]
    assert path.counts["sweeps"] + path.counts["newton_steps"] == path.n_iters.sum() <= work
    assert path.counts["working_set"] <= 490


def test_machine_precision_costs_no_more_than_half_again(leukemia):
    loose, tight = (fr.lasso_path(*leukemia, alpha_min_ratio=1e-2, tol=tol) for tol in (1e-4, 1e-12))
    assert tight.n_iters.sum() <= 1.5 * loose.n_iters.sum()
    assert all(status.converged for status in tight.statuses)


def test_bounds_save_readings_of_columns():
    X, y = problem(100, 3000)
    path = fr.lasso_path(X, y, alphas=100)
    assert 0 < path.n_columns_read <= 15 * X.shape[1]  # measured: 10; a solver without bounds reads 100
    assert path.counts["working_set"] <= X.shape[1] / 10


@pytest.mark.parametrize("tol", [1e-3, 0.1])
@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_certificates_hold_for_columns_that_were_never_touched(correlation, tol):
    """The claimed gap is at least the distance to the best objective known, and to the bound of the twin, which reads all."""
    X, y = problem(30, 200, correlation=correlation)
    path = fr.lasso_path(X, y, alphas=30, tol=tol)
    assert path.counts["working_set"] < 200
    best = fr.lasso_path(X, y, alphas=path.alphas, tol=1e-13)
    floor = ref.gap_floor(y)
    assert (path.objectives - best.objectives <= path.dual_gaps + floor).all()
    for fit in path:
        assert ref.duality_gap(X, y, fit.coef, fit.alpha) <= (1 + 1e-6) * fit.dual_gap + floor


@pytest.mark.parametrize("tol", [0.1, 0.3])
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_certificates_of_loose_fits_count_the_columns_left_out(correlation, tol):
    """A loose tolerance lets columns stay out that violate their condition a little; the gap has to tell."""
    X, y = problem(100, 2000, correlation=correlation)
    for fraction in (0.5, 0.3, 0.2, 0.1, 0.05):
        alpha = fraction * fr.alpha_max(X, y)
        kkt.assert_optimal(X, y, fr.lasso(X, y, alpha, tol=tol), alpha, tol=tol)


def collinear(n, p, rank):
    """Columns that are combinations of `rank` others, with y among them up to noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, p))
    return X, X[:, 0] + 0.1 * rng.standard_normal(n)


HARD = {
    "copies": lambda: (np.tile(problem(40, 100)[0], 3), problem(40, 100)[1]),
    "copies, negated and scaled": lambda: (np.kron([1.0, -1.0, 2.0], problem(40, 100)[0]), problem(40, 100)[1]),
    "rank below n and p": lambda: collinear(40, 100, 10),
    "small integers": lambda: (np.random.default_rng(0).integers(-1, 2, (40, 100)).astype(float), problem(40, 1)[1]),
    "two rows": lambda: problem(2, 100),
    "three rows": lambda: problem(3, 100),
    "support as large as the rank": lambda: problem(40, 100),
    "the same, larger": lambda: problem(100, 1000),
    "correlated, wide": lambda: problem(50, 200, correlation=0.99),
    "correlated, tall": lambda: problem(300, 100, correlation=0.99),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_paths_end_converged_and_finite(name):
    X, y = HARD[name]()
    path = fr.lasso_path(X, y, alpha_min_ratio=1e-3, tol=1e-8)
    assert all(status.converged for status in path.statuses)
    assert_path_optimal(X, y, path, range(0, 100, 9), tol=1e-8)
    assert path.df.max() <= np.linalg.matrix_rank(X - X.mean(axis=0))
    assert path.n_iters.max() <= 30  # measured: at most 17, on correlated, wide; sweeps alone would need thousands


@pytest.mark.parametrize(("seed", "n", "p"), [(85, 44, 18), (126, 21, 6)])
def test_a_loose_tolerance_is_reached_with_columns_above_l1_left_out(seed, n, p):
    """What a column outside may exceed l1 by costs gap in proportion to |w|_1 and, squared, to |r|^2: both must fit."""
    rng = np.random.default_rng(seed)
    rng.integers(5, 60), rng.integers(5, 300)
    X = rng.standard_normal((n, p))
    y = X[:, :3].sum(axis=1) * rng.choice([0.0, 1, 10]) + rng.standard_normal(n)
    alphas = fr.alpha_max(X, y) * np.array([0.999, 0.95, 0.9, 0.5, 0.1])
    path = fr.lasso_path(X, y, alphas=alphas, tol=0.1)
    assert {status.name for status in path.statuses} == {"CONVERGED"}


def test_slices_and_a_ratio_beside_an_array_are_refused():
    X, y = problem(30, 5)
    path = fr.lasso_path(X, y, alphas=3)
    with pytest.raises(TypeError, match="slice"):
        path[0:2]
    with pytest.raises(ValueError, match=r"^alpha_min_ratio is given, but alphas is an array"):
        fr.lasso_path(X, y, alphas=[0.1], alpha_min_ratio=0.1)


def test_a_path_without_l1_makes_no_working_set():
    X, y = problem(30, 5)
    path = fr.elastic_net_path(X, y, l1_ratio=0.0, alphas=[0.1, 1.0], warm_start=np.ones(5))
    assert path.n_columns_read == 0
    assert set(path.counts.values()) == {0}
    assert path.counts.keys() == fr.lasso_path(X, y, alphas=2).counts.keys()
    assert ((path.deviance_ratio > 0) & (path.deviance_ratio < 1)).all()


@pytest.mark.parametrize("seed", [0, 4])
def test_a_path_among_columns_that_are_nearly_the_same_does_not_stall(seed):
    """The way down ended with many columns in the fit, of which a few are enough; the gap was 4 % and 0.5 % at one alpha."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 3, (5, 500)) @ (np.eye(500) + 0.999)
    y = rng.standard_normal(5) + X[:, :3].sum(axis=1) / X.std()
    options = {"l1_ratio": 0.9, "standardize": True, "fit_intercept": False}
    path = fr.elastic_net_path(X, y, alphas=15, alpha_min_ratio=3e-4, **options)
    for k, alpha in enumerate(path.alphas):
        assert path.statuses[k].converged
        kkt.assert_optimal(X, y, path[k], alpha, **options)
