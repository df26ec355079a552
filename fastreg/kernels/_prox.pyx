"""Elementwise proximal maps on arrays of any strides, without a copy; maps.h and _prox.pxd have the formulas."""

from cpython.buffer cimport PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.float cimport FLT_MAX
from libc.math cimport INFINITY, fabs

from fastreg.kernels._design cimport interrupted, raise_for
from fastreg.kernels._prox cimport (
    prox_box,
    prox_elastic_net,
    prox_huber,
    prox_l0,
    prox_l_half,
    prox_l_two_thirds,
    prox_squared_l2,
    prox_step_mcp,
    prox_step_scad,
    soft_threshold,
    soft_threshold_positive,
    times,
)
from fastreg.kernels._strided cimport Walk, advance, begin

cdef extern from "maps.h" nogil:
    void fr_mapped_f64(int kind, Py_ssize_t n, const double *x, Py_ssize_t sx, const double *a, Py_ssize_t sa, const double *b,
                       Py_ssize_t sb, double step, double *out, Py_ssize_t so) noexcept
    void fr_mapped_f32(int kind, Py_ssize_t n, const float *x, Py_ssize_t sx, const float *a, Py_ssize_t sa, const float *b,
                       Py_ssize_t sb, float step, float *out, Py_ssize_t so) noexcept

cdef enum:
    MOST = 1 << 23              # entries between two looks for Ctrl-C; maps.h writes as many past the caches

(L1, POSITIVE, ELASTIC_NET, SQUARED_L2, L0, BOX, HUBER, MCP, SCAD, L_HALF, L_TWO_THIRDS, SIGN) = range(12)


cdef inline float single(double t) noexcept nogil:
    """t as float32, where only infinities are infinite: a threshold beyond float32 leaves an infinite x infinite"""
    if fabs(t) == INFINITY:
        return <float>t
    return <float>(-FLT_MAX if t < -FLT_MAX else FLT_MAX if t > FLT_MAX else t)


def apply(int kind, x, a, b, out, double step=1.0):
    """out = map(x, a, b): float32 or float64 arrays of one dtype and shape, a and b of them or numbers.

    step: of ELASTIC_NET, MCP and SCAD, the map is that of step times the penalty.

    out is x itself or does not overlap it; Ctrl-C leaves it half written."""
    cdef Py_buffer view[4]
    cdef int held = 0, number_a = isinstance(a, float), number_b = isinstance(b, float)
    cdef double a64 = a if number_a else 0.0, b64 = b if number_b else 0.0
    cdef float a32 = single(a64), b32 = single(b64)
    cdef bint stopped = False
    try:
        for array in (x, x if number_a else a, x if number_b else b, out):
            PyObject_GetBuffer(array, &view[held], PyBUF_STRIDES | (PyBUF_WRITABLE if held == 3 else 0))
            held += 1
        if view[3].len > 0:
            with nogil:
                if view[0].itemsize == sizeof(double):
                    stopped = mapped(kind, view, &a64 if number_a else NULL, &b64 if number_b else NULL, step)
                else:
                    stopped = mapped(kind, view, &a32 if number_a else NULL, &b32 if number_b else NULL, single(step))
        raise_for(-2 if stopped else 0, None)
    finally:
        while held > 0:
            held -= 1
            PyBuffer_Release(&view[held])


ctypedef fused real:
    float
    double


cdef bint mapped(int kind, Py_buffer *view, const real *a, const real *b, real step) noexcept nogil:
    """a, b: NULL, or one number for all.  Whether interrupted."""
    cdef Walk W
    cdef Py_ssize_t item = sizeof(real), n, sx, sa, sb, so, i, m
    cdef double work = 0.0
    begin(&W, view, 4, -1)
    n = W.shape[W.ndim - 1]
    sx, so = W.step[0][W.ndim - 1] // item, W.step[3][W.ndim - 1] // item
    sa, sb = 0 if a != NULL else W.step[1][W.ndim - 1] // item, 0 if b != NULL else W.step[2][W.ndim - 1] // item
    while True:
        i = 0
        while i < n:
            m = min(MOST, n - i)
            piece(kind, m, <const real *>W.at[0] + i * sx, sx, a if a != NULL else <const real *>W.at[1] + i * sa, sa,
                  b if b != NULL else <const real *>W.at[2] + i * sb, sb, step, <real *>W.at[3] + i * so, so)
            i += m
            work += 4.0 + 4.0 * <double>m
            if interrupted(&work):
                return True
        if not advance(&W):
            return False


cdef inline void piece(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, const real *a, Py_ssize_t sa, const real *b,
                       Py_ssize_t sb, real step, real *out, Py_ssize_t so) noexcept nogil:
    if real is double:
        fr_mapped_f64(kind, n, x, sx, a, sa, b, sb, step, out, so)
    else:
        fr_mapped_f32(kind, n, x, sx, a, sa, b, sb, step, out, so)


def scalar(int kind, double x, double a, double b, double step=1.0):
    """the map of one number, by the form of _prox.pxd"""
    return (soft_threshold(x, a) if kind == 0 else soft_threshold_positive(x, a) if kind == 1
            else prox_elastic_net(x, times(a, step), times(b, step)) if kind == 2 else prox_squared_l2(x, a) if kind == 3
            else prox_l0(x, a) if kind == 4 else prox_box(x, a, b) if kind == 5 else prox_huber(x, a, b) if kind == 6
            else prox_step_mcp(x, a, b, step) if kind == 7 else prox_step_scad(x, a, b, step) if kind == 8
            else prox_l_half(x, a) if kind == 9 else prox_l_two_thirds(x, a))
