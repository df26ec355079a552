"""The functions of capi.pxd: each hands its arguments to the kernel that knows the problem, and does nothing else."""

from libc.math cimport INFINITY

from fastreg.kernels._answer cimport tell, tell_all
from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._design cimport Matrix, dense_matrix, fr_csc_end
from fastreg.kernels._normal cimport normal_columns, normal_gram, normal_gram_size, normal_size
from fastreg.kernels._quadratic cimport (
    Quadratic, quadratic_batch, quadratic_lay, quadratic_open, quadratic_path, quadratic_size,
)
from fastreg.kernels._rounds cimport Rounds, rounds_lay, rounds_size, rounds_solve, rounds_write
from fastreg.kernels._soft cimport fr_soft_f32, fr_soft_f64

cdef extern from "sparse.h" nogil:
    ctypedef struct fr_csc:
        pass
    int fr_csc_in_order(const fr_csc *X, Py_ssize_t size, Py_ssize_t n, Py_ssize_t p) noexcept

cdef enum:
    ROOM = 64                   # columns in play beyond twice the rows, which a lasso solution never needs more of
    MOST_COLUMNS = 1 << 28      # of which 16 p^2 bytes can still be counted
    MOST_ROWS = 2147483647      # places of entries in a column are int32


cdef int fr_abi_version() noexcept nogil:
    return FR_ABI_VERSION


cdef double fr_soft_threshold_f64(double x, double t) noexcept nogil:
    return soft_threshold(x, t)


cdef float fr_soft_threshold_f32(float x, float t) noexcept nogil:
    return <float>soft_threshold(x, t)


cdef double fr_soft_threshold_positive_f64(double x, double t) noexcept nogil:
    return soft_threshold_positive(x, t)


cdef float fr_soft_threshold_positive_f32(float x, float t) noexcept nogil:
    return <float>soft_threshold_positive(x, t)


cdef double fr_prox_elastic_net_f64(double x, double l1, double l2) noexcept nogil:
    return prox_elastic_net(x, l1, l2)


cdef float fr_prox_elastic_net_f32(float x, float l1, float l2) noexcept nogil:
    return <float>prox_elastic_net(x, l1, l2)


cdef double fr_prox_squared_l2_f64(double x, double l2) noexcept nogil:
    return prox_squared_l2(x, l2)


cdef float fr_prox_squared_l2_f32(float x, float l2) noexcept nogil:
    return <float>prox_squared_l2(x, l2)


cdef double fr_prox_box_f64(double x, double lower, double upper) noexcept nogil:
    return prox_box(x, lower, upper)


cdef float fr_prox_box_f32(float x, float lower, float upper) noexcept nogil:
    return <float>prox_box(x, lower, upper)


cdef double fr_prox_l0_f64(double x, double t) noexcept nogil:
    return prox_l0(x, t)


cdef float fr_prox_l0_f32(float x, float t) noexcept nogil:
    return <float>prox_l0(x, t)


cdef void fr_soft_threshold_array_f64(Py_ssize_t n, const double *x, double t, double *out) noexcept nogil:
    fr_soft_f64(n, x, 1, t, out, 1)


cdef void fr_soft_threshold_array_f32(Py_ssize_t n, const float *x, float t, float *out) noexcept nogil:
    fr_soft_f32(n, x, 1, t, out, 1)


cdef double fr_soft_threshold_user_f64(double x, void *threshold) noexcept nogil:
    return soft_threshold(x, (<double *>threshold)[0])


cdef Py_ssize_t fr_lasso_gram_worksize_f64(Py_ssize_t p, Py_ssize_t m) noexcept nogil:
    return worksize(p, m, False)


cdef int fr_lasso_gram_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                           const double *q, double yty, double l1, const double *l1_factor, double l2, const double *l2_factor,
                           const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                           void *work, double *info) noexcept nogil:
    return gram_path(p, Q, False, ldq, subset, m, q, yty, 1, &l1, l1_factor, &l2, l2_factor, lower, upper, w, p, atol, rtol,
                     max_iter, work, info)


cdef int fr_lasso_gram_path_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                                const double *q, double yty, Py_ssize_t K, const double *l1, const double *l1_factor,
                                const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                Py_ssize_t ldw, double atol, double rtol, Py_ssize_t max_iter, void *work,
                                double *info) noexcept nogil:
    return gram_path(p, Q, False, ldq, subset, m, q, yty, K, l1, l1_factor, l2, l2_factor, lower, upper, W, ldw, atol, rtol,
                     max_iter, work, info)


