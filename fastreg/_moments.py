"""Rows of any X and y taken into the sums of kernels/_moments, and what cannot be.

Dense rows are read by the kernel.  Of sparse rows the moments are taken first, by the kernels that solvers use, and merged.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg.kernels._columns import Columns, scale_target
from fastreg.kernels._moments import SMALL, MomentSums

Floats = NDArray[np.float64]


def take(sums: MomentSums, X: Any, y: NDArray[Any], root: Floats | None) -> None:
    """Take in rows: X as `_input.design` gives it, y likewise, root the square roots of weights or None.

    Where ValueError is raised, sums are as they were."""
    if not isinstance(X, np.ndarray):
        _take_sparse(sums, X, y, root)
        return
    bad = sums.update(X, y, root)
    if bad is not None:
        column, small = bad
        raise _too_small(column, sums.p) if small else _not_finite(column, sums.p, X, y)


def read(sums: MomentSums) -> tuple[Floats, Floats, Floats]:
    """(base, rest, products) as MomentSums.read has them"""
    m = sums.p + sums.t
    base, rest, products = np.empty(m), np.empty(m), np.empty((m, m))
    sums.read(base, rest, products)
    return base, rest, products


def _take_sparse(sums: MomentSums, X: Any, y: NDArray[Any], root: Floats | None) -> None:
    """Take the rows of a Csc: their own moments first, then one merge."""
    n, p = X.shape
    rows = n if root is None else int(np.count_nonzero(root))
    if rows == 0:
        return
    m = p + sums.t
    Y = y.reshape(n, -1).astype(np.float64)
    unit = 1.0
    if root is not None:  # Columns needs weights that add up to n
        unit = float(root @ root) / n
        root = root / np.sqrt(unit)
    base, rest, S, centred = np.empty(m), np.empty(m), np.zeros((m, m)), np.empty((sums.t, n))
    base[p:] = Y[0 if root is None else int(np.argmax(root > 0.0))]
    for k, out in enumerate(centred):
        with np.errstate(over="ignore", invalid="ignore"):
            found = scale_target(Y[:, k] - base[p + k], True, root, out)
        if found is None:
            raise _input.not_finite(y, "y")
        rest[p + k], scale = found
        out /= scale
    columns = Columns(X, centred[0], True, 1.0, root, False)
    if not columns.finite:
        raise _input.not_finite(X.data, "X")
    columns.centres(np.ones(n) if root is None else root, base[:p], rest[:p])
    inner, across = np.empty((p, p + 3)), np.empty((sums.t, p))
    columns.inner(inner)
    columns.products(centred, across)
    S[:p, :p], S[p:, :p] = np.tril(inner[:, :p]), across  # above the diagonal inner holds what memory held
    with np.errstate(over="ignore"):
        for k in range(sums.t):
            S[p + k, p : p + k + 1] = (centred[k] * centred[: k + 1]).sum(axis=1)
        S *= unit
    for j, square in enumerate(np.diag(S)):
        if not np.isfinite(square):
            raise _not_finite(j, p, X.data, y)
        if square < SMALL and (_leaves(X, j, base[j], root) if j < p else centred[j - p].any()):
            raise _too_small(j, p)
    chunk = MomentSums(p, sums.t)
    chunk.write(rows, unit * n, base, rest, S)
    if not sums.add(chunk):
        raise ValueError(
            "X and y differ so much from the rows before that their sums leave the range of float64; rescale them."
        )


def _leaves(X: Any, j: int, base: float, root: Floats | None) -> bool:
    """Whether column j of a Csc has a stored entry other than base in a row of weight > 0."""
    part = slice(X.indptr[j], X.indptr[j + 1])
    other = X.data[part] != base
    return bool((other if root is None else other & (root[X.indices[part]] > 0.0)).any())


def _not_finite(column: int, p: int, X: NDArray[Any], y: NDArray[Any]) -> ValueError:
    """The error for a column of [X y] that is not finite, or whose squares are not."""
    return _input.not_finite(X, "X") if column < p else _input.not_finite(y, "y")


def _too_small(column: int, p: int) -> ValueError:
    """The error for a column of [X y] whose squares vanish."""
    where, name = (f"column {column} of X", "X") if column < p else ("y", "y")
    return ValueError(
        f"The weighted entries of {where} differ by too little to be squared in float64; multiply {name} by a constant."
    )
