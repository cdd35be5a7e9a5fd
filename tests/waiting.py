"""How tests wait: for what has to come, however busy the machine is.

All seconds are those of a machine that has nothing else to do.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

GENEROUS = 6
"""What comes at last is waited for that many times as long: waiting costs only what fails."""


def patience() -> int:
    """How many times as long things may take now: 1 while there is a processor for each process.

    It is for what has to be soon, as leaving; what only has to come is waited for by `wait_until`.
    """
    busy = os.getloadavg()[0]
    with suppress(OSError):
        # The average lags behind; this is how many want a processor at this moment.
        busy = max(busy, int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0]))
    return max(1, math.ceil(2 * busy / (os.cpu_count() or 1)) - 1)


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits until the condition holds; AssertionError naming `what` when it does not in time."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > seconds * GENEROUS and waited > seconds * patience():
            raise AssertionError(f"waited {waited:.0f} s for {what}")
        time.sleep(0.02)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """AssertionError where what is done inside takes longer."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds * patience(), f"took {took:.1f} s"
