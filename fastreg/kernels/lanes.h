/* Sums, dots and updates of columns in a fixed number of explicit lanes.
 *
 * Every sum runs in 16 lanes (four vectors of four doubles) that are added in one fixed order, so that a result does not
 * depend on the instruction set, and no -ffast-math is needed to vectorise it.  float32 data is read as float32 and
 * accumulated in float64.  A column x is read as x - shift, which centres it without a copy and without cancellation:
 * the difference is taken element by element, before anything is summed.
 *
 * The part that depends on the element type is written once; the file includes itself for float and for double.
 */
#ifndef FASTREG_LANES_H
#define FASTREG_LANES_H

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* gcc on glibc compiles a hot function once per instruction set and picks at load time; elsewhere it is compiled plainly */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(FASTREG_DEBUG)
#define FR_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#define FR_CLONES_NARROW __attribute__((target_clones("default", "avx2")))
#define FR_HAS_CLONES 1
#else
#define FR_CLONES
#define FR_CLONES_NARROW
#define FR_HAS_CLONES 0
#endif

#if defined(__GNUC__)
#define FR_INLINE static inline __attribute__((always_inline, unused))
#define FR_HOT static __attribute__((noinline, unused)) FR_CLONES
#define FR_HOT_NARROW static __attribute__((noinline, unused)) FR_CLONES_NARROW
typedef double fr_v4 __attribute__((vector_size(32)));
typedef double fr_v4u __attribute__((vector_size(32), aligned(8), may_alias));
typedef float fr_v4f __attribute__((vector_size(16), aligned(4), may_alias));
#define FR_ADD(a, b) ((a) + (b))
#define FR_SUB(a, b) ((a) - (b))
#define FR_MUL(a, b) ((a) * (b))
#define FR_SET(a, b, c, d) ((fr_v4){(a), (b), (c), (d)})
#define FR_AT(v, k) ((v)[k])
#define FR_LOAD_double(p) ((fr_v4) * (const fr_v4u *)(p))
#define FR_LOAD_float(p) __builtin_convertvector(*(const fr_v4f *)(p), fr_v4)
#define FR_STORE(p, v) (*(fr_v4u *)(p) = (v))
#if FR_HAS_CLONES
typedef double fr_v8 __attribute__((vector_size(64)));
typedef double fr_v8u __attribute__((vector_size(64), aligned(8), may_alias));
#endif
#else
#define FR_INLINE static __forceinline
#define FR_HOT static
#define FR_HOT_NARROW static
typedef struct { double at[4]; } fr_v4;
#define FR_EACH(e0, e1, e2, e3) fr_v4 out; out.at[0] = (e0); out.at[1] = (e1); out.at[2] = (e2); out.at[3] = (e3); return out
FR_INLINE fr_v4 fr_set(double a, double b, double c, double d) { FR_EACH(a, b, c, d); }
FR_INLINE fr_v4 fr_add(fr_v4 a, fr_v4 b) { FR_EACH(a.at[0] + b.at[0], a.at[1] + b.at[1], a.at[2] + b.at[2], a.at[3] + b.at[3]); }
FR_INLINE fr_v4 fr_sub(fr_v4 a, fr_v4 b) { FR_EACH(a.at[0] - b.at[0], a.at[1] - b.at[1], a.at[2] - b.at[2], a.at[3] - b.at[3]); }
FR_INLINE fr_v4 fr_mul(fr_v4 a, fr_v4 b) { FR_EACH(a.at[0] * b.at[0], a.at[1] * b.at[1], a.at[2] * b.at[2], a.at[3] * b.at[3]); }
FR_INLINE void fr_store(double *p, fr_v4 v) { p[0] = v.at[0]; p[1] = v.at[1]; p[2] = v.at[2]; p[3] = v.at[3]; }
#define FR_ADD(a, b) fr_add(a, b)
#define FR_SUB(a, b) fr_sub(a, b)
#define FR_MUL(a, b) fr_mul(a, b)
#define FR_SET(a, b, c, d) fr_set(a, b, c, d)
#define FR_AT(v, k) ((v).at[k])
#define FR_LOAD_double(p) fr_set((p)[0], (p)[1], (p)[2], (p)[3])
#define FR_LOAD_float(p) fr_set((p)[0], (p)[1], (p)[2], (p)[3])
#define FR_STORE(p, v) fr_store(p, v)
#endif

