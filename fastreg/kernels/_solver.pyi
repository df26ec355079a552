import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]

class Solver:
    counts: dict[str, int]
    columns_in: list[int]
    def __init__(
        self,
        columns: Columns,
        y: Floats,
        factors: tuple[Floats, Floats] | None,
        bounds: tuple[Floats, Floats] | None,
        gram_limit: int,
        factor_limit: int,
        tall: bool,
        gram: Floats | None = None,
    ) -> None: ...
    def start(self, support: NDArray[np.intp], w: Floats, l1: float, l2: float) -> None: ...
    def retarget(self, y: Floats, xy: Floats) -> None: ...
    def base(self, l2: float, tol: float, max_iter: int) -> float: ...
    def solve(
        self, l1: float, l2: float, tol: float, max_iter: int, relax: float = 0.0
    ) -> tuple[int, int, float, float, int]: ...
    def descend(
        self,
        l1: Floats,
        l2: Floats,
        tol: float,
        max_iter: int,
        unit: float,
        S: Floats,
        shift: Floats,
        shares: Floats,
        found: Floats,
        how: NDArray[np.intp],
    ) -> None: ...
    def solution(self, support: NDArray[np.intp], w: Floats, unit: float) -> tuple[float, float]: ...
    def write(self, coef: Floats, unit: float) -> float: ...
