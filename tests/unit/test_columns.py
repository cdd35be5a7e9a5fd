"""The tables: which columns at which width, and cells that always fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.columns import (
    ALERT_COLUMNS,
    FAILURE_COLUMNS,
    QUEUE_COLUMNS,
    TASK_COLUMNS,
    TYPE_COLUMNS,
    WORKER_COLUMNS,
    Cell,
    CellContext,
    cell_width,
    clean,
    column,
    columns_for,
    header_cells,
    row_cells,
)
from celerytui.model import Alert, Quantiles, Queue, Task, TaskExtra, TaskState, TypeFigures, Worker
from tests.unit.judged import judged

ROLES = {"text", "strong", "muted", "success", "started", "received", "sent", "retry"}


ROLES |= {"failure", "warning", "missed"}


CONTEXT = CellContext(now=1000.0, utc=True, worker_prefix="celery@")


texts = st.one_of(st.none(), st.text(max_size=30), st.just("a.b\x1b[2J\n" * 50))


numbers = st.one_of(st.none(), st.floats(), st.integers())


times = st.one_of(st.none(), st.floats(0, 2000), st.floats())


extras = st.builds(TaskExtra, exception=texts, eta=st.none() | st.floats())


any_task = st.builds(
    Task,
    id=st.text(max_size=40),
    seq=st.integers(0, 99),
    state=st.sampled_from(TaskState),
    name=texts,
    worker=texts,
    queue=texts,
    args=texts,
    kwargs=texts,
    result=texts,
    retries=st.one_of(st.none(), st.integers()),
    sent=times,
    received=times,
    started=times,
    finished=times,
    runtime=times,
    seen=st.floats(),
    extra=st.one_of(st.none(), extras),
)


any_worker = st.builds(
    Worker,
    hostname=st.text(max_size=40),
    first_seen=st.floats(0, 9),
    last_seen=st.floats(),
    active=st.one_of(st.none(), st.integers()),
    processed=st.one_of(st.none(), st.integers()),
    loadavg=st.one_of(st.none(), st.tuples(st.floats(), st.floats())),
    sw_ident=texts,
    sw_ver=texts,
    done_per_second=st.one_of(st.none(), st.floats()),
    concurrency=st.one_of(st.none(), st.integers(0)),
    pool=texts,
    queues=st.one_of(st.none(), st.tuples(st.text(max_size=9))),
    status=st.sampled_from(["online", "late", "lost", "offline", "unknown"]),
).map(judged)


any_queue = st.builds(
    Queue,
    name=st.text(max_size=40),
    ready=st.one_of(st.none(), st.integers(0)),
    unacked=st.one_of(st.none(), st.integers(0)),
    error=texts,
    history=st.lists(st.one_of(st.none(), st.integers(0)), max_size=120).map(tuple),
    growth=st.one_of(st.none(), st.floats()),
    empty_in=st.one_of(st.none(), st.floats()),
    consumed=st.sampled_from([None, True, False]),
).map(judged)


any_alert = st.builds(
    Alert,
    id=st.sampled_from(["worker.lost", "queue.growing", "x" * 40]),
    subject=st.text(max_size=40),
    severity=st.sampled_from(["info", "warning", "critical"]),
    since=st.floats(),
    text=st.text(max_size=90),
)


any_seconds = st.none() | st.floats()
any_quantiles = st.builds(
    Quantiles,
    st.integers(0, 10**9),
    any_seconds,
    any_seconds,
    any_seconds,
    any_seconds,
)
any_type = st.builds(
    TypeFigures,
    name=st.text(max_size=60),
    states=st.lists(st.integers(0, 10**12), min_size=11, max_size=11).map(tuple),
    per_second=any_seconds,
    share=any_seconds,
    failure_rate=any_seconds,
    runtime=any_quantiles,
    failed_runtime=any_quantiles,
    wait=any_quantiles,
    trend=st.lists(st.none() | st.integers(0, 10**9), max_size=61).map(tuple),
    last_seen=st.floats(),
    others=st.none() | st.integers(0, 20_000),
)


def line(row: list[Cell]) -> str:
    return "".join(" " * cell.gap + cell.text for cell in row)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (TASK_COLUMNS, any_task),
        (WORKER_COLUMNS, any_worker),
        (QUEUE_COLUMNS, any_queue),
        (ALERT_COLUMNS, any_alert),
        (TYPE_COLUMNS, any_type),
    ],
    ids=["tasks", "workers", "queues", "alerts", "types"],
)
def test_any_row_fills_any_table_exactly(columns: Any, rows: Any) -> None:
    @given(rows, st.integers(20, 260), st.booleans())
    def check(row: Any, width: int, ascii: bool) -> None:
        context = CellContext(now=1000.0, utc=True, ascii=ascii, worker_prefix="celery@")
        layout = columns_for(columns, width)
        drawn = row_cells(layout, row, context)
        for cell in drawn:
            assert cell_width(cell.text) == cell.width
            assert clean(cell.text) == cell.text
            assert {cell.role, cell.mark} <= ROLES
        assert cell_width(line(drawn)) == width - 2
        assert cell_width(line(header_cells(layout, "seen"))) == width - 2

    check()


TABLES: list[Any] = [TASK_COLUMNS, WORKER_COLUMNS, QUEUE_COLUMNS, ALERT_COLUMNS, TYPE_COLUMNS]


@given(st.integers(6, 300))
def test_the_columns_fill_the_table(width: int) -> None:
    for columns in TABLES:
        layout = columns_for(columns, width)
        taken = 2 + sum(size for _, size in layout) + sum(one.gap for one, _ in layout[1:])
        assert taken == width
        assert all(size > 0 for _, size in layout)


@pytest.mark.parametrize("columns", TABLES, ids=["tasks", "workers", "queues", "alerts", "types"])
def test_a_wider_table_has_every_column_of_a_narrower_one_under_its_whole_head(
    columns: Any,
) -> None:
    before: set[str] = set()
    for width in range(20, 261):
        layout = columns_for(columns, width)
        shown = {one.id for one, _ in layout}
        assert before <= shown, width
        before = shown
        for sort in (None, *shown):
            heads = {cell.column: cell.text.strip("▾ ") for cell in header_cells(layout, sort)}
            assert all(heads[one.id] in ("", one.header) for one, _ in layout)
            if width >= 44:
                assert all(heads[one.id] == one.header or size < 4 for one, size in layout)


# The table of STYLE: each goes when the table is narrower than this.
GOES_AT = {"info": 110, "id": 72, "wait": 90, "runtime": 60, "seen": 66, "queue": 84, "worker": 78}


@pytest.mark.parametrize(("id", "width"), GOES_AT.items())
def test_a_task_column_goes_where_the_rules_say(id: str, width: int) -> None:
    assert id in [one.id for one, _ in columns_for(TASK_COLUMNS, width)]
    assert id not in [one.id for one, _ in columns_for(TASK_COLUMNS, width - 1)]


@pytest.mark.parametrize("width", [1, 40, 80])
@pytest.mark.parametrize("column", [*TASK_COLUMNS, *FAILURE_COLUMNS], ids=lambda one: one.id)
def test_a_column_that_is_alone_is_shown_however_narrow_the_table(column: Any, width: int) -> None:
    [(shown, cells)] = columns_for([column], width)
    assert shown is column
    assert cells >= 1


def test_the_widths_of_the_task_table() -> None:
    sizes = {one.id: size for one, size in columns_for(TASK_COLUMNS, 112)}
    assert sizes["state"] == 12
    assert 16 <= sizes["name"] <= 24
    assert sizes["info"] >= 20
    assert (sizes["id"], sizes["queue"], sizes["wait"]) == (8, 8, 6)
    assert (sizes["runtime"], sizes["seen"]) == (7, 8)
    assert 6 <= sizes["worker"] <= 12
    wide = {one.id: size for one, size in columns_for(TASK_COLUMNS, 140)}
    assert (wide["name"], wide["worker"]) == (24, 12)
    assert {one.id: size for one, size in columns_for(TASK_COLUMNS, 49)}["state"] == 1
    assert {one.id for one, _ in columns_for(TASK_COLUMNS, 200)} == {one.id for one in TASK_COLUMNS}


def task(state: TaskState, **fields: Any) -> Task:
    return Task(id="5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a", seq=1, state=state, **fields)


def shown(row: Task, id: str, width: int = 200, context: CellContext = CONTEXT) -> Cell:
    layout = columns_for(TASK_COLUMNS, width)
    return next(cell for cell in row_cells(layout, row, context) if cell.column == id)


def test_a_state_has_a_glyph_a_word_and_a_colour() -> None:
    success = shown(task(TaskState.SUCCESS), "state")
    assert success.text.strip() == "✓ success"
    assert (success.role, success.mark) == ("muted", "success")
    failure = shown(task(TaskState.FAILURE), "state")
    assert (failure.text.strip(), failure.role, failure.mark) == (
        "✗ failure",
        "failure",
        "failure",
    )
    assert shown(task(TaskState.RETRY, retries=2), "state").text.strip() == "↻ retry 2"
    assert shown(task(TaskState.STARTED), "state", 40).text == "▸"
    assert shown(task(TaskState.STARTED), "state", 40, CellContext(0.0, ascii=True)).text == ">"


def test_info_is_the_arguments_or_the_exception() -> None:
    boom = TaskExtra(exception="Boom('x')")
    args: dict[str, Any] = {"args": "(1,)", "kwargs": "{}"}
    assert shown(task(TaskState.FAILURE, extra=boom, **args), "info").text.strip() == "Boom('x')"
    assert shown(task(TaskState.STARTED, extra=boom, **args), "info").text.strip() == "(1,)"
    both = task(TaskState.SUCCESS, args="(1,)", kwargs="{'a': 2}")
    assert shown(both, "info").text.strip() == "(1,) {'a': 2}"
    only = task(TaskState.SUCCESS, args="()", kwargs="{'a': 2}")
    assert shown(only, "info").text.strip() == "{'a': 2}"


def test_runtime_counts_up_or_says_when() -> None:
    assert shown(task(TaskState.SUCCESS, runtime=1.2), "runtime").text == "  1.20s"
    assert shown(task(TaskState.STARTED, started=999.06), "runtime").text == " 940ms…"
    later = TaskExtra(eta=1014.0)
    assert shown(task(TaskState.RETRY, extra=later), "runtime").text == " in 14s"
    assert shown(task(TaskState.RETRY, extra=later), "runtime").role == "retry"
    past = TaskExtra(eta=0.0)
    assert shown(task(TaskState.RECEIVED, extra=past), "runtime").text.strip() == ""


def test_a_worker_loses_the_prefix_that_all_share() -> None:
    row = task(TaskState.STARTED, worker="celery@bill1")
    assert shown(row, "worker").text.strip() == "bill1"
    assert shown(row, "worker", context=CellContext(0.0)).text.strip() == "celery@bill1"


def test_a_name_is_cut_at_a_dot() -> None:
    assert shown(task(TaskState.SENT, name="shop.billing.charge"), "name", 90).text.strip() in (
        "shop.billing.charge",
        "…billing.charge",
    )


def test_the_head_of_the_sort_column_is_bright_and_points() -> None:
    heads = {cell.column: cell for cell in header_cells(columns_for(TASK_COLUMNS, 120), "seen")}
    assert (heads["seen"].text, heads["seen"].role) == ("   SEEN▾", "strong")
    assert heads["name"].role == "muted"
    up = header_cells(columns_for(TASK_COLUMNS, 120), "seen", False, ascii=True)
    assert up[-1].text == "   SEEN^"


def test_a_lost_worker_says_so_over_the_cells_that_it_has_not() -> None:
    layout = columns_for(WORKER_COLUMNS, 44)
    gone = judged(Worker("celery@gpu1", 0.0, 958.0, active=2, status="lost"))
    assert line(row_cells(layout, gone, CONTEXT)) == "○ gpu1               lost 42s ago, 2 tasks"
    there = Worker(
        "celery@bill1",
        0.0,
        999.0,
        running=14,
        concurrency=16,
        loadavg=(3.12,),
        done_per_second=13.1,
        status="online",
    )
    assert line(row_cells(layout, there, CONTEXT)) == "● bill1         14/16 ━━━━━━─  3.12   13/s"


def test_a_queue_that_nobody_consumes_says_so() -> None:
    layout = columns_for(QUEUE_COLUMNS, 38)
    dead = row_cells(layout, judged(Queue("dead", ready=88, consumed=False)), CONTEXT)
    assert line(dead).startswith("! dead ")
    assert line(dead).endswith(" no consumer")
    assert dead[0].role == "failure"
    growing = row_cells(layout, judged(Queue("high", ready=1204, growth=3.1)), CONTEXT)
    assert line(growing).split() == ["▲", "high", "1,204", "never"]
    assert growing[0].role == "warning"


def test_an_error_stands_in_the_row_of_its_queue() -> None:
    row = row_cells(columns_for(QUEUE_COLUMNS, 80), Queue("q", error="ACCESS_REFUSED"), CONTEXT)
    assert line(row).endswith("ACCESS_REFUSED")


def test_the_trend_is_true_to_time() -> None:
    # Ten minutes in ten cells: the last minute is one cell, what came before is blank.
    history = tuple([5] * 12)
    layout = [(column(QUEUE_COLUMNS, "trend"), 10)]
    assert line(row_cells(layout, Queue("q", history=history), CONTEXT)) == "         ▆"


def test_an_alert_has_room_for_its_text() -> None:
    alert = Alert("worker.lost", "celery@gpu1", "critical", 958.0, "Its heartbeats stopped; 2 ran")
    wide, narrow = (
        line(row_cells(columns_for(ALERT_COLUMNS, width), alert, CONTEXT)) for width in (100, 44)
    )
    assert wide.split() == [
        *("✗", "critical", "00:15:58", "worker.lost", "celery@gpu1", *alert.text.split())
    ]
    assert narrow.startswith("✗  celery@gpu1 ")
    assert "Its heartbeats" in narrow


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        column(TASK_COLUMNS, "nope")


def test_a_worker_that_sends_no_task_events_says_so_instead_of_a_rate() -> None:
    worker = judged(Worker("celery@web1", 0.0, 0.0, status="online", task_events=False, active=1))
    worker.done_per_second = 0.0
    row = {
        cell.column: cell for cell in row_cells(columns_for(WORKER_COLUMNS, 60), worker, CONTEXT)
    }
    assert row["done"].text.strip() == "! off"
    assert row["done"].role == "warning"


@given(st.lists(any_task, max_size=5), st.floats(0, 3000))
def test_the_keys_of_many_rows_are_those_of_each(tasks: list[Task], now: float) -> None:
    for one in TASK_COLUMNS:
        # As texts, because what is no number is not equal to itself.
        expected = [repr(one.key(task, now)) for task in tasks]
        assert [repr(key) for key in one.sort_keys(tasks, now)] == expected


def test_a_worker_that_stops_says_so_over_the_room_behind_its_name() -> None:
    stopping = Worker("rb@mq", 0.0, 999.0, status="stopping", concurrency=2, stopping=2)
    for width in (80, 100, 140):
        drawn = line(row_cells(columns_for(WORKER_COLUMNS, width), stopping, CONTEXT))
        assert drawn.startswith("─ stopping rb@mq ")
        assert " stopping: 2 tasks to finish" in drawn
