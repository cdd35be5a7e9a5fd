"""Suggestions for a filter without matches."""

from __future__ import annotations

import re

_IN_KWARGS = re.compile(r"\bkwargs:\"?(?P<key>[A-Za-z_]\w*)=(?P<value>[^\s()\",]+)", re.IGNORECASE)
_RESULT = re.compile(r"\bresult:(?P<value>\"[^\"]*\"|[^\s()\",]+)", re.IGNORECASE)


def hint(text: str) -> str | None:
    """A sentence about terms that Flower writes otherwise; None where there are none."""
    found = _IN_KWARGS.search(text)
    if found is not None:
        return f"To search keyword arguments: kwargs.{found['key']}:{found['value']}"
    found = _RESULT.search(text)
    if found is not None:
        return f"To search exceptions: exception:{found['value']}"
    return None
