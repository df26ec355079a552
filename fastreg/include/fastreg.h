/* fastreg for C and C++: lasso, elastic net and ridge, solved to a certified duality gap in memory of the caller.
 *
 * There is no library to link with: the functions are in a Python extension, and fr_import fills in their addresses.
 *
 *     #include <Python.h>
 *     #include "fastreg.h"                          // its directory: python -c "import fastreg; print(fastreg.get_include())"
 *     static fr_api fr;
 *     if (fr_import(&fr) < 0) return NULL;          // once, where the module begins, and from there on without the GIL
 *     status = fr.fr_lasso_gram_f64(p, Q, p, NULL, 0, q, NAN, l1, NULL, 0.0, NULL, NULL, NULL, w, 0.0, 1e-8, 10000, work, info);
 *
 * A program that is given an address, such as that of fastreg.capi.address(name), casts it to the type of the function:
 * (fr_lasso_gram_f64_fn *)address.
 *
 * What is solved, and what the arguments are, is said in docs/backend.md and fastreg/kernels/capi.pxd.  Nothing here allocates,
 * needs the GIL, keeps anything from one call to the next, or writes to an array that is const.  ptrdiff_t is the Py_ssize_t of
 * Python.  What is in this file stays as it is: a function with other arguments gets another name.
 */
#ifndef FASTREG_H
#define FASTREG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FR_ABI_VERSION 1 /* grows with what is added */

enum fr_status { /* of a call, or of one of its problems: negative where there is no answer */
    FR_CONVERGED = 0,     /* the gap is at most what was asked */
    FR_PRECISION = 1,     /* the gap is as small as float64 can tell, which is more than was asked */
    FR_MAX_ITER = 2,      /* max_iter sweeps and steps did not reach the gap */
    FR_STALLED = 3,       /* rounding keeps the gap above what was asked */
    FR_NO_ROOM = 4,       /* more columns matter than the workspace has room for */
    FR_INTERRUPTED = -1,  /* a signal handler has raised; only where a caller lets handlers run */
    FR_BAD_ARGUMENT = -2, /* a size, pointer, index or number that cannot be */
    FR_OUT_OF_RANGE = -3, /* q is out of the range of Q where no l2 penalty and no finite bounds make up for it */
    FR_NOT_CONVEX = -4    /* Q has a negative eigenvalue */
};

enum fr_place { /* in info, FR_INFO doubles for each problem */
    FR_OBJECTIVE = 0,
    FR_DUAL_GAP = 1, /* objective - optimum is at most this */
    FR_N_ITER = 2,   /* sweeps and Newton steps */
    FR_SUPPORT = 3,  /* coefficients that are not 0 */
    FR_STATUS = 4,
    FR_YTY = 5, /* |y|^2, as given or found: tolerances are relative to objective + yty/2 */
    FR_N_NEWTON = 6,
    FR_N_COLUMNS = 7, /* columns in play */
    FR_INFO = 8
};

/* The functions: name_fn is the type of name. */

typedef int fr_abi_version_fn(void);

typedef double fr_soft_threshold_f64_fn(double x, double t);
typedef float fr_soft_threshold_f32_fn(float x, float t);
typedef double fr_soft_threshold_positive_f64_fn(double x, double t);
typedef float fr_soft_threshold_positive_f32_fn(float x, float t);
typedef double fr_prox_elastic_net_f64_fn(double x, double l1, double l2);
typedef float fr_prox_elastic_net_f32_fn(float x, float l1, float l2);
typedef double fr_prox_squared_l2_f64_fn(double x, double l2);
typedef float fr_prox_squared_l2_f32_fn(float x, float l2);
typedef double fr_prox_box_f64_fn(double x, double lower, double upper);
typedef float fr_prox_box_f32_fn(float x, float lower, float upper);
typedef double fr_prox_l0_f64_fn(double x, double t);
typedef float fr_prox_l0_f32_fn(float x, float t);
typedef void fr_soft_threshold_array_f64_fn(ptrdiff_t n, const double *x, double t, double *out);
typedef void fr_soft_threshold_array_f32_fn(ptrdiff_t n, const float *x, float t, float *out);
typedef double fr_soft_threshold_user_f64_fn(double x, void *threshold);

