import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]

class RidgeSystem:
    size: int
    dual: bool
    def __init__(self, columns: Columns, factors: Floats | None = None) -> None: ...
    def factor(self, l2: float) -> bool: ...
    def solve(self, y: Floats, w: Floats) -> tuple[int, float, float, float]: ...
