"""Lasso in quadratic form by the signs of its solution.  _signs.pyx says how."""

ctypedef struct Signs:
    Py_ssize_t p, cap           # columns, and how many may be in play
    Py_ssize_t m                # columns in play
    const double *Q
    Py_ssize_t ld
    double rss                  # yty - 2 q'w + w'Qw of the last solution
    double *c                   # p: q - Qw
    double *L                   # cap x cap: the factor of Q + l2 I for the columns in play, row after row
    double *inverse             # cap: 1 over its diagonal
    double *w                   # cap, of the columns in play, as are all below
    double *sign
    double *g                   # c - l1 sign - l2 w
    double *z
    double *d
    Py_ssize_t *cols
    Py_ssize_t *found           # p: columns that may join

cdef size_t signs_size(Py_ssize_t p) noexcept nogil
cdef void signs_lay(Signs *S, Py_ssize_t p, const double *Q, Py_ssize_t ld, char **memory) noexcept nogil
cdef bint signs_solve(Signs *S, const double *q, const double *square, const Py_ssize_t *held, Py_ssize_t n_held, double yty,
                      double l1, double l2, double atol, double rtol, Py_ssize_t max_iter, double *w,
                      double *info) noexcept nogil
