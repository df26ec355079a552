"""The data every benchmark runs on, by name.  A new problem joins by one line of PROBLEMS.

simulate(n, p, correlation, support, seed):  y = Xw + noise, standard normal columns, AR(1) correlation between
neighbours, w = 1, -1, 1, ... on `support` columns spread evenly, noise of a third of the signal's deviation.
"""

from functools import cache, partial

import numpy as np


def simulate(n, p, correlation=0.0, support=10, seed=0):
    """X (n, p) and y (n,), as at the head of this file."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w = np.zeros(p)
    w[np.linspace(0, p - 1, support).astype(int)] = (-1.0) ** np.arange(support)
    signal = X @ w
    return X, signal + signal.std() / 3 * rng.standard_normal(n)


def leukemia():
    """72 x 7129: gene expression, the real set that comes with the package."""
    from fastreg.datasets import load_leukemia

    return load_leukemia()


PROBLEMS = {
    "tiny": partial(simulate, 100, 20, support=5),  # the price of a call
    "leukemia": leukemia,
    "wide": partial(simulate, 200, 2000, 0.5),
    "correlated": partial(simulate, 200, 500, 0.9),
    "square": partial(simulate, 300, 300, 0.5, support=50),
    "tall": partial(simulate, 20_000, 100, 0.5, support=30),
}


@cache
def load(name, dtype):
    """X (n, p) in Fortran order and y (n,), both of the given dtype; name is one of PROBLEMS or an .npz file's path."""
    if name in PROBLEMS:
        X, y = PROBLEMS[name]()
    else:
        with np.load(name) as arrays:
            X, y = arrays["X"], arrays["y"]
    return np.asarray(X, dtype, order="F"), np.asarray(y, dtype)


def targets(y, t):
    """y (n,) with noise of its own size, in t ways: (n, t)."""
    return y[:, None] + y.std() * np.random.default_rng(1).standard_normal((len(y), t))


def alpha_max(X, y):
    """max_j |x_j'y| / n of the centred data, in float64: the smallest alpha of an all-zero lasso."""
    X, y = X.astype(np.float64), y.astype(np.float64)
    return np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
