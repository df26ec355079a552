"""Many penalised quadratics in one call, each solved as _quadratic.pyx says: the face of that to Python.

    solve_shared     one Q that has been checked; q_i, yty_i, l1_i, l2_i of each problem
    solve_grams      a Q_i of each, which is checked here: finite, symmetric, no negative eigenvalue
    solve_nodewise   one Q: row j of it is q of problem j, whose w_j is held at 0

They are solved one after another in one workspace, without the GIL.  A problem that is not one, or whose
numbers come near the ends of float64, has a negative status; somebody else is to say why, or to solve it.
"""

from libc.float cimport DBL_EPSILON, FLT_EPSILON
from libc.math cimport INFINITY, NAN, fabs, sqrt
from libc.stdlib cimport free, malloc

from fastreg.kernels._answer cimport FR_BAD_ARGUMENT, FR_CONVERGED, FR_INTERRUPTED, tell
from fastreg.kernels._design cimport raise_for
from fastreg.kernels._quadratic cimport (
    Quadratic, quadratic_hold, quadratic_lay, quadratic_pose, quadratic_scale, quadratic_size, quadratic_solve, quadratic_start,
    quadratic_write,
)
from fastreg.kernels._workspace cimport whole_lines

ctypedef fused real:
    float
    double

cdef enum:
    FEWEST = 256                # as in _compress.py: sums of products are rounded by a few eps however few they are

cdef double LARGE = 1e100       # diagonals, q and 1 over them up to here have squares and quotients in the range of float64
cdef double SHORT = 1e-6        # the share by which a yty may miss q'inv(Q)q

ctypedef struct Common:         # what is the same for all problems
    const double *l1_factor     # each NULL or (p,)
    const double *l2_factor
    const double *lower
    const double *upper
    double tol
    Py_ssize_t max_iter
    Py_ssize_t held             # a column with w_j = 0, where there are no factors and bounds; else -1


cdef const double *first(const double[::1] vector) noexcept:
    if vector is None:
        return NULL
    return &vector[0]


cdef Common common(tuple factors, tuple bounds, double tol, Py_ssize_t max_iter) except *:
    """The caller keeps what these point to."""
    cdef Common C
    C.l1_factor = C.l2_factor = C.lower = C.upper = NULL
    C.tol, C.max_iter, C.held = tol, max_iter, -1
    if factors is not None:
        C.l1_factor, C.l2_factor = first(factors[0]), first(factors[1])
    if bounds is not None:
        C.lower, C.upper = first(bounds[0]), first(bounds[1])
    return C


cdef bint ordinary(Quadratic *S, double l1, double l2) noexcept nogil:
    """Whether no number of the problem that is posed comes near the ends of float64."""
    cdef Py_ssize_t k
    cdef double top = 0.0
    for k in range(S.size):
        if S.W.sq[k] != 0.0 and not 1.0 / LARGE < S.W.sq[k] < LARGE:
            return False
        top = max(top, fabs(S.W.b[k]))
    return (top == 0.0 or 1.0 / LARGE < top < LARGE) and l1 < LARGE and l2 < LARGE


cdef int solve(Quadratic *S, const double *q, double yty, double l1, double l2, const Common *C, double *w,
               double *info) noexcept nogil:
    """One problem over the Q that S is laid on, with a yty that belongs to it."""
    cdef int status = quadratic_pose(S, q, False, C.l1_factor, C.l2_factor, C.lower, C.upper)
    if status == FR_CONVERGED and not ordinary(S, l1, l2):
        status = FR_BAD_ARGUMENT
    if status == FR_CONVERGED:
        if C.held >= 0:
            quadratic_hold(S, C.held)
        status = quadratic_scale(S, yty, l2)
        S.given = False         # what rounding takes from yty is made up for
    if status == FR_CONVERGED:
        status = quadratic_start(S, w)
    if status == FR_CONVERGED:
        status = quadratic_solve(S, l1, l2, 0.0, C.tol, C.max_iter, info)
    if tell(status, info) >= 0:
        quadratic_write(S, w)
    return status


