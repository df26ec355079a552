"""Fits of rows in chunks: those of rows in memory, also where products lose digits, in folds, and by estimators."""

import pickle
import warnings

import kkt
import numpy as np
import pytest
import reference as ref
from rows import FRAME, LABEL, NAMES, WEIGHT, N, P, X, Y, chunks, close_columns, da, dd, pd, pieces
from scipy import sparse

import fastreg as fr
from fastreg.distributed._cv import _others
from fastreg.distributed._refine import asks

pytestmark = pytest.mark.thread_unsafe(reason="schedules work of its own")

# Refinement


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("distance", [1e-3, 1e-5])
def test_one_more_reading_gives_back_the_digits(distance, fit_intercept):
    data, target = close_columns(distance)
    stats = fr.distributed.gram_stats(chunks(data), chunks(target))
    options = {"alpha": 1e-9, "tol": 1e-14, "fit_intercept": fit_intercept}
    first, best = stats.lasso(**options), fr.lasso(data, target, **options)
    assert asks(stats, first, fit_intercept)
    refined = fr.distributed.refine(stats, first, chunks(data, 90), chunks(target, 90))
    fit = refined.lasso(**options)
    kkt.assert_optimal(data, target, fit, 1e-9, fit_intercept=fit_intercept, tol=1e-13)
    size = np.abs(best.coef).max()
    before, after = (np.abs(one.coef - best.coef).max() / size for one in (first, fit))
    assert after < 1e-8
    assert after < 0.3 * before or before < 1e-9
    assert fit.objective == pytest.approx(best.objective, rel=1e-12)


def test_refined_statistics_of_weights_targets_and_ridge():
    data, target = close_columns(1e-4)
    both = np.c_[target, X[:, 3]]
    stats = fr.distributed.gram_stats(chunks(data), chunks(both), chunks(WEIGHT))
    refined = fr.distributed.refine(stats, stats.ridge(1e-6), chunks(data), chunks(both), chunks(WEIGHT))
    expected = fr.ridge(data, both, 1e-6, sample_weight=WEIGHT)
    atol = 1e-7 * np.abs(expected.coef).max()  # (eps cond^2)^2 is left, and cond is 1e5 here
    np.testing.assert_allclose(refined.ridge(1e-6).coef, expected.coef, rtol=0, atol=atol)
    for wrong in (np.zeros(3), np.full((P, 2), np.inf)):
        with pytest.raises(ValueError, match=r"^fit h"):
            fr.distributed.refine(stats, wrong, chunks(data), chunks(both))
    with pytest.raises(ValueError, match=r"^In chunk \d: y has 1 targets; 2 are needed"):
        fr.distributed.refine(stats, np.zeros((P, 2)), chunks(data), chunks(target))


@pytest.mark.parametrize("use", [
    lambda refined, stats: refined.update(X, Y),
    lambda refined, stats: refined.merge(stats),
    lambda refined, stats: stats.merge(stats, refined),
    lambda refined, stats: fr.GramStats().merge(refined),
    lambda refined, stats: refined.subtract(stats),
    lambda refined, stats: stats.merge(stats).subtract(refined),
    lambda refined, stats: refined.subtract(fr.GramStats()),
    lambda refined, stats: fr.distributed.merge_stats([stats, refined]),
    lambda refined, stats: fr.distributed.lasso_cv([stats, refined]),
])  # fmt: skip
def test_refined_statistics_stay_with_their_rows(use):
    stats = fr.GramStats.from_data(X, Y)
    refined = fr.distributed.refine(stats, np.zeros(P), chunks(X), chunks(Y))
    with pytest.raises(
        TypeError, match=r"^Refined statistics belong to the rows that they were refined for; take those that th"
    ):
        use(refined, stats)
    again = fr.distributed.refine(refined, refined.lasso(0.1), chunks(X), chunks(Y))
    np.testing.assert_allclose(again.lasso(0.1).coef, stats.lasso(0.1).coef, atol=1e-9)


@pytest.mark.parametrize("kind", [np.asfortranarray, sparse.csr_array, sparse.csc_matrix, lambda a: a.astype(np.float32)])
def test_the_gradient_of_chunks_of_any_kind(kind):
    data = np.where(np.abs(X - 2) < 1, 0.0, X).astype(np.float32).astype(np.float64)
    blocks = chunks(data, 70, P).map_blocks(kind)
    stats = fr.distributed.gram_stats(blocks, chunks(Y))
    for fit_intercept in (True, False):
        far = fr.distributed.refine(stats, np.full(P, 0.3), blocks, chunks(Y))
        fit = far.lasso(0.05, tol=1e-12, fit_intercept=fit_intercept)
        kkt.assert_optimal(data, Y, fit, 0.05, fit_intercept=fit_intercept, tol=1e-11)


