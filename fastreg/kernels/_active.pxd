"""The path solver over all columns of X.  _active.pyx says how."""

from fastreg.kernels._bounds cimport Bounds
from fastreg.kernels._cd cimport Gap, Penalty
from fastreg.kernels._design cimport Matrix
from fastreg.kernels._working cimport Outcome, Working

ctypedef struct Active:
    Working W
    Matrix X
    Bounds B                    # of the columns outside the working set
    Penalty penalty             # factors and bounds of all columns, each NULL where there are none
    const double *xy            # X'y
    const double *sq            # |x_j|^2
    bint cheap                  # columns have few entries
    double floor                # the smallest gap that is ever claimed
    double l1_before            # l1 of the last solve, or infinity
    Py_ssize_t n_always_in      # columns without an l1 penalty, or with 0 outside their bounds
    double rss                  # |r|^2 at the last certificate, or of the answer
    const double *answer        # W.w, or what relaxing has made of it: until the next solve
    # a solve in progress
    double l1, l2, tol          # as asked for
    Py_ssize_t n_iter, max_iter
    Outcome outcome
    Gap certificate
    # its present stride, to W.penalty.l1
    bint passing                # not to the end: nothing needs to be certified
    double stride_tol
    double inner                # tolerance on the working set
    bint rough                  # ROUGH will do, as more columns are yet to join
    double before               # the smallest gap so far
    int tries                   # without a smaller one
    bint roomy                  # columns have left to make room
    Gap gap                     # on the working set
    # the check of the columns outside
    bint checking               # it is asked for
    double limit                # for their gradients
    Py_ssize_t n_over           # in B.over: those that reach over it
    double most                 # a bound on the others

cdef int active_init(Active *S, Matrix *X, const double *y, const double *xy, const double *sq, const Penalty *penalty,
                     Py_ssize_t gram_limit, Py_ssize_t factor_limit, bint tall, const double *whole,
                     const Bounds *owner) noexcept nogil
cdef void active_retarget(Active *S, const double *y, const double *xy) noexcept nogil
cdef void active_free(Active *S) noexcept nogil
cdef Outcome active_base(Active *S, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                         double *most) noexcept nogil
cdef Outcome active_solve(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                          Gap *certificate) noexcept nogil
cdef void active_begin(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter) noexcept nogil
cdef bint active_advance(Active *S) noexcept nogil
cdef int active_relax(Active *S, double share) noexcept nogil
cdef double active_write(Active *S, const double *mean, double unit, double *coef) noexcept nogil
