"""What the explaining pictures show, as arrays: balls, constrained solutions, shrinkage, priors, errors. No matplotlib here.

Coefficients w, alphas in the scaling of `fastreg.lasso` and `fastreg.ridge`; a penalty beside it is that of
1/2 (z - x)^2 + penalty(z), whose least z a shrinkage function gives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import fastreg as fr
from fastreg import _input, prox
from fastreg.display import _arguments

__all__ = ["SHRINKAGE", "Errors", "Shrinkage", "Solution", "Touching", "ball", "ball_surface", "errors", "gaussian", "laplace"]
__all__ += ["leading_columns", "posterior", "touching"]

Floats = NDArray[np.float64]
INNER = 1e-12  # the gap of the solutions on balls
HALVINGS = 200  # of an interval of floats: enough to end at neighbours


# Balls


def ball(p: float, points: int = 400) -> Floats:
    """Points around the ball |w|_p = 1 of the plane.

    Parameters
    ----------
    p : float > 0, infinity included
    points : int
        Rounded down to a multiple of 4, and 4 at the least.

    Returns
    -------
    ndarray of shape (points + 1, 2)
        The first stands again at the end.
    """
    per_side = max(points // 4, 1)
    part = np.arange(per_side) / per_side
    # one quarter from (1, 0) to (0, 1), on the diamond in squares of sines, so that points gather where curves are sharp
    sine = np.sin(part * np.pi / 2.0) ** 2
    quarter = np.column_stack([1.0 - sine, sine])
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    diamond = np.vstack([quarter @ np.linalg.matrix_power(turn.T, k) for k in range(4)])
    around = np.vstack([diamond, diamond[:1]])
    # the square, which larger p come near to, is the diamond turned and stretched
    return _on_sphere(around @ np.array([[1.0, 1.0], [-1.0, 1.0]]) if p > 2.0 else around, p)


def ball_surface(p: float, detail: int = 16) -> tuple[Floats, NDArray[np.intp]]:
    """The ball |w|_p = 1 of space, as triangles.

    Triangles have edges where the ball has: those of an octahedron, for p > 2 those of a cube.

    Parameters
    ----------
    p : float > 0, infinity included
    detail : int
        Triangles along an edge.

    Returns
    -------
    (points, triangles)
        (m, 3) float64, and (k, 3) numbers of points, counter-clockwise from outside.
    """
    if p > 2.0:
        faces, corners = _cube(detail)
    else:
        faces, corners = _octahedron(detail)
    a, b, c = np.moveaxis(corners[faces], 1, 0)
    inwards = (np.cross(a, b) * c).sum(axis=1) < 0.0
    faces[inwards] = faces[inwards, ::-1]
    return _on_sphere(corners, p), faces


def _octahedron(detail: int) -> tuple[NDArray[np.intp], Floats]:
    """Triangles of the eight faces |a| + |b| + |c| = 1; points gather as on the ball of p = 2."""
    rows = [(i, j) for i in range(detail + 1) for j in range(detail + 1 - i)]
    place = {ij: k for k, ij in enumerate(rows)}
    up = [(place[i, j], place[i + 1, j], place[i, j + 1]) for i, j in rows if i + j < detail]
    down = [(place[i + 1, j], place[i + 1, j + 1], place[i, j + 1]) for i, j in rows if i + j < detail - 1]
    faces = np.array(up + down)
    flat = np.array([(i, j, detail - i - j) for i, j in rows]) / detail
    squares = flat**2 / (flat**2).sum(axis=1, keepdims=True)
    signs = np.array([(a, b, c) for a in (1, -1) for b in (1, -1) for c in (1, -1)])
    return np.vstack([faces + k * len(rows) for k in range(8)]), np.vstack([squares * sign for sign in signs])


def _cube(detail: int) -> tuple[NDArray[np.intp], Floats]:
    """Triangles of the six faces max(|a|, |b|, |c|) = 1."""
    side = np.linspace(-1.0, 1.0, detail + 1)
    a, b = (one.ravel() for one in np.meshgrid(side, side, indexing="ij"))
    k = np.arange((detail + 1) ** 2).reshape(detail + 1, detail + 1)
    corners = [one.ravel() for one in (k[:-1, :-1], k[1:, :-1], k[:-1, 1:], k[1:, 1:])]
    faces = np.vstack([np.column_stack(corners[:3]), np.column_stack(corners[1:])])
    points = [np.roll(np.column_stack([np.full(a.size, end), a, b]), axis, axis=1) for axis in range(3) for end in (-1.0, 1.0)]
    return np.vstack([faces + face * a.size for face in range(6)]), np.vstack(points)


def _on_sphere(points: Floats, p: float) -> Floats:
    """Moved to |w|_p = 1: of p > 2 along rays, else as powers of their shares of |w|_1, which are exact near corners, too."""
    size = np.abs(points)
    if p > 2.0:
        largest = size.max(axis=1, keepdims=True)
        ratio: Floats = points / largest
        return ratio if np.isinf(p) else np.divide(ratio, (np.abs(ratio) ** p).sum(axis=1, keepdims=True) ** (1.0 / p))
    shares = size / size.sum(axis=1, keepdims=True)
    w = shares ** (1.0 / p)
    # small powers round to 0 where p is small: the largest takes up what they leave
    rest, rows = w.copy(), np.arange(len(w))
    largest = shares.argmax(axis=1)
    rest[rows, largest] = 0.0
    w[rows, largest] = (1.0 - (rest**p).sum(axis=1)) ** (1.0 / p)
    moved: Floats = np.copysign(w, points)
    return moved


# Least squares under a constraint


@dataclass(frozen=True)
class Solution:
    """The least loss on a ball: w (2,), the radius of the ball, the alpha of the penalty that has the same solution, the loss
    above that of least squares."""

    w: Floats
    radius: float
    alpha: float
    excess: float


@dataclass(frozen=True)
class Touching:
    """A design of two columns: least squares w (2,), X'X/n of what was fitted, and where its contours touch the balls."""

    least_squares: Floats
    gram: Floats
    lasso: Solution
    ridge: Solution

    def excess(self, w: ArrayLike) -> Floats:
        """1/(2n) |y - b - Xw|^2 above its minimum.

        Parameters
        ----------
        w : array of shape (..., 2)

        Returns
        -------
        ndarray of shape (...)
        """
        step = np.asarray(w) - self.least_squares
        excess: Floats = 0.5 * np.einsum("...i,ij,...j", step, self.gram, step)
        return excess


