/* Elementwise maps, out_i = map(x_i, a_i, b_i), for float and double, any strides, and parameters of stride 0 or not.
 * Maps that no a and b make the one of `step` times their penalty take the step as well.
 *
 * A map of one element is written once, without branches and with +, -, *, / and square roots alone: compilers turn its
 * loop into vectors, and neither they nor a library of functions can make a result depend on the instruction set.  NaN stays NaN.
 * The file includes itself for float and for double.
 */
#ifndef FASTREG_MAPS_H
#define FASTREG_MAPS_H

#include <float.h>
#include <string.h>

#include "lanes.h"

#if defined(__GNUC__) && !defined(__clang__)
#define FR_APART _Pragma("GCC ivdep") /* out is x itself or does not overlap it, which the compiler cannot know */
#else
#define FR_APART
#endif

/* one loop for every map; strides of 1, and parameters that are numbers or as contiguous as x, are worth loops of their own */
#define FR_MAP_ARGUMENTS                                                                                        \
    ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, const FR_REAL *a, ptrdiff_t sa, const FR_REAL *b, ptrdiff_t sb, \
        FR_REAL step, FR_REAL *out, ptrdiff_t so
#define FR_AND_STEP , step
#define FR_MAP(map) FR_MAP_WITH(map, )
#define FR_STEP_MAP(map) FR_MAP_WITH(map, FR_AND_STEP)
#define FR_MAP_WITH(map, more)                                                                            \
    FR_INLINE void FR_NAME(map##_any)(FR_MAP_ARGUMENTS) {                                                 \
        (void)step;                                                                                       \
        FR_APART for (ptrdiff_t i = 0; i < n; i++)                                                        \
            out[i * so] = FR_NAME(map##1)(x[i * sx], a[i * sa], b[i * sb] more);                          \
    }                                                                                                     \
    FR_HOT void FR_NAME(map)(FR_MAP_ARGUMENTS) {                                                          \
        const FR_REAL a0 = n > 0 ? *a : 0, b0 = n > 0 ? *b : 0;                                           \
        if (sx == 1 && so == 1 && sa == 0 && sb == 0) FR_NAME(map##_any)(n, x, 1, &a0, 0, &b0, 0, step, out, 1); \
        else if (sx == 1 && so == 1 && sa == 1 && sb == 0) FR_NAME(map##_any)(n, x, 1, a, 1, &b0, 0, step, out, 1); \
        else if (sx == 1 && so == 1 && sa == 1 && sb == 1) FR_NAME(map##_any)(n, x, 1, a, 1, b, 1, step, out, 1); \
        else FR_NAME(map##_any)(n, x, sx, a, sa, b, sb, step, out, so);                                   \
    }

/* Results that no cache would keep go past the caches, as memcpy's do: to write there would first read what is written over */
#define FR_BEYOND_CACHES ((ptrdiff_t)12 << 20) /* bytes */
#define FR_BLOCK 512
#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>
#define FR_STREAMS 1
FR_INLINE void fr_stream(char *out, const char *from, ptrdiff_t size) {
    for (ptrdiff_t k = 0; k < size; k += 16) _mm_stream_si128((__m128i *)(out + k), *(const __m128i *)(from + k));
}
#define FR_STREAMED() _mm_sfence()
#else
#define FR_STREAMS 0
#define fr_stream(out, from, size) memcpy(out, from, (size_t)(size))
#define FR_STREAMED() ((void)0)
#endif

/* 1 / 3 of what stands in 32 bits, without a division */
#define FR_THIRD(bits) (((uint64_t)(bits) * 0x55555556u) >> 32)

/* v^p for v in [0, 1], p > 0, as 2^(p log2 v) from series for both, exact to p |log2 v| roundings, which are worth the less the
 * smaller v^p is: of use in sums that have a 1 among them, next to which 2^-1000 is nothing.  Each has a loop of its own, and so
 * has the bound between them: compilers that see what becomes of a bound branch to it. */
#define FR_LOG_STEP(tail, j) ((tail) * q + 1.0 / (j))
FR_INLINE double fr_p_log2(double v, double p) {
    const double u = v * 0x1p100; /* nothing is subnormal */
    uint64_t bits, k, at;
    double m, e;
    memcpy(&bits, &u, sizeof u);
    k = (bits + 0x00095f619980c433ull) >> 52; /* u = m 2^(k - 1023), m from sqrt(1/2) to sqrt(2) */
    at = bits - (k << 52) + (1023ull << 52);
    memcpy(&m, &at, sizeof m);
    at = k | 0x4330000000000000ull; /* 2^52 + k */
    memcpy(&e, &at, sizeof e);
    const double whole = e - 0x1p52, gone = 0x1p-900 / whole; /* infinite for v = 0, else nothing */
    const double s = (m - 1) / (m + 1), q = s * s; /* log m = 2 (s + s^3/3 + s^5/5 + ...) */
    const double t0 = FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(1.0 / 23, 21), 19), 17), 15);
    const double tail = FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(FR_LOG_STEP(t0, 13), 11), 9), 7), 5), 3);
    return p * ((whole - 1123 - gone) + 2.8853900817779268 * (s + s * q * tail));
}
#define FR_EXP_STEP(sum, factorial) ((sum) * z + 1.0 / (factorial))
FR_INLINE double fr_exp2(double y) {
    const double whole = y + 0x1.8p52, z = (y - (whole - 0x1.8p52)) * 0.69314718055994531;
    /* e^z = 1 + z + z^2/2! + ... */
    const double e0 = FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(1.0 / 87178291200.0, 6227020800.0), 479001600.0), 39916800.0);
    const double e1 = FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(e0, 3628800.0), 362880.0), 40320.0), 5040.0);
    const double e2 = FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(e1, 720.0), 120.0), 24.0), 6.0);
    const double sum = FR_EXP_STEP(FR_EXP_STEP(FR_EXP_STEP(e2, 2.0), 1.0), 1.0);
    uint64_t at;
    double scale;
    memcpy(&at, &whole, sizeof at);
    at = (at << 52) + (1023ull << 52);
    memcpy(&scale, &at, sizeof scale);
    return sum * scale;
}

