"""Paths of the problem of _cd.pxd by a certified active set.

A working set holds every column that ever mattered; _working.pyx solves the problem on it.  The other columns are checked
mostly without being read (_bounds.pyx); those whose gradient reaches over l1 v_j join.  When none does, the gap of the whole
problem, with the bounds in place of what was not read, is the certificate.

    outside the working set        cost of a check
    dense or sparse X              as _bounds.pyx has it
    tall data                      |W| a column (exact, from rows of the Gram matrix; _cross.pyx)

Columns without an l1 penalty, and those whose bounds leave out 0, are in the working set from the start and never leave it.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memcpy, memset

from fastreg.kernels._bounds cimport (
    bounds_check, bounds_free, bounds_init, bounds_leave, bounds_near, bounds_reach, bounds_renew, bounds_sift, bounds_start,
)
from fastreg.kernels._cd cimport clip, dual_gap, dual_scale
from fastreg.kernels._cross cimport cross_gradients
from fastreg.kernels._design cimport dots, fr_dot_f64, fr_largest
from fastreg.kernels._joining cimport CHEAP, JOIN_AT_LEAST, guess, join, join_best, make_room, most_to_join, release
from fastreg.kernels._judge cimport working_conjugate_gap, working_judge
from fastreg.kernels._newton cimport newton_dual
from fastreg.kernels._support cimport gradients
from fastreg.kernels._working cimport (
    AT_FLOOR, INTERRUPTED, OUT_OF_ITERATIONS, OUT_OF_MEMORY, REACHED, STALLED, may_leave, support_size, working_certify,
    working_free, working_init, working_refresh, working_shrink, working_solve,
)

# How far a stride goes down.  Measured on fifteen problems with one alpha: from 0.2 to 0.4 it matters by a quarter either way;
# near the rank, where every stride is solved to the end, 0.2 costs 1.5 times more.
cdef double STRIDE = 0.2
cdef double STRIDE_CROWDED = 0.4

# Where columns are cheap and so many join that others will follow, the working set is solved to this gap only.  Two texts at
# alpha_max/100: a tenth to two fifths less time.
cdef double ROUGH = 0.1

cdef double HUGE = 1e300        # an l1 that keeps everything at 0, and finite times a factor of 0

cdef enum:
    MOST_RESIDUALS = 256
    FLOOR_ULPS = 64
    MANY = 16                   # a working set that grew by more than one in so many is not the last


cdef int active_init(Active *S, Matrix *X, const double *y, const double *xy, const double *sq, const Penalty *penalty,
                     Py_ssize_t gram_limit, Py_ssize_t factor_limit, bint tall, const double *whole) noexcept nogil:
    """w = 0 but where bounds leave that out.  xy = X'y, sq_j = |x_j|^2, the arrays of penalty, each NULL or of length p, and
    whole, X'X or NULL, stay the caller's.  -1 where memory is out, -2 if interrupted."""
    cdef Py_ssize_t j, k = 0, p = X.p, room, full = X.csc.size // X.n if X.sparse else p    # as many columns as X is large
    memset(S, 0, sizeof(Active))
    S.X, S.xy, S.sq, S.penalty, S.l1_before = X[0], xy, sq, penalty[0], INFINITY
    # 1 % of the size of X (2 % for float32), but 4 MB and 16 residuals at least, and never more than columns
    room = 1 if tall else min(p, max(<Py_ssize_t>16, min(<Py_ssize_t>MOST_RESIDUALS, max(full // 100, 500_000 // X.n))))
    if working_init(&S.W, X, y, gram_limit, factor_limit, tall, whole) != 0:
        return -1
    if bounds_init(&S.B, X, sq, penalty, room) != 0:
        return -1
    S.cheap = X.sparse and CHEAP * <double>X.csc.size <= <double>X.n * X.p
    S.floor = FLOOR_ULPS * DBL_EPSILON * S.W.yy
    S.W.penalty.boxed = penalty.boxed
    memcpy(S.W.r, y, X.n * sizeof(double))
    bounds_start(&S.B, y, S.W.yy, xy)
    if penalty.v == NULL and penalty.lower == NULL:
        return 0
    for j in range(p):
        if always_in(S, j):
            S.B.over[k] = j
            k += 1
    S.n_always_in = k
    return join(S, S.B.over, k) if k > 0 else 0


cdef void active_retarget(Active *S, const double *y, const double *xy) noexcept nogil:
    """Another target over the same X, from w = 0.  Of the working set only what is always in it stays, unless its rows of the
    Gram matrix took readings of X (tall data): for another target other columns matter, and each that does not slows every
    sweep down."""
    cdef Py_ssize_t i
    cdef Working *W = &S.W
    for i in range(W.X.p):
        W.w[i] = clip(0.0, W.penalty.lower[i], W.penalty.upper[i])
    if not W.tall:
        working_shrink(W)
    W.y, W.yy, S.xy, S.l1_before = y, fr_dot_f64(S.X.n, y, 1, 0.0, y), xy, INFINITY
    S.floor, W.size = FLOOR_ULPS * DBL_EPSILON * W.yy, sqrt(W.yy)
    memcpy(W.r, y, S.X.n * sizeof(double))
    bounds_start(&S.B, y, W.yy, xy)
    for i in range(W.X.p):
        W.b[i] = xy[W.cols[i]]
        bounds_leave(&S.B, W.cols[i])
        W.size += sqrt(S.sq[W.cols[i]]) * fabs(W.w[i])
    W.settled = False
    working_refresh(W)


cdef void active_free(Active *S) noexcept nogil:
    working_free(&S.W)
    bounds_free(&S.B)


cdef bint always_in(Active *S, Py_ssize_t j) noexcept nogil:
    """Whether column j matters at any l1."""
    cdef Penalty *P = &S.penalty
    if P.v != NULL and not P.v[j] < INFINITY:
        return False
    if P.lower != NULL and not P.lower[j] <= 0.0 <= P.upper[j]:
        return True
    return S.sq[j] > 0.0 and P.v != NULL and P.v[j] == 0.0


cdef double check(Active *S, double limit, bint passing, Py_ssize_t *n_over) noexcept nogil:
    """bounds_check at W.r; for tall data from rows of the Gram matrix, or from X where q is exact."""
    cdef double most
    if not S.W.tall:
        most = bounds_check(&S.B, S.W.r, limit, passing, n_over)
        S.W.work += S.B.work
        S.B.work = 0.0
        return most
    if S.W.exact:
        dots(&S.X, NULL, S.X.p, S.W.r, S.B.c)
        S.B.n_columns_read += S.X.p
    else:
        cross_gradients(&S.W.cross, S.xy, S.W.w, S.B.c)
    return bounds_sift(&S.B, limit, n_over)


cdef double least_gap(Active *S, double primal) noexcept nogil:
    """The smallest gap that is claimed: the rounding of |y|^2, or of an objective that bounds hold far above it."""
    return max(S.floor, 4.0 * DBL_EPSILON * primal)


cdef inline Outcome failed(int status) noexcept nogil:
    return OUT_OF_MEMORY if status == -1 else INTERRUPTED


cdef Outcome active_base(Active *S, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                         double *most) noexcept nogil:
    """Solve for the columns that are always in, with every other at 0, and find the largest gradient of the others: the
    smallest l1 that keeps them there.  Costs a reading of X, unless there are no such columns."""
    cdef Outcome outcome = REACHED
    cdef Py_ssize_t i, j, over = 0
    # after another target the working set holds columns that must stay at 0
    S.W.penalty.l1, S.W.penalty.l2 = 0.0 if S.W.X.p == S.n_always_in else HUGE, l2
    most[0] = 0.0
    if S.n_always_in > 0:
        outcome = working_solve(&S.W, 0.01 * tol, 0.25 * S.floor, n_iter, max_iter)
        if outcome == OUT_OF_MEMORY or outcome == INTERRUPTED:
            return outcome
        working_certify(&S.W, 0.01 * tol)
        if S.W.tall:
            check(S, INFINITY, False, &over)
        else:
            bounds_renew(&S.B, S.W.r)
    if S.B.side == NULL:
        most[0] = fr_largest(S.X.p, S.B.c)
    else:
        for j in range(S.X.p):
            most[0] = max(most[0], bounds_reach(&S.B, j, S.B.c[j]))
    if S.W.X.p > S.n_always_in:
        gradients(&S.W)
        for i in range(S.W.X.p):
            if may_leave(&S.W, i):
                most[0] = max(most[0], bounds_reach(&S.B, S.W.cols[i], S.W.q[i] / S.W.penalty.v[i]))
    return outcome


cdef int join_everything(Active *S) noexcept nogil:
    """Without an l1 penalty any column may be non-zero."""
    cdef Py_ssize_t j, k = 0
    for j in range(S.X.p):
        if S.B.size[j] > 0.0:
            S.B.over[k] = j
            k += 1
    return join(S, S.B.over, k) if k > 0 else 0


cdef Outcome active_solve(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                          Gap *certificate) noexcept nogil:
    """Minimise the objective of _cd.pxd from the w of the last call.

    A long way down, from l1_before or from w = 0, is gone in strides with a loose tolerance: far fewer columns join that
    do not stay.  The certificate is that of the whole problem: its peak bounds every column's gradient over v_j."""
    cdef Outcome outcome
    cdef Py_ssize_t over
    cdef double stop, most = 0.0
    cdef bint crowded
    cdef int status
    n_iter[0] = 0
    if l1 == 0.0:
        status = join_everything(S)
        return failed(status) if status != 0 else solve_from_here(S, l1, l2, tol, False, max_iter, n_iter, certificate)
    if S.l1_before == INFINITY and support_size(&S.W) == 0:
        outcome = active_base(S, l2, tol, max_iter, n_iter, &most)
        if outcome == OUT_OF_MEMORY or outcome == INTERRUPTED:
            return outcome
        over = bounds_near(&S.B, l1)
        if over > 2 * JOIN_AT_LEAST or S.n_always_in > 0:       # else all of them join at once
            S.l1_before = max(most, l1)
    while S.l1_before < INFINITY and n_iter[0] < max_iter:
        most_to_join(S, &crowded)
        stop = (STRIDE_CROWDED if crowded else STRIDE) * S.l1_before
        if stop <= 1.2 * l1:        # what is left is not worth a stride of its own
            break
        # l2 in proportion, as along a path
        outcome = solve_from_here(S, stop, l2 * (stop / l1), 0.1, True, max_iter, n_iter, certificate)
        if outcome == OUT_OF_MEMORY or outcome == INTERRUPTED:
            return outcome
    return solve_from_here(S, l1, l2, tol, False, max_iter, n_iter, certificate)