/* ask for `size` bytes that will be read soon */
FR_INLINE void fr_prefetch(const void *from, ptrdiff_t size) {
#if defined(__GNUC__)
    for (ptrdiff_t k = 0; k < size; k += 64) __builtin_prefetch((const char *)from + k, 0, 2);
#else
    (void)from, (void)size;
#endif
}

/* bounds are checked in a debug build only; an index that is out of them there ends the process, where it is wrong */
#if defined(FASTREG_DEBUG)
#define FR_CHECK(condition) assert(condition)
#else
#define FR_CHECK(condition) ((void)(condition))
#endif

#define FR_ZERO FR_SET(0.0, 0.0, 0.0, 0.0)
#define FR_FILL(a) FR_SET(a, a, a, a)
#define FR_TOTAL(v) ((FR_AT(v, 0) + FR_AT(v, 2)) + (FR_AT(v, 1) + FR_AT(v, 3)))
#define FR_PASTE_(a, b) a##b
#define FR_PASTE(a, b) FR_PASTE_(a, b)

#if defined(__GNUC__)
typedef int64_t fr_bits __attribute__((vector_size(32)));
#define FR_MAGNITUDE ((fr_bits){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX})
/* top = x where that is larger: NaN does not count.  The compiler does not find this by itself. */
#define FR_RAISE(top, x)                                                              \
    do {                                                                              \
        const fr_v4 other = (x);                                                      \
        const fr_bits larger = (fr_bits)(other > top);                                \
        top = (fr_v4)(((fr_bits)other & larger) | ((fr_bits)top & ~larger));          \
    } while (0)
#define FR_ABS(v) ((fr_v4)((fr_bits)(v) & FR_MAGNITUDE))
#else
FR_INLINE fr_v4 fr_abs(fr_v4 a) { FR_EACH(fabs(a.at[0]), fabs(a.at[1]), fabs(a.at[2]), fabs(a.at[3])); }
#define FR_ABS(v) fr_abs(v)
#define FR_RAISE(top, x)                                                              \
    do {                                                                              \
        const fr_v4 other = (x);                                                      \
        for (int lane = 0; lane < 4; lane++) top.at[lane] = other.at[lane] > top.at[lane] ? other.at[lane] : top.at[lane]; \
    } while (0)
#endif

/* ------------------------------------------------------------------------------------------ the same for both dtypes */
#define FR_REAL double
#define FR_NAME(f) f##_f64
#include "lanes.h"
#undef FR_REAL
#undef FR_NAME
#define FR_REAL float
#define FR_NAME(f) f##_f32
#include "lanes.h"
#undef FR_REAL
#undef FR_NAME

/* ------------------------------------------------------------------------------------------ rows of doubles: BLAS-3 */
/* total_b = FR_TOTAL(v_b), four at a time where the compiler can shuffle */
#if defined(__GNUC__) && !defined(__clang__)
#define FR_TOTALS(v, total)                                                                     \
    do {                                                                                        \
        typedef int64_t order_t __attribute__((vector_size(32)));                               \
        const order_t low = {0, 1, 4, 5}, high = {2, 3, 6, 7}, even = {0, 4, 2, 6}, odd = {1, 5, 3, 7}; \
        const fr_v4 p = __builtin_shuffle((v)[0], (v)[1], low) + __builtin_shuffle((v)[0], (v)[1], high); \
        const fr_v4 q = __builtin_shuffle((v)[2], (v)[3], low) + __builtin_shuffle((v)[2], (v)[3], high); \
        const fr_v4 sum = __builtin_shuffle(p, q, even) + __builtin_shuffle(p, q, odd);          \
        (total)[0] = sum[0], (total)[1] = sum[2], (total)[2] = sum[1], (total)[3] = sum[3];     \
    } while (0)
