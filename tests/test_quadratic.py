"""lasso_gram and ridge_gram: the optimum of any convex quadratic, given by its matrix alone."""

import warnings

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import factors, limits, problem, two_factors
from hypothesis import given
from hypothesis import strategies as st

import fastreg as fr

N, P = 60, 9
# what moves the minimum, for p columns
OPTIONS = {
    "none": lambda p: {},
    "factors": lambda p: {"penalty_factor": factors(p)},
    "two factors": lambda p: {"penalty_factor": two_factors(p)},
    "bounds": limits,
    "positive": lambda p: {"positive": True},
    "lower": lambda p: {"lower": -0.1},
    "warm start": lambda p: {"warm_start": np.ones(p)},
}


def quadratic(n=N, p=P, **kind):
    X, y = problem(n, p, **kind)
    return X, y, X.T @ X, X.T @ y


def value(Q, q, w, alpha, l1_ratio=1.0, penalty_factor=None, **rest):
    """1/2 w'Qw - q'w + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2)"""
    v, u = penalty_factor if isinstance(penalty_factor, tuple) else (penalty_factor, penalty_factor)
    v, u = (np.ones(len(w)) if f is None else np.where(np.isinf(f), 0.0, f) for f in (v, u))
    return 0.5 * w @ Q @ w - q @ w + alpha * np.sum(l1_ratio * v * abs(w) + (1 - l1_ratio) / 2 * u * w**2)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("shape", [(N, P), (6, P)], ids=["regular", "singular"])
def test_it_is_the_fit_of_the_rows(shape, name, l1_ratio):
    """1/2 |y - Xw|^2 with alpha is n times 1/(2n) |y - Xw|^2 with alpha / n."""
    X, y, Q, q = quadratic(*shape)
    options, alpha = OPTIONS[name](P), 2.0
    fit = fr.lasso_gram(Q, q, alpha, l1_ratio=l1_ratio, yty=y @ y, tol=1e-12, **options)
    there = fr.elastic_net(X, y, alpha / len(X), l1_ratio=l1_ratio, fit_intercept=False, tol=1e-12, **options)
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-7 if shape[0] < P else 1e-10)
    assert (fit.alpha, fit.l1_ratio, fit.intercept) == (alpha, l1_ratio, 0.0)
    np.testing.assert_allclose(
        fit.objective, value(Q, q, fit.coef, alpha, l1_ratio, **options), rtol=1e-10, atol=1e-12 * (y @ y)
    )
    np.testing.assert_allclose(fit.objective + y @ y / 2, len(X) * there.objective, rtol=1e-10)
    judged = {key: option for key, option in options.items() if key != "warm_start"}
    t = ref.terms(X, y, alpha / len(X), l1_ratio, False, **judged)
    floor = len(X) * (64 * ref.EPS * t.b @ t.b + kkt.gap_rounding(X, y, fit.coef, alpha / len(X), l1_ratio, **judged))
    assert len(X) * ref.gap(t, fit.coef) <= (1 + 1e-6) * fit.dual_gap + 100 * floor
    assert fit.dual_gap <= 1e-12 * (fit.objective + y @ y / 2) + floor


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 10.0])
@pytest.mark.parametrize("name", ["none", "bounds", "positive"])
def test_ridge_is_the_fit_of_the_rows(name, alpha):
    X, y, Q, q = quadratic()
    fit, there = fr.ridge_gram(Q, q, alpha, **OPTIONS[name](P)), fr.ridge(X, y, alpha, fit_intercept=False, **OPTIONS[name](P))
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-8)
    np.testing.assert_allclose(2 * fit.objective + y @ y, there.objective, rtol=1e-10)


def test_a_quadratic_of_no_data_has_its_minimum():
    """Any symmetric matrix without negative eigenvalues, and any q: the conditions of optimality, not a twin with rows."""
    rng = np.random.default_rng(0)
    V, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    Q, q, alpha = V * np.geomspace(1.0, 1e-3, 20) @ V.T, rng.standard_normal(20), 0.3
    fit = fr.lasso_gram(Q, q, alpha, tol=1e-13)
    c = q - Q @ fit.coef
    np.testing.assert_allclose(c[fit.support], alpha * np.sign(fit.coef[fit.support]), atol=1e-9)
    assert np.abs(c).max() <= alpha + 1e-9
    assert fit.objective < 0.0


