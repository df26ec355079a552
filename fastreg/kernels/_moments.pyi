from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALL: float

class MomentSums:
    p: int
    t: int
    rows: int
    weight: float
    def __init__(self, p: int, t: int) -> None: ...
    def update(self, X: NDArray[Any], Y: NDArray[Any], root: Floats | None) -> tuple[int, bool] | None: ...
    def add(self, other: MomentSums) -> bool: ...
    def read(self, base: Floats, rest: Floats, products: Floats) -> None: ...
    def write(self, rows: int, weight: float, base: Floats, rest: Floats, products: Floats) -> None: ...
