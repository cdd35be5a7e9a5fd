"""The schedule as real beats keep it: each entry's runs are those of beat's own log."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from celerytui.control import Control
from celerytui.engine import Engine
from celerytui.errors import UsageError
from celerytui.model import Crontab, Interval, ScheduleEntry
from celerytui.schedule import beatx, reading, redbeat
from celerytui.schedule.beatx import BeatxReader
from celerytui.schedule.next_run import next_after
from celerytui.schedule.reading import Schedules
from celerytui.schedule.redbeat import RedBeatReader
from celerytui.settings import Settings
from celerytui.store import Store
from tests.integration.beats import BeatProject, entry, near
from tests.integration.servers import wait_until
from tests.waiting import patience, reply_seconds

Make = Callable[..., BeatProject]


@pytest.fixture
def make(redis_url: str, tmp_path: Path) -> Iterator[Make]:
    made: list[BeatProject] = []

    def build(**conf: Any) -> BeatProject:
        folder = tmp_path / f"shop{len(made)}"
        made.append(BeatProject(folder, redis_url, **conf))
        return made[-1]

    yield build
    for one in made:
        one.close()


def test_the_default_scheduler_and_a_beat_that_is_killed(make: Make, tmp_path: Path) -> None:
    project = make()
    beat = project.start()
    app = Celery("shop", broker=project.url, set_as_current=False)
    app.conf.update(
        timezone="Europe/Berlin",
        beat_max_loop_interval=1.0,
        beat_schedule_filename=str(project.folder / "celerybeat-schedule"),
        beat_schedule={"often": {"task": "shop.add", "schedule": 1.0, "args": (1, 2)}},
    )
    settings = Settings(history=f"sqlite:///{tmp_path}/history")
    engine = Engine(app, settings, headless=True)

    def often() -> ScheduleEntry:
        found = engine.schedule.entry("often")
        assert found is not None
        return found

    def alerts() -> list[str]:
        return [alert.id for alert in engine.health.alerts]

    engine.start()
    try:
        project.wait_for("often", 4)
        wait_until(lambda: engine.schedule.entry("often") is not None, 20, "a reading")
        wait_until(lambda: len(often().recent) >= 3, 20, "runs to be seen")
        reading, found = engine.schedule.reading, often()
        assert reading.beat.state == "alive", reading.beat
        assert near(found.last_run_at or 0, project.sent("often"))
        assert found.due_at == pytest.approx((found.last_run_at or 0) + 1.0)
        assert all(near(run.at, project.sent("often")) for run in found.recent)
        wait_until(lambda: engine.schedule.entry("nightly") is not None, 20, "the file to be read")
        nightly = engine.schedule.entry("nightly")
        assert nightly is not None
        assert nightly.plan.source == "celerybeat-schedule"
        assert nightly.words == "03:30 Europe/Berlin"

        beat.send(signal.SIGKILL)
        killed = engine.clock()
        wait_until(lambda: engine.schedule.reading.beat.state == "silent", 20, "beat to be silent")
        # One interval, and twice its loop or ten seconds.
        assert engine.clock() - killed < 14 * (2 + patience())
        # Killed between the line in its log and the message, it did not send the last.
        assert near(engine.schedule.reading.beat.since or 0, project.sent("often")[-2:])
        wait_until(lambda: "beat.silent" in alerts(), 10, "an alert")
        assert often().standing == "late"
        engine.stop()
        seen = often()

        # What was recorded is known to one that is started later.
        engine = Engine(app, settings, headless=True)
        engine.start()
        wait_until(lambda: engine.schedule.entry("often") is not None, 20, "a reading")
        wait_until(lambda: len(often().recent) == len(seen.recent), 20, "the history to be read")
        assert [run.task_id for run in often().recent] == [run.task_id for run in seen.recent]
        assert (often().runs, often().last_run_at) == (seen.runs, seen.last_run_at)
        assert often().since == seen.recent[0].at
    finally:
        engine.stop()
        app.close()


def test_redbeat_is_read_and_changed(make: Make, redis_url: str) -> None:
    project = make(
        beat_scheduler="redbeat.RedBeatScheduler",
        redbeat_redis_url=redis_url,
        redbeat_lock_timeout=20,
    )
    project.start()
    project.wait_for("often", 2)
    before = project.sent("often")[-1]
    document = project.schedule("--for", "1s")
    assert document["source"] == "app.conf and RedBeat"
    assert document["beat"]["state"] == "alive"
    often, nightly = entry(document, "often"), entry(document, "nightly")
    assert near(often["last_run_at"], project.sent("often"))
    assert often["last_run_at"] > before - 1
    assert often["next_run_at"] == pytest.approx(often["last_run_at"] + 1, abs=1.0)
    assert (often["queue"], often["args"], often["missed"]) == ("own", "[1, 2]", False)
    due = next_after(Crontab("30", "3"), "Europe/Berlin", often["last_run_at"])
    assert nightly["next_run_at"] == due

    came = project.act(("entry.disable", "often", {}), ("entry.run_now", "nightly", {"by": "beat"}))
    count = len(project.sent("often"))
    assert came[0] == [True, "redbeat:often written"]
    assert came[1][0] is True
    project.wait_for("nightly", 1)
    assert len(project.sent("often")) <= count + 1
    by_url = project.python("-m", "celerytui", "schedule", "--schedule", redis_url, "--json")
    read = json.loads(by_url)
    assert read["source"] == "RedBeat"
    assert entry(read, "often")["enabled"] is False
    assert near(entry(read, "nightly")["last_run_at"], project.sent("nightly"))
    assert project.act(("entry.enable", "often", {}))[0][0] is True
    project.wait_for("often", count + 2)


def test_django_celery_beat_is_read_and_changed(make: Make, tmp_path: Path) -> None:
    database = tmp_path / "shop.sqlite3"
    project = make(django={"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)})
    project.start()
    project.wait_for("often", 2)
    document = project.schedule("--for", "3s")
    assert document["source"] == "app.conf and django-celery-beat"
    assert document["beat"]["state"] == "alive"
    often, nightly = entry(document, "often"), entry(document, "nightly")
    assert near(often["last_run_at"], project.sent("often"))
    assert often["next_run_at"] == pytest.approx(often["last_run_at"] + 1)
    assert (nightly["enabled"], nightly["next_run_at"]) == (False, None)
    assert (nightly["schedule"], nightly["timezone"]) == ("03:30 Asia/Tokyo", "Asia/Tokyo")

    assert project.act(("entry.disable", "often", {}))[0][0] is True
    silent = len(project.sent("often")) + 2
    project.wait_for("besides", len(project.sent("besides")) + 4)
    assert len(project.sent("often")) <= silent
    came = project.act(("entry.enable", "often", {}), ("entry.run_now", "nightly", {}))
    assert came[0][0] is True
    assert came[1][0] is True
    assert came[1][1].startswith("sent as ")
    project.wait_for("often", silent + 1)


@pytest.mark.parametrize("broker", ["redis_url", "amqp_url"])
def test_a_beat_with_remote_control_answers_a_ping(
    request: pytest.FixtureRequest, broker: str, tmp_path: Path
) -> None:
    url = request.getfixturevalue(broker)
    project = BeatProject(tmp_path / "shop", url, beat_enable_remote_control=True)
    app = Celery("shop", broker=url, set_as_current=False)
    app.conf.beat_enable_remote_control = True
    control = Control(app, read_only=True, timeout=reply_seconds())
    beat = project.start()
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []

    def answers() -> bool:
        found.append(control.ping_beats())
        return bool(found[-1][0])

    try:
        wait_until(answers, 20, "beat to answer")
        answered, silent = found[-1]
        assert [name.partition("@")[0] for name in answered] == ["celerybeat"]
        assert silent == ()
        beat.kill()
        # Redis keeps the mailbox of one that is gone; RabbitMQ does not say who has any.
        gone = answered if broker == "redis_url" else ()
        assert control.ping_beats() == ((), gone)
    finally:
        project.close()
        app.close()


def test_what_a_lock_says_of_beat(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    known = RedBeatReader(redis_url, {}, lock_timeout=25.0, loop=5.0)
    unknown = RedBeatReader(redis_url, {})

    def signs(now: float) -> list[bool | None]:
        found = []
        for reader in (known, unknown):
            reader.read(now)
            sign = reader.sign(now)
            found.append(None if sign is None else sign.alive)
        return found

    try:
        assert signs(1000.0) == [False, False]
        client.set("redbeat::lock", "token", px=24_000)
        assert signs(1001.0) == [True, None]
        # Not renewed for three loops; whoever does not know how long it lasts can't tell.
        client.pexpire("redbeat::lock", 4_900)
        assert signs(1020.0) == [False, None]
        client.pexpire("redbeat::lock", 25_000)
        assert signs(1021.0) == [True, True]
        client.delete("redbeat::lock")
        assert signs(1022.0) == [False, False]
        client.set("redbeat::lock", "not RedBeat's")
        assert signs(1023.0) == [None, None]
    finally:
        known.close()
        unknown.close()
        client.close()


def test_an_odd_entry_of_redbeat_leaves_the_others(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)

    def define(key: str, text: str | bytes) -> None:
        client.hset(f"redbeat:{key}", "definition", text)

    every = {"__type__": "interval", "every": 30.0}
    define("fine", json.dumps({"name": "other", "task": "shop.a", "schedule": every}))
    define("text", "no JSON")
    define("huge", '{"task": "shop.a", "schedule": {"__type__": "interval", "every": 1e999}}')
    define("bytes", b'{"task": "shop.\xff", "args": "%s"}' % b"x")
    client.set("redbeat:string", "x")
    names = ("fine", "text", "huge", "bytes", "string", "gone")
    client.zadd("redbeat::schedule", {f"redbeat:{name}": 9e18 for name in names})
    schedules = Schedules(None, redis_url, Store(), lambda: 1000.0)
    try:
        schedules.read_sources()
        reading = schedules.judge()
        found = {one.name: one for one in reading.entries}
        assert not reading.errors
        assert sorted(found) == sorted(names[:-1])
        assert [name for name in found if not found[name].plan.trouble] == ["bytes", "fine"]
        assert found["fine"].plan.next_by_source is None
        # By its key, whatever it calls itself: there it is written.
        writer = schedules.writer(found["fine"])
        assert writer.set_enabled("fine", False, 1000.0) == "redbeat:fine written"
        assert json.loads(client.hget("redbeat:fine", "definition") or "")["enabled"] is False
        with pytest.raises(UsageError, match="it would not be written as it was"):
            writer.set_enabled("bytes", False, 1000.0)
    finally:
        schedules.close()
        client.close()


@pytest.mark.parametrize("most", [3, 4])
def test_of_more_entries_in_redis_than_are_read_it_is_said(
    redis_url: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = redis.Redis.from_url(redis_url)
    every = {"__type__": "interval", "every": 30.0}
    kept = {"__type__": "schedule", "__value__": {"run_every": 30.0, "relative": False}}
    for number in range(4):
        key = f"redbeat:e{number}"
        client.hset(key, "definition", json.dumps({"task": "shop.a", "schedule": every}))
        client.zadd("redbeat::schedule", {key: 9e9})
        client.hset("celery:schedule", f"b{number}", json.dumps({"schedule": kept}))
    for module in (redbeat, beatx):
        monkeypatch.setattr(module, "ASKED", most + 1)
    monkeypatch.setattr(reading, "MOST_ENTRIES", most)
    made = Schedules(None, redis_url, Store(), lambda: 1000.0)
    made._readers = [*made._opened(), BeatxReader(redis_url, "UTC")]
    try:
        made.read_sources()
        found = made.judge()
        assert (found.errors, len(found.entries)) == ((), 2 * most)
        assert len(found.cuts) == (2 if most == 3 else 0)
    finally:
        made.close()
        client.close()


@pytest.mark.parametrize(("gone", "most_keys"), [(3, 50), (12, 50), (12, 10)])
def test_keys_that_are_gone_hide_no_entries(
    redis_url: str, gone: int, most_keys: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four entries three are read, and more than that is said, however many keys are gone."""
    client = redis.Redis.from_url(redis_url)
    every = {"__type__": "interval", "every": 30.0}
    for number in range(4):
        key = f"redbeat:e{number}"
        client.hset(key, "definition", json.dumps({"task": "shop.a", "schedule": every}))
        client.zadd("redbeat::schedule", {key: 2e9})
    client.zadd("redbeat::schedule", {f"redbeat:gone{number}": 1e9 for number in range(gone)})
    monkeypatch.setattr(redbeat, "ASKED", 4)
    monkeypatch.setattr(redbeat, "MOST_KEYS", most_keys)
    monkeypatch.setattr(reading, "MOST_ENTRIES", 3)
    made = Schedules(None, redis_url, Store(), lambda: 1000.0)
    try:
        made.read_sources()
        found = made.judge()
        assert len(found.cuts) == 1
        # As many keys as are looked at at the most may all be gone.
        assert len(found.entries) == (3 if gone < most_keys else 0)
    finally:
        made.close()
        client.close()


