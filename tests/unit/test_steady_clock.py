"""Our own clock may be set while we run: what we measure goes on as if nothing had been."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from celery import Celery

import celerytui
from celerytui.engine import Engine
from celerytui.engine.clock import SteadyClock, uptime
from celerytui.engine.sweeper import Sweeper
from celerytui.model import Batch, Event, LinkState, TaskState
from celerytui.settings import Settings
from celerytui.store import Store

WALL = 1_700_000_000.0
HOUR = 3600.0


class Machine:
    """A machine whose clock anybody may set."""

    def __init__(self) -> None:
        self.wall = WALL
        self.ticks = 77.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.ticks)

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_it_goes_on_whatever_the_machines_clock_is_set_to(jump: float) -> None:
    machine = Machine()
    assert machine.clock() == WALL
    machine.wait(10)
    machine.wall += jump
    machine.wait(5)
    assert machine.clock() == WALL + 15


def test_the_uptime_never_goes_back() -> None:
    found = [uptime() for _ in range(1000)]
    assert found == sorted(found)


def sweeper_of(store: Store, machine: Machine, stood_still: Callable[[], None]) -> Sweeper:
    """One whose broker holds nobody up."""
    return Sweeper(
        store,
        lambda: LinkState.CONNECTED,
        lambda: False,
        lambda: False,
        stood_still,
        pace=0.1,
        clock=machine.clock,
    )


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_is_no_gap_and_makes_nobody_late(jump: float) -> None:
    machine = Machine()
    store = Store(clock=machine.clock)
    still: list[float] = []
    sweeper = sweeper_of(store, machine, lambda: still.append(0))
    for second in range(60):
        if second == 30:
            machine.wall += jump
        stamp = WALL + second  # the cluster's clocks stay as they are
        events = [Event("worker-heartbeat", "w@h", stamp, freq=2.0, active=1, processed=second)]
        if second == 20:
            events.append(Event("task-started", "w@h", stamp, uuid="a"))
        store.apply(Batch(events, machine.clock()))
        machine.wait(1)
        assert sweeper.is_due()
        sweeper.turn()
        [worker] = store.workers()
        assert worker.status == "online"
        assert abs(worker.clock_skew or 0.0) < 0.01
    assert (still, store.gaps()) == ([], [])
    task = store.task("a")
    assert task is not None
    assert task.state is TaskState.STARTED
    assert task.running(machine.clock()) == pytest.approx(40.0)
    rates = store.series("events", 50, machine.clock())
    assert rates == [1.0] * 10 + [2.0] + [1.0] * 39


def test_a_machine_that_slept_has_a_gap() -> None:
    machine = Machine()
    store = Store(clock=machine.clock)
    still: list[float] = []
    sweeper = sweeper_of(store, machine, lambda: still.append(0))
    sweeper.turn()
    machine.wait(8 * HOUR)
    sweeper.turn()
    assert (len(still), len(store.gaps())) == (1, 1)


def test_the_engine_goes_by_it() -> None:
    engine = Engine(Celery("tester", broker="memory://", set_as_current=False), Settings())
    assert isinstance(engine.clock, SteadyClock)


def test_nothing_else_asks_the_machines_clock() -> None:
    root = Path(celerytui.__file__).parent
    found = []
    for path in root.rglob("*.py"):
        if path.is_relative_to(root / "demo"):
            continue  # its workers and its producer are a cluster of their own
        if path.parent == root / "cli" / "commands":
            continue  # each is over in moments, and asks once
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "time.time",
                "datetime.now",
                "datetime.utcnow",
            ):
                found.append(f"{path.relative_to(root)}:{node.lineno}")
    assert found == []
