"""From the arguments of the public functions to rounds, and from their steps to a Fit or a Path; rows go to `_tall.py`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign, _input
from fastreg._descent import Step
from fastreg._lasso import as_path, grid, is_true
from fastreg._model import Options
from fastreg._options import Stop
from fastreg._results import Fit, Path, warn_unconverged, warn_user
from fastreg.distributed import _tall
from fastreg.distributed._columns import design_of
from fastreg.distributed._protocol import Floats
from fastreg.distributed._rounds import OutOfMemory, Rounds
from fastreg.distributed._working import Whole, WorkingSet

MEMORY = 1_000_000_000  # bytes, where nothing else is said
WAY = 4  # alphas for each power of ten on the way to the only one that is asked for


def fit(design: Any, y: Any, alpha: Any, l1_ratio: Any, options: Options, memory: Any) -> Fit:
    """The fit at one alpha."""
    if _foreign.is_dask(design):
        return _tall.fit(design, y, alpha, l1_ratio, options, memory != MEMORY)
    alpha = _penalised(np.array([_input.number(alpha, "alpha", 0.0)]), "alpha")
    rounds = _rounds(design, y, l1_ratio, options, memory)
    _start(rounds, options.warm_start, float(alpha[0]))
    falling, _ = on_the_way(alpha, None if options.warm_start is not None else rounds.model.descent.alpha_max())
    steps: list[Step] = []
    while len(steps) < falling.size:
        try:
            steps += rounds.round(falling[len(steps) :])
        except OutOfMemory as found:
            raise too_small(rounds, found, falling[len(steps)], float(alpha[0])) from None
    one = steps[-1]
    if not one.status.converged:
        asked = f"tol={rounds.whole.tol:g} with max_iter={rounds.model.max_iter}"
        warn_unconverged(f"at alpha={alpha[0]:.6g}", one.gap, one.objective, one.status, asked)
    return _as_fit(one, rounds, float(alpha[0]))


def path(
    design: Any, y: Any, l1_ratio: Any, alphas: Any, alpha_min_ratio: Any, options: Options, stop: Stop, memory: Any
) -> Any:
    """The path over a grid, or over alphas in any order."""
    if _foreign.is_dask(design):
        return _tall.path(design, y, l1_ratio, alphas, alpha_min_ratio, options, stop, memory != MEMORY)
    alphas, alpha_min_ratio = penalised_grid(alphas, alpha_min_ratio)
    rounds = _rounds(design, y, l1_ratio, options, memory)
    return along(rounds, alphas_of(rounds, alphas, alpha_min_ratio), options.warm_start, stop)


def alphas_of(rounds: Rounds, alphas: int | Floats, alpha_min_ratio: float | None) -> Floats:
    """The alphas given, or so many of a grid."""
    if not isinstance(alphas, int):
        return alphas
    least = alpha_min_ratio or (1e-2 if rounds.whole.n < rounds.whole.p else 1e-4)
    return grid(cast(Any, rounds), alphas, least)  # of a model it asks for alpha_max alone, the ratio given


def along(rounds: Rounds, alphas: Floats, warm_start: Any, stop: Stop) -> Path:
    """The path over alphas in any order."""
    whole, order = rounds.whole, np.argsort(-alphas, kind="stable")
    _start(rounds, warm_start, float(alphas[order[0]]))
    total = rounds.model.descent.total
    falling, wanted = on_the_way(alphas[order], None if warm_start is not None else rounds.model.descent.alpha_max())
    steps: list[Step] = []
    done, ended = 0, False
    while not ended and done < falling.size:
        try:
            found = rounds.round(falling[done:])
        except OutOfMemory as short:
            next_one = falling[done:][wanted[done:]][0]
            reason = too_small(rounds, short, falling[done], float(next_one))
            warn_user(f"The path ends before that: {reason}", UserWarning)
            break
        for one in found:
            alpha, done = float(falling[done]), done + 1
            if not wanted[done - 1]:
                continue
            ended = stop.max_support is not None and one.support.size > stop.max_support
            if ended:
                break
            steps.append(one)
            ended = stop.callback is not None and is_true(stop.callback(_as_fit(one, rounds, alpha)))
            explained = 1.0 - one.residual / total if total > 0.0 else 0.0
            ended = ended or (stop.deviance_stop is not None and explained >= stop.deviance_stop)
            if ended:
                break
    counts = rounds.counts | {"bytes_moved": whole.moved}
    path = as_path(rounds.model, alphas, order[: len(steps)], steps, dict(counts), whole.tol)
    return replace(
        path,
        n_features=whole.p,
        n_columns_read=counts["columns_read"],
        counts=counts,
        always_in=whole.always,
        n_candidates=whole.n_candidates,
        feature_names=whole.names,
    )


def _rounds(design: Any, y: Any, l1_ratio: Any, options: Options, memory: Any) -> Rounds:
    whole = Whole(design_of(design), y, options, l1_ratio)
    return Rounds(whole, WorkingSet(whole, memory))


def on_the_way(falling: Floats, top: float | None) -> tuple[Floats, NDArray[np.bool_]]:
    """Falling alphas with others between those that are far apart, down from top if it is given; and which were there.

    From a solution far away a solve takes ten times as long, and ends among columns that matter less, which takes more
    passes."""
    pieces, wanted = list[Floats](), list[bool]()
    last = float(falling[0]) if top is None or not top > 0.0 else top
    for alpha in falling.tolist():
        more = max(0, math.ceil((math.log10(last) - math.log10(alpha)) * WAY) - 1)
        pieces += [np.geomspace(last, alpha, more + 2)[1:-1], np.array([alpha])]
        wanted += [False] * more + [True]
        last = alpha
    return np.concatenate(pieces), np.array(wanted)


def _start(rounds: Rounds, warm_start: Any, alpha: float) -> None:
    """Begin with these coefficients, of a Path with those of the nearest alpha."""
    if isinstance(warm_start, Path):
        warm_start = warm_start[int(np.argmin(np.abs(warm_start.alphas - alpha)))] if len(warm_start) else None
    if warm_start is not None:
        rounds.begin(_input.start(warm_start.coef if isinstance(warm_start, Fit) else warm_start, rounds.whole.p))


def _as_fit(one: Step, rounds: Rounds, alpha: float) -> Fit:
    whole = rounds.whole
    coef = np.zeros(whole.p)
    coef[one.support] = one.values
    return Fit(coef, one.intercept, alpha, whole.l1_ratio, one.objective, one.gap, one.n_iter, one.status, whole.names)


def penalised_grid(alphas: Any, alpha_min_ratio: Any) -> tuple[int | Floats, float | None]:
    """A grid, or alphas of which none is 0."""
    alphas, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    return alphas if isinstance(alphas, int) else _penalised(alphas, "alphas"), alpha_min_ratio


def _penalised(alphas: Floats, name: str) -> Floats:
    """Check that there is a penalty."""
    if not alphas.all():
        raise ValueError(
            f"{name} is 0, or holds it; without a penalty every column is in the fit, so that more than 0 is needed."
        )
    return alphas


def too_small(rounds: Rounds, found: OutOfMemory, at: float, alpha: float, which: str = "") -> ValueError:
    """Memory does not hold the fit at an alpha, which may be on the way to the one that is wanted."""
    way = f", on the way to {alpha:.6g}" if at > alpha else ""
    return rounds.working.too_small(
        f"{found} of them are in the fit{which} at alpha={at:.6g}{way}, which leaves too few for others; a larger one is needed"
    )
