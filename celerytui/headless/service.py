"""Tells a service manager how the process is: ready, alive, stopping (systemd's sd_notify).

Source: sd_notify(3), a datagram to the socket that `NOTIFY_SOCKET` names.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Mapping

WAIT_SECONDS = 1.0
"""How long is waited for a manager that is busy, with what is said only once."""
_MICROSECONDS = re.compile(r"0*[1-9]\d{0,17}", re.ASCII)


class ServiceManager:
    """Who started this process; whatever is said to nobody is lost, and never an error.

    `watchdog` is within how many seconds it wants to hear that the process is alive, None if not.
    """

    def __init__(self, environ: Mapping[str, str], pid: int | None = None) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._status = ""
        self.watchdog = _watchdog(environ, os.getpid() if pid is None else pid)

    def ready(self) -> None:
        """Say that the start is over."""
        self._send("READY=1", WAIT_SECONDS)

    def alive(self) -> None:
        """Say that all goes on."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1", WAIT_SECONDS)

    def status(self, text: str) -> None:
        """Say in one line what is going on, once; a manager that is busy is told the next time."""
        if text != self._status and self._send("STATUS=" + text.replace("\n", " ")):
            self._status = text

    def _send(self, message: str, seconds: float = 0.0) -> bool:
        """Whether it could be said."""
        if not self._address:
            return False
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(seconds)
            out.sendto(message.encode("utf-8", "replace"), self._address)
            return True
        return False


def _watchdog(environ: Mapping[str, str], pid: int) -> float | None:
    wanted, of = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not _MICROSECONDS.fullmatch(wanted) or (of and of != str(pid)):
        return None
    return int(wanted) / 1e6
