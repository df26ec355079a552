"""The relaxed lasso: the coefficients w of a working set, and least squares x on their support A, blended.

x minimises |y - X_A x|, of smallest norm where columns of A depend on one another (Meinshausen, 2007, Relaxed Lasso; the blend
is that of Hastie, Tibshirani and Tibshirani, 2020, Best Subset, Forward Stepwise or Lasso, section 2.4).  With X_A'X_A = L L',
the factor that Newton steps have left but for the last columns that came or went, x is w + inv(L') inv(L) X_A'r.

    form                            cost
    Gram, tall                      |A|^2, and where a pivot is small 2 n |A| for each refinement
    residual, factor                the same and n |A|
    either with an l2               |A|^3 / 6 more, for the factor without it
    residual, no factor             2 n |A| an iteration of conjugate gradients

Of columns that depend on one another, x is fitted on some, B, and then loses its part in the null space of X_A, which
[-V; I] spans for the others D, with V = inv(X_B'X_B) X_B'X_D.
"""

from libc.float cimport DBL_EPSILON
from libc.string cimport memcpy, memset

from fastreg.kernels._cholesky cimport (
    Factor, factor_extend, factor_free, factor_reserve, solve_lower, solve_upper,
)
from fastreg.kernels._design cimport dots, fr_dot_f64, interrupted, subtract_product
from fastreg.kernels._gram cimport BLOCK, gram_block
from fastreg.kernels._support cimport AT_ONCE, LEFT_OUT, OUTSIDE, forget, forget_all, products
from fastreg.kernels._working cimport support_size

cdef enum:
    MOST_REFINEMENTS = 3
    MOST_PRODUCTS = 2000

# Squared sine of the angle below which a column counts as dependent.  It is above that of Newton steps: they may take what
# rounding has made of a pivot, as the next sweep corrects them, and nothing corrects x.
cdef double PIVOT_TOL = 1e-12
cdef double SMALL_PIVOT = 1e-4      # the Gram matrix has lost a quarter of the digits: residuals are taken from X
cdef double REACHED = 1e-12         # by conjugate gradients: of the gradient at 0


cdef int working_relax(Working *W, double share, double *out, double *rss) noexcept nogil:
    """out = (1 - share) w + share x for the columns of the working set; rss, |y - Xw|^2, becomes |y - X out|^2.

    out may be W.trial_w.  w, q and r stay, but for tall data r is scratch.  -1 where memory is out, -2 if interrupted."""
    cdef Py_ssize_t j, m = support_size(W)
    cdef double left = rss[0], kept = (1.0 - share) * (1.0 - share)
    cdef int status = 0
    for j in range(W.X.p):
        out[j] = W.w[j]
    if m == 0:
        return 0
    if W.on_residual and m > W.factor_limit:
        status = by_conjugate_gradients(W, out, &left)
    else:
        status = by_factor(W, out, &left)
    if status != 0:
        return status
    for j in range(W.X.p):
        out[j] = (1.0 - share) * W.w[j] + share * out[j]
    rss[0] = kept * rss[0] + (1.0 - kept) * left        # y - Xx is orthogonal to X(x - w)
    return 0


cdef int by_factor(Working *W, double *x, double *rss) noexcept nogil:
    """x from w; rss from that of w.  Status as in working_relax."""
    cdef Py_ssize_t k, m, _refinement, n_dependent
    cdef double gain, before, least = 1.0
    cdef double *d = W.direction
    cdef double *r = W.spare if W.on_residual else W.r
    cdef int status = factor_support(W, &n_dependent)
    if status != 0:
        return status
    m = W.factor.m
    for k in range(m):
        W.features[k] = W.cols[W.order[k]]
        d[k] = W.q[W.order[k]]
        least = min(least, W.factor.L[k][k] * W.factor.L[k][k] / W.sq[W.order[k]])
    if W.on_residual:
        dots(&W.all, W.features, m, W.r, d)
        W.work += <double>W.X.n * m
    gain = newton(W, x)
    rss[0] = max(0.0, rss[0] - gain)
    if least < SMALL_PIVOT:
        for _refinement in range(MOST_REFINEMENTS):
            before = gain
            memcpy(r, W.y, W.X.n * sizeof(double))
            subtract_product(&W.X, x, r)
            dots(&W.all, W.features, m, r, d)
            W.work += 2.0 * W.X.n * m
            memcpy(W.trial_q, x, W.X.p * sizeof(double))
            rss[0] = fr_dot_f64(W.X.n, r, 1, 0.0, r)
            gain = newton(W, x)
            if not gain < 0.25 * before:        # rounding has taken over
                memcpy(x, W.trial_q, W.X.p * sizeof(double))
                break
            rss[0] = max(0.0, rss[0] - gain)
            if gain <= DBL_EPSILON * DBL_EPSILON * W.yy:
                break
        if W.tall:
            W.exact = False         # q is not that of r
        elif not W.on_residual:
            memcpy(r, W.y, W.X.n * sizeof(double))
            subtract_product(&W.X, W.w, r)
    if interrupted(&W.work):
        return -2
    return least_norm(W, x, n_dependent) if n_dependent > 0 else 0


