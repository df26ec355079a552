"""What Python's options and a solve's outcome are to the path solver."""

from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._working cimport Outcome

cdef int fill_penalty(Penalty *penalty, tuple factors, tuple bounds) except -1
cdef int raise_for_outcome(Outcome outcome) except -1
