"""What all pictures share: colours, lines, sizes of text, figures and panels, numbers of ticks, and the axis of alphas."""

from __future__ import annotations

import textwrap
import unicodedata
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

# Okabe and Ito (2008), Color Universal Design: told apart by colour-blind readers too; without the yellow, too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
L1, L2 = COLOURS[1], COLOURS[0]  # of what belongs to the lasso, and to ridge
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
MOST_TICKS = 6
STEPS = (1, 2, 2.5, 5, 10)  # from one to the next, times a power of 10
DF_TICKS = 7
ALPHA = "alpha (log scale, strong to weak penalty)"
SCALED = "standardised"  # of coefficients, and of the alphas that they have
NONZERO = "non-zero coefficients"
FREEDOM = "degrees of freedom"


class Display:
    """A picture as scikit-learn's displays are: the data, and `plot`, which sets ax_ and figure_."""

    ax_: Axes
    figure_: Any

    def _drawn(self, ax: Axes) -> None:
        self.ax_, self.figure_ = ax, ax.figure


def only(found: Any) -> Any:
    """Of a tuple with something for each target, what the only target has."""
    if isinstance(found, tuple):
        if len(found) != 1:
            raise ValueError(f"y has {len(found)} targets; one is needed for a picture.")
        return found[0]
    return found


def new_figure(width: float = 7.0, height: float = 4.5) -> Figure:
    """A Figure that pyplot does not know of; inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'fastreg-solvers[plot]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def font_size(ax: Axes) -> float:
    """Of labels, in points: that of matplotlib's settings, and less for axes that this would fill."""
    from matplotlib import rcParams

    return float(min(rcParams["font.size"], max(3.0 * width_of(ax) / 72.0, 7.0)))


def width_of(ax: Axes) -> float:
    """Of the axes, in points; before a layout engine has worked, roughly."""
    return 72.0 * float(ax.get_window_extent().width) / ax.figure.dpi


def falling(alphas: Floats) -> NDArray[np.intp]:
    """The places of the alphas that a log axis can show, from the largest down."""
    order = np.argsort(-alphas, kind="stable")
    return order[alphas[order] > 0]


def label(name: str, ax: Axes, points: float, share: float = 0.4) -> str:
    """A name for a legend: cut where it would take more than a share of the axes."""
    most = max(int(share * width_of(ax) / (0.5 * points)), 8)
    if columns_of(name) > most:
        while columns_of(name) > most - 1:
            name = name[:-1]
        name += "…"
    # matplotlib hides labels that start with "_" and reads "$" as the start of a formula
    return " " + name.replace("$", r"\$")


def columns_of(name: str) -> int:
    """How many letters wide a name is: those of East Asian scripts are twice as wide."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in name)


def drawable(names: Sequence[str], columns: Sequence[int]) -> list[str]:
    """Names whose letters the font of matplotlib's settings has; the others by the numbers of their columns, with a warning."""
    from matplotlib import font_manager, rcParams

    if all(name.isascii() for name in names):
        return list(names)
    families = [rcParams["font.family"]] if isinstance(rcParams["font.family"], str) else rcParams["font.family"]
    known: set[int] = {ord(" ")}
    for file in {font_manager.findfont(font_manager.FontProperties(family=[family])) for family in families}:
        known |= font_manager.get_font(file).get_charmap().keys()
    found = [name if known.issuperset(map(ord, name)) else f"column {j}" for j, name in zip(columns, names, strict=True)]
    missing = next((name for name, drawn in zip(names, found, strict=True) if name != drawn), None)
    if missing is not None:
        warnings.warn(
            f"The font {', '.join(families)} has no letters for the name {missing!r}; such columns are named by number. "
            "Another rcParams['font.family'] of matplotlib is needed.",
            UserWarning,
            stacklevel=3,
        )
    return found


def heading(figure: Figure, text: str) -> None:
    """A title of the whole figure, in as many lines as its width asks for."""
    from matplotlib import rcParams

    width = 72.0 * figure.bbox.width / figure.dpi
    points = min(1.1 * float(rcParams["font.size"]), max(0.033 * width, 7.0))
    figure.suptitle(textwrap.fill(text, max(int(0.95 * width / (0.5 * points)), 20)), fontsize=points)


