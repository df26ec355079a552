"""The errors of every fold at every alpha, with all folds going down the grid together.

Knows folds, weights and what memory there is, and turns a fold into a problem in kernel scaling; must not know how alphas are
chosen from errors, nor how the kernels solve.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _lasso, _options
from fastreg._descent import OUTCOMES, Form, choose_lockstep
from fastreg._model import Model, Options, extent
from fastreg._normalise import HUGE, Factors, Problem, scale_target, standardised
from fastreg._results import ConvergenceWarning, Status
from fastreg.kernels._folds import Lockstep

Floats = NDArray[np.float64]
STALLED = OUTCOMES.index(Status.STALLED)
Rows = NDArray[np.intp]
Folds = list[tuple[Rows, Rows]]


class Errors(NamedTuple):
    """What became of every fold, shape (folds,) at an alpha, (K, folds) at all of them."""

    mse: NDArray[Any]
    mae: NDArray[Any]
    objective: NDArray[Any]
    gap: NDArray[Any]
    status: NDArray[Any]  # an index of OUTCOMES


class Held(NamedTuple):
    """A model with its options as the user gave them, one of its targets, and the folds of its rows."""

    model: Model
    options: Options
    y: Floats  # of the rows, as the user gave it
    folds: Folds
    weights: Floats  # of the rows, adding up to n


class Group:
    """Folds that are solved side by side."""

    def __init__(self, held: Held, folds: Folds, form: Form, room: int) -> None:
        self.model = model = held.model
        self.problems = [_problem(held, train) for train, _ in folds]
        tests, known, shares = [], [], []
        for one, (_, test) in zip(self.problems, folds, strict=True):
            tests.append(test)
            known.append(one.sy * (held.y[test] - (0.0 if model.offset is None else model.offset[test]) - one.y_mean))
            shares.append(held.weights[test] / held.weights[test].sum())
        roots = [one.root for one in self.problems if one.root is not None]
        self.kernel = Lockstep(model.problem.columns, roots, [one.y for one in self.problems], tests, known, shares, room)
        if model.problem.standard:
            for k, one in enumerate(self.problems):
                one.factors = self._standardised(k)
        bounds = self._bounds()
        self.kernel.begin([one.factors for one in self.problems], bounds, form.gram, form.factor)
        self.unit = np.array([one.sy for one in self.problems])

    def _standardised(self, k: int) -> Factors:
        """Penalty factors with the standard deviations that columns have in fold k."""
        squares = np.empty(self.model.p)
        self.kernel.squares(k, squares)
        found = standardised(squares, self.model.problem.n, self.model.factors, self.model.problem.limits)
        if self.model.problem.limits is not None:
            _options.excluded_within(found[0], *self.model.problem.limits)
        return found

    def _bounds(self) -> list[Factors | None]:
        """Bounds of every fold; the same arrays for folds whose unit is the same."""
        made: dict[float, Factors | None] = {}
        for one in self.problems:
            if one.sy not in made:
                made[one.sy] = one.bounds
        return [made[one.sy] for one in self.problems]

    def descend(self, alphas: Floats) -> Errors:
        """Solve every fold at one alpha after another."""
        model, shape = self.model, (alphas.size, len(self.problems))
        l1, l2 = np.empty(shape), np.empty(shape)
        for at, alpha in enumerate(alphas.tolist()):
            l1[at], l2[at] = model.problem.penalties(alpha, model.l1_ratio)
        if not (l1 < HUGE).all():
            for at, alpha in enumerate(alphas.tolist()):
                l1[at], l2[at] = np.transpose([one.penalties(alpha, model.l1_ratio) for one in self.problems])
        else:  # of a fold in another unit
            l1 *= self.unit / model.problem.sy
        found, how = np.empty((*shape, 4)), np.empty((*shape, 2), np.intp)
        self.kernel.descend(l1, l2, model.tol, model.max_iter, found, how)
        objective, gap, squares, sizes = np.moveaxis(found, 2, 0)
        scale = model.problem.n * self.unit * self.unit
        return Errors(squares / self.unit / self.unit, sizes / self.unit, objective / scale, gap / scale, how[..., 0])


def _problem(held: Held, train: Rows) -> Problem:
    """The problem of the rows of a fold: weights of 0 for the others, and n in all."""
    model, root = held.model, np.zeros(held.weights.size)
    part = held.weights[train]
    root[train] = np.sqrt(part * (root.size / part.sum()))
    found = model.problem.for_target(*scale_target(held.y, model.center, root, model.offset), None)
    found.root = root
    return found


def fold_errors(held: Held, alphas: Floats, n_threads: int, watch: Callable[[Errors], bool] | None = None) -> Errors:
    """The errors of every fold at each alpha, which go down; watch: called after each, and ends them by True.

    Cost: as one path for each fold, but each column is read once for all folds of a thread."""
    if held.model.l1_ratio == 0.0 or not alphas.all():  # a factor for each fold and alpha
        alone = [_alone(held, fold, alphas) for fold in held.folds]
        whole = Errors(*(np.stack(parts, axis=1) for parts in zip(*alone, strict=True)))
        kept = next((k for k in range(alphas.size) if watch is not None and watch(_at(whole, k))), alphas.size - 1)
        return Errors(*(part[: kept + 1] for part in whole))
    n, t = held.model.problem.n, len(held.folds)
    room, form = choose_lockstep(n, held.model.p, t, *extent(held.model.design))
    share = min(n_threads, t)
    parts = [held.folds[t * k // share : t * (k + 1) // share] for k in range(share)]
    with ThreadPoolExecutor(share) if share > 1 else nullcontext() as pool:
        run: Any = map if pool is None else pool.map
        groups = list(run(lambda part: Group(held, part, form, room), parts))
        found = []
        for some in [alphas] if watch is None else alphas[:, None]:
            steps = list(run(lambda group, some=some: group.descend(some), groups))
            found.append(Errors(*(np.concatenate(parts, axis=1) for parts in zip(*steps, strict=True))))
            if watch is not None and watch(_at(found[-1], 0)):
                break
    whole = Errors(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    for k in np.flatnonzero((whole.status == STALLED).any(axis=0)):  # alone it may do without an l1 that rounding hides
        for part, other in zip(whole, _alone(held, held.folds[k], alphas[: len(whole.mse)]), strict=True):
            part[:, k] = other
    return whole


def _at(errors: Errors, k: int) -> Errors:
    """The errors at one alpha."""
    return Errors(*(part[k] for part in errors))


def _alone(held: Held, fold: tuple[Rows, Rows], alphas: Floats) -> Errors:
    """The errors of one fold at each alpha, by a path with weights of 0 for the other rows."""
    train, test = fold
    weights = np.zeros(held.weights.size)
    weights[train] = held.weights[train]
    X: Any = held.model.design
    if held.model.problem.columns.sparse:
        from fastreg import _sparse

        X = _sparse.by_rows(X)
    options = held.options._replace(sample_weight=weights, warm_start=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the statuses are judged with those of all folds
        path = _lasso.one_path(Model(X, held.y, options, held.model.l1_ratio), alphas)
    known = held.y[test] - (0.0 if held.model.offset is None else held.model.offset[test])
    missed, shares = known[:, None] - path.predict(X[test]), held.weights[test] / held.weights[test].sum()
    status = np.array([OUTCOMES.index(one) if one in OUTCOMES else 0 for one in path.statuses])
    return Errors(shares @ np.square(missed), shares @ np.abs(missed), path.objectives, path.dual_gaps, status)
