"""Newton steps on the residual by conjugate gradients, for free columns whose factor would be too large or too dear.

Solves (X_A'X_A + diag(l2_A)) d = X_A'r - h_A'(w_A) on the free columns A to a hundredth of the right-hand side,
preconditioned by the diagonal (Hestenes and Stiefel, 1952, section 3).  The signs are not settled before the last steps, and
a step that is good to a hundredth gains four digits of the objective.  An iteration costs two products with X_A.  Of a sparse
X_A the entries are copied side by side first, which costs about as much as an iteration.
"""

from libc.limits cimport INT_MAX
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from fastreg.kernels._cd cimport is_free, l2_of, slope
from fastreg.kernels._design cimport (
    col_axpy, col_dot, col_size, fr_csc, fr_csc_combine, fr_csc_copy, fr_csc_dots, interrupted, settle,
)

cdef enum:
    MOST_PRODUCTS = 40

cdef double REACHED_SHARE = 1e-2    # of the residual of the equations
cdef double FLAT = 1e-13            # curvature over that of the diagonal below which a direction counts as flat


cdef Py_ssize_t list_free(Working *W) noexcept nogil:
    """Put the free columns first in order; returns how many there are."""
    cdef Py_ssize_t j, m = 0
    for j in range(W.X.p):
        if is_free(&W.penalty, j, W.w[j]) and W.sq[j] > 0.0:
            W.order[m] = j
            m += 1
    return m


cdef int gather(Working *W, Py_ssize_t m, Py_ssize_t entries, fr_csc *A) noexcept nogil:
    """A = the columns order[: m] of a sparse X, scaled and weighted but not centred, in a block of its own; free(A.data).

    Returns -1 where memory is out."""
    cdef double *values = <double *>malloc((entries + 1) * (sizeof(double) + sizeof(int)) + (m + 2) * sizeof(int))
    cdef int *rows = <int *>(values + entries + 1)
    cdef int *start = rows + entries + 1
    cdef Py_ssize_t k, at = 0
    if values == NULL:
        return -1
    for k in range(m):
        start[k] = <int>at
        at += fr_csc_copy(&W.X.csc, W.cols[W.order[k]], W.X.scale, W.X.root, values + at, rows + at)
    start[m] = <int>at
    A.data, A.indices, A.indptr, A.size, A.single, A.wide = values, rows, start, at, False, False
    return 0


cdef void multiply(Working *W, const fr_csc *A, Py_ssize_t m, const double *p, double *Xp, double *XXp) noexcept nogil:
    """Xp = X p for the columns order[: m], settled, and XXp = X'Xp."""
    cdef Py_ssize_t i, k, n = W.X.n
    cdef double level = 0.0
    memset(Xp, 0, (n + 1) * sizeof(double))
    if A.data == NULL:
        for k in range(m):
            col_axpy(&W.X, W.order[k], -p[k], Xp)
        settle(&W.X, Xp)
        for k in range(m):
            XXp[k] = col_dot(&W.X, W.order[k], Xp)
        return
    fr_csc_combine(A, m, p, Xp)
    if W.X.centred:
        for k in range(m):
            level += p[k] * W.X.scale * W.X.mean[W.cols[W.order[k]]]
        for i in range(n):
            Xp[i] -= level * (1.0 if W.X.root == NULL else W.X.root[i])
    fr_csc_dots(A, NULL, m, NULL, Xp, XXp)       # Xp is orthogonal to root, so centring takes nothing off


cdef Py_ssize_t conjugate_gradients(Working *W, double *d, double *image) noexcept nogil:
    """d for the free columns, which are listed in order; image = X d.  Returns their number, -1 where memory is out, -2 if
    interrupted.

    W.q must be X'r; scratch, trial_q and the second half of spare are overwritten."""
    cdef Py_ssize_t i, j, k, m = list_free(W), n = W.X.n, product, entries = 0
    cdef double *rest = W.scratch               # what is left of the right-hand side
    cdef double *p = W.scratch + W.cap
    cdef double *Ap = W.trial_q
    cdef double *Xp = W.spare + n + 1
    cdef double rho = 0.0, before, first, curvature, size, length
    cdef fr_csc A
    cdef int status = 0
    memset(&A, 0, sizeof(fr_csc))
    memset(image, 0, (n + 1) * sizeof(double))
    for k in range(m):
        j = W.order[k]
        entries += col_size(&W.X, j)
        d[k] = 0.0
        rest[k] = W.q[j] - slope(&W.penalty, j, W.w[j])
        p[k] = rest[k] / (W.sq[j] + l2_of(&W.penalty, j))
        rho += rest[k] * p[k]
    # places are int32 there; so many entries are read where they are
    if W.X.sparse and entries < INT_MAX and gather(W, m, entries, &A) != 0:
        return -1
    first = rho
    for product in range(MOST_PRODUCTS):
        if not rho > REACHED_SHARE * REACHED_SHARE * first:
            break
        multiply(W, &A, m, p, Xp, Ap)
        curvature, size = 0.0, 0.0
        for k in range(m):
            j = W.order[k]
            Ap[k] += l2_of(&W.penalty, j) * p[k]
            curvature += p[k] * Ap[k]
            size += p[k] * p[k] * (W.sq[j] + l2_of(&W.penalty, j))
        W.n_products += 1
        W.work += 2.0 * entries
        if interrupted(&W.work):
            status = -2
            break
        if not curvature > FLAT * size:
            if product > 0:
                break
            curvature = FLAT * size             # downhill without an end: so far that something ends there
        length = rho / curvature
        for i in range(n):
            image[i] += length * Xp[i]
        before, rho = rho, 0.0
        for k in range(m):
            j = W.order[k]
            d[k] += length * p[k]
            rest[k] -= length * Ap[k]
            rho += rest[k] * rest[k] / (W.sq[j] + l2_of(&W.penalty, j))
        for k in range(m):
            j = W.order[k]
            p[k] = rest[k] / (W.sq[j] + l2_of(&W.penalty, j)) + rho / before * p[k]
    free(<void *>A.data)
    return m if status == 0 else status
