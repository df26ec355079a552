"""Coefficients along a path: `plot_path` and `PathDisplay`."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import fastreg as fr
from fastreg.display import _arguments
from fastreg.display._style import (
    COLOURS,
    DASHES,
    FREEDOM,
    NONZERO,
    Display,
    alpha_axis,
    columns_of,
    count_axis,
    drawable,
    falling,
    font_size,
    label,
    new_figure,
    only,
    short,
    text_width,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastreg import Path, RidgePath

HIGHLIGHTED = len(COLOURS)


def plot_path(path: Path | RidgePath, ax: Axes | None = None, names: Sequence[str] | None = None) -> Axes:
    """Draw the coefficients of a path against alpha, on a log axis with the largest alpha on the left.

    One line per coefficient that is not zero everywhere: in a colour and a line style of its own for the 7 that grow largest,
    grey for the others.
    The top axis gives the number of non-zero coefficients, of ridge the effective degrees of freedom. An alpha of 0 has no
    place on a log axis and is left out.

    Parameters
    ----------
    path : Path or RidgePath. Its alphas may stand in any order.
    ax : matplotlib Axes to draw on; None makes a Figure outside pyplot: `plot_path(path).figure.savefig("path.png")`.
    names : p column names for a legend of the coloured lines, in the order in which these end; None takes those that X had, and
        draws no legend if it had none. The legend stands beside axes for which a layout engine makes room, else inside.

    Returns
    -------
    Axes. `ax`, or the axes of the new figure.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : `path` is no path, or `names` does not have p entries.
    """
    if not isinstance(path, fr.Path | fr.RidgePath):
        raise TypeError(f"path is {path!r:.60} ({type(path).__name__}); a Path or RidgePath is needed.")
    if ax is None:
        ax = new_figure().add_subplot()
    names = path.feature_names if names is None else names
    if names is not None:
        names = _arguments.column_names(names, path.n_features, "the path has {} coefficients")
    order = falling(path.alphas)
    alphas = path.alphas[order]
    features = np.flatnonzero(path.coefs.any(axis=1))
    coefs = path.coefs[np.ix_(features, order)]  # small even where p is large
    size = np.abs(coefs).max(axis=1, initial=0.0)
    drawn = np.argsort(size, kind="stable")  # the largest last: on top of the others
    drawn = drawn[size[drawn] > 0]  # what is zero except at alpha = 0 is not
    highlighted = drawn[-HIGHLIGHTED:]

    points = font_size(ax)
    style: dict[str, Any] = {"marker": "o" if len(order) == 1 else "", "markersize": 0.3 * points}  # one alpha makes no line
    ax.axhline(0.0, color="0.85", linewidth=0.08 * points, zorder=0)
    for j in drawn[:-HIGHLIGHTED]:
        ax.plot(alphas, coefs[j], color="0.75", linewidth=0.07 * points, **style)
    lines = {}
    for colour, dashes, j in zip(COLOURS, DASHES, highlighted[::-1], strict=False):
        (lines[j],) = ax.plot(alphas, coefs[j], color=colour, linestyle=dashes, linewidth=0.13 * points, **style)
    ends = sorted(lines, key=lambda j: -coefs[j, -1])
    shown = features[ends].tolist()
    labels = [] if names is None else [label(name, ax, points) for name in drawable([names[j] for j in shown], shown)]
    beside = labels and ax.figure.get_layout_engine() is not None
    width = width_of(ax) - (text_width(max(map(columns_of, labels)) + 5, points) if beside else 0.0)
    alpha_axis(ax, "coefficient", points, width)
    count_axis(ax, alphas, path.df[order], NONZERO if path.df.dtype.kind == "i" else FREEDOM, points, width)
    if labels:
        where: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if beside else {"loc": "best"}
        ax.legend([lines[j] for j in ends], labels, frameon=False, fontsize=0.9 * points, handlelength=2.0, **where)
    return ax


class PathDisplay(Display):
    """The coefficients of a path, as `plot_path` draws them, with a line at one alpha.

    Parameters
    ----------
    path : Path or RidgePath
    names : p column names, optional
        As in `plot_path`.
    alpha : float, optional
        Where to draw a dashed line: the alpha of an estimator.

    Attributes
    ----------
    ax_, figure_ : the matplotlib Axes and Figure, once plotted
    """

    def __init__(self, path: Path | RidgePath, *, names: Sequence[str] | None = None, alpha: float | None = None) -> None:
        self.path = path
        self.names = names
        self.alpha = alpha

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        y: Any = None,
        *,
        sample_weight: Any = None,
        alphas: Any = 100,
        names: Sequence[str] | None = None,
        ax: Axes | None = None,
    ) -> PathDisplay:
        """Draw the path of an estimator's options, through its alpha; the estimator need not be fitted, and is not changed.

        Parameters
        ----------
        estimator : Lasso, ElasticNet, Ridge or RidgeCV; or one with a `cv_path_`, whose path is drawn, and which needs no data
        X, y, sample_weight
            As in the estimator's `fit`, one target.
        alphas : int or array of shape (K,)
            As in `lasso_path` and `ridge_path`.
        names, ax
            As in `plot_path`.

        Returns
        -------
        PathDisplay

        Raises
        ------
        TypeError : `estimator` is none of these.
        ValueError : X or y is missing, y has several targets, or a Ridge has bounds.
        """
        found = getattr(estimator, "cv_path_", None)
        if found is not None:
            cv = only(found)
            return cls(cv.path, names=names, alpha=cv.alpha_min).plot(ax)
        path = _path_of(estimator, X, y, sample_weight, alphas)
        alpha = getattr(estimator, "alpha_", getattr(estimator, "alpha", None))
        return cls(path, names=names, alpha=None if alpha is None or np.ndim(alpha) else float(alpha)).plot(ax)

    def plot(self, ax: Axes | None = None) -> PathDisplay:
        """Draw it, which sets ax_ and figure_.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Default: on a new figure outside pyplot.

        Returns
        -------
        PathDisplay
            This one.
        """
        ax = plot_path(self.path, ax=ax, names=self.names)
        right, left = sorted(ax.get_xlim())
        if self.alpha is not None and right <= self.alpha <= left:
            points = font_size(ax)
            ax.axvline(self.alpha, color="0.4", linewidth=0.09 * points, linestyle="--", zorder=1)
            first_half = self.alpha**2 >= left * right
            bottom, top = ax.get_ylim()
            ax.set_ylim(bottom, top + 0.1 * (top - bottom))  # room for the text above all lines
            ax.annotate(
                f"alpha = {short(self.alpha)}",
                (self.alpha, 1.0),
                (0.3 * points * (1 if first_half else -1), -0.2 * points),
                xycoords=ax.get_xaxis_transform(),
                textcoords="offset points",
                ha="left" if first_half else "right",
                va="top",
                fontsize=0.9 * points,
                color="0.3",
            )
        self._drawn(ax)
        return self


def _path_of(estimator: Any, X: Any, y: Any, sample_weight: Any, alphas: Any) -> Any:
    """The path of an estimator's options: those of its arguments that the function of the path has too."""
    kind = type(estimator).__name__
    if isinstance(estimator, fr.ElasticNet):
        function: Any = fr.elastic_net_path
        options: dict[str, Any] = {"l1_ratio": estimator.l1_ratio}  # no argument of a Lasso
    elif isinstance(estimator, fr.Ridge | fr.RidgeCV):
        function, options = fr.ridge_path, {}
    else:
        raise TypeError(f"estimator is a {kind}; a Lasso, ElasticNet, Ridge or RidgeCV of fastreg is needed.")
    if X is None or y is None:
        raise ValueError(f"A path of {kind} is computed from data; give X and y.")
    given = estimator.get_params()
    if function is fr.ridge_path and (
        given.get("positive") or given.get("lower") is not None or given.get("upper") is not None
    ):
        raise ValueError(
            f"This {kind} has bounds, and ridge_path takes none; draw elastic_net_path(X, y, l1_ratio=0.0, alphas=...)."
        )
    options |= {name: given[name] for name in inspect.signature(function).parameters.keys() & given.keys()}
    options |= {"alphas": alphas, "sample_weight": sample_weight}
    options.pop("warm_start", None)  # whether to start from the last fit, where a path takes what to start from
    return only(function(X, y, **options))
