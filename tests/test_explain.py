"""The explaining pictures: what they show, as numbers, and that their texts keep apart."""

import re
import subprocess
import sys
import warnings
from itertools import combinations

import numpy as np
import pytest
import reference as ref
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from scipy import sparse

import fastreg as fr
from fastreg.display import shapes
from fastreg.display._style import COLOURS, plain, short

ORDERS = (np.inf, 50.0, 4.0, 2.0, 1.5, 1.0, 0.7, 0.4, 0.1, 0.01)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 12)) * np.linspace(0.5, 3.0, 12)
    X[:, 1] += X[:, 0]
    return X, X[:, :3] @ [2.0, 0.0, -1.0] + 5.0 + rng.normal(size=50)


def off_the_sphere(w, p):
    """How far |w|_p is from 1, as a sum of powers where p is finite."""
    size = np.abs(w)
    return np.abs((size.max(axis=1) if np.isinf(p) else (size**p).sum(axis=1)) - 1.0).max()


# Balls


@pytest.mark.parametrize("p", ORDERS)
def test_points_of_balls_are_on_them_and_all_around(p):
    w = shapes.ball(p)
    corners, triangles = shapes.ball_surface(p)
    assert off_the_sphere(w, p) <= 4 * np.finfo(float).eps * max(p if p < np.inf else 1.0, 1.0)
    assert off_the_sphere(corners, p) <= 4 * np.finfo(float).eps * max(p if p < np.inf else 1.0, 1.0)
    np.testing.assert_array_equal(w[0], w[-1])
    for k in range(2):
        for sign in (-1.0, 1.0):
            assert np.abs(w - sign * np.eye(2)[k]).max(axis=1).min() < 1e-15
    assert np.ptp(corners, axis=0).tolist() == [2.0, 2.0, 2.0]
    assert set(triangles.ravel()) == set(range(len(corners)))
    steps = np.abs(np.diff(w, axis=0)).max()
    assert steps < 0.05 or p < 0.4  # fine enough to look smooth


@pytest.mark.parametrize("p", ORDERS)
def test_balls_are_convex_from_p_1_on_and_not_below(p):
    w = shapes.ball(p)
    (a, b), (c, d) = np.diff(w, axis=0)[:-1].T, np.diff(w, axis=0)[1:].T
    assert ((a * d - b * c).min() >= -1e-15) == (p >= 1.0) or p < 0.1  # whose turns round to 0
    middle = 0.5 * (w[0] + w[100])
    assert (np.linalg.norm(middle, p) <= 1.0 + 1e-15) == (p >= 1.0)


def test_surfaces_are_closed_and_their_triangles_face_outwards():
    for p in (np.inf, 2.0, 1.0, 0.5):
        corners, triangles = shapes.ball_surface(p, 6)
        a, b, c = np.moveaxis(corners[triangles], 1, 0)
        volume = (np.cross(a, b) * c).sum(axis=1) / 6.0
        assert volume.min() >= 0.0
        if p in (np.inf, 1.0):  # flat faces: exact
            assert volume.sum() == pytest.approx(8.0 if np.isinf(p) else 4.0 / 3.0)


# Geometry


@pytest.mark.parametrize("share", [None, 0.05, 0.5, 0.95])
@pytest.mark.parametrize("options", [{}, {"standardize": True}, {"fit_intercept": False}], ids=str)
def test_solutions_are_optimal_on_their_balls(problem, share, options):
    X, y = problem[0][:, :2], problem[1]
    found = shapes.touching(X, y, share, **options)
    if options.get("fit_intercept", True):
        X, y = X - X.mean(axis=0), y - y.mean()
    if options.get("standardize"):
        X = X / X.std(axis=0)
    n = len(y)
    np.testing.assert_allclose(found.least_squares, np.linalg.lstsq(X, y)[0], rtol=1e-9)
    lasso, ridge = found.lasso, found.ridge
    assert np.abs(lasso.w).sum() == pytest.approx(lasso.radius, rel=1e-10)
    assert np.linalg.norm(ridge.w) == pytest.approx(ridge.radius, rel=1e-10)
    # the gradient is a multiplier times a subgradient of the norm
    gradient = X.T @ (y - X @ lasso.w) / n
    on = lasso.w != 0.0
    np.testing.assert_allclose(gradient[on], lasso.alpha * np.sign(lasso.w[on]), rtol=1e-7)
    assert (np.abs(gradient) <= lasso.alpha * (1.0 + 1e-7)).all()
    np.testing.assert_allclose(X.T @ (y - X @ ridge.w), ridge.alpha * ridge.w, rtol=1e-7)
    for solution, order in ((lasso, 1), (ridge, 2)):
        least = ((y - X @ found.least_squares) ** 2).sum()
        assert solution.excess == pytest.approx((((y - X @ solution.w) ** 2).sum() - least) / (2 * n), rel=1e-7)
        on_the_ball = solution.radius * shapes.ball(order)
        assert found.excess(on_the_ball).min() >= solution.excess * (1.0 - 1e-9)
        assert found.excess(solution.w) == pytest.approx(solution.excess)


