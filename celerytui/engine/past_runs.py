"""Runs of periodic tasks from before the start, where a history of the app was recorded."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from celerytui.errors import HistoryError
from celerytui.interpreter import give_way
from celerytui.model import Task
from celerytui.query import parse_filter, quoted

if TYPE_CHECKING:
    from celerytui.history.history import Place

LONGEST_SECONDS = 5.0
"""How long is looked back through at most: a step of a search takes some 50 ms."""
MOST_NAMES = 100
"""Task names that a history is searched for; with more it is left alone."""
MOST_TASKS = 20_000


def past_runs(place: Place, names: Collection[str], now: float) -> list[Task]:
    """The recorded tasks of these names, newest first, as far as a few seconds go.

    Nothing where there is no history, or none that can be read.
    """
    if not names or len(names) > MOST_NAMES:
        return []
    found: list[Task] = []
    end = time.monotonic() + LONGEST_SECONDS
    try:
        history = place.reader()
    except HistoryError:
        return []
    try:
        wanted = parse_filter(" OR ".join(f"name:={quoted(name)}" for name in sorted(names)))
        for step in history.search(wanted, now):
            found += step.tasks
            if len(found) >= MOST_TASKS or time.monotonic() > end:
                break
            give_way()
    except HistoryError:
        return found
    finally:
        history.close()
    return found
