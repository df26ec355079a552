"""What ridge_path and ridge_cv return, in public scaling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input
from fastreg._results import Fit, Status, place, predicted, span
from fastreg._selection import criteria

Floats = NDArray[np.float64]

# Name: 1 where the least is best, -1 where the largest is.
CRITERIA = {"loo": 1.0, "gcv": 1.0, "log_marginal_likelihood": -1.0, "aic": 1.0, "aicc": 1.0, "bic": 1.0}


@dataclass(frozen=True, eq=False)
class RidgePath:
    """Ridge fits for several alphas, in the order in which the alphas were given, and what speaks for each.

    n is the number of rows of weight > 0, s the weights divided by their sum, all squares in units of y^2.

    Attributes
    ----------
    alphas, intercepts, objectives, dual_gaps, deviance_ratio : ndarray of shape (K,)
        As in `Path`; objective - optimum <= dual_gap.
    n_rows : int
    log_mse : ndarray of shape (K,)
        As in `Path`.
    df : ndarray of shape (K,)
        Effective degrees of freedom: the trace of the matrix that takes y to its prediction, with 1 for the intercept and 1
        for each direction that is not penalised.
    gcv : ndarray of shape (K,)
        Generalised cross-validation: sum_i s_i r_i^2 / (1 - df/n)^2 for residuals r; at alpha = 0 its limit.
    loo : ndarray of shape (K,), or None
        Leave-one-out error: sum_i s_i e_i^2, e_i the exact error of predicting row i from the others, at the same alpha and
        penalty factors.  NaN where a row is the only one.
    log_marginal_likelihood : ndarray of shape (K,)
        Of y ~ N(b + Xw, v / s_i), w ~ N(0, v / alpha inv(D)), at the v that makes it largest; flat in b and in what is not
        penalised (restricted likelihood).  -inf for alpha = 0.
    coefs : ndarray of shape (p, K)
    statuses : tuple of K Status
    method : str
        "eigen", "svd" or "tridiagonal": the reduction that all of it comes from.
    n_features : int
    feature_names : tuple of p str, or None
    """

    alphas: Floats
    coefs: Floats = field(repr=False)
    intercepts: Floats
    objectives: Floats
    dual_gaps: Floats
    deviance_ratio: Floats
    n_rows: int
    log_mse: Floats
    df: Floats
    gcv: Floats
    loo: Floats | None
    log_marginal_likelihood: Floats
    statuses: tuple[Status, ...]
    n_iters: NDArray[np.intp]
    method: str
    feature_names: tuple[str, ...] | None = None

    @property
    def n_features(self) -> int:
        """p, the number of columns of X."""
        return int(self.coefs.shape[0])

    def __len__(self) -> int:
        return len(self.alphas)

    def __getitem__(self, k: int) -> Fit:
        """The fit at alphas[k]."""
        k = place(k, len(self))
        return Fit(
            self.coefs[:, k].copy(),
            float(self.intercepts[k]),
            float(self.alphas[k]),
            0.0,
            float(self.objectives[k]),
            float(self.dual_gaps[k]),
            int(self.n_iters[k]),
            self.statuses[k],
            self.feature_names,
        )

    def __repr__(self) -> str:
        return (
            f"RidgePath({len(self)} alphas from {self.alphas.max():.4g} to {self.alphas.min():.4g}, p={self.n_features}, "
            f"{self.df.min():.3g} to {self.df.max():.3g} degrees of freedom, largest dual_gap={self.dual_gaps.max():.2g})"
        )

    def predict(self, X: ArrayLike, alpha: float | None = None) -> Floats:
        """Predictions for every alpha, or for one.

        Between two alphas of the path the coefficients are interpolated linearly in alpha.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, p)
            Anything that a fit takes; names of columns must be those of the fit.
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
        return predicted(whole, self.coefs, self.intercepts, self.alphas, alpha)

    def criterion(self, name: str = "loo", *, noise: float | None = None, n_rows: float | None = None) -> Floats:
        """What the fit at each alpha is worth.

        Parameters
        ----------
        name : str
            The path's "loo", "gcv" or "log_marginal_likelihood", or "aic", "aicc" and "bic" as in `Path.criterion`.  There is
            no "ebic": ridge leaves no column out.
        noise, n_rows
            As in `Path.criterion`.

        Returns
        -------
        ndarray of shape (K,), float64

        Raises
        ------
        ValueError, TypeError
            For another name, for "loo" of a path without it, and options out of range.
        """
        if name not in CRITERIA:
            raise ValueError(f"criterion is {name!r}; one of {', '.join(map(repr, CRITERIA))} is needed.")
        if name in criteria.NAMES and name != "gcv":
            n = self.n_rows if n_rows is None else _input.number(n_rows, "n_rows", 1.0)
            return criteria.values(name, criteria.Evidence(self.log_mse, self.df, n, np.zeros(len(self))), noise=noise)
        if noise is not None or n_rows is not None:
            raise ValueError(f'criterion is {name!r}, which takes neither noise nor n_rows; "aic", "aicc" and "bic" do.')
        values: Floats | None = getattr(self, name)
        if values is None:
            raise ValueError(
                'criterion is "loo", but the path has no leave-one-out errors; "gcv", or rows and leave_one_out=True is needed.'
            )
        return values

    def select(self, criterion: str = "loo", **options: Any) -> Fit:
        """The fit with the least `criterion`, or the largest "log_marginal_likelihood"; of two equally good, the larger alpha.

        Parameters
        ----------
        criterion : str
            A path from statistics has no rows to leave out, and so no "loo".
        **options
            Of `criterion`, the method: noise, n_rows.

        Returns
        -------
        Fit

        Raises
        ------
        ValueError, TypeError
            As `criterion`.
        """
        values = self.criterion(criterion, **options)
        return self[criteria.best(CRITERIA[criterion] * values, self.alphas)]

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
class RidgeSelection:
    """The alphas that `ridge_cv` chose from, and the fit at the best.

    Attributes
    ----------
    alphas : ndarray of shape (K,)
    errors : ndarray of shape (K,), or (K, t) with alpha_per_target
        The error of each alpha, the mean over the targets unless each has its own alpha.
    fold_errors : ndarray of shape (folds, K) or (folds, K, t), or None
        The weighted mean squared error on each fold; None for "loo" and "gcv".
    row_errors : ndarray of shape (n, K), or (n, K, t), or None
        y_i less its prediction from the other rows, if it was asked for; NaN for a row of weight 0.
    alpha : float, or ndarray of shape (t,)
        The alpha with the least error, the larger of two that are equally good.
    index : int, or ndarray of shape (t,)
        Its place in alphas.
    fit : Fit
        The fit at alpha to all rows.
    criterion : str
        "loo", "gcv" or "folds".
    """

    alphas: Floats
    errors: Floats
    fold_errors: Floats | None
    row_errors: Floats | None
    alpha: Any
    index: Any
    fit: Fit
    criterion: str

    def predict(self, X: ArrayLike) -> Floats:
        """Predictions of the fit at alpha.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, p)
            Anything that a fit takes; names of columns must be those of the fit.

        Returns
        -------
        ndarray of shape (n,), or (n, t), float64

        Raises
        ------
        ValueError, TypeError
            For an X of other columns.
        """
        return self.fit.predict(X)

    def __repr__(self) -> str:
        ends = self.alphas.min(), self.alphas.max()
        where = ", an end of them," if len(self.alphas) > 1 and np.isin(np.atleast_1d(self.alpha), ends).any() else ""
        return (
            f"RidgeSelection(alpha={span(self.alpha)} of {len(self.alphas)}{where} by {self.criterion}, "
            f"least error={np.nanmin(self.errors):.6g})"
        )
