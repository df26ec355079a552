"""The alpha, and the l1_ratio, with the least error on rows left out.

It knows options, grids and folds; the errors come from errors.py, the path of all rows from there or from _lasso.py.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _input, _lasso, _options
from fastreg._descent import OUTCOMES
from fastreg._model import Model, Options
from fastreg._results import warn_unconverged
from fastreg._selection.errors import fold_errors
from fastreg._selection.held import Errors, Folds, Groups, Held
from fastreg._selection.progress import bar
from fastreg._selection.results import CVPath, CVStep, curve, with_curves
from fastreg._selection.tall import groups_of, waves, whole

Floats = NDArray[np.float64]
LOSSES = ("mse", "mae")
LEAST, MOST = 1e-140, 1e150  # sizes of y whose squares, and shares of them, float64 holds


class Choice(NamedTuple):
    """What is cross-validated, and how, beside the options of a path."""

    l1_ratios: list[float]
    alphas: int | Floats
    alpha_min_ratio: float | None
    loss: str
    n_threads: int
    callback: Any
    verbose: bool


def shares(value: Any, name: str) -> list[float]:
    """Numbers from 0 to 1, at least one."""
    given = _input.real_array(value, name)
    if given.ndim > 1 or given.size == 0:
        raise ValueError(f"{name} has shape {given.shape}; a number from 0 to 1, or a sequence of them, is needed.")
    return [_input.number(float(one), name, 0.0, 1.0) for one in np.atleast_1d(given)]


def choose(
    X: Any,
    y: Any,
    l1_ratios: list[float],
    relax: Any,
    options: Options,
    cv: Any,
    alphas: Any,
    alpha_min_ratio: Any,
    loss: Any,
    random_state: Any,
    n_threads: Any,
    callback: Any,
    verbose: Any,
) -> Any:
    """The CVPath of lasso_cv and elastic_net_cv, or one for each target."""
    alphas, alpha_min_ratio = _input.grid_of(alphas, alpha_min_ratio)
    if isinstance(alphas, int):
        for one in l1_ratios:
            _input.share(one)
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f'loss is {loss!r}; "mse" or "mae" is needed.')
    seed, n_threads = _input.count(random_state, "random_state", 0), _input.count(n_threads, "n_threads")
    callback = _options.stop(None, None, callback).callback
    verbose = _input.flag(verbose, "verbose")
    relaxed = shares(relax, "relax")
    options = options._replace(relax=max(relaxed))
    reading = Reading(cv, seed, loss == "mse" and min(l1_ratios) > 0.0)
    model = Model(X, y, options, l1_ratios[0], read=reading)
    weights = np.ones(model.problem.n) if model.problem.root is None else model.problem.root**2
    choice = Choice(l1_ratios, alphas, alpha_min_ratio, loss, n_threads, callback, verbose)
    found = []
    for k, _ in enumerate(model.targets()):
        target: Floats = (model.Y[:, k] if model.many else model.Y).astype(np.float64)
        if k > 0:
            reading(model.design, target, None if model.problem.root is None else weights, model.offset)
        if loss == "mse":
            _squares_hold(model)
        held = Held(model, options, target, reading.folds, weights, reading.waves, reading.groups, np.array(relaxed))
        found.append(_best(held, choice, k))
    return tuple(found) if model.many else found[0]


def _squares_hold(model: Model) -> None:
    """Refuse a target whose squares leave float64."""
    problem = model.descent.problem
    with np.errstate(over="ignore"):
        size = np.abs(problem.y).max() / problem.sy
    if not (size == 0.0 or LEAST < size < MOST):
        raise _input.errors_out_of_range("mse")


class Reading:
    """Reads X once for the folds, and tells what that says of all rows.

    moments: whether errors can be had from moments."""

    def __init__(self, cv: Any, seed: int, moments: bool) -> None:
        self.cv, self.seed, self.moments = cv, seed, moments
        self.folds: Folds = []
        self.groups: Groups | None = None
        self.waves: list[Folds] = []

    def __call__(self, X: Any, y: NDArray[Any], weights: Floats | None, offset: Floats | None) -> tuple[Floats, Floats] | None:
        """Means and products of [X y - offset], where the folds are had from moments."""
        n = X.shape[0]
        if not self.folds:
            self.folds = _options.folds_that_count(_options.folds(self.cv, n, self.seed), weights)
        if not self.moments:
            return None
        root = None if weights is None else np.sqrt(weights)
        self.waves, kinds = waves(X, self.folds)
        if not self.waves:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            self.groups = groups_of(X, y if offset is None else y - offset, root, self.waves[0], kinds)
        return None if self.groups is None else whole(self.groups, n)


def _best(held: Held, choice: Choice, target: int) -> CVPath:
    """The CVPath of the l1_ratio with the least error, of the target that the model is set to."""
    model, curves, done = held.model, [], 0
    total = len(choice.l1_ratios) * (choice.alphas if isinstance(choice.alphas, int) else choice.alphas.size)
    with ExitStack() as stack:
        advance = bar(stack, total, f"{len(held.folds)} folds") if choice.verbose else None
        for l1_ratio in choice.l1_ratios:
            model.l1_ratio = model.descent.l1_ratio = l1_ratio
            grid = choice.alphas
            if isinstance(grid, int):
                grid = _lasso.grid(model, grid, choice.alpha_min_ratio)
            order = np.argsort(-grid, kind="stable")
            down, start = grid[order], done

            def watch(errors: Errors, l1_ratio: float = l1_ratio, down: Floats = down, start: int = start) -> bool:
                nonlocal done
                done += 1
                if advance is not None:
                    advance()
                told = CVStep(float(down[done - start - 1]), l1_ratio, _told(errors, choice.loss), done, total)
                return choice.callback is not None and _lasso.is_true(choice.callback(told))

            watched = None if choice.callback is None and advance is None else watch
            errors, trace = fold_errors(held, down, choice.n_threads, watched)
            if not np.isfinite(getattr(errors, choice.loss)).all():
                raise _input.errors_out_of_range(choice.loss)
            order = order[: len(errors.mse)]
            place = np.argsort(order)  # in the order of the alphas as they were given
            warn_of_folds(errors, down, held.model.tol, held.model.max_iter)
            gap = largest_gap(errors)
            for k, share in enumerate(held.shares.tolist()):
                model.relax = model.descent.relax = share
                if trace is None:
                    path = _lasso.one_path(model, grid[np.sort(order)], target=target)
                else:
                    path = _lasso.as_path(model, grid, order, trace.steps[k], dict(trace.counts))
                model.descent.restart()
                on_folds = np.ascontiguousarray(getattr(errors, choice.loss)[place, :, k].T)
                curves.append(curve(path.alphas, on_folds, choice.loss, path, gap, share))
    return with_curves(curves)


def largest_gap(errors: Errors) -> float:
    """Of all fits to folds, relative to the objective; infinite where float64 holds neither."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(errors.objective > 0.0, errors.gap / errors.objective, 0.0)
    return float(np.where(np.isnan(gaps), np.inf, gaps).max())


def _told(errors: Errors, loss: str) -> Floats:
    """The errors on each fold, (folds,), or (folds, shares)."""
    found: Floats = getattr(errors, loss)
    return found[:, 0].copy() if found.shape[1] == 1 else found.copy()


def warn_of_folds(errors: Errors, alphas: Floats, tol: float, max_iter: int) -> None:
    """One warning, where some fit to a fold did not converge."""
    ok = np.array([status.converged for status in OUTCOMES])[errors.status]
    if ok.all():
        return
    at = np.argwhere(~ok)
    k, fold = max(at.tolist(), key=lambda at: errors.gap[*at] / errors.objective[*at] if errors.objective[*at] > 0.0 else 0.0)
    where = f"at {len(at)} of {ok.size} fits to folds, worst at alpha={alphas[k]:.6g} in fold {fold}"
    asked = f"tol={tol:g} with max_iter={max_iter}"
    status = OUTCOMES[errors.status[k, fold]]
    warn_unconverged(where, float(errors.gap[k, fold]), float(errors.objective[k, fold]), status, asked, stacklevel=5)
