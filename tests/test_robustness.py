"""Nasty input, as a table: each case ends in a certified answer or in a clear sentence, through every kind of fit.

Never a crash, a hang, a NaN, a warning, a false "converged" or a changed input.  The first half of this file is the
table, ACCEPTED, WRONG_X and WRONG_OPTION; after it stand faults found in other packages.
"""

import time
import warnings

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import problem, strided
from scipy import sparse

import fastreg as fr

EPS = ref.EPS
X, Y = problem(40, 6, correlation=0.5)
N, P = X.shape
WIDE, Y_WIDE = problem(12, 30, seed=1)
THIN = np.asfortranarray(np.where(np.random.default_rng(2).random((N, P)) < 0.4, X, 0.0))
SIGN = np.where(np.arange(N) % 2 == 0, 1.0, -1.0)
SCALES = (1e150, 1e200, 1e-170)
# alphas beyond those of the data
ENDS = (0.0, 1e-300, 1e300)


def with_columns(**columns):
    """X with columns c0, c1, ... replaced."""
    A = X.copy(order="F")
    for name, column in columns.items():
        A[:, int(name[1:])] = column
    return A


def with_entry(a, at, value):
    a = np.array(a)
    a[at] = value
    return a


def misaligned(A):
    raw = np.empty(A.nbytes + 1, np.uint8)
    B = raw[1:].view(A.dtype).reshape(A.shape, order="F")
    B[...] = A
    return B


def frozen(A):
    """A, not writeable."""
    for a in (A.data, A.indices, A.indptr) if sparse.issparse(A) else (A,):
        a.flags.writeable = False
    return A


def mapped(A):
    """A as a file that is mapped into memory."""
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115  (it must outlive this function, and ends with the map)
    B = np.memmap(file, A.dtype, "w+", shape=A.shape, order="F")
    B[...] = A
    B.flags.writeable = False
    return B


def compressed(form="csc", places=np.int32, entries=np.float64, A=THIN):
    B = getattr(sparse, f"{form}_array")(A.astype(entries))
    B.indices, B.indptr = B.indices.astype(places), B.indptr.astype(places)
    return B


def edited(data=None, indices=None, indptr=None, form="csc"):
    """A compressed THIN with an attribute replaced by a function of it; scipy checks none when it is set."""
    B = compressed(form)
    for name, change in {"data": data, "indices": indices, "indptr": indptr}.items():
        if change is not None:
            setattr(B, name, change(getattr(B, name).copy()))
    return B


def shuffled():
    """Rows within a column in falling order."""
    B = compressed()
    for j in range(P):
        part = slice(B.indptr[j], B.indptr[j + 1])
        B.data[part], B.indices[part] = B.data[part][::-1].copy(), B.indices[part][::-1].copy()
    B.has_sorted_indices = False
    return B


def halves():
    """Every entry twice, at half its value."""
    B = compressed()
    return sparse.csc_array((np.repeat(B.data / 2, 2), np.repeat(B.indices, 2), 2 * B.indptr), B.shape)


def zeros_stored():
    B = compressed()
    B.data[::3] = 0.0
    return B


def block(rank, p):
    """p columns of exact rank: small whole numbers, so that no product rounds."""
    rng = np.random.default_rng(3)
    return (rng.integers(-3, 4, (N, rank)) @ rng.integers(-3, 4, (rank, p))).astype(float)


