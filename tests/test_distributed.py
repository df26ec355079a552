"""Rows in chunks: the same sums as in memory, bits that depend on the chunks alone, errors that name the chunk."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import kkt
import numpy as np
import pytest
from rows import FRAME, NAMES, WEIGHT, N, P, X, Y, broken, chunks, da, dd, pieces, same_bits
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


def test_chunks_that_do_not_belong_together():
    with pytest.raises(ValueError, match="X has 11 columns; 12 are needed"):
        fr.distributed.from_chunks([(X, Y), (X[:, 1:], Y)])
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
    (lambda: (dd.from_pandas(FRAME, 3), dd.from_pandas(FRAME.y, 2)), ValueError, r"^X has 3 chunks of rows but y has 2"),
    (lambda: (chunks(X, 70, 1)[:, :1].map_blocks(broken, dtype=float), chunks(Y)), ValueError, r"^In chunk 4: X holds NaN at"),
    (lambda: (dd.from_pandas(FRAME.assign(x1="a"), 3), "y"), TypeError, r"^In chunk \d: Column 'x1' of X"),
])  # fmt: skip
def test_wrong_data_of_dask(arguments, kind, message):
    with pytest.raises(kind, match=message):
        fr.distributed.gram_stats(*arguments())


def turned(frame, number=None, partition_info=None):
    return frame[NAMES[::-1]] if partition_info["number"] == 2 else frame


def test_columns_in_another_order_are_found():
    parts = dd.from_pandas(FRAME[NAMES], 5).map_partitions(turned, meta=FRAME[NAMES].iloc[:0], enforce_metadata=False)
    with pytest.raises(ValueError, match=r"^In chunk 2: X has 'x11' as column 0; 'x0' is needed"):
        fr.distributed.gram_stats(parts, dd.from_pandas(FRAME.y, 5))


def test_the_graph_of_a_thousand_chunks():
    from dask.base import collections_to_expr
    from dask.delayed import delayed

    tasks = merge_chunks([delayed(abs, pure=False)(k) for k in range(1000)], delayed(sum, pure=False))
    assert len(dict(tasks.__dask_graph__())) <= 1000 + 1000 // 7 + 5
    assert collections_to_expr is not None
