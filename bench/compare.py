"""Compare the speed and the answers of two revisions on this machine, in interleaved runs.

    python bench/compare.py OLD NEW [--only PATTERN] [--rounds N] [--fail-above 1.05] [--json FILE] [--data FILE.npz]

OLD and NEW are revisions of git, "." for the working tree with what is not committed, or the folder of a checkout that is
built.  Revisions are built once, in a cache.  Each has a process (compare_worker.py, which holds the cases), and the two run
batches of a case in turn, old new new old, so that what slows the machine slows both.  A pair of batches gives one ratio
new/old.  The table has the median ratio with an interval that holds it with 95 % (order statistics), and says "slower" or
"faster" where all of the interval is further from 1 than the threshold.  Answers are compared, and judged by themselves.
"""

import argparse
import contextlib
import json
import math
import os
import pickle
import platform
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

if __package__:
    from .compare_builds import Refused, built, is_dirty, is_folder
    from .processes import ONE_THREAD, end
else:
    from compare_builds import Refused, built, is_dirty, is_folder
    from processes import ONE_THREAD, end

WORKER = Path(__file__).with_name("compare_worker.py")
NAMES = ("old", "new")
BATCH = 0.03  # seconds of one batch, of which the fastest of TIMES parts counts
TIMES = 5
RENEWED = 5  # pairs of batches, after which processes are new: where memory lies makes one a percent slower than its twin


class Worker:
    """The process of one revision, whose death is an answer like any other."""

    def __init__(self, folder, data, threads, pycache):
        self.folder, self.process = folder, None
        self.command = [sys.executable, "-P", str(WORKER), *([str(data.resolve())] if data else [])]
        self.environment = os.environ | dict.fromkeys(ONE_THREAD, str(threads))
        # byte code neither missing, which would be compiled at each import, nor left in somebody's folder
        self.environment |= {"PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(pycache), "PYTHONHASHSEED": "0"}

    def ask(self, *order):
        """("done", what), ("absent", why) or ("failed", why)."""
        if self.process is None:
            # a session of its own: Ctrl-C comes to this process alone, which ends the others
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True}
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.folder, **pipes)
        try:
            pickle.dump(order, self.process.stdin)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            return "failed", f"its process ended with status {self.close()}"

    def names(self):
        """The cases, and which clock times them; it must be this revision's fastreg that it has."""
        kind, reply = self.ask("names")
        if kind != "done":
            raise Refused(f"fastreg in {self.folder} does not load: {reply}.")
        names, home, clock = reply
        if Path(home).resolve() != self.folder.resolve():
            raise Refused(f"Python imports fastreg from {home} where {self.folder} comes first on its path.")
        return names, clock

    def close(self):
        """End the process, and what it started; its status."""
        if self.process is not None:
            process, self.process = self.process, None
            end(process)
            with contextlib.suppress(BrokenPipeError):  # of an order that nobody has read
                process.stdin.close()
            process.stdout.close()
            return process.wait()
        return None


def order(rounds):
    """old new, new old, old new, ...: which of (0, 1) is first in each pair."""
    return [(0, 1) if k % 2 == 0 else (1, 0) for k in range(rounds)]


def rank(n):
    """The largest k for which the k-th smallest and largest of n numbers hold their median with 95 %; 0 if none does."""
    k, tail = 0, 1.0
    while tail <= 0.025 * 2**n:
        k += 1
        tail += math.comb(n, k)
    return k


def interval(ratios):
    """The median, and the interval that holds the median of all there could be with 95 %."""
    ratios, k = np.sort(ratios), rank(len(ratios))
    return float(np.median(ratios)), float(ratios[k - 1]), float(ratios[-k])


def verdict(low, high, threshold):
    """What an interval of ratios says for certain."""
    return "slower" if low > 1 + threshold else "faster" if high < 1 / (1 + threshold) else ""


def difference(old, new):
    """The largest difference of two answers, relative to the largest number of the old one; inf where shapes differ."""
    if old.shape != new.shape:
        return math.inf
    return float(np.abs(old - new).max() / max(np.abs(old).max(), 1e-300)) if old.size else 0.0


def is_wrong(answer):
    """Whether an answer is further from right than it was asked to be; NaN is."""
    return not answer["gap"] <= answer["asked"]


class Unanswered(Exception):
    """A case that has no times, since a revision lacks it or fails: the outcome of both, and a note."""


def ask_both(workers, *order):
    """What both have to say."""
    replies = [worker.ask(*order) for worker in workers]
    outcomes = [outcome for outcome, _ in replies]
    if outcomes != ["done", "done"]:
        words = {"absent": "not there", "failed": "failed"}
        notes = [f"{which}: {words[o]} ({what})" for which, (o, what) in zip(NAMES, replies, strict=True) if o in words]
        raise Unanswered(outcomes, "; ".join(notes))
    return [what for _, what in replies]


def measure(name, workers, rounds):
    """Seconds (rounds, 2) of the two, and what each has answered."""
    answers = ask_both(workers, "setup", name)
    slower = max(answer["seconds"] for answer in answers)
    calls = max(1, int(BATCH / TIMES / max(slower, 1e-9)))
    times = 1 if slower > 1 else int(np.clip(BATCH / (calls * max(slower, 1e-9)), 2, TIMES))
    seconds = np.zeros((rounds, 2))
    for k, pair in enumerate(order(rounds)):
        if k > 0 and k % RENEWED == 0:
            for worker in workers:
                worker.close()
            ask_both(workers, "setup", name, False)
        for which in pair:
            outcome, what = workers[which].ask("run", calls, times)
            if outcome != "done":
                raise Unanswered(["done" if k != which else outcome for k in (0, 1)], f"{NAMES[which]}: failed ({what})")
            seconds[k, which] = what
    return seconds, answers


