"""Events of a task that runs more than once: what it shows is its newest run.

Earlier runs are its attempts. Whether a run is newer is asked of the times of the runs, never of
their states: a task that succeeded and is sent again waits in a queue.
"""

from __future__ import annotations

from celerytui.iso_time import epoch
from celerytui.model import Event, Message, Revocation, Task, TaskState
from celerytui.store.extras import own
from celerytui.store.messages import Messages, take_try
from celerytui.store.runs import (
    Run,
    announced,
    assign_messages,
    known_messages,
    known_runs,
    with_step,
)
from celerytui.store.tasks import HeldTasks
from celerytui.store.workers import KnownWorkers

SENT = TaskState.SENT
STARTED = TaskState.STARTED
RECEIVED = TaskState.RECEIVED
RETRY = TaskState.RETRY
SUCCESS = TaskState.SUCCESS

MAX_ATTEMPTS = 20
MAX_MESSAGES = 20


class Reruns:
    """Takes the events that the rules for a single run cannot place."""

    def __init__(self, table: HeldTasks, workers: KnownWorkers, messages: Messages) -> None:
        self._table = table
        self._workers = workers
        self._messages = messages

    def take(self, task: Task, step: Run) -> Run | None:
        """Take what a worker did; gives the run that it belongs to, None if it was known."""
        runs = known_runs(task)
        comparable = self._workers.synced(step.worker, *{run.worker for run in runs})
        merged = with_step(runs, step, comparable)
        if merged is None:
            return None
        self._show(task, merged, task.more.client)
        return next(run for run in merged if run.fresh)

    def take_received(self, task: Task, event: Event, step: Run) -> None:
        """Take that a worker received it, and what the message says."""
        run = self.take(task, step)
        if run is None:
            return
        if not run.shown:
            self._messages.fill(task, event)
            return
        self._messages.describe(task, event)
        if task.sent == run.sent:  # else its next try is sent already, and what that says stays
            take_try(task, event)

    def take_sent(self, task: Task, event: Event) -> None:
        """Take that it was sent once more, or that it was sent at all."""
        sent = event.timestamp
        known = known_messages(task)
        if any(message.at == sent for message in known):
            self._messages.fill(task, event)
            return
        message = Message(sent, event.retries, epoch(event.eta), epoch(event.expires))
        messages = tuple(sorted((*known, message), key=_at)[-MAX_MESSAGES:])
        own(task).messages = messages
        runs = known_runs(task)
        if runs:
            self._show(task, runs, event.hostname)
        else:
            task.sent = messages[-1].at
        if sent == messages[-1].at:
            self._messages.address(task, event)
        if task.sent == sent and task.state is SENT:
            self._messages.describe(task, event)
            take_try(task, event)
        else:
            self._messages.fill(task, event)
            if task.sent == sent and task.retries is None:
                take_try(task, event)

    def _show(self, task: Task, runs: list[Run], client: str | None) -> None:
        """Have the task show the newest of its runs, or the message that waits after it."""
        extra, newest = own(task), runs[-1]
        messages, single = known_messages(task), not extra.messages
        clock, apart = self._messages.client_clocks.of(client), self._workers.apart
        waiting = assign_messages(messages, runs, lambda run: apart(run.worker, clock))
        if waiting is not None and not announced(waiting, newest):
            if single:
                # The one message that is known brought the newest run: the clocks differ.
                newest.sent, waiting = waiting.at, None
            else:
                self._wait_again(task, waiting.at)
                self._keep(task, runs)
                return
        if single and newest.sent != task.sent:
            extra.messages = messages
        if not newest.shown:
            _forget(task)
        self._show_run(task, newest)
        self._keep(task, runs if newest.state is RETRY else runs[:-1])
        newest.shown = True
        task.sent = newest.sent
        if waiting is not None:
            _announce(task, waiting)

    def _keep(self, task: Task, runs: list[Run]) -> None:
        """Keep runs as attempts."""
        extra = own(task)
        attempts = [run.attempt() for run in runs[-MAX_ATTEMPTS:]]
        extra.attempts = tuple(attempts)
        self._table.look_at(task)
        for run in runs:
            run.shown = False
        retried = [one.at for one in attempts if one.state is RETRY]
        if retried:
            extra.retried = retried[-1]

    def _show_run(self, task: Task, run: Run) -> None:
        extra = own(task)
        state, worker = run.state, run.worker
        extra.lost_from = None
        if state.guessed:
            extra.lost_from = RECEIVED if run.started is None else STARTED
        record = self._workers.records.get(worker or "")
        self._table.move(task, state, record)
        if record is not None:
            self._messages.set_worker_clock(task, record.skew)
        elif task.worker != worker:
            self._table.release(task)
            task.worker = worker
        task.received, task.started = run.received, run.started
        task.finished = run.ended if state >= SUCCESS else None
        task.runtime = run.runtime
        task.result = run.result
        extra.exception, extra.traceback, extra.source = run.exception, run.traceback, run.source
        if run.ended is not None and run.revocation is not None:
            take_revocation(task, run.ended, run.revocation)
        extra.run_retries = run.retries

    def _wait_again(self, task: Task, sent: float) -> None:
        """Have the task show that it is in a queue once more."""
        self._table.move(task, SENT, None)
        task.worker = None
        task.received = task.started = task.finished = task.runtime = task.result = None
        _forget(task)
        extra = own(task)
        extra.exception = extra.traceback = extra.lost_from = extra.source = None
        task.sent = sent


def _announce(task: Task, message: Message) -> None:
    """Take the next try from its message, sent while the run still runs or has ended in it."""
    extra = own(task)
    task.sent, task.retries = message.at, message.retries
    extra.eta, extra.expires = message.eta, message.expires


def _forget(task: Task) -> None:
    """Drop what held only for the run that was shown before."""
    extra = own(task)
    extra.revoked = extra.rejected = extra.worker_pid = extra.run_retries = None
    extra.terminated = extra.expired = extra.requeue = extra.signum = None


def take_revocation(task: Task, at: float, revocation: Revocation) -> None:
    """Take when and how a task was revoked."""
    extra = own(task)
    extra.revoked = at
    extra.terminated = revocation.terminated
    extra.expired = revocation.expired
    extra.signum = revocation.signum


def _at(message: Message) -> float:
    return message.at