#define FR_REAL double
#define FR_NAME(f) f##_f64
#define FR_ROOT sqrt
#define FR_SIZE fabs
#define FR_MOST DBL_MAX
#include "maps.h"
#undef FR_REAL
#undef FR_NAME
#undef FR_ROOT
#undef FR_SIZE
#undef FR_MOST
#define FR_REAL float
#define FR_NAME(f) f##_f32
#define FR_ROOT sqrtf
#define FR_SIZE fabsf
#define FR_MOST FLT_MAX
#include "maps.h"
#undef FR_REAL
#undef FR_NAME
#undef FR_ROOT
#undef FR_SIZE
#undef FR_MOST
#else /* ------------------------------------------------------------------------------------- the same for both dtypes */

/* z with the sign of x, for z >= 0: no negative zero */
FR_INLINE FR_REAL FR_NAME(fr_signed)(FR_REAL z, FR_REAL x) { return x < 0 ? 0 - z : z; }

FR_INLINE FR_REAL FR_NAME(fr_map_l11)(FR_REAL x, FR_REAL t, FR_REAL unused) {
    (void)unused;
    return FR_NAME(fr_soft1)(x, t);
}
FR_INLINE FR_REAL FR_NAME(fr_map_positive1)(FR_REAL x, FR_REAL t, FR_REAL unused) {
    (void)unused;
    const FR_REAL moved = x - t, kept = x == x ? 0 : x;
    return x > t ? moved : kept;
}
/* a step, for a, step >= 0: infinite only where a is, so that an infinite x is beyond what two finite numbers make */
FR_INLINE FR_REAL FR_NAME(fr_times)(FR_REAL a, FR_REAL step) {
    const FR_REAL t = a * step, most = t < FR_MOST ? t : FR_MOST;
    return a > FR_MOST ? a : most;
}
/* step (a |z| + b/2 z^2) */
FR_INLINE FR_REAL FR_NAME(fr_map_elastic_net1)(FR_REAL x, FR_REAL a, FR_REAL b, FR_REAL step) {
    return FR_NAME(fr_soft1)(x, FR_NAME(fr_times)(a, step)) / (1 + FR_NAME(fr_times)(b, step));
}
FR_INLINE FR_REAL FR_NAME(fr_map_squared_l21)(FR_REAL x, FR_REAL a, FR_REAL unused) {
    (void)unused;
    return x / (1 + a);
}
/* in float64 for both, times 2^1200 where squares could vanish */
FR_INLINE FR_REAL FR_NAME(fr_map_l01)(FR_REAL x, FR_REAL a, FR_REAL unused) {
    (void)unused;
    const double t = a, s = t < 0x1p-500 ? 0x1p600 : 1, v = x * s;
    return 0.5 * v * v <= t * s * s ? 0 : x;
}
/* the number in [a, b] next to x */
FR_INLINE FR_REAL FR_NAME(fr_map_box1)(FR_REAL x, FR_REAL a, FR_REAL b) {
    const FR_REAL low = x < a ? a : x;
    return low > b ? b : low;
}
/* a (b |z| - b^2/2 beyond b, z^2/2 within): x / (1 + a), or a step of a b */
FR_INLINE FR_REAL FR_NAME(fr_map_huber1)(FR_REAL x, FR_REAL a, FR_REAL b) {
    const FR_REAL inner = x / (1 + a), step = a * b, outer = FR_NAME(fr_signed)(FR_SIZE(x) - step, x);
    return FR_SIZE(inner) <= b ? inner : outer;
}
/* step MCP.  b > step: the line from (step a, 0) to (ab, ab), cut off at 0 and |x|.  b <= step: its minimum is at 0 or at x */
FR_INLINE FR_REAL FR_NAME(fr_map_mcp1)(FR_REAL x, FR_REAL a, FR_REAL b, FR_REAL step) {
    const FR_REAL m = FR_SIZE(x), g = b < FR_MOST ? b : FR_MOST; /* infinite b: soft-thresholding */
    const FR_REAL rise = (m - FR_NAME(fr_times)(a, step)) * (g / (g - step)), up = rise > 0 ? rise : 0;
    const FR_REAL line = rise < m ? up : m, jump = m <= FR_NAME(fr_times)(a, FR_ROOT(b) * FR_ROOT(step)) ? 0 : m;
    return FR_NAME(fr_signed)(b > step ? line : jump, x);
}
/* step SCAD.  b > 1 + step: a line from (a + step a, a) to (ab, ab) joins soft-thresholding at step a and the identity.
 * b <= 1 + step: a jump does, where both cost the same; from 0 where step > b + 1 */
