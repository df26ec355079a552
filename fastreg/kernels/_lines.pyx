"""Maps and norms of the lines of an array along one axis, each line by itself, in arrays of any strides.

Numbers are read as they are and computed with in float64.  A line whose sums could leave the range of float64 is read times a
power of two.  A line that holds NaN or an infinity becomes NaN throughout, unless a function says otherwise.
"""

from cpython.buffer cimport PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport INFINITY, NAN, fabs, frexp, ldexp, pow, sqrt
from libc.stdlib cimport free, malloc

from fastreg.kernels._strided cimport Walk, advance, begin
from fastreg.kernels._tautstring cimport Block, taut_string
from fastreg.kernels._threshold cimport threshold

cdef extern from "maps.h" nogil:
    double fr_size_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, int power, double scale, double *top) noexcept
    double fr_size_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, int power, double scale, double *top) noexcept
    void fr_scaled_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, double c, double m, double f, double *out,
                       Py_ssize_t so) noexcept
    void fr_scaled_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, double c, double m, double f, float *out,
                       Py_ssize_t so) noexcept
    void fr_shrunk_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, const double *w, Py_ssize_t sw, int both, double c,
                       double top, double tau, double *out, Py_ssize_t so) noexcept
    void fr_shrunk_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, const float *w, Py_ssize_t sw, int both, double c,
                       double top, double tau, float *out, Py_ssize_t so) noexcept

(NORM, NORMALIZE, L2, L2_BALL, LINF, L1_BALL, SIMPLEX, TOTAL_VARIATION) = range(8)
cdef enum:
    KIND_NORM, KIND_NORMALIZE, KIND_L2, KIND_L2_BALL, KIND_LINF, KIND_L1_BALL, KIND_SIMPLEX, KIND_TOTAL_VARIATION

ctypedef fused real:
    float
    double


cdef inline double size(Py_ssize_t n, const real *x, Py_ssize_t sx, int power, double scale, double *top) noexcept nogil:
    if real is double:
        return fr_size_f64(n, x, sx, power, scale, top)
    else:
        return fr_size_f32(n, x, sx, power, scale, top)


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


cdef double norm_of(Py_ssize_t n, const real *x, Py_ssize_t sx, double p, double *c) noexcept nogil:
    """|c x|_p, with c a power of two that keeps it in range; for p = 0 the number of entries that are not 0"""
    cdef double top = 0.0, total, v
    cdef Py_ssize_t i
    cdef int exponent
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
    total = 0.0
    for i in range(n):
        v = fabs(<double>x[i * sx]) / top
        total += sqrt(v) if p == 0.5 else pow(v, p)
    return top * (total * total if p == 0.5 else pow(total, 1.0 / p))


cdef void fill(Py_ssize_t n, real value, real *out, Py_ssize_t so) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i * so] = value


cdef void by_norm(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, real *out, Py_ssize_t so) noexcept nogil:
    """norms, and what scales a line by one"""
    cdef double c = 1.0, m = norm_of(n, x, sx, t if kind == KIND_NORM or kind == KIND_NORMALIZE else 2.0, &c)
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
    else:
        scaled(n, x, sx, c, m if m < INFINITY else NAN, t, out, so)


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
    if max(fabs(top), t) > 1e270:
        c = ldexp(1.0, -333)
        total = size(n, x, sx, 1 if both else 0, c, &v)
    top *= c
    t *= c
    if w != NULL:  # a power of two brings the weights to 1
        size(n, w, sw, 1, 1.0, &v)
        frexp(v, &exponent)
        part = ldexp(1.0, min(-exponent, 1000))
        t *= part
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


cdef void denoised(Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw, real *out, Py_ssize_t so,
                   Block *room) noexcept nogil:
    cdef double top = 0.0, c = 1.0, total = size(n, x, sx, 1, 1.0, &top)
    if total != total or top == INFINITY:
        fill(n, <real>NAN, out, so)
        return
    if top > 1e200:
        c = ldexp(1.0, -333)
        total = size(n, x, sx, 1, c, &top)
    # no radius above the sum of |x| matters
    taut_string(n, x, sx, total if w != NULL else min(total, t * c), w, sw, out, so, c, room, room + n + 1)


cdef void line(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw, real *out,
               Py_ssize_t so, void *room) noexcept nogil:
    if kind <= KIND_L2_BALL:
        by_norm(kind, n, x, sx, t, out, so)
    elif kind == KIND_TOTAL_VARIATION:
        denoised(n, x, sx, t, w, sw, out, so, <Block *>room)
    else:
        by_threshold(kind, n, x, sx, t, w, sw, out, so, <double *>room)


cdef enum:
    SIDE_BY_SIDE = 16


cdef void transposed(Py_ssize_t n, Py_ssize_t m, const real *x, Py_ssize_t down, Py_ssize_t across, real *out,
                     Py_ssize_t out_down, Py_ssize_t out_across) noexcept nogil:
    """m lines of n entries from x to out"""
    cdef Py_ssize_t i, j
    for i in range(n):
        for j in range(m):
            out[i * out_down + j * out_across] = x[i * down + j * across]


