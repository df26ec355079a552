"""The errors of folds that go down the grid together, each column of X read once for all of them.

Turns folds into problems in kernel scaling; must not know how alphas are chosen from errors, nor how the kernels solve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastreg._descent import OUTCOMES, Share, Step, choose_lockstep
from fastreg._model import extent
from fastreg._normalise import Factors, Problem, scale_target
from fastreg._selection.held import Errors, Folds, Held, Rows, joined
from fastreg.kernels._folds import Lockstep

Floats = NDArray[np.float64]


class Group:
    """Folds that are solved side by side, and with them all rows, where `keeps`: then `steps` has those of their path, one list
    for each share of least squares.

    The solvers are made at the first alpha, and memory is theirs until `release`."""

    def __init__(self, held: Held, folds: Folds, share: Share, keeps: bool) -> None:
        self.model, self.held, self.of_folds, self.share, self.keeps = held.model, held, folds, share, keeps
        self.folds = len(folds)
        self.shares: list[float] = held.shares.tolist()
        self.steps: list[list[Step]] = [[] for _ in self.shares]
        self.counts: dict[str, int] = {}
        self.problems: list[Problem] = []

    def _start(self) -> None:
        """Make the solvers: one reading of X."""
        held, folds, model = self.held, self.of_folds, self.model
        self.problems = [_problem(held, train) for train, _ in folds]
        tests, known, shares = [], [], []
        for one, (_, test) in zip(self.problems, folds, strict=True):
            tests.append(test)
            known.append(one.sy * (held.known(test) - one.y_mean))
            shares.append(held.shares_of(test))
        roots = [one.root for one in self.problems if one.root is not None]
        if self.keeps:
            self.problems.append(model.descent.problem)  # that of the present target
            tests.append(np.empty(0, np.intp))
            known.append(np.empty(0))
            shares.append(np.empty(0))
            roots.append(np.sqrt(held.weights))
        ys, whole = [one.y for one in self.problems], model.descent.problem
        self.kernel = Lockstep(
            whole.columns, roots, ys, tests, known, shares, self.share.room, self.keeps, whole.unit, held.shares
        )
        if model.problem.standard:
            for k, one in enumerate(self.problems[: self.folds]):
                one.factors = self._standardised(k)
        bounds = self._bounds()
        self.kernel.begin([one.factors for one in self.problems], bounds, self.share.form.gram, self.share.form.factor)
        self.unit = np.array([one.sy for one in self.problems])

    def release(self) -> None:
        """Free the solvers: nothing follows."""
        self.__dict__.pop("kernel", None)
        self.problems = []

    def _standardised(self, k: int) -> Factors:
        """Penalty factors with the standard deviations that columns have in fold k."""
        squares = np.empty(self.model.p)
        self.kernel.squares(k, squares)
        return self.model.standardised(squares, self.model.problem.n)

    def _bounds(self) -> list[Factors | None]:
        """Bounds of every fold; the same arrays for folds whose unit is the same."""
        made: dict[float, Factors | None] = {}
        for one in self.problems:
            if one.sy not in made:
                made[one.sy] = one.bounds
        return [made[one.sy] for one in self.problems]

    def descend(self, alphas: Floats) -> Errors:
        """Solve every fold at one alpha after another."""
        if not self.problems:
            self._start()
        model, shape = self.model, (alphas.size, len(self.problems))
        along = [one.penalties_along(alphas, model.l1_ratio) for one in self.problems]
        l1, l2 = (np.stack(each, axis=1) for each in zip(*along, strict=True))
        width = max(2 + 2 * len(self.shares), 6)
        found, how, before = np.empty((*shape, width)), np.empty((*shape, 3), np.intp), self.kernel.n_kept
        budget = self.share.budget if len(self.problems) > 1 else np.inf
        done = self.kernel.descend(l1, l2, model.tol, model.max_iter, found, how, budget)
        found, how = found[:done], how[:done]
        self.counts = self.kernel.counts
        if self.keeps:
            self._keep(found[:, -1], how[:, -1], before)
        unit, of_folds = self.unit[: self.folds, None], found[:, : self.folds]
        losses = of_folds[..., 2 : 2 + 2 * len(self.shares)]
        with np.errstate(over="ignore"):
            squares, sizes = losses[..., ::2] / unit / unit, losses[..., 1::2] / unit
        errors = Errors(squares, sizes, of_folds[..., 0], of_folds[..., 1], how[:, : self.folds, 0])
        if done == alphas.size:
            return errors
        self.release()
        rest = self._apart(alphas[done:])
        return joined([errors, rest], 0)

    def _apart(self, alphas: Floats) -> Errors:
        """The folds one after another, and all rows, as they take too much memory together."""
        parts = []
        share = choose_lockstep(self.model.problem.n, self.model.p, 1, *extent(self.model.design))
        for fold in self.of_folds:
            one = Group(self.held, [fold], share, False)
            parts.append(one.descend(alphas))
            one.release()
        if self.keeps:
            whole = Group(self.held, [], share, True)
            whole.descend(alphas)
            self.counts = {name: count + self.counts[name] * (name != "working_set") for name, count in whole.counts.items()}
            for steps, more in zip(self.steps, whole.steps, strict=True):
                steps += more
        return joined(parts, 1)

    def _keep(self, found: Floats, how: NDArray[np.intp], before: int) -> None:
        """Take the solutions for all rows, of which there were so many coefficients before."""
        size, public = self.kernel.n_kept, self.model.descent.public
        cols, values, refits = np.empty(size, np.intp), np.empty(size), np.zeros(size)
        if size > 0:
            self.kernel.take_kept(cols, values, refits)
        ends = before + np.cumsum(how[:, 2])
        for start, end, one, (outcome, n_iter, _) in zip(ends - how[:, 2], ends, found.tolist(), how.tolist(), strict=True):
            objective, gap, *of_each = one
            for share, steps in zip(self.shares, self.steps, strict=True):
                w, level, residual = values[start:end], of_each[0], of_each[1]
                if share > 0.0:
                    w, kept = (1.0 - share) * w + share * refits[start:end], (1.0 - share) ** 2
                    level = (1.0 - share) * level + share * of_each[2]
                    residual = kept * residual + (1.0 - kept) * of_each[3]  # y - Xx is orthogonal to X(x - w)
                steps.append(public(cols[start:end], w, level, objective, gap, n_iter, OUTCOMES[outcome], residual))


def _problem(held: Held, train: Rows) -> Problem:
    """The problem of the rows of a fold: weights of 0 for the others, and n in all."""
    model, root = held.model, np.zeros(held.weights.size)
    part = held.weights[train]
    part = part / part.max()  # all may be so small that n over their sum is not finite
    root[train] = np.sqrt(part * (root.size / part.sum()))
    found = model.problem.for_target(*scale_target(held.y, model.center, root, model.offset), None)
    found.root = root
    return found
