"""Weighted means and centred products of columns side by side, over chunk after chunk of rows.

Knows how sums of rows join those of rows before them; must not know what the columns stand for, nor any problem.
"""

from fastreg.kernels._design cimport Matrix


ctypedef struct Moments:        # of m columns
    Py_ssize_t m, ld
    double weight               # of all rows so far
    double *block               # one allocation for all that follows
    double *A                   # a chunk of rows, packed: m columns at distance ld
    double *S                   # m x m: sum of s_i (x_i - mean)(x_i - mean)', lower triangle
    double *at                  # the mean of this chunk
    double *base                # the first row: means are counted from there, and lose no digits
    double *so_far              # the mean of all rows so far, less base
    double *step                # from base, or from the mean so far, to the mean of this chunk


cdef int moments_reserve(Moments *M, Py_ssize_t m, Py_ssize_t rows) noexcept nogil
cdef void moments_free(Moments *M) noexcept nogil
cdef int moments_continue(Moments *M, Matrix *X, Matrix *Y, const double *y) noexcept nogil


cdef class MomentSums:
    """The moments of [X Y], p and t columns."""
    cdef Moments sums
    cdef double *saved          # S, at, base, so_far and step before a call
    cdef readonly Py_ssize_t p, t
    cdef readonly Py_ssize_t rows       # of weight > 0

    cdef void save(self) noexcept nogil
    cdef void restore(self, double weight) noexcept nogil
