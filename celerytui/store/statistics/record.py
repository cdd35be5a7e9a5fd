"""What is counted of one name: slices of time that are folded into longer ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celerytui.model import Quantiles, TaskState
from celerytui.store.spans import Span
from celerytui.store.statistics.histogram import Histogram, quantiles
from celerytui.store.statistics.tally import Level, Slice, Tally

SECONDS = 10
"""Length of the slices that runs are counted in: a window forgets in steps of its slices."""

WINDOWS = {"5m": 300, "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000}
"""The windows by name, in seconds, in the order of the levels."""
LENGTHS = (1, 6, 180, 2160, 8640)
"""How many of the shortest slices those of each window are."""
SLICE_SECONDS = {window: length * SECONDS for window, length in zip(WINDOWS, LENGTHS, strict=True)}
WATCHED = ("5m", "1h", "24h")
"""Those that a monitor fills by itself; for the longer ones it takes a history."""

ENOUGH = {0.5: 5, 0.95: 20, 0.99: 100}
"""With fewer durations a quantile would only be the longest under a nicer name."""

SUCCESS, FAILURE = TaskState.SUCCESS, TaskState.FAILURE


class TypeRecord:
    """One name. Runs go into the shortest slice, and each slice that closes into a longer one.

    `runtimes` and `waits` are those of succeeded runs that are not counted yet, a runtime for each.
    `seen` is when it last ended a run, `version` grows with all that changes its figures. `fold`
    gets each of the shortest slices when it closes.
    """

    __slots__ = (
        *("fold", "index", "levels", "name", "places", "runtimes", "seen", "version", "waits"),
    )

    def __init__(self, name: str, fold: Callable[[Slice], None] | None = None) -> None:
        self.name = name
        self.fold = fold
        self.index = 0
        self.version = 0
        self.places = 0
        self.forget()

    def forget(self) -> None:
        """Have no runs any more."""
        self.seen = 0.0
        self.version += 1
        self.runtimes: list[float | None] = []
        self.waits: list[float] = []
        kept = [
            seconds // (length * SECONDS)
            for seconds, length in zip(WINDOWS.values(), LENGTHS, strict=True)
        ]
        self.levels = tuple(map(Level, LENGTHS, kept))

    def open(self, index: int) -> Tally:
        """The tally of the slice that is being filled, which is that of `index`."""
        self.advance(index)
        self.version += 1
        level = self.levels[0]
        if level.open is None:
            level.open, level.at = Tally(), index
        return level.open

    def advance(self, index: int) -> None:
        """Close what has ended by the time of a slice, and forget what has left its window."""
        if index == self.index:
            return
        self.index = index
        self.version += 1
        for place, level in enumerate(self.levels):
            at = index // level.length
            if level.open is not None and level.at != at:
                self._close(place)
            level.forget(at)

    def _close(self, place: int) -> None:
        level = self.levels[place]
        part = level.close()
        if part is not None and not place and self.fold is not None:
            self.fold(part)
        if part is None or place + 1 == len(self.levels):
            return
        longer = self.levels[place + 1]
        at = part.index * level.length // longer.length
        if longer.open is not None and longer.at != at:
            self._close(place + 1)
        if longer.open is None:
            longer.open, longer.at = Tally(), at
        longer.open.put(part)

    def take(self, part: Slice) -> None:
        """Count what a shortest slice of another one holds as well, once that has closed.

        One that closes late is counted in the slice that is filled.
        """
        tally = self.open(max(part.index, self.index))
        tally.put(part)

    def end(self) -> None:
        """Close all slices: it gets no more runs."""
        for place in range(len(self.levels)):
            self._close(place)

    def restore(self, place: int, part: Slice, seen: float) -> None:
        """Take what a history has of a slice of a window, in addition; `seen` is its last run."""
        level = self.levels[place]
        if part.index >= self.index // level.length - level.kept:
            level.add(part)
            self.seen = max(self.seen, seen)
            self.version += 1

    def filling(self, place: int) -> Tally:
        """What is in the newest slice of a window, which is not closed yet."""
        found = Tally()
        for level in self.levels[: place + 1]:
            if level.open is not None:
                found.include(level.open)
        level = self.levels[place]
        if level.slices and level.slices[-1].index == self.index // level.length:
            # It is of this very slice, from a history.
            found.put(level.slices[-1])
        return found

    def window(self, place: int) -> Tally:
        """All that is in a window, the slices that are being filled included."""
        found = Tally()
        found.include(self.levels[place].total)
        for level in self.levels[: place + 1]:
            if level.open is not None:
                found.include(level.open)
        return found

    def trend(self, place: int, watched: Sequence[Span]) -> tuple[int | None, ...]:
        """How many succeeded or failed in each slice of a window, None where nobody watched.

        `watched` are Unix seconds.
        """
        level = self.levels[place]
        newest = self.index // level.length
        first = newest - level.kept
        done: list[int | None] = [None] * (newest + 1 - first)
        for since, until in watched:
            low, high = (int(at // (level.length * SECONDS)) - first for at in (since, until))
            for at in range(max(0, low), min(len(done) - 1, high) + 1):
                done[at] = 0
        for part in level.slices:
            if first <= part.index < newest:
                done[part.index - first] = part.states[SUCCESS] + part.states[FAILURE]
        filling = self.filling(place).states
        if number := filling[SUCCESS] + filling[FAILURE]:
            done[-1] = number
        return tuple(done)


def summary_of(histogram: Histogram) -> Quantiles:
    """How many there are, the longest, and the quantiles that there are enough for."""
    counts = histogram.counts
    count = sum(counts.values())
    if count <= 0:
        return Quantiles()
    parts = [part for part, least in ENOUGH.items() if count >= least]
    known = dict(zip(parts, quantiles(counts, histogram.longest, parts), strict=True))
    return Quantiles(count, known.get(0.5), known.get(0.95), known.get(0.99), histogram.longest)


def course_of(slices: Sequence[Slice], times: int) -> tuple[Quantiles | None, ...]:
    """The quantiles in each slice from the first to the last, None where there was no run.

    `times` is the place of the histogram in a tally.
    """
    found: list[Quantiles | None] = []
    for part in slices:
        found += [None] * (part.index - slices[0].index - len(found))
        alone = Histogram()
        if (packed := part.times[times]) is not None:
            alone.put(packed)
        found.append(summary_of(alone) if alone.counts else None)
    return tuple(found)
