"""Compressed sparse columns as they arrive: nothing in them is believed until it has been looked at.

Column j holds data[k] at row indices[k], for k from indptr[j] to indptr[j + 1].  Compressed rows are the same with the axes
exchanged.  Each index is compared with its bounds before it is used, so that no content can lead out of the arrays.
"""

from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free

ctypedef fused real:
    float
    double

ctypedef fused index:
    int32_t
    int64_t

cdef extern from "sparse.h" nogil:
    ctypedef struct fr_csc:
        const void *data
        const void *indices
        const void *indptr
        int single, wide
    int fr_csc_in_order(const fr_csc *X, Py_ssize_t size, Py_ssize_t n, Py_ssize_t p) noexcept

cdef enum Fault:                # the order of _sparse.FAULTS
    NO_FAULT
    BAD_START
    DECREASE
    TOO_LONG
    OUTSIDE
    NOT_FINITE
    NO_MEMORY

cdef struct Report:
    Fault fault
    Py_ssize_t column           # where the fault was met: indptr[column + 1] or, with `entry`, an entry of the column
    Py_ssize_t entry
    bint duplicates             # some column has two entries in one row


cdef Report look(
    const real *data, const index *indices, const index *indptr, Py_ssize_t size, Py_ssize_t n, Py_ssize_t p
) noexcept nogil:
    """The first fault of p columns of n rows in arrays of `size` entries and p + 1 pointers.

    A second reading where something is not as in most matrices; memory for n marks only where rows do not ascend within a
    column, as otherwise none can come twice."""
    cdef Report report = Report(NO_FAULT, 0, 0, False)
    cdef Py_ssize_t *marks = NULL
    cdef Py_ssize_t i, j, k, last, start, end = indptr[0]
    cdef bint ascending
    cdef fr_csc X
    X.data, X.indices, X.indptr, X.single, X.wide = data, indices, indptr, real is float, index is int64_t
    if fr_csc_in_order(&X, size, n, p):
        return report
    if end != 0:
        report.fault = BAD_START
    for j in range(p):
        if report.fault != NO_FAULT:
            break
        report.column = j
        start, end = end, indptr[j + 1]
        if end < start:
            report.fault = DECREASE
        elif end > size:
            report.fault = TOO_LONG
        else:
            last, ascending = -1, True
            for k in range(start, end):
                i = indices[k]
                if i < 0 or i >= n:
                    report.fault = OUTSIDE
                elif not isfinite(data[k]):
                    report.fault = NOT_FINITE
                if report.fault != NO_FAULT:
                    report.entry = k
                    break
                ascending &= i > last
                last = i
            if report.fault == NO_FAULT and not ascending and not report.duplicates:
                if marks == NULL:
                    marks = <Py_ssize_t *>calloc(n, sizeof(Py_ssize_t))
                if marks == NULL:
                    report.fault = NO_MEMORY
                else:
                    report.duplicates = repeats(indices + start, end - start, j + 1, marks)
    free(marks)
    return report


cdef inline bint repeats(const index *rows, Py_ssize_t m, Py_ssize_t mark, Py_ssize_t *marks) noexcept nogil:
    """whether some of m rows are equal; marks_i = mark for each, and for none before"""
    cdef Py_ssize_t k
    for k in range(m):
        if marks[rows[k]] == mark:
            return True
        marks[rows[k]] = mark
    return False


cdef Py_ssize_t merge(
    const real *data, const index *indices, const index *indptr, Py_ssize_t n, Py_ssize_t p,
    real *out_data, index *out_indices, index *out_indptr,
) noexcept nogil:
    """The columns with all entries of a row added to the first of them.  Their number, or -1 where memory is out."""
    cdef Py_ssize_t *place = <Py_ssize_t *>calloc(n + 1, sizeof(Py_ssize_t))    # 1 + where the row's last entry went
    cdef Py_ssize_t i, j, k, first, m = 0
    if place == NULL:
        return -1
    out_indptr[0] = 0
    for j in range(p):
        first = m
        for k in range(indptr[j], indptr[j + 1]):
            i = indices[k]
            if place[i] > first:
                out_data[place[i] - 1] += data[k]
            else:
                out_indices[m], out_data[m] = <index>i, data[k]
                m += 1
                place[i] = m
        out_indptr[j + 1] = <index>m
    free(place)
    return m


def inspect(const real[::1] data, const index[::1] indices, const index[::1] indptr, Py_ssize_t n):
    """(fault, column, entry, duplicates): fault is 0 where all is in order, else a position in _sparse.FAULTS."""
    cdef Py_ssize_t size = min(data.shape[0], indices.shape[0]), p = indptr.shape[0] - 1
    cdef Report report
    if p < 0:
        return <int>BAD_START, 0, 0, False
    with nogil:
        report = look(&data[0] if size else NULL, &indices[0] if size else NULL, &indptr[0], size, n, p)
    if report.fault == NO_MEMORY:
        raise MemoryError(f"no memory for {n} marks of rows")
    return <int>report.fault, report.column, report.entry, report.duplicates


def sum_duplicates(
    const real[::1] data, const index[::1] indices, const index[::1] indptr, Py_ssize_t n,
    real[::1] out_data, index[::1] out_indices, index[::1] out_indptr,
):
    """Write the columns with one entry per row, in the order of first entries; returns the number of entries.

    out_*: as large as their originals and apart from them.  -1, and nothing written, for columns that `inspect` refuses."""
    cdef Py_ssize_t size = min(data.shape[0], indices.shape[0]), p = indptr.shape[0] - 1, m = 0
    cdef Report report
    if p < 0 or out_data.shape[0] < size or out_indices.shape[0] < size or out_indptr.shape[0] <= p:
        return -1
    with nogil:
        report = look(&data[0] if size else NULL, &indices[0] if size else NULL, &indptr[0], size, n, p)
        if report.fault == NO_FAULT:
            m = merge(
                &data[0] if size else NULL, &indices[0] if size else NULL, &indptr[0], n, p,
                &out_data[0] if size else NULL, &out_indices[0] if size else NULL, &out_indptr[0],
            )
    if report.fault == NO_MEMORY or m < 0:
        raise MemoryError(f"no memory for {n} marks of rows")
    return m if report.fault == NO_FAULT else -1
