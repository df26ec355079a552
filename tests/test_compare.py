"""bench/compare.py without a build: statistics of made-up times, the order of runs, the workers' protocol, errors."""

import importlib
import io
import json
import math
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"
if not (BENCH / "compare.py").is_file():
    pytest.skip("there is no bench/compare.py", allow_module_level=True)
sys.path.insert(0, str(BENCH))
compare = importlib.import_module("compare")
builds = importlib.import_module("compare_builds")
cases = importlib.import_module("compare_worker")
sys.path.remove(str(BENCH))

pytestmark = pytest.mark.thread_unsafe(reason="shares processes and files")
needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

FAKE = """
import os
import numpy as np

def soft_threshold(x, threshold):
    print("not a reply")
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0) + SHIFT

def lasso(X, y, alpha, tol):
    os._exit(7)

def ridge(X, y, alpha):
    raise ValueError("no ridge today")

def nodewise_lasso(X, alphas):
    pass
"""


def fake(folder, shift=0.0):
    """A package in the place of fastreg: functions that are right, end the process, raise, and lack an option."""
    (folder / "fastreg").mkdir(parents=True)
    (folder / "fastreg" / "__init__.py").write_text(FAKE.replace("SHIFT", str(shift)))
    return folder


@pytest.fixture
def workers(tmp_path):
    pair = [compare.Worker(fake(tmp_path / name), None, 1, tmp_path / "pycache") for name in ("old", "new")]
    yield pair
    for worker in pair:
        worker.close()


@pytest.mark.parametrize("n", [6, 7, 10, 20, 21, 50])
def test_the_interval_holds_the_median_with_95_percent_and_no_narrower_one_does(n):
    k = compare.rank(n)

    def misses(k):
        """Binomial: fewer than k of n fair coins, on either side."""
        return 2 * sum(math.comb(n, i) for i in range(k)) / 2**n

    assert misses(k) <= 0.05 < misses(k + 1)


def test_five_pairs_have_no_interval():
    assert compare.rank(5) == 0


def test_the_interval_of_known_ratios():
    assert compare.interval(np.arange(20.0, 0.0, -1.0)) == (10.5, 6.0, 15.0)
    assert compare.interval(np.full(6, 1.25)) == (1.25, 1.25, 1.25)


def test_intervals_of_random_ratios_hold_the_true_median_as_often_as_they_say():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        _, low, high = compare.interval(np.exp(0.1 * rng.standard_normal(20)))
        hits += low <= 1 <= high
    assert 940 <= hits <= 980  # 0.959, and three deviations


def test_only_an_interval_beyond_the_threshold_is_told():
    assert compare.verdict(1.031, 1.2, 0.03) == "slower"
    assert compare.verdict(0.8, 0.97, 0.03) == "faster"
    assert [compare.verdict(*pair, 0.03) for pair in [(1.01, 1.2), (0.9, 0.98), (0.5, 2.0)]] == ["", "", ""]


def test_both_go_first_as_often_and_next_to_each_other():
    assert compare.order(4) == [(0, 1), (1, 0), (0, 1), (1, 0)]


def test_answers_are_compared():
    w = np.array([1.0, -4.0])
    assert compare.difference(w, w + np.array([0.0, 0.5])) == 0.125
    assert compare.difference(w, w[:1]) == math.inf
    assert compare.difference(w[:0], w[:0]) == 0.0
    assert [compare.is_wrong({"gap": gap, "asked": 1e-6}) for gap in (0.0, 1e-6, 2e-6, math.nan)] == [False, False, True, True]


class Scripted:
    """A worker that answers from a script, and notes what it was told."""

    def __init__(self, which, told, seconds, gap=0.0):
        self.which, self.told, self.seconds, self.gap = which, told, seconds, gap

    def ask(self, *order):
        self.told.append((self.which, *order))
        if order[0] == "setup":
            return "done", {"values": np.ones(2), "gap": self.gap, "asked": 1e-6, "seconds": self.seconds}
        return "done", self.seconds

    def close(self):
        self.told.append((self.which, "close"))


