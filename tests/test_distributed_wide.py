"""fastreg.distributed for wide data: fits are those of X in memory, few columns travel, and a wrong design is told."""

import doctest
import importlib
import subprocess
import sys
import warnings

import numpy as np
import pytest
import reference as ref
from conftest import OPTIONS, judged, options_for
from kkt import assert_optimal
from wide import SAME, Counting, N, P, assert_same_path, wide

import fastreg as fr
from fastreg import distributed
from fastreg.distributed import LocalColumns

# The same fits as in memory


OFFERED = [name for name in OPTIONS if "Gram" not in name]


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("name", OFFERED)
def test_a_fit_is_optimal_under_every_option(name, l1_ratio):
    X, y = wide(offset=2.0)
    options = options_for(name, X)
    alpha = 0.2
    fit = distributed.elastic_net(Counting(X), y, alpha, l1_ratio=l1_ratio, tol=1e-10, **options)
    assert_optimal(X, y, fit, alpha, l1_ratio=l1_ratio, tol=1e-10, **judged(options))
    same = fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=1e-13, **options)
    assert fit.objective == pytest.approx(same.objective, rel=1e-9)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize(
    "name", [name for name in OFFERED if name not in ("two factors", "bounds without 0") and "all" not in name]
)
def test_a_path_is_that_of_x_in_memory(name, l1_ratio):
    X, y = wide(offset=2.0)
    options = options_for(name, X)
    options = {"alphas": 30, "alpha_min_ratio": 0.1, "l1_ratio": l1_ratio, "tol": 1e-13, **options}
    path = distributed.elastic_net_path(LocalColumns(X, buffer=10_000), y, **options)
    assert_same_path(path, fr.elastic_net_path(X, y, **options), 1e-8)
    for k in (0, 12, 29):
        assert_optimal(X, y, path[k], path.alphas[k], l1_ratio=l1_ratio, tol=1e-9, **judged({
            name: value for name, value in options.items() if name not in ("alphas", "alpha_min_ratio", "l1_ratio")
        }))  # fmt: skip


# Work saved


def test_few_passes_and_few_columns():
    X, y = wide(100, 5000, seed=1)
    design = Counting(X)
    path = distributed.lasso_path(design, y)
    assert len(path) == 100
    assert set(path.statuses) <= {fr.Status.CONVERGED, fr.Status.PRECISION}
    assert design.asked.count("moments") == 1
    assert path.counts["rounds"] == design.asked.count("reach") <= 8
    assert path.counts["columns_read"] == path.n_columns_read == design.read <= 8 * 5000
    assert path.counts["columns_fetched"] == len(design.fetched) == len(set(design.fetched)) <= 1500
    assert path.counts["bytes_moved"] <= 0.5 * X.nbytes


def test_a_second_question_leaves_columns_out():
    """The alpha is far down: columns that the first question brings change the residual little at last."""
    X, y = wide(100, 5000, seed=1, noise=2.0)
    design = Counting(X)
    path = distributed.lasso_path(design, y, alphas=[0.01 * fr.alpha_max(X, y)], warm_start=np.zeros(5000))
    assert path.counts["rounds"] > 1
    assert design.read < path.counts["rounds"] * 5000


@pytest.mark.parametrize("ratio", [0.1, 1e-3])
def test_one_small_alpha_is_reached_by_few_passes(ratio):
    """Straight from 0 a thousandth took twice as many, and fetched 2,300 columns."""
    X, y = wide(100, 5000, seed=1, correlation=0.99)
    design, alpha = Counting(X), ratio * fr.alpha_max(X, y)
    fit = distributed.lasso(design, y, alpha)
    assert_optimal(X, y, fit, alpha)
    assert design.read <= 9 * 5000
    assert len(design.fetched) < 2000


def test_alpha_max_costs_one_pass():
    X, y = wide()
    design = Counting(X)
    fit = distributed.lasso(design, y, fr.alpha_max(X, y))
    assert not fit.coef.any()
    assert design.read <= P
    assert design.asked.count("reach") <= 1


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_alpha_max_where_what_is_not_penalised_has_nothing_to_tell(scale):
    x = scale * np.array([[12.7, 0.0], [-3.3, 0.0], [12.5, 0.0]])
    options = {"fit_intercept": False, "penalty_factor": [0.8, 0.0], "lower": -1.0, "upper": 1.0, "alphas": 3}
    path = distributed.lasso_path(Counting(x), [9.9, 10.1, 9.8], **options)
    np.testing.assert_allclose(path.alphas, fr.lasso_path(x, [9.9, 10.1, 9.8], **options).alphas)


