"""Proximal maps: scalar forms, inline for whoever cimports them."""


cdef inline double soft(double x, double t) noexcept nogil:
    """sign(x) max(|x| - t, 0)"""
    if x > t:
        return x - t
    if x < -t:
        return x + t
    return 0.0 if x == x else x