def test_runs_are_interleaved_with_the_same_work_and_processes_are_renewed():
    told = []
    pair = [Scripted("old", told, 1e-3), Scripted("new", told, 2e-3)]
    record = compare.compare("made up", pair, 8, 0.03)
    runs = [event for event in told if event[1] == "run"]
    assert [which for which, *_ in runs] == ["old", "new", "new", "old"] * 4
    assert len({tuple(work) for _, *work in runs}) == 1
    assert [event for event in told if event[1] != "run"] == [
        ("old", "setup", "made up"),
        ("new", "setup", "made up"),
        ("old", "close"),
        ("new", "close"),
        ("old", "setup", "made up", False),
        ("new", "setup", "made up", False),
    ]
    assert record["ratio"] == 2
    assert record["interval"] == [2, 2]
    assert record["difference"] == 0
    assert record["note"] == "slower"
    json.dumps(record)
    assert "2.000 [2.000, 2.000]" in compare.line(record)


@pytest.mark.parametrize(
    ("seconds", "gap", "above", "failed"),
    [
        (1.1, 0.0, 1.05, True),
        (1.1, 0.0, 1.2, False),
        (0.5, 0.0, 1.05, False),
        (0.5, 1e-3, 1.05, True),
        (0.5, math.nan, 1.05, True),
    ],
)
def test_what_fails_is_slower_or_wrong(seconds, gap, above, failed):
    record = compare.compare("made up", [Scripted("old", [], 1.0), Scripted("new", [], seconds, gap)], 6, 0.03)
    assert compare.fails(record, above) == failed
    assert ("new is WRONG" in compare.line(record)) == (not gap <= 1e-6)


def test_what_was_always_wrong_or_not_there_does_not_fail():
    wrong = [Scripted(which, [], 1.0, gap=1.0) for which in ("old", "new")]
    assert not compare.fails(compare.compare("made up", wrong, 6, 0.03), 1.05)
    for outcomes, failed in [(["absent", "done"], False), (["done", "absent"], False), (["done", "failed"], True)]:
        assert compare.fails({"case": "x", "outcomes": outcomes, "note": ""}, 1.05) == failed


def test_the_protocol():
    """Orders and replies are pickles, and the end of orders ends the worker."""
    orders, replies = io.BytesIO(), io.BytesIO()
    for order in [("names",), ("setup", "no such case"), ("setup", "soft_threshold"), ("run", 2, 3)]:
        pickle.dump(order, orders)
    orders.seek(0)
    cases.serve(orders, replies)
    replies.seek(0)
    (o1, (names, _, _)), (o2, why), (o3, answer), (o4, seconds) = [pickle.load(replies) for _ in range(4)]
    assert (o1, o2, o3, o4) == ("done", "failed", "done", "done")
    assert names == list(cases.CASES)
    assert why == "KeyError: 'no such case'"
    assert answer["gap"] <= answer["asked"]
    assert seconds >= 0


def test_workers_of_a_fake_package(workers):
    """Prints do not get among the replies; what is missing, raises or dies is told, and the next case is served again."""
    names, _ = workers[0].names()
    assert names == list(cases.CASES)
    record = compare.compare("soft_threshold", workers, 6, 0.03)
    assert record["outcomes"] == ["done", "done"]
    assert record["gaps"] == [0, 0]
    assert record["difference"] == 0
    notes = {
        "l1 ball": "old: not there (AttributeError: module 'fastreg' has no attribute 'prox')",
        "nodewise": "old: not there (TypeError: nodewise_lasso() got an unexpected keyword argument 'tol')",
        "ridge wide": "old: failed (ValueError: no ridge today)",
        "lasso tiny": "old: failed (its process ended with status 7)",
    }
    for name, note in notes.items():
        record = compare.compare(name, workers, 6, 0.03)
        assert "ratio" not in record
        assert record["note"] == f"{note}; {note.replace('old', 'new', 1)}"
        assert compare.line(record).startswith(name)
    assert workers[0].ask("setup", "soft_threshold")[0] == "done"


