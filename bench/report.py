"""bench.json as one page of HTML that needs nothing else: tables, and pictures where matplotlib is installed."""

from html import escape

from . import pictures, tasks
from .pictures import exponent
from .table import digits, duration, times

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
body { color: #111; background: #fff }
table { border-collapse: collapse; margin: .8rem 0; font-size: 13px }
th, td { padding: .15rem .6rem; border-bottom: 1px solid #ddd }
td { text-align: right; white-space: nowrap } td:first-child, th:first-child, td.text { text-align: left; white-space: normal }
th { text-align: right; vertical-align: bottom } thead { border-bottom: 2px solid #111 }
tr.lost td { background: #fdf0e6 } svg { max-width: 100%; height: auto; display: block }
h2 { margin-top: 2.5rem } h3 { margin-top: 2rem }
.wide { overflow-x: auto } figure { margin: 0 } nav { columns: 2; font-size: 13px } .note { color: #555; font-size: 13px }
"""

MEANINGS = (
    "none: no other solver got there. not reached: no tolerance that was tried bought the target. cut off: why a solver tried "
    "no tighter tolerance; what it had reached by then stays. samples: how many times the minimum and the median are of. Lines "
    "in pictures join a solver's points from its loosest tolerance on; hollow ones are gaps beyond the ends of the axis."
)
PROBLEMS = (
    "Simulated problems are y = Xw + noise: standard normal columns, neighbours correlated as in an AR(1) process; w = 1, -1, "
    "1, ... on as many columns as the support says, spread evenly; noise as a multiple of the signal's deviation. Sparse ones "
    "have positive entries at random. Dense X and y are centred for all, and no solver has an intercept to fit but in "
    f"cross-validation, of {tasks.FOLDS} folds. A path has 100 alphas, geometric from alpha_max on; an elastic net an l1_ratio "
    "of 0.5; a ridge path starts at 10 times the mean |x_j|²."
)
OWN = (
    "Dense columns of --data files are centred and scaled to deviation 1, constant ones left out; sparse ones are as they are."
)

WIDE = 60  # characters of a cell that is broken into lines
JUDGED = (
    "Every time stands beside what it bought. That is the duality gap, relative to the objective, computed in float64 from the "
    "coefficients by one function for all solvers. Cross-validation has no gap: in its stead stands the largest difference of "
    "its errors from those of fits certified to 1e-12, relative to the largest error, and squared, since an error moves by the "
    "square root of a gap. A map is judged by its largest difference from the formula, relative to the largest number. A "
    "solver's time for a target is that of the fastest of its tolerances which bought as much."
)


class Markup(str):
    """Text that is HTML already."""


def page(found):
    """The HTML of what command.run has measured."""
    title = f"fastreg {found['machine'].get('fastreg', '')} against its peers".replace("  ", " ")
    drawn = pictures_can_be_drawn()
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(found['started'])}, {found['seconds']:.0f} s, one thread. {JUDGED}</p>",
    ]
    if found["left out"]:
        held = escape(", ".join(found["left out"]))
        parts.append(f"<p>Left out of the environment of what was timed, as it holds a BLAS: {held}.</p>")
    if not drawn:
        parts.append('<p class="note">There are no pictures: they need matplotlib (pip install matplotlib).</p>')
    parts += [asked(found), summary(found), contents(found), machine(found)]
    if found["races"]:
        parts.append("<h2>Races</h2>" + "".join(race(one, k, drawn) for k, one in enumerate(found["races"])))
    parts += [costs(found), roofline(found["roofline"], drawn), scaling(found["scaling"], drawn)]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>\n<body>\n'
        + "\n".join(filter(None, parts))
        + "\n</body></html>\n"
    )


def pictures_can_be_drawn():
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


def picture(drawn, draw, *arguments, title):
    return f"<figure>{pictures.svg(draw, *arguments, title=escape(title))}</figure>" if drawn else ""


def table(header, rows, lost=()):
    """lost: numbers of the rows to colour."""

    def cell_of(value):
        if isinstance(value, Markup):
            return f"<td>{value}</td>"
        text = str(value)
        return f"<td{' class=text' if len(text) > WIDE else ''}>{escape(text)}</td>"

    lines = ["".join(map(cell_of, row)) for row in rows]
    body = "".join(f"<tr{' class=lost' if k in lost else ''}>{line}</tr>" for k, line in enumerate(lines))
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def asked(found):
    """What was run, on what, and what the words of the tables mean."""
    options = found["options"]
    run = (
        f"A {'quick' if options['quick'] else 'full'} run, of the parts {', '.join(options['parts'])}; {options['budget']:g} s "
        "for each solver and problem to find its tolerances, and as many to repeat them."
    )
    if options["only"]:
        run += f" Only what is called {' or '.join(options['only'])}."
    return "<h2>What was run</h2>" + "".join(f"<p>{escape(text)}</p>" for text in (run, PROBLEMS, OWN, MEANINGS))


def ratio_of(one):
    """What the alpha of a race is a fraction or a multiple of, or nothing for a map."""
    if one["kind"] == "map":
        return ""
    if one["kind"].startswith("ridge"):
        return f", alpha {'down to ' if one['kind'] == 'ridge path' else ''}{one['alpha_ratio']:g} mean |x_j|²"
    down = "" if one["kind"] == "lasso" else "down to "
    return f", alpha {down}alpha_max/{1 / one['alpha_ratio']:g}"


def summary(found):
    """One line to a race: fastreg, the best other solver, and how many times faster fastreg is, at each target."""
    if not found["races"]:
        return ""
    targets, rows, lost = [f"{target:g}" for target in found["targets"]], [], set()
    for k, one in enumerate(found["races"]):
        row = [Markup(f'<a href="#race{k}">{escape(one["name"])}</a>'), size(one)]
        for target in targets:
            ratio, rival = one["ratio"][target], one["best_other"][target]
            own = one["solvers"].get("fastreg", {}).get("at", {}).get(target)
            theirs = rival and one["solvers"][rival]["at"][target]
            row += [spent(own), f"{rival}, {spent(theirs)}" if rival else "none", times(ratio) if ratio else "-"]
            if (ratio and ratio < 1) or (theirs and not own):
                lost.add(k)
        rows.append(row)
    header = ["problem", "n x p"]
    for target in targets:
        header += [f"fastreg, {float(target):.0e}", "best other", "ratio"]
    return (
        "<h2>All problems</h2><p>ratio: the time of the best other solver over that of fastreg, above 1 where fastreg is "
        f"faster; coloured: the {len(lost)} of {len(rows)} problems that fastreg loses at one target at least. In brackets the "
        "gap reached, or what stands in its stead.</p>" + table(header, rows, lost)
    )


def size(one):
    filled = one["entries"] / max(1, one["n"] * one["p"])
    return f"{one['n']} x {one['p']}" + ("" if filled == 1 else f", {filled:.2g} filled")


def spent(point):
    return "not reached" if point is None else f"{duration(point['min'])} ({point['gap']:.0e})"


def contents(found):
    links = [("Costs", "costs"), ("Roofline", "roofline"), ("Scaling", "scaling")]
    present = {"costs": found["imports"] or found["memory"], "roofline": found["roofline"], "scaling": found["scaling"]}
    return "<nav>" + " · ".join(f'<a href="#{key}">{name}</a>' for name, key in links if present[key]) + "</nav>"


def machine(found):
    """What was measured on what, and who did not take part."""
    rows = [(name, "; ".join(value) if isinstance(value, list) else value) for name, value in found["machine"].items()]
    rows += found["versions"].items()
    rows += [(f"not in this run: {name}", reason) for name, reason in found["absent"].items()]
    rows += [(f"not read: {file}", reason) for file, reason in found["unread"].items()]
    return "<h2>Versions and machine</h2>" + table(["", ""], rows)


def race(one, k, drawn):
    targets = list(one["ratio"])
    rows = []
    for name, found in one["solvers"].items():
        reached = [found["at"][target] for target in targets]
        cells = []
        for point in reached:
            cells += [spent(point), *(("-", "-") if point is None else (duration(point["median"]), point["samples"]))]
        rows.append([name, *cells, len(found["points"]), found["cut"] or ""])
    gap = one["judged by"] == tasks.judged_by("lasso")
    header = ["solver"]
    for target in targets:
        header += [f"time to {float(target):.0e} ({'gap' if gap else 'reached'})", "median", "samples"]
    note = f"Data: {one['data']}." + ("" if gap else f" Judged by the {one['judged by']}.")
    if not any(found["points"] for found in one["solvers"].values()):
        drawn = False
    return (
        f'<h3 id="race{k}">{escape(one["name"])}, {size(one)}{ratio_of(one)}</h3>'
        + f'<p class="note">{escape(note)}</p>'
        + picture(drawn, pictures.race, one, title=f"{one['name']}: {one['judged by']} against time, and times at each target")
        + table([*header, "tolerances", "cut off"], rows)
    )


def costs(found):
    """Columns of import time and memory for each solver."""
    if not found["imports"] and not found["memory"]:
        return ""
    names = [*dict.fromkeys([*found["imports"], *(name for one in found["memory"] for name in one["solvers"])])]
    rows = []
    for name in names:
        milliseconds = found["imports"].get(name)
        row = [name, "-" if milliseconds is None else f"{milliseconds:.0f} ms"]
        for one in found["memory"]:
            cost = one["solvers"].get(name)
            known = cost is not None and "bytes" in cost
            row.append(f"{cost['bytes'] / 1e6:.1f} MB ({cost['gap']:.0e})" if known else "-" if cost is None else cost["error"])
        rows.append(row)
    header = ["solver", "import over numpy's", *(f"{one['name']}, X {one['X_bytes'] / 1e6:.1f} MB" for one in found["memory"])]
    return (
        '<h2 id="costs">Import and memory</h2><p>Import: with what a first fit loads. Memory: how far the peak of a process of '
        "its own rises above what it holds with X loaded, during one call to a gap of at most 1e-4, the answer included; in "
        "brackets the gap reached.</p>" + table(header, rows)
    )


def roofline(rows, drawn):
    if not rows:
        return ""
    good, cells = [row for row in rows if "error" not in row], []
    for row in rows:
        if "error" in row:
            cells.append([row["kernel"], row["error"], *[""] * 6])
            continue
        reached = [digits(row["achieved"]), row["plain call"], digits(row["plain"]), f"{row['ratio']:.2f}"]
        cells.append([row["kernel"], row["unit"], *reached, duration(row["seconds"]), row["more"]])
    return (
        '<h2 id="roofline">Roofline</h2><p>What a kernel reaches over what a plain call reaches in the same run. Amounts are '
        "those that the task needs at least. Kernels do more than plain calls, which check no input and certify nothing: the "
        "last column says what.</p>"
        + picture(drawn and good, pictures.roofline, good, title="achieved over plain, for each kernel")
        + table(["kernel", "unit", "achieved", "plain call", "plain", "ratio", "time", "what it does besides"], cells)
    )


def scaling(rows, drawn):
    if not rows:
        return ""
    good, cells = [row for row in rows if "error" not in row], []
    for row in rows:
        if "error" in row:
            cells.append([row["series"], row["error"], "", "", ""])
            continue
        measured = f"{duration(row['seconds'][-1])} at {row['values'][-1]}, gap {max(row['gaps']):.0e}"
        if "exponent" in row:
            far = row["extrapolated"]
            farther = "nothing is extrapolated: too few values, or too far from a line"
            if far:
                farther = f"{duration(far['seconds'])} ({duration(far['low'])} to {duration(far['high'])}) at {far['value']}"
                farther += ", extrapolated"
            cells.append([row["series"], exponent(row), measured, farther, ""])
        else:
            faster = f"{row['speedup'][-1]:.2f} times as fast with {row['values'][-1]} as with one"
            cells.append(
                [row["series"], "-", measured, "nothing is extrapolated", f"{faster}; this machine has {row['cores']} cores"]
            )
    return (
        '<h2 id="scaling">Scaling</h2><p>fastreg alone, asked for 1e-6. Exponents are slopes of a line through the last four '
        "points on log-log axes, ± its standard error. Figures marked extrapolated were not measured: the line is drawn on to "
        "ten times the last value; their range is two standard errors, if the line holds. There are none "
        "from fewer than four values, nor where that range is wider than fourfold.</p>"
        + picture(drawn and good, pictures.scaling, good, title="seconds against what grows, log-log")
        + table(["series", "exponent", "measured", "ten times farther", "threads"], cells)
    )