#else
#define FR_TOTALS(v, total)                                                                     \
    do {                                                                                        \
        for (int b = 0; b < 4; b++) (total)[b] = FR_TOTAL((v)[b]);                              \
    } while (0)
#endif

#define FR_TILED(f) f##_narrow
#define FR_TILED_HOT FR_HOT_NARROW
#define FR_PARTS 2
#define FR_VECTOR fr_v4
#define FR_VECTOR_ZERO FR_ZERO
#define FR_VECTOR_LOAD(p) FR_LOAD_double(p)
#define FR_VECTOR_HALVES(v) FR_ADD((v)[0], (v)[1])
#include "tiles.h"
#if FR_HAS_CLONES
#define FR_TILED(f) f##_wide
#define FR_TILED_HOT static __attribute__((noinline, unused, target("avx512f")))
#define FR_PARTS 1
#define FR_VECTOR fr_v8
#define FR_VECTOR_ZERO ((fr_v8){0})
#define FR_VECTOR_LOAD(p) ((fr_v8) * (const fr_v8u *)(p))
#define FR_VECTOR_HALVES(v) \
    ((fr_v4){(v)[0][0], (v)[0][1], (v)[0][2], (v)[0][3]} + (fr_v4){(v)[0][4], (v)[0][5], (v)[0][6], (v)[0][7]})
#include "tiles.h"
#endif

/* out += sign * A B' for row-major A (ma, k), B (mb, k), out (ma, ldo).  lower: only tiles that touch column b <= row a
 * of out are made (for A = B; entries above the diagonal of such a tile are made too).  B is taken 96 rows at a time,
 * which stay in the second cache while all of A passes. */
FR_INLINE void fr_rows_dot(ptrdiff_t ma, ptrdiff_t mb, ptrdiff_t k, double sign, const double *A, ptrdiff_t lda,
                           const double *B, ptrdiff_t ldb, double *out, ptrdiff_t ldo, int lower) {
#if FR_HAS_CLONES
    if (__builtin_cpu_supports("avx512f")) {
        fr_rows_dot_wide(ma, mb, k, sign, A, lda, B, ldb, out, ldo, lower);
        return;
    }
#endif
    fr_rows_dot_narrow(ma, mb, k, sign, A, lda, B, ldb, out, ldo, lower);
}

/* max |x_i|, in eight lanes: comparisons would wait for one another; NaN does not count */
FR_INLINE double fr_largest_any(ptrdiff_t n, const double *x) {
    double top[8] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    ptrdiff_t i = 0;
#if defined(__GNUC__)
    fr_v4 low = FR_ZERO, high = FR_ZERO;
    for (; i + 8 <= n; i += 8) {
        FR_RAISE(low, (fr_v4)((fr_bits)FR_LOAD_double(x + i) & FR_MAGNITUDE));
        FR_RAISE(high, (fr_v4)((fr_bits)FR_LOAD_double(x + i + 4) & FR_MAGNITUDE));
    }
    FR_STORE(top, low);
    FR_STORE(top + 4, high);
#endif
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) top[k] = fabs(x[i + k]) > top[k] ? fabs(x[i + k]) : top[k];
    for (; i < n; i++) top[0] = fabs(x[i]) > top[0] ? fabs(x[i]) : top[0];
    for (int k = 1; k < 8; k++) top[0] = top[k] > top[0] ? top[k] : top[0];
    return top[0];
}
FR_HOT double fr_largest(ptrdiff_t n, const double *x) { return fr_largest_any(n, x); }

#if defined(__GNUC__) && !defined(__clang__)
/* bound_k = |a c_k| + d size_k, (a, d) = ad[e_k], for a multiple of four columns; returns the largest.  A pair is loaded as one,
 * which the compiler would not see, and numbers >= 0 are compared as the integers that their bits are. */
