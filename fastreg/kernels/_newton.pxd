"""Newton steps on the support of a working set."""

from fastreg.kernels._cd cimport Gap
from fastreg.kernels._working cimport Working

cdef void forget_leavers(Working *W, double l2) noexcept nogil
cdef void gradients(Working *W) noexcept nogil
cdef void newton_dual(Working *W, double l1, double l2, Gap *g) noexcept nogil
cdef Py_ssize_t newton_step(Working *W, double l1, double l2) noexcept nogil
