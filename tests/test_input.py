"""What is refused, with which words, and what is taken in any form and left as it was."""

import types
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from conftest import problem

import fastreg as fr

X, Y = problem(12, 4)
X.flags.writeable = Y.flags.writeable = False


def with_entry(array, at, value, **layout):
    """A copy of array with one entry changed."""
    changed = np.array(array, **layout)
    changed[at] = value
    return changed


def masked(array, masked_rows):
    return np.ma.masked_array(array, mask=np.broadcast_to(np.reshape(masked_rows, (-1, *[1] * (array.ndim - 1))), array.shape))


Chunked = type("Array", (), {"__module__": "dask.array.core", "__array__": lambda self, *_, **__: np.asarray(X)})

FITS = {
    "lasso": lambda X, y, **options: fr.lasso(X, y, 0.1, **options),
    "elastic_net": lambda X, y, **options: fr.elastic_net(X, y, 0.1, **options),
    "lasso_path": lambda X, y, **options: fr.lasso_path(X, y, alphas=[0.1, 0.2], **options),
    "elastic_net_path": lambda X, y, **options: fr.elastic_net_path(X, y, alphas=[0.1, 0.2], **options),
    "ridge": lambda X, y, **options: fr.ridge(X, y, 0.1, **options),
    "alpha_max": lambda X, y, **options: fr.alpha_max(X, y, **options),
}
every_fit = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)


def answer(result):
    """What a fit has found, as one array."""
    return np.asarray(getattr(result, "coef", getattr(result, "coefs", result)))


# Data that is refused

BAD_X = {
    "1-d": (X[:, 0], ValueError, r"^X has 1 dimension \(shape \(12,\)\); a 2-d array \(rows, columns\) is needed\.$"),
    "3-d": (X[None], ValueError, r"^X has 3 dimensions \(shape \(1, 12, 4\)\)"),
    "0-d": (3.0, ValueError, r"^X has 0 dimensions"),
    "no rows": (X[:0], ValueError, r"^X is empty \(shape \(0, 4\)\); at least one row and one column are needed\.$"),
    "no columns": (X[:, :0], ValueError, r"^X is empty \(shape \(12, 0\)\)"),
    "fewer rows": (X[:5], ValueError, r"^X has 5 rows but y has 12 entries\.$"),
    "NaN": (
        with_entry(X, (3, 2), np.nan, order="F"),
        ValueError,
        r"^X holds nan at row 3, column 2; finite numbers are needed\.$",
    ),
    "NaN, C": (with_entry(X, (3, 2), np.nan, order="C"), ValueError, r"^X holds nan at row 3, column 2;"),
    "NaN, float32": (with_entry(X, (3, 2), np.nan, dtype=np.float32), ValueError, r"^X holds nan at row 3, column 2;"),
    "two NaN": (with_entry(X, ([7, 5], [0, 3]), np.nan), ValueError, r"^X holds nan at row 5, column 3;"),
    "inf": (with_entry(X, (11, 3), np.inf, order="F"), ValueError, r"^X holds inf at row 11, column 3;"),
    "-inf": (with_entry(X, (0, 0), -np.inf, order="C"), ValueError, r"^X holds -inf at row 0, column 0;"),
    "inf, float32": (with_entry(X, (0, 0), np.inf, dtype=np.float32), ValueError, r"^X holds inf at row 0, column 0;"),
    "inf, strided": (with_entry(X, (4, 2), np.inf)[::2, ::2], ValueError, r"^X holds inf at row 2, column 1;"),
    "missing object": (with_entry(X, (1, 1), None, dtype=object), ValueError, r"^X holds nan at row 1, column 1;"),
    "complex": (X + 0j, TypeError, r"^X is complex \(complex128\); real numbers are needed\.$"),
    "strings": (X.astype(str), TypeError, r"^X has dtype <U\d+; real numbers are needed\.$"),
    "dates": (X.astype("M8[s]"), TypeError, r"^X has dtype datetime64\[s\]; real numbers are needed\.$"),
    "durations": (X.astype("m8[s]"), TypeError, r"^X has dtype timedelta64\[s\]; real numbers are needed\.$"),
    "fields": (np.zeros((12, 4), "f8,f8"), TypeError, r"^X has dtype \[.*\]; real numbers are needed\.$"),
    "objects": (
        with_entry(X, (0, 0), "a", dtype=object),
        TypeError,
        r"^X holds objects that are not real numbers \(.*'a'.*\)\.$",
    ),
    "complex object": (with_entry(X, (0, 0), 1j, dtype=object), TypeError, r"^X holds objects that are not real numbers \("),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, r"^X is a list that numpy cannot turn into an array \(.*\)\.$"),
    "masked": (
        masked(X, [True] + 11 * [False]),
        ValueError,
        r"^X is a masked array with masked entries; fill or drop them first\.$",
    ),
    "csc": (
        scipy.sparse.csc_matrix(X),
        TypeError,
        r"^X is a sparse csc_matrix; a dense array is needed, for example X\.toarray\(\)\.$",
    ),
    "csr array": (scipy.sparse.csr_array(X), TypeError, r"^X is a sparse csr_array;"),
    "dask": (Chunked(), TypeError, r"^X is a dask Array, which would be computed whole; pass X\.compute\(\) to agree\.$"),
    "None": (None, (TypeError, ValueError), r"^X "),
    "dict": ({"a": 1}, TypeError, r"^X holds objects that are not real numbers"),
}

