"""What a kernel moves or computes per second, over what a plain copy, BLAS or LAPACK call reaches in the same minute.

KERNELS: name -> a function that makes (unit, amount of one call, what the kernel is compared with, kernel, plain call); MORE:
what the kernel does and the plain call does not.  Amounts are those that the task needs at least, in GB or GFLOP: a kernel that
reads something twice reaches half.  Both take turns, and the least times count.
"""

import time

import numpy as np

from . import prox_maps
from .gaps import lasso_gaps

ROUNDS, SECONDS, QUICK = 15, 2.0, 0.3


def measure(name, quick=False):
    """A row of the table: achieved, plain, and their ratio (1: as fast as the plain call)."""
    unit, amount, plain_name, kernel, plain = KERNELS[name]()
    kernel(), plain()
    least, start = [np.inf, np.inf], time.perf_counter()
    for _ in range(ROUNDS):
        for k, call in enumerate((kernel, plain)):
            now = time.perf_counter()
            call()
            least[k] = min(least[k], time.perf_counter() - now)
        if time.perf_counter() - start > (QUICK if quick else SECONDS):
            break
    achieved, reached = (amount / seconds for seconds in least)
    return {
        "kernel": name,
        "unit": unit,
        "achieved": achieved,
        "plain call": plain_name,
        "plain": reached,
        "ratio": achieved / reached,
        "seconds": least[0],
        "plain seconds": least[1],
        "more": MORE[name],
    }


def elementwise(name, dtype, size=5_000_000):
    """A map of fastreg.prox into an array that is there: reads one and writes one, as a copy does."""

    def make():
        from fastreg import prox

        parameters = next(case[1] for case in prox_maps.CASES if case[0] == name)
        x = np.random.default_rng(0).standard_normal(size).astype(dtype)
        out = np.empty_like(x)
        map_ = getattr(prox, name)
        return "GB/s", 2 * x.nbytes / 1e9, "np.copyto", lambda: map_(x, *parameters, out=out), lambda: np.copyto(out, x)

    return make


def sweep(dtype, n=1000, p=10_000):
    """max_j |x_j'y| reads X once."""

    def make():
        import fastreg as fr

        rng = np.random.default_rng(0)
        X, y = np.asfortranarray(rng.standard_normal((p, n)).T.astype(dtype)), rng.standard_normal(n).astype(dtype)
        return "GB/s", X.nbytes / 1e9, "X.T @ y (BLAS gemv)", lambda: fr.alpha_max(X, y, fit_intercept=False), lambda: X.T @ y

    return make


def certificate(n=1000, p=10_000):
    """A proof for given coefficients needs X once, beside numpy's gap of them."""
    import fastreg as fr

    rng = np.random.default_rng(0)
    X, y = np.asfortranarray(rng.standard_normal((p, n)).T), rng.standard_normal(n)
    alpha = 0.3 * fr.alpha_max(X, y)
    coef = fr.lasso(X, y, alpha).coef
    plain = "the gap in numpy (gaps.py)"
    column, alphas = coef[:, None], np.array([alpha])
    return "GB/s", X.nbytes / 1e9, plain, lambda: fr.certify(X, y, coef, alpha), lambda: lasso_gaps(X, y, column, alphas)


def sparse_sweep(n=20_000, p=100_000, entries=20):
    """The same over sparse columns: 8 bytes an entry and 4 of its row."""
    from scipy import sparse

    import fastreg as fr

    rng = np.random.default_rng(0)
    X = sparse.random_array((n, p), density=entries / n, rng=rng, format="csc")
    y = rng.standard_normal(n)
    amount = 12 * X.nnz / 1e9
    return "GB/s", amount, "X.T @ y (scipy.sparse)", lambda: fr.alpha_max(X, y, fit_intercept=False), lambda: X.T @ y


def products(n=20_000, p=500):
    """Sums over rows: X'X by half, n p^2 operations."""
    from scipy.linalg import blas

    import fastreg as fr

    rng = np.random.default_rng(0)
    X, y = np.asfortranarray(rng.standard_normal((n, p))), rng.standard_normal(n)
    amount = n * p * (p + 1) / 1e9
    return "GFLOP/s", amount, "BLAS dsyrk", lambda: fr.GramStats().update(X, y), lambda: blas.dsyrk(1.0, X, trans=1)