# Name: X, y and options of what is to be fitted; X may be a function that makes it
ACCEPTED = {
    # layouts
    "column by column": (X, Y, {}),
    "row by row": (np.ascontiguousarray(X), Y, {}),
    "every second entry": (strided(X, float), Y, {}),
    "reversed": (X[::-1, ::-1], Y[::-1], {}),
    "transposed": (np.array(X.T).T, Y, {}),
    "misaligned": (misaligned(X), Y, {}),
    "misaligned y": (X, misaligned(Y), {}),
    "byte-swapped": (X.astype(">f8"), Y.astype(">f8"), {}),
    "byte-swapped float32": (X.astype(">f4"), Y, {}),
    "read-only": (frozen(X.copy(order="F")), frozen(Y.copy()), {}),
    "memory-mapped": (lambda: mapped(X), Y, {}),
    "one row repeated by a stride of 0": (np.broadcast_to(X[0], X.shape), Y, {}),
    "one column repeated by a stride of 0": (np.broadcast_to(X[:, :1], X.shape), Y, {}),
    "lists": (X.tolist(), Y.tolist(), {}),
    "tall": (*problem(400, 5), {}),
    "wide": (WIDE, Y_WIDE, {}),
    "csc int32": (compressed(), Y, {}),
    "csc int64": (compressed(places=np.int64), Y, {}),
    "csr int32": (compressed("csr"), Y, {}),
    "csr int64": (compressed("csr", np.int64), Y, {}),
    "csc float32": (compressed(entries=np.float32), Y, {}),
    "csr float32 int64": (compressed("csr", np.int64, np.float32), Y, {}),
    "csc read-only": (frozen(compressed()), Y, {}),
    "coo": (compressed().tocoo(), Y, {}),
    "lil": (compressed().tolil(), Y, {}),
    "csc without a zero": (compressed(A=X), Y, {}),
    # dtypes
    "float32": (X.astype("f4"), Y, {}),
    "float32 y": (X, Y.astype("f4"), {}),
    "float16": (X.astype("f2"), Y, {}),
    "long double": (X.astype("g"), Y, {}),
    "int8": (np.round(10 * X).astype("i1"), Y, {}),
    "int64": (np.round(1000 * X).astype("i8"), Y, {}),
    "uint8": (np.abs(np.round(10 * X)).astype("u1"), Y, {}),
    "bool": (X > 0, Y > 0, {}),
    "objects that are numbers": (X.astype(object), Y, {}),
    # values
    **{f"X times {s:g}": (X * s, Y, {}) for s in SCALES},
    **{f"X times {s:g}, sparse": (lambda s=s: compressed(A=THIN * s), Y, {}) for s in SCALES},
    **{f"y times {s:g}": (X, Y * s, {}) for s in SCALES},
    "X and y times 1e150": (X * 1e150, Y * 1e150, {}),
    "X and y times 1e200": (X * 1e200, Y * 1e200, {"alpha": 1e300}),  # alpha_max is beyond float64
    "X and y times 1e-170": (X * 1e-170, Y * 1e-170, {"alpha": 0.0}),  # alpha_max is below it
    "X times 1e30 in float32": ((X * 1e30).astype("f4"), Y, {}),
    "X times 1e-30 in float32": ((X * 1e-30).astype("f4"), Y, {}),
    "y of subnormal numbers": (X, Y * 1e-310, {}),
    "subnormal numbers beside others": (with_entry(with_entry(X, (0, 0), 5e-324), (1, 1), -1e-310), Y, {}),
    "a column near 1e-150": (with_columns(c2=1e-150 * X[:, 2]), Y, {}),
    "minus zero": (with_columns(c0=-0.0), Y, {}),
    "columns + 1e6": (X + 1e6, Y, {}),
    "columns + 1e8": (X + 1e8, Y, {}),
    "columns + 1e6, row by row": (np.ascontiguousarray(X + 1e6), Y, {}),
    "columns + 1e4 in float32": ((X + 1e4).astype("f4"), Y, {}),
    "columns + 1e6, wide": (WIDE + 1e6, Y_WIDE, {}),
    "y + 1e8": (X, Y + 1e8, {}),
    "columns scaled from 1e-6 to 1e6": (X * np.geomspace(1e-6, 1e6, P), Y, {}),
    "the same, standardised": (X * np.geomspace(1e-6, 1e6, P), Y, {"standardize": True}),
    "the same, wide and standardised": (WIDE * np.geomspace(1e-6, 1e6, 30), Y_WIDE, {"standardize": True}),
    **{f"X times {s:g}, standardised": (X * s, Y, {"standardize": True}) for s in SCALES},
    "an outlier": (with_entry(X, (3, 1), 1e6), with_entry(Y, 5, -1e6), {}),
    # structure
    "a zero column": (with_columns(c1=0.0), Y, {}),
    "a constant column": (with_columns(c1=3.7), Y, {}),
    "a constant column, no intercept": (with_columns(c1=3.7), Y, {"fit_intercept": False}),
    "a constant column, standardised": (with_columns(c1=0.1), Y, {"standardize": True}),
    "a constant column, weighted": (with_columns(c1=0.1), Y, {"sample_weight": np.arange(N)}),
    "a constant column, sparse": (compressed(A=with_columns(c1=0.1)), Y, {}),
    "a constant column, sparse and standardised": (compressed(A=with_columns(c1=0.1)), Y, {"standardize": True}),
    "the same, weighted": (
        *(compressed(A=with_columns(c1=0.1)), Y),
        {"standardize": True, "sample_weight": 0.1 + np.random.default_rng(4).random(N)},
    ),
    "a constant column on the rows of positive weight, sparse": (
        *(compressed(A=with_columns(c1=np.arange(N) % 2 * 0.1)), Y),
        {"standardize": True, "sample_weight": np.arange(N) % 2 * 0.1},
    ),
    "a duplicated column": (with_columns(c1=X[:, 0]), Y, {}),
    "a column and its opposite": (with_columns(c1=-X[:, 0]), Y, {}),
    "all columns the same": (np.repeat(X[:, :1], P, axis=1), Y, {}),
    "all columns twice, wide": (np.hstack([WIDE, WIDE]), Y_WIDE, {}),
    "a collinear block of rank 2": (block(2, 8), Y, {}),
    "a collinear block of rank 3, wide": (block(3, 60), Y, {}),
    "a sum of columns": (
        with_columns(c5=np.round(X[:, 0]) + np.round(X[:, 1]), c0=np.round(X[:, 0]), c1=np.round(X[:, 1])),
        Y,
        {},
    ),
    "orthogonal columns": (np.linalg.qr(X)[0], Y, {}),
    "one row": (X[:1], Y[:1], {}),
    "one row, no intercept": (X[:1], Y[:1], {"fit_intercept": False}),
    "one column": (X[:, :1], Y, {}),
    "one entry": (X[:1, :1], Y[:1], {}),
    "one entry, no intercept": (X[:1, :1], Y[:1], {"fit_intercept": False}),
    "two rows": (X[:2], Y[:2], {}),
    "two rows, no intercept": (X[:2], Y[:2], {"fit_intercept": False}),
    "as many rows as columns": (X[:P], Y[:P], {}),
    "constant y": (X, np.full(N, 3.3), {}),
    "constant y, no intercept": (X, np.full(N, 3.3), {"fit_intercept": False}),
    "y = 0": (X, np.zeros(N), {}),
    "X = 0": (np.zeros((N, P)), Y, {}),
    "X = 0 and y = 0": (np.zeros((N, P)), np.zeros(N), {}),
    "X constant": (np.full((N, P), 0.1), Y, {}),
    "y in the span of X": (X, X @ np.arange(P), {}),
    "y orthogonal to X": (np.vstack([X, -X]), np.ones(2 * N), {"fit_intercept": False}),
    "nothing stored": (sparse.csc_array((N, P)), Y, {}),
    "empty columns": (compressed(A=np.where(np.arange(P) % 2, THIN, 0)), Y, {}),
    "one entry stored": (sparse.csc_array(([2.0], ([3], [1])), (N, P)), Y, {}),
    # alphas
    **{f"alpha {a:g}": (X, Y, {"alpha": a}) for a in (*ENDS, 1e3)},
    **{f"alpha {a:g}, sparse": (compressed(), Y, {"alpha": a}) for a in ENDS},
    "alpha 0, wide": (WIDE, Y_WIDE, {"alpha": 0.0}),
    "alpha 0, duplicated columns": (np.hstack([X, X]), Y, {"alpha": 0.0}),
    "alpha 0, one row": (X[:1], Y[:1], {"alpha": 0.0}),
    "alpha 0, X = 0": (np.zeros((N, P)), Y, {"alpha": 0.0}),
    "alpha 0 with a factor of 0": (X, Y, {"alpha": 0.0, "penalty_factor": [0, 1, 1, 1, 1, 1]}),
    # sparse X that looks worse than it is
    "duplicate entries": (halves, Y, {}),
    "unsorted rows": (shuffled, Y, {}),
    "explicit zeros": (zeros_stored, Y, {}),
    "surplus entries": (lambda: edited(data=lambda a: np.append(a, np.nan), indices=lambda a: np.append(a, 999)), Y, {}),
    # weights
    "one positive weight": (X, Y, {"sample_weight": np.eye(N)[3]}),
    "two positive weights": (X, Y, {"sample_weight": np.eye(N)[3] + 2 * np.eye(N)[4]}),
    "half of the weights 0": (X, Y, {"sample_weight": np.arange(N) % 2}),
    "half of the weights 0, sparse": (compressed(), Y, {"sample_weight": np.arange(N) % 2}),
    "weights of 1e300": (X, Y, {"sample_weight": np.full(N, 1e300)}),
    "weights of 1e-300": (X, Y, {"sample_weight": np.full(N, 1e-300)}),
    "one huge weight": (X, Y, {"sample_weight": with_entry(np.ones(N), 7, 1e300)}),
    "weights from 1e-8 to 1e8": (X, Y, {"sample_weight": np.geomspace(1e-8, 1e8, N)}),
    "weights, columns + 1e6": (X + 1e6, Y, {"sample_weight": 1.0 + np.arange(N)}),
    "weights that are bool": (X, Y, {"sample_weight": np.arange(N) < 20}),
    # factors
    "a factor of 0": (X, Y, {"penalty_factor": [1, 0, 1, 1, 1, 1]}),
    "all factors 0": (X, Y, {"penalty_factor": np.zeros(P)}),
    "all factors 0, wide": (WIDE, Y_WIDE, {"penalty_factor": np.zeros(30)}),
    "a factor of inf": (X, Y, {"penalty_factor": [1, np.inf, 1, 1, 1, 1]}),
    "all factors inf": (X, Y, {"penalty_factor": np.full(P, np.inf)}),
    "factors of 0 and inf": (X, Y, {"penalty_factor": [0, np.inf, 0, 1, 2, np.inf]}),
    "factors from 1e-8 to 1e8": (X, Y, {"penalty_factor": np.geomspace(1e-8, 1e8, P)}),
    "a factor of 1e300": (X, Y, {"penalty_factor": [1, 1e300, 1, 1, 1, 1]}),
    "a factor of 0 on a zero column": (with_columns(c1=0.0), Y, {"penalty_factor": [1, 0, 1, 1, 1, 1]}),
    "factors of 0 on equal columns": (with_columns(c1=X[:, 0]), Y, {"penalty_factor": [0, 0, 1, 1, 1, 1]}),
    "factors of 0, sparse": (compressed(), Y, {"penalty_factor": [0, 0, 1, 1, 1, 1]}),
    # bounds
    "positive": (X, Y, {"positive": True}),
    "lower is upper": (X, Y, {"lower": 0.3, "upper": 0.3}),
    "lower is upper is 0": (X, Y, {"lower": 0.0, "upper": 0.0}),
    "one column fixed": (X, Y, {"lower": [-9, 0.5, -9, -9, -9, -9], "upper": [9, 0.5, 9, 9, 9, 9]}),
    "bounds that leave out 0": (X, Y, {"lower": 0.1, "upper": 0.2}),
    "bounds that leave out 0, below": (X, Y, {"lower": -np.inf, "upper": -0.1}),
    "bounds that leave out 0 on a zero column": (with_columns(c1=0.0), Y, {"lower": 0.1}),
    "the same on a constant column, standardised": (with_columns(c1=2.0), Y, {"lower": 0.1, "standardize": True}),
    "infinite bounds": (X, Y, {"lower": -np.inf, "upper": np.inf}),
    "tiny bounds": (X, Y, {"lower": -1e-300, "upper": 1e-300}),
    "bounds, X times 1e150": (X * 1e150, Y, {"lower": -1e-151, "upper": 1e-151}),
    "bounds and weights, sparse": (compressed(), Y, {"lower": -0.2, "upper": 0.2, "sample_weight": np.arange(N)}),
    "bounds, wide": (WIDE, Y_WIDE, {"lower": -0.1, "upper": 0.3}),
    # offsets and everything together
    "an offset that is y": (X, Y, {"offset": Y}),
    "an offset of 1e8": (X, Y, {"offset": 1e8 + SIGN}),
    "all options": (
        *(X, Y),
        {
            "sample_weight": np.arange(N) % 3,
            "penalty_factor": [0, 1, 2, np.inf, 1, 1],
            "lower": -0.4,
            "upper": 0.4,
            "standardize": True,
            "offset": SIGN,
        },
    ),
}
WRONG_X = {
    "NaN in X": (with_entry(X, (3, 2), np.nan), r"^X holds NaN at row 3, column 2; finite numbers are needed\.$"),
    "Inf in X": (with_entry(X, (3, 2), np.inf), r"^X holds inf at row 3, column 2; finite numbers are needed\.$"),
    "-Inf in float32 X": (with_entry(X.astype("f4"), (0, 0), -np.inf), r"^X holds -inf at row 0, column 0; finite numbers"),
    "complex X": (X * 1j, r"^X is complex \(complex128\); real numbers are needed\.$"),
    "text": (X.astype(str), r"^X has dtype <U32; real numbers are needed\.$"),
    "no rows": (X[:0], r"^X is empty \(shape \(0, 6\)\); at least one row and one column are needed\.$"),
    "no columns": (X[:, :0], r"^X is empty \(shape \(40, 0\)\); at least one row and one column are needed\.$"),
    "no rows, sparse": (sparse.csc_array((0, 6)), r"^X is empty \(shape \(0, 6\)\); at least one row"),
    "no columns, sparse": (sparse.csr_array((40, 0)), r"^X is empty \(shape \(40, 0\)\); at least one row"),
    "one dimension": (Y, r"^X has 1 dimension \(shape \(40,\)\); a 2-d array \(rows, columns\) is needed\.$"),
    "three dimensions": (X[None], r"^X has 3 dimensions"),
    "a row too few": (X[1:], r"^X has 39 rows but y has 40 entries\.$"),
    "a row too few, sparse": (compressed(A=THIN[1:]), r"^X has 39 rows but y has 40 entries\.$"),
    "a mask": (np.ma.masked_array(X, X > 2), r"mask"),
    "NaN, csc": (lambda: edited(data=lambda a: with_entry(a, 0, np.nan)), r"^X holds NaN at row \d+, column 0; finite numbers"),
    "Inf, csr": (lambda: edited(data=lambda a: with_entry(a, 0, np.inf), form="csr"), r"^X holds inf at row 0, column \d+;"),
    "row too large": (
        lambda: edited(indices=lambda a: with_entry(a, 1, N)),
        r"^X\.indices\[1\] is 40 in column 0; a row from 0 to 39 is needed\.$",
    ),
    "row far too large": (lambda: edited(indices=lambda a: with_entry(a, 1, 2**31 - 1)), r"^X\.indices\[1\] is 2147483647 in"),
    "row negative": (lambda: edited(indices=lambda a: with_entry(a, 1, -1)), r"^X\.indices\[1\] is -1 in column 0; a row"),
    "column too large, csr": (
        lambda: edited(indices=lambda a: with_entry(a, 0, P), form="csr"),
        r"^X\.indices\[0\] is 6 in row 0; a column from 0 to 5 is needed\.$",
    ),
    "indptr decreasing": (
        lambda: edited(indptr=lambda a: with_entry(a, 3, 1)),
        r"^X\.indptr\[3\] is 1; at least \d+, the entry before it, is needed\.$",
    ),
    "indptr decreasing, csr": (
        lambda: edited(indptr=lambda a: a[::-1].copy(), form="csr"),
        r"^X\.indptr starts with \d+; 0 is",
    ),
    "indptr negative": (lambda: edited(indptr=lambda a: with_entry(a, 0, -3)), r"^X\.indptr starts with -3; 0 is needed\.$"),
    "indptr beyond the entries": (
        lambda: edited(indptr=lambda a: with_entry(a, P, 10**6)),
        r"^X\.indptr\[6\] is 1000000 but X\.indices has \d+ entries\.$",
    ),
    "indptr too long": (
        lambda: edited(indptr=lambda a: np.append(a, a[-1])),
        r"^X\.indptr has 8 entries; 7 are needed for 6 co",
    ),
    "indptr too short": (lambda: edited(indptr=lambda a: a[:-1]), r"^X\.indptr has 6 entries; 7 are needed for 6 columns\.$"),
    "fewer indices than data": (
        lambda: edited(indices=lambda a: a[:-1]),
        r"^X\.indices has \d+ entries but X\.data has \d+\.$",
    ),
    "float indices": (
        lambda: edited(indices=lambda a: a.astype(float)),
        r"^X\.indices has dtype float64; integers are needed\.",
    ),
    "duplicates whose sum overflows": (
        lambda: edited(data=lambda a: np.full_like(a, 1.5e308), indices=lambda a: 0 * a),
        r"^X has duplicate entries whose sum leaves the range of float64; rescale them\.$",
    ),
}
WRONG_OPTION = {
    "weight negative": (
        {"sample_weight": with_entry(np.ones(N), 2, -1)},
        r"^sample_weight holds -1\.0 at row 2; finite numbers >=",
    ),
    "weight NaN": (
        {"sample_weight": with_entry(np.ones(N), 2, np.nan)},
        r"^sample_weight holds NaN at row 2; finite numbers >=",
    ),
    "weight Inf": (
        {"sample_weight": with_entry(np.ones(N), 2, np.inf)},
        r"^sample_weight holds inf at row 2; finite numbers >=",
    ),
    "weights all 0": (
        {"sample_weight": np.zeros(N)},
        r"^sample_weight is zero in every row; at least one weight > 0 is needed\.$",
    ),
    "weights too few": ({"sample_weight": np.ones(N - 1)}, r"^sample_weight has shape \(39,\); \(40,\) is needed"),
    "factor negative": ({"penalty_factor": [1, -1, 1, 1, 1, 1]}, r"^penalty_factor holds -1\.0 at column 1; numbers >= 0"),
    "factor NaN": ({"penalty_factor": [1, np.nan, 1, 1, 1, 1]}, r"^penalty_factor holds NaN at column 1; numbers >= 0"),
    "factors too few": ({"penalty_factor": [1.0]}, r"^penalty_factor has shape \(1,\); \(6,\) is needed"),
    "factor inf, bounds without 0": (
        {"penalty_factor": [np.inf, 1, 1, 1, 1, 1], "lower": 0.1},
        r"^penalty_factor is inf at column 0, whose bounds 0\.1 and inf leave out 0\.$",
    ),
    "lower above upper": ({"lower": 1.0, "upper": 0.5}, r"^lower is 1 and upper is 0\.5 at column 0; lower <= upper is needed"),
    "lower NaN": ({"lower": np.nan}, r"^lower holds NaN at column 0; a number, -inf or inf is needed\.$"),
    "upper NaN": ({"upper": [1, 1, 1, np.nan, 1, 1]}, r"^upper holds NaN at column 3; a number, -inf or inf is needed\.$"),
    "positive and upper < 0": ({"positive": True, "upper": -1.0}, r"and positive=True means lower >= 0"),
    "bounds at infinity": ({"lower": np.inf}, r"^lower is inf and upper is inf at column 0; lower <= upper is needed"),
    "bounds too few": ({"lower": [0.0, 0.0]}, r"^lower has shape \(2,\); a number or shape \(6,\) is needed"),
    "offset NaN": ({"offset": with_entry(Y, 0, np.nan)}, r"^offset holds NaN at row 0; finite numbers are needed\.$"),
    "offset too far": ({"offset": with_entry(Y, 0, 1.7e308), "y": -1e308 * SIGN}, r"^y - offset leaves the range of float64"),
    "alpha negative": ({"alpha": -1.0}, r"^alphas? (is|holds) -(1|40)\.0"),
    "alpha NaN": ({"alpha": np.nan}, r"^alphas? (is nan|holds NaN)"),
    "alpha Inf": ({"alpha": np.inf}, r"^alphas? (is|holds) inf"),
    "NaN in y": ({"y": with_entry(Y, 7, np.nan)}, r"^y holds NaN at row 7; finite numbers are needed\.$"),
    "Inf in y": ({"y": with_entry(Y, 7, -np.inf)}, r"^y holds -inf at row 7; finite numbers are needed\.$"),
    "coefficients beyond float64": (
        {"X": X * 1e-200, "y": Y * 1e200, "alpha": 0.0},
        r"^The coefficients leave the range of float64",
    ),
    "bounds beyond float64": (
        {"X": X * 1e200, "lower": 1e200},
        r"^The coefficients leave the range of float64 for this X and y",
    ),
}


