"""Errors on rows left out, as a cross-validation has them: `plot_cv` and `CVDisplay`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.display._style import (
    COLOURS,
    NONZERO,
    Display,
    Floats,
    alpha_axis,
    count_axis,
    falling,
    font_size,
    new_figure,
    only,
    short,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastreg._selection.results import CVPath

FEW = 12  # a band between fewer alphas than this would speak for what was not computed: bars stand at each
MOST_NAMED = 4  # of several curves; a longer legend leaves no room for them
LOSSES = {
    "mse": "mean squared error on\nleft-out rows (units of y²)",
    "mae": "mean absolute error on\nleft-out rows (units of y)",
}


def plot_cv(cv: CVPath, ax: Axes | None = None) -> Axes:
    """Draw the errors of a cross-validation against alpha, on a log axis with the largest alpha on the left.

    The mean over the folds with a band of one standard error to each side (bars for fewer than 12 alphas; none for one
    fold), and alpha_min and alpha_1se with their values. The top axis gives the number of non-zero coefficients of the fits
    to all rows. Curves of other l1_ratios or amounts of relaxation are drawn thin: up to 4 coloured and named, more in grey.
    An alpha of 0 has no place on a log axis and is left out; so is an error that is not finite.

    Parameters
    ----------
    cv : CVPath. Its alphas may stand in any order.
    ax : matplotlib Axes to draw on; None makes a Figure outside pyplot.

    Returns
    -------
    Axes. `ax`, or the axes of the new figure.

    Raises
    ------
    ImportError : matplotlib is not installed.
    TypeError : `cv` is no CVPath.
    """
    if not hasattr(cv, "fold_errors") or not hasattr(cv, "curves"):
        raise TypeError(f"cv is {cv!r:.60} ({type(cv).__name__}); a CVPath is needed.")
    if ax is None:
        ax = new_figure().add_subplot()
    points = font_size(ax)
    others = [one for one in cv.curves if (one.l1_ratio, one.relax) != (cv.l1_ratio, cv.relax)]
    names = _differences([cv, *others])
    alphas, errors, spread = _curve(cv)
    few = len(alphas) < FEW
    marker = "o" if few else ""
    label = names[0] if others else None
    ax.plot(alphas, errors, color=COLOURS[0], linewidth=0.13 * points, marker=marker, markersize=0.3 * points, label=label)
    if len(cv.fold_errors) > 1:
        band = "± 1 standard error"
        if few:
            bars: dict[str, Any] = {"ecolor": COLOURS[0], "elinewidth": 0.1 * points, "capsize": 0.2 * points}
            ax.errorbar(alphas, errors, spread, fmt="none", label=band, **bars)
        else:
            low, high = errors - spread, errors + spread
            ax.fill_between(alphas, low, high, color=COLOURS[0], alpha=0.2, linewidth=0.0, label=band, zorder=1.2)
    _mark(ax, cv, points)
    coloured = len(others) <= MOST_NAMED
    for k, one in enumerate(others):
        colour = COLOURS[1 + k] if coloured else "0.7"
        label = names[1 + k] if coloured else f"{len(others)} others" if k == 0 else None
        ax.plot(*_curve(one)[:2], color=colour, linewidth=0.08 * points, label=label, zorder=1.5)

    ax.update_datalim(np.column_stack([alphas, alphas]), updatey=False)  # errors may all be NaN
    top = f"{NONZERO} ({names[0]})" if others else NONZERO
    margin = 0.03 if few and alphas.max(initial=0.0) < 1e280 else 0.0  # and above it would overflow
    alpha_axis(ax, LOSSES[cv.loss], points, width_of(ax), margin)
    count_axis(ax, alphas, cv.path.df[falling(cv.alphas)], top, points, width_of(ax))
    ax.legend(fontsize=0.9 * points, handlelength=1.2, framealpha=0.85, edgecolor="none", borderpad=0.2, labelspacing=0.3)
    return ax


class CVDisplay(Display):
    """The errors of a cross-validation, as `plot_cv` draws them.

    Parameters
    ----------
    cv_path : CVPath

    Attributes
    ----------
    ax_, figure_ : the matplotlib Axes and Figure, once plotted
    """

    def __init__(self, cv_path: CVPath) -> None:
        self.cv_path = cv_path

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any = None, y: Any = None, *, ax: Axes | None = None) -> CVDisplay:
        """Draw the errors of a LassoCV or ElasticNetCV from its `cv_path_`; of one that is not fitted a copy is, to X and y.

        Parameters
        ----------
        estimator : LassoCV or ElasticNetCV
            Or any with a `cv_path_`.
        X, y
            Needed where the estimator is not fitted.
        ax
            As in `plot_cv`.

        Returns
        -------
        CVDisplay

        Raises
        ------
        TypeError : `estimator` makes no `cv_path_`.
        ValueError : it is not fitted, and X or y is missing; or y has several targets.
        """
        kind = type(estimator).__name__
        found = getattr(estimator, "cv_path_", None)
        if found is None and hasattr(estimator, "get_params") and hasattr(estimator, "fit") and not hasattr(estimator, "coef_"):
            if X is None or y is None:
                raise ValueError(
                    f"This {kind} has no cv_path_: it is not fitted (call fit first, or give X and y), or of another kind "
                    "(of a pipeline, pass the last step)."
                )
            found = getattr(type(estimator)(**estimator.get_params(deep=False)).fit(X, y), "cv_path_", None)
        if found is None:
            raise TypeError(f"{kind} has no cv_path_; a LassoCV or ElasticNetCV is needed.")
        return cls(only(found)).plot(ax)

    def plot(self, ax: Axes | None = None) -> CVDisplay:
        """Draw it, which sets ax_ and figure_.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: on a new figure outside pyplot.

        Returns
        -------
        CVDisplay
            This one.
        """
        self._drawn(plot_cv(self.cv_path, ax=ax))
        return self


def _curve(cv: CVPath) -> tuple[Floats, Floats, Floats]:
    """Alphas, errors and standard errors from the largest alpha down, NaN for what is not finite: matplotlib leaves a gap."""
    order = falling(cv.alphas)
    errors, spread = (np.where(np.isfinite(one[order]), one[order], np.nan) for one in (cv.errors, cv.errors_se))
    return cv.alphas[order], errors, spread


def _differences(curves: Sequence[CVPath]) -> list[str]:
    """A name for each curve, of what they do not have in common."""
    kept = [name for name in ("l1_ratio", "relax") if len({getattr(one, name) for one in curves}) > 1]
    return [", ".join(f"{name} {getattr(one, name):g}" for name in kept) for one in curves]


def _mark(ax: Axes, cv: CVPath, points: float) -> None:
    """Lines and points at alpha_min and alpha_1se, one where they are the same."""
    from matplotlib.collections import LineCollection

    same = cv.alpha_min == cv.alpha_1se
    marks = [("alpha_min = alpha_1se" if same else "alpha_min", cv.index_min, COLOURS[0], "-")]
    if not same:
        marks.append(("alpha_1se", cv.index_1se, "white", "--"))
    for name, k, face, linestyle in marks:
        alpha, error = cv.alphas[k], cv.errors[k]
        label = f"{name} = {short(alpha)}"
        if name != "alpha_1se" and len(cv.alphas) > 1 and alpha > 0.0 and alpha in (cv.alphas.min(), cv.alphas.max()):
            label += "\n(an end of the path)"
        if alpha > 0:
            # no Line2D: a legend that looks for room keeps off lines, but may lie on these
            upright = LineCollection([[(alpha, 0.0), (alpha, 1.0)]], transform=ax.get_xaxis_transform(), zorder=1)
            upright.set(color="0.6", linewidth=0.07 * points, linestyle=linestyle)
            ax.add_collection(upright, autolim=False)
        else:
            alpha, label = np.nan, f"{label} (off the axis)"
        ax.plot(
            [alpha],
            [error if np.isfinite(error) else np.nan],
            linestyle="",
            marker="o",
            markersize=0.55 * points,
            markerfacecolor=face,
            markeredgecolor=COLOURS[0],
            markeredgewidth=0.12 * points,
            label=label,
            zorder=3,
            clip_on=False,  # whole at the ends of the axis too
        )
