"""Ridge by Cholesky: minimise 1/2 |y - Xw|^2 + l2/2 w'Dw for a diagonal D = diag(u) >= 0, the identity by default.

    n >= p (primal)    (X'X + l2 D) w = X'y
    n < p (dual)       (X inv(D) X' + l2 I) a = y,   w = inv(D) X'a,   where D > 0

u_j = inf excludes column j: w_j = 0.

The Gram matrix is formed once, from pieces of X that are centred in cache, and factored for each l2; each target costs
triangular solves and readings of X.  A solution is refined by the residual of its equations, taken from X itself, so that
forming X'X, which squares the condition number, does not limit its accuracy.
"""

from libc.float cimport DBL_EPSILON
from libc.math cimport INFINITY
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from fastreg.kernels._cholesky cimport (
    Factor, factor_extend, factor_free, factor_reserve, solve_lower, solve_upper,
)
from fastreg.kernels._columns cimport Columns
from fastreg.kernels._design cimport (
    Matrix, dots, fr_dot_f64, interrupted, raise_for, subtract_product,
)
from fastreg.kernels._gram cimport gram_block, row_gram

cdef enum:
    REFINEMENTS = 5
    AT_ONCE = 192               # rows factored between two looks for Ctrl-C

# Without a penalty X'X has the squared condition number of X, and the pivot of a dependent column is rounding, eps cond(X)^2:
# up to cond(X) = 1e4 the two can be told apart, and refinement recovers what the squaring lost.
cdef double UNPENALISED_PIVOT = 1e-8


