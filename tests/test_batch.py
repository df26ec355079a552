"""lasso_gram_batch and lasso_batch: every problem of a batch is what it is alone, and judged like one."""

import re
import signal
import threading

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import DENSE, DTYPES, LAYOUTS, away, factors, limits, problem, stored, two_factors
from hypothesis import given
from hypothesis import strategies as st

import fastreg as fr

B, N, P = 7, 30, 9
# what moves the minimum, for p columns
OPTIONS = {
    "none": lambda p: {},
    "factors": lambda p: {"penalty_factor": factors(p)},
    "two factors": lambda p: {"penalty_factor": two_factors(p)},
    "bounds": limits,
    "bounds without 0": away,
    "positive": lambda p: {"positive": True},
}
options_of = pytest.mark.parametrize("name", OPTIONS)
l1_ratios = pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
alphas_of = pytest.mark.parametrize("alphas", [0.7, np.geomspace(0.01, 3.0, B)], ids=["one alpha", "alphas"])


def stack(n=N, p=P, b=B, offset=0.0):
    """b problems X (b, n, p), Y (b, n)."""
    parts = [problem(n, p, seed, correlation=0.5, offset=offset) for seed in range(b)]
    return np.stack([X for X, _ in parts]), np.stack([y for _, y in parts])


def products(X, Y):
    return X.transpose(0, 2, 1) @ X, np.einsum("bij,bi->bj", X, Y)


def each(alphas):
    return np.broadcast_to(alphas, (B,)).tolist()


def assert_same(fit, alone, size):
    """Two fits within their gaps of one optimum, in objective and gap; size: that of the objective's terms."""
    assert fit.status.converged == alone.status.converged
    rounding = 1e-12 * size
    assert abs(fit.objective - alone.objective) <= max(fit.dual_gap, alone.dual_gap) + rounding
    np.testing.assert_allclose(fit.coef, alone.coef, atol=1e-5)


# Quadratics


@pytest.mark.parametrize("shared", [False, True])
@alphas_of
@l1_ratios
@options_of
def test_a_batch_of_quadratics_is_each_of_them(name, l1_ratio, alphas, shared):
    X, Y = stack()
    Q, q = products(X, Y)
    if shared:
        Q, q = Q[0], Y @ X[0]
    options = OPTIONS[name](P)
    batch = fr.lasso_gram_batch(Q, q, alphas, l1_ratio=l1_ratio, tol=1e-12, **options)
    assert len(batch) == B
    assert batch.converged.all()
    for i, alpha in enumerate(each(alphas)):
        alone = fr.lasso_gram(Q if shared else Q[i], q[i], alpha, l1_ratio=l1_ratio, tol=1e-12, **options)
        assert_same(batch[i], alone, Y[i] @ Y[i])
        assert (batch[i].alpha, batch[i].l1_ratio, batch[i].intercept) == (alpha, l1_ratio, 0.0)
        # the twin judges the rows that the quadratic stands for
        rows, y = X[0 if shared else i], Y[i]
        t = ref.terms(rows, y, alpha / N, l1_ratio, False, **options)
        rounding = N * (64 * ref.EPS * t.b @ t.b + kkt.gap_rounding(rows, y, batch.coefs[i], alpha / N, l1_ratio, **options))
        assert N * ref.gap(t, batch.coefs[i]) <= (1 + 1e-6) * batch.dual_gaps[i] + 100 * rounding
        np.testing.assert_allclose(batch.objectives[i] + y @ y / 2, N * ref.primal(t, batch.coefs[i]), rtol=1e-10)


LAYOUT_OF_STACK = {
    "C": lambda Q, dtype: np.array(Q, dtype, order="C"),
    "F": lambda Q, dtype: np.array(Q, dtype, order="F"),
    "strided": lambda Q, dtype: np.repeat(np.repeat(np.array(Q, dtype), 2, axis=1), 2, axis=0)[::2, ::2],
    "reversed": lambda Q, dtype: np.array(Q[::-1], dtype)[::-1],
    "columns of 32": lambda Q, dtype: np.pad(np.array(Q, dtype), ((0, 0), (0, 0), (0, 32 - P)))[:, :, :P],
    "int": lambda Q, dtype: np.rint(Q).astype(np.int64),
    "list": lambda Q, dtype: np.array(Q, dtype).tolist(),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUT_OF_STACK)