cdef int find_yty(Quadratic *S, const double *q, double given, double l1, double l2, const Common *C,
                  double *yty) noexcept nogil:
    """yty = q'inv(Q)q, or what is given for it if that is no less; refuses a Q with a negative eigenvalue and a q out of its
    range.  Without bounds, which have no part in it."""
    cdef int status = quadratic_pose(S, q, False, C.l1_factor, C.l2_factor, NULL, NULL)
    if status == FR_CONVERGED and not ordinary(S, l1, l2):
        status = FR_BAD_ARGUMENT
    if status == FR_CONVERGED:
        status = quadratic_scale(S, NAN, l2)
    yty[0] = S.W.yy
    if status == FR_CONVERGED and given == given:
        if not yty[0] - given <= SHORT * yty[0]:
            status = FR_BAD_ARGUMENT
        yty[0] = max(yty[0], given)
    return status


cdef enum Symmetry:
    BAD
    EXACT
    ROUNDED


cdef Symmetry symmetry(Py_ssize_t p, const real *Q, real *room) noexcept nogil:
    """EXACT where Q is symmetric to the last bit, ROUNDED where it is to rounding, with room = (Q + Q')/2, and BAD where it is
    not, or not finite.  The same rule as in _quadratic.py."""
    cdef Py_ssize_t i, j
    cdef double total = 0.0, top = 0.0, eps = FLT_EPSILON if real is float else DBL_EPSILON
    cdef bint differs = False
    for i in range(p * p):
        total += Q[i] * 0.0
    if total != 0.0:
        return BAD
    for i in range(p):
        for j in range(i):
            differs |= Q[i * p + j] != Q[j * p + i]
    if not differs:
        return EXACT
    for i in range(p * p):
        top = max(top, fabs(Q[i]))
    for i in range(p):
        for j in range(i + 1):
            if not (fabs(<double>Q[i * p + j] - Q[j * p + i])
                    <= sqrt(eps) * sqrt(fabs(Q[i * p + i])) * sqrt(fabs(Q[j * p + j])) + FEWEST * eps * top):
                return BAD
            room[i * p + j] = room[j * p + i] = <real>(0.5 * <double>Q[i * p + j] + 0.5 * <double>Q[j * p + i])
    return ROUNDED


cdef void *reserve(Py_ssize_t p, size_t more, bint single) except NULL:
    """A workspace for p columns, behind `more` bytes."""
    cdef void *memory = malloc(more + quadratic_size(p, p, single))
    if memory == NULL:
        raise MemoryError(f"no memory for a quadratic of {p} columns")
    return memory


def solve_shared(const double[:, ::1] Q, const double[:, ::1] q, const double[::1] yty, const double[::1] l1,
                 const double[::1] l2, tuple factors, tuple bounds, double tol, Py_ssize_t max_iter,
                 bint interruptible, double[:, ::1] W, double[:, ::1] info):
    """b problems: Q (p, p) symmetric without negative eigenvalues, q (b, p), yty (b,), NaN: to be found from a
    factor of Q.  W (b, p): where they start, and their solutions; info (b, FR_INFO): see _answer.pxd."""
    cdef Py_ssize_t i, p = Q.shape[0]
    cdef Common C = common(factors, bounds, tol, max_iter)
    cdef Quadratic S
    cdef double scale
    cdef void *memory = reserve(p, 0, False)
    cdef int status = FR_CONVERGED
    with nogil:
        quadratic_lay(&S, p, &Q[0, 0], False, p, NULL, 0, memory)
        S.interruptible = interruptible
        for i in range(q.shape[0]):
            scale, status = yty[i], FR_CONVERGED
            if scale != scale:
                status = find_yty(&S, &q[i, 0], NAN, l1[i], l2[i], &C, &scale)
            if status == FR_CONVERGED:
                status = solve(&S, &q[i, 0], scale, l1[i], l2[i], &C, &W[i, 0], &info[i, 0])
            else:
                tell(status, &info[i, 0])
            if status == FR_INTERRUPTED:
                break
        free(memory)
    raise_for(-2 if status == FR_INTERRUPTED else 0, None)


