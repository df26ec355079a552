"""Lasso and elastic net on a working set, to a given gap.

Sweeps of coordinate descent find the signs, Newton steps on the support (_newton.pyx) finish.  In Gram form the state is
q = X'r and a changed coordinate costs m (the size of the working set); where the Gram matrix would take too much memory the
state is the residual, and only the factor of the support is kept.  Invariant at every exit: q == X'(y - Xw) in Gram form,
r == y - Xw on the residual.

    working set, support        state      memory            a sweep, c coordinates changed     a Newton step
    m <= gram_limit             q = X'r    m^2 + |A|^2/2     m + c m                            |A|^2 + (m - |A|) m
    |A| <= factor_limit         r          |A|^2/2           n m + n c                          |A|^2 + n (m + |A|)
    more                        r          -                 n m + n c                          none

Before the working set outgrows gram_limit, the columns that are zero leave it (_active.pyx).  Tall data keep whole rows X_W'X
instead of G alone (_cross.pyx), which makes the columns outside cost nothing to check.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memmove, memset

from fastreg.kernels._cd cimport cd_epoch, dual_gap
from fastreg.kernels._cholesky cimport factor_free
from fastreg.kernels._cross cimport cross_add, cross_free, cross_init
from fastreg.kernels._design cimport (
    col_axpy, dots, fr_dot_f64, gram_block, interrupted, part_pack, subtract_product,
)
from fastreg.kernels._newton cimport forget_leavers, gradients, newton_step

cdef enum:
    FEW_COLUMNS = 4             # so few new columns are multiplied one by one, without packing those already here
    NOISE_ULPS = 16             # the gap sums products of w with sums whose terms add up to (|y| + sum_j |x_j| |w_j|) |x_j|
    IDLE_SWEEPS = 25            # without a lower gap or objective: rounding has taken over


cdef int working_init(Working *W, Dense *X, const double *y, Py_ssize_t gram_limit, Py_ssize_t factor_limit,
                      bint tall, const double *whole) noexcept nogil:
    """An empty working set.  whole: as in cross_init, for tall data.  Returns -1 where memory is out."""
    memset(W, 0, sizeof(Working))
    W.X, W.X.p, W.all = X[0], 0, X[0]
    W.y, W.yy, W.gram_limit, W.factor_limit = y, fr_dot_f64(X.n, y, 1, 0.0, y), gram_limit, factor_limit
    W.r = <double *>malloc(X.n * sizeof(double))
    W.tall = tall
    if tall and cross_init(&W.cross, X.p, whole) != 0:
        return -1
    return 0 if W.r != NULL else -1


cdef void working_free(Working *W) noexcept nogil:
    factor_free(&W.factor)
    cross_free(&W.cross)
    free(W.cols)
    free(W.G)
    free(W.b)
    free(W.order)
    free(W.spare)
    free(W.r)


cdef int reserve(Working *W, Py_ssize_t m) noexcept nogil:
    """Room for m columns, keeping those that are here; returns -1 where memory is out."""
    cdef Py_ssize_t i, cap, old = W.cap
    cdef double *G
    cdef double *block
    cdef Py_ssize_t *order
    cdef Py_ssize_t *cols
    if m <= old:
        return 0
    cap = max(m, old + old // 2, 64)
    if m <= W.gram_limit and not W.on_residual:
        cap = min(cap, W.gram_limit)
        G = <double *>realloc(W.G, cap * cap * sizeof(double))      # where it is, if it can be: it may be large
        if G == NULL:
            return -1
        for i in range(W.X.p - 1, -1, -1):
            memmove(G + i * cap, G + i * old, W.X.p * sizeof(double))
        W.G = G
    block = <double *>malloc(9 * cap * sizeof(double))
    order = <Py_ssize_t *>malloc(3 * cap * sizeof(Py_ssize_t))
    cols = <Py_ssize_t *>realloc(W.cols, cap * sizeof(Py_ssize_t))
    if cols != NULL:
        W.cols = cols
    if block == NULL or order == NULL or cols == NULL:
        free(block)
        free(order)
        return -1
    if W.X.p > 0:
        copy(W.X.p, W.b, block)
        copy(W.X.p, W.q, block + cap)
        copy(W.X.p, W.w, block + 2 * cap)
        copy(W.X.p, W.sq, block + 3 * cap)
        for i in range(W.X.p):
            order[i], order[cap + i] = W.order[i], W.place[i]
    free(W.b)
    free(W.order)
    W.b, W.q, W.w, W.sq = block, block + cap, block + 2 * cap, block + 3 * cap
    W.trial_w, W.trial_q, W.direction, W.scratch = block + 4 * cap, block + 5 * cap, block + 6 * cap, block + 7 * cap
    W.order, W.place, W.features = order, order + cap, order + 2 * cap
    W.cap = cap
    return 0


cdef inline void copy(Py_ssize_t n, const double *x, double *out) noexcept nogil:
    """out = x"""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]


cdef int working_add(Working *W, const Py_ssize_t *cols, Py_ssize_t k, const double *xy, const double *sq) noexcept nogil:
    """Let k columns of X join with w = 0.  xy, sq: x_j'y and |x_j|^2 for all of X.  Cost n k m multiply-adds for the Gram
    block.  Returns -1 where memory is out, -2 if interrupted; the working set is then of no more use."""
    cdef Py_ssize_t i, j, m = W.X.p
    cdef int status
    if reserve(W, m + k) != 0:
        return -1
    W.X.cols = W.cols           # may have moved
    W.exact = False             # W.r serves as scratch below
    for i in range(k):
        j = cols[i]
        W.cols[m + i], W.place[m + i] = j, -1
        W.b[m + i], W.q[m + i], W.sq[m + i], W.w[m + i] = xy[j], xy[j], sq[j], 0.0
    if W.on_residual or m + k > W.gram_limit:
        if not W.on_residual:
            W.spare = <double *>malloc(2 * W.X.n * sizeof(double))
            if W.spare == NULL:
                return -1
            W.on_residual = True
            free(W.G)
            W.G = NULL
            working_refresh(W)
    else:
        status = gram_rows(W, m, k)
        if status != 0:
            return status
    W.X.p = m + k
    W.gram.G, W.gram.p, W.gram.ld = W.G, m + k, W.cap
    return 0


cdef int gram_rows(Working *W, Py_ssize_t m, Py_ssize_t k) noexcept nogil:
    """Rows and columns m .. m + k - 1 of G, and q and sq of the new columns from them.  Status as in gram_block."""
    cdef Py_ssize_t i, j, ld = W.cap
    cdef int status
    if W.tall:
        status = cross_add(&W.cross, &W.all, W.cols + m, k)
        if status != 0:
            return status
        for i in range(m, m + k):
            for j in range(i + 1):
                W.G[i * ld + j] = W.cross.H[i * W.all.p + W.cols[j]]
    elif k <= FEW_COLUMNS and W.all.row_stride == 1:
        for i in range(m, m + k):
            part_pack(&W.all, W.cols[i], 0, W.all.n, W.r)
            dots(&W.all, W.cols, i + 1, W.r, W.G + i * ld)
    else:
        status = gram_block(&W.all, W.cols, m, k, W.G + m * ld, ld)
        if status != 0:
            return status
    W.work += <double>W.all.n * k * (m + k)
    for j in range(m + k):
        for i in range(max(m, j), m + k):
            W.G[j * ld + i] = W.G[i * ld + j]
    for i in range(m, m + k):
        W.q[i] -= fr_dot_f64(m, W.G + i * ld, 1, 0.0, W.w)
        W.sq[i] = W.G[i * ld + i]
    return 0


cdef void working_shrink(Working *W) noexcept nogil:
    """Let every column with w = 0 go, and keep the order of the others.  Not for tall data."""
    cdef Py_ssize_t i, j, k, m = 0
    forget_leavers(W, W.factor_l2)
    copy(W.X.p, W.w, W.trial_w)
    for j in range(W.X.p):
        if W.w[j] == 0.0:
            continue
        W.cols[m], W.place[m] = W.cols[j], W.place[j]
        W.b[m], W.q[m], W.w[m], W.sq[m] = W.b[j], W.q[j], W.w[j], W.sq[j]
        if W.place[m] >= 0:
            W.order[W.place[m]] = m
        if not W.on_residual:
            k = 0
            for i in range(W.X.p):
                if W.trial_w[i] != 0.0:
                    W.G[m * W.cap + k] = W.G[j * W.cap + i]
                    k += 1
        m += 1
    W.X.p = W.gram.p = m


cdef void working_refresh(Working *W) noexcept nogil:
    """r = y - Xw (unless tall) and, in Gram form, q = b - G w anew, so that rounding does not add up.

    Cost (n + m) |support|, or m |support| for tall data."""
    cdef Py_ssize_t j
    W.exact = False
    if not W.tall:
        residual(W)
    if W.on_residual:
        return
    copy(W.X.p, W.b, W.q)
    for j in range(W.X.p):
        if W.w[j] != 0.0:
            col_axpy(&W.gram, j, W.w[j], W.q)


cdef void residual(Working *W) noexcept nogil:
    """r = y - Xw"""
    copy(W.X.n, W.y, W.r)
    subtract_product(&W.X, W.w, W.r)


cdef double working_conjugate_gap(Working *W, double l1, double l2) noexcept nogil:
    """sum_j max(|x_j'r| - l1, 0)^2 / (2 l2) + l1 |w_j| + l2/2 w_j^2 - w_j x_j'r, each term at least 0, for l2 > 0.

    P - D at the dual point r itself, with the penalty's own conjugate: every point is feasible, so that an l1 which is
    small against the rounding of x_j'r asks for no rescaling."""
    cdef Py_ssize_t j
    cdef double over, c, total = 0.0
    for j in range(W.X.p):
        over = fabs(W.q[j]) - l1
        if W.w[j] == 0.0:
            total += 0.5 * over * over / l2 if over > 0.0 else 0.0
        else:
            # at the optimum c = x_j'r - l2 w_j is l1 sign(w_j), and both terms vanish
            c = W.q[j] - l2 * W.w[j] - (l1 if W.w[j] > 0.0 else -l1)
            total += 0.5 * c * c / l2 if over > 0.0 else W.w[j] * (0.5 * l2 * W.w[j] - W.q[j]) + l1 * fabs(W.w[j])
    return total


cdef Gap working_gap(Working *W, double l1, double l2) noexcept nogil:
    """The objective, and the gap of the problem restricted to the working set."""
    cdef Gap g
    cdef Py_ssize_t j
    cdef double c, ww = 0.0, wbq = 0.0, size = sqrt(W.yy)
    memset(&g, 0, sizeof(Gap))
    gradients(W)
    for j in range(W.X.p):
        c = W.q[j] - l2 * W.w[j]
        g.peak = max(g.peak, fabs(c))
        if W.w[j] != 0.0:
            g.slack += l1 * fabs(W.w[j]) - W.w[j] * c
            g.wc += W.w[j] * c
            g.l1_norm += fabs(W.w[j])
            ww += W.w[j] * W.w[j]
            wbq += W.w[j] * (W.b[j] + W.q[j])
            size += sqrt(W.sq[j]) * fabs(W.w[j])
    # |y - Xw|^2 = y'y - w'b - w'q in Gram form
    g.rss = fr_dot_f64(W.X.n, W.r, 1, 0.0, W.r) if W.on_residual or W.exact else max(0.0, W.yy - wbq)
    g.rr = g.rss + (l2 * ww if l2 > 0.0 else 0.0)       # ww may be infinite
    g.primal = 0.5 * g.rr + l1 * g.l1_norm
    g.noise = NOISE_ULPS * DBL_EPSILON * size * size
    g.gap = dual_gap(&g, l1)
    return g


cdef Gap working_certify(Working *W, double l1, double l2, double tol) noexcept nogil:
    """working_gap with q anew, and taken from r (cost n m) where the rounding of the Gram form would show at this tol.

    Going on from such a q is iterative refinement: the next Newton step corrects what the Gram matrix could not resolve."""
    cdef Gap g
    working_refresh(W)
    g = working_gap(W, l1, l2)
    if not W.on_residual and g.noise > 0.1 * tol * g.primal:
        if W.tall:
            residual(W)
        dots(&W.X, NULL, W.X.p, W.r, W.q)
        W.work += <double>W.X.n * W.X.p
        W.exact = True
        g = working_gap(W, l1, l2)
    return g


cdef Py_ssize_t support_size(Working *W) noexcept nogil:
    """How many coefficients are not zero."""
    cdef Py_ssize_t j, support = 0
    for j in range(W.X.p):
        support += W.w[j] != 0.0
    return support


cdef Outcome working_solve(Working *W, double l1, double l2, double tol, double floor, Py_ssize_t *n_iter,
                           Py_ssize_t max_iter) noexcept nogil:
    """Until the restricted gap is at most tol times the objective (REACHED) or at most floor (AT_FLOOR), or nothing moves.

    After a step down in the penalty the signs are mostly right, so a Newton step comes first, and then sweeps bring in
    columns that are zero.  One sweep or step at least is made: a start within a loose tolerance would otherwise stay as it
    is along a path, and an alpha just below alpha_max would keep all zeros.  n_iter counts both and is added to, up to
    max_iter."""
    cdef Gap g
    cdef Py_ssize_t changes, zeroed, support, since = 0, idle = 0
    cdef double least_gap = INFINITY, least_primal = INFINITY
    cdef bint swept = False, first = True
    while True:
        g = working_gap(W, l1, l2)
        if swept and g.gap <= tol * g.primal:
            return REACHED
        if swept and g.gap <= floor:
            return AT_FLOOR
        if n_iter[0] >= max_iter:
            return OUT_OF_ITERATIONS
        idle += 1
        if g.gap < 0.9 * least_gap or g.primal < least_primal - g.noise:
            idle = 0
        if idle > IDLE_SWEEPS:
            return STALLED
        least_gap, least_primal = min(least_gap, g.gap), min(least_primal, g.primal)
        swept, W.exact = True, W.exact and W.on_residual
        n_iter[0] += 1
        W.n_epochs += 1
        changes = 0
        if not first or not W.settled:
            if W.on_residual:
                changes = cd_epoch(&W.X, W.sq, l1, l2, W.settled, W.w, W.r)
                W.exact = False
                W.work += 2.0 * W.X.n * W.X.p
            else:
                changes = cd_epoch(&W.gram, W.sq, l1, l2, W.settled, W.w, W.q)
                W.work += <double>W.X.p * W.factor.m
        first = False
        since += 1
        support = support_size(W)
        if W.on_residual and support > W.factor_limit:
            W.settled = False
        elif changes <= 1 + W.factor.m // 8 or since >= 4:
            since, zeroed = 0, 1
            W.settled = False
            while zeroed > 0 and n_iter[0] < max_iter:
                zeroed = newton_step(W, l1, l2)
                if zeroed < 0:
                    return OUT_OF_MEMORY if zeroed == -1 else INTERRUPTED
                n_iter[0] += 1
                W.n_newton += 1
                # a column that was left out of the factor is for the sweeps
                W.settled = zeroed == 0 and W.factor.m == support
                support -= zeroed
        if interrupted(&W.work):
            return INTERRUPTED
