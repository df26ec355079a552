"""Pictures: which lines are drawn and where, that texts keep apart, and that pyplot is left alone."""

import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import fastreg as fr
from fastreg._selection.results import curve
from fastreg.display import CVDisplay, PathDisplay, plot_cv, plot_path
from fastreg.display._style import COLOURS


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 30))
    return X, X[:, :12] @ np.linspace(3.0, -2.0, 12) + 0.1 * rng.normal(size=60)


@pytest.fixture(scope="module")
def path(problem):
    return fr.lasso_path(*problem, alphas=25, alpha_min_ratio=0.05)


def curves(ax):
    """The lines that are coefficients: all but the one at zero, which has two points."""
    return [line for line in ax.lines if len(line.get_xdata()) == 25]


def test_one_line_per_coefficient_that_is_ever_non_zero(path):
    ax = plot_path(path)
    drawn = {tuple(line.get_ydata()) for line in curves(ax)}
    expected = {tuple(coef) for coef in path.coefs if coef.any()}
    assert 8 < len(expected) < 30
    assert drawn == expected
    assert len(curves(ax)) == len(expected)
    for line in curves(ax):
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)


def test_axes_are_logarithmic_reversed_and_labelled(path):
    ax = plot_path(path)
    assert ax.get_xscale() == "log"
    left, right = ax.get_xlim()
    assert left > right
    np.testing.assert_allclose((left, right), path.alphas[[0, -1]])
    assert "alpha" in ax.get_xlabel()
    assert ax.get_ylabel() == "coefficient"


@pytest.mark.parametrize(
    ("function", "label"), [(fr.lasso_path, "non-zero coefficients"), (fr.ridge_path, "degrees of freedom")]
)
def test_top_axis_counts_the_non_zero_coefficients_or_degrees_of_freedom(problem, function, label):
    path = function(*problem, alphas=25)
    ax = path.plot()
    (top,) = ax.child_axes
    ax.figure.draw_without_rendering()
    df = dict(zip(path.alphas, path.df, strict=True))
    assert len(top.get_xticks()) == 7
    assert [tick.get_text() for tick in top.get_xticklabels()] == [f"{df[alpha]:.0f}" for alpha in top.get_xticks()]
    assert top.get_xlabel() == label
    assert {tuple(line.get_ydata()) for line in curves(ax)} == {tuple(coef) for coef in path.coefs if coef.any()}


def test_names_label_the_largest(path):
    names = [f"_col {j} $" for j in range(30)]
    ax = plot_path(path, names=names)
    largest = np.argsort(-np.abs(path.coefs).max(axis=1))[:7]
    ax.figure.draw_without_rendering()
    labels = [label.get_text().strip().replace(r"\$", "$") for label in ax.get_legend().get_texts()]
    assert labels == [names[j] for j in sorted(largest, key=lambda j: -path.coefs[j, -1])]  # as the lines end
    colours = {label: line.get_color() for label, line in zip(labels, ax.get_legend().get_lines(), strict=True)}
    assert colours == {names[j]: colour for j, colour in zip(largest, COLOURS, strict=True)}
    assert plot_path(path).get_legend() is None


def test_a_formula_sign_in_a_name_is_not_a_formula(path):
    ax = plot_path(path, names=["$\\nonsense{$"] * 30)
    ax.figure.draw_without_rendering()  # matplotlib parses formulas when it draws
    assert len(ax.get_legend().get_texts()) == 7


def test_names_of_the_wrong_length(path):
    with pytest.raises(ValueError, match=r"^names has 2 entries but the path has 30 coefficients\.$"):
        plot_path(path, names=["a", "b"])


def test_the_coloured_lines_differ_in_style_too(path):
    styles = [(line._dash_pattern, line.get_color()) for line in curves(plot_path(path)) if line.get_color() in COLOURS]
    assert len({str(dashes) for dashes, _ in styles}) == len(styles) == 7


def test_the_given_axes_are_used_and_returned(path):
    left, right = Figure().subplots(1, 2)
    assert plot_path(path, right) is right
    assert len(curves(right)) > 7
    assert not left.lines
    assert path.plot(right) is right
    assert right.xaxis_inverted()


def test_path_plot_draws_the_same(path):
    ours, other = curves(path.plot()), curves(plot_path(path))
    assert [tuple(line.get_ydata()) for line in ours] == [tuple(line.get_ydata()) for line in other]


def test_alphas_in_any_order_draw_the_same_lines(problem, path):
    shuffled = fr.lasso_path(*problem, alphas=np.random.default_rng(1).permutation(path.alphas))
    for line in curves(plot_path(shuffled)):
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)