def fit_lasso(X, y, alpha, **options):
    return [(fr.lasso(X, y, alpha, **options), alpha, 1.0)]


def fit_elastic_net(X, y, alpha, **options):
    return [(fr.elastic_net(X, y, alpha, **options), alpha, 0.5)]


def fit_path(X, y, alpha, **options):
    path = fr.elastic_net_path(X, y, l1_ratio=0.9, alphas=[alpha, 3 * alpha, 0.1 * alpha], **options)
    assert np.isfinite(path.coefs).all()
    return [(path[k], path.alphas[k], 0.9) for k in range(3)]


def fit_ridge(X, y, alpha, **options):
    """ridge at the same penalty per row, and its Fit in the scaling of elastic_net."""
    s = options.get("sample_weight")
    total = len(y) if s is None else float(np.sum(s))
    total = total if 0 < total < np.inf else len(y)  # wrong weights
    fit = fr.ridge(X, y, total * alpha, **options)
    alpha = total * alpha / total
    value, gap = fit.objective / total / 2, fit.dual_gap / total / 2
    return [(fr.Fit(fit.coef, fit.intercept, alpha, 0.0, value, gap, fit.n_iter, fit.status), alpha, 0.0)]


def fit_cv(X, y, alpha, **options):
    """Every fifth row is left out in turn, where rows and weights are enough for that; the fits to all rows."""
    n, weights = np.shape(y)[0], options.get("sample_weight")
    used = np.arange(n) if weights is None or len(weights) != n else np.flatnonzero(np.asarray(weights) > 0)
    folds = np.arange(n) % 5 if used.size > 5 else [(used, used)] if used.size else [([0], [0])]
    found = fr.lasso_cv(X, y, cv=folds, alphas=[alpha, 1.5 * alpha, 0.3 * alpha], loss="mae", **options)
    assert np.isfinite(found.fold_errors).all()
    return [(found.path[k], found.path.alphas[k], 1.0) for k in range(3)]


