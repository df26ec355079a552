from typing import Any

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Pair = tuple[_Floats, _Floats]

def solve_shared(
    Q: _Floats,
    q: _Floats,
    yty: _Floats,
    l1: _Floats,
    l2: _Floats,
    factors: _Pair | None,
    bounds: _Pair | None,
    tol: float,
    max_iter: int,
    interruptible: bool,
    W: _Floats,
    info: _Floats,
) -> None: ...
def solve_grams(
    Q: NDArray[Any],
    q: _Floats,
    yty: _Floats,
    known: bool,
    l1: _Floats,
    l2: _Floats,
    factors: _Pair | None,
    bounds: _Pair | None,
    tol: float,
    max_iter: int,
    interruptible: bool,
    W: _Floats,
    info: _Floats,
) -> None: ...
def solve_nodewise(
    Q: _Floats,
    l1: _Floats,
    l2: _Floats,
    v: _Floats,
    u: _Floats,
    tol: float,
    max_iter: int,
    start: int,
    end: int,
    interruptible: bool,
    W: _Floats,
    rss: _Floats,
    info: _Floats,
) -> None: ...
