"""The problem on all columns as the client knows it, and the working set: those of its columns that the client has.

With r the residual in kernel scaling and q = root r / l1, a column outside with a factor a_j (v_j, or v_j sd_j if standardised)
may stay at 0 while -a_j <= x_j'q <= a_j, of which a bound at 0 leaves one side: its ratio is the larger of x_j'q / high_j and
x_j'q / low_j, and at most 1.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input, _options
from fastreg._compress import EPS
from fastreg._descent import Form
from fastreg._model import Model, Options
from fastreg._normalise import scale_target
from fastreg.distributed._protocol import (
    Floats,
    Indices,
    Question,
    WideDesign,
    answered,
    block_moments,
    block_reach,
    dtype_of,
    feature_names,
    in_pieces,
    moments_of,
    shape_of,
)

INNER_TOL = 1e-13  # of a solve on the working set, which costs little: its gap is what columns outside are doubted by
SOLVER_SHARE = 0.3  # of the memory, for the Gram matrix and the factor of a solve
WRONG = 1e-4  # share by which answers of a design are not what they should be, and not rounded


class Whole:
    """A design with a target and options, all checked, and what one pass told of its columns."""

    def __init__(self, design: WideDesign, y: Any, options: Options, l1_ratio: Any) -> None:
        self.design, self.options = design, options
        self.l1_ratio = _input.number(l1_ratio, "l1_ratio", 0.0, 1.0)
        if self.l1_ratio == 0.0:
            raise ValueError("l1_ratio is 0; without an l1 penalty every column is in the fit, so that more than 0 is needed.")
        self.n, self.p = n, p = shape_of(design)
        self.names, self.dtype = feature_names(design, p), dtype_of(design)
        self.tol = _input.number(options.tol, "tol", 0.0)
        _input.count(options.max_iter, "max_iter")
        self.y = _input.target(y, n)
        self.center = _input.flag(options.fit_intercept, "fit_intercept")
        self.standardize = _input.flag(options.standardize, "standardize")
        weights = _options.sample_weights(options.sample_weight, n)
        self.weights = np.ones(n) if weights is None else weights
        self.root = None if weights is None else np.sqrt(weights)
        self.factors = _options.penalty_factors(options.penalty_factor, p)
        self.limits = _options.bounds(options.lower, options.upper, options.positive, p)
        self.one_sided = self.limits is None or all(((bound == 0.0) | np.isinf(bound)).all() for bound in self.limits)
        if self.factors is not None and self.limits is not None:
            _options.excluded_within(self.factors[0], *self.limits)
        self.moved = 0  # bytes to and from the design
        self.top: float | None = None  # alpha_max for an l1_ratio of 1, once it is known
        self.target, _, _ = scale_target(self.y, self.center, self.root, _options.offsets(options.offset, n))
        self.norms, self.products = moments_of(design, self.target, self.root, self.center)
        self.moved += 8 * (2 * n + 2 * p)
        self._set_limits()

    def first(self, count: int) -> Indices:
        """So many columns: those that are always in a fit, then those nearest to their limits at a large alpha."""
        ratio = self.ratios(self.products, slice(None))
        ratio[self.always] = np.inf
        return np.argpartition(-ratio, count - 1)[:count]

    def check_moments(self, X: NDArray[Any], indices: Indices, blur: Floats) -> None:
        """Refuse a design that says other norms, or products with the target, of columns than theirs, up to their blur.

        It is looked at where columns come anyway: a wrong norm would be a wrong certificate."""
        norms, products = block_moments(X, indices.tolist(), self.target, self.root, self.center)
        slack = WRONG * np.maximum(norms, self.norms[indices]) + blur
        told = self.products[indices] if self.products.size else products
        for said, here, most, what in (
            (self.norms[indices], norms, slack, "norm"),
            (told, products, slack * np.linalg.norm(self.target), "product"),
        ):
            wrong = np.flatnonzero(~(np.abs(said - here) <= most))
            if wrong.size:
                k = wrong[0]
                raise ValueError(
                    f"moments of X gave the {what} {said[k]:.6g} for column {indices[k]}, which columns of X gave with "
                    f"{here[k]:.6g}."
                )

    def _set_limits(self) -> None:
        """low and high, and kappa, by how much a ratio changes at most with a unit of q."""
        norms = self.norms
        ones, zeros = np.ones(self.p), np.zeros(self.p, np.bool_)
        v = ones if self.factors is None else self.factors[0]
        lower, upper = self.limits if self.limits is not None else (-np.inf * ones, np.inf * ones)
        away = zeros if self.limits is None else _options.leaves_out_0(lower, upper)
        idle = (norms == 0.0) & ~away if self.standardize else zeros
        a = np.where(np.isinf(v) | idle, np.inf, v)
        if self.standardize:
            scale = norms / np.sqrt(self.n)
            a[~np.isinf(a)] *= scale[~np.isinf(a)]
        self.out = np.isinf(a)
        kept = ((v == 0.0) | away) & ~self.out
        self.always = np.flatnonzero(kept)
        self.n_candidates = int(np.count_nonzero(~kept & ~self.out))
        a[kept] = np.inf  # they are in every working set
        with np.errstate(over="ignore"):
            self.kappa = norms / a
        self.farthest = float(self.kappa.max())
        self.high = _single(np.where(upper > 0.0, a, np.inf))
        self.low = _single(np.where(lower < 0.0, -a, -np.inf))

    def ratios(self, products: Floats, columns: Any) -> Floats:
        """max(x_j'q / high_j, x_j'q / low_j), products of shape (..., k)"""
        high, low = (a if isinstance(a, float) else a[columns] for a in (self.high, self.low))
        ratio: Floats = np.maximum(products / high, products / low)
        return ratio

    def factor(self, columns: Indices) -> Floats:
        """a_j"""
        high, low = (np.broadcast_to(a, self.p)[columns] for a in (self.high, self.low))
        found: Floats = np.minimum(high, -low)
        return found

    def rounding(self, q: Floats) -> float:
        """That of x~_j'q, over |x~_j|."""
        return (self.n / 16 + 64) * EPS * length(q)

    def reach(self, Q: Floats, limit: float, columns: Indices | None) -> tuple[Indices, Floats]:
        """The columns whose ratio is at least the limit for a row of Q, and their ratios (t, k)."""
        indices, products = self.ask(Question(Q, self.low * limit, self.high * limit, self.center, columns))
        return indices, self.ratios(products, indices)

    def ask(self, question: Question) -> tuple[Indices, Floats]:
        """The answer of the design."""
        indices, products = answered(self.design, question, self.p)
        arrays = (*question, indices, products)
        self.moved += sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
        return indices, products

    def fold(self, rows: Indices) -> Whole:
        """The same problem for some of the rows.

        Without standardisation limits are the same, and as sum_i s_i (x_i - c)^2 is least where c is the mean of the same rows,
        norms are at most those of all rows, whose weights grow."""
        kept = np.zeros(self.n)
        kept[rows] = self.weights[rows]
        share, one = kept.sum() / self.n, copy(self)
        one.weights = kept / share
        one.root, one.options = np.sqrt(one.weights), self.options._replace(sample_weight=one.weights)
        one.target, _, _ = scale_target(self.y, self.center, one.root, _options.offsets(self.options.offset, self.n))
        if self.standardize:
            one.norms, _ = moments_of(self.design, one.target, one.root, self.center)
            self.moved += 8 * (2 * self.n + 2 * self.p)
        else:
            one.norms = self.norms / np.sqrt(share)
        one._set_limits()
        return one


