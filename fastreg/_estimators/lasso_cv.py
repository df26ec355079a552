"""LassoCV and ElasticNetCV with scikit-learn's names, arguments and attributes.

It knows which function chooses an alpha; it must not know how.
"""

from __future__ import annotations

import operator
import os
import sys
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign, _input
from fastreg._estimators import chunked
from fastreg._estimators.linear import Fitted, one_of, rows, sparse_rows
from fastreg._estimators.routing import routed, router, row_folds
from fastreg._selection.cv import elastic_net_cv
from fastreg._selection.results import CVPath

Floats = NDArray[np.float64]
FOLDS = 5  # of cv=None, as in scikit-learn


class ElasticNetCV(Fitted):
    """ElasticNet at the alpha and the l1_ratio with the least error over folds, by `fastreg.elastic_net_cv`.

    Parameters
    ----------
    l1_ratio : float, or sequence of them
    eps : float
        Ratio of the smallest alpha of a grid to the largest; `alpha_min_ratio` of `fastreg.elastic_net_cv`.
    alphas : int, or array of shape (K,)
        The length of a grid, or alphas in any order.
    fit_intercept, max_iter, tol, positive
        As in `fastreg.elastic_net`: tol is relative to the objective.
    precompute, copy_X, selection
        As scikit-learn has them, without effect: what is made beforehand is chosen by size, X is never written, and no order of
        the coordinates changes the answer.
    cv : None, int, splitter, or iterable of (train, test)
        An int: so many folds of rows in their order, as scikit-learn has it; None: 5.  For dask see `fit`.
    verbose : bool or int
        Show progress.
    n_jobs : None or int
        Threads that folds are shared out over; None: 1, -1: as many as there are processors.
    random_state : None, int or numpy RandomState
        Seed of the shuffle of rows of dask, None: 0.  Without effect on rows in memory.
    standardize, penalty_factor, lower, upper
        As in `fastreg.elastic_net_cv`.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        Of several targets, ndarray of shape (t,), as each has its own; all of theirs below then have t first.
    alphas_ : ndarray of shape (K,), or (l1_ratios, K) where each l1_ratio has a grid
    mse_path_ : ndarray of shape (K, folds), or (l1_ratios, K, folds)
    cv_path_ : CVPath
        Errors with their standard errors, alpha_1se, the whole path; a tuple of them for several targets, as fit_ is.
    """

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 10_000,
        tol: float = 1e-6,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> Self:
        """Fit the model at the alpha, and the l1_ratio, of least error.

        Parameters
        ----------
        X : array, sparse matrix, data frame or dask collection of shape (n, p)
            Read in place where `fastreg.lasso` does so, and never written.  Rows of dask arrays and frames are summed
            where they are, fold by fold, in one reading (see `fastreg.distributed.elastic_net_cv`; n_jobs is without effect).
            A number cv of folds then deals rows out within each chunk, in an order that `random_state` shuffles: they are
            other folds than the neighbours that it makes of rows in memory.  cv may also be labels, or the name of their
            column; a splitter is refused.
        y : array of shape (n,) or (n, t)
            For X of dask one target, as in `fastreg.distributed.gram_stats`: a collection, or the name of a column of a frame
            X, which is then no part of X.
        sample_weight : array of shape (n,), optional
            As in `fastreg.elastic_net_cv`; for X of dask likewise.
        **params
            Such as groups: they go to the splitter where scikit-learn routes metadata (enable_metadata_routing).

        Returns
        -------
        This estimator

        Raises
        ------
        ValueError, TypeError
            As `fastreg.elastic_net_cv`.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.elastic_net_cv`.
        """
        one_of(self.selection, "selection", ("cyclic", "random"))
        alphas = _input.grid(self.alphas)
        grid, cv = isinstance(alphas, int), FOLDS if self.cv is None else self.cv
        options = {
            "l1_ratio": self.l1_ratio,
            "alphas": alphas if isinstance(alphas, int) else np.sort(alphas)[::-1],
            "alpha_min_ratio": _input.number(self.eps, "eps", 1e-15, 1.0) if grid else None,
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "penalty_factor": self.penalty_factor,
            "lower": self.lower,
            "upper": self.upper,
            "positive": self.positive,
            "tol": self.tol,
            "max_iter": self.max_iter,
        }
        if _foreign.is_dask(X):
            found = chunked.choose(self, X, y, sample_weight, cv, params, options | {"random_state": _seed(self.random_state)})
        else:
            X, y = self._data(X, y)
            weights, threads = rows(sample_weight, X.shape[0]), _threads(self.n_jobs)
            given = routed(self, weights, params)
            folds = row_folds(cv, X, y, {} if given is None else given["splitter"]["split"])
            found = elastic_net_cv(
                X, y, cv=folds, sample_weight=weights, n_threads=threads, verbose=bool(self.verbose), **options
            )
        each = found if isinstance(found, tuple) else (found,)
        one = len(each) == 1  # also y of shape (n, 1), as scikit-learn has it
        self.cv_path_ = each[0] if one else each
        self.alpha_, self.l1_ratio_ = _of(each, lambda path: path.alpha_min), _of(each, lambda path: path.l1_ratio)
        self.alphas_ = _of(each, lambda path: _squeezed([curve.alphas for curve in path.curves[: None if grid else 1]]))
        self.mse_path_ = _of(each, lambda path: _squeezed([curve.fold_errors.T for curve in path.curves]))
        fits = [path.fit for path in each]
        self.fit_ = fits[0] if one else tuple(fits)
        self.coef_ = _of(each, lambda path: path.fit.coef)
        self.intercept_ = _of(each, lambda path: np.float64(path.fit.intercept))
        self.dual_gap_, self.n_iter_ = _of(each, lambda path: path.fit.dual_gap), max(fit.n_iter for fit in fits)
        return self

    def get_metadata_routing(self) -> Any:
        """What this estimator and its splitter ask for, where scikit-learn routes metadata."""
        return router(self, splitter=(self.cv, "split"))

    @property
    def sparse_coef_(self) -> Any:
        """coef_ as a scipy CSR matrix of shape (1, p) or (t, p)."""
        return sparse_rows(self.coef_)


