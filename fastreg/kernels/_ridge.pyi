import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]

class RidgeSystem:
    size: int
    dual: bool
    def __init__(
        self, columns: Columns, factors: Floats | None = None, matrix: Floats | None = None, singular: bool = False
    ) -> None: ...
    def gram(self, out: Floats) -> None: ...
    def factor(self, l2: float) -> bool: ...
    def solve_one(self, y: Floats, w: Floats) -> tuple[int, float, float, float, float]: ...
    def solve(self, Y: Floats, W: Floats, found: Floats) -> None: ...
