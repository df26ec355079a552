"""The checks of weights, factors, bounds, offsets and coefficients: what they refuse, in which words, and what they return."""

import numpy as np
import pytest
from scipy import sparse
from test_input import changed, refusal

import fastreg as fr
from fastreg import _input, _options

N, P = 6, 4
ROWS, COLUMNS = np.ones(N), np.ones(P)

REFUSED = {
    "weights, short": (
        _options.sample_weights,
        (ROWS[1:], N),
        ValueError,
        "sample_weight has shape (5,); (6,) is needed, one *.",
    ),
    "weights, scalar": (
        _options.sample_weights,
        (1.0, N),
        ValueError,
        "sample_weight has shape (); (6,) is needed, one entry per row*",
    ),
    "weights, negative": (
        *(_options.sample_weights, (changed(ROWS, 2, -1.0), N), ValueError),
        "sample_weight holds -1.0 at row 2; finite numbers >= 0 are needed.",
    ),
    "weights, NaN": (_options.sample_weights, (changed(ROWS, 5, np.nan), N), ValueError, "sample_weight holds NaN at row 5; *"),
    "weights, inf": (_options.sample_weights, (changed(ROWS, 0, np.inf), N), ValueError, "sample_weight holds inf at row 0; *"),
    "weights, zero": (
        *(_options.sample_weights, (0 * ROWS, N), ValueError),
        "sample_weight is zero in every row; at least one weight > 0 is needed.",
    ),
    "weights, text": (
        _options.sample_weights,
        (N * ["a"], N),
        TypeError,
        "sample_weight has dtype <U1; real numbers are needed.",
    ),
    "weights, sparse": (
        _options.sample_weights,
        (sparse.csr_array(ROWS), N),
        TypeError,
        "sample_weight is a sparse csr_array; *",
    ),
    "factors, short": (
        *(_options.penalty_factors, (COLUMNS[1:], P), ValueError),
        "penalty_factor has shape (3,); (4,) is needed, one entry per column of X.",
    ),
    "factors, three": (
        _options.penalty_factors,
        (3 * [COLUMNS], P),
        ValueError,
        "penalty_factor has shape (3, 4); (4,) is needed*",
    ),
    "factors, negative": (
        *(_options.penalty_factors, (changed(COLUMNS, 1, -2.0), P), ValueError),
        "penalty_factor holds -2.0 at column 1; numbers >= 0 are needed (inf excludes the column).",
    ),
    "factors, NaN in a pair": (
        *(_options.penalty_factors, ((COLUMNS, changed(COLUMNS, 3, np.nan)), P), ValueError),
        "penalty_factor[1] holds NaN at column 3; *",
    ),
    "factors, complex": (_options.penalty_factors, (1j * COLUMNS, P), TypeError, "penalty_factor is complex (complex128); *"),
    "lower, short": (
        *(_options.bounds, (COLUMNS[1:], None, False, P), ValueError),
        "lower has shape (3,); a number or shape (4,) is needed, one bound per column of X.",
    ),
    "upper, NaN": (
        _options.bounds,
        (None, np.nan, False, P),
        ValueError,
        "upper holds NaN at column 0; a number, -inf or inf *",
    ),
    "bounds, crossed": (
        *(_options.bounds, (1, changed(COLUMNS, 2, 0.5), False, P), ValueError),
        "lower is 1 and upper is 0.5 at column 2; lower <= upper is needed, with a finite number between.",
    ),
    "bounds, positive": (
        *(_options.bounds, (None, -1, True, P), ValueError),
        "lower is 0 and upper is -1 at column 0; lower <= upper is needed, and positive=True means lower >= 0*.",
    ),
    "bounds, at infinity": (
        _options.bounds,
        (np.inf, None, False, P),
        ValueError,
        "lower is inf and upper is inf at column 0; *",
    ),
    "upper, text": (_options.bounds, (None, "1", False, P), TypeError, "upper has dtype <U1; real numbers are needed."),
    "positive, int": (_options.bounds, (None, None, 1, P), TypeError, "positive is 1 (int); True or False is needed."),
    "offset, short": (
        _options.offsets,
        (ROWS[1:], N),
        ValueError,
        "offset has shape (5,); (6,) is needed, one entry per row of X.",
    ),
    "offset, inf": (
        _options.offsets,
        (changed(ROWS, 4, -np.inf), N),
        ValueError,
        "offset holds -inf at row 4; finite numbers *.",
    ),
    "coef, long": (
        _options.coefficients,
        (np.ones(5), P),
        ValueError,
        "coef has shape (5,); (4,) is needed, one entry per column of X.",
    ),
    "coef, NaN": (_options.coefficients, (changed(COLUMNS, 1, np.nan), P), ValueError, "coef holds NaN at column 1; finite *."),
    "coef, None": (_options.coefficients, (None, P), TypeError, "coef holds objects that are not real numbers (*)."),
    "X, NaN sparse": (
        *(_input.design, (sparse.csr_array(changed(np.eye(4), (2, 3), np.nan)),), ValueError),
        "X holds NaN at row 2, column 3; finite numbers are needed.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_options_are_refused(name):
    check, arguments, error, message = REFUSED[name]
    with refusal(error, message):
        check(*arguments)


CERTIFY = [
    ({"sample_weight": 0 * ROWS}, ValueError, "sample_weight is zero in every row; *"),
    ({"penalty_factor": -COLUMNS}, ValueError, "penalty_factor holds -1.0 at column 0; *"),
    ({"lower": 1.0, "upper": 0.0}, ValueError, "lower is 1 and upper is 0 at column 0; *"),
    ({"positive": None}, TypeError, "positive is None (NoneType); True or False is needed."),
    ({"standardize": 1}, TypeError, "standardize is 1 (int); True or False is needed."),
    ({"offset": [1.0]}, ValueError, "offset has shape (1,); *"),
    ({"intercept": np.nan}, ValueError, "intercept is nan; *"),
    ({"intercept": "0"}, TypeError, "intercept is '0' (str); a single real number is needed."),
    ({"coef": changed(COLUMNS, 3, np.inf)}, ValueError, "coef holds inf at column 3; *"),
    ({"alpha": -1.0}, ValueError, "alpha is -1.0; a finite number >= 0 is needed."),
    ({"l1_ratio": 2}, ValueError, "l1_ratio is 2; a number from 0 to 1 is needed."),
    ({"X": changed(np.ones((N, P)), (1, 2), np.nan)}, ValueError, "X holds NaN at row 1, column 2; *"),
    ({"y": changed(ROWS, 1, np.nan)}, ValueError, "y holds NaN at row 1; *"),
]


@pytest.mark.parametrize(("options", "error", "message"), CERTIFY)
def test_certify_refuses_in_the_same_words(options, error, message):
    with refusal(error, message):
        fr.certify(**({"X": np.ones((N, P)), "y": ROWS, "coef": COLUMNS, "alpha": 0.1} | options))


# What is taken


@pytest.mark.parametrize("scale", [1, 1e-300, 1e300, 5e-324])
def test_weights_of_any_scale_sum_to_n(scale):
    s = _options.sample_weights(np.array([1.0, 0.0, 2.0, 3.0, 1.0, 1.0]) * scale, N)
    np.testing.assert_allclose(s, np.array([1.0, 0.0, 2.0, 3.0, 1.0, 1.0]) * 6 / 8, rtol=1e-15)


def test_weights_of_other_types():
    for value in (np.ones(N, bool), np.ones(N, np.int8), N * [7], np.full(N, 3, np.float32)):
        s = _options.sample_weights(value, N)
        assert s.dtype == np.float64
        np.testing.assert_array_equal(s, ROWS)


def test_nothing_given_is_none():
    assert _options.sample_weights(None, N) is None
    assert _options.penalty_factors(None, P) is None
    assert _options.offsets(None, N) is None
    assert _options.bounds(None, None, False, P) is None
    assert _options.bounds(-np.inf, np.full(P, np.inf), False, P) is None


def test_one_factor_stands_for_both_and_a_pair_for_each():
    v, u = _options.penalty_factors([0, 1, np.inf, 2], P)
    np.testing.assert_array_equal(v, [0, 1, np.inf, 2])
    np.testing.assert_array_equal(u, v)
    v, u = _options.penalty_factors((COLUMNS, [0, 1, 2, 3]), P)
    np.testing.assert_array_equal(v, COLUMNS)
    np.testing.assert_array_equal(u, [0, 1, 2, 3])
    v, u = _options.penalty_factors((1, 2), 2)
    np.testing.assert_array_equal([v, u], [[1, 2], [1, 2]])


def test_bounds_are_spread_and_raised():
    low, high = _options.bounds(-1, [1, 2, 3, np.inf], True, P)
    np.testing.assert_array_equal(low, np.zeros(P))
    np.testing.assert_array_equal(high, [1, 2, 3, np.inf])
    assert low.dtype == high.dtype == np.float64
