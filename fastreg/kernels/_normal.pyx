"""Ridge by a Cholesky factor, in memory of the caller, for t targets:

    min_w 1/2 w'Qw - b'w + l2/2 sum_j u_j w_j^2         A w = b,           A = Q + l2 diag(u)
    min_w 1/2 |y - Xw|^2 + l2/2 sum_j u_j w_j^2         the same with Q = X'X and b = X'y, where p <= n
                                                        w = inv(U) X'a,    (X inv(U) X' + l2) a = y, where p > n, l2 u_j > 0

Each solution is refined by its own residual, of the data where there are rows, and its gap is what a further Newton step would
gain: g'inv(A)g/2 for the gradient g, or its bound sum_j g_j^2 / (2 l2 u_j).  It knows one factor, and must not know of l1.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.string cimport memset

from fastreg.kernels._answer cimport (
    FR_BAD_ARGUMENT, FR_CONVERGED, FR_DUAL_GAP, FR_INFO, FR_N_COLUMNS, FR_N_ITER, FR_N_NEWTON, FR_NOT_CONVEX, FR_OBJECTIVE,
    FR_STALLED, FR_SUPPORT, FR_YTY, tell, tell_all, worse,
)
from fastreg.kernels._cd cimport is_number
from fastreg.kernels._cholesky cimport Factor, factor_extend, solve_lower, solve_upper
from fastreg.kernels._design cimport Matrix, dots, fr_axpy_f64, fr_dot_f64, subtract_product
from fastreg.kernels._gram cimport gram_block, packing_size
from fastreg.kernels._workspace cimport CACHE_LINE, factor_lay, factor_size, first_line, take, whole_lines

cdef enum:
    FLOOR_ULPS = 64             # of the terms of the objective: no smaller gap is claimed
    REFINEMENTS = 3

cdef double PIVOT_TOL = 1e-15   # of a diagonal entry: a smaller pivot is rounding

ctypedef struct Normal:
    Factor F                    # of A, or where `wide` of X inv(U) X' + l2
    bint wide
    Matrix *X                   # NULL where Q is given
    const void *Q
    bint single                 # of Q, b and y
    Py_ssize_t n, p, ldq        # n = 0 where Q is given
    double l2
    const double *u             # NULL, or (p,)
    double *b                   # (p,)
    double *g                   # (p,): the gradient, downhill
    double *d                   # (p,) or (n,)
    double *a                   # (n,)
    double *y                   # (n + 1,)
    double *r                   # (n + 1,): y - Xw


cdef inline double ridge_of(const Normal *N, Py_ssize_t j) noexcept nogil:
    """l2_j; infinity keeps w_j at 0"""
    return N.l2 if N.u == NULL else (INFINITY if N.u[j] == INFINITY else N.l2 * N.u[j])


cdef inline double number(const void *data, bint single, Py_ssize_t at) noexcept nogil:
    return (<const float *>data)[at] if single else (<const double *>data)[at]


cdef size_t normal_gram_size(Py_ssize_t p) noexcept nogil:
    """Bytes that normal_gram needs."""
    return CACHE_LINE + factor_size(p) + whole_lines(3 * p * sizeof(double))


cdef size_t normal_size(Py_ssize_t n, Py_ssize_t p) noexcept nogil:
    """Bytes that normal_columns needs."""
    return (CACHE_LINE + factor_size(min(n, p)) + whole_lines((3 * n + 2) * sizeof(double))
            + whole_lines((4 * p + max(n, p)) * sizeof(double)) + whole_lines(min(n, p) * sizeof(Py_ssize_t))
            + whole_lines(packing_size(max(n, p), min(n, p))))


cdef int normal_gram(Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, Py_ssize_t t, const void *B, Py_ssize_t ldb,
                     double l2, const double *u, double *W, Py_ssize_t ldw, void *memory, double *info) noexcept nogil:
    """Solve for the t rows of B, the lower triangle of Q being read for the factor; returns the worst status."""
    cdef Normal N
    cdef Py_ssize_t i, j, k
    cdef int status, worst = FR_CONVERGED
    cdef char *at = first_line(memory)
    cdef double *row
    if (t < 0 or ldq < p or ldb < p or ldw < p or memory == NULL or info == NULL or not fair(p, l2, u)
            or ((Q == NULL or B == NULL or W == NULL) and p > 0)):
        return tell_all(FR_BAD_ARGUMENT, t, info)
    factor_lay(&N.F, p, &at)
    N.b = <double *>take(&at, 3 * p * sizeof(double))
    N.g, N.d, N.X, N.Q, N.single, N.n, N.p, N.ldq, N.l2, N.u, N.wide = (
        N.b + p, N.b + 2 * p, NULL, Q, single, 0, p, ldq, l2, u, False)
    for i in range(p):
        row = N.F.L[i]
        for j in range(i + 1):
            row[j] = number(Q, single, i * ldq + j)
    status = factor_primal(&N)
    for k in range(t):
        if status == FR_CONVERGED:
            for j in range(p):
                N.b[j] = number(B, single, k * ldb + j)
            worst = worse(worst, solve_primal(&N, 0.0, W + k * ldw, info + k * FR_INFO))
        else:
            worst = tell(status, info + k * FR_INFO)
    return worst


cdef int normal_columns(Matrix *X, Py_ssize_t t, const void *Y, Py_ssize_t ldy, double l2, const double *u, double *W,
                        Py_ssize_t ldw, void *memory, double *info) noexcept nogil:
    """Solve for the t rows of Y.  X: dense, not centred, scaled or weighted, its mean left to this."""
    cdef Normal N
    cdef Matrix across = X[0]   # its columns are the rows of X
    cdef Py_ssize_t i, j, k, n = X.n, p = X.p, few = min(n, p)
    cdef int status, worst = FR_CONVERGED
    cdef char *at = first_line(memory)
    cdef double *zeros
    cdef double *root
    cdef double *packing
    cdef Py_ssize_t *cols
    if (t < 0 or ldy < n or ldw < p or memory == NULL or info == NULL or not fair(p, l2, u) or (Y == NULL and n > 0)
            or (W == NULL and p > 0) or (X.data == NULL and n > 0 and p > 0)):
        return tell_all(FR_BAD_ARGUMENT, t, info)
    factor_lay(&N.F, few, &at)
    N.a = <double *>take(&at, (3 * n + 2) * sizeof(double))
    N.y, N.r = N.a + n, N.a + 2 * n + 1
    N.b = <double *>take(&at, (4 * p + max(n, p)) * sizeof(double))
    N.g, root, N.d, zeros = N.b + p, N.b + 2 * p, N.b + 3 * p, N.b + 4 * p
    cols = <Py_ssize_t *>take(&at, few * sizeof(Py_ssize_t))
    packing = <double *>take(&at, packing_size(max(n, p), few))
    N.X, N.single, N.n, N.p, N.l2, N.u, N.wide = X, X.single, n, p, l2, u, n < p
    memset(zeros, 0, max(n, p) * sizeof(double))
    X.mean = across.mean = zeros
    for i in range(few):
        cols[i] = i
    if N.wide:
        for j in range(p):
            if not ridge_of(&N, j) > 0.0:
                return tell_all(FR_BAD_ARGUMENT, t, info)
            root[j] = 0.0 if ridge_of(&N, j) == INFINITY else (1.0 if u == NULL else sqrt(1.0 / u[j]))
        across.n, across.p, across.row_stride, across.col_stride, across.root = p, n, X.col_stride, X.row_stride, root
        gram_block(&across, cols, 0, n, N.F.L, packing)
        for i in range(n):
            N.F.L[i][i] += l2
        status = factored(&N.F, n)
    else:
        gram_block(X, cols, 0, p, N.F.L, packing)
        status = factor_primal(&N)
    for k in range(t):
        if status != FR_CONVERGED:
            worst = tell(status, info + k * FR_INFO)
            continue
        for i in range(n):
            N.y[i] = number(Y, X.single, k * ldy + i)
        if N.wide:
            status = solve_wide(&N, W + k * ldw, info + k * FR_INFO)
        else:
            dots(X, NULL, p, N.y, N.b)
            status = solve_primal(&N, fr_dot_f64(n, N.y, 1, 0.0, N.y), W + k * ldw, info + k * FR_INFO)
        worst, status = worse(worst, status), FR_CONVERGED
    return worst


cdef bint fair(Py_ssize_t p, double l2, const double *u) noexcept nogil:
    """whether l2 and u are a penalty"""
    cdef Py_ssize_t j
    if not l2 >= 0.0 or not is_number(l2):
        return False
    for j in range(p if u != NULL else 0):
        if not u[j] >= 0.0:
            return False
    return True


cdef int factored(Factor *F, Py_ssize_t m) noexcept nogil:
    """The factor of the m rows that are there; entries that are no numbers meet its pivots."""
    if factor_extend(F, m, PIVOT_TOL) == m:
        return FR_CONVERGED
    return FR_NOT_CONVEX if is_number(F.L[F.m][F.m]) else FR_BAD_ARGUMENT


cdef int factor_primal(Normal *N) noexcept nogil:
    """The factor of A from the triangle of Q, or of X'X, that is there; columns held at 0 have a row of their own."""
    cdef Py_ssize_t i, j
    for j in range(N.p):
        if ridge_of(N, j) < INFINITY:
            N.F.L[j][j] += ridge_of(N, j)
            continue
        for i in range(N.p):
            N.F.L[max(i, j)][min(i, j)] = 1.0 if i == j else 0.0
    return factored(&N.F, N.p)


