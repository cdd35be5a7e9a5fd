"""Brings past tasks into the store when the user asks for them: from a history, from results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_search import PastReading, PastSearch
from celerytui.engine.past_source import PastQuestion
from celerytui.engine.request_pool import RequestPool
from celerytui.errors import HistoryError
from celerytui.masking import mask
from celerytui.model import Task
from celerytui.query import EMPTY, Filter
from celerytui.store import Store, from_history

if TYPE_CHECKING:
    from celerytui.engine.past_reader import PastReader


class Recorded(Struct, frozen=True):
    """What a history has of one task, or `error`: why that is not known."""

    task: Task | None = None
    error: str | None = None


class PastTasks:
    """One request at a time, each continuing the last while the filter is the same.

    `reading` is what came of it, `brought` how many tasks came by their source, and `search` the
    request that is under way.
    """

    def __init__(
        self,
        app: Any,
        store: Store,
        requests: RequestPool,
        history: HistoryAccess,
        clock: Callable[[], float],
        tell: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.history = history
        self._app = app
        self._store = store
        self._requests = requests
        self._clock = clock
        self._tell = tell
        self._monotonic = monotonic
        self._filter = EMPTY
        self._reader: PastReader | None = None
        self.reading = PastReading()
        self.brought: Counter[str] = Counter()
        self.search: PastSearch | None = None

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self.search is not None

    def more(self, filter: Filter | None, done: Callable[[PastReading], None]) -> bool:
        """Bring older tasks that match; False where a request is under way.

        `done` is called in a thread of the engine. It goes on until there are enough, or `stop`.
        """
        if self.search is not None:
            return False
        self.search = search = PastSearch(self._clock(), self._tell)
        chosen = EMPTY if filter is None else filter
        if chosen != self._filter:
            self._filter, self._reader = chosen, None
        self._ask(PastReading() if self._reader is None else self.reading, search, done)
        return True

    def stop(self) -> bool:
        """End the request that is under way; False where none is."""
        search = self.search
        if search is not None:
            search.cancel()
        return search is not None

    def note(self, source: str, count: int) -> None:
        """Count tasks that came from a source unasked."""
        if count:
            self.brought[source] += count
            self._tell()

    def find(self, task_id: str, done: Callable[[Recorded], None]) -> None:
        """Read what the history has of a task; `done` is called in a thread of the engine."""

        def ask() -> Recorded:
            try:
                history = self.history.open()
                try:
                    return Recorded(from_history(history.task(task_id)))
                finally:
                    history.close()
            except HistoryError as error:
                return Recorded(error=mask(str(error)))

        self._requests.call(ask, lambda why: Recorded(error=why), done)

    def _ask(
        self, before: PastReading, search: PastSearch, done: Callable[[PastReading], None]
    ) -> None:
        def give(reading: PastReading) -> None:
            self.reading = reading
            if reading.searching and not search.cancelled:
                self._ask(reading, search, done)
                return
            self.search = None
            done(reading)

        self._requests.call(
            lambda: self._turn(before, search), lambda why: self._late(before, why), give
        )

    def _turn(self, before: PastReading, search: PastSearch) -> PastReading:
        # The first frame does not wait for the formats of all backends.
        if not self.history.offline:
            self._requests.import_results()
        from celerytui.engine.past_reader import PastReader

        reader = self._reader
        if reader is None:
            asked = PastQuestion(self._app, self.history, self._filter, self._clock())
            reader = self._reader = PastReader(asked, self._store, self._monotonic)
        search.interrupt = reader.interrupt
        reading = reader.turn(before, search)
        came = reading.added - (before.added if reading.searched == before.searched else 0)
        self.note(reading.kind, came)
        if reading.error is not None:
            # The next turn begins with the newest.
            self._reader = None
        return reading

    def _late(self, before: PastReading, why: str) -> PastReading:
        # Its thread may still be in the source: that is left to it.
        reader, self._reader = self._reader, None
        if reader is None:
            return replace(before, error=why, searching=False)
        reader.given_up = True
        return replace(reader.reading, error=why, searching=False)
