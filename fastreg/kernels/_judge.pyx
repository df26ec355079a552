"""The objective and duality gaps of the problem on a working set; _cd.pxd has the formula."""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memset

from fastreg.kernels._cd cimport Penalty, box, conjugate, dual_gap, dual_scale, l1_of, l2_of
from fastreg.kernels._design cimport fr_dot_f64
from fastreg.kernels._support cimport gradients

cdef enum:
    EXPECTED = 100              # times the size that a fit is to be expected of
    NOISE_ULPS = 16             # the gap sums products of w with sums whose terms add up to (|y| + sum_j |x_j| |w_j|) |x_j|


cdef inline double rounding_norm(Working *W, Py_ssize_t j) noexcept nogil:
    """What the rounding of x_j'r, and of w_j x_j in r, is relative to: |x_j|, for sparse X before it is centred."""
    cdef double mean
    if not (W.X.sparse and W.X.centred):
        return sqrt(W.sq[j])
    mean = W.X.scale * W.X.mean[W.cols[j]]
    return sqrt(W.sq[j] + W.X.n * mean * mean)


cdef Gap working_gap(Working *W) noexcept nogil:
    """The objective, and the gap of the problem restricted to the working set.

    A column with l1_j > 0 enters the dual with c_j = x_j'r - l2_j w_j (the residual continued by -sqrt(l2_j) w_j); one with
    l1_j = 0 < l2_j by its conjugate; one without a penalty must have c_j = 0, up to the rounding of a sum of n terms."""
    cdef Gap g
    cdef Penalty *P = &W.penalty
    cdef Py_ssize_t j
    cdef double c, w, l1, l2, up, down, ww = 0.0, ridge = 0.0, wbq = 0.0, size = sqrt(W.yy), missed = 0.0
    memset(&g, 0, sizeof(Gap))
    gradients(W)
    for j in range(W.X.p):
        w, l1, l2 = W.w[j], l1_of(P, j), l2_of(P, j)
        if w != 0.0:
            wbq += w * (W.b[j] + W.q[j])
            size += rounding_norm(W, j) * fabs(w)
        if l1 == 0.0 and l2 > 0.0:
            ridge += l2 * w * w
            continue
        c = W.q[j] - l2 * w
        up = c if P.upper[j] == INFINITY else 0.0
        down = -c if P.lower[j] == -INFINITY else 0.0
        if l1 > 0.0:
            g.peak = max(g.peak, max(up, down) / P.v[j])
        elif W.sq[j] > 0.0:
            missed = max(missed, max(up, down) / rounding_norm(W, j))
        if w != 0.0:
            if l1 == 0.0 and max(up, down) > 0.0:
                g.slack += fabs(w * c)          # rounding, of either sign
            else:
                g.slack += l1 * fabs(w) - w * c
                g.wc += w * c
            g.l1_norm += P.v[j] * fabs(w)
            ww += l2 * w * w
    # |y - Xw|^2 = y'y - w'b - w'q in Gram form
    g.rss = fr_dot_f64(W.X.n, W.r, 1, 0.0, W.r) if W.on_residual or W.exact else max(0.0, W.yy - wbq)
    g.rr = g.rss + ww
    g.primal = 0.5 * (g.rr + ridge) + P.l1 * g.l1_norm
    g.noise = NOISE_ULPS * DBL_EPSILON * size * size
    # not relative to a w that runs off along nearly dependent columns
    if missed > (NOISE_ULPS + sqrt(<double>W.X.n)) * DBL_EPSILON * min(size, EXPECTED * W.size):
        g.excess = INFINITY
    working_judge(W, &g)
    return g


cdef void working_judge(Working *W, Gap *g) noexcept nogil:
    """g.gap of the other fields of g, and of q."""
    cdef Penalty *P = &W.penalty
    cdef double t = dual_scale(g, P.l1, P.boxed), boxes = 0.0
    cdef Py_ssize_t j
    if P.boxed or P.l1 == 0.0:
        for j in range(W.X.p):
            if l1_of(P, j) == 0.0 and l2_of(P, j) > 0.0:
                boxes += conjugate(P, j, W.w[j], t * W.q[j])
            else:
                boxes += box(P, j, t * (W.q[j] - l2_of(P, j) * W.w[j]))
    g.gap = dual_gap(g, t, boxes)


cdef double working_conjugate_gap(Working *W) noexcept nogil:
    """sum_j h_j(w_j) + h_j*(x_j'r) - w_j x_j'r; infinite unless every l2_j > 0.

    P - D at the dual point r itself, with the penalty's own conjugate: every point is feasible, so that an l1 which is
    small against the rounding of x_j'r asks for no rescaling."""
    cdef Py_ssize_t j
    cdef double total = 0.0
    for j in range(W.X.p):
        if l2_of(&W.penalty, j) == 0.0:
            return INFINITY
        total += conjugate(&W.penalty, j, W.w[j], W.q[j])
    return total
