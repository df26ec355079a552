"""The command `fastreg`: what it prints, writes and refuses, and the data set that it shows."""

import csv
import importlib.metadata
import itertools
import os
import pkgutil
import subprocess
import sys
import tomllib
import warnings
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import fastreg as fr
from fastreg.__main__ import main
from fastreg.datasets import load_colon, load_leukemia
from fastreg.kernels import _design

pytestmark = pytest.mark.thread_unsafe(reason="reads and writes the same files")

# Orthogonal, centred columns with |x|^2 = n = 8: every lasso coefficient is soft(x'y / n, alpha), whatever the others.
X = np.array(list(itertools.product([1.0, -1.0], repeat=3)))
Y = X @ [2.0, -1.0, 0.25] + 10.0
NAMES = ["age, years", "dose", "weight"]


@pytest.fixture
def data(tmp_path):
    """X and Y in a CSV file, the target called price."""
    rows = [",".join(map(repr, row)) for row in np.column_stack([X, Y]).tolist()]
    file = tmp_path / "a.csv"
    file.write_text("\n".join(['"age, years",dose,weight,price', *rows]) + "\n")
    return file


def refusal(capsys, *argv):
    """What the command says on stderr when it refuses: one line, status 2, nothing on stdout."""
    assert main([str(argument) for argument in argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fastreg: ")
    assert err.count("\n") == 1
    return err.removeprefix("fastreg: ").rstrip("\n")


def read_out(file):
    """Header, names and numbers of a file written by --out."""
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    return header, [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=float)


def table_rows(out):
    """The numbers of the printed path table."""
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("deviance ratio  gap / objective"))
    return [[float(word) for word in line.split()] for line in lines[start + 1 : lines.index("", start)]]


def run(*argv, cwd, stdout=subprocess.PIPE):
    """`python -m fastreg` in a folder that is not the source folder, which would hide the installed package."""
    command = [sys.executable, "-m", "fastreg", *map(str, argv)]
    return subprocess.run(command, cwd=cwd, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


def test_demo_shows_the_certified_path_of_the_shipped_data(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "72 samples x 7129" in out
    assert "+1 for 47 samples of ALL, -1 for 25 of AML" in out
    alphas, df, deviance, gaps = np.array(table_rows(out)).T
    path = fr.lasso_path(*load_leukemia())
    assert len(alphas) == 10
    np.testing.assert_allclose(alphas[[0, -1]], path.alphas[[0, -1]], rtol=1e-5)  # six digits are printed
    assert df[0] == 0
    assert df[-1] == path.df[-1] > 0
    assert (np.diff(deviance) > 0).all()
    assert ((gaps >= 0) & (gaps <= 1e-6)).all()
    more = path.n_columns_read
    assert f"read after the first pass over all 7129: {more}, as much as {more / 7129:.1f} passes\n" in out
    assert "next: fastreg fit FILE --target COLUMN" in out


@pytest.mark.parametrize(
    ("load", "name", "shape", "positive"), [(load_leukemia, "leukemia", (72, 7129), 47), (load_colon, "colon", (62, 2000), 40)]
)
def test_data_is_the_shipped_file_with_standardised_columns(load, name, shape, positive):
    A, y = load()
    with files("fastreg").joinpath(f"data/{name}.npz").open("rb") as stream:
        planes = np.load(stream)["bytes"]
    # little-endian int32 shifted down by a byte, which keeps the sign
    raw = (np.stack([np.zeros_like(planes[0]), *planes], axis=-1).view("<i4")[..., 0] >> 8).T.astype(float)
    assert A.shape == raw.shape == shape
    assert A.dtype == y.dtype == np.float64
    assert A.flags.f_contiguous
    np.testing.assert_allclose(A.mean(axis=0), 0.0, atol=1e-14)
    np.testing.assert_allclose((A**2).mean(axis=0), 1.0, rtol=1e-13)
    np.testing.assert_allclose(A * raw.std(axis=0) + raw.mean(axis=0), raw, atol=1e-9 * np.abs(raw).max())
    assert sorted(y) == [-1.0] * (shape[0] - positive) + [1.0] * positive


def test_the_ranges_of_the_data_are_those_that_its_origin_tells():
    """Raw numbers are lost to standardising, and with them a wrong byte order would be."""
    ranges = {}
    for name in ("leukemia", "colon"):
        with files("fastreg").joinpath(f"data/{name}.npz").open("rb") as stream:
            low, middle, high = np.load(stream)["bytes"].astype(np.int64)
        raw = low + 256 * middle + 65536 * np.where(high < 128, high, high - 256)
        ranges[name] = int(raw.min()), int(raw.max())
    assert ranges == {"leukemia": (-28400, 71369), "colon": (582, 2090318)}


@pytest.mark.parametrize("load", [load_leukemia, load_colon])
def test_data_belongs_to_the_caller(load):
    A, y = load()
    A[:], y[:] = 0.0, 0.0
    assert all(array.any() for array in load())


def test_the_licence_of_the_data_is_shipped():
    origin = files("fastreg").joinpath("data/ORIGIN.md").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in origin


def test_one_alpha_prints_and_writes_the_closed_form(tmp_path, data, capsys):
    out_file = tmp_path / "coef.csv"
    assert main(["fit", str(data), "--target", "price", "--alpha", "0.5", "--out", str(out_file)]) == 0
    header, names, numbers = read_out(out_file)
    assert header == ["name", "coef"]
    assert names == ["intercept", *NAMES]
    # gap <= 1e-6 P with P < 2 and curvature 1: coefficients within sqrt(2 gap) = 2e-3
    np.testing.assert_allclose(numbers[:, 0], [10.0, 1.5, -0.5, 0.0], atol=2e-3)
    out = capsys.readouterr().out
    lines = {line[:14].strip(): line[16:] for line in out.splitlines()}
    assert lines["alpha"] == "0.5"
    assert lines["non-zeros"] == "2 of 3"
    # residual: 0.5, 0.5, 0.25 along the columns, of 2, 1, 0.25
    assert float(lines["deviance ratio"]) == pytest.approx(1 - 0.5625 / 5.0625, abs=2e-3)
    assert float(lines["objective"]) == pytest.approx(0.5625 / 2 + 0.5 * 2.0, rel=2e-6)
    assert float(lines["gap"].split(",")[0]) <= 1e-6 * 1.3
    assert lines["status"].startswith("CONVERGED: ")
    largest = out[out.index("largest coefficients") :].splitlines()[1:]
    assert [line.rsplit(maxsplit=1)[0].strip() for line in largest] == ["age, years", "dose"]


def test_path_prints_ten_alphas_and_writes_all(tmp_path, data, capsys):
    argv = ["fit", str(data), "--target", "price", "--alphas", "30", "--out", str(tmp_path / "c.csv")]
    assert main(argv) == 0
    header, names, numbers = read_out(tmp_path / "c.csv")
    alphas = np.array(header[1:], dtype=float)
    path = fr.lasso_path(X, Y, alphas=30)
    assert names == ["intercept", *NAMES]
    np.testing.assert_array_equal(alphas, path.alphas)
    assert numbers.shape == (4, 30)
    w = np.array([[2.0], [-1.0], [0.25]])
    np.testing.assert_allclose(numbers[1:], np.sign(w) * np.maximum(np.abs(w) - alphas, 0.0), atol=2e-3)
    rows = table_rows(capsys.readouterr().out)
    assert len(rows) == 10
    assert rows[0][0] == pytest.approx(2.0)
    assert [row[1] for row in rows[1:]] == [np.count_nonzero(np.abs(w) > row[0]) for row in rows[1:]]


def test_folds_choose_the_alpha_that_is_shown_and_written(tmp_path, data, capsys):
    out, plot = tmp_path / "coef.csv", tmp_path / "cv.png"
    argv = ["fit", str(data), "--target", "price", "--cv", "3", "--alphas", "20", "--out", str(out), "--plot", str(plot)]
    assert main(argv) == 0
    shown = capsys.readouterr().out
    found = fr.lasso_cv(X, Y, cv=3, alphas=20)
    for part in (f"{found.alpha_min:.6g}", f"{found.alpha_1se:.6g}", f"{found.errors.min():.6g}", "20 alphas, 3 folds"):
        assert part in shown
    header, names, numbers = read_out(out)
    assert header == ["name", "coef"]
    assert names == ["intercept", *NAMES]
    np.testing.assert_allclose(numbers[:, 0], [found.fit.intercept, *found.fit.coef])
    assert plot.stat().st_size > 1000


def test_short_path_prints_every_alpha(data, capsys):
    assert main(["fit", str(data), "--target", "price", "--alphas", "3"]) == 0
    assert len(table_rows(capsys.readouterr().out)) == 3


def test_options_reach_the_solver(tmp_path, data):
    argv = ["fit", str(data), "--target", "price", "--alpha", "0.5", "--out", str(tmp_path / "c.csv")]
    assert main([*argv, "--l1-ratio", "0.5", "--no-intercept", "--tol", "1e-12"]) == 0
    # soft(x'y / n, alpha rho) / (1 + alpha (1 - rho)); without intercept the columns still sum to zero
    numbers = read_out(tmp_path / "c.csv")[2][:, 0]
    np.testing.assert_allclose(numbers, [0.0, 1.75 / 1.25, -0.75 / 1.25, 0.0], atol=1e-4)


@pytest.mark.parametrize("one_or_path", [["--alpha", "1e-3"], ["--alphas", "5"]])
def test_a_missed_tolerance_warns_and_exits_1(tmp_path, capsys, one_or_path):
    rng = np.random.default_rng(0)
    A = rng.normal(size=(60, 40)).cumsum(axis=1)  # neighbouring columns are alike: one sweep does not get far
    np.savez(tmp_path / "a.npz", X=A, y=A @ rng.normal(size=40))
    assert main(["fit", str(tmp_path / "a.npz"), "--max-iter", "1", "--tol", "1e-12", *one_or_path]) == 1
    out, err = capsys.readouterr()
    assert "MAX_ITER" in out
    assert err.startswith("fastreg: ")
    assert "max_iter" in err
    assert err.count("\n") == 1


def test_outputs_are_refused_before_the_fit(tmp_path, data, capsys):
    before = data.read_text()
    nowhere = tmp_path / "no" / "coef.csv"
    fit = ["fit", data, "--target", "price"]
    assert refusal(capsys, *fit, "--out", tmp_path) == f"cannot write {tmp_path}: it is a folder."
    assert refusal(capsys, *fit, "--out", nowhere) == f"cannot write {nowhere}: there is no folder {nowhere.parent}."
    assert refusal(capsys, *fit, "--out", data) == f"cannot write {data}: it is the data file."
    assert refusal(capsys, "--plot", tmp_path / "a.xyz").startswith(f"cannot write {tmp_path / 'a.xyz'}: its name must")
    assert refusal(capsys, *fit, "--alpha", "1", "--plot", tmp_path / "a.png").startswith("--plot draws a path")
    assert data.read_text() == before
    assert sorted(os.listdir(tmp_path)) == ["a.csv"]


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["--alpha", "-1"], "alpha"),
        (["--alpha", "nan"], "alpha"),
        (["--alpha", "much"], "--alpha"),
        (["--alpha", "1", "--alphas", "5"], "--alphas"),
        (["--alphas", "0"], "alphas"),
        (["--alphas", "2.5"], "--alphas"),
        (["--l1-ratio", "1.5"], "l1_ratio"),
        (["--l1-ratio", "0"], "--alpha"),
        (["--tol", "-1"], "tol"),
        (["--max-iter", "-1"], "max_iter"),
        (["--plots", "a.png"], "--plots"),
        (["--cv", "1"], "cv"),
        (["--cv", "3", "--alpha", "1"], "--cv"),
    ],
)
def test_bad_options(data, capsys, argv, word):
    assert word in refusal(capsys, "fit", data, "--target", "price", *argv)


