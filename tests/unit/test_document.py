"""The exact shapes of `types` and `failures` in `snapshot --json`, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from celerytui.document import snapshot_document
from celerytui.model import Batch, Event, Link, TaskState
from celerytui.store import Store

NOW = 1_795_428_252.4
HOST = "celery@w1"
TRACE = """Traceback (most recent call last):
  File "/srv/shop/billing/tasks.py", line 88, in charge
    raise Declined("no money for order 7")
shop.errors.Declined: no money for order 7
"""
QUANTILES = {"count", "p50", "p95", "p99", "max"}
ENDED = ("RETRY", "SUCCESS", "FAILURE", "REVOKED", "REJECTED", "CANCELLED")


def task(
    id: str, ended: float, kind: str, *, name: str = "shop.charge", **more: Any
) -> list[Event]:
    """A task that waited 2 s, ran 1 s and ended so long before NOW."""
    at = NOW - ended
    return [
        Event("task-received", HOST, at - 3, uuid=id, name=name, retries=0),
        Event("task-started", HOST, at - 1, uuid=id),
        Event(f"task-{kind}", HOST, at, uuid=id, **more),
    ]


@pytest.fixture
def document() -> dict[str, Any]:
    store = Store(clock=lambda: NOW)
    streams = [task(f"s{at}", 100 - at, "succeeded", runtime=1.0, result="1") for at in range(20)]
    for number, kind in ((1, "retried"), (2, "failed"), (3, "failed")):
        text = f"Declined('no money for order {number}')"
        streams.append(task(f"f{number}", 50 - number, kind, exception=text, traceback=TRACE))
    streams.append(task("l", 10, "succeeded", name="mail.send", runtime=3.0))
    for events in streams:
        store.apply(Batch(events, events[-1].timestamp))
    store.sweep(NOW)
    made = snapshot_document(
        store, [], Link(), {"state": "unasked", "error": None}, "shop", "", "", 100.0, [], NOW
    )
    read: dict[str, Any] = json.loads(json.dumps(made, allow_nan=False))
    return read


def test_a_type_has_these_fields_and_no_others(document: dict[str, Any]) -> None:
    charge, mail = document["types"]
    assert list(charge) == [
        *("name", "states", "per_second", "share", "failure_rate", "retries"),
        *("runtime", "wait", "last_seen"),
    ]
    assert charge["name"] == "shop.charge"
    assert set(charge["states"]) == set(ENDED) <= {state.constant for state in TaskState}
    counted = {state: number for state, number in charge["states"].items() if number}
    assert counted == {"SUCCESS": 20, "FAILURE": 2, "RETRY": 1}
    assert charge["per_second"] > 0
    assert charge["share"] == pytest.approx(20 / 23, rel=0.15)
    assert charge["share"] + mail["share"] == pytest.approx(1)
    assert charge["failure_rate"] == pytest.approx(2 / 22)
    assert charge["retries"] == 1
    assert set(charge["runtime"]) == set(charge["wait"]) == QUANTILES
    assert charge["runtime"] == {
        "count": 20,
        "p50": pytest.approx(1.0, rel=0.015),
        "p95": pytest.approx(1.0, rel=0.015),
        "p99": None,
        "max": 1.0,
    }
    assert charge["wait"]["count"] == 22
    assert charge["wait"]["p95"] == pytest.approx(2.0, rel=0.015)
    assert charge["last_seen"] == pytest.approx(NOW - 47, abs=1)
    assert mail["runtime"] == {"count": 1, "p50": None, "p95": None, "p99": None, "max": 3.0}


def test_a_failure_has_these_fields_and_no_others(document: dict[str, Any]) -> None:
    [group] = document["failures"]
    assert list(group) == [
        *("key", "task", "exception", "message", "count", "retried"),
        *("first_seen", "last_seen", "workers", "variants", "example"),
    ]
    assert isinstance(group.pop("key"), str)
    assert group == {
        "task": "shop.charge",
        "exception": "shop.errors.Declined",
        "message": "no money for order 3",
        "count": 2,
        "retried": 1,
        "first_seen": NOW - 49,
        "last_seen": NOW - 47,
        "workers": [HOST],
        "variants": [{"message": "no money for order <n>", "count": 3}],
        "example": "f3",
    }
