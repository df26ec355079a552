"""Checks of options that have an entry per row or column, and of what ends a path; sentences as in _input.py."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg._input import Floats, count, flag, number, real_array, spelled


class Stop(NamedTuple):
    """What may end a path before its last alpha."""

    max_support: int | None
    deviance_stop: float | None
    callback: Any


NEVER = Stop(None, None, None)


def stop(max_support: Any, deviance_stop: Any, callback: Any) -> Stop:
    """max_support >= 0, deviance_stop from 0 to 1 and a function, each or None."""
    if max_support is not None:
        max_support = count(max_support, "max_support", 0)
    if deviance_stop is not None:
        deviance_stop = number(deviance_stop, "deviance_stop", 0.0, 1.0)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is {callback!r} ({type(callback).__name__}); a function is needed.")
    return Stop(max_support, deviance_stop, callback)


CHOICES = (str, bool, np.bool_)


def is_choice(precompute: Any) -> bool:
    """Whether precompute is "auto", True or False; else it should be a Gram matrix."""
    if isinstance(precompute, str) and precompute != "auto":
        raise ValueError(f'precompute is {precompute!r}; "auto", True, False or the Gram matrix of X is needed.')
    return isinstance(precompute, CHOICES)


def gram(value: Any, squares: Floats) -> Floats:
    """A Gram matrix of the columns whose squared norms are given, float64, C order."""
    p = squares.shape[0]
    G: Floats = np.ascontiguousarray(real_array(value, "precompute"), dtype=np.float64)
    if G.shape != (p, p):
        raise ValueError(f"precompute has shape {G.shape}; ({p}, {p}) is needed, one row and column per column of X.")
    if not np.isfinite(G).all():
        raise ValueError("precompute holds entries that are not finite; finite numbers are needed.")
    off = np.abs(np.diag(G) - squares)
    if (off > 1e-4 * squares + 1e-8 * squares.max(initial=0.0)).any():
        j = int(np.argmax(off))
        raise ValueError(
            f"precompute has {G[j, j]:.6g} on its diagonal at column {j}, where X has a squared norm of {squares[j]:.6g}; the "
            "Gram matrix of X is needed, centred if there is an intercept and with sample_weight if there is one."
        )
    return G


def coefficients(coef: Any, p: int) -> Floats:
    """coef as float64, shape (p,), all finite."""
    w = _vector(coef, "coef", p, "column")
    _each(w, np.isfinite(w), "coef", "column", "finite numbers are needed")
    return w


def degrees_of_freedom(value: Any, size: int) -> Floats:
    """One number >= 0 for each of so many alphas."""
    df: Floats = real_array(value, "df").astype(np.float64)
    if df.shape != (size,):
        raise ValueError(f"df has shape {df.shape}; ({size},) is needed, one entry per alpha.")
    _each(df, np.isfinite(df) & (df >= 0.0), "df", "alpha", "finite numbers >= 0 are needed")
    return df


def sample_weights(value: Any, n: int) -> Floats | None:
    """Weights of the n rows, rescaled to sum to n."""
    if value is None:
        return None
    s = row_weights(value, n)
    if not s.any():
        raise ValueError("sample_weight is zero in every row; at least one weight > 0 is needed.")
    s = s / s.max()  # else the sum may overflow, or n over it
    scaled: Floats = s * (n / s.sum())
    return scaled


def row_weights(value: Any, n: int) -> Floats:
    """Weights of the n rows, as they are."""
    s = _vector(value, "sample_weight", n, "row")
    _each(s, np.isfinite(s) & (s >= 0.0), "sample_weight", "row", "finite numbers >= 0 are needed")
    return s


def total(sample_weight: Any) -> float:
    """The sum of weights that sample_weights accepts."""
    return float(real_array(sample_weight, "sample_weight").sum(dtype=np.float64))


def penalty_factors(value: Any, p: int) -> tuple[Floats, Floats] | None:
    """(v, u), the factors of |w_j| and of w_j^2; one vector stands for both."""
    if value is None:
        return None
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(np.ndim(part) == 1 for part in value)
    named = {"penalty_factor[0]": value[0], "penalty_factor[1]": value[1]} if pair else {"penalty_factor": value}
    factors = []
    for name, part in named.items():
        v = _vector(part, name, p, "column")
        _each(v, v >= 0.0, name, "column", "numbers >= 0 are needed (inf excludes the column)")
        factors.append(v)
    v, u = factors[0], factors[-1]
    excluded = np.isinf(v) | np.isinf(u)
    return np.where(excluded, np.inf, v), np.where(excluded, np.inf, u)


def bounds(lower: Any, upper: Any, positive: Any, p: int) -> tuple[Floats, Floats] | None:
    """(lower, upper) of every coefficient; None where none has a bound."""
    lo, hi = _bound(lower, "lower", -np.inf, p), _bound(upper, "upper", np.inf, p)
    needed = "lower <= upper is needed"
    if flag(positive, "positive"):
        lo, needed = np.maximum(lo, 0.0), "lower <= upper is needed, and positive=True means lower >= 0"
    bad = np.flatnonzero((lo > hi) | (lo == np.inf) | (hi == -np.inf))
    if bad.size:
        j = bad[0]
        raise ValueError(f"lower is {lo[j]:g} and upper is {hi[j]:g} at column {j}; {needed}, with a finite number between.")
    return None if np.isinf(lo).all() and np.isinf(hi).all() else (lo, hi)


def leaves_out_0(lower: Floats, upper: Floats) -> NDArray[np.bool_]:
    """Whether each coefficient's bounds do."""
    return (lower > 0.0) | (upper < 0.0)


