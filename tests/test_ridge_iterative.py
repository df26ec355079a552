"""Ridge of sparse X whose Gram matrix is not made: the gap says how far the iterations came, whatever they did."""

import warnings

import numpy as np
import pytest
import reference as ref
from ridge_cases import OPTIONS
from scipy import sparse

import fastreg as fr

KINDS = {
    "CSC": sparse.csc_array,
    "CSR": sparse.csr_array,
    "CSC float32": lambda X: sparse.csc_array(X.astype(np.float32)),
}
MATRIX = [name for name in OPTIONS if "matrix" in name]


@pytest.fixture(params=[0, 10**9], ids=["no factor", "a factor where iterations fail"])
def without_gram(request, monkeypatch):
    """Every sparse X counts as large; whether a factor may help out."""
    monkeypatch.setattr("fastreg._ridge.iterative.LARGE", 0)
    monkeypatch.setattr("fastreg._ridge.iterative.MEMORY", request.param)
    return request.param == 0


def data(shape, kind):
    """A few entries a column and one full column, as float64 that this kind holds, and y."""
    rng = np.random.default_rng(0)
    X = np.where(rng.random(shape) < 4 / shape[0], rng.standard_normal(shape), 0.0)
    X[:, 3] += 2.0
    X = KINDS[kind](X).toarray().astype(np.float64)
    return X, X @ rng.standard_normal(shape[1]) + rng.standard_normal(shape[0])


def fit_and_warnings(*arguments, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return fr.ridge(*arguments, **options), caught


@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in MATRIX])
@pytest.mark.parametrize("alpha", [1e-8, 1e-2, 1.0, 1e4])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(120, 80), (80, 120)], ids=["tall", "fat"])
def test_the_gap_holds_and_says_how_it_ended(without_gram, shape, kind, alpha, name):
    X, y = data(shape, kind)
    options = OPTIONS[name](*shape)
    fit, caught = fit_and_warnings(KINDS[kind](X), y, alpha, **options)
    excess, value = ref.ridge_excess(X, y, fit.coef, alpha, **options), fit.objective
    _, b, _, _ = ref.ridge_rows(X, y, alpha, **options)
    rounding = 64 * ref.EPS * (b @ b)
    assert value == pytest.approx(ref.ridge_objective(X, y, fit.coef, fit.intercept, alpha, **options), rel=1e-10, abs=rounding)
    assert excess <= fit.dual_gap * (1 + 1e-6) + rounding
    if fit.status.converged:
        assert fit.dual_gap <= 1e-6 * value + 2 * rounding
        assert not caught
    else:
        assert without_gram
        assert fit.status is fr.Status.STALLED
        assert [issubclass(warning.category, fr.ConvergenceWarning) for warning in caught] == [True]
    if alpha >= 1e-2:
        assert fit.status.converged
    if without_gram and alpha <= 1.0:
        assert fit.n_iter > 3  # of LSMR: a factor is refined once or twice


def test_several_targets_are_each_alone(without_gram):
    X, y = data((120, 80), "CSC")
    Y = np.column_stack([y, X[:, 3], np.ones(120)])
    together = fr.ridge(sparse.csc_array(X), Y, [1.0, 2.0, 1.0])
    for k, alpha in enumerate([1.0, 2.0, 1.0]):
        alone = fr.ridge(sparse.csc_array(X), Y[:, k], alpha)
        np.testing.assert_array_equal(together.coef[:, k], alone.coef)


@pytest.mark.parametrize("shape", [(120, 80), (80, 120)], ids=["tall", "fat"])
def test_least_squares_is_of_least_norm(without_gram, shape):
    X, y = data(shape, "CSC")
    X[:, 7] = X[:, 8]
    fit, _ = fit_and_warnings(sparse.csc_array(X), y, 0.0)
    coef, _ = ref.ridge(X, y, 0.0)
    # without a penalty nothing is proved but that no objective is below 0
    without = fr.Status.PRECISION if shape[0] < shape[1] else fr.Status.STALLED
    assert fit.status is (without if without_gram else fr.Status.MINIMUM_NORM)
    np.testing.assert_allclose(fit.coef, coef, atol=1e-6 * np.abs(coef).max())
    assert ref.ridge_excess(X, y, fit.coef, 0.0) <= fit.dual_gap + 1e-9


@pytest.mark.parametrize("X", [np.zeros((5, 4)), np.eye(5)[:, :4], np.ones((5, 4))], ids=["zeros", "ones", "constant"])
@pytest.mark.parametrize("y", [np.zeros(5), np.full(5, 3.0), np.arange(5.0)], ids=["zero", "constant", "other"])
def test_data_with_nothing_to_fit(without_gram, X, y):
    fit = fr.ridge(sparse.csc_array(X), y, 1.0)
    coef, intercept = ref.ridge(X, y, 1.0)
    np.testing.assert_allclose(fit.coef, coef, atol=1e-9)
    assert fit.intercept == pytest.approx(intercept, abs=1e-9)


def test_a_factor_is_made_only_where_it_fits():
    from fastreg._ridge.iterative import factor_fits, is_large

    class Shape:
        class columns:
            sparse = True

        def __init__(self, n, p):
            self.n, self.p = n, p

    assert not is_large(Shape(3_000, 10**6))
    assert is_large(Shape(3_001, 10**6))
    assert factor_fits(Shape(14_142, 10**6))
    assert not factor_fits(Shape(10**6, 14_143))
