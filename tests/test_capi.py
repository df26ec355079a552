"""The C functions: solvers in memory of the caller, judged by the conditions of optimality and by the gap of the numpy twin.

fastreg's kernel scaling is n times that of reference.py: l1 = n alpha l1_ratio, l2 = n alpha (1 - l1_ratio).
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import reference as ref
import scipy.sparse as sp
from conftest import away, factors, limits, problem, two_factors
from kkt import gap_rounding, kkt_violation

import fastreg as fr
from fastreg.capi import (
    FR_BAD_ARGUMENT,
    FR_CONVERGED,
    FR_DUAL_GAP,
    FR_INFO,
    FR_MAX_ITER,
    FR_N_COLUMNS,
    FR_N_ITER,
    FR_NO_ROOM,
    FR_NOT_CONVEX,
    FR_OBJECTIVE,
    FR_OUT_OF_RANGE,
    FR_PRECISION,
    FR_STATUS,
    FR_SUPPORT,
    FR_YTY,
    function,
)

SUFFIX = {np.dtype(np.float64): "f64", np.dtype(np.float32): "f32", np.dtype(np.int32): "i32", np.dtype(np.int64): "i64"}
GUARD = 0xA5

PENALTIES = {
    "plain": lambda p: {},
    "factors": lambda p: {"l1_factor": factors(p), "l2_factor": factors(p)},
    "two factors": lambda p: dict(zip(("l1_factor", "l2_factor"), two_factors(p), strict=True)),
    "bounds": limits,
    "bounds without 0": away,
    "positive": lambda p: {"lower": np.zeros(p)},
    "nothing is free": lambda p: {"lower": np.full(p, 0.1), "upper": np.full(p, 0.1)},
    "no column": lambda p: {"l1_factor": np.full(p, np.inf)},
}


class Answer(NamedTuple):
    status: int
    w: np.ndarray
    info: np.ndarray


class Workspace:
    """Memory of so many bytes at an odd address, full of NaN, between guards."""

    def __init__(self, size):
        assert size > 0
        self.bytes = np.full(size + 64, GUARD, np.uint8)
        self.inside = self.bytes[17 : 17 + size]
        self.inside[:] = 0xFF
        self.address = self.inside.ctypes.data

    def __enter__(self):
        return self.address

    def __exit__(self, *_):
        assert (self.bytes[:17] == GUARD).all()
        assert (self.bytes[17 + len(self.inside) :] == GUARD).all()


def at(array):
    """Where an array lies; NULL for None."""
    return None if array is None else array.ctypes.data


def penalty(l1, l2, l1_factor=None, l2_factor=None, lower=None, upper=None):
    """The six arguments, and what must be held on to."""
    arrays = [None if a is None else np.array(a, float) for a in (l1_factor, l2_factor, lower, upper)]
    v, u, low, high = (at(a) for a in arrays)
    return (l1, v, l2, u, low, high), arrays


def lasso_gram(Q, q, l1, l2=0.0, *, yty=np.nan, subset=None, w=None, atol=0.0, rtol=1e-8, max_iter=10_000, **options):
    """fr_lasso_gram, from w."""
    Q, q = np.ascontiguousarray(Q), np.ascontiguousarray(q)
    p, suffix = len(q), SUFFIX[Q.dtype]
    index = None if subset is None else np.array(subset, np.intp)
    m = 0 if index is None else len(index)
    w, info = np.zeros(p) if w is None else np.array(w, float), np.full(FR_INFO, -7.0)
    arguments, held = penalty(l1, l2, **options)
    before = [None if a is None else a.copy() for a in (Q, q, *held)]
    with Workspace(function(f"fr_lasso_gram_worksize_{suffix}")(p, m)) as work:
        status = function(f"fr_lasso_gram_{suffix}")(
            *(p, at(Q), p, at(index), m, at(q), yty, *arguments, at(w), atol, rtol, max_iter, work, at(info))
        )
    for a, b in zip((Q, q, *held), before, strict=True):
        assert a is None or np.array_equal(a, b, equal_nan=True)
    return Answer(status, w, info)


def lasso_columns(X, y, l1, l2=0.0, *, w=None, atol=0.0, rtol=1e-8, max_iter=10_000, most=0, **options):
    """fr_lasso or fr_lasso_csc, from w."""
    n, p = X.shape
    y = np.ascontiguousarray(y, X.dtype)
    w, info = np.zeros(p) if w is None else np.array(w, float), np.full(FR_INFO, -7.0)
    arguments, _held = penalty(l1, l2, **options)
    if sp.issparse(X):
        name = f"fr_lasso_csc_{SUFFIX[X.dtype]}_{SUFFIX[X.indices.dtype]}"
        data = at(X.data), at(X.indices), at(X.indptr)
    else:
        name = f"fr_lasso_{SUFFIX[X.dtype]}"
        data = X.ctypes.data, X.strides[0] // X.itemsize, X.strides[1] // X.itemsize
    with Workspace(function("fr_lasso_worksize")(n, p, most)) as work:
        status = function(name)(
            *(n, p, *data, at(y), *arguments, at(w), atol, rtol, max_iter, most, work, at(info)),
        )
    return Answer(status, w, info)


def ridge_columns(X, Y, l2, u=None):
    """fr_ridge for the rows of Y."""
    (n, p), t = X.shape, len(Y)
    Y, W, info = np.ascontiguousarray(Y, X.dtype), np.full((t, p + 2), np.nan), np.full((t, FR_INFO), -7.0)
    with Workspace(function("fr_ridge_worksize")(n, p)) as work:
        status = function(f"fr_ridge_{SUFFIX[X.dtype]}")(
            *(n, p, X.ctypes.data, X.strides[0] // X.itemsize, X.strides[1] // X.itemsize),
            *(t, at(Y), n, l2, at(u), at(W), p + 2, work, at(info)),
        )
    return Answer(status, W[:, :p], info)


def public(n, l1, l2, l1_factor=None, l2_factor=None, lower=None, upper=None):
    """The arguments of reference.py and kkt.py that mean the same."""
    total = (l1 + l2) / n
    ratio = l1 / (l1 + l2) if total > 0 else 1.0
    both = None if l1_factor is None and l2_factor is None else (l1_factor, l2_factor)
    return {"alpha": total, "l1_ratio": ratio, "penalty_factor": both, "lower": lower, "upper": upper, "fit_intercept": False}


def assert_solves(X, y, answer, l1, l2, *, rtol=1e-8, objective_is=0.0, **options):
    """A converged answer is optimal, and its objective and gap are what they claim; objective_is: what it leaves out."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    n = len(y)
    how = public(n, l1, l2, **options)
    assert answer.status == FR_CONVERGED
    assert kkt_violation(X, y, answer.w, 0.0, **how) <= 1e-4
    value = n * ref.objective(X, y, answer.w, 0.0, **how)
    claimed = answer.info[FR_OBJECTIVE] - objective_is
    assert claimed == pytest.approx(value, rel=1e-12, abs=1e-12 * (y @ y))
    gap = n * ref.duality_gap(X, y, answer.w, **how)
    assert answer.info[FR_DUAL_GAP] <= rtol * value
    assert gap <= answer.info[FR_DUAL_GAP] + n * gap_rounding(X, y, answer.w, **how) + 1e-13 * (y @ y)
    assert answer.info[FR_STATUS] == answer.status
    assert answer.info[FR_SUPPORT] == np.count_nonzero(answer.w)
    assert answer.info[FR_YTY] > 0
    assert answer.info[FR_N_ITER] >= 1 or not answer.w.any() or "lower" in options