def excluded_within(v: Floats, lower: Floats, upper: Floats) -> None:
    """Check that columns with an infinite factor may be 0."""
    bad = np.flatnonzero(np.isinf(v) & leaves_out_0(lower, upper))
    if bad.size:
        j = bad[0]
        raise ValueError(f"penalty_factor is inf at column {j}, whose bounds {lower[j]:g} and {upper[j]:g} leave out 0.")


def offsets(value: Any, n: int) -> Floats | None:
    """Offsets of the n rows, all finite."""
    if value is None:
        return None
    o = _vector(value, "offset", n, "row")
    _each(o, np.isfinite(o), "offset", "row", "finite numbers are needed")
    return o


def relaxed_within_bounds(relax: float) -> ValueError:
    """The refusal of a refit that would leave bounds."""
    return ValueError(
        f"relax is {relax:g} together with lower, upper or positive; least squares on the support keeps no bounds, so relax=0 "
        "or no bounds are needed."
    )


def _bound(value: Any, name: str, default: float, p: int) -> Floats:
    """A bound of every coefficient, from None, a number or a vector."""
    a: Floats = real_array(default if value is None else value, name).astype(np.float64)
    if a.shape not in ((), (p,)):
        raise ValueError(f"{name} has shape {a.shape}; a number or shape ({p},) is needed, one bound per column of X.")
    a = np.broadcast_to(a, (p,))
    _each(a, ~np.isnan(a), name, "column", "a number, -inf or inf is needed")
    return a


def _vector(value: Any, name: str, size: int, of: str) -> Floats:
    """value as float64 of shape (size,), one entry per row or column of X."""
    a: Floats = real_array(value, name).astype(np.float64, copy=False)
    if a.shape != (size,):
        raise ValueError(f"{name} has shape {a.shape}; ({size},) is needed, one entry per {of} of X.")
    return a


def _each(a: Floats, good: NDArray[np.bool_], name: str, of: str, need: str) -> None:
    """Refuse the first entry that is not good."""
    if not good.all():
        at = int(np.argmin(good))
        raise ValueError(f"{name} holds {spelled(a[at])} at {of} {at}; {need}.")


def alpha_of_targets(value: Any, t: int | None) -> Floats:
    """alpha for each of t targets; None: y has one dimension, and a number it has to be."""
    if t is None:
        number(value, "alpha", 0.0)
    alpha: Floats = real_array(value, "alpha").astype(np.float64)
    if alpha.shape != (t,):
        raise ValueError(f"alpha has shape {alpha.shape}; a number or shape ({t},) is needed, one for each target.")
    _each(alpha, np.isfinite(alpha) & (alpha >= 0.0), "alpha", "target", "finite numbers >= 0 are needed")
    return alpha


