"""A quadratic as a least-squares problem with few rows.

For G = X'X and B = X'Y finds R (k, p), k <= p, and r (k, t) with R'R = G and R'r = B, so that for every w

    |y - Xw|^2 = |r - Rw|^2 + (|y|^2 - |r|^2)

and whatever solves least squares in rows of data solves it for G and B.

    Cholesky factor of the correlations         p^3/6 multiply-adds     pivots above rounding
    their eigenvalues above rounding            about 25 times that     singular, but no eigenvalue is negative
    the eigenvalues of G itself above rounding  the same                products that do not belong to one another to rounding

Rounding is what sums of products leave, relative to the diagonal for the first two.  A column of nothing but zeros stays one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
FEWEST = 256  # sums of products are rounded by a few eps however small p is
HUGE = 1e300  # more than any |r|^2 of products that float64 holds the squares of


class Compressed(NamedTuple):
    """R and r; negative: the smallest eigenvalue of G if it is negative beyond rounding, else 0; beyond: what of B is not in
    the range of G; outside: that as a share of B, the worst of its columns."""

    R: Floats
    r: Floats
    negative: float
    outside: float
    beyond: Floats


def compress(G: Floats, B: Floats, eps: float = EPS) -> Compressed:
    """G (p, p) symmetric and finite, B (p, t), products of numbers that are rounded to eps; both are left alone.

    Takes 32 p^2 bytes beside them."""
    p = len(G)
    rounding = (FEWEST + p) * eps
    size = np.sqrt(np.maximum(np.diag(G), 0.0))
    used, idle = np.flatnonzero(size > 0.0), np.flatnonzero(size == 0.0)
    if not G[idle].any():
        scale = size[used]
        C, scaled = G if idle.size == 0 else G[np.ix_(used, used)], B[used] / scale[:, None]
        with np.errstate(over="ignore"):  # of what are no correlations
            C = C / scale[:, None]
            C /= scale
        found = None
        if np.isfinite(C).all():
            found = _by_cholesky(C, scaled, rounding) or _by_eigenvalues(C, scaled, rounding, rounding)
        if found is not None and not found.negative:
            R = found.R * scale
            if idle.size > 0:
                R = np.zeros((len(found.R), p))
                R[:, used] = found.R * scale
            beyond = B.copy()
            beyond[used] = found.beyond * scale[:, None]
            return Compressed(R, found.r, 0.0, max(found.outside, _worst_share(B[idle], B)), beyond)
    return _by_eigenvalues(G, B, rounding, 64.0 * rounding)


def _by_cholesky(C: Floats, B: Floats, rounding: float) -> Compressed | None:
    """None where C is singular to rounding.

    With rows of B' below C and HUGE on what is then left of the diagonal, the last rows of the factor are r': numpy has no
    triangular solve, and scipy's takes longer to import than most problems to solve."""
    p, t = B.shape
    bordered = np.zeros((p + t, p + t))
    bordered[:p, :p], bordered[p:, :p] = C, B.T  # numpy reads the lower triangle
    bordered[np.arange(p, p + t), np.arange(p, p + t)] = HUGE
    try:
        L = np.asarray(np.linalg.cholesky(bordered), np.float64)
    except np.linalg.LinAlgError:
        return None
    if (np.diag(L)[:p] ** 2 <= rounding).any():
        return None
    return Compressed(L[:p, :p].T, L[p:, :p].T, 0.0, 0.0, np.zeros_like(B))


def _by_eigenvalues(C: Floats, B: Floats, rounding: float, below: float) -> Compressed:
    """From the eigenvalues that are above rounding; those under -below are negative, as shares of the largest."""
    values, vectors = np.linalg.eigh(C)
    top = float(abs(values).max(initial=0.0))
    negative = float(values.min(initial=0.0))
    kept = values > rounding * top
    root, V = np.sqrt(values[kept]), vectors[:, kept]
    along = V.T @ B
    negative = negative if negative < -below * top else 0.0
    beyond = B - V @ along
    return Compressed(root[:, None] * V.T, along / root[:, None], negative, _worst_share(beyond, B), beyond)


def _worst_share(part: Floats, whole: Floats) -> float:
    """The largest |part_k| / |whole_k| of two matrices' columns."""
    top = abs(whole).max(axis=0, initial=0.0)
    top[top == 0.0] = 1.0
    sizes = np.sqrt(np.square(part / top).sum(axis=0) / np.maximum(np.square(whole / top).sum(axis=0), 1e-300))
    return float(sizes.max(initial=0.0))
