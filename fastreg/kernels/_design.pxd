"""The matrices that a solver may stand on, behind one fused type, and their column primitives.

A solver's state s is the residual r = y - Xw for a Matrix and the gradient q = X'r for a Gram; each loop over columns is
written once, in terms of col_dot (x_j'r) and col_axpy (the state after w_j has grown by a).

Column j of a Matrix is root * scale * (x_j - mean_j): centred, weighted and scaled implicitly; the user's X is never written
or copied.  A sparse X stays sparse: what centring adds to the residual is one number times root, which col_axpy keeps in s[n]
(so a state has n + 1 entries) and settle adds where the residual itself is needed (as in Lasso.jl).
"""

cdef extern from "lanes.h" nogil:
    void check "FR_CHECK"(bint condition) noexcept
    double fr_sum_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift) noexcept
    double fr_sum_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift) noexcept
    double fr_wmoments_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, double scale, const double *r,
                           const double *root, double *dot) noexcept
    double fr_wmoments_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift, double scale, const double *r,
                           const double *root, double *dot) noexcept
    double fr_dot_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, const double *r) noexcept
    double fr_wdot_f64(Py_ssize_t n, const double *x, Py_ssize_t stride, double shift, const double *r,
                       const double *root) noexcept
    double fr_wdot_f32(Py_ssize_t n, const float *x, Py_ssize_t stride, double shift, const double *r,
                       const double *root) noexcept
    void fr_axpy_f64(Py_ssize_t n, double a, const double *x, Py_ssize_t stride, double shift, double *y) noexcept
    void fr_waxpy_f64(Py_ssize_t n, double a, const double *x, Py_ssize_t stride, double shift, double *y,
                      const double *root) noexcept
    void fr_waxpy_f32(Py_ssize_t n, double a, const float *x, Py_ssize_t stride, double shift, double *y,
                      const double *root) noexcept
    void fr_wpack_f64(Py_ssize_t n, double a, const double *x, Py_ssize_t stride, double shift, double *y,
                      const double *root) noexcept
    void fr_wpack_f32(Py_ssize_t n, double a, const float *x, Py_ssize_t stride, double shift, double *y,
                      const double *root) noexcept
    void fr_rows_dot(Py_ssize_t ma, Py_ssize_t mb, Py_ssize_t k, double sign, const double *A, Py_ssize_t lda,
                     const double *B, Py_ssize_t ldb, double *out, Py_ssize_t ldo, int lower) noexcept
    double fr_largest(Py_ssize_t n, const double *x) noexcept
    void fr_prefetch(const void *from_, Py_ssize_t size) noexcept
    Py_ssize_t fr_bounds_start(Py_ssize_t p, const double *sq, const double *xy, double *size, double *c) noexcept
    Py_ssize_t fr_bounds_over(Py_ssize_t p, const double *c, const double *size, const int *e, const double *ad,
                              Py_ssize_t pairs, const signed char *side, double limit, Py_ssize_t *over,
                              double *most) noexcept

cdef extern from "sparse.h" nogil:
    ctypedef struct fr_csc:
        const void *data
        const void *indices
        const void *indptr
        const double *shift
        Py_ssize_t size
        int single, wide
    ctypedef struct fr_listed:
        double value
        Py_ssize_t col
    ctypedef struct fr_span:
        int begin, end
    enum: FR_LANES
    Py_ssize_t fr_csc_end(const fr_csc *X, Py_ssize_t p) noexcept
    Py_ssize_t fr_csc_longest(const fr_csc *X, Py_ssize_t p) noexcept
    Py_ssize_t fr_csc_size(const fr_csc *X, Py_ssize_t j) noexcept
    double fr_csc_dot(const fr_csc *X, Py_ssize_t j, const double *root, const double *r) noexcept
    void fr_csc_dots(const fr_csc *X, const Py_ssize_t *cols, Py_ssize_t m, const double *root, const double *r,
                     double *out) noexcept
    void fr_csc_combine(const fr_csc *X, Py_ssize_t m, const double *a, double *y) noexcept
    Py_ssize_t fr_csc_copy(const fr_csc *X, Py_ssize_t j, double scale, const double *root, double *values, int *rows) noexcept
    double fr_csc_square(const fr_csc *X, Py_ssize_t j, double scale, const double *root) noexcept
    void fr_csc_spread(const fr_csc *X, Py_ssize_t j, double scale, const double *root, double *out) noexcept
    void fr_csc_panel(const fr_csc *X, Py_ssize_t j, double scale, const double *root, const double *panel,
                      double *out) noexcept
    void fr_csc_count(const fr_csc *X, Py_ssize_t j, fr_span *row) noexcept
    Py_ssize_t fr_csc_meet(const fr_csc *X, Py_ssize_t j, double scale, const double *root, Py_ssize_t col, fr_span *row,
                           fr_listed *list, double *products) noexcept
    void fr_csc_axpy(const fr_csc *X, Py_ssize_t j, double a, const double *root, double *y) noexcept
    void fr_csc_statistics(const fr_csc *X, Py_ssize_t n, Py_ssize_t p, int centre, double scale, const double *root,
                           const double *y, double *mean, double *sq, double *dot, double *shift, double *rest) noexcept

