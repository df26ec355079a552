"""One problem solved for one alpha after another, each from the solution before it.

Stands between the public functions of _lasso.py and the kernels: it knows which solver serves a penalty and how a kernel's
answer reads in public scaling, and nothing of grids, options or results.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _input
from fastreg._normalise import Problem
from fastreg._results import Status
from fastreg._ridge.design import EPS
from fastreg._ridge.solver import RidgeSolution, RidgeSolver
from fastreg.kernels._solver import Solver
from fastreg.kernels._targets import solve_targets

Floats = NDArray[np.float64]

# Bytes that a solver may take beside X: so many that both stay below TOGETHER, or if that is more, LEAST or a SHARE of X.
TOGETHER = 192_000_000
LEAST = 24_000_000
SHARE = 0.07
FOLDS = 0.1  # the same for folds together

# So many folds go side by side: more push one another out of the caches.  600 folds of 600 x 300 take 10.1 s all together, 5.2,
# 4.9 and 4.6 by 100, 30 and 15.
MOST_FOLDS = 32

# With one more pair of numbers, so many stay in registers where bounds are looked at.
MOST_RESIDUALS = 31

# From so many rows per column on, gradients come from rows of the Gram matrix instead of from X.
TALL = 16

# What alpha_max is rounded up by where the gradient of the first solve is not computed as alpha_max computes it.
MARGIN = 1e-12

# So few columns of tall data are all multiplied with one another as their means are taken: one reading of X instead of two
# or more.  At 128 columns the products take about as long as two readings.
WHOLE_COLUMNS = 128

# The factor of a support on the residual takes 100 MB at this size, and is worth it: without Newton steps a solve takes
# hundreds of sweeps.
FACTOR_COLUMNS = 5_000


# So many targets share each reading of X; for fewer than the FEWEST a product is no faster than readings of some columns.
MOST_PLACES = 16
FEWEST_PLACES = 4

# Sparse X: with fewer entries per column than a SPARSE_ENTRIES-th of the columns in the factor, a triangular solve costs more
# than some twenty products with the columns themselves.  Measured on two texts (3 entries a column): 200 to 1000 are level.
SPARSE_COLUMNS = 600
SPARSE_ENTRIES = 20


# in the order of Outcome in kernels/_working.pxd
OUTCOMES = (Status.CONVERGED, Status.PRECISION, Status.MAX_ITER, Status.STALLED)
STALLED = OUTCOMES.index(Status.STALLED)


class Form(NamedTuple):
    """How the problem on a working set is kept; kernels/_working.pyx has the costs.

    ==========================  =======================================  =====================================
    form                        chosen where                             bytes
    ==========================  =======================================  =====================================
    tall: rows X_W'X            n >= 16 p, and 28 p^2 bytes are allowed  8 p |W| + 8 |W|^2 + 4 |A|^2
    whole: all of X'X           the same, and p <= 128                   8 p^2 more
    Gram matrix of W            |W| <= gram                              8 |W|^2 + 4 |A|^2
    residual, factor of A       more, |A| <= factor                      4 |A|^2
    residual, no factor         more                                     0; 12 per entry of A if X is sparse
    ==========================  =======================================  =====================================

    W is the working set and A the support; to the byte a factor takes 4 |A| (|A| + 48), allocated as it grows.  In every form
    come residuals, of up to 1 % of X or 4 MB, 84 bytes a column of X, and 16 for each coefficient of a path that is not 0.

    Allowed are 7 % of X, or 24 MB, or what X leaves of 192 MB: the largest of them.  A factor may take 100 MB whatever X is.
    For sparse X gram and factor are at most 600, or 20 times the mean number of entries of a column: from there on products
    with X_A are cheaper.
    """

    tall: bool
    gram: int
    factor: int
    whole: bool = False


def _allowed(size: int) -> float:
    """Bytes that solvers may take beside an X of so many."""
    return max(SHARE * size, LEAST, TOGETHER - size)


@lru_cache(maxsize=64)
def choose_form(n: int, p: int, size: int, entries: int | None = None) -> Form:
    """The form for X of shape (n, p) that takes so many bytes; entries: how many are stored, if X is sparse."""
    allowed = _allowed(size)
    if entries is None and n >= TALL * p and 28 * p * p <= allowed:
        return Form(True, p, p, p <= WHOLE_COLUMNS)
    gram, factor = math.isqrt(int(allowed / 12)), max(FACTOR_COLUMNS, math.isqrt(int(allowed / 4)))
    if entries is None:
        return Form(False, gram, factor)
    direct = max(SPARSE_COLUMNS, SPARSE_ENTRIES * entries // p)
    return Form(False, min(gram, direct), min(factor, direct))


def choose_places(n: int, p: int, t: int, size: int, form: Form) -> tuple[int, Form]:
    """How many of t targets over a dense X are solved side by side, each in the form returned; 1 where it is not worth it.

    All of them together take what one solver may.  A working set that needs more than 12 (2n)^2 or 12 p^2 bytes, whichever is
    less, is rare."""
    allowed, besides, columns = _allowed(size), 8 * p + 100 * n, min(2 * n, p)
    places = min(t, MOST_PLACES, int(allowed / (12 * columns**2 + besides)))
    if form.tall or places < FEWEST_PLACES or form.gram < columns:
        return 1, form
    share = int(allowed / places) - besides
    return places, Form(False, min(form.gram, math.isqrt(share // 12)), min(form.factor, math.isqrt(share // 4)))


class Share(NamedTuple):
    """What folds that are solved side by side may take."""

    room: int  # residuals of each
    form: Form  # of the working set of each
    budget: float  # bytes of all working sets


def choose_lockstep(n: int, p: int, t: int, size: int, entries: int | None) -> Share:
    """What t folds may take side by side, for X as in choose_form.

    Means, squares and gradients of t folds take 28 t p bytes whatever is allowed; residuals get a quarter of it, working sets
    the rest.  How large these come to be is not foreseeable: where all together take more, each fold goes on alone, and only a
    factor, which is worth it, may then take more than is allowed."""
    allowed = max(FOLDS * size, LEAST, TOGETHER - size)
    room = min(MOST_RESIDUALS, p, max(2, int(0.25 * allowed / (8 * n * t))))
    left = max(allowed - t * (28 * p + 8 * n * (room + 4)), 0.25 * allowed)
    alone = choose_form(n, p, size, entries)
    gram = math.isqrt(int(allowed / 12))
    form = Form(False, gram, FACTOR_COLUMNS) if alone.tall else Form(False, min(alone.gram, gram), alone.factor)
    return Share(room, form, left)


COUNTS = ("columns_read", "working_set", "sweeps", "newton_steps", "pivots", "products")


class Step(NamedTuple):
    """The solution at one alpha, public scaling."""

    support: NDArray[np.intp]
    values: Floats
    intercept: float
    objective: float
    gap: float
    n_iter: int
    status: Status
    residual: float  # |y - prediction|^2 in kernel scaling


INFINITY = math.inf
Found = tuple[int, int, float, float, int]  # outcome, iterations, objective, gap and support of a Solver
_NONE = np.empty(0, np.intp)
_NOTHING = np.empty(0)


class Descent:
    """Solves one problem for one alpha after another, each from the solution before it.

    gram: X~'X~ as the user has it, which no certificate rests on.  relax: the share of least squares on the support in the
    coefficients, intercept and residual of a step; objective and gap are those of the solution.
    """

    _begun = False  # whether the solver has a solution to go on from
    _anew = True  # whether to begin anew where that ends in rounding
    _before: dict[str, int] | None = None  # the work of solvers that there were before

    def __init__(
        self,
        problem: Problem,
        l1_ratio: float,
        tol: float,
        max_iter: int,
        form: Form,
        gram: Floats | None = None,
        relax: float = 0.0,
    ) -> None:
        self.problem, self.l1_ratio, self.tol, self.max_iter, self.form, self.gram, self.relax = (
            problem,
            l1_ratio,
            tol,
            max_iter,
            form,
            gram,
            relax,
        )
        self.start: Floats | None = None  # coefficients in public scaling
        self._ridge: RidgeSolver | None = None
        self._active: Solver | None = None

    @property
    def solver(self) -> Solver:
        """The certified active set, made when first needed."""
        if self._active is None:
            problem, form = self.problem, self.form
            self._active = Solver(
                problem.columns, problem.y, problem.factors, problem.bounds, form.gram, form.factor, form.tall, self.gram
            )
            if problem.xy is not None:
                self._active.retarget(problem.y, problem.xy)
        return self._active

    def alpha_max(self) -> float:
        """The smallest alpha for which every penalised coefficient is 0."""
        problem = self.problem
        if problem.factors is None and problem.limits is None:
            largest = problem.columns.largest()[1] if problem.xy is None else float(np.abs(problem.xy).max())
            # a sparse x_j'y is summed in another order later on, and its centring rounds by the size of the mean
            return problem.alpha_of(largest * (1.0 + MARGIN * problem.columns.sparse), self.l1_ratio)
        # a gradient over its factor rounds once more, and unpenalised columns leave rounding of their own
        unpenalised = problem.factors is not None and not problem.factors[0].all()
        margin = MARGIN if unpenalised or problem.columns.sparse else 4 * EPS
        l1 = self.solver.base(0.0, self.tol, self.max_iter) * (1.0 + margin)
        if unpenalised:  # they may leave nothing but rounding, or nothing at all
            l1 = max(l1, 64 * EPS * math.sqrt(self.total * problem.columns.largest()[0]))
        return problem.alpha_of(l1, self.l1_ratio)

    def retarget(self, problem: Problem) -> None:
        """Go on with another target over the same X, from w = 0, with the Gram matrix that there is.

        Bounds other than 0 follow the scale of y: where that changes, the working set is begun anew."""
        moved = problem.unit != self.problem.unit and self.binds
        self.problem, self._begun, self._anew = problem, False, True
        if moved:
            self._active = None
        if self._active is not None and problem.xy is not None:
            self._active.retarget(problem.y, problem.xy)

    def restart(self) -> None:
        """Go on from w = 0 at the next alpha."""
        self._before, self._active, self._begun = self.counts, None, False

    @property
    def binds(self) -> bool:
        """Whether a bound is neither 0 nor infinite, so that it follows the scale of y."""
        return self.problem.limits is not None and _binds(*self.problem.limits)

    @property
    def ridge(self) -> RidgeSolver:
        """The solver for l1 = 0, made when first needed."""
        if self._ridge is None:
            self._ridge = RidgeSolver(self.problem)
        return self._ridge

    @property
    def counts(self) -> dict[str, int]:
        """What the work was so far, as Path has it."""
        now, before = self._active.counts if self._active is not None else dict.fromkeys(COUNTS, 0), self._before
        if before is None:
            return now
        found = {name: count + before[name] for name, count in now.items()}
        found["working_set"] = max(now["working_set"], before["working_set"])
        return found

    @property
    def total(self) -> float:
        """|y|^2 in kernel scaling."""
        return float(self.problem.y @ self.problem.y)

    def step(self, alpha: float, coef: Floats | None = None) -> Step:
        """The solution at alpha, from the one before it, or from `start`.

        coef: zeros (p,) to write the coefficients to; support and values stay empty then."""
        problem = self.problem
        l1, l2 = problem.penalties(alpha, self.l1_ratio)
        if l1 == 0.0 and problem.limits is None:
            alone = self._ridge_step(l2, coef)
            assert alone is not None  # it is, where there is no l1
            return alone
        solver = self._active or self.solver
        if self.start is not None:
            self._begin(solver, self.start, l1, l2)
            self.start, self._begun = None, True
        warm, self._begun = self._begun, True
        found = solver.solve(l1, l2, self.tol, self.max_iter, self.relax)
        if found[0] == STALLED and warm and self._anew:
            solver, found = self._from_nothing(solver, found, l1, l2)
        outcome, n_iter, objective, gap, size = found
        status = OUTCOMES[outcome]
        if status is Status.STALLED and problem.limits is None and self._hidden(l1):
            without = self._ridge_step(l2, coef, l1)
            if without is not None:
                return without
        if coef is None:
            support, w = np.empty(size, np.intp), np.empty(size)
            residual, level = solver.solution(support, w, problem.unit)
        else:
            support, w, residual = _NONE, _NOTHING, 0.0
            level = solver.write(coef, problem.unit)
        return self.public(support, w, level, objective, gap, n_iter, status, residual)

    def _from_nothing(self, solver: Solver, found: Found, l1: float, l2: float) -> tuple[Solver, Found]:
        """What the solver has found, or another one that begins from w = 0, if that gets closer.

        Where columns are nearly the same the way may end with many of them in the fit, of which a few are enough."""
        before = self.counts
        self._active = None
        other = self.solver.solve(l1, l2, self.tol, self.max_iter, self.relax)
        spent = found[1] + other[1]
        self._anew = other[0] != STALLED  # else it is the problem, and not the way to it
        if not other[3] < found[3]:
            self._active = solver
            return solver, (found[0], spent, *found[2:])
        self._before = before
        return self.solver, (other[0], spent, *other[2:])

    def steps(self, targets: list[Problem], alpha: float, coef: Floats, places: int, form: Form) -> list[Step]:
        """The solutions at an alpha > 0 of targets over one dense X, from w = 0, so many side by side.

        coef: zeros (t, p) to write the coefficients to."""
        penalties = np.array([target.penalties(alpha, self.l1_ratio) for target in targets])
        l1, l2 = penalties.T.copy()
        if not l1.all():  # of a huge target it may underflow
            return [self._alone(target, alpha, coef[k]) for k, target in enumerate(targets)]
        t, problem = len(targets), self.problem
        unit, found, how = np.array([target.unit for target in targets]), np.empty((t, 3)), np.empty((t, 2), np.intp)
        solve_targets(
            problem.columns,
            np.stack([target.y for target in targets]),
            problem.factors,
            problem.bounds,
            places,
            form.gram,
            form.factor,
            l1,
            l2,
            self.tol,
            self.max_iter,
            unit,
            coef,
            found,
            how,
            self.relax,
        )
        steps = []
        for k, target in enumerate(targets):
            (outcome, n_iter), (objective, gap, level) = how[k].tolist(), found[k].tolist()
            if OUTCOMES[outcome] is Status.STALLED:  # alone it may keep more, or do without an l1 that rounding hides
                coef[k] = 0.0
                steps.append(self._alone(target, alpha, coef[k]))
                continue
            self.problem = target
            steps.append(self.public(_NONE, _NOTHING, level, objective, gap, n_iter, OUTCOMES[outcome], 0.0))
        return steps

    def _alone(self, target: Problem, alpha: float, coef: Floats) -> Step:
        """The solution of one target, whose X'y is not known."""
        self.retarget(target.for_target(target.y, target.y_mean, target.sy, target.products([target.y])[0]))
        return self.step(alpha, coef)

    def _hidden(self, l1: float) -> bool:
        """Whether an l1 may be hidden by rounding, and a Gram matrix for l1 = 0 takes no more than a solver may."""
        problem = self.problem
        size = problem.p if problem.factors is not None else min(problem.n, problem.p)
        return l1 <= 1e-6 * math.sqrt(problem.columns.largest()[0] * self.total) and 8 * size * size <= TOGETHER

    def ridge_steps(self, targets: list[Problem], alphas: Floats, coef: Floats) -> list[Step]:
        """The solutions of targets over one X where nothing has an l1 penalty, each at its own alpha; coef as in `steps`."""
        Y = np.array([target.y for target in targets])
        found: list[RidgeSolution | None] = [None] * len(targets)
        for alpha in set(alphas.tolist()):  # the factor is made once for each
            at = np.flatnonzero(alphas == alpha)
            solutions = self.ridge.solve_all(self.problem.penalties(alpha, self.l1_ratio)[1], self.tol, Y[at])
            for k, one in zip(at.tolist(), solutions, strict=True):
                found[k] = one
        steps: list[Step | None] = []
        for self.problem, solution, w in zip(targets, found, coef, strict=True):
            assert solution is not None
            steps.append(self._from_ridge(solution, w))
        return [step for step in steps if step is not None]

    def _ridge_step(self, l2: float, coef: Floats | None, l1: float = 0.0) -> Step | None:
        """The solution for l1 = 0; None if it is not one for this l1 as well: its gap is at most sum_j l1 v_j |w_j| larger.

        An l1 near 0 is hidden by the rounding of X'r, which no dual point can then be scaled by."""
        return self._from_ridge(self.ridge.solve(l2, self.tol, y=self.problem.y), coef, l1)

    def _from_ridge(self, one: RidgeSolution, coef: Floats | None, l1: float = 0.0) -> Step | None:
        """What the solution for l1 = 0 comes to at this l1, or None."""
        problem = self.problem
        if l1 == 0.0 and coef is not None:
            one = self._relaxed(one)
            level = problem.columns.publish(one.w, problem.unit, coef)
            return self.public(_NONE, _NOTHING, level, one.objective, one.gap, one.n_iter, one.status, one.residual)
        support = np.flatnonzero(one.w)
        objective, gap, status = one.objective, one.gap, one.status
        if l1 > 0.0:
            v = np.ones(support.size) if problem.factors is None else problem.factors[0][support]
            cost = l1 * float(v @ np.abs(one.w[support]))
            objective += cost
            # rank deficient may mean no more than badly scaled, which an l1 > 0 tells apart: then all of it may be the gap
            gap = gap + cost if status is not Status.MINIMUM_NORM else objective
            if not gap <= max(self.tol * objective, 64 * EPS * self.total):
                return None
            status = Status.CONVERGED if gap <= self.tol * objective else Status.PRECISION
        one = self._relaxed(one)
        with np.errstate(over="ignore"):
            w = one.w[support] * problem.unit
        if coef is not None:
            coef[support] = w
        level = problem.columns.mean_dot(support, w)
        return self.public(support, w, level, objective, gap, one.n_iter, status, one.residual)

    def _relaxed(self, one: RidgeSolution) -> RidgeSolution:
        """The solution for l1 = 0, whose support is all of X, blended with least squares."""
        if self.relax == 0.0:
            return one
        least, kept = self.ridge.solve(0.0, self.tol, y=self.problem.y), (1.0 - self.relax) ** 2
        w = (1.0 - self.relax) * one.w + self.relax * least.w
        return one._replace(w=w, residual=kept * one.residual + (1.0 - kept) * least.residual)

    def public(
        self,
        support: NDArray[np.intp],
        w: Floats,
        level: float,
        objective: float,
        gap: float,
        n_iter: int,
        status: Status,
        residual: float,
    ) -> Step:
        """A solution whose w is in public scaling already; ValueError where float64 does not hold it.

        level is mean(X)'w, which an infinite coefficient makes infinite or, as 0 times infinity, NaN."""
        problem = self.problem
        intercept = problem.y_mean - level
        if not -INFINITY < intercept < INFINITY:
            raise _input.coefficients_out_of_range()
        if not (objective < INFINITY and gap < INFINITY):  # NaN as well
            objective, gap = objective if objective < INFINITY else INFINITY, INFINITY
        return Step(support, w, intercept, problem.objective(objective), problem.objective(gap), n_iter, status, residual)

    def _begin(self, solver: Solver, start: Floats, l1: float, l2: float) -> None:
        """Take start as the first w, unless it is dense: its Gram matrix would cost more than it can save."""
        factors = self.problem.factors
        allowed = (start != 0.0) & (self.problem.squares() > 0.0)  # a constant column would be in no sweep, but in Newton steps
        if factors is not None:
            allowed &= factors[0] < np.inf
        support = np.setdiff1d(np.flatnonzero(allowed), solver.columns_in)
        if 0 < support.size <= min(self.problem.n, self.form.gram):
            solver.start(support, start[support] / self.problem.unit, l1, l2)


def _binds(lower: Floats, upper: Floats) -> bool:
    """Whether a bound is neither 0 nor infinite."""
    return bool(((lower != 0.0) & (lower > -np.inf)).any() or ((upper != 0.0) & (upper < np.inf)).any())
