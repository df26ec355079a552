"""What the site takes from outside docs/, so that one text serves here and on a code host (a hook of mkdocs).

CONTRIBUTING.md and CHANGELOG.md of the root become pages.  A link to a page is made one within the site; of a link to any
other file of the repository, which no site has, its text stays.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
CODE = r"^```.*?^```$|`[^`\n]+`"  # where x[i](y) is no link
LINK = re.compile(CODE + r"|(?<!!)\[([^\]\n]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)", re.MULTILINE | re.DOTALL)


def on_files(files, config):
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links as they read from the file that the page is made of."""
    here = page.file.src_uri
    origin = next((source for source, name in PAGES.items() if name == here), posixpath.join("docs", here))

    def within(link):
        text, target, anchor = link.groups()
        if target is None:
            return link[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        path = PAGES.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
        if path is None:
            return text
        return f"[{text}]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{anchor or ''})"

    return LINK.sub(within, markdown)
