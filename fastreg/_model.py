"""One X with its targets and options, checked and in kernel scaling, ready to be solved at any alpha.

Stands between the public functions and _descent.py: it knows every option, in what form a problem is kept, and how targets
share X; it must not know grids, nor how anything is solved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _descent, _input, _options
from fastreg._descent import Descent, Form, Step
from fastreg._normalise import Factors, Problem, normalise, scale_target, standardised
from fastreg._results import Fit, Path, Status, warn_unconverged
from fastreg._selection.criteria import log_mean_square

Floats = NDArray[np.float64]


AUTO = "auto"
_ORDER = {status: k for k, status in enumerate(Status)}


class Options(NamedTuple):
    """What all functions of the lasso family and `ridge` take, as the user gave it."""

    fit_intercept: Any = True
    standardize: Any = False
    sample_weight: Any = None
    penalty_factor: Any = None
    lower: Any = None
    upper: Any = None
    positive: Any = False
    offset: Any = None
    precompute: Any = AUTO
    tol: Any = 1e-6
    max_iter: Any = 10_000
    warm_start: Any = None
    relax: Any = 0.0


# Whoever reads X for purposes of its own, given (X, a target, weights or None, offset or None): the moments that `normalise`
# takes, or None.
Reader = Callable[[Any, NDArray[Any], Floats | None, Floats | None], tuple[Floats, Floats] | None]


class Model:
    """One X with its targets and options, checked and in kernel scaling, ready to be solved at any alpha."""

    def __init__(
        self,
        X: Any,
        y: Any,
        options: Options,
        l1_ratio: float,
        one_target: bool = False,
        whole: bool = False,
        read: Reader | None = None,
    ) -> None:
        (
            fit_intercept,
            standardize,
            sample_weight,
            penalty_factor,
            lower,
            upper,
            positive,
            offset,
            precompute,
            tol,
            max_iter,
            _,
            relax,
        ) = options
        self.l1_ratio = l1_ratio
        self.tol = tol = _input.number(tol, "tol", 0.0)
        self.max_iter = max_iter = _input.count(max_iter, "max_iter")
        self.relax = relax = _input.number(relax, "relax", 0.0, 1.0)
        design, self.names = _input.design(X)
        self.design = design
        n, self.p = design.shape
        self.Y = Y = _input.target(y, n) if one_target else _input.targets(y, n)
        self.center = center = _input.flag(fit_intercept, "fit_intercept")
        weights = self.offset = self.factors = factors = limits = None
        self.weight = float(n)  # all weights together, as they were given
        if not (sample_weight is penalty_factor is lower is upper is offset is None and positive is False):
            weights = _options.sample_weights(sample_weight, n)
            if weights is not None:
                self.weight = _options.total(sample_weight)
            self.offset = _options.offsets(offset, n)
            factors = _options.penalty_factors(penalty_factor, self.p)
            limits = _options.bounds(lower, upper, positive, self.p)
        self.factors = factors  # as the user gave them
        self.form = form = self._form(precompute, design)
        if relax > 0.0 and limits is not None:
            raise _options.relaxed_within_bounds(relax)
        if factors is not None and limits is not None:
            _options.excluded_within(factors[0], *limits)
        self.many = many = Y.ndim == 2
        if many and not np.isfinite(Y).all():
            raise _input.not_finite(Y, "y")
        first = Y[:, 0] if many else Y
        moments = None if read is None else read(design, first, weights, self.offset)
        gram_too = form.whole or (whole and n >= self.p)
        self.problem = problem = normalise(design, first, center, weights, self.offset, gram_too, moments)
        self.limits = limits
        if standardize is not False and _input.flag(standardize, "standardize"):
            factors = self.standardised(problem.squares(), n)
            problem.standard = True
        problem.factors, problem.limits = factors, limits
        gram = None if precompute is AUTO or isinstance(precompute, _options.CHOICES) else self._gram(precompute)
        self.descent = Descent(problem, l1_ratio, tol, max_iter, form, gram, relax)

    def standardised(self, squares: Floats, n: int) -> Factors:
        """The factors of columns of these squared norms over n rows, scaled to standard deviation 1."""
        found = standardised(squares, n, self.factors, self.limits)
        if self.limits is not None:
            _options.excluded_within(found[0], *self.limits)
        return found

    def _form(self, precompute: Any, design: Any) -> Form:
        """How working sets are kept."""
        n, p = design.shape
        if precompute is AUTO and type(design) is np.ndarray:
            return _descent.choose_form(n, p, design.nbytes, None)
        if not _options.is_choice(precompute):
            return Form(True, p, p)
        if isinstance(precompute, str):
            return _descent.choose_form(n, p, *extent(design))
        return Form(True, p, p, True) if precompute else Form(False, 0, _descent.choose_form(n, p, *extent(design)).factor)

    def _gram(self, value: Any) -> Floats:
        """The user's Gram matrix in kernel scaling."""
        unit = self.problem.sx * self.problem.sx
        gram = _options.gram(value, self.problem.squares() / unit)
        return gram if unit == 1.0 else gram * unit

    def targets(self) -> Iterator[None]:
        """Go through the targets: the descent is set to each in turn."""
        yield
        if self.many and self.Y.shape[1] > 1:
            scaled = self._scaled()
            products = self.problem.products([y for y, _, _ in scaled])
            for (y, y_mean, sy), xy in zip(scaled, products, strict=True):
                self.descent.retarget(self.problem.for_target(y, y_mean, sy, xy))
                yield

    def _scaled(self) -> list[tuple[Floats, float, float]]:
        """The targets but the first in kernel scaling."""
        if not self.many:
            return []
        return [scale_target(y, self.center, self.problem.root, self.offset) for y in self.Y.T[1:]]

    def steps(self, alpha: Any, warm_start: Any, coef: Floats) -> list[Step]:
        """The solutions of all targets at alpha, or where there is no l1 at one alpha each.  coef: zeros (t, p) to write the
        coefficients to."""
        places, t = 1, self.Y.shape[1]
        alphas = np.broadcast_to(alpha, (t,))
        if self.problem.limits is None and not (alphas * self.l1_ratio).any():
            if warm_start is not None:  # checked, though nothing is to be gained from it
                self.start(warm_start, float(alphas[0]))
                self.descent.start = None
            return self.descent.ridge_steps(self.all_targets(), alphas, coef)
        if isinstance(self.design, np.ndarray) and warm_start is None and self.l1_ratio > 0.0 and not self.descent.binds:
            places, form = _descent.choose_places(self.problem.n, self.p, t, self.design.nbytes, self.form)
        if places > 1:
            return self.descent.steps(self.all_targets(), alpha, coef, places, form)
        steps = []
        for k, _ in enumerate(self.targets()):
            self.start(warm_start, float(alphas[k]), k)
            steps.append(self.descent.step(float(alphas[k]), coef[k]))
        return steps

    def all_targets(self) -> list[Problem]:
        """The problems of all targets, X'y not computed but for the first."""
        first = self.problem
        return [first, *(first.for_target(y, y_mean, sy, None) for y, y_mean, sy in self._scaled())]

    def alpha_max(self) -> float:
        """The smallest alpha for which every penalised coefficient of the present target is 0."""
        factors, limits = self.problem.factors, self.problem.limits
        if factors is not None and self.l1_ratio < 1.0 and ((factors[0] == 0.0) & (factors[1] > 0.0)).any():
            raise _input.no_alpha_max("penalty_factor has an l2 factor where its l1 factor is 0")
        if limits is not None and _options.leaves_out_0(*limits).any():
            raise _input.no_alpha_max("lower and upper leave out 0")
        return self.descent.alpha_max()

    @property
    def n_rows(self) -> int:
        """How many rows have a weight > 0."""
        root = self.problem.root
        return self.problem.n if root is None else int(np.count_nonzero(root))

    def log_mse(self, residuals: Floats) -> Floats:
        """log of the mean squared residual of the present target, from |r|^2 in kernel scaling."""
        problem = self.descent.problem
        return log_mean_square(residuals, self.descent.total, problem.n, problem.sy)

    def candidates(self) -> tuple[NDArray[np.intp], int]:
        """The columns that are in every fit, as nothing keeps them out, and how many of the others may come in."""
        factors, limits = self.problem.factors, self.problem.limits
        if factors is limits is None and self.l1_ratio > 0.0:
            return np.empty(0, np.intp), self.p
        kept, out = np.full(self.p, self.l1_ratio == 0.0), np.zeros(self.p, np.bool_)
        if factors is not None:
            kept, out = kept | (factors[0] == 0.0), np.isinf(factors[0])
        if limits is not None:
            kept |= _options.leaves_out_0(*limits)
        return np.flatnonzero(kept & ~out), int(np.count_nonzero(~kept & ~out))

    def start(self, warm_start: Any, alpha: float, target: int = 0) -> None:
        """Let the descent for a target begin with these coefficients, its own column of them if there is one for each."""
        if isinstance(warm_start, tuple) and self.many and len(warm_start) == self.Y.shape[1]:
            warm_start = warm_start[target]
        if warm_start is None or (isinstance(warm_start, Path) and len(warm_start) == 0):
            return
        if isinstance(warm_start, Path):
            warm_start = warm_start[int(np.argmin(np.abs(warm_start.alphas - alpha)))]
        coef = warm_start.coef if isinstance(warm_start, Fit) else warm_start
        if self.many and np.shape(coef) == (self.p, self.Y.shape[1]):
            coef = np.asarray(coef)[:, target]
        self.descent.start = _input.start(coef, self.p)


