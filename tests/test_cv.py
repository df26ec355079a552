"""Cross-validation: the errors of each fold are those of fitting it alone, on its rows, whatever the layout and the options."""

import io
import signal
import sys
import threading
from functools import lru_cache
from threading import Event
from time import sleep

import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, LAYOUTS, OPTIONS, options_for, problem, stored

import fastreg as fr

TOL = 1e-11
SHAPES = {"tall": (60, 8), "wide": (24, 40)}
CHOSEN = [name for name in OPTIONS if not {"precompute", "warm_start"} & set(OPTIONS[name](9, 9))]


@lru_cache
def plain(shape, dtype):
    """X with a third of zeros, a column far from zero, one that is constant in most folds, and y."""
    X, y = problem(*SHAPES[shape], seed=3)
    X[np.random.default_rng(4).random(X.shape) < 0.3] = 0.0
    X[:, 6] += 50.0
    X[1:, 7] = 2.0
    return np.asfortranarray(X.astype(dtype), dtype=np.float64), y


def grid(X, y, l1_ratio, options):
    top = fr.alpha_max(X, y, l1_ratio=l1_ratio, fit_intercept=options.get("fit_intercept", True))
    return top * np.array([1.2, 0.5, 0.03, 0.1])


def assert_alone(X, y, found, folds, alphas, l1_ratio, options, loss="mse"):
    """The errors are those of paths fitted to the rows of each fold, in a copy of its own."""
    for k, (train, test) in enumerate(folds):
        expected = ref.fold_errors(X, y, train, test, alphas, l1_ratio, loss, options)
        np.testing.assert_allclose(found.fold_errors[k], expected, rtol=1e-6, atol=1e-12)


def assert_same_path(X, path, same):
    """Two certified paths of one problem; where its solution is not unique, only predictions are."""
    np.testing.assert_array_equal(path.alphas, same.alphas)
    np.testing.assert_allclose(path.predict(X), same.predict(X), rtol=1e-6, atol=1e-6)
    for name in ("objectives", "deviance_ratio", "log_mse"):
        np.testing.assert_allclose(getattr(path, name), getattr(same, name), rtol=1e-7, atol=1e-9)
    assert path.dual_gaps.max() <= 1e-8
    assert all(status.converged for status in path.statuses)
    assert (path.fit_intercept, path.n_rows, path.n_candidates) == (same.fit_intercept, same.n_rows, same.n_candidates)


def cases():
    for name in CHOSEN:
        for layout in LAYOUTS:
            thin = name in ("none", "weights, offset, standardize") or layout in ("F", "CSC")
            for shape in SHAPES if thin else ("wide",):
                yield pytest.param(name, layout, shape, marks=() if thin else pytest.mark.slow)


@pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
@pytest.mark.parametrize(("name", "layout", "shape"), list(cases()))
@pytest.mark.parametrize("l1_ratio", [1.0, 0.6])
def test_every_fold_is_fitted_as_if_alone(l1_ratio, name, layout, shape, dtype):
    dense, y = plain(shape, dtype)
    X, options = LAYOUTS[layout](dense, dtype), options_for(name, dense)
    arrays = [y, *(a for a in options.values() if isinstance(a, np.ndarray))]
    before = stored(X), [a.tobytes() for a in arrays]
    folds, alphas = ref.folds_of(len(y), 4, seed=1), grid(dense, y, l1_ratio, options)
    found = fr.elastic_net_cv(X, y, l1_ratio=l1_ratio, cv=folds, alphas=alphas, tol=TOL, **options)
    assert (stored(X), [a.tobytes() for a in arrays]) == before
    assert_alone(dense, y, found, folds, alphas, l1_ratio, options)
    assert found.dual_gap < 1e-6
    same = fr.elastic_net_path(X, y, l1_ratio=l1_ratio, alphas=alphas, tol=TOL, **options)
    assert_same_path(dense, found.path, same)


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("name", ["none", "weights", "bounds", "two factors"])
def test_without_an_l1_penalty_too(name, l1_ratio):
    X, y = plain("tall", np.float64)
    options, folds, alphas = options_for(name, X), ref.folds_of(60, 3, seed=1), np.array([0.1, 0.0, 1.0])
    found = fr.elastic_net_cv(X, y, l1_ratio=l1_ratio, cv=folds, alphas=alphas, tol=TOL, **options)
    for k, (train, test) in enumerate(folds):
        expected = ref.fold_errors(X, y, train, test, alphas, l1_ratio, "mse", options)
        np.testing.assert_allclose(found.fold_errors[k], expected, rtol=1e-5)


