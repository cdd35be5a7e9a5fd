"""What a screen shows of all types, kept until the next second: quantiles take a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celerytui.model import TypeDetail, TypeFigures
from celerytui.store.lock import FairLock
from celerytui.store.rates import Rates
from celerytui.store.spans import Span, joined, within, without
from celerytui.store.statistics.histogram import Histogram, seconds_of
from celerytui.store.statistics.places import RecordedPlaces
from celerytui.store.statistics.record import WINDOWS, course_of
from celerytui.store.statistics.tally import SUCCEEDED, WAITS, Slice
from celerytui.store.statistics.types import TypeStatistics
from celerytui.store.statistics.whole import PLACES, WholeTimes

AT_ONCE = 50
"""Names whose figures are worked out at one taking of the lock."""

NamedRuns = tuple[str, Slice, float]
"""The runs of a name in a slice of a window, and when the last of them ended."""

STILL_SHOWN = 5.0
"""Seconds for which the figures of a window are kept up to date after they were read."""


class TypeReports:
    """The figures of all types by window, `whole` of all together, and the `places` of before the
    start; takes the store's lock in slices.

    `ask` is called where figures are read that are not worked out yet: by whoever owns the thread
    that calls `refresh`, which may do it at once; `answered` counts how often it did. `restored`
    counts how often runs of the past were taken.
    """

    def __init__(self, lock: FairLock, statistics: TypeStatistics, rates: Rates) -> None:
        self._lock = lock
        self._statistics = statistics
        self._rates = rates
        self.whole = WholeTimes(lock, statistics.whole)
        self.places = RecordedPlaces(lock, statistics)
        self._made: dict[str, tuple[float, list[TypeFigures]]] = {}
        self._read: dict[str, float | None] = {}
        self._busiest: dict[tuple[str, int], list[TypeFigures]] = {}
        self._busiest_read: dict[tuple[str, int], float] = {}
        self._missing = False
        self._asked_at = 0.0
        self.answered = self.restored = 0
        self.ask: Callable[[], object] = lambda: None
        self._one: tuple[str, str, float, TypeDetail | None] | None = None
        self._outdated: set[str] = set()
        self._recorded: dict[str, list[Span]] = {window: [] for window in WINDOWS}

    def restore(self, window: str, runs: Sequence[NamedRuns], since: float, until: float) -> None:
        """Take all runs that were recorded to end in a time, by slices of the window.

        A time that was taken before, or watched, must not be taken.
        """
        place = PLACES[window]
        for start in range(0, len(runs), AT_ONCE):
            with self._lock:
                for name, part, seen in runs[start : start + AT_ONCE]:
                    self._statistics.restore(place, name, part, seen)
        with self._lock:
            self._recorded[window] = joined([*self._recorded[window], (since, until)])
        self._outdated.add(window)
        self.restored += 1

    def since(self, window: str) -> float | None:
        """The earliest time of a window of which anything is known, None where nothing is."""
        begun = [since for since, _ in self._recorded[window][:1]]
        if self._rates.watched_from is not None:
            begun.append(float(self._rates.watched_from))
        return min(begun, default=None)

    def all(self, window: str, now: float) -> list[TypeFigures]:
        """The figures of every name that ended a run in a window, as of the last second or so.

        `window` is one of WINDOWS.
        """
        self._read[window] = now
        made = self._made.get(window)
        if made is None or not 0 <= now - made[0] <= STILL_SHOWN or window in self._outdated:
            made = self._made[window] = now, self._make(window, now)
        return made[1]

    def busiest(self, window: str, most: int, now: float) -> list[TypeFigures]:
        """The figures of the names with the largest share of all run time, the largest first.

        Celery's own tasks, which wait for others, are left out. Nothing is worked out here: there
        are none until the other thread has done it.
        """
        self._busiest_read[window, most] = now
        if (window, most) not in self._busiest:
            self._missing, self._asked_at = True, now
            self.ask()
        return self._busiest.get((window, most), [])

    def _make_busiest(self, window: str, most: int, now: float) -> list[TypeFigures]:
        place, statistics = PLACES[window], self._statistics
        with self._lock:
            watched = self._watched(window, now)
            total = statistics.busy(place)
            names = statistics.busiest(place, most)
        found: list[TypeFigures] = []
        for name in names:
            with self._lock:
                one = statistics.figures(name, place, watched, total)
            if one is not None and one.runs:
                found.append(one)
        return found

    def shown(self, window: str, now: float) -> list[TypeFigures] | None:
        """As `all`, but nothing is worked out here: None until the other thread has done it."""
        self._read[window] = None
        made = self._made.get(window)
        if made is None or now - made[0] > STILL_SHOWN or window in self._outdated:
            self._missing, self._asked_at = True, now
            self.ask()
            made = self._made.get(window)
        return None if made is None or now - made[0] > STILL_SHOWN else made[1]

    def catch_up(self, now: float) -> None:
        """Work out what was asked for and is missing, if anything is.

        As of the moment that is drawn, which stands still while there is no connection.
        """
        if self._missing:
            self.refresh(min(now, self._asked_at))

    def one(self, name: str, window: str, now: float) -> TypeDetail | None:
        """All that is known of one name as of the last second, None where nothing is."""
        known = self._one
        if known is not None and known[:2] == (name, window) and 0 <= now - known[2] < 1.0:
            return known[3]
        found = self._look(name, window, now)
        self._one = name, window, now, found
        return found

    def _look(self, name: str, window: str, now: float) -> TypeDetail | None:
        place, statistics = PLACES[window], self._statistics
        self._count(now)
        with self._lock:
            # Of the others, which only say how long all ran, the last second's will do.
            statistics.advance([name])
            watched = self._watched(window, now)
            figures = statistics.figures(name, place, watched, statistics.busy(place))
            found = statistics.tally(name, place)
            if figures is None or found is None:
                return None
            places = statistics.places(name)
        tally, slices = found
        return TypeDetail(
            figures,
            _buckets(tally.times[SUCCEEDED]),
            _buckets(tally.times[WAITS]),
            course_of(slices, SUCCEEDED),
            course_of(slices, WAITS),
            places,
        )

    def standing(self, name: str, runtime: float) -> tuple[float, int] | None:
        """The part of the succeeded runs of a name in 24 hours that took less long, and of how
        many; None of none."""
        with self._lock:
            return self._statistics.standing(name, runtime)

    def refresh(self, now: float) -> None:
        """Count what is new, and work out again what somebody reads; once a second."""
        missing, self._missing = self._missing, False
        self._settle(now)
        self.whole.refresh(now)
        for window, read in list(self._read.items()):
            if read is None:
                read = self._read[window] = now
            if 0 <= now - read <= STILL_SHOWN:
                self._made[window] = now, self._make(window, now)
            else:
                self._made.pop(window, None)
                self._read.pop(window, None)
        for asked, at in list(self._busiest_read.items()):
            if 0 <= now - at <= STILL_SHOWN:
                self._busiest[asked] = self._make_busiest(*asked, now)
            else:
                self._busiest.pop(asked, None)
                self._busiest_read.pop(asked, None)
        self.answered += missing

    def _count(self, now: float) -> None:
        """Count what is new."""
        more = True
        while more:
            with self._lock:
                more = self._statistics.settle(now, AT_ONCE)

    def _settle(self, now: float) -> list[str]:
        """Count what is new, and bring all names up to now; gives them."""
        statistics = self._statistics
        self._count(now)
        with self._lock:
            names = statistics.names()
        for start in range(0, len(names), AT_ONCE):
            with self._lock:
                statistics.advance(names[start : start + AT_ONCE])
        return names

    def _make(self, window: str, now: float) -> list[TypeFigures]:
        place, statistics = PLACES[window], self._statistics
        self._outdated.discard(window)
        names = self._settle(now)
        with self._lock:
            watched = self._watched(window, now)
            busy = statistics.busy(place)
        found: list[TypeFigures] = []
        for start in range(0, len(names), AT_ONCE):
            with self._lock:
                for name in names[start : start + AT_ONCE]:
                    one = statistics.figures(name, place, watched, busy)
                    if one is not None and one.runs:
                        found.append(one)
        return found

    def _watched(self, window: str, now: float) -> list[Span]:
        """The times of a window in which events were received, or what ended was recorded."""
        since, spans = self._rates.watched_from, self._recorded[window]
        if since is not None:
            spans = joined([*spans, *without([(float(since), now)], self._rates.gaps)])
        return within(spans, now - WINDOWS[window], now)


def _buckets(histogram: Histogram) -> tuple[tuple[float, int], ...]:
    counts = sorted(histogram.counts.items())
    return tuple((seconds_of(bucket), number) for bucket, number in counts if number > 0)