def test_sound_columns_do_not_ask_for_another_reading():
    stats = fr.distributed.gram_stats(chunks(X), chunks(Y))
    assert not asks(stats, stats.lasso(0.01), True)
    assert not asks(stats, stats.lasso(1e9), True)


# Cross-validation


@pytest.mark.parametrize("options", [
    {}, {"fit_intercept": False}, {"standardize": True}, {"l1_ratio": [0.5, 0.9]}, {"relax": [0.0, 0.5]}, {"positive": True},
    {"sample_weight": WEIGHT}, {"penalty_factor": np.r_[0.0, np.ones(P - 1)]}, {"alphas": [0.01, 0.3, 0.1]},
], ids=str)  # fmt: skip
def test_folds_from_one_reading_equal_folds_in_memory(options):
    options = {"alphas": 20, "tol": 1e-11, **options}
    here = dict(options, sample_weight=chunks(WEIGHT)) if "sample_weight" in options else options
    found = fr.distributed.elastic_net_cv(chunks(X), chunks(Y), cv=chunks(LABEL), **here)
    expected = fr.elastic_net_cv(X, Y, cv=LABEL, **options)
    np.testing.assert_allclose(found.fold_errors, expected.fold_errors, rtol=1e-9)
    np.testing.assert_allclose(found.path.coefs, expected.path.coefs, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.alphas, expected.alphas, rtol=1e-12)
    assert found.alpha_min == pytest.approx(expected.alpha_min, rel=1e-12)
    assert len(found.curves) == len(expected.curves)
    assert found.dual_gap < 1e-10


