"""Reading X: the column statistics, products of columns with a vector, and blocks of the Gram matrix.

All of it goes over X in pieces of CHUNK rows that stay in cache while several columns use them; a piece is centred,
scaled and converted to float64 as it is packed, so that one code serves every layout and dtype and nothing cancels for
columns with a large mean.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDED_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.float cimport DBL_EPSILON
from libc.math cimport frexp, isfinite, ldexp, sqrt
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

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
    CHUNK = 512                 # rows: a tile of 4 + 4 packed columns takes 32 kB of the first cache
    PANEL = 48                  # columns packed at once against new ones: 200 kB, which stay in the second cache
    STRIDED_ROWS = 64            # of columns that are not contiguous: so few lines stay in the first cache for their neighbours
    LANES = 8                   # of a sum in fr_rows_dot
    ALIGNED = 64                # bytes
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


cdef inline double root_sum(Py_ssize_t n, const double *r, const double *root) noexcept nogil:
    """root'r"""
    return fr_sum_f64(n, r, 1, 0.0) if root == NULL else fr_dot_f64(n, root, 1, 0.0, r)


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


cdef inline Py_ssize_t whole_lanes(Py_ssize_t rows) noexcept nogil:
    """rows, rounded up to whole lanes of fr_rows_dot"""
    return (rows + LANES - 1) & ~<Py_ssize_t>(LANES - 1)


cdef inline Py_ssize_t packed_length(Py_ssize_t n) noexcept nogil:
    """From one packed column to the next: whole lanes, and an odd number of cache lines, which keeps columns off one
    another's cache sets."""
    return (min(<Py_ssize_t>CHUNK, whole_lanes(n)) // LANES | 1) * LANES


cdef inline double *aligned(double *block) noexcept nogil:
    """the first address from block on at a cache line, which no vector then straddles"""
    return <double *>((<size_t>block + ALIGNED - 1) & ~<size_t>(ALIGNED - 1))


cdef inline void pack_whole(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, Py_ssize_t whole, double *out) noexcept nogil:
    """part_pack, and zeros up to whole"""
    cdef Py_ssize_t t
    part_pack(X, j, i, m, out)
    for t in range(m, whole):
        out[t] = 0.0


cdef int gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double *out, Py_ssize_t ldo) noexcept nogil:
    """Rows m .. m + k - 1 of the lower triangle of the Gram matrix of columns cols[0 .. m + k - 1]:
    out[a*ldo + b] = x_cols[m + a]'x_cols[b] for b <= m + a; entries up to three places further are overwritten.

    Cost n k (m + k/2) multiply-adds and k + PANEL packed columns of CHUNK rows; for sparse X n, the stored entries of the m + k
    columns, each as often as new ones have an entry in its row, and a copy of the new ones.

    Returns -1 where memory is out, -2 if interrupted."""
    if X.sparse:
        return sparse_gram_block(X, cols, m, k, out, ldo)
    return dense_gram_block(X, cols, m, k, out, ldo)


