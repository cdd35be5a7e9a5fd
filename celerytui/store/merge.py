"""Whether an event comes after what is known of its task.

Events of one worker come in order as a rule, those of two workers as they like, and any may come
twice. The answer is that of `celery.events.state` (by `celery.states.PRECEDENCE`), except where
a task moves backwards in that order for good: a retry, a redelivery, a requeued rejection or
cancellation. There State takes the last to arrive or none at all; here the timestamps decide.
"""

from __future__ import annotations

from celerytui.model import Event, Task, TaskState

SENT = TaskState.SENT
RECEIVED = TaskState.RECEIVED
STARTED = TaskState.STARTED
RETRY = TaskState.RETRY
SUCCESS = TaskState.SUCCESS
FAILURE = TaskState.FAILURE
REVOKED = TaskState.REVOKED
REJECTED = TaskState.REJECTED
CANCELLED = TaskState.CANCELLED
LOST = TaskState.LOST
MISSED = TaskState.MISSED

# The place of each state in celery.states.PRECEDENCE, where a smaller one wins. CANCELLED has the
# place of the states that Celery does not know; LOST and MISSED, our guesses, yield to all.
PRECEDENCE = {
    SUCCESS: 0,
    FAILURE: 1,
    CANCELLED: 2,
    REVOKED: 3,
    STARTED: 4,
    RECEIVED: 5,
    REJECTED: 6,
    RETRY: 7,
    SENT: 8,
    LOST: 9,
    MISSED: 10,
}


def follows(task: Task, new: TaskState, event: Event, synced: bool) -> bool:
    """Whether the event moves the task to `new`; if not, it came late and only adds to it.

    `synced` is False if the event's timestamp cannot be compared with the task's.
    """
    old = task.state
    since = latest(task)
    late = synced and since is not None and event.timestamp < since
    if new is RETRY:
        return not late or old is SENT
    if new is old or (old is RECEIVED and new is STARTED):
        return not late
    if new is SUCCESS or new is FAILURE:
        return PRECEDENCE[new] < PRECEDENCE[old]
    if old is RETRY:
        return not late
    if old is CANCELLED or (old is REJECTED and new < RETRY):
        return new is not SENT and not late
    if old < RETRY and (new is REJECTED or new is CANCELLED):
        return not late
    if old is STARTED and new is RECEIVED:
        return not late and _delivered_again(task, event)
    return PRECEDENCE[new] <= PRECEDENCE[old]


def latest(task: Task) -> float | None:
    """When the task came into its state by its worker's clock, None where only a client told."""
    state = task.state
    if state is STARTED:
        return task.started
    if state is RECEIVED:
        return task.received
    if state is RETRY:
        return task.more.retried
    return task.finished


def _delivered_again(task: Task, event: Event) -> bool:
    known = task.retries or 0
    if task.received is None:
        known = 0
    elif known and (task.sent or 0.0) > task.received:
        # They are those of the next try: its task-sent told them while this one ran.
        known -= 1
    if (event.retries or 0) > known:
        return True
    return task.worker is not None and event.hostname != task.worker
