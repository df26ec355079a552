"""Gaps of the problem on a working set."""

from fastreg.kernels._cd cimport Gap
from fastreg.kernels._working cimport Working

cdef Gap working_gap(Working *W) noexcept nogil
cdef void working_judge(Working *W, Gap *g) noexcept nogil
cdef double working_conjugate_gap(Working *W) noexcept nogil
