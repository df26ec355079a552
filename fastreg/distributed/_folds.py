"""Cross-validation over columns that are somewhere else: the folds share questions, and the columns that come.

A fold is a problem of its own on the columns that are here, with weights of 0 for the rows that it leaves out.  All folds
propose solutions, one question asks about all their residuals, and what comes for one of them is there for all; so ten folds
take a few passes over X more than the path of all rows.  Where memory does not hold the columns of all folds together, they go
on one after another.

It knows rounds and folds; must not know where columns are, nor how an alpha is chosen from errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from fastreg import _options
from fastreg._descent import OUTCOMES, Step
from fastreg._model import Options
from fastreg._options import Stop
from fastreg._selection.choice import largest_gap, warn_of_folds
from fastreg._selection.held import Errors
from fastreg._selection.results import CVPath, curve, with_curves
from fastreg.distributed._columns import design_of
from fastreg.distributed._protocol import Floats, Indices, Question
from fastreg.distributed._rounds import TOP, WORK, OutOfMemory, Rounds, Wish
from fastreg.distributed._solve import along, alphas_of, on_the_way, too_small
from fastreg.distributed._working import Whole, WorkingSet


def choose(
    design: Any,
    y: Any,
    l1_ratios: Sequence[float],
    options: Options,
    cv: Any,
    alphas: int | Floats,
    alpha_min_ratio: float | None,
    seed: int,
    memory: Any,
) -> CVPath:
    """The CVPath of the l1_ratio with the least error."""
    whole = Whole(design_of(design), y, options, l1_ratios[0])
    working = WorkingSet(whole, memory)
    weights = None if whole.root is None else whole.weights
    folds = list(_options.folds_that_count(_options.folds(cv, whole.n, seed), weights))
    curves = []
    for ratio in l1_ratios:
        whole.l1_ratio = ratio
        rounds = Rounds(whole, working)
        path = along(rounds, alphas_of(rounds, alphas, alpha_min_ratio), None, Stop(None, None, None))
        if len(path) == 0:
            raise working.too_small("they do not hold the fit at the largest alpha; a larger one is needed")
        order = np.argsort(-path.alphas, kind="stable")
        falling, wanted = on_the_way(path.alphas[order], rounds.model.descent.alpha_max())
        counts = dict(path.counts)
        errors = Errors(*(each[wanted] for each in fold_errors(whole, working, folds, falling, counts)))
        warn_of_folds(errors, falling[wanted], whole.tol, rounds.model.max_iter)
        on_folds = np.ascontiguousarray(errors.mse[np.argsort(order), :, 0].T)
        counts["bytes_moved"] = whole.moved
        counts["working_set"] = working.largest
        path = replace(path, counts=counts, n_columns_read=counts["columns_read"])
        curves.append(curve(path.alphas, on_folds, "mse", path, largest_gap(errors), 0.0))
    return with_curves(curves)


class Fold:
    """A fold on its way down: its rounds, and the errors of what is proved."""

    def __init__(self, number: int, rounds: Rounds, whole: Whole, test: Indices) -> None:
        self.number, self.rounds, self.test = number, rounds, test
        rounds.limit = TOP  # what the path of all rows called for is here; answers for all folds are large
        weights = whole.weights[test]
        self.share = weights / weights.sum()
        offset = _options.offsets(whole.options.offset, whole.n)
        self.known = whole.y[test].astype(np.float64) - (0.0 if offset is None else offset[test])
        self.found: list[tuple[float, float, float, float, int]] = []  # as the fields of Errors

    def judge(self, steps: list[Step]) -> None:
        """Errors of these steps, whose columns are here."""
        for step in steps:
            miss = self.known - self.rounds.working.times(step.support, step.values, self.test) - step.intercept
            mse, mae = float(self.share @ np.square(miss)), float(self.share @ np.abs(miss))
            self.found.append((mse, mae, step.objective, step.gap, OUTCOMES.index(step.status)))


def fold_errors(whole: Whole, working: WorkingSet, folds: Any, alphas: Floats, counts: dict[str, int]) -> Errors:
    """Errors of every fold (train, test) at alphas that go down; counts: the work, to which theirs is added."""
    runs = [Fold(k, Rounds(whole.fold(train), working, len(folds)), whole, test) for k, (train, test) in enumerate(folds)]
    together = True
    while left := [run for run in runs if len(run.found) < alphas.size]:
        if not together:
            left = left[:1]
        together = _turn(whole, left, alphas, counts) and together
        for run in runs:
            if not together and (run is not left[0] or len(run.found) == alphas.size):
                run.rounds.forget()
    for name in WORK:
        counts[name] += sum(run.rounds.counts[name] for run in runs)
    found = np.array([run.found for run in runs]).T  # (fields, alphas, folds)
    return Errors(found[0, :, :, None], found[1, :, :, None], found[2], found[3], found[4].astype(np.intp))


def _turn(whole: Whole, runs: list[Fold], alphas: Floats, counts: dict[str, int]) -> bool:
    """A round of these folds; False where memory does not hold what they call for together."""
    working = runs[0].rounds.working
    asked = [run.rounds.propose(alphas[len(run.found) :]) for run in runs]
    each = [one.columns for one in asked if one.columns is not None]
    columns = np.unique(np.concatenate(each)) if len(each) == len(asked) else None
    Q = np.concatenate([one.Q for one in asked])
    indices, products = np.empty(0, np.intp), np.empty((len(Q), 0))
    if columns is None or columns.size:
        low = _of_all(np.maximum, [run.rounds.limit * run.rounds.whole.low for run in runs])
        high = _of_all(np.minimum, [run.rounds.limit * run.rounds.whole.high for run in runs])
        indices, products = whole.ask(Question(Q, low, high, whole.center, columns))
        counts["rounds"] += 1
        counts["columns_read"] += whole.p if columns is None else columns.size
    wishes, end = list[tuple[Rounds, Wish]](), 0
    for run, one in zip(runs, asked, strict=True):
        rounds, begin, end = run.rounds, end, end + len(one.Q)
        ratios = rounds.whole.ratios(products[begin:end], indices)
        near = ratios.max(axis=0, initial=0.0) >= rounds.limit
        done, wish = rounds.absorb(one, indices[near], ratios[:, near])
        run.judge(done)
        if wish is not None:
            wishes.append((rounds, wish))
    if len(runs) > 1:
        return _join(working, wishes, counts)
    for rounds, wish in wishes:
        try:
            counts["columns_fetched"] += rounds.join(wish)
        except OutOfMemory as found:
            alpha = float(alphas[len(runs[0].found)])
            raise too_small(rounds, found, alpha, alpha, f" of fold {runs[0].number} of cv") from None
    return True


def _of_all(nearer: Any, limits: list[float | Floats]) -> float | Floats:
    """The limits nearest to 0, of which some are one for all columns."""
    found = reduce(nearer, limits)
    return found if isinstance(found, np.ndarray) else float(found)


def _join(working: WorkingSet, wishes: list[tuple[Rounds, Wish]], counts: dict[str, int]) -> bool:
    """Fetch what all of them call for, if memory holds it."""
    if not wishes:
        return True
    columns = np.unique(np.concatenate([wish.columns for _, wish in wishes]))
    if working.indices.size + columns.size > working.room:
        return False
    working.add(columns)
    counts["columns_fetched"] += columns.size
    for rounds, wish in wishes:
        said = np.full(columns.size, np.nan)
        said[np.searchsorted(columns, wish.columns)] = wish.said
        working.check_ratios(rounds.whole, wish.left[-1].q, columns, said)
    return True
