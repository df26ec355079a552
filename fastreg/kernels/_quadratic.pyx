"""The problem of _cd.pxd for a quadratic that is given by its matrix, in memory of the caller:

    min_w 1/2 w'Qw - q'w + sum_j l1 v_j |w_j| + l2/2 u_j w_j^2,    lower_j <= w_j <= upper_j.

With Q = X'X and q = X'y it is the problem on a working set of all columns, in Gram form, less |y|^2/2; any Q without negative
eigenvalues and any q in its range are such products.  So a working set is laid over Q and _working.pyx solves it.  What it
asks of y is yty = |y|^2, for the gap: any number from q'inv(Q)q on will do.

    Q, subset                                   the working set stands on         bytes beside the vectors
    float64, none or half of the columns        Q itself; the others held at 0    4 p^2 for a factor
    float64, fewer; or float32                  a copy of the rows and columns    12 m^2

A problem without factors, bounds and a start is tried by the signs of its solution first (_signs.pyx): a small support takes a
third of the time.  Nothing is allocated or remembered, no lock is taken (unless signal handlers may run), and a solve may go on
from the last.  It knows Q and q, and must not know of rows, or of who owns the memory.
"""

from libc.float cimport DBL_EPSILON, FLT_EPSILON
from libc.math cimport INFINITY, NAN, fabs, sqrt
from libc.string cimport memcpy

from fastreg.kernels._answer cimport (
    FR_BAD_ARGUMENT, FR_CONVERGED, FR_DUAL_GAP, FR_INTERRUPTED, FR_MAX_ITER, FR_N_COLUMNS, FR_N_ITER, FR_N_NEWTON,
    FR_INFO, FR_NOT_CONVEX, FR_OBJECTIVE, FR_OUT_OF_RANGE, FR_PRECISION, FR_STALLED, FR_SUPPORT, FR_YTY, tell, tell_all, worse,
)
from fastreg.kernels._cd cimport Gap, clip, is_end, is_number, l1_of, l2_of, rise
from fastreg.kernels._cholesky cimport factor_extend, solve_lower
from fastreg.kernels._design cimport fr_dot_f64
from fastreg.kernels._judge cimport working_gap, working_judge
from fastreg.kernels._prox cimport soft
from fastreg.kernels._signs cimport signs_lay, signs_size, signs_solve
from fastreg.kernels._support cimport OUTSIDE
from fastreg.kernels._working cimport (
    INTERRUPTED, OUT_OF_ITERATIONS, Outcome, Working, support_size, working_refresh, working_solve,
)
from fastreg.kernels._workspace cimport CACHE_LINE, first_line, working_lay, working_size

ctypedef fused real:
    float
    double

cdef enum:
    FEWEST = 256                # sums of products are rounded by a few eps however few columns there are
    FLOOR_ULPS = 64             # of yty: no smaller gap is claimed
    TRIES = 3                   # with a tenth of the tolerance each, where the certificate asks for more
    MANY = 100                  # columns, from which on a long way down is gone in strides

# Where l1 is less than FAR of what keeps columns at 0.  256 columns of rank 64, support 43, take 8.5 Newton steps instead of
# 18.8; where the rank is no limit, a sweep or two more.
cdef double FAR = 0.1
cdef double STRIDE = 0.3
cdef double STRIDE_TOL = 0.1


cdef inline bint stands_on(Py_ssize_t p, Py_ssize_t m, bint copied) noexcept nogil:
    """Whether the working set stands on Q itself."""
    return not copied and 2 * m >= p


cdef size_t quadratic_size(Py_ssize_t p, Py_ssize_t m, bint copied) noexcept nogil:
    """Bytes that quadratic_lay needs for m of p columns; copied: Q is float32."""
    if stands_on(p, m, copied):
        return CACHE_LINE + working_size(p, False) + signs_size(p)
    return CACHE_LINE + working_size(m, True) + signs_size(m)


