"""The runs of a task: which of its events belong together, and which run is the newest.

One id can run many times: retried, delivered again while the first still runs, replaced, or sent
again on purpose. A run is what one worker did with one delivery. What is known of them is taken
apart into steps and put together anew with each odd event, so that the answer is the same in
whatever order the events arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from celerytui.model import Attempt, Message, Revocation, Task, TaskState
from celerytui.store.merge import outranks

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
RETRY = TaskState.RETRY
REVOKED = TaskState.REVOKED

LATE_SENT = 2.0
"""Seconds by which a task-sent may be stamped after its message was received.

The client stamps it once the message is out, and its clock may be off by a little."""

RUNTIME_SLACK = 1.0
"""Seconds by which a worker that is busy stamps a start after the beginning of what it times."""

REPORTED_LATE = 10.0
"""Seconds after it received a retry by which even a busy worker has reported the try that sent it.

Later, what it reports is of the retry: that of the try was lost."""


class Run(Struct):
    """What one worker did with one delivery; `shown` if it is the one that the task shows.

    `state` is how it ended, or how far it is known to have come. `fresh` once it has the new step.
    """

    worker: str | None
    name: str | None = None
    retries: int | None = None
    received: float | None = None
    started: float | None = None
    ended: float | None = None
    state: TaskState = RECEIVED
    exception: str | None = None
    traceback: str | None = None
    result: str | None = None
    runtime: float | None = None
    revocation: Revocation | None = None
    source: str | None = None
    sent: float | None = None
    shown: bool = False
    fresh: bool = False

    @property
    def begin(self) -> float:
        """When it began as far as is known: received, else started, else ended."""
        if self.received is not None:
            return self.received
        if self.started is not None:
            return self.started
        return (self.ended or 0.0) - (self.runtime or 0.0)

    def attempt(self) -> Attempt:
        """What is kept of it once another run is shown."""
        at = next(at for at in (self.ended, self.started, self.received, 0.0) if at is not None)
        return Attempt(
            at,
            self.exception,
            self.traceback,
            self.state,
            self.worker,
            self.name,
            self.retries,
            self.received,
            self.started,
            self.runtime,
            self.result,
            self.revocation,
            self.source,
        )


def known_runs(task: Task) -> list[Run]:
    """The runs of a task, oldest first: its attempts, and what it shows."""
    runs = [_kept_run(one) for one in task.more.attempts]
    if task.state is RETRY and runs:
        # What it shows is the newest of its attempts.
        runs[-1].shown = True
    elif task.state is not SENT:
        run = _shown_run(task)
        if (run.received, run.started, run.ended) != (None, None, None):
            runs.append(run)
    return runs


def _kept_run(one: Attempt) -> Run:
    """The run that an attempt was made of."""
    return Run(
        one.worker,
        one.name,
        one.retries,
        one.received,
        one.started,
        one.at if _has_ended(one.state) else None,
        one.state,
        one.exception,
        one.traceback,
        one.result,
        one.runtime,
        one.revocation,
        one.source,
    )


def _shown_run(task: Task) -> Run:
    """What a task shows beside its attempts."""
    state, more = task.state, task.more
    retries = task.retries if more.run_retries is None else more.run_retries
    run = Run(
        task.worker,
        task.name,
        None if task.received is None else retries,
        task.received,
        task.started,
        task.finished if _has_ended(state) else None,
        state,
    )
    run.exception, run.traceback = more.exception, more.traceback
    run.result, run.runtime, run.shown = task.result, task.runtime, True
    run.source = more.source
    if state is REVOKED:
        run.revocation = Revocation(more.terminated, more.expired, more.signum)
    return run


def known_messages(task: Task) -> tuple[Message, ...]:
    """The messages that are known to have been sent for a task, oldest first."""
    more = task.more
    if more.messages or task.sent is None:
        return more.messages
    return (Message(task.sent, task.retries, more.eta, more.expires),)


def with_step(runs: list[Run], step: Run, comparable: bool) -> list[Run] | None:
    """The runs with one more step, a `Run` that has nothing else; None if it is known already.

    Oldest first; `comparable` is False if the clocks of their workers are not: those that were
    known first then come first.
    """
    worker = step.worker
    mine = [run for run in runs if run.worker == worker]
    if any(_has(run, step) for run in mine):
        return None
    step.fresh = True
    steps = sorted((*(one for run in mine for one in _steps(run)), step), key=_place)
    built: list[Run] = []
    for one in steps:
        _take(built, one)
    if not comparable:
        return _in_turn(runs, mine, built)
    others = [run for run in runs if run.worker != worker]
    return sorted(others + built, key=lambda run: run.begin)


def assign_messages(
    messages: Iterable[Message], runs: list[Run], ahead: Callable[[Run], float] = lambda _: 0.0
) -> Message | None:
    """Give each run the message that brought it; gives the newest one that is still to come.

    A message belongs to the first run that begins after it, but for a run of another try. `ahead`
    says by how much the clock of a run's worker is known to be ahead of the client's.
    """
    left = sorted(messages, key=lambda message: message.at)
    previous = float("-inf")
    for run in runs:
        begin = run.begin - ahead(run)
        near: Message | None = None
        for message in left:
            if message.at > begin and (near is not None or message.at > begin + LATE_SENT):
                break
            if message.at > previous and (message.at <= begin or _same_try(message, run)):
                near = message
        if near is not None:
            run.sent = near.at
            left.remove(near)
        previous = begin
    if left and left[-1].at > previous:
        return left[-1]
    return None


def announced(message: Message, newest: Run) -> bool:
    """Whether the message is that of the run's retry, sent while it still ran."""
    runs = newest.ended is None and not newest.state.guessed
    return bool(message.retries) and (runs or newest.state is RETRY)


