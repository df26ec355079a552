"""Pictures: of results (coefficients along a path, errors on rows left out), and of what L1 and L2 penalties do.

matplotlib is imported inside, and only its object interface is used: no display is needed, no pyplot state is touched.
Text and lines shrink with axes narrower than 3.3 inches, down to 6 points; a column of a paper is 3 inches wide.
Pictures of results are drawn on Axes; those that explain, on a Figure, with panels below one another where it is narrower than
5 inches. Every curve of these has a colour and a line style of its own, for grey prints and colour-blind readers.
"""

from fastreg.display import shapes
from fastreg.display._cv import CVDisplay, plot_cv
from fastreg.display._explain import plot_both_paths, plot_overfitting, plot_priors, plot_shrinkage
from fastreg.display._geometry import plot_balls, plot_geometry
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
