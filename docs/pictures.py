"""`python docs/pictures.py`: the pictures beside this file, of the README (leukemia data) and of regularisation.md (its data).

Needs matplotlib, and the Pillow that it needs: 256 colours are enough, and take half the bytes.
"""

import contextlib
import io
import re
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

import fastreg as fr

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


def main():
    X, y = fr.datasets.load_leukemia()
    cv = fr.lasso_cv(X, y, cv=10)
    names = [f"gene {j}" for j in range(X.shape[1])]
    save(cv.path.plot(axes(), names).figure, "path.png")
    save(cv.plot(axes()).figure, "cv.png")

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