cdef int sparse_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double *out,
                           Py_ssize_t ldo) noexcept nogil:
    """gram_block by rows: an entry of any column meets the entries of the new ones in its row, of which there are few.

    Centring takes n mean_a mean_b off the product of the stored entries.  Where that would cancel more than two bits, for
    columns that are dense after all, they are unpacked."""
    cdef Py_ssize_t n = X.n, i, j, t, at, size, entries = 0, longest = 0
    cdef double *values         # of one column
    cdef double *products       # of that column with the new ones
    cdef int *rows
    cdef double *row_values     # of the new columns, by rows
    cdef int *row_cols
    cdef Py_ssize_t *start      # start[i + 1] is where row i begins until it is filled, and then where it ends
    cdef double centre, raw, work = 0.0
    cdef bint cancels = False
    cdef int status = 0
    for j in range(m + k):
        size = col_size(X, cols[j])
        longest = max(longest, size)
        entries += size if j >= m else 0
    values = <double *>malloc((longest + entries) * (sizeof(double) + sizeof(int)) + k * sizeof(double))
    start = <Py_ssize_t *>calloc(n + 2, sizeof(Py_ssize_t))
    if values == NULL or start == NULL:
        free(values)
        free(start)
        return -1
    products = values + longest
    row_values = products + k
    rows = <int *>(row_values + entries)
    row_cols = rows + longest
    for j in range(m, m + k):
        size = fr_csc_copy(&X.csc, column(X, cols[j]), X.scale, X.root, values, rows)
        for at in range(size):
            start[rows[at] + 2 if rows[at] + 1 < n else 0] += 1         # the last row's end is not needed
    start[0] = 0
    for i in range(n):
        start[i + 1] += start[i]
    for j in range(m, m + k):
        size = fr_csc_copy(&X.csc, column(X, cols[j]), X.scale, X.root, values, rows)
        for at in range(size):
            i = rows[at] + 1
            row_cols[start[i]], row_values[start[i]] = <int>(j - m), values[at]
            start[i] += 1
    for j in range(m + k):
        size = fr_csc_copy(&X.csc, column(X, cols[j]), X.scale, X.root, values, rows)
        raw = 0.0
        memset(products, 0, k * sizeof(double))
        for at in range(size):
            i = rows[at]
            raw += values[at] * values[at]
            for t in range(start[i], start[i + 1]):
                products[row_cols[t]] += values[at] * row_values[t]
            work += 1 + start[i + 1] - start[i]
        for t in range(max(j - m, 0), k):
            out[t * ldo + j] = products[t]
        centre = X.scale * X.mean[column(X, cols[j])]
        cancels = cancels or n * centre * centre > 0.75 * raw
        if interrupted(&work):
            status = -2
            break
    if X.centred and status == 0:
        for j in range(k):
            centre = n * X.scale * X.mean[column(X, cols[m + j])]
            for t in range(m + j + 1):
                out[j * ldo + t] -= centre * (X.scale * X.mean[column(X, cols[t])])     # scale * scale may underflow
    free(values)
    free(start)
    if cancels and status == 0:
        return unpacked_gram_block(X, cols, m, k, out, ldo)
    return status


cdef int unpacked_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double *out,
                             Py_ssize_t ldo) noexcept nogil:
    """gram_block for sparse X: a column is unpacked, centred, and meets the others in their stored entries."""
    cdef double *x = <double *>malloc(X.n * sizeof(double))
    cdef Py_ssize_t j
    cdef int status = 0
    cdef double work = 0.0
    if x == NULL:
        return -1
    for j in range(m, m + k):
        col_pack(X, cols[j], x)
        dots(X, cols, j + 1, x, out + (j - m) * ldo)
        work += X.n + <double>(j + 1) * col_size(X, cols[j])
        if interrupted(&work):
            status = -2
            break
    free(x)
    return status


cdef int dense_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double *out,
                          Py_ssize_t ldo) noexcept nogil:
    """gram_block in chunks of rows, packed."""
    cdef Py_ssize_t ld = packed_length(X.n), i, j, b, width, rows, whole
    cdef double *block = <double *>malloc((k + min(m, <Py_ssize_t>PANEL)) * ld * sizeof(double) + ALIGNED)
    cdef double *A = aligned(block)
    cdef double *B
    cdef int status = 0
    cdef double work = 0.0
    if block == NULL:
        return -1
    B = A + k * ld
    for j in range(k):
        memset(out + j * ldo, 0, (m + k) * sizeof(double))
    i = 0
    while i < X.n:
        rows = min(<Py_ssize_t>CHUNK, X.n - i)
        whole = whole_lanes(rows)
        for j in range(k):
            pack_whole(X, cols[m + j], i, rows, whole, A + j * ld)
        fr_rows_dot(k, k, whole, 1.0, A, ld, A, ld, out + m, ldo, 1)
        b = 0
        while b < m:
            width = min(<Py_ssize_t>PANEL, m - b)
            for j in range(width):
                pack_whole(X, cols[b + j], i, rows, whole, B + j * ld)
            fr_rows_dot(k, width, whole, 1.0, A, ld, B, ld, out + b, ldo, 0)
            b += width
        i += rows
        work += <double>rows * k * (m + k)
        if interrupted(&work):
            status = -2
            break
    free(block)
    return status


