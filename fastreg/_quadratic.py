"""Lasso, elastic net and ridge of a quadratic that is given by its matrix: no rows, no intercept.

_compress.py writes 1/2 w'Qw - q'w as 1/2 |r - Rw|^2 less a constant, and the solvers of the package do the rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._compress import FEWEST, Compressed, compress
from fastreg._lasso import elastic_net
from fastreg._results import Fit, Path, Status, warn_unconverged

Floats = NDArray[np.float64]


def lasso_gram(
    gram: ArrayLike,
    xty: ArrayLike,
    alpha: float,
    *,
    l1_ratio: float = 1.0,
    yty: Any = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    warm_start: ArrayLike | Fit | Path | None = None,
) -> Fit:
    """Minimise 1/2 w'Qw - q'w + alpha sum_j (l1_ratio v_j |w_j| + (1 - l1_ratio)/2 u_j w_j^2), lower_j <= w_j <= upper_j.

    Q and q are as they are: for X'X and X'y, alpha is n times that of `lasso`, and there is no intercept unless both are
    centred.

    Parameters
    ----------
    gram : array of shape (p, p)
        Q, symmetric without negative eigenvalues, to rounding.  Copied.
    xty : array of shape (p,) or (p, t)
        q, or one for each of t problems; in the range of Q unless an l2 penalty or, for one q, finite bounds on every
        coefficient make that unnecessary.
    alpha : float >= 0
        Weight of the penalties.
    l1_ratio : float from 0 to 1
        Share of the l1 penalty.
    yty : float or array of shape (t,), optional
        |y|^2 where Q and q come from data, at least q'inv(Q)q, which is the default; it sets what tol means, nothing else.
    penalty_factor, lower, upper, positive, max_iter, warm_start
        As in `lasso`; penalty_factor is v, or a pair (v, u).
    tol : float >= 0
        Stop when dual_gap <= tol * (objective + yty/2), which is never negative; where q is out of the range of Q, tol times
        the sizes of the objective's terms.

    Returns
    -------
    Fit
        coef (p,) or (p, t), float64, intercept 0; objective is the number above, which may be negative, and dual_gap absolute:
        objective - optimum <= dual_gap, up to the rounding of Q.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for a matrix that is not square, symmetric, finite and free of negative eigenvalues, an xty out of its
        range, and options as in `lasso`.

    Warns
    -----
    ConvergenceWarning
        As in `lasso`.

    Notes
    -----
    Cost: p^3/6 multiply-adds for a Cholesky factor of Q (eigenvalues, some 25 times that, where Q is singular), then that of
    `lasso` with p rows.  Where Q is singular the l2 penalty is added to it first.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.2 (covariance updates, which need no more than Q and q).

    Examples
    --------
    >>> import fastreg as fr
    >>> fit = fr.lasso_gram([[2.0, 0.0], [0.0, 4.0]], [3.0, 1.0], alpha=1.0)
    >>> fit.coef, round(fit.objective, 12)
    (array([1., 0.]), -1.0)
    """
    alpha, l1_ratio = _input.number(alpha, "alpha", 0.0), _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
    Q, q, eps = _quadratic(gram, xty)
    p = len(Q)
    factors = _options.penalty_factors(penalty_factor, p)
    Y = q.reshape(p, -1)
    out = np.zeros(p, bool)
    if factors is not None:  # columns that are left out need not meet any condition
        out = np.isinf(factors[0])
        Q[out], Q[:, out], Y[out] = 0.0, 0.0, 0.0
    found, ratio, weight, l2 = _compressed(Q, Y, eps), l1_ratio, alpha, alpha * (1.0 - l1_ratio)
    if found.negative:
        raise ValueError(f"gram has an eigenvalue of {found.negative:.6g}; none may be negative.")
    if len(found.R) < p and l2 > 0.0:
        u = np.ones(p) if factors is None else np.where(np.isinf(factors[1]), 0.0, factors[1])
        found, ratio, weight = _compressed(Q + np.diag(l2 * u), Y, eps), 1.0, alpha * l1_ratio
    if found.outside > np.sqrt((FEWEST + p) * eps):
        limits = _options.bounds(lower, upper, positive, p)
        if q.ndim == 2 or limits is None or not (np.isfinite(limits[0]) & np.isfinite(limits[1])).all():
            raise ValueError(
                f"xty is out of the range of gram by {found.outside:.3g} of its size; an l2 penalty, however small, or finite "
                f"bounds for every coefficient{' and one xty at a time' if q.ndim == 2 else ''} are needed."
            )
        l1 = weight * ratio * (np.ones(p) if factors is None else np.where(np.isinf(factors[0]), 0.0, factors[0]))
        u = np.ones(p) if factors is None else np.where(np.isinf(factors[1]), 0.0, factors[1])
        ends = np.where(out, 0.0, limits[0]), np.where(out, 0.0, limits[1])
        with np.errstate(over="ignore", invalid="ignore"):  # in wide bounds
            problem = Boxed(Q + np.diag(l2 * u), Y[:, 0], found.beyond[:, 0], l1, *ends)
            start = np.zeros(p) if warm_start is None else _input.start(getattr(warm_start, "coef", warm_start), p)
        return problem.fit(alpha, l1_ratio, tol, max_iter, start)
    X, targets, half = _rows(found.R, found.r, yty)
    fit = elastic_net(
        X,
        targets[:, 0] if q.ndim == 1 else targets,
        weight,
        l1_ratio=ratio,
        fit_intercept=False,
        penalty_factor=factors,
        lower=lower,
        upper=upper,
        positive=positive,
        tol=tol,
        max_iter=max_iter,
        warm_start=warm_start,
    )
    objective = fit.objective - (float(half[0]) if q.ndim == 1 else half)
    return Fit(fit.coef, fit.intercept, alpha, l1_ratio, objective, fit.dual_gap, fit.n_iter, fit.status)


def ridge_gram(
    gram: ArrayLike,
    xty: ArrayLike,
    alpha: float,
    *,
    yty: Any = None,
    penalty_factor: ArrayLike | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
) -> Fit:
    """Minimise 1/2 w'Qw - q'w + alpha/2 sum_j u_j w_j^2, lower_j <= w_j <= upper_j.

    It is `lasso_gram` with l1_ratio = 0; for X'X and X'y, alpha is that of `ridge`, and the objective half of what it
    minimises less |y|^2/2.

    Parameters
    ----------
    gram, xty
        As in `lasso_gram`.
    alpha : float >= 0
        Weight of the penalty; 0 gives the solution of smallest norm.
    yty
        As in `lasso_gram`.
    penalty_factor : array of shape (p,), optional
        u.
    lower, upper, positive
        As in `lasso`.

    Returns
    -------
    Fit
        coef (p,) or (p, t), float64, intercept 0; objective and dual_gap as of `lasso_gram`.

    Raises
    ------
    ValueError, TypeError
        As `lasso_gram`.

    Warns
    -----
    ConvergenceWarning
        As `lasso_gram`.

    Notes
    -----
    Cost: p^3/6 multiply-adds for a factor of Q, as much for that of the problem, and 4 p^2 for each q.

    References
    ----------
    Hoerl and Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems, eq. 2.1.

    Examples
    --------
    >>> import fastreg as fr
    >>> fr.ridge_gram([[2.0, 0.0], [0.0, 4.0]], [3.0, 1.0], alpha=1.0).coef
    array([1. , 0.2])
    """
    return lasso_gram(
        gram,
        xty,
        alpha,
        l1_ratio=0.0,
        yty=yty,
        penalty_factor=penalty_factor,
        lower=lower,
        upper=upper,
        positive=positive,
    )


class Boxed:
    """1/2 w'Qw - q'w + sum_j l1_j |w_j| on a finite box, where no least-squares problem has this q, as some of it, s v with
    |v| = 1, is out of the range of Q.

    With eps (v'w)^2/2 more there is one, and with eps (v'(w - w_k))^2/2, solved again and again from its own solution w_k
    (proximal point; finite for such problems: Ferris, 1991), the optimum of the problem itself.  A step changes v'w by s/eps
    at most; eps lets it cross the box, unless it would be rounding next to Q."""

    def __init__(self, Q: Floats, q: Floats, beyond: Floats, l1: Floats, lower: Floats, upper: Floats) -> None:
        self.Q, self.q, self.l1, self.lower, self.upper = Q, q, l1, lower, upper
        top = float(abs(beyond).max())
        self.v = beyond / top
        length = float(np.linalg.norm(self.v))
        self.v /= length
        squares = np.diag(Q)
        steep = squares > 0.0
        share = float((self.v[steep] ** 2 / squares[steep]).sum())
        width = float(abs(self.v) @ (upper - lower))
        self.eps = max(top * length / width if width > 0.0 else 0.0, 1e-10 / share if share > 0.0 else 0.0) or 1.0

    def fit(self, alpha: float, l1_ratio: float, tol: float, max_iter: int, start: Floats) -> Fit:
        """The fit, with the gap of the problem itself."""
        w, best = np.clip(start, self.lower, self.upper), np.inf
        n_iter, status = 0, Status.MAX_ITER
        G = self.Q + self.eps * np.outer(self.v, self.v)
        while n_iter < max_iter:
            q = self.q + self.eps * float(self.v @ w) * self.v
            if not _is_in_range(G, q):
                status = Status.STALLED  # Q's entries are so far apart that what was added to it is rounding
                break
            fit = lasso_gram(
                G,
                q,
                1.0,
                penalty_factor=self.l1,
                lower=self.lower,
                upper=self.upper,
                tol=0.1 * tol,
                max_iter=max_iter - n_iter,
                warm_start=w,
            )
            n_iter += max(fit.n_iter, 1)
            objective, gap, size = self._judged(fit.coef)
            stalled = not gap < best
            if not stalled:
                w, best = fit.coef, gap
            if best <= tol * size or stalled:
                status = Status.CONVERGED if best <= tol * size else Status.STALLED
                break
        objective, gap, size = self._judged(w)
        if not status.converged:
            warn_unconverged(f"at alpha={alpha:.6g}", gap, objective, status, f"tol={tol:g} with max_iter={max_iter}")
        return Fit(w, 0.0, alpha, l1_ratio, objective, gap, n_iter, status)

    def _judged(self, w: Floats) -> tuple[float, float, float]:
        """The objective, the gap sum_j h_j(w_j) + h_j*(c_j) - w_j c_j for c = q - Qw, h_j = l1_j |.| on the box, and the size
        of what the objective adds up."""
        c = self.q - self.Q @ w
        cost = self.l1 * np.abs(w)
        with np.errstate(over="ignore", invalid="ignore"):  # a gap out of range is no gap
            ends = [c * end - self.l1 * np.abs(end) for end in (self.lower, self.upper, np.clip(0.0, self.lower, self.upper))]
            gap = float(np.maximum(np.maximum.reduce(ends) + cost - w * c, 0.0).sum())
        terms = 0.5 * w * (self.Q @ w), self.q * w, cost
        size = sum(float(np.abs(term).sum()) for term in terms)
        return float((terms[0] - terms[1] + terms[2]).sum()), max(gap, 64 * np.finfo(np.float64).eps * size), size


def _quadratic(gram: Any, xty: Any) -> tuple[Floats, Floats, float]:
    """(Q, q, eps) in float64, checked, Q symmetric to the last bit; eps is that of the numbers as they came."""
    given = _input.matrix(gram, "gram")
    eps = float(np.finfo(given.dtype).eps)
    p = len(given)
    if given.shape != (p, p):
        raise ValueError(f"gram has shape {given.shape}; a square matrix is needed.")
    if not np.isfinite(given).all():
        raise _input.not_finite(given, "gram")
    Q: Floats = given.astype(np.float64)
    off, size = abs(Q - Q.T), np.sqrt(abs(np.diag(Q)))
    wrong = off > np.sqrt(eps) * size[:, None] * size + FEWEST * eps * abs(Q).max()
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise ValueError(f"gram is not symmetric: it has {Q[i, j]:.6g} at ({i}, {j}) and {Q[j, i]:.6g} at ({j}, {i}).")
    q: Floats = _input.real_array(xty, "xty").astype(np.float64)
    if q.ndim not in (1, 2) or q.shape[0] != p or 0 in q.shape:
        raise ValueError(f"xty has shape {q.shape}; ({p},) or ({p}, t) is needed, as gram has {p} columns.")
    if not np.isfinite(q).all():
        raise _input.not_finite(q, "xty")
    return 0.5 * Q + 0.5 * Q.T, q, max(eps, float(np.finfo(_input.real_array(xty, "xty").dtype).eps))


def _compressed(Q: Floats, Y: Floats, eps: float) -> Compressed:
    """compress, of numbers that it takes no farther than float64 goes."""
    with np.errstate(all="ignore"):
        found = compress(Q, Y, eps)
        size = float(np.square(found.r).sum())
    if not (np.isfinite(size) and np.isfinite(found.R).all()):
        raise ValueError(f"gram and xty are of sizes so far apart that q'inv(Q)q is {size:.3g}; scale the columns.")
    return found


def _is_in_range(Q: Floats, q: Floats) -> bool:
    """Whether lasso_gram would find q in the range of Q."""
    with np.errstate(all="ignore"):
        return bool(compress(Q, q[:, None]).outside <= np.sqrt((FEWEST + len(Q)) * np.finfo(np.float64).eps))


def _rows(R: Floats, r: Floats, yty: Any) -> tuple[Floats, Floats, Floats]:
    """X and Y of n rows with 1/(2n) |Y - Xw|^2 = 1/2 w'Qw - q'w + half, and this half: yty/2, for each target."""
    k, t = r.shape
    square = np.square(r).sum(axis=0)
    rest = np.zeros(t)
    if yty is not None:
        given = _input.real_array(yty, "yty").astype(np.float64)
        if given.shape not in ((), (t,)):
            raise ValueError(f"yty has shape {given.shape}; a number or shape ({t},) is needed, one for each target.")
        rest = given - square
        short = ~(rest >= -1e-6 * square) | ~np.isfinite(given)
        if short.any():
            j = int(np.argmax(short))
            raise ValueError(f"yty is {np.broadcast_to(given, t)[j]:.6g} where gram and xty need at least {square[j]:.6g}.")
        rest = np.maximum(rest, 0.0)
    X, Y = np.zeros((k + 1, R.shape[1]), order="F"), np.zeros((k + 1, t), order="F")
    X[:k], Y[:k], Y[k] = R, r, np.sqrt(rest)
    return X * np.sqrt(k + 1), Y * np.sqrt(k + 1), 0.5 * (square + rest)
