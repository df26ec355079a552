"""ridge_cv: errors are those of plain fits without the rows that they are judged on, and the best alpha is the best."""

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import known, stored, weights
from ridge_cases import (
    KINDS,
    SHAPES,
    assert_close,
    assert_refused,
    both_intercepts,
    data,
    every_option,
    every_shape,
    options_for,
)

import fastreg as fr

ALPHAS = (0.1, 1e3, 1e-3, 10.0)
RTOL = 1e-8  # as in test_ridge_path.py


def targets(y):
    """Three, whose best alphas differ."""
    return np.column_stack([y, np.random.default_rng(5).standard_normal(len(y)), y + 0.1 * y**2])


def thirds(n):
    """(train, test) of three folds, not in order and not of equal size."""
    ids = np.random.default_rng(6).permutation(np.arange(n) % 3)
    ids[np.argmax(ids == 2)] = 0
    return ids, [(np.flatnonzero(ids != k), np.flatnonzero(ids == k)) for k in range(3)]


def assert_whole(found, alphas, criterion=None):
    """One target, or an alpha for all."""
    assert type(found).__name__ == "RidgeSelection"
    np.testing.assert_array_equal(found.alphas, np.asarray(alphas, float))
    assert found.errors.shape == (len(alphas),)
    assert found.errors.dtype == np.float64
    assert isinstance(found.alpha, float)
    least = np.min(found.errors)
    assert found.alpha == max(a for a, e in zip(found.alphas, found.errors, strict=True) if e == least)
    assert found.alphas[found.index] == found.alpha
    assert isinstance(found.fit, fr.Fit)
    assert found.fit.alpha == found.alpha
    assert isinstance(found.criterion, str)
    assert criterion in (None, found.criterion)


# Without folds


@every_shape
@every_option
@pytest.mark.parametrize("cv", ["loo", "gcv"])
@pytest.mark.parametrize("kind", ["F", "float32", "CSC"])
def test_errors_without_folds_are_those_of_the_path(kind, cv, name, shape):
    dense, y = data(shape, kind)
    X, options = KINDS[kind](dense), options_for(name, shape)
    before = stored(X), y.tobytes()
    found = fr.ridge_cv(X, y, ALPHAS, cv=cv, **options)
    assert (stored(X), y.tobytes()) == before
    assert_whole(found, ALPHAS, cv)
    assert found.fold_errors is None
    twin = {"loo": ref.ridge_loo, "gcv": lambda *a, **o: ref.ridge_by_spectrum(*a, **o)[2]}[cv]
    np.testing.assert_allclose(found.errors, [twin(dense, y, alpha, **options) for alpha in ALPHAS], rtol=RTOL)
    kkt.assert_ridge_claims(dense, y, found.fit, found.alpha, **options)
    np.testing.assert_allclose(found.predict(X), found.fit.predict(X), rtol=1e-13)
    assert fr.ridge_path(X, y, ALPHAS, **options).select(cv).alpha == found.alpha


def test_leaving_one_out_is_the_default():
    X, y = data("tall")
    found, other = fr.ridge_cv(X, y, ALPHAS), fr.ridge_cv(X, y, ALPHAS, cv="loo")
    assert found.criterion == "loo"
    np.testing.assert_array_equal(found.errors, other.errors)


def test_the_default_grid_goes_down_from_the_largest_alpha():
    X, y = data("tall")
    found = fr.ridge_cv(X, y)
    assert found.alphas.shape == (100,)
    assert (np.diff(found.alphas) < 0).all()
    np.testing.assert_allclose(found.alphas, fr.ridge_path(X, y).alphas, rtol=1e-12)
    assert_whole(found, found.alphas, "loo")
    assert len(fr.ridge_cv(X, y, 7, cv=3).alphas) == 7


# Folds