cdef enum:
    STRIDED_ROWS = 64           # of columns that are not contiguous: so few lines stay in the first cache for their neighbours

ctypedef struct Matrix:         # n x p
    bint sparse
    const void *data            # dense: float32 or float64 at any strides, in elements
    bint single
    Py_ssize_t n, p, row_stride, col_stride
    fr_csc csc                  # sparse
    bint centred
    const double *mean          # (p,): zeros where not centred; of a sparse X, what csc.shift has not taken off
    double scale                # a power of two; 1 unless the squares of X would leave the range of float64
    const double *root          # (n,): square roots of the rows' weights, which add up to n; NULL where all are 1
    const Py_ssize_t *cols      # NULL, or the columns of X that columns 0 .. p - 1 of this matrix stand for

ctypedef struct Gram:           # p x p, symmetric
    const double *G
    Py_ssize_t p, ld

ctypedef fused Design:
    Matrix
    Gram


cdef inline void dense_matrix(Matrix *X, const void *data, Py_ssize_t item, int dimensions, const Py_ssize_t *shape,
                              const Py_ssize_t *strides) noexcept nogil:
    """X = the float32 or float64 array of a buffer, one column if it has one dimension; not centred, scaled or weighted, and
    without the mean"""
    X.sparse, X.single, X.data = False, item == sizeof(float), data
    X.n, X.row_stride = shape[0], strides[0] // item
    X.p, X.col_stride = 1, 0
    if dimensions == 2:
        X.p, X.col_stride = shape[1], strides[1] // item
    X.centred, X.mean, X.scale, X.root, X.cols = False, NULL, 1.0, NULL, NULL


cdef inline Py_ssize_t column(Matrix *X, Py_ssize_t j) noexcept nogil:
    """the column of the user's X that column j stands for"""
    check(0 <= j < X.p)
    return j if X.cols == NULL else X.cols[j]


