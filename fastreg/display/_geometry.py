"""Unit balls, and least squares meeting them: `plot_balls` and `plot_geometry`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastreg.display import shapes
from fastreg.display._style import L1, L2, Floats, check_names, font_size, label, legend, new_figure, panels, plain_axes, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORDERS = (np.inf, 4.0, 2.0, 1.5, 1.0, 0.7, 0.4, 0.1)
NAMED = {np.inf: ": maximum", 2.0: ": ridge", 1.0: ": lasso", 0.1: ": nearly L0"}
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
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    names : two column names, optional
    share, fit_intercept, standardize : as in `shapes.touching`.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError : as `shapes.touching`, and `names` does not have two entries.
    """
    check_names(names, 2, "X has 2 columns")
    found = shapes.touching(X, y, share, fit_intercept=fit_intercept, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 3.9)
    names = ["column 0", "column 1"] if names is None else names
    axes = panels(figure, 2, 2, 1)
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
        legend(ax, points, loc=" ".join(side_of), handlelength=0.8)
        for set_label, which in ((ax.set_xlabel, names[0]), (ax.set_ylabel, names[1])):
            set_label(f"coefficient of{label(str(which), ax, points)}", fontsize=points)
        plain_axes(ax, points)
    return figure


def _frame(found: shapes.Touching) -> tuple[Floats, float]:
    """Middle and half the side of a square with the balls and the least squares solution in it."""
    radius = max(found.lasso.radius, found.ridge.radius)
    corners = np.vstack([1.2 * found.least_squares, np.full(2, radius), np.full(2, -radius)])
    low, high = corners.min(axis=0), corners.max(axis=0)
    return 0.5 * (low + high), 0.55 * float((high - low).max())
