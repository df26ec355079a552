"""What the README, the pages in docs and the docstrings say runs as it stands.

The blocks of a page run in order, in one namespace and one folder of their own.  A block that imports a package which is not
installed here is left out; the later ones go on without what it would have left.
"""

import argparse
import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import pytest

import fastreg as fr
from fastreg import __main__ as command
from fastreg._suite import suite

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES if path.exists()}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(fr.__path__, "fastreg.")
    if not module.name.startswith(("fastreg.kernels.", "fastreg._bench"))
    and module.name not in ("fastreg.__main__", "fastreg._joint")
)


def blocks(page, language):
    """(text, line of the page) of each block in a language."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    return [(match[1], PAGES[page].count("\n", 0, match.start(1))) for match in found]


def with_blocks(language):
    return [page for page in PAGES if blocks(page, language)]


def missing(block):
    """Packages that a block imports and that are not here."""
    names = re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE)
    return [name for name in names if importlib.util.find_spec(name) is None]


# Code


@pytest.mark.thread_unsafe(reason="changes the folder")
@pytest.mark.parametrize("page", with_blocks("python"))
def test_python_of_a_page_runs(page, tmp_path, monkeypatch):
    """An error names the line of the page."""
    monkeypatch.chdir(tmp_path)
    left = {"__name__": "page"}
    absent = []
    for block, line in blocks(page, "python"):
        absent += missing(block)
        if not missing(block):
            try:
                exec(compile("\n" * line + block, page, "exec"), left)
            except NameError:
                if not absent:
                    raise
                pytest.skip(f"{absent[0]} is not installed, and line {line} goes on from there")


def test_pages_are_found():
    """Every kind of page that has code."""
    assert {"README.md", "docs/quickstart.md", "docs/regularisation.md", "docs/backend.md"} <= set(with_blocks("python"))
    assert len(blocks("docs/regularisation.md", "python")) > 20
    assert all("assert" in block for block, _ in blocks("docs/regularisation.md", "python")[1:])


@pytest.mark.parametrize("page", with_blocks("sh"))
def test_commands_of_a_page_are_understood(page):
    """Those of fastreg alone: parsed, not run."""
    for block, _ in blocks(page, "sh"):
        for line in re.split(r"\n|&&", block):
            words = shlex.split(line, comments=True)
            if words[:1] == ["fastreg"]:
                parser = command._parser()
                if words[1:2] == ["bench"]:
                    parser = command._Parser(prog=words.pop(1))
                    suite("options").describe(parser)
                options = parser.parse_args(words[1:])
                assert isinstance(options, argparse.Namespace)


@pytest.mark.thread_unsafe(reason="captures what is printed")
@pytest.mark.parametrize("name", ["fastreg", *MODULES])
def test_examples_in_docstrings_run(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


# What pages must have


def homes():
    """Every public object, by the names that it goes by."""
    found = {}
    for module in (fr, fr.prox, fr.display, fr.datasets, fr.capi, fr.distributed):
        names = getattr(module, "__all__", None) or [
            name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
        ]
        for name in names:
            value = getattr(module, name)
            if not name.startswith("_") and (not inspect.ismodule(value) or value is fr.display.shapes):
                found.setdefault(id(value), set()).add(f"{module.__name__}.{name}")
    return list(found.values())


def test_every_public_name_is_in_the_reference():
    """Once, by itself or with its module."""
    listed = []
    for page, text in PAGES.items():
        for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE) if page.startswith("docs/reference/") else ():
            value = fr
            for part in name.split(".")[1:]:
                value = getattr(value, part)
            whole = inspect.ismodule(value) and value is not fr.display.shapes
            listed += [f"{name}.{part}" for part in value.__all__] if whole else [name]
    assert len(listed) == len(set(listed))
    for names in homes():
        assert len(names & set(listed)) == 1, names


def test_constants_are_in_the_reference():
    for name in vars(fr.capi):
        assert not name.startswith("FR_") or f"`{name}`" in PAGES["docs/reference/capi.md"], name


def test_pages_are_in_the_site():
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in PAGES:
        assert not page.startswith("docs/") or f": {page.removeprefix('docs/')}\n" in site, page


def test_every_proximal_map_is_in_its_page():
    for name in fr.prox.__all__:
        assert f"| `{name}(" in PAGES["docs/prox.md"] or name == "soft_threshold"


def test_pictures_of_the_pages_are_there_and_small():
    for page, text in PAGES.items():
        for name in re.findall(r'src="([^"]*)"', text.replace("\n", " ")):
            picture = (ROOT / page).parent / name
            assert picture.read_bytes().startswith(b"\x89PNG")
            assert picture.stat().st_size < 80_000


def test_links_lead_to_files_of_the_repository():
    for page, text in PAGES.items():
        for target in re.findall(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            path = ((ROOT / page).parent / target).resolve()
            assert path.exists() or path.name in ("CHANGELOG.md", "CONTRIBUTING.md"), (page, target)


def test_links_of_the_site_stay_within_it():
    """The hook of mkdocs, which leaves code as it is."""
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("outside", ROOT / "docs" / "outside.py")
    outside = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(outside)
    page = argparse.Namespace(file=argparse.Namespace(src_uri="index.md"))
    for text, wanted in (
        ("[a](quickstart.md#b) [c](../CONTRIBUTING.md)", "[a](quickstart.md#b) [c](contributing.md)"),
        ("[`a`](../CHANGELOG.md) [b](../bench/table.py)", "[`a`](changelog.md) b"),
        ("`x[i](y)`\n\n```python\nx[i](y)  # [a](../README.md)\n```\n", None),
    ):
        assert outside.on_page_markdown(text, page, None, None) == (wanted or text)


# Arguments of other packages


def arguments_of(package, names):
    """All that their classes and functions take."""
    module = pytest.importorskip(package, reason=f"{package} is not installed")
    return {word for name in names for word in inspect.signature(getattr(module, name)).parameters} - {"X", "y", "params"}


def named_in(section, column):
    """Words in the backquotes of a column of the tables of a section of coming-from.md."""
    text = PAGES["docs/coming-from.md"].split(f"## {section}\n")[1].split("\n## ")[0]
    cells = [re.split(r"(?<!\\)\|", row)[column] for row in re.findall(r"^\|.*\|$", text, re.MULTILINE)]
    return {word for cell in cells for code in re.findall(r"`([^`]*)`", cell) for word in re.findall(r"[A-Za-z_]\w*", code)}


@pytest.mark.parametrize(
    ("section", "package", "names"),
    [
        (
            "scikit-learn",
            "sklearn.linear_model",
            ("Lasso", "ElasticNet", "Ridge", "LassoCV", "ElasticNetCV", "RidgeCV", "lasso_path", "enet_path"),
        ),
        ("celer", "celer", ("Lasso", "ElasticNet")),
    ],
)
def test_tables_of_arguments_are_complete(section, package, names):
    there = arguments_of(package, names) - {"n_alphas"}
    assert there <= named_in(section, 1) | named_in(section, 2)


def test_tables_of_arguments_name_what_there_is_here():
    classes = (fr.Fit, fr.Path, fr.CVPath)
    known = {*fr.__all__, *(name for kind in classes for name in (*dir(kind), *kind.__annotations__))}
    for function in (fr.lasso_cv, fr.elastic_net_cv, fr.elastic_net_path, fr.lasso, fr.ridge, fr.Lasso, fr.ElasticNetCV):
        known |= {*inspect.signature(function).parameters}
    for section in ("glmnet", "celer"):
        words = named_in(section, 2) - named_in(section, 1) - known
        assert words <= {"fr", "k", "inf", "True", "False", "auto", "covariance", "naive", "mse", "mae", "deviance", "fit"}, (
            section
        )


def test_places_of_a_proximal_map_have_the_example():
    """CONTRIBUTING says where a map stands, and that scad is in each of these files."""
    section = PAGES["CONTRIBUTING.md"].split("### A proximal map\n")[1].split("\n### ")[0]
    places = re.findall(r"^\| `([\w/.]+)` \|", section, re.MULTILINE)
    assert len(places) == 9
    for place in places:
        home = Path(fr.__file__).parents[1] if place.startswith("fastreg/") else ROOT
        if (home / place).exists() or not place.endswith(".pyx"):  # no wheel has those
            assert "scad" in (home / place).read_text(encoding="utf-8").lower(), place
