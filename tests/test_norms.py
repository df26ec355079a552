"""fr.norm, fr.subgradient and fr.normalize: definitions, scaling, axes, layouts, sparse X, sentences."""

import numpy as np
import pytest
import reference as ref
from conftest import DENSE, SPARSE
from scipy import sparse

import fastreg as fr

POWERS = [0, 0.1, 0.5, 2 / 3, 1, 1.5, 2, 2.5, 3, 4, 10.5, np.inf]
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
DIVISORS = {"l1": lambda x: np.abs(x).sum(), "l2": np.linalg.norm, "max": lambda x: np.abs(x).max()}


@every_dtype
@pytest.mark.parametrize("p", POWERS)
def test_norm_is_its_twin(p, dtype):
    rng = np.random.default_rng(0)
    for shape in [(), (1,), (5,), (33,), (6, 5), (40, 3, 20)]:
        x = (rng.standard_normal(shape) * (rng.random(shape) < 0.8)).astype(dtype)
        found = fr.norm(x, p)
        assert type(found) is (np.float64 if p == 0 else dtype)
        assert found == pytest.approx(float(ref.norm(x, p)), rel=(20 + 20 / max(p, 0.1)) * float(np.finfo(dtype).eps))
        for axis in range(-len(shape), len(shape)):
            each = fr.norm(x, p, axis=axis)
            lines = np.moveaxis(x, axis, -1)
            expected = np.array([fr.norm(line, p) for line in lines.reshape(-1, lines.shape[-1])], dtype)
            np.testing.assert_array_equal(each, expected.reshape(lines.shape[:-1]))


@pytest.mark.parametrize("p", [1e-3, 0.3, 1.7, 5, 20, 1e4, 1e300, 5e-324])
def test_any_p_over_any_range(p):
    """Of entries far apart, all of which count for a small p, and next to one another, where a large p tells them apart."""
    rng = np.random.default_rng(4)
    for x in (
        rng.standard_normal(1001),
        np.exp(rng.uniform(-700, 700, 300)),
        np.array([1.0, 5e-324, 0.0]),
        np.array([0.0, 1.0, 1 - 1e-15, 1e-310]),
        np.array([3e-320, 0.0, 1e-323]),
    ):
        y = x[x != 0].astype(np.longdouble)
        y = np.abs(y) / np.abs(x).max()
        with np.errstate(over="ignore", under="ignore"):
            expected = float(np.abs(x).max() * np.sum(y ** np.longdouble(p)) ** (1 / np.longdouble(p)))
        assert fr.norm(x, p) == pytest.approx(expected, rel=1e-15 * (4 + 4 / min(p, 1.0)), abs=5e-324)


@pytest.mark.parametrize("p", POWERS)
def test_norm_at_every_scale(p):
    x = np.array([3.0, -4.0, 0.0, 1.0])
    for scale in (5e-324, 1e-310, 1e-200, 1e200, 4e307):
        size = fr.norm(x * scale, p) if scale > 1e-300 else fr.norm(np.array([scale]), p)
        expected = float(ref.norm(x * scale, p)) if scale > 1e-300 else (1.0 if p == 0 else scale)
        assert size == pytest.approx(expected, rel=1e-13) or expected > 1.7e308
    assert fr.norm([np.nan, 1.0], p) != fr.norm([np.nan, 1.0], p)
    assert fr.norm([np.inf, 1.0], p) == (2 if p == 0 else np.inf)
    assert fr.norm([1.7e308, 0.0], p) == pytest.approx(1.0 if p == 0 else 1.7e308, rel=1e-15)
    assert fr.norm([], p) == 0
    np.testing.assert_array_equal(fr.norm(np.empty((3, 0)), p, axis=1), np.zeros(3))
    assert fr.norm(np.full(4, np.float32(3e38)), np.inf) == np.float32(3e38)


def test_counts_are_exact():
    """Beyond what float32 can hold, along lines and across."""
    x = np.ones(2**24 + 3, np.float32)
    assert fr.norm(x, 0) == 2**24 + 3
    np.testing.assert_array_equal(fr.norm(np.broadcast_to(x, (2, len(x))), 0, axis=1), [2**24 + 3] * 2)
    np.testing.assert_array_equal(fr.norm(np.broadcast_to(x[:, None], (len(x), 2)), 0, axis=0), [2**24 + 3] * 2)
    x[-1] = np.nan
    assert np.isnan(fr.norm(x, 0))
    assert fr.norm(np.empty((2, 0), np.float32), 0, axis=1).dtype == np.float64


def test_infinities_in_what_is_divided_by_its_norm():
    """As the docstrings say: NaN where an infinity stands, zeros beside it."""
    np.testing.assert_array_equal(fr.normalize([[np.inf, 4.0]]), [[np.nan, 0.0]])
    np.testing.assert_array_equal(fr.subgradient([0.0, 1.0, np.inf], "l2"), [0.0, 0.0, np.nan])


