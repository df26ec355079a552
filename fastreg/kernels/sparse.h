/* Columns of a compressed sparse matrix (CSC): sums and updates over the stored entries of one column.
 *
 * Entries are read as float32 or float64 at int32 or int64 places and summed in float64, in four partial sums that are added
 * in one fixed order.  root holds the square roots of the rows' weights, or is NULL.  Which rows exist was checked when the
 * matrix came in; this file knows nothing of means, penalties or problems.
 */
#ifndef FASTREG_SPARSE_H
#define FASTREG_SPARSE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const void *data, *indices, *indptr;
    int single, wide; /* float32 entries; int64 places */
} fr_csc;

#define FR_CSC(f) f##_f64_i32
#define FR_ENTRY double
#define FR_PLACE int32_t
#include "sparse.h"
#define FR_CSC(f) f##_f64_i64
#define FR_ENTRY double
#define FR_PLACE int64_t
#include "sparse.h"
#define FR_CSC(f) f##_f32_i32
#define FR_ENTRY float
#define FR_PLACE int32_t
#include "sparse.h"
#define FR_CSC(f) f##_f32_i64
#define FR_ENTRY float
#define FR_PLACE int64_t
#include "sparse.h"

#define FR_CSC_CALL(f, ...)                                             \
    (X->single ? (X->wide ? f##_f32_i64(__VA_ARGS__) : f##_f32_i32(__VA_ARGS__)) \
               : (X->wide ? f##_f64_i64(__VA_ARGS__) : f##_f64_i32(__VA_ARGS__)))

static inline ptrdiff_t fr_csc_size(const fr_csc *X, ptrdiff_t j) {
    return X->wide ? (ptrdiff_t)(((const int64_t *)X->indptr)[j + 1] - ((const int64_t *)X->indptr)[j])
                   : ((const int32_t *)X->indptr)[j + 1] - ((const int32_t *)X->indptr)[j];
}
/* sum_i root_i x_ij r_i */
static inline double fr_csc_dot(const fr_csc *X, ptrdiff_t j, const double *root, const double *r) {
    return FR_CSC_CALL(fr_csc_dot, X, j, root, r);
}
/* y_i += a root_i x_ij */
static inline void fr_csc_axpy(const fr_csc *X, ptrdiff_t j, double a, const double *root, double *y) {
    FR_CSC_CALL(fr_csc_axpy, X, j, a, root, y);
}
/* y_i = 0 where x_ij is stored */
static inline void fr_csc_clear(const fr_csc *X, ptrdiff_t j, double *y) { FR_CSC_CALL(fr_csc_clear, X, j, y); }
/* out: sum of s_i (x_ij - shift), of s_i (scale (x_ij - shift))^2 and of s_i over the stored entries, s_i = root_i^2 */
static inline void fr_csc_moments(const fr_csc *X, ptrdiff_t j, double shift, double scale, const double *root, double *out) {
    FR_CSC_CALL(fr_csc_moments, X, j, shift, scale, root, out);
}

#elif defined(FR_CSC)
/* ------------------------------------------------------------------------- once per type of entries and of places */
static double FR_CSC(fr_csc_dot)(const fr_csc *X, ptrdiff_t j, const double *root, const double *r) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    double s[4] = {0.0, 0.0, 0.0, 0.0};
    FR_PLACE k = start[0];
    const FR_PLACE end = start[1];
    if (root) {
        for (; k < end; k++) s[k & 3] += (x[k] * root[at[k]]) * r[at[k]];
    } else {
        for (; k + 4 <= end; k += 4) {
            s[0] += x[k] * r[at[k]];
            s[1] += x[k + 1] * r[at[k + 1]];
            s[2] += x[k + 2] * r[at[k + 2]];
            s[3] += x[k + 3] * r[at[k + 3]];
        }
        for (; k < end; k++) s[0] += x[k] * r[at[k]];
    }
    return (s[0] + s[2]) + (s[1] + s[3]);
}
static void FR_CSC(fr_csc_axpy)(const fr_csc *X, ptrdiff_t j, double a, const double *root, double *y) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    for (FR_PLACE k = start[0]; k < start[1]; k++) y[at[k]] += a * (root ? x[k] * root[at[k]] : x[k]);
}
static void FR_CSC(fr_csc_clear)(const fr_csc *X, ptrdiff_t j, double *y) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    for (FR_PLACE k = start[0]; k < start[1]; k++) y[at[k]] = 0.0;
}
static void FR_CSC(fr_csc_moments)(const fr_csc *X, ptrdiff_t j, double shift, double scale, const double *root, double *out) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    double sum = 0.0, squares = 0.0, weight = 0.0;
    for (FR_PLACE k = start[0]; k < start[1]; k++) {
        const double rooted = root ? root[at[k]] : 1.0, v = rooted * ((double)x[k] - shift);
        sum += rooted * v;
        squares += (scale * v) * (scale * v);
        weight += rooted * rooted;
    }
    out[0] = sum, out[1] = squares, out[2] = weight;
}
#undef FR_CSC
#undef FR_ENTRY
#undef FR_PLACE
#endif
