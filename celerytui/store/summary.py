"""The figures of the header and of the badges."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from celerytui.model import LABELS, Batch
from celerytui.store.rates import Rates
from celerytui.store.recent_failures import LOOKED_AT, failed_lately
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import KnownWorkers

RATE_WINDOW = 5
FAILED_WINDOW = 300

LAG_KEPT = 5.0
"""Seconds for which the lag of the newest events says anything."""


class Summary(Struct, frozen=True, kw_only=True):
    """The store in figures.

    `by_state` (by label) and `held` are what is held now; `evicted` counts since the start. Rates
    are a second, means of the last `RATE_WINDOW` complete seconds, None if none was watched.
    `failed_5m` are the held tasks that failed in the last 5 minutes, where they are very many all
    that were seen to fail.
    `events_failed` are those that could not be applied. `lag` is by how many seconds the newest
    events came late because they had to wait for us, None where no event came lately.
    """

    workers_online: int
    workers_late: int
    workers_lost: int
    workers_total: int
    failed_5m: int
    held: int
    evicted: int
    by_state: dict[str, int]
    events_received: int
    events_invalid: int
    events_failed: int
    events_per_second: float | None
    done_per_second: float | None
    failed_per_second: float | None
    gaps: int
    first_event_at: float | None
    last_event_at: float | None
    lag: float | None


class EventCounts:
    """How many events came, and when the first and the last did."""

    def __init__(self) -> None:
        self.received = 0
        self.invalid = 0
        self.failed = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.lag: float | None = None

    def add(self, batch: Batch) -> None:
        """Count the events of one read."""
        received = len(batch.events)
        self.received += received
        self.invalid += batch.invalid
        if received:
            if self.first_at is None:
                self.first_at = batch.received_at
            self.last_at = batch.received_at
            self.lag = batch.lag

    def reject(self, count: int) -> None:
        """Count events as invalid after all."""
        self.received -= count
        self.invalid += count


def summarise(
    tasks: HeldTasks, workers: KnownWorkers, rates: Rates, events: EventCounts, now: float
) -> Summary:
    """Draw up the summary; the caller holds the lock."""
    statuses = Counter(record.worker.status for record in workers.records.values())
    counts = tasks.counts()
    seen = rates.total(rates.failed, FAILED_WINDOW, now)
    failed = None
    if seen <= LOOKED_AT:
        failed = failed_lately(tasks.eviction.newest_others(), now, FAILED_WINDOW)
        past = failed_lately(tasks.eviction.past_others(), now, FAILED_WINDOW)
        failed = None if failed is None or past is None else failed + past
    return Summary(
        workers_online=statuses["online"],
        workers_late=statuses["late"],
        workers_lost=statuses["lost"],
        workers_total=len(workers.records),
        failed_5m=seen if failed is None else failed,
        held=len(tasks.by_id),
        evicted=sum(tasks.evicted),
        by_state=dict(zip(LABELS, counts, strict=True)),
        events_received=events.received,
        events_invalid=events.invalid,
        events_failed=events.failed,
        events_per_second=rates.mean(rates.events, RATE_WINDOW, now),
        done_per_second=rates.mean(rates.done, RATE_WINDOW, now),
        failed_per_second=rates.mean(rates.failed, RATE_WINDOW, now),
        gaps=rates.gap_count,
        first_event_at=events.first_at,
        last_event_at=events.last_at,
        lag=events.lag if now - (events.last_at or 0.0) <= LAG_KEPT else None,
    )
