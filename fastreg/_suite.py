"""Where the benchmarks of `fastreg bench` are: in the wheel as fastreg._bench, in a checkout in the folder bench."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from fastreg._files import Refusal

NAME = "fastreg._bench"
BESIDE = Path(__file__).resolve().parents[1] / "bench" / "__init__.py"


def suite(module: str) -> ModuleType:
    """A module of the benchmarks by its name."""
    if importlib.util.find_spec(NAME) is None:
        spec = importlib.util.spec_from_file_location(NAME, BESIDE, submodule_search_locations=[str(BESIDE.parent)])
        if spec is None or spec.loader is None or not BESIDE.is_file():
            raise Refusal(
                "the benchmarks are not installed: there is no package fastreg._bench, and no checkout around fastreg."
            )
        sys.modules[NAME] = package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return importlib.import_module(f"{NAME}.{module}")