typedef ptrdiff_t fr_lasso_gram_worksize_f64_fn(ptrdiff_t p, ptrdiff_t m);
typedef ptrdiff_t fr_lasso_gram_worksize_f32_fn(ptrdiff_t p, ptrdiff_t m);
typedef int fr_lasso_gram_f64_fn(ptrdiff_t p, const double *Q, ptrdiff_t ldq, const ptrdiff_t *subset, ptrdiff_t m,
                                 const double *q, double yty, double l1, const double *l1_factor, double l2,
                                 const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                 double rtol, ptrdiff_t max_iter, void *work, double *info);
typedef int fr_lasso_gram_f32_fn(ptrdiff_t p, const float *Q, ptrdiff_t ldq, const ptrdiff_t *subset, ptrdiff_t m,
                                 const float *q, double yty, double l1, const double *l1_factor, double l2,
                                 const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                 double rtol, ptrdiff_t max_iter, void *work, double *info);
typedef int fr_lasso_gram_path_f64_fn(ptrdiff_t p, const double *Q, ptrdiff_t ldq, const ptrdiff_t *subset, ptrdiff_t m,
                                      const double *q, double yty, ptrdiff_t K, const double *l1, const double *l1_factor,
                                      const double *l2, const double *l2_factor, const double *lower, const double *upper,
                                      double *W, ptrdiff_t ldw, double atol, double rtol, ptrdiff_t max_iter, void *work,
                                      double *info);
typedef int fr_lasso_gram_path_f32_fn(ptrdiff_t p, const float *Q, ptrdiff_t ldq, const ptrdiff_t *subset, ptrdiff_t m,
                                      const float *q, double yty, ptrdiff_t K, const double *l1, const double *l1_factor,
                                      const double *l2, const double *l2_factor, const double *lower, const double *upper,
                                      double *W, ptrdiff_t ldw, double atol, double rtol, ptrdiff_t max_iter, void *work,
                                      double *info);
typedef int fr_lasso_gram_batch_f64_fn(ptrdiff_t b, ptrdiff_t p, const double *Q, ptrdiff_t ldq, ptrdiff_t stride_Q,
                                       const double *q, const double *yty, const double *l1, const double *l1_factor,
                                       const double *l2, const double *l2_factor, const double *lower, const double *upper,
                                       double *W, double atol, double rtol, ptrdiff_t max_iter, void *work, double *info);
typedef int fr_lasso_gram_batch_f32_fn(ptrdiff_t b, ptrdiff_t p, const float *Q, ptrdiff_t ldq, ptrdiff_t stride_Q,
                                       const float *q, const double *yty, const double *l1, const double *l1_factor,
                                       const double *l2, const double *l2_factor, const double *lower, const double *upper,
                                       double *W, double atol, double rtol, ptrdiff_t max_iter, void *work, double *info);

typedef ptrdiff_t fr_lasso_worksize_fn(ptrdiff_t n, ptrdiff_t p, ptrdiff_t most);
typedef int fr_lasso_f64_fn(ptrdiff_t n, ptrdiff_t p, const double *X, ptrdiff_t row_stride, ptrdiff_t col_stride,
                            const double *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                            const double *lower, const double *upper, double *w, double atol, double rtol, ptrdiff_t max_iter,
                            ptrdiff_t most, void *work, double *info);
typedef int fr_lasso_f32_fn(ptrdiff_t n, ptrdiff_t p, const float *X, ptrdiff_t row_stride, ptrdiff_t col_stride,
                            const float *y, double l1, const double *l1_factor, double l2, const double *l2_factor,
                            const double *lower, const double *upper, double *w, double atol, double rtol, ptrdiff_t max_iter,
                            ptrdiff_t most, void *work, double *info);
typedef int fr_lasso_csc_f64_i32_fn(ptrdiff_t n, ptrdiff_t p, const double *data, const int32_t *indices,
                                    const int32_t *indptr, const double *y, double l1, const double *l1_factor, double l2,
                                    const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                    double rtol, ptrdiff_t max_iter, ptrdiff_t most, void *work, double *info);
typedef int fr_lasso_csc_f64_i64_fn(ptrdiff_t n, ptrdiff_t p, const double *data, const int64_t *indices,
                                    const int64_t *indptr, const double *y, double l1, const double *l1_factor, double l2,
                                    const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                    double rtol, ptrdiff_t max_iter, ptrdiff_t most, void *work, double *info);
