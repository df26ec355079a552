"""Moments of groups of rows, from one reading of X: what folds of tall data are made of.

Rows are placed group by group as they are packed, so that the products of a group are those of a contiguous piece; entries are
counted from the means of the first rows.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDED_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport INFINITY
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport (
    Matrix, dense_matrix, entry, entry_address, fr_prefetch, fr_rows_dot, interrupted, part_root, raise_for,
)
from fastreg.kernels._gram cimport CHUNK, LANES, aligned, whole_lanes
from fastreg.kernels._moments cimport MomentSums

cdef enum:
    PLACED = 1 << 17            # numbers that are placed group by group at once: 1 MB, which stay in the second cache

# Where the mean of a group leaves less than this share of the squares that were added up, too many digits are gone.
cdef double GONE = 1e-6
cdef double LEAST_SQUARES = 1e-150

ctypedef struct Grouped:
    Py_ssize_t m, ld            # columns of X and y, and one of the roots of weights; distance of packed columns
    Py_ssize_t rows             # of X at once
    double *block
    double *A                   # rows of X, packed group by group: m columns at distance ld
    double *at                  # p + 1: what entries are counted from
    Py_ssize_t *start           # groups + 1: where those of each group begin
    int *place                  # where each of the rows goes in A


cdef void sort_rows(Grouped *G, const Py_ssize_t *group, Py_ssize_t groups, Py_ssize_t rows) noexcept nogil:
    """place and start: rows group by group in whole lanes, and in their order within each; those of group -1 at the end"""
    cdef Py_ssize_t g, i, at = 0, count
    memset(G.start, 0, (groups + 1) * sizeof(Py_ssize_t))
    for i in range(rows):
        if group[i] >= 0:
            G.start[group[i]] += 1
    for g in range(groups + 1):
        count = whole_lanes(G.start[g])
        G.start[g] = at
        at += count
    for i in range(rows):
        g = group[i]
        G.place[i] = <int>(G.ld - 1)    # which no product reads
        if g >= 0:
            G.place[i] = <int>G.start[g]
            G.start[g] += 1
    for g in range(groups, 0, -1):      # back to where they begin
        G.start[g] = whole_lanes(G.start[g - 1])
    G.start[0] = 0


cdef inline void place_column(const Grouped *G, Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t rows, double centre,
                              double *out) noexcept nogil:
    """out[place] = root (x - centre), and zeros where nothing is placed"""
    cdef Py_ssize_t k, stride = X.row_stride
    cdef const void *from_ = entry_address(X, i, j)
    cdef const double *root = part_root(X, i, rows)
    cdef const double *wide = <const double *>from_
    cdef const float *single = <const float *>from_
    cdef double x
    if root == NULL and not X.single and stride == 1:
        for k in range(rows):
            out[G.place[k]] = wide[k] - centre
        return
    for k in range(rows):
        x = single[k * stride] if X.single else wide[k * stride]
        out[G.place[k]] = (x - centre) * (1.0 if root == NULL else root[k])


cdef int grouped_products(Grouped *G, Matrix *X, const double *y, const Py_ssize_t *group, Py_ssize_t groups,
                          double **S) noexcept nogil:
    """S[g] += sum of s_i z_i z_i' over the rows of group g, z = (x - at, y - at, 1), lower triangles m x m.

    Cost n m^2/2 and m placed columns.  Returns -2 if interrupted, else 0."""
    cdef Py_ssize_t i = 0, j, k, g, rows, length, p = X.p, item = sizeof(float) if X.single else sizeof(double)
    cdef double work = 0.0
    cdef double *target = G.A + p * G.ld
    cdef double *roots = G.A + (p + 1) * G.ld
    cdef const double *root
    while i < X.n:
        rows = min(G.rows, X.n - i)
        sort_rows(G, group + i, groups, rows)
        for j in range(p + 2):          # between groups, and in the place of rows of no group
            for g in range(groups):
                k = G.start[g + 1]
                memset(G.A + j * G.ld + max(k - LANES, G.start[g]), 0, min(<Py_ssize_t>LANES, k - G.start[g]) * sizeof(double))
        for j in range(p):
            place_column(G, X, j, i, rows, G.at[j], G.A + j * G.ld)
            if i + rows < X.n and X.row_stride == 1:
                fr_prefetch(entry_address(X, i + rows, j), min(rows, X.n - i - rows) * item)
        root = part_root(X, i, rows)
        for k in range(rows):
            target[G.place[k]] = (y[i + k] - G.at[p]) * (1.0 if root == NULL else root[k])
            roots[G.place[k]] = 1.0 if root == NULL else root[k]
        for g in range(groups):
            length = G.start[g + 1] - G.start[g]
            if length > 0:
                fr_rows_dot(G.m, G.m, length, 1.0, G.A + G.start[g], G.ld, G.A + G.start[g], G.ld, S[g], G.m, 1)
        i += rows
        work += <double>rows * p * p
        if interrupted(&work):
            return -2
    return 0


cdef bint settle_groups(Matrix *X, const double *y, const double *at, const Py_ssize_t *group, Py_ssize_t groups, double **S,
                        double *value) noexcept nogil:
    """From what grouped_products has added up make means, less at, in the last row, and centred products, lower triangles.

    False where float64 does not hold them.  value: scratch, 2 groups.  Cost m^2/2 a group, and one reading of each column that
    a mean leaves little of: a constant one leaves rounding in place of 0."""
    cdef Py_ssize_t j, k, g, m = X.p + 2, last = (X.p + 1) * m
    cdef double weight, left, total = 0.0
    cdef bint doubtful
    for g in range(groups):
        weight = S[g][m * m - 1]
        for j in range(X.p + 1):
            S[g][last + j] = S[g][last + j] / weight if weight > 0.0 else 0.0
            for k in range(j + 1):
                S[g][j * m + k] -= weight * S[g][last + j] * S[g][last + k]
                total += S[g][j * m + k] * 0.0
    for j in range(X.p + 1):
        doubtful = False
        for g in range(groups):
            left = S[g][j * m + j]
            if not left > GONE * (left + S[g][m * m - 1] * S[g][last + j] * S[g][last + j]):
                doubtful = True
            elif not LEAST_SQUARES < left < 1.0 / LEAST_SQUARES:
                total = INFINITY
        if doubtful and total == 0.0:
            extremes(X, y, j, group, groups, value, value + groups)
            for g in range(groups):
                left = S[g][j * m + j]
                if value[g] == value[groups + g]:
                    S[g][last + j] = value[g] - at[j]
                    for k in range(X.p + 1):
                        S[g][max(j, k) * m + min(j, k)] = 0.0
                elif not left > GONE * (left + S[g][m * m - 1] * S[g][last + j] * S[g][last + j]):
                    total = INFINITY
    return total == 0.0


cdef void extremes(Matrix *X, const double *y, Py_ssize_t j, const Py_ssize_t *group, Py_ssize_t groups, double *least,
                   double *most) noexcept nogil:
    """The least and the largest entry of column j of [X y] in each group; those of none are 0."""
    cdef Py_ssize_t i, g
    cdef double x
    for g in range(groups):
        least[g], most[g] = INFINITY, -INFINITY
    for i in range(X.n):
        g = group[i]
        if g >= 0:
            x = entry(X, i, j) if j < X.p else y[i]
            least[g], most[g] = min(least[g], x), max(most[g], x)
    for g in range(groups):
        if not least[g] < INFINITY:
            least[g] = most[g] = 0.0


def group_moments(object X, const double[::1] y, object root, const Py_ssize_t[::1] group, Py_ssize_t groups):
    """A MomentSums of each group of rows of [X y], in one reading of X.

    X: 2-d float32 or float64 of any strides; root: float64 (n,), square roots of weights, or None; group (n,): from 0 to
    groups - 1, or -1 for a row of none or of weight 0.  None where a sum is not finite, where a sum of squares is so near the
    ends of the range of float64 that products of them may not be, or where a group is so far from the first rows that too
    little is left of its squares."""
    cdef Py_buffer x, weights
    cdef Matrix M
    cdef Grouped G
    cdef MomentSums one
    cdef Py_ssize_t p, m, g, i, j, n
    cdef int held = 0, status = 0
    cdef double *sums = NULL
    cdef double *value = NULL
    cdef double **S = NULL
    cdef bint kept = False
    memset(&G, 0, sizeof(Grouped))
    try:
        PyObject_GetBuffer(X, &x, PyBUF_STRIDED_RO | PyBUF_FORMAT)
        held = 1
        dense_matrix(&M, x.buf, x.itemsize, x.ndim, x.shape, x.strides)
        if root is not None:
            PyObject_GetBuffer(root, &weights, PyBUF_STRIDED_RO | PyBUF_FORMAT)
            held = 2
            M.root = <const double *>weights.buf
        n, p = M.n, M.p
        m = p + 2
        G.m, G.rows = m, max(<Py_ssize_t>CHUNK, min(<Py_ssize_t>8 * CHUNK, PLACED // m))
        G.ld = (whole_lanes(G.rows) + LANES * (groups + 1)) | LANES
        G.block = <double *>malloc((m * G.ld + 2 * LANES + p + 1) * sizeof(double))
        G.start = <Py_ssize_t *>malloc((groups + 1) * sizeof(Py_ssize_t) + G.rows * sizeof(int))
        sums = <double *>calloc(groups * m * m, sizeof(double))
        value = <double *>malloc(2 * groups * sizeof(double))
        S = <double **>malloc(groups * sizeof(double *))
        if G.block == NULL or G.start == NULL or sums == NULL or value == NULL or S == NULL:
            raise MemoryError(f"no memory for the products of {m} columns in {groups} groups")
        G.at, G.place = G.block, <int *>(G.start + groups + 1)
        G.A = aligned(G.block + p + 1)
        found = [MomentSums(p, 1) for _ in range(groups)]
        with nogil:
            for g in range(groups):
                S[g] = sums + g * m * m
            centres(&M, &y[0], G.at)
            status = grouped_products(&G, &M, &y[0], &group[0], groups, S)
            if status == 0:
                kept = settle_groups(&M, &y[0], G.at, &group[0], groups, S, value)
        raise_for(status, "")
        if not kept:
            return None
        for g in range(groups):
            one = found[g]
            one.rows, one.sums.weight = 0, S[g][m * m - 1]
            for j in range(p + 1):
                one.sums.base[j], one.sums.so_far[j] = G.at[j], S[g][(p + 1) * m + j]
                memcpy(one.sums.S + j * (p + 1), S[g] + j * m, (j + 1) * sizeof(double))
        for i in range(n):
            if group[i] >= 0:
                (<MomentSums>found[group[i]]).rows += 1
        return found
    finally:
        free(G.block)
        free(G.start)
        free(sums)
        free(value)
        free(S)
        if held > 0:
            PyBuffer_Release(&x)
        if held > 1:
            PyBuffer_Release(&weights)


cdef void centres(Matrix *X, const double *y, double *at) noexcept nogil:
    """The means of the first rows, exactly the entries of a column that is constant there: near enough to all means that
    nothing cancels."""
    cdef Py_ssize_t i, j, rows = min(X.n, <Py_ssize_t>CHUNK)
    cdef double first, sum
    for j in range(X.p + 1):
        first, sum = entry(X, 0, j) if j < X.p else y[0], 0.0
        for i in range(rows):
            sum += (entry(X, i, j) if j < X.p else y[i]) - first
        at[j] = first + sum / rows
