"""`fastreg bench`: what is raced, how gaps are verified, who is cut off, what is written.  No time is judged."""

import argparse
import html.parser
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import fastreg as fr
from fastreg.__main__ import main
from fastreg._files import Refusal
from fastreg._suite import suite

pytestmark = pytest.mark.thread_unsafe(reason="starts processes, and captures what they print")

command, gaps, glmnet, options, pictures, problems, processes, race, report, roofline, scaling, solvers, tasks = map(
    suite,
    (
        "command",
        "gaps",
        "glmnet",
        "options",
        "pictures",
        "problems",
        "processes",
        "race",
        "report",
        "roofline",
        "scaling",
        "solvers",
        "tasks",
    ),
)
SMALL = [
    problems.Race(kind, data, 0.1)
    for kind in tasks.KINDS
    for data in ("tiny", "tiny sparse")
    if kind != "map" and (data == "tiny" or kind in ("lasso", "lasso path", "elastic net path"))
]


# What is raced


def test_names_are_unique_and_every_race_has_a_kind_and_a_set():
    every = [*problems.RACES, *problems.MEMORY]
    assert len({one.name for one in problems.RACES}) == len(problems.RACES)
    assert all(one.kind in tasks.KINDS and one.data in problems.SETS for one in every)
    assert {one.kind for one in problems.RACES} == set(tasks.KINDS)
    assert {name for solver in solvers.SOLVERS.values() for name in solver.kinds} == set(tasks.KINDS)
    assert set(problems.AGAINST_NUMPY) <= set(problems.SETS)


def test_quick_is_a_part_with_every_kind_of_solver():
    quick = {one.kind for one in problems.RACES if one.quick}
    assert quick == set(tasks.KINDS)


@pytest.mark.parametrize("name", sorted(set(problems.SETS) - {"vector", "large"}))
def test_sets_are_the_same_every_time_and_need_no_reading(name):
    (X, y), (again, _) = problems.SETS[name](), problems.SETS[name]()
    assert X.shape[0] == len(y)
    assert abs(X - again).max() == 0