# Folds


def test_a_number_of_folds_is_shuffled_by_the_seed():
    X, y = plain("wide", np.float64)
    one, same, other = (fr.lasso_cv(X, y, cv=5, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.fold_errors, same.fold_errors)
    assert (one.fold_errors != other.fold_errors).any()
    assert one.fold_errors.shape == (5, 100)


def test_labels_and_pairs_of_rows_are_the_same_folds():
    X, y = plain("wide", np.float64)
    labels = np.arange(24) % 3
    pairs = [(np.flatnonzero(labels != k), np.flatnonzero(labels == k)) for k in range(3)]
    names = np.array(["a", "b", "c"])[labels]
    found = [fr.lasso_cv(X, y, cv=cv).fold_errors for cv in (labels, pairs, names, iter(pairs))]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


@pytest.mark.parametrize("shape", SHAPES)
def test_folds_may_overlap_and_leave_rows_out_of_both_parts(shape):
    X, y = plain(shape, np.float64)
    rng = np.random.default_rng(2)
    folds = [(np.sort(order[:15]), order[10:20]) for order in (rng.permutation(len(y)) for _ in range(5))]
    alphas = grid(X, y, 1.0, {})
    assert_alone(X, y, fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL), folds, alphas, 1.0, {})


@pytest.mark.parametrize("layout", ["F", "CSC"])
@pytest.mark.parametrize("shape", SHAPES)
def test_whole_weights_are_repeated_rows(shape, layout):
    X, y = plain(shape, np.float64)
    times = np.random.default_rng(1).integers(0, 3, len(y))
    labels, options = np.arange(len(y)) % 3, {"alphas": grid(X, y, 1.0, {}), "tol": TOL, "standardize": True}
    rows = np.repeat(np.arange(len(y)), times)
    kind = LAYOUTS[layout]
    weighted = fr.lasso_cv(kind(X, float), y, cv=labels, sample_weight=times, **options)
    repeated = fr.lasso_cv(kind(X[rows], float), y[rows], cv=labels[rows], **options)
    np.testing.assert_allclose(weighted.fold_errors, repeated.fold_errors, rtol=1e-8)
    np.testing.assert_allclose(weighted.errors_se, repeated.errors_se, rtol=1e-8)


def test_more_folds_than_bits_and_one_row_left_out_at_a_time():
    X, y = plain("tall", np.float64)
    alphas, folds = grid(X, y, 1.0, {}), [(np.delete(np.arange(60), i), np.array([i])) for i in range(60)]
    found = fr.lasso_cv(X, y, cv=60, alphas=alphas, tol=TOL)
    assert_alone(X, y, fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL), folds, alphas, 1.0, {})
    assert found.fold_errors.shape == (60, 4)


@pytest.mark.parametrize("jump", [1e3, 1e5, 1e7, 1e8])
def test_groups_of_tall_data_that_are_far_apart(jump):
    """What a sum of squares about the mean of all rows has lost, a fold of one group must not be told."""
    X, y = problem(300, 5, seed=2)
    labels = np.arange(300) // 150
    X[:, 0] += jump * labels
    folds, alphas = [(np.flatnonzero(labels != k), np.flatnonzero(labels == k)) for k in (0, 1)], [0.3, 0.01]
    for options in ({}, {"standardize": True}):
        found = fr.lasso_cv(X, y, cv=labels, alphas=alphas, **options)
        for k, (train, test) in enumerate(folds):
            expected = ref.fold_errors(X, y, train, test, alphas, 1.0, "mse", options)
            np.testing.assert_allclose(found.fold_errors[k], expected, rtol=1e-3)


@pytest.mark.parametrize("standardize", [False, True])
def test_a_column_of_tall_data_that_is_constant_in_some_folds(standardize):
    X, y = problem(300, 5, seed=2)
    X[:, 3], X[:5, 3] = 2.3, 7.1
    X[100:, 4] = 1 / 3
    folds, alphas = [(np.delete(np.arange(300), part), part) for part in np.arange(300).reshape(3, 100)], [0.3, 0.01]
    options = {"standardize": standardize}
    assert_alone(X, y, fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL, **options), folds, alphas, 1.0, options)