def test_any_layout_is_read_and_left_alone(layout, dtype):
    X, Y = stack()
    X = np.rint(4 * X)  # products that float32 and integers hold
    Q, q = products(X, np.rint(4 * Y))
    for one in (Q, Q[0]):
        given = LAYOUT_OF_STACK[layout](Q, dtype) if one.ndim == 3 else LAYOUT_OF_STACK[layout](Q, dtype)[0]
        before = np.array(given)
        if isinstance(given, np.ndarray):
            given.flags.writeable = False
        rows = q.astype(dtype)
        rows.flags.writeable = False
        batch = fr.lasso_gram_batch(given, rows, 20.0, tol=1e-10)
        np.testing.assert_allclose(batch.coefs, fr.lasso_gram_batch(one, q, 20.0, tol=1e-10).coefs, atol=1e-5)
        np.testing.assert_array_equal(before, given)
        np.testing.assert_array_equal(rows, q)


def test_a_matrix_that_is_symmetric_to_rounding_is_taken_as_such():
    Q, q = products(*stack())
    off = Q * (1.0 + 1e-14 * np.random.default_rng(0).standard_normal(Q.shape))
    np.testing.assert_allclose(fr.lasso_gram_batch(off, q, 1.0).coefs, fr.lasso_gram_batch(Q, q, 1.0).coefs, atol=1e-9)


@pytest.mark.parametrize("kind", ["duplicate", "zero", "few rows", "all zero"])
@pytest.mark.parametrize("yty", [False, True])
def test_singular_matrices_are_solved(kind, yty):
    X, Y = stack(6 if kind == "few rows" else N)
    if kind == "duplicate":
        X[:, :, 3] = X[:, :, 1]
    if kind == "zero":
        X[:, :, 3] = 0.0
    if kind == "all zero":
        X[:] = 0.0
    Q, q = products(X, Y)
    given = np.einsum("bi,bi->b", Y, Y) if yty else None
    for l1_ratio in (1.0, 0.5):
        batch = fr.lasso_gram_batch(Q, q, 0.5, l1_ratio=l1_ratio, yty=given, tol=1e-9)
        shared = fr.lasso_gram_batch(Q[0], Y @ X[0], 0.5, l1_ratio=l1_ratio, yty=given, tol=1e-9)
        for i in range(B):
            for found, rows in ((batch, X[i]), (shared, X[0])):
                t = ref.terms(rows, Y[i], 0.5 / len(rows), l1_ratio, False)
                value = ref.primal(t, found.coefs[i])
                assert found.converged[i]
                assert ref.gap(t, found.coefs[i]) <= 1.01e-9 * value + 1e-12 * (t.b @ t.b)


def test_without_a_penalty_it_is_the_solution_of_smallest_norm():
    Q, q = products(*stack(5))
    batch = fr.lasso_gram_batch(Q, q, [0.0, 1.0] * 3 + [0.0])
    assert {batch.statuses[i] for i in range(0, B, 2)} == {fr.Status.MINIMUM_NORM}
    for i in range(0, B, 2):
        np.testing.assert_allclose(batch.coefs[i], np.linalg.pinv(Q[i], rcond=1e-10) @ q[i], atol=1e-9)


def test_it_starts_from_what_is_given():
    Q, q = products(*stack())
    cold = fr.lasso_gram_batch(Q, q, 0.5, tol=1e-10)
    for start in (cold, cold.coefs):
        warm = fr.lasso_gram_batch(Q, q, 0.5, tol=1e-10, warm_start=start)
        assert warm.n_iters.sum() < cold.n_iters.sum()
        np.testing.assert_allclose(warm.coefs, cold.coefs, atol=1e-9)
    assert cold.coefs is not warm.coefs


def spoiled(place, value, shape=(B, P, P)):
    X, Y = stack()
    Q, q = products(X, Y)
    where = Q if len(shape) == 3 else q
    where[place] = value
    return Q, q


INDEFINITE = np.eye(P)
INDEFINITE[0, 1] = INDEFINITE[1, 0] = 2.0
OUT_OF_RANGE = np.zeros((P, P))
OUT_OF_RANGE[0, 0] = 1.0