def compare(name, workers, rounds, threshold):
    """One case, as the record that is printed and saved."""
    try:
        seconds, (old, new) = measure(name, workers, rounds)
    except Unanswered as reason:
        outcomes, note = reason.args
        return {"case": name, "outcomes": outcomes, "note": note}
    median, low, high = interval(seconds[:, 1] / seconds[:, 0])
    wrong = [f"{which} is WRONG" for which, answer in zip(NAMES, (old, new), strict=True) if is_wrong(answer)]
    return {
        "case": name,
        "outcomes": ["failed" if is_wrong(answer) else "done" for answer in (old, new)],
        "ratio": median,
        "interval": [low, high],
        "seconds": seconds.tolist(),
        "difference": difference(old["values"], new["values"]),
        "gaps": [old["gap"], new["gap"]],
        "asked": new["asked"],
        "note": "; ".join(filter(None, [verdict(low, high, threshold), *wrong])),
    }


def line(record):
    """A record as a line of the table."""
    if "ratio" not in record:
        return f"{record['case']:<18} {record['note']}"
    old, new = (f"{1e3 * seconds:9.4g}" for seconds in np.median(record["seconds"], axis=0))
    low, high = record["interval"]
    gap_old, gap_new = (f"{gap:7.0e}" for gap in record["gaps"])
    spread = f"{record['ratio']:6.3f} [{low:.3f}, {high:.3f}]"
    return (
        f"{record['case']:<18} {old} {new} {spread} {record['difference']:7.0e} {gap_old} {gap_new}  {record['note']}".rstrip()
    )


HEADER = f"{'case':<18} {'old ms':>9} {'new ms':>9} {'new/old [95 %]':>21} {'differ':>7} {'gap old':>7} {'gap new':>7}"


def fails(record, above):
    """Whether a case is slower than that for certain, or has an answer in the old revision alone."""
    return record["outcomes"] == ["done", "failed"] or ("ratio" in record and record["interval"][0] > above)


def options(arguments):
    parser = argparse.ArgumentParser(
        prog="compare.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--only", default="", metavar="PATTERN", help="cases whose name this regular expression is found in")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="pairs of batches per case, 6 or more (default 20)")
    parser.add_argument("--threshold", type=float, default=0.03, help="what a ratio must exceed to be told (default 0.03)")
    parser.add_argument("--fail-above", type=float, metavar="RATIO", help="exit 1 if a case is slower than that for certain")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save every time")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="a lasso and a path on arrays X, y of your own, too")
    parser.add_argument("--threads", type=int, default=1, help="of BLAS; one is timed by its CPU time, more by the clock")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache" / "fastreg-compare", help="builds (default %(default)s)"
    )
    return parser.parse_args(arguments)


def run(given):
    if given.rounds < 6:
        raise Refused(f"--rounds is {given.rounds}; fewer than 6 have no interval of 95 %.")
    if given.threads < 1:
        raise Refused(f"--threads is {given.threads}; it must be at least 1.")
    if given.data is not None:
        try:
            with np.load(given.data) as arrays:
                there = {"X", "y"} <= set(arrays)
        except (OSError, ValueError, TypeError, AttributeError):  # what np.load makes of something else
            there = False
        if not there:
            raise Refused(f"{given.data} is no .npz file with arrays X and y.")
    try:
        pattern = re.compile(given.only)
    except re.error as error:
        raise Refused(f"--only {given.only!r} is not a regular expression: {error}.") from None
    revisions = [given.old, given.new]
    if "." not in revisions and not all(map(is_folder, revisions)) and is_dirty():
        print('what is not committed is not measured; "." stands for the working tree', file=sys.stderr)
    folders = [built(revision, given.cache) for revision in revisions]
    records = []
    with tempfile.TemporaryDirectory() as pycache:
        workers = [Worker(folder, given.data, given.threads, pycache) for folder in folders]
        try:
            (names, clock), _ = (worker.names() for worker in workers)
            chosen = [name for name in names if pattern.search(name)]
            if not chosen:
                raise Refused(f"--only {given.only!r} is found in none of: {', '.join(names)}.")
            print(HEADER, flush=True)
            for name in chosen:
                records.append(compare(name, workers, given.rounds, given.threshold))
                print(line(records[-1]), flush=True)
        finally:
            for worker in workers:
                worker.close()
    around = sum("ratio" in record and record["interval"][0] <= 1 <= record["interval"][1] for record in records)
    timed = sum("ratio" in record for record in records)
    print(f"{around} of {timed} intervals hold 1; {given.rounds} pairs, {given.threads} BLAS thread(s), clock: {clock}")
    if given.json is not None:
        about = {"old": given.old, "new": given.new, "rounds": given.rounds, "threads": given.threads, "clock": clock}
        about |= {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.platform()}
        given.json.write_text(json.dumps(about | {"cases": records}, indent=1), encoding="utf-8")
    return int(given.fail_above is not None and any(fails(record, given.fail_above) for record in records))


def main(arguments=None):
    given = options(arguments)
    try:
        return run(given)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` is reached
    sys.exit(main())
