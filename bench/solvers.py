"""One adapter for each solver: its package, and for each kind of task that it takes part in a function(task, tol) -> answer.

Peers are imported inside; who is not installed is left out of a run and named.  A new solver joins by one entry of SOLVERS.
`tol` is the solver's own tolerance: what it buys is verified by tasks.Task.gap, for all in the same way.
"""

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from . import glmnet, references

MANY = 100_000  # iterations: a tolerance is to end a solve, never this
TOLERANCES = tuple(10.0**-k for k in range(2, 15))  # from the loosest on, until one is near enough: race.py


@dataclass(frozen=True)
class Solver:
    """distribution: whose version is told; module: what is imported, None for what comes along; kinds: name -> function;
    scale: of tolerances, for those that bound the square of a step."""

    name: str
    distribution: str
    module: str | None
    kinds: dict[str, Callable]
    dense_only: bool = False
    scale: float = 1.0

    def takes(self, race_kind, sparse):
        return race_kind in self.kinds and not (sparse and self.dense_only)

    def absent(self):
        """Why this solver cannot run, or None."""
        if self.name == "glmnet":
            return glmnet.absent()
        return None if self.module is None or importlib.util.find_spec(self.module) else "not installed"

    def version(self):
        return glmnet.version() if self.name == "glmnet" else importlib.metadata.version(self.distribution)


def fastreg_path(task, tol):
    import fastreg as fr

    if len(task.alphas) == 1:
        return fr.elastic_net(task.X, task.y, task.alphas[0], l1_ratio=task.l1_ratio, fit_intercept=False, tol=tol).coef[
            :, None
        ]
    return fr.elastic_net_path(task.X, task.y, alphas=task.alphas, l1_ratio=task.l1_ratio, fit_intercept=False, tol=tol).coefs


def fastreg_cv(task, tol):
    import fastreg as fr

    return fr.lasso_cv(task.X, task.y, cv=task.fold_of, alphas=task.alphas, tol=tol).errors


def fastreg_ridge(task, tol):
    import fastreg as fr

    coef = fr.ridge(task.X, task.y, task.alphas[0], fit_intercept=False).coef
    return coef if coef.ndim == 2 else coef[:, None]


def fastreg_ridge_path(task, tol):
    import fastreg as fr

    return fr.ridge_path(task.X, task.y, task.alphas, fit_intercept=False).coefs


def fastreg_map(task, tol):
    from fastreg import prox

    out = task.kept.setdefault("out", np.empty_like(task.y))  # in place, as a caller with a loop would
    return getattr(prox, task.case[0])(task.y, *task.case[1], out=out)


def numpy_path(task, tol):
    return references.lasso_path(task.X, task.y, task.alphas, tol)[0]


def numpy_cv(task, tol):
    return references.lasso_cv(
        task.X, task.y, task.fold_of, lambda X, y: references.lasso_path(X, y, task.alphas, tol)[:2], [0.0]
    )[0][0].mean(axis=0)


def numpy_ridge(task, tol):
    return references.ridge(task.X, task.y, task.alphas[0])[0].reshape(task.X.shape[1], -1)


def numpy_ridge_path(task, tol):
    return references.ridge_path(task.X, task.y, task.alphas)[0]


def numpy_map(task, tol):
    return task.case[2](task.y, *task.case[1])


def sklearn_path(task, tol):
    from sklearn.linear_model import enet_path

    return enet_path(task.X, task.y, l1_ratio=task.l1_ratio, alphas=task.alphas, tol=tol, max_iter=MANY, copy_X=False)[1]


def sklearn_cv(task, tol):
    from sklearn.linear_model import LassoCV

    return LassoCV(alphas=task.alphas, cv=task.folds, tol=tol, max_iter=MANY).fit(task.X, task.y).mse_path_.mean(axis=1)


def sklearn_ridge(task, tol):
    from sklearn.linear_model import Ridge

    solver = "cholesky" if isinstance(task.X, np.ndarray) else "auto"
    coef = Ridge(alpha=task.alphas[0], fit_intercept=False, solver=solver, copy_X=False).fit(task.X, task.y).coef_
    return coef.reshape(-1, task.X.shape[1]).T


def celer_path(task, tol):
    from celer import celer_path

    return celer_path(task.X, task.y, "lasso", alphas=task.alphas, l1_ratio=task.l1_ratio, tol=tol, max_iter=1000)[1]


