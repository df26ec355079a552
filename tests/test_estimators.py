"""Estimators: the functions behind them, scikit-learn's conventions, and scikit-learn itself where it is installed."""

import copy
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import problem
from scipy import sparse

import fastreg as fr

X, Y = problem(40, 6, offset=1.0)
TWO = np.column_stack([Y, X[:, 0]])
S = np.linspace(0.0, 2.0, 40)
BLOCKS = np.repeat([0, 1, 2, 3], 10)  # four folds of rows in their order


def chosen(found):
    """The fits of a CVPath, or of one for each target, as a Fit has them."""
    if not isinstance(found, tuple):
        return found.fit
    fits = [path.fit for path in found]
    return SimpleNamespace(
        coef=np.column_stack([fit.coef for fit in fits]),
        intercept=[fit.intercept for fit in fits],
        dual_gap=[fit.dual_gap for fit in fits],
        n_iter=max(fit.n_iter for fit in fits),
        predict=lambda X: np.column_stack([fit.predict(X) for fit in fits]),
    )


# Name: (estimator, the function of X, y and weights that it is).
MODELS = {
    "Lasso": (fr.Lasso(0.1), lambda X, y, s: fr.lasso(X, y, 0.1, sample_weight=s)),
    "Lasso, options": (
        fr.Lasso(0.1, positive=True, standardize=True, fit_intercept=False, penalty_factor=np.arange(6.0), tol=1e-9),
        lambda X, y, s: fr.lasso(
            X,
            y,
            0.1,
            sample_weight=s,
            positive=True,
            standardize=True,
            fit_intercept=False,
            penalty_factor=np.arange(6.0),
            tol=1e-9,
        ),
    ),
    "ElasticNet": (
        fr.ElasticNet(0.1, l1_ratio=0.3, lower=-0.5, upper=0.4),
        lambda X, y, s: fr.elastic_net(X, y, 0.1, l1_ratio=0.3, sample_weight=s, lower=-0.5, upper=0.4),
    ),
    "Lasso, relaxed": (fr.Lasso(0.3, relax=0.5), lambda X, y, s: fr.lasso(X, y, 0.3, relax=0.5, sample_weight=s)),
    "Ridge": (fr.Ridge(2.0), lambda X, y, s: fr.ridge(X, y, 2.0, sample_weight=s)),
    "Ridge, options": (
        fr.Ridge(2.0, penalty_matrix=np.diag(np.arange(6.0)), fit_intercept=False),
        lambda X, y, s: fr.ridge(X, y, 2.0, sample_weight=s, penalty_matrix=np.diag(np.arange(6.0)), fit_intercept=False),
    ),
    "RidgeCV": (fr.RidgeCV([0.1, 1.0, 10.0]), lambda X, y, s: fr.ridge_cv(X, y, [0.1, 1.0, 10.0], sample_weight=s).fit),
    "LassoCV": (
        fr.LassoCV(cv=4, alphas=20),
        lambda X, y, s: chosen(fr.lasso_cv(X, y, cv=BLOCKS, alphas=20, alpha_min_ratio=1e-3, sample_weight=s)),
    ),
    "ElasticNetCV": (
        fr.ElasticNetCV(l1_ratio=[0.3, 0.9], cv=4, alphas=[0.01, 1.0, 0.1], standardize=True, lower=-0.5, tol=1e-9),
        lambda X, y, s: chosen(
            fr.elastic_net_cv(
                X,
                y,
                l1_ratio=[0.3, 0.9],
                cv=BLOCKS,
                alphas=[1.0, 0.1, 0.01],
                standardize=True,
                lower=-0.5,
                tol=1e-9,
                sample_weight=s,
            )
        ),
    ),
}
every_model = pytest.mark.parametrize("name", MODELS)


def fresh(name):
    return copy.deepcopy(MODELS[name][0])


# What they fit


