"""Pictures of results: coefficients along a path, errors on rows left out.

matplotlib is imported inside, and only its object interface is used: no display is needed, no pyplot state is touched.
Text and lines shrink with axes narrower than 3.3 inches, down to 6 points; a column of a paper is 3 inches wide.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import fastreg as fr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fastreg import Path, RidgePath
    from fastreg._selection.results import CVPath

__all__ = ["CVDisplay", "PathDisplay", "plot_cv", "plot_path"]

Floats = NDArray[np.float64]

# Okabe and Ito (2008), Color Universal Design: told apart by colour-blind readers too; without the yellow, too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
HIGHLIGHTED = len(COLOURS)
DF_TICKS = 7
FEW = 12  # a band between fewer alphas than this would speak for what was not computed: bars stand at each
MOST_NAMED = 4  # of several curves; a longer legend leaves no room for them
ALPHA = "alpha (log scale, strong to weak penalty)"
NONZERO = "non-zero coefficients"
LOSSES = {
    "mse": "mean squared error on\nleft-out rows (units of y²)",
    "mae": "mean absolute error on\nleft-out rows (units of y)",
}


def plot_path(path: Path | RidgePath, ax: Axes | None = None, names: Sequence[str] | None = None) -> Axes:
    """Draw the coefficients of a path against alpha, on a log axis with the largest alpha on the left.

    One line per coefficient that is not zero everywhere: coloured for the 7 that grow largest, grey for the others.
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
    ValueError : `names` does not have p entries.
    """
    if ax is None:
        ax = _new_figure().add_subplot()
    names = path.feature_names if names is None else names
    if names is not None and len(names) != path.n_features:
        raise ValueError(f"names has {len(names)} entries but the path has {path.n_features} coefficients.")
    order = _falling(path.alphas)
    alphas = path.alphas[order]
    features = np.flatnonzero(path.coefs.any(axis=1))
    coefs = path.coefs[np.ix_(features, order)]  # small even where p is large
    size = np.abs(coefs).max(axis=1, initial=0.0)
    drawn = np.argsort(size, kind="stable")  # the largest last: on top of the others
    drawn = drawn[size[drawn] > 0]  # what is zero except at alpha = 0 is not
    highlighted = drawn[-HIGHLIGHTED:]

    points = _font_size(ax)
    style: dict[str, Any] = {"marker": "o" if len(order) == 1 else "", "markersize": 0.3 * points}  # one alpha makes no line
    ax.axhline(0.0, color="0.85", linewidth=0.08 * points, zorder=0)
    for j in drawn[:-HIGHLIGHTED]:
        ax.plot(alphas, coefs[j], color="0.75", linewidth=0.07 * points, **style)
    lines = {}
    for colour, j in zip(COLOURS, highlighted[::-1], strict=False):
        (lines[j],) = ax.plot(alphas, coefs[j], color=colour, linewidth=0.13 * points, **style)
    ends = sorted(lines, key=lambda j: -coefs[j, -1])
    labels = [_label(str(names[features[j]]), ax, points) for j in ends] if names is not None else []
    beside = labels and ax.figure.get_layout_engine() is not None
    width = _width(ax) - (_text_width(max(map(len, labels)) + 4, points) if beside else 0.0)
    _finish(
        ax, alphas, path.df[order], NONZERO if path.df.dtype.kind == "i" else "degrees of freedom", "coefficient", points, width
    )
    if labels:
        where: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if beside else {"loc": "best"}
        ax.legend([lines[j] for j in ends], labels, frameon=False, fontsize=0.9 * points, handlelength=1.2, **where)
    return ax


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
    """
    if ax is None:
        ax = _new_figure().add_subplot()
    points = _font_size(ax)
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
    _finish(ax, alphas, cv.path.df[_falling(cv.alphas)], top, LOSSES[cv.loss], points, _width(ax), margin)
    ax.legend(fontsize=0.9 * points, handlelength=1.2, framealpha=0.85, edgecolor="none", borderpad=0.2, labelspacing=0.3)
    return ax


class Display:
    """A picture as scikit-learn's displays are: the data, and `plot`, which sets ax_ and figure_."""

    ax_: Axes
    figure_: Any

    def _drawn(self, ax: Axes) -> None:
        self.ax_, self.figure_ = ax, ax.figure


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

        Raises
        ------
        TypeError : `estimator` is none of these.
        ValueError : X or y is missing, y has several targets, or a Ridge has bounds.
        """
        found = getattr(estimator, "cv_path_", None)
        if found is not None:
            cv = _only(found)
            return cls(cv.path, names=names, alpha=cv.alpha_min).plot(ax)
        path = _path_of(estimator, X, y, sample_weight, alphas)
        alpha = getattr(estimator, "alpha_", getattr(estimator, "alpha", None))
        return cls(path, names=names, alpha=None if alpha is None or np.ndim(alpha) else float(alpha)).plot(ax)

    def plot(self, ax: Axes | None = None) -> PathDisplay:
        """Draw on `ax`, or on a new figure outside pyplot; returns self."""
        ax = plot_path(self.path, ax=ax, names=self.names)
        right, left = sorted(ax.get_xlim())
        if self.alpha is not None and right <= self.alpha <= left:
            points = _font_size(ax)
            ax.axvline(self.alpha, color="0.4", linewidth=0.09 * points, linestyle="--", zorder=1)
            first_half = self.alpha**2 >= left * right
            bottom, top = ax.get_ylim()
            ax.set_ylim(bottom, top + 0.1 * (top - bottom))  # room for the text above all lines
            ax.annotate(
                f"alpha = {_short(self.alpha)}",
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
        return cls(_only(found)).plot(ax)

    def plot(self, ax: Axes | None = None) -> CVDisplay:
        """Draw on `ax`, or on a new figure outside pyplot; returns self."""
        self._drawn(plot_cv(self.cv_path, ax=ax))
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
    return _only(function(X, y, **options))


def _only(found: Any) -> Any:
    """Of a tuple with something for each target, what the only target has."""
    if isinstance(found, tuple):
        if len(found) != 1:
            raise ValueError(f"y has {len(found)} targets; one is needed for a picture.")
        return found[0]
    return found


def _new_figure() -> Figure:
    """A Figure that pyplot does not know of."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'fastreg-solvers[plot]'") from error
    return Figure(figsize=(7.0, 4.5), layout="constrained")


