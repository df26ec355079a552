"""What is refused, with which words, and what is taken in any form and left as it was."""

import re
import types
from fractions import Fraction

import numpy as np
import pytest
from conftest import problem
from scipy import sparse

import fastreg as fr

X, Y = problem(12, 4)
X.flags.writeable = Y.flags.writeable = False


def refusal(error, message):
    """The exception with exactly this message, in which * stands for anything."""
    return pytest.raises(error, match="^" + re.escape(message).replace(r"\*", ".*") + "$")


def changed(array, at, value, **layout):
    """A copy of array with one entry changed."""
    copy = np.array(array, **layout)
    copy[at] = value
    return copy


def masked(array, *rows):
    """array, with some rows masked."""
    return np.ma.masked_array(array, mask=changed(np.zeros(array.shape, bool), list(rows), True))


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
    "1-d": (X[:, 0], ValueError, "X has 1 dimension (shape (12,)); a 2-d array (rows, columns) is needed."),
    "3-d": (X[None], ValueError, "X has 3 dimensions (shape (1, 12, 4)); *"),
    "0-d": (3.0, ValueError, "X has 0 dimensions (shape ()); *"),
    "no rows": (X[:0], ValueError, "X is empty (shape (0, 4)); at least one row and one column are needed."),
    "no columns": (X[:, :0], ValueError, "X is empty (shape (12, 0)); *"),
    "fewer rows": (X[:5], ValueError, "X has 5 rows but y has 12 entries."),
    "NaN": (changed(X, (3, 2), np.nan, order="F"), ValueError, "X holds NaN at row 3, column 2; finite numbers are needed."),
    "NaN, C": (changed(X, (3, 2), np.nan, order="C"), ValueError, "X holds NaN at row 3, column 2; *"),
    "NaN, float32": (changed(X, (3, 2), np.nan, dtype="f4"), ValueError, "X holds NaN at row 3, column 2; *"),
    "two NaN": (changed(X, ([7, 5], [0, 3]), np.nan), ValueError, "X holds NaN at row 5, column 3; *"),
    "inf": (changed(X, (11, 3), np.inf, order="F"), ValueError, "X holds inf at row 11, column 3; *"),
    "-inf": (changed(X, (0, 0), -np.inf, order="C"), ValueError, "X holds -inf at row 0, column 0; *"),
    "inf, float32": (changed(X, (0, 0), np.inf, dtype="f4"), ValueError, "X holds inf at row 0, column 0; *"),
    "inf, strided": (changed(X, (4, 2), np.inf)[:, ::2], ValueError, "X holds inf at row 4, column 1; *"),
    "missing object": (changed(X, (1, 1), None, dtype=object), ValueError, "X holds NaN at row 1, column 1; *"),
    "complex": (X + 0j, TypeError, "X is complex (complex128); real numbers are needed."),
    "strings": (X.astype(str), TypeError, "X has dtype <U*; real numbers are needed."),
    "dates": (X.astype("M8[s]"), TypeError, "X has dtype datetime64[s]; real numbers are needed."),
    "durations": (X.astype("m8[s]"), TypeError, "X has dtype timedelta64[s]; real numbers are needed."),
    "fields": (np.zeros((12, 4), "f8,f8"), TypeError, "X has dtype *; real numbers are needed."),
    "objects": (changed(X, (0, 0), "a", dtype=object), TypeError, "X holds objects that are not real numbers (*)."),
    "complex object": (changed(X, (0, 0), 1j, dtype=object), TypeError, "X holds objects that are not real numbers (*)."),
    "ragged": ([[1.0], [1.0, 2.0]], TypeError, "X is a list that numpy cannot turn into an array (*)."),
    "masked": (masked(X, 0), ValueError, "X is a masked array with masked entries; fill or drop them first."),
    "dask": (
        Chunked(),
        TypeError,
        "X is a dask Array, which would be computed whole; pass X.compute() to agree, or see fastreg.distributed.",
    ),
    "dict": ({"a": 1}, TypeError, "X holds objects that are not real numbers (*)."),
}
BAD_Y = {
    "longer": (np.zeros(13), ValueError, "X has 12 rows but y has 13 entries."),
    "empty": (np.zeros(0), ValueError, "X has 12 rows but y has 0 entries."),
    "NaN": (changed(Y, 4, np.nan), ValueError, "y holds NaN at row 4; finite numbers are needed."),
    "inf": (changed(Y, 4, np.inf), ValueError, "y holds inf at row 4; *"),
    "-inf, float32": (changed(Y, 11, -np.inf, dtype="f4"), ValueError, "y holds -inf at row 11; *"),
    "complex": (Y + 0j, TypeError, "y is complex (complex128); *"),
    "strings": (12 * ["a"], TypeError, "y has dtype <U1; real numbers are needed."),
    "dates": (np.zeros(12, "M8[D]"), TypeError, "y has dtype datetime64[D]; *"),
    "objects": ([object()] * 12, TypeError, "y holds objects that are not real numbers (*)."),
    "masked": (masked(Y, 11), ValueError, "y is a masked array with masked entries; *"),
    "sparse": (sparse.csr_matrix(Y), TypeError, "y is a sparse csr_matrix; *"),
}


