"""The schedule thread: reads the sources of the schedule every few seconds, or on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from celerytui.control import Control, Silences
from celerytui.engine.clock import SteadyClock
from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_runs import past_runs
from celerytui.errors import UsageError
from celerytui.model import (
    Blockage,
    Link,
    LinkState,
    PlannedEntry,
    ScheduleEntry,
    ScheduleReading,
)
from celerytui.settings import Settings
from celerytui.store import Store

if TYPE_CHECKING:
    from celerytui.schedule import Pinged, Schedules

READ_SECONDS = 10.0
"""How often the sources are read."""
JUDGE_SECONDS = 1.0
"""How often what was read is compared with what was seen."""
MOST_OF_A_CORE = 20
"""Whatever time of a core reading or judging takes, it rests for that many times as long."""
PING_SECONDS = 60.0
"""How often beats are asked for a sign of life, where nothing else gives one."""


class SchedulePoller:
    """Keeps `reading` up to date; `run` is the thread's work, all else may come from any thread.

    `survive` does one step of the thread, `news` is called with each reading, and `history` is
    where the app's past is recorded, None for nowhere.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        link: Callable[[], Link],
        blocked: Callable[[], Blockage | None],
        survive: Callable[[Callable[[], object]], None],
        news: Callable[[], None],
        clock: Callable[[], float],
        history: HistoryAccess | None = None,
    ) -> None:
        self._history = history
        self.reading = ScheduleReading()
        self._settings = settings
        self._store = store
        self._link = link
        self._blocked = blocked
        self._survive = survive
        self._news = news
        self._clock = clock
        self._now = threading.Event()
        self._schedules: Schedules | None = None
        self._pinged: tuple[float, Pinged] | None = None
        self._changed: dict[str, float] = {}

    def read_now(self) -> None:
        """Read the sources at once."""
        self._now.set()

    def run(self, app: Any, stopping: threading.Event) -> None:
        """Read and judge until `stopping` is set and `read_now` was called."""
        from celerytui.schedule import Schedules

        schedules = Schedules(
            app,
            self._settings.schedule,
            self._store,
            self._clock,
            lambda: watched_since(self._link(), self._store),
            lambda: self._ping(app),
        )
        self._schedules = schedules
        next_read, looked_back = 0.0, 0
        try:
            while not stopping.is_set():
                if self._now.is_set() or time.monotonic() >= next_read:
                    self._now.clear()
                    began = time.thread_time()
                    self._survive(schedules.read_sources)
                    spent = time.thread_time() - began
                    next_read = time.monotonic() + max(READ_SECONDS, MOST_OF_A_CORE * spent)
                self._survive(schedules.follow_up)
                # Not counting what it waits for: a ping may take a second.
                began = time.thread_time()
                self._survive(self._judge)
                spent = time.thread_time() - began
                if schedules.runs.changes != looked_back:
                    looked_back = schedules.runs.changes
                    self._survive(partial(self._look_back, schedules))
                self._now.wait(max(JUDGE_SECONDS, MOST_OF_A_CORE * spent))
        finally:
            schedules.close()

    def _judge(self) -> None:
        assert self._schedules is not None
        self.reading = self._schedules.judge()
        self._news()

    def _look_back(self, schedules: Schedules) -> None:
        """Take the runs that a history has, once for the entries that there are."""
        history = self._history
        if history is not None and history.kept:
            names = {one.plan.task for one in self.reading.entries if one.plan.task}
            schedules.runs.take_past(past_runs(history, names, self._clock()))
            self._judge()

    def _ping(self, app: Any) -> Pinged:
        from celerytui.schedule import Pinged

        now = time.monotonic()
        known = self._pinged
        if known is None or now - known[0] >= PING_SECONDS:
            control = Control(
                app,
                read_only=True,
                timeout=self._settings.reply_timeout,
                clock=self._clock,
                silences=Silences(),
                blocked=self._blocked,
            )
            known = self._pinged = now, Pinged()
            if self._link().state is LinkState.CONNECTED:
                known = self._pinged = now, Pinged(*control.ping_beats())
        return known[1]

    # What actions need

    def entry(self, name: str) -> ScheduleEntry | None:
        """The entry of that name as it was last read."""
        return next((one for one in self.reading.entries if one.name == name), None)

    def reread(self, name: str) -> ScheduleEntry | None:
        """The entry as it was read since it was last changed from here, None before that."""
        entry, changed = self.entry(name), self._changed.get(name)
        if entry is None or changed is None:
            return entry
        return entry if entry.read_at is not None and entry.read_at >= changed else None

    def plan(self, name: str) -> PlannedEntry:
        """What an entry's source says of it; UsageError where there is none."""
        return self._known(name).plan

    def set_enabled(self, name: str, enabled: bool) -> str:
        """Enable or disable an entry where it is kept; what was written, in words."""

        def change(schedules: Schedules, entry: ScheduleEntry) -> str:
            return schedules.writer(entry).set_enabled(name, enabled, self._clock())

        return self._change(name, change)

    def why_not_soon(self, name: str) -> str:
        """Why beat cannot be had to send an entry now, "" where it can; asks nobody."""
        if self._schedules is None:
            return "the schedule was not read yet"
        if self.reading.beat.state == "silent":
            return f"it is silent: {self.reading.beat.why}"
        return self._schedules.why_not_soon(self._known(name))

    def run_soon(self, name: str) -> str:
        """Have beat send an entry at its next look; what was written, in words."""
        return self._change(name, lambda schedules, entry: schedules.run_soon(entry))

    def came_of(self, name: str) -> tuple[bool | None, str] | None:
        """What is known of an entry that beat was asked to send: whether it did, and in words."""
        schedules, entry = self._schedules, self.entry(name)
        if schedules is None or entry is None:
            return None
        return schedules.writer(entry).came_of(name)

    def note_sent(self, task_id: str) -> None:
        """Note that a run of an entry was sent from here: it says nothing of beat."""
        if self._schedules is not None:
            self._schedules.runs.note_sent(task_id)

    def _change(self, name: str, change: Callable[[Schedules, ScheduleEntry], str]) -> str:
        if self._schedules is None:
            raise UsageError("the schedule was not read yet")
        try:
            return change(self._schedules, self._known(name))
        finally:
            self._changed[name] = self._clock()

    def _known(self, name: str) -> ScheduleEntry:
        entry = self.entry(name)
        if entry is None:
            raise UsageError(f"there is no entry {name!r} in the schedule")
        return entry


def read_schedule(settings: Settings) -> ScheduleReading:
    """The schedule of the database that the settings name, read once: there is no app.

    It waits for the database. Raises UsageError for a URL of no known kind.
    """
    from celerytui.schedule import Schedules

    clock = SteadyClock()
    schedules = Schedules(None, settings.schedule, Store(clock=clock), clock)
    try:
        schedules.read_sources()
        return schedules.judge()
    finally:
        schedules.close()


def watched_since(link: Link, store: Store) -> float | None:
    """Since when every event was received; None while none is."""
    if link.state is not LinkState.CONNECTED:
        return None
    ends = (until for _, until in store.gaps()[-1:] if until is not None)
    return max(link.since, *ends, link.since)
