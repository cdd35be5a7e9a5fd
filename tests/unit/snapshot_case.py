"""A cluster as `snapshot` finds it: its store, its document, and what is printed of it."""

from __future__ import annotations

import io
from typing import Any

from celerytui.document import snapshot_document
from celerytui.headless.output import print_json
from celerytui.headless.snapshot_tables import print_tables
from celerytui.health import Health
from celerytui.model import Batch, Event, Link, LinkState, QueueDepth, Survey
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
