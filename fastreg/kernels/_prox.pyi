from typing import Any

from numpy.typing import NDArray

def soft_threshold_of(x: NDArray[Any], t: float, out: NDArray[Any]) -> None: ...
