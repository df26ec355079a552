"""Projected Newton steps for the problem of _cd.pxd.

On the free coordinates A the objective is a quadratic while they stay on their pieces of the penalty, and its minimiser solves
(X_A'X_A + diag(l2_A)) d = X_A'r - h_A'(w_A) for the step d: by the factor that _support.pyx keeps, or where that would be too
large by conjugate gradients (_krylov.pyx).  Coordinates that would leave their piece are held at its end, a bound or zero
(projection; Bertsekas, 1982, Projected Newton methods), unless that would raise the objective.

Invariant at every exit: q == X'(y - Xw), or r == y - Xw where the working set is solved on the residual.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, fmin, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._cd cimport Gap, Penalty, dual_gap, dual_scale, is_free, l1_of, l2_of, rise, slope
from fastreg.kernels._cholesky cimport solve_lower, solve_upper
from fastreg.kernels._design cimport (
    Design, Gram, Matrix, col_axpy, dots, fr_axpy_f64, fr_dot_f64, settle, subtract_product,
)
from fastreg.kernels._krylov cimport conjugate_gradients
from fastreg.kernels._support cimport (
    HOPELESS, change_of, distance, end_of, factor_free_columns, forget_all, free_size, gradients, held_at,
)

cdef enum:
    SURE = 1_000                # sum_j |x_j| |w_j| over W.size up to which a full step is taken without a look at the objective
    TRIALS = 2                  # projected steps
    ITERATIVE_TRIALS = 5        # by conjugate gradients


cdef void direction(Working *W) noexcept nogil:
    """W.direction = the Newton step of the factored columns."""
    cdef Py_ssize_t j, k, m = W.factor.m
    for k in range(m):
        j = W.order[k]
        W.direction[k] = W.q[j] - slope(&W.penalty, j, W.w[j])
    solve_lower(&W.factor, m, W.direction)
    solve_upper(&W.factor, m, W.direction)
    W.work += <double>m * m


cdef double first_end(Working *W, const double *d, Py_ssize_t m) noexcept nogil:
    """The largest t <= 1 for which every coordinate of w + t d is on its piece of the penalty."""
    cdef Py_ssize_t k
    cdef double t = 1.0
    for k in range(m):
        if d[k] != 0.0:
            t = fmin(t, distance(W, W.order[k], d[k]) / fabs(d[k]))
    return t


cdef bint keeps_its_pieces(Working *W, const double *d, Py_ssize_t m, double *size) noexcept nogil:
    """Whether w + d, for a step d of the columns order[: m], is on the same pieces of the penalty.

    size = sum_j |x_j| |w_j + d_j|"""
    cdef Py_ssize_t j, k
    cdef bint keeps = True
    size[0] = 0.0
    for k in range(m):
        j = W.order[k]
        size[0] += sqrt(W.sq[j]) * fabs(W.w[j] + d[k])
        keeps = keeps and held_at(W, j, W.w[j] + d[k]) == W.w[j] + d[k]
    return keeps


cdef void image_of_step(Working *W, const double *d, bint sure, double *image) noexcept nogil:
    """image = G d for the step d of the factored columns, or X d on the residual.

    On the factored columns (G + diag(l2)) d is the right-hand side of direction(), so only the other rows of G are read, or
    the columns of d where they are fewer: cost |W| min(m, |W| - m).  Unless sure, when w + d is so large that d may not be
    what it should be: then all rows are made so."""
    cdef Py_ssize_t j, k, m = W.factor.m
    cdef Py_ssize_t rows = W.X.p - (m if sure else 0)
    cdef bint by_columns = m < rows
    cdef double *step = W.trial_w
    cdef double unit = -1.0 if W.on_residual else 1.0
    memset(step, 0, W.X.p * sizeof(double))
    for k in range(m):
        step[W.order[k]] = unit * d[k]
    if W.on_residual:
        memset(image, 0, (W.X.n + 1) * sizeof(double))
        subtract_product(&W.X, step, image)
        W.work += <double>m * W.X.n
        return
    if by_columns:
        memset(image, 0, W.X.p * sizeof(double))
        for k in range(m):
            fr_axpy_f64(W.X.p, d[k], W.G + W.order[k] * W.cap, 1, 0.0, image)
    for j in range(W.X.p):
        if W.place[j] >= 0 and sure:
            image[j] = W.q[j] - slope(&W.penalty, j, W.w[j]) - l2_of(&W.penalty, j) * step[j]
        elif not by_columns:
            image[j] = fr_dot_f64(W.X.p, W.G + j * W.cap, 1, 0.0, step)
    W.work += <double>min(m, rows) * W.X.p


cdef double project(Working *W, Design *X, Py_ssize_t m, double t, const double *image, const double *s, double *trial_s,
                    bint first, Py_ssize_t *held) noexcept nogil:
    """trial_w = w + t d for the columns order[: m], with those at their end that would go beyond it, and trial_s, the state
    there.

    Returns the change of the objective.  first: t is where the first coordinate is at its end, or a rounding away from it."""
    cdef Py_ssize_t i, j, k
    cdef double v, moved, size = 0.0, change = 0.0
    held[0] = 0
    for i in range(W.X.p if Design is Gram else W.X.n):
        trial_s[i] = s[i] - t * image[i]
    for k in range(m):
        j = W.order[k]
        moved = W.w[j] + t * W.direction[k]
        v = held_at(W, j, moved)
        if first and v == moved and distance(W, j, W.direction[k]) <= t * fabs(W.direction[k]) * (1.0 + 4.0 * DBL_EPSILON):
            v = end_of(W, j, moved)
        if v != moved or not is_free(&W.penalty, j, v):
            col_axpy(X, j, v - moved, trial_s)
            held[0] += 1
        W.trial_w[k] = v
        size += sqrt(W.sq[j]) * fabs(v)
    W.work += <double>(held[0] + 1) * (W.X.p if Design is Gram else W.X.n)
    if Design is Matrix:
        settle(X, trial_s)
    for k in range(m):
        j = W.order[k]
        if Design is Gram:
            change += change_of(W, j, W.w[j], W.trial_w[k], s[j], trial_s[j])
        else:
            change += rise(&W.penalty, j, W.w[j], W.trial_w[k])
    if Design is Matrix:
        for i in range(W.X.n):
            change += 0.5 * (trial_s[i] - s[i]) * (trial_s[i] + s[i])
    # so far out the rounding of the objective exceeds what w = 0 costs
    return change if change < INFINITY and size <= HOPELESS * W.size else INFINITY


cdef Py_ssize_t newton_step(Working *W) noexcept nogil:
    """One Newton step; returns how many coordinates it put to an end, -1 where memory is out, -2 if interrupted.

    Where no coordinate leaves its piece of the penalty, w + d is the minimiser on these pieces.  Else projected steps of length
    1 and 0.3 are tried, and shorter ones where d was dear.  If all raise the objective, as they do for nearly collinear
    columns, which balance one another, the step ends where the first coordinate is at its end; up to there the objective
    falls."""
    cdef Py_ssize_t i, j, k, m, trial, last, held = 0
    cdef double *d = W.direction
    cdef double *image = W.spare if W.on_residual else W.scratch
    cdef double t, size, change = 0.0
    cdef bint keeps, iterative
    cdef int status
    if W.X.p == 0:
        return 0
    gradients(W)
    iterative = W.on_residual and free_size(W) > W.factor_limit
    if iterative:
        forget_all(W)
        m = conjugate_gradients(W, d, image)
        if m < 0:
            return m
        keeps = keeps_its_pieces(W, d, m, &size)
    else:
        status = factor_free_columns(W)
        if status != 0:
            return status
        m = W.factor.m
        gradients(W)            # a walk on the residual has moved it
        direction(W)
        keeps = keeps_its_pieces(W, d, m, &size)
        image_of_step(W, d, size <= SURE * W.size, image)
    if keeps and size <= SURE * W.size:
        for k in range(m):
            W.w[W.order[k]] += d[k]
        if W.on_residual:
            W.exact = False
            for i in range(W.X.n):
                W.r[i] -= image[i]
        else:
            for j in range(W.X.p):      # exactly q_A = h_A'(w_A)
                W.q[j] = slope(&W.penalty, j, W.w[j]) if W.place[j] >= 0 else W.q[j] - image[j]
        return 0
    t, last = 1.0, ITERATIVE_TRIALS if iterative else TRIALS
    for trial in range(last + 1):
        t = first_end(W, d, m) if trial == last else (0.3 * t if trial > 0 else 1.0)
        if W.on_residual:
            change = project(W, &W.X, m, t, image, W.r, W.spare + W.X.n + 1, trial == last and t < 1.0, &held)
        else:
            change = project(W, &W.gram, m, t, image, W.q, W.trial_q, trial == last and t < 1.0, &held)
        if change < 0.0:
            break
    if not change < 0.0:            # not even up to the first end: rounding is all that is left
        return 0
    for k in range(m):
        W.w[W.order[k]] = W.trial_w[k]
    if W.on_residual:
        W.exact = False
        memcpy(W.r, W.spare + W.X.n + 1, W.X.n * sizeof(double))
    else:
        W.q, W.trial_q = W.trial_q, W.q
    return held


cdef void newton_dual(Working *W, Gap *g) noexcept nogil:
    """Replace g by the gap at a better dual point, if there is one; for where q is exact and the plain gap falls no more.

    For nearly collinear columns w is large and its own rounding, eps |w|, keeps x_j'r away from h_j'(w_j), while the residual
    that the Newton step d leads to, v = r - X_A d, meets it to the rounding of v: a dual point need not be the residual of a w
    that float64 can hold.  Without bounds but 0, and with every column penalised.  Cost n (|A| + m)."""
    cdef Penalty *P = &W.penalty
    cdef Py_ssize_t i, j, k, m = W.factor.m, n = W.X.n, p = W.X.p
    cdef double *e
    cdef double *v
    cdef double c, l2
    cdef Gap better = g[0]
    for j in range(p):
        if P.v[j] == 0.0 or (W.w[j] != 0.0 and W.place[j] < 0):
            return
    if not W.exact or m == 0 or m != free_size(W) or P.l2 != W.factor_l2 or P.boxed or P.l1 == 0.0:
        return
    e = <double *>malloc(2 * (n + 1) * sizeof(double))
    if e == NULL:
        return
    v = e + n + 1
    direction(W)
    memset(W.trial_w, 0, p * sizeof(double))
    memset(e, 0, (n + 1) * sizeof(double))
    for k in range(m):
        W.trial_w[W.order[k]] = -W.direction[k]
    subtract_product(&W.X, W.trial_w, e)            # e = X_A d
    for i in range(n):
        v[i] = W.r[i] - e[i]
    dots(&W.X, NULL, p, v, W.trial_q)
    better.slack, better.wc, better.peak = 0.0, 0.0, 0.0
    better.re, better.ee = fr_dot_f64(n, W.r, 1, 0.0, e), fr_dot_f64(n, e, 1, 0.0, e)
    for j in range(p):
        l2 = l2_of(P, j)
        c = W.trial_q[j] - l2 * (W.w[j] - W.trial_w[j])
        better.peak = max(better.peak, fabs(c) / P.v[j])
        better.slack += l1_of(P, j) * fabs(W.w[j]) - W.w[j] * c
        better.wc += W.w[j] * c
        better.re += l2 * W.w[j] * W.trial_w[j]
        better.ee += l2 * W.trial_w[j] * W.trial_w[j]
    W.work += <double>n * (m + p)
    better.gap = dual_gap(&better, dual_scale(&better, P.l1, False), 0.0)
    if better.gap < g.gap:
        g[0] = better
    free(e)
