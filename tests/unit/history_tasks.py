"""Tasks for the tests of histories: any that there may be, and a folder to write them into."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from hypothesis import strategies as st

from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.history.writer import HistoryWriter
from celerytui.model import (
    OWN_ROOT,
    Attempt,
    CustomEvent,
    Lineage,
    Message,
    Progress,
    Revocation,
    Task,
    TaskExtra,
    TaskState,
)
from celerytui.query import parse_filter
from celerytui.settings import DEFAULTS, Keeping

T0 = 1_700_000_000.0
DAY = 86_400.0

ids = st.uuids().map(str) | st.sampled_from(["7 (int)", "order-1", "ÄÖ", "5F0C" * 9])
words = st.sampled_from(["shop.mail.send", "shop.pay", "x", "billing@web-1", "high", "ünï"])
texts = st.sampled_from(
    [
        "",
        "(1, 'a')",
        "{'user': 7, 'card': '4111'}",
        "50% off_",
        "a\\b",
        "a!_b%",
        "ValueError('no')",
        "GROSS",
    ]
)
moments = st.integers(0, 2_000_000).map(lambda step: T0 + step / 1000)
spans = st.integers(0, 30_000_000).map(lambda micros: micros / 1e6)
shifts = st.none() | st.sampled_from([1.5, -2.25])
attempts = st.builds(
    Attempt,
    at=moments,
    exception=st.none() | texts,
    traceback=st.none() | st.just("Traceback:\n  x\n"),
    state=st.sampled_from([TaskState.RETRY, TaskState.FAILURE, TaskState.LOST]),
    worker=st.none() | words,
    retries=st.none() | st.integers(0, 5),
    runtime=st.none() | spans,
    revocation=st.none() | st.builds(Revocation, st.none() | st.booleans(), st.none(), st.none()),
)
extras = st.builds(
    TaskExtra,
    exception=st.none() | texts,
    traceback=st.none() | st.sampled_from(["Traceback:\n  a\n", "Traceback:\n  b\nError\n"]),
    eta=st.none() | moments,
    expires=st.none() | moments,
    exchange=st.none() | words,
    client=st.none() | words,
    terminated=st.none() | st.booleans(),
    signum=st.none() | st.integers(1, 30) | st.just("SIGTERM"),
    attempts=st.lists(attempts, max_size=2).map(tuple),
    messages=st.lists(st.builds(Message, moments, st.none() | st.integers(0, 3)), max_size=2).map(
        tuple
    ),
    progress=st.none() | st.builds(Progress, moments, st.none() | st.just(3.0), st.none(), texts),
    custom_events=st.lists(st.builds(CustomEvent, moments, words, texts), max_size=2).map(tuple),
    lost_from=st.none() | st.sampled_from([TaskState.SENT, TaskState.STARTED]),
    worker_shift=shifts,
    client_shift=shifts,
)
lineages = (
    st.none() | st.just(OWN_ROOT) | st.builds(Lineage, st.none() | ids, st.none() | ids)
).filter(lambda one: one is None or one is OWN_ROOT or one != OWN_ROOT)
tasks = st.builds(
    Task,
    id=ids,
    seq=st.just(0),
    state=st.sampled_from(TaskState),
    name=st.none() | words,
    worker=st.none() | words,
    queue=st.none() | words,
    args=st.none() | texts,
    kwargs=st.none() | texts,
    result=st.none() | texts,
    retries=st.none() | st.integers(0, 9),
    sent=st.none() | moments,
    received=st.none() | moments,
    started=st.none() | moments,
    finished=st.none() | moments,
    runtime=st.none() | spans,
    seen=moments,
    lineage=lineages,
    extra=st.none() | extras,
)


def ended(number: int, at: float, state: TaskState = TaskState.SUCCESS, **more: object) -> Task:
    """A task that ended at `at`; the number gives it its id."""
    task = Task(str(uuid.UUID(int=number << 64)), number, state, "shop.pay", "w@h", seen=at)
    task.received, task.started, task.finished, task.runtime = at - 2, at - 1, at, 1.0
    for name, value in more.items():
        setattr(task, name, value)
    return task


def writer(
    folder: Path,
    keeping: Keeping = DEFAULTS.keeping,
    *,
    started: float = T0,
    most_rows: int = 2_000_000,
) -> HistoryWriter:
    """A writer of that folder."""
    return HistoryWriter(Folder(folder), "shop", "redis://h", keeping, started, most_rows=most_rows)


def record(folder: Path, flushes: Sequence[Sequence[Task]], *, most_rows: int = 2_000_000) -> None:
    """Write tasks into a folder, one flush after the other."""
    made = writer(folder, most_rows=most_rows)
    for one in flushes:
        made.write(Flush(tasks=one), T0)
    made.close(T0)


def found(folder: Path, query: str = "", now: float = T0, **bounds: float) -> list[Task]:
    """All tasks of a folder that match, in the order in which they are found."""
    history = SegmentHistory(Folder(folder))
    steps = history.search(parse_filter(query), now, **bounds)
    tasks = [task for step in steps for task in step.tasks]
    assert history.notes == []
    history.close()
    return tasks


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query on all segments of a folder, oldest first."""
    answers: list[tuple[object, ...]] = []
    for file in Folder(folder).segments():
        with closing(sqlite3.connect(file.path)) as connection:
            answers += connection.execute(query).fetchall()
    return answers


def names(folder: Path) -> list[str]:
    """The names of the segments of a folder, oldest first."""
    return [file.path.name for file in Folder(folder).segments()]