cdef int quadratic_lay(Quadratic *S, Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, const Py_ssize_t *subset,
                       Py_ssize_t m, void *memory) noexcept nogil:
    """Lay S over Q, row-major with ldq >= p numbers from row to row, and memory; subset: NULL and 0, or m ascending columns.

    Q, subset and memory must stay where they are as long as S is in use."""
    cdef Py_ssize_t k
    cdef char *at
    cdef Working *W = &S.W
    if p < 0 or m < 0 or m > p or ldq < p or memory == NULL or (Q == NULL and p > 0) or (subset == NULL and m > 0):
        return FR_BAD_ARGUMENT
    if subset == NULL:
        m = p
    for k in range(m if subset != NULL else 0):
        if not (subset[k - 1] if k > 0 else -1) < subset[k] < p:
            return FR_BAD_ARGUMENT
    S.p, S.subset, S.m, S.gathered, S.interruptible = p, subset, m, not stands_on(p, m, single), False
    S.size, S.eps = m if S.gathered else p, FLT_EPSILON if single else DBL_EPSILON
    at = first_line(memory)
    working_lay(W, S.size, S.gathered, &at)
    if not S.gathered:
        W.G, W.cap = <double *>Q, ldq       # a Working writes to a G of its own alone, when it takes columns in
    elif single:
        gather(<const float *>Q, ldq, subset, m, W.G)
    else:
        gather(<const double *>Q, ldq, subset, m, W.G)
    # no rows: nothing asks for a residual, and sums of as many terms as there are columns are what rounding goes by
    W.tall, W.X.n, W.X.p, W.X.scale = True, S.size, S.size, 1.0
    W.gram.G, W.gram.p, W.gram.ld = W.G, S.size, W.cap
    signs_lay(&S.T, S.size, W.G, W.cap, &at)
    return FR_CONVERGED


cdef void gather(const real *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m, double *G) noexcept nogil:
    """G = Q[subset, subset]"""
    cdef Py_ssize_t i, k
    cdef const real *row
    for i in range(m):
        row = Q + ldq * (i if subset == NULL else subset[i])
        if subset == NULL:
            for k in range(m):
                G[i * m + k] = row[k]
        else:
            for k in range(m):
                G[i * m + k] = row[subset[k]]


cdef inline Py_ssize_t column_of(Quadratic *S, Py_ssize_t k) noexcept nogil:
    """the column of Q that column k of the working set stands for"""
    return S.subset[k] if S.gathered and S.subset != NULL else k


