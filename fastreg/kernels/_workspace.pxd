"""A working set in memory of the caller.  _workspace.pyx says how it is laid."""

from fastreg.kernels._cholesky cimport Factor
from fastreg.kernels._working cimport Working

cdef enum:
    CACHE_LINE = 64             # bytes


cdef inline size_t whole_lines(size_t size) noexcept nogil:
    """size in bytes, rounded up to whole cache lines"""
    return (size + CACHE_LINE - 1) & ~<size_t>(CACHE_LINE - 1)


cdef inline char *first_line(void *memory) noexcept nogil:
    """the first cache line that starts at memory or after it"""
    return <char *>whole_lines(<size_t>memory)


cdef inline void *take(char **memory, size_t size) noexcept nogil:
    """size bytes in lines of their own, from memory, which is moved behind them"""
    cdef void *taken = memory[0]
    memory[0] += whole_lines(size)
    return taken


cdef size_t factor_size(Py_ssize_t cap) noexcept nogil
cdef void factor_lay(Factor *F, Py_ssize_t cap, char **memory) noexcept nogil
cdef size_t working_size(Py_ssize_t cap, bint gram) noexcept nogil
cdef void working_lay(Working *W, Py_ssize_t cap, bint gram, char **memory) noexcept nogil