@pytest.mark.parametrize("yty", [None, 1e6])
@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (INDEFINITE, "gram has an eigenvalue of -1; none may be negative."),
        (-np.eye(P), "gram has an eigenvalue of -1; none may be negative."),
        (np.full((P, P), np.nan), "gram holds NaN at row 0, column 0; finite numbers are needed."),
        (np.diag([1.0] * (P - 1) + [np.inf]), f"gram holds inf at row {P - 1}, column {P - 1}; finite numbers are needed."),
        (np.triu(np.ones((P, P))), "gram is not symmetric: it has 1 at (0, 1) and 0 at (1, 0)."),
        (OUT_OF_RANGE, "xty is out of the range of gram by"),
    ],
)
def test_a_problem_that_is_none_is_refused_by_its_number(matrix, words, yty):
    Q, q = products(*stack())
    Q[4] = matrix
    with pytest.raises(ValueError, match="^Problem 4: " + re.escape(words)):
        fr.lasso_gram_batch(Q, q, 0.1, yty=yty)
    for n_threads in (1, 2):
        with pytest.raises(ValueError, match=re.escape(words)):
            fr.lasso_gram_batch(matrix, q, 0.1, yty=yty, n_threads=n_threads)


@pytest.mark.parametrize("at", [(0, 3, 3), (6, 1, 2), (3, 8, 0)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_that_is_none_gets_through(at, value):
    Q, q = spoiled(at, value)
    Q[at[0], at[2], at[1]] = value
    with pytest.raises(ValueError, match=f"Problem {at[0]}: gram holds"):
        fr.lasso_gram_batch(Q, q, 0.1, yty=1e9)
    q[at[:2]] = value
    with pytest.raises(ValueError, match=f"^xtys holds .* at row {at[0]}, column {at[1]}"):
        fr.lasso_gram_batch(Q, q, 0.1)


def test_a_little_negative_is_still_negative():
    Q, q = products(*stack())
    for size in (1e-3, 1e-6, 1e-9):
        values, V = np.linalg.eigh(Q[2])
        values[0] = -size * values[-1]
        Q[2] = V * values @ V.T
        with pytest.raises(ValueError, match="Problem 2: gram has an eigenvalue of -"):
            fr.lasso_gram_batch(Q, q, 1.0)
        with pytest.raises(ValueError, match="gram has an eigenvalue of -"):
            fr.lasso_gram_batch(Q[2], q, 1.0, yty=1e9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((2, 3)), np.ones((1, 3)), 1.0), r"^grams has shape \(2, 3\); \(p, p\), or \(b, p, p\)"),
        ((np.ones((2, 0, 0)), np.ones((2, 0)), 1.0), r"^grams has shape \(2, 0, 0\)"),
        ((np.eye(3), np.ones(3), 1.0), r"^xtys has shape \(3,\); \(b, 3\) is needed, as grams has 3 columns\.$"),
        ((np.eye(3), np.ones((2, 4)), 1.0), r"^xtys has shape \(2, 4\); \(b, 3\)"),
        ((np.ones((4, 1, 1)), np.ones((2, 1)), 1.0), r"^grams has 4 matrices but xtys has 2 rows\.$"),
        (
            (np.eye(1), np.ones((2, 1)), [1.0]),
            r"^alphas has shape \(1,\); a number or shape \(2,\) is needed, one for each problem",
        ),
        ((np.eye(1), np.ones((2, 1)), -1.0), r"^alphas is -1\.0; finite numbers >= 0 are needed\.$"),
        ((np.eye(1), np.ones((2, 1)), [1.0, np.nan]), r"^alphas holds NaN at problem 1; finite numbers >= 0 are needed\.$"),
    ],
)
def test_shapes_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        fr.lasso_gram_batch(*arguments)


