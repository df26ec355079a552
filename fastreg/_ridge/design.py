"""X and the penalty of a ridge problem in kernel scaling, as the reductions of spectrum.py need them.

It knows Problem and the user's X; it must not know targets, l2, or how anything is reduced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg._normalise import Problem

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
ENTRIES = 2**20  # of a block of X: 8 MB


@dataclass(slots=True)
class Basis:
    """Directions b of coefficients, p of them each: scaled unit vectors, or the columns of a matrix."""

    p: int
    scale: Floats
    index: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    dense: Floats | None = None

    @property
    def size(self) -> int:
        """How many directions there are."""
        return self.scale.size

    def of(self, A: Floats) -> Floats:
        """AB for A (m, p): shape (m, size)."""
        product: Floats = A[:, self.index] * self.scale if self.dense is None else A @ self.dense
        return product

    def times(self, V: Floats) -> Floats:
        """BV for V (size, m): shape (p, m)."""
        if self.dense is not None:
            return self.dense @ V
        product: Floats = np.zeros((self.p, V.shape[1]))
        product[self.index] = self.scale[:, None] * V
        return product

    def coordinates(self, W: Floats) -> Floats:
        """V of W = BV + anything along other directions; for unit vectors and orthonormal ones."""
        return W[self.index] if self.dense is None else self.dense.T @ W

    def between(self, gram: Floats, other: Basis) -> Floats:
        """B'GC for a symmetric G."""
        return other.of(self.of(gram).T)


class Directions:
    """B with D-orthonormal columns for what D penalises, and a basis of what it does not.

    u: D = diag(u), infinite where a column takes no part; matrix: a whole D instead."""

    def __init__(self, u: Floats, matrix: Floats | None = None) -> None:
        self.u, self.matrix, p = u, matrix, u.size
        if matrix is None:
            penalised, free = np.flatnonzero((u > 0.0) & (u < np.inf)), np.flatnonzero(u == 0.0)
            self.penalised = Basis(p, 1.0 / np.sqrt(u[penalised]), penalised)
            self.free = Basis(p, np.ones(free.size), free)
        else:
            values, vectors = np.linalg.eigh(matrix)
            positive = values > values.max(initial=0.0) * p * EPS
            self.penalised = Basis(p, np.ones(positive.sum()), dense=vectors[:, positive] / np.sqrt(values[positive]))
            self.free = Basis(p, np.ones(p - positive.sum()), dense=vectors[:, ~positive])

    def penalty(self, w: Floats) -> Floats:
        """Dw for rows w, 0 where a column takes no part."""
        product: Floats = w * np.where(self.u < np.inf, self.u, 0.0) if self.matrix is None else w @ self.matrix
        return product


class Design:
    """X in kernel scaling, and the directions of the penalty on it.

    source: X as the user has it, which only `rows` needs, and only of a sparse X."""

    def __init__(self, problem: Problem, directions: Directions, source: Any = None) -> None:
        self.problem, self.directions, self.source = problem, directions, source
        self.root = np.ones(problem.n) if problem.root is None else problem.root

    @cached_property
    def drift(self) -> Floats:
        """What rounding left of the means: of columns far from 0 it would be a direction of its own."""
        if not self.problem.centered:
            return np.zeros(self.problem.p)
        drift: Floats = self.problem.products([self.root])[0] / self.problem.n
        return drift

    @cached_property
    def _by_rows(self) -> Any:
        from fastreg import _sparse

        return _sparse.by_rows(self.source)

    def rows(self, share: int = 1) -> Iterator[tuple[slice, Floats]]:
        """X in blocks of rows, dense; share: how many times less than ENTRIES each has, where several passes go over it.

        A sparse X is turned into rows first, which takes its own size once."""
        problem = self.problem
        step = max(64, ENTRIES // share // problem.p)
        by_rows, means = None, np.empty(problem.p)
        if problem.columns.sparse:
            by_rows = self._by_rows
            problem.columns.means(means)
        for i in range(0, problem.n, step):
            at = slice(i, min(i + step, problem.n))
            if by_rows is None:
                block = np.empty((at.stop - i, problem.p), order="F")
                problem.columns.part(i, 0, block)
            else:
                block = (by_rows[at].toarray().astype(np.float64) - means) * problem.sx
                block *= self.root[at, None]
            yield at, block - np.outer(self.root[at], self.drift)

    def columns(self) -> Iterator[tuple[slice, Floats]]:
        """X in blocks of columns, dense."""
        n, p = self.problem.n, self.problem.p
        step = max(16, ENTRIES // n)
        for j in range(0, p, step):
            at = slice(j, min(j + step, p))
            block = np.empty((n, at.stop - j), order="F")
            self.problem.columns.part(0, j, block)
            block -= np.outer(self.root, self.drift[at])
            yield at, block

    def free_columns(self) -> Floats:
        """The columns that have no penalty, dense; not what rounding left of their means, which is the intercept's."""
        index = self.directions.free.index
        X = np.empty((self.problem.n, index.size), order="F")
        for k, j in enumerate(index):
            self.problem.columns.part(0, int(j), X[:, k : k + 1])
        X -= np.outer(self.root, self.drift[index])
        return X
