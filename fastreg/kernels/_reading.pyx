"""The reading of X that folds of its rows share: means and norms of the columns in every fold, and gradients.

Solvers that need gradients wait; the columns that any of them calls for (folds_look) are read once, for all (folds_read), and
each takes what it called for (folds_take).  This module knows folds and columns; it must not know how a fold is solved or
judged.

    reading a column for t folds       n t, at nearly the speed of a matrix product
    per fold                           28 p bytes, and 8 n for each residual that gradients were read at

The gradients need no copy of X with a fold's means: a fold's residual times the roots of its weights adds up to 0, so that any
constant may be taken off a column.
"""

from libc.math cimport fabs
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._active cimport active_free
from fastreg.kernels._bounds cimport (
    bounds_free, bounds_note, bounds_reach, bounds_slot, bounds_stand, bounds_suspects, over_factor,
)
from fastreg.kernels._columns cimport column_moments, may_be_full, sparse_statistics
from fastreg.kernels._design cimport dots, entry_address, fr_prefetch, fr_rows_dot, interrupted
from fastreg.kernels._gram cimport ALIGNED, CHUNK, aligned, pack_whole, packed_length, whole_lanes
from fastreg.kernels._trail cimport trail_free

cdef enum:
    PANEL = 48                  # columns that are packed at once
    WORTH_PACKING = 3           # for fewer folds, products column by column are faster
    AHEAD = 8                   # columns that are asked of memory before they are read: no processor foresees which come next

# Columns within this share of the limit when they are read are those that may join at the next penalty.
cdef double NEAR = 0.9

# A sum of squares that is this small a share of what it was taken from is added up anew.
cdef double CANCELLED = 1e-3


cdef int folds_init(Folds *F) noexcept nogil:
    """Room for t folds; -1 where memory is out."""
    cdef Py_ssize_t k, p = F.X.p, n = F.X.n
    cdef Fold *f
    F.R = <double *>malloc(F.t * n * sizeof(double))
    F.spread = <double *>malloc((3 * n + 1) * sizeof(double))
    F.called = <unsigned char *>calloc(p, 1)
    F.read = <int *>malloc((p + 1) * sizeof(int))
    F.waiting = <Py_ssize_t *>malloc(F.t * sizeof(Py_ssize_t))
    F.stored = F.X.csc
    F.stored.shift = NULL
    if F.R == NULL or F.spread == NULL or F.called == NULL or F.read == NULL or F.waiting == NULL:
        return -1
    for k in range(F.t):
        f = &F.folds[k]
        f.mean = <double *>calloc(3 * p, sizeof(double))
        if f.mean == NULL:
            return -1
        f.sq, f.c = f.mean + p, f.mean + 2 * p
        f.near = <int *>calloc(5 * p, 1)
        if f.near == NULL:
            return -1
        f.X.root, f.X.mean, f.X.csc.shift = f.root, f.mean, NULL
    return 0


cdef void folds_free(Folds *F) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(F.t if F.folds != NULL else 0):
        if F.folds[k].made:
            active_free(&F.folds[k].S)
        free(F.folds[k].mean)
        free(F.folds[k].near)
        free(F.folds[k].size)
        free(F.folds[k].split)
    bounds_free(&F.owner)
    free(F.folds)
    free(F.R)
    free(F.spread)
    free(F.called)
    free(F.read)
    free(F.over)
    trail_free(&F.trail)
    trail_free(&F.refits)
    free(F.waiting)


cdef int folds_statistics(Folds *F) noexcept nogil:
    """mean, sq and c = X'y of every fold, from one reading of X; -1 where memory is out, -2 if interrupted.

    Cost 3 t n p multiply-adds, or three for each fold and stored entry."""
    cdef Py_ssize_t k
    cdef Fold *f
    if F.X.sparse:
        for k in range(F.t):
            f = &F.folds[k]
            if F.X.centred and may_be_full(&f.X):
                f.split = <double *>malloc(2 * F.X.p * sizeof(double))
                if f.split == NULL:
                    return -1
            sparse_statistics(&f.X, f.y, F.X.centred, f.mean, f.sq, f.c, f.split)
            F.work += 3.0 * F.X.csc.size
            if interrupted(&F.work):
                return -2
        return 0
    return dense_statistics(F)