@pytest.mark.parametrize("positive", [False, True])
def test_copies_of_a_column_may_stay_outside(positive):
    X, y = wide(30, 40)
    X = np.hstack([X[:, np.arange(4000) % 40]])
    design = Counting(X)
    fit = distributed.lasso(design, y, 0.1, positive=positive, tol=1e-12)
    assert fit.status.converged
    assert_optimal(X, y, fit, 0.1, positive=positive, tol=1e-10)
    assert len(design.fetched) < 1100


def test_as_many_alphas_as_anybody_wants():
    """What a round takes grew with every round that was right, until it left float64."""
    X, y = wide()
    path = distributed.lasso_path(Counting(X), y, alphas=1000, alpha_min_ratio=0.5)
    assert_same_path(path, fr.lasso_path(X, y, alphas=1000, alpha_min_ratio=0.5, tol=1e-13))


# Memory


def test_little_memory_makes_columns_go():
    X, y = wide(50, 3000)
    memory = int(120 * 50 * 8 / 0.7) + 8
    design = Counting(X)
    path = distributed.lasso_path(design, y, memory=memory)
    assert_same_path(path, fr.lasso_path(X, y, tol=1e-13), 1e-8)
    assert path.counts["working_set"] <= 120
    assert len(set(design.fetched)) > 120


def test_a_support_that_memory_does_not_hold():
    X, y = wide(50, 3000)
    memory = int(15 * 50 * 8 / 0.7) + 8
    message = (
        r"memory is 8579 bytes, which hold 15 columns of 50 rows; 15 of them are in the fit at alpha=0.29.*, on the way to 0"
    )
    with pytest.raises(ValueError, match=message):
        distributed.lasso(Counting(X), y, 0.01, memory=memory)
    with pytest.warns(UserWarning, match=r"^The path ends before that: memory is 8579 bytes"):
        path = distributed.lasso_path(Counting(X), y, memory=memory)
    assert 5 < len(path) < 100
    for k in (0, len(path) - 1):
        assert_optimal(X, y, path[k], path.alphas[k])
    with pytest.raises(ValueError, match=r"^memory is 5 bytes, which hold 0 columns of 50 rows; 1 are needed to begin with\.$"):
        distributed.lasso(Counting(X), y, 0.01, memory=5)


def test_a_path_ends_where_memory_does():
    """What a round had proved before it came to an alpha that memory does not hold was lost."""
    X, y = wide(50, 3000)
    with pytest.warns(UserWarning, match=r"^The path ends before that: memory is 4579 bytes, which hold 8 columns of 50 rows"):
        path = distributed.lasso_path(Counting(X), y, memory=int(8 * 50 * 8 / 0.7) + 8)
    assert len(path) == np.flatnonzero(np.count_nonzero(fr.lasso_path(X, y).coefs, axis=0) > 8)[0]


