"""What every estimator has: scikit-learn's conventions by duck typing.

It knows the conventions; it must not know any model.  scikit-learn is imported only by what scikit-learn itself calls (tags,
routing), or where it has been imported already (the class of an error).
"""

from __future__ import annotations

import inspect
import sys
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastreg
from fastreg import _foreign, _input
from fastreg._estimators import chunked

Floats = NDArray[np.float64]


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before it was fitted; scikit-learn's class of this name where that is imported."""


@lru_cache
def parameters(cls: Any) -> dict[str, Any]:
    """The names of the constructor's arguments, and their defaults."""
    signature = inspect.signature(cls.__init__)
    return {name: one.default for name, one in signature.parameters.items() if name != "self"}


def determination(residual: Any, total: Any) -> Any:
    """1 - residual / total; without a total 0, or 1 where there is no residual."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0.0, 1.0 - residual / total, np.where(residual > 0.0, 0.0, 1.0))


def too_few(stacklevel: int) -> float:
    """The score of one row, with scikit-learn's warning."""
    warnings.warn("R^2 score is not well-defined with less than two samples.", UserWarning, stacklevel=stacklevel)
    return float("nan")


class Estimator:
    """A linear regressor with scikit-learn's attributes."""

    _estimator_type = "regressor"
    coef_: Floats
    intercept_: Any
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    # Parameters

    def _parameters(self) -> dict[str, Any]:
        kind: Any = type(self)
        return parameters(kind)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Estimator:
        """Change arguments of the constructor; returns self."""
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"Invalid parameter {name!r} for {type(self).__name__}; valid are {', '.join(known)}.")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = (
            f"{name}={value!r}"
            for name, default in self._parameters().items()
            if (value := getattr(self, name)) is not default and repr(value) != repr(default)
        )
        return f"{type(self).__name__}({', '.join(given)})"

    # Predictions

    def predict(self, X: Any) -> Any:
        """X @ coef_.T + intercept_.

        Parameters
        ----------
        X : array, sparse matrix, data frame or dask collection of shape (n, p)
            Anything that `fastreg.lasso` takes, or a collection of dask, of which predictions are one, too; with the names of
            the fit, if it has any.  Of a frame of dask the columns of the fit are taken by name, whatever else it has.

        Returns
        -------
        ndarray of shape (n,) or (n, t), float64
            Of a dask array a dask array, of a dask frame a series, or a frame for several targets, with its index.

        Raises
        ------
        ValueError, TypeError
            For an X of other columns; what is wrong with a chunk of dask names it where the predictions are computed.
        NotFittedError
            Before `fit`.
        """
        self._check_is_fitted()
        if _foreign.is_dask(X):
            return chunked.predict(self, X)
        found: Floats = self._array(X, fitting=False) @ self.coef_.T + self.intercept_
        return found

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The coefficient of determination of the predictions, the mean over targets.

        Parameters
        ----------
        X : array, sparse matrix, data frame or dask collection of shape (n, p)
            As in `predict`.
        y : array of shape (n,) or (n, t)
            For X of dask as in `fastreg.distributed.gram_stats`: a collection, or names of columns of a frame X.
        sample_weight : array of shape (n,), optional
            For X of dask likewise.

        Returns
        -------
        float
            1.0 or 0.0 where a target is constant, nan for one row.

        Raises
        ------
        ValueError, TypeError
            As `predict`.
        """
        if _foreign.is_dask(X):
            self._check_is_fitted()
            return chunked.score(self, X, y, sample_weight)
        y = np.asarray(_input.real_array(y, "y"), np.float64)
        if y.shape[:1] == (1,):
            return too_few(stacklevel=3)
        missed = np.square(y - self.predict(X).reshape(y.shape))
        spread = np.square(y - np.average(y, axis=0, weights=sample_weight))
        residual, total = (np.average(one, axis=0, weights=sample_weight) for one in (missed, spread))
        return float(np.mean(determination(residual, total)))

    # Checks

    def _check_is_fitted(self) -> None:
        if not hasattr(self, "coef_"):
            known = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", NotFittedError)
            raise known(f"This {type(self).__name__} is not fitted yet; call fit first.")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coef_")

    def _array(self, X: Any, fitting: bool) -> Any:
        """X for a prediction, dense or sparse, with the features of the fit; fitting: remember these instead."""
        names = _foreign.column_names(X)
        sparse = None if type(X) is np.ndarray else _foreign.sparse(X, "X")
        if sparse is None:
            X = _input.real_array(X, "X") if not is_complex(X) else _refuse_complex()
            if X.ndim != 2:
                raise ValueError(
                    f"Expected 2D array, got {X.ndim}D array instead (X has shape {X.shape}). Reshape your data with "
                    "X.reshape(-1, 1) for one feature or X.reshape(1, -1) for one sample."
                )
        elif is_complex(X):
            _refuse_complex()
        n, p = X.shape
        if fitting:
            self._remember(p, names)
        if n == 0:
            raise ValueError(f"Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
        if p == 0:
            raise ValueError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
        if fitting:
            return X
        self._check_names(names)
        if p != self.n_features_in_:
            raise ValueError(
                f"X has {p} features, but {type(self).__name__} is expecting {self.n_features_in_} features as input."
            )
        if sparse is not None:
            return _input.predictors(X, p)
        if not np.isfinite(X).all():
            raise _input.not_finite(X, "X")
        return X

    def _remember(self, p: int, names: tuple[str, ...] | None) -> None:
        self.n_features_in_ = p
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)

    def _check_names(self, names: tuple[str, ...] | None) -> None:
        """As scikit-learn words it, which other packages look for."""
        fitted = getattr(self, "feature_names_in_", None)
        me = type(self).__name__
        if fitted is None and names is not None:
            warnings.warn(f"X has feature names, but {me} was fitted without feature names", UserWarning, stacklevel=4)
        elif fitted is not None and names is None:
            warnings.warn(
                f"X does not have valid feature names, but {me} was fitted with feature names", UserWarning, stacklevel=4
            )
        elif fitted is not None and names is not None and list(fitted) != list(names):
            raise ValueError(_different(list(fitted), list(names)))

    # scikit-learn's protocols

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            transformer_tags=None,
            classifier_tags=None,
            regressor_tags=RegressorTags(),
            input_tags=InputTags(sparse=True),
        )

    def get_metadata_routing(self) -> Any:
        """What of sample_weight this estimator asks for, where scikit-learn routes metadata."""
        return self._get_metadata_request()

    def _get_metadata_request(self) -> Any:
        """What fit and score themselves ask for, also where parts of an estimator get metadata; the name is scikit-learn's."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = getattr(self, "_metadata_request", None)
        if request is None:
            request = MetadataRequest(owner=self)
            request.fit.add_request(param="sample_weight", alias=None)
            request.score.add_request(param="sample_weight", alias=None)
        return request

    def set_fit_request(self, *, sample_weight: Any) -> Estimator:
        """Ask for sample_weight in fit; see scikit-learn's metadata routing."""
        return self._request("fit", sample_weight)

    def set_score_request(self, *, sample_weight: Any) -> Estimator:
        """Ask for sample_weight in score; see scikit-learn's metadata routing."""
        return self._request("score", sample_weight)

    def _request(self, method: str, sample_weight: Any) -> Estimator:
        request = self._get_metadata_request()
        getattr(request, method).add_request(param="sample_weight", alias=sample_weight)
        self._metadata_request = request
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_fastreg_version": fastreg.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        found = state.pop("_fastreg_version", None)
        if found != fastreg.__version__:
            me = type(self).__name__
            warnings.warn(
                f"This {me} was pickled by fastreg {found} and is read by {fastreg.__version__}; fit it anew if it misbehaves.",
                UserWarning,
                stacklevel=2,
            )
        self.__dict__.update(state)


def is_complex(X: Any) -> bool:
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    return isinstance(kind, str) and kind == "c"  # of what dask puts off every attribute is put off as well


def _refuse_complex() -> Any:
    raise ValueError("Complex data not supported: X is complex; real numbers are needed.")


def _different(fitted: list[str], names: list[str]) -> str:
    lines = ["The feature names should match those that were passed during fit."]
    unseen, missing = sorted(set(names) - set(fitted)), sorted(set(fitted) - set(names))
    for title, some in (
        ("Feature names unseen at fit time:", unseen),
        ("Feature names seen at fit time, yet now missing:", missing),
    ):
        if some:
            lines += [title, *(f"- {name}" for name in some[:5]), *(["- ..."] if len(some) > 5 else [])]
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
    return "\n".join([*lines, ""])