FR_INLINE double fr_bounds(ptrdiff_t m, const double *c, const double *size, const int32_t *e, const double *ad,
                           double *bound) {
    typedef double pair_t __attribute__((vector_size(16), aligned(8), may_alias));
    const fr_bits first = {0, 4, 2, 6}, second = {1, 5, 3, 7};
    fr_bits top = {0, 0, 0, 0};
    double tops[4], block = 0.0;
    for (ptrdiff_t k = 0; k < m; k += 4) {
        const pair_t p0 = *(const pair_t *)(ad + 2 * e[k]), p1 = *(const pair_t *)(ad + 2 * e[k + 1]);
        const pair_t p2 = *(const pair_t *)(ad + 2 * e[k + 2]), p3 = *(const pair_t *)(ad + 2 * e[k + 3]);
        const fr_v4 even = {p0[0], p0[1], p2[0], p2[1]}, odd = {p1[0], p1[1], p3[0], p3[1]};
        const fr_v4 v = __builtin_shuffle(even, odd, first) * FR_LOAD_double(c + k);
        const fr_v4 b = (fr_v4)((fr_bits)v & FR_MAGNITUDE) + __builtin_shuffle(even, odd, second) * FR_LOAD_double(size + k);
        const fr_bits larger = (fr_bits)b > top;
        FR_STORE(bound + k, b);
        top = ((fr_bits)b & larger) | (top & ~larger);
    }
    FR_STORE(tops, (fr_v4)top);
    for (int k = 0; k < 4; k++) block = tops[k] > block ? tops[k] : block;
    return block;
}
#endif

#if FR_HAS_CLONES
/* the same for a multiple of eight columns and at most 32 pairs, which stay in registers: a in tables[0 .. 31], d behind them */
static __attribute__((noinline, unused, target("avx512f"))) double
fr_bounds_few(ptrdiff_t m, const double *c, const double *size, const int32_t *e, const double *tables, double *bound) {
    typedef int64_t places_t __attribute__((vector_size(64)));
    typedef int32_t given_t __attribute__((vector_size(32), aligned(4), may_alias));
#define FR_LOAD8(p) ((fr_v8) * (const fr_v8u *)(p))
#define FR_CHOOSE8(low, high, mask) ((fr_v8)(((places_t)(high) & (mask)) | ((places_t)(low) & ~(mask))))
    const fr_v8 a0 = FR_LOAD8(tables), a1 = FR_LOAD8(tables + 8), a2 = FR_LOAD8(tables + 16), a3 = FR_LOAD8(tables + 24);
    const fr_v8 d0 = FR_LOAD8(tables + 32), d1 = FR_LOAD8(tables + 40), d2 = FR_LOAD8(tables + 48), d3 = FR_LOAD8(tables + 56);
    const places_t magnitude = (places_t){0} + INT64_MAX;
    places_t top = {0};
    double tops[8], block = 0.0;
    for (ptrdiff_t k = 0; k < m; k += 8) {
        const places_t at = __builtin_convertvector(*(const given_t *)(e + k), places_t);
        const places_t upper = at > 15; /* a shuffle takes a place modulo 16 */
        const fr_v8 a = FR_CHOOSE8(__builtin_shuffle(a0, a1, at), __builtin_shuffle(a2, a3, at), upper);
        const fr_v8 d = FR_CHOOSE8(__builtin_shuffle(d0, d1, at), __builtin_shuffle(d2, d3, at), upper);
        const fr_v8 v = a * FR_LOAD8(c + k), b = (fr_v8)((places_t)v & magnitude) + d * FR_LOAD8(size + k);
        const places_t larger = (places_t)b > top; /* numbers >= 0 compare as their bits do */
        *(fr_v8u *)(bound + k) = b;
        top = ((places_t)b & larger) | (top & ~larger);
    }
    *(fr_v8u *)tops = (fr_v8)top;
    for (int k = 0; k < 8; k++) block = tops[k] > block ? tops[k] : block;
    return block;
#undef FR_LOAD8
#undef FR_CHOOSE8
}
#endif

