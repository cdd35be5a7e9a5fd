"""The engine's threads: a part that ends early is done again, and the end waits for those asked."""

from __future__ import annotations

import threading
import time

import pytest

from celerytui.engine import threads
from celerytui.engine.steps import Steps
from celerytui.engine.threads import Threads
from tests.waiting import wait_until

SECONDS = 20.0


def test_a_part_that_ended_or_failed_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "RESTART_SECONDS", 0.01)
    steps = Steps(time.monotonic, lambda: None)
    kept, turns = Threads(steps), 0

    def ends() -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise ValueError("odd")

    kept.start({"odd": ends})
    wait_until(lambda: turns >= 4, SECONDS, "another turn")
    assert kept.names == {"odd"}
    assert steps.trouble is None
    kept.stopping.set()
    kept.join(time.monotonic() + SECONDS)
    assert not kept.alive


def test_the_end_waits_until_its_time_and_for_some_not_at_all() -> None:
    kept = Threads(Steps(time.monotonic, lambda: None))
    begun, go_on = threading.Event(), threading.Event()

    def slow_one() -> None:
        begun.set()
        go_on.wait(SECONDS * 2)

    kept.start({"slow": slow_one, "quick": lambda: None})
    wait_until(begun.is_set, SECONDS, "the slow one")
    kept.stopping.set()
    since = time.monotonic()
    kept.join(since + SECONDS, but=("slow",))
    assert time.monotonic() - since < SECONDS
    assert kept.alive
    kept.join(time.monotonic())
    slow = kept.get("slow")
    assert slow is not None
    assert slow.is_alive()
    assert kept.get("none") is None
    go_on.set()
    kept.join(time.monotonic() + SECONDS)
    assert not kept.alive