@every_fit
@pytest.mark.parametrize("name", BAD_X)
def test_bad_X_is_refused(fit, name):
    bad, *expected = BAD_X[name]
    with refusal(*expected):
        fit(bad, Y[:0] if name == "no rows" else Y)


@every_fit
@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y_is_refused(fit, name):
    bad, *expected = BAD_Y[name]
    with refusal(*expected):
        fit(X, bad)


@pytest.mark.parametrize(("y", "end"), [(Y[:, None], "; pass y.ravel()."), (np.zeros((12, 2)), "."), (1, ".")])
def test_y_of_alpha_max_is_one_dimensional(y, end):
    with refusal(ValueError, "y has shape (*); a 1-d array of 12 entries is needed" + end):
        fr.alpha_max(X, y)


@pytest.mark.parametrize("fit", [FITS[name] for name in FITS if name != "alpha_max"])
@pytest.mark.parametrize("y", [np.zeros((12, 0)), np.zeros((12, 1, 1)), 1.0])
def test_y_has_one_or_two_dimensions(fit, y):
    with refusal(ValueError, "y has shape (*); (12,) or (12, t) with t >= 1 targets is needed."):
        fit(X, y)


def test_not_finite_in_one_of_many_targets_is_named():
    with refusal(ValueError, "y holds NaN at row 4, column 2; finite numbers are needed."):
        fr.ridge(X, changed(np.ones((12, 3)), (4, 2), np.nan), 0.1)


@every_fit
def test_entries_whose_sums_overflow_are_scaled_or_refused(fit):
    try:
        assert np.isfinite(answer(fit(np.column_stack([X, np.full(12, 1.7e308)]), Y))).all()
    except ValueError as error:
        assert str(error) == "X has entries too large to add up in float64; divide X by a constant."  # noqa: PT017


# Options that are refused

NUMBERS = {
    "negative": (-0.1, ValueError, "is -0.1; a finite number >= 0 is needed."),
    "NaN": (np.nan, ValueError, "is nan; a finite number >= 0 is needed."),
    "inf": (np.inf, ValueError, "is inf; a finite number >= 0 is needed."),
    "bool": (True, TypeError, "is True (bool); a single real number is needed."),
    "numpy bool": (np.True_, TypeError, "is np.True_ (bool); a single real number is needed."),
    "string": ("0.1", TypeError, "is '0.1' (str); a single real number is needed."),
    "bytes": (b"1", TypeError, "is b'1' (bytes); a single real number is needed."),
    "None": (None, TypeError, "is None (NoneType); a single real number is needed."),
    "list": ([0.1], TypeError, "is [0.1] (list); a single real number is needed."),
    "array": (np.array([0.1]), TypeError, "is * (ndarray); a single real number is needed."),
    "complex": (0.1j, TypeError, "is 0.1j (complex); a single real number is needed."),
    "numpy complex": (np.complex64(1), TypeError, "is * (complex64); a single real number is needed."),
}
TAKERS = {
    "alpha of lasso": lambda value: fr.lasso(X, Y, value),
    "alpha of elastic_net": lambda value: fr.elastic_net(X, Y, value),
    "alpha of ridge": lambda value: fr.ridge(X, Y, value),
    "tol of lasso": lambda value: fr.lasso(X, Y, 0.1, tol=value),
    "tol of lasso_path": lambda value: fr.lasso_path(X, Y, tol=value),
    "alpha of predict": lambda value: fr.lasso_path(X, Y).predict(X, value),
    "step of mcp": lambda value: fr.prox.mcp(X, 0.1, 3.0, step=value),
}


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("option", TAKERS)
def test_bad_numbers_are_refused(option, name):
    value, error, message = NUMBERS[name]
    if option == "alpha of predict" and value is None:
        value, error, message = 1e9, ValueError, "is 1e+09; the path has alphas from * to *."
    with refusal(error, f"{option.split()[0]} {message}"):
        TAKERS[option](value)


