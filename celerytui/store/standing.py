"""How things stand in a store, as what another one is to be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby

from celerytui.model import (
    MARK_EVENT,
    Batch,
    Entry,
    Event,
    Queue,
    QueueDepth,
    Survey,
    Worker,
)
from celerytui.store.queues import SAMPLE
from celerytui.store.retelling import retell
from celerytui.store.store import Store

RETOLD_LAG = 60.0
"""Events that are told again say nothing of their senders' clocks."""
AT_ONCE = 250


def standing(store: Store, now: float) -> Iterator[Entry]:
    """Entries, in order of time up to `now`, after which a new store knows what this one does.

    What no longer is held is not told; of it there are the counts of charts and workers.
    """
    inspected = (Entry(now, "inspected", (one,)) for one in store.inspections.all())
    rest = sorted([*_rest(store, now), *_workers(store.workers(), now), *inspected], key=_at)
    yield from merge(rest, _tasks(store, now), key=_at)
    yield Entry(now, "counted", (store.counts.all(),))


def _tasks(store: Store, now: float) -> Iterator[Entry]:
    seen = sorted((min(task.seen, now), task.id) for task in store.all_tasks())
    for start in range(0, len(seen), AT_ONCE):
        some = seen[start : start + AT_ONCE]
        held = zip(some, store.tasks([id for _, id in some]), strict=True)
        told = [(at, retell(task)) for (at, _), task in held if task is not None]
        for second, group in groupby(told, key=lambda one: int(one[0])):
            events = [event for _, events in group for event in events]
            at = max(float(second), some[0][0])
            yield Entry(at, "apply", (Batch(events, at, lag=RETOLD_LAG),))


def _at(entry: Entry) -> float:
    return entry.at


def _rest(store: Store, now: float) -> Iterator[Entry]:
    """What is known of queues, gaps and marks."""
    yield from _queues(store.queues(), now)
    for since, until in store.gaps():
        yield Entry(since if until is None else until, "mark_gap", (since, until))
    for mark in store.marks.all():
        event = Event(MARK_EVENT, timestamp=mark.at, extra={"text": mark.text, "user": mark.by})
        yield Entry(mark.at, "apply", (Batch([event], mark.at, lag=0.0),))


def _queues(queues: Sequence[Queue], now: float) -> Iterator[Entry]:
    found: dict[float, list[QueueDepth]] = {}
    for one in queues:
        if one.read_at is None:
            continue
        # The samples that are kept are those of the last readings in each part of the time.
        last, read_at = one.read_at // SAMPLE, min(one.read_at, now)
        for back, ready in enumerate(reversed(one.history[:-1]), 1):
            if ready is not None:
                depths = found.setdefault((last - back) * SAMPLE, [])
                depths.append(QueueDepth(one.name, ready))
        read = QueueDepth(one.name, one.ready, one.unacked, one.consumers, one.error)
        found.setdefault(read_at, []).append(read)
    for at, depths in found.items():
        yield Entry(at, "record_queues", (depths, at))


def _workers(workers: Sequence[Worker], now: float) -> Iterator[Entry]:
    """What workers answered, and their last heartbeats, each at its time."""
    asked: dict[float, list[Worker]] = {}
    for one in workers:
        if one.inspected is not None:
            asked.setdefault(min(one.inspected, now), []).append(one)
    for at, some in asked.items():
        yield Entry(at, "seed", (_survey(some, at),))
    for one in workers:
        # At its own time, and not at that of a task: the next would come too soon after it, as from
        # another process of the name.
        if one.last_heartbeat is not None:
            yield _beat(one, "worker-heartbeat", min(one.last_heartbeat, now))
        if one.offline_since is not None:
            yield _beat(one, "worker-offline", min(one.offline_since, now))


def _beat(worker: Worker, kind: str, at: float) -> Entry:
    event = Event(
        kind,
        worker.hostname,
        at + (worker.clock_skew or 0.0),
        pid=worker.pid,
        freq=worker.freq,
        active=worker.active,
        processed=worker.processed,
        loadavg=worker.loadavg,
        sw_ident=worker.sw_ident,
        sw_ver=worker.sw_ver,
        sw_sys=worker.sw_sys,
    )
    return Entry(at, "apply", (Batch([event], at, lag=0.0),))


def _survey(workers: Sequence[Worker], at: float) -> Survey:
    stats = {
        one.hostname: {
            "pid": one.pid,
            "uptime": one.uptime,
            "prefetch_count": one.prefetch,
            "total": {} if one.processed is None else {"": one.processed},
            "pool": {"max-concurrency": one.concurrency, "implementation": one.pool},
        }
        for one in workers
    }
    queues = {
        one.hostname: [{"name": name} for name in one.queues]
        for one in workers
        if one.queues is not None
    }
    return Survey(at, {}, {}, {}, stats, queues)