cdef inline const void *entry_address(Matrix *X, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """where x_ij lies; X dense"""
    cdef Py_ssize_t at = i * X.row_stride + column(X, j) * X.col_stride
    check(0 <= i < X.n and not X.sparse)
    return <const void *>(<const float *>X.data + at) if X.single else <const void *>(<const double *>X.data + at)


cdef inline double entry(Matrix *X, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
    """x_ij as the user holds it; X dense"""
    cdef const void *at = entry_address(X, i, j)
    return (<const float *>at)[0] if X.single else (<const double *>at)[0]


cdef inline const double *part_root(Matrix *X, Py_ssize_t i, Py_ssize_t m) noexcept nogil:
    """root from row i on"""
    check(0 <= i and i + m <= X.n)
    return X.root if X.root == NULL else X.root + i


# Rows i .. i + m - 1 of column j of a dense X.

cdef inline double part_sum(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m) noexcept nogil:
    """sum_i s_i (x_ij - mean_j), s_i = root_i^2, unscaled"""
    cdef const void *x = entry_address(X, i, j)
    cdef const double *root = part_root(X, i, m)
    cdef double shift = X.mean[column(X, j)]
    if root == NULL:
        return (fr_sum_f32(m, <const float *>x, X.row_stride, shift) if X.single
                else fr_sum_f64(m, <const double *>x, X.row_stride, shift))
    return (fr_wdot_f32(m, <const float *>x, X.row_stride, shift, root, root) if X.single
            else fr_wdot_f64(m, <const double *>x, X.row_stride, shift, root, root))


cdef inline double part_moments(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, const double *r,
                                double *dot) noexcept nogil:
    """|x_j[i:i + m]|^2, and dot += x_j[i:i + m]'r, r of length m"""
    cdef const void *x = entry_address(X, i, j)
    cdef double shift = X.mean[column(X, j)], product = 0.0, squares
    if X.single:
        squares = fr_wmoments_f32(m, <const float *>x, X.row_stride, shift, X.scale, r, part_root(X, i, m), &product)
    else:
        squares = fr_wmoments_f64(m, <const double *>x, X.row_stride, shift, X.scale, r, part_root(X, i, m), &product)
    dot[0] += X.scale * product
    return squares


cdef inline double part_dot(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, const double *r) noexcept nogil:
    """x_j[i:i + m]'r, r of length m"""
    cdef const void *x = entry_address(X, i, j)
    cdef double shift = X.mean[column(X, j)]
    return X.scale * (fr_wdot_f32(m, <const float *>x, X.row_stride, shift, r, part_root(X, i, m)) if X.single
                      else fr_wdot_f64(m, <const double *>x, X.row_stride, shift, r, part_root(X, i, m)))


cdef inline void part_axpy(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, double a, double *r) noexcept nogil:
    """r += a x_j[i:i + m], r of length m"""
    cdef const void *x = entry_address(X, i, j)
    cdef double shift = X.mean[column(X, j)]
    if X.single:
        fr_waxpy_f32(m, a * X.scale, <const float *>x, X.row_stride, shift, r, part_root(X, i, m))
    else:
        fr_waxpy_f64(m, a * X.scale, <const double *>x, X.row_stride, shift, r, part_root(X, i, m))


cdef inline void part_pack(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, double *out) noexcept nogil:
    """out = x_j[i:i + m], contiguous"""
    cdef const void *x = entry_address(X, i, j)
    cdef double shift = X.mean[column(X, j)]
    if X.single:
        fr_wpack_f32(m, X.scale, <const float *>x, X.row_stride, shift, out, part_root(X, i, m))
    else:
        fr_wpack_f64(m, X.scale, <const double *>x, X.row_stride, shift, out, part_root(X, i, m))


# Whole columns, dense or sparse.

cdef inline double col_dot(Design *X, Py_ssize_t j, const double *s) noexcept nogil:
    """x_j'r at state s; where X is sparse and centred, r must be orthogonal to root, as y and every column are"""
    cdef Py_ssize_t k
    if Design is Gram:
        return s[j]
    elif X.sparse:
        # root'(root x_j) = n mean_j is what the number in s[n] meets
        k = column(X, j)
        return X.scale * (fr_csc_dot(&X.csc, k, X.root, s) + s[X.n] * X.n * X.mean[k])
    else:
        return part_dot(X, j, 0, X.n, s)


cdef inline void col_axpy(Design *X, Py_ssize_t j, double a, double *s) noexcept nogil:
    """the state after w_j grew by a: r -= a x_j, or q -= a G_j"""
    cdef Py_ssize_t k
    if Design is Gram:
        check(0 <= j < X.p)
        fr_axpy_f64(X.p, -a, X.G + j * X.ld, 1, 0.0, s)
    elif X.sparse:
        k = column(X, j)
        fr_csc_axpy(&X.csc, k, -a * X.scale, X.root, s)
        s[X.n] += a * X.scale * X.mean[k]
    else:
        part_axpy(X, j, 0, X.n, -a, s)


cdef inline Py_ssize_t col_size(Matrix *X, Py_ssize_t j) noexcept nogil:
    """how many entries a reading of column j reads"""
    return fr_csc_size(&X.csc, column(X, j)) if X.sparse else X.n


cdef inline double root_sum(Py_ssize_t n, const double *r, const double *root) noexcept nogil:
    """root'r"""
    return fr_sum_f64(n, r, 1, 0.0) if root == NULL else fr_dot_f64(n, root, 1, 0.0, r)


cdef void settle(Matrix *X, double *s) noexcept nogil
cdef void col_pack(Matrix *X, Py_ssize_t j, double *out) noexcept nogil
cdef void dots(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, const double *r, double *out) noexcept nogil
cdef void subtract_product(Matrix *X, const double *w, double *r) noexcept nogil
cdef int raise_for(int status, object what) except -1
cdef bint interrupted(double *work) noexcept nogil