def plain(value: float, _: int | None = None) -> str:
    """A number of a tick in full: a factor common to all would stand where the top axis has its numbers."""
    text = f"{value:.10g}"
    if value != 0.0 and not 1e-4 <= abs(value) < 1e5:
        text = np.format_float_scientific(value, precision=9, trim="-", exp_digits=1).replace("e+", "e").replace(".e", "e")
    return text.replace("-", "\N{MINUS SIGN}")


def short(value: float) -> str:
    """A number of a legend, to three digits."""
    return plain(float(f"{value:.3g}"))


def text_width(characters: int, points: float) -> float:
    """Of the small text, in points, about."""
    return 0.6 * 0.9 * points * characters


def alpha_axis(ax: Axes, ylabel: str, points: float, width: float, margin: float = 0.0, standardized: bool = False) -> None:
    """The axes of what is drawn against alpha, log, falling; width: of the axes once a legend stands beside."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    small = 0.9 * points
    ax.margins(x=0.0)  # first, as a margin around alphas that are linear yet may be below 0
    ax.set_xscale("log")
    ax.margins(x=margin)
    if not ax.xaxis_inverted():
        ax.invert_xaxis()
    low, high = sorted(ax.get_xlim())
    longest = max(len(plain(float(f"{end:.1g}"))) for end in (low, high))
    most = min(max(int(width / text_width(longest + 1, points)), 2), 6)
    counts = {steps: _count(steps, low, high) for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))}
    steps = next((steps for steps, count in counts.items() if 2 < count <= most), (1.0,) if counts[1.0,] > 1 else None)
    ax.xaxis.set_major_locator(LogLocator(subs=steps, numticks=most) if steps else MaxNLocator(most))
    ax.xaxis.set_minor_locator(NullLocator())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(plain))
    first, rest = f"alpha{', columns ' + SCALED if standardized else ''}", ALPHA.removeprefix("alpha ")
    between = " " if not standardized and 0.5 * points * len(ALPHA) < width else "\n"
    ax.set_xlabel(first + between + rest, fontsize=points)
    ax.set_ylabel(ylabel, fontsize=points)
    ax.tick_params(labelsize=small, length=0.3 * points, pad=0.3 * points)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def count_axis(ax: Axes, alphas: Floats, df: NDArray[Any], counted: str, points: float, width: float) -> None:
    """A top axis with df at some of the alphas, which fall."""
    small = 0.9 * points
    ticks = _spaced(np.log(alphas), int(width / text_width(len(f"{df.max(initial=0):.0f}") + 2, points)))
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


def panels(figure: Figure, count: int, wide: int, narrow: int, **options: Any) -> list[Any]:
    """Axes in rows: `wide` in each, in a narrow figure `narrow`."""
    columns = min(narrow if figure.bbox.width / figure.dpi < NARROW else wide, count)
    rows = -(-count // columns)
    return [figure.add_subplot(rows, columns, k + 1, **options) for k in range(count)]


def plain_axes(ax: Axes, points: float) -> None:
    """Ticks in full numbers and small text, as many as have room, and no frame on top and right."""
    from matplotlib.ticker import AutoLocator, FuncFormatter, MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(plain))
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.set_major_locator(MaxNLocator(MOST_TICKS, steps=STEPS))
    if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
        longest = max(len(plain(tick)) for tick in ax.xaxis.get_majorticklocs())
        most = int(width_of(ax) / text_width(longest + 2, points))
        ax.xaxis.set_major_locator(MaxNLocator(min(max(most, 2), MOST_TICKS), steps=STEPS))
    ax.tick_params(labelsize=0.9 * points, length=0.3 * points, pad=0.3 * points)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def legend(ax: Axes, points: float, **options: Any) -> None:
    """A legend without a frame; curves shine through a little."""
    style: dict[str, Any] = {
        "handlelength": 2.2,
        "borderpad": 0.2,
        "labelspacing": 0.3,
        "framealpha": 0.85,
        "edgecolor": "none",
    }
    ax.legend(fontsize=0.9 * points, **style | options)
