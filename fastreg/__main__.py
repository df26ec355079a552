"""The command `fastreg`: fit the shipped leukemia data, fit a file, draw what L1 and L2 do, run benchmarks, or show versions.

Exit status: 0 done; 1 a fit stopped before its tolerance (the warning is on stderr); 2 a file or an option cannot be
used (one line on stderr, no traceback).
"""

import argparse
import csv
import importlib.metadata
import os
import platform
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

import fastreg as fr
from fastreg._files import Refusal, read_table
from fastreg._suite import suite
from fastreg.datasets import load_leukemia
from fastreg.display._arguments import told_apart
from fastreg.display._style import drawable, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
T = TypeVar("T")
ROWS = 10  # alphas printed of a path, coefficients printed of a fit
LEAST_ROWS, FOLDS = 4, 5
GAP_MEANS = "gap: an upper bound on how far the objective reached is above its minimum, computed from the solution."


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line instead of the usage and a line."""

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{message} ({self.prog} --help lists the options)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the arguments `argv` (None: those of the process) and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to stop
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["bench"]:
            status: int = suite("command").run(arguments[1:], _Parser(prog="fastreg bench"))
        else:
            options = _parser().parse_args(arguments)
            status = options.run(options)
        sys.stdout.flush()
    except Refusal as refusal:
        return _complain(str(refusal), 2)
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as error:
        # Files are read and written under Refusal, so this is stdout: a full disk, say.
        _forget_stdout()
        return _complain(f"cannot write the output: {error.strerror or error}.", 2)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastreg",
        description="Lasso and elastic net with a certified duality gap. Without a command: fit the lasso path of the "
        "leukemia data that comes with the package.",
    )
    parser.set_defaults(run=_demo)
    parser.add_argument("--plot", metavar="FILE.png", help="draw the path into a picture (needs matplotlib)")
    commands = parser.add_subparsers(title="commands", metavar="{fit,explain,bench,versions}")
    fit = commands.add_parser(
        "fit",
        help="fit a CSV or NPZ file",
        description="Fit target = intercept + the other columns * coefficients. Columns are used as they are, not "
        "standardised. Objective: |residual|^2 / (2 n) + alpha (R |coef|_1 + (1 - R)/2 |coef|^2).",
        epilog="examples: fastreg fit data.csv --target price --out coef.csv; "
        "fastreg fit data.csv --target price --alpha 0.1; fastreg fit data.csv --target price --cv 10; "
        "fastreg fit data.npz --l1-ratio 0.5 --plot path.png",
    )
    fit.set_defaults(run=_fit)
    fit.add_argument(
        "file",
        metavar="FILE",
        help="text (comma, semicolon or tab; a first line of numbers is data; .gz allowed) or .npz with X and y",
    )
    fit.add_argument(
        "--target", metavar="COL", help="target column: name, 0-based number if there is no header, or array (NPZ: y)"
    )
    many = fit.add_mutually_exclusive_group()
    many.add_argument("--alpha", type=float, metavar="A", help="fit this one alpha instead of a path")
    fit.add_argument("--cv", type=int, metavar="K", help="choose the alpha by K folds of shuffled rows")
    many.add_argument("--alphas", type=int, default=100, metavar="K", help="number of alphas of the path (100)")
    fit.add_argument("--l1-ratio", type=float, default=1.0, metavar="R", help="1 is the lasso (default), 0 pure l2")
    fit.add_argument("--tol", type=float, default=1e-6, help="stop at gap <= TOL * objective (1e-6)")
    fit.add_argument("--max-iter", type=int, default=10_000, metavar="M", help="sweeps at most per alpha (10000)")
    fit.add_argument("--no-intercept", action="store_true", help="fit without an intercept")
    fit.add_argument("--out", metavar="coef.csv", help="write intercept and coefficients, a column per alpha")
    # SUPPRESS: the default of a subcommand would overwrite what stood before the subcommand.
    fit.add_argument(
        "--plot", metavar="FILE.png", default=argparse.SUPPRESS, help="draw the path, or with --cv the errors, into a picture"
    )
    explain = commands.add_parser(
        "explain",
        help="draw what L1 and L2 penalties do",
        description="Draw pictures of L1 and L2 penalties into a folder, those that need data with FILE or else with the "
        "leukemia data that comes with the package: unit balls, geometry, priors, shrinkage, paths, over-fitting. Columns are "
        "standardised.",
        epilog="examples: fastreg explain --out pictures; fastreg explain --out pictures data.csv --target price",
    )
    explain.set_defaults(run=_explain)
    explain.add_argument("file", metavar="FILE", nargs="?", help="as of fastreg fit")
    explain.add_argument("--target", metavar="COL", help="as of fastreg fit")
    explain.add_argument("--out", metavar="DIR", required=True, help="folder for the pictures; made if it is not there")
    bench = commands.add_parser("bench", help="time it against its peers (fastreg bench --help)")
    bench.set_defaults(run=_misplaced_bench)
    versions = commands.add_parser("versions", help="show versions, compiler flags and instruction set")
    versions.set_defaults(run=_versions)
    return parser


def _misplaced_bench(options: argparse.Namespace) -> int:
    raise Refusal("bench comes first, then its options: fastreg bench --help.")


def _demo(options: argparse.Namespace) -> int:
    """Fit and show the lasso path of the leukemia data."""
    _check_outputs(None, options.plot)
    X, y = load_leukemia()
    path, seconds, status = _solve(partial(fr.lasso_path, X, y))
    if options.plot:
        _draw(path.plot, options.plot)
    n, p = X.shape
    print(f"Leukemia data (Golub et al., Science 286, 1999): {n} samples x {p} gene expressions, standardised.")
    print(f"Target: +1 for {(y > 0).sum()} samples of ALL, -1 for {(y < 0).sum()} of AML. Lasso path with intercept.\n")
    _show_path(path, seconds, p)
    print("\nnext: fastreg fit FILE --target COLUMN   your own CSV or NPZ (fastreg fit --help lists the options)")
    return status


def _fit(options: argparse.Namespace) -> int:
    """Fit a file, one alpha or a path, and show it."""
    if options.cv is not None and options.alpha is not None:
        raise Refusal("--cv chooses an alpha; leave out --alpha or --cv.")
    if options.plot and options.alpha is not None:
        raise Refusal("--plot draws a path; leave out --alpha or --plot.")
    if options.l1_ratio == 0.0 and options.alpha is None:
        raise Refusal("--l1-ratio 0 has no path: no alpha gives all zeros; one fit needs --alpha.")
    _check_outputs(options.out, options.plot, data=options.file)
    table = read_table(options.file, options.target)
    X, y, ratio, intercept = table.X, table.y, options.l1_ratio, not options.no_intercept
    knobs = {"l1_ratio": ratio, "fit_intercept": intercept, "tol": options.tol, "max_iter": options.max_iter}
    heading = f"{options.file}: {X.shape[0]} rows x {X.shape[1]} columns, target {table.target}, " + (
        f"{'with' if intercept else 'without'} intercept, l1_ratio {ratio:g}\n"
    )
    if options.alpha is not None:
        fit, _, status = _solve(partial(fr.elastic_net, X, y, options.alpha, **knobs))
        if options.out:
            rows = zip(["intercept", *table.names], [float(fit.intercept), *fit.coef.tolist()], strict=True)
            _write(options.out, ["name", "coef"], rows)
        print(heading)
        spread = y - y.mean() if intercept else y
        total, residual = float(spread @ spread), y - fit.predict(X)
        _show_fit(fit, 1.0 - float(residual @ residual) / total if total else 0.0, table.names)
        return status
    if options.cv is not None:
        chosen, seconds, status = _solve(partial(fr.elastic_net_cv, X, y, alphas=options.alphas, cv=options.cv, **knobs))
        if options.out:
            rows = zip(["intercept", *table.names], [chosen.fit.intercept, *chosen.fit.coef.tolist()], strict=True)
            _write(options.out, ["name", "coef"], rows)
        if options.plot:
            _draw(chosen.plot, options.plot)
        print(heading)
        _show_choice(chosen, seconds)
        _show_fit(chosen.fit, float(chosen.path.deviance_ratio[chosen.index_min]), table.names)
        return status
    path, seconds, status = _solve(partial(fr.elastic_net_path, X, y, alphas=options.alphas, **knobs))
    if options.out:
        lines = ([name, *coefs.tolist()] for name, coefs in zip(table.names, path.coefs, strict=True))
        _write(options.out, ["name", *path.alphas.tolist()], [["intercept", *path.intercepts.tolist()], *lines])
    if options.plot:
        _draw(partial(path.plot, names=table.names), options.plot)
    print(heading)
    _show_path(path, seconds, X.shape[1])
    return status


def _explain(options: argparse.Namespace) -> int:
    """Draw what L1 and L2 do into a folder, and say what each picture shows."""
    if options.plot:
        raise Refusal("--plot draws a path; explain has --out.")
    if options.file is None and options.target is not None:
        raise Refusal("--target is a column of FILE; give both or neither.")
    _check_folder(options.out)
    _figure()
    if options.file is None:
        X, y = load_leukemia()
        names, target = [f"gene {j}" for j in range(X.shape[1])], "y"
    else:
        table = read_table(options.file, options.target)
        X, y, names, target = table.X, table.y, told_apart(table.names), table.target
    pictures, _, status = _solve(partial(_pictures, X, y, names, target))
    try:
        os.makedirs(options.out, exist_ok=True)
    except OSError as error:
        raise Refusal(f"cannot make {options.out}: {error.strerror or error}.") from error
    for name, (figure, shown) in pictures.items():
        file = os.path.join(options.out, name)
        _save(figure, file)
        print(f"{file}  {shown}")
    return status


def _pictures(X: Floats, y: Floats, names: Sequence[str], target: str) -> "dict[str, tuple[Figure, str]]":
    """Figures and what they show, by the names of their files, which sort in reading order."""
    n, p = X.shape
    if n < LEAST_ROWS or p < 2:
        has = f"{n} row{'s' * (n != 1)} and {p} column{'s' * (p != 1)}"
        raise Refusal(f"the data has {has} beside the target; {LEAST_ROWS} rows and 2 columns are needed.")
    if (y == y[0]).all():
        raise Refusal(f"column {target!r} is constant; a target that varies is needed.")
    sizes = np.abs(X - X.mean(axis=0)).max(axis=0), np.abs(y - y.mean()).max()
    if not all(((size == 0.0) | ((size > 1e-100) & (size < 1e100))).all() for size in sizes):
        raise Refusal("the data varies by less than 1e-100 or more than 1e100; a picture needs squares that float64 holds.")
    display, folds = fr.display, min(FOLDS, n)
    pair = list(display.shapes.leading_columns(X, y))
    both, drawn = [names[j] for j in pair], drawable(names, range(p))
    return {
        "1-balls.png": (display.plot_balls(), "balls |w|_p <= 1 of the plane, p from infinity to 0.1"),
        "2-balls-in-space.png": (display.plot_balls(dimensions=3), "the same in space"),
        "3-geometry.png": (
            display.plot_geometry(X[:, pair], y, names=[drawn[j] for j in pair], standardize=True),
            f"least squares meets the L1 and the L2 ball; columns {both[0]} and {both[1]}, the first two of the lasso path",
        ),
        "4-priors.png": (display.plot_priors(), "Laplace and Gaussian prior, and the posterior of one coefficient"),
        "5-shrinkage.png": (display.plot_shrinkage(), "soft, hard, ridge, elastic net, MCP and SCAD"),
        "6-paths.png": (
            display.plot_both_paths(X, y, names=drawn, standardize=True),
            "coefficients of lasso and ridge along alpha",
        ),
        "7-overfitting.png": (
            display.plot_overfitting(X, y, folds=folds, standardize=True),
            f"train and test error of lasso and ridge along alpha, means of {folds} folds",
        ),
    }


def _solve(solve: Callable[[], T]) -> tuple[T, float, int]:
    """The result of a fit, its seconds, and 1 if it warned about its tolerance (the warning goes to stderr), else 0."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)  # ConvergenceWarning, and what pictures have to say
        start = time.perf_counter()
        try:
            result = solve()
        except (ValueError, TypeError, OverflowError) as error:
            raise Refusal(str(error)) from error
        except MemoryError as error:
            raise Refusal(f"not enough memory for this fit. {error}") from error
        seconds = time.perf_counter() - start
    status = 0
    for message, category in dict.fromkeys((str(warning.message), warning.category) for warning in caught):
        status = _complain(message, 1 if issubclass(category, fr.ConvergenceWarning) else status)
    return result, seconds, status


