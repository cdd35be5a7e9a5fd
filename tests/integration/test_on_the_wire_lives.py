"""What is sent to workers that share a name or send no heartbeats, seen by the broker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest

from celerytui.engine import survey_schedule
from tests.integration.servers import wait_until
from tests.integration.test_on_the_wire import (
    ALL,
    SECONDS,
    START,
    SURVEY,
    TASKS,
    Cluster,
    broadcast,
    cluster,
    settled,
    to,
    wire,
)
from tests.integration.wire import Wire

__all__ = ["cluster", "wire"]  # fixtures

LONGER = 11.0
"""Seconds in which workers that share a name could be asked again and again."""


def test_two_processes_of_one_name_are_asked_once_each(
    cluster: Cluster,
    wire: Callable[[], Wire],
) -> None:
    heard = wire()
    engine = cluster.monitor()
    settled(heard, START, "the start", 1.0)
    alone = to("w4@test", *SURVEY, "enable_events", *TASKS)
    cluster.begin("w4@test")
    settled(heard, alone, "the first to be asked", 1.0)
    cluster.workers["the first"] = cluster.workers.pop("w4@test")
    cluster.begin("w4@test")
    pids = {one.pid for name, one in cluster.workers.items() if name in ("the first", "w4@test")}

    def are_two() -> bool:
        worker = engine.store.worker("w4@test")
        return worker is not None and set(worker.pids) == pids

    wait_until(are_two, SECONDS, "both to be known")
    time.sleep(LONGER)  # that nothing more comes can only be waited for
    sent = Counter(heard.sent())
    # Either may reply, so its events may be found to be on.
    assert to("w4@test", *SURVEY) <= sent <= alone
    assert are_two()


def test_who_sends_no_heartbeats_is_pinged_and_nobody_else(
    cluster: Cluster,
    wire: Callable[[], Wire],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey_schedule, "PING_SECONDS", 2.0)
    cluster.begin("mute@test", "--without-heartbeat", "--without-gossip")
    cluster.wait_for("mute@test")
    heard = wire()
    engine = cluster.monitor(read_only=True)
    ping = ("ping", ("mute@test",))
    wait_until(lambda: Counter(heard.sent())[ping] >= 3, SECONDS, "three pings")
    others = Counter(heard.sent())
    del others[ping]
    assert others == broadcast(*SURVEY)
    worker = engine.store.worker("mute@test")
    assert worker is not None
    assert (worker.status, worker.last_heartbeat, worker.silent_pings) == ("online", None, 0)
    assert {one.hostname for one in engine.store.workers()} == {*ALL, "mute@test"}
