"""Proximal maps and projections, on arrays of any shape, strides and float dtype, in place if asked.

prox_f(x) = argmin_z 1/2 |z - x|^2 + f(z)

Every function's first line has f, with its exact scaling.  A gradient method with steps of size s needs the map of s f: by s
times the threshold, and by step=s of `elastic_net`, `mcp` and `scad`, whose f has two numbers.  Projections do not depend on s.
"""

from fastreg.prox._blocks import (
    group_l2,
    l2,
    linf,
    nuclear,
    sorted_l1,
    total_variation_1d,
)
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
from fastreg.prox._projections import (
    project_box,
    project_l1_ball,
    project_l2_ball,
    project_simplex,
)

__all__ = [
    "box",
    "elastic_net",
    "group_l2",
    "huber",
    "l0",
    "l1",
    "l2",
    "l_half",
    "l_two_thirds",
    "linf",
    "mcp",
    "nuclear",
    "project_box",
    "project_l1_ball",
    "project_l2_ball",
    "project_simplex",
    "scad",
    "soft_threshold",
    "sorted_l1",
    "squared_l2",
    "total_variation_1d",
]
