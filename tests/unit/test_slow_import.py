"""The timer that says that an import is slow ends with the import."""

from __future__ import annotations

import signal
import time

import pytest

from celerytui.cli.signals import importing


def test_a_pause_at_the_wrong_moment_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    real = signal.getitimer

    def paused(which: int) -> tuple[float, float]:
        left = real(which)
        time.sleep(0.05)
        return left

    before = signal.getsignal(signal.SIGALRM)
    monkeypatch.setattr(signal, "getitimer", paused)
    with importing("proj", quiet=False):
        assert real(signal.ITIMER_REAL)[0] > 0
    assert real(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_pause_while_the_timer_is_set_leaves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    real = signal.setitimer

    def paused(which: int, seconds: float) -> tuple[float, float]:
        time.sleep(0.05)
        return real(which, seconds)

    monkeypatch.setattr(signal, "setitimer", paused)
    with importing("proj", quiet=False):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    left = real(signal.ITIMER_REAL, 0)
    assert left == (0.0, 0.0)


def test_an_alarm_of_the_projects_own_is_kept() -> None:
    with importing("proj", quiet=False):
        signal.setitimer(signal.ITIMER_REAL, 500.0)
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    assert left > 400
