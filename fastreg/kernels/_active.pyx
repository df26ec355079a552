"""Lasso and elastic-net paths by a certified active set.

A working set holds every column that ever mattered; _working.pyx solves the problem on it.  The other columns are checked
without being read: with c_j = x_j'r_e known from an earlier residual r_e, and the new residual r = a r_e + d, d orthogonal to
r_e, |x_j'r| <= |a c_j| + |x_j| |d|.  Only columns whose bound reaches l1 are read; those whose |x_j'r| does, join.  When
none does, the gap of the whole problem, with the bounds in place of what was not read, is the certificate.

    outside the working set        cost of a check
    bound below l1                 1 of the p in one vectorised scan
    bound at or above l1           n (one reading of the column, which renews its bound)
    tall data                      |W| (exact, from rows of the Gram matrix; _cross.pyx)
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY, fabs, sqrt
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._cd cimport dual_gap
from fastreg.kernels._cross cimport cross_gradients
from fastreg.kernels._design cimport Columns, col_axpy, col_dot, dots, fr_bounds_over, fr_dot_f64, raise_for
from fastreg.kernels._newton cimport newton_dual
from fastreg.kernels._prox cimport soft
from fastreg.kernels._working cimport (
    AT_FLOOR, INTERRUPTED, OUT_OF_ITERATIONS, OUT_OF_MEMORY, REACHED, STALLED, support_size,
    working_add, working_certify, working_conjugate_gap,
    working_free, working_gap, working_init, working_refresh, working_shrink, working_solve,
)

# How far a stride goes down.  Measured on fifteen problems with one alpha: from 0.2 to 0.4 it matters by a quarter either way;
# near the rank, where every stride is solved to the end, 0.2 costs 1.5 times more.
cdef double STRIDE = 0.2
cdef double STRIDE_CROWDED = 0.4
# On the way down only columns within so much of their bound are read.  Measured on four problems: 0.25 costs Newton steps.
cdef double LIKELY = 0.4

cdef enum:
    JOIN_AT_LEAST = 50          # columns that may join in a round: the larger of this and half the support
    JOIN_TALL = 16
    TRY = 3                     # so many times more are tried out than may join
    TRY_SWEEPS = 3
    MOST_RESIDUALS = 256
    FLOOR_ULPS = 64


cdef int active_init(Active *S, Dense *X, const double *y, const double *xy, const double *sq, Py_ssize_t gram_limit,
                     Py_ssize_t factor_limit, bint tall, const double *whole) noexcept nogil:
    """w = 0 and no column in the working set.  xy = X'y, sq_j = |x_j|^2 and whole, X'X or NULL, stay the caller's.
    -1 where memory is out."""
    cdef Py_ssize_t j, p = X.p
    memset(S, 0, sizeof(Active))
    S.X, S.xy, S.sq, S.l1_before = X[0], xy, sq, INFINITY
    # 1 % of the size of X (2 % for float32), but 4 MB and 16 residuals at least, and never more than columns
    S.room = 1 if tall else min(p, max(<Py_ssize_t>16, min(<Py_ssize_t>MOST_RESIDUALS, max(p // 100, 500_000 // X.n))))
    S.c = <double *>malloc(4 * p * sizeof(double))
    S.R = <double *>malloc(S.room * (X.n + 3) * sizeof(double))
    S.at = <int *>calloc(p, sizeof(int))
    S.over = <Py_ssize_t *>malloc(2 * p * sizeof(Py_ssize_t))
    S.users = <Py_ssize_t *>calloc(S.room, sizeof(Py_ssize_t))
    if working_init(&S.W, X, y, gram_limit, factor_limit, tall, whole) != 0:
        return -1
    if S.c == NULL or S.R == NULL or S.at == NULL or S.over == NULL or S.users == NULL:
        return -1
    S.size, S.read, S.trial = S.c + p, S.c + 2 * p, S.c + 3 * p
    S.rr, S.a, S.d = S.R + S.room * X.n, S.R + S.room * (X.n + 1), S.R + S.room * (X.n + 2)
    S.floor = FLOOR_ULPS * DBL_EPSILON * S.W.yy
    for j in range(p):
        S.c[j], S.size[j] = xy[j], sqrt(sq[j])
        S.largest_size = max(S.largest_size, S.size[j])
    # the first residual is y itself
    memcpy(S.R, y, X.n * sizeof(double))
    memcpy(S.W.r, y, X.n * sizeof(double))
    memset(S.a, 0, 2 * S.room * sizeof(double))
    S.rr[0], S.a[0], S.d[0], S.users[0] = S.W.yy, 1.0, 0.0, p
    return 0


cdef void active_free(Active *S) noexcept nogil:
    working_free(&S.W)
    free(S.c)
    free(S.R)
    free(S.at)
    free(S.over)
    free(S.users)


cdef int join(Active *S, const Py_ssize_t *cols, Py_ssize_t k) noexcept nogil:
    """Let columns join the working set; status as in working_add."""
    cdef Py_ssize_t i
    cdef int status = working_add(&S.W, cols, k, S.xy, S.sq)
    if status != 0:
        return status
    for i in range(k):
        S.users[S.at[cols[i]]] -= 1
        S.c[cols[i]], S.size[cols[i]] = 0.0, 0.0
    return 0


cdef Py_ssize_t try_out(Active *S, Py_ssize_t *cols, Py_ssize_t k, double l1, double l2) noexcept nogil:
    """Sweep over k columns outside the working set, on the residual, and put those that are not zero then first in cols, with
    their coefficients in trial; returns how many.  Costs n k a sweep, where joining costs n |W| a column."""
    cdef Py_ssize_t i, j, _sweep, kept = 0
    cdef double old, new
    for i in range(k):
        S.trial[cols[i]] = 0.0
    for _sweep in range(TRY_SWEEPS):
        for i in range(k):
            j = cols[i]
            if S.sq[j] <= 0.0:
                continue        # a constant column
            old = S.trial[j]
            new = soft(col_dot(&S.X, j, S.W.r) + S.sq[j] * old, l1) / (S.sq[j] + l2)
            if new != old:
                col_axpy(&S.X, j, new - old, S.W.r)
                S.trial[j] = new
    S.n_columns_read += TRY_SWEEPS * k
    S.W.work += 2.0 * TRY_SWEEPS * S.X.n * k
    for i in range(k):
        if S.trial[cols[i]] != 0.0:
            cols[kept], cols[i] = cols[i], cols[kept]
            kept += 1
    return kept


cdef bint make_room(Active *S, Py_ssize_t k) noexcept nogil:
    """Release columns if k more would be too many; W.r must be y - Xw.  True: over is to be made anew.

    In Gram form the limit is that of the matrix, and from 3/4 of it on more than an eighth of zeros are not kept.  On the
    residual every column of the working set costs n for each look at the gradients: it may hold twice the support."""
    cdef Py_ssize_t support = support_size(&S.W), m = S.W.X.p
    cdef bint full
    if S.W.tall:
        return False
    if S.W.on_residual:
        full = m + k > 2 * support + JOIN_AT_LEAST
    else:
        full = m + k > S.W.gram_limit or (4 * (m + k) > 3 * S.W.gram_limit and 8 * (m - support) > support)
    if full and support < m:
        release(S)
    return full and support < m


cdef Py_ssize_t most_to_join(Active *S, bint *crowded) noexcept nogil:
    """How many columns may join in a round.  crowded: with them the support would come near the rank, where a column costs
    little and everything depends on everything else."""
    cdef Py_ssize_t support = support_size(&S.W), most
    most = max(<Py_ssize_t>JOIN_AT_LEAST, support // 2)
    crowded[0] = 4 * (support + most) > 3 * S.X.n
    return most


cdef int join_best(Active *S, Py_ssize_t *cols, const double *key, Py_ssize_t k, double l1, double l2) noexcept nogil:
    """Let columns join, as many as may at once: those of largest |key|, or where there are many to choose from, those of
    them that a few sweeps do not leave at zero.  cols is reordered.

    With tall data a join reads all of X, however few join, so the next largest are taken along."""
    cdef Py_ssize_t i, m = S.W.X.p, most
    cdef bint crowded
    cdef int status
    most = most_to_join(S, &crowded)
    if S.W.tall:
        most, k = S.X.p if S.W.cross.whole != NULL else max(min(k, most), <Py_ssize_t>JOIN_TALL), 0
        for i in range(S.X.p):
            if S.size[i] > 0.0:
                cols[k] = i
                k += 1
    if k <= most or S.W.tall or crowded:
        return join(S, cols, largest_first(cols, key, k, most))
    k = try_out(S, cols, largest_first(cols, key, k, TRY * most), l1, l2)
    k = largest_first(cols, S.trial, k, most)
    status = join(S, cols, k)
    if status == 0:
        for i in range(k):
            S.W.w[m + i] = S.trial[cols[i]]
        working_refresh(&S.W)
    return status


cdef Py_ssize_t largest_first(Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil:
    """Reorder k cols so that the first min(k, most) have the largest |key[col]|; returns how many these are."""
    if k > most:
        select_largest(cols, key, k, most)
    return min(k, most)


cdef void select_largest(Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil:
    """Reorder cols so that its first `most` entries have the largest |key[col]| (Hoare's selection)."""
    cdef Py_ssize_t low = 0, high = k - 1, i, j
    cdef double pivot
    while low < high:
        pivot = fabs(key[cols[(low + high) // 2]])
        i, j = low, high
        while i <= j:
            while fabs(key[cols[i]]) > pivot:
                i += 1
            while fabs(key[cols[j]]) < pivot:
                j -= 1
            if i <= j:
                cols[i], cols[j] = cols[j], cols[i]
                i += 1
                j -= 1
        if most - 1 <= j:
            high = j
        elif most - 1 >= i:
            low = i
        else:
            return


cdef int guess(Active *S, double l1, double l2) noexcept nogil:
    """Let the columns join that the sequential strong rule keeps, |c_j| >= 2 l1 - l1_before, c_j estimated as a c_j
    (Tibshirani et al., 2012, Strong rules for discarding predictors, eq. 7).

    After a long stride the rule keeps nearly everything; then only columns within a tenth of l1 join."""
    cdef Py_ssize_t k = promising(S, l1)
    if make_room(S, k):
        k = promising(S, l1)
    return join_best(S, S.over, S.read, k, l1, l2) if k else 0


cdef Py_ssize_t promising(Active *S, double l1) noexcept nogil:
    """The columns for guess: over[: n], the number n is returned; read holds the estimates."""
    cdef Py_ssize_t j, k = 0
    cdef double limit = max(2.0 * l1 - S.l1_before, 0.9 * l1)
    for j in range(S.X.p):
        S.read[j] = S.a[S.at[j]] * S.c[j]
        if fabs(S.read[j]) >= limit and S.size[j] > 0.0:
            S.over[k] = j
            k += 1
    return k


cdef void see(Active *S) noexcept nogil:
    """Split the new residual W.r along each residual in use: S.a and S.d.  Cost n a residual."""
    cdef Py_ssize_t e, n = S.X.n
    cdef double rr = fr_dot_f64(n, S.W.r, 1, 0.0, S.W.r), rest
    for e in range(S.room):
        if S.users[e] > 0:
            S.a[e] = fr_dot_f64(n, S.R + e * n, 1, 0.0, S.W.r) / S.rr[e] if S.rr[e] > 0.0 else 0.0
            rest = rr - S.a[e] * S.a[e] * S.rr[e]
            # what rounding may have taken off |d|^2: three sums of n terms in 16 lanes each
            S.d[e] = sqrt(max(rest, 0.0) + (24.0 + 0.25 * n) * DBL_EPSILON * rr)


cdef Py_ssize_t slot(Active *S) noexcept nogil:
    """The place of the residual with the fewest users, which is a free one if there is any."""
    cdef Py_ssize_t e, least = 0
    for e in range(S.room):
        if S.users[e] < S.users[least]:
            least = e
    return least


cdef double check_tall(Active *S, double limit, Py_ssize_t *n_over) noexcept nogil:
    """check, from rows of the Gram matrix, or from X where q is exact."""
    cdef Py_ssize_t j, kept = 0
    cdef double most = 0.0
    if S.W.exact:
        dots(&S.X, NULL, S.X.p, S.W.r, S.c)
        S.n_columns_read += S.X.p
    else:
        cross_gradients(&S.W.cross, S.xy, S.W.w, S.c)
    for j in range(S.X.p):
        if S.W.cross.row[j] >= 0:
            S.c[j] = 0.0
        elif fabs(S.c[j]) > limit and S.size[j] > 0.0:
            S.over[kept] = j
            kept += 1
        else:
            most = max(most, fabs(S.c[j]))
    n_over[0] = kept
    return most


cdef double check(Active *S, double limit, bint passing, Py_ssize_t *n_over) noexcept nogil:
    """Find the columns outside the working set with |x_j'r| > limit: over[: n_over].  Returns a bound on the rest.

    passing: find most of them, and no bound."""
    cdef Py_ssize_t i, j, e, k, kept = 0, p = S.X.p
    cdef double most = 0.0
    if S.W.tall:
        return check_tall(S, limit, n_over)
    see(S)
    if passing:
        for e in range(S.room):
            S.d[e] *= LIKELY
    k = fr_bounds_over(p, S.c, S.size, S.at, S.a, S.d, limit, S.over, &most)
    if k > 0:
        k = read_columns(S, k)
        for i in range(k):
            j = S.over[i]
            if fabs(S.c[j]) > limit:
                S.over[kept] = j
                kept += 1
            else:
                most = max(most, fabs(S.c[j]))
    n_over[0] = kept
    return most


cdef Py_ssize_t read_columns(Active *S, Py_ssize_t k) noexcept nogil:
    """c of the columns over[: k] anew, at the residual W.r, which takes a slot.  Where all slots are in use, the columns that
    stand at that one are read, too, and follow in over; returns how many there are."""
    cdef Py_ssize_t i, j, e = slot(S), n = S.X.n
    if S.users[e] > 0:
        for i in range(k):
            S.at[S.over[i]] = -1 - S.at[S.over[i]]          # these are in over already
        i = k
        for j in range(S.X.p):
            if S.at[j] == e and S.size[j] > 0.0:
                S.over[k] = j
                k += 1
        for i in range(i):
            S.at[S.over[i]] = -1 - S.at[S.over[i]]
    dots(&S.X, S.over, k, S.W.r, S.read)
    S.n_columns_read += k
    S.W.work += <double>n * k
    memcpy(S.R + e * n, S.W.r, n * sizeof(double))
    S.rr[e] = fr_dot_f64(n, S.W.r, 1, 0.0, S.W.r)
    S.a[e], S.d[e] = 1.0, 0.0
    for i in range(k):
        j = S.over[i]
        S.users[S.at[j]] -= 1
        S.c[j], S.at[j] = S.read[i], <int>e
    S.users[e] += k
    return k


cdef void release(Active *S) noexcept nogil:
    """Let the columns that are zero leave the working set.  W.r must be y - Xw."""
    cdef Py_ssize_t i, j, k = 0
    for i in range(S.W.X.p):
        if S.W.w[i] == 0.0:
            j = S.W.cols[i]
            S.over[k] = j
            S.size[j] = sqrt(S.sq[j])
            S.users[S.at[j]] += 1
            k += 1
    if k > 0:
        working_shrink(&S.W)
        read_columns(S, k)


cdef inline Outcome failed(int status) noexcept nogil:
    return OUT_OF_MEMORY if status == -1 else INTERRUPTED


cdef Outcome active_solve(Active *S, double l1, double l2, double tol, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                          Gap *certificate) noexcept nogil:
    """Minimise 1/2 |y - Xw|^2 + l1 |w|_1 + l2/2 |w|^2 from the w of the last call, l1 > 0.

    A long way down, from l1_before or from w = 0, is gone in strides with a loose tolerance: far fewer columns join that
    do not stay.  The certificate is that of the whole problem: its peak bounds max_j |x_j'r - l2 w_j| over every column."""
    cdef Outcome outcome
    cdef Py_ssize_t j, over = 0
    cdef double stop, most = 0.0
    cdef bint crowded
    n_iter[0] = 0
    if S.l1_before == INFINITY and S.W.X.p == 0:
        for j in range(S.X.p):
            most = max(most, fabs(S.c[j]))
            over += fabs(S.c[j]) > l1
        if over > 2 * JOIN_AT_LEAST:    # else all of them join at once
            S.l1_before = most
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


cdef void sharpen(Active *S, double l1, double l2, double most, double rounding, Gap *certificate) noexcept nogil:
    """Lower the certificate's gap by other dual points, where they have smaller ones.  most: as check returned it."""
    cdef Gap g = certificate[0]
    cdef double over
    newton_dual(&S.W, l1, l2, &g)
    g.peak = max(g.peak, most + S.largest_size * sqrt(g.ee)) + rounding     # the dual point is r - e
    g.gap = dual_gap(&g, l1)
    if g.gap < certificate.gap:
        certificate[0] = g
    if l2 > 0.0:
        over = max(0.0, most + rounding - l1)
        certificate.gap = min(certificate.gap, working_conjugate_gap(&S.W, l1, l2) + 0.5 * S.X.p * over * over / l2)


cdef Outcome solve_from_here(Active *S, double l1, double l2, double tol, bint passing, Py_ssize_t max_iter, Py_ssize_t *n_iter,
                             Gap *certificate) noexcept nogil:
    """Rounds of solving on the working set and checking the rest, until the gap is reached.  n_iter is added to.

    passing: this l1 is only on the way to another, and nothing needs to be certified."""
    cdef Outcome outcome
    cdef Py_ssize_t over = 0, j
    cdef double inner = 0.3 * tol, slack, most, rounding, before = INFINITY
    cdef int status, tries = 0
    cdef bint crowded, roomy = False
    cdef Gap g
    status = guess(S, l1, l2)
    if status != 0:
        return failed(status)
    while True:
        outcome = working_solve(&S.W, l1, l2, inner, 0.25 * S.floor, n_iter, max_iter)
        if outcome == OUT_OF_MEMORY or outcome == INTERRUPTED:
            return outcome
        g = working_certify(&S.W, l1, l2, tol)
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
            status = join_best(S, S.over, S.c, over, l1, l2)
            if status != 0:
                return failed(status)
            before = INFINITY
            continue
        for j in range(over):
            most = max(most, fabs(S.c[S.over[j]]))
        rounding = 4.0 * DBL_EPSILON * S.largest_size * sqrt(g.rss)     # of an x_j'r
        g.peak = max(g.peak, most) + rounding
        g.gap = dual_gap(&g, l1)
        certificate[0] = g
        S.l1_before, S.rss = l1, g.rss
        if not g.primal < INFINITY:     # NaN as well
            return STALLED
        if g.gap <= tol * g.primal:
            return REACHED
        if g.gap <= S.floor:
            return AT_FLOOR
        if outcome == OUT_OF_ITERATIONS:
            return outcome
        # where neither a smaller tolerance on the working set nor exact gradients help, rounding is the limit
        tries = 0 if g.gap < 0.5 * before else tries + 1
        if tries > 3:
            sharpen(S, l1, l2, most, rounding, certificate)
            return REACHED if certificate.gap <= tol * g.primal else STALLED
        before = min(before, g.gap)
        inner *= 0.1


cdef str GRAM = "the Gram matrix of the working set"


cdef class Solver:
    """A path solver over Columns that keeps its working set and its w from one solve to the next."""
    cdef Active S
    cdef Columns columns
    cdef object y

    def __cinit__(self, Columns columns, const double[::1] y, Py_ssize_t gram_limit, Py_ssize_t factor_limit, bint tall):
        self.columns, self.y = columns, y
        if active_init(&self.S, &columns.X, &y[0], columns.xy, columns.sq, gram_limit, factor_limit, tall, columns.gram) != 0:
            raise MemoryError("no memory for the column bounds")

    def __dealloc__(self):
        active_free(&self.S)

    def start(self, const Py_ssize_t[::1] support, const double[::1] w, double l1, double l2):
        """Let the columns `support`, at least one, join with coefficients w (kernel scale), unless w = 0 is better."""
        cdef Py_ssize_t k
        cdef int status
        with nogil:
            status = join(&self.S, &support[0], support.shape[0])
            if status == 0:
                for k in range(support.shape[0]):
                    # a constant column stays at 0: no sweep would take it back
                    self.S.W.w[k] = w[k] if self.S.W.sq[k] > 0.0 else 0.0
                working_refresh(&self.S.W)
                if not working_gap(&self.S.W, l1, l2).primal < 0.5 * self.S.W.yy:       # NaN as well
                    memset(self.S.W.w, 0, support.shape[0] * sizeof(double))
                    working_refresh(&self.S.W)
                # the bounds, or gradients, are relative to the residuals seen: look at this one
                if self.S.W.tall:
                    cross_gradients(&self.S.W.cross, self.S.xy, self.S.W.w, self.S.c)
                else:
                    see(&self.S)
        raise_for(status, GRAM)

    def solve(self, double l1, double l2, double tol, Py_ssize_t max_iter):
        """(outcome, n_iter, objective, gap, support size) at l1, l2 in kernel scale"""
        cdef Py_ssize_t n_iter = 0, size
        cdef Gap g
        cdef Outcome outcome
        with nogil:
            outcome = active_solve(&self.S, l1, l2, tol, max_iter, &n_iter, &g)
            size = support_size(&self.S.W)
        raise_for(-1 if outcome == OUT_OF_MEMORY else (-2 if outcome == INTERRUPTED else 0), GRAM)
        return <int>outcome, n_iter, g.primal, max(g.gap, self.S.floor), size

    def solution(self, Py_ssize_t[::1] support, double[::1] w):
        """Write the support, in ascending order of columns, and its coefficients; returns |r|^2 of the last certificate."""
        cdef Py_ssize_t j, k = 0, i, gap
        cdef Working *W = &self.S.W
        for j in range(W.X.p):
            if W.w[j] != 0.0:
                support[k], w[k] = W.cols[j], W.w[j]
                k += 1
        gap = 1
        while gap < k // 3:
            gap = 3 * gap + 1
        while gap > 0:                  # Shell's sort
            for j in range(gap, k):
                i = j
                while i >= gap and support[i - gap] > support[i]:
                    support[i - gap], support[i] = support[i], support[i - gap]
                    w[i - gap], w[i] = w[i], w[i - gap]
                    i -= gap
            gap //= 3
        return self.S.rss

    @property
    def yy(self):
        """|y|^2"""
        return self.S.W.yy

    @property
    def counts(self):
        """columns read to check them, size of the working set, sweeps, Newton steps, null-space pivots"""
        return {
            "columns_read": self.S.n_columns_read + self.S.W.cross.n_columns_read,
            "working_set": self.S.W.X.p,
            "sweeps": self.S.W.n_epochs,
            "newton_steps": self.S.W.n_newton,
            "pivots": self.S.W.n_pivots,
        }
