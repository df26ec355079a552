"""Columns join and leave the working set.  _joining.pyx says which."""

from fastreg.kernels._active cimport Active

cdef enum:
    JOIN_AT_LEAST = 50          # columns that may join in a round: the larger of this and half the support
    JOIN_CHEAP = 200            # the same where a column has few entries
    CHEAP = 100                 # so many times fewer than rows, or less

cdef int join(Active *S, const Py_ssize_t *cols, Py_ssize_t k) noexcept nogil
cdef void release(Active *S) noexcept nogil
cdef bint make_room(Active *S, Py_ssize_t k) noexcept nogil
cdef Py_ssize_t most_to_join(Active *S, bint *crowded) noexcept nogil
cdef int guess(Active *S, double l1, double l2) noexcept nogil
cdef int join_best(Active *S, Py_ssize_t k, double l1, double l2) noexcept nogil
cdef Py_ssize_t largest_first(Py_ssize_t *cols, const double *key, Py_ssize_t k, Py_ssize_t most) noexcept nogil
