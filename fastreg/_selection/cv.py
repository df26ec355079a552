"""Lasso and elastic net at the alpha, and the l1_ratio, with the least error on rows left out.

It knows options, grids and folds; the errors come from lockstep.py, the path of all rows from _lasso.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _lasso, _options
from fastreg._descent import OUTCOMES
from fastreg._model import Model, Options
from fastreg._results import warn_unconverged
from fastreg._selection.errors import fold_errors
from fastreg._selection.held import Errors, Folds, Groups, Held
from fastreg._selection.progress import bar
from fastreg._selection.results import CVPath, curve, with_curves
from fastreg._selection.tall import groups_of, whole

Floats = NDArray[np.float64]
LOSSES = ("mse", "mae")
LEAST, MOST = 1e-140, 1e150  # sizes of y whose squares, and shares of them, float64 holds


class CVStep(NamedTuple):
    """What a callback is told after each alpha."""

    alpha: float
    l1_ratio: float
    errors: Floats  #: the error on each fold, (folds,); (folds, shares) for several amounts of relaxation
    done: int  #: alphas that are done
    total: int  #: of so many, over all l1_ratios


class Choice(NamedTuple):
    """What is cross-validated, and how, beside the options of a path."""

    l1_ratios: list[float]
    alphas: int | Floats
    alpha_min_ratio: float | None
    loss: str
    n_threads: int
    callback: Any
    verbose: bool


def lasso_cv(
    X: ArrayLike,
    y: ArrayLike,
    *,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    loss: str = "mse",
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    n_threads: int = 1,
    callback: Callable[[CVStep], Any] | None = None,
    verbose: bool = False,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha |w|_1 at every alpha of a grid, for all rows and for folds of them.

    Parameters
    ----------
    X, y, alphas, alpha_min_ratio, fit_intercept, penalty_factor, lower, upper, positive, offset, tol, max_iter
        As in `lasso_path`.  X is read in place: no fold copies rows of it.  The grid is that of all rows, and alphas mean the
        same for a fold, whose objective divides by its own rows.
    standardize : bool
        As in `lasso`, with the standard deviations of a fold's own rows for the fold.
    sample_weight : array of shape (n,), optional
        As in `lasso`; the error on a fold is the weighted mean, and folds count alike whatever their weights.
    cv : int, array of shape (n,), or iterable of (train, test)
        So many folds of shuffled rows, the fold of each row (any labels), or the rows to fit and the rows to judge by, e.g.
        scikit-learn's `KFold(5).split(X)`; these may overlap, but no row comes twice in one of them.
    loss : "mse" or "mae"
        The error to choose by: squared, or absolute.
    relax : float from 0 to 1, or a sequence of them
        Shares of least squares on the support in the coefficients, as in `lasso`; folds too are judged by relaxed fits.  A
        factor of each support serves all shares.
    random_state : int
        Seed of the shuffle.
    n_threads : int
        Folds are shared out over so many threads.  The folds of a thread read X together, so that more threads read more.
    callback : function of a CVStep, optional
        Called after each alpha, from the largest down, with its errors; if it returns True the alphas end there.
    verbose : bool
        Show progress on stderr: a bar of tqdm if that is installed, a plain line if not.

    Returns
    -------
    CVPath, or a tuple of one CVPath per target for y of shape (n, t)
        errors and their standard errors, alpha_min, alpha_1se, and the path fitted to all rows.

    Raises
    ------
    ValueError, TypeError
        As `lasso_path`, and for folds without rows.

    Warns
    -----
    ConvergenceWarning
        One, where fits to folds did not converge, and one for the path.

    Notes
    -----
    All folds go down the grid together, each with a working set of its own, so that a column is read once for all of them.
    Every fit to a fold is certified by the duality gap; CVPath.dual_gap is the largest, relative to the objective.  Errors are
    equal to those of separate fits of each fold, to the tolerance.

    Takes 28 p + 80 n bytes for each of up to 32 folds at a time in each thread (of all, where there is a callback or verbose),
    and 12 % of X, 24 MB, or what X leaves of 192 MB, whichever is most; the folds themselves are 8 bytes a row each.

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), Regularization Paths for Generalized Linear Models via Coordinate Descent,
    section 2.5.
    Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, section 3.4.3 (one standard error).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 200))
    >>> chosen = fr.lasso_cv(X, X[:, 3] - 2 * X[:, 7] + rng.standard_normal(60), cv=5)
    >>> chosen.fit_1se.support
    array([3, 7])
    """
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        tol=tol,
        max_iter=max_iter,
    )
    return _chosen(X, y, [1.0], relax, options, cv, alphas, alpha_min_ratio, loss, random_state, n_threads, callback, verbose)


