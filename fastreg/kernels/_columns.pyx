"""The user's X as a Matrix, and what one reading of it tells: means, squared norms and X'y of its columns.

Means are exact to an ulp for columns far from 0, and exact for constant ones: X.mean or, for a full column of sparse X,
X.csc.shift is then taken off every number that is read.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_SIMPLE, PyBUF_STRIDED_RO, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport frexp, isfinite, ldexp
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from fastreg.kernels._design cimport (
    STRIDED_ROWS, Matrix, col_pack, dense_matrix, entry, fr_csc_dot, fr_csc_end, fr_csc_longest, fr_csc_statistics, fr_largest,
    fr_sum_f64, fr_wdot_f64, fr_wpack_f64, part_moments, part_pack, part_sum, raise_for, root_sum, subtract_product,
)
from fastreg.kernels._gram cimport gram_block, rows_of, target_products
from fastreg.kernels._moments cimport Moments, moments_continue, moments_free, moments_reserve

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
    columns will matter.  known: (mean, squared norms, X'y, X'X) of a dense X where somebody has read it already, which is then
    not done again.  `finite` is False where a NaN, an infinity or an overflow was met: then nothing else may be used."""

    def __cinit__(self, object X, object y, bint center, double scale, object root, bint whole,
                  tuple known=None):
        cdef Buffer data, indices, indptr, weights
        cdef const double *target
        cdef Py_ssize_t n, p
        cdef int status = 0
        cdef bint splits
        self.X.sparse = isinstance(X, tuple)
        if self.X.sparse:
            data, indices, indptr = Buffer(X[0]), Buffer(X[1]), Buffer(X[2])
            self.held = (data, indices, indptr)
            n, p = X[3]
            self.X.csc.data, self.X.csc.indices, self.X.csc.indptr = data.view.buf, indices.view.buf, indptr.view.buf
            self.X.csc.single, self.X.csc.wide = data.view.itemsize == 4, indices.view.itemsize == 8
            self.X.csc.size = fr_csc_end(&self.X.csc, p)
            self.X.row_stride, self.X.single = 1, self.X.csc.single
        else:
            data = Buffer(X)
            self.held = (data,)
            dense_matrix(&self.X, data.view.buf, data.view.itemsize, 2, data.view.shape, data.view.strides)
            n, p = self.X.n, self.X.p
        target = numbers(y, n)
        # of sparse X everything is written anyway
        self.mean = <double *>(malloc(3 * p * sizeof(double)) if self.X.sparse else calloc(3 * p, sizeof(double)))
        self.sq, self.xy = self.mean + p, self.mean + 2 * p
        self.X.n, self.X.p, self.X.centred = n, p, center
        self.X.mean, self.X.scale, self.X.cols = self.mean, scale, NULL
        if root is not None:
            weights = Buffer(root)
            self.held = (*self.held, weights)
            self.X.root = <const double *>weights.view.buf
        splits = self.X.sparse and center and may_be_full(&self.X)
        if splits:
            self.split = <double *>malloc(2 * p * sizeof(double))
        if self.mean == NULL or (splits and self.split == NULL):
            raise MemoryError(f"no memory for the statistics of {p} columns")
        whole = (whole or known is not None) and not self.X.sparse
        if whole:
            self.gram = <double *>malloc(p * p * sizeof(double))
            if self.gram == NULL:
                raise MemoryError(f"no memory for a {p} x {p} Gram matrix")
        if known is not None:
            self.copy(known)
            return
        with nogil:
            if whole:
                status = whole_statistics(&self.X, target, self.mean, self.sq, self.xy, self.gram)
                self.finite = status == 0
            elif self.X.sparse:
                self.finite = sparse_statistics(&self.X, target, center, self.mean, self.sq, self.xy, self.split)
            else:
                self.finite = column_statistics(&self.X, target, center, self.mean, self.sq, self.xy)
        raise_for(min(status, 0), "packed columns")

    cdef int copy(self, tuple known) except -1:
        """Take means, squared norms, X'y and X'X as they are known."""
        cdef const double[::1] mean, sq, xy
        cdef const double[:, ::1] gram
        mean, sq, xy, gram = known
        memcpy(self.mean, &mean[0], self.X.p * sizeof(double))
        memcpy(self.sq, &sq[0], self.X.p * sizeof(double))
        memcpy(self.xy, &xy[0], self.X.p * sizeof(double))
        memcpy(self.gram, &gram[0, 0], self.X.p * self.X.p * sizeof(double))
        self.finite = isfinite(fr_sum_f64(self.X.p, self.sq, 1, 0.0) + fr_sum_f64(self.X.p, self.xy, 1, 0.0))
        return 0

    def __dealloc__(self):
        free(self.mean)
        free(self.split)
        free(self.gram)

    @property
    def sparse(self):
        """whether X is a CSC matrix"""
        return bool(self.X.sparse)

    @property
    def entries(self):
        """how many entries of a sparse X are stored"""
        return self.X.csc.size

    def times(self, const double[::1] w, double[::1] out):
        """out = Xw"""
        cdef Py_ssize_t i, n = self.X.n
        cdef double *r = <double *>calloc(n + 1, sizeof(double))
        if r == NULL:
            raise MemoryError(f"no memory for {n} residuals")
        with nogil:
            subtract_product(&self.X, &w[0], r)
            for i in range(n):
                out[i] = -r[i]
            free(r)

    def mean_dot(self, const Py_ssize_t[::1] cols, const double[::1] w):
        """sum_k mean_cols[k] w_k, means of the user's X (zeros without centring)"""
        cdef Py_ssize_t k
        cdef double total = 0.0
        for k in range(cols.shape[0]):
            total += self.mean[cols[k]] * w[k]
        return total

    def publish(self, const double[::1] w, double unit, double[::1] coef):
        """coef = unit w; returns the sum of mean_j coef_j, means of the user's X."""
        cdef Py_ssize_t j
        cdef double level = 0.0
        for j in range(self.X.p):
            coef[j] = unit * w[j]
            level += self.mean[j] * coef[j]
        return level

    def means(self, double[::1] out):
        """out = the means that are taken off the user's X, zeros without centring"""
        memcpy(&out[0], self.mean, self.X.p * sizeof(double))

    def part(self, Py_ssize_t i, Py_ssize_t j, double[::1, :] out):
        """out = rows i .. and columns j .. of the centred, weighted, scaled X, dense; of sparse X in whole columns"""
        cdef Py_ssize_t k
        for k in range(out.shape[1]):
            if self.X.sparse:
                col_pack(&self.X, j + k, &out[0, k])
            else:
                part_pack(&self.X, j + k, i, out.shape[0], &out[0, k])

    def centres(self, const double[::1] root, double[::1] base, double[::1] rest):
        """base + rest = mean of sparse X; of a full column base is near its entries, and rest what their mean would lose.

        root: square roots of the weights, ones without."""
        cdef Py_ssize_t j
        for j in range(self.X.p):
            base[j], rest[j] = 0.0, self.X.mean[j]
            if self.split != NULL and self.split[j] != 0.0:
                base[j], rest[j] = self.split[j], fr_csc_dot(&self.X.csc, j, self.X.root, &root[0]) / self.X.n

    def inner(self, double[:, ::1] out):
        """out_jk = x_j'x_k for k <= j, out (p, p + 3); its other entries are overwritten"""
        cdef Py_ssize_t j, p = self.X.p
        cdef int status = -1
        cdef double **rows = <double **>malloc(p * sizeof(double *))
        cdef Py_ssize_t *cols = <Py_ssize_t *>malloc(p * sizeof(Py_ssize_t))
        if rows != NULL and cols != NULL:
            with nogil:
                for j in range(p):
                    cols[j] = j
                status = gram_block(&self.X, cols, 0, p, rows_of(&out[0, 0], out.shape[1], p, rows), NULL)
        free(rows)
        free(cols)
        raise_for(status, "the Gram matrix")

    def squares(self, double[::1] out):
        """out_j = |x_j|^2 of the centred, weighted, scaled columns"""
        memcpy(&out[0], self.sq, self.X.p * sizeof(double))

    def products(self, const double[:, ::1] Y, double[:, ::1] out):
        """out (t, p) = YX for t targets Y (t, n), each as y is; one reading of X."""
        cdef int status
        cdef Py_ssize_t k
        cdef double **rows = <double **>malloc(Y.shape[0] * sizeof(double *))
        if rows == NULL:
            raise MemoryError(f"no memory for {Y.shape[0]} targets")
        for k in range(Y.shape[0]):
            rows[k] = &out[k, 0]
        with nogil:
            status = target_products(&self.X, &Y[0, 0], self.X.n, Y.shape[0], rows)
        free(rows)
        raise_for(status, "packed columns")

    @property
    def ordinary(self):
        """whether everything is finite and the largest square is far from the ends of the range of float64"""
        return self.finite and 1e-200 < fr_largest(self.X.p, self.sq) < 1e200

    def largest(self):
        """(max_j |x_j|^2, max_j |x_j'y|) of the centred, weighted, scaled columns"""
        return fr_largest(self.X.p, self.sq), fr_largest(self.X.p, self.xy)