@every_shape
@every_option
@pytest.mark.parametrize("kind", ["F", "C", "float32", "CSC"])
def test_errors_of_folds_are_those_of_plain_fits_on_the_other_rows(kind, name, shape):
    dense, y = data(shape, kind)
    X, options = KINDS[kind](dense), options_for(name, shape)
    ids, folds = thirds(len(y))
    found = fr.ridge_cv(X, y, ALPHAS, cv=folds, **options)
    assert_whole(found, ALPHAS)
    expected = np.array([ref.ridge_fold_errors(dense, y, alpha, folds, **options) for alpha in ALPHAS]).T
    assert found.fold_errors.shape == (3, len(ALPHAS))
    np.testing.assert_allclose(found.fold_errors, expected, rtol=RTOL)
    np.testing.assert_allclose(found.errors, expected.mean(axis=0), rtol=RTOL)
    kkt.assert_ridge_claims(dense, y, found.fit, found.alpha, **options)
    by_ids = fr.ridge_cv(X, y, ALPHAS, cv=ids, **options)
    np.testing.assert_allclose(by_ids.fold_errors, found.fold_errors, rtol=1e-12)
    assert by_ids.alpha == found.alpha


@every_shape
def test_errors_of_folds_are_those_of_ridge(shape):
    X, y = data(shape)
    _, folds = thirds(len(y))
    s, o = 0.1 + weights(len(y)), known(len(y))
    found = fr.ridge_cv(X, y, ALPHAS, cv=folds, sample_weight=s, offset=o, standardize=True)
    for errors, (train, test) in zip(found.fold_errors, folds, strict=True):
        for error, alpha in zip(errors, ALPHAS, strict=True):
            fit = fr.ridge(X[train], y[train], alpha, sample_weight=s[train], offset=o[train], standardize=True)
            e = y[test] - o[test] - fit.predict(X[test])
            assert error == pytest.approx(np.average(e**2, weights=s[test]), rel=RTOL)


@both_intercepts
@every_shape
def test_as_many_folds_as_rows_leave_one_out(shape, fit_intercept):
    X, y = data(shape)
    folds = fr.ridge_cv(X, y, ALPHAS, cv=len(y), fit_intercept=fit_intercept)
    for k, alpha in enumerate(ALPHAS):
        expected = np.sort(ref.ridge_loo_errors(X, y, alpha, fit_intercept) ** 2)
        np.testing.assert_allclose(np.sort(folds.fold_errors[:, k]), expected, rtol=1e-7, atol=1e-12)
    one_out = fr.ridge_cv(X, y, ALPHAS, cv="loo", fit_intercept=fit_intercept)
    np.testing.assert_allclose(folds.errors, one_out.errors, rtol=RTOL)
    assert folds.alpha == one_out.alpha


def members(n, folds, **options):
    """Which rows each fold has, (folds, n) of bool: with nothing fitted, the error of target i is its row's alone."""
    X = np.random.default_rng(0).standard_normal((n, 2))
    nothing = {"fit_intercept": False, "penalty_factor": [np.inf, np.inf], "alpha_per_target": True}
    return fr.ridge_cv(X, np.eye(n), [1.0], cv=folds, **nothing, **options).fold_errors[:, 0] > 0.0


