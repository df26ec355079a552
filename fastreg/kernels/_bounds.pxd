"""What is known of the gradients of columns outside the working set.  _bounds.pyx says how."""

from libc.math cimport fabs

from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._design cimport Matrix

ctypedef struct Bounds:
    Matrix X
    # For a column j outside the working set, c_j = x_j'r_e / v_j at the residual r_e, e = at[j], where it was last computed.
    double *c
    double *size                # |x_j| / v_j; c and size are 0 for a column that is not to be checked
    int *at                     # NULL where there is one residual alone; room where column j is not outside (lent only)
    const double *sq            # |x_j|^2
    Penalty penalty             # factors and bounds of all columns, each NULL where there are none
    signed char *side           # 1 where only a positive gradient counts, -1 where only a negative one does, else 0; or NULL
    # The residuals: r_e = R + e n.  At the last residual r seen: r = a_e r_e + d_e with d_e orthogonal to r_e.
    Py_ssize_t room
    double *R
    double *rr                  # |r_e|^2
    double *a
    double *d                   # |d_e|, rounded up
    double *pairs               # scratch: 2 room
    Py_ssize_t *users           # how many columns stand at r_e; one more, for those that are not outside
    Py_ssize_t *over            # 2 p column numbers: what the last call found
    # Columns that were read and came near the limit, for bounds_near to look at instead of all; NULL: it looks at all.
    int *near
    unsigned char *is_near      # p
    Py_ssize_t n_near
    double *scratch             # p numbers; after a check, the gradients of what it found, by column
    bint lent                   # size, side, over and scratch are another's; c is NaN for a column not outside, without at
    double stretch              # |x_j| is at most so many times what sq and size have
    double largest_size         # a bound on every |x_j| / v_j
    Py_ssize_t n_columns_read
    double work                 # multiply-adds of readings


cdef inline double bounds_reach(const Bounds *B, Py_ssize_t j, double c) noexcept nogil:
    """How far a gradient c goes to where it counts: |c|, or c or -c for a column with one sign."""
    if B.side == NULL or B.side[j] == 0:
        return fabs(c)
    return c if B.side[j] > 0 else -c


cdef inline double over_factor(const Bounds *B, Py_ssize_t j, double product) noexcept nogil:
    """c_j for an x_j'r"""
    return product if B.penalty.v == NULL else product / B.penalty.v[j]


cdef inline Py_ssize_t stands_at(const Bounds *B, Py_ssize_t j) noexcept nogil:
    """at[j]"""
    return 0 if B.at == NULL else B.at[j]


cdef inline void bounds_note(Bounds *B, Py_ssize_t j) noexcept nogil:
    """Column j came near the limit."""
    if not B.is_near[j]:
        B.is_near[j] = 1
        B.near[B.n_near] = <int>j
        B.n_near += 1


cdef inline bint outside(const Bounds *B, Py_ssize_t j) noexcept nogil:
    """Whether column j is outside the working set, and is to be checked."""
    return B.size[j] > 0.0 and B.c[j] == B.c[j] and stands_at(B, j) < B.room


cdef int bounds_init(Bounds *B, Matrix *X, const double *sq, const Penalty *penalty, Py_ssize_t room) noexcept nogil
cdef int bounds_borrow(Bounds *B, const Bounds *owner, double *c) noexcept nogil
cdef Py_ssize_t bounds_suspects(Bounds *B, const double *r, double limit, bint passing, double *most) noexcept nogil
cdef Py_ssize_t bounds_slot(Bounds *B) noexcept nogil
cdef void bounds_stand(Bounds *B, Py_ssize_t e, const double *r) noexcept nogil
cdef void bounds_free(Bounds *B) noexcept nogil
cdef void bounds_start(Bounds *B, const double *y, double yy, const double *xy) noexcept nogil
cdef void bounds_leave(Bounds *B, Py_ssize_t j) noexcept nogil
cdef void bounds_return(Bounds *B, const Py_ssize_t *cols, Py_ssize_t k, const double *r) noexcept nogil
cdef void bounds_see(Bounds *B, const double *r) noexcept nogil
cdef void bounds_renew(Bounds *B, const double *r) noexcept nogil
cdef Py_ssize_t bounds_outside(Bounds *B) noexcept nogil
cdef Py_ssize_t bounds_near(Bounds *B, double limit) noexcept nogil
cdef double bounds_check(Bounds *B, const double *r, double limit, bint passing, Py_ssize_t *n_over) noexcept nogil
cdef bint bounds_look(Bounds *B, const double *r, double limit, bint passing, Py_ssize_t *n_over,
                      double *most) noexcept nogil
cdef double bounds_take(Bounds *B, const Py_ssize_t *cols, Py_ssize_t m, const double *r, double limit,
                        Py_ssize_t *n_over) noexcept nogil
cdef double bounds_sift(Bounds *B, double limit, Py_ssize_t *n_over) noexcept nogil
