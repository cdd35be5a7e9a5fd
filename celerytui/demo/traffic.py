"""Five minutes in the life of a shop, as the events its workers would have sent.

Everything comes from one seeded generator, so the same `now` gives the same events on every
machine: what the pictures and the snapshot tests show must not depend on chance.
"""

from __future__ import annotations

import itertools
import random
import uuid
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.demo import tracebacks
from celerytui.model import Event

SPAN = 300.0
LOST_AT = 42.0
CLIENT = "gen1209@api3"


class Node(Struct, frozen=True):
    """One worker: `busy` is how many tasks it runs at the end, `load` its load average then."""

    hostname: str
    pid: int
    pool: str
    concurrency: int
    busy: int
    load: tuple[float, float, float]
    queues: tuple[str, ...]
    uptime: float
    processed: int


NODES = (
    Node(
        "celery@bill1",
        18204,
        "prefork",
        16,
        14,
        (3.12, 2.80, 1.94),
        ("high",),
        11540,
        2470,
    ),
    Node(
        "celery@web1",
        2291,
        "threads",
        8,
        8,
        (5.71, 5.02, 4.40),
        ("high", "default", "mail"),
        520_331,
        8_120_544,
    ),
    Node(
        "celery@web2",
        2304,
        "threads",
        8,
        3,
        (1.22, 1.31, 1.08),
        ("default", "mail", "reports"),
        520_298,
        7_940_012,
    ),
    Node("celery@media1", 977, "prefork", 4, 4, (3.96, 3.91, 3.70), ("media",), 86_811, 31_902),
    Node("celery@gpu1", 1450, "prefork", 2, 2, (1.88, 1.75, 1.52), ("media",), 86_790, 12_055),
)
BILL, WEB, WEB2, MEDIA, GPU = (node.hostname for node in NODES)


class Course(Struct, frozen=True, kw_only=True):
    """How one life goes, durations in seconds; None is drawn from what is usual for its kind."""

    worker: str | None = None
    queued: float | None = None
    held: float | None = None
    runtime: float | None = None
    failure: tracebacks.Failure | None = None
    retries: int = 0


USUAL = Course()
RETRIED = Course(retries=1)
Arguments = Callable[[random.Random], tuple[str, str]]


class Kind(Struct, frozen=True):
    """One type of task: where it goes, how long it takes (median, seconds), what it is given."""

    name: str
    queue: str
    workers: tuple[str, ...]
    runtime: float
    arguments: Arguments
    result: str = "None"
    per_second: float = 0.0


def _charge(rng: random.Random) -> tuple[str, str]:
    card = f"tok_{rng.choice(('visa', 'visa', 'visa', 'mc', 'amex'))}_{rng.randrange(9000, 9999)}"
    return f"({rng.randrange(10, 99)}, '{card}')", f"{{'user': {rng.randrange(2, 4000)}}}"


def _order(rng: random.Random) -> tuple[str, str]:
    return f"({rng.randrange(9000, 9999)},)", "{}"


def _refund(rng: random.Random) -> tuple[str, str]:
    return f"({rng.randrange(9000, 9999)}, {rng.randrange(10, 130) / 2})", "{}"


def _hook(rng: random.Random) -> tuple[str, str]:
    event = rng.choice(("order.sent", "order.paid", "order.new"))
    return f"('{event}', {rng.randrange(9000, 9999)})", "{}"


def _media(rng: random.Random) -> tuple[str, str]:
    return f"('s3://shop-media/{rng.randrange(10**6):06d}.mov',)", "{'preset': '1080p'}"


def _sku(rng: random.Random) -> tuple[str, str]:
    return f"('sku-{rng.randrange(1000, 9999)}',)", "{}"


def _nothing(rng: random.Random) -> tuple[str, str]:
    return "()", "{}"


CHECKOUT = Kind("orders.checkout", "default", (WEB2, WEB2, WEB), 0.071, _order, "{'ok': True}")
FRAUD = Kind("fraud.score", "high", (WEB,), 0.038, _order, "0.02")
CHARGE = Kind("billing.charge", "high", (BILL,), 1.05, _charge, "'ch_1QK93x'")
AUDIT = Kind("audit.record", "default", (WEB2,), 0.004, _order)
RECEIPT = Kind("mail.send_receipt", "mail", (WEB2, WEB), 0.015, _order, "250")
SEND_FAILED = Kind("mail.send_failed", "mail", (WEB2,), 0.015, _order, "250")
INVOICE = Kind("billing.invoice", "high", (BILL, WEB), 0.640, _order, "'inv-2026-11.pdf'")
REFUND = Kind("billing.refund", "high", (BILL,), 0.790, _refund, "'re_77Kd20'")
WEBHOOK = Kind("webhooks.deliver", "default", (WEB2, WEB2, WEB), 0.098, _hook, "200", 5.0)
TRANSCODE = Kind("media.transcode", "media", (MEDIA,), 36.2, _media, "{'frames': 4320}")