cdef double newton(Working *W, double *x) noexcept nogil:
    """x += inv(X_B'X_B) g for the gradient g in W.direction; returns by how much |y - Xx|^2 falls."""
    cdef Py_ssize_t k, m = W.factor.m
    cdef double *d = W.direction
    cdef double gain
    solve_lower(&W.factor, m, d)
    gain = fr_dot_f64(m, d, 1, 0.0, d)
    solve_upper(&W.factor, m, d)
    for k in range(m):
        x[W.order[k]] += d[k]
    W.work += <double>m * m
    return gain


cdef int factor_support(Working *W, Py_ssize_t *n_dependent) noexcept nogil:
    """Factor X_B'X_B for independent columns B = order[: factor.m] of the support; the others follow them in order.

    Status as in working_relax."""
    cdef Py_ssize_t i, j, k, m, new, done, at_once = AT_ONCE, leavers = 0
    # of a Gram matrix that somebody else has made, the factor is no better than it
    cdef bint whole = W.factor_l2 == 0.0 and not W.mistrusted
    cdef Py_ssize_t rank = -W.X.centred
    cdef double *row
    cdef int status
    for i in range(W.X.n):
        rank += W.X.root == NULL or W.X.root[i] > 0.0
    for k in range(W.factor.m):
        j, row = W.order[k], W.factor.L[k]
        leavers += W.w[j] == 0.0
        whole = whole and row[k] * row[k] > PIVOT_TOL * W.sq[j]
    if not whole or leavers > 4 + W.factor.m // 4:
        forget_all(W)
    W.factor_l2 = 0.0
    for k in range(W.factor.m - 1, -1, -1):
        if W.w[W.order[k]] == 0.0:
            forget(W, k)
    for j in range(W.X.p):
        if W.place[j] == LEFT_OUT:
            W.place[j] = OUTSIDE
    while True:
        m, new = W.factor.m, 0
        for j in range(W.X.p):
            if new < at_once and W.place[j] == OUTSIDE and W.w[j] != 0.0 and W.sq[j] > 0.0:
                if m >= rank:
                    W.place[j] = LEFT_OUT
                elif m + new < rank:    # beyond it a pivot is rounding, which may be above the tolerance
                    W.order[m + new] = j
                    new += 1
        if new == 0:
            break
        if factor_reserve(&W.factor, m + new) != 0:
            return -1
        status = inner_products(W, m, new)
        if status != 0:
            return status
        done = factor_extend(&W.factor, new, PIVOT_TOL)
        for i in range(m, m + done):
            W.place[W.order[i]] = i
        at_once = AT_ONCE
        if done < new:
            W.place[W.order[m + done]] = LEFT_OUT
            at_once = BLOCK         # others may follow, and what was multiplied is multiplied again
        W.work += 0.5 * new * <double>(m + new) * (m + new)
        if interrupted(&W.work):
            return -2
    n_dependent[0] = 0
    for j in range(W.X.p):
        if W.place[j] == LEFT_OUT:
            W.order[m + n_dependent[0]] = j
            n_dependent[0] += 1
    return 0


cdef int inner_products(Working *W, Py_ssize_t m, Py_ssize_t new) noexcept nogil:
    """products, from X where the Gram matrix is not to be trusted."""
    cdef Py_ssize_t i
    if not W.mistrusted or W.on_residual:
        return products(W, m, new)
    for i in range(m + new):
        W.features[i] = W.cols[W.order[i]]
    return gram_block(&W.all, W.features, m, new, W.factor.L + m, NULL)


