"""The free columns of a working set: where their pieces of the penalty end, and the factor of their Gram matrix."""

from libc.math cimport fabs, fmin

from fastreg.kernels._cd cimport Penalty, l1_of, rise
from fastreg.kernels._working cimport Working


cdef enum:
    OUTSIDE = -1                # instead of its place, for a column that is not in the factor
    LEFT_OUT = -2
    AT_ONCE = 960               # new columns multiplied before they are factored: packed by gram_block they take 4 MB
    HOPELESS = 10_000_000       # sum_j |x_j| |w_j| over W.size from which on neither a walk nor a step is taken


cdef inline double distance(Working *W, Py_ssize_t j, double direction) noexcept nogil:
    """How far w_j may go in a direction, given by a number of that sign, before its piece of the penalty ends."""
    cdef Penalty *P = &W.penalty
    cdef double w = W.w[j], far = P.upper[j] - w if direction > 0.0 else w - P.lower[j]
    return fmin(far, fabs(w)) if w * direction < 0.0 and l1_of(P, j) > 0.0 else far


cdef inline double held_at(Working *W, Py_ssize_t j, double v) noexcept nogil:
    """v, or the end of w_j's piece of the penalty if v is beyond it"""
    cdef Penalty *P = &W.penalty
    if v * W.w[j] <= 0.0 and l1_of(P, j) > 0.0:
        v = 0.0
    return P.lower[j] if v < P.lower[j] else (P.upper[j] if v > P.upper[j] else v)


cdef inline double end_of(Working *W, Py_ssize_t j, double v) noexcept nogil:
    """the end of w_j's piece of the penalty next to v, which is there but for rounding"""
    cdef Penalty *P = &W.penalty
    cdef double end = P.upper[j] if fabs(P.upper[j] - v) < fabs(v - P.lower[j]) else P.lower[j]
    return 0.0 if l1_of(P, j) > 0.0 and fabs(v) <= fabs(v - end) else end


cdef inline double change_of(Working *W, Py_ssize_t j, double old, double new, double q_old, double q_new) noexcept nogil:
    """One coordinate's part in the change of the objective from w to w + d: d'Gd is d'(q_old - q_new)."""
    return rise(&W.penalty, j, old, new) - 0.5 * (new - old) * (q_old + q_new)


cdef Py_ssize_t free_size(Working *W) noexcept nogil
cdef void gradients(Working *W) noexcept nogil
cdef void forget(Working *W, Py_ssize_t k) noexcept nogil
cdef void forget_all(Working *W) noexcept nogil
cdef void forget_leavers(Working *W) noexcept nogil
cdef int products(Working *W, Py_ssize_t m, Py_ssize_t new) noexcept nogil
cdef int factor_free_columns(Working *W) noexcept nogil