def test_options_are_checked():
    Q, q = np.eye(2), np.ones((3, 2))
    for options, words in (
        ({"yty": 1.0}, r"^Problem 0: yty is 1 where gram and xty need at least 2\.$"),
        ({"yty": [2.0, 2.0, np.nan]}, r"^yty holds NaN at problem 2"),
        ({"l1_ratio": 2}, "l1_ratio is 2"),
        ({"tol": -1}, "tol is -1"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"n_threads": 0}, "n_threads is 0"),
        ({"lower": 1.0, "upper": 0.0}, "lower is 1 and upper is 0"),
        ({"penalty_factor": [np.inf, 1.0], "lower": 1.0}, "penalty_factor is inf at column 0"),
        ({"warm_start": np.ones(2)}, r"^warm_start has coefficients of shape \(2,\); \(3, 2\) is needed"),
        ({"warm_start": np.full((3, 2), np.nan)}, "warm_start holds NaN"),
    ):
        with pytest.raises(ValueError, match=words):
            fr.lasso_gram_batch(Q, q, 1.0, **options)
        if "yty" in options:
            with pytest.raises(ValueError, match=words):
                fr.lasso_gram_batch(np.stack([Q] * 3), q, 1.0, **options)


def test_no_problems_and_one_column():
    empty = fr.lasso_gram_batch(np.ones((0, 4, 4)), np.ones((0, 4)), 1.0)
    assert (len(empty), empty.coefs.shape, empty.statuses) == (0, (0, 4), ())
    assert repr(empty) == "Batch(no problems, l1_ratio=1, p=4)"
    assert len(fr.lasso_gram_batch(np.eye(4), np.ones((0, 4)), 1.0)) == 0
    with pytest.raises(IndexError, match=r"^batch\[0\]: the batch has 0 problems$"):
        empty[0]
    one = fr.lasso_gram_batch([[[2.0]], [[4.0]]], [[3.0], [-9.0]], 1.0)
    np.testing.assert_allclose(one.coefs, [[1.0], [-2.0]])
    assert [fit.coef[0] for fit in one] == one.coefs[:, 0].tolist()


def test_finite_bounds_allow_any_linear_term():
    q = np.array([[1.0, -2.0, 0.0], [0.0, 1.0, 3.0]])
    for Q in (np.zeros((3, 3)), np.zeros((2, 3, 3))):
        batch = fr.lasso_gram_batch(Q, q, 0.5, lower=-1.0, upper=1e3)
        np.testing.assert_allclose(batch.coefs, [[1e3, -1.0, 0.0], [0.0, 1e3, 1e3]], rtol=1e-6)
        assert np.all(batch.dual_gaps <= 1e-6 * 1e4)


@pytest.mark.parametrize(("sx", "sy"), [(1e-80, 1.0), (1e-130, 1e10), (1e140, 1e-3), (1.0, 1e150), (1.0, 1e-160)])
@pytest.mark.parametrize("shared", [False, True])
def test_near_the_ends_of_float64_nothing_false_is_claimed(sx, sy, shared):
    X, Y = stack()
    Q, q = products(sx * X, sy * Y)
    Q, q = (Q[0], (sy * Y) @ (sx * X[0])) if shared else (Q, q)
    batch = fr.lasso_gram_batch(Q, q, 0.5 * sx * sy)
    for i in range(B):
        c = (Y[i] - (X[0] if shared else X[i]) @ (batch.coefs[i] * (sx / sy))) @ (X[0] if shared else X[i])
        assert batch.converged[i]
        assert np.abs(c).max() <= 0.5 + 0.05


# Rows


@pytest.mark.parametrize("fit_intercept", [True, False])
@alphas_of
@l1_ratios
@options_of
def test_targets_over_one_x_are_optimal(name, l1_ratio, alphas, fit_intercept):
    X, _ = problem(N, P, offset=2.0)
    _, Y = stack()
    options = OPTIONS[name](P)
    alphas = alphas / 10
    batch = fr.lasso_batch(X, Y.T, alphas, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)
    for i, alpha in enumerate(each(alphas)):
        kkt.assert_optimal(X, Y[i], batch[i], alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)


