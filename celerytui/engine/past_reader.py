"""Reads past tasks that match one filter, one source after the other, page by page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from celerytui.engine import past_history, past_results
from celerytui.engine.past_search import PastReading, PastSearch
from celerytui.engine.past_source import OpenPast, PastPage, PastQuestion, PastSource
from celerytui.errors import CelerytuiError
from celerytui.masking import mask, one_line
from celerytui.results.source import NoResults
from celerytui.store import Store

logger = logging.getLogger(__name__)

SOURCES: tuple[OpenPast, ...] = (
    past_history.open_past,
    past_results.open_past,
)
"""Where past tasks are looked for, in this order."""
AT_ONCE = 1_000
"""Tasks that one request brings where the newest come first."""
AT_ONCE_UNORDERED = 20_000
SECONDS = 6.0
"""After so long no further page is begun; the pool gives up after twice that."""


class PastReader:
    """To be used by one thread at a time, but for `interrupt`; of no use after an error.

    `search` is told how far it is, and `reading` is that for any thread. Once it is `given_up` the
    store takes no more of it: nobody would count that.
    """

    def __init__(
        self,
        asked: PastQuestion,
        store: Store,
        monotonic: Callable[[], float],
        sources: Sequence[OpenPast] = SOURCES,
    ) -> None:
        opened = (open_past(asked) for open_past in sources)
        self._sources = [one for one in opened if one is not None]
        self._at = 0
        self._over = False
        self._store = store
        self._monotonic = monotonic
        self.reading = PastReading()
        self.given_up = False

    def turn(self, before: PastReading, search: PastSearch) -> PastReading:
        """Continue what came of the turns before; raises nothing."""
        self.reading = replace(
            before, turns=before.turns + 1, error=None, stopped=False, searching=False
        )
        error: str | None = None
        try:
            self._read(search)
        except CelerytuiError as problem:
            error = mask(str(problem))
        except Exception as problem:
            logger.exception("past tasks were not read")
            error = one_line(problem)
        if search.cancelled:
            # What was interrupted is no fault.
            self.reading = replace(self.reading, stopped=True, searching=False)
        elif error is not None:
            self.reading = replace(self.reading, error=error)
        if not self.reading.searching:
            # Connections are made anew, so that none is left while the user reads.
            for one in self._sources:
                one.close()
        return self.reading

    def interrupt(self) -> None:
        """End the step that runs in another thread."""
        for one in self._sources[self._at :][:1]:
            one.interrupt()

    def _read(self, search: PastSearch) -> None:
        end = self._monotonic() + SECONDS
        while True:
            if self._over:
                self._go_on()
            source = self._sources[self._at]
            try:
                if not self._read_one(source, search, end):
                    return
            except NoResults:
                if not self._at:
                    raise
            except CelerytuiError as problem:
                if search.cancelled or self._at + 1 == len(self._sources):
                    raise
                self.reading = replace(self.reading, skipped=mask(str(problem)))
            self._over = True
            found, left = self.reading, self._sources[self._at + 1 :]
            self.reading = replace(found, ended=not left, further=left[0].name if left else "")
            if not left or found.added or found.known:
                return

    def _go_on(self) -> None:
        """Turn to the next source; figures are of one."""
        self._at, self._over = self._at + 1, False
        before = self.reading
        searched = (*before.searched, before.source)
        self.reading = PastReading(turns=before.turns, searched=searched, skipped=before.skipped)

    def _read_one(self, source: PastSource, search: PastSearch, end: float) -> bool:
        """Whether the source has no more."""
        before = self.reading
        for page in source.pages():
            if self.given_up:
                return False
            reading = self._take(source, page)
            search.tell(reading)
            most = AT_ONCE if source.ordered else AT_ONCE_UNORDERED
            enough = reading.added - before.added >= most
            looks_at = source.looks_at
            if looks_at is not None:
                enough = enough or reading.looked_at - before.looked_at >= looks_at
            if search.cancelled or enough or reading.full:
                return False
            if self._monotonic() >= end:
                self.reading = replace(reading, searching=True)
                return False
        self.reading = replace(self.reading, source=source.name, ordered=source.ordered)
        return True

    def _take(self, source: PastSource, page: PastPage) -> PastReading:
        reading = self.reading
        taken = self._store.past.take(page.tasks, source.source)
        oldest = min((task.finished or task.seen for task in page.tasks), default=None)
        if oldest is None or (reading.oldest is not None and reading.oldest < oldest):
            oldest = reading.oldest
        self.reading = replace(
            reading,
            source=source.name,
            kind=source.source,
            ordered=source.ordered,
            added=reading.added + taken.added,
            known=reading.known + taken.known,
            unfinished=reading.unfinished + page.unfinished,
            looked_at=reading.looked_at + page.looked_at,
            flawed=reading.flawed + page.flawed,
            oldest=oldest,
            back_to=page.back_to,
            skipped=reading.skipped if page.note is None else mask(page.note),
            full=taken.no_room > 0,
        )
        return self.reading
