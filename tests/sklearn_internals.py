"""Tests of scikit-learn's linear models and of its routing that fastreg's estimators do not pass, and why that is no fault.

They test how scikit-learn solves a problem, how it words an error, or a limit of its solvers.  `test_sklearn_suite.py` runs all
the others, and finds an entry that is no longer needed.
"""

from typing import NamedTuple

VERSION = "1.9"  # of scikit-learn, whose tests these are


class Internal(NamedTuple):
    """Cases of one test: all, or those whose id matches a regular expression."""

    test: str
    reason: str
    cases: str = ".*"


INTERNALS = {
    "linear_model.tests.test_coordinate_descent": [
        Internal("test_1d_multioutput_enet_and_multitask_enet_cv", "compares with its solver, which is 1e-4 off the optimum"),
        Internal("test_1d_multioutput_lasso_and_multitask_lasso_cv", "compares with its solver, which is 1e-4 off the optimum"),
        Internal("test_check_input_false", "demands an error for C order; fastreg takes any layout"),
        Internal("test_elasticnet_precompute_incorrect_gram", "wording; a ValueError too"),
        Internal("test_enet_coordinate_descent_raises_convergence", "one iteration is enough to converge here"),
        Internal("test_enet_copy_X_False_check_input_False", "demands that X is overwritten; fastreg never does"),
        Internal("test_enet_float_precision", "coefficients are float64, also of a float32 X"),
        Internal("test_enet_l1_ratio", "wording; a ValueError too"),
        Internal("test_enet_nonfinite_params", "wording; a ValueError too"),
        Internal("test_lasso_alpha_warning", "its solver warns of alpha=0, where fastreg converges"),
        Internal("test_lasso_dual_gap", "another dual point, and a gap that covers its own rounding"),
        Internal("test_lassoCV_does_not_set_precompute", "counts fits of the Lasso that scikit-learn's LassoCV uses"),
        Internal("test_lassocv_alphas_validation", "wording; a ValueError or TypeError too"),
        Internal("test_multioutput_enetcv_error", "demands an error for several targets, which have an alpha each here"),
        Internal("test_overridden_gram_matrix", "a Gram matrix that is not centred is an error, not made anew with a warning"),
        Internal("test_uniform_targets", "the alphas of a constant target, for which any will do; predictions are exact"),
        Internal("test_warm_start", "twice 5 iterations of its solver are 10"),
        Internal("test_warm_start_convergence", "n_iter_ counts otherwise; a start with more non-zeros than rows is left out"),
    ],
    "linear_model.tests.test_sparse_coordinate_descent": [
        Internal("test_sparse_enet_coordinate_descent", "two iterations are enough to converge here"),
    ],
    "linear_model.tests.test_ridge": [
        Internal("test_dtype_match", "coefficients are float64, also of a float32 X"),
        Internal("test_dtype_match_cholesky", "coefficients are float64, also of a float32 X"),
        Internal("test_lbfgs_solver_error", "max_iter of its solver; fastreg converges"),
        Internal("test_n_iter", "max_iter and n_iter_ of its solvers; fastreg has one of its own"),
        Internal("test_raises_value_error_if_sample_weights_greater_than_1d", "wording; a ValueError too"),
        Internal("test_regularization_limits_ridge_gcv", "a warning that its gcv_mode takes no sparse X", r"csr_.*-svd-.*"),
        Internal("test_ridge_cv_individual_penalties", "wording; one row left out has no R^2, and larger folds are no error"),
        Internal("test_ridge_fit_intercept_sparse_error", "demands an error for a sparse X from solvers of its own"),
        Internal("test_ridge_fit_intercept_sparse_sag", "demands a warning for a sparse X from a solver of its own"),
        Internal("test_ridge_individual_penalties", "wording; a ValueError too"),
        Internal("test_ridge_loo_cv_asym_scoring", "one row always scores 1: all alphas tie, and fastreg takes the largest"),
        Internal("test_ridge_positive_error_test", "demands an error for positive from solvers of its own"),
        Internal("test_ridgecv_alphas_validation", "wording; a ValueError or TypeError too", r".*-RidgeCV"),
        Internal(
            "test_ridgecv_alphas_zero", "demands an error for alpha=0 left out by rows, which fastreg has", "RidgeCV-None"
        ),
        Internal("test_ridgecv_sample_weight", "R^2 of one row is nan, and scikit-learn takes the first alpha then"),
        Internal("test_ridgecv_store_cv_results", "wording; a ValueError too"),
    ],
    "tests.test_metaestimators_metadata_routing": [],
}
