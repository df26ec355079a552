"""`fastreg bench`: measure what is named in problems.py, roofline.py and scaling.py; write bench.json and report.html.

bench.json, in which no time stands without the gap that it bought:

    schema      1
    started     ISO 8601; seconds: of the whole run; options: peers, only, quick, parts, budget
    machine     processor, cores, BLAS, instruction set, ...; versions: of packages; absent: solver -> why it is not in the run
    left out    variables of the environment that hold a BLAS to fewer instructions, which no worker has seen
    unread      file of --data -> why nothing was measured on it
    targets     the gaps, relative to the objective, that solvers are compared at; keys below are these as text, "0.0001"
    races       [{name, kind, data: how it is made, judged by: what stands for the gap, n, p, entries, alpha_ratio,
                solvers, ratio: {target: number or null}, best_other: {target: name or null}}]
        solvers     name -> {points: [{tol, gap, min, median, samples}], at: {target: point or null}, cut: sentence or null}
    imports     solver -> milliseconds over those of numpy, or null where it does not load
    memory      [{name, X_bytes, solvers: {name: {bytes, gap} or {error}}}]
    roofline    [{kernel, unit, achieved, plain call, plain, ratio, seconds, plain seconds, more}, more: what the
                kernel does besides, or {kernel, error}]
    scaling     [{series, grows, values, seconds, gaps, and exponent, standard_error, intercept, fitted, extrapolated: {value,
                seconds, low, high} or null, or speedup, cores} or {series, error}]
"""

import dataclasses
import datetime
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from fastreg._files import Refusal

from . import machine, problems, processes, race, report, solvers, tasks
from .options import Progress, parse, wanted
from .processes import Process
from .table import duration, times

STARTING = 90.0  # seconds for a process to import and compile
EXTRA = 2.0  # budgets after which one call is stopped
NEAR = 1e-4  # the gap that memory is measured at
MEMORY_LIMIT = 4.0
LOADED_LATE = {"fastreg": "fastreg._lasso", "scikit-learn": "sklearn.linear_model"}  # by a first fit, not with the package
STEADY = {"MALLOC_MMAP_THRESHOLD_": "131072"}  # what is freed goes back to the system, and does not hide the next array


