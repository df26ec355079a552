"""The map of sum_i t_i |z|_(i), t descending, |z|_(1) >= |z|_(2) >= ...: |x| sorted, less t, pooled where it ascends, cut at 0.

Sizes are in the order of their bits, so that they are sorted digit by digit, in linear time without comparisons.  32 bits of
a size and the place of its entry share a word; where 32 bits do not tell float64 apart, others follow.
"""

from libc.math cimport fabs
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from fastreg.kernels._design cimport interrupted
from fastreg.kernels._tautstring cimport Block, element

cdef extern from "lanes.h" nogil:
    void fr_prefetch(const void *address, Py_ssize_t size) noexcept

cdef enum:
    AHEAD = 16                  # entries that are asked for before they are needed, as their order is no order in memory
    FEW = 32                    # words, up to which insertion is as fast as digits
    MANY = 1 << 14              # words, from which digits of 11 bits are faster than of 8


cdef inline uint64_t bits_of(element v) noexcept nogil:
    """63 bits that are in the order of |v|"""
    cdef uint64_t wide
    cdef uint32_t narrow
    if element is double:
        memcpy(&wide, &v, sizeof(double))
        return wide & 0x7FFFFFFFFFFFFFFFULL
    else:
        memcpy(&narrow, &v, sizeof(float))
        return <uint64_t>(narrow & 0x7FFFFFFFU) << 32


cdef inline uint64_t word(uint64_t bits, uint64_t place) noexcept nogil:
    """the larger the bits, the smaller it is"""
    return (~bits << 32) | place


cdef inline Py_ssize_t place_of(uint64_t word) noexcept nogil:
    return <Py_ssize_t>(word & 0xFFFFFFFFU)


cdef inline void insertion_sort(Py_ssize_t n, uint64_t *words) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef uint64_t v
    for i in range(1, n):
        v, j = words[i], i
        while j > 0 and words[j - 1] > v:
            words[j] = words[j - 1]
            j -= 1
        words[j] = v


cdef inline uint64_t *radix_sort(Py_ssize_t n, uint64_t *words, uint64_t *spare, double *work) noexcept nogil:
    """The words by their upper halves, those of one in the order in which they are; returns where they are, or NULL if
    interrupted."""
    cdef uint32_t count[4][2048]
    cdef int bits = 8 if n < MANY else 11, digits = 4 if n < MANY else 3, d, shift
    cdef uint64_t mask = (1 << bits) - 1
    cdef Py_ssize_t i, k
    cdef uint32_t sum, here
    if n <= FEW:
        insertion_sort(n, words)
        return words
    for d in range(digits):
        memset(count[d], 0, sizeof(uint32_t) << bits)
    for i in range(n):
        for d in range(digits):
            count[d][(words[i] >> (32 + d * bits)) & mask] += 1
    for d in range(digits):
        shift = 32 + d * bits
        if count[d][(words[0] >> shift) & mask] == <uint32_t>n:  # the digit of all
            continue
        sum = 0
        for k in range(<Py_ssize_t>mask + 1):
            here = count[d][k]
            count[d][k] = sum
            sum += here
        for i in range(n):
            k = (words[i] >> shift) & mask
            spare[count[d][k]] = words[i]
            count[d][k] += 1
        words, spare = spare, words
        work[0] += 4.0 * <double>n
        if interrupted(work):
            return NULL
    return words


cdef inline void read_sizes(Py_ssize_t n, const element *x, Py_ssize_t sx, const uint64_t *words,
                            double *sizes) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        fr_prefetch(x + place_of(words[min(i + AHEAD, n - 1)]) * sx, sizeof(element))
        sizes[i] = fabs(<double>x[place_of(words[i]) * sx])


