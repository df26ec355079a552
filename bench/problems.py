"""Everything that is measured, by name: data sets in SETS, races on them in RACES.  A new one joins by one line.

simulate(n, p, correlation, support, noise, seed):  y = Xw + noise, standard normal columns, AR(1) correlation between
neighbours, w = 1, -1, 1, ... on `support` columns spread evenly, noise as a multiple of the signal's deviation.
"""

import inspect
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np


def simulate(n, p, correlation=0.0, support=10, noise=1 / 3, seed=0):
    """X (n, p) and y (n,), as at the head of this file."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w = np.zeros(p)
    w[np.linspace(0, p - 1, support).astype(int)] = (-1.0) ** np.arange(support)
    signal = X @ w
    return X, signal + noise * signal.std() * rng.standard_normal(n)


def simulate_sparse(n, p, entries, support=50, seed=0):
    """X (n, p) in compressed sparse columns with so many positive entries a column on average, and y (n,)."""
    from scipy import sparse

    rng = np.random.default_rng(seed)
    X = sparse.random_array((n, p), density=entries / n, rng=rng, format="csc")
    w = np.zeros(p)
    w[np.linspace(0, p - 1, support).astype(int)] = (-1.0) ** np.arange(support)
    signal = X @ w
    return X, signal + signal.std() / 3 * rng.standard_normal(n)


def shipped(name):
    """A real set that comes with the package."""
    from fastreg import datasets

    return getattr(datasets, f"load_{name}")()


SETS = {
    "tiny": partial(simulate, 100, 20, support=5),  # the price of a call
    "leukemia": partial(shipped, "leukemia"),
    "colon": partial(shipped, "colon"),
    "wide": partial(simulate, 200, 2000, 0.5),
    "correlated": partial(simulate, 200, 500, 0.9),
    "square": partial(simulate, 300, 300, 0.5, support=50),
    "tall": partial(simulate, 20_000, 100, 0.5, support=30),
    "long": partial(simulate, 4000, 50, 0.5, support=15),
    "high signal": partial(simulate, 300, 1000, 0.5, noise=0.01),
    "low signal": partial(simulate, 300, 1000, 0.5, noise=3.0),
    "dense solution": partial(simulate, 500, 1000, 0.3, support=300),
    "sparse": partial(simulate_sparse, 5000, 20_000, 5),
    "tiny sparse": partial(simulate_sparse, 200, 50, 20, support=5),
    "vector": partial(simulate, 1_000_000, 1, support=1),  # for maps
    "large": partial(simulate, 500, 10_000, 0.5),  # 40 MB: what memory is measured on
}


def described(data):
    """How the data set of this name is made, in words: the arguments of the functions above."""
    make = SETS.get(data)
    if make is None:
        return "a file of --data"
    if make.func is shipped:
        return "real, comes with the package"
    arguments = inspect.signature(make.func).bind(*make.args, **make.keywords)
    arguments.apply_defaults()
    words = (f"{name} {value:.3g}" for name, value in arguments.arguments.items() if name not in ("n", "p"))
    return f"simulated, {', '.join(words)}"


AGAINST_NUMPY = ("tiny", "leukemia", "wide", "correlated", "square", "tall")  # what `pytest bench` runs on


@dataclass(frozen=True)
class Race:
    """What is solved: `kind` of tasks.KINDS on a data set.

    ratio: the (last) alpha over alpha_max, or a ridge's over the mean |x_j|^2.  detail: which map.  quick: part of
    `--quick`, whose budget is enough for every peer to get there."""

    kind: str
    data: str
    ratio: float = 0.01
    detail: str = ""
    quick: bool = False

    @property
    def name(self):
        ratio = f" 1/{1 / self.ratio:g}" if self.kind == "lasso" else ""
        return f"{self.kind}{self.detail and ' ' + self.detail}{ratio}, {Path(self.data).name}"


MAPS = ("l1", "mcp", "project_simplex", "group_l2", "l_half")  # of prox_maps.CASES
RACES = (
    Race("lasso", "tiny", 0.1, quick=True),
    Race("lasso path", "tiny", quick=True),
    Race("lasso", "leukemia", 0.1, quick=True),
    Race("lasso path", "leukemia"),
    Race("lasso", "colon", 0.1),
    Race("lasso path", "colon"),
    Race("lasso path", "wide"),
    Race("lasso path", "correlated"),
    Race("lasso path", "square"),
    Race("lasso path", "tall", quick=True),
    Race("lasso path", "high signal"),
    Race("lasso path", "low signal"),
    Race("lasso", "dense solution", 0.01),
    Race("lasso", "sparse", 0.1),
    Race("lasso path", "sparse", 0.1),
    Race("elastic net path", "tiny", quick=True),
    Race("elastic net path", "leukemia"),
    Race("elastic net path", "correlated"),
    Race("cv", "tiny", quick=True),
    Race("cv", "colon"),
    Race("cv", "long"),
    Race("ridge", "tiny", 0.1, quick=True),
    Race("ridge", "leukemia", 0.1),
    Race("ridge", "tall", 0.1),
    Race("ridge, 32 targets", "tiny", 0.1, quick=True),
    Race("ridge, 32 targets", "square", 0.1),
    Race("ridge path", "tiny", 1e-5, quick=True),
    Race("ridge path", "square", 1e-5),
    *(Race("map", "vector", detail=name, quick=name == "l1") for name in MAPS),
)
MEMORY = (Race("lasso", "large", 0.1), Race("lasso", "sparse", 0.1), Race("ridge", "tall", 0.1))
SUFFIXES, SPARSE = (".npz", ".csv", ".csv.gz"), ".X.npz"


def races(data=None):
    """RACES, and those of the files of a folder (or of one file): a lasso, its path (to alpha_max/10 if sparse), a ridge."""
    found = list(RACES)
    for file in files(data) if data else ():
        found += [
            Race("lasso", str(file), 0.1),
            Race("lasso path", str(file), 0.1 if is_sparse(str(file)) else 0.01),
            Race("ridge", str(file), 0.1),
        ]
    return found


def files(data):
    """The data files of a folder, or the file itself, absolute; NAME.y.npy belongs to NAME.X.npz."""
    data = Path(data).resolve()
    inside = sorted(data.iterdir()) if data.is_dir() else [data]
    return [file for file in inside if file.name.lower().endswith(SUFFIXES) and file.is_file()]


def is_sparse(file):
    """Whether a file has a matrix of scipy.sparse, by its name."""
    return file.lower().endswith(SPARSE.lower())


def read(file):
    """X and y of a file: NAME.X.npz of scipy.sparse.save_npz beside NAME.y.npy, an .npz with X and y, or text whose last column
    is y.  Dense columns are scaled to mean 0 and deviation 1; constant ones are left out."""
    from fastreg._files import Refusal, _rows, read_table

    file = str(file)
    if is_sparse(file):
        return read_sparse(file)
    target = None
    if not file.lower().endswith(".npz"):
        with _rows(file) as rows:
            last = next(rows, (0, [""]))[1]
        try:
            float(last[-1])
            target = str(len(last) - 1)
        except ValueError:
            target = " ".join(last[-1].split())
    table = read_table(file, target)
    X = table.X - table.X.mean(axis=0)
    deviations = X.std(axis=0)
    if not deviations.any() or not table.y.std():
        raise Refusal(f"{file} has no column that varies, or a constant target.")
    return np.asfortranarray(X[:, deviations > 0] / deviations[deviations > 0]), table.y


def read_sparse(file):
    """X and y of NAME.X.npz and NAME.y.npy."""
    from scipy import sparse

    from fastreg._files import Refusal

    beside = file[: -len(SPARSE)] + ".y.npy"
    try:
        X = sparse.csc_array(sparse.load_npz(file), dtype=np.float64)
        y = np.asarray(np.load(beside), dtype=np.float64)
    except OSError as error:
        raise Refusal(f"cannot read {error.filename or file}: {error.strerror or error}.") from error
    except MemoryError:
        raise
    except Exception as error:  # whatever a zip, its header or a dtype may be wrong in
        raise Refusal(f"{file} or {beside} is not what its name says: {error}.") from error
    if y.shape != X.shape[:1]:
        raise Refusal(f"{file} has {X.shape[0]} rows, but the shape of {beside} is {y.shape}.")
    if not (np.isfinite(X.data).all() and np.isfinite(y).all()):
        raise Refusal(f"{file} or {beside} holds nan or infinite values.")
    if not X.data.any() or not y.std():
        raise Refusal(f"{file} has no entry that is not zero, or {beside} is constant.")
    return X, y


@lru_cache(maxsize=4)  # of some use in turn; all would fill the memory of every process
def load(name, dtype):
    """X (n, p), in Fortran order if dense, and y (n,), both of the given dtype; name is one of SETS or a file's path."""
    X, y = SETS[name]() if name in SETS else read(name)
    return (np.asarray(X, dtype, order="F") if isinstance(X, np.ndarray) else X.astype(dtype)), np.asarray(y, dtype)


def targets(y, t):
    """y (n,) with noise of its own size, in t ways: (n, t)."""
    return y[:, None] + y.std() * np.random.default_rng(1).standard_normal((len(y), t))


def alpha_max(X, y):
    """max_j |x_j'y| / n of the centred data, in float64: the smallest alpha of an all-zero lasso."""
    X, y = X.astype(np.float64), y.astype(np.float64)
    return np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
