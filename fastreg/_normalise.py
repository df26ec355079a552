"""Public scaling to kernel scaling and back.

Public:  1/(2n) sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha sum_j (rho v_j |w_j| + (1 - rho)/2 u_j w_j^2),  lower <= w <= upper
Kernel:  1/2 |y~ - X~ w~|^2 + sum_j (l1 v_j |w~_j| + l2/2 u_j w~_j^2),  lower~ <= w~ <= upper~

with weights s that add up to n, X~ = sqrt(s) sx (X - mean) implicitly and y~ = sqrt(s) sy (y - o - mean(y - o)), the weighted
means only with an intercept.  sy puts y~ near 1, and sx is 1 unless squares of X would leave the range of float64; both are
powers of two, so scaling rounds nothing.  Hence w = w~ sx / sy, l1 = n sx sy alpha rho, l2 = n sx^2 alpha (1 - rho), and the
public objective is the kernel's over n sy^2.  Columns standardised to standard deviation 1 are factors v_j sd_j, u_j sd_j^2.
Nothing else in the package knows both scalings.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._input import FLOAT64, INFINITY
from fastreg._options import leaves_out_0
from fastreg.kernels import _columns
from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]
Factors = tuple[Floats, Floats]
HUGE = 1e300
SQUARE = 1e200  # columns are scaled where the largest squared norm is not below this and above its inverse


@dataclass(slots=True)
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
    root: Floats | None  # square roots of the weights
    factors: Factors | None = None  # (v, u), kernel scaling
    limits: Factors | None = None  # (lower, upper), public scaling
    matrix: Floats | None = None  # D of a ridge penalty w'Dw that is not diagonal
    xy: Floats | None = None  # X~'y~, where it is not that of columns
    standard: bool = False  # factors are those of standardised columns, and hold sx already

    def penalties(self, alpha: float, l1_ratio: float) -> tuple[float, float]:
        """(l1, l2) of the kernel.  Any l1 v_j from |X'y| on gives zeros, so an l1 out of range is as good as a huge one, unless
        bounds leave out 0 or a factor is tiny."""
        sx = 1.0 if self.standard else self.sx
        a = self.n * alpha * sx
        l1 = a * self.sy * l1_ratio if l1_ratio > 0.0 else 0.0
        l2 = a * sx * (1.0 - l1_ratio) if l1_ratio < 1.0 else 0.0
        if l1 <= HUGE and l2 < INFINITY:
            return l1, l2
        if not l2 < INFINITY or not self._zero_at_huge_l1():
            raise _input.out_of_range("alpha", alpha)
        return HUGE, l2

    def penalties_along(self, alphas: Floats, l1_ratio: float) -> tuple[Floats, Floats]:
        """penalties of each alpha, the same to the last bit"""
        sx = 1.0 if self.standard else self.sx
        with np.errstate(over="ignore", invalid="ignore"):
            a = self.n * alphas * sx
            l1, l2 = a * self.sy * l1_ratio, a * sx * (1.0 - l1_ratio)
        if not (l1 <= HUGE).all() or not (l2 < INFINITY).all():
            l1, l2 = np.array([self.penalties(alpha, l1_ratio) for alpha in alphas.tolist()]).T.copy()
        return l1, l2

    def _zero_at_huge_l1(self) -> bool:
        """Whether every penalised coefficient is."""
        v = None if self.factors is None else self.factors[0]
        tiny = v is not None and bool(((v > 0.0) & (v < 1.0 / SQUARE)).any())
        return not tiny and (self.limits is None or not leaves_out_0(*self.limits).any())

    @property
    def unit(self) -> float:
        """Public coefficients per kernel coefficient."""
        return self.sx / self.sy

    @property
    def bounds(self) -> Factors | None:
        """(lower, upper) of the kernel coefficients."""
        if self.limits is None:
            return None
        with np.errstate(over="ignore"):  # not by the unit, which may be 0 or inf
            lower, upper = self.limits[0] / self.sx * self.sy, self.limits[1] / self.sx * self.sy
        if (lower == np.inf).any() or (upper == -np.inf).any():
            raise _input.coefficients_out_of_range()
        return lower, upper

    def squares(self) -> Floats:
        """|x_j|^2 of X~"""
        out = np.empty(self.p)
        self.columns.squares(out)
        return out

    def products(self, targets: list[Floats]) -> Floats:
        """X~'y for targets as `scale_target` gives them, one per row"""
        out = np.empty((len(targets), self.p))
        self.columns.products(np.stack(targets), out)
        return out

    def for_target(self, y: Floats, y_mean: float, sy: float, xy: Floats | None) -> "Problem":
        """The same X with another target, as `scale_target` gives it; xy: X~'y~."""
        columns, n, p, limits = self.columns, self.n, self.p, self.limits  # dataclasses.replace takes 15 times as long
        return Problem(
            columns,
            y,
            y_mean,
            self.sx,
            sy,
            n,
            p,
            self.centered,
            self.root,
            self.factors,
            limits,
            self.matrix,
            xy,
            self.standard,
        )

    def objective(self, value: float) -> float:
        """A kernel objective or gap in public scaling."""
        return value / self.n / self.sy / self.sy

    def alpha_of(self, l1: float, l1_ratio: float) -> float:
        """The smallest alpha whose l1 is at least this."""
        alpha, ulps = float(l1 / self.n / (1.0 if self.standard else self.sx) / l1_ratio / self.sy), 1
        while True:
            if not (alpha < np.inf and l1 <= HUGE):
                raise _input.out_of_range("alpha_max", alpha)
            if self.penalties(alpha, l1_ratio)[0] >= l1:
                return alpha
            # twice as far each time: where a product underflows on the way, one step changes nothing
            alpha, ulps = alpha + ulps * float(np.spacing(alpha)), 2 * ulps


