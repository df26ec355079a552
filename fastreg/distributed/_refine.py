"""Statistics whose gradient at some coefficients is that of the rows themselves.

Products square the condition number.  One more reading of the rows gives g = X'S(y - b - Xw) at the coefficients w that the
products led to, and |y - b - Xw|^2, as exactly as the functions that read X have them; a problem of few rows with this gradient
at w is solved again like any other.  The change has eps cond(X)^2 of relative error, and so is added to w with little of it;
gap and objective are those of the rows up to eps |change|^2.

It knows sums over rows of a chunk and GramStats; must not know any engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _input, _options
from fastreg._compress import EPS, FEWEST
from fastreg._doubt import significant
from fastreg._gramstats import GramStats
from fastreg._results import Fit
from fastreg.distributed._chunks import each_row, no_rows
from fastreg.distributed._weak import WeakSums, basis, rows_of, weak_directions

Floats = NDArray[np.float64]
SAME = 1e-6  # share of the sizes of sums that two readings of the same rows do not differ by
NUMBERS = 1 << 18  # of X at once in float64
TOL = 1e-10  # relative, of coefficients
TOO_LONG = 1e-6  # share by which rounding alone does not lengthen the part of a residual that columns have


class At(NamedTuple):
    """Where sums are taken: coefficients (p, t), the means of X and y that entries are counted from, and weak directions d."""

    coef: Floats
    mean: Floats
    y_mean: Floats
    weak: Floats


class Sums(NamedTuple):
    """sum_i s_i of z_i r_i' (p, t), z_i (p), r_i (t), r_i^2 (t), for z = x - mean and r = y - y_mean - z'w; (rows of weight
    above 0, their weights); and for u = z'd of u_i u_i' (m, m), z_i u_i' (p, m), u_i r_i' (m, t) and u_i (m)"""

    products: Floats
    columns: Floats
    residuals: Floats
    squares: Floats
    size: Floats
    weak_squares: Floats
    weak_columns: Floats
    weak_products: Floats
    weak_totals: Floats


def sums_at(at: At, X: Any, y: Any, sample_weight: Any) -> Sums:
    """Sums of the rows of a chunk: reads X once, and holds a few of its rows in float64."""
    (p, t), m = at.coef.shape, at.weak.shape[1]
    shapes = ((p, t), p, t, t, 2, (m, m), (p, m), (m, t), m)
    found = Sums(*(np.zeros(shape) for shape in shapes))
    if no_rows(X):
        return found
    design, _ = _input.design(X)
    n = design.shape[0]
    if design.shape[1] != p:
        raise ValueError(f"X has {design.shape[1]} columns; {p} are needed, as in the statistics.")
    Y = np.asarray(_input.targets(y, n)).reshape(n, -1)
    if Y.shape[1] != t:
        raise ValueError(f"y has {Y.shape[1]} targets; {t} are needed, as in the statistics.")
    weight = np.ones(n) if sample_weight is None else _options.row_weights(each_row(sample_weight, X), n)
    found.size[:] = np.count_nonzero(weight), weight.sum()
    sparse = not isinstance(design, np.ndarray)
    rows: Any = design
    if sparse:
        from fastreg import _sparse

        rows = _sparse.by_rows(design)
    step = max(1, NUMBERS // p)
    for i in range(0, n, step):
        part = slice(i, i + step)
        Z, s = rows[part], weight[part, None]
        Z = (Z.toarray() if sparse else Z) - at.mean  # float64, and a copy
        r = Y[part].astype(np.float64) - at.y_mean - Z @ at.coef
        if not np.isfinite(r).all():
            raise _input.not_finite(design if not sparse else design.data, "X")
        weighted = s * r
        found.products[:] += Z.T @ weighted
        found.columns[:] += Z.T @ s[:, 0]
        found.residuals[:] += weighted.sum(axis=0)
        found.squares[:] += (weighted * r).sum(axis=0)
        if m > 0:
            U = Z @ at.weak
            found.weak_squares[:] += U.T @ (s * U)
            found.weak_columns[:] += Z.T @ (s * U)
            found.weak_products[:] += U.T @ weighted
            found.weak_totals[:] += U.T @ s[:, 0]
    return found


def add(parts: Sequence[Sums]) -> Sums:
    """Sums of several chunks, in their order."""
    total = Sums(*(each.copy() for each in parts[0]))
    for part in parts[1:]:
        for into, more in zip(total, part, strict=True):
            into += more
    return total


def place(stats: GramStats, fit: Any) -> At:
    """Where to take sums for these statistics and coefficients: of a Fit, an estimator or an array of shape (p,) or (p, t)."""
    if stats.n_rows == 0:
        raise ValueError(f"stats are {stats!r}; at least one row of weight > 0 is needed.")
    p, y_mean = stats.n_features, np.atleast_1d(stats.y_mean)
    coef: Any = fit
    if isinstance(fit, Fit):
        coef = fit.coef
    elif hasattr(fit, "coef_"):
        coef = np.transpose(fit.coef_)
    elif hasattr(type(fit), "predict"):  # a path, or an estimator that is not fitted
        what = "a Fit, as path[k] is, a fitted estimator, or coefficients of shape (p,) or (p, t) are needed"
        raise TypeError(f"fit is a {type(fit).__name__}; {what}.")
    given = _input.real_array(coef, "fit")
    if given.shape not in ((p,), (p, y_mean.size)) or given.size != p * y_mean.size:
        raise ValueError(f"fit has shape {given.shape}; coefficients of {p} columns for {y_mean.size} targets are needed.")
    if not np.isfinite(given).all():
        raise _input.not_finite(given, "fit")
    weak = weak_directions(stats._products()[:p, :p])
    return At(given.astype(np.float64).reshape(p, -1), stats.mean, y_mean, weak)  # a copy, whoever changes theirs


class Refined(GramStats):
    """GramStats that are solved by the gradient of the rows at some coefficients; see `fastreg.distributed.refine`."""

    _bound = "Refined statistics belong to the rows that they were refined for; take those that they were made from."
    _at: At
    _found: Sums
    _refined: dict[
        bool, tuple[Floats, Floats, Floats]
    ]  # apart from what the products give, so that no thread takes one for the other

    @classmethod
    def at(cls, stats: GramStats, at: At, sums: Sums) -> Refined:
        """Of statistics, and sums taken at a place, of the same rows."""
        rows, weight = sums.size.tolist()
        if rows != stats.n_rows or abs(weight - stats.weight) > 1e-9 * stats.weight:
            raise ValueError(
                f"X has {rows:.0f} rows of weight {weight:.12g}, but the statistics are of {stats.n_rows} rows of weight "
                f"{stats.weight:.12g}; the same rows are needed."
            )
        p, weighted = stats.n_features, stats._products()
        size = np.sqrt(np.maximum(np.diag(weighted), 0.0))
        width = size[p:] + size[:p] @ np.abs(at.coef)  # of a residual, before anything cancels
        expected = weighted[:p, p:] - weighted[:p, :p] @ at.coef
        far = 64.0 * EPS / SAME * weight  # times a mean, which is rounded
        for what, there, here, most in (
            ("means of X", 0.0, sums.columns, np.sqrt(weight) * size[:p] + far * np.abs(at.mean)),
            ("means of y", 0.0, sums.residuals, np.sqrt(weight) * width + far * np.abs(at.y_mean)),
            ("products of X and y", expected, sums.products, np.outer(size[:p], width)),
        ):
            if (np.abs(here - there) > SAME * most).any():
                raise ValueError(f"The {what} are not those that the statistics have; the same rows are needed.")
        refined = cls()
        refined.__dict__.update(stats._copy().__dict__)
        refined._at, refined._found, refined._refined = at, sums, {}
        return refined

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._state(), self._at, self._found)

    def _problem(self, fit_intercept: Any) -> tuple[Floats, Floats]:
        """Rows X as ever, and Y = X w + z with X'z = g, so that Y - X w has the gradient of all rows at w."""
        X, Y = super()._problem(fit_intercept)
        fit_intercept = bool(fit_intercept)
        if fit_intercept in self._refined:
            X, Y, self._beyond = self._refined[fit_intercept]
            return X, Y
        at, found, weight = self._at, self._found, self.weight
        if fit_intercept:
            mean = found.residuals / weight
            gradient = found.products - np.outer(found.columns, mean)
            squares = found.squares - weight * mean**2
        else:
            step = at.y_mean - at.mean @ at.coef  # y - y_mean - z'w is y - x'w less this
            rest = found.residuals + weight * step
            gradient = found.products + np.outer(found.columns, step) + np.outer(at.mean, rest)
            squares = found.squares + 2.0 * step * found.residuals + weight * step**2
        if at.weak.shape[1] > 0:
            sharp = self._sharp(fit_intercept)
            if sharp is not None:
                self._refined[fit_intercept] = sharp
                X, Y, self._beyond = sharp
                return X, Y
        unit = len(X) / weight
        z = _least(X, unit * gradient, unit * squares)
        squared = np.square(X).sum(axis=0)
        self._beyond = significant(unit * gradient - X.T @ z, squared, unit * squares) / unit
        Y = X @ at.coef + z
        empty = len(X) - 1 if fit_intercept else len(X) - 2  # the row that holds what no coefficients explain
        Y[empty] = np.sqrt(np.maximum(unit * squares - np.square(z).sum(axis=0), 0.0))
        self._refined[fit_intercept] = X, Y, self._beyond
        return X, Y

    def _sharp(self, fit_intercept: bool) -> tuple[Floats, Floats, Floats] | None:
        """(X, Y, beyond) of rows that vary along weak directions as all rows do."""
        at, found, weight = self._at, self._found, self.weight
        p, mean = self.n_features, found.residuals / weight
        products = self._products()[:p, :p]
        sums = WeakSums(
            found.weak_squares - np.outer(found.weak_totals, found.weak_totals) / weight,
            found.weak_columns - np.outer(found.columns, found.weak_totals) / weight,
            found.weak_products - np.outer(found.weak_totals, mean),
        )
        few = rows_of(basis(products, at.weak), sums, found.products - np.outer(found.columns, mean))
        if few is None:
            return None
        squares = found.squares - weight * mean**2
        rest = np.sqrt(np.maximum(squares - np.square(few.z).sum(axis=0), 0.0))
        parts = [(few.A, few.A @ at.coef + few.z), (np.zeros((1, p)), rest[None, :])]
        if not fit_intercept:
            here, left = at.mean + found.columns / weight, mean + at.y_mean - at.mean @ at.coef
            parts.append((np.sqrt(weight) * here[None, :], np.sqrt(weight) * (here @ at.coef + left)[None, :]))
            squares = squares + weight * left**2
        X, Y = (np.concatenate(each) for each in zip(*parts, strict=True))
        unit = np.sqrt(len(X) / weight)
        X, Y = np.asfortranarray(unit * X), np.asfortranarray(unit * Y)
        beyond = significant(unit**2 * few.beyond, np.square(X).sum(axis=0), unit**2 * squares) / unit**2
        return X, Y, beyond

    def save(self, path: str | PathLike[str]) -> None:
        """Refused, as files have no place for what was read again."""
        raise TypeError("Refined statistics are not saved; save those that they were made from, or pickle these.")

    def update(self, X: Any, y: Any, sample_weight: Any = None) -> GramStats:
        """Refused, as the gradient would miss the rows."""
        raise TypeError(self._bound)


