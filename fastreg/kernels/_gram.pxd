"""Blocks of the Gram matrix of X, and the packing that they are made from.  _gram.pyx says how."""

from fastreg.kernels._design cimport Matrix, part_pack

cdef enum:
    CHUNK = 512                 # rows: a tile of 4 + 4 packed columns takes 32 kB of the first cache
    LANES = 8                   # of a sum in fr_rows_dot
    ALIGNED = 64                # bytes
    BLOCK = 48                  # rows of a triangle that are equally long and at equal distances


cdef inline Py_ssize_t whole_lanes(Py_ssize_t rows) noexcept nogil:
    """rows, rounded up to whole lanes of fr_rows_dot"""
    return (rows + LANES - 1) & ~<Py_ssize_t>(LANES - 1)


cdef inline Py_ssize_t packed_length(Py_ssize_t n) noexcept nogil:
    """From one packed column to the next: whole lanes, and an odd number of cache lines, which keeps columns off one
    another's cache sets."""
    return (min(<Py_ssize_t>CHUNK, whole_lanes(n)) // LANES | 1) * LANES


cdef inline double *aligned(double *block) noexcept nogil:
    """the first address from block on at a cache line, which no vector then straddles"""
    return <double *>((<size_t>block + ALIGNED - 1) & ~<size_t>(ALIGNED - 1))


cdef inline void pack_whole(Matrix *X, Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, Py_ssize_t whole, double *out) noexcept nogil:
    """part_pack, and zeros up to whole"""
    cdef Py_ssize_t t
    part_pack(X, j, i, m, out)
    for t in range(m, whole):
        out[t] = 0.0


cdef inline double **rows_of(double *out, Py_ssize_t ldo, Py_ssize_t k, double **rows) noexcept nogil:
    """rows, filled in with where the k rows of a matrix start"""
    cdef Py_ssize_t i
    for i in range(k):
        rows[i] = out + i * ldo
    return rows


cdef size_t packing_size(Py_ssize_t n, Py_ssize_t k) noexcept nogil
cdef int gram_block(Matrix *X, const Py_ssize_t *cols, Py_ssize_t m, Py_ssize_t k, double **out,
                    double *packing) noexcept nogil
cdef int row_gram(Matrix *X, const double *unit, double **out) noexcept nogil
cdef int target_products(Matrix *X, const double *Y, Py_ssize_t ldy, Py_ssize_t t, double **out) noexcept nogil
cdef int subtract_products(Matrix *X, const double *W, Py_ssize_t t, double *R, Py_ssize_t ldr) noexcept nogil
