"""The real data sets that come with the package, for the demo, the documentation, benchmarks and first trials.

`data/ORIGIN.md` says where they come from and under which licence.
"""

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_colon", "load_leukemia"]


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
    return _standardised("leukemia")


def load_colon() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised expression of 2000 genes in 62 colon tissues and their type: +1 for a tumour, -1 for normal tissue.

    Every call reads the file anew and returns new arrays, 1 MB, that the caller may change.

    Returns
    -------
    X : float64 array (62, 2000), Fortran order. Expression of 2000 probes; every column has mean 0 and standard deviation 1
        (divided by n, not n - 1).
    y : float64 array (62,). +1 for the 40 tumours, -1 for the 22 normal tissues. Its mean is not 0, so fit an intercept.

    References
    ----------
    U. Alon et al. (1999). Broad patterns of gene expression revealed by clustering analysis of tumor and normal colon tissues
    probed by oligonucleotide arrays. PNAS 96, 6745-6750.

    Examples
    --------
    >>> from fastreg.datasets import load_colon
    >>> X, y = load_colon()
    >>> X.shape, int((y > 0).sum())
    ((62, 2000), 40)
    """
    return _standardised("colon")


def _standardised(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X, y of a file that keeps X as whole numbers of three bytes: all low bytes, then all middle and all high ones, columns in
    turn, which compresses to three quarters of what the numbers one after another do."""
    with files("fastreg").joinpath(f"data/{name}.npz").open("rb") as file, np.load(file) as arrays:
        low, middle, high = arrays["bytes"]
        y = arrays["y"].astype(np.float64)
    X = (low + 256.0 * middle + 65536.0 * high.view(np.int8)).T
    X -= X.mean(axis=0)
    X /= X.std(axis=0)  # no column of these sets is constant
    return X, y
