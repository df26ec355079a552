"""X'X and a penalty diag(u) made tridiagonal: the coefficients for every l2 without eigenvectors.

    inv(D)^(1/2) X'X inv(D)^(1/2) = Q T Q'      w = inv(D)^(1/2) Q inv(T + l2) Q' inv(D)^(1/2) X'y

The reduction costs 2/3 r^3 multiply-adds and each l2 then r for its solution z and r^2 for w (Golub and Van Loan, 2013, section
8.3.1); objective, degrees of freedom and determinant come from z and the eigenvalues of T, which cost r^2.  Rows cannot be left
out: their leverages would take r steps each for every l2.

It knows a Gram matrix and one penalty for all columns; it must not know rows.  LAPACK is scipy's, imported when first used.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastreg._ridge.design import EPS, Design, Directions
from fastreg._ridge.spectrum import NOISE, ByColumns, Numbers, Target, condition

Floats = NDArray[np.float64]

# From so many columns on it takes half the time of eigenvectors; below, scipy takes longer to be imported.
FEWEST = 500


def by_columns(gram: Floats, directions: Directions, least_l2: float) -> ByColumns | Tridiagonal:
    """Tridiagonal where that serves for every l2 from this one up, and else eigenvectors.

    All columns are to be penalised one by one, enough of them, and T + l2 far from singular; least_l2 is 0 where rows are to
    be left out."""
    single = directions.matrix is None and directions.free.size == 0 and directions.penalised.size >= FEWEST
    if single and least_l2 > 1e-10 * float((np.diag(gram)[directions.penalised.index] * directions.penalised.scale**2).max()):
        return Tridiagonal(gram, directions)
    return ByColumns(gram, directions)


class Tridiagonal:
    """As ByColumns, for directions that it serves."""

    method = "tridiagonal"
    k = 0
    spread = 0.0

    def __init__(self, gram: Floats, directions: Directions) -> None:
        from scipy.linalg import lapack

        self.gram, self.directions = gram, directions
        inner = np.asfortranarray(directions.penalised.between(gram, directions.penalised))
        self.top = float(np.diag(inner).max())
        r = inner.shape[0]
        work = int(lapack.dsytrd_lwork(r, lower=1)[0])
        self._reflectors, self.diagonal, self.off, self._tau, info = lapack.dsytrd(inner, lower=1, lwork=work, overwrite_a=1)
        assert info == 0

    @cached_property
    def lam(self) -> Floats:
        """The eigenvalues."""
        from scipy.linalg import lapack

        values, info = lapack.dsterf(self.diagonal, self.off)
        assert info == 0
        lam: Floats = np.maximum(values, 0.1 * EPS * self.top)
        return lam

    def _turned(self, V: Floats, transposed: bool) -> Floats:
        """QV, or Q'V, for V (r, m)."""
        from scipy.linalg import lapack

        out = np.asfortranarray(V)
        part, _, info = lapack.dormqr(
            "L", "T" if transposed else "N", self._reflectors[1:, :-1], self._tau, out[1:], 64 * max(1, out.shape[1])
        )
        assert info == 0
        turned: Floats = np.vstack([out[:1], part])
        return turned

    def _solved(self, b: Floats, l2: Floats) -> Floats:
        """inv(T + l2) b for every l2, or for every l2 its column of b: shape (r, K)."""
        from scipy.linalg import lapack

        z = np.empty((self.diagonal.size, l2.size), order="F")
        for k, one in enumerate(l2):
            _, _, z[:, k], info = lapack.dptsv(self.diagonal + one, self.off, b if b.ndim == 1 else b[:, k])
            assert info == 0
        return z

    def condition(self, l2: float) -> float:
        """kappa at l2"""
        return condition(self.lam, max(self.top, float(self.lam[-1])), l2)

    def determined(self, l2: float) -> bool:
        """Whether there is one solution."""
        return l2 > 0.0

    def refined(self, design: Design, Y: Floats) -> ByColumns:
        """By singular values of X."""
        return ByColumns(self.gram, self.directions, design, Y)

    def target(self, index: int, y: Floats | None, xy: Floats, yy: float) -> Target:
        """As in ByColumns; g is Q'X'y here."""
        b = self.directions.penalised.of(xy[None]).T
        return Target(self._turned(b, True)[:, 0], np.zeros(0), 0.0, y, xy, yy)

    def numbers(self, target: Target, l2: Floats) -> Numbers:
        """As in ByColumns."""
        z = self._solved(target.g, l2)
        objective = np.maximum(target.yy - target.g @ z, 0.0)
        rss = np.maximum(objective - l2 * np.square(z).sum(axis=0), 0.0)
        return Numbers(self.lam, objective, rss, l2)

    def coefs(self, target: Target, l2: Floats) -> Floats:
        """w at every l2, shape (K, p)."""
        return self.directions.penalised.times(self._turned(self._solved(target.g, l2), False)).T

    def gaps(self, target: Target, l2: Floats, w: Floats, objective: Floats) -> Floats:
        """As in ByColumns."""
        length = np.sqrt(np.maximum(np.diag(self.gram), 0.0))
        size = np.sqrt(target.yy) + np.abs(w) @ length
        c = target.xy - w @ self.gram - l2[:, None] * self.directions.penalty(w)
        b = self._turned(self.directions.penalised.of(c).T, True)
        missed = np.sqrt(np.maximum((b * self._solved(b, l2)).sum(axis=0), 0.0))
        reach = float(np.abs(self.directions.penalised.of(length[None])).sum())
        gap: Floats = (missed + NOISE * size * reach / np.sqrt(self.lam[0] + l2)) ** 2 + NOISE * size**2
        return gap
