"""What lasso_cv and elastic_net_cv return.

Knows errors, paths and how an alpha is chosen from them; must not know how either was computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg._results import Fit, Path
from fastreg._selection.criteria import best

Floats = NDArray[np.float64]
ALPHAS = ("min", "1se")


class CVStep(NamedTuple):
    """What a callback is told after each alpha."""

    alpha: float
    l1_ratio: float
    errors: Floats  #: the error on each fold, (folds,); (folds, shares) for several amounts of relaxation
    done: int  #: alphas that are done, of one target
    total: int  #: of so many, over all l1_ratios


@dataclass(frozen=True, eq=False)
class CVPath:
    """Errors on rows left out for every alpha of a grid, and the path fitted to all rows.

    Of several l1_ratios, or amounts of relaxation, this is the one with the least error.

    Attributes
    ----------
    alphas : ndarray of shape (K,)
        In the order in which they were given; a grid goes down.
    errors, errors_se : ndarray of shape (K,)
        The mean over the folds of the error on each, and its standard error: the standard deviation over the folds (ddof 1)
        divided by the square root of their number.  0.0 with one fold.
    fold_errors : ndarray of shape (folds, K)
        The weighted mean of the loss over the rows that a fold leaves out.
    loss : str
        "mse", the squared error, or "mae", the absolute one.
    path : Path
        The fits to all rows, at the same alphas.  Columns are read for folds and all rows at once, and so are counted for both.
    dual_gap : float
        The largest gap of all fits to folds, divided by the objective there: objective - optimum <= dual_gap * objective.
    index_min, index_1se : int
        The places of alpha_min and alpha_1se in alphas.
    relax : float
        Share of the least-squares refit in the coefficients of `path`, see `lasso_path`.
    curves : tuple of CVPath
        One for each l1_ratio, and for each amount of relaxation of it, in the order given, without curves of its own; this
        has the numbers of one of them.
    """

    alphas: Floats
    errors: Floats
    errors_se: Floats
    fold_errors: Floats
    loss: str
    path: Path
    dual_gap: float
    index_min: int
    index_1se: int
    relax: float
    curves: tuple[CVPath, ...]

    @property
    def l1_ratio(self) -> float:
        """That of the path."""
        return self.path.l1_ratio

    @property
    def alpha_min(self) -> float:
        """The alpha with the least error, the larger of two that are equally good."""
        return float(self.alphas[self.index_min])

    @property
    def alpha_1se(self) -> float:
        """The largest alpha whose error is at most one standard error above the least (Breiman et al., 1984, CART, 3.4.3)."""
        return float(self.alphas[self.index_1se])

    @property
    def fit(self) -> Fit:
        """The fit to all rows at alpha_min."""
        return self.path[self.index_min]

    @property
    def fit_1se(self) -> Fit:
        """The fit to all rows at alpha_1se."""
        return self.path[self.index_1se]

    def predict(self, X: ArrayLike, alpha: float | str = "min") -> Floats:
        """Predictions at one alpha.

        Parameters
        ----------
        X : array, sparse matrix, data frame, path or WideDesign of shape (n, p)
            As in `Path.predict`.
        alpha : "min", "1se" or float
            alpha_min, alpha_1se, or an alpha of the path as in `Path.predict`.

        Returns
        -------
        ndarray of shape (n,), float64

        Raises
        ------
        ValueError, TypeError
            As `Path.predict`, and for another word.
        """
        if not isinstance(alpha, str):
            return self.path.predict(X, alpha)
        if alpha not in ALPHAS:
            raise ValueError(f'alpha is {alpha!r}; "min", "1se" or a number is needed.')
        return (self.fit if alpha == "min" else self.fit_1se).predict(X)

    def plot(self, ax: Any = None) -> Any:
        """Draw the errors against alpha, as `fastreg.display.plot_cv`.

        Parameters
        ----------
        ax
            As in `fastreg.display.plot_cv`.

        Returns
        -------
        matplotlib Axes
        """
        from fastreg.display import plot_cv

        return plot_cv(self, ax=ax)

    def __repr__(self) -> str:
        relaxed = f", relax={self.relax:g}" if self.relax else ""
        end = (
            ", an end of the path" if len(self.alphas) > 1 and self.alpha_min in (self.alphas.min(), self.alphas.max()) else ""
        )
        return (
            f"CVPath({len(self.alphas)} alphas, {len(self.fold_errors)} folds, l1_ratio={self.l1_ratio:g}{relaxed}, "
            f"alpha_min={self.alpha_min:.4g}{end}, alpha_1se={self.alpha_1se:.4g}, "
            f"least {self.loss}={self.errors[self.index_min]:.6g}, largest dual_gap={self.dual_gap:.2g} of the objective)"
        )


def curve(alphas: Floats, fold_errors: Floats, loss: str, path: Path, dual_gap: float, relax: float) -> CVPath:
    """The CVPath of one l1_ratio and one amount of relaxation, alone."""
    errors = fold_errors.mean(axis=0)
    folds, top = len(fold_errors), float(fold_errors.max())
    spread = np.zeros_like(errors)
    if folds > 1 and top > 0.0:  # squares of squared errors may leave the range of float64
        spread = (fold_errors / top).std(axis=0, ddof=1) / np.sqrt(folds) * top
    k = best(errors, alphas)
    near = np.flatnonzero(errors <= errors[k] + spread[k])
    at = int(near[np.argmax(alphas[near])]) if near.size else k
    return CVPath(alphas, errors, spread, fold_errors, loss, path, dual_gap, k, at, relax, ())


def with_curves(curves: list[CVPath]) -> CVPath:
    """The one with the least error, the first of equally good ones, with all of them as its curves."""
    least = [float(np.nanmin(one.errors)) if not np.isnan(one.errors).all() else np.inf for one in curves]
    found = replace(curves[int(np.argmin(least))], curves=tuple(curves))
    return found