@pytest.mark.parametrize(("n", "folds"), [(12, 2), (12, 4), (11, 3), (17, 5), (7, 7)])
def test_a_number_of_folds_shares_out_all_rows_evenly(n, folds):
    fold = members(n, folds)
    assert fold.shape == (folds, n)
    np.testing.assert_array_equal(fold.sum(axis=0), 1)
    assert set(fold.sum(axis=1)) <= {n // folds, -(-n // folds)}


def test_folds_are_shuffled_by_a_seed():
    drawn = {seed: members(12, 3, random_state=seed) for seed in (0, 1, 2, 3)}
    np.testing.assert_array_equal(members(12, 3), drawn[0])
    np.testing.assert_array_equal(members(12, 3, random_state=2), drawn[2])
    assert len({fold.tobytes() for fold in drawn.values()}) == 4
    in_order = np.kron(np.eye(3), np.ones(4)) > 0
    assert not any(np.array_equal(fold, in_order) for fold in drawn.values())


def test_folds_may_be_given_in_many_ways():
    X, y = data("tall")
    ids, folds = thirds(30)
    found = fr.ridge_cv(X, y, ALPHAS, cv=folds)
    lists = [(train.tolist(), test.tolist()) for train, test in folds]
    for cv in (lists, tuple(folds), (pair for pair in folds), ids.astype(np.int8), ids + 5, 10 * ids - 7):
        other = fr.ridge_cv(X, y, ALPHAS, cv=cv)
        np.testing.assert_allclose(other.fold_errors, found.fold_errors, rtol=1e-12)
        assert other.alpha == found.alpha


def test_pairs_need_not_share_out_the_rows():
    X, y = data("tall")
    pairs = [(np.arange(20), np.arange(15, 30)), (np.arange(10, 30), np.array([0]))]
    found = fr.ridge_cv(X, y, ALPHAS, cv=pairs)
    expected = np.array([ref.ridge_fold_errors(X, y, alpha, pairs) for alpha in ALPHAS]).T
    np.testing.assert_allclose(found.fold_errors, expected, rtol=RTOL)


def test_every_fold_counts_the_same_whatever_its_size():
    X, y = data("tall")
    ids = np.minimum(np.arange(30), 2)  # two of one row, one of 28
    found = fr.ridge_cv(X, y, [1e-3, 1e3], cv=ids)
    np.testing.assert_allclose(found.errors, found.fold_errors.mean(axis=0), rtol=1e-12)


def test_folds_are_standardised_by_their_own_rows():
    X, y = data("tall")
    ids, folds = thirds(30)
    X[ids == 0] *= 100.0
    found = fr.ridge_cv(X, y, ALPHAS, cv=ids, standardize=True)
    expected = np.array([ref.ridge_fold_errors(X, y, alpha, folds, standardize=True) for alpha in ALPHAS]).T
    np.testing.assert_allclose(found.fold_errors, expected, rtol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
def test_folds_take_an_alpha_of_0(shape):
    X, y = data(shape)
    _, folds = thirds(len(y))
    found = fr.ridge_cv(X, y, [0.0, 1.0], cv=folds)
    np.testing.assert_allclose(found.fold_errors[:, 0], ref.ridge_fold_errors(X, y, 0.0, folds), rtol=1e-7)


# Several targets


@every_shape
@pytest.mark.parametrize("name", ["none", "weights, offset, factors, standardize", "definite matrix"])
@pytest.mark.parametrize("cv", ["loo", "gcv", "folds"])
def test_one_alpha_for_all_targets_has_the_least_mean_error(cv, name, shape):
    X, y = data(shape)
    options, Y = options_for(name, shape), targets(y)
    cv = thirds(len(y))[1] if cv == "folds" else cv
    found = fr.ridge_cv(X, Y, ALPHAS, cv=cv, **options)
    assert_whole(found, ALPHAS)
    alone = [fr.ridge_cv(X, z, ALPHAS, cv=cv, **options) for z in Y.T]
    np.testing.assert_allclose(found.errors, np.mean([a.errors for a in alone], axis=0), rtol=1e-9)
    if cv not in ("loo", "gcv"):
        assert found.fold_errors.shape == (3, len(ALPHAS))
        np.testing.assert_allclose(found.fold_errors, np.mean([a.fold_errors for a in alone], axis=0), rtol=1e-9)
    kkt.assert_ridge_claims(X, Y, found.fit, found.alpha, **options)
    assert found.predict(X).shape == Y.shape


@every_shape
@pytest.mark.parametrize("name", ["none", "weights, offset, factors, standardize", "definite matrix"])
@pytest.mark.parametrize("cv", ["loo", "gcv", "folds"])
def test_an_alpha_per_target_is_that_of_each_alone(cv, name, shape):
    X, y = data(shape)
    options, Y = options_for(name, shape), targets(y)
    cv = thirds(len(y))[1] if cv == "folds" else cv
    found = fr.ridge_cv(X, Y, ALPHAS, cv=cv, alpha_per_target=True, **options)
    assert found.errors.shape == (len(ALPHAS), 3)
    assert found.alpha.shape == (3,)
    assert found.fit.coef.shape == (X.shape[1], 3)
    for k, z in enumerate(Y.T):
        alone = fr.ridge_cv(X, z, ALPHAS, cv=cv, **options)
        assert found.alpha[k] == alone.alpha
        assert found.alphas[found.index[k]] == alone.alpha
        np.testing.assert_allclose(found.errors[:, k], alone.errors, rtol=1e-9)
        assert_close(found.fit.coef[:, k], alone.fit.coef, 1e-9)
        if cv not in ("loo", "gcv"):
            assert found.fold_errors.shape == (3, len(ALPHAS), 3)
            np.testing.assert_allclose(found.fold_errors[:, :, k], alone.fold_errors, rtol=1e-9)
    np.testing.assert_array_equal(found.fit.alpha, found.alpha)
    np.testing.assert_allclose(found.predict(X), X @ found.fit.coef + found.fit.intercept, rtol=1e-12)
    assert "\n" not in repr(found.fit)


def test_targets_choose_alphas_that_differ():
    """A target of noise wants all the penalty there is, one without noise none: a mean would please neither."""
    X, _ = data("tall")
    Y = np.column_stack([X.sum(axis=1), np.random.default_rng(1).standard_normal(30)])
    found = fr.ridge_cv(X, Y, [1e-6, 1.0, 1e6], alpha_per_target=True)
    np.testing.assert_array_equal(found.alpha, [1e-6, 1e6])
    np.testing.assert_array_equal(found.index, [0, 2])


# Ties, and what is refused


@pytest.mark.parametrize("cv", ["loo", "gcv", 3])
@pytest.mark.parametrize("per_target", [False, True])
def test_the_larger_alpha_wins_a_tie(per_target, cv):
    X, _ = data("tall")
    found = fr.ridge_cv(X, np.zeros((30, 2)), [1.0, 100.0, 10.0], cv=cv, alpha_per_target=per_target)
    np.testing.assert_array_equal(found.errors, 0.0)
    np.testing.assert_array_equal(found.alpha, [100.0, 100.0] if per_target else 100.0)


@pytest.mark.parametrize(
    ("options", "names", "error"),
    [
        ({"cv": "aic"}, ["cv", "aic"], ValueError),
        ({"cv": 0}, ["cv", "0"], ValueError),
        ({"cv": 1}, ["cv", "1"], ValueError),
        ({"cv": -3}, ["cv", "-3"], ValueError),
        ({"cv": 31}, ["cv", "31", "30"], ValueError),
        ({"cv": True}, ["cv"], TypeError),
        ({"cv": 2.5}, ["cv"], TypeError),
        ({"cv": None}, ["cv"], TypeError),
        ({"cv": np.arange(29) % 3}, ["cv", "29"], ValueError),
        ({"cv": np.zeros(30, int)}, ["cv"], ValueError),
        ({"cv": []}, ["cv"], ValueError),
        ({"cv": [(np.arange(20), np.arange(20, 31))]}, ["cv"], ValueError),
        ({"cv": [(np.arange(20), np.array([-31]))]}, ["cv"], ValueError),
        ({"cv": [(np.arange(0), np.arange(30))]}, ["cv"], ValueError),
        ({"cv": [(np.arange(30), np.arange(0))]}, ["cv"], ValueError),
        ({"alphas": [-1.0]}, ["alphas"], ValueError),
        ({"alphas": []}, ["alphas"], ValueError),
        ({"alphas": [1.0, np.nan], "cv": 3}, ["alphas"], ValueError),
        ({"alphas": "many"}, ["alphas"], TypeError),
        ({"sample_weight": np.ones(29)}, ["sample_weight"], ValueError),
        ({"penalty_factor": np.ones(7), "cv": 3}, ["penalty_factor"], ValueError),
        ({"penalty_matrix": np.eye(7), "cv": 3}, ["penalty_matrix"], ValueError),
        ({"penalty_matrix": np.eye(8), "standardize": True, "cv": 3}, ["penalty_matrix", "standardize"], ValueError),
        ({"y": np.full(30, np.nan)}, ["y"], ValueError),
        ({"y": np.zeros(29), "cv": 3}, ["y", "29"], ValueError),
        ({"X": np.full((30, 8), np.inf), "cv": 3}, ["X"], ValueError),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(options, names, error):
    X, y = data("tall")
    assert_refused(lambda: fr.ridge_cv(**({"X": X, "y": y, "alphas": [1.0, 2.0]} | options)), *names, error=error)


@pytest.mark.parametrize("cv", ["loo", "gcv", 2])
def test_names_of_a_data_frame_stay_with_the_fit(cv):
    pandas = pytest.importorskip("pandas")
    X, y = data("tall")
    frame = pandas.DataFrame(X, columns=list("abcdefgh"))
    found = fr.ridge_cv(frame, pandas.Series(y), ALPHAS, cv=cv)
    assert found.fit.feature_names == tuple("abcdefgh")
    np.testing.assert_allclose(found.errors, fr.ridge_cv(X, y, ALPHAS, cv=cv).errors, rtol=1e-10)
    np.testing.assert_allclose(found.predict(frame), found.predict(X), rtol=1e-13)


@pytest.mark.parametrize("kind", ["rows to judge by", "rows to fit"])
@pytest.mark.parametrize("shape", [(12, 3), (6, 9)])
def test_a_fold_without_weight_is_refused(shape, kind):
    rng = np.random.default_rng(3)
    X, y, s = rng.standard_normal(shape), rng.standard_normal(shape[0]), np.ones(shape[0])
    s[:2] = 0.0
    none, rest = np.arange(2), np.arange(2, shape[0])
    pairs = [(rest, rest), (rest, none) if kind == "rows to judge by" else (none, rest)]
    assert_refused(lambda: fr.ridge_cv(X, y, [1.0, 2.0], cv=pairs, sample_weight=s), "sample_weight", "fold 1", "cv")


@pytest.mark.parametrize("name", ["matrix", "standardize", "factors", "none"])
@pytest.mark.parametrize("shape", [(12, 9), (8, 20)])
def test_at_alpha_0_folds_take_the_fit_of_least_norm(shape, name):
    rng = np.random.default_rng(4)
    n, p = shape
    X, y = rng.standard_normal(shape) * np.arange(1.0, p + 1.0), rng.standard_normal(n)
    options = {
        "matrix": {"penalty_matrix": np.diag(np.arange(1.0, p + 1.0))},
        "standardize": {"standardize": True},
        "factors": {"penalty_factor": np.arange(float(p))},
        "none": {},
    }[name]
    few, rest = np.arange(4), np.arange(4, n)
    found = fr.ridge_cv(X, y, [1.0, 0.0], cv=[(few, rest)], **options)
    for k, alpha in enumerate(found.alphas):
        fit = fr.ridge(X[few], y[few], alpha, **options)
        missed = y[rest] - fit.predict(X[rest])
        assert found.fold_errors[0, k] == pytest.approx(np.mean(missed**2), rel=1e-8)


def test_repeated_rows_of_fat_data_have_an_error_at_alpha_0():
    rng = np.random.default_rng(5)
    X, y = np.repeat(rng.standard_normal((4, 9)), 2, axis=0), rng.standard_normal(8)
    train, test = np.arange(6), np.array([6, 7])
    found = fr.ridge_cv(X, y, [0.0, 1.0], cv=[(train, test)])
    missed = y[test] - fr.ridge(X[train], y[train], 0.0).predict(X[test])
    assert found.fold_errors[0, 0] == pytest.approx(np.mean(missed**2), rel=1e-8)
