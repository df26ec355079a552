"""Which columns outside a working set may matter, mostly without reading them.

With c_j = x_j'r_e known from an earlier residual r_e, and the new residual r = a r_e + d, d orthogonal to r_e,
|x_j'r| <= |a c_j| + |x_j| |d|.  Only columns whose bound reaches the limit are read, which renews c_j.  Everything is divided
by the column's factor v_j, so that one limit serves all.  This module knows residuals and columns of X; it must not know what
joins, when, or at what penalty.

    bound below the limit          1 of the p in one vectorised scan
    bound at or above it           one reading of the column
    each residual in use           n

Where several targets share readings of X, each has room for one residual alone (bounds_borrow): a few columns are read and
their c_j left as they are (bounds_look), and more are left to one product for all targets, which renews every c_j
(bounds_take).  Where folds share them, each has room for several and reads what all of them call for (_reading.pyx).
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, NAN, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport col_size, dots, fr_bounds_over, fr_bounds_start, fr_dot_f64, fr_largest

# On the way to another penalty only columns within so much of their bound are read.  Measured on four problems: 0.25 costs
# Newton steps.
cdef double LIKELY = 0.4

# Columns noted as near the limit stay so down to a FAR share of it.
cdef double FAR = 0.4

cdef enum:
    FEW = 8                     # a column read by itself takes as long as some eight in a product for many targets


cdef int bounds_init(Bounds *B, Matrix *X, const double *sq, const Penalty *penalty, Py_ssize_t room) noexcept nogil:
    """Nothing known yet.  sq_j = |x_j|^2.  penalty: factors and bounds of all columns; its arrays and sq stay the caller's.

    Returns -1 where memory is out."""
    cdef Py_ssize_t p = X.p
    memset(B, 0, sizeof(Bounds))
    B.X, B.sq, B.penalty, B.room, B.stretch = X[0], sq, penalty[0], room, 1.0
    # one block: a tiny problem is not to be all allocation, and glibc keeps what is freed for the next problem only up to twice
    # the largest block
    B.c = <double *>malloc((3 * p + rest_of(room, X.n) + 2 * p) * sizeof(double) + p * sizeof(int))
    if B.c == NULL:
        return -1
    B.size, B.scratch = B.c + p, B.c + 2 * p
    place(B, B.c + 3 * p)
    B.over = B.users + room + 1
    B.at = <int *>(B.over + 2 * p)
    if penalty.lower != NULL:
        B.side = <signed char *>malloc(p)
        if B.side == NULL:
            return -1
    return 0


cdef inline Py_ssize_t rest_of(Py_ssize_t room, Py_ssize_t n) noexcept nogil:
    """How many numbers belong to residuals."""
    return room * (n + 6) + 3


cdef void place(Bounds *B, double *rest) noexcept nogil:
    """Divide a block of them."""
    B.R = rest
    B.rr, B.a, B.d = B.R + B.room * B.X.n, B.R + B.room * (B.X.n + 1), B.R + B.room * (B.X.n + 2)
    B.pairs = B.R + B.room * (B.X.n + 3)
    B.users = <Py_ssize_t *>(B.R + B.room * (B.X.n + 5) + 2)
    B.pairs[2 * B.room] = B.pairs[2 * B.room + 1] = 0.0     # no bound reaches anywhere from there


cdef int bounds_borrow(Bounds *B, const Bounds *owner, double *c) noexcept nogil:
    """As bounds_init for the same columns, with the owner's sizes and scratch, and c, which stays the caller's.

    Where the owner has room for more than one residual, this has as much.  Returns -1 where memory is out."""
    cdef Py_ssize_t rest = rest_of(owner.room, owner.X.n)
    cdef Py_ssize_t places = owner.X.p if owner.room > 1 else 0
    cdef double *block = <double *>malloc(rest * sizeof(double) + places * sizeof(int))
    B[0] = owner[0]
    B.lent, B.R, B.n_columns_read, B.work, B.c, B.near, B.n_near = True, NULL, 0, 0.0, c, NULL, 0
    if block == NULL:
        return -1
    B.at = <int *>(block + rest) if owner.room > 1 else NULL
    place(B, block)
    return 0


cdef void bounds_free(Bounds *B) noexcept nogil:
    if B.lent:
        free(B.R)
        return
    free(B.c)
    free(B.side)


cdef double size_of(Bounds *B, Py_ssize_t j) noexcept nogil:
    """|x_j| / v_j, which is 0 of a constant column; or 0 of one that is never checked: without an l1 penalty, excluded, or with
    0 outside its bounds."""
    cdef const Penalty *P = &B.penalty
    cdef double v = 1.0 if P.v == NULL else P.v[j]
    if not 0.0 < v < INFINITY:
        return 0.0
    if P.lower != NULL and (P.lower[j] > 0.0 or P.upper[j] < 0.0 or P.lower[j] == P.upper[j]):
        return 0.0
    return sqrt(B.sq[j]) / v


cdef void bounds_start(Bounds *B, const double *y, double yy, const double *xy) noexcept nogil:
    """Every column is outside, and known at the residual y: xy = X'y."""
    cdef Py_ssize_t j, p = B.X.p, known = 0
    cdef const Penalty *P = &B.penalty
    memcpy(B.R, y, B.X.n * sizeof(double))      # xy may be c
    memset(B.a, 0, 2 * B.room * sizeof(double))
    if B.at != NULL:
        memset(B.at, 0, p * sizeof(int))
    memset(B.users, 0, (B.room + 1) * sizeof(Py_ssize_t))
    B.rr[0], B.a[0] = yy, 1.0
    if P.v == NULL and P.lower == NULL:
        known = fr_bounds_start(p, B.sq, xy, B.size, B.c)
    else:
        for j in range(p):
            B.size[j] = size_of(B, j)
            known += B.size[j] > 0.0
            B.c[j] = 0.0 if B.size[j] == 0.0 else (xy[j] if P.v == NULL else xy[j] / P.v[j])
            if P.lower != NULL:
                B.side[j] = (P.upper[j] > 0.0 and P.lower[j] == 0.0) - (P.lower[j] < 0.0 and P.upper[j] == 0.0)
    B.users[0], B.largest_size = known, B.stretch * fr_largest(p, B.size)


