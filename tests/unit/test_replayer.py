"""A replay shows what was seen live, goes anywhere, and touches nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery

from celerytui.engine import Engine
from celerytui.engine.replayer import SPEEDS, Replayer
from celerytui.history.eventlog.reader import EventLog
from celerytui.model import Moments
from celerytui.settings import DEFAULTS
from tests.unit.event_log import Told, tell, write
from tests.unit.store_stream import T0, beat, task_event
from tests.unit.test_event_log import busy, known
from tests.waiting import wait_until


@contextmanager
def replay(path: Path, told: Told, *, playing: bool = False) -> Iterator[tuple[Engine, Replayer]]:
    """An engine that replays what was told, from the beginning on."""
    write(path, told.entries, at_once=7)
    app = Celery("shop", broker="redis://127.0.0.1:1/0", set_as_current=False)
    log = EventLog(path)
    engine = Engine(app, DEFAULTS, recording=log)
    replayer = engine.replayer
    assert replayer is not None
    replayer.play(playing)
    engine.start()
    try:
        arrive(replayer)
        yield engine, replayer
    finally:
        assert engine.stop(10.0)
        log.close()


def arrive(replayer: Replayer) -> None:
    """Wait until it is where it was told to go."""
    wait_until(
        lambda: replayer.state.seeking is None and not replayer.state.searching, 20, "the replay"
    )


def after(told: Told, at: float) -> list[object]:
    """What is known of a store that was told everything up to a time."""
    return list(known(tell([one for one in told.entries if one.at <= at])))


def test_it_goes_anywhere_and_knows_what_was_known_then(tmp_path: Path) -> None:
    told = busy()
    with replay(tmp_path / "x.jsonl.zst", told) as (engine, replayer):
        for at in (4.5, 13.6, 3.3, 6.0, 3.0, 13.6):
            replayer.seek(T0 + at)
            arrive(replayer)
            assert replayer.state.position == engine.clock() == min(T0 + at, told.now)
            assert list(known(engine.store)) == after(told, T0 + at)
        assert engine.link.state.value == "connected"
        assert engine.broker.blockage is not None
        wait_until(lambda: engine.view.total == len(engine.store.all_tasks()), 20, "the replay")


def test_it_plays_to_the_end_and_begins_again(tmp_path: Path) -> None:
    told = busy()
    with replay(tmp_path / "x.jsonl.zst", told) as (engine, replayer):
        for _ in SPEEDS:
            replayer.speed(1)
        assert replayer.state.speed == SPEEDS[-1]
        replayer.play(True)
        wait_until(lambda: replayer.state.ended, 20, "the replay")
        assert not replayer.state.playing
        assert list(known(engine.store)) == after(told, told.now)
        replayer.play(True)
        # It is at its end until it is back at the beginning.
        arrive(replayer)
        wait_until(lambda: replayer.state.ended, 20, "the replay")
        assert list(known(engine.store)) == after(told, told.now)


def test_it_steps_from_event_to_event(tmp_path: Path) -> None:
    told = Told()
    told.hear(beat(0), task_event("sent", 1, "a"), beat(2), task_event("received", 3, "a"))
    with replay(tmp_path / "x.jsonl.zst", told) as (engine, replayer):
        for at in (1.0, 3.0):
            replayer.step()
            wait_until(lambda at=at: replayer.state.position == T0 + at, 20, "the replay")  # type: ignore[misc]  # bound
        assert replayer.state.ended
        replayer.step()
        replayer.seek(T0)
        arrive(replayer)
        assert engine.store.all_tasks() == []
        assert not replayer.state.ended


def test_it_finds_failures_alerts_and_marks(tmp_path: Path) -> None:
    told = busy()
    with replay(tmp_path / "x.jsonl.zst", told) as (engine, replayer):
        replayer.find(Moments.TROUBLE)
        arrive(replayer)
        first = replayer.state.position
        assert engine.store.summary(first).failed_5m == 1
        replayer.find(Moments.TROUBLE)
        arrive(replayer)
        assert replayer.state.position > first
        replayer.find(Moments.TROUBLE, back=True)
        arrive(replayer)
        assert replayer.state.position == first
        replayer.find(Moments.TROUBLE, back=True)
        arrive(replayer)
        assert replayer.state.note == "no earlier failure or alert"
        replayer.find(Moments.MARK)
        arrive(replayer)
        assert [one.text for one in engine.store.marks.all()] == ["v1.2"]


def test_it_passes_over_silence(tmp_path: Path) -> None:
    told = Told()
    told.hear(beat(0), task_event("sent", 1, "a"))
    told.hear(*(beat(at) for at in range(2, 4000, 2)))
    told.hear(task_event("sent", 4000, "b"), beat(4001))
    with replay(tmp_path / "x.jsonl.zst", told) as (engine, replayer):
        replayer.skip(True)
        replayer.speed(4)
        replayer.play(True)
        wait_until(lambda: replayer.state.position >= T0 + 4000, 20, "the replay")
        assert len(engine.store.all_tasks()) == 2


def test_no_action_reaches_a_cluster(tmp_path: Path) -> None:
    with replay(tmp_path / "x.jsonl.zst", busy()) as (engine, _):
        done = threading.Event()
        job = engine.submit("task.revoke", ["order-1"], done=lambda outcome: done.set())
        assert done.wait(100.0)
        assert job.outcome is not None
        assert job.outcome.error == "Revoke: not done, only what was recorded is read"
        found: list[str | None] = []
        engine.read_result("order-1", lambda meta: found.append(meta.error))
        engine.inspect("alpha@host", "stats", lambda section: found.append(section.error))
        wait_until(lambda: len(found) == 2, 20, "the replay")
        assert all(text is not None and "not asked" in text for text in found)


def test_a_recording_that_is_cut_while_it_is_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.zst"
    with replay(path, busy()) as (engine, replayer):
        os.truncate(path, path.stat().st_size // 2)
        replayer.seek(T0 + 12)
        arrive(replayer)
        wait_until(lambda: replayer.state.note is not None, 20, "the replay")
        assert not engine.steps.trouble


@pytest.mark.parametrize("to", [-1e9, 1e12])
def test_it_stays_within_the_recording(tmp_path: Path, to: float) -> None:
    told = busy()
    with replay(tmp_path / "x.jsonl.zst", told) as (_, replayer):
        replayer.seek(to)
        arrive(replayer)
        edge = told.entries[0].at if to < 0 else told.entries[-1].at
        assert replayer.state.position == edge