# Quadratic form


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("shares", [(0.1, 0.0), (0.01, 0.0), (0.1, 0.05), (0.0, 0.5)], ids=["lasso", "small", "enet", "ridge"])
@pytest.mark.parametrize(("n", "p"), [(60, 12), (20, 40)])
def test_quadratic_form_solves_what_columns_would(n, p, shares, name):
    X, y = problem(n, p, correlation=0.7)
    Q, q, options = X.T @ X, X.T @ y, PENALTIES[name](p)
    l1, l2 = shares[0] * abs(q).max(), shares[1] * n
    for yty in (y @ y, 1.5 * (y @ y)):
        answer = lasso_gram(Q, q, l1, l2, yty=yty, **options)
        assert_solves(X, y, answer, l1, l2, objective_is=-(y @ y) / 2, **options)
        assert answer.info[FR_YTY] == yty
    found = lasso_gram(Q, q, l1, l2, **options)
    assert found.status == FR_CONVERGED
    assert found.info[FR_OBJECTIVE] == pytest.approx(answer.info[FR_OBJECTIVE], rel=1e-10, abs=1e-10 * (y @ y))
    if n > p:
        assert found.info[FR_YTY] == pytest.approx(q @ np.linalg.solve(Q, q), rel=1e-9) or "l1_factor" in options


@pytest.mark.parametrize("name", PENALTIES)
def test_float32_is_read_as_what_it_is(name):
    X, y = problem(60, 12, correlation=0.5)
    Q, q, options = (X.T @ X).astype(np.float32), (X.T @ y).astype(np.float32), PENALTIES[name](12)
    l1 = float(0.1 * abs(q).max())
    single = lasso_gram(Q, q, l1, 2.0, yty=y @ y, **options)
    double = lasso_gram(Q.astype(float), q.astype(float), l1, 2.0, yty=y @ y, **options)
    assert np.array_equal(single.w, double.w)
    assert np.array_equal(single.info, double.info)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("subset", [[], [3], [0, 2, 11], range(1, 12), [k for k in range(12) if k != 5], range(12)])
def test_a_subset_is_the_problem_of_its_columns(subset, dtype):
    X, y = problem(60, 12, correlation=0.5)
    Q, q = (X.T @ X).astype(dtype), (X.T @ y).astype(dtype)
    subset = list(subset)
    for name, make in PENALTIES.items():
        options = make(12)
        start = np.full(12, 7.0)
        answer = lasso_gram(Q, q, 3.0, 1.0, yty=y @ y, subset=subset, w=start, **options)
        rest = np.setdiff1d(np.arange(12), subset)
        assert (answer.w[rest] == 7.0).all(), name
        assert answer.info[FR_N_COLUMNS] == len(subset)
        if subset:
            small = {key: value[subset] for key, value in options.items()}
            whole = lasso_gram(
                Q[np.ix_(subset, subset)], q[subset], 3.0, 1.0, yty=y @ y, rtol=1e-12, w=np.full(len(subset), 7.0), **small
            )
            assert answer.status == FR_CONVERGED
            assert answer.info[FR_OBJECTIVE] == pytest.approx(whole.info[FR_OBJECTIVE], rel=1e-8, abs=1e-8 * (y @ y))


def test_a_subset_reads_nothing_of_the_other_columns_where_it_is_copied():
    X, y = problem(60, 12)
    Q, q = X.T @ X, X.T @ y
    poisoned, subset = np.full((12, 12), np.nan), [1, 4, 7]
    poisoned[np.ix_(subset, subset)] = Q[np.ix_(subset, subset)]
    q_poisoned = np.where(np.isin(np.arange(12), subset), q, np.nan)
    got = lasso_gram(poisoned, q_poisoned, 2.0, yty=y @ y, subset=subset)
    assert np.array_equal(got.w, lasso_gram(Q, q, 2.0, yty=y @ y, subset=subset).w)


def test_rows_of_q_may_be_far_apart():
    X, y = problem(60, 12)
    Q, q = X.T @ X, X.T @ y
    wide = np.full((12, 19), np.nan)
    wide[:, :12] = Q
    w, info = np.zeros(12), np.zeros(FR_INFO)
    arguments, _held = penalty(2.0, 0.0)
    with Workspace(function("fr_lasso_gram_worksize_f64")(12, 0)) as work:
        status = function("fr_lasso_gram_f64")(
            *(12, at(wide), 19, None, 0, at(q), y @ y, *arguments, at(w), 0.0, 1e-8, 1000, work, at(info))
        )
    assert status == FR_CONVERGED
    assert np.array_equal(w, lasso_gram(Q, q, 2.0, yty=y @ y).w)


