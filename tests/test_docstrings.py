"""What docstrings of public functions, classes, methods and properties must say.

all           a summary that ends like a sentence; sections known to numpydoc, in its order, none of them empty
parameters    every argument of the signature, in its order: an entry may have several names, entries ascend by their first
functions     Returns; Raises where the body raises; Examples, and that they run is for test_docs.py
solvers       objective or map in the summary or below it; shapes, errors, cost (Notes), source (References)
classes       Attributes, or Parameters for what is made by hand
"""

import inspect
import re
import textwrap

import pytest

import fastreg as fr

SECTIONS = ["Parameters", "Attributes", "Returns", "Raises", "Warns", "Notes", "References", "Examples"]
MODULES = (fr, fr.prox, fr.display, fr.display.shapes, fr.datasets, fr.capi, fr.distributed)
SOLVERS = [
    *(name for name in fr.__all__ if re.match(r"(alpha_max|certify|nodewise_lasso|(elastic_net|lasso|ridge)(_\w+)?)$", name)),
    *(f"prox.{name}" for name in fr.prox.__all__),
    *(f"distributed.{name}" for name in fr.distributed.__all__ if re.match(r"(elastic_net|lasso)", name)),
]
# of scikit-learn, whose documentation has them
CONVENTIONS = ("get_params", "set_params", "get_metadata_routing", "set_fit_request", "set_score_request")
WHAT = r"argmin|Minimise|objective|map of|projection|multiplied|smallest alpha|Ridge "  # is solved or computed
COST = r"multiply-adds|[Cc]ost|reading|[Oo]ne pass|[Tt]ime"


def documented():
    """(name, object, whose docstring): functions, classes, and the methods and properties that classes have from fastreg."""
    found = {}
    for module in MODULES:
        for name in getattr(module, "__all__", None) or list(vars(module)):
            value = getattr(module, name)
            if name.startswith("_") or not getattr(value, "__module__", "").startswith("fastreg") or inspect.ismodule(value):
                continue
            if not inspect.isfunction(value) and not inspect.isclass(value):
                continue
            place = f"{module.__name__}.{name}".removeprefix("fastreg.")
            found[place] = value
            for kind in inspect.getmro(value) if inspect.isclass(value) else ():
                for member, method in vars(kind).items() if kind.__module__.startswith("fastreg") else ():
                    method = getattr(method, "__func__", getattr(method, "fget", getattr(method, "func", method)))
                    if inspect.isfunction(method) and not member.startswith("_") and member not in CONVENTIONS:
                        found.setdefault(f"{place}.{member}", method)
    return found


DOCUMENTED = documented()
every = pytest.mark.parametrize("name", DOCUMENTED)


def sections(value):
    """Name: lines of each section of a docstring; "" is what comes first."""
    doc = inspect.cleandoc(value.__doc__ or "")
    parts = re.split(r"^([A-Z]\w+)\n-{3,}\n", doc, flags=re.MULTILINE)
    return {"": parts[0].strip(), **{name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}}


def entries(section):
    """Names of each entry of a section."""
    return [re.split(r"\s*,\s*", line.split(" :")[0]) for line in section.splitlines() if line and not line[0].isspace()]


def arguments(value):
    names = list(inspect.signature(value).parameters)
    return [name for name in names if name not in ("self", "cls")]


def is_property(name):
    owner, _, member = name.rpartition(".")
    kind = DOCUMENTED.get(owner)
    return (
        inspect.isclass(kind)
        and not inspect.isfunction(getattr(kind, member, None))
        and not inspect.ismethod(getattr(kind, member, None))
    )


@every
def test_summary_and_sections(name):
    parts = sections(DOCUMENTED[name])
    summary = parts[""].split("\n\n")[0]
    assert summary, "no docstring"
    assert summary[-1] in ".:,", summary
    order = [SECTIONS.index(section) for section in parts if section]
    assert order == sorted(order)
    assert all(parts.values())


@every
def test_parameters_are_those_of_the_signature(name):
    value = DOCUMENTED[name]
    if is_property(name) or (
        inspect.isclass(value) and "Attributes" in sections(value) and "Parameters" not in sections(value)
    ):
        return
    if inspect.isclass(value) and not (name in fr.__all__ and hasattr(value, "fit")) and "Parameters" not in sections(value):
        return
    wanted = arguments(value)
    found = entries(sections(value).get("Parameters", ""))
    listed = [word.lstrip("*") for entry in found for word in entry]
    assert sorted(listed) == sorted(wanted)
    at = wanted.index
    assert all(sorted(entry, key=lambda word: at(word.lstrip("*"))) == entry for entry in found)
    firsts = [at(entry[0].lstrip("*")) for entry in found]
    assert firsts == sorted(firsts)


@every
def test_what_comes_back_and_what_is_raised(name):
    value = DOCUMENTED[name]
    if inspect.isclass(value) or is_property(name):
        return
    parts = sections(value)
    if inspect.signature(value).return_annotation != "None" and arguments(value):
        assert "Returns" in parts
    body = textwrap.dedent(inspect.getsource(value)).replace(value.__doc__, "")
    if re.search(r"^\s+raise\b", body, re.MULTILINE):
        assert "Raises" in parts


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_and_maps_say_all(name):
    parts = sections(DOCUMENTED[name])
    assert {"Parameters", "Returns", "Raises", "Notes", "References", "Examples"} <= set(parts)
    assert re.search(WHAT, parts[""])
    assert re.search(COST, parts["Notes"])
    assert re.search(r"\(\d{4}\)|\d{4}", parts["References"])
    assert re.search(r"shape|scalar|float|As |as of", parts["Returns"] + parts["Parameters"])
    assert "Error" in parts["Raises"]


@pytest.mark.parametrize("name", [name for name, value in DOCUMENTED.items() if inspect.isclass(value)])
def test_classes_list_what_they_have(name):
    """All but warnings, enumerations and what is a name for numbers."""
    value = DOCUMENTED[name]
    if issubclass(value, (Warning, tuple)) or hasattr(value, "__members__") or name.startswith("display.shapes"):
        return
    assert {"Attributes", "Parameters"} & set(sections(value))
