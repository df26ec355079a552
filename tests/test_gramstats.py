"""Sufficient statistics: the same sums however the rows come in, and the same solutions as from the rows."""

import pickle
import re
import signal
import threading
import tracemalloc

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import OPTIONS, problem
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from test_robustness import ACCEPTED, WRONG_X, contents

import fastreg as fr
from fastreg._gramstats import GramStats

N, P = 157, 9
# what statistics cannot know: rows, and how the functions that read X go about it
SOLVED = [name for name in OPTIONS if not set(OPTIONS[name](N, P)) & {"offset", "precompute"}]


@pytest.fixture
def data():
    X, y = problem(N, P, offset=3.0)
    return X, y, np.random.default_rng(5).integers(0, 4, N).astype(float)


def twin(X, y, weight=None):
    """Weight, means and centred products in extended precision."""
    s = np.ones(len(y)) if weight is None else weight
    Z = np.column_stack([ref.array(X), ref.array(y)]).astype(np.longdouble)
    Z = Z - Z[0]
    mean = s @ Z / s.sum()
    return (Z - mean).T @ (s[:, None] * (Z - mean)), s.sum()


def assert_sums(stats, X, y, weight=None, rtol=1e-12):
    products, total = twin(X, y, weight)
    p = X.shape[1]
    assert stats.n_rows == (len(y) if weight is None else np.count_nonzero(weight))
    assert stats.n_features == p
    np.testing.assert_allclose(stats.weight, float(total), rtol=1e-14)
    got = np.block([[stats.gram, stats.xty.reshape(p, -1)], [stats.xty.reshape(p, -1).T, np.atleast_2d(stats.yty)]])
    size = np.sqrt(np.maximum(np.diag(products).astype(float), 1e-300))
    assert np.abs((got - products).astype(float) / size / size[:, None]).max() <= rtol
    s = np.ones(len(y)) if weight is None else weight
    np.testing.assert_allclose(stats.mean, s @ ref.array(X) / s.sum(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(stats.y_mean, s @ y / s.sum(), rtol=1e-12, atol=1e-12)


def chunks(n, size):
    return [slice(i, i + size) for i in range(0, n, size)]


def same_bits(a, b):
    fields = ("weight", "mean", "y_mean", "gram", "xty", "yty")
    return a.n_rows == b.n_rows and all(np.array_equal(getattr(a, name), getattr(b, name)) for name in fields)


# Sums


@pytest.mark.parametrize("size", [1, 2, 37, 156, 157])
def test_chunks_add_up_to_the_whole(data, size):
    X, y, weight = data
    for s in (None, weight):
        stats = GramStats()
        for part in chunks(N, size):
            assert stats.update(X[part], y[part], None if s is None else s[part]) is stats
        assert_sums(stats, X, y, s)


def test_every_layout_is_read(layout, data):
    X, y, weight = data
    X = layout(X)
    kept = ref.array(X)
    assert_sums(GramStats.from_data(X, y, weight), X, y, weight)
    np.testing.assert_array_equal(ref.array(X), kept)


def test_many_rows_and_columns():
    X, y = problem(3 * 512 + 5, 130)
    assert_sums(GramStats.from_data(X, y), X, y)
    assert_sums(GramStats.from_data(np.asfortranarray(X, dtype=np.float32), y), X.astype(np.float32), y)


def test_merges_in_any_tree_are_the_whole_and_in_one_order_the_same_bits(data):
    X, y, weight = data
    parts = [GramStats.from_data(X[part], y[part], weight[part]) for part in chunks(N, 20)]
    flat = parts[0].merge(*parts[1:])
    pairs = [a.merge(b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    tree = pairs[0].merge(pairs[1]).merge(pairs[2].merge(pairs[3]))
    back = GramStats().merge(*parts[::-1])
    for stats in (flat, tree, back):
        assert_sums(stats, X, y, weight)
    assert same_bits(flat, parts[0].merge(*parts[1:]))
    one_by_one = GramStats()
    for part in parts:
        one_by_one = one_by_one.merge(part)
    assert same_bits(flat, one_by_one)
    assert parts[0].n_rows == np.count_nonzero(weight[:20])  # left as it was


def test_the_same_chunks_give_the_same_bits_in_any_layout(data):
    X, y, weight = data
    first = GramStats.from_data(X, y, weight)
    for other in (np.asfortranarray(X), np.ascontiguousarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1][::-1]):
        assert np.abs(GramStats.from_data(other, y, weight).gram - first.gram).max() <= 1e-12 * first.gram.max()
    assert same_bits(first, GramStats.from_data(X.copy(), y.copy(), weight.copy()))


def test_weights_are_repeated_rows(data):
    X, y, weight = data
    times = weight.astype(int)
    weighted = GramStats.from_data(X, y, weight)
    repeated = GramStats.from_data(np.repeat(X, times, axis=0), np.repeat(y, times))
    assert repeated.n_rows == weight.sum()
    for name in ("weight", "mean", "y_mean", "gram", "xty", "yty"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sparse.csc_array])
def test_columns_far_from_zero_lose_no_digits(form):
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((1200, 4)) + np.array([1e8, 0.0, -1e8, 3.0]), rng.standard_normal(1200) - 1e8
    stats = GramStats()
    for part in chunks(1200, 100):
        stats.update(form(X[part]), y[part])
    # beside a full column of sparse X others are centred by their means as rounded
    assert_sums(stats, X, y, rtol=1e-8 if form is sparse.csc_array else 1e-12)
    halves = [GramStats.from_data(form(X[part]), y[part]) for part in (slice(0, 600), slice(600, None))]
    rest = stats.subtract(halves[0])
    assert_sums(halves[0].merge(halves[1]), X, y, rtol=1e-8 if form is sparse.csc_array else 1e-12)
    np.testing.assert_allclose(np.diag(rest.gram), np.diag(halves[1].gram), rtol=1e-8)


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sparse.csc_array])
def test_constant_columns_have_exactly_no_variance(form, data):
    X, y, weight = data
    X = X.copy()
    X[:, 2] = 0.1
    X[weight > 0, 4] = 1 / 3
    weight[0], X[0, 4] = 0.0, 5.0
    stats = GramStats()
    for part in chunks(N, 30):
        stats.update(form(X[part]), y[part], weight[part])
    assert not stats.gram[[2, 4]].any()
    assert not stats.gram[:, [2, 4]].any()
    assert not stats.xty[[2, 4]].any()
    assert stats.mean[2] == 0.1
    assert stats.mean[4] == 1 / 3
    assert not stats.ridge(1e-8).coef[[2, 4]].any()