def test_a_singular_quadratic_with_an_l2_penalty_takes_any_q():
    q = np.array([1.0, -2.0, 0.0])
    np.testing.assert_allclose(fr.ridge_gram(np.zeros((3, 3)), q, 2.0).coef, q / 2)
    fit = fr.lasso_gram(np.zeros((3, 3)), q, 2.0, l1_ratio=0.5)
    np.testing.assert_allclose(fit.coef, [0.0, -1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(fit.objective, -0.5)
    fit = fr.lasso_gram(np.diag([1.0, 0.0]), [2.0, 5.0], 1.0, l1_ratio=0.5, penalty_factor=[1.0, np.inf])
    np.testing.assert_allclose(fit.coef, [1.0, 0.0])


def descend(Q, q, l1, lower, upper, sweeps=3_000):
    """The optimum of 1/2 w'Qw - q'w + sum_j l1_j |w_j| on a box, coordinate by coordinate."""
    w = np.clip(np.zeros(len(q)), lower, upper)
    for _ in range(sweeps):
        before = w.copy()
        for j in range(len(q)):
            c = q[j] - Q[j] @ w + Q[j, j] * w[j]
            free = np.sign(c) * max(abs(c) - l1[j], 0.0)
            w[j] = np.clip(free / Q[j, j] if Q[j, j] > 0.0 else np.inf * free if free else 0.0, lower[j], upper[j])
        if np.array_equal(w, before):
            break
    return w


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("tol", [1e-6, 1e-10])
@pytest.mark.parametrize("seed", range(5))
def test_finite_bounds_allow_any_linear_term(seed, tol, alpha):
    """Without rows it has no least-squares problem: more assets than days, and any expected return."""
    rng = np.random.default_rng(seed)
    p = int(rng.integers(2, 12))
    A, q = rng.standard_normal((int(rng.integers(1, p)), p)), rng.standard_normal(p)
    Q, v = A.T @ A, np.where(rng.random(p) < 0.2, np.inf, rng.random(p))
    lower, upper = -rng.random(p), rng.random(p)
    fit = fr.lasso_gram(Q, q, alpha, penalty_factor=v, lower=lower, upper=upper, tol=tol)
    assert fit.status.converged
    assert np.all((lower <= fit.coef) & (fit.coef <= upper) & (np.isfinite(v) | (fit.coef == 0.0)))
    assert fit.objective == pytest.approx(value(Q, q, fit.coef, alpha, penalty_factor=v), abs=1e-12)
    kept = np.isfinite(v)
    best = np.zeros(p)
    best[kept] = descend(Q[np.ix_(kept, kept)], q[kept], alpha * v[kept], lower[kept], upper[kept])
    assert fit.objective - value(Q, q, best, alpha, penalty_factor=v) <= fit.dual_gap + 1e-12
    assert fit.dual_gap <= tol * 100


def test_finite_bounds_without_any_curvature_are_a_corner():
    fit = fr.ridge_gram(np.zeros((3, 3)), [1.0, -2.0, 0.0], 0.0, lower=-1.0, upper=2.0)
    np.testing.assert_allclose(fit.coef[:2], [2.0, -1.0], atol=1e-9)
    assert fit.objective == pytest.approx(-4.0)


def test_a_wide_box_is_crossed_in_few_steps():
    fit = fr.ridge_gram(np.diag([1.0, 0.0]), [0.0, 1e-5], 0.0, lower=-1e4, upper=1e4)
    np.testing.assert_allclose(fit.coef, [0.0, 1e4], atol=1e-6)
    assert fit.status.converged
    assert fit.n_iter < 100


def test_columns_left_out_do_not_come_back_as_rounding():
    a, q = np.sqrt([0.0705, 0.2016, 6.0992, 0.4985]), [-6.7e-5, -7.4e-5, -7.5e-6, 3.4e-5]
    lower, upper = [-0.33, -0.54, -0.91, -0.88], [0.077, 0.077, 0.094, 0.097]
    for seed in range(20):
        Q = np.outer(a, a) * (1.0 + 1e-3 * seed)
        v = np.array([2.5, np.inf, np.inf, 1.0])
        fit = fr.lasso_gram(Q, q, 7.4e-5, penalty_factor=v, lower=lower, upper=upper)
        assert fit.status.converged
        np.testing.assert_array_equal(fit.coef[1:3], 0.0)


@pytest.mark.parametrize("end", [1e200, 1e308])
def test_bounds_near_the_end_of_float64_give_a_fit(end):
    fit = fr.lasso_gram([[0.0]], [1.0], 0.1, lower=-1e200, upper=1e200)
    assert fit.coef[0] == pytest.approx(1e200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", fr.ConvergenceWarning)
        fit = fr.lasso_gram(np.ones((2, 2)), [1.0, 3.0], 0.1, lower=-end, upper=end)
    assert np.isfinite(fit.coef).all()
    assert np.isfinite(fit.objective)


def test_the_l2_penalty_must_reach_what_is_singular():
    with pytest.raises(ValueError, match="out of the range of gram"):
        fr.lasso_gram(np.diag([1.0, 0.0]), [2.0, 5.0], 1.0, l1_ratio=0.5, penalty_factor=([1.0, 1.0], [1.0, 0.0]))


def test_least_squares_of_a_singular_matrix_has_the_smallest_norm():
    X, _, Q, q = quadratic(5, P)
    fit = fr.ridge_gram(Q, q, 0.0)
    assert fit.status is fr.Status.MINIMUM_NORM
    np.testing.assert_allclose(fit.coef, np.linalg.pinv(Q, rcond=1e-10) @ q, atol=1e-10)
    np.testing.assert_allclose(fit.objective, -0.5 * q @ np.linalg.pinv(Q, rcond=1e-10) @ q, rtol=1e-10)
    assert X.shape == (5, P)


def test_several_right_hand_sides():
    _, _, Q, _ = quadratic()
    B = np.random.default_rng(1).standard_normal((P, 4)) * 10
    fit = fr.lasso_gram(Q, B, 1.0, tol=1e-12, yty=[100.0, 200.0, 300.0, 400.0])
    assert fit.coef.shape == (P, 4)
    for k in range(4):
        one = fr.lasso_gram(Q, B[:, k], 1.0, tol=1e-12)
        np.testing.assert_allclose(fit.coef[:, k], one.coef, atol=1e-10)
        np.testing.assert_allclose(fit.objective[k], one.objective, rtol=1e-9)
    assert fr.lasso_gram(Q, B[:, :1], 1.0).coef.shape == (P, 1)


def test_tol_is_relative_to_the_objective_and_yty():
    X, y, Q, q = quadratic()
    loose = fr.lasso_gram(Q, q, 0.5, yty=1e9, tol=1e-4)
    assert loose.dual_gap <= 1e-4 * (loose.objective + 0.5e9)
    tight = fr.lasso_gram(Q, q, 0.5, tol=1e-10)
    least = q @ np.linalg.solve(Q, q)
    assert tight.dual_gap <= 1e-10 * (tight.objective + 0.5 * least) + 64 * ref.EPS * least
    assert loose.objective >= tight.objective - tight.dual_gap
    assert X.shape[0] == y.size


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_input_is_left_alone(order, dtype):
    Q, q = np.array([[4, 1], [1, 3]], dtype, order=order), np.array([5, 6], dtype)
    kept = Q.copy(), q.copy()
    Q.flags.writeable = q.flags.writeable = False
    fit = fr.lasso_gram(Q, q, 1.0, tol=1e-12)
    np.testing.assert_allclose(fit.coef, [7 / 11, 16 / 11])  # inv(Q)(q - 1)
    np.testing.assert_array_equal(Q, kept[0])
    np.testing.assert_array_equal(q, kept[1])


def test_products_in_float32_may_be_rounded_like_float32():
    X, _ = problem(40, 6)
    X = np.column_stack([X, X[:, 0]]).astype(np.float32)
    fit = fr.ridge_gram(X.T @ X, X.T @ X[:, 1], 0.0)
    np.testing.assert_allclose(fit.coef, np.eye(7)[1], atol=1e-4)


@pytest.mark.parametrize(
    ("gram", "xty", "words"),
    [
        (np.ones((2, 3)), [1.0, 1.0], r"^gram has shape \(2, 3\); a square matrix is needed\.$"),
        ([1.0, 2.0], [1.0, 1.0], r"^gram has 1 dimension"),
        ([[1.0, np.nan], [0.0, 1.0]], [1.0, 1.0], r"^gram holds NaN at row 0, column 1"),
        ([[2.0, 0.5], [0.4, 2.0]], [1.0, 1.0], r"^gram is not symmetric: it has 0\.5 at \(0, 1\) and 0\.4 at \(1, 0\)\.$"),
        ([[1.0, 2.0], [2.0, 1.0]], [1.0, 1.0], r"^gram has an eigenvalue of -1; none may be negative\.$"),
        ([[0.0, 1.0], [1.0, 0.0]], [1.0, 1.0], r"^gram has an eigenvalue of -1; none"),
        ([[1.0, 0.0], [0.0, -1e-3]], [1.0, 1.0], r"^gram has an eigenvalue of -0\.001; none"),
        (np.eye(2), [1.0], r"^xty has shape \(1,\); \(2,\) or \(2, t\) is needed, as gram has 2 columns\.$"),
        (np.eye(2), [1.0, np.inf], r"^xty holds inf at row 1"),
        (np.ones((2, 2)), [1.0, -1.0], r"^xty is out of the range of gram by 1 of its size; an l2 penalty, however"),
        (np.zeros((2, 2)), [1.0, 0.0], r"^xty is out of the range"),
    ],
)
def test_what_is_no_convex_quadratic_is_refused(gram, xty, words):
    for function in (fr.lasso_gram, lambda *args: fr.ridge_gram(*args[:2], 0.0)):
        with pytest.raises(ValueError, match=words):
            function(gram, xty, 0.1)


def test_options_are_checked():
    with pytest.raises(ValueError, match=r"^yty is 1 where gram and xty need at least 2\.$"):
        fr.lasso_gram(np.eye(2), [1.0, 1.0], 0.1, yty=1.0)
    with pytest.raises(ValueError, match=r"^yty has shape \(2,\); a number or shape \(1,\) is needed"):
        fr.lasso_gram(np.eye(2), [1.0, 1.0], 0.1, yty=[1.0, 2.0])
    with pytest.raises(ValueError, match="yty is nan"):
        fr.lasso_gram(np.eye(2), [1.0, 1.0], 0.1, yty=np.nan)
    with pytest.raises(ValueError, match="alpha is -1"):
        fr.ridge_gram(np.eye(2), [1.0, 1.0], -1)
    with pytest.raises(ValueError, match="l1_ratio is 2"):
        fr.lasso_gram(np.eye(2), [1.0, 1.0], 1, l1_ratio=2)
    with pytest.raises(ValueError, match="lower is 1 and upper is 0"):
        fr.lasso_gram(np.eye(2), [1.0, 1.0], 1, lower=1.0, upper=0.0)


@given(
    n=st.integers(1, 6),
    p=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-60, 1e-3, 1.0, 1e60]),
    l1_ratio=st.sampled_from([1.0, 0.7, 0.0]),
)
def test_odd_quadratics_are_solved(n, p, seed, scale, l1_ratio):
    """Singular, with zero and repeated columns, of any scale."""
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-2, 3, (n, p)) * scale, rng.integers(-3, 4, n) * 1.0
    alpha = 0.3 * scale**2 if l1_ratio == 0.0 else 0.3 * scale
    fit = fr.lasso_gram(X.T @ X, X.T @ y, alpha, l1_ratio=l1_ratio, tol=1e-8)
    there = fr.elastic_net(X, y, alpha / n, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-8)
    np.testing.assert_allclose(fit.objective + y @ y / 2, n * there.objective, rtol=2e-8, atol=1e-12 * (y @ y))


@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(40))
def test_entries_at_both_ends_of_float64_have_an_answer_or_a_sentence(seed):
    rng = np.random.default_rng(seed)
    p = int(rng.integers(1, 5))
    X = rng.standard_normal((rng.integers(1, 6), p)) * 10.0 ** rng.choice([0, 0, 100, -100, 150, -150, -160], p)
    q = rng.standard_normal(p) * 10.0 ** rng.choice([0, 0, 100, 200, -200, -300], p)
    sentences = []
    ends = 10.0 ** rng.choice([0, 0, 100, -100, 300, -300], (2, p)) * rng.random((2, p))
    for options in ({}, {"lower": -ends[0], "upper": ends[1]}):
        try:
            fit = fr.lasso_gram(X.T @ X, q, 10.0 ** rng.choice([0, 100, -100]), l1_ratio=rng.choice([1.0, 0.5]), **options)
        except ValueError as error:
            sentences.append(str(error))
            continue
        assert np.isfinite(fit.coef).all()
        assert not fit.status.converged or np.isfinite(fit.objective)
    assert all(sentence.endswith(".") for sentence in sentences)
