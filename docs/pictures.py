"""`python docs/pictures.py`: the pictures beside this file, of the leukemia data and of regularisation.md (its data).

Needs matplotlib, and the Pillow that it needs: 256 colours are enough, and take half the bytes.
"""

import contextlib
import io
import re
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import fastreg as fr
from fastreg.display._style import COLOURS

HERE = Path(__file__).resolve().parent


def axes():
    """Half the width of a page."""
    return Figure(figsize=(4.5, 3.3), dpi=150, layout="constrained").add_subplot()


def save(figure, name, dpi=150):
    picture = io.BytesIO()
    figure.savefig(picture, dpi=dpi)
    Image.open(picture).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        HERE / name, optimize=True
    )


def page():
    """What the blocks of regularisation.md leave behind."""
    left = {}
    for block in re.findall(
        r"^```python\n(.*?)^```$", (HERE / "regularisation.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            exec(block, left)
    return left


def sweeps(X, y, alpha, most):
    """Relative gaps of plain coordinate descent over all columns after 1, 2, ... sweeps, from zero."""
    A, r = np.asfortranarray(X - X.mean(axis=0)), y - y.mean()
    b, l1, squares = r.copy(), len(y) * alpha, (A**2).sum(axis=0)
    w, gaps = np.zeros(A.shape[1]), []
    for _ in range(most):
        for j, column in enumerate(A.T):
            before, w[j] = w[j], fr.soft_threshold(column @ r + squares[j] * w[j], l1) / squares[j]
            if w[j] != before:
                r -= (w[j] - before) * column
        c = A.T @ r
        t = min(b @ r / (r @ r), l1 / np.abs(c).max())
        slack = l1 * np.abs(w).sum() - w @ c
        gaps.append((slack + (1 - t) * (w @ c + (1 - t) * (r @ r) / 2)) / (r @ r / 2 + l1 * np.abs(w).sum()))
    return gaps


def work(X, y):
    """The gap reached against readings of X, of which the first is that of means and norms."""
    ax, alpha = axes(), fr.alpha_max(X, y) / 20
    ax.plot(range(1, 501), sweeps(X, y, alpha, 500), color="0.4")
    ax.text(13, 1e-3, "coordinate descent,\none alpha", color="0.4", va="top")
    for grid, marker, colour, label, at in (([alpha], "o", 0, "one\nalpha", 1.1), (100, "s", 1, "100\nalphas", 9)):
        paths = [fr.lasso_path(X, y, alphas=grid, tol=tol) for tol in (1e-1, 1e-2, 1e-3, 1e-6, 1e-10)]
        gaps = [(path.dual_gaps / path.objectives).max() for path in paths]
        readings = [1 + path.n_columns_read / X.shape[1] for path in paths]
        ax.plot(readings, gaps, marker=marker, color=COLOURS[colour])
        ax.text(at, 1e-8, "fastreg,\n" + label, color=COLOURS[colour])
    ax.set(xscale="log", yscale="log", xlabel="readings of X", ylabel="gap / objective", xlim=(1, 500), ylim=(1e-14, 2))
    ax.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    return ax.figure


def main():
    X, y = fr.datasets.load_leukemia()
    cv = fr.lasso_cv(X, y, cv=10)
    names = [f"gene {j}" for j in range(X.shape[1])]
    save(cv.path.plot(axes(), names).figure, "path.png")
    save(cv.plot(axes()).figure, "cv.png")

    save(work(X, y), "work.png")

    data, display = page(), fr.display
    save(display.plot_balls(), "balls.png")
    save(display.plot_balls(dimensions=3), "balls-in-space.png")
    save(display.plot_geometry(data["pair"], data["target"]), "geometry.png")
    save(display.plot_shrinkage(), "shrinkage.png")
    save(display.plot_priors(), "priors.png")
    save(display.plot_both_paths(data["X"], data["y"], names=[f"x{j}" for j in range(6)]), "both-paths.png")
    save(display.plot_overfitting(data["noisy"], data["response"]), "overfitting.png")


if __name__ == "__main__":
    main()
