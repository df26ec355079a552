"""Data frames, Arrow tables and tensors: what is taken without a copy, what is refused, and the names of columns."""

import datetime
import decimal
import sys
import types

import numpy as np
import pytest
from conftest import problem
from scipy import sparse
from test_input import refusal
from test_sparse_input import check

import fastreg as fr
from fastreg import _input

# they are in the extra `test`, so that only a partial installation skips this
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

X, Y = problem(12, 4)
NAMES = ("a", "b", "c", "d")


def arrow(A, names=NAMES, kind=None):
    """A pyarrow table of the columns of A."""
    return (kind or pa.Table).from_arrays([pa.array(A[:, j]) for j in range(A.shape[1])], names=list(names))


FRAMES = {
    "pandas": lambda A: pd.DataFrame(A, columns=NAMES),
    "pandas by columns": lambda A: pd.concat([pd.DataFrame({name: A[:, j]}) for j, name in enumerate(NAMES)], axis=1),
    "pandas Arrow": lambda A: pd.DataFrame(A, columns=NAMES).astype(pd.ArrowDtype(pa.from_numpy_dtype(A.dtype))),
    "pandas slice": lambda A: pd.DataFrame(np.repeat(A, 2, axis=0), columns=NAMES)[::2],
    "polars": lambda A: pl.DataFrame(A, schema=NAMES),
    "polars by columns": lambda A: pl.DataFrame({name: A[:, j] for j, name in enumerate(NAMES)}),
    "polars in chunks": lambda A: pl.concat(
        [pl.DataFrame(A[:5], schema=NAMES), pl.DataFrame(A[5:], schema=NAMES)], rechunk=False
    ),
    "pyarrow": arrow,
    "pyarrow batch": lambda A: arrow(A, kind=pa.RecordBatch),
    "pyarrow in chunks": lambda A: pa.concat_tables([arrow(A[:5]), arrow(A[5:])]),
}
every_frame = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
VECTORS = {
    "pandas": pd.Series,
    "pandas Arrow": lambda y: pd.Series(y, dtype=pd.ArrowDtype(pa.from_numpy_dtype(y.dtype))),
    "pandas index": pd.Index,
    "polars": lambda y: pl.Series("y", y),
    "pyarrow": pa.array,
    "pyarrow in chunks": lambda y: pa.chunked_array([y[:5], y[5:]]),
}
every_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)


# Frames that are taken


@every_frame
@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i4", "i8", "u8", "?"])
def test_every_frame_and_dtype_is_read_as_its_numbers(frame, dtype):
    A = np.abs(X * 3).astype(dtype)
    found, names = _input.design(frame(A))
    assert names == NAMES
    assert all(type(name) is str for name in names)
    assert found.dtype == (np.float32 if dtype == "f4" else np.float64)
    np.testing.assert_array_equal(found, A.astype(float))


@pytest.mark.parametrize("frame", [FRAMES["pandas"], FRAMES["pyarrow"]])
def test_half_precision_is_read_as_its_numbers(frame):
    half = X.astype(np.float16)
    found = _input.design(frame(half))[0]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, half)


@every_vector
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "u8", "?"])
def test_every_vector_and_dtype_is_read_as_its_numbers(vector, dtype):
    y = np.abs(Y * 3).astype(dtype)
    found = _input.target(vector(y), 12)
    assert found.dtype == (np.float32 if dtype == "f4" else np.float64)
    np.testing.assert_array_equal(found, y.astype(float))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_frame_of_one_block_is_not_copied(dtype):
    frame = pd.DataFrame(X.astype(dtype), columns=NAMES)
    assert np.shares_memory(_input.design(frame)[0], frame.to_numpy(copy=False))
    A = np.asfortranarray(X, dtype)
    assert np.shares_memory(_input.design(pl.DataFrame(A, schema=NAMES))[0], A)
    assert np.shares_memory(_input.design(pd.DataFrame(A, copy=False))[0], A)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_vector_of_one_block_is_not_copied(dtype):
    y = Y.astype(dtype)
    for vector in (pd.Series(y, copy=False), pl.Series("y", y), pa.array(y)):
        found = _input.target(vector, 12)
        again = _input.target(vector, 12)
        assert np.shares_memory(found, again)


