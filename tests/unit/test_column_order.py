"""Each column sorts whatever is in it, and what is missing comes last."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.columns import (
    QUEUE_COLUMNS,
    TASK_COLUMNS,
    WORKER_COLUMNS,
    Column,
    column,
    sorted_rows,
)
from celerytui.model import Queue, Task, TaskExtra, TaskState, Worker
from tests.unit.judged import judged
from tests.unit.test_columns import task

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("id", [one.id for one in TASK_COLUMNS])
def test_every_column_sorts_and_knows_what_is_missing(id: str) -> None:
    key: Callable[[Task, float], Any] = column(TASK_COLUMNS, id).key
    full = task(
        TaskState.FAILURE,
        name="n",
        worker="w",
        queue="q",
        args="a",
        retries=1,
        sent=1.0,
        received=2.0,
        started=3.0,
        finished=5.0,
        extra=TaskExtra(exception="E", eta=1_893_456_000.0),
    )
    assert key(full, 9.0) is not None
    if id not in ("state", "id", "seen"):
        assert key(task(TaskState.SENT), 9.0) is None


NUMBERS = st.none() | st.integers(-3, 3) | st.floats(allow_nan=True)


@given(st.lists(st.tuples(NUMBERS, st.integers())), st.booleans())
def test_rows_are_sorted_stably_and_those_without_a_value_come_last(
    rows: list[tuple[float | None, int]], reverse: bool
) -> None:
    by: Column[tuple[float | None, int]] = Column(
        id="n",
        header="N",
        help="a number",
        width=4,
        text=lambda row, context, width: "",
        key=lambda row, now: row[0],
    )
    found = sorted_rows(rows, by, 0.0, reverse=reverse)
    known = [row for row in rows if row[0] is not None and not math.isnan(row[0])]
    unknown = [row for row in rows if row[0] is None or math.isnan(row[0])]
    # One after the other, each put behind those that are not beyond it.
    expected: list[tuple[float | None, int]] = []
    for row in known:
        at = len(expected)
        while at and _beyond(expected[at - 1], row, reverse):
            at -= 1
        expected.insert(at, row)
    assert [id(row) for row in found] == [id(row) for row in (*expected, *unknown)]


def _beyond(one: tuple[float | None, int], other: tuple[float | None, int], reverse: bool) -> bool:
    assert one[0] is not None
    assert other[0] is not None
    return one[0] < other[0] if reverse else one[0] > other[0]


WORKERS = st.builds(
    Worker,
    hostname=st.text(max_size=5),
    first_seen=st.just(0.0),
    last_seen=st.floats(0, 9),
    active=st.none() | st.integers(0, 3),
    concurrency=st.none() | st.integers(0, 3),
    loadavg=st.none() | st.lists(st.floats(), max_size=3).map(tuple),
    processed=st.none() | st.integers(0, 3),
    done_per_second=st.none() | st.floats(0, 9),
    failed=st.integers(0, 3),
    task_events=st.none() | st.booleans(),
    pool=st.none() | st.text(max_size=2),
    sw_ident=st.none() | st.text(max_size=2),
    queues=st.none() | st.lists(st.text(max_size=2), max_size=2).map(tuple),
    status=st.sampled_from(["online", "late", "lost", "offline", "unknown"]),
).map(judged)


COUNTS = st.none() | st.integers(0, 9)


QUEUES = st.builds(
    Queue,
    name=st.text(max_size=5),
    ready=COUNTS,
    unacked=COUNTS,
    consumers=COUNTS,
    error=st.none() | st.just("NO ACCESS"),
    history=st.lists(COUNTS, max_size=4).map(tuple),
    growth=st.none() | st.floats(-9, 9),
    empty_in=st.none() | st.floats(0, 9),
    consumed=st.none() | st.booleans(),
).map(judged)


@given(st.lists(WORKERS, max_size=12), st.lists(QUEUES, max_size=12), st.booleans())
def test_every_column_of_workers_and_queues_sorts_whatever_is_in_them(
    workers: list[Worker], queues: list[Queue], reverse: bool
) -> None:
    tables: list[tuple[Sequence[Column[Any]], Sequence[Any]]]
    tables = [(WORKER_COLUMNS, workers), (QUEUE_COLUMNS, queues)]
    for columns, rows in tables:
        for by in columns:
            assert by.title
            found = sorted_rows(rows, by, 9.0, reverse=reverse)
            assert sorted(map(id, found)) == sorted(map(id, rows))


@pytest.mark.parametrize(
    ("id", "worker"),
    [
        ("load", Worker("w", 0.0, 1.0, loadavg=(1.0,), status="lost")),
        ("busy", Worker("w", 0.0, 1.0, active=1, status="offline")),
        ("done", Worker("w", 0.0, 1.0, done_per_second=1.0, status="lost")),
        (
            "done",
            judged(Worker("w", 0.0, 1.0, done_per_second=0.0, task_events=False, status="online")),
        ),
    ],
)
def test_what_is_not_shown_of_a_worker_is_not_sorted_by(id: str, worker: Worker) -> None:
    assert column(WORKER_COLUMNS, id).key(worker, 9.0) is None


def test_what_grows_and_what_nobody_takes_is_empty_last() -> None:
    key = column(QUEUE_COLUMNS, "drain").key
    assert key(Queue("q", ready=1, growth=1.0), 0.0) == math.inf
    assert key(judged(Queue("q", ready=1, consumed=False)), 0.0) == math.inf
    assert key(Queue("q", ready=9, growth=-1.0, empty_in=9.0), 0.0) == 9.0
    assert key(Queue("q", ready=0, growth=0.0), 0.0) is None
    assert key(Queue("q", ready=9, empty_in=9.0, error="NO ACCESS"), 0.0) is None
