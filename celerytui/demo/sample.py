"""A cluster that stands still: the same rich store on every machine, without a process.

The screenshots and the snapshot tests show it. It is the shop of the demo on a large day: five
workers of which one was lost, six queues of which one grows and one has no consumer, and five
minutes of tasks up to the moment `NOW`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from celerytui.demo import tracebacks
from celerytui.demo.traffic import (
    AUDIT,
    BILL,
    CHARGE,
    CHECKOUT,
    FRAUD,
    GPU,
    INVOICE,
    LOST_AT,
    MEDIA,
    NODES,
    REFUND,
    SEND_FAILED,
    SPAN,
    TRANSCODE,
    WEB,
    WEB2,
    WEBHOOK,
    Course,
    Kind,
    Traffic,
)
from celerytui.model import Batch, Entry, Event, QueueDepth, Survey
from celerytui.store import Store

NOW = 1795428252.4  # Monday 23 November 2026, 10:04:12.400 UTC
APP = "shop"
BROKER = "redis://10.0.0.7:6379/0"
FEATURED = "5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a"

_BATCH = 0.25
_SWEPT_SPAN = 60.0
_QUEUE_STEP = 5.0
_QUEUE_SPAN = 600.0
# Messages waiting, oldest first, at even distances over ten minutes; None where none was read.
_DEPTHS: dict[str, tuple[int, ...]] = {
    "high": (64, 142, 210, 305, 388, 471, 540, 655, 784, 902, 1018, 1204),
    "default": (30, 44, 21, 65, 80, 52, 60, 31, 24, 40, 36, 12),
    "media": (96, 90, 88, 74, 79, 61, 58, 66, 52, 49, 61, 37),
    "mail": (0, 3, 1, 18, 9, 4, 2, 5, 1, 0, 3, 6),
    "reports": (2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    "dead": (21, 30, 30, 47, 51, 51, 66, 70, 74, 80, 88, 88),
}
_UNACKED = {"high": 60, "default": 4, "media": 8, "mail": 0, "reports": 0, "dead": 0}


def _featured(traffic: Traffic) -> None:
    """Emit the checkout whose charge failed, which the pictures look into."""
    root = "a1f7c2d0-64be-4f19-8a07-2b9e51d03c20"
    run = traffic.run
    run(CHECKOUT, -11.46, Course(worker=WEB2, queued=0.005, held=0.004, runtime=0.088), id=root)
    run(
        FRAUD,
        -11.40,
        Course(queued=0.012, held=0.003, runtime=0.041),
        id="e4d2b7f0-11c8-4d55-b6a9-7c8e90d41a3c",
        root=root,
        parent=root,
    )
    run(
        CHARGE,
        -11.269,
        Course(queued=8.71, held=0.99, runtime=1.2, failure=tracebacks.CARD_DECLINED),
        id=FEATURED,
        root=root,
        parent=root,
        args="(42, 'tok_visa_4242')",
        kwargs="{'user': 7, 'currency': 'EUR', 'idempotency_key': 'o-9917'}",
        expires=traffic.iso(288.6),
    )
    run(
        AUDIT,
        -0.366,
        Course(queued=0.003, held=0.001, runtime=0.006),
        id="b7705a1c-9d02-4e6f-8f3b-60c1d2a4e3e1",
        root=root,
        parent=FEATURED,
    )
    traffic.send(SEND_FAILED, -0.365, "0c4e88b2-7f31-4a90-a2d6-19e5b3c70fa8", root, FEATURED)


def _newest(traffic: Traffic) -> None:
    """Emit the tasks that stand at the top of the table, in states of every kind."""
    run = traffic.run
    begun = Course(queued=8.04, held=0.0, runtime=2.0)
    run(CHARGE, -8.35, begun, id="c81e22a4-0f6b-4d7c-9a13-5be0c4d2e7d0")
    begun = Course(queued=8.11, held=0.0, runtime=2.0)
    run(CHARGE, -9.05, begun, id="0b9d6f10-c2a8-47e3-8b51-d07f9c63be11")
    invoice = "77abf031-5d2c-4b88-9e40-a6c1f27d302e"
    traffic.retrying(INVOICE, -0.3, id=invoice, worker=WEB, countdown=14.4)
    quick = Course(worker=WEB2, runtime=0.112)
    run(WEBHOOK, -0.35, quick, id="8a30d5b9-e174-4c26-b0f8-93d72a51ec47")
    held = Course(queued=7.98, held=0.99)
    run(CHARGE, -8.40, held, id="19fa07c3-82d4-4fe6-a95b-1c0e6d73f5b2")
    unheard = Course(
        worker=WEB2, queued=0.004, held=0.001, runtime=10.0, failure=tracebacks.READ_TIMEOUT
    )
    run(WEBHOOK, -11.2, unheard, id="d61b4e92-7a05-43cd-8f1e-b2c960a7d0f9")
    run(WEBHOOK, -17.3, unheard)
    refund = "3be8c510-96f7-4a2d-b1e4-08d35fc6a77f"
    traffic.send(REFUND, -9.5, refund, refund, None)
    traffic.emit(
        "task-revoked", -1.2, BILL, uuid=refund, terminated=False, signum=None, expired=False
    )


def _failures(traffic: Traffic) -> None:
    """Emit the rest of the failures: one cause that comes back, and the end of a worker."""
    for ago in (1.4, 3.4, 6.4, 14.4, 31.4, 70.4, 112.4, 148.4):
        runtime = traffic.rng.uniform(1.17, 1.32)
        declined = Course(queued=7.6, held=0.6, runtime=runtime, failure=tracebacks.CARD_DECLINED)
        traffic.run(
            CHARGE,
            -ago - runtime - 8.2,
            declined,
            args=f"({traffic.rng.choice((17, 42, 58))}, 'tok_visa_4242')",
            kwargs="{'user': 7, 'currency': 'EUR'}",
        )
    killed = Course(worker=GPU, queued=20.0, held=0.1, runtime=31.0, failure=tracebacks.WORKER_LOST)
    traffic.run(TRANSCODE, -LOST_AT - 51.3, killed)
    for age in (28.0, 9.0):
        unfinished = Course(worker=GPU, queued=20.0, held=0.1, runtime=90.0)
        traffic.run(TRANSCODE, -LOST_AT - age - 20.1, unfinished)


def _films(traffic: Traffic) -> None:
    """Keep the four processes of the media worker busy."""
    for slot in range(4):
        began = -SPAN + 3.0 + 9.0 * slot
        while began < 0:
            runtime = TRANSCODE.runtime * traffic.rng.lognormvariate(0.0, 0.14)
            film = Course(worker=MEDIA, queued=29.5, held=0.5, runtime=runtime)
            traffic.run(TRANSCODE, began - 30.0, film)
            began += runtime + 0.6


_SLOW_HOOK = Kind(WEBHOOK.name, WEBHOOK.queue, (WEB,), 4.0, WEBHOOK.arguments, "200")
_DUNNING = Kind("billing.dunning", "high", (BILL,), 0.4, INVOICE.arguments)


@lru_cache(maxsize=2)
def _events(now: float) -> tuple[Event, ...]:
    traffic = Traffic(now)
    traffic.background()
    _films(traffic)
    _failures(traffic)
    _newest(traffic)
    _featured(traffic)
    for node in NODES:
        if node.hostname != GPU:
            kind = {BILL: CHARGE, MEDIA: TRANSCODE}.get(node.hostname, _SLOW_HOOK)
            traffic.top_up(node, kind, longest=4.2)
    dunning = traffic.new_id()
    when = traffic.iso(3347.6)
    traffic.send(_DUNNING, -21.0, dunning, dunning, None, eta=when)
    traffic.heartbeats()
    return tuple(traffic.finish())


def sample_events(now: float = NOW) -> list[Event]:
    """Build every event of the five minutes before `now`, oldest first, some 34,000."""
    return list(_events(now))


def sample_survey(now: float = NOW) -> Survey:
    """Build what the workers answered when the monitor opened, five minutes before `now`."""
    hosts = [node.hostname for node in NODES]
    stats: dict[str, dict[str, Any]] = {
        node.hostname: {
            "total": {"billing.charge": node.processed // 2},
            "pid": node.pid,
            "clock": "88419",
            "uptime": int(node.uptime - SPAN),
            "pool": {
                "implementation": f"celery.concurrency.{node.pool}:TaskPool",
                "max-concurrency": node.concurrency,
                "processes": list(range(node.pid + 1, node.pid + 1 + node.concurrency)),
            },
            "broker": {"hostname": "10.0.0.7", "port": 6379, "transport": "redis"},
            "prefetch_count": 4 * node.concurrency,
        }
        for node in NODES
    }
    queues = {
        node.hostname: [
            {"name": name, "exchange": {"name": name, "type": "direct"}, "routing_key": name}
            for name in node.queues
        ]
        for node in NODES
    }
    return Survey(
        taken_at=now - SPAN,
        active={host: [] for host in hosts},
        reserved={host: [] for host in hosts},
        scheduled={host: [] for host in hosts},
        stats=stats,
        active_queues=queues,
    )


def sample_queues(now: float = NOW) -> list[tuple[float, list[QueueDepth]]]:
    """Build ten minutes of readings, one each 5 s, oldest first, the last one at `now`."""
    steps = int(_QUEUE_SPAN / _QUEUE_STEP)
    return [
        (
            now - _QUEUE_STEP * (steps - 1 - step),
            [
                QueueDepth(name, ready=_depth(points, step / (steps - 1)), unacked=_UNACKED[name])
                for name, points in _DEPTHS.items()
            ],
        )
        for step in range(steps)
    ]


def _depth(points: tuple[int, ...], part: float) -> int:
    """Interpolate at `part` (0 to 1) of the way through evenly spaced points."""
    place = part * (len(points) - 1)
    left = min(int(place), len(points) - 2)
    return round(points[left] + (points[left + 1] - points[left]) * (place - left))


class _StoppedClock:
    """A clock which the sample moves by hand and leaves at the end."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def sample_store(now: float = NOW, record: Callable[[Entry], None] | None = None) -> Store:
    """Build a store which has lived through the sample and stands at `now`.

    `record` is given all that it is told, in order.
    """
    events = _events(now)
    times = [event.timestamp for event in events]
    queues = sample_queues(now)
    clock = _StoppedClock(queues[0][0])
    store = Store(clock=clock)
    if record is not None:
        store.journal.listener = lambda what, args: record(Entry(clock.at, what, args))
    while queues and queues[0][0] < now - SPAN:
        clock.at, depths = queues.pop(0)
        store.record_queues(depths, clock.at)
    clock.at = now - SPAN
    store.seed(sample_survey(now))
    done = 0
    for step in range(1, round(SPAN / _BATCH) + 1):
        clock.at = now - SPAN + step * _BATCH
        upto = bisect_right(times, clock.at)
        if upto > done:
            store.apply(Batch(list(events[done:upto]), clock.at))
            done = upto
        while queues and queues[0][0] <= clock.at:
            at, depths = queues.pop(0)
            store.record_queues(depths, at)
        # What sweeps find out lasts no longer than the last ones.
        if step % round(1 / _BATCH) == 0 and clock.at > now - _SWEPT_SPAN:
            store.sweep(clock.at)
    store.journal.listener = None
    return store
