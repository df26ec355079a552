"""RidgeCV with scikit-learn's names, arguments and attributes.

It knows criteria and scorers; the errors come from ridge_cv's own ways to leave rows out.
"""

from __future__ import annotations

import inspect
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign
from fastreg._estimators.base import Estimator, determination
from fastreg._estimators.linear import Fitted, Ridge, rows
from fastreg._estimators.routing import routed, router, row_folds
from fastreg._ridge.functions import ridge, ridge_path
from fastreg._ridge.results import RidgeSelection
from fastreg._ridge.selection import ridge_cv

Floats = NDArray[np.float64]


class RidgeCV(Fitted):
    """Ridge at the best of several alphas, by `fastreg.ridge_cv`.

    Parameters
    ----------
    alphas : array of shape (K,), or int
    fit_intercept, alpha_per_target
        As in `fastreg.ridge_cv`.
    scoring : None, str, or function of (estimator, X, y)
        None: less the mean squared error, or with folds the mean R^2 of those of two rows or more.  A name is looked up by
        scikit-learn.  With leave-one-out it is the score of all predictions of rows left out, with folds the mean over folds
        of that of a fit for each alpha; sample_weight is passed on where it is an argument.
    cv : None, "gcv", int, splitter, or iterable of (train, test)
        None: exact leave-one-out errors.  An int: so many folds of rows in their order, as scikit-learn has it.
    gcv_mode : None, "auto", "svd" or "eigen"
        As scikit-learn has it; the way is chosen by size and condition.
    store_cv_results : bool
        Keep cv_results_; with cv=None only.
    standardize, penalty_factor, penalty_matrix
        As in `fastreg.ridge_cv`.

    Attributes
    ----------
    alpha_ : float, or ndarray of shape (t,)
    best_score_ : float, or ndarray of shape (t,)
        The score at alpha_.
    selection_ : RidgeSelection
        The whole curve of squared errors.
    cv_results_ : ndarray of shape (n, K), or (n, t, K)
        Squared leave-one-out errors times sample_weight, or with scoring the predictions.
    """

    cv_results_: Floats

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: Any = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        standardize: bool = False,
        penalty_factor: Any = None,
        penalty_matrix: Any = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.penalty_matrix = penalty_matrix

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> RidgeCV:
        """Fit the model at the best alpha.

        X is not copied, except the rows of one fold at a time where there are folds and scoring.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, p)
            Read in place where `fastreg.lasso` does so, and never written.  Dask collections are refused:
            `fastreg.distributed.gram_stats(X, y).ridge_path(alphas).select("gcv")` chooses an alpha for them.
        y : array of shape (n,) or (n, t)
        sample_weight : array of shape (n,), optional
            As in `fastreg.ridge_cv`.
        **params
            Where scikit-learn routes metadata (enable_metadata_routing), they go to the scorer and the splitter, and
            sample_weight if they ask for it.

        Returns
        -------
        This estimator

        Raises
        ------
        ValueError, TypeError
            As `fastreg.ridge_cv`.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.ridge`.
        """
        if _foreign.is_dask(X):
            raise TypeError(
                f"X is a dask {type(X).__name__}, which RidgeCV does not take; pass X.compute(), or choose by GCV with "
                'fastreg.distributed.gram_stats(X, y).ridge_path(alphas).select("gcv").'
            )
        X, y = self._data(X, y)
        if self.gcv_mode not in (None, "auto", "svd", "eigen"):
            raise ValueError(f'gcv_mode is {self.gcv_mode!r}; None, "auto", "svd" or "eigen" is needed.')
        if self.store_cv_results and self.cv is not None:
            raise ValueError("store_cv_results is True, but cv is not None; only leave-one-out has an error for each row.")
        weights = rows(sample_weight, X.shape[0])
        given = routed(self, weights, params)
        folds: Any = "loo" if self.cv is None else self.cv
        if not isinstance(folds, str):
            folds = row_folds(folds, X, y, {} if given is None else given["splitter"]["split"])
        if folds == "gcv" and self.scoring is not None:
            raise ValueError('scoring is given, but cv is "gcv", which has no predictions of rows left out.')
        options = {
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "penalty_factor": self.penalty_factor,
            "penalty_matrix": self.penalty_matrix,
        }
        keep = self.cv is None and (self.store_cv_results or self.scoring is not None)
        plain = not isinstance(folds, str) and self.scoring is None
        each = self.alpha_per_target or plain  # R^2 is known from the errors of each target
        found = ridge_cv(X, y, self.alphas, cv=folds, alpha_per_target=each, sample_weight=weights, row_errors=keep, **options)
        y = np.asarray(y, np.float64)
        if self.scoring is None and isinstance(folds, str):
            errors, at = found.errors, found.index
            best = -(errors[at, np.arange(errors.shape[1])] if errors.ndim == 2 else errors[at])
        else:
            scores = self._scores(found, X, y, weights, folds, options, None if given is None else given["scorer"]["score"])
            if found.errors.ndim > scores.ndim:
                assert found.fold_errors is not None
                found = replace(found, errors=found.errors.mean(axis=1), fold_errors=found.fold_errors.mean(axis=2))
            order = np.argsort(-found.alphas, kind="stable")  # the larger alpha of two that are equally good
            at, best = order[np.argmax(scores[order], axis=0)], scores.max(axis=0)
            alpha = found.alphas[at] if np.ndim(at) else float(found.alphas[at])
            if not np.array_equal(alpha, found.alpha):
                found = replace(found, alpha=alpha, index=at, fit=ridge(X, y, alpha, sample_weight=weights, **options))
        self.selection_, self.alpha_ = found, found.alpha
        self.best_score_ = best if np.ndim(best) else float(best)
        if hasattr(self, "cv_results_"):
            del self.cv_results_
        if self.store_cv_results and found.row_errors is not None:
            of_rows = np.moveaxis(found.row_errors, 1, -1)
            self.cv_results_ = weighted_squares(of_rows, weights) if self.scoring is None else y[..., None] - of_rows
        self._take(found.fit)
        return self

    def _scores(
        self, found: RidgeSelection, X: Any, y: Floats, weights: Any, folds: Any, options: dict[str, Any], given: Any
    ) -> Floats:
        """The score of every alpha, (K,), or (K, t) with alpha_per_target and several targets; given: to the scorer."""
        weights = None if weights is None else np.asarray(weights)
        each = self.alpha_per_target and y.ndim == 2
        if self.scoring is None:
            scores = determinations(found, y, weights, folds)
            scores = scores if each or y.ndim == 1 else scores.mean(axis=1)
        else:
            scorer, targets = self._scorer(), [(..., t) for t in range(y.shape[1])] if each else [...]
            if given is None:
                takes_weights = weights is not None and "sample_weight" in inspect.signature(scorer).parameters
                given = {"sample_weight": weights} if takes_weights else {}
            if found.row_errors is not None:
                scores = scores_of_rows(scorer, found.row_errors, y, weights, targets, given)
            else:
                scores = scores_of_folds(scorer, found.alphas, X, y, weights, folds, targets, options, given)
            scores = scores if each else scores[:, 0]
        bad = np.flatnonzero(np.isnan(scores.reshape(found.alphas.size, -1)).any(axis=1))
        if bad.size:
            raise ValueError(
                f"scoring is {self.scoring!r}, which gives nan at alpha={found.alphas[bad[0]]:g}; numbers are needed."
            )
        return scores

    def _scorer(self) -> Any:
        """A function of (estimator, X, y), and of what else is for it."""
        scorer: Any = self.scoring
        if isinstance(scorer, str):
            from sklearn.metrics import get_scorer

            scorer = get_scorer(scorer)
        if not callable(scorer):
            raise TypeError(f"scoring is {scorer!r} ({type(scorer).__name__}); None, a name or a function is needed.")
        return scorer

    def get_metadata_routing(self) -> Any:
        """What this estimator, its scorer and its splitter ask for, where scikit-learn routes metadata."""
        scorer = None if self.scoring is None else self._scorer()
        return router(self, scorer=(scorer, "score"), splitter=(self.cv, "split"))


