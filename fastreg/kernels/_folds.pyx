"""Several folds of the rows of one X, side by side down a path.

A fold is a problem of its own: its weights are 0 in the rows that it leaves out and add up to n all the same, its means are
those of its rows, and a solver of its own (_active.pyx) goes from one penalty to the next.  What folds share is the reading of
X (_reading.pyx).  This module lets solvers go on and wait, and judges their solutions by the rows left out; it must not know
how a fold is solved, nor how rows came to be in one.
"""

from libc.limits cimport INT_MAX
from libc.math cimport fabs
from libc.stdlib cimport calloc, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._active cimport Active, active_advance, active_begin, active_init, active_relax
from fastreg.kernels._bounds cimport Bounds, bounds_init
from fastreg.kernels._columns cimport Columns
from fastreg.kernels._design cimport entry, fr_csc_axpy, raise_for
from fastreg.kernels._reading cimport (
    Fold, Folds, folds_free, folds_init, folds_look, folds_read, folds_statistics, folds_take,
)
from fastreg.kernels._relax cimport working_relax
from fastreg.kernels._solver cimport fill_penalty, raise_for_outcome
from fastreg.kernels._trail cimport trail_add
from fastreg.kernels._working cimport REACHED, Outcome, Working, failed, has_failed, support_size


cdef int begin(Folds *F, Fold *f, Py_ssize_t gram_limit, Py_ssize_t factor_limit) noexcept nogil:
    """Make the solver of a fold; status as active_init has it."""
    cdef Py_ssize_t i
    cdef double largest = 0.0
    cdef Bounds lender = F.owner
    lender.X, lender.penalty, lender.room = f.X, f.penalty, F.room
    if f.size != NULL:
        lender.size = f.size
    # centring by another mean than its own takes nothing off a sum of squares, and no weight grew by more
    for i in range(F.X.n):
        largest = max(largest, f.root[i] if F.owner.X.root == NULL else (
            f.root[i] / F.owner.X.root[i] if f.root[i] > 0.0 else 0.0))
    lender.stretch = largest * (1.0 + 1e-12)
    f.made = True
    lender.is_near = <unsigned char *>(f.near + F.X.p)
    return active_init(&f.S, &f.X, f.y, f.c, f.sq, &f.penalty, gram_limit, factor_limit, False, NULL, &lender)


cdef void miss(Folds *F, Fold *f, const double *w, double *out) noexcept nogil:
    """out = targets less predictions in the rows to judge by, for coefficients w of the working set.  Cost a reading of them in
    the support."""
    cdef Working *W = &f.S.W
    cdef Py_ssize_t i, j, k
    cdef double a, mean, level = 0.0
    memcpy(out, f.test_y, f.n_test * sizeof(double))
    if F.X.sparse:
        memset(F.spread, 0, F.X.n * sizeof(double))
    for k in range(W.X.p):
        if W.w[k] == 0.0:
            continue
        j, a = W.cols[k], w[k] * F.X.scale
        mean = f.mean[j]
        if F.X.sparse:
            fr_csc_axpy(&F.stored, j, -a, NULL, F.spread)
            level += a * mean
        else:
            for i in range(f.n_test):
                out[i] -= a * (entry(&F.X, f.test[i], j) - mean)
    if F.X.sparse:
        for i in range(f.n_test):
            out[i] += F.spread[f.test[i]] + level


cdef int judge(Folds *F, Fold *f, double *losses) noexcept nogil:
    """Weighted sums of squared and of absolute errors in the rows to judge by, for each share of least squares.  Status as in
    working_relax."""
    cdef Active *S = &f.S
    cdef Py_ssize_t i, s
    cdef int status
    cdef double e, rss = S.rss
    cdef double *refit = F.spread + F.X.n + 1
    cdef double *missed = refit + F.X.n
    miss(F, f, S.W.w, missed)
    if F.relaxes:
        status = working_relax(&S.W, 1.0, S.W.trial_w, &rss)
        if status != 0:
            return status
        miss(F, f, S.W.trial_w, refit)
    for s in range(F.n_shares):
        losses[2 * s] = losses[2 * s + 1] = 0.0
        for i in range(f.n_test):
            e = missed[i] if F.shares[s] == 0.0 else (1.0 - F.shares[s]) * missed[i] + F.shares[s] * refit[i]
            losses[2 * s] += f.test_weight[i] * e * e
            losses[2 * s + 1] += f.test_weight[i] * fabs(e)
    return 0


