"""What the engine makes of the time that went by, without a broker."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery

from celerytui.engine import Engine
from celerytui.engine.engine import STOOD_STILL_SECONDS
from celerytui.model import Batch, Event, Link, LinkState, TaskState
from celerytui.settings import Settings
from tests.unit.store_stream import ALPHA, T0, beat, task_event


class Clock:
    now = T0

    def __call__(self) -> float:
        return self.now


def _engine(clock: Clock) -> Engine:
    """An engine whose threads do not run; it heard of one worker with a running task."""
    engine = Engine(Celery("t", broker="memory://", set_as_current=False), Settings(), clock=clock)
    engine.link = Link(LinkState.CONNECTED, since=T0)
    events: list[Event] = [beat(0), task_event("received", 0), task_event("started", 0)]
    engine.store.apply(Batch(events, T0))
    return engine


def _known(engine: Engine) -> tuple[Any, ...]:
    worker, task = engine.store.worker(ALPHA), engine.store.task("a")
    assert worker is not None
    assert task is not None
    return worker.status, task.state


def test_no_worker_is_lost_for_our_own_standing_still() -> None:
    clock = Clock()
    engine = _engine(clock)
    engine._sweep()
    clock.now += 3600.0
    engine._sweep()

    assert _known(engine) == ("online", TaskState.STARTED)
    assert engine.store.gaps() == [(T0, T0 + 3600.0)]
    # Whatever was missed, the workers tell: all of them are asked.
    assert engine._jobs.get_nowait() == engine._survey_all
    assert engine._schedule.due(engine.store.workers(), 0.0) == [ALPHA]


def test_a_worker_that_is_silent_while_we_listen_is_lost() -> None:
    clock = Clock()
    engine = _engine(clock)
    for _ in range(20):
        engine._sweep()
        clock.now += 1.0

    assert _known(engine) == ("lost", TaskState.LOST)
    assert engine.store.gaps() == []
    assert engine._jobs.empty()


@pytest.mark.parametrize("refresh", [0.25, 60.0])
def test_a_slow_display_is_no_standing_still(refresh: float) -> None:
    clock = Clock()
    engine = _engine(clock)
    engine.settings = Settings(refresh=refresh)
    engine._sweep()
    clock.now += refresh + STOOD_STILL_SECONDS - 1.0
    engine._sweep()

    assert engine.store.gaps() == []


def test_while_the_broker_is_gone_the_gap_is_the_receivers() -> None:
    clock = Clock()
    engine = _engine(clock)
    engine._sweep()
    engine._take_link(Link(LinkState.RECONNECTING, since=T0, lost_at=T0 - 1.0))
    clock.now += 3600.0
    engine._sweep()

    assert engine.store.gaps() == [(T0 - 1.0, None)]
    assert _known(engine)[0] == "online"
