"""Blocks of the Gram matrix of X, and its products with several vectors.

Dense X is gone over in pieces of CHUNK rows that stay in cache while several columns use them; a piece is centred, weighted,
scaled and converted to float64 as it is packed, so that one code serves every layout and dtype and nothing cancels for columns
with a large mean.  Of sparse X stored entries meet, row by row or several columns at once.
"""

from libc.limits cimport INT_MAX
from libc.stdlib cimport calloc, free, malloc
from libc.math cimport INFINITY, sqrt
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport (
    FR_LANES, Matrix, col_pack, col_size, column, dots, fr_csc_copy, fr_csc_count, fr_csc_meet, fr_csc_panel, fr_csc_spread,
    fr_csc_square, fr_listed, fr_rows_dot, fr_span, interrupted, part_pack, subtract_product,
)


cdef enum:
    WORTH_PACKING = 5           # so many targets; for fewer, products column by column are faster
    PANEL = 48                  # columns packed at once against new ones: 200 kB, which stay in the second cache
    FEW_ENTRIES = 4             # times as many entries are a column that is packed for tiles
    PRODUCT_ROWS = 64           # of X, whole cache lines of each column, that several vectors are multiplied with at once
    PANEL_ROWS = 32_768         # of sparse columns side by side: 2 MB, for the same reason


cdef size_t packing_size(Py_ssize_t n, Py_ssize_t k) noexcept nogil:
    """Bytes in which gram_block packs k new columns, and those that it meets, of a dense X with n rows."""
    return (k + PANEL) * packed_length(n) * sizeof(double) + ALIGNED


cdef int gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out,
                    double *packing) noexcept nogil:
    """Rows m .. m + k - 1 of the lower triangle of the Gram matrix of columns cols[0 .. m + k - 1]:
    out[a][b] = x_cols[m + a]'x_cols[b] for b <= m + a; entries up to three places further are overwritten.

    Rows i and i' of the triangle with i // BLOCK = i' // BLOCK are at equal distances, and as long as the last of them.

    Cost n k (m + k/2) multiply-adds and k + PANEL packed columns of CHUNK rows; for sparse X as sparse_gram_block
    has it.

    packing: packing_size() bytes for a dense X, where no signal handler is to run, or NULL for what is allocated.  Returns
    -1 where memory is out, -2 if interrupted."""
    cdef double *block = packing
    cdef int status
    if X.sparse:
        return sparse_gram_block(X, cols, m, k, out)
    if packing == NULL:
        block = <double *>malloc(packing_size(X.n, k))
    if block == NULL:
        return -1
    status = dense_gram_block(X, cols, m, k, out, aligned(block), 0.0 if packing == NULL else -INFINITY)
    if packing == NULL:
        free(block)
    return status


cdef int sparse_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
    """gram_block from stored entries.

        new columns                 multiply-adds
        few, or rows are full       FR_LANES for each entry of a column and FR_LANES new ones: side by side in a panel
        more                        one for each entry of a column and entry of a new one in its row, in lists by rows

    Centring takes n mean_a mean_b off the product of the stored entries.  Where that would cancel more than two bits, for
    columns that are dense after all, they are unpacked."""
    cdef Py_ssize_t j, t, n = X.n, entries = 0, fresh = 0
    cdef double centre
    cdef int status
    for j in range(m + k):
        entries += col_size(X, cols[j])
        fresh += col_size(X, cols[j]) if j >= m else 0
        if X.centred:
            centre = X.scale * X.mean[column(X, cols[j])]
            if n * centre * centre > 0.75 * fr_csc_square(&X.csc, column(X, cols[j]), X.scale, X.root):
                return unpacked_gram_block(X, cols, m, k, out)
    # a panel for more rows than there are entries is mostly zeros that have to be written; places in lists are int32
    if n <= min(entries, <Py_ssize_t>PANEL_ROWS) and k * n <= FR_LANES * (n + fresh) or fresh > INT_MAX - n:
        status = panel_gram_block(X, cols, m, k, out)
    else:
        status = listed_gram_block(X, cols, m, k, out)
    if X.centred and status == 0:
        for j in range(k):
            centre = n * X.scale * X.mean[column(X, cols[m + j])]
            for t in range(m + j + 1):
                out[j][t] -= centre * (X.scale * X.mean[column(X, cols[t])])     # scale * scale may underflow
    return status