@pytest.mark.parametrize("room", range(2, 14))
def test_a_full_memory_to_which_nothing_comes(room):
    X, y = wide(10, 200, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = distributed.lasso_path(Counting(X), y, alphas=30, memory=int(room * 10 * 8 / 0.7) + 8)
    for k in range(len(path)):
        assert_optimal(X, y, path[k], path.alphas[k])


def test_working_sets_that_take_turns_end():
    """Rounding of such columns is above any tolerance, and what one working set won the next one lost, for ever."""
    X, y = wide(12, 60, seed=1)
    X = np.asfortranarray(X + 1e9)
    options = {"fit_intercept": False, "lower": -0.1, "upper": 0.2, "tol": 1e-4, "memory": int(13 * 12 * 8 / 0.7) + 8}
    design, asked = LocalColumns(X), []
    reach = design.reach

    def counted(question):
        asked.append(question)
        assert len(asked) < 400
        return reach(question)

    design.reach = counted
    with pytest.raises(
        ValueError, match=r"^memory is 1790 bytes, which hold 13 columns of 12 rows; 1\d of them are in the fit"
    ):
        distributed.lasso(design, y, 1e-12 * np.abs(X.T @ y).max() / 12, **options)


def test_columns_that_are_not_penalised_need_room_for_others():
    X, y = wide(50, 3000)
    v = np.where(np.arange(3000) < 15, 0.0, 1.0)
    memory = int(15 * 50 * 8 / 0.7) + 8
    with pytest.raises(ValueError, match=r"^memory is 8579 bytes, which hold 15 columns of 50 rows; all are not penalised"):
        distributed.lasso_path(Counting(X), y, penalty_factor=v, memory=memory)


# Corners


def test_one_column_and_one_row():
    y = np.array([1.0, 3.0, 2.0, 5.0])
    x = np.array([[1.0], [2.0], [0.0], [4.0]])
    for alpha in (0.1, 10.0):
        fit = distributed.lasso(LocalColumns(x), y, alpha)
        assert fit.coef == pytest.approx(fr.lasso(x, y, alpha).coef)
    path = distributed.lasso_path(LocalColumns(np.ones((1, 5))), [3.0], alphas=3)
    assert not path.coefs.any()
    assert path.intercepts == pytest.approx(3.0)


def test_constant_and_duplicate_columns():
    X, y = wide()
    X[:, 5], X[:, 6], X[:, 7], X[:, 8] = 3.0, 0.0, X[:, 0], X[:, 1]
    for options in ({}, {"standardize": True}, {"fit_intercept": False}):
        fit = distributed.lasso(Counting(X), y, 0.1, **options)
        assert_optimal(X, y, fit, 0.1, **options)
        local = distributed.lasso(LocalColumns(X, buffer=3000), y, 0.1, **options)
        assert local.objective == pytest.approx(fit.objective)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("scale", [1e-200, 1e-170, 1e150])
def test_columns_whose_squares_leave_float64(scale, standardize):
    """Norms that came out as 0 left the gap without what a column outside may add to it."""
    X, y = wide()
    alpha = 0.1 * (1.0 if standardize else scale)
    fit = distributed.lasso(LocalColumns(scale * X), y, alpha, standardize=standardize)
    same = fr.lasso(X, y, 0.1, tol=1e-13, standardize=standardize)
    assert fit.dual_gap <= 1e-6 * fit.objective
    np.testing.assert_allclose(fit.coef * scale, same.coef, atol=SAME)


@pytest.mark.parametrize("mean", [3.0, 1e6])
@pytest.mark.parametrize("bump", [1e-9, 1e-6])
@pytest.mark.parametrize("design", [Counting, LocalColumns])
def test_columns_that_hardly_vary(design, bump, mean):
    """Their large coefficients left residuals that did not add up to 0, and their norms are what rounding made of them."""
    X, y = wide()
    X[:, 5] = mean
    X[3, 5] += bump
    y[3] += 50.0
    path = distributed.lasso_path(design(X), y, alphas=20, standardize=True)
    assert path[19].coef[5] != 0.0
    assert set(path.statuses) == {fr.Status.CONVERGED}


@pytest.mark.parametrize("cosine", [0.1, 0.3, 0.7])
def test_a_coefficient_next_to_0_need_not_be_at_its_limit(cosine):
    """It is visited first, and falls below its limit when the other one is: the gap is small, as it is the coefficient's."""
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.standard_normal((N, 2)))[0]
    mix = np.array([[1.0, cosine], [0.0, np.sqrt(1.0 - cosine**2)]])
    X = np.asfortranarray(np.hstack([Q @ mix, 0.01 * rng.standard_normal((N, 300))]))
    y = Q @ np.linalg.solve(mix.T, [1.0 + 1e-14, 3.0])
    options = {"fit_intercept": False, "warm_start": np.zeros(302)}
    fit = distributed.lasso(Counting(X), y, 1.0 / N, **options)
    assert 0.0 < fit.coef[0] < 1e-13
    assert_optimal(X, y, fit, 1.0 / N, fit_intercept=False)


def test_constant_y():
    X, _ = wide()
    path = distributed.lasso_path(Counting(X), np.full(N, 2.0), alphas=5)
    assert not path.coefs.any()
    assert path.intercepts.tolist() == [2.0] * 5


def test_alphas_in_any_order_and_what_ends_a_path():
    X, y = wide()
    alphas = [0.1, 0.5, 0.1, 0.9]
    path = distributed.lasso_path(Counting(X), y, alphas=alphas)
    assert path.alphas.tolist() == alphas
    assert_same_path(path, fr.lasso_path(X, y, alphas=alphas, tol=1e-13))
    for stop in ({"max_support": 9}, {"deviance_stop": 0.8}, {"callback": lambda fit: fit.support.size > 5}):
        path, other = distributed.lasso_path(Counting(X), y, **stop), fr.lasso_path(X, y, tol=1e-13, **stop)
        assert 0 < len(path) < 100
        assert_same_path(path, other)
    assert len(distributed.lasso_path(Counting(X), y, alphas=[0.1], max_support=0)) == 0