cdef int least_norm(Working *W, double *x, Py_ssize_t n_dependent) noexcept nogil:
    """x less its part in the null space of X_A.  Status as in working_relax."""
    cdef Py_ssize_t i, k, m = W.factor.m
    cdef double *z = W.direction
    cdef double *c = W.scratch
    cdef double **V
    cdef Factor N               # of I + V'V
    cdef int status
    memset(&N, 0, sizeof(Factor))
    if factor_reserve(&W.factor, m + n_dependent) != 0 or factor_reserve(&N, n_dependent) != 0:
        factor_free(&N)
        return -1
    status = inner_products(W, m, n_dependent)
    if status != 0:
        factor_free(&N)
        return status
    V = W.factor.L + m          # a row for each dependent column
    for k in range(m):
        z[k] = x[W.order[k]]
    for i in range(n_dependent):
        solve_lower(&W.factor, m, V[i])
        solve_upper(&W.factor, m, V[i])
        for k in range(i + 1):
            N.L[i][k] = fr_dot_f64(m, V[i], 1, 0.0, V[k])
        N.L[i][i] += 1.0
        c[i] = x[W.order[m + i]] - fr_dot_f64(m, V[i], 1, 0.0, z)
        W.work += <double>m * (m + i)
        if interrupted(&W.work):
            factor_free(&N)
            return -2
    if factor_extend(&N, n_dependent, 0.0) == n_dependent:
        solve_lower(&N, n_dependent, c)
        solve_upper(&N, n_dependent, c)
        for i in range(n_dependent):
            x[W.order[m + i]] -= c[i]
            for k in range(m):
                x[W.order[k]] += c[i] * V[i][k]
    factor_free(&N)
    return 0


cdef int by_conjugate_gradients(Working *W, double *x, double *rss) noexcept nogil:
    """x from 0, which leads to the smallest norm, and rss.  Status as in working_relax.

    Columns of very different size may take more products than there are: then others follow that weigh them evenly."""
    cdef Py_ssize_t j, m = 0
    cdef int status
    forget_all(W)
    for j in range(W.X.p):
        if W.w[j] != 0.0 and W.sq[j] > 0.0:
            W.order[m], W.features[m], x[j] = j, W.cols[j], 0.0
            m += 1
    status = iterate(W, m, False, x)
    if status == 1:
        status = iterate(W, m, True, x)
    rss[0] = fr_dot_f64(W.X.n, W.spare, 1, 0.0, W.spare)
    return min(status, 0)


cdef inline double weight(Working *W, Py_ssize_t j, bint scaled) noexcept nogil:
    """what column j is divided by"""
    return W.sq[j] if scaled else 1.0


cdef int iterate(Working *W, Py_ssize_t m, bint scaled, double *x) noexcept nogil:
    """Conjugate gradients for the columns order[: m] from x (Hestenes and Stiefel, 1952, section 10), preconditioned by the
    diagonal where scaled; the residual in spare.  Returns 0, or 1 out of products, or -2 if interrupted."""
    cdef Py_ssize_t i, j, k, _product, n = W.X.n
    cdef double *g = W.direction
    cdef double *p = W.trial_q
    cdef double *r = W.spare
    cdef double *Xp = W.spare + n + 1       # its negative
    cdef double rho = 0.0, at_0 = 0.0, before, curvature, length
    memset(p, 0, W.X.p * sizeof(double))
    memcpy(r, W.y, n * sizeof(double))
    subtract_product(&W.X, x, r)
    dots(&W.all, W.features, m, r, g)
    for k in range(m):
        j = W.order[k]
        p[j] = g[k] / weight(W, j, scaled)
        rho += g[k] * p[j]
        at_0 += W.b[j] * W.b[j] / weight(W, j, scaled)
    for _product in range(MOST_PRODUCTS):
        if not rho > REACHED * REACHED * at_0:
            return 0
        memset(Xp, 0, (n + 1) * sizeof(double))
        subtract_product(&W.X, p, Xp)
        curvature = fr_dot_f64(n, Xp, 1, 0.0, Xp)
        W.n_products += 1
        W.work += 2.0 * n * m
        if interrupted(&W.work):
            return -2
        if not curvature > 0.0:
            return 0
        length = rho / curvature
        for k in range(m):
            x[W.order[k]] += length * p[W.order[k]]
        for i in range(n):
            r[i] += length * Xp[i]
        dots(&W.all, W.features, m, r, g)
        before, rho = rho, 0.0
        for k in range(m):
            rho += g[k] * g[k] / weight(W, W.order[k], scaled)
        for k in range(m):
            j = W.order[k]
            p[j] = g[k] / weight(W, j, scaled) + rho / before * p[j]
    return 1
