"""Sparse X as compressed columns: which kinds are taken, what is shared and what is refused, with which words."""

import json
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import reference
from conftest import problem
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import sparse
from test_input import refusal

import fastreg as fr
from fastreg import _input, _sparse
from fastreg.kernels import _csc

X = np.array([[1.0, 0, 0, -2], [0, 0, 4, 0], [0.5, 0, -3, 0], [0, 0, 0, 8], [6, 0, 7, 0]])
N, P = X.shape
WIDTHS = (np.int32, np.int64)
FORMATS = ("csc", "csr", "coo", "lil", "dok", "bsr", "dia")


def triple(dtype=np.float64, indices=np.int32, indptr=np.int32, form="csc", matrix=X):
    """data, indices and indptr of a matrix in this form."""
    A = sparse.csc_array(matrix if form == "csc" else matrix.T)
    return A.data.astype(dtype), A.indices.astype(indices), A.indptr.astype(indptr)


def assembled(data, indices, indptr, form="csc", shape=X.shape, container="array"):
    """A scipy matrix with these attributes, whatever they hold: none is checked when it is set."""
    A = getattr(sparse, f"{form}_{container}")(shape)
    A.data, A.indices, A.indptr = data, indices, indptr
    return A


def given_bytes(A):
    """All that a compressed matrix holds."""
    return A.data.tobytes(), A.indices.tobytes(), A.indptr.tobytes()


def check(csc, matrix=X, dtype=np.float64):
    """csc is what design promises, and equals the matrix."""
    assert isinstance(csc, _input.Csc)
    assert csc.data.dtype == dtype
    assert csc.indices.dtype == csc.indptr.dtype
    assert csc.indices.dtype in WIDTHS
    for array in csc[:3]:
        assert type(array) is np.ndarray
        assert array.ndim == 1
        assert array.flags.c_contiguous
        assert array.flags.aligned
        assert array.dtype.isnative
    assert csc.shape == matrix.shape
    assert len(csc.indptr) == matrix.shape[1] + 1
    assert reference.first_fault(*csc[:3], matrix.shape[0]) is None
    assert not reference.has_duplicates(csc.indices, csc.indptr)
    np.testing.assert_array_equal(reference.dense(*csc[:3], matrix.shape[0]), matrix)


# Sparse X that is taken


