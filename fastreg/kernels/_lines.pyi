from typing import Any

import numpy as np
from numpy.typing import NDArray

NORM: int
NORMALIZE: int
L2: int
L2_BALL: int
LINF: int
L1_BALL: int
SIMPLEX: int
TOTAL_VARIATION: int
SORTED_L1: int

def along(
    kind: int, x: NDArray[Any], t: float | NDArray[Any], w: NDArray[Any] | None, out: NDArray[Any], axis: int
) -> None: ...
def segments(kind: int, x: NDArray[Any], ends: NDArray[np.intp], t: float | NDArray[np.float64], out: NDArray[Any]) -> None: ...
def by_label(label: NDArray[np.intp], start: NDArray[np.intp], order: NDArray[np.intp]) -> None: ...
