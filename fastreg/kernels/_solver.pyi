from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from fastreg.kernels._columns import Columns

_Floats = NDArray[np.float64]

@disjoint_base
class Solver:
    counts: dict[str, int]
    columns_in: list[int]
    def __new__(
        cls,
        columns: Columns,
        y: _Floats,
        factors: tuple[_Floats, _Floats] | None,
        bounds: tuple[_Floats, _Floats] | None,
        gram_limit: int,
        factor_limit: int,
        tall: bool,
        gram: _Floats | None = None,
    ) -> Self: ...
    def start(self, support: NDArray[np.intp], w: _Floats, l1: float, l2: float) -> None: ...
    def retarget(self, y: _Floats, xy: _Floats) -> None: ...
    def base(self, l2: float, tol: float, max_iter: int) -> float: ...
    def solve(
        self, l1: float, l2: float, tol: float, max_iter: int, relax: float = 0.0
    ) -> tuple[int, int, float, float, int]: ...
    def descend(
        self,
        l1: _Floats,
        l2: _Floats,
        tol: float,
        max_iter: int,
        unit: float,
        S: _Floats,
        shift: _Floats,
        shares: _Floats,
        found: _Floats,
        how: NDArray[np.intp],
    ) -> None: ...
    def solution(self, support: NDArray[np.intp], w: _Floats, unit: float) -> tuple[float, float]: ...
    def write(self, coef: _Floats, unit: float) -> float: ...