cdef int quadratic_pose(Quadratic *S, const void *q, bint single, const double *l1_factor, const double *l2_factor,
                        const double *lower, const double *upper) noexcept nogil:
    """Take q, the factors v, u and the bounds, each NULL (1; no bound) or (p,); a factor of infinity holds w_j at 0.

    Bounds must stay where they are; the rest is copied."""
    cdef Py_ssize_t j, k, next = 0
    cdef double square
    cdef bint out
    cdef Working *W = &S.W
    if q == NULL and S.size > 0:
        return FR_BAD_ARGUMENT
    S.lower, S.upper, S.n_idle, S.closed, W.penalty.boxed, W.factor.m = lower, upper, 0, True, False, 0
    S.n_held, S.plain = 0, True
    if (l1_factor == NULL and l2_factor == NULL and lower == NULL and upper == NULL and (S.gathered or S.subset == NULL)
            and pose_plainly(S, q, single)):
        return FR_CONVERGED
    for k in range(S.size):
        j = column_of(S, k)
        W.place[k] = OUTSIDE
        W.b[k] = (<const float *>q)[j] if single else (<const double *>q)[j]
        W.penalty.v[k] = 1.0 if l1_factor == NULL else l1_factor[j]
        W.penalty.u[k] = 1.0 if l2_factor == NULL else l2_factor[j]
        W.penalty.lower[k] = -INFINITY if lower == NULL else lower[j]
        W.penalty.upper[k] = INFINITY if upper == NULL else upper[j]
        W.sq[k] = square = W.G[k * W.cap + k]
        out = W.penalty.v[k] == INFINITY or W.penalty.u[k] == INFINITY
        if not S.gathered and S.subset != NULL:
            if next < S.m and S.subset[next] == k:
                next += 1
            else:                       # whatever is given for it
                W.penalty.lower[k] = W.penalty.upper[k] = 0.0
                W.b[k], out, square = 0.0, True, 0.0
        if not (W.penalty.lower[k] <= W.penalty.upper[k] and W.penalty.lower[k] < INFINITY
                and W.penalty.upper[k] > -INFINITY and is_number(W.b[k])):
            return FR_BAD_ARGUMENT
        if out:
            if not W.penalty.lower[k] <= 0.0 <= W.penalty.upper[k]:
                return FR_BAD_ARGUMENT
            W.penalty.v[k] = W.penalty.u[k] = 1.0
            W.penalty.lower[k] = W.penalty.upper[k] = W.b[k] = 0.0
        if not (W.penalty.v[k] >= 0.0 and W.penalty.u[k] >= 0.0 and is_number(square)):
            return FR_BAD_ARGUMENT
        if square < 0.0:
            return FR_NOT_CONVEX
        if W.penalty.lower[k] == 0.0 == W.penalty.upper[k]:
            W.sq[k] = 0.0               # no sweep looks at it
            S.n_held += 1
            W.cols[S.size - S.n_held] = k
            out = True
        elif square == 0.0 and W.penalty.lower[k] < W.penalty.upper[k]:
            W.cols[S.n_idle] = k
            S.n_idle += 1
            W.penalty.boxed = W.penalty.boxed or W.b[k] != 0.0
        S.plain = S.plain and (out or (W.penalty.v[k] == 1.0 and W.penalty.u[k] == 1.0 and W.penalty.lower[k] == -INFINITY
                                       and W.penalty.upper[k] == INFINITY and (square > 0.0 or W.b[k] == 0.0)))
        S.closed = S.closed and W.penalty.lower[k] > -INFINITY and W.penalty.upper[k] < INFINITY
        W.penalty.boxed = (W.penalty.boxed or (W.penalty.v[k] == 0.0 and W.penalty.u[k] > 0.0)
                           or is_end(W.penalty.lower[k]) or is_end(W.penalty.upper[k]))
        W.w[k] = clip(0.0, W.penalty.lower[k], W.penalty.upper[k])
    return FR_CONVERGED


cdef bint pose_plainly(Quadratic *S, const void *q, bint single) noexcept nogil:
    """quadratic_pose where nothing but q is given, by loops without branches: a small problem would spend a tenth of its time
    there.  False where some number is odd, or a diagonal entry not above 0."""
    cdef Py_ssize_t k
    cdef double odd = 0.0, least = INFINITY
    cdef Working *W = &S.W
    for k in range(S.size):
        W.b[k] = (<const float *>q)[column_of(S, k)] if single else (<const double *>q)[column_of(S, k)]
        W.sq[k] = W.G[k * W.cap + k]
        odd += W.b[k] * 0.0 + W.sq[k] * 0.0
        least = min(least, W.sq[k])
    if odd != 0.0 or not least > 0.0:
        return False
    for k in range(S.size):
        W.w[k], W.place[k] = 0.0, OUTSIDE
        W.penalty.v[k] = W.penalty.u[k] = 1.0
        W.penalty.lower[k], W.penalty.upper[k] = -INFINITY, INFINITY
    S.closed = S.size == 0
    return True


cdef void quadratic_hold(Quadratic *S, Py_ssize_t k) noexcept nogil:
    """Hold w_k at 0 as a factor of infinity does; after quadratic_pose without factors and bounds, Q_kk > 0."""
    cdef Working *W = &S.W
    W.penalty.lower[k] = W.penalty.upper[k] = W.b[k] = W.sq[k] = 0.0
    S.n_held += 1
    W.cols[S.size - S.n_held] = k


