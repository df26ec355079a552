"""The errors of folds that go down the grid together, each column of X read once for all of them.

Turns folds into problems in kernel scaling; must not know how alphas are chosen from errors, nor how the kernels solve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastreg import _options
from fastreg._descent import Form
from fastreg._normalise import Factors, Problem, scale_target, standardised
from fastreg._selection.held import Errors, Folds, Held, Rows
from fastreg.kernels._folds import Lockstep

Floats = NDArray[np.float64]


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
        along = [one.penalties_along(alphas, model.l1_ratio) for one in self.problems]
        l1, l2 = (np.stack(each, axis=1) for each in zip(*along, strict=True))
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