cdef int row_gram(Matrix *X, const double *unit, double *out, Py_ssize_t ldo) noexcept nogil:
    """Lower triangle of X diag(unit) X' (n x n); unit NULL: ones.  Returns -1 where memory is out, -2 if interrupted."""
    cdef Py_ssize_t ld = packed_length(X.p), i, j, k, m
    cdef double *block = <double *>malloc(X.n * ld * sizeof(double) + ALIGNED)
    cdef double *rows = aligned(block)
    cdef double *piece = <double *>malloc(X.n * sizeof(double))
    cdef int status = 0
    cdef double work = 0.0, size
    if block == NULL or piece == NULL:
        status = -1
    else:
        for i in range(X.n):
            memset(out + i * ldo, 0, X.n * sizeof(double))
        j = 0
        while j < X.p:
            m = min(<Py_ssize_t>CHUNK, X.p - j)
            for k in range(m):
                col_pack(X, j + k, piece)
                size = 1.0 if unit == NULL else sqrt(unit[j + k])
                for i in range(X.n):
                    rows[i * ld + k] = size * piece[i]
            fr_rows_dot(X.n, X.n, m, 1.0, rows, ld, rows, ld, out, ldo, 1)
            j += m
            work += <double>m * X.n * X.n
            if interrupted(&work):
                status = -2
                break
    free(piece)
    free(block)
    return status


cdef class Buffer:
    """A buffer of somebody else's, held for as long as this lives."""

    def __cinit__(self, object owner):
        PyObject_GetBuffer(owner, &self.view, PyBUF_STRIDED_RO | PyBUF_FORMAT)
        self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef class Columns:
    """The user's X (kept alive, never written) as a Matrix, with the mean, squared norm and x_j'y of its columns.

    X: 2-d float32 or float64 buffer of any strides, or a tuple (data, indices, indptr, shape) of a CSC matrix that has been
    checked; y: float64 (n,), centred if `center`, and times root; scale: a power of two; root: float64 (n,), square roots
    of weights that add up to n, or None.  whole: also X'X, in the same reading; worth it where X is dense, tall, and most
    columns will matter.  `finite` is False where a NaN, an infinity or an overflow was met: then nothing else may be used."""

    def __cinit__(self, object X, const double[::1] y, bint center, double scale, object root, bint whole):
        cdef Buffer data, indices, indptr, weights
        cdef Py_ssize_t n, p, item
        cdef int status = 0
        self.X.sparse = isinstance(X, tuple)
        if self.X.sparse:
            data, indices, indptr = Buffer(X[0]), Buffer(X[1]), Buffer(X[2])
            self.held = (data, indices, indptr)
            n, p = X[3]
            self.X.csc.data, self.X.csc.indices, self.X.csc.indptr = data.view.buf, indices.view.buf, indptr.view.buf
            self.X.csc.single, self.X.csc.wide = data.view.itemsize == 4, indices.view.itemsize == 8
            self.X.row_stride = 1
        else:
            data = Buffer(X)
            self.held = (data,)
            n, p, item = data.view.shape[0], data.view.shape[1], data.view.itemsize
            self.X.data = data.view.buf
            self.X.row_stride, self.X.col_stride = data.view.strides[0] // item, data.view.strides[1] // item
        self.X.single = data.view.itemsize == 4
        self.mean = <double *>calloc((5 if self.X.sparse else 3) * p, sizeof(double))
        if self.mean == NULL:
            raise MemoryError(f"no memory for the statistics of {p} columns")
        self.sq, self.xy = self.mean + p, self.mean + 2 * p
        self.X.n, self.X.p, self.X.centred = n, p, center
        self.X.mean, self.X.scale, self.X.cols = self.mean, scale, NULL
        if root is not None:
            weights = Buffer(root)
            self.held = (*self.held, weights)
            self.X.root = <const double *>weights.view.buf
        whole = whole and not self.X.sparse
        if whole:
            self.gram = <double *>malloc(p * p * sizeof(double))
            if self.gram == NULL:
                raise MemoryError(f"no memory for a {p} x {p} Gram matrix")
        with nogil:
            if whole:
                status = whole_statistics(&self.X, &y[0], center, self.mean, self.sq, self.xy, self.gram)
                self.finite = status == 0
            elif self.X.sparse:
                self.finite = sparse_statistics(&self.X, &y[0], center, self.mean, self.sq, self.xy, self.mean + 3 * p)
            else:
                self.finite = column_statistics(&self.X, &y[0], center, self.mean, self.sq, self.xy)
        raise_for(min(status, 0), "packed columns")

    def __dealloc__(self):
        free(self.mean)
        free(self.gram)

    @property
    def sparse(self):
        """whether X is a CSC matrix"""
        return bool(self.X.sparse)

    @property
    def itemsize(self):
        """bytes of an element of X"""
        return 4 if self.X.single else 8

    def mean_dot(self, const Py_ssize_t[::1] cols, const double[::1] w):
        """sum_k mean_cols[k] w_k, means of the user's X (zeros without centring)"""
        cdef Py_ssize_t k
        cdef double total = 0.0
        for k in range(cols.shape[0]):
            total += self.mean[cols[k]] * w[k]
        return total

    def write(self, double[::1, :] out):
        """out = the centred, weighted, scaled columns, dense"""
        cdef Py_ssize_t j
        for j in range(self.X.p):
            col_pack(&self.X, j, &out[0, j])

    def squares(self, double[::1] out):
        """out_j = |x_j|^2 of the centred, weighted, scaled columns"""
        memcpy(&out[0], self.sq, self.X.p * sizeof(double))

    def products(self, const double[:, ::1] Y, double[:, ::1] out):
        """out (p, t) = X'Y' for t targets Y (t, n), each as y is; one reading of X."""
        cdef int status
        with nogil:
            status = target_products(&self.X, &Y[0, 0], Y.shape[0], &out[0, 0])
        raise_for(status, "packed columns")

    @property
    def ordinary(self):
        """whether everything is finite and the largest square is far from the ends of the range of float64"""
        return self.finite and 1e-200 < fr_largest(self.X.p, self.sq) < 1e200

    def largest(self):
        """(max_j |x_j|^2, max_j |x_j'y|) of the centred, weighted, scaled columns"""
        return fr_largest(self.X.p, self.sq), fr_largest(self.X.p, self.xy)