def test_folds_with_a_single_row_to_fit():
    X, y = plain("wide", np.float64)
    found = fr.lasso_cv(X, y, cv=[([3], [1, 2]), ([5], [0])], alphas=[0.1])
    np.testing.assert_allclose(found.fold_errors[:, 0], [np.mean((y[[1, 2]] - y[3]) ** 2), (y[0] - y[5]) ** 2])


# What comes out


def test_means_standard_errors_and_the_two_alphas():
    X, y = plain("wide", np.float64)
    found = fr.lasso_cv(X, y, cv=6)
    np.testing.assert_allclose(found.errors, found.fold_errors.mean(axis=0))
    np.testing.assert_allclose(found.errors_se, found.fold_errors.std(axis=0, ddof=1) / np.sqrt(6))
    assert found.alpha_min == found.alphas[np.argmin(found.errors)]
    least = found.errors.min() + found.errors_se[np.argmin(found.errors)]
    assert found.alpha_1se == found.alphas[found.errors <= least].max()
    np.testing.assert_array_equal(found.fit.coef, found.path[found.index_min].coef)
    np.testing.assert_array_equal(found.predict(X), found.fit.predict(X))
    np.testing.assert_array_equal(found.predict(X, "1se"), found.fit_1se.predict(X))
    np.testing.assert_array_equal(found.predict(X, found.alphas[3]), found.path[3].predict(X))
    assert "alpha_min" in repr(found)


def test_alphas_in_any_order_give_errors_in_that_order():
    X, y = plain("wide", np.float64)
    alphas = np.array([0.1, 0.4, 0.05, 0.2, 0.1])
    found, down = (fr.lasso_cv(X, y, cv=3, alphas=some, tol=TOL) for some in (alphas, -np.sort(-alphas)))
    np.testing.assert_allclose(found.errors[np.argsort(-alphas, kind="stable")], down.errors, rtol=1e-9)
    np.testing.assert_array_equal(found.alphas, alphas)
    assert found.path.alphas is not None
    assert found.alpha_min == down.alpha_min


def test_absolute_errors():
    X, y = plain("wide", np.float64)
    folds, alphas = ref.folds_of(24, 4, seed=1), grid(X, y, 1.0, {})
    found = fr.lasso_cv(X, y, cv=folds, alphas=alphas, loss="mae", tol=TOL)
    assert_alone(X, y, found, folds, alphas, 1.0, {}, "mae")
    assert found.loss == "mae"


def test_the_best_of_several_l1_ratios():
    X, y = plain("wide", np.float64)
    found = fr.elastic_net_cv(X, y, l1_ratio=[0.3, 1.0], cv=4, tol=TOL)
    assert [curve.l1_ratio for curve in found.curves] == [0.3, 1.0]
    assert found.errors.min() == min(curve.errors.min() for curve in found.curves)
    for curve in found.curves:
        alone = fr.elastic_net_cv(X, y, l1_ratio=curve.l1_ratio, cv=4, tol=TOL)
        np.testing.assert_allclose(curve.alphas, alone.alphas, rtol=1e-12)
        np.testing.assert_allclose(curve.errors, alone.errors, rtol=1e-7)
        np.testing.assert_allclose(curve.path.coefs, alone.path.coefs, atol=1e-6)


@pytest.mark.parametrize("name", ["none", "weights, offset, standardize", "two factors"])
@pytest.mark.parametrize("layout", ["F", "C", "CSC"])
@pytest.mark.parametrize("shape", [*SHAPES, "very tall"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.7, 1.0])
def test_relaxed_fits_of_folds(l1_ratio, shape, layout, name):
    X, y = problem(300, 8, seed=6) if shape == "very tall" else plain(shape, np.float64)
    options, folds = options_for(name, X), ref.folds_of(len(y), 3, seed=1)
    alphas = grid(X, y, l1_ratio or 1.0, options)
    kind, shares = LAYOUTS[layout], [0.0, 0.5, 1.0]
    found = fr.elastic_net_cv(kind(X, float), y, l1_ratio=l1_ratio, relax=shares, cv=folds, alphas=alphas, tol=TOL, **options)
    assert [curve.relax for curve in found.curves] == shares
    for curve, share in zip(found.curves, shares, strict=True):
        assert_alone(X, y, curve, folds, alphas, l1_ratio, {**options, "relax": share})
        same = fr.elastic_net_path(kind(X, float), y, l1_ratio=l1_ratio, relax=share, alphas=alphas, tol=TOL, **options)
        assert_same_path(X, curve.path, same)
        assert curve.path.relax == share


