"""The face of the path solver to Python."""

from libc.string cimport memset

from fastreg.kernels._active cimport (
    Active, active_base, active_free, active_init, active_relax, active_retarget, active_solve, active_write,
)
from fastreg.kernels._bounds cimport bounds_see
from fastreg.kernels._cd cimport Gap, Penalty, clip, is_end
from fastreg.kernels._columns cimport Columns, numbers
from fastreg.kernels._cross cimport cross_gradients
from fastreg.kernels._design cimport raise_for
from fastreg.kernels._joining cimport join
from fastreg.kernels._judge cimport working_gap
from fastreg.kernels._working cimport (
    INTERRUPTED, OUT_OF_MEMORY, REACHED, Outcome, Working, failed, has_failed, sorted_support, support_size, working_refresh,
)

cdef str GRAM = "the Gram matrix of the working set"


cdef int fill_penalty(Penalty *penalty, tuple factors, tuple bounds) except -1:
    """The penalty of all columns, l1 and l2 aside, from (v, u) and (lower, upper), or None; the arrays stay the caller's."""
    cdef const double[::1] v, u, lower, upper
    cdef Py_ssize_t j
    memset(penalty, 0, sizeof(Penalty))
    # a Penalty is written to by the working set that owns it alone, and this is not one
    if factors is not None:
        v, u = factors
        penalty.v, penalty.u = <double *>&v[0], <double *>&u[0]
        for j in range(v.shape[0]):
            penalty.boxed = penalty.boxed or (v[j] == 0.0 and u[j] > 0.0)
    if bounds is not None:
        lower, upper = bounds
        penalty.lower, penalty.upper = <double *>&lower[0], <double *>&upper[0]
        for j in range(lower.shape[0]):
            penalty.boxed = penalty.boxed or is_end(lower[j]) or is_end(upper[j])
    return 0


cdef int raise_for_outcome(Outcome outcome) except -1:
    return raise_for(-1 if outcome == OUT_OF_MEMORY else (-2 if outcome == INTERRUPTED else 0), GRAM)


cdef inline Outcome failed_or(Outcome outcome, int status) noexcept nogil:
    """outcome, unless a kernel's status is a failure"""
    return outcome if status == 0 else failed(status)


cdef double mean_square(Working *W, const double *w, double unit, const double *S, const double *shift,
                        Py_ssize_t p) noexcept nogil:
    """The mean of (y - b - x'w)^2 over rows of which S and shift are known, as Solver.descend has them; cost |A|^2/2"""
    cdef Py_ssize_t a, b, i, j, k, m = sorted_support(W)
    cdef double total = S[p * (p + 1) + p], miss = shift[p], coef, along
    for a in range(m):
        i = W.features[a]
        j, coef = W.cols[i], unit * w[i]
        along = 0.5 * coef * S[j * (p + 1) + j] - S[p * (p + 1) + j]
        for b in range(a):
            k = W.features[b]
            along += unit * w[k] * S[j * (p + 1) + W.cols[k]]
        total += 2.0 * coef * along
        miss -= coef * shift[j]
    return total + miss * miss


