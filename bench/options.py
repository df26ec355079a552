"""What `fastreg bench` is asked to do, and the line that tells what it does."""

import os
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from fastreg._files import Refusal

from . import problems, roofline, scaling

PARTS = ("race", "memory", "import", "roofline", "scaling")
BUDGET, QUICK_BUDGET = 2.0, 0.3


def describe(parser):
    """Give a parser its description and arguments."""
    parser.description = (
        "Time fastreg against numpy references and every installed peer (scikit-learn, celer, skglm, adelie, glum; glmnet "
        "where Rscript is), at equal verified gap, on one thread; write bench.json and report.html. Some 10 minutes with all."
    )
    parser.epilog = (
        "examples: fastreg bench --quick; fastreg bench --only 'lasso path*' --peers celer; fastreg bench --data FOLDER"
    )
    parser.add_argument(
        "--out", metavar="DIR", default=".", help="folder for bench.json and report.html; made if it is not there"
    )
    parser.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="names that contain this, or match it if it has * or ?, those of --data also as FOLDER/FILE; may be given "
        "several times",
    )
    parser.add_argument("--peers", metavar="A,B", help="these peers only, or none (numpy stays)")
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="also race on a folder of files, or one: .npz with X and y, .csv whose last "
        "column is y, NAME.X.npz (scipy.sparse) with NAME.y.npy; dense columns are centred and scaled to deviation 1",
    )
    parser.add_argument("--quick", action="store_true", help="fewer problems and no memory, in about a minute")
    parser.add_argument("--parts", metavar="A,B", help=f"some of {','.join(PARTS)}")
    parser.add_argument(
        "--budget", type=float, metavar="S", help=f"seconds of each solver and problem ({BUDGET:g}; quick {QUICK_BUDGET:g})"
    )
    parser.add_argument("--list", action="store_true", help="show what would run, and who takes part")


def parse(argv, parser):
    """The options, checked."""
    describe(parser)
    options = parser.parse_args(argv)
    if options.peers is not None:
        options.peers = [] if options.peers == "none" else names_in(options.peers)
    options.parts = list(PARTS) if options.parts is None else names_in(options.parts)
    if unknown := sorted(set(options.parts) - set(PARTS)):
        raise Refusal(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}.")
    if options.budget is None:
        options.budget = QUICK_BUDGET if options.quick else BUDGET
    if not (options.budget > 0 and np.isfinite(options.budget)):
        raise Refusal(f"--budget is {options.budget:g}; a positive number of seconds is needed.")
    if options.data is not None:
        if not os.path.exists(options.data):
            raise Refusal(f"cannot read {options.data}: no such file or folder.")
        if not problems.files(options.data):
            raise Refusal(f"{options.data} is not, and has no, {', '.join(problems.SUFFIXES)} file.")
    return options


def names_in(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def wanted(options):
    """By part the races and names that the options ask for."""
    every = {
        "race": problems.races(options.data),
        "memory": list(problems.MEMORY),
        "import": ["import"],
        "roofline": list(roofline.KERNELS),
        "scaling": list(scaling.SERIES),
    }
    found = {}
    for part, items in every.items():
        items = items if part in options.parts else []
        if options.quick:
            items = [one for one in items if getattr(one, "quick", True) or getattr(one, "data", None) not in problems.SETS]
        if options.only is not None:
            items = [one for one in items if any(matches(f"{part}: {name}", options.only) for name in names_of(one))]
        found[part] = items
    return found


def names_of(one):
    """What --only finds something by: its name, and on a file also that with the file's folder."""
    names = [getattr(one, "name", one)]
    if getattr(one, "data", None) and one.data not in problems.SETS:
        file = Path(one.data)
        names.append(names[0].removesuffix(file.name) + f"{file.parent.name}/{file.name}")
    return names


def matches(name, patterns):
    """Whether one of the patterns is in "part: name", or matches that or the name where it has wildcards."""
    name = name.lower()
    for pattern in map(str.lower, patterns):
        if pattern in name or fnmatch(name, pattern) or fnmatch(name.partition(": ")[2], pattern):
            return True
    return False


class Progress:
    """What runs, on stderr: a bar of tqdm on a terminal, else a line each."""

    def __init__(self, total):
        self.total, self.done, self.start, self.bar = total, 0, time.perf_counter(), None
        if sys.stderr.isatty():
            try:
                from tqdm import tqdm

                self.bar = tqdm(total=total, unit="", file=sys.stderr)
            except ImportError:
                pass

    def step(self, name):
        self.done += 1
        if self.bar is None:
            print(f"[{self.done}/{self.total}] {time.perf_counter() - self.start:4.0f} s  {name}", file=sys.stderr, flush=True)
        else:
            self.bar.update(self.done > 1)
            self.bar.set_description(name)

    def end(self):
        if self.bar is not None:
            self.bar.update(1)
            self.bar.close()
