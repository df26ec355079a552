"""Every map of fastreg.prox against its numpy twin, a copy of the same memory, and public packages where they are installed.

    python bench/prox_maps.py [size] [rounds]

Times are minima over rounds in which all take their turn, so that a busy machine slows all alike; every answer is compared with
the numpy twin's ahead of the clock, and a difference above 1e-9 of the largest entry ends the run.
"""

import importlib
import os
import sys
import time

import numpy as np
from scipy.optimize import isotonic_regression

from fastreg import prox


def soft(x, t):
    return np.sign(x) * np.maximum(np.abs(x) - t, 0)


def scad(x, t, a):
    m = np.abs(x)
    middle = ((a - 1) * x - np.sign(x) * a * t) / (a - 2)
    return np.where(m <= 2 * t, soft(x, t), np.where(m <= a * t, middle, x))


def l_half(x, t):
    """Xu et al. (2012): cosines, for 1/2 (z - x)^2 + t |z|^(1/2)"""
    m = np.abs(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.arccos(t / 4 * (m / 3) ** -1.5)
        z = 2 / 3 * x * (1 + np.cos(2 * np.pi / 3 - 2 / 3 * angle))
    return np.where(m > 1.5 * t ** (2 / 3), z, 0.0)


def l_two_thirds(x, t):
    """Cao et al. (2013): hyperbolic cosines, for 1/2 (z - x)^2 + t |z|^(2/3)"""
    m, lam = np.abs(x), 2 * t
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.arccosh(27 / 16 * m**2 * lam**-1.5)
        size = 2 / np.sqrt(3) * lam**0.25 * np.sqrt(np.cosh(angle / 3))
        z = ((size + np.sqrt(2 * m / size - size**2)) / 2) ** 3
    return np.where(m > 2 * (2 / 3 * t) ** 0.75, np.sign(x) * z, 0.0)


def l1_ball(x, radius):
    """Duchi et al. (2008), by sorting"""
    m = np.abs(x)
    if m.sum() <= radius:
        return x.copy()
    u = np.sort(m)[::-1]
    excess = np.cumsum(u) - radius
    k = np.flatnonzero(u * np.arange(1, len(u) + 1) > excess)[-1]
    return soft(x, excess[k] / (k + 1))


def simplex(x, total):
    u = np.sort(x)[::-1]
    excess = np.cumsum(u) - total
    k = np.flatnonzero(u * np.arange(1, len(u) + 1) > excess)[-1]
    return np.maximum(x - excess[k] / (k + 1), 0)


def group_l2(x, t, size):
    rows = x.reshape(-1, size)
    return (rows * np.maximum(1 - t / np.linalg.norm(rows, axis=1, keepdims=True), 0)).reshape(-1)


def nuclear(x, t):
    U, s, Vt = np.linalg.svd(x, full_matrices=False)
    return (U * np.maximum(s - t, 0)) @ Vt


def sorted_l1(x, thresholds):
    size = np.abs(x)
    order = np.argsort(-size)
    z = np.empty_like(x)
    z[order] = np.maximum(isotonic_regression(size[order] - thresholds, increasing=False).x, 0)
    return np.sign(x) * z


def of_size(parameters, x):
    """parameters, of which an array is spread over as many entries as x has"""
    return [np.interp(np.linspace(0, 1, x.size), np.linspace(0, 1, len(p)), p) if np.ndim(p) else p for p in parameters]


# name, parameters, numpy twin (None: none that is linear), pyproximal's operator of x: its L2 is sigma / 2 |x|^2, its L0 has
# the threshold of |x| itself, and its balls are found by bisection
CASES = [
    ("l1", (0.5,), soft, lambda p, x: p.L1(0.5)),
    ("squared_l2", (0.5,), lambda x, t: x / (1 + t), lambda p, x: p.L2(sigma=0.5)),
    ("elastic_net", (0.5, 0.5), lambda x, a, b: soft(x, a) / (1 + b), None),
    ("l0", (0.5,), lambda x, t: np.where(x**2 > 2 * t, x, 0), lambda p, x: p.L0(1.0)),
    ("l_half", (0.5,), l_half, None),
    ("l_two_thirds", (0.5,), l_two_thirds, None),
    ("mcp", (0.5, 3.0), lambda x, t, g: np.where(np.abs(x) <= g * t, soft(x, t) / (1 - 1 / g), x), None),
    ("scad", (0.5, 3.7), scad, lambda p, x: p.SCAD(0.5, a=3.7)),
    ("huber", (1.0, 0.5), lambda x, t, d: np.where(np.abs(x) <= d * (1 + t), x / (1 + t), x - np.sign(x) * t * d), None),
    ("box", (-0.5, 1.0), np.clip, lambda p, x: p.Box(-0.5, 1.0)),
    ("l2", (0.5,), lambda x, t: x * max(1 - t / np.linalg.norm(x), 0), lambda p, x: p.Euclidean(0.5)),
    ("group_l2", (0.5, 10), group_l2, None),
    ("linf", (1000.0,), lambda x, t: x - l1_ball(x, t), None),
    ("project_l1_ball", (1.0,), l1_ball, lambda p, x: p.L1Ball(x.size, 1.0, xtol=1e-14)),
    ("project_l1_ball", (1e5,), l1_ball, lambda p, x: p.L1Ball(x.size, 1e5, xtol=1e-14)),
    ("project_simplex", (1.0,), simplex, lambda p, x: p.Simplex(x.size, 1.0, xtol=1e-14)),
    ("project_l2_ball", (1.0,), lambda x, r: x * min(1, r / np.linalg.norm(x)), lambda p, x: p.EuclideanBall(0.0, 1.0)),
    ("sorted_l1", ((0.1, 0.0),), sorted_l1, None),
    ("sorted_l1", ((2.0, 1.0),), sorted_l1, None),
    ("nuclear", (5.0,), nuclear, None),
    ("total_variation_1d", (1.0,), None, None),
]


def packages(*names):
    found = []
    for name in names:
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            found.append(None)
    return found


def minima(functions, rounds):
    """The least of at least as many rounds, and of 0.3 seconds' worth of the slowest."""
    best, start, done = dict.fromkeys(functions, np.inf), time.perf_counter(), 0
    while done < rounds or (done < 60 and time.perf_counter() - start < 0.3 * len(functions)):
        done += 1
        for name, function in functions.items():
            function()  # caches are as this one leaves them
            now = time.perf_counter()
            function()
            best[name] = min(best[name], time.perf_counter() - now)
    return best


def agrees(name, answer, expected):
    difference = np.abs(answer - expected).max()
    assert difference <= 1e-9 * max(1, np.abs(expected).max()), f"{name}: {difference:g} from the twin."


def contestants(name, parameters, twin, other, x, pyproximal, condat_tv, copt):
    """A function for each who takes part; all have been compared."""
    out, parameters = np.empty_like(x), of_size(parameters, x)
    functions = {"fastreg": lambda: getattr(prox, name)(x, *parameters, out=out), "copy": lambda: np.copyto(out, x)}
    if twin:
        functions["numpy"] = lambda: twin(x, *parameters)
    if name == "total_variation_1d":
        if condat_tv:
            functions["condat_tv"] = lambda: condat_tv.tv_denoise(x, parameters[0])
        if copt:
            functions["copt"] = lambda: copt.tv_prox.prox_tv1d(x, parameters[0])
    if other and pyproximal:
        operator = other(pyproximal, x)
        functions["pyproximal"] = lambda: operator.prox(x, 1.0)
    answer = np.array(functions["fastreg"]())
    for rival, function in functions.items():
        if rival not in ("copy", "fastreg"):
            try:
                agrees(f"{name} of {rival}", function(), answer)
            except (AssertionError, TypeError, ValueError) as error:
                if rival == "numpy":
                    raise
                functions[rival] = None
                print(f"{name}: {rival} leaves the comparison ({error})", file=sys.stderr)
    return {rival: function for rival, function in functions.items() if function}


def main(size=1_000_000, rounds=9):
    print(f"{size} float64, load {os.getloadavg()[0]:.1f}, numpy {np.__version__}; ms, and how many times fastreg's")
    rivals = packages("pyproximal", "condat_tv", "copt")
    x = 2 * np.random.default_rng(0).standard_normal(size)
    for name, parameters, twin, other in CASES:
        side = min(300, int(size**0.5))
        given = x[: side * side].reshape(side, side) if name == "nuclear" else x
        best = minima(contestants(name, parameters, twin, other, given, *rivals), rounds)
        mine = best.pop("fastreg")
        rest = "  ".join(f"{rival} {seconds * 1e3:.2f} ({seconds / mine:.1f})" for rival, seconds in best.items())
        print(f"{name}{parameters}: {mine * 1e3:.2f}  {rest}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
