"""Coordinate descent and the duality gap for min_w 1/2 |y - Xw|^2 + l1 |w|_1 + l2/2 |w|^2."""

from libc.math cimport fabs

from fastreg.kernels._design cimport Design, col_axpy, col_dot
from fastreg.kernels._prox cimport soft


cdef inline Py_ssize_t cd_epoch(Design *X, const double *sq, double l1, double l2, bint zeros_only, double *w,
                                double *s) noexcept nogil:
    """w_j <- soft(x_j'r + |x_j|^2 w_j, l1) / (|x_j|^2 + l2) for each j in turn; returns how many w_j changed sign.

    zeros_only: only those that are 0, where the others are known to be optimal for these.  s is the state of X (see
    _design.pxd) and follows w; sq_j = |x_j|^2.  Friedman, Hastie and Tibshirani (2010), eq. 5."""
    cdef Py_ssize_t j, changes = 0
    cdef double old, new
    for j in range(X.p):
        if sq[j] <= 0.0:
            continue            # a constant column: w_j = 0 is optimal, and its gradient is rounding
        old = w[j]
        if zeros_only and old != 0.0:
            continue
        new = soft(col_dot(X, j, s) + sq[j] * old, l1) / (sq[j] + l2)
        if new != old:
            w[j] = new
            col_axpy(X, j, new - old, s)
            changes += (new > 0.0) != (old > 0.0) or (new < 0.0) != (old < 0.0)
    return changes


cdef inline double dual_gap(double slack, double wc, double rr, double t_max) noexcept nogil:
    """P(w) - D(t r') for t = clip(y'r' / |r'|^2, -t_max, t_max), from numbers that do not cancel.

    With c = X'r - l2 w and r' = (r, -sqrt(l2) w): slack = sum_j l1 |w_j| - w_j c_j, wc = w'c, rr = |r'|^2 and
    t_max = l1 / max_j |c_j|.
    Since y'r' = |r'|^2 + w'c, the gap at t = 1 is slack, and D(1) - D(t) = (1 - t) (w'c + (1 - t) |r'|^2 / 2)."""
    cdef double t = 1.0 + wc / rr if rr > 0.0 else 1.0, rest
    t = max(-t_max, min(t_max, t))
    rest = 1.0 - t
    return max(0.0, slack + rest * (wc + 0.5 * rest * rr))
