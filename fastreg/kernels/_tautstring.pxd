"""The map of sum_i t_i |z_i+1 - z_i|: slopes of the taut string in the tube of radius t_i about the cumulative sums of x.

From where the string was last fixed, `low` is the least concave majorant of the tube's lower end and `up` the greatest convex
minorant of its upper end, as blocks of equal slope.  Where the first slope of low exceeds that of up the string bends, on the
side with more than one block.  Every entry joins and leaves either side once: time is linear for any x.  Davies and Kovac
(2001, Local extremes, runs, strings and multiresolution); Condat (2013, A direct algorithm for 1D total variation denoising)
is quadratic in the worst case.
"""

from libc.float cimport DBL_MAX

from fastreg.kernels._design cimport interrupted

cdef extern from "lanes.h" nogil:
    double fr_sum_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift) noexcept
    double fr_sum_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift) noexcept

ctypedef fused element:
    float
    double


cdef struct Block:
    Py_ssize_t start
    double rise


cdef inline bint steeper(double rise, Py_ssize_t run, double other, Py_ssize_t other_run) noexcept nogil:
    """whether rise / run > other / other_run, without the divisions that entries would wait for one after another"""
    return rise * <double>other_run > other * <double>run


cdef inline double radius(Py_ssize_t n, double t, const element *w, Py_ssize_t sw, double scale, Py_ssize_t i) noexcept nogil:
    """of the tube behind entry i: 0 at both ends, at most t"""
    if i < 0 or i == n - 1:
        return 0.0
    return t if w == NULL else min(t, scale * w[i * sw])


cdef inline void fix(const element *x, Py_ssize_t sx, element *out, Py_ssize_t so, Py_ssize_t start, Py_ssize_t end,
                     double bend, double scale) noexcept nogil:
    """out[start:end] = (sum of x[start:end] + bend) / (end - start)"""
    cdef Py_ssize_t i
    cdef double s = 0.0
    cdef double mean
    cdef element value
    if end - start < 32 or scale != 1.0:
        for i in range(start, end):
            s += scale * x[i * sx]
    elif element is double:
        s = fr_sum_f64(end - start, x + start * sx, sx, 0.0)
    else:
        s = fr_sum_f32(end - start, x + start * sx, sx, 0.0)
    mean = (s + bend) / <double>(end - start) / scale
    value = <element>max(-DBL_MAX, min(DBL_MAX, mean))  # not beyond the largest entry by rounding
    for i in range(start, end):
        out[i * so] = value


cdef inline bint taut_string(Py_ssize_t n, const element *x, Py_ssize_t sx, double t, const element *w, Py_ssize_t sw,
                             element *out, Py_ssize_t so, double scale, Block *low, Block *up,
                             double *work) noexcept nogil:
    """low and up have room for n + 1 blocks; scale keeps sums of n^2 entries finite; out is x itself or does not overlap it.
    Whether interrupted."""
    cdef Py_ssize_t i, start, end, anchor = 0, first_low = 0, last_low = -1, first_up = 0, last_up = -1
    cdef double before = 0.0, now, rise, bend = 0.0, bent  # bend: how far the string is above x's sums, at the anchor
    for i in range(n):
        if i & 0xFFFF == 0xFFFF:
            work[0] += <double>0x80000
            if interrupted(work):
                return True
        now = radius(n, t, w, sw, scale, i)
        start, rise = i, scale * x[i * sx] + (now - before)
        while last_up >= first_up and not steeper(rise, i + 1 - start, up[last_up].rise, start - up[last_up].start):
            start = up[last_up].start
            rise += up[last_up].rise
            last_up -= 1
        last_up += 1
        up[last_up].start, up[last_up].rise = start, rise
        start, rise = i, scale * x[i * sx] - (now - before)
        while last_low >= first_low and not steeper(low[last_low].rise, start - low[last_low].start, rise, i + 1 - start):
            start = low[last_low].start
            rise += low[last_low].rise
            last_low -= 1
        last_low += 1
        low[last_low].start, low[last_low].rise = start, rise
        before = now
        if last_up == first_up:
            rise = up[first_up].rise
            while first_low < last_low:
                end = low[first_low + 1].start
                if not steeper(low[first_low].rise, end - anchor, rise, i + 1 - anchor):
                    break
                bent = -radius(n, t, w, sw, scale, end - 1)
                fix(x, sx, out, so, anchor, end, bent - bend, scale)
                anchor, bend = end, bent
                rise -= low[first_low].rise
                first_low += 1
            first_up = last_up = 0  # to where the caches have it
            up[0].start, up[0].rise = anchor, rise
        if last_low == first_low:
            rise = low[first_low].rise
            while first_up < last_up:
                end = up[first_up + 1].start
                if not steeper(rise, i + 1 - anchor, up[first_up].rise, end - anchor):
                    break
                bent = radius(n, t, w, sw, scale, end - 1)
                fix(x, sx, out, so, anchor, end, bent - bend, scale)
                anchor, bend = end, bent
                rise -= up[first_up].rise
                first_up += 1
            first_low = last_low = 0
            low[0].start, low[0].rise = anchor, rise
    while first_low < last_low:  # both sides end in one point: what is left of one is a single block, but for rounding
        end = low[first_low + 1].start
        bent = -radius(n, t, w, sw, scale, end - 1)
        fix(x, sx, out, so, anchor, end, bent - bend, scale)
        anchor, bend = end, bent
        first_low += 1
    while first_up < last_up and up[first_up].start < anchor:
        first_up += 1
    while first_up < last_up:
        end = up[first_up + 1].start
        bent = radius(n, t, w, sw, scale, end - 1)
        fix(x, sx, out, so, anchor, end, bent - bend, scale)
        anchor, bend = end, bent
        first_up += 1
    fix(x, sx, out, so, anchor, n, -bend, scale)
    work[0] += 8.0 * <double>(n & 0xFFFF)
    return interrupted(work)