def test_tolerances():
    X, y = problem(40, 30, correlation=0.9)
    Q, q = X.T @ X, X.T @ y
    yty, l1 = y @ y, 0.02 * abs(q).max()
    rough = lasso_gram(Q, q, l1, yty=yty, rtol=1e-2)
    fine = lasso_gram(Q, q, l1, yty=yty, rtol=1e-12)
    absolute = lasso_gram(Q, q, l1, yty=yty, rtol=0.0, atol=1e-3)
    assert [a.status for a in (rough, fine, absolute)] == [FR_CONVERGED] * 3
    assert absolute.info[FR_DUAL_GAP] <= 1e-3
    best = fine.info[FR_OBJECTIVE]
    for answer in (rough, fine, absolute):
        assert answer.info[FR_OBJECTIVE] - best <= answer.info[FR_DUAL_GAP] + 1e-12 * yty
    exact = lasso_gram(Q, q, l1, yty=yty, rtol=0.0)
    assert exact.status == FR_PRECISION
    assert exact.info[FR_DUAL_GAP] >= 64 * np.finfo(float).eps * yty
    short = lasso_gram(Q, q, l1, yty=yty, rtol=1e-12, max_iter=1)
    assert short.status == FR_MAX_ITER
    assert short.info[FR_N_ITER] == 1
    assert short.info[FR_DUAL_GAP] >= short.info[FR_OBJECTIVE] - best - 1e-12 * yty