def _has_ended(state: TaskState) -> bool:
    return state >= RETRY and not state.guessed


def _same_try(message: Message, run: Run) -> bool:
    return message.retries is None or run.retries is None or message.retries == run.retries


def _has(run: Run, step: Run) -> bool:
    if step.received is not None:
        return run.received == step.received and (run.retries or 0) == (step.retries or 0)
    if step.started is not None:
        return run.started == step.started
    return run.ended == step.ended and run.state is step.state


def _steps(run: Run) -> Iterator[Run]:
    """The steps of a run, each alone."""
    guess, shown = run.state if run.state.guessed else None, run.shown
    if run.received is not None:
        state = RECEIVED if guess is None else guess
        yield Run(
            run.worker, run.name, run.retries, received=run.received, state=state, shown=shown
        )
    if run.started is not None:
        state = STARTED if guess is None else guess
        yield Run(run.worker, run.name, started=run.started, state=state, shown=shown)
    if run.ended is not None:
        yield Run(
            run.worker,
            run.name,
            ended=run.ended,
            state=run.state,
            exception=run.exception,
            traceback=run.traceback,
            result=run.result,
            runtime=run.runtime,
            revocation=run.revocation,
            source=run.source,
            shown=shown,
        )


def _place(step: Run) -> tuple[float, int]:
    if step.received is not None:
        # At one moment, a run comes before the retry that follows it.
        return step.received, 3 if step.retries else 0
    if step.started is not None:
        return step.started, 1
    return step.ended or 0.0, 2


def _take(runs: list[Run], step: Run) -> None:
    """Take the next step of a worker: into one of its runs, or as the first of another."""
    run = None
    if step.started is not None:
        waiting = [run for run in runs if _may_start(run)]
        since = step.started - REPORTED_LATE
        run = next((run for run in waiting if _was_retried(runs, run, since)), None)
        if run is None and waiting:
            run = waiting[-1]
        if run is not None:
            run.started = step.started
            run.state = STARTED
    elif step.ended is not None:
        run = _that_ends(runs, step)
        if run is not None and (run.ended is None or outranks(step, run)):
            run.ended, run.state = step.ended, step.state
            run.exception, run.traceback = step.exception, step.traceback
            run.result, run.runtime = step.result, step.runtime
            run.revocation, run.source = step.revocation, step.source
    if run is None:
        runs.append(step)
        return
    if run.ended is None and step.state.guessed:
        run.state = step.state
    run.name = run.name or step.name
    run.shown = run.shown or step.shown
    run.fresh = run.fresh or step.fresh


def _may_start(run: Run) -> bool:
    return run.started is None and run.ended is None


def _was_retried(runs: list[Run], run: Run, since: float = 0.0) -> bool:
    """Whether its retry was received, `since` then: so it has begun, and ends in nothing else."""
    begin, retries = max(run.begin, since), run.retries or 0
    return any(
        one.received is not None and one.received >= begin and (one.retries or 0) > retries
        for one in runs
    )


def _that_ends(runs: list[Run], step: Run) -> Run | None:
    """The run that a step ends; one that has ended already where it can only tell more of that."""
    opened = [run for run in reversed(runs) if run.ended is None]
    going_on = [run for run in opened if not _was_retried(runs, run)]
    if step.state is RETRY:
        since = (step.ended or 0.0) - REPORTED_LATE
        # Of two that go on as far as is known, the later one may be the next try of the other.
        late = [run for run in opened if _was_retried(runs, run, since)]
        opened = late or going_on[::-1] or opened
    else:
        opened = going_on or opened
    started = [run for run in opened if run.started is not None]
    if step.revocation is not None and not step.revocation.terminated:
        # It is dropped before it starts.
        started = [run for run in opened if run.started is None] or started
    for run in started:
        if ran_for(step.runtime, step.ended or 0.0, run.started or 0.0):
            return run
    if started or opened:
        return (started or opened)[0]
    if not runs or RETRY in (runs[-1].state, step.state):
        return None
    began_later = step.runtime is not None and (step.ended or 0.0) - step.runtime > (
        (runs[-1].ended or 0.0) + RUNTIME_SLACK
    )
    return None if began_later else runs[-1]


def ran_for(runtime: float | None, ended: float, started: float) -> bool:
    """Whether what ended then, after that runtime, can have started then."""
    return ended - (runtime or 0.0) >= started - RUNTIME_SLACK


def _in_turn(runs: list[Run], mine: list[Run], built: list[Run]) -> list[Run]:
    """The runs of one worker put back among those of others, in the order in which they came."""
    # Taking steps apart can only add runs: those before keep their places, the last ones follow.
    turn = iter(built)
    kept = [next(turn, None) if run in mine else run for run in runs]
    return [run for run in kept if run is not None] + list(turn)
