"""RidgeCV with scikit-learn's names, arguments and attributes.

It knows criteria and scorers; the errors come from ridge_cv's own ways to leave rows out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg._estimators.base import Estimator
from fastreg._estimators.linear import Fitted, Ridge, rows
from fastreg._ridge.functions import ridge
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
    cv : None, "gcv", int, splitter, or iterable of (train, test)
        None: exact leave-one-out errors.  An int: so many folds of rows in their order, as scikit-learn has it.
    scoring : None, str, or function of (estimator, X, y)
        None: less the mean squared error.  A name is looked up by scikit-learn.  With leave-one-out the score of all
        predictions of rows left out, with folds the mean over folds of that of a fit for each alpha.
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
        Less the mean squared error at alpha_.
    selection_ : RidgeSelection
        The whole curve of errors.
    cv_results_ : ndarray of shape (n, K), or (n, t, K)
        Squared leave-one-out errors, or with scoring the predictions.
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

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeCV:
        """Fit X (n, p) to y (n,) or (n, t) at the best alpha; returns self.  X is not copied."""
        X, y = self._data(X, y)
        if self.gcv_mode not in (None, "auto", "svd", "eigen"):
            raise ValueError(f'gcv_mode is {self.gcv_mode!r}; None, "auto", "svd" or "eigen" is needed.')
        if self.store_cv_results and self.cv is not None:
            raise ValueError("store_cv_results is True, but cv is not None; only leave-one-out has an error for each row.")
        weights, folds = rows(sample_weight, X.shape[0]), self._folds(X, y)
        options = {
            "fit_intercept": self.fit_intercept,
            "standardize": self.standardize,
            "penalty_factor": self.penalty_factor,
            "penalty_matrix": self.penalty_matrix,
        }
        keep = self.cv is None and (self.store_cv_results or self.scoring is not None)
        per_target = self.alpha_per_target
        found = ridge_cv(
            X, y, self.alphas, cv=folds, alpha_per_target=per_target, sample_weight=weights, row_errors=keep, **options
        )
        y = np.asarray(y, np.float64)
        if self.scoring is None:
            errors, at = found.errors, found.index
            best = -(errors[at, np.arange(errors.shape[1])] if errors.ndim == 2 else errors[at])
        else:
            if isinstance(folds, str) and folds == "gcv":
                raise ValueError('scoring is given, but cv is "gcv", which has no predictions of rows left out.')
            scores = self._scores(found, X, y, weights, folds, options)
            order = np.argsort(-found.alphas, kind="stable")  # the larger alpha of two that are equally good
            at = order[np.argmax(scores[order], axis=0)]
            best = scores.max(axis=0)
            alpha = found.alphas[at]
            fit = ridge(X, y, alpha if np.ndim(alpha) else float(alpha), sample_weight=weights, **options)
            found = replace(found, alpha=alpha if np.ndim(alpha) else float(alpha), index=at, fit=fit)
        self.selection_, self.alpha_ = found, found.alpha
        self.best_score_ = best if np.ndim(best) else float(best)
        if hasattr(self, "cv_results_"):
            del self.cv_results_
        if self.store_cv_results and found.row_errors is not None:
            each = np.moveaxis(found.row_errors, 1, -1)
            self.cv_results_ = np.square(each) if self.scoring is None else y[..., None] - each
        self._take(found.fit)
        return self

    def _scores(self, found: RidgeSelection, X: Any, y: Floats, weights: Any, folds: Any, options: dict[str, Any]) -> Floats:
        """The score of every alpha, (K,), or (K, t) with alpha_per_target and several targets."""
        scorer = self.scoring
        if isinstance(scorer, str):
            from sklearn.metrics import get_scorer

            scorer = get_scorer(scorer)
        each = self.alpha_per_target and y.ndim == 2
        targets: list[Any] = list(range(y.shape[1])) if each else [slice(None)]
        X = X.tocsr() if hasattr(X, "tocsr") else X
        scores = np.empty((found.alphas.size, len(targets)))
        used = slice(None) if weights is None else np.asarray(weights) > 0.0
        for k, alpha in enumerate(found.alphas):
            for t, one in enumerate(targets):
                if found.row_errors is not None:
                    seen = y[used] if y.ndim == 1 else y[used][:, one]
                    missed = found.row_errors[used][:, k] if y.ndim == 1 else found.row_errors[used][:, k, one]
                    scores[k, t] = scorer(Said(), seen - missed, seen)
                    continue
                target, of_folds = y if y.ndim == 1 else y[:, one], []
                for train, test in pairs(folds):
                    given = None if weights is None else np.asarray(weights)[train]
                    model = Ridge(float(alpha), **options).fit(X[train], target[train], given)
                    of_folds.append(float(scorer(model, X[test], target[test])))
                scores[k, t] = np.mean(of_folds)
        return scores if each else scores[:, 0]

    def _folds(self, X: Any, y: Any) -> Any:
        """cv as `ridge_cv` takes it."""
        if self.cv is None:
            return "loo"
        if hasattr(self.cv, "split") and not isinstance(self.cv, str):
            return list(self.cv.split(X, y))
        if hasattr(self.cv, "__index__"):
            n = X.shape[0]
            return np.repeat(np.arange(int(self.cv)), [len(part) for part in np.array_split(np.arange(n), int(self.cv))])
        return self.cv if isinstance(self.cv, str) else list(self.cv)


class Said(Estimator):
    """An estimator whose prediction is X, for scores of predictions that are there already."""

    def fit(self, X: Any, y: Any) -> Said:
        """Nothing is to be learned."""
        return self

    def predict(self, X: Any) -> Any:
        return X


def pairs(folds: Any) -> Any:
    """(train, test) of each fold, from such pairs or the fold of each row."""
    if isinstance(folds, list) and isinstance(folds[0], tuple):
        return folds
    labels = np.asarray(folds)
    return [(np.flatnonzero(labels != one), np.flatnonzero(labels == one)) for one in np.unique(labels)]
