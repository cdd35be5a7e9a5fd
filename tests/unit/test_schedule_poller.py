"""The thread that reads the schedule: what it waits for, and what it says meanwhile."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from celery.schedules import crontab
from msgspec.structs import replace

from celerytui.engine.schedule_poller import SchedulePoller
from celerytui.errors import BrokerUnavailable, UsageError
from celerytui.headless import schedule
from celerytui.model import BeatState, Link, LinkState
from celerytui.settings import Settings
from celerytui.store import Store
from tests.unit.test_schedule_sources import DJANGO_TABLES, celery_app
from tests.waiting import wait_until

ROW = """
INSERT INTO django_celery_beat_periodictask (name, task, interval_id, enabled, args, kwargs)
    VALUES ('sync', 'shop.sync', 1, 1, '[]', '{}');
"""


def survive(step: Callable[[], object]) -> None:
    step()


@contextmanager
def polling(app: Any, **settings: Any) -> Iterator[SchedulePoller]:
    """A poller at work, with a connection to the broker."""
    link = Link(LinkState.CONNECTED)
    poller = SchedulePoller(
        Settings(**settings),
        Store(),
        lambda: link,
        lambda: None,
        survive,
        lambda: None,
        time.time,
    )
    stopping = threading.Event()
    thread = threading.Thread(target=poller.run, args=(app, stopping))
    thread.start()
    try:
        yield poller
    finally:
        stopping.set()
        poller.read_now()
        thread.join()


@pytest.fixture
def database(tmp_path: Path) -> str:
    with closing(sqlite3.connect(tmp_path / "beat.db")) as made:
        made.executescript(DJANGO_TABLES + ROW)
    return f"sqlite:///{tmp_path}/beat.db"


def test_what_was_changed_is_judged_once_it_was_read_again(database: str) -> None:
    with polling(celery_app(), schedule=database) as poller:
        wait_until(lambda: poller.entry("sync") is not None, 20, "a reading")
        assert poller.reread("sync") is poller.entry("sync")
        assert "written" in poller.set_enabled("sync", False)
        assert poller.reread("sync") is None
        poller.read_now()
        wait_until(lambda: poller.reread("sync") is not None, 20, "another reading")
        entry = poller.reread("sync")
        assert entry is not None
        assert not entry.plan.enabled


def test_whether_beat_can_be_asked_for_an_entry(database: str) -> None:
    app = celery_app(beat_schedule={"conf": {"task": "shop.a", "schedule": 300}})
    with polling(app, schedule=database) as poller:
        wait_until(lambda: poller.entry("sync") is not None, 20, "a reading")
        assert poller.why_not_soon("sync") == ""
        assert poller.why_not_soon("conf") == "app.conf cannot be changed from here"
        assert poller.came_of("sync") is poller.came_of("nobody") is None
        assert "set back" in poller.run_soon("sync")
        assert poller.came_of("sync") == (None, "not sent yet; beat looks every 5 s")
        for name, why in (
            ("conf", "beat would not send it: app.conf cannot be changed"),
            ("x", "no entry"),
        ):
            with pytest.raises(UsageError, match=why):
                poller.run_soon(name)
        poller.reading = replace(poller.reading, beat=BeatState("silent", 1.0, "nobody has a lock"))
        assert poller.why_not_soon("sync") == "it is silent: nobody has a lock"


def test_a_deadline_of_beats_is_heeded() -> None:
    app = celery_app(
        beat_cron_starting_deadline=40,
        beat_schedule={"yearly": {"task": "shop.a", "schedule": crontab("1", "1", "*", "1", "1")}},
    )
    with polling(app) as poller:
        wait_until(lambda: poller.reading.at is not None, 20, "a reading")
        assert poller._schedules is not None
        assert poller._schedules._rules.deadline == 40


def test_a_slow_ping_is_no_reason_to_rest() -> None:
    app = celery_app(
        beat_schedule={"a": {"task": "shop.a", "schedule": 300}}, beat_enable_remote_control=True
    )
    with polling(app, reply_timeout=2.0) as poller:
        readings: list[float] = []

        def judged_again() -> bool:
            at = poller.reading.at
            if at is not None and at not in readings:
                readings.append(at)
            return len(readings) >= 3

        # The first comes after a ping of two seconds.
        wait_until(judged_again, 6, "three readings")


def taken(url: str) -> None:
    """Take the schedule of an app and of the database at a URL, as the command does."""
    schedule.take_schedule(
        celery_app(),
        Settings(schedule=url),
        listen=0.0,
        stoppable=lambda: nullcontext(lambda: False),
    )


def test_a_source_that_is_slow_is_not_one_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "READ_GRACE_SECONDS", 0.2)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(BrokerUnavailable, match=r"was not read in 0.2 s: a source is slow"),
    ):
        taken(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")


def test_a_url_of_no_kind_is_said_at_once() -> None:
    with pytest.raises(UsageError, match="not the URL of a database or of Redis"):
        taken("http://a:secret@b")
