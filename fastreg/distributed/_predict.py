"""Predictions for columns that are somewhere else: the few that are in a fit come, some at a time.

It knows a design and coefficients; must not know what fitted them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg.distributed._columns import design_of
from fastreg.distributed._protocol import Floats, columns_of, feature_names, in_pieces, shape_of


class Elsewhere:
    """The columns of a design, as far as a prediction asks an array for them: X[:, some] and X @ coef."""

    def __init__(self, X: Any, p: int) -> None:
        self.design = design_of(X)
        self.shape = shape_of(self.design)
        if self.shape[1] != p:
            raise ValueError(f"X has shape {self.shape}; (n, {p}) is needed, as in the fit.")
        self.names = feature_names(self.design, p)

    def __getitem__(self, at: tuple[slice, NDArray[np.intp]]) -> NDArray[Any]:
        rows, columns = at
        found: NDArray[Any] = columns_of(self.design, columns)[rows]
        return found

    def __matmul__(self, coef: Floats) -> Floats:
        out = np.zeros((self.shape[0], *coef.shape[1:]))
        for some, columns in in_pieces(self.design, np.flatnonzero(coef if coef.ndim == 1 else coef.any(axis=1))):
            out += columns @ coef[some]
        return out