cdef int fr_lasso_gram_batch_f64(Py_ssize_t b, Py_ssize_t p, const double *Q, Py_ssize_t ldq, Py_ssize_t stride_Q,
                                 const double *q, const double *yty, const double *l1, const double *l1_factor,
                                 const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                 double atol, double rtol, Py_ssize_t max_iter, void *work, double *info) noexcept nogil:
    return gram_batch(b, p, Q, False, ldq, stride_Q, q, yty, l1, l1_factor, l2, l2_factor, lower, upper, W, atol, rtol,
                      max_iter, work, info)


cdef Py_ssize_t fr_lasso_gram_worksize_f32(Py_ssize_t p, Py_ssize_t m) noexcept nogil:
    return worksize(p, m, True)


cdef int fr_lasso_gram_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m, const float *q,
                           double yty, double l1, const double *l1_factor, double l2, const double *l2_factor,
                           const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                           void *work, double *info) noexcept nogil:
    return gram_path(p, Q, True, ldq, subset, m, q, yty, 1, &l1, l1_factor, &l2, l2_factor, lower, upper, w, p, atol, rtol,
                     max_iter, work, info)


cdef int fr_lasso_gram_path_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                                const float *q, double yty, Py_ssize_t K, const double *l1, const double *l1_factor,
                                const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                Py_ssize_t ldw, double atol, double rtol, Py_ssize_t max_iter, void *work,
                                double *info) noexcept nogil:
    return gram_path(p, Q, True, ldq, subset, m, q, yty, K, l1, l1_factor, l2, l2_factor, lower, upper, W, ldw, atol, rtol,
                     max_iter, work, info)


cdef int fr_lasso_gram_batch_f32(Py_ssize_t b, Py_ssize_t p, const float *Q, Py_ssize_t ldq, Py_ssize_t stride_Q,
                                 const float *q, const double *yty, const double *l1, const double *l1_factor, const double *l2,
                                 const double *l2_factor, const double *lower, const double *upper, double *W, double atol,
                                 double rtol, Py_ssize_t max_iter, void *work, double *info) noexcept nogil:
    return gram_batch(b, p, Q, True, ldq, stride_Q, q, yty, l1, l1_factor, l2, l2_factor, lower, upper, W, atol, rtol,
                      max_iter, work, info)


cdef Py_ssize_t worksize(Py_ssize_t p, Py_ssize_t m, bint copied) noexcept nogil:
    """quadratic_size, or -1 for what cannot be"""
    if not 0 <= m <= p < MOST_COLUMNS:
        return -1
    return quadratic_size(p, m if m > 0 else p, copied)


cdef int gram_path(Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                   const void *q, double yty, Py_ssize_t K, const double *l1, const double *l1_factor, const double *l2,
                   const double *l2_factor, const double *lower, const double *upper, double *W, Py_ssize_t ldw, double atol,
                   double rtol, Py_ssize_t max_iter, void *work, double *info) noexcept nogil:
    """K penalties, from the start in row 0 of W"""
    cdef Quadratic S
    cdef int status = FR_BAD_ARGUMENT
    if (worksize(p, m, single) > 0 and K >= 0 and l1 != NULL and info != NULL and (W != NULL or p == 0)
            and (ldw >= p or K == 1)):
        status = quadratic_lay(&S, p, Q, single, ldq, subset, m, work)
    if status == FR_CONVERGED:
        status = quadratic_open(&S, q, single, yty, least(K, l2), l1_factor, l2_factor, lower, upper, W)
    if status != FR_CONVERGED:
        return tell_all(status, K, info)
    return quadratic_path(&S, K, l1, l2, W, ldw, atol, rtol, max_iter, info)


cdef int gram_batch(Py_ssize_t b, Py_ssize_t p, const void *Q, bint single, Py_ssize_t ldq, Py_ssize_t stride_Q, const void *q,
                    const double *yty, const double *l1, const double *l1_factor, const double *l2, const double *l2_factor,
                    const double *lower, const double *upper, double *W, double atol, double rtol, Py_ssize_t max_iter,
                    void *work, double *info) noexcept nogil:
    """b problems"""
    if b < 0 or worksize(p, 0, single) < 0 or l1 == NULL or info == NULL or (W == NULL and p > 0):
        return tell_all(FR_BAD_ARGUMENT, b, info)
    return quadratic_batch(b, p, Q, single, ldq, stride_Q, q, yty, l1, l1_factor, l2, l2_factor, lower, upper, W, atol, rtol,
                           max_iter, work, info)