@pytest.mark.parametrize("fit_intercept", [True, False])
@alphas_of
@l1_ratios
@options_of
def test_a_stack_of_designs_is_optimal(name, l1_ratio, alphas, fit_intercept):
    X, Y = stack(offset=2.0)
    options = OPTIONS[name](P)
    alphas = alphas / 10
    batch = fr.lasso_batch(X, Y, alphas, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)
    for i, alpha in enumerate(each(alphas)):
        kkt.assert_optimal(X[i], Y[i], batch[i], alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_x_is_solved_and_left_alone(layout, dtype):
    X, _ = problem(N, P)
    X[np.abs(X) < 0.5] = 0.0
    _, Y = stack()
    given, targets = LAYOUTS[layout](X, dtype), Y.T.astype(dtype)
    before = stored(given), targets.tobytes()
    targets.flags.writeable = False
    batch = fr.lasso_batch(given, targets, 0.05)
    for i in range(B):
        kkt.assert_optimal(X.astype(dtype), targets[:, i], batch[i], 0.05)
    assert (stored(given), targets.tobytes()) == before


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", DENSE)
def test_every_layout_of_a_stack_is_solved_and_left_alone(layout, dtype):
    X, Y = stack()
    given = np.stack([X] * 2)[1].astype(dtype)
    given = {"F": np.asfortranarray(given), "strided": np.repeat(given, 2, axis=2)[:, :, ::2]}.get(layout, given)
    given.flags.writeable = False
    before = given.tobytes()
    batch = fr.lasso_batch(given, Y.astype(dtype), 0.05)
    for i in range(B):
        kkt.assert_optimal(given[i], Y[i].astype(dtype), batch[i], 0.05)
    assert given.tobytes() == before


@pytest.mark.parametrize("shape", [(40, 12), (10, 60), (5, 3), (2, 2), (1, 1)])
def test_wide_and_tall_are_solved_the_same(shape):
    X, Y = stack(*shape)
    batch, many = fr.lasso_batch(X, Y, 0.05), fr.lasso_batch(X[0], Y.T, 0.05)
    for i in range(B):
        kkt.assert_optimal(X[i], Y[i], batch[i], 0.05)
        kkt.assert_optimal(X[0], Y[i], many[i], 0.05)


def test_few_targets_over_many_columns():
    X, y = problem(20, 400)
    alphas = [0.1, 0.2, 0.3]
    batch = fr.lasso_batch(X, np.column_stack([y, -y, 2 * y]), alphas, l1_ratio=0.9, n_threads=2)
    for i, target in enumerate((y, -y, 2 * y)):
        kkt.assert_optimal(X, target, batch[i], alphas[i], l1_ratio=0.9)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_odd_columns(fit_intercept):
    X, Y = stack()
    X[:, :, 2], X[:, :, 5] = 1e3, X[:, :, 1]
    Y[3] = 5.0
    Y[4] = 0.0
    X[:, :, 6] += 1e6
    batch = fr.lasso_batch(X, Y, 0.05, fit_intercept=fit_intercept)
    many = fr.lasso_batch(X[0], Y.T, 0.05, fit_intercept=fit_intercept)
    for i in range(B):
        kkt.assert_optimal(X[i], Y[i], batch[i], 0.05, fit_intercept=fit_intercept)
        kkt.assert_optimal(X[0], Y[i], many[i], 0.05, fit_intercept=fit_intercept)


@pytest.mark.parametrize("alpha", [1e-10, 0.0])
def test_what_products_cannot_resolve_is_solved_from_the_rows(alpha):
    X, Y = stack()
    w = np.arange(P) - 3.0
    Y = np.einsum("bij,j->bi", X, w) + 1e-7 * Y  # a residual far below the rounding of products
    batch, many = fr.lasso_batch(X, Y, alpha), fr.lasso_batch(X[0], (X[0] @ w + 1e-7 * Y).T, alpha)
    for i in range(B):
        kkt.assert_optimal(X[i], Y[i], batch[i], alpha)
        kkt.assert_optimal(X[0], X[0] @ w + 1e-7 * Y[i], many[i], alpha)


@pytest.mark.parametrize(("sx", "sy"), [(1e-170, 1.0), (1e160, 1.0), (1.0, 1e200), (1e-170, 1e100), (1.0, 1e-300)])
def test_rows_near_the_ends_of_float64(sx, sy):
    X, Y = stack()
    alpha = 0.05 * sx * sy
    batch, many = fr.lasso_batch(sx * X, sy * Y, alpha), fr.lasso_batch(sx * X[0], sy * Y.T, alpha)
    plain = fr.lasso_batch(X, Y, 0.05), fr.lasso_batch(X[0], Y.T, 0.05)
    for found, other in zip((batch, many), plain, strict=True):
        assert found.converged.all()
        np.testing.assert_allclose(found.coefs * sx / sy, other.coefs, atol=1e-3)


def test_alphas_of_all_sizes():
    X, Y = stack()
    batch = fr.lasso_batch(X[0], Y.T, [0.0, 1e-300, 1e-5, 1.0, 1e5, 1e200, 1e308])
    assert batch.converged.all()
    assert not batch.coefs[4:].any()


@pytest.mark.parametrize(
    ("X", "Y", "words"),
    [
        (np.ones((3, 2)), np.ones(3), r"^Y has shape \(3,\); \(3, b\) is needed, a column of 3 entries for each target\.$"),
        (np.ones((3, 2)), np.ones((2, 3)), r"^Y has shape \(2, 3\); \(3, b\)"),
        (np.ones((4, 3, 2)), np.ones((3, 4)), r"^Y has shape \(3, 4\); \(4, 3\) is needed, a row for each matrix of X\.$"),
        (np.ones((4, 0, 2)), np.ones((4, 0)), r"^X has shape \(4, 0, 2\); at least one row"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), r"^Y holds NaN at row 0, column 0"),
        (np.full((3, 2), np.inf), np.ones((3, 2)), r"^X holds inf at row 0, column 0"),
        (np.full((4, 3, 2), np.nan), np.ones((4, 3)), r"^Problem 0: X holds NaN at row 0, column 0"),
        (np.full((4, 3, 2), np.inf), np.ones((4, 3)), r"^Problem 0: X holds inf at row 0, column 0"),
        (np.ones((4, 3, 2)), np.full((4, 3), np.inf), r"^Y holds inf at row 0, column 0"),
    ],
)
def test_rows_are_checked(X, Y, words):
    with pytest.raises(ValueError, match=words):
        fr.lasso_batch(X, Y, 0.1)


