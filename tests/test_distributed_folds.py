"""Cross-validation over columns somewhere else: errors are those of folds in memory, from a few passes for all folds."""

import numpy as np
import pytest
from wide import Counting, N, P, wide

import fastreg as fr
from fastreg import distributed
from fastreg.distributed import LocalColumns

RNG = np.random.default_rng(3)
fold = RNG.permutation(np.arange(N) % 3)
OPTIONS = {
    "none": {},
    "standardize": {"standardize": True},
    "no intercept": {"fit_intercept": False},
    "weights": {"sample_weight": RNG.uniform(0.1, 2.0, N) * (np.arange(N) % 7 > 0)},
    "factors": {"penalty_factor": np.where(np.arange(P) < 2, 0.0, RNG.uniform(0.5, 2.0, P))},
    "bounds": {"lower": -0.2, "upper": 0.5},
    "all": {
        "standardize": True,
        "sample_weight": RNG.uniform(0.1, 2.0, N),
        "penalty_factor": RNG.uniform(0.5, 2.0, P),
        "positive": True,
        "offset": RNG.standard_normal(N),
    },
}


def assert_same_curve(found, other, tol=1e-9):
    np.testing.assert_allclose(found.alphas, other.alphas, rtol=tol)
    np.testing.assert_allclose(found.fold_errors, other.fold_errors, rtol=tol)
    np.testing.assert_allclose(found.path.coefs, other.path.coefs, atol=tol)
    assert (found.index_min, found.index_1se, found.l1_ratio) == (other.index_min, other.index_1se, other.l1_ratio)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize("name", OPTIONS)
def test_errors_are_those_of_folds_in_memory(name, l1_ratio):
    X, y = wide(offset=2.0)
    options = OPTIONS[name] | {"cv": fold, "alphas": 25, "alpha_min_ratio": 0.05, "l1_ratio": l1_ratio}
    found = distributed.elastic_net_cv(LocalColumns(X, buffer=10_000), y, **options)
    assert_same_curve(found, fr.elastic_net_cv(X, y, tol=1e-13, **options), 1e-8)
    assert found.dual_gap <= 1e-6


def test_float32_and_every_kind_of_cv():
    X, y = wide()
    X = np.asfortranarray(X.astype(np.float32))
    pairs = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in (0, 2)]
    for cv in (4, fold, pairs, [str(label) for label in fold]):
        found = distributed.lasso_cv(LocalColumns(X), y, cv=cv, alphas=20)
        assert_same_curve(found, fr.lasso_cv(X, y, cv=cv, alphas=20, tol=1e-13))


def test_several_shares_and_alphas_in_any_order():
    X, y = wide()
    options = {"l1_ratio": [0.3, 1.0], "cv": fold, "alphas": [0.1, 0.9, 0.01]}
    found, same = (cv(A, y, **options) for cv, A in ((distributed.elastic_net_cv, Counting(X)), (fr.elastic_net_cv, X)))
    assert found.alphas.tolist() == [0.1, 0.9, 0.01]
    for one, other in zip(found.curves, same.curves, strict=True):
        np.testing.assert_allclose(one.errors, other.errors, rtol=1e-4)
    assert found.l1_ratio == same.l1_ratio


@pytest.mark.filterwarnings("ignore:The path ends before that", "ignore::fastreg.ConvergenceWarning")
def test_the_grid_of_every_share_begins_at_its_alpha_max():
    """Columns that had to go for the folds of one share were missed by the next one."""
    X, y = wide(30, 500, seed=38, correlation=0.9, noise=3.0)
    options = {"l1_ratio": [0.9, 0.5, 1.0], "cv": 3, "alphas": 8, "alpha_min_ratio": 0.1}
    chosen = distributed.elastic_net_cv(Counting(X), y, memory=int(25 * 30 * 8 / 0.7) + 8, **options)
    for one in chosen.curves:
        assert one.alphas[0] == pytest.approx(fr.alpha_max(X, y, l1_ratio=one.l1_ratio))


def test_folds_share_questions():
    X, y = wide(100, 5000, seed=1)
    design = Counting(X)
    path = distributed.lasso_path(design, y)
    alone, design.asked, design.read = design.asked.count("reach"), [], 0
    chosen = distributed.lasso_cv(design, y, cv=10)
    assert design.asked.count("moments") == 1
    assert chosen.path.counts["rounds"] == design.asked.count("reach") <= alone + 8
    assert chosen.path.n_columns_read == design.read
    assert chosen.path.counts["columns_fetched"] < 5000
    np.testing.assert_allclose(chosen.path.coefs, path.coefs, atol=1e-9)
    np.testing.assert_allclose(chosen.fold_errors, fr.lasso_cv(X, y, cv=10, tol=1e-13).fold_errors, rtol=1e-9)


def test_a_column_comes_once():
    """A fold that asked for nothing took columns which are here for others that it should fetch."""
    X, y = wide(12, 80, seed=24)
    v = np.random.default_rng(24).uniform(0.2, 3.0, 80)
    alphas = np.array([0.9, 0.5, 0.1, 0.05]) * fr.alpha_max(X, y, penalty_factor=v)
    design = Counting(X)
    distributed.lasso_cv(design, y, cv=3, alphas=alphas, penalty_factor=v)
    assert len(design.fetched) == len(set(design.fetched)) <= 80


