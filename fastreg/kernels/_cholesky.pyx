"""Cholesky factors by rows.

L is row-major, so that everything is a product of rows: an entry is (a_ij - l_i'l_j) / l_jj over the columns before j.
Rows are appended in blocks (the products by fr_rows_dot, at nearly the speed of a matrix product) and removed by plane
rotations (Golub and Van Loan, 2013, Matrix Computations, 4th ed., section 6.5.2), which costs (m - k)^2 instead of a new
factor.  A pivot below pivot_tol times its diagonal entry stops an extension: its row depends on those before it.

BLOCK rows at a time are allocated, as long as the last of them: the triangle takes 4 m (m + BLOCK) bytes, and what is there
stays where it is when it grows.
"""

from libc.math cimport hypot, sqrt
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from fastreg.kernels._design cimport fr_axpy_f64, fr_dot_f64, fr_rows_dot

cdef enum:
    TOGETHER = 4                # rows rotated side by side


cdef int factor_reserve(Factor *F, Py_ssize_t m) noexcept nogil:
    """Make room for m rows; what is factored stays where it is.  Returns -1 where memory is out."""
    cdef Py_ssize_t i, ld
    cdef double **L
    cdef double *block
    if m <= F.room:
        return 0
    L = <double **>realloc(F.L, (m + BLOCK) * sizeof(double *))
    if L == NULL:
        return -1
    F.L = L
    while F.room < m:
        ld = row_length(F.room)
        block = <double *>malloc(BLOCK * ld * sizeof(double))
        if block == NULL:
            return -1
        for i in range(BLOCK):
            L[F.room + i] = block + i * ld
        F.room += BLOCK
    return 0