FITS = {"lasso": fit_lasso, "elastic_net": fit_elastic_net, "path": fit_path, "ridge": fit_ridge, "cv": fit_cv}


def contents(*given):
    """The bytes of all arrays that a call is given."""
    found = []
    for a in given:
        if sparse.issparse(a):
            a = [getattr(a, name) for name in ("data", "indices", "indptr", "row", "col", "rows") if hasattr(a, name)]
            found += [repr(part) if part.dtype == object else part.tobytes() for part in a]
        elif isinstance(a, np.ndarray) and a.dtype != object:
            found.append(a.tobytes())
        else:
            found.append(repr(a))
    return found


def timed(call):
    start = time.process_time()
    try:
        return call()
    finally:
        assert time.process_time() - start < 1.0


def dense(X):
    return ref.array(X.toarray() if sparse.issparse(X) else X)


def rounding(X, y, coef, options):
    """What float64 can tell of a gap at this scale: 256 eps s^2 + (64 eps t)^2.

    s is |y| + sum_j |x_j||w_j| with the columns as they are read, centred.  The residual is known up to a few eps of what is
    added up in it, and the gap holds its square; a sum over up to 400 rows may leave n eps, 256 of it is generous.
    t is the same before centring: a mean is known up to a few eps of it, and is out by that in every row.
    """
    s = options.get("sample_weight")
    share = ref.shares(len(y), s)
    y = ref.array(y) - (0.0 if options.get("offset") is None else options["offset"])
    A, b, *_ = ref.center(X, y, options.get("fit_intercept", True), s)
    top = np.abs(X).max() or 1.0  # else squares may overflow
    centred, raw = (np.sqrt(share @ (a / top) ** 2) @ (np.abs(coef) * top) + np.sqrt(share @ c**2) for a, c in ((A, b), (X, y)))
    return 256 * EPS * centred**2 + (64 * EPS * raw) ** 2 + np.finfo(float).tiny


