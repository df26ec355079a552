"""`python docs/pictures.py`: the pictures of the README, of the leukemia data, beside this file."""

from pathlib import Path

from matplotlib.figure import Figure

import fastreg as fr

HERE = Path(__file__).resolve().parent


def axes():
    """Half the width of a page."""
    return Figure(figsize=(4.5, 3.3), dpi=150, layout="constrained").add_subplot()


def main():
    X, y = fr.datasets.load_leukemia()
    cv = fr.lasso_cv(X, y, cv=10)
    names = [f"gene {j}" for j in range(X.shape[1])]
    cv.path.plot(axes(), names).figure.savefig(HERE / "path.png")
    cv.plot(axes()).figure.savefig(HERE / "cv.png")


if __name__ == "__main__":
    main()
