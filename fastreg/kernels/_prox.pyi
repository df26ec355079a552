from typing import Any

from numpy.typing import NDArray

L1: int
POSITIVE: int
ELASTIC_NET: int
SQUARED_L2: int
L0: int
BOX: int
HUBER: int
MCP: int
SCAD: int
L_HALF: int
L_TWO_THIRDS: int
SIGN: int

def apply(
    kind: int, x: NDArray[Any], a: float | NDArray[Any], b: float | NDArray[Any], out: NDArray[Any], step: float = 1.0
) -> None: ...
def scalar(kind: int, x: float, a: float, b: float, step: float = 1.0) -> float: ...