@pytest.mark.parametrize("container", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i4", "i8", "u8", "?", "g"])
def test_every_format_and_dtype_is_read_as_its_numbers(form, container, dtype):
    matrix = np.abs(X).astype(dtype)
    with np.errstate(all="raise"):
        A = getattr(sparse, f"{form}_{container}")(sparse.coo_array(matrix))
        found, names = _input.design(A)
    assert names is None
    check(found, matrix.astype(float), np.float32 if dtype.endswith("f4") else np.float64)


@pytest.mark.parametrize("form", ["csc", "csr", "coo"])
@pytest.mark.parametrize("dtype", ["f2", ">f2", ">f4", ">f8", ">i4"])
def test_a_dtype_that_scipy_does_not_know_is_read_as_its_numbers(form, dtype):
    A = getattr(sparse, f"{form}_array")(np.round(X))
    A.data = A.data.astype(dtype)
    check(_input.design(A)[0], np.round(X), np.float32 if dtype == ">f4" else np.float64)


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_stored_is_all_zeros(form):
    check(_input.design(getattr(sparse, f"{form}_array")((3, 2)))[0], np.zeros((3, 2)))


@pytest.mark.parametrize("form", ["csc", "csr"])
@pytest.mark.parametrize("indices", ["i1", "u2", "i4", "u4", "i8", "u8", ">i4"])
@pytest.mark.parametrize("indptr", ["i2", "i4", "i8", "u8", ">i8"])
def test_indices_of_any_width_and_two_widths(form, indices, indptr):
    check(_input.design(assembled(*triple(indices=indices, indptr=indptr, form=form), form))[0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("container", ["array", "matrix"])
def test_csc_is_never_copied(dtype, width, container):
    A = assembled(*triple(dtype, width, width), container=container)
    for array in (A.data, A.indices, A.indptr):
        array.flags.writeable = False
    csc = _input.design(A)[0]
    check(csc, dtype=dtype)
    for ours, theirs in zip(csc, (A.data, A.indices, A.indptr), strict=False):
        assert np.may_share_memory(ours, theirs)
        assert len(ours) == len(theirs)


def test_memory_mapped_csc_is_never_copied(tmp_path):
    arrays = []
    for name, array in zip(("data", "indices", "indptr"), triple(), strict=True):
        np.save(tmp_path / f"{name}.npy", array)
        arrays.append(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
    csc = _input.design(assembled(*arrays))[0]
    check(csc)
    assert all(np.may_share_memory(*pair) for pair in zip(csc, arrays, strict=False))


def test_arrays_that_are_strided_or_unaligned_are_copied_once():
    data, indices, indptr = triple()
    unaligned = np.frombuffer(b"\0" + indices.tobytes(), np.uint8)[1:].view(np.int32)
    check(_input.design(assembled(np.repeat(data, 2)[::2], unaligned, indptr[::-1].copy()[::-1]))[0])


@pytest.mark.parametrize("form", ["csc", "csr"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_duplicates_are_summed_elsewhere(form, width, dtype):
    """In one column both next to one another and apart; the same row of another column is no duplicate."""
    data, indices, indptr = [1.0, 2, 4, 8, 16, 32, 64], [3, 1, 3, 3, 0, 1, 3], [0, 4, 4, 7]
    A = assembled(
        np.array(data, dtype), np.array(indices, width), np.array(indptr, width), form, (4, 3) if form == "csc" else (3, 4)
    )
    before = given_bytes(A)
    check(_input.design(A)[0], np.array(A.toarray()), dtype)
    assert given_bytes(A) == before
    if form == "csc":
        assert _input.design(A)[0].indices.tolist() == [3, 1, 0, 1, 3]


@pytest.mark.parametrize("form", ["csc", "csr"])
def test_unsorted_zero_and_surplus_entries_are_no_fault(form):
    data, indices, indptr = np.array([1.0, 0, 2, 0, 3, np.nan]), np.array([4, 0, 2, 3, 1, 99]), np.array([0, 3, 3, 5])
    A = assembled(data, indices, indptr, form, (5, 3) if form == "csc" else (3, 5))
    before = given_bytes(A)
    expected = reference.dense(data, indices, indptr, 5)
    check(_input.design(A)[0], expected if form == "csc" else expected.T)
    assert given_bytes(A) == before


def test_duplicate_triplets_of_small_integers_do_not_overflow():
    A = sparse.coo_array((np.full(3, 100, np.int8), ([0, 0, 0], [0, 0, 0])), shape=(1, 1))
    check(_input.design(A)[0], np.array([[300.0]]))
    assert A.data.tolist() == [100, 100, 100]


def foreign(csc, **changes):
    """A matrix of another package, which tocsc turns into csc."""
    return type("Foreign", (), {"shape": X.shape, "tocsc": lambda self: csc} | changes)()


def test_anything_with_tocsc_is_taken():
    check(_input.design(foreign(sparse.csc_matrix(X)))[0])


@pytest.mark.thread_unsafe(reason="starts a process")
def test_csc_of_another_package_needs_no_scipy(tmp_path):
    program = """
        import json, sys
        import numpy as np
        from fastreg import _input
        class Columns:
            format, shape = "csc", (3, 2)
            data, indices, indptr = np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 1, 2])
            def tocsc(self):
                raise AssertionError
        csc = _input.design(Columns())[0]
        print(json.dumps([csc.indices.tolist(), csc.data is Columns.data, "scipy" in sys.modules]))
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(result.stdout) == [[2, 0], True, False]


def test_an_array_costs_no_more_than_its_checks():
    found, names = _input.design(X)
    assert found is X
    assert names is None


# Sparse X that is refused


def fault(error, message, form="csc", shape=X.shape, **changes):
    """A matrix with some attributes changed, and the error that it makes."""
    arrays = dict(zip(("data", "indices", "indptr"), triple(form=form), strict=True)) | changes
    return assembled(**{name: np.asarray(a) for name, a in arrays.items()}, form=form, shape=shape), error, message


DATA, INDICES, INDPTR = triple()  # indices 0 2 4 | | 1 2 4 | 0 3
ROWS = triple(form="csr")  # indices 0 3 | 2 | 0 2 | 3 | 0 2


def put(array, at, value):
    """A copy of array with one entry changed."""
    copy = array.copy()
    copy[at] = value
    return copy


BAD = {
    "row above": fault(ValueError, "X.indices[3] is 5 in column 2; a row from 0 to 4 is needed.", indices=put(INDICES, 3, 5)),
    "row below": fault(ValueError, "X.indices[7] is -1 in column 3; *", indices=put(INDICES, 7, -1)),
    "row beyond int64": fault(ValueError, "X.indices[0] is -1 in column 0; *", indices=put(INDICES.astype("u8"), 0, 2**64 - 1)),
    "column above": fault(
        ValueError,
        "X.indices[2] is 4 in row 1; a column from 0 to 3 is needed.",
        "csr",
        indices=put(ROWS[1], 2, 4),
    ),
    "column below": fault(ValueError, "X.indices[2] is -9 in row 1; *", "csr", indices=put(ROWS[1], 2, -9)),
    "start": fault(ValueError, "X.indptr starts with 1; 0 is needed.", indptr=put(INDPTR, 0, 1)),
    "negative start": fault(ValueError, "X.indptr starts with -4; *", "csr", indptr=put(ROWS[2], 0, -4)),
    "decrease": fault(
        ValueError,
        "X.indptr[2] is 2; at least 3, the entry before it, is needed.",
        indptr=put(INDPTR, 2, 2),
    ),
    "negative": fault(ValueError, "X.indptr[5] is -8; *", "csr", indptr=put(ROWS[2], 5, -8)),
    "too long": fault(ValueError, "X.indptr[4] is 9 but X.indices has 8 entries.", indptr=put(INDPTR, 4, 9)),
    "much too long": fault(ValueError, "X.indptr[1] is 2147483647 but *", "csr", indptr=put(ROWS[2], 1, 2**31 - 1)),
    "short indptr": fault(ValueError, "X.indptr has 4 entries; 5 are needed for 4 columns.", indptr=INDPTR[:-1]),
    "long indptr": fault(ValueError, "X.indptr has 7 entries; 6 are needed for 5 rows.", "csr", indptr=[*ROWS[2], 8]),
    "no indptr": fault(ValueError, "X.indptr has 0 entries; 5 are needed *", indptr=INDPTR[:0]),
    "short data": fault(ValueError, "X.indices has 8 entries but X.data has 7.", data=DATA[:-1]),
    "short indices": fault(ValueError, "X.indices has 7 entries but X.data has 8.", "csr", indices=ROWS[1][:-1]),
    "2-d data": fault(ValueError, "X.data has shape (8, 1); a 1-d array is needed.", data=DATA[:, None]),
    "2-d indices": fault(ValueError, "X.indices has shape (1, 8); *", "csr", indices=ROWS[1][None]),
    "0-d indptr": fault(ValueError, "X.indptr has shape (); *", indptr=0),
    "float indices": fault(TypeError, "X.indices has dtype float64; integers are needed.", indices=INDICES * 1.0),
    "bool indptr": fault(TypeError, "X.indptr has dtype bool; *", indptr=INDPTR > 0),
    "object indices": fault(TypeError, "X.indices has dtype object; *", "csr", indices=ROWS[1].astype(object)),
    "complex": fault(TypeError, "X is complex (complex64); real numbers are needed.", data=DATA.astype("F")),
    "complex rows": fault(TypeError, "X is complex (complex128); *", "csr", data=DATA + 0j),
    "objects": fault(TypeError, "X has dtype object; real numbers are needed.", data=DATA.astype(object)),
    "strings": fault(TypeError, "X has dtype <U*; real numbers are needed.", data=DATA.astype(str)),
    "NaN": fault(ValueError, "X holds NaN at row 1, column 2; finite numbers are needed.", data=put(DATA, 3, np.nan)),
    "inf": fault(ValueError, "X holds inf at row 1, column 2; *", "csr", data=put(ROWS[0], 2, np.inf)),
    "-inf, float32": fault(ValueError, "X holds -inf at row 3, column 3; *", data=put(DATA.astype("f4"), 7, -np.inf)),
    "sum": fault(
        ValueError,
        "X has duplicate entries whose sum leaves the range of float64; rescale them.",
        data=put(put(DATA, 3, 1e308), 4, 1e308),
        indices=put(INDICES, 4, 1),
    ),
    "no rows": (sparse.csc_array((0, 4)), ValueError, "X is empty (shape (0, 4)); at least one row and one column are needed."),
    "no columns": (sparse.csr_matrix((4, 0)), ValueError, "X is empty (shape (4, 0)); *"),
    "1-d": (sparse.coo_array(X[0]), ValueError, "X has 1 dimension (shape (4,)); a 2-d array (rows, columns) is needed."),
    "complex triplets": (sparse.coo_array(X + 0j), TypeError, "X is complex (complex128); *"),
    "NaN in lists": (sparse.lil_array(put(X, (1, 2), np.nan)), ValueError, "X holds NaN at row 1, column 2; *"),
    "dense tocsc": (foreign(X), TypeError, "X is a Foreign whose tocsc() gives a ndarray; a CSC matrix is needed."),
    "other shape": (foreign(sparse.csc_array(X.T)), TypeError, "X is a Foreign whose tocsc() gives a csc_array; *"),
    "corrupt": (foreign(assembled(DATA, INDICES + 9, INDPTR)), ValueError, "X.indices[0] is 9 in column 0; *"),
    "no tocsc": (foreign(1, tocsc=lambda self: self[0]), ValueError, "X is a Foreign that cannot be converted to CSC (*)."),
    "no shape": (foreign(1, shape=()), ValueError, "X has 0 dimensions (shape ()); *"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_sparse_X_is_refused_and_left_as_it_was(name):
    A, error, message = BAD[name]
    before = given_bytes(A) if hasattr(A, "indptr") else None
    with refusal(error, message):
        _input.design(A)
    assert before is None or given_bytes(A) == before


def corrupt_coo():
    A = sparse.coo_array(X)
    A.col = A.col + 1_000_000
    return A


def corrupt_short_coo():
    A = sparse.coo_array(X)
    A.row = A.row[:-1]
    return A


def corrupt_lil():
    A = sparse.lil_array(X)
    A.rows[1] = [1_000_000]
    return A


def corrupt_lil_lengths():
    A = sparse.lil_array(X)
    A.data[1] = [1.0, 2.0]
    return A


def corrupt_lil_rows():
    A = sparse.lil_array(X)
    A.rows, A.data = np.tile(A.rows, 9), np.tile(A.data, 9)
    return A


def corrupt_bsr():
    A = sparse.bsr_array(X)
    A.indices = A.indices + 1_000_000
    return A


def corrupt_bsr_pointer():
    A = sparse.bsr_array(X)
    A.indptr = -A.indptr
    return A


@pytest.mark.parametrize(
    "make",
    [corrupt_coo, corrupt_short_coo, corrupt_lil, corrupt_lil_lengths, corrupt_lil_rows, corrupt_bsr, corrupt_bsr_pointer],
)
def test_other_formats_that_are_corrupt_are_refused_too(make):
    A = make()
    with refusal(ValueError, f"X is a {type(A).__name__} that cannot be converted to CSC (*)."):
        _input.design(A)


def test_float_triplet_indices_are_refused():
    A = sparse.coo_array(X)
    A.coords = (A.row + 0.5, A.col)
    with refusal(TypeError, "X.row has dtype float64; integers are needed."):
        _input.design(A)


# The kernel, on any content

KINDS = {
    "start": _sparse.BAD_START,
    "decrease": _sparse.DECREASE,
    "too long": _sparse.TOO_LONG,
    "outside": _sparse.OUTSIDE,
    "not finite": _sparse.NOT_FINITE,
}


@st.composite
def compressed(draw):
    """Arrays that are sometimes compressed columns, and the number of rows."""
    width, dtype = draw(st.sampled_from(WIDTHS)), draw(st.sampled_from([np.float64, np.float32]))
    largest = int(np.iinfo(width).max)
    n, size = draw(st.integers(0, 5)), draw(st.integers(0, 8))
    index, value = st.integers(0, max(n - 1, 0)), st.integers(-4, 4).map(float)
    pointers = st.lists(st.integers(0, size), max_size=6).map(lambda ends: [0, *sorted(ends)])
    if draw(st.booleans()):  # something may be wrong
        wild = st.sampled_from([-largest - 1, -1, n, n + 1, largest])
        index, value = index | wild, value | st.sampled_from([np.nan, np.inf, -np.inf])
        pointers = st.one_of(pointers, st.lists(st.integers(-1, size + 1) | wild, min_size=1, max_size=6))
    arrays = (
        np.array(draw(st.lists(value, min_size=size, max_size=size)), dtype),
        np.array(draw(st.lists(index, min_size=size, max_size=size)), width),
        np.array(draw(pointers), width),
    )
    for array in arrays:
        array.flags.writeable = False
    return arrays, n


@given(compressed())
def test_the_kernel_finds_what_its_twin_finds(case):
    arrays, n = case
    before = [array.tobytes() for array in arrays]
    expected = reference.first_fault(*arrays, n)
    fault, column, entry, duplicates = _csc.inspect(*arrays, n)
    summed = [np.full_like(array, 77) for array in arrays]
    size = _csc.sum_duplicates(*arrays, n, *summed)
    if expected is not None:
        assert (fault, column, entry) == (KINDS[expected[0]], *expected[1:])
        assert size == -1
        assert all((array == 77).all() for array in summed)
    else:
        assert fault == 0
        assert duplicates == reference.has_duplicates(*arrays[1:])
        assert size == summed[2][-1]
        assert (size < arrays[2][-1]) == duplicates
        assert not reference.has_duplicates(*summed[1:])
        np.testing.assert_array_equal(reference.dense(*summed, n), reference.dense(*arrays, n))
        assert (summed[0][size:] == 77).all()
    assert [array.tobytes() for array in arrays] == before


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_fault_is_found_wherever_it_is(width, dtype):
    """Lanes hold sixteen numbers, and what is left over is looked at apart."""
    n, ends = 7, np.array([0, 0, 5, 6, 6, 13, 20, 27, 34, 38, 38], width)
    rows = np.concatenate([np.arange(m) + (m < 6) for m in np.diff(ends)]).astype(width)
    values = np.linspace(1.0, 2.0, len(rows), dtype=dtype)
    assert _csc.inspect(values, rows, ends, n)[::3] == (0, False)
    for k, j in enumerate(np.repeat(np.arange(len(ends) - 1), np.diff(ends))):
        for row in (-1, n, np.iinfo(width).min, np.iinfo(width).max):
            assert _csc.inspect(values, put(rows, k, row), ends, n) == (_sparse.OUTSIDE, j, k, False)
        for value in (np.nan, np.inf, -np.inf):
            assert _csc.inspect(put(values, k, value), rows, ends, n) == (_sparse.NOT_FINITE, j, k, False)
        if k > ends[j]:
            assert _csc.inspect(values, put(rows, k, rows[k - 1]), ends, n)[::3] == (0, True)
    for j in range(len(ends) - 1):
        assert _csc.inspect(values, rows, put(ends, j + 1, 39), n)[:2] == (_sparse.TOO_LONG, j)
        assert _csc.inspect(values, rows, put(ends, j + 1, ends[j] - 1), n)[:2] == (_sparse.DECREASE, j)


@given(compressed(), st.sampled_from(["csc", "csr"]))
@example((triple(), N), "csr")
def test_design_takes_what_the_twin_finds_in_order(case, form):
    arrays, n = case
    shape = (n, len(arrays[2]) - 1)
    A = assembled(*arrays, form, shape if form == "csc" else shape[::-1])
    before = given_bytes(A)
    if 0 in shape or reference.first_fault(*arrays, n) is not None:
        with pytest.raises(ValueError, match=r"^X.* needed\.$|^X.* entries\.$"):
            _input.design(A)
    else:
        expected = reference.dense(*arrays, n)
        check(_input.design(A)[0], expected if form == "csc" else expected.T, arrays[0].dtype)
    assert given_bytes(A) == before


@pytest.mark.parametrize("short", range(3))
def test_the_kernel_writes_nothing_into_arrays_that_are_too_short(short):
    arrays = triple()
    out = [np.full(len(array) - (k == short), 77, array.dtype) for k, array in enumerate(arrays)]
    assert _csc.sum_duplicates(*arrays, N, *out) == -1
    assert all((array == 77).all() for array in out)


def test_the_kernel_takes_arrays_of_unequal_or_no_length():
    data, indices, indptr = triple()
    assert _csc.inspect(data[:3], indices, indptr, N)[0] == _sparse.TOO_LONG
    assert _csc.inspect(data, indices, indptr[:0], N)[0] == _sparse.BAD_START
    assert _csc.inspect(data[:0], indices[:0], np.zeros(5, np.int32), -1) == (0, 3, 0, False)
    assert _csc.sum_duplicates(data, indices, indptr[:0], N, data.copy(), indices.copy(), indptr.copy()) == -1


# Predictions

DENSE, Y = problem(30, 6, seed=1)
FITS = {
    "lasso": lambda: fr.lasso(DENSE, Y, 0.1),
    "lasso_path": lambda: fr.lasso_path(DENSE, Y, alphas=5),
    "path of zeros": lambda: fr.lasso_path(DENSE, Y, alphas=[1e3, 1e4]),
    "ridge": lambda: fr.ridge(DENSE, np.column_stack([Y, -Y]), 0.1),
}


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("n", [0, 1, 7])
def test_sparse_X_gives_the_predictions_of_dense_X(fit, form, n):
    rows = np.where(DENSE[:n] > 0, DENSE[:n], 0)
    A = getattr(sparse, f"{form}_array")(sparse.coo_array(rows))
    found = fit().predict(A)
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, fit().predict(rows), rtol=0, atol=1e-13)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize("form", ["csc", "csr"])
def test_predictions_from_corrupt_sparse_X_are_refused(fit, form):
    A = getattr(sparse, f"{form}_matrix")(DENSE)
    A.indices = A.indices + 1_000_000
    with pytest.raises(ValueError, match=re.escape("X.indices[0] is 1000000 in ")):
        fit().predict(A)
    with refusal(ValueError, "X has shape (30, 5); (n, 6) is needed, as in the fit."):
        fit().predict(A[:, :5] if form == "csr" else sparse.csc_array((30, 5)))
