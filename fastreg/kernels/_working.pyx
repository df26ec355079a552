"""The penalised problem of _cd.pxd on a working set, to a given gap.

Sweeps of coordinate descent find the signs, Newton steps on the free coordinates (_newton.pyx) finish.  In Gram form the state
is q = X'r and a changed coordinate costs m (the size of the working set); where the Gram matrix would take too much memory the
state is the residual, and only the factor of the support is kept.  Invariant at every exit: q == X'(y - Xw) in Gram form, r ==
y - Xw on the residual.

    working set, support        state      memory            a sweep, c coordinates changed     a Newton step
    m <= gram_limit             q = X'r    m^2 + |A|^2/2     m + c m                            |A|^2 + (m - |A|) m
    |A| <= factor_limit         r          |A|^2/2           n m + n c                          |A|^2 + n (m + |A|)
    more                        r          -                 n m + n c                          2 n |A| an iteration

Before the working set outgrows gram_limit, the columns that are zero leave it (_joining.pyx).  Tall data keep whole rows X_W'X
instead of G alone (_cross.pyx), which makes the columns outside cost nothing to check.
"""

from libc.math cimport INFINITY, fabs, sqrt
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memmove, memset

from fastreg.kernels._cd cimport cd_epoch, clip, l1_of
from fastreg.kernels._cholesky cimport factor_free
from fastreg.kernels._cross cimport cross_add, cross_free, cross_init
from fastreg.kernels._design cimport (
    col_axpy, col_pack, dots, fr_dot_f64, interrupted, settle, subtract_product,
)
from fastreg.kernels._gram cimport gram_block, rows_of
from fastreg.kernels._judge cimport working_gap, working_judge
from fastreg.kernels._newton cimport newton_step
from fastreg.kernels._support cimport forget_leavers, free_size

cdef enum:
    FEW_COLUMNS = 4             # so few new columns are multiplied one by one, without packing those already here
    IDLE_SWEEPS = 25            # without a lower gap or objective: rounding has taken over
    # A Newton step follows SWEEPS, or a sweep that changes less than a SHARE of what is free.  By conjugate gradients: measured
    # on a text with 28,000 columns in the support, where 8 and 4 cost 1.6 times more.
    SWEEPS = 4
    SHARE = 8
    ITERATIVE_SWEEPS = 16
    ITERATIVE_SHARE = 256