def _show_path(path: "fr.Path", seconds: float, p: int) -> None:
    """Print about ten alphas of a path, spread evenly, and what the whole of it took and reached."""
    gaps = [_ratio(gap, objective) for gap, objective in zip(path.dual_gaps, path.objectives, strict=True)]
    print(f"{'alpha':>12}  {'non-zeros':>9}  {'deviance ratio':>14}  {'gap / objective':>15}")
    for k in np.unique(np.linspace(0, len(path) - 1, min(ROWS, len(path))).round().astype(int)):
        print(f"{path.alphas[k]:12.6g}  {path.df[k]:9d}  {path.deviance_ratio[k]:14.4f}  {gaps[k]:15.1e}")
    statuses = ", ".join(f"{count} {name}" for name, count in Counter(s.name for s in path.statuses).items())
    print(f"\nalphas: {len(path)} in {seconds * 1e3:.1f} ms, {statuses}; largest gap / objective {max(gaps):.1e}")
    more = path.n_columns_read
    print(f"columns of X read after the first pass over all {p}: {more}, as much as {more / p:.1f} passes")
    print(GAP_MEANS)


def _show_choice(chosen: "fr.CVPath", seconds: float) -> None:
    """Print the errors of a cross-validation, and which alphas they speak for."""
    print(f"{'':>10}  {'alpha':>12}  {'non-zeros':>9}  {'mean squared error':>18}  {'standard error':>14}")
    for name, k in (("alpha_min", chosen.index_min), ("alpha_1se", chosen.index_1se)):
        error, se = chosen.errors[k], chosen.errors_se[k]
        print(f"{name:>10}  {chosen.alphas[k]:12.6g}  {chosen.path.df[k]:9d}  {error:18.6g}  {se:14.3g}")
    print(
        f"\n{len(chosen.alphas)} alphas, {len(chosen.fold_errors)} folds and all rows in {seconds * 1e3:.1f} ms; "
        f"largest gap / objective of a fold {chosen.dual_gap:.1e}\n\nfit to all rows at alpha_min"
    )


