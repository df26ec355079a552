"""fastreg for other compiled code: plain C functions, for `cimport`, numba, ctypes and scipy.LowLevelCallable.

    from fastreg.capi cimport fr_lasso_gram_f64, fr_lasso_gram_worksize_f64, FR_INFO        # or fastreg.kernels.capi

Nothing here allocates, raises, needs the GIL or keeps anything from one call to the next: every function may run in any number
of threads at once, on memory of the caller.  An array that is `const` is never written to.  What a function returns is the
status of _answer.pxd: 0 where the gap asked for is reached, negative where there is no answer (info then has NaN for the
objective and the gap, and w means nothing).  Not checked are the lengths of arrays and whether Q has negative eigenvalues
(unless yty is NaN).

_f64 and _f32 say what the data are; everything else is double, and so is all arithmetic.  p, n, m, K, t and b are numbers of
columns, rows, columns of a subset, penalties, targets and problems; sizes of workspaces are in bytes, leading dimensions and
strides in elements.  `work` may lie anywhere; `info` takes FR_INFO doubles for each problem.

    quadratic   1/2 w'Qw - q'w  +  sum_j l1 l1_factor_j |w_j| + l2/2 l2_factor_j w_j^2,     lower_j <= w_j <= upper_j
    columns     1/2 |y - Xw|^2  +  the same

    Q, ldq      symmetric (both triangles), without negative eigenvalues, ldq >= p
    subset, m   NULL and 0, or m columns in ascending order: the others count as w_j = 0 and are left alone
    yty         |y|^2 if Q = X'X and q = X'y, or any number from q'inv(Q)q on; NaN: it is found, and Q is checked, by a factor
                of Q (p^3/6 multiply-adds)
    l1_factor, l2_factor, lower, upper      (p,), or NULL for 1 and no bound; a factor of infinity keeps w_j at 0
    w           (p,): the start on entry, the solution on return
    atol, rtol  it is solved until the gap is at most atol, or rtol times the objective of the columns (objective + yty/2)
    max_iter    sweeps and Newton steps
    most        columns that may be in play at once; p is always enough.  0: min(p, 2 n + 64), which is enough for a lasso
                without an l2 penalty, columns that are not penalised, and bounds but 0

The names and argument lists below are fixed: what changes gets another name, and fr_abi_version() grows with what is added.
"""

from libc.stdint cimport int32_t, int64_t

from fastreg.kernels._answer cimport (
    FR_BAD_ARGUMENT, FR_CONVERGED, FR_DUAL_GAP, FR_INFO, FR_INTERRUPTED, FR_MAX_ITER, FR_N_COLUMNS, FR_N_ITER, FR_N_NEWTON,
    FR_NO_ROOM, FR_NOT_CONVEX, FR_OBJECTIVE, FR_OUT_OF_RANGE, FR_PRECISION, FR_STALLED, FR_STATUS, FR_SUPPORT, FR_YTY,
)
from fastreg.kernels._prox cimport (
    prox_box, prox_elastic_net, prox_l0, prox_squared_l2, soft_threshold, soft_threshold_positive,
)

cdef enum:
    FR_ABI_VERSION = 1


cdef int fr_abi_version() noexcept nogil

# Proximal maps of one number; the inline forms of the same name without fr_ and suffix are for cimport.
cdef double fr_soft_threshold_f64(double x, double t) noexcept nogil
cdef float fr_soft_threshold_f32(float x, float t) noexcept nogil
cdef double fr_soft_threshold_positive_f64(double x, double t) noexcept nogil
cdef float fr_soft_threshold_positive_f32(float x, float t) noexcept nogil
cdef double fr_prox_elastic_net_f64(double x, double l1, double l2) noexcept nogil
cdef float fr_prox_elastic_net_f32(float x, float l1, float l2) noexcept nogil
cdef double fr_prox_squared_l2_f64(double x, double l2) noexcept nogil
cdef float fr_prox_squared_l2_f32(float x, float l2) noexcept nogil
cdef double fr_prox_box_f64(double x, double lower, double upper) noexcept nogil
cdef float fr_prox_box_f32(float x, float lower, float upper) noexcept nogil
cdef double fr_prox_l0_f64(double x, double t) noexcept nogil
cdef float fr_prox_l0_f32(float x, float t) noexcept nogil

# out = soft_threshold(x, t) for n numbers; out may be x
cdef void fr_soft_threshold_array_f64(Py_ssize_t n, const double *x, double t, double *out) noexcept nogil
cdef void fr_soft_threshold_array_f32(Py_ssize_t n, const float *x, float t, float *out) noexcept nogil

# *threshold is a double; the signature that scipy.integrate and others take
cdef double fr_soft_threshold_user_f64(double x, void *threshold) noexcept nogil

# Lasso and elastic net in quadratic form.
cdef Py_ssize_t fr_lasso_gram_worksize_f64(Py_ssize_t p, Py_ssize_t m) noexcept nogil
cdef int fr_lasso_gram_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                           const double *q, double yty, double l1, const double *l1_factor, double l2, const double *l2_factor,
                           const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                           void *work, double *info) noexcept nogil
cdef Py_ssize_t fr_lasso_gram_worksize_f32(Py_ssize_t p, Py_ssize_t m) noexcept nogil
cdef int fr_lasso_gram_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m, const float *q,
                           double yty, double l1, const double *l1_factor, double l2, const double *l2_factor,
                           const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                           void *work, double *info) noexcept nogil

