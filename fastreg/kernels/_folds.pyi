from typing import Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from fastreg.kernels._columns import Columns

_Floats = NDArray[np.float64]
_Pair = tuple[_Floats, _Floats]

@disjoint_base
class Lockstep:
    def __new__(
        cls,
        columns: Columns,
        roots: list[_Floats],
        ys: list[_Floats],
        tests: list[NDArray[np.intp]],
        test_ys: list[_Floats],
        test_weights: list[_Floats],
        room: int,
        keeps: bool,
        unit: float,
        shares: _Floats,
    ) -> Self: ...
    def squares(self, k: int, out: _Floats) -> None: ...
    def begin(self, factors: list[_Pair | None], bounds: list[_Pair | None], gram_limit: int, factor_limit: int) -> None: ...
    def descend(
        self, l1: _Floats, l2: _Floats, tol: float, max_iter: int, found: _Floats, how: NDArray[np.intp], budget: float
    ) -> int: ...
    def take_kept(self, cols: NDArray[np.intp], values: _Floats, refits: _Floats) -> None: ...
    @property
    def n_kept(self) -> int: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def n_columns_read(self) -> int: ...