cdef double *numbers(object array, Py_ssize_t n, bint written=False) except NULL:
    """The n numbers of a contiguous float64 array, which the caller keeps.

    For what every small fit passes: this takes 190 instructions and a memoryview 1,800, of the 175,000 of a fit of 100 x 20."""
    cdef Py_buffer view
    PyObject_GetBuffer(array, &view, PyBUF_WRITABLE if written else PyBUF_SIMPLE)
    cdef double *found = <double *>view.buf
    cdef bint fits = view.itemsize == sizeof(double) and view.len == n * <Py_ssize_t>sizeof(double)
    PyBuffer_Release(&view)
    if not fits:
        raise ValueError(f"{n} contiguous float64 numbers are needed")
    return found


cdef bint may_be_full(Matrix *X) noexcept nogil:
    """Whether some column of sparse X has as many entries as there are rows of weight > 0."""
    cdef Py_ssize_t i, rows = X.n
    if X.root != NULL:
        for i in range(X.n):
            rows -= X.root[i] == 0.0
    return fr_csc_longest(&X.csc, X.p) >= rows


cdef bint sparse_statistics(Matrix *X, const double *y, bint center, double *mean, double *sq, double *xy,
                            double *split) noexcept nogil:
    """column_statistics for sparse X, from its stored entries and the weight of the rows without one.

    split: 2 p numbers that X.csc.shift and X.mean will point to: what is taken off entry by entry, and the rest of the mean.
    NULL where no column may be full."""
    cdef Py_ssize_t j
    cdef double level = root_sum(X.n, y, X.root)
    fr_csc_statistics(&X.csc, X.n, X.p, center, X.scale, X.root, y, mean, sq, xy, split, NULL if split == NULL else split + X.p)
    if split != NULL:
        X.csc.shift, X.mean = split, split + X.p
    if center or X.scale != 1.0:
        for j in range(X.p):
            xy[j] = X.scale * (xy[j] - level * X.mean[j])
    return isfinite(fr_sum_f64(X.p, sq, 1, 0.0) + fr_sum_f64(X.p, xy, 1, 0.0))


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
                sq[k] += part_moments(X, k, i, m, y + i, &xy[k])
            i += m
        for k in range(j, end):
            total += abs(sq[k]) + abs(xy[k])
            # what the rounding of a weighted mean leaves is no variance
            if center and X.root != NULL and is_constant(X, k, &mean[k]):
                sq[k] = 0.0
        j = end
    return isfinite(total)


