"""The growing factor of kernels/_cholesky.pyx, across the borders of its blocks of rows, against numpy.

It has no face to Python: its C functions are called as other kernels call them, by what Cython exports for them."""

import ctypes

import numpy as np
import pytest
import reference as ref

from fastreg.kernels import _cholesky

BLOCK = 48
NEAR_BORDERS = [*range(5), *range(BLOCK - 6, BLOCK + 6), *range(2 * BLOCK - 6, 2 * BLOCK + 6)]
SIZE = 2 * BLOCK + 10

count, double_p = ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_double)


class Struct(ctypes.Structure):
    """Factor of _cholesky.pxd."""

    _fields_ = [("L", ctypes.POINTER(double_p)), ("room", count), ("m", count)]


def exported(name, result, *arguments):
    """The C function of this name of _cholesky.pxd."""
    capsule = _cholesky.__pyx_capi__[name]
    api = ctypes.pythonapi
    signature = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))(capsule)
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", api))
    return ctypes.CFUNCTYPE(result, ctypes.POINTER(Struct), *arguments)(pointer(capsule, signature))


reserve = exported("factor_reserve", ctypes.c_int, count)
release = exported("factor_free", None)
extend = exported("factor_extend", count, count, ctypes.c_double)
remove = exported("factor_remove", None, count, double_p)
solve_lower = exported("solve_lower", None, count, double_p)
solve_upper = exported("solve_upper", None, count, double_p)


class Factor:
    """A factor of the rows and columns `kept` of A."""

    def __init__(self, A):
        self.A, self.kept, self.F = A, [], Struct()

    def __del__(self):
        release(self.F)

    def append(self, new, pivot_tol=1e-14):
        """Append as many of the rows `new` as are independent; returns how many."""
        rows = [*self.kept, *new]
        assert reserve(self.F, len(rows)) == 0
        for i in range(self.F.m, len(rows)):
            for j in range(i + 1):
                self.F.L[i][j] = self.A[rows[i], rows[j]]
        done = extend(self.F, len(new), pivot_tol)
        self.kept = rows[: self.F.m]
        return done

    def remove(self, k):
        scratch = np.empty(2 * self.F.m)
        remove(self.F, k, scratch.ctypes.data_as(double_p))
        del self.kept[k]

    def addresses(self):
        return [ctypes.addressof(self.F.L[i].contents) for i in range(self.F.m)]

    def solve(self, x):
        """inv(L) x and inv(LL') x"""
        x = np.array(x)
        solve_lower(self.F, self.F.m, x.ctypes.data_as(double_p))
        half = x.copy()
        solve_upper(self.F, self.F.m, x.ctypes.data_as(double_p))
        return half, x

    def check(self):
        """Everything is as for the factor that is made anew."""
        m = self.F.m
        assert m == len(self.kept)
        L = ref.cholesky(self.A[np.ix_(self.kept, self.kept)])
        for i in range(m):
            np.testing.assert_allclose(self.F.L[i][: i + 1], L[i, : i + 1], atol=1e-12)
        b = np.cos(np.arange(m))
        half, x = self.solve(b)
        np.testing.assert_allclose(half, ref.solve_lower(L, b), atol=1e-11)
        np.testing.assert_allclose(x, ref.solve_lower_transposed(L, ref.solve_lower(L, b)), atol=1e-11)


@pytest.fixture(scope="module")
def A():
    return ref.gram(np.random.default_rng(0).standard_normal((2 * SIZE, SIZE))) / SIZE


@pytest.mark.parametrize("step", [1, 5, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 1, SIZE])
def test_it_grows_by_any_number_of_rows(A, step):
    factor = Factor(A)
    for start in range(0, SIZE, step):
        new = range(start, min(start + step, SIZE))
        assert factor.append(new) == len(new)
    factor.check()


def test_it_takes_half_a_square_and_stays_where_it_is(A):
    factor = Factor(A)
    factor.append(range(BLOCK + 2))
    before = factor.addresses()
    factor.append(range(BLOCK + 2, SIZE))
    after = factor.addresses()
    assert after[: len(before)] == before
    for i in range(SIZE - 1):
        if (i + 1) % BLOCK:
            assert after[i + 1] - after[i] == 8 * BLOCK * (i // BLOCK + 1)


@pytest.mark.parametrize(("m", "k"), [(m, k) for m in (BLOCK, BLOCK + 1, 2 * BLOCK - 1, SIZE) for k in NEAR_BORDERS if k < m])
def test_a_row_that_leaves_is_as_if_it_had_never_been_there(A, m, k):
    factor = Factor(A)
    factor.append(range(m))
    factor.remove(k)
    factor.check()
    factor.append([k])  # and it may come back, behind the others
    factor.check()


def test_rows_come_and_go(A):
    factor, rng = Factor(A), np.random.default_rng(1)
    for _ in range(20):
        outside = np.setdiff1d(np.arange(SIZE), factor.kept)
        factor.append([int(j) for j in rng.permutation(outside)[: rng.integers(1, 40)]])
        for _ in range(rng.integers(0, 30)):
            if factor.kept:
                factor.remove(int(rng.integers(len(factor.kept))))
        factor.check()


@pytest.mark.parametrize(("first", "k"), [(m, k) for m in (0, 1, BLOCK - 3, BLOCK) for k in NEAR_BORDERS if k > m])
def test_a_row_that_depends_on_those_before_it_is_expressed_by_them(A, first, k):
    A, v = A.copy(), np.cos(np.arange(k))
    A[k, :k] = A[:k, k] = A[:k, :k] @ v
    A[k, k] = v @ A[k, :k]
    factor = Factor(A)
    factor.append(range(first))
    assert factor.append(range(first, SIZE)) == k - first
    factor.check()
    row = np.array(factor.F.L[k][: k + 1])
    assert abs(row[k]) < 1e-12 * A[k, k]
    solve_upper(factor.F, k, row.ctypes.data_as(double_p))
    np.testing.assert_allclose(row[:k], v, atol=1e-9)
