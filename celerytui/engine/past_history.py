"""Past tasks from the app's history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from celerytui.engine.past_source import PastPage, PastQuestion
from celerytui.store import FROM_HISTORY

if TYPE_CHECKING:
    from celerytui.history.history import History


class HistorySource:
    """A `PastSource` that searches the history, from where it got to the last time."""

    name = "the history"
    source = FROM_HISTORY
    ordered = True
    looks_at = None

    def __init__(self, asked: PastQuestion) -> None:
        self._asked = asked
        self._history: History | None = None
        self._pages: Iterator[PastPage] | None = None
        self._back_to: float | None = None
        self._looked_at = 0

    def pages(self) -> Iterator[PastPage]:
        """See `PastSource.pages`."""
        if self._pages is None:
            self._pages = self._search()
        return self._pages

    def interrupt(self) -> None:
        """See `PastSource.interrupt`."""
        history = self._history
        if history is not None:
            history.interrupt()

    def close(self) -> None:
        """See `PastSource.close`."""
        history, self._history, self._pages = self._history, None, None
        if history is not None:
            history.close()

    def _search(self) -> Iterator[PastPage]:
        asked = self._asked
        self._history = history = asked.history.open()
        for found in history.search(asked.filter, asked.now, until=self._back_to):
            # What was looked at before is not looked at once more.
            more = max(0, found.looked_at - self._looked_at)
            self._looked_at += more
            if found.back_to is not None:
                self._back_to = found.back_to
            ended = [task for task in found.tasks if task.state.finished]
            yield PastPage(ended, more, len(found.tasks) - len(ended), 0, self._back_to)
        for note in history.notes[:1]:
            yield PastPage([], 0, back_to=self._back_to, note=note)


def open_past(asked: PastQuestion) -> HistorySource | None:
    """The history, where one is kept."""
    return HistorySource(asked) if asked.history.kept else None
