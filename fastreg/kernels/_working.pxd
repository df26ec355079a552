"""The problem restricted to a working set of columns.  _working.pyx says how it is solved."""

from fastreg.kernels._cd cimport Gap, Penalty
from fastreg.kernels._cholesky cimport Factor
from fastreg.kernels._cross cimport Cross
from fastreg.kernels._design cimport Matrix, Gram, dots

ctypedef enum Outcome:          # how a solve ended
    REACHED
    AT_FLOOR
    OUT_OF_ITERATIONS
    STALLED                     # rounding keeps the gap from falling further
    INTERRUPTED
    OUT_OF_MEMORY

ctypedef struct Working:
    Matrix X                     # the columns of the working set: X.cols = cols, X.p = m
    Matrix all                   # all columns
    Gram gram                   # X'X of the same
    Py_ssize_t cap              # room for so many columns
    Py_ssize_t gram_limit       # more columns than this are solved on the residual, without their Gram matrix
    Py_ssize_t factor_limit     # and there, Newton steps of more columns than this are taken by conjugate gradients
    bint on_residual
    bint tall                   # cross holds X_W'X, and r is not kept
    Cross cross
    Py_ssize_t *cols
    double *G
    double *b                   # X'y
    double *q                   # X'(y - Xw)
    double *w
    double *sq
    Penalty penalty
    double *spare               # on the residual, 2 (n + 1) for Newton steps
    double *r                   # y - Xw, n + 1 entries: up to date when on_residual, made anew by working_certify otherwise
    bint mistrusted             # cross.whole is somebody else's: no certificate rests on it
    bint exact                  # q was taken from the residual of this very w
    bint settled                # w is the minimiser on its support, for its signs and the penalties it was solved for
    const double *y
    double yy
    double size                 # |y|, and sum_j |x_j| |w_j| over what bounds force in: how large a fit is to be expected
    Factor factor               # of X_A'X_A + l2 diag(u_A), for the columns order[0 .. factor.m - 1]
    double factor_l2
    Py_ssize_t *order
    Py_ssize_t *place           # inverse of order, or -1
    Py_ssize_t *features        # scratch: cap
    double **rows               # scratch: cap
    double *trial_w
    double *trial_q
    double *direction
    double *scratch             # 2 cap
    Py_ssize_t n_epochs, n_newton, n_pivots, n_products
    double *packing             # NULL, or packing_size() bytes where new rows of G are multiplied, BLOCK or fewer at once
    double work                 # multiply-adds since the last look for signals

cdef enum:
    VECTORS = 13                # of cap doubles, in a block
    PLACES = 3                  # of cap indices, in another


cdef inline void working_place(Working *W, double *block, Py_ssize_t *places, Py_ssize_t cap) noexcept nogil:
    """Let what a working set keeps of each column lie in VECTORS * cap and PLACES * cap numbers."""
    W.b, W.q, W.w, W.sq = block, block + cap, block + 2 * cap, block + 3 * cap
    W.trial_w, W.trial_q, W.direction, W.scratch = block + 4 * cap, block + 5 * cap, block + 6 * cap, block + 7 * cap
    W.penalty.v, W.penalty.u, W.penalty.lower, W.penalty.upper = (
        block + 9 * cap, block + 10 * cap, block + 11 * cap, block + 12 * cap)
    W.order, W.place, W.features = places, places + cap, places + 2 * cap
    W.cap = cap


cdef inline Outcome failed(int status) noexcept nogil:
    """What a kernel's status comes to: REACHED for 0"""
    return REACHED if status == 0 else (OUT_OF_MEMORY if status == -1 else INTERRUPTED)


cdef inline bint has_failed(Outcome outcome) noexcept nogil:
    return outcome == OUT_OF_MEMORY or outcome == INTERRUPTED


cdef inline double target_product(Working *W, const double *xy, Py_ssize_t j) noexcept nogil:
    """x_j'y, which xy has for all of X, or is NULL"""
    cdef double product
    if xy != NULL:
        return xy[j]
    dots(&W.all, &j, 1, W.y, &product)      # not col_dot: y is no state, and has n entries only
    return product


cdef int working_init(Working *W, Matrix *X, const double *y, Py_ssize_t gram_limit, Py_ssize_t factor_limit,
                      bint tall, const double *whole) noexcept nogil
cdef void working_free(Working *W) noexcept nogil
cdef int working_add(Working *W, const Py_ssize_t *cols, Py_ssize_t k, const double *xy, const double *sq,
                     const Penalty *penalty) noexcept nogil
cdef Py_ssize_t support_size(Working *W) noexcept nogil
cdef Py_ssize_t sorted_support(Working *W) noexcept nogil
cdef bint may_leave(Working *W, Py_ssize_t i) noexcept nogil
cdef void working_shrink(Working *W) noexcept nogil
cdef void working_refresh(Working *W) noexcept nogil
cdef Gap working_certify(Working *W, double tol) noexcept nogil
cdef Outcome working_solve(Working *W, double tol, double floor, Py_ssize_t *n_iter, Py_ssize_t max_iter) noexcept nogil