def test_files_of_a_folder_join(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
    X[:, 1] = 7.0
    np.savez(tmp_path / "a.npz", X=X, y=y)
    (tmp_path / "b.csv").write_text(
        "u,v,z\n" + "\n".join(",".join(map(repr, row)) for row in [*map(list, rng.random((5, 3)).tolist())])
    )
    S = sparse.random_array((20, 8), density=0.3, rng=rng, format="csr")
    sparse.save_npz(tmp_path / "c.X.npz", S)
    np.save(tmp_path / "c.y.npy", y)
    (tmp_path / "read me.txt").write_text("no data")
    assert [file.name for file in problems.files(tmp_path)] == ["a.npz", "b.csv", "c.X.npz"]
    dense, target = problems.read(tmp_path / "a.npz")
    assert dense.shape == (20, 2)  # a constant column is left out
    np.testing.assert_allclose(dense.std(axis=0), 1.0)
    np.testing.assert_array_equal(target, y)
    assert problems.read(tmp_path / "b.csv")[0].shape == (5, 2)
    found, _ = problems.read(tmp_path / "c.X.npz")
    assert (found != S).nnz == 0
    assert found.format == "csc"
    names = [one.name for one in problems.races(tmp_path)[len(problems.RACES) :]]
    assert names == [
        f"{kind}, {file}" for file in ("a.npz", "b.csv", "c.X.npz") for kind in ("lasso 1/10", "lasso path", "ridge")
    ]


# Verified gaps


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("as_sparse", [True, False])
def test_the_gap_is_primal_minus_dual(l1_ratio, intercept, as_sparse):
    """Against both objectives, written out, at the same dual point; for coefficients that are far from the optimum too."""
    rng = np.random.default_rng(1)
    A, y = rng.standard_normal((30, 6)) * (rng.random((30, 6)) < 0.5), rng.standard_normal(30) + 3.0
    W, alphas = rng.standard_normal((6, 4)), np.array([0.5, 0.1, 0.02, 0.01])
    X = sparse.csc_array(A) if as_sparse else A
    found, objectives, floor = gaps.lasso_gaps(X, y, W, alphas, l1_ratio, intercept)
    if intercept:
        A, y = A - A.mean(axis=0), y - y.mean()
    for k, alpha in enumerate(alphas):
        w, n, l1, l2 = W[:, k], 30, alpha * l1_ratio, alpha * (1 - l1_ratio)
        primal = np.sum((y - A @ w) ** 2) / (2 * n) + l1 * np.abs(w).sum() + l2 / 2 * np.sum(w**2)
        rows, target = np.vstack([A, np.sqrt(n * l2) * np.eye(6)]), np.concatenate([y, np.zeros(6)])
        r = target - rows @ w
        steps = np.linspace(-1, 1, 20001) * l1 * n / np.abs(rows.T @ r).max()  # all that are feasible
        dual = np.max((target @ target - np.sum((target - np.outer(steps, r)) ** 2, axis=1)) / (2 * n))
        np.testing.assert_allclose(objectives[k], primal, rtol=1e-12)
        np.testing.assert_allclose(found[k], primal - dual, rtol=1e-6)
    assert floor >= 0


@pytest.mark.parametrize("as_sparse", [True, False])
def test_the_gap_of_a_ridge_bounds_the_distance_from_its_optimum(as_sparse):
    rng = np.random.default_rng(1)
    A, y, alpha = rng.standard_normal((30, 6)), rng.standard_normal(30) + 3.0, 2.0
    centred = A - A.mean(axis=0)
    best = np.linalg.solve(centred.T @ centred + alpha * np.eye(6), centred.T @ y)

    def objective(w):
        return np.sum((y - y.mean() - centred @ w) ** 2) + alpha * np.sum(w**2)

    W = np.column_stack([best, best + 0.1, np.zeros(6)])
    found, objectives, floor = gaps.ridge_gaps(sparse.csc_array(A) if as_sparse else A, y, W, alpha)
    np.testing.assert_allclose(objectives, [objective(w) for w in W.T])
    assert np.all(found + floor >= objectives - objective(best))
    assert found[0] <= floor[0]


def test_what_is_not_a_number_has_an_infinite_gap():
    assert gaps.largest(np.array([0.0, np.nan]), np.ones(2)) == np.inf
    for one in (*SMALL, problems.Race("map", "vector", detail="l1")):
        task = tasks.task(one)
        for number in (np.nan, np.inf):
            answer = np.array(task.errors if one.kind == "cv" else task.y if one.kind == "map" else nothing(task))
            answer[-1] = number
            with np.errstate(all="ignore"):
                assert task.gap(answer) == np.inf, one.name


def nothing(task):
    """Coefficients of zero, as many as a task has."""
    return np.zeros((task.X.shape[1], task.y.shape[1] if task.y.ndim == 2 else len(task.alphas)))


@pytest.mark.parametrize(
    "name",
    # those that compile when they are first called take long
    [
        name if name in (*solvers.BUILT_IN, "scikit-learn") else pytest.param(name, marks=pytest.mark.slow)
        for name in solvers.SOLVERS
    ],
)
@pytest.mark.parametrize("one", SMALL, ids=lambda one: one.name)
@pytest.mark.filterwarnings("ignore")
def test_installed_solvers_reach_a_small_gap(name, one):
    solver, task = solvers.SOLVERS[name], tasks.task(one)
    if reason := solver.absent():
        pytest.skip(reason)
    if not solver.takes(one.kind, not isinstance(task.X, np.ndarray)):
        pytest.skip("takes no part")
    answer = None
    for tol in solvers.TOLERANCES[3:]:
        answer = solver.kinds[one.kind](task, tol * solver.scale)
        if task.gap(answer) <= 1e-8:
            break
    assert task.gap(answer) <= 1e-8
    assert task.gap(tasks.dense(answer) * 1.1 + 1e-3) > 1e-8  # and not whatever is answered


@pytest.mark.parametrize("one", [one for one in problems.RACES if one.kind == "map"], ids=lambda one: one.name)
def test_maps_are_those_of_the_formulas(one):
    task = tasks.task(one)
    for name in ("fastreg", "numpy"):
        assert task.gap(solvers.SOLVERS[name].kinds["map"](task, None)) <= 1e-9


def test_a_wrong_cross_validation_shows():
    task = tasks.task(problems.Race("cv", "tiny"))
    assert task.gap(task.errors) == 0.0
    assert task.gap(1.01 * task.errors) > 1e-8


# Races


class Fake:
    """Solvers that tell for each tolerance what they took and which gap they reached."""

    def __init__(self, **solvers):
        self.solvers, self.asked = solvers, []

    def __call__(self, name, tol, seconds, verify):
        took, gap = self.solvers[name](tol)
        self.asked.append((name, tol, verify))
        return {"error": gap} if isinstance(gap, str) else {"seconds": [took], "gap": gap}

    def race(self, budget=10.0, rounds=2):
        tolerances = {name: [1e-2, 1e-4, 1e-6, 1e-8, 1e-10] for name in self.solvers}
        return race.compete(list(self.solvers), self, tolerances, budget, rounds=rounds)


def test_the_fastest_tolerance_that_is_near_enough_counts():
    fake = Fake(
        fastreg=lambda tol: (0.1, tol**2),
        odd=lambda tol: ({1e-2: 1.0, 1e-4: 3.0, 1e-6: 2.0}.get(tol, 2.5), 1.01 * tol),  # a tighter tolerance may be faster
    )
    found = fake.race(budget=20.0)
    assert [point["tol"] for point in found["fastreg"]["points"]] == [1e-2, 1e-4]  # the second is at the least target
    assert found["fastreg"]["at"]["0.0001"]["gap"] == 1e-4
    assert found["fastreg"]["cut"] is None
    assert found["odd"]["at"]["0.0001"]["tol"] == 1e-6
    assert race.winner(found, 1e-4)[0] == "odd"
    assert race.ratio(found, 1e-4) == pytest.approx(20.0)
    assert all(verify == (k < 7) for k, (_, _, verify) in enumerate(fake.asked))
    assert fake.asked[7][0] == "fastreg"  # in turn: all points of one, then of the next
    assert {name for name, _, _ in fake.asked[7:]} == {"fastreg", "odd"}


def test_points_that_count_are_repeated_first():
    """A rival whose tolerances take long has its share for those that are compared, not for those that lead there."""
    fake = Fake(fastreg=lambda tol: (0.1, 1e-12), slow=lambda tol: ({1e-2: 0.9, 1e-4: 1.0}.get(tol, 0.7), tol))
    found = fake.race(budget=4.0)["slow"]["points"]
    assert [(point["tol"], point["samples"]) for point in found] == [(1e-2, 1), (1e-4, 3), (1e-6, 2), (1e-8, 2)]


def test_a_slow_solver_is_cut_off_and_says_so():
    found = Fake(fastreg=lambda tol: (0.1, 1e-12), slow=lambda tol: (6.0, tol)).race()
    assert [point["tol"] for point in found["slow"]["points"]] == [1e-2]  # a second call would not fit into the budget
    assert found["slow"]["cut"] == "10 s are spent"
    assert found["slow"]["at"] == {"0.0001": None, "1e-08": None}
    assert race.winner(found, 1e-4) is None
    assert race.ratio(found, 1e-4) is None


def test_a_solver_that_fails_or_never_gets_there_keeps_its_points():
    found = Fake(
        fails=lambda tol: (0.1, tol if tol > 1e-5 else "MemoryError: no"),
        stuck=lambda tol: (0.1, max(tol, 1e-5)),
    ).race()
    assert found["fails"]["cut"] == "MemoryError: no"
    assert found["fails"]["at"]["0.0001"]["gap"] == 1e-4
    assert found["stuck"]["cut"] == "no tolerance is near enough"
    assert found["stuck"]["at"]["1e-08"] is None
    assert race.ratio(found, 1e-4) is None  # without fastreg


class Scripted:
    """A process that is stopped below a tolerance of 1e-3, and then knows of no data."""

    def __init__(self, stopped):
        self.stopped, self.child, self.loads, self.tol = stopped, None, 0, None

    def ask(self, limit, **request):
        self.tell(**request)
        return self.hear(limit)

    def tell(self, **request):
        self.request = request

    def hear(self, limit):
        (order, value), *_ = self.request.items()
        if order == "load":
            self.child, self.loads = object(), self.loads + 1
            return {"n": 2, "p": 2, "entries": 4, "sparse": False}
        assert self.child is not None, "asked without data"
        if order == "verify":
            return {"gap": self.tol}
        self.tol = value
        if self.stopped and value < 1e-3:
            self.child = None
            return {"error": "stopped after 1 s"}
        return {"seconds": [0.01]}


def test_what_a_stopped_solver_has_reached_is_timed_again_like_the_others():
    crew = {"fastreg": Scripted(False), "celer": Scripted(True)}
    found = command.one_race(problems.Race("lasso path", "tiny"), crew, 1.0, options.Progress(1), {})
    solved = found["solvers"]["celer"]
    assert solved["cut"] == "stopped after 1 s"
    assert [point["samples"] > 1 for point in solved["points"]] == [True, True]
    assert crew["celer"].loads == 2
    assert found["judged by"] == "duality gap"


def test_a_process_is_stopped_ends_and_starts_again():
    with processes.Process("numpy") as process:
        assert process.ask(60, load={"kind": "lasso path", "data": "wide", "ratio": 0.001})["p"] == 2000
        assert process.ask(0.05, run=1e-12)["error"].startswith("stopped after")
        assert "no attribute 'do_nonsense'" in process.ask(60, nonsense=1)["error"]
        assert process.ask(60, load={"kind": "ridge", "data": "tiny", "ratio": 0.1})["n"] == 100
        reply = command.solved(process, 60, 1.0)
        assert reply["gap"] <= 1e-12
        assert len(reply["seconds"]) == 1


def test_a_process_that_ends_says_why(monkeypatch):
    monkeypatch.setattr(processes, "CODE", "import sys; sys.stdin.readline(); sys.exit('a warning\\nno such library')")
    with processes.Process() as process:
        assert process.ask(60, stack=True) == {"error": "its process ended with status 1: no such library"}
        assert process.ask(60, stack=True)["error"].endswith("library")  # another one


def test_no_blas_of_a_worker_is_held_to_fewer_instructions(monkeypatch):
    for name in processes.HELD:
        monkeypatch.delenv(name, raising=False)
    assert processes.left_out() == []
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert processes.left_out() == ["OPENBLAS_CORETYPE=Prescott", "MKL_CBWR=COMPATIBLE"]
    assert not set(processes.HELD) & set(processes.environment())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no process groups")
def test_a_process_ends_with_its_children_and_its_files(monkeypatch):
    sleep = "import time; time.sleep(600)"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleep!r}])"
    say = "import json, tempfile; print(json.dumps(tempfile.mkdtemp()), flush=True)"
    monkeypatch.setattr(processes, "CODE", "; ".join((start, say, sleep)))
    with processes.Process() as process:
        folder, replies = Path(process.ask(60, stack=True)), process.replies
        assert folder.is_dir()
        assert process.ask(0.05, stack=True) == {"error": "stopped after 0.05 s"}
        assert replies.get(timeout=60) == ""  # nobody holds the other end of its stdout any more
    assert not folder.exists()
    assert not folder.parent.exists()


