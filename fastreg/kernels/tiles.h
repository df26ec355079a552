/* Products of rows of doubles, in tiles of 4 x 4 sums that stay in registers.
 *
 * Every sum runs in eight lanes that are added in one fixed order, so that a result depends neither on the instruction set
 * nor on the tile in which it was made.  The text is written once; lanes.h includes it for FR_PARTS = 2 vectors of four
 * doubles, which every processor has, and for one vector of eight.  It knows nothing of columns, layouts or problems.
 */

/* out[a*ldo + b] += sign * sum_k A[a*lda + k] B[b*ldb + k] for a < MA, b < MB, both at most 4 */
FR_INLINE void FR_TILED(fr_tile)(int MA, int MB, ptrdiff_t k, double sign, const double *A, ptrdiff_t lda, const double *B,
                                 ptrdiff_t ldb, double *out, ptrdiff_t ldo) {
    FR_VECTOR s[4 * 4 * FR_PARTS];
    const ptrdiff_t whole = k & ~(ptrdiff_t)7;
    for (int t = 0; t < MA * MB * FR_PARTS; t++) s[t] = FR_VECTOR_ZERO;
    for (ptrdiff_t i = 0; i < whole; i += 8)
        for (int h = 0; h < FR_PARTS; h++) {
            const ptrdiff_t at = i + h * (8 / FR_PARTS);
            FR_VECTOR x[4];
            for (int a = 0; a < MA; a++) x[a] = FR_VECTOR_LOAD(A + a * lda + at);
            for (int b = 0; b < MB; b++) {
                const FR_VECTOR y = FR_VECTOR_LOAD(B + b * ldb + at);
                for (int a = 0; a < MA; a++) {
                    FR_VECTOR *t = s + (a * MB + b) * FR_PARTS + h;
                    *t = FR_ADD(*t, FR_MUL(x[a], y));
                }
            }
        }
    for (int a = 0; a < MA; a++) {
        double total[4];
        fr_v4 v[4];
        for (int b = 0; b < MB; b++) v[b] = FR_VECTOR_HALVES(s + (a * MB + b) * FR_PARTS);
        if (MB == 4)
            FR_TOTALS(v, total);
        else
            for (int b = 0; b < MB; b++) total[b] = FR_TOTAL(v[b]);
        for (ptrdiff_t t = whole; t < k; t++)
            for (int b = 0; b < MB; b++) total[b] += A[a * lda + t] * B[b * ldb + t];
        for (int b = 0; b < MB; b++) out[a * ldo + b] += sign * total[b];
    }
}

/* MA rows of A against rows b .. end - 1 of B */
FR_INLINE void FR_TILED(fr_strip)(int MA, ptrdiff_t b, ptrdiff_t end, ptrdiff_t k, double sign, const double *A,
                                  ptrdiff_t lda, const double *B, ptrdiff_t ldb, double *out, ptrdiff_t ldo) {
    for (; b + 4 <= end; b += 4) FR_TILED(fr_tile)(MA, 4, k, sign, A, lda, B + b * ldb, ldb, out + b, ldo);
    if (end - b >= 2) {
        FR_TILED(fr_tile)(MA, 2, k, sign, A, lda, B + b * ldb, ldb, out + b, ldo);
        b += 2;
    }
    if (end > b) FR_TILED(fr_tile)(MA, 1, k, sign, A, lda, B + b * ldb, ldb, out + b, ldo);
}

/* fr_rows_dot, see lanes.h */
FR_TILED_HOT void FR_TILED(fr_rows_dot)(ptrdiff_t ma, ptrdiff_t mb, ptrdiff_t k, double sign, const double *A, ptrdiff_t lda,
                                        const double *B, ptrdiff_t ldb, double *out, ptrdiff_t ldo, int lower) {
    for (ptrdiff_t start = 0; start < mb; start += 96) {
        const ptrdiff_t stop = start + 96 < mb ? start + 96 : mb;
        ptrdiff_t a = lower ? start / 4 * 4 : 0;
        while (a < ma) {
            const ptrdiff_t rows = ma - a >= 4 ? 4 : ma - a >= 2 ? 2 : 1;
            const ptrdiff_t end = lower && a + rows < stop ? a + rows : stop;
            const double *at = A + a * lda;
            if (rows == 4) FR_TILED(fr_strip)(4, start, end, k, sign, at, lda, B, ldb, out + a * ldo, ldo);
            else if (rows == 2) FR_TILED(fr_strip)(2, start, end, k, sign, at, lda, B, ldb, out + a * ldo, ldo);
            else FR_TILED(fr_strip)(1, start, end, k, sign, at, lda, B, ldb, out + a * ldo, ldo);
            a += rows;
        }
    }
}

#undef FR_TILED
#undef FR_TILED_HOT
#undef FR_PARTS
#undef FR_VECTOR
#undef FR_VECTOR_ZERO
#undef FR_VECTOR_LOAD
#undef FR_VECTOR_HALVES