def test_subgradients():
    x = np.array([-3.0, 0.0, -0.0, 2.0, np.nan, np.inf])
    np.testing.assert_array_equal(fr.subgradient(x, "l1"), [-1, 0, 0, 1, np.nan, 1])
    np.testing.assert_array_equal(fr.subgradient(x[:3], "l1", at_zero=[1.0, -1.0, 0.25]), [-1, -1, 0.25])
    np.testing.assert_array_equal(fr.subgradient([3.0, 4.0], "squared_l2"), [3.0, 4.0])
    X = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(fr.subgradient(X, "l2", axis=1), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(fr.subgradient(X, "l2", axis=1, at_zero=[0.6, -0.8]), [[0.6, 0.8], [0.6, -0.8]])
    np.testing.assert_allclose(fr.subgradient(X, "l2"), X / 5)
    rng = np.random.default_rng(1)
    functions = {"l1": lambda v: np.abs(v).sum(), "l2": np.linalg.norm, "squared_l2": lambda v: v @ v / 2}
    for name, function in functions.items():
        for x in (rng.standard_normal(6), rng.integers(-1, 2, 6).astype(float), np.zeros(6)):
            g = fr.subgradient(x, name, at_zero=0.3)
            out = np.empty(6)
            assert fr.subgradient(x, name, at_zero=0.3, out=out) is out
            np.testing.assert_array_equal(out, g)
            for y in rng.standard_normal((50, 6)):
                assert function(y) >= function(x) + g @ (y - x) - 1e-13
            same = x.copy()
            np.testing.assert_array_equal(fr.subgradient(same, name, at_zero=0.3, out=same), g)


@every_dtype
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("norm", DIVISORS)
def test_normalize(norm, axis, dtype):
    X = np.random.default_rng(2).standard_normal((30, 20))
    X[np.random.default_rng(3).random(X.shape) < 0.6] = 0
    X[3], X[:, 4] = 0, 0
    X = X.astype(dtype).astype(float)
    sizes = np.apply_along_axis(DIVISORS[norm], axis, X)
    expected = X / np.expand_dims(np.where(sizes > 0, sizes, 1), axis)
    tolerance = {"rtol": 8 * np.finfo(dtype).eps, "atol": 0}
    for make in DENSE.values():
        given = make(X, dtype)
        result = fr.normalize(given, norm, axis=axis)
        assert result.dtype == dtype
        np.testing.assert_allclose(result, expected, **tolerance)
        if given.flags.writeable:
            assert fr.normalize(given, norm, axis=axis, out=given) is given
            np.testing.assert_array_equal(given, result)
    for make in SPARSE.values():
        given = make(X, dtype)
        before = given.copy()
        result = fr.normalize(given, norm, axis=axis)
        assert result.format == given.format
        assert result.dtype == dtype
        np.testing.assert_allclose(result.toarray(), expected, **tolerance)
        assert (given != before).nnz == 0
    assert fr.normalize(sparse.coo_array(X), norm, axis=axis).format == "csc"


@pytest.mark.parametrize("axis", [0, 1])
def test_what_becomes_of_a_sparse_result_is_not_seen_in_X(axis):
    for make in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix):
        X = make(np.array([[1.0, 2.0, 0.0], [0.0, 5.0, 6.0]]))
        X.data[0] = 0.0  # is no entry of the result below
        before = X.toarray()
        result = fr.normalize(X, axis=axis)
        result.eliminate_zeros()
        assert result.nnz == 3
        assert X.nnz == 4
        np.testing.assert_array_equal(X.toarray(), before)


def test_normalize_where_squares_leave_the_range():
    X = np.array([[3e200, 4e200], [3e-200, 4e-200], [5e-324, 0.0], [1.7e308, 1.7e308], [np.nan, 1.0]])
    for norm, first in (("l1", 3 / 7), ("l2", 0.6), ("max", 0.75)):
        Z = fr.normalize(X, norm)
        assert Z[:2, 0] == pytest.approx([first, first], rel=1e-14)
        assert Z[2, 0] == 1
        assert Z[3, 0] == Z[3, 1] == pytest.approx({"l1": 0.5, "l2": 0.5**0.5, "max": 1.0}[norm])
        assert np.isnan(Z[4]).all()
        S = fr.normalize(sparse.csr_array(X[:4]), norm)
        np.testing.assert_array_equal(S.toarray(), Z[:4])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fr.norm([1.0], -1), ValueError, "p is -1; a number >= 0 is needed"),
        (lambda: fr.norm([1.0], np.nan), ValueError, "p is nan"),
        (lambda: fr.norm([1.0], "2"), TypeError, "p is '2'"),
        (lambda: fr.norm([1j], 2), TypeError, "x is complex"),
        (lambda: fr.norm([1.0], 2, axis=1), ValueError, "axis is 1; x has 1 dimension"),
        (lambda: fr.subgradient([1.0], "l3"), ValueError, "function is 'l3'; one of 'l1', 'l2', 'squared_l2' is needed"),
        (lambda: fr.subgradient([1.0], "l1", at_zero=2.0), ValueError, "at_zero is 2.0; a number from -1 to 1 is needed"),
        (lambda: fr.subgradient([1.0], "l1", at_zero=[-2.0]), ValueError, "at_zero holds -2.0; numbers from -1 to 1"),
        (lambda: fr.subgradient([0.0, 0.0], "l2", at_zero=1.0), ValueError, r"at_zero has \|at_zero\|_2 = 1.41421; at most 1"),
        (lambda: fr.normalize([[1.0]], "l0"), ValueError, "norm is 'l0'; one of 'l1', 'l2', 'max' is needed"),
        (lambda: fr.normalize([1.0]), ValueError, r"X has shape \(1,\); a 2-d array is needed"),
        (lambda: fr.normalize([[1.0]], axis=2), ValueError, "axis is 2"),
        (lambda: fr.normalize(sparse.eye_array(2), out=np.eye(2)), ValueError, "out is given, but X is sparse"),
        (lambda: fr.normalize(sparse.csr_array([[np.nan]])), ValueError, "X holds NaN"),
    ],
)
def test_arguments_that_cannot_be(call, error, message):
    with pytest.raises(error, match=message):
        call()