# glmnet, whose Rscript a small program stands in for


@pytest.fixture
def rscript(tmp_path, monkeypatch):
    """An Rscript that solves what it reads with fastreg, by the same files as glmnet.R."""
    stub = tmp_path / "Rscript"
    stub.write_text(
        f"#!{sys.executable}\n"
        "import sys, numpy as np, fastreg as fr\n"
        "from scipy import sparse\n"
        "assert sys.argv[1] == '--vanilla' and sys.argv[2].endswith('glmnet.R')\n"
        "if len(sys.argv) == 3:\n"
        "    print('4.1.8')\n"
        "    sys.exit()\n"
        "folder, tol, limit = sys.argv[3], float(sys.argv[4]), float(sys.argv[5])\n"
        "n, p, K, ratio, is_sparse = (float(word) for word in open(folder + '/shape.txt').read().split())\n"
        "n, p, K = int(n), int(p), int(K)\n"
        "read = lambda name, dtype: np.fromfile(f'{folder}/{name}.bin', dtype)\n"
        "X = read('X', '<f8')\n"
        "if is_sparse:\n"
        "    X = sparse.csc_array((X, read('rows', '<i4'), read('starts', '<i4')), shape=(n, p))\n"
        "else:\n"
        "    X = X.reshape((n, p), order='F')\n"
        "y, alphas = read('y', '<f8'), read('alphas', '<f8')\n"
        "path = fr.elastic_net_path(X, y, alphas=alphas, l1_ratio=ratio, fit_intercept=False, tol=tol)\n"
        "path.coefs.ravel(order='F').tofile(folder + '/coefs.bin')\n"
        "open(folder + '/seconds.txt', 'w').write('0.25\\n0.125\\n')\n"
    )
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    glmnet.version.cache_clear()
    yield stub
    glmnet.version.cache_clear()


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line for Unix")
@pytest.mark.parametrize("one", SMALL[:4], ids=lambda one: one.name)
def test_glmnet_is_called_by_files_and_brings_its_own_clock(rscript, one):
    assert glmnet.absent() is None
    assert solvers.SOLVERS["glmnet"].version() == "4.1.8"
    task = tasks.task(one)
    found = glmnet.path(task, 1e-9)
    assert found.seconds == [0.25, 0.125]
    assert task.gap(found.answer) <= 1e-8


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a first line for Unix")
def test_glmnet_that_fails_says_why(rscript):
    rscript.write_text("#!/bin/sh\necho 'Error: no package called glmnet' >&2\nexit 1\n")
    assert glmnet.absent() == "R has no package glmnet"
    with pytest.raises(RuntimeError, match="no package called"):
        glmnet.path(tasks.task(SMALL[0]), 1e-4)


