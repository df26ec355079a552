"""The map or the norm of one line of numbers."""

cdef enum:
    KIND_NORM, KIND_NORMALIZE, KIND_L2, KIND_L2_BALL, KIND_LINF, KIND_L1_BALL, KIND_SIMPLEX, KIND_TOTAL_VARIATION
    KIND_SORTED_L1

ctypedef fused real:
    float
    double


cdef bint by_norm(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, real *out, Py_ssize_t so,
                  double *work) noexcept nogil
cdef bint line(int kind, Py_ssize_t n, const real *x, Py_ssize_t sx, double t, const real *w, Py_ssize_t sw, real *out,
               Py_ssize_t so, void *room, double *work) noexcept nogil
