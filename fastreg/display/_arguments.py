"""The checks of what pictures are drawn from, and their sentences; what `_input` checks for all is checked there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input

Floats = NDArray[np.float64]


def table(X: Any, y: Any) -> tuple[Floats, Floats, tuple[str, ...] | None]:
    """X (n, p) and y (n,) as finite float64, and the names of the columns of X if it has any."""
    found, names = _input.design(X)
    if not isinstance(found, np.ndarray):
        raise TypeError(f"X is sparse (shape {found.shape}); a dense array is needed for a picture.")
    target = _input.target(y, found.shape[0])
    for array, name in ((found, "X"), (target, "y")):
        if not np.isfinite(array).all():
            raise _input.not_finite(array, name)
    return found.astype(np.float64, copy=False), target.astype(np.float64, copy=False), names


def varies(X: Floats, y: Floats) -> None:
    """Check that there is something to explain, and something to explain it by."""
    if (y == y[0]).all():
        raise ValueError(f"y is {y[0]:g} in every row; a target that varies is needed.")
    if not np.ptp(X, axis=0).any():
        raise ValueError(f"X is constant in every column (shape {X.shape}); one that varies is needed.")


def column_names(names: Any, count: int, of: str = "X has {} columns") -> list[str]:
    """A name for each column, those that several have with their numbers."""
    if isinstance(names, (str, bytes)) or not hasattr(names, "__len__") or not hasattr(names, "__iter__"):
        raise TypeError(f"names is {names!r} ({type(names).__name__}); a list with a name for each column is needed.")
    if len(names) != count:
        raise ValueError(f"names has {len(names)} entries but {of.format(count)}.")
    return told_apart([str(name) for name in names])


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of columns, those that several have with their numbers."""
    times = Counter(names)
    return [f"{name} (column {j})" if times[name] > 1 else name for j, name in enumerate(names)]


def deviation(value: Any, name: str) -> float:
    """value as a float above 0."""
    found = _input.number(value, name, 0.0)
    if found == 0.0:
        raise ValueError(f"{name} is {value!r}; a standard deviation above 0 is needed.")
    return found


def orders_of_norms(orders: Any) -> list[float]:
    """Orders of norms that have a ball, infinity included, as floats."""
    if isinstance(orders, (str, bytes)) or not hasattr(orders, "__iter__"):
        raise TypeError(f"orders is {orders!r} ({type(orders).__name__}); a list of numbers above 0 is needed.")
    found: list[float] = []
    for p in orders:
        if isinstance(p, (str, bytes)) or not hasattr(p, "__float__"):
            raise TypeError(f"orders has {p!r} ({type(p).__name__}); numbers above 0 are needed.")
        if not p > 0.0:
            raise ValueError(f"orders has {p}; norms of orders above 0 have a ball.")
        found.append(float(p))
    if not found:
        raise ValueError("orders is empty; one order above 0 or more is needed.")
    return found


def number_of_folds(folds: Any, n: int) -> int:
    """folds from 2 to n."""
    found = _input.count(folds, "folds", 2)
    if found > n:
        raise ValueError(f"folds is {found}, but X has {n} rows; at most {n} are needed.")
    return found