def assert_certified(X, y, fit, alpha, l1_ratio, options, tol=1e-6):
    """The fit claims convergence, and `certify`, which shares no code with the kernels, agrees up to rounding."""
    assert np.isfinite(fit.coef).all()
    assert np.isfinite(fit.intercept)
    assert not np.isnan(fit.objective)
    assert fit.dual_gap >= 0.0
    assert fit.status.converged, fit.status
    found = fr.certify(X, y, fit.coef, alpha, l1_ratio=l1_ratio, **options)
    assert found.broken == ""
    with np.errstate(over="ignore", invalid="ignore"):
        floor = rounding(dense(X), y, fit.coef, options)
        if np.isinf(fit.objective):  # the square of y, which float64 does not hold; certify bounds nothing then
            assert np.linalg.norm(np.asarray(y) / 1e160) > 1e-10
            return
    assert found.dual_gap <= 1.001 * tol * found.objective + floor, (found, fit)
    assert abs(found.objective - fit.objective) <= 1e-9 * found.objective + floor, (found, fit)
    if fit.status is not fr.Status.MINIMUM_NORM:
        assert found.dual_gap <= 1.001 * fit.dual_gap + floor, (found, fit)
    if options.get("fit_intercept", True):
        missed = kkt.intercept_violation(
            dense(X), y, fit.coef, fit.intercept, **{k: options.get(k) for k in ("sample_weight", "offset")}
        )
        assert missed <= kkt.ROUNDING


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", ACCEPTED)
def test_is_certified(name, fit):
    X, y, options = ACCEPTED[name]
    X = X() if callable(X) else X
    options = dict(options)
    given = [X, y, *options.values()]
    before = contents(*given)
    alpha = options.pop("alpha", None)
    if alpha is None:
        plain = {k: options[k] for k in options if k not in ("lower", "upper", "penalty_factor")}
        alpha = 0.1 * fr.alpha_max(X, y, **plain) or 0.1
    answers = timed(lambda: FITS[fit](X, y, alpha, **options))
    assert contents(*given) == before
    for one, alpha, l1_ratio in answers:
        assert_certified(X, y, one, alpha, l1_ratio, options)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("name", ACCEPTED)
