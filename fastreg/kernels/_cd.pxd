"""Coordinate descent and the duality gap for min_w 1/2 |y - Xw|^2 + sum_j h_j(w_j),

    h_j(w) = l1_j |w| + l2_j/2 w^2,  lower_j <= w <= upper_j,    l1_j = l1 v_j,  l2_j = l2 u_j.

A coordinate is free where h_j is smooth: inside its bounds, and not at the kink w = 0 of an l1_j > 0.  Newton steps move free
coordinates; the others are held at 0 or at a bound until a sweep moves them.
"""

from libc.math cimport INFINITY, fabs

from fastreg.kernels._design cimport Design, col_axpy, col_dot
from fastreg.kernels._prox cimport soft

ctypedef struct Penalty:        # of the columns of a working set
    double l1, l2
    double *v                   # factors of l1 and l2, finite
    double *u
    double *lower
    double *upper
    bint boxed                  # some bound is finite and not 0


cdef inline double l1_of(const Penalty *P, Py_ssize_t j) noexcept nogil:
    """l1_j"""
    return P.l1 * P.v[j]


cdef inline double l2_of(const Penalty *P, Py_ssize_t j) noexcept nogil:
    """l2_j"""
    return P.l2 * P.u[j]


cdef inline double sign(double x) noexcept nogil:
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)


cdef inline bint is_number(double x) noexcept nogil:
    """neither infinite nor NaN"""
    return x - x == 0.0


cdef inline bint is_end(double bound) noexcept nogil:
    """whether a bound is neither infinite nor 0"""
    return is_number(bound) and bound != 0.0


cdef inline double clip(double x, double low, double high) noexcept nogil:
    """the number in [low, high] next to x; NaN stays NaN"""
    return low if x < low else (high if x > high else x)


cdef inline bint is_free(const Penalty *P, Py_ssize_t j, double w) noexcept nogil:
    """Whether w_j = w may move either way without leaving its piece of h_j."""
    return (w != 0.0 or l1_of(P, j) == 0.0) and P.lower[j] < w < P.upper[j]


cdef inline double slope(const Penalty *P, Py_ssize_t j, double w) noexcept nogil:
    """h_j'(w) at a free w"""
    return l1_of(P, j) * sign(w) + l2_of(P, j) * w


cdef inline double rise(const Penalty *P, Py_ssize_t j, double old, double new) noexcept nogil:
    """h_j(new) - h_j(old)"""
    return l1_of(P, j) * (fabs(new) - fabs(old)) + 0.5 * l2_of(P, j) * (new - old) * (new + old)


cdef inline double minimiser(const Penalty *P, Py_ssize_t j, double z, double sq) noexcept nogil:
    """argmin_w sq/2 w^2 - z w + h_j(w), sq > 0"""
    return clip(soft(z, l1_of(P, j)) / (sq + l2_of(P, j)), P.lower[j], P.upper[j])


cdef inline double conjugate(const Penalty *P, Py_ssize_t j, double w, double z) noexcept nogil:
    """h_j(w) + h_j*(z) - z w >= 0 for an l2_j > 0, h_j* the conjugate: what column j adds to the gap at the dual point r,
    z = x_j'r"""
    cdef double best = soft(z, l1_of(P, j)) / l2_of(P, j), held = clip(best, P.lower[j], P.upper[j])
    if held == best and (best > 0.0) == (w > 0.0) and (best < 0.0) == (w < 0.0):
        return 0.5 * l2_of(P, j) * (w - best) * (w - best)      # on one piece of h_j, where nothing cancels
    return max(0.0, rise(P, j, held, w) - z * (w - held))


cdef inline double box(const Penalty *P, Py_ssize_t j, double z) noexcept nogil:
    """sup { z w - l1_j |w| : lower_j <= w <= upper_j }, 0 where the l1_j and bounds at infinity keep it finite"""
    cdef double high = z - sign(P.upper[j]) * l1_of(P, j), low = z - sign(P.lower[j]) * l1_of(P, j), top = -INFINITY
    if P.lower[j] <= 0.0 <= P.upper[j]:
        top = 0.0
    if P.upper[j] < INFINITY:
        top = max(top, high * P.upper[j])
    if P.lower[j] > -INFINITY:
        top = max(top, low * P.lower[j])
    return top


cdef inline Py_ssize_t cd_epoch(Design *X, const double *sq, const Penalty *P, bint held_only, double *w,
                                double *s) noexcept nogil:
    """w_j <- argmin over w_j for each j in turn; returns how many moved to another piece of h_j.

    held_only: only those that are not free, where the free ones are known to be optimal for these.  s is the state of X (see
    _design.pxd) and follows w; sq_j = |x_j|^2.  Friedman, Hastie and Tibshirani (2010), eq. 5."""
    cdef Py_ssize_t j, changes = 0
    cdef double old, new
    cdef bint free
    for j in range(X.p):
        if sq[j] <= 0.0:
            continue            # a constant column: w_j is optimal as it is, and its gradient is rounding
        old = w[j]
        free = is_free(P, j, old)
        if held_only and free:
            continue
        new = minimiser(P, j, col_dot(X, j, s) + sq[j] * old, sq[j])
        if new != old:
            w[j] = new
            col_axpy(X, j, new - old, s)
            changes += free != is_free(P, j, new) or (new > 0.0) != (old > 0.0) or (new < 0.0) != (old < 0.0)
    return changes


ctypedef struct Gap:
    # at a w with residual r' = (r, -sqrt(l2_j) w_j), for the dual points t v', v' = r' - e', with c = X''v'
    double primal               # the objective
    double gap                  # primal - dual at the best t of working_gap or active_solve
    double slack                # sum_j l1_j |w_j| - w_j c_j
    double wc                   # w'c
    double rr, re, ee           # |r'|^2, r''e', |e'|^2
    double peak                 # max_j |c_j| / v_j over the sides without a bound
    double l1_norm              # sum_j v_j |w_j|
    double rss                  # |r|^2
    double noise                # what rounding in q and r may do to the gap
    double excess               # 0, or infinity where an unpenalised c_j is not 0


cdef inline double dual_scale(const Gap *g, double l1, bint boxed) noexcept nogil:
    """t = min(1 + w'c / |r'|^2, l1 / peak).  With e' = 0 and bounds of 0 and infinity alone 1 + w'c / |r'|^2 = y'r' / |r'|^2 is
    where the dual objective at t r' is largest; else 1 is taken, which is right at the optimum."""
    cdef double t = 1.0
    if g.rr > 0.0 and g.ee == 0.0 and not boxed:
        t += g.wc / g.rr
    if l1 > 0.0 and g.peak > 0.0:
        t = min(l1 / g.peak, t)
    return max(0.0, t)          # a side with a bound limits the gradient for t < 0 only


cdef inline double dual_gap(const Gap *g, double t, double boxes) noexcept nogil:
    """P(w) - D(t v'), from numbers that do not cancel; boxes: sum_j box(t c_j).

    P - D = |r' - t v'|^2 / 2 + sum_j (l1_j |w_j| - t w_j c_j + box_j(t c_j)) for any v' and t, so long as t c_j stays within
    l1_j on the sides without a bound."""
    cdef double rest = 1.0 - t, gap
    gap = g.slack + rest * g.wc + 0.5 * (rest * rest * g.rr + t * (2.0 * rest * g.re + t * g.ee)) + boxes + g.excess
    return 0.0 if gap < 0.0 else gap        # NaN stays NaN, and is never small enough
