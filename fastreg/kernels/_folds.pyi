import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

class Lockstep:
    def __init__(
        self,
        columns: Columns,
        roots: list[Floats],
        ys: list[Floats],
        tests: list[NDArray[np.intp]],
        test_ys: list[Floats],
        test_weights: list[Floats],
        room: int,
        keeps: bool,
        unit: float,
        shares: Floats,
    ) -> None: ...
    def squares(self, k: int, out: Floats) -> None: ...
    def begin(self, factors: list[Pair | None], bounds: list[Pair | None], gram_limit: int, factor_limit: int) -> None: ...
    def descend(
        self, l1: Floats, l2: Floats, tol: float, max_iter: int, found: Floats, how: NDArray[np.intp], budget: float
    ) -> int: ...
    def take_kept(self, cols: NDArray[np.intp], values: Floats, refits: Floats) -> None: ...
    @property
    def n_kept(self) -> int: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def n_columns_read(self) -> int: ...
