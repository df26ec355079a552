import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

_Floats = NDArray[np.float64]

def solve_targets(
    columns: Columns,
    Y: _Floats,
    factors: tuple[_Floats, _Floats] | None,
    bounds: tuple[_Floats, _Floats] | None,
    n_places: int,
    gram_limit: int,
    factor_limit: int,
    l1: _Floats,
    l2: _Floats,
    tol: float,
    max_iter: int,
    unit: _Floats,
    coef: _Floats,
    found: _Floats,
    how: NDArray[np.intp],
    relax: float = 0.0,
) -> None: ...