cdef int quadratic_scale(Quadratic *S, double yty, double l2) noexcept nogil:
    """Take yty, or find it where it is NaN: q'inv(Q)q from a factor of Q (p^3/6 multiply-adds), with l2 u on its diagonal where
    q is not in the range of Q.  Where it is found, negative eigenvalues are, too.

    Where no y has this q, but bounds close every column, it is the most that q'w can come to, twice."""
    cdef Py_ssize_t k
    cdef int status = FR_CONVERGED
    cdef Working *W = &S.W
    if not (yty >= 0.0 or yty != yty) or yty == INFINITY:
        return FR_BAD_ARGUMENT
    W.yy, S.given = yty, yty == yty
    if not S.given:
        status = find_scale(S, 0.0)
        if status == FR_OUT_OF_RANGE and l2 > 0.0:
            status = find_scale(S, l2)
        if status == FR_OUT_OF_RANGE and S.closed:
            W.yy, status = 0.0, FR_CONVERGED
            for k in range(S.size):
                W.yy += 2.0 * fabs(W.b[k]) * max(fabs(W.penalty.lower[k]), fabs(W.penalty.upper[k]))
    W.size = sqrt(W.yy)
    for k in range(S.size if not S.plain else 0):
        W.size += sqrt(W.sq[k]) * fabs(clip(0.0, W.penalty.lower[k], W.penalty.upper[k]))
    return status


cdef int find_scale(Quadratic *S, double l2) noexcept nogil:
    """yy = q'inv(A)q, A = Q + l2 diag(u), in the memory of the factor."""
    cdef Working *W = &S.W
    cdef double **L = W.factor.L
    cdef double *z = W.trial_w
    cdef double rounding = (FEWEST + S.size) * S.eps
    cdef Py_ssize_t i, j, k, m = 0
    cdef int status = FR_CONVERGED
    for k in range(S.size):
        if W.sq[k] > 0.0:
            W.order[m] = k
            m += 1
    for i in range(m):
        for k in range(i + 1):
            L[i][k] = W.G[W.order[i] * W.cap + W.order[k]]
        L[i][i] += l2 * W.penalty.u[W.order[i]]
    W.factor.m = 0
    if factor_extend(&W.factor, m, rounding) == m:
        for k in range(m):
            z[k] = W.b[W.order[k]]
        solve_lower(&W.factor, m, z)
        W.yy = fr_dot_f64(m, z, 1, 0.0, z)
    else:
        status = find_deficient_scale(S, l2, m, rounding)
    W.factor.m = 0
    for i in range(S.n_idle if status == FR_CONVERGED or status == FR_OUT_OF_RANGE else 0):
        j = W.cols[i]
        for k in range(S.size):
            if W.G[j * W.cap + k] != 0.0:
                return FR_NOT_CONVEX
        if W.b[j] != 0.0 and l2 * W.penalty.u[j] > 0.0:
            W.yy += W.b[j] * W.b[j] / (l2 * W.penalty.u[j])
        elif W.b[j] != 0.0:
            status = FR_OUT_OF_RANGE
    return status if is_number(W.yy) or status < 0 else FR_BAD_ARGUMENT


