"""Marks: what is kept of them, whatever is sent, and what is new since the last one."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import MARK_LENGTH, Batch, Event
from celerytui.store import Store
from celerytui.store.failures.group import FailureRow
from celerytui.store.failures.groups import NEW_SINCE_MARK, WATCHED
from celerytui.store.marks import KEPT
from celerytui.wire.decode import read_event
from tests.unit.failure_texts import CHARGE, RAISE, block
from tests.unit.store_stream import T0, feed, task_event

TRACE = block(CHARGE, RAISE)


def mark(at: float, **fields: Any) -> Event:
    return Event("deploy-mark", "gen1@ci", T0 + at, extra=fields)


def failure(at: float, id: str, name: str = "shop.charge") -> list[Event]:
    return [
        task_event("received", at - 2, id, name=name),
        task_event("started", at - 1, id),
        task_event("failed", at, id, exception="Declined('x')", traceback=TRACE),
    ]


def standings(store: Store, at: float) -> dict[str, tuple[str, str]]:
    """Task name -> how its group stands and since which mark, `at` seconds after T0."""
    found: list[FailureRow] = store.failures.rows(T0 + at, every=True)
    return {row.task: (row.standing, row.since) for row in found}


def test_a_mark_is_kept_with_its_time_and_who_set_it() -> None:
    store = feed(Store(), mark(5, text=" v1.2 ", user="anna"), mark(9, text="v1.3"))
    assert [(one.at, one.text, one.by) for one in store.marks.all()] == [
        (T0 + 5, "v1.2", "anna"),
        (T0 + 9, "v1.3", "gen1@ci"),
    ]
    assert store.marks.last == store.marks.all()[-1]


def test_a_mark_stands_where_it_was_received_whatever_its_sender_writes() -> None:
    store = Store()
    ahead = mark(500_000, text="from the future")
    store.apply(Batch([ahead], T0 + 10))
    store.apply(Batch([mark(-900, text="from the past")], T0 + 20))
    store.apply(Batch([mark(0, text="late")], T0 + 30, lag=12.0))
    assert [(one.text, one.at - T0) for one in store.marks.all()] == [
        ("from the future", 10),
        ("late", 18),
        ("from the past", 20),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from(("text", "user", "other")), JSON), max_size=6))
def test_hostile_marks_do_no_harm(bodies: list[dict[str, Any]]) -> None:
    store = Store()
    for body in bodies:
        event = read_event({"type": "deploy-mark", "hostname": "h", "timestamp": T0, **body})
        if event is not None:
            store.apply(Batch([event], T0))
    assert store.summary(T0).events_failed == 0
    for one in store.marks.all():
        assert 0 < len(one.text) <= MARK_LENGTH
        assert len(one.by) <= MARK_LENGTH
        assert one.text == one.text.strip()


def test_as_many_are_kept_as_there_is_room_for() -> None:
    store = feed(Store(), *(mark(at, text=f"v{at}") for at in range(KEPT + 20)))
    assert [one.text for one in store.marks.all()] == [f"v{at}" for at in range(20, KEPT + 20)]


def test_what_failed_first_after_the_last_mark_is_new_since_it() -> None:
    store = Store()
    store.failures.update(T0)
    feed(store, *failure(10, "a", "old"), mark(20, text="v1.2"), *failure(30, "b", "young"))
    feed(store, *failure(31, "c", "old"))
    store.failures.update(T0 + 40)
    assert standings(store, 40) == {"old": ("", ""), "young": ("new", "v1.2")}
    later = 31 + NEW_SINCE_MARK
    assert standings(store, later) == {"old": ("", ""), "young": ("", "")}


def test_another_mark_is_another_beginning() -> None:
    store = Store()
    store.failures.update(T0)
    feed(store, mark(20, text="v1.2"), *failure(30, "b", "young"), mark(40, text="v1.3"))
    store.failures.update(T0 + 50)
    assert standings(store, 50) == {"young": ("", "")}
    feed(store, *failure(60, "c", "younger"))
    store.failures.update(T0 + 70)
    assert standings(store, 70) == {"young": ("", ""), "younger": ("new", "v1.3")}


def test_a_mark_takes_away_what_was_new_before_it() -> None:
    store = Store()
    store.failures.update(T0)
    first = WATCHED + 5
    feed(store, *failure(first, "a"))
    store.failures.update(T0 + first + 1)
    assert standings(store, first + 1) == {"shop.charge": ("new", "")}
    feed(store, mark(first + 2, text="v1.2"))
    assert standings(store, first + 3) == {"shop.charge": ("", "")}