cdef int keep(Folds *F, Active *S, double *found) noexcept nogil:
    """Keep the solution for all rows, and least squares on its support: mean'coef and |r|^2 of each.  Status as in
    working_relax."""
    cdef int status = 0
    found[1] = S.rss
    if trail_add(&F.trail, S, F.mean, F.unit, found) < 0:
        return -1
    if F.relaxes:
        status = active_relax(S, 1.0)
        found[3] = S.rss
        if status == 0 and trail_add(&F.refits, S, F.mean, F.unit, found + 2) < 0:
            status = -1
    return status


cdef Outcome descend(Folds *F, const double *l1, const double *l2, double tol, Py_ssize_t max_iter, double *found,
                     Py_ssize_t width, Py_ssize_t *how) noexcept nogil:
    """Solve every fold at its next l1 and l2, and write `width` numbers for each; OUT_OF_MEMORY or INTERRUPTED where one could
    not be."""
    cdef Py_ssize_t k, left = F.t
    cdef Fold *f
    cdef Active *S
    cdef int status
    for k in range(F.t):
        f = &F.folds[k]
        f.wants = False
        how[3 * k] = -1             # not solved
        active_begin(&f.S, l1[k], l2[k], tol, max_iter)
    while left > 0:
        for k in range(F.t):
            if how[3 * k] >= 0:
                continue
            f = &F.folds[k]
            S = &f.S
            folds_take(f)
            while active_advance(S):
                folds_look(F, f, k)
                if f.wants:
                    break
            if f.wants:
                continue
            if has_failed(S.outcome):
                return S.outcome
            left -= 1
            S.B.near = f.near           # from here on; at the first penalty any column may join
            how[3 * k], how[3 * k + 1], how[3 * k + 2] = S.outcome, S.n_iter, support_size(&S.W)
            found[width * k], found[width * k + 1] = S.certificate.primal, S.certificate.gap
            if F.keeps and k == F.t - 1:
                status = keep(F, S, found + width * k + 2)
            else:
                status = judge(F, f, found + width * k + 2)
            if status != 0:
                return failed(status)
        status = folds_read(F)
        if status != 0:
            return failed(status)
    return REACHED


cdef double held(Folds *F) noexcept nogil:
    """Bytes of Gram matrices and factors of working sets, which grow."""
    cdef Py_ssize_t k
    cdef double total = 0.0
    cdef Working *W
    for k in range(F.t):
        W = &F.folds[k].S.W
        total += 104.0 * W.cap + (0.0 if W.on_residual else 8.0 * W.cap * W.cap) + 4.0 * W.factor.room * W.factor.room
    return total


