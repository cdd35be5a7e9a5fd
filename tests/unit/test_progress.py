"""What a task reports of itself: its progress and other events, whatever they hold."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.columns import cell_width
from celerytui.columns.tasks import progress_text
from celerytui.document import snapshot_document
from celerytui.model import Batch, Event, Link, Progress, TaskState
from celerytui.store import Store
from celerytui.store.custom_events import KEPT, TEXT_KEPT
from celerytui.wire.decode import read_event
from tests.unit.store_stream import ALPHA, T0, feed, held, task_event

ANSWERED = {"state": "answered", "error": None}


def running() -> Store:
    return feed(Store(), task_event("received", 0, name="shop.import"), task_event("started", 1))


def report(at: float, id: str = "a", **fields: Any) -> Event:
    return task_event("progress", at, id, extra=fields)


def known(store: Store) -> tuple[float | None, float | None, str | None]:
    found = held(store).progress
    assert found is not None
    return found.current, found.total, found.message


def test_what_is_reported_last_is_shown() -> None:
    store = feed(running(), report(2, current=1, total=4), report(3, current=2.5, total=4))
    assert known(store) == (2.5, 4, None)
    feed(store, report(4, message="nearly"))
    assert known(store) == (2.5, 4, "nearly")
    found = held(store).progress
    assert found is not None
    assert found.part == 0.625
    assert held(store).state is TaskState.STARTED


def test_a_report_that_comes_late_changes_nothing() -> None:
    store = feed(running(), report(5, current=3, total=4), report(4, current=2, total=4))
    assert known(store)[0] == 3


def test_a_stamp_of_another_time_holds_up_no_later_report() -> None:
    store = running()
    store.apply(Batch([report(9e6, current=1, total=4)], T0 + 2))
    store.apply(Batch([report(3, current=2, total=4)], T0 + 3))
    assert known(store)[0] == 2


def test_another_run_begins_anew() -> None:
    store = feed(
        running(),
        report(2, current=3, total=4, message="half"),
        task_event("retried", 3, exception="Oops()"),
        task_event("received", 10, retries=1),
        task_event("started", 11),
    )
    assert held(store).progress is None
    feed(store, report(12, current=1))
    assert known(store) == (1, None, None)


def test_the_first_report_of_a_run_may_come_before_its_start() -> None:
    store = feed(
        Store(),
        task_event("received", 0, name="shop.import"),
        report(0.9, current=1, total=4),
        task_event("started", 1),
    )
    assert known(store) == (1, 4, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"current": 5, "total": 0}, (5, None, None)),
        ({"current": 5, "total": -3}, (5, None, None)),
        ({"current": 5, "total": math.nan}, (5, None, None)),
        ({"current": 5, "total": "many"}, (5, None, None)),
        ({"current": 12, "total": 10}, (12, 10, None)),
        ({"current": -1, "total": 10}, (-1, 10, None)),
        ({"current": True, "total": 10, "message": "x"}, (None, 10, "x")),
        ({"current": 10**400, "message": "x"}, (None, None, "x")),
        ({"message": "y" * 5000}, (None, None, "y" * TEXT_KEPT)),
    ],
)
def test_values_that_make_no_sense_are_unknown(fields: dict[str, Any], expected: object) -> None:
    store = feed(running(), report(2, **fields))
    assert known(store) == expected
    found = held(store).progress
    assert found is not None
    assert found.part is None or 0 <= found.part <= 1


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@given(
    st.lists(
        st.dictionaries(st.sampled_from(("current", "total", "message", "pct")), VALUES),
        max_size=8,
    )
)
def test_no_report_does_any_harm(bodies: list[dict[str, Any]]) -> None:
    store = running()
    for at, body in enumerate(bodies):
        raw = {"type": "task-progress", "hostname": ALPHA, "uuid": "a", "timestamp": T0 + 2 + at}
        event = read_event({**raw, **body})
        assert event is not None
        store.apply(Batch([event], T0 + 2 + at))
    assert store.summary(T0).events_failed == 0
    task = held(store)
    for width in range(1, 14):
        assert cell_width(progress_text(task.progress, width)) <= max(width, 10)
    rows = snapshot_document(store, [], Link(), ANSWERED, "shop", "", "", 1.0, [task], T0 + 20)[
        "tasks"
    ]["rows"]
    assert rows[0]["progress"] is None or set(rows[0]["progress"]) == {
        "current",
        "total",
        "message",
    }


@pytest.mark.parametrize(
    ("current", "total", "text"),
    [
        (420, 1000, "━━─── 42%"),
        (999, 1000, "━━━━━ 99%"),
        (1000, 1000, "━━━━━ 100%"),
        (1204, None, "at 1,204"),
        (0, 10, "─────  0%"),
        (None, 10, ""),
    ],
)
def test_the_row_has_a_bar(current: float | None, total: float | None, text: str) -> None:
    shown = progress_text(Progress(T0, current, total), 10)
    assert " ".join(shown.split()) == " ".join(text.split())
    assert cell_width(shown) <= 10


def test_other_events_that_name_a_task_are_kept_with_it() -> None:
    store = running()
    feed(store, Event("order-shipped", ALPHA, T0 + 3, uuid="a", extra={"carrier": "ups"}))
    feed(store, task_event("checkpoint", 2.5), Event("order-shipped", ALPHA, T0 + 4, uuid="b"))
    assert [(one.type, one.at - T0, one.fields) for one in held(store).more.custom_events] == [
        ("order-shipped", 3, '{"carrier": "ups"}'),
        ("task-checkpoint", 2.5, ""),
    ]


def test_as_many_other_events_are_kept_as_there_is_room_for() -> None:
    store = running()
    feed(store, *(task_event("step", 2 + n, extra={"n": n, "x": "y" * 900}) for n in range(50)))
    kept = held(store).more.custom_events
    assert len(kept) == KEPT
    assert all(len(one.fields) <= TEXT_KEPT for one in kept)
    assert kept[-1].at == T0 + 51