def _show_fit(fit: "fr.Fit", deviance_ratio: float, names: Sequence[str]) -> None:
    """Print one fit and its largest coefficients."""
    objective, gap = float(fit.objective), float(fit.dual_gap)  # arrays only where there are several targets
    largest = sorted(np.flatnonzero(fit.coef).tolist(), key=lambda j: -abs(fit.coef[j]))[:ROWS]
    lines = {
        "alpha": f"{fit.alpha:.6g}",
        "non-zeros": f"{np.count_nonzero(fit.coef)} of {len(names)}",
        "deviance ratio": f"{deviance_ratio:.4f}",
        "objective": f"{objective:.10g}",
        "gap": f"{gap:.1e}, {_ratio(gap, objective):.1e} of the objective",
        "status": f"{fit.status.name}: {fit.status.advice}",
        "intercept": f"{fit.intercept:.6g}",
    }
    for name, text in lines.items():
        print(f"{name:<14}  {text}")
    print(GAP_MEANS)
    if largest:
        print("\nlargest coefficients")
        width = max(len(names[j]) for j in largest)
        for j in largest:
            print(f"  {names[j]:<{width}}  {fit.coef[j]: .6g}")


def _ratio(part: float, whole: float) -> float:
    """part / whole; 0 / 0 = 0, so that an exact fit has gap / objective 0."""
    return float(part / whole) if whole else (0.0 if not part else float("inf"))