@every_model
@pytest.mark.parametrize("y", [Y, TWO], ids=["one target", "two"])
@pytest.mark.parametrize("s", [None, S], ids=["plain", "weights"])
@pytest.mark.parametrize(
    "kind", [np.asfortranarray, sparse.csc_array, lambda X: X.astype(np.float32)], ids=["F", "CSC", "float32"]
)
def test_it_is_its_function(kind, s, y, name):
    estimator, function = fresh(name), MODELS[name][1]
    data = kind(X)
    assert estimator.fit(data, y, sample_weight=s) is estimator
    fit = function(data, y, s)
    np.testing.assert_array_equal(estimator.coef_, fit.coef.T)
    np.testing.assert_array_equal(estimator.intercept_, fit.intercept)
    np.testing.assert_array_equal(estimator.dual_gap_, fit.dual_gap)
    assert estimator.n_iter_ == fit.n_iter
    assert estimator.n_features_in_ == 6
    np.testing.assert_allclose(estimator.predict(data), fit.predict(data), rtol=1e-12)


@every_model
def test_one_column_of_targets_has_the_shape_that_it_has_in_scikit_learn(name):
    estimator = fresh(name).fit(X, Y[:, None])
    assert estimator.coef_.shape == (6,)
    assert np.shape(estimator.intercept_) == (() if name in ("LassoCV", "ElasticNetCV") else (1,))
    assert np.shape(estimator.dual_gap_) == ()
    assert estimator.predict(X).shape == (40,)
    assert type(estimator.fit(X, Y).intercept_) is np.float64


@every_model
def test_score_is_the_coefficient_of_determination(name):
    estimator = fresh(name).fit(X, Y)
    missed = Y - estimator.predict(X)
    assert estimator.score(X, Y) == pytest.approx(1 - missed @ missed / ((Y - Y.mean()) @ (Y - Y.mean())))
    level = np.average(Y, weights=S)
    assert estimator.score(X, Y, S) == pytest.approx(1 - S @ missed**2 / (S @ (Y - level) ** 2))


def test_a_warm_start_takes_less_work_to_the_same_solution():
    model = fr.Lasso(0.05, warm_start=True, tol=1e-12).fit(X, Y)
    n_iter, coef = model.n_iter_, model.coef_
    model.fit(X, Y)
    assert model.n_iter_ <= n_iter
    np.testing.assert_allclose(model.coef_, coef, atol=1e-9)
    assert model.sparse_coef_.shape == (1, 6)


def test_ridge_cv_knows_its_errors():
    model = fr.RidgeCV(np.geomspace(1e-2, 1e4, 20)).fit(X, Y)
    chosen = fr.ridge_cv(X, Y, np.geomspace(1e-2, 1e4, 20))
    assert model.alpha_ == chosen.alpha
    assert model.best_score_ == -chosen.errors.min()
    each = fr.RidgeCV(np.geomspace(1e-2, 1e4, 20), alpha_per_target=True).fit(X, TWO)
    assert each.alpha_.shape == each.best_score_.shape == (2,)
    in_order = fr.RidgeCV([0.1, 1.0], cv=4).fit(X, Y)
    np.testing.assert_array_equal(
        in_order.selection_.fold_errors, fr.ridge_cv(X, Y, [0.1, 1.0], cv=np.repeat([0, 1, 2, 3], 10)).fold_errors
    )


def test_ridge_cv_scores_predictions_of_rows_left_out():
    alphas = np.geomspace(1e-2, 1e3, 8)

    def least_absolute(model, X, y):
        return -np.abs(y - model.predict(X)).mean()

    errors = fr.ridge_cv(X, Y, alphas, row_errors=True).row_errors
    by_hand = -np.abs(errors).mean(axis=0)
    model = fr.RidgeCV(alphas, scoring=least_absolute, store_cv_results=True).fit(X, Y)
    assert model.alpha_ == alphas[np.argmax(by_hand)]
    assert model.best_score_ == pytest.approx(by_hand.max())
    np.testing.assert_allclose(model.cv_results_, Y[:, None] - errors)
    np.testing.assert_allclose(model.coef_, fr.ridge(X, Y, model.alpha_).coef)
    squares = fr.RidgeCV(alphas, store_cv_results=True).fit(X, TWO)
    assert squares.cv_results_.shape == (40, 2, 8)
    np.testing.assert_allclose(squares.cv_results_[:, 0], errors**2)
    assert not hasattr(squares.set_params(store_cv_results=False).fit(X, Y), "cv_results_")


