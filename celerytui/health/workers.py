"""What can be wrong with a worker."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.counts import counted
from celerytui.health.detector import Detector, Judgement, Known
from celerytui.model import Worker

SKEWED_SECONDS = 5.0
"""Seconds that a worker's clock may be off: beyond, its timestamps mislead readers."""


def is_skewed(worker: Worker) -> bool:
    """Whether its clock and ours are too far apart to compare its times with ours."""
    return abs(worker.clock_skew or 0.0) > SKEWED_SECONDS


def _late(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.status == "late":
            yield Judgement(
                worker.hostname,
                "warning",
                _why_late(worker, known.now),
                {"last_heartbeat": worker.last_heartbeat, "freq": worker.freq},
                since=_last_sign(worker),
            )


def _lost(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.status == "lost":
            yield Judgement(
                worker.hostname,
                "critical",
                f"{_why_lost(worker)}{_in_hand(worker)}",
                {"last_heartbeat": worker.last_heartbeat, "active": worker.active},
                since=_last_sign(worker),
            )


def _in_hand(worker: Worker) -> str:
    """What it had when it went: the tasks that are lost, else what its last heartbeat said."""
    lost = worker.lost_tasks
    if lost is not None:
        return f"; it had {lost.started:,} started and {counted(lost.waiting, 'waiting task')}"
    running = worker.active or 0
    return f"; {counted(running, 'task was', 'tasks were')} running" if running else ""


def _silent(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if worker.task_events is False and worker.alive:
            yield Judgement(
                worker.hostname, "warning", "It sends no task events: its tasks are not shown"
            )


def _shared(known: Known) -> Iterator[Judgement]:
    for worker in known.workers:
        if len(worker.pids) > 1:
            pids = sorted(set(worker.pids))
            which = f"all with pid {pids[0]}" if len(pids) == 1 else f"pids {_listed(pids)}"
            yield Judgement(
                worker.hostname,
                "warning",
                f"{counted(len(worker.pids), 'process uses', 'processes use')} this name: {which}",
                {"pids": list(worker.pids)},
            )


def busy_words(worker: Worker, now: float) -> str | None:
    """What is known of a worker that may be silent for its task, None where it may not."""
    if worker.status != "late" or worker.patience is None:
        return None
    usual = "" if worker.usual is None else f", its tasks usually take {_span(worker.usual)}"
    silent = _span(max(0.0, now - _last_sign(worker)))
    return f"no heartbeat for {silent}{usual}; lost after {_span(worker.patience)}"


def _why_late(worker: Worker, now: float) -> str:
    if busy := busy_words(worker, now):
        return f"Busy, or gone: {busy}"
    if worker.last_heartbeat is None:
        return "It sends no heartbeats and did not answer a ping"
    return f"A heartbeat is overdue; it sends one every {worker.freq:g} s"


def _why_lost(worker: Worker) -> str:
    if worker.last_heartbeat is None:
        return f"It sends no heartbeats and left {counted(worker.silent_pings, 'ping')} unanswered"
    if worker.patience is not None:
        return f"No heartbeat for more than {_span(worker.patience)}, longer than its tasks take"
    return "Its heartbeats stopped without a shutdown"


def _listed(pids: list[int]) -> str:
    return ", ".join(map(str, pids))


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest} s"


def _last_sign(worker: Worker) -> float:
    return worker.last_heartbeat or worker.last_seen


LATE = Detector("worker.late", _late)
LOST = Detector("worker.lost", _lost)
SILENT = Detector("worker.silent", _silent)
SHARED = Detector("worker.shared", _shared)