def test_relaxing_fits_no_worse(name, l1_ratio):
    """Least squares on the support: finite, and the residual is as small as any there, where float64 can tell."""
    X, y, options = ACCEPTED[name]
    options = {k: v for k, v in options.items() if k not in ("lower", "upper", "positive")}
    X = X() if callable(X) else X
    alpha = options.pop("alpha", None)
    if alpha is None:
        alpha = 0.1 * fr.alpha_max(X, y, **{k: options[k] for k in options if k != "penalty_factor"}) or 0.1
    plain = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, **options)
    fit = timed(lambda: fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, relax=1.0, **options))
    assert np.isfinite(fit.coef).all()
    assert np.isfinite(fit.intercept)
    where = {k: options[k] for k in ("fit_intercept", "sample_weight", "offset") if k in options}
    with np.errstate(over="ignore", invalid="ignore"):
        coef, _ = ref.relaxed(dense(X), y, plain.coef, 1.0, **where)
        t = ref.terms(dense(X), y, 0.0, **where)
        least, found, before = (np.sum((t.b - t.A @ w) ** 2) for w in (coef, fit.coef, plain.coef))
        floor = rounding(dense(X), y, np.maximum(np.abs(fit.coef), np.abs(coef)), where)
    if np.isfinite(before) and np.isfinite(least):
        assert found <= (1 + 1e-9) * before + floor
        assert found <= (1 + 1e-9) * least + floor


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", WRONG_X)
def test_wrong_X_is_refused(name, fit):
    X, message = WRONG_X[name]
    X = X() if callable(X) else X
    before = contents(X)
    with pytest.raises((ValueError, TypeError), match=message) as error:
        timed(lambda: FITS[fit](X, Y, 0.1))
    assert str(error.value).endswith(".")
    assert contents(X) == before


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", WRONG_OPTION)
def test_wrong_options_are_refused(name, fit):
    options, message = WRONG_OPTION[name]
    before = contents(*options.values())
    with pytest.raises((ValueError, TypeError), match=message) as error:
        timed(lambda: FITS[fit](**({"X": X, "y": Y, "alpha": 0.1} | options)))
    assert str(error.value).endswith(".")
    assert contents(*options.values()) == before


# Faults found in other packages, one by one; those that are one wrong or nasty input stand above