def test_bad_command(capsys):
    assert "'fits'" in refusal(capsys, "fits")
    assert "FILE" in refusal(capsys, "fit")


def test_versions_name_the_build(capsys):
    assert main(["versions"]) == 0
    lines = {line[:15].strip(): line[17:] for line in capsys.readouterr().out.splitlines()}
    build = _design.build_info()
    assert lines["fastreg"] == f"{fr.__version__} ({Path(fr.__file__).parent})"
    assert lines["numpy"] == np.__version__
    assert lines["scipy"] == importlib.metadata.version("scipy")
    assert lines["compiler"] == build["compiler"]
    assert lines["compiler flags"] == build["flags"]
    assert lines["instruction set"] == build["instruction_set"]
    assert lines["debug build"] == str(build["debug"])


@pytest.mark.parametrize("argv", [["--help"], ["fit", "--help"], ["explain", "--help"], ["versions", "--help"]])
def test_help(capsys, argv):
    with pytest.raises(SystemExit, match=r"^0$"):
        main(argv)
    assert capsys.readouterr().out.startswith("usage: fastreg")


def test_plot_before_or_after_the_command(tmp_path, data):
    fit = ["fit", str(data), "--target", "price", "--alphas", "5"]
    assert main(["--plot", str(tmp_path / "before.png"), *fit]) == 0
    assert main([*fit, "--plot", str(tmp_path / "after.svg")]) == 0
    assert (tmp_path / "before.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "after.svg").read_text()


def test_plot_without_matplotlib(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = refusal(capsys, "--plot", tmp_path / "a.png")
    assert message == "plots need matplotlib: pip install 'fastreg-solvers[plot]'"


PICTURES = [
    "1-balls.png",
    "2-balls-in-space.png",
    "3-geometry.png",
    "4-priors.png",
    "5-shrinkage.png",
    "6-paths.png",
    "7-overfitting.png",
]


@pytest.mark.parametrize("given", [False, True])
def test_explain_draws_what_it_says(tmp_path, data, capsys, given):
    out = tmp_path / "pictures"
    assert main(["explain", "--out", str(out), *([str(data), "--target", "price"] if given else [])]) == 0
    assert sorted(os.listdir(out)) == PICTURES
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert [line.split("  ")[0] for line in lines] == [str(out / name) for name in PICTURES]
    columns = "age, years and dose" if given else "gene 4846 and gene 4195"  # the first two of the lasso path
    assert f"columns {columns}, " in lines[2]


@pytest.mark.parametrize("kind", ["near copies", "a script that the font has not", "the same names"])
def test_explain_says_in_a_line_at_most_what_is_odd(tmp_path, capsys, kind):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 80))
    second = a + 1e-6 * b if kind == "near copies" else b
    header = {"a script that the font has not": "\u5e74\u9f84,\u8840\u538b,y", "the same names": "a,a,y"}.get(kind, "a,b,y")
    file = tmp_path / "data.csv"
    rows = np.c_[a, second, a + b + rng.standard_normal(80)]
    file.write_text("\n".join([header, *(",".join(map(repr, row)) for row in rows.tolist())]), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, of a letter that is drawn as a box
        assert main(["explain", "--out", str(tmp_path / "out"), str(file), "--target", "y"]) == 0
    said = capsys.readouterr()
    if kind.startswith("a script"):
        (line,) = said.err.splitlines()
        assert line.startswith("fastreg: The font ")
        assert "'\u5e74\u9f84'; such columns are named by number." in line
    else:
        assert said.err == ""
    if kind == "the same names":
        assert "columns a (column 0) and a (column 1), " in said.out or "columns a (column 1) and a (column 0), " in said.out
    assert sorted(os.listdir(tmp_path / "out")) == PICTURES


def test_explain_draws_over_its_pictures(tmp_path, data, capsys):
    (tmp_path / "5-shrinkage.png").write_text("old")
    (tmp_path / "notes").write_text("mine")
    assert main(["explain", "--out", str(tmp_path), str(data), "--target", "price"]) == 0
    assert (tmp_path / "5-shrinkage.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "notes").read_text() == "mine"


def test_explain_refuses(tmp_path, data, capsys, monkeypatch):
    nowhere = tmp_path / "no" / "pictures"
    assert "--out" in refusal(capsys, "explain")
    assert refusal(capsys, "explain", "--out", data) == f"cannot write to {data}: it is not a folder."
    assert refusal(capsys, "explain", "--out", nowhere) == f"cannot make {nowhere}: there is no folder {nowhere.parent}."
    assert refusal(capsys, "explain", "--out", tmp_path / "a", "--target", "price").startswith("--target is a column of FILE")
    assert refusal(capsys, "--plot", "a.png", "explain", "--out", tmp_path / "a").startswith("--plot draws a path")
    assert refusal(capsys, "explain", "--out", tmp_path, tmp_path / "b.csv").startswith(f"cannot read {tmp_path / 'b.csv'}: ")
    for rows, words in (
        ("1,2,3\n4,5,7\n", "the data has 2 rows and 2 columns"),
        ("1,2\n4,5\n2,2\n0,7\n", "the data has 4 rows and 1 column beside"),
        ("1,2\n", "the data has 1 row and 1 column beside"),
        ("1,2,3\n1,5,7\n1,2,3\n1,4,3\n", "Two columns that are not constant are needed."),
        ("1,2,3\n4,5,3\n1,2,3\n2,5,3\n", "column 'x2' is constant; a target that varies is needed."),
        ("1,2,3\n4,5,1e200\n1,2,3\n2,5,3\n", "the data varies by less than 1e-100 or more than 1e100;"),
    ):
        (tmp_path / "c.csv").write_text(rows)
        assert refusal(
            capsys, "explain", "--out", tmp_path, tmp_path / "c.csv", "--target", str(rows.index("\n") // 2)
        ).startswith(words)
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions do not stop a superuser
    assert refusal(capsys, "explain", "--out", tmp_path) == f"cannot write to {tmp_path}: permission denied."
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert refusal(capsys, "explain", "--out", tmp_path) == "plots need matplotlib: pip install 'fastreg-solvers[plot]'"
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".png")]


def test_ctrl_c_and_lack_of_memory(capsys, monkeypatch):
    def stop(*args, **options):
        raise errors.pop()

    errors = [MemoryError("Unable to allocate 7 EiB"), KeyboardInterrupt()]
    monkeypatch.setattr(fr, "lasso_path", stop)
    assert main([]) == 130
    assert capsys.readouterr().err == "fastreg: interrupted\n"
    assert refusal(capsys) == "not enough memory for this fit. Unable to allocate 7 EiB"


def test_the_console_script_is_main():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pkgutil.resolve_name(project["scripts"]["fastreg"]) is main


def test_module_run_as_a_process(tmp_path, data):
    done = run("fit", data.name, "--target", "price", "--alpha", "0.5", "--out", "coef.csv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "non-zeros       2 of 3\n" in done.stdout
    assert read_out(tmp_path / "coef.csv")[1] == ["intercept", *NAMES]
    done = run("fit", "b.csv", "--target", "price", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fastreg: cannot read b.csv: ")
    assert done.stderr.count("\n") == 1


def test_a_closed_pipe_ends_quietly(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run("versions", cwd=tmp_path, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_output_that_takes_nothing_is_one_line(tmp_path):
    (tmp_path / "read-only").touch()
    with (tmp_path / "read-only").open("rb") as stream:
        done = run("versions", cwd=tmp_path, stdout=stream.fileno())
    assert done.returncode == 2
    assert done.stderr.startswith("fastreg: cannot write the output: ")
    assert done.stderr.count("\n") == 1