cdef void sharpen(Active *S, double most, double rounding, Gap *certificate) noexcept nogil:
    """Lower the certificate's gap by other dual points, where they have smaller ones.  most: as check returned it."""
    cdef Gap g = certificate[0]
    cdef double over, l1 = S.W.penalty.l1, l2 = S.W.penalty.l2
    if S.W.penalty.boxed or l1 == 0.0:
        return
    newton_dual(&S.W, &g)
    g.peak = max(g.peak, most + S.B.largest_size * sqrt(g.ee)) + rounding   # the dual point is r - e
    g.gap = dual_gap(&g, dual_scale(&g, l1, False), 0.0)
    if g.gap < certificate.gap:
        certificate[0] = g
    if l2 > 0.0 and S.penalty.u == NULL:
        over = max(0.0, most + rounding - l1)
        certificate.gap = min(certificate.gap, working_conjugate_gap(&S.W) + 0.5 * S.X.p * over * over / l2)


cdef Outcome solve_from_here(Active *S, double l1, double l2, double tol, bint passing, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                             Gap *certificate) noexcept nogil:
    """Rounds of solving on the working set and checking the rest, until the gap is reached.  n_iter is added to.

    passing: this l1 is only on the way to another, and nothing needs to be certified."""
    cdef Outcome outcome
    cdef Py_ssize_t over = 0, j
    cdef double inner = 0.3 * tol, slack, most, rounding, before = INFINITY
    cdef Py_ssize_t before_joining
    cdef int status, tries = 0
    # after a long stride, what the strong rule keeps is not yet what matters
    cdef bint crowded, roomy = False, rough = S.cheap and 2.0 * l1 < S.l1_before < INFINITY
    cdef Gap g
    S.W.penalty.l1, S.W.penalty.l2 = l1, l2
    status = 0 if l1 == 0.0 else guess(S, l1, l2)
    if status != 0:
        return failed(status)
    while True:
        outcome = working_solve(&S.W, max(inner, ROUGH) if rough else inner, 0.25 * S.floor, n_iter, max_iter)
        if outcome == OUT_OF_MEMORY or outcome == INTERRUPTED:
            return outcome
        g = working_certify(&S.W, tol)
        # a column may exceed l1 by what the tolerance leaves: 1 - t of w'c and (1 - t)^2 of |r'|^2 / 2 for t = l1 / |c_j|
        slack = max(0.0, tol * g.primal - g.gap)
        if slack > 0.0:
            slack = min(0.25 * slack / (l1 * g.l1_norm), sqrt(0.5 * slack / g.rr)) if g.l1_norm * g.rr > 0.0 else 0.0
        most = check(S, l1 * (1.0 + slack), passing, &over)
        most_to_join(S, &crowded)
        if passing and not crowded and 4 * over <= S.W.X.p:
            if not S.W.tall:
                release(S)
            S.l1_before = l1
            return REACHED
        if over > 0 and outcome != OUT_OF_ITERATIONS:
            if not roomy and make_room(S, over):
                roomy = True        # once: what left may be among the violators
                most = check(S, l1 * (1.0 + slack), passing, &over)
            before_joining = S.W.X.p
            status = join_best(S, S.B.over, S.B.c, over, l1, l2)
            if status != 0:
                return failed(status)
            rough = S.cheap and MANY * (S.W.X.p - before_joining) > before_joining
            before = INFINITY
            continue
        if rough and outcome != OUT_OF_ITERATIONS:
            rough = False
            continue
        for j in range(over):
            most = max(most, bounds_reach(&S.B, S.B.over[j], S.B.c[S.B.over[j]]))
        rounding = 4.0 * DBL_EPSILON * S.B.largest_size * sqrt(g.rss)     # of an x_j'r
        g.peak = max(g.peak, most) + rounding
        working_judge(&S.W, &g)
        certificate[0] = g
        S.l1_before, S.rss = l1, g.rss
        if not g.primal < INFINITY:     # NaN as well
            return STALLED
        if g.gap <= tol * g.primal:
            return REACHED
        if g.gap <= least_gap(S, g.primal):
            return AT_FLOOR
        if outcome == OUT_OF_ITERATIONS:
            return outcome
        # where neither a smaller tolerance on the working set nor exact gradients help, rounding is the limit
        tries = 0 if g.gap < 0.5 * before else tries + 1
        if tries > 3:
            sharpen(S, most, rounding, certificate)
            if certificate.gap <= tol * g.primal:
                return REACHED
            return AT_FLOOR if certificate.gap <= least_gap(S, g.primal) else STALLED
        before = min(before, g.gap)
        inner *= 0.1
