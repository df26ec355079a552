"""fastreg in benchopt's benchmark_lasso: 1/2 |y - b - Xw|^2 + lmbd |w|_1."""

import warnings

import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import SufficientProgressCriterion
from scipy.sparse.linalg import LinearOperator

import fastreg as fr


class Solver(BaseSolver):
    name = "fastreg"
    install_cmd = "conda"
    requirements = ["pip::fastreg-solvers"]  # noqa: RUF012  (a list is what benchopt reads)
    sampling_strategy = "tolerance"
    # one tolerance is often met with the answer of the last: some of the same do not mean that there is no better one
    stopping_criterion = SufficientProgressCriterion(patience=7, eps=1e-15, strategy="tolerance")

    def skip(self, X, y, lmbd, fit_intercept):
        if isinstance(X, LinearOperator):
            return True, "fastreg needs the entries of X"
        return False, None

    def set_objective(self, X, y, lmbd, fit_intercept):
        self.arguments = {"X": X, "y": y, "alpha": lmbd / X.shape[0], "fit_intercept": fit_intercept}
        warnings.filterwarnings("ignore", category=fr.ConvergenceWarning)  # a tolerance below rounding is asked for, too

    def warm_up(self):
        self.run_once(1.0)

    def get_next(self, tolerance):
        return min(tolerance, 1.0) / 10

    def run(self, tolerance):
        self.fit = fr.lasso(**self.arguments, tol=tolerance)

    def get_result(self):
        return {"beta": np.append(self.fit.coef, self.fit.intercept) if self.arguments["fit_intercept"] else self.fit.coef}
