"""Ridge for one alpha, for many, and for the best of many.

    minimise over w and b    sum_i s_i (y_i - o_i - b - x_i'w)^2 + alpha w'Dw

It knows alphas, options and results; how a problem is solved is for solver.py (one alpha) and spectrum.py (many).

                          r = min(n, p)                                                  multiply-adds
    one alpha             Cholesky factor of the smaller Gram matrix, for all targets    n p r/2 + r^3/6
    many                  eigenvalues of the smaller Gram matrix                         n p r/2 + 9 r^3
    no row left out       tridiagonal form of X'X, p >= 500                              n p r/2 + 4 r^3
    many, one tiny        singular values of X, where rounding would show otherwise      3 n p r + 20 r^3
    what is left of them  as one alpha, where the gap is not what is asked for           r^3/6 each
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._model import Model, Options, fit_targets
from fastreg._normalise import Problem
from fastreg._results import Fit, Status, warn_unconverged
from fastreg._ridge.design import EPS, Design, Directions
from fastreg._ridge.results import RidgePath
from fastreg._ridge.solver import FLOOR, TOL, row_gram
from fastreg._ridge.spectrum import KAPPA, SAFE_SHARE, VANISHING, ByColumns, ByRows, Numbers, Target
from fastreg._ridge.tridiagonal import Tridiagonal, by_columns
from fastreg._selection.criteria import log_mean_square

Floats = NDArray[np.float64]

# A grid that is not given goes from TOP to BOTTOM times the largest eigenvalue of X'X, or further down to LEAST times the
# smallest that is not rounding: from next to none to nearly all degrees of freedom, of every direction.
TOP, BOTTOM, LEAST = 10.0, 1e-6, 1e-2
ROUNDING = 16  # in EPS of the largest eigenvalue; the smallest of dependent columns comes to 6 at most, of up to 300


def ridge(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float | ArrayLike,
    *,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    penalty_matrix: ArrayLike | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    positive: bool = False,
    offset: ArrayLike | None = None,
    tol: float = TOL,
) -> Fit:
    """Minimise |y - b - Xw|^2 + alpha |w|^2 (scikit-learn's Ridge scaling), for each column of y.

    With options: sum_i s_i (y_i - offset_i - b - x_i'w)^2 + alpha w'Dw, lower_j <= w_j <= upper_j, where D = diag(u) or any.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n, p)
        Dense float32 or float64 in any layout, and CSC, is read in place; other real dtypes are converted to float64 once,
        other sparse formats to CSC.  It is copied (centred) only where X is rank deficient and alpha too small to make up for
        it.
    y : array of shape (n,) or (n, t)
        One target or t targets; copied to float64, twice where there are several.
    alpha : float >= 0, or array of shape (t,)
        Weight of the penalty, one for each target if it is an array; 0 is least squares, of smallest norm where X is rank
        deficient (Status.MINIMUM_NORM).
    fit_intercept : bool
        Whether to fit the unpenalised b.  X is centred implicitly, piece by piece, so that a large mean costs no precision.
    standardize, penalty_factor, lower, upper, positive, offset
        As in `lasso`; penalty_factor is the u_j.
    sample_weight : array of shape (n,), optional
        Weights s_i >= 0 as they are, not rescaled, as in scikit-learn's Ridge: twice the weights are half the alpha.
    penalty_matrix : array of shape (p, p), optional
        D, symmetric without negative eigenvalues (Tikhonov's regularisation).  Not together with penalty_factor, standardize
        or bounds.
    tol : float >= 0
        The gap to reach, relative to the objective.  A factor is far below the default whatever it is; iterations (bounds,
        large sparse X) stop there, for sparse X at a thousandth of it: it bounds the objective and not the coefficients.

    Returns
    -------
    Fit
        coef (p,) or (p, t), intercept, objective and dual_gap, scalars or one per target; objective - optimum <= dual_gap.

    Raises
    ------
    ValueError, TypeError
        In one sentence, for bad shapes, values that are not finite, and options out of range.

    Warns
    -----
    ConvergenceWarning
        Where rounding keeps the gap above tol times the objective (Status.STALLED).

    Notes
    -----
    Cost: n p min(n, p)/2 for the Gram matrix, min(n, p)^3/6 for its factor, 4 n p per target for the solution, its residual
    and gradient, which give one step of iterative refinement and the gap.  With penalty_matrix min(n, p) is p.  With bounds:
    coordinate descent and Newton steps on the Gram matrix of all columns, as in `elastic_net` with l1_ratio = 0.  A sparse X
    with more than 3000 rows and columns is solved by LSMR.  Where X is singular to rounding, singular values stand for the
    factor: the gap is then good to their own rounding, and takes directions below it for absent (Status.MINIMUM_NORM).

    References
    ----------
    Hoerl and Kennard (1970), Ridge Regression: Biased Estimation for Nonorthogonal Problems, eq. 2.1.
    Saunders, Gammerman and Vovk (1998), Ridge Regression Learning Algorithm in Dual Variables, eq. 8.

    Examples
    --------
    >>> import fastreg as fr
    >>> fit = fr.ridge([[1.0], [-1.0]], [2.0, -2.0], alpha=2.0)
    >>> fit.coef, fit.intercept
    (array([1.]), 0.0)
    """
    each = type(alpha) is not float and np.ndim(alpha) > 0
    if not each:
        alpha = _input.number(alpha, "alpha", 0.0)
    options = Options(fit_intercept, standardize, sample_weight, penalty_factor, lower, upper, positive, offset, tol=tol)
    model = penalised_model(X, y, options, penalty_matrix)
    if each:
        alpha = _options.alpha_of_targets(alpha, model.Y.shape[1] if model.many else None)
    return fit_at(model, alpha)


def penalised_model(X: Any, y: Any, options: Options, penalty_matrix: Any) -> Model:
    """X, its targets and options, with D."""
    model = Model(X, y, options, 0.0, whole=True)
    if penalty_matrix is not None:
        _options.alone(options, "penalty_matrix", ("penalty_factor", "standardize", "lower", "upper", "positive"))
        model.problem.matrix = _options.penalty_matrix(penalty_matrix, model.p)
    return model


def fit_at(model: Model, alpha: Any) -> Fit:
    """The fit of all targets at alpha, a number or one for each, in the scaling of `ridge`."""
    # with weights t s_i, sum_i s_i = n, this is 2 t n times the objective of elastic_net at alpha / (t n)
    scale = model.weight
    return fit_targets(model, alpha / scale, None, 5, 2.0 * scale, alpha)


def ridge_path(
    X: ArrayLike,
    y: ArrayLike,
    alphas: int | ArrayLike = 100,
    *,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    penalty_matrix: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    leave_one_out: bool = True,
) -> RidgePath | tuple[RidgePath, ...]:
    """Ridge for many alphas from one reduction of X, with leave-one-out errors and more to choose an alpha by.

    The objective, its scaling and the options are those of `ridge`; bounds have no closed form (`elastic_net_path` with
    l1_ratio = 0 takes them).

    Parameters
    ----------
    X, y, fit_intercept, standardize, sample_weight, penalty_factor, penalty_matrix, offset
        As in `ridge`.
    alphas : int, or array of shape (K,), each >= 0
        In any order; an int is so many, evenly on a log scale, from 10 down to 1e-6 times the largest eigenvalue of X'X (with
        options: of the penalised part, relative to D), or to a 100th of the smallest one above rounding where that is less:
        a direction of eigenvalue e keeps the share e / (e + alpha) of its least squares coefficient, so that the best alpha
        for columns in small units, beside one in large units, may be far below 1e-6 of the largest e.
    leave_one_out : bool
        Whether to compute `loo`, which reads X once more where n >= p.

    Returns
    -------
    RidgePath, or a tuple of one for each target where y is (n, t)
        Coefficients (p, K) float64 with gaps, degrees of freedom, GCV, leave-one-out errors and marginal likelihoods, in the
        order of alphas; `select` gives the best fit.

    Raises
    ------
    ValueError, TypeError
        As `ridge`.

    Warns
    -----
    ConvergenceWarning
        Where rounding keeps a gap above 1e-6 of the objective.

    Notes
    -----
    With r = min(n, p): n p r/2 multiply-adds for the Gram matrix and about 9 r^3 for its eigenvalues, once; or 3 n p r + 20 r^3
    for singular values, where the condition number at the smallest alpha is above 1e7.  Then for each alpha r for everything
    but the coefficients (r p and, where n < p, n p) and the leave-one-out errors (n r; once n p r where n >= p).  Needs
    8 r^2 bytes three times, 8 p K for the coefficients, and for leave-one-out with a sparse X a copy of X by rows.

    References
    ----------
    Golub, Heath and Wahba (1979), Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter, eq. 1.4.
    Allen (1974), The Relationship between Variable Selection and Data Augmentation (leave-one-out errors).
    MacKay (1992), Bayesian Interpolation, section 4 (marginal likelihood).

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    >>> path = fr.ridge_path(X, [3.0, 0.5, -3.0, -0.5], alphas=[0.0, 2.0])
    >>> path.coefs
    array([[3.  , 1.5 ],
           [0.5 , 0.25]])
    >>> path.df
    array([3., 2.])
    """
    loo = _input.flag(leave_one_out, "leave_one_out")
    options = Options(fit_intercept, standardize, sample_weight, penalty_factor, offset=offset, tol=TOL)
    return paths(X, y, alphas, options, penalty_matrix, leave_one_out=loo)


def paths(
    X: Any,
    y: Any,
    alphas: Any,
    options: Options,
    penalty_matrix: Any,
    *,
    leave_one_out: bool = False,
    rows: int | None = None,
    fixed: int = 0,
) -> RidgePath | tuple[RidgePath, ...]:
    """`ridge_path`; rows, fixed: how many rows X stands for, and unpenalised directions that it has no column for."""
    grid = _input.grid(alphas)
    reduced = Reduced(penalised_model(X, y, options, penalty_matrix), grid, leave_one_out, rows, fixed)
    errors = reduced.leave_one_out() if leave_one_out else None
    found = []
    for k in range(len(reduced.problems)):
        found.append(reduced.path(k, None if errors is None else errors[:, k]))
        _warn_unconverged(found[k])
    return tuple(found) if reduced.model.many else found[0]


def _warn_unconverged(path: RidgePath) -> None:
    for k, status in enumerate(path.statuses):
        if not status.converged:
            at = f"at alpha={path.alphas[k]:.6g}"
            warn_unconverged(at, float(path.dual_gaps[k]), float(path.objectives[k]), status, f"tol={TOL:g}")
            return


def penalties(model: Model, alphas: Floats) -> Floats:
    """l2 of the kernel for each alpha."""
    return np.array([model.problem.penalties(float(alpha) / model.weight, 0.0)[1] for alpha in alphas])


@dataclass(frozen=True)
class Scaling:
    """How kernel scaling reads in public: objective is public over kernel |y - Xw|^2 + l2 w'Dw."""

    objective: float
    square: float  # (public units of y)^2 / n over kernel |y|^2
    unit: float
    mean: Floats
    y_mean: float
    n: int  # rows of weight > 0


class Reduced:
    """The spectrum of a model, and the alphas that it is asked for.

    leave_out: whether rows are to be left out; rows, fixed: as in `paths`."""

    def __init__(self, model: Model, grid: int | Floats, leave_out: bool, rows: int | None = None, fixed: int = 0) -> None:
        self.model, self.problems, self.rows, self.more_fixed = model, model.all_targets(), rows, fixed
        problem, solver = model.problem, model.descent.ridge
        self.found: ByRows | ByColumns | Tridiagonal
        if problem.n < problem.p and problem.matrix is None:
            self.found = solver.by_rows()
            self.design = self.found.design
        else:
            self.design = Design(problem, solver.directions())
            gram, least = self._gram(self.design), 0.0
            if not leave_out:
                small = BOTTOM * float(np.diag(gram).max())
                least = small if isinstance(grid, int) else float(penalties(model, grid).min())
            self.found = by_columns(gram, self.design.directions, least)
        self.design.source = model.design
        self.products = problem.products([target.y for target in self.problems])
        self.targets = self._targets_of(self.found)
        if isinstance(grid, int):
            least, largest = self._ends()
            grid = np.geomspace(largest, least, grid) / float(penalties(model, np.ones(1))[0])
        self.alphas, self.l2 = grid, penalties(model, grid)
        if self.found.condition(float(self.l2.min())) > KAPPA or self._nearly_fits():
            self._refine()

    def _ends(self) -> tuple[float, float]:
        """The least and the largest l2 of a grid."""
        lam = self.found.lam
        rounding = max(lam.size, ROUNDING) * EPS * self.found.top
        if (lam <= rounding).any() and self._hidden(rounding):
            self._refine()
            lam, rounding = self.found.lam, 0.0
        largest = float(lam.max(initial=0.0)) or 1.0
        return min(BOTTOM * largest, LEAST * float(lam[lam > rounding].min(initial=largest))), TOP * largest

    def _hidden(self, rounding: float) -> bool:
        """Whether rounding of the Gram matrix may hide eigenvalues that X has: those of columns in small units."""
        if isinstance(self.found, ByRows):
            return True
        gram, penalised = self.found.gram, self.found.directions.penalised
        return bool((np.diag(penalised.between(gram, penalised)) <= rounding).any())

    def _gram(self, design: Design) -> Floats:
        """X'X, whole."""
        gram = np.empty((self.model.problem.p, self.model.problem.p))
        self.model.descent.ridge.system.gram(gram)
        if self.model.problem.centered:
            gram -= self.model.problem.n * np.outer(design.drift, design.drift)
        return gram

    def _targets_of(self, found: ByRows | ByColumns | Tridiagonal) -> list[Target]:
        every = zip(self.problems, self.products, strict=True)
        return [found.target(k, one.y, xy, float(one.y @ one.y)) for k, (one, xy) in enumerate(every)]

    def _refine(self) -> None:
        if self.found.method == "svd":
            return
        self.found = self.found.refined(self.design, np.column_stack([target.y for target in self.problems]))
        self.targets = self._targets_of(self.found)

    def _nearly_fits(self) -> bool:
        """Whether the residual of a target is little more than the rounding of |y|^2, which the Gram matrix takes it from."""
        if isinstance(self.found, ByRows):
            return False
        least = self.l2[[int(self.l2.argmin())]]
        return any(self.found.numbers(target, least).rss[0] < SAFE_SHARE * target.yy for target in self.targets)

    def scaling(self, problem: Problem) -> Scaling:
        """That of one target."""
        means = np.empty(problem.p)
        problem.columns.means(means)
        square = 1.0 / problem.n / problem.sy / problem.sy
        rows = self.rows or int(np.count_nonzero(self.design.root))
        return Scaling(self.model.weight * square, square, problem.unit, means, problem.y_mean, rows)

    def leave_one_out(self, each: Floats | None = None) -> Floats:
        """The mean squares of the errors, (K, t); each: (n, K, t) to write the errors to, NaN for rows of weight 0."""
        assert not isinstance(self.found, Tridiagonal)
        errors = self.found.leave_one_out(self.design, self.targets, self.l2, each)
        if errors is None:  # a row that stands alone: differences of nearly equal numbers would not do
            self._refine()
            errors = self.found.leave_one_out(self.design, self.targets, self.l2, each)
            assert errors is not None
        plain = self.model.problem.factors is None and self.model.problem.matrix is None
        if not plain and not self.l2.all():
            least = None if each is None else np.empty((each.shape[0], 1, each.shape[2]))
            errors[self.l2 == 0.0] = self._leave_one_out_without_penalty(least)
            if each is not None and least is not None:
                each[:, self.l2 == 0.0] = least
        if each is not None:
            root = np.where(self.design.root > 0.0, self.design.root, np.nan)
            each /= root[:, None, None] * np.array([problem.sy for problem in self.problems])
        scaled: Floats = errors * np.array([self.scaling(problem).square for problem in self.problems])
        return scaled

    def _leave_one_out_without_penalty(self, each: Floats | None) -> Floats:
        """At l2 = 0 the solution of least norm counts, whatever D is."""
        u = self.design.directions.u
        design = Design(self.design.problem, Directions(np.where(u < np.inf, 1.0, np.inf)), self.design.source)
        Y = np.column_stack([target.y for target in self.problems])
        found: ByRows | ByColumns
        if isinstance(self.found, ByRows):
            found = ByRows(row_gram(design), design).refined(design, Y)
        else:
            found = ByColumns(self._gram(design), design.directions, design, Y)
        targets = self._targets_of(found)
        errors = found.leave_one_out(design, targets, np.zeros(1), each)
        assert errors is not None
        return errors

    @property
    def fixed(self) -> int:
        """How many directions are not penalised, with the intercept."""
        centered = int(self.model.problem.centered and not isinstance(self.found, ByRows))
        return int(self.found.k) + self.more_fixed + centered

    def gcv(self) -> Floats:
        """Generalised cross-validation of every target, (K, t)."""
        return np.column_stack([self.numbers(k)[2] for k in range(len(self.problems))])

    def numbers(self, index: int) -> tuple[Numbers, Floats, Floats]:
        """(Numbers, df, gcv) of a target."""
        scaling, numbers = self.scaling(self.problems[index]), self.found.numbers(self.targets[index], self.l2)
        # n - df without the difference of what is nearly equal where everything is fitted, and with its limit at l2 = 0
        some = numbers
        if not self.l2.all():
            some = self.found.numbers(self.targets[index], np.where(self.l2 > 0.0, self.l2, VANISHING * self.found.top))
        left = (scaling.n - self.fixed - self.found.lam.size) + some.left
        with np.errstate(divide="ignore", invalid="ignore"):
            return numbers, self.fixed + numbers.df, some.rss * scaling.square / (left / scaling.n) ** 2

    def path(self, index: int, loo: Floats | None) -> RidgePath:
        """The path of one target; loo: its leave-one-out errors."""
        problem, target, l2 = self.problems[index], self.targets[index], self.l2
        scaling, (numbers, df, gcv) = self.scaling(problem), self.numbers(index)
        objectives, rss, floor = 0.5 * numbers.objective, numbers.rss, FLOOR * target.yy
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            w = self.found.coefs(target, l2)
            gaps = 0.5 * self.found.gaps(target, l2, w, numbers.objective)
        good = gaps <= np.maximum(TOL * objectives, floor)
        for penalised in (True, False):
            good[(l2 > 0.0) == penalised] &= self.found.determined(float(penalised))
        reached = (np.maximum(gaps, floor) <= TOL * objectives) | (gaps == 0.0)
        statuses = [Status.CONVERGED if has else Status.PRECISION for has in reached.tolist()]
        n_iters = np.ones(l2.size, np.intp)
        for k in np.flatnonzero(~good).tolist():
            one = self.model.descent.ridge.solve(float(l2[k]), TOL, problem.y)
            w[k], objectives[k], gaps[k], rss[k], n_iters[k] = one.w, one.objective, one.gap, one.residual, one.n_iter
            statuses[k] = one.status
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            w *= scaling.unit
            intercepts = scaling.y_mean - w @ scaling.mean
            value, left = 2.0 * scaling.objective * objectives, scaling.n - self.fixed
            evidence = -0.5 * (left * (np.log(2.0 * np.pi * value / left) + 1.0) + numbers.log_det)
        if not np.isfinite(intercepts).all():
            raise _input.coefficients_out_of_range()
        return RidgePath(
            alphas=self.alphas,
            coefs=w.T,
            intercepts=intercepts,
            objectives=value,
            dual_gaps=2.0 * scaling.objective * np.maximum(gaps, floor),
            deviance_ratio=1.0 - rss / target.yy if target.yy > 0.0 else np.zeros(l2.size),
            n_rows=scaling.n,
            log_mse=log_mean_square(rss, target.yy, problem.n, problem.sy),
            df=df,
            gcv=gcv,
            loo=loo,
            log_marginal_likelihood=evidence,
            statuses=tuple(statuses),
            n_iters=n_iters,
            method=self.found.method,
            feature_names=self.model.names,
        )
