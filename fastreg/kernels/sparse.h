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
    ptrdiff_t size;      /* entries in all */
    int single, wide;    /* float32 entries; int64 places */
} fr_csc;

/* Most columns of a text have four entries or fewer, and how many is not foreseeable: the last four are read always, and those
 * that belong to the next column count 0 times. */
static const double FR_FIRST[5][4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {1, 1, 0, 0}, {1, 1, 1, 0}, {1, 1, 1, 1}};

/* an entry of one of several columns, in a list by rows, and where those of a row lie */
typedef struct {
    double value;
    ptrdiff_t col;
} fr_listed;
typedef struct {
    int32_t begin, end;
} fr_span;

#define FR_LANES 8 /* columns side by side */

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
/* how many entries the first p columns have in all, and the longest of them */
static inline ptrdiff_t fr_csc_end(const fr_csc *X, ptrdiff_t p) {
    return X->wide ? (ptrdiff_t)((const int64_t *)X->indptr)[p] : ((const int32_t *)X->indptr)[p];
}
static inline ptrdiff_t fr_csc_longest(const fr_csc *X, ptrdiff_t p) {
    return FR_CSC_CALL(fr_csc_longest, X, p);
}
/* sum_i root_i x_ij r_i */
static inline double fr_csc_dot(const fr_csc *X, ptrdiff_t j, const double *root, const double *r) {
    return FR_CSC_CALL(fr_csc_dot, X, j, root, r);
}
/* y_i += a root_i x_ij */
static inline void fr_csc_axpy(const fr_csc *X, ptrdiff_t j, double a, const double *root, double *y) {
    FR_CSC_CALL(fr_csc_axpy, X, j, a, root, y);
}
/* |scale root x_j|^2 over the stored entries */
static inline double fr_csc_square(const fr_csc *X, ptrdiff_t j, double scale, const double *root) {
    return FR_CSC_CALL(fr_csc_square, X, j, scale, root);
}
/* out[FR_LANES i] = scale root_i x_ij over the entries of column j */
static inline void fr_csc_spread(const fr_csc *X, ptrdiff_t j, double scale, const double *root, double *out) {
    FR_CSC_CALL(fr_csc_spread, X, j, scale, root, out);
}
/* out_c = sum_i scale root_i x_ij panel[FR_LANES i + c] for c < FR_LANES */
static inline void fr_csc_panel(const fr_csc *X, ptrdiff_t j, double scale, const double *root, const double *panel,
                                double *out) {
    FR_CSC_CALL(fr_csc_panel, X, j, scale, root, panel, out);
}
/* row_i.end += 1 for every entry of column j */
static inline void fr_csc_count(const fr_csc *X, ptrdiff_t j, fr_span *row) { FR_CSC_CALL(fr_csc_count, X, j, row); }
/* products_c += sum_i scale root_i x_ij v over the (v, c) listed in row i, from list[row_i.begin] to before list[row_i.end] and in
 * pairs: how many there are is not foreseeable, and half a pair counts 0.  If col >= 0, the entries of column j are then listed by
 * that name, and its square is its own product.  Returns how many products were summed. */
static inline ptrdiff_t fr_csc_meet(const fr_csc *X, ptrdiff_t j, double scale, const double *root, ptrdiff_t col, fr_span *row,
                                    fr_listed *list, double *products) {
    return FR_CSC_CALL(fr_csc_meet, X, j, scale, root, col, row, list, products);
}
/* Of every column as stored: mean_j = sum_i s_i x_ij / n if centre, else 0; sq_j = scale^2 sum_i s_i (x_ij - mean_j)^2, rows
 * without an entry included.  s_i = root_i^2, which add up to n.  A column of equal numbers has that number for its mean, and
 * sq_j = 0.  A column with an entry in every row is centred entry by entry, shift_j = mean_j and rest_j = 0, so that nothing
 * cancels where it is far from 0; of any other, shift_j = 0 and rest_j = mean_j.  dot_j = sum_i root_i (x_ij - shift_j) y_i.
 * shift and rest may be NULL where no column has as many entries as there are rows of weight > 0. */
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
FR_INLINE double FR_CSC(fr_csc_dot)(const fr_csc *X, ptrdiff_t j, const double *root, const double *r) {
    const FR_PLACE *start = (const FR_PLACE *)X->indptr + j, *at = (const FR_PLACE *)X->indices + start[0];
    const FR_ENTRY *x = (const FR_ENTRY *)X->data + start[0];
    const double c = X->shift ? X->shift[j] : 0.0;
    ptrdiff_t m = (ptrdiff_t)(start[1] - start[0]);
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
#define FR_TERM(i) ((root ? (x[i] - c) * root[at[i]] : x[i] - c) * r[at[i]])
    for (; m > 4; m -= 4, x += 4, at += 4) s0 += FR_TERM(0), s1 += FR_TERM(1), s2 += FR_TERM(2), s3 += FR_TERM(3);
    if (start[1] + 4 <= X->size) {
        const double *w = FR_FIRST[m];
        s0 += w[0] * FR_TERM(0), s1 += w[1] * FR_TERM(1), s2 += w[2] * FR_TERM(2), s3 += w[3] * FR_TERM(3);
    } else {
        for (ptrdiff_t i = 0; i < m; i++) s0 += FR_TERM(i);
    }
#undef FR_TERM
    return (s0 + s2) + (s1 + s3);
}
static void FR_CSC(fr_csc_dots)(const fr_csc *X, const ptrdiff_t *cols, ptrdiff_t m, const double *root, const double *r,
                                double *out) {
    for (ptrdiff_t k = 0; k < m; k++) {
        const ptrdiff_t j = cols ? cols[k] : k;
        out[k] = root ? FR_CSC(fr_csc_dot)(X, j, root, r) : FR_CSC(fr_csc_dot)(X, j, NULL, r);
    }
}
#define FR_ROWS_OF(j)                                                                           \
    const FR_PLACE *start = (const FR_PLACE *)X->indptr + (j), *at = (const FR_PLACE *)X->indices + start[0]; \
    const FR_ENTRY *x = (const FR_ENTRY *)X->data + start[0];                                   \
    const double shift = X->shift ? X->shift[j] : 0.0;                                          \
    const ptrdiff_t m = (ptrdiff_t)(start[1] - start[0])