FR_INLINE FR_REAL FR_NAME(fr_map_scad1)(FR_REAL x, FR_REAL a, FR_REAL b, FR_REAL step) {
    const FR_REAL m = FR_SIZE(x), t = FR_NAME(fr_times)(a, step), moved = m - t, soft = m > t ? moved : 0;
    const FR_REAL middle = moved + step * (moved - a) / (b - (1 + step)), line = middle < m ? middle : m;
    const FR_REAL later = b > 1 + step ? line : m, half = (b + (1 + step)) / 2, root = FR_ROOT(step) * FR_ROOT(b + 1);
    const FR_REAL end = b > 1 + step ? a + t : (step > b + 1 ? root : half) * a;
    return FR_NAME(fr_signed)(m <= end ? soft : later, x);
}
/* a |z|^(1/2).  z = |x| v^2, v^3 - v + c = 0 with c = a / (2 |x|^(3/2)); 0 is as good where c = sqrt(2/27), v^2 = 2/3.
 * Newton's steps from a cubic in c, which is 0.003 off at the most, reach the largest root. */
FR_INLINE FR_REAL FR_NAME(fr_map_l_half1)(FR_REAL x, FR_REAL a, FR_REAL unused) {
    (void)unused;
    const FR_REAL m = FR_SIZE(x), c = a / m / (2 * FR_ROOT(m));
    FR_REAL v = 1 - c * ((FR_REAL)0.5 + c * ((FR_REAL)0.375 + c * (FR_REAL)0.974));
    for (int k = 0; k < 4; k++) v -= (v * v * v - v + c) / (3 * (v * v) - 1);
    const FR_REAL z = m * v * v, kept = m <= FR_MOST ? 0 : m;
    return FR_NAME(fr_signed)(c < (FR_REAL)0.27216552697590868 ? z : kept, x);
}
/* m^(-1/3) by Newton's steps y <- y + y (1 - m y^3) / 3, from a third of the exponent */
FR_INLINE FR_REAL FR_NAME(fr_inverse_cube_root)(FR_REAL m) {
    FR_REAL y;
    if (sizeof(FR_REAL) == 8) {
        uint64_t bits;
        memcpy(&bits, &m, sizeof(FR_REAL));
        bits = (0x553ef0ffull - FR_THIRD(bits >> 32)) << 32;
        memcpy(&y, &bits, sizeof(FR_REAL));
    } else {
        uint32_t bits;
        memcpy(&bits, &m, sizeof(FR_REAL));
        bits = 0x54a2fa8cu - (uint32_t)FR_THIRD(bits);
        memcpy(&y, &bits, sizeof(FR_REAL));
    }
    for (int k = 0; k < 4; k++) y += y * ((1 - m * y * y * y) * (FR_REAL)(1.0 / 3.0));
    return y;
}
/* a |z|^(2/3).  z = |x| v^3, v^4 - v + c = 0 with c = 2/3 a / |x|^(4/3); 0 is as good where v^3 = 1/2 */
FR_INLINE FR_REAL FR_NAME(fr_map_l_two_thirds1)(FR_REAL x, FR_REAL a, FR_REAL unused) {
    (void)unused;
    const FR_REAL m = FR_SIZE(x), r = FR_NAME(fr_inverse_cube_root)(m), c = (FR_REAL)(2.0 / 3.0) * a * r * r * r * r;
    FR_REAL v = 1 - c * ((FR_REAL)(1.0 / 3.0) + c * ((FR_REAL)(2.0 / 9.0) + c * (FR_REAL)0.624));
    for (int k = 0; k < 4; k++) v -= (v * v * v * v - v + c) / (4 * (v * v * v) - 1);
    const FR_REAL z = m * v * v * v, kept = m <= FR_MOST ? 0 : m;
    return FR_NAME(fr_signed)(c < (FR_REAL)0.39685026299204984 ? z : kept, x);
}
/* the sign of x, and a where x is 0 */
FR_INLINE FR_REAL FR_NAME(fr_map_sign1)(FR_REAL x, FR_REAL a, FR_REAL unused) {
    (void)unused;
    const FR_REAL side = x > 0 ? 1 : x < 0 ? -1 : x;
    return x == 0 ? a : side;
}