cdef int target_products(Matrix *X, const double *Y, Py_ssize_t t, double *out) noexcept nogil:
    """out (p, t) = X'Y'; status as in gram_block"""
    cdef Py_ssize_t ld = packed_length(X.n), i, j, k, width, rows
    cdef double *block
    cdef double *A
    cdef double work = 0.0, level
    cdef int status = 0
    memset(out, 0, X.p * t * sizeof(double))
    if X.sparse:
        for k in range(t):
            level = root_sum(X.n, Y + k * X.n, X.root) if X.centred else 0.0
            for j in range(X.p):
                out[j * t + k] = X.scale * (fr_csc_dot(&X.csc, j, X.root, Y + k * X.n) - level * X.mean[j])
        return 0
    block = <double *>malloc(PANEL * ld * sizeof(double) + ALIGNED)
    if block == NULL:
        return -1
    A = aligned(block)
    j = 0
    while j < X.p and status == 0:
        width = min(<Py_ssize_t>PANEL, X.p - j)
        i = 0
        while i < X.n:
            rows = min(<Py_ssize_t>CHUNK, X.n - i)
            for k in range(width):
                part_pack(X, j + k, i, rows, A + k * ld)
            fr_rows_dot(width, t, rows, 1.0, A, ld, Y + i, X.n, out + j * t, t, 0)
            i += rows
        j += width
        work += <double>X.n * width * t
        if interrupted(&work):
            status = -2
    free(block)
    return status


cdef bint sparse_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy,
                            double *split) noexcept nogil:
    """column_statistics for sparse X, from its stored entries and the weight of the rows without one.

    split: 2 p numbers that X.csc.shift and X.mean will point to: what is taken off entry by entry, and the rest of the mean."""
    cdef Py_ssize_t j
    cdef double total = 0.0, level = root_sum(X.n, y, X.root)
    fr_csc_statistics(&X.csc, X.n, X.p, center, X.scale, X.root, y, mean, sq, xy, split, split + X.p)
    X.csc.shift, X.mean = split, split + X.p
    for j in range(X.p):
        # what the rounding of a constant column's mean leaves is no variance
        if center and sq[j] <= 16.0 * DBL_EPSILON * DBL_EPSILON * X.n * (X.scale * mean[j]) * (X.scale * mean[j]):
            sq[j] = 0.0
        xy[j] = X.scale * (xy[j] - level * X.mean[j])
        total += abs(sq[j]) + abs(xy[j])
    return isfinite(total)


