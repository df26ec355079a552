"""The problem of _cd.pxd in columns of X, in memory of the caller: working sets, each checked by a reading of all of X.

    solve on the columns in play (a Working laid by _workspace.pyx)     m <= most columns
    c = X'r, the gap of the whole problem with it                       n p multiply-adds, or the stored entries
    columns that reach over l1 v_j join, largest first                  n k (m + k/2) for k of them, until none does

It is the path solver of _active.pyx without what that keeps to read less (bounds of gradients, strides, residuals of long ago),
so that what it needs is known before it starts.  Gradients and gap are taken from the residual itself; where Newton steps go on
from them, that is iterative refinement.  Nothing is allocated or remembered, and no lock is taken.  It knows X and y, and must
not know who owns the memory.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memset

from fastreg.kernels._answer cimport (
    FR_BAD_ARGUMENT, FR_CONVERGED, FR_DUAL_GAP, FR_MAX_ITER, FR_N_COLUMNS, FR_N_ITER, FR_N_NEWTON, FR_NO_ROOM,
    FR_OBJECTIVE, FR_PRECISION, FR_STALLED, FR_SUPPORT, FR_YTY, tell,
)
from fastreg.kernels._cd cimport Gap, Penalty, clip, is_end, is_number, l2_of
from fastreg.kernels._columns cimport column_statistics, sparse_statistics
from fastreg.kernels._design cimport Matrix, dots, entry, fr_csc_square, fr_dot_f64
from fastreg.kernels._gram cimport BLOCK, packing_size
from fastreg.kernels._joining cimport JOIN_AT_LEAST, largest_first
from fastreg.kernels._judge cimport working_gap, working_judge
from fastreg.kernels._working cimport (
    may_leave, support_size, working_add, working_refresh, working_shrink, working_solve,
)
from fastreg.kernels._workspace cimport CACHE_LINE, first_line, take, whole_lines, working_lay, working_size

cdef enum:
    FLOOR_ULPS = 64             # of |y|^2: no smaller gap is claimed
    TRIES = 3                   # with a tenth of the tolerance each, where no column is over
    ALL_AT_ONCE = 64            # so few columns need no check of who joins

# How far the penalty goes down in a stride, and to which gap: as in _active.pyx, where no column is kept from being read.
cdef double STRIDE = 0.2
cdef double STRIDE_CROWDED = 0.4
cdef double STRIDE_TOL = 0.1

cdef double SMALLEST = 1e-280   # of a |x_j|^2 that is not 0: beneath it digits are lost


cdef size_t rounds_size(Py_ssize_t n, Py_ssize_t p, Py_ssize_t most) noexcept nogil:
    """Bytes that rounds_lay needs, with most columns in play at once."""
    return (CACHE_LINE + whole_lines((2 * n + 2) * sizeof(double)) + whole_lines(4 * p * sizeof(double)) + whole_lines(p)
            + whole_lines(p * sizeof(Py_ssize_t)) + whole_lines(packing_size(n, BLOCK)) + working_size(most, True))


cdef int rounds_lay(Rounds *S, const Matrix *X, const void *y, bint single, const Penalty *penalty, Py_ssize_t most,
                    void *memory) noexcept nogil:
    """Lay S over memory, with y, norms and products of X and y: one reading of X.

    X: not centred, scaled or weighted.  penalty: of all columns, each array NULL or (p,).  They and X must stay where they
    are."""
    cdef Py_ssize_t i, j, n = X.n, p = X.p
    cdef char *at = first_line(memory)
    cdef double *mean
    cdef bint finite
    cdef Working *W = &S.W
    working_lay(W, most, True, &at)
    S.X, S.penalty = X[0], penalty[0]
    S.y = <double *>take(&at, (2 * n + 2) * sizeof(double))
    S.xy = <double *>take(&at, 4 * p * sizeof(double))
    S.sq, S.c, mean = S.xy + p, S.xy + 2 * p, S.xy + 3 * p
    S.over = <Py_ssize_t *>take(&at, p * sizeof(Py_ssize_t))
    W.packing = <double *>take(&at, packing_size(n, BLOCK))
    S.inside = <signed char *>take(&at, p)
    memset(S.inside, 0, p)
    memset(S.xy, 0, 4 * p * sizeof(double))
    for i in range(n):
        S.y[i] = (<const float *>y)[i] if single else (<const double *>y)[i]
    S.X.mean = mean
    if S.X.sparse:
        finite = sparse_statistics(&S.X, S.y, False, mean, S.sq, S.xy, NULL)
    else:
        finite = column_statistics(&S.X, S.y, False, mean, S.sq, S.xy)
    W.X, W.X.p, W.X.cols, W.all, W.y, W.r, W.work = S.X, 0, W.cols, S.X, S.y, S.y + n + 1, -INFINITY
    W.yy = fr_dot_f64(n, S.y, 1, 0.0, S.y)
    W.size, S.penalty.boxed = sqrt(W.yy), False
    for j in range(p):
        if S.sq[j] < SMALLEST and not is_zero(&S.X, j):
            return FR_BAD_ARGUMENT
        if not poses(S, j):
            return FR_BAD_ARGUMENT
    W.penalty.boxed = S.penalty.boxed
    return FR_CONVERGED if finite and W.yy < INFINITY else FR_BAD_ARGUMENT


cdef bint is_zero(Matrix *X, Py_ssize_t j) noexcept nogil:
    """whether there is nothing in column j"""
    cdef Py_ssize_t i
    if X.sparse:
        return fr_csc_square(&X.csc, j, 1e150, NULL) == 0.0
    for i in range(X.n):
        if entry(X, i, j) != 0.0:
            return False
    return True


cdef bint poses(Rounds *S, Py_ssize_t j) noexcept nogil:
    """Whether the penalty of column j is one; penalty.boxed with it."""
    cdef Penalty *P = &S.penalty
    cdef double v = 1.0 if P.v == NULL else P.v[j], u = 1.0 if P.u == NULL else P.u[j]
    cdef double lower = -INFINITY if P.lower == NULL else P.lower[j], upper = INFINITY if P.upper == NULL else P.upper[j]
    if is_out(P, j) and not lower <= 0.0 <= upper:
        return False
    P.boxed = P.boxed or (v == 0.0 and u > 0.0) or is_end(lower) or is_end(upper)
    return v >= 0.0 and u >= 0.0 and lower <= upper and lower < INFINITY and upper > -INFINITY


cdef inline bint is_out(const Penalty *P, Py_ssize_t j) noexcept nogil:
    """whether a factor of infinity keeps w_j at 0"""
    return (P.v != NULL and P.v[j] == INFINITY) or (P.u != NULL and P.u[j] == INFINITY)


cdef inline bint always_in(Rounds *S, Py_ssize_t j, double l1) noexcept nogil:
    """Whether column j matters whatever its gradient is."""
    cdef Penalty *P = &S.penalty
    if (P.lower != NULL and P.lower[j] > 0.0) or (P.upper != NULL and P.upper[j] < 0.0):
        return True
    return S.sq[j] > 0.0 and (l1 == 0.0 or (P.v != NULL and P.v[j] == 0.0)) and not is_out(P, j)


cdef int start(Rounds *S, const double *w, double l1) noexcept nogil:
    """Bring in the columns that are always in, those of w that are not 0, so far as there is room, and all where they are
    few."""
    cdef Py_ssize_t i, j, k = 0, p = S.X.p
    cdef bint few = p <= min(<Py_ssize_t>ALL_AT_ONCE, S.W.cap)
    cdef Working *W = &S.W
    for j in range(p):
        if not is_number(w[j]):
            return FR_BAD_ARGUMENT
        if always_in(S, j, l1):
            if k == W.cap:
                return FR_NO_ROOM
            S.over[k] = j
            k += 1
    for j in range(p):
        if k == W.cap:
            break
        if (few or w[j] != 0.0) and S.sq[j] > 0.0 and not is_out(&S.penalty, j) and not always_in(S, j, l1):
            S.over[k] = j
            k += 1
    join(S, k)
    for i in range(k):
        j = W.cols[i]
        W.w[i] = clip(w[j] if S.sq[j] > 0.0 else 0.0, W.penalty.lower[i], W.penalty.upper[i])
    return FR_CONVERGED


cdef void join(Rounds *S, Py_ssize_t k) noexcept nogil:
    """Let the first k columns of over join, for which there is room."""
    cdef Py_ssize_t i = 0
    while i < k:                    # working_add has no way to fail: it neither allocates nor looks for signals here
        working_add(&S.W, S.over + i, min(k - i, <Py_ssize_t>BLOCK), S.xy, S.sq, &S.penalty)
        i += BLOCK
    for i in range(k):
        S.inside[S.over[i]] = True


cdef Py_ssize_t make_room(Rounds *S, Py_ssize_t k) noexcept nogil:
    """For how many of k more columns there is room without those that are zero."""
    cdef Py_ssize_t i
    cdef Working *W = &S.W
    for i in range(W.X.p):
        if may_leave(W, i):
            S.inside[W.cols[i]] = False
    working_shrink(W)
    return min(k, W.cap - W.X.p)


cdef inline double reach(const Penalty *P, Py_ssize_t j, double c) noexcept nogil:
    """|c_j| / v_j on the sides that have no bound of 0, for a column outside; 0 if it is never to come in"""
    if is_out(P, j) or (c > 0.0 and P.upper != NULL and P.upper[j] <= 0.0) or (c < 0.0 and P.lower != NULL
                                                                               and P.lower[j] >= 0.0):
        return 0.0
    return fabs(c) if P.v == NULL else fabs(c) / P.v[j]


cdef Gap check(Rounds *S, double *most) noexcept nogil:
    """The gap of the whole problem, from gradients of all columns; c_j: how far those outside reach, most: how far at most."""
    cdef Py_ssize_t i, j
    cdef double unit, c
    cdef Working *W = &S.W
    cdef Gap g
    working_refresh(W)
    dots(&S.X, NULL, S.X.p, W.r, S.c)
    for i in range(W.X.p):
        W.q[i] = S.c[W.cols[i]]
    W.exact = True
    g = working_gap(W)
    # x_j'r is rounded by this times |x_j|; that of the largest column for all would drown those far smaller
    unit = 4.0 * DBL_EPSILON * sqrt(g.rss)
    for i in range(W.X.p):
        c = W.q[i] - l2_of(&W.penalty, i) * W.w[i]
        if W.penalty.v[i] > 0.0 and (c > 0.0 and W.penalty.upper[i] == INFINITY or c < 0.0 and W.penalty.lower[i] == -INFINITY):
            g.peak = max(g.peak, (fabs(c) + unit * sqrt(W.sq[i])) / W.penalty.v[i])
    most[0] = 0.0
    for j in range(S.X.p):
        S.c[j] = 0.0 if S.inside[j] or S.sq[j] == 0.0 else reach(&S.penalty, j, S.c[j])
        if S.c[j] > 0.0:
            most[0] = max(most[0], S.c[j])
            g.peak = max(g.peak, S.c[j] + unit * sqrt(S.sq[j]) / (1.0 if S.penalty.v == NULL else S.penalty.v[j]))
    working_judge(W, &g)
    return g


cdef Py_ssize_t list_over(Rounds *S) noexcept nogil:
    """over = the columns outside that reach over l1; returns how many"""
    cdef Py_ssize_t j, k = 0
    for j in range(S.X.p):
        if S.c[j] > S.W.penalty.l1:
            S.over[k] = j
            k += 1
    return k


cdef bint set_out(Rounds *S, double l1, double l2, double reached) noexcept nogil:
    """Set the working set's penalty to l1, or on the way there to a part of what is reached; True: it is on the way.

    l2 is in proportion, as along a path."""
    cdef bint crowded = 4 * (support_size(&S.W) + JOIN_AT_LEAST) > 3 * S.X.n
    cdef double stop = (STRIDE_CROWDED if crowded else STRIDE) * reached
    S.W.penalty.l1, S.W.penalty.l2 = l1, l2
    if not 1.2 * l1 < stop < INFINITY or l1 == 0.0:
        return False
    S.W.penalty.l1, S.W.penalty.l2 = stop, l2 * (stop / l1)
    return True


cdef int rounds_solve(Rounds *S, const double *w, double l1, double l2, double atol, double rtol, Py_ssize_t max_iter,
                      double *info) noexcept nogil:
    """Solve from w to a gap of atol, or rtol times the objective.  No gap below FLOOR_ULPS eps |y|^2 is claimed."""
    cdef Working *W = &S.W
    cdef Py_ssize_t n_iter = 0, k, tries = 0
    cdef double floor = FLOOR_ULPS * DBL_EPSILON * W.yy, inner = rtol, crowded = INFINITY, enough, most
    cdef bint passing
    cdef Gap g
    cdef int status
    if not (l1 >= 0.0 and l2 >= 0.0 and atol >= 0.0 and rtol >= 0.0) or not (is_number(l1) and is_number(l2)) or max_iter < 0:
        return FR_BAD_ARGUMENT
    W.penalty.l1, W.penalty.l2, W.settled = l1, l2, False
    status = start(S, w, l1)
    if status != FR_CONVERGED:
        return FR_BAD_ARGUMENT if status < 0 else nothing(S, info)
    g = check(S, &most)
    if not g.primal <= 0.5 * W.yy:      # w = 0 is a better start, or its bounds keep it from that
        for k in range(W.X.p):
            W.w[k] = clip(0.0, W.penalty.lower[k], W.penalty.upper[k])
        g = check(S, &most)
    passing = set_out(S, l1, l2, most)
    while True:
        if not passing:
            enough = max(atol, rtol * g.primal)
            if (g.gap <= enough and floor <= enough) or g.gap <= floor:
                status = FR_CONVERGED if floor <= enough else FR_PRECISION
                break
        elif 4 * list_over(S) <= W.X.p:
            passing, crowded = set_out(S, l1, l2, W.penalty.l1), INFINITY
        if n_iter >= max_iter:
            status = FR_MAX_ITER
            break
        k = list_over(S)
        if k > 0:
            tries, inner = 0, rtol
            k = largest_first(S.over, S.c, k, max(<Py_ssize_t>JOIN_AT_LEAST, support_size(W) // 2))
            if W.X.p + k > W.cap:
                k = make_room(S, k)
                # where taking turns does not lower the objective any more, it never will
                if k == 0 or not g.primal < crowded:
                    status = FR_NO_ROOM
                    break
                crowded = g.primal
            join(S, k)
        elif not passing and (n_iter > 0 or W.X.p == 0):
            tries += 1
            if tries > TRIES or not g.primal < INFINITY:
                status = FR_STALLED
                break
            inner *= 0.1
        if W.X.p > 0:
            if passing:
                working_solve(W, STRIDE_TOL, 0.25 * floor, &n_iter, max_iter)
            else:
                working_solve(W, 0.3 * inner, max(0.3 * atol, 0.25 * floor), &n_iter, max_iter)
        g = check(S, &most)
    if status == FR_NO_ROOM or status == FR_MAX_ITER:       # perhaps on the way
        W.penalty.l1, W.penalty.l2 = l1, l2
        g = check(S, &most)
    if not is_number(g.primal) or g.gap != g.gap:
        return FR_BAD_ARGUMENT          # numbers near the ends of float64
    return told(S, status, g.primal, max(g.gap, floor), n_iter, info)


cdef int nothing(Rounds *S, double *info) noexcept nogil:
    """The status where not even the columns that are always in have room: w = 0 is no solution, and has no gap."""
    return told(S, FR_NO_ROOM, 0.5 * S.W.yy, INFINITY, 0, info)


cdef int told(Rounds *S, int status, double objective, double gap, Py_ssize_t n_iter, double *info) noexcept nogil:
    """status, and info with it"""
    info[FR_OBJECTIVE], info[FR_DUAL_GAP], info[FR_N_ITER], info[FR_SUPPORT] = objective, gap, n_iter, support_size(&S.W)
    info[FR_YTY], info[FR_N_NEWTON], info[FR_N_COLUMNS] = S.W.yy, S.W.n_newton, S.W.X.p
    return tell(status, info)


cdef void rounds_write(Rounds *S, double *w) noexcept nogil:
    """w (p,) = the solution"""
    cdef Py_ssize_t i
    memset(w, 0, S.X.p * sizeof(double))
    for i in range(S.W.X.p):
        w[S.W.cols[i]] = S.W.w[i]
