"""Reads past tasks that match one filter, page by page, and has the store take them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from celerytui.connect import loaded
from celerytui.engine.past_tasks import PastReading
from celerytui.errors import CelerytuiError
from celerytui.masking import mask, one_line
from celerytui.model import Task
from celerytui.query import Filter
from celerytui.results import Page, Source, as_task, open_source, wanted
from celerytui.store import Store
from celerytui.wire.decode import cut_middle

logger = logging.getLogger(__name__)

PAGE = 250
AT_ONCE = 1_000
"""Tasks that one turn brings from a backend that has them newest first."""
AT_ONCE_UNORDERED = 20_000
"""Results that one turn looks at where they have no order: they are needed all."""
LOOK_AT = 50_000
"""Results that one turn looks at for those that match the filter."""
SECONDS = 6.0
"""After so long no further page is begun; the pool gives up after twice that."""
TEXT_LIMIT = 1_024
TRACEBACK_LIMIT = 16_384


class PastReader:
    """To be used by one thread at a time; of no use after an error.

    `reading` is what came of it so far, for any thread.
    """

    def __init__(
        self,
        app: Any,
        filter: Filter,
        store: Store,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._app = app
        self._store = store
        self._monotonic = monotonic
        self._wanted = wanted(filter, clock())
        self._source: Source | None = None
        self._pages: Iterator[Page] = iter(())
        self.reading = PastReading()

    def turn(self, given_up: Callable[[], bool]) -> PastReading:
        """Read on and give what came of all turns; raises nothing.

        Once it is `given_up` the store takes no more of it: nobody would count that.
        """
        try:
            if self._source is None:
                self._source = open_source(loaded(self._app))
                self._pages = self._source.pages(self._wanted, PAGE)
            self.reading = replace(self.reading, ordered=self._source.ordered)
            ended = self._read(given_up)
            self.reading = replace(self.reading, ended=ended, source=self._source.name)
        except CelerytuiError as error:
            self.reading = replace(self.reading, error=mask(str(error)))
        except Exception as error:
            logger.exception("the results were not read")
            self.reading = replace(self.reading, error=one_line(error))
        finally:
            # Connections are made anew, so that none is left while the user reads.
            if self._source is not None:
                self._source.close()
        return self.reading

    def _read(self, given_up: Callable[[], bool]) -> bool:
        """Read pages until there are enough for one turn; whether it was the last one."""
        before, end = self.reading, self._monotonic() + SECONDS
        most = before.added + (AT_ONCE if before.ordered else AT_ONCE_UNORDERED)
        last = before.looked_at + (LOOK_AT if before.ordered else AT_ONCE_UNORDERED)
        for page in self._pages:
            if given_up():
                return False
            reading = self.reading = self._taken(page)
            enough = reading.added >= most or reading.looked_at >= last
            if enough or reading.full or self._monotonic() >= end:
                return False
        return True

    def _taken(self, page: Page) -> PastReading:
        reading = self.reading
        admitted = [one for one in page.results if self._wanted.admits(one)]
        tasks = [_bounded(as_task(one)) for one in admitted]
        over = [task for task in tasks if task.state.finished and task.finished is not None]
        taken = self._store.past.take(over)
        oldest = min((task.finished or 0.0 for task in over), default=None)
        if oldest is None or (reading.oldest is not None and reading.oldest < oldest):
            oldest = reading.oldest
        return replace(
            reading,
            added=reading.added + taken.added,
            known=reading.known + taken.known,
            unfinished=reading.unfinished + len(tasks) - len(over),
            looked_at=reading.looked_at + page.looked_at,
            flawed=reading.flawed + sum(one.flaw is not None for one in admitted),
            oldest=oldest,
            full=taken.no_room > 0,
        )


def _bounded(task: Task) -> Task:
    """The task with its texts as long as events have them: `r` reads the whole result."""
    for name in ("args", "kwargs", "result"):
        text = getattr(task, name)
        if text is not None and len(text) > TEXT_LIMIT:
            setattr(task, name, cut_middle(text, TEXT_LIMIT))
    extra = task.extra
    if extra is not None:
        if extra.exception is not None:
            extra.exception = cut_middle(extra.exception, TEXT_LIMIT)
        if extra.traceback is not None:
            extra.traceback = cut_middle(extra.traceback, TRACEBACK_LIMIT)
    return task
