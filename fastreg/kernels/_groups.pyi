from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._moments import MomentSums

Floats = NDArray[np.float64]

def group_moments(
    X: NDArray[Any], y: Floats, root: Floats | None, group: NDArray[np.intp], groups: int
) -> list[MomentSums] | None: ...