class LassoCV(ElasticNetCV):
    """Lasso at the alpha with the least error over folds, by `fastreg.lasso_cv`.

    Parameters
    ----------
    eps, alphas, fit_intercept, precompute, max_iter, tol, copy_X, cv, verbose, n_jobs, positive, random_state, selection
        As in `ElasticNetCV`.
    standardize, penalty_factor, lower, upper
        As in `fastreg.lasso_cv`.

    Attributes
    ----------
    alpha_, alphas_, mse_path_, cv_path_, coef_, intercept_, fit_, n_iter_, dual_gap_
        As of `ElasticNetCV`.
    """

    l1_ratio = 1.0

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 10_000,
        tol: float = 1e-6,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: Any = None,
        upper: Any = None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper


def _seed(random_state: Any) -> int:
    """The seed that it stands for."""
    if random_state is None or hasattr(random_state, "__index__"):
        return _input.count(0 if random_state is None else random_state, "random_state", 0)
    from sklearn.utils import check_random_state

    return int(check_random_state(random_state).randint(2**31 - 1))


def _threads(n_jobs: Any) -> int:
    """n_jobs as a number of threads; a negative one leaves so many processors but one idle."""
    if n_jobs is None:
        return 1
    need = "None, a number of threads, or -1 for all processors is needed"
    if not hasattr(n_jobs, "__index__") or np.ndim(n_jobs) > 0:
        raise TypeError(f"n_jobs is {n_jobs!r} ({type(n_jobs).__name__}); {need}.")
    jobs = min(operator.index(n_jobs), sys.maxsize)
    if jobs == 0:
        raise ValueError(f"n_jobs is 0; {need}.")
    return jobs if jobs > 0 else max(1, _processors() + 1 + jobs)


def _processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _squeezed(parts: list[Floats]) -> Floats:
    return parts[0] if len(parts) == 1 else np.stack(parts)


def _of(each: tuple[CVPath, ...], part: Any) -> Any:
    """What belongs to the target, or to each of several."""
    return part(each[0]) if len(each) == 1 else np.stack([part(path) for path in each])
