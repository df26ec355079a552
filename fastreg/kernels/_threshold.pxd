"""The tau with sum_i w_i max(y_i - tau w_i, 0) = r, in expected linear time: by it projections onto simplex and L1 ball shrink.

Michelot's step (1986, A finite algorithm for finding the projection of a point onto the canonical simplex) takes tau as if
every candidate were in the support and drops those that are not above it; candidates that it drops slowly are split at a
random one of them, as in quickselect (Duchi et al., 2008), which makes time linear for any y.
"""

cdef extern from "lanes.h" nogil:
    double fr_dot_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, const double *r) noexcept
    double fr_sum_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift) noexcept


cdef inline double key(const double *y, const double *w, Py_ssize_t i) noexcept nogil:
    return y[i] / w[i] if w != NULL else y[i]


cdef inline Py_ssize_t above(double *y, double *w, Py_ssize_t start, Py_ssize_t end, double tau, bint keep) noexcept nogil:
    """Moves candidates with y > tau w to the front; returns where they end.  keep: the others stay behind them."""
    cdef Py_ssize_t i, k = start
    cdef double v, u
    if w != NULL:
        for i in range(start, end):
            v, u = y[i], w[i]
            if keep:
                y[i], w[i] = y[k], w[k]
            y[k], w[k] = v, u
            k += v > tau * u
        return k
    for i in range(start, end):
        v = y[i]
        if keep:
            y[i] = y[k]
        y[k] = v
        k += v > tau
    return k


cdef inline void add_up(const double *y, const double *w, Py_ssize_t start, Py_ssize_t end, double *s,
                        double *q) noexcept nogil:
    """s += sum_i w_i y_i, q += sum_i w_i^2"""
    if w != NULL:
        s[0] += fr_dot_f64(end - start, y + start, 1, 0.0, w + start)
        q[0] += fr_dot_f64(end - start, w + start, 1, 0.0, w + start)
    else:
        s[0] += fr_sum_f64(end - start, y + start, 1, 0.0)
        q[0] += <double>(end - start)


cdef inline double median_of_five(const double *y, const double *w, Py_ssize_t start, Py_ssize_t end,
                                  unsigned long long *state) noexcept nogil:
    """the median key of five candidates that are taken at random"""
    cdef double at[5]
    cdef double v
    cdef int i, j
    for i in range(5):
        state[0] = state[0] * 6364136223846793005ULL + 1442695040888963407ULL
        v = key(y, w, start + <Py_ssize_t>((state[0] >> 33) % <unsigned long long>(end - start)))
        j = i
        while j > 0 and at[j - 1] > v:
            at[j] = at[j - 1]
            j -= 1
        at[j] = v
    return at[2]


cdef inline double threshold(double *y, double *w, Py_ssize_t m, double r) noexcept nogil:
    """tau for m > 0 candidates and r > 0, among which is the whole support; w > 0, or NULL for 1.  Reorders y and w."""
    cdef Py_ssize_t known = 0, end = m, kept
    cdef double tau, s, q, known_s = 0.0, known_q = 0.0, upper_s, upper_q
    cdef unsigned long long state = 0
    # y[:known] are in the support, y[known:end] may be, and no other is
    while True:
        s, q = known_s, known_q
        add_up(y, w, known, end, &s, &q)
        tau = (s - r) / q
        kept = above(y, w, known, end, tau, False)
        if kept == end or kept == 0:  # 0: r is below the rounding of y
            break
        if kept - known > (end - known) // 4 * 3:
            tau = median_of_five(y, w, known, kept, &state)
            end = above(y, w, known, kept, tau, True)
            upper_s, upper_q = known_s, known_q
            add_up(y, w, known, end, &upper_s, &upper_q)
            if upper_s - tau * upper_q < r:  # tau is above the one that is looked for
                known, known_s, known_q, end = end, upper_s, upper_q, kept
        else:
            end = kept
    if kept == 0:
        return tau
    # what rounding has left of the sum, over the support
    if w == NULL:
        return tau + (fr_sum_f64(end, y, 1, tau) - r) / q
    for known in range(end):
        y[known] -= tau * w[known]
    return tau + (fr_dot_f64(end, y, 1, 0.0, w) - r) / q
