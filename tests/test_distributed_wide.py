"""fastreg.distributed for wide data: fits are those of X in memory, few columns travel, and wrong designs are told."""

import doctest
import importlib
import subprocess
import sys
import textwrap
from itertools import pairwise

import numpy as np
import pytest
import reference as ref
from conftest import OPTIONS, judged, options_for, problem
from kkt import assert_optimal
from scipy import sparse

import fastreg as fr
from fastreg import distributed
from fastreg.distributed import DaskColumns, LocalColumns

N, P = 40, 400
SAME = 1e-10  # two solves to a gap near rounding


class Counting:
    """A design in numpy that keeps the rules of the protocol to the letter, checks that the client does, and counts."""

    def __init__(self, X):
        self.X, self.shape = ref.array(X), X.shape
        self.asked, self.read, self.fetched = [], 0, []

    def moments(self, y, root, center):
        self.asked.append("moments")
        root = np.ones(len(y)) if root is None else root
        assert y.shape == root.shape == (self.shape[0],)
        mean = (root**2 @ self.X) / (root @ root) if center else 0.0
        A = root[:, None] * (self.X - mean)
        A[:, np.ptp(self.X[root > 0.0], axis=0) == 0] *= not center
        return np.linalg.norm(A, axis=0), y @ A

    def reach(self, question):
        Q, low, high, center, columns = question
        self.asked.append("reach")
        assert Q.flags.c_contiguous
        assert Q.shape[1] == self.shape[0]
        assert not center or np.abs(Q.sum(axis=1)).max() <= 1e-12 * np.abs(Q).sum(axis=1).max()
        for limit in (low, high):
            assert np.shape(limit) in ((), (self.shape[1],))
        columns = np.arange(self.shape[1]) if columns is None else columns
        assert (np.diff(columns) > 0).all()
        self.read += len(columns)
        products = Q @ (self.X - self.X[0] * center)
        found = np.flatnonzero(((products <= low) | (products >= high)).any(axis=0))
        found = np.intersect1d(found, columns)
        return found, products[:, found]

    def columns(self, indices):
        self.asked.append("columns")
        self.fetched += indices.tolist()
        return self.X[:, indices]


def wide(n=N, p=P, seed=0, **options):
    return problem(n, p, seed, **options)


def assert_same_path(path, other, tol=SAME):
    np.testing.assert_allclose(path.alphas, other.alphas, rtol=tol)
    np.testing.assert_allclose(path.coefs, other.coefs, atol=tol * max(1.0, np.abs(other.coefs).max()))
    np.testing.assert_allclose(path.intercepts, other.intercepts, atol=tol * max(1.0, np.abs(other.intercepts).max()))
    np.testing.assert_allclose(path.deviance_ratio, other.deviance_ratio, atol=tol)
    np.testing.assert_allclose(path.log_mse, other.log_mse, atol=1e-7)
    assert (path.n_rows, path.n_features, path.n_candidates) == (other.n_rows, other.n_features, other.n_candidates)
    np.testing.assert_array_equal(path.always_in, other.always_in)


# The same fits as in memory


OFFERED = [name for name in OPTIONS if "Gram" not in name]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("name", OFFERED)
def test_a_fit_is_optimal_under_every_option(name, l1_ratio):
    X, y = wide(offset=2.0)
    options = options_for(name, X)
    alpha = 0.2
    fit = distributed.elastic_net(Counting(X), y, alpha, l1_ratio=l1_ratio, tol=1e-10, **options)
    assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, tol=1e-10, **judged(options))
    same = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=1e-13, **options)
    assert fit.objective == pytest.approx(same.objective, rel=1e-9)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize(
    "name", [name for name in OFFERED if name not in ("two factors", "bounds without 0") and "all" not in name]
)
def test_a_path_is_that_of_x_in_memory(name, l1_ratio):
    X, y = wide(offset=2.0)
    options = options_for(name, X)
    options = {"alphas": 30, "alpha_min_ratio": 0.1, "l1_ratio": l1_ratio, "tol": 1e-13, **options}
    path = distributed.elastic_net_path(LocalColumns(X, buffer=10_000), y, **options)
    assert_same_path(path, fr.elastic_net_path(X, y, **options), 1e-8)
    for k in (0, 12, 29):
        assert_optimal(X, y, path[k], path.alphas[k], l1_ratio=l1_ratio, tol=1e-9, **judged({
            name: value for name, value in options.items() if name not in ("alphas", "alpha_min_ratio", "l1_ratio")
        }))  # fmt: skip


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