def test_a_warm_start_saves_iterations_and_a_bad_one_costs_nothing():
    X, y = problem(60, 40, correlation=0.8)
    Q, q = X.T @ X, X.T @ y
    l1 = 0.05 * abs(q).max()
    cold = lasso_gram(Q, q, l1, yty=y @ y)
    warm = lasso_gram(Q, q, l1, yty=y @ y, w=cold.w)
    assert warm.info[FR_N_ITER] <= 2 < cold.info[FR_N_ITER]
    for start in (1e9 * np.ones(40), -1e200 * np.ones(40)):
        lost = lasso_gram(Q, q, l1, yty=y @ y, w=start)
        assert lost.status == FR_CONVERGED
        assert lost.info[FR_N_ITER] <= 2 * cold.info[FR_N_ITER] + 4
        assert np.allclose(lost.w, cold.w, rtol=0, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_path_is_its_problems_one_after_another(dtype):
    X, y = problem(50, 30, correlation=0.8)
    Q, q = (X.T @ X).astype(dtype), (X.T @ y).astype(dtype)
    l1 = np.ascontiguousarray(float(abs(q).max()) * np.geomspace(1.0, 0.01, 20))
    l2 = np.ascontiguousarray(l1 / 10)
    W, info = np.full((20, 33), np.nan), np.zeros((20, FR_INFO))
    W[0, :30] = 0.0
    (_, v, _, u, low, high), _held = penalty(0.0, 0.0, **limits(30))
    suffix = SUFFIX[np.dtype(dtype)]
    with Workspace(function(f"fr_lasso_gram_worksize_{suffix}")(30, 0)) as work:
        status = function(f"fr_lasso_gram_path_{suffix}")(
            *(30, at(Q), 30, None, 0, at(q), y @ y, 20, at(l1), v, at(l2), u, low, high),
            *(at(W), 33, 0.0, 1e-10, 10_000, work, at(info)),
        )
    assert status == FR_CONVERGED
    assert np.isnan(W[:, 30:]).all()
    assert (info[:, FR_STATUS] == FR_CONVERGED).all()
    for k in range(20):
        one = lasso_gram(Q, q, l1[k], l2[k], yty=y @ y, rtol=1e-10, **limits(30))
        assert info[k, FR_OBJECTIVE] == pytest.approx(one.info[FR_OBJECTIVE], rel=1e-9, abs=1e-9 * (y @ y))
    assert info[:, FR_N_ITER].sum() < 20 * lasso_gram(Q, q, l1[-1], l2[-1], yty=y @ y, **limits(30)).info[FR_N_ITER]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_batch_is_its_problems(dtype, shared):
    b, p = 7, 9
    X = np.random.default_rng(0).standard_normal((b, 20, p))
    X = X[:1] if shared else X
    y = np.random.default_rng(1).standard_normal((b, 20))
    Q = np.ascontiguousarray(np.swapaxes(X, 1, 2) @ X, dtype)
    q = np.ascontiguousarray((np.swapaxes(X, 1, 2) @ y[:, :, None])[:, :, 0], dtype)
    yty, l1, l2 = (y * y).sum(1), np.linspace(0.0, 5.0, b), np.linspace(0.0, 1.0, b)
    W, info = np.zeros((b, p)), np.zeros((b, FR_INFO))
    suffix = SUFFIX[np.dtype(dtype)]
    with Workspace(function(f"fr_lasso_gram_worksize_{suffix}")(p, 0)) as work:
        status = function(f"fr_lasso_gram_batch_{suffix}")(
            *(b, p, at(Q), p, 0 if shared else p * p, at(q), at(yty), at(l1), None, at(l2), None, None, None),
            *(at(W), 0.0, 1e-8, 1000, work, at(info)),
        )
    assert status == FR_CONVERGED
    for i in range(b):
        one = lasso_gram(Q[0 if shared else i], q[i], l1[i], l2[i], yty=yty[i])
        assert np.array_equal(W[i], one.w)
        assert np.array_equal(info[i], one.info)


def test_a_problem_of_a_batch_without_an_answer_leaves_the_others_theirs():
    Q = np.stack([np.eye(3), np.diag([1.0, -1.0, 1.0]), np.eye(3)])
    q, l1 = np.ones((3, 3)), np.full(3, 0.25)
    W, info = np.full((3, 3), 9.0), np.zeros((3, FR_INFO))
    with Workspace(function("fr_lasso_gram_worksize_f64")(3, 0)) as work:
        status = function("fr_lasso_gram_batch_f64")(
            *(3, 3, at(Q), 3, 9, at(q), None, at(l1), None, None, None, None, None, at(W), 0.0, 1e-8, 100, work, at(info))
        )
    assert status == FR_NOT_CONVEX
    assert info[:, FR_STATUS].tolist() == [FR_CONVERGED, FR_NOT_CONVEX, FR_CONVERGED]
    assert W.tolist() == [[0.75] * 3, [9.0] * 3, [0.75] * 3]
    assert np.isnan(info[1, [FR_OBJECTIVE, FR_DUAL_GAP]]).all()


def deficient(seed, n, p, rank):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, p))
    X[:, p // 2] = X[:, 0]
    return X, rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", PENALTIES)
def test_a_deficient_matrix_is_solved_and_not_called_indefinite(seed, name):
    X, y = deficient(seed, 30, 40, 1 + seed)
    Q, q = X.T @ X, X.T @ y
    l1, options = 0.05 * abs(q).max(), PENALTIES[name](40)
    found = lasso_gram(Q, q, l1, rtol=1e-6, **options)
    assert found.status in (FR_CONVERGED, FR_PRECISION)  # what is not penalised may fit exactly
    given = lasso_gram(Q, q, l1, yty=y @ y, rtol=1e-10, **options)
    assert found.info[FR_OBJECTIVE] - given.info[FR_OBJECTIVE] <= found.info[FR_DUAL_GAP] + 1e-10 * (y @ y)


@pytest.mark.parametrize("p", [2, 10, 100])
@pytest.mark.parametrize("kind", ["negative", "hidden", "saddle", "zero diagonal", "deficient"])
def test_a_negative_eigenvalue_is_found_where_yty_is_not_given(kind, p):
    rng = np.random.default_rng(p)
    X = rng.standard_normal((2 * p, p))
    Q = X.T @ X
    if kind == "negative":
        Q[p - 1, p - 1] = -1.0
    if kind == "hidden":  # every diagonal entry is positive
        values, vectors = np.linalg.eigh(Q)
        Q -= 1.001 * values[0] * np.outer(vectors[:, 0], vectors[:, 0])
    if kind == "saddle":
        Q[0] = Q[:, 0] = 0.0
        Q[0, 1] = Q[1, 0] = 1.0
    if kind == "zero diagonal":
        Q[0, 0] = 0.0
    if kind == "deficient":
        Z = X[: p // 2 + 1, :]
        Q = Z.T @ Z
        Q[0, p - 1] = Q[p - 1, 0] = Q[0, p - 1] + 1.0 + abs(Q[0, 0]) + abs(Q[p - 1, p - 1])
    assert np.linalg.eigvalsh(Q)[0] < 0
    answer = lasso_gram(Q, np.ones(p), 0.5)
    assert answer.status == FR_NOT_CONVEX
    assert not answer.w.any()


def test_q_out_of_range_needs_a_penalty_or_bounds():
    Q, q = np.ones((2, 2)), np.array([1.0, 0.5])
    assert lasso_gram(Q, q, 0.1).status == FR_OUT_OF_RANGE
    assert lasso_gram(Q, q, 0.1, 0.5).status == FR_CONVERGED
    boxed = lasso_gram(Q, q, 0.1, lower=[-3.0, -3.0], upper=[3.0, 3.0])
    assert boxed.status == FR_CONVERGED
    grid = np.linspace(-3.0, 3.0, 601)
    a, b = np.meshgrid(grid, grid)
    best = (0.5 * (a + b) ** 2 - a - 0.5 * b + 0.1 * abs(a) + 0.1 * abs(b)).min()
    assert boxed.info[FR_OBJECTIVE] == pytest.approx(best, abs=1e-4)
    assert lasso_gram(np.zeros((2, 2)), q, 0.7).status == FR_OUT_OF_RANGE
    closed = lasso_gram(np.zeros((2, 2)), q, 0.7, lower=[-1.0, -1.0], upper=[2.0, 2.0])
    assert closed.status == FR_CONVERGED
    assert closed.w.tolist() == [2.0, 0.0]


def test_columns_without_a_diagonal_entry():
    Q, q = np.diag([2.0, 0.0, 0.0]), np.array([3.0, 0.0, 4.0])
    answer = lasso_gram(Q, q, 1.0, 0.5, lower=[-9.0, 1.0, -9.0])
    assert answer.status == FR_CONVERGED
    assert answer.w == pytest.approx([0.8, 1.0, 6.0])
    path = [lasso_gram(Q, q, 1.0, 0.5, yty=99.0, l2_factor=[1.0, 1.0, 0.0], upper=[9.0, 9.0, top]).w[2] for top in (5.0, 7.0)]
    assert path == [5.0, 7.0]


NO_NUMBERS = [np.nan, np.inf, -np.inf]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"q": [value, 1.0]} for value in NO_NUMBERS),
        *({"Q": [[value, 0.0], [0.0, 1.0]]} for value in (np.nan, np.inf)),
        {"Q": [[1.0, np.nan], [np.nan, 1.0]]},
        *({"Q": [[1.0, value], [value, 1.0]], "yty": 9.0} for value in NO_NUMBERS),
        {"Q": [[1.0, np.nan], [0.0, 1.0]], "yty": 9.0},
        {"max_iter": -1},
        *({"l1": value} for value in (*NO_NUMBERS, -1.0)),
        *({"l2": value} for value in (*NO_NUMBERS, -1.0)),
        *({"atol": value} for value in (np.nan, -1.0)),
        *({"rtol": value} for value in (np.nan, -1.0)),
        *({"l1_factor": [value, 1.0]} for value in (np.nan, -1.0, -np.inf)),
        *({"l2_factor": [value, 1.0]} for value in (np.nan, -1.0, -np.inf)),
        *({"lower": [value, -1.0]} for value in (np.nan, np.inf)),
        *({"upper": [value, 1.0]} for value in (np.nan, -np.inf)),
        {"lower": [1.0, 0.0], "upper": [0.0, 1.0]},
        {"lower": [1.0, 0.0], "l1_factor": [np.inf, 1.0]},
        {"upper": [-1.0, 0.0], "l2_factor": [np.inf, 1.0]},
        *({"w": [value, 0.0]} for value in NO_NUMBERS),
        *({"yty": value} for value in (-1.0, np.inf, -np.inf)),
        {"yty": 0.01},
        *({"subset": value} for value in ([1, 0], [0, 0], [-1], [2], [0, 1, 1])),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(wrong):
    call = {"Q": np.eye(2), "q": np.ones(2), "l1": 0.1, **wrong}
    Q, q, l1 = np.array(call.pop("Q"), float), np.array(call.pop("q"), float), call.pop("l1")
    call.setdefault("w", np.full(2, 0.25))
    subset = call.get("subset")
    if subset is not None and len(subset) > 2:
        assert function("fr_lasso_gram_worksize_f64")(2, 3) == -1
        return
    answer = lasso_gram(Q, q, l1, **call)
    assert answer.status == FR_BAD_ARGUMENT
    assert np.array_equal(answer.w, call["w"], equal_nan=True)
    assert answer.info[FR_STATUS] == FR_BAD_ARGUMENT
    assert np.isnan(answer.info[[FR_OBJECTIVE, FR_DUAL_GAP]]).all()


