"""Time against n, p, the number of alphas and of threads, with the exponent of a straight line through the logarithms.

SERIES: name -> (what grows, its values, those of --quick, prepare).  prepare(value) gives a function to time that returns its
gap.
"""

import os
import time

import numpy as np

from .gaps import largest, lasso_gaps, ridge_gaps
from .problems import simulate
from .tasks import centred, mean_square

TOL = 1e-6
FARTHER = 10  # times the last value: how far a line is drawn on, marked as extrapolated
FITTED = 4  # values, the last ones: there what does not grow counts least
RANGE = 4.0  # the most that the upper end of an extrapolated figure may be of the lower


def measure(name, quick=False):
    """The row of a series: values, least seconds and gaps, and what a line through them says."""
    grows, values, few, prepare = SERIES[name]
    values = list(few if quick else values)
    calls = [prepare(value) for value in values]
    gaps = [call() for call in calls]  # warm
    least, start = [np.inf] * len(calls), time.perf_counter()
    for _ in range(3 if quick else 9):
        for k, call in enumerate(calls):
            least[k] = min(least[k], seconds(call.solve))
        if time.perf_counter() - start > 6:
            break
    row = {"series": name, "grows": grows, "values": values, "seconds": least, "gaps": gaps}
    return row | (speedup(values, least) if grows == "threads" else fit(values, least))


def fit(values, least):
    """The exponent b of seconds = a value^b by least squares of the last logarithms, its standard error, and FARTHER times.

    The range of the extrapolated figure is two standard errors of the line and of one more point about it: the line is
    assumed.  There is no such figure from fewer values than FITTED, or where the range is wider than RANGE."""
    x, y = np.log(values[-FITTED:]), np.log(least[-FITTED:])
    n, mean, squares = len(x), x.mean(), np.sum((x - x.mean()) ** 2)
    b = float(np.sum((x - mean) * y) / squares)
    residual = y - y.mean() - b * (x - mean)
    variance = float(residual @ residual) / (n - 2) if n > 2 else float("nan")
    far = np.log(FARTHER * values[-1])
    there, error = y.mean() + b * (far - mean), np.sqrt(variance * (1 + 1 / n + (far - mean) ** 2 / squares))
    tells = n >= FITTED and 4 * error <= np.log(RANGE)
    return {
        "exponent": b,
        "fitted": values[-FITTED:],
        "standard_error": float(np.sqrt(variance / squares)) if n > 2 else None,
        "intercept": float(np.exp(y.mean() - b * mean)),
        "extrapolated": {
            "value": FARTHER * values[-1],
            "seconds": float(np.exp(there)),
            "low": float(np.exp(there - 2 * error)),
            "high": float(np.exp(there + 2 * error)),
        }
        if tells
        else None,
    }


def speedup(values, least):
    """How many times faster than with one thread; nothing is extrapolated, as the cores of this machine end it."""
    return {"speedup": [least[0] / one for one in least], "cores": os.cpu_count()}


class Call:
    """solve, and the gap of what it returns."""

    def __init__(self, solve, gap):
        self.solve, self.gap = solve, gap

    def __call__(self):
        return self.gap(self.solve())


def path(n=200, p=2000, K=100):
    """A lasso path, K alphas down to alpha_max/100."""
    import fastreg as fr

    X, y, top = centred(*simulate(n, p, 0.5))
    alphas = top * np.geomspace(1, 0.01, K)

    def gap(found):
        return largest(*lasso_gaps(X, y, found.coefs, alphas, intercept=False)[:2])

    return Call(lambda: fr.lasso_path(X, y, alphas=alphas, fit_intercept=False, tol=TOL), gap)


def tall_path(n):
    return path(n=n, p=100)


def ridge(p):
    """n = 2 p rows."""
    import fastreg as fr

    X, y, _ = centred(*simulate(2 * p, p))
    alpha = 0.1 * mean_square(X)

    def gap(found):
        return largest(*ridge_gaps(X, y, found.coef[:, None], alpha, intercept=False)[:2])

    return Call(lambda: fr.ridge(X, y, alpha, fit_intercept=False), gap)


def folds(threads):
    """10 folds of that path."""
    import fastreg as fr

    X, y = simulate(200, 2000, 0.5)

    def gap(found):
        path = found.curves[0].path  # of all rows: nobody returns the coefficients of the folds
        return largest(*lasso_gaps(X, y, path.coefs, path.alphas)[:2])

    return Call(lambda: fr.lasso_cv(X, y, cv=10, tol=TOL, n_threads=threads), gap)


def codes(threads, signals=4000):
    """Sparse codes of signals over 256 atoms."""
    import fastreg as fr

    rng = np.random.default_rng(0)
    D = rng.standard_normal((64, 256))
    D /= np.linalg.norm(D, axis=0)
    Y = D @ (rng.standard_normal((256, signals)) * (rng.random((256, signals)) < 8 / 256))

    def gap(found):
        return max(
            largest(*lasso_gaps(D, Y[:, k], found.coefs[k][:, None], [0.1 / 64], intercept=False)[:2]) for k in range(20)
        )

    return Call(lambda: fr.lasso_batch(D, Y, 0.1 / 64, fit_intercept=False, tol=TOL, n_threads=threads), gap)


def doubled(first, last):
    """first, 2 first, 4 first, ... up to last."""
    return [first * 2**k for k in range(int(np.log2(last / first) + 1e-9) + 1)]


CORES = sorted({*doubled(1, os.cpu_count() or 1), os.cpu_count() or 1, 2})
SERIES = {
    "lasso path against n, p = 100": ("n", doubled(1000, 64_000), doubled(1000, 8000), tall_path),
    "lasso path against p, n = 200": ("p", doubled(1000, 32_000), doubled(500, 4000), lambda p: path(p=p)),
    "lasso path against alphas, 200 x 2000": ("alphas", [10, 20, 50, 100, 200, 500], [10, 30, 100], lambda K: path(K=K)),
    "ridge against p, n = 2 p": ("p", doubled(100, 1600), doubled(100, 400), ridge),
    "lasso_cv against threads, 200 x 2000": ("threads", CORES, CORES[:2], folds),
    "lasso_batch against threads, 4000 codes": ("threads", CORES, CORES[:2], codes),
}


def seconds(solve):
    """Those of one call, or of each of many where one is too short for the clock."""
    start, calls = time.perf_counter(), 0
    while True:
        solve()
        calls += 1
        spent = time.perf_counter() - start
        if spent > 2e-3:
            return spent / calls
