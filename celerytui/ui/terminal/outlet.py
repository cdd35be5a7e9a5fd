"""Output to a terminal that may stop reading."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import time
from collections.abc import Callable
from typing import Final

BACKLOG: Final = 64 * 1024
"""Bytes that are buffered for a slow terminal; frames beyond it are dropped, and redrawn later."""

RETRY_SECONDS: Final = 0.02


def reopen(fileno: int, flags: int) -> int:
    """A non-blocking descriptor of our own for the terminal `fileno`.

    The flag on the one we were given would reach the shell, which shares it.
    """
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(fileno), flags | os.O_NONBLOCK | os.O_NOCTTY)
    with contextlib.suppress(OSError):  # another user's terminal, after `su`
        return os.open("/dev/tty", flags | os.O_NONBLOCK | os.O_NOCTTY)
    return os.dup(fileno)


class Outlet:
    """Writes to the terminal without blocking; calls `caught_up()` after frames were dropped."""

    def __init__(self, fileno: int, caught_up: Callable[[], None]) -> None:
        self.fd = reopen(fileno, os.O_WRONLY)
        self._loop = asyncio.get_running_loop()
        self._caught_up = caught_up
        self._pending = bytearray()
        self._retry: asyncio.TimerHandle | None = None
        self._torn = False

    def write(self, data: bytes) -> None:
        """Send or buffer `data`, or drop all of it if too much is buffered already."""
        if self._pending and len(self._pending) + len(data) > BACKLOG:
            self._torn = True
            return
        self._pending += data
        if self._retry is None:
            self._push()

    def _push(self) -> None:
        self._retry = None
        if not self._send():
            self._retry = self._loop.call_later(RETRY_SECONDS, self._push)
        elif self._torn:
            self._torn = False
            self._caught_up()

    def _send(self) -> bool:
        """Write what can be written; whether nothing is left."""
        try:
            if self._pending:
                del self._pending[: os.write(self.fd, self._pending)]
        except BlockingIOError:
            return False
        except OSError:  # the terminal is gone, and reading says so
            self._pending.clear()
        return not self._pending

    def finish(self, last: bytes, seconds: float) -> None:
        """Send what is buffered and then `last`; after `seconds` only `last`, best effort."""
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        # A copy: a signal handler may run this in the middle of a write of the loop.
        left = bytes(self._pending) + last
        deadline = time.monotonic() + seconds
        while left := self._written(left):
            if time.monotonic() >= deadline:
                with contextlib.suppress(termios.error):
                    termios.tcflush(self.fd, termios.TCOFLUSH)
                self._written(last)
                break
            time.sleep(0.005)
        self._pending = bytearray()

    def _written(self, data: bytes) -> bytes:
        """Write what can be written at once; return the rest."""
        try:
            return data[os.write(self.fd, data) :]
        except BlockingIOError:
            return data
        except OSError:  # the terminal is gone
            return b""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.fd)
