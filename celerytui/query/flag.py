"""The filter that a command is given as an option."""

from __future__ import annotations

from celerytui.errors import FilterError, UsageError
from celerytui.query.parse import Filter, parse_filter


def parse_query(text: str) -> Filter:
    """The filter of --filter; raises UsageError with the position of a mistake."""
    try:
        return parse_filter(text)
    except FilterError as error:
        place = f"--filter {text!r}, character {error.start + 1}"
        raise UsageError(f"{place}: {error} {error.expected}".rstrip()) from error