cdef inline uint64_t *largest_first(Py_ssize_t n, const element *x, Py_ssize_t sx, uint64_t *words, uint64_t *more,
                                    double **sizes, double *work) noexcept nogil:
    """words: n places of x, before room for as many; more: room for n words.  Returns words of those places by descending
    |x|, or NULL if interrupted; sizes points to |x| in this order, which shares the room of words."""
    cdef Py_ssize_t i, j, start = 0
    cdef uint64_t *found
    cdef uint64_t *run
    for i in range(n):
        words[i] = word(bits_of(x[<Py_ssize_t>words[i] * sx]) >> 31, words[i])
    found = radix_sort(n, words, words + n, work)
    if found == NULL:
        return NULL
    sizes[0] = <double *>(words if found != words else words + n)
    read_sizes(n, x, sx, found, sizes[0])
    if element is double:
        while start < n:
            i = start + 1
            while i < n and found[i] >> 32 == found[start] >> 32:
                i += 1
            if i - start > 1:
                for j in range(start, i):
                    found[j] = word(bits_of(sizes[0][j]) & 0x7FFFFFFF, place_of(found[j]))
                run = radix_sort(i - start, found + start, more, work)
                if run == NULL:
                    return NULL
                if run == more:
                    memcpy(found + start, more, (i - start) * sizeof(uint64_t))
                read_sizes(i - start, x, sx, found + start, sizes[0] + start)
            start = i
    return found


cdef inline double level(Py_ssize_t start, Py_ssize_t end, double rise, const double *sizes, double c, const element *t,
                         Py_ssize_t st) noexcept nogil:
    """rise / (end - start), without rounding where all that it sums are equal"""
    if sizes[start] == sizes[end - 1] and t[start * st] == t[(end - 1) * st]:
        return sizes[start] * c - t[start * st] * c
    return rise / <double>(end - start)


cdef inline bint slope(Py_ssize_t n, const element *x, Py_ssize_t sx, double c, const element *t, Py_ssize_t st, element *out,
                       Py_ssize_t so, void *room, double *work) noexcept nogil:
    """room: for 2 n words and n blocks; c keeps sums finite; out is x itself or does not overlap it.  Whether interrupted."""
    cdef uint64_t *words = <uint64_t *>room
    cdef Block *blocks = <Block *>(words + 2 * n)
    cdef double *sizes = NULL
    cdef Py_ssize_t i, j, k = -1, m = 0, kept = n, start
    cdef double least = t[(n - 1) * st], rise, z
    cdef element v
    # what is not above the least threshold of those that are left is 0, whatever the others are
    for i in range(n):
        words[m] = i
        m += fabs(<double>x[i * sx]) > least
    while 0 < m < kept - kept // 8:
        kept, least = m, t[(m - 1) * st]
        m = 0
        for i in range(kept):
            words[m] = words[i]
            m += fabs(<double>x[<Py_ssize_t>words[i] * sx]) > least
    for i in range(n):  # those that are left stay there, for their signs
        v = x[i * sx]
        out[i * so] = v if fabs(<double>v) > least else 0
    words = largest_first(m, out, so, words, <uint64_t *>blocks, &sizes, work)
    if words == NULL:
        return True
    i = 0
    while i < m:
        start, rise = i, 0.0
        while True:  # equal sizes are one block from the start: they stay equal to the last bit
            rise += sizes[i] * c - t[i * st] * c
            i += 1
            if i == m or sizes[i] != sizes[start]:
                break
        z = level(start, i, rise, sizes, c, t, st)
        while k >= 0 and level(blocks[k].start, start, blocks[k].rise, sizes, c, t, st) <= z:
            start = blocks[k].start
            rise += blocks[k].rise
            z = rise / <double>(i - start)
            k -= 1
        k += 1
        blocks[k].start, blocks[k].rise = start, rise
    while k >= 0:
        start = blocks[k].start
        z = min(level(start, i, blocks[k].rise, sizes, c, t, st) / c, sizes[i - 1])  # not beyond x by rounding
        z = z if z > 0.0 else 0.0
        for j in range(i - 1, start - 1, -1):
            fr_prefetch(out + place_of(words[max(j - AHEAD, 0)]) * so, sizeof(element))
            v = out[place_of(words[j]) * so]
            out[place_of(words[j]) * so] = <element>(0.0 - z if v < 0 else z)
        i = start
        k -= 1
    work[0] += 8.0 * <double>n
    return interrupted(work)
