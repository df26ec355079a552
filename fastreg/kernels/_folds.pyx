"""Several folds of the rows of one X, side by side down a path.

A fold is a problem of its own: its weights are 0 in the rows that it leaves out and add up to n all the same, its means are
those of its rows, and a solver of its own (_active.pyx) goes from one penalty to the next.  What folds share is the reading of
X: where solvers need gradients they wait, and the columns that any of them calls for are read once, for all.  This module hands
out products and errors; it must not know how a fold is solved, nor how rows came to be in one.

    reading a column for t folds       n t, at nearly the speed of a matrix product
    per fold                           28 p bytes, and 8 n for each residual that gradients were read at; a working set

The gradients need no copy of X with a fold's means: a fold's residual times the roots of its weights adds up to 0, so that any
constant may be taken off a column.
"""

from libc.limits cimport INT_MAX
from libc.math cimport fabs
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._active cimport Active, active_advance, active_begin, active_free, active_init, active_relax
from fastreg.kernels._bounds cimport (
    Bounds, bounds_free, bounds_init, bounds_note, bounds_reach, bounds_slot, bounds_stand, bounds_suspects, over_factor,
)
from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._columns cimport Columns, column_moments, may_be_full, sparse_statistics
from fastreg.kernels._design cimport (
    Matrix, dots, entry, entry_address, fr_csc, fr_csc_axpy, fr_prefetch, fr_rows_dot, interrupted, raise_for,
)
from fastreg.kernels._gram cimport ALIGNED, CHUNK, aligned, pack_whole, packed_length, whole_lanes
from fastreg.kernels._relax cimport working_relax
from fastreg.kernels._solver cimport fill_penalty, raise_for_outcome
from fastreg.kernels._trail cimport Trail, trail_add, trail_free
from fastreg.kernels._working cimport REACHED, Outcome, Working, failed, has_failed, support_size

cdef enum:
    PANEL = 48                  # columns that are packed at once
    WORTH_PACKING = 3           # for fewer folds, products column by column are faster
    AHEAD = 8                   # columns that are asked of memory before they are read: no processor foresees which come next

# Columns within this share of the limit when they are read are those that may join at the next penalty.
cdef double NEAR = 0.9

# A sum of squares that is this small a share of what it was taken from is added up anew.
cdef double CANCELLED = 1e-3

ctypedef struct Fold:
    Active S
    bint made                   # S is
    Matrix X                    # with the weights and means of this fold
    Bounds lender               # what S borrows its bounds from
    Penalty penalty
    double *mean                # p each
    double *sq
    double *c                   # X'y, then gradients outside
    int *near                   # columns noted, p, and whether they are, p
    double *size                # |x_j| / v_j where v is the fold's own; or NULL
    double *split               # as Columns has it
    const double *y
    const double *root
    const Py_ssize_t *test      # the rows to judge by
    const double *test_y        # their targets and weights
    const double *test_weight
    Py_ssize_t n_test
    bint wants                  # it waits for columns
    Py_ssize_t slot             # where its residual will stand
    int *over                   # columns just read that reach over its limit
    Py_ssize_t n_over

ctypedef struct Folds:
    Matrix X                    # not weighted
    const double *sq            # |x_j|^2 in all rows
    Fold *folds
    Py_ssize_t t, room
    Bounds owner                # of what all solvers use in turn
    double *R                   # t x n: residuals times roots
    double *spread              # n + 1 of a sparse product, and errors of the rows to judge by, twice n
    unsigned char *called       # p: whether a column is to be read
    int *read                   # p: columns that are being read
    Py_ssize_t n_read, n_columns_read
    int *over                   # for each fold n_read columns
    Py_ssize_t room_over
    Py_ssize_t *waiting         # t
    fr_csc stored               # the entries of sparse X as they are
    bint keeps                  # the last fold has all rows, and its solutions are kept
    const double *mean          # of all rows, in the user's X
    double unit                 # of those: public coefficients per kernel coefficient
    Trail trail, refits
    const double *shares        # of least squares on the support in the answer
    Py_ssize_t n_shares
    bint relaxes                # some share is not 0
    double work


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