cdef int dense_statistics(Folds *F) noexcept nogil:
    """folds_statistics: sums of columns and of their squares with weights, as products of matrices."""
    cdef Py_ssize_t n = F.X.n, p = F.X.p, t = F.t, ld = packed_length(n), ldv = whole_lanes(n), i, j, k, width, rows, status = 0
    cdef double *block = <double *>malloc((2 * PANEL * ld + 3 * t * PANEL + 2 * t * ldv) * sizeof(double) + ALIGNED)
    cdef double *A = aligned(block)
    cdef double *squares = A + PANEL * ld
    cdef double *sums = squares + PANEL * ld        # 2 t x PANEL: with weights, and with weights and y
    cdef double *square_sums = sums + 2 * t * PANEL
    cdef double *V = square_sums + t * PANEL        # 2 t x n, zeros up to ldv: weights, and weights times y
    cdef Fold *f
    if block == NULL:
        return -1
    for k in range(t):
        f = &F.folds[k]
        for i in range(ldv):
            V[k * ldv + i] = f.root[i] * f.root[i] if i < n else 0.0
            V[(t + k) * ldv + i] = f.root[i] * f.y[i] if i < n else 0.0
    j = 0
    while j < p and status == 0:
        width = min(<Py_ssize_t>PANEL, p - j)
        memset(sums, 0, 3 * t * PANEL * sizeof(double))
        i = 0
        while i < n:
            rows = min(<Py_ssize_t>CHUNK, n - i)
            for k in range(width):
                pack_whole(&F.X, j + k, i, rows, whole_lanes(rows), A + k * ld)
                square(whole_lanes(rows), A + k * ld, squares + k * ld)
            fr_rows_dot(2 * t, width, whole_lanes(rows), 1.0, V + i, ldv, A, ld, sums, PANEL, 0)
            fr_rows_dot(t, width, whole_lanes(rows), 1.0, V + i, ldv, squares, ld, square_sums, PANEL, 0)
            i += rows
        for k in range(t):
            f = &F.folds[k]
            for i in range(width):
                settle_column(F, f, j + i, sums[k * PANEL + i], square_sums[k * PANEL + i])
                f.c[j + i] = sums[(t + k) * PANEL + i] if f.sq[j + i] > 0.0 else 0.0
        j += width
        F.work += 3.0 * n * width * t
        if interrupted(&F.work):
            status = -2
    free(block)
    return <int>status


cdef void square(Py_ssize_t n, const double *x, double *out) noexcept nogil:
    """out = x^2"""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i] * x[i]


cdef void settle_column(Folds *F, Fold *f, Py_ssize_t j, double total, double squares) noexcept nogil:
    """mean_j and sq_j of a fold from its weighted sums of column j as it is centred in F.X."""
    cdef double step = total / F.X.n
    if not F.X.centred:
        f.sq[j] = squares
        return
    f.mean[j] = F.X.mean[j] + step / F.X.scale
    f.sq[j] = squares - total * step
    if not f.sq[j] > CANCELLED * squares:
        f.sq[j] = column_moments(&f.X, j, &f.mean[j])


cdef void folds_look(Folds *F, Fold *f, Py_ssize_t k) noexcept nogil:
    """Call for the columns whose bounds reach over the limit of a fold, and for those that its residual takes the place of."""
    cdef Active *S = &f.S
    cdef Py_ssize_t i, j, m = bounds_suspects(&S.B, S.W.r, S.limit, S.passing, &S.most), n = F.X.n
    f.wants, S.n_over = m > 0, 0
    if m == 0:
        return
    for i in range(m):
        F.called[S.B.over[i]] = 1
    f.slot = bounds_slot(&S.B)
    if S.B.users[f.slot] > 0:
        for j in range(F.X.p):
            if S.B.at[j] == f.slot and S.B.size[j] > 0.0:
                F.called[j] = 1
    for i in range(n):
        F.R[k * n + i] = f.root[i] * S.W.r[i]
    bounds_stand(&S.B, f.slot, S.W.r)


cdef void listed(Folds *F) noexcept nogil:
    """read = the columns that were called for, in ascending order, so that what belongs to them lies side by side"""
    cdef Py_ssize_t j, m = 0
    for j in range(F.X.p):
        F.read[m] = <int>j
        m += F.called[j]
    memset(F.called, 0, F.X.p)
    F.n_read = m
    F.n_columns_read += m