# Scaling and roofline


def test_threads_are_told_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert len(suite("machine").blas()) == 1
    assert suite("measure").blas_threads() is None
    with suite("worker").one_thread():
        pass


def test_the_exponent_of_a_power_is_found():
    row = scaling.fit([1, 10, 20, 40, 80], [9.0, 1.0, 4.0, 16.0, 64.0])  # the first is not among the last four
    assert row["exponent"] == pytest.approx(2.0)
    assert row["standard_error"] == pytest.approx(0.0, abs=1e-6)
    assert row["extrapolated"]["value"] == 800
    assert row["extrapolated"]["seconds"] == pytest.approx(6400.0)


@pytest.mark.parametrize("seconds", [[1.0, 2.0, 4.0], [1.0, 8.0, 1.0, 8.0]])
def test_nothing_is_extrapolated_that_the_line_does_not_tell(seconds):
    assert scaling.fit([1, 2, 4, 8][: len(seconds)], seconds)["extrapolated"] is None


@pytest.mark.parametrize("name", scaling.SERIES)
def test_every_series_solves_what_it_times(name):
    _, values, few, prepare = scaling.SERIES[name]
    assert few == sorted(few)
    assert few[-1] <= values[-1]
    assert prepare(few[0])() <= scaling.TOL


def test_every_row_of_the_roofline_says_what_it_does_besides():
    assert set(roofline.MORE) == set(roofline.KERNELS)