cdef void bounds_leave(Bounds *B, Py_ssize_t j) noexcept nogil:
    """Column j is no longer outside."""
    if B.at == NULL:
        B.c[j] = NAN
        return
    B.users[B.at[j]] -= B.size[j] > 0.0
    B.c[j] = 0.0
    if B.lent:
        B.at[j] = <int>B.room
    else:
        B.size[j] = 0.0


cdef void bounds_return(Bounds *B, const Py_ssize_t *cols, Py_ssize_t k, const double *r) noexcept nogil:
    """Columns are outside again, and are read at r, or at the one residual that there is room for."""
    cdef Py_ssize_t i, j, back = 0
    cdef double size
    for i in range(k):
        j, size = cols[i], size_of(B, cols[i])
        if size > 0.0:
            B.over[back] = j
            back += 1
            if not B.lent:
                B.size[j] = size
            if B.at != NULL:
                B.users[B.at[j]] += 1
    if B.at != NULL and back > 0:
        read_columns(B, back, r)
    elif back > 0:
        peek(B, back, B.R)
        for i in range(back):
            B.c[B.over[i]] = over_factor(B, B.over[i], B.scratch[i])


cdef void bounds_see(Bounds *B, const double *r) noexcept nogil:
    """Split the new residual r along each residual in use: a and d.  Cost n a residual."""
    cdef Py_ssize_t e, n = B.X.n
    cdef double rr = fr_dot_f64(n, r, 1, 0.0, r), rest
    for e in range(B.room):
        if B.users[e] > 0:
            B.a[e] = fr_dot_f64(n, B.R + e * n, 1, 0.0, r) / B.rr[e] if B.rr[e] > 0.0 else 0.0
            rest = rr - B.a[e] * B.a[e] * B.rr[e]
            # what rounding may have taken off |d|^2: three sums of n terms in 16 lanes each
            B.d[e] = sqrt(max(rest, 0.0) + (24.0 + 0.25 * n) * DBL_EPSILON * rr)


