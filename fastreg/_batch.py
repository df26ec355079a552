"""Many lasso problems in one call: quadratics given by their matrices, many targets over one X, many small X.

Solver choice, for b problems of n rows and p columns:

    quadratics                          kernels/_signs.pyx and kernels/_quadratic.pyx on each Q: p^3/6 to check it (once if it
                                        is one for all), and p |A| for each step, A the support
    targets over one X, p <= 4 b        X'X once, n p^2/2, and X'y; then as above, so long as 24 p^2 bytes are no more than
                                        `lasso` may take beside X
    the same, larger p                  as `lasso` solves several targets
    many X, p <= n or n p^2 small       centred X'X and X'y of each, n p^2, then as above
    the same, larger p                  `lasso` on each
    what is left                        `lasso_gram` or `lasso`, one by one

Left is what the kernel refuses, which is then refused in words, what comes near the ends of float64, and what the rounding of
products keeps from its tolerance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _descent, _input, _options
from fastreg._compress import EPS, FEWEST, compress
from fastreg._model import Model, Options, extent
from fastreg._normalise import scale_columns, scale_target
from fastreg._pieces import in_pieces
from fastreg._quadratic import _quadratic as checked
from fastreg._quadratic import lasso_gram
from fastreg._results import STATUSES, Batch, ConvergenceWarning, Fit, Status, warn_unconverged
from fastreg.kernels._batch import solve_grams, solve_shared

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

CODES = {status: code for code, status in enumerate(STATUSES)}
# the statuses >= 0 of kernels/_answer.pxd
KERNEL = np.array([CODES[status] for status in (Status.CONVERGED, Status.PRECISION, Status.MAX_ITER, Status.STALLED)], np.int8)
INFO = 8  # numbers of each problem there, and the places of some
OBJECTIVE, GAP, N_ITER, STATUS, YTY = 0, 1, 2, 4, 5
FEW_COLUMNS = 4  # columns for each target, up to which their Gram matrix pays
LARGE = 1e200  # an alpha that is out of the range of kernels, but is still out of it times n
SMALL = 400_000  # multiply-adds for the Gram matrix of a problem, up to which it costs less than a call


def lasso_gram_batch(
    grams: ArrayLike,
    xtys: ArrayLike,
    alphas: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    yty: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Batch | None = None,
    n_threads: int = 1,
) -> Batch:
    """Minimise 1/2 w'Qw - q'w + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2), lower_j <= w_j <= upper_j, for
    each of b problems (Q, q, alpha).

    Each is the problem of `lasso_gram`, to the same tolerance; hundreds of thousands of small ones take microseconds each.

    Parameters
    ----------
    grams : array of shape (b, p, p), or (p, p) for all problems
        Q, symmetric without negative eigenvalues, to rounding.  A stack that is C-contiguous float64 or float32 is read in
        place and never written; other layouts are copied piece by piece, other dtypes to float64.  One matrix is copied.
    xtys : array of shape (b, p)
        q, a row for each problem (`lasso_gram` takes several as columns); in the range of Q unless an l2 penalty or finite
        bounds on every coefficient make that unnecessary.  Not copied if C-contiguous float64.
    alphas : float >= 0, or array of shape (b,)
        Weight of the penalties.
    l1_ratio : float from 0 to 1
        Share of the l1 penalty.
    yty : float or array of shape (b,), optional
        |y|^2 where Q and q come from data, at least q'inv(Q)q, which is the default; it sets what tol means, nothing else.
    penalty_factor, lower, upper, positive, max_iter
        As in `lasso`, the same for all problems.
    tol : float >= 0
        Stop when dual_gap <= tol * (objective + yty/2), as in `lasso_gram`.
    warm_start : array of shape (b, p) or Batch, optional
        Coefficients to start from.  Saves work, does not change the answer.
    n_threads : int
        Threads among which the problems are shared; the answer is the same to the last bit for any number.

    Returns
    -------
    Batch
        coefs (b, p) float64, objectives, dual_gaps (b,) as `lasso_gram` has them, n_iters, statuses, converged, ...; len(batch)
        is b, and batch[i] the Fit of problem i.

    Raises
    ------
    ValueError, TypeError
        In one sentence as in `lasso_gram`, with the problem that it is about.

    Warns
    -----
    ConvergenceWarning
        Once, where max_iter or rounding ended the solve of some.

    Notes
    -----
    Without factors, bounds and a start, and in float64: one solve for each guess of the signs of the solution, |A|^2 + p |A|
    multiply-adds for a support A, as long as that is small.  Else, or where more is needed, coordinate descent and Newton
    steps: p for each coordinate that changes in a sweep, |A|^2 + p |A| for a step.  Both stand on Q itself.  Checking a Q
    takes p^3/6.  Beside the result there are 4 p^2 bytes for each thread, 12 p^2 if Q is float32.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.2 (covariance updates).
    Lee, Battle, Raina and Ng (2007), Efficient Sparse Coding Algorithms, algorithm 1 (signs).

    Examples
    --------
    >>> import fastreg as fr
    >>> batch = fr.lasso_gram_batch([[2.0, 0.0], [0.0, 4.0]], [[3.0, 1.0], [0.0, 9.0]], alphas=1.0)
    >>> batch.coefs, batch.converged
    (array([[1., 0.],
           [0., 2.]]), array([ True,  True]))
    >>> batch[1]
    Fit(alpha=1, l1_ratio=1, 1 of 2 coefficients non-zero, dual_gap=2.9e-13, CONVERGED)
    """
    l1_ratio, tol = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0), _input.number(tol, "tol", 0.0)
    max_iter, n_threads = _input.count(max_iter, "max_iter"), _input.count(n_threads, "n_threads")
    stack = _input.real_array(grams, "grams")
    if stack.ndim not in (2, 3) or stack.shape[-1] != stack.shape[-2] or stack.shape[-1] == 0:
        raise ValueError(f"grams has shape {stack.shape}; (p, p), or (b, p, p) with a matrix for each problem, is needed.")
    p = stack.shape[-1]
    q: Floats = np.ascontiguousarray(_input.real_array(xtys, "xtys"), np.float64)
    b = len(q) if q.ndim == 2 else 0
    if q.shape != (b, p):
        raise ValueError(f"xtys has shape {q.shape}; (b, {p}) is needed, as grams has {p} columns.")
    if stack.ndim == 3 and len(stack) != b:
        raise ValueError(f"grams has {len(stack)} matrices but xtys has {b} rows.")
    if not np.isfinite(q).all():
        raise _input.not_finite(q, "xtys")
    alpha = _options.of_each(alphas, "alphas", b)
    scale = np.full(b, np.nan) if yty is None else _options.of_each(yty, "yty", b)
    factors, limits = _penalty(penalty_factor, lower, upper, positive, p)
    start = getattr(warm_start, "coefs", warm_start)
    W = np.zeros((b, p)) if start is None else np.array(_input.real_array(start, "warm_start"), np.float64, order="C")
    if W.shape != (b, p):
        raise ValueError(f"warm_start has coefficients of shape {W.shape}; ({b}, {p}) is needed.")
    if not np.isfinite(W).all():
        raise _input.not_finite(W, "warm_start")
    l1, l2, info = alpha * l1_ratio, alpha * (1.0 - l1_ratio), np.zeros((b, INFO))
    how = factors, limits, tol, max_iter
    if stack.ndim == 2:
        Q, known = _shared(stack, q, scale, None if factors is None else np.isinf(factors[0]))

        def solve(first: int, last: int, alone: bool) -> None:
            part = slice(first, last)
            solve_shared(Q, q[part], known[part], l1[part], l2[part], *how, alone, W[part], info[part])
    else:

        def solve(first: int, last: int, alone: bool) -> None:
            part = slice(first, last)
            some = np.ascontiguousarray(stack[part])
            solve_grams(some, q[part], scale[part], False, l1[part], l2[part], *how, alone, W[part], info[part])

    in_pieces(solve, b, p * p, n_threads)
    batch = _batch(W, np.zeros(b), alpha, l1_ratio, info, np.zeros(b), 1.0)

    def again(i: int) -> Fit:
        return lasso_gram(
            stack if stack.ndim == 2 else stack[i],
            q[i],
            float(alpha[i]),
            l1_ratio=l1_ratio,
            yty=None if yty is None else scale[i],
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            positive=positive,
            tol=tol,
            max_iter=max_iter,
        )

    _one_by_one(batch, left_over(info, l1 + l2 == 0.0, limits), again)
    return _warned(batch, tol, max_iter)


def lasso_batch(
    X: Any,
    Y: ArrayLike,
    alphas: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    n_threads: int = 1,
) -> Batch:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2), lower_j <= w_j <=
    upper_j, for many targets y over one X, or for many small X with one target each.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, p), or array of shape (b, n, p)
        As in `lasso`: not copied, but for a stack of matrices, which is centred in float64 piece by piece.
    Y : array of shape (n, b), or (b, n) for a stack
        A column for each target; a row for each matrix of a stack.  Copied to float64 piece by piece.
    alphas : float >= 0, or array of shape (b,)
        Weight of the penalties per row, for all problems or for each.
    l1_ratio : float from 0 to 1
        Share of the l1 penalty.
    fit_intercept : bool
        Whether to fit the unpenalised b of each problem.
    penalty_factor, lower, upper, positive, max_iter
        As in `lasso`, the same for all problems.
    tol : float >= 0
        Stop when dual_gap <= tol * objective, as in `lasso`.
    n_threads : int
        Threads among which the problems are shared; over one X, last digits depend on their number.

    Returns
    -------
    Batch
        coefs (b, p) float64, intercepts, objectives, dual_gaps (b,) as `lasso` has them, n_iters, statuses, converged, ...;
        len(batch) is b, and batch[i] the Fit of problem i.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Warns
    -----
    ConvergenceWarning
        Once, where max_iter or rounding ended the solve of some.

    Notes
    -----
    ================================  ==============================================================================
    problems                          solved from
    ================================  ==============================================================================
    one X, p <= 4 b                   X'X, made once (n p^2/2 multiply-adds, if `lasso` may take 24 p^2 bytes beside
                                      X), and X'y (n p for each target)
    one X, more columns               X, as `lasso` does for several targets
    many X, p <= n or n p^2 <= 4e5    X'X and X'y of each (n p^2)
    many X, more columns              X, by `lasso`
    ================================  ==============================================================================

    A solve from X'X is that of `lasso_gram_batch`, with |y|^2 known.  Its gap includes what rounding of the products may do to
    it; where that keeps it above tol, as for residuals of less than a millionth of y, `lasso` solves this problem from X.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.2 (covariance updates).
    Mairal, Bach, Ponce and Sapiro (2010), Online Learning for Matrix Factorization and Sparse Coding, section 3.2 (many
    signals, one Gram matrix).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> fr.lasso_batch(X, np.array([[3.0, 0.5, -3.0, -0.5], [2.0, 4.0, -2.0, -4.0]]).T, 0.5).coefs
    array([[2., 0.],
           [1., 3.]])
    >>> fr.lasso_batch(np.stack([X, 2 * X]), [[3.0, 0.5, -3.0, -0.5], [2.0, 4.0, -2.0, -4.0]], [0.5, 1.0]).coefs
    array([[2. , 0. ],
           [0.5, 1.5]])
    """
    l1_ratio, n_threads = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0), _input.count(n_threads, "n_threads")
    options = Options(
        fit_intercept=_input.flag(fit_intercept, "fit_intercept"),
        penalty_factor=penalty_factor,
        lower=lower,
        upper=upper,
        positive=positive,
        tol=_input.number(tol, "tol", 0.0),
        max_iter=_input.count(max_iter, "max_iter"),
    )
    many = np.ndim(X) == 3 if isinstance(X, (list, tuple)) else getattr(X, "ndim", 2) == 3
    solve = _many_designs if many else _many_targets
    return _warned(solve(X, Y, alphas, l1_ratio, options, n_threads), options.tol, options.max_iter)