def test_without_a_share_the_lasso_is_at_a_corner_where_there_is_one():
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    found = shapes.touching(X, X @ [3.0, 1.0])
    assert found.lasso.w[1] == 0.0
    assert np.count_nonzero(found.ridge.w) == 2
    assert 0.2 <= found.lasso.radius / 4.0 <= 0.6


def test_columns_that_depend_have_a_picture(problem):
    X, y = problem
    found = shapes.touching(X[:, [0, 0]], y)
    assert np.abs(found.lasso.w).sum() == pytest.approx(found.lasso.radius)
    fr.display.plot_geometry(X[:, [0, 0]], y).draw_without_rendering()


def test_what_has_no_geometry(problem):
    X, y = problem
    with pytest.raises(ValueError, match=r"^X has shape \(50, 12\); \(n, 2\) is needed"):
        shapes.touching(X, y)
    with pytest.raises(ValueError, match=r"^share is 1\.0; a number between 0 and 1 is needed\.$"):
        shapes.touching(X[:, :2], y, 1.0)
    with pytest.raises(ValueError, match=r"^y is 1 in every row; a target that varies is needed\.$"):
        shapes.touching(X[:, :2], np.ones(50))
    signs = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    with pytest.raises(ValueError, match=r"^The least squares solution is 0;"):
        shapes.touching(signs, [1.0, -1.0, -1.0, 1.0])


def test_leading_columns(problem):
    X, y = problem
    path = fr.lasso_path(X, y, standardize=True, alphas=1000)
    first = next(path[k].support for k in range(1000) if path.df[k] == 1)
    second = next(path[k].support for k in range(1000) if path.df[k] == 2)
    assert shapes.leading_columns(X, y) == (first[0], *(j for j in second if j != first[0]))
    X = np.c_[np.ones(50), X[:, 0], 2.0 * X[:, 0], np.zeros(50)]
    assert sorted(shapes.leading_columns(X, X[:, 1])) == [1, 2]
    with pytest.raises(ValueError, match=r"^Two columns that are not constant are needed\.$"):
        shapes.leading_columns(X[:, [0, 1, 3]], y)


# Shrinkage


@pytest.mark.parametrize("name", shapes.SHRINKAGE)
def test_shrinkage_is_the_least_of_its_penalty(name):
    rule = shapes.SHRINKAGE[name]
    x = np.linspace(-5.0, 5.0, 41) + 0.003  # off the jump, where two z are least
    z = np.linspace(-6.0, 6.0, 120_001)
    best = z[(0.5 * (z - x[:, None]) ** 2 + rule.penalty(z)).argmin(axis=1)]
    np.testing.assert_allclose(rule.shrink(x), best, atol=2e-4)
    np.testing.assert_array_equal(rule.shrink(-x), -rule.shrink(x))
    small = np.abs(x) < 0.99
    assert (rule.shrink(x)[small] == 0.0).all() == (name != "ridge")


# Priors