def test_no_targets():
    assert fr.lasso_batch(np.ones((3, 2)), np.ones((3, 0)), 0.1).coefs.shape == (0, 2)
    assert fr.lasso_batch(np.ones((0, 3, 2)), np.ones((0, 3)), 0.1).coefs.shape == (0, 2)


def test_frames_bring_their_names():
    import pandas as pd

    X, Y = problem(N, 2)[0], stack()[1]
    batch = fr.lasso_batch(pd.DataFrame(X, columns=["a", "b"]), Y.T, 0.1)
    assert batch.feature_names == batch[0].feature_names == ("a", "b")


def dictionary(atoms=128, features=32, signals=200):
    """D (features, atoms) of unit columns, and signals of a few of them."""
    rng = np.random.default_rng(0)
    D = rng.standard_normal((features, atoms))
    D /= np.linalg.norm(D, axis=0)
    codes = rng.standard_normal((atoms, signals)) * (rng.random((atoms, signals)) < 5 / atoms)
    return D, D @ codes + 0.05 * rng.standard_normal((features, signals))


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.8])
def test_sparse_codes_take_few_steps(l1_ratio, repeated):
    """A step for each column in the end would be many: most join together, and few leave again."""
    D, Y = dictionary()
    if repeated:
        D[:, 64:] = D[:, :64] * np.where(np.arange(64) % 2, 1.0, -1.0)
    alpha = 0.1 / len(D)
    batch = fr.lasso_batch(D, Y, alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-10)
    support = np.count_nonzero(batch.coefs, axis=1)
    assert 5 < support.mean() < 50
    assert batch.n_iters.sum() < support.sum()
    for i in range(0, len(batch), 7):
        kkt.assert_optimal(D, Y[:, i], batch[i], alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-10)


def test_large_supports_are_solved_too():
    D, Y = dictionary(atoms=300, features=400, signals=80)
    Y += np.random.default_rng(1).standard_normal(Y.shape)
    batch = fr.lasso_batch(D, Y, 1e-5, fit_intercept=False)
    assert np.count_nonzero(batch.coefs, axis=1).min() > 250
    for i in range(0, len(batch), 20):
        kkt.assert_optimal(D, Y[:, i], batch[i], 1e-5, fit_intercept=False)


