"""How a history says that the cluster went: counts of what ended, samples, and when it recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from celerytui.history.rows import QUEUE, WORKER
from celerytui.history.schema import SUCCESS
from celerytui.history.type_runs import RUN
from celerytui.model import Mark, TaskState
from celerytui.store.spans import Span, joined, without

MARKS = "SELECT at, text, by FROM marks WHERE at >= {}"


class Ended(Struct, frozen=True):
    """How many tasks ended in a state, in the slot of that number."""

    slot: int
    state: TaskState
    count: int


class Sample(Struct, frozen=True):
    """What was read of a worker or a queue: running tasks, messages; None where it was unknown."""

    at: float
    name: str
    value: int | None


class Samples(Struct, frozen=True):
    """Figures of workers and queues, oldest first; each stands until the next of that name."""

    running: list[Sample] = []
    queued: list[Sample] = []


def ended_in(
    connection: sqlite3.Connection, since: float, until: float, width: int, counted: str
) -> Iterable[Ended]:
    """The counts of a segment, of the rows that SQL says are counted; raises sqlite3.Error."""
    found = connection.execute(
        "SELECT CAST(seen / ? AS INTEGER), state, count(*) FROM tasks INDEXED BY tasks_seen"
        f" WHERE seen >= ? AND seen < ? AND {counted} GROUP BY 1, 2"
        f" UNION ALL SELECT CAST(last / ? AS INTEGER), {SUCCESS}, sum(number) FROM totals"
        f" WHERE last >= ? AND last < ? AND kind = {RUN} GROUP BY 1",
        (width, since, until) * 2,
    )
    return [Ended(slot, TaskState(state), count) for slot, state, count in found]


def samples_in(connection: sqlite3.Connection, since: float, until: float) -> Samples:
    """The samples of a segment; raises sqlite3.Error."""
    run = connection.execute
    running = run(
        "SELECT at, text, running FROM workers JOIN words ON words.id = worker"
        f" WHERE at >= ? AND at < ? AND kind = {WORKER} ORDER BY at",
        (since, until),
    )
    workers = [Sample(*row) for row in running]
    queued = run(
        "SELECT at, text, ready FROM queues JOIN words ON words.id = queue"
        f" WHERE at >= ? AND at < ? AND kind = {QUEUE} ORDER BY at",
        (since, until),
    )
    return Samples(workers, [Sample(*row) for row in queued])


def marks_in(connection: sqlite3.Connection, since: float) -> list[Mark]:
    """The marks of a segment; raises sqlite3.Error."""
    return [Mark(*row) for row in connection.execute(MARKS.format("?"), (since,))]


def recorded_in(
    connection: sqlite3.Connection, since: float
) -> tuple[list[Span], list[tuple[float, float | None]]]:
    """When somebody wrote into a segment, and the gaps in that; raises sqlite3.Error."""
    run = connection.execute
    sessions = run("SELECT started, last FROM sessions WHERE last >= ?", (since,)).fetchall()
    # All of them: without its end a gap that was over long ago would still last.
    return sessions, run("SELECT since, until FROM gaps").fetchall()


def watched(
    sessions: Iterable[Span], gaps: Iterable[tuple[float, float | None]], since: float
) -> list[Span]:
    """The times since then of which everything was recorded, oldest first, none overlapping."""
    spans = joined((max(begin, since), end) for begin, end in sessions)
    # A gap is noted when it begins and again when it ends.
    ends: dict[float, float | None] = {}
    for begin, until in gaps:
        ends[begin] = until if until is not None else ends.get(begin)
    return without(spans, ends.items())