def weighted_squares(errors: Floats, weights: Any) -> Floats:
    """Squared errors (n, ...) times the weights of their rows, 0 for a row of weight 0."""
    if weights is None:
        return np.square(errors)
    s = np.asarray(weights, np.float64).reshape(-1, *[1] * (errors.ndim - 1))
    return np.where(s > 0.0, s * np.square(errors), 0.0)


def determinations(found: RidgeSelection, y: Floats, weights: Any, folds: Any) -> Floats:
    """The mean over folds of R^2, (K,) or (K, t), from the squared errors on each; one row has none."""
    shares = []
    for errors, (_, test) in zip(found.fold_errors if found.fold_errors is not None else (), folds, strict=True):
        s = np.ones(test.size) if weights is None else weights[test]
        if np.count_nonzero(s) > 1:
            spread = np.average(np.square(y[test] - np.average(y[test], axis=0, weights=s)), axis=0, weights=s)
            shares.append(determination(errors, spread))
    if not shares:
        raise ValueError(
            "cv has one row in each fold to judge by, which has no R^2; larger folds, "
            'scoring="neg_mean_squared_error", or cv=None, which leaves out each row, are needed.'
        )
    if len(shares) < len(folds):
        some = f"{len(folds) - len(shares)} of {len(folds)} folds"
        warnings.warn(f"{some} have one row to judge by, which has no R^2; they are not counted.", UserWarning, stacklevel=4)
    mean: Floats = np.mean(shares, axis=0)
    return mean