def run(argv, parser):
    """Run the command with these arguments; parser is an ArgumentParser without any."""
    options = parse(argv, parser)
    items = wanted(options)
    present, absent = solvers.chosen(options.peers)
    if options.list:
        for part, names in items.items():
            for one in names:
                print(f"{part + ':':<10} {getattr(one, 'name', one)}")
        print(f"solvers: {', '.join(present)}")
        for name, reason in absent.items():
            print(f"not in this run: {name} ({reason})")
        return 0
    if not any(items.values()):
        raise Refusal(f"nothing is called {' or '.join(map(repr, options.only or []))}; fastreg bench --list shows the names.")
    folder = prepared(options.out)
    for name, reason in absent.items():
        print(f"not in this run: {name} ({reason})", file=sys.stderr)
    if held := processes.left_out():
        print(f"left out of the environment, as it holds a BLAS: {', '.join(held)}", file=sys.stderr)
    found = measure(options, items, present, absent)
    try:
        (folder / "bench.json").write_text(json.dumps(plain(found), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(report.page(found), encoding="utf-8")
    except OSError as error:
        raise Refusal(f"cannot write to {folder}: {error.strerror or error}.") from error
    tell(found, folder)
    return 0


def prepared(out):
    """The folder for the results, made before anything is measured."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot make {folder}: {error.strerror or error}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refusal(f"cannot write to {folder}: permission denied.")
    return folder


def measure(options, items, present, absent):
    """The dictionary that the head of this file describes."""
    started, start = datetime.datetime.now().astimezone(), time.perf_counter()
    progress = Progress(sum(len(names) for names in items.values()))
    with ExitStack() as stack:
        crew = {name: stack.enter_context(Process(name)) for name in present}
        alone = stack.enter_context(Process())
        stack.callback(progress.end)
        found = {
            "schema": 1,
            "started": started.isoformat(timespec="seconds"),
            "options": {key: getattr(options, key) for key in ("peers", "only", "quick", "parts", "budget")},
            "machine": alone.ask(STARTING, stack=True),
            "versions": machine.versions(present),
            "absent": absent,
            "left out": processes.left_out(),
            "unread": {},
            "targets": list(race.TARGETS),
        }
        if error := found["machine"].get("error"):
            raise Refusal(f"a process to measure in does not work: {error}.")
        found["races"] = []
        for one in items["race"]:
            entry = one_race(one, crew, options.budget, progress, found["unread"])
            found["races"] += [entry] if entry else []
        if not found["races"] and not any(items[part] for part in items if part != "race"):
            raise Refusal("nothing is left to measure: none of the data can be read.")
        found["memory"] = [memory(one, crew, progress) for one in items["memory"]]
        found["imports"] = imports(present, progress, 1.0 if options.quick else 6.0) if items["import"] else {}
        found["roofline"], found["scaling"] = [], []
        for name in items["roofline"]:
            progress.step(f"roofline: {name}")
            found["roofline"].append({"kernel": name} | alone.ask(STARTING, roofline=name, quick=options.quick))
        for name in items["scaling"]:
            progress.step(f"scaling: {name}")
            found["scaling"].append({"series": name} | alone.ask(STARTING, scale=name, quick=options.quick))
    found["seconds"] = time.perf_counter() - start
    return found


def one_race(one, crew, budget, progress, unread):
    """The entry of a race, or None where its data cannot be read, which is said once; unread: data -> why."""
    progress.step(one.name)
    if one.data in unread:
        return None
    replies = loaded(one, crew)
    shape = replies["fastreg"]
    if "error" in shape:
        unread[one.data] = shape["error"]
        print(f"{Path(one.data).name} is left out: {shape['error']}", file=sys.stderr)
        return None
    cut = {name: reply["error"] for name, reply in replies.items() if "error" in reply}

    def ask(name, tol, seconds, verify):
        if crew[name].child is None:  # it was stopped at a tolerance that is not this one
            crew[name].ask(STARTING, load=dataclasses.asdict(one))
        return solved(crew[name], EXTRA * budget, tol, seconds, verify)

    tolerances = {name: tolerances_of(name, one.kind) for name in replies if name not in cut}
    results = race.compete(list(tolerances), ask, tolerances, budget)
    nothing = {"points": [], "at": {f"{target:g}": None for target in race.TARGETS}}
    results |= {name: nothing | {"cut": reason} for name, reason in cut.items()}
    ratios, others = {}, {}
    for target in race.TARGETS:
        best = race.winner(results, target)
        ratios[f"{target:g}"], others[f"{target:g}"] = race.ratio(results, target), best and best[0]
    about = {"name": one.name, "kind": one.kind, "judged by": tasks.judged_by(one.kind), "alpha_ratio": one.ratio}
    about["data"] = problems.described(one.data)
    about |= {key: shape[key] for key in ("n", "p", "entries")}
    return about | {"solvers": results, "ratio": ratios, "best_other": others}


def loaded(one, crew):
    """What each process that takes part says to the data, fastreg first; the others, which compile, side by side."""
    request = dataclasses.asdict(one)
    replies = {"fastreg": crew["fastreg"].ask(STARTING, load=request)}
    if "error" in replies["fastreg"]:
        return replies
    others = [
        name for name in crew if name != "fastreg" and solvers.SOLVERS[name].takes(one.kind, replies["fastreg"]["sparse"])
    ]
    for name in others:
        crew[name].tell(load=request)
    return replies | {name: crew[name].hear(STARTING) for name in others}


def solved(process, limit, tol, seconds=0.0, verify=True):
    """{"seconds": , "gap": } of a call within the limit, or {"error": }; what verifying takes is nobody's time."""
    reply = process.ask(limit + seconds, run=tol, seconds=seconds)
    return reply | process.ask(STARTING, verify=True) if verify and "error" not in reply else reply


def tolerances_of(name, kind):
    """Those that a solver is asked for; one for what is direct."""
    scaled = [tol * solvers.SOLVERS[name].scale for tol in solvers.TOLERANCES]
    return scaled[:1] if tasks.is_direct(kind) else scaled


def memory(one, crew, progress):
    """What each solver needs beside X, at the loosest tolerance that is near enough, in a fresh process."""
    progress.step(f"memory: {one.name}")
    replies = loaded(one, {name: process for name, process in crew.items() if name != "glmnet"})  # whose memory is that of R
    shape = replies["fastreg"]
    size = 0 if "error" in shape else shape["entries"] * (12 if shape["sparse"] else 8)
    for name, reply in replies.items():
        if "error" not in reply:
            reply = near_enough(name, one.kind, crew[name])
        if "error" not in reply:
            with Process(name, **STEADY) as fresh:
                again = fresh.ask(STARTING, load=dataclasses.asdict(one))
                reply = fresh.ask(2 * MEMORY_LIMIT, memory=reply["tol"]) if "error" not in again else again
        replies[name] = reply
    return {"name": one.name, "X_bytes": size, "solvers": replies}


def near_enough(name, kind, process):
    """{"tol": } whose gap is at most NEAR, or {"error": }."""
    start = time.perf_counter()
    for tol in tolerances_of(name, kind):
        reply = solved(process, MEMORY_LIMIT, tol)
        if "error" in reply:
            return reply
        if reply["gap"] <= NEAR:
            return {"tol": tol}
        if time.perf_counter() - start > MEMORY_LIMIT:
            break
    return {"error": "not near enough in time"}


def imports(present, progress, limit):
    """Milliseconds over numpy's, by solver."""
    progress.step("import")
    modules = {name: LOADED_LATE.get(name, solvers.SOLVERS[name].module) for name in present}
    return {name: machine.import_milliseconds(module, limit) for name, module in modules.items() if module}


def plain(value):
    """The same without infinities and nan, which JSON does not have: null."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def tell(found, folder):
    """A line for each race, and where the rest is."""
    for one in found["races"]:
        said = []
        for target, ratio in one["ratio"].items():
            point = one["solvers"]["fastreg"]["at"][target]
            own = "not reached" if point is None else duration(point["min"])
            versus = f"{times(ratio)} x {one['best_other'][target]}" if ratio else "nobody else"
            said.append(f"{float(target):.0e}: {own} ({versus})")
        print(f"{one['name']:<36} {'   '.join(said)}")
    print(f"{folder / 'bench.json'} and {folder / 'report.html'} are written, after {found['seconds']:.0f} s")
