"""Few stocks that follow an index: a lasso with weights >= 0, solved by fastreg without the GIL.

Any number of Python threads may be in `follow` at once: it uses nothing but its arguments and memory of its own.
"""

from libc.math cimport NAN
from libc.stdlib cimport free, malloc

from fastreg.capi cimport FR_DUAL_GAP, FR_INFO, fr_lasso_gram_f64, fr_lasso_gram_worksize_f64


def follow(const double[:, ::1] Q, const double[::1] q, double l1, double[::1] w, double rtol=1e-8):
    """Minimise 1/2 w'Qw - q'w + l1 sum(w) over w >= 0, from the w given and in place.

    With returns X of stocks and y of an index, Q = X'X and q = X'y.  Returns (status, gap): 0 where it is solved.
    """
    cdef Py_ssize_t p = q.shape[0], j
    cdef double info[FR_INFO]
    cdef double *lower
    cdef void *work
    cdef int status
    if p == 0 or Q.shape[0] != p or Q.shape[1] != p or w.shape[0] != p:
        raise ValueError(f"Q is {Q.shape[0]} x {Q.shape[1]}, q has {p} entries and w {w.shape[0]}; all must agree.")
    with nogil:
        lower = <double *>malloc(p * sizeof(double))
        work = malloc(fr_lasso_gram_worksize_f64(p, 0))
        if lower == NULL or work == NULL:
            with gil:
                free(lower)
                free(work)
                raise MemoryError
        for j in range(p):
            lower[j] = 0.0
        # NULL, 0: all columns; NAN: |y|^2 is not known; NULL: factors of 1, no upper bound
        status = fr_lasso_gram_f64(p, &Q[0, 0], p, NULL, 0, &q[0], NAN, l1, NULL, 0.0, NULL, lower, NULL, &w[0],
                                   0.0, rtol, 10000, work, info)
        free(lower)
        free(work)
    return status, info[FR_DUAL_GAP]