def test_each_target_has_its_own_choice():
    X, y = plain("wide", np.float64)
    Y = np.column_stack([y, X[:, 4] - y])
    both = fr.lasso_cv(X, Y, cv=4, tol=TOL)
    for k, found in enumerate(both):
        alone = fr.lasso_cv(X, Y[:, k], cv=4, tol=TOL)
        np.testing.assert_allclose(found.alphas, alone.alphas, rtol=1e-9)
        np.testing.assert_allclose(found.errors, alone.errors, rtol=1e-6)
        np.testing.assert_allclose(found.path.predict(X), alone.path.predict(X), atol=1e-6)


def test_threads_change_nothing_but_rounding():
    X, y = plain("wide", np.float64)
    one, two, many = (fr.lasso_cv(X, y, cv=5, n_threads=k, tol=TOL) for k in (1, 2, 9))
    np.testing.assert_allclose(one.fold_errors, two.fold_errors, rtol=1e-7)
    np.testing.assert_allclose(one.fold_errors, many.fold_errors, rtol=1e-7)


def test_columns_are_read_for_all_folds_at_once():
    """The point of going down together: fewer columns are read than by one path for each fold."""
    from fastreg._descent import Share
    from fastreg._model import Model, Options
    from fastreg._selection.held import Held
    from fastreg._selection.lockstep import Group

    X, y = problem(60, 800, seed=5, correlation=0.5, support=10)
    alphas = fr.lasso_path(X, y, alphas=60, alpha_min_ratio=0.05).alphas
    folds, options = ref.folds_of(60, 10, seed=0), Options()
    model = Model(X, y, options, 1.0)
    group = Group(
        Held(model, options, y, folds, np.ones(60), [], None, np.zeros(1)), folds, Share(31, model.form, np.inf), False
    )
    group.descend(alphas)
    alone = [fr.lasso_path(X, y, alphas=alphas, sample_weight=ref.mask(60, train)).n_columns_read for train, _ in folds]
    assert group.kernel.n_columns_read < 0.35 * sum(alone)


@pytest.mark.parametrize("relax", [[0.0], [0.0, 1.0]])
@pytest.mark.parametrize("layout", ["F", "CSC"])
@pytest.mark.parametrize("budget", [1.0, 3e4])
def test_folds_that_take_too_much_memory_together_go_on_alone(monkeypatch, budget, layout, relax):
    from fastreg._selection import errors

    X, y = problem(60, 80, seed=5, correlation=0.5)
    kind, options = LAYOUTS[layout], {"cv": 4, "alphas": 30, "alpha_min_ratio": 0.01, "tol": TOL, "relax": relax}
    together = fr.lasso_cv(kind(X, float), y, **options)
    choose = errors.choose_lockstep
    monkeypatch.setattr(errors, "choose_lockstep", lambda *data: choose(*data)._replace(budget=budget))
    alone = fr.lasso_cv(kind(X, float), y, **options)
    for one, other in zip(together.curves, alone.curves, strict=True):
        np.testing.assert_allclose(one.fold_errors, other.fold_errors, rtol=1e-6)
        assert_same_path(X, one.path, other.path)
    assert together.path.counts != alone.path.counts


@pytest.mark.parametrize("options", [{}, {"n_threads": 2}, {"callback": print}, {"standardize": True, "relax": [0.0, 1.0]}])
@pytest.mark.parametrize("cut", ["parts", "parts that cut across one another", "windows"])
def test_tall_folds_whose_moments_do_not_fit_into_memory_together(monkeypatch, cut, options):
    from fastreg._selection import tall

    X, y = problem(120, 6, seed=5)
    folds = ref.folds_of(120, 7, seed=0)
    if cut == "parts that cut across one another":
        folds += ref.folds_of(120, 6, seed=1)
    if cut == "windows":
        folds = [(np.arange(10 * k), np.arange(10 * k, 10 * k + 10)) for k in range(2, 12)]
    alphas = np.array([0.5, 0.1, 0.01])
    monkeypatch.setattr(tall, "TOGETHER", 0)
    monkeypatch.setattr(tall, "LEAST", 16 * 8**2 * 5)
    found = fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL, **options)
    for curve in found.curves:
        own = {name: value for name, value in options.items() if name == "standardize"}
        assert_alone(X, y, curve, folds, alphas, 1.0, {**own, "relax": curve.relax})


