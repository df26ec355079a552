"""Rows in chunks: the same sums as in memory, bits that depend on the chunks alone, errors that name the chunk."""

import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import kkt
import numpy as np
import pytest
from rows import FRAME, NAMES, WEIGHT, N, P, X, Y, broken, chunks, da, dd, pd, pieces, same_bits
from scipy import sparse

import fastreg as fr
from fastreg.distributed._chunks import WIDTH, merge, merge_chunks, reduce_in_order

pytestmark = pytest.mark.thread_unsafe(reason="schedules work of its own")

# The tree


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 63, 64, 65, 72, 73, 513])
def test_the_tree_is_the_same_whether_parts_come_one_by_one_or_all_together(count):
    join = tuple
    assert reduce_in_order(iter(range(count)), join) == merge_chunks(list(range(count)), join)


def test_each_level_merges_neighbours():
    assert merge_chunks(list("abcdefghij"), "".join) == "abcdefghij"
    assert merge_chunks(list(range(10)), tuple) == (tuple(range(8)), (8, 9))
    assert WIDTH == 8


# Any executor


def read_chunk():
    return X[:70], Y[:70]


@pytest.mark.parametrize("ahead", [None, 1, 100])
@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor])
def test_chunks_in_an_executor_have_the_bits_of_chunks_here(pool, ahead):
    here = merge([fr.GramStats.from_data(*rows) for rows in pieces()[:8]])
    here = here.merge(fr.GramStats.from_data(*pieces()[8]))
    executor = None if pool is None else pool(2)
    assert same_bits(fr.distributed.from_chunks(iter(pieces()), executor, ahead=ahead), here)
    assert same_bits(fr.distributed.from_chunks([lambda rows=rows: rows for rows in pieces()], executor), here)


@pytest.mark.slow
def test_chunks_in_processes():
    with ProcessPoolExecutor(2) as pool:
        found = fr.distributed.from_chunks([read_chunk] * 3, pool)
    assert same_bits(found, fr.distributed.from_chunks([read_chunk] * 3))


def test_few_chunks_are_under_way():
    taken, done = 0, []

    def give():
        nonlocal taken
        for k in range(50):
            taken += 1
            yield lambda k=k: done.append(k) or (X[k : k + 5], Y[k : k + 5])
            assert taken - len(done) <= 3 + 1

    with ThreadPoolExecutor(1) as pool:
        assert fr.distributed.from_chunks(give(), pool, ahead=3).n_rows == 250


def test_no_chunks_and_empty_chunks():
    assert fr.distributed.from_chunks([]).n_rows == 0
    empty = (X[:0], Y[:0])
    found = fr.distributed.from_chunks([empty, None, (X, Y), empty])
    assert same_bits(found, fr.GramStats.from_data(X, Y))


def test_a_chunk_names_itself():
    bad = X[:5].copy()
    bad[2, 1] = np.nan
    for executor in (None, ThreadPoolExecutor(2)):
        with pytest.raises(ValueError, match=r"^In chunk 1: X holds NaN at"):
            fr.distributed.from_chunks([(X, Y), (bad, Y[:5])], executor)
        with pytest.raises(ValueError, match=r"^In chunk 0: X has 600 rows but y has 5 entries"):
            fr.distributed.from_chunks([(X, Y[:5])], executor)
        with pytest.raises(TypeError, match=r"^In chunk 0: it is a int; \(X, y\)"):
            fr.distributed.from_chunks([3], executor)

        def no_file():
            raise FileNotFoundError("gone")

        with pytest.raises(FileNotFoundError) as caught:
            fr.distributed.from_chunks([(X, Y), no_file], executor)
        assert caught.value.__notes__ == ["In chunk 1"]