def absolute(model, X, y, sample_weight=None):
    missed = np.abs(y - model.predict(X)).reshape(len(y), -1).mean(axis=1)
    return -np.average(missed, weights=sample_weight)


@pytest.mark.parametrize("score", [None, absolute], ids=["R2", "absolute"])
@pytest.mark.parametrize("s", [None, S], ids=["plain", "weights"])
@pytest.mark.parametrize(("y", "per_target"), [(Y, False), (TWO, False), (TWO, True)], ids=["one target", "two", "each of two"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csc_array], ids=["dense", "CSC"])
def test_ridge_cv_scores_folds_by_a_fit_to_the_others(kind, y, per_target, s, score):
    alphas, s_of = np.geomspace(1e-2, 1e3, 6), lambda rows: None if s is None else s[rows]
    model = fr.RidgeCV(alphas, cv=5, scoring=score, alpha_per_target=per_target).fit(kind(X), y, s)
    scores = np.zeros((5, 6, 2 if per_target else 1))
    for f, test in enumerate(np.arange(40).reshape(5, 8)):
        train = np.setdiff1d(np.arange(40), test)
        for k, alpha in enumerate(alphas):
            for t in range(scores.shape[2]):
                one = y[:, t] if per_target else y
                fit = fr.Ridge(alpha).fit(X[train], one[train], s_of(train))
                scores[f, k, t] = (score or fr.Ridge.score)(fit, X[test], one[test], s_of(test))
    mean = scores.mean(axis=0)
    np.testing.assert_array_equal(np.ravel(model.alpha_), alphas[mean.argmax(axis=0)])
    np.testing.assert_allclose(np.ravel(model.best_score_), mean.max(axis=0), rtol=1e-8)
    np.testing.assert_allclose(model.coef_, fr.ridge(X, y, model.alpha_, sample_weight=s).coef.T, rtol=1e-9)
    assert model.selection_.fold_errors.shape == ((5, 6, 2) if per_target else (5, 6))


def test_a_fold_of_one_row_has_no_score():
    with pytest.warns(UserWarning, match=r"^1 of 2 folds have one row to judge by"):
        model = fr.RidgeCV([1.0], cv=[(np.arange(20), np.arange(20, 40)), (np.arange(39), [39])]).fit(X, Y)
    assert model.best_score_ == pytest.approx(fr.Ridge().fit(X[:20], Y[:20]).score(X[20:], Y[20:]))
    with pytest.raises(ValueError, match=r"^cv has one row in each fold to judge by, which has no R\^2"):
        fr.RidgeCV(cv=40).fit(X, Y)
    with pytest.raises(ValueError, match=r"^scoring is .* which gives nan at alpha=0\.1; numbers are needed\.$"):
        fr.RidgeCV(scoring=lambda model, X, y: np.nan).fit(X, Y)
    with pytest.raises(TypeError, match=r"^scoring is 3 \(int\); None, a name or a function is needed\.$"):
        fr.RidgeCV(scoring=3).fit(X, Y)
    with pytest.raises(ValueError, match=r"^cv is 41 folds, but X has 40 rows"):
        fr.RidgeCV(cv=41).fit(X, Y)
    with pytest.warns(UserWarning, match="not well-defined with less than two samples"):
        assert np.isnan(model.score(X[:1], Y[:1]))