def test_warm_starts():
    X, y = wide()
    path = distributed.lasso_path(Counting(X), y, alphas=10)
    for start in (path, path[4], path[4].coef, np.full(P, 0.1)):
        fit = distributed.lasso(Counting(X), y, path.alphas[4], warm_start=start)
        np.testing.assert_allclose(fit.coef, path[4].coef, atol=SAME)


def test_a_solve_that_does_not_converge():
    X, y = wide()
    with pytest.warns(fr.ConvergenceWarning, match=r"^Not converged at alpha=0.01: the gap is .* times the objective") as found:
        fit = distributed.lasso(Counting(X), y, 0.01, max_iter=1)
    assert found[0].filename == __file__
    assert fit.status is fr.Status.MAX_ITER
    t = ref.terms(X, y, 0.01)
    assert ref.gap(t, fit.coef) <= fit.dual_gap * (1 + 1e-9)
    with pytest.warns(fr.ConvergenceWarning, match=r"not tol=1e-06 with max_iter=1; ") as found:
        distributed.lasso_path(Counting(X), y, alphas=5, max_iter=1)
    assert found[0].filename == __file__


# What is said


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        ("moments", lambda a: (a[0][:-1], a[1]), r"^moments of X gave norms of shape \(399,\); \(400,\) is needed"),
        ("moments", lambda a: (a[0], a[1] * np.nan), r"^moments of X gave a product that is not finite for column 0\.$"),
        ("reach", lambda a: (a[0], a[1].T), r"^reach of X gave indices of shape .* with products of shape"),
        ("reach", lambda a: (a[0][::-1], a[1]), r"^reach of X gave indices that do not ascend from 0 to at most 399\.$"),
        (
            "reach",
            lambda a: (a[0][::-1].astype(np.uint64), a[1][:, ::-1]),
            r"^reach of X gave indices that do not ascend from 0 to",
        ),
        ("reach", lambda a: (a[0], a[1] * np.inf), r"^reach of X gave products that are not finite\.$"),
        ("columns", lambda a: a[:-1], r"^columns of X gave shape \(39, 100\); \(40, 100\) is needed\.$"),
        ("columns", lambda a: a * np.nan, r"^X holds NaN at row 0, column \d+; finite numbers are needed\.$"),
        (
            "moments",
            lambda a: (2.0 * a[0], a[1]),
            r"^moments of X gave the norm .* for column \d+, which columns of X gave with",
        ),
        ("moments", lambda a: (a[0], -a[1]), r"^moments of X gave the product .* for column \d+, which columns of X gave with"),
        ("moments", lambda a: (-a[0], a[1]), r"^moments of X gave a norm below 0 for column \d+\.$"),
        ("columns", lambda a: a[:, ::-1], r"^moments of X gave the norm .* for column \d+, which columns of X gave with"),
        (
            "reach",
            lambda a: (a[0][:0], a[1][:, :0]),
            r"^reach of X left out column \d+ and residual \d, at whose limit the col",
        ),
        (
            "reach",
            lambda a: (a[0], 0.9 * a[1]),
            r"^reach of X gave 0.9 times its limit for column \d+ and residual \d, at whose",
        ),
        (
            "reach",
            lambda a: (a[0], 1.1 * a[1]),
            r"^reach of X gave 1.1 times its limit for column \d+ and residual \d, at whose",
        ),
        ("reach", lambda a: (a[0], np.sign(a[1])), r"^reach of X gave .* times its limit for column \d+, which columns of X"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_answers_of_a_wrong_design(method, answer, message):
    X, y = wide()
    design = Counting(X)
    right = getattr(design, method)
    setattr(design, method, lambda *arguments: answer(right(*arguments)))
    with pytest.raises(ValueError, match=message):
        distributed.lasso(design, y, 0.1)


@pytest.mark.parametrize(
    ("name", "value", "kind", "message"),
    [
        (
            "moments",
            None,
            TypeError,
            r"^design is a Counting without moments; LocalColumns\(X\) or another design is needed\.$",
        ),
        ("moments", lambda *a: np.ones((2, P)), TypeError, r"^moments of X gave a ndarray; \(norms, products\) are needed\.$"),
        ("reach", lambda q: [], TypeError, r"^reach of X gave a list; \(indices, products\) are needed\.$"),
        ("shape", P, TypeError, r"^design has shape 400; two integers \(n, p\) are needed\.$"),
        ("shape", (0, P), ValueError, r"^design has shape \(0, 400\); at least one row and one column are needed\.$"),
        ("feature_names", ["a"], ValueError, r"^feature_names of design are 1 of \('a',\); 400 str are needed, or None\.$"),
        ("dtype", "number", TypeError, r"^dtype of design is 'number'; that of numpy arrays is needed\.$"),
    ],
)
def test_a_design_that_lacks_something(name, value, kind, message):
    X, y = wide()
    design = Counting(X)
    setattr(design, name, value)
    with pytest.raises(kind, match=message):
        distributed.lasso(design, y, 0.1)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"alpha": 0.0}, ValueError, r"^alpha is 0, or holds it; without a penalty every column is in the fit"),
        ({"alpha": 1e-320}, ValueError, r"^alpha is \S+e-3\d\d, which times n leaves the range of float64 for this X and y"),
        ({"alpha": -1.0}, ValueError, r"^alpha is -1.0; a finite number >= 0 is needed\.$"),
        ({"l1_ratio": 0.0}, ValueError, r"^l1_ratio is 0; without an l1 penalty every column is in the fit"),
        ({"design": np.ones((4, 5))}, TypeError, r"^design is a ndarray without moments, reach, columns; LocalColumns\(X\)"),
        ({"y": np.ones((N, 2))}, ValueError, r"^y has shape \(40, 2\); a 1-d array of 40 entries is needed\.$"),
        ({"y": np.ones(3)}, ValueError, r"^X has 40 rows but y has 3 entries\.$"),
        ({"y": np.full(N, np.nan)}, ValueError, r"^y holds NaN at row 0; finite numbers are needed\.$"),
        ({"memory": 0}, ValueError, r"^memory is 0; an integer >= 1 is needed\.$"),
        ({"penalty_factor": np.ones(3)}, ValueError, r"^penalty_factor has shape \(3,\); \(400,\) is needed"),
        ({"tol": -1}, ValueError, r"^tol is -1; a finite number >= 0 is needed\.$"),
        ({"standardize": 1}, TypeError, r"^standardize is 1 \(int\); True or False is needed\.$"),
        ({"warm_start": np.ones(3)}, ValueError, r"^warm_start has coefficients of shape \(3,\)"),
    ],
)
def test_arguments_that_are_refused(change, kind, message):
    X, y = wide()
    arguments = {"design": Counting(X), "y": y, "alpha": 0.1, "l1_ratio": 1.0} | change
    with pytest.raises(kind, match=message):
        distributed.elastic_net(**arguments)


