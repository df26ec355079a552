"""What sums cannot tell: a direction in which X varies less than the rounding of X'X, and in which y has a share nonetheless.

Rows of data made from the sums leave that direction out, and what is solved from them is optimal without it.  What of X'y lies
there, `beyond` (p, t), is still known; it is a gradient that no coefficients have answered, and is added to the gap:

    l2 > 0      sum_j beyond_j^2 / (2 l2_j)                     Fenchel's inequality, column by column
    l1 > 0      2 P max_j |beyond_j| / l1_j                     the residual, shrunk until it is dual feasible
    always      P, as no objective is below 0

It knows sums and penalties; must not know how anything was solved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg._compress import EPS, FEWEST

Floats = NDArray[np.float64]
SURE = 64.0  # times the rounding of a product that is more than rounding


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