def test_csc_with_duplicate_entries():
    plain, twice = fr.lasso(compressed(), Y, 0.01), fr.lasso(halves(), Y, 0.01)
    np.testing.assert_allclose(twice.coef, plain.coef, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("fit", FITS)
def test_sparse_X_with_sample_weight(fit):
    s = np.arange(N) % 3
    whole = np.repeat(np.arange(N), s)
    for options in ({}, {"fit_intercept": False}, {"standardize": True}):
        weighted, _, l1_ratio = FITS[fit](compressed(), Y, 0.05, sample_weight=s, **options)[0]
        repeated, _, _ = FITS[fit](THIN[whole], Y[whole], 0.05, **options)[0]
        # both gaps say how far from the one optimum the objective may be
        assert abs(weighted.objective - repeated.objective) <= weighted.dual_gap + repeated.dual_gap + 1e-14
        assert_certified(THIN, Y, weighted, weighted.alpha, l1_ratio, {"sample_weight": s} | options)


class Lazy:
    """What a dask array shows: a shape, a dtype, chunks, and an __array__ that computes everything."""

    shape, dtype, ndim, chunks = (N, P), np.dtype(float), 2, ((N,), (P,))

    def __array__(self, *args, **kwargs):
        raise AssertionError("computed")

    def compute(self):
        raise AssertionError("computed")


@pytest.mark.parametrize("fit", FITS)
def test_dask_arrays(fit):
    Lazy.__module__ = "dask.array.core"
    with pytest.raises(TypeError, match=r"^X is .*dask.*compute.*\.$"):
        FITS[fit](Lazy(), Y, 0.1)


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("precompute", ["auto", True, False])
def test_float32_with_a_gram_matrix_on_collinear_columns(rank, precompute):
    A = block(rank, 8).astype("f4")
    alpha = 1e-3 * fr.alpha_max(A, Y)
    for l1_ratio in (1.0, 0.5):
        fit = fr.elastic_net(A, Y, alpha, l1_ratio=l1_ratio, precompute=precompute)
        assert_certified(A, Y, fit, alpha, l1_ratio, {})


def test_default_tolerance_at_high_signal_to_noise():
    """A tolerance relative to |y|^2 freezes the path as soon as the fit is good: here from 1e-2 of alpha_max on."""
    A, b = problem(500, 100, correlation=0.9, support=100, noise=0.01)
    path = fr.lasso_path(A[:400], b[:400])
    assert (np.diff(path.objectives) < 0.0).all()
    assert all((path.coefs[:, k] != path.coefs[:, k + 1]).any() for k in range(99))
    error = np.sqrt(np.mean((path.predict(A[400:]) - b[400:, None]) ** 2, axis=0))
    assert error.min() < 0.02
    for k in (50, 99):
        assert_certified(A[:400], b[:400], path[k], path.alphas[k], 1.0, {})


@pytest.mark.thread_unsafe(reason="forks")
def test_fit_fork_fit_in_the_child(tmp_path):
    """Sparse X, weights and many targets; dense X stands in test_import.py, and Ctrl-C in a long fit too."""
    from test_import import output

    code = """
        import json, os, warnings
        import numpy as np
        import fastreg as fr
        from scipy import sparse
        warnings.simplefilter("ignore", DeprecationWarning)
        rng = np.random.default_rng(0)
        X, y = sparse.random_array((200, 50), density=0.2, rng=rng, format="csc"), rng.standard_normal((200, 3))
        def fits():
            return fr.lasso(X, y, 0.01, sample_weight=np.arange(200)).coef.tobytes() + fr.ridge(X, y, 0.1).coef.tobytes()
        expected = fits()
        child = os.fork()
        if child == 0:
            os._exit(0 if fits() == expected else 1)
        print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
    """
    assert output(code, tmp_path) == 0


GRIDS = {
    "plain": {},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": np.arange(N) % 3},
    "positive": {"positive": True},
    "negative": {"upper": 0.0},
    "standardize": {"standardize": True},
    "factors": {"penalty_factor": [1, 2, 0.5, np.inf, 1, 3]},
    "unpenalised": {"penalty_factor": [0, 1, 1, 1, 0, 1]},
    "offset": {"offset": 10 * SIGN},
    "everything": {
        "sample_weight": np.arange(N) % 3,
        "standardize": True,
        "penalty_factor": [0, 1, 2, np.inf, 1, 1],
        "positive": True,
        "offset": SIGN,
    },
}


@pytest.mark.parametrize("A", [X, compressed()], ids=["dense", "sparse"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("name", GRIDS)
def test_alpha_max_with_weights_intercept_positive_l1_ratio_standardise(name, l1_ratio, A):
    options = GRIDS[name]
    top = fr.alpha_max(A, Y, l1_ratio=l1_ratio, **options)
    penalised = np.asarray(options.get("penalty_factor", np.ones(P))) > 0
    at, below = (fr.elastic_net(A, Y, f * top, l1_ratio=l1_ratio, **options) for f in (1.0, 0.99))
    assert not at.coef[penalised].any()
    assert below.coef[penalised].any()
    assert fr.elastic_net_path(A, Y, l1_ratio=l1_ratio, alphas=3, **options).alphas[0] == top


def test_warm_start_unsorted_or_single_alphas_early_stop():
    top = fr.alpha_max(X, Y)
    alphas = top * np.array([0.1, 1.0, 0.01, 0.1, 2.0, 0.0])
    path = fr.lasso_path(X, Y, alphas=alphas)
    np.testing.assert_array_equal(path.alphas, alphas)
    for k in range(6):
        assert_certified(X, Y, path[k], alphas[k], 1.0, {})
    for alpha in (alphas[:1], [top], 1):
        assert len(fr.lasso_path(X, Y, alphas=alpha, warm_start=path)) == 1
    stopped = [
        fr.lasso_path(X, Y, max_support=2),
        fr.lasso_path(X, Y, max_support=0),
        fr.lasso_path(X, Y, deviance_stop=0.5),
        fr.lasso_path(X, Y, callback=lambda fit: fit.support.size > 2),
    ]
    for early in stopped:
        assert 1 <= len(early) < 100
        assert early.coefs.shape == (P, len(early)) == (P, early.predict(X).shape[1])
        assert_certified(X, Y, early[-1], early.alphas[-1], 1.0, {})
    again = fr.lasso(X, Y, 0.1 * top, warm_start=stopped[0])
    assert_certified(X, Y, again, 0.1 * top, 1.0, {})


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-3])
@pytest.mark.parametrize("dtype", ["i1", "i8", "f4"])
def test_ridge_with_weights_small_alpha_integer_X(dtype, alpha):
    A, s = np.round(10 * X).astype(dtype), np.arange(N) % 4
    fit = fr.ridge(A, Y, alpha, sample_weight=s)
    whole = np.repeat(np.arange(N), s)
    coef, intercept = ref.ridge(A[whole], Y[whole], alpha)
    np.testing.assert_allclose(fit.coef, coef, rtol=1e-10)
    assert fit.intercept == pytest.approx(intercept, rel=1e-10)


@pytest.mark.parametrize("fit", FITS)
def test_penalised_intercept(fit):
    """It is not: a constant added to y moves it alone."""
    here, there = (FITS[fit](X, y, 0.05)[0][0] for y in (Y, Y + 1024.0))
    np.testing.assert_allclose(there.coef, here.coef, rtol=1e-9)
    assert there.intercept - here.intercept == pytest.approx(1024.0, rel=1e-12)


# Found by random input


@pytest.mark.parametrize("A", [X, compressed()], ids=["dense", "sparse"])
@pytest.mark.parametrize("fit", [fr.lasso, fr.elastic_net, fr.ridge])
def test_bounds_are_the_same_for_targets_of_any_scale(fit, A):
    targets = np.column_stack([Y, 100 * Y, 1e-5 * Y, np.zeros(N), Y * 1e150])
    together = fit(A, targets, 0.01, lower=0.01, upper=0.2).coef
    for k in range(5):
        np.testing.assert_allclose(together[:, k], fit(A, targets[:, k], 0.01, lower=0.01, upper=0.2).coef, rtol=1e-9)


def test_alpha_max_beyond_float64_is_refused_and_not_searched_for():
    with pytest.raises(ValueError, match=r"^alpha_max is .*, which times n leaves the range of float64"):
        timed(lambda: fr.lasso_path(X, Y, penalty_factor=np.full(P, 1e-302)))


def test_alpha_max_where_unpenalised_columns_leave_nothing():
    v = np.append(np.ones(2), np.zeros(P - 2))
    top = fr.alpha_max(X[:3], Y[:3], penalty_factor=v)
    assert not fr.lasso(X[:3], Y[:3], top, penalty_factor=v).coef[:2].any()


@pytest.mark.parametrize("alpha", [1e20, 1e100, 1e300])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_huge_ridge_penalty_leaves_columns_without_one_alone(fit_intercept, alpha):
    u = np.array([0, 1, 1, 0, 1, 1])
    fit = fr.ridge(X, Y, alpha, penalty_factor=u, fit_intercept=fit_intercept)
    alone = fr.ridge(X[:, u == 0], Y, 0.0, fit_intercept=fit_intercept)
    assert fit.status.converged
    np.testing.assert_allclose(fit.coef[u == 0], alone.coef, rtol=1e-9)
    np.testing.assert_allclose(fit.coef[u == 1], 0.0, atol=1e-15)


@pytest.mark.parametrize("alpha", [0.0, 1e-165])
@pytest.mark.parametrize("scale", [1e-20, 1e-150, 1e20])
def test_a_short_column_is_not_a_dependent_one(scale, alpha):
    A = with_columns(c1=scale * X[:, 1])
    fit = fr.lasso(A, Y, alpha)
    assert_certified(A, Y, fit, alpha, 1.0, {})
    assert fit.objective == pytest.approx(fr.lasso(X, Y, 0.0).objective, rel=1e-6)


def test_unpenalised_equal_columns_share_the_coefficient_of_least_norm():
    A = np.column_stack([X, 2 * X[:, 0]])
    fit = fr.ridge(A, Y, 1.0, penalty_factor=[0, 1, 1, 1, 1, 1, 0])
    assert fit.status is fr.Status.MINIMUM_NORM
    assert fit.coef[6] == pytest.approx(2 * fit.coef[0])


def test_a_constant_column_held_from_0_costs_nothing_when_standardised():
    A = with_columns(c1=2.0)
    fit = fr.lasso(A, Y, 0.05, lower=[0, 0.5, 0, 0, 0, 0], standardize=True)
    assert fit.coef[1] == 0.5
    without = fr.lasso(np.delete(A, 1, axis=1), Y, 0.05, lower=0.0, standardize=True)
    assert fit.objective == pytest.approx(without.objective, rel=1e-6)


@pytest.mark.parametrize("options", [{"lower": 0.1}, {"penalty_factor": np.full(P, 1e-300)}])
def test_a_huge_alpha_is_refused_where_its_penalty_is_not_0(options):
    with pytest.raises(ValueError, match=r"^alpha is 1e\+300, which times n leaves the range of float64"):
        fr.lasso(X, Y, 1e300, **options)


def test_gaps_that_are_not_numbers_are_not_told():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fr.ConvergenceWarning)
        fit = fr.ridge(X, Y * 1e-310, 1e300)
    assert not np.isnan([fit.objective, fit.dual_gap]).any()


def test_certify_knows_bounds_out_of_reach_and_faint_penalties():
    alpha = 0.1 * fr.alpha_max(X, Y)
    fit = fr.lasso(X, Y, alpha)
    for options in ({"lower": -1e300, "upper": 1e300}, {"upper": 1e30}):
        assert fr.certify(X, Y, fit.coef, alpha, **options).dual_gap <= 1e-12
    assert fr.certify(X, Y, fit.coef, alpha, l1_ratio=1 - 1e-16).dual_gap <= 1e-12
