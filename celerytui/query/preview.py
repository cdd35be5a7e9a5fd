"""The first rows of something long, found before the rest is tested or sorted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from celerytui.model import Task
from celerytui.query.order import Entry
from celerytui.query.shown import Arrangement, Shown
from celerytui.store import Store

# With fewer tasks all is done before anybody would see its beginning.
FROM = 20_000
ROWS = 1_000
SECONDS = 0.06
SORT_SECONDS = 0.5
TESTED_AT_ONCE = 500


def select_first(
    store: Store, everything: Shown, wanted: Arrangement, now: float, pause: Callable[[], None]
) -> list[str]:
    """The ids of the first tasks that pass, walking down the order that stands."""
    found: list[str] = []
    until = time.perf_counter() + SECONDS
    for start in range(0, everything.matched, TESTED_AT_ONCE):
        rows = store.tasks(everything.ids(start, TESTED_AT_ONCE))
        found += [task.id for task in rows if task is not None and wanted.filter.matches(task, now)]
        pause()
        if len(found) >= ROWS or time.perf_counter() > until:
            break
    return found


def sort_first(
    keyed: Iterator[tuple[Sequence[Task], Sequence[Any]]],
    wanted: Arrangement,
    now: float,
    pause: Callable[[], None],
) -> list[Entry]:
    """The first rows of tasks that come with their keys, slice by slice; empty if it takes long.

    The slices come in order of arrival, the last one first if the order is reversed: so a task
    whose key equals that of the last row found is behind it.
    """
    filter, reverse = wanted.filter, wanted.reverse
    best: list[Entry] = []
    bound: Any = None
    until = time.perf_counter() + SORT_SECONDS
    for tasks, keys in keyed:
        for index in _candidates(keys, bound, reverse):
            task = tasks[index]
            if filter.is_empty or filter.matches(task, now):
                best.append((keys[index], task.seq, task.id))
        if len(best) > 2 * ROWS:
            best.sort(reverse=reverse)
            del best[ROWS:]
            bound = best[-1][0]
        pause()
        if time.perf_counter() > until:
            return []
    best.sort(reverse=reverse)
    return best[:ROWS]


def _candidates(keys: Sequence[Any], bound: Any, reverse: bool) -> list[int]:
    """Where the keys are that may be among the first."""
    if bound is None:
        return [index for index, key in enumerate(keys) if key is not None]
    if reverse:
        return [index for index, key in enumerate(keys) if key is not None and key > bound]
    return [index for index, key in enumerate(keys) if key is not None and key < bound]
