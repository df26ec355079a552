"""LassoCV and ElasticNetCV: what they choose, folds of every kind, and metadata that scikit-learn routes."""

import io
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from conftest import problem
from scipy import sparse

import fastreg as fr

X, Y = problem(40, 6, offset=1.0)
TWO = np.column_stack([Y, X[:, 0] - Y])
S = np.linspace(0.5, 2.0, 40)
GROUPS = np.arange(40) % 7
BOTH = [fr.LassoCV, fr.ElasticNetCV]


# What they choose


@pytest.mark.parametrize("s", [None, S], ids=["plain", "weights"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csc_array], ids=["dense", "CSC"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LassoCV", {}),
        ("LassoCV", {"alphas": [0.01, 0.3, 0.1], "cv": 3, "positive": True}),
        ("ElasticNetCV", {"l1_ratio": 0.7, "fit_intercept": False}),
        ("ElasticNetCV", {"l1_ratio": [0.2, 0.9], "alphas": 30, "eps": 1e-2}),
        ("ElasticNetCV", {"l1_ratio": [0.2, 0.9], "alphas": [0.01, 0.3, 0.1]}),
    ],
)
def test_they_choose_as_scikit_learn_does(name, options, kind, s):
    linear_model = pytest.importorskip("sklearn.linear_model")
    if "alphas" in options and np.ndim(options["alphas"]) == 0:
        pytest.importorskip("sklearn", minversion="1.7")  # before, the number of alphas was n_alphas
    ours = getattr(fr, name)(**options).fit(kind(X), Y, sample_weight=s)
    theirs = getattr(linear_model, name)(**options, tol=1e-9, max_iter=100_000)
    theirs.fit(kind(X.copy()), Y, sample_weight=s)  # which multiplies X by weights where there is no intercept
    np.testing.assert_allclose(ours.alphas_, theirs.alphas_, rtol=1e-9)
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-3)
    assert ours.mse_path_.shape == theirs.mse_path_.shape
    assert ours.alpha_ == pytest.approx(theirs.alpha_)
    if name == "ElasticNetCV":
        assert ours.l1_ratio_ == theirs.l1_ratio_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-3)


@pytest.mark.parametrize("estimator", [fr.LassoCV(alphas=15, cv=3), fr.ElasticNetCV(l1_ratio=[0.3, 0.9], alphas=[1.0, 0.1])])
def test_each_target_has_an_alpha_of_its_own(estimator):
    params = estimator.get_params()
    both, each = estimator.fit(X, TWO), [type(estimator)(**params).fit(X, TWO[:, t]) for t in range(2)]
    for name in ("alpha_", "l1_ratio_", "alphas_", "mse_path_", "coef_", "intercept_"):
        np.testing.assert_allclose(getattr(both, name), [getattr(one, name) for one in each], rtol=1e-4, atol=1e-6)
    assert both.coef_.shape == (2, 6)
    assert both.intercept_.shape == both.dual_gap_.shape == (2,)
    assert both.n_iter_ == max(fit.n_iter for fit in both.fit_)
    np.testing.assert_array_equal(both.sparse_coef_.toarray(), both.coef_)
    np.testing.assert_allclose(np.column_stack([path.predict(X) for path in both.cv_path_]), both.predict(X), rtol=1e-12)


def test_a_fit_to_one_target_leaves_nothing_of_one_to_two():
    model = fr.LassoCV(alphas=5).fit(X, TWO).fit(X, Y)
    assert model.coef_.shape == (6,)
    assert isinstance(model.alpha_, float)
    assert model.fit_ is not None
    np.testing.assert_array_equal(model.fit_.coef, model.coef_)


@pytest.mark.parametrize("kind", BOTH)
def test_the_whole_choice_is_kept_and_stored(kind):
    model = kind(alphas=12, cv=4).fit(X, Y)
    path = model.cv_path_
    assert model.alpha_ == path.alpha_min <= path.alpha_1se
    np.testing.assert_array_equal(model.mse_path_.mean(axis=1), path.errors)
    assert model.n_iter_ == path.fit.n_iter
    assert model.dual_gap_ == path.fit.dual_gap <= 1e-6 * path.fit.objective
    assert model.sparse_coef_.shape == (1, 6)
    read = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(read.cv_path_.fold_errors, path.fold_errors)
    np.testing.assert_array_equal(read.cv_path_.predict(X, "1se"), path.predict(X, "1se"))
    assert repr(read.cv_path_) == repr(path)