#if defined(__GNUC__)
/* bound_k = max(0, |a c_k| + d size_k) for a multiple of four columns, 0 where c_k is NaN; returns the largest */
FR_INLINE double fr_bounds_at_one(ptrdiff_t m, const double *c, const double *size, double a, double d, double *bound) {
    const fr_v4 as = FR_FILL(a), ds = FR_FILL(d);
    fr_v4 top = FR_ZERO;
    double tops[4], block = 0.0;
    for (ptrdiff_t k = 0; k < m; k += 4) {
        const fr_v4 v = (fr_v4)((fr_bits)(as * FR_LOAD_double(c + k)) & FR_MAGNITUDE);
        fr_v4 b = FR_ZERO;
        FR_RAISE(b, v + ds * FR_LOAD_double(size + k));
        FR_STORE(bound + k, b);
        FR_RAISE(top, b);
    }
    FR_STORE(tops, top);
    for (int k = 0; k < 4; k++) block = tops[k] > block ? tops[k] : block;
    return block;
}
#endif

/* size_j = sqrt(sq_j), and c_j = xy_j where that is not 0, else 0; returns how many are not 0 */
FR_HOT ptrdiff_t fr_bounds_start(ptrdiff_t p, const double *sq, const double *xy, double *size, double *c) {
    ptrdiff_t known = 0;
    for (ptrdiff_t j = 0; j < p; j++) {
        size[j] = sqrt(sq[j]);
        c[j] = sq[j] > 0.0 ? xy[j] : 0.0;
        known += sq[j] > 0.0;
    }
    return known;
}

/* Write to `over` the j with reach(a[e_j] c_j) + d[e_j] size_j > limit and return their number; *most receives the largest
 * bound that is not over, or 0.  e names the residual at which c_j was computed (NULL: the first, for all), ad holds a and d by
 * turns.  reach(v) is |v|, or where side is not NULL v for a side_j of 1 and -v for -1. */
FR_INLINE ptrdiff_t fr_bounds_over_any(ptrdiff_t p, const double *c, const double *size, const int32_t *e, const double *ad,
                                       const signed char *side, double limit, ptrdiff_t *over, double *most,
                                       const double *tables) {
    ptrdiff_t count = 0;
    double bound[64], top = 0.0;
    for (ptrdiff_t start = 0; start < p; start += 64) {
        const ptrdiff_t m = p - start < 64 ? p - start : 64;
        double block = 0.0;
#if FR_HAS_CLONES
        if (tables && m == 64)
            block = fr_bounds_few(64, c + start, size + start, e + start, tables, bound);
        else
#endif
#if defined(__GNUC__) && !defined(__clang__)
        if (!side && e && m == 64)
            block = fr_bounds(64, c + start, size + start, e + start, ad, bound);
        else
#endif
#if defined(__GNUC__)
        if (!side && !e && m == 64)
            block = fr_bounds_at_one(64, c + start, size + start, ad[0], ad[1], bound);
        else
#endif
        {
            for (ptrdiff_t k = 0; k < m; k++) {
                const ptrdiff_t j = start + k;
                const double *pair = e ? ad + 2 * e[j] : ad, v = pair[0] * c[j];
                const double b = (!side || side[j] == 0 ? fabs(v) : side[j] > 0 ? v : -v) + pair[1] * size[j];
                bound[k] = b > 0.0 ? b : 0.0;
            }
            block = fr_largest_any(m, bound);
        }
        if (block <= limit) {
            top = block > top ? block : top;
            continue;
        }
        for (ptrdiff_t k = 0; k < m; k++) { /* without a branch: which ones are over is not foreseeable */
            over[count] = start + k;
            count += bound[k] > limit;
        }
        for (ptrdiff_t k = 0; k < m; k++) bound[k] = bound[k] > limit ? 0.0 : bound[k];
        block = fr_largest_any(m, bound);
        top = block > top ? block : top;
    }
    *most = top;
    return count;
}
FR_HOT ptrdiff_t fr_bounds_over(ptrdiff_t p, const double *c, const double *size, const int32_t *e, const double *ad,
                                ptrdiff_t pairs, const signed char *side, double limit, ptrdiff_t *over, double *most) {
#if FR_HAS_CLONES
    if (e && !side && pairs <= 32 && __builtin_cpu_supports("avx512f")) {
        double tables[64] = {0.0};
        for (ptrdiff_t k = 0; k < pairs; k++) tables[k] = ad[2 * k], tables[32 + k] = ad[2 * k + 1];
        return fr_bounds_over_any(p, c, size, e, ad, NULL, limit, over, most, tables);
    }
#else
    (void)pairs;
#endif
    return side ? fr_bounds_over_any(p, c, size, e, ad, side, limit, over, most, NULL)
           : e  ? fr_bounds_over_any(p, c, size, e, ad, NULL, limit, over, most, NULL)
                : fr_bounds_over_any(p, c, size, NULL, ad, NULL, limit, over, most, NULL);
}

