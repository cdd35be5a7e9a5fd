"""Brings past tasks from the app's result backend into the store, when the user asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from celerytui.engine.request_pool import RequestPool
from celerytui.query import EMPTY, Filter
from celerytui.store import Store

if TYPE_CHECKING:
    from celerytui.engine.past_reader import PastReader


class PastReading(Struct, frozen=True):
    """What came of the turns so far; `oldest` is when the oldest task that they brought ended.

    `added` and `looked_at` are of all turns, `known` of the results that were held already;
    `unfinished` ones are left out, since workers say what runs. `ended` says that there are no
    more, `full` that there is no room for more, and `error` why the last turn failed.
    """

    source: str = ""
    ordered: bool = True
    added: int = 0
    known: int = 0
    unfinished: int = 0
    looked_at: int = 0
    flawed: int = 0
    oldest: float | None = None
    ended: bool = False
    full: bool = False
    error: str | None = None


class PastTasks:
    """One turn at a time, each continuing the last while the filter is the same.

    `reading` is what came of them, `added` how many tasks all turns of all filters brought, and
    `busy` whether a turn is under way.
    """

    def __init__(
        self,
        app: Any,
        store: Store,
        requests: RequestPool,
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._store = store
        self._requests = requests
        self._clock = clock
        self._monotonic = monotonic
        self._course = _Course(EMPTY)
        self.reading = PastReading()
        self.added = 0
        self.busy = False

    def more(self, filter: Filter | None, done: Callable[[PastReading], None]) -> bool:
        """Bring older tasks that match; False where a turn is under way.

        `done` is called in a thread of the engine, within the pool's time limit.
        """
        if self.busy:
            return False
        self.busy = True
        chosen = EMPTY if filter is None else filter
        if self._course.over or chosen != self._course.filter:
            self._course, self.reading = _Course(chosen), PastReading()
        course, before = self._course, self.reading

        def late(why: str) -> PastReading:
            # Its thread may still be in the source, which is left to it.
            reached = before if course.reader is None else course.reader.reading
            return replace(reached, error=why)

        def give(reading: PastReading) -> None:
            # After an error the next turn begins with the newest.
            course.over = reading.error is not None
            self.added += reading.added - before.added
            self.reading, self.busy = reading, False
            done(reading)

        self._requests.call(lambda: self._turn(course), late, give)
        return True

    def _turn(self, course: _Course) -> PastReading:
        # With the formats of all backends, which the first frame does not wait for.
        from celerytui.engine.past_reader import PastReader

        if course.reader is None:
            course.reader = PastReader(
                self._app, course.filter, self._store, self._clock, self._monotonic
            )
        return course.reader.turn(lambda: course.over)


class _Course(Struct, eq=False):
    """The turns of one filter; `over` once one of them failed, or was given up."""

    filter: Filter
    reader: PastReader | None = None
    over: bool = False
