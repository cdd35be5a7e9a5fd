"""A link that delivers every byte so much later, in both directions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.integration.faulty_link import FaultyLink


@contextlib.contextmanager
def slow_link(url: str, seconds: float) -> Iterator[str]:
    """A URL that leads to the same broker over a link with a round trip of so many seconds."""
    link = FaultyLink(url)
    link.delay = seconds / 2
    try:
        yield link.url
    finally:
        link.close()
