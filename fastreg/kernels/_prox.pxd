"""Proximal maps: scalar forms, inline for whoever cimports them."""


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
    return 0.0 if 0.5 * x * x <= t else x
