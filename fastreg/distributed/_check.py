"""Whether a design answers as `WideDesign` says, compared with what its own columns give.

It knows what may be asked; must not know who asks, nor where the columns are.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg.distributed._columns import design_of
from fastreg.distributed._protocol import (
    Floats,
    Indices,
    Question,
    answered,
    columns_of,
    dtype_of,
    feature_names,
    moments_of,
    shape_of,
)

ROUNDED = 1e-13  # by what residuals add up to something else than 0
CLOSE = 1e-9  # of a product, relative to the sizes of its factors: what float32 sums do not reach


def check_design(design: Any, *, columns: int = 1000, random_state: int = 0) -> None:
    """Ask a design of your own all that may be asked, and compare its answers with what its own columns give.

    Parameters
    ----------
    design : WideDesign or path
    columns : int
        So many of them, the first, the last and others in random places, are fetched and compared with; of the rest no more is
        seen than that answers which name them keep to the limits.  At least p: all.
    random_state : int
        Seed of the places, and of the residuals and weights that are asked about.

    Raises
    ------
    ValueError, TypeError
        Which answer was wrong, for which column, and what was asked.
    Exception
        What the design raises itself.

    Notes
    -----
    3 questions for moments and 16 for what reaches a limit, most of them passes over X; on the columns that are fetched 32 n
    multiply-adds each, here.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.random.default_rng(0).standard_normal((30, 500))
    >>> fr.distributed.check_design(fr.distributed.LocalColumns(X))
    """
    design = design_of(design)
    n, p = shape_of(design)
    dtype_of(design), feature_names(design, p)
    rng = np.random.default_rng(_input.count(random_state, "random_state", 0))
    ends = np.array([0, p - 1])
    some = np.union1d(rng.choice(p, min(p, _input.count(columns, "columns")), replace=False), ends)
    X = _columns(design, some, rng)
    for root, center in ((None, True), (_weights(n, rng), True), (None, False)):
        _check_moments(design, X, some, _residuals(rng, 1, n, root, center)[0], root, center)
    for center in (True, False):
        for t in (1, 3):
            for question in _questions(rng, X, some, p, _residuals(rng, t, n, None, center), center):
                _check_reach(design, X, some, question)


def _columns(design: Any, some: Indices, rng: np.random.Generator) -> NDArray[Any]:
    """The columns, if they are the same in another order."""
    X, order = columns_of(design, some), rng.permutation(some.size)
    again = columns_of(design, some[order])
    wrong = np.flatnonzero((again != X[:, order]).any(axis=0))
    if wrong.size:
        raise ValueError(
            f"columns of X gave another column {some[order][wrong[0]]} where the indices were in another order, in which the "
            "columns are needed."
        )
    return X


def _weights(n: int, rng: np.random.Generator) -> Floats:
    """Square roots of weights that add up to n, one of them 0 where there are enough."""
    weights = rng.uniform(0.5, 2.0, n)
    weights[: 1 if n > 2 else 0] = 0.0
    root: Floats = np.sqrt(weights * (n / weights.sum()))
    return root


def _residuals(rng: np.random.Generator, t: int, n: int, root: Floats | None, center: bool) -> Floats:
    Q = rng.standard_normal((t, n))
    if center:
        weights = np.ones(n) if root is None else root**2
        Q -= ((Q @ weights) / weights.sum())[:, None]
        Q += ROUNDED * (n > 1)  # which they may be, so that what is not taken off first shows
    return Q if root is None else Q * root


def _check_moments(design: Any, X: NDArray[Any], some: Indices, y: Floats, root: Floats | None, center: bool) -> None:
    norms, products = moments_of(design, y, root, center)
    asked = f"with root {'None' if root is None else 'given'} and center {center}"
    weights = np.ones(len(y)) if root is None else root
    far = _sizes(X)
    A = X / far  # so that no square leaves float64
    if center:
        A -= A[int(np.argmax(weights > 0.0))]
        A -= (weights**2 @ A) / (weights @ weights)
    A *= weights[:, None]
    right = far * np.linalg.norm(A, axis=0)
    slack = CLOSE * (right + far * np.sqrt(len(y)) * 1e-3)
    constant = np.flatnonzero((right == 0.0) & (norms[some] != 0.0))
    if constant.size:
        k = constant[0]
        raise ValueError(
            f"moments of X, {asked}, gave the norm {norms[some[k]]:.3g} for column {some[k]}; 0 is needed exactly."
        )
    _same("moments of X, " + asked + ", gave the norm", some, norms[some], right, slack)
    _same("moments of X, " + asked + ", gave the product", some, products[some], y @ A * far, slack * np.linalg.norm(y))


def _questions(rng: np.random.Generator, X: NDArray[Any], some: Indices, p: int, Q: Floats, center: bool) -> Iterator[Question]:
    """All kinds: one limit or one for each column, of both signs or only one, about all columns, a part or one of them."""
    level = float(np.median(np.abs(Q @ (X - X[0] * center)).max(axis=0)))
    high = level * rng.uniform(0.5, 1.5, p)
    high[rng.random(p) < 0.2] = np.inf
    for columns in (None, np.sort(rng.choice(p, (p + 2) // 3, replace=False)), some[:1]):
        yield Question(Q, -level, level, center, columns)
    yield Question(Q, -np.inf, high, center, None)
    yield Question(Q, -high, high, center, np.sort(rng.choice(p, (p + 1) // 2, replace=False)))


def _check_reach(design: Any, X: NDArray[Any], some: Indices, question: Question) -> None:
    Q, low, high, center, columns = question
    p = design.shape[1]
    limits, which = "one limit" if isinstance(high, float) else "limits", "None" if columns is None else columns.size
    asked = f"with {len(Q)} residual{'s' * (len(Q) > 1)}, {limits}, center {center} and columns {which}"
    indices, products = answered(design, question, p)
    with ThreadPoolExecutor(2) as pool:
        for other in pool.map(lambda one: answered(design, one, p), (question, question)):
            if not all(np.array_equal(a, b) for a, b in zip((indices, products), other, strict=True)):
                raise ValueError(f"reach of X, {asked}, gave another answer to two threads at once.")
    if columns is not None and not np.isin(indices, columns).all():
        j = indices[~np.isin(indices, columns)][0]
        raise ValueError(f"reach of X, {asked}, gave column {j}, which it was not asked about.")
    low, high = (np.broadcast_to(a, p) for a in (low, high))
    idle = np.flatnonzero(~((products <= low[indices]) | (products >= high[indices])).any(axis=0))
    if idle.size:
        raise ValueError(f"reach of X, {asked}, gave column {indices[idle[0]]}, which reaches no limit by the products given.")
    A = X - X[0].astype(np.float64) * center
    right = Q @ A
    slack = CLOSE * np.sqrt(X.shape[0]) * np.linalg.norm(Q, axis=1)[:, None] * _sizes(A)
    place = np.searchsorted(indices, some)
    place[place == indices.size] = 0
    told = indices[place] == some if indices.size else np.zeros(some.size, np.bool_)
    wanted = np.ones(some.size, np.bool_) if columns is None else np.isin(some, columns)
    beyond = (right <= low[some] - slack) | (right >= high[some] + slack)
    missing = np.flatnonzero(beyond.any(axis=0) & wanted & ~told)
    if missing.size:
        raise ValueError(f"reach of X, {asked}, left out column {some[missing[0]]}, which reaches a limit.")
    for k in range(len(Q)):
        said = products[k, place[told]]
        _same(f"reach of X, {asked}, gave for residual {k} the product", some[told], said, right[k, told], slack[k, told])


def _sizes(X: NDArray[Any]) -> Floats:
    size: Floats = np.abs(X).max(axis=0).astype(np.float64)
    size[size == 0.0] = 1.0
    return size


def _same(what: str, columns: Indices, said: Floats, right: Floats, slack: Floats) -> None:
    wrong = np.flatnonzero(~(np.abs(said - right) <= slack))
    if wrong.size:
        k = wrong[0]
        raise ValueError(f"{what} {said[k]:.10g} for column {columns[k]}; its own column gives {right[k]:.10g}.")