def _penalty(penalty_factor: Any, lower: Any, upper: Any, positive: Any, p: int) -> tuple[Pair | None, Pair | None]:
    """Factors and bounds, checked, as kernels take them."""
    factors = _options.penalty_factors(penalty_factor, p)
    limits = _options.bounds(lower, upper, positive, p)
    if factors is not None and limits is not None:
        _options.excluded_within(factors[0], *limits)
    return (
        None if factors is None else (np.ascontiguousarray(factors[0]), np.ascontiguousarray(factors[1])),
        None if limits is None else (np.ascontiguousarray(limits[0]), np.ascontiguousarray(limits[1])),
    )


def _shared(gram: NDArray[Any], q: Floats, yty: Floats, out: NDArray[np.bool_] | None) -> tuple[Floats, Floats]:
    """One Q for all, checked, and yty of each problem: no less than q'inv(Q)q, NaN where q is out of the range of Q, -1 where
    what is given for it will not do.

    out: columns that are left out, which need not meet any condition."""
    p = len(gram)
    Q, _, eps = checked(gram, np.zeros(p))
    rows = q.T
    if out is not None and out.any():
        Q, rows = Q.copy(), np.where(out[:, None], 0.0, rows)
        Q[out], Q[:, out] = 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = compress(Q, np.zeros((p, 1)), eps)
    if found.negative:
        raise ValueError(f"gram has an eigenvalue of {found.negative:.6g}; none may be negative.")
    if len(q) == 0:
        return Q, yty
    scale = np.sqrt(np.maximum(np.diag(Q), 0.0))
    scale[scale == 0.0] = 1.0
    with np.errstate(all="ignore"):  # near the ends of float64 it is found by other means
        A, B = (found.R / scale).T, rows / scale[:, None]
        if not np.isfinite(B).all():
            return Q, np.full(len(q), np.nan)
        r = np.linalg.solve(A, B) if len(found.R) == p else np.linalg.lstsq(A, B, rcond=None)[0]
        least = np.square(r).sum(axis=0)
        beyond = np.square(B - A @ r).sum(axis=0) > (FEWEST + p) * eps * np.square(B).sum(axis=0)
        short = least - yty > 1e-6 * least  # NaN, which is none given, is not
        known = np.where(beyond & np.isnan(yty), np.nan, np.fmax(least, yty))
        return Q, np.where(short | (beyond & ~np.isnan(yty)), -1.0, known)