@pytest.mark.parametrize(("prior", "order"), [(shapes.laplace, 1), (shapes.gaussian, 2)])
def test_priors_are_densities_whose_logarithms_are_the_penalties(prior, order):
    w = np.linspace(-60.0, 60.0, 1_200_001)
    step = w[1] - w[0]
    density = prior(w, 1.5)
    assert density.sum() * step == pytest.approx(1.0, abs=1e-6)
    assert np.sqrt((w**2 * density).sum() * step) == pytest.approx(1.5, abs=1e-6)
    log = np.log(prior(np.array([0.0, 1.0, 2.0]), 1.5))
    assert (log[0] - log[2]) / (log[0] - log[1]) == pytest.approx(2.0**order)


@pytest.mark.parametrize("sd", [0.3, 3.0])
def test_modes_of_posteriors_are_the_lasso_and_ridge(sd):
    rng = np.random.default_rng(1)
    x, noise = rng.normal(size=20), 0.8
    y = 0.7 * x + noise * rng.normal(size=20)
    estimate, error = float(x @ y / (x @ x)), noise / np.sqrt(float(x @ x))
    w = np.linspace(-4.0, 4.0, 80_001)
    lasso = fr.lasso(x[:, None], y, noise**2 / (20 * sd / np.sqrt(2.0)), fit_intercept=False, tol=1e-12).coef
    ridge = fr.ridge(x[:, None], y, noise**2 / sd**2, fit_intercept=False).coef
    for prior, coef in ((shapes.laplace, lasso), (shapes.gaussian, ridge)):
        density = shapes.posterior(w, prior, estimate, error, sd)
        assert density.sum() * 1e-4 == pytest.approx(1.0)
        assert w[density.argmax()] == pytest.approx(coef[0], abs=1e-4)


def test_posteriors_far_from_their_prior_do_not_vanish():
    w = np.linspace(-200.0, 200.0, 4001)
    for prior, mode in ((shapes.laplace, 100.0 - np.sqrt(2.0)), (shapes.gaussian, 50.0)):
        density = shapes.posterior(w, prior, 100.0, 1.0, 1.0)
        assert density.sum() * (w[1] - w[0]) == pytest.approx(1.0)
        assert w[density.argmax()] == pytest.approx(mode, abs=0.06)
        np.testing.assert_allclose(
            shapes.posterior(w, lambda w, sd, p=prior: p(w, sd), 3.0, 1.0, 9.0),
            shapes.posterior(w, prior, 3.0, 1.0, 9.0),
            atol=1e-12,
        )


# Errors


def test_errors_are_those_of_fits_to_the_other_folds(problem):
    X, y = problem
    lasso, ridge = shapes.errors(X, y, 3, 8)
    fold = np.empty(50, dtype=int)
    fold[np.random.default_rng(0).permutation(50)] = np.arange(50) % 3
    train, test = np.zeros((2, 2, 8))
    for k in range(3):
        kept, out = fold != k, fold == k
        A, b = X[kept] - X[kept].mean(axis=0), y[kept] - y[kept].mean()
        for i in range(8):
            by_lasso = ref.elastic_net(A, b, lasso.alphas[i])[0]
            by_ridge = np.linalg.solve(A.T @ A + ridge.alphas[i] * np.eye(12), A.T @ b)
            for m, w in enumerate((by_lasso, by_ridge)):
                shift = y[kept].mean() - X[kept].mean(axis=0) @ w
                train[m, i] += ((y[kept] - shift - X[kept] @ w) ** 2).mean() / 3
                test[m, i] += ((y[out] - shift - X[out] @ w) ** 2).mean() / 3
    for m, found in enumerate((lasso, ridge)):
        np.testing.assert_allclose(found.train, train[m], rtol=1e-3)
        np.testing.assert_allclose(found.test, test[m], rtol=1e-3)
        assert found.best == found.test.argmin()
        assert (np.diff(found.train) <= 1e-6 * found.train[0]).all()  # a weaker penalty fits what it is fitted to better


# Pictures