def _check_outputs(out: str | None, plot: str | None, data: str | None = None) -> None:
    """Refuse what can be known before the fit: an output that cannot be written, a plot without matplotlib."""
    for file in filter(None, (out, plot)):
        folder = os.path.dirname(file) or "."
        if os.path.isdir(file):
            raise Refusal(f"cannot write {file}: it is a folder.")
        if not os.path.isdir(folder):
            raise Refusal(f"cannot write {file}: there is no folder {folder}.")
        if not os.access(file if os.path.exists(file) else folder, os.W_OK):
            raise Refusal(f"cannot write {file}: permission denied.")
        if data is not None and os.path.exists(data) and os.path.exists(file) and os.path.samefile(file, data):
            raise Refusal(f"cannot write {file}: it is the data file.")
    if plot:
        known = _figure().canvas.get_supported_filetypes()
        if os.path.splitext(plot)[1][1:].lower() not in known:
            raise Refusal(f"cannot write {plot}: its name must end in one of {', '.join(sorted(known))}.")


def _check_folder(folder: str) -> None:
    """Refuse a folder that is not there and cannot be made, or that cannot be written to."""
    parent = os.path.dirname(os.path.abspath(folder))
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise Refusal(f"cannot write to {folder}: it is not a folder.")
    if not os.path.isdir(parent):
        raise Refusal(f"cannot make {folder}: there is no folder {parent}.")
    if not os.access(folder if os.path.exists(folder) else parent, os.W_OK | os.X_OK):
        raise Refusal(f"cannot write to {folder}: permission denied.")


