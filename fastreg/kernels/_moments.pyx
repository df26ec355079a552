"""Weighted means and centred products of columns side by side, over chunk after chunk of rows.

Each chunk of rows is centred by its own mean, and joins those before it by Chan's update (Chan, Golub and LeVeque, 1983,
Algorithms for Computing the Sample Variance, eq. 2.1), so that nothing cancels, in the order of the rows, so that the same
chunks in the same order give the same bits.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDED_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport isfinite
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from fastreg.kernels._design cimport (
    Matrix, dense_matrix, entry, entry_address, fr_axpy_f64, fr_dot_f64, fr_prefetch, fr_rows_dot, interrupted, part_root,
    part_sum, raise_for, root_sum,
)
from fastreg.kernels._gram cimport CHUNK, LANES, aligned, pack_whole, packed_length, whole_lanes

cdef enum:
    MOST = 1 << 29              # columns, beyond which a number of bytes could overflow

# A sum of squares below this may hold squares that have lost digits or vanished.
cdef double _SMALL = 1e-280
SMALL = _SMALL


cdef int moments_reserve(Moments *M, Py_ssize_t m, Py_ssize_t rows) noexcept nogil:
    """M = that of no rows, for m columns and chunks of up to so many rows; -1 where memory is out."""
    M.m, M.ld, M.weight = m, packed_length(rows), 0.0
    M.block = <double *>calloc(m * (M.ld + m + 4) + LANES, sizeof(double))
    M.A = aligned(M.block)
    M.S = M.A + m * M.ld
    M.at = M.S + m * m
    M.base, M.so_far, M.step = M.at + m, M.at + 2 * m, M.at + 3 * m
    return -1 if M.block == NULL else 0


cdef void moments_free(Moments *M) noexcept nogil:
    free(M.block)
    M.block = NULL


cdef void join(Moments *M, double weight, double scale, Py_ssize_t scaled) noexcept nogil:
    """Chan's update by rows of this weight whose mean is base + step, and whose products are in S already.

    The first `scaled` columns count `scale` times in the products."""
    cdef double share = weight / (M.weight + weight)
    cdef Py_ssize_t j
    for j in range(M.m):
        M.step[j] -= M.so_far[j]
        M.so_far[j] += share * M.step[j]
        M.step[j] *= scale if j < scaled else 1.0
        fr_axpy_f64(j + 1, share * M.weight * M.step[j], M.step, 1, 0.0, M.S + j * M.m)
    M.weight += weight


cdef void chunk_means(Moments *M, Matrix *X, Py_ssize_t first, Py_ssize_t i, Py_ssize_t lead, Py_ssize_t rows,
                      double weight) noexcept nogil:
    """at and step of the columns of X, which begin at `first`: counted from row `lead`, as the mean of equal numbers is that
    number.  X.mean is where these at lie."""
    cdef Py_ssize_t j
    for j in range(X.p):
        M.at[first + j] = entry(X, lead, j)
        if M.weight == 0.0:
            M.base[first + j] = M.at[first + j]
        M.step[first + j] = M.at[first + j] - M.base[first + j] + part_sum(X, j, i, rows) / weight
        M.at[first + j] = M.base[first + j] + M.step[first + j]


cdef void pack_chunk(Moments *M, Matrix *X, Py_ssize_t first, Py_ssize_t i, Py_ssize_t rows) noexcept nogil:
    """The columns of X to those of A that begin at `first`."""
    cdef Py_ssize_t j, whole = whole_lanes(rows), item = sizeof(float) if X.single else sizeof(double)
    for j in range(X.p):
        pack_whole(X, j, i, rows, whole, M.A + (first + j) * M.ld)
        if i + rows < X.n and X.row_stride == 1:    # a chunk is too short for the processor to look ahead by itself
            fr_prefetch(entry_address(X, i + rows, j), min(rows, X.n - i - rows) * item)


cdef int moments_continue(Moments *M, Matrix *X, Matrix *Y, const double *y) noexcept nogil:
    """Take the rows of X, dense, and beside it of Y, or of one y that is centred and times X.root already.

    Means are 0 where X is not centred.  Cost n m^2/2 and m packed columns.  Returns -2 if interrupted, else 0."""
    cdef Matrix left = X[0], right
    cdef Py_ssize_t p = X.p, i = 0, k, lead, rows, whole
    cdef const double *root
    cdef double *target = M.A + p * M.ld
    cdef double work = 0.0, weight, centre
    left.mean = M.at
    if Y != NULL:
        right = Y[0]
        right.mean = M.at + p
    while i < X.n:
        rows = min(<Py_ssize_t>CHUNK, X.n - i)
        whole = whole_lanes(rows)
        root = part_root(X, i, rows)
        weight = rows if root == NULL else fr_dot_f64(rows, root, 1, 0.0, root)
        if X.centred and weight > 0.0:
            lead = 0
            while root != NULL and root[lead] == 0.0:
                lead += 1
            chunk_means(M, &left, 0, i, i + lead, rows, weight)
            if Y != NULL:
                chunk_means(M, &right, p, i, i + lead, rows, weight)
            else:
                M.at[p] = M.step[p] = root_sum(rows, y + i, root) / weight
        pack_chunk(M, &left, 0, i, rows)
        if Y != NULL:
            pack_chunk(M, &right, p, i, rows)
        else:
            centre = M.at[p]
            for k in range(whole):
                target[k] = y[i + k] - centre * (1.0 if root == NULL else root[k]) if k < rows else 0.0
        fr_rows_dot(M.m, M.m, whole, 1.0, M.A, M.ld, M.A, M.ld, M.S, M.m, 1)
        if X.centred and weight > 0.0:
            join(M, weight, X.scale, p)
        i += rows
        work += <double>rows * p * p
        if interrupted(&work):
            return -2
    return 0


cdef bint leaves(Matrix *X, Py_ssize_t j, double base) noexcept nogil:
    """Whether column j of a dense X has an entry other than base in a row of weight > 0."""
    cdef Py_ssize_t i
    for i in range(X.n):
        if entry(X, i, j) != base and (X.root == NULL or X.root[i] > 0.0):
            return True
    return False


cdef class MomentSums:
    """The moments of [X Y], p and t columns.  A call that fails leaves them as they were; this takes another 8 m^2 bytes."""
    def __cinit__(self, Py_ssize_t p, Py_ssize_t t):
        cdef Py_ssize_t m = p + t
        self.p, self.t = p, t
        if m <= MOST:
            self.saved = <double *>malloc(m * (m + 4) * sizeof(double))
        if self.saved == NULL or moments_reserve(&self.sums, m, CHUNK) != 0:
            raise MemoryError(f"no memory for the products of {m} columns")

    def __dealloc__(self):
        moments_free(&self.sums)
        free(self.saved)

    @property
    def weight(self):
        """the weights of all rows, added up"""
        return self.sums.weight

    def update(self, object X, object Y, object root):
        """Take the rows of X (n, p) and Y (n,) or (n, t), float32 or float64 of any strides; root: float64 (n,), square roots
        of weights, or None for ones.

        Returns None, or (column, whether it is small): the first column of [X Y] that holds an entry that is not finite, or
        whose squares leave the range of float64 above or below."""
        cdef Py_buffer x, y, weights
        cdef Matrix left, right
        cdef double before = self.sums.weight, square, base
        cdef int held = 0, status = 0
        cdef Py_ssize_t bad = -1, i, j
        cdef bint small = False
        try:
            PyObject_GetBuffer(X, &x, PyBUF_STRIDED_RO | PyBUF_FORMAT)
            held = 1
            PyObject_GetBuffer(Y, &y, PyBUF_STRIDED_RO | PyBUF_FORMAT)
            held = 2
            dense_matrix(&left, x.buf, x.itemsize, x.ndim, x.shape, x.strides)
            dense_matrix(&right, y.buf, y.itemsize, y.ndim, y.shape, y.strides)
            left.centred = right.centred = True
            if root is not None:
                PyObject_GetBuffer(root, &weights, PyBUF_STRIDED_RO | PyBUF_FORMAT)
                held = 3
                left.root = right.root = <const double *>weights.buf
            with nogil:
                self.save()
                status = moments_continue(&self.sums, &left, &right, NULL)
                for j in range(self.sums.m):
                    square, base = self.sums.S[j * self.sums.m + j], self.sums.base[j]
                    # of nothing but equal numbers the mean is base and the sum of squares 0, both exactly
                    if square < _SMALL:
                        small = self.sums.so_far[j] != 0.0 or (leaves(&left, j, base) if j < left.p
                                                               else leaves(&right, j - left.p, base))
                    if small or not isfinite(square + self.sums.weight):
                        bad = j
                        break
                if status != 0 or bad >= 0:
                    self.restore(before)
                else:
                    for i in range(left.n):
                        self.rows += left.root == NULL or left.root[i] > 0.0
            raise_for(status, "")
        finally:
            if held > 0:
                PyBuffer_Release(&x)
            if held > 1:
                PyBuffer_Release(&y)
            if held > 2:
                PyBuffer_Release(&weights)
        return None if bad < 0 else (bad, small)

    def add(self, MomentSums other):
        """Take the rows of others, of as many columns; False, and nothing done, where the result would leave float64."""
        cdef Moments *M = &self.sums
        cdef Moments *N = &other.sums
        cdef double before = M.weight
        cdef Py_ssize_t j
        cdef bint finite = True
        if N.weight == 0.0:
            return True
        with nogil:
            self.save()
            for j in range(M.m):
                if M.weight == 0.0:
                    M.base[j] = N.base[j]
                M.step[j] = N.base[j] - M.base[j] + N.so_far[j]
                fr_axpy_f64(j + 1, 1.0, N.S + j * M.m, 1, 0.0, M.S + j * M.m)
            join(M, N.weight, 1.0, 0)
            for j in range(M.m):
                finite = finite and isfinite(M.S[j * M.m + j] + M.weight)
            if finite:
                self.rows += other.rows
            else:
                self.restore(before)
        return finite

    def read(self, double[::1] base, double[::1] rest, double[:, ::1] products):
        """base + rest = mean, the first row and what is left, and the centred products, all of [X Y]"""
        cdef Py_ssize_t j, k, m = self.sums.m
        for j in range(m):
            base[j], rest[j] = self.sums.base[j], self.sums.so_far[j]
            for k in range(j + 1):
                products[j, k] = products[k, j] = self.sums.S[j * m + k]

    def write(self, Py_ssize_t rows, double weight, const double[::1] base, const double[::1] rest,
              const double[:, ::1] products):
        """Be the moments that `read` gave."""
        cdef Py_ssize_t j, m = self.sums.m
        self.rows, self.sums.weight = rows, weight
        for j in range(m):
            self.sums.base[j], self.sums.so_far[j] = base[j], rest[j]
            memcpy(self.sums.S + j * m, &products[j, 0], (j + 1) * sizeof(double))

    cdef void save(self) noexcept nogil:
        memcpy(self.saved, self.sums.S, self.sums.m * (self.sums.m + 4) * sizeof(double))

    cdef void restore(self, double weight) noexcept nogil:
        memcpy(self.sums.S, self.saved, self.sums.m * (self.sums.m + 4) * sizeof(double))
        self.sums.weight = weight
