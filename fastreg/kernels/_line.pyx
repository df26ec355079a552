"""The map or the norm of one line of numbers, of any stride.

Numbers are read as they are and computed with in float64.  A line whose sums could leave the range of float64 is read times a
power of two.  A line that holds NaN or an infinity becomes NaN throughout, unless a function says otherwise.
"""

from libc.float cimport DBL_MAX
from libc.math cimport INFINITY, NAN, fabs, frexp, ldexp, pow, sqrt

from fastreg.kernels._design cimport interrupted
from fastreg.kernels._slope cimport slope
from fastreg.kernels._tautstring cimport Block, taut_string
from fastreg.kernels._threshold cimport threshold

cdef extern from "maps.h" nogil:
    double fr_size_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, int power, double scale, double *top) noexcept
    double fr_size_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, int power, double scale, double *top) noexcept
    double fr_powers_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, double c, double m, double p, int halves) noexcept
    double fr_powers_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, double c, double m, double p, int halves) noexcept
    void fr_scaled_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, double c, double m, double f, double *out,
                       Py_ssize_t so) noexcept
    void fr_scaled_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, double c, double m, double f, float *out,
                       Py_ssize_t so) noexcept
    void fr_shrunk_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, const double *w, Py_ssize_t sw, int both, double c,
                       double top, double tau, double *out, Py_ssize_t so) noexcept
    void fr_shrunk_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, const float *w, Py_ssize_t sw, int both, double c,
                       double top, double tau, float *out, Py_ssize_t so) noexcept

cdef enum:
    MOST = 1 << 20  # entries between two looks for Ctrl-C


cdef inline double size(Py_ssize_t n, const real *x, Py_ssize_t sx, int power, double scale, double *top) noexcept nogil:
    if real is double:
        return fr_size_f64(n, x, sx, power, scale, top)
    else:
        return fr_size_f32(n, x, sx, power, scale, top)


cdef inline double powers(Py_ssize_t n, const real *x, Py_ssize_t sx, double c, double m, double p, int halves) noexcept nogil:
    if real is double:
        return fr_powers_f64(n, x, sx, c, m, p, halves)
    else:
        return fr_powers_f32(n, x, sx, c, m, p, halves)


cdef inline void scaled(Py_ssize_t n, const real *x, Py_ssize_t sx, double c, double m, double f, real *out,
                        Py_ssize_t so) noexcept nogil:
    if real is double:
        fr_scaled_f64(n, x, sx, c, m, f, out, so)
    else:
        fr_scaled_f32(n, x, sx, c, m, f, out, so)


cdef inline void shrunk(Py_ssize_t n, const real *x, Py_ssize_t sx, const real *w, Py_ssize_t sw, int both, double c,
                        double top, double tau, real *out, Py_ssize_t so) noexcept nogil:
    if real is double:
        fr_shrunk_f64(n, x, sx, w, sw, both, c, top, tau, out, so)
    else:
        fr_shrunk_f32(n, x, sx, w, sw, both, c, top, tau, out, so)


cdef double norm_of(Py_ssize_t n, const real *x, Py_ssize_t sx, double p, double *c, double *work) noexcept nogil:
    """|c x|_p, with c a power of two that keeps it in range; for p = 0 the number of entries that are not 0; -1: interrupted"""
    cdef double top = 0.0, total, scale = 1.0
    cdef Py_ssize_t i = 0, m
    cdef int exponent, halves = 0
    c[0] = 1.0
    total = size(n, x, sx, 2 if p == 2.0 else 1, 1.0, &top)
    if total != total or n == 0:
        return total
    if p == 0.0:
        total = 0.0
        for i in range(n):
            total += x[i * sx] != 0
        return total
    if p == INFINITY or top == 0.0 or top == INFINITY:
        return top
    if p == 1.0 or p == 2.0:
        if total > 1e300 or p == 2.0 and total < 1e-270:
            frexp(top, &exponent)
            c[0] = ldexp(1.0, min(-exponent, 1000))
            total = size(n, x, sx, 2 if p == 2.0 else 1, c[0], &top)
        return total if p == 1.0 else sqrt(total)
    if 2.0 * p in (1.0, 3.0, 5.0, 6.0, 8.0):
        halves = <int>(2.0 * p)
        frexp(top, &exponent)
        scale = ldexp(1.0, min(-exponent - (exponent & 1), 1000))  # an even power, whose root is exact
        top = 1.0
    total = 0.0
    while i < n:
        m = min(MOST, n - i)
        total += powers(m, x + i * sx, sx, scale, top, p, halves)
        i += m
        work[0] += 16.0 * <double>m
        if interrupted(work):
            return -1.0
    total = total * total if p == 0.5 else sqrt(sqrt(total)) if p == 4.0 else pow(total, 1.0 / p)
    return top * total / scale


cdef inline void fill(Py_ssize_t n, real value, real *out, Py_ssize_t so) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i * so] = value


cdef bint by_norm(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, real *out, Py_ssize_t so,
                  double *work) noexcept nogil:
    """norms, and what scales a line by one; whether interrupted"""
    cdef double c = 1.0, m = norm_of(n, x, sx, t if kind == KIND_NORM or kind == KIND_NORMALIZE else 2.0, &c, work)
    work[0] += 4.0 + 2.0 * <double>n
    if m == -1.0 or interrupted(work):
        return True
    if kind == KIND_NORM:
        out[0] = <real>(m / c)
    elif kind == KIND_NORMALIZE:
        scaled(n, x, sx, c if m > 0.0 else 1.0, m if m != 0.0 else 1.0, 1.0, out, so)
    elif kind == KIND_L2:
        if m <= t * c:
            fill(n, <real>0.0, out, so)
        else:
            scaled(n, x, sx, 1.0, 1.0, 1.0 if m == INFINITY else (m - t * c) / m, out, so)
    elif m <= t * c:
        scaled(n, x, sx, 1.0, 1.0, 1.0, out, so)
    elif t == 0.0 and m < INFINITY:
        fill(n, <real>0.0, out, so)  # no negative zeros
    else:
        scaled(n, x, sx, c, m if m < INFINITY else NAN, t, out, so)
    return False


