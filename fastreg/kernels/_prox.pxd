"""Proximal maps: scalar forms, inline for whoever cimports them; maps.h has them for arrays, with the same bits."""

from libc.float cimport DBL_MAX
from libc.math cimport fabs, sqrt
from libc.string cimport memcpy


cdef inline double soft(double x, double t) noexcept nogil:
    """sign(x) max(|x| - t, 0)"""
    if x > t:
        return x - t
    if x < -t:
        return x + t
    return 0.0 if x == x else x


# Under the names of fastreg.capi.

cdef inline double soft_threshold(double x, double t) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t |z|"""
    return soft(x, t)


cdef inline double soft_threshold_positive(double x, double t) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t z over z >= 0"""
    return x - t if x > t else (0.0 if x == x else x)


cdef inline double prox_squared_l2(double x, double l2) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + l2/2 z^2"""
    return x / (1.0 + l2)


cdef inline double prox_elastic_net(double x, double l1, double l2) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + l1 |z| + l2/2 z^2"""
    return soft(x, l1) / (1.0 + l2)


cdef inline double prox_box(double x, double lower, double upper) noexcept nogil:
    """the number in [lower, upper] next to x; NaN stays NaN"""
    return lower if x < lower else (upper if x > upper else x)


cdef inline double prox_l0(double x, double t) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t [z != 0]: x where x^2 > 2 t, else 0 (also at a tie); NaN stays NaN"""
    cdef double s = 4.149515568880993e+180 if t < 3.054936363499605e-151 else 1.0, v = x * s  # 2^600, 2^-500: squares vanish
    return 0.0 if 0.5 * v * v <= t * s * s else x


# Beyond fastreg.capi.

cdef inline double signed(double z, double x) noexcept nogil:
    """z >= 0 with the sign of x, and no negative zero"""
    return 0.0 - z if x < 0.0 else z


cdef inline double prox_huber(double x, double t, double delta) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t h(z), h(z) = z^2/2 for |z| <= delta, delta (|z| - delta/2) beyond"""
    cdef double inner = x / (1.0 + t)
    return inner if fabs(inner) <= delta else signed(fabs(x) - t * delta, x)


cdef inline double times(double a, double step) noexcept nogil:
    """a step, for a, step >= 0: infinite only where a is"""
    cdef double t = a * step
    return a if a > DBL_MAX else (t if t < DBL_MAX else DBL_MAX)


cdef inline double prox_step_mcp(double x, double t, double gamma, double step) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + step MCP(z; t, gamma), which is MCP(z; step t, gamma / step)"""
    cdef double m = fabs(x), g = gamma if gamma < DBL_MAX else DBL_MAX, rise
    if gamma > step:
        rise = (m - times(t, step)) * (g / (g - step))
        return signed((rise if rise > 0.0 else 0.0) if rise < m else m, x)
    return 0.0 if m <= times(t, sqrt(gamma) * sqrt(step)) else x


cdef inline double prox_mcp(double x, double t, double gamma) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + integral from 0 to |z| of max(t - u / gamma, 0) du, gamma > 0; the smaller one at a tie"""
    return prox_step_mcp(x, t, gamma, 1.0)


cdef inline double prox_step_scad(double x, double t, double a, double step) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + step SCAD(z; t, a): no SCAD with another t and a"""
    cdef double m = fabs(x), soft = times(t, step), moved = m - soft, line
    cdef bint convex = a > 1.0 + step
    if m <= (t + soft if convex else (sqrt(step) * sqrt(a + 1.0) if step > a + 1.0 else (a + (1.0 + step)) / 2.0) * t):
        return signed(moved if m > soft else 0.0, x)
    line = moved + step * (moved - t) / (a - (1.0 + step))
    return signed(line if convex and line < m else m, x)


cdef inline double prox_scad(double x, double t, double a) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + integral from 0 to |z| of min(t, max(a t - u, 0) / (a - 1)) du, a > 1; the smaller at a tie"""
    return prox_step_scad(x, t, a, 1.0)


cdef inline double prox_l_half(double x, double t) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t |z|^(1/2); 0 at a tie"""
    cdef double m = fabs(x), c = t / m / (2.0 * sqrt(m)), v
    cdef int _k
    if not c < 0.27216552697590868:  # sqrt(2/27)
        return 0.0 if m <= DBL_MAX else x
    v = 1.0 - c * (0.5 + c * (0.375 + c * 0.974))
    for _k in range(4):
        v -= (v * v * v - v + c) / (3.0 * (v * v) - 1.0)
    return signed(m * v * v, x)


cdef inline double prox_l_two_thirds(double x, double t) noexcept nogil:
    """argmin_z 1/2 (z - x)^2 + t |z|^(2/3); 0 at a tie"""
    cdef double m = fabs(x), r, c, v
    cdef unsigned long long bits
    cdef int _k
    memcpy(&bits, &m, sizeof(double))
    bits = (0x553EF0FFULL - (((bits >> 32) * 0x55555556ULL) >> 32)) << 32
    memcpy(&r, &bits, sizeof(double))
    for _k in range(4):  # |x|^(-1/3)
        r += r * ((1.0 - m * r * r * r) * (1.0 / 3.0))
    c = (2.0 / 3.0) * t * r * r * r * r
    if not c < 0.39685026299204984:  # 2^(-4/3)
        return 0.0 if m <= DBL_MAX else x
    v = 1.0 - c * (1.0 / 3.0 + c * (2.0 / 9.0 + c * 0.624))
    for _k in range(4):
        v -= (v * v * v * v - v + c) / (4.0 * (v * v * v) - 1.0)
    return signed(m * v * v * v, x)
