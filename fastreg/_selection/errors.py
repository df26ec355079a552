"""The errors of every fold at every alpha, by the way that suits the data.

It chooses among tall.py, lockstep.py and a path for each fold; must not know how alphas are chosen from errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from threading import Event
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _lasso
from fastreg._descent import MOST_FOLDS, OUTCOMES, STALLED, Step, choose_lockstep
from fastreg._model import Model, extent
from fastreg._results import ConvergenceWarning, Status
from fastreg._selection.held import Errors, Folds, Held, joined
from fastreg._selection.lockstep import Group
from fastreg._selection.tall import Wave

Floats = NDArray[np.float64]


class Trace(NamedTuple):
    """The steps of the path of all rows, from the largest alpha down, for each share of least squares; what the work was."""

    steps: list[list[Step]]
    counts: dict[str, int]


def fold_errors(
    held: Held, alphas: Floats, n_threads: int, watch: Callable[[Errors], bool] | None = None
) -> tuple[Errors, Trace | None]:
    """The errors of every fold at each alpha, which go down, and the fits to all rows, where they came with them.

    watch: called after each alpha, and ends them by True.

    tall, dense                 moments of groups of rows: n p^2/2 in all (tall.py)
    everything else             as one path for each fold, but a column is read once for all folds of a thread (lockstep.py)
    no l1 penalty at an alpha   a path for each fold"""
    if held.model.l1_ratio == 0.0 or not alphas.all():  # a factor for each fold and alpha
        alone = list(_alone(held, held.folds, alphas))
        whole = Errors(*(np.stack(parts, axis=1) for parts in zip(*alone, strict=True)))
        kept = next((k for k in range(alphas.size) if watch is not None and watch(_at(whole, k))), alphas.size - 1)
        return Errors(*(part[: kept + 1] for part in whole)), None
    share, stopped = min(n_threads, len(held.folds)), Event()
    with ThreadPoolExecutor(share) if share > 1 else nullcontext() as pool:
        run: Any = map if pool is None else pool.map
        groups: Any = _waves(held, share, watch is not None) or _groups(held, share, watch is not None)
        found = []
        try:
            for some in [alphas] if watch is None else alphas[:, None]:
                steps = list(run(lambda group, some=some: _descend(group, some, share > 1, watch is None, stopped), groups))
                found.append(joined(steps, 1))
                if watch is not None and watch(_at(found[-1], 0)):
                    break
        except BaseException:  # Ctrl-C, which the main thread alone hears of
            stopped.set()
            raise
    whole = joined(found, 0)
    stalled = np.flatnonzero((whole.status == STALLED).any(axis=0))  # alone a fold may do without an l1 that rounding hides
    for k, again in zip(
        stalled, _alone(held, [held.folds[k] for k in stalled.tolist()], alphas[: len(whole.mse)]), strict=True
    ):
        for part, other in zip(whole, again, strict=True):
            part[:, k] = other
    first = groups[0]
    if isinstance(first, Wave) or any(step.status is Status.STALLED for step in first.steps[0]):
        return whole, None
    return whole, Trace(first.steps, first.counts)


def _descend(group: Any, alphas: Floats, threads: bool, once: bool, stopped: Event) -> Errors:
    """What a group finds at each alpha; among threads it looks after each whether it is to go on.  once: no others follow."""
    steps = []
    for some in alphas[:, None] if threads else [alphas]:
        steps.append(group.descend(some))
        if stopped.is_set():
            break
    if once:
        group.release()
    return joined(steps, 0)


def _waves(held: Held, share: int, together: bool) -> list[Wave]:
    """The folds of tall data; none where moments do not serve."""
    if held.groups is None:
        return []
    keeps = together or share > 1
    if len(held.waves) > 1:
        return [Wave(held, part, held.groups if k == 0 else None, 0, keeps) for k, part in enumerate(held.waves)]
    ends = [len(held.folds) * k // share for k in range(share + 1)]
    return [Wave(held, held.folds[start:end], held.groups, start, keeps) for start, end in pairwise(ends)]


def _groups(held: Held, share: int, together: bool) -> list[Group]:
    """The folds in groups, each to be solved side by side: as many at a time as there are threads, or all together."""
    t, size = len(held.folds), share * MOST_FOLDS
    groups = share * -(-t // size)
    allowed = choose_lockstep(
        held.model.problem.n, held.model.p, (t if together else min(t, size)) + 1, *extent(held.model.design)
    )
    parts = [held.folds[t * k // groups : t * (k + 1) // groups] for k in range(groups)]
    return [Group(held, part, allowed, part is parts[0]) for part in parts]


def _at(errors: Errors, k: int) -> Errors:
    """The errors at one alpha."""
    return Errors(*(part[k] for part in errors))


def _alone(held: Held, folds: Folds, alphas: Floats) -> Iterator[Errors]:
    """The errors of folds at each alpha, by a path with weights of 0 for the other rows.  Copies the rows to judge by, and
    entries of sparse X by rows."""
    if not folds:
        return
    X: Any = held.model.design
    rows = X
    if held.model.problem.columns.sparse:
        from fastreg import _sparse

        X = _sparse.by_columns(X)
        rows = X.tocsr()
    for train, test in folds:
        weights = np.zeros(held.weights.size)
        weights[train] = held.weights[train]
        model = Model(X, held.y, held.options._replace(sample_weight=weights, warm_start=None), held.model.l1_ratio)
        paths = []
        for share in held.shares.tolist():
            model.relax = model.descent.relax = share
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the statuses are judged with those of all folds
                paths.append(_lasso.one_path(model, alphas))
            model.descent.restart()
        known, weight = held.known(test), held.shares_of(test)
        missed, first = np.stack([known[:, None] - path.predict(rows[test]) for path in paths], axis=-1), paths[0]
        status = np.array([OUTCOMES.index(one) if one in OUTCOMES else 0 for one in first.statuses])
        with np.errstate(over="ignore"):
            squares, sizes = (np.tensordot(weight, part, axes=1) for part in (np.square(missed), np.abs(missed)))
        yield Errors(squares, sizes, first.objectives, first.dual_gaps, status)
