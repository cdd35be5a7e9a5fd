"""The document of `snapshot` is complete and valid."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from celerytui import __version__
from celerytui.model import Batch, Event
from celerytui.store import Store
from tests.unit.snapshot_case import NOW, UUID, document, full_store, printed, tables


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


def test_a_password_in_what_a_task_says_is_masked_in_both() -> None:
    url = " redis://:hunter2@10.0.0.7/0"
    store = full_store(url)
    store.apply(Batch([Event("task-received", "w", NOW, uuid="a", args=url, kwargs=url)], NOW))
    store.apply(Batch([Event("task-succeeded", "w", NOW, uuid="a", result=url)], NOW))
    made = document(store)
    assert made["tasks"]["rows"][0]["args"] == " redis://:**@10.0.0.7/0"
    assert "hunter2" not in json.dumps([row | {"name": ""} for row in made["tasks"]["rows"]])
    assert "hunter2" not in tables(made, 400)