# Its path: penalties l1[k] and l2[k] (l2 NULL: 0) one after another, each from the solution before it; row k of W, ldw >= p, is
# the solution, and row 0 the start on entry.  Returns the worst status; each has its own in info.  Without an answer it goes no
# further, and the rest have the same status.
cdef int fr_lasso_gram_path_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                                const double *q, double yty, Py_ssize_t K, const double *l1, const double *l1_factor,
                                const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                Py_ssize_t ldw, double atol, double rtol, Py_ssize_t max_iter, void *work,
                                double *info) noexcept nogil
cdef int fr_lasso_gram_path_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, const Py_ssize_t *subset, Py_ssize_t m,
                                const float *q, double yty, Py_ssize_t K, const double *l1, const double *l1_factor,
                                const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                Py_ssize_t ldw, double atol, double rtol, Py_ssize_t max_iter, void *work,
                                double *info) noexcept nogil

# b problems: Q + i stride_Q (0: one Q for all), q + i p, yty[i] (NULL: each is found), l1[i], l2[i] (NULL: 0); row i of W, p
# numbers, is start and solution.  Factors and bounds are the same for all.  Returns the worst status.
cdef int fr_lasso_gram_batch_f64(Py_ssize_t b, Py_ssize_t p, const double *Q, Py_ssize_t ldq, Py_ssize_t stride_Q,
                                 const double *q, const double *yty, const double *l1, const double *l1_factor,
                                 const double *l2, const double *l2_factor, const double *lower, const double *upper, double *W,
                                 double atol, double rtol, Py_ssize_t max_iter, void *work, double *info) noexcept nogil
cdef int fr_lasso_gram_batch_f32(Py_ssize_t b, Py_ssize_t p, const float *Q, Py_ssize_t ldq, Py_ssize_t stride_Q,
                                 const float *q, const double *yty, const double *l1, const double *l1_factor, const double *l2,
                                 const double *l2_factor, const double *lower, const double *upper, double *W, double atol,
                                 double rtol, Py_ssize_t max_iter, void *work, double *info) noexcept nogil

# Lasso and elastic net in columns: x_ij = X[i row_stride + j col_stride], or compressed sparse columns, whose rows must ascend.
cdef Py_ssize_t fr_lasso_worksize(Py_ssize_t n, Py_ssize_t p, Py_ssize_t most) noexcept nogil
cdef int fr_lasso_f64(Py_ssize_t n, Py_ssize_t p, const double *X, Py_ssize_t row_stride, Py_ssize_t col_stride,
                      const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                      const double *lower, const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter,
                      Py_ssize_t most, void *work, double *info) noexcept nogil
cdef int fr_lasso_f32(Py_ssize_t n, Py_ssize_t p, const float *X, Py_ssize_t row_stride, Py_ssize_t col_stride, const float *y,
                      double l1, const double *l1_factor, double l2, const double *l2_factor, const double *lower,
                      const double *upper, double *w, double atol, double rtol, Py_ssize_t max_iter, Py_ssize_t most,
                      void *work, double *info) noexcept nogil
cdef int fr_lasso_csc_f64_i32(Py_ssize_t n, Py_ssize_t p, const double *data, const int32_t *indices, const int32_t *indptr,
                              const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil
cdef int fr_lasso_csc_f64_i64(Py_ssize_t n, Py_ssize_t p, const double *data, const int64_t *indices, const int64_t *indptr,
                              const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil
cdef int fr_lasso_csc_f32_i32(Py_ssize_t n, Py_ssize_t p, const float *data, const int32_t *indices, const int32_t *indptr,
                              const float *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil
cdef int fr_lasso_csc_f32_i64(Py_ssize_t n, Py_ssize_t p, const float *data, const int64_t *indices, const int64_t *indptr,
                              const float *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                              const double *lower, const double *upper, double *w, double atol, double rtol,
                              Py_ssize_t max_iter, Py_ssize_t most, void *work, double *info) noexcept nogil

# Ridge by Cholesky for t targets: 1/2 w'Qw - b_k'w + l2/2 sum_j l2_factor_j w_j^2 for b_k = B + k ldb, and 1/2 |y_k - Xw|^2 +
# the same for y_k = Y + k ldy; row k of W is the solution.  FR_NOT_CONVEX where the factor does not exist; where p > n, every
# l2 times its factor must be more than 0.
cdef Py_ssize_t fr_ridge_gram_worksize_f64(Py_ssize_t p) noexcept nogil
cdef int fr_ridge_gram_f64(Py_ssize_t p, const double *Q, Py_ssize_t ldq, Py_ssize_t t, const double *B, Py_ssize_t ldb,
                           double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                           double *info) noexcept nogil
cdef Py_ssize_t fr_ridge_gram_worksize_f32(Py_ssize_t p) noexcept nogil
cdef int fr_ridge_gram_f32(Py_ssize_t p, const float *Q, Py_ssize_t ldq, Py_ssize_t t, const float *B, Py_ssize_t ldb,
                           double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                           double *info) noexcept nogil
cdef Py_ssize_t fr_ridge_worksize(Py_ssize_t n, Py_ssize_t p) noexcept nogil
cdef int fr_ridge_f64(Py_ssize_t n, Py_ssize_t p, const double *X, Py_ssize_t row_stride, Py_ssize_t col_stride, Py_ssize_t t,
                      const double *Y, Py_ssize_t ldy, double l2, const double *l2_factor, double *W, Py_ssize_t ldw,
                      void *work, double *info) noexcept nogil
cdef int fr_ridge_f32(Py_ssize_t n, Py_ssize_t p, const float *X, Py_ssize_t row_stride, Py_ssize_t col_stride, Py_ssize_t t,
                      const float *Y, Py_ssize_t ldy, double l2, const double *l2_factor, double *W, Py_ssize_t ldw, void *work,
                      double *info) noexcept nogil
