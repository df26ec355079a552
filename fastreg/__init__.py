"""fastreg: lasso, elastic net and ridge, solved to a certified duality gap.

Public names are resolved on first use (PEP 562), so that `import fastreg` costs next to nothing; scipy, matplotlib and the
compiled kernels are loaded by the functions that need them.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastreg import capi as capi
    from fastreg import datasets as datasets
    from fastreg import display as display
    from fastreg import distributed as distributed
    from fastreg import prox as prox
    from fastreg._batch import lasso_batch as lasso_batch
    from fastreg._batch import lasso_gram_batch as lasso_gram_batch
    from fastreg._certificate import certify as certify
    from fastreg._estimators.lasso_cv import ElasticNetCV as ElasticNetCV
    from fastreg._estimators.lasso_cv import LassoCV as LassoCV
    from fastreg._estimators.linear import ElasticNet as ElasticNet
    from fastreg._estimators.linear import Lasso as Lasso
    from fastreg._estimators.linear import Ridge as Ridge
    from fastreg._estimators.ridge_cv import RidgeCV as RidgeCV
    from fastreg._gramstats import GramStats as GramStats
    from fastreg._lasso import alpha_max as alpha_max
    from fastreg._lasso import elastic_net as elastic_net
    from fastreg._lasso import elastic_net_path as elastic_net_path
    from fastreg._lasso import lasso as lasso
    from fastreg._lasso import lasso_path as lasso_path
    from fastreg._nodewise import Nodewise as Nodewise
    from fastreg._nodewise import nodewise_lasso as nodewise_lasso
    from fastreg._norms import norm as norm
    from fastreg._norms import normalize as normalize
    from fastreg._norms import subgradient as subgradient
    from fastreg._quadratic import lasso_gram as lasso_gram
    from fastreg._quadratic import ridge_gram as ridge_gram
    from fastreg._results import Batch as Batch
    from fastreg._results import Certificate as Certificate
    from fastreg._results import ConvergenceWarning as ConvergenceWarning
    from fastreg._results import Fit as Fit
    from fastreg._results import Path as Path
    from fastreg._results import Status as Status
    from fastreg._ridge.functions import ridge as ridge
    from fastreg._ridge.functions import ridge_path as ridge_path
    from fastreg._ridge.results import RidgePath as RidgePath
    from fastreg._ridge.results import RidgeSelection as RidgeSelection
    from fastreg._ridge.selection import ridge_cv as ridge_cv
    from fastreg._selection.cv import elastic_net_cv as elastic_net_cv
    from fastreg._selection.cv import lasso_cv as lasso_cv
    from fastreg._selection.results import CVPath as CVPath
    from fastreg._selection.results import CVStep as CVStep
    from fastreg.prox import soft_threshold as soft_threshold

__version__ = "0.1.0"

_HOMES = {
    "alpha_max": "_lasso",
    "certify": "_certificate",
    "elastic_net": "_lasso",
    "elastic_net_cv": "_selection.cv",
    "elastic_net_path": "_lasso",
    "lasso": "_lasso",
    "lasso_batch": "_batch",
    "lasso_cv": "_selection.cv",
    "lasso_gram": "_quadratic",
    "lasso_gram_batch": "_batch",
    "lasso_path": "_lasso",
    "nodewise_lasso": "_nodewise",
    "norm": "_norms",
    "normalize": "_norms",
    "ridge": "_ridge.functions",
    "ridge_cv": "_ridge.selection",
    "ridge_gram": "_quadratic",
    "ridge_path": "_ridge.functions",
    "soft_threshold": "prox",
    "subgradient": "_norms",
    "Batch": "_results",
    "CVPath": "_selection.results",
    "CVStep": "_selection.results",
    "Certificate": "_results",
    "ConvergenceWarning": "_results",
    "ElasticNet": "_estimators.linear",
    "ElasticNetCV": "_estimators.lasso_cv",
    "Fit": "_results",
    "GramStats": "_gramstats",
    "Lasso": "_estimators.linear",
    "LassoCV": "_estimators.lasso_cv",
    "Nodewise": "_nodewise",
    "Path": "_results",
    "Ridge": "_estimators.linear",
    "RidgeCV": "_estimators.ridge_cv",
    "RidgePath": "_ridge.results",
    "RidgeSelection": "_ridge.results",
    "Status": "_results",
}
_MODULES = ("capi", "datasets", "display", "distributed", "prox")

__all__ = ["__version__", "get_include", *_HOMES, *_MODULES]


def get_include() -> str:
    """The directory of fastreg.h, for `include_dirs` of an extension in C or C++; Cython finds the .pxd files by itself."""
    return os.path.join(os.path.dirname(__file__), "include")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
