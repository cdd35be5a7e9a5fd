"""The marks that were received: moments that users named."""

from __future__ import annotations

from celerytui.model import MARK_LENGTH, Event, Mark

KEPT = 100
"""As many marks are kept, the newest."""


class Marks:
    """Taken by one thread and read by any.

    A mark stands at the time of its receipt, less by how much events come late: what its sender
    writes may be of any time.
    """

    def __init__(self) -> None:
        self._kept: tuple[Mark, ...] = ()

    def take(self, event: Event, at: float) -> None:
        """Keep the mark of an event that came at `at`; one without a text is none."""
        fields = event.extra or {}
        text, user = fields.get("text"), fields.get("user")
        if not isinstance(text, str) or not (text := text.strip()):
            return
        by = user if isinstance(user, str) else ""
        mark = Mark(at, text[:MARK_LENGTH], by[:MARK_LENGTH] or event.hostname)
        self._kept = tuple(sorted((*self._kept, mark), key=_at))[-KEPT:]

    def all(self) -> tuple[Mark, ...]:
        """The marks, oldest first."""
        return self._kept

    @property
    def last(self) -> Mark | None:
        """The newest mark."""
        return self._kept[-1] if self._kept else None


def _at(mark: Mark) -> float:
    return mark.at
