"""Projected Newton steps for the problem of _cd.pxd, with a null-space pivot for dependent columns.

On the free coordinates A the objective is a quadratic while they stay on their pieces of the penalty, and its minimiser solves
(X_A'X_A + diag(l2_A)) d = X_A'r - h_A'(w_A) for the step d.  Coordinates that would leave their piece are held at its end, a
bound or zero (projection; Bertsekas, 1982, Projected Newton methods), unless that would raise the objective.

Where a column j of A depends on columns B before it, x_j = X_B v: along (+1 on j, -v on B) the fit stands still and the l1 term
changes linearly, so one walks downhill until a coefficient is at an end and drops it.  That is finite, and the free columns
become independent (Osborne, Presnell and Turlach, 2000, section 3, argue that such a solution exists).

The factor is kept between calls: columns that left are rotated out, new ones are appended.
Invariant at every exit: q == X'(y - Xw), or r == y - Xw where the working set is solved on the residual.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, fmin, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._cd cimport Gap, Penalty, dual_gap, dual_scale, is_free, l1_of, l2_of, rise, sign, slope
from fastreg.kernels._cholesky cimport factor_extend, factor_remove, factor_reserve, solve_lower, solve_upper
from fastreg.kernels._design cimport (
    Design, Gram, Matrix, col_axpy, dots, fr_dot_f64, gram_block, interrupted, settle, subtract_product,
)

cdef enum:
    OUTSIDE = -1                # instead of its place, for a column that is not in the factor
    LEFT_OUT = -2
    SURE = 1_000                # sum_j |x_j| |w_j| over |y| up to which a full step is taken without a look at the objective
    HOPELESS = 10_000_000       # and from which on it is not taken at all
    MOST_FAILURES = 8           # walks in vain in one Newton step
    RISE_ULPS = 64              # of y'y: what a walk may raise the objective by, the smallest gap that is ever claimed

cdef double PIVOT_TOL = 1e-14   # squared sine of the angle below which a column counts as dependent: its rounding


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


cdef Py_ssize_t free_size(Working *W) noexcept nogil:
    """How many coefficients are free."""
    cdef Py_ssize_t j, free = 0
    for j in range(W.X.p):
        free += is_free(&W.penalty, j, W.w[j])
    return free


cdef void gradients(Working *W) noexcept nogil:
    """q = X'r, where the state is r and q has not been made for this one."""
    if W.on_residual and not W.exact:
        dots(&W.X, NULL, W.X.p, W.r, W.q)
        W.work += <double>W.X.n * W.X.p
        W.exact = True


cdef void forget(Working *W, Py_ssize_t k) noexcept nogil:
    """Take row k out of the factor."""
    cdef Py_ssize_t i
    factor_remove(&W.factor, k, W.scratch)
    W.place[W.order[k]] = OUTSIDE
    for i in range(k, W.factor.m):
        W.order[i] = W.order[i + 1]
        W.place[W.order[i]] = i


cdef void forget_all(Working *W) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(W.factor.m):
        W.place[W.order[k]] = OUTSIDE
    W.factor.m = 0


cdef void forget_leavers(Working *W) noexcept nogil:
    """Make every column of the factor a free one, for the present l2."""
    cdef Py_ssize_t k, leavers = 0
    for k in range(W.factor.m):
        leavers += not is_free(&W.penalty, W.order[k], W.w[W.order[k]])
    if W.penalty.l2 != W.factor_l2 or leavers > 4 + W.factor.m // 4:
        forget_all(W)
        W.factor_l2 = W.penalty.l2
        return
    for k in range(W.factor.m - 1, -1, -1):
        if not is_free(&W.penalty, W.order[k], W.w[W.order[k]]):
            forget(W, k)


cdef bint walk(Working *W, Py_ssize_t j) noexcept nogil:
    """Column j depends on the factored ones: go along (+1 on j, -v on the others), downhill, until a coefficient is at an end.

    Row factor.m of L holds l with L l = X_B'x_j and the pivot, which is the curvature along the direction: 0 but for
    rounding, or tiny.  Where it is not tiny enough for the objective to stay down, the walk ends where the objective is
    least, with j left out of the factor: False.  A factored column that reached its end leaves the factor."""
    cdef Penalty *P = &W.penalty
    cdef Py_ssize_t k, i, m = W.factor.m, hit = -1
    cdef double *v = W.direction
    cdef double *row = W.factor.L + m * W.factor.ld
    cdef double incline = slope(P, j, W.w[j]) - W.q[j], curvature = max(row[m], 0.0), step, best, far, new
    cdef double change, size = 0.0
    memcpy(v, row, m * sizeof(double))
    solve_upper(&W.factor, m, v)
    for k in range(m):
        i = W.order[k]
        incline -= v[k] * (slope(P, i, W.w[i]) - W.q[i])
    step = -1.0 if incline > 0.0 else 1.0           # the sign in which w_j moves
    best = distance(W, j, step)
    for k in range(m):
        if v[k] != 0.0:
            far = distance(W, W.order[k], -v[k] * step)
            if far < best * fabs(v[k]):
                best, hit = far / fabs(v[k]), k
    W.n_pivots += 1
    W.work += <double>m * W.X.p
    if best == INFINITY:                            # flat and without an end: rounding only
        return False
    if best * (0.5 * curvature * best - fabs(incline)) > RISE_ULPS * DBL_EPSILON * W.yy:
        best, hit = fabs(incline) / curvature, -2
    W.order[m] = j
    for k in range(m + 1):
        i = W.order[k]
        W.trial_w[k] = W.w[i]
        new = W.w[i] + best * step * (1.0 if k == m else -v[k])
        W.w[i] = end_of(W, i, new) if k == hit or (k == m and hit == -1) else new
        size += sqrt(W.sq[i]) * fabs(W.w[i])
    # v comes from pivots that may be rounding themselves: see what the walk does
    change = walked(W, m + 1)
    if size > HOPELESS * sqrt(W.yy) or not change <= RISE_ULPS * DBL_EPSILON * W.yy:
        for k in range(m + 1):
            W.w[W.order[k]] = W.trial_w[k]
        return False
    if W.on_residual:
        memcpy(W.r, W.spare, W.X.n * sizeof(double))
        W.exact = False
    else:
        W.q, W.trial_q = W.trial_q, W.q
    if hit >= 0:
        forget(W, hit)
    return hit != -2


