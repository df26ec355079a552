"""One contract for every layout, dtype, option and penalty: optimal, certified, the same as on plain data, inputs untouched."""

from dataclasses import replace
from functools import lru_cache

import kkt
import numpy as np
import pytest
import reference as ref
from conftest import DTYPES, FORMS, LAYOUTS, OPTIONS, judged, options_for, problem, stored, use_form

import fastreg as fr

TOL = 1e-12
SHAPES = {"tall": (30, 8), "wide": (12, 30)}
# Name: (alpha or alphas, l1_ratio).  Ridge has its own function and scaling.
PENALTIES = {
    "lasso": (0.1, 1.0),
    "elastic net": (0.1, 0.5),
    "no l1": (0.1, 0.0),
    "no penalty": (0.0, 0.7),
    "ridge": (2.0, 0.0),
    "ridge path": (2.0, 0.0),
    "statistics": (0.1, 0.5),
    "ridge of statistics": (2.0, 0.0),
    "path": ((0.5, 0.02, 0.1), 0.8),
    "folds": ((0.5, 0.02, 0.1), 0.8),
}
RIDGE = {
    "ridge": fr.ridge,
    "ridge path": lambda X, y, alpha, **options: fr.ridge_path(X, y, [10 * alpha, alpha, alpha / 10], **options)[1],
    "ridge of statistics": lambda X, y, alpha, **options: statistics(X, y, options).ridge(alpha, **options),
}
# What a penalty does not take; ridge goes without what only says how.
LACKING = {
    "ridge path": ("lower", "upper", "positive"),
    "statistics": ("offset", "precompute"),
    "ridge of statistics": ("offset",),
    "folds": ("precompute", "warm_start"),
}
# These go through every layout even without the slow tests: the longest mixes, and what each penalty meets in no other.
FEW = ("none", "all", "all, Gram made, bounds without 0")


@pytest.fixture(autouse=True)
def poisoned_memory(monkeypatch):
    """What numpy hands out unwritten is signalling NaN: arithmetic on it warns, as it otherwise does on some days only."""
    empty = np.empty

    def poisoned(shape, dtype=float, order="C", **options):
        out = empty(shape, dtype, order, **options)
        if out.dtype == np.float64:
            out.view(np.uint64)[...] = 0x7FF0000000000001
        return out

    monkeypatch.setattr(np, "empty", poisoned)


@lru_cache
def plain(shape, dtype):
    """X with a third of zeros and columns far from zero, as a float64 array of numbers that dtype holds, and y."""
    X, y = problem(*SHAPES[shape], seed=3)
    X[np.random.default_rng(4).random(X.shape) < 0.3] = 0.0
    X[:, 6] += 5.0
    return np.asfortranarray(X.astype(dtype), dtype=np.float64), y


def statistics(X, y, options):
    """The statistics of X and y, which take the weights out of options."""
    return fr.GramStats.from_data(X, y, options.pop("sample_weight", None))


def fits(penalty, X, y, options):
    """The fits of this penalty, all in the scaling of elastic_net."""
    alpha, l1_ratio = PENALTIES[penalty]
    if penalty in ("path", "folds"):
        if penalty == "path":
            path = fr.elastic_net_path(X, y, l1_ratio=l1_ratio, alphas=alpha, tol=TOL, **options)
        else:
            rows = np.arange(len(y)) % 3  # so that no fold has rows of weight 0 alone
            path = fr.elastic_net_cv(X, y, l1_ratio=l1_ratio, alphas=alpha, tol=TOL, cv=rows, **options).path
        assert path.alphas.tolist() == list(alpha)
        return list(path)
    if penalty in RIDGE:
        fit = RIDGE[penalty](X, y, alpha, **judged(options))
        total = np.sum(options.get("sample_weight", len(y)))  # ridge takes weights as they are
        size = {name: getattr(fit, name) / (2 * total) for name in ("objective", "dual_gap")}
        return [replace(fit, alpha=alpha / total, **size)]
    if penalty == "statistics":
        rest = dict(options)
        return [statistics(X, y, rest).elastic_net(alpha, l1_ratio=l1_ratio, tol=TOL, **rest)]
    return [fr.elastic_net(X, y, alpha, l1_ratio=l1_ratio, tol=TOL, **options)]


@lru_cache
def plain_fits(shape, dtype, name, penalty):
    X, y = plain(shape, dtype)
    return fits(penalty, X, y, options_for(name, X))


def assert_contract(X, y, fit, options, tol=TOL):
    """Optimal for two judges that share no code with the solver, and the claims are theirs."""
    kkt.assert_optimal(X, y, fit, fit.alpha, l1_ratio=fit.l1_ratio, tol=tol, **options)
    claim = {"l1_ratio": fit.l1_ratio, "intercept": fit.intercept}
    certificate = fr.certify(X, y, fit.coef, fit.alpha, **claim, **options)
    assert certificate.broken == ""
    t = ref.terms(X, y, fit.alpha, fit.l1_ratio, **options)
    rounding = kkt.gap_rounding(X, y, fit.coef, fit.alpha, fit.l1_ratio, **options) + 64 * ref.EPS * (t.b @ t.b)
    assert abs(certificate.objective - fit.objective) <= rounding
    assert certificate.dual_gap <= tol * fit.objective + 1e3 * rounding  # it counts the worst case of all roundings