def test_a_fast_wrong_answer_is_told(tmp_path):
    pair = [compare.Worker(fake(tmp_path / str(shift), shift), None, 1, tmp_path) for shift in (0.0, 0.5)]
    try:
        record = compare.compare("soft_threshold", pair, 6, 0.03)
    finally:
        for worker in pair:
            worker.close()
    assert record["outcomes"] == ["done", "failed"]
    assert record["difference"] > 0.1
    assert "new is WRONG" in record["note"]
    assert compare.fails(record, 1e9)


def test_closing_ends_the_process(workers):
    workers[0].names()
    process = workers[0].process
    workers[0].close()
    assert process.poll() is not None
    assert workers[0].close() is None


def test_a_lasso_gap_that_believes_nobody():
    """At the solution of orthonormal columns it is 0, and elsewhere at least what the objective says."""
    X = np.random.default_rng(0).standard_normal((50, 6))
    X -= X.mean(axis=0)
    X = np.linalg.qr(X)[0]
    y = X @ [3.0, -2.0, 0.5, 0.0, 0.0, 0.0] + 7.0
    l1, c = 1.0, X.T @ (y - y.mean())

    def value(w):
        return np.sum((y - y.mean() - X @ w) ** 2) / 2 + l1 * np.abs(w).sum()

    best = np.sign(c) * np.maximum(np.abs(c) - l1, 0)
    assert cases.worst(*cases.lasso_gaps(X, y, best[:, None], l1 / 50)) <= 1e-14
    for w in (best + 0.1, 0 * best, best * 1.001):
        assert cases.worst(*cases.lasso_gaps(X, y, w[:, None], l1 / 50)) >= (value(w) - value(best)) / value(w) - 1e-14
    assert cases.worst(*cases.lasso_gaps(X, y, np.full((6, 1), np.nan), l1 / 50)) == math.inf


def refused(capsys, *arguments):
    """The one sentence that a run is refused with."""
    assert compare.main([*map(str, arguments)]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    return error.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rounds", "5"], "--rounds is 5; fewer than 6 have no interval of 95 %."),
        (["--threads", "0"], "--threads is 0; it must be at least 1."),
        (["--data", "none.npz"], "none.npz is no .npz file with arrays X and y."),
        (["--only", "("], "--only '(' is not a regular expression: missing ), unterminated subpattern at position 0."),
    ],
)
def test_options_that_are_refused(capsys, arguments, sentence):
    assert refused(capsys, "a", "b", *arguments) == sentence


def test_data_that_is_refused(capsys, tmp_path):
    np.savez(tmp_path / "one.npz", X=np.ones((3, 2)))
    np.save(tmp_path / "array.npy", np.ones(3))
    (tmp_path / "text.npz").write_text("x,y")
    for path in sorted(tmp_path.iterdir()):
        assert refused(capsys, "a", "b", "--data", path) == f"{path} is no .npz file with arrays X and y."


