"""Arrays of one shape and any strides, walked together without a copy: axes are merged where all arrays allow it.

    begin(&W, view, arrays, skip)     the walk over all axes but `skip` (-1: over all); strides in bytes
    the innermost axis is the caller's, W.shape[W.ndim - 1] long with steps W.step[k][W.ndim - 1]
    while advance(&W): ...            the next place, in W.at

An array may have a length of 1 where another has more: it stays in place along that axis.  None is empty.
"""

cdef enum:
    MOST_AXES = 64
    MOST_ARRAYS = 4


cdef struct Walk:
    int ndim, arrays
    Py_ssize_t shape[64]
    Py_ssize_t place[64]
    Py_ssize_t step[4][64]
    char *at[4]


cdef inline Py_ssize_t size_of(Py_ssize_t x) noexcept nogil:
    return -x if x < 0 else x


cdef inline bint joins(const Walk *W, int i, int j) noexcept nogil:
    """whether axis i goes on where axis j ends, in every array"""
    cdef int k
    for k in range(W.arrays):
        if W.step[k][i] != W.step[k][j] * W.shape[j]:
            return False
    return True


cdef inline void swap_axes(Walk *W, int i, int j) noexcept nogil:
    cdef int k
    W.shape[i], W.shape[j] = W.shape[j], W.shape[i]
    for k in range(W.arrays):
        W.step[k][i], W.step[k][j] = W.step[k][j], W.step[k][i]


cdef inline void begin(Walk *W, Py_buffer *view, int arrays, int skip) noexcept nogil:
    """the last array, which is written to, decides the order of axes: large steps first; none of its steps is negative then"""
    cdef int axis, i, j, k, last = arrays - 1
    cdef Py_ssize_t length
    W.ndim, W.arrays = 0, arrays
    for k in range(arrays):
        W.at[k] = <char *>view[k].buf
    for axis in range(view[0].ndim):
        length = 1
        for k in range(arrays):
            if view[k].shape[axis] > length:
                length = view[k].shape[axis]
        if axis == skip or length == 1:
            continue
        i = W.ndim
        W.shape[i] = length
        for k in range(arrays):
            W.step[k][i] = view[k].strides[axis] if view[k].shape[axis] > 1 else 0
        if W.step[last][i] < 0:
            for k in range(arrays):
                W.at[k] += W.step[k][i] * (length - 1)
                W.step[k][i] = -W.step[k][i]
        while i > 0 and W.step[last][i - 1] < W.step[last][i]:
            swap_axes(W, i - 1, i)
            i -= 1
        W.ndim += 1
    i = 0
    for j in range(1, W.ndim):
        if joins(W, i, j):
            W.shape[i] *= W.shape[j]
        else:
            i += 1
            W.shape[i] = W.shape[j]
        for k in range(arrays):
            W.step[k][i] = W.step[k][j]
    if W.ndim == 0:  # one number, or one line
        W.shape[0] = 1
        for k in range(arrays):
            W.step[k][0] = 0
    W.ndim = i + 1
    for axis in range(W.ndim):
        W.place[axis] = 0


cdef inline bint advance(Walk *W) noexcept nogil:
    """to the next place of the axes outside the innermost; False after the last"""
    cdef int axis = W.ndim - 2, k
    while axis >= 0:
        W.place[axis] += 1
        for k in range(W.arrays):
            W.at[k] += W.step[k][axis]
        if W.place[axis] < W.shape[axis]:
            return True
        for k in range(W.arrays):
            W.at[k] -= W.step[k][axis] * W.shape[axis]
        W.place[axis] = 0
        axis -= 1
    return False
