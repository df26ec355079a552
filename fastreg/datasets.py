"""The real data set that comes with the package, for the demo, the documentation and first trials.

`data/ORIGIN.md` says where it comes from and under which licence.
"""

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_leukemia"]


def load_leukemia() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised expression of 7129 genes in 72 leukemia samples and their type: +1 for ALL, -1 for AML.

    Every call reads the file anew and returns new arrays, 4 MB, that the caller may change.

    Returns
    -------
    X : float64 array (72, 7129), Fortran order. Expression of 7129 probes; every column has mean 0 and standard
        deviation 1 (divided by n, not n - 1).
    y : float64 array (72,). +1 for the 47 samples of acute lymphoblastic leukemia (ALL), -1 for the 25 of acute myeloid
        leukemia (AML). Its mean is not 0, so fit an intercept.

    References
    ----------
    T. R. Golub et al. (1999). Molecular classification of cancer: class discovery and class prediction by gene
    expression monitoring. Science 286, 531-537.

    Examples
    --------
    >>> from fastreg.datasets import load_leukemia
    >>> X, y = load_leukemia()
    >>> X.shape, int((y > 0).sum())
    ((72, 7129), 47)
    """
    with files("fastreg").joinpath("data/leukemia.npz").open("rb") as file, np.load(file) as arrays:
        X = arrays["X"].astype(np.float64, order="F")
        y = arrays["y"].astype(np.float64)
    X -= X.mean(axis=0)
    X /= X.std(axis=0)  # no column of this set is constant
    return X, y