def _figure() -> "Figure":
    """A Figure, if matplotlib is installed."""
    try:
        return new_figure()
    except ImportError as error:
        raise Refusal(str(error)) from error


def _draw(plot: Callable[..., object], file: str) -> None:
    """Draw into a picture file; plot takes the axes."""
    figure = new_figure()
    plot(figure.add_subplot())
    _save(figure, file)


def _save(figure: "Figure", file: str) -> None:
    try:
        figure.savefig(file, dpi=150)
    except OSError as error:
        raise Refusal(f"cannot write {file}: {error.strerror or error}.") from error


def _write(file: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file; Python's floats print with all the digits that tell them apart."""
    try:
        with open(file, "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    except OSError as error:
        raise Refusal(f"cannot write {file}: {error.strerror or error}.") from error


def _versions(options: argparse.Namespace) -> int:
    """Show what a report of a problem has to say about this installation."""
    from fastreg.kernels import _design

    build = _design.build_info()
    # numpy prints its configuration unless asked for it as a dictionary.
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    lines = {
        "fastreg": f"{fr.__version__} ({os.path.dirname(fr.__file__)})",
        "python": f"{platform.python_version()} ({platform.python_implementation()}, {platform.platform()})",
        "numpy": np.__version__,
        "numpy BLAS": f"{blas.get('name', 'unknown')} {blas.get('version', '')}",
        "scipy": importlib.metadata.version("scipy"),
        "compiler": build["compiler"],
        "compiler flags": build["flags"],
        "instruction set": build["instruction_set"],
        "debug build": build["debug"],
    }
    for name, text in lines.items():
        print(f"{name:<15}  {text}")
    return 0


def _complain(message: str, status: int) -> int:
    """Print one line on stderr and return the status."""
    print("fastreg:", " ".join(message.split()), file=sys.stderr)
    return status


def _forget_stdout() -> None:
    """Send what is left in stdout's buffer nowhere: the interpreter flushes it again at exit and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
