"""One lasso or elastic net at a time: optimal for every layout, and equal under all that must not matter."""

import warnings

import hypothesis.extra.numpy as hnp
import kkt
import numpy as np
import pytest
import reference as ref
from conftest import FORMS, problem, use_form
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import fastreg as fr
from fastreg._descent import Form, choose_form

EPS = np.finfo(np.float64).eps
TALL, WIDE = (30, 8), (12, 30)
PENALTIES = {"lasso": (0.1, 1.0), "elastic net": (0.1, 0.5), "no l1": (0.1, 0.0), "no penalty": (0.0, 0.7)}
both_intercepts = pytest.mark.parametrize("fit_intercept", [True, False])
both_shapes = pytest.mark.parametrize("shape", [TALL, WIDE], ids=["tall", "wide"])


def assert_same(fit, other, rtol):
    """The coefficients and intercepts agree, relative to the largest coefficient."""
    np.testing.assert_allclose(fit.coef, other.coef, rtol=0, atol=rtol * np.abs(fit.coef).max())
    assert fit.intercept == pytest.approx(other.intercept, rel=rtol, abs=rtol)


def unconverged(function, *args, **options):
    """function(...), whose ConvergenceWarning is expected or of no interest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fr.ConvergenceWarning)
        return function(*args, **options)


# The contract


@both_shapes
@pytest.mark.parametrize("penalty", PENALTIES)
@both_intercepts
def test_is_optimal_and_equals_the_twin_for_every_layout(layout, fit_intercept, penalty, shape):
    X, y = problem(*shape, offset=1.0)
    X, y = layout(X), layout(y[:, None])[:, 0]
    before = X.tobytes(), y.tobytes()
    alpha, l1_ratio = PENALTIES[penalty]
    fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-12)
    assert (X.tobytes(), y.tobytes()) == before
    kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-12)
    X, y = np.array(X, np.float64), np.array(y, np.float64)
    coef, intercept = ref.elastic_net(X, y, alpha, l1_ratio, fit_intercept)
    best = ref.objective(X, y, coef, intercept, alpha, l1_ratio)
    assert fit.objective == pytest.approx(best, rel=2e-12, abs=ref.gap_floor(y, fit_intercept))
    # the objective is quadratic in the distance: a gap of 1e-12 leaves half the digits, and |X^+| <= 10 takes one more
    np.testing.assert_allclose(fit.coef, coef, atol=1e-5)
    assert fit.intercept == pytest.approx(intercept, abs=1e-5)
    assert fit.coef.dtype == np.float64
    assert fit.status.converged
    assert (fit.status is fr.Status.MINIMUM_NORM) == (alpha == 0 and shape == WIDE)


# Few digits, so that zeros, repeats and exact ties are common
entries = st.integers(-8, 8).map(lambda k: k / 4)
columns = st.tuples(st.sampled_from(["zero", "constant", "copy", "negated"]), st.integers(0, 11))


@st.composite
def cases(draw):
    """X, y, intercept or not, l1_ratio, and alpha as a share of alpha_max."""
    n, p = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    X, y = draw(hnp.arrays(np.float64, (n, p), elements=entries)), draw(hnp.arrays(np.float64, n, elements=entries))
    for kind, j in draw(st.lists(columns, max_size=3)):
        X[:, j % p] = {"zero": 0.0, "constant": 0.3, "copy": X[:, 0], "negated": -X[:, 0]}[kind]
    if draw(st.booleans()):
        y[:] = y[0]
    X *= draw(st.sampled_from([1.0, 1e-3, 1e3]))
    y *= draw(st.sampled_from([1.0, 1e-3, 1e3]))
    X = np.array(X, draw(st.sampled_from([np.float64, np.float32])), order=draw(st.sampled_from("CF")))
    fraction = draw(st.sampled_from([1.5, 0.999, 0.5, 0.1, 1e-2, 1e-4]))
    return X, y, draw(st.booleans()), draw(st.sampled_from([1.0, 0.5, 0.05])), fraction


# on the residual nothing walks along dependent columns, and max_iter may end a solve
@pytest.mark.thread_unsafe(reason="patches a module outside the fixture, and two threads would put back each other's patch")
@pytest.mark.parametrize("form", ["tall", "Gram"])
@given(case=cases())
def test_is_optimal_for_odd_data(form, case):
    X, y, fit_intercept, l1_ratio, fraction = case
    alpha = fraction * (fr.alpha_max(X, y, l1_ratio=l1_ratio, fit_intercept=fit_intercept) or 1.0)
    with pytest.MonkeyPatch.context() as patch:
        use_form(patch, form)
        fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    if fraction >= 1:
        assert not fit.coef.any()


@given(cases())
def test_no_l1_penalty_is_optimal_for_odd_data(case):
    X, y, fit_intercept, l1_ratio, fraction = case
    alpha = fraction * float(np.max(X.astype(np.float64) ** 2) or 1.0)
    fit = fr.elastic_net(X, y, alpha, l1_ratio=0.0, fit_intercept=fit_intercept)
    kkt.assert_optimal(X, y, fit, alpha, l1_ratio=0.0, fit_intercept=fit_intercept)
    fit = fr.elastic_net(X, y, 0.0, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    kkt.assert_optimal(X, y, fit, 0.0, l1_ratio=l1_ratio, fit_intercept=fit_intercept)


def test_orthonormal_columns_are_soft_thresholded():
    n, p, alpha = 40, 7, 0.2
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, p))]))
    X, y = np.sqrt(n) * Q[:, 1:], rng.standard_normal(n) + 3
    expected = fr.soft_threshold(X.T @ y / n, alpha)
    assert 0 < np.count_nonzero(expected) < p
    np.testing.assert_allclose(fr.lasso(X, y, alpha, tol=1e-14).coef, expected, atol=1e-14)


# The way there


@pytest.mark.parametrize("form", FORMS)
@both_shapes
def test_objective_never_rises_with_more_iterations(monkeypatch, shape, form):
    use_form(monkeypatch, form)
    X, y = problem(*shape, correlation=0.9)
    fits = [unconverged(fr.lasso, X, y, 0.01, tol=1e-12, max_iter=k) for k in range(1, 40)]
    objectives = np.array([fit.objective for fit in fits])
    assert (np.diff(objectives) <= 16 * EPS * objectives[:-1]).all()
    assert objectives[-1] < 0.99 * objectives[0]
    assert all(fit.n_iter <= k for k, fit in enumerate(fits, 1))
    for fit in fits:  # the certificate holds on the way, too
        assert fit.objective - fit.dual_gap <= objectives[-1] * (1 + 16 * EPS)


WARNERS = {
    "lasso": lambda X, y: fr.lasso(X, y, 0.01, max_iter=1, tol=1e-9),
    "elastic_net": lambda X, y: fr.elastic_net(X, y, 0.01, max_iter=1, tol=1e-9),
    "lasso_path": lambda X, y: fr.lasso_path(X, y, alphas=[0.1, 0.02, 0.01], max_iter=1, tol=1e-9),
    "elastic_net_path": lambda X, y: fr.elastic_net_path(X, y, alphas=[0.1, 0.02, 0.01], max_iter=1, tol=1e-9),
}


@pytest.mark.parametrize("name", WARNERS)
def test_too_few_iterations_give_one_warning_at_the_line_of_the_call(name):
    X, y = problem(*WIDE, correlation=0.9)
    with pytest.warns(fr.ConvergenceWarning) as record:
        result = WARNERS[name](X, y)
    assert len(record) == 1
    assert record[0].filename == __file__
    for word in ("gap", "tol=1e-09", "max_iter=1"):
        assert word in str(record[0].message)
    last = result if isinstance(result, fr.Fit) else result[-1]
    assert last.status is fr.Status.MAX_ITER
    assert not last.status.converged
    assert last.dual_gap > 1e-9 * last.objective


@both_shapes
def test_warm_start_saves_work_and_changes_nothing(shape):
    X, y = problem(*shape, correlation=0.5)
    cold = fr.lasso(X, y, 0.01, tol=1e-12)
    path = fr.lasso_path(X, y, alphas=[0.5, 0.011, 0.1], tol=1e-12)
    for start in (cold.coef, cold, path, cold.coef.tolist()):
        warm = fr.lasso(X, y, 0.01, tol=1e-12, warm_start=start)
        assert_same(warm, cold, 1e-9)
        assert warm.n_iter <= cold.n_iter
    path = fr.lasso_path(X, y, alphas=[0.5, 0.01, 0.1], tol=1e-12)
    for start in (cold, path):  # of a path, the nearest alpha: one sweep and one Newton step to see that all is done
        assert fr.lasso(X, y, 0.01, tol=1e-12, warm_start=start).n_iter <= 2


@pytest.mark.parametrize("size", [1.0, 1e6])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@both_shapes
def test_wrong_warm_start_ends_at_the_optimum(shape, l1_ratio, size):
    X, y = problem(*shape)
    start = size * np.random.default_rng(1).standard_normal(shape[1])
    for alpha in (0.05, 10.0):
        fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, warm_start=start)
        kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio)
    assert not fit.coef.any()


def nearly_agreeing(spread):
    """Two columns at an angle of about `spread`, y along their difference, so that the coefficients are +-1/spread."""
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((2, 50))
    X = np.column_stack([x, x + spread * z, rng.standard_normal((50, 3))])
    y = z + 0.1 * rng.standard_normal(50)
    return X, y, 1e-6 * fr.alpha_max(X, y)


@pytest.mark.parametrize("spread", [1e-2, 1e-3])
def test_columns_that_nearly_agree_are_solved(spread):
    X, y, alpha = nearly_agreeing(spread)
    fit = fr.lasso(X, y, alpha)
    assert np.abs(fit.coef).max() > 0.5 / spread
    kkt.assert_optimal(X, y, fit, alpha)


@pytest.mark.parametrize("spread", [1e-4, 1e-5, 1e-6])
def test_certificate_holds_where_rounding_keeps_the_gap_above_tol(spread):
    X, y, alpha = nearly_agreeing(spread)
    fit = unconverged(fr.lasso, X, y, alpha, max_iter=1000)
    X, y, _, _ = ref.center(X, y)
    rounding = kkt.gap_rounding(X, y, fit.coef, alpha)
    value = ref.objective(X, y, fit.coef, 0.0, alpha)
    assert abs(fit.objective - value) <= rounding
    assert ref.duality_gap(X, y, fit.coef, alpha) <= fit.dual_gap + rounding
    assert fit.dual_gap <= max(1e-6 * value, rounding)
    assert fit.status is not fr.Status.MAX_ITER


def test_rounding_that_ends_a_fit_is_told_once():
    """With alpha below the rounding of X'r / n no dual point can be told from an infeasible one.

    Without bounds the solution without a penalty is one here too, and has a gap of its own.
    """
    X, y = problem(50, 10)
    alpha = 1e-16 * fr.alpha_max(X, y)
    assert fr.lasso(X, y, alpha).status.converged
    with pytest.warns(fr.ConvergenceWarning, match="raise tol") as record:
        fit = fr.lasso(X, y, alpha, upper=1e3)
    assert [entry.filename for entry in record] == [__file__]
    assert fit.status is fr.Status.STALLED
    assert not fit.status.converged


# Equal, because it must not matter


def test_elastic_net_at_l1_ratio_one_is_the_lasso():
    X, y = problem(*WIDE)
    assert fr.elastic_net(X, y, 0.1, l1_ratio=1.0).coef.tobytes() == fr.lasso(X, y, 0.1).coef.tobytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@both_shapes
def test_every_form_of_the_working_set_gives_the_same(monkeypatch, shape, l1_ratio, form):
    X, y = problem(*shape, offset=1.0)
    gram = fr.elastic_net(X, y, 0.05, l1_ratio=l1_ratio, tol=1e-14)
    use_form(monkeypatch, form)
    residual = fr.elastic_net(X, y, 0.05, l1_ratio=l1_ratio, tol=1e-14)
    assert_same(residual, gram, 1e-6)  # sqrt(gap)
    kkt.assert_optimal(X, y, residual, 0.05, l1_ratio=l1_ratio, tol=1e-14)


@both_intercepts
@both_shapes
def test_orders_permutations_and_repeated_rows_change_nothing(shape, fit_intercept):
    X, y = problem(*shape, offset=1.0)
    options = {"fit_intercept": fit_intercept, "tol": 1e-14}
    fit = fr.lasso(X, y, 0.05, **options)
    rtol = 1e-10  # both are at the minimiser up to eps times the condition of the support, below 1e4
    assert_same(fr.lasso(np.ascontiguousarray(X), y, 0.05, **options), fit, rtol)
    assert_same(fr.lasso(np.repeat(X, 3, axis=0), np.repeat(y, 3), 0.05, **options), fit, rtol)
    order = np.random.default_rng(2).permutation(shape[1])
    np.testing.assert_allclose(fr.lasso(X[:, order], y, 0.05, **options).coef, fit.coef[order], atol=rtol)
    assert_same(fr.lasso(X.astype(np.float32), y, 0.05, **options), fit, 1e4 * float(np.finfo(np.float32).eps))


@both_shapes
def test_columns_far_from_zero_cost_no_digits(shape):
    X, y = problem(*shape)
    far = X + 1e8
    near = far - 1e8  # exactly what far holds, as neighbours of 1e8 differ by 1.5e-8
    fit, expected = fr.lasso(far, y, 0.05, tol=1e-13), fr.lasso(near, y, 0.05, tol=1e-13)
    np.testing.assert_allclose(fit.coef, expected.coef, atol=1e-9)
    # b = mean(y) - mean(x)'w has terms of 1e8
    assert fit.intercept + 1e8 * fit.coef.sum() == pytest.approx(expected.intercept, abs=64 * EPS * 1e8)


@pytest.mark.parametrize(
    ("l1_ratio", "x_power", "y_power"),
    [
        *((1.0, *powers) for powers in [(0, 664), (0, -664), (498, 0), (-498, 0), (400, -300), (-400, 300)]),
        *((0.5, *powers) for powers in [(498, 498), (-498, -498)]),  # else |w|_1 and |w|^2 scale apart
    ],
)
@both_shapes
def test_powers_of_two_scale_the_solution_exactly(shape, l1_ratio, x_power, y_power):
    """2^664 and 2^498 are about 1e200 and 1e150: squares of y, or of X, are out of range."""
    X, y = problem(*shape)
    fit = fr.elastic_net(X, y, 0.05, l1_ratio=l1_ratio)
    scaled = fr.elastic_net(np.ldexp(X, x_power), np.ldexp(y, y_power), np.ldexp(0.05, x_power + y_power), l1_ratio=l1_ratio)
    np.testing.assert_array_equal(np.ldexp(scaled.coef, x_power - y_power), fit.coef)
    assert np.ldexp(scaled.intercept, -y_power) == fit.intercept


# alpha_max


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@both_intercepts
@pytest.mark.parametrize("shape", [TALL, WIDE, (1, 1), (2, 1), (7, 7), (100, 300)])
def test_alpha_max_is_the_smallest_alpha_with_no_coefficient(layout, shape, fit_intercept, l1_ratio):
    X, y = problem(*shape, offset=1.0)
    X = layout(X)
    largest = fr.alpha_max(X, y, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
    options = {"l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    assert largest == pytest.approx(ref.alpha_max(X, y, **options), rel=1e-12)
    assert not fr.elastic_net(X, y, largest, **options).coef.any()
    if largest > 0:  # not so for one row with an intercept
        assert fr.elastic_net(X, y, largest * (1 - 1e-9), **options).coef.any()


@pytest.mark.parametrize(
    ("n", "p", "itemsize", "form"),
    [
        (1600, 100, 8, (True, 100, 100)),  # 16 rows per column are tall,
        (1599, 100, 8, (False, 3986, 6905)),  # one less is not,
        (32_000, 2000, 4, (False, 1414, 5000)),  # nor is what would take more memory than is allowed
        (2000, 4000, 8, (False, 3265, 5656)),  # what X leaves of 192 MB
        (2000, 11_000, 8, (False, 1414, 5000)),  # 24 MB
        (2000, 50_000, 8, (False, 2160, 5000)),  # 7 % of X
    ],
)
def test_form_of_the_working_set_at_its_borders(n, p, itemsize, form):
    chosen = choose_form(n, p, n * p * itemsize)
    assert (chosen.tall, chosen.gram, chosen.factor) == form


def test_form_changes_on_the_way_without_a_jump(monkeypatch):
    X, y = problem(60, 200, correlation=0.5)
    alphas = fr.alpha_max(X, y) * np.geomspace(1, 0.01, 30)
    gram = fr.lasso_path(X, y, alphas=alphas, tol=1e-10)
    for columns in (gram.counts["working_set"] // 4, gram.df.max(), gram.counts["working_set"] - 1):
        monkeypatch.setattr("fastreg._descent.choose_form", lambda n, p, *_, c=int(columns): Form(False, c, p))
        other = fr.lasso_path(X, y, alphas=alphas, tol=1e-10)
        assert all(status.converged for status in other.statuses)
        np.testing.assert_allclose(other.objectives, gram.objectives, rtol=2e-10)
        np.testing.assert_allclose(other.coefs, gram.coefs, atol=1e-4 * np.abs(gram.coefs).max())


@pytest.mark.parametrize("form", [form for form in FORMS if form != "residual, small factor"])
@pytest.mark.parametrize("stored", [np.asfortranarray, np.ascontiguousarray, sparse.csc_array])
def test_supports_of_several_blocks_of_the_factor(monkeypatch, stored, form):
    X, y = problem(300, 200, correlation=0.5, support=150)
    X[np.abs(X) < 0.5] = 0.0
    use_form(monkeypatch, form)
    path = fr.lasso_path(stored(X), y, alphas=8, alpha_min_ratio=1e-3, tol=1e-10)
    assert list(path.df[1:6] // 48) == [0, 2, 3, 3, 3]
    for k, alpha in enumerate(path.alphas):
        assert kkt.kkt_violation(X, y, path.coefs[:, k], path.intercepts[k], alpha) < 1e-6


def test_no_strides_are_made_through_what_rounding_hides():
    """From the largest gradient to 1e-182 there are hundreds of strides, of which rounding leaves a few dozen."""
    X, y = problem(40, 200)
    fit = fr.lasso(X, y, 1e-182)
    assert fit.status.converged
    assert fit.n_iter <= fr.lasso(X, y, 1e-18).n_iter + 20


def test_many_columns_with_few_entries_join_in_few_rounds():
    """18 entries a column of 2000: fifty columns a round, each solved to the end, would take 33 sweeps and Newton steps."""
    rng = np.random.default_rng(0)
    n, p = 2000, 20_000
    size = np.minimum(1 + rng.pareto(0.7, p), n // 4).astype(int)
    rows, columns = np.concatenate([rng.choice(n, m, replace=False) for m in size]), np.repeat(np.arange(p), size)
    X = sparse.csc_array((rng.random(size.sum()) + 0.5, (rows, columns)), shape=(n, p))
    y = X @ np.where(rng.random(p) < 0.05, rng.standard_normal(p), 0.0)
    y += rng.standard_normal(n) * y.std()
    fit = fr.lasso(X, y, 0.02 * fr.alpha_max(X, y), tol=1e-4)
    assert fit.status is fr.Status.CONVERGED
    assert fit.n_iter <= 26


@pytest.mark.parametrize("columns", [5, 20, 60])
def test_working_sets_that_shrink_on_the_residual_stay_there(monkeypatch, columns):
    for seed in range(15):
        X, y = problem(40, 230, correlation=0.8, seed=seed)
        X = X.cumsum(axis=1)
        alphas = fr.alpha_max(X, y, l1_ratio=0.5) * np.geomspace(1, 0.02, 12)
        gram = fr.elastic_net_path(X, y, alphas=alphas, tol=1e-10)
        with monkeypatch.context() as patch:
            patch.setattr("fastreg._descent.choose_form", lambda n, p, *_: Form(False, columns, p))
            path = fr.elastic_net_path(X, y, alphas=alphas, tol=1e-10)
        assert all(status.converged for status in path.statuses)
        np.testing.assert_allclose(path.objectives, gram.objectives, rtol=2e-10)
