"""Rows and what belongs to them, in memory and in chunks of dask, for the tests of those."""

import pickle

import numpy as np
import pytest
from conftest import problem

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")

N, P = 600, 12
X, Y = problem(N, P, correlation=0.5, offset=2.0)
RNG = np.random.default_rng(0)
WEIGHT, LABEL = RNG.random(N), RNG.integers(0, 4, N)
NAMES = [f"x{j}" for j in range(P)]
FRAME = pd.DataFrame(X, columns=NAMES).assign(y=Y, weight=WEIGHT, label=LABEL)


def chunks(a, rows=70, columns=5):
    return da.from_array(a, chunks=(rows, columns)[: a.ndim])


def same_bits(one, other):
    return pickle.dumps(one._state()) == pickle.dumps(other._state())


def pieces(rows=70):
    return [(X[i : i + rows], Y[i : i + rows], WEIGHT[i : i + rows]) for i in range(0, N, rows)]


def close_columns(distance):
    rng = np.random.default_rng(1)
    data = np.asfortranarray(X + 5.0)
    data[:, 1] = data[:, 0] + distance * rng.standard_normal(N)
    data[:, 2] = data[:, 3] + distance * rng.standard_normal(N)
    return data, data[:, 0] + 2.0 * data[:, 1] + data[:, 2] - data[:, 5] + 0.1 * rng.standard_normal(N)


def broken(block, block_info=None):
    return (
        np.where(np.arange(len(block)) == 3, np.nan, block[:, 0])[:, None] if block_info[0]["chunk-location"][0] == 4 else block
    )
