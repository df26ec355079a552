from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg.kernels._moments import MomentSums

_Floats = NDArray[np.float64]

def group_moments(
    X: NDArray[Any], y: _Floats, root: _Floats | None, group: NDArray[np.intp], groups: int
) -> list[MomentSums] | None: ...