def test_what_is_subtracted_leaves_the_rest(data):
    X, y, weight = data
    whole = GramStats.from_data(X, y, weight)
    rest = whole.subtract(GramStats.from_data(X[:100], y[:100], weight[:100]))
    assert_sums(rest, X[100:], y[100:], weight[100:])
    gone = whole.subtract(whole)
    assert gone.n_rows == 0
    assert gone.weight == 0.0
    assert_sums(gone.update(X, y), X, y)
    assert same_bits(whole.subtract(GramStats()), whole)


def test_a_column_of_which_nearly_all_is_taken_away_counts_as_constant(data):
    X, y, _ = data
    X = X.copy()
    X[100:, 3] = 2.0
    X[:100, 3] *= 1e6
    rest = GramStats.from_data(X, y).subtract(GramStats.from_data(X[:100], y[:100]))
    assert not rest.gram[3].any()
    assert not rest.xty[3]
    fit = rest.lasso(0.1, tol=1e-10)
    assert fit.coef[3] == 0.0


@pytest.mark.parametrize("t", [1, 3])
def test_several_targets(t, data):
    X, _, weight = data
    Y = np.random.default_rng(2).standard_normal((N, t)) + X[:, :1]
    stats = GramStats()
    for part in chunks(N, 50):
        stats.update(X[part], Y[part], weight[part])
    assert stats.xty.shape == (P, t)
    assert stats.yty.shape == (t, t)
    assert stats.y_mean.shape == (t,)
    for k in range(t):
        one = GramStats.from_data(X, Y[:, k], weight)
        np.testing.assert_allclose(stats.xty[:, k], one.xty, rtol=1e-11)
        np.testing.assert_allclose(stats.yty[k, k], one.yty, rtol=1e-12)
    fit, there = stats.lasso(0.1, tol=1e-12), fr.lasso(X, Y, 0.1, sample_weight=weight, tol=1e-12)
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-10)
    np.testing.assert_allclose(fit.intercept, there.intercept, atol=1e-10)
    np.testing.assert_allclose(stats.ridge(2.0).coef, fr.ridge(X, Y, 2.0, sample_weight=weight).coef, atol=1e-10)
    seen = []
    paths = stats.lasso_path(alphas=5, tol=1e-12, warm_start=fit, callback=lambda one: seen.append(one.intercept))
    wanted = fr.lasso_path(X, Y, alphas=5, sample_weight=weight, tol=1e-12)
    assert len(paths) == t
    for path, other in zip(paths, wanted, strict=True):
        np.testing.assert_allclose(path.coefs, other.coefs, atol=1e-10)
    np.testing.assert_allclose(seen, np.concatenate([path.intercepts for path in paths]))
    again = stats.lasso_path(alphas=paths[0].alphas, warm_start=paths)
    assert isinstance(again, tuple)
    sparse_stats = GramStats.from_data(sparse.csr_array(X), Y, weight)
    np.testing.assert_allclose(sparse_stats.yty, stats.yty, rtol=1e-11)
    np.testing.assert_allclose(sparse_stats.xty, stats.xty, rtol=1e-10, atol=1e-10)