def test_folds_of_a_number_are_dealt_out_within_chunks():
    found = fr.distributed.lasso_cv(chunks(X), chunks(Y), cv=5, alphas=10)
    assert found.fold_errors.shape == (5, 10)
    again = fr.distributed.lasso_cv(chunks(X, 70, P), Y, cv=5, alphas=10)
    assert found.fold_errors.tobytes() == again.fold_errors.tobytes()
    other = fr.distributed.lasso_cv(chunks(X), chunks(Y), cv=5, alphas=10, random_state=1)
    assert found.fold_errors.tobytes() != other.fold_errors.tobytes()
    model = fr.LassoCV(cv=5, alphas=10, random_state=1, eps=1e-4).fit(chunks(X), chunks(Y))
    assert model.cv_path_.fold_errors.tobytes() == other.fold_errors.tobytes()
    legacy = fr.LassoCV(cv=5, alphas=10, random_state=np.random.RandomState(3)).fit(chunks(X), chunks(Y))
    assert legacy.cv_path_.fold_errors.shape == (5, 10)
    frame = dd.from_pandas(FRAME, 4)
    named = fr.distributed.lasso_cv(frame, "y", sample_weight="weight", cv="label", alphas=10)
    expected = fr.lasso_cv(FRAME[NAMES], Y, sample_weight=WEIGHT, cv=LABEL, alphas=10)
    np.testing.assert_allclose(named.errors, expected.errors, rtol=1e-6)


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), [
    (lambda: (chunks(X), chunks(Y)), {"cv": 1}, ValueError, r"^cv is 1"),
    (lambda: (chunks(X), chunks(Y)), {"l1_ratio": 0.0}, ValueError, r"^l1_ratio is 0"),
    (lambda: (chunks(X), chunks(np.c_[Y, Y], 70, 2)), {}, ValueError, r"^y has several targets"),
    (lambda: ([X, Y],), {}, TypeError, r"^X\[0\] is a ndarray; GramStats of each fold are needed"),
    (lambda: ([fr.GramStats.from_data(X, Y)],), {}, ValueError, r"^There are rows in 1 folds; 2 are needed"),
    (lambda: (chunks(X), chunks(Y)), {"cv": chunks(LABEL[1:])}, ValueError, r"^X has 600 rows but cv has 599"),
])  # fmt: skip
def test_wrong_folds(arguments, options, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.elastic_net_cv(*arguments(), **options)


# Estimators


@pytest.mark.parametrize("model", [fr.Lasso(0.05, tol=1e-12), fr.ElasticNet(0.05, tol=1e-12), fr.Ridge(3.0)], ids=repr)
@pytest.mark.parametrize("target", [Y, np.c_[Y, X[:, 0] - Y]], ids=["one", "two"])
@pytest.mark.parametrize("weight", [None, WEIGHT, 2.0], ids=["none", "rows", "number"])
def test_estimators_of_arrays(model, target, weight):
    model.fit(chunks(X), chunks(target, 70, 1), sample_weight=chunks(weight) if isinstance(weight, np.ndarray) else weight)
    coef, intercept, predicted = model.coef_, model.intercept_, model.predict(chunks(X))
    r2 = model.score(chunks(X), chunks(target))
    assert isinstance(predicted, da.Array)
    assert predicted.shape == target.shape
    np.testing.assert_allclose(predicted.compute(), X @ coef.T + intercept, rtol=1e-12)
    model.fit(X, target, sample_weight=weight)
    np.testing.assert_allclose(coef, model.coef_, rtol=0, atol=1e-10)
    np.testing.assert_allclose(intercept, model.intercept_, atol=1e-10)
    assert r2 == pytest.approx(model.score(X, target), rel=1e-10)
    assert model.n_features_in_ == P


def test_estimators_of_frames_and_folds():
    frame = dd.from_pandas(FRAME, 5)
    model = fr.LassoCV(cv=4, alphas=20).fit(frame[NAMES], frame.y)
    assert model.feature_names_in_.tolist() == NAMES
    assert model.mse_path_.shape == (20, 4)
    predicted = model.predict(frame[NAMES])
    pd.testing.assert_index_equal(predicted.compute().index, FRAME.index)
    np.testing.assert_allclose(predicted.compute(), model.predict(FRAME[NAMES]))
    assert model.score(frame[NAMES], frame.y) == pytest.approx(model.score(FRAME[NAMES], Y))
    labelled = fr.LassoCV(cv=frame.label, alphas=20).fit(frame[NAMES], frame.y, sample_weight=frame.weight)
    expected = fr.distributed.lasso_cv(frame, "y", sample_weight="weight", cv="label", alphas=20, alpha_min_ratio=1e-3)
    np.testing.assert_allclose(labelled.mse_path_, expected.fold_errors.T)
    two = fr.Ridge().fit(frame[NAMES], frame[["y", "weight"]]).predict(frame[NAMES])
    assert two.compute().shape == (N, 2)
    assert fr.Ridge().fit(frame[NAMES], frame[["y", "weight"]], sample_weight=2).coef_.shape == (2, P)


def test_estimators_refuse_what_they_cannot_do():
    from sklearn.model_selection import KFold

    model = fr.Lasso(0.1).fit(chunks(X), chunks(Y))
    with pytest.raises(ValueError, match="X has 11 features, but Lasso is expecting 12"):
        model.predict(chunks(X)[:, 1:])
    with pytest.raises(ValueError, match="requires y to be passed"):
        fr.Lasso().fit(chunks(X), None)
    with pytest.raises(TypeError, match="cv is a KFold, which indexes rows"):
        fr.LassoCV(cv=KFold(3)).fit(chunks(X), chunks(Y))
    with pytest.raises(
        TypeError, match=r"^X is a dask Array, which RidgeCV does not take; pass X.compute\(\), or choose by GCV wi"
    ):
        fr.RidgeCV().fit(chunks(X), chunks(Y))
    found = fr.distributed.gram_stats(chunks(X), chunks(Y)).ridge_path([0.1, 1.0, 10.0]).select("gcv")  # as it then says
    assert found.alpha == fr.RidgeCV([0.1, 1.0, 10.0], cv="gcv").fit(X, Y).alpha_
    with pytest.raises(ValueError, match="feature names"):
        fr.Lasso().fit(dd.from_pandas(FRAME[NAMES], 2), dd.from_pandas(FRAME.y, 2)).predict(
            dd.from_pandas(FRAME[["y", *NAMES[1:]]], 2)
        )


@pytest.mark.parametrize("fit", [
    fr.Lasso().fit, fr.Ridge().fit, fr.LassoCV(cv=3).fit, fr.distributed.lasso_cv, fr.distributed.lasso_path,
    lambda X, y: fr.distributed.lasso(X, y, 0.1), lambda X, y: fr.distributed.lasso_cv(X, y, cv=y),
])  # fmt: skip
def test_there_is_nothing_to_fit(fit):
    far = dd.from_pandas(FRAME, 4)
    far = far[far.x0 > 1e9]
    with pytest.raises(ValueError, match=r"^X has no rows of weight > 0; at least one is needed\.$"):
        fit(far[NAMES], far.y)


def test_all_weights_are_zero():
    for fit in (fr.Lasso().fit, fr.Ridge().fit, fr.LassoCV(cv=3).fit):
        with pytest.raises(ValueError, match=r"^X has no rows of weight > 0; at least one is needed\.$"):
            fit(chunks(X), chunks(Y), 0.0)


def put_off():
    """What dask computes later, and is no collection with a shape."""
    import dask

    return dask.delayed(np.ones(N))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: fr.Lasso().fit(put_off(), Y), r"^X is a dask Delayed\w*, which would be computed whole; pass X.compute\(\)"),
    (lambda: fr.LassoCV().fit(put_off(), Y), r"^X is a dask Delayed\w*, which would"),
    (lambda: fr.RidgeCV().fit(put_off(), Y), r"^X is a dask Delayed\w*, which would"),
    (lambda: fr.Ridge().fit(X, put_off()), r"^y is a dask Delayed\w*, which would"),
    (lambda: fr.Ridge().fit(chunks(X), put_off()), r"^y is a dask Delayed\w*, which would"),
    (lambda: fr.Ridge().fit(X, Y).predict(put_off()), r"^X is a dask Delayed\w*, which would"),
    (lambda: fr.Ridge().fit(X, Y).score(put_off(), Y), r"^X is a dask Delayed\w*, which would"),
    (lambda: fr.Ridge().fit(X, Y).score(X, put_off()), r"^y is a dask Delayed\w*, which would"),
    (lambda: fr.distributed.lasso_cv(chunks(X), Y, cv=put_off()), r"^cv is Delayed\w*\(.*an integer >= 2 is needed\.$"),
    (lambda: fr.LassoCV(cv=put_off()).fit(chunks(X), Y), r"^cv is a Delayed\w*, which indexes rows"),
    (lambda: fr.Lasso(penalty_factor=da.ones(P)).fit(chunks(X), Y),
     r"^penalty_factor is a dask Array, which would be computed whole; pass penalty_factor.compute\(\) to agree\.$"),
    (lambda: fr.distributed.lasso(chunks(X), Y, 0.1, lower=-da.ones(P)), r"lower is a dask Array, .*compute\(\) to agree\.$"),
])  # fmt: skip
def test_what_dask_puts_off_is_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_names_of_columns_are_for_dask():
    y = "y"
    message = r" is 'y'; real numbers are needed, as names of columns are for dask frames, in fastreg\.distributed\."
    for fit in (fr.Lasso().fit, fr.LassoCV().fit, fr.RidgeCV().fit, fr.GramStats.from_data, fr.Ridge().fit(X, Y).score):
        with pytest.raises(TypeError, match=f"^y{message}$"):
            fit(X, y)
    for fit in (fr.lasso, fr.ridge):
        with pytest.raises(TypeError, match=f"^y{message}$"):
            fit(FRAME, y, 0.1)
        with pytest.raises(TypeError, match=f"^sample_weight{message}$"):
            fit(X, Y, 0.1, sample_weight=y)