cdef int folds_read(Folds *F) noexcept nogil:
    """Read the columns called for, for every fold that called for any.  Status as in gram_block."""
    cdef Py_ssize_t n = F.X.n, ld = packed_length(n), ldv = whole_lanes(n), i, k, b = 0, width, rows, t = 0
    cdef Py_ssize_t item = sizeof(float) if F.X.single else sizeof(double)
    cdef double *block
    cdef double *A
    cdef double *V                          # the residuals, t x n and zeros up to ldv
    cdef double *products                   # t x PANEL
    cdef Py_ssize_t cols[PANEL]
    cdef int status = 0
    for k in range(F.t):
        if F.folds[k].wants:
            F.waiting[t] = k
            t += 1
    if t == 0:
        return 0
    listed(F)
    if F.room_over < F.n_read:
        free(F.over)
        F.room_over = F.n_read
        F.over = <int *>malloc(F.t * F.n_read * sizeof(int))
    block = <double *>malloc((PANEL * (ld + F.t) + t * ldv) * sizeof(double) + ALIGNED)
    if block == NULL or F.over == NULL:
        free(block)
        return -1
    A = aligned(block)
    products, V = A + PANEL * ld, A + PANEL * (ld + F.t)
    for k in range(t):
        memcpy(V + k * ldv, F.R + F.waiting[k] * n, n * sizeof(double))
        memset(V + k * ldv + n, 0, (ldv - n) * sizeof(double))
        F.folds[F.waiting[k]].over, F.folds[F.waiting[k]].n_over = F.over + k * F.n_read, 0
    while b < F.n_read:
        width = min(<Py_ssize_t>PANEL, F.n_read - b)
        for k in range(width):
            cols[k] = F.read[b + k]
        if F.X.sparse or t < WORTH_PACKING:
            for k in range(t):
                dots(&F.X, cols, width, V + k * ldv, products + k * PANEL)
        else:
            memset(products, 0, t * PANEL * sizeof(double))
            i = 0
            while i < n:
                rows = min(<Py_ssize_t>CHUNK, n - i)
                for k in range(width):
                    if b + k + AHEAD < F.n_read and F.X.row_stride == 1:
                        fr_prefetch(entry_address(&F.X, i, F.read[b + k + AHEAD]), rows * item)
                    pack_whole(&F.X, cols[k], i, rows, whole_lanes(rows), A + k * ld)
                fr_rows_dot(t, width, whole_lanes(rows), 1.0, V + i, ldv, A, ld, products, PANEL, 0)
                i += rows
        for k in range(t):
            renew(&F.folds[F.waiting[k]], cols, width, products + k * PANEL)
        b += width
        # of sparse X, the entries of columns of mean length
        F.work += <double>(n if not F.X.sparse else 1 + F.X.csc.size // F.X.p) * width * t
        if interrupted(&F.work):
            status = -2
            break
    free(block)
    return status


cdef void renew(Fold *f, const Py_ssize_t *cols, Py_ssize_t m, const double *products) noexcept nogil:
    """The gradients of columns outside, at the residual of the fold, and which of them reach over its limit."""
    cdef Bounds *B = &f.S.B
    cdef Py_ssize_t i, j, moved = 0, run = 0
    cdef double c, reach, most = f.S.most, limit = f.S.limit
    cdef double *gradients = B.c
    cdef int *at = B.at
    cdef int old, last = 0, slot = <int>f.slot, room = <int>B.room
    cdef bint plain = B.penalty.v == NULL and B.side == NULL
    for i in range(m):
        j = cols[i]
        old = at[j]
        if old >= room or B.size[j] <= 0.0:     # not outside
            continue
        c = products[i] if plain else over_factor(B, j, products[i])
        gradients[j], at[j] = c, slot
        if old != last:                         # by runs: a count in memory would wait for the one before it
            B.users[last] -= run
            last, run = old, 0
        run += 1
        moved += 1
        reach = fabs(c) if plain else bounds_reach(B, j, c)
        if reach > limit:
            f.over[f.n_over] = <int>j
            f.n_over += 1
        elif reach > most:
            most = reach
        if reach > NEAR * limit and B.near != NULL:
            bounds_note(B, j)
    B.users[last] -= run
    B.users[slot] += moved
    f.S.most = most


cdef void folds_take(Fold *f) noexcept nogil:
    """What was read, as the answer that the fold's solver waits for."""
    cdef Bounds *B = &f.S.B
    cdef Py_ssize_t i
    if not f.wants:
        return
    for i in range(f.n_over):
        B.over[i] = f.over[i]
        B.scratch[f.over[i]] = B.c[f.over[i]]
    f.S.n_over, f.wants = f.n_over, False