cdef void column_sums(Matrix *X, Py_ssize_t j, Py_ssize_t end, Py_ssize_t step, double *out) noexcept nogil:
    """out_k += sum of x_k - mean_k for columns j .. end - 1, by pieces of `step` rows"""
    cdef Py_ssize_t i = 0, k, m
    while i < X.n:
        m = min(step, X.n - i)
        for k in range(j, end):
            out[k] += part_sum(X, k, i, m)
        i += m


cdef bint column_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy) noexcept nogil:
    """One reading (two from cache) of X: mean, |x_j|^2 and x_j'y, all centred; whether everything was finite.

    The mean is corrected by the mean of what it leaves over, so that it is good to an ulp for a column far from 0."""
    cdef Py_ssize_t i, j, k, m, end, block, step
    cdef double total = 0.0
    # contiguous columns are read one by one, others all together in pieces of rows
    block = 1 if X.row_stride == 1 else X.p
    step = X.n if X.row_stride == 1 else STRIDED_ROWS
    j = 0
    while j < X.p:
        end = j + block
        if center:
            column_sums(X, j, end, step, sq)
            for k in range(j, end):
                mean[k], sq[k] = sq[k] / X.n, 0.0       # weights add up to n
            column_sums(X, j, end, step, xy)
            for k in range(j, end):
                mean[k] += xy[k] / X.n
                xy[k] = 0.0
        i = 0
        while i < X.n:
            m = min(step, X.n - i)
            for k in range(j, end):
                sq[k] += part_sumsq(X, k, i, m)
                xy[k] += part_dot(X, k, i, m, y + i)
            i += m
        for k in range(j, end):
            total += abs(sq[k]) + abs(xy[k])
            # what the rounding of a weighted mean leaves is no variance
            if center and X.root != NULL and is_constant(X, k, &mean[k]):
                sq[k] = 0.0
        j = end
    return isfinite(total)


cdef bint is_constant(Matrix *X, Py_ssize_t j, double *value) noexcept nogil:
    """Whether column j of a dense X is one number, value, in all rows of weight > 0.  Most columns differ in the first two."""
    cdef Py_ssize_t i
    cdef double first = 0.0
    cdef bint seen = False
    for i in range(X.n):
        if X.root[i] == 0.0:
            continue
        if seen and entry(X, i, j) != first:
            return False
        first, seen = entry(X, i, j), True
    value[0] = first
    return True


cdef inline double weighted_sum(Py_ssize_t n, const double *x, double shift, const double *root) noexcept nogil:
    """sum_i root_i^2 (x_i - shift)"""
    return fr_sum_f64(n, x, 1, shift) if root == NULL else fr_wdot_f64(n, x, 1, shift, root, root)