def test_sizes_that_cannot_be():
    sizes = function("fr_lasso_gram_worksize_f64")
    assert sizes(-1, 0) == sizes(3, 4) == sizes(3, -1) == sizes(1 << 60, 0) == -1
    assert sizes(0, 0) > 0
    assert 4 * 1000**2 < sizes(1000, 0) < 4.5 * 1000**2
    assert sizes(1000, 10) < 1e5
    assert function("fr_lasso_gram_worksize_f32")(1000, 0) > 12 * 1000**2
    columns = function("fr_lasso_worksize")
    assert columns(-1, 3, 0) == columns(3, -1, 0) == columns(3, 3, -1) == columns(1 << 40, 3, 0) == -1
    assert columns(100, 100_000, 0) < 1e7
    assert function("fr_ridge_worksize")(-1, 1) == function("fr_ridge_gram_worksize_f64")(-1) == -1


def arguments_of(name):
    """Arguments of a C function by name: those of a small problem, arrays and all."""
    declared = re.search(rf"cdef \w+ {name}\(([^)]*)\)", (Path(fr.capi.__file__).parent / "kernels" / "capi.pxd").read_text())
    single = "_f32" in name
    X, y = problem(20, 6)
    A = sp.csc_array(X.astype(np.float32 if single else np.float64))
    index = np.int64 if name.endswith("i64") else np.int32
    data = np.float32 if single else np.float64
    arrays = {
        "X": X.astype(data), "y": y.astype(data), "Y": y.astype(data), "data": A.data, "indices": A.indices.astype(index),
        "indptr": A.indptr.astype(index), "Q": (X.T @ X).astype(data), "q": (X.T @ y).astype(data), "B": (X.T @ y).astype(data),
        "w": np.zeros(6), "W": np.zeros(6), "info": np.zeros(FR_INFO), "work": np.zeros(50_000), "yty": np.array([y @ y]),
        "l1": np.ones(1), "l2": np.ones(1),
    }  # fmt: skip
    numbers = {
        "n": 20, "p": 6, "ldq": 6, "m": 0, "K": 1, "b": 1, "t": 1, "most": 0, "ldw": 6, "ldb": 6, "ldy": 20, "stride_Q": 36,
        "row_stride": 1, "col_stride": 20, "max_iter": 1000, "l1": 1.0, "l2": 1.0, "yty": y @ y, "atol": 0.0, "rtol": 1e-8,
    }  # fmt: skip
    found = {}
    for declaration in re.split(r",\s*", declared[1]):
        key = declaration.split()[-1].lstrip("*")
        found[key] = arrays.get(key) if "*" in declaration else numbers[key]
    found.setdefault("held", arrays)
    return found


CALLS = sorted(
    name
    for name in fr.capi.names()
    if name.endswith(("_f64", "_f32", "_i32", "_i64")) and function(name).restype is ctypes.c_int
)
MAY_BE_NULL = {"subset", "l1_factor", "l2_factor", "lower", "upper", "held"}


def call(name, changed):
    found = arguments_of(name) | changed
    held = found.pop("held")
    status = function(name)(*(at(a) if isinstance(a, np.ndarray) else a for a in found.values()))
    return status, held


@pytest.mark.parametrize("name", CALLS)
def test_null_where_an_array_is_needed_is_refused(name):
    assert call(name, {})[0] == FR_CONVERGED
    arrays = [key for key, value in arguments_of(name).items() if isinstance(value, np.ndarray) and key not in MAY_BE_NULL]
    assert {"info", "work"} <= set(arrays)
    for key in arrays:
        allowed = (key == "l2" and "l1" in arrays) or (key == "yty" and "batch" in name)
        status, held = call(name, {key: None})
        assert status == (FR_CONVERGED if allowed else FR_BAD_ARGUMENT), key
        if not allowed and key != "info":
            assert held["info"][FR_STATUS] == FR_BAD_ARGUMENT


@pytest.mark.parametrize("name", CALLS)
def test_sizes_that_do_not_fit_are_refused(name):
    sizes = {
        **{"n": [-1, 1 << 40], "p": [-1, 1 << 40], "m": [-1, 1, 7], "most": [-1], "K": [-1], "b": [-1], "t": [-1]},
        **{"ldq": [5, -6], "ldw": [5, -6], "ldb": [5], "ldy": [19]},
    }
    for key in sizes.keys() & arguments_of(name).keys():
        for value in sizes[key]:
            more = (
                {"K": 2, "l1": np.ones(2), "l2": np.ones(2), "info": np.zeros(2 * FR_INFO)}
                if key == "ldw" and "path" in name
                else {}
            )
            assert call(name, {key: value, **more})[0] == FR_BAD_ARGUMENT, (key, value)


@pytest.mark.parametrize("suffix", ["f64", "f32"])
def test_a_path_without_an_answer_goes_no_further_and_says_so_of_each(suffix):
    dtype = np.float64 if suffix == "f64" else np.float32
    Q, q = np.eye(3, dtype=dtype), np.ones(3, dtype)
    for l1, expected in (
        ([0.75, np.nan, 0.25], [FR_CONVERGED, FR_BAD_ARGUMENT, FR_BAD_ARGUMENT]),
        ([-1.0, 0.5, 0.25], [FR_BAD_ARGUMENT] * 3),
    ):
        W, info = np.full((3, 3), 9.0), np.full((3, FR_INFO), -7.0)
        W[0] = 0.0
        changed = {"Q": Q, "q": q, "p": 3, "ldq": 3, "K": 3, "l1": np.array(l1), "l2": None, "W": W, "ldw": 3, "info": info}
        status, _ = call(f"fr_lasso_gram_path_{suffix}", changed | {"yty": 3.0})
        assert status == FR_BAD_ARGUMENT
        assert info[:, FR_STATUS].tolist() == expected
        assert (W[1:] == 9.0).all()


@pytest.mark.parametrize("size", [0, 3])
@pytest.mark.parametrize("name", [name for name in CALLS if "path" in name or "batch" in name or "ridge" in name])
def test_what_is_refused_is_told_of_every_problem_and_of_no_other(name, size):
    fault = {"l2": -1.0} if "ridge" in name else ({"p": -1} if "batch" in name else {"yty": -1.0})
    more = {} if "ridge" in name else {"l1": np.ones(3), "l2": np.ones(3)}
    count = {key: size for key in ("K", "b", "t") if key in arguments_of(name)}
    info = np.full((size + 1, FR_INFO), -7.0)
    status, _ = call(name, count | more | {"info": info} | fault)
    assert status == FR_BAD_ARGUMENT
    assert (info[:size, FR_STATUS] == FR_BAD_ARGUMENT).all()
    assert (info[size] == -7.0).all()