#define FR_VALUE(k) (scale * (root ? (x[k] - shift) * root[at[k]] : x[k] - shift))
static double FR_CSC(fr_csc_square)(const fr_csc *X, ptrdiff_t j, double scale, const double *root) {
    FR_ROWS_OF(j);
    double sum = 0.0;
    for (ptrdiff_t k = 0; k < m; k++) sum += FR_VALUE(k) * FR_VALUE(k);
    return sum;
}
static void FR_CSC(fr_csc_spread)(const fr_csc *X, ptrdiff_t j, double scale, const double *root, double *out) {
    FR_ROWS_OF(j);
    for (ptrdiff_t k = 0; k < m; k++) out[FR_LANES * (ptrdiff_t)at[k]] = FR_VALUE(k);
}
FR_HOT void FR_CSC(fr_csc_panel)(const fr_csc *X, ptrdiff_t j, double scale, const double *root, const double *panel, double *out) {
    FR_ROWS_OF(j);
    double s[FR_LANES] = {0.0}, t[FR_LANES] = {0.0}; /* by turns: a sum waits for the one before it */
    ptrdiff_t k = 0;
    for (; k + 2 <= m; k += 2) {
        const double *p = panel + FR_LANES * (ptrdiff_t)at[k], *q = panel + FR_LANES * (ptrdiff_t)at[k + 1];
        const double v = FR_VALUE(k), u = FR_VALUE(k + 1);
        for (int c = 0; c < FR_LANES; c++) s[c] += v * p[c];
        for (int c = 0; c < FR_LANES; c++) t[c] += u * q[c];
    }
    for (; k < m; k++)
        for (int c = 0; c < FR_LANES; c++) s[c] += FR_VALUE(k) * panel[FR_LANES * (ptrdiff_t)at[k] + c];
    for (int c = 0; c < FR_LANES; c++) out[c] = s[c] + t[c];
}
static void FR_CSC(fr_csc_count)(const fr_csc *X, ptrdiff_t j, fr_span *row) {
    const FR_PLACE *at = (const FR_PLACE *)X->indices, *start = (const FR_PLACE *)X->indptr + j;
    for (FR_PLACE k = start[0]; k < start[1]; k++) row[at[k]].end++;
}
static ptrdiff_t FR_CSC(fr_csc_meet)(const fr_csc *X, ptrdiff_t j, double scale, const double *root, ptrdiff_t col, fr_span *row,
                                     fr_listed *list, double *products) {
    FR_ROWS_OF(j);
    ptrdiff_t met = m;
    for (ptrdiff_t k = 0; k < m; k++) {
        fr_span *span = row + at[k];
        const fr_listed *end = list + span->end;
        const double v = FR_VALUE(k);
        for (const fr_listed *t = list + span->begin; t < end; t += 2) {
            products[t[0].col] += v * t[0].value;
            products[t[1].col] += v * t[1].value;
        }
        met += span->end - span->begin;
        if (col >= 0) {
            list[span->end].value = v, list[span->end].col = col;
            span->end++;
            products[col] += v * v;
        }
    }
    return met;
}
#undef FR_ROWS_OF
#undef FR_VALUE
FR_HOT ptrdiff_t FR_CSC(fr_csc_longest)(const fr_csc *X, ptrdiff_t p) {
    const FR_PLACE *start = (const FR_PLACE *)X->indptr;
    FR_PLACE most = 0;
    for (ptrdiff_t j = 0; j < p; j++) most = start[j + 1] - start[j] > most ? start[j + 1] - start[j] : most;
    return (ptrdiff_t)most;
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
/* sums[0] = sum_i s_i v_i, sums[1] = scale^2 sum_i s_i v_i^2 and sums[2] = sum_i root_i v_i y_i over column j, v_i = x_ij - c */
FR_INLINE void FR_CSC(fr_csc_moments)(const fr_csc *X, ptrdiff_t j, double c, double scale, const double *root, const double *y,
                                      double *sums) {
    const FR_PLACE *start = (const FR_PLACE *)X->indptr + j, *at = (const FR_PLACE *)X->indices + start[0];
    const FR_ENTRY *x = (const FR_ENTRY *)X->data + start[0];
    ptrdiff_t m = (ptrdiff_t)(start[1] - start[0]);
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0, q0 = 0.0, q1 = 0.0, q2 = 0.0, q3 = 0.0, d0 = 0.0, d1 = 0.0, d2 = 0.0, d3 = 0.0;
#define FR_TERM(s, q, d, w, i)                                                                  \
    do {                                                                                        \
        const double v = (w) * (root ? root[at[i]] * ((double)x[i] - c) : (double)x[i] - c), u = scale * v; \
        s += root ? root[at[i]] * v : v;                                                        \
        q += u * u;                                                                             \
        d += v * y[at[i]];                                                                      \
    } while (0)
    for (; m > 4; m -= 4, x += 4, at += 4) {
        FR_TERM(s0, q0, d0, 1.0, 0);
        FR_TERM(s1, q1, d1, 1.0, 1);
        FR_TERM(s2, q2, d2, 1.0, 2);
        FR_TERM(s3, q3, d3, 1.0, 3);
    }
    if (start[1] + 4 <= X->size) {
        const double *w = FR_FIRST[m];
        FR_TERM(s0, q0, d0, w[0], 0);
        FR_TERM(s1, q1, d1, w[1], 1);
        FR_TERM(s2, q2, d2, w[2], 2);
        FR_TERM(s3, q3, d3, w[3], 3);
    } else {
        for (ptrdiff_t i = 0; i < m; i++) FR_TERM(s0, q0, d0, 1.0, i);
    }
#undef FR_TERM
    sums[0] = (s0 + s2) + (s1 + s3), sums[1] = (q0 + q2) + (q1 + q3), sums[2] = (d0 + d2) + (d1 + d3);
}
FR_INLINE void FR_CSC(fr_csc_statistics)(const fr_csc *X, ptrdiff_t n, ptrdiff_t p, int centre, double scale, const double *root,
                                         const double *y, double *mean, double *sq, double *dot, double *shift, double *rest) {
    const FR_PLACE *start = (const FR_PLACE *)X->indptr;
    ptrdiff_t rows = n; /* of weight > 0 */
    for (ptrdiff_t i = 0; root && i < n; i++) rows -= root[i] == 0.0;
    for (ptrdiff_t j = 0; j < p; j++) {
        const FR_PLACE *at = (const FR_PLACE *)X->indices + start[j];
        const FR_ENTRY *x = (const FR_ENTRY *)X->data + start[j];
        const ptrdiff_t m = (ptrdiff_t)(start[j + 1] - start[j]);
        double sums[3], weight = (double)m;
        ptrdiff_t entries = m;
        FR_CSC(fr_csc_moments)(X, j, 0.0, scale, root, y, sums);
        mean[j] = 0.0, sq[j] = sums[1], dot[j] = sums[2];
        if (shift) rest[j] = shift[j] = 0.0;
        if (!centre) continue;
        if (root) {
            weight = 0.0, entries = 0;
            for (ptrdiff_t k = 0; k < m; k++) weight += root[at[k]] * root[at[k]], entries += root[at[k]] > 0.0;
            weight = weight < n ? weight : (double)n;
        }
        const int full = entries == rows;
        const double c = sums[0] / n;
        if (2.0 * weight <= n && !full) { /* n c^2 is at most half of the sum of squares: what cancels is a bit */
            sq[j] = sums[1] - n * (scale * c) * (scale * c);
            mean[j] = c;
            if (shift) rest[j] = c;
            continue;
        }
        FR_CSC(fr_csc_moments)(X, j, c, scale, root, y, sums);
        if (full) {
            ptrdiff_t first = 0, k; /* of weight > 0 */
            while (root && root[at[first]] == 0.0) first++;
            for (k = first; k < m && (x[k] == x[first] || (root && root[at[k]] == 0.0)); k++) {}
            mean[j] = shift[j] = k == m ? (double)x[first] : c + sums[0] / n;
            sq[j] = k == m ? 0.0 : sums[1];
            dot[j] = sums[2];
        } else {
            mean[j] = c + (sums[0] - (n - weight) * c) / n; /* the mean of what the first one leaves over */
            if (shift) rest[j] = mean[j];
            sq[j] = sums[1] + (n - weight) * (scale * c) * (scale * c);
        }
        /* what the rounding of the mean leaves of a constant column is no variance */
        if (sq[j] <= 16.0 * DBL_EPSILON * DBL_EPSILON * n * (scale * mean[j]) * (scale * mean[j])) sq[j] = 0.0;
    }
}
#undef FR_CSC
#undef FR_ENTRY
#undef FR_PLACE
#endif