MIXED = {
    "a": np.array([1, 2, 3], np.int64),
    "b": np.array([True, False, True]),
    "c": np.array([0.5, -1, 2]),
    "d": np.array([4, 5, 6.5], np.float32),
}


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_columns_of_several_dtypes_become_float64(frame):
    found = _input.design(frame(MIXED))[0]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.column_stack(list(MIXED.values())))


def test_nullable_columns_without_missing_values_are_numbers():
    frame = pd.DataFrame(MIXED).convert_dtypes()
    assert not any(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
    np.testing.assert_array_equal(_input.design(frame)[0], np.column_stack(list(MIXED.values())))
    single = _input.design(pd.DataFrame({"a": pd.array([1, 2.5], dtype="Float32")}))[0]
    assert single.dtype == np.float32


def test_objects_that_are_numbers_and_decimals_are_numbers():
    values = [decimal.Decimal("1.50"), decimal.Decimal("-2.25")]
    for frame in (
        pd.DataFrame({"a": values, "b": [1, 2]}),
        pl.DataFrame({"a": values, "b": [1, 2]}),
        pa.table({"a": values, "b": [1, 2]}),
    ):
        np.testing.assert_array_equal(_input.design(frame)[0], [[1.5, 1], [-2.25, 2]])


@every_frame
@pytest.mark.parametrize("fit", [fr.lasso, fr.ridge])
def test_a_fit_takes_frames_and_leaves_them_as_they_were(frame, fit):
    x, y = frame(X), pd.Series(Y)
    before = _input.matrix(x).tobytes(), y.to_numpy().tobytes()
    np.testing.assert_allclose(fit(x, y, 0.1).coef, fit(X, Y, 0.1).coef, rtol=1e-12)
    assert (_input.matrix(x).tobytes(), y.to_numpy().tobytes()) == before


@pytest.mark.parametrize("name", sorted(FRAMES.keys() - {"pandas Arrow"}))  # to pandas NaN is a missing value there
def test_NaN_in_a_float_column_is_found_like_any_NaN(name):
    A = X.copy()
    A[3, 2] = np.nan
    with refusal(ValueError, "X holds NaN at row 3, column 2; finite numbers are needed."):
        fr.lasso(FRAMES[name](A), Y, 0.1)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(X),
        pd.DataFrame(X, columns=["a", "b", "c", 4]),
        pd.DataFrame(X, columns=pd.MultiIndex.from_tuples([("a", k) for k in range(4)])),
        pd.Series(Y).to_frame(0),
        X.tolist(),
    ],
)
def test_columns_have_names_only_if_all_are_strings(frame):
    assert _input.design(frame)[1] is None


def test_a_column_called_like_a_method_is_a_column():
    frame = pd.DataFrame(X, columns=["tocsc", "toarray", "__dlpack__", "format"])
    np.testing.assert_array_equal(_input.design(frame)[0], X)


# Sparse frames


def sparse_frame(fill=0.0, **columns):
    return pd.DataFrame({name: pd.arrays.SparseArray(values, fill_value=fill) for name, values in columns.items()})


def test_a_frame_of_sparse_columns_is_sparse():
    found, names = _input.design(sparse_frame(a=[0.0, 1, 0], b=[2.0, 0, 0]))
    assert names == ("a", "b")
    check(found, np.array([[0.0, 2], [1, 0], [0, 0]]))
    check(_input.design(pd.get_dummies(pd.Series([*"xyx"]), sparse=True))[0], np.array([[1.0, 0], [0, 1], [1, 0]]))
    fit = fr.lasso(X[:, :2], Y, 0.1)
    frame = sparse_frame(a=[0.0, 1, 0], b=[2.0, 0, 0])
    np.testing.assert_array_equal(fit.predict(frame), fit.predict(frame.to_numpy()))