NAMES = ["a rather long name of a column" * (j % 2) + f"x_{j}$" for j in range(12)]
DRAWN = {
    "balls": (lambda X, y, figure: fr.display.plot_balls(figure), (7.0, 4.0), (3.0, 6.5)),
    "balls in space": (lambda X, y, figure: fr.display.plot_balls(figure, dimensions=3), (7.0, 4.0), (3.0, 6.5)),
    "geometry": (
        lambda X, y, figure: fr.display.plot_geometry(X[:, :2], y, figure, names=NAMES[:2], standardize=True),
        (7.0, 3.9),
        (3.0, 6.5),
    ),
    "priors": (lambda X, y, figure: fr.display.plot_priors(figure), (7.0, 5.6), (3.0, 8.5)),
    "shrinkage": (lambda X, y, figure: fr.display.plot_shrinkage(figure), (7.0, 5.0), (3.0, 3.0)),
    "paths": (
        lambda X, y, figure: fr.display.plot_both_paths(X, y, figure, names=NAMES, standardize=True),
        (7.0, 4.2),
        (3.0, 6.5),
    ),
    "errors": (lambda X, y, figure: fr.display.plot_overfitting(X, y, figure), (7.0, 3.9), (3.0, 5.0)),
}
OF_DATA = ("geometry", "paths", "errors")


def assert_legible(figure):
    """Texts keep apart, stay on the figure, and none is smaller than 6 points."""
    figure.draw_without_rendering()
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    texts += [figure._suptitle] if figure._suptitle else []
    for ax in figure.axes:
        texts += [ax.title, *ax.texts, *(ax.get_legend().get_texts() if ax.get_legend() else [])]
        for axes in (ax, *ax.child_axes) if ax.axison else ():
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                if axis.get_visible():
                    ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                    texts += [axis.label, axis.get_offset_text(), *(label for at, label in ticks if low <= at <= high)]
    texts = [text for text in texts if text.get_text() and text.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    assert min(text.get_fontsize() for text in texts) >= 6.0
    for text, box in boxes:
        assert min(box.x0, box.y0, figure.bbox.x1 - box.x1, figure.bbox.y1 - box.y1) >= 0.0, f"{text!r} is cut off"
    for (one, box), (other, rest) in combinations(boxes, 2):
        assert not box.overlaps(rest), f"{one!r} lies on {other!r}"


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(
    ("name", "scale"), [*((name, 1.0) for name in DRAWN), *((name, s) for name in OF_DATA for s in (1e-9, 1e9))]
)
def test_texts_keep_apart(problem, name, narrow, scale):
    draw, *sizes = DRAWN[name]
    X, y = problem
    figure = Figure(figsize=sizes[narrow], dpi=200, layout="constrained")
    assert draw(X, scale * y, figure) is figure
    assert_legible(figure)


@pytest.mark.parametrize("name", ["priors", "shrinkage", "paths", "errors"])
def test_curves_differ_in_colour_and_in_line(problem, name):
    figure = DRAWN[name][0](*problem, None)
    for legend in [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]:
        lines = [line for line in legend.legend_handles if line.get_linestyle() != "None"]
        assert len(lines) >= 2
        assert len({(str(line._dash_pattern), line.get_linewidth()) for line in lines}) == len(lines)
        colours = [rgb for rgb in (to_rgb(line.get_color()) for line in lines) if len({*rgb}) > 1 or rgb[0] == 0.0]  # no greys
        assert len({*colours}) == len(colours)
        assert {to_hex(rgb).upper() for rgb in colours} <= set(COLOURS)


def test_both_paths_are_those_of_the_functions_in_the_same_colours(problem):
    X, y = problem
    left, right = fr.display.plot_both_paths(X, y, standardize=True).axes
    for ax, path in ((left, fr.lasso_path(X, y, standardize=True)), (right, fr.ridge_path(X, y, standardize=True))):
        drawn = {tuple(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 100}
        assert drawn == {tuple(coef * sd) for coef, sd in zip(path.coefs, shapes.deviations(X), strict=True) if coef.any()}
    coloured = [
        [(line.get_color(), line.get_linestyle()) for line in ax.lines if line.get_color() != "0.8"] for ax in (left, right)
    ]
    assert coloured[0] == coloured[1]


def test_geometry_draws_the_ball_and_the_solutions(problem):
    X, y = problem
    found = shapes.touching(X[:, :2], y)
    left, right = fr.display.plot_geometry(X[:, :2], y).axes
    for ax, solution, order in ((left, found.lasso, 1), (right, found.ridge, 2)):
        (ball,) = ax.patches
        np.testing.assert_allclose(np.linalg.norm(ball.get_xy(), order, axis=1), solution.radius)
        marked = {line.get_marker(): np.array(line.get_xydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1}
        np.testing.assert_array_equal(marked["o"], solution.w)
        np.testing.assert_array_equal(marked["X"], found.least_squares)
        (touching,) = (line for line in ax.lines if line.get_color() == "0.15")
        np.testing.assert_allclose(found.excess(touching.get_xydata()), solution.excess, rtol=1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.25, "\N{MINUS SIGN}0.25"),
        (5.000000000001e-10, "5e\N{MINUS SIGN}10"),
        (1.5e8, "1.5e8"),
        (0.0, "0"),
        (12345.0, "12345"),
    ],
)
def test_numbers_of_ticks(value, text):
    assert plain(value) == text


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"^dimensions is 4; 2 or 3 is needed\.$"):
        fr.display.plot_balls(dimensions=4)
    with pytest.raises(ValueError, match=r"^orders has 0\.0; norms of orders above 0 have a ball\.$"):
        fr.display.plot_balls(orders=[0.0])
    with pytest.raises(ValueError, match=r"^sd is 0\.0; a standard deviation above 0 is needed\.$"):
        fr.display.plot_priors(sd=0.0)
    with pytest.raises(ValueError, match=r"^error is inf; a finite number >= 0 is needed\.$"):
        fr.display.plot_priors(error=np.inf)
    with pytest.raises(ValueError, match=r"^estimate is nan; a finite number is needed\.$"):
        fr.display.plot_priors(estimate=np.nan)


