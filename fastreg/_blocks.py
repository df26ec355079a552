"""X in float64 by blocks: columns scaled by powers of two, centred, weighted by rows, and never there as a whole.

Column j stands for x_j 2^-e_j - m_j on the rows of positive share s_i (sum s = 1), where e_j brings its largest entry to
[1/2, 1) and m_j is its mean by these shares, or 0.  Products are <a, b> = sum_i s_i a_i b_i.  An entry is centred before
anything is summed, also in a sparse X where at least a quarter of a block is stored; a block with fewer entries stays sparse.

Every sum over rows is one of at most `chain` additions in sequence, so that, with unit = chain eps (Higham 2002, section 3.1),
    |computed <x_j, v> - <x_j, v>| <= unit size_j |v|   for any centred v.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
EPS = float(np.finfo(np.float64).eps)
ROWS = 512
ENTRIES = 2**18


class Blocks:
    """The columns of X, an array or a CSC matrix as `_input.design` gives it; ValueError where X is not finite.

    Attributes: n (rows of positive share), p, share (n,), exponent, mean, norm, size (p,), unit.
    """

    def __init__(self, X: Any, share: Floats, center: bool) -> None:
        self.X = X
        self.sparse = not isinstance(X, np.ndarray)
        self.rows: Indices | None = None if share.all() else np.flatnonzero(share)
        self.share = share if self.rows is None else share[self.rows]
        self.n, self.p = self.share.size, X.shape[1]
        self.exponent = np.zeros(self.p, dtype=np.intp)
        self.mean, self.norm = np.zeros(self.p), np.zeros(self.p)
        chain = int(np.diff(X.indptr).max()) if self.sparse else min(self.n, ROWS) + self.n // ROWS
        self.unit = (chain + 16) * EPS

        top = np.zeros(self.p)
        for _, columns, tile in self._tiles():
            top[columns] = np.maximum(top[columns], abs(tile).max(axis=0) if not self.sparse else _largest(tile))
        if not np.isfinite(top).all():
            raise _input.not_finite(X, "X")
        self.exponent = np.clip(np.frexp(top)[1], -1000, 1000).astype(np.intp)
        if center:
            self._set_means()
        square, far = np.zeros(self.p), np.zeros(self.p)
        for rows, columns, tile in self._tiles():
            if not isinstance(tile, np.ndarray):
                far[columns] = np.abs(self.mean[columns])
            square[columns] += _square(tile, self.mean[columns], self.share[rows])
        self.norm = np.sqrt(square)
        # entries that are not centred first leave, of a constant column, the rounding of its mean
        self.norm[self.norm <= self.unit * far] = 0.0
        # what a mean lacks to exactness is constant, and meets a v whose sum is rounding only
        self.size = self.norm + 2.0 * far + 4.0 * self.unit * (top > 0.0)

    def _set_means(self) -> None:
        """m_j = x_0j + <1, x_j - x_0j>, which is exact for a constant."""
        first = np.zeros(self.p)
        for rows, columns, tile in self._tiles():
            if isinstance(tile, np.ndarray):
                if rows.start == 0:
                    first[columns] = tile[0]
                self.mean[columns] += self.share[rows] @ (tile - first[columns])
            else:
                self.mean[columns] += tile.T @ self.share[rows]
        self.mean += first

    def dot(self, v: Floats) -> Floats:
        """<x_j, v> for every column, v centred if the columns are."""
        c = np.zeros(self.p)
        weighted = self.share * v
        for rows, columns, tile in self._tiles():
            if isinstance(tile, np.ndarray):
                c[columns] += weighted[rows] @ (tile - self.mean[columns])
            else:
                c[columns] += tile.T @ weighted[rows] - self.mean[columns] * weighted[rows].sum()
        return c

    def times(self, w: Floats) -> Floats:
        """sum_j x_j w_j; columns with w_j = 0 are not read unless their neighbours are."""
        v = np.zeros(self.n)
        for rows, columns, tile in self._tiles(w != 0.0):
            if isinstance(tile, np.ndarray):
                v[rows] += (tile - self.mean[columns]) @ w[columns]
            else:
                v[rows] += tile @ w[columns] - self.mean[columns] @ w[columns]
        return v

    def triangle(self, columns: Indices, scale: Floats, more: Floats, transposed: bool) -> Floats:
        """R of a QR factorization of sqrt(s) x_j / scale_j, j in columns, with the rows diag(more / scale) below.

        transposed: of the transpose instead, for more columns than rows (and without more rows).  Block after block is put
        below the R so far and factored again (Demmel et al. 2012, TSQR), so that X is not copied.
        """
        root = np.sqrt(self.share)
        R = np.diag(more / scale)[more > 0.0] if not transposed else np.zeros((0, self.n))
        if transposed:
            step = max(self.n, ENTRIES // self.n)
            for k in range(0, columns.size, step):
                part = columns[k : k + step]
                block = (self._block(slice(0, self.n), part) - self.mean[part]) / scale[k : k + step]
                R = np.asarray(np.linalg.qr(np.vstack([R, (root[:, None] * block).T]), mode="r"))
            return R
        step = max(columns.size, ENTRIES // columns.size)
        for i in range(0, self.n, step):
            rows = slice(i, min(i + step, self.n))
            block = root[rows, None] * (self._block(rows, columns) - self.mean[columns]) / scale
            R = np.asarray(np.linalg.qr(np.vstack([R, block]), mode="r"))
        return R

    def _tiles(self, wanted: NDArray[np.bool_] | None = None) -> Iterator[tuple[slice, slice, Any]]:
        """(rows, columns, entries before centring), for all of X or what holds the wanted columns."""
        if self.sparse:
            starts = self.X.indptr
            j = 0
            while j < self.p:
                columns = slice(j, max(j + 1, int(np.searchsorted(starts, starts[j] + ENTRIES, side="right")) - 1))
                j = columns.stop
                if wanted is None or wanted[columns].any():
                    tile = self._sparse_block(columns)
                    full = 4 * tile.nnz >= tile.shape[0] * tile.shape[1]
                    yield slice(0, self.n), columns, tile.toarray() if full else tile
            return
        width = max(1, ENTRIES // min(self.n, ROWS))
        for j in range(0, self.p, width):
            columns = slice(j, min(j + width, self.p))
            if wanted is None or wanted[columns].any():
                for i in range(0, self.n, ROWS):
                    rows = slice(i, min(i + ROWS, self.n))
                    yield rows, columns, self._block(rows, columns)

    def _block(self, rows: slice, columns: slice | Indices) -> Floats:
        """A dense block, scaled."""
        if self.sparse:
            dense: Floats = self._sparse_block(columns)[rows].toarray()
            return dense
        if self.rows is None:
            block = self.X[rows, columns]
        else:
            block = (
                self.X[self.rows[rows, None], columns] if not isinstance(columns, slice) else self.X[self.rows[rows], columns]
            )
        scaled: Floats = block.astype(np.float64) * np.ldexp(1.0, -self.exponent[columns])
        return scaled

    def _sparse_block(self, columns: slice | Indices) -> Any:
        """Columns of a sparse X with the rows of positive share, scaled."""
        block = self.X[:, columns]
        block = (block if self.rows is None else block[self.rows]).astype(np.float64)
        block.data = block.data * np.repeat(np.ldexp(1.0, -self.exponent[columns]), np.diff(block.indptr))
        return block


def _largest(tile: Any) -> Floats:
    """max_i |x_ij| of a dense or sparse tile."""
    top = abs(tile).max(axis=0)
    return np.asarray(top if isinstance(tile, np.ndarray) else top.toarray()).ravel()


def _square(tile: Any, mean: Floats, share: Floats) -> Floats:
    """<x_j - m_j, x_j - m_j>; in a sparse tile an entry that is not stored is -m_j."""
    if isinstance(tile, np.ndarray):
        square: Floats = share @ (tile - mean) ** 2
        return square
    column = np.repeat(np.arange(mean.size), np.diff(tile.indptr))
    stored = share[tile.indices]
    rest = np.maximum(1.0 - np.bincount(column, stored, mean.size), 0.0)
    return np.asarray(np.bincount(column, stored * (tile.data - mean[column]) ** 2, mean.size) + rest * mean**2)