def touching(X: Any, y: Any, share: float | None = None, *, fit_intercept: bool = True, standardize: bool = False) -> Touching:
    """Lasso and ridge of two columns, as least squares with |w|_1 and with |w|_2 bounded.

    Parameters
    ----------
    X : array of shape (n, 2)
    y : array of shape (n,)
    share : float between 0 and 1, optional
        The radius of each ball as a share of what the norm of least squares is. None looks for a ball as large as possible at
        whose corner the lasso is, from 0.2 to 0.6.
    fit_intercept, standardize : bool
        As in `lasso`; the coefficients are then those of columns of standard deviation 1.

    Returns
    -------
    Touching
        With a Solution for the lasso and for ridge.

    Raises
    ------
    ValueError, TypeError
        X has not two columns, y is no single target or constant, share is not between 0 and 1, or least squares is 0: there is
        nothing to bound.
    """
    X, y, _ = _arguments.table(X, y)
    fit_intercept, standardize = _input.flag(fit_intercept, "fit_intercept"), _input.flag(standardize, "standardize")
    if X.shape[1] != 2:
        raise ValueError(f"X has shape {X.shape}; (n, 2) is needed for a picture of the plane.")
    if share is not None and not 0.0 < _input.number(share, "share", 0.0, 1.0) < 1.0:
        raise ValueError(f"share is {share}; a number between 0 and 1 is needed.")
    if fit_intercept:
        _arguments.varies(X, y)
        X, y = X - X.mean(axis=0), y - y.mean()
    if standardize:
        sd = deviations(X, centre=False)
        X = X / np.where(sd > 0.0, sd, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fr.ConvergenceWarning)  # of near copies: a gap of INNER is more than a picture shows
        return _touching(X, y, share)


def _touching(X: Floats, y: Floats, share: float | None) -> Touching:
    """`touching` for X and y that are checked, centred and scaled."""
    n = len(y)
    options: dict[str, Any] = {"fit_intercept": False, "tol": INNER}
    least_squares = fr.lasso(X, y, 0.0, **options).coef
    if not np.linalg.norm(least_squares) > 0.0:
        raise ValueError("The least squares solution is 0; there is no smaller ball for a lasso or ridge.")
    if share is None:
        path = fr.lasso_path(X, y, fit_intercept=False)
        at_corner = np.abs(path.coefs[:, path.df == 1]).sum(axis=0).max(initial=0.0)
        share = float(np.clip(0.9 * at_corner / np.abs(least_squares).sum(), 0.2, 0.6))
    gram = X.T @ X / n

    def solution(fit: Callable[[float], Floats], order: int, most: Callable[[float], float]) -> Solution:
        radius = share * float(np.linalg.norm(least_squares, order))
        alpha = _falls_to(radius, lambda alpha: float(np.linalg.norm(fit(alpha), order)), most(radius))
        w = fit(alpha)
        step = w - least_squares
        return Solution(w, radius, alpha, 0.5 * float(step @ gram @ step))

    return Touching(
        least_squares,
        gram,
        lasso=solution(
            lambda alpha: fr.lasso(X, y, alpha, **options).coef, 1, lambda _: fr.alpha_max(X, y, fit_intercept=False)
        ),
        # (X'X + alpha) w = X'y, so that alpha |w| <= |X'y|
        ridge=solution(
            lambda alpha: fr.ridge(X, y, alpha, fit_intercept=False).coef,
            2,
            lambda radius: float(np.linalg.norm(X.T @ y)) / radius,
        ),
    )