@pytest.mark.parametrize("name", ["certify", "Cholesky (ridge_gram)", "small quadratics (lasso_gram_batch)"])
def test_a_row_of_the_roofline_says_what_is_compared(name, monkeypatch):
    monkeypatch.setattr(roofline, "ROUNDS", 1)
    row = roofline.measure(name)
    assert row["kernel"] == name
    assert row["more"] == roofline.MORE[name]
    assert row["ratio"] == pytest.approx(row["achieved"] / row["plain"])


def test_the_table_of_another_bench_json_is_refused(tmp_path):
    (tmp_path / "bench.json").write_text('{"races": []}')
    script = suite("table").__file__
    for arguments, words in (([str(tmp_path / "bench.json")], "is not of `pytest bench`"), ([], "one file is needed")):
        done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


def test_ratios_and_durations_have_no_exponents():
    assert suite("table").duration(1234.5) == "1234 s"
    assert [suite("table").times(ratio) for ratio in (0.154, 1.0, 9.94, 99.7, 1234.5)] == ["0.15", "1", "9.9", "100", "1234"]


def test_an_import_that_fails_has_no_time():
    assert suite("machine").import_milliseconds("there_is_no_such_module", 0.0) is None
    assert suite("machine").import_milliseconds("json", 0.0) >= 0


