"""Rows X_W'X of the Gram matrix for the columns W of a working set.

With many more rows than columns these rows, of p numbers each, give the gradient of every column without another look at X:
X'r = X'y - H'w costs p |W|, where reading X costs n p.  The part of a new row that belongs to columns already here is known
from theirs, so all of X'X costs one symmetric product, n p^2/2, and a small support much less.
"""

from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport fr_axpy_f64
from fastreg.kernels._gram cimport gram_block, rows_of


cdef int cross_init(Cross *C, Py_ssize_t p, const double *whole) noexcept nogil:
    """No rows.  whole: X'X if it is known, which stays the caller's, or NULL.  Returns -1 where memory is out."""
    cdef Py_ssize_t j
    memset(C, 0, sizeof(Cross))
    C.p, C.whole = p, whole
    C.row = <Py_ssize_t *>malloc(p * sizeof(Py_ssize_t))
    if C.row == NULL:
        return -1
    for j in range(p):
        C.row[j] = -1
    return 0


cdef void cross_free(Cross *C) noexcept nogil:
    free(C.H)
    free(C.row)


cdef int cross_add(Cross *C, Matrix *X, const Py_ssize_t *cols, Py_ssize_t k) noexcept nogil:
    """Append the rows of k columns.  Cost n k (p - m - k/2) multiply-adds, or k p where X'X is known.  Returns as gram_block
    does."""
    cdef Py_ssize_t i, j, ld, rest = 0
    cdef double *H
    cdef double *block
    cdef double **new           # its rows
    cdef double *row
    cdef Py_ssize_t *others
    cdef int status = -1
    cdef Py_ssize_t room = min(C.p, (C.m + k) * 3 // 2)
    if C.m + k > C.room:
        H = <double *>realloc(C.H, room * C.p * sizeof(double))
        if H == NULL:
            return -1
        C.H, C.room = H, room
    for i in range(k):
        C.row[cols[i]] = C.m + i
    if C.whole != NULL:
        for i in range(k):
            memcpy(C.H + (C.m + i) * C.p, C.whole + cols[i] * C.p, C.p * sizeof(double))
        C.m += k
        return 0
    # the columns that are not here yet, and after them the new ones
    others = <Py_ssize_t *>malloc(C.p * sizeof(Py_ssize_t))
    ld = C.p - C.m
    block = <double *>malloc(k * ld * sizeof(double))
    new = <double **>malloc(k * sizeof(double *))
    if others != NULL and block != NULL and new != NULL:
        for j in range(C.p):
            if C.row[j] < 0:
                others[rest] = j
                rest += 1
        memcpy(others + rest, cols, k * sizeof(Py_ssize_t))
        status = gram_block(X, others, rest, k, rows_of(block, ld, k, new), NULL)
    if status == 0:
        C.n_columns_read += ld
        for i in range(k):
            row = C.H + (C.m + i) * C.p
            for j in range(C.p):
                if 0 <= C.row[j] < C.m:
                    row[j] = C.H[C.row[j] * C.p + cols[i]]
            for j in range(rest + i + 1):
                row[others[j]] = new[i][j]
            for j in range(i):
                C.H[(C.m + j) * C.p + cols[i]] = row[cols[j]]
        C.m += k
    free(others)
    free(new)
    free(block)
    return status


cdef void cross_gradients(Cross *C, const double *xy, const double *w, double *c) noexcept nogil:
    """c = X'y - H'w: x_j'(y - Xw) for every column, w in the order of the rows.  Cost p for each non-zero."""
    cdef Py_ssize_t i
    memcpy(c, xy, C.p * sizeof(double))
    for i in range(C.m):
        if w[i] != 0.0:
            fr_axpy_f64(C.p, -w[i], C.H + i * C.p, 1, 0.0, c)