cdef class RidgeSystem:
    """X'X or X inv(D) X', the smaller, and its factor.  factors: u, or None for ones."""
    cdef Columns columns
    cdef object factors
    cdef const double *u        # or NULL
    cdef bint unpenalised       # some u_j = 0
    cdef Factor G               # not factored: the system for l2 = 0
    cdef Factor F
    cdef double l2
    cdef readonly Py_ssize_t size
    cdef readonly bint dual

    def __cinit__(self, Columns columns, const double[::1] factors=None):
        cdef Matrix *X = &columns.X
        cdef Py_ssize_t j, p = X.p
        cdef Py_ssize_t *cols
        cdef double *unit = NULL
        cdef int status = -1
        self.columns, self.factors, self.dual = columns, factors, X.n < X.p
        if factors is not None:
            self.u = &factors[0]
            for j in range(p):
                self.unpenalised = self.unpenalised or factors[j] == 0.0
            self.dual = self.dual and not self.unpenalised
        self.size = X.n if self.dual else X.p
        cols = <Py_ssize_t *>malloc(p * sizeof(Py_ssize_t))
        if self.u != NULL and self.dual:
            unit = <double *>malloc(p * sizeof(double))
        if (cols != NULL and (self.u == NULL or not self.dual or unit != NULL)
                and factor_reserve(&self.G, self.size) == 0 and factor_reserve(&self.F, self.size) == 0):
            with nogil:
                if unit != NULL:
                    for j in range(p):
                        unit[j] = 1.0 / self.u[j]
                for j in range(p):
                    cols[j] = j
                if columns.gram != NULL and not self.dual:
                    for j in range(p):
                        memcpy(self.G.L[j], columns.gram + j * p, (j + 1) * sizeof(double))
                    status = 0
                elif self.dual:
                    status = row_gram(X, unit, self.G.L)
                else:
                    status = gram_block(X, cols, 0, p, self.G.L)
        free(cols)
        free(unit)
        raise_for(status, "the Gram matrix and its factor")

    def __dealloc__(self):
        factor_free(&self.G)
        factor_free(&self.F)

    def factor(self, double l2):
        """Factor G + l2 D, or G + l2 I; False where it is singular in float64."""
        cdef Py_ssize_t i, step = 0, done = 0, m = self.size
        cdef double work = 0.0, pivot = 8.0 * m * DBL_EPSILON if l2 > 0.0 else UNPENALISED_PIVOT
        cdef int status = 0
        self.l2 = l2
        with nogil:
            for i in range(m):
                memcpy(self.F.L[i], self.G.L[i], (i + 1) * sizeof(double))
                if self.dual or self.penalty(i) < INFINITY:
                    self.F.L[i][i] += l2 * (1.0 if self.dual else self.penalty(i))
                else:
                    self.exclude(i)
            self.F.m = 0
            while done == step and step < m:
                step = min(m, step + AT_ONCE)
                done += factor_extend(&self.F, step - done, pivot)
                work += 0.5 * <double>AT_ONCE * step * step
                if interrupted(&work):
                    status = -2
                    break
        raise_for(status, "")
        return done == m

    def solve(self, const double[::1] y, double[::1] w):
        """Solve for one target (kernel scale) into w; returns (n_iter, objective, gap, |r|^2).

        With c = X'r - l2 Dw the gap is c'inv(D)c / (2 l2), the duality gap at the dual point r; where something is not
        penalised (primal) it is c'inv(X'X + l2 D)c / 2, which is what the objective is above its minimum."""
        cdef Matrix *X = &self.columns.X
        cdef double *u              # the dual solution, or the primal one before it is taken over
        cdef double *r
        cdef double *c
        cdef double rr = 0.0, ww = 0.0, gap, best = -1.0, best_rr = 0.0, best_ww = 0.0
        cdef Py_ssize_t n = X.n, p = X.p, n_iter = 0, m = self.size, j
        u = <double *>malloc((m + n + 1 + 2 * p) * sizeof(double))
        if u == NULL:
            raise MemoryError(f"no memory for {n} residuals and {p} gradients")
        with nogil:
            r, c = u + m, u + m + n + 1
            memset(u, 0, m * sizeof(double))
            memcpy(r, &y[0], n * sizeof(double))
            memset(&w[0], 0, p * sizeof(double))
            while n_iter < REFINEMENTS:
                n_iter += 1
                # one step from the residual of the equations; the first, from w = 0, is the solution itself
                self.correct(u, r, c)
                if self.dual:
                    dots(X, NULL, p, u, c)
                    if self.u != NULL:
                        for j in range(p):
                            c[j] /= self.u[j]
                else:
                    memcpy(c, u, p * sizeof(double))
                memcpy(r, &y[0], n * sizeof(double))
                subtract_product(X, c, r)
                rr, ww = fr_dot_f64(n, r, 1, 0.0, r), 0.0
                for j in range(p):
                    if c[j] != 0.0:
                        ww += self.penalty(j) * c[j] * c[j]
                gap = self.gap(c, r, c + p)
                if best >= 0.0 and not gap < best:
                    break
                best, best_rr, best_ww = gap, rr, ww
                memcpy(&w[0], c, p * sizeof(double))
                if best <= DBL_EPSILON * (rr + self.l2 * ww):
                    break
        free(u)
        return n_iter, 0.5 * (best_rr + self.l2 * best_ww), best, best_rr

    cdef void correct(self, double *u, const double *r, double *c) noexcept nogil:
        """u += inv(G + l2 D) (residual of the equations at u); c: scratch of p + max(n, p)"""
        cdef Matrix *X = &self.columns.X
        cdef Py_ssize_t i, m = self.size
        if self.dual:
            for i in range(m):
                c[i] = r[i] - self.l2 * u[i]
        else:
            dots(X, NULL, m, r, c)
            for i in range(m):
                c[i] = c[i] - self.l2 * self.penalty(i) * u[i] if self.penalty(i) < INFINITY else 0.0
        solve_lower(&self.F, m, c)
        solve_upper(&self.F, m, c)
        for i in range(m):
            u[i] += c[i]

    cdef double gap(self, const double *w, const double *r, double *c) noexcept nogil:
        """The gap at w with residual r; c: scratch of p"""
        cdef Matrix *X = &self.columns.X
        cdef Py_ssize_t j, p = X.p
        cdef double total = 0.0
        dots(X, NULL, p, r, c)
        for j in range(p):
            c[j] = c[j] - self.l2 * self.penalty(j) * w[j] if self.penalty(j) < INFINITY else 0.0
            total += 0.0 if c[j] == 0.0 else c[j] * c[j] / self.penalty(j)
        if self.l2 > 0.0 and not self.unpenalised:
            return 0.5 * total / self.l2
        solve_lower(&self.F, self.size, c)      # only a primal system is ever factored where something is unpenalised
        return 0.5 * fr_dot_f64(self.size, c, 1, 0.0, c)

    cdef void exclude(self, Py_ssize_t i) noexcept nogil:
        """Make row and column i of the system those of the identity; rows up to i are there."""
        cdef Py_ssize_t k
        memset(self.F.L[i], 0, i * sizeof(double))
        self.F.L[i][i] = 1.0
        for k in range(i + 1, self.size):
            self.G.L[k][i] = 0.0

    cdef inline double penalty(self, Py_ssize_t j) noexcept nogil:
        """u_j"""
        return 1.0 if self.u == NULL else self.u[j]
