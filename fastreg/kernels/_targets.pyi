import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]

def solve_targets(
    columns: Columns,
    Y: Floats,
    factors: tuple[Floats, Floats] | None,
    bounds: tuple[Floats, Floats] | None,
    n_places: int,
    gram_limit: int,
    factor_limit: int,
    l1: Floats,
    l2: Floats,
    tol: float,
    max_iter: int,
    unit: Floats,
    coef: Floats,
    found: Floats,
    how: NDArray[np.intp],
    relax: float = 0.0,
) -> None: ...