CHECKOUTS_PER_SECOND = 5.0
ALONE = (
    WEBHOOK,
    Kind("search.index", "default", (WEB, WEB2), 0.005, _sku, "True", 3.0),
    Kind(
        INVOICE.name, INVOICE.queue, INVOICE.workers, INVOICE.runtime, _order, INVOICE.result, 0.5
    ),
    Kind(REFUND.name, REFUND.queue, REFUND.workers, REFUND.runtime, _refund, REFUND.result, 0.3),
    Kind("media.resize", "media", (MEDIA,), 0.120, _media, "(1280, 720)", 0.6),
    Kind("inventory.sync", "default", (WEB2, WEB), 1.87, _sku, "214", 0.4),
    Kind("orders.import_order", "default", (WEB2,), 4.10, _order, "None", 0.1),
    Kind("reports.render", "reports", (WEB2,), 1.62, _order, "'report.html'", 0.1),
    Kind("mail.send_digest", "mail", (WEB2,), 0.022, _order, "250", 0.1),
    Kind("health.ping", "default", (WEB, WEB2), 0.001, _nothing, "'pong'", 0.2),
)

# How much of its usual pace the shop has, by age in seconds: a slow slide, a stop, a recovery.
_PACE = (
    (300.0, 0.84),
    (270.0, 0.92),
    (225.0, 0.98),
    (200.0, 0.86),
    (160.0, 0.62),
    (150.0, 0.50),
    (132.0, 0.60),
    (127.0, 0.18),
    (108.0, 0.18),
    (105.0, 0.78),
    (85.0, 0.90),
    (60.0, 0.98),
    (30.0, 0.95),
    (0.0, 0.93),
)
# Seconds that a message for `high` waits in the queue, by age: the queue grows.
_HIGH_WAIT = ((300.0, 2.4), (128.0, 5.1), (105.0, 7.2), (0.0, 8.7))


def _between(points: tuple[tuple[float, float], ...], age: float) -> float:
    """Interpolate in points given oldest first."""
    for (a0, v0), (a1, v1) in itertools.pairwise(points):
        if a1 <= age <= a0:
            return v0 + (v1 - v0) * (a0 - age) / (a0 - a1)
    return points[0][1] if age > points[0][0] else points[-1][1]


_PIDS = {node.hostname: node.pid for node in NODES}