def of_each(value: Any, name: str, size: int, of: str = "problem") -> Floats:
    """A number >= 0 for each of so many problems or columns, from one or as many."""
    numbers: Floats = real_array(value, name).astype(np.float64)
    if numbers.shape not in ((), (size,)):
        raise ValueError(f"{name} has shape {numbers.shape}; a number or shape ({size},) is needed, one for each {of}.")
    if numbers.ndim == 0 and not 0.0 <= numbers < np.inf:
        raise ValueError(f"{name} is {spelled(float(numbers))}; finite numbers >= 0 are needed.")
    numbers = np.broadcast_to(numbers, (size,)).copy()
    _each(numbers, np.isfinite(numbers) & (numbers >= 0.0), name, of, "finite numbers >= 0 are needed")
    return numbers


def alone(options: Any, name: str, others: tuple[str, ...]) -> None:
    """Check that none of the others is given together with the option of this name."""
    for other in others:
        given = getattr(options, other)
        if given is not None and given is not False:
            raise ValueError(f"{name} is given together with {other}; only one of them can be.")


def penalty_matrix(value: Any, p: int) -> Floats:
    """D, symmetric and without negative eigenvalues but for rounding, C order."""
    D: Floats = np.ascontiguousarray(real_array(value, "penalty_matrix"), dtype=np.float64)
    if D.shape != (p, p):
        raise ValueError(f"penalty_matrix has shape {D.shape}; ({p}, {p}) is needed, one row and column per column of X.")
    if not np.isfinite(D).all():
        raise ValueError("penalty_matrix holds entries that are not finite; finite numbers are needed.")
    size = float(np.abs(D).max())
    if float(np.abs(D - D.T).max()) > 1e-10 * size:
        raise ValueError("penalty_matrix is not symmetric; a symmetric matrix without negative eigenvalues is needed.")
    D = 0.5 * (D + D.T)
    try:
        np.linalg.cholesky(D)
    except np.linalg.LinAlgError:  # singular, or to be refused
        values, vectors = np.linalg.eigh(D)
        if values[0] < -1e-10 * size:
            raise ValueError(f"penalty_matrix has the eigenvalue {values[0]:.4g}; none below 0 is needed.") from None
        if values[0] < -p * np.finfo(np.float64).eps * size:  # what this would take off the objective is not meant
            D = (vectors * np.maximum(values, 0.0)) @ vectors.T
            D = 0.5 * (D + D.T)
    return D


class CheckedFolds(Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]):
    """(train, test) of each fold of n rows, which need not be looked at again.

    trains None: a fold trains on all rows (of those that count, where these are given) that it does not test, and these are
    made when they are asked for: k folds would otherwise take 8 (k - 1) n bytes."""

    def __init__(
        self,
        n: int,
        tests: list[NDArray[np.intp]],
        trains: list[NDArray[np.intp]] | None = None,
        counted: NDArray[np.bool_] | None = None,
    ) -> None:
        self.n, self.tests, self.trains, self.counted = n, tests, trains, counted

    def __len__(self) -> int:
        return len(self.tests)

    def counts(self) -> NDArray[np.bool_]:
        """Whether each row counts."""
        return np.ones(self.n, bool) if self.counted is None else self.counted

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            trains = None if self.trains is None else self.trains[k]
            return CheckedFolds(self.n, self.tests[k], trains, self.counted)
        test = self.tests[k]
        if self.trains is not None:
            return self.trains[k], test
        left = self.counts().copy()
        left[test] = False
        return np.flatnonzero(left), test