def scores_of_rows(score: Any, errors: Floats, y: Floats, weights: Any, targets: list[Any], given: dict[str, Any]) -> Floats:
    """The score of all predictions of rows left out, (K, targets), from their errors (n, K) or (n, K, t)."""
    used = np.arange(len(y)) if weights is None else np.flatnonzero(weights > 0.0)
    given = of_rows(given, used, len(y))
    y, errors = y[used], errors[used]
    said = [y - errors[:, k] for k in range(errors.shape[1])]
    return np.array([[float(score(Said(), one[t], y[t], **given)) for t in targets] for one in said])


def scores_of_folds(
    score: Any,
    alphas: Floats,
    X: Any,
    y: Floats,
    weights: Any,
    folds: Any,
    targets: list[Any],
    options: dict[str, Any],
    given: dict[str, Any],
) -> Floats:
    """The mean over folds of the score of a fit to the others, (K, targets)."""
    X = X.tocsr() if hasattr(X, "tocsr") else X
    scores = np.zeros((alphas.size, len(targets)))
    for train, test in folds:
        s, judged = None if weights is None else weights[train], of_rows(given, test, len(y))
        found = ridge_path(X[train], y[train], alphas, sample_weight=s, leave_one_out=False, **options)
        if isinstance(found, tuple):
            coefs = np.stack([path.coefs.T for path in found], axis=-1)
            intercepts = np.stack([path.intercepts for path in found], axis=-1)
        else:
            coefs, intercepts = found.coefs.T, found.intercepts
        left_out = X[test]
        for k, alpha in enumerate(alphas.tolist()):
            for j, t in enumerate(targets):
                model = Ridge(alpha, **options)
                model.coef_, model.intercept_, model.n_features_in_ = coefs[k][t].T, intercepts[k, ...][t], X.shape[1]
                scores[k, j] += float(score(model, left_out, y[test][t], **judged)) / len(folds)
    return scores


def of_rows(given: dict[str, Any], rows: Any, n: int) -> dict[str, Any]:
    """The entries of these rows, of whatever has one for each of n."""
    return {name: np.asarray(one)[rows] if np.shape(one)[:1] == (n,) else one for name, one in given.items()}


class Said(Estimator):
    """An estimator whose prediction is X, for scores of predictions that are there already."""

    def fit(self, X: Any, y: Any) -> Said:
        """Nothing is to be learned."""
        return self

    def predict(self, X: Any) -> Any:
        return X
