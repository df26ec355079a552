"""A wide X whose blocks of columns are on the workers of Dask: `DaskColumns`.

One task per block, each the code that `LocalColumns` runs; dask is imported by what needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import accumulate
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from fastreg import _foreign, _input
from fastreg.distributed._columns import in_columns
from fastreg.distributed._protocol import Floats, Indices, Question, block_moments, part_reach, side_by_side


class DaskColumns:
    """Columns of a dask array, or of blocks that workers hold, as a `WideDesign`.

    Parameters
    ----------
    X : dask array of shape (n, p), or a list of Delayed or Future of ndarrays of shape (n, p_k)
        All rows of a dask array in one chunk, its columns in several: one task each.  `X.persist()` keeps the blocks on the
        workers; without it each round makes them anew.  A list needs `widths`.
    widths : list of int, optional
        p_k of each block of a list, 0 for one that is left out.
    n_rows : int, optional
        n, for a list.
    dtype : dtype
        Of a list, float64 unless it is given.
    client : distributed.Client, optional
        Where to run; by default wherever `dask.compute` runs, which is the current client if there is one, else threads here.

    Raises
    ------
    ValueError, TypeError
        For chunks of rows, or of sizes that are not known, and lists without their sizes.  A block of another shape than was
        announced is refused where it is read.
    ImportError
        dask is not installed.

    Notes
    -----
    Residuals travel with the graph of each round: 8 n t bytes for t alphas, once to the scheduler and to each worker.  Results
    are put together in the order of the blocks, whatever the order of the tasks: fits are the same to the last bit on any
    number of workers.

    Examples
    --------
    >>> import fastreg as fr
    >>> import dask.array as da  # doctest: +SKIP
    >>> X = da.random.default_rng(0).normal(size=(200, 100_000), chunks=(200, 20_000)).persist()  # doctest: +SKIP
    >>> y = X[:, 7].compute()  # doctest: +SKIP
    >>> fr.distributed.lasso(fr.distributed.DaskColumns(X), y, alpha=0.5).support  # doctest: +SKIP
    array([7])
    """

    feature_names = None

    def __init__(
        self, X: Any, *, widths: Any = None, n_rows: int | None = None, dtype: Any = np.float64, client: Any = None
    ) -> None:
        if find_spec("dask") is None:
            raise ImportError("DaskColumns needs dask, which is not installed: pip install dask distributed")
        if client is not None and not all(callable(getattr(client, name, None)) for name in ("compute", "gather")):
            raise TypeError(f"client is a {type(client).__name__}; a distributed.Client is needed.")
        self._client = client
        if isinstance(X, (list, tuple)):
            if widths is None or n_rows is None or len(widths) != len(X):
                raise ValueError(f"X is a list of {len(X)} blocks; n_rows, and widths with as many entries, are needed.")
            widths = [_input.count(width, f"widths[{k}]", 0) for k, width in enumerate(widths)]
            blocks, n, self.dtype = list(X), _input.count(n_rows, "n_rows"), np.dtype(dtype)
        else:
            if not _foreign.is_dask(X) or len(getattr(X, "chunks", ())) != 2:
                raise TypeError(f"X is a {type(X).__name__}; a dask array of shape (n, p) or a list of blocks is needed.")
            if any(size != size for sizes in X.chunks for size in sizes):
                raise ValueError("X has chunks of sizes that are not known; X.compute_chunk_sizes() finds them.")
            if len(X.chunks[0]) != 1:
                raise ValueError(
                    f"X has its rows in {len(X.chunks[0])} chunks; all rows in one are needed: X.rechunk({{0: -1, 1: 'auto'}})."
                )
            widths, n, self.dtype = X.chunks[1], X.shape[0], X.dtype
            blocks = X.to_delayed().ravel().tolist()
            self._kept = X  # its futures: workers forget what nobody holds any more
        pairs = [(block, width) for block, width in zip(blocks, widths, strict=True) if width > 0]
        self._blocks, self._n = [block for block, _ in pairs], n
        self._starts = list(accumulate((width for _, width in pairs), initial=0))
        self.shape = n, self._starts[-1]
        if min(self.shape) < 1:
            raise ValueError(f"X has shape {self.shape}; at least one row and one column are needed.")

    def __repr__(self) -> str:
        n, p = self.shape
        return f"DaskColumns(n={n}, p={p}, {self.dtype}, {len(self._blocks)} blocks)"

    def moments(self, y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
        """(|x~_j|, x~_j'y); see `WideDesign`.

        Parameters
        ----------
        y, root, center
            As in `WideDesign`.

        Returns
        -------
        (norms, products), each an ndarray of shape (p,)
        """
        found = self._run(_moments, dict.fromkeys(range(len(self._blocks)), (center,)), (y, root))
        return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])

    def reach(self, question: Question) -> tuple[Indices, Floats]:
        """The columns that reach a limit, and their products; see `WideDesign`.

        Parameters
        ----------
        question : Question

        Returns
        -------
        (indices, products), ndarrays of shape (k,) and (t, k)
        """
        Q, rest = question.residuals, question._replace(residuals=np.empty((0, 0)))
        parts = {k: rest.part(*self._range(k)) for k in range(len(self._blocks))}
        return side_by_side(self._run(_reach, {k: (part,) for k, part in parts.items() if part is not None}, (Q,)), len(Q))

    def columns(self, indices: Indices) -> NDArray[Any]:
        """The columns of these indices, in their order.

        Parameters
        ----------
        indices : ndarray of shape (k,)

        Returns
        -------
        ndarray of shape (n, k), Fortran order
            Float32 if X is, else float64.
        """
        order = np.argsort(indices, kind="stable")
        ascending = indices[order]
        tasks = {}
        for k in range(len(self._blocks)):
            begin, end = self._range(k)
            i, j = np.searchsorted(ascending, [begin, end])
            if i < j:
                tasks[k] = (ascending[i:j] - begin,)
        out = np.empty((self._n, indices.size), np.float32 if self.dtype == np.float32 else np.float64, order="F")
        if tasks:
            out[:, order] = np.concatenate(self._run(_take, tasks, ()), axis=1)
        return out

    def _range(self, k: int) -> tuple[int, int]:
        return self._starts[k], self._starts[k + 1]

    def _run(self, task: Any, arguments: dict[int, tuple[Any, ...]], shared: tuple[Any, ...]) -> list[Any]:
        """task(block, range, *shared, *arguments) for blocks of these numbers, in their order; what is shared is sent once."""
        import dask

        # in the graph: what is scattered is lost with the worker that has it, while a graph is sent again
        sent = dask.delayed(_Sealed(shared), traverse=False)
        call = dask.delayed(_call, pure=False)
        calls = [call(self._blocks[k], sent, _Sealed((task, self._range(k), some))) for k, some in arguments.items()]
        with _no_warning_of(sum(a.nbytes for a in shared if isinstance(a, np.ndarray))):
            if self._client is not None:
                return list(self._client.gather(self._client.compute(calls)))
            return list(dask.compute(*calls))


@contextmanager
def _no_warning_of(size: int) -> Iterator[None]:
    """Let distributed warn of a graph only where it is large by more than so many bytes, which are meant to be sent."""
    if "distributed" not in sys.modules:  # whose settings are not there before
        yield
        return
    from dask import config
    from dask.utils import parse_bytes

    name = "distributed.admin.large-graph-warning-threshold"
    with config.set({name: parse_bytes(config.get(name, "10MB")) + 2 * size}):
        yield


class _Sealed:
    """What a task needs beside its block, as one thing: dask would look through tuples, and make a task of each array."""

    def __init__(self, value: tuple[Any, ...]) -> None:
        self.value = value

    def __dask_tokenize__(self) -> str:
        return uuid4().hex  # nothing is looked up by its contents


def _call(block: Any, shared: _Sealed, own: _Sealed) -> Any:
    task, span, some = own.value
    with in_columns("X", *span):
        return task(block, span, *shared.value, *some)


def _moments(block: Any, span: tuple[int, int], y: Floats, root: Floats | None, center: bool) -> tuple[Floats, Floats]:
    return block_moments(block, range(*span), y, root, center)


def _reach(block: Any, span: tuple[int, int], Q: Floats, part: Question) -> tuple[Indices, Floats]:
    # what workers get may be read-only, or of another order
    part = part._replace(residuals=np.ascontiguousarray(Q))
    return part_reach(part, *span, lambda: block, lambda places: _some(block, places - span[0]))


def _take(block: Any, span: tuple[int, int], columns: Indices) -> NDArray[Any]:
    return _some(block, columns)


def _some(block: Any, columns: Indices) -> NDArray[Any]:
    """Columns of a block that `block_moments` has looked at."""
    return np.asarray(block)[:, columns]