# Dask


def dask_columns(X, chunk, **options):
    da = pytest.importorskip("dask.array")
    return DaskColumns(da.from_array(X, chunks=(len(X), chunk)), **options)


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


# Work saved


def test_few_passes_and_few_columns():
    X, y = wide(100, 5000, seed=1)
    design = Counting(X)
    path = distributed.lasso_path(design, y)
    assert path.statuses == (fr.Status.CONVERGED,) * 100 or set(path.statuses) <= {fr.Status.CONVERGED, fr.Status.PRECISION}
    assert design.asked.count("moments") == 1
    assert path.counts["rounds"] == design.asked.count("reach") <= 8
    assert path.counts["columns_read"] == path.n_columns_read == design.read <= 8 * 5000
    assert path.counts["columns_fetched"] == len(design.fetched) == len(set(design.fetched)) <= 1500
    assert path.counts["bytes_moved"] <= 0.5 * X.nbytes


def test_a_second_question_leaves_columns_out():
    """The alpha is far down: columns that the first question brings change the residual little at last."""
    X, y = wide(100, 5000, seed=1, noise=2.0)
    design = Counting(X)
    path = distributed.lasso_path(design, y, alphas=[0.01 * fr.alpha_max(X, y)])
    assert path.counts["rounds"] > 1
    assert design.read < path.counts["rounds"] * 5000


def test_alpha_max_costs_one_pass():
    X, y = wide()
    design = Counting(X)
    fit = distributed.lasso(design, y, fr.alpha_max(X, y))
    assert not fit.coef.any()
    assert design.read <= P
    assert design.asked.count("reach") <= 1


def test_copies_of_a_column_may_stay_outside():
    X, y = wide(30, 40)
    X = np.hstack([X[:, np.arange(4000) % 40]])
    design = Counting(X)
    fit = distributed.lasso(design, y, 0.1)
    assert fit.status.converged
    assert_optimal(X, y, fit, 0.1)
    assert len(design.fetched) < 1000


# Memory


def test_little_memory_makes_columns_go():
    X, y = wide(50, 3000)
    memory = int(120 * 50 * 8 / 0.7) + 8
    design = Counting(X)
    path = distributed.lasso_path(design, y, memory=memory)
    assert_same_path(path, fr.lasso_path(X, y, tol=1e-13), 1e-8)
    assert path.counts["working_set"] <= 120
    assert len(set(design.fetched)) > 120


def test_a_support_that_memory_does_not_hold():
    X, y = wide(50, 3000)
    memory = int(15 * 50 * 8 / 0.7) + 8
    message = r"memory is 8579 bytes, which hold 15 columns of 50 rows; \d+ of them are in the fit at alpha=0.01"
    with pytest.raises(ValueError, match=message):
        distributed.lasso(Counting(X), y, 0.01, memory=memory)
    with pytest.warns(UserWarning, match=r"^The path ends before that: memory is 8579 bytes"):
        path = distributed.lasso_path(Counting(X), y, memory=memory)
    assert 5 < len(path) < 100
    for k in (0, len(path) - 1):
        assert_optimal(X, y, path[k], path.alphas[k])
    with pytest.raises(ValueError, match=r"^memory is 5 bytes, which hold 0 columns of 50 rows; 1 are needed to begin with\.$"):
        distributed.lasso(Counting(X), y, 0.01, memory=5)


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


# Corners


