"""The figures of all types: runs are taken as they end, and counted together once a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import nlargest
from math import isfinite

from celerytui.model import (
    CLOCKS_AGREE,
    Quantiles,
    Task,
    TaskState,
    TypeFigures,
    TypePlace,
)
from celerytui.store.spans import Span
from celerytui.store.statistics.ended import Ended, EndedRuns, compare
from celerytui.store.statistics.histogram import MOST, part_below, proper
from celerytui.store.statistics.record import SECONDS, WINDOWS, TypeRecord, summary_of
from celerytui.store.statistics.tally import FAILED, SUCCEEDED, WAITS, Slice, Tally

MAX_NAMES = 2_000
"""Names that have a row of their own; the rest is in one."""
MAX_OTHERS = 20_000
"""Names of that rest that are told apart, to count them."""
MAX_PLACES, MAX_PLACES_IN_ALL = 200, 20_000
"""Workers and queues of a name, and of all names; what others run of it is in one line."""
GONE = 3_600.0
"""Seconds without a run after which a worker's place makes room."""
FORGOTTEN = 90_000.0
"""Seconds without a run after which a name makes room: more than a day."""
DAY = list(WINDOWS).index("24h")

INTERNAL = "celery."
"""What the names of Celery's own tasks begin with: they wait for others and eat nothing."""

SUCCESS, FAILURE = TaskState.SUCCESS, TaskState.FAILURE


class _Place:
    """Runs of a name on a worker and from a queue."""

    __slots__ = ("failed", "queue", "record", "seen", "succeeded", "worker")

    def __init__(self, record: TypeRecord, worker: str | None, queue: str | None) -> None:
        self.record, self.worker, self.queue = record, worker, queue
        self.succeeded = self.failed = 0
        self.seen = 0.0


