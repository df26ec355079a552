"""An extension of griffe, which reads docstrings for the site: entries of several parameters are read one by one.

Griffe gives all names of an entry `a, b : type` the default of the first.
"""

import re

import griffe

SECTION = re.compile(r"^(Parameters\n-{3,}\n)(.*?)(?=\n\n[A-Z]\w+\n-{3,}\n|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"^(\w+(?:, \w+)+)((?: :.*)?(?:\n[ \t]+.*|\n(?=[ \t]*\n[ \t]))*)", re.MULTILINE)


class Entries(griffe.Extension):
    def on_object(self, *, obj, **kwargs):
        if obj.docstring:
            obj.docstring.value = SECTION.sub(lambda part: part[1] + ENTRY.sub(apart, part[2]), obj.docstring.value)


def apart(entry):
    return "\n".join(name + entry[2] for name in entry[1].split(", "))
