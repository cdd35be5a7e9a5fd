"""What a history says of the runs of each type, as the slices that the figures are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from celerytui.model import TaskState
from celerytui.store.statistics import NamedRuns
from celerytui.store.statistics.histogram import Histogram
from celerytui.store.statistics.tally import FAILED, SUCCEEDED, WAITS, Tally

if TYPE_CHECKING:
    from celerytui.history.retries import Retried
    from celerytui.history.type_runs import TypeRuns

_TIMED: dict[int, int] = {TaskState.SUCCESS: SUCCEEDED, TaskState.FAILURE: FAILED}
_MICRO = 1e6


def slices_of(
    parts: Iterable[TypeRuns], retries: Iterable[Retried], per_slot: int
) -> Iterator[NamedRuns]:
    """The runs of each name in each slot, and when the last of them ended.

    `per_slot` is how many slots of the retries are one.
    """
    found: defaultdict[tuple[str, int], _Runs] = defaultdict(_Runs)
    for one in retries:
        if one.name is not None:
            runs = found[one.name, one.slot // per_slot]
            runs.last = max(runs.last, one.last)
            runs.tally.states[TaskState.RETRY] += one.count
            runs.tally.busy += one.busy
    for part in parts:
        names = part.names
        for slot, number, state, bucket, count, busy, longest, last in part.runs:
            if (name := names.get(number)) is not None:
                runs = found[name, slot]
                runs.last = max(runs.last, last)
                runs.tally.states[state] += count
                runs.tally.busy += busy or 0
                if bucket is not None and state in _TIMED:
                    _count(runs.tally.times[_TIMED[state]], bucket, count, longest)
        for slot, number, bucket, count, longest in part.waits:
            if (name := names.get(number)) is not None:
                _count(found[name, slot].tally.times[WAITS], bucket, count, longest)
    for (name, slot), runs in found.items():
        yield name, runs.tally.close(slot), runs.last


class _Runs:
    """Those of a name in a slot."""

    __slots__ = ("last", "tally")

    def __init__(self) -> None:
        self.tally = Tally()
        self.last = 0.0


def _count(histogram: Histogram, bucket: float, count: int, longest: int | None) -> None:
    histogram.counts[int(bucket)] += count
    histogram.longest = max(histogram.longest, (longest or 0) / _MICRO)
