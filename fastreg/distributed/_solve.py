"""From the arguments of the public functions to rounds, and from their steps to a Fit or a Path; rows go to `_tall.py`."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any, cast

import numpy as np

from fastreg import _foreign, _input
from fastreg._descent import Step
from fastreg._lasso import as_path, grid, is_true
from fastreg._model import Options
from fastreg._options import Stop
from fastreg._results import Fit, Path, warn_unconverged
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
    falling = alpha if options.warm_start is not None else _way(rounds.model.descent.alpha_max(), float(alpha[0]))
    steps: list[Step] = []
    while len(steps) < falling.size:
        try:
            steps += rounds.round(falling[len(steps) :])
        except OutOfMemory as found:
            short = falling[len(steps)]
            way = f", on the way to {alpha[0]:.6g}" if short > alpha[0] else ""
            raise rounds.working.too_small(_short(found, short, way)) from None
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
    alphas, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    if not isinstance(alphas, int):
        alphas = _penalised(alphas, "alphas")
    rounds = _rounds(design, y, l1_ratio, options, memory)
    whole = rounds.whole
    if isinstance(alphas, int):
        # of a model it asks for alpha_max alone, the ratio given
        alphas = grid(cast(Any, rounds), alphas, alpha_min_ratio or (1e-2 if whole.n < whole.p else 1e-4))
    order = np.argsort(-alphas, kind="stable")
    _start(rounds, options.warm_start, float(alphas[order[0]]))
    total, falling = rounds.model.descent.total, alphas[order]
    steps: list[Step] = []
    ended = False
    while not ended and len(steps) < len(falling):
        try:
            found = rounds.round(falling[len(steps) :])
        except OutOfMemory as short:
            reason = _short(short, falling[len(steps)])
            warnings.warn(f"The path ends before that: {rounds.working.too_small(reason)}", UserWarning, stacklevel=3)
            break
        for one in found:
            ended = stop.max_support is not None and one.support.size > stop.max_support
            if ended:
                break
            alpha = float(falling[len(steps)])
            steps.append(one)
            ended = stop.callback is not None and is_true(stop.callback(_as_fit(one, rounds, alpha)))
            explained = 1.0 - one.residual / total if total > 0.0 else 0.0
            ended = ended or (stop.deviance_stop is not None and explained >= stop.deviance_stop)
            if ended:
                break
    counts = rounds.counts | {"bytes_moved": whole.moved}
    read = counts["columns_read"]
    done = as_path(rounds.model, alphas, order[: len(steps)], steps, counts)
    return replace(
        done,
        n_features=whole.p,
        n_columns_read=read,
        counts=counts | {"columns_read": read},
        always_in=whole.always,
        n_candidates=whole.n_candidates,
        feature_names=whole.names,
    )


def _rounds(design: Any, y: Any, l1_ratio: Any, options: Options, memory: Any) -> Rounds:
    whole = Whole(design_of(design), y, options, l1_ratio)
    return Rounds(whole, WorkingSet(whole, memory))


def _way(top: float, alpha: float) -> Floats:
    """Falling alphas that end at alpha: from a solution far away a solve takes ten times as long, and ends among columns that
    matter less, which takes more passes."""
    count = math.ceil(max(0.0, math.log10(top / alpha)) * WAY) if top > 0.0 else 0
    return np.append(np.geomspace(top, alpha, count + 1)[:-1], alpha) if count else np.array([alpha])


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


def _penalised(alphas: Floats, name: str) -> Floats:
    """Check that there is a penalty."""
    if not alphas.all():
        raise ValueError(
            f"{name} is 0, or holds it; without a penalty every column is in the fit, so that more than 0 is needed."
        )
    return alphas


def _short(found: OutOfMemory, alpha: float, way: str = "") -> str:
    return f"{found} of them are in the fit at alpha={alpha:.6g}{way}, which leaves too few for others; a larger one is needed"
