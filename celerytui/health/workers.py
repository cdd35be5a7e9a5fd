"""What can be wrong with a worker."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.health.detector import Detector, Judgement, Known
from celerytui.model import Worker

SKEWED_SECONDS = 5.0
"""Seconds that a worker's clock may be off: beyond, its timestamps mislead whoever reads them."""


def is_skewed(worker: Worker) -> bool:
    """Whether its clock and ours are too far apart to compare its times with ours."""
    return abs(worker.clock_skew or 0.0) > SKEWED_SECONDS


def _late(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.status == "late":
            yield Judgement(
                worker.hostname,
                "warning",
                f"A heartbeat is overdue; it sends one every {worker.freq:g} s",
                {"last_heartbeat": worker.last_heartbeat, "freq": worker.freq},
                since=_last_sign(worker),
            )


def _lost(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.status == "lost":
            yield Judgement(
                worker.hostname,
                "critical",
                f"Its heartbeats stopped without a shutdown{_in_hand(worker)}",
                {"last_heartbeat": worker.last_heartbeat, "active": worker.active},
                since=_last_sign(worker),
            )


def _in_hand(worker: Worker) -> str:
    """What it had when it went: the tasks that are lost, else what its last heartbeat said."""
    lost = worker.lost_tasks
    if lost is not None:
        return f"; it had {lost.started:,} started and {lost.waiting:,} waiting tasks"
    running = worker.active or 0
    verb = "task was" if running == 1 else "tasks were"
    return f"; {running:,} {verb} running" if running else ""


def _silent(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.task_events is False and worker.alive:
            yield Judgement(
                worker.hostname, "warning", "It sends no task events: its tasks are not shown"
            )


def _last_sign(worker: Worker) -> float:
    return worker.last_heartbeat or worker.last_seen


LATE = Detector("worker.late", _late)
LOST = Detector("worker.lost", _lost)
SILENT = Detector("worker.silent", _silent)