@pytest.mark.parametrize("folds", [0, 1, -1, 51, 2.5, True, "5"])
def test_folds_that_cannot_be(problem, folds):
    with pytest.raises((ValueError, TypeError), match=rf"^folds is {folds!r}"):
        shapes.errors(*problem, folds)


def bad_calls(X, y):
    """A call that cannot be drawn, and how the sentence about it begins."""
    d = fr.display
    return {
        "names too few": (
            lambda: d.plot_both_paths(X, y, names=["a"]),
            ValueError,
            "names has 1 entries but X has 12 columns.",
        ),
        "names too many": (lambda: d.plot_geometry(X[:, :2], y, names=["a", "b", "c"]), ValueError, "names has 3 entries"),
        "names a word": (lambda: d.plot_geometry(X[:, :2], y, names="ab"), TypeError, "names is 'ab' (str); a list"),
        "no list of names": (lambda: d.plot_both_paths(X, y, names=3), TypeError, "names is 3 (int); a list"),
        "names of a path": (
            lambda: d.plot_path(fr.lasso_path(X, y), names="twelve words"),
            TypeError,
            "names is 'twelve words'",
        ),
        "one fold": (lambda: d.plot_overfitting(X, y, folds=1), ValueError, "folds is 1; an integer >= 2 is needed."),
        "no fold": (lambda: d.plot_overfitting(X, y, folds=0), ValueError, "folds is 0; an integer >= 2 is needed."),
        "half a fold": (lambda: d.plot_overfitting(X, y, folds=2.5), TypeError, "folds is 2.5 (float); an integer >= 2"),
        "too many folds": (
            lambda: d.plot_overfitting(X, y, folds=51),
            ValueError,
            "folds is 51, but X has 50 rows; at most 50",
        ),
        "no alphas": (lambda: shapes.errors(X, y, alphas=0), ValueError, "alphas is 0; an integer >= 1 is needed."),
        "two targets": (lambda: d.plot_both_paths(X, np.c_[y, y]), ValueError, "y has shape (50, 2); a 1-d array of 50"),
        "two targets, errors": (
            lambda: d.plot_overfitting(X, np.c_[y, y]),
            ValueError,
            "y has shape (50, 2); a 1-d array of 50",
        ),
        "a NaN": (lambda: d.plot_geometry(X[:, :2], np.where(y == y[3], np.nan, y)), ValueError, "y holds NaN at row 3"),
        "constant y": (lambda: d.plot_both_paths(X, np.full(50, 2.0)), ValueError, "y is 2 in every row; a target that varies"),
        "constant y, errors": (
            lambda: d.plot_overfitting(X, np.ones(50)),
            ValueError,
            "y is 1 in every row; a target that varies",
        ),
        "no correlation": (
            lambda: d.plot_overfitting([[1, 1], [1, -1], [-1, 1], [-1, -1]], [1, -1, -1, 1], folds=2),
            ValueError,
            "alpha_max is 0, as no column of X goes with y;",
        ),
        "constant X": (
            lambda: d.plot_both_paths(np.ones((50, 2)), y),
            ValueError,
            "X is constant in every column (shape (50, 2));",
        ),
        "sparse X": (
            lambda: d.plot_both_paths(sparse.csr_array(X), y),
            TypeError,
            "X is sparse (shape (50, 12)); a dense array",
        ),
        "NaN estimate": (lambda: d.plot_priors(estimate=np.nan), ValueError, "estimate is nan; "),
        "infinite error": (lambda: d.plot_priors(error=np.inf), ValueError, "error is inf; "),
        "a word for a path": (lambda: d.plot_path("x"), TypeError, "path is 'x' (str); a Path or RidgePath is needed."),
        "a word for a cv": (lambda: d.plot_cv("x"), TypeError, "cv is 'x' (str); a CVPath is needed."),
        "no orders": (lambda: d.plot_balls(orders=[]), ValueError, "orders is empty; one order above 0 or more is needed."),
        "a NaN order": (
            lambda: d.plot_balls(orders=[np.nan]),
            ValueError,
            "orders has nan; norms of orders above 0 have a ball.",
        ),
        "a word for orders": (
            lambda: d.plot_balls(orders=["a"]),
            TypeError,
            "orders has 'a' (str); numbers above 0 are needed.",
        ),
        "no list of orders": (lambda: d.plot_balls(orders=2.0), TypeError, "orders is 2.0 (float); a list of numbers above 0"),
        "a word for a share": (lambda: d.plot_geometry(X[:, :2], y, share="a"), TypeError, "share is 'a' (str); a single real"),
    }