cdef double least(Py_ssize_t K, const double *l2) noexcept nogil:
    """the smallest of l2"""
    cdef Py_ssize_t k
    cdef double value = 0.0 if l2 == NULL or K == 0 else l2[0]
    for k in range(1, K if l2 != NULL else 0):
        value = min(value, l2[k])
    return value


cdef inline Py_ssize_t in_play(Py_ssize_t n, Py_ssize_t p, Py_ssize_t most) noexcept nogil:
    """how many columns may be in play: as asked, or as many as a solution without an l2 penalty can need"""
    return min(p, most if most > 0 else 2 * n + ROOM)


cdef Py_ssize_t fr_lasso_worksize(Py_ssize_t n, Py_ssize_t p, Py_ssize_t most) noexcept nogil:
    if not 0 <= p < MOST_COLUMNS or not 0 <= n < MOST_ROWS or most < 0:
        return -1
    return rounds_size(n, p, in_play(n, p, most))


cdef int columns(Matrix *X, const void *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                 const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                 Py_ssize_t most, void *work, double *info) noexcept nogil:
    """One problem in columns of X, from w"""
    cdef Rounds S
    cdef Penalty penalty
    cdef int status
    penalty.l1, penalty.l2, penalty.boxed = l1, l2, False
    # a Penalty is written to by the working set that owns it alone, and this is not one
    penalty.v, penalty.u, penalty.lower, penalty.upper = (
        <double *>l1_factor, <double *>l2_factor, <double *>lower, <double *>upper)
    if (fr_lasso_worksize(X.n, X.p, most) < 0 or work == NULL or info == NULL or (y == NULL and X.n > 0)
            or (w == NULL and X.p > 0) or (X.data == NULL and not X.sparse and X.n > 0 and X.p > 0)):
        return tell(FR_BAD_ARGUMENT, info)
    status = rounds_lay(&S, X, y, X.single, &penalty, in_play(X.n, X.p, most), work)
    if status == FR_CONVERGED:
        status = rounds_solve(&S, w, l1, l2, atol, rtol, max_iter, info)
    if status >= 0 and info[FR_DUAL_GAP] < INFINITY:        # else there was no room to begin in
        rounds_write(&S, w)
    return tell(status, info)


cdef inline Matrix dense(Py_ssize_t n, Py_ssize_t p, const void *data, Py_ssize_t item, Py_ssize_t row_stride,
                         Py_ssize_t col_stride) noexcept nogil:
    cdef Matrix X
    cdef Py_ssize_t[2] shape = [n, p]
    cdef Py_ssize_t[2] strides = [row_stride * item, col_stride * item]
    dense_matrix(&X, data, item, 2, shape, strides)
    return X


cdef int compressed(Py_ssize_t n, Py_ssize_t p, const void *data, bint single, const void *indices, const void *indptr,
                    bint wide, Matrix *X) noexcept nogil:
    """X of compressed sparse columns, once every index has been looked at"""
    if not 0 <= n < MOST_ROWS or not 0 <= p < MOST_COLUMNS or indptr == NULL:
        return FR_BAD_ARGUMENT
    X[0] = dense(n, p, NULL, sizeof(float) if single else sizeof(double), 1, 0)
    X.sparse = True
    X.csc.data, X.csc.indices, X.csc.indptr, X.csc.shift = data, indices, indptr, NULL
    X.csc.single, X.csc.wide = single, wide
    X.csc.size = fr_csc_end(&X.csc, p)
    if X.csc.size < 0 or (X.csc.size > 0 and (data == NULL or indices == NULL)):
        return FR_BAD_ARGUMENT
    if not fr_csc_in_order(<const fr_csc *>&X.csc, X.csc.size, n, p):
        return FR_BAD_ARGUMENT
    return FR_CONVERGED


