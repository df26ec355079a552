"""What is asked of a solver in a race, and the verified gap of what it answers.

KINDS: from a kind to how its Task is made.  A task's X is dense and centred (so that no solver needs an intercept) or sparse,
except for "cv", where every fold has its own means.  Answers and gaps, relative to the objective:

    lasso, lasso path, elastic net path, ridge path   coefs (p, K), dense or sparse; the largest duality gap
    ridge; ridge, 32 targets                          coefs (p, t); the same
    cv        mean squared errors (K,) over the folds; the square of their largest difference from those of fits certified
              to 1e-12, relative to the largest: a fit, and with it its error, moves by the square root of its gap
    map       an array; its largest difference from the formula in numpy, relative to the largest entry
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from . import prox_maps
from .gaps import difference, largest, lasso_gaps, ridge_gaps
from .problems import load, targets

FOLDS = 10
JUDGED = {"cv": "squared difference of the errors", "map": "difference from the formula"}  # other kinds by their duality gap


@dataclass
class Task:
    """X (n, p), y (n,) or (n, t), alphas (K,) in falling order, and what else a kind needs."""

    kind: str
    X: Any
    y: np.ndarray
    alphas: np.ndarray
    l1_ratio: float = 1.0
    fold_of: np.ndarray | None = None
    case: tuple = ()  # of prox_maps.CASES
    kept: dict = field(default_factory=dict)  # what a solver prepares outside the clock

    @cached_property
    def folds(self):
        """(train, test) of each fold, as scikit-learn's conventions have it."""
        return [(np.flatnonzero(self.fold_of != k), np.flatnonzero(self.fold_of == k)) for k in range(FOLDS)]

    def gap(self, answer):
        """As at the head of this file; infinite for what is not a number, and an error for what has another shape."""
        answer = dense(answer)
        if self.kind == "cv":
            return difference(answer, self.errors) ** 2
        if self.kind == "map":
            return difference(answer, self.case[2](self.y, *self.case[1]))
        if self.kind.startswith("ridge"):
            return largest(*ridge_gaps(self.X, self.y, answer, self.alphas, intercept=False)[:2])
        return largest(*lasso_gaps(self.X, self.y, answer, self.alphas, self.l1_ratio, intercept=False)[:2])

    @cached_property
    def errors(self):
        """The mean squared errors (K,) of fits whose gaps are verified."""
        import fastreg as fr

        errors = []
        for fold in range(FOLDS):
            out = self.fold_of == fold
            X, y = self.X[~out], self.y[~out]
            path = fr.lasso_path(X, y, alphas=self.alphas, tol=1e-12)
            gaps, objectives, floor = lasso_gaps(X, y, path.coefs, self.alphas)
            assert np.all(gaps <= 1e-12 * objectives + floor)
            errors.append(np.mean((self.y[out, None] - path.predict(self.X[out])) ** 2, axis=0))
        return np.mean(errors, axis=0)


def task(race):
    """The Task of a problems.Race."""
    X, y = load(race.data, "float64")
    return KINDS[race.kind](race, X, y)


def one_lasso(race, X, y):
    X, y, scale = centred(X, y)
    return Task(race.kind, X, y, np.array([race.ratio * scale]))


def path(l1_ratio=1.0, K=100):
    def make(race, X, y):
        centred_X, centred_y, scale = centred(X, y)
        return Task(race.kind, centred_X, centred_y, scale / l1_ratio * np.geomspace(1, race.ratio, K), l1_ratio)

    return make


def cross_validation(race, X, y):
    scale = centred(X, y)[2]
    fold_of = np.random.default_rng(0).permutation(np.arange(len(y)) % FOLDS)
    return Task(race.kind, X, y, scale * np.geomspace(1, race.ratio, 100), fold_of=fold_of)


def one_ridge(t=None):
    def make(race, X, y):
        X, y = centred(X, targets(y, t) if t else y)[:2]
        return Task(race.kind, X, y, np.array([race.ratio * mean_square(X)]))

    return make


def ridge_path(race, X, y):
    X, y, _ = centred(X, y)
    return Task(race.kind, X, y, mean_square(X) * np.geomspace(10, race.ratio, 100))


def one_map(race, X, y):
    case = next(case for case in prox_maps.CASES if case[0] == race.detail)
    return Task(race.kind, None, 2 * np.ascontiguousarray(X[:, 0]), np.empty(0), case=case)


KINDS = {
    "lasso": one_lasso,
    "lasso path": path(),
    "elastic net path": path(0.5),
    "cv": cross_validation,
    "ridge": one_ridge(),
    "ridge, 32 targets": one_ridge(32),
    "ridge path": ridge_path,
    "map": one_map,
}


def is_direct(kind):
    """Whether a kind has no tolerance to choose."""
    return kind.startswith("ridge") or kind == "map"


def judged_by(kind):
    """What stands for the gap of a kind."""
    return JUDGED.get(kind, "duality gap")


def dense(answer):
    """An answer as an array of float64."""
    return np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer, dtype=np.float64)


def centred(X, y):
    """X, if dense, and y without their means, and max_j |x_j'y| / n: the alpha_max of a lasso without an intercept."""
    y = np.ascontiguousarray(y - y.mean(axis=0))
    if isinstance(X, np.ndarray):
        X = np.asfortranarray(X - X.mean(axis=0))
    return X, y, float(np.abs(X.T @ y).max()) / len(y)


def mean_square(X):
    """The mean |x_j|^2, for dense or sparse X."""
    return float((X * X).sum() / X.shape[1])