# Solving


@pytest.mark.parametrize("name", SOLVED)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_fits_are_those_of_the_rows(name, l1_ratio, data):
    X, y, _ = data
    options = OPTIONS[name](N, P)
    rest = {key: value for key, value in options.items() if key != "sample_weight"}
    stats = GramStats.from_data(X, y, options.get("sample_weight"))
    alpha = 0.05
    fit = stats.elastic_net(alpha, l1_ratio=l1_ratio, tol=1e-12, **rest)
    there = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=1e-12, **options)
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-10)
    np.testing.assert_allclose(fit.intercept, there.intercept, atol=1e-10)
    np.testing.assert_allclose(fit.objective, there.objective, rtol=1e-10)
    judged = {key: value for key, value in options.items() if key not in ("warm_start", "fit_intercept")}
    intercept = options.get("fit_intercept", True)
    kkt.assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, fit_intercept=intercept, tol=1e-10, **judged)


@pytest.mark.parametrize("name", SOLVED)
def test_paths_are_those_of_the_rows(name, data):
    X, y, _ = data
    options = OPTIONS[name](N, P)
    if "bounds without 0" in name:
        options["alphas"] = [1.0, 0.1, 0.01]
    rest = {key: value for key, value in options.items() if key != "sample_weight"}
    stats = GramStats.from_data(X, y, options.get("sample_weight"))
    path, there = stats.lasso_path(tol=1e-12, **rest), fr.lasso_path(X, y, tol=1e-12, **options)
    for field, atol in (("alphas", 1e-12), ("coefs", 1e-10), ("intercepts", 1e-10), ("deviance_ratio", 1e-10)):
        np.testing.assert_allclose(getattr(path, field), getattr(there, field), rtol=1e-10, atol=atol)
    assert path.n_features == P