cdef int panel_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
    """gram_block of the stored entries: new columns are spread side by side, and the others meet all of them at once."""
    cdef double *panel = <double *>calloc(X.n * FR_LANES, sizeof(double))
    cdef double[FR_LANES] products
    cdef Py_ssize_t b = 0, j, t, width
    cdef double work = 0.0
    cdef int status = 0
    if panel == NULL:
        return -1
    while b < k and status == 0:
        width = min(<Py_ssize_t>FR_LANES, k - b)
        for t in range(width):
            fr_csc_spread(&X.csc, column(X, cols[m + b + t]), X.scale, X.root, panel + t)
        for j in range(m + b + width):
            fr_csc_panel(&X.csc, column(X, cols[j]), X.scale, X.root, panel, products)
            for t in range(max(<Py_ssize_t>0, j - m - b), width):
                out[b + t][j] = products[t]
            work += FR_LANES * <double>col_size(X, cols[j])
        for t in range(width):
            fr_csc_spread(&X.csc, column(X, cols[m + b + t]), 0.0, X.root, panel + t)
        b += width
        if interrupted(&work):
            status = -2
    free(panel)
    return status


cdef int listed_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out) noexcept nogil:
    """gram_block of the stored entries: those of new columns are listed by rows, and an entry of any column meets those in its
    row.  A new column meets those before it."""
    cdef Py_ssize_t i, j, t, room = 0
    cdef fr_span *rows = <fr_span *>calloc(X.n, sizeof(fr_span))
    cdef double *products = <double *>malloc((k + 2) * sizeof(double))
    cdef fr_listed *entries = NULL
    cdef double work = 0.0
    cdef int status = -1
    if rows != NULL and products != NULL:
        for j in range(m, m + k):
            fr_csc_count(&X.csc, column(X, cols[j]), rows)
        for i in range(X.n):
            t = (rows[i].end + 1) & ~1              # whole pairs
            rows[i].begin = rows[i].end = <int>room
            room += t
        entries = <fr_listed *>malloc((room + 1) * sizeof(fr_listed))
    if entries != NULL:
        status = 0
        for t in range(room):
            entries[t].value, entries[t].col = 0.0, k + (t & 1)
        for i in range(m + k):
            j = m + i if i < k else i - k           # the new ones first
            memset(products, 0, (k + 2) * sizeof(double))
            work += fr_csc_meet(&X.csc, column(X, cols[j]), X.scale, X.root, j - m, rows, entries, products)
            if j >= m:
                memcpy(out[j - m] + m, products, (j - m + 1) * sizeof(double))
            else:
                for t in range(k):
                    out[t][j] = products[t]
            if interrupted(&work):
                status = -2
                break
    free(rows)
    free(products)
    free(entries)
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


cdef int dense_gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out,
                          double *A, double work) noexcept nogil:
    """gram_block in chunks of rows, packed into A.  work: multiply-adds since the last look for signals, or -infinity."""
    cdef Py_ssize_t ld = packed_length(X.n), i, j, b, width, rows, whole
    cdef double *B = A + k * ld
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
            return -2
    return 0


cdef int row_gram(Matrix *X, const double *unit, double **out) noexcept nogil:
    """Lower triangle of X diag(unit) X' (n x n), with rows as in gram_block; unit NULL: ones.

    Cost n^2 p/2 multiply-adds; of a sparse column with few entries, half the square of their number.  Status as in
    gram_block."""
    cdef Py_ssize_t ld = packed_length(X.p), i, j = 0, m
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
        if X.sparse:
            status = row_gram_of_few(X, unit, out)
    while status == 0 and j < X.p:
        m = 0
        while m < CHUNK and j < X.p:
            if not (X.sparse and has_few(X, j)):
                col_pack(X, j, piece)
                size = 1.0 if unit == NULL else sqrt(unit[j])
                for i in range(X.n):
                    rows[i * ld + m] = size * piece[i]
                m += 1
            j += 1
        add_products(m, ld, 0, X.n, rows, 0, X.n, rows, out)
        work += <double>m * X.n * X.n
        if interrupted(&work):
            status = -2
    free(piece)
    free(block)
    return status


cdef inline bint has_few(Matrix *X, Py_ssize_t j) noexcept nogil:
    """Whether a sparse column costs less entry by entry than in a tile, and centring cancels no more than two bits."""
    cdef double centre = X.scale * X.mean[column(X, j)] if X.centred else 0.0
    return (FEW_ENTRIES * col_size(X, j) <= X.n
            and X.n * centre * centre <= 0.75 * fr_csc_square(&X.csc, column(X, j), X.scale, X.root))