def deviations(X: Floats, centre: bool = True) -> Floats:
    """Standard deviations of the columns, or root mean squares, also where squares overflow or underflow."""
    if centre:
        X = X - X.mean(axis=0)
    largest = np.abs(X).max(axis=0)
    sd: Floats = largest * np.sqrt(((X / np.where(largest > 0.0, largest, 1.0)) ** 2).mean(axis=0))
    return sd


def _falls_to(value: float, function: Callable[[float], float], high: float) -> float:
    """Where a function that falls on [0, high] has come down to a value: by halves, down to two neighbouring floats."""
    low = 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if function(middle) > value else (low, middle)
    return high


def leading_columns(X: Any, y: Any) -> tuple[int, int]:
    """The two columns that enter the lasso path of standardised columns first; those most correlated with y fill up.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)

    Returns
    -------
    (int, int)
        In the order in which they enter.

    Raises
    ------
    ValueError
        Fewer than two columns vary.
    """
    X, y, _ = _arguments.table(X, y)
    sd = deviations(X)
    varies = sd > 0.0
    if np.count_nonzero(varies) < 2:
        raise ValueError("Two columns that are not constant are needed.")
    path = fr.lasso_path(X, y, standardize=True, max_support=2)
    entered: list[int] = []
    for k in range(len(path)):
        new = sorted(set(path[k].support.tolist()) - set(entered), key=lambda j: -abs(path[k].coef[j] * sd[j]))
        entered += new
    unit = (y - y.mean()) / (deviations(y[:, None]) or 1.0)
    correlation = np.abs(unit @ (X / np.where(varies, sd, np.inf)))
    entered += [j for j in np.argsort(-correlation, kind="stable").tolist() if varies[j] and j not in entered]
    return entered[0], entered[1]


# Shrinkage


@dataclass(frozen=True)
class Shrinkage:
    """A shrinkage function of arrays, and the penalty whose proximal map it is."""

    shrink: Callable[[Floats], Floats]
    penalty: Callable[[Floats], Floats]


def _mcp_penalty(z: Floats, threshold: float, gamma: float) -> Floats:
    size = np.minimum(np.abs(z), gamma * threshold)
    return threshold * size - size**2 / (2.0 * gamma)


def _scad_penalty(z: Floats, threshold: float, a: float) -> Floats:
    size = np.abs(z)
    bent = np.clip(size, threshold, a * threshold)
    return threshold * np.minimum(size, threshold) + (bent - threshold) * (2 * a * threshold - bent - threshold) / (2 * (a - 1))


MCP_GAMMA, SCAD_A = 3.0, 3.7
# All set x of size 1 or less to 0, but for ridge, which sets nothing to 0.
SHRINKAGE = {
    "lasso (soft)": Shrinkage(lambda x: prox.l1(x, 1.0), np.abs),
    "L0 (hard)": Shrinkage(lambda x: prox.l0(x, 0.5), lambda z: 0.5 * (z != 0.0)),
    "ridge": Shrinkage(lambda x: prox.squared_l2(x, 1.0), lambda z: 0.5 * z**2),
    "elastic net": Shrinkage(lambda x: prox.elastic_net(x, 1.0, 0.5), lambda z: np.abs(z) + 0.25 * z**2),
    "MCP": Shrinkage(lambda x: prox.mcp(x, 1.0, MCP_GAMMA), lambda z: _mcp_penalty(z, 1.0, MCP_GAMMA)),
    "SCAD": Shrinkage(lambda x: prox.scad(x, 1.0, SCAD_A), lambda z: _scad_penalty(z, 1.0, SCAD_A)),
}


# Priors


def laplace(w: ArrayLike, sd: float) -> Floats:
    """The density exp(-|w| / b) / (2 b) with b = sd / sqrt(2): the lasso's prior, alpha = noise variance / (n b).

    Parameters
    ----------
    w : array
    sd : float > 0
        Standard deviation.

    Returns
    -------
    ndarray of w's shape
    """
    b = sd / np.sqrt(2.0)
    density: Floats = np.exp(-np.abs(np.asarray(w)) / b) / (2.0 * b)
    return density


