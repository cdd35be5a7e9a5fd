"""The signals of commands without a screen: to stop in order, and to say that an import is slow."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SLOW_IMPORT_SECONDS = 1.0
CLOCK_SLACK_SECONDS = 0.01


@contextmanager
def importing(name: str, *, quiet: bool) -> Iterator[None]:
    """Print a line on stderr if importing the project takes long.

    From a timer's signal, not a thread: projects fork and patch modules while they are
    imported.
    """
    if quiet or not hasattr(signal, "setitimer"):
        yield
        return

    said = f"celerytui: importing {name} ...\n".encode()

    def say(_number: int, _frame: object) -> None:
        os.write(2, said)

    before = signal.signal(signal.SIGALRM, say)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, SLOW_IMPORT_SECONDS)
    # Read afterwards: after a pause between both the timer would not be known as this one, and
    # would kill the process once its handler is gone.
    due = time.monotonic() + SLOW_IMPORT_SECONDS
    try:
        yield
    finally:
        # A project that took the signal over, or set an alarm of its own, keeps them. The clock is
        # read first: a pause between both must not make this timer look like another one.
        most = max(due - time.monotonic(), 0) + CLOCK_SLACK_SECONDS
        left, _ = signal.getitimer(signal.ITIMER_REAL)
        if 0 < left <= most:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if signal.getsignal(signal.SIGALRM) is say:
            signal.signal(signal.SIGALRM, before)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Inside, SIGTERM and SIGINT only make the yielded function return True."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