@pytest.mark.parametrize("kind", BOTH)
def test_nothing_that_is_given_is_written(kind):
    data, y, s, gram = X.copy(), Y.copy(), S.copy(), X.T @ X
    for array in (data, y, s, gram):
        array.flags.writeable = False
    alphas = [0.1, 1.0, 0.01]
    model = kind(alphas=alphas, precompute=gram, copy_X=False).fit(data, y, sample_weight=s)
    np.testing.assert_allclose(model.coef_, kind(alphas=alphas).fit(X, Y, sample_weight=S).coef_, rtol=1e-6)
    assert alphas == [0.1, 1.0, 0.01]
    assert model.alphas_.tolist() == [1.0, 0.1, 0.01]


# Threads and progress


def test_threads_change_nothing_but_rounding():
    one = fr.LassoCV(alphas=20).fit(X, Y)
    for n_jobs in (1, 2, -1, -(10**9), 10**9, np.int64(2)):
        many = fr.LassoCV(alphas=20, n_jobs=n_jobs).fit(X, Y)
        assert many.alpha_ == one.alpha_
        np.testing.assert_allclose(many.mse_path_, one.mse_path_, rtol=1e-5)


@pytest.mark.parametrize("verbose", [True, 2, 0, False])
def test_verbose_shows_progress_on_stderr(monkeypatch, verbose):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    fr.LassoCV(alphas=7, verbose=verbose).fit(X, Y)
    assert ("5 folds" in shown.getvalue()) == bool(verbose)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"n_jobs": 0}, r"^n_jobs is 0; None, a number of threads, or -1 for all processors is needed\.$"),
        ({"n_jobs": "2"}, r"^n_jobs is '2' \(str\); None, a number"),
        ({"eps": 0.0}, r"^eps is 0\.0; a number from 1e-15 to 1 is needed\.$"),
        ({"alphas": (1, -1, -100)}, r"^alphas holds -1\.0 at position 1; finite numbers >= 0 are needed\.$"),
        ({"alphas": (1, 1.0, "1")}, "^alphas has dtype <U.*; real numbers are needed"),
        ({"alphas": None}, "^alphas holds objects that are not real numbers"),
        ({"selection": "greedy"}, "^selection is 'greedy'; one of 'cyclic', 'random' is needed"),
        ({"cv": "loo"}, "^cv is 'loo'; a number of folds, the fold of each row, or pairs"),
        ({"cv": 41}, "^cv is 41 folds, but X has 40 rows"),
        ({"cv": iter([])}, "^cv is empty"),
    ],
)
@pytest.mark.parametrize("kind", BOTH)
def test_bad_parameters_are_one_sentence(kind, params, words):
    with pytest.raises((ValueError, TypeError), match=words):
        kind(**params).fit(X, Y)


# Folds


def test_folds_may_be_given_in_every_way():
    model_selection = pytest.importorskip("sklearn.model_selection")
    pairs = list(model_selection.KFold(4).split(X))
    expected = fr.LassoCV(cv=4, alphas=10).fit(X, Y).mse_path_
    masks = [(np.isin(np.arange(40), train), np.isin(np.arange(40), test)) for train, test in pairs]
    for cv in (model_selection.KFold(4), pairs, iter(pairs), (pair for pair in pairs), masks, np.repeat([0, 1, 2, 3], 10)):
        np.testing.assert_array_equal(fr.LassoCV(cv=cv, alphas=10).fit(X, Y).mse_path_, expected)


@pytest.mark.parametrize("data", [X, sparse.csc_array(X), X.tolist()], ids=["dense", "CSC", "list"])
@pytest.mark.parametrize("name", ["ShuffleSplit", "TimeSeriesSplit", "RepeatedKFold"])
def test_splitters_of_scikit_learn(name, data):
    model_selection = pytest.importorskip("sklearn.model_selection")
    options = {} if name == "TimeSeriesSplit" else {"random_state": 0}
    cv = getattr(model_selection, name)(**options)
    model = fr.LassoCV(cv=cv, alphas=[0.1]).fit(data, Y)
    expected = [np.mean((Y[test] - fr.Lasso(0.1).fit(X[train], Y[train]).predict(X[test])) ** 2) for train, test in cv.split(X)]
    np.testing.assert_allclose(model.mse_path_[0], expected, rtol=1e-4)


# Metadata


GROUPED = [fr.LassoCV(alphas=[1.0, 0.1]), fr.ElasticNetCV(alphas=[1.0, 0.1]), fr.RidgeCV([1.0, 0.1])]
every_grouped = pytest.mark.parametrize("estimator", GROUPED, ids=lambda one: type(one).__name__)


def errors(model):
    return model.mse_path_ if hasattr(model, "mse_path_") else model.selection_.fold_errors


