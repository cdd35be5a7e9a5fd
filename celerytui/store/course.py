"""How the cluster went in the last 5 minutes to 30 days: counts and levels, slot by slot.

Counts are booked with each slice of events and levels are sampled once a second, so that a task
costs nothing for them. Each window has slots of its own, and what is over is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from celerytui.model import Course, Series, TaskState
from celerytui.store.lock import FairLock
from celerytui.store.queues import QueueHistories
from celerytui.store.rates import Rates, Ring
from celerytui.store.spans import Span, joined
from celerytui.store.statistics import WINDOWS, WholeTimes
from celerytui.store.tasks import HeldTasks

WIDTHS: Final[Mapping[str, int]] = {"5m": 1, "1h": 10, "24h": 240, "7d": 1800, "30d": 7200}
"""Seconds of a slot, by window."""
LEVEL_WIDTHS: Final[Mapping[str, int]] = {"5m": 5, "1h": 20, "24h": 480, "7d": 3600, "30d": 14_400}
"""The same for what is sampled: several samples a slot."""
SPOKEN_FOR = 0.25
"""The part of the newest slot that has to be over before it is shown: a rate of less would jump."""

Count = Literal["done", "failed", "retried", "stopped"]
COUNTS: Final[tuple[Count, ...]] = ("done", "failed", "retried", "stopped")
Level = Literal["queued", "running"]
STOPPED = (TaskState.REVOKED, TaskState.REJECTED, TaskState.CANCELLED)


class Outcomes(NamedTuple):
    """How many runs ended in which way; `done` are those that succeeded or failed."""

    done: int
    failed: int
    retried: int
    stopped: int


class _Level:
    """The mean of what was sampled, in each slot of a window."""

    __slots__ = ("_counts", "_sums")

    def __init__(self, kept: int) -> None:
        self._sums = Ring(kept, wide=True)
        self._counts = Ring(kept)

    def add(self, slot: int, value: int) -> None:
        self._sums.add(slot, value)
        self._counts.add(slot, 1)

    def rings(self) -> dict[str, Ring]:
        return {"sum": self._sums, "count": self._counts}

    @property
    def first(self) -> int:
        return self._sums.first

    def at(self, slot: int) -> float | None:
        count = self._counts.at(slot)
        return self._sums.at(slot) / count if count else None


class ClusterCourse:
    """Kept by those that write to the store, who hold its lock; `read` takes it."""

    def __init__(
        self,
        lock: FairLock,
        tasks: HeldTasks,
        queues: QueueHistories,
        rates: Rates,
        times: WholeTimes,
    ) -> None:
        self._lock = lock
        self._tasks = tasks
        self._queues = queues
        self._rates = rates
        self._times = times
        slots = {name: WINDOWS[name] // width + 1 for name, width in WIDTHS.items()}
        self._counts: dict[Count, dict[str, Ring]] = {
            count: {name: Ring(kept) for name, kept in slots.items()} for count in COUNTS
        }
        slots = {name: WINDOWS[name] // width + 1 for name, width in LEVEL_WIDTHS.items()}
        self._recorded: dict[str, list[Span]] = {name: [] for name in WIDTHS}
        self._queued = {name: _Level(kept) for name, kept in slots.items()}
        self._running = {name: _Level(kept) for name, kept in slots.items()}

    def rings(self) -> dict[str, Ring]:
        """All that is counted, by names of their own; under the lock."""
        found = {
            f"{count} {window}": ring
            for count, rings in self._counts.items()
            for window, ring in rings.items()
        }
        for name, levels in (("queued", self._queued), ("running", self._running)):
            for window, level in levels.items():
                found |= {f"{name} {window} {part}": ring for part, ring in level.rings().items()}
        return found

    def outcomes(self) -> Outcomes:
        """What ended since the start, however that became known."""
        entered = self._tasks.entered
        failed = entered(TaskState.FAILURE)
        return Outcomes(
            entered(TaskState.SUCCESS) + failed,
            failed,
            entered(TaskState.RETRY),
            sum(map(entered, STOPPED)),
        )

    def book(self, before: Outcomes, now: float) -> Outcomes:
        """Count what ended with the events since `before`, and tell it.

        What else becomes known, as from the result backend, did not end now.
        """
        new = Outcomes(
            *(after - count for after, count in zip(self.outcomes(), before, strict=True))
        )
        for count, number in zip(COUNTS, new, strict=True):
            if number > 0:
                for name, ring in self._counts[count].items():
                    ring.add(int(now) // WIDTHS[name], number)
        return new

    def sample(self, now: float) -> None:
        """Take what is queued and runs now; once a second."""
        queued = self._queues.ready()
        running = self._tasks.counts()[TaskState.STARTED]
        for name, width in LEVEL_WIDTHS.items():
            slot = int(now) // width
            if queued is not None:
                self._queued[name].add(slot, queued)
            if self._rates.watched_from is not None:
                self._running[name].add(slot, running)

    def restore(
        self,
        window: str,
        counts: Mapping[Count, Mapping[int, int]],
        since: float,
        until: float,
        now: float,
    ) -> None:
        """Take how many were recorded to end, by slot, in a time of which all was recorded.

        Times that were taken before must not be taken again.
        """
        with self._lock:
            for count, slots in counts.items():
                ring = self._counts[count][window]
                # The newest slot first: a ring forgets what is too long before it.
                ring.add(max(ring.last, int(now) // WIDTHS[window]), 0)
                for slot, number in slots.items():
                    if slot >= ring.first:
                        ring.add(slot, number)
            oldest = now - WINDOWS[window] - WIDTHS[window]
            spans = [*self._recorded[window], (since, until)]
            self._recorded[window] = joined([span for span in spans if span[1] > oldest])

    def restore_level(self, window: str, level: Level, slots: Mapping[int, int]) -> None:
        """Take the level of slots of LEVEL_WIDTHS that were not sampled."""
        with self._lock:
            kept = self._queued[window] if level == "queued" else self._running[window]
            for slot in sorted(slots, reverse=True):
                if slot >= kept.first and kept.at(slot) is None:
                    kept.add(slot, slots[slot])

    def read(self, window: str, now: float) -> Course:
        """The course of one of WINDOWS up to now."""
        with self._lock:
            watched = self._with_recorded(self._watched(window, now), window, now)
            done, failed, retried, stopped = (
                self._rate(self._counts[count][window], window, now, watched) for count in COUNTS
            )
            queued = self._mean(self._queued[window], window, now)
            running = self._mean(self._running[window], window, now)
        runtime, wait = self._times.course(window)
        return Course(
            done=done,
            failed=failed,
            retried=retried,
            stopped=stopped,
            queued=queued,
            running=running,
            runtime=runtime,
            wait=wait,
        )

    def throughput(self, window: str, now: float) -> tuple[Series[float], Series[float]]:
        """The runs that ended, and those of them that failed, in a second."""
        with self._lock:
            watched = self._with_recorded(self._watched(window, now), window, now)
            done, failed = (self._counts[one][window] for one in ("done", "failed"))
            return (
                self._rate(done, window, now, watched),
                self._rate(failed, window, now, watched),
            )

    def _watched(self, window: str, now: float) -> list[float]:
        """The seconds of each slot in which events were received."""
        width = WIDTHS[window]
        first, last = _slots(WINDOWS[window], width, now)
        since = self._rates.watched_from
        begun = now if since is None else float(since)
        seconds = []
        for slot in range(first, last + 1):
            start, end = slot * width, min((slot + 1) * width, now)
            seconds.append(max(0.0, end - max(start, begun)))
        for lost, back in self._rates.gaps:
            until = now if back is None else back
            low, high = max(first, int(lost) // width), min(last, int(until) // width)
            for slot in range(low, high + 1):
                # Seconds are whole here: one that is lost in part tells nothing.
                start, end = max(slot * width, int(lost)), min((slot + 1) * width, int(until) + 1)
                seconds[slot - first] -= max(0, end - start)
        return seconds

    def _with_recorded(self, watched: list[float], window: str, now: float) -> list[float]:
        """The seconds of each slot that were watched or recorded."""
        width = WIDTHS[window]
        first, last = _slots(WINDOWS[window], width, now)
        seconds = list(watched)
        for since, until in self._recorded[window]:
            low, high = max(first, int(since) // width), min(last, int(until) // width)
            for slot in range(low, high + 1):
                start, end = max(slot * width, since), min((slot + 1) * width, until)
                known = seconds[slot - first] + max(0.0, end - start)
                seconds[slot - first] = min(float(width), known)
        return seconds

    def _rate(self, ring: Ring, window: str, now: float, watched: list[float]) -> Series[float]:
        width = WIDTHS[window]
        first, last = _slots(WINDOWS[window], width, now)
        values = tuple(
            ring.at(slot) / seconds if seconds > 0 and slot >= ring.first else None
            for slot, seconds in zip(range(first, last + 1), watched, strict=True)
        )
        return Series(float(first * width), float(width), values)

    def _mean(self, level: _Level, window: str, now: float) -> Series[float]:
        width = LEVEL_WIDTHS[window]
        last = int(now) // width
        first = last - WINDOWS[window] // width + 1
        values = tuple(level.at(slot) for slot in range(first, last + 1))
        return Series(float(first * width), float(width), values)


def _slots(seconds: int, width: int, now: float) -> tuple[int, int]:
    """The first and the last slot that are shown of a window."""
    last = int(now) // width
    if width == 1 or now - last * width < SPOKEN_FOR * width:
        last -= 1
    return last - seconds // width + 1, last