@pytest.mark.parametrize(("other", "message"), [
    ((X[:, 1:], Y), "X has 11 columns; 12 are needed, as in {2}."),
    ((X, np.c_[Y, Y]), "y has shape (n, 2); (n,) is needed, as in {2}."),
    ((FRAME[NAMES[::-1]], Y), "X has 'x11' as column 0; 'x0' is needed, as in {3}."),
])  # fmt: skip
@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor])
def test_chunks_that_do_not_belong_together(pool, other, message):
    rows = [None, (X[:0], Y[:0]), (X, Y), (FRAME[NAMES], Y), *[(X, Y)] * 9, other]
    message = "In {13}: " + message
    for many in (rows, [lambda one=one: one for one in rows]):
        with pytest.raises(ValueError, match="^" + re.escape(message.format(*(f"chunk {k}" for k in range(14)))) + "$"):
            fr.distributed.from_chunks([*many, (X * np.nan, Y)], pool and pool(2))
    parts = [fr.distributed.chunk_stats(k, one) for k, one in enumerate(rows)]
    with pytest.raises(ValueError, match="^" + re.escape(message.format(*(f"parts[{k}]" for k in range(14)))) + "$"):
        fr.distributed.merge_stats(parts)


def test_of_several_bad_chunks_the_first_is_named():
    bad = X * np.nan
    for pool in (None, ThreadPoolExecutor(4)):
        with pytest.raises(ValueError, match=r"^In chunk 3: X holds NaN at row 0, column 0;"):
            fr.distributed.from_chunks([(X, Y)] * 3 + [(bad, Y), (X[:, 1:], Y), 3, (bad, Y)], pool, ahead=100)


def test_a_number_of_chunks_under_way_is_checked():
    with pytest.raises(ValueError, match=r"^ahead is 0"):
        fr.distributed.from_chunks([], ahead=0)


# dask's arrays and frames, without a cluster


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("rows", [70, 600, (1, 0, 599), (300, 0, 300)])
def test_statistics_of_arrays(rows, order, dtype):
    data = np.array(X, dtype, order=order)
    found = fr.distributed.gram_stats(chunks(data, rows), da.from_array(Y, chunks=130), da.from_array(WEIGHT, chunks=600))
    data = data.astype(np.float64)
    fit = found.lasso(0.05, tol=1e-12)
    expected = fr.lasso(data, Y, 0.05, sample_weight=WEIGHT, tol=1e-12)
    np.testing.assert_allclose(fit.coef, expected.coef, rtol=0, atol=1e-10 * np.abs(expected.coef).max())
    assert fit.intercept == pytest.approx(expected.intercept, rel=1e-10, abs=1e-10)
    assert found.n_rows == N
    kkt.assert_optimal(data, Y, fit, 0.05, sample_weight=WEIGHT, tol=1e-12)


@pytest.mark.parametrize("options", [
    {}, {"fit_intercept": False}, {"standardize": True}, {"positive": True}, {"l1_ratio": 0.3},
    {"penalty_factor": np.r_[0.0, np.ones(P - 2), np.inf]}, {"lower": -0.2, "upper": 0.1},
], ids=str)  # fmt: skip
def test_options_of_paths_and_ridge(options):
    stats = fr.distributed.gram_stats(chunks(X), chunks(Y))
    path, expected = (of(*data, alphas=20, tol=1e-11, **options) for of, data in
                      ((stats.elastic_net_path, ()), (fr.elastic_net_path, (X, Y))))  # fmt: skip
    np.testing.assert_allclose(path.coefs, expected.coefs, rtol=0, atol=1e-10 * np.abs(expected.coefs).max())
    options = {name: value for name, value in options.items() if name != "l1_ratio"}
    if "lower" not in options and "positive" not in options:
        ridge, other = stats.ridge(3.0, **options), fr.ridge(X, Y, 3.0, **options)
        np.testing.assert_allclose(ridge.coef, other.coef, rtol=0, atol=1e-10 * np.abs(other.coef).max())


def test_frames_by_the_names_of_their_columns():
    frame = dd.from_pandas(FRAME, npartitions=7)
    kept = frame[frame.x0 > FRAME.x0.quantile(0.9)]  # sizes that nobody knows, empty partitions among them
    there = FRAME[FRAME.x0 > FRAME.x0.quantile(0.9)]
    columns = [*NAMES, "y", "weight"]
    found = fr.distributed.gram_stats(kept[columns], "y", "weight")
    expected = fr.GramStats.from_data(there[NAMES], there.y, there.weight)
    np.testing.assert_allclose(found.gram, expected.gram, atol=1e-12 * np.abs(expected.gram).max())
    assert found.feature_names == tuple(NAMES)
    assert same_bits(fr.distributed.gram_stats(kept[NAMES], kept.y, kept.weight), found)
    two = fr.distributed.gram_stats(kept[columns], ["y", "weight"])
    assert two.lasso(0.1).coef.shape == (P, 2)
    far = frame[frame.x0 > 1e9]
    assert fr.distributed.gram_stats(far[NAMES], far.y).n_rows == 0