cdef int working_init(Working *W, Matrix *X, const double *y, Py_ssize_t gram_limit, Py_ssize_t factor_limit,
                      bint tall, const double *whole) noexcept nogil:
    """An empty working set.  whole: as in cross_init, for tall data.  Returns -1 where memory is out."""
    memset(W, 0, sizeof(Working))
    W.X, W.X.p, W.all = X[0], 0, X[0]
    W.y, W.yy, W.gram_limit, W.factor_limit = y, fr_dot_f64(X.n, y, 1, 0.0, y), gram_limit, factor_limit
    W.size = sqrt(W.yy)
    W.r = <double *>calloc(X.n + 1, sizeof(double))
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
    cap = min(max(m, old + old // 2, 64), W.all.p)
    if m <= W.gram_limit and not W.on_residual:
        cap = min(cap, W.gram_limit)
        G = <double *>realloc(W.G, cap * cap * sizeof(double))      # where it is, if it can be: it may be large
        if G == NULL:
            return -1
        for i in range(W.X.p - 1, -1, -1):
            memmove(G + i * cap, G + i * old, W.X.p * sizeof(double))
        W.G = G
    block = <double *>malloc(VECTORS * cap * sizeof(double))
    order = <Py_ssize_t *>malloc(PLACES * cap * sizeof(Py_ssize_t) + cap * sizeof(double *))
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
        copy(W.X.p, W.penalty.v, block + 9 * cap)
        copy(W.X.p, W.penalty.u, block + 10 * cap)
        copy(W.X.p, W.penalty.lower, block + 11 * cap)
        copy(W.X.p, W.penalty.upper, block + 12 * cap)
        for i in range(W.X.p):
            order[i], order[cap + i] = W.order[i], W.place[i]
    free(W.b)
    free(W.order)
    working_place(W, block, order, cap)
    W.rows = <double **>(order + PLACES * cap)
    return 0


cdef inline void copy(Py_ssize_t n, const double *x, double *out) noexcept nogil:
    """out = x"""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]


cdef int working_add(Working *W, const Py_ssize_t *cols, Py_ssize_t k, const double *xy, const double *sq,
                     const Penalty *penalty) noexcept nogil:
    """Let k columns of X join, at 0 or the bound next to it.  xy, sq: x_j'y, or NULL, and |x_j|^2 for all of X; penalty: the
    factors and bounds of all of X, each NULL where there are none.  Cost n k m multiply-adds for the Gram block.

    Returns -1 where memory is out, -2 if interrupted; the working set is then of no more use."""
    cdef Py_ssize_t i, j, m = W.X.p
    cdef int status
    cdef Penalty *P = &W.penalty
    cdef bint moved = False
    if reserve(W, m + k) != 0:
        return -1
    W.X.cols = W.cols           # may have moved
    W.exact = False             # W.r serves as scratch below
    for i in range(k):
        j = cols[i]
        W.cols[m + i], W.place[m + i] = j, -1
        W.b[m + i], W.sq[m + i] = target_product(W, xy, j), sq[j]
        W.q[m + i] = W.b[m + i]
        P.v[m + i] = 1.0 if penalty.v == NULL else penalty.v[j]
        P.u[m + i] = 1.0 if penalty.u == NULL else penalty.u[j]
        P.lower[m + i] = -INFINITY if penalty.lower == NULL else penalty.lower[j]
        P.upper[m + i] = INFINITY if penalty.upper == NULL else penalty.upper[j]
        W.w[m + i] = clip(0.0, P.lower[m + i], P.upper[m + i])
        moved = moved or W.w[m + i] != 0.0
        W.size += sqrt(sq[j]) * fabs(W.w[m + i])
    if W.on_residual or m + k > W.gram_limit:
        if not W.on_residual:
            W.spare = <double *>calloc(2 * (W.X.n + 1), sizeof(double))
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
    if moved:
        working_refresh(W)
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
    elif (k <= FEW_COLUMNS and W.all.row_stride == 1 and not W.all.sparse) or (W.all.sparse and W.packing != NULL):
        for i in range(m, m + k):
            col_pack(&W.all, W.cols[i], W.r)
            dots(&W.all, W.cols, i + 1, W.r, W.G + i * ld)
    else:
        status = gram_block(&W.all, W.cols, m, k, rows_of(W.G + m * ld, ld, k, W.rows), W.packing)
        if status != 0:
            return status
    W.work += <double>W.all.n * k * (m + k)
    for j in range(m + k):
        for i in range(max(m, j), m + k):
            W.G[j * ld + i] = W.G[i * ld + j]
    for i in range(m, m + k):
        W.q[i] -= fr_dot_f64(m, W.G + i * ld, 1, 0.0, W.w)
        W.sq[i] = W.G[i * ld + i] if W.sq[i] > 0.0 else 0.0     # a constant column stays one
    return 0


cdef void working_shrink(Working *W) noexcept nogil:
    """Let every column go that may, and keep the order of the others.  Not for tall data."""
    cdef Py_ssize_t i, j, k, m = 0
    cdef Penalty *P = &W.penalty
    forget_leavers(W)
    for j in range(W.X.p):
        W.trial_w[j] = not may_leave(W, j)
    for j in range(W.X.p):
        if W.trial_w[j] == 0.0:
            continue
        W.cols[m], W.place[m] = W.cols[j], W.place[j]
        W.b[m], W.q[m], W.w[m], W.sq[m] = W.b[j], W.q[j], W.w[j], W.sq[j]
        P.v[m], P.u[m], P.lower[m], P.upper[m] = P.v[j], P.u[j], P.lower[j], P.upper[j]
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


cdef Gap working_certify(Working *W, double tol) noexcept nogil:
    """working_gap with q anew, and taken from r (cost n m) where the rounding of the Gram form would show at this tol.

    Going on from such a q is iterative refinement: the next Newton step corrects what the Gram matrix could not resolve."""
    cdef Gap g
    working_refresh(W)
    g = working_gap(W)
    if not W.on_residual and (g.noise > 0.1 * tol * g.primal or W.mistrusted):
        if W.tall:
            residual(W)
        dots(&W.X, NULL, W.X.p, W.r, W.q)
        W.work += <double>W.X.n * W.X.p
        W.exact = True
        return working_gap(W)
    if not W.on_residual:       # what the Gram form may have lost counts
        g.excess += g.noise
        working_judge(W, &g)
    return g


cdef bint may_leave(Working *W, Py_ssize_t i) noexcept nogil:
    """Whether a column would be 0 outside the working set, too, and is checked there."""
    return W.w[i] == 0.0 and l1_of(&W.penalty, i) > 0.0


cdef Py_ssize_t support_size(Working *W) noexcept nogil:
    """How many coefficients are not zero."""
    cdef Py_ssize_t j, support = 0
    for j in range(W.X.p):
        support += W.w[j] != 0.0
    return support


cdef Py_ssize_t sorted_support(Working *W) noexcept nogil:
    """features = the columns that are not zero, in ascending order of X's columns; returns how many."""
    cdef Py_ssize_t i, j, size = 0, gap = 1
    for j in range(W.X.p):
        if W.w[j] != 0.0:
            W.features[size] = j
            size += 1
    while gap < size // 3:
        gap = 3 * gap + 1
    while gap > 0:                  # Shell's sort
        for i in range(gap, size):
            j = i
            while j >= gap and W.cols[W.features[j - gap]] > W.cols[W.features[j]]:
                W.features[j - gap], W.features[j] = W.features[j], W.features[j - gap]
                j -= gap
        gap //= 3
    return size


cdef Outcome working_solve(Working *W, double tol, double floor, Py_ssize_t *n_iter, Py_ssize_t max_iter) noexcept nogil:
    """Until the restricted gap is at most tol times the objective (REACHED) or at most floor (AT_FLOOR), or nothing moves.

    After a step down in the penalty the signs are mostly right, so a Newton step comes first, and then sweeps bring in
    columns that are zero.  One sweep or step at least is made: a start within a loose tolerance would otherwise stay as it
    is along a path, and an alpha just below alpha_max would keep all zeros.  n_iter counts both and is added to, up to
    max_iter."""
    cdef Gap g
    cdef Py_ssize_t changes, held, n_free, few, left, since = 0, idle = 0
    cdef double least_gap = INFINITY, least_primal = INFINITY
    cdef bint swept = False, first = True, iterative
    while True:
        g = working_gap(W)
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
                changes = cd_epoch(&W.X, W.sq, &W.penalty, W.settled, W.w, W.r)
                settle(&W.X, W.r)
                W.exact = False
                W.work += 2.0 * W.X.n * W.X.p
            else:
                changes = cd_epoch(&W.gram, W.sq, &W.penalty, W.settled, W.w, W.q)
                W.work += <double>W.X.p * W.factor.m
        first = False
        since += 1
        n_free = free_size(W)
        # a step by conjugate gradients costs as much as many sweeps: the signs are to be nearly right before it, and the few
        # that it puts to an end are left to sweeps
        iterative = W.on_residual and n_free > W.factor_limit
        few = n_free // ITERATIVE_SHARE if iterative else W.factor.m // SHARE
        if changes <= 1 + few or since >= (ITERATIVE_SWEEPS if iterative else SWEEPS):
            since, left, held = 0, few if iterative else 0, few + 1
            W.settled = False
            while held > left and n_iter[0] < max_iter:
                held = newton_step(W)
                if held < 0:
                    return OUT_OF_MEMORY if held == -1 else INTERRUPTED
                n_iter[0] += 1
                W.n_newton += 1
                # a column that was left out of the factor is for the sweeps
                W.settled = held == 0 and W.factor.m == n_free
                n_free -= held
        if interrupted(&W.work):
            return INTERRUPTED
