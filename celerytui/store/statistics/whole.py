"""How long the tasks of all names ran and waited, slice by slice."""

from __future__ import annotations

from celerytui.model import Quantiles, Series
from celerytui.store.lock import FairLock
from celerytui.store.statistics.histogram import Histogram
from celerytui.store.statistics.record import SECONDS, WINDOWS, TypeRecord, summary_of
from celerytui.store.statistics.tally import SUCCEEDED, WAITS, Slice

PLACES = {window: place for place, window in enumerate(WINDOWS)}

Times = tuple[Quantiles | None, Quantiles | None]
"""Of the runtimes of those that succeeded, and of the waits of all."""


class WholeTimes:
    """The quantiles of each slice of a record; worked out once for each that closes."""

    def __init__(self, lock: FairLock, record: TypeRecord) -> None:
        self._lock = lock
        self._record = record
        self._known: dict[tuple[int, int], tuple[Slice, Times]] = {}

    def refresh(self, now: float) -> None:
        """Work out what has closed since, and forget what has left its window; once a second.

        The records of all names have closed what is over at `now`.
        """
        with self._lock:
            self._record.advance(max(self._record.index, int(now // SECONDS) - 1))
            found = {
                (place, part.index): part
                for place, level in enumerate(self._record.levels)
                for part in level.slices
            }
        known = self._known
        self._known = {
            key: before
            if (before := known.get(key)) and before[0] is part
            else (part, _times(part))
            for key, part in found.items()
        }

    def course(self, window: str) -> tuple[Series[Quantiles], Series[Quantiles]]:
        """The runtimes and the waits over a window, as of the last `refresh`."""
        place, known = PLACES[window], self._known
        with self._lock:
            record = self._record
            level = record.levels[place]
            newest, filling = record.index // level.length, record.filling(place)
        first = newest - level.kept
        parts = (known.get((place, index)) for index in range(first, newest))
        times: list[Times] = [(None, None) if one is None else one[1] for one in parts]
        times.append((_summary(filling.times[SUCCEEDED]), _summary(filling.times[WAITS])))
        width = float(level.length * SECONDS)
        runs, waits = zip(*times, strict=True)
        return Series(first * width, width, runs), Series(first * width, width, waits)


def _times(part: Slice) -> Times:
    found: list[Quantiles | None] = []
    for place in (SUCCEEDED, WAITS):
        alone = Histogram()
        if (packed := part.times[place]) is not None:
            alone.put(packed)
        found.append(_summary(alone))
    return found[0], found[1]


def _summary(histogram: Histogram) -> Quantiles | None:
    return summary_of(histogram) if histogram.counts else None
