"""Newton steps on the free coordinates of a working set."""

from fastreg.kernels._cd cimport Gap
from fastreg.kernels._working cimport Working

cdef void newton_dual(Working *W, Gap *g) noexcept nogil
cdef Py_ssize_t newton_step(Working *W) noexcept nogil