typedef int fr_lasso_csc_f32_i32_fn(ptrdiff_t n, ptrdiff_t p, const float *data, const int32_t *indices,
                                    const int32_t *indptr, const float *y, double l1, const double *l1_factor, double l2,
                                    const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                    double rtol, ptrdiff_t max_iter, ptrdiff_t most, void *work, double *info);
typedef int fr_lasso_csc_f32_i64_fn(ptrdiff_t n, ptrdiff_t p, const float *data, const int64_t *indices,
                                    const int64_t *indptr, const float *y, double l1, const double *l1_factor, double l2,
                                    const double *l2_factor, const double *lower, const double *upper, double *w, double atol,
                                    double rtol, ptrdiff_t max_iter, ptrdiff_t most, void *work, double *info);

typedef ptrdiff_t fr_ridge_gram_worksize_f64_fn(ptrdiff_t p);
typedef int fr_ridge_gram_f64_fn(ptrdiff_t p, const double *Q, ptrdiff_t ldq, ptrdiff_t t, const double *B, ptrdiff_t ldb,
                                 double l2, const double *l2_factor, double *W, ptrdiff_t ldw, void *work, double *info);
typedef ptrdiff_t fr_ridge_gram_worksize_f32_fn(ptrdiff_t p);
typedef int fr_ridge_gram_f32_fn(ptrdiff_t p, const float *Q, ptrdiff_t ldq, ptrdiff_t t, const float *B, ptrdiff_t ldb,
                                 double l2, const double *l2_factor, double *W, ptrdiff_t ldw, void *work, double *info);
typedef ptrdiff_t fr_ridge_worksize_fn(ptrdiff_t n, ptrdiff_t p);
typedef int fr_ridge_f64_fn(ptrdiff_t n, ptrdiff_t p, const double *X, ptrdiff_t row_stride, ptrdiff_t col_stride,
                            ptrdiff_t t, const double *Y, ptrdiff_t ldy, double l2, const double *l2_factor, double *W,
                            ptrdiff_t ldw, void *work, double *info);
typedef int fr_ridge_f32_fn(ptrdiff_t n, ptrdiff_t p, const float *X, ptrdiff_t row_stride, ptrdiff_t col_stride,
                            ptrdiff_t t, const float *Y, ptrdiff_t ldy, double l2, const double *l2_factor, double *W,
                            ptrdiff_t ldw, void *work, double *info);

/* F(name) for each of them: what is added above is added here. */
#define FR_EACH_FUNCTION(F) \
    F(fr_abi_version) \
    F(fr_soft_threshold_f64) \
    F(fr_soft_threshold_f32) \
    F(fr_soft_threshold_positive_f64) \
    F(fr_soft_threshold_positive_f32) \
    F(fr_prox_elastic_net_f64) \
    F(fr_prox_elastic_net_f32) \
    F(fr_prox_squared_l2_f64) \
    F(fr_prox_squared_l2_f32) \
    F(fr_prox_box_f64) \
    F(fr_prox_box_f32) \
    F(fr_prox_l0_f64) \
    F(fr_prox_l0_f32) \
    F(fr_soft_threshold_array_f64) \
    F(fr_soft_threshold_array_f32) \
    F(fr_soft_threshold_user_f64) \
    F(fr_lasso_gram_worksize_f64) \
    F(fr_lasso_gram_worksize_f32) \
    F(fr_lasso_gram_f64) \
    F(fr_lasso_gram_f32) \
    F(fr_lasso_gram_path_f64) \
    F(fr_lasso_gram_path_f32) \
    F(fr_lasso_gram_batch_f64) \
    F(fr_lasso_gram_batch_f32) \
    F(fr_lasso_worksize) \
    F(fr_lasso_f64) \
    F(fr_lasso_f32) \
    F(fr_lasso_csc_f64_i32) \
    F(fr_lasso_csc_f64_i64) \
    F(fr_lasso_csc_f32_i32) \
    F(fr_lasso_csc_f32_i64) \
    F(fr_ridge_gram_worksize_f64) \
    F(fr_ridge_gram_f64) \
    F(fr_ridge_gram_worksize_f32) \
    F(fr_ridge_gram_f32) \
    F(fr_ridge_worksize) \
    F(fr_ridge_f64) \
    F(fr_ridge_f32)