def _many_targets(X: Any, Y: Any, alphas: Any, l1_ratio: float, options: Options, n_threads: int) -> Batch:
    """One X."""
    design, names = _input.design(X)
    n, p = design.shape
    targets = _input.real_array(Y, "Y")
    if targets.ndim != 2 or len(targets) != n:
        raise ValueError(f"Y has shape {targets.shape}; ({n}, b) is needed, a column of {n} entries for each target.")
    if not np.isfinite(targets).all():
        raise _input.not_finite(targets, "Y")
    b = targets.shape[1]
    alpha = _options.of_each(alphas, "alphas", b, "target")
    factors, limits = _penalty(options.penalty_factor, options.lower, options.upper, options.positive, p)
    W, info, y_means, means = np.zeros((b, p)), np.zeros((b, INFO)), np.zeros(b), np.zeros(p)
    info[:, STATUS] = -1.0
    columns, unit = None, 1.0
    if b > 0 and p <= FEW_COLUMNS * b and 24 * p * p <= _descent._allowed(extent(design)[0]):
        y, _, _ = scale_target(targets[:, 0], options.fit_intercept)
        columns, unit = scale_columns(design, y, options.fit_intercept, None, False)
    if columns is not None and unit == 1.0:
        columns.means(means)
        G, idle = _gram(columns, p)
        l1, l2 = n * np.minimum(alpha, LARGE) * l1_ratio, n * np.minimum(alpha, LARGE) * (1.0 - l1_ratio)
        how = factors, limits, options.tol, options.max_iter

        def solve(first: int, last: int, alone: bool) -> None:
            part = slice(first, last)
            with np.errstate(over="ignore", invalid="ignore"):  # what is not finite then is solved from X
                centred, y_means[part] = _centred(np.array(targets[:, part].T, np.float64, order="C"), options.fit_intercept)
                yty = np.einsum("ij,ij->i", centred, centred)
            q = np.empty((last - first, p))
            columns.products(centred, q)
            q[:, idle] = 0.0
            solve_shared(G, q, yty, l1[part], l2[part], *how, alone, W[part], info[part])

        in_pieces(solve, b, p * p + n * p, n_threads)
        found = _batch(W, y_means - W @ means, alpha, l1_ratio, info, 0.5 * info[:, YTY], n, names)
    else:
        found = _batch(W, y_means, alpha, l1_ratio, info, np.zeros(b), n, names)
    left = left_over(info, alpha == 0.0, limits)

    def by_rows(first: int, last: int, _: bool) -> None:
        some = left[first:last]
        model = Model(X, targets[:, some], options, l1_ratio)
        coefs = np.zeros((len(some), p))
        if (alpha[some] == alpha[some[0]]).all():
            steps = model.steps(float(alpha[some[0]]), None, coefs)
        else:
            each = zip(model.targets(), some.tolist(), coefs, strict=True)
            steps = [model.descent.step(float(alpha[i]), coef) for _, i, coef in each]
        found.coefs[some] = coefs
        for i, one in zip(some.tolist(), steps, strict=True):
            _put(found, i, one.intercept, one.objective, one.gap, one.n_iter, one.status)

    in_pieces(by_rows, len(left), n * p / 8 if n_threads > 1 else 0.0, n_threads)
    return found


