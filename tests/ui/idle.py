"""When the app has nothing left to do: its loop knows, however busy the machine is.

Textual's pilot takes a process for idle that used little of a processor for 20 ms, up to three
times a key. That is long for a process that has one, and on a busy machine one that got none
passes for idle.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
from typing import Any, Final

from celerytui.ui.terminal.frame_rate import FRAMES_PER_SECOND

FRAME_SECONDS: Final = 1 / FRAMES_PER_SECOND

DRAWN_SECONDS: Final = 2 * FRAME_SECONDS
"""What is due within this is part of what goes on: Textual skips a frame where it was late."""

LONGEST_SECONDS: Final = 1.0
"""As with Textual's own: some tests keep the app busy for good."""

_waiting: dict[int, list[asyncio.Future[None]]] = {}
"""Who waits for the loop of a thread, by the thread's number."""


class WatchedSelector(selectors.DefaultSelector):
    """Where a loop waits once nothing is left to do; it tells those who wait for that."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        waiting = _waiting.get(threading.get_ident())
        if not waiting or (timeout is not None and timeout <= DRAWN_SECONDS):
            return super().select(timeout)
        found = super().select(0)  # what came from threads in the meantime is left to do, too
        if not found:
            for idle in waiting:
                idle.set_result(None)
            waiting.clear()
        return found


async def wait_for_idle(*_: Any, **__: Any) -> None:
    """Wait until nothing is left to do and nothing is due within two frames."""
    idle = asyncio.get_running_loop().create_future()
    waiting = _waiting.setdefault(threading.get_ident(), [])
    waiting.append(idle)
    try:
        await asyncio.wait([idle], timeout=LONGEST_SECONDS)
    finally:
        if idle in waiting:
            waiting.remove(idle)
