"""certify against the twins of reference.py: bounds that hold, proofs that are true, and both tight at the optimum."""

import numpy as np
import pytest
import reference as ref
from conftest import problem
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import fastreg as fr

FORMS = {
    "C": np.array,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "csc": sparse.csc_array,
    "csr": sparse.csr_matrix,
    "coo": sparse.coo_array,
}
OPTIONS = {
    "plain": {},
    "weights": {"sample_weight": [0, 3, 1, 2, 0, 1, 1, 5, 1, 1, 0, 2]},
    "offset": {"offset": np.linspace(-2, 5, 12)},
    "factors": {"penalty_factor": [0, 1, 2, 0.5, np.inf]},
    "two factors": {"penalty_factor": ([0, 1, 2, 0.5, 1], [0, 0, 1, 2, np.inf])},
    "positive": {"positive": True},
    "bounds": {"lower": [-0.1, -np.inf, 0.05, 0.0, -1.0], "upper": [0.1, 0.0, np.inf, 0.2, -0.05]},
    "standardize": {"standardize": True},
}
OPTIONS["all"] = {
    "sample_weight": OPTIONS["weights"]["sample_weight"],
    "offset": OPTIONS["offset"]["offset"],
    "penalty_factor": OPTIONS["factors"]["penalty_factor"],
    "lower": -0.2,
    "upper": [0.3, 0.3, np.inf, 0.3, 0.3],
    "standardize": True,
}
every_option = pytest.mark.parametrize("name", OPTIONS)
L1_RATIOS = [1.0, 0.5, 0.0]


def small(seed=0):
    """12 x 5, with digits that float32 keeps and zeros that a sparse X leaves out."""
    X, y = problem(12, 5, seed)
    X[np.random.default_rng(seed).random(X.shape) < 0.3] = 0.0
    return np.round(X * 16) / 16, y


def exact_objective(X, y, w, alpha, l1_ratio, fit_intercept, options):
    """P(w) at the best intercept, in extended precision where there is one: centred before anything is multiplied."""
    t = ref.terms(X, y, alpha, l1_ratio, fit_intercept, **options)
    r = np.longdouble(t.b) - np.longdouble(t.A) @ np.longdouble(w)
    return r @ r / 2 + np.longdouble(t.l1) @ np.abs(w) + np.longdouble(t.l2) @ np.longdouble(w) ** 2 / 2


def feasible(t, w):
    """The nearest w within the bounds."""
    return np.clip(w, t.lower, t.upper)


def judge_rounding(t, w):
    """What rounding of the terms themselves (weights, means, scales) does to the judge: some eps of the sizes summed."""
    return 32 * ref.EPS * (np.linalg.norm(t.b) + np.linalg.norm(t.A, axis=0) @ np.abs(w)) ** 2


# The bound


@every_option
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.05, 1.0])
def test_the_gap_bounds_the_distance_to_the_optimum_and_closes_there(name, fit_intercept, l1_ratio, alpha):
    (X, y), options = small(), OPTIONS[name]
    t = ref.terms(X, y, alpha, l1_ratio, fit_intercept, **options)
    best, left = ref.descend(t, start=np.linalg.lstsq(t.A, t.b, rcond=None)[0], max_sweeps=500)
    assert left <= 1e-10
    least = exact_objective(X, y, best, alpha, l1_ratio, fit_intercept, options)
    rng = np.random.default_rng(1)
    for distance in (0.0, 1e-6, 1e-2, 1.0, 100.0):
        w = feasible(t, best + distance * rng.standard_normal(5))
        found = fr.certify(X, y, w, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)
        value = exact_objective(X, y, w, alpha, l1_ratio, fit_intercept, options)
        rounding = judge_rounding(t, w)
        assert found.broken == ""
        assert abs(found.objective - value) <= rounding
        assert found.dual_gap >= value - least - rounding
        # alpha = 1e-9 is within 1e5 roundings of nothing: theta is scaled by about 1 - 1e-5, which costs that squared
        assert found.dual_gap <= ref.gap(t, w) * (1 + 1e-6) + 64 * rounding + 1e-9 * value
        assert_proofs_are_true(found, w, best)