cdef int find_deficient_scale(Quadratic *S, double l2, Py_ssize_t m, double rounding) noexcept nogil:
    """find_scale where rows of A, order[: m], depend on one another: by the largest relative pivots until all are rounding.

    A has no negative eigenvalue if what is left then, the Schur complement, is rounding off its diagonal too (Higham, 1990,
    Analysis of the Cholesky decomposition of a semi-definite matrix).  Cost m r^2/2 + (m - r)^2 r/2 for rank r."""
    cdef Working *W = &S.W
    cdef double **L = W.factor.L
    cdef double *z = W.trial_w          # what the factored rows leave of q
    cdef double *left = W.direction     # and of the diagonal
    cdef double *square = W.trial_q     # the diagonal itself
    cdef double *row
    cdef double entry, size = 0.0
    cdef Py_ssize_t i, j, k, r, best
    W.yy = 0.0
    for i in range(m):
        j = W.order[i]
        z[i] = W.b[j]
        square[i] = left[i] = W.G[j * W.cap + j] + l2 * W.penalty.u[j]
        size = max(size, z[i] * z[i] / square[i])
    r = 0
    while r < m:
        best = r
        for i in range(r, m):
            if left[i] != left[i]:
                return FR_BAD_ARGUMENT
            if left[i] * square[best] > left[best] * square[i]:
                best = i
        if not left[best] > rounding * square[best]:
            break
        for k in range(r):
            L[r][k], L[best][k] = L[best][k], L[r][k]
        W.order[r], W.order[best] = W.order[best], W.order[r]
        z[r], z[best] = z[best], z[r]
        left[r], left[best] = left[best], left[r]
        square[r], square[best] = square[best], square[r]
        L[r][r] = sqrt(left[r])
        row = W.G + W.order[r] * W.cap
        z[r] /= L[r][r]
        W.yy += z[r] * z[r]
        for i in range(r + 1, m):
            L[i][r] = entry = (row[W.order[i]] - fr_dot_f64(r, L[i], 1, 0.0, L[r])) / L[r][r]
            left[i] -= entry * entry
            z[i] -= entry * z[r]
        r += 1
    for i in range(r, m):
        if left[i] < -rounding * square[i]:
            return FR_NOT_CONVEX
        for k in range(r, i):
            entry = W.G[W.order[i] * W.cap + W.order[k]] - fr_dot_f64(r, L[i], 1, 0.0, L[k])
            if not fabs(entry) <= 4.0 * rounding * sqrt(square[i] * square[k]):
                return FR_NOT_CONVEX if entry == entry else FR_BAD_ARGUMENT
    for i in range(r, m):
        if not z[i] * z[i] <= rounding * square[i] * max(size, W.yy):
            return FR_OUT_OF_RANGE
    return FR_CONVERGED


cdef int quadratic_start(Quadratic *S, const double *w) noexcept nogil:
    """w: NULL for 0, or (p,), of which the subset is read."""
    cdef Py_ssize_t k
    cdef double start
    cdef Working *W = &S.W
    S.cold = True
    for k in range(S.size):
        start = 0.0 if w == NULL or W.penalty.lower[k] == W.penalty.upper[k] else w[column_of(S, k)]
        if not is_number(start):
            return FR_BAD_ARGUMENT
        W.w[k] = clip(start, W.penalty.lower[k], W.penalty.upper[k])
        S.cold = S.cold and W.w[k] == 0.0
    W.settled = False
    return FR_CONVERGED


cdef int quadratic_open(Quadratic *S, const void *q, bint single, double yty, double l2, const double *l1_factor,
                        const double *l2_factor, const double *lower, const double *upper, const double *w) noexcept nogil:
    """Pose, scale and start, for the smallest l2 that is to come."""
    cdef int status = quadratic_pose(S, q, single, l1_factor, l2_factor, lower, upper)
    if status == FR_CONVERGED:
        status = quadratic_scale(S, yty, l2)
    return quadratic_start(S, w) if status == FR_CONVERGED else status


cdef int settle_idle(Quadratic *S) noexcept nogil:
    """Columns without a diagonal entry, whose rows are then 0: argmin_w -q_j w + h_j(w) each, held there."""
    cdef Working *W = &S.W
    cdef Py_ssize_t i, k
    cdef double low, high, best
    for i in range(S.n_idle):
        k = W.cols[i]
        low = -INFINITY if S.lower == NULL else S.lower[column_of(S, k)]
        high = INFINITY if S.upper == NULL else S.upper[column_of(S, k)]
        best = soft(W.b[k], l1_of(&W.penalty, k))
        if l2_of(&W.penalty, k) > 0.0:
            best /= l2_of(&W.penalty, k)
        elif best != 0.0:
            best = high if best > 0.0 else low
        best = clip(best, low, high)
        if not is_number(best):
            return FR_OUT_OF_RANGE
        W.w[k] = W.penalty.lower[k] = W.penalty.upper[k] = best
    return FR_CONVERGED


cdef double objective_at(Working *W) noexcept nogil:
    """1/2 w'Qw - q'w + sum_j h_j(w_j)"""
    cdef Py_ssize_t k
    cdef double total = 0.0
    for k in range(W.X.p):
        if W.w[k] != 0.0:
            total += rise(&W.penalty, k, 0.0, W.w[k]) - 0.5 * W.w[k] * (W.b[k] + W.q[k])
    return total


