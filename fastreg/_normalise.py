"""Public scaling to kernel scaling and back.

Public:  1/(2n) |y - b - Xw|^2 + alpha (rho |w|_1 + (1 - rho)/2 |w|^2)
Kernel:  1/2 |y~ - X~ w~|^2 + l1 |w~|_1 + l2/2 |w~|^2

with X~ = sx (X - mean) implicitly and y~ = sy (y - mean(y)), the means only with an intercept.  sy puts y~ near 1, and sx is 1
unless squares of X would leave the range of float64; both are powers of two, so scaling rounds nothing.  Hence
w = w~ sx / sy, l1 = n sx sy alpha rho, l2 = n sx^2 alpha (1 - rho), and the public objective is the kernel's over n sy^2.
Nothing else in the package knows both scalings.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg.kernels import _design
from fastreg.kernels._design import Columns

Floats = NDArray[np.float64]
HUGE = 1e300


@dataclass(frozen=True, slots=True)
class Problem:
    """X and y in kernel scaling: columns knows X~ implicitly, y is y~."""

    columns: Columns
    y: Floats
    y_mean: float
    sx: float
    sy: float
    n: int
    p: int
    centered: bool

    def penalties(self, alpha: float, l1_ratio: float) -> tuple[float, float]:
        """(l1, l2) of the kernel.  Any l1 from |X'y| on gives zeros, so an l1 out of range is as good as a huge one."""
        a = self.n * alpha * self.sx
        l1, l2 = a * self.sy * l1_ratio, a * self.sx * (1.0 - l1_ratio) if l1_ratio < 1.0 else 0.0
        if not l2 < np.inf:
            raise _input.out_of_range("alpha", alpha)
        return min(l1, HUGE), l2

    def coefficients(self, w: Floats) -> Floats:
        """Public coefficients of kernel coefficients."""
        return w * (self.sx / self.sy)

    def kernel_coefficients(self, coef: Floats) -> Floats:
        """The inverse of `coefficients`."""
        return coef * (self.sy / self.sx)

    def for_target(self, y: Floats, y_mean: float, sy: float) -> "Problem":
        """The same X with another target, as `scale_target` gives it."""
        return replace(self, y=y, y_mean=y_mean, sy=sy)

    def intercept(self, support: NDArray[np.intp], coef: Floats) -> float:
        """b = mean(y) - mean(X)'w; 0 without an intercept, where both means are 0."""
        return self.y_mean - float(self.columns.mean_dot(support, coef))

    def objective(self, value: float) -> float:
        """A kernel objective or gap in public scaling."""
        return value / self.n / self.sy / self.sy

    def alpha_max(self, l1_ratio: float) -> float:
        """The smallest alpha whose solution is all zero: max_j |x_j'y| / (n l1_ratio), rounded so that it is."""
        largest = self.columns.largest()[1]
        alpha = float(largest / self.n / self.sx / l1_ratio / self.sy)
        if not alpha < np.inf:
            raise _input.out_of_range("alpha_max", alpha)
        while self.penalties(alpha, l1_ratio)[0] < largest:
            alpha = float(np.nextafter(alpha, np.inf))
        return alpha


def normalise(X: NDArray[Any], y: NDArray[Any], fit_intercept: bool, gram: bool = False) -> Problem:
    """X and one target in kernel scaling.  X is kept by reference, y is copied.

    gram: X'X is wanted as well, and is made in the same reading.
    Raises ValueError where X or y is not finite.  Cost: one reading of X, and n p^2/2 for X'X.
    """
    y, y_mean, sy = scale_target(y, fit_intercept)
    columns, sx = scale_columns(X, y, fit_intercept, gram)
    n, p = X.shape
    return Problem(columns, y, y_mean, sx, sy, n, p, fit_intercept)


def scale_target(y: NDArray[Any], center: bool) -> tuple[Floats, float, float]:
    """(y~, mean(y), sy) for a finite y of shape (n,); ValueError where it is not finite."""
    scaled = np.empty(y.shape[0])
    found = _design.scale_target(y, center, scaled)
    if found is None:
        raise _input.not_finite(y, "y")
    return scaled, *found


def scale_columns(X: NDArray[Any], y: Floats, center: bool, gram: bool) -> tuple[Columns, float]:
    """(Columns, sx), sx = 1 unless the squared norms would overflow or vanish."""
    columns = Columns(X, y, center, 1.0, gram)
    if columns.finite and 1e-200 < columns.largest()[0] < 1e200:
        return columns, 1.0
    top = max(-float(X.min()), float(X.max()))
    if not np.isfinite(top):
        raise _input.not_finite(X, "X")
    if top == 0.0:
        return columns, 1.0
    sx = float(np.ldexp(1.0, int(np.clip(-np.frexp(top)[1], -1000, 1000))))
    columns = Columns(X, y, center, sx, gram)
    if not columns.finite:
        raise _input.not_finite(X, "X")
    return columns, sx