cdef void bounds_renew(Bounds *B, const double *r) noexcept nogil:
    """Read every column outside at r."""
    cdef Py_ssize_t k = bounds_outside(B)
    if k > 0:
        read_columns(B, k, r)


cdef Py_ssize_t bounds_outside(Bounds *B) noexcept nogil:
    """Every column outside: over[: n], n is returned."""
    cdef Py_ssize_t j, k = 0
    for j in range(B.X.p):
        if outside(B, j):
            B.over[k] = j
            k += 1
    return k


cdef Py_ssize_t bounds_slot(Bounds *B) noexcept nogil:
    """The place of the residual with the fewest users, which is a free one if there is any."""
    cdef Py_ssize_t e, least = 0
    for e in range(B.room):
        if B.users[e] < B.users[least]:
            least = e
    return least


cdef Py_ssize_t over_limit(Bounds *B, double share, double limit, double *most) noexcept nogil:
    """fr_bounds_over with the share of each |d| that counts; the columns found are over[: n], n is returned."""
    cdef Py_ssize_t e
    for e in range(B.room):
        B.pairs[2 * e], B.pairs[2 * e + 1] = B.a[e], share * B.stretch * B.d[e]
    return fr_bounds_over(B.X.p, B.c, B.size, B.at, B.pairs, B.room + 1, B.side, limit, B.over, most)


cdef Py_ssize_t bounds_near(Bounds *B, double limit) noexcept nogil:
    """The columns whose gradient, estimated as a c_j, reaches over limit: over[: n], n is returned.  scratch: the estimates."""
    cdef Py_ssize_t i, j, k
    cdef double most
    if B.near != NULL:
        return near_of_noted(B, limit)
    k = over_limit(B, 0.0, limit, &most)
    for i in range(k):
        j = B.over[i]
        B.scratch[j] = B.a[stands_at(B, j)] * B.c[j]
    return k


cdef Py_ssize_t near_of_noted(Bounds *B, double limit) noexcept nogil:
    """bounds_near among the columns noted; those that have joined or are far by now are not noted any longer."""
    cdef Py_ssize_t i, j, k = 0, kept = 0
    cdef double c
    for i in range(B.n_near):
        j = B.near[i]
        c = B.a[stands_at(B, j)] * B.c[j]
        if not outside(B, j) or bounds_reach(B, j, c) < FAR * limit:
            B.is_near[j] = 0
            continue
        B.near[kept] = <int>j
        kept += 1
        if bounds_reach(B, j, c) > limit:
            B.over[k], B.scratch[j] = j, c
            k += 1
    B.n_near = kept
    return k


cdef double bounds_check(Bounds *B, const double *r, double limit, bint passing, Py_ssize_t *n_over) noexcept nogil:
    """Find the columns outside whose gradient at r reaches over limit: over[: n_over].  Returns a bound on the rest.

    passing: find most of them, and no bound."""
    cdef double most = 0.0
    cdef Py_ssize_t k = bounds_suspects(B, r, limit, passing, &most)
    if k > 0:
        k = read_columns(B, k, r)
    n_over[0] = keep_over(B, k, B.c, limit, &most)
    return most


cdef Py_ssize_t bounds_suspects(Bounds *B, const double *r, double limit, bint passing, double *most) noexcept nogil:
    """The columns whose bound at r reaches over limit: over[: n], n is returned; most: a bound on the others.  passing: as in
    bounds_check."""
    bounds_see(B, r)
    return over_limit(B, LIKELY if passing else 1.0, limit, most)


cdef Py_ssize_t keep_over(Bounds *B, Py_ssize_t k, const double *c, double limit, double *most) noexcept nogil:
    """Of the k columns in over keep those whose gradient c_j reaches over limit, and these gradients in scratch (c may be it).

    Returns how many, and raises most to the largest of the others."""
    cdef Py_ssize_t i, j, kept = 0
    cdef double reach, top = most[0]
    for i in range(k):
        j = B.over[i]
        reach = bounds_reach(B, j, c[j])
        if reach > limit:
            B.over[kept], B.scratch[j] = j, c[j]
            kept += 1
        elif reach > top:           # a branch that is foreseen, where a maximum would wait for the one before it
            top = reach
    most[0] = top
    return kept