# Progress


def test_a_callback_sees_every_alpha_and_may_end_them():
    X, y = plain("wide", np.float64)
    seen = []
    found = fr.elastic_net_cv(X, y, l1_ratio=[0.5, 1.0], cv=3, alphas=[0.1, 0.4, 0.2], callback=lambda step: seen.append(step))
    assert [(step.l1_ratio, step.alpha) for step in seen] == [(r, a) for r in (0.5, 1.0) for a in (0.4, 0.2, 0.1)]
    assert [step.done for step in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[0].total == 6
    np.testing.assert_allclose(seen[3].errors, found.curves[1].fold_errors[:, 1])
    ended = fr.lasso_cv(X, y, cv=3, alphas=[0.1, 0.4, 0.2], callback=lambda step: step.alpha < 0.3)
    np.testing.assert_array_equal(ended.alphas, [0.4, 0.2])
    np.testing.assert_allclose(ended.errors, fr.lasso_cv(X, y, cv=3, alphas=[0.4, 0.2]).errors)
    for alphas in ([0.4, 0.1, 0.0], [0.4, 0.1]):
        assert len(fr.lasso_cv(X, y, cv=3, alphas=alphas, callback=lambda step: True).alphas) == 1


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_verbose_shows_a_bar_or_a_plain_line(monkeypatch, with_tqdm):
    X, y = plain("wide", np.float64)
    if with_tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    fr.lasso_cv(X, y, cv=3, alphas=7, verbose=True)
    assert "3 folds" in shown.getvalue()
    assert "7 of 7" in shown.getvalue() or "7/7" in shown.getvalue()
    shown.truncate(0)
    fr.lasso_cv(X, y, cv=3, alphas=7)
    assert not shown.getvalue().strip("\0")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("shape", ["wide", "very tall"])
def test_threads_end_with_the_one_that_fails(monkeypatch, shape, error):
    """Ctrl-C is heard in the main thread alone: the others are told, and end at their next alpha."""
    from fastreg._selection import errors, lockstep, tall

    X, y = problem(300, 8, seed=6) if shape == "very tall" else plain(shape, np.float64)
    kind, fails, walked = tall.Wave if shape == "very tall" else lockstep.Group, Event(), []
    descend = kind.descend

    def walk(group, alphas):
        walked.append(alphas.size)
        if len(walked) == 1:
            fails.set()
            raise error
        fails.wait()
        while not events[0].is_set():
            sleep(0.001)
        return descend(group, alphas)

    events = []
    monkeypatch.setattr(errors, "Event", lambda: events.append(Event()) or events[0])
    monkeypatch.setattr(kind, "descend", walk)
    with pytest.raises(error):
        fr.lasso_cv(X, y, cv=2, n_threads=2, alphas=20)
    assert set(walked) == {1}
    assert len(walked) <= 2


# What cannot be


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cv": 1}, "cv is 1; an integer >= 2 is needed."),
        ({"cv": 25}, "cv is 25 folds, but X has 24 rows"),
        ({"cv": "loo"}, "cv is 'loo'"),
        ({"cv": [([0], [1, 99])]}, r"cv\[0\]\[1\] holds 99"),
        ({"loss": "r2"}, 'loss is \'r2\'; "mse" or "mae" is needed.'),
        ({"n_threads": 0}, "n_threads is 0"),
        ({"callback": 3}, "callback is 3"),
        ({"alphas": [0.1], "alpha_min_ratio": 0.1}, "alpha_min_ratio is given, but alphas is an array"),
        (
            {"sample_weight": np.r_[np.zeros(12), np.ones(12)], "cv": np.repeat([0, 1], 12)},
            "sample_weight is zero in every row",
        ),
        ({"verbose": "yes"}, "verbose is 'yes'"),
        ({"relax": [0.0, 1.5]}, "relax is 1.5"),
        ({"relax": [0.0, 0.5], "positive": True}, "relax is 0.5 together with lower, upper or positive"),
    ],
)
def test_bad_input_is_one_sentence(options, message):
    X, y = plain("wide", np.float64)
    with pytest.raises((ValueError, TypeError), match=message):
        fr.lasso_cv(X, y, **options)
    with pytest.raises(ValueError, match="l1_ratio is 0, for which no alpha gives all zeros"):
        fr.elastic_net_cv(X, y, l1_ratio=[0.5, 0.0])
    with pytest.raises(ValueError, match="l1_ratio"):
        fr.elastic_net_cv(X, y, l1_ratio=[])
    with pytest.raises(ValueError, match='"min", "1se" or a number is needed'):
        fr.lasso_cv(X, y, alphas=3).predict(X, "best")