#elif defined(FR_REAL)
/* ------------------------------------------------------------------------------------------ once per element type */
#define FR_LOAD FR_PASTE(FR_LOAD_, FR_REAL)
#define FR_READ(p) (stride == 1 ? FR_LOAD(p) : FR_SET((p)[0], (p)[stride], (p)[2 * stride], (p)[3 * stride]))

/* sum_i f(x_i - shift) in 16 lanes, where TERM(v, i) gives f on four elements and ONE(s, i) on one */
#define FR_SUM16(TERM, ONE)                                                                     \
    const fr_v4 centre = FR_FILL(shift);                                                        \
    fr_v4 s0 = FR_ZERO, s1 = FR_ZERO, s2 = FR_ZERO, s3 = FR_ZERO;                               \
    ptrdiff_t i = 0;                                                                            \
    for (; i + 16 <= n; i += 16) {                                                              \
        s0 = FR_ADD(s0, TERM(FR_SUB(FR_READ(x + i * stride), centre), i));                      \
        s1 = FR_ADD(s1, TERM(FR_SUB(FR_READ(x + (i + 4) * stride), centre), i + 4));            \
        s2 = FR_ADD(s2, TERM(FR_SUB(FR_READ(x + (i + 8) * stride), centre), i + 8));            \
        s3 = FR_ADD(s3, TERM(FR_SUB(FR_READ(x + (i + 12) * stride), centre), i + 12));          \
    }                                                                                           \
    for (; i + 4 <= n; i += 4) s0 = FR_ADD(s0, TERM(FR_SUB(FR_READ(x + i * stride), centre), i)); \
    s0 = FR_ADD(FR_ADD(s0, s1), FR_ADD(s2, s3));                                                \
    double total = FR_TOTAL(s0);                                                                \
    for (; i < n; i++) total += ONE((double)x[i * stride] - shift, i);                          \
    return total

#define FR_SELF(v, i) (v)
#define FR_TIMES_R(v, i) FR_MUL(FR_ROOTED(v, i), FR_LOAD_double(r + (i)))
#define FR_TIMES_R1(v, i) (FR_ROOTED1(v, i) * r[i])
/* times the square root of the row's weight, where there are weights */
#define FR_ROOTED(v, i) (root ? FR_MUL(v, FR_LOAD_double(root + (i))) : (v))
#define FR_ROOTED1(v, i) (root ? (v) * root[i] : (v))