# Fits by the functions that serve columns as well


@pytest.mark.parametrize("options", [
    {}, {"fit_intercept": False}, {"standardize": True}, {"positive": True}, {"sample_weight": WEIGHT}, {"l1_ratio": 0.3},
    {"penalty_factor": np.r_[0.0, np.ones(P - 1)]}, {"lower": -0.2, "upper": 0.1}, {"warm_start": np.full(P, 0.1)},
], ids=str)  # fmt: skip
def test_rows_are_fitted_and_followed_like_columns(options):
    options = {"tol": 1e-11, "l1_ratio": 1.0, **options}
    here = dict(options, sample_weight=chunks(WEIGHT)) if "sample_weight" in options else options
    fit = fr.distributed.elastic_net(chunks(X), chunks(Y), 0.05, **here)
    path = fr.distributed.elastic_net_path(chunks(X), chunks(Y), alphas=20, **here)
    np.testing.assert_allclose(fit.coef, fr.elastic_net(X, Y, 0.05, **options).coef, rtol=0, atol=1e-9)
    np.testing.assert_allclose(path.coefs, fr.elastic_net_path(X, Y, alphas=20, **options).coefs, rtol=0, atol=1e-9)


def test_frames_targets_and_what_ends_a_path():
    frame = dd.from_pandas(FRAME[[*NAMES, "y", "weight"]], 4)
    fit = fr.distributed.lasso(frame, "y", 0.1, sample_weight="weight")
    assert fit.feature_names == tuple(NAMES)
    np.testing.assert_allclose(fit.coef, fr.lasso(X, Y, 0.1, sample_weight=WEIGHT, tol=1e-12).coef, atol=1e-6)
    two = fr.distributed.lasso_path(frame[NAMES], frame[["y", "weight"]], alphas=5)
    assert [len(path) for path in two] == [5, 5]
    assert fr.distributed.lasso(frame[NAMES], frame[["y", "weight"]], 0.1).coef.shape == (P, 2)
    assert 0 < len(fr.distributed.lasso_path(chunks(X), Y, max_support=3)) < 100
    assert 0 < len(fr.distributed.lasso_path(chunks(X), Y, callback=lambda fit: fit.support.size > 2)) < 100
    np.testing.assert_allclose(fr.distributed.lasso(chunks(X), Y, 0.0).coef, fr.lasso(X, Y, 0.0).coef, atol=1e-9)
    ridge = fr.elastic_net(X, Y, 0.1, l1_ratio=0.0)
    np.testing.assert_allclose(fr.distributed.elastic_net(chunks(X), Y, 0.1, l1_ratio=0.0).coef, ridge.coef, atol=1e-9)