def test_sparse_columns_that_cannot_be_taken_are_refused():
    with refusal(ValueError, "Column 'a' of X is sparse with fill value nan; 0 is needed."):
        _input.design(sparse_frame(np.nan, a=[np.nan, 1.0]))
    mixed = sparse_frame(a=[0.0, 1], b=[1.0, 0]).assign(c=[1.0, 2.0])
    with refusal(TypeError, "X has sparse columns beside dense ones such as 'c'; all or none of them may be sparse."):
        _input.design(mixed)
    with refusal(TypeError, "X is a sparse DataFrame; a dense one is needed, for example X.sparse.to_dense()."):
        _input.matrix(sparse_frame(a=[0.0, 1]))
    with refusal(TypeError, "X is complex (complex128); real numbers are needed."):
        _input.design(sparse_frame(0j, a=[0j, 1j]))


# Columns that are refused

DAY = datetime.date(2020, 1, 1)
BAD = {
    "pandas strings": (pd.DataFrame({"a": [1.0], "b": ["x"]}), TypeError, "Column 'b' of X h*real numbers*"),
    "pandas objects": (
        pd.DataFrame({"a": np.array([1, "x"], object)}),
        TypeError,
        "Column 'a' of X holds objects that are not real numbers ('x' is not a number).",
    ),
    "pandas categories": (pd.DataFrame({"a": pd.Categorical([1, 2])}), TypeError, "Column 'a' of X has dtype category; *"),
    "pandas dates": (
        pd.DataFrame({"a": pd.to_datetime([DAY])}),
        TypeError,
        "Column 'a' of X has dtype datetime64[*]; real numbers are needed.",
    ),
    "pandas time zones": (
        pd.DataFrame({"a": pd.to_datetime([DAY], utc=True)}),
        TypeError,
        "Column 'a' of X has dtype datetime64[*, UTC]; *",
    ),
    "pandas durations": (
        pd.DataFrame({"a": pd.to_timedelta([1], "s")}),
        TypeError,
        "Column 'a' of X has dtype timedelta64[*]; *",
    ),
    "pandas complex": (pd.DataFrame({5: [1j]}), TypeError, "Column 5 of X has dtype complex128; real numbers are needed."),
    "pandas Arrow strings": (
        pd.DataFrame({"a": pd.array(["x"], dtype=pd.ArrowDtype(pa.string()))}),
        TypeError,
        "Column 'a' of X has dtype string[pyarrow]; *",
    ),
    "pandas NA": (
        pd.DataFrame({"a": [1.0, 2.0], "b": pd.array([1, None], dtype="Int64")}),
        ValueError,
        "Column 'b' of X has a missing value at row 1; fill or drop it first.",
    ),
    "pandas Arrow NA": (
        pd.DataFrame({"a": pd.array([None, 1.0], dtype=pd.ArrowDtype(pa.float64()))}),
        ValueError,
        "Column 'a' of X has a missing value at row 0; *",
    ),
    "pandas None": (pd.DataFrame({"a": np.array([True, None])}), ValueError, "Column 'a' of X has a missing value at row 1; *"),
    "pandas NA object": (
        pd.DataFrame({"a": np.array([1, pd.NA])}),
        ValueError,
        "Column 'a' of X has a missing value at row 1; *",
    ),
    "pandas twice the name": (
        pd.DataFrame([[1.0, "x"]], columns=["a", "a"]).astype({"a": object}),
        TypeError,
        "Column 'a' of X holds objects that are not real numbers ('x' is not a number).",
    ),
    "pandas rows": (pd.DataFrame(X)[:0], ValueError, "X is empty (shape (0, 4)); *"),
    "pandas columns": (pd.DataFrame(X)[[]], ValueError, "X is empty (shape (12, 0)); *"),
    "pandas series": (pd.Series(Y), ValueError, "X has 1 dimension (shape (12,)); *"),
    "polars strings": (pl.DataFrame({"a": ["x"]}), TypeError, "Column 'a' of X has dtype String; real numbers are needed."),
    "polars dates": (pl.DataFrame({"a": [DAY]}), TypeError, "Column 'a' of X has dtype Date*; real numbers are needed."),
    "polars categories": (
        pl.DataFrame({"a": pl.Series(["x"], dtype=pl.Categorical)}),
        TypeError,
        "Column 'a' of X has dtype Categorical*; *",
    ),
    "polars nothing": (pl.DataFrame({"a": [None]}), TypeError, "Column 'a' of X has dtype Null; real numbers are needed."),
    "polars null": (
        pl.DataFrame({"a": [0.0, 1.0], "b": [1.5, None]}),
        ValueError,
        "Column 'b' of X has a missing value at row 1; fill or drop it first.",
    ),
    "polars null integer": (pl.DataFrame({"a": [None, 1]}), ValueError, "Column 'a' of X has a missing value at row 0; *"),
    "polars no columns": (pl.DataFrame(), ValueError, "X is empty (shape (0, 0)); *"),
    "polars lazy": (
        pl.LazyFrame({"a": [1.0]}),
        TypeError,
        "X is a polars LazyFrame, which would be computed whole; pass X.collect() to agree.",
    ),
    "pyarrow strings": (pa.table({"a": ["x"]}), TypeError, "Column 'a' of X has dtype string; real numbers are needed."),
    "pyarrow dictionary": (
        pa.table({"a": pa.array([1.0]).dictionary_encode()}),
        TypeError,
        "Column 'a' of X has dtype dictionary*; *",
    ),
    "pyarrow dates": (pa.table({"a": [DAY]}), TypeError, "Column 'a' of X has dtype date32*; *"),
    "pyarrow null": (
        pa.table({"a": pa.chunked_array([[1.0, 2.0], [3.0, None]])}),
        ValueError,
        "Column 'a' of X has a missing value at row 3; fill or drop it first.",
    ),
    "pyarrow null decimal": (
        pa.table({"a": [None, decimal.Decimal("1.5")]}),
        ValueError,
        "Column 'a' of X has a missing value at row 0; *",
    ),
    "pyarrow array": (pa.array(Y), ValueError, "X has 1 dimension (shape (12,)); *"),
}
BAD_Y = {
    "pandas strings": (pd.Series(["x"] * 12, dtype="string"), TypeError, "y has dtype string; real numbers are needed."),
    "pandas categories": (pd.Series(pd.Categorical([1] * 12)), TypeError, "y has dtype category; *"),
    "pandas NA": (
        pd.Series([1, None] * 6, dtype="Int64"),
        ValueError,
        "y has a missing value at row 1; fill or drop it first.",
    ),
    "pandas objects": (pd.Series([1, "x"] * 6, dtype=object), TypeError, "y holds objects that are not real numbers (*)."),
    "pandas short": (pd.Series(Y[:5]), ValueError, "X has 12 rows but y has 5 entries."),
    "polars strings": (pl.Series(["x"] * 12), TypeError, "y has dtype String; *"),
    "polars null": (pl.Series([1.0, None] * 6), ValueError, "y has a missing value at row 1; *"),
    "pyarrow null": (pa.array([1, None] * 6), ValueError, "y has a missing value at row 1; *"),
    "pyarrow strings": (pa.chunked_array([["x"] * 12]), TypeError, "y has dtype string; *"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_frames_are_refused(name):
    bad, *expected = BAD[name]
    with refusal(*expected):
        _input.design(bad)


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_vectors_are_refused(name):
    bad, *expected = BAD_Y[name]
    with refusal(*expected):
        fr.lasso(X, bad, 0.1)


# Names in predictions


@pytest.fixture
def named():
    """Fits that know the names of their columns."""
    from dataclasses import replace

    path = replace(fr.lasso_path(X, Y, alphas=3), feature_names=NAMES)
    return [replace(fr.lasso(X, Y, 0.1), feature_names=NAMES), path, path[1]]


def test_a_fit_of_a_path_keeps_the_names(named):
    assert named[2].feature_names == NAMES
    assert fr.lasso_path(X, Y, alphas=3)[0].feature_names is None


@every_frame
def test_frames_give_the_predictions_of_arrays(named, frame):
    for fit in named:
        np.testing.assert_allclose(fit.predict(frame(X)), fit.predict(X), rtol=0, atol=1e-14)


def test_names_that_differ_from_those_of_the_fit_are_refused(named):
    good = pd.DataFrame(X, columns=NAMES)
    for fit in named:
        with refusal(ValueError, "X has 'c' as column 1; 'b' is needed, as in the fit."):
            fit.predict(good[["a", "c", "b", "d"]])
        with refusal(ValueError, "X has 'z' as column 3; 'd' is needed, as in the fit."):
            fit.predict(pl.DataFrame(X, schema=["a", "b", "c", "z"]))
        with refusal(ValueError, "X has 'z' as column 0; 'a' is needed, as in the fit."):
            fit.predict(sparse_frame(z=[0.0], b=[1.0], c=[0.0], d=[0.0]))
        with refusal(ValueError, "X has shape (12, 3); (n, 4) is needed, as in the fit."):
            fit.predict(good[["a", "b", "c"]])


def test_names_are_compared_only_where_both_have_some(named):
    other = pd.DataFrame(X, columns=[*"wxyz"])
    np.testing.assert_allclose(fr.lasso(X, Y, 0.1).predict(other), named[0].predict(X), rtol=0, atol=1e-14)
    for nameless in (pd.DataFrame(X), sparse.csc_array(X), X.tolist()):
        np.testing.assert_allclose(named[0].predict(nameless), named[0].predict(X), rtol=0, atol=1e-14)


# Tensors, lazy arrays, and packages that are not there


class Tensor:
    """An array of another package."""

    __module__ = "torch"

    def __init__(self, array, device=1, requires_grad=False):
        self.array, self.device, self.requires_grad = array, device, requires_grad

    def __dlpack_device__(self):
        return self.device, 0

    def __dlpack__(self, **options):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return self.array.__dlpack__(**options)


class Closed:
    """An array that does not want to be one of numpy."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("use the todense method")


class Half(Tensor):
    """One whose dtype numpy does not know."""

    def __dlpack__(self, **options):
        raise BufferError("unsupported dtype")

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Got unsupported ScalarType BFloat16")


class Meta(Tensor):
    """One without numbers."""

    __module__ = "torch"

    def __dlpack_device__(self):
        raise ValueError("Unknown device type meta")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_tensors_are_not_copied(dtype, order):
    A = np.array(X, dtype, order=order)
    found, names = _input.design(Tensor(A))
    assert np.shares_memory(found, A)
    assert names is None
    np.testing.assert_array_equal(found, A)
    assert _input.design(Tensor(A.astype(np.int32)))[0].dtype == np.float64
    np.testing.assert_array_equal(fr.lasso(Tensor(A), Tensor(Y), 0.1).coef, fr.lasso(A, Y, 0.1).coef)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (Tensor(X, requires_grad=True), "X is a torch Tensor that requires grad; pass X.detach(), which has the same memory."),
        (Tensor(X, device=2), "X is a torch Tensor on another device (DLPack type 2); move it to the CPU first."),
        (Meta(X), "X is a torch Meta on a device that numpy cannot read (Unknown device type meta); move it to the CPU first."),
        (Half(X), "X is a Half that numpy cannot turn into an array (Got unsupported ScalarType BFloat16)."),
        (Closed(), "X is a Closed that numpy cannot turn into an array (use the todense method)."),
        (Tensor(X + 0j), "X is complex (complex128); real numbers are needed."),
    ],
)
def test_tensors_that_cannot_be_read_are_refused(tensor, message):
    with refusal(TypeError, message):
        _input.design(tensor)


class Writable(Tensor):
    """What torch's tensors have, to be written to."""

    __module__ = "torch"

    def __init__(self, array, device="cpu", requires_grad=False):
        super().__init__(array, device, requires_grad)

    def __dlpack_device__(self):
        return 1, 0

    def numpy(self):
        if not isinstance(self.array, np.ndarray):
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.array[...]


@pytest.fixture
def torch(monkeypatch):
    module = types.ModuleType("torch")
    module.Tensor = Writable
    monkeypatch.setitem(sys.modules, "torch", module)


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_results_go_into_tensors(dtype):
    """In place and from elsewhere, by maps of entries, lines, groups and matrices; the tensor itself comes back."""
    prox = fr.prox
    for function, *arguments in (
        (prox.l1, 0.5),
        (prox.scad, 0.5),
        (prox.l2, 0.5),
        (prox.linf, 0.5),
        (prox.group_l2, 0.5, np.arange(len(X)) % 3),
        (prox.nuclear, 0.5),
        (prox.project_l1_ball, 1.0),
        (prox.box, -0.5, 0.5),
        (fr.normalize,),
    ):
        x = X.astype(dtype)
        expected, w = function(x.copy(), *arguments), Writable(x.copy())
        assert function(w, *arguments, out=w) is w
        np.testing.assert_array_equal(w.array, expected)
        other = Writable(np.zeros_like(x))
        assert function(x, *arguments, out=other) is other
        np.testing.assert_array_equal(other.array, expected)
    zeros = Writable(np.zeros(4))
    assert fr.subgradient(zeros, "l2", at_zero=0.5, out=zeros) is zeros
    np.testing.assert_array_equal(zeros.array, np.full(4, 0.5))


@pytest.mark.usefixtures("torch")
@pytest.mark.thread_unsafe(reason="measures memory of the process")
def test_a_tensor_in_place_is_not_copied():
    import tracemalloc

    w = Writable(np.ones((500, 100)))
    fr.prox.l1(w, 0.1, out=w)
    tracemalloc.start()
    fr.prox.l1(w, 0.1, out=w)
    fr.prox.project_l1_ball(w, 1.0, axis=1, out=w)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


@pytest.mark.usefixtures("torch")
@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (
            Writable(X, requires_grad=True),
            TypeError,
            "out is a torch Writable that requires grad; pass out.detach(), which has the same memory.",
        ),
        (Writable(X, device="cuda:0"), TypeError, "out is a torch Writable on device cuda:0; one on the CPU is needed."),
        (
            Writable(None),
            TypeError,
            "out is a torch Writable that numpy cannot write to (Got unsupported ScalarType BFloat16).",
        ),
        (
            Writable(X.astype(np.float16)),
            ValueError,
            f"out has shape {X.shape} and dtype float16; {X.shape} and float64 are needed, which all but float32 become.",
        ),
    ],
)
def test_tensors_that_cannot_receive_are_refused(out, error, message):
    with refusal(error, message):
        fr.prox.l1(X, 0.1, out=out)


@pytest.mark.parametrize("module", ["dask.array.core", "dask.dataframe.core", "dask_expr._collection"])
def test_dask_is_not_computed_unasked(module):
    lazy = type("DataFrame", (), {"__module__": module, "__array__": lambda self, *_, **__: X, "columns": NAMES})()
    message = "X is a {} DataFrame, which would be computed whole; pass X.compute() to agree, or see fastreg.distributed."
    with refusal(TypeError, message.format(module.partition(".")[0])):
        _input.design(lazy)


def test_xarray_is_computed_unasked_only_where_it_holds_an_array():
    array = type(
        "DataArray", (), {"__module__": "xarray.core.dataarray", "__array__": lambda self, *_, **__: X, "chunks": None}
    )
    assert _input.design(array())[0] is X
    array.chunks = ((12,), (4,))
    with refusal(TypeError, "X is a xarray DataArray, which would be computed whole; pass X.compute() to agree."):
        _input.design(array())


def test_a_package_that_is_just_being_imported_is_no_obstacle(monkeypatch):
    for name in ("pandas", "polars", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    np.testing.assert_array_equal(_input.design(X.tolist())[0], X)
