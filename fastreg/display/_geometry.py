"""Unit balls, and least squares meeting them: `plot_balls` and `plot_geometry`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.display import _arguments, shapes
from fastreg.display._style import (
    L1,
    L2,
    NARROW,
    SCALED,
    Floats,
    columns_of,
    drawable,
    font_size,
    heading,
    label,
    new_figure,
    panels,
    plain_axes,
    short,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORDERS = (np.inf, 4.0, 2.0, 1.5, 1.0, 0.7, 0.4, 0.1)
NAMED = {np.inf: ": maximum", 2.0: ": ridge", 1.0: ": lasso", 0.1: ": nearly L0"}
FLAT = 20.0  # one standard deviation over the other, from which on a picture of both is next to a line
ELEVATION, AZIMUTH = 22.0, 32.0  # degrees: from where surfaces are looked at
VIEWER = np.array([np.cos(np.radians(AZIMUTH)), np.sin(np.radians(AZIMUTH)), np.tan(np.radians(ELEVATION))])
LIGHT = np.array([0.55, -0.1, 0.83])  # from where the surfaces are lit


def plot_balls(figure: Figure | None = None, *, dimensions: int = 2, orders: Sequence[float] = ORDERS) -> Figure:
    """Draw the balls |w|_p <= 1 for p from infinity (a square or cube) to nearly 0 (the axes). Those of p >= 1 are convex.

    Parameters
    ----------
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    dimensions : 2 or 3
    orders : each p > 0, infinity included

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : `dimensions` is not 2 or 3, there are no orders, or one is not above 0.
    """
    if dimensions not in (2, 3):
        raise ValueError(f"dimensions is {dimensions}; 2 or 3 is needed.")
    orders = _arguments.orders_of_norms(orders)
    if figure is None:
        columns = min(len(orders), 4)
        figure = new_figure(1.75 * max(columns, 2), 1.85 * -(-len(orders) // columns) * max(2 / columns, 1) + 0.5)
    draw = _ball if dimensions == 2 else _ball_in_space
    hatched = "orange, hatched" if dimensions == 2 else "orange"
    kinds = {True: "convex (blue)", False: f"not convex ({hatched})"}
    both = {kinds[p >= 1.0]: None for p in orders}
    heading(figure, f"unit balls |w|ₚ ≤ 1: {', '.join(both)}")
    for p, ax in zip(orders, panels(figure, len(orders), 4, 2, projection=None if dimensions == 2 else "3d"), strict=True):
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
    plain_axes(ax, points)


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
    ax.add_collection3d(
        Poly3DCollection(corners[triangles], facecolors=shaded, edgecolors=shaded, linewidths=0.8, joinstyle="round")
    )
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
    corner, where a coefficient is 0. The dark contour has its error; what that is above least squares is 0.05, 0.25, 0.55, 1.6
    and 2.4 times as much on the others.

    Parameters
    ----------
    X : array of shape (n, 2)
    y : array of shape (n,)
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    names : two column names, optional; None takes those that X has.
    share, fit_intercept, standardize : as in `shapes.touching`.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : as `shapes.touching`, or `names` does not have two entries.

    Warns
    -----
    UserWarning : columns of different units make it next to a line; `standardize=True` does not.
    """
    X, y, own = _arguments.table(X, y)
    found = shapes.touching(X, y, share, fit_intercept=fit_intercept, standardize=standardize)
    if names is None:
        names = own or ["column 0", "column 1"]
    names = drawable(_arguments.column_names(names, 2), (0, 1))
    sd = np.sqrt(np.diag(found.gram))
    if not standardize and sd.min() > 0.0 and sd.max() > FLAT * sd.min():
        warnings.warn(
            f"The columns have standard deviations {short(sd[0])} and {short(sd[1])}, and the picture is next to a line; "
            "standardize=True brings them to one unit.",
            UserWarning,
            stacklevel=2,
        )
    if figure is None:
        figure = new_figure(7.0, 4.1)
    axes = panels(figure, 2, 2, 1)
    heading(figure, "The least error on a ball is where the smallest contour touches it")
    middle, reach = _frame(found)
    for ax, solution, order in zip(axes, (found.lasso, found.ridge), (1, 2), strict=True):
        points = font_size(ax)
        colour, name = ((L1, "lasso"), (L2, "ridge"))[order - 1]
        ax.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach))
        ax.set_aspect("equal")
        ax.axhline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
        ax.axvline(0.0, color="0.8", linewidth=0.07 * points, zorder=0)
        for level in (0.05, 0.25, 0.55, 1.6, 2.4):
            ax.plot(*_contour(found, level * solution.excess, reach), color="0.65", linewidth=0.07 * points)
        ax.plot(*_contour(found, solution.excess, reach), color="0.15", linewidth=0.13 * points)
        around = solution.radius * shapes.ball(order)
        ax.fill(*around.T, facecolor=(colour, 0.25), edgecolor=colour, linewidth=0.13 * points)
        at = ", ".join(short(w) for w in np.where(np.abs(solution.w) > 1e-12 * solution.radius, solution.w, 0.0))
        marker: dict[str, Any] = {"linestyle": "", "markersize": 0.7 * points, "zorder": 4, "markeredgecolor": "white"}
        ax.plot(*solution.w, marker="o", color=colour, label=f"{name} ({at})", **marker)
        ax.plot(*found.least_squares, marker="X", color="black", label="least squares", **marker)
        # the alpha of ridge is n times what it would be in the scaling of the lasso
        scale = "" if order == 1 else f" = n · {short(solution.alpha / len(y))}"
        ax.set_title(
            f"|w|{'₁₂'[order - 1]} ≤ {short(solution.radius)}, or\nalpha = {short(solution.alpha)}{scale}", fontsize=points
        )
        for set_label, which in ((ax.set_xlabel, names[0]), (ax.set_ylabel, names[1])):
            set_label(_coefficient(which, ax, points, standardize), fontsize=points)
        plain_axes(ax, points)
    shown = [*axes[0].get_lines()[-2:-1], *axes[1].get_lines()[-2:]]
    columns = 3 if figure.bbox.width / figure.dpi >= NARROW else 1
    style: dict[str, Any] = {"handlelength": 0.8, "columnspacing": 1.5, "frameon": False}  # outside: it covers no contour
    figure.legend(
        handles=shown,
        loc="outside lower center",
        ncols=columns,
        fontsize=0.9 * points,
        **style,
    )
    return figure