/* out_i = ((c x_i) / m) f: what a norm scales a line to */
FR_INLINE void FR_NAME(fr_scaled_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, double c, double m, double f, FR_REAL *out,
                                      ptrdiff_t so) {
    FR_APART for (ptrdiff_t i = 0; i < n; i++) out[i * so] = (FR_REAL)((x[i * sx] * c / m) * f);
}
FR_HOT void FR_NAME(fr_scaled)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, double c, double m, double f, FR_REAL *out,
                               ptrdiff_t so) {
    if (sx == 1 && so == 1 && c == 1 && m == 1) FR_NAME(fr_scaled_any)(n, x, 1, 1, 1, f, out, 1); /* no divisions */
    else if (sx == 1 && so == 1) FR_NAME(fr_scaled_any)(n, x, 1, c, m, f, out, 1);
    else FR_NAME(fr_scaled_any)(n, x, sx, c, m, f, out, so);
}
/* out_i = max((c |x_i| - top) - tau w_i, 0) / c with the sign of x_i, or max((c x_i - top) - tau, 0) / c if not both */
FR_INLINE void FR_NAME(fr_shrunk_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, const FR_REAL *w, ptrdiff_t sw, int both,
                                      double c, double top, double tau, FR_REAL *out, ptrdiff_t so) {
    FR_APART for (ptrdiff_t i = 0; i < n; i++) {
        const double v = x[i * sx], m = both ? fabs(v) : v, left = (m * c - top) - (w ? tau * w[i * sw] : tau);
        const double z = (left > 0 ? left : 0) / c, other = 0 - z;
        out[i * so] = (FR_REAL)(both && v < 0 ? other : z);
    }
}
FR_HOT void FR_NAME(fr_shrunk)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, const FR_REAL *w, ptrdiff_t sw, int both, double c,
                               double top, double tau, FR_REAL *out, ptrdiff_t so) {
    if (w) FR_NAME(fr_shrunk_any)(n, x, sx, w, sw, 1, c, top, tau, out, so);
    else if (sx == 1 && so == 1 && both) FR_NAME(fr_shrunk_any)(n, x, 1, NULL, 0, 1, c, top, tau, out, 1);
    else if (sx == 1 && so == 1) FR_NAME(fr_shrunk_any)(n, x, 1, NULL, 0, 0, c, top, tau, out, 1);
    else FR_NAME(fr_shrunk_any)(n, x, sx, NULL, 0, both, c, top, tau, out, so);
}