cdef Gap certificate(Working *W) noexcept nogil:
    """The gap at a q made anew, with what rounding may do to it."""
    cdef Gap g
    working_refresh(W)
    g = working_gap(W)
    g.excess += g.noise
    working_judge(W, &g)
    return g


cdef int stride(Quadratic *S, double l1, double l2, double floor, Py_ssize_t *n_iter, Py_ssize_t max_iter) noexcept nogil:
    """Go a long way down to l1 by solving roughly on the way, with l2 in proportion, as along a path."""
    cdef Working *W = &S.W
    cdef Py_ssize_t k
    cdef double reached = 0.0
    for k in range(S.size):
        if W.w[k] == 0.0 and W.penalty.v[k] > 0.0 and W.sq[k] > 0.0:
            reached = max(reached, fabs(W.q[k]) / W.penalty.v[k])
    if l1 == 0.0 or not l1 < FAR * reached < INFINITY:
        return FR_CONVERGED
    while 1.2 * l1 < STRIDE * reached and n_iter[0] < max_iter:
        reached *= STRIDE
        W.penalty.l1, W.penalty.l2, W.settled = reached, l2 * (reached / l1), False
        if working_solve(W, STRIDE_TOL, 0.25 * floor, n_iter, max_iter) == INTERRUPTED:
            return FR_INTERRUPTED
    W.penalty.l1, W.penalty.l2, W.settled = l1, l2, False
    return FR_CONVERGED


cdef int quadratic_solve(Quadratic *S, double l1, double l2, double atol, double rtol, Py_ssize_t max_iter,
                         double *info) noexcept nogil:
    """Solve to a gap of atol, or rtol times objective + yty/2, from where the last solve ended.

    No gap below FLOOR_ULPS eps yty is claimed."""
    cdef Working *W = &S.W
    cdef Outcome outcome = OUT_OF_ITERATIONS
    cdef Py_ssize_t n_iter = 0, n_newton = W.n_newton, k, _
    cdef double floor = FLOOR_ULPS * DBL_EPSILON * W.yy, inner = rtol, enough, objective
    cdef Gap g
    cdef int status
    if not (l1 >= 0.0 and l2 >= 0.0 and atol >= 0.0 and rtol >= 0.0) or not (is_number(l1) and is_number(l2)) or max_iter < 0:
        return FR_BAD_ARGUMENT
    W.penalty.l1, W.penalty.l2, W.settled = l1, l2, False
    status = settle_idle(S)
    if status != FR_CONVERGED:
        return status
    if not S.interruptible:
        W.work = -INFINITY
    info[FR_N_COLUMNS] = S.m
    if S.plain and S.cold and l1 > 0.0:
        S.cold = False
        if signs_solve(&S.T, W.b, W.sq, W.cols + S.size - S.n_held, S.n_held, W.yy, l1, l2, atol, rtol, max_iter, W.w, info):
            S.rss = S.T.rss
            return tell(FR_CONVERGED, info)
    working_refresh(W)
    if not objective_at(W) <= 0.0:      # w = 0 is a better start, or its bounds keep it from that
        for k in range(S.size):
            W.w[k] = clip(0.0, W.penalty.lower[k], W.penalty.upper[k])
        working_refresh(W)
    if S.size >= MANY:
        status = stride(S, l1, l2, floor, &n_iter, max_iter)
        if status != FR_CONVERGED:
            return status
    for _ in range(TRIES):
        outcome = working_solve(W, 0.3 * inner, max(0.3 * atol, 0.25 * floor), &n_iter, max_iter)
        if outcome == INTERRUPTED:
            return FR_INTERRUPTED
        g = certificate(W)
        objective = objective_at(W)
        if objective + 0.5 * W.yy < g.primal * (1.0 - FLOOR_ULPS * DBL_EPSILON) - g.noise:  # |y - Xw|^2 < 0, taken for 0
            if S.given:
                return FR_BAD_ARGUMENT
            W.yy = 2.0 * (g.primal - objective)             # what find_scale took for rounding of Q was not
            g = certificate(W)
        enough = max(atol, rtol * g.primal)
        if g.gap <= enough or outcome == OUT_OF_ITERATIONS or g.gap <= max(floor, 2.0 * g.noise):
            break
        inner *= 0.1
    if not (is_number(objective) and is_number(g.primal)) or g.gap != g.gap:
        return FR_BAD_ARGUMENT          # near the ends of float64, or an entry of Q is no number
    if g.gap <= enough and floor <= enough:
        status = FR_CONVERGED
    elif g.gap <= max(floor, 2.0 * g.noise):
        status = FR_PRECISION
    else:
        status = FR_MAX_ITER if outcome == OUT_OF_ITERATIONS else FR_STALLED
    info[FR_OBJECTIVE], info[FR_DUAL_GAP] = objective, max(g.gap, floor)
    info[FR_N_ITER], info[FR_SUPPORT] = n_iter, support_size(W)
    info[FR_YTY], info[FR_N_NEWTON], S.rss = W.yy, W.n_newton - n_newton, g.rss
    return tell(status, info)


