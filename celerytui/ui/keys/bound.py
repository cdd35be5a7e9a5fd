"""Which keys work where the focus is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen
from textual.widget import Widget


class BoundKeys:
    """The keys that work on a screen: another focus changes them, and nothing else does."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen
        self._found: tuple[Widget | None, Sequence[str]] | None = None

    def ids(self) -> Sequence[str]:
        """The ids of their bindings, "" for one without."""
        focused = self._screen.focused
        if self._found is None or self._found[0] is not focused:
            bound = self._screen.active_bindings.values()
            self._found = focused, [one.binding.id or "" for one in bound]
        return self._found[1]