BAD_Y = {
    "longer": (np.zeros(13), ValueError, r"^X has 12 rows but y has 13 entries\.$"),
    "empty": (np.zeros(0), ValueError, r"^X has 12 rows but y has 0 entries\.$"),
    "NaN": (with_entry(Y, 4, np.nan), ValueError, r"^y holds nan at row 4; finite numbers are needed\.$"),
    "inf": (with_entry(Y, 4, np.inf), ValueError, r"^y holds inf at row 4;"),
    "-inf, float32": (with_entry(Y, 11, -np.inf, dtype=np.float32), ValueError, r"^y holds -inf at row 11;"),
    "complex": (Y + 0j, TypeError, r"^y is complex \(complex128\)"),
    "strings": (12 * ["a"], TypeError, r"^y has dtype <U1; real numbers are needed\.$"),
    "dates": (np.zeros(12, "M8[D]"), TypeError, r"^y has dtype datetime64\[D\]"),
    "objects": ([object()] * 12, TypeError, r"^y holds objects that are not real numbers \("),
    "masked": (masked(Y, 11 * [False] + [True]), ValueError, r"^y is a masked array with masked entries"),
    "sparse": (scipy.sparse.csr_matrix(Y), TypeError, r"^y is a sparse csr_matrix"),
}


@every_fit
@pytest.mark.parametrize("name", BAD_X)
def test_bad_X_is_refused(fit, name):
    bad, error, message = BAD_X[name]
    with pytest.raises(error, match=message):
        fit(bad, Y[: np.shape(bad)[0]] if name in ("no rows", "inf, strided") else Y)


@every_fit
@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y_is_refused(fit, name):
    bad, error, message = BAD_Y[name]
    with pytest.raises(error, match=message):
        fit(X, bad)


@pytest.mark.parametrize("fit", [FITS[name] for name in FITS if name != "ridge"])
@pytest.mark.parametrize(("y", "advice"), [(Y[:, None], r"; pass y\.ravel\(\)\."), (np.zeros((12, 2)), r"needed\."), (1.0, "")])
def test_y_of_a_lasso_is_one_dimensional(fit, y, advice):
    with pytest.raises(
        ValueError, match=r"^y has shape \(.*\); a 1-d array of 12 entries is needed" + advice.removeprefix("needed")
    ):
        fit(X, y)