def by_folds(path):
    """Cross-validation by a function of paths, fold by fold on centred rows, and one fit to all rows at the best alpha."""

    def solve(task, tol):
        errors = []
        for kept, out in task.folds:
            X, y, x_mean, y_mean = references.center(task.X[kept], task.y[kept])
            predicted = y_mean + (task.X[out] - x_mean) @ path(replace(task, X=X, y=y, kept={}), tol)
            errors.append(np.mean((task.y[out, None] - predicted) ** 2, axis=0))
        mean = np.mean(errors, axis=0)
        X, y, _, _ = references.center(task.X, task.y)
        path(replace(task, X=X, y=y, kept={}, alphas=task.alphas[: 1 + np.argmin(mean)]), tol)
        return mean

    return solve


def skglm_path(task, tol):
    from skglm.datafits import Quadratic
    from skglm.penalties import L1, L1_plus_L2
    from skglm.solvers import AndersonCD

    penalty = L1(task.alphas[0]) if task.l1_ratio == 1.0 else L1_plus_L2(task.alphas[0], task.l1_ratio)
    solver = AndersonCD(tol=tol, max_iter=1000, max_epochs=MANY, fit_intercept=False, warm_start=True)
    return solver.path(task.X, task.y, Quadratic(), penalty, alphas=task.alphas)[1]


def adelie_path(task, tol):
    import adelie as ad
    from scipy import sparse

    X = task.X
    if not isinstance(X, np.ndarray):  # it takes matrices, not arrays; made by the first call, which is not the fastest
        if "adelie" not in task.kept:
            task.kept["adelie"] = ad.matrix.sparse(sparse.csc_matrix(X), method="naive", n_threads=1)
        X = task.kept["adelie"]
    state = ad.grpnet(
        X=X,
        glm=ad.glm.gaussian(task.y),
        alpha=task.l1_ratio,
        lmda_path=task.alphas,
        intercept=False,
        early_exit=False,  # neither near a saturated fit nor where little is explained further
        adev_tol=1.0,
        ddev_tol=0.0,
        tol=tol,
        max_iters=10**8,
        n_threads=1,
        progress_bar=False,
    )
    return state.betas.T  # sparse


def glum_path(task, tol):
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        l1_ratio=task.l1_ratio,
        alpha_search=True,
        alphas=task.alphas,
        fit_intercept=False,
        gradient_tol=tol,
        max_iter=1000,
        copy_X=False,
    )
    return model.fit(task.X, task.y).coef_path_.T


def three(function):
    """The kinds that a function of coefficient paths serves."""
    return dict.fromkeys(("lasso", "lasso path", "elastic net path"), function)


RIDGES = ("ridge", "ridge, 32 targets")
SOLVERS = {
    solver.name: solver
    for solver in (
        Solver(
            "fastreg",
            "fastreg-solvers",
            None,
            three(fastreg_path)
            | dict.fromkeys(RIDGES, fastreg_ridge)
            | {"cv": fastreg_cv, "ridge path": fastreg_ridge_path, "map": fastreg_map},
        ),
        Solver(
            "numpy",
            "numpy",
            None,
            {"lasso": numpy_path, "lasso path": numpy_path, "cv": numpy_cv, "ridge path": numpy_ridge_path, "map": numpy_map}
            | dict.fromkeys(RIDGES, numpy_ridge),
            dense_only=True,
        ),
        Solver(
            "scikit-learn",
            "scikit-learn",
            "sklearn",
            three(sklearn_path) | dict.fromkeys(RIDGES, sklearn_ridge) | {"cv": sklearn_cv},
        ),
        Solver("celer", "celer", "celer", three(celer_path) | {"cv": by_folds(celer_path)}),
        Solver("skglm", "skglm", "skglm", three(skglm_path) | {"cv": by_folds(skglm_path)}),
        Solver("adelie", "adelie", "adelie", three(adelie_path) | {"cv": by_folds(adelie_path)}, scale=1e-3),
        Solver("glum", "glum", "glum", three(glum_path)),
        Solver("glmnet", "glmnet", None, three(glmnet.path), scale=1e-3),
    )
}
BUILT_IN = ("fastreg", "numpy")


def chosen(peers=None):
    """The solvers of a run and, by name, why others are not in it.  peers: names, or None for all that are installed."""
    if peers is not None and (unknown := sorted(set(peers) - set(SOLVERS))):
        from fastreg._files import Refusal

        raise Refusal(
            f"there is no peer {unknown[0]!r}; there are {', '.join(name for name in SOLVERS if name not in BUILT_IN)}."
        )
    absent, present = {}, []
    for name, solver in SOLVERS.items():
        if name not in BUILT_IN and peers is not None and name not in peers:
            absent[name] = "not asked for"
        elif reason := solver.absent():
            absent[name] = reason
        else:
            present.append(name)
    return present, absent
