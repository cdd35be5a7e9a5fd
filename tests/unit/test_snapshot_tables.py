"""The tables of `snapshot` are safe and fit, and say why they are empty."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.columns import cell_width, clean
from celerytui.headless.snapshot_tables import print_tables
from celerytui.model import Batch, Event, Link, LinkState
from celerytui.store import Store
from tests.unit.snapshot_case import CONNECTED, NOW, document, full_store, tables


def test_without_failures_there_is_no_table_of_them() -> None:
    assert "FAILURES" not in tables(document(Store(clock=lambda: NOW)))


def test_a_slower_reader_is_told_where_nothing_else_is_wrong() -> None:
    slow = Link(state=LinkState.CONNECTED, note="Reading through kombu, slower: ...")
    made = document(full_store(), slow)
    assert made["connection"] == {"state": "connected", "error": slow.note}
    assert f"connected: {slow.note}" in tables(made)


def test_the_tables_say_it_all() -> None:
    text = tables(document(full_store()), 140, utc=True)
    for part in (
        "shop @ redis://:**@h//",
        "connected",
        "6 events in 3.00s",
        "1 invalid",
        "2 tasks kept: ",
        "1 failure",
        "WORKERS",
        "● online",
        "celery@w1",
        "1/4",
        "prefork",
        "celery 5.7.0",
        "QUEUES",
        "NO ACCESS",
        "TASKS",
        "✗ failure",
        "shop.charge",
        "Boom('x')",
        "5f0c…91a",
        "2.00s",
        "22:13:18",
    ):
        assert part in text


def test_the_alerts_have_a_table_where_there_are_any() -> None:
    store = full_store()
    store.apply(
        Batch([Event("worker-heartbeat", "celery@\x1b[2Jgone", NOW - 60, freq=2.0)], NOW - 60)
    )
    store.sweep(NOW)
    for ascii, sign in ((False, "✗ critical"), (True, "x critical")):
        text = tables(document(store), 140, utc=True, ascii=ascii)
        head, lost, bad = text.partition("ALERTS\n")[2].splitlines()[:3]
        assert head.split() == ["SEVERITY", "SINCE", "ALERT", "SUBJECT", "DETAILS"]
        assert lost.startswith(f"{sign}  22:12:20  worker.lost ")
        assert bad.startswith(f"{sign}  22:13:20  queue.unconsumed  bad ")
        assert bad.endswith("No worker consumes it")
        # The queue's own row says the same.
        assert "! bad" in text
    quiet = Store(clock=lambda: NOW)
    assert "ALERTS" not in tables(document(quiet))
    assert document(quiet)["alerts"] == []


@given(st.text(st.characters(codec=None), max_size=30), st.integers(0, 200), st.booleans())
def test_tables_are_safe_and_fit(foreign: str, width: int, ascii: bool) -> None:
    text = tables(document(full_store(foreign), broker=foreign, app=foreign), width, ascii=ascii)
    for line in text.removesuffix("\n").split("\n"):
        assert clean(line) == line
        assert cell_width(line) <= max(40, width)


def test_a_stream_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_tables(document(full_store("é")), stream, 140)
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "x failure" in text
    assert "* online" in text
    assert "5f0c~91a" in text


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (CONNECTED, "no reply and no heartbeat in 3.00s"),
        (
            Link(LinkState.RECONNECTING, NOW, error="Connection refused"),
            "The broker cannot be reached: Connection refused.",
        ),
        (Link(LinkState.NO_EVENTS, NOW), "The sqs transport carries no events."),
    ],
)
def test_empty_tables_say_why(link: Link, said: str) -> None:
    text = tables(document(Store(clock=lambda: NOW), link, transport="sqs"))
    assert said in text
    assert "connection" not in text


def test_no_tasks_has_its_reasons() -> None:
    store = full_store()
    assert "None of the 2 tasks seen matches the filter." in tables(document(store, tasks=[]))
    quiet = Store(clock=lambda: NOW)
    quiet.apply(Batch([Event("worker-heartbeat", "celery@w1", NOW)], NOW))
    text = tables(document(quiet))
    assert "no task event in 3.00s" in text
    assert "without -E" in text


def test_what_was_not_asked_is_not_claimed() -> None:
    failed = {"state": "failed", "error": "NOPERM: no publish"}
    text = tables(document(Store(), control=failed), 200)
    why = "NOPERM: no publish; what ran before the start is unknown"
    assert f"workers cannot be asked: {why}" in text
    assert "None sent a heartbeat in 3.00s, and none could be asked." in text
    assert "No task event in 3.00s; what workers run is unknown." in text
    assert "answered" not in text
