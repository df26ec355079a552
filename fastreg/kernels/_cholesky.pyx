"""Cholesky factors by rows.

L is row-major, so that everything is a product of rows: an entry is (a_ij - l_i'l_j) / l_jj over the columns before j.
Rows are appended in blocks (the products by fr_rows_dot, at nearly the speed of a matrix product) and removed by plane
rotations (Golub and Van Loan, 2013, Matrix Computations, 4th ed., section 6.5.2), which costs (m - k)^2 instead of a new
factor.  A pivot below pivot_tol times its diagonal entry stops an extension: its row depends on those before it.
"""

from libc.math cimport hypot, sqrt
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from fastreg.kernels._design cimport fr_axpy_f64, fr_dot_f64, fr_rows_dot

cdef enum:
    BLOCK = 48                  # rows appended at once, and columns solved before the next product
    TOGETHER = 4                # rows rotated side by side


cdef int factor_reserve(Factor *F, Py_ssize_t m) noexcept nogil:
    """Make room for m rows; what is factored stays.  Returns -1 where memory is out."""
    cdef Py_ssize_t i, j, ld
    cdef double *L
    if m <= F.ld:
        return 0
    ld = max(m, min(2 * F.ld, F.ld + 1024))
    L = <double *>calloc(ld * ld, sizeof(double))
    if L == NULL:
        return -1
    for i in range(F.m):
        for j in range(i + 1):
            L[i * ld + j] = F.L[i * F.ld + j]
    free(F.L)
    F.L, F.ld = L, ld
    return 0


cdef void factor_free(Factor *F) noexcept nogil:
    free(F.L)
    F.L, F.ld, F.m = NULL, 0, 0


cdef Py_ssize_t factor_extend(Factor *F, Py_ssize_t k, double pivot_tol) noexcept nogil:
    """Factor the k rows after the first m, which hold A's lower triangle; m grows by the rows done, which are returned.

    Fewer than k: the next row depends on those before it; it then holds l with L l = a, so that L' v = l expresses it by
    them, and its pivot on the diagonal; the rows after it are to be filled again."""
    cdef Py_ssize_t done = 0, rows, first, c, b, i, j, ld = F.ld
    cdef double *L = F.L
    cdef double *row
    cdef double diagonal[BLOCK]
    cdef double pivot
    while done < k:
        rows, first = min(<Py_ssize_t>BLOCK, k - done), F.m
        # columns before this block: L[rows, c:c+b] = (A[rows, c:c+b] - L[rows, :c] L[c:c+b, :c]') inv(L[c:c+b, c:c+b])'
        c = 0
        while c < first:
            b = min(<Py_ssize_t>BLOCK, first - c)
            fr_rows_dot(rows, b, c, -1.0, L + first * ld, ld, L + c * ld, ld, L + first * ld + c, ld, 0)
            for i in range(first, first + rows):
                row = L + i * ld
                for j in range(c, c + b):
                    row[j] = (row[j] - fr_dot_f64(j - c, row + c, 1, 0.0, L + j * ld + c)) / L[j * ld + j]
            c += b
        for i in range(first, first + rows):
            diagonal[i - first] = L[i * ld + i]
        fr_rows_dot(rows, rows, first, -1.0, L + first * ld, ld, L + first * ld, ld, L + first * ld + first, ld, 1)
        for i in range(first, first + rows):
            row = L + i * ld
            for j in range(first, i):
                row[j] = (row[j] - fr_dot_f64(j - first, row + first, 1, 0.0, L + j * ld + first)) / L[j * ld + j]
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
    cdef Py_ssize_t i, b, rows, m = F.m, ld = F.ld
    cdef double *c = scratch
    cdef double *s = scratch + m
    cdef double *first              # where the first of these rows goes; the next row is where it is now
    cdef double *row
    cdef double carry[TOGETHER]
    cdef double x, h
    i = k
    while i < m - 1:
        rows, first = min(<Py_ssize_t>TOGETHER, m - 1 - i), F.L + i * ld
        for b in range(rows):
            memcpy(first + b * ld, first + (b + 1) * ld, k * sizeof(double))
            carry[b] = first[(b + 1) * ld + k]
        if rows == TOGETHER:
            rotate_rows(first, ld, k, i, c, s, carry)
        else:
            for b in range(rows):
                carry[b] = rotate_row(first + b * ld, ld, k, i, c, s, carry[b])
        for b in range(rows):
            row = first + b * ld
            carry[b] = rotate_row(row, ld, i, i + b, c, s, carry[b])
            x = row[ld + i + b + 1]
            h = length(carry[b], x)
            c[i + b], s[i + b] = carry[b] / h, x / h
            row[i + b] = h
        i += rows
    F.m = m - 1


cdef inline double length(double a, double b) noexcept nogil:
    """sqrt(a^2 + b^2); hypot takes ten times as long, and is for squares that overflow or vanish"""
    cdef double square = a * a + b * b
    return sqrt(square) if 1e-280 < square < 1e280 else hypot(a, b)


cdef inline double rotate_row(double *row, Py_ssize_t ld, Py_ssize_t start, Py_ssize_t end, const double *c, const double *s,
                              double carry) noexcept nogil:
    """Rotate columns start .. end - 1 of the row that stands below `row`, into `row`; carry comes in and goes out."""
    cdef Py_ssize_t t
    cdef double x
    for t in range(start, end):
        x = row[ld + t + 1]
        row[t] = c[t] * carry + s[t] * x
        carry = c[t] * x - s[t] * carry
    return carry


cdef inline void rotate_rows(double *first, Py_ssize_t ld, Py_ssize_t start, Py_ssize_t end, const double *c, const double *s,
                             double *carry) noexcept nogil:
    """rotate_row for TOGETHER rows: a row's columns are read before the row above it, one column behind, writes them."""
    cdef Py_ssize_t t, b
    cdef double x, ct, st
    cdef double *row
    for t in range(start, end):
        row, ct, st = first + t, c[t], s[t]
        for b in range(TOGETHER):
            x = row[ld + 1]
            row[0] = ct * carry[b] + st * x
            carry[b] = ct * x - st * carry[b]
            row += ld


cdef void solve_lower(Factor *F, Py_ssize_t m, double *x) noexcept nogil:
    """x = inv(L) x with the first m rows"""
    cdef Py_ssize_t i
    for i in range(m):
        x[i] = (x[i] - fr_dot_f64(i, F.L + i * F.ld, 1, 0.0, x)) / F.L[i * F.ld + i]


cdef void solve_upper(Factor *F, Py_ssize_t m, double *x) noexcept nogil:
    """x = inv(L') x with the first m rows"""
    cdef Py_ssize_t i
    for i in range(m - 1, -1, -1):
        x[i] = x[i] / F.L[i * F.ld + i]
        fr_axpy_f64(i, -x[i], F.L + i * F.ld, 1, 0.0, x)