@pytest.mark.parametrize("name", bad_calls(None, None))
def test_what_cannot_be_drawn_is_said_in_a_sentence(problem, name):
    call, kind, words = bad_calls(*problem)[name]
    with pytest.raises(kind, match="^" + re.escape(words)):
        call()


def labels(figure):
    """Those of the x axes, then of the y axes."""
    return [ax.get_xlabel() for ax in figure.axes] + [ax.get_ylabel() for ax in figure.axes]


def test_names_are_those_of_the_data_frame(problem):
    pandas = pytest.importorskip("pandas")
    X, y = problem
    frame = pandas.DataFrame(X[:, :2], columns=["age", "sbp"])
    assert labels(fr.display.plot_geometry(frame, y))[1:3] == ["coefficient of age", "coefficient of sbp"]
    (legend,) = fr.display.plot_both_paths(frame, y).legends
    assert sorted(text.get_text().strip() for text in legend.get_texts()) == ["age", "sbp"]
    assert labels(fr.display.plot_geometry(frame, y, names=["b", "b"]))[1:3] == [
        f"coefficient of b (column {j})" for j in (0, 1)
    ]


def test_standardised_coefficients_and_alphas_say_so(problem):
    X, y = problem
    for standardize in (False, True):
        figures = (
            fr.display.plot_geometry(X[:, :2], y, standardize=standardize),
            fr.display.plot_both_paths(X, y, standardize=standardize),
            fr.display.plot_overfitting(X, y, standardize=standardize),
        )
        for figure in figures:
            said = ["standardised" in text for text in labels(figure) if text != "mean squared error"]
            assert set(said) == {standardize}


def test_the_title_of_ridge_has_its_alpha_in_the_scaling_of_the_lasso_too(problem):
    X, y = problem
    found = shapes.touching(X[:, :2], y)
    lasso, ridge = (ax.get_title() for ax in fr.display.plot_geometry(X[:, :2], y).axes)
    assert lasso.endswith(f"alpha = {short(found.lasso.alpha)}")
    assert ridge.endswith(f"alpha = {short(found.ridge.alpha)} = n · {short(found.ridge.alpha / 50)}")


