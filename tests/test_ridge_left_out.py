"""Rows left out of odd data are predicted as plain fits to the others predict them: few different entries, many zeros, columns
without a penalty that a row or a fold alone knows of, weights of 0."""

import numpy as np
import pytest

import fastreg as fr

SEEDS = range(400)
blocks = pytest.mark.parametrize("seeds", [SEEDS[i::8] for i in range(8)], ids=range(8))


def odd(seed):
    """X, y, alpha and options."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 16)), int(rng.integers(1, 24))
    X = rng.integers(-2, 3, (n, p)) * (rng.random((n, p)) < rng.choice([0.2, 0.6, 1.0]))
    options = {
        "penalty_factor": rng.choice([0.0, 0.5, 1.0, 2.0, np.inf], p, p=[0.15, 0.25, 0.3, 0.2, 0.1]),
        "sample_weight": rng.choice([0.0, 0.5, 1.0, 2.0], n, p=[0.1, 0.3, 0.3, 0.3]) if rng.random() < 0.5 else np.ones(n),
        "fit_intercept": bool(rng.random() < 0.7),
    }
    return X.astype(float), rng.standard_normal(n), float(10 ** rng.uniform(-3, 3)), options


def error(X, y, alpha, train, test, sample_weight, **options):
    """sum_i s_i e_i^2 over the test rows, of a plain fit to the others of weight > 0."""
    s = sample_weight
    train = train & (s > 0.0)
    fit = fr.ridge(X[train], y[train], alpha, sample_weight=s[train], **options)
    return s[test] @ (y[test] - fit.predict(X[test])) ** 2


@blocks
def test_each_row(seeds):
    for seed in seeds:
        X, y, alpha, options = odd(seed)
        s, rows = options["sample_weight"], np.arange(len(y))
        if np.count_nonzero(s) < 2:
            continue
        loo = fr.ridge_path(X, y, [alpha], **options).loo[0]
        expected = sum(error(X, y, alpha, rows != i, rows == i, **options) for i in rows) / s.sum()
        assert loo == pytest.approx(expected, rel=1e-6, abs=1e-12), seed


@blocks
def test_the_error_of_each_row(seeds):
    for seed in seeds[::5]:
        X, y, alpha, options = odd(seed)
        s, rows = options["sample_weight"], np.arange(len(y))
        if np.count_nonzero(s) < 2:
            continue
        found = fr.ridge_cv(X, y, [alpha, 10 * alpha], row_errors=True, **options).row_errors
        assert found.shape == (len(y), 2)
        np.testing.assert_array_equal(np.isnan(found[:, 0]), s == 0.0)
        for i in np.flatnonzero(s):
            expected = np.sqrt(error(X, y, alpha, rows != i, rows == i, **options) / s[i])
            assert abs(found[i, 0]) == pytest.approx(expected, rel=1e-6, abs=1e-7), seed


@blocks
@pytest.mark.parametrize("standardize", [False, True])
def test_each_fold(seeds, standardize):
    for seed in seeds:
        X, y, alpha, options = odd(seed)
        options["standardize"] = standardize
        s, fold = options["sample_weight"], np.arange(len(y)) % (2 + seed % 2)
        if any(not s[fold == k].any() or not s[fold != k].any() for k in np.unique(fold)):
            continue
        found = fr.ridge_cv(X, y, [alpha], cv=fold, **options).fold_errors[:, 0]
        expected = [error(X, y, alpha, fold != k, fold == k, **options) / s[fold == k].sum() for k in np.unique(fold)]
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-12), seed