# The command


class Reader(html.parser.HTMLParser):
    """Text, and whatever an element refers to; every element must be closed in turn."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self):
        super().__init__()
        self.text, self.references, self.ids, self.open = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for key, value in attrs:
            if key in ("href", "src", "xlink:href", "data", "action"):
                self.references.append(value)
            if key == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def read_page(text):
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


def test_a_run_writes_its_numbers_and_a_page_that_needs_nothing_else(tmp_path, capsys):
    out = tmp_path / "results"
    arguments = [
        "bench",
        "--quick",
        "--only",
        "race: *, tiny",
        "--only",
        "soft_threshold, float64",
        "--only",
        "import",
        "--peers",
        "none",
        "--out",
        str(out),
        "--budget",
        "0.05",
    ]
    assert main(arguments) == 0
    said, progress = capsys.readouterr()
    assert "[1/" in progress
    assert "lasso path, tiny" in progress
    assert "not in this run: celer (not asked for)" in progress
    found = json.loads((out / "bench.json").read_text(encoding="utf-8"))
    quick = [one.name for one in problems.RACES if one.quick and one.data == "tiny"]
    assert [one["name"] for one in found["races"]] == quick
    assert {row["kernel"] for row in found["roofline"]} == {"soft_threshold, float64"}
    assert set(found["imports"]) == {"fastreg"}
    for one in found["races"]:
        assert one["name"] in said
        for solver in one["solvers"].values():
            assert all(point["gap"] is not None and 0 < point["min"] <= point["median"] for point in solver["points"])
            for target, point in solver["at"].items():
                assert point is None or point["gap"] <= float(target)
    text = (out / "report.html").read_text(encoding="utf-8")
    page = read_page(text)
    assert all(name in "".join(page.text) for name in quick)
    assert len(set(page.ids)) == len(page.ids)
    assert all(reference[1:] in page.ids for reference in page.references)
    assert all(reference.startswith("#") for reference in page.references)
    assert not any(mark in text for mark in ("://", "<script", "@import"))
    assert text.count("<svg") == len(quick) + 1


@pytest.fixture
def measured():
    """What a run might have found, with every odd end: cut off, nobody near, a part that failed."""
    point = {"tol": 1e-4, "gap": 1e-9, "min": 1e-3, "median": 2e-3, "samples": 3}
    at = {"0.0001": point, "1e-08": point}
    nobody = {"0.0001": None, "1e-08": None}
    raced = {
        "name": "lasso <&>, tiny",
        "kind": "lasso",
        "data": problems.described("tiny"),
        "judged by": "duality gap",
        "alpha_ratio": 0.1,
        "n": 3,
        "p": 2,
        "entries": 5,
        "solvers": {
            "fastreg": {"points": [point], "at": at, "cut": None},
            "celer": {"points": [point | {"min": 1e-4}], "at": {key: point | {"min": 1e-4} for key in at}, "cut": None},
            "glum": {"points": [point | {"gap": float("inf")}], "at": nobody, "cut": "stopped after 6 s"},
            "skglm": {"points": [], "at": nobody, "cut": "ValueError: <b>"},
        },
        "ratio": {"0.0001": 0.1, "1e-08": None},
        "best_other": {"0.0001": "celer", "1e-08": None},
    }
    alone = raced | {
        "name": "none",
        "judged by": tasks.judged_by("cv"),
        "solvers": {"fastreg": {"points": [], "at": nobody, "cut": "ended"}},
    }
    alone |= {"ratio": nobody, "best_other": nobody}
    line = {
        "series": "path against n",
        "grows": "n",
        "values": [1, 2, 4, 8],
        "seconds": [1.0, 2.0, 4.0, 8.0],
        "gaps": [0.0] * 4,
    }
    return {
        "started": "2026-01-01T00:00:00",
        "options": {"peers": None, "only": ["tiny"], "quick": True, "parts": ["race"], "budget": 0.3},
        "seconds": 1.0,
        "left out": ["OPENBLAS_CORETYPE=Haswell"],
        "unread": {"/folder/odd.csv": "/folder/odd.csv is empty."},
        "machine": {"fastreg": "0.1.0", "BLAS": ["a", "b"]},
        "versions": {"numpy": "2"},
        "absent": {"glmnet": "there is no Rscript"},
        "targets": [1e-4, 1e-8],
        "races": [raced, alone],
        "imports": {"fastreg": 3.0},
        "memory": [
            {"name": "m", "X_bytes": 8, "solvers": {"fastreg": {"bytes": 1e6, "gap": 1e-5}, "glum": {"error": "stopped"}}}
        ],
        "roofline": [{"kernel": "broken", "error": "not enough memory"}],
        "scaling": [line | scaling.fit(line["values"], line["seconds"]), {"series": "gone", "error": "ended"}],
    }


def test_the_page_shows_losses_and_what_failed(measured):
    page = read_page(report.page(measured))
    text = "".join(page.text)
    for words in (
        "lasso <&>, tiny",
        "the 1 of 2 problems",
        "stopped after 6 s",
        "ValueError: <b>",
        "not enough memory",
        "extrapolated",
        "OPENBLAS_CORETYPE=Haswell",
        "/folder/odd.csv is empty.",
        "A quick run",
        "0.3 s for each solver",
        "Only what is called tiny",
        "alpha alpha_max/10",
        "Data: simulated, correlation 0, support 5, noise 0.333, seed 0.",
    ):
        assert words in text
    assert "there is no Rscript" in text
    assert "class=lost" in report.page(measured)
    json.dumps(command.plain(measured), allow_nan=False)


def test_the_page_shows_threads_that_do_not_help(measured):
    row = {"series": "s", "grows": "threads", "values": [1, 2, 4], "seconds": [1.0, 0.5, 2.0], "gaps": [0.0] * 3}
    measured["scaling"] = [row | scaling.speedup(row["values"], row["seconds"])]
    assert "0.50 times as fast with 4 as with one" in "".join(read_page(report.page(measured)).text)


def test_the_page_says_what_stands_for_a_gap(measured):
    text = "".join(read_page(report.page(measured)).text)
    assert "Cross-validation has no gap" in text
    assert text.count("Judged by the squared difference of the errors") == 1
    assert "time to 1e-04 (gap)" in text
    assert "time to 1e-04 (reached)" in text


def test_text_of_a_table_is_never_taken_for_html():
    page = read_page(report.table(["<i>"], [["<b>"], [report.Markup("<b>bold</b>")]]))
    assert page.text == ["<i>", "<b>", "bold"]


def test_the_page_does_without_matplotlib(measured, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text = report.page(measured)
    assert "<svg" not in text
    assert "they need matplotlib" in text
    read_page(text)


def test_the_list_names_everything(capsys, tmp_path):
    np.savez(tmp_path / "mine.npz", X=np.eye(3), y=np.arange(3.0))
    assert main(["bench", "--list", "--data", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name in [
        *(one.name for one in problems.RACES),
        *roofline.KERNELS,
        *scaling.SERIES,
        "lasso path, mine.npz",
        "solvers: fastreg",
    ]:
        assert name in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nonsense"], "nothing is called 'nonsense'"),
        (["--peers", "nobody"], "there is no peer 'nobody'"),
        (["--parts", "race,dance"], "there is no part 'dance'"),
        (["--budget", "0"], "a positive number of seconds is needed"),
        (["--budget", "nan"], "a positive number of seconds is needed"),
        (["--budget", "soon"], "invalid float value"),
        (["--data", "/there/is/no/such/folder"], "no such file or folder"),
        (["--data", "."], "is not, and has no, .npz"),
        (["--out", "a file/results", "--only", "ridge, tiny"], "cannot make"),
        (["--nonsense"], "unrecognized arguments"),
    ],
)
def test_refusals_are_one_sentence(arguments, words, capsys, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert words in err


def test_bench_comes_first(capsys):
    assert main(["--plot", "x.png", "bench"]) == 2
    assert "bench comes first" in capsys.readouterr().err


def test_data_that_cannot_be_read_is_left_out_and_named_once(capsys, tmp_path):
    (tmp_path / "broken.npz").write_text("no zip")
    sparse.save_npz(tmp_path / "alone.X.npz", sparse.csc_array(np.eye(3)))
    only = ["--only", "broken.npz", "--only", "alone", "--only", "ridge, tiny"]
    arguments = ["--peers", "none", "--data", str(tmp_path), "--budget", "0.02", "--out", str(tmp_path), "--parts", "race"]
    assert main(["bench", *only, *arguments]) == 0
    err = capsys.readouterr().err
    assert err.count("broken.npz is left out: ") == 1
    assert err.count("alone.X.npz is left out: cannot read ") == 1
    assert "alone.y.npy: No such file or directory." in err
    assert not any(word in err for word in ("Refusal", "Error", "Errno"))
    unread = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))["unread"]
    assert [Path(file).name for file in unread] == ["alone.X.npz", "broken.npz"]
    text = "".join(read_page((tmp_path / "report.html").read_text(encoding="utf-8")).text)
    assert all(f"not read: {file}" in text and reason in text for file, reason in unread.items())


def test_a_run_with_nothing_left_is_refused(capsys, tmp_path):
    (tmp_path / "broken.npz").write_text("no zip")
    arguments = ["--only", "broken.npz", "--peers", "none", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["bench", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("nothing is left to measure: none of the data can be read.\n")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("y", "words"),
    [(np.ones(2), "3 rows"), (np.array([1.0, np.nan, 2.0]), "nan"), (np.ones(3), "constant"), ("a", "is not what")],
)
def test_odd_targets_beside_sparse_files_are_refused(y, words, tmp_path):
    sparse.save_npz(tmp_path / "a.X.npz", sparse.csc_array(np.eye(3)))
    np.save(tmp_path / "a.y.npy", y)
    with pytest.raises(Refusal, match=words):
        problems.read(tmp_path / "a.X.npz")


def test_files_are_found_by_their_folder_too(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    np.savez(folder / "a.npz", X=np.eye(3), y=np.arange(3.0))
    for pattern in ("mine", "mine/a", "lasso*mine/*", "a.npz"):
        found = [one.name for one in wanted_races("--only", pattern, "--data", str(folder))]
        assert "lasso path, a.npz" in found
        assert all(name.endswith(", a.npz") for name in found)


def wanted_races(*argv):
    return options.wanted(options.parse(argv, argparse.ArgumentParser()))["race"]


def test_it_runs_in_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "fastreg", "bench", "--list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "race:      lasso path, leukemia" in done.stdout


def test_gaps_of_fastreg_agree_with_its_own():
    X, y = problems.load("wide", "float64")
    fit = fr.lasso(X, y, 0.3, tol=1e-3)
    found, objectives, _ = gaps.lasso_gaps(X, y, fit.coef[:, None], np.array([0.3]))
    np.testing.assert_allclose(objectives, fit.objective, rtol=1e-10)
    assert found[0] <= 1e-3 * objectives[0]
