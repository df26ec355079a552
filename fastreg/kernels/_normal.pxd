"""Ridge by Cholesky in memory of the caller.  _normal.pyx says how."""

from fastreg.kernels._design cimport Matrix

cdef size_t normal_gram_size(Py_ssize_t p) noexcept nogil
cdef int normal_gram(Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, Py_ssize_t t, const void *B, Py_ssize_t ldb,
                     double l2, const double *u, double *W, Py_ssize_t ldw, void *memory, double *info) noexcept nogil
cdef size_t normal_size(Py_ssize_t n, Py_ssize_t p) noexcept nogil
cdef int normal_columns(Matrix *X, Py_ssize_t t, const void *Y, Py_ssize_t ldy, double l2, const double *u, double *W,
                        Py_ssize_t ldw, void *memory, double *info) noexcept nogil
