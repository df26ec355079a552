"""The user's X as a Matrix, with the statistics of its columns."""

from fastreg.kernels._design cimport Matrix


cdef class Buffer:
    """A buffer of somebody else's, held for as long as this lives."""
    cdef Py_buffer view
    cdef bint held


cdef class Columns:
    """X as its user holds it, with what one reading tells: means, squared norms and X'y."""
    cdef Matrix X
    cdef tuple held             # what X points into
    cdef readonly bint finite
    cdef double *mean
    cdef double *split          # of sparse X with full columns: X.csc.shift and X.mean, p each; or NULL
    cdef double *sq
    cdef double *xy
    cdef double *gram           # X'X, p x p, or NULL

    cdef int copy(self, tuple known) except -1


cdef double *numbers(object array, Py_ssize_t n, bint written=*) except NULL
cdef bint may_be_full(Matrix *X) noexcept nogil
cdef bint sparse_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy,
                            double *split) noexcept nogil
cdef bint column_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy) noexcept nogil
cdef double column_moments(Matrix *X, Py_ssize_t j, double *mean) noexcept nogil
