"""The path solver over all columns of X.  _active.pyx says how."""

from fastreg.kernels._cd cimport Gap
from fastreg.kernels._design cimport Dense
from fastreg.kernels._working cimport Outcome, Working

ctypedef struct Active:
    Working W
    Dense X
    const double *xy            # X'y
    const double *sq            # |x_j|^2
    double floor                # the smallest gap that is ever claimed
    # For a column j outside the working set, c_j = x_j'r_e at the residual r_e, e = at[j], where it was last computed.
    double *c
    double *size                # |x_j|; c and size are 0 in the working set, so that its bounds are 0
    int *at
    # The residuals: r_e = R + e n.  At the last residual r seen: r = a_e r_e + d_e with d_e orthogonal to r_e.
    Py_ssize_t room
    double *R
    double *rr                  # |r_e|^2
    double *a
    double *d                   # |d_e|, rounded up
    Py_ssize_t *users           # how many columns stand at r_e
    Py_ssize_t *over            # scratch: 2 p column numbers
    double *read                # scratch: p
    double *trial               # scratch: p
    double largest_size         # max_j |x_j|
    double l1_before            # l1 of the last solve, or infinity
    double rss                  # |r|^2 at the last certificate
    Py_ssize_t n_columns_read

cdef int active_init(Active *S, Dense *X, const double *y, const double *xy, const double *sq, Py_ssize_t gram_limit,
                     Py_ssize_t factor_limit, bint tall, const double *whole) noexcept nogil
cdef void active_free(Active *S) noexcept nogil
cdef Outcome active_solve(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                          Gap *certificate) noexcept nogil
