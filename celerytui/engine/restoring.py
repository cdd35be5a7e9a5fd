"""Shows what a history has: at the start what was recorded before, offline what is recorded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_course import newest_depths, restore_levels
from celerytui.engine.past_failures import PastFailures
from celerytui.engine.past_tasks import PastTasks
from celerytui.engine.past_windows import PastWindows
from celerytui.errors import HistoryError
from celerytui.interpreter import give_way
from celerytui.masking import mask
from celerytui.model import Link, LinkState, Task
from celerytui.query import EMPTY
from celerytui.settings import Settings
from celerytui.store import FROM_HISTORY, Store
from celerytui.store.statistics import WINDOWS

if TYPE_CHECKING:
    from celerytui.history.history import History

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
"""How often a history is looked into offline, for what somebody records meanwhile."""
OVERLAP_SECONDS = 10.0
"""So much of what was read is read again then: what is recorded later may be older."""
FAILURES_SECONDS = 5.0
"""How often it is looked whether failures are new to the history too."""
LATE_SECONDS = 3.0
"""After so long what ended has been recorded, while somebody records."""
LEVELS_SECONDS = 60.0
"""How often samples are read offline."""
MARKS_SECONDS = float(max(WINDOWS.values()))
"""Marks of that long ago are shown."""
ROOM = 0.5
"""The part of the tasks in memory that may be from before the start."""
UNFINISHED = 0.1
"""The part that had not ended then: workers are asked for them, and they are the last to go."""


class Restorer:
    """`run` is the work of a thread; `show` takes the link where there is no broker."""

    def __init__(
        self,
        access: HistoryAccess,
        settings: Settings,
        store: Store,
        past: PastTasks,
        windows: PastWindows,
        show: Callable[[Link], None],
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._store = store
        self._past = past
        self._windows = windows
        self._show = show
        self._clock = clock
        self._max_tasks = settings.max_tasks
        self._started = clock()
        self._history: History | None = None
        self._failures = PastFailures(store)
        self._note: str | None = None
        self._filled = False
        self._newest = self._counted = self._levels_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Bring what was recorded before the start; offline go on with what is recorded since."""
        if self._access.offline:
            self._run_offline(stopping)
            return
        if not self._filled:
            # Once, whatever becomes of it: counts must not be taken again.
            self._filled = True
            self._begin(stopping)
        while not stopping.is_set():
            self._fill_windows(stopping)
            self._look_for_failures(stopping)
            self._windows.wait(FAILURES_SECONDS)

    def _begin(self, stopping: threading.Event) -> None:
        try:
            with self._opened() as history:
                self._restore(history, stopping)
                marks = history.marks(self._started - MARKS_SECONDS)
                self._store.marks.restore(one for one in marks if one.at < self._started)
                restore_levels(history, self._store, self._started)
                for note in history.notes:
                    logger.warning("%s", note)
        except HistoryError as error:
            # Who records says so on the screen, and there may be none yet.
            logger.info("nothing from before the start: %s", error)
            from celerytui.history.history import NothingRecorded

            if isinstance(error, NothingRecorded):
                return
        self._windows.begin()

    def _fill_windows(self, stopping: threading.Event) -> None:
        """What is wanted of the time before the start; why it cannot be is said in its place."""
        if self._windows.waiting:
            try:
                with self._opened() as history:
                    self._windows.fill(history, self._started, stopping.is_set)
            except HistoryError as error:
                self._windows.give_up(str(error))

    def _look_for_failures(self, stopping: threading.Event) -> None:
        """Whether what fails for the first time since the start failed before."""
        now = self._clock()
        waiting = self._failures.waiting(now)
        if not waiting:
            return
        try:
            with self._opened() as history:
                for one in waiting:
                    if stopping.is_set():
                        return
                    self._failures.look(history, one, now)
        except HistoryError as error:
            logger.info("no look for earlier failures: %s", error)

    def stop(self) -> None:
        """End the step that is under way; `run` ends once its event is set."""
        self._windows.wake()
        history = self._history
        if history is not None:
            history.interrupt()

    @contextmanager
    def _opened(self) -> Iterator[History]:
        with closing(self._access.open()) as history:
            self._history = history
            try:
                yield history
            finally:
                self._history = None

    def _restore(self, history: History, stopping: threading.Event) -> None:
        """The newest tasks, as long as there is room for them."""
        room = int(self._max_tasks * ROOM)
        doubtful = int(self._max_tasks * UNFINISHED)
        for found in history.search(EMPTY, self._clock(), until=self._started):
            give_way()
            ended = [task for task in found.tasks if task.state.finished][:room]
            unfinished = [task for task in found.tasks if not task.state.finished][:doubtful]
            taken = self._store.past.take(ended, FROM_HISTORY)
            in_doubt = self._store.past.take_in_doubt(unfinished)
            self._past.note(FROM_HISTORY, taken.added + in_doubt.added)
            room -= len(ended)
            doubtful -= len(unfinished)
            if room <= 0 or taken.no_room or stopping.is_set():
                return

    # Offline

    def _run_offline(self, stopping: threading.Event) -> None:
        until: float | None = None
        while not stopping.is_set():
            try:
                with self._opened() as history:
                    newest = history.origin().until
                    self._show(self._link(newest))
                    if not self._filled:
                        self._fill(history, stopping)
                        self._filled = True
                    elif newest != until:
                        self._follow(history)
                    if newest is not None:
                        self._chart(history, newest)
                    until = newest
                    self._note = next(iter(history.notes), None)
                    self._show(self._link(newest))
                    if self._counted:
                        self._windows.begin()
                        self._windows.fill(history, self._counted, stopping.is_set)
            except HistoryError as error:
                self._show(self._link(until, mask(str(error))))
            self._look_for_failures(stopping)
            self._windows.wait(POLL_SECONDS)

    def _fill(self, history: History, stopping: threading.Event) -> None:
        """The newest tasks as they were recorded, as many as there is room for."""
        for found in history.search(EMPTY, self._clock()):
            give_way()
            self._note_newest(found.tasks)
            taken = self._store.past.take_recorded(found.tasks)
            self._past.note(FROM_HISTORY, taken.added)
            if taken.no_room or stopping.is_set():
                return

    def _follow(self, history: History) -> None:
        """What was recorded since."""
        since = self._newest - OVERLAP_SECONDS
        found: list[Sequence[Task]] = []
        for step in history.search(EMPTY, self._clock(), since=since):
            found.append(step.tasks)
            if sum(map(len, found)) >= self._max_tasks:
                break
        for tasks in reversed(found):
            give_way()
            self._note_newest(tasks)
            taken = self._store.past.follow(tasks[::-1])
            self._past.note(FROM_HISTORY, taken.added)

    def _chart(self, history: History, newest: float) -> None:
        """Have the charts show what ended since the last time."""
        live = self._clock() - newest < OVERLAP_SECONDS
        until = newest - LATE_SECONDS if live else newest
        if until > self._counted:
            self._counted = until
            self._windows.follow(history, until)
        if newest - self._levels_at >= LEVELS_SECONDS:
            self._store.marks.restore(history.marks(newest - MARKS_SECONDS))
            samples = restore_levels(history, self._store, newest)
            self._store.record_queues(newest_depths(samples), newest)
            self._levels_at = newest

    def _note_newest(self, tasks: Sequence[Task]) -> None:
        self._newest = max((self._newest, *(task.seen for task in tasks)))

    def _link(self, until: float | None, error: str | None = None) -> Link:
        return Link(LinkState.OFFLINE, self._started, error, lost_at=until, note=self._note)