def assert_proofs_are_true(found, w, best):
    """Against the twin's optimum, whose own distance from the truth is about the root of its gap."""
    assert not np.any(found.proved_zero & found.proved_nonzero)
    assert np.all(np.abs(best[found.proved_zero]) <= 1e-6)
    assert np.all((w * best)[found.proved_nonzero] > 0)


@settings(max_examples=60)
@given(st.data())
def test_the_bound_and_the_proofs_hold_for_any_small_problem(data):
    n, p = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    entries = st.integers(-8, 8).map(lambda k: k / 4)

    def draw(size, elements=entries):
        return np.array(data.draw(st.lists(elements, min_size=size, max_size=size)), dtype=float)

    X, y = draw(n * p).reshape(n, p), draw(n)
    alpha, l1_ratio = data.draw(st.sampled_from([0.0, 0.03, 0.3])), data.draw(st.sampled_from(L1_RATIOS))
    options = {
        "sample_weight": draw(n, st.sampled_from([1.0, 1.0, 0.0, 2.0])) + (np.arange(n) == 0),
        "penalty_factor": draw(p, st.sampled_from([1.0, 0.5, 0.0, np.inf])),
        "lower": -draw(p, st.sampled_from([np.inf, 0.25, 0.0])),
        "upper": draw(p, st.sampled_from([np.inf, 0.25, 0.0])),
        "standardize": data.draw(st.booleans()),
        "offset": draw(n),
    }
    fit_intercept = data.draw(st.booleans())
    t = ref.terms(X, y, alpha, l1_ratio, fit_intercept, **options)
    best, left = ref.descend(t, max_sweeps=300)  # wherever it ends, its objective is no less than the optimum
    w = feasible(t, draw(p))
    found = fr.certify(X, y, w, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)
    assert found.dual_gap >= ref.primal(t, w) - ref.primal(t, best) - judge_rounding(t, w)
    # what theta = 0 proves, but for the square of what rounding may have left of y - o - mean
    assert found.dual_gap <= ref.primal(t, w) * (1 + 1e-12) + 64 * judge_rounding(t, w) + 1e-28
    if left == 0:
        assert_proofs_are_true(found, w, best)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_without_a_penalty_the_gap_is_exact(fit_intercept):
    X, y = problem(20, 4)
    t = ref.terms(X, y, 0.0, 1.0, fit_intercept)
    w = np.array([1.0, -1.0, 3.0, 0.0])
    expected = np.sum(ref.projection(t.A, t.b - t.A @ w) ** 2) / 2
    assert fr.certify(X, y, w, 0.0, fit_intercept=fit_intercept).dual_gap == pytest.approx(expected, rel=1e-11)


def test_the_gap_is_at_most_that_of_scaling_the_residual():
    X, y = problem(30, 10, correlation=0.5)
    for alpha in (0.01, 0.1):
        for seed in range(5):
            w = np.random.default_rng(seed).standard_normal(10)
            assert fr.certify(X, y, w, alpha).dual_gap <= ref.duality_gap(X, y, w, alpha) * (1 + 1e-12)