cdef void factor_free(Factor *F) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(F.room // BLOCK):
        free(F.L[i * BLOCK])
    free(F.L)
    F.L, F.room, F.m = NULL, 0, 0


cdef Py_ssize_t factor_extend(Factor *F, Py_ssize_t k, double pivot_tol) noexcept nogil:
    """Factor the k rows after the first m, which hold A's lower triangle; m grows by the rows done, which are returned.

    Fewer than k: the next row depends on those before it; it then holds l with L l = a, so that L' v = l expresses it by
    them, and its pivot on the diagonal; the rows after it are to be filled again."""
    cdef Py_ssize_t done = 0, rows, first, c, b, i, j, ld
    cdef double **L = F.L
    cdef double *row
    cdef double diagonal[BLOCK]
    cdef double pivot
    while done < k:
        first = F.m
        rows, ld = min(BLOCK - first % BLOCK, k - done), row_length(first)      # not beyond the end of a block
        # columns before this block: L[rows, c:c+b] = (A[rows, c:c+b] - L[rows, :c] L[c:c+b, :c]') inv(L[c:c+b, c:c+b])'
        c = 0
        while c < first:
            b = min(<Py_ssize_t>BLOCK, first - c)
            fr_rows_dot(rows, b, c, -1.0, L[first], ld, L[c], row_length(c), L[first] + c, ld, 0)
            for i in range(first, first + rows):
                row = L[i]
                for j in range(c, c + b):
                    row[j] = (row[j] - fr_dot_f64(j - c, row + c, 1, 0.0, L[j] + c)) / L[j][j]
            c += b
        for i in range(first, first + rows):
            diagonal[i - first] = L[i][i]
        fr_rows_dot(rows, rows, first, -1.0, L[first], ld, L[first], ld, L[first] + first, ld, 1)
        for i in range(first, first + rows):
            row = L[i]
            for j in range(first, i):
                row[j] = (row[j] - fr_dot_f64(j - first, row + first, 1, 0.0, L[j] + first)) / L[j][j]
            pivot = row[i] - fr_dot_f64(i - first, row + first, 1, 0.0, row + first)
            if not pivot > pivot_tol * diagonal[i - first]:
                row[i] = pivot
                return done
            row[i] = sqrt(pivot)
            F.m += 1
            done += 1
    return done


cdef void factor_remove(Factor *F, Py_ssize_t k, double *scratch) noexcept nogil:
    """Remove row and column k of A from the factor.  scratch: 2 m doubles.  Cost 3 (m - k)^2 multiply-adds.

    Rows after k move up and stick out by one column; rotating columns t and t + 1 together, for t = k, k + 1, ..., takes
    that back.  Each row is rotated by all rotations of the rows above it before it makes its own, so L is read once; one
    row's rotations wait for each other, so TOGETHER rows are rotated side by side."""
    cdef Py_ssize_t i, b, rows, m = F.m
    cdef double *c = scratch
    cdef double *s = scratch + m
    cdef double **row               # row[b + 1] goes to row[b]
    cdef double carry[TOGETHER]
    cdef double x, h
    i = k
    while i < m - 1:
        rows, row = min(<Py_ssize_t>TOGETHER, m - 1 - i), F.L + i
        for b in range(rows):
            memcpy(row[b], row[b + 1], k * sizeof(double))
            carry[b] = row[b + 1][k]
        if rows == TOGETHER:
            rotate_rows(row, k, i, c, s, carry)
        else:
            for b in range(rows):
                carry[b] = rotate_row(row + b, k, i, c, s, carry[b])
        for b in range(rows):
            carry[b] = rotate_row(row + b, i, i + b, c, s, carry[b])
            x = row[b + 1][i + b + 1]
            h = length(carry[b], x)
            c[i + b], s[i + b] = carry[b] / h, x / h
            row[b][i + b] = h
        i += rows
    F.m = m - 1


cdef inline double length(double a, double b) noexcept nogil:
    """sqrt(a^2 + b^2); hypot takes ten times as long, and is for squares that overflow or vanish"""
    cdef double square = a * a + b * b
    return sqrt(square) if 1e-280 < square < 1e280 else hypot(a, b)


cdef inline double rotate_row(double **row, Py_ssize_t start, Py_ssize_t end, const double *c, const double *s,
                              double carry) noexcept nogil:
    """Rotate columns start .. end - 1 of row[1] into row[0]; carry comes in and goes out."""
    cdef Py_ssize_t t
    cdef double x
    cdef double *to = row[0]
    cdef double *of = row[1]
    for t in range(start, end):
        x = of[t + 1]
        to[t] = c[t] * carry + s[t] * x
        carry = c[t] * x - s[t] * carry
    return carry


cdef inline void rotate_rows(double **rows, Py_ssize_t start, Py_ssize_t end, const double *c, const double *s,
                             double *carry) noexcept nogil:
    """rotate_row for TOGETHER rows: a row's columns are read before the row above it, one column behind, writes them."""
    cdef Py_ssize_t t, b
    cdef double x, ct, st
    cdef double *row[TOGETHER + 1]
    for b in range(TOGETHER + 1):
        row[b] = rows[b]
    for t in range(start, end):
        ct, st = c[t], s[t]
        for b in range(TOGETHER):
            x = row[b + 1][t + 1]
            row[b][t] = ct * carry[b] + st * x
            carry[b] = ct * x - st * carry[b]


cdef void solve_lower(Factor *F, Py_ssize_t m, double *x) noexcept nogil:
    """x = inv(L) x with the first m rows"""
    cdef Py_ssize_t i
    for i in range(m):
        x[i] = (x[i] - fr_dot_f64(i, F.L[i], 1, 0.0, x)) / F.L[i][i]


cdef void solve_upper(Factor *F, Py_ssize_t m, double *x) noexcept nogil:
    """x = inv(L') x with the first m rows"""
    cdef Py_ssize_t i
    for i in range(m - 1, -1, -1):
        x[i] = x[i] / F.L[i][i]
        fr_axpy_f64(i, -x[i], F.L[i], 1, 0.0, x)
