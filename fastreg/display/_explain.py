"""Curves that explain L1 and L2: priors, shrinkage, paths of both, errors along alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import fastreg as fr
from fastreg import _input
from fastreg.display import _arguments, shapes
from fastreg.display._style import (
    COLOURS,
    DASHES,
    FREEDOM,
    L1,
    L2,
    NONZERO,
    SCALED,
    alpha_axis,
    columns_of,
    count_axis,
    drawable,
    falling,
    font_size,
    heading,
    label,
    legend,
    new_figure,
    panels,
    plain_axes,
    short,
    text_width,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MINUS = "\N{MINUS SIGN}"
# The parameters of shapes.SHRINKAGE, and what they make of an x beyond the threshold.
PARAMETERS = {
    "ridge": ": x / 2",
    "lasso (soft)": f": x {MINUS} 1",
    "elastic net": f": (x {MINUS} 1) / 1.5",
    "MCP": f", gamma = {shapes.MCP_GAMMA:g}",
    "SCAD": f", a = {shapes.SCAD_A:g}",
}
MOST_GREY = 50  # of the columns of a path that are not coloured


def plot_priors(figure: Figure | None = None, *, estimate: float = 1.2, error: float = 1.0, sd: float = 1.0) -> Figure:
    """Draw the priors that the penalties are: Laplace of the lasso, Gaussian of ridge, of one standard deviation.

    Densities, the penalties (minus their logarithms), and for each what becomes of one coefficient, whose least squares
    estimate has a normal error: prior, likelihood and posterior, whose mode is the lasso's or ridge's coefficient.

    Parameters
    ----------
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    estimate, error : the least squares estimate and its standard error
    sd : the standard deviation of both priors

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : `estimate` is not finite, `error` or `sd` is not above 0 and finite.
    """
    estimate = _input.number(estimate, "estimate", -np.inf)
    error, sd = _arguments.deviation(error, "error"), _arguments.deviation(sd, "sd")
    if figure is None:
        figure = new_figure(7.0, 5.6)
    densities, penalties, *posteriors = panels(figure, 4, 2, 1)
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
    densities.set_title(f"prior of a coefficient,\nstandard deviation {short(sd)}", fontsize=points)
    penalties.set_title("penalty: minus its logarithm", fontsize=points)
    densities.set_ylabel("density", fontsize=points)
    penalties.set_ylabel("above that of w = 0", fontsize=points)
    for ax in (densities, penalties):
        legend(ax, points, loc="upper center" if ax is penalties else "upper right")
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
        ax.axvline(estimate, color="0.6", linewidth=0.09 * points, linestyle=DASHES[3], zorder=0, label="least squares")
        ax.set_title(f"{name}, least squares {short(estimate)} ± {short(error)}", fontsize=points)
        ax.set_ylabel("density", fontsize=points)
        legend(ax, points, loc="upper left")
    top = 1.25 * max(ax.get_ylim()[1] for ax in posteriors)
    for ax in posteriors:
        ax.set_ylim(0.0, top)
    for ax in (densities, penalties, *posteriors):
        ax.set_ylim(0.0)
        ax.margins(x=0.0)
        ax.set_xlabel("coefficient w", fontsize=points)
        plain_axes(ax, points)
    return figure


def plot_shrinkage(figure: Figure | None = None) -> Figure:
    """Draw what penalties make of a least squares coefficient x: soft, hard, ridge, elastic net, MCP and SCAD.

    Each is the z of least 1/2 (z - x)^2 + penalty(z), for columns that are orthonormal. All but ridge set x of size 1 or less
    to 0; hard, MCP and SCAD leave large x as they are.

    Parameters
    ----------
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.

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
        ax.plot(x, z, color=COLOURS[k], linestyle=DASHES[k], linewidth=0.17 * points, label=name + PARAMETERS.get(name, ""))
    heading(figure, "What penalties make of a least squares coefficient (all with threshold 1, but for ridge)")
    ax.set(xlim=(0, 5), ylim=(-0.1, 5))
    ax.set_xlabel(f"least squares coefficient x (for {MINUS}x it is {MINUS}z)", fontsize=points)
    ax.set_ylabel("penalised coefficient z", fontsize=points)
    plain_axes(ax, points)
    legend(ax, points, loc="upper left", handlelength=3.0)
    return figure


