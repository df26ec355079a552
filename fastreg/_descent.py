"""One problem solved for one alpha after another, each from the solution before it.

Stands between the public functions of _lasso.py and the kernels: it knows which solver serves a penalty and how a kernel's
answer reads in public scaling, and nothing of grids, options or results.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastreg._normalise import Problem
from fastreg._results import Status
from fastreg._ridge import RidgeSolver
from fastreg.kernels._active import Solver

Floats = NDArray[np.float64]

# Working sets of more columns are swept on the residual; their Gram matrix would take more than 128 MB.
GRAM_COLUMNS = 4096

# From so many rows per column on, gradients come from rows of the Gram matrix instead of from X; these and the factor of the
# support take at most 3 p^2 numbers, 3 / TALL of the memory of a float64 X.
TALL = 16

# in the order of Outcome in kernels/_working.pxd
_STATUS = (Status.CONVERGED, Status.PRECISION, Status.MAX_ITER, Status.STALLED)

COUNTS = ("columns_read", "working_set", "sweeps", "newton_steps", "pivots")


@dataclass(slots=True)
class Step:
    """The solution at one alpha, public scaling."""

    support: NDArray[np.intp]
    values: Floats
    intercept: float
    objective: float
    gap: float
    n_iter: int
    status: Status
    residual: float  # |y - prediction|^2 in kernel scaling


class Descent:
    """Solves one problem for one alpha after another, each from the solution before it."""

    def __init__(self, problem: Problem, l1_ratio: float, tol: float, max_iter: int, start: Floats | None) -> None:
        self.problem, self.l1_ratio, self.tol, self.max_iter = problem, l1_ratio, tol, max_iter
        self.start = start
        self._ridge: RidgeSolver | None = None
        self._active: Solver | None = None

    def active(self, l1: float, l2: float) -> Solver:
        """The solver for l1 > 0, made when first needed, for these penalties."""
        if self._active is None:
            problem = self.problem
            tall = problem.p <= GRAM_COLUMNS and problem.n >= TALL * problem.p
            self._active = Solver(problem.columns, problem.y, GRAM_COLUMNS, tall)
            support = np.flatnonzero(self.start) if self.start is not None else np.empty(0, np.intp)
            # the Gram matrix of a dense start would cost more than the start can save
            if self.start is not None and 0 < support.size <= min(problem.n, GRAM_COLUMNS):
                self._active.start(support, problem.kernel_coefficients(self.start[support]), l1, l2)
        return self._active

    @property
    def ridge(self) -> RidgeSolver:
        """The solver for l1 = 0, made when first needed."""
        if self._ridge is None:
            self._ridge = RidgeSolver(self.problem)
        return self._ridge

    @property
    def counts(self) -> dict[str, int]:
        """What the work was so far, as Path has it."""
        return self._active.counts if self._active is not None else dict.fromkeys(COUNTS, 0)

    @property
    def total(self) -> float:
        """|y|^2 in kernel scaling."""
        return self._active.yy if self._active is not None else float(self.problem.y @ self.problem.y)

    def step(self, alpha: float) -> Step:
        problem = self.problem
        l1, l2 = problem.penalties(alpha, self.l1_ratio)
        if l1 == 0.0:
            one = self.ridge.solve(l2, self.tol)
            support = np.flatnonzero(one.w)
            w, objective, gap, residual = one.w[support], one.objective, one.gap, one.residual
            n_iter, status = one.n_iter, one.status
        else:
            solver = self.active(l1, l2)
            outcome, n_iter, objective, gap, size = solver.solve(l1, l2, self.tol, self.max_iter)
            support, w = np.empty(size, np.intp), np.empty(size)
            residual = solver.solution(support, w)
            status = _STATUS[outcome]
        coef = problem.coefficients(w)
        return Step(
            support,
            coef,
            problem.intercept(support, coef),
            problem.objective(objective),
            problem.objective(gap),
            n_iter,
            status,
            residual,
        )