def test_alpha_zero_is_left_out(problem):
    ax = plot_path(fr.lasso_path(*problem, alphas=np.array([1.0, 0.1, 0.0])))
    ax.figure.draw_without_rendering()
    assert {len(line.get_xdata()) for line in ax.lines} == {2}
    np.testing.assert_allclose(ax.get_xlim(), (1.0, 0.1))


def test_one_alpha_is_drawn_as_points(problem):
    ax = plot_path(fr.lasso_path(*problem, alphas=np.array([0.1])))
    ax.figure.draw_without_rendering()
    points = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert points
    assert all(line.get_marker() == "o" for line in points)


def test_all_zero_path_draws_no_curve(problem):
    largest = fr.alpha_max(*problem)
    ax = plot_path(fr.lasso_path(*problem, alphas=np.array([4.0, 2.0]) * largest), names=["x"] * 30)
    ax.figure.draw_without_rendering()
    assert len(ax.lines) == 1  # the line at zero
    assert ax.get_legend() is None


def cv_of(X, y, *, folds=5, l1_ratio=1.0, alphas=25, relax=0.0, loss="mse"):
    """A cross-validation by a plain loop over its folds."""
    path = fr.elastic_net_path(X, y, l1_ratio=l1_ratio, alphas=alphas)
    fold_errors = []
    for k in range(folds):
        out = np.arange(len(y)) % folds == k if folds > 1 else np.arange(len(y)) < 10
        fit = fr.elastic_net_path(X[~out], y[~out], l1_ratio=l1_ratio, alphas=path.alphas)
        missed = np.abs(y[out, None] - fit.predict(X[out]))
        fold_errors.append((missed**2 if loss == "mse" else missed).mean(axis=0))
    return curve(path.alphas, np.array(fold_errors), loss, path, 1e-6, relax)


def several(curves):
    """The curve with the least error, with all of them."""
    return replace(min(curves, key=lambda one: one.errors.min()), curves=tuple(curves))


@pytest.fixture(scope="module")
def cv(problem):
    rng = np.random.default_rng(5)
    X, y = problem
    return cv_of(X, y + 3.0 * rng.normal(size=60))


def legend(ax):
    """Label: handle."""
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    return dict(zip(texts, ax.get_legend().legend_handles, strict=True))


def small():
    """Axes on a figure as wide as a column of a paper."""
    return Figure(figsize=(3.0, 2.2), dpi=200, layout="constrained").add_subplot()


