"""The warning of fastreg for those who filter scikit-learn's; imported only where scikit-learn is."""

from __future__ import annotations

from sklearn import exceptions

from fastreg import _results


class ConvergenceWarning(_results.ConvergenceWarning, exceptions.ConvergenceWarning):  # type: ignore[misc]
    """A solution was returned that did not reach its tolerance."""