def test_ridge_and_columns_of_no_numbers_are_refused():
    X, y = wide()
    for options in ({}, {"alphas": [0.1]}):
        with pytest.raises(ValueError, match=r"^l1_ratio is 0; without an l1 penalty every column is in the fit"):
            distributed.elastic_net_path(Counting(X), y, l1_ratio=0, **options)
    for dtype in (complex, str):
        design = Counting(X)
        design.columns = lambda indices, dtype=dtype: X[:, indices].astype(dtype)
        for use in (lambda one: distributed.lasso(one, y, 0.1), distributed.check_design):
            with pytest.raises(TypeError, match=r"^What columns of X gave .*; real numbers are needed\.$"):
                use(design)


@pytest.mark.thread_unsafe(reason="doctest replaces sys.stdout")
@pytest.mark.parametrize("name", ["_wide", "_protocol", "_columns", "_remote"])
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"fastreg.distributed.{name}"))
    assert found.failed == 0
    assert found.attempted or name == "_remote"


@pytest.mark.thread_unsafe(reason="starts a process")
def test_nothing_heavy_is_imported(tmp_path):
    code = "import sys, fastreg; assert 'fastreg.distributed' not in sys.modules; fastreg.distributed.lasso\n"
    code += "assert not {'dask', 'distributed', 'zarr', 'pyarrow', 'scipy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60).returncode == 0


# What an author of a design is told


def test_designs_that_are_right_pass():
    X, _ = wide()
    for A in (X, X + 1e6, X.astype(np.float32), 1e-200 * X, np.hstack([X, np.ones((N, 3))]), X[:1], X[:2], X[:, :1]):
        distributed.check_design(LocalColumns(A, buffer=1000, n_threads=2))
        if np.abs(A).max() > 1e-100:  # Counting squares without scaling
            distributed.check_design(Counting(A))


def _noisy(a):
    return a[0], a[1].astype(np.float32)