def _coefficient(name: str, ax: Axes, points: float, standardized: bool) -> str:
    """The label of the axis of a coefficient, in two lines where one has no room."""
    text, own = f"coefficient ({SCALED}) of" if standardized else "coefficient of", label(name, ax, points, 1.0)
    return text + ("\n" if columns_of(text + own) * 0.5 * points > width_of(ax) else "") + own


def _contour(found: shapes.Touching, excess: float, reach: float) -> Floats:
    """The ellipse (2, m) around least squares where the error is so much larger; of columns that depend, as far as is seen."""
    lam, V = np.linalg.eigh(found.gram)
    with np.errstate(divide="ignore"):
        half = np.minimum(np.sqrt(2.0 * excess / np.maximum(lam, 0.0)), 1e3 * reach)
    turn = np.linspace(0.0, 2.0 * np.pi, 4001)
    around: Floats = found.least_squares[:, None] + V @ (half[:, None] * np.stack([np.cos(turn), np.sin(turn)]))
    return around


def _frame(found: shapes.Touching) -> tuple[Floats, float]:
    """Middle and half the side of a square with the balls and the least squares solution in it."""
    radius = max(found.lasso.radius, found.ridge.radius)
    corners = np.vstack([1.2 * found.least_squares, np.full(2, radius), np.full(2, -radius)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return 0.5 * (low + high), 0.55 * float((high - low).max())