def test_one_column_and_one_row():
    y = np.array([1.0, 3.0, 2.0, 5.0])
    x = np.array([[1.0], [2.0], [0.0], [4.0]])
    for alpha in (0.1, 10.0):
        fit = distributed.lasso(LocalColumns(x), y, alpha)
        assert fit.coef == pytest.approx(fr.lasso(x, y, alpha).coef)
    path = distributed.lasso_path(LocalColumns(np.ones((1, 5))), [3.0], alphas=3)
    assert not path.coefs.any()
    assert path.intercepts == pytest.approx(3.0)


def test_constant_and_duplicate_columns():
    X, y = wide()
    X[:, 5], X[:, 6], X[:, 7], X[:, 8] = 3.0, 0.0, X[:, 0], X[:, 1]
    for options in ({}, {"standardize": True}, {"fit_intercept": False}):
        fit = distributed.lasso(Counting(X), y, 0.1, **options)
        assert_optimal(X, y, fit, 0.1, **options)
        local = distributed.lasso(LocalColumns(X, buffer=3000), y, 0.1, **options)
        assert local.objective == pytest.approx(fit.objective)


def test_constant_y():
    X, _ = wide()
    path = distributed.lasso_path(Counting(X), np.full(N, 2.0), alphas=5)
    assert not path.coefs.any()
    assert path.intercepts.tolist() == [2.0] * 5


def test_alphas_in_any_order_and_what_ends_a_path():
    X, y = wide()
    alphas = [0.1, 0.5, 0.1, 0.9]
    path = distributed.lasso_path(Counting(X), y, alphas=alphas)
    assert path.alphas.tolist() == alphas
    assert_same_path(path, fr.lasso_path(X, y, alphas=alphas, tol=1e-13))
    for stop in ({"max_support": 9}, {"deviance_stop": 0.8}, {"callback": lambda fit: fit.support.size > 5}):
        path, other = distributed.lasso_path(Counting(X), y, **stop), fr.lasso_path(X, y, tol=1e-13, **stop)
        assert 0 < len(path) < 100
        assert_same_path(path, other)
    assert len(distributed.lasso_path(Counting(X), y, alphas=[0.1], max_support=0)) == 0


def test_warm_starts():
    X, y = wide()
    path = distributed.lasso_path(Counting(X), y, alphas=10)
    for start in (path, path[4], path[4].coef, np.full(P, 0.1)):
        fit = distributed.lasso(Counting(X), y, path.alphas[4], warm_start=start)
        np.testing.assert_allclose(fit.coef, path[4].coef, atol=SAME)


