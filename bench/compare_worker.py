"""The cases of compare.py, and the process that runs them under one revision, told what to do over its standard input.

A case joins by one line of CASES: a function of fastreg that makes the data and returns call and judge.  call() is what is
timed.  judge(call()) is what it is worth: the numbers that revisions must agree on, and how far they are from right, by
formulas of this checkout alone: a duality gap relative to its objective, or an error relative to the largest number.

Requests and replies are pickles: ("names",) -> names, ("setup", name, judged) -> a description, ("run", calls) -> seconds;
a reply is (outcome, what), outcome one of "done", "absent" (the revision has no such thing) and "failed".
"""

import os
import pickle
import subprocess
import sys
import time
from functools import cache, partial

import numpy as np
from scipy import sparse

if __package__:
    from .gaps import largest, lasso_gaps, quadratic_gaps, ridge_gaps
    from .problems import simulate
else:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # the last place, which hides nothing of a revision
    from gaps import largest, lasso_gaps, quadratic_gaps, ridge_gaps
    from problems import simulate

TOL = 1e-6  # the gap that iterative cases are asked for
EXACT = 1e-9  # and the error of those that are not iterative
ENDLESS = 30.0  # a first call of more seconds than that is not made again to warm up

SIZES = {  # arguments of problems.simulate
    "tiny": (100, 20, 0.0, 5),
    "wide": (200, 2000, 0.5, 10),
    "correlated": (200, 500, 0.9, 10),
    "square": (300, 300, 0.5, 50),
    "tall": (20_000, 100, 0.5, 30),
}


@cache
def load(problem):
    """X (n, p) in Fortran order or CSC and y (n,): a name of SIZES, "leukemia", "text", or an .npz file's path."""
    rng = np.random.default_rng(0)
    if problem == "leukemia":
        from fastreg.datasets import load_leukemia

        X, y = load_leukemia()
    elif problem == "text":  # few entries a column, positive, some columns much longer than others
        n, p = 4000, 30_000
        lengths = np.minimum(2 + rng.pareto(1.2, p).astype(int), n // 10)
        places = rng.integers(0, n, lengths.sum()), np.repeat(np.arange(p), lengths)
        X = sparse.csc_array((rng.uniform(0.1, 1.0, lengths.sum()), places), shape=(n, p))
        y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.01)) + 0.1 * rng.standard_normal(n)
    elif problem in SIZES:
        X, y = simulate(*SIZES[problem])
    else:
        with np.load(problem) as arrays:
            X, y = np.asarray(arrays["X"], dtype=float), np.asarray(arrays["y"], dtype=float)
    return X if sparse.issparse(X) else np.asfortranarray(X), y


def alpha_max(X, y):
    return float(np.abs(X.T @ (y - y.mean())).max() / len(y))


def worst(gaps, objectives, floor):
    """The largest gap beyond its rounding, relative to its objective; infinity where one is not a number."""
    return largest(gaps - floor, objectives)


def lasso(fr, problem, ratio=0.1):
    X, y = load(problem)
    alpha = alpha_max(X, y) * ratio
    return partial(fr.lasso, X, y, alpha, tol=TOL), lambda fit: (
        fit.coef,
        worst(*lasso_gaps(X, y, fit.coef[:, None], alpha)),
        TOL,
    )


def path(fr, problem, ratio=0.01, size=100):
    X, y = load(problem)
    alphas = alpha_max(X, y) * np.geomspace(1, ratio, size)
    call = partial(fr.lasso_path, X, y, alphas=alphas, tol=TOL)
    return call, lambda found: (found.coefs, worst(*lasso_gaps(X, y, found.coefs, alphas)), TOL)


def cv(fr, problem):
    X, y = load(problem)
    alphas, folds = alpha_max(X, y) * np.geomspace(1, 0.01, 100), np.arange(len(y)) % 5

    def judge(found):
        path = found.curves[0].path
        return path.coefs, worst(*lasso_gaps(X, y, path.coefs, alphas)), TOL

    return partial(fr.lasso_cv, X, y, cv=folds, alphas=alphas, tol=TOL), judge


def ridge(fr, problem):
    X, y = load(problem)
    alpha = 0.1 * len(y)
    return partial(fr.ridge, X, y, alpha), lambda fit: (fit.coef, worst(*ridge_gaps(X, y, fit.coef[:, None], alpha)), EXACT)


def ridge_path(fr, problem):
    X, y = load(problem)
    alphas = len(y) * np.geomspace(10, 1e-3, 100)
    return partial(fr.ridge_path, X, y, alphas), lambda found: (
        found.coefs,
        worst(*ridge_gaps(X, y, found.coefs, alphas)),
        EXACT,
    )


def gram_batch(fr):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 50, 20))
    y = X[:, :, :3].sum(axis=2) + rng.standard_normal((2000, 50))
    Q, C, squares = X.transpose(0, 2, 1) @ X, np.einsum("bij,bi->bj", X, y), np.sum(y**2, axis=1)
    call = partial(fr.lasso_gram_batch, Q, C, 10.0, yty=squares, tol=TOL)
    return call, lambda batch: (
        batch.coefs,
        worst(*quadratic_gaps(Q, C, squares, batch.coefs, 10.0)),
        2 * TOL,
    )  # of objective + yty/2


