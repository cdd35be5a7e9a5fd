"""A store of a large cluster at one frozen moment: 1,000 workers, 200 queues, and some trouble."""

from __future__ import annotations

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event, QueueDepth
from celerytui.store import Store

WORKERS = 1000
QUEUES = 200
LATE = ("worker500@host", "worker77@host")
LOST = ("worker20@host", "worker999@host", "worker3@host")
OFFLINE = ("worker1@host",)
GROWING, GROWN = 150, 1000
"""The one queue that grows, and what it will have at the moment."""
AHEAD = [*reversed(LATE), *reversed(LOST)]
"""Those in trouble as they are listed: whose heart stopped last comes first."""


def heartbeat(hostname: str, at: float, processed: int = 0) -> Event:
    return Event(
        "worker-heartbeat", hostname, at, pid=7, freq=2.0, active=1, processed=processed,
        loadavg=(0.5, 0.4, 0.3), sw_ident="py-celery", sw_ver="5.7.0", sw_sys="Linux",
    )  # fmt: skip


def hostnames() -> list[str]:
    return [f"worker{number}@host" for number in range(WORKERS)]


def large_store() -> Store:
    """Each worker has done one task; two are late, three are lost and one went as it should."""
    store = Store(clock=lambda: NOW)
    last = dict.fromkeys(hostnames(), NOW - 1.0)
    last |= {name: NOW - 10.0 + at for at, name in enumerate(LATE)}
    last |= {name: NOW - 90.0 + at for at, name in enumerate(LOST)}
    for name, at in sorted(last.items(), key=lambda pair: pair[1]):
        id, kinds = f"of-{name.partition('@')[0]}", ("received", "started", "succeeded")
        task = [
            Event(f"task-{kind}", name, at + 0.2 * step, uuid=id, name="shop.search.reindex")
            for step, kind in enumerate(kinds)
        ]
        store.apply(Batch([*task, heartbeat(name, at)], at))
    store.apply(Batch([Event("worker-offline", name, NOW, pid=7) for name in OFFLINE], NOW))
    for ago in (16.0, 11.0, 6.0, 1.0):
        depths = [QueueDepth(f"queue{n}", ready=n, unacked=1) for n in range(QUEUES)]
        depths[GROWING] = QueueDepth(f"queue{GROWING}", ready=round(GROWN - ago * 50))
        store.record_queues(depths, NOW - ago)
    store.sweep(NOW)
    return store
