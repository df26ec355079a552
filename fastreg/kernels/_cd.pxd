"""Coordinate descent and the duality gap for min_w 1/2 |y - Xw|^2 + l1 |w|_1 + l2/2 |w|^2."""

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


ctypedef struct Gap:
    # at a w with residual r' = (r, -sqrt(l2) w), for the dual points t v', v' = r' - e', with c = X''v'
    double primal               # the objective
    double gap                  # primal - dual at the best t of working_gap or active_solve
    double slack                # sum_j l1 |w_j| - w_j c_j
    double wc                   # w'c
    double rr, re, ee           # |r'|^2, r''e', |e'|^2
    double peak                 # max_j |c_j|
    double l1_norm              # |w|_1
    double rss                  # |r|^2
    double noise                # what rounding in q and r may do to the gap


cdef inline double dual_gap(const Gap *g, double l1) noexcept nogil:
    """P(w) - D(t v') for t = min(1 + w'c / |r'|^2, l1 / max_j |c_j|), from numbers that do not cancel.

    P - D = |r' - t v'|^2 / 2 + sum_j (l1 |w_j| - t w_j c_j) for any v' and t, so long as t |c_j| <= l1 for every j.  With
    e' = 0 the bound 1 + w'c / |r'|^2 = y'r' / |r'|^2 on t is where D(t r') is largest."""
    cdef double t = 1.0, rest, gap
    if g.rr > 0.0 and g.ee == 0.0:
        t += g.wc / g.rr
    if g.peak > 0.0:
        t = max(-l1 / g.peak, min(l1 / g.peak, t))
    rest = 1.0 - t
    gap = g.slack + rest * g.wc + 0.5 * (rest * rest * g.rr + t * (2.0 * rest * g.re + t * g.ee))
    return 0.0 if gap < 0.0 else gap        # NaN stays NaN, and is never small enough