def assert_legible(ax):
    """Texts keep apart, stay on the figure, and none is smaller than 6 points."""
    figure = ax.figure
    figure.draw_without_rendering()
    texts = [*ax.texts, *(ax.get_legend().get_texts() if ax.get_legend() else [])]
    for axes in (ax, *ax.child_axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            if axis.get_visible():
                ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                texts += [axis.label, axis.get_offset_text(), *(label for place, label in ticks if low <= place <= high)]
    texts = [text for text in texts if text.get_text() and text.get_visible()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    assert min(text.get_fontsize() for text in texts) >= 6.0
    for text, box in boxes:
        assert min(box.x0, box.y0, figure.bbox.x1 - box.x1, figure.bbox.y1 - box.y1) >= 0.0, f"{text!r} is cut off"
    for (one, box), (other, rest) in combinations(boxes, 2):
        assert not box.overlaps(rest), f"{one!r} lies on {other!r}"


def test_cv_draws_errors_and_their_standard_errors(cv):
    ax = plot_cv(cv)
    errors = ax.lines[0]
    np.testing.assert_array_equal(errors.get_xdata(), cv.alphas)
    np.testing.assert_array_equal(errors.get_ydata(), cv.errors)
    (band,) = (one for one in ax.collections if one.get_label() == "± 1 standard error")
    corners = band.get_paths()[0].vertices
    for k, alpha in enumerate(cv.alphas):
        at = corners[corners[:, 0] == alpha, 1]
        np.testing.assert_allclose([at.min(), at.max()], cv.errors[k] + np.array([-1.0, 1.0]) * cv.errors_se[k], atol=1e-12)
    assert to_hex(errors.get_color()) == to_hex(band.get_facecolor()[0]) == COLOURS[0].lower()


def test_cv_marks_alpha_min_and_alpha_1se(cv):
    ax = plot_cv(cv)
    assert cv.alpha_min < cv.alpha_1se
    marked = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1}
    assert marked == {
        f"alpha_min = {cv.alpha_min:.3g}": (cv.alpha_min, cv.errors[cv.index_min]),
        f"alpha_1se = {cv.alpha_1se:.3g}": (cv.alpha_1se, cv.errors[cv.index_1se]),
    }
    assert set(legend(ax)) == {"± 1 standard error", *marked}
    uprights = [one.get_segments()[0][0][0] for one in ax.collections if hasattr(one, "get_segments")]
    assert uprights == [cv.alpha_min, cv.alpha_1se]


@pytest.mark.parametrize(
    ("loss", "label"),
    [
        ("mse", "mean squared error on\nleft-out rows (units of y²)"),
        ("mae", "mean absolute error on\nleft-out rows (units of y)"),
    ],
)
def test_cv_axes(problem, loss, label):
    cv = cv_of(*problem, loss=loss)
    ax = cv.plot()
    ax.figure.draw_without_rendering()
    assert ax.get_xscale() == "log"
    np.testing.assert_allclose(ax.get_xlim(), cv.alphas[[0, -1]])
    assert ax.get_ylabel() == label
    (top,) = ax.child_axes
    df = dict(zip(cv.alphas, cv.path.df, strict=True))
    assert [tick.get_text() for tick in top.get_xticklabels()] == [f"{df[alpha]}" for alpha in top.get_xticks()]
    assert top.get_xlabel() == "non-zero coefficients"


def test_other_curves_are_named_as_long_as_a_legend_has_room(problem):
    X, y = problem
    ratios = [1.0, 0.9, 0.5, 0.3, 0.1, 0.7, 0.95]
    for count, expected in ((5, {f"l1_ratio {ratio:g}" for ratio in ratios[:5]}), (7, None)):
        cv = several([cv_of(X, y, l1_ratio=ratio) for ratio in ratios[:count]])
        ax = plot_cv(cv, small())
        assert len(curves(ax)) == count
        drawn = {tuple(line.get_ydata()) for line in curves(ax)}
        assert drawn == {tuple(one.errors) for one in cv.curves}
        chosen = f"l1_ratio {cv.l1_ratio:g}"
        names = {label for label in legend(ax) if "alpha" not in label and "error" not in label}
        assert names == (expected or {chosen, "6 others"})
        others = [line.get_color() for line in curves(ax)[1:]]
        assert others == (list(COLOURS[1:5]) if expected else ["0.7"] * 6)
        assert curves(ax)[0].get_linewidth() > curves(ax)[1].get_linewidth()
        assert ax.child_axes[0].get_xlabel() == f"non-zero coefficients ({chosen})"
        assert_legible(ax)


def test_alpha_min_at_an_end_of_the_path_is_named_so(problem):
    X, _ = problem
    ax = plot_cv(fr.lasso_cv(X, X[:, 0] - X[:, 1], cv=4, alphas=25), small())  # no noise: the less penalty the better
    assert any(label.startswith("alpha_min") and label.endswith("\n(an end of the path)") for label in legend(ax))
    assert_legible(ax)


def test_what_cross_validation_returns_is_drawn(problem):
    cv = fr.elastic_net_cv(*problem, l1_ratio=[0.5, 1.0], cv=4, alphas=25)
    ax = cv.plot(small())
    assert {tuple(line.get_ydata()) for line in curves(ax)} == {tuple(one.errors) for one in cv.curves}
    assert_legible(ax)


def test_relaxed_curves_are_named_by_what_differs(cv):
    relaxed = replace(cv, errors=cv.errors + 1.0, relax=0.5)
    ax = plot_cv(several([cv, relaxed]))
    assert {"relax 0", "relax 0.5"} < set(legend(ax))


def test_cv_alphas_in_any_order(problem):
    alphas = np.geomspace(2.0, 0.01, 25)
    shuffled = cv_of(*problem, alphas=np.random.default_rng(1).permutation(alphas))
    line = plot_cv(shuffled).lines[0]
    np.testing.assert_array_equal(line.get_xdata(), np.sort(alphas)[::-1])
    np.testing.assert_array_equal(line.get_ydata(), shuffled.errors[np.argsort(-shuffled.alphas)])


def test_few_alphas_have_bars_and_points(problem):
    cv = cv_of(*problem, alphas=np.array([1.0, 0.1, 0.01]))
    ax = plot_cv(cv, small())
    assert ax.lines[0].get_marker() == "o"
    (bars,) = ax.containers
    low_high = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()])
    np.testing.assert_allclose(low_high, cv.errors[:, None] + cv.errors_se[:, None] * [-1.0, 1.0])
    assert_legible(ax)


