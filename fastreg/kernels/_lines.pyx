"""Maps and norms of the lines of an array along one axis, each line by itself, whatever the strides; _line.pxd has the maps."""

from cpython.buffer cimport PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport free, malloc

from fastreg.kernels._design cimport interrupted, raise_for
from fastreg.kernels._line cimport KIND_LINF, KIND_NORM, KIND_TOTAL_VARIATION, by_norm, line, real
from fastreg.kernels._strided cimport Walk, advance, begin
from fastreg.kernels._tautstring cimport Block

(NORM, NORMALIZE, L2, L2_BALL, LINF, L1_BALL, SIMPLEX, TOTAL_VARIATION, SORTED_L1) = range(9)

cdef enum:
    SIDE_BY_SIDE = 16


cdef void transposed(Py_ssize_t n, Py_ssize_t m, const real *x, Py_ssize_t down, Py_ssize_t across, real *out,
                     Py_ssize_t out_down, Py_ssize_t out_across) noexcept nogil:
    """m lines of n entries from x to out"""
    cdef Py_ssize_t i, j
    for i in range(n):
        for j in range(m):
            out[i * out_down + j * out_across] = x[i * down + j * across]


cdef bint walked(int kind, Py_buffer *view, int axis, double t, bint many, bint weighted, void *room,
                 real *panel) noexcept nogil:
    """panel: NULL, or room for SIDE_BY_SIDE lines, each with 8 entries to spare.  Whether interrupted."""
    cdef Walk W
    cdef Py_ssize_t item = sizeof(real), n = view[0].shape[axis], j, k, m, apart = n + 8
    cdef Py_ssize_t sx = view[0].strides[axis] // item, sw = view[2].strides[axis] // item
    cdef Py_ssize_t so = view[3].strides[axis] // item if kind != KIND_NORM else 0
    cdef Py_ssize_t tx, tt, tw, to  # from line to line
    cdef const real *x
    cdef const real *w
    cdef const real *ts
    cdef real *out
    cdef double work = 0.0
    cdef bint stopped
    begin(&W, view, 4, axis)
    k = W.ndim - 1
    tx, tt, tw, to = W.step[0][k] // item, W.step[1][k] // item, W.step[2][k] // item, W.step[3][k] // item
    while True:
        j = 0
        while j < W.shape[k]:
            m = min(SIDE_BY_SIDE, W.shape[k] - j)
            x, out = <const real *>W.at[0] + j * tx, <real *>W.at[3] + j * to
            ts = <const real *>W.at[1] + j * tt if many else NULL
            w = <const real *>W.at[2] + j * tw if weighted else NULL
            if panel == NULL:
                stopped = each(kind, n, m, x, sx, tx, t, ts, tt, w, sw, tw, out, so, to, room, &work)
            elif kind == KIND_NORM:
                transposed(n, m, x, sx, tx, panel, 1, apart)
                stopped = each(kind, n, m, panel, 1, apart, t, ts, tt, w, sw, tw, out, so, to, room, &work)
            else:
                transposed(n, m, x, sx, tx, panel, 1, apart)
                stopped = each(kind, n, m, panel, 1, apart, t, ts, tt, w, sw, tw, panel, 1, apart, room, &work)
                transposed(n, m, panel, 1, apart, out, so, to)
            if stopped:
                return True
            j += m
        if not advance(&W):
            return False


cdef bint each(int kind, Py_ssize_t n, Py_ssize_t m, const real *x, Py_ssize_t sx, Py_ssize_t tx, double t, const real *many,
               Py_ssize_t tt, const real *w, Py_ssize_t sw, Py_ssize_t tw, real *out, Py_ssize_t so, Py_ssize_t to,
               void *room, double *work) noexcept nogil:
    """m lines, one after the other; whether interrupted"""
    cdef Py_ssize_t j
    for j in range(m):
        if line(kind, n, x + j * tx, sx, <double>many[j * tt] if many != NULL else t, w + j * tw if w != NULL else NULL, sw,
                out + j * to, so, room, work):
            return True
    return False


def along(int kind, x, t, w, out, int axis):
    """out = the map of every line of x along an axis; float32 or float64 arrays of one dtype.

    t: a number, or an array of length 1 along the axis; w: None or of x's shape, for SORTED_L1 thresholds
    by rank along the axis; out: x's shape, or for NORM 1 along the axis.  Ctrl-C leaves it half written.
    out is x itself or does not overlap it; no array is empty."""
    cdef Py_buffer view[4]
    cdef int held = 0
    cdef bint stopped, many = not isinstance(t, float), weighted = w is not None
    cdef double t64 = 0.0 if many else t
    cdef void *room = NULL
    cdef void *panel = NULL
    cdef Py_ssize_t n = x.shape[axis], step = abs(x.strides[axis])
    try:
        for array in (x, t if many else x, w if weighted else x, out):
            PyObject_GetBuffer(array, &view[held], PyBUF_STRIDES | (PyBUF_WRITABLE if held == 3 else 0))
            held += 1
        if kind >= KIND_LINF:
            room = malloc((2 * n + 2) * (sizeof(Block) if kind >= KIND_TOTAL_VARIATION else sizeof(double)))
            if room == NULL:
                raise MemoryError
        # lines with an entry in a cache line, and neighbours beside it, are read together: what is fetched is used whole
        if n > 1 and step >= 64 and any(x.shape[k] > 1 and 0 < abs(x.strides[k]) < step for k in range(x.ndim)):
            panel = malloc(SIDE_BY_SIDE * (n + 8) * view[0].itemsize)
            if panel == NULL:
                raise MemoryError
        with nogil:
            if view[0].itemsize == sizeof(double):
                stopped = walked(kind, view, axis, t64, many, weighted, room, <double *>panel)
            else:
                stopped = walked(kind, view, axis, t64, many, weighted, room, <float *>panel)
        raise_for(-2 if stopped else 0, None)
    finally:
        free(room)
        free(panel)
        while held > 0:
            held -= 1
            PyBuffer_Release(&view[held])


def segments(int kind, const real[::1] x, const Py_ssize_t[::1] ends, t, real[::1] out):
    """out = the map of every x[ends[j - 1]:ends[j]], from 0 on: NORMALIZE, L2 or L2_BALL; t: a number, or one for each."""
    cdef const double[::1] each = None if isinstance(t, float) else t
    cdef bint stopped = False, many = each is not None
    cdef double t64 = 0.0 if many else t, work = 0.0
    cdef Py_ssize_t j, start = 0
    with nogil:
        for j in range(ends.shape[0]):
            if ends[j] > start:
                stopped = by_norm(kind, ends[j] - start, &x[start], 1, each[j] if many else t64, &out[start], 1, &work)
                if stopped:
                    break
            start = ends[j]
    raise_for(-2 if stopped else 0, None)


def by_label(const Py_ssize_t[::1] label, Py_ssize_t[::1] start, Py_ssize_t[::1] order):
    """order = places of entries by ascending label, those of one in their order; start: where each label's go, moved on."""
    cdef Py_ssize_t i, k
    cdef bint stopped = False
    cdef double work = 0.0
    with nogil:
        for i in range(label.shape[0]):
            k = label[i]
            order[start[k]] = i
            start[k] += 1
            work += 16.0
            if interrupted(&work):
                stopped = True
                break
    raise_for(-2 if stopped else 0, None)
