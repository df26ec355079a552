"""Options of ridge alone: a matrix for the penalty, an alpha per target, and bounds in ridge's own scaling."""

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import away, limits, problem, stored, weights
from ridge_cases import (
    KINDS,
    assert_close,
    assert_refused,
    both_intercepts,
    data,
    definite,
    differences,
    every_option,
    every_shape,
    options_for,
)

import fastreg as fr

EPS = np.finfo(np.float64).eps
MATRICES = {
    "definite": definite,
    "second differences": differences,
    "diagonal": lambda p: np.diag(np.linspace(0.0, 2.0, p)),
    "rank one": lambda p: np.ones((p, p)),
    "zero": lambda p: np.zeros((p, p)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_matrix = pytest.mark.parametrize("matrix", MATRICES)


# A matrix for the penalty


@every_shape
@every_matrix
@pytest.mark.parametrize("alpha", [0.0, 1e-10, 0.3, 1e4])
@pytest.mark.parametrize("weighted", [False, True])
@both_intercepts
@pytest.mark.parametrize("kind", ["F", "C", "CSC"])
def test_a_matrix_of_any_rank_is_optimal(kind, fit_intercept, weighted, alpha, matrix, shape):
    dense, y = data(shape, kind)
    X, P = KINDS[kind](dense), MATRICES[matrix](dense.shape[1])
    s = weights(len(y)) if weighted else None
    before = stored(X), y.tobytes(), P.tobytes()
    fit = fr.ridge(X, y, alpha, penalty_matrix=P, sample_weight=s, fit_intercept=fit_intercept)
    assert (stored(X), y.tobytes(), P.tobytes()) == before
    options = {"penalty_matrix": P, "sample_weight": s, "fit_intercept": fit_intercept}
    kkt.assert_ridge_claims(dense, y, fit, alpha, **options)
    A, _, _, _ = ref.ridge_rows(dense, y, alpha, **options)
    if np.linalg.matrix_rank(A) < A.shape[1]:
        assert fit.status is fr.Status.MINIMUM_NORM
    if alpha != 1e-10:
        coef, _ = ref.ridge(dense, y, alpha, **options)
        assert_close(fit.coef, coef, 1e-8)


@every_shape
@both_intercepts
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e3])
def test_the_identity_is_plain_ridge(alpha, fit_intercept, shape):
    X, y = data(shape)
    fit = fr.ridge(X, y, alpha, penalty_matrix=np.eye(X.shape[1]), fit_intercept=fit_intercept)
    plain = fr.ridge(X, y, alpha, fit_intercept=fit_intercept)
    assert_close(fit.coef, plain.coef, 1e-9)
    assert fit.objective == pytest.approx(plain.objective, rel=1e-11)


@every_shape
@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_the_scale_of_the_matrix_is_that_of_alpha(scale, shape):
    X, y = data(shape)
    P = definite(X.shape[1])
    fit, scaled = fr.ridge(X, y, 0.5, penalty_matrix=P), fr.ridge(X, y, 0.5 / scale, penalty_matrix=scale * P)
    assert_close(scaled.coef, fit.coef, 1e-10)
    assert scaled.objective == pytest.approx(fit.objective, rel=1e-11)


@every_shape
def test_normal_equations_with_a_matrix(shape):
    X, y = data(shape)
    s, P = 0.1 + weights(len(y)), definite(X.shape[1])
    fit = fr.ridge(X, y, 2.0, sample_weight=s, penalty_matrix=P)
    A = np.column_stack([X, np.ones(len(y))])
    penalty = np.zeros((A.shape[1], A.shape[1]))
    penalty[:-1, :-1] = 2.0 * P
    w = np.linalg.solve(A.T @ (s[:, None] * A) + penalty, A.T @ (s * y))
    assert_close(np.append(fit.coef, fit.intercept), w, 1e-9)


def test_a_matrix_may_be_anything_like_an_array():
    X, y = data("tall")
    P = np.rint(4 * definite(8))
    P = P @ P.T
    fit = fr.ridge(X, y, 0.1, penalty_matrix=P)
    for form in (P.tolist(), P.astype(np.int64), P.astype(np.float32), np.asfortranarray(P), np.repeat(P, 2, axis=1)[:, ::2]):
        assert_close(fr.ridge(X, y, 0.1, penalty_matrix=form).coef, fit.coef, 1e-10)


