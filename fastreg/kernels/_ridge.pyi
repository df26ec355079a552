from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from fastreg.kernels._columns import Columns

_Floats = NDArray[np.float64]

@disjoint_base
class RidgeSystem:
    size: int
    dual: bool
    def __new__(
        cls, columns: Columns, factors: _Floats | None = None, matrix: _Floats | None = None, singular: bool = False
    ) -> Self: ...
    def gram(self, out: _Floats) -> None: ...
    def factor(self, l2: float) -> bool: ...
    def backsolve(self, B: _Floats) -> None: ...
    def solve_one(self, y: _Floats, w: _Floats) -> tuple[int, float, float, float, float]: ...
    def solve(self, Y: _Floats, W: _Floats, found: _Floats) -> None: ...
