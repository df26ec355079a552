/* Columns of a compressed sparse matrix (CSC): sums and updates over the stored entries of one column.
 *
 * Entries are read as float32 or float64 at int32 or int64 places and summed in float64, in four partial sums that are added
 * in one fixed order.  root holds the square roots of the rows' weights, or is NULL.  Which rows exist was checked when the
 * matrix came in; this file knows nothing of means, penalties or problems.
 */
#ifndef FASTREG_SPARSE_H
#define FASTREG_SPARSE_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "lanes.h"

#if !defined(__GNUC__)
#define __attribute__(x)
#endif

typedef struct {
    const void *data, *indices, *indptr;
    const double *shift; /* x_ij stands for the stored number less shift_j; NULL: as it is */
    int single, wide;    /* float32 entries; int64 places */
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

/* Whether p columns of n rows lie within arrays of `size` entries, are finite, and have rows that ascend in every column; each
 * number is looked at before it is used for anything.  Four scans, of which two are of the pointers. */
static inline int fr_csc_in_order(const fr_csc *X, ptrdiff_t size, ptrdiff_t n, ptrdiff_t p) {
    return FR_CSC_CALL(fr_csc_in_order, X, size, n, p);
}
/* out_k = sum_i root_i x_ij r_i for j = cols[k], or j = k where cols is NULL */
static inline void fr_csc_dots(const fr_csc *X, const ptrdiff_t *cols, ptrdiff_t m, const double *root, const double *r,
                               double *out) {
    FR_CSC_CALL(fr_csc_dots, X, cols, m, root, r, out);
}
/* y_i += sum_k a_k x_ik over the first m columns */
static inline void fr_csc_combine(const fr_csc *X, ptrdiff_t m, const double *a, double *y) {
    FR_CSC_CALL(fr_csc_combine, X, m, a, y);
}
/* values, rows = scale root_i x_ij and i over the entries of column j; returns how many */
static inline ptrdiff_t fr_csc_copy(const fr_csc *X, ptrdiff_t j, double scale, const double *root, double *values,
                                    int32_t *rows) {
    return FR_CSC_CALL(fr_csc_copy, X, j, scale, root, values, rows);
}
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
/* Of every column as stored: mean_j = sum_i s_i x_ij / n if centre, else 0; sq_j = scale^2 sum_i s_i (x_ij - mean_j)^2, rows
 * without an entry included.  s_i = root_i^2, which add up to n.  A column of equal numbers has that number for its mean, and
 * sq_j = 0.  A column with an entry in every row is centred entry by entry, shift_j = mean_j and rest_j = 0, so that nothing
 * cancels where it is far from 0; of any other, shift_j = 0 and rest_j = mean_j.  dot_j = sum_i root_i (x_ij - shift_j) y_i. */
static inline void fr_csc_statistics(const fr_csc *X, ptrdiff_t n, ptrdiff_t p, int centre, double scale, const double *root,
                                     const double *y, double *mean, double *sq, double *dot, double *shift, double *rest) {
    if (root) FR_CSC_CALL(fr_csc_statistics, X, n, p, centre, scale, root, y, mean, sq, dot, shift, rest);
    else FR_CSC_CALL(fr_csc_statistics, X, n, p, centre, scale, NULL, y, mean, sq, dot, shift, rest);
}

#elif defined(FR_CSC)
/* ------------------------------------------------------------------------- once per type of entries and of places */
FR_HOT int FR_CSC(fr_csc_in_order)(const fr_csc *X, ptrdiff_t size, ptrdiff_t n, ptrdiff_t p) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    const FR_ENTRY zero = 0;
    FR_ENTRY odd[16] = {zero}; /* NaN where some entry is not finite */
    FR_PLACE least = 0, most = -1;
    ptrdiff_t end, k = 0, falls = 0, new_columns = 0;
    int rises = start[0] == 0;
    for (ptrdiff_t j = 0; j < p; j++) rises &= start[j] <= start[j + 1];
    end = (ptrdiff_t)start[p];
    if (!rises || end > size) return 0;
    for (; k + 16 <= end; k += 16)
        for (int i = 0; i < 16; i++) odd[i] += x[k + i] * zero;
    for (; k < end; k++) odd[0] += x[k] * zero;
    for (int i = 0; i < 16; i++)
        if (odd[i] != zero) return 0;
    for (k = 0; k < end; k++) {
        least = at[k] < least ? at[k] : least;
        most = at[k] > most ? at[k] : most;
    }
    if (least < 0 || most >= n) return 0;
    /* rows fall from one entry to the next only where a column begins */
    for (k = 1; k < end; k++) falls += at[k] <= at[k - 1];
    for (ptrdiff_t j = 0; j < p; j++)
        if (start[j] > 0 && start[j] < start[j + 1]) new_columns += at[start[j]] <= at[start[j] - 1];
    return falls == new_columns;
}
static inline double FR_CSC(fr_csc_dot)(const fr_csc *X, ptrdiff_t j, const double *root, const double *r) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    const double c = X->shift ? X->shift[j] : 0.0;
    double s[4] = {0.0, 0.0, 0.0, 0.0};
    FR_PLACE k = start[0];
    const FR_PLACE end = start[1];
    if (root) {
        for (; k < end; k++) s[k & 3] += ((x[k] - c) * root[at[k]]) * r[at[k]];
    } else {
        for (; end - k >= 4; k += 4) {
            s[0] += (x[k] - c) * r[at[k]];
            s[1] += (x[k + 1] - c) * r[at[k + 1]];
            s[2] += (x[k + 2] - c) * r[at[k + 2]];
            s[3] += (x[k + 3] - c) * r[at[k + 3]];
        }
        for (; k < end; k++) s[0] += (x[k] - c) * r[at[k]];
    }
    return (s[0] + s[2]) + (s[1] + s[3]);
}
static void FR_CSC(fr_csc_dots)(const fr_csc *X, const ptrdiff_t *cols, ptrdiff_t m, const double *root, const double *r,
                                double *out) {
    for (ptrdiff_t k = 0; k < m; k++) out[k] = FR_CSC(fr_csc_dot)(X, cols ? cols[k] : k, root, r);
}
static void FR_CSC(fr_csc_combine)(const fr_csc *X, ptrdiff_t m, const double *a, double *y) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    for (ptrdiff_t j = 0; j < m; j++)
        for (FR_PLACE k = start[j]; k < start[j + 1]; k++) y[at[k]] += a[j] * x[k];
}
static ptrdiff_t FR_CSC(fr_csc_copy)(const fr_csc *X, ptrdiff_t j, double scale, const double *root, double *values,
                                     int32_t *rows) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    const double c = X->shift ? X->shift[j] : 0.0;
    for (FR_PLACE k = start[0]; k < start[1]; k++) {
        values[k - start[0]] = scale * (root ? (x[k] - c) * root[at[k]] : x[k] - c);
        rows[k - start[0]] = (int32_t)at[k];
    }
    return (ptrdiff_t)(start[1] - start[0]);
}
static void FR_CSC(fr_csc_axpy)(const fr_csc *X, ptrdiff_t j, double a, const double *root, double *y) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    const double c = X->shift ? X->shift[j] : 0.0;
    for (FR_PLACE k = start[0]; k < start[1]; k++) y[at[k]] += a * (root ? (x[k] - c) * root[at[k]] : x[k] - c);
}
static inline __attribute__((always_inline)) void FR_CSC(fr_csc_statistics)(
    const fr_csc *X, ptrdiff_t n, ptrdiff_t p, int centre, double scale, const double *root, const double *y, double *mean,
    double *sq, double *dot, double *shift, double *rest) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr;
    const FR_ENTRY *x = (const FR_ENTRY *)X->data;
    ptrdiff_t rows = n; /* of weight > 0 */
    for (ptrdiff_t i = 0; root && i < n; i++) rows -= root[i] == 0.0;
    for (ptrdiff_t j = 0; j < p; j++) {
        double sum = 0.0, squares = 0.0, product = 0.0, weight = 0.0;
        ptrdiff_t entries = 0;
        for (FR_PLACE k = start[j]; k < start[j + 1]; k++) {
            const double r = root ? root[at[k]] : 1.0, v = r * x[k];
            sum += r * v, weight += r * r, entries += r > 0.0;
            squares += (scale * v) * (scale * v);
            product += v * y[at[k]];
        }
        mean[j] = rest[j] = shift[j] = 0.0, sq[j] = squares, dot[j] = product;
        if (centre && entries > 0) {
            const int full = entries == rows;
            double m = sum / n, left = 0.0, first = 0.0;
            int constant = full, seen = 0;
            squares = product = 0.0;
            for (FR_PLACE k = start[j]; k < start[j + 1]; k++) {
                const double r = root ? root[at[k]] : 1.0, v = r * ((double)x[k] - m);
                if (r > 0.0) {
                    constant = constant && (!seen || x[k] == first);
                    first = x[k], seen = 1;
                }
                left += r * v;
                squares += (scale * v) * (scale * v);
                product += v * y[at[k]];
            }
            weight = full ? (double)n : weight < n ? weight : (double)n;
            squares += (n - weight) * (scale * m) * (scale * m);
            m += (left - (n - weight) * m) / n; /* the mean of what the first one leaves over */
            mean[j] = constant ? first : m;
            sq[j] = constant ? 0.0 : squares;
            if (full) shift[j] = mean[j], dot[j] = product;
            else rest[j] = mean[j];
        }
    }
}
#undef FR_CSC
#undef FR_ENTRY
#undef FR_PLACE
#endif