cdef int statistics(Folds *F) noexcept nogil:
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
    """statistics: sums of columns and of their squares with weights, as products of matrices."""
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


cdef int begin(Folds *F, Fold *f, Py_ssize_t gram_limit, Py_ssize_t factor_limit) noexcept nogil:
    """Make the solver of a fold; status as active_init has it."""
    cdef Py_ssize_t i
    cdef double largest = 0.0
    f.lender = F.owner
    f.lender.X, f.lender.penalty, f.lender.room = f.X, f.penalty, F.room
    if f.size != NULL:
        f.lender.size = f.size
    # centring by another mean than its own takes nothing off a sum of squares, and no weight grew by more
    for i in range(F.X.n):
        largest = max(largest, f.root[i] if F.owner.X.root == NULL else (
            f.root[i] / F.owner.X.root[i] if f.root[i] > 0.0 else 0.0))
    f.lender.stretch = largest * (1.0 + 1e-12)
    f.made = True
    f.lender.is_near = <unsigned char *>(f.near + F.X.p)
    return active_init(&f.S, &f.X, f.y, f.c, f.sq, &f.penalty, gram_limit, factor_limit, False, NULL, &f.lender)


cdef void look(Folds *F, Fold *f, Py_ssize_t k) noexcept nogil:
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


cdef int read(Folds *F) noexcept nogil:
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


cdef void take(Fold *f) noexcept nogil:
    """What was read, as the answer that the fold's solver waits for."""
    cdef Bounds *B = &f.S.B
    cdef Py_ssize_t i
    if not f.wants:
        return
    for i in range(f.n_over):
        B.over[i] = f.over[i]
        B.scratch[f.over[i]] = B.c[f.over[i]]
    f.S.n_over, f.wants = f.n_over, False


cdef void miss(Folds *F, Fold *f, const double *w, double *out) noexcept nogil:
    """out = targets less predictions in the rows to judge by, for coefficients w of the working set.  Cost a reading of them in
    the support."""
    cdef Working *W = &f.S.W
    cdef Py_ssize_t i, j, k
    cdef double a, mean, level = 0.0
    memcpy(out, f.test_y, f.n_test * sizeof(double))
    if F.X.sparse:
        memset(F.spread, 0, F.X.n * sizeof(double))
    for k in range(W.X.p):
        if W.w[k] == 0.0:
            continue
        j, a = W.cols[k], w[k] * F.X.scale
        mean = f.mean[j]
        if F.X.sparse:
            fr_csc_axpy(&F.stored, j, -a, NULL, F.spread)
            level += a * mean
        else:
            for i in range(f.n_test):
                out[i] -= a * (entry(&F.X, f.test[i], j) - mean)
    if F.X.sparse:
        for i in range(f.n_test):
            out[i] += F.spread[f.test[i]] + level


cdef int judge(Folds *F, Fold *f, double *losses) noexcept nogil:
    """Weighted sums of squared and of absolute errors in the rows to judge by, for each share of least squares.  Status as in
    working_relax."""
    cdef Active *S = &f.S
    cdef Py_ssize_t i, s
    cdef int status
    cdef double e, rss = S.rss
    cdef double *refit = F.spread + F.X.n + 1
    cdef double *missed = refit + F.X.n
    miss(F, f, S.W.w, missed)
    if F.relaxes:
        status = working_relax(&S.W, 1.0, S.W.trial_w, &rss)
        if status != 0:
            return status
        miss(F, f, S.W.trial_w, refit)
    for s in range(F.n_shares):
        losses[2 * s] = losses[2 * s + 1] = 0.0
        for i in range(f.n_test):
            e = missed[i] if F.shares[s] == 0.0 else (1.0 - F.shares[s]) * missed[i] + F.shares[s] * refit[i]
            losses[2 * s] += f.test_weight[i] * e * e
            losses[2 * s + 1] += f.test_weight[i] * fabs(e)
    return 0