@pytest.mark.parametrize("layout", ["F", "CSC"])
def test_a_fit_that_does_not_converge_is_one_warning(layout):
    X, y = plain("wide", np.float64)
    with pytest.warns(fr.ConvergenceWarning) as seen:
        fr.lasso_cv(LAYOUTS[layout](X, float), y, cv=3, alphas=20, max_iter=1, tol=1e-14)
    assert [str(one.message).count("fits to folds") for one in seen] == [1, 0]
    assert {one.filename for one in seen} == {__file__}


@pytest.mark.parametrize("scale", [1e-260, 1e-150, 1e-30, 1e30, 1e150, 1e280])
@pytest.mark.parametrize("layout", ["F", "CSC"])
def test_units_do_not_matter(layout, scale):
    X, y = plain("wide", np.float64)
    kind = LAYOUTS[layout]
    plainly = fr.lasso_cv(kind(X, float), y, cv=4, tol=TOL)
    for found, unit in (
        (fr.lasso_cv(kind(X * scale, float), y, cv=4, tol=TOL), 1.0),
        (fr.lasso_cv(kind(X, float), y * np.sqrt(scale), cv=4, tol=TOL), scale),
    ):
        np.testing.assert_allclose(found.errors / unit, plainly.errors, rtol=1e-7)
        np.testing.assert_allclose(found.errors_se / unit, plainly.errors_se, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e160, 1e300])
@pytest.mark.parametrize("shape", [*SHAPES, "very tall"])
def test_errors_that_float64_does_not_hold(shape, scale):
    X, y = problem(300, 8, seed=6) if shape == "very tall" else plain(shape, np.float64)
    with pytest.raises(ValueError, match=r'^The errors of loss="mse" leave the range of float64 .* or loss="mae" is needed\.$'):
        fr.lasso_cv(X, y * scale, cv=3, alphas=5)
    found, plainly = (fr.lasso_cv(X, y * k, cv=3, alphas=20, loss="mae") for k in (scale, 1.0))
    np.testing.assert_allclose(found.errors / scale, plainly.errors, rtol=1e-5)
    assert 0.0 < found.dual_gap < 1e-6


@pytest.mark.parametrize("shape", [*SHAPES, "very tall"])
def test_weights_of_a_fold_and_alphas_at_the_ends_of_float64(shape):
    X, y = problem(300, 8, seed=6) if shape == "very tall" else plain(shape, np.float64)
    labels, weights = np.arange(len(y)) % 2, np.ones(len(y))
    found = []
    for weights[labels == 1] in (1e-280, 1e-310):
        found.append(fr.lasso_cv(X, y, cv=labels, sample_weight=weights, alphas=[1e308, 0.5, 0.01]))
        assert not found[-1].path.coefs[:, 0].any()
    np.testing.assert_allclose(found[0].fold_errors, found[1].fold_errors, rtol=1e-4)


def test_rows_of_weight_0_are_checked_too():
    X, y = problem(1200, 3, seed=1)
    weights = np.ones(1200)
    weights[1100], X[1100, 1] = 0.0, np.nan
    with pytest.raises(ValueError, match="X holds NaN at row 1100, column 1"):
        fr.lasso_cv(X, y, cv=3, sample_weight=weights)