cdef double walked(Working *W, Py_ssize_t m) noexcept nogil:
    """The state after the columns order[: m] went from trial_w to w, in trial_q, or on the residual in spare; returns the change
    of the objective."""
    cdef Py_ssize_t i, k
    cdef double change = 0.0
    if W.on_residual:
        memset(W.scratch, 0, W.X.p * sizeof(double))
        memcpy(W.spare, W.r, W.X.n * sizeof(double))
        for k in range(m):
            i = W.order[k]
            W.scratch[i] = W.w[i] - W.trial_w[k]
            change += rise(&W.penalty, i, W.trial_w[k], W.w[i])
        subtract_product(&W.X, W.scratch, W.spare)
        for i in range(W.X.n):
            change += 0.5 * (W.spare[i] - W.r[i]) * (W.spare[i] + W.r[i])
        W.work += <double>W.X.n * m
        return change
    memcpy(W.trial_q, W.q, W.X.p * sizeof(double))
    for k in range(m):
        i = W.order[k]
        col_axpy(&W.gram, i, W.w[i] - W.trial_w[k], W.trial_q)
    for k in range(m):
        i = W.order[k]
        change += change_of(W, i, W.trial_w[k], W.w[i], W.q[i], W.trial_q[i])
    return change


cdef inline double end_of(Working *W, Py_ssize_t j, double v) noexcept nogil:
    """the end of w_j's piece of the penalty next to v, which is there but for rounding"""
    cdef Penalty *P = &W.penalty
    cdef double end = P.upper[j] if fabs(P.upper[j] - v) < fabs(v - P.lower[j]) else P.lower[j]
    return 0.0 if l1_of(P, j) > 0.0 and fabs(v) <= fabs(v - end) else end


cdef inline double change_of(Working *W, Py_ssize_t j, double old, double new, double q_old, double q_new) noexcept nogil:
    """One coordinate's part in the change of the objective from w to w + d: d'Gd is d'(q_old - q_new)."""
    return rise(&W.penalty, j, old, new) - 0.5 * (new - old) * (q_old + q_new)


cdef int products(Working *W, Py_ssize_t m, Py_ssize_t new) noexcept nogil:
    """Rows m .. m + new - 1 of the factor's triangle: inner products of the columns `order`.  Status as in gram_block."""
    cdef Py_ssize_t i, k, ld = W.factor.ld
    cdef double *row
    if W.on_residual:
        for i in range(m + new):
            W.features[i] = W.cols[W.order[i]]
        return gram_block(&W.all, W.features, m, new, W.factor.L + m * ld, ld)
    for i in range(m, m + new):
        row = W.G + W.order[i] * W.cap
        for k in range(i + 1):
            W.factor.L[i * ld + k] = row[W.order[k]]
    return 0


cdef int factor_free_columns(Working *W) noexcept nogil:
    """Factor X_A'X_A + diag(l2_A) for the free A, made independent; returns -1 where memory is out, -2 if interrupted.

    A column that the walk could not free of is LEFT_OUT, and keeps its coefficient in this step."""
    cdef Py_ssize_t i, j, m, new, done, failures = 0
    cdef int status
    forget_leavers(W)
    for j in range(W.X.p):
        if W.place[j] == LEFT_OUT:
            W.place[j] = OUTSIDE
    while True:
        m, new = W.factor.m, 0
        for j in range(W.X.p):
            if W.place[j] == OUTSIDE and is_free(&W.penalty, j, W.w[j]):
                W.order[m + new] = j
                new += 1
        if new == 0:
            return 0
        if factor_reserve(&W.factor, m + new) != 0:
            return -1
        status = products(W, m, new)
        if status != 0:
            return status
        for i in range(m, m + new):
            W.factor.L[i * W.factor.ld + i] += l2_of(&W.penalty, W.order[i])
        done = factor_extend(&W.factor, new, PIVOT_TOL)
        for i in range(m, m + done):
            W.place[W.order[i]] = i
        W.work += 0.5 * new * <double>(m + new) * (m + new)
        if done < new:
            j = W.order[m + done]
            if not walk(W, j):
                W.place[j] = LEFT_OUT
                failures += 1
                if failures >= MOST_FAILURES:       # the others are no better: rounding has the upper hand
                    for i in range(m + done + 1, m + new):
                        W.place[W.order[i]] = LEFT_OUT
        if interrupted(&W.work):
            return -2


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


