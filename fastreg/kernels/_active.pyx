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
    bounds_borrow, bounds_check, bounds_free, bounds_init, bounds_leave, bounds_near, bounds_outside, bounds_reach,
    bounds_renew, bounds_sift, bounds_start, outside,
)
from fastreg.kernels._cd cimport clip, dual_gap, dual_scale
from fastreg.kernels._cross cimport cross_gradients
from fastreg.kernels._design cimport dots, fr_dot_f64, fr_largest
from fastreg.kernels._joining cimport CHEAP, JOIN_AT_LEAST, guess, join, join_best, make_room, most_to_join, release
from fastreg.kernels._judge cimport working_conjugate_gap, working_judge
from fastreg.kernels._newton cimport newton_dual
from fastreg.kernels._relax cimport working_relax
from fastreg.kernels._support cimport gradients
from fastreg.kernels._working cimport (
    AT_FLOOR, OUT_OF_ITERATIONS, REACHED, STALLED, failed, has_failed, may_leave, sorted_support, support_size, target_product,
    working_certify, working_free, working_init, working_refresh, working_shrink, working_solve,
)

# How far a stride goes down.  Measured on fifteen problems with one alpha: from 0.2 to 0.4 it matters by a quarter either way;
# near the rank, where every stride is solved to the end, 0.2 costs 1.5 times more.
cdef double STRIDE = 0.2
cdef double STRIDE_CROWDED = 0.4
cdef double STRIDE_TOL = 0.1

# Where columns are cheap and so many join that others will follow, the working set is solved to this gap only.  Two texts at
# alpha_max/100: a tenth to two fifths less time.
cdef double ROUGH = 0.1

cdef double HUGE = 1e300        # an l1 that keeps everything at 0, and finite times a factor of 0

cdef enum:
    MOST_RESIDUALS = 31
    FLOOR_ULPS = 64
    MANY = 16                   # a working set that grew by more than one in so many is not the last


