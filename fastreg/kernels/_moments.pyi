from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

_Floats = NDArray[np.float64]
SMALL: float

@disjoint_base
class MomentSums:
    p: int
    t: int
    rows: int
    weight: float
    def __new__(cls, p: int, t: int) -> Self: ...
    def update(self, X: NDArray[Any], Y: NDArray[Any], root: _Floats | None) -> tuple[int, bool] | None: ...
    def add(self, other: MomentSums) -> bool: ...
    def read(self, base: _Floats, rest: _Floats, products: _Floats) -> None: ...
    def write(self, rows: int, weight: float, base: _Floats, rest: _Floats, products: _Floats) -> None: ...