def _font_size(ax: Axes) -> float:
    """Of labels, in points: that of matplotlib's settings, and less for axes that this would fill."""
    from matplotlib import rcParams

    return float(min(rcParams["font.size"], max(3.0 * _width(ax) / 72.0, 7.0)))


def _width(ax: Axes) -> float:
    """Of the axes, in points; before a layout engine has worked, roughly."""
    return 72.0 * float(ax.get_window_extent().width) / ax.figure.dpi


def _falling(alphas: Floats) -> NDArray[np.intp]:
    """The places of the alphas that a log axis can show, from the largest down."""
    order = np.argsort(-alphas, kind="stable")
    return order[alphas[order] > 0]


def _curve(cv: CVPath) -> tuple[Floats, Floats, Floats]:
    """Alphas, errors and standard errors from the largest alpha down, NaN for what is not finite: matplotlib leaves a gap."""
    order = _falling(cv.alphas)
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
        label = f"{name} = {_short(alpha)}"
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


def _label(name: str, ax: Axes, points: float) -> str:
    """A name for a legend: cut where it would take more than 0.4 of the axes."""
    most = max(int(0.4 * _width(ax) / (0.5 * points)), 8)
    if len(name) > most:
        name = name[: most - 1] + "…"
    # matplotlib hides labels that start with "_" and reads "$" as the start of a formula
    return " " + name.replace("$", r"\$")


def _plain(value: float, _: int | None = None) -> str:
    """A number of a tick in full: a factor common to all would stand where the top axis has its numbers."""
    text = f"{value:.10g}"
    if value != 0.0 and not 1e-4 <= abs(value) < 1e5:
        text = np.format_float_scientific(value, precision=9, trim="-", exp_digits=1).replace("e+", "e")
    return text.replace("-", "\N{MINUS SIGN}")


def _short(value: float) -> str:
    """A number of a legend, to three digits."""
    return _plain(float(f"{value:.3g}"))


def _text_width(characters: int, points: float) -> float:
    """Of the small text, in points, about."""
    return 0.6 * 0.9 * points * characters


def _finish(
    ax: Axes,
    alphas: Floats,
    df: NDArray[Any],
    counted: str,
    ylabel: str,
    points: float,
    width: float,
    margin: float = 0.0,
) -> None:
    """Axes of alpha, of what is drawn, and of df on top; alphas fall.  width: of the axes once a legend stands beside."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    small = 0.9 * points
    ax.margins(x=0.0)  # first, as a margin around alphas that are linear yet may be below 0
    ax.set_xscale("log")
    ax.margins(x=margin)
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    low, high = sorted(ax.get_xlim())
    longest = max(len(_plain(float(f"{end:.1g}"))) for end in (low, high))
    most = min(max(int(width / _text_width(longest + 1, points)), 2), 6)
    counts = {steps: _count(steps, low, high) for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))}
    steps = next((steps for steps, count in counts.items() if 2 < count <= most), (1.0,) if counts[1.0,] > 1 else None)
    ax.xaxis.set_major_locator(LogLocator(subs=steps, numticks=most) if steps else MaxNLocator(most))
    ax.xaxis.set_minor_locator(NullLocator())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(_plain))
    ax.set_xlabel(ALPHA, fontsize=points)
    ax.set_ylabel(ylabel, fontsize=points)
    ax.tick_params(labelsize=small, length=0.3 * points, pad=0.3 * points)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)

    ticks = _spaced(np.log(alphas), int(width / _text_width(len(f"{df.max(initial=0):.0f}") + 2, points)))
    top = ax.secondary_xaxis("top")
    top.set_xticks(alphas[ticks], [f"{count:.0f}" for count in df[ticks]])
    top.minorticks_off()
    top.tick_params(length=0.2 * points, pad=0.2 * points, labelsize=small, colors="0.4")
    top.spines["top"].set_visible(False)
    top.set_xlabel(counted, fontsize=small, color="0.4")


def _count(steps: Sequence[float], low: float, high: float) -> int:
    """How many steps * 10^k lie from low to high."""
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1.0)
    marks = np.outer(decades, steps)
    return int(np.count_nonzero((low <= marks) & (marks <= high)))


def _spaced(places: Floats, most: int) -> list[int]:
    """Which of falling places get a number: those next to up to 7 evenly spaced ones, but no two close to one another."""
    if not places.size:
        return []
    most = max(min(most, DF_TICKS), 2)
    wanted = np.linspace(places[0], places[-1], most)
    room = 0.8 * (places[0] - places[-1]) / (most - 1)
    chosen: list[int] = []
    for k in np.abs(places[:, None] - wanted).argmin(axis=0):
        if not chosen or places[chosen[-1]] - places[k] >= max(room, 1e-300):
            chosen.append(int(k))
    return chosen