class TypeStatistics:
    """Counts the runs of up to `MAX_NAMES` names; the caller holds the store's lock.

    `now` is when the newest of them came, `index` the slice of that; `whole` has those of all names
    together, each slice once it has closed.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.index = 0
        self.whole = TypeRecord("")
        self.forget()

    def forget(self) -> None:
        """Have no runs any more."""
        self.whole.forget()
        self._records: dict[str, TypeRecord] = {}
        self._places: dict[tuple[str | None, str | None, str | None], _Place] = {}
        self._pending: list[TypeRecord] = []
        self._others = _Place(TypeRecord("", self.whole.take), None, None)
        self._other_names: set[int] = set()
        self._made_room = self._pruned = 0
        self._known: dict[tuple[str, int], tuple[int, tuple[Quantiles, ...]]] = {}

    # -- runs ----------------------------------------------------------------------------------

    def take(self, tasks: list[Task], now: float) -> None:
        """Take tasks that have just succeeded, and empty the list."""
        # Every task comes through here: it is only noted, and counted with others of its type.
        self._turn(now)
        find, pending = self._places.get, self._pending
        for task in tasks:
            place = find((task.name, task.worker, task.queue))
            if place is None:
                if task.name is None:
                    continue
                place = self._place(task.name, task.worker, task.queue)
            place.succeeded += 1
            place.seen = now
            record = place.record
            if not record.runtimes:
                pending.append(record)
            record.runtimes.append(task.runtime)
            if task.extra is None:
                since = task.sent
                if since is None:
                    since = task.received
                if since is not None:
                    record.waits.append(task.started - since)  # type: ignore[operator]  # it has ended
            elif (waited := task.waited) is not None:
                record.waits.append(waited)
        tasks.clear()

    def follow(self, before: EndedRuns, after: EndedRuns, now: float) -> None:
        """Take what an event changed in the ended runs of a task."""
        if before or after:
            self._turn(now)
            compare(before, after, self._add, self._remove)

    def settle(self, now: float, most: int | None = None) -> bool:
        """Count what was taken since, of `most` names at the most; True where more is left.

        Once a second, so that there is never much of it.
        """
        self._turn(now)
        if most is None or len(self._pending) <= most:
            self._count_pending()
            return False
        for record in self._pending[-most:]:
            self._count(record)
        del self._pending[-most:]
        return True

    def _turn(self, now: float) -> None:
        if now <= self.now:
            return
        index = int(now // SECONDS)
        if index != self.index:
            self._count_pending()
            self.index = index
        self.now = now

    def _count_pending(self) -> None:
        for record in self._pending:
            self._count(record)
        self._pending.clear()

    def _count(self, record: TypeRecord) -> None:
        count = len(record.runtimes)
        runtimes = proper(record.runtimes)
        waits = proper(record.waits, -CLOCKS_AGREE)
        record.runtimes, record.waits = [], []
        record.seen = self.now
        tally = record.open(self.index)
        tally.states[SUCCESS] += count
        tally.busy += round(sum(runtimes) * 1e6)
        tally.times[SUCCEEDED].add(runtimes)
        tally.times[WAITS].add(waits)

    def _add(self, run: Ended) -> None:
        if run.name is None:
            return
        place = self._place(run.name, run.worker, run.queue)
        place.seen = place.record.seen = self.now
        self._book(place, run, 1)
        tally, runtime = place.record.open(self.index), _duration(run.runtime)
        if runtime is not None and run.state in (SUCCESS, FAILURE):
            tally.times[SUCCEEDED if run.state is SUCCESS else FAILED].add((runtime,))
        if (wait := _duration(run.wait)) is not None:
            tally.times[WAITS].add((wait,))

    def _remove(self, run: Ended) -> None:
        if run.name is None:
            return
        place = self._place(run.name, run.worker, run.queue)
        self._book(place, run, -1)
        tally, runtime = place.record.open(self.index), _duration(run.runtime)
        if runtime is not None and run.state in (SUCCESS, FAILURE):
            tally.times[SUCCEEDED if run.state is SUCCESS else FAILED].remove(runtime)
        if (wait := _duration(run.wait)) is not None:
            tally.times[WAITS].remove(wait)

    def _book(self, place: _Place, run: Ended, sign: int) -> None:
        tally = place.record.open(self.index)
        tally.states[run.state] += sign
        tally.busy += sign * round((_duration(run.runtime) or 0.0) * 1e6)
        if run.state is SUCCESS:
            place.succeeded += sign
        elif run.state is FAILURE:
            place.failed += sign

    # -- names ---------------------------------------------------------------------------------

    def _place(self, name: str, worker: str | None, queue: str | None) -> _Place:
        known = self._places.get((name, worker, queue))
        if known is not None:
            return known
        record = self._record_of(name)
        if record is self._others.record:
            return self._others
        if self._is_full(record):
            worker = queue = None
            if (name, None, None) in self._places:
                return self._places[name, None, None]
        record.places += 1
        place = self._places[name, worker, queue] = _Place(record, worker, queue)
        return place

    def _record_of(self, name: str) -> TypeRecord:
        """The record of a name, made where there is none; that of the others where none is left."""
        record = self._records.get(name)
        if record is None:
            if len(self._records) >= MAX_NAMES and not self._make_room():
                if len(self._other_names) < MAX_OTHERS:
                    self._other_names.add(hash(name))
                return self._others.record
            record = self._records[name] = TypeRecord(name, self.whole.take)
        return record

    def _is_full(self, record: TypeRecord) -> bool:
        """Whether a name gets no other place, after those of workers that are gone made room."""
        if record.places < MAX_PLACES and len(self._places) < MAX_PLACES_IN_ALL:
            return False
        if self._pruned != self.index:
            self._pruned = self.index
            old = [key for key, one in self._places.items() if one.seen < self.now - GONE]
            for key in old:
                self._places.pop(key).record.places -= 1
        return record.places >= MAX_PLACES or len(self._places) >= MAX_PLACES_IN_ALL

    def _make_room(self) -> bool:
        """Count what did not run for so long with the others; looked for now and then."""
        if self._made_room == self.index:
            return False
        self._made_room = self.index
        self._count_pending()
        old = {name for name, record in self._records.items() if record.seen < self.now - FORGOTTEN}
        for name in old:
            self._join_others(self._records.pop(name))
        for key in [key for key in self._places if key[0] in old]:
            del self._places[key]
        self._known = {key: one for key, one in self._known.items() if key[0] not in old}
        return bool(old)

    def _join_others(self, record: TypeRecord) -> None:
        record.advance(self.index)
        record.end()
        others = self._others.record
        others.advance(self.index)
        left = [(place, part) for place, level in enumerate(record.levels) for part in level.slices]
        for place, part in left:
            others.restore(place, part, 0.0)
        if left and len(self._other_names) < MAX_OTHERS:
            self._other_names.add(hash(record.name))

    # -- what a history has --------------------------------------------------------------------

    def restore(self, window: int, name: str, part: Slice, seen: float) -> None:
        """Take the runs of a name in a slice of a window that nobody counted; `seen` is the last.

        Those of other windows are not touched.
        """
        record = self._record_of(name)
        record.advance(self.index)
        for one in (record, self.whole):
            one.restore(window, part, seen)

    def restore_place(
        self, place: tuple[str, str | None, str | None], succeeded: int, failed: int, seen: float
    ) -> None:
        """Take how many of a name ended on a worker, from a queue, that nobody counted."""
        found = self._place(*place)
        found.succeeded += succeeded
        found.failed += failed
        found.seen = max(found.seen, seen)

    # -- all that is kept ----------------------------------------------------------------------

    def record_named(self, name: str) -> TypeRecord:
        """The record of a name, made where there is none."""
        return self._record_of(name) if name else self._others.record

    def kept_places(self) -> Iterator[tuple[str, str | None, str | None, int, int, float]]:
        """Where the tasks of each name ran, how many there succeeded and failed, and the last."""
        for (name, worker, queue), one in self._places.items():
            if name is not None:
                yield name, worker, queue, one.succeeded, one.failed, one.seen

    # -- figures -------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """All that have figures, in order of their first run; "" stands for all others."""
        return [*self._records, *([""] if self._other_names else [])]

    def advance(self, names: Sequence[str]) -> None:
        """Close the slices of these names that are over, and forget those that left a window."""
        for name in names:
            record = self._record(name)
            if record is not None:
                record.advance(self.index)

    def busy(self, window: int) -> int:
        """Microseconds that all types ran in a window, as far as each was advanced."""
        return max(0, sum(_counts(record, window)[1] for record in self.records()))

    def busiest(self, window: int, most: int) -> list[str]:
        """The names that ran longest in a window, without Celery's own, the longest first."""
        used = {
            record.name: _counts(record, window)[1]
            for record in self.records()
            if not record.name.startswith(INTERNAL)
        }
        return nlargest(most, used, key=lambda name: (used[name], name))

    def figures(
        self, name: str, window: int, watched: Sequence[Span], busy: int
    ) -> TypeFigures | None:
        """The figures of one name in the window of that place in WINDOWS; None of none.

        `watched` are the times of it that were watched or recorded, `busy` the microseconds of all
        types in it.
        """
        record = self._record(name)
        if record is None:
            return None
        record.advance(self.index)
        states, used = _counts(record, window)
        done = states[SUCCESS] + states[FAILURE]
        seconds = sum(until - begun for begun, until in watched)
        runtime, failed, wait = self._quantiles(record, window)
        count = len(self._other_names) if record is self._others.record else None
        return TypeFigures(
            name=name,
            states=states,
            per_second=done / seconds if seconds > 0 else None,
            share=min(1.0, max(0, used) / busy) if busy > 0 else None,
            failure_rate=states[FAILURE] / done if done else None,
            runtime=runtime,
            failed_runtime=failed,
            wait=wait,
            trend=record.trend(window, watched),
            last_seen=record.seen,
            others=count,
        )

    def tally(self, name: str, window: int) -> tuple[Tally, list[Slice]] | None:
        """All that is in a window of one name, and the slices of it that are over, oldest first."""
        record = self._record(name)
        if record is None:
            return None
        record.advance(self.index)
        level = record.levels[window]
        over = [part for part in level.slices if part.index < record.index // level.length]
        return record.window(window), over

    def places(self, name: str) -> tuple[TypePlace, ...]:
        """Where the tasks of one name ran as far back as is known, the busiest first."""
        record = self._record(name)
        found = [
            TypePlace(one.worker, one.queue, one.succeeded, one.failed, one.seen)
            for one in self._places.values()
            if one.record is record
        ]
        return tuple(sorted(found, key=lambda place: -(place.succeeded + place.failed)))

    def standing(self, name: str, runtime: float) -> tuple[float, int] | None:
        """The part of the succeeded runs of a name in a day that took less long.

        And of how many; None where there is none.
        """
        record = self._records.get(name)
        if record is None:
            return None
        self._count_pending()
        record.advance(self.index)
        counts = record.window(DAY).times[SUCCEEDED].counts
        part = part_below(counts, runtime)
        return None if part is None else (part, sum(counts.values()))

    def records(self) -> Iterator[TypeRecord]:
        """Those of all names, that of all others last."""
        yield from self._records.values()
        yield self._others.record

    def _record(self, name: str) -> TypeRecord | None:
        return self._records.get(name) if name else self._others.record

    def _quantiles(self, record: TypeRecord, window: int) -> tuple[Quantiles, ...]:
        """Those of a window, worked out only where it changed."""
        key = record.name, window
        known = self._known.get(key)
        if known is None or known[0] != record.version:
            tally = record.window(window)
            known = self._known[key] = record.version, tuple(map(summary_of, tally.times))
        return known[1]


def _duration(seconds: float | None) -> float | None:
    return seconds if seconds is not None and isfinite(seconds) and 0 <= seconds < MOST else None


def _counts(record: TypeRecord, window: int) -> tuple[tuple[int, ...], int]:
    """The runs by state in a window, and their microseconds."""
    total = record.levels[window].total
    parts = [total, *(one.open for one in record.levels[: window + 1] if one.open is not None)]
    states = zip(*(part.states for part in parts), strict=True)
    return tuple(max(0, sum(one)) for one in states), sum(part.busy for part in parts)
