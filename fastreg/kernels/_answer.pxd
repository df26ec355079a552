"""How a call of the C functions ended, and what it says of its answer.  fastreg.h has the same numbers."""

from libc.math cimport NAN

cdef enum:                      # the status of a call, or of one of its problems: negative where there is no answer
    FR_CONVERGED = 0            # the gap is at most what was asked
    FR_PRECISION = 1            # the gap is as small as float64 can tell, which is more than was asked
    FR_MAX_ITER = 2             # max_iter sweeps and steps did not reach the gap
    FR_STALLED = 3              # rounding keeps the gap above what was asked
    FR_NO_ROOM = 4              # more columns matter than the workspace has room for
    FR_INTERRUPTED = -1         # a signal handler has raised; only where a caller lets handlers run
    FR_BAD_ARGUMENT = -2        # a size, pointer, index or number that cannot be
    FR_OUT_OF_RANGE = -3        # q is out of the range of Q where no l2 penalty and no finite bounds make up for it
    FR_NOT_CONVEX = -4          # Q has a negative eigenvalue

cdef enum:                      # places in info, FR_INFO doubles for each problem
    FR_OBJECTIVE = 0
    FR_DUAL_GAP = 1             # objective - optimum is at most this
    FR_N_ITER = 2               # sweeps and Newton steps
    FR_SUPPORT = 3              # coefficients that are not 0
    FR_STATUS = 4
    FR_YTY = 5                  # |y|^2, as given or found: tolerances are relative to objective + yty/2
    FR_N_NEWTON = 6
    FR_N_COLUMNS = 7            # columns in play
    FR_INFO = 8


cdef inline int worse(int a, int b) noexcept nogil:
    """The worse of two statuses: no answer before an answer, and the further from FR_CONVERGED."""
    return min(a, b) if a < 0 or b < 0 else max(a, b)


cdef inline int tell(int status, double *info) noexcept nogil:
    """status, and where it is no answer, info that says so, if there is one."""
    cdef int k
    if info == NULL:
        return FR_BAD_ARGUMENT
    if status < 0:
        for k in range(FR_INFO):
            info[k] = NAN
        info[FR_N_ITER] = info[FR_SUPPORT] = info[FR_N_NEWTON] = info[FR_N_COLUMNS] = 0.0
    info[FR_STATUS] = status
    return status


cdef inline int tell_all(int status, Py_ssize_t n, double *info) noexcept nogil:
    """The same of n problems, if there are any."""
    cdef Py_ssize_t k
    if info == NULL:
        return FR_BAD_ARGUMENT
    for k in range(n):
        tell(status, info + k * FR_INFO)
    return status
