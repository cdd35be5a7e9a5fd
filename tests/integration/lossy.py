"""A monitor that does not get every event: one task-succeeded in so many is dropped before it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from msgspec.structs import replace

from celerytui.engine import Engine
from celerytui.model import Batch, Task, TaskState
from tests.integration.wire import Wire
from tests.waiting import patience, wait_until

STALE = 30.0
"""A task that ended so many seconds ago must not be shown as running."""
QUESTIONS = frozenset({"query_task", "active", "registered"})


class Lossy:
    """Stands between an engine that has not started yet and what its receiver hands on.

    `hidden` are tasks of which only that they were sent and received is handed on. `ended` has when
    each task's end came by here, whether the engine was told or not; `dropped` those of which it
    was not.
    """

    def __init__(self, engine: Engine, every: int) -> None:
        self.engine = engine
        self.ended: dict[str, float] = {}
        self.dropped: set[str] = set()
        self.hidden: set[str] = set()
        self._every = every
        self._count = 0
        self._take: Callable[[Batch], None] = engine.reception.take_batch
        engine.reception.take_batch = self._filtered  # type: ignore[method-assign]  # the filter stands in front of it

    def _filtered(self, batch: Batch) -> None:
        self._take(replace(batch, events=[one for one in batch.events if self._passes(one)]))

    def _passes(self, event: Any) -> bool:
        if event.type != "task-succeeded":
            return event.type in ("task-sent", "task-received") or event.uuid not in self.hidden
        self.ended[event.uuid] = time.time()
        self._count += 1
        if self._count % self._every and event.uuid not in self.hidden:
            return True
        self.dropped.add(event.uuid)
        return False

    def phantoms(self, stale: float) -> list[str]:
        """The tasks that are shown as running though they ended `stale` seconds ago."""
        now = time.time()
        running = (one for one in self.engine.store.all_tasks() if one.state is TaskState.STARTED)
        return [one.id for one in running if now - self.ended.get(one.id, now) > stale]

    def states(self) -> Counter[str]:
        """How many of those of which the end was dropped are in each state."""
        return Counter(task.state.label for task in self.tasks())

    def settle(self, state: TaskState, seconds: float) -> None:
        """Wait until all of them are in that state."""
        try:
            wait_until(lambda: set(self.states()) == {state.label}, seconds, "all to be settled")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.states()}") from None

    def tasks(self) -> list[Task]:
        """Those of which the end was dropped, as they are known."""
        found = self.engine.store.tasks(list(self.dropped))
        return [task for task in found if task is not None]


def load(app: Any, seconds: float, pace: float = 50.0) -> Iterator[None]:
    """Sends `pace` tasks a second for so long; gives way about once a second."""
    begin = time.monotonic()
    sent = 0
    while (passed := time.monotonic() - begin) < seconds:
        while sent < passed * pace:
            app.send_task("proj.sleepy", (0.05,))
            sent += 1
        if int(time.monotonic() - begin) != int(passed):
            yield
        time.sleep(0.02)


def no_phantoms(lossy: Lossy, app: Any, seconds: float) -> int:
    """Put the load on and assert at each second that nothing is shown as running that is not.

    Gives the most phantoms of less than `STALE` seconds that were seen at once.
    """
    most = 0
    for _ in load(app, seconds):
        assert lossy.phantoms(STALE * patience()) == []
        most = max(most, len(lossy.phantoms(0.0)))
    return most


def asked_seldom(wire: Wire) -> int:
    """Assert that no worker was asked twice in 10 s; gives how many questions there were."""
    by_worker: dict[str, list[float]] = {}
    for at, (command, whom) in wire.timed():
        if command in QUESTIONS and whom is not None and len(whom) == 1:
            by_worker.setdefault(whom[0], []).append(at)
    for times in by_worker.values():
        # A question that was late on its way is sooner before the next one.
        least = 10.0 - min(5.0, 0.1 * patience())
        assert all(later - sooner >= least for sooner, later in pairwise(times)), times
    return sum(map(len, by_worker.values()))
