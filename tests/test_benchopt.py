"""The solvers of bench/benchopt in benchmarks of benchopt that are made here, with the arguments of the public suites."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastreg as fr

SOLVERS = Path(__file__).resolve().parents[1] / "bench" / "benchopt"

DATASET = """
import numpy as np
from benchopt import BaseDataset

class Dataset(BaseDataset):
    name = "simulated"
    def get_data(self):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((40, 60)) + 1.0
        return {"X": X, "y": X[:, :5].sum(axis=1) + rng.standard_normal(40) + 3.0}
"""

# what every objective shares; `gap` is the duality gap (for ridge, |gradient|^2 over twice the strong convexity)
OBJECTIVE = """
import numpy as np
from benchopt import BaseObjective

class Objective(BaseObjective):
    name = "OBJECTIVE"
    parameters = {"fit_intercept": [False, True]}

    def set_data(self, X, y):
        self.X, self.y = X, y
        self.lmbd = 0.1 * np.abs(X.T @ (y - y.mean())).max()

    def residual(self, beta):
        p = self.X.shape[1]
        assert len(beta) == p + self.fit_intercept
        return beta[:p], self.y - self.X @ beta[:p] - (beta[p] if self.fit_intercept else 0.0)

    def lasso(self, beta, l1, l2=0.0):
        w, r = self.residual(beta)
        # an intercept that is not optimal makes no dual point of r
        assert not self.fit_intercept or abs(r.sum()) <= 1e-9 * np.abs(self.y).sum()
        c = self.X.T @ r - l2 * w
        value = r @ r / 2 + l1 * np.abs(w).sum() + l2 / 2 * w @ w
        s = max(1.0, np.abs(c).max() / l1)
        return value, value - (r @ self.y / s - (r @ r + l2 * w @ w) / (2 * s * s))
"""

OBJECTIVES = {
    "lasso": """
    def get_objective(self):
        return {"X": self.X, "y": self.y, "lmbd": self.lmbd, "fit_intercept": self.fit_intercept}

    def evaluate_result(self, beta):
        value, gap = self.lasso(beta, self.lmbd)
        return {"value": value, "gap": gap}
""",
    "elastic_net": """
    def get_objective(self):
        lmbda = self.lmbd / len(self.y)
        return {"X": self.X, "y": self.y, "l1_ratio": 0.75, "lmbda": lmbda, "fit_intercept": self.fit_intercept}

    def evaluate_result(self, beta):
        value, gap = self.lasso(beta, 0.75 * self.lmbd, 0.25 * self.lmbd)
        return {"value": value / len(self.y), "gap": gap / len(self.y)}
""",
    "ridge": """
    def get_objective(self):
        return {"X": self.X, "y": self.y, "lmbd": self.lmbd, "fit_intercept": self.fit_intercept}

    def evaluate_result(self, beta):
        w, r = self.residual(beta)
        gradient = self.X.T @ r - self.lmbd * w
        gap = gradient @ gradient / (2 * self.lmbd) + (abs(r.sum()) if self.fit_intercept else 0.0)
        return {"value": r @ r / 2 + self.lmbd / 2 * w @ w, "gap": gap}
""",
    "lasso_path": """
    def get_objective(self):
        self.lambdas = self.lmbd * np.geomspace(10, 0.5, 8)
        return {"X": self.X, "y": self.y, "lambdas": self.lambdas, "fit_intercept": self.fit_intercept}

    def evaluate_result(self, coefs):
        assert coefs.shape == (self.X.shape[1] + self.fit_intercept, 8)
        values, gaps = zip(*map(self.lasso, coefs.T, self.lambdas))
        return {"value": sum(values), "gap": max(gaps)}
""",
}


@pytest.mark.slow
@pytest.mark.thread_unsafe(reason="shares files")
@pytest.mark.parametrize("suite", OBJECTIVES)
def test_a_suite_runs_to_the_optimum(suite, tmp_path):
    pytest.importorskip("benchopt.base", reason="benchopt is not installed")  # the folder in bench has the same name
    if not SOLVERS.is_dir():
        pytest.skip("there is no bench/benchopt")
    benchmark = tmp_path / f"benchmark_{suite}"
    for folder in ("datasets", "solvers"):
        (benchmark / folder).mkdir(parents=True)
    (benchmark / "objective.py").write_text(OBJECTIVE.replace("OBJECTIVE", suite) + OBJECTIVES[suite])
    (benchmark / "datasets" / "simulated.py").write_text(DATASET)
    shutil.copy(SOLVERS / f"{suite}.py", benchmark / "solvers" / "fastreg.py")
    command = [sys.executable, "-m", "benchopt", "run", str(benchmark), "-s", "fastreg", "-n", "30", "-r", "1", "--no-plot"]
    path = os.pathsep.join([str(Path(fr.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "HOME": str(tmp_path)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

    import pandas as pd

    (saved,) = (benchmark / "outputs").glob("*.parquet")
    curves = pd.read_parquet(saved)
    names = [name for name in curves if name.endswith("fit_intercept")]
    assert curves[names[0]].nunique() == 2
    for _, curve in curves.groupby(names[0]):
        curve = curve.sort_values("stop_val", ascending=False)
        values, gaps = curve["objective_value"].to_numpy(), curve["objective_gap"].to_numpy()
        assert np.isfinite(values).all()
        assert len(values) > 3
        assert gaps[-1] <= 1e-9 * values[-1]  # a gap that this file has computed
        assert values[-1] <= values.min() + 1e-9 * values[-1]