def _unpickled(state: dict[str, NDArray[Any]], at: At, sums: Sums) -> Refined:
    return Refined.at(GramStats._from_state(state, "the pickle"), at, sums)


def _least(X: Floats, g: Floats, squares: Floats) -> Floats:
    """The smallest z with X'z = g, which is no longer than the residual, of these squares.

    Where it comes out longer, a direction that the products do not have was met in what is left of it, as the means of two
    columns that are nearly the same: such directions are left out, at most those that no products tell."""
    p = X.shape[1]
    size = np.sqrt(np.square(X).sum(axis=0))
    size[size == 0.0] = 1.0
    scaled, rest = X / size, g / size[:, None]
    share = p * EPS
    z: Floats | None = None
    if len(X) > p:
        Q, T = np.linalg.qr(scaled)
        if np.abs(np.diag(T)).min(initial=1.0) > share:
            z = Q @ np.linalg.solve(T.T, rest)
    while z is None or (share < np.sqrt((FEWEST + p) * EPS) and (np.square(z).sum(axis=0) > squares * (1.0 + TOO_LONG)).any()):
        share = share if z is None else 64.0 * share
        z = np.asarray(np.linalg.lstsq(scaled.T, rest, rcond=share)[0], np.float64)
    return z


def asks(stats: GramStats, fit: Fit, fit_intercept: bool) -> bool:
    """Whether rounding of the products may move coefficients by more than the tolerance: eps cond^2 > tol for the columns of
    the support, scaled to norm 1.  m^3/6 multiply-adds for m of them, and their products."""
    X, _ = stats._problem(fit_intercept)
    coef = fit.coef.reshape(len(fit.coef), -1)
    support = np.flatnonzero(coef.any(axis=1))
    size = np.sqrt(np.square(X[:, support]).sum(axis=0))
    columns = X[:, support[size > 0.0]] / size[size > 0.0]
    if columns.shape[1] < 2:
        return False
    G = columns.T @ columns
    v = np.abs(G).sum(axis=0)
    for _ in range(10):
        v = G @ (v / np.linalg.norm(v))
    # whether the smallest eigenvalue is above this share of the largest
    np.fill_diagonal(G, G.diagonal() - EPS / TOL * np.linalg.norm(v))
    try:
        np.linalg.cholesky(G)
    except np.linalg.LinAlgError:
        return True
    return False