@pytest.mark.parametrize("name", [name for name in SOLVED if "two" not in name and "warm" not in name and name != "all"])
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_ridge_is_that_of_the_rows(name, alpha, data):
    X, y, _ = data
    options = OPTIONS[name](N, P)
    rest = {key: value for key, value in options.items() if key != "sample_weight"}
    fit = GramStats.from_data(X, y, options.get("sample_weight")).ridge(alpha, **rest)
    there = fr.ridge(X, y, alpha, **options)
    assert fit.alpha == alpha
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-10)
    np.testing.assert_allclose(fit.intercept, there.intercept, atol=1e-10)
    np.testing.assert_allclose(fit.objective, there.objective, rtol=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_fewer_rows_than_columns(fit_intercept):
    X, y = problem(20, 35, offset=1.0)
    stats = GramStats.from_data(X, y)
    fit, there = (f(tol=1e-12, fit_intercept=fit_intercept) for f in (stats.lasso_path, lambda **k: fr.lasso_path(X, y, **k)))
    np.testing.assert_allclose(fit.alphas, there.alphas, rtol=1e-10)  # down to 1e-2, not 1e-4
    np.testing.assert_allclose(fit.coefs, there.coefs, atol=1e-8)
    least = stats.ridge(0.0, fit_intercept=fit_intercept)
    assert least.status is fr.Status.MINIMUM_NORM
    np.testing.assert_allclose(least.coef, fr.ridge(X, y, 0.0, fit_intercept=fit_intercept).coef, atol=1e-10)


def test_dependent_columns_have_the_fit_of_least_norm(data):
    X, y, _ = data
    X = np.column_stack([X, X[:, 0] + X[:, 1], X[:, 2]])
    fit, there = GramStats.from_data(X, y).ridge(0.0), fr.ridge(X, y, 0.0)
    assert fit.status is fr.Status.MINIMUM_NORM
    np.testing.assert_allclose(fit.coef, there.coef, atol=1e-10)


def test_solutions_follow_the_statistics(data):
    X, y, _ = data
    stats = GramStats.from_data(X[:100], y[:100])
    assert stats.lasso(0.1).coef.any()
    stats.update(X[100:], y[100:])
    np.testing.assert_allclose(stats.lasso(0.1, tol=1e-12).coef, fr.lasso(X, y, 0.1, tol=1e-12).coef, atol=1e-10)


def test_a_warning_is_at_the_call(data):
    X, y, _ = data
    stats = GramStats.from_data(X, y)
    with pytest.warns(fr.ConvergenceWarning) as one:
        stats.lasso(0.001, tol=1e-14, max_iter=1)
    with pytest.warns(fr.ConvergenceWarning) as other:
        stats.lasso_path(alphas=[0.001], tol=1e-14, max_iter=1)
    assert [entry.filename for record in (one, other) for entry in record] == [__file__] * 2


# Names, files


def test_names_are_kept_and_must_agree(data):
    pandas = pytest.importorskip("pandas")
    X, y, _ = data
    names = [f"c{j}" for j in range(P)]
    frame = pandas.DataFrame(X, columns=names)
    stats = GramStats.from_data(X[:50], y[:50]).update(frame[50:], y[50:])
    assert stats.feature_names == tuple(names)
    assert stats.lasso(0.1).feature_names == tuple(names)
    assert stats.lasso_path(alphas=3).feature_names == tuple(names)
    other = frame.rename(columns={"c3": "d"})
    with pytest.raises(ValueError, match=r"^X has 'd' as column 3; 'c3' is needed, as in the rows before\.$"):
        stats.update(other, y)
    with pytest.raises(ValueError, match="'c3' is needed"):
        stats.merge(GramStats.from_data(other, y))
    assert_sums(stats, X, y)


@pytest.mark.parametrize("copied", ["file", "pickle"])
def test_a_saved_one_is_the_same_to_the_bit(copied, data, tmp_path):
    X, y, weight = data
    named = GramStats.from_data(X + 1e8, y, weight)
    named.feature_names = tuple("abcdefghi")
    for k, stats in enumerate([named, GramStats(), GramStats.from_data(X, np.column_stack([y, y]))]):
        if copied == "file":
            stats.save(tmp_path / f"{k}.npz")
            again = GramStats.load(tmp_path / f"{k}.npz")
        else:
            again = pickle.loads(pickle.dumps(stats))
        assert same_bits(stats, again)
        assert again.feature_names == stats.feature_names
        assert repr(again) == repr(stats)
    assert same_bits(named.merge(named), again.__class__.from_data(X + 1e8, y, weight).merge(named))


def test_other_files_are_refused(data, tmp_path):
    X, y, _ = data
    text, arrays, later, cut = (tmp_path / name for name in ("a.txt", "b.npz", "c.npz", "d.npz"))
    text.write_text("no statistics")
    np.savez(arrays, X=X)
    state = GramStats.from_data(X, y)._state()
    np.savez(later, **{**state, "fastreg_gramstats": np.array(99)})
    with pytest.raises(ValueError, match=r"a\.txt is not a file of GramStats"):
        GramStats.load(text)
    with pytest.raises(ValueError, match=r"b\.npz is not a file of GramStats; its arrays are X\.$"):
        GramStats.load(arrays)
    with pytest.raises(ValueError, match="format 99; this fastreg reads format 1"):
        GramStats.load(later)
    for name, value in {
        "base": state["base"][1:],
        "products": np.full_like(state["products"], np.nan),
        "shape": np.array([3, 10**9]),
        "weight": np.array(-1.0),
        "feature_names": np.array(["a"]),
        "n_rows": np.array(1.5),
    }.items():
        np.savez(cut, **{**state, name: value})
        with pytest.raises(ValueError, match="do not fit together"):
            GramStats.load(cut)
    np.savez(cut, **{**state, "base": np.array([object()])})
    with pytest.raises(ValueError, match="is not a file of GramStats"):
        GramStats.load(cut)
    with pytest.raises(FileNotFoundError):
        GramStats.load(tmp_path / "none.npz")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, ">f8"])