typedef struct fr_api {
    int abi_version; /* of the fastreg that is installed, at least FR_ABI_VERSION */
#define FR_MEMBER(name) name##_fn *name;
    FR_EACH_FUNCTION(FR_MEMBER)
#undef FR_MEMBER
} fr_api;

/* Proximal maps of one number, argmin_z 1/2 (z - x)^2 + f(z), inline: the same bits as the functions of the same names. */

/* f = t |z| */
static inline double fr_soft_threshold_f64(double x, double t)
{
    return x > t ? x - t : (x < -t ? x + t : (x == x ? 0.0 : x));
}

/* f = t z over z >= 0 */
static inline double fr_soft_threshold_positive_f64(double x, double t)
{
    return x > t ? x - t : (x == x ? 0.0 : x);
}

/* f = l1 |z| + l2/2 z^2 */
static inline double fr_prox_elastic_net_f64(double x, double l1, double l2)
{
    return fr_soft_threshold_f64(x, l1) / (1.0 + l2);
}

/* f = l2/2 z^2 */
static inline double fr_prox_squared_l2_f64(double x, double l2)
{
    return x / (1.0 + l2);
}

/* z in [lower, upper] */
static inline double fr_prox_box_f64(double x, double lower, double upper)
{
    return x < lower ? lower : (x > upper ? upper : x);
}

/* f = t [z != 0], and 0 at a tie; times 2^1200 where squares could vanish */
static inline double fr_prox_l0_f64(double x, double t)
{
    const double s = t < 3.054936363499605e-151 ? 4.149515568880993e+180 : 1.0, v = x * s; /* 2^-500, 2^600 */
    return 0.5 * v * v <= t * s * s ? 0.0 : x;
}

static inline float fr_soft_threshold_f32(float x, float t)
{
    return (float)fr_soft_threshold_f64(x, t);
}

static inline float fr_soft_threshold_positive_f32(float x, float t)
{
    return (float)fr_soft_threshold_positive_f64(x, t);
}

static inline float fr_prox_elastic_net_f32(float x, float l1, float l2)
{
    return (float)fr_prox_elastic_net_f64(x, l1, l2);
}

static inline float fr_prox_squared_l2_f32(float x, float l2)
{
    return (float)fr_prox_squared_l2_f64(x, l2);
}

static inline float fr_prox_box_f32(float x, float lower, float upper)
{
    return (float)fr_prox_box_f64(x, lower, upper);
}

static inline float fr_prox_l0_f32(float x, float t)
{
    return (float)fr_prox_l0_f64(x, t);
}

#ifdef Py_PYTHON_H

/* *function = the function of this name in the table of fastreg; 0, or -1 with an exception */
static inline int fr_import_function(PyObject *table, const char *name, void *function)
{
    PyObject *capsule = PyMapping_GetItemString(table, name);
    void *address;
    if (capsule == NULL) {
        PyErr_Format(PyExc_ImportError, "fastreg.h has %s, which the installed fastreg is too old for", name);
        return -1;
    }
    address = PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule));
    Py_DECREF(capsule);
    if (address == NULL)
        return -1;
    memcpy(function, &address, sizeof address); /* ISO C has no cast from void * to a function */
    return 0;
}

/* Fill api from the installed fastreg, with the GIL held: 0, or -1 with an exception.  Works with Py_LIMITED_API, too. */
static inline int fr_import(fr_api *api)
{
    PyObject *module = PyImport_ImportModule("fastreg.kernels.capi");
    PyObject *table = module == NULL ? NULL : PyObject_GetAttrString(module, "__pyx_capi__");
    int failed = table == NULL;
#define FR_IMPORT(name) failed = failed || fr_import_function(table, #name, &api->name) < 0;
    FR_EACH_FUNCTION(FR_IMPORT)
#undef FR_IMPORT
    Py_XDECREF(table);
    Py_XDECREF(module);
    if (failed)
        return -1;
    api->abi_version = api->fr_abi_version();
    return 0;
}

#endif /* Py_PYTHON_H */

#ifdef __cplusplus
}
#endif

#endif /* FASTREG_H */