@pytest.mark.parametrize("seed", range(200))
def test_near_the_ends_of_float64_an_answer_has_a_gap_or_there_is_none(seed):
    rng = np.random.default_rng(seed)
    n, p = rng.integers(1, 6, 2)
    X = rng.standard_normal((n, p)) * 10.0 ** rng.choice([0, -80, 80, -150, 150, 130, 145], p)
    y = rng.standard_normal(n) * 10.0 ** rng.choice([0, -150, 150, -300, 300, 100])
    with np.errstate(all="ignore"):
        Q, q, yty = X.T @ X, X.T @ y, y @ y
    for l1 in (1e-320, 1e-150, 1.0, 1e150, 1e300):
        answers = [lasso_gram(Q, q, l1, yty=size, max_iter=200) for size in (np.nan, yty, 0.0, 1e-320, 1e308)]
        for answer in [*answers, lasso_columns(X, y, l1, max_iter=200)]:
            if answer.status >= 0:
                assert np.isfinite(answer.w).all()
                assert np.isfinite(answer.info[FR_OBJECTIVE])
                assert answer.info[FR_DUAL_GAP] >= 0.0
                assert np.isfinite(answer.info[FR_DUAL_GAP]) or answer.status != FR_CONVERGED


def test_no_columns_at_all():
    answer = lasso_gram(np.zeros((0, 0)), np.zeros(0), 1.0)
    assert answer.status == FR_CONVERGED
    assert answer.info[FR_OBJECTIVE] == 0.0
    assert lasso_columns(np.zeros((3, 0)), np.ones(3), 1.0).status == FR_CONVERGED


# Columns

LAYOUTS = {
    "F": np.asfortranarray,
    "C": np.ascontiguousarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
    "csc": sp.csc_array,
    "csc int64": lambda X: with_wide_indices(sp.csc_array(X)),
}


def with_wide_indices(A):
    A.indices, A.indptr = A.indices.astype(np.int64), A.indptr.astype(np.int64)
    return A


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize(("n", "p"), [(60, 12), (20, 120)])
def test_columns_are_solved_in_every_layout(n, p, name, layout, dtype):
    X, y = problem(n, p, correlation=0.7)
    X, y, options = X.astype(dtype), y.astype(dtype), PENALTIES[name](p)
    X[:, 7] = 0.0
    X[::2, 9] = 0.0
    for l1, l2 in ((0.3, 0.0), (0.02, 0.0), (0.1, 0.3)):
        l1 = float(l1 * abs(X.T @ y).max())
        answer = lasso_columns(LAYOUTS[layout](X), y, l1, l2 * n, rtol=1e-7, most=p, **options)
        assert_solves(X, y, answer, l1, l2 * n, rtol=1e-7, **options)


@pytest.mark.parametrize("p", [8, 80])
@pytest.mark.parametrize("kind", ["left out", "orthogonal", "all left out"])
def test_columns_that_are_far_larger_end_nothing_and_hold_nothing_up(kind, p):
    """The rounding of their gradients is far above l1, and none of them joins."""
    X, y = problem(30, p)
    options = {}
    if kind == "orthogonal":
        X[:, 0], X[0], y[0] = 0.0, 0.0, 0.0
        X[0, 0] = 1e20
    else:
        X[:, 0] *= 1e20
        options["l1_factor"] = np.where(np.arange(p) == 0, np.inf, 1.0)
        if kind == "all left out":
            options["l1_factor"][:] = np.inf
    for share in (1.1, 0.5):
        l1 = share * abs(X[:, 1:].T @ y).max()
        assert_solves(X, y, lasso_columns(X, y, l1, **options), l1, 0.0, **options)


def test_columns_take_as_few_readings_as_their_working_sets():
    X, y = problem(100, 2000, correlation=0.5)
    answer = lasso_columns(X, y, 0.2 * abs(X.T @ y).max())
    assert answer.status == FR_CONVERGED
    assert answer.info[FR_SUPPORT] <= answer.info[FR_N_COLUMNS] <= 200


def test_the_room_that_is_there_by_default_is_enough_for_the_lasso():
    X, y = problem(40, 1000, correlation=0.9)
    for share in (0.3, 0.03, 0.003):
        answer = lasso_columns(X, y, share * abs(X.T @ y).max(), rtol=1e-6)
        assert answer.status == FR_CONVERGED
        assert answer.info[FR_N_COLUMNS] <= 2 * 40 + 64


@pytest.mark.parametrize("most", [1, 3, 10, 30])
def test_too_little_room_is_said_and_what_was_reached_has_a_gap(most):
    X, y = problem(40, 100, correlation=0.3)
    l1 = 0.05 * abs(X.T @ y).max()
    best = lasso_columns(X, y, l1, 1.0, most=100, rtol=1e-12)
    answer = lasso_columns(X, y, l1, 1.0, most=most)
    assert best.info[FR_SUPPORT] > 30
    assert answer.status == FR_NO_ROOM
    assert answer.info[FR_N_COLUMNS] <= most
    assert answer.info[FR_OBJECTIVE] - best.info[FR_OBJECTIVE] <= answer.info[FR_DUAL_GAP]
    how = public(40, l1, 1.0)
    assert answer.info[FR_OBJECTIVE] == pytest.approx(40 * ref.objective(X, y, answer.w, 0.0, **how))


