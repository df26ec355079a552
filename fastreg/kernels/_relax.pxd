"""Least squares on the support of a working set.  _relax.pyx says how."""

from fastreg.kernels._working cimport Working

cdef int working_relax(Working *W, double share, double *out, double *rss) noexcept nogil