class WorkingSet:
    """Columns of X side by side in memory, at most so many bytes of them and of what solves on them.

    Columns are kept by position; `indices` says which of X they are."""

    def __init__(self, whole: Whole, memory: Any) -> None:
        self.whole, self.memory = whole, _input.byte_count(memory, "memory")
        self.room = min(whole.p, int((1.0 - SOLVER_SHARE) * self.memory) // (whole.n * whole.dtype.itemsize))
        if self.room < max(1, whole.always.size):
            raise self.too_small(f"{max(1, whole.always.size)} are needed to begin with")
        # memory that nothing was written to yet is none
        self.store: NDArray[Any] = np.empty((whole.n, self.room), whole.dtype, order="F")
        self.indices = np.empty(0, np.intp)
        self.inside = np.zeros(whole.p, np.bool_)
        # of those that came, by how much |x~_j| may be another one where the mean is taken off in another order, which is more
        # than it is for a column that hardly varies
        self.blur = np.zeros(whole.p)
        self.version = 0  # another one whenever columns come or go
        self.largest = 0  # how many there were at most

    def too_small(self, reason: str) -> ValueError:
        """The error for a memory that does not hold what is needed."""
        return ValueError(f"memory is {self.memory} bytes, which hold {self.room} columns of {self.whole.n} rows; {reason}.")

    def keep(self, positions: Indices) -> None:
        """Forget the columns at other positions; positions ascend."""
        self.inside[self.indices] = False
        for k, j in enumerate(positions.tolist()):
            if k != j:
                self.store[:, k] = self.store[:, j]
        self.indices, self.version = self.indices[positions], self.version + 1
        self.inside[self.indices] = True

    def add(self, columns: Indices) -> None:
        """Fetch these columns, none of which is there yet."""
        columns, end = np.sort(columns), self.indices.size
        assert not self.inside[columns].any()  # else their coefficients would be those of one of two copies
        for some, fetched in in_pieces(self.whole.design, columns):
            place, end = self.store[:, end : end + some.size], end + some.size
            place[...] = fetched
            self.blur[some] = 64 * EPS * np.sqrt(self.whole.n) * np.abs(place).max(axis=0)
            self.whole.check_moments(place, some, self.blur[some])
            self.whole.moved += fetched.nbytes + some.nbytes
        self.indices, self.version = np.concatenate([self.indices, columns]), self.version + 1
        self.inside[columns] = True
        self.largest = max(self.largest, self.indices.size)

    def times(self, columns: Indices, values: Floats, rows: Indices) -> Floats:
        """X w in some rows, for coefficients of columns that are here."""
        order = np.argsort(self.indices)
        places = order[np.searchsorted(self.indices, columns, sorter=order)]
        found: Floats = self.store[rows[:, None], places] @ values
        return found

    def check_ratios(self, whole: Whole, q: Floats, columns: Indices, said: Floats) -> None:
        """Refuse a design that said other ratios for q of the columns that came last; NaN where it said nothing."""
        start = self.indices.size - columns.size
        order, everything = np.argsort(columns), Question(q[None, :], np.inf, np.inf, whole.center)
        columns, said = columns[order], said[order]
        _, products = block_reach(self.store[:, start : start + columns.size], columns.tolist(), everything)
        here = whole.ratios(products[0], columns)
        rounding = whole.kappa[columns] * whole.rounding(q)
        wrong = np.flatnonzero(np.abs(said - here) > WRONG * np.maximum(1.0, np.abs(here)) + rounding)
        if wrong.size:
            k = wrong[0]
            raise ValueError(
                f"reach of X gave {said[k]:.4g} times its limit for column {columns[k]}, which columns of X gave with "
                f"{here[k]:.4g} times that."
            )

    def model(self, whole: Whole, sharing: int = 1) -> Model:
        """A problem on the working set, one of so many that share the memory of the solver."""
        at = self.indices
        lower, upper = (None, None) if whole.limits is None else (bound[at] for bound in whole.limits)
        options = whole.options._replace(
            penalty_factor=None if whole.factors is None else tuple(factor[at] for factor in whole.factors),
            lower=lower,
            upper=upper,
            positive=False,
            tol=min(whole.tol, INNER_TOL),
            warm_start=None,
        )
        model = Model(self.store[:, : at.size], whole.y, options, whole.l1_ratio, one_target=True)
        form, allowed = model.descent.form, SOLVER_SHARE * self.memory / sharing
        gram, factor = int(np.sqrt(allowed / 12)), int(np.sqrt(allowed / 4))
        tall = form.tall and 28 * at.size**2 <= allowed
        model.descent.form = Form(tall, at.size if tall else min(form.gram, gram), min(form.factor, max(factor, 1)))
        return model


def _single(a: Floats) -> float | Floats:
    """The number that all entries are, or the array."""
    return float(a[0]) if (a == a[0]).all() else a


def length(q: Floats) -> float:
    """|q|, whose squares may leave float64 where columns are tiny."""
    top = float(np.abs(q).max())
    return top * float(np.linalg.norm(q / top)) if top > 0.0 else 0.0