cdef int whole_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy,
                          double *G) noexcept nogil:
    """mean, sq = |x_j|^2 and xy = x_j'y as in column_statistics, and G = X'X, p x p, from one reading of X.

    Each chunk of rows is centred by its own mean, and joins those before it by Chan's update (Chan, Golub and LeVeque, 1983,
    Algorithms for Computing the Sample Variance, eq. 2.1), so that nothing cancels.  Cost n p^2/2 and p packed columns.
    Returns -1 where memory is out, -2 if interrupted, 1 where X or a sum of it is not finite."""
    cdef Py_ssize_t p = X.p, ld = packed_length(X.n), i = 0, j, k, rows, whole
    cdef double *block = <double *>calloc((p + 1) * (ld + p + 5) + LANES, sizeof(double))
    cdef double *A = aligned(block)
    cdef double *S = A + (p + 1) * ld               # of the columns and, in row p, of y: lower triangle
    cdef double *at = S + (p + 1) * (p + 1)         # the mean of this chunk
    cdef double *base = at + p + 1                  # the first row: means are counted from there, and lose no digits
    cdef double *so_far = base + p + 1              # the mean of all rows before, less base
    cdef double *step = so_far + p + 1              # from there to the mean of this chunk
    cdef const double *root
    cdef double work = 0.0, total = 0.0, weight, seen = 0.0, share
    cdef Py_ssize_t item = sizeof(float) if X.single else sizeof(double)
    cdef Matrix chunk = X[0]
    cdef int status = 0
    if block == NULL:
        return -1
    chunk.mean = at
    if center:
        for j in range(p):
            base[j] = entry(X, 0, j)
    while i < X.n and status == 0:
        rows = min(<Py_ssize_t>CHUNK, X.n - i)
        whole = whole_lanes(rows)
        root = part_root(X, i, rows)
        weight = rows if root == NULL else fr_dot_f64(rows, root, 1, 0.0, root)
        if center and weight > 0.0:
            for j in range(p):
                # counted from the first entry: the mean of equal numbers is that number
                at[j] = entry(X, i, j)
                step[j] = at[j] - base[j] + part_sum(&chunk, j, i, rows) / weight
                at[j] = base[j] + step[j]
            at[p] = step[p] = root_sum(rows, y + i, root) / weight
        for j in range(p):
            pack_whole(&chunk, j, i, rows, whole, A + j * ld)
            if i + rows < X.n and X.row_stride == 1:    # a chunk is too short for the processor to look ahead by itself
                fr_prefetch(entry_address(X, i + rows, j), min(rows, X.n - i - rows) * item)
        for k in range(whole):
            A[p * ld + k] = y[i + k] - at[p] * (1.0 if root == NULL else root[k]) if k < rows else 0.0
        fr_rows_dot(p + 1, p + 1, whole, 1.0, A, ld, A, ld, S, p + 1, 1)
        if center and weight > 0.0:
            share = weight / (seen + weight)
            for j in range(p + 1):
                step[j] -= so_far[j]
                so_far[j] += share * step[j]
                step[j] *= X.scale if j < p else 1.0
                fr_axpy_f64(j + 1, share * seen * step[j], step, 1, 0.0, S + j * (p + 1))
            seen += weight
        i += rows
        work += <double>rows * p * p
        if interrupted(&work):
            status = -2
    for j in range(p):
        mean[j], sq[j], xy[j] = base[j] + so_far[j], S[j * (p + 1) + j], S[p * (p + 1) + j]
        total += abs(sq[j]) + abs(xy[j])
        for k in range(j + 1):
            G[j * p + k] = G[k * p + j] = S[j * (p + 1) + k]
    for j in range(p):
        if center and X.root != NULL and is_constant(X, j, &mean[j]):
            sq[j] = 0.0
            for k in range(p):
                G[j * p + k] = G[k * p + j] = 0.0
    free(block)
    return status if status != 0 or isfinite(total) else 1


cdef int raise_for(int status, object what) except -1:
    """Raise what a kernel's status calls for: -1 no memory for `what`, -2 the exception that a signal handler has set."""
    if status == -1:
        raise MemoryError(f"no memory for {what}")
    return -1 if status == -2 else 0


def scale_target(const double[:] y, bint center, const double[::1] root, double[::1] out):
    """out = root scale (y - mean), the mean only if `center`; returns (mean, scale), or None where y is not finite.

    root: square roots of weights that add up to n, or None.  scale is a power of two that puts the largest |y| in [1/2, 1),
    so that no square overflows or vanishes."""
    cdef Py_ssize_t i, n = y.shape[0]
    cdef const double *weights = NULL if root is None else &root[0]
    cdef int exponent = 0
    cdef double low = 0.0, high = 0.0, total = 0.0, scale, mean = 0.0, rest = 0.0
    cdef bint seen = False
    for i in range(n):
        total += y[i] * 0.0
        if weights == NULL or weights[i] > 0.0:     # a row of weight 0 is as good as absent
            low, high = min(low, y[i]) if seen else y[i], max(high, y[i]) if seen else y[i]
            seen = True
    if total != 0.0 or total != total:
        return None
    if center and low == high:      # the mean of equal numbers may be an ulp off, and would leave a constant to be fitted
        for i in range(n):
            out[i] = 0.0
        return low, 1.0
    frexp(max(-low, high), &exponent)
    scale = ldexp(1.0, max(-1000, min(1000, -exponent)))
    for i in range(n):
        out[i] = y[i] * scale if weights == NULL or weights[i] > 0.0 else 0.0
    if center:
        mean = weighted_sum(n, &out[0], 0.0, weights) / n
        rest = weighted_sum(n, &out[0], mean, weights) / n
        mean += rest
    fr_wpack_f64(n, 1.0, &out[0], 1, mean, &out[0], weights)
    return mean / scale, scale


def build_info():
    """compiler, flags that matter for results, instruction set in use, debug build or not"""
    return {
        "compiler": FR_COMPILER.decode(),
        "flags": FR_FLAGS.decode(),
        "instruction_set": fr_instruction_set().decode(),
        "debug": bool(FR_DEBUG),
    }
