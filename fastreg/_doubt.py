"""What sums cannot tell: a direction in which X varies less than the rounding of X'X, and in which y has a share nonetheless.

Rows of data made from the sums leave that direction out, and what is solved from them is optimal without it.  What of X'y lies
there, `beyond` (p, t), is still known; it is a gradient that no coefficients have answered, and is added to the gap:

    l2 > 0      sum_j beyond_j^2 / (2 l2_j)                     Fenchel's inequality, column by column
    l1 > 0      2 P max_j |beyond_j| / l1_j                     the residual, shrunk until it is dual feasible
    always      P, as no objective is below 0

It knows sums and penalties; must not know how anything was solved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastreg._compress import EPS, FEWEST
from fastreg._results import Fit, Path, Status, warn_unconverged
from fastreg._ridge.results import RidgePath

Floats = NDArray[np.float64]
T = TypeVar("T", Fit, Path, RidgePath)
SURE = 4.0  # times the rounding of a product that is more than rounding


def significant(beyond: Floats, columns: Floats, targets: Floats) -> Floats:
    """beyond (p, t) where it is more than rounding of sums of squares `columns` (p,) and `targets` (t,), else 0."""
    noise = SURE * (FEWEST + len(beyond)) * EPS * np.outer(*(np.sqrt(np.maximum(each, 0.0)) for each in (columns, targets)))
    return np.where(np.abs(beyond) > noise, beyond, 0.0)


def missing(beyond: Floats, objective: Any, l1: Any, l2: Any) -> Floats:
    """What is to be added to the gap, for beyond (p,), and l1, l2 (p,) or (p, K) in the scaling of the objective () or (K,)."""
    objective = np.asarray(objective, np.float64)
    size = np.abs(beyond)[:, None] if np.ndim(l1) == 2 else np.abs(beyond)
    if not beyond.any():
        return np.zeros(objective.shape)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        by_l1 = 2.0 * objective * np.where(size > 0.0, size / l1, 0.0).max(axis=0)
        by_l2 = np.where(size > 0.0, np.square(size) / (2.0 * np.asarray(l2)), 0.0).sum(axis=0)
        least: Floats = np.fmin(np.fmin(by_l1, by_l2), objective)
    return least


def doubted(
    found: T, beyond: Floats, weight: float, squares: Floats | None, plain: bool, tol: float, summed: bool = False
) -> T:
    """found with what sums over rows of this weight cannot tell in its gap; one warning where that is more than tol.

    beyond: (p,), or (p, t) for a Fit of t targets; squares: of the columns where they are standardised; plain: one penalty for
    all columns, not a factor or a matrix; summed: the objective is |r|^2 + alpha |w|^2."""
    some: Any = found
    numbers = ("alpha", "objective", "dual_gap")
    names = numbers if isinstance(found, Fit) else tuple(f"{name}s" for name in numbers)
    alpha, objective, gap = (np.asarray(getattr(some, name), np.float64) for name in names)
    l1_ratio = 0.0 if summed else some.l1_ratio
    unit = np.ones(len(beyond)) if squares is None else np.sqrt(np.maximum(squares, 0.0) / weight)
    if not plain:  # what that leaves free is not looked at: all of the objective is in doubt
        unit = np.zeros(len(beyond))
    extra = np.zeros(objective.shape)
    for k, column in [(..., beyond)] if beyond.ndim == 1 else enumerate(beyond.T):
        at: Any = k
        a = alpha if alpha.ndim == 0 or at is ... else alpha[at]
        l1, l2 = np.multiply.outer(unit, a * l1_ratio), np.multiply.outer(unit**2, a * (1.0 - l1_ratio))
        b, l2 = (column, 0.5 * l2) if summed else (column / weight, l2)
        extra[at] = missing(b, objective[at], l1, l2)
    gap, short = gap + extra, extra > tol * objective
    if short.any():
        worst = int(np.argmax(np.where(short, extra, -1.0)))
        at_alpha = float(np.broadcast_to(alpha, extra.shape).ravel()[worst])
        where = f"at alpha={at_alpha:.6g}"
        warn_unconverged(where, float(gap.ravel()[worst]), float(objective.ravel()[worst]), Status.STALLED, f"tol={tol:g}")
    if isinstance(found, Fit):
        status = Status.STALLED if short.any() else found.status
        return replace(some, dual_gap=gap if gap.ndim else float(gap), status=status)  # type: ignore[no-any-return]
    pairs = zip(short.tolist(), some.statuses, strict=True)
    statuses = tuple(Status.STALLED if bad else status for bad, status in pairs)
    return replace(some, dual_gaps=gap, statuses=statuses)  # type: ignore[no-any-return]