cdef bint image_of_step(Working *W, const double *d, double *image) noexcept nogil:
    """image = G d for the step d of the factored columns, or X d on the residual; whether w + d is on the same pieces of the
    penalty, and may be taken unseen.

    On the factored columns (G + diag(l2)) d is the right-hand side of direction(), so only the other rows of G are read: cost
    m (|W| - m).  Where w + d is so large that d may not be what it should be, all are."""
    cdef Py_ssize_t j, k, m = W.factor.m, rows = 0
    cdef double *step = W.trial_w
    cdef double size = 0.0
    cdef bint keeps = True
    memset(step, 0, W.X.p * sizeof(double))
    for k in range(m):
        j = W.order[k]
        step[j] = d[k]
        size += sqrt(W.sq[j]) * fabs(W.w[j] + d[k])
        keeps = keeps and held_at(W, j, W.w[j] + d[k]) == W.w[j] + d[k]
    if W.on_residual:
        for j in range(W.X.p):
            step[j] = -step[j]
        memset(image, 0, W.X.n * sizeof(double))
        subtract_product(&W.X, step, image)
        W.work += <double>m * W.X.n
    else:
        for j in range(W.X.p):
            if W.place[j] >= 0 and size <= SURE * sqrt(W.yy):
                image[j] = W.q[j] - slope(&W.penalty, j, W.w[j]) - l2_of(&W.penalty, j) * step[j]
            else:
                image[j] = fr_dot_f64(W.X.p, W.G + j * W.cap, 1, 0.0, step)
                rows += 1
        W.work += <double>rows * W.X.p
    return keeps and size <= SURE * sqrt(W.yy)


cdef double project(Working *W, Design *X, double t, const double *image, const double *s, double *trial_s, bint first,
                    Py_ssize_t *held) noexcept nogil:
    """trial_w = w + t d for the factored columns, with those at their end that would go beyond it, and trial_s, the state there.

    Returns the change of the objective.  first: t is where the first coordinate is at its end, or a rounding away from it."""
    cdef Py_ssize_t i, j, k, m = W.factor.m
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
    return change if change < INFINITY and size <= HOPELESS * sqrt(W.yy) else INFINITY


cdef Py_ssize_t newton_step(Working *W) noexcept nogil:
    """One Newton step; returns how many coordinates it put to an end, -1 where memory is out, -2 if interrupted.

    Where no coordinate leaves its piece of the penalty, w + d is the minimiser on these pieces.  Else projected steps of length
    1 and 0.3 are tried.  If both raise the objective, as they do for nearly collinear columns, which balance one another, the
    step ends where the first coordinate is at its end; up to there the objective falls."""
    cdef Py_ssize_t i, j, k, m, trial, held = 0
    cdef double *d = W.direction
    cdef double *image
    cdef double t, change = 0.0
    cdef int status
    if W.X.p == 0:
        return 0
    gradients(W)
    status = factor_free_columns(W)
    if status != 0:
        return status
    m = W.factor.m
    direction(W)
    image = W.spare if W.on_residual else W.scratch
    if image_of_step(W, d, image):
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
    for trial in range(3):
        t = 1.0 if trial == 0 else (0.3 if trial == 1 else first_end(W, d, m))
        if W.on_residual:
            change = project(W, &W.X, t, image, W.r, W.spare + W.X.n + 1, trial == 2 and t < 1.0, &held)
        else:
            change = project(W, &W.gram, t, image, W.q, W.trial_q, trial == 2 and t < 1.0, &held)
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
    that float64 can hold.  Without bounds only.  Cost n (|A| + m)."""
    cdef Penalty *P = &W.penalty
    cdef Py_ssize_t i, j, k, m = W.factor.m, n = W.X.n, p = W.X.p
    cdef double *e
    cdef double *v
    cdef double c, l2
    cdef Gap better = g[0]
    for j in range(p):
        if W.w[j] != 0.0 and W.place[j] < 0:
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
        if P.v[j] > 0.0:
            better.peak = max(better.peak, fabs(c) / P.v[j])
            better.slack += l1_of(P, j) * fabs(W.w[j]) - W.w[j] * c
            better.wc += W.w[j] * c
        else:
            better.slack += fabs(W.w[j] * c)
        better.re += l2 * W.w[j] * W.trial_w[j]
        better.ee += l2 * W.trial_w[j] * W.trial_w[j]
    W.work += <double>n * (m + p)
    better.gap = dual_gap(&better, dual_scale(&better, P.l1, False), 0.0)
    if better.gap < g.gap:
        g[0] = better
    free(e)
