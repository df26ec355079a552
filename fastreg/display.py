"""Pictures of results.

matplotlib is imported inside, and only its object interface is used: no display is needed, no pyplot state is touched.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fastreg import Path, RidgePath

__all__ = ["plot_path"]

HIGHLIGHTED = 7  # as many lines as a legend keeps apart; the eighth colour of matplotlib's cycle is grey
DF_TICKS = 7


def plot_path(path: "Path | RidgePath", ax: "Axes | None" = None, names: Sequence[str] | None = None) -> "Axes":
    """Draw the coefficients of a path against alpha, on a log axis with the largest alpha on the left.

    One line per coefficient that is not zero everywhere: coloured for the 7 that grow largest, grey for the others.
    The top axis gives the number of non-zero coefficients, of ridge the effective degrees of freedom. An alpha of 0 has no
    place on a log axis and is left out.

    Parameters
    ----------
    path : Path or RidgePath. Its alphas may stand in any order.
    ax : matplotlib Axes to draw on; None makes a Figure outside pyplot: `plot_path(path).figure.savefig("path.png")`.
    names : p column names for a legend of the coloured lines; None draws no legend.

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
    if names is not None and len(names) != len(path.coefs):
        raise ValueError(f"names has {len(names)} entries but the path has {len(path.coefs)} coefficients.")
    order = np.argsort(-path.alphas, kind="stable")
    order = order[path.alphas[order] > 0]
    alphas, df = path.alphas[order], path.df[order]
    features = np.flatnonzero(path.coefs.any(axis=1))
    coefs = path.coefs[np.ix_(features, order)]  # small even where p is large
    size = np.abs(coefs).max(axis=1, initial=0.0)
    drawn = np.argsort(size, kind="stable")  # the largest last: on top of the others
    drawn = drawn[size[drawn] > 0]  # what is zero except at alpha = 0 is not
    highlighted = drawn[-HIGHLIGHTED:]

    marker = "o" if len(order) == 1 else ""  # one knot makes no line
    ax.axhline(0.0, color="0.85", linewidth=0.8, zorder=0)
    for j in drawn[:-HIGHLIGHTED]:
        ax.plot(alphas, coefs[j], color="0.75", linewidth=0.7, marker=marker, markersize=3)
    for k, j in enumerate(highlighted[::-1]):
        # matplotlib hides labels that start with "_" and reads "$" as the start of a formula.
        label = None if names is None else " " + str(names[features[j]]).replace("$", r"\$")
        ax.plot(alphas, coefs[j], color=f"C{k}", linewidth=1.2, marker=marker, markersize=3, label=label)
    ax.set_xscale("log")
    ax.margins(x=0.0)
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    ax.set_xlabel("alpha (log scale, stronger penalty to the left)")
    ax.set_ylabel("coefficient")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    if names is not None and len(highlighted):
        ax.legend(frameon=False, fontsize="small")

    ticks = np.unique(np.linspace(0, len(order) - 1, min(DF_TICKS, len(order))).round().astype(int))
    top = ax.secondary_xaxis("top")
    top.set_xticks(alphas[ticks], [f"{count:.0f}" for count in df[ticks]])
    top.minorticks_off()
    top.tick_params(length=2, labelsize="small", colors="0.4")
    top.spines["top"].set_visible(False)
    top.set_xlabel("non-zero coefficients" if df.dtype.kind == "i" else "degrees of freedom", fontsize="small", color="0.4")
    return ax


def _new_figure() -> "Figure":
    """A Figure that pyplot does not know of."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'fastreg-solvers[plot]'") from error
    return Figure(figsize=(7.0, 4.5), layout="constrained")