def test_columns_of_the_same_size_in_a_fold():
    """Limits were one number there, and an array elsewhere."""
    rows = np.arange(20) // 10
    X, y = wide(20, 5)
    signs = np.repeat([[-1.0], [1.0]], 5, axis=0).repeat(5, axis=1)
    X[:10] = np.random.default_rng(1).permuted(signs, axis=0)
    assert np.linalg.matrix_rank(X[:10]) == 5  # else a fold has several solutions
    options = {"cv": rows, "alphas": [0.5, 0.1], "standardize": True}
    found = distributed.lasso_cv(LocalColumns(X), y, **options)
    np.testing.assert_allclose(found.errors, fr.lasso_cv(X, y, tol=1e-13, **options).errors, rtol=1e-9)


def test_folds_that_memory_does_not_hold_together():
    X, y = wide(50, 3000)
    options = {"cv": 5, "alphas": 30, "alpha_min_ratio": 0.1}
    enough = distributed.lasso_cv(Counting(X), y, **options)
    memory = int(130 * 50 * 8 / 0.7) + 8
    found = distributed.lasso_cv(Counting(X), y, memory=memory, **options)
    assert_same_curve(found, enough)
    assert found.path.counts["working_set"] <= 130 < enough.path.counts["working_set"]
    assert found.path.counts["rounds"] > enough.path.counts["rounds"]


def test_a_fold_that_memory_does_not_hold():
    X, y = wide(50, 3000)
    memory = int(15 * 50 * 8 / 0.7) + 8
    message = r"^memory is 8579 bytes, which hold 15 columns .*; 1\d of them are in the fit of fold \d of cv at alpha="
    with (
        pytest.warns(UserWarning, match=r"^The path ends before that: memory is 8579 bytes") as told,
        pytest.raises(ValueError, match=message),
    ):
        distributed.lasso_cv(Counting(X), y, cv=3, memory=memory, alphas=50)
    assert told[0].filename == __file__


def test_a_path_of_which_memory_holds_nothing():
    X, y = wide(50, 3000)
    message = r"^memory is 1722 bytes, which hold 3 columns of 50 rows; they do not hold the fit at the largest alpha; a larger"
    with (
        pytest.warns(UserWarning, match=r"^The path ends before that: memory is 1722 bytes"),
        pytest.raises(ValueError, match=message),
    ):
        distributed.lasso_cv(Counting(X), y, cv=3, memory=int(3 * 50 * 8 / 0.7) + 8, alphas=[0.01, 0.1])


def test_a_column_that_is_constant_in_a_fold():
    X, y = wide()
    X[:, 5] = fold == 0
    for standardize in (False, True):
        options = {"cv": fold, "alphas": 15, "standardize": standardize}
        found = distributed.lasso_cv(Counting(X), y, **options)
        np.testing.assert_allclose(found.errors, fr.lasso_cv(X, y, tol=1e-13, **options).errors, rtol=1e-9)


def test_a_file(tmp_path):
    X, y = wide()
    np.save(tmp_path / "X.npy", X)
    chosen = distributed.lasso_cv(tmp_path / "X.npy", y, cv=3)
    assert_same_curve(chosen, fr.lasso_cv(X, y, cv=3, tol=1e-13))
    np.testing.assert_allclose(chosen.predict(tmp_path / "X.npy", "1se"), chosen.predict(X, "1se"))


def test_files_side_by_side(tmp_path):
    X, y = wide()
    paths = [str(tmp_path / "1.npy"), tmp_path / "2.npy"]
    for path, part in zip(paths, (X[:, :150], X[:, 150:]), strict=True):
        np.save(path, part)
    chosen = distributed.lasso_cv(paths, y, cv=3)
    assert_same_curve(chosen, fr.lasso_cv(X, y, cv=3, tol=1e-13))
    np.testing.assert_allclose(chosen.predict(paths), chosen.predict(X))
    np.testing.assert_allclose(chosen.fit.predict(tuple(paths)), chosen.predict(X))


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"relax": 0.5}, ValueError, r"^relax is above 0, which needs more of X than the columns of a fit; 0 is needed for c"),
        ({"cv": 41}, ValueError, r"^cv is 41 folds, but X has 40 rows; at most 40 are needed\.$"),
        ({"alphas": [0.1, 0.0]}, ValueError, r"^alphas is 0, or holds it; without a penalty every column is in the fit"),
        ({"y": np.ones((N, 2))}, ValueError, r"^y has shape \(40, 2\); a 1-d array of 40 entries is needed\.$"),
        ({"sample_weight": (np.arange(N) == 0).astype(float)}, ValueError, r"^sample_weight is zero in every row that fold 0"),
        ({"memory": "1GB"}, TypeError, r"^memory is '1GB' \(str\); a number of bytes is needed"),
    ],
)
def test_arguments_that_are_refused(change, kind, message):
    X, y = wide()
    with pytest.raises(kind, match=message):
        distributed.lasso_cv(**({"X": Counting(X), "y": y, "cv": 4} | change))


def test_what_is_for_columns_alone():
    X, y = wide()
    folds = [fr.GramStats.from_data(X[fold == k], y[fold == k]) for k in range(3)]
    with pytest.raises(ValueError, match=r"^offset is given, which rows of"):
        distributed.lasso_cv(folds, offset=y)
    with pytest.raises(ValueError, match=r"^memory is given, which is for columns of a design"):
        distributed.lasso_cv(folds, memory=1e8)
