"""A Cholesky factor that grows and shrinks: A = L L' for a symmetric positive definite A."""

ctypedef struct Factor:
    double *L                   # row-major lower triangle; row i starts at L + i ld
    Py_ssize_t ld, m            # room for ld rows; m of them are factored

cdef int factor_reserve(Factor *F, Py_ssize_t m) noexcept nogil
cdef void factor_free(Factor *F) noexcept nogil
cdef Py_ssize_t factor_extend(Factor *F, Py_ssize_t k, double pivot_tol) noexcept nogil
cdef void factor_remove(Factor *F, Py_ssize_t k, double *scratch) noexcept nogil
cdef void solve_lower(Factor *F, Py_ssize_t m, double *x) noexcept nogil
cdef void solve_upper(Factor *F, Py_ssize_t m, double *x) noexcept nogil
