"""Fills charts and types with what a history says of the time before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, takewhile
from math import gcd
from typing import TYPE_CHECKING

from celerytui.engine.past_types import slices_of
from celerytui.interpreter import give_way
from celerytui.model import QueueDepth, TaskState
from celerytui.store import Store
from celerytui.store.course import LEVEL_WIDTHS, STOPPED, WIDTHS, Count, Level
from celerytui.store.spans import Span, within, without
from celerytui.store.statistics import SLICE_SECONDS, WATCHED, WINDOWS

if TYPE_CHECKING:
    from celerytui.history.course import Ended, Sample, Samples
    from celerytui.history.history import History
    from celerytui.history.retries import Retried

PIECES = 12
"""In as many questions a window is counted, the newest first."""
LONGEST_PIECE = 6 * 3600.0
"""Seconds that are counted with one question."""
DAY_SECONDS = 86_400.0

DONE = (TaskState.SUCCESS, TaskState.FAILURE)


def restore_window(
    history: History,
    store: Store,
    window: str,
    since: float,
    until: float,
    *,
    unfinished: bool = True,
) -> Iterator[float]:
    """Give charts and types what was recorded to end in a window, from `since` to `until`.

    Piece by piece, the newest first: yields back to when everything was given. With the retries of
    what has not ended, unless an earlier call has given these. A time that was given before must
    not be given again. Raises HistoryError.
    """
    seconds = WINDOWS[window]
    start = max(since, until - seconds)
    spans = history.recorded(start)
    slot = gcd(WIDTHS[window], SLICE_SECONDS[window])
    for low, high in _pieces(spans, start, until, min(LONGEST_PIECE, seconds / PIECES)):
        give_way()
        # All is read before any is given: after an error all of the piece comes again.
        retries = history.retries(low, high, slot, start, unfinished=unfinished)
        counts = counts_of(history.ended(low, high, WIDTHS[window]))
        counts["retried"] = _by_slot(retries, WIDTHS[window] // slot)
        parts = history.types(low, high, SLICE_SECONDS[window])
        runs = list(slices_of(parts, retries, SLICE_SECONDS[window] // slot))
        places = [
            (begin, end, history.places(begin, end))
            for begin, end in without([(low, high)], store.types.places.recorded)
        ]
        store.course.restore(window, counts, low, high, until)
        store.types.restore(window, runs, low, high)
        for begin, end, found in places:
            store.types.places.restore(found.runs, begin, end, found.removed)
        unfinished = False
        yield low


def restore_levels(history: History, store: Store, until: float) -> Samples:
    """Give the charts what was queued and ran up to then, and the samples of it.

    Raises HistoryError.
    """
    # What has not changed for long was recorded long ago.
    begin = until - 2 * max(WINDOWS[window] for window in WATCHED)
    spans = within(history.recorded(begin), begin, until)
    samples = history.samples(begin)
    for window in WATCHED:
        give_way()
        for level, some in _both(samples):
            slots = levels(some, spans, LEVEL_WIDTHS[window], until - WINDOWS[window])
            store.course.restore_level(window, level, slots)
    return samples


def restore_window_levels(
    history: History, store: Store, window: str, until: float
) -> Iterator[float]:
    """The same for one long window, day by day: yields up to when all was read, oldest first."""
    since = until - WINDOWS[window]
    begin = since - DAY_SECONDS
    spans = within(history.recorded(begin), begin, until)
    width = LEVEL_WIDTHS[window]
    found: dict[Level, Levels] = {"queued": Levels(width, since), "running": Levels(width, since)}
    for low in takewhile(lambda at: at < until, count(begin, DAY_SECONDS)):
        give_way()
        high = min(low + DAY_SECONDS, until)
        if days := within(spans, low, high):
            for level, some in _both(history.samples(low, high)):
                found[level].take(some, days)
        yield high
    for level, one in found.items():
        store.course.restore_level(window, level, one.slots)


def _both(samples: Samples) -> tuple[tuple[Level, Sequence[Sample]], ...]:
    return ("queued", samples.queued), ("running", samples.running)


def newest_depths(samples: Samples) -> list[QueueDepth]:
    """The newest reading of each queue."""
    newest = {one.name: one.value for one in samples.queued}
    return [QueueDepth(name, ready) for name, ready in newest.items()]


def counts_of(ended: Sequence[Ended]) -> dict[Count, Mapping[int, int]]:
    """What the charts count, by slot."""
    done: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    stopped: Counter[int] = Counter()
    for one in ended:
        if one.state in DONE:
            done[one.slot] += one.count
        if one.state is TaskState.FAILURE:
            failed[one.slot] += one.count
        if one.state in STOPPED:
            stopped[one.slot] += one.count
    return {"done": done, "failed": failed, "stopped": stopped}


def _by_slot(retries: Iterable[Retried], per_slot: int) -> Counter[int]:
    """How many there were of all names, in slots that are so many of theirs."""
    found: Counter[int] = Counter()
    for one in retries:
        found[one.slot // per_slot] += one.count
    return found


class Levels:
    """The sum of the newest samples of all names at the end of each slot, where one is known.

    A sample stands until the next one of its name: only what changed is recorded, and everything at
    the beginning of a span. `slots` has those from `since` on.
    """

    def __init__(self, width: int, since: float) -> None:
        self.slots: dict[int, int] = {}
        self._width = width
        self._first = since - width
        self._newest: dict[str, int] = {}
        self._end: float | None = None

    def take(self, samples: Iterable[Sample], spans: Sequence[Span]) -> None:
        """Take the samples of some spans, which may go on where the last one ended."""
        width, newest = self._width, self._newest
        left = iter(samples)
        sample = next(left, None)
        for begin, end in spans:
            if begin != self._end:
                newest.clear()
            self._end = end
            for slot in range(int(begin) // width, int(end) // width + 1):
                until = min((slot + 1) * width, end)
                while sample is not None and sample.at <= until:
                    if sample.at >= begin:
                        newest[sample.name] = sample.value or 0
                    sample = next(left, None)
                if newest and slot * width >= self._first:
                    self.slots[slot] = sum(newest.values())


def levels(
    samples: Iterable[Sample], spans: Sequence[Span], width: int, since: float
) -> dict[int, int]:
    """The levels of a time that is taken at once."""
    found = Levels(width, since)
    found.take(samples, spans)
    return found.slots


def _pieces(spans: Sequence[Span], since: float, until: float, seconds: float) -> Iterator[Span]:
    """The spans from `since` to `until` in pieces, the newest first."""
    for begin, end in reversed(spans):
        low, high = max(begin, since), min(end, until)
        while high > low:
            yield max(low, high - seconds), high
            high -= seconds
