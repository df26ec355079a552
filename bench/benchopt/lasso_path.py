"""fastreg in benchopt's benchmark_lasso_path: 1/2 |y - b - Xw|^2 + lambda |w|_1 for each of lambdas."""

import warnings

import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import SufficientProgressCriterion

import fastreg as fr


class Solver(BaseSolver):
    name = "fastreg"
    install_cmd = "conda"
    requirements = ["pip::fastreg-solvers"]  # noqa: RUF012  (a list is what benchopt reads)
    sampling_strategy = "tolerance"
    # one tolerance is often met with the answer of the last: some of the same do not mean that there is no better one
    stopping_criterion = SufficientProgressCriterion(patience=7, eps=1e-15, strategy="tolerance")

    def set_objective(self, X, y, lambdas, fit_intercept):
        self.arguments = {"X": X, "y": y, "alphas": lambdas / X.shape[0], "fit_intercept": fit_intercept}
        warnings.filterwarnings("ignore", category=fr.ConvergenceWarning)  # a tolerance below rounding is asked for, too

    def warm_up(self):
        self.run_once(1.0)

    def get_next(self, tolerance):
        return min(tolerance, 1.0) / 10

    def run(self, tolerance):
        self.path = fr.lasso_path(**self.arguments, tol=tolerance)

    def get_result(self):
        coefs, intercepts = self.path.coefs, self.path.intercepts
        return {"coefs": np.vstack([coefs, intercepts]) if self.arguments["fit_intercept"] else coefs}
