"""Every column regressed on all others, from one Gram matrix: column j is q, and w_j is held at 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._batch import CODES, GAP, INFO, KERNEL, N_ITER, OBJECTIVE, STATUS, YTY, fit_quietly, left_over
from fastreg._gramstats import GramStats
from fastreg._model import Model, Options
from fastreg._moments import take
from fastreg._normalise import HUGE
from fastreg._pieces import in_pieces
from fastreg._results import STATUSES, Fit, Status, place, span, warn_unconverged
from fastreg.kernels._batch import solve_nodewise
from fastreg.kernels._moments import MomentSums

Floats = NDArray[np.float64]

TINY = 1e-6  # share of a column's variance, below which what the others leave of it is summed row by row


@dataclass(frozen=True, eq=False)
class Nodewise:
    """The regressions of every column on all others.

    Attributes
    ----------
    coefs : ndarray of shape (p, p)
        Row j has the regression of column j; its diagonal is 0.
    intercepts, alphas, objectives, dual_gaps : ndarray of shape (p,)
        As `Fit` has them for each.
    residual_variances : ndarray of shape (p,)
        sum_i s_i (x_ij - b_j - x_i'w_j)^2 / s, s the sum of the weights.
    taus_squared : ndarray of shape (p,)
        residual_variances and the penalties' slope at w_j along w_j: alpha_j |w_j|_1 for the lasso.  At the optimum this is
        x_j'(x_j - b_j - X w_j) / n.
    variances : ndarray of shape (p,)
        Of the columns themselves; about 0 without an intercept.
    n_iters : ndarray of shape (p,), int
    l1_ratio : float
    feature_names : tuple of p str, or None
        The names of the columns, if X came with names.
    """

    coefs: Floats
    intercepts: Floats
    residual_variances: Floats
    taus_squared: Floats
    alphas: Floats
    l1_ratio: float
    objectives: Floats
    dual_gaps: Floats
    n_iters: NDArray[np.intp]
    codes: NDArray[np.int8]
    variances: Floats
    feature_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, j: int) -> Fit:
        """The fit of column j; its coef is a row of coefs, not a copy."""
        j = place(j, len(self), "nodewise", "columns")
        return Fit(
            self.coefs[j],
            float(self.intercepts[j]),
            float(self.alphas[j]),
            self.l1_ratio,
            float(self.objectives[j]),
            float(self.dual_gaps[j]),
            int(self.n_iters[j]),
            STATUSES[self.codes[j]],
            self.feature_names,
        )

    def __repr__(self) -> str:
        edges = np.count_nonzero((self.coefs != 0.0) | (self.coefs.T != 0.0)) // 2
        return (
            f"Nodewise(p={len(self)}, alpha={span(self.alphas)}, l1_ratio={self.l1_ratio:g}, {edges} pairs of columns joined, "
            f"largest dual_gap={self.dual_gaps.max():.2g})"
        )

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The Status of each regression."""
        return tuple(STATUSES[code] for code in self.codes.tolist())

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Whether each regression reached its tolerance, or what float64 allows; shape (p,)."""
        return np.array([status.converged for status in self.statuses])

    def precision(self) -> Floats:
        """The nodewise estimate of the inverse covariance, shape (p, p): row j is (e_j - w_j) / tau_j^2.

        It is what de-biases a lasso fit; not symmetric.

        Raises
        ------
        ValueError
            Where tau_j^2 is no more than the rounding of the column's variance: the column is constant, or the others leave
            nothing of it.

        References
        ----------
        van de Geer, Bühlmann, Ritov and Dezeure (2014), On Asymptotically Optimal Confidence Regions and Tests for
        High-Dimensional Models, eq. 8 and 9.
        """
        flat = np.flatnonzero(~(self.taus_squared > len(self) * np.finfo(np.float64).eps * self.variances))
        if flat.size:
            raise ValueError(f"Column {flat[0]} is left without variance by the others; its row of the precision is infinite.")
        rows: Floats = (np.eye(len(self)) - self.coefs) / self.taus_squared[:, None]
        return rows


def nodewise_lasso(
    X_or_stats: Any,
    alphas: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    n_threads: int = 1,
) -> Nodewise:
    """Minimise 1/(2n) |x_j - b - Xw|^2 + alpha_j (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2), w_j = 0, for every column x_j of X.

    Parameters
    ----------
    X_or_stats : array, sparse matrix or data frame of shape (n, p), or GramStats
        X is read as in `GramStats.update`, and not copied.  Of statistics, those of X; their y plays no part, and may be zeros.
    alphas : float >= 0, or array of shape (p,)
        Weight of the penalties per row, for all columns or for each as the target.
    l1_ratio : float from 0 to 1
        Share of the l1 penalty.
    fit_intercept : bool
        Whether to fit the unpenalised b of each column.
    standardize : bool
        Penalise the coefficients of columns scaled to standard deviation 1, as in `lasso`; a target stays as it is.
    sample_weight : array of shape (n,), optional
        As in `lasso`; only for X, as statistics have theirs.
    tol : float >= 0
        Stop when dual_gap <= tol * objective.
    max_iter : int >= 1
        Most sweeps of coordinate descent plus Newton steps for each column.
    n_threads : int
        Threads among which the columns are shared; the answer is the same to the last bit for any number.

    Returns
    -------
    Nodewise
        coefs (p, p), row j the regression of column j with 0 at j, intercepts, residual_variances, taus_squared, objectives,
        dual_gaps, n_iters, statuses, precision(), ...

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, squares out of the range of float64, and options out of
        range.

    Warns
    -----
    ConvergenceWarning
        Once, where max_iter or rounding ended the solve of some.

    Notes
    -----
    One Gram matrix, n p^2/2 multiply-adds, and p problems over it, none of which copies it.  8 p^2 bytes for it, as many for
    coefs, and 4 p^2 for each thread.  Where the rounding of products keeps a gap above tol, the column is solved by `lasso`
    from X (by `lasso_gram` from statistics).  A residual variance below a millionth of the column's own is summed from
    residuals row by row, so that it is as exact as these; of statistics alone it is off by a few eps of the column's
    variance.

    References
    ----------
    Meinshausen and Bühlmann (2006), High-Dimensional Graphs and Variable Selection with the Lasso, eq. 3.
    van de Geer, Bühlmann, Ritov and Dezeure (2014), On Asymptotically Optimal Confidence Regions and Tests for
    High-Dimensional Models, eq. 7 to 9 (their lambda is alpha; precision()).

    Examples
    --------
    >>> import fastreg as fr
    >>> nodes = fr.nodewise_lasso([[1.0, 1.0], [-1.0, -2.0], [0.0, 1.0]], 0.5)
    >>> nodes.coefs, nodes.residual_variances
    (array([[0.  , 0.25],
           [0.75, 0.  ]]), array([0.29166667, 0.875     ]))
    """
    l1_ratio, tol = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0), _input.number(tol, "tol", 0.0)
    max_iter, n_threads = _input.count(max_iter, "max_iter"), _input.count(n_threads, "n_threads")
    center, scaled = _input.flag(fit_intercept, "fit_intercept"), _input.flag(standardize, "standardize")
    design = weights = None
    if isinstance(X_or_stats, GramStats):
        if sample_weight is not None:
            raise ValueError("sample_weight is given together with statistics, which have their weights; rows are needed.")
        if X_or_stats.n_rows == 0:
            raise ValueError(f"{X_or_stats!r} has nothing to fit; update it with at least one row of weight > 0.")
        stats, names, p = X_or_stats, X_or_stats.feature_names, X_or_stats.n_features
    else:
        design, names = _input.design(X_or_stats)
        n, p = design.shape
        weights = _options.sample_weights(sample_weight, n)
        sums = MomentSums(p, 1)
        take(sums, design, np.zeros(n), None if weights is None else np.sqrt(weights))
        stats = GramStats.of(sums)
    alpha = _options.of_each(alphas, "alphas", p, "column")
    every, products = stats.moments()
    weight, means = stats.weight, every[:p]
    Q = np.ascontiguousarray(products[:p, :p])
    if not center:
        Q += weight * np.outer(means, means)
    variances = np.diag(Q) / weight
    sd = np.sqrt(variances) if scaled else np.ones(p)
    v, u = np.where(sd > 0.0, sd, np.inf), np.where(sd > 0.0, sd * sd, np.inf)
    W, rss, info = np.zeros((p, p)), np.empty(p), np.empty((p, INFO))
    with np.errstate(over="ignore"):
        l1, l2 = np.minimum(weight * alpha * l1_ratio, HUGE), np.minimum(weight * alpha * (1.0 - l1_ratio), HUGE)

    def solve(first: int, last: int, alone: bool) -> None:
        solve_nodewise(Q, l1, l2, v, u, tol, max_iter, first, last, alone, W, rss, info)

    in_pieces(solve, p, p * p, n_threads)
    nodes = Nodewise(
        coefs=W,
        intercepts=np.zeros(p),
        residual_variances=np.maximum(rss, 0.0) / weight,
        taus_squared=np.empty(p),
        alphas=alpha,
        l1_ratio=l1_ratio,
        objectives=(info[:, OBJECTIVE] + 0.5 * info[:, YTY]) / weight,
        dual_gaps=info[:, GAP] / weight,
        n_iters=np.nan_to_num(info[:, N_ITER]).astype(np.intp),
        codes=KERNEL[np.maximum(info[:, STATUS], 0.0).astype(np.intp)],
        variances=variances,
        feature_names=names,
    )

    def rows() -> _Rows:
        if design is not None:
            return _Rows(X_or_stats, design, weights, center)
        few, _ = stats.few_rows(center)
        return _Rows(few, few, None, False)

    for j in left_over(info, alpha == 0.0, None).tolist():
        one = rows().solve(j, float(alpha[j]), l1_ratio, (v, u), tol, max_iter)
        W[j], nodes.objectives[j], nodes.dual_gaps[j], nodes.n_iters[j] = one.coef, one.objective, one.dual_gap, one.n_iter
        nodes.codes[j], nodes.residual_variances[j] = CODES[one.status], 0.0
    for j in np.flatnonzero((nodes.residual_variances < TINY * variances) & (variances > 0.0)).tolist():
        nodes.residual_variances[j] = rows().residual_variance(j, W[j])
    if center:
        nodes.intercepts[:] = means - W @ means
    cost, squares = np.abs(W) @ np.where(np.isinf(v), 0.0, v), np.square(W) @ np.where(np.isinf(u), 0.0, u)
    nodes.taus_squared[:] = nodes.residual_variances + alpha * (l1_ratio * cost + (1.0 - l1_ratio) * squares)
    missed = np.flatnonzero(~nodes.converged)
    if missed.size:
        j = int(missed[np.argmax(nodes.dual_gaps[missed] / np.maximum(nodes.objectives[missed], 1e-300))])
        where = f"for {missed.size} of {p} columns, worst for column {j}"
        asked = f"tol={tol:g} with max_iter={max_iter}"
        warn_unconverged(where, nodes.dual_gaps[j], nodes.objectives[j], STATUSES[nodes.codes[j]], asked, stacklevel=3)
    return nodes


class _Rows(NamedTuple):
    """Rows of data, for what a Gram matrix cannot resolve."""

    X: Any  # as the user gave it
    design: Any  # as `_input.design` gives it
    weights: Floats | None  # they add up to n
    center: bool

    def columns(self, which: NDArray[np.intp]) -> Floats:
        """These columns, dense float64, (n, k) in Fortran order."""
        if isinstance(self.design, np.ndarray):
            return np.array(self.design[:, which], np.float64, order="F")
        out = np.zeros((self.design.shape[0], len(which)), order="F")
        for k, j in enumerate(which.tolist()):
            part = slice(self.design.indptr[j], self.design.indptr[j + 1])
            out[self.design.indices[part], k] = self.design.data[part]
        return out

    def solve(self, j: int, alpha: float, l1_ratio: float, factors: tuple[Floats, Floats], tol: float, max_iter: int) -> Fit:
        """Column j on the others, by `lasso`."""
        v, u = (np.where(np.arange(len(factor)) == j, np.inf, factor) for factor in factors)
        target = self.columns(np.array([j]))[:, 0]
        options = Options(self.center, False, self.weights, (v, u), tol=tol, max_iter=max_iter)
        return fit_quietly(Model(self.X, target, options, l1_ratio, one_target=True), alpha)

    def residual_variance(self, j: int, w: Floats) -> float:
        """sum_i s_i (x_ij - b - x_i'w)^2 / n at the best b, of columns less their means: nothing but the fit cancels."""
        support = np.flatnonzero(w)
        A = self.columns(np.append(support, j))
        share = np.full(len(A), 1.0 / len(A)) if self.weights is None else self.weights / len(A)
        if self.center:
            A -= A[int(np.argmax(share))]
            A -= share @ A
        r = A[:, -1] - A[:, :-1] @ w[support]
        if self.center:
            r -= share @ r
        return float(share @ np.square(r))
