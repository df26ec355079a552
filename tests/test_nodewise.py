"""nodewise_lasso: row j is the fit of column j on the others, whatever X is, and the precision is that of the paper."""

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, LAYOUTS, problem, stored, weights

import fastreg as fr

N, P = 40, 8
OPTIONS = {
    "none": lambda n: {},
    "no intercept": lambda n: {"fit_intercept": False},
    "standardize": lambda n: {"standardize": True},
    "weights": lambda n: {"sample_weight": weights(n)},
    "all": lambda n: {"fit_intercept": False, "standardize": True, "sample_weight": weights(n)},
}


def columns(n=N, p=P, offset=1.0):
    return problem(n, p, correlation=0.7, offset=offset)[0]


def alone(X, j, alpha, **options):
    """Column j on the others, which leave it out by being fewer."""
    others = np.delete(np.arange(X.shape[1]), j)
    return fr.elastic_net(X[:, others], X[:, j], alpha, **options), others


def assert_nodes(X, nodes, alphas, l1_ratio=1.0, **options):
    """Each regression is optimal and tells the truth."""
    alphas = np.broadcast_to(alphas, (X.shape[1],))
    share = ref.shares(len(X), options.get("sample_weight"))
    for j, alpha in enumerate(alphas.tolist()):
        others = np.delete(np.arange(X.shape[1]), j)
        assert nodes.coefs[j, j] == 0.0
        fit = nodes[j]
        one = fr.Fit(fit.coef[others], fit.intercept, alpha, l1_ratio, fit.objective, fit.dual_gap, fit.n_iter, fit.status)
        if len(others):
            kkt.assert_optimal(X[:, others], X[:, j], one, alpha, l1_ratio=l1_ratio, **options)
        r = X[:, j] - X @ fit.coef - fit.intercept
        scale = share @ (np.abs(X[:, j]) + np.abs(X) @ np.abs(fit.coef)) ** 2
        np.testing.assert_allclose(nodes.residual_variances[j], share @ r**2, rtol=1e-9, atol=1e-13 * scale)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
@pytest.mark.parametrize("alphas", [0.05, np.geomspace(0.001, 1.0, P)], ids=["one alpha", "alphas"])
@pytest.mark.parametrize("name", OPTIONS)
def test_every_column_is_regressed_on_the_others(name, alphas, l1_ratio):
    X, options = columns(), OPTIONS[name](N)
    nodes = fr.nodewise_lasso(X, alphas, l1_ratio=l1_ratio, **options)
    assert (len(nodes), nodes.l1_ratio) == (P, l1_ratio)
    assert nodes.converged.all()
    assert_nodes(X, nodes, alphas, l1_ratio, **options)
    for j, alpha in enumerate(np.broadcast_to(alphas, P).tolist()):
        fit, others = alone(X, j, alpha, l1_ratio=l1_ratio, tol=1e-12, **options)
        np.testing.assert_allclose(nodes.coefs[j, others], fit.coef, atol=1e-3)
        assert abs(nodes.objectives[j] - fit.objective) <= 1.1e-6 * fit.objective


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_and_left_alone(layout, dtype):
    X = columns(offset=0.0)
    X[np.abs(X) < 0.5] = 0.0
    given = LAYOUTS[layout](X, dtype)
    before = stored(given)
    nodes = fr.nodewise_lasso(given, 0.05)
    assert_nodes(X.astype(dtype).astype(np.float64), nodes, 0.05)
    assert stored(given) == before


@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"standardize": True}])
def test_statistics_are_as_good_as_rows(options):
    X = columns()
    stats = fr.GramStats()
    for part in np.array_split(X, 3):
        stats.update(part, part[:, :2])  # the targets have no part in it
    nodes, rows = fr.nodewise_lasso(stats, 0.05, tol=1e-10, **options), fr.nodewise_lasso(X, 0.05, tol=1e-10, **options)
    np.testing.assert_allclose(nodes.coefs, rows.coefs, atol=1e-8)
    np.testing.assert_allclose(nodes.intercepts, rows.intercepts, atol=1e-8)
    np.testing.assert_allclose(nodes.residual_variances, rows.residual_variances, rtol=1e-8)
    np.testing.assert_allclose(nodes.objectives, rows.objectives, rtol=1e-8)
    weighted = fr.GramStats.from_data(X, X[:, 0], weights(N))
    np.testing.assert_allclose(
        fr.nodewise_lasso(weighted, 0.05, tol=1e-10).coefs,
        fr.nodewise_lasso(X, 0.05, tol=1e-10, sample_weight=weights(N)).coefs,
        atol=1e-8,
    )


@pytest.mark.parametrize("from_stats", [False, True])
def test_odd_columns(from_stats):
    X = columns()
    X[:, 2], X[:, 3], X[:, 4], X[:, 6] = 7.0, 0.0, X[:, 1], X[:, 0] + X[:, 5]
    nodes = fr.nodewise_lasso(fr.GramStats.from_data(X, X[:, 0]) if from_stats else X, 0.05)
    assert_nodes(X, nodes, 0.05)
    assert not nodes.coefs[2:4].any()
    assert not nodes.coefs[:, 2:4].any()
    np.testing.assert_array_equal(nodes.residual_variances[2:4], 0.0)
    with pytest.raises(ValueError, match=r"^Column 2 is left without variance"):
        nodes.precision()


