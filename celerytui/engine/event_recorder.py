"""Records all that the store is told into an event log, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from celerytui.engine.beside import Beside
from celerytui.engine.pages_to_record import PagesToRecord
from celerytui.errors import HistoryError
from celerytui.interpreter import give_way
from celerytui.model import Alert, Entry, Link, LinkState
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.store.standing import standing

if TYPE_CHECKING:
    from celerytui.health import Health
    from celerytui.history.eventlog.writer import EventLogWriter

FLUSH_SECONDS = 0.5
RETRY_SECONDS = 3.0
MOST_WAITING = 200_000
"""Events that wait for the disk; what comes when there are more is dropped, and counted."""


class EventLogState(Struct, frozen=True):
    """How recording goes: `recorded` and `dropped` are events of this session.

    `waiting` are those that are still to be written, `trouble` says what is in the way now, and
    `size` is that of all parts in bytes.
    """

    path: str
    recorded: int = 0
    dropped: int = 0
    waiting: int = 0
    size: int = 0
    trouble: str | None = None
    standing_by: bool = False


class EventRecorder:
    """One thread runs it until it is finished; any may read its `state`.

    It listens to the store's journal, which tells it in the threads that tell the store;
    `opened` is set once its file is there, and `turned_at` is when it did something last, in
    monotonic seconds.
    """

    def __init__(
        self,
        store: Store,
        health: Health,
        beside: Beside,
        pages: PagesToRecord,
        settings: Settings,
        clock: Callable[[], float],
        app: str,
        broker: str,
        path: Path,
        *,
        anonymise: bool = False,
    ) -> None:
        self._store = store
        self._health = health
        self._settings = settings
        self._clock = clock
        self._who = app, broker
        self._path = path
        self._anonymise = anonymise
        self._waiting: deque[Entry] = deque()
        self._taken: list[Entry] = []
        self._came = self._gone = 0
        self._dropped = 0
        self._beside = beside
        self._pages = pages
        self._link: Link | None = None
        self._alerts: dict[tuple[str, str, float], Alert] = {}
        self._writer: EventLogWriter | None = None
        self._finish = threading.Event()
        self.state = EventLogState(str(path))
        self.opened = threading.Event()
        self.turned_at = time.monotonic()
        store.journal.listener = self._note
        beside.listen(lambda what, known: self._note(what, (known,)))

    def take_link(self, link: Link) -> None:
        """Record how the connection stands; from any thread."""
        self._link = link
        self._note("link", (link,))

    def take_judged(self) -> None:
        """Record what was found when the cluster was judged, once a second."""
        self._note_beside()
        if self._link is not None and self._link.state is LinkState.CONNECTED:
            self._pages.turn(time.monotonic())
        alerts = {(one.id, one.subject, one.since): one for one in self._health.alerts}
        for key in alerts.keys() - self._alerts.keys():
            self._note("alert", (True, alerts[key]))
        for key in self._alerts.keys() - alerts.keys():
            self._note("alert", (False, self._alerts[key]))
        self._alerts = alerts

    def open(self) -> None:
        """Begin the file, so that whoever started it hears of it if that can't be done."""
        try:
            self._write([])
        except HistoryError:
            self._store.journal.listener = None
            raise
        self.opened.set()

    def finish(self) -> None:
        """Have `run` write what there is, and end."""
        self._finish.set()

    def run(self) -> None:
        """Record until it is finished; blocks for the disk."""
        while not self._finish.is_set():
            self.turned_at = time.monotonic()
            pause = FLUSH_SECONDS if self._turn() else RETRY_SECONDS
            self._finish.wait(pause)
        self._turn()
        self._store.journal.listener = None
        if self._writer is not None:
            self._writer.close()

    def _note(self, what: str, args: tuple[Any, ...]) -> None:
        """Keep what was told until it is written."""
        if what == "sweep":
            # All is judged after it, by what is known then.
            self._note_beside()
        if what == "apply":
            count = len(args[0].events)
            if self._came - self._gone + count > MOST_WAITING:
                self._dropped += count
                return
            self._came += count
        self._waiting.append(Entry(self._clock(), what, args))

    def _note_beside(self) -> None:
        for what, known in self._beside.changes(time.monotonic()):
            self._note(what, (known,))

    def _turn(self) -> bool:
        """Write what waits; False where something is in the way."""
        from celerytui.history.eventlog.writer import by_frame

        while self._waiting:
            self._taken.append(self._waiting.popleft())
        try:
            for some in list(by_frame(self._taken)) or [[]]:
                give_way()
                self._write(some)
                del self._taken[: len(some)]
                self._written(some)
            if missing := self._dropped - self.state.dropped:
                self._write([Entry(self._clock(), "dropped", (missing,))])
        except HistoryError as error:
            self.state = replace(self.state, trouble=str(error), waiting=self._came - self._gone)
            return False
        self.state = replace(
            self.state, dropped=self.state.dropped + missing, waiting=0, trouble=None
        )
        return True

    def _written(self, entries: list[Entry]) -> None:
        events = sum(len(one.args[0].events) for one in entries if one.what == "apply")
        self._gone += events
        assert self._writer is not None
        recorded = self.state.recorded + events
        self.state = replace(self.state, recorded=recorded, size=self._writer.size)

    def _write(self, entries: list[Entry]) -> None:
        from celerytui.history.eventlog.opening import open_writer

        if self._writer is None:
            self._writer = open_writer(
                self._path,
                *self._who,
                self._settings,
                self._key,
                celery=version("celery"),
                anonymise=self._anonymise,
            )
        self._writer.write(entries, self._clock())

    def _key(self) -> Iterable[Entry]:
        """How things stand, as what a new store is to be told."""
        now = self._clock()
        for entry in standing(self._store, now):
            give_way()
            yield entry
        for what, known in self._beside.standing():
            yield Entry(now, what, (known,))