def test_a_lasso_of_rows_is_refined_where_the_condition_asks_for_it():
    data, target = close_columns(1e-5)
    fit = fr.distributed.lasso(chunks(data), chunks(target), 1e-9, tol=1e-14)
    kkt.assert_optimal(data, target, fit, 1e-9, tol=1e-13)
    best = fr.lasso(data, target, 1e-9, tol=1e-14)
    np.testing.assert_allclose(fit.coef, best.coef, rtol=0, atol=1e-8 * np.abs(best.coef).max())


def test_columns_by_name_are_read_again_as_well():
    data, target = close_columns(1e-5)
    frame = dd.from_pandas(pd.DataFrame(data, columns=NAMES).assign(y=target, weight=WEIGHT), 5)
    options = {"alpha": 1e-9, "tol": 1e-10}
    best = fr.lasso(data, target, sample_weight=WEIGHT, **options).coef
    for found in (
        fr.Lasso(**options).fit(frame, "y", "weight").coef_,
        fr.distributed.lasso(frame, "y", sample_weight="weight", **options).coef,
    ):
        np.testing.assert_allclose(found, best, rtol=0, atol=1e-8 * np.abs(best).max())


def test_a_fit_that_does_not_converge_is_told_once():
    data, target = close_columns(1e-5)
    rows, y = chunks(data), chunks(target)
    options = {"tol": 1e-12, "max_iter": 1}
    first = fr.distributed.gram_stats(rows, y)
    with pytest.warns(fr.ConvergenceWarning):
        assert asks(first, first.lasso(1e-9, **options), True)  # and so there are two solves
    for fit in (
        lambda: fr.distributed.lasso(rows, y, 1e-9, **options),
        lambda: fr.Lasso(1e-9, **options).fit(rows, y),
        lambda: fr.distributed.lasso(chunks(X), Y, 0.01, max_iter=1),
    ):
        with pytest.warns(fr.ConvergenceWarning, match=r"with max_iter=1;") as found:
            fit()
        assert [one.filename for one in found] == [__file__]


def test_a_doubted_fit_is_solved_once(monkeypatch):
    solved, solve = [], fr.GramStats.elastic_net
    monkeypatch.setattr(fr.GramStats, "elastic_net", lambda *args, **options: solved.append(1) or solve(*args, **options))
    with pytest.warns(fr.ConvergenceWarning, match=r"^Not converged at alpha=0\.01: .* with max_iter=1;") as found:
        fr.distributed.lasso(chunks(X), Y, 0.01, max_iter=1)
    assert [one.filename for one in found] == [__file__]
    assert len(solved) == 1


def unread():
    """Rows that must not be asked for."""

    def read(block):
        raise AssertionError("X was read")

    return chunks(X, 70, P).map_blocks(read, dtype=float, meta=np.empty((0, 0)))


