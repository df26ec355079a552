"""scikit-learn's own tests of its linear models and of routing, with fastreg's estimators in their place."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from sklearn_internals import INTERNALS, VERSION

import fastreg

pytestmark = pytest.mark.thread_unsafe(reason="is one long process")


def outcomes(folder, module):
    """{test: whether it failed}; without the settings of this project, and of scikit-learn's tests."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    places = [Path(__file__).parent, Path(fastreg.__file__).parents[1]]
    unset = ("PYTEST_", "SKLEARN_")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    env = {name: value for name, value in os.environ.items() if not name.startswith(unset)} | threads
    env |= {"PYTHONPATH": os.pathsep.join(map(str, places)), "FASTREG_OUTCOMES": str(folder / "outcomes.json")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-c",
        "pytest.ini",
        "-p",
        "sklearn_names",
    ]
    run = subprocess.run([*command, "--pyargs", f"sklearn.{module}"], env=env, cwd=folder, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stdout + run.stderr  # anything else is no matter of passing or failing
    return json.loads((folder / "outcomes.json").read_text())[module.rpartition(".")[2]]


@pytest.mark.slow
@pytest.mark.parametrize("module", INTERNALS)
def test_only_tests_of_its_internals_fail(tmp_path, module):
    sklearn = pytest.importorskip("sklearn")
    if find_spec("sklearn.linear_model.tests") is None:
        pytest.skip("scikit-learn is installed without its tests")
    if sklearn.__version__.split(".")[:2] != VERSION.split("."):
        pytest.skip(f"the list is that of scikit-learn {VERSION}; {sklearn.__version__} is installed")
    found, listed = outcomes(tmp_path, module), INTERNALS[module]
    assert len(found) > 100
    internal = re.compile("|".join(rf"{one.test}(\[({one.cases})\])?" for one in listed))
    wrong = [
        f"{test} " + ("fails" if failed else "is listed, but passes")
        for test, failed in found.items()
        if bool(internal.fullmatch(test)) != failed
    ]
    names = {test.partition("[")[0] for test in found}
    wrong += [f"{one.test} is listed, but is no test" for one in listed if one.test not in names]
    assert wrong == [], "\n".join(wrong)