/* the sum of (c |x_i|)^p for p = halves / 2, in lanes, by multiplications and a root; for halves = 0 of (c |x_i| / m)^p */
FR_INLINE double FR_NAME(fr_powers_any)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, double c, double m, double p, int halves) {
    double s[8] = {0}, block[FR_BLOCK];
    for (ptrdiff_t i = 0; i < n; i += FR_BLOCK) {
        const ptrdiff_t size = n - i < FR_BLOCK ? n - i : FR_BLOCK;
        for (ptrdiff_t k = 0; k < size; k++) {
            const double v = (double)FR_SIZE(x[(i + k) * sx]) * c;
            double w = halves % 2 ? sqrt(v) : 1;
            for (int j = 0; j < halves / 2; j++) w *= v;
            block[k] = halves ? w : fr_p_log2(v / m, p);
        }
        if (!halves) {
            for (ptrdiff_t k = 0; k < size; k++) block[k] = block[k] > -1000 ? block[k] : -1000;
            for (ptrdiff_t k = 0; k < size; k++) block[k] = fr_exp2(block[k]);
        }
        for (ptrdiff_t k = size; k % 8; k++) block[k] = 0;
        for (ptrdiff_t k = 0; k < size; k += 8)
            for (int j = 0; j < 8; j++) s[j] += block[k + j];
    }
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}
FR_HOT double FR_NAME(fr_powers)(ptrdiff_t n, const FR_REAL *x, ptrdiff_t sx, double c, double m, double p, int halves) {
#define FR_HALVES(h) \
    (sx == 1 ? FR_NAME(fr_powers_any)(n, x, 1, c, m, p, h) : FR_NAME(fr_powers_any)(n, x, sx, c, m, p, h))
    switch (halves) {
        case 1: return FR_HALVES(1);
        case 3: return FR_HALVES(3);
        case 5: return FR_HALVES(5);
        case 6: return FR_HALVES(6);
        case 8: return FR_HALVES(8);
        default: return FR_HALVES(0);
    }
#undef FR_HALVES
}

FR_MAP(fr_map_l1)
FR_MAP(fr_map_positive)
FR_STEP_MAP(fr_map_elastic_net)
FR_MAP(fr_map_squared_l2)
FR_MAP(fr_map_l0)
FR_MAP(fr_map_box)
FR_MAP(fr_map_huber)
FR_STEP_MAP(fr_map_mcp)
FR_STEP_MAP(fr_map_scad)
FR_MAP(fr_map_l_half)
FR_MAP(fr_map_l_two_thirds)
FR_MAP(fr_map_sign)

typedef void (*FR_NAME(fr_map))(FR_MAP_ARGUMENTS);
/* in the order of _prox.pyx */
static const FR_NAME(fr_map) FR_NAME(fr_maps)[] = {
    FR_NAME(fr_map_l1),   FR_NAME(fr_map_positive), FR_NAME(fr_map_elastic_net), FR_NAME(fr_map_squared_l2),
    FR_NAME(fr_map_l0),   FR_NAME(fr_map_box),      FR_NAME(fr_map_huber),       FR_NAME(fr_map_mcp),
    FR_NAME(fr_map_scad), FR_NAME(fr_map_l_half),   FR_NAME(fr_map_l_two_thirds), FR_NAME(fr_map_sign),
};
/* map `kind`, by blocks that lie in a cache where out is large and is not x */
FR_INLINE void FR_NAME(fr_mapped)(int kind, FR_MAP_ARGUMENTS) {
    const FR_NAME(fr_map) map = FR_NAME(fr_maps)[kind];
    ptrdiff_t i = 0;
    if (FR_STREAMS && sx == 1 && so == 1 && x != out && n >= FR_BEYOND_CACHES / (ptrdiff_t)sizeof(FR_REAL)) {
        union { FR_REAL at[FR_BLOCK]; fr_v4 aligned; } block;
        i = (ptrdiff_t)((64 - (uintptr_t)out % 64) % 64 / sizeof(FR_REAL));
        map(i, x, 1, a, sa, b, sb, step, out, 1);
        for (; i + FR_BLOCK <= n; i += FR_BLOCK) {
            map(FR_BLOCK, x + i, 1, a + i * sa, sa, b + i * sb, sb, step, block.at, 1);
            fr_stream((char *)(out + i), (const char *)block.at, sizeof block.at);
        }
        FR_STREAMED();
    }
    map(n - i, x + i * sx, sx, a + i * sa, sa, b + i * sb, sb, step, out + i * so, so);
}
#endif
