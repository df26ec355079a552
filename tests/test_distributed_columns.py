"""Columns of X in files, in arrays that are read piece by piece, and on workers of Dask: fits are those of X in memory."""

import os
import signal
import subprocess
import sys
import textwrap
from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse
from wide import SAME, Counting, N, P, assert_same_path, wide

import fastreg as fr
from fastreg import distributed
from fastreg.distributed import DaskColumns, LocalColumns
from fastreg.distributed import _sources as sources


def test_layouts_and_dtypes(layout):
    X, y = wide()
    X = layout(X)
    path = distributed.lasso_path(LocalColumns(X, buffer=9_000), y, alphas=20)
    assert_same_path(path, fr.lasso_path(X, y, alphas=20, tol=1e-13))


@pytest.mark.parametrize("dtype", ["float64", "float32", ">f8", "int16", "bool"])
@pytest.mark.parametrize("order", ["F", "C"])
@pytest.mark.parametrize("buffer", [1, 7_000, 10**9])
def test_npy_files(tmp_path, dtype, order, buffer):
    X, y = wide()
    X = np.array(np.round(3 * X) if dtype == "int16" else X > 0.3 if dtype == "bool" else X, dtype, order=order)
    np.save(tmp_path / "X.npy", X)
    design = LocalColumns(tmp_path / "X.npy", buffer=buffer)
    assert_same_path(distributed.lasso_path(design, y, alphas=20), fr.lasso_path(X, y, alphas=20, tol=1e-13))
    some = np.array([P - 1, 3, 4, 77, 0])
    np.testing.assert_array_equal(design.columns(some), X[:, some])


@pytest.mark.thread_unsafe(reason="changes a module")
@pytest.mark.parametrize("order", ["F", "C"])
def test_files_answer_as_a_design_should(tmp_path, order, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 7_000)  # so that rows come in pieces
    X, y = wide()
    constant = np.hstack([X, np.full((N, 3), 0.1)])
    for k, A in enumerate((X, X + 1e6, X.astype(np.float32), 1e-200 * X, constant, X[:1], X[:2], X[:, :1], X > 0.5)):
        np.save(tmp_path / f"{k}.npy", np.array(A, order=order))
        for buffer in (30_000, 10**8) if k else (1, 30_000, 10**8):
            distributed.check_design(LocalColumns(tmp_path / f"{k}.npy", buffer=buffer, n_threads=2))
    weight = np.where(np.arange(N) % 3 == 0, 0.0, np.arange(N))
    options = {"cv": 4, "alphas": 20, "sample_weight": weight, "standardize": True}
    design = LocalColumns([tmp_path / "0.npy", X, tmp_path / "2.npy"], buffer=30_000)
    found = distributed.lasso_cv(design, y, **options)
    same = fr.lasso_cv(np.hstack([X, X, X.astype(np.float32)]), y, tol=1e-13, **options)
    np.testing.assert_allclose(found.errors, same.errors, rtol=1e-8)


def test_files_side_by_side_and_threads(tmp_path):
    X, y = wide()
    parts = X[:, :150], np.ascontiguousarray(X[:, 150:151]), X[:, 151:].astype(np.float64)
    paths = [tmp_path / f"{k}.npy" for k in range(2)]
    for path, part in zip(paths, parts, strict=False):
        np.save(path, part)
    X = np.hstack(parts)
    designs = [LocalColumns([*paths, parts[2]], buffer=5_000, n_threads=k) for k in (1, 3)]
    one, three = (distributed.lasso_path(design, y, alphas=20) for design in designs)
    np.testing.assert_array_equal(one.coefs, three.coefs)
    assert_same_path(one, fr.lasso_path(X, y, alphas=20, tol=1e-13))


