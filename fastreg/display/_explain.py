"""Pictures that explain L1 and L2: balls, geometry, priors, shrinkage, paths, over-fitting.

Each takes a Figure or a SubFigure, and puts its panels below one another where that is narrower than 5 inches. Every curve has
a colour and a line style of its own, so that grey prints can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import fastreg as fr
from fastreg.display import shapes
from fastreg.display._style import (
    COLOURS,
    FREEDOM,
    NONZERO,
    Floats,
    alpha_axis,
    count_axis,
    falling,
    font_size,
    label,
    new_figure,
    plain,
    short,
    text_width,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

L1, L2 = COLOURS[1], COLOURS[0]
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1)),
    (0, (5, 1, 1, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (8, 2)),
    (0, (2, 2)),
)
NARROW = 5.0  # inches: less is one column of a paper
ORDERS = (np.inf, 4.0, 2.0, 1.5, 1.0, 0.7, 0.4, 0.1)
NAMED = {np.inf: ": maximum", 2.0: ": ridge", 1.0: ": lasso", 0.1: ": nearly L0"}
ELEVATION, AZIMUTH = 22.0, 32.0  # degrees: from where surfaces are looked at
VIEWER = np.array([np.cos(np.radians(AZIMUTH)), np.sin(np.radians(AZIMUTH)), np.tan(np.radians(ELEVATION))])
LIGHT = np.array([0.55, -0.1, 0.83])  # from where the surfaces are lit
MOST_TICKS = 6
MOST_GREY = 50  # of the columns of a path that are not coloured


def plot_balls(figure: Figure | None = None, *, dimensions: int = 2, orders: Sequence[float] = ORDERS) -> Figure:
    """Draw the balls |w|_p <= 1 for p from infinity (a square or cube) to nearly 0 (the axes). Those of p >= 1 are convex.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.
    dimensions : 2 or 3
    orders : each p > 0, infinity included

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError : `dimensions` is not 2 or 3, or an order is not above 0.
    """
    if dimensions not in (2, 3):
        raise ValueError(f"dimensions is {dimensions}; 2 or 3 is needed.")
    for p in orders:
        if not p > 0.0:
            raise ValueError(f"orders has {p}; norms of orders above 0 have a ball.")
    if figure is None:
        figure = new_figure(7.0, 4.0)
    draw = _ball if dimensions == 2 else _ball_in_space
    for p, ax in zip(orders, _panels(figure, len(orders), 4, 2, projection=None if dimensions == 2 else "3d"), strict=True):
        draw(ax, p)
        points = font_size(ax)
        ax.set_title(f"p = {'∞' if np.isinf(p) else f'{p:g}'}{NAMED.get(p, '')}", fontsize=points, pad=0.3 * points)
    return figure


def _ball(ax: Axes, p: float) -> None:
    """Filled, in the middle of the axes; of p < 1 hatched."""
    around = shapes.ball(p)
    points = font_size(ax)
    colour, hatch = (L2, "") if p >= 1.0 else (L1, "////")
    ax.axhline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
    ax.axvline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
    ax.fill(*around.T, facecolor=(colour, 0.25), edgecolor=(colour, 0.6), hatch=hatch, linewidth=0.0)
    ax.plot(*around.T, color=colour, linewidth=0.15 * points)
    ax.set_aspect("equal")
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    _small(ax, points)


def _ball_in_space(ax: Any, p: float) -> None:
    """A surface, lit from above; its edges keep thin spikes visible."""
    from matplotlib.colors import to_rgb
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    ax.view_init(elev=ELEVATION, azim=AZIMUTH)
    corners, triangles = shapes.ball_surface(p)
    a, b, c = np.moveaxis(corners[triangles], 1, 0)
    normal = np.cross(b - a, c - a)
    seen = normal @ VIEWER > 0.0  # matplotlib sorts faces by depth, and gets those behind thin ones wrong
    triangles, normal = triangles[seen], normal[seen]
    upright = normal @ LIGHT / np.maximum(np.linalg.norm(normal, axis=1), 1e-300)
    brightness = np.clip(0.75 + 0.5 * upright, 0.25, 1.4)[:, None]
    colour = np.array(to_rgb(L2 if p >= 1.0 else L1))
    shaded = np.where(brightness <= 1.0, colour * brightness, 1.0 - (1.0 - colour) * (2.0 - brightness))
    ax.add_collection3d(Poly3DCollection(corners[triangles], facecolors=shaded, edgecolors=shaded, linewidths=0.3))
    for end in 1.25 * np.eye(3):
        ax.plot(*np.column_stack([-end, end]), color="0.6", linewidth=0.6, zorder=0)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    ax.set_proj_type("ortho")
    ax.set_box_aspect((1, 1, 1), zoom=1.02)
    ax.set_axis_off()


def plot_geometry(
    X: Any,
    y: Any,
    figure: Figure | None = None,
    *,
    names: Sequence[str] | None = None,
    share: float | None = None,
    fit_intercept: bool = True,
    standardize: bool = False,
) -> Figure:
    """Draw contours of least squares over the plane of two coefficients, and where they touch the L1 and the L2 ball.

    The point of touch is the solution of the lasso and of ridge for one alpha, which is named; on the L1 ball it is often a
    corner, where a coefficient is 0.

    Parameters
    ----------
    X : array of shape (n, 2)
    y : array of shape (n,)
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.
    names : two column names, optional
    share, fit_intercept, standardize : as in `shapes.touching`.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError : as `shapes.touching`.
    """
    found = shapes.touching(X, y, share, fit_intercept=fit_intercept, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 3.9)
    names = ["column 0", "column 1"] if names is None else names
    axes = _panels(figure, 2, 2, 1)
    middle, reach = _frame(found)
    for ax, solution, order in zip(axes, (found.lasso, found.ridge), (1, 2), strict=True):
        points = font_size(ax)
        colour, name = ((L1, "lasso"), (L2, "ridge"))[order - 1]
        ax.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach))
        ax.set_aspect("equal")
        ax.axhline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
        ax.axvline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
        side = np.linspace(-reach, reach, 201)
        plane = np.stack(np.meshgrid(middle[0] + side, middle[1] + side), axis=-1)
        loss = found.excess(plane)
        touch = solution.excess
        others = touch * np.array([0.05, 0.25, 0.55, 1.6, 2.4])
        ax.contour(plane[..., 0], plane[..., 1], loss, levels=others, colors="0.65", linewidths=0.07 * points)
        ax.contour(plane[..., 0], plane[..., 1], loss, levels=[touch], colors="0.15", linewidths=0.13 * points)
        around = solution.radius * shapes.ball(order)
        ax.fill(*around.T, facecolor=(colour, 0.25), edgecolor=colour, linewidth=0.13 * points)
        at = ", ".join(short(w) for w in np.where(np.abs(solution.w) > 1e-12 * solution.radius, solution.w, 0.0))
        marker: dict[str, Any] = {"linestyle": "", "markersize": 0.7 * points, "zorder": 4, "markeredgecolor": "white"}
        ax.plot(*solution.w, marker="o", color=colour, label=f"{name} ({at})", **marker)
        ax.plot(*found.least_squares, marker="X", color="black", label="least squares", **marker)
        ball = f"|w|{'₁₂'[order - 1]} ≤ {short(solution.radius)}, or alpha = {short(solution.alpha)}"
        ax.set_title(ball, fontsize=points)
        # beside the quadrant of least squares, and outside the balls
        side_of = ["lower" if found.least_squares[1] > 0 else "upper", "right" if found.least_squares[0] > 0 else "left"]
        _legend(ax, points, loc=" ".join(side_of), handlelength=0.8)
        for set_label, which in ((ax.set_xlabel, names[0]), (ax.set_ylabel, names[1])):
            set_label(f"coefficient of{label(str(which), ax, points)}", fontsize=points)
        _small(ax, points)
    return figure


def _frame(found: shapes.Touching) -> tuple[Floats, float]:
    """Middle and half the side of a square with the balls and the least squares solution in it."""
    radius = max(found.lasso.radius, found.ridge.radius)
    corners = np.vstack([1.2 * found.least_squares, np.full(2, radius), np.full(2, -radius)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return 0.5 * (low + high), 0.55 * float((high - low).max())


def plot_priors(figure: Figure | None = None, *, estimate: float = 1.2, error: float = 1.0, sd: float = 1.0) -> Figure:
    """Draw the priors that the penalties are: Laplace of the lasso, Gaussian of ridge, of one standard deviation.

    Densities, the penalties (minus their logarithms), and for each what becomes of one coefficient, whose least squares
    estimate has a normal error: prior, likelihood and posterior, whose mode is the lasso's or ridge's coefficient.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.
    estimate, error : the least squares estimate and its standard error
    sd : the standard deviation of both priors

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError : `error` or `sd` is not above 0.
    """
    for name, value in (("error", error), ("sd", sd)):
        if not value > 0.0:
            raise ValueError(f"{name} is {value}; a standard deviation above 0 is needed.")
    if figure is None:
        figure = new_figure(7.0, 5.6)
    densities, penalties, *posteriors = _panels(figure, 4, 2, 1)
    points = font_size(densities)
    reach = max(4.0 * sd, abs(estimate) + 3.0 * error)
    w = np.linspace(-reach, reach, 4001)
    near = w[np.abs(w) <= 4.0 * sd]
    kinds: tuple[tuple[str, str, Any, Any, str], ...] = (
        ("Laplace (lasso)", "lasso", shapes.laplace, L1, "-"),
        ("Gaussian (ridge)", "ridge", shapes.gaussian, L2, DASHES[1]),
    )
    for name, _, prior, colour, dashes in kinds:
        style = {"color": colour, "linestyle": dashes, "linewidth": 0.15 * points, "label": name}
        densities.plot(near, prior(near, sd), **style)
        penalties.plot(near, np.log(prior(np.zeros(1), sd)) - np.log(prior(near, sd)), **style)
    densities.set_title("prior of a coefficient", fontsize=points)
    penalties.set_title("penalty: minus its logarithm", fontsize=points)
    densities.set_ylabel("density", fontsize=points)
    penalties.set_ylabel("above that of w = 0", fontsize=points)
    for ax in (densities, penalties):
        _legend(ax, points, loc="upper center" if ax is penalties else "upper right")
    for ax, (name, short_name, prior, colour, _) in zip(posteriors, kinds, strict=True):
        after = shapes.posterior(w, prior, estimate, error, sd)
        ax.plot(w, prior(w, sd), color="0.4", linestyle=DASHES[1], linewidth=0.1 * points, label="prior")
        ax.plot(
            w, shapes.gaussian(w - estimate, error), color="0.4", linestyle=":", linewidth=0.13 * points, label="likelihood"
        )
        ax.plot(w, after, color=colour, linewidth=0.15 * points, label="posterior")
        ax.fill_between(w, after, color=colour, alpha=0.2, linewidth=0.0)
        k = after.argmax()
        mode = f"{short_name}: {short(round(float(w[k]), 2))}"
        ax.plot([w[k]], [after[k]], "o", color=colour, markersize=0.6 * points, markeredgecolor="white", label=mode, zorder=4)
        ax.axvline(estimate, color="0.75", linewidth=0.07 * points, zorder=0)
        ax.set_title(f"{name}, least squares {short(estimate)} ± {short(error)}", fontsize=points)
        ax.set_ylabel("density", fontsize=points)
        _legend(ax, points, loc="upper left")
    top = 1.05 * max(ax.get_ylim()[1] for ax in posteriors)
    for ax in posteriors:
        ax.set_ylim(0.0, top)
    for ax in (densities, penalties, *posteriors):
        ax.set_ylim(0.0)
        ax.margins(x=0.0)
        ax.set_xlabel("coefficient w", fontsize=points)
        _small(ax, points)
    return figure


def plot_shrinkage(figure: Figure | None = None) -> Figure:
    """Draw what penalties make of a least squares coefficient x: soft, hard, ridge, elastic net, MCP and SCAD.

    Each is the z of least 1/2 (z - x)^2 + penalty(z), for columns that are orthonormal. All but ridge set x of size 1 or less
    to 0; hard, MCP and SCAD leave large x as they are.

    Parameters
    ----------
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    """
    if figure is None:
        figure = new_figure(7.0, 5.0)
    ax = figure.add_subplot()
    points = font_size(ax)
    x = np.linspace(0.0, 5.0, 2001)
    ax.plot(x, x, color="0.75", linewidth=0.07 * points, zorder=0, label="least squares")
    for k, (name, rule) in enumerate(shapes.SHRINKAGE.items()):
        z = rule.shrink(x)
        z[1:][np.abs(np.diff(z)) > 0.5] = np.nan  # a jump is no line
        ax.plot(x, z, color=COLOURS[k], linestyle=DASHES[k], linewidth=0.17 * points, label=name)
    ax.set(xlim=(0, 5), ylim=(-0.1, 5))
    ax.set_xlabel("least squares coefficient x (for -x it is -z)", fontsize=points)
    ax.set_ylabel("penalised coefficient z", fontsize=points)
    _small(ax, points)
    _legend(ax, points, loc="upper left", handlelength=3.0)
    return figure


def plot_both_paths(
    X: Any, y: Any, figure: Figure | None = None, *, names: Sequence[str] | None = None, standardize: bool = False
) -> Figure:
    """Draw the coefficients of lasso and ridge along alpha, side by side, of the same data.

    The 7 columns that grow largest in the lasso path have the same colour and line style in both; of the others, the 50 largest
    are grey.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.
    names : p column names, optional
    standardize : bool
        As in `lasso`; coefficients are then drawn for columns of standard deviation 1.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    """
    X = np.asarray(X, dtype=float)
    both: Any = fr.lasso_path(X, y, standardize=standardize), fr.ridge_path(X, y, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 4.2)
    sd = shapes.deviations(X)[:, None] if standardize else 1.0
    orders = [falling(path.alphas) for path in both]
    coefs = [path.coefs[:, order] * sd for path, order in zip(both, orders, strict=True)]
    sizes = [np.abs(one).max(axis=1, initial=0.0) for one in coefs]
    by_size = np.argsort(-sizes[0], kind="stable")[: len(COLOURS)]
    coloured = by_size[sizes[0][by_size] > 0.0]
    titles = "lasso: one column after another", "ridge: all columns at once"
    lines: dict[int, Any] = {}
    for ax, path, order, coef, size, title in zip(_panels(figure, 2, 2, 1), both, orders, coefs, sizes, titles, strict=True):
        alphas, points = path.alphas[order], font_size(ax)
        ax.axhline(0.0, color="0.85", linewidth=0.08 * points, zorder=0)
        rest = np.setdiff1d(np.argsort(-size, kind="stable")[: MOST_GREY + len(coloured)], coloured)
        rest = rest[size[rest] > 0.0]
        for j in rest:
            ax.plot(alphas, coef[j], color="0.8", linewidth=0.06 * points, zorder=1)
        for k, j in enumerate(coloured):
            (lines[j],) = ax.plot(alphas, coef[j], color=COLOURS[k], linestyle=DASHES[k], linewidth=0.15 * points)
        alpha_axis(ax, "coefficient", points, width_of(ax))
        count_axis(ax, alphas, path.df[order], NONZERO if path is both[0] else FREEDOM, points, width_of(ax))
        drawn, nonzero = len(rest) + len(coloured), np.count_nonzero(size)
        ax.set_title(title + (f"\n({drawn} of {nonzero} drawn)" if drawn < nonzero else ""), fontsize=points)
    if names is not None and lines:
        texts = [label(str(names[j]), ax, points) for j in lines]
        room = 72.0 * figure.bbox.width / figure.dpi
        style: dict[str, Any] = {"handlelength": 2.6, "frameon": False, "columnspacing": 1.5}
        style["ncols"] = min(max(int(room / text_width(max(map(len, texts)) + 8, points)), 1), 4)
        figure.legend(list(lines.values()), texts, loc="outside lower center", fontsize=0.9 * points, **style)
    return figure


def plot_overfitting(X: Any, y: Any, figure: Figure | None = None, *, folds: int = 5, standardize: bool = False) -> Figure:
    """Draw the mean squared error on the rows fitted and on rows left out along alpha, of lasso and ridge.

    To the right, where the penalty is weak, rows fitted are fitted ever better, and rows left out no longer are.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    figure : matplotlib Figure or SubFigure; None makes a Figure outside pyplot.
    folds, standardize : as in `shapes.errors`.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    """
    both = shapes.errors(X, y, folds, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 3.9)
    axes = _panels(figure, 2, 2, 1)
    for ax, found, name, colour in zip(axes, both, ("lasso", "ridge"), (L1, L2), strict=True):
        points = font_size(ax)
        ax.plot(
            found.alphas, found.train, color="0.35", linestyle=DASHES[1], linewidth=0.15 * points, label="train (rows fitted)"
        )
        ax.plot(found.alphas, found.test, color=colour, linewidth=0.15 * points, label="test (rows left out)")
        alpha, least = found.alphas[found.best], found.test[found.best]
        text = f"least test error, alpha = {short(alpha)}"
        ax.plot(
            [alpha], [least], "o", color=colour, markersize=0.6 * points, markeredgecolor="white", label=text, clip_on=False
        )
        alpha_axis(ax, "mean squared error", points, width_of(ax))
        ax.set_title(f"{name}, {folds} folds", fontsize=points)
        _legend(ax, points, loc="best")
    top = 1.25 * max(float(np.max([found.train, found.test])) for found in both)
    for ax in axes:
        ax.set_ylim(0.0, top)
    return figure


def _panels(figure: Figure, count: int, wide: int, narrow: int, **options: Any) -> list[Any]:
    """Axes in rows: `wide` in each, in a narrow figure `narrow`."""
    columns = narrow if figure.bbox.width / figure.dpi < NARROW else wide
    rows = -(-count // columns)
    return [figure.add_subplot(rows, columns, k + 1, **options) for k in range(count)]


def _small(ax: Axes, points: float) -> None:
    """Ticks in full numbers and small text, as many as have room, and no frame on top and right."""
    from matplotlib.ticker import AutoLocator, FuncFormatter, MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(plain))
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.set_major_locator(MaxNLocator(MOST_TICKS))
    if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
        longest = max(len(plain(tick)) for tick in ax.xaxis.get_majorticklocs())
        most = int(width_of(ax) / text_width(longest + 2, points))
        ax.xaxis.set_major_locator(MaxNLocator(min(max(most, 2), MOST_TICKS)))
    ax.tick_params(labelsize=0.9 * points, length=0.3 * points, pad=0.3 * points)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _legend(ax: Axes, points: float, **options: Any) -> None:
    style: dict[str, Any] = {
        "handlelength": 2.2,
        "borderpad": 0.2,
        "labelspacing": 0.3,
        "framealpha": 0.85,
        "edgecolor": "none",
    }
    ax.legend(fontsize=0.9 * points, **style | options)