def _many_designs(X: Any, Y: Any, alphas: Any, l1_ratio: float, options: Options, n_threads: int) -> Batch:
    """A stack of X."""
    stack, targets = _input.real_array(X, "X"), _input.real_array(Y, "Y")
    b, n, p = stack.shape
    if n == 0 or p == 0:
        raise ValueError(f"X has shape {stack.shape}; at least one row and one column of each matrix are needed.")
    if targets.shape != (b, n):
        raise ValueError(f"Y has shape {targets.shape}; ({b}, {n}) is needed, a row for each matrix of X.")
    if not np.isfinite(targets).all():
        raise _input.not_finite(targets, "Y")
    alpha = _options.of_each(alphas, "alphas", b)
    factors, limits = _penalty(options.penalty_factor, options.lower, options.upper, options.positive, p)
    W, info, intercepts = np.zeros((b, p)), np.zeros((b, INFO)), np.zeros(b)
    info[:, STATUS], info[:, YTY] = -1.0, np.nan
    l1, l2 = n * np.minimum(alpha, LARGE) * l1_ratio, n * np.minimum(alpha, LARGE) * (1.0 - l1_ratio)
    how = factors, limits, options.tol, options.max_iter

    def solve(first: int, last: int, alone: bool) -> None:
        part = slice(first, last)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # what is not finite is for `lasso` to judge
            A, y = stack[part].astype(np.float64), targets[part].astype(np.float64)
            means = np.zeros((last - first, p))
            if options.fit_intercept:
                for _ in range(2):  # the second time takes off what rounding of the first has left
                    mean = A.mean(axis=1)
                    A -= mean[:, None]
                    means += mean
                constant = (stack[part] == stack[part, :1]).all(axis=1) & np.isfinite(stack[part, 0])
                np.copyto(A, 0.0, where=constant[:, None])
                means[constant] = stack[part, 0][constant]
            y, y_means = _centred(y, options.fit_intercept)
            across = A.transpose(0, 2, 1)
            G, q, yty = across @ A, (across @ y[:, :, None])[..., 0], np.einsum("ij,ij->i", y, y)
        solve_grams(G, np.ascontiguousarray(q), yty, True, l1[part], l2[part], *how, alone, W[part], info[part])
        intercepts[part] = y_means - (W[part] * means).sum(axis=1)

    if p <= n or n * p * p <= SMALL:
        in_pieces(solve, b, p * p + n * p, n_threads)
    found = _batch(W, intercepts, alpha, l1_ratio, info, 0.5 * info[:, YTY], n)

    def again(i: int) -> Fit:
        return fit_quietly(Model(stack[i], targets[i], options, l1_ratio, one_target=True), float(alpha[i]))

    _one_by_one(found, left_over(info, alpha == 0.0, limits), again, n_threads)
    return found