def test_a_column_start_and_a_loose_tolerance():
    X, y = problem(50, 300, correlation=0.8)
    l1 = 0.1 * abs(X.T @ y).max()
    cold = lasso_columns(X, y, l1)
    warm = lasso_columns(X, y, l1, w=cold.w)
    assert warm.info[FR_N_ITER] <= 2 < cold.info[FR_N_ITER]
    assert lasso_columns(X, y, l1, w=np.full(300, 1e100), most=300).status == FR_CONVERGED
    rough = lasso_columns(X, y, l1, rtol=0.1)
    assert rough.status == FR_CONVERGED
    assert rough.info[FR_DUAL_GAP] <= 0.1 * rough.info[FR_OBJECTIVE]
    assert rough.info[FR_N_ITER] <= cold.info[FR_N_ITER]
    assert lasso_columns(X, y, l1, rtol=1e-12, max_iter=1).status == FR_MAX_ITER


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("where", ["X", "y", "w", "csc"])
def test_columns_of_no_numbers_are_refused(where, value):
    X, y = problem(20, 8)
    w = np.zeros(8)
    if where in ("X", "csc"):
        X[3, 4] = value
    if where == "y":
        y[5] = value
    if where == "w":
        w[2] = value
    assert lasso_columns(sp.csc_array(X) if where == "csc" else X, y, 1.0, w=w).status == FR_BAD_ARGUMENT


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_columns_whose_squares_leave_the_range_are_refused(size):
    X, y = problem(20, 8)
    assert lasso_columns(X * size, y, 1.0).status == FR_BAD_ARGUMENT
    assert lasso_columns(sp.csc_array(X * size), y, 1.0).status == FR_BAD_ARGUMENT


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("fault", ["row", "negative", "order", "twice", "start", "pointer", "end"])
def test_compressed_columns_are_looked_at(fault, wide):
    X, y = problem(20, 8)
    A = sp.csc_array(X)
    if wide:
        with_wide_indices(A)
    rows, starts = A.indices, A.indptr
    if fault == "row":
        rows[19] = 20
    if fault == "negative":
        rows[0] = -1
    if fault == "order":
        rows[3], rows[4] = rows[4], rows[3]
    if fault == "twice":
        rows[4] = rows[3]
    if fault == "start":
        starts[0] = 1
    if fault == "pointer":
        starts[3] = starts[4] + 1
    if fault == "end":
        starts[8] = -5
    assert lasso_columns(A, y, 1.0).status == FR_BAD_ARGUMENT


@pytest.mark.parametrize("most", [0, 1, 30, 300])
def test_a_dense_start_is_cut_to_the_room_there_is(most):
    X, y = problem(20, 300, correlation=0.5)
    l1 = 0.5 * abs(X.T @ y).max()
    cold = lasso_columns(X, y, l1, most=most)
    dense = lasso_columns(X, y, l1, w=np.ones(300), most=most)
    assert dense.status == cold.status
    assert (most == 1) == (cold.status == FR_NO_ROOM)
    assert dense.info[FR_OBJECTIVE] == pytest.approx(cold.info[FR_OBJECTIVE], rel=1e-6 if most != 1 else 0.5)


def test_where_there_is_no_room_to_begin_the_start_is_left():
    X, y = problem(20, 300)
    start = np.full(300, 0.5)
    answer = lasso_columns(X, y, 0.0, w=start)
    assert answer.status == FR_NO_ROOM
    assert answer.info[FR_DUAL_GAP] == np.inf
    assert np.array_equal(answer.w, start)


