"""The marks that were received or recorded: moments that users named."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from celerytui.model import MARK_LENGTH, Event, Mark

KEPT = 100
"""As many marks are kept, the newest."""


class Marks:
    """For any thread.

    A mark stands at the time of its receipt, less by how much events come late: what its sender
    writes may be of any time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Mark, ...] = ()
        self._recorded: frozenset[Mark] = frozenset()

    def take(self, event: Event, at: float) -> None:
        """Keep the mark of an event that came at `at`; one without a text is none."""
        fields = event.extra or {}
        text, user = fields.get("text"), fields.get("user")
        if not isinstance(text, str) or not (text := text.strip()):
            return
        by = user if isinstance(user, str) else ""
        mark = Mark(at, text[:MARK_LENGTH], by[:MARK_LENGTH] or event.hostname)
        self._keep((mark,))

    def restore(self, recorded: Iterable[Mark]) -> None:
        """Keep marks that a history has, each once."""
        found = frozenset(recorded).difference(self._kept)
        self._recorded |= found
        self._keep(found)

    def _keep(self, more: Iterable[Mark]) -> None:
        with self._lock:
            self._kept = tuple(sorted((*self._kept, *more), key=_at))[-KEPT:]
            self._recorded &= frozenset(self._kept)

    def received(self) -> list[Mark]:
        """Those that no history had, oldest first."""
        return [one for one in self._kept if one not in self._recorded]

    def all(self) -> tuple[Mark, ...]:
        """The marks, oldest first."""
        return self._kept

    @property
    def last(self) -> Mark | None:
        """The newest mark."""
        return self._kept[-1] if self._kept else None


def _at(mark: Mark) -> float:
    return mark.at