@every_option
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_X_gives_the_same_certificate(form, name):
    (X, y), options = small(), OPTIONS[name]
    t = ref.terms(X, y, 0.1, 0.5, **options)
    w = feasible(t, np.array([0.5, -0.25, 0.0, 0.125, 0.0]))
    expected = fr.certify(X, y, w, 0.1, l1_ratio=0.5, **options)
    found = fr.certify(FORMS[form](X), y, w, 0.1, l1_ratio=0.5, **options)
    for field in ("objective", "dual_gap", "kkt", "intercept"):
        np.testing.assert_allclose(getattr(found, field), getattr(expected, field), rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(found.proved_zero, expected.proved_zero)
    np.testing.assert_array_equal(found.proved_nonzero, expected.proved_nonzero)


def test_blocks_of_any_size_give_the_same_certificate(monkeypatch):
    X, y = problem(40, 30, offset=1.0)
    w = ref.elastic_net(X, y, 0.1, 0.9)[0]
    expected = fr.certify(X, y, w, 0.1, l1_ratio=0.9, penalty_factor=np.arange(30) > 2)
    monkeypatch.setattr("fastreg._blocks.ROWS", 7)
    monkeypatch.setattr("fastreg._blocks.ENTRIES", 50)
    for form in FORMS.values():
        found = fr.certify(form(X), y, w, 0.1, l1_ratio=0.9, penalty_factor=np.arange(30) > 2)
        assert found.dual_gap == pytest.approx(expected.dual_gap, rel=1e-5, abs=1e-12)


# The proofs


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(50, 20), (30, 100)])
def test_every_column_is_decided_at_a_tiny_gap(shape, l1_ratio):
    X, y = problem(*shape)
    alpha = 0.2 * fr.alpha_max(X, y, l1_ratio=l1_ratio)
    fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=1e-12)
    found = fr.certify(X, y, fit.coef, alpha, l1_ratio=l1_ratio, intercept=fit.intercept)
    assert found.dual_gap <= 1e-11 * found.objective
    assert found.objective == pytest.approx(fit.objective, rel=1e-12)
    np.testing.assert_array_equal(found.proved_nonzero, fit.coef != 0)
    np.testing.assert_array_equal(found.proved_zero, fit.coef == 0)
    assert found.kkt.max() <= 1e-12
    assert "0 open" in repr(found)


@every_option
def test_options_are_decided_too(name):
    (X, y), options = small(), OPTIONS[name]
    w, b = ref.solve(X, y, 0.05, **options)
    found = fr.certify(X, y, w, 0.05, intercept=b, **options)
    np.testing.assert_array_equal(found.proved_zero, w == 0)
    np.testing.assert_array_equal(found.proved_nonzero, w != 0)
    assert found.kkt.max() <= 1e-6


def test_a_rough_solution_proves_some_columns_and_none_wrongly():
    X, y = problem(60, 30)
    alpha = 0.2 * fr.alpha_max(X, y)
    best = fr.lasso(X, y, alpha, tol=1e-12).coef
    decided = 0
    for error in (1e-1, 1e-2, 1e-4):
        found = fr.certify(X, y, best + error * np.random.default_rng(0).standard_normal(30), alpha)
        assert_proofs_are_true(found, best, best)
        assert np.count_nonzero(found.proved_zero | found.proved_nonzero) >= decided
        decided = np.count_nonzero(found.proved_zero | found.proved_nonzero)
    assert decided == 30


def test_equal_columns_are_never_proved_nonzero():
    X, y = problem(30, 3)
    X = np.column_stack([X, X[:, 0]])
    w = np.append(ref.elastic_net(X[:, :3], y, 0.1)[0], 0.0)
    w[[0, 3]] = w[0] / 2
    found = fr.certify(X, y, w, 0.1)
    assert found.dual_gap <= 1e-10
    np.testing.assert_array_equal(found.proved_nonzero[[0, 3]], False)
    w = ref.elastic_net(X, y, 0.1, 0.5)[0]  # the square decides between them
    np.testing.assert_array_equal(fr.certify(X, y, w, 0.1, l1_ratio=0.5).proved_nonzero[[0, 3]], True)


# Constraints

BROKEN = [
    ([0.0, 2.0], {"upper": 1.0}, "coef[1] is 2, but it is above upper"),
    ([-1e-9, 0.0], {"positive": True}, "coef[0] is -1e-09, but it is below lower"),
    ([0.0, 1.0], {"penalty_factor": [1, np.inf]}, "coef[1] is 1, but penalty_factor excludes the column"),
    ([0.0, 1.0], {"penalty_factor": [1, np.inf], "lower": 1}, "coef[1] is 1, but penalty_factor excludes the column and its *"),
    ([0.0, 0.0], {"fit_intercept": False, "intercept": 0.5}, "intercept is 0.5, but fit_intercept=False fixes it at 0"),
]


