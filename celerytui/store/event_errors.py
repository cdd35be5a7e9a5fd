"""Events whose rule raised: one costs itself, and no other."""

from __future__ import annotations

import logging

from celerytui.model import Event
from celerytui.store.changes import ChangeLog
from celerytui.store.summary import EventCounts
from celerytui.store.tasks import HeldTasks

LOG_SECONDS = 60.0
"""Shortest time between two log records about them."""

logger = logging.getLogger(__name__)


class EventErrors:
    """Counts them, and logs one a minute at the most."""

    def __init__(self, tasks: HeldTasks, changes: ChangeLog, counts: EventCounts) -> None:
        self._tasks = tasks
        self._changes = changes
        self._counts = counts
        self._logged = -LOG_SECONDS

    def take(self, event: Event, now: float) -> None:
        """Count an event of a batch that came at `now`; called while the exception is handled."""
        self._counts.failed += 1
        task = self._tasks.by_id.get(event.uuid or "")
        if task is not None:
            # Whatever the rule had changed by then must be seen.
            self._changes.note(task.id)
        if abs(now - self._logged) >= LOG_SECONDS:
            self._logged = now
            logger.exception(
                "a %s event could not be applied (%d so far)", event.type, self._counts.failed
            )
