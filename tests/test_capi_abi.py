"""The binary interface of the C functions stays as it is, and is the same in all places that spell it.

tests/data/capi.txt has the name and the signature of every function that was ever published.  A line may be added, and none
changed or taken away: compiled code of others relies on it.  A function with other arguments gets another name.
"""

import re
import textwrap
from pathlib import Path

import fastreg as fr

PINNED = Path(__file__).parent / "data" / "capi.txt"
PACKAGE = Path(fr.__file__).parent
HEADER, PXD, ANSWER = (
    (PACKAGE / name).read_text(encoding="utf-8") for name in ("include/fastreg.h", "kernels/capi.pxd", "kernels/_answer.pxd")
)


def pinned():
    return dict(line.split(": ", 1) for line in PINNED.read_text().splitlines())


def compiled():
    return {name: fr.capi.signature(name) for name in fr.capi.names()}


def declared():
    """Name: (result, arguments) of the functions in the .pxd."""
    found = re.findall(r"^cdef (\w+) (\w+)\(([^)]*)\) noexcept nogil$", PXD, re.MULTILINE)
    return {name: (result, " ".join(arguments.split())) for result, name, arguments in found}


def signature(result, arguments):
    """As in a capsule: "int (Py_ssize_t, double const *)" of "int" and "Py_ssize_t n, const double *x"."""
    types = [re.sub(r"\w+$", "", argument).strip() for argument in arguments.split(", ")] if arguments else ["void"]
    types = [re.sub(r"^const (\w+)", r"\1 const", spelling) for spelling in types]
    return f"{result} ({', '.join(types)})"


def prototype(name):
    """What fastreg.h has for a function of the .pxd."""
    result, arguments = declared()[name]
    begin = f"typedef {result} {name}_fn("
    glued = begin.replace(" ", "~") + (arguments or "void").replace(" ", "~").replace(",~", ", ") + ");"
    lines = textwrap.wrap(glued, 128, subsequent_indent=" " * len(begin), break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace("~", " ").replace("Py_ssize_t", "ptrdiff_t")


def constants(text):
    """Name: number, of the enums of a .pxd or a header."""
    return {name: int(value) for name, value in re.findall(r"(FR_[A-Z0-9_]+)(?: = | )(-?\d+)\b", text)}


def comments(text):
    """Name: the comment on its line."""
    return dict(re.findall(r"(FR_[A-Z_]+) = -?\d+,? +(?:#|/\*) (.*?)(?: \*/)?$", text, re.MULTILINE))


def test_nothing_that_is_published_has_changed():
    now = compiled()
    for name, published in pinned().items():
        assert name in now, f"{name} is published: it may not be taken away."
        assert now[name] == published, f"{name} is published: with other arguments it needs another name."


def test_everything_is_published():
    new = [f"{name}: {spelling}" for name, spelling in compiled().items() if name not in pinned()]
    assert not new, "Add to tests/data/capi.txt, once and for all:\n" + "\n".join(new)


def test_the_pxd_declares_what_is_compiled():
    assert {name: signature(*parts) for name, parts in declared().items()} == compiled()


def test_the_header_declares_what_is_compiled():
    missing = [prototype(name) for name in declared() if prototype(name) not in HEADER]
    assert not missing, "fastreg.h needs:\n" + "\n".join(missing)
    assert set(re.findall(r"^typedef \w+ (\w+)_fn\(", HEADER, re.MULTILINE)) == set(compiled())
    assert sorted(re.findall(r"^ +F\((\w+)\)", HEADER, re.MULTILINE)) == sorted(compiled()), "FR_EACH_FUNCTION"


def test_maps_that_are_inline_in_the_header_are_functions_of_the_same_signature():
    inline = re.findall(r"^static inline (double|float) (\w+)\((.*)\)$", HEADER, re.MULTILINE)
    assert len(inline) == sum("Py_ssize_t" not in spelling and "*" not in spelling for spelling in compiled().values()) - 1
    for result, name, arguments in inline:
        assert declared()[name] == (result, arguments)


def test_constants_are_the_same_everywhere():
    expected = constants(ANSWER) | constants(PXD)
    assert {"FR_ABI_VERSION", "FR_CONVERGED", "FR_INFO"} <= set(expected)
    assert constants(HEADER) == expected
    assert {name: value for name, value in vars(fr.capi).items() if name.startswith("FR_")} == expected
    assert fr.capi.function("fr_abi_version")() == fr.capi.FR_ABI_VERSION


def test_words_for_constants_are_the_same_everywhere():
    expected = comments(ANSWER)
    assert comments(HEADER) == expected
    statuses = {value: expected[name] for name, value in constants(ANSWER.split("cdef enum")[1]).items()}
    assert {value: fr.capi.meaning(value) for value in statuses} == statuses