cdef bint bounds_look(Bounds *B, const double *r, double limit, bint passing, Py_ssize_t *n_over,
                      double *most) noexcept nogil:
    """bounds_check that reads at most a FEW of the columns; False where more are to be read: bounds_take."""
    cdef Py_ssize_t i, k = bounds_suspects(B, r, limit, passing, most)
    if k > B.X.p // FEW:
        return False
    peek(B, k, r)
    for i in range(k - 1, -1, -1):      # downwards, as over[i] >= i
        B.scratch[B.over[i]] = over_factor(B, B.over[i], B.scratch[i])
    n_over[0] = keep_over(B, k, B.scratch, limit, most)
    return True


cdef double bounds_take(Bounds *B, const Py_ssize_t *cols, Py_ssize_t m, const double *r, double limit,
                        Py_ssize_t *n_over) noexcept nogil:
    """bounds_check, where c already holds x_j'r for every column but the m cols of the working set, which have other numbers,
    and r is the one residual from now on."""
    cdef Py_ssize_t j
    for j in range(m):
        bounds_leave(B, cols[j])
    memcpy(B.R, r, B.X.n * sizeof(double))
    B.rr[0] = fr_dot_f64(B.X.n, r, 1, 0.0, r)
    B.n_columns_read += B.X.p
    return bounds_sift(B, limit, n_over)


cdef void peek(Bounds *B, Py_ssize_t k, const double *r) noexcept nogil:
    """scratch[i] = x_j'r of the columns j = over[i], i < k"""
    cdef Py_ssize_t i, entries = 0
    dots(&B.X, B.over, k, r, B.scratch)
    for i in range(k):
        entries += col_size(&B.X, B.over[i])
    B.work += entries
    B.n_columns_read += k


cdef double bounds_sift(Bounds *B, double limit, Py_ssize_t *n_over) noexcept nogil:
    """bounds_check, where c already holds x_j'r for every column, and there is room for one residual alone."""
    cdef Py_ssize_t j
    cdef double most
    for j in range(B.X.p):
        B.c[j] = 0.0 if B.size[j] == 0.0 else over_factor(B, j, B.c[j])
    B.a[0], B.d[0] = 1.0, 0.0
    n_over[0] = over_limit(B, 1.0, limit, &most)
    for j in range(n_over[0]):
        B.scratch[B.over[j]] = B.c[B.over[j]]
    return most


cdef Py_ssize_t read_columns(Bounds *B, Py_ssize_t k, const double *r) noexcept nogil:
    """c of the columns over[: k] anew, at the residual r, which takes a slot.  Where all slots are in use, the columns that
    stand at that one are read, too, and follow in over; returns how many there are."""
    cdef Py_ssize_t i, j, e = bounds_slot(B), left = 0, first = 0
    if B.at != NULL and B.users[e] > 0:                     # else over has all columns outside
        for i in range(k):
            B.at[B.over[i]] = -1 - B.at[B.over[i]]          # these are in over already
        i = k
        for j in range(B.X.p):
            if B.at[j] == e and B.size[j] > 0.0:
                B.over[k] = j
                k += 1
        for i in range(i):
            B.at[B.over[i]] = -1 - B.at[B.over[i]]
    peek(B, k, r)
    bounds_stand(B, e, r)
    for i in range(k):
        j = B.over[i]
        B.c[j] = over_factor(B, j, B.scratch[i])
        if B.at == NULL:
            continue
        if B.at[j] != left:         # by runs: a count in memory would wait for the one before it
            B.users[left] -= i - first
            left, first = B.at[j], i
        B.at[j] = <int>e
    if B.at != NULL:
        B.users[left] -= k - first
        B.users[e] += k
    return k


cdef void bounds_stand(Bounds *B, Py_ssize_t e, const double *r) noexcept nogil:
    """Let r_e be r, which is the last one seen."""
    memcpy(B.R + e * B.X.n, r, B.X.n * sizeof(double))
    B.rr[e] = fr_dot_f64(B.X.n, r, 1, 0.0, r)
    B.a[e], B.d[e] = 1.0, 0.0
