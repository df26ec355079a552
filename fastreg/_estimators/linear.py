"""Lasso, ElasticNet and Ridge with scikit-learn's names, arguments and attributes.

It knows which function fits a model; it must not know how.
"""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Any, Self

import numpy as np

from fastreg import _foreign
from fastreg._estimators import chunked
from fastreg._estimators.base import Estimator, is_complex
from fastreg._gramstats import GramStats
from fastreg._lasso import elastic_net
from fastreg._results import Fit
from fastreg._ridge.functions import ridge

SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")


class Fitted(Estimator):
    """An estimator whose fit is one Fit.

    Attributes
    ----------
    coef_ : ndarray of shape (p,) or (t, p)
    intercept_ : float or ndarray of shape (t,)
    fit_ : Fit
        Objective, gap, status and all that `fastreg.Fit` has.
    n_iter_ : int
    dual_gap_ : float or ndarray of shape (t,)
        objective - optimum <= dual_gap_.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, if X had names
    """

    fit_: Any  #: a tuple of Fit where each target has an alpha of its own

    def _take(self, fit: Fit) -> None:
        """Attributes as scikit-learn has them: a number is one of numpy's, and the coefficients of one target are a vector,
        also where y has one column."""
        self.fit_, self.n_iter_, self.dual_gap_ = fit, fit.n_iter, fit.dual_gap
        self.coef_, self.intercept_ = fit.coef.T, fit.intercept
        if fit.coef.ndim == 1:
            self.intercept_ = np.float64(fit.intercept)
        elif fit.coef.shape[1] == 1:
            self.coef_, self.dual_gap_ = self.coef_[0], float(fit.dual_gap[0])

    def _needs(self, y: Any) -> None:
        if y is None:
            me = type(self).__name__
            raise ValueError(f"This {me} estimator requires y to be passed, but the target y is None.")

    def _data(self, X: Any, y: Any) -> tuple[Any, Any]:
        self._needs(y)
        if is_complex(y):
            raise ValueError("Complex data not supported: y is complex; real numbers are needed.")
        return self._array(X, fitting=True), y


class ElasticNet(Fitted):
    """1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2), by `fastreg.elastic_net`.

    Parameters
    ----------
    alpha, l1_ratio, fit_intercept, precompute, max_iter, tol, positive
        As in `fastreg.elastic_net`: tol is relative to the objective.
    copy_X, random_state, selection
        As scikit-learn has them; X is never written, and no order of the coordinates changes the answer.
    warm_start : bool
        Start from the coefficients of the last fit.
    relax, standardize, penalty_factor, lower, upper
        As in `fastreg.elastic_net`.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 10_000,
        copy_X: bool = True,
        tol: float = 1e-6,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        relax: float = 0.0,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.relax = relax
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array, sparse matrix, data frame or dask collection of shape (n, p)
            Read in place where `fastreg.lasso` does so, and never written.  Rows of dask arrays and frames are summed
            where they are (see `fastreg.distributed.gram_stats`; precompute is then without effect).
        y : array of shape (n,) or (n, t)
            For X of dask as in `fastreg.distributed.gram_stats`: a collection, or names of columns of a frame X, which are then
            no part of X.
        sample_weight : array of shape (n,), optional
            As in `fastreg.elastic_net`; for X of dask likewise.
        check_input : bool
            Without effect: X is always checked.

        Returns
        -------
        This estimator

        Raises
        ------
        ValueError, TypeError
            As `fastreg.elastic_net`.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.elastic_net`.
        """
        one_of(self.selection, "selection", ("cyclic", "random"))
        start = getattr(self, "coef_", None) if self.warm_start else None
        options = {
            "l1_ratio": self.l1_ratio,
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "penalty_factor": self.penalty_factor,
            "lower": self.lower,
            "upper": self.upper,
            "positive": self.positive,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "warm_start": None if start is None else start.T,
            "relax": self.relax,
        }
        if _foreign.is_dask(X):
            solve = partial(GramStats.elastic_net, alpha=self.alpha, **options)
            self._take(chunked.fit_rows(self, X, y, sample_weight, solve))
            return self
        X, y = self._data(X, y)
        weights = rows(sample_weight, X.shape[0])
        self._take(elastic_net(X, y, self.alpha, sample_weight=weights, precompute=self.precompute, **options))
        return self

    @property
    def sparse_coef_(self) -> Any:
        """coef_ as a scipy CSR matrix of shape (1, p) or (t, p)."""
        return sparse_rows(self.coef_)