@pytest.mark.parametrize(("options", "kind", "message"), [
    ({"offset": Y}, ValueError, r"^offset is given, which rows of dask collections do not take; pass y - offset as y\.$"),
    ({"memory": 10**8}, ValueError, r"^memory is given, which is for columns of a design"),
    ({"tol": -1.0}, ValueError, r"^tol is -1\.0"),
    ({"max_iter": 0}, ValueError, r"^max_iter is 0"),
    ({"l1_ratio": 2.0}, ValueError, r"^l1_ratio is 2\.0"),
    ({"fit_intercept": 1}, TypeError, r"^fit_intercept is 1"),
    ({"alphas": []}, ValueError, r"^alphas has shape"),
    ({"alphas": [0.1], "alpha_min_ratio": 0.1}, ValueError, r"^alpha_min_ratio is given, but alphas is an array"),
    ({"alpha_min_ratio": 3.0}, ValueError, r"^alpha_min_ratio is 3\.0"),
    ({"max_support": -1}, ValueError, r"^max_support is -1"),
    ({"penalty_factor": np.ones(3)}, ValueError, r"^penalty_factor has shape \(3,\)"),
    ({"lower": 1.0, "upper": 0.0}, ValueError, r"^lower is 1 and upper is 0"),
    ({"standardize": 2}, TypeError, r"^standardize is 2"),
], ids=str)  # fmt: skip
def test_what_rows_do_not_take_is_refused_before_they_are_read(options, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.elastic_net_path(unread(), Y, **options)
    if not {"alphas", "alpha_min_ratio", "max_support"} & set(options):
        with pytest.raises(kind, match=message):
            fr.distributed.elastic_net(unread(), Y, 0.1, **options)


@pytest.mark.parametrize("options", [
    {"alphas": []}, {"alpha_min_ratio": 2.0}, {"tol": -1.0}, {"max_iter": 0}, {"fit_intercept": 1}, {"l1_ratio": 0.0},
    {"cv": 1}, {"relax": 2.0}, {"random_state": -1},
], ids=str)  # fmt: skip
def test_options_of_folds_are_refused_before_rows_are_read(options):
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        fr.distributed.elastic_net_cv(unread(), Y, **options)


def test_every_fold_is_predicted_by_all_others():
    parts = [fr.GramStats.from_data(*rows) for rows in pieces(150)]
    for k, one in enumerate(_others(parts)):
        rows = np.arange(N) // 150 != k
        expected = fr.GramStats.from_data(X[rows], Y[rows], WEIGHT[rows])
        assert one.n_rows == expected.n_rows
        np.testing.assert_allclose(one.gram, expected.gram, atol=1e-12 * np.abs(expected.gram).max())


def test_columns_of_dask_are_told_from_rows():
    wide = da.from_array(X.T, chunks=(P, 100))
    with pytest.raises(ValueError, match=r"^X has all rows in one chunk and its columns in 6; DaskColumns\(X\) is needed"):
        fr.distributed.lasso(wide, np.arange(P), 0.1)
    with pytest.raises(ValueError, match=r"^alpha is -1"):
        fr.distributed.lasso(unread(), Y, -1)
    assert fr.distributed.lasso(da.from_array(X, chunks=(N, P)), Y, 0.1).support.size > 0


@pytest.mark.parametrize("distance", [1e-7, 1e-8, 1e-10])
@pytest.mark.parametrize("refined", [False, True])
def test_no_gap_is_claimed_that_the_sums_cannot_tell(distance, refined):
    """Two columns differ by less than the sums can tell, and y is that difference: what they leave out is in the gap."""
    rng = np.random.default_rng(0)
    data = rng.standard_normal((N, 6))
    data[:, 5] = data[:, 4] + distance * rng.standard_normal(N)
    target = (data[:, 5] - data[:, 4]) / distance + data[:, 0] + 0.1 * rng.standard_normal(N)
    stats = fr.GramStats.from_data(data, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fr.ConvergenceWarning)
        if refined:
            stats = fr.distributed.refine(stats, stats.lasso(1e-11), chunks(data), chunks(target))
        fit, ridge = stats.lasso(1e-11), stats.ridge(distance**2)
        told = []
        path, ridges = (
            stats.lasso_path(alphas=[0.1, 1e-11], callback=lambda fit: told.append(fit.status)),
            stats.ridge_path([1e3, distance**2]),
        )
    best = np.linalg.lstsq(np.c_[data, np.ones(N)], target, rcond=None)[0]
    least = np.mean((target - np.c_[data, np.ones(N)] @ best) ** 2) / 2 + 1e-11 * np.abs(best[:-1]).sum()
    assert fit.objective - fit.dual_gap <= least
    assert tuple(told) == tuple(path.statuses)
    assert path.objectives[1] - path.dual_gaps[1] <= least
    assert ridges.statuses[0].converged  # where the penalty decides, the sums are enough
    expected = fr.ridge_path(data, target, [distance**2]).objectives[0]
    if refined:  # the direction is known now, and ridge solves along it; coordinates descend along it as little as in memory
        assert ridges.statuses[1].converged
        assert ridge.status.converged
        assert ridge.objective == pytest.approx(expected, rel=1e-15 / distance)
        return
    assert ridge.objective - ridge.dual_gap <= expected
    assert fit.status is path.statuses[1] is ridges.statuses[1] is ridge.status is fr.Status.STALLED
    with pytest.warns(fr.ConvergenceWarning, match="the gap is"):
        stats.lasso(1e-11)


@pytest.mark.parametrize("sparse_rows", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("distance", [1e-6, 1e-8, 1e-10])
def test_a_second_pass_tells_columns_apart_that_sums_do_not(distance, fit_intercept, sparse_rows):
    """A lasso of sums ended STALLED with all of its objective in doubt, and so did ridge; now both are those of the rows."""
    rng = np.random.default_rng(0)
    data = rng.standard_normal((N, 8))
    data[:, 5], data[:, 6] = data[:, 4] + distance * data[:, 5], data[:, 3] - 2.0 * data[:, 4] + distance * data[:, 6]
    target = (data[:, 5] - data[:, 4]) / distance + data[:, 0] + 0.1 * rng.standard_normal(N)
    weight = rng.uniform(0.5, 2.0, N)
    rows = chunks(data, 70, 8)
    if sparse_rows:
        rows = rows.map_blocks(sparse.csr_matrix, dtype=float)
    options = {"fit_intercept": fit_intercept}
    alpha = 0.1 * distance  # of a coefficient of 1 / distance
    fit = fr.distributed.elastic_net(rows, target, alpha, sample_weight=weight, l1_ratio=0.0, **options)
    same = fr.elastic_net(data, target, alpha, sample_weight=weight, l1_ratio=0.0, **options)
    assert fit.status.converged == same.status.converged
    assert fit.objective == pytest.approx(same.objective, rel=max(1e-9, 1e-15 / distance))
    refined = fr.distributed.refine(fr.distributed.gram_stats(rows, target, weight), fit, rows, target, weight)
    assert pickle.loads(pickle.dumps(refined)).ridge(1.0, **options).objective == refined.ridge(1.0, **options).objective
    model = fr.Ridge(1e-2 * distance**2, fit_intercept=fit_intercept).fit(rows, target, weight)
    best = fr.ridge(data, target, 1e-2 * distance**2, sample_weight=weight, **options)
    assert model.fit_.status.converged
    assert model.fit_.objective == pytest.approx(best.objective, rel=max(1e-9, 1e-15 / distance))
    np.testing.assert_allclose(model.predict(data), best.predict(data), atol=max(1e-6, 1e-14 / distance))


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-6])
@pytest.mark.parametrize("l1_ratio", [0.5, 0.0])
def test_the_objective_of_refined_columns_far_from_0(distance, l1_ratio):
    """Of the difference of two columns the products kept the means alone, which no residual was long enough to answer."""
    rng = np.random.default_rng(1)
    data = rng.standard_normal((60, 9))
    data[:, 8] = data[:, 0] + distance * rng.standard_normal(60)
    data += 1e4
    target = data[:, 1] - data[:, 2] + rng.standard_normal(60) + 50.0
    rows = chunks(data, 20), chunks(target, 20)
    stats, options = fr.distributed.gram_stats(*rows), {"l1_ratio": l1_ratio, "fit_intercept": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fr.ConvergenceWarning)
        fit = fr.distributed.refine(stats, stats.elastic_net(0.001, **options), *rows).elastic_net(0.001, **options)
    assert fit.objective == pytest.approx(ref.objective(data, target, fit.coef, 0.0, 0.001, l1_ratio, False), rel=1e-6)


