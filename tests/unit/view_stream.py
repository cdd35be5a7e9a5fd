"""A store, a view on it, and the naive answer that the view has to give."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from celerytui.columns import TASK_COLUMNS, column
from celerytui.model import Batch, Event, Task
from celerytui.query import Filter, TaskView, block_list, chunks, parse_filter, preview
from celerytui.store import Store

START = 1_700_000_000.0
SORTS = [one.id for one in TASK_COLUMNS]
FILTERS = ["", "state:success", "NOT state:success", "name:a*", "retries:>0", "runtime:>2", "b"]
FILTERS += ["wait:>1", "age:<30", "sent:>-20s", "finished:*", "nothing-has-this"]


def make_blocks_small(patch: pytest.MonkeyPatch) -> None:
    """Let a few tasks take as many blocks, chunks and first rows as a million do."""
    patch.setattr(block_list, "LOAD", 4)
    patch.setattr(block_list, "SORT_AT_ONCE", 8)
    patch.setattr(chunks, "SLICE", 8)
    patch.setattr(preview, "FROM", 6)
    patch.setattr(preview, "ROWS", 5)
    patch.setattr(preview, "SECONDS", 60.0)
    patch.setattr(preview, "SORT_SECONDS", 60.0)
    patch.setattr(preview, "SORTED_AT_ONCE", 8)
    patch.setattr(preview, "TESTED_AT_ONCE", 7)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def make(max_tasks: int = 30) -> tuple[Clock, Store, TaskView]:
    clock = Clock()
    store = Store(max_tasks=max_tasks, clock=clock)
    return clock, store, TaskView(store, clock)


def parsed(text: str) -> Filter:
    return parse_filter(text)


def naive(store: Store, filter: Filter, sort: str, reverse: bool, now: float) -> list[str]:
    key = column(TASK_COLUMNS, sort).key
    tasks = [task for task in store.all_tasks() if filter.matches(task, now)]

    def by_seq(task: Task) -> int:
        return task.seq

    known = sorted(
        (task for task in tasks if key(task, now) is not None),
        key=lambda task: (key(task, now), task.seq),
        reverse=reverse,
    )
    unknown = [task for task in tasks if key(task, now) is None]
    return [task.id for task in known + sorted(unknown, key=by_seq, reverse=reverse)]


def check(store: Store, view: TaskView, now: float) -> None:
    expected = naive(store, view.filter, view.sort, view.reverse, now)
    assert view.matching_ids() == expected
    assert view.matched == len(expected)
    assert view.total == len(store.all_tasks())
    assert not view.stale
    assert [task.id for task in view.window(2, 5)] == expected[2:7]
    assert view.ids(3, 10_000) == expected[3:]
    for place, id in enumerate(expected):
        assert view.position(id) == place
    assert view.position("not there") is None


event_types = st.sampled_from(
    ["sent", "received", "started", "succeeded", "failed", "retried", "revoked"]
)
events = st.builds(
    lambda kind, number, at, name, runtime, retries: Event(
        f"task-{kind}",
        hostname=f"w{number % 3}@h",
        timestamp=START + at,
        uuid=f"id{number}",
        name=name,
        args="(1, 'b')" if number % 2 else None,
        queue="q" if kind == "sent" else None,
        runtime=runtime if kind == "succeeded" else None,
        retries=retries,
        result="None" if kind == "succeeded" else None,
        exception="Boom()" if kind in ("failed", "retried") else None,
    ),
    event_types,
    st.integers(0, 60),
    st.integers(-40, 0),
    st.sampled_from(["a.x", "b.y", None]),
    st.sampled_from([0.5, 2.5, None]),
    st.sampled_from([0, 1, None]),
)


def succeed(store: Store, number: int, at: float, runtime: float = 1.0) -> None:
    event = Event("task-succeeded", "w@h", at, uuid=f"id{number}", runtime=runtime, result="1")
    store.apply(Batch([event], at))
