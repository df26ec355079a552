"""Sufficient statistics of least squares, which are kept up as data come in, merged, saved, and solved from.

    s = sum_i s_i,   m = sum_i s_i z_i / s,   S = sum_i s_i (z_i - m)(z_i - m)'     for rows z_i = (x_i, y_i)

The sums over rows are those of kernels/_moments; _compress.py makes rows of data of S that every function of the package
solves like any others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _lasso, _options, _streams
from fastreg._compress import EPS, compress
from fastreg._doubt import doubted, significant
from fastreg._model import Options
from fastreg._moments import read, take
from fastreg._results import Fit, Path, held_back
from fastreg._ridge import functions as _ridge
from fastreg._ridge.results import RidgePath
from fastreg._ridge.solver import TOL
from fastreg.kernels._moments import MomentSums

Floats = NDArray[np.float64]
T = TypeVar("T", Fit, Path, RidgePath)
VERSION = 1
BEFORE = "the rows before"
ENTRIES = {"fastreg_gramstats", "shape", "vector", "n_rows", "weight", "base", "rest", "products", "feature_names"}


class GramStats:
    """Mergeable weighted sums of (X, y) from which lasso, elastic net and ridge are solved without the data.

    `GramStats()` has no rows; `update` takes rows in, `merge` puts statistics of several parts together, `subtract` takes a
    part out.  `lasso`, `elastic_net`, their paths and `ridge` then minimise exactly what the functions of these names
    minimise for all rows at once.

    Attributes
    ----------
    n_rows : int
        Rows of weight > 0.
    weight : float
        Their weights as given, added up.
    n_features : int
        p, the number of columns of X; 0 before the first rows.
    mean, y_mean : ndarray of shape (p,); float, or ndarray of shape (t,) for t targets
        Weighted means.
    gram : ndarray of shape (p, p)
        sum_i s_i (x_i - mean)(x_i - mean)', a copy each time, as are all of these.
    xty : ndarray of shape (p,) or (p, t)
        sum_i s_i (x_i - mean)(y_i - y_mean).
    yty : float, or ndarray of shape (t, t)
        sum_i s_i (y_i - y_mean)(y_i - y_mean)'.
    feature_names : tuple of p str, or None
        The names of the columns of X, if it came with names.

    Notes
    -----
    Everything is float64 and centred as it is summed (Chan's update), with means counted from the first row, so that columns
    far from zero lose no digits.  The same chunks in the same order give the same bits; other chunks the same to rounding.
    Forming the products squares the condition number: coefficients have about eps cond(X)^2 of relative error, where the
    functions that read X have eps cond(X).  Takes 16 (p + t)^2 bytes.  The first fit makes p + 1 rows of data that have the
    same products, by a Cholesky factorization (p^3/6 multiply-adds and 48 p^2 bytes on the way; a singular matrix takes its
    eigenvalues, some 25 times that), and keeps them, 8 p^2 bytes, until rows are taken in.

    References
    ----------
    Chan, Golub and LeVeque (1983), Algorithms for Computing the Sample Variance: Analysis and Recommendations, eq. 2.1.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X, y = np.arange(12.0).reshape(6, 2) % 5, np.array([3.0, 1.0, 0.0, 2.0, 4.0, 5.0])
    >>> stats = fr.GramStats()
    >>> for i in (0, 2, 4):
    ...     stats = stats.update(X[i : i + 2], y[i : i + 2])
    >>> stats
    GramStats(6 rows, p=2)
    >>> bool(np.allclose(stats.lasso(0.1).coef, fr.lasso(X, y, 0.1).coef))
    True
    """

    _bound: str | None = None  # why statistics stay with their rows, a sentence for who would merge or subtract them

    def __init__(self) -> None:
        self.feature_names: tuple[str, ...] | None = None
        self._sums: MomentSums | None = None
        self._vector = True  # whether y is (n,)
        self._solvable: dict[bool, tuple[Floats, Floats]] = {}
        self._beyond: Floats | None = None  # of X'y, what _solvable cannot answer

    @classmethod
    def from_data(cls, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> GramStats:
        """The statistics of X (n, p), n >= 1, and y.

        Parameters
        ----------
        X, y, sample_weight
            As in `update`.

        Returns
        -------
        GramStats

        Raises
        ------
        ValueError, TypeError
            As `update`.
        """
        stats = cls()
        stats._take(*_input.design(X), y, sample_weight)
        return stats

    def update(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> GramStats:
        """Take in the rows of X and y, in place, and return self.

        Parameters
        ----------
        X : array, sparse matrix or data frame of shape (n, p)
            Dense float32 or float64 in any layout, and CSC, is read in place, never copied; other real dtypes are converted to
            float64 once, other sparse formats to CSC.  n may be 0.  Names of columns must be those of the rows before.
        y : array of shape (n,) or (n, t)
            Dense float32 or float64 is read in place (copied beside a sparse X).
        sample_weight : array of shape (n,), optional
            Weights s_i >= 0 as they are: a whole weight is a repeated row, 0 leaves the row out.

        Returns
        -------
        GramStats
            This one.

        Raises
        ------
        ValueError, TypeError
            In one sentence, for bad shapes, values that are not finite, and numbers whose squares leave the range of float64
            (multiply by a constant first).  The statistics are then what they were before, also after Ctrl-C.

        Notes
        -----
        Cost: n (p + t)^2/2 multiply-adds and (p + t)^2 for the chunk.  For sparse X, the products of entries in the same row.
        """
        shape = getattr(X, "shape", None)
        if isinstance(shape, tuple) and len(shape) == 2 and shape[0] == 0 < shape[1]:
            self._check_columns(shape[1], None)
            _input.targets(y, 0)
            return self
        self._take(*_input.design(X), y, sample_weight)
        return self

    @classmethod
    def from_npy(
        cls,
        X_path: str | PathLike[str],
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        buffer: int = _streams.BUFFER,
    ) -> GramStats:
        """The statistics of a .npy file that need not fit in memory.

        Parameters
        ----------
        X_path : path of a 2-d array (n, p)
            C or Fortran order, floats or integers of any size.
        y : array of shape (n,) or (n, t), path of a .npy file with one, or int
            An int is a column of the first file, which is then not part of X (negative: counted from the last).
        sample_weight : array of shape (n,), optional
            As in `update`.
        buffer : int
            Bytes that rows in memory may take, beside one row; the file is read once, in pieces, and not mapped.  Of a Fortran
            order file each column is visited for every piece, so that a small buffer makes many small reads.

        Returns
        -------
        GramStats

        Raises
        ------
        ValueError, TypeError
            As in `update`, and for files that are not what their header says.
        OSError
            Where a file cannot be read.
        """
        stats = cls()
        n, chunks = _streams.npy_chunks(X_path, y, _input.count(buffer, "buffer"))
        weights = None if sample_weight is None else _options.row_weights(sample_weight, n)
        for start, X, part in chunks:
            with _streams.in_rows(X_path, start):
                stats.update(X, part, None if weights is None else weights[start : start + len(X)])
        return stats

    @classmethod
    def from_parquet(
        cls,
        path: str | PathLike[str],
        target: str | Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        sample_weight: str | None = None,
        buffer: int = _streams.BUFFER,
    ) -> GramStats:
        """The statistics of a parquet file that need not fit in memory; pyarrow reads it.

        Parameters
        ----------
        path : path of a parquet file
        target : str, or sequence of t str
            The column y, or those of t targets.
        columns : sequence of str, optional
            The columns of X, in this order; default: all that are neither target nor weight.
        sample_weight : str, optional
            The column of weights, as in `update`.
        buffer : int
            Bytes that decoded rows may take; beside them pyarrow holds what a row group has of the columns, compressed.

        Returns
        -------
        GramStats

        Raises
        ------
        ValueError, TypeError
            As in `update`, for columns that are not there, not numbers, or have missing values.
        ImportError
            pyarrow is not installed.
        """
        stats = cls()
        for start, X, y, weights in _streams.parquet_chunks(
            path, target, columns, sample_weight, _input.count(buffer, "buffer")
        ):
            with _streams.in_rows(path, start):
                stats.update(X, y, weights)
        return stats

    def merge(self, *others: GramStats) -> GramStats:
        """New statistics of the rows of all, in this order.  Cost: (p + t)^2/2 for each.

        Parameters
        ----------
        *others : GramStats
            Of the same columns and targets; those without rows change nothing.

        Returns
        -------
        GramStats

        Raises
        ------
        ValueError, TypeError
            Where columns, their names or targets differ, or sums leave the range of float64; for statistics that
            `fastreg.distributed.refine` made, on either side, as their gradient is that of their rows alone.
        """
        for one in (self, *others):
            _statistics(one)
        merged = self._copy()
        for other in others:
            if other._sums is None:
                continue
            if merged._sums is None:
                merged = other._copy()
                continue
            merged._check_columns(other.n_features, other.feature_names)
            merged._check_targets(other._vector, other._sums.t)
            if not merged._sums.add(other._sums):
                raise ValueError("The statistics differ so much that their sums leave the range of float64; rescale the data.")
            merged.feature_names = merged.feature_names or other.feature_names
        return merged

    def subtract(self, other: GramStats) -> GramStats:
        """New statistics of the rows of self without those of other, which were taken in or merged before.

        Where less of a column's sum of squares is left than the rounding of what there was, it counts as constant.

        Parameters
        ----------
        other : GramStats
            Of the same columns and targets.

        Returns
        -------
        GramStats

        Raises
        ------
        ValueError, TypeError
            Where other cannot be a part of self: it has more rows, weight or squares, or other columns or targets; for refined
            statistics on either side, as in `merge`.
        """
        _statistics(self)
        _statistics(other)
        if other._sums is None or self._sums is None:
            if other.n_rows:
                raise ValueError(f"{other!r} is no part of {self!r}: it has more rows.")
            return self._copy()
        self._check_columns(other.n_features, other.feature_names)
        self._check_targets(other._vector, other._sums.t)
        rows, weight = self.n_rows - other.n_rows, self.weight - other.weight
        rounding = (64 + np.sqrt(self.n_rows)) * EPS
        if rows < 0 or weight < -rounding * self.weight or (rows == 0) != (weight <= rounding * self.weight):
            raise ValueError(
                f"{other!r} is no part of {self!r}: it has more rows, or more weight ({other.weight:g} of {self.weight:g})."
            )
        left = self._copy()
        base, rest, S = read(self._sums)
        other_base, other_rest, part = read(other._sums)
        if rows == 0:
            left._sums = MomentSums(self._sums.p, self._sums.t)
            return left
        step = other_base - base + other_rest - rest
        before = np.diag(S).copy()
        with np.errstate(over="ignore", invalid="ignore"):
            S -= part + (self.weight * other.weight / weight) * np.outer(step, step)
            rest -= other.weight / weight * step
        now = np.diag(S)
        short = now < -rounding * before
        if short.any() or not np.isfinite(now).all():
            j = int(np.argmax(short))
            raise ValueError(f"{other!r} is no part of {self!r}: it has more squares in column {j} of (X, y).")
        gone = now <= rounding * before
        S[gone], S[:, gone] = 0.0, 0.0
        assert left._sums is not None
        left._sums.write(rows, weight, base, rest, S)
        return left

    def save(self, path: str | PathLike[str]) -> None:
        """Write the statistics, to the last bit, to a .npz file; numpy appends .npz to a name without it.

        Parameters
        ----------
        path : str or path
        """
        np.savez(path, **self._state())  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> GramStats:
        """The statistics that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        GramStats
            With the same bits.

        Raises
        ------
        ValueError
            For any other file.
        OSError
            Where it cannot be read.
        """
        try:
            with open(path, "rb") as stream:
                found = np.load(stream, allow_pickle=False)
                state = {name: found[name] for name in found.files}
        except OSError:
            raise
        except Exception as error:  # zipfile and numpy have many for a damaged file
            raise ValueError(f"{path} is not a file of GramStats ({error or type(error).__name__}).") from None
        return cls._from_state(state, str(path))

    # What there is

    @property
    def n_features(self) -> int:
        """p, the number of columns of X; 0 before the first rows."""
        return 0 if self._sums is None else self._sums.p

    @property
    def n_rows(self) -> int:
        """Rows of weight > 0."""
        return 0 if self._sums is None else self._sums.rows

    @property
    def weight(self) -> float:
        """The weights as given, added up."""
        return 0.0 if self._sums is None else self._sums.weight

    @property
    def mean(self) -> Floats:
        """Weighted means of the columns, (p,), a copy."""
        return self._means()[: self.n_features]

    @property
    def y_mean(self) -> Any:
        """Weighted mean of y, a float, or (t,) for t targets."""
        return self._for_targets(self._means()[self.n_features :])

    @property
    def gram(self) -> Floats:
        """sum_i s_i (x_i - mean)(x_i - mean)', (p, p), a copy."""
        p = self.n_features
        return self._products()[:p, :p].copy()

    @property
    def xty(self) -> Floats:
        """sum_i s_i (x_i - mean)(y_i - y_mean), (p,) or (p, t), a copy."""
        p = self.n_features
        products = self._products()[:p, p:]
        return products[:, 0].copy() if self._vector else products.copy()

    @property
    def yty(self) -> Any:
        """sum_i s_i (y_i - y_mean)(y_i - y_mean)', a float, or (t, t)."""
        p = self.n_features
        products = self._products()[p:, p:]
        return float(products[0, 0]) if self._vector else products.copy()

    def __repr__(self) -> str:
        if self._sums is None:
            return "GramStats(no rows)"
        targets = "" if self._vector else f", {self._sums.t} targets"
        weight = "" if abs(self.weight - self.n_rows) <= 1e-9 * self.weight else f", weight={self.weight:.6g}"
        return f"GramStats({self.n_rows} rows, p={self.n_features}{targets}{weight})"

    def __reduce__(self) -> tuple[Any, ...]:
        return GramStats._from_state, (self._state(), "the pickle")

    # Solving

    def lasso(
        self,
        alpha: float,
        *,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        positive: bool = False,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: ArrayLike | Fit | Path | None = None,
        relax: float = 0.0,
    ) -> Fit:
        """Minimise 1/(2 s) sum_i s_i (y_i - b - x_i'w)^2 + alpha |w|_1, s the sum of the weights.

        Parameters
        ----------
        alpha
            As in `fastreg.lasso`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, lower, upper, positive, tol, max_iter, warm_start, relax
            As in `fastreg.lasso`.

        Returns
        -------
        Fit
            As of `fastreg.lasso`.

        Raises
        ------
        ValueError, TypeError
            As `fastreg.lasso`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.lasso`.

        Notes
        -----
        Cost: that of `fastreg.lasso` with p + 1 rows, and the first time p^3/6 multiply-adds.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).lasso(alpha=0.5).coef
        array([1.5])
        """
        return self.elastic_net(
            alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            standardize=standardize,
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            positive=positive,
            tol=tol,
            max_iter=max_iter,
            warm_start=warm_start,
            relax=relax,
        )

    def elastic_net(
        self,
        alpha: float,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        positive: bool = False,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: ArrayLike | Fit | Path | None = None,
        relax: float = 0.0,
    ) -> Fit:
        """Minimise 1/(2 s) sum_i s_i (y_i - b - x_i'w)^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2).

        s is the sum of the weights.

        Parameters
        ----------
        alpha, l1_ratio
            As in `fastreg.elastic_net`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, lower, upper, positive, tol, max_iter, warm_start, relax
            As in `fastreg.lasso`.

        Returns
        -------
        Fit
            As of `fastreg.elastic_net`.

        Raises
        ------
        ValueError, TypeError
            As `fastreg.elastic_net`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.elastic_net`.

        Notes
        -----
        Cost: that of `fastreg.lasso` with p + 1 rows, and the first time p^3/6 multiply-adds.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).elastic_net(alpha=1.0, l1_ratio=0.5).coef
        array([1.])
        """
        X, Y = self._problem(fit_intercept)
        fit = _lasso.elastic_net(
            X,
            self._for_targets(Y, axis=1),
            alpha,
            l1_ratio=l1_ratio,
            fit_intercept=False,
            standardize=standardize,
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            positive=positive,
            tol=tol,
            max_iter=max_iter,
            warm_start=warm_start,
            relax=relax,
        )
        return self._doubted(self._finish(fit, fit_intercept), standardize, penalty_factor, tol)

    def lasso_path(
        self,
        *,
        alphas: int | ArrayLike = 100,
        alpha_min_ratio: float | None = None,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        positive: bool = False,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: ArrayLike | Fit | Path | None = None,
        relax: float = 0.0,
        max_support: int | None = None,
        deviance_stop: float | None = None,
        callback: Callable[[Fit], Any] | None = None,
    ) -> Any:
        """`lasso` for every alpha of a grid.

        Parameters
        ----------
        alphas, alpha_min_ratio
            As in `fastreg.lasso_path`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, lower, upper, positive, tol, max_iter, warm_start, relax
            As in `fastreg.lasso`.
        max_support, deviance_stop, callback
            As in `fastreg.lasso_path`.

        Returns
        -------
        Path, or a tuple of one Path per target

        Raises
        ------
        ValueError, TypeError
            As `fastreg.lasso_path`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.lasso_path`.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).lasso_path(alphas=[1.0, 0.5]).coefs
        array([[1. , 1.5]])
        """
        return self.elastic_net_path(
            l1_ratio=1.0,
            alphas=alphas,
            alpha_min_ratio=alpha_min_ratio,
            fit_intercept=fit_intercept,
            standardize=standardize,
            penalty_factor=penalty_factor,
            lower=lower,
            upper=upper,
            positive=positive,
            tol=tol,
            max_iter=max_iter,
            warm_start=warm_start,
            relax=relax,
            max_support=max_support,
            deviance_stop=deviance_stop,
            callback=callback,
        )

    def elastic_net_path(
        self,
        *,
        l1_ratio: float = 0.5,
        alphas: int | ArrayLike = 100,
        alpha_min_ratio: float | None = None,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: Any = None,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        positive: bool = False,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: ArrayLike | Fit | Path | None = None,
        relax: float = 0.0,
        max_support: int | None = None,
        deviance_stop: float | None = None,
        callback: Callable[[Fit], Any] | None = None,
    ) -> Any:
        """`elastic_net` for every alpha of a grid.

        Parameters
        ----------
        l1_ratio
            As in `fastreg.elastic_net_path`.
        alphas, alpha_min_ratio
            As in `fastreg.lasso_path`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, lower, upper, positive, tol, max_iter, warm_start, relax
            As in `fastreg.lasso`.
        max_support, deviance_stop, callback
            As in `fastreg.lasso_path`.

        Returns
        -------
        Path, or a tuple of one Path per target

        Raises
        ------
        ValueError, TypeError
            As `fastreg.elastic_net_path`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.elastic_net_path`.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).elastic_net_path(alphas=[2.0, 1.0]).coefs
        array([[0.5, 1. ]])
        """
        X, Y = self._problem(fit_intercept)
        if alpha_min_ratio is None and isinstance(_input.grid(alphas), int):
            alpha_min_ratio = 1e-2 if self.n_rows < self.n_features else 1e-4  # by the rows that there were
        _options.stop(max_support, deviance_stop, callback)
        paths = []
        for k, y in enumerate(Y.T):

            def report(fit: Fit, k: int = k) -> Any:
                assert callback is not None
                with held_back():  # the path warns once
                    told = self._doubted(self._finish(fit, fit_intercept, k), standardize, penalty_factor, tol, k)
                return callback(told)

            path = _lasso.elastic_net_path(
                X,
                y,
                l1_ratio=l1_ratio,
                alphas=alphas,
                alpha_min_ratio=alpha_min_ratio,
                fit_intercept=False,
                standardize=standardize,
                penalty_factor=penalty_factor,
                lower=lower,
                upper=upper,
                positive=positive,
                tol=tol,
                max_iter=max_iter,
                warm_start=warm_start if self._vector else _of_target(warm_start, k, Y.shape[1]),
                relax=relax,
                max_support=max_support,
                deviance_stop=deviance_stop,
                callback=None if callback is None else report,
            )
            paths.append(self._doubted(self._finish(path, fit_intercept, k), standardize, penalty_factor, tol, k))
        return paths[0] if self._vector else tuple(paths)

    def ridge(
        self,
        alpha: float,
        *,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: ArrayLike | None = None,
        penalty_matrix: ArrayLike | None = None,
        lower: ArrayLike | None = None,
        upper: ArrayLike | None = None,
        positive: bool = False,
        tol: float = TOL,
    ) -> Fit:
        """Minimise sum_i s_i (y_i - b - x_i'w)^2 + alpha |w|^2, with the weights as they are.

        Parameters
        ----------
        alpha
            As in `fastreg.ridge`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, penalty_matrix, lower, upper, positive, tol
            As in `fastreg.ridge`.

        Returns
        -------
        Fit
            As of `fastreg.ridge`.

        Raises
        ------
        ValueError, TypeError
            As `fastreg.ridge`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.ridge`.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).ridge(alpha=2.0).coef
        array([1.])
        """
        X, Y = self._problem(fit_intercept)
        fit = _ridge.ridge(
            X,
            self._for_targets(Y, axis=1),
            alpha,
            fit_intercept=False,
            standardize=standardize,
            sample_weight=np.full(len(X), self.weight / len(X)),
            penalty_factor=penalty_factor,
            penalty_matrix=penalty_matrix,
            lower=lower,
            upper=upper,
            positive=positive,
            tol=tol,
        )
        given = penalty_factor if penalty_matrix is None else penalty_matrix
        return self._doubted(self._finish(fit, fit_intercept), standardize, given, tol, summed=True)

    def ridge_path(
        self,
        alphas: int | ArrayLike = 100,
        *,
        fit_intercept: bool = True,
        standardize: bool = False,
        penalty_factor: ArrayLike | None = None,
        penalty_matrix: ArrayLike | None = None,
    ) -> RidgePath | tuple[RidgePath, ...]:
        """`ridge` for many alphas, with degrees of freedom, GCV and marginal likelihoods, but no leave-one-out errors.

        Parameters
        ----------
        alphas
            As in `fastreg.ridge_path`.
        fit_intercept : bool
            Without one, X is not centred.
        standardize, penalty_factor, penalty_matrix
            As in `fastreg.ridge`.

        Returns
        -------
        RidgePath, or a tuple of one for each target
            With loo None.

        Raises
        ------
        ValueError, TypeError
            As `fastreg.ridge_path`, and where there are no rows.

        Warns
        -----
        ConvergenceWarning
            As `fastreg.ridge_path`.

        Examples
        --------
        >>> import fastreg as fr
        >>> fr.GramStats.from_data([[1.0], [-1.0]], [2.0, -2.0]).ridge_path([0.0, 2.0]).coefs
        array([[2., 1.]])
        """
        X, Y = self._problem(fit_intercept)
        paths = _ridge.paths(
            X,
            self._for_targets(Y, axis=1),
            alphas,
            Options(False, standardize, np.full(len(X), self.weight / len(X)), penalty_factor, tol=TOL),
            penalty_matrix,
            rows=self.n_rows,
            fixed=int(fit_intercept),
        )
        given = penalty_factor if penalty_matrix is None else penalty_matrix
        each = [
            self._doubted(self._finish(path, fit_intercept, k), standardize, given, TOL, k, summed=True)
            for k, path in enumerate(paths if isinstance(paths, tuple) else (paths,))
        ]
        return tuple(each) if isinstance(paths, tuple) else each[0]

    # Within

    def _take(self, X: Any, names: tuple[str, ...] | None, y: Any, sample_weight: Any) -> None:
        """Take in the rows of X as `_input.design` gives it."""
        n, p = X.shape
        Y = _input.targets(y, n)
        self._check_columns(p, names)
        sums = self._sums
        if sums is not None:
            self._check_targets(Y.ndim == 1, Y.shape[1] if Y.ndim == 2 else 1)
        root = None
        if sample_weight is not None:
            weights = _options.row_weights(sample_weight, n)
            root = np.sqrt(weights)
            with np.errstate(over="ignore"):
                total = self.weight + weights.sum()
            if not total < np.inf:
                raise ValueError("sample_weight adds up to more than float64 holds; divide it by a constant.")
        self._solvable = {}
        if sums is None:
            sums = MomentSums(p, Y.shape[1] if Y.ndim == 2 else 1)
        take(sums, X, Y, root)
        self._vector, self.feature_names, self._sums = Y.ndim == 1, self.feature_names or names, sums

    @classmethod
    def of(cls, sums: MomentSums) -> GramStats:
        """Statistics of sums that there are already, of one target; kept by reference.

        Parameters
        ----------
        sums : MomentSums

        Returns
        -------
        GramStats
        """
        stats = cls()
        stats._sums = sums
        return stats

    def moments(self) -> tuple[Floats, Floats]:
        """(means, centred products) of [X y]."""
        return self._means(), self._products()

    def targets(self) -> tuple[bool, int]:
        """Whether y is (n,), and its number of targets, 0 before the first rows."""
        return self._vector, 0 if self._sums is None else self._sums.t

    def few_rows(self, fit_intercept: bool) -> tuple[Floats, Floats]:
        """X and y of few rows, with weight 1 each, whose least squares without an intercept are those of all rows.

        Parameters
        ----------
        fit_intercept : bool

        Returns
        -------
        (X, y), float64
            At most p + 1 rows, one more without an intercept; kept until rows are taken in.
        """
        X, Y = self._problem(fit_intercept)
        return X, Y[:, 0]

    def _check_columns(self, p: int, names: tuple[str, ...] | None) -> None:
        if self._sums is not None:
            same_columns(p, names, self._sums.p, self.feature_names)

    def _check_targets(self, vector: bool, t: int) -> None:
        same_targets((vector, t), self.targets())

    def _copy(self) -> GramStats:
        copy = GramStats()
        copy.feature_names, copy._vector = self.feature_names, self._vector
        if self._sums is not None:
            copy._sums = MomentSums(self._sums.p, self._sums.t)
            copy._sums.write(self.n_rows, self.weight, *read(self._sums))
        return copy

    def _means(self) -> Floats:
        if self._sums is None:
            return np.zeros(1)
        base, rest, _ = read(self._sums)
        return base + rest

    def _products(self) -> Floats:
        return np.zeros((1, 1)) if self._sums is None else read(self._sums)[2]

    def _for_targets(self, values: Floats, axis: int = 0) -> Any:
        """values, which have an axis for the targets, as y had one."""
        if not self._vector:
            return values
        return float(values[0]) if values.ndim == 1 else values.take(0, axis)

    def _problem(self, fit_intercept: Any) -> tuple[Floats, Floats]:
        """X and Y of few rows, with weight 1 each, whose least squares without an intercept are those of all rows.

        sqrt(rows / weight) [R r; 0 rho] and, without an intercept, a row for the means, which then are part of the fit.
        """
        centered = _input.flag(fit_intercept, "fit_intercept")
        if self._sums is None or self.n_rows == 0:
            raise ValueError(f"{self!r} has nothing to fit; update it with at least one row of weight > 0.")
        if centered not in self._solvable:
            p, weight = self._sums.p, self._sums.weight
            base, rest, S = read(self._sums)
            R, r, _, _, beyond = compress(S[:p, :p], S[:p, p:])
            self._beyond = significant(beyond, np.diag(S)[:p], np.diag(S)[p:])
            means = base + rest
            rows = len(R) + 1 + (not centered)
            X, Y = np.zeros((rows, p), order="F"), np.zeros((rows, self._sums.t), order="F")
            X[: len(R)], Y[: len(R)] = R, r
            Y[len(R)] = np.sqrt(np.maximum(np.diag(S)[p:] - np.square(r).sum(axis=0), 0.0))
            if not centered:
                X[-1], Y[-1] = np.sqrt(weight) * means[:p], np.sqrt(weight) * means[p:]
            X *= np.sqrt(rows / weight)
            Y *= np.sqrt(rows / weight)
            self._solvable[centered] = X, Y
        return self._solvable[centered]

    def _finish(self, found: T, fit_intercept: bool, target: int | None = None) -> T:
        """A Fit or Path of `_problem` with its intercepts and names; target: the one that it is of."""
        names = self.feature_names
        means, p = self._means(), self.n_features
        y_mean: Any = self._for_targets(means[p:]) if target is None else float(means[p + target])
        if isinstance(found, Fit):
            intercept = y_mean - means[:p] @ found.coef if fit_intercept else found.intercept
            intercept = float(intercept) if found.coef.ndim == 1 else intercept
            return replace(found, intercept=intercept, feature_names=names)  # type: ignore[call-arg]
        intercepts = found.intercepts
        if fit_intercept and isinstance(found, RidgePath):
            intercepts = y_mean - means[:p] @ found.coefs
        elif fit_intercept:
            pairs = zip(found.supports, found.values, strict=True)
            intercepts = np.array([y_mean - means[support] @ values for support, values in pairs])
        if isinstance(found, RidgePath):  # which has been told so
            return replace(found, intercepts=intercepts, feature_names=names)
        rows = self.n_rows
        return replace(found, intercepts=intercepts, feature_names=names, n_rows=rows, fit_intercept=fit_intercept)

    def _doubted(
        self, found: T, standardize: Any, given: Any, tol: float, target: int | None = None, summed: bool = False
    ) -> T:
        """found, of all targets or of one, with what the sums cannot tell (_doubt.py) in its gap."""
        beyond = self._beyond
        if beyond is None or not beyond.any():
            return found
        squares = np.diag(self._products())[: self.n_features] if standardize else None
        if self._vector or target is not None:
            beyond = beyond[:, target or 0]
        return doubted(found, beyond, self.weight, squares, given is None, tol, summed)

    def _state(self) -> dict[str, NDArray[Any]]:
        """Arrays that say everything; of the products, the lower triangle row by row."""
        p, t = (0, 0) if self._sums is None else (self._sums.p, self._sums.t)
        base, rest, S = (np.zeros(0), np.zeros(0), np.zeros((0, 0))) if self._sums is None else read(self._sums)
        return {
            "fastreg_gramstats": np.array(VERSION),
            "shape": np.array([p, t]),
            "vector": np.array(self._vector),
            "n_rows": np.array(self.n_rows),
            "weight": np.array(self.weight),
            "base": base,
            "rest": rest,
            "products": S[np.tril_indices(p + t)],
            "feature_names": np.array(self.feature_names or (), dtype=str),
        }

    @classmethod
    def _from_state(cls, state: dict[str, NDArray[Any]], where: str) -> GramStats:
        if "fastreg_gramstats" not in state:
            raise ValueError(f"{where} is not a file of GramStats; its arrays are {', '.join(sorted(state)[:8]) or 'none'}.")
        if state["fastreg_gramstats"].tolist() != VERSION:
            version = state["fastreg_gramstats"].tolist()
            raise ValueError(f"{where} is GramStats of format {version!r}; this fastreg reads format {VERSION}.")
        if not _sound(state):
            raise ValueError(f"{where} holds GramStats that do not fit together; it was damaged or not written by save.")
        stats = cls()
        p, t = (int(k) for k in state["shape"])
        stats._vector = bool(state["vector"])
        names = tuple(str(name) for name in state["feature_names"])
        stats.feature_names = names or None
        if p > 0:
            S = np.zeros((p + t, p + t))
            S[np.tril_indices(p + t)] = state["products"]
            stats._sums = MomentSums(p, t)
            stats._sums.write(int(state["n_rows"]), float(state["weight"]), state["base"], state["rest"], S)
        return stats


def same_columns(
    p: int, names: tuple[str, ...] | None, before: int, names_before: tuple[str, ...] | None, place: str = BEFORE
) -> None:
    """Check that p columns with these names, if they have any, are those that came before, in what place says."""
    if p != before:
        raise ValueError(f"X has {p} columns; {before} are needed, as in {place}.")
    for j, (here, there) in enumerate(zip(names or (), names_before or (), strict=False)):
        if here != there:
            raise ValueError(f"X has {here!r} as column {j}; {there!r} is needed, as in {place}.")


def same_targets(here: tuple[bool, int], before: tuple[bool, int], place: str = BEFORE) -> None:
    """Check that targets, as `GramStats.targets` has them, are those that came before."""
    if here != before:
        came, needed = ("(n,)" if vector else f"(n, {t})" for vector, t in (here, before))
        raise ValueError(f"y has shape {came}; {needed} is needed, as in {place}.")


def _statistics(other: Any) -> None:
    if not isinstance(other, GramStats):
        several = "; pass them one by one: merge(*parts)" if isinstance(other, (list, tuple)) else ""
        raise TypeError(f"other is a {type(other).__name__}; GramStats are needed{several}.")
    if other._bound is not None:
        raise TypeError(other._bound)


def _of_target(warm_start: Any, k: int, t: int) -> Any:
    """What of a warm start for t targets is that of target k."""
    if isinstance(warm_start, tuple) and len(warm_start) == t:
        return warm_start[k]
    coef = warm_start.coef if isinstance(warm_start, Fit) else warm_start
    several = not isinstance(coef, Path) and coef is not None and np.ndim(coef) == 2 and np.shape(coef)[1] == t
    return np.asarray(coef)[:, k] if several else warm_start


def _sound(state: dict[str, NDArray[Any]]) -> bool:
    """Whether the arrays of a file have the names, types, shapes and values that `_state` gives them."""
    kinds = {"shape": "i", "vector": "b", "n_rows": "i", "weight": "f", "base": "f", "rest": "f", "products": "f"}
    if set(state) != ENTRIES or any(state[name].dtype.kind != kind for name, kind in kinds.items()):
        return False
    if state["shape"].shape != (2,) or state["feature_names"].ndim != 1 or state["feature_names"].dtype.kind != "U":
        return False
    p, t = state["shape"].tolist()
    m = p + t
    sizes = {"vector": (), "n_rows": (), "weight": (), "base": (m,), "rest": (m,), "products": (m * (m + 1) // 2,)}
    if any(state[name].shape != size for name, size in sizes.items()) or len(state["feature_names"]) not in (0, p):
        return False
    numbers = all(np.isfinite(state[name]).all() and state[name].itemsize == 8 for name, kind in kinds.items() if kind == "f")
    empty = p == t == 0
    return bool(numbers and (empty or (p > 0 and t > 0)) and state["n_rows"] >= 0 and state["weight"] >= 0.0)