SHORT = "warm_start has coefficients of shape (*); (4,) is needed, as X has 4 columns."
OPTIONS = [
    ({"l1_ratio": -0.1}, ValueError, "l1_ratio is -0.1; a number from 0 to 1 is needed."),
    ({"l1_ratio": 1.5}, ValueError, "l1_ratio is 1.5; a number from 0 to 1 is needed."),
    ({"l1_ratio": np.nan}, ValueError, "l1_ratio is nan; a number from 0 to 1 is needed."),
    ({"l1_ratio": [0.5]}, TypeError, "l1_ratio is [0.5] (list); a single real number is needed."),
    ({"fit_intercept": 1}, TypeError, "fit_intercept is 1 (int); True or False is needed."),
    ({"fit_intercept": None}, TypeError, "fit_intercept is None (NoneType); True or False is needed."),
    ({"max_iter": 0}, ValueError, "max_iter is 0; an integer >= 1 is needed."),
    ({"max_iter": 1e4}, TypeError, "max_iter is 10000.0 (float); an integer >= 1 is needed."),
    ({"max_iter": True}, TypeError, "max_iter is True*; an integer >= 1 is needed."),
    ({"max_iter": "9"}, TypeError, "max_iter is '9' (str); an integer >= 1 is needed."),
    ({"warm_start": np.zeros(3)}, ValueError, SHORT),
    ({"warm_start": np.zeros((4, 1))}, ValueError, SHORT),
    ({"warm_start": fr.lasso(X[:, :2], Y, 0.1)}, ValueError, SHORT),
    ({"warm_start": fr.lasso_path(X[:, :2], Y, alphas=3)}, ValueError, SHORT),
    ({"warm_start": [0.0, 0.0, np.nan, 0.0]}, ValueError, "warm_start holds NaN at *2; finite numbers are needed."),
    ({"warm_start": "best"}, TypeError, "warm_start has dtype <U4; real numbers are needed."),
]
GRID = "; an integer >= 1 or a 1-d array*"
GRIDS = [
    ({"alphas": 0}, ValueError, "alphas is 0; an integer >= 1 is needed."),
    ({"alphas": True}, TypeError, "alphas is True" + GRID),
    ({"alphas": "100"}, TypeError, "alphas is '100'" + GRID),
    ({"alphas": 0.5}, ValueError, "alphas has shape ()" + GRID),
    ({"alphas": []}, ValueError, "alphas has shape (0,)" + GRID),
    ({"alphas": [[1.0]]}, ValueError, "alphas has shape (1, 1)" + GRID),
    ({"alphas": [1.0, -1.0]}, ValueError, "alphas holds -1.0 at position 1; finite numbers >= 0 are needed."),
    ({"alphas": [np.nan, 1.0]}, ValueError, "alphas holds NaN at position 0; *"),
    ({"alphas": [1.0, np.inf]}, ValueError, "alphas holds inf at position 1; *"),
    ({"alphas": [1j]}, TypeError, "alphas is complex (complex128); real numbers are needed."),
    ({"alphas": ["a"]}, TypeError, "alphas has dtype <U1; real numbers are needed."),
    ({"alpha_min_ratio": 0.0}, ValueError, "alpha_min_ratio is 0.0; a number *"),
    ({"alpha_min_ratio": 1.5}, ValueError, "alpha_min_ratio is 1.5; a number *"),
    ({"alpha_min_ratio": "0.1"}, TypeError, "alpha_min_ratio is '0.1' (str); a single real number is needed."),
    ({"l1_ratio": 0}, ValueError, "l1_ratio is 0, for which no alpha gives all zeros; give alphas as an array."),
]


@pytest.mark.parametrize("fit", [FITS["elastic_net"], FITS["elastic_net_path"]], ids=["elastic_net", "elastic_net_path"])
@pytest.mark.parametrize(("options", "error", "message"), OPTIONS)
def test_bad_options_are_refused(fit, options, error, message):
    with refusal(error, message):
        fit(X, Y, **options)


@pytest.mark.parametrize(("options", "error", "message"), GRIDS)
def test_bad_grids_are_refused(options, error, message):
    with refusal(error, message):
        fr.elastic_net_path(X, Y, **options)


def test_no_alpha_max_without_an_l1_penalty():
    with refusal(ValueError, "l1_ratio is 0, for which no alpha gives all zeros*"):
        fr.alpha_max(X, Y, l1_ratio=0)


@pytest.mark.parametrize("bad", [X[:, :3], X[:, 0], X[None]], ids=["fewer columns", "1-d", "3-d"])
def test_predictions_need_the_columns_of_the_fit(bad):
    for result in (fr.lasso(X, Y, 0.1), fr.lasso_path(X, Y, alphas=3), fr.ridge(X, np.column_stack([Y, Y]), 0.1)):
        with refusal(ValueError, "X has shape (*); (n, 4) is needed, as in the fit."):
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
    "masked, nothing masked": lambda a: masked(a),
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
    np.testing.assert_array_equal(answer(fit(X.view(np.matrix), Y)), answer(fit(X, Y)))


def test_numbers_of_any_real_kind_are_taken():
    expected = fr.lasso(X, Y, 0.5).coef
    for alpha in (np.float32(0.5), Fraction(1, 2), np.array(0.5), np.float64(0.5)):
        np.testing.assert_array_equal(fr.lasso(X, Y, alpha, max_iter=np.int64(100), fit_intercept=np.True_).coef, expected)
    assert fr.lasso(X, Y, 1).alpha == 1.0
    assert len(fr.lasso_path(X, Y, alphas=np.int32(3))) == 3


@every_fit
def test_the_answer_keeps_nothing_of_the_data(fit):
    x, y = X.copy("K"), Y.copy()
    found = answer(fit(x, y)).copy()
    assert not np.may_share_memory(found, x)
    x[:], y[:] = 0.0, 0.0
    np.testing.assert_array_equal(answer(fit(X, Y)), found)
