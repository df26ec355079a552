"""One solver in a process of its own, so that it can be stopped, may crash, and has its threads held from the start.

    main(): requests as lines of JSON on stdin, for each a line on what was stdout
    {"load": race}                           {"n": , "p": , "entries": , "sparse": }  prepares the task
    {"run": tol, "seconds": }                {"seconds": [one a call]}
    {"verify": }                             {"gap": }                                of the last answer
    {"memory": tol}                          {"bytes": }                              how far the peak went above what was there
    {"roofline": name}, {"scale": name}      a row of roofline.py, of scaling.py
    {"stack": }                              {"versions": , ...}                      machine.py, as a worker sees it
An error is {"error": sentence}.  Whatever else is printed goes to stderr.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

from fastreg._files import Refusal

WARM = 1e-1  # tolerance of a first call on small data, which imports and compiles


def main(solver):
    """Serve the solver of this name (or none: "") until stdin ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # of peers that do not reach a loose tolerance: the gap tells
    with one_thread():
        worker = Worker(solver)
        for line in sys.stdin:
            try:
                reply = worker.answer(json.loads(line))
            except Refusal as refusal:
                reply = {"error": str(refusal)}
            except MemoryError:
                reply = {"error": "not enough memory"}
            except Exception as error:  # a peer may raise anything
                reply = {"error": " ".join(f"{type(error).__name__}: {error}".split())[:200]}
            print(json.dumps(reply), file=channel, flush=True)


def one_thread():
    """Hold every BLAS and OpenMP to one thread; without threadpoolctl the environment has to (processes.ONE_THREAD)."""
    from contextlib import nullcontext

    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    import scipy.linalg  # noqa: F401  (its BLAS is a second one, and only a loaded library can be held)

    return threadpool_limits(1)


class Worker:
    """The task that was loaded last, and its solver."""

    def __init__(self, name):
        self.name, self.task, self.solve, self.last, self.warm = name, None, None, None, set()

    def answer(self, request):
        """The reply to a request, a dictionary of what the head of this file says."""
        (command, value), *_ = request.items()
        return getattr(self, f"do_{command}")(value, **dict(list(request.items())[1:]))

    def do_load(self, race):
        from . import problems, solvers, tasks

        self.last = None
        self.task, solver = tasks.task(problems.Race(**race)), solvers.SOLVERS[self.name]
        self.solve = solver.kinds[self.task.kind]
        X = self.task.y[:, None] if self.task.X is None else self.task.X
        sparse = hasattr(X, "nnz")
        if (self.task.kind, sparse) not in self.warm and self.task.X is not None:
            self.solve(tasks.task(problems.Race(race["kind"], "tiny sparse" if sparse else "tiny", 0.1)), WARM * solver.scale)
            self.warm.add((self.task.kind, sparse))
        if self.task.kind == "cv":
            self.task.errors, self.task.folds  # noqa: B018  (neither is in anybody's time)
        return {"n": X.shape[0], "p": X.shape[1], "entries": int(X.nnz if sparse else X.size), "sparse": sparse}

    def do_run(self, tol, seconds=0.0):
        self.last, first = self.clock(tol, 1)
        times = list(first)
        if sum(times) < seconds:
            calls = max(1, int(1e-3 / times[0]))  # a lap lasts long against the clock's resolution
            while sum(times) < seconds and len(times) < 200:
                times += self.clock(tol, calls)[1]
                seconds -= (calls - 1) * times[-1]
        return {"seconds": times}

    def do_verify(self, _):
        return {"gap": self.task.gap(self.last)}

    def clock(self, tol, calls):
        """The answer, and the mean seconds of so many calls, in a list; more of them where a solver takes the time itself."""
        start = time.perf_counter()
        for _ in range(calls):
            answer = self.solve(self.task, tol)
        seconds = (time.perf_counter() - start) / calls
        return (answer.answer, answer.seconds) if hasattr(answer, "seconds") else (answer, [seconds])

    def do_memory(self, tol):
        if not Path("/proc/self/clear_refs").exists():
            return {"error": "only Linux tells"}
        before = memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts again
        answer = self.solve(self.task, tol)
        peak = memory("VmHWM")
        return {"bytes": max(0, peak - before), "gap": self.task.gap(getattr(answer, "answer", answer))}

    def do_roofline(self, name, quick=False):
        from . import roofline

        return roofline.measure(name, quick)

    def do_scale(self, name, quick=False):
        from . import scaling

        return scaling.measure(name, quick)

    def do_stack(self, _):
        from . import machine

        return machine.stack()


def memory(what):
    """Bytes of this process, as Linux counts them."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {what}")