@pytest.mark.parametrize("y", [Y, TWO], ids=["one target", "two"])
def test_ridge_cv_weights_errors_of_rows_left_out_as_repeated_rows(y):
    s = np.arange(40) % 4
    alphas = [0.1, 10.0]
    model = fr.RidgeCV(alphas, store_cv_results=True).fit(X, y, s)
    errors = fr.ridge_cv(X, y, alphas, sample_weight=s, row_errors=True).row_errors
    for i in (3, 4):
        rest = np.repeat(np.arange(40), np.where(np.arange(40) == i, 0, s))
        for k, alpha in enumerate(alphas):
            missed = y[i] - fr.Ridge(alpha).fit(X[rest], y[rest]).predict(X[[i]])[0]
            np.testing.assert_allclose(model.cv_results_[i, ..., k], s[i] * missed**2, rtol=1e-8)
    scored = fr.RidgeCV(alphas, scoring=absolute).fit(X, y, s)
    missed = np.abs(errors).reshape(40, 2, -1).mean(axis=2)[s > 0]
    assert scored.best_score_ == pytest.approx(np.max(-np.average(missed, axis=0, weights=s[s > 0])))


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (fr.Ridge(solver="lu"), "^solver is 'lu'; one of 'auto', 'svd', .* is needed"),
        (fr.Lasso(selection="greedy"), "^selection is 'greedy'; one of 'cyclic', 'random' is needed"),
    ],
)
def test_names_that_scikit_learn_has_are_known(estimator, words):
    with pytest.raises(ValueError, match=words):
        estimator.fit(X, Y)


def test_ridge_has_a_solver():
    assert fr.Ridge().fit(X, Y).solver_ == "cholesky"
    assert fr.Ridge().fit(sparse.csc_array(X), Y).solver_ == "sparse_cg"
    assert fr.Ridge(positive=True).fit(X, Y).solver_ == "lbfgs"
    assert fr.Ridge(solver="saga").fit(X, Y).solver_ == "saga"


def test_an_input_may_be_said_to_be_checked():
    np.testing.assert_array_equal(fr.Lasso(0.1).fit(X, Y, check_input=False).coef_, fr.Lasso(0.1).fit(X, Y).coef_)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"gcv_mode": "lu"}, r"^gcv_mode is 'lu'; None, \"auto\", \"svd\" or \"eigen\" is needed\.$"),
        ({"store_cv_results": True, "cv": 3}, "^store_cv_results is True, but cv is not None"),
        ({"scoring": len, "cv": "gcv"}, '^scoring is given, but cv is "gcv"'),
    ],
)
def test_ridge_cv_says_what_does_not_go_together(params, words):
    with pytest.raises(ValueError, match=words):
        fr.RidgeCV(**params).fit(X, Y)


# Conventions


@every_model
def test_parameters_are_those_of_the_constructor(name):
    estimator = fresh(name)
    params = estimator.get_params()
    twin = type(estimator)(**params)
    assert repr(twin) == repr(estimator)
    assert estimator.set_params(fit_intercept=False) is estimator
    assert estimator.fit_intercept is False
    with pytest.raises(ValueError, match=r"^Invalid parameter 'gamma' for \w+; valid are \w+"):
        estimator.set_params(gamma=1.0)


def test_repr_shows_what_is_not_default():
    assert repr(fr.Lasso(0.1, positive=True)) == "Lasso(alpha=0.1, positive=True)"
    assert repr(fr.Ridge()) == "Ridge()"


@every_model
def test_names_of_columns_are_remembered_and_compared(name):
    frame = pd.DataFrame(X, columns=list("abcdef"))
    estimator = fresh(name).fit(frame, Y)
    assert estimator.feature_names_in_.tolist() == list("abcdef")
    estimator.predict(frame)
    with pytest.raises(
        ValueError, match=r"^The feature names should match(.|\n)*unseen at fit time:\n- g\n(.|\n)*missing:\n- a\n"
    ):
        estimator.predict(frame.rename(columns={"a": "g"}))
    with pytest.raises(ValueError, match=r"same order as they were in fit\.\n$"):
        estimator.predict(frame[list("bacdef")])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        estimator.predict(X)
    estimator.fit(X, Y)
    assert not hasattr(estimator, "feature_names_in_")
    with pytest.warns(UserWarning, match="has feature names, but"):
        estimator.predict(frame)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (X[:, :5], r"^X has 5 features, but Lasso is expecting 6 features as input\.$"),
        (X[0], r"^Expected 2D array, got 1D array instead \(X has shape \(6,\)\)\. Reshape your data"),
        (X * 1j, "^Complex data not supported"),
        (np.where(X[2, 3] == X, np.nan, X), "^X holds NaN at row 2, column 3"),
        (X[:0], r"^Found array with 0 sample\(s\)"),
    ],
)
def test_a_prediction_says_what_it_needs(data, words):
    with pytest.raises(ValueError, match=words):
        fr.Lasso(0.1).fit(X, Y).predict(data)


