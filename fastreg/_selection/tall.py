"""The errors of folds of tall data, from moments of groups of rows that one reading of X gives.

A group is rows that all folds treat alike.  The moments of a fold's rows are those of its groups, merged; rows of data with the
same products (_compress.py) make a problem of p rows of them, and moments of the rows left out give its errors.

It knows groups and moments; must not know how alphas are chosen, nor how the kernels solve.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _options
from fastreg._descent import LEAST, SHARE, STALLED, TOGETHER
from fastreg._gramstats import GramStats
from fastreg._model import Model
from fastreg._normalise import normalise
from fastreg._selection.held import Errors, Folds, Groups, Held, joined
from fastreg.kernels._groups import group_moments
from fastreg.kernels._solver import Solver

Floats = NDArray[np.float64]

# Rows for each column from which a fold of p + 1 rows is worth its products; and X'X for folds costs n p^2/2 whatever matters:
# where more columns than this do not matter, reading those that do costs less.
ROWS = 3
COLUMNS = 1000

# Two bits of a number for each; and merging the groups of so many takes as long as their moments.
MOST_FOLDS = 31

# Errors that are so small a share of the squares they are taken from have lost digits that were asked for.
LOST = 1e-7


Kinds = tuple[NDArray[np.bool_], NDArray[np.intp]]


def waves(X: Any, folds: Folds) -> tuple[list[Folds], Kinds | None]:
    """The folds in so many parts that the moments of one fit into memory, none where X is not tall; and the kinds of rows of
    the first part.  Each part takes a reading of X, and n p^2/2."""
    if not isinstance(X, np.ndarray) or X.shape[0] < ROWS * X.shape[1] or X.shape[1] > COLUMNS:
        return [], None
    size = 16 * (X.shape[1] + 2) ** 2
    most = max(1, min(MOST_FOLDS, int(max(SHARE * X.nbytes, LEAST, TOGETHER - X.nbytes) / size) - 2))
    parts = [folds[k : k + most] for k in range(0, len(folds), most)]
    first = _kinds(parts[0], X.shape[0])
    while first is None or any(not _partition(part) and _kinds(part, X.shape[0]) is None for part in parts[1:]):
        # folds that cut across one another
        parts = [half for part in parts for half in (part[: len(part) // 2], part[len(part) // 2 :]) if len(half) > 0]
        first = _kinds(parts[0], X.shape[0])
    return parts, first


def _partition(folds: Folds) -> bool:
    """Whether the folds are known to train on what they do not test, and to test different rows."""
    return isinstance(folds, _options.CheckedFolds) and folds.trains is None


def groups_of(X: Any, y: NDArray[Any], root: Floats | None, folds: Folds, found: Kinds | None = None) -> Groups | None:
    """The moments of [X y] by groups of rows, of these kinds; None where float64 does not hold them.

    root: square roots of weights, or None.  Cost n p^2/2, and one reading of X."""
    found = found or _kinds(folds, X.shape[0])
    if found is None:
        return None
    kinds, group = found
    if root is not None:
        group[root == 0.0] = -1
    sums = group_moments(X, np.ascontiguousarray(y, np.float64), root, group, len(kinds))
    return None if sums is None else Groups(kinds, [GramStats.of(one) for one in sums])


def whole(groups: Groups, n: int) -> tuple[Floats, Floats] | None:
    """Means and products of all n rows; None where some are in no group, as rows of weight 0 are: nobody has looked at them."""
    merged = _merged(groups.stats)
    return merged.moments() if merged.n_rows == n else None


def _kinds(folds: Folds, n: int) -> Kinds | None:
    """The kinds of rows there are, by the folds that train on them and test them, and that of each row, -1 for those in no
    fold; None where folds cut across one another."""
    parts = _parts(folds, n)
    if parts is not None:
        kinds = np.zeros((len(folds), 2 * len(folds)), bool)
        kinds[:, ::2], kinds[:, 1::2] = ~np.eye(len(folds), dtype=bool), np.eye(len(folds), dtype=bool)
        return kinds, parts
    code, group = np.zeros(n, np.int64), np.full(n, -1, np.intp)
    found: list[list[bool]] = []
    for k, (train, test) in enumerate(folds):
        code[train] += 1 << (2 * k)
        code[test] += 2 << (2 * k)
    left = code > 0
    while left.any():  # kinds are few, and are picked out one by one
        if len(found) > 2 * len(folds):
            return None
        one = code[np.argmax(left)]
        same = code == one
        group[same] = len(found)
        left &= ~same
        found.append([bool(one >> bit & 1) for bit in range(2 * len(folds))])
    return np.array(found), group


def _parts(folds: Folds, n: int) -> NDArray[np.intp] | None:
    """The fold that tests each row, where every fold trains on the rows that the others test; -1 for rows that none does."""
    part = np.full(n, -1, np.int32)
    for k, (_, test) in enumerate(folds):
        if (part[test] >= 0).any():
            return None
        part[test] = k
    rows = np.count_nonzero(part >= 0)
    if isinstance(folds, _options.CheckedFolds) and _partition(folds) and rows == np.count_nonzero(folds.counts()):
        return part.astype(np.intp)  # nothing is left to compare
    for k, (train, test) in enumerate(folds):
        if train.size + test.size != rows:
            return None
        there = part[train]
        if (there == k).any() or (rows < n and (there < 0).any()):
            return None
    return part.astype(np.intp)


def _merged(stats: list[GramStats]) -> GramStats:
    first, *others = stats
    return first.merge(*others) if others else first


class Wave:
    """Folds of tall data, from one reading of X; groups: what that gave, if it has been read already, with these folds from the
    one numbered `first` on.

    keeps: more alphas will follow, so that all folds stay; else each is made, solved and freed in turn."""

    def __init__(self, held: Held, folds: Folds, groups: Groups | None, first: int, keeps: bool) -> None:
        self.held, self.folds, self.groups, self.first, self.keeps = held, folds, groups, first, keeps
        self.made: list[Tall] = []

    def _tall(self) -> Iterator[Tall]:
        """The folds, each a problem of few rows."""
        model, groups = self.held.model, self.groups
        if groups is None:
            y = self.held.y if model.offset is None else self.held.y - model.offset
            groups = groups_of(model.design, y, model.problem.root, self.folds)
        self.groups = None
        for k in range(len(self.folds) if groups is not None else 0):
            assert groups is not None
            train, test = (
                _merged(
                    [one for one, has in zip(groups.stats, groups.kinds[:, 2 * (self.first + k) + part], strict=True) if has]
                )
                for part in (0, 1)
            )
            yield Tall(model, self.held.shares, train, test, model.center)

    def descend(self, alphas: Floats) -> Errors:
        """Solve every fold at one alpha after another; STALLED where float64 does not hold the moments."""
        if self.keeps and not self.made:
            self.made = list(self._tall())
        found = [one.descend(alphas) for one in self.made or self._tall()]
        if not found:
            shape, shares = (alphas.size, len(self.folds)), self.held.shares.size
            return Errors(*(np.ones((*shape, shares)),) * 2, *(np.ones(shape),) * 2, np.full(shape, STALLED))
        return joined(found, 1)

    def release(self) -> None:
        """Free what was made: nothing follows."""
        self.made = []


class Tall:
    """A fold, as the moments of its rows and of those that it leaves out."""

    def __init__(self, model: Model, shares: Floats, train: GramStats, test: GramStats, center: bool) -> None:
        self.model, self.shares = model, shares
        X, y = train.few_rows(center)
        self.problem = problem = normalise(X, y, False)
        limits, factors = model.problem.limits, model.factors
        if model.problem.standard:
            factors, problem.standard = model.standardised(problem.squares(), problem.n), True
        problem.factors, problem.limits = factors, limits
        p = model.p
        self.solver = Solver(problem.columns, problem.y, factors, problem.bounds, p, p, False)
        means, products = train.moments()[0], test.moments()
        self.products = products[1] / test.weight
        self.shift = products[0] - means if center else products[0]
        self.total = float(self.products[p, p] + self.shift[p] ** 2)

    def descend(self, alphas: Floats) -> Errors:
        """Solve the fold at one alpha after another."""
        problem, model, size = self.problem, self.model, alphas.size
        l1, l2 = problem.penalties_along(alphas, model.l1_ratio)
        found, how = np.empty((size, 2 + self.shares.size)), np.empty((size, 2), np.intp)
        S, shift, shares = self.products, self.shift, self.shares
        self.solver.descend(l1, l2, model.tol, model.max_iter, problem.unit, S, shift, shares, found, how)
        objective, gap, errors = found[:, 0], found[:, 1], found[:, 2:]
        status = np.where((errors >= LOST * self.total).all(axis=1), how[:, 0], STALLED)
        return Errors(*(part[:, None] for part in (errors, errors, objective, gap, status)))
