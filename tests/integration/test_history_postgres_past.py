"""A history on PostgreSQL says of the time before what one in a folder says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celerytui.engine import Engine, PastReading
from celerytui.history.flush import AlertChange, Flush, Gap
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import History, Origin, Place, Writer
from celerytui.history.place import only_url
from celerytui.model import Alert, LinkState, Mark, Queue, TaskState, Worker
from celerytui.query import parse_filter
from celerytui.settings import Keeping
from celerytui.store import FROM_HISTORY
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import place_at, run
from tests.integration.servers import Process, Server, wait_until
from tests.integration.test_past import SECONDS, Recording, run_engine
from tests.unit.history_tasks import DAY, T0, ended
from tests.unit.store_stream import held

SECRET = "sesame"
GIVEN = {"args": "(1,)", "kwargs": f"{{'card': '{SECRET}'}}"}
ACTION = json.dumps({"action": "send", "params": GIVEN})
run_engine = run_engine
KEEPING = Keeping(redact=("kwargs.card",))


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_url()


@pytest.fixture
def places(url: str, tmp_path: Path) -> list[Place]:
    """A place of each kind, in which the same was recorded."""
    found: list[Place] = [FolderPlace(tmp_path / "h"), place_at(url)]
    for place in found:
        first = place.writer("shop", f"redis://me:{SECRET}@h", KEEPING, T0)
        record_first(first)
        second = place.writer("shop", f"redis://me:{SECRET}@h", KEEPING, T0 + 2_000)
        second.write(Flush([ended(5_000, T0 + 2_010)], dropped=3), T0 + 2_020)
        second.close(T0 + 2_030)
    return found


def record_first(writer: Writer) -> None:
    """A session of 1,000 seconds, with a gap and samples of some time ago."""
    states = (TaskState.SUCCESS, TaskState.FAILURE, TaskState.RETRY, TaskState.LOST)
    some = [
        ended(number, T0 + number / 2, states[(number % 13 < 3) * (number % 4)])
        for number in range(1_600)
    ]
    workers = [Worker("w@h", T0, T0, running=3, processed=2**80), Worker("v@h", T0, T0)]
    queues = [Queue("high", ready=7), Queue("low", ready=None)]
    writer.write(Flush(some[:900], workers, queues), T0 + 10)
    alert = Alert("x", "w@h", "warning", T0, "text")
    writer.write(
        Flush(
            some[900:],
            [Worker("w@h", T0, T0, running=0)],
            [Queue("high", ready=0)],
            [Gap(T0 + 300, None, "gone"), Gap(T0 + 300, T0 + 400, "gone")],
            [Mark(T0 + 500, "deploy", "me")],
            [(T0 + 20, ACTION)],
            [AlertChange(True, alert), AlertChange(False, alert)],
        ),
        T0 + 900,
    )
    old = Flush(workers=[Worker("w@h", T0, T0, running=9)], at=T0 - 3 * DAY)
    writer.write(old, T0 + 950)
    writer.close(T0 + 1_000)


@pytest.fixture
def both(places: list[Place]) -> Iterator[list[History]]:
    """What reads each of them."""
    readers = [one.reader() for one in places]
    yield readers
    for one in readers:
        one.close()


def test_both_kinds_say_the_same_of_the_time_before(both: list[History]) -> None:
    segments, postgres = both
    assert segments.origin().app == postgres.origin().app
    assert postgres.origin() == Origin("shop", "redis://me:**@h", T0 + 2_030)
    spans = [(T0, T0 + 300), (T0 + 400, T0 + 1_000), (T0 + 2_000, T0 + 2_030)]
    for since in (0.0, T0 + 200, T0 + 1_500, T0 + 9_000):
        expected = [(max(low, since), high) for low, high in spans if high > since]
        assert segments.recorded(since) == postgres.recorded(since) == expected
        there, here = segments.samples(since), postgres.samples(since)
        assert sorted(map(repr, there.running)) == sorted(map(repr, here.running))
        assert sorted(map(repr, there.queued)) == sorted(map(repr, here.queued))
        assert [one.at for one in here.running] == sorted(one.at for one in here.running)
    assert {one.at for one in postgres.samples(0.0).running} == {T0 - 3 * DAY, T0 + 10, T0 + 900}
    for bounds in ((T0, T0 + 5_000, 5), (T0 + 100.5, T0 + 300, 60), (T0 + 3_000, T0 + 9_000, 1)):
        counts = [
            {(one.slot, one.state): one.count for one in history.ended(*bounds)} for history in both
        ]
        assert counts[0] == counts[1]
    assert sum(one.count for one in postgres.ended(T0, T0 + 5_000, 10)) == len(
        [task for step in postgres.search(parse_filter("-state:retry"), T0) for task in step.tasks]
    )


def test_what_is_damaged_is_left_out_and_said(places: list[Place], url: str) -> None:
    run(url, "UPDATE tasks_other SET extra = '{{' WHERE state = 5")
    history = places[1].reader()
    whole = [task for step in history.search(parse_filter(""), T0) for task in step.tasks]
    assert len(whole) > 1_000
    assert not [task for task in whole if task.state is TaskState.FAILURE]
    (note,) = history.notes
    assert note.endswith("rows are damaged, left out")
    history.close()


def test_no_secret_is_in_it(places: list[Place], url: str) -> None:
    ((entry,),) = run(url, "SELECT entry FROM actions")
    assert '"args": "(1,)"' in entry
    for table in ("actions", "meta", "tasks"):
        ((count,),) = run(url, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{SECRET}%'")
        assert count == 0, table
    assert places[1].report().dropped == 3


def test_what_was_recorded_is_there_at_the_start_and_offline(
    url: str,
    redis_server: Server,
    tmp_path: Path,
    make_app: Callable[..., Any],
    start_worker_on: Callable[..., Process],
    run_engine: Callable[..., Engine],
) -> None:
    recording = Recording(redis_server.fresh_url(), f"{url}?schema=team", tmp_path)
    app = make_app(recording.url)
    recording.start()
    start_worker_on(recording.url)
    good = app.send_task("proj.add", (1, 2)).id
    bad = app.send_task("proj.fail", kwargs={"account": "a"}).id
    ends = {good: TaskState.SUCCESS, bad: TaskState.FAILURE}
    wait_until(lambda: recording.states() == ends, SECONDS, "both to be recorded")
    recording.stop()

    live = run_engine(app, history=recording.history)
    # Without an app, by the database alone: the schema is the only one.
    named = only_url(url, os.environ)
    assert named.endswith("?schema=team")
    away = run_engine(make_app("redis://127.0.0.1:1/0"), history=named, offline=True)
    for engine in (live, away):
        shows(engine, good, bad)
    assert (live.link.state, away.link.state) == (LinkState.CONNECTED, LinkState.OFFLINE)
    assert live.stop(SECONDS)


def shows(engine: Engine, good: str, bad: str) -> None:
    """Wait until an engine has what was recorded, and searches in it."""
    store = engine.store
    wait_until(lambda: store.task(bad) is not None, SECONDS, "the history")
    failed = held(store, bad)
    assert (failed.state, failed.more.source) == (TaskState.FAILURE, FROM_HISTORY)
    assert failed.more.traceback
    assert held(store, good).state is TaskState.SUCCESS
    came: list[PastReading] = []
    assert engine.past.more(parse_filter("name:proj.fail"), came.append)
    wait_until(lambda: bool(came), SECONDS, "a search")
    assert came[0].known == 1
