"""The pictures of a report as SVG inside HTML: no text as outlines, no address of anything outside, names of their own."""

import io
import re
from itertools import count

import numpy as np

from .table import digits, duration

# Okabe and Ito (2008), told apart by colour-blind readers too; each solver has a marker of its own besides
LOOKS = {
    "fastreg": ("#000000", "o"),
    "numpy": ("#999999", "s"),
    "scikit-learn": ("#E69F00", "^"),
    "celer": ("#56B4E9", "D"),
    "skglm": ("#009E73", "v"),
    "adelie": ("#0072B2", "P"),
    "glum": ("#D55E00", "X"),
    "glmnet": ("#CC79A7", "*"),
}
SETTINGS = {
    "svg.fonttype": "none",
    "font.size": 9,
    "font.family": "sans-serif",
    "svg.hashsalt": "fastreg",
    "axes.unicode_minus": True,
}
AXES = {"duality gap": "gap reached / objective"}
FLOOR, CEILING = 1e-17, 1e3  # gaps beyond are drawn here, hollow
GAPS = {FLOOR: "≤ 1e-17", 1e-13: "1e-13", 1e-9: "1e-09", 1e-5: "1e-05", 1e-1: "1e-01", CEILING: "≥ 1e+03"}  # ticks
NUMBERS = count()


def figure(width, height, columns=1):
    """A Figure that pyplot does not know of, and its axes."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height))
    return made, [made.add_subplot(1, columns, k + 1) for k in range(columns)]


def margins(made, left, right, above=0.1, **wide):
    """Room in inches for the labels; a layout engine would draw everything twice to find out."""
    width, height = made.get_size_inches()
    made.subplots_adjust(left=left / width, right=1 - right / width, bottom=0.5 / height, top=1 - above / height, **wide)


def svg(draw, *arguments, title):
    """What draw(*arguments) draws, as an <svg> element with a title for screen readers."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        made = draw(*arguments)
        stream = io.StringIO()
        made.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    number = next(NUMBERS)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="f{number}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#f{number}-", text)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def race(result):
    """Gap against time for each solver, and bars of the times at each target."""
    solvers = {name: found for name, found in result["solvers"].items() if found["points"]}
    targets = list(next(iter(result["solvers"].values()))["at"])
    made, (curves, bars) = figure(9.5, 1.7 + 0.36 * max(4, len(solvers)), columns=2)
    for name, found in solvers.items():
        colour, marker = LOOKS.get(name, ("#666666", "."))
        points = found["points"]  # in falling order of the tolerance: a tighter one may be faster
        seconds, size = [point["min"] for point in points], 6 if name == "fastreg" else 5
        curves.plot(
            seconds,
            [drawn_gap(point) for point in points],
            color=colour,
            marker=marker,
            markersize=size,
            linewidth=1.8 if name == "fastreg" else 1.0,
            label=name,
        )
        beyond = [point for point in points if not FLOOR <= point["gap"] <= CEILING]
        curves.plot(
            [point["min"] for point in beyond],
            [drawn_gap(point) for point in beyond],
            color=colour,
            marker=marker,
            markersize=size,
            markerfacecolor="white",
            linestyle="none",
        )
    curves.set(xscale="log", yscale="log", xlabel="seconds", ylabel=AXES.get(result["judged by"], result["judged by"]))
    curves.set_ylim(FLOOR / 3, max(2.0, 2 * max(drawn_gap(point) for found in solvers.values() for point in found["points"])))
    low, high = curves.get_ylim()
    shown = {gap: text for gap, text in GAPS.items() if low <= gap <= high}
    curves.set_yticks(list(shown), list(shown.values()))
    curves.minorticks_off()
    made.legend(*curves.get_legend_handles_labels(), fontsize=7, loc="upper center", ncols=len(solvers), frameon=False)
    seconds_axis(curves)
    for target in targets:
        curves.axhline(float(target), color="#666666", linewidth=0.7, linestyle=":")
    times(bars, solvers, targets)
    margins(made, 0.9, 0.1, above=0.3, wspace=0.28)
    return made


def drawn_gap(point):
    """A gap that a log axis can show."""
    return min(max(point["gap"], FLOOR), CEILING)


