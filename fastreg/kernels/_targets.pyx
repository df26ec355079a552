"""Several targets over one X, side by side.

Each target has a solver of its own (_active.pyx), with its own working set.  Where solvers need the gradients of more than a
few columns they wait, and one product X'R serves all that wait: X is read, and each column packed, once for all of them.  A
target that is done makes room for the next.  This module hands out products and must not know how a target is solved.

    per product      n p for each target, at nearly the speed of a matrix product; one reading of X
    per place        p + 3 n numbers: gradients and residuals; a working set
"""

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._active cimport (
    Active, active_advance, active_begin, active_free, active_init, active_relax, active_retarget, active_write,
)
from fastreg.kernels._bounds cimport Bounds, bounds_free, bounds_init, bounds_look, bounds_take
from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._columns cimport Columns
from fastreg.kernels._design cimport Matrix
from fastreg.kernels._gram cimport target_products
from fastreg.kernels._solver cimport fill_penalty, raise_for_outcome
from fastreg.kernels._working cimport OUT_OF_MEMORY, REACHED, Outcome, failed, has_failed

ctypedef struct Place:          # where one target after another is solved
    Active S
    bint made                   # S is
    bint fresh                  # X'y is what it waits for
    Py_ssize_t target
    double *c                   # p: gradients outside

ctypedef struct Batch:
    Matrix *X
    const double *Y             # t x n
    Py_ssize_t t, n_given       # targets, and how many have been given a place
    const double *l1
    const double *l2
    const double *unit          # public coefficients per kernel coefficient
    double tol, relax
    Py_ssize_t max_iter, gram_limit, factor_limit
    const double *sq
    const double *mean
    Penalty penalty
    Bounds owner                # of what all solvers use in turn
    Place *places
    Py_ssize_t n_places
    Py_ssize_t *waiting         # n_places
    double *R                   # n_places x n: residuals
    double **out                # and where the products go
    double *coef                # t x p
    double *found               # t x 3: objective, gap, level
    Py_ssize_t *how             # t x 2: outcome, n_iter


cdef int batch_init(Batch *T) noexcept nogil:
    """Room for n_places targets, where all was 0; -1 where memory is out."""
    cdef Py_ssize_t i, p = T.X.p
    cdef double *c
    T.places = <Place *>calloc(T.n_places, sizeof(Place))
    T.waiting = <Py_ssize_t *>malloc(T.n_places * sizeof(Py_ssize_t))
    T.R = <double *>malloc(T.n_places * (T.X.n + p) * sizeof(double))
    T.out = <double **>malloc(T.n_places * sizeof(double *))
    if T.places == NULL or T.waiting == NULL or T.R == NULL or T.out == NULL:
        return -1
    if bounds_init(&T.owner, T.X, T.sq, &T.penalty, 1) != 0:
        return -1
    c = T.R + T.n_places * T.X.n
    for i in range(T.n_places):
        T.places[i].c = c + i * p
    return 0


cdef void batch_free(Batch *T) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(T.n_places if T.places != NULL else 0):
        if T.places[i].made:
            active_free(&T.places[i].S)
    bounds_free(&T.owner)
    free(T.places)
    free(T.waiting)
    free(T.R)
    free(T.out)


cdef Outcome batch_solve(Batch *T) noexcept nogil:
    """Solve all targets; OUT_OF_MEMORY or INTERRUPTED where one could not be."""
    cdef Py_ssize_t i, still, n = T.X.n, n_waiting = 0
    cdef Place *P
    cdef Outcome outcome
    cdef int status
    for i in range(T.n_places):
        if give(T, &T.places[i]):
            T.waiting[n_waiting] = i
            n_waiting += 1
    while n_waiting > 0:
        for i in range(n_waiting):
            P = &T.places[T.waiting[i]]
            memcpy(T.R + i * n, T.Y + P.target * n if P.fresh else <const double *>P.S.W.r, n * sizeof(double))
            T.out[i] = P.c
        status = target_products(T.X, T.R, T.X.n, n_waiting, T.out)
        if status != 0:
            return failed(status)
        still = 0
        for i in range(n_waiting):
            P = &T.places[T.waiting[i]]
            outcome = go_on(T, P)
            if outcome != REACHED:
                return outcome
            if P.target >= 0:
                T.waiting[still] = T.waiting[i]
                still += 1
        n_waiting = still
    return REACHED


