"""What the engine makes of the time that went by, without a broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from celerytui.engine import AS_IT_IS, Engine
from celerytui.engine.steps import TOLD_SECONDS
from celerytui.engine.sweeper import STOOD_STILL_SECONDS
from celerytui.health.queues import GROWING
from celerytui.health.workers import LOST
from celerytui.model import Batch, Event, Link, LinkState, QueueDepth, TaskState
from celerytui.query import parse_filter
from celerytui.settings import Settings
from tests.integration.servers import wait_until
from tests.unit.store_stream import ALPHA, T0, beat, task_event


class Clock:
    now = T0

    def __call__(self) -> float:
        return self.now


def _engine(clock: Clock, settings: Settings | None = None) -> Engine:
    """An engine whose threads do not run; it heard of one worker with a running task."""
    app = Celery("t", broker="memory://", set_as_current=False)
    engine = Engine(app, settings or Settings(), clock=clock)
    engine.reception.link = Link(LinkState.CONNECTED, since=T0)
    events: list[Event] = [beat(0), task_event("received", 0), task_event("started", 0)]
    engine.store.apply(Batch(events, T0))
    return engine


def _known(engine: Engine) -> tuple[Any, ...]:
    worker, task = engine.store.worker(ALPHA), engine.store.task("a")
    assert worker is not None
    assert task is not None
    return worker.status, task.state


def _jobs(engine: Engine) -> list[Callable[[], object]]:
    """What waits for the control thread."""
    found = []
    while not engine._control._jobs.empty():
        found.append(engine._control._jobs.get_nowait())
    return found


def test_no_worker_is_lost_for_our_own_standing_still() -> None:
    clock = Clock()
    engine = _engine(clock)
    engine.housekeeping.turn()
    clock.now += 3600.0
    engine.housekeeping.turn()

    assert _known(engine) == ("online", TaskState.STARTED)
    assert engine.store.gaps() == [(T0, T0 + 3600.0)]
    # Whatever was missed, the workers tell: all of them are asked, by the control thread.
    assert _jobs(engine) == [engine.surveys.start_over]


def test_a_worker_that_is_silent_while_we_listen_is_lost() -> None:
    clock = Clock()
    engine = _engine(clock)
    for _ in range(20):
        engine.housekeeping.turn()
        clock.now += 1.0

    assert _known(engine) == ("lost", TaskState.LOST)
    assert engine.store.gaps() == []
    assert _jobs(engine) == []


@pytest.mark.parametrize("refresh", [0.25, 60.0])
def test_a_slow_display_is_no_standing_still(refresh: float) -> None:
    clock = Clock()
    engine = _engine(clock, Settings(refresh=refresh))
    engine.housekeeping.turn()
    clock.now += refresh + STOOD_STILL_SECONDS - 1.0
    engine.housekeeping.turn()

    assert engine.store.gaps() == []


def test_while_the_broker_is_gone_the_gap_is_the_receivers() -> None:
    clock = Clock()
    engine = _engine(clock)
    engine.housekeeping.turn()
    engine.reception.take_link(Link(LinkState.RECONNECTING, since=T0, lost_at=T0 - 1.0))
    clock.now += 3600.0
    engine.housekeeping.turn()

    assert engine.store.gaps() == [(T0 - 1.0, None)]
    assert _known(engine)[0] == "online"


def _trouble(engine: Engine) -> str | None:
    return engine.steps.trouble


def test_what_failed_is_told_until_the_same_step_succeeds() -> None:
    engine = _engine(Clock())
    broken = True

    def read() -> None:
        if broken:
            raise RuntimeError("broken on purpose")

    def other() -> None:
        """A step that does not fail."""

    engine.steps.survive(read)
    engine.steps.survive(other)
    assert _trouble(engine) == "RuntimeError in MainThread"
    broken = False
    engine.refresher._urgent.clear()
    engine.steps.survive(read)
    assert _trouble(engine) is None
    assert engine.refresher._urgent.is_set()


def test_what_else_failed_is_still_told() -> None:
    engine = _engine(Clock())
    errors: dict[str, Exception] = {"first": ValueError(), "second": KeyError()}

    def first() -> None:
        if "first" in errors:
            raise errors["first"]

    def second() -> None:
        if "second" in errors:
            raise errors["second"]

    engine.steps.survive(first)
    engine.steps.survive(second)
    del errors["second"]
    engine.steps.survive(second)
    assert _trouble(engine) == "ValueError in MainThread"
    del errors["first"]
    engine.steps.survive(first)
    assert _trouble(engine) is None


def _look(engine: Engine) -> None:
    """What the control thread does twice a second."""
    engine._control._survive(engine._control.executor.look_back)


def test_a_job_that_failed_and_is_never_done_again_is_no_trouble_for_ever() -> None:
    clock = Clock()
    engine = _engine(clock)

    def fail() -> None:
        raise RuntimeError("broken on purpose")

    engine._control._survive(fail)
    _look(engine)
    # A look succeeds at once: the trouble would be gone before anybody had read it.
    assert _trouble(engine) == "RuntimeError in MainThread"
    clock.now += TOLD_SECONDS
    engine.steps.survive(lambda: None)
    assert _trouble(engine) == "RuntimeError in MainThread"
    _look(engine)
    assert _trouble(engine) is None


def test_a_look_that_fails_again_and_again_is_told_all_the_while() -> None:
    clock = Clock()
    engine = _engine(clock)

    def fail() -> None:
        raise RuntimeError("broken on purpose")

    for _ in range(40):
        engine._control._survive(fail)
        _look(engine)
        assert _trouble(engine) == "RuntimeError in MainThread"
        clock.now += 0.5


@pytest.mark.parametrize(("state", "tries"), [("CONNECTED", 1), ("RECONNECTING", 0)])
def test_at_the_exit_nothing_is_tried_with_a_broker_that_is_gone(state: str, tries: int) -> None:
    engine = _engine(Clock(), Settings(restore_events=True))
    engine.store.set_task_events(ALPHA, True, by_us=True)
    engine.reception.link = Link(LinkState[state], since=T0)

    class Receiver:
        def stop(self) -> None:
            engine.reception.take_link(Link(LinkState.STOPPED, since=T0))

    receiver: Any = Receiver()
    engine.reception._receiver = receiver
    engine.stop(0.0)
    assert [one.action for one in engine.outcomes] == ["worker.disable_events"] * tries


def test_a_thread_that_ended_and_works_again_is_no_trouble() -> None:
    engine = _engine(Clock())

    def work() -> None:
        raise RuntimeError("broken on purpose")

    engine.steps.survive(work, whole=True)
    assert _trouble(engine) == "RuntimeError in MainThread"
    engine.steps.survive(lambda: None)
    assert _trouble(engine) is None


def test_the_view_thread_judges_what_is_wrong() -> None:
    clock = Clock()
    engine = _engine(clock)
    for _ in range(20):
        engine._sweeper.turn()
        clock.now += 1.0
    engine.evaluate()
    [alert] = engine.health.alerts.of(LOST)
    assert alert.subject == ALPHA

    for ago in (16, 11, 6, 1):
        engine.store.record_queues([QueueDepth("high", 100 - ago, 0, 1)], clock.now - ago)
    engine.start()
    try:
        wait_until(lambda: bool(engine.health.alerts.of(GROWING)), 30.0, "the queue to be judged")
    finally:
        engine.stop()


def test_a_new_connection_has_everybody_asked_once() -> None:
    engine = _engine(Clock())
    engine.reception.take_link(Link(LinkState.RECONNECTING, since=T0, lost_at=T0))
    engine.reception.take_link(Link(LinkState.RECONNECTING, since=T0 + 1, lost_at=T0))
    assert _jobs(engine) == []
    engine.reception.take_link(Link(LinkState.CONNECTED, since=T0 + 2, lost_at=T0))
    engine.reception.take_link(Link(LinkState.CONNECTED, since=T0 + 2, lost_at=T0))
    assert _jobs(engine) == [engine.surveys.start_over]


def test_a_batch_that_cannot_be_stored_is_told_and_the_trouble_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = _engine(Clock())
    with monkeypatch.context() as broken:
        broken.setattr(engine.store, "apply", lambda batch: 1 / 0)
        engine.reception.take_batch(Batch([beat(1)], T0))
    engine.housekeeping.turn()
    assert (_trouble(engine) or "").startswith("ZeroDivisionError in ")
    engine.reception.take_batch(Batch([beat(1)], T0))
    assert _trouble(engine) is None


def test_what_is_not_named_is_shown_as_it_was() -> None:
    engine = _engine(Clock())
    failed = parse_filter("state:failure")
    engine.show(filter=failed, sort="name", reverse=False)
    engine.show(sort="runtime")
    assert (engine.view.filter, engine.view.sort, engine.view.reverse) == (failed, "runtime", False)
    engine.show(reverse=True, sort=AS_IT_IS)
    assert (engine.view.filter, engine.view.sort, engine.view.reverse) == (failed, "runtime", True)
    engine.show(filter=None)
    assert engine.view.filter != failed


def test_a_headless_engine_sweeps_and_keeps_no_order() -> None:
    app = Celery("t", broker="memory://", set_as_current=False)
    engine = Engine(app, Settings(), headless=True)
    engine.start()
    try:
        assert engine._threads.names == {
            *("receive", "control", "brokers", "schedule", "watch", "sweep"),
        }
        engine.reception.take_batch(Batch([beat(0), task_event("received", 0)], T0))
        assert engine.view.matched == 0
    finally:
        engine.stop(5.0)
    engine.view.refresh()
    assert engine.view.matched == 1