cdef int keep(Folds *F, Active *S, double *found) noexcept nogil:
    """Keep the solution for all rows, and least squares on its support: mean'coef and |r|^2 of each.  Status as in
    working_relax."""
    cdef int status = 0
    found[1] = S.rss
    if trail_add(&F.trail, S, F.mean, F.unit, found) < 0:
        return -1
    if F.relaxes:
        status = active_relax(S, 1.0)
        found[3] = S.rss
        if status == 0 and trail_add(&F.refits, S, F.mean, F.unit, found + 2) < 0:
            status = -1
    return status


cdef Outcome descend(Folds *F, const double *l1, const double *l2, double tol, Py_ssize_t max_iter, double *found,
                     Py_ssize_t width, Py_ssize_t *how) noexcept nogil:
    """Solve every fold at its next l1 and l2, and write `width` numbers for each; OUT_OF_MEMORY or INTERRUPTED where one could
    not be."""
    cdef Py_ssize_t k, left = F.t
    cdef Fold *f
    cdef Active *S
    cdef int status
    for k in range(F.t):
        f = &F.folds[k]
        f.wants = False
        how[3 * k] = -1             # not solved
        active_begin(&f.S, l1[k], l2[k], tol, max_iter)
    while left > 0:
        for k in range(F.t):
            if how[3 * k] >= 0:
                continue
            f = &F.folds[k]
            S = &f.S
            take(f)
            while active_advance(S):
                look(F, f, k)
                if f.wants:
                    break
            if f.wants:
                continue
            if has_failed(S.outcome):
                return S.outcome
            left -= 1
            S.B.near = f.near           # from here on; at the first penalty any column may join
            how[3 * k], how[3 * k + 1], how[3 * k + 2] = S.outcome, S.n_iter, support_size(&S.W)
            found[width * k], found[width * k + 1] = S.certificate.primal, S.certificate.gap
            if F.keeps and k == F.t - 1:
                status = keep(F, S, found + width * k + 2)
            else:
                status = judge(F, f, found + width * k + 2)
            if status != 0:
                return failed(status)
        status = read(F)
        if status != 0:
            return failed(status)
    return REACHED


