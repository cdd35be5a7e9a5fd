"""Whether a process of a worker is still there, from its signs of life."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from celerytui.model import Task, TaskState, WorkerStatus
from celerytui.store.processes import Process
from celerytui.store.usual import UsualTimes
from celerytui.store.worker_record import WorkerRecord

LATE_SLACK = 1.0
LOST_AFTER = 15.0

STOPPING_LIMIT = 600.0
"""Seconds for which a process that shuts down may say nothing and still finish its tasks.

Then they ended and nobody saw how: it stopped in good order, so they did not go down with it.
"""

FLUSHED = 5.0
"""Seconds after a goodbye in which what was said before may come: workers send task events late."""

PING_SECONDS = 15.0
"""How often a worker without heartbeats is asked whether it is there."""
PING_TRIES = 3
"""Pings that it leaves unanswered in a row before it is lost."""

BUSY_LIMIT = 300.0
"""Seconds for which a solo worker may be silent where nobody knows how long its task takes."""
BUSY_TIMES = 3.0
"""It may be silent for as many times the longest of such tasks."""


class Verdict(Struct, frozen=True):
    """The status of a process.

    `patience` are the seconds for which a task may keep it silent, None where none can, `usual` how
    long such tasks take. One that is stopping has `tasks` to finish, and time `until`.
    """

    status: WorkerStatus
    patience: float | None = None
    usual: float | None = None
    tasks: int = 0
    until: float = 0.0


class Verdicts:
    """Judges processes at one time, from the tasks that are held and how long such tasks take.

    Silence before `grace_from` is none: nothing could be heard.
    """

    def __init__(
        self, held: Mapping[str, Task], runtimes: UsualTimes, now: float, grace_from: float
    ) -> None:
        self._held = held
        self._runtimes = runtimes
        self._now = now
        self._grace_from = grace_from

    def of(self, record: WorkerRecord, process: Process) -> Verdict:
        """Whether that process of that worker is there; notes it where it is not."""
        if process.offline_since is not None:
            return self._stopping(record, process)
        sign = record.sign_of(process)
        if process.lost_from is not None:
            # What was lost before we heard nothing for a while is not back after it.
            if sign <= process.lost_from:
                return self._late("lost", record, process)
            process.lost_from = None
        silence = self._now - max(sign, self._grace_from)
        if process.heartbeat is None:
            verdict = self._without_heartbeats(record, process, sign, silence)
        elif silence <= 2 * process.freq + LATE_SLACK:
            return Verdict("online")
        else:
            verdict = self._late("late", record, process)
            if silence > max(_lost_after(record, process, sign), verdict.patience or 0.0):
                verdict = replace(verdict, status="lost")
        if verdict.status == "lost":
            process.lost_from = sign
        return verdict

    def _without_heartbeats(
        self, record: WorkerRecord, process: Process, sign: float, silence: float
    ) -> Verdict:
        if sign > process.silent_from:
            process.silent_pings = 0
        if process.silent_pings:
            verdict = self._late("late", record, process)
            patient = verdict.patience is not None and silence <= verdict.patience
            given_up = process.silent_pings >= PING_TRIES and not patient
            return replace(verdict, status="lost") if given_up else verdict
        # It was asked lately, or is about to be; if it is not, nothing says what it does.
        if self._now - sign <= 2 * PING_SECONDS + LATE_SLACK:
            return Verdict("online")
        if process is record.process:
            return Verdict("unknown")
        # Nobody can ask it: another answers to the name.
        process.offline_since = self._now
        return self._stopping(record, process)

    def _stopping(self, record: WorkerRecord, process: Process) -> Verdict:
        until = max(record.sign_of(process), self._grace_from) + STOPPING_LIMIT
        tasks = self._to_finish(record, process)
        if tasks and self._now <= until:
            return Verdict("stopping", tasks=tasks, until=until)
        return Verdict("offline")

    def _to_finish(self, record: WorkerRecord, process: Process) -> int:
        """How many tasks a process that said goodbye still runs.

        No more than it counted then, without those that ended since: one that was ignored ended
        and nobody said so. What began later it did not count.
        """
        ids = record.tasks_of(process)
        said = process.offline_since or 0.0
        if process.active is None or self._now - max(said, self._grace_from) <= FLUSHED:
            return len(ids)
        tasks = [task for task_id in ids if (task := self._held.get(task_id)) is not None]
        later = sum((task.started or 0.0) > process.beat for task in tasks)
        ended = sum(
            _ended_since(self._held.get(task_id), process.beat)
            for task_id in process.had
            if record.tasks.get(task_id) is not process
        )
        return min(len(ids) - later, max(0, process.active - ended)) + later

    def _late(self, status: WorkerStatus, record: WorkerRecord, process: Process) -> Verdict:
        """That status, with what may keep it silent: a solo worker at its task says nothing.

        It often tells that the task started only once it has ended.
        """
        pool = record.worker.pool
        if pool is not None and pool != "solo":
            return Verdict(status)
        started = [
            task
            for task_id in record.tasks_of(process)
            if (task := self._held.get(task_id)) is not None and task.state is TaskState.STARTED
        ]
        if pool is None and (len(started) != 1 or not _since_then(started[0], process)):
            return Verdict(status)
        keys = (started[0].name if started else None, record.hostname)
        longest = self._runtimes.longest(*keys)
        if pool is None and longest is None:
            return Verdict(status)
        patience = BUSY_LIMIT if longest is None else max(LOST_AFTER, BUSY_TIMES * longest)
        return Verdict(status, patience, self._runtimes.usual(*keys))


def _lost_after(record: WorkerRecord, process: Process, sign: float) -> float:
    """For how many seconds it may be silent; it is late by then."""
    # Another that began since its last sign of life was started in its place. Where both have one
    # pid, as in containers, an event may have been taken for the other's.
    if any(one.began > sign and one.pid != process.pid for one in record.processes()):
        return 0.0
    return max(5 * process.freq, LOST_AFTER)


def _ended_since(task: Task | None, at: float) -> bool:
    """Whether it is known to have ended, or to have been retried, after that time of its worker."""
    ended = None if task is None else task.finished or task.more.retried
    return ended is not None and ended >= at


def _since_then(task: Task, process: Process) -> bool:
    """Whether the worker sent no heartbeat any more once its task had started."""
    return task.started is not None and task.started >= process.beat - LATE_SLACK
