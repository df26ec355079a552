"""The factor of the free columns of a working set, made independent.

Where a column j of the free columns A depends on columns B before it, x_j = X_B v: along (+1 on j, -v on B) the fit stands
still and the l1 term changes linearly, so one walks downhill until a coefficient is at the end of its piece of the penalty and
drops it.  That is finite, and the free columns become independent (Osborne, Presnell and Turlach, 2000, section 3, argue that
such a solution exists).

The factor is kept between calls: columns that left are rotated out, new ones are appended.
Invariant at every exit: q == X'(y - Xw), or r == y - Xw where the working set is solved on the residual.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memcpy, memset

from fastreg.kernels._cd cimport Penalty, is_free, l2_of, rise, slope
from fastreg.kernels._cholesky cimport factor_extend, factor_remove, factor_reserve, solve_upper
from fastreg.kernels._design cimport col_axpy, dots, interrupted, subtract_product
from fastreg.kernels._gram cimport gram_block

cdef enum:
    MOST_FAILURES = 8           # walks in vain in one Newton step
    RISE_ULPS = 64              # of W.size^2: what a walk may raise the objective by, the smallest gap that is ever claimed

cdef double PIVOT_TOL = 1e-14   # squared sine of the angle below which a column counts as dependent: its rounding


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


cdef inline bint is_endless(Working *W, Py_ssize_t j) noexcept nogil:
    """Whether w_j has no end on either side and costs nothing."""
    return distance(W, j, 1.0) == INFINITY and distance(W, j, -1.0) == INFINITY


cdef int walk(Working *W, Py_ssize_t j) noexcept nogil:
    """Column j depends on the factored ones: go along (+1 on j, -v on the others), downhill, until a coefficient is at an end.

    Row factor.m of L holds l with L l = X_B'x_j and the pivot, which is the curvature along the direction: 0 but for
    rounding, or tiny.  Where it is not tiny enough for the objective to stay down, the walk ends where the objective is
    least, with j left out of the factor: 0; and -1 where there is no way down and no end, as for columns without a penalty:
    the factored ones fit what j could.  A factored column that reached its end leaves the factor."""
    cdef Penalty *P = &W.penalty
    cdef Py_ssize_t k, i, m = W.factor.m, hit = -1
    cdef double *v = W.direction
    cdef double *row = W.factor.L[m]
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
    # without a penalty, on what the factored columns span: what incline there is, is rounding
    if best == INFINITY or (is_endless(W, j) and fabs(incline) <= RISE_ULPS * DBL_EPSILON * sqrt(W.sq[j]) * W.size):
        return -1
    if best * (0.5 * curvature * best - fabs(incline)) > RISE_ULPS * DBL_EPSILON * W.size * W.size:
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
    if size > HOPELESS * W.size or not change <= RISE_ULPS * DBL_EPSILON * W.size * W.size:
        for k in range(m + 1):
            W.w[W.order[k]] = W.trial_w[k]
        return 0
    if W.on_residual:
        memcpy(W.r, W.spare, W.X.n * sizeof(double))
        W.exact = False
    else:
        W.q, W.trial_q = W.trial_q, W.q
    if hit >= 0:
        forget(W, hit)
    return hit != -2


cdef double walked(Working *W, Py_ssize_t m) noexcept nogil:
    """The state after the columns order[: m] went from trial_w to w, in trial_q, or on the residual in spare.

    Returns the change of the objective."""
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


cdef int products(Working *W, Py_ssize_t m, Py_ssize_t new) noexcept nogil:
    """Rows m .. m + new - 1 of the factor's triangle: inner products of the columns `order`.  Status as in gram_block."""
    cdef Py_ssize_t i, k
    cdef double *row
    if W.on_residual:
        for i in range(m + new):
            W.features[i] = W.cols[W.order[i]]
        return gram_block(&W.all, W.features, m, new, W.factor.L + m, NULL)
    for i in range(m, m + new):
        row = W.G + W.order[i] * W.cap
        for k in range(i + 1):
            W.factor.L[i][k] = row[W.order[k]]
    return 0


cdef int factor_free_columns(Working *W) noexcept nogil:
    """Factor X_A'X_A + diag(l2_A) for the free A, made independent; returns -1 where memory is out, -2 if interrupted.

    A column that the walk could not free of is LEFT_OUT, and keeps its coefficient in this step."""
    cdef Py_ssize_t i, j, m, new, done, failures = 0
    cdef int status, went
    forget_leavers(W)
    for j in range(W.X.p):
        if W.place[j] == LEFT_OUT:
            W.place[j] = OUTSIDE
    while True:
        m, new = W.factor.m, 0
        for j in range(W.X.p):
            if new < AT_ONCE and W.place[j] == OUTSIDE and is_free(&W.penalty, j, W.w[j]):
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
            W.factor.L[i][i] += l2_of(&W.penalty, W.order[i])
        done = factor_extend(&W.factor, new, PIVOT_TOL)
        for i in range(m, m + done):
            W.place[W.order[i]] = i
        W.work += 0.5 * new * <double>(m + new) * (m + new)
        if done < new:
            j = W.order[m + done]
            went = walk(W, j)
            if went != 1:
                W.place[j] = LEFT_OUT
                failures += went == 0
                if failures >= MOST_FAILURES:       # the others are no better: rounding has the upper hand
                    for i in range(m + done + 1, m + new):
                        W.place[W.order[i]] = LEFT_OUT
        if interrupted(&W.work):
            return -2