def test_npy_files_are_streamed(order, dtype, tmp_path):
    rng = np.random.default_rng(3)
    X = np.asarray(np.round(100 * rng.standard_normal((500, 7))), dtype=dtype, order=order)
    y, weight = rng.standard_normal(500), rng.random(500)
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", y)
    for target in (y, tmp_path / "y.npy", str(tmp_path / "y.npy")):
        assert_sums(GramStats.from_npy(tmp_path / "X.npy", target, weight, buffer=4000), X, y, weight)
    for column in (2, -7):
        stats = GramStats.from_npy(tmp_path / "X.npy", column, buffer=1)  # row by row
        assert_sums(stats, np.delete(X, column, axis=1), X[:, column].astype(float))


@pytest.mark.thread_unsafe(reason="measures memory of the process")
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_file_of_ten_times_the_buffer_takes_no_more_than_it(order, tmp_path):
    X, y = problem(12_500, 8, offset=2.0)
    np.save(tmp_path / "X.npy", np.asarray(X, order=order))
    del X
    tracemalloc.start()
    stats = GramStats.from_npy(tmp_path / "X.npy", y, buffer=80_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000
    X = np.load(tmp_path / "X.npy")
    assert X.nbytes >= 10 * 80_000
    np.testing.assert_allclose(stats.lasso(0.1, tol=1e-12).coef, fr.lasso(X, y, 0.1, tol=1e-12).coef, atol=1e-10)
    np.testing.assert_allclose(stats.ridge(1.0).coef, fr.ridge(X, y, 1.0).coef, atol=1e-10)


def test_npy_files_that_do_not_fit_are_refused(tmp_path):
    rng = np.random.default_rng(4)
    X, path = rng.standard_normal((20, 3)), tmp_path / "X.npy"
    np.save(path, X)
    with pytest.raises(ValueError, match=r"y is column 3 of .*X\.npy, which has 3 columns\.$"):
        GramStats.from_npy(path, 3)
    with pytest.raises(ValueError, match="X has 20 rows but y has 19 entries"):
        GramStats.from_npy(path, X[1:, 0])
    with pytest.raises(ValueError, match=r"sample_weight has shape \(19,\)"):
        GramStats.from_npy(path, 0, np.ones(19))
    with pytest.raises(FileNotFoundError):
        GramStats.from_npy(tmp_path / "none.npy", 0)
    with pytest.raises(ValueError, match="buffer is 0"):
        GramStats.from_npy(path, 0, buffer=0)
    np.save(tmp_path / "y.npy", X[:10, 0])
    with pytest.raises(ValueError, match=r"has 20 rows but .*y\.npy has 10\.$"):
        GramStats.from_npy(path, tmp_path / "y.npy")
    for name, array, kind, words in [
        ("cube", np.zeros((2, 2, 2)), ValueError, r"has shape \(2, 2, 2\)"),
        ("none", np.zeros((0, 2)), ValueError, r"has shape \(0, 2\)"),
        ("one", np.zeros((4, 1)), ValueError, "y is the only column"),
        ("text", np.array([["a", "b"]]), TypeError, "real numbers are needed"),
    ]:
        np.save(tmp_path / name, array)
        with pytest.raises(kind, match=words):
            GramStats.from_npy(tmp_path / f"{name}.npy", 0)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(ValueError, match="ends before its last number"):
        GramStats.from_npy(path, 0)
    path.write_bytes(b"text" + whole)
    with pytest.raises(ValueError, match=r"is not a \.npy file that can be read"):
        GramStats.from_npy(path, 0)
    X[7, 1] = np.nan
    np.save(path, X)
    with pytest.raises(ValueError, match=r"X holds NaN at row 1, column 0; .* \(In rows of .*X\.npy, counted from row 6\.\)$"):
        GramStats.from_npy(path, 0, buffer=72 * 3)


def test_parquet_files_are_streamed(tmp_path, data):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    X, y, weight = data
    names = [f"c{j}" for j in range(P)]
    columns = {**dict(zip(names, X.T, strict=True)), "y": y, "z": 2 * y, "w": weight.astype(np.int32)}
    path = tmp_path / "data.parquet"
    parquet.write_table(pyarrow.table(columns), path, row_group_size=60)
    stats = GramStats.from_parquet(path, "y", columns=names, sample_weight="w", buffer=5000)
    assert_sums(stats, X, y, weight)
    assert stats.feature_names == tuple(names)
    fit = GramStats.from_parquet(path, ["y", "z"], sample_weight="w").ridge(1.0)
    np.testing.assert_allclose(2 * fit.coef[:, 0], fit.coef[:, 1], atol=1e-10)
    assert fit.feature_names == tuple(names)
    with pytest.raises(ValueError, match="has 0 columns 'q'"):
        GramStats.from_parquet(path, "q")
    with pytest.raises(ValueError, match="at least one is needed that is not among the others"):
        GramStats.from_parquet(path, "y", columns=["y"])
    columns["c1"] = [None if k == 70 else 1.0 for k in range(N)]
    parquet.write_table(pyarrow.table(columns), path)
    with pytest.raises(ValueError, match=r"^Column 'c1' of .* has a missing value at row 70; fill or drop it first\.$"):
        GramStats.from_parquet(path, "y", buffer=5000)
    columns["c1"] = ["a"] * N
    parquet.write_table(pyarrow.table(columns), path)
    with pytest.raises(TypeError, match=r"Column 'c1' of X has dtype string; real numbers are needed\."):
        GramStats.from_parquet(path, "y")


# What is refused


def broken(X, row, column, value):
    X = X.copy()
    X[row, column] = value
    return X


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X, y, s: (X[:, :4], y, s), r"^X has 4 columns; 9 are needed, as in the rows before\.$"),
        (lambda X, y, s: (X, y[:, None], s), r"^y has shape \(n, 1\); \(n,\) is needed, as in the rows before\.$"),
        (lambda X, y, s: (X, y[1:], s), r"^X has 157 rows but y has 156 entries\.$"),
        (lambda X, y, s: (X, y, s[1:]), r"^sample_weight has shape \(156,\)"),
        (lambda X, y, s: (X, y, -s - 1), r"^sample_weight holds -"),
        (lambda X, y, s: (X, y, np.full(N, 1e308)), r"^sample_weight adds up to more than float64 holds"),
        (lambda X, y, s: (broken(X, 150, 3, np.nan), y, s), r"^X holds NaN at row 150, column 3; finite numbers are needed\.$"),
        (lambda X, y, s: (broken(X, 2, 3, np.inf), y, s), r"^X holds inf at row 2, column 3"),
        (lambda X, y, s: (X, np.where(y == y[9], np.nan, y), s), r"^y holds NaN at row 9; finite numbers are needed\.$"),
        (lambda X, y, s: (X * 1e160, y, s), r"^X has entries too large to add up in float64"),
        (lambda X, y, s: (X, y * 1e160, s), r"^y has entries too large to add up in float64"),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_a_chunk_that_is_refused_changes_nothing(form, change, words, data):
    X, y, weight = data
    stats, before = (GramStats.from_data(X, y, weight) for _ in range(2))
    X, y, weight = change(X, y, weight)
    with pytest.raises(ValueError, match=words):
        stats.update(form(X), y, weight)
    assert same_bits(stats, before)
    assert stats.n_rows == before.n_rows