def extent(design: Any) -> tuple[int, int | None]:
    """(bytes, stored entries or None) of X"""
    if isinstance(design, _input.Csc):
        entries = int(design.indptr[-1])
        return entries * (design.data.itemsize + design.indices.itemsize), entries
    return int(design.nbytes), None


def as_fit(one: Step, model: Model, alpha: float) -> Fit:
    """The Fit of a step."""
    coef = np.zeros(model.p)
    coef[one.support] = one.values
    _, _, intercept, objective, gap, n_iter, status, _ = one
    return Fit(coef, intercept, alpha, model.l1_ratio, objective, gap, n_iter, status, model.names, model.relax)


def fit_targets(model: Model, alpha: Any, warm_start: Any, stacklevel: int = 5, scale: float = 1.0, shown: Any = None) -> Fit:
    """The fit at alpha, of one target or of all, for ridge also at one alpha each.

    scale: times what the objective is to be; shown: the alpha that belongs to it.  A warning, stacklevel calls up, if one did
    not converge."""
    coef = np.zeros((model.Y.shape[1], model.p) if model.many else model.p)
    named = alpha if shown is None else shown
    steps: list[Step] = []
    if model.many:
        steps = model.steps(alpha, warm_start, coef)
        k = max(range(len(steps)), key=lambda k: _ORDER[steps[k].status])
        worst, at = steps[k], float(np.broadcast_to(named, len(steps))[k])
    else:
        if warm_start is not None:
            model.start(warm_start, alpha)
        worst, at = model.descent.step(alpha, coef), named
    if not worst.status.converged:
        asked = f"tol={model.tol:g}" + (f" with max_iter={model.max_iter}" if shown is None else "")  # ridge has none
        warn_unconverged(f"at alpha={at:.6g}", worst.gap, worst.objective, worst.status, asked, stacklevel)
    if not model.many:
        _, _, intercept, objective, gap, n_iter, status, _ = worst
        objective, gap = scale * objective, scale * gap
        return Fit(coef, intercept, named, model.l1_ratio, objective, gap, n_iter, status, model.names, model.relax)
    of_each = list(zip(*steps, strict=True))
    intercepts, objectives, gaps = np.array(of_each[2]), scale * np.array(of_each[3]), scale * np.array(of_each[4])
    n_iter, status = max(of_each[5]), worst.status
    return Fit(coef.T, intercepts, named, model.l1_ratio, objectives, gaps, n_iter, status, model.names, model.relax)
