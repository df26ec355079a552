"""Reading the data file of `fastreg fit`: layouts of text, NPZ, and the sentence for every file that cannot be used."""

import gzip

import numpy as np
import pytest

from fastreg._files import Refusal, read_table

X = np.array([[0.5, 2.0, -3.0], [1.0, 1e-3, 4.25], [-7.0, 0.0, 11.0], [1.5, 2.5, 3.5]])
Y = np.array([10.0, -2.0, 0.125, 3e5])
NAMES = ["age, years", "dose", "weight"]


def text(delimiter=",", header=True, target=3):
    """X and Y as text, with the target in column `target`."""
    names = ['"age, years"', "dose", "weight"]
    names.insert(target, "price")
    rows = [map(repr, row) for row in np.insert(X, target, Y, axis=1).tolist()]
    return "".join(delimiter.join(row) + "\n" for row in ([names] if header else []) + rows)


def write(folder, name, content):
    """The name of a new file with this content: text, bytes or the arrays of an NPZ."""
    file = folder / name
    if isinstance(content, dict):
        np.savez(file, **content)
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def refused(file, target=None):
    """What read_table says, with FILE for the name of the file."""
    with pytest.raises(Refusal) as caught:
        read_table(file, target)
    return str(caught.value).replace(file, "FILE")


def assert_problem(table, names):
    np.testing.assert_array_equal(table.X, X)
    np.testing.assert_array_equal(table.y, Y)
    assert table.names == names
    assert table.X.flags.f_contiguous
    assert table.X.dtype == table.y.dtype == np.float64


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("target", [0, 2, 3])
def test_text_layouts(tmp_path, delimiter, header, target):
    file = write(tmp_path, "a.txt", text(delimiter, header, target))
    table = read_table(file, "price" if header else str(target))
    assert_problem(table, NAMES if header else [f"x{j}" for j in range(4) if j != target])
    assert table.target == ("price" if header else f"x{target}")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + text().encode(), id="byte order mark"),
        pytest.param(text().replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(b"\n\n" + text().replace("\n", "\n \n\n").encode(), id="blank lines"),
        pytest.param(text().rstrip("\n").encode(), id="no last newline"),
        pytest.param(text().replace("dose", '"dose\n"').encode(), id="newline in a name"),
        pytest.param(text().replace("dose", "  dose ").replace(",1.", ", 1.").encode(), id="blanks around fields"),
        pytest.param(text().replace(",2.0", ',"2.0"').encode(), id="quoted number"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_text_variants(tmp_path, content, zipped):
    file = write(tmp_path, *(("a.csv.gz", gzip.compress(content)) if zipped else ("a.csv", content)))
    assert_problem(read_table(file, "price"), NAMES)


def test_an_unnamed_column_gets_its_number(tmp_path):
    assert read_table(write(tmp_path, "a.csv", '"",b,y\n1,2,3\n'), "y").names == ["x0", "b"]


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("", "y", "FILE is empty."),
        ("\n\n", "y", "FILE is empty."),
        ("a,y\n", "y", "FILE has a header but no rows below it."),
        ("y\n1\n2\n", "y", "FILE has one column (or its delimiter is not comma, semicolon or tab); two are needed."),
        ("a,b,y\n1,2,3\n1,x,3\n", "y", "FILE, line 3, column 'b': 'x' is not a number."),
        ("a,b,y\n\n1,2,3\n1,,3\n", "y", "FILE, line 4, column 'b': there is no value."),
        ("a,b,y\n1,2,3\n,,\n", "y", "FILE, line 3, column 'a': there is no value."),
        ("a,b,y\n1,2,3\n1_0,2,3\n", "y", "FILE, line 3, column 'a': '1_0' is not a number."),
        ("a,b,y\n1,2,3\n\n1,2,nan\n", "y", "FILE, line 4, column 'y': nan is not a finite number."),
        ("1,2,3\n1,-inf,3\n", "2", "FILE, line 2, column 'x1': -inf is not a finite number."),
        ("1,NA,3\n1,2,3\n", "2", "FILE, line 1, column 'x1': 'NA' is not a number."),
        ("a;b;y\n1,5;2;3\n", "y", "FILE, line 2, column 'a': '1,5' is not a number."),
        ("a,b,y\n1,2,3\n1,2\n", "y", "FILE, line 3: 2 fields, but the first line has 3."),
        ("a,b\n1,2\n", None, "--target is needed: a column of FILE, which are a, b."),
        ("a,b,y\n1,2,3\n", "z", "FILE has no column 'z'; its columns are a, b, y."),
        ("a,b,y\n1,2,3\n", "2", "FILE has no column '2'; its columns are a, b, y."),
        (
            "a,b,c,d,e,f,g,h,i,j\n",
            "y",
            "FILE has no column 'y'; its columns are a, b, c, d, e, f, g, h, ... (10 in all).",
        ),
        ("y,b,y\n1,2,3\n", "y", "FILE has 2 columns named 'y'; the target's name must be unique."),
        ("1,2,3\n", "3", "FILE has no column '3'; its columns are 0 to 2 (no header, so columns are numbered)."),
        ("1,2,3\n", "-1", "FILE has no column '-1'; its columns are 0 to 2 (no header, so columns are numbered)."),
        (b"\xff\xfe\x00a", "y", "FILE is not UTF-8 text; a CSV or NPZ file is needed."),
        (f"a,y\n{'1' * 200_000},2\n", "y", "FILE cannot be read as CSV: field larger than field limit (131072)."),
    ],
)
def test_unusable_text(tmp_path, content, target, message):
    assert refused(write(tmp_path, "a.csv", content), target) == message


