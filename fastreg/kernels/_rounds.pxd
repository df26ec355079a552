"""The problem in columns of X, in memory of the caller.  _rounds.pyx says how it is solved."""

from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._design cimport Matrix
from fastreg.kernels._working cimport Working

ctypedef struct Rounds:
    Working W                   # of the columns in play
    Matrix X
    Penalty penalty             # the caller's factors and bounds, each NULL or (p,)
    double *y                   # (n,)
    double *xy                  # (p,): X'y
    double *sq                  # (p,): |x_j|^2
    double *c                   # (p,): gradients
    signed char *inside         # (p,): whether column j is in play
    Py_ssize_t *over            # (p,)

cdef size_t rounds_size(Py_ssize_t n, Py_ssize_t p, Py_ssize_t most) noexcept nogil
cdef int rounds_lay(Rounds *S, const Matrix *X, const void *y, bint single, const Penalty *penalty, Py_ssize_t most,
                    void *memory) noexcept nogil
cdef int rounds_solve(Rounds *S, const double *w, double l1, double l2, double atol, double rtol, Py_ssize_t max_iter,
                      double *info) noexcept nogil
cdef void rounds_write(Rounds *S, double *w) noexcept nogil
