"""Odd rows and columns elsewhere: read rightly or refused in one sentence, and nothing lost in silence."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from os import _exit

import kkt
import numpy as np
import pytest
from conftest import problem
from scipy import sparse

import fastreg as fr
from fastreg.distributed import DaskColumns, LocalColumns
from fastreg.distributed._chunks import fold_stats, in_chunk, places
from fastreg.distributed._refine import asks

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.thread_unsafe(reason="schedules work of its own")

N, P = 120, 6
X, Y = problem(N, P, offset=2.0)
ROWS, TARGET = da.from_array(X, chunks=(50, P)), da.from_array(Y, chunks=50)
UNKNOWN = ROWS[ROWS[:, 0] > -1e9]  # all rows, of chunks whose sizes nobody knows
LABEL = np.arange(N) % 3
NAMES = [f"x{j}" for j in range(P)]
FRAME = dd.from_pandas(pd.DataFrame(X, columns=NAMES).assign(y=Y, weight=1.0 + LABEL, label=LABEL), 3)


def stats(sample_weight=None):
    return fr.distributed.gram_stats(ROWS, TARGET, sample_weight)


# Targets, weights and folds of any kind


@pytest.mark.parametrize(
    "kind", [list, pd.Series, lambda y: pd.Series(y, index=np.arange(N)[::-1]), np.float32, lambda y: y[:, None]]
)
def test_targets_that_are_here(kind):
    found = fr.distributed.gram_stats(ROWS, kind(Y))
    np.testing.assert_allclose(np.ravel(found.xty), stats().xty, rtol=1e-5)


@pytest.mark.parametrize(("y", "weight", "kind", "message"), [
    (None, None, TypeError, r"^y is None; a target of each row is needed\.$"),
    (np.ma.masked_greater(Y, 1.0), None, ValueError, r"^y is a masked array with masked entries"),
    (Y, np.ma.masked_greater(Y**2, 1.0), ValueError, r"^sample_weight is a masked array with masked entries"),
    (sparse.csr_array(Y[:, None]), None, TypeError, r"^y is a sparse csr_array"),
    (pd.Series([*Y[:-1], None], dtype="Float64"), None, ValueError, rf"^y has a missing value at row {N - 1}"),
    (TARGET.sum(), None, ValueError, r"^y has no dimensions; an entry for each row is needed\.$"),
    (["a"] * N, None, TypeError, r"^y is \['a', 'a', .{0,30}\.\.\.\], and X has no columns with names"),
    (Y, -1.0, ValueError, r"^sample_weight is -1\.0; a finite number >= 0 is needed\.$"),
    (Y, np.nan, ValueError, r"^sample_weight is nan"),
])  # fmt: skip
def test_targets_and_weights_that_are_refused(y, weight, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.gram_stats(ROWS, y, weight)


def test_one_weight_stands_for_all_rows():
    assert stats(2.0).weight == pytest.approx(2.0 * N)
    assert fr.distributed.gram_stats(UNKNOWN, TARGET, 2).weight == pytest.approx(2.0 * N)
    many = fr.distributed.lasso_cv(ROWS, TARGET, cv=LABEL, sample_weight=3.0, alphas=5)
    np.testing.assert_allclose(many.errors, fr.lasso_cv(X, Y, cv=LABEL, alphas=5).errors, rtol=1e-5)
    refined = fr.distributed.refine(stats(2.0), np.zeros(P), ROWS, TARGET, 2.0)
    np.testing.assert_allclose(refined.lasso(0.1).coef, stats().lasso(0.1).coef, atol=1e-9)
    for y in (Y, list(Y), TARGET):
        np.testing.assert_allclose(fr.Ridge().fit(ROWS, y, 2.0).coef_, fr.Ridge(0.5).fit(X, Y).coef_, atol=1e-9)
    with pytest.raises(ValueError, match=r"y holds NaN at row 3"):
        fr.Lasso().fit(ROWS, np.where(np.arange(N) == 3, np.nan, Y), 2.0)


def test_what_is_no_collection_of_rows():
    with pytest.raises(TypeError, match=r"^X is a Delayed\w*; a dask array or DataFrame is needed\.$"):
        fr.distributed.gram_stats(dask.delayed(X), Y)
    xarray = pytest.importorskip("xarray")
    with pytest.raises(TypeError, match=r"^X is a DataArray; .* is needed, which X.data is\.$"):
        fr.distributed.gram_stats(xarray.DataArray(ROWS), Y)
    with pytest.raises(TypeError, match=r"^y is a xarray DataArray, which would be computed whole"):
        fr.distributed.gram_stats(ROWS, xarray.DataArray(TARGET))
    same = fr.distributed.gram_stats(xarray.DataArray(ROWS).data, xarray.DataArray(Y))
    assert same.xty.tobytes() == stats().xty.tobytes()
    with pytest.raises(ValueError, match=r"^In chunk \d: X is empty \(shape \(50, 0\)\)|\(20, 0\)"):
        fr.distributed.gram_stats(ROWS[:, :0], Y)


@pytest.mark.parametrize("label", [
    LABEL, LABEL.tolist(), LABEL.astype(float), np.array(list("abc"))[LABEL], pd.Series(list("abc"))[LABEL],
    pd.Series(LABEL).astype("category"), np.array(["a", "b", "c"], object)[LABEL], LABEL.astype("M8[D]"),
], ids=lambda label: f"{type(label).__name__} {getattr(label, 'dtype', '')}")  # fmt: skip
def test_labels_of_any_kind(label):
    found = fr.distributed.lasso_cv(ROWS, TARGET, cv=label, alphas=5)
    np.testing.assert_allclose(found.errors, fr.lasso_cv(X, Y, cv=LABEL, alphas=5).errors, rtol=1e-5)


@pytest.mark.parametrize(("label", "kind", "message"), [
    (np.where(LABEL == 1, np.nan, LABEL), ValueError, r"^In chunk \d: cv has no fold for row \d \(nan\)"),
    (np.array([None, "a", "b"], object)[LABEL], ValueError, r"^In chunk \d: cv has no fold for row \d \(None\)"),
    (np.array([pd.NA, 1, 2], object)[LABEL], ValueError, r"^In chunk \d: cv has no fold for row \d \(<NA>\)"),
    (np.array(["NaT", "2020-01-01", "2020-01-02"], "M8[D]")[LABEL], ValueError, r"\(NaT\)"),
    (np.array([3, "a", "b"], object)[LABEL], TypeError, r"^In chunk \d: cv mixes labels that have no order"),
    (np.array([1] * 100 + ["a"] * 20, object), TypeError, r"cv mixes labels that have no order"),
    ([(np.arange(60), np.arange(60, N))], TypeError, r"^cv holds several entries for a row, or pairs"),
    (np.c_[LABEL, LABEL], ValueError, r"^In chunk \d: X has \d+ rows but cv has shape"),
    (3.0, TypeError, r"^cv is 3\.0"),
    (True, TypeError, r"^cv is True"),
    (None, TypeError, r"^cv is None"),
    (N + 1, ValueError, rf"^cv is {N + 1} folds, but X has rows of weight > 0 for \d+ of them; fewer folds are needed\.$"),
    (2**62, ValueError, r"fewer folds are needed\.$"),
])  # fmt: skip
def test_folds_that_are_refused(label, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.lasso_cv(ROWS, TARGET, cv=label, alphas=5)


def test_a_number_of_folds_may_be_one_of_numpy():
    found = [fr.distributed.lasso_cv(ROWS, TARGET, cv=cv, alphas=5).errors for cv in (4, np.int64(4), np.array(4))]
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_chunks_of_unknown_size_are_compared_for_folds_as_well():
    longer = da.from_array(np.r_[Y, Y], chunks=80).map_blocks(lambda y: y, dtype=float)
    assert longer.numblocks == (3,)
    for cv in (3, da.from_array(np.r_[LABEL, LABEL], chunks=80)):
        with pytest.raises(ValueError, match=r"^In chunk \d: X has \d+ rows but "):
            fr.distributed.lasso_cv(UNKNOWN, longer, cv=cv)


def test_an_error_in_a_fold_names_the_row_of_the_chunk():
    bad = X.copy()
    bad[63, 2] = np.nan
    with pytest.raises(ValueError, match=r"^In chunk 1: X holds NaN at row 13, column 2;"):
        fr.distributed.lasso_cv(da.from_array(bad, chunks=(50, P)), TARGET, cv=3)


@pytest.mark.parametrize("kind", [
    np.asarray, np.asfortranarray, sparse.csr_array, sparse.csc_matrix, sparse.coo_array, sparse.lil_array,
    lambda X: pd.DataFrame(X, columns=NAMES), lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0)),
    pytest.importorskip("polars").DataFrame,
])  # fmt: skip
def test_folds_of_chunks_of_any_kind(kind):
    data = np.where(np.abs(X - 2) < 1, 0.0, X)
    found = fold_stats(kind(data), pd.Series(Y), list(1.0 + LABEL), LABEL)
    assert list(found) == [0, 1, 2]
    for label, one in found.items():
        expected = fr.GramStats.from_data(data[label == LABEL], Y[label == LABEL], 1.0 + LABEL[label == LABEL])
        np.testing.assert_allclose(one.gram, expected.gram, atol=1e-12 * np.abs(expected.gram).max())


def test_places_of_labels():
    assert places(["b", "a", "b"], 3)[0] == ["a", "b"]
    assert places(np.array([], object), 0)[0] == []


# Estimators


def test_estimators_of_columns_by_name():
    model = fr.Lasso(0.1).fit(FRAME[[*NAMES, "y", "weight"]], "y", sample_weight="weight")
    assert model.feature_names_in_.tolist() == NAMES
    assert model.n_features_in_ == P
    assert model.predict(FRAME[NAMES]).compute().shape == (N,)
    assert model.score(FRAME[[*NAMES, "y"]], "y") == pytest.approx(model.score(pd.DataFrame(X, columns=NAMES), Y))
    chosen = fr.LassoCV(cv="label", alphas=5).fit(FRAME[[*NAMES, "y", "label"]], "y")
    assert chosen.feature_names_in_.tolist() == NAMES


def test_the_frame_that_was_fitted_is_predicted_and_scored():
    model = fr.Lasso(0.1).fit(FRAME[[*NAMES, "y", "weight"]], "y", "weight")
    here, weight = pd.DataFrame(X, columns=NAMES), 1.0 + LABEL
    expected = model.predict(here)
    for frame in (FRAME[[*NAMES, "y", "weight"]], FRAME, FRAME[["label", *NAMES[::-1], "y", "weight"]]):
        found = model.predict(frame).compute()
        np.testing.assert_array_equal(found, expected)
        assert found.index.equals(here.index)
        assert model.score(frame, "y") == pytest.approx(model.score(here, Y), rel=1e-12)
        assert model.score(frame, frame.y, "weight") == pytest.approx(model.score(here, Y, weight), rel=1e-12)
    two = fr.Ridge().fit(FRAME[[*NAMES, "y", "weight"]], ["y", "weight"])
    assert two.predict(FRAME).compute().shape == (N, 2)
    assert two.score(FRAME, ["y", "weight"]) == pytest.approx(two.score(here, np.c_[Y, weight]), rel=1e-12)
    with pytest.raises(ValueError, match=r"^In chunk \d: y has 1 targets; 2 are needed, as in the fit\.$"):
        two.score(FRAME, "y")
    chosen = fr.LassoCV(cv=3, alphas=5).fit(FRAME[[*NAMES, "y"]], "y")
    np.testing.assert_array_equal(chosen.predict(FRAME), chosen.predict(here))


def test_a_frame_that_lacks_columns_of_the_fit():
    model = fr.Lasso(0.1).fit(FRAME[[*NAMES, "y"]], "y")
    lacking = FRAME[[*NAMES[1:], "y"]]
    for use in (lambda: model.predict(lacking), lambda: model.score(lacking, "y"), lambda: model.score(FRAME, "x0")):
        with pytest.raises(ValueError, match=r"(?s)^The feature names should match .*yet now missing:\n- x0\n$"):
            use()
    with pytest.raises(ValueError, match=r"^y is 'z', and X has no column 'z'\.$"):
        model.score(FRAME, "z")
    with pytest.raises(ValueError, match="names unseen at fit time"):  # frames that are here keep scikit-learn's rule
        model.predict(FRAME.compute())
    with pytest.raises(ValueError, match=r"^X has 5 features, but Lasso is expecting 6 features as input\.$"):
        fr.Lasso().fit(ROWS, TARGET).score(ROWS[:, 1:], TARGET)
    with pytest.warns(UserWarning, match="X has feature names, but Lasso was fitted without") as found:
        fr.Lasso().fit(ROWS, TARGET).score(FRAME[NAMES], FRAME.y)
    assert found[0].filename == __file__


def test_predictions_and_scores_name_the_chunk():
    bad = X.copy()
    bad[63, 2] = np.nan
    rows, two = da.from_array(bad, chunks=(50, 2)), np.c_[Y, Y]
    for y in (TARGET, da.from_array(two, chunks=(50, 1))):
        model = fr.Ridge().fit(ROWS, y)
        for use in (lambda model=model: model.predict(rows).compute(), lambda model=model, y=y: model.score(rows, y)):
            with pytest.raises(ValueError, match=r"^In chunk 1: X holds NaN at row 13, column 2; finite numbers are needed\.$"):
                use()
    frame = dd.from_pandas(pd.DataFrame(bad, columns=NAMES).assign(y=Y), 3)
    model = fr.Lasso(0.1).fit(FRAME[NAMES], FRAME.y)
    for use in (lambda: model.predict(frame).compute(), lambda: model.score(frame, "y")):
        with pytest.raises(ValueError, match=r"^In chunk 1: X holds NaN at row 23, column 2; finite numbers are needed\.$"):
            use()


def test_scores_of_few_rows_and_bad_targets():
    model = fr.Lasso(0.1).fit(ROWS, TARGET)
    for X_, y, weight in ((ROWS[:1], TARGET[:1], None), (ROWS, TARGET, np.zeros(N))):
        with pytest.warns(UserWarning, match="less than two samples") as found:
            assert np.isnan(model.score(X_, y, weight))
        assert found[0].filename == __file__
    with pytest.raises(ValueError, match=r"^In chunk 0: y holds NaN at row 7; finite"):
        model.score(ROWS, np.where(np.arange(N) == 7, np.nan, Y))
    with pytest.raises(ValueError, match=r"^X has 1 dimension; a collection of shape \(n, 6\) is needed\.$"):
        model.predict(TARGET)


# Refined statistics


def refined_close():
    """Statistics of two columns that are all but one, refined, and their data."""
    data = X.copy()
    data[:, 1] = data[:, 0] + 1e-5 * np.random.default_rng(0).standard_normal(N)
    rows = da.from_array(data, chunks=(50, P))
    found = fr.distributed.gram_stats(rows, TARGET)
    return fr.distributed.refine(found, found.lasso(1e-9, tol=1e-9), rows, TARGET), data


@pytest.mark.parametrize("way", [lambda a: pickle.loads(pickle.dumps(a)), copy.copy, copy.deepcopy])
def test_refined_statistics_stay_refined(way):
    refined, data = refined_close()
    again = way(refined)
    for fit_intercept in (True, False):
        fit = again.lasso(1e-9, tol=1e-9, fit_intercept=fit_intercept)
        assert fit.coef.tobytes() == refined.lasso(1e-9, tol=1e-9, fit_intercept=fit_intercept).coef.tobytes()
    kkt.assert_optimal(data, Y, again.lasso(1e-9, tol=1e-9), 1e-9, tol=1e-8)
    with pytest.raises(TypeError, match=r"^Refined statistics are not saved"):
        again.save("nowhere.npz")


def test_threads_take_refined_statistics_all_alike():
    refined, _ = refined_close()
    expected = pickle.loads(pickle.dumps(refined)).lasso(1e-9, tol=1e-9).coef.tobytes()
    start = threading.Barrier(4)

    def solve(_):
        start.wait()
        return refined.lasso(1e-9, tol=1e-9).coef.tobytes()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(solve, range(4))) == {expected}


def test_refined_statistics_do_not_see_what_becomes_of_the_coefficients():
    coef = np.full(P, 0.1)
    refined = fr.distributed.refine(stats(), coef, ROWS, TARGET)
    coef[:] = np.nan
    assert refined.lasso(0.1).status.converged


@pytest.mark.parametrize("model", [fr.Lasso(0.1), fr.Ridge(), fr.LassoCV(cv=3, alphas=5), fr.RidgeCV()], ids=repr)
@pytest.mark.parametrize("y", [Y, Y[:, None], np.c_[Y, -Y]], ids=["(n,)", "(n, 1)", "(n, 2)"])
def test_a_fitted_estimator_says_where_to_refine(model, y):
    found, target = fr.distributed.gram_stats(ROWS, y), da.from_array(y, chunks=50)
    model.fit(X, y)
    refined = fr.distributed.refine(found, model, ROWS, target).ridge(1.0)
    expected = fr.distributed.refine(found, model.coef_.T, ROWS, target).ridge(1.0)
    assert refined.coef.tobytes() == expected.coef.tobytes()


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (lambda: (stats(), np.zeros(P), ROWS[:100], TARGET[:100]), ValueError, r"^X has 100 rows of weight 100, but the"),
    (lambda: (stats(), np.zeros(P), ROWS, TARGET, 2.0), ValueError, r"^X has 120 rows of weight 240, but the"),
    (lambda: (fr.GramStats(), np.zeros(P), ROWS, TARGET), ValueError, r"^stats are GramStats\(no rows\)"),
    (lambda: (stats(), "abc", ROWS, TARGET), TypeError, r"^fit has dtype <U3"),
    (lambda: (stats(), stats().lasso_path(), ROWS, TARGET), TypeError, r"^fit is a Path; a Fit, as path\[k\] is, a fitted est"),
    (lambda: (stats(), stats().ridge_path(), ROWS, TARGET), TypeError, r"^fit is a RidgePath; a Fit, as path"),
    (lambda: (stats(), fr.Lasso(), ROWS, TARGET), TypeError, r"^fit is a Lasso; a Fit, .* fitted estimator, or coeff"),
    (lambda: (stats(), ROWS, ROWS, TARGET), TypeError, r"^fit is a dask Array, which would be computed whole"),
    (lambda: (stats(), 3.0, ROWS, TARGET), ValueError, r"^fit has shape \(\); coefficients of 6 columns for 1 targets"),
    (lambda: (stats(), np.zeros((1, P)), ROWS, TARGET), ValueError, r"^fit has shape \(1, 6\)"),
    (lambda: (X, np.zeros(P), ROWS, TARGET), TypeError, r"^stats is a ndarray"),
])  # fmt: skip
def test_what_cannot_be_refined(arguments, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.refine(*arguments())


def test_the_condition_is_that_of_what_is_solved():
    far = X + 3e4  # all but parallel, unless they are centred
    rows = da.from_array(far, chunks=(50, P))
    found = fr.distributed.gram_stats(rows, TARGET)
    assert not asks(found, found.lasso(1e-3), True)
    assert asks(found, found.lasso(1e-3, fit_intercept=False, tol=1e-4), False)
    for model in (fr.Lasso(1e-3, fit_intercept=False, tol=1e-8), fr.Ridge(1e-6, fit_intercept=False)):
        np.testing.assert_allclose(model.fit(rows, TARGET).coef_, model.fit(far, Y).coef_, rtol=1e-5, atol=1e-7)


# Chunks in executors


def test_chunks_after_an_error_of_merging_are_cancelled():
    begun = []

    def chunk(k):
        begun.append(k)
        return (X[:, : P - (k == 3)], Y)

    chunks = [lambda k=k: chunk(k) for k in range(1000)]
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="columns") as caught:
        fr.distributed.from_chunks(chunks, pool, ahead=900)
    assert caught.tb is not None  # which would keep what was submitted
    assert len(begun) < 900


def test_targets_beside_no_rows_are_not_lost():
    for rows in ((X[:0], Y), (X[:0], list(Y))):
        with pytest.raises(ValueError, match=r"^In chunk 0: X has 0 rows but y has 120 entries\.$"):
            fr.distributed.from_chunks([rows])
    with pytest.raises(ValueError, match=r"^In chunk 0: X has 0 rows but sample_weight has 120 entries\.$"):
        fr.distributed.from_chunks([(X[:0], Y[:0], np.ones(N))])
    first = ROWS[ROWS[:, 0] > np.where(np.arange(N) < 50, 1e9, -1e9)]  # no rows in chunk 0
    model = fr.Lasso().fit(X, Y)
    for use in (fr.distributed.gram_stats, fr.distributed.lasso_cv, fr.Lasso().fit, model.score):
        with pytest.raises(ValueError, match=r"^In chunk 0: X has 0 rows but y has 50 entries\.$"):
            use(first, TARGET)


def test_an_iterable_that_raises_goes_through():
    def give():
        yield X, Y
        raise KeyError("lost")

    for pool in (None, ThreadPoolExecutor(1)):
        with pytest.raises(KeyError, match="lost"):
            fr.distributed.from_chunks(give(), pool)


def die():
    _exit(3)


@pytest.mark.slow
def test_an_executor_that_dies_is_told():
    with ProcessPoolExecutor(1) as pool, pytest.raises(BrokenProcessPool):
        fr.distributed.from_chunks([die] * 10, pool)


def interrupted():
    raise KeyboardInterrupt


def test_control_c_goes_through_as_it_is():
    for pool in (None, ThreadPoolExecutor(1)):
        with pytest.raises(KeyboardInterrupt):
            fr.distributed.from_chunks([interrupted], pool)
    with pytest.raises(KeyboardInterrupt), in_chunk(3):
        raise KeyboardInterrupt


@pytest.mark.parametrize(("call", "kind", "message"), [
    (lambda of: of.from_chunks(3), TypeError, r"^chunks is a int; an iterable"),
    (lambda of: of.from_chunks([(X, Y)], 3), TypeError, r"^executor is a int; one of concurrent.futures is needed"),
    (lambda of: of.merge_stats([3]), TypeError, r"^parts\[0\] is a int; GramStats are needed\.$"),
    (lambda of: of.merge_stats([fr.GramStats(), None]), TypeError, r"^parts\[1\] is a NoneType"),
    (lambda of: of.merge_chunks([], list), ValueError, r"^parts is empty; at least one is needed\.$"),
])  # fmt: skip
def test_what_is_no_chunk(call, kind, message):
    with pytest.raises(kind, match=message):
        call(fr.distributed)


# Columns


WIDE, GOAL = problem(40, 100)


def blocks(*ends, rows=slice(None)):
    return [dask.delayed(part[rows]) for part in np.split(WIDE, ends, axis=1)]


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (lambda: (blocks(30), [70, 30]), ValueError, r"^A block of X has shape \(40, .0\); \(40, .0\) is needed, as"),
    (lambda: (blocks(rows=slice(30)), [100]), ValueError, r"^A block of X has shape \(30, 100\); \(40, 100\) is needed"),
    (lambda: (blocks(30), [-3, 100]), ValueError, r"^widths\[0\] is -3"),
    (lambda: (blocks(), [100.0]), TypeError, r"^widths\[0\] is 100\.0"),
    (lambda: (blocks(), [100], 40.5), TypeError, r"^n_rows is 40\.5"),
    (lambda: ([], []), ValueError, r"^X has shape \(40, 0\)"),
])  # fmt: skip
def test_blocks_that_are_not_as_announced(arguments, kind, message):
    X_, widths, *n = arguments()
    with pytest.raises(kind, match=message):
        fr.distributed.lasso(DaskColumns(X_, widths=widths, n_rows=n[0] if n else 40), GOAL, 0.1)


def test_blocks_without_columns_are_left_out():
    design = DaskColumns(blocks(0, 30, 30), widths=[0, 30, 0, 70], n_rows=40)
    expected = fr.lasso(WIDE, GOAL, 0.1, tol=1e-12).coef
    np.testing.assert_allclose(fr.distributed.lasso(design, GOAL, 0.1).coef, expected, atol=1e-9)
    unknown = da.from_array(WIDE, chunks=(40, 50))[:, da.from_array(WIDE[0], chunks=50) > 0]
    with pytest.raises(ValueError, match=r"^X has chunks of sizes that are not known; X.compute_chunk_sizes\(\) finds them\.$"):
        DaskColumns(unknown)


def test_an_array_that_gives_less_than_it_says():
    class Short:
        shape, dtype, chunks = WIDE.shape, WIDE.dtype, (10, 10)

        def __getitem__(self, key):
            return WIDE[key][:20]

    with pytest.raises(ValueError, match=r"^A block of X has shape \(20, 100\); \(40, 100\) is needed"):
        fr.distributed.lasso(LocalColumns(Short()), GOAL, 0.1)
    with pytest.raises(TypeError, match=r"^X is a Short; a dask array"):
        DaskColumns(Short())


def test_a_mask_is_seen():
    with pytest.raises(ValueError, match=r"^X is a masked array with masked entries"):
        fr.distributed.lasso(LocalColumns(np.ma.masked_greater(WIDE, 1.0)), GOAL, 0.1)


def test_designs_travel(tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({f"x{j}": WIDE[:, j] for j in range(100)}), tmp_path / "X.parquet")
    np.save(tmp_path / "X.npy", WIDE)
    designs = [LocalColumns(X_) for X_ in (WIDE, tmp_path / "X.npy", tmp_path / "X.parquet")]
    for design in (*designs, DaskColumns(da.from_array(WIDE, chunks=(40, 30)))):
        design = pickle.loads(pickle.dumps(design))
        np.testing.assert_array_equal(design.columns(np.array([3, 1])), WIDE[:, [3, 1]])
