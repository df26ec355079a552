"""The examples run and find what they claim; their times are for whoever reads them."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SIZES = {"graphical_lasso": (25,), "sparse_coding": (200, 20, 50), "nodewise": (300, 20)}


@pytest.mark.filterwarnings("ignore:.*:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", SIZES)
def test_it_runs_and_checks_itself(name, capsys):
    path = EXAMPLES / f"{name}.py"
    assert len(path.read_text().splitlines()) < 60
    runpy.run_path(str(path))["main"](*SIZES[name])
    assert "fastreg" in capsys.readouterr().out