def test_sparse_chunks_and_unknown_sizes():
    data = np.where(np.abs(X - 2) < 1, 0.0, X)
    blocks = chunks(data, 70, P).map_blocks(sparse.csr_array)
    found = fr.distributed.gram_stats(blocks, chunks(Y))
    expected = fr.GramStats.from_data(data, Y)
    np.testing.assert_allclose(found.gram, expected.gram, atol=1e-12 * np.abs(expected.gram).max())
    inside = chunks(X, 70, P)[chunks(X)[:, 0] > 2.0], chunks(Y)[chunks(X)[:, 0] > 2.0]
    assert np.isnan(inside[0].chunks[0]).all()
    rows = X[:, 0] > 2.0
    found, expected = fr.distributed.gram_stats(*inside), fr.GramStats.from_data(X[rows], Y[rows])
    np.testing.assert_allclose(found.gram, expected.gram, atol=1e-12 * np.abs(expected.gram).max())
    with pytest.raises(TypeError, match=r"^y is a ndarray, and the rows of X's chunks are not known"):
        fr.distributed.gram_stats(inside[0], Y[rows])


def test_bits_depend_on_chunks_alone():
    import dask

    found = fr.distributed.gram_stats(chunks(X, 20), chunks(Y, 20))
    for scheduler in ("synchronous", "threads"):
        with dask.config.set(scheduler=scheduler):
            assert same_bits(fr.distributed.gram_stats(chunks(X, 20, P), Y), found)
    assert same_bits(fr.distributed.from_chunks((X[i : i + 20], Y[i : i + 20]) for i in range(0, N, 20)), found)