@pytest.mark.parametrize("y", [np.zeros((12, 0)), np.zeros((12, 1, 1)), 1.0])
def test_y_of_ridge_has_one_or_two_dimensions(y):
    with pytest.raises(ValueError, match=r"^y has shape \(.*\); \(12,\) or \(12, t\) with t >= 1 targets is needed\.$"):
        fr.ridge(X, y, 0.1)


def test_not_finite_in_one_of_many_targets_is_named():
    targets = with_entry(np.ones((12, 3)), (4, 2), np.nan)
    with pytest.raises(ValueError, match=r"^y holds nan at row 4, column 2; finite numbers are needed\.$"):
        fr.ridge(X, targets, 0.1)


@every_fit
@pytest.mark.parametrize("which", ["X", "y"])
def test_entries_too_large_to_add_up_are_refused_or_scaled(fit, which):
    """1.7e308 is finite, the sum of twelve is not; a right answer would do as well as the error."""
    large = np.full(12, 1.7e308)
    data = {"X": X, "y": Y} | ({"X": np.column_stack([X, large])} if which == "X" else {"y": large * np.sign(Y)})
    try:
        assert np.isfinite(answer(fit(**data))).all()
    except ValueError as error:
        assert str(error) == f"{which} has entries too large to add up in float64; divide {which} by a constant."  # noqa: PT017


# Options that are refused

