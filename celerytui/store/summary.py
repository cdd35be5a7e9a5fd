"""The figures of the header and of the badges."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from celerytui.model import LABELS, Batch, TaskState
from celerytui.store.rates import Rates
from celerytui.store.tasks import TaskTable
from celerytui.store.workers import WorkerTable

RATE_WINDOW = 5
FAILED_WINDOW = 300

LAG_KEPT = 5.0
"""Seconds for which the lag of the newest events says anything."""


class Summary(Struct, frozen=True, kw_only=True):
    """The store in figures.

    Totals count since the start, also what was evicted; `by_state` (by label) and `held` what is
    held now. `running` are the started tasks, `waiting` the sent, received and retried ones. Rates
    are a second, means of the last `RATE_WINDOW` complete seconds, None if none was watched.
    `events_failed` are those that could not be applied. `evicted_by` has the keys succeeded,
    finished, unfinished; `oldest_kept` is the time of the oldest news that is held, None where no
    task is. `lag` is by how many seconds the newest events came late because they had to wait for
    us, None where no event came lately.
    """

    workers_online: int
    workers_late: int
    workers_lost: int
    workers_offline: int
    workers_unknown: int
    workers_total: int
    running: int
    waiting: int
    failed_5m: int
    succeeded_total: int
    failed_total: int
    retried_total: int
    revoked_total: int
    lost_total: int
    held: int
    max_tasks: int
    evicted: int
    evicted_by: dict[str, int]
    oldest_kept: float | None
    by_state: dict[str, int]
    events_received: int
    events_invalid: int
    events_failed: int
    events_custom: int
    custom_types: dict[str, int]
    events_per_second: float | None
    done_per_second: float | None
    failed_per_second: float | None
    gaps: int
    first_event_at: float | None
    last_event_at: float | None
    lag: float | None


class EventCounts:
    """How many events came, of which kinds, and when the first and the last did."""

    MAX_TYPES = 100

    def __init__(self) -> None:
        self.received = 0
        self.invalid = 0
        self.failed = 0
        self.custom = 0
        self.custom_types: dict[str, int] = {}
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

    def add_custom(self, kind: str) -> None:
        """Count an event of a kind that Celery does not send itself."""
        self.custom += 1
        if kind in self.custom_types or len(self.custom_types) < self.MAX_TYPES:
            self.custom_types[kind] = self.custom_types.get(kind, 0) + 1


def summarise(
    tasks: TaskTable, workers: WorkerTable, rates: Rates, events: EventCounts, now: float
) -> Summary:
    """Draw up the summary; the caller holds the lock."""
    statuses = Counter(record.worker.status for record in workers.records.values())
    counts, entered, evicted = tasks.counts(), tasks.entered, tasks.evicted
    oldest = tasks.eviction.oldest()
    state = TaskState
    return Summary(
        workers_online=statuses["online"],
        workers_late=statuses["late"],
        workers_lost=statuses["lost"],
        workers_offline=statuses["offline"],
        workers_unknown=statuses["unknown"],
        workers_total=len(workers.records),
        running=counts[state.STARTED],
        waiting=counts[state.SENT] + counts[state.RECEIVED] + counts[state.RETRY],
        failed_5m=rates.total(rates.failed, FAILED_WINDOW, now),
        succeeded_total=entered(state.SUCCESS),
        failed_total=entered(state.FAILURE),
        retried_total=entered(state.RETRY),
        revoked_total=entered(state.REVOKED),
        lost_total=entered(state.LOST),
        held=len(tasks.by_id),
        max_tasks=tasks.max_tasks,
        evicted=sum(evicted),
        evicted_by={
            "succeeded": evicted[state.SUCCESS],
            "finished": sum(evicted[state.FAILURE :]),
            "unfinished": sum(evicted[: state.SUCCESS]),
        },
        oldest_kept=None if oldest is None else oldest.seen,
        by_state=dict(zip(LABELS, counts, strict=True)),
        events_received=events.received,
        events_invalid=events.invalid,
        events_failed=events.failed,
        events_custom=events.custom,
        custom_types=dict(events.custom_types),
        events_per_second=rates.mean(rates.events, RATE_WINDOW, now),
        done_per_second=rates.mean(rates.done, RATE_WINDOW, now),
        failed_per_second=rates.mean(rates.failed, RATE_WINDOW, now),
        gaps=rates.gap_count,
        first_event_at=events.first_at,
        last_event_at=events.last_at,
        lag=events.lag if now - (events.last_at or 0.0) <= LAG_KEPT else None,
    )