cdef double gradient(Normal *N, const double *w) noexcept nogil:
    """g = b - A w, from the data where there are rows, and r; returns |r|^2."""
    cdef Py_ssize_t i, j
    cdef double rss = 0.0
    if N.X != NULL:
        for i in range(N.n):
            N.r[i] = N.y[i]
        subtract_product(N.X, w, N.r)
        dots(N.X, NULL, N.p, N.r, N.g)
        rss = fr_dot_f64(N.n, N.r, 1, 0.0, N.r)
    else:
        for j in range(N.p):
            N.g[j] = N.b[j]
            for i in range(N.p):
                N.g[j] -= number(N.Q, N.single, j * N.ldq + i) * w[i]
    for j in range(N.p):
        N.g[j] = 0.0 if ridge_of(N, j) == INFINITY else N.g[j] - ridge_of(N, j) * w[j]
    return rss


cdef void solve(Factor *F, double *x) noexcept nogil:
    """x = inv(LL') x"""
    solve_lower(F, F.m, x)
    solve_upper(F, F.m, x)


cdef int solve_primal(Normal *N, double yy, double *w, double *info) noexcept nogil:
    """One target, by the factor of A: b is given, and where there are rows y with |y|^2."""
    cdef Py_ssize_t j, k, p = N.p, steps = 0
    cdef double gap = INFINITY, before, rss, size, floor
    for j in range(p):
        N.b[j] = 0.0 if ridge_of(N, j) == INFINITY else N.b[j]
        w[j] = N.b[j]
    solve(&N.F, w)
    size = yy if N.X != NULL else fabs(fr_dot_f64(p, N.b, 1, 0.0, w))
    floor = FLOOR_ULPS * DBL_EPSILON * size
    for k in range(REFINEMENTS + 1):
        before = gap
        rss = gradient(N, w)
        for j in range(p):
            N.d[j] = N.g[j]
        solve(&N.F, N.d)
        gap = 0.5 * fabs(fr_dot_f64(p, N.g, 1, 0.0, N.d))
        if not gap > floor or not gap < 0.5 * before or k == REFINEMENTS:
            break
        fr_axpy_f64(p, 1.0, N.d, 1, 0.0, w)
        steps += 1
    return told(N, w, rss, size, gap, floor, steps, info)


