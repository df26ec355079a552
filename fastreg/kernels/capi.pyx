"""The functions of capi.pxd: each hands its arguments to the kernel that knows the problem, and does nothing else."""

from fastreg.kernels._answer cimport tell
from fastreg.kernels._prox cimport fr_soft_f32, fr_soft_f64
from fastreg.kernels._quadratic cimport (
    Quadratic, quadratic_batch, quadratic_lay, quadratic_path, quadratic_pose, quadratic_scale, quadratic_size, quadratic_start,
)

cdef enum:
    MOST_COLUMNS = 1 << 28      # of which 4 p^2 bytes can still be counted


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
    return quadratic_batch(b, p, Q, False, ldq, stride_Q, q, yty, l1, l1_factor, l2, l2_factor, lower, upper, W, atol, rtol,
                           max_iter, False, work, info)


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
    return quadratic_batch(b, p, Q, True, ldq, stride_Q, q, yty, l1, l1_factor, l2, l2_factor, lower, upper, W, atol, rtol,
                           max_iter, False, work, info)


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
    cdef int status = quadratic_lay(&S, p, Q, single, ldq, subset, m, work)
    if status == FR_CONVERGED:
        status = quadratic_pose(&S, q, single, l1_factor, l2_factor, lower, upper)
    if status == FR_CONVERGED:
        status = quadratic_scale(&S, yty, least(K, l2))
    if status == FR_CONVERGED:
        status = quadratic_start(&S, W)
    if status != FR_CONVERGED:
        return tell(status, info)
    return quadratic_path(&S, K, l1, l2, W, ldw, atol, rtol, max_iter, info)


cdef double least(Py_ssize_t K, const double *l2) noexcept nogil:
    """the smallest of l2"""
    cdef Py_ssize_t k
    cdef double value = 0.0 if l2 == NULL or K == 0 else l2[0]
    for k in range(1, K if l2 != NULL else 0):
        value = min(value, l2[k])
    return value