@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
def test_numbers_too_small_to_be_squared_are_refused(form, data):
    X, y, _ = data
    with pytest.raises(ValueError, match=r"^The weighted entries of column 0 of X differ by too little .* multiply X by a"):
        GramStats.from_data(form(X * 1e-170), y)
    with pytest.raises(ValueError, match=r"^The weighted entries of y differ by too little .* multiply y by a constant\.$"):
        GramStats.from_data(form(X), y * 1e-170)


def test_more_columns_than_memory_has_products_for():
    with pytest.raises(MemoryError, match=r"^no memory for the products of 4000000001 columns$"):
        GramStats.from_data(np.broadcast_to(0.0, (1, 4_000_000_000)), [1.0])


@pytest.mark.thread_unsafe(reason="raises a signal")
def test_ctrl_c_leaves_whole_chunks(ctrl_c):
    X, y = problem(3000, 200)
    stats = GramStats()

    def fill():
        for _ in range(10_000):
            stats.update(X, y)

    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        fill()
    k = stats.n_rows // 3000
    assert stats.n_rows == stats.weight == 3000 * k
    np.testing.assert_allclose(stats.gram, k * GramStats.from_data(X, y).gram, rtol=1e-9, atol=1e-8)


def test_what_is_no_part_cannot_be_subtracted(data):
    X, y, weight = data
    stats = GramStats.from_data(X, y)
    for other in (GramStats.from_data(X, y, weight + 1), GramStats.from_data(np.vstack([X, X]), np.r_[y, y])):
        with pytest.raises(ValueError, match=r"is no part of .*: it has more rows, or more weight"):
            stats.subtract(other)
    with pytest.raises(ValueError, match=r"is no part of .*: it has more squares in column 2"):
        stats.subtract(GramStats.from_data(X[:50] * [1, 1, 100, 1, 1, 1, 1, 1, 1], y[:50]))
    with pytest.raises(ValueError, match=r"is no part of .*: it has more rows"):
        GramStats().subtract(stats)
    with pytest.raises(ValueError, match="4 columns; 9 are needed"):
        stats.subtract(GramStats.from_data(X[:9, :4], y[:9]))
    with pytest.raises(ValueError, match="4 columns; 9 are needed"):
        stats.merge(GramStats.from_data(X[:9, :4], y[:9]))
    with pytest.raises(TypeError, match=r"^other is a Fit; GramStats are needed\.$"):
        stats.merge(stats.lasso(0.1))
    with pytest.raises(ValueError, match="so much that their sums leave the range of float64"):
        GramStats.from_data(np.ones((2, 1)) * 1e200, [0.0, 1.0]).merge(GramStats.from_data(-np.ones((2, 1)), [0.0, 1.0]))