cdef class Lockstep:
    """Solvers of folds over Columns of all rows, at one penalty after another.

    roots: for each fold float64 (n,), square roots of weights that add up to n, 0 in rows that it leaves out; ys: its targets,
    centred and times root.  tests, test_ys, test_weights: for each fold the rows to judge by (intp), their targets less the
    fold's mean, in the same unit as ys, and their weights.  room: residuals for each fold.

    shares: of least squares on the support in each answer.  keeps: the last fold has all rows and nothing to judge by: its
    solutions are kept, unit times the kernel's."""
    cdef Folds F
    cdef object kept            # the arrays that F points into
    cdef Columns columns

    def __cinit__(self, Columns columns, list roots, list ys, list tests, list test_ys, list test_weights, Py_ssize_t room,
                  bint keeps, double unit, const double[::1] shares):
        cdef const double[::1] root, y, test_y, weight
        cdef const Py_ssize_t[::1] test
        cdef Py_ssize_t k
        cdef Fold *f
        cdef int status = -1
        self.columns, self.kept = columns, [roots, ys, tests, test_ys, test_weights, shares]
        self.F.X, self.F.sq, self.F.t, self.F.room = columns.X, columns.sq, len(roots), max(room, <Py_ssize_t>2)
        self.F.keeps, self.F.unit, self.F.mean, self.F.shares = keeps, unit, columns.mean, &shares[0]
        self.F.n_shares = shares.shape[0]
        for k in range(self.F.n_shares):
            self.F.relaxes = self.F.relaxes or shares[k] > 0.0
        self.F.X.root = NULL
        if columns.X.p <= INT_MAX:      # places of columns are kept as int
            self.F.folds = <Fold *>calloc(self.F.t, sizeof(Fold))
        if self.F.folds == NULL:
            raise MemoryError("no memory for folds")
        for k in range(self.F.t):
            root, y, test, test_y, weight = roots[k], ys[k], tests[k], test_ys[k], test_weights[k]
            f = &self.F.folds[k]
            f.X, f.root, f.y, f.n_test = columns.X, &root[0], &y[0], test.shape[0]
            if f.n_test > 0:
                f.test, f.test_y, f.test_weight = &test[0], &test_y[0], &weight[0]
        with nogil:
            status = folds_init(&self.F)
            if status == 0:
                status = folds_statistics(&self.F)
        raise_for(status, "the statistics of folds")

    def __dealloc__(self):
        folds_free(&self.F)

    def squares(self, Py_ssize_t k, double[::1] out):
        """out = |x_j|^2 of the columns of fold k, centred, weighted and scaled"""
        memcpy(&out[0], self.F.folds[k].sq, self.F.X.p * sizeof(double))

    def begin(self, list factors, list bounds, Py_ssize_t gram_limit, Py_ssize_t factor_limit):
        """Make the solvers; of each fold (v, u) and (lower, upper) as Solver has them."""
        cdef Py_ssize_t k
        cdef Fold *f
        cdef int status = 0
        self.kept += [factors, bounds]
        own = any(one is not factors[0] for one in factors)
        for k in range(self.F.t):
            f = &self.F.folds[k]
            fill_penalty(&f.penalty, factors[k], bounds[k])
            if own:
                f.size = <double *>malloc(self.F.X.p * sizeof(double))
                if f.size == NULL:
                    raise MemoryError("no memory for the sizes of columns")
        with nogil:
            status = bounds_init(&self.F.owner, &self.columns.X, self.F.sq, &self.F.folds[0].penalty, 1)
            for k in range(self.F.t):
                if status == 0:
                    status = begin(&self.F, &self.F.folds[k], gram_limit, factor_limit)
        raise_for(status, "the solvers of folds")

    def descend(self, const double[:, ::1] l1, const double[:, ::1] l2, double tol, Py_ssize_t max_iter,
                double[:, :, ::1] found, Py_ssize_t[:, :, ::1] how, double budget):
        """Go on to l1, l2 (K, t) of each fold, one row after another; returns how many, which is fewer than K where working
        sets have come to take more bytes than the budget.  found (K, t, ...): objective, gap, for each share
        sums of squared and of absolute errors; of what is kept, mean'coef and |r|^2, and the same of its least squares, where
        a share is not 0.  how (K, t, 3): outcome, n_iter and the size of the support."""
        cdef Outcome outcome = REACHED
        cdef Py_ssize_t k, done = 0
        with nogil:
            for k in range(l1.shape[0]):
                outcome = descend(&self.F, &l1[k, 0], &l2[k, 0], tol, max_iter, &found[k, 0, 0], found.shape[2],
                                  &how[k, 0, 0])
                if outcome != REACHED:
                    break
                done += 1
                if held(&self.F) > budget:
                    break
        raise_for_outcome(outcome)
        return done

    def take_kept(self, Py_ssize_t[::1] cols, double[::1] values, double[::1] refits):
        """The columns and the coefficients of all solutions kept, one after another, and of least squares, where a share is not
        0."""
        memcpy(&cols[0], self.F.trail.cols, self.F.trail.n * sizeof(Py_ssize_t))
        memcpy(&values[0], self.F.trail.values, self.F.trail.n * sizeof(double))
        if self.F.relaxes:
            memcpy(&refits[0], self.F.refits.values, self.F.trail.n * sizeof(double))

    @property
    def n_kept(self):
        """how many coefficients those are"""
        return self.F.trail.n

    @property
    def counts(self):
        """the work for the last fold as Solver has it, but columns that were read for any of them"""
        cdef Working *W = &self.F.folds[self.F.t - 1].S.W
        return {
            "columns_read": self.F.n_columns_read,
            "working_set": W.X.p,
            "sweeps": W.n_epochs,
            "newton_steps": W.n_newton,
            "pivots": W.n_pivots,
            "products": W.n_products,
        }

    @property
    def n_columns_read(self):
        """columns read to check them, each once for all folds that called for it"""
        return self.F.n_columns_read
