"""What cross-validation passes around: a model with the folds of its rows, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg._gramstats import GramStats
from fastreg._model import Model, Options

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Folds = Sequence[tuple[Rows, Rows]]


class Errors(NamedTuple):
    """What became of every fold, shape (folds,) at an alpha, (K, folds) at all of them; errors have one more axis, for the
    shares of least squares.  Objective and gap are in a scaling of each fit's own: their ratio is what counts."""

    mse: NDArray[Any]
    mae: NDArray[Any]
    objective: NDArray[Any]
    gap: NDArray[Any]
    status: NDArray[Any]  # an index of OUTCOMES


def joined(parts: Iterable[Errors], axis: int) -> Errors:
    """Errors of several alphas (axis 0) or folds (axis 1) as one."""
    return Errors(*(np.concatenate(each, axis=axis) for each in zip(*parts, strict=True)))


class Groups(NamedTuple):
    """Rows of tall data that all folds treat alike, and what is known of them."""

    kinds: NDArray[np.bool_]  # (groups, 2 folds): whether the rows are in what a fold fits, in what it is judged by
    stats: list[GramStats]


class Held(NamedTuple):
    """A model with its options as the user gave them, one of its targets, and the folds of its rows."""

    model: Model
    options: Options
    y: Floats  # of the rows, as the user gave it
    folds: Folds
    weights: Floats  # of the rows, adding up to n
    waves: Sequence[Folds]  # the folds of tall data, as many at a time as their moments fit into memory; else none
    groups: Groups | None  # of the first wave
    shares: Floats  # of least squares on the support in each answer

    def known(self, rows: Rows) -> Floats:
        """What is to be predicted in these rows: y less an offset."""
        return self.y[rows] if self.model.offset is None else self.y[rows] - self.model.offset[rows]

    def shares_of(self, rows: Rows) -> Floats:
        """The weights of these rows, adding up to 1."""
        weights = self.weights[rows]
        return weights / weights.sum()  # type: ignore[no-any-return]