def test_nothing_can_be_fitted_without_rows(data):
    X, y, _ = data
    for stats in (GramStats(), GramStats.from_data(X, y, np.zeros(N)), GramStats().update(X[:0], y[:0])):
        assert stats.n_rows == 0
        with pytest.raises(ValueError, match=r"has nothing to fit; update it with at least one row of weight > 0\.$"):
            stats.ridge(1.0)
    with pytest.raises(ValueError, match="X is empty"):
        GramStats.from_data(X[:0], y[:0])
    assert repr(GramStats()) == "GramStats(no rows)"
    assert GramStats().gram.shape == (0, 0)
    assert GramStats().mean.shape == GramStats().xty.shape == (0,)
    assert GramStats().y_mean == GramStats().yty == 0.0


def test_a_chunk_without_rows_changes_nothing(data):
    X, y, _ = data
    stats = GramStats.from_data(X, y)
    before = stats.merge()
    for empty in (X[:0], sparse.csc_array(X)[:0]):
        assert same_bits(stats.update(empty, y[:0]), before)
    assert_sums(stats.update(X, y, np.zeros(N)), X, y)
    with pytest.raises(ValueError, match="4 columns; 9 are needed"):
        stats.update(X[:0, :4], y[:0])
    with pytest.raises(ValueError, match="X has 0 rows but y has 157 entries"):
        stats.update(X[:0], y)


