"""Proximal maps and projections, on arrays of any shape, strides and float dtype, in place if asked.

prox_f(x) = argmin_z 1/2 |z - x|^2 + f(z)

Every function's first line has f, with its exact scaling; a step of size s in a gradient method takes s times the threshold.
"""

from fastreg.prox._elementwise import (
    box,
    elastic_net,
    huber,
    l0,
    l1,
    l_half,
    l_two_thirds,
    mcp,
    scad,
    soft_threshold,
    squared_l2,
)

__all__ = [
    "box",
    "elastic_net",
    "huber",
    "l0",
    "l1",
    "l_half",
    "l_two_thirds",
    "mcp",
    "scad",
    "soft_threshold",
    "squared_l2",
]