@pytest.mark.parametrize(
    "alphas",
    [[0.1], [0.0], [0.1, 0.0], [0.1, 0.1], [0.19, 0.15, 0.11], [0.1003, 0.1002, 0.1001], [1e6, 1.0], [1e100, 1e-100]],
    ids=str,
)
@pytest.mark.parametrize("folds", [1, 2])
def test_odd_grids(problem, alphas, folds):
    cv = cv_of(*problem, alphas=np.array(alphas), folds=folds)
    ax = plot_cv(cv, small())
    assert_legible(ax)
    assert ("± 1 standard error" in legend(ax)) == (folds > 1)
    assert_legible(plot_path(cv.path, small(), names=[f"x{j}" for j in range(30)]))


def test_alpha_zero_chosen_is_named_off_the_axis(problem):
    cv = cv_of(*problem, alphas=np.array([1.0, 0.1, 0.0]))
    assert cv.alpha_min == 0.0
    assert any(label.startswith("alpha_min = ") and label.endswith("0 (off the axis)") for label in legend(plot_cv(cv)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_errors_that_are_not_finite_leave_gaps(cv, bad):
    for where in (slice(3, 5), slice(None)):
        fold_errors = cv.fold_errors.copy()
        fold_errors[0, where] = bad
        with np.errstate(invalid="ignore"):  # the deviation of inf
            broken = curve(cv.alphas, fold_errors, "mse", cv.path, 0.0, 0.0)
        ax = plot_cv(broken, small())
        assert_legible(ax)
        assert np.isnan(ax.lines[0].get_ydata()[where]).all()
        assert np.isfinite(ax.get_ylim()).all()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("width", [3.0, 7.0])
def test_texts_keep_apart(problem, scale, width):
    X, y = problem

    def axes():
        return Figure(figsize=(width, width * 2.2 / 3.0), dpi=200, layout="constrained").add_subplot()

    names = ["a rather long name of a column " * (j % 2) + str(j) for j in range(30)]
    path = fr.lasso_path(X, scale * y)
    for ax in (
        plot_path(path, axes()),
        plot_path(path, axes(), names),
        plot_path(fr.ridge_path(X, scale * y), axes(), names),
        plot_cv(cv_of(X, scale * y), axes()),
        plot_cv(several([cv_of(X, scale * y, l1_ratio=ratio) for ratio in (1.0, 0.5, 0.1)]), axes()),
        PathDisplay.from_estimator(fr.Lasso(0.1 * scale), X, scale * y, ax=axes(), names=names).ax_,
    ):
        assert_legible(ax)


def test_many_non_zero_coefficients_of_an_uneven_grid():
    """Counts of many digits, knots next to one another."""
    rng = np.random.default_rng(2)
    alphas = np.r_[1e-2 * np.linspace(1.0, 0.99, 50), 1e-3, 1e-4, 1e-5]
    path = fr.ridge_path(rng.normal(size=(12, 5)), rng.normal(size=12), alphas)
    assert_legible(plot_path(replace(path, df=np.full(53, 123456.0)), small()))


def test_text_is_as_large_as_the_axes_allow(path):
    points = {
        width: plot_path(path, Figure(figsize=(width, 2.2)).add_subplot()).xaxis.label.get_fontsize() for width in (1, 3, 7)
    }
    assert points[1] == 7.0
    assert 6.9 < points[3] < 7.1
    assert points[7] == 10.0


def test_names_come_from_the_frame(problem):
    import pandas as pd

    X, y = problem
    path = fr.lasso_path(pd.DataFrame(X, columns=[f"column {j}" for j in range(30)]), y)
    assert all(label.startswith(" column ") for label in legend(plot_path(path)))


@pytest.mark.parametrize("layout", ["constrained", None])
def test_legend_stands_beside_where_a_layout_makes_room(path, layout):
    ax = plot_path(path, Figure(layout=layout).add_subplot(), names=[f"x{j}" for j in range(30)])
    ax.figure.draw_without_rendering()
    box, axes = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.x1 <= ax.figure.bbox.x1
    assert (box.x0 >= axes.x1) == (layout is not None)


class FromPath:
    """Stands for a fitted estimator with a cross-validation."""

    def __init__(self, found=None):
        self.found = found

    def get_params(self, deep=True):
        return {"found": self.found}

    def fit(self, X, y):
        self.cv_path_ = self.coef_ = cv_of(X, y)
        return self


@pytest.mark.parametrize(
    ("estimator", "function", "options"),
    [
        (fr.Lasso(0.3), fr.lasso_path, {}),
        (
            fr.Lasso(0.3, positive=True, standardize=True, warm_start=True),
            fr.lasso_path,
            {"positive": True, "standardize": True},
        ),
        (fr.ElasticNet(0.3, l1_ratio=0.7, fit_intercept=False), fr.elastic_net_path, {"l1_ratio": 0.7, "fit_intercept": False}),
        (fr.ElasticNet(0.3, upper=0.5), fr.elastic_net_path, {"upper": 0.5}),
        (fr.Ridge(3.0, standardize=True), fr.ridge_path, {"standardize": True}),
        (fr.RidgeCV(cv=3, fit_intercept=False), fr.ridge_path, {"fit_intercept": False}),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),  # no addresses: two processes must agree
)
def test_path_display_computes_the_path_of_the_same_options(problem, estimator, function, options):
    X, y = problem
    weights = np.arange(60.0)
    before = dict(estimator.__dict__)
    display = PathDisplay.from_estimator(estimator, X, y, sample_weight=weights, alphas=25)
    assert estimator.__dict__ == before
    path = function(X, y, alphas=25, sample_weight=weights, **options)
    np.testing.assert_array_equal(display.path.coefs, path.coefs)
    assert display.figure_ is display.ax_.figure
    assert {tuple(line.get_ydata()) for line in curves(display.ax_)} == {tuple(coef) for coef in path.coefs if coef.any()}
    assert [text.get_text() for text in display.ax_.texts] == ([f"alpha = {estimator.alpha:g}"] if "alpha" in before else [])


def test_displays_plot_again(problem, cv):
    display = PathDisplay.from_estimator(fr.Lasso(100.0), *problem)
    assert not display.ax_.texts  # the alpha is not on the path
    for one in (display, CVDisplay(cv)):
        ax = small()
        assert one.plot(ax) is one
        assert (one.ax_, one.figure_) == (ax, ax.figure)
        assert one.plot().ax_ is not ax


def test_displays_of_a_cross_validation(problem):
    fitted = FromPath().fit(*problem)
    display = CVDisplay.from_estimator(fitted)
    assert display.cv_path is fitted.cv_path_
    np.testing.assert_array_equal(display.ax_.lines[0].get_ydata(), fitted.cv_path_.errors)
    path = PathDisplay.from_estimator(fitted)
    assert path.path is fitted.cv_path_.path
    assert path.alpha == fitted.cv_path_.alpha_min

    fresh = FromPath()
    display = CVDisplay.from_estimator(fresh, *problem, ax=small())
    np.testing.assert_array_equal(display.cv_path.errors, fitted.cv_path_.errors)
    assert not hasattr(fresh, "cv_path_")


def test_what_has_no_picture(problem):
    X, y = problem
    with pytest.raises(ValueError, match=r"^This FromPath has no cv_path_: it is not fitted"):
        CVDisplay.from_estimator(FromPath())
    for estimator in (fr.Lasso(), fr.Lasso().fit(X, y), 3):
        with pytest.raises(TypeError, match=r"^(Lasso|int) has no cv_path_; a LassoCV or ElasticNetCV is needed\.$"):
            CVDisplay.from_estimator(estimator, X, y)
    with pytest.raises(TypeError, match=r"^estimator is a int; a Lasso, ElasticNet, Ridge or RidgeCV of fastreg is needed\.$"):
        PathDisplay.from_estimator(3, X, y)
    with pytest.raises(ValueError, match=r"^A path of Lasso is computed from data; give X and y\.$"):
        PathDisplay.from_estimator(fr.Lasso().fit(X, y))
    with pytest.raises(ValueError, match=r"^This Ridge has bounds, and ridge_path takes none; draw elastic_net_path\("):
        PathDisplay.from_estimator(fr.Ridge(positive=True), X, y)
    for estimator in (fr.Lasso(), fr.Ridge()):
        with pytest.raises(ValueError, match=r"^y has 2 targets; one is needed for a picture\.$"):
            PathDisplay.from_estimator(estimator, X, np.c_[y, y])
    fitted = FromPath()
    fitted.cv_path_ = (cv_of(X, y),) * 2
    for display in (PathDisplay, CVDisplay):
        with pytest.raises(ValueError, match=r"^y has 2 targets; one is needed for a picture\.$"):
            display.from_estimator(fitted)


@pytest.mark.thread_unsafe(reason="starts a process")
def test_no_pyplot_and_no_display(tmp_path):
    code = (
        "import sys, numpy as np, fastreg as fr\n"
        "assert 'matplotlib' not in sys.modules\n"
        "path = fr.lasso_path(np.eye(6)[:, :4], np.arange(6.0), alphas=5)\n"
        "path.plot().figure.savefig('a.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"^plots need matplotlib: pip install 'fastreg-solvers\[plot\]'$"):
        plot_path(path)
