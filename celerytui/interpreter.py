"""Shares the interpreter between threads: the one that handles a key press goes first.

Threads that want the interpreter take turns. A drawing of 10 ms beside two busy threads would take
thirty, and a pass of the garbage collector over a million things holds up everyone for 200 ms.
So the busy threads work in pieces and give way between them while a key press is being answered.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from typing import Final

SWITCH_SECONDS: Final = 0.001
"""The switch interval, after which a thread yields the interpreter; Python's own is 5 ms."""

URGENT_SECONDS: Final = 0.025
"""Maximum time that other threads yield to one key press."""

REST_SECONDS: Final = 0.040
"""Minimum time between two key presses to which they yield, so that they progress."""

FIRST_ROWS_SECONDS: Final = 0.060
"""Maximum time that they yield to the drawing of the first rows of another order or filter."""

OPENING_SECONDS: Final = 0.25
"""How long they give way at most while a dialog opens, which is many steps and not one."""

OPENING_REST_SECONDS: Final = 0.5
"""From one opening for which they give way to the next."""

YOUNG: Final = (2_000, 20)
NEVER: Final = 1_000_000_000


class _Way:
    """Until when the way is to be kept clear, and the word that it need not be any longer."""

    def __init__(self) -> None:
        self.until = 0.0
        self.next = 0.0
        self.opening_until = 0.0
        self.next_opening = 0.0
        self.clear = threading.Event()


_way = _Way()


def share_interpreter() -> None:
    """Set the interpreter up for many threads of which one answers keys; once, for the program.

    The collector still takes young garbage. On its own it never goes through all that is held;
    `collect_new` and `collect_all` do when it suits.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*YOUNG, NEVER)
    gc.freeze()
    gc.enable()


def collect_all() -> int:
    """Collect all garbage; stops all threads, up to 0.2 s with a million tasks.

    Returns how many objects it was.
    """
    gc.unfreeze()
    found = gc.collect()
    gc.freeze()
    return found


def collect_new() -> None:
    """Collect the garbage among objects created since `set_aside`; a few milliseconds."""
    gc.collect()


def collect_young() -> None:
    """Collect young garbage; for callers that call `set_aside` repeatedly."""
    gc.collect(1)


def set_aside() -> None:
    """Freeze existing objects, after a large one was created: only `collect_all` traverses them.

    The collector looks through young things at any moment, in whatever thread, and a list of a
    million tasks among them holds everyone up for 60 ms, twice.
    """
    gc.freeze()


def hurry() -> None:
    """Note that a key press arrived, to be handled now; from one thread only."""
    now = time.monotonic()
    if now >= _way.next:
        _way.next = now + REST_SECONDS
        _way.clear.clear()
        _way.until = max(_way.opening_until, now + URGENT_SECONDS)


def first_rows_stand() -> None:
    """Note that what somebody waits for can be drawn: what follows it can wait until it is."""
    _way.clear.clear()
    _way.until = max(_way.until, time.monotonic() + FIRST_ROWS_SECONDS)


def opening() -> None:
    """Say that a dialog is about to open: frames before it do not answer; from one thread only."""
    now = time.monotonic()
    if now >= _way.next_opening:
        _way.next_opening = now + OPENING_REST_SECONDS
        _way.clear.clear()
        _way.until = _way.opening_until = now + OPENING_SECONDS


def opened() -> None:
    """Say that the dialog is there."""
    _way.opening_until = 0.0
    answered()


def answered() -> None:
    """Note that the key press was handled."""
    if _way.until and time.monotonic() >= _way.opening_until:
        _way.until = 0.0
        _way.clear.set()


def give_way() -> None:
    """Between two chunks of work: wait while a key press is being handled."""
    if _way.until:
        seconds = _way.until - time.monotonic()
        if seconds > 0:
            _way.clear.wait(seconds)


def let_go() -> None:
    """Between two chunks of long work: yield the interpreter to another thread."""
    if _way.until:
        give_way()
    else:
        time.sleep(0)