cdef void by_threshold(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw,
                       real *out, Py_ssize_t so, double *y) noexcept nogil:
    """projections onto simplex and (weighted) L1 ball, and the map of t |z|_inf, x less its projection onto that of radius t.

    Entries are taken less the largest, so that the sum of what is left is exact where t is small against them."""
    cdef double top = 0.0, c = 1.0, tau, v, least, total, part = 1.0
    cdef double *u = y + n
    cdef bint both = kind != KIND_SIMPLEX
    cdef Py_ssize_t i, m = 0
    cdef int exponent
    total = size(n, x, sx, 1 if both else 0, 1.0, &top)
    if kind == KIND_L1_BALL and t == INFINITY and total == total:
        scaled(n, x, sx, 1.0, 1.0, 1.0, out, so)
        return
    if total != total or fabs(top) == INFINITY:
        fill(n, <real>NAN, out, so)
        return
    if t == 0.0:
        if kind == KIND_LINF:
            scaled(n, x, sx, 1.0, 1.0, 1.0, out, so)
        elif w == NULL:
            fill(n, <real>0.0, out, so)
        else:
            for i in range(n):
                out[i * so] = x[i * sx] if w[i * sw] == 0 else 0
        return
    if w != NULL:  # a power of two brings the weights to 1
        size(n, w, sw, 1, 1.0, &v)
        frexp(v, &exponent)
        part = ldexp(1.0, min(-exponent, 1000))
        t *= part
    if max(fabs(top), t) > 1e270:
        c = ldexp(1.0, -333)
        total = size(n, x, sx, 1 if both else 0, c, &v)
    top *= c
    t *= c
    if w != NULL:
        total = 0.0
        for i in range(n):
            y[m], u[m] = fabs(<double>x[i * sx]) * c, w[i * sw] * part
            total += y[m] * u[m]
            m += y[m] > 0.0 and u[m] > 0.0
    if both and total <= t:
        if kind == KIND_LINF:
            fill(n, <real>0.0, out, so)
        else:
            scaled(n, x, sx, 1.0, 1.0, 1.0, out, so)
        return
    if w != NULL:
        tau = threshold(y, u, m, t)
        shrunk(n, x, sx, w, sw, True, c, 0.0, tau * part, out, so)
        return
    # tau is no less than the largest entry leaves, nor than it is if all of x is in the support, where the sum may be rounded
    v = (total - t) / <double>n
    least = max(-t, v - 1e-12 * (fabs(v) + fabs(top)) - top)
    for i in range(n):
        v = x[i * sx]
        v = (fabs(v) if both else v) * c - top
        y[m] = v
        m += v > least
    tau = threshold(y, NULL, m, t)
    if kind != KIND_LINF:
        shrunk(n, x, sx, w, sw, both, c, top, tau, out, so)
        return
    v = (top + tau) / c
    for i in range(n):
        least = x[i * sx]
        out[i * so] = <real>(v if least > v else -v if least < -v else least)


cdef bint denoised(Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw, real *out,
                   Py_ssize_t so, Block *room, double *work) noexcept nogil:
    """the map of total variation; whether interrupted"""
    cdef double top = 0.0, c = 1.0, total = size(n, x, sx, 1, 1.0, &top)
    if total != total or top == INFINITY:
        fill(n, <real>NAN, out, so)
        return False
    if top > 1e200:
        c = ldexp(1.0, -333)
        total = size(n, x, sx, 1, c, &top)
    # no radius above the sum of |x| matters
    t = total if w != NULL else min(total, t * c)
    return taut_string(n, x, sx, t, w, sw, out, so, c, room, room + n + 1, work)


cdef bint ordered(Py_ssize_t n, const real *x, Py_ssize_t sx, const real *w, Py_ssize_t sw, real *out, Py_ssize_t so,
                  void *room, double *work) noexcept nogil:
    """the map of sorted l1, with w the thresholds of places in the order; whether interrupted"""
    cdef double top = 0.0, v
    cdef Py_ssize_t i
    v = size(n, x, sx, 1, 1.0, &top)
    if v != v:
        fill(n, <real>NAN, out, so)
        return False
    if top == INFINITY:
        top = 0.0
        for i in range(n):
            v = fabs(<double>x[i * sx])
            top = v if top < v <= DBL_MAX else top
    return slope(n, x, sx, ldexp(1.0, -100) if max(top, w[0]) > 1e280 else 1.0, w, sw, out, so, room, work)


cdef bint line(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw, real *out,
               Py_ssize_t so, void *room, double *work) noexcept nogil:
    """room: for 2 n + 2 numbers, or blocks from total variation on; none for what goes by a norm.  Whether interrupted."""
    if kind <= KIND_L2_BALL:
        return by_norm(kind, n, x, sx, t, out, so, work)
    if kind == KIND_TOTAL_VARIATION:
        return denoised(n, x, sx, t, w, sw, out, so, <Block *>room, work)
    if kind == KIND_SORTED_L1:
        return ordered(n, x, sx, w, sw, out, so, room, work)
    by_threshold(kind, n, x, sx, t, w, sw, out, so, <double *>room)
    work[0] += 16.0 * <double>n
    return interrupted(work)