@pytest.mark.parametrize(("w", "options", "reason"), BROKEN)
def test_a_broken_constraint_costs_everything_and_is_named(w, options, reason):
    X, y = problem(10, 2)
    found = fr.certify(X, y, w, 0.1, **options)
    assert (found.objective, found.dual_gap) == (np.inf, np.inf)
    assert found.broken == reason or (reason.endswith("*") and found.broken.startswith(reason[:-1]))
    assert found.broken in repr(found)


def test_a_constant_column_is_fixed_by_standardize_alone():
    X, y = problem(10, 2)
    X[:, 1] = 0.1
    assert "constant" in fr.certify(X, y, [0.0, 1.0], 0.1, standardize=True).broken
    assert fr.certify(X, y, [0.0, 0.0], 0.1, standardize=True).proved_zero[1]
    assert fr.certify(X, y, [0.0, 1.0], 0.1).dual_gap == pytest.approx(fr.certify(X, y, [0.0, 0.0], 0.1).dual_gap + 0.1)


def test_kkt_is_one_sided_at_a_bound():
    X = np.array([[1.0], [-1.0]])
    y = [2.0, -2.0]  # x'y/n = 2, x'x/n = 1
    assert fr.certify(X, y, [1.0], 0.5).kkt == pytest.approx([0.5])
    assert fr.certify(X, y, [1.0], 0.5, upper=1.0).kkt == [0.0]
    assert fr.certify(X, y, [1.0], 0.5, lower=1.0).kkt == pytest.approx([0.5])
    assert fr.certify(X, y, [0.0], 0.5).kkt == pytest.approx([1.5])
    assert fr.certify(X, y, [0.0], 2.5).kkt == [0.0]
    assert fr.certify(X, y, [2.0], 0.5, upper=1.0).kkt == [np.inf]


def test_a_wrong_intercept_costs_half_its_square():
    X, y = problem(20, 3)
    w, b = ref.elastic_net(X, y, 0.1)
    right, wrong = (fr.certify(X, y, w, 0.1, intercept=at) for at in (b, b + 0.1))
    assert fr.certify(X, y, w, 0.1).intercept == pytest.approx(b)
    assert wrong.objective == pytest.approx(right.objective + 0.005)
    assert wrong.dual_gap == pytest.approx(right.dual_gap + 0.005)
    np.testing.assert_array_equal(wrong.proved_nonzero, right.proved_nonzero)


# The same problem in other words


def test_weights_are_repeated_rows_and_a_zero_is_a_row_removed():
    X, y = small()
    s = np.array(OPTIONS["weights"]["sample_weight"])
    w = np.array([0.5, -0.5, 0.0, 0.1, 0.0])
    found = fr.certify(X, y, w, 0.1, sample_weight=1e300 * s)
    repeated = fr.certify(np.repeat(X, s, axis=0), np.repeat(y, s), w, 0.1)
    assert found.objective == pytest.approx(repeated.objective, rel=1e-13)
    assert found.dual_gap == pytest.approx(repeated.dual_gap, rel=1e-9)
    np.testing.assert_allclose(found.kkt, repeated.kkt, atol=1e-13)


def test_standardize_is_a_change_of_columns():
    X, y = small()
    sd = X.std(axis=0)
    w = np.array([0.5, -0.5, 0.0, 0.1, 0.0])
    found = fr.certify(X, y, w / sd, 0.1, l1_ratio=0.5, standardize=True)
    other = fr.certify(X / sd, y, w, 0.1, l1_ratio=0.5)
    assert found.objective == pytest.approx(other.objective, rel=1e-13)
    assert found.dual_gap == pytest.approx(other.dual_gap, rel=1e-9)
    np.testing.assert_allclose(found.kkt / sd, other.kkt, atol=1e-13)


# Extremes


