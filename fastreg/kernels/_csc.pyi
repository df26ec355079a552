from typing import Any

from numpy.typing import NDArray

def inspect(data: NDArray[Any], indices: NDArray[Any], indptr: NDArray[Any], n: int) -> tuple[int, int, int, bool]: ...
def sum_duplicates(
    data: NDArray[Any],
    indices: NDArray[Any],
    indptr: NDArray[Any],
    n: int,
    out_data: NDArray[Any],
    out_indices: NDArray[Any],
    out_indptr: NDArray[Any],
) -> int: ...