def test_it_has_to_be_fitted_first():
    with pytest.raises((ValueError, AttributeError), match=r"^This Ridge is not fitted yet; call fit first\.$"):
        fr.Ridge().predict(X)


@every_model
def test_a_pickle_has_a_version(name, monkeypatch):
    estimator = fresh(name).fit(X, Y)
    stored = pickle.dumps(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = pickle.loads(stored)
    np.testing.assert_array_equal(read.predict(X), estimator.predict(X))
    monkeypatch.setattr("fastreg.__version__", "99.0")
    with pytest.warns(UserWarning, match=r"was pickled by fastreg 0\.1\.0 and is read by 99\.0"):
        pickle.loads(stored)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_scikit_learn_is_not_imported(tmp_path):
    fits = "[m.fit(np.eye(3), [1.0, 2, 3]).predict(np.eye(3)) for m in (fr.Lasso(), fr.LassoCV(cv=3), fr.RidgeCV(cv=2))]"
    code = f"import sys, numpy as np, fastreg as fr; {fits}; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout == "False\n"


# scikit-learn


@pytest.mark.parametrize(
    "estimator",
    [
        fr.Lasso(),
        fr.ElasticNet(warm_start=True, relax=0.5),
        fr.Ridge(),
        fr.Ridge(positive=True),
        fr.RidgeCV(),
        fr.RidgeCV(cv=3),
        fr.LassoCV(cv=3, n_jobs=2),
        fr.ElasticNetCV(l1_ratio=[0.3, 1.0], alphas=10),
    ],
)
def test_scikit_learn_checks_pass(estimator):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = checks.check_estimator(estimator, on_fail=None, on_skip=None)
    assert [found["check_name"] for found in results if found["status"] == "failed"] == []


SCORINGS = (None, "r2", "neg_mean_absolute_error")


@pytest.mark.parametrize(
    ("options", "scoring"),
    [
        *((options, one) for options in ({}, {"store_cv_results": True}, {"alpha_per_target": True}) for one in SCORINGS),
        *(({"cv": 5}, one) for one in SCORINGS),
    ],
)
@pytest.mark.parametrize("y", [Y, TWO], ids=["one target", "two"])
def test_ridge_cv_chooses_as_scikit_learn_does(y, options, scoring):
    linear_model = pytest.importorskip("sklearn.linear_model")
    alphas = np.geomspace(1e-2, 1e3, 8)
    kept = {name: value for name, value in options.items() if y.ndim == 2 or name != "alpha_per_target"}
    ours, theirs = (kind(alphas, scoring=scoring, **kept).fit(X, y) for kind in (fr.RidgeCV, linear_model.RidgeCV))
    np.testing.assert_array_equal(ours.alpha_, theirs.alpha_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-9)
    if kept.get("store_cv_results"):
        np.testing.assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=1e-8)


def test_it_works_in_pipelines_and_searches():
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), fr.Lasso())
    search = GridSearchCV(model, {"lasso__alpha": [0.01, 0.1, 1.0]}, cv=3).fit(X, Y)
    assert search.best_score_ > 0.5
    best = fr.Lasso(search.best_params_["lasso__alpha"])
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(search.predict(X), best.fit(scaled, Y).predict(scaled), rtol=1e-9)
    assert cross_val_score(search.best_estimator_, X, Y, cv=3).mean() == pytest.approx(search.best_score_)


