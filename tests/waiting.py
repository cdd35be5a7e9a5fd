"""How tests wait: for what has to come, however busy the machine is.

All seconds are those of a machine that has nothing else to do.
"""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

GENEROUS = 6
"""What comes at last is waited for that many times as long: waiting costs only what fails."""


REMEMBERED_SECONDS = 60.0
_seen: deque[tuple[float, int]] = deque()
"""When the machine was looked at in the last minute, and what came of it."""


def patience() -> int:
    """How many times as long things may take now: 1 while there is a processor for each process.

    It is for what has to be soon, as leaving; what only has to come is waited for by `wait_until`.
    The most of the last minute holds, as far as it was asked for: what began on a busy machine may
    end on one that is idle again.
    """
    now = time.monotonic()
    _seen.append((now, _busyness()))
    while _seen[0][0] < now - REMEMBERED_SECONDS:
        _seen.popleft()
    return max(found for _, found in tuple(_seen))


def reply_seconds() -> float:
    """How long an answer of a worker may take, 1 s on a machine that is idle.

    Longer than this a connection may not be silent: a RabbitMQ that hears nothing ends it.
    """
    return float(min(patience(), 8))


def _busyness() -> int:
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
        # Once more: a machine that stood still may not have let us look for as long.
        late = waited > seconds * GENEROUS and waited > seconds * patience()
        if late and not condition():
            raise AssertionError(f"waited {waited:.0f} s for {what}")
        time.sleep(0.02)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """AssertionError where what is done inside takes longer."""
    patience()  # how busy it is now counts too
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took < seconds * patience(), f"took {took:.1f} s"
