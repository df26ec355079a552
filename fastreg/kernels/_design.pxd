"""The matrices that a solver may stand on, behind one fused type, and their column primitives.

A solver's state s is the residual r = y - Xw for Dense and the gradient q = X'r for Gram; each loop over columns is
written once, in terms of col_dot (x_j'r) and col_axpy (the state after w_j has grown by a).  The column of a Dense is
scale * (x_j - mean_j): centred and scaled implicitly, X itself is never written or copied.
"""

cdef extern from "lanes.h" nogil:
    void check "FR_CHECK"(bint condition) noexcept
    double fr_sum_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift) noexcept
    double fr_sum_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift) noexcept
    double fr_sumsq_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, double scale) noexcept
    double fr_sumsq_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift, double scale) noexcept
    double fr_dot_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, const double *r) noexcept
    double fr_dot_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift, const double *r) noexcept
    void fr_axpy_f64(Py_ssize_t n, double a, const double *x, Py_ssize_t stride, double shift, double *y) noexcept
    void fr_axpy_f32(Py_ssize_t n, double a, const float *x, Py_ssize_t stride, double shift, double *y) noexcept
    void fr_pack_f64(Py_ssize_t n, double a, const double *x, Py_ssize_t stride, double shift, double *y) noexcept
    void fr_pack_f32(Py_ssize_t n, double a, const float *x, Py_ssize_t stride, double shift, double *y) noexcept
    void fr_rows_dot(Py_ssize_t ma, Py_ssize_t mb, Py_ssize_t k, double sign, const double *A, Py_ssize_t lda,
                     const double *B, Py_ssize_t ldb, double *out, Py_ssize_t ldo, int lower) noexcept
    void fr_prefetch(const void *from_, Py_ssize_t size) noexcept
    Py_ssize_t fr_bounds_over(Py_ssize_t p, const double *c, const double *size, const int *e, const double *a,
                              const double *d, double limit, Py_ssize_t *over, double *most) noexcept

ctypedef struct Dense:          # n x p, any strides (in elements), float32 or float64
    const void *data
    bint single                 # float32
    Py_ssize_t n, p, row_stride, col_stride
    const double *mean          # (p,): zeros without an intercept
    double scale                # a power of two; 1 unless the squares of X would leave the range of float64
    const Py_ssize_t *cols      # NULL, or the columns of X that columns 0 .. p - 1 of this matrix stand for

ctypedef struct Gram:           # p x p, symmetric
    const double *G
    Py_ssize_t p, ld

ctypedef fused Design:
    Dense
    Gram


cdef inline Py_ssize_t column(Dense *X, Py_ssize_t j) noexcept nogil:
    """the column of the user's X that column j stands for"""
    check(0 <= j < X.p)
    return j if X.cols == NULL else X.cols[j]


cdef inline const void *entry_address(Dense *X, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """where x_ij lies"""
    cdef Py_ssize_t at = i * X.row_stride + column(X, j) * X.col_stride
    check(0 <= i < X.n)
    return <const void *>(<const float *>X.data + at) if X.single else <const void *>(<const double *>X.data + at)


cdef inline double entry(Dense *X, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """x_ij as the user holds it"""
    cdef const void *at = entry_address(X, i, j)
    return (<const float *>at)[0] if X.single else (<const double *>at)[0]


cdef inline double part_sum(Dense *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m) noexcept nogil:
    """sum of rows i .. i + m - 1 of the unscaled x_j - mean_j"""
    cdef Py_ssize_t k = column(X, j), at = i * X.row_stride + k * X.col_stride
    check(0 <= i and i + m <= X.n)
    if X.single:
        return fr_sum_f32(m, <const float *>X.data + at, X.row_stride, X.mean[k])
    return fr_sum_f64(m, <const double *>X.data + at, X.row_stride, X.mean[k])


cdef inline double part_sumsq(Dense *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m) noexcept nogil:
    """|x_j[i:i + m]|^2"""
    cdef Py_ssize_t k = column(X, j), at = i * X.row_stride + k * X.col_stride
    check(0 <= i and i + m <= X.n)
    if X.single:
        return fr_sumsq_f32(m, <const float *>X.data + at, X.row_stride, X.mean[k], X.scale)
    return fr_sumsq_f64(m, <const double *>X.data + at, X.row_stride, X.mean[k], X.scale)


cdef inline double part_dot(Dense *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, const double *r) noexcept nogil:
    """x_j[i:i + m]'r, r of length m"""
    cdef Py_ssize_t k = column(X, j), at = i * X.row_stride + k * X.col_stride
    check(0 <= i and i + m <= X.n)
    if X.single:
        return X.scale * fr_dot_f32(m, <const float *>X.data + at, X.row_stride, X.mean[k], r)
    return X.scale * fr_dot_f64(m, <const double *>X.data + at, X.row_stride, X.mean[k], r)


cdef inline void part_axpy(Dense *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, double a, double *r) noexcept nogil:
    """r += a x_j[i:i + m], r of length m"""
    cdef Py_ssize_t k = column(X, j), at = i * X.row_stride + k * X.col_stride
    check(0 <= i and i + m <= X.n)
    if X.single:
        fr_axpy_f32(m, a * X.scale, <const float *>X.data + at, X.row_stride, X.mean[k], r)
    else:
        fr_axpy_f64(m, a * X.scale, <const double *>X.data + at, X.row_stride, X.mean[k], r)


cdef inline void part_pack(Dense *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, double *out) noexcept nogil:
    """out = x_j[i:i + m], contiguous"""
    cdef Py_ssize_t k = column(X, j), at = i * X.row_stride + k * X.col_stride
    check(0 <= i and i + m <= X.n)
    if X.single:
        fr_pack_f32(m, X.scale, <const float *>X.data + at, X.row_stride, X.mean[k], out)
    else:
        fr_pack_f64(m, X.scale, <const double *>X.data + at, X.row_stride, X.mean[k], out)


cdef inline double col_dot(Design *X, Py_ssize_t j, const double *s) noexcept nogil:
    """x_j'r at state s"""
    if Design is Gram:
        return s[j]
    else:
        return part_dot(X, j, 0, X.n, s)


cdef inline void col_axpy(Design *X, Py_ssize_t j, double a, double *s) noexcept nogil:
    """the state after w_j grew by a: r -= a x_j, or q -= a G_j"""
    if Design is Gram:
        check(0 <= j < X.p)
        fr_axpy_f64(X.p, -a, X.G + j * X.ld, 1, 0.0, s)
    else:
        part_axpy(X, j, 0, X.n, -a, s)


cdef void dots(Dense *X, const Py_ssize_t *cols, Py_ssize_t m, const double *r, double *out) noexcept nogil
cdef void subtract_product(Dense *X, const double *w, double *r) noexcept nogil
cdef int gram_block(Dense *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double *out, Py_ssize_t ldo) noexcept nogil
cdef int row_gram(Dense *X, double *out, Py_ssize_t ldo) noexcept nogil
cdef int raise_for(int status, object what) except -1
cdef bint interrupted(double *work) noexcept nogil


cdef class Columns:
    """X as its user holds it, with what one reading tells: means, squared norms and X'y."""
    cdef Dense X
    cdef object owner
    cdef Py_buffer view
    cdef bint held
    cdef readonly bint finite
    cdef double *mean
    cdef double *sq
    cdef double *xy
    cdef double *gram           # X'X, p x p, or NULL