class Lasso(ElasticNet):
    """1/(2n) |y - b - Xw|^2 + alpha |w|_1, by `fastreg.lasso`.

    Parameters
    ----------
    alpha, fit_intercept, precompute, max_iter, tol, positive
        As in `fastreg.lasso`: tol is relative to the objective.
    copy_X, random_state, selection
        As scikit-learn has them; X is never written, and no order of the coordinates changes the answer.
    warm_start : bool
        Start from the coefficients of the last fit.
    relax, standardize, penalty_factor, lower, upper
        As in `fastreg.lasso`.
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        copy_X: bool = True,
        max_iter: int = 10_000,
        tol: float = 1e-6,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        relax: float = 0.0,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.relax = relax
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper


class Ridge(Fitted):
    """|y - b - Xw|^2 + alpha |w|^2, by `fastreg.ridge`.

    Parameters
    ----------
    alpha : float, or array of shape (t,)
    fit_intercept, tol, positive
        As in `fastreg.ridge`.
    copy_X, max_iter, solver, random_state
        As scikit-learn has them; X is never written, and the solver is chosen by size.
    standardize, penalty_factor, penalty_matrix, lower, upper
        As in `fastreg.ridge`.

    Attributes
    ----------
    solver_ : str
        solver, or the one that scikit-learn would take for "auto".
    """

    solver_: str

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: Any = None,
        tol: float = 1e-6,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
        standardize: bool = False,
        penalty_factor: Any = None,
        penalty_matrix: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.penalty_matrix = penalty_matrix
        self.lower = lower
        self.upper = upper

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Fit the model.

        Parameters
        ----------
        X : array, sparse matrix, data frame or dask collection of shape (n, p)
            Read in place where `fastreg.lasso` does so, and never written.  Rows of dask arrays and frames are summed
            where they are (see `fastreg.distributed.gram_stats`).
        y : array of shape (n,) or (n, t)
            For X of dask as in `fastreg.distributed.gram_stats`: a collection, or names of columns of a frame X, which are then
            no part of X.
        sample_weight : array of shape (n,), optional
            As in `fastreg.ridge`; for X of dask likewise.

        Returns
        -------
        This estimator

        Raises
        ------
        ValueError, TypeError
            As `fastreg.ridge`.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.ridge`.
        """
        one_of(self.solver, "solver", SOLVERS)
        options = {
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "penalty_factor": self.penalty_factor,
            "penalty_matrix": self.penalty_matrix,
            "lower": self.lower,
            "upper": self.upper,
            "positive": self.positive,
            "tol": self.tol,
        }
        if _foreign.is_dask(X):
            solve = partial(GramStats.ridge, alpha=self.alpha, **options)
            self._take(chunked.fit_rows(self, X, y, sample_weight, solve))
        else:
            X, y = self._data(X, y)
            self._take(ridge(X, y, self.alpha, sample_weight=rows(sample_weight, X.shape[0]), **options))
        auto = "lbfgs" if self.positive else "sparse_cg" if hasattr(X, "tocsc") else "cholesky"
        self.solver_ = auto if self.solver == "auto" else self.solver
        return self


def one_of(value: Any, name: str, known: tuple[str, ...]) -> None:
    """Check that value is one of the known names."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is {value!r}; one of {', '.join(map(repr, known))} is needed.")


def rows(sample_weight: Any, n: int) -> Any:
    """sample_weight for n rows; one number stands for all of them."""
    return np.full(n, float(sample_weight)) if isinstance(sample_weight, Real) else sample_weight


def sparse_rows(coef: Any) -> Any:
    """Coefficients as a scipy CSR matrix, a row for each target."""
    from scipy.sparse import csr_matrix

    return csr_matrix(coef)
