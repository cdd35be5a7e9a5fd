"""Which of two ends of one run is the one to show.

The answer is that of `celery.events.state` (by `celery.states.PRECEDENCE`), but for a task that
was terminated on gevent or eventlet: its worker sends both that it was revoked and that it
succeeded, with neither a result nor a runtime, in either order. What an event says comes before
what was found elsewhere.
"""

from __future__ import annotations

from typing import Protocol

from celerytui.model import TaskState

SUCCESS = TaskState.SUCCESS
REVOKED = TaskState.REVOKED

# The place of each state in celery.states.PRECEDENCE, where a smaller one wins. CANCELLED has the
# place of the states that Celery does not know.
PRECEDENCE = {
    SUCCESS: 0,
    TaskState.FAILURE: 1,
    TaskState.CANCELLED: 2,
    REVOKED: 3,
    TaskState.REJECTED: 6,
    TaskState.RETRY: 7,
}


class End(Protocol):
    """How a run ended."""

    state: TaskState
    result: str | None
    runtime: float | None
    source: str | None


def outranks(new: End, old: End) -> bool:
    """Whether the new end takes the place of the old one of the same run."""
    if (new.source is None) is not (old.source is None):
        return new.source is None
    if REVOKED in (new.state, old.state) and (_is_empty(new) or _is_empty(old)):
        return new.state is REVOKED
    return PRECEDENCE[new.state] < PRECEDENCE[old.state]


def _is_empty(end: End) -> bool:
    return end.state is SUCCESS and end.result is None and end.runtime is None