def test_a_tiny_residual_variance_is_exact():
    X = columns(200, 5)
    noise = np.random.default_rng(1).standard_normal(200)
    for size in (1e-4, 1e-6, 1e-7):
        X[:, 4] = X[:, 0] - 2 * X[:, 1] + size * noise
        nodes = fr.nodewise_lasso(X, [0.1, 0.1, 0.1, 0.1, size**2])
        r = X[:, 4] - X @ nodes.coefs[4]
        r -= r.mean()
        np.testing.assert_allclose(nodes.residual_variances[4], r @ r / 200, rtol=1e-6)
        assert nodes.residual_variances[4] < 4 * size**2
        assert nodes.converged[4]


def test_without_a_penalty_it_is_least_squares():
    X = columns()
    nodes = fr.nodewise_lasso(X, 0.0)
    cov = np.cov(X, rowvar=False, bias=True)
    np.testing.assert_allclose(nodes.precision(), np.linalg.inv(cov), rtol=1e-8, atol=1e-8)


def test_precision_is_the_nodewise_one():
    """Theta S has 1 on its diagonal and at most alpha_j / tau_j^2 elsewhere (van de Geer et al., eq. 10)."""
    X, alphas = columns(), np.linspace(0.02, 0.2, P)
    nodes = fr.nodewise_lasso(X, alphas, tol=1e-13)
    S, Theta = np.cov(X, rowvar=False, bias=True), nodes.precision()
    for j in range(P):
        gamma = nodes.coefs[j]
        tau = nodes.residual_variances[j] + alphas[j] * np.abs(gamma).sum()
        np.testing.assert_allclose(Theta[j], (np.eye(P)[j] - gamma) / tau, rtol=1e-12)
    off = Theta @ S - np.eye(P)
    np.testing.assert_allclose(np.diag(off), 0.0, atol=1e-6)
    assert np.all(np.abs(off).max(axis=1) <= alphas / nodes.taus_squared + 1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 3), (2, 2), (4, 12)])
def test_small_and_wide(shape):
    X = columns(*shape)
    nodes = fr.nodewise_lasso(X, 0.05)
    assert_nodes(X, nodes, 0.05)
    assert nodes.coefs.shape == (shape[1], shape[1])


@pytest.mark.parametrize("n_threads", [2, 5])
def test_threads_change_no_bit(n_threads):
    X = columns(60, 30)
    one, several = fr.nodewise_lasso(X, 0.05), fr.nodewise_lasso(X, 0.05, n_threads=n_threads)
    np.testing.assert_array_equal(one.coefs, several.coefs)
    np.testing.assert_array_equal(one.dual_gaps, several.dual_gaps)


def test_what_does_not_converge_is_told_once():
    X = columns()
    with pytest.warns(fr.ConvergenceWarning, match=rf"^Not converged for {P} of {P} columns, worst for column \d") as caught:
        nodes = fr.nodewise_lasso(X, 1e-3, max_iter=1, tol=1e-12)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert set(nodes.statuses) == {fr.Status.MAX_ITER}
    assert not nodes.converged.any()


def test_names_come_along():
    import pandas as pd

    nodes = fr.nodewise_lasso(pd.DataFrame(columns(N, 2), columns=["a", "b"]), 0.1)
    assert nodes.feature_names == nodes[1].feature_names == ("a", "b")
    assert repr(nodes).startswith("Nodewise(p=2, alpha=0.1, l1_ratio=1, 1 pairs of columns joined")


@pytest.mark.parametrize(("scale", "good"), [(1e-120, True), (1e100, True), (1e-200, False), (1e200, False)])
def test_near_the_ends_of_float64(scale, good):
    X = columns()
    if not good:
        with pytest.raises(ValueError, match=r"X has entries too large|differ by too little"):
            fr.nodewise_lasso(scale * X, 0.05 * scale)
        return
    nodes = fr.nodewise_lasso(scale * X, 0.05 * scale * scale)
    np.testing.assert_allclose(nodes.coefs, fr.nodewise_lasso(X, 0.05).coefs, atol=1e-3)
    assert nodes.converged.all()


def test_what_it_is_given_is_checked():
    X = columns()
    stats = fr.GramStats.from_data(X, X[:, 0])
    for arguments, options, words in (
        ((X[:, 0], 0.1), {}, r"^X has 1 dimension"),
        ((X, [0.1]), {}, r"^alphas has shape \(1,\); a number or shape \(8,\) is needed, one for each column\.$"),
        ((X, -0.1), {}, r"^alphas is -0\.1; finite numbers >= 0"),
        ((np.full((3, 2), np.nan), 0.1), {}, r"^X holds NaN at row 0, column 0"),
        ((stats, 0.1), {"sample_weight": np.ones(N)}, r"^sample_weight is given together with statistics"),
        ((fr.GramStats(), 0.1), {}, r"has nothing to fit"),
        ((X, 0.1), {"l1_ratio": -1}, "l1_ratio is -1"),
        ((X, 0.1), {"n_threads": 0}, "n_threads is 0"),
    ):
        with pytest.raises(ValueError, match=words):
            fr.nodewise_lasso(*arguments, **options)


@pytest.mark.parametrize("twins", [False, True])
def test_a_precision_of_nothing_is_refused(twins):
    X = np.random.default_rng(0).standard_normal((20, 60))
    if twins:
        X = np.repeat(X[:, :1], 2, axis=1)
    nodes = fr.nodewise_lasso(X, 0.0)
    assert nodes.variances == pytest.approx(X.var(axis=0))
    with pytest.raises(ValueError, match=r"is left without variance by the others"):
        nodes.precision()
