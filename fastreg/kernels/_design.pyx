"""What a solver does with columns of X: states, products with a vector, and when to look for Ctrl-C."""

cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept

cdef extern from *:
    """
    #if defined(__clang__)
    #define FR_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define FR_COMPILER "gcc " __VERSION__
    #elif defined(_MSC_VER)
    #define FR_COMPILER "msvc"
    #else
    #define FR_COMPILER "unknown"
    #endif
    #if defined(FASTREG_DEBUG)
    #define FR_DEBUG 1
    #else
    #define FR_DEBUG 0
    #endif
    #ifndef FR_FLAGS
    #define FR_FLAGS "unknown"
    #endif
    #include "lanes.h"
    static const char *fr_instruction_set(void) {
    #if FR_HAS_CLONES
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") ? "avx512f" : __builtin_cpu_supports("avx2") ? "avx2" : "baseline";
    #else
        return "as compiled";
    #endif
    }
    """
    const char *FR_COMPILER
    const char *FR_FLAGS
    int FR_DEBUG
    const char *fr_instruction_set()

cdef enum:
    SIGNALS_EVERY = 10_000_000


cdef bint interrupted(double *work) noexcept nogil:
    """Whether a signal handler has raised (Ctrl-C); the exception stays set.  Only ever true in the main thread.

    work counts multiply-adds since the last look and is set back by one; until it is large this costs a comparison."""
    if work[0] < SIGNALS_EVERY:
        return False
    work[0] = 0.0
    with gil:
        return PyErr_CheckSignals() == -1


cdef void settle(Matrix *X, double *s) noexcept nogil:
    """Make the state s the residual itself.  Cost n, where there is something to do."""
    cdef Py_ssize_t i
    if not X.sparse or s[X.n] == 0.0:
        return
    for i in range(X.n):
        s[i] += s[X.n] * (1.0 if X.root == NULL else X.root[i])
    s[X.n] = 0.0


cdef void col_pack(Matrix *X, Py_ssize_t j, double *out) noexcept nogil:
    """out = x_j, dense.  Cost n."""
    cdef Py_ssize_t i
    cdef double level
    if not X.sparse:
        part_pack(X, j, 0, X.n, out)
        return
    level = -X.scale * X.mean[column(X, j)]
    for i in range(X.n):
        out[i] = level if X.root == NULL else level * X.root[i]
    fr_csc_axpy(&X.csc, column(X, j), X.scale, X.root, out)


cdef void dots(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, const double *r, double *out) noexcept nogil:
    """out_k = x_cols[k]'r for a settled r; cols NULL: columns 0 .. m - 1.  Cost n m, or the stored entries and n."""
    cdef Py_ssize_t i, j, k, rows, step = X.n if X.row_stride == 1 else STRIDED_ROWS
    cdef double total
    if X.sparse:
        if cols != NULL and X.cols != NULL:
            for k in range(m):
                out[k] = fr_csc_dot(&X.csc, X.cols[cols[k]], X.root, r)
        else:
            fr_csc_dots(&X.csc, X.cols if cols == NULL else cols, m, X.root, r, out)
        if not X.centred and X.scale == 1.0:
            return
        total = root_sum(X.n, r, X.root) if X.centred else 0.0
        for k in range(m):
            j = column(X, k if cols == NULL else cols[k])
            out[k] = X.scale * (out[k] - total * X.mean[j])
        return
    for k in range(m):
        out[k] = 0.0
    i = 0
    while i < X.n:
        rows = min(step, X.n - i)
        for k in range(m):
            out[k] += part_dot(X, k if cols == NULL else cols[k], i, rows, r + i)
        i += rows


cdef void subtract_product(Matrix *X, const double *w, double *r) noexcept nogil:
    """r -= X w, settled.  Cost n, or the stored entries, for each non-zero of w."""
    cdef Py_ssize_t i = 0, k, rows, step = X.n if X.row_stride == 1 else STRIDED_ROWS
    if X.sparse:
        r[X.n] = 0.0
        for k in range(X.p):
            if w[k] != 0.0:
                col_axpy(X, k, w[k], r)
        settle(X, r)
        return
    while i < X.n:
        rows = min(step, X.n - i)
        for k in range(X.p):
            if w[k] != 0.0:
                part_axpy(X, k, i, rows, -w[k], r + i)
        i += rows


cdef int raise_for(int status, object what) except -1:
    """Raise what a kernel's status calls for: -1 no memory for `what`, -2 the exception that a signal handler has set."""
    if status == -1:
        raise MemoryError(f"no memory for {what}")
    return -1 if status == -2 else 0


def build_info():
    """compiler, flags that matter for results, instruction set in use, debug build or not"""
    return {
        "compiler": FR_COMPILER.decode(),
        "flags": FR_FLAGS.decode(),
        "instruction_set": fr_instruction_set().decode(),
        "debug": bool(FR_DEBUG),
    }