def elastic_net_cv(
    X: ArrayLike,
    y: ArrayLike,
    *,
    l1_ratio: float | Sequence[float] = 0.5,
    cv: Any = 10,
    alphas: int | ArrayLike = 100,
    alpha_min_ratio: float | None = None,
    loss: str = "mse",
    relax: float | Sequence[float] = 0.0,
    random_state: int = 0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: Any = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    tol: float = 1e-6,
    max_iter: int = 10_000,
    n_threads: int = 1,
    callback: Callable[[CVStep], Any] | None = None,
    verbose: bool = False,
) -> Any:
    """Minimise 1/(2n) |y - b - Xw|^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) at every alpha of a grid and every
    l1_ratio, for all rows and for folds of them.

    Parameters
    ----------
    l1_ratio : float from 0 to 1, or a sequence of them
        Each has a grid of its own, unless alphas is an array.  0 (ridge) takes one factor for each alpha and fold, and needs
        alphas to be an array.

    The other parameters, errors and method are those of `lasso_cv`.

    Returns
    -------
    CVPath, or a tuple of one CVPath per target for y of shape (n, t)
        That of the l1_ratio with the least error (the first of equally good ones); `curves` has those of all.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 200))
    >>> y = X[:, 3] - 2 * X[:, 7] + rng.standard_normal(60)
    >>> chosen = fr.elastic_net_cv(X, y, l1_ratio=[0.2, 0.9], cv=5)
    >>> chosen.l1_ratio, len(chosen.curves)
    (0.9, 2)
    """
    options = Options(
        fit_intercept,
        standardize,
        sample_weight,
        penalty_factor,
        lower,
        upper,
        positive,
        offset,
        tol=tol,
        max_iter=max_iter,
    )
    each = _shares(l1_ratio, "l1_ratio")
    return _chosen(X, y, each, relax, options, cv, alphas, alpha_min_ratio, loss, random_state, n_threads, callback, verbose)


def _shares(value: Any, name: str) -> list[float]:
    """Numbers from 0 to 1, at least one."""
    given = _input.real_array(value, name)
    if given.ndim > 1 or given.size == 0:
        raise ValueError(f"{name} has shape {given.shape}; a number from 0 to 1, or a sequence of them, is needed.")
    return [_input.number(float(one), name, 0.0, 1.0) for one in np.atleast_1d(given)]


def _chosen(
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
    alphas = _input.grid(alphas)
    if alpha_min_ratio is not None:
        alpha_min_ratio = _input.number(alpha_min_ratio, "alpha_min_ratio", 1e-15, 1.0)
        _input.needs_a_grid(alphas)
    if isinstance(alphas, int):
        for one in l1_ratios:
            _input.share(one)
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f'loss is {loss!r}; "mse" or "mae" is needed.')
    seed, n_threads = _input.count(random_state, "random_state", 0), _input.count(n_threads, "n_threads")
    callback = _options.stop(None, None, callback).callback
    verbose = _input.flag(verbose, "verbose")
    shares = _shares(relax, "relax")
    options = options._replace(relax=max(shares))
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
        held = Held(model, options, target, reading.folds, weights, reading.groups, np.array(shares))
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

    def __call__(self, X: Any, y: NDArray[Any], weights: Floats | None, offset: Floats | None) -> tuple[Floats, Floats] | None:
        """Means and products of [X y - offset], where the folds are had from moments."""
        n = X.shape[0]
        if not self.folds:
            self.folds = _options.folds_that_count(_options.folds(self.cv, n, self.seed), weights)
        if not self.moments:
            return None
        root = None if weights is None else np.sqrt(weights)
        with np.errstate(over="ignore", invalid="ignore"):
            self.groups = groups_of(X, y if offset is None else y - offset, root, self.folds)
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
            place = np.argsort(order[: len(errors.mse)])  # in the order of the alphas as they were given
            grid = grid[np.sort(order[: len(errors.mse)])]
            _warn(held, errors, down)
            gap = _largest_gap(errors)
            for k, share in enumerate(held.shares.tolist()):
                model.relax = model.descent.relax = share
                if trace is None:
                    path = _lasso.one_path(model, grid, target=target)
                else:
                    path = _lasso.as_path(model, grid, np.argsort(place), trace.steps[k], dict(trace.counts))
                model.descent.restart()
                on_folds = np.ascontiguousarray(getattr(errors, choice.loss)[place, :, k].T)
                curves.append(curve(grid, on_folds, choice.loss, path, gap, share))
    return with_curves(curves)


def _largest_gap(errors: Errors) -> float:
    """Of all fits to folds, relative to the objective; infinite where float64 holds neither."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.where(errors.objective > 0.0, errors.gap / errors.objective, 0.0)
    return float(np.where(np.isnan(gaps), np.inf, gaps).max())


def _told(errors: Errors, loss: str) -> Floats:
    """The errors on each fold, (folds,), or (folds, shares)."""
    found: Floats = getattr(errors, loss)
    return found[:, 0].copy() if found.shape[1] == 1 else found.copy()


def _warn(held: Held, errors: Errors, alphas: Floats) -> None:
    """One warning, where some fit to a fold did not converge."""
    ok = np.array([status.converged for status in OUTCOMES])[errors.status]
    if ok.all():
        return
    at = np.argwhere(~ok)
    k, fold = max(at.tolist(), key=lambda at: errors.gap[*at] / errors.objective[*at] if errors.objective[*at] > 0.0 else 0.0)
    where = f"at {len(at)} of {ok.size} fits to folds, worst at alpha={alphas[k]:.6g} in fold {fold}"
    asked = f"tol={held.model.tol:g} with max_iter={held.model.max_iter}"
    status = OUTCOMES[errors.status[k, fold]]
    warn_unconverged(where, float(errors.gap[k, fold]), float(errors.objective[k, fold]), status, asked, stacklevel=5)