def solve_grams(const real[:, :, ::1] Q, const double[:, ::1] q, const double[::1] yty, bint known, const double[::1] l1,
                const double[::1] l2, tuple factors, tuple bounds, double tol, Py_ssize_t max_iter, bint interruptible,
                double[:, ::1] W, double[:, ::1] info):
    """As solve_shared, with a Q (b, p, p) for each.  known: they are products of data, and yty those of targets; else each Q is
    checked, and yty too unless it is NaN."""
    cdef Py_ssize_t i, p = Q.shape[1]
    cdef Common C = common(factors, bounds, tol, max_iter)
    cdef Quadratic S
    cdef double scale
    cdef Symmetry found
    cdef const void *one
    cdef size_t square = whole_lines(p * p * sizeof(real))
    cdef void *memory = reserve(p, square, real is float)
    cdef int status = FR_CONVERGED
    with nogil:
        for i in range(Q.shape[0]):
            found, status = symmetry(p, &Q[i, 0, 0], <real *>memory), FR_BAD_ARGUMENT
            one = &Q[i, 0, 0]
            if found == ROUNDED:
                one = memory
            if found != BAD:
                status = quadratic_lay(&S, p, one, real is float, p, NULL, 0, <char *>memory + square)
                S.interruptible = interruptible
            scale = yty[i]
            if status == FR_CONVERGED and not known:
                status = find_yty(&S, &q[i, 0], yty[i], l1[i], l2[i], &C, &scale)
            if status == FR_CONVERGED:
                status = solve(&S, &q[i, 0], scale, l1[i], l2[i], &C, &W[i, 0], &info[i, 0])
            else:
                tell(status, &info[i, 0])
            if status == FR_INTERRUPTED:
                break
        free(memory)
    raise_for(-2 if status == FR_INTERRUPTED else 0, None)


def solve_nodewise(const double[:, ::1] Q, const double[::1] l1, const double[::1] l2, const double[::1] v,
                   const double[::1] u, double tol, Py_ssize_t max_iter, Py_ssize_t start, Py_ssize_t end,
                   bint interruptible, double[:, ::1] W, double[::1] rss, double[:, ::1] info):
    """Column j on the others, j = start .. end - 1: rows of W (p, p), zeros, and of info; rss_j = (e_j - w)'Q(e_j - w).

    Q = X'X; v, u (p,): factors of the penalties."""
    cdef Py_ssize_t j, k, p = Q.shape[0]
    cdef Common C
    cdef Quadratic S
    cdef size_t vector = whole_lines(p * sizeof(double))
    cdef void *memory = reserve(p, vector, False)
    cdef double *others = <double *>memory      # v, but for an infinity at j
    cdef bint plain = True
    cdef int status = FR_CONVERGED
    C.l1_factor, C.l2_factor, C.lower, C.upper, C.tol, C.max_iter, C.held = others, &u[0], NULL, NULL, tol, max_iter, -1
    with nogil:
        for k in range(p):
            others[k] = v[k]
            plain = plain and v[k] == 1.0 == u[k] and Q[k, k] > 0.0
        if plain:       # half the time of a small problem would go into posing it with factors
            C.l1_factor = C.l2_factor = NULL
        quadratic_lay(&S, p, &Q[0, 0], False, p, NULL, 0, <char *>memory + vector)
        S.interruptible = interruptible
        for j in range(start, end):
            others[j], C.held = INFINITY, j if plain else -1
            status = solve(&S, &Q[j, 0], Q[j, j], l1[j], l2[j], &C, &W[j, 0], &info[j, 0])
            others[j], rss[j] = v[j], S.rss if status >= 0 else Q[j, j]
            if status == FR_INTERRUPTED:
                break
        free(memory)
    raise_for(-2 if status == FR_INTERRUPTED else 0, None)
