"""Criteria that weigh how well a least-squares fit does against how much it may bend.

With n rows, mean squared residual m (sum_i s_i r_i^2 / sum_i s_i) and k degrees of freedom, the intercept's among them:

    aic     L + 2 k
    aicc    L + 2 k + 2 (k + 1)(k + 2) / (n - k - 2)        Hurvich and Tsai (1989), but for a constant n
    bic     L + k log n
    ebic    L + k log n + 2 gamma log C(p, s)               Chen and Chen (2008), eq. 1: s of p columns were chosen
    gcv     m / (1 - k/n)^2                                 Golub, Heath and Wahba (1979)

L = n log m is -2 log likelihood at the most likely variance of the noise, but for a constant; n m / noise at a known one, where
nothing is estimated that aicc would have to correct: it is aic then.

n log m falls without end where everything can be fitted.  m is therefore no less than its rounding, 64 eps of the mean
square of y, and a fit that leaves fewer than two degrees of freedom (aicc: fewer than three; gcv: none) is worth infinity
unless the noise is known.  If y is constant, m is 0 at every alpha and L is taken for 0.

This module knows the formulas; it must not know paths, nor how anything was fitted.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastreg import _input

Floats = NDArray[np.float64]

NAMES = ("aic", "aicc", "bic", "ebic", "gcv")
FLOOR = 64 * float(np.finfo(np.float64).eps)  # the smallest gap that is ever claimed is so much of |y|^2


class Evidence(NamedTuple):
    """What is known of K fits to the same rows."""

    log_mse: Floats  # log m
    k: Floats  # degrees of freedom, with the intercept
    n: float
    log_choices: Floats  # log C(p, s)


def log_mean_square(rss: Floats, total: float, n: int, scale: float) -> Floats:
    """log m of residuals with squares adding up to rss, total for w = 0, over n scale^2; -inf where y is constant."""
    if total <= 0.0:
        return np.full(rss.shape, -np.inf)
    # 1 / scale^2 may leave the range of float64
    logs: Floats = np.log(np.maximum(rss, FLOOR * total) / n) - 2.0 * math.log(scale)
    return logs


def log_binomial(p: int, s: int) -> float:
    """log C(p, s), 0 <= s <= p"""
    return math.lgamma(p + 1) - math.lgamma(s + 1) - math.lgamma(p - s + 1)


def values(name: str, evidence: Evidence, gamma: float = 1.0, noise: float | None = None) -> Floats:
    """The criterion of this name for each fit: the least is best.  noise: the variance of a row of weight 1, if it is known."""
    log_mse, k, n, log_choices = evidence
    gamma = _input.number(gamma, "gamma", 0.0)
    if name not in NAMES:
        raise ValueError(f"criterion is {name!r}; one of {', '.join(map(repr, NAMES))} is needed.")
    if noise is not None:
        noise = _input.number(noise, "noise", float(np.finfo(np.float64).tiny))
    if name == "gcv":
        if noise is not None:
            raise ValueError('noise is given, but the criterion "gcv" needs no variance; one of the others takes it.')
        return _gcv(log_mse, k, n)
    with np.errstate(over="ignore"):
        fit = np.where(log_mse == -np.inf, 0.0, n * log_mse) if noise is None else n * np.exp(log_mse - math.log(noise))
    if name == "aicc" and noise is None:
        left = n - k - 2.0
        with np.errstate(divide="ignore"):
            return np.where(left > 0.0, fit + 2.0 * k + 2.0 * (k + 1.0) * (k + 2.0) / left, np.inf)
    price = k * (math.log(n) if name in ("bic", "ebic") else 2.0)
    if name == "ebic":
        price = price + 2.0 * gamma * log_choices
    return fit + price if noise is not None else np.where(n - k >= 2.0, fit + price, np.inf)


def _gcv(log_mse: Floats, k: Floats, n: float) -> Floats:
    left = 1.0 - k / n
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(left > 0.0, np.exp(log_mse - 2.0 * np.log(np.maximum(left, 0.0))), np.inf)


def best(errors: Floats, alphas: Floats) -> int:
    """The place of the alpha with the least error, the largest of equally good ones; of NaN alone, the largest."""
    order = np.argsort(-alphas, kind="stable")
    found = errors[order]
    return int(order[0 if np.isnan(found).all() else np.nanargmin(found)])
