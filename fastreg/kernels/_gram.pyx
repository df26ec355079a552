"""Blocks of the Gram matrix of X, and its products with several vectors.

Dense X is gone over in pieces of CHUNK rows that stay in cache while several columns use them; a piece is centred, weighted,
scaled and converted to float64 as it is packed, so that one code serves every layout and dtype and nothing cancels for columns
with a large mean.  Of sparse X stored entries meet by rows.
"""

from libc.stdlib cimport calloc, free, malloc
from libc.math cimport sqrt
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport (
    Matrix, col_pack, col_size, column, dots, fr_csc_copy, fr_rows_dot, interrupted, part_pack,
)


cdef enum:
    WORTH_PACKING = 5           # so many targets; for fewer, products column by column are faster
    PANEL = 48                  # columns packed at once against new ones: 200 kB, which stay in the second cache


cdef int gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
    """Rows m .. m + k - 1 of the lower triangle of the Gram matrix of columns cols[0 .. m + k - 1]:
    out[a][b] = x_cols[m + a]'x_cols[b] for b <= m + a; entries up to three places further are overwritten.

    Rows i and i' of the triangle with i // BLOCK = i' // BLOCK are at equal distances, and as long as the last of them.

    Cost n k (m + k/2) multiply-adds and k + PANEL packed columns of CHUNK rows; for sparse X n, the stored entries of the m + k
    columns, each as often as new ones have an entry in its row, and a copy of the new ones.

    Returns -1 where memory is out, -2 if interrupted."""
    if X.sparse:
        return sparse_gram_block(X, cols, m, k, out)
    return dense_gram_block(X, cols, m, k, out)


cdef int sparse_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
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
            out[t][j] = products[t]
        centre = X.scale * X.mean[column(X, cols[j])]
        cancels = cancels or n * centre * centre > 0.75 * raw
        if interrupted(&work):
            status = -2
            break
    if X.centred and status == 0:
        for j in range(k):
            centre = n * X.scale * X.mean[column(X, cols[m + j])]
            for t in range(m + j + 1):
                out[j][t] -= centre * (X.scale * X.mean[column(X, cols[t])])     # scale * scale may underflow
    free(values)
    free(start)
    if cancels and status == 0:
        return unpacked_gram_block(X, cols, m, k, out)
    return status


cdef int unpacked_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
    """gram_block for sparse X: a column is unpacked, centred, and meets the others in their stored entries."""
    cdef double *x = <double *>malloc(X.n * sizeof(double))
    cdef Py_ssize_t j
    cdef int status = 0
    cdef double work = 0.0
    if x == NULL:
        return -1
    for j in range(m, m + k):
        col_pack(X, cols[j], x)
        dots(X, cols, j + 1, x, out[j - m])
        work += X.n + <double>(j + 1) * col_size(X, cols[j])
        if interrupted(&work):
            status = -2
            break
    free(x)
    return status


cdef void add_products(Py_ssize_t length, Py_ssize_t ld, Py_ssize_t m, Py_ssize_t k, const double *A, Py_ssize_t b,
                       Py_ssize_t width, const double *B, double **out) noexcept nogil:
    """out[a][b + t] += A_a'B_t for a < k and t < width: packed columns m .. m + k - 1, and b .. b + width - 1, which are before
    these or, for b = m, the same."""
    cdef Py_ssize_t a = 0, rows, ldo
    while a < k:
        rows = min(BLOCK - (m + a) % BLOCK, k - a)
        ldo = out[a + 1] - out[a] if rows > 1 else 0
        fr_rows_dot(rows, width if b < m else a, length, 1.0, A + a * ld, ld, B, ld, out[a] + b, ldo, 0)
        if b == m:
            fr_rows_dot(rows, rows, length, 1.0, A + a * ld, ld, A + a * ld, ld, out[a] + m + a, ldo, 1)
        a += rows


cdef int dense_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
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
        memset(out[j], 0, (m + j + 1) * sizeof(double))
    i = 0
    while i < X.n:
        rows = min(<Py_ssize_t>CHUNK, X.n - i)
        whole = whole_lanes(rows)
        for j in range(k):
            pack_whole(X, cols[m + j], i, rows, whole, A + j * ld)
        add_products(whole, ld, m, k, A, m, k, A, out)
        b = 0
        while b < m:
            width = min(<Py_ssize_t>PANEL, m - b)
            for j in range(width):
                pack_whole(X, cols[b + j], i, rows, whole, B + j * ld)
            add_products(whole, ld, m, k, A, b, width, B, out)
            b += width
        i += rows
        work += <double>rows * k * (m + k)
        if interrupted(&work):
            status = -2
            break
    free(block)
    return status


cdef int row_gram(Matrix *X, const double *unit, double **out) noexcept nogil:
    """Lower triangle of X diag(unit) X' (n x n), with rows as in gram_block; unit NULL: ones.

    Returns -1 where memory is out, -2 if interrupted."""
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
            memset(out[i], 0, (i + 1) * sizeof(double))
        j = 0
        while j < X.p:
            m = min(<Py_ssize_t>CHUNK, X.p - j)
            for k in range(m):
                col_pack(X, j + k, piece)
                size = 1.0 if unit == NULL else sqrt(unit[j + k])
                for i in range(X.n):
                    rows[i * ld + k] = size * piece[i]
            add_products(m, ld, 0, X.n, rows, 0, X.n, rows, out)
            j += m
            work += <double>m * X.n * X.n
            if interrupted(&work):
                status = -2
                break
    free(piece)
    free(block)
    return status


cdef int target_products(Matrix *X, const double *Y, Py_ssize_t t, double **out) noexcept nogil:
    """out[k][j] = x_j'y_k for rows y_k of Y (t, n), each orthogonal to root where X is centred.  Status as in gram_block.

    Cost n p t multiply-adds, for more than a few targets in tiles, and each column of dense X packed once."""
    cdef Py_ssize_t ld = packed_length(X.n), i, j = 0, k, width, rows
    cdef double *block
    cdef double *A
    cdef double *products                   # t x PANEL
    cdef double work = 0.0
    cdef int status = 0
    if X.sparse or t < WORTH_PACKING:
        for k in range(t):
            dots(X, NULL, X.p, Y + k * X.n, out[k])
            work += <double>X.n * X.p
            if interrupted(&work):
                return -2
        return 0
    block = <double *>malloc(PANEL * (ld + t) * sizeof(double) + ALIGNED)
    if block == NULL:
        return -1
    A = aligned(block)
    products = A + PANEL * ld
    while j < X.p and status == 0:
        width = min(<Py_ssize_t>PANEL, X.p - j)
        memset(products, 0, PANEL * t * sizeof(double))
        i = 0
        while i < X.n:
            rows = min(<Py_ssize_t>CHUNK, X.n - i)
            for k in range(width):
                part_pack(X, j + k, i, rows, A + k * ld)
            fr_rows_dot(t, width, rows, 1.0, Y + i, X.n, A, ld, products, PANEL, 0)
            i += rows
        for k in range(t):
            memcpy(out[k] + j, products + k * PANEL, width * sizeof(double))
        j += width
        work += <double>X.n * width * t
        if interrupted(&work):
            status = -2
    free(block)
    return status
