"""Small lasso problems in quadratic form by the signs of the solution:

    min_w 1/2 w'Qw - q'w + l1 |w|_1 + l2/2 |w|^2,    l1 > 0

With the columns A in play and their signs s fixed, the minimum is one solve, (Q_AA + l2 I) w_A = q_A - l1 s, with a Cholesky
factor that grows and shrinks by a column.  A step ends where a coefficient would change its sign; that column leaves.  Then
columns with |c_j| > l1, c = q - Qw, join, those with much of the largest excess at once.  (Lee, Battle, Raina and Ng, 2007,
Efficient Sparse Coding Algorithms, algorithm 1; the step is that of Lawson and Hanson's NNLS.)

A column costs p once for every round that it is in play, and |A|^2 for every step.  A sweep over all p columns, of which
most would move although they do not belong to the support, is never made: 256 columns with a support of 14 took 14 us where
sweeps and Newton steps took 61, and with one of 43 97 for 316 (gaps below 1e-11, a busy machine).  It is for supports of tens
of columns: where more than CAP come into play, or rounding keeps the gap up, it leaves off, with a w to go on from.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport fabs, sqrt
from libc.string cimport memcpy, memset

from fastreg.kernels._answer cimport (
    FR_DUAL_GAP, FR_N_ITER, FR_N_NEWTON, FR_OBJECTIVE, FR_SUPPORT, FR_YTY,
)
from fastreg.kernels._cd cimport Gap, dual_gap, dual_scale
from fastreg.kernels._design cimport fr_axpy_f64
from fastreg.kernels._workspace cimport take, whole_lines

cdef enum:
    CAP = 128                   # columns in play
    FLOOR_ULPS = 64             # as in _quadratic.pyx
    NOISE_ULPS = 16             # as in _judge.pyx
    ROUNDS = 4                  # for each column that may be in play

cdef double MUCH = 0.5          # of the largest excess
cdef double DEPENDENT = 1e-10   # of the diagonal, for a pivot
cdef double LARGE = 1e100       # numbers up to here, and 1 over them, have squares and quotients in the range of float64


cdef size_t signs_size(Py_ssize_t p) noexcept nogil:
    """Bytes that signs_lay takes."""
    cdef Py_ssize_t cap = min(p, <Py_ssize_t>CAP)
    return (whole_lines(p * sizeof(double)) + whole_lines(cap * cap * sizeof(double))
            + 6 * whole_lines(cap * sizeof(double)) + whole_lines(cap * sizeof(Py_ssize_t))
            + whole_lines(p * sizeof(Py_ssize_t)))


cdef void signs_lay(Signs *S, Py_ssize_t p, const double *Q, Py_ssize_t ld, char **memory) noexcept nogil:
    """No columns in play, over Q (p, p) with ld numbers from row to row, which stays where it is."""
    cdef Py_ssize_t cap = min(p, <Py_ssize_t>CAP)
    S.p, S.Q, S.ld, S.cap, S.m = p, Q, ld, cap, 0
    S.c, S.L = <double *>take(memory, p * sizeof(double)), <double *>take(memory, cap * cap * sizeof(double))
    S.inverse, S.w = <double *>take(memory, cap * sizeof(double)), <double *>take(memory, cap * sizeof(double))
    S.sign, S.g = <double *>take(memory, cap * sizeof(double)), <double *>take(memory, cap * sizeof(double))
    S.z, S.d = <double *>take(memory, cap * sizeof(double)), <double *>take(memory, cap * sizeof(double))
    S.cols = <Py_ssize_t *>take(memory, cap * sizeof(Py_ssize_t))
    S.found = <Py_ssize_t *>take(memory, p * sizeof(Py_ssize_t))


cdef bint join(Signs *S, Py_ssize_t j, double l2) noexcept nogil:
    """Column j comes into play at 0; whether it is independent of the others."""
    cdef Py_ssize_t i, k, m = S.m
    cdef double *row = S.L + m * S.cap
    cdef const double *other
    cdef const double *products = S.Q + j * S.ld
    cdef double pivot = products[j] + l2, total
    for i in range(m):
        other, total = S.L + i * S.cap, products[S.cols[i]]
        for k in range(i):
            total -= other[k] * row[k]
        row[i] = total * S.inverse[i]
        pivot -= row[i] * row[i]
    if not pivot > DEPENDENT * (products[j] + l2):
        return False
    row[m] = sqrt(pivot)
    S.inverse[m], S.cols[m], S.w[m], S.sign[m] = 1.0 / row[m], j, 0.0, 1.0 if S.c[j] > 0.0 else -1.0
    S.m = m + 1
    return True


cdef void leave(Signs *S, Py_ssize_t k) noexcept nogil:
    """The k-th column in play leaves: its row goes, and rotations make the rest a triangle again."""
    cdef Py_ssize_t i, j, m = S.m - 1
    cdef double a, b, size, cos, sin
    cdef double *row
    S.m = m
    for i in range(k, m):
        S.cols[i], S.w[i], S.sign[i], S.g[i] = S.cols[i + 1], S.w[i + 1], S.sign[i + 1], S.g[i + 1]
        memcpy(S.L + i * S.cap, S.L + (i + 1) * S.cap, (i + 2) * sizeof(double))
    for j in range(k, m):
        a, b = S.L[j * S.cap + j], S.L[j * S.cap + j + 1]
        size = sqrt(a * a + b * b)
        cos, sin = a / size, b / size
        S.L[j * S.cap + j], S.inverse[j] = size, 1.0 / size
        for i in range(j + 1, m):
            row = S.L + i * S.cap + j
            a, b = row[0], row[1]
            row[0], row[1] = cos * a + sin * b, cos * b - sin * a


cdef void direction(Signs *S) noexcept nogil:
    """d = inv(L L') g.  Of columns that have just joined, those before them have g = 0, which is where z begins."""
    cdef Py_ssize_t i, k, first = 0
    cdef double total
    cdef const double *row
    while first < S.m and S.g[first] == 0.0:
        S.z[first] = 0.0
        first += 1
    for i in range(first, S.m):
        row, total = S.L + i * S.cap, S.g[i]
        for k in range(first, i):
            total -= row[k] * S.z[k]
        S.z[i] = total * S.inverse[i]
    for i in range(S.m - 1, -1, -1):
        row = S.L + i * S.cap
        S.d[i] = total = S.z[i] * S.inverse[i]
        for k in range(i):
            S.z[k] -= total * row[k]


cdef Py_ssize_t settle(Signs *S) noexcept nogil:
    """Steps until nobody changes sign; how many."""
    cdef Py_ssize_t i, held, n = 0
    cdef double t, step
    while S.m > 0:
        direction(S)
        n += 1
        t, held = 1.0, -1
        for i in range(S.m):
            if S.d[i] * S.sign[i] < 0.0:
                step = -S.w[i] / S.d[i]
                if step < t:
                    t, held = step, i
        for i in range(S.m):
            S.w[i] += t * S.d[i]
            S.g[i] *= 1.0 - t
        if held < 0:
            break
        leave(S, held)
    return n


cdef inline double largest(Py_ssize_t p, const double *c) noexcept nogil:
    """max_j |c_j|, in four lanes"""
    cdef Py_ssize_t j = 0
    cdef double a = 0.0, b = 0.0, d = 0.0, e = 0.0
    while j + 4 <= p:
        a, b = max(a, fabs(c[j])), max(b, fabs(c[j + 1]))
        d, e = max(d, fabs(c[j + 2])), max(e, fabs(c[j + 3]))
        j += 4
    while j < p:
        a = max(a, fabs(c[j]))
        j += 1
    return max(max(a, b), max(d, e))


cdef inline Py_ssize_t from_on(Py_ssize_t p, const double *c, double limit, Py_ssize_t *found) noexcept nogil:
    """found = the columns with |c_j| >= limit; how many.  Few are: four at a time."""
    cdef Py_ssize_t j = 0, end, n = 0
    while j < p:
        end = min(j + 4, p)
        if end == j + 4 and max(max(fabs(c[j]), fabs(c[j + 1])), max(fabs(c[j + 2]), fabs(c[j + 3]))) < limit:
            j = end
            continue
        while j < end:
            if fabs(c[j]) >= limit:
                found[n] = j
                n += 1
            j += 1
    return n


cdef bint signs_solve(Signs *S, const double *q, const double *square, const Py_ssize_t *held, Py_ssize_t n_held, double yty,
                      double l1, double l2, double atol, double rtol, Py_ssize_t max_iter, double *w,
                      double *info) noexcept nogil:
    """Solve from w = 0 to a gap of atol, or rtol times objective + yty/2; whether it is reached, and info written.  w (p,) is
    written.

    square: the diagonal of Q, or 0 for a column that is held; held: these columns."""
    cdef Py_ssize_t i, j, p = S.p, m, n_iter = 0, _
    cdef double size, wbc, most, x, ww, floor = FLOOR_ULPS * DBL_EPSILON * yty
    cdef Gap g
    cdef bint good = False
    if not (1.0 / LARGE < yty < LARGE and 1.0 / LARGE < l1 < LARGE and l2 < LARGE):
        return False
    for j in range(p):
        if square[j] != 0.0 and not 1.0 / LARGE < square[j] < LARGE:
            return False
    S.m = 0
    for _ in range(ROUNDS * S.cap):
        memcpy(S.c, q, p * sizeof(double))
        for i in range(S.m):
            fr_axpy_f64(p, -S.w[i], S.Q + S.cols[i] * S.ld, 1, 0.0, S.c)
        # the objective and the gap, as in _judge.pyx
        memset(&g, 0, sizeof(Gap))
        size, wbc, ww = sqrt(yty), 0.0, 0.0
        for i in range(S.m):
            j = S.cols[i]
            x = S.w[i]
            size += sqrt(square[j]) * fabs(x)
            wbc += x * (q[j] + S.c[j])
            ww += x * x
            S.g[i] = S.c[j] - l2 * x
            g.wc += x * S.g[i]
            g.slack += l1 * fabs(x) - x * S.g[i]
            g.l1_norm += fabs(x)
            g.peak = max(g.peak, fabs(S.g[i]))
            S.g[i] -= l1 * S.sign[i]
            S.c[j] = 0.0            # out of the search
        for i in range(n_held):
            S.c[held[i]] = 0.0
        most = largest(p, S.c)
        g.rss, g.peak = max(0.0, yty - wbc), max(g.peak, most)
        g.rr = g.rss + l2 * ww
        g.primal, g.excess = 0.5 * g.rr + l1 * g.l1_norm, NOISE_ULPS * DBL_EPSILON * size * size
        g.gap = dual_gap(&g, dual_scale(&g, l1, False), 0.0)
        good = max(g.gap, floor) <= max(atol, rtol * g.primal) and yty - wbc >= -2.0 * g.excess
        if good or n_iter >= max_iter or not most > l1:
            break
        m = S.m
        for i in range(from_on(p, S.c, l1 + MUCH * (most - l1), S.found)):
            j = S.found[i]
            if S.m < S.cap and join(S, j, l2):
                S.g[S.m - 1] = S.c[j] - l1 * S.sign[S.m - 1]
        if S.m == m:
            break
        n_iter += settle(S)
    memset(w, 0, p * sizeof(double))
    for i in range(S.m):
        w[S.cols[i]] = S.w[i]
    if good:
        info[FR_OBJECTIVE], info[FR_DUAL_GAP] = g.primal - 0.5 * yty, max(g.gap, floor)
        info[FR_N_ITER], info[FR_N_NEWTON], info[FR_SUPPORT], info[FR_YTY] = n_iter, n_iter, S.m, yty
        S.rss = yty - wbc
    return good
