"""The code of the README runs as it stands, from top to bottom in one session."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.thread_unsafe(reason="prints")
def test_code_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    session = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), session)
    assert len(capsys.readouterr().out.splitlines()) >= sum(block.count("print(") for block in blocks)