ONE_NUMBER = {
    "negative": (-0.1, ValueError, r"is -0\.1; a finite number >= 0 is needed\.$"),
    "NaN": (np.nan, ValueError, r"is nan; a finite number >= 0 is needed\.$"),
    "inf": (np.inf, ValueError, r"is inf; a finite number >= 0 is needed\.$"),
    "bool": (True, TypeError, r"is True \(bool\); a single real number is needed\.$"),
    "numpy bool": (np.True_, TypeError, r"is np\.True_ \(bool\); a single real number is needed\.$"),
    "string": ("0.1", TypeError, r"is '0\.1' \(str\); a single real number is needed\.$"),
    "bytes": (b"1", TypeError, r"is b'1' \(bytes\); a single real number is needed\.$"),
    "None": (None, TypeError, r"is None \(NoneType\); a single real number is needed\.$"),
    "list": ([0.1], TypeError, r"is \[0\.1\] \(list\); a single real number is needed\.$"),
    "array": (np.array([0.1]), TypeError, r"\(ndarray\); a single real number is needed\.$"),
    "complex": (0.1j, TypeError, r"is 0\.1j \(complex\); a single real number is needed\.$"),
    "numpy complex": (np.complex64(1), TypeError, r"\(complex64\); a single real number is needed\.$"),
}
NUMBERS = {
    "alpha": lambda value: fr.lasso(X, Y, value),
    "alpha of ridge": lambda value: fr.ridge(X, Y, value),
    "alpha of elastic_net": lambda value: fr.elastic_net(X, Y, value),
    "tol": lambda value: fr.lasso(X, Y, 0.1, tol=value),
    "tol of a path": lambda value: fr.lasso_path(X, Y, tol=value),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
@pytest.mark.parametrize("option", NUMBERS)
def test_bad_numbers_are_refused(option, name):
    value, error, message = ONE_NUMBER[name]
    with pytest.raises(error, match=f"^{option.split()[0]} .*{message}"):
        NUMBERS[option](value)


NO_MAX = r"an integer >= 1 is needed\.$"
OPTIONS = [
    ({"l1_ratio": -0.1}, ValueError, r"^l1_ratio is -0\.1; a number from 0 to 1 is needed\.$"),
    ({"l1_ratio": 1.5}, ValueError, r"^l1_ratio is 1\.5; a number from 0 to 1 is needed\.$"),
    ({"l1_ratio": np.nan}, ValueError, r"^l1_ratio is nan; a number from 0 to 1 is needed\.$"),
    ({"l1_ratio": [0.5]}, TypeError, r"^l1_ratio is \[0\.5\] \(list\); a single real number is needed\.$"),
    ({"fit_intercept": 1}, TypeError, r"^fit_intercept is 1 \(int\); True or False is needed\.$"),
    ({"fit_intercept": None}, TypeError, r"^fit_intercept is None \(NoneType\); True or False is needed\.$"),
    ({"max_iter": 0}, ValueError, r"^max_iter is 0; " + NO_MAX),
    ({"max_iter": -3}, ValueError, r"^max_iter is -3; " + NO_MAX),
    ({"max_iter": 1e4}, TypeError, r"^max_iter is 10000\.0 \(float\); " + NO_MAX),
    ({"max_iter": True}, TypeError, r"^max_iter is True.*; " + NO_MAX),
    ({"max_iter": "9"}, TypeError, r"^max_iter is '9' \(str\); " + NO_MAX),
    (
        {"warm_start": np.zeros(3)},
        ValueError,
        r"^warm_start has coefficients of shape \(3,\); \(4,\) is needed, as X has 4 columns\.$",
    ),
    ({"warm_start": np.zeros((4, 1))}, ValueError, r"^warm_start has coefficients of shape \(4, 1\)"),
    ({"warm_start": [0.0, 0.0, np.nan, 0.0]}, ValueError, r"^warm_start holds nan at row 2; finite numbers are needed\.$"),
    ({"warm_start": "best"}, TypeError, r"^warm_start has dtype <U4; real numbers are needed\.$"),
    ({"warm_start": fr.lasso(X[:, :2], Y, 0.1)}, ValueError, r"^warm_start has coefficients of shape \(2,\)"),
    ({"warm_start": fr.lasso_path(X[:, :2], Y, alphas=3)}, ValueError, r"^warm_start has coefficients of shape \(2,\)"),
]


@pytest.mark.parametrize("fit", [FITS["elastic_net"], FITS["elastic_net_path"]], ids=["elastic_net", "elastic_net_path"])
@pytest.mark.parametrize(("options", "error", "message"), OPTIONS)
def test_bad_options_are_refused(fit, options, error, message):
    with pytest.raises(error, match=message):
        fit(X, Y, **options)


NO_GRID = r"; an integer >= 1 or a 1-d array"
GRIDS = [
    ({"alphas": 0}, ValueError, r"^alphas is 0; an integer >= 1 is needed\.$"),
    ({"alphas": True}, TypeError, r"^alphas is True" + NO_GRID),
    ({"alphas": "100"}, TypeError, r"^alphas is '100'" + NO_GRID),
    ({"alphas": 0.5}, ValueError, r"^alphas has shape \(\)" + NO_GRID),
    (
        {"alphas": []},
        ValueError,
        r"^alphas has shape \(0,\); an integer >= 1 or a 1-d array with at least one entry is needed\.$",
    ),
    ({"alphas": [[1.0]]}, ValueError, r"^alphas has shape \(1, 1\)" + NO_GRID),
    ({"alphas": [1.0, -1.0]}, ValueError, r"^alphas holds -1\.0 at position 1; finite numbers >= 0 are needed\.$"),
    ({"alphas": [np.nan, 1.0]}, ValueError, r"^alphas holds nan at position 0; "),
    ({"alphas": [1.0, np.inf]}, ValueError, r"^alphas holds inf at position 1; "),
    ({"alphas": [1j]}, TypeError, r"^alphas is complex \(complex128\); real numbers are needed\.$"),
    ({"alphas": ["a"]}, TypeError, r"^alphas has dtype <U1; real numbers are needed\.$"),
    ({"alpha_min_ratio": 0.0}, ValueError, r"^alpha_min_ratio is 0\.0; a number "),
    ({"alpha_min_ratio": 1.5}, ValueError, r"^alpha_min_ratio is 1\.5; a number "),
    ({"alpha_min_ratio": "0.1"}, TypeError, r"^alpha_min_ratio is '0\.1' \(str\); a single real number is needed\.$"),
    ({"l1_ratio": 0.0}, ValueError, r"^l1_ratio is 0, for which no alpha gives all zeros; give alphas as an array\.$"),
]


@pytest.mark.parametrize(("options", "error", "message"), GRIDS)
def test_bad_grids_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        fr.elastic_net_path(X, Y, **options)


def test_no_alpha_max_without_an_l1_penalty():
    with pytest.raises(ValueError, match=r"^l1_ratio is 0, for which no alpha gives all zeros"):
        fr.alpha_max(X, Y, l1_ratio=0)


@pytest.mark.parametrize("bad", [X[:, :3], X[:, 0], X[None]], ids=["fewer columns", "1-d", "3-d"])
def test_predictions_need_the_columns_of_the_fit(bad):
    for result in (fr.lasso(X, Y, 0.1), fr.lasso_path(X, Y, alphas=3), fr.ridge(X, np.column_stack([Y, Y]), 0.1)):
        with pytest.raises(ValueError, match=r"^X has shape \(.*\); \(n, 4\) is needed, as in the fit\.$"):
            result.predict(bad)


# Data that is taken

FORMS = {
    "list": lambda a: a.tolist(),
    "tuple of lists": lambda a: tuple(a.tolist()),
    "objects": lambda a: a.astype(object),
    "fractions": lambda a: np.vectorize(Fraction, otypes=[object])(a),
    "big-endian": lambda a: a.astype(">f8"),
    "little-endian": lambda a: a.astype("<f8"),
    "long double": lambda a: a.astype(np.longdouble),
    "unaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(np.float64).reshape(a.shape),
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    "odd strides": lambda a: np.array([(0, v) for v in a.ravel()], "i4,f8")["f1"].reshape(a.shape),
    "masked, nothing masked": lambda a: masked(a, [False] * len(a)),
    "array interface": lambda a: types.SimpleNamespace(__array_interface__=a.__array_interface__, owner=a),
    "ndarray subclass": lambda a: a.view(type("Sub", (np.ndarray,), {})),
}


@every_fit
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_answer_and_is_left_as_it_was(fit, form):
    x, y = FORMS[form](X), FORMS[form](Y)
    before = np.array(x).tobytes(), np.array(y).tobytes()
    np.testing.assert_allclose(answer(fit(x, y)), answer(fit(X, Y)), rtol=1e-12)
    assert (np.array(x).tobytes(), np.array(y).tobytes()) == before


@every_fit
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "i8", "u8", "f2", "?"])
def test_every_real_dtype_is_read_as_its_numbers(fit, dtype):
    x, y = (np.abs(3 * a).astype(dtype) for a in (X, Y))
    np.testing.assert_array_equal(answer(fit(x, y)), answer(fit(x.astype(float), y.astype(float))))


@every_fit
def test_a_numpy_matrix_is_a_matrix(fit):
    np.testing.assert_array_equal(answer(fit(np.asmatrix(X), Y)), answer(fit(np.ascontiguousarray(X), Y)))


def test_numbers_of_any_real_kind_are_taken():
    expected = fr.lasso(X, Y, 0.5).coef
    for alpha in (np.float32(0.5), Fraction(1, 2), np.array(0.5), np.float64(0.5)):
        np.testing.assert_array_equal(fr.lasso(X, Y, alpha, max_iter=np.int64(100), fit_intercept=np.True_).coef, expected)
    assert fr.lasso(X, Y, 1).alpha == 1.0
    assert len(fr.lasso_path(X, Y, alphas=np.int32(3))) == 3


@every_fit
def test_the_answer_keeps_nothing_of_the_data(fit):
    x, y = X.copy(), Y.copy()
    found = answer(fit(x, y)).copy()
    assert not np.may_share_memory(found, x)
    x[:], y[:] = 0.0, 0.0
    np.testing.assert_array_equal(answer(fit(X, Y)), found)