@pytest.mark.parametrize(
    ("arrays", "target", "names"),
    [
        ({"X": X, "y": Y, "notes": np.array(["a"])}, None, ["x0", "x1", "x2"]),
        ({"y": X[:, 0], "price": Y, "X": X.astype(">f8")}, "price", ["x0", "x1", "x2"]),
        ({"dose": X[:, 0], "price": Y, "age": X[:, 1], "w": X[:, 2]}, "price", ["dose", "age", "w"]),
    ],
)
def test_npz(tmp_path, arrays, target, names):
    assert_problem(read_table(write(tmp_path, "a.npz", arrays), target), names)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float32, np.bool_])
def test_npz_dtypes_become_float64(tmp_path, dtype):
    ones = np.eye(4, 3, dtype=dtype)
    table = read_table(write(tmp_path, "a.npz", {"X": ones, "y": ones[:, 0]}), None)
    assert table.X.dtype == table.y.dtype == np.float64
    np.testing.assert_array_equal(table.X, np.eye(4, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X}, "FILE has no array 'y' for the target; its arrays are X."),
        ({"y": Y}, "FILE has a target 'y' but no columns to fit it with; an array 'X' is needed."),
        ({"X": X[:, :0], "y": Y}, "FILE has a target 'y' but no columns to fit it with; an array 'X' is needed."),
        ({"X": X[:, 0, None, None], "y": Y}, "FILE: array 'X' has shape (4, 1, 1), but 'y' has shape (4,)."),
        ({"a": X[1:, 0], "y": Y}, "FILE: array 'a' has shape (3,), but 'y' has shape (4,)."),
        ({"X": X.astype(str), "y": Y}, "FILE: array 'X' has dtype <U32; real numbers are needed."),
        ({"X": X, "y": Y * 1j}, "FILE: array 'y' has dtype complex128; real numbers are needed."),
        ({"X": X, "y": Y * np.inf}, "FILE: array 'y' holds nan or infinite values."),
        ({"X": X * [1, 1, np.nan], "y": Y}, "FILE: array 'X' holds nan or infinite values."),
    ],
)
def test_unusable_npz(tmp_path, arrays, message):
    assert refused(write(tmp_path, "a.npz", arrays)) == message


def test_a_pickle_in_an_npz_is_not_loaded(tmp_path):
    file = write(tmp_path, "a.npz", {"X": np.array([[print]], dtype=object), "y": Y})
    assert refused(file).startswith("FILE is not a readable NPZ file: ")


@pytest.mark.parametrize(
    "name", ["text.npz", "cut.npz", "empty.npz", "flipped.npz", "method.npz", "bare.npz", "text.gz", "cut.gz"]
)
def test_files_that_are_not_what_their_name_says(tmp_path, name):
    np.savez_compressed(tmp_path / "whole.npz", X=X, y=Y)
    np.save(tmp_path / "bare.npy", X)
    whole = (tmp_path / "whole.npz").read_bytes()
    method = whole.index(b"PK\x01\x02") + 10  # where the zip says how its first member is compressed
    content = {
        "text.npz": text().encode(),
        "cut.npz": whole[: len(whole) // 2],
        "empty.npz": b"",
        "flipped.npz": whole[:80] + bytes(255 - byte for byte in whole[80:120]) + whole[120:],
        "method.npz": whole[:method] + b"\x63" + whole[method + 1 :],
        "bare.npz": (tmp_path / "bare.npy").read_bytes(),
        "text.gz": text().encode(),
        "cut.gz": gzip.compress(text().encode())[:-12],
    }
    assert "FILE" in refused(write(tmp_path, name, content[name]), "y")


@pytest.mark.parametrize("name", ["no.csv", "no.npz", "no.csv.gz", "."])
def test_missing_file_and_folder(tmp_path, name):
    assert refused(str(tmp_path / name), "y").startswith("cannot read FILE: ")