def gaussian(w: ArrayLike, sd: float) -> Floats:
    """The density of the normal distribution with mean 0: the prior of ridge, alpha = noise variance / sd^2.

    Parameters
    ----------
    w : array
    sd : float > 0
        Standard deviation.

    Returns
    -------
    ndarray of w's shape
    """
    density: Floats = np.exp(-0.5 * (np.asarray(w) / sd) ** 2) / (np.sqrt(2.0 * np.pi) * sd)
    return density


def _exponent(prior: Callable[[Floats, float], Floats], w: Floats, sd: float) -> Floats:
    """The logarithm of a prior, up to a constant; of those here also where they underflow."""
    if prior is gaussian:
        return -0.5 * (w / sd) ** 2
    with np.errstate(divide="ignore"):
        exponent: Floats = -np.sqrt(2.0) * np.abs(w) / sd if prior is laplace else np.log(prior(w, sd))
    return exponent


def posterior(w: Floats, prior: Callable[[Floats, float], Floats], estimate: float, error: float, sd: float) -> Floats:
    """The density of one coefficient: of the shape of prior times likelihood, with area 1 over w.

    Parameters
    ----------
    w : array of shape (m,)
        Evenly spaced.
    prior : function of (w, sd)
        `laplace` or `gaussian`.
    estimate, error : float
        The least squares estimate of the coefficient, and its standard error.
    sd : float > 0
        Standard deviation of the prior.

    Returns
    -------
    ndarray of shape (m,)
    """
    exponent = _exponent(prior, w, sd) - 0.5 * ((w - estimate) / error) ** 2
    shape = np.exp(exponent - exponent.max())
    density: Floats = shape / (shape.sum() * (w[1] - w[0]))
    return density


# Errors along alpha


@dataclass(frozen=True)
class Errors:
    """Mean squared errors (K,) on rows fitted and on rows left out, means over folds, for alphas from the largest down."""

    alphas: Floats
    train: Floats
    test: Floats
    best: int = field(init=False)  # where test is least

    def __post_init__(self) -> None:
        object.__setattr__(self, "best", int(self.test.argmin()))

    @property
    def at_an_end(self) -> bool:
        """Whether test is least at the first or the last alpha, so that it may be less beyond."""
        return self.best in (0, len(self.test) - 1)


def errors(
    X: Any, y: Any, folds: int = 5, alphas: int = 60, *, standardize: bool = False, random_state: int = 0
) -> tuple[Errors, Errors]:
    """Train and test error of the lasso and of ridge along alpha, over the same folds of shuffled rows.

    Grids are those of all rows: of the lasso from alpha_max down to alpha_max / 1000, of ridge those of `ridge_path`.

    Parameters
    ----------
    X : array of shape (n, p)
    y : array of shape (n,)
    folds : int
    alphas : int
        How many.
    standardize : bool
        As in `lasso`.
    random_state : int
        Seed of the shuffle.

    Returns
    -------
    (Errors, Errors)
        Of the lasso, and of ridge.

    Raises
    ------
    ValueError, TypeError
        y is no single target, y or all of X is constant, folds is not from 2 to n, or alphas is not 1 or more.
    """
    X, y, _ = _arguments.table(X, y)
    _arguments.varies(X, y)
    folds = _arguments.number_of_folds(folds, len(y))
    alphas, random_state = _input.count(alphas, "alphas"), _input.count(random_state, "random_state", 0)
    fold = np.empty(len(y), dtype=int)
    fold[np.random.default_rng(random_state).permutation(len(y))] = np.arange(len(y)) % folds
    largest = fr.alpha_max(X, y, standardize=standardize)
    if largest == 0.0:
        raise ValueError("alpha_max is 0, as no column of X goes with y; a column that does is needed.")
    grid = largest * np.geomspace(1.0, 1e-3, alphas)
    all_rows: Any = fr.ridge_path(X, y, alphas, standardize=standardize)
    ridge_grid = all_rows.alphas
    return (
        _errors(lambda X, y: fr.lasso_path(X, y, alphas=grid, standardize=standardize), X, y, fold, grid),
        _errors(lambda X, y: fr.ridge_path(X, y, alphas=ridge_grid, standardize=standardize), X, y, fold, ridge_grid),
    )


def _errors(path: Callable[[Floats, Floats], Any], X: Floats, y: Floats, fold: NDArray[np.intp], alphas: Floats) -> Errors:
    missed = []
    for k in range(fold.max() + 1):
        out = fold == k
        fitted = path(X[~out], y[~out])
        missed.append([((y[rows, None] - fitted.predict(X[rows])) ** 2).mean(axis=0) for rows in (~out, out)])
    train, test = np.mean(missed, axis=0)
    return Errors(alphas, train, test)