def fit_quietly(model: Model, alpha: float) -> Fit:
    """The fit of one target, without a warning."""
    coef = np.zeros(model.p)
    one = model.descent.step(alpha, coef)
    return Fit(coef, one.intercept, alpha, model.l1_ratio, one.objective, one.gap, one.n_iter, one.status)


def _gram(columns: Any, p: int) -> tuple[Floats, NDArray[np.bool_]]:
    """X'X of the centred columns, and which of them are constant."""
    squares, lower = np.empty(p), np.empty((p, p + 3))
    columns.squares(squares)
    columns.inner(lower)
    G = np.tril(lower[:, :p])
    G += np.tril(G, -1).T
    idle = squares == 0.0
    G[idle], G[:, idle] = 0.0, 0.0
    return G, idle


def _centred(Y: Floats, center: bool) -> tuple[Floats, Floats]:
    """Rows of Y less their means, in place, and these; exactly 0 where a row is constant."""
    means = np.zeros(len(Y))
    if center:
        constant, first = (Y[:, :1] == Y).all(axis=1), Y[:, 0].copy()
        for _ in range(2):
            mean = Y.mean(axis=1)
            Y -= mean[:, None]
            means += mean
        Y[constant], means[constant] = 0.0, first[constant]
    return Y, means


def _batch(
    W: Floats,
    intercepts: Floats,
    alpha: Floats,
    l1_ratio: float,
    info: Floats,
    half: Floats,
    n: float,
    names: tuple[str, ...] | None = None,
) -> Batch:
    """What kernels have found, in public scaling: objectives are (theirs + half) / n."""
    codes = KERNEL[np.maximum(info[:, STATUS], 0.0).astype(np.intp)]
    n_iters = np.nan_to_num(info[:, N_ITER]).astype(np.intp)
    with np.errstate(over="ignore", invalid="ignore"):
        return Batch(W, intercepts, alpha, l1_ratio, (info[:, OBJECTIVE] + half) / n, info[:, GAP] / n, n_iters, codes, names)