cdef class Lockstep:
    """Solvers of folds over Columns of all rows, at one penalty after another.

    roots: for each fold float64 (n,), square roots of weights that add up to n, 0 in rows that it leaves out; ys: its targets,
    centred and times root.  tests, test_ys, test_weights: for each fold the rows to judge by (intp), their targets less the
    fold's mean, in the same unit as ys, and their weights.  room: residuals for each fold.

    shares: of least squares on the support in each answer.  keeps: the last fold has all rows and nothing to judge by: its
    solutions are kept, unit times the kernel's."""
    cdef Folds F
    cdef object kept            # the arrays that F points into
    cdef Columns columns

    def __cinit__(self, Columns columns, list roots, list ys, list tests, list test_ys, list test_weights, Py_ssize_t room,
                  bint keeps, double unit, const double[::1] shares):
        cdef const double[::1] root, y, test_y, weight
        cdef const Py_ssize_t[::1] test
        cdef Py_ssize_t k
        cdef Penalty none
        cdef Fold *f
        cdef int status = -1
        self.columns, self.kept = columns, [roots, ys, tests, test_ys, test_weights, shares]
        self.F.X, self.F.sq, self.F.t, self.F.room = columns.X, columns.sq, len(roots), max(room, <Py_ssize_t>2)
        self.F.keeps, self.F.unit, self.F.mean, self.F.shares = keeps, unit, columns.mean, &shares[0]
        self.F.n_shares = shares.shape[0]
        for k in range(self.F.n_shares):
            self.F.relaxes = self.F.relaxes or shares[k] > 0.0
        self.F.X.root = NULL
        if columns.X.p <= INT_MAX:      # places of columns are kept as int
            self.F.folds = <Fold *>calloc(self.F.t, sizeof(Fold))
        if self.F.folds == NULL:
            raise MemoryError("no memory for folds")
        for k in range(self.F.t):
            root, y, test, test_y, weight = roots[k], ys[k], tests[k], test_ys[k], test_weights[k]
            f = &self.F.folds[k]
            f.X, f.root, f.y, f.n_test = columns.X, &root[0], &y[0], test.shape[0]
            if f.n_test > 0:
                f.test, f.test_y, f.test_weight = &test[0], &test_y[0], &weight[0]
        memset(&none, 0, sizeof(Penalty))
        with nogil:
            status = folds_init(&self.F)
            if status == 0:
                status = statistics(&self.F)
        raise_for(status, "the statistics of folds")

    def __dealloc__(self):
        folds_free(&self.F)

    def squares(self, Py_ssize_t k, double[::1] out):
        """out = |x_j|^2 of the columns of fold k, centred, weighted and scaled"""
        memcpy(&out[0], self.F.folds[k].sq, self.F.X.p * sizeof(double))

    def begin(self, list factors, list bounds, Py_ssize_t gram_limit, Py_ssize_t factor_limit):
        """Make the solvers; of each fold (v, u) and (lower, upper) as Solver has them."""
        cdef Py_ssize_t k
        cdef Fold *f
        cdef int status = 0
        self.kept += [factors, bounds]
        own = any(one is not factors[0] for one in factors)
        for k in range(self.F.t):
            f = &self.F.folds[k]
            fill_penalty(&f.penalty, factors[k], bounds[k])
            if own:
                f.size = <double *>malloc(self.F.X.p * sizeof(double))
                if f.size == NULL:
                    raise MemoryError("no memory for the sizes of columns")
        with nogil:
            status = bounds_init(&self.F.owner, &self.columns.X, self.F.sq, &self.F.folds[0].penalty, 1)
            for k in range(self.F.t):
                if status == 0:
                    status = begin(&self.F, &self.F.folds[k], gram_limit, factor_limit)
        raise_for(status, "the solvers of folds")

    def descend(self, const double[:, ::1] l1, const double[:, ::1] l2, double tol, Py_ssize_t max_iter,
                double[:, :, ::1] found, Py_ssize_t[:, :, ::1] how):
        """Go on to l1, l2 (K, t) of each fold, one row after another.  found (K, t, ...): objective, gap, for each share
        sums of squared and of absolute errors; of what is kept, mean'coef and |r|^2, and the same of its least squares, where
        a share is not 0.  how (K, t, 3): outcome, n_iter and the size of the support."""
        cdef Outcome outcome = REACHED
        cdef Py_ssize_t k
        with nogil:
            for k in range(l1.shape[0]):
                outcome = descend(&self.F, &l1[k, 0], &l2[k, 0], tol, max_iter, &found[k, 0, 0], found.shape[2],
                                  &how[k, 0, 0])
                if outcome != REACHED:
                    break
        raise_for_outcome(outcome)

    def take_kept(self, Py_ssize_t[::1] cols, double[::1] values, double[::1] refits):
        """The columns and the coefficients of all solutions kept, one after another, and of least squares, where a share is not
        0."""
        memcpy(&cols[0], self.F.trail.cols, self.F.trail.n * sizeof(Py_ssize_t))
        memcpy(&values[0], self.F.trail.values, self.F.trail.n * sizeof(double))
        if self.F.relaxes:
            memcpy(&refits[0], self.F.refits.values, self.F.trail.n * sizeof(double))

    @property
    def n_kept(self):
        """how many coefficients those are"""
        return self.F.trail.n

    @property
    def counts(self):
        """the work for the last fold as Solver has it, but columns that were read for any of them"""
        cdef Working *W = &self.F.folds[self.F.t - 1].S.W
        return {
            "columns_read": self.F.n_columns_read,
            "working_set": W.X.p,
            "sweeps": W.n_epochs,
            "newton_steps": W.n_newton,
            "pivots": W.n_pivots,
            "products": W.n_products,
        }

    @property
    def n_columns_read(self):
        """columns read to check them, each once for all folds that called for it"""
        return self.F.n_columns_read