cdef int fr_lasso_f64(Py_ssize_t n, Py_ssize_t p, const double *X, Py_ssize_t row_stride, Py_ssize_t col_stride,
                      const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                      const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                      Py_ssize_t most, void *work, double *info) noexcept nogil:
    cdef Matrix A = dense(n, p, X, sizeof(double), row_stride, col_stride)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef int fr_lasso_f32(Py_ssize_t n, Py_ssize_t p, const float *X, Py_ssize_t row_stride, Py_ssize_t col_stride, const float *y,
                      double l1, const double *l1_factor, double l2, const double *l2_factor, const double *lower,
                      const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter, Py_ssize_t most,
                      void *work, double *info) noexcept nogil:
    cdef Matrix A = dense(n, p, X, sizeof(float), row_stride, col_stride)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef int fr_lasso_csc_f64_i32(Py_ssize_t n, Py_ssize_t p, const double *data, const int32_t *indices, const int32_t *indptr,
                              const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil:
    cdef Matrix A
    if compressed(n, p, data, False, indices, indptr, False, &A) != FR_CONVERGED:
        return tell(FR_BAD_ARGUMENT, info)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef int fr_lasso_csc_f64_i64(Py_ssize_t n, Py_ssize_t p, const double *data, const int64_t *indices, const int64_t *indptr,
                              const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil:
    cdef Matrix A
    if compressed(n, p, data, False, indices, indptr, True, &A) != FR_CONVERGED:
        return tell(FR_BAD_ARGUMENT, info)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef int fr_lasso_csc_f32_i32(Py_ssize_t n, Py_ssize_t p, const float *data, const int32_t *indices, const int32_t *indptr,
                              const float *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil:
    cdef Matrix A
    if compressed(n, p, data, True, indices, indptr, False, &A) != FR_CONVERGED:
        return tell(FR_BAD_ARGUMENT, info)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef int fr_lasso_csc_f32_i64(Py_ssize_t n, Py_ssize_t p, const float *data, const int64_t *indices, const int64_t *indptr,
                              const float *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil:
    cdef Matrix A
    if compressed(n, p, data, True, indices, indptr, True, &A) != FR_CONVERGED:
        return tell(FR_BAD_ARGUMENT, info)
    return columns(&A, y, l1, l1_factor, l2, l2_factor, lower, upper, w, atol, rtol, max_iter,
                   most, work, info)


cdef Py_ssize_t fr_ridge_worksize(Py_ssize_t n, Py_ssize_t p) noexcept nogil:
    return normal_size(n, p) if 0 <= p < MOST_COLUMNS and 0 <= n < MOST_ROWS else -1


cdef Py_ssize_t fr_ridge_gram_worksize_f64(Py_ssize_t p) noexcept nogil:
    return normal_gram_size(p) if 0 <= p < MOST_COLUMNS else -1


cdef int fr_ridge_gram_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, Py_ssize_t t, const double *B, Py_ssize_t ldb,
                           double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                           double *info) noexcept nogil:
    if fr_ridge_gram_worksize_f64(p) < 0:
        return tell_all(FR_BAD_ARGUMENT, t, info)
    return normal_gram(p, Q, False, ldq, t, B, ldb, l2, l2_factor, W, ldw, work, info)


cdef int fr_ridge_f64(Py_ssize_t n, Py_ssize_t p, const double *X, Py_ssize_t row_stride, Py_ssize_t col_stride, Py_ssize_t t,
                      const double *Y, Py_ssize_t ldy, double l2, const double *l2_factor, double *W, Py_ssize_t ldw,
                      void *work, double *info) noexcept nogil:
    cdef Matrix A = dense(n, p, X, sizeof(double), row_stride, col_stride)
    if fr_ridge_worksize(n, p) < 0:
        return tell_all(FR_BAD_ARGUMENT, t, info)
    return normal_columns(&A, t, Y, ldy, l2, l2_factor, W, ldw, work, info)


cdef Py_ssize_t fr_ridge_gram_worksize_f32(Py_ssize_t p) noexcept nogil:
    return normal_gram_size(p) if 0 <= p < MOST_COLUMNS else -1


cdef int fr_ridge_gram_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, Py_ssize_t t, const float *B, Py_ssize_t ldb,
                           double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                           double *info) noexcept nogil:
    if fr_ridge_gram_worksize_f64(p) < 0:
        return tell_all(FR_BAD_ARGUMENT, t, info)
    return normal_gram(p, Q, True, ldq, t, B, ldb, l2, l2_factor, W, ldw, work, info)


cdef int fr_ridge_f32(Py_ssize_t n, Py_ssize_t p, const float *X, Py_ssize_t row_stride, Py_ssize_t col_stride, Py_ssize_t t,
                      const float *Y, Py_ssize_t ldy, double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                      double *info) noexcept nogil:
    cdef Matrix A = dense(n, p, X, sizeof(float), row_stride, col_stride)
    if fr_ridge_worksize(n, p) < 0:
        return tell_all(FR_BAD_ARGUMENT, t, info)
    return normal_columns(&A, t, Y, ldy, l2, l2_factor, W, ldw, work, info)
