"""Rounds: solve on the working set for several alphas, ask once which columns outside may matter at any of them, fetch these.

A round takes the next alphas of the path, down to a multiple of the last one that is done and 32 at most, solves all of them on
the columns that the client has, and sends all their residuals out together.  The answer proves the first of them right, up to
the first alpha where a column outside should be in the fit, and tells by its products which columns to fetch: those that reach
their limit at any of these alphas, then those nearest to it at the last (the sequential strong rule's order, Tibshirani et
al. 2012, without its threshold, which for a jump down to half of alpha lets everything in).

Certificate.  Let theta be the dual point of the solver on the working set W, with the gap g = P(w) - D(theta).  As g is
1/2 |r - theta|^2 plus terms >= 0, |theta - r| <= sqrt(2 g): for a column outside, |x_j'theta| <= |x_j'r| + |x_j| sqrt(2 g)
(a gap safe ball, Ndiaye et al. 2017).  Where that is at most (1 + e) l1 a_j for each, theta / (1 + e) is feasible for all of X,
and as D is concave with D(0) >= 0, the gap is at most g + e P(w), whatever the options are.

A second question about the same alphas leaves out columns whose ratio cannot have come to 1 since: it changes by no more than
kappa_j |q - q'|.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastreg import _input
from fastreg._compress import EPS
from fastreg._descent import Step
from fastreg._model import Model
from fastreg._results import Status
from fastreg.distributed._protocol import Floats, Indices
from fastreg.distributed._working import WRONG, Whole, WorkingSet, length

ALPHAS = 32  # of a round: as many residuals are multiplied at 26 to 33 GMAC/s, one by one at 8
AHEAD, FURTHER = 6.0, 1.5  # by what the first round goes down, and the power of that in the next if it was right
LOW, TOP, NEAR = 0.6, 0.9, 0.999  # between the first two lies what ratio a round brings back; less than NEAR is not read again
SOME = 1e-6  # ratio at an l1 as large as y, of a gradient that is more than rounding
LARGEST = 0.95  # share of the memory that a fit may take: with less than the rest, a round brings too little
LONGEST = 1e300  # what products of residuals over l1 must stay below
MOST_FAILURES = 10  # rounds for one alpha one after another that do not lower the objective
WORK = ("sweeps", "newton_steps", "pivots", "products")


class Trial(NamedTuple):
    """A solution on the working set."""

    step: Step  # support of X
    w: Floats  # kernel scaling, by position
    r: Floats
    q: Floats  # root r / l1 in units of X as it is
    unit: float  # q per root r
    penalties: tuple[float, float]


class Asked(NamedTuple):
    """What a round asks: which columns come near their limits for each row of Q."""

    alphas: Floats
    trials: list[Trial]
    wanted: int  # alphas that are left
    Q: Floats
    columns: Indices | None  # those to look at; None: all


class Wish(NamedTuple):
    """Columns to fetch, the best first, for trials that are left."""

    columns: Indices
    score: Floats
    said: Floats  # their ratios for the last trial, NaN where nobody asked
    blamed: bool  # whether a trial is wrong without one of them
    left: list[Trial]


class OutOfMemory(Exception):
    """The working set does not hold the support of the next alpha."""


class Rounds:
    """One problem, solved for falling alphas.

    Others may work on the same columns: each asks and is answered in turn, and columns that come for one are there for all."""

    def __init__(self, whole: Whole, working: WorkingSet, sharing: int = 1) -> None:
        self.whole, self.working, self.sharing = whole, working, sharing
        self.most = max(1, min(max(200, 2 * whole.n), working.room // 4))
        self.counts = dict.fromkeys(("rounds", "columns_read", "columns_fetched", "working_set", *WORK), 0)
        self.limit = LOW
        self.asked: dict[float, Floats] = {}
        self.known = np.full(whole.p, np.inf)  # an upper bound on the ratio of a column at the alphas asked about
        self.start: tuple[Indices, Floats] | None = None
        self.ahead, self.failed, self.value = AHEAD, 0, np.inf
        self._model: Model | None = None
        self._version = -1
        self._counted = dict.fromkeys(WORK, 0)
        if not working.indices.size:
            self._add(whole.first(min(max(whole.always.size, min(self.most, working.room)), whole.p)))
            whole.products = np.empty(0)  # 8 p bytes that are of no more use

    @property
    def model(self) -> Model:
        """The problem on the columns that are here."""
        if self._model is None or self._version != self.working.version:
            self._model, self._version = self.working.model(self.whole, self.sharing), self.working.version
            self._counted = dict.fromkeys(WORK, 0)
        return self._model

    def forget(self) -> None:
        """Give back the memory of the solver, which from now on nobody shares."""
        self._model, self.sharing = None, 1

    def begin(self, coef: Floats) -> None:
        """Start from these coefficients, as far as they fit."""
        support = np.flatnonzero(coef)
        more = support[~self.working.inside[support] & ~self.whole.out[support]]
        more = more[np.argsort(-np.abs(coef[more]), kind="stable")][: self.working.room - self.working.indices.size]
        self.start = support, coef[support]
        if more.size:
            self._add(more)

    def alpha_max(self) -> float:
        """The smallest alpha for which every penalised coefficient is 0; a round more where some are not penalised."""
        if self.whole.top is not None:  # what is here now need not hold the column that it is of
            return self.whole.top / self.whole.l1_ratio
        top = self.model.alpha_max()
        if self.whole.always.size:
            # nothing here may have a gradient, as in a working set of zeros: then whatever has one is looked for
            trial = self._trial(top if top > 0.0 else self.model.problem.alpha_of(1.0, self.model.l1_ratio))
            indices, ratios = self.whole.reach(trial.q[None, :], 1.0 if top > 0.0 else SOME, None)
            self.counts["rounds"] += 1
            self.counts["columns_read"] += self.whole.p
            outside, left = ~self.working.inside[indices], self.working.room - self.working.indices.size
            if outside.any() and left == 0:
                raise self.working.too_small("all are not penalised, and those that are need some as well")
            best = np.argsort(-ratios[0, outside], kind="stable")[: min(self.most, left)]
            if best.size:
                self._add(indices[outside][best])
                top = self.model.alpha_max()
        self.whole.top = top * self.whole.l1_ratio
        return top

    def round(self, alphas: Floats) -> list[Step]:
        """Proved steps for the first of these falling alphas: all that one round takes, or as many as turn out right."""
        asked = self.propose(alphas)
        found = np.empty(0, np.intp), np.empty((len(asked.Q), 0))
        if asked.columns is None or asked.columns.size:
            found = self.whole.reach(asked.Q, self.limit, asked.columns)
        done, wish = self.absorb(asked, *found)
        try:
            if wish is not None:
                self.join(wish)
        except OutOfMemory:
            if not done:  # else what is proved is not lost, and the next round says it again
                raise
        return done

    def propose(self, alphas: Floats) -> Asked:
        """Solutions for the first of these falling alphas on the columns that are here, and what to ask about them."""
        wanted = alphas.size
        alphas = alphas[: max(1, min(ALPHAS, int(np.count_nonzero(alphas >= alphas[0] / self.ahead))))]
        if self.start is not None:
            w = np.zeros(self.whole.p)
            w[self.start[0]] = self.start[1]
            self.model.descent.start = w[self.working.indices]
        trials = [self._trial(alpha) for alpha in alphas.tolist()]
        self._count()
        Q, columns = np.array([trial.q for trial in trials]), None
        if all(alpha in self.asked for alpha in alphas.tolist()):
            moved = max(length(q - self.asked[alpha]) for alpha, q in zip(alphas.tolist(), Q, strict=True))
            self.known += self.whole.kappa * moved * (1.0 + 1e-9)
            columns = np.flatnonzero((self.known >= NEAR) & ~self.working.inside)
        return Asked(alphas, trials, wanted, Q, columns)

    def absorb(self, asked: Asked, indices: Indices, ratios: Floats) -> tuple[list[Step], Wish | None]:
        """Proved steps, and what to fetch for others, given the columns that are near their limits and their ratios for each
        trial."""
        trials = asked.trials
        indices, ratios = self._outside(asked, indices, ratios)
        done: list[Step] = []
        faults = np.empty(0, np.intp)
        for trial, ratio in zip(trials, ratios, strict=True):
            step, faults = self._judge(trial, indices, ratio)
            if faults.size and (done or self.failed < MOST_FAILURES):
                break
            done.append(step)
        last = trials[min(len(done), len(trials) - 1)]
        value = last.step.objective
        self.failed = 0 if done or value < self.value * (1.0 - 1e-12) else self.failed + 1
        self.value = value if done else min(self.value, value)  # else working sets that take turns would count as progress
        self.start = last.step.support, last.step.values
        if len(done) == len(trials):
            self.ahead = min(self.ahead**FURTHER, 1e100)
        if len(done) == asked.wanted:
            return done, None
        return done, self._wish(trials[len(done) :] or trials[-1:], indices, ratios, len(done), faults)

    def _trial(self, alpha: float) -> Trial:
        """The solution at alpha on the working set."""
        model, problem = self.model, self.model.problem
        l1, l2 = problem.penalties(alpha, model.l1_ratio)
        if l1 == 0.0:
            raise _input.out_of_range("alpha", alpha)
        step = model.descent.step(alpha)
        if not step.status.converged and self.whole.tol > model.descent.tol:
            # what was too much to ask for may have left it worse off than what is needed
            tol, model.descent.tol = model.descent.tol, self.whole.tol
            step = model.descent.step(alpha)
            model.descent.tol = tol
        w, fitted = np.zeros(model.p), np.empty(problem.n)
        w[step.support] = step.values / problem.unit
        problem.columns.times(w, fitted)
        r = problem.y - fitted
        if self.whole.center:  # large coefficients of columns that hardly vary leave a mean, which no column here sees
            root = np.ones(problem.n) if problem.root is None else problem.root
            r -= root * (float(root @ r) / float(root @ root))
        unit = (1.0 if problem.standard else problem.sx) / l1
        q = r * unit if problem.root is None else r * problem.root * unit
        if not float(np.abs(q).max()) * self.whole.n * max(1.0, float(self.whole.norms.max())) < LONGEST:
            raise _input.out_of_range("alpha", alpha)
        return Trial(step._replace(support=self.working.indices[step.support]), w, r, q, unit, (l1, l2))

    def _outside(self, asked: Asked, indices: Indices, ratios: Floats) -> tuple[Indices, Floats]:
        """What was told of columns that are not here; the ratios of all are remembered."""
        columns = asked.columns
        read = self.whole.p if columns is None else columns.size
        self.known[slice(None) if columns is None else columns] = self.limit
        self.known[indices] = ratios.max(axis=0, initial=0.0)
        if columns is None:
            self._believe(asked, indices, ratios)
        outside = ~self.working.inside[indices]  # others may have asked for what is here, and this one for nothing
        indices, ratios = indices[outside], ratios[:, outside]
        self.counts["rounds"] += int(read > 0)
        self.counts["columns_read"] += read
        if indices.size > 4 * self.most:
            self.limit = min(TOP, self.limit + 0.1)
        self.asked = dict(zip(asked.alphas.tolist(), asked.Q, strict=True))
        return indices, ratios

    def _believe(self, asked: Asked, indices: Indices, ratios: Floats) -> None:
        """Refuse a design that was asked about all columns and does not know that those of a fit are at their limits.

        As the gap is a sum of terms >= 0, one of them l1 a_j |w_j| - w_j x_j'theta, a column of the fit may be below its limit
        by a share of up to g / (l1 a_j |w_j|)."""
        whole = self.whole
        for k, (alpha, trial, ratio) in enumerate(zip(asked.alphas.tolist(), asked.trials, ratios, strict=True)):
            penalised = ~np.isin(trial.step.support, whole.always)
            j, w = trial.step.support[penalised], trial.step.values[penalised]
            gap = trial.step.gap + self._floor()
            with np.errstate(over="ignore", divide="ignore"):
                below = gap / (alpha * whole.l1_ratio * whole.factor(j) * np.abs(w))
                blurred = length(trial.q) * self.working.blur[j] / whole.factor(j)
            slack = WRONG + whole.kappa[j] * (self._ball(trial, gap) + whole.rounding(trial.q)) + blurred + below
            j, slack = j[slack < 1.0 - TOP], slack[slack < 1.0 - TOP]
            said = np.zeros(j.size)
            at = np.searchsorted(indices, j)
            there = indices[np.minimum(at, indices.size - 1)] == j if indices.size else np.zeros(j.size, np.bool_)
            said[there] = ratio[at[there]]
            exact = trial.penalties[1] == 0.0 and whole.limits is None
            wrong = np.flatnonzero((said < 1.0 - slack) | (exact & (said > 1.0 + slack)))
            if wrong.size:
                one = wrong[0]
                what = f"gave {said[one]:.4g} times its limit for" if there[one] else "left out"
                raise ValueError(f"reach of X {what} column {j[one]} and residual {k}, at whose limit the column is.")

    def _ball(self, trial: Trial, gap: float) -> float:
        """How far q may be from the dual point."""
        return float(trial.unit * self.model.problem.sy * np.sqrt(2.0 * self.model.problem.n * gap))

    def _floor(self) -> float:
        """A gap that is rounding."""
        return float(self.model.problem.objective(64 * EPS * self.model.descent.total) * (1.0 + 8 * EPS))

    def _judge(self, trial: Trial, indices: Indices, ratio: Floats) -> tuple[Step, Indices]:
        """The step with its gap for all columns, and if that is too large the columns that should join."""
        whole, step = self.whole, trial.step
        rounding = whole.rounding(trial.q)
        ball = self._ball(trial, step.gap) + rounding
        if not ball * whole.farthest < 0.5:  # as good as unsolved: only what reaches its limit by itself joins
            ball = rounding
        reach = ratio + whole.kappa[indices] * ball
        excess, faults = float(reach.max(initial=0.0)) - 1.0, indices[reach > 1.0]
        if max(self.limit, NEAR) + whole.farthest * ball > 1.0:  # rather look at each of the others
            others = ~self.working.inside
            others[indices] = False
            at = np.flatnonzero(others & (self.known + whole.kappa * ball > 1.0))
            excess = max(excess, float((self.known[at] + whole.kappa[at] * ball).max(initial=0.0)) - 1.0)
            faults = np.union1d(faults, at)
        gap = step.gap + max(excess, 0.0) * step.objective
        floor = self._floor()
        if gap > max(whole.tol * step.objective, floor) and excess > 0.0:
            largest = max(NEAR, float(ratio.max(initial=0.0))) + whole.farthest * rounding
            gap = min(gap, max(self._direct_gap(trial, largest), floor))
        if gap <= whole.tol * step.objective:
            return step._replace(gap=gap, status=Status.CONVERGED), faults[:0]
        if gap <= floor:
            return step._replace(gap=gap, status=Status.PRECISION), faults[:0]
        status = step.status if not step.status.converged else Status.STALLED
        return step._replace(gap=gap, status=status), faults

    def _direct_gap(self, trial: Trial, ratio: float) -> float:
        """P - D at t r, where nothing is unpenalised, or bounded but by 0; ratio: the largest outside.

        It needs no ball around the residual, so that copies of a column in the fit may stay outside."""
        whole = self.whole
        if whole.always.size or not whole.one_sided:
            return float("inf")
        problem, (_, w, r, _, _, (l1, l2)) = self.model.problem, trial
        v, u = problem.factors if problem.factors is not None else (np.ones(w.size), np.ones(w.size))
        free = v < np.inf
        w, v, u, c = w[free], l1 * v[free], l2 * u[free], problem.products([r])[0][free]
        c = c - u * w
        here = np.abs(c)
        if whole.limits is not None:  # at a bound of 0 it is no matter how far the gradient goes beyond
            lower, upper = (bound[self.working.indices][free] for bound in whole.limits)
            here = np.maximum(np.where(upper > 0.0, c, 0.0), np.where(lower < 0.0, -c, 0.0))
        most = max(ratio, float((here / v).max(initial=0.0)))
        t = min(1.0, 1.0 / most)
        square = float(r @ r + u @ (w * w))
        gap = float(np.sum(v * np.abs(w) - w * c)) + (1.0 - t) * (float(w @ c) + (1.0 - t) * square / 2.0)
        return problem.objective(max(gap, 0.0))

    def _wish(self, left: list[Trial], indices: Indices, ratios: Floats, done: int, faults: Indices) -> Wish | None:
        """The columns that the trials which are left call for, and of others those nearest to their limits."""
        extra = np.setdiff1d(faults, indices)
        columns = np.concatenate([indices, extra])
        late = ratios[done:].max(axis=0, initial=0.0)
        score = np.where(late > 1.0, 1.0 + np.minimum(late - 1.0, 0.9), ratios[-1])
        score = np.concatenate([score, np.ones(extra.size)])
        blamed = np.isin(columns, faults)
        score[blamed] += 4.0
        said = np.concatenate([ratios[-1], np.full(extra.size, np.nan)])
        best = np.argsort(-score, kind="stable")[: self.most]
        return Wish(columns[best], score[best], said[best], bool(blamed[best].any()), left) if best.size else None

    def join(self, wish: Wish) -> int:
        """Fetch them, and tell how many came.

        First come what is at fault at the next alpha and what is in its fit: with these every round gets closer to it.  Where
        memory is full, columns that matter least to the trials make way."""
        columns, score, said, blamed, left = wish
        working = self.working
        over = working.indices.size + columns.size - working.room
        if over > 0:
            inner = np.minimum(np.abs(self.model.problem.products([left[-1].r])[0]) / left[-1].penalties[0], 1.0)
            for trial in left:
                inner[np.isin(working.indices, trial.step.support)] = 3.0
            needed = np.isin(working.indices, left[0].step.support) | np.isin(working.indices, self.whole.always)
            inner[needed] = np.inf
            both = np.concatenate([inner, score])
            chosen = np.argsort(-both, kind="stable")[: working.room]
            kept = chosen[chosen >= inner.size] - inner.size
            columns, said = columns[kept], said[kept]
            if blamed and (columns.size == 0 or np.count_nonzero(needed) > LARGEST * working.room):
                raise OutOfMemory(np.count_nonzero(needed))
            if columns.size == 0:
                return 0
            working.keep(np.sort(chosen[chosen < inner.size]))
        self._add(columns)
        working.check_ratios(self.whole, left[-1].q, columns, said)
        return columns.size

    def _add(self, columns: Indices) -> None:
        self.working.add(columns)
        self.counts["columns_fetched"] += int(columns.size)
        self.counts["working_set"] = self.working.largest

    def _count(self) -> None:
        """Add the work of the model."""
        now = self.model.descent.counts
        for name in WORK:
            self.counts[name] += now[name] - self._counted[name]
        self._counted = dict(now)
