"""Ridge by Cholesky: minimise 1/2 |y - Xw|^2 + l2/2 w'Dw for D = diag(u) >= 0, the identity by default, or a whole D >= 0.

    n >= p (primal)    (X'X + l2 D) w = X'y
    n < p (dual)       (X inv(D) X' + l2 I) a = y,   w = inv(D) X'a,   where D = diag(u) > 0

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
    Matrix, fr_axpy_f64, fr_dot_f64, interrupted, raise_for, root_sum,
)
from fastreg.kernels._gram cimport gram_block, row_gram, subtract_products, target_products

cdef enum:
    REFINEMENTS = 5
    FOUND = 5                   # numbers of a solution
    TOGETHER = 64               # targets that share each reading of X
    AT_ONCE = 192               # rows factored between two looks for Ctrl-C

# Without a penalty X'X has the squared condition number of X, and the pivot of a dependent column is rounding, eps cond(X)^2:
# up to cond(X) = 1e4 the two can be told apart, and refinement recovers what the squaring lost.
cdef double UNPENALISED_PIVOT = 1e-8


cdef class RidgeSystem:
    """X'X or X inv(D) X', the smaller, and its factor.  factors: u, or None for ones; matrix: a whole D, or None; singular:
    whether D is."""
    cdef Columns columns
    cdef object kept            # what u and D point into
    cdef const double *u        # or NULL
    cdef const double *D        # or NULL
    cdef bint unpenalised       # some u_j = 0, or perhaps some direction
    cdef bint singular
    cdef Factor G               # not factored: the system for l2 = 0
    cdef Factor F
    cdef double l2
    cdef readonly Py_ssize_t size
    cdef readonly bint dual

    def __cinit__(self, Columns columns, const double[::1] factors=None, const double[:, ::1] matrix=None, bint singular=False):
        cdef Matrix *X = &columns.X
        cdef Py_ssize_t j, p = X.p
        cdef Py_ssize_t *cols
        cdef double *unit = NULL
        cdef int status = -1
        self.singular = singular
        self.columns, self.kept, self.dual = columns, (factors, matrix), X.n < X.p and matrix is None
        if matrix is not None:
            self.D, self.unpenalised = &matrix[0, 0], True
        elif factors is not None:
            self.u = &factors[0]
            for j in range(p):
                self.unpenalised = self.unpenalised or factors[j] == 0.0
            self.dual = self.dual and not self.unpenalised
        self.size = X.n if self.dual else X.p
        cols = <Py_ssize_t *>malloc(p * sizeof(Py_ssize_t))
        if self.u != NULL and self.dual:
            unit = <double *>malloc(p * sizeof(double))
        if cols != NULL and (self.u == NULL or not self.dual or unit != NULL) and factor_reserve(&self.G, self.size) == 0:
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
                    status = gram_block(X, cols, 0, p, self.G.L, NULL)
        free(cols)
        free(unit)
        raise_for(status, "the Gram matrix")

    def __dealloc__(self):
        factor_free(&self.G)
        factor_free(&self.F)

    def gram(self, double[:, ::1] out):
        """out = X'X or X inv(D) X', whole"""
        cdef Py_ssize_t i, j
        for i in range(self.size):
            for j in range(i + 1):
                out[i, j] = out[j, i] = self.G.L[i][j]

    def factor(self, double l2):
        """Factor G + l2 D, or G + l2 I; False where it is singular in float64."""
        cdef Py_ssize_t i, step = 0, done = 0, m = self.size
        cdef double work = 0.0, pivot = 8.0 * m * DBL_EPSILON if l2 > 0.0 and not self.singular else UNPENALISED_PIVOT
        cdef int status
        self.l2 = l2
        with nogil:
            status = factor_reserve(&self.F, m)
            for i in range(m if status == 0 else 0):
                memcpy(self.F.L[i], self.G.L[i], (i + 1) * sizeof(double))
                if self.D != NULL:
                    fr_axpy_f64(i + 1, l2, self.D + i * m, 1, 0.0, self.F.L[i])
                elif self.dual or self.penalty(i) < INFINITY:
                    self.F.L[i][i] += l2 * (1.0 if self.dual else self.penalty(i))
                else:
                    self.exclude(i)
            self.F.m = 0
            while status == 0 and done == step and step < m:
                step = min(m, step + AT_ONCE)
                done += factor_extend(&self.F, step - done, pivot)
                work += 0.5 * <double>AT_ONCE * step * step
                if interrupted(&work):
                    status = -2
        raise_for(status, "the factor of the Gram matrix")
        return done == m

    def backsolve(self, double[:, ::1] B):
        """Each row b of B becomes the solution v of (G + l2 D) v = b."""
        cdef Py_ssize_t k
        cdef double work = 0.0
        cdef int status = 0
        with nogil:
            for k in range(B.shape[0]):
                solve_lower(&self.F, self.size, &B[k, 0])
                solve_upper(&self.F, self.size, &B[k, 0])
                work += <double>self.size * self.size
                if interrupted(&work):
                    status = -2
                    break
        raise_for(status, "")

    def solve(self, const double[:, ::1] Y, double[:, ::1] W, double[:, ::1] found):
        """Solve for the targets Y (t, n) into W (t, p); found_k = (n_iter, objective, gap, |r|^2, |y|^2), kernel scale.

        With c = X'r - l2 Dw the gap is c'inv(D)c / (2 l2), the duality gap at the dual point r; where something is not
        penalised (primal) it is c'inv(X'X + l2 D)c / 2, which is what the objective is above its minimum."""
        cdef Py_ssize_t k = 0, t, m = self.size, n = self.columns.X.n, p = self.columns.X.p
        cdef Py_ssize_t most = min(Y.shape[0], <Py_ssize_t>TOGETHER)
        cdef int status = 0
        cdef double *block = <double *>malloc(most * (m + n + 1 + max(m, p) + p) * sizeof(double) + most * sizeof(double *))
        if block == NULL:
            raise MemoryError(f"no memory for {most} times {n} residuals and {p} gradients")
        with nogil:
            while k < Y.shape[0] and status == 0:
                t = min(most, Y.shape[0] - k)
                status = self.solve_some(t, &Y[k, 0], &W[k, 0], &found[k, 0], block)
                k += t
            free(block)
        raise_for(status, "packed columns")

    def solve_one(self, const double[::1] y, double[::1] w):
        """`solve` for one target into w; returns found."""
        cdef double found[FOUND]
        cdef Py_ssize_t m = self.size, n = self.columns.X.n, p = self.columns.X.p
        cdef int status
        cdef double *block = <double *>malloc((m + n + 1 + max(m, p) + p) * sizeof(double) + sizeof(double *))
        if block == NULL:
            raise MemoryError(f"no memory for {n} residuals and {p} gradients")
        with nogil:
            status = self.solve_some(1, &y[0], &w[0], found, block)
            free(block)
        raise_for(status, "packed columns")
        return <int>found[0], found[1], found[2], found[3], found[4]

    cdef int solve_some(self, Py_ssize_t t, const double *Y, double *W, double *found, double *block) noexcept nogil:
        """solve for up to TOGETHER targets.  block: scratch."""
        cdef Matrix *X = &self.columns.X
        cdef Py_ssize_t n = X.n, p = X.p, m = self.size, k, j, n_iter = 0, open_ = t
        cdef double *U = block              # (t, m): the dual solutions, or the primal ones before they are taken over
        cdef double *R = U + t * m          # (t, n + 1)
        cdef double *C = R + t * (n + 1)    # (t, p), or (t, m) if that is more
        cdef double *V = C + t * max(m, p)  # (t, p)
        cdef double **rows = <double **>(V + t * p)
        cdef double *w
        cdef double *r
        cdef double *best
        cdef double rr, ww, gap
        cdef int status
        memset(U, 0, t * m * sizeof(double))
        memset(W, 0, t * p * sizeof(double))
        for k in range(t):
            memcpy(R + k * (n + 1), Y + k * n, n * sizeof(double))
            best = found + FOUND * k
            best[0], best[2], best[4] = 0.0, -1.0, fr_dot_f64(n, Y + k * n, 1, 0.0, Y + k * n)
        while n_iter < REFINEMENTS and open_ > 0:
            n_iter += 1
            # one step from the residual of the equations; the first, from w = 0, is the solution itself
            status = self.correct(t, U, R, C, rows)
            if status == 0 and self.dual:
                status = self.gradients(t, U, m, V, rows)
                if self.u != NULL:
                    for k in range(t):
                        for j in range(p):
                            V[k * p + j] /= self.u[j]
            elif status == 0:
                memcpy(V, U, t * p * sizeof(double))
            for k in range(t):
                memcpy(R + k * (n + 1), Y + k * n, n * sizeof(double))
            if status == 0:
                status = subtract_products(X, V, t, R, n + 1)
            if X.centred:       # what rounding left of the means of columns far from 0 is none of X
                for k in range(t):
                    r = R + k * (n + 1)
                    rr = -root_sum(n, r, X.root) / n
                    for j in range(n):
                        r[j] += rr if X.root == NULL else rr * X.root[j]
            if status == 0:
                status = self.gradients(t, R, n + 1, C, rows)
            if status != 0:
                return status
            open_ = 0
            for k in range(t):
                w, r, best = V + k * p, R + k * (n + 1), found + FOUND * k
                if best[0] != n_iter - 1:   # done before
                    continue
                rr, ww = fr_dot_f64(n, r, 1, 0.0, r), 0.0
                for j in range(p):
                    if w[j] != 0.0:
                        ww += w[j] * self.penalty_gradient(w, j)
                gap = self.gap(w, C + k * p)
                if best[2] >= 0.0 and not gap < best[2]:
                    continue
                best[0], best[1], best[2], best[3] = n_iter, 0.5 * (rr + self.l2 * ww), gap, rr
                memcpy(W + k * p, w, p * sizeof(double))
                open_ += gap > DBL_EPSILON * (rr + self.l2 * ww)
        if self.D == NULL:
            for k in range(t):
                for j in range(p):
                    if self.columns.sq[j] == 0.0:   # not what rounding left in the products of a sparse column
                        W[k * p + j] = 0.0
        return 0

    cdef int gradients(self, Py_ssize_t t, const double *R, Py_ssize_t ldr, double *C, double **rows) noexcept nogil:
        """C (t, p) = X'r of rows r of R.  Status as in gram_block."""
        cdef Matrix *X = &self.columns.X
        cdef Py_ssize_t k
        for k in range(t):
            rows[k] = C + k * X.p
        return target_products(X, R, ldr, t, rows)

    cdef int correct(self, Py_ssize_t t, double *U, const double *R, double *C, double **rows) noexcept nogil:
        """U += inv(G + l2 D) (residuals of the equations at U).  C: scratch.  Status as in gram_block."""
        cdef Py_ssize_t i, k, m = self.size
        cdef double *c
        cdef double *u
        cdef int status = 0 if self.dual else self.gradients(t, R, self.columns.X.n + 1, C, rows)
        for k in range(t if status == 0 else 0):
            c, u = C + k * m, U + k * m
            for i in range(m):
                if self.dual:
                    c[i] = R[k * (m + 1) + i] - self.l2 * u[i]
                else:
                    c[i] = c[i] - self.l2 * self.penalty_gradient(u, i) if self.penalty(i) < INFINITY else 0.0
            solve_lower(&self.F, m, c)
            solve_upper(&self.F, m, c)
            for i in range(m):
                u[i] += c[i]
        return status

    cdef double gap(self, const double *w, double *c) noexcept nogil:
        """The gap at w, from c = X'r, which is overwritten."""
        cdef Py_ssize_t j, p = self.columns.X.p
        cdef double total = 0.0
        for j in range(p):
            c[j] = c[j] - self.l2 * self.penalty_gradient(w, j) if self.penalty(j) < INFINITY else 0.0
            total += 0.0 if c[j] == 0.0 or self.unpenalised else c[j] * c[j] / self.penalty(j)
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

    cdef inline double penalty_gradient(self, const double *w, Py_ssize_t j) noexcept nogil:
        """(Dw)_j; column j is not excluded"""
        return self.penalty(j) * w[j] if self.D == NULL else fr_dot_f64(self.size, self.D + j * self.size, 1, 0.0, w)

    cdef inline double penalty(self, Py_ssize_t j) noexcept nogil:
        """u_j"""
        return 1.0 if self.u == NULL else self.u[j]