cdef void quadratic_write(Quadratic *S, double *w) noexcept nogil:
    """w_j = the solution, for the j of the subset"""
    cdef Py_ssize_t k
    if S.subset == NULL:
        memcpy(w, S.W.w, S.p * sizeof(double))
        return
    for k in range(S.m):
        w[S.subset[k]] = S.W.w[k if S.gathered else S.subset[k]]


cdef int quadratic_path(Quadratic *S, Py_ssize_t K, const double *l1, const double *l2, double *W, Py_ssize_t ldw, double atol,
                        double rtol, Py_ssize_t max_iter, double *info) noexcept nogil:
    """Solve for one penalty after another, each from where the last ended; returns the worst status.  Without an answer it goes
    no further: the rest have the same status."""
    cdef Py_ssize_t k
    cdef int status, worst = FR_CONVERGED
    for k in range(K):
        status = quadratic_solve(S, l1[k], 0.0 if l2 == NULL else l2[k], atol, rtol, max_iter, info + k * FR_INFO)
        if status < 0:
            return tell_all(status, K - k, info + k * FR_INFO)
        worst = worse(worst, status)
        quadratic_write(S, W + k * ldw)
    return worst


cdef int quadratic_batch(Py_ssize_t b, Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, Py_ssize_t stride_Q,
                         const void *q, const double *yty, const double *l1, const double *l1_factor, const double *l2,
                         const double *l2_factor, const double *lower, const double *upper, double *W, double atol, double rtol,
                         Py_ssize_t max_iter, void *memory, double *info) noexcept nogil:
    """b problems, one after another, in one memory; returns the worst status, and goes on after one without an answer."""
    cdef Quadratic S
    cdef Py_ssize_t i
    cdef double ridge
    cdef int status, laid = FR_CONVERGED, worst = FR_CONVERGED
    for i in range(b):
        if i == 0 or stride_Q != 0:
            laid = quadratic_lay(&S, p, part(Q, i * stride_Q, single), single, ldq, NULL, 0, memory)
        ridge = 0.0 if l2 == NULL else l2[i]
        status = laid
        if status == FR_CONVERGED:
            status = quadratic_open(&S, part(q, i * p, single), single, NAN if yty == NULL else yty[i], ridge, l1_factor,
                                    l2_factor, lower, upper, W + i * p)
        if status == FR_CONVERGED:
            status = quadratic_solve(&S, l1[i], ridge, atol, rtol, max_iter, info + i * FR_INFO)
        if tell(status, info + i * FR_INFO) >= 0:
            quadratic_write(&S, W + i * p)
        worst = worse(worst, status)
    return worst


cdef inline const void *part(const void *data, Py_ssize_t at, bint single) noexcept nogil:
    """where the numbers from the at-th on lie"""
    if data == NULL:
        return NULL
    return <const void *>(<const float *>data + at) if single else <const void *>(<const double *>data + at)
