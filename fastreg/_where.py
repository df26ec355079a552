"""Where in the data an error is, for data that come in pieces."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def where(before: str = "", after: str = "") -> Iterator[None]:
    """Say it in the sentence of a ValueError or TypeError, and in a note of any other error, whose class means something."""
    try:
        yield
    except Exception as error:
        if type(error) in (ValueError, TypeError):
            raise type(error)(f"{before}{error}{after}") from error
        error.add_note((before + after).strip(" :"))
        raise
