"""Where the tasks of each type ran before the start, as a history says."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from celerytui.store.lock import FairLock
from celerytui.store.spans import Span, joined
from celerytui.store.statistics.types import TypeStatistics

AT_ONCE = 200
"""Places that are taken at one taking of the lock."""


class PlaceRuns(Struct, frozen=True):
    """The tasks of a name that ended on a worker, from a queue, and when the last of them did."""

    name: str
    worker: str | None
    queue: str | None
    succeeded: int
    failed: int
    last: float


class RecordedPlaces:
    """`recorded` are the times that were taken; of successes up to `removed`, where there is one,
    a history does not say where they ran."""

    def __init__(self, lock: FairLock, statistics: TypeStatistics) -> None:
        self._lock = lock
        self._statistics = statistics
        self.recorded: list[Span] = []
        self.removed: float | None = None

    def restore(
        self, runs: Sequence[PlaceRuns], since: float, until: float, removed: float | None
    ) -> None:
        """Take where all tasks ran that were recorded to end in a time.

        A time that was taken before, or watched, must not be taken.
        """
        for start in range(0, len(runs), AT_ONCE):
            with self._lock:
                for one in runs[start : start + AT_ONCE]:
                    self._statistics.restore_place(
                        (one.name, one.worker, one.queue), one.succeeded, one.failed, one.last
                    )
        with self._lock:
            self.recorded = joined([*self.recorded, (since, until)])
            if removed is not None:
                self.removed = max(removed, self.removed or removed)

    @property
    def since(self) -> float | None:
        """From when on it is known where tasks ran; None where that is from the start on."""
        return self.recorded[0][0] if self.recorded else None
