"""Proximal maps of penalties, elementwise on arrays."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def l1(x: Floats, threshold: float) -> Floats:
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0.0)


def l0(x: Floats, threshold: float) -> Floats:
    return np.where(x * x > 2.0 * threshold, x, 0.0)


def squared_l2(x: Floats, weight: float) -> Floats:
    return x / (1.0 + weight)


def elastic_net(x: Floats, l1: float, l2: float) -> Floats:
    return np.sign(x) * np.maximum(np.abs(x) - l1, 0.0) / (1.0 + l2)


def mcp(x: Floats, threshold: float, gamma: float) -> Floats:
    return np.where(np.abs(x) <= gamma * threshold, l1(x, threshold) / (1.0 - 1.0 / gamma), x)


def scad(x: Floats, threshold: float, a: float) -> Floats:
    size = np.abs(x)
    between = ((a - 1.0) * x - np.sign(x) * a * threshold) / (a - 2.0)
    return np.where(size <= 2.0 * threshold, l1(x, threshold), np.where(size <= a * threshold, between, x))
