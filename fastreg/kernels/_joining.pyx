"""Which columns join the working set, and which leave it again.

It knows the estimates of _bounds.pyx and how much a working set may hold; it must not know how the problem on it is solved.
"""

from libc.math cimport fabs

from fastreg.kernels._bounds cimport bounds_leave, bounds_near, bounds_outside, bounds_return
from fastreg.kernels._cd cimport Penalty, clip
from fastreg.kernels._design cimport col_axpy, col_dot, col_size
from fastreg.kernels._prox cimport soft
from fastreg.kernels._working cimport may_leave, support_size, working_add, working_refresh, working_shrink

cdef enum:
    JOIN_TALL = 16
    SMALL_SUPPORT = 128
    TRY = 3                     # so many times more are tried out than may join
    TRY_SWEEPS = 3
    SAMPLE = 24                 # keys looked at to choose a pivot


cdef int join(Active *S, const Py_ssize_t *cols, Py_ssize_t k) noexcept nogil:
    """Let columns join the working set; status as in working_add."""
    cdef Py_ssize_t i
    cdef int status = working_add(&S.W, cols, k, S.xy, S.sq, &S.penalty)
    if status != 0:
        return status
    for i in range(k):
        bounds_leave(&S.B, cols[i])
    return 0


cdef void release(Active *S) noexcept nogil:
    """Let the columns that are zero leave the working set.  W.r must be y - Xw."""
    cdef Py_ssize_t i, k = 0
    cdef Py_ssize_t *back = S.B.over + S.X.p        # bounds_return writes to over
    for i in range(S.W.X.p):
        if may_leave(&S.W, i):
            back[k] = S.W.cols[i]
            k += 1
    if k > 0:
        working_shrink(&S.W)
        bounds_return(&S.B, back, k, S.W.r)


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
    most = max(<Py_ssize_t>JOIN_CHEAP if S.cheap else <Py_ssize_t>JOIN_AT_LEAST, support // 2)
    crowded[0] = 4 * (support + most) > 3 * S.X.n
    return most


cdef int guess(Active *S, double l1, double l2) noexcept nogil:
    """Let the columns join that the sequential strong rule keeps, |c_j| >= 2 l1 - l1_before, c_j estimated as a c_j
    (Tibshirani et al., 2012, Strong rules for discarding predictors, eq. 7).

    After a long stride the rule keeps nearly everything; then only columns within a tenth of l1 join.  A small support is
    solved without a guess: most of what would join does not stay, and another round costs less than they do."""
    cdef double limit = max(2.0 * l1 - S.l1_before, 0.9 * l1)
    cdef Py_ssize_t k
    if support_size(&S.W) <= SMALL_SUPPORT and l1 > 0.5 * S.l1_before and not S.cheap:
        return 0
    k = bounds_near(&S.B, limit)
    if make_room(S, k):
        k = bounds_near(&S.B, limit)
    return join_best(S, k, l1, l2) if k else 0


cdef int join_best(Active *S, Py_ssize_t k, double l1, double l2) noexcept nogil:
    """Let some of the k columns in B.over join, as many as may at once: those of largest gradient (B.scratch), or where there
    are many to choose from, those of them that a few sweeps do not leave at zero.

    With tall data a join reads all of X, however few join, so the next largest are taken along.  Where columns are cheap more
    may join than go untried: a round costs more than they do."""
    cdef Py_ssize_t i, m = S.W.X.p, most, untried
    cdef Py_ssize_t *cols = S.B.over
    cdef const double *key = S.B.c if S.W.tall else S.B.scratch
    cdef bint crowded
    cdef int status
    most = most_to_join(S, &crowded)
    untried = max(<Py_ssize_t>JOIN_AT_LEAST, support_size(&S.W) // 2)
    if S.W.tall:
        most = S.X.p if S.W.cross.whole != NULL else max(min(k, most), <Py_ssize_t>JOIN_TALL)
        k = bounds_outside(&S.B)
    if k <= untried or S.W.tall or crowded:
        return join(S, cols, largest_first(cols, key, k, most))
    k = try_out(S, cols, largest_first(cols, key, k, TRY * most), l1, l2)
    k = largest_first(cols, S.B.scratch, k, most)
    status = join(S, cols, k)
    if status == 0:
        for i in range(k):
            S.W.w[m + i] = S.B.scratch[cols[i]]
        working_refresh(&S.W)
    return status


cdef Py_ssize_t try_out(Active *S, Py_ssize_t *cols, Py_ssize_t k, double l1, double l2) noexcept nogil:
    """Sweep over k columns outside the working set, on the residual, and put those that are not zero then first in cols, with
    their coefficients in scratch; returns how many.  Costs a reading of each column a sweep, where joining costs n |W|."""
    cdef Py_ssize_t i, j, _sweep, kept = 0
    cdef double old, new, l1_j, l2_j
    cdef Penalty *P = &S.penalty
    for i in range(k):
        S.B.scratch[cols[i]] = 0.0
        S.W.work += 2.0 * TRY_SWEEPS * col_size(&S.X, cols[i])
    for _sweep in range(TRY_SWEEPS):
        for i in range(k):
            j = cols[i]
            old = S.B.scratch[j]
            l1_j, l2_j = l1 if P.v == NULL else l1 * P.v[j], l2 if P.u == NULL else l2 * P.u[j]
            new = soft(col_dot(&S.X, j, S.W.r) + S.sq[j] * old, l1_j) / (S.sq[j] + l2_j)
            if P.lower != NULL:
                new = clip(new, P.lower[j], P.upper[j])
            if new != old:
                col_axpy(&S.X, j, new - old, S.W.r)
                S.B.scratch[j] = new
    S.B.n_columns_read += TRY_SWEEPS * k
    for i in range(k):
        if S.B.scratch[cols[i]] != 0.0:
            cols[kept], cols[i] = cols[i], cols[kept]
            kept += 1
    return kept


cdef Py_ssize_t largest_first(Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil:
    """Reorder k cols so that the first min(k, most) have the largest |key[col]|; returns how many these are."""
    if k > most:
        select_largest(cols, key, k, most)
    return min(k, most)


cdef void select_largest(Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil:
    """Reorder cols so that its first `most` entries have the largest |key[col]|.

    Selection by partitions (Hoare, 1961), each without a branch on a key, which no processor foresees; the pivot is one of
    a SAMPLE, chosen so that a little more than what is wanted is over it (Floyd and Rivest, 1975)."""
    cdef Py_ssize_t low = 0, high = k, over, same
    cdef double pivot
    while low < most < high:
        pivot = sampled(cols + low, key, high - low, most - low)
        over = low + partition(cols + low, key, high - low, pivot, False)
        if over >= most:
            high = over
            continue
        same = over + partition(cols + over, key, high - over, pivot, True)
        if same >= most:
            return
        if same == low:             # NaN
            return
        low = same


cdef double sampled(const Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil:
    """A |key| that somewhat more than `most` of k >= 1 are likely to be over."""
    cdef double sample[SAMPLE]
    cdef double x
    cdef Py_ssize_t i, j, size = min(k, <Py_ssize_t>SAMPLE)
    sample[0] = 0.0
    for i in range(size):
        x, j = fabs(key[cols[i * k // size]]), i
        while j > 0 and sample[j - 1] < x:
            sample[j] = sample[j - 1]
            j -= 1
        sample[j] = x
    return sample[min(size - 1, most * size // k + 1)]


cdef Py_ssize_t partition(Py_ssize_t *cols, const double *key, Py_ssize_t k, double pivot, bint same) noexcept nogil:
    """Put the cols with |key| > pivot first, or if `same` those at least there; returns how many they are."""
    cdef Py_ssize_t i, j, first = 0
    cdef double x
    for i in range(k):
        j, x = cols[i], fabs(key[cols[i]])
        cols[i] = cols[first]
        cols[first] = j
        first += x >= pivot if same else x > pivot
    return first
