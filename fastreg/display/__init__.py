"""Pictures: of results (coefficients along a path, errors on rows left out), and of what L1 and L2 penalties do.

matplotlib is imported inside, and only its object interface is used: no display is needed, no pyplot state is touched.
Text and lines shrink with axes narrower than 3.3 inches, down to 6 points; a column of a paper is 3 inches wide.
"""

from fastreg.display import shapes
from fastreg.display._cv import CVDisplay, plot_cv
from fastreg.display._explain import plot_balls, plot_both_paths, plot_geometry, plot_overfitting, plot_priors, plot_shrinkage
from fastreg.display._paths import PathDisplay, plot_path

__all__ = [
    "CVDisplay",
    "PathDisplay",
    "plot_balls",
    "plot_both_paths",
    "plot_cv",
    "plot_geometry",
    "plot_overfitting",
    "plot_path",
    "plot_priors",
    "plot_shrinkage",
    "shapes",
]