def times(axes, solvers, targets):
    """Bars of the time at each target, two to a solver, with the figure at the end."""
    names = list(solvers)[::-1]
    known = [found["at"][target]["min"] for found in solvers.values() for target in targets if found["at"][target]]
    least, most = (min(known), max(known)) if known else (1e-3, 1.0)
    start = least / 4
    for row, name in enumerate(names):
        colour = LOOKS.get(name, ("#666666", "."))[0]
        for k, target in enumerate(targets):
            place, point = row + 0.19 - 0.38 * k, solvers[name]["at"][target]
            gap = f"({float(target):.0e})"
            if point:
                axes.barh(place, point["min"] - start, 0.34, left=start, color=colour, alpha=1.0 if k == 0 else 0.55)
            end, text, grey = (point["min"], duration(point["min"]), "#000000") if point else (start, "not reached", "#666666")
            axes.annotate(
                f"{text} {gap}", (end, place), (3, 0), textcoords="offset points", va="center", fontsize=7, color=grey
            )
    axes.set_xscale("log")
    axes.set_xlim(start, most * (most / start) ** 0.5)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("seconds to " + " (dark), ".join(f"{float(target):.0e}" for target in targets) + " (light)")
    seconds_axis(axes)


def seconds_axis(axes):
    """Times along x, with a grid below what is drawn."""
    ticks(axes.xaxis, duration)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def ticks(axis, words):
    """Ticks of a log axis at powers of ten, in words; on a short axis also between them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    subs = range(1, 10) if high / low < 3 else (1, 2, 5) if high / low < 100 else (1,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axis.set_minor_formatter(NullFormatter())


def roofline(rows):
    """Bars of what each kernel reaches of the plain call."""
    made, (axes,) = figure(9.5, 0.9 + 0.27 * len(rows))
    rows = rows[::-1]
    ratios = [row["ratio"] for row in rows]
    axes.barh(range(len(rows)), ratios, 0.7, color=["#0072B2" if ratio >= 1 else "#D55E00" for ratio in ratios])
    most = max(1.0, *ratios)
    for place, row in enumerate(rows):  # in a column of their own, beyond every bar and the line
        text = f"{row['ratio']:.2f}   {digits(row['achieved'])} of {digits(row['plain'])} {row['unit']}"
        axes.text(1.03 * most, place, text, va="center", fontsize=8)
    axes.axvline(1.0, color="#000000", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row["kernel"] for row in rows])
    axes.set_xlim(0, 1.6 * most)
    axes.set_xlabel("achieved / plain copy, BLAS, LAPACK or numpy call (1: as fast)")
    margins(made, 2.6, 0.1)
    return made


def scaling(rows):
    """Seconds against what grows, with the fitted line and, dashed, the extrapolated one; two to a row."""
    from matplotlib.figure import Figure

    lines = (len(rows) + 1) // 2
    made = Figure(figsize=(9.5, 2.9 * lines))
    for k, row in enumerate(rows):
        axes = made.add_subplot(lines, 2, k + 1)
        slope = f": exponent {exponent(row)}" if "exponent" in row else ""
        axes.set_title(row["series"] + slope, fontsize=9)
        axes.loglog(row["values"], row["seconds"], "o", color="#000000", markersize=5)
        if "exponent" in row:
            far, b = row["extrapolated"], row["exponent"]
            inside = np.array([row["fitted"][0], row["values"][-1]])
            axes.plot(inside, row["intercept"] * inside**b, color="#0072B2")
            if far:
                outside = np.array([row["values"][-1], far["value"]])
                axes.plot(outside, row["intercept"] * outside**b, color="#D55E00", linestyle="--")
                axes.plot([far["value"]] * 2, [far["low"], far["high"]], color="#D55E00", linewidth=1)
                axes.plot(far["value"], far["seconds"], "o", markerfacecolor="white", color="#D55E00")
                place = {"xytext": (-9, 4), "textcoords": "offset points", "ha": "right"}
                axes.annotate("extrapolated", (far["value"], far["seconds"]), fontsize=8, **place)
            ticks(axes.xaxis, digits)
            ticks(axes.yaxis, duration)
        else:
            axes.plot(row["values"], row["seconds"][0] / np.array(row["values"]), color="#0072B2", linestyle=":")
            axes.text(0.04, 0.08, "dotted: perfect speed-up", transform=axes.transAxes, fontsize=8)
            for value, seconds in zip(row["values"], row["seconds"], strict=True):
                place = (7, 4) if value == row["values"][0] else (-40, 4)
                axes.annotate(duration(seconds), (value, seconds), place, textcoords="offset points", fontsize=8)
            axes.margins(y=0.15)
            axes.set_yticks([])
            axes.set_xticks(row["values"], [str(value) for value in row["values"]])
            axes.minorticks_off()
        axes.set_xlabel(row["grows"])
        axes.grid(color="#dddddd", linewidth=0.6)
    margins(made, 0.9, 0.1, wspace=0.28, hspace=0.5)
    made.subplots_adjust(top=1 - 0.3 / (2.9 * lines))
    return made


def exponent(row):
    """With its standard error, where there is one."""
    error = row["standard_error"]
    return f"{row['exponent']:.2f}" + ("" if error is None else f" ± {error:.2f}")
