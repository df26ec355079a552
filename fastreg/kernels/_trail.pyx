"""Solutions of one problem, one after another, kept as they are found."""

from libc.stdlib cimport free, realloc

from fastreg.kernels._working cimport sorted_support


cdef Py_ssize_t trail_add(Trail *T, Active *S, const double *mean, double unit, double *level) noexcept nogil:
    """Keep unit times the answer of a solve; returns the size of its support, or -1 where memory is out.

    level: the sum of mean_j times that, means of the user's X."""
    cdef Py_ssize_t k, j, size = sorted_support(&S.W), room = T.n + size
    cdef void *moved
    level[0] = 0.0
    if room > T.room:
        room += room // 2
        moved = realloc(T.cols, room * sizeof(Py_ssize_t))
        if moved == NULL:
            return -1
        T.cols = <Py_ssize_t *>moved
        moved = realloc(T.values, room * sizeof(double))
        if moved == NULL:
            return -1
        T.values, T.room = <double *>moved, room
    for k in range(size):
        j = S.W.features[k]
        T.cols[T.n], T.values[T.n] = S.W.cols[j], unit * S.answer[j]
        level[0] += mean[T.cols[T.n]] * T.values[T.n]
        T.n += 1
    return size


cdef void trail_free(Trail *T) noexcept nogil:
    free(T.cols)
    free(T.values)