def test_the_entries_of_celery_beatx(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    entry_of: dict[str, Any] = {
        "name": "sync",
        "task": "shop.sync",
        "schedule": {"__type__": "schedule", "__value__": {"run_every": 30.0, "relative": False}},
        "args": [1],
        "kwargs": {},
        "last_run_at": "2026-11-27 04:00:00.000000",
        "total_run_count": 3,
        "options": {"queue": "own"},
    }
    night = {"__type__": "crontab", "__value__": "30\t3\t*\t*\t*"}
    client.hset("celery:schedule", "sync", json.dumps(entry_of))
    client.hset("celery:schedule", "night", json.dumps(entry_of | {"schedule": night}))
    client.hset("celery:schedule", "broken", "no JSON")
    client.set("celery:beat-lock", "token", ex=60)
    reader = BeatxReader(redis_url, "UTC")
    try:
        found = {one.name: one for one in reader.read(1000.0)}
        sign = reader.sign(1000.0)
        assert sign is not None
        assert sign.alive is True
        assert found["night"].timing == Crontab("30", "3")
        assert (found["sync"].timing, found["sync"].args) == (Interval(30.0), (1,))
        assert (found["sync"].total_runs, found["sync"].options) == (3, {"queue": "own"})
        assert found["broken"].trouble
    finally:
        reader.close()
        client.close()