@pytest.mark.parametrize("layout", ["F", "CSC"])
def test_a_constant_target_and_constant_columns(layout):
    X, y = plain("wide", np.float64)
    kind = LAYOUTS[layout]
    assert not fr.lasso_cv(kind(X, float), np.full(24, 3.0), cv=4, alphas=5).errors.any()
    same = np.full((24, 6), 1e8)
    found = fr.lasso_cv(kind(same, float), y, cv=ref.folds_of(24, 4, seed=0), alphas=[1e-3, 1e-9])
    assert not found.path.coefs.any()
    one = np.asfortranarray(np.column_stack([same, X[:, 0] + 1e8]))
    folds = ref.folds_of(24, 4, seed=0)
    assert_alone(one - 1e8, y, fr.lasso_cv(kind(one, float), y, cv=folds, alphas=[0.1], tol=TOL), folds, [0.1], 1.0, {})


# Constant columns, relaxed fits, threads


@pytest.mark.parametrize("name", ["none", "weights"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("value", [0.0, 1.5, 1e8])
def test_a_column_that_is_constant_in_the_rows_of_a_tall_fold_alone(value, fit_intercept, name):
    X, y = problem(300, 6, seed=2)
    X[:, 2] = value
    X[0, 2] -= 4.0
    labels = np.arange(300) % 3
    folds = [(np.flatnonzero(labels != k), np.flatnonzero(labels == k)) for k in range(3)]
    options = {**options_for(name, X), "standardize": True, "fit_intercept": fit_intercept}
    alphas = grid(X, y, 1.0, options)
    found = fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL, **options)
    assert_alone(X, y, found, folds, alphas, 1.0, options)


@pytest.mark.filterwarnings("ignore::fastreg.ConvergenceWarning")  # of all rows, whose columns are of two scales
def test_a_column_that_varies_little_in_tall_folds_far_from_its_first_rows():
    X, y = problem(2000, 4, seed=2)
    X[512:, 2] += 1e6
    y[512:] += 3.0 * (X[512:, 2] - 1e6)
    folds = [(np.arange(600, 1600), np.arange(1600, 2000)), (np.arange(1000, 2000), np.arange(600, 1000))]
    alphas = [1.0, 0.1]
    assert_alone(X, y, fr.lasso_cv(X, y, cv=folds, alphas=alphas, tol=TOL), folds, alphas, 1.0, {})


@pytest.mark.parametrize("shape", [*SHAPES, "very tall"])
def test_shares_of_least_squares_in_any_order(shape):
    X, y = problem(300, 8, seed=6) if shape == "very tall" else plain(shape, np.float64)
    options = {"cv": 3, "alphas": grid(X, y, 1.0, {}), "tol": TOL}
    for curve in fr.lasso_cv(X, y, relax=[1.0, 0.0, 0.5, 0.0], **options).curves:
        alone = fr.lasso_cv(X, y, relax=curve.relax, **options)
        np.testing.assert_allclose(curve.fold_errors, alone.fold_errors, rtol=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_relaxed_fits_of_as_many_columns_as_rows(seed):
    """Rows of weight 0 add nothing to the rank: least squares on the support are those of smallest norm."""
    X, y = problem(40, 40, seed=seed)
    folds, alphas = ref.folds_of(40, 4, seed=1), [0.1, 0.01]
    found = fr.elastic_net_cv(X, y, l1_ratio=0.05, relax=1.0, cv=folds, alphas=alphas, tol=TOL)
    assert_alone(X, y, found, folds, alphas, 0.05, {"relax": 1.0})


@pytest.mark.thread_unsafe(reason="raises a signal")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals to a thread")
def test_ctrl_c_ends_folds_in_the_middle_of_their_alphas(monkeypatch, ctrl_c):
    from fastreg._selection.lockstep import Group

    X, y = problem(400, 3000, seed=1)
    ended, descend = [], Group.descend

    def watched(group, alphas):
        threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
        found = descend(group, alphas)
        ended.append(group)
        return found

    monkeypatch.setattr(Group, "descend", watched)
    with pytest.raises(KeyboardInterrupt):
        fr.lasso_cv(X, y, cv=10, alphas=np.geomspace(1.0, 1e-4, 1000), tol=1e-12)
    assert not ended
    monkeypatch.undo()
    assert fr.lasso_cv(X[:, :30], y, cv=4, alphas=5).fold_errors.shape == (4, 5)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_a_callback_raises_is_raised(n_threads):
    X, y = plain("wide", np.float64)

    def fail(step):
        raise LookupError("not this one")

    with pytest.raises(LookupError, match="not this one"):
        fr.lasso_cv(X, y, cv=4, callback=fail, n_threads=n_threads)
