"""A dual point and the gap it proves, for min_w P(w) = 1/2 |y - Xw|^2 + sum_j phi_j(w_j) in the products of `_blocks`.

phi_j(w) = l1_j |w| + l2_j/2 w^2 on [lower_j, upper_j], infinite outside; r = y - Xw.  For every theta, by Fenchel's inequality
term by term and with phi_j*(c) = sup_w c w - phi_j(w),
    P(w) - min P <= gap = 1/2 |r - theta|^2 + sum_j (phi_j(w_j) + phi_j*(c_j) - w_j c_j),   c_j = <x_j, theta>.
No term is negative, and none is computed as a difference of large numbers.

theta = t v, with t where the gap is least (it is convex in t) and v one of two points: the residual, and the point nearest to
it with c_j = l1_j sign(w_j) + l2_j w_j on the support, which is the residual after the next Newton step.  In both, phi_j* is
infinite unless c_j = 0 where nothing penalises or bounds w_j: v is projected on the orthogonal complement of these columns.

Rounding.  The computed c_j is off by at most slack_j, and the term of j is taken where it is largest in c_j +- slack_j (an end,
as it is convex).  The c_F that a projection leaves moves v by at most |c_F| / sigma_min(X_F), unit columns: added to
|r - theta| and, times |x_j|, to slack_j, this stands for projecting exactly.  Singular values that float64 cannot tell from 0
are taken for those of dependent columns.  Penalties too small for the rounding of c_j are left out of phi_j*, which only
lowers the bound on min P.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg._blocks import EPS, Blocks, Floats, Indices

# the second dual point takes a singular value decomposition of the support: some seconds for 1500 columns
MOST_SUPPORT = 1500


@dataclass(frozen=True)
class Problem:
    """min P(w), and w."""

    blocks: Blocks
    y: Floats
    w: Floats
    l1: Floats
    l2: Floats
    lower: Floats
    upper: Floats

    def penalty(self) -> Floats:
        """l1 |w| + l2/2 w^2, column by column."""
        return self.l1 * np.abs(self.w) + self.l2 / 2 * self.w**2


class Point(NamedTuple):
    """v, c_j = <x_j, v> as computed, and how far v is from a point whose products with the projected columns are exact."""

    v: Floats
    c: Floats
    drift: float


@dataclass(frozen=True)
class Dual:
    """theta by what the proofs need of it: c within +- slack of <x_j, theta>, and the gap it proves."""

    gap: float
    c: Floats
    slack: Floats


def norm(v: Floats, share: Floats) -> float:
    """|v|."""
    return float(np.sqrt(share @ v**2))


def best_dual(problem: Problem, r: Floats, r_error: float) -> Dual:
    """The dual point of least gap; r is y - Xw up to r_error in norm."""
    with np.errstate(over="ignore", invalid="ignore"):  # a gap that is not finite is inf
        dual = _best_dual(problem, r, r_error)
        eased, cost = _eased(problem)
        if eased is not None:
            other = _best_dual(eased, r, r_error)
            dual = min(dual, replace(other, gap=other.gap + cost), key=lambda d: d.gap)
    return dual


def _eased(problem: Problem) -> tuple[Problem | None, float]:
    """The problem without l2 penalties that rounding hides and bounds out of reach, and what that lowers P(w) by.

    A smaller penalty has a smaller minimum, so its dual points bound P(w) - min P too: by their gap and this.  With such an l2
    or bound, what c_j exceeds l1_j by in rounding would cost its square over l2, or that times the bound.
    """
    blocks, w = problem.blocks, problem.w
    faint = (problem.l2 > 0.0) & (problem.l2 <= 4.0 * blocks.unit * blocks.norm**2) & (problem.l1 > 0.0)
    reach = (norm(problem.y, blocks.share) + float(blocks.size @ np.abs(w))) / np.sqrt(blocks.unit)
    far = [np.isfinite(bound) & (np.abs(bound) * blocks.norm > reach) for bound in (problem.lower, problem.upper)]
    if not (faint.any() or far[0].any() or far[1].any()):
        return None, 0.0
    eased = replace(
        problem,
        l2=np.where(faint, 0.0, problem.l2),
        lower=np.where(far[0] & (problem.lower < 0.0), -np.inf, problem.lower),
        upper=np.where(far[1] & (problem.upper > 0.0), np.inf, problem.upper),
    )
    return eased, float(np.sum(problem.l2[faint] * w[faint] ** 2) / 2 * (1.0 + 8.0 * EPS))


def _best_dual(problem: Problem, r: Floats, r_error: float) -> Dual:
    blocks = problem.blocks
    c = blocks.dot(r)
    size = blocks.size * norm(r, blocks.share)
    # what to leave out: penalties that rounding hides, or also those that it distorts by more than they are worth
    hidden, small = (
        (problem.l1 <= tiny * size) & (problem.l2 <= tiny * blocks.norm**2)
        for tiny in (4.0 * blocks.unit, np.sqrt(blocks.unit))
    )
    dual = _with_relaxed(problem, r, r_error, c, hidden)
    if (small != hidden).any():
        dual = min(dual, _with_relaxed(problem, r, r_error, c, small), key=lambda d: d.gap)
    return dual


def _with_relaxed(problem: Problem, r: Floats, r_error: float, c: Floats, relaxed: NDArray[np.bool_]) -> Dual:
    """The better of the two dual points, without the penalties of some columns."""
    blocks, w = problem.blocks, problem.w
    up, down = np.isinf(problem.upper), np.isinf(problem.lower)
    live = blocks.norm > 0.0
    free = relaxed & live & up & down
    point = Point(r, c, 0.0)
    while True:  # free only grows
        projector = Projector(blocks, np.flatnonzero(free))
        point = projector.complement(point)
        slack = _slack(blocks, point)
        wrong = relaxed & live & ~free & ((up & (point.c + slack > 0.0)) | (down & (point.c - slack < 0.0)))
        if not wrong.any():
            break
        free |= wrong
    first = _along(problem, r, r_error, point, relaxed, free)
    if first.gap <= 64.0 * blocks.unit * (norm(r, blocks.share) ** 2 / 2 + float(problem.penalty().sum())):
        return first
    # the support and signs after one step of every coordinate by itself
    square = blocks.norm[live] ** 2
    z = np.zeros_like(w)
    z[live] = _maximiser(
        w[live] * square + c[live],
        *(a[live] for a in (problem.l1, problem.l2 + blocks.norm**2, problem.lower, problem.upper)),
    )
    support = np.flatnonzero(free | (live & (problem.lower < z) & (z < problem.upper) & ((z != 0.0) | (problem.l1 == 0.0))))
    if not np.count_nonzero(free) < support.size <= min(blocks.n, MOST_SUPPORT):
        return first
    aim = np.where(relaxed, 0.0, problem.l1 * np.sign(z) + problem.l2 * w)[support]
    point = projector.complement(Projector(blocks, support).towards(point, aim))
    second = _along(problem, r, r_error, point, relaxed, free)
    return second if second.gap < first.gap else first


def _slack(blocks: Blocks, point: Point) -> Floats:
    """How far <x_j, v> may be from c_j, v projected exactly."""
    return blocks.unit * blocks.size * norm(point.v, blocks.share) + blocks.norm * point.drift + 2.0 * EPS * np.abs(point.c)


def _along(
    problem: Problem, r: Floats, r_error: float, point: Point, relaxed: NDArray[np.bool_], free: NDArray[np.bool_]
) -> Dual:
    """The best theta = t v."""
    blocks, w, v = problem.blocks, problem.w, point.v
    l1, l2 = np.where(relaxed, 0.0, problem.l1), np.where(relaxed, 0.0, problem.l2)
    exact = free | (blocks.norm == 0.0)  # <x_j, v> = 0
    c, slack = np.where(exact, 0.0, point.c), np.where(exact, 0.0, _slack(blocks, point))
    left_out = float(np.sum(problem.penalty()[relaxed]))

    def at(t: float) -> Dual:
        low, high = (_fenchel(w, t * c + e, l1, l2, problem.lower, problem.upper) for e in (-abs(t) * slack, abs(t) * slack))
        distance = norm(r - t * v, blocks.share) + r_error + abs(t) * point.drift
        gap = float(distance**2 / 2 + np.maximum(low, high).sum() + left_out)
        return Dual(gap if gap < np.inf else np.inf, t * c, abs(t) * slack)

    # t = 0 proves min P >= min sum_j phi_j, and is the better one where v is rounding
    return min(at(_best_step(problem, r, v, c, slack, l1, l2)), at(0.0), key=lambda dual: dual.gap)


def _best_step(problem: Problem, r: Floats, v: Floats, c: Floats, slack: Floats, l1: Floats, l2: Floats) -> float:
    """Where the gap is least along t v, t such that all conjugates are finite: the sign change of its slope, by bisection.

    The slope is <v, t v - r> + sum_j c_j (z_j - w_j) with z_j the maximiser of phi_j*(t c_j).  t = 0 is always allowed.
    """
    share = problem.blocks.share
    square = float(share @ v**2)
    if square == 0.0:
        return 0.0
    up, down = np.isinf(problem.upper) & (l2 == 0.0), np.isinf(problem.lower) & (l2 == 0.0)
    ends = []
    for sign in (-1.0, 1.0):
        tight = (up & (sign * c + slack > 0.0)) | (down & (sign * c - slack < 0.0))
        ends.append(np.min(l1[tight] / (np.abs(c[tight]) + slack[tight]), initial=np.inf) * (1.0 - 4.0 * EPS))
    # the gap is at most P at t = 0 and at least |r - t v|^2 / 2
    start = float(share @ r**2)
    far = (np.sqrt(start) + np.sqrt(start + 2.0 * problem.penalty().sum())) / np.sqrt(square)
    low, high = -min(far, float(ends[0])), min(far, float(ends[1]))
    along = float(share @ (v * r))
    for _ in range(64):
        t = (low + high) / 2.0
        z = _maximiser(t * c, l1, l2, problem.lower, problem.upper)
        if t * square - along + np.sum(c[c != 0.0] * (z - problem.w)[c != 0.0]) < 0.0:
            low = t
        else:
            high = t
    return float(low + high) / 2.0


def _maximiser(c: Floats, l1: Floats, l2: Floats, lower: Floats, upper: Floats) -> Floats:
    """argmax of c z - l1 |z| - l2/2 z^2 on [lower, upper], the nearest to 0; infinite where nothing bounds it."""
    threshold = np.sign(c) * np.maximum(np.abs(c) - l1, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        peak = np.divide(threshold, l2, out=np.zeros_like(c), where=threshold != 0.0)
    clipped: Floats = np.clip(peak, lower, upper)
    return clipped


def _fenchel(w: Floats, c: Floats, l1: Floats, l2: Floats, lower: Floats, upper: Floats) -> Floats:
    """phi(w) + phi*(c) - w c for w in [lower, upper]: what c z - phi(z) gains from w to its maximiser, by way of 0."""
    z = _maximiser(c, l1, l2, lower, upper)
    finite = np.isfinite(z)
    z = np.where(finite, z, w)
    turn = np.where(w * z < 0.0, 0.0, w)

    def gain(a: Floats, b: Floats) -> Floats:
        """From a to b on one side of 0."""
        total: Floats = (b - a) * (c - l1 * np.sign(a + b) - l2 * (a + b) / 2)
        return total

    terms: Floats = np.where(finite, np.maximum(gain(w, turn) + gain(turn, z), 0.0), np.inf)
    return terms


class Projector:
    """Projection along the columns of X in a set, from the singular values of X_F = Q diag(sigma) V', unit columns."""

    def __init__(self, blocks: Blocks, columns: Indices, l2: Floats | None = None) -> None:
        self.blocks, self.columns = blocks, columns
        more = np.zeros(columns.size) if l2 is None else np.sqrt(l2[columns])
        self.scale = np.hypot(blocks.norm[columns], more)
        self.wide = columns.size > blocks.n and l2 is None
        if not columns.size:
            return
        R = blocks.triangle(columns, self.scale, more, self.wide)
        _, sigma, self.V = np.linalg.svd(R)
        kept = sigma > blocks.unit * max(R.shape) * sigma[0]
        self.sigma, self.V = sigma[kept], self.V[: sigma.size][kept]
        self.independent = self.sigma.size == columns.size

    def complement(self, point: Point) -> Point:
        """v without its part in the span of the columns."""
        if not self.columns.size:
            return point
        root = np.sqrt(self.blocks.share)
        v, c, _ = point
        for _ in range(3):  # once, and twice for what rounding left
            if self.wide:
                v = v - (self.V.T @ (self.V @ (root * v))) / root
                c = self.blocks.dot(v)
            else:
                v, c = self._step(v, c, 0.0)
        inexact = self.blocks.unit * self.blocks.size[self.columns] * norm(v, self.blocks.share)
        left = np.linalg.norm((np.abs(c[self.columns]) + inexact) / self.scale)
        return Point(v, c, float(left / self.sigma[-1]))

    def towards(self, point: Point, aim: Floats) -> Point:
        """The point nearest to v with <x_j, v> = aim_j on the columns, as far as they agree, for `complement` to follow."""
        v, c, _ = point
        for _ in range(3):
            v, c = self._step(v, c, aim)
        return Point(v, c, 0.0)

    def _step(self, v: Floats, c: Floats, aim: Floats | float) -> tuple[Floats, Floats]:
        """One correction of v to <x_j, v> = aim_j by the seminormal equations."""
        miss = (aim - c[self.columns]) / self.scale
        g = np.zeros(self.blocks.p)
        g[self.columns] = self.V.T @ ((self.V @ miss) / self.sigma**2) / self.scale
        v = v + self.blocks.times(g)
        return v, self.blocks.dot(v)

    def reach(self) -> Floats:
        """The largest |d_j| for |X_F d|^2 + d'diag(l2) d <= 1, j in the set; infinite where the columns are dependent."""
        if not self.columns.size or not self.independent:
            return np.full(self.columns.size, np.inf)
        cut = np.max(self.blocks.size[self.columns] / self.scale)
        doubt = self.blocks.unit * self.columns.size * cut * self.sigma[0] / self.sigma[-1]
        if doubt >= 0.5:
            return np.full(self.columns.size, np.inf)
        length: Floats = np.sqrt(np.sum((self.V / self.sigma[:, None]) ** 2, axis=0)) / self.scale / (1.0 - doubt)
        return length