@pytest.mark.parametrize("kx", [-560, 0, 500])
@pytest.mark.parametrize("ky", [-460, 0, 400])
def test_powers_of_two_change_nothing_but_units(kx, ky):
    X, y = problem(30, 8)
    w, b = ref.elastic_net(X, y, 0.125)
    expected = fr.certify(X, y, w, 0.125, intercept=b)
    sx, sy = 2.0**kx, 2.0**ky
    found = fr.certify(X * sx, y * sy, w * 2.0 ** (ky - kx), 0.125 * 2.0 ** (kx + ky), intercept=b * sy)
    assert found.objective / sy / sy == expected.objective
    assert found.dual_gap / sy / sy == pytest.approx(expected.dual_gap, rel=1e-12)
    np.testing.assert_array_equal(found.proved_nonzero, expected.proved_nonzero)
    np.testing.assert_array_equal(found.proved_zero, expected.proved_zero)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("offset", [1e6, 1e8])
def test_columns_far_from_zero(form, offset):
    X, y = small()
    far = X + offset  # 12 columns of few digits: exact for float64, rounded for float32
    X = np.asarray(FORMS[form](far).astype(float).todense() if form in ("csc", "csr", "coo") else FORMS[form](far), dtype=float)
    X -= offset
    w, _ = ref.elastic_net(X, y, 0.05)
    found, near = fr.certify(FORMS[form](far), y, w, 0.05), fr.certify(X, y, w, 0.05)
    assert found.objective == pytest.approx(near.objective, rel=1e-9)
    assert found.dual_gap <= 1e-8 * near.objective
    np.testing.assert_array_equal(found.proved_zero | found.proved_nonzero, near.proved_zero | near.proved_nonzero)


CORNERS = {
    "one row": (np.ones((1, 3)), np.array([2.0])),
    "one number": (np.array([[3.0]]), np.array([2.0])),
    "zeros": (np.zeros((4, 2)), np.arange(4.0)),
    "constant y": (problem(10, 3)[0], np.full(10, 0.1)),
    "zero y": (problem(10, 3)[0], np.zeros(10)),
    "constant columns": (np.full((10, 2), 0.1), np.arange(10.0)),
    "one huge column": (problem(10, 3)[0] * [1.0, 1e200, 1e-200], problem(10, 3)[1]),
}


@pytest.mark.parametrize("alpha", [0.0, 1e-300, 0.3, 1e300])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("corner", CORNERS)
def test_corners_are_certified_at_zero_within_the_trivial_bound(corner, fit_intercept, alpha):
    X, y = CORNERS[corner]
    for l1_ratio in L1_RATIOS:
        found = fr.certify(X, y, np.zeros(X.shape[1]), alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept)
        centred = y - y.mean() if fit_intercept and corner != "constant y" else 0 * y if fit_intercept else y
        assert found.objective == pytest.approx(centred @ centred / (2 * len(y)), rel=1e-13)
        assert 0 <= found.dual_gap <= found.objective * (1 + 1e-12) + 1e-28 * (y @ y)
        if alpha == 1e300 and corner != "one huge column":
            assert found.dual_gap <= 1e-13 * found.objective + 1e-28 * (y @ y)
            if l1_ratio > 0:
                assert found.proved_zero.all()


def test_least_squares_is_certified_beside_dependent_columns():
    X, y = problem(30, 4)
    X = np.column_stack([X, X @ [1.0, 2.0, 0.0, 0.0], np.full(30, 7.0)])
    w = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    found = fr.certify(X, y, w, 0.0)
    assert found.dual_gap <= 1e-12 * found.objective
    assert found.proved_nonzero.sum() == 0


# What fastreg itself answers


@pytest.mark.parametrize("fraction", [0.5, 0.05, 1e-3])
@pytest.mark.parametrize("l1_ratio", L1_RATIOS)
def test_fits_are_certified(l1_ratio, fraction):
    X, y = problem(40, 60, correlation=0.5, offset=3.0)
    alpha = fraction * fr.alpha_max(X, y)
    fit = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio)
    found = fr.certify(X, y, fit.coef, alpha, l1_ratio=l1_ratio, intercept=fit.intercept)
    assert found.objective == pytest.approx(fit.objective, rel=1e-12)
    assert found.dual_gap <= 1.01 * fit.dual_gap + 1e-10 * fit.objective
