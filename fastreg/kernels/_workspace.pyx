"""A working set that allocates nothing: everything it can come to need lies in memory of the caller, from the start.

It is the Working of _working.pyx in Gram form, with room for `cap` columns, their factor, and their Gram matrix unless that is
somebody's array; code that finds room enough does not ask for more, so that the steps of _newton.pyx and _support.pyx run on it
as they are.  It must not outgrow `cap`, and must not be freed.  This module knows sizes and places, and nothing of the problem.
"""

from libc.string cimport memset

from fastreg.kernels._cholesky cimport row_length
from fastreg.kernels._gram cimport BLOCK
from fastreg.kernels._working cimport PLACES, VECTORS, working_place


cdef size_t triangle_size(Py_ssize_t cap) noexcept nogil:
    """bytes of a triangle of cap rows, one row after another, in blocks of equally long ones"""
    cdef size_t whole = cap // BLOCK, rest = cap % BLOCK
    return (BLOCK * BLOCK * (whole * (whole + 1) // 2) + rest * BLOCK * (whole + 1)) * sizeof(double)


cdef size_t factor_size(Py_ssize_t cap) noexcept nogil:
    """How many bytes factor_lay takes."""
    return whole_lines(cap * sizeof(double *)) + whole_lines(triangle_size(cap))


cdef void factor_lay(Factor *F, Py_ssize_t cap, char **memory) noexcept nogil:
    """An empty factor with room for cap rows."""
    cdef Py_ssize_t i
    cdef double *row
    F.L = <double **>take(memory, cap * sizeof(double *))
    F.room, F.m = cap, 0
    row = <double *>take(memory, triangle_size(cap))
    for i in range(cap):
        F.L[i], row = row, row + row_length(i)


cdef size_t working_size(Py_ssize_t cap, bint gram) noexcept nogil:
    """How many bytes working_lay takes."""
    cdef size_t size = whole_lines(VECTORS * cap * sizeof(double)) + whole_lines((PLACES + 1) * cap * sizeof(Py_ssize_t))
    size += whole_lines(cap * sizeof(double *)) + factor_size(cap)
    return size + (whole_lines(<size_t>cap * cap * sizeof(double)) if gram else 0)


cdef void working_lay(Working *W, Py_ssize_t cap, bint gram, char **memory) noexcept nogil:
    """An empty working set in Gram form with room for cap columns; without gram, G is to be set, and cap to its leading
    dimension.  X, y, b and the penalty are the caller's to fill in."""
    cdef double *block = <double *>take(memory, VECTORS * cap * sizeof(double))
    cdef Py_ssize_t *places = <Py_ssize_t *>take(memory, (PLACES + 1) * cap * sizeof(Py_ssize_t))
    memset(W, 0, sizeof(Working))
    working_place(W, block, places, cap)
    W.cols, W.gram_limit, W.factor_limit = places + PLACES * cap, cap, cap
    W.rows = <double **>take(memory, cap * sizeof(double *))
    factor_lay(&W.factor, cap, memory)
    if gram:
        W.G = <double *>take(memory, <size_t>cap * cap * sizeof(double))