def test_predictions_for_a_file_read_the_columns_of_the_fit(tmp_path):
    X, y = wide()
    np.save(tmp_path / "X.npy", X)
    path = distributed.lasso_path(tmp_path / "X.npy", y, alphas=20)
    design = Counting(X)
    for fit in (path, path[7], fr.ridge(X, y, 0.1), fr.ridge_path(X, y, alphas=3)):
        for there in (tmp_path / "X.npy", str(tmp_path / "X.npy"), LocalColumns(X), design):
            np.testing.assert_allclose(fit.predict(there), fit.predict(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(path.predict(design, path.alphas[3]), path.predict(X, path.alphas[3]), rtol=1e-12)
    design.fetched = []
    path[7].predict(design)
    assert design.fetched == path[7].support.tolist()
    with pytest.raises(ValueError, match=r"^X has shape \(40, 399\); \(n, 400\) is needed, as in the fit\.$"):
        path.predict(Counting(X[:, 1:]))


def test_a_path_of_a_file_and_a_memmap(tmp_path):
    X, y = wide()
    np.save(tmp_path / "X.npy", X)
    alpha = 0.3
    fits = [
        distributed.lasso(design, y, alpha)
        for design in (tmp_path / "X.npy", LocalColumns(np.load(tmp_path / "X.npy", mmap_mode="r")), LocalColumns(X))
    ]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit.coef, fits[0].coef)


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    X, y = wide(p=60)
    names = [f"x{j}" for j in range(60)]
    parquet.write_table(pa.table(dict(zip(names, X.T, strict=True))), tmp_path / "X.parquet", row_group_size=11)
    path = distributed.lasso_path(LocalColumns(tmp_path / "X.parquet", buffer=3_000, n_threads=2), y, alphas=20)
    assert_same_path(path, fr.lasso_path(X, y, alphas=20, tol=1e-13))
    assert path.feature_names == tuple(names)
    holed = pa.table({"a": [1.0, 2.0], "b": [1.0, None]})
    parquet.write_table(holed, tmp_path / "holed.parquet")
    with pytest.raises(
        ValueError, match=r"^Column 'b' of .*holed.parquet has a missing value at row 1; .*In columns 0 to 1 of"
    ):
        distributed.lasso(tmp_path / "holed.parquet", [1.0, 2.0], 0.1)


def test_zarr(tmp_path):
    zarr = pytest.importorskip("zarr")
    X, y = wide()
    stored = zarr.create_array(tmp_path / "X.zarr", shape=X.shape, chunks=(16, 30), dtype="f4")
    stored[:] = X
    X = X.astype(np.float32)
    for design in (LocalColumns(stored, buffer=1), LocalColumns(tmp_path / "X.zarr")):
        path = distributed.lasso_path(design, y, alphas=20)
        assert_same_path(path, fr.lasso_path(X, y, alphas=20, tol=1e-13))


def test_hdf5(tmp_path):
    h5py = pytest.importorskip("h5py")
    X, y = wide()
    expected = fr.lasso_path(X, y, alphas=20, tol=1e-13)
    with h5py.File(tmp_path / "X.h5", "w") as file:
        for stored in (file.create_dataset("chunks", data=X, chunks=(16, 30)), file.create_dataset("one", data=X)):
            design = LocalColumns(stored, buffer=5_000, n_threads=2)
            assert_same_path(distributed.lasso_path(design, y, alphas=20), expected)


# Dask


def dask_array(X, chunk):
    return pytest.importorskip("dask.array").from_array(X, chunks=(len(X), chunk))


def dask_columns(X, chunk, **options):
    return DaskColumns(dask_array(X, chunk), **options)


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_dask_gives_the_bits_of_a_local_design(scheduler):
    dask = pytest.importorskip("dask")
    X, y = wide()
    with dask.config.set(scheduler=scheduler):
        path = distributed.lasso_path(dask_columns(X, 70), y, alphas=20, penalty_factor=np.linspace(0.5, 2.0, P))
    local = LocalColumns(X, buffer=70 * 8 * N)
    other = distributed.lasso_path(local, y, alphas=20, penalty_factor=np.linspace(0.5, 2.0, P))
    np.testing.assert_array_equal(path.coefs, other.coefs)
    np.testing.assert_array_equal(path.dual_gaps, other.dual_gaps)


def test_dask_blocks_from_anywhere():
    dask = pytest.importorskip("dask")
    X, y = wide()
    widths = [100, 1, 299]
    starts = np.cumsum([0, *widths])
    blocks = [dask.delayed(X[:, a:b]) for a, b in pairwise(starts)]
    design = DaskColumns(blocks, widths=widths, n_rows=N)
    np.testing.assert_allclose(distributed.lasso(design, y, 0.2).coef, fr.lasso(X, y, 0.2, tol=1e-13).coef, atol=SAME)
    with pytest.raises(ValueError, match=r"^X is a list of 3 blocks; n_rows, and widths with as many entries, are needed\.$"):
        DaskColumns(blocks)


def test_what_dask_cannot_do_is_said():
    da = pytest.importorskip("dask.array")
    X, y = wide()
    with pytest.raises(ValueError, match=r"^X has its rows in 2 chunks; all rows in one are needed"):
        DaskColumns(da.from_array(X, chunks=(20, 100)))
    with pytest.raises(TypeError, match=r"^X is a ndarray; a dask array"):
        DaskColumns(X)
    X[3, 250] = np.inf
    with pytest.raises(ValueError, match=r"^X holds inf at row 3, column 250; .*In columns 200 to 299 of X"):
        distributed.lasso(dask_columns(X, 100), y, 0.2)


@pytest.mark.slow
@pytest.mark.thread_unsafe(reason="starts processes")
def test_a_cluster_of_processes():
    distributed_ = pytest.importorskip("distributed")
    X, y = wide()
    expected = distributed.lasso_path(LocalColumns(X, buffer=100 * 8 * N), y, alphas=20)
    with (
        distributed_.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        distributed_.Client(cluster) as client,
    ):
        design = dask_columns(X, 100, client=client)
        path = distributed.lasso_path(design, y, alphas=20)
        np.testing.assert_array_equal(path.coefs, expected.coefs)
        held = client.scatter([X[:, :300], X[:, 300:]])
        again = distributed.lasso_path(DaskColumns(held, widths=[300, 100], n_rows=N), y, alphas=20)
        np.testing.assert_allclose(again.coefs, expected.coefs, atol=SAME)
        # blocks that are made anew where a worker that had them is lost, in the middle of a path
        alive = list(client.run(os.getpid).values())

        def kill(fit):
            if fit.support.size > 3 and len(alive) == 2:
                os.kill(alive.pop(), signal.SIGKILL)

        design = DaskColumns(dask_array(X, 100).persist())
        path = distributed.lasso_path(design, y, alphas=20, callback=kill)
        assert len(alive) == 1
        np.testing.assert_array_equal(path.coefs, expected.coefs)


# Memory


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak")
@pytest.mark.thread_unsafe(reason="starts a process")
@pytest.mark.parametrize("order", ["F", "C"])
def test_200_mb_on_disk_are_solved_in_20(tmp_path, order):
    code = f"""
        import numpy as np
        import fastreg as fr

        def peak():
            with open("/proc/self/status") as lines:
                return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

        rng = np.random.default_rng(0)
        n, p = 500, 50_000
        lines = (p, n) if {order!r} == "F" else (n, p)
        with open("X.npy", "wb") as file:
            header = {{"descr": "<f8", "fortran_order": {order == "F"}, "shape": (n, p)}}
            np.lib.format.write_array_header_1_0(file, header)
            rows = 100 if {order!r} == "F" else 1
            for _ in range(0, lines[0], rows):
                file.write(rng.standard_normal((rows, lines[1])).tobytes())
        y = rng.standard_normal(n)
        some = fr.distributed.LocalColumns("X.npy", buffer=1_000_000)
        y = some.columns(np.arange(10)).sum(axis=1) + rng.standard_normal(n)
        small = fr.distributed.LocalColumns(some.columns(np.arange(20)))
        fr.distributed.lasso_path(small, y, alphas=10)
        before = peak()
        path = fr.distributed.lasso_path(some, y, memory=8_000_000)
        taken = peak() - before
        assert all(status.converged for status in path.statuses)
        print(taken, path.counts["rounds"], path.n_columns_read, len(path))
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert run.returncode == 0, run.stderr
    taken, rounds, read, size = map(int, run.stdout.split())
    assert taken <= 20_000_000
    assert rounds <= 14
    assert read <= 14 * 50_000
    assert size == 100


# What is said


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_numbers_that_are_not_finite_name_their_column(tmp_path, value):
    X, y = wide()
    X[3, 250] = value
    np.save(tmp_path / "X.npy", X)
    place = (
        "holds (nan|NaN|inf) at row 3, column 250" if not np.isfinite(value) else "too large to add up in float64 in column 250"
    )
    with pytest.raises(ValueError, match=rf"^X .*{place};.* \(In columns 200 to 299 of .*X.npy\.\)$"):
        distributed.lasso(LocalColumns(tmp_path / "X.npy", buffer=100 * 8 * N), y, 0.1)


def test_a_design_that_fails_names_its_block(tmp_path):
    X, y = wide()

    class Broken:
        shape, dtype = X.shape, X.dtype

        def __getitem__(self, key):
            if key[1].start >= 200:
                raise KeyError("lost")
            return X[key]

    with pytest.raises(KeyError, match="lost") as caught:
        distributed.lasso(LocalColumns(Broken(), buffer=100 * 8 * N), y, 0.1)
    assert caught.value.__notes__ == ["(In columns 200 to 299 of X.)"]
    np.save(tmp_path / "X.npy", X)
    design = LocalColumns(tmp_path / "X.npy", buffer=100 * 8 * N)
    with open(tmp_path / "X.npy", "rb+") as file:
        file.truncate(70_000)
    with pytest.raises(ValueError, match=r"X.npy ends before its last number; .* \(In columns 200 to 299 of"):
        distributed.lasso(design, y, 0.1)


@pytest.mark.parametrize("X", [np.ones(3), np.ones((0, 3)), np.ones((2, 2), complex), "nothing.npy"])
def test_what_is_no_matrix(X):
    with pytest.raises((TypeError, ValueError, OSError)):
        distributed.lasso(LocalColumns(X), np.ones(2), 0.1)


@pytest.mark.parametrize("X", [3, None, {}, [], [[1.0, 2.0]], sparse.csc_array(np.eye(3))])
def test_what_columns_cannot_be_read_from(X):
    with pytest.raises(
        TypeError, match=rf"^X is (a {type(X).__name__}|empty); the path of a .npy, .parquet or .zarr file, an array"
    ):
        LocalColumns(X)


def test_arguments_that_are_refused():
    X, y = wide()
    with pytest.raises(TypeError, match=r"^buffer is '16MB' \(str\); a number of bytes is needed, such as 2e9\.$"):
        LocalColumns(X, buffer="16MB")
    with pytest.raises(TypeError, match=r"^memory is True \(bool\); a number of bytes is needed, such as 2e9\.$"):
        distributed.lasso(LocalColumns(X, buffer=1e6), y, 0.1, memory=True)
    assert distributed.lasso(LocalColumns(X, buffer=1e6), y, 0.1, memory=1e8).status.converged
    with pytest.raises(TypeError, match=r"^X is a dask collection, which .*; DaskColumns\(X\) is needed\.$"):
        LocalColumns(dask_array(X, 100))
    with pytest.raises(ValueError, match=r"^X has shape \(40, 0\); at least one row and one column are needed\.$"):
        DaskColumns([], widths=[], n_rows=40)
    assert distributed.lasso([X[:, :9], X[:, 9:]], y, 0.1).coef.size == P
    for dtype in (str, complex):
        with pytest.raises(TypeError, match=r"^X\[1\] has dtype .*; real numbers are needed\.$"):
            LocalColumns([X, X.astype(dtype)])
    with pytest.raises(TypeError, match=r"^client is a str; a distributed.Client is needed\.$"):
        dask_columns(X, 100, client="tcp://127.0.0.1:8786")


def test_columns_somewhere_else_where_an_array_is_needed():
    X, y = wide()
    for there, what in ((LocalColumns(X), "a LocalColumns"), ("X.npy", "'X.npy'")):
        for call in (lambda X: fr.lasso(X, y, 0.1), lambda X: fr.ridge(X, y, 0.1), lambda X: fr.GramStats.from_data(X, y)):
            with pytest.raises(TypeError, match=rf"^X is {what}; an array is needed, or for columns somewhere else a function"):
                call(there)
    dask = pytest.importorskip("dask")
    with pytest.raises(
        TypeError, match=r"^design is a dask Delayed\w*; a dask array of rows, or DaskColumns\(X\) of columns, is n"
    ):
        distributed.lasso(dask.delayed(X), y, 0.1)


def test_what_a_design_says_of_itself(tmp_path):
    X, _ = wide()
    np.save(tmp_path / "X.npy", X)
    assert repr(LocalColumns(X, buffer=1e5)) == "LocalColumns(X, n=40, p=400, float64, 2 blocks)"
    assert repr(LocalColumns([tmp_path / "X.npy"] * 2)).endswith("X.npy and 1 more, n=40, p=800, float64, 2 blocks)")
    assert repr(dask_columns(X, 100)) == "DaskColumns(n=40, p=400, float64, 4 blocks)"


def test_the_index_of_pandas_is_no_column(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    X, y = wide(p=6)
    frame = pd.DataFrame(X, columns=list("abcdef")).iloc[::-1]
    for k, one in enumerate((frame, frame.assign(id=np.arange(N) % 7).set_index("id"), frame[frame.a > -9.0])):
        one.to_parquet(tmp_path / f"{k}.parquet")
        design = LocalColumns(tmp_path / f"{k}.parquet")
        assert design.feature_names == tuple("abcdef")
        np.testing.assert_array_equal(design.columns(np.arange(6)), X[::-1])
        assert fr.GramStats.from_parquet(tmp_path / f"{k}.parquet", "a").feature_names == tuple("bcdef")
    assert fr.GramStats.from_parquet(tmp_path / "1.parquet", "a", columns=["b", "id"]).n_features == 2
    y = pd.Series(y, frame.index)
    fit = distributed.lasso(tmp_path / "0.parquet", y, 0.1)
    np.testing.assert_allclose(fit.predict(frame), fit.predict(tmp_path / "0.parquet"))


def test_files_that_cannot_be_read(tmp_path):
    for name in ("X.npy", "X.parquet", "X.zarr"):
        (tmp_path / name).write_text("nothing of the kind")
        pytest.importorskip({"X.parquet": "pyarrow", "X.zarr": "zarr"}.get(name, "numpy"))
        with pytest.raises(ValueError, match=rf"{name} is not an? \S+ (file|array) that can be read \("):
            LocalColumns(tmp_path / name)
    with pytest.raises(ValueError, match=r"X.h5 is an HDF5 file, which may hold several arrays; LocalColumns\(h5py.File\(path"):
        LocalColumns(tmp_path / "X.h5")


def test_a_buffer_holds_what_integers_become():
    X, _ = wide()
    assert repr(LocalColumns(X.astype(np.int8), buffer=9 * 40 * 100)).endswith("int8, 4 blocks)")


def test_rows_that_differ(tmp_path):
    with pytest.raises(ValueError, match=r"^X\[0\] has 3 rows but X\[1\] has 4\.$"):
        LocalColumns([np.ones((3, 2)), np.ones((4, 2))])
