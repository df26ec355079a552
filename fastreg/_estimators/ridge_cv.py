"""RidgeCV with scikit-learn's names, arguments and attributes.

It knows criteria and scorers; the errors come from ridge_cv's own ways to leave rows out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg._estimators.linear import Fitted, rows
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
    standardize, penalty_factor, penalty_matrix
        As in `fastreg.ridge_cv`.

    Attributes
    ----------
    alpha_ : float, or ndarray of shape (t,)
    best_score_ : float, or ndarray of shape (t,)
        Less the mean squared error at alpha_.
    selection_ : RidgeSelection
        The whole curve of errors.
    """

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        cv: Any = None,
        alpha_per_target: bool = False,
        standardize: bool = False,
        penalty_factor: Any = None,
        penalty_matrix: Any = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.alpha_per_target = alpha_per_target
        self.standardize = standardize
        self.penalty_factor = penalty_factor
        self.penalty_matrix = penalty_matrix

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RidgeCV:
        """Fit X (n, p) to y (n,) or (n, t) at the best alpha; returns self.  X is not copied."""
        X, y = self._data(X, y)
        self.selection_ = ridge_cv(
            X,
            y,
            self.alphas,
            cv=self._folds(X, y),
            alpha_per_target=self.alpha_per_target,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            sample_weight=rows(sample_weight, X.shape[0]),
            penalty_factor=self.penalty_factor,
            penalty_matrix=self.penalty_matrix,
        )
        self.alpha_ = self.selection_.alpha
        errors = self.selection_.errors
        each = errors[self.selection_.index, np.arange(errors.shape[1])] if errors.ndim == 2 else errors[self.selection_.index]
        self.best_score_ = -each if errors.ndim == 2 else -float(each)
        self._take(self.selection_.fit)
        return self

    def _folds(self, X: Any, y: Any) -> Any:
        """cv as `ridge_cv` takes it."""
        if self.cv is None:
            return "loo"
        if hasattr(self.cv, "split"):
            return list(self.cv.split(X, y))
        if hasattr(self.cv, "__index__"):
            n = X.shape[0]
            return np.repeat(np.arange(int(self.cv)), [len(part) for part in np.array_split(np.arange(n), int(self.cv))])
        return self.cv
