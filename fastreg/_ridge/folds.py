"""Errors of ridge on rows left out, many alphas and targets at once, from one Gram matrix for all folds.

    by columns    statistics of groups of rows that all folds treat alike; those of a fold's training rows are merged
    by rows       products of rows, centred anew for each fold; where factors differ by fold, one Gram matrix each

It knows the spectra and folds; it must not know how an alpha is chosen.  No fold copies its rows of X.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _options
from fastreg._gramstats import GramStats
from fastreg._model import Model, Options
from fastreg._ridge.design import ENTRIES, EPS, Design, Directions
from fastreg._ridge.functions import Reduced, fit_at, penalised_model, penalties
from fastreg._ridge.spectrum import RowSpectrum
from fastreg._ridge.tridiagonal import by_columns

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Folds = _options.CheckedFolds

# From this condition number on statistics leave an error of a fold fewer than six digits.
ILL = 1e10


def fold_errors(model: Model, options: Options, alphas: Floats, folds: Folds) -> Floats:
    """The weighted mean squared error on each fold, (folds, K, t).

    options: as the user gave them."""
    held = Held(model, options, alphas)
    folds = _options.folds_that_count(folds, held.weights)
    errors = np.empty((len(folds), alphas.size, len(held.problems)))
    least, plain = np.flatnonzero(alphas == 0.0), model.problem.factors is None and model.problem.matrix is None
    tall = model.problem.n >= model.problem.p or model.problem.matrix is not None
    if tall:
        trained = _by_columns(held, folds)
    elif model.problem.standard:
        trained = _one_by_one(held, folds)
    else:
        trained = None
    for k, (train, test) in enumerate(folds):
        if trained is None:
            missed = _by_rows(held, train, test)
            errors[k] = np.einsum("i,ikt->kt", held.weights[test], missed**2)
        else:
            errors[k] = held.squares(test, *next(trained))
        if least.size > 0 and not (plain and tall):
            errors[k, least] = held.squares(test, *_without_penalty(held, train))
        errors[k] /= held.weights[test].sum()
    return errors


class Held:
    """The rows of a problem, to be judged or fitted in part."""

    def __init__(self, model: Model, options: Options, alphas: Floats) -> None:
        self.model, self.options, self.alphas, n = model, options, alphas, model.problem.n
        self.problems = model.all_targets()
        self.weights = np.ones(n) if options.sample_weight is None else np.asarray(options.sample_weight, np.float64)
        self.Y = model.Y.astype(np.float64).reshape(n, -1) - (0.0 if model.offset is None else model.offset[:, None])
        self.X: Any = model.design
        if model.problem.columns.sparse:
            from fastreg import _sparse

            self.X = _sparse.by_rows(model.design)

    @cached_property
    def design(self) -> Design:
        """X and the penalty, for products of rows."""
        return Design(self.model.problem, self.model.descent.ridge.directions())

    @cached_property
    def gram(self) -> Floats:
        """X inv(D) X' over the penalised columns, weighted."""
        return self.model.descent.ridge.row_gram(self.design)

    @cached_property
    def free(self) -> Floats:
        """The columns that have no penalty, weighted."""
        return self.design.free_columns()

    def part(self, train: Rows) -> Model:
        """The model with weights of 0 for the other rows."""
        weights = np.zeros(self.weights.size)
        weights[train] = self.weights[train]
        return penalised_model(self.X, self.model.Y, self.options._replace(sample_weight=weights), self.model.problem.matrix)

    def parts(self, rows: Rows) -> Iterator[tuple[Rows, Any]]:
        """These rows of X, so many at a time as fit in a buffer."""
        step = max(64, ENTRIES // self.model.p)
        for i in range(0, rows.size, step):
            some = rows[i : i + step]
            yield some, self.X[some]

    def squares(self, rows: Rows, coefs: Floats, intercepts: Floats) -> Floats:
        """sum_i s_i e_i^2 over rows, (K, t), for coefs (t, K, p) and intercepts (t, K)."""
        total = np.zeros(coefs.shape[1::-1])
        for some, X in self.parts(rows):
            for t in range(coefs.shape[0]):
                missed = self.Y[some, t, None] - (X @ coefs[t].T + intercepts[t])
                total[:, t] += self.weights[some] @ missed**2
        return total


def _by_columns(held: Held, folds: Folds) -> Iterator[tuple[Floats, Floats]]:
    """Coefficients (t, K, p) and intercepts (t, K) of every fold, from merged statistics."""
    membership = np.zeros((held.weights.size, len(folds)), bool)
    for k, (train, _) in enumerate(folds):
        membership[train, k] = True
    kinds, kind = np.unique(membership, axis=0, return_inverse=True)
    kind = kind.ravel()
    if kinds.shape[0] > 2 * len(folds) + 1:  # folds that cut across one another
        kinds, groups = np.eye(len(folds), dtype=bool), [train for train, _ in folds]
    else:
        groups = [np.flatnonzero(kind == g) for g in range(kinds.shape[0])]
    stats = []
    for rows in groups:
        stats.append(GramStats())
        for some, X in held.parts(rows):
            stats[-1].update(X, held.Y[some], held.weights[some])
    for k in range(len(folds)):
        first, *others = [one for one, has in zip(stats, kinds[:, k], strict=True) if has and one.n_rows > 0]
        found = _from_statistics(held, first.merge(*others) if others else first)
        yield found or _fitted(held, folds[k][0])


def _from_statistics(held: Held, stats: GramStats) -> tuple[Floats, Floats] | None:
    """Coefficients and intercepts from the statistics of a fold's training rows; None where that leaves too few digits."""
    model, alphas = held.model, held.alphas
    gram, xty, yty = stats.gram, stats.xty, np.diag(stats.yty)
    if not model.problem.centered:
        gram = gram + stats.weight * np.outer(stats.mean, stats.mean)
        xty = xty + stats.weight * np.outer(stats.mean, stats.y_mean)
        yty = yty + stats.weight * stats.y_mean**2
    factors = _options.penalty_factors(held.options.penalty_factor, model.p)
    squares = np.diag(gram)
    u = np.ones(model.p) if factors is None else factors[1].copy()
    if model.problem.standard:
        u[squares > 0.0] *= squares[squares > 0.0] / stats.weight
    if model.problem.matrix is None:
        u[squares <= 0.0] = np.inf
    found = by_columns(gram, Directions(u, model.problem.matrix), float(alphas.min()))
    if max(found.condition(float(alphas.min())), found.spread) > ILL:
        return None
    coefs = np.stack([found.coefs(found.target(t, None, xty[:, t], float(yty[t])), alphas) for t in range(xty.shape[1])])
    intercepts = np.zeros(coefs.shape[:2])
    if model.problem.centered:
        intercepts = stats.y_mean[:, None] - coefs @ stats.mean
    return coefs, intercepts


def _one_by_one(held: Held, folds: Folds) -> Iterator[tuple[Floats, Floats]]:
    """The same by a fit of each fold, with weights of 0 for the other rows."""
    for train, _ in folds:
        yield _fitted(held, train)


def _fitted(held: Held, train: Rows) -> tuple[Floats, Floats]:
    """Coefficients and intercepts by a path of its own."""
    reduced = Reduced(held.part(train), held.alphas, False)
    paths = [reduced.path(t, None) for t in range(len(reduced.problems))]
    return np.stack([path.coefs.T for path in paths]), np.stack([path.intercepts for path in paths])


def _without_penalty(held: Held, train: Rows) -> tuple[Floats, Floats]:
    """Coefficients (t, 1, p) and intercepts (t, 1) at alpha = 0, where the solution of least norm counts, whatever D is."""
    fit = fit_at(held.part(train), 0.0)
    coefs: Floats = fit.coef.reshape(held.model.p, -1).T[:, None, :]
    return coefs, np.reshape(fit.intercept, (-1, 1))


def _by_rows(held: Held, train: Rows, test: Rows) -> Floats:
    """The errors on the test rows, (m, K, t), from products of rows."""
    problem, free, s = held.model.problem, held.free, held.weights[train]
    root, l2 = held.design.root, penalties(held.model, held.alphas)
    both = np.concatenate([train, test])
    # as they were before weights, about the mean of all rows
    gram = held.gram[np.ix_(both, train)] / root[both, None] / root[train]
    N = free[both] / root[both, None]
    Y = np.stack([problem.y for problem in held.problems], axis=1)[both] / root[both, None]
    m, share = train.size, s / s.sum()
    level, size = np.zeros(Y.shape[1]), np.linalg.norm(N[:m], axis=0)
    if problem.centered:
        along = gram @ share
        across = share @ gram[:m]
        gram = gram - along[:, None] - across + float(share @ across)
        N, level = N - share @ N[:m], share @ Y[:m]
        N[:, np.linalg.norm(N[:m], axis=0) <= m * EPS * size] = 0.0  # constant where it could be learned
    # weights in the kernel's scale, so that l2 is that of all rows
    r = root[train]
    U, sigma, Vt = np.linalg.svd(r[:, None] * N[:m], full_matrices=False)
    kept = sigma > sigma.max(initial=0.0) * m * EPS
    Q = np.column_stack([np.sqrt(share), U[:, kept]]) if problem.centered else U[:, kept]
    inner = r[:, None] * gram[:m] * r
    spectrum = RowSpectrum(inner, Q)
    inverse = (Vt[kept].T / sigma[kept]) @ U[:, kept].T
    missed = np.empty((test.size, l2.size, Y.shape[1]))
    for t in range(Y.shape[1]):
        y = r * (Y[:m, t] - level[t])
        with np.errstate(divide="ignore", invalid="ignore"):  # at l2 = 0
            a = spectrum.dual(spectrum.U.T @ y, l2)
            fitted = gram[m:] @ (r * a).T + N[m:] @ (inverse @ (y[:, None] - inner @ a.T))
        missed[:, :, t] = (Y[m:, t, None] - level[t] - fitted) / held.problems[t].sy
    return missed
