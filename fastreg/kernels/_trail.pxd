"""Solutions of one problem as they are found.  Knows where they are kept; must not know how they come about."""

from fastreg.kernels._active cimport Active

ctypedef struct Trail:
    Py_ssize_t *cols            # of all solutions, the non-zero columns in ascending order
    double *values              # and their coefficients
    Py_ssize_t n, room

cdef Py_ssize_t trail_add(Trail *T, Active *S, const double *mean, double unit, double *level) noexcept nogil
cdef void trail_free(Trail *T) noexcept nogil
