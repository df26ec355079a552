"""Folds of the rows of one X, and the reading of its columns that they share.  _reading.pyx says how."""

from fastreg.kernels._active cimport Active
from fastreg.kernels._bounds cimport Bounds
from fastreg.kernels._cd cimport Penalty
from fastreg.kernels._design cimport Matrix, fr_csc
from fastreg.kernels._trail cimport Trail

ctypedef struct Fold:
    Active S
    bint made                   # S is
    Matrix X                    # with the weights and means of this fold
    Penalty penalty
    double *mean                # p each
    double *sq
    double *c                   # X'y, then gradients outside
    int *near                   # columns noted, p, and whether they are, p
    double *size                # |x_j| / v_j where v is the fold's own; or NULL
    double *split               # as Columns has it
    const double *y
    const double *root
    const Py_ssize_t *test      # the rows to judge by
    const double *test_y        # their targets and weights
    const double *test_weight
    Py_ssize_t n_test
    bint wants                  # it waits for columns
    Py_ssize_t slot             # where its residual will stand
    int *over                   # columns just read that reach over its limit
    Py_ssize_t n_over

ctypedef struct Folds:
    Matrix X                    # not weighted
    const double *sq            # |x_j|^2 in all rows
    Fold *folds
    Py_ssize_t t, room
    Bounds owner                # of what all solvers use in turn
    double *R                   # t x n: residuals times roots
    double *spread              # n + 1 of a sparse product, and errors of the rows to judge by, twice n
    unsigned char *called       # p: whether a column is to be read
    int *read                   # p: columns that are being read
    Py_ssize_t n_read, n_columns_read
    int *over                   # for each fold n_read columns
    Py_ssize_t room_over
    Py_ssize_t *waiting         # t
    fr_csc stored               # the entries of sparse X as they are
    bint keeps                  # the last fold has all rows, and its solutions are kept
    const double *mean          # of all rows, in the user's X
    double unit                 # of those: public coefficients per kernel coefficient
    Trail trail, refits
    const double *shares        # of least squares on the support in the answer
    Py_ssize_t n_shares
    bint relaxes                # some share is not 0
    double work

cdef int folds_init(Folds *F) noexcept nogil
cdef void folds_free(Folds *F) noexcept nogil
cdef int folds_statistics(Folds *F) noexcept nogil
cdef void folds_look(Folds *F, Fold *f, Py_ssize_t k) noexcept nogil
cdef int folds_read(Folds *F) noexcept nogil
cdef void folds_take(Fold *f) noexcept nogil
