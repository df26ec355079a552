"""A Cholesky factor that grows and shrinks: A = L L' for a symmetric positive definite A."""

from fastreg.kernels._gram cimport BLOCK

ctypedef struct Factor:
    double **L                  # L[i] is row i of the lower triangle
    Py_ssize_t room, m          # room for so many rows, a multiple of BLOCK; m of them are factored


cdef inline Py_ssize_t row_length(Py_ssize_t i) noexcept nogil:
    """How long row i is, and how far from the next one of its block."""
    return (i // BLOCK + 1) * BLOCK


cdef int factor_reserve(Factor *F, Py_ssize_t m) noexcept nogil
cdef void factor_free(Factor *F) noexcept nogil
cdef Py_ssize_t factor_extend(Factor *F, Py_ssize_t k, double pivot_tol) noexcept nogil
cdef void factor_remove(Factor *F, Py_ssize_t k, double *scratch) noexcept nogil
cdef void solve_lower(Factor *F, Py_ssize_t m, double *x) noexcept nogil
cdef void solve_upper(Factor *F, Py_ssize_t m, double *x) noexcept nogil