@pytest.mark.parametrize(
    ("method", "answer", "message"),
    [
        (
            "moments",
            lambda a: (a[0] * (1 + 1e-7), a[1]),
            r"^moments of X, with root None and center True, gave the norm 6\.\d+ fo",
        ),
        ("moments", _noisy, r"^moments of X, with root None and center True, gave the product .*; its own column gives"),
        ("reach", _noisy, r"^reach of X, with 1 residual, one limit, center True and columns None, gave for residual 0 the pr"),
        ("reach", lambda a: (a[0][1:], a[1][:, 1:]), r"^reach of X, with .* left out column \d+, which reaches a limit\.$"),
        (
            "reach",
            lambda a: (a[0], 0.0 * a[1]),
            r"^reach of X, with .* gave column \d+, which reaches no limit by the products",
        ),
        ("columns", lambda a: np.sort(a, axis=1), r"^columns of X gave another column \d+ where the indices were in another"),
        ("columns", lambda a: a[:, :-1], r"^columns of X gave shape \(40, 399\); \(40, 400\) is needed\.$"),
    ],
)
def test_designs_that_are_wrong(method, answer, message):
    X, _ = wide()
    design = Counting(X)
    right = getattr(design, method)
    setattr(design, method, lambda *arguments: answer(right(*arguments)))
    with pytest.raises(ValueError, match=message):
        distributed.check_design(design)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda q: q._replace(columns=None),
            r"^reach of X, .* and columns 134, gave column \d+, which it was not asked about\.$",
        ),
        (lambda q: q._replace(low=-np.inf), r"^reach of X, .* left out column \d+, which reaches a limit\.$"),
        (lambda q: q._replace(high=np.inf), r"^reach of X, .* left out column \d+, which reaches a limit\.$"),
        (lambda q: q._replace(residuals=q.residuals[:1]), r"^reach of X gave indices of shape .* \(3, k\) are needed\.$"),
    ],
)
def test_questions_that_are_misunderstood(change, message):
    X, _ = wide()
    design = Counting(X)
    right = design.reach
    design.reach = lambda question: right(change(question))
    with pytest.raises(ValueError, match=message):
        distributed.check_design(design)


def test_a_design_that_forgets_the_weights_or_what_is_constant():
    X, _ = wide()
    X[:, 5] = 3.0
    design = Counting(X)
    right = design.moments
    design.moments = lambda y, root, center: right(y, None, center)
    with pytest.raises(ValueError, match=r"^moments of X, with root given and center True, gave the norm"):
        distributed.check_design(design)
    design.moments = lambda y, root, center: (right(y, root, center)[0] + 1e-15, right(y, root, center)[1])
    with pytest.raises(ValueError, match=r"^moments of X, .* gave the norm 1e-15 for column 5; 0 is needed exactly\.$"):
        distributed.check_design(design)
    design.moments, turns = right, []

    def changing(question, reach=design.reach):
        turns.append(1)
        found = reach(question)
        return found[0], found[1] * (1 + 1e-12 * len(turns))

    design.reach = changing
    with pytest.raises(ValueError, match=r"^reach of X, .* gave another answer to two threads at once\.$"):
        distributed.check_design(design)


def test_a_design_that_loses_digits_or_its_last_columns():
    X, _ = wide()
    design = Counting(X + 3141.6)
    design.dtype = np.float32
    with pytest.raises(
        ValueError, match=r"^columns of X gave float64 that float32, which is the dtype of the design, does not h"
    ):
        distributed.check_design(design)

    class Careless(Counting):
        """Far from 0, a mean that is not taken off first costs the digits of the product with a residual that sums to 1e-12."""

        def reach(self, question):
            products = question.residuals @ self.X
            reached = ((products <= question.low) | (products >= question.high)).any(axis=0)
            found = np.flatnonzero(reached)
            found = found if question.columns is None else np.intersect1d(found, question.columns)
            return found, products[:, found]

    distributed.check_design(Careless(X))
    with pytest.raises(
        ValueError, match=r"^reach of X, .* center True and columns None, gave for residual 0 the product -3.46.*; "
    ):
        distributed.check_design(Careless(X + 1e6))

    class Shorter(Counting):
        """A last block that is not full is forgotten."""

        def moments(self, y, root, center):
            norms, products = super().moments(y, root, center)
            norms[-3:] = products[-3:] = 0.0
            return norms, products

    with pytest.raises(ValueError, match=r"^moments of X, .* gave the norm 0 for column 19999; its own column gives"):
        distributed.check_design(Shorter(np.random.default_rng(0).standard_normal((10, 20_000))))
