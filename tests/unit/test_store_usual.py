"""How long something usually takes: what is remembered, for how long, and of how many names."""

from __future__ import annotations

from celerytui.store import Store
from celerytui.store.usual import KEPT, MAX_KEYS, REMEMBERED, UsualTimes
from tests.unit.store_stream import T0, beat, feed, task_event


def test_how_long_tasks_take_is_bounded() -> None:
    times = UsualTimes()
    for number in range(MAX_KEYS * 2):
        times.note(f"name{number}", 1.0)
    for second in range(KEPT * 3):
        times.note("long", float(second))
    assert len(times._times) == MAX_KEYS
    assert len(times._times["long"].last) == KEPT
    assert times.longest("long") == KEPT * 3 - 1
    assert times.usual(None, "nobody", "long") == KEPT * 2 + (KEPT - 1) / 2
    assert times.usual("name0") is None
    assert times.longest("name0", None) is None


def test_the_longest_is_that_of_some_minutes_unless_hardly_any_came_since() -> None:
    times = UsualTimes()
    times.note("busy", 60.0)
    times.note("hourly", 60.0)
    for minute in range(20):
        times.turn(1000.0 + minute * 60)
        for _ in range(KEPT):
            times.note("busy", 1.0)
        assert times.longest("hourly") == 60.0
        if minute * 60 < REMEMBERED:
            assert times.longest("busy") == 60.0
    assert times.longest("busy") == 1.0


def test_a_sweep_learns_how_long_tasks_ran_and_waited() -> None:
    store = feed(Store(), beat(0))
    for number, (waited, ran) in enumerate(((1, 2), (3, 6), (2, 4))):
        feed(
            store,
            task_event("received", 10 - waited, f"t{number}", name="proj.add"),
            task_event("started", 10, f"t{number}"),
            task_event("succeeded", 10 + ran, f"t{number}", runtime=float(ran)),
        )
    store.sweep(T0 + 20)
    workers = store._workers
    assert (workers.runtimes.usual("proj.add"), workers.runtimes.longest("proj.add")) == (4, 6)
    assert (workers.waits.usual("proj.add"), workers.waits.longest("proj.add")) == (2, 3)