cdef int active_init(Active *S, Matrix *X, const double *y, const double *xy, const double *sq, const Penalty *penalty,
                     Py_ssize_t gram_limit, Py_ssize_t factor_limit, bint tall, const double *whole,
                     const Bounds *owner) noexcept nogil:
    """w = 0 but where bounds leave that out.  xy = X'y, sq_j = |x_j|^2, the arrays of penalty, each NULL or of length p, and
    whole, X'X or NULL, stay the caller's.  -1 where memory is out, -2 if interrupted.

    owner: NULL, or bounds for the same columns and penalty, freed later, whose sizes and scratch several solvers use in turn.
    xy is then this solver's to write to."""
    cdef Py_ssize_t j, k = 0, p = X.p, room
    memset(S, 0, sizeof(Active))
    S.X, S.xy, S.sq, S.penalty, S.l1_before = X[0], xy if owner == NULL else NULL, sq, penalty[0], INFINITY
    # 1 % of the size of X, but 4 MB and 16 residuals at least, and never more than columns
    room = (X.csc.size // X.n if X.sparse else (p // 2 if X.single else p)) // 100
    room = 1 if tall else min(p, max(<Py_ssize_t>16, min(<Py_ssize_t>MOST_RESIDUALS, max(room, 500_000 // X.n))))
    if working_init(&S.W, X, y, gram_limit, factor_limit, tall, whole) != 0:
        return -1
    if (bounds_init(&S.B, X, sq, penalty, room) if owner == NULL else bounds_borrow(&S.B, owner, <double *>xy)) != 0:
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
    W.y, W.yy, S.l1_before = y, fr_dot_f64(S.X.n, y, 1, 0.0, y), INFINITY
    if not S.B.lent:
        S.xy = xy
    S.floor, W.size = FLOOR_ULPS * DBL_EPSILON * W.yy, sqrt(W.yy)
    memcpy(W.r, y, S.X.n * sizeof(double))
    bounds_start(&S.B, y, W.yy, xy)
    for i in range(W.X.p):
        W.b[i] = target_product(W, S.xy, W.cols[i])
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
    if not S.W.tall:
        return bounds_check(&S.B, S.W.r, limit, passing, n_over)
    if S.W.exact:
        dots(&S.X, NULL, S.X.p, S.W.r, S.B.c)
        S.B.n_columns_read += S.X.p
    else:
        cross_gradients(&S.W.cross, S.xy, S.W.w, S.B.c)
    return bounds_sift(&S.B, limit, n_over)


cdef double least_gap(Active *S, double primal) noexcept nogil:
    """The smallest gap that is claimed: the rounding of |y|^2, or of an objective that bounds hold far above it."""
    return max(S.floor, 4.0 * DBL_EPSILON * primal)


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
        if has_failed(outcome):
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
            most[0] = max(most[0], bounds_reach(&S.B, j, S.B.c[j]) if outside(&S.B, j) else 0.0)
    if S.W.X.p > S.n_always_in:
        gradients(&S.W)
        for i in range(S.W.X.p):
            if may_leave(&S.W, i):
                most[0] = max(most[0], bounds_reach(&S.B, S.W.cols[i], S.W.q[i] / S.W.penalty.v[i]))
    return outcome


cdef int join_everything(Active *S) noexcept nogil:
    """Without an l1 penalty any column may be non-zero."""
    cdef Py_ssize_t k = bounds_outside(&S.B)
    return join(S, S.B.over, k) if k > 0 else 0


cdef Outcome active_solve(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                          Gap *certificate) noexcept nogil:
    """Minimise the objective of _cd.pxd from the w of the last call.

    The certificate is that of the whole problem: its peak bounds every column's gradient over v_j."""
    active_begin(S, l1, l2, tol, max_iter)
    while active_advance(S):
        S.most = check(S, S.limit, S.passing, &S.n_over)
    n_iter[0], certificate[0] = S.n_iter, S.certificate
    return S.outcome


cdef int active_relax(Active *S, double share) noexcept nogil:
    """After a solve: let the answer be (1 - share) w + share x, x least squares on the support, and rss |y - X answer|^2.  w
    stays for the next solve.  Status as in working_relax."""
    cdef int status = 0
    S.answer = S.W.w
    if share > 0.0:
        status = working_relax(&S.W, share, S.W.trial_w, &S.rss)
        S.answer = S.W.trial_w
    return status


cdef double active_write(Active *S, const double *mean, double unit, double *coef) noexcept nogil:
    """coef_j = unit times the answer where w_j is not 0; returns the sum of mean_j coef_j, means of the user's X."""
    cdef Py_ssize_t j
    cdef double level = 0.0
    cdef Py_ssize_t i, k
    for k in range(sorted_support(&S.W)):   # in this order, so that it does not depend on how the working set came about
        i, j = S.W.features[k], S.W.cols[S.W.features[k]]
        coef[j] = unit * S.answer[i]
        level += mean[j] * coef[j]
    return level


cdef void active_begin(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter) noexcept nogil:
    """Start a solve, which active_advance goes on with.

    A long way down, from l1_before or from w = 0, is gone in strides with a loose tolerance: far fewer columns join that
    do not stay."""
    cdef Py_ssize_t over
    cdef double most = 0.0
    S.l1, S.l2, S.tol, S.max_iter, S.n_iter, S.checking, S.passing, S.outcome = l1, l2, tol, max_iter, 0, False, True, REACHED
    if l1 == 0.0:
        S.outcome = failed(join_everything(S))
    elif S.l1_before == INFINITY and support_size(&S.W) == 0:
        S.outcome = active_base(S, l2, tol, max_iter, &S.n_iter, &most)
        over = bounds_near(&S.B, l1)
        if over > 2 * JOIN_AT_LEAST or S.n_always_in > 0:       # else all of them join at once
            S.l1_before = max(most, l1)


cdef bint active_advance(Active *S) noexcept nogil:
    """Go on until the gradients of the columns outside are needed at W.r (True), or until the solve is over (False).

    After True, n_over columns are to be in B.over whose gradient reaches over `limit`, and the others' to be below `most`."""
    S.W.work += S.B.work        # of the check
    S.B.work = 0.0
    if S.checking:
        S.checking = False
        if not stride_is_over(S):
            if S.checking:          # once more, as columns have left the working set
                return True
        elif S.passing and not has_failed(S.outcome):
            next_stride(S)
        else:
            claim(S)
            return False
    elif not has_failed(S.outcome):
        next_stride(S)
    if not has_failed(S.outcome):
        S.outcome = working_solve(&S.W, max(S.inner, ROUGH) if S.rough else S.inner, 0.25 * S.floor, &S.n_iter, S.max_iter)
    if has_failed(S.outcome):
        return False
    S.gap = working_certify(&S.W, S.stride_tol)
    S.limit, S.checking = S.W.penalty.l1 * (1.0 + slack(S)), True
    return True


cdef void claim(Active *S) noexcept nogil:
    """The end of a solve.  No gap below the floor is claimed."""
    cdef double floor = least_gap(S, S.certificate.primal)
    if S.outcome == REACHED and S.certificate.gap < floor and floor > S.tol * S.certificate.primal:
        S.outcome = AT_FLOOR
    S.certificate.gap = max(S.certificate.gap, floor)
    S.answer = S.W.w


cdef double slack(Active *S) noexcept nogil:
    """How far over l1 a column may be, relatively, by what the tolerance leaves: 1 - t of w'c and (1 - t)^2 of |r'|^2 / 2 for
    t = l1 / |c_j|."""
    cdef double left = S.stride_tol * S.gap.primal - S.gap.gap
    if left > 0.0 and S.gap.l1_norm * S.gap.rr > 0.0:
        return min(0.25 * left / (S.W.penalty.l1 * S.gap.l1_norm), sqrt(0.5 * left / S.gap.rr))
    return 0.0


cdef void next_stride(Active *S) noexcept nogil:
    """Set out for the l1 asked for, or one on the way there; passing: nothing needs to be certified at this one."""
    cdef double stop
    cdef bint crowded
    cdef int status = 0
    S.passing = False
    S.W.penalty.l1, S.W.penalty.l2, S.stride_tol = S.l1, S.l2, S.tol
    if S.l1 > 0.0 and S.l1_before < INFINITY and S.n_iter < S.max_iter:
        most_to_join(S, &crowded)
        stop = (STRIDE_CROWDED if crowded else STRIDE) * S.l1_before
        # else what is left is not worth a stride of its own, or rounding hides it
        if stop > 1.2 * S.l1 and stop > DBL_EPSILON * S.B.largest_size * S.W.size:
            # l2 in proportion, as along a path
            S.W.penalty.l1, S.W.penalty.l2, S.stride_tol, S.passing = stop, S.l2 * (stop / S.l1), STRIDE_TOL, True
    S.inner, S.before, S.tries, S.roomy = 0.3 * S.stride_tol, INFINITY, 0, False
    # after a long stride, what the strong rule keeps is not yet what matters
    S.rough = S.cheap and 2.0 * S.W.penalty.l1 < S.l1_before < INFINITY
    if S.l1 > 0.0:
        status = guess(S, S.W.penalty.l1, S.W.penalty.l2)
    S.outcome = failed(status)


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


cdef bint stride_is_over(Active *S) noexcept nogil:
    """What the check of the columns outside calls for: another round on the working set, with the columns that join, or with a
    smaller tolerance (False; with `checking` set another check comes first), or the end of this stride (True; outcome)."""
    cdef Py_ssize_t j, before
    cdef double rounding, l1 = S.W.penalty.l1, tol = S.stride_tol
    cdef bint crowded
    cdef int status
    cdef Gap g
    most_to_join(S, &crowded)
    if S.passing and not crowded and 4 * S.n_over <= S.W.X.p:
        if not S.W.tall:
            release(S)
        S.l1_before, S.outcome = l1, REACHED
        return True
    if S.n_over > 0 and S.outcome != OUT_OF_ITERATIONS:
        if not S.roomy and make_room(S, S.n_over):
            S.roomy = S.checking = True     # once: what left may be among the violators
            return False
        before = S.W.X.p
        status = join_best(S, S.n_over, l1, S.W.penalty.l2)
        S.rough = S.cheap and MANY * (S.W.X.p - before) > before
        S.before, S.outcome = INFINITY, failed(status)
        return status != 0
    if S.rough and S.outcome != OUT_OF_ITERATIONS:
        S.rough = False
        return False
    for j in range(S.n_over):
        S.most = max(S.most, bounds_reach(&S.B, S.B.over[j], S.B.scratch[S.B.over[j]]))
    g = S.gap
    rounding = 4.0 * DBL_EPSILON * S.B.largest_size * sqrt(g.rss)     # of an x_j'r
    g.peak = max(g.peak, S.most) + rounding
    working_judge(&S.W, &g)
    S.certificate, S.l1_before, S.rss = g, l1, g.rss
    if not g.primal < INFINITY:     # NaN as well
        S.outcome = STALLED
        return True
    if g.gap <= tol * g.primal:
        S.outcome = REACHED
        return True
    if g.gap <= least_gap(S, g.primal):
        S.outcome = AT_FLOOR
        return True
    if S.outcome == OUT_OF_ITERATIONS:
        return True
    # where neither a smaller tolerance on the working set nor exact gradients help, rounding is the limit
    S.tries = 0 if g.gap < 0.5 * S.before else S.tries + 1
    if S.tries > 3:
        sharpen(S, S.most, rounding, &S.certificate)
        g = S.certificate
        S.outcome = REACHED if g.gap <= tol * g.primal else (AT_FLOOR if g.gap <= least_gap(S, g.primal) else STALLED)
        return True
    S.before = min(S.before, g.gap)
    S.inner *= 0.1
    return False
