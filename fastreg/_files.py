"""Read the data file of the command `fastreg fit`: a table of numbers with one target column.

Text: UTF-8, gzip when the name ends in .gz; comma, semicolon or tab between the fields (the one that splits the first
line into most fields), optional double quotes, optional header.  The first line is a header when one of its fields is
neither a number nor a mark of a missing value; without a header the columns are numbered from 0 and called x0, x1, ...
NPZ: a matrix `X` and a target array, or else one 1-d array per column.

Whatever makes a file unusable raises Refusal with a sentence that names the place.
"""

import csv
import gzip
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DELIMITERS = ",;\t"
MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}
SHOWN = 8  # column names listed in a message


class Refusal(Exception):
    """One sentence for the user of the command: what was given and what is needed."""


@dataclass(frozen=True, slots=True)
class Table:
    """X (n, p) in Fortran order, y (n,), the p column names and the name of the target."""

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    names: list[str]
    target: str


def read_table(file: str, target: str | None) -> Table:
    """The table in `file`; `target` is a column name, a 0-based column number (no header) or an array name (NPZ)."""
    try:
        return _read_npz(file, target) if file.lower().endswith(".npz") else _read_text(file, target)
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not UTF-8 text; a CSV or NPZ file is needed.") from None
    except csv.Error as error:
        raise Refusal(f"{file} cannot be read as CSV: {error}.") from None
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError, MemoryError) as error:
        # RuntimeError: a zip with a password or an unknown compression.  MemoryError: a shape that no memory holds.
        raise Refusal(f"{file} is damaged or not what its name says: {error}.") from None
    except OSError as error:
        raise Refusal(f"cannot read {file}: {error.strerror or error}.") from None


def _read_text(file: str, target: str | None) -> Table:
    numbers, lines = array("d"), array("q")
    with _rows(file) as rows:
        line, first = next(rows, (0, []))
        if not first:
            raise Refusal(f"{file} is empty.")
        if len(first) < 2:
            raise Refusal(f"{file} has one column (or its delimiter is not comma, semicolon or tab); two are needed.")
        has_header = any(not _is_number(field) and field.strip().lower() not in MISSING for field in first)
        names = [f"x{j}" for j in range(len(first))]
        if has_header:
            names = [" ".join(field.split()) or name for field, name in zip(first, names, strict=True)]
        chosen = _choose(file, names, target, has_header)
        if not has_header:
            _append(file, line, first, names, numbers)
            lines.append(line)
        for line, row in rows:
            if len(row) != len(names):
                raise Refusal(f"{file}, line {line}: {len(row)} fields, but the first line has {len(names)}.")
            _append(file, line, row, names, numbers)
            lines.append(line)
    if not lines:
        raise Refusal(f"{file} has a header but no rows below it.")
    table = np.frombuffer(numbers).reshape(len(lines), len(names))
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        i, j = bad[0]
        raise Refusal(f"{file}, line {lines[i]}, column {names[j]!r}: {table[i, j]} is not a finite number.")
    X = np.asfortranarray(np.delete(table, chosen, axis=1))
    return Table(X, table[:, chosen].copy(), names[:chosen] + names[chosen + 1 :], names[chosen])


@contextmanager
def _rows(file: str) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """The (line number, fields) of the lines of a text file that are not blank."""
    open_text = gzip.open if file.lower().endswith(".gz") else open
    with open_text(file, "rt", encoding="utf-8-sig", newline="") as stream:
        start = stream.readline()
        while start and not start.strip():
            start = stream.readline()
        delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([start], delimiter=mark), [])))
        # Again from the start: the line numbers of the reader are then those of the file.
        stream.seek(0)
        reader = csv.reader(stream, delimiter=delimiter)
        yield ((reader.line_num, row) for row in reader if len(row) > 1 or "".join(row).strip())


def _append(file: str, line: int, row: list[str], names: list[str], numbers: "array[float]") -> None:
    """Append the numbers of one row; refuse what is not one, naming line and column."""
    try:
        numbers.extend(map(float, row))
        good = "_" not in "".join(row)  # float() takes 1_000 for a thousand; a file that holds it means a name
    except ValueError:
        good = False
    if not good:
        j = next(j for j, field in enumerate(row) if not _is_number(field))
        what = f"{row[j][:40]!r} is not a number" if row[j].strip() else "there is no value"
        raise Refusal(f"{file}, line {line}, column {names[j]!r}: {what}.")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _choose(file: str, names: list[str], target: str | None, has_header: bool) -> int:
    """The number of the target column."""
    some = ", ".join(names[:SHOWN]) + (f", ... ({len(names)} in all)" if len(names) > SHOWN else "")
    if not has_header:
        some = f"0 to {len(names) - 1} (no header, so columns are numbered)"
    if target is None:
        raise Refusal(f"--target is needed: a column of {file}, which are {some}.")
    if not has_header and target.isdecimal() and int(target) < len(names):
        return int(target)
    if not has_header or target not in names:
        raise Refusal(f"{file} has no column {target!r}; its columns are {some}.")
    if names.count(target) > 1:
        raise Refusal(f"{file} has {names.count(target)} columns named {target!r}; the target's name must be unique.")
    return names.index(target)


def _read_npz(file: str, target: str | None) -> Table:
    target = "y" if target is None else target
    try:
        with open(file, "rb") as stream:
            arrays = np.load(stream, allow_pickle=False)
            present = list(getattr(arrays, "files", ()))  # a bare .npy comes as an array, which has no `files`
            if target not in present:
                some = ", ".join(present[:SHOWN]) or "none"
                raise Refusal(f"{file} has no array {target!r} for the target; its arrays are {some}.")
            columns = ["X"] if "X" in present and target != "X" else [name for name in present if name != target]
            found = {name: np.asarray(arrays[name]) for name in (target, *columns)}
    except ValueError as error:
        raise Refusal(f"{file} is not a readable NPZ file: {error}") from None
    y = found[target]
    for name in [target, *columns]:
        if found[name].dtype.kind not in "fiub":
            raise Refusal(f"{file}: array {name!r} has dtype {found[name].dtype}; real numbers are needed.")
        if not np.isfinite(found[name]).all():
            raise Refusal(f"{file}: array {name!r} holds nan or infinite values.")
    if columns == ["X"] and found["X"].ndim == 2:
        X, names = found["X"], [f"x{j}" for j in range(found["X"].shape[1])]
    else:
        odd = next((name for name in columns if found[name].shape != y.shape), None)
        if odd is not None:
            raise Refusal(f"{file}: array {odd!r} has shape {found[odd].shape}, but {target!r} has shape {y.shape}.")
        X, names = np.array([found[name] for name in columns]).T, columns
    if not names:
        raise Refusal(f"{file} has a target {target!r} but no columns to fit it with; an array 'X' is needed.")
    return Table(np.asarray(X, dtype=np.float64, order="F"), np.asarray(y, dtype=np.float64), names, target)
