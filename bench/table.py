"""`python bench/table.py bench.json`: a saved `pytest bench --benchmark-only --benchmark-json=bench.json` as Markdown.

    python bench/table.py FILE              all of it, as in docs/benchmarks.md
    python bench/table.py FILE --readme     float64 at the smallest gap asked for, maps but soft_threshold left out
    python bench/table.py FILE --reduce     the JSON, of each case what these need: bench/saved.json

One line for each problem, dtype and gap asked of fastreg, beside the numpy reference of the same group, whatever gap
that was asked for; times are minimum (median), gaps are those reached, relative to the objective; ratio is the
reference's minimum over fastreg's.  Where cross-validation was run, a second table has its time over that of one path.
"""

import json
import sys
from pathlib import Path

HEADER = ["task", "problem", "n x p", "dtype", "asked", "fastreg", "gap", "numpy reference", "gap", "ratio"]
PATHS_HEADER = ["10 folds and all rows cost so many paths", "problem", "n x p", "asked", "fastreg", "numpy reference"]


def duration(seconds):
    """Three significant digits in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size or unit == "µs":
            return f"{digits(seconds / size)} {unit}"


def digits(number):
    """Three significant digits, or all that are before the point: no exponent of a large number."""
    return f"{number:.3g}" if number < 999.5 else f"{number:.0f}"


def times(ratio):
    """A ratio to two digits, or all that are before the point."""
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"


def spread(case):
    """Minimum (median)."""
    return f"{duration(case['stats']['min'])} ({duration(case['stats']['median'])})"


def named(info):
    """The problem, a file by its name alone."""
    return Path(info["problem"]).stem if info["problem"].endswith(".npz") else info["problem"]


def pairs(cases):
    """Each case of fastreg and the reference of its group, in the order of the run."""
    references = {case["group"]: case for case in cases if case["extra_info"]["solver"] == "numpy"}
    return [(case, references[case["group"]]) for case in cases if case["extra_info"]["solver"] == "fastreg"]


def rows(cases):
    """The cells of each line."""
    for case, rival in pairs(cases):
        info = case["extra_info"]
        ratio = rival["stats"]["min"] / case["stats"]["min"]
        yield [
            info["kind"],
            named(info),
            f"{info['n']} x {info['p']}",
            info["dtype"],
            f"{info['tol']:.0e}",
            spread(case),
            f"{info['gap']:.0e}",
            spread(rival),
            f"{rival['extra_info']['gap']:.0e}",
            times(ratio),
        ]


def paths(cases):
    """The cells of each line of the second table."""
    for case, rival in pairs(cases):
        info = case["extra_info"]
        if "cv_over_path" in info:
            size = f"{info['n']} x {info['p']}"
            ratios = [f"{one['extra_info']['cv_over_path']:.1f}" for one in (case, rival)]
            yield [info["kind"], named(info), size, f"{info['tol']:.0e}", *ratios]


def markdown(header, lines):
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *lines])


def table(cases):
    """The Markdown tables, with a line that says what they were measured on."""
    tables = [markdown(HEADER, rows(cases))]
    if folds := list(paths(cases)):
        tables.append(markdown(PATHS_HEADER, folds))
    info = cases[0]["extra_info"]
    threads = "unknown" if info["blas_threads"] is None else info["blas_threads"]
    source = f"fastreg {info['fastreg']}, numpy {info['numpy']}, Python {info['python']}, {info['cpu']}"
    return "\n\n".join([*tables, f"{source}; BLAS threads: {threads}."])


def shown_first(cases):
    """The cases of the README's table: both solvers of a group, fastreg at the smallest gap that it is asked for."""
    least = {}
    for case in cases:
        if case["extra_info"]["solver"] == "fastreg":
            least[case["group"]] = min(least.get(case["group"], 1.0), case["extra_info"]["tol"])
    return [
        case
        for case in cases
        if case["extra_info"]["dtype"] == "float64"
        and not case["extra_info"]["kind"].startswith("prox.")
        and (case["extra_info"]["solver"] == "numpy" or case["extra_info"]["tol"] == least[case["group"]])
    ]


def reduced(saved):
    """Of each case its name, what it stands for, and its times."""
    numbers = ("min", "median", "mean", "max", "rounds", "iterations")
    kept = ("group", "name", "extra_info")
    cases = [
        {**{key: case[key] for key in kept}, "stats": {key: case["stats"][key] for key in numbers}}
        for case in saved["benchmarks"]
    ]
    return json.dumps({"benchmarks": cases}, indent=1)


if __name__ == "__main__":
    flags = [word for word in sys.argv[1:] if word.startswith("--")]
    files = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(files) != 1 or not set(flags) <= {"--readme", "--reduce"} or len(flags) > 1:
        sys.exit("one file is needed: python bench/table.py bench.json [--readme | --reduce]")
    saved = json.loads(Path(files[0]).read_text(encoding="utf-8"))
    if "benchmarks" not in saved:
        sys.exit(f"{files[0]} is not of `pytest bench`; that of `fastreg bench` is shown by the report.html beside it.")
    if flags == ["--reduce"]:
        print(reduced(saved))
    else:
        print(table(shown_first(saved["benchmarks"]) if flags else saved["benchmarks"]))