cdef bint give(Batch *T, Place *P) noexcept nogil:
    """Give the place the next target; False, and target -1, where there is none left."""
    P.target, P.fresh = -1, True
    if T.n_given < T.t:
        P.target = T.n_given
        T.n_given += 1
    return P.target >= 0


cdef Outcome go_on(Batch *T, Place *P) noexcept nogil:
    """Take the product that P waited for, and go on until it waits again."""
    cdef Active *S = &P.S
    cdef Py_ssize_t k = P.target
    cdef int status = 0
    if P.fresh:
        if P.made:
            active_retarget(S, T.Y + k * T.X.n, P.c)
        else:
            P.made = True
            status = active_init(S, T.X, T.Y + k * T.X.n, P.c, T.sq, &T.penalty, T.gram_limit, T.factor_limit, False, NULL,
                                 &T.owner)
            if status != 0:
                return failed(status)
        P.fresh = False
        active_begin(S, T.l1[k], T.l2[k], T.tol, T.max_iter)
    else:
        S.most = bounds_take(&S.B, S.W.cols, S.W.X.p, S.W.r, S.limit, &S.n_over)
    while active_advance(S):
        if not bounds_look(&S.B, S.W.r, S.limit, S.passing, &S.n_over, &S.most):
            return REACHED
    if has_failed(S.outcome):
        return S.outcome
    status = active_relax(S, T.relax)
    if status != 0:
        return failed(status)
    T.how[2 * k], T.how[2 * k + 1] = S.outcome, S.n_iter
    T.found[3 * k], T.found[3 * k + 1] = S.certificate.primal, S.certificate.gap
    T.found[3 * k + 2] = active_write(S, T.mean, T.unit[k], T.coef + k * T.X.p)
    give(T, P)
    return REACHED


def solve_targets(Columns columns, const double[:, ::1] Y, tuple factors, tuple bounds, Py_ssize_t n_places,
                  Py_ssize_t gram_limit, Py_ssize_t factor_limit, const double[::1] l1, const double[::1] l2, double tol,
                  Py_ssize_t max_iter, const double[::1] unit, double[:, ::1] coef, double[:, ::1] found,
                  Py_ssize_t[:, ::1] how, double relax=0.0):
    """Solve t targets Y (t, n), dense X, each at its own l1 and l2, at most n_places of them at a time.

    factors, bounds: as Solver has them, the same for all.  coef: zeros (t, p), to be unit times the solution; found (t, 3):
    objective, gap and mean'coef; how (t, 2): outcome and n_iter.  relax: the share of least squares on the support in coef."""
    cdef Batch T
    cdef Outcome outcome = OUT_OF_MEMORY
    memset(&T, 0, sizeof(Batch))
    fill_penalty(&T.penalty, factors, bounds)
    T.X, T.sq, T.mean, T.Y, T.t, T.n_places = &columns.X, columns.sq, columns.mean, &Y[0, 0], Y.shape[0], n_places
    T.l1, T.l2, T.unit, T.tol, T.relax, T.max_iter, T.gram_limit, T.factor_limit = (
        &l1[0], &l2[0], &unit[0], tol, relax, max_iter, gram_limit, factor_limit)
    T.coef, T.found, T.how = &coef[0, 0], &found[0, 0], &how[0, 0]
    with nogil:
        if batch_init(&T) == 0:
            outcome = batch_solve(&T)
        batch_free(&T)
    raise_for_outcome(outcome)