def test_columns_that_are_the_same_are_no_doubt():
    data = np.c_[X, X[:, :3]]
    stats = fr.GramStats.from_data(data, Y)
    assert stats.lasso(0.01).status is fr.Status.CONVERGED
    assert stats.ridge(1.0).status is fr.Status.CONVERGED
    wide = fr.GramStats.from_data(data[:9], Y[:9])
    assert all(status.converged for status in wide.lasso_path().statuses)


@pytest.mark.parametrize("change", ["other units", "rows turned", "columns turned", "other y"])
def test_other_rows_are_not_taken_for_those_of_the_statistics(change):
    stats = fr.GramStats.from_data(X, Y)
    data, target = {
        "other units": (2.0 * X, Y),
        "rows turned": (X, Y[::-1]),
        "columns turned": (X[:, ::-1], Y),
        "other y": (X, 3.0 * Y),
    }[change]
    with pytest.raises(ValueError, match="are not those that the statistics have; the same rows are needed"):
        fr.distributed.refine(stats, stats.lasso(0.1), chunks(data), chunks(np.ascontiguousarray(target)))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("distance", [1e-5, 1e-7, 1e-9])
def test_what_refined_statistics_say_of_near_copies_is_that_of_the_rows(distance, fit_intercept):
    """Without an intercept the objective came out 50 times too large, as a gradient was divided by rounding of the means."""
    data = np.random.default_rng(0).standard_normal((N, 2))
    data[:, 1] = data[:, 0] + distance * data[:, 1]
    target = data[:, 0] + 0.1 * np.random.default_rng(1).standard_normal(N)
    rows, y = chunks(data), chunks(target)
    first = fr.Ridge(1e-6, fit_intercept=fit_intercept).fit(rows, y).fit_
    refined = fr.distributed.refine(fr.distributed.gram_stats(rows, y), first, rows, y)
    alphas = [1e-6, 1e-3]
    path, expected = (
        some(alphas=alphas, fit_intercept=fit_intercept)
        for some in (refined.ridge_path, lambda **options: fr.ridge_path(data, target, **options))
    )
    assert first.objective == pytest.approx(expected.objectives[0], rel=1e-6)
    np.testing.assert_allclose(path.objectives, expected.objectives, rtol=1e-6)
    np.testing.assert_allclose(path.gcv, expected.gcv, rtol=1e-5)
    np.testing.assert_allclose(path.deviance_ratio, expected.deviance_ratio, rtol=1e-6)


