"""How many of the tasks that are held have failed lately."""

from __future__ import annotations

from collections.abc import Iterable

from celerytui.model import Task, TaskState

LOOKED_AT = 2_000
"""As many of those that ended last are looked at: a summary is drawn up many times a second."""
OLD_ENOUGH = 200
"""After as many in a row that ended before, none after them is taken to have ended lately."""


def failed_lately(newest_first: Iterable[Task], now: float, seconds: float) -> int | None:
    """The number of those that are failed and ended within `seconds`; None for too many to count.

    Their stamps are corrected by how far their worker's clock is off, as the filter's are.
    """
    found: set[str] = set()
    old = 0
    for looked_at, task in enumerate(newest_first):
        if looked_at >= LOOKED_AT:
            return None
        if old >= OLD_ENOUGH:
            break
        ended = task.ended_ago(now)
        if ended is None or ended >= seconds:
            old += 1
            continue
        old = 0
        if task.state is TaskState.FAILURE:
            found.add(task.id)
    return len(found)