cdef double column_moments(Matrix *X, Py_ssize_t j, double *mean) noexcept nogil:
    """|x_j|^2 of a dense column, and its mean, which X.mean points to, from one that may have lost digits.  Cost three n."""
    cdef double unused = 0.0, squares
    mean[0] += part_sum(X, j, 0, X.n) / X.n
    squares = part_moments(X, j, 0, X.n, X.root, &unused)
    return 0.0 if is_constant(X, j, mean) else squares


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


cdef int whole_statistics(Matrix *X, const double *y, double *mean, double *sq, double *xy, double *G) noexcept nogil:
    """mean, sq = |x_j|^2 and xy = x_j'y as in column_statistics, and G = X'X, p x p, from one reading of X.

    Cost n p^2/2 and p packed columns.  Returns -1 where memory is out, -2 if interrupted, 1 where X or a sum of it is not
    finite."""
    cdef Py_ssize_t p = X.p, j, k
    cdef Moments M
    cdef int status = moments_reserve(&M, p + 1, X.n)
    cdef double total = 0.0
    if status == 0:
        status = moments_continue(&M, X, NULL, y)
        for j in range(p):
            mean[j], sq[j], xy[j] = M.base[j] + M.so_far[j], M.S[j * M.m + j], M.S[p * M.m + j]
            total += abs(sq[j]) + abs(xy[j])
            for k in range(j + 1):
                G[j * p + k] = G[k * p + j] = M.S[j * M.m + k]
    moments_free(&M)
    return status if status != 0 or isfinite(total) else 1


def scale_target(const double[:] y, bint center, const double[::1] root, object out):
    """out = root scale (y - mean), the mean only if `center`; returns (mean, scale), or None where y is not finite.

    root: square roots of weights that add up to n, or None.  scale is a power of two that puts the largest |y| in [1/2, 1),
    so that no square overflows or vanishes."""
    cdef Py_ssize_t i, n = y.shape[0]
    cdef const double *weights = NULL
    cdef double *scaled = numbers(out, n, True)
    cdef int exponent = 0
    cdef double low = 0.0, high = 0.0, total = 0.0, scale, mean = 0.0, rest = 0.0
    cdef bint seen = False
    if root is not None:
        weights = &root[0]
    for i in range(n):
        total += y[i] * 0.0
        if weights == NULL or weights[i] > 0.0:     # a row of weight 0 is as good as absent
            low, high = min(low, y[i]) if seen else y[i], max(high, y[i]) if seen else y[i]
            seen = True
    if total != 0.0 or total != total:
        return None
    if center and low == high:      # the mean of equal numbers may be an ulp off, and would leave a constant to be fitted
        for i in range(n):
            scaled[i] = 0.0
        return low, 1.0
    frexp(max(-low, high), &exponent)
    scale = ldexp(1.0, max(-1000, min(1000, -exponent)))
    for i in range(n):
        scaled[i] = y[i] * scale if weights == NULL or weights[i] > 0.0 else 0.0
    if center:
        mean = weighted_sum(n, scaled, 0.0, weights) / n
        rest = weighted_sum(n, scaled, mean, weights) / n
        mean += rest
    fr_wpack_f64(n, 1.0, scaled, 1, mean, scaled, weights)
    return mean / scale, scale
