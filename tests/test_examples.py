"""The examples run as they are printed, and so do the C and Cython blocks of the guide to the C functions.

Packages are copied, built by their own setup.py against the fastreg that is tested, and checked by their check.py.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import fastreg as fr

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
GUIDE = (ROOT / "docs" / "backend.md").read_text(encoding="utf-8")
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))  # where there is no limited API yet
PACKAGES = sorted(path.name for path in EXAMPLES.glob("*_package"))


def needs(*modules):
    for module in modules:
        pytest.importorskip(module, reason=f"{module} is not installed")


def compiler(variable="CC", fallback="cc"):
    """The system's compiler for C, or for C++ with CXX, as a command."""
    command = (os.environ.get(variable) or sysconfig.get_config_var(variable) or fallback).split()
    if sys.platform == "win32" or not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    return command


def run(*command, cwd):
    """What a program prints; it must succeed.  Python imports the fastreg that is tested, and Cython finds it, too."""
    path = os.pathsep.join([str(Path(fr.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}
    result = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def blocks(language):
    """The blocks of the guide in a language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert found
    return found


def test_examples_are_short_and_listed():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert {"cython_package", "c_package"} <= set(PACKAGES)
    for name in [*SCRIPTS, *PACKAGES]:
        assert name in listed
    for path in EXAMPLES.rglob("*.[pc]*"):
        assert len(path.read_bytes().splitlines()) < 60, path


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script(name, tmp_path):
    engines = r"^ *(?:import|from) (numba|ray|pyspark)\b"
    needs(*re.findall(engines, (EXAMPLES / name).read_text(encoding="utf-8"), re.MULTILINE))
    assert 1 <= len(run(sys.executable, EXAMPLES / name, cwd=tmp_path).splitlines()) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package(name, tmp_path):
    """Of the Cython package, check.py calls the solver in four threads."""
    needs("setuptools", *(["Cython"] if [*(EXAMPLES / name).glob("*.pyx")] else []))
    compiler()
    if FREE_THREADED and name == "c_package":
        pytest.skip("this Python has no limited API")
    folder = shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns("build", "*.so", "__pycache__"))
    run(sys.executable, "setup.py", "-q", "build_ext", "--inplace", cwd=folder)
    assert 1 <= len(run(sys.executable, "check.py", cwd=folder).splitlines()) <= 2


@pytest.mark.slow
def test_cython_in_the_guide(tmp_path):
    needs("setuptools", "Cython")
    compiler()
    (tmp_path / "guide.pyx").write_text(*blocks("cython"), encoding="utf-8")
    run(sys.executable, "-m", "Cython.Build.Cythonize", "-3", "-i", "guide.pyx", cwd=tmp_path)
    check = "import numpy as np, guide; w = np.zeros(1); print(guide.solve(np.eye(1), np.full(1, 3.0), 1.0, w), w[0])"
    assert run(sys.executable, "-c", check, cwd=tmp_path) == "0 2.0\n"


# fastreg.h

STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{fr.get_include()}", "-isystem", sysconfig.get_path("include"))


@pytest.mark.parametrize("limited", [(), *([] if FREE_THREADED else [("-DPy_LIMITED_API=0x030b0000",)])])
@pytest.mark.parametrize(("language", "variable"), [("c99", "CC"), ("c++11", "CXX"), ("c++17", "CXX")])
def test_the_header_compiles_without_a_warning(language, variable, limited, tmp_path):
    command = [*compiler(variable, "c++" if variable == "CXX" else "cc"), f"-std={language}", *limited, *STRICT, "-c"]
    name = "header.c" if variable == "CC" else "header.cpp"
    for code in ['#include "fastreg.h"\nint nothing;', *blocks("c")]:
        (tmp_path / name).write_text(code)
        run(*command, name, cwd=tmp_path)


def test_maps_of_the_header_give_the_bits_of_the_functions(tmp_path):
    """Through a library of functions that call them."""
    import ctypes

    header = (Path(fr.get_include()) / "fastreg.h").read_text(encoding="utf-8")
    maps = re.findall(r"^static inline (double|float) (\w+)\((.*)\)$", header, re.MULTILINE)
    code = ['#include "fastreg.h"']
    for kind, name, arguments in maps:
        passed = ", ".join(argument.split()[-1] for argument in arguments.split(", "))
        code.append(f"{kind} my_{name}({arguments});\n{kind} my_{name}({arguments}) {{ return {name}({passed}); }}")
    (tmp_path / "maps.c").write_text("\n".join(code))
    run(*compiler(), "-std=c99", *STRICT, "-shared", "-fPIC", "-O2", "maps.c", "-o", "maps.so", cwd=tmp_path)
    library = ctypes.CDLL(str(tmp_path / "maps.so"))
    numbers = [0.0, -0.0, 0.1, -0.1, 1.0, -1.0, 1.5, 5e-324, 1e300, np.inf, -np.inf, np.nan]
    for _, name, _ in maps:
        function, mine = fr.capi.function(name), library[f"my_{name}"]
        mine.restype, mine.argtypes = function.restype, function.argtypes
        for x in numbers:
            for penalties in [(0.0, 0.0), (0.1, 2.0), (1.0, 1e-3), (0.5, 0.5), (1e-320, 1e-320)]:
                given = (x, *penalties[: len(function.argtypes) - 1])
                assert np.float64(mine(*given)).tobytes() == np.float64(function(*given)).tobytes(), (name, given)


def test_every_function_is_in_the_table_of_the_guide():
    table = GUIDE.split("## All functions")[1].split("##")[0]
    for name in fr.capi.names():
        assert f"`{re.sub(r'(_(f|i)(32|64))+$', '', name)}`" in table, name


def test_statuses_of_the_guide_are_those_of_the_package():
    rows = re.findall(r"^\| (-?\d) \| `(FR_\w+)` \| (.*) \|$", GUIDE, re.MULTILINE)
    assert len(rows) == 9
    for value, name, words in rows:
        assert (getattr(fr.capi, name), fr.capi.meaning(int(value))) == (int(value), words)
