"""What a fit returns: Fit, Path, Batch and Status; what a judgement of one returns: Certificate.

Everything is in the public scaling of the function that made it; a gap bounds how far the objective is from its optimum.
"""

from __future__ import annotations

import operator
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._selection import criteria

Floats = NDArray[np.float64]


class ConvergenceWarning(UserWarning):
    """A solution was returned that did not reach its tolerance."""


class Status(Enum):
    """How a solve ended; `.converged` and `.advice` say what that means for the answer."""

    CONVERGED = "the gap is at most tol times the objective"
    PRECISION = "the gap is below what float64 can tell from zero (64 eps |y|^2 / n), which is more than tol asks for here"
    MINIMUM_NORM = "X is rank deficient and nothing is penalised: of all optima, the one of smallest norm"
    STALLED = "rounding in float64 keeps the gap above tol, as alpha is too close to 0 or X too collinear: raise tol"
    MAX_ITER = "max_iter sweeps and Newton steps did not reach tol: raise max_iter or tol"

    def __init__(self, _advice: str) -> None:
        self.converged = self.name not in ("STALLED", "MAX_ITER")  #: whether the gap is what was asked, or what float64 allows

    @property
    def advice(self) -> str:
        """What the status means, and the knob to turn if there is one."""
        return self.value


STATUSES = tuple(Status)


def span(values: Any) -> str:
    """A number, or from which to which several go."""
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:.6g}" if low == high else f"{low:.4g} to {high:.4g}"


def place(k: Any, size: int, what: str = "path", of: str = "alphas") -> int:
    """k of path[k] for a path of so many alphas, counted from the start."""
    k = operator.index(k)
    if not -size <= k < size:
        raise IndexError(f"{what}[{k}]: the {what} has {size} {of}")
    return int(k % size)


def predicted(X: Any, coefs: Floats, intercepts: Floats, alphas: Floats, alpha: float | None) -> Floats:
    """Predictions (n, K) of coefficients (p, K), or (n,) at one alpha, which may lie between two of alphas."""
    if alpha is None:
        every: Floats = X @ coefs + intercepts
        return every
    low, high, weight = _input.between(alpha, alphas)
    coef = (1.0 - weight) * coefs[:, low] + weight * coefs[:, high]
    one: Floats = X @ coef + ((1.0 - weight) * intercepts[low] + weight * intercepts[high])
    return one


# warnings that are held back, where a fit is only looked at so far; filters of warnings are shared by threads
_HELD: ContextVar[list[tuple[Any, ...]] | None] = ContextVar("_HELD", default=None)
INSIDE = ("fastreg._", "fastreg.distributed")  # modules that users do not call from


def warn_unconverged(where: str, gap: float, objective: float, status: Status, asked: str, stacklevel: int = 4) -> None:
    """One ConvergenceWarning at the line of the user's call, which is at least stacklevel calls up."""
    held = _HELD.get()
    if held is not None:
        held.append((where, gap, objective, status, asked))
        return
    ratio = f"{gap / objective:.2g} times the objective" if 0.0 < objective < np.inf else f"{gap:.2g}"
    message = f"Not converged {where}: the gap is {ratio}, not {asked}; {status.advice}."
    warn_user(message, _warning(), stacklevel + 1)


def warn_user(message: str, category: type[Warning], stacklevel: int = 2) -> None:
    """Warn at the line of the user's call, which is at least stacklevel calls up."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and (level < stacklevel or frame.f_globals.get("__name__", "").startswith(INSIDE)):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


@contextmanager
def held_back() -> Iterator[list[tuple[Any, ...]]]:
    """The arguments of `warn_unconverged` that there were meanwhile, for whoever wants to warn nonetheless."""
    held: list[tuple[Any, ...]] = []
    token = _HELD.set(held)
    try:
        yield held
    finally:
        _HELD.reset(token)


def _warning() -> type[ConvergenceWarning]:
    """One that is scikit-learn's too where that is imported, so that a filter for either finds it."""
    if "sklearn.exceptions" not in sys.modules:
        return ConvergenceWarning
    from fastreg import _joint

    return _joint.ConvergenceWarning