cdef void walked(int kind, Py_buffer *view, int axis, double t, bint many, bint weighted, void *room,
                 real *panel) noexcept nogil:
    """panel: NULL, or room for SIDE_BY_SIDE lines, each with 8 entries to spare"""
    cdef Walk W
    cdef Py_ssize_t item = sizeof(real), n = view[0].shape[axis], j, k, m, apart = n + 8
    cdef Py_ssize_t sx = view[0].strides[axis] // item, sw = view[2].strides[axis] // item
    cdef Py_ssize_t so = view[3].strides[axis] // item if kind != KIND_NORM else 0
    cdef Py_ssize_t tx, tt, tw, to  # from line to line
    cdef const real *x
    cdef const real *w
    cdef const real *ts
    cdef real *out
    begin(&W, view, 4, axis)
    k = W.ndim - 1
    tx, tt, tw, to = W.step[0][k] // item, W.step[1][k] // item, W.step[2][k] // item, W.step[3][k] // item
    while True:
        j = 0
        while j < W.shape[k]:
            m = min(SIDE_BY_SIDE, W.shape[k] - j)
            x, out = <const real *>W.at[0] + j * tx, <real *>W.at[3] + j * to
            ts = <const real *>W.at[1] + j * tt if many else NULL
            w = <const real *>W.at[2] + j * tw if weighted else NULL
            if panel == NULL:
                each(kind, n, m, x, sx, tx, t, ts, tt, w, sw, tw, out, so, to, room)
            elif kind == KIND_NORM:
                transposed(n, m, x, sx, tx, panel, 1, apart)
                each(kind, n, m, panel, 1, apart, t, ts, tt, w, sw, tw, out, so, to, room)
            else:
                transposed(n, m, x, sx, tx, panel, 1, apart)
                each(kind, n, m, panel, 1, apart, t, ts, tt, w, sw, tw, panel, 1, apart, room)
                transposed(n, m, panel, 1, apart, out, so, to)
            j += m
        if not advance(&W):
            return


cdef void each(int kind, Py_ssize_t n, Py_ssize_t m, const real *x, Py_ssize_t sx, Py_ssize_t tx, double t, const real *many,
               Py_ssize_t tt, const real *w, Py_ssize_t sw, Py_ssize_t tw, real *out, Py_ssize_t so, Py_ssize_t to,
               void *room) noexcept nogil:
    """m lines, one after the other"""
    cdef Py_ssize_t j
    for j in range(m):
        line(kind, n, x + j * tx, sx, <double>many[j * tt] if many != NULL else t, w + j * tw if w != NULL else NULL, sw,
             out + j * to, so, room)


def along(int kind, x, t, w, out, int axis):
    """out = the map of every line of x along an axis; float32 or float64 arrays of one dtype.

    t: a number, or an array of length 1 along the axis; w: None or of x's shape; out: x's shape, or for NORM 1 along the axis.
    out is x itself or does not overlap it; no array is empty."""
    cdef Py_buffer view[4]
    cdef int held = 0
    cdef bint many = not isinstance(t, float), weighted = w is not None
    cdef double t64 = 0.0 if many else t
    cdef void *room = NULL
    cdef void *panel = NULL
    cdef Py_ssize_t n = x.shape[axis], step = abs(x.strides[axis])
    try:
        for array in (x, t if many else x, w if weighted else x, out):
            PyObject_GetBuffer(array, &view[held], PyBUF_STRIDES | (PyBUF_WRITABLE if held == 3 else 0))
            held += 1
        if kind >= KIND_LINF:
            room = malloc((2 * n + 2) * (sizeof(Block) if kind == KIND_TOTAL_VARIATION else sizeof(double)))
            if room == NULL:
                raise MemoryError
        # lines with an entry in a cache line, and neighbours beside it, are read together: what is fetched is used whole
        if n > 1 and step >= 64 and any(0 < abs(other) < step for other, length in zip(x.strides, x.shape, strict=True) if length > 1):
            panel = malloc(SIDE_BY_SIDE * (n + 8) * view[0].itemsize)
            if panel == NULL:
                raise MemoryError
        with nogil:
            if view[0].itemsize == sizeof(double):
                walked(kind, view, axis, t64, many, weighted, room, <double *>panel)
            else:
                walked(kind, view, axis, t64, many, weighted, room, <float *>panel)
    finally:
        free(room)
        free(panel)
        while held > 0:
            held -= 1
            PyBuffer_Release(&view[held])


def segments(int kind, const real[::1] x, const Py_ssize_t[::1] ends, t, real[::1] out):
    """out = the map of every x[ends[j - 1]:ends[j]], from 0 on: NORMALIZE, L2 or L2_BALL; t: a number, or one for each."""
    cdef const double[::1] each = None if isinstance(t, float) else t
    cdef bint many = each is not None
    cdef double t64 = 0.0 if many else t
    cdef Py_ssize_t j, start = 0
    with nogil:
        for j in range(ends.shape[0]):
            if ends[j] > start:
                by_norm(kind, ends[j] - start, &x[start], 1, each[j] if many else t64, &out[start], 1)
            start = ends[j]


def pool_descending(double[::1] v):
    """v = the sequence >= 0 that does not ascend and is next to v, by pooling adjacent violators."""
    cdef Py_ssize_t n = v.shape[0], i, k = -1, start
    cdef double rise
    cdef Block *blocks = <Block *>malloc((n + 1) * sizeof(Block))
    if blocks == NULL:
        raise MemoryError
    with nogil:
        for i in range(n):
            start, rise = i, v[i]
            while k >= 0 and blocks[k].rise * <double>(i + 1 - start) <= rise * <double>(start - blocks[k].start):
                start = blocks[k].start
                rise += blocks[k].rise
                k -= 1
            k += 1
            blocks[k].start, blocks[k].rise = start, rise
        start = n
        while k >= 0:
            rise = blocks[k].rise / <double>(start - blocks[k].start)
            for i in range(blocks[k].start, start):
                v[i] = rise if rise > 0.0 or rise != rise else 0.0
            start = blocks[k].start
            k -= 1
    free(blocks)
