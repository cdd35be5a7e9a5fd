"""The first rows of something long, found before the rest is tested or sorted."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from celerytui.columns import Column
from celerytui.model import Task
from celerytui.query.block_list import Ranking, SortEntries, SortEntry
from celerytui.query.chunks import slices
from celerytui.query.view_page import Arrangement, ViewPage
from celerytui.store import Store

# With fewer tasks all is done before anybody would see its beginning.
FROM = 20_000
ROWS = 256
SECONDS = 0.06
SORT_SECONDS = 2.0
TESTED_AT_ONCE = 500
SORTED_AT_ONCE = 1024
FEW_KEYS = 64
"""With so few different keys in a piece, as names and states are, only these are compared."""
IN_VAIN = 7
"""Pieces that are not compared as a whole after one that had to be looked through."""

Thing = TypeVar("Thing")
_PLACE = itemgetter(0, 1)


def select_first(
    store: Store, everything: ViewPage, wanted: Arrangement, now: float, pause: Callable[[], None]
) -> list[str]:
    """The ids of the first tasks that pass, walking down the order that stands."""
    found: list[str] = []
    until = time.perf_counter() + SECONDS
    for start in range(0, everything.matched, TESTED_AT_ONCE):
        rows = store.live.held(everything.ids(start, TESTED_AT_ONCE))
        found += [task.id for task in wanted.filter.select(rows, now)]
        pause()
        if len(found) >= ROWS or time.perf_counter() > until:
            break
    return found[:ROWS]


def sort_first(
    tasks: Sequence[Task],
    column: Column[Task],
    wanted: Arrangement,
    now: float,
    pause: Callable[[], None],
) -> list[SortEntry] | None:
    """The first rows of tasks in order of arrival, which are only read; None if it takes long.

    They are looked through backwards if the order is reversed: so a task whose key equals that of
    the last row found is behind it, and most tasks take no more than one comparison. What grows
    with the clock is looked through from the oldest, where the greatest are.
    """
    reverse, matches = wanted.reverse, wanted.filter.matches
    backwards = reverse and not column.live
    ties = reverse != backwards
    best: list[SortEntry] = []
    bound: Any = None
    few, in_vain = True, 0
    until = time.perf_counter() + SORT_SECONDS
    for piece in slices(tasks, SORTED_AT_ONCE, backwards=backwards):
        keys = column.sort_keys(piece, now)
        if in_vain:
            in_vain -= 1
        elif bound is not None:
            distinct = set(keys) if few else keys
            few = few and len(distinct) <= FEW_KEYS
            if _none_before(bound, distinct, reverse, ties=ties):
                pause()
                continue
            in_vain = IN_VAIN
        best += [
            (key, task.seq, task.id)
            for task, key in _before(bound, piece, keys, reverse, ties=ties)
            if matches(task, now)
        ]
        if len(best) > 2 * ROWS:
            best.sort(key=_PLACE, reverse=reverse)
            del best[ROWS:]
            bound = best[-1][0]
        pause()
        if time.perf_counter() > until:
            return None
    best.sort(key=_PLACE, reverse=reverse)
    return best[:ROWS] if _fill_up(best, tasks, column, wanted, now, until, pause) else None


def _fill_up(
    best: list[SortEntry],
    tasks: Sequence[Task],
    column: Column[Task],
    wanted: Arrangement,
    now: float,
    until: float,
    pause: Callable[[], None],
) -> bool:
    """Add what has no key, and is last in either order, while rows are missing.

    False if that takes longer than `until`.
    """
    reverse, matches = wanted.reverse, wanted.filter.matches
    for piece in slices(tasks, SORTED_AT_ONCE, backwards=reverse):
        if len(best) >= ROWS:
            break
        keys = column.sort_keys(piece, now)
        unknown = (task for task, key in zip(piece, keys, strict=True) if key is None or key != key)
        best += [(None, task.seq, task.id) for task in unknown if matches(task, now)]
        pause()
        if time.perf_counter() > until:
            return False
    return True


def ranked(first: list[SortEntry]) -> tuple[Ranking, SortEntries]:
    """The first rows as what all rows are: an order, and its entries by id."""
    ranking, entries = Ranking(), SortEntries()
    ranking.fill(first)
    entries.fill(first)
    return ranking, entries


def _none_before(bound: Any, keys: Collection[Any], reverse: bool, *, ties: bool) -> bool:
    """Whether surely none of the keys stands before the bound, or at it with `ties`."""
    try:
        first = max(keys) if reverse else min(keys)
        if ties:
            return bool(first < bound)
        return bool(first <= bound if reverse else first >= bound)
    except TypeError:  # some have none, or all
        return False


def _before(
    bound: Any, tasks: Sequence[Thing], keys: Sequence[Any], reverse: bool, *, ties: bool
) -> list[tuple[Thing, Any]]:
    """Those whose keys stand before the bound, or at it with `ties`, with these keys."""
    pairs = zip(tasks, keys, strict=True)
    if bound is None:
        # What is not equal to itself has no place in an order.
        return [(task, key) for task, key in pairs if key is not None and key == key]
    if ties:
        return [(task, key) for task, key in pairs if key is not None and key >= bound]
    if reverse:
        return [(task, key) for task, key in pairs if key is not None and key > bound]
    return [(task, key) for task, key in pairs if key is not None and key < bound]