def test_names_that_a_fit_did_not_have_are_told_once():
    frame = dd.from_pandas(FRAME[NAMES], 4)
    model = fr.Lasso(0.1).fit(chunks(X), chunks(Y))
    with pytest.warns(UserWarning, match=r"^X has feature names, but Lasso was fitted without feature names$") as told:
        found = model.predict(frame).compute()
    assert len(told) == 1
    np.testing.assert_allclose(found, model.predict(X))
    assert not hasattr(model, "feature_names_in_")


def test_near_copies_of_which_one_is_in_the_fit():
    """The condition number of the support saw nothing of the twin, and the wrong one of the two was CONVERGED."""
    rng = np.random.default_rng(1)
    data = rng.standard_normal((1000, 6))
    away = rng.standard_normal(1000)
    data[:, 4] = data[:, 5] + 3e-8 * away
    target = -2.0 * data[:, 5] - 2.0 * data[:, 4] + 1e-3 * away + 1e-3 * rng.standard_normal(1000)
    rows, y = chunks(data, 250, 6), chunks(target, 250)
    same = fr.lasso(data, target, 1e-9, tol=1e-10)
    for fit in (fr.Lasso(alpha=1e-9).fit(rows, y).fit_, fr.distributed.lasso(rows, y, 1e-9)):
        assert fit.objective == pytest.approx(same.objective, rel=1e-6)
        assert fr.certify(data, target, fit.coef, 1e-9).dual_gap <= 1e-6 * fit.objective


def test_refine_refuses_a_target_that_is_moved():
    stats = fr.distributed.gram_stats(chunks(X), chunks(Y))
    with pytest.raises(ValueError, match=r"^The means of y are not those that the statistics have; the same rows are n"):
        fr.distributed.refine(stats, stats.lasso(0.1), chunks(X), chunks(Y + 1.0))
    far = fr.distributed.gram_stats(chunks(X + 1e9), chunks(Y + 1e10))
    fr.distributed.refine(far, far.lasso(0.1), chunks(X + 1e9), chunks(Y + 1e10))
