"""Pictures of results: coefficients along a path, errors on rows left out.

matplotlib is imported inside, and only its object interface is used: no display is needed, no pyplot state is touched.
Text and lines shrink with axes narrower than 3.3 inches, down to 6 points; a column of a paper is 3 inches wide.
"""

from fastreg.display._cv import CVDisplay, plot_cv
from fastreg.display._paths import PathDisplay, plot_path

__all__ = ["CVDisplay", "PathDisplay", "plot_cv", "plot_path"]
