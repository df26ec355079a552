"""Elementwise proximal maps on arrays.

soft_threshold(x, t) = argmin_z 1/2 (z - x)^2 + t |z| = sign(x) max(|x| - t, 0), elementwise
(Donoho and Johnstone, 1994, Ideal spatial adaptation by wavelet shrinkage, eq. 17).
"""

from libc.float cimport FLT_MAX

from fastreg.kernels._soft cimport fr_soft_f32, fr_soft_f64

ctypedef fused real:
    float
    double


def soft_threshold_of(const real[:] x, double t, real[:] out):
    """out_i = sign(x_i) max(|x_i| - t, 0); out is x itself or does not overlap it."""
    # a t that float32 can only round to infinity zeroes every finite x as well, and leaves an infinite x infinite
    cdef float t32 = <float>min(t, <double>FLT_MAX)
    cdef Py_ssize_t item = sizeof(real)
    if x.shape[0] == 0:
        return
    with nogil:
        if real is float:
            fr_soft_f32(x.shape[0], &x[0], x.strides[0] // item, t32, &out[0], out.strides[0] // item)
        else:
            fr_soft_f64(x.shape[0], &x[0], x.strides[0] // item, t, &out[0], out.strides[0] // item)