@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_columns_of_other_units_are_one_warning_that_names_the_option(scale):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 80))
    y = a + b + rng.standard_normal(80)
    with pytest.warns(UserWarning, match=r"standardize=True brings them to one unit\.$") as caught:
        fr.display.plot_geometry(np.c_[a, scale * b], y)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fr.display.plot_geometry(np.c_[a, scale * b], y, standardize=True)


@pytest.mark.parametrize("distance", [0.0, 1e-6, 1e-3])
def test_contours_of_near_copies_reach_from_side_to_side(distance):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 80))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = fr.display.plot_geometry(np.c_[a, a + distance * b], a + rng.standard_normal(80), standardize=True)
    figure.draw_without_rendering()
    for ax in figure.axes:
        (low, high), ellipses = ax.get_xlim(), [line.get_xdata() for line in ax.lines if len(line.get_xdata()) > 100]
        assert len(ellipses) == 6
        assert all(np.isfinite(x).all() for x in ellipses)
        assert sum(x.min() < low or x.max() > high for x in ellipses) >= 1


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_balls_fill_a_figure_that_suits_their_number(count, dimensions):
    figure = fr.display.plot_balls(orders=np.linspace(0.5, 4.0, count), dimensions=dimensions)
    assert_legible(figure)
    boxes = [ax.get_position() for ax in figure.axes]
    assert min(box.width for box in boxes) * figure.get_figwidth() > 1.2
    left, right = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
    assert abs(left + right - 1.0) < 0.15
    assert right - left > 0.6
    assert "convex (orange" in figure._suptitle.get_text()
    assert ("convex (blue)" in " ".join(figure._suptitle.get_text().split())) == (count > 1)


def test_a_best_alpha_at_an_end_is_no_optimum(problem):
    X, _ = problem
    both = shapes.errors(X, X @ np.ones(12))  # no noise: the less penalty the better
    assert all(found.at_an_end for found in both)
    for ax in fr.display.plot_overfitting(X, X @ np.ones(12)).axes:
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts[-1].endswith("(an end of the path: no optimum)")
        (marker,) = (line for line in ax.lines if line.get_marker() == "o")
        assert marker.get_zorder() > max(spine.get_zorder() for spine in ax.spines.values())


@pytest.mark.parametrize("count", [2, 5, 6, 7])
def test_every_column_of_both_paths_has_a_name_in_even_rows(count):
    rng = np.random.default_rng(4)
    X = rng.standard_normal((60, count))
    X[:, -1] = X[:, 0]  # which the lasso never takes
    figure = fr.display.plot_both_paths(X, X[:, 0] + 0.1 * rng.standard_normal(60), names=list("abcdefg"[:count]))
    assert not [line for ax in figure.axes for line in ax.lines if line.get_color() == "0.8"]
    (legend,) = figure.legends
    assert len(legend.get_texts()) == count
    rows = -(-count // legend._ncols)
    assert legend._ncols * rows - count < rows


def test_long_names_have_the_room_of_the_axis(problem):
    X, y = problem
    name = "systolic blood pressure, morning"
    assert labels(fr.display.plot_geometry(X[:, :2], y, names=[name, "b"]))[0].split("\n")[-1].endswith(name)


@pytest.mark.thread_unsafe(reason="draws with a font that others look up")
def test_names_without_letters_in_the_font_go_by_number(problem):
    X, y = problem
    with pytest.warns(
        UserWarning, match=r"^The font .* has no letters for the name '\u5e74'; such columns are named by number\."
    ):
        figure = fr.display.plot_both_paths(X[:, :2], y, names=["\u5e74", "h\u00f6he"])
    assert sorted(text.get_text().strip() for text in figure.legends[0].get_texts()) == ["column 0", "h\u00f6he"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_legible(figure)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_shapes_need_no_matplotlib(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import numpy as np, fastreg as fr\n"
        "shapes = fr.display.shapes\n"
        "X, y = np.eye(6)[:, :2], np.arange(6.0)\n"
        "shapes.ball(0.5), shapes.ball_surface(3.0), shapes.touching(X, y), shapes.errors(X, y, 2, 5)\n"
        "try:\n    fr.display.plot_shrinkage()\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "plots need matplotlib: pip install 'fastreg-solvers[plot]'\n"