cdef int solve_wide(Normal *N, double *w, double *info) noexcept nogil:
    """One target y, by the factor of X inv(U) X' + l2."""
    cdef Py_ssize_t i, j, k, n = N.n, p = N.p, steps = 0
    cdef double size = fr_dot_f64(n, N.y, 1, 0.0, N.y), gap = INFINITY, before, rss
    cdef double floor = FLOOR_ULPS * DBL_EPSILON * size
    for i in range(n):
        N.a[i] = N.y[i]
    solve(&N.F, N.a)
    for k in range(REFINEMENTS + 1):
        before, gap = gap, 0.0
        dots(N.X, NULL, p, N.a, w)
        for j in range(p):
            w[j] = 0.0 if ridge_of(N, j) == INFINITY else w[j] * (N.l2 / ridge_of(N, j))
        rss = gradient(N, w)
        for j in range(p):
            gap += 0.5 * N.g[j] * N.g[j] / ridge_of(N, j)
        if not gap > floor or not gap < 0.5 * before or k == REFINEMENTS:
            break
        for i in range(n):
            N.d[i] = N.r[i] - N.l2 * N.a[i]
        solve(&N.F, N.d)
        fr_axpy_f64(n, 1.0, N.d, 1, 0.0, N.a)
        steps += 1
    return told(N, w, rss, size, gap, floor, steps, info)


cdef int told(Normal *N, const double *w, double rss, double size, double gap, double floor, Py_ssize_t steps,
              double *info) noexcept nogil:
    """The status of a solution with this |r|^2 and gap, and info with it"""
    cdef Py_ssize_t j, support = 0
    cdef double objective = 0.5 * rss
    for j in range(N.p):
        support += w[j] != 0.0
        if N.X != NULL:
            objective += 0.0 if w[j] == 0.0 else 0.5 * ridge_of(N, j) * w[j] * w[j]
        else:
            objective -= 0.5 * w[j] * (N.b[j] + N.g[j])
    info[FR_OBJECTIVE], info[FR_DUAL_GAP], info[FR_N_ITER], info[FR_SUPPORT] = objective, max(gap, floor), 1 + steps, support
    info[FR_YTY], info[FR_N_NEWTON], info[FR_N_COLUMNS] = size, 1 + steps, N.p
    return tell(FR_CONVERGED if gap <= floor else (FR_STALLED if is_number(gap) else FR_BAD_ARGUMENT), info)