# Whole batches


def test_what_does_not_converge_is_told_once():
    X, Y = stack()
    Q, q = products(X, Y)
    for solve in (
        lambda: fr.lasso_gram_batch(Q, q, 0.01, max_iter=1, tol=1e-12),
        lambda: fr.lasso_batch(X, Y, 1e-4, max_iter=1),
    ):
        with pytest.warns(
            fr.ConvergenceWarning, match=rf"^Not converged in {B} of {B} problems, worst in problem \d"
        ) as caught:
            batch = solve()
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert set(batch.statuses) == {fr.Status.MAX_ITER}
        assert not batch.converged.any()
        assert batch[0].status is fr.Status.MAX_ITER
        assert np.all(batch.dual_gaps > 0.0)
    with pytest.warns(fr.ConvergenceWarning):
        gaps = fr.lasso_batch(X, Y, 1e-4, max_iter=1)
    for i in range(B):  # and the gap is still one
        t = ref.terms(X[i], Y[i], 1e-4)
        assert ref.primal(t, gaps.coefs[i]) - gaps.dual_gaps[i] <= fr.lasso(X[i], Y[i], 1e-4, tol=1e-10).objective + 1e-12


@pytest.mark.parametrize("n_threads", [2, 3, 64])
def test_threads_change_no_bit(n_threads):
    X, Y = stack(b=50)
    Q, q = products(X, Y)
    for solve in (
        lambda **threads: fr.lasso_gram_batch(Q, q, 0.5, **threads),
        lambda **threads: fr.lasso_gram_batch(Q[0], q, 0.5, l1_ratio=0.5, **threads),
    ):
        one, several = solve(), solve(n_threads=n_threads)
        np.testing.assert_array_equal(one.coefs, several.coefs)
        np.testing.assert_array_equal(one.dual_gaps, several.dual_gaps)
    for one, several in (  # products of more targets or fewer may differ in the last bit
        (fr.lasso_batch(X, Y, 0.05), fr.lasso_batch(X, Y, 0.05, n_threads=n_threads)),
        (fr.lasso_batch(X[0], Y.T, 0.05), fr.lasso_batch(X[0], Y.T, 0.05, n_threads=n_threads)),
    ):
        np.testing.assert_allclose(one.coefs, several.coefs, rtol=1e-9, atol=1e-13)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarm to raise in a kernel")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_ctrl_c_ends_a_batch(n_threads):
    Q, q = products(*stack())
    many, rows = np.tile(Q, (20_000, 1, 1)), np.tile(q, (20_000, 1))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            fr.lasso_gram_batch(many, rows, 1e-3, n_threads=n_threads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    for thread in threading.enumerate():  # those of a pool end with the piece they are at
        if thread is not threading.current_thread() and thread.name.startswith("ThreadPoolExecutor"):
            thread.join()


@given(
    n=st.integers(1, 6),
    p=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-60, 1e-3, 1.0, 1e60]),
    l1_ratio=st.sampled_from([1.0, 0.7]),
    fit_intercept=st.booleans(),
)
def test_odd_problems_are_solved(n, p, seed, scale, l1_ratio, fit_intercept):
    """Singular, with zero and repeated columns, of any scale."""
    rng = np.random.default_rng(seed)
    X, Y = rng.integers(-2, 3, (3, n, p)) * scale, rng.integers(-3, 4, (3, n)) * 1.0
    alpha = 0.3 * scale
    batch = fr.lasso_batch(X, Y, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-8)
    many = fr.lasso_batch(X[0], Y.T, alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-8)
    gram = fr.lasso_gram_batch(*products(X, Y), n * alpha, l1_ratio=l1_ratio, tol=1e-8)
    for i in range(3):
        kkt.assert_optimal(X[i], Y[i], batch[i], alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-8)
        kkt.assert_optimal(X[0], Y[i], many[i], alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-8)
        there = fr.elastic_net(X[i], Y[i], alpha, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-8)
        np.testing.assert_allclose(gram.objectives[i] + Y[i] @ Y[i] / 2, n * there.objective, rtol=2e-8, atol=1e-12 * n)
