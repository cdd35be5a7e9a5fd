"""Fills the charts with what a history says of the time before."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from celerytui.interpreter import give_way
from celerytui.model import QueueDepth, TaskState
from celerytui.store import Store
from celerytui.store.course import LEVEL_WIDTHS, STOPPED, WIDTHS, Count, Level
from celerytui.store.spans import Span
from celerytui.store.statistics import WINDOWS

if TYPE_CHECKING:
    from celerytui.history.course import Ended, Sample, Samples
    from celerytui.history.history import History

LONGEST_SECONDS = 8.0
"""For so long rows are counted at most; what is left of the longest window stays unknown."""
PIECES = 12
"""In as many questions a window is counted, the newest first."""

DONE = (TaskState.SUCCESS, TaskState.FAILURE)


def restore_counts(
    history: History, store: Store, since: float, until: float, stopped: Callable[[], bool]
) -> None:
    """Give the charts what was recorded to end from `since` to `until`; raises HistoryError.

    A time that was given before must not be given again.
    """
    begin = max(since, until - max(WINDOWS.values()))
    spans = history.recorded(begin)
    end = time.monotonic() + LONGEST_SECONDS
    for window, seconds in WINDOWS.items():
        start = max(since, until - seconds)
        for low, high in _pieces(spans, start, until, seconds / PIECES):
            if time.monotonic() > end or stopped():
                return
            give_way()
            counts = counts_of(history.ended(low, high, WIDTHS[window]))
            store.course.restore(window, counts, low, high, until)


def restore_levels(history: History, store: Store, until: float) -> Samples:
    """Give the charts what was queued and ran up to then, and the samples of it.

    Raises HistoryError.
    """
    longest = max(WINDOWS.values())
    # What has not changed for long was recorded long ago.
    begin = until - 2 * longest
    spans = [(low, min(high, until)) for low, high in history.recorded(begin) if low < until]
    samples = history.samples(begin)
    for window, seconds in WINDOWS.items():
        give_way()
        width = LEVEL_WIDTHS[window]
        both: tuple[tuple[Level, list[Sample]], ...]
        both = ("queued", samples.queued), ("running", samples.running)
        for level, some in both:
            slots = levels(some, spans, width, until - seconds)
            store.course.restore_level(window, level, slots)
    return samples


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


def levels(
    samples: Sequence[Sample], spans: Sequence[Span], width: int, since: float
) -> dict[int, int]:
    """The sum of the newest samples of all names at the end of each slot, where one is known.

    A sample stands until the next one of its name: only what changed is recorded, and everything at
    the beginning of a span.
    """
    found: dict[int, int] = {}
    left = iter(samples)
    sample = next(left, None)
    for begin, end in spans:
        newest: dict[str, int] = {}
        for slot in range(int(begin) // width, int(end) // width + 1):
            until = min((slot + 1) * width, end)
            while sample is not None and sample.at <= until:
                if sample.at >= begin:
                    newest[sample.name] = sample.value or 0
                sample = next(left, None)
            if newest and slot * width >= since - width:
                found[slot] = sum(newest.values())
    return found


def _pieces(spans: Sequence[Span], since: float, until: float, seconds: float) -> Iterator[Span]:
    """The spans from `since` to `until` in pieces, the newest first."""
    for begin, end in reversed(spans):
        low, high = max(begin, since), min(end, until)
        while high > low:
            yield max(low, high - seconds), high
            high -= seconds
