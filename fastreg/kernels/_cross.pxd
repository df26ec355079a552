"""Rows X_W'X of the Gram matrix, for tall data.  _cross.pyx says why."""

from fastreg.kernels._design cimport Matrix

ctypedef struct Cross:
    double *H                   # row k holds x_k'x_j for the k-th column of the working set and all p columns j
    Py_ssize_t p, m, room       # columns of X; rows in use; room for rows
    Py_ssize_t *row             # (p,): the row of column j, or -1
    const double *whole         # X'X, p x p, where it is known; or NULL
    Py_ssize_t n_columns_read

cdef int cross_init(Cross *C, Py_ssize_t p, const double *whole) noexcept nogil
cdef void cross_free(Cross *C) noexcept nogil
cdef int cross_add(Cross *C, Matrix *X, const Py_ssize_t *cols, Py_ssize_t k) noexcept nogil
cdef void cross_gradients(Cross *C, const double *xy, const double *w, double *c) noexcept nogil
