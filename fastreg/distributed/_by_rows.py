"""Norms and products of columns whose rows lie together on disk, so that a row is read at a time and not a bit of each.

Sums go over pieces of rows, in their order; what they are counted from, the first row (of weight > 0), leaves nothing of a
column that is constant, and most digits of one that is far from 0.

It knows pieces of rows; must not know where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._normalise import SQUARE
from fastreg.distributed._protocol import Floats, Indices, Question

Pieces = Iterable[tuple[int, NDArray[Any]]]  # (number of the first row, rows of the columns in question)


def moments_by_rows(
    pieces: Pieces, first: int, count: int, y: Floats, root: Floats | None, center: bool
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """(|x~_j|, x~_j'y, which norms are too small to be had from squares) of so many columns, the first of this number."""
    mean, squares, products = np.zeros(count), np.zeros(count), np.zeros(count)
    base: Floats | None = None
    vary, total = np.zeros(count, np.bool_), 0.0
    for start, rows in pieces:
        place = slice(start, start + len(rows))
        s = np.ones(len(rows)) if root is None else root[place] ** 2
        _finite(rows, start, first)
        A = rows.astype(np.float64)
        if not s.any():
            continue
        if center:
            if base is None:
                base = A[int(np.argmax(s > 0.0))].copy()
            A -= base
        products += (y[place] if root is None else y[place] * root[place]) @ A
        vary |= A[s > 0.0].any(axis=0)
        if center:  # Chan, Golub and LeVeque (1983), eq. 2.1
            here = float(s.sum())
            away = s @ A / here
            A -= away
            away -= mean
            total += here
            mean += away * (here / total)
            squares += np.square(away) * (here * (total - here) / total)
        squares += np.einsum("i,ij,ij->j", s, A, A)
    if not np.isfinite(squares).all():
        j = first + int(np.argmin(np.isfinite(squares)))
        raise ValueError(f"X has entries too large to add up in float64 in column {j}; divide X by a constant.")
    return np.sqrt(squares), products, vary & (squares < 1.0 / SQUARE)


def reach_by_rows(part: Question, pieces: Pieces, begin: int, end: int) -> tuple[Indices, Floats]:
    """`reach` of the columns begin .. end - 1 for a part of a question, counted in X."""
    Q, low, high, center, columns = part
    products: Floats = np.zeros((len(Q), end - begin if columns is None else columns.size))
    base: Floats | None = None
    for start, rows in pieces:
        A = (rows if columns is None else rows[:, columns]).astype(np.float64)
        if center:
            if base is None:
                base = A[0].copy()
            A -= base
        products += Q[:, start : start + len(A)] @ A
    places = np.arange(begin, end) if columns is None else begin + columns
    finite = np.isfinite(products).all(axis=0)
    if not finite.all():
        raise ValueError(f"X holds a number that is not finite in column {places[int(np.argmin(finite))]}.")
    reached = np.flatnonzero((products.min(axis=0) <= low) | (products.max(axis=0) >= high))
    return places[reached], products[:, reached]


def _finite(rows: NDArray[Any], start: int, first: int) -> None:
    finite = np.isfinite(rows)
    if not finite.all():
        i, j = np.argwhere(~finite)[0]
        raise ValueError(
            f"X holds {_input.spelled(rows[i, j])} at row {start + i}, column {first + j}; finite numbers are needed."
        )
