"""A penalised quadratic in memory of the caller.  _quadratic.pyx says how it is solved."""

from fastreg.kernels._signs cimport Signs
from fastreg.kernels._working cimport Working

ctypedef struct Quadratic:
    Working W                   # of `size` columns
    Py_ssize_t size
    Py_ssize_t p                # columns of the caller's Q
    const Py_ssize_t *subset    # NULL, or those that are not held at 0
    Py_ssize_t m                # their number
    bint gathered               # W.G is a copy of the subset, and column k stands for subset[k]; else for k
    const double *lower         # the caller's, each NULL or (p,)
    const double *upper
    Py_ssize_t n_idle           # columns without a diagonal entry, W.cols[: n_idle]
    Py_ssize_t n_held           # columns held at 0, the last of W.cols
    bint plain                  # the others have factors of 1 and no bounds
    bint cold                   # w = 0
    Signs T                     # what such a problem is tried with first
    double rss                  # yty - 2 q'w + w'Qw at the last solution
    bint closed                 # every column has finite bounds
    bint interruptible
    bint given                  # yty is the caller's
    double eps                  # of the numbers in Q

cdef size_t quadratic_size(Py_ssize_t p, Py_ssize_t m, bint copied) noexcept nogil
cdef int quadratic_lay(Quadratic *S, Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, const Py_ssize_t *subset,
                       Py_ssize_t m, void *memory) noexcept nogil
cdef int quadratic_pose(Quadratic *S, const void *q, bint single, const double *l1_factor, const double *l2_factor,
                        const double *lower, const double *upper) noexcept nogil
cdef void quadratic_hold(Quadratic *S, Py_ssize_t k) noexcept nogil
cdef int quadratic_scale(Quadratic *S, double yty, double l2) noexcept nogil
cdef int quadratic_open(Quadratic *S, const void *q, bint single, double yty, double l2, const double *l1_factor,
                        const double *l2_factor, const double *lower, const double *upper, const double *w) noexcept nogil
cdef int quadratic_start(Quadratic *S, const double *w) noexcept nogil
cdef int quadratic_solve(Quadratic *S, double l1, double l2, double atol, double rtol, Py_ssize_t max_iter,
                         double *info) noexcept nogil
cdef void quadratic_write(Quadratic *S, double *w) noexcept nogil
cdef int quadratic_path(Quadratic *S, Py_ssize_t K, const double *l1, const double *l2, double *W, Py_ssize_t ldw, double atol,
                        double rtol, Py_ssize_t max_iter, double *info) noexcept nogil
cdef int quadratic_batch(Py_ssize_t b, Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, Py_ssize_t stride_Q,
                         const void *q, const double *yty, const double *l1, const double *l1_factor, const double *l2,
                         const double *l2_factor, const double *lower, const double *upper, double *W, double atol, double rtol,
                         Py_ssize_t max_iter, void *memory, double *info) noexcept nogil
