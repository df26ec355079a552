"""The best of many alphas for ridge, by errors on rows that had no part in the fit.

It knows folds, criteria and targets; the errors of leave-one-out and GCV come from spectrum.py, those of folds from folds.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastreg import _input, _options
from fastreg._model import Options
from fastreg._ridge.folds import fold_errors
from fastreg._ridge.functions import Reduced, fit_at, penalised_model
from fastreg._ridge.results import RidgeSelection
from fastreg._ridge.solver import TOL
from fastreg._selection.criteria import best

Floats = NDArray[np.float64]


def ridge_cv(
    X: ArrayLike,
    y: ArrayLike,
    alphas: int | ArrayLike = 100,
    *,
    cv: Any = "loo",
    alpha_per_target: bool = False,
    random_state: int = 0,
    fit_intercept: bool = True,
    standardize: bool = False,
    sample_weight: ArrayLike | None = None,
    penalty_factor: ArrayLike | None = None,
    penalty_matrix: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    row_errors: bool = False,
) -> RidgeSelection:
    """Ridge at the alpha with the least error on rows left out.

    The objective, its scaling and the options are those of `ridge`.

    Parameters
    ----------
    X, y, fit_intercept, standardize, sample_weight, penalty_factor, penalty_matrix, offset
        As in `ridge`.  Factors of standardised columns are those of all rows for "loo" and "gcv", and of its training rows for
        a fold.
    alphas : int, or array of shape (K,)
        As in `ridge_path`.  They mean the same for a fold as for all rows: none is rescaled.
    cv : "loo", "gcv", int, array of shape (n,), or iterable of (train, test)
        Exact leave-one-out errors, generalised cross-validation, so many folds of shuffled rows, the fold of each row (any
        labels), or the rows to fit and the rows to judge by, e.g. scikit-learn's `KFold(5).split(X)`; these may overlap, but no
        row comes twice in one of them.
    alpha_per_target : bool
        Whether each of t targets is to have its own alpha, or all of them the one with the least mean error.
    random_state : int
        Seed of the shuffle.
    row_errors : bool
        Whether to keep the error of each row by "loo": 8 n K t bytes.

    Returns
    -------
    RidgeSelection
        The error of every alpha (and on every fold), the best alpha, and the `Fit` to all rows at it.  Over folds the error is
        the mean of the weighted mean squared errors on each, whatever their sizes.

    Raises
    ------
    ValueError, TypeError
        As `ridge`.

    Notes
    -----
    Cost: "loo" and "gcv" as `ridge_path` without coefficients; folds: one Gram matrix for all of them together, one for the
    fit where n >= p, and 4 to 9 r^3 for the spectrum of each fold, r = min(n, p).  Folds that cut across one another, and for
    n < p those of standardised columns, take a Gram matrix each.  No fold copies its rows of X.  The error of a fold is good to
    about 1e-16 kappa, kappa the condition number of X'X + alpha D relative to D; for n >= p and kappa above 1e10 the fold is
    fitted from X.

    References
    ----------
    Golub, Heath and Wahba (1979), Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter.

    Examples
    --------
    >>> import numpy as np, fastreg as fr
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> chosen = fr.ridge_cv(X, [1.1, 1.9, 3.1, 3.9], alphas=[0.01, 0.1, 1.0, 10.0])
    >>> chosen.alpha, chosen.errors.round(4)
    (0.1, array([0.0225, 0.0178, 0.1821, 1.3556]))
    """
    grid = _input.grid(alphas)
    per_target = _input.flag(alpha_per_target, "alpha_per_target")
    keep = _input.flag(row_errors, "row_errors")
    if keep and not (isinstance(cv, str) and cv == "loo"):
        raise ValueError('row_errors is True, but only cv="loo" has an error for each row.')
    seed = _input.count(random_state, "random_state", 0)
    options = Options(fit_intercept, standardize, sample_weight, penalty_factor, offset=offset, tol=TOL)
    model = penalised_model(X, y, options, penalty_matrix)
    criterion = cv if isinstance(cv, str) else "folds"
    folds = None if isinstance(cv, str) else _options.folds(cv, model.problem.n, seed)
    if folds is None and cv not in ("loo", "gcv"):
        raise ValueError(f'cv is {cv!r}; "loo", "gcv", a number of folds, the fold of each row, or pairs of rows are needed.')
    on_folds = each = None
    if folds is not None:
        alphas = Reduced(model, grid, False).alphas if isinstance(grid, int) else grid
        on_folds = fold_errors(model, options, alphas, folds)
        errors = on_folds.mean(axis=0)
    else:
        reduced = Reduced(model, grid, cv == "loo")
        alphas = reduced.alphas
        each = np.zeros((model.problem.n, alphas.size, len(reduced.problems))) if keep else None
        errors = reduced.leave_one_out(each) if cv == "loo" else reduced.gcv()
    if np.isnan(errors).all():
        raise ValueError(f"cv is {cv!r}, but one sample leaves none to judge by; two rows of weight > 0 are needed.")
    chosen: Any
    index: Any
    if per_target and model.many:
        index = np.array([best(column, alphas) for column in errors.T])
        chosen = alphas[index]
    else:
        errors = errors.mean(axis=1)
        on_folds = None if on_folds is None else on_folds.mean(axis=2)
        index = best(errors, alphas)
        chosen = float(alphas[index])
    rows = each if each is None or model.many else each[:, :, 0]
    return RidgeSelection(alphas, errors, on_folds, rows, chosen, index, fit_at(model, chosen), criterion)