FR_INLINE double FR_NAME(fr_sum_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift) {
    FR_SUM16(FR_SELF, FR_SELF);
}
FR_INLINE double FR_NAME(fr_dot_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift, const double *r,
                                     const double *root) {
    FR_SUM16(FR_TIMES_R, FR_TIMES_R1);
}
/* |scale root (x - shift)|^2, and in the same reading *dot = sum_i root_i (x_i - shift) r_i, as fr_dot_any has it */
FR_INLINE double FR_NAME(fr_moments_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift, double scale,
                                         const double *r, const double *root, double *dot) {
    const fr_v4 centre = FR_FILL(shift), factor = FR_FILL(scale); /* before squaring: a square may not be representable */
    fr_v4 s0 = FR_ZERO, s1 = FR_ZERO, s2 = FR_ZERO, s3 = FR_ZERO, d0 = FR_ZERO, d1 = FR_ZERO, d2 = FR_ZERO, d3 = FR_ZERO;
    ptrdiff_t i = 0;
#define FR_BOTH(s, d, at)                                                                       \
    do {                                                                                        \
        const fr_v4 v = FR_ROOTED(FR_SUB(FR_READ(x + (at) * stride), centre), at), w = FR_MUL(v, factor); \
        s = FR_ADD(s, FR_MUL(w, w));                                                            \
        d = FR_ADD(d, FR_MUL(v, FR_LOAD_double(r + (at))));                                     \
    } while (0)
    for (; i + 16 <= n; i += 16) {
        FR_BOTH(s0, d0, i);
        FR_BOTH(s1, d1, i + 4);
        FR_BOTH(s2, d2, i + 8);
        FR_BOTH(s3, d3, i + 12);
    }
    for (; i + 4 <= n; i += 4) FR_BOTH(s0, d0, i);
#undef FR_BOTH
    s0 = FR_ADD(FR_ADD(s0, s1), FR_ADD(s2, s3));
    d0 = FR_ADD(FR_ADD(d0, d1), FR_ADD(d2, d3));
    double squares = FR_TOTAL(s0), product = FR_TOTAL(d0);
    for (; i < n; i++) {
        const double v = FR_ROOTED1((double)x[i * stride] - shift, i);
        squares += (v * scale) * (v * scale);
        product += v * r[i];
    }
    *dot = product;
    return squares;
}
/* y_i = beta y_i + a root_i (x_i - shift), beta 0 or 1 */
FR_INLINE void FR_NAME(fr_update_any)(ptrdiff_t n, double beta, double a, const FR_REAL *x, ptrdiff_t stride,
                                      double shift, double *y, const double *root) {
    const fr_v4 centre = FR_FILL(shift), factor = FR_FILL(a);
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const fr_v4 v = FR_MUL(factor, FR_ROOTED(FR_SUB(FR_READ(x + i * stride), centre), i));
        FR_STORE(y + i, beta == 0.0 ? v : FR_ADD(FR_LOAD_double(y + i), v));
    }
    for (; i < n; i++) y[i] = (beta == 0.0 ? 0.0 : y[i]) + a * FR_ROOTED1((double)x[i * stride] - shift, i);
}

/* A stride of 1 is worth a loop of its own, and so is a matrix without weights: the compiler makes them from one text.
 * The functions named w take root. */
#define FR_BY_STRIDE(call, root) (stride == 1 ? call(1, root) : call(stride, root))
#define FR_BY_ROOT(call) (root ? FR_BY_STRIDE(call, root) : FR_BY_STRIDE(call, NULL))
FR_HOT double FR_NAME(fr_sum)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift) {
    return stride == 1 ? FR_NAME(fr_sum_any)(n, x, 1, shift) : FR_NAME(fr_sum_any)(n, x, stride, shift);
}
#define FR_CALL(stride, root) FR_NAME(fr_moments_any)(n, x, stride, shift, scale, r, root, dot)
FR_HOT double FR_NAME(fr_wmoments)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift, double scale,
                                   const double *r, const double *root, double *dot) {
    return FR_BY_ROOT(FR_CALL);
}
#undef FR_CALL
#define FR_CALL(stride, root) FR_NAME(fr_dot_any)(n, x, stride, shift, r, root)
FR_HOT double FR_NAME(fr_wdot)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift, const double *r,
                               const double *root) {
    return FR_BY_ROOT(FR_CALL);
}
FR_HOT double FR_NAME(fr_dot)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, double shift, const double *r) {
    return FR_BY_STRIDE(FR_CALL, NULL);
}
#undef FR_CALL
#define FR_CALL(stride, root) FR_NAME(fr_update_any)(n, 1.0, a, x, stride, shift, y, root)
FR_HOT void FR_NAME(fr_waxpy)(ptrdiff_t n, double a, const FR_REAL *x, ptrdiff_t stride, double shift, double *y,
                              const double *root) {
    FR_BY_ROOT(FR_CALL);
}
FR_HOT void FR_NAME(fr_axpy)(ptrdiff_t n, double a, const FR_REAL *x, ptrdiff_t stride, double shift, double *y) {
    FR_BY_STRIDE(FR_CALL, NULL);
}
#undef FR_CALL
/* y_i = a root_i (x_i - shift): a column, centred, weighted and scaled, in float64 */
#define FR_CALL(stride, root) FR_NAME(fr_update_any)(n, 0.0, a, x, stride, shift, y, root)
FR_HOT void FR_NAME(fr_wpack)(ptrdiff_t n, double a, const FR_REAL *x, ptrdiff_t stride, double shift, double *y,
                              const double *root) {
    FR_BY_ROOT(FR_CALL);
}
#undef FR_CALL
#undef FR_BY_STRIDE
#undef FR_BY_ROOT