def test_without_git(capsys, tmp_path, monkeypatch):
    (tmp_path / ".git").touch()
    monkeypatch.setattr(builds, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(capsys, "HEAD", "HEAD") == "compare.py needs git, and there is none on PATH."


def test_a_folder_must_be_built_from_its_sources(capsys, tmp_path):
    fake(tmp_path)
    assert refused(capsys, tmp_path, tmp_path).startswith(f"{tmp_path} holds no built fastreg: run ")
    kernels = tmp_path / "fastreg" / "kernels"
    kernels.mkdir()
    (kernels / "_x.abi3.so").touch()
    (kernels / "_x.pyx").touch()
    later = (kernels / "_x.abi3.so").stat().st_mtime + 10
    builds.os.utime(kernels / "_x.pyx", (later, later))
    assert refused(capsys, tmp_path, tmp_path) == f"{tmp_path} is not built from its sources, of which _x.pyx changed since."
    builds.os.utime(kernels / "_x.abi3.so", (later, later))
    error = refused(capsys, tmp_path, tmp_path, "--only", "no such case")
    assert error.startswith("--only 'no such case' is found in none of: lasso tiny, ")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small repository in the place of this one, and its git."""
    root = tmp_path / "checkout"
    fake(root)
    (root / "setup.py").write_text("print('one line'); raise SystemExit('cannot build')")
    (root / "pyproject.toml").touch()
    (root / ".gitignore").write_text("*.so\n")
    monkeypatch.setattr(builds, "ROOT", root)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", builds.os.devnull)

    def git(*arguments):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        return subprocess.run(["git", "-C", root, *who, *arguments], check=False, capture_output=True, text=True).stdout.strip()

    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "-m", "first")
    return root, git


@needs_git
def test_an_unknown_revision(capsys, checkout):
    root, _ = checkout
    for name in ("no-such-revision", "--help-me", ""):
        wanted = f"{name!r} is neither a revision of {root} nor a folder that holds fastreg."
        with pytest.raises(builds.Refused, match=r"is neither a revision") as error:
            builds.tree_of(name)
        assert str(error.value) == wanted
    assert refused(capsys, "no-such-revision", "HEAD").startswith("'no-such-revision' is neither ")


@needs_git
def test_a_build_that_fails_shows_its_last_lines_and_leaves_nothing(capsys, checkout, tmp_path):
    cache = tmp_path / "cache"
    error = refused(capsys, "HEAD", "HEAD", "--cache", cache)
    assert error.splitlines() == [
        "building HEAD ...",
        "HEAD does not build; the last lines:",
        "    one line",
        "    cannot build",
    ]
    assert list(cache.iterdir()) == []


@needs_git
def test_an_interrupted_build_leaves_nothing(capsys, checkout, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(builds, "build", interrupted)
    assert compare.main(["HEAD", "HEAD", "--cache", str(tmp_path / "cache")]) == 130
    assert list((tmp_path / "cache").iterdir()) == []
    assert capsys.readouterr().err.splitlines()[-1] == "interrupted"


@needs_git
def test_the_working_tree_is_taken_as_it_is(checkout):
    root, git = checkout
    committed = git("rev-parse", "HEAD^{tree}")
    assert builds.tree_of(".") == builds.tree_of("HEAD") == builds.tree_of("main") == committed
    assert not builds.is_dirty()
    (root / "fastreg" / "new.py").touch()
    (root / "fastreg" / "ignored.so").touch()
    (root / "notes.txt").touch()
    tree = builds.tree_of(".")
    assert git("diff", "--name-only", committed, tree) == "fastreg/new.py"
    assert git("diff", "--cached", "--name-only") == ""  # the user's index is not touched
    assert builds.is_dirty()
    assert builds.tree_of("HEAD") == committed


@needs_git
def test_unmerged_files(capsys, checkout):
    root, git = checkout
    for branch, text in (("other", "1"), ("main", "2")):
        git("checkout", "-B", branch, "main")
        (root / "pyproject.toml").write_text(text)
        git("commit", "-am", branch)
        if branch == "other":
            git("checkout", "-B", "main", "HEAD~1")
    git("merge", "other")
    assert refused(capsys, ".", ".") == "The working tree has unmerged files: pyproject.toml."


@needs_git
def test_builds_are_made_once_for_the_same_sources(checkout, tmp_path, monkeypatch):
    root, git = checkout
    made = []

    def build(revision, tree, folder):
        made.append(revision)
        folder.mkdir()

    monkeypatch.setattr(builds, "build", build)
    first = builds.built("HEAD", tmp_path / "cache")
    (root / "README.md").write_text("nothing that is built")
    git("add", ".")
    git("commit", "-m", "second")
    assert builds.built("HEAD", tmp_path / "cache") == builds.built("HEAD~1", tmp_path / "cache") == first
    (root / "fastreg" / "new.py").touch()
    assert builds.built(".", tmp_path / "cache") != first
    assert made == ["HEAD", "."]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == sorted(
        path.name for path in {first, builds.built(".", tmp_path / "cache")}
    )


def test_what_is_no_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(builds, "ROOT", tmp_path)
    with pytest.raises(builds.Refused, match=r" is no checkout of git, which compare\.py takes revisions from\.$"):
        builds.tree_of("HEAD")
