"""What a wide X that is somewhere else has to answer: norms, columns that may matter, and some columns themselves.

An n x p X with p far above n, on disk or on other machines, is asked so few things that the client's code need not know where
it is.  With root the square roots of weights that add up to n (ones without weights) and m_j the weighted mean (0 without
centring), x~_j = root (x_j - m_j).

Stands between `_rounds.py`, which asks, and `_columns.py`, `_remote.py` or anybody's own design, which answer.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._normalise import SQUARE, scale_columns
from fastreg.kernels._columns import Columns

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
PIECE = 4_000_000  # bytes of columns that are fetched at once


class Question(NamedTuple):
    """Which columns reach a limit.

    Attributes
    ----------
    residuals : ndarray of shape (t, n), C order
        Multiples of residuals times root.  Each adds up to 0 if center, so that the mean of a column does not matter to
        x_j'q; taking it off first keeps the digits of a column far from 0.
    low, high : float, or ndarray of shape (p,)
        A column reaches a limit where x_j'q <= low_j or x_j'q >= high_j for one of the t residuals q.  May be infinite.
    center : bool
    columns : ndarray of shape (k,), ascending, or None
        The columns to look at; None: all.
    """

    residuals: Floats
    low: float | Floats
    high: float | Floats
    center: bool
    columns: Indices | None = None

    def part(self, begin: int, end: int) -> Question | None:
        """The same of the columns begin .. end - 1, counted from begin, and with limits of those alone that are asked about.

        Parameters
        ----------
        begin, end : int
            A block of columns.

        Returns
        -------
        Question or None
            None where no column of the block is asked about.  With all of them, columns is None; else low and high, where they
            are arrays, have an entry for each of columns.
        """
        columns: Indices | None = None
        chosen: Any = slice(begin, end)
        if self.columns is not None:
            i, k = np.searchsorted(self.columns, [begin, end]).tolist()
            if i == k:
                return None
            chosen = self.columns[i:k]
            columns = None if k - i == end - begin else chosen - begin
        low, high = (a[chosen] if isinstance(a, np.ndarray) else a for a in (self.low, self.high))
        return Question(self.residuals, low, high, self.center, columns)


class WideDesign(Protocol):
    """X of shape (n, p) as `lasso` and the others of `fastreg.distributed` ask for it.

    A design of your own needs `shape` and three methods, all stateless: they may be asked in any order, again, and from
    several threads.  `moments` and `reach` are one pass over X each; `moments` is asked once a fit, `reach` three to eight
    times a path of 100 alphas.  `check_design` compares what they answer with what the columns give.  Two attributes are
    optional: `dtype` (float64 if there is none; the client keeps columns as float32 for float32) and `feature_names`.

    What travels, in bytes: for `moments` 16 n there and 16 p back; for `reach` 8 n t there (and 16 p for limits that differ, or
    8 for each column asked about), 8 (t + 1) back for each column that reaches a limit; for `columns` 8 n each.  t is at most
    32, and in cross-validation that for each fold.

    Products should be those of float64 sums: their rounding is allowed for as that of (n/16 + 64) additions in sequence, of
    centred columns.

    Attributes
    ----------
    shape : tuple of two int
        (n, p), both at least 1.

    Examples
    --------
    The whole of a design, for an array:

    >>> import numpy as np, fastreg as fr
    >>> class InMemory:
    ...     def __init__(self, X):
    ...         self.X, self.shape = X, X.shape
    ...     def moments(self, y, root, center):
    ...         root = np.ones(len(y)) if root is None else root
    ...         A = self.X - self.X[np.argmax(root > 0)] * center
    ...         A -= root**2 @ A / len(y) * center
    ...         A *= root[:, None]
    ...         return np.linalg.norm(A, axis=0), y @ A
    ...     def reach(self, question):
    ...         products = question.residuals @ (self.X - self.X[0] * question.center)
    ...         reached = (products <= question.low) | (products >= question.high)
    ...         found = np.flatnonzero(reached.any(axis=0))
    ...         if question.columns is not None:
    ...             found = np.intersect1d(found, question.columns)
    ...         return found, products[:, found]
    ...     def columns(self, indices):
    ...         return self.X[:, indices]
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 1000))
    >>> y = X[:, :3].sum(axis=1)
    >>> fit = fr.distributed.lasso(InMemory(X), y, alpha=0.3)
    >>> bool(np.allclose(fit.coef, fr.lasso(X, y, alpha=0.3, tol=1e-12).coef))
    True
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p), both at least 1."""
        ...

    def moments(self, y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
        """Norms of the columns, and their products with y, in one pass over X.

        Parameters
        ----------
        y : ndarray of shape (n,)
            Centred, and times root already.
        root : ndarray of shape (n,), or None
            Square roots of weights that add up to n; None: ones.
        center : bool
            Whether m_j is the weighted mean, or 0.

        Returns
        -------
        (norms, products), each an ndarray of shape (p,)
            |x~_j| and x~_j'y.  The norm of a column that is constant (in rows of weight > 0) is exactly 0 if center.
        """
        ...

    def reach(self, question: Question) -> tuple[Indices, Floats]:
        """Which columns reach a limit, in one pass over those that are asked about.

        Parameters
        ----------
        question : Question

        Returns
        -------
        (indices, products), ndarrays of shape (k,) and (t, k)
            The columns, ascending, and their x_j'q for all t residuals.
        """
        ...

    def columns(self, indices: Indices) -> NDArray[Any]:
        """The columns themselves, neither centred nor weighted.

        Parameters
        ----------
        indices : ndarray of shape (k,)

        Returns
        -------
        ndarray of shape (n, k)
            Float32 or float64, in the order of the indices.
        """
        ...


def shape_of(design: Any) -> tuple[int, int]:
    """(n, p) of a design that has what one needs."""
    if hasattr(design, "__dask_graph__"):
        raise TypeError(
            f"design is a dask {type(design).__name__}; a dask array of rows, or DaskColumns(X) of columns, is needed."
        )
    missing = ["shape"] if not hasattr(design, "shape") else []
    missing += [name for name in ("moments", "reach", "columns") if not callable(getattr(design, name, None))]
    if missing:
        raise TypeError(
            f"design is a {type(design).__name__} without {', '.join(missing)}; LocalColumns(X) or another design is needed."
        )
    shape = design.shape
    if not isinstance(shape, (tuple, list)) or len(shape) != 2 or not all(isinstance(size, Integral) for size in shape):
        raise TypeError(f"design has shape {shape!r}; two integers (n, p) are needed.")
    if min(shape) < 1:
        raise ValueError(f"design has shape {tuple(shape)}; at least one row and one column are needed.")
    return int(shape[0]), int(shape[1])


def feature_names(design: Any, p: int) -> tuple[str, ...] | None:
    """The names of the columns, if a design has any."""
    names = getattr(design, "feature_names", None)
    if names is None:
        return None
    names = tuple(names)
    if len(names) != p or not all(isinstance(name, str) for name in names):
        raise ValueError(f"feature_names of design are {len(names)} of {reprlib.repr(names)}; {p} str are needed, or None.")
    return tuple(map(str, names))


def dtype_of(design: Any) -> np.dtype[Any]:
    """That of the columns kept here."""
    dtype = getattr(design, "dtype", np.float64)
    try:
        return np.dtype(np.float32 if np.dtype(dtype) == np.float32 else np.float64)
    except TypeError:
        raise TypeError(f"dtype of design is {dtype!r}; that of numpy arrays is needed.") from None


def rounded(X: NDArray[Any], dtype: np.dtype[Any], places: Indices) -> None:
    """Refuse columns that are not what the dtype of their design holds: they would be kept as others than they are."""
    if X.dtype == dtype or X.dtype.itemsize < dtype.itemsize:
        return
    kept = X.astype(dtype)
    wrong = np.flatnonzero((kept != X).any(axis=0) & np.isfinite(X).all(axis=0))
    if wrong.size:
        raise ValueError(
            f"columns of X gave {X.dtype} that {dtype}, which is the dtype of the design, does not hold, in column "
            f"{places[wrong[0]]}; the dtype of what it gives is needed."
        )


def moments_of(design: Any, y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
    """What a design answers, if it has the shapes and numbers that are needed."""
    p = design.shape[1]
    norms, products = _two(design.moments(y, root, center), "moments", "norms, products")
    norms, products = np.asarray(norms, np.float64), np.asarray(products, np.float64)
    for a, what in ((norms, "norms"), (products, "products")):
        if a.shape != (p,):
            raise ValueError(f"moments of X gave {what} of shape {a.shape}; ({p},) is needed, one per column.")
        if not np.isfinite(a).all():
            raise ValueError(f"moments of X gave a {what[:-1]} that is not finite for column {int(np.argmin(np.isfinite(a)))}.")
    if norms.min() < 0.0:
        raise ValueError(f"moments of X gave a norm below 0 for column {int(np.argmin(norms))}.")
    return norms, products


def answered(design: Any, question: Question, p: int) -> tuple[Indices, Floats]:
    """The columns that reach a limit and their products, if the answer of a design has the shapes and order that are needed."""
    indices, products = _two(design.reach(question), "reach", "indices, products")
    indices, products, t = np.asarray(indices), np.asarray(products, np.float64), len(question.residuals)
    if indices.ndim != 1 or indices.dtype.kind not in "iu" or products.shape != (t, indices.size):
        raise ValueError(
            f"reach of X gave indices of shape {indices.shape} and dtype {indices.dtype} with products of shape "
            f"{products.shape}; k integers and ({t}, k) are needed."
        )
    indices = indices.astype(np.intp, copy=False)  # differences of unsigned ones would be above 0
    if indices.size and (indices[0] < 0 or indices[-1] >= p or not (np.diff(indices) > 0).all()):
        raise ValueError(f"reach of X gave indices that do not ascend from 0 to at most {p - 1}.")
    if not np.isfinite(products).all():
        raise ValueError("reach of X gave products that are not finite.")
    return indices, products


def columns_of(design: Any, indices: Indices) -> NDArray[Any]:
    """The columns that a design gives, if they have the shape and numbers that are needed; entries are not looked at."""
    found = _input.real_array(design.columns(indices), "What columns of X gave")
    if found.shape != (design.shape[0], indices.size):
        raise ValueError(f"columns of X gave shape {found.shape}; {(design.shape[0], indices.size)} is needed.")
    rounded(found, dtype_of(design), indices)
    return found


def in_pieces(design: Any, indices: Indices) -> Iterator[tuple[Indices, NDArray[Any]]]:
    """Some of these columns after others, so many at once that little lies beside the place where they go."""
    step = max(1, PIECE // (8 * design.shape[0]))
    for k in range(0, indices.size, step):
        some = indices[k : k + step]
        yield some, columns_of(design, some)


def _two(found: Any, method: str, what: str) -> tuple[Any, Any]:
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise TypeError(f"{method} of X gave a {type(found).__name__}; ({what}) are needed.")
    return found[0], found[1]


def block_moments(block: Any, places: Sequence[int], y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
    """`moments` of a block of columns in memory; places: which of X they are.  float32 is summed in float64."""
    X = _block(block, len(y), places)
    columns = _checked(X, places, Columns(X, y, center, 1.0, root, False))
    squares, products = np.empty(X.shape[1]), np.empty((1, X.shape[1]))
    columns.squares(squares)
    columns.products(y[None, :], products)
    norms = np.sqrt(squares)
    for j in np.flatnonzero(squares < 1.0 / SQUARE).tolist():  # constant, or too small to square as it is
        alone, sx = scale_columns(X[:, j : j + 1], y, center, root, False)
        norms[j] = np.sqrt(alone.largest()[0]) / sx
    return norms, products[0]


def block_reach(block: Any, places: Sequence[int], question: Question) -> tuple[Indices, Floats]:
    """`reach` of a block that holds just the columns which a part of a question asks about; counted in the block."""
    Q, low, high, center, _ = question
    X = _block(block, Q.shape[1], places)
    columns = _checked(X, places, Columns(X, Q[0], center, 1.0, None, False))
    products = np.empty((len(Q), X.shape[1]))
    columns.products(Q, products)
    reached = np.flatnonzero((products.min(axis=0) <= low) | (products.max(axis=0) >= high))
    return reached, products[:, reached]


def part_reach(
    part: Question, begin: int, end: int, read: Callable[[], Any], take: Callable[[Indices], Any]
) -> tuple[Indices, Floats]:
    """`reach` of the columns begin .. end - 1, counted in X; read gives all of them, take those at some places of X."""
    if part.columns is None:
        found, products = block_reach(read(), range(begin, end), part)
        return begin + found, products
    places = begin + part.columns
    found, products = block_reach(take(places), places.tolist(), part)
    return places[found], products


def side_by_side(parts: Sequence[tuple[Indices, Floats]], t: int) -> tuple[Indices, Floats]:
    """What `reach` found of blocks, in their order, for t residuals."""
    if not parts:
        return np.empty(0, np.intp), np.empty((t, 0))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts], axis=1)


def _block(block: Any, n: int, places: Sequence[int]) -> NDArray[Any]:
    """A block as an array of the shape that was announced."""
    X = _input.matrix(block)
    if X.shape != (n, len(places)):
        raise ValueError(f"A block of X has shape {X.shape}; {(n, len(places))} is needed, as was announced.")
    return X


def _checked(X: NDArray[Any], places: Sequence[int], columns: Columns) -> Columns:
    """The columns, if all is finite."""
    if columns.finite:
        return columns
    bad = np.argwhere(~np.isfinite(X))
    if len(bad):
        i, j = bad[0]
        raise ValueError(f"X holds {_input.spelled(X[i, j])} at row {i}, column {places[j]}; finite numbers are needed.")
    j = int(np.argmax(np.abs(X).max(axis=0)))
    raise ValueError(f"X has entries too large to add up in float64 in column {places[j]}; divide X by a constant.")
