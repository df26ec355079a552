"""plot_path: which lines are drawn, where the knots stand, and that pyplot is left alone."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import fastreg as fr
from fastreg.display import plot_path


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
    assert labels == [names[j] for j in largest]
    assert plot_path(path).get_legend() is None


def test_a_formula_sign_in_a_name_is_not_a_formula(path):
    ax = plot_path(path, names=["$\\nonsense{$"] * 30)
    ax.figure.draw_without_rendering()  # matplotlib parses formulas when it draws
    assert len(ax.get_legend().get_texts()) == 7


def test_names_of_the_wrong_length(path):
    with pytest.raises(ValueError, match=r"^names has 2 entries but the path has 30 coefficients\.$"):
        plot_path(path, names=["a", "b"])


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