def plot_both_paths(
    X: Any, y: Any, figure: Figure | None = None, *, names: Sequence[str] | None = None, standardize: bool = False
) -> Figure:
    """Draw the coefficients of lasso and ridge along alpha, side by side, of the same data.

    The 7 columns that grow largest in the lasso path, or in that of ridge where the lasso takes fewer, have the same colour and
    line style in both; of the others, the 50 largest are grey.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    names : p column names, optional; None takes those that X has.
    standardize : bool
        As in `lasso`; coefficients are then drawn for columns of standard deviation 1.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : y is no single target, y or all of X is constant, or `names` does not have p entries.
    """
    X, y, own = _arguments.table(X, y)
    _arguments.varies(X, y)
    if names is None:
        names = own
    if names is not None:
        names = _arguments.column_names(names, X.shape[1])
    both: Any = fr.lasso_path(X, y, standardize=standardize), fr.ridge_path(X, y, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 4.2)
    sd = shapes.deviations(X)[:, None] if standardize else 1.0
    orders = [falling(path.alphas) for path in both]
    coefs = [path.coefs[:, order] * sd for path, order in zip(both, orders, strict=True)]
    sizes = [np.abs(one).max(axis=1, initial=0.0) for one in coefs]
    by_size = np.lexsort((-sizes[1], -sizes[0]))[: len(COLOURS)]  # of those that the lasso never takes by what ridge has
    coloured = by_size[np.maximum(*sizes)[by_size] > 0.0]
    titles = "lasso: one column after another", "ridge: all columns at once"
    lines: dict[int, Any] = {}
    for ax, path, order, coef, size, title in zip(panels(figure, 2, 2, 1), both, orders, coefs, sizes, titles, strict=True):
        alphas, points = path.alphas[order], font_size(ax)
        ax.axhline(0.0, color="0.85", linewidth=0.08 * points, zorder=0)
        rest = np.setdiff1d(np.argsort(-size, kind="stable")[: MOST_GREY + len(coloured)], coloured)
        rest = rest[size[rest] > 0.0]
        for j in rest:
            ax.plot(alphas, coef[j], color="0.8", linewidth=0.06 * points, zorder=1)
        for k, j in enumerate(coloured):
            if size[j] == 0.0:
                continue
            (lines[j],) = ax.plot(alphas, coef[j], color=COLOURS[k], linestyle=DASHES[k], linewidth=0.15 * points)
        ylabel = f"coefficient ({SCALED})" if standardize else "coefficient"
        alpha_axis(ax, ylabel, points, width_of(ax), standardized=standardize)
        count_axis(ax, alphas, path.df[order], NONZERO if path is both[0] else FREEDOM, points, width_of(ax))
        drawn, nonzero = len(rest) + np.count_nonzero(size[coloured]), np.count_nonzero(size)
        ax.set_title(title + (f"\n({drawn} of {nonzero} drawn)" if drawn < nonzero else ""), fontsize=points)
    if names is not None and lines:
        shown = [j for j in coloured if j in lines]
        texts = [label(name, ax, points) for name in drawable([names[j] for j in shown], shown)]
        room = 72.0 * figure.bbox.width / figure.dpi
        style: dict[str, Any] = {"handlelength": 2.6, "frameon": False, "columnspacing": 1.5}
        most = min(max(int(room / text_width(max(map(columns_of, texts)) + 8, points)), 1), 4)
        rows = -(-len(texts) // most)
        style["ncols"] = -(-len(texts) // rows)  # as even as can be
        figure.legend([lines[j] for j in shown], texts, loc="outside lower center", fontsize=0.9 * points, **style)
    return figure


def plot_overfitting(X: Any, y: Any, figure: Figure | None = None, *, folds: int = 5, standardize: bool = False) -> Figure:
    """Draw the mean squared error on the rows fitted and on rows left out along alpha, of lasso and ridge.

    To the right, where the penalty is weak, rows fitted are fitted ever better, and rows left out no longer are.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    figure : matplotlib Figure, best with layout="constrained"; None makes one outside pyplot.
    folds, standardize : as in `shapes.errors`.

    Returns
    -------
    `figure`, or the new one.

    Raises
    ------
    ImportError : matplotlib is not installed.
    ValueError, TypeError : as `shapes.errors`.
    """
    both = shapes.errors(X, y, folds, standardize=standardize)
    if figure is None:
        figure = new_figure(7.0, 3.9)
    axes = panels(figure, 2, 2, 1)
    for ax, found, name, colour in zip(axes, both, ("lasso", "ridge"), (L1, L2), strict=True):
        points = font_size(ax)
        ax.plot(
            found.alphas, found.train, color="0.35", linestyle=DASHES[1], linewidth=0.15 * points, label="train (rows fitted)"
        )
        ax.plot(found.alphas, found.test, color=colour, linewidth=0.15 * points, label="test (rows left out)")
        alpha, least = found.alphas[found.best], found.test[found.best]
        text = f"least test error, alpha = {short(alpha)}" + ("\n(an end of the path: no optimum)" if found.at_an_end else "")
        style: dict[str, Any] = {"markersize": 0.6 * points, "markeredgecolor": "white", "clip_on": False, "zorder": 4}
        ax.plot([alpha], [least], "o", color=colour, label=text, **style)  # zorder: above the axis, too
        alpha_axis(ax, "mean squared error", points, width_of(ax), standardized=standardize)
        ax.set_title(f"{name}, {folds} folds", fontsize=points)
        legend(ax, points, loc="best")
    top = 1.25 * max(float(np.max([found.train, found.test])) for found in both)
    for ax in axes:
        ax.set_ylim(0.0, top)
    return figure