@pytest.mark.parametrize(("arguments", "kind", "message"), [
    (lambda: (X, Y), TypeError, r"^X is a ndarray; a dask array or DataFrame is needed"),
    (lambda: (chunks(Y), Y), ValueError, r"^X has 1 dimension; 2 are needed"),
    (lambda: (chunks(X), Y[1:]), ValueError, r"^X has 600 rows but y has 599 entries"),
    (lambda: (chunks(X), chunks(Y)[1:]), ValueError, r"^X has 600 rows but y has 599 entries"),
    (lambda: (chunks(X), chunks(Y), WEIGHT[1:]), ValueError, r"^X has 600 rows but sample_weight has 599 entries"),
    (lambda: (chunks(X), chunks(Y), -chunks(WEIGHT)), ValueError, r"^In chunk \d+: sample_weight holds -"),
    (lambda: (chunks(X), "y"), TypeError, r"^y is 'y', and X has no columns with names"),
    (lambda: (dd.from_pandas(FRAME, 3), "z"), ValueError, r"^y is 'z', and X has no column 'z'"),
    (lambda: (dd.from_pandas(FRAME, 3), [*FRAME.columns]), ValueError, r"^y takes all the columns of X; at least one more is"),
    (lambda: (dd.from_pandas(FRAME[["y", "weight"]], 3), "y", "weight"), ValueError, r"^y and sample_weight take all the"),
    (lambda: (dd.from_pandas(FRAME, 3), dd.from_pandas(FRAME.y, 2)), ValueError, r"^X has 3 chunks of rows but y has 2"),
    (lambda: (chunks(X, 70, 1)[:, :1].map_blocks(broken, dtype=float), chunks(Y)), ValueError, r"^In chunk 4: X holds NaN at"),
    (lambda: (dd.from_pandas(FRAME.assign(x1="a"), 3), "y"), TypeError, r"^In chunk \d: Column 'x1' of X"),
])  # fmt: skip
def test_wrong_data_of_dask(arguments, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.gram_stats(*arguments())


def odd(frame, change):
    """A dask frame that announces the columns of another one in its partition 2."""

    def changed(part, partition_info=None):
        return change(part) if partition_info["number"] == 2 else part

    return dd.from_pandas(frame, 5).map_partitions(changed, meta=frame.iloc[:0], enforce_metadata=False)


@pytest.mark.parametrize(("change", "message"), [
    (lambda part: part.drop(columns="x3"), "X has no column 'x3', which the frame announces"),
    (lambda part: part.drop(columns="y"), "X has no column 'y', which the frame announces"),
    (lambda part: part.assign(z=1.0), "X has a column 'z', which the frame does not announce"),
    (lambda part: part[part.columns[::-1]], "X has 'y' as column 0; 'x0' is needed, as the frame announces"),
    (lambda part: part.rename(columns={"x3": "z"}), "X has no column 'x3', which the frame announces"),
    (lambda part: pd.concat([part, part.x3], axis=1), "X has 14 columns; 13 are needed, as the frame announces"),
    (lambda part: part.to_numpy(), "X is a ndarray; a DataFrame is needed, as X announces"),
])  # fmt: skip
def test_partitions_have_the_columns_that_the_frame_announces(change, message):
    frame, y = odd(FRAME[[*NAMES, "y"]], change), dd.from_pandas(FRAME.y, 5)
    for reading in (
        lambda: fr.distributed.gram_stats(frame, "y"),
        lambda: fr.distributed.gram_stats(frame, y),
        lambda: fr.distributed.lasso_cv(frame, "y", cv=3),
        lambda: fr.Lasso().fit(frame, "y"),
    ):
        with pytest.raises((TypeError, ValueError), match=rf"^In chunk 2: {message}\.$"):
            reading()
    stats = fr.GramStats.from_data(FRAME[NAMES], FRAME.y)
    with pytest.raises((TypeError, ValueError), match=rf"^In chunk 2: {message}\.$"):
        fr.distributed.refine(stats, np.zeros(P), frame, "y")


def test_columns_without_names_are_told_apart_as_well():
    turned = odd(pd.DataFrame(X), lambda part: part[part.columns[::-1]])
    with pytest.raises(ValueError, match=r"^In chunk 2: X has 11 as column 0; 0 is needed, as the frame announces\.$"):
        fr.distributed.gram_stats(turned, dd.from_pandas(FRAME.y, 5))


def test_partitions_without_rows_may_have_any_columns():
    frame = odd(FRAME[[*NAMES, "y"]], lambda part: pd.DataFrame())
    assert fr.distributed.gram_stats(frame, "y").n_rows == N - 120


def in_chunk_four(change):
    """A function for map_blocks that changes one of them."""
    return lambda block, block_info=None: change(block) if block_info[0]["chunk-location"][0] == 4 else block


@pytest.mark.parametrize(("X_", "y", "message"), [
    (lambda a: a[:, 1:], None, r"X has 11 columns; 12 are needed, as X announces\.$"),
    (None, lambda a: np.c_[a, a], r"y has shape \(70, 2\); \(n,\) is needed, as y announces\.$"),
])  # fmt: skip
def test_blocks_have_the_shape_that_the_array_announces(X_, y, message):
    rows, target = (
        a if change is None else a.map_blocks(in_chunk_four(change), dtype=float, meta=np.empty((0,) * a.ndim))
        for a, change in ((chunks(X, 70, P), X_), (chunks(Y), y))
    )
    for reading in (fr.distributed.gram_stats, fr.Lasso().fit, fr.distributed.lasso_cv):
        with pytest.raises(ValueError, match="^In chunk 4: " + message):
            reading(rows, target)


def test_what_a_task_of_dask_raises_goes_through():
    def gone(block):
        raise OSError("gone")

    with pytest.raises(OSError, match=r"^gone$"):
        fr.distributed.gram_stats(chunks(X, 70, P).map_blocks(gone, dtype=float, meta=np.empty((0, 0))), Y)


def test_the_graph_of_a_thousand_chunks():
    from dask.base import collections_to_expr
    from dask.delayed import delayed

    tasks = merge_chunks([delayed(abs, pure=False)(k) for k in range(1000)], delayed(sum, pure=False))
    assert len(dict(tasks.__dask_graph__())) <= 1000 + 1000 // 7 + 5
    assert collections_to_expr is not None
