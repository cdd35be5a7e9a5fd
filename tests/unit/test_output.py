"""The document is complete and valid, the tables are safe and fit."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui import __version__
from celerytui.columns import cell_width, clean
from celerytui.document import snapshot_document
from celerytui.health import Health
from celerytui.model import Batch, Event, Link, LinkState, QueueDepth, Survey
from celerytui.output import print_json, print_tables
from celerytui.store import Store

NOW = 1_700_000_000.0
CONNECTED = Link(LinkState.CONNECTED, NOW)
UUID = "5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a"


def full_store(foreign: str = "") -> Store:
    store = Store(clock=lambda: NOW)
    fields: dict[str, Any] = {"uuid": UUID, "name": f"shop.charge{foreign}", "args": "(42,)"}
    fields["eta"] = "2023-11-14T22:13:10+00:00"
    events = [
        Event(
            "worker-heartbeat",
            "celery@w1",
            NOW - 1,
            active=1,
            processed=7,
            loadavg=(1.5, 1.0, 0.5),
            sw_ident="py-celery",
            sw_ver="5.7.0",
            pid=12,
            freq=2.0,
        ),
        Event("task-sent", "gen1@api", NOW - 9, **fields, queue="high"),
        Event("task-received", "celery@w1", NOW - 8, **fields, kwargs="{'a': 1}"),
        Event("task-started", "celery@w1", NOW - 4, uuid=UUID),
        Event(
            "task-failed",
            "celery@w1",
            NOW - 2,
            uuid=UUID,
            exception=f"Boom('x'){foreign}",
            traceback="Traceback ...",
        ),
        Event("task-started", "celery@w1", NOW - 1, uuid="runs", name="shop.slow"),
    ]
    for event in events:
        store.apply(Batch([event], event.timestamp))
    store.apply(Batch([], NOW, invalid=1))
    store.record_queues([QueueDepth("high", 12, 3, 1), QueueDepth("bad", error="NO ACCESS")], NOW)
    store.seed(
        Survey(
            NOW,
            active={},
            reserved={},
            scheduled={},
            stats={"celery@w1": {"pool": {"implementation": "prefork", "max-concurrency": 4}}},
            active_queues={"celery@w1": [{"name": "high"}]},
            unsent={"celery@w1": {"reserved": 15.0}},
        )
    )
    store.sweep(NOW)
    return store


def document(store: Store, link: Link = CONNECTED, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "control": {"state": "answered", "error": None},
        "app": "shop",
        "broker": "redis://:**@h//",
        "transport": "redis",
        "observed_seconds": 3.0,
        "tasks": sorted(store.all_tasks(), key=lambda task: task.seen, reverse=True),
        "now": NOW,
    }
    alerts = Health(store).evaluate(link, NOW)
    return snapshot_document(store, alerts, link, **(values | changes))


def tables(made: dict[str, Any], width: int = 120, **options: Any) -> str:
    stream = io.StringIO()
    print_tables(made, stream, width, **options)
    return stream.getvalue()


def printed(made: dict[str, Any]) -> str:
    stream = io.StringIO()
    print_json(made, stream)
    return stream.getvalue()


def test_failures_are_in_groups_and_without_passwords() -> None:
    store = Store(clock=lambda: NOW)
    for number, host in enumerate(("celery@w1", "celery@w2", "celery@w2")):
        steps: list[tuple[str, dict[str, Any]]] = [
            ("received", {"name": "shop.charge", "retries": 0}),
            ("started", {}),
            ("failed", {"exception": f"Refused('redis://:hunter2@h/{number}')"}),
        ]
        for kind, fields in steps:
            at = NOW - 10 + number
            event = Event(
                type=f"task-{kind}", hostname=host, uuid=f"t{number}", timestamp=at, **fields
            )
            store.apply(Batch([event], at))
    (row,) = document(store)["failures"]
    assert row["key"]
    assert {key: row[key] for key in row if key != "key"} == {
        "task": "shop.charge",
        "exception": "Refused",
        "message": "redis://:**@h/2",
        "count": 3,
        "retried": 0,
        "first_seen": NOW - 10,
        "last_seen": NOW - 8,
        "workers": ["celery@w2", "celery@w1"],
        "variants": [{"message": "<url>", "count": 3}],
        "example": "t2",
    }
    shown = tables(document(store), 160)
    assert "FAILURES" in shown
    (line,) = [one for one in shown.splitlines() if "Refused  redis" in one]
    assert line.split()[:2] == ["3", "shop.charge"]
    assert "w2 w1" in line
    assert "hunter2" not in shown


def test_without_failures_there_is_no_table_of_them() -> None:
    assert "FAILURES" not in tables(document(Store(clock=lambda: NOW)))


def test_a_slower_reader_is_told_where_nothing_else_is_wrong() -> None:
    slow = Link(state=LinkState.CONNECTED, note="Reading through kombu, slower: ...")
    made = document(full_store(), slow)
    assert made["connection"] == {"state": "connected", "error": slow.note}
    assert f"connected: {slow.note}" in tables(made)


def test_the_document_has_exactly_its_shape() -> None:
    made = document(full_store())
    assert list(made) == [
        "celerytui",
        "app",
        "broker",
        "transport",
        "taken_at",
        "observed_seconds",
        "connection",
        "control",
        "events",
        "alerts",
        "workers",
        "tasks",
        "queues",
        "types",
        "failures",
    ]
    assert (made["celerytui"], made["app"], made["broker"]) == (
        __version__,
        "shop",
        "redis://:**@h//",
    )
    assert (made["taken_at"], made["observed_seconds"]) == (NOW, 3.0)
    assert made["connection"] == {"state": "connected", "error": None}
    assert list(made["events"]) == ["received", "invalid", "failed", "per_second", "gaps"]
    assert (made["events"]["received"], made["events"]["invalid"]) == (6, 1)
    assert made["events"]["per_second"] == 2.0
    assert made["workers"] == [
        {
            "hostname": "celery@w1",
            "status": "online",
            "pid": 12,
            "active": 1,
            "processed": 7,
            "succeeded": 0,
            "failed": 1,
            "retried": 0,
            "seen_since": NOW - 8,
            "loadavg": [1.5, 1.0, 0.5],
            "software": "py-celery 5.7.0",
            "pool": "prefork",
            "concurrency": 4,
            "queues": ["high"],
            "unsent": ["reserved"],
            "last_heartbeat": NOW - 1,
        }
    ]
    assert (made["tasks"]["held"], made["tasks"]["evicted"]) == (2, 0)
    assert made["tasks"]["by_state"]["FAILURE"] == 1
    assert made["tasks"]["rows"][1] == {
        "id": UUID,
        "name": "shop.charge",
        "state": "FAILURE",
        "worker": "celery@w1",
        "queue": "high",
        "args": "(42,)",
        "kwargs": "{'a': 1}",
        "result": None,
        "exception": "Boom('x')",
        "traceback": "Traceback ...",
        "source": None,
        "retries": None,
        "eta": NOW - 10,
        "expires": None,
        "sent": NOW - 9,
        "received": NOW - 8,
        "started": NOW - 4,
        "finished": NOW - 2,
        "runtime": 2.0,
        "waited": 5.0,
        "client_clock": None,
        "worker_clock": None,
        "progress": None,
        "root_id": None,
        "parent_id": None,
    }
    assert made["tasks"]["rows"][0]["runtime"] == 1.0
    assert made["alerts"] == [
        {
            "id": "queue.unconsumed",
            "subject": "bad",
            "severity": "critical",
            "since": NOW,
            "text": "No worker consumes it",
        }
    ]
    queues = {row["name"]: row for row in made["queues"]}
    assert queues["high"] == {
        "name": "high",
        "ready": 12,
        "unacked": 3,
        "consumers": 1,
        "error": None,
    }
    assert queues["bad"]["error"] == "NO ACCESS"


def test_what_was_not_seen_of_a_worker_is_null() -> None:
    store = Store(clock=lambda: NOW)
    store.apply(Batch([Event("worker-heartbeat", "celery@w1", NOW, active=2, processed=7)], NOW))
    [row] = document(store)["workers"]
    assert (row["active"], row["processed"], row["failed"]) == (2, 7, None)
    assert (row["succeeded"], row["retried"], row["seen_since"]) == (None, None, None)
    assert row["unsent"] == []
    assert "FAILED SEEN" in tables(document(store), 140)


def test_the_json_is_one_line_that_reads_back() -> None:
    made = document(full_store())
    text = printed(made)
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert json.loads(text) == made


anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.floats(),
        st.integers(),
        st.sampled_from([10**400, math.nan, -math.inf, "\ud800", "\x7f\x1b[2J\u2028"]),
        st.text(st.characters(codec=None)),
    ),
    lambda parts: st.one_of(
        st.lists(parts), st.tuples(parts), st.dictionaries(st.text(st.characters()), parts)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec=None)), anything))
def test_any_value_makes_valid_json(made: dict[str, Any]) -> None:
    text = printed(made)
    assert text[:-1].isascii()
    assert text[:-1].isprintable()

    def refuse(word: str) -> None:
        raise AssertionError(word)

    # Strict readers refuse halves of surrogate pairs, NaN and infinity.
    json.dumps(json.loads(text, parse_constant=refuse), ensure_ascii=False).encode()


def test_text_of_other_scripts_survives_json() -> None:
    assert json.loads(printed({"a": "Grüße 界 👍"})) == {"a": "Grüße 界 👍"}
    assert json.loads(printed({"a": "x\ud83dy"})) == {"a": "x\ufffdy"}


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


def test_a_password_in_what_a_task_says_is_masked_in_both() -> None:
    url = " redis://:hunter2@10.0.0.7/0"
    store = full_store(url)
    store.apply(Batch([Event("task-received", "w", NOW, uuid="a", args=url, kwargs=url)], NOW))
    store.apply(Batch([Event("task-succeeded", "w", NOW, uuid="a", result=url)], NOW))
    made = document(store)
    assert made["tasks"]["rows"][0]["args"] == " redis://:**@10.0.0.7/0"
    assert "hunter2" not in json.dumps([row | {"name": ""} for row in made["tasks"]["rows"]])
    assert "hunter2" not in tables(made, 400)


def test_what_was_not_asked_is_not_claimed() -> None:
    failed = {"state": "failed", "error": "NOPERM: no publish"}
    text = tables(document(Store(), control=failed), 200)
    why = "NOPERM: no publish; what ran before the start is unknown"
    assert f"workers cannot be asked: {why}" in text
    assert "None sent a heartbeat in 3.00s, and none could be asked." in text
    assert "No task event in 3.00s; what workers run is unknown." in text
    assert "answered" not in text