@dataclass(frozen=True, eq=False, init=False)
class Fit:
    """One fitted model.

    Attributes
    ----------
    coef : ndarray of shape (p,), or (p, t) for t targets
    intercept : float, or ndarray of shape (t,); 0.0 without an intercept
    alpha, l1_ratio : float
        The penalty; l1_ratio is 0.0 for ridge, whose alpha may be an ndarray of shape (t,), one for each target.
    objective, dual_gap : float, or ndarray of shape (t,)
        The objective at coef, and a bound on its distance from the optimum, in the same scaling.  No gap below
        64 eps |y|^2 / n, the rounding of float64, is claimed, so that many fits report just this.  With relax > 0 they are
        those of the solution whose support coef has.
    n_iter : int
        Sweeps of coordinate descent plus Newton steps; factorizations and refinements for ridge.
    status : Status
    feature_names : tuple of p str, or None
        The names of the columns of X, if it came with names.
    relax : float
        The share of least squares on the support in coef and intercept.
    """

    coef: Floats
    intercept: Any
    alpha: Any
    l1_ratio: float
    objective: Any
    dual_gap: Any
    n_iter: int
    status: Status
    feature_names: tuple[str, ...] | None
    relax: float

    def __init__(
        self,
        coef: Floats,
        intercept: Any,
        alpha: Any,
        l1_ratio: float,
        objective: Any,
        dual_gap: Any,
        n_iter: int,
        status: Status,
        feature_names: tuple[str, ...] | None = None,
        relax: float = 0.0,
    ) -> None:
        # the one that a frozen dataclass makes takes twice as long, of which a fit of a tiny problem would feel 4 %
        fields = self.__dict__
        fields["coef"], fields["intercept"], fields["alpha"], fields["l1_ratio"] = coef, intercept, alpha, l1_ratio
        fields["objective"], fields["dual_gap"], fields["n_iter"] = objective, dual_gap, n_iter
        fields["status"], fields["feature_names"], fields["relax"] = status, feature_names, relax

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the non-zero coefficients (of any target), ascending."""
        nonzero = self.coef != 0.0
        return np.flatnonzero(nonzero if nonzero.ndim == 1 else nonzero.any(axis=1))

    def predict(self, X: ArrayLike) -> Floats:
        """X @ coef + intercept; an offset is left to you.

        Parameters
        ----------
        X : array, sparse matrix, data frame, path or WideDesign of shape (n, p)
            Anything that a fit takes; names of columns must be those of the fit.  A path of a file stands for its columns
            (`fastreg.distributed.LocalColumns`), of which those that are needed are read.

        Returns
        -------
        ndarray of shape (n,), or (n, t), float64

        Raises
        ------
        ValueError, TypeError
            For an X of other columns.
        """
        prediction: Floats = _input.predictors(X, self.coef.shape[0], self.feature_names) @ self.coef + self.intercept
        return prediction

    def __repr__(self) -> str:
        worst, relaxed = float(np.max(self.dual_gap)), f"relax={self.relax:g}, " if self.relax else ""
        return (
            f"Fit(alpha={span(self.alpha)}, l1_ratio={self.l1_ratio:g}, {relaxed}"
            f"{self.support.size} of {self.coef.shape[0]} coefficients non-zero, dual_gap={worst:.2g}, {self.status.name})"
        )


@dataclass(frozen=True, eq=False)
class Path:
    """Fitted models for several alphas, in the order in which the alphas were given.

    Attributes
    ----------
    alphas, intercepts, objectives, dual_gaps, deviance_ratio : ndarray of shape (K,)
        deviance_ratio is 1 - |y - prediction|^2 / |y - mean(y)|^2 (no mean without an intercept; 0.0 where y is constant).
        With relax > 0, objectives and dual_gaps are those of the solutions that the supports come from.
    n_iters : ndarray of shape (K,), int
    statuses : tuple of K Status
    l1_ratio : float
    n_rows, n_features : int
        n, the number of rows of weight > 0, and p, the number of columns of X.
    log_mse : ndarray of shape (K,)
        Logarithm of the mean squared residual, weighted if there are weights; no less than that of its rounding, 64 eps of the
        mean square of y, and -inf where y is constant.
    fit_intercept : bool
    n_columns_read : int
        Columns of X that were read along the path to check them, after the one reading that every fit begins with.
    counts : dict
        More of the work: working_set (columns that ever mattered), sweeps, newton_steps, pivots, products (iterations of
        conjugate gradients).
    feature_names : tuple of p str, or None
        The names of the columns of X, if it came with names.
    relax : float
        The share of least squares on the support in coefficients and intercepts.
    """

    alphas: Floats
    intercepts: Floats
    objectives: Floats
    dual_gaps: Floats
    deviance_ratio: Floats
    n_iters: NDArray[np.intp]
    statuses: tuple[Status, ...]
    l1_ratio: float
    n_rows: int
    n_features: int
    log_mse: Floats
    fit_intercept: bool
    n_columns_read: int
    counts: dict[str, int]
    # of each alpha the columns with a coefficient that is not zero, and these
    supports: tuple[NDArray[np.intp], ...] = field(repr=False)
    values: tuple[Floats, ...] = field(repr=False)
    # columns that the penalty may not leave out, and how many others it may choose from
    always_in: NDArray[np.intp] = field(repr=False)
    n_candidates: int = field(repr=False)
    feature_names: tuple[str, ...] | None = None
    relax: float = 0.0

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, k: int) -> Fit:
        """The fit at alphas[k]."""
        k = place(k, len(self))
        return Fit(
            coef=self._coef(k),
            intercept=float(self.intercepts[k]),
            alpha=float(self.alphas[k]),
            l1_ratio=self.l1_ratio,
            objective=float(self.objectives[k]),
            dual_gap=float(self.dual_gaps[k]),
            n_iter=int(self.n_iters[k]),
            status=self.statuses[k],
            feature_names=self.feature_names,
            relax=self.relax,
        )

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"Path(no alphas, l1_ratio={self.l1_ratio:g}, p={self.n_features})"
        return (
            f"Path({len(self)} alphas from {self.alphas.max():.4g} to {self.alphas.min():.4g}, l1_ratio={self.l1_ratio:g}, "
            f"p={self.n_features}, up to {self.df.max()} non-zero, largest dual_gap={self.dual_gaps.max():.2g})"
        )

    def _coef(self, k: int) -> Floats:
        coef = np.zeros(self.n_features)
        coef[self.supports[k]] = self.values[k]
        return coef

    @property
    def df(self) -> NDArray[np.intp]:
        """Number of non-zero coefficients per alpha, shape (K,)."""
        return np.array([support.size for support in self.supports], np.intp)

    @cached_property
    def coefs(self) -> Floats:
        """Coefficients, shape (p, K), Fortran order; built dense when first asked for."""
        coefs = np.zeros((self.n_features, len(self)), order="F")
        for k, support in enumerate(self.supports):
            coefs[support, k] = self.values[k]
        return coefs

    def predict(self, X: ArrayLike, alpha: float | None = None) -> Floats:
        """Predictions for every alpha, or for one.

        Between two alphas of the path the coefficients are interpolated linearly in alpha, which is exact for the lasso as long
        as no coefficient enters, leaves or changes sign in between.

        Parameters
        ----------
        X : array, sparse matrix, data frame, path or WideDesign of shape (n, p)
            Anything that a fit takes; names of columns must be those of the fit.  A path of a file stands for its columns
            (`fastreg.distributed.LocalColumns`), of which those that are needed are read.
        alpha : float, optional
            One alpha, from the smallest of the path to the largest.

        Returns
        -------
        ndarray of shape (n, K), or (n,) at one alpha, float64

        Raises
        ------
        ValueError, TypeError
            For an X of other columns, and an alpha outside the path.
        """
        whole = _input.predictors(X, self.n_features, self.feature_names)
        # only columns that are ever non-zero matter: a wide X is not multiplied whole
        used = np.unique(np.concatenate([np.empty(0, np.intp), *self.supports]))
        coefs = np.zeros((used.size, len(self)))
        for k, support in enumerate(self.supports):
            coefs[np.searchsorted(used, support), k] = self.values[k]
        return predicted(whole[:, used], coefs, self.intercepts, self.alphas, alpha)

    def criterion(
        self, name: str = "bic", *, gamma: float = 1.0, noise: float | None = None, df: Any = None, n_rows: float | None = None
    ) -> Floats:
        """What the fit at each alpha is worth, shape (K,): the least is best.

        With n rows, the mean squared residual m, k degrees of freedom and s of p penalised columns in the fit:

            "aic"    n log m + 2 k
            "aicc"   n log m + 2 k + 2 (k + 1)(k + 2) / (n - k - 2)
            "bic"    n log m + k log n
            "ebic"   n log m + k log n + 2 gamma log C(p, s)
            "gcv"    m / (1 - k/n)^2, in units of y^2

        Parameters
        ----------
        name : str
        gamma : float >= 0
            1, the default, finds the right columns however p grows with n; less is for p that grows slower; 0 is "bic".
        noise : float > 0, optional
            A known variance of the noise (of a row of mean weight): n m / noise takes the place of n log m, "aicc" is "aic".
        df : array of shape (K,), optional
            Degrees of freedom of the coefficients, k less 1 for the intercept.  Default `path.df`, the non-zero ones: right for
            the lasso, while an l2 penalty leaves fewer, tr(X_A inv(X_A'X_A + n l2 I) X_A') for the columns A (l2 = alpha
            (1 - l1_ratio)), a coefficient at a bound none, and relaxing costs more than are counted, as it undoes the shrinkage
            that the search is paid with.
        n_rows : float >= 1, optional
            The number n of observations, if the rows stand for another: the sum of weights that count repeated rows.  Default
            the rows of weight > 0, whatever the weights are: they say how exact a row is, and their scale does not matter.

        Returns
        -------
        ndarray of shape (K,), float64

        Raises
        ------
        ValueError, TypeError
            For another name, and options out of range.

        Notes
        -----
        Where everything can be fitted, n log m has no lower end.  A fit that leaves fewer than two degrees of freedom of n
        ("aicc": three, "gcv": one) is worth infinity, and m counts as no less than its rounding.  That does not keep fits
        close to it from winning: for n <= p, "aicc", or a known noise, is safe, "aic" and "bic" are not.

        References
        ----------
        Zou, Hastie and Tibshirani (2007), On the Degrees of Freedom of the Lasso, theorem 1; Tibshirani and Taylor (2012),
        Degrees of Freedom in Lasso Problems.
        Hurvich and Tsai (1989), Regression and Time Series Model Selection in Small Samples.
        Chen and Chen (2008), Extended Bayesian Information Criteria for Model Selection with Large Model Spaces, eq. 1.
        Golub, Heath and Wahba (1979), Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter.

        Examples
        --------
        >>> import fastreg as fr
        >>> X, y = [[1.0], [-1.0], [2.0], [-2.0], [0.5]], [1.1, -0.9, 2.0, -2.2, 0.5]
        >>> path = fr.lasso_path(X, y, alphas=[9.0, 0.01])
        >>> path.criterion("aic").round(1), path.select("aic").alpha
        (array([  6. , -19.6]), 0.01)
        """
        k = np.asarray(self.df if df is None else _options.degrees_of_freedom(df, len(self)), dtype=np.float64)
        chosen = [support.size - np.isin(self.always_in, support).sum() for support in self.supports]
        evidence = criteria.Evidence(
            self.log_mse,
            k + self.fit_intercept,
            self.n_rows if n_rows is None else _input.number(n_rows, "n_rows", 1.0),
            np.array([criteria.log_binomial(self.n_candidates, s) for s in chosen]),
        )
        return criteria.values(name, evidence, gamma, noise)

    def select(self, criterion: str = "bic", **options: Any) -> Fit:
        """The fit with the least `criterion`; the larger alpha of two that are equally good.

        Parameters
        ----------
        criterion : str
        **options
            Of `criterion`, the method: gamma, noise, df, n_rows.

        Returns
        -------
        Fit

        Raises
        ------
        ValueError, TypeError
            As `criterion`, and where no fit has a finite one.
        """
        values = self.criterion(criterion, **options)
        if len(self) == 0:
            raise ValueError("The path has no alphas to select from; max_support or a callback may have ended it.")
        if not (values < np.inf).any():
            raise ValueError(
                f"criterion is {criterion!r}, but no fit of the path has a finite one: all of them fit {self.n_rows} rows with "
                "too few degrees of freedom left; noise, or a path with larger alphas, is needed."
            )
        return self[criteria.best(values, self.alphas)]

    def plot(self, ax: Any = None, names: Any = None) -> Any:
        """Draw the coefficients against alpha, as `fastreg.display.plot_path`.

        Parameters
        ----------
        ax, names
            As in `fastreg.display.plot_path`.

        Returns
        -------
        matplotlib Axes
        """
        from fastreg.display import plot_path

        return plot_path(self, ax=ax, names=names)


@dataclass(frozen=True, eq=False)
class Batch:
    """Fitted models of many problems, in their order.

    Attributes
    ----------
    coefs : ndarray of shape (b, p)
        Row i has the coefficients of problem i.
    intercepts, alphas, objectives, dual_gaps : ndarray of shape (b,)
        As `Fit` has them for each.
    n_iters : ndarray of shape (b,), int
    l1_ratio : float
    feature_names : tuple of p str, or None
        The names of the columns of X, if it came with names.
    """

    coefs: Floats
    intercepts: Floats
    alphas: Floats
    l1_ratio: float
    objectives: Floats
    dual_gaps: Floats
    n_iters: NDArray[np.intp]
    codes: NDArray[np.int8] = field(repr=False)  # places in list(Status)
    feature_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, i: int) -> Fit:
        """The fit of problem i; its coef is a row of coefs, not a copy."""
        i = place(i, len(self), "batch", "problems")
        return Fit(
            self.coefs[i],
            float(self.intercepts[i]),
            float(self.alphas[i]),
            self.l1_ratio,
            float(self.objectives[i]),
            float(self.dual_gaps[i]),
            int(self.n_iters[i]),
            STATUSES[self.codes[i]],
            self.feature_names,
        )

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"Batch(no problems, l1_ratio={self.l1_ratio:g}, p={self.coefs.shape[1]})"
        noun = "problem" if len(self) == 1 else "problems"
        return (
            f"Batch({len(self)} {noun}, p={self.coefs.shape[1]}, alpha={span(self.alphas)}, l1_ratio={self.l1_ratio:g}, "
            f"largest dual_gap={self.dual_gaps.max():.2g}, {np.count_nonzero(self.converged)} converged)"
        )

    @cached_property
    def statuses(self) -> tuple[Status, ...]:
        """The Status of each problem; built when first asked for."""
        return tuple(STATUSES[code] for code in self.codes.tolist())

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Whether each problem reached its tolerance, or what float64 allows; shape (b,)."""
        good: NDArray[np.bool_] = np.array([status.converged for status in STATUSES])[self.codes]
        return good


@dataclass(frozen=True, eq=False)
class Certificate:
    """What `certify` found about one solution.

    Attributes
    ----------
    objective : float
        The objective at coef and intercept; inf where coef breaks a bound (see broken).
    dual_gap : float
        objective - optimum <= dual_gap, with all rounding on the safe side.
    kkt : ndarray of shape (p,)
        By how much the optimality condition of each coefficient is missed at the best intercept for coef, in units of the
        gradient; 0 where it is met, inf where coef breaks a bound.
    proved_zero, proved_nonzero : ndarray of shape (p,), bool
        Columns whose coefficient is zero, or non-zero with the sign of coef, in every optimum.
    intercept : float
        The given one, or the best one for coef.
    broken : str
        The first constraint that coef or intercept breaks, in words; "" if none.
    """

    objective: float
    dual_gap: float
    kkt: Floats
    proved_zero: NDArray[np.bool_]
    proved_nonzero: NDArray[np.bool_]
    intercept: float
    broken: str

    def __repr__(self) -> str:
        share = f" ({self.dual_gap / self.objective:.2g} of it)" if 0.0 < self.objective < np.inf else ""
        zero, nonzero = np.count_nonzero(self.proved_zero), np.count_nonzero(self.proved_nonzero)
        return (
            f"Certificate(objective={self.objective:.6g}, dual_gap={self.dual_gap:.2g}{share}, kkt up to {self.kkt.max():.2g}, "
            f"{nonzero} columns proved non-zero, {zero} zero, {self.kkt.size - nonzero - zero} open"
            + (f"; {self.broken})" if self.broken else ")")
        )
