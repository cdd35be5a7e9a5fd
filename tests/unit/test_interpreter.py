"""Busy threads give way to a key press, but only so long, and only so often."""

from __future__ import annotations

import threading
import time
import weakref

import pytest

from celerytui import interpreter as courtesy


@pytest.fixture(autouse=True)
def fresh_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_way", courtesy._Way())


def test_nobody_waits_while_nothing_is_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    courtesy.hurry()
    courtesy.answered()
    monkeypatch.setattr(courtesy._way, "clear", None)
    courtesy.give_way()


def test_a_busy_thread_waits_until_the_key_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "URGENT_SECONDS", 60.0)
    courtesy.hurry()
    went_on = threading.Event()

    def work() -> None:
        courtesy.let_go()
        went_on.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert not went_on.wait(0.05)
    courtesy.answered()
    assert went_on.wait(100)
    thread.join()


def test_a_key_that_is_never_answered_stops_nobody_for_long() -> None:
    courtesy.hurry()
    courtesy.give_way()
    assert time.monotonic() >= courtesy._way.until


def test_what_follows_the_first_rows_waits_until_they_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courtesy, "FIRST_ROWS_SECONDS", 60.0)
    courtesy.first_rows_stand()
    threading.Timer(0.05, courtesy.answered).start()
    before = time.monotonic()
    courtesy.give_way()
    assert before + 30 > time.monotonic() >= before + 0.04


def test_first_rows_that_are_never_drawn_stop_nobody_for_long() -> None:
    courtesy.first_rows_stand()
    courtesy.give_way()
    assert time.monotonic() >= courtesy._way.until


def test_a_dialog_that_opens_keeps_the_way_until_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courtesy, "OPENING_SECONDS", 60.0)
    courtesy.hurry()
    courtesy.opening()
    courtesy.answered()  # by a frame of the page behind it
    assert courtesy._way.until > time.monotonic() + 30
    courtesy.hurry()
    assert courtesy._way.until > time.monotonic() + 30
    courtesy.opened()
    assert courtesy._way.until == 0.0


def test_a_dialog_that_never_comes_stops_nobody_for_long() -> None:
    courtesy.opening()
    courtesy.give_way()
    assert time.monotonic() >= courtesy._way.until
    courtesy.hurry()
    courtesy.answered()
    assert courtesy._way.until == 0.0


def test_dialogs_in_a_row_leave_the_others_time_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "OPENING_REST_SECONDS", 60.0)
    courtesy.opening()
    courtesy.opened()
    courtesy.opening()
    assert courtesy._way.until == 0.0


def test_keys_in_a_row_leave_the_others_time_to_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "REST_SECONDS", 60.0)
    courtesy.hurry()
    courtesy.answered()
    courtesy.hurry()
    assert courtesy._way.until == 0.0


def test_what_is_set_aside_is_looked_at_only_when_all_is() -> None:
    class Ring:
        def __init__(self) -> None:
            self.self = self

    ring = Ring()
    gone = weakref.ref(ring)
    courtesy.set_aside()
    del ring
    courtesy.collect_new()
    assert gone() is not None
    courtesy.collect_all()
    assert gone() is None
