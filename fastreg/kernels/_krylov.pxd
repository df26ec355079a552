"""A Newton step without a factor.  _krylov.pyx says how."""

from fastreg.kernels._working cimport Working

cdef Py_ssize_t conjugate_gradients(Working *W, double *d, double *image) noexcept nogil