def test_a_solve_that_does_not_converge():
    X, y = wide()
    with pytest.warns(fr.ConvergenceWarning, match=r"^Not converged at alpha=0.01: the gap is .* times the objective") as found:
        fit = distributed.lasso(Counting(X), y, 0.01, max_iter=1)
    assert found[0].filename == __file__
    assert fit.status is fr.Status.MAX_ITER
    t = ref.terms(X, y, 0.01)
    assert ref.gap(t, fit.coef) <= fit.dual_gap * (1 + 1e-9)
    with pytest.warns(fr.ConvergenceWarning) as found:
        distributed.lasso_path(Counting(X), y, alphas=5, max_iter=1)
    assert found[0].filename == __file__


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

    with pytest.raises(RuntimeError, match=r"lost.* \(In columns 200 to 299 of X\.\)$"):
        distributed.lasso(LocalColumns(Broken(), buffer=100 * 8 * N), y, 0.1)
    np.save(tmp_path / "X.npy", X)
    design = LocalColumns(tmp_path / "X.npy", buffer=100 * 8 * N)
    with open(tmp_path / "X.npy", "rb+") as file:
        file.truncate(70_000)
    with pytest.raises(ValueError, match=r"X.npy ends before its last number; .* \(In columns 200 to 299 of"):
        distributed.lasso(design, y, 0.1)


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        ("moments", lambda a: (a[0][:-1], a[1]), r"^moments of X gave norms of shape \(399,\); \(400,\) is needed"),
        ("moments", lambda a: (a[0], a[1] * np.nan), r"^moments of X gave a product that is not finite for column 0\.$"),
        ("reach", lambda a: (a[0], a[1].T), r"^reach of X gave indices of shape .* with products of shape"),
        ("reach", lambda a: (a[0][::-1], a[1]), r"^reach of X gave indices that do not ascend from 0 to at most 399\.$"),
        ("reach", lambda a: (a[0], a[1] * np.inf), r"^reach of X gave products that are not finite\.$"),
        ("columns", lambda a: a[:-1], r"^columns of X gave shape \(39, 100\); \(40, 100\) is needed\.$"),
        ("columns", lambda a: a * np.nan, r"^X holds a number that is not finite in column \d+\.$"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_answers_of_a_wrong_design(method, answer, message):
    X, y = wide()
    design = Counting(X)
    right = getattr(design, method)
    setattr(design, method, lambda *arguments: answer(right(*arguments)))
    with pytest.raises(ValueError, match=message):
        distributed.lasso(design, y, 0.1)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"alpha": 0.0}, ValueError, r"^alpha is 0, or holds it; without a penalty every column is in the fit"),
        ({"alpha": -1.0}, ValueError, r"^alpha is -1.0; a finite number >= 0 is needed\.$"),
        ({"design": np.ones((4, 5))}, TypeError, r"^design is a ndarray without moments, reach, columns; LocalColumns\(X\)"),
        ({"y": np.ones((N, 2))}, ValueError, r"^y has shape \(40, 2\); a 1-d array of 40 entries is needed\.$"),
        ({"y": np.ones(3)}, ValueError, r"^X has 40 rows but y has 3 entries\.$"),
        ({"y": np.full(N, np.nan)}, ValueError, r"^y holds NaN at row 0; finite numbers are needed\.$"),
        ({"memory": 0}, ValueError, r"^memory is 0; an integer >= 1 is needed\.$"),
        ({"penalty_factor": np.ones(3)}, ValueError, r"^penalty_factor has shape \(3,\); \(400,\) is needed"),
        ({"tol": -1}, ValueError, r"^tol is -1; a finite number >= 0 is needed\.$"),
        ({"standardize": 1}, TypeError, r"^standardize is 1 \(int\); True or False is needed\.$"),
        ({"warm_start": np.ones(3)}, ValueError, r"^warm_start has coefficients of shape \(3,\)"),
    ],
)
def test_arguments_that_are_refused(change, kind, message):
    X, y = wide()
    arguments = {"design": Counting(X), "y": y, "alpha": 0.1} | change
    with pytest.raises(kind, match=message):
        distributed.lasso(**arguments)


@pytest.mark.parametrize("X", [np.ones(3), np.ones((0, 3)), np.ones((2, 2), complex), "nothing.npy"])
def test_what_is_no_matrix(X):
    with pytest.raises((TypeError, ValueError, OSError)):
        distributed.lasso(LocalColumns(X), np.ones(2), 0.1)


@pytest.mark.parametrize("X", [3, None, {}, [], [[1.0, 2.0]], sparse.csc_array(np.eye(3))])
def test_what_columns_cannot_be_read_from(X):
    with pytest.raises(TypeError, match=rf"^X is a {type(X).__name__}; the path of a .npy, .parquet or .zarr file, an array"):
        LocalColumns(X)


def test_rows_that_differ(tmp_path):
    with pytest.raises(ValueError, match=r"^X has 3 rows but X has 4\.$"):
        LocalColumns([np.ones((3, 2)), np.ones((4, 2))])


@pytest.mark.thread_unsafe(reason="doctest replaces sys.stdout")
@pytest.mark.parametrize("name", ["_wide", "_protocol", "_columns", "_remote"])
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"fastreg.distributed.{name}"))
    assert found.failed == 0
    assert found.attempted or name == "_remote"


@pytest.mark.thread_unsafe(reason="starts a process")
def test_nothing_heavy_is_imported(tmp_path):
    code = "import sys, fastreg; assert 'fastreg.distributed' not in sys.modules; fastreg.distributed.lasso\n"
    code += "assert not {'dask', 'distributed', 'zarr', 'pyarrow', 'scipy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60).returncode == 0