def folds(value: Any, n: int, seed: int | None) -> CheckedFolds:
    """(train, test) of each fold, from a number of folds, the fold of each of n rows, or such pairs.

    A number is so many folds of rows that are shuffled by the seed, or in their order without one."""
    if isinstance(value, CheckedFolds) and value.n == n:
        return value
    if hasattr(value, "__index__") and np.ndim(value) == 0:
        k = count(value, "cv", 2)
        if n == 1:
            raise ValueError(f"cv is {k} folds, but one sample leaves none to judge by; two rows are needed.")
        if k > n:
            raise ValueError(f"cv is {k} folds, but X has {n} rows; at most {n} are needed.")
        order = np.arange(n) if seed is None else np.random.default_rng(seed).permutation(n)
        return CheckedFolds(n, [np.sort(part) for part in np.array_split(order, k)])
    if isinstance(value, (str, bytes)):
        raise ValueError(f"cv is {value!r}; a number of folds, the fold of each row, or pairs (train, test) are needed.")
    if not hasattr(value, "__iter__"):
        what = "what its split(X) gives, pairs of rows to fit and rows to judge by, is needed"
        if not hasattr(value, "split"):
            what = "a number of folds, the fold of each row, or pairs (train, test) are needed"
        raise TypeError(f"cv is {value!r} ({type(value).__name__}); {what}.")
    entries = list(value)
    if not entries:
        raise ValueError("cv is empty; the fold of each row, or pairs (train, test) are needed.")
    if _is_label(entries[0]):
        return CheckedFolds(n, _groups(entries, n))
    trains, tests = [], []
    for k, pair in enumerate(entries):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or _is_label(pair[0]) or _is_label(pair[1]):
            raise ValueError(f"cv[{k}] is not a pair (train, test); pairs in a list, or the fold of each row, are needed.")
        trains.append(_rows(pair[0], f"cv[{k}][0]", n))
        tests.append(_rows(pair[1], f"cv[{k}][1]", n))
    return CheckedFolds(n, tests, trains)


def _is_label(entry: Any) -> bool:
    """Whether an entry is one thing and not several."""
    return isinstance(entry, (str, bytes)) or not hasattr(entry, "__len__")


def labels_without_order() -> TypeError:
    """The error for labels that cannot be sorted."""
    return TypeError("cv mixes labels that have no order; labels of one type are needed.")


def _groups(labels: list[Any], n: int) -> list[NDArray[np.intp]]:
    """The rows of each fold, in the order of their labels."""
    if len(labels) != n:
        raise ValueError(f"cv has {len(labels)} entries; {n} are needed, the fold of each row of X, or pairs (train, test).")
    for i, label in enumerate(labels):
        if not _is_label(label):
            raise ValueError(f"cv has several entries for row {i}; the fold of each row, or pairs (train, test) are needed.")
        if label is None or label != label:  # NaN
            raise ValueError(f"cv has no fold for row {i} ({label}); one for each row is needed.")
    try:
        place = {label: k for k, label in enumerate(sorted(set(labels)))}
    except TypeError:
        raise labels_without_order() from None
    if len(place) < 2:
        raise ValueError(f"cv puts all rows into one fold, {labels[0]}; at least two folds are needed.")
    at = np.array([place[label] for label in labels])
    return [np.flatnonzero(at == k) for k in range(len(place))]


def folds_that_count(pairs: CheckedFolds, weights: Floats | None) -> CheckedFolds:
    """The same without rows of weight 0; each fold has rows to fit and rows to judge by."""
    if weights is None:
        return pairs
    counted = weights > 0.0
    tests = [test[counted[test]] for test in pairs.tests]
    trains = None if pairs.trains is None else [train[counted[train]] for train in pairs.trains]
    found = CheckedFolds(pairs.n, tests, trains, counted)
    for k, (train, test) in enumerate(found):
        for rows, what in ((train, "fit"), (test, "judge by")):
            if rows.size == 0:
                raise ValueError(f"sample_weight is zero in every row that fold {k} of cv has to {what}; one > 0 is needed.")
    return found


def _rows(value: Any, name: str, n: int) -> NDArray[np.intp]:
    """Different places of rows, or a mask of them."""
    rows = np.asarray(value)
    if rows.dtype == bool and rows.shape == (n,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
        raise ValueError(f"{name} has shape {rows.shape} and dtype {rows.dtype}; places of rows, as integers, are needed.")
    if rows.min() < 0 or rows.max() >= n:
        bad = np.flatnonzero((rows < 0) | (rows >= n))
        raise ValueError(f"{name} holds {rows[bad[0]]} at position {bad[0]}; places from 0 to {n - 1} are needed.")
    seen = np.zeros(n, bool)
    seen[rows] = True
    if np.count_nonzero(seen) < rows.size:
        raise ValueError(f"{name} holds a row more than once; different rows are needed (sample_weight repeats rows).")
    return rows.astype(np.intp, copy=False)