def normalise(
    X: Any,
    y: NDArray[Any],
    fit_intercept: bool,
    weights: Floats | None = None,
    offset: Floats | None = None,
    gram: bool = False,
    moments: tuple[Floats, Floats] | None = None,
) -> Problem:
    """X (dense, or a checked CSC) and one target in kernel scaling.  X is kept by reference, y is copied.

    weights add up to n.  gram: X'X is wanted as well, and is made in the same reading.  moments: weighted means and centred
    products of [X y - offset] (p + 1) where they are known, X dense; then X is not read.
    Raises ValueError where X or y is not finite.  Cost: one reading of X, and n p^2/2 for X'X.
    """
    root = None if weights is None else np.sqrt(weights)
    y, y_mean, sy = scale_target(y, fit_intercept, root, offset)
    n, p = X.shape
    columns, sx = None, 1.0
    if moments is not None:
        columns = _from_moments(X, y, fit_intercept, root, sy, *moments)
    if columns is None:
        columns, sx = scale_columns(X, y, fit_intercept, root, gram)
    return Problem(columns, y, y_mean, sx, sy, n, p, fit_intercept, root)


def scale_target(
    y: NDArray[Any], center: bool, root: Floats | None = None, offset: Floats | None = None
) -> tuple[Floats, float, float]:
    """(y~, mean(y - offset), sy) for a finite y of shape (n,); ValueError where it is not finite."""
    scaled = np.empty(y.shape[0])
    if y.dtype is not FLOAT64:
        y = y.astype(np.float64)
    if offset is None:
        found = _columns.scale_target(y, center, root, scaled)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            found = _columns.scale_target(y - offset, center, root, scaled)
    if found is None:
        raise _input.not_finite(y, "y") if offset is None or not np.isfinite(y).all() else _input.too_far("offset", "y")
    return scaled, *found


def _from_moments(
    X: Any, y: Floats, center: bool, root: Floats | None, sy: float, means: Floats, products: Floats
) -> Columns | None:
    """Columns from what is known of them; None where their squares are near the ends of the range of float64."""
    p, S = len(means) - 1, products
    if not center:
        S = S + y.size * np.outer(means, means)
    known = np.zeros(p) if not center else means[:p].copy(), np.diag(S)[:p].copy(), sy * S[p, :p], S[:p, :p].copy()
    columns = Columns(X, y, center, 1.0, root, False, known)
    return columns if columns.ordinary else None


def scale_columns(X: Any, y: Floats, center: bool, root: Floats | None, gram: bool) -> tuple[Columns, float]:
    """(Columns, sx), sx = 1 unless the squared norms would overflow or vanish."""
    columns = Columns(X, y, center, 1.0, root, gram)
    if columns.ordinary:
        return columns, 1.0
    entries = X.data[: X.indptr[-1]] if isinstance(X, _input.Csc) else X
    top = max(-float(entries.min()), float(entries.max())) if entries.size else 0.0
    if not np.isfinite(top):
        raise _input.not_finite(entries, "X")
    if top == 0.0:
        return columns, 1.0
    sx = float(np.ldexp(1.0, int(np.clip(-np.frexp(top)[1], -1000, 1000))))
    columns = Columns(X, y, center, sx, root, gram)
    if not columns.finite:
        raise _input.not_finite(entries, "X")
    return columns, sx


def standardised(squares: Floats, n: int, factors: Factors | None, limits: Factors | None) -> Factors:
    """(v, u) that penalise the coefficients of columns scaled to standard deviation 1 (to root mean square 1 without an
    intercept), in kernel units, from the squared norms of columns.  A constant column has none, and stays out whatever its
    factor; where bounds leave out 0 it costs nothing."""
    sd = np.sqrt(squares / n)
    idle = sd == 0.0
    sd[idle] = 1.0  # inf times 0 is NaN
    v, u = factors if factors is not None else (1.0, 1.0)
    with np.errstate(over="ignore"):  # a factor out of range is as good as an infinite one
        v, u = np.ascontiguousarray(v * sd), np.ascontiguousarray(u * sd * sd)
    v[idle] = u[idle] = np.inf
    if limits is not None:
        idle &= leaves_out_0(*limits)
        v[idle] = u[idle] = 0.0
    return v, u
