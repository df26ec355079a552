"""Directions in which X varies so little that its products hardly hold them, and rows of data that do.

For columns scaled to norm 1, C = V L V' are their products; directions d with eigenvalues up to WEAK are known with a
relative error of rounding / L or not at all. Another reading of the rows sums what they are themselves: u = X d, whose
products u'u, X'u and u'r lose no digits to what cancels in d, as X d is small row by row. With e for u of norm 1 and unit
columns f along the other eigenvectors, [f e]'[f e] is well conditioned, so that its Cholesky factor makes few rows of data
that vary along d as X does, and along which a gradient is answered by a triangular solve.

It knows sums and linear algebra; must not know rows, chunks, or how anything is solved.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastreg._compress import EPS
from fastreg.distributed._protocol import Floats, Indices

WEAK = 1e-8  # of the largest eigenvalue: with more, the gradient of the rows gives the digits that products lost
NOISE = 8.0  # times eps sqrt(p): what x'd is where columns are the same


class Basis(NamedTuple):
    """Directions of columns scaled to norm 1."""

    scale: Floats  # (p,), 0 for a column of zeros
    strong: Floats  # (p, k), orthonormal
    values: Floats  # (k,), eigenvalues of strong
    weak: Floats  # (p, m), orthonormal


class WeakSums(NamedTuple):
    """U'U (m, m), X'U (p, m) and U'r (m, t) about the means, for u = x'd of every row."""

    squares: Floats
    columns: Floats
    products: Floats


class Rows(NamedTuple):
    """Few rows A (k, p) with A'A = X'X, z (k, t) with A'z the gradient, and what of it no row answers (p, t)."""

    A: Floats
    z: Floats
    beyond: Floats


def weak_directions(G: Floats) -> Floats:
    """Coefficients (p, m) of those of products G (p, p); none where a factor shows that there is none."""
    scale, used, C = _correlations(G)
    found = np.zeros((len(G), 0))
    try:
        if (np.diag(np.linalg.cholesky(C)) ** 2 > used.size * WEAK).all():
            return found
    except np.linalg.LinAlgError:
        pass
    values, V = np.linalg.eigh(C)
    small = values <= WEAK * values.max(initial=0.0)
    found = np.zeros((len(G), int(small.sum())))
    found[used] = V[:, small] / scale[used, None]
    return found


def basis(G: Floats, directions: Floats) -> Basis:
    """These weak directions and those across them, which follow from them wherever they were found."""
    scale, used, C = _correlations(G)
    weak, m = scale[:, None] * directions, directions.shape[1]
    across = np.linalg.qr(weak[used], mode="complete")[0][:, m:]
    values, V = np.linalg.eigh(across.T @ C @ across)
    strong = np.zeros((len(G), values.size))
    strong[used] = across @ V
    return Basis(scale, strong, np.maximum(values, 0.0), weak)


def _correlations(G: Floats) -> tuple[Floats, Indices, Floats]:
    """Norms, which columns are not zeros, and the products of these scaled to norm 1."""
    scale = np.sqrt(np.maximum(np.diag(G), 0.0))
    used = np.flatnonzero(scale > 0.0)
    return scale, used, G[np.ix_(used, used)] / np.outer(scale[used], scale[used])


def rows_of(found: Basis, sums: WeakSums, gradient: Floats) -> Rows | None:
    """Rows of data from centred sums, for X'r (p, t); None where these do not belong to the basis."""
    scale = np.where(found.scale > 0.0, found.scale, 1.0)[:, None]
    values, Q = np.linalg.eigh(sums.squares)
    held = values > (NOISE * EPS) ** 2 * len(scale)
    size = np.sqrt(values[held])
    weak = Q[:, held] / size  # of norm 1
    if not (found.values > 0.5 * WEAK * found.values.max(initial=0.0)).all():
        return None
    root = np.sqrt(found.values)
    cross = (found.strong.T @ (sums.columns / scale) @ weak) / root[:, None]
    k, m = cross.shape
    H = np.eye(k + m)
    H[:k, k:], H[k:, :k] = cross, cross.T
    try:
        L = np.linalg.cholesky(H)
    except np.linalg.LinAlgError:
        return None
    N = np.concatenate([root[:, None] * found.strong.T, (size * Q[:, held]).T @ found.weak.T]) * found.scale
    along = np.concatenate([found.strong.T @ (gradient / scale) / root[:, None], weak.T @ sums.products])
    beyond = found.scale[:, None] * (found.weak @ (Q[:, ~held] @ (Q[:, ~held].T @ sums.products)))
    return Rows(L.T @ N, np.linalg.solve(L, along), beyond)
