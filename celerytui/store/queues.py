"""The broker's queues: how deep they were, how fast they grow, and when they will be empty."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from copy import copy

from celerytui.model import Queue, QueueDepth
from celerytui.store.trend import Trend

SAMPLE = 5.0
"""Seconds between two samples of a queue's history."""

SAMPLES = 120
"""Samples of a queue that are kept: ten minutes."""

MAX_QUEUES = 2000

NOT_READ = "not read yet"
"""The error of a queue of which only the name is known."""


class QueueHistory:
    """One queue, its samples, and its trend."""

    __slots__ = ("_samples", "_slot", "_trend", "queue")

    def __init__(self, name: str) -> None:
        self.queue = Queue(name)
        self._samples: deque[int | None] = deque(maxlen=SAMPLES)
        self._trend = Trend()
        self._slot: int | None = None

    def take(self, depth: QueueDepth, now: float) -> None:
        """Take one reading."""
        queue = self.queue
        queue.ready, queue.unacked = depth.ready, depth.unacked
        queue.consumers, queue.error = depth.consumers, depth.error
        queue.read_at = now
        slot = int(now // SAMPLE)
        self._sample(slot, depth.ready)
        if depth.ready is not None:
            self._trend.add(now, depth.ready)
            queue.growth = self._trend.growth
        queue.empty_in = empty_in(queue.ready, queue.growth)

    def copy(self) -> Queue:
        """The queue as it is now, for a reader."""
        queue = copy(self.queue)
        queue.history = tuple(self._samples)
        return queue

    def _sample(self, slot: int, ready: int | None) -> None:
        samples = self._samples
        if self._slot is not None and slot > self._slot:
            missed = min(slot - self._slot - 1, SAMPLES)
            samples.extend([None] * missed)
        elif samples and slot == self._slot:
            samples.pop()
        samples.append(ready)
        self._slot = slot


def empty_in(ready: int | None, growth: float | None) -> float | None:
    """Seconds until the queue is empty at this pace; None if unknown, never, or if it is empty."""
    if not ready or growth is None or growth >= 0:
        return None
    return ready / -growth


class QueueHistories:
    """All queues that were ever read, up to `MAX_QUEUES`."""

    def __init__(self) -> None:
        self._histories: dict[str, QueueHistory] = {}

    def record(self, depths: Iterable[QueueDepth], now: float) -> None:
        """Take a round of readings."""
        for depth in depths:
            history = self._histories.get(depth.name)
            if history is None:
                if len(self._histories) >= MAX_QUEUES:
                    continue
                history = self._histories[depth.name] = QueueHistory(depth.name)
            history.take(depth, now)

    def expect(self, names: Iterable[str]) -> None:
        """List these queues, though nothing is known of them yet."""
        for name in names:
            if name not in self._histories and len(self._histories) < MAX_QUEUES:
                history = self._histories[name] = QueueHistory(name)
                history.queue.error = NOT_READ

    def ready(self) -> int | None:
        """How many messages wait in all queues that can be read, None where none can."""
        known = [one.queue.ready for one in self._histories.values() if one.queue.ready is not None]
        return sum(known) if known else None

    def copies(self, names: Iterable[str], consumed: set[str], *, certain: bool) -> list[Queue]:
        """Every queue that was read or is among `names`, by name.

        `consumed` are the queues that live workers take from, `certain` whether these are all.
        """
        found = [history.copy() for history in self._histories.values()]
        found += [Queue(name, error=NOT_READ) for name in names if name not in self._histories]
        for queue in found:
            if queue.consumers is not None:
                queue.consumed = queue.consumers > 0
            elif queue.name in consumed:
                queue.consumed = True
            elif certain:
                queue.consumed = False
        found.sort(key=_name)
        return found


def _name(queue: Queue) -> str:
    return queue.name