class Traffic:
    """Collects the events; `at` is always seconds before (negative) the end of the picture."""

    def __init__(self, now: float, seed: int = 20261123) -> None:
        self.now = now
        self.rng = random.Random(seed)
        self.events: list[Event] = []
        self.spans: dict[str, list[tuple[float, float]]] = {node.hostname: [] for node in NODES}

    def new_id(self) -> str:
        """Give a version 4 id from the seeded generator."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def emit(self, type: str, at: float, host: str, **fields: Any) -> None:
        """Record one event, unless it is still to come or its worker was gone by then."""
        if at <= 0 and not (host == GPU and at > -LOST_AT):
            at += self.now
            self.events.append(Event(type, host, at, pid=_PIDS.get(host), **fields))

    def iso(self, at: float) -> str:
        """Write a time as Celery writes an ETA."""
        return datetime.fromtimestamp(self.now + at, timezone.utc).isoformat()

    def waits(self, kind: Kind, at: float) -> float:
        """Draw how long a message sent then stays in its queue, in seconds."""
        if kind.queue == "high":
            return _between(_HIGH_WAIT, -at) * self.rng.uniform(0.93, 1.04)
        return (
            self.rng.uniform(9.0, 60.0) if kind.queue == "media" else self.rng.uniform(0.002, 0.011)
        )

    def send(
        self, kind: Kind, at: float, id: str, root: str, parent: str | None, **call: Any
    ) -> dict[str, Any]:
        """Emit task-sent and return the fields which task-received repeats."""
        args, kwargs = kind.arguments(self.rng)
        fields: dict[str, Any] = {
            "uuid": id,
            "name": kind.name,
            "args": args,
            "kwargs": kwargs,
            "root_id": root,
            "parent_id": parent,
            "retries": 0,
            **call,
        }
        self.emit(
            "task-sent",
            at,
            CLIENT,
            queue=kind.queue,
            exchange="",
            routing_key=kind.queue,
            **fields,
        )
        return fields

    def run(
        self,
        kind: Kind,
        sent: float,
        course: Course = USUAL,
        *,
        id: str | None = None,
        root: str | None = None,
        parent: str | None = None,
        **call: Any,
    ) -> tuple[str, float]:
        """Emit a whole life and return its id and when it ended."""
        id = id or self.new_id()
        worker = course.worker or self.rng.choice(kind.workers)
        runtime = course.runtime
        if runtime is None:
            runtime = kind.runtime * self.rng.lognormvariate(0.0, 0.16)
        held = course.held
        if held is None:
            held = self.rng.uniform(0.2, 1.0) if worker == BILL else self.rng.uniform(0.001, 0.02)
        fields = self.send(kind, sent, id, root or id, parent, **call)
        received = sent + (self.waits(kind, sent) if course.queued is None else course.queued)
        for attempt in range(course.retries):
            received = self._retry(kind, fields, worker, received, runtime, attempt)
        self.emit("task-received", received, worker, **fields)
        self.emit("task-started", received + held, worker, uuid=id)
        ended = received + held + runtime
        self.spans[worker].append((received + held, ended))
        if course.failure is None:
            self.emit("task-succeeded", ended, worker, uuid=id, result=kind.result, runtime=runtime)
        else:
            self.emit(
                "task-failed", ended, worker, uuid=id, **msgspec.structs.asdict(course.failure)
            )
        return id, ended

    def _retry(
        self,
        kind: Kind,
        fields: dict[str, Any],
        worker: str,
        received: float,
        runtime: float,
        attempt: int,
        countdown: float = 15.0,
    ) -> float:
        """Emit an attempt that is retried, in Celery's order; return when the next is received."""
        self.emit("task-received", received, worker, **fields)
        self.emit("task-started", received + 0.01, worker, uuid=fields["uuid"])
        again = received + runtime
        self.spans[worker].append((received + 0.01, again))
        fields.update(retries=attempt + 1, eta=self.iso(again + countdown))
        self.emit(
            "task-sent",
            again,
            worker,
            queue=kind.queue,
            exchange="",
            routing_key=kind.queue,
            **fields,
        )
        reason = tracebacks.READ_TIMEOUT if kind is WEBHOOK else tracebacks.GATEWAY_TIMEOUT
        failure = msgspec.structs.asdict(reason)
        self.emit("task-retried", again + 0.003, worker, uuid=fields["uuid"], **failure)
        return again + countdown

    def retrying(self, kind: Kind, at: float, *, id: str, worker: str, countdown: float) -> None:
        """Emit a task that waits for its third attempt, last told off at `at`."""
        fields = self.send(kind, at - 2 * 15 - 8, id, id, None)
        self._retry(kind, fields, worker, at - 16.0, 0.61, 0)
        self._retry(kind, fields, worker, at - 0.64, 0.64, 1, countdown)

    def checkout(self, at: float) -> None:
        """Emit one customer: checkout, score, charge, then the record and the receipt."""
        root, done = self.run(CHECKOUT, at)
        self.run(FRAUD, done - 0.04, root=root, parent=root)
        charge, done = self.run(CHARGE, done - 0.02, root=root, parent=root)
        self.run(AUDIT, done, root=root, parent=charge)
        self.run(RECEIPT, done + 0.004, root=root, parent=charge)

    def background(self) -> None:
        """Emit the shop's everyday work over the whole span."""
        second = -SPAN
        while second < 0:
            pace = _between(_PACE, -second) * self.rng.uniform(0.93, 1.07)
            for _ in range(self._whole(CHECKOUTS_PER_SECOND * pace)):
                self.checkout(second + self.rng.random())
            for kind in ALONE:
                for _ in range(self._whole(kind.per_second * pace)):
                    again = kind is WEBHOOK and self.rng.random() < 0.01
                    course = RETRIED if again else USUAL
                    self.run(kind, second + self.rng.random(), course)
            second += 1.0

    def _whole(self, expected: float) -> int:
        """Round up or down at random, so that the mean is as expected."""
        return int(expected + self.rng.random())

    def top_up(self, node: Node, kind: Kind, longest: float) -> None:
        """Start tasks until the worker runs as many as the picture says."""
        running = sum(1 for began, ended in self.spans[node.hostname] if began <= 0 < ended)
        missing = node.busy - running
        for index in range(missing):
            age = longest * (index + 1) / (missing + 1)
            sent = -age - self.waits(kind, -age)
            course = Course(worker=node.hostname, queued=-age - sent, held=0.0, runtime=age + 3.0)
            self.run(kind, sent, course)

    def heartbeats(self) -> None:
        """Emit each worker's heartbeats with what it had running and had done at that moment."""
        for place, node in enumerate(NODES):
            spans = sorted(self.spans[node.hostname])
            began = [span[0] for span in spans]
            ended = sorted(span[1] for span in spans)
            at = -SPAN + 0.1 + 0.3 * place
            while at <= 0:
                started = bisect_right(began, at)
                active = started - bisect_right(ended, at)
                self.emit(
                    "worker-heartbeat",
                    at,
                    node.hostname,
                    freq=2.0,
                    active=node.busy if at > -2.0 else min(active, node.concurrency),
                    processed=node.processed + started,
                    loadavg=node.load,
                    sw_ident="py-celery",
                    sw_ver="5.7.0",
                    sw_sys="Linux",
                )
                at += 2.0

    def finish(self) -> list[Event]:
        """Return all events in the order of time, with the logical clock they would have had."""
        self.events.sort(key=lambda event: event.timestamp)
        for clock, event in enumerate(self.events, start=88_419 - len(self.events)):
            event.clock = clock
        return self.events