def left_over(info: Floats, unpenalised: NDArray[np.bool_], limits: Pair | None) -> NDArray[np.intp]:
    """The problems that the kernel leaves to others: without an answer, with a gap that rounding of products keeps above what
    float64 allows, and those of which the solution of smallest norm is wanted."""
    status, floor = info[:, STATUS], 1.01 * 64 * EPS * info[:, YTY]
    rounded = (status == 3.0) | ((status == 1.0) & (info[:, GAP] > floor))
    return np.flatnonzero((status < 0.0) | rounded | (unpenalised if limits is None else False))


def _one_by_one(found: Batch, left: NDArray[np.intp], again: Callable[[int], Fit], n_threads: int = 1) -> None:
    """Put the answers of a function that solves one problem where they belong."""

    def solve(first: int, last: int, _: bool) -> None:
        for i in left[first:last].tolist():
            try:
                with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                    fit = again(i)
            except ValueError as error:
                raise ValueError(f"Problem {i}: {error}") from None
            found.coefs[i] = fit.coef
            _put(found, i, fit.intercept, fit.objective, fit.dual_gap, fit.n_iter, fit.status)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # there is one for all
        in_pieces(solve, len(left), 0.0 if n_threads == 1 else found.coefs.shape[1] ** 2 + 100_000, n_threads)


def _put(found: Batch, i: int, intercept: float, objective: float, gap: float, n_iter: int, status: Status) -> None:
    """Let these be the answer of problem i."""
    found.intercepts[i], found.objectives[i], found.dual_gaps[i] = intercept, objective, gap
    found.n_iters[i], found.codes[i] = n_iter, CODES[status]


def _warned(batch: Batch, tol: float, max_iter: int) -> Batch:
    """The same, with one warning where some did not converge."""
    missed = np.flatnonzero(~batch.converged)
    if missed.size:
        with np.errstate(all="ignore"):
            worst = int(missed[np.argmax(np.nan_to_num(batch.dual_gaps[missed] / abs(batch.objectives[missed]), nan=np.inf))])
        one = batch[worst]
        where = f"in {missed.size} of {len(batch)} problems, worst in problem {worst}"
        warn_unconverged(where, one.dual_gap, one.objective, one.status, f"tol={tol:g} with max_iter={max_iter}")
    return batch