cdef class Solver:
    """A path solver over Columns that keeps its working set and its w from one solve to the next.

    factors: (v, u), factors of l1 and l2 per column; bounds: (lower, upper) per column, kernel scale; each may be None.
    gram: X'X as somebody else has computed it, or None; no certificate rests on it."""
    cdef Active S
    cdef Columns columns
    cdef object kept            # the arrays that S points into
    cdef object target          # and those of another target than the first

    def __cinit__(self, Columns columns, object y, tuple factors, tuple bounds, Py_ssize_t gram_limit,
                  Py_ssize_t factor_limit, bint tall, const double[:, ::1] gram=None):
        cdef Penalty penalty
        cdef int status
        cdef const double *whole = columns.gram
        cdef const double *target = numbers(y, columns.X.n)
        self.columns, self.kept = columns, (y, factors, bounds, gram)
        fill_penalty(&penalty, factors, bounds)
        if gram is not None:
            whole = &gram[0, 0]
        with nogil:
            status = active_init(&self.S, &columns.X, target, columns.xy, columns.sq, &penalty, gram_limit, factor_limit, tall,
                                 whole, NULL)
        raise_for(status, "the column bounds")
        self.S.W.mistrusted = gram is not None

    def __dealloc__(self):
        active_free(&self.S)

    def start(self, const Py_ssize_t[::1] support, const double[::1] w, double l1, double l2):
        """Let the columns `support`, at least one and none there yet, join with coefficients w (kernel scale), unless what
        the working set has now is better."""
        cdef Py_ssize_t k, m = self.S.W.X.p
        cdef int status
        cdef double before
        cdef Working *W = &self.S.W
        with nogil:
            W.penalty.l1, W.penalty.l2 = l1, l2
            status = join(&self.S, &support[0], support.shape[0])
            if status == 0:
                before = working_gap(W).primal
                for k in range(support.shape[0]):
                    # a constant column stays where it is: no sweep would take it back
                    if W.sq[m + k] > 0.0:
                        W.w[m + k] = clip(w[k], W.penalty.lower[m + k], W.penalty.upper[m + k])
                working_refresh(W)
                if not working_gap(W).primal < before:      # NaN as well
                    for k in range(support.shape[0]):
                        W.w[m + k] = clip(0.0, W.penalty.lower[m + k], W.penalty.upper[m + k])
                    working_refresh(W)
                # the bounds, or gradients, are relative to the residuals seen: look at this one
                if W.tall:
                    cross_gradients(&W.cross, self.S.xy, W.w, self.S.B.c)
                else:
                    bounds_see(&self.S.B, W.r)
        raise_for(status, GRAM)

    def retarget(self, const double[::1] y, const double[::1] xy):
        """Another target over the same X, xy = X'y; w = 0 then."""
        self.target = (y, xy)
        with nogil:
            active_retarget(&self.S, &y[0], &xy[0])

    def base(self, double l2, double tol, Py_ssize_t max_iter):
        """The smallest l1 that keeps every penalised coefficient at 0."""
        cdef Py_ssize_t n_iter = 0
        cdef double most
        cdef Outcome outcome
        with nogil:
            outcome = active_base(&self.S, l2, tol, max_iter, &n_iter, &most)
        raise_for_outcome(outcome)
        return most

    def solve(self, double l1, double l2, double tol, Py_ssize_t max_iter, double relax=0.0):
        """(outcome, n_iter, objective, gap, support size) at l1, l2 in kernel scale; relax: the share of least squares in the
        coefficients given next"""
        cdef Py_ssize_t n_iter = 0, size
        cdef Gap g
        cdef Outcome outcome
        cdef int status = 0
        with nogil:
            outcome = active_solve(&self.S, l1, l2, tol, max_iter, &n_iter, &g)
            size = support_size(&self.S.W)
            if relax > 0.0 and not has_failed(outcome):
                status = active_relax(&self.S, relax)
        raise_for_outcome(outcome)
        raise_for(status, "the factor of the support")
        return <int>outcome, n_iter, g.primal, g.gap, size

    def descend(self, const double[::1] l1, const double[::1] l2, double tol, Py_ssize_t max_iter, double unit,
                const double[:, ::1] S, const double[::1] shift, const double[::1] shares, double[:, ::1] found,
                Py_ssize_t[:, ::1] how):
        """Solve at one l1, l2 after another, and judge each solution by the moments of other rows.

        S: their mean products of [X y] (lower triangle) about their means, which are `shift` from those of the rows fitted.
        found (K, 2 + shares): objective, gap, and the mean squared error with each share of least squares on the support; how
        (K, 2): outcome and n_iter."""
        cdef Py_ssize_t k, s, n_iter
        cdef Gap g
        cdef Outcome outcome = REACHED
        with nogil:
            for k in range(l1.shape[0]):
                n_iter = 0
                outcome = active_solve(&self.S, l1[k], l2[k], tol, max_iter, &n_iter, &g)
                for s in range(shares.shape[0]):
                    if not has_failed(outcome):
                        outcome = failed_or(outcome, active_relax(&self.S, shares[s]))
                    if has_failed(outcome):
                        break
                    found[k, 2 + s] = mean_square(&self.S.W, self.S.answer, unit, &S[0, 0], &shift[0], S.shape[0] - 1)
                if has_failed(outcome):
                    break
                how[k, 0], how[k, 1], found[k, 0], found[k, 1] = outcome, n_iter, g.primal, g.gap
        raise_for_outcome(outcome)

    def write(self, object coef, double unit):
        """coef_j = unit w_j where that is not 0; returns the sum of mean_j unit w_j, means of the user's X."""
        return active_write(&self.S, self.columns.mean, unit, numbers(coef, self.columns.X.p, True))

    def solution(self, Py_ssize_t[::1] support, double[::1] w, double unit):
        """Write the support, in ascending order of columns, and its coefficients times unit.

        Returns |r|^2 there, and the sum of mean_j unit w_j, means of the user's X."""
        cdef Py_ssize_t j
        cdef double level = 0.0
        cdef Working *W = &self.S.W
        for j in range(sorted_support(W)):
            support[j], w[j] = W.cols[W.features[j]], unit * self.S.answer[W.features[j]]
            level += self.columns.mean[support[j]] * w[j]
        return self.S.rss, level

    @property
    def columns_in(self):
        """the columns of the working set"""
        return [self.S.W.cols[i] for i in range(self.S.W.X.p)]

    @property
    def counts(self):
        """columns read to check them, size of the working set, sweeps, Newton steps, null-space pivots, iterations of
        conjugate gradients"""
        return {
            "columns_read": self.S.B.n_columns_read + self.S.W.cross.n_columns_read,
            "working_set": self.S.W.X.p,
            "sweeps": self.S.W.n_epochs,
            "newton_steps": self.S.W.n_newton,
            "pivots": self.S.W.n_pivots,
            "products": self.S.W.n_products,
        }