@every_grouped
def test_groups_reach_the_splitter_where_they_are_routed(estimator):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.metadata_routing import MetadataRouter

    model = sklearn.clone(estimator).set_params(cv=GroupKFold(3))
    by_hand = sklearn.clone(estimator).set_params(cv=list(GroupKFold(3).split(X, Y, GROUPS))).fit(X, Y)
    with sklearn.config_context(enable_metadata_routing=True):
        routing = model.get_metadata_routing()
        assert isinstance(routing, MetadataRouter)
        assert routing.consumes("fit", ["groups", "sample_weight", "nothing"]) >= {"groups"}
        np.testing.assert_array_equal(errors(model.fit(X, Y, groups=GROUPS)), errors(by_hand))
        piped = make_pipeline(StandardScaler(), sklearn.clone(model)).fit(X, Y, groups=GROUPS)
        scaled = StandardScaler().fit_transform(X)
        np.testing.assert_array_equal(errors(piped[1]), errors(model.fit(scaled, Y, groups=GROUPS)))
        with pytest.raises(TypeError, match="unexpected argument"):
            model.fit(X, Y, nothing=GROUPS)
        with pytest.raises(ValueError, match="groups"):
            model.fit(X, Y)


@every_grouped
def test_metadata_is_refused_where_none_is_routed(estimator):
    sklearn = pytest.importorskip("sklearn")
    words = r"^\w+\.fit got groups, which is only supported if enable_metadata_routing=True; see sklearn\.set_config\.$"
    with pytest.raises(ValueError, match=words):
        sklearn.clone(estimator).fit(X, Y, groups=GROUPS)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_metadata_is_refused_without_scikit_learn(tmp_path):
    fit = "fr.LassoCV(cv=3).fit(np.eye(3), [1.0, 2, 3], groups=[0, 1, 2])"
    code = f"import numpy as np, fastreg as fr; {fit}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert "ValueError: LassoCV.fit got groups, which is only supported" in run.stderr


@pytest.mark.parametrize("cv", [None, 4], ids=["rows", "folds"])
def test_ridge_cv_routes_what_its_scorer_asks_for(cv):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.metrics import make_scorer

    def weighted(y, predicted, sample_weight, unit):
        return -np.average(np.abs(y - predicted), weights=sample_weight) / unit

    alphas = [0.1, 1.0, 10.0]
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(weighted).set_score_request(sample_weight=True, unit=True)
        model = fr.RidgeCV(alphas, scoring=scorer, cv=cv).fit(X, Y, sample_weight=S, unit=2.0)
        named = fr.RidgeCV(alphas, scoring=sklearn.metrics.get_scorer("r2").set_score_request(sample_weight=False), cv=4)
        assert named.fit(X, Y, sample_weight=S).alpha_ in alphas

    def by_hand(model, X, y, sample_weight):
        return -np.average(np.abs(y - model.predict(X)), weights=sample_weight) / 2.0

    expected = fr.RidgeCV(alphas, scoring=by_hand, cv=cv).fit(X, Y, sample_weight=S)
    assert model.alpha_ == expected.alpha_
    assert model.best_score_ == pytest.approx(expected.best_score_)


# In scikit-learn


def test_they_work_in_pipelines_searches_and_selections():
    pytest.importorskip("sklearn")
    from sklearn.feature_selection import SelectFromModel
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), fr.ElasticNetCV(alphas=10))
    search = GridSearchCV(model, {"elasticnetcv__l1_ratio": [0.1, [0.5, 1.0]]}, cv=3).fit(X, Y)
    best = search.best_estimator_[1]
    assert best.l1_ratio_ in np.ravel(search.best_params_["elasticnetcv__l1_ratio"])
    wide = np.column_stack([X, np.random.default_rng(0).standard_normal((40, 3))])
    kept = SelectFromModel(fr.LassoCV(alphas=10)).fit(wide, Y).get_support()
    np.testing.assert_array_equal(kept, np.abs(fr.LassoCV(alphas=10).fit(wide, Y).coef_) > 1e-5)


@pytest.mark.parametrize("kind", [fr.LassoCV, fr.Lasso])
def test_a_warning_is_caught_by_filters_for_either_class(kind):
    exceptions = pytest.importorskip("sklearn.exceptions")
    model = kind(max_iter=1, tol=1e-15, **({"alphas": [1e-3]} if kind is fr.LassoCV else {"alpha": 1e-3}))
    wide, y = problem(20, 60, seed=1)
    for category in (fr.ConvergenceWarning, exceptions.ConvergenceWarning):
        with pytest.warns(category, match="^Not converged at") as seen:
            model.fit(wide, y)
        assert {one.filename for one in seen} == {__file__}
        assert pickle.loads(pickle.dumps(seen[0].message)).args == seen[0].message.args  # as a worker of joblib sends it
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", category)
            model.fit(wide, y)