def test_repr_says_what_there_is(data):
    X, y, _ = data
    assert repr(GramStats.from_data(X, y)) == "GramStats(157 rows, p=9)"
    assert repr(GramStats.from_data(X, np.c_[y, y], np.full(N, 2.0))) == "GramStats(157 rows, p=9, 2 targets, weight=314)"


def test_options_are_checked_as_by_the_functions(data):
    X, y, _ = data
    stats = GramStats.from_data(X, y)
    with pytest.raises(ValueError, match="alpha is -1"):
        stats.lasso(-1)
    with pytest.raises(TypeError, match="fit_intercept is 'yes'"):
        stats.lasso(1.0, fit_intercept="yes")
    with pytest.raises(TypeError, match="callback is 3"):
        stats.lasso_path(callback=3)
    with pytest.raises(ValueError, match=r"penalty_factor has shape \(2,\)"):
        stats.ridge(1.0, penalty_factor=[1.0, 2.0])
    with pytest.raises(TypeError):
        stats.lasso(1.0, sample_weight=np.ones(N))


@pytest.mark.parametrize("name", ACCEPTED)
def test_nasty_input_ends_in_sums_or_in_a_sentence(name):
    X, y, options = ACCEPTED[name]
    X = X() if callable(X) else X
    before = contents(X, y)
    if re.search(r"times 1e(\+?200|-170)|near 1e-150|weights of 1e-300|y of subnormal", name):
        with pytest.raises(ValueError, match="in float64; "):
            GramStats.from_data(X, y, options.get("sample_weight"))
    else:
        stats = GramStats.from_data(X, y, options.get("sample_weight"))
        assert np.isfinite(stats.gram).all()
        assert (np.diag(stats.gram) >= 0.0).all()
        assert np.isfinite(stats.ridge(1.0).coef).all()
    assert contents(X, y) == before


@pytest.mark.parametrize("name", WRONG_X)
def test_wrong_X_is_refused_as_by_the_functions(name):
    X, words = WRONG_X[name]
    y = problem(40, 6, correlation=0.5)[1]
    with pytest.raises((ValueError, TypeError), match=words):
        GramStats.from_data(X() if callable(X) else X, y)


@given(
    n=st.integers(1, 8),
    p=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-100, 1e-3, 1.0, 1e6, 1e100]),
    weighted=st.booleans(),
    intercept=st.booleans(),
)
def test_odd_data_are_solved(n, p, seed, scale, weighted, intercept):
    """Few rows, constant and repeated columns, weights of 0, any scale."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, p)) * scale
    y = rng.integers(-3, 4, n).astype(float)
    weight = rng.integers(0, 3, n).astype(float) if weighted else None
    if weighted and not weight.any():
        weight[0] = 1.0
    stats = GramStats()
    for i in range(n):
        stats.update(X[i : i + 1], y[i : i + 1], None if weight is None else weight[i : i + 1])
    whole = GramStats.from_data(X, y, weight)
    np.testing.assert_allclose(stats.gram, whole.gram, rtol=1e-12, atol=1e-12 * scale**2)
    alpha = 0.3 * scale
    for one in (stats, whole, stats.merge(whole).subtract(whole)):
        fit = one.lasso(alpha, fit_intercept=intercept, tol=1e-8)
        kkt.assert_optimal(X, y, fit, alpha, fit_intercept=intercept, sample_weight=weight, tol=1e-8)
        assert np.isfinite(one.ridge(0.0, fit_intercept=intercept).coef).all()
