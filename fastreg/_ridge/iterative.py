"""Ridge for a sparse X whose Gram matrix would be large: LSMR (Fong and Saunders, 2011) on [X; sqrt(l2 u)], from scipy.

It knows a Problem and one l2; it must not know other penalties, nor what is done where it fails.  Coefficients are in
units of their penalty; centring and weights stay implicit.  A solve is repeated from its own residual until the duality
gap, computed from X, is small enough or no longer falls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastreg._normalise import Problem

Floats = NDArray[np.float64]
ROUNDS = 6
ITERATIONS = 20_000
SHARE = 1e-3  # of tol: a gap of 1e-6 may leave three digits of the coefficients, and ten times less costs few iterations

# Up to so many rows or columns a Cholesky factor takes less than a second, however badly conditioned X is.
LARGE = 3_000
# Bytes of a Gram matrix and its factor that are still made where iterations have failed.
MEMORY = 1_600_000_000


def is_large(problem: Problem) -> bool:
    """Whether iterations are to be tried first."""
    return bool(problem.columns.sparse) and min(problem.n, problem.p) > LARGE


def factor_fits(problem: Problem) -> bool:
    """Whether a Cholesky factor is tried where iterations have failed."""
    return 8.0 * min(problem.n, problem.p) ** 2 <= MEMORY


def _budget(problem: Problem) -> int:
    """How many iterations may be spent: where a factor fits, so many as it would cost."""
    if not factor_fits(problem):
        return ITERATIONS
    size, entries = min(problem.n, problem.p), problem.columns.entries
    return int(np.clip(size**3 / 6.0 / (4.0 * entries + 10.0 * (problem.n + problem.p)), 50, ITERATIONS))


def solve_iteratively(problem: Problem, u: Floats, l2: float, tol: float, y: Floats) -> tuple[Floats, float, float, float, int]:
    """(w, objective, gap, |y - Xw|^2, iterations) of 1/2 |y - Xw|^2 + l2/2 sum_j u_j w_j^2.

    The gap is sum_j c_j^2 / (2 l2 u_j), c = X'r - l2 u w, with the coefficients of columns without a penalty made optimal for
    the others first; at most the objective, as no objective is below 0."""
    from scipy.sparse.linalg import LinearOperator, lsmr

    n, p, columns, iterations = problem.n, problem.p, problem.columns, _budget(problem)
    used = u < np.inf
    root = np.sqrt(l2 * np.where(used, u, 0.0))
    length = np.sqrt(problem.squares())
    # coefficients in units of their penalty; where nothing is penalised, other units would make another norm the smallest
    size = np.where(root > 0.0, root, np.where(length > 0.0, length, 1.0)) if l2 > 0.0 else np.ones(p)
    scale = np.where(used, 1.0 / size, 0.0)
    free = np.flatnonzero(u == 0.0)

    def image(z: Floats) -> Floats:
        w = scale * z.ravel()
        v = np.empty(n + p)
        columns.times(w, v[:n])
        v[n:] = root * w
        return v

    def products(v: Floats) -> Floats:
        v = v.ravel()
        c: Floats = scale * (problem.products([v[:n]])[0] + root * v[n:])
        return c

    operator = LinearOperator((n + p, p), matvec=image, rmatvec=products, dtype=np.float64)
    unpenalised = np.empty((n, free.size), order="F")
    for k, j in enumerate(free):
        columns.part(0, int(j), unpenalised[:, k : k + 1])
    w, r = np.zeros(p), y
    objective, gap, done = 0.5 * float(y @ y), np.inf, 0
    # |A'r| / (|A||r|) of the augmented problem: its square times |A|^2 is the gap over the objective
    accuracy = np.sqrt(SHARE * tol / (1.0 + 10.0 * ((scale * length) ** 2).max(initial=0.0)))
    for _ in range(ROUNDS):
        accuracy = max(0.1 * accuracy if gap < np.inf else accuracy, 1e-14)
        rows = np.concatenate([r, -root * w])
        found = lsmr(operator, rows, atol=accuracy, btol=accuracy, conlim=0.0, maxiter=iterations - done)
        trial = w + scale * found[0]
        done += int(found[2])
        r_trial = _residual(problem, y, trial)
        if free.size > 0:
            step = np.linalg.lstsq(unpenalised, r_trial, rcond=None)[0]
            trial[free] += step
            r_trial = _residual(problem, y, trial)
        c = problem.products([r_trial])[0] - root * (root * trial)
        value = 0.5 * float(r_trial @ r_trial) + 0.5 * float((root * trial) @ (root * trial))
        # without a penalty nothing is known but that no objective is below 0
        bound = min(value, 0.5 * float(((c[root > 0.0] / root[root > 0.0]) ** 2).sum())) if l2 > 0.0 else value
        if not bound < gap:
            break
        w, r, objective, gap = trial, r_trial, value, bound
        if gap <= SHARE * tol * objective or done >= iterations:
            break
    return w, objective, gap, float(r @ r), done


def _residual(problem: Problem, y: Floats, w: Floats) -> Floats:
    """y - Xw"""
    v = np.empty(problem.n)
    problem.columns.times(w, v)
    return y - v