@every_model
def test_a_clone_has_the_parameters_and_no_fit(name):
    sklearn = pytest.importorskip("sklearn")
    fitted = fresh(name).fit(X, Y)
    twin = sklearn.clone(fitted)
    assert repr(twin) == repr(fitted)
    assert not hasattr(twin, "coef_")
    np.testing.assert_array_equal(twin.fit(X, Y).coef_, fitted.coef_)


def test_it_selects_columns_for_others():
    feature_selection = pytest.importorskip("sklearn.feature_selection")
    from sklearn.pipeline import make_pipeline

    frame = pd.DataFrame(np.column_stack([X, np.random.default_rng(0).standard_normal((40, 3))]), columns=list("abcdefghi"))
    model = make_pipeline(feature_selection.SelectFromModel(fr.Lasso(0.3)), fr.Ridge()).set_output(transform="pandas")
    model.fit(frame, Y)
    kept = frame.columns[fr.Lasso(0.3).fit(frame, Y).coef_ != 0.0]
    assert 0 < kept.size < 9
    np.testing.assert_array_equal(model[1].feature_names_in_, kept)
    np.testing.assert_allclose(model.predict(frame), fr.Ridge().fit(frame[kept], Y).predict(frame[kept]), rtol=1e-12)


@pytest.mark.parametrize("name", ["ElasticNet", "Ridge", "RidgeCV", "LassoCV", "ElasticNetCV"])
def test_weights_are_routed(name):
    sklearn = pytest.importorskip("sklearn")
    from sklearn.exceptions import UnsetMetadataPassedError
    from sklearn.model_selection import GridSearchCV, cross_validate
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with sklearn.config_context(enable_metadata_routing=True):
        weighted = fresh(name).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(weighted, {"fit_intercept": [True]}).fit(X, Y, sample_weight=S)
        np.testing.assert_array_equal(search.best_estimator_.coef_, fresh(name).fit(X, Y, S).coef_)
        piped = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), sklearn.clone(weighted))
        scaled = StandardScaler().fit_transform(X)
        np.testing.assert_array_equal(piped.fit(X, Y, sample_weight=S)[1].coef_, fresh(name).fit(scaled, Y, S).coef_)
        scores = cross_validate(weighted, X, Y, cv=4, params={"sample_weight": S})["test_score"]
        fit = fresh(name).fit(X[10:], Y[10:], S[10:])
        assert scores[0] == pytest.approx(fit.score(X[:10], Y[:10], S[:10]))
        with pytest.raises(UnsetMetadataPassedError):
            cross_validate(fresh(name), X, Y, params={"sample_weight": S})


# Pickles of releases

STORED = Path(__file__).parent / "data" / "estimators-0.1.0.pickle"


def store():
    """Write STORED, as long as 0.1.0 is not released: python -c "import test_estimators; test_estimators.store()" in tests."""
    fitted = {name: fresh(name).fit(X, Y) for name in MODELS}
    rows = X[:3].copy()
    content = {name: (estimator, repr(estimator), rows, estimator.predict(rows)) for name, estimator in fitted.items()}
    STORED.write_bytes(pickle.dumps(content, protocol=4))


def test_a_pickle_of_a_release_is_read():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if fr.__version__ != "0.1.0":
            warnings.filterwarnings("ignore", message="This .* was pickled by fastreg 0.1.0")
        stored = pickle.loads(STORED.read_bytes())
    assert {"Lasso", "ElasticNet", "Ridge", "RidgeCV", "LassoCV", "ElasticNetCV"} <= set(stored)
    for estimator, shown, rows, predicted in stored.values():
        np.testing.assert_allclose(estimator.predict(rows), predicted, rtol=1e-12)
        np.testing.assert_allclose(estimator.fit_.predict(rows), predicted, rtol=1e-12)
        assert repr(estimator) == shown
        np.testing.assert_allclose(estimator.fit(X, Y).predict(rows), predicted, rtol=1e-4)