# Ridge


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if not name.startswith("csc")])
@pytest.mark.parametrize(("n", "p"), [(1, 1), (60, 12), (600, 100), (12, 60), (100, 600)])
def test_ridge_is_the_solution_of_its_equations(n, p, layout, dtype):
    X, y = problem(n, p, correlation=0.6, support=min(5, p))
    X, Y = X.astype(dtype), np.stack([y, y[::-1], 0 * y]).astype(dtype)
    u = np.linspace(0.5, 2.0, p)
    u[p // 2] = np.inf if p > 1 else 1.0
    for l2, factor in ((3.0, None), (1e-3, u)):
        answer = ridge_columns(LAYOUTS[layout](X), Y, l2, factor)
        assert answer.status == FR_CONVERGED
        A, B = X.astype(float), Y.astype(float)
        kept = np.ones(p, bool) if factor is None else np.isfinite(factor)
        penalties = np.full(p, l2) if factor is None else l2 * factor
        expected = np.zeros((3, p))
        rows = np.vstack([A[:, kept], np.diag(np.sqrt(penalties[kept]))])
        expected[:, kept] = np.linalg.lstsq(rows, np.hstack([B, np.zeros((3, kept.sum()))]).T)[0].T
        assert np.allclose(answer.w, expected, rtol=1e-7, atol=1e-9 * abs(expected).max())
        value = [
            ((b - A @ w) ** 2).sum() / 2 + (penalties[kept] * w[kept] ** 2).sum() / 2 for b, w in zip(B, answer.w, strict=True)
        ]
        assert answer.info[:, FR_OBJECTIVE] == pytest.approx(value)
        assert (answer.info[:, FR_DUAL_GAP] <= 1e-12 * (B * B).sum(1) + 0.0).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ridge_in_quadratic_form(dtype):
    X, y = problem(60, 12, correlation=0.6)
    Q = np.full((12, 15), np.nan, dtype)
    Q[:, :12] = X.T @ X
    B = np.stack([X.T @ y, np.arange(12.0)]).astype(dtype)
    W, info, u = np.zeros((2, 12)), np.zeros((2, FR_INFO)), np.linspace(0.0, 2.0, 12)
    u[4] = np.inf
    suffix = SUFFIX[np.dtype(dtype)]
    with Workspace(function(f"fr_ridge_gram_worksize_{suffix}")(12)) as work:
        status = function(f"fr_ridge_gram_{suffix}")(12, at(Q), 15, 2, at(B), 12, 3.0, at(u), at(W), 12, work, at(info))
    assert status == FR_CONVERGED
    kept = np.isfinite(u)
    A = Q[:, :12].astype(float)[np.ix_(kept, kept)] + np.diag(3.0 * u[kept])
    assert np.allclose(W[:, kept], np.linalg.solve(A, B[:, kept].astype(float).T).T)
    assert (W[:, 4] == 0).all()
    objective = [0.5 * w @ A @ w - b @ w for w, b in zip(W[:, kept], B[:, kept].astype(float), strict=True)]
    assert info[:, FR_OBJECTIVE] == pytest.approx(objective)


def test_ridge_without_a_factor_says_so():
    X, y = problem(20, 8)
    X[:, 3] = X[:, 2]
    assert ridge_columns(X, y[None], 0.0).status == FR_NOT_CONVEX
    assert ridge_columns(X, y[None], 1e-3).status == FR_CONVERGED
    assert ridge_columns(problem(8, 20)[0], y[None, :8], 0.0).status == FR_BAD_ARGUMENT
    for l2 in (-1.0, np.nan, np.inf):
        assert ridge_columns(X, y[None], l2).status == FR_BAD_ARGUMENT
    assert ridge_columns(X, y[None], 1.0, np.full(8, -1.0)).status == FR_BAD_ARGUMENT
    assert ridge_columns(X, np.full((1, 20), np.nan), 1.0).status == FR_BAD_ARGUMENT
    X[3, 4] = np.nan
    assert ridge_columns(X, y[None], 1.0).status == FR_BAD_ARGUMENT


# Proximal maps of numbers

MAPS = {
    "soft_threshold": ((0.7,), lambda z, x, t: t * abs(z)),
    "soft_threshold_positive": ((0.7,), lambda z, x, t: np.where(z >= 0, t * z, np.inf)),
    "prox_squared_l2": ((0.7,), lambda z, x, l2: l2 / 2 * z * z),
    "prox_elastic_net": ((0.7, 0.4), lambda z, x, l1, l2: l1 * abs(z) + l2 / 2 * z * z),
    "prox_box": ((-0.5, 1.25), lambda z, x, low, high: np.where((z >= low) & (z <= high), 0.0, np.inf)),
    "prox_l0": ((0.7,), lambda z, x, t: t * (z != 0)),
}


@pytest.mark.parametrize("suffix", ["f64", "f32"])
@pytest.mark.parametrize("name", MAPS)
def test_a_map_of_a_number_beats_a_grid(name, suffix):
    parameters, penalty_of = MAPS[name]
    f = function(f"fr_{name}_{suffix}")
    grid = np.linspace(-4.0, 4.0, 8001)
    for x in np.linspace(-3.0, 3.0, 49):
        z = np.append(grid, f(x, *parameters))
        values = 0.5 * (z - x) ** 2 + penalty_of(z, x, *parameters)
        near = 0.5 * (np.float64(z[-1]) - x) ** 2 + penalty_of(np.round(z[-1], 6), x, *parameters)
        assert min(values[-1], near) <= values[:-1].min() + 1e-6
    assert np.isnan(f(np.nan, *parameters))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_l0_compares_exactly_where_squares_leave_the_range(dtype):
    """the sets are those of fastreg.prox.l0, and of fractions"""
    f, info = function(f"fr_prox_l0_{SUFFIX[np.dtype(dtype)]}"), np.finfo(dtype)
    x = np.array([0.0, info.smallest_subnormal, info.tiny, 1e-30, 1e-20, 1.0, 1e20, 1e30, info.max], dtype)
    x = np.concatenate([x, np.sqrt(x * dtype(0.1)), np.nextafter(x, dtype(0))])
    for t in np.concatenate([x, x[x < np.sqrt(info.max)] ** 2 / 2]):
        kept = [Fraction(float(v)) ** 2 > 2 * Fraction(float(t)) for v in x]
        rounded = np.array([abs(Fraction(float(v)) ** 2 - 2 * Fraction(float(t))) <= 2 * Fraction(float(t)) / 2**50 for v in x])
        for z in (np.array([f(v, t) for v in x]), fr.prox.l0(x, float(t)), fr.prox.l0(x, np.full_like(x, t))):
            assert ((z == np.where(kept, x, 0)) | rounded).all()
        np.testing.assert_array_equal([f(-v, t) for v in x], fr.prox.l0(-x, float(t)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_array_is_thresholded_in_place_or_not(dtype):
    x = np.linspace(-3.0, 3.0, 101).astype(dtype)
    out = np.empty_like(x)
    f = function(f"fr_soft_threshold_array_{SUFFIX[np.dtype(dtype)]}")
    f(len(x), at(x), 0.5, at(out))
    assert np.array_equal(out, fr.soft_threshold(x, 0.5))
    f(len(x), at(x), 0.5, at(x))
    assert np.array_equal(out, x)


# Memory and threads

COUNTER = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
static long count;
long allocations(void) { return count; }
void *malloc(size_t n) {
    static void *(*next)(size_t);
    if (!next) next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    count++;
    return next(n);
}
void *realloc(void *p, size_t n) {
    static void *(*next)(void *, size_t);
    if (!next) next = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    count++;
    return next(p, n);
}
"""

COUNTED = """
import ctypes, sys
import numpy as np
sys.path.insert(0, {tests!r})
import test_capi as t
allocations = ctypes.CDLL(None).allocations
allocations.restype = ctypes.c_long
most, calls, plain = 0, 0, t.function
def function(name):
    f = plain(name)
    def call(*arguments):
        global most, calls
        before = allocations()
        result = f(*arguments)
        most, calls = max(most, allocations() - before), calls + 1
        return result
    return call
before = allocations()
np.empty(10_000_000)
assert allocations() > before
t.function = function
for n, p in ((60, 12), (20, 300), (300, 200)):
    X, y = t.problem(n, p, correlation=0.8)
    X[:, 1] = X[:, 0]
    for share in (0.5, 0.01):
        l1 = share * abs(X.T @ y).max()
        for Z in (X, X.astype(np.float32)):
            t.lasso_gram(Z.T @ Z, Z.T @ y.astype(Z.dtype), l1)
            t.lasso_gram(Z.T @ Z, Z.T @ y.astype(Z.dtype), l1, 1.0, subset=range(5), **t.limits(p))
            for layout in t.LAYOUTS.values():
                t.lasso_columns(layout(Z), y, l1, **t.away(p))
                t.lasso_columns(layout(Z), y, l1, 1.0)
        t.ridge_columns(X, y[None], 1.0)
print(calls, most)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux") or shutil.which("gcc") is None, reason="counts by gcc on Linux")
@pytest.mark.skipif("LD_PRELOAD" in os.environ, reason="somebody else's allocator is preloaded")
def test_no_call_allocates(tmp_path):
    (tmp_path / "counter.c").write_text(COUNTER)
    command = ["gcc", "-shared", "-fPIC", "-fno-builtin", "-o", "counter.so", "counter.c", "-ldl"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    code = COUNTED.format(tests=str(Path(__file__).parent))
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "LD_PRELOAD": str(tmp_path / "counter.so")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    calls, most = map(int, result.stdout.split())
    assert calls > 100
    assert most == 0


def test_threads_do_not_meet():
    problems = [problem(30 + k, 20 + k, seed=k, correlation=0.7) for k in range(8)]

    def solve(k):
        X, y = problems[k % 8]
        one = lasso_gram(X.T @ X, X.T @ y, 1.0, yty=y @ y)
        two = lasso_columns(X, y, 1.0)
        return np.concatenate([one.w, two.w])

    alone = [solve(k) for k in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for k, w in enumerate(pool.map(solve, range(64))):
            assert np.array_equal(w, alone[k % 8])