def tall_ridge(n=20_000, p=500):
    """The same and a Cholesky factor, with an intercept and refined to a certificate."""
    from scipy.linalg import blas, lapack

    import fastreg as fr

    rng = np.random.default_rng(0)
    X, y = np.asfortranarray(rng.standard_normal((n, p))), rng.standard_normal(n)

    def plain():
        G = blas.dsyrk(1.0, X, trans=1)
        G[np.diag_indices(p)] += 10.0
        return lapack.dposv(G, X.T @ y, overwrite_a=True)

    amount = (n * p * (p + 1) + p**3 / 3) / 1e9
    return "GFLOP/s", amount, "BLAS dsyrk, LAPACK dposv", lambda: fr.ridge(X, y, 10.0), plain


def factor(p=1500):
    """Two Cholesky factors, p^3/3 operations each: of a matrix that is given, which shows that its eigenvalues are positive,
    and with the penalty."""
    from scipy.linalg import lapack

    import fastreg as fr

    rng = np.random.default_rng(0)
    A = rng.standard_normal((p, 2 * p))
    Q, q = np.asfortranarray(A @ A.T), rng.standard_normal(p)
    shifted = np.asfortranarray(Q + 10.0 * np.eye(p))

    def plain():
        return lapack.dpotrf(Q, lower=True), lapack.dposv(shifted, q, lower=True)

    return "GFLOP/s", 2 * p**3 / 3e9, "LAPACK dpotrf, dposv", lambda: fr.ridge_gram(Q, q, 10.0), plain


def quadratics(b=5000, p=20, n=50):
    """Problems a second; numpy solves as many systems of equations, without a penalty."""
    import fastreg as fr

    rng = np.random.default_rng(0)
    X = rng.standard_normal((b, n, p))
    y = X[:, :, :3].sum(axis=2) + rng.standard_normal((b, n))
    Q, C, squares = X.transpose(0, 2, 1) @ X, np.einsum("bij,bi->bj", X, y), np.sum(y**2, axis=1)

    def kernel():
        return fr.lasso_gram_batch(Q, C, 10.0, yty=squares)

    return "million problems/s", b / 1e6, "np.linalg.solve", kernel, lambda: np.linalg.solve(Q, C[..., None])


KERNELS = {
    "soft_threshold, float64": elementwise("l1", np.float64),
    "soft_threshold, float32": elementwise("l1", np.float32),
    "prox.elastic_net, float64": elementwise("elastic_net", np.float64),
    "prox.mcp, float64": elementwise("mcp", np.float64),
    "prox.huber, float64": elementwise("huber", np.float64),
    "prox.box, float64": elementwise("box", np.float64),
    "X'y (alpha_max), float64": sweep(np.float64),
    "X'y (alpha_max), float32": sweep(np.float32),
    "X'y (alpha_max), sparse": sparse_sweep,
    "certify": certificate,
    "X'X (GramStats.update)": products,
    "tall ridge": tall_ridge,
    "Cholesky (ridge_gram)": factor,
    "small quadratics (lasso_gram_batch)": quadratics,
}
READ_ONCE = "sums in float64, also of squares, which show what is not finite"
MORE = dict.fromkeys((name for name in KERNELS if name.startswith(("soft_", "prox."))), "arithmetic: a copy has none") | {
    "X'y (alpha_max), float64": READ_ONCE,
    "X'y (alpha_max), float32": READ_ONCE + "; the plain call has twice the numbers to an instruction",
    "X'y (alpha_max), sparse": READ_ONCE + "; checks each index",
    "certify": "the rounding of every sum, and proofs of zeros and non-zeros by a factor of the support; ten readings of X",
    "X'X (GramStats.update)": "means, X'y and y'y; shows what is not finite",
    "tall ridge": "means, a refinement and a certificate",
    "Cholesky (ridge_gram)": "R'R of the first factor R, of three times its operations, a refinement and a certificate",
    "small quadratics (lasso_gram_batch)": "an l1 penalty, and a gap: several smaller systems, not one",
}
