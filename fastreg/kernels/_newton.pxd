"""Newton steps on the support of a working set."""

from fastreg.kernels._working cimport Working

cdef int newton_step(Working *W, double l1, double l2) noexcept nogil
