"""Soft thresholding of arrays.  Apart from _prox.pxd, so that nobody who cimports fastreg.capi needs lanes.h."""

cdef extern from "lanes.h" nogil:
    void fr_soft_f64(Py_ssize_t n, const double *x, Py_ssize_t sx, double t, double *out, Py_ssize_t so) noexcept
    void fr_soft_f32(Py_ssize_t n, const float *x, Py_ssize_t sx, float t, float *out, Py_ssize_t so) noexcept