/* the sum of |scale x_i| (power 1), of its square (2) or of scale x_i (0); *top = max |x_i| or max x_i, where NaN does not count */
FR_INLINE double FR_NAME(fr_size_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, int power, double scale, double *top) {
    const fr_v4 factor = FR_FILL(scale);
    fr_v4 s0 = FR_ZERO, s1 = FR_ZERO, s2 = FR_ZERO, s3 = FR_ZERO, t0 = FR_FILL(-INFINITY), t1 = t0, t2 = t0, t3 = t0;
    ptrdiff_t i = 0;
#define FR_BOTH(s, t, at)                                                                          \
    do {                                                                                           \
        const fr_v4 given = FR_READ(x + (at) * stride), v = power == 0 ? given : FR_ABS(given), w = FR_MUL(v, factor); \
        s = FR_ADD(s, power == 2 ? FR_MUL(w, w) : w);                                              \
        FR_RAISE(t, v);                                                                            \
    } while (0)
    for (; i + 16 <= n; i += 16) {
        FR_BOTH(s0, t0, i);
        FR_BOTH(s1, t1, i + 4);
        FR_BOTH(s2, t2, i + 8);
        FR_BOTH(s3, t3, i + 12);
    }
    for (; i + 4 <= n; i += 4) FR_BOTH(s0, t0, i);
#undef FR_BOTH
    s0 = FR_ADD(FR_ADD(s0, s1), FR_ADD(s2, s3));
    FR_RAISE(t0, t1);
    FR_RAISE(t2, t3);
    FR_RAISE(t0, t2);
    double total = FR_TOTAL(s0), most = FR_AT(t0, 0);
    for (int k = 1; k < 4; k++) most = FR_AT(t0, k) > most ? FR_AT(t0, k) : most;
    for (; i < n; i++) {
        const double v = power == 0 ? (double)x[i * stride] : fabs((double)x[i * stride]), w = v * scale;
        total += power == 2 ? w * w : w;
        most = v > most ? v : most;
    }
    *top = most;
    return total;
}
#define FR_SIZES(power) \
    (stride == 1 ? FR_NAME(fr_size_any)(n, x, 1, power, scale, top) : FR_NAME(fr_size_any)(n, x, stride, power, scale, top))
FR_HOT double FR_NAME(fr_size)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t stride, int power, double scale, double *top) {
    return power == 0 ? FR_SIZES(0) : power == 1 ? FR_SIZES(1) : FR_SIZES(2);
}
#undef FR_SIZES

/* out_i = x_i - clip(x_i, -t, t): soft-thresholding without a branch; exact zeros, and NaN stays NaN */
FR_INLINE FR_REAL FR_NAME(fr_soft1)(FR_REAL x, FR_REAL t) {
    const FR_REAL low = x < -t ? -t : x;
    return x - (low > t ? t : low);
}
FR_INLINE void FR_NAME(fr_soft_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, FR_REAL t, FR_REAL *out, ptrdiff_t so) {
    for (ptrdiff_t i = 0; i < n; i++) out[i * so] = FR_NAME(fr_soft1)(x[i * sx], t);
}
FR_HOT void FR_NAME(fr_soft)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, FR_REAL t, FR_REAL *out, ptrdiff_t so) {
    if (sx == 1 && so == 1) FR_NAME(fr_soft_any)(n, x, 1, t, out, 1);
    else FR_NAME(fr_soft_any)(n, x, sx, t, out, so);
}

#undef FR_LOAD
#undef FR_READ
#undef FR_SUM16
#undef FR_SELF
#undef FR_TIMES_R
#undef FR_TIMES_R1
#undef FR_ROOTED
#undef FR_ROOTED1
#endif