cdef int row_gram_of_few(Matrix *X, const double *unit, double **out) noexcept nogil:
    """row_gram of the columns of which has_few holds, added to out.

    With v the stored entries, centre c: sum_j u_j (v_i - c root_i)(v_k - c root_k), of which what has c in it needs one number
    a row and one in all."""
    cdef Py_ssize_t a, b, i, j, k, size
    cdef double *values = <double *>malloc(2 * X.n * sizeof(double))
    cdef double *along = values + X.n               # sum_j u_j c_j v_ij
    cdef int *rows = <int *>malloc(X.n * sizeof(int))
    cdef double u, c, across = 0.0, work = 0.0, root
    cdef int status = 0
    if values == NULL or rows == NULL:
        status = -1
    else:
        memset(along, 0, X.n * sizeof(double))
        for j in range(X.p):
            if not has_few(X, j):
                continue
            u = 1.0 if unit == NULL else unit[j]
            c = X.scale * X.mean[column(X, j)] if X.centred else 0.0
            size = fr_csc_copy(&X.csc, column(X, j), X.scale, X.root, values, rows)
            across += u * c * c
            for a in range(size):
                i = rows[a]
                along[i] += u * c * values[a]
                for b in range(size):
                    if rows[b] <= i:
                        out[i][rows[b]] += u * values[a] * values[b]
            work += <double>size * size
            if interrupted(&work):
                status = -2
                break
        for i in range(X.n if status == 0 and X.centred else 0):
            root = 1.0 if X.root == NULL else X.root[i]
            for k in range(i + 1):
                c = 1.0 if X.root == NULL else X.root[k]
                out[i][k] += root * c * across - c * along[i] - root * along[k]
    free(values)
    free(rows)
    return status


cdef int target_products(Matrix *X, const double *Y, Py_ssize_t ldy, Py_ssize_t t, double **out) noexcept nogil:
    """out[k][j] = x_j'y_k for t rows y_k of Y, ldy apart, each orthogonal to root where X is centred.  Status as in gram_block.

    Cost n p t multiply-adds, for more than a few targets in tiles, and each column of dense X packed once."""
    cdef Py_ssize_t ld = packed_length(X.n), i, j = 0, k, width, rows
    cdef double *block
    cdef double *A
    cdef double *products                   # t x PANEL
    cdef double work = 0.0
    cdef int status = 0
    if X.sparse or t < WORTH_PACKING:
        for k in range(t):
            dots(X, NULL, X.p, Y + k * ldy, out[k])
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
            fr_rows_dot(t, width, rows, 1.0, Y + i, ldy, A, ld, products, PANEL, 0)
            i += rows
        for k in range(t):
            memcpy(out[k] + j, products + k * PANEL, width * sizeof(double))
        j += width
        work += <double>X.n * width * t
        if interrupted(&work):
            status = -2
    free(block)
    return status


cdef int subtract_products(Matrix *X, const double *W, Py_ssize_t t, double *R, Py_ssize_t ldr) noexcept nogil:
    """R_k -= X w_k for t rows w_k of W (t, p) and rows of R, n long and one more; settled.  Status as in gram_block.

    Cost n p t multiply-adds, for more than a few targets in tiles, and each entry of dense X packed once."""
    cdef Py_ssize_t ld = packed_length(X.p), i = 0, j, k, a, rows, width
    cdef double *block
    cdef double *B                          # rows of X
    cdef double *piece
    cdef double work = 0.0
    cdef int status = 0
    if X.sparse or t < WORTH_PACKING:
        for k in range(t):
            subtract_product(X, W + k * X.p, R + k * ldr)
            work += <double>X.n * X.p
            if interrupted(&work):
                return -2
        return 0
    block = <double *>malloc((PRODUCT_ROWS * (ld + 1)) * sizeof(double) + ALIGNED)
    if block == NULL:
        return -1
    B = aligned(block)
    piece = B + PRODUCT_ROWS * ld
    while i < X.n and status == 0:
        rows = min(<Py_ssize_t>PRODUCT_ROWS, X.n - i)
        j = 0
        while j < X.p:
            width = min(<Py_ssize_t>CHUNK, X.p - j)
            for k in range(width):
                part_pack(X, j + k, i, rows, piece)
                for a in range(rows):
                    B[a * ld + k] = piece[a]
            fr_rows_dot(t, rows, width, -1.0, W + j, X.p, B, ld, R + i, ldr, 0)
            j += width
        i += rows
        work += <double>rows * X.p * t
        if interrupted(&work):
            status = -2
    free(block)
    return status
