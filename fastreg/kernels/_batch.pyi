from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

def solve_shared(
    Q: Floats,
    q: Floats,
    yty: Floats,
    l1: Floats,
    l2: Floats,
    factors: Pair | None,
    bounds: Pair | None,
    tol: float,
    max_iter: int,
    started: bool,
    interruptible: bool,
    W: Floats,
    info: Floats,
) -> None: ...
def solve_grams(
    Q: NDArray[Any],
    q: Floats,
    yty: Floats,
    known: bool,
    l1: Floats,
    l2: Floats,
    factors: Pair | None,
    bounds: Pair | None,
    tol: float,
    max_iter: int,
    started: bool,
    interruptible: bool,
    W: Floats,
    info: Floats,
) -> None: ...
def solve_nodewise(
    Q: Floats,
    l1: Floats,
    l2: Floats,
    v: Floats,
    u: Floats,
    plain: bool,
    tol: float,
    max_iter: int,
    start: int,
    end: int,
    interruptible: bool,
    W: Floats,
    rss: Floats,
    info: Floats,
) -> None: ...
