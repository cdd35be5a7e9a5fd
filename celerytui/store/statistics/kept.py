"""The figures of all types as plain values, to be told to another store as they are."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from celerytui.store.lock import FairLock
from celerytui.store.statistics.record import TypeRecord
from celerytui.store.statistics.tally import Slice, Tally
from celerytui.store.statistics.types import INTERNAL, TypeStatistics

MOST_TYPES = 500
"""As many have their slices told, those that ran longest in a day; all are in the whole."""
DAY = 2
AT_ONCE = 200
"""Places that are taken at one taking of the lock."""
KeptPlace = tuple[str, str | None, str | None, int, int, float]
"""A name, a worker, a queue, how many succeeded and failed there, and when the last one ended."""


class KeptType(Struct, frozen=True):
    """A name, when it last ended a run, and its slices, those of each window by themselves."""

    name: str
    seen: float
    levels: list[list[Slice]]


class KeptTypes(Struct, frozen=True):
    """All types, in the order of their first run, the `whole` of them, and where they ran."""

    types: list[KeptType]
    whole: KeptType
    places: list[KeptPlace]


def keep(statistics: TypeStatistics, lock: FairLock) -> KeptTypes:
    """What there is now."""
    newest, whole = Tally(), statistics.whole
    with lock:
        statistics.settle(statistics.now)
        records = list(statistics.records())
        for record in (*records, whole):
            record.advance(max(statistics.index, record.index))
            if record is not whole and (filled := record.levels[0].open) is not None:
                newest.include(filled)
        of_all = _kept(whole, newest)
        places = list(statistics.kept_places())
        chosen = {"", *statistics.busiest(DAY, MOST_TYPES)}
    types = []
    for record in records:
        if record.name in chosen or record.name.startswith(INTERNAL):
            with lock:
                types.append(_kept(record, None))
    return KeptTypes(types, of_all, places)


def restore(statistics: TypeStatistics, kept: KeptTypes, lock: FairLock) -> None:
    """Have these figures and no others."""
    with lock:
        statistics.forget()
        _restore(statistics.whole, kept.whole)
    for one in kept.types:
        with lock:
            _restore(statistics.record_named(one.name), one)
    for start in range(0, len(kept.places), AT_ONCE):
        with lock:
            for name, worker, queue, succeeded, failed, seen in kept.places[start:][:AT_ONCE]:
                statistics.restore_place((name, worker, queue), succeeded, failed, seen)


def _kept(record: TypeRecord, newest: Tally | None) -> KeptType:
    """A record; `newest` is what is in its newest slices and not yet in it."""
    levels = []
    for place, level in enumerate(record.levels):
        now, filled = record.index // level.length, record.filling(place)
        if newest is not None:
            filled.include(newest)
        parts = [part for part in level.slices if part.index != now]
        if any(filled.states) or any(one.counts for one in filled.times):
            parts.append(filled.close(now))
        levels.append(list(map(_plain, parts)))
    return KeptType(record.name, record.seen, levels)


def _plain(part: Slice) -> Slice:
    """A slice whose histograms are lists."""
    times = tuple(
        None if one is None else replace(one, buckets=[*one.buckets], numbers=[*one.numbers])
        for one in part.times
    )
    return replace(part, times=times)


def _restore(record: TypeRecord, kept: KeptType) -> None:
    record.seen = kept.seen
    for level, parts in zip(record.levels, kept.levels, strict=False):
        for part in _packed(parts):
            level.add(part)


def _packed(parts: Iterable[Slice]) -> Iterable[Slice]:
    for part in parts:
        alone = Tally()
        alone.put(part)
        yield alone.close(part.index)