def test_a_matrix_for_several_targets():
    X, y = data("fat")
    Y, P = np.column_stack([y, y**2]), differences(30)
    fit = fr.ridge(X, Y, 0.3, penalty_matrix=P)
    kkt.assert_ridge_claims(X, Y, fit, 0.3, penalty_matrix=P)
    for k in range(2):
        assert_close(fit.coef[:, k], fr.ridge(X, Y[:, k], 0.3, penalty_matrix=P).coef, 1e-9)


def test_columns_that_a_matrix_leaves_free_may_be_far_from_zero():
    X, y = problem(30, 8)
    X[:, 3] += 1e6
    P = np.diag([1.0, 1, 1, 0, 1, 1, 1, 1])
    fit, near = fr.ridge(X, y, 0.5, penalty_matrix=P), fr.ridge(X - [0, 0, 0, 1e6, 0, 0, 0, 0], y, 0.5, penalty_matrix=P)
    assert_close(fit.coef, near.coef, 1e-9)


def far_from_symmetric():
    P = np.eye(8)
    P[2, 1] = 1e-3
    return P


@pytest.mark.parametrize(
    ("options", "names", "error"),
    [
        ({"penalty_matrix": np.eye(7)}, ["(7, 7)", "(8, 8)"], ValueError),
        ({"penalty_matrix": np.eye(8)[:7]}, ["(7, 8)"], ValueError),
        ({"penalty_matrix": np.ones(8)}, ["(8,)"], ValueError),
        ({"penalty_matrix": 1.0}, [], ValueError),
        ({"penalty_matrix": far_from_symmetric()}, ["symmetric"], ValueError),
        ({"penalty_matrix": -np.eye(8)}, ["eigenvalue"], ValueError),
        ({"penalty_matrix": np.diag([1e-3] * 7 + [-1e-5])}, ["eigenvalue"], ValueError),
        ({"penalty_matrix": np.ones((8, 8)) - 2 * np.eye(8)}, ["eigenvalue"], ValueError),
        ({"penalty_matrix": np.full((8, 8), np.nan)}, [], ValueError),
        ({"penalty_matrix": np.full((8, 8), np.inf)}, [], ValueError),
        ({"penalty_matrix": np.eye(8, dtype=complex)}, [], TypeError),
        ({"penalty_matrix": "identity"}, [], TypeError),
        ({"penalty_matrix": np.eye(8), "penalty_factor": np.ones(8)}, ["penalty_factor"], ValueError),
        ({"penalty_matrix": np.eye(8), "standardize": True}, ["standardize"], ValueError),
        ({"penalty_matrix": np.eye(8), "lower": 0.0}, ["lower"], ValueError),
        ({"penalty_matrix": np.eye(8), "upper": np.ones(8)}, ["upper"], ValueError),
        ({"penalty_matrix": np.eye(8), "positive": True}, ["positive"], ValueError),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said_in_a_sentence(options, names, error):
    X, y = data("tall")
    assert_refused(lambda: fr.ridge(X, y, 1.0, **options), "penalty_matrix", *names, error=error)


def test_rounding_makes_no_matrix_indefinite_or_unsymmetric():
    X, y = data("tall")
    for seed in range(20):
        A = np.random.default_rng(seed).standard_normal((3, 8))
        P = A.T @ A
        P[1, 4] *= 1 + 2 * EPS
        kkt.assert_ridge_claims(X, y, fr.ridge(X, y, 1.0, penalty_matrix=P), 1.0, penalty_matrix=(P + P.T) / 2)


# An alpha per target


@every_shape
@every_option
@pytest.mark.parametrize("kind", ["F", "float32", "CSC"])
def test_every_target_may_have_an_alpha_of_its_own(kind, name, shape):
    dense, y = data(shape, kind)
    X, options = KINDS[kind](dense), options_for(name, shape)
    Y, alphas = np.column_stack([y, y**2, y, -y]), np.array([0.1, 3.0, 30.0, 0.1])
    fit = fr.ridge(X, Y, alphas, **options)
    np.testing.assert_array_equal(fit.alpha, alphas)
    assert fit.coef.shape == (dense.shape[1], 4)
    for claim in (fit.intercept, fit.objective, fit.dual_gap):
        assert claim.shape == (4,)
    for k, alpha in enumerate(alphas):
        alone = fr.ridge(X, Y[:, k], alpha, **options)
        assert_close(fit.coef[:, k], alone.coef, 1e-9)
        assert fit.intercept[k] == pytest.approx(alone.intercept, rel=1e-9, abs=1e-10)
        assert fit.objective[k] == pytest.approx(alone.objective, rel=1e-11)
        excess = ref.ridge_excess(dense, Y[:, k], fit.coef[:, k], alpha, **options)
        assert excess <= fit.dual_gap[k] * (1 + 1e-6) + 1e-20 * fit.objective[k]
    assert "\n" not in repr(fit)


def test_equal_alphas_are_one_alpha():
    X, y = data("tall")
    Y = np.column_stack([y, y**2])
    one, two = fr.ridge(X, Y, 0.7), fr.ridge(X, Y, [0.7, 0.7])
    assert_close(two.coef, one.coef, 1e-13)
    np.testing.assert_allclose(two.objective, one.objective, rtol=1e-13)
    assert one.alpha == 0.7
    np.testing.assert_array_equal(two.alpha, [0.7, 0.7])


def test_alphas_per_target_are_copied_and_may_be_any_numbers():
    X, y = data("tall")
    Y, alphas = np.column_stack([y, y**2]), np.array([1.0, 2.0])
    fit = fr.ridge(X, Y, alphas)
    alphas[:] = 5.0
    np.testing.assert_array_equal(fit.alpha, [1.0, 2.0])
    for form in ([1, 2], (1.0, 2), np.array([1, 2], np.int8), np.array([1, 2], np.float32)):
        np.testing.assert_array_equal(fr.ridge(X, Y, form).coef, fit.coef)


@pytest.mark.parametrize("order", [[0.0, 1.0, 1e3], [1e3, 0.0, 1.0]])
@every_shape
def test_an_alpha_of_0_among_others(shape, order):
    X, y = data(shape)
    Y = np.column_stack([y, y**2, -y])
    fit = fr.ridge(X, Y, order)
    for k, alpha in enumerate(order):
        coef, intercept = ref.ridge(X, Y[:, k], alpha)
        assert_close(fit.coef[:, k], coef, 1e-8)
        assert fit.intercept[k] == pytest.approx(intercept, rel=1e-8)
    centred, _, _, _ = ref.center(X, y)
    assert (fit.status is fr.Status.MINIMUM_NORM) == (np.linalg.matrix_rank(centred) < X.shape[1])


@pytest.mark.parametrize("bounds", [{"positive": True}, {"lower": -0.2, "upper": 0.3}])
def test_bounds_hold_for_every_alpha(bounds):
    X, y = data("tall")
    Y, alphas = np.column_stack([y, -y]), np.array([0.1, 30.0])
    fit = fr.ridge(X, Y, alphas, **bounds)
    for k, alpha in enumerate(alphas):
        assert_close(fit.coef[:, k], fr.ridge(X, Y[:, k], alpha, **bounds).coef, 1e-5)


@pytest.mark.parametrize(
    ("alpha", "error"),
    [
        ([1.0], ValueError),
        ([1.0, 2.0, 3.0], ValueError),
        ([[1.0, 2.0]], ValueError),
        ([], ValueError),
        ([1.0, -2.0], ValueError),
        ([1.0, np.nan], ValueError),
        ([np.inf, 1.0], ValueError),
        (["1", "2"], TypeError),
        ([1j, 1.0], TypeError),
    ],
)
def test_what_is_wrong_with_alphas_per_target_is_said_in_a_sentence(alpha, error):
    X, y = data("tall")
    assert_refused(lambda: fr.ridge(X, np.column_stack([y, y]), alpha), "alpha", error=error)


def test_one_target_has_one_alpha():
    X, y = data("tall")
    assert_refused(lambda: fr.ridge(X, y, [1.0, 2.0]), "alpha", error=(ValueError, TypeError))


# Bounds


def projected(X, y, alpha, lower, upper, fit_intercept=True, sample_weight=None, steps=200_000):
    """The minimiser between the bounds, by steps of 1/L down the gradient, each taken back into the bounds."""
    A, b, x_mean, y_mean = ref.ridge_rows(X, y, alpha, fit_intercept, sample_weight)
    G, c = A.T @ A, A.T @ b
    L, w = np.linalg.norm(G, 2), np.clip(np.zeros(A.shape[1]), lower, upper)
    for _ in range(steps):
        before, w = w, np.clip(w - (G @ w - c) / L, lower, upper)
        if np.max(np.abs(w - before)) <= 1e-14 * np.max(np.abs(w)):
            break
    return w, y_mean - x_mean @ w


BOUNDS = {
    "positive": lambda p: {"lower": np.zeros(p), "upper": np.full(p, np.inf)},
    "limits": limits,
    "away from 0": away,
}


@every_shape
@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("weighted", [False, True])
@both_intercepts
@every_kind
def test_bounded_fits_are_those_of_projected_gradients(kind, fit_intercept, weighted, bounds, shape):
    dense, y = data(shape, kind)
    s, alpha = weights(len(y)) if weighted else None, 2.0
    between = BOUNDS[bounds](dense.shape[1])
    options = {"sample_weight": s, "fit_intercept": fit_intercept}
    asked = {"positive": True} if bounds == "positive" else between
    fit = fr.ridge(KINDS[kind](dense), y, alpha, **asked, **options)
    assert ((between["lower"] <= fit.coef) & (fit.coef <= between["upper"])).all()
    coef, intercept = projected(dense, y, alpha, **between, **options)
    best = ref.ridge_objective(dense, y, coef, intercept, alpha, **options)
    found = ref.ridge_objective(dense, y, fit.coef, fit.intercept, alpha, **options)
    assert fit.objective == pytest.approx(found, rel=1e-11)
    assert found - best <= fit.dual_gap * (1 + 1e-6) + 1e-10 * best
    assert fit.dual_gap <= 1e-6 * found
    assert_close(fit.coef, coef, 2e-3)  # the root of the 1e-6 that is asked for; alpha is 2
    total = len(y) if s is None else s.sum()
    missed = kkt.kkt_violation(dense, y, fit.coef, fit.intercept, alpha / total, 0.0, **options, **between)
    assert missed <= 2e-3


@pytest.mark.parametrize("several", [False, True])
def test_a_fit_that_stalls_is_warned_of_at_the_alpha_given(monkeypatch, several):
    monkeypatch.setattr("fastreg._ridge.solver.judged", lambda *_: fr.Status.STALLED)
    X, y = problem(12, 4)
    Y = np.column_stack([y, -y]) if several else y
    with pytest.warns(fr.ConvergenceWarning, match=r"at alpha=7: .* not tol=1e-06;"):
        fr.ridge(X, Y, 7.0, sample_weight=np.full(12, 3.0))


def test_a_start_that_is_none_is_refused_with_several_targets_too():
    X, y = data("tall")
    with pytest.raises((TypeError, ValueError), match=r"^warm_start"):
        fr.elastic_net(X, np.column_stack([y, y]), 0.1, l1_ratio=0.0, warm_start="nonsense")


def test_a_matrix_with_an_eigenvalue_below_zero_by_more_than_rounding_of_it_takes_nothing_off():
    X, y = data("tall")
    p = X.shape[1]
    D = np.diag(np.r_[-1e-12, np.ones(p - 1)])
    fit = fr.ridge(1e-8 * X, y, 1e4, penalty_matrix=D)
    assert fit.objective >= 0.0
    np.testing.assert_array_equal(fit.coef, fr.ridge(1e-8 * X, y, 1e4, penalty_matrix=np.maximum(D, 0.0)).coef)


@pytest.mark.filterwarnings("error::RuntimeWarning", "ignore::fastreg.ConvergenceWarning")
def test_penalties_of_extreme_sizes_overflow_in_silence():
    rng = np.random.default_rng(9)
    X, y = rng.standard_normal((6, 4)) * [1e-78, 1e76, 1e74, 1e82], rng.standard_normal(6)
    fit = fr.ridge(X, y, 1e187, penalty_factor=[0.0, np.inf, 2.5, 1e-3], standardize=True)
    assert fit.coef[0] == pytest.approx(fr.ridge(X[:, :1], y, 0.0).coef[0], rel=1e-9)
    X, y = 1e-150 * rng.standard_normal((4, 8)), 1e100 * y[:4]
    fit = fr.ridge(X, y, 1e-312, penalty_factor=np.r_[0.0, 1.0, np.full(6, np.inf)], fit_intercept=False)
    assert np.isfinite(fit.coef).all()
