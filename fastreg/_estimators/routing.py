"""Folds of an estimator's rows, and metadata for what makes or judges them.

It knows scikit-learn's routing; it must not know any model.
"""

from __future__ import annotations

import sys
from typing import Any

from fastreg import _options

Folds = _options.CheckedFolds


def row_folds(cv: Any, X: Any, y: Any, given: dict[str, Any]) -> Folds:
    """cv as pairs (train, test): so many folds of rows in their order, what a splitter makes of `given`, or pairs."""
    if hasattr(cv, "split") and not isinstance(cv, (str, bytes)):
        cv = list(cv.split(X, y, **given))
    return _options.folds(cv, X.shape[0], None)


def router(estimator: Any, **parts: tuple[Any, str]) -> Any:
    """What fit of an estimator passes on, to methods of parts that may ask for metadata or not."""
    from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping

    found = MetadataRouter(owner=estimator).add_self_request(estimator)
    for name, (part, method) in parts.items():
        found.add(method_mapping=MethodMapping().add(caller="fit", callee=method), **{name: part})
    return found


def routed(estimator: Any, sample_weight: Any, params: dict[str, Any]) -> Any:
    """{part: {method: what it asked for}} of what was passed to fit; None where scikit-learn does not route metadata."""
    config: dict[str, Any] = getattr(sys.modules.get("sklearn"), "get_config", dict)()
    if not config.get("enable_metadata_routing", False):
        if params:
            raise ValueError(
                f"{type(estimator).__name__}.fit got {', '.join(params)}, which is only supported if "
                "enable_metadata_routing=True; see sklearn.set_config."
            )
        return None
    from sklearn.utils.metadata_routing import process_routing

    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    return process_routing(estimator, "fit", **weights, **params)
