"""A bar that shows how far something is; it knows nothing of what that is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module


def bar(stack: ExitStack, total: int, what: str) -> Callable[[], object]:
    """A function to call after each of `total` steps; closed with the stack.  tqdm's bar, or a line of our own without it."""
    try:
        tqdm = import_module("tqdm").tqdm
    except ImportError:
        return _line(stack, total, what)
    shown = stack.enter_context(tqdm(total=total, desc=what, unit="alpha"))
    update: Callable[[], object] = shown.update
    return update


def _line(stack: ExitStack, total: int, what: str) -> Callable[[], object]:
    done = 0
    stack.callback(lambda: print(file=sys.stderr))

    def advance() -> None:
        nonlocal done
        done += 1
        print(f"\r{what}: {done} of {total} alphas", end="", file=sys.stderr, flush=True)

    return advance