def assert_same(X, y, fit, other, options):
    """Two minimisers to their gaps: 1/2 |A (w - w*)|^2 <= gap, for the penalised rows of A, too."""
    t = ref.terms(X, y, fit.alpha, fit.l1_ratio, **options)
    rounding = kkt.gap_rounding(X, y, fit.coef, fit.alpha, fit.l1_ratio, **options)
    assert abs(fit.objective - other.objective) <= max(fit.dual_gap, other.dual_gap) + rounding
    apart = np.sqrt(2 * (fit.dual_gap + rounding)) + np.sqrt(2 * (other.dual_gap + rounding))
    step = fit.coef - other.coef
    assert np.linalg.norm(t.A @ step) <= apart
    assert np.linalg.norm(np.sqrt(t.l2) * step) <= apart


def takes(penalty, name):
    """Whether this penalty has all options of this name."""
    return not set(LACKING.get(penalty, ())) & set(OPTIONS[name](8, 8))


def cases():
    """Every layout with every option; those of the thin slice on both shapes, the others, slow, on wide data only."""
    for name in OPTIONS:
        for layout in LAYOUTS:
            thin = name in FEW or layout in ("F", "CSC")
            for shape in SHAPES if thin else ("wide",):
                for penalty in PENALTIES:
                    if takes(penalty, name):
                        yield pytest.param(name, layout, shape, penalty, marks=() if thin else pytest.mark.slow)


@pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])
@pytest.mark.parametrize(("name", "layout", "shape", "penalty"), list(cases()))
def test_contract(layout, name, dtype, penalty, shape):
    dense, y = plain(shape, dtype)
    X, options = LAYOUTS[layout](dense, dtype), options_for(name, dense)
    arrays = [y, *(a for a in options.values() if isinstance(a, np.ndarray))]
    before = stored(X), [a.tobytes() for a in arrays]
    found = fits(penalty, X, y, options)
    assert (stored(X), [a.tobytes() for a in arrays]) == before
    for fit, other in zip(found, plain_fits(shape, dtype, name, penalty), strict=True):
        assert_contract(dense, y, fit, judged(options), 1e-6 if penalty in RIDGE else TOL)
        assert_same(dense, y, fit, other, judged(options))


@pytest.mark.parametrize(
    ("name", "layout"), [(name, layout) for name in OPTIONS for layout in ("F", "CSC") if name in FEW or layout == "F"]
)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("penalty", ["lasso", "elastic net", "no penalty", "path"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_working_set_keeps_the_contract(monkeypatch, form, penalty, shape, name, layout):
    dense, y = plain(shape, np.float64)
    options = options_for(name, dense)
    others = plain_fits(shape, np.float64, name, penalty)
    use_form(monkeypatch, form)
    for fit, other in zip(fits(penalty, LAYOUTS[layout](dense, np.float64), y, options), others, strict=True):
        assert_contract(dense, y, fit, judged(options))
        assert_same(dense, y, fit, other, judged(options))


@pytest.mark.parametrize("name", ["none", "no intercept", "standardize", "weights, offset, standardize"])
@pytest.mark.parametrize("layout", ["CSC", "CSC int64", "CSC unsorted"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("density", [0.004, 0.02, 0.1, 0.4, 0.7])
def test_columns_with_few_entries_are_what_they_are_in_dense_X(density, dtype, layout, name):
    """Columns of every length, the last ones short; many at once (ridge) and few by few (a path)."""
    rng = np.random.default_rng(5)
    X, y = problem(200, 90, seed=5, offset=1.0)
    X[rng.random(X.shape) > density * np.linspace(2, 0, 90)] = 0.0
    X[:, 1], X[7, -4:] = 2.0, (1.0, 2.0, 3.0, 4.0)
    X = np.asfortranarray(X.astype(dtype), dtype=np.float64)
    y[7] += 20.0
    options = options_for(name, X)
    A = LAYOUTS[layout](X, dtype)
    same, other = fr.ridge(X, y, 0.1, **options), fr.ridge(A, y, 0.1, **options)
    np.testing.assert_allclose(other.coef, same.coef, rtol=1e-9, atol=1e-10)
    alphas = fr.alpha_max(X, y, **options) * np.geomspace(0.9, 0.01, 8)
    paths = (fr.lasso_path(data, y, alphas=alphas, tol=TOL, **options) for data in (A, X))
    for fit, other in zip(*paths, strict=True):
        assert_contract(X, y, fit, options)
        assert_same(X, y, fit, other, options)