def nodewise(fr):
    X = np.random.default_rng(0).standard_normal((500, 100))
    X[:, 1:] += X[:, :-1]

    def judge(found):
        gaps = []
        for j, w in enumerate(found.coefs):
            others = np.arange(100) != j
            gaps.append(worst(*lasso_gaps(X[:, others], X[:, j], w[others, None], 0.1)))
        return found.coefs, max(gaps), TOL

    return partial(fr.nodewise_lasso, X, 0.1, tol=TOL), judge


def soft_threshold(fr):
    x = np.random.default_rng(0).standard_normal(100_000)
    right = np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)
    return partial(fr.soft_threshold, x, 0.5), lambda z: (z, float(np.abs(z - right).max() / np.abs(x).max()), 1e-15)


def l1_ball(fr):
    """By sorting, Duchi et al. (2008)."""
    x, radius = np.random.default_rng(0).standard_normal(100_000), 1000.0
    sizes = np.sort(np.abs(x))[::-1]
    excess = np.cumsum(sizes) - radius
    last = np.flatnonzero(sizes * np.arange(1, len(x) + 1) > excess)[-1]
    right = np.sign(x) * np.maximum(np.abs(x) - excess[last] / (last + 1), 0)
    call = partial(fr.prox.project_l1_ball, x, radius)
    return call, lambda z: (z, float(np.abs(z - right).max() / np.abs(x).max()), EXACT)


def import_time(fr):
    """fastreg and what its lasso loads, beyond numpy and scipy, in a process of its own, by the clock of that process."""
    load = f"from time import {CLOCK.__name__} as clock; import numpy, scipy.sparse"
    script = f"{load}; start = clock(); import fastreg; fastreg.lasso; print(clock() - start)"
    call = partial(subprocess.check_output, [sys.executable, "-P", "-c", script])
    return call, lambda answer: (np.zeros(0), 0.0, EXACT)


CASES = {
    "lasso tiny": partial(lasso, problem="tiny"),
    "lasso leukemia": partial(lasso, problem="leukemia"),
    "lasso text": partial(lasso, problem="text"),
    **{f"path {problem}": partial(path, problem=problem) for problem in ["leukemia", *SIZES]},
    "path text": partial(path, problem="text", ratio=0.1, size=30),
    "cv tall": partial(cv, problem="tall"),
    "cv wide": partial(cv, problem="wide"),
    "ridge wide": partial(ridge, problem="wide"),
    "ridge tall": partial(ridge, problem="tall"),
    "ridge path square": partial(ridge_path, problem="square"),
    "gram batch": gram_batch,
    "nodewise": nodewise,
    "soft_threshold": soft_threshold,
    "l1 ball": l1_ball,
    "import": import_time,
}

# of one thread, CPU time: other processes on the machine then cost caches, but not their share of the processor
CLOCK = time.perf_counter
if os.environ.get("OMP_NUM_THREADS") == "1" and time.get_clock_info("process_time").resolution < 1e-6:
    CLOCK = time.process_time


def seconds_of(call, calls):
    """The mean of so many calls, one after another; of those that print their own time, of what they print."""
    start = CLOCK()
    for _ in range(calls):
        answer = call()
    spent = CLOCK() - start
    return float(answer) if isinstance(answer, bytes) else spent / calls


class Worker:
    """One case at a time, and its data while it is that."""

    def names(self):
        import fastreg

        return list(CASES), os.path.dirname(os.path.dirname(os.path.abspath(fastreg.__file__))), CLOCK.__name__

    def setup(self, name, judged=True):
        """Data, two calls ahead of the clock, and what the answer is worth, which takes longer than all else."""
        import fastreg

        load.cache_clear()
        self.call, judge = CASES[name](fastreg)
        first = seconds_of(self.call, 1)  # loads what is loaded late
        seconds = first if first > ENDLESS else seconds_of(self.call, 1)
        if not judged:
            return None
        values, gap, asked = judge(self.call())
        return {"values": np.asarray(values), "gap": gap, "asked": asked, "seconds": seconds}

    def run(self, calls, times):
        """The fastest of so many times, each the mean of so many calls."""
        return min(seconds_of(self.call, calls) for _ in range(times))


def is_absent(error):
    """Whether an exception says that the revision has no such function, module or option."""
    if isinstance(error, ImportError):
        return (error.name or "").startswith("fastreg")
    return "module 'fastreg" in str(error) or "unexpected keyword argument" in str(error)


def serve(requests, replies):
    """Answer until the other end closes."""
    worker = Worker()
    while True:
        try:
            order, *arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            reply = "done", getattr(worker, order)(*arguments)
        except Exception as error:
            reply = "absent" if is_absent(error) else "failed", f"{type(error).__name__}: {error}"
        pickle.dump(reply, replies)
        replies.flush()


if __name__ == "__main__":
    for data in sys.argv[1:]:
        CASES.update({"lasso data": partial(lasso, problem=data), "path data": partial(path, problem=data)})
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints must not get among the replies
    serve(sys.stdin.buffer, replies)
