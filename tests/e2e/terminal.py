"""Runs a program on a pty of its own, as a terminal emulator would, and looks at what it does."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.emulator import IN_BAND_RESIZE, Emulator
from tests.waiting import GENEROUS, patience, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "celerytui")

# Gives the program a session of its own on the pty; a launcher, because a fork from a process with
# threads is not safe.
LAUNCHER = """
import fcntl, os, resource, signal, sys, termios
os.setsid()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if "owned" in sys.argv[1]: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if "nohup" in sys.argv[1]: signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.write(1, b"$ before" + bytes([13, 10]))
os.execv(sys.argv[2], sys.argv[2:])
"""

LEAVE_SECONDS = 2.5
"""Leaving may take 2 s."""

IMPORTING = "celerytui: importing"

Wanted = str | Callable[[list[str]], bool]


def environment(home: Path, **changes: str) -> dict[str, str]:
    """The environment of a program in a plain terminal, without the user's own settings."""
    foreign = ("CELERY", "TEXTUAL", "COLUMNS", "LINES", "NO_COLOR", "XDG_", "PYTHONWARNINGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(REPOSITORY),
        **changes,
    }


class Terminal:
    """A terminal with one program in it.

    With `modern` it answers queries, as kitty and its like do. Without `owned` the pty is not the
    program's controlling terminal, so that the kernel tells it nothing; with `nohup` the program
    starts with SIGHUP ignored.
    """

    def __init__(
        self,
        args: Sequence[str],
        home: Path,
        *,
        size: tuple[int, int] = (80, 24),
        modern: bool = False,
        owned: bool = True,
        nohup: bool = False,
        **env: str,
    ) -> None:
        self._master, self._slave = os.openpty()
        # What there is to be read may be flushed by the program before it is.
        os.set_blocking(self._master, False)
        self._write_size(*size)
        self.attributes_before = self.attributes()
        self.emulator = Emulator(*size, self.send if modern else None)
        self.output = bytearray()
        """All that was written to the terminal."""
        self._fed = 0
        self._taking = threading.Lock()
        self._reading = threading.Event()
        self._reading.set()
        self._gone = False
        options = "owned" * owned + "nohup" * nohup
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, options, *args],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=home,
            env=environment(home, **env),
        )
        self.pid = self.process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._gone:
            if self._reading.wait(0.05) and select.select([self._master], [], [], 0.05)[0]:
                # Held until it is kept: what was taken from the pty is in neither place before.
                with self._taking, contextlib.suppress(OSError):
                    self.output += os.read(self._master, 65536)

    # What it shows

    @property
    def lines(self) -> list[str]:
        """The screen's lines, without the blanks at their ends."""
        end = len(self.output)
        data, self._fed = bytes(self.output[self._fed : end]), end
        self.emulator.feed(data)
        return self.emulator.lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def shows(self, wanted: Wanted) -> bool:
        """Whether the screen has this text, or this holds for its lines."""
        lines = self.lines
        if isinstance(wanted, str):
            return any(wanted in line for line in lines)
        return wanted(lines)

    def wait_for(self, wanted: Wanted, seconds: float = 20.0) -> None:
        """Wait until `shows`; AssertionError with the screen where it does not in time."""
        deadline = time.monotonic() + seconds * GENEROUS
        while not self.shows(wanted):
            status = self.process.poll()
            over = status is not None and self._all_read() and not self.shows(wanted)
            if over or time.monotonic() > deadline:
                ended = f", ended with {status}" if status is not None else ""
                what = repr(wanted) if isinstance(wanted, str) else f"screen as in {wanted}"
                raise AssertionError(f"no {what} in {seconds} s{ended}:\n{self.text}")
            time.sleep(0.02)

    def _all_read(self) -> bool:
        """Whether all that was written is in `output`; asked once the program has ended.

        The kernel passes on what is written a little later, which only `select` waits for.
        """
        with self._taking:
            return not select.select([self._master], [], [], 0)[0]

    # What is done to it

    def send(self, text: str) -> None:
        """Type."""
        select.select([], [self._master], [], 60)
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        self._write_size(columns, rows)
        self.emulator.resize(columns, rows)
        if self.emulator.modes.get(IN_BAND_RESIZE):
            self.emulator.report_size()

    def _write_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def stop_reading(self) -> None:
        """Let the output pile up in the pty."""
        self._reading.clear()

    def go_on_reading(self) -> None:
        self._reading.set()

    def full(self) -> bool:
        """Whether the pty takes no more output."""
        return not select.select([], [self._slave], [], 0)[1]

    def unread(self) -> int:
        """How many bytes can be read at once: of what piles up, 4095 at most."""
        count = fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4)
        return int.from_bytes(count, sys.byteorder)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        self._gone = True
        self._reader.join()
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def finish(self, seconds: float = LEAVE_SECONDS, since: float | None = None) -> int:
        """The exit status; AssertionError where the program does not end in time.

        `since` is when it was told to, on the monotonic clock; now, where it is not given.
        """
        patience()  # how busy it is now counts too
        began = time.monotonic() if since is None else since
        while (status := self.process.poll()) is None:
            waited = time.monotonic() - began
            if waited > seconds * patience():
                raise AssertionError(f"still there after {waited:.1f} s:\n{self.text}")
            time.sleep(0.01)
        return status

    def close(self) -> None:
        """End the program, whatever it does, and close the pty."""
        with contextlib.suppress(ProcessLookupError):
            if self.process.poll() is None:
                os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        if self._master >= 0:
            self.hang_up()

    # What it left behind

    @property
    def said(self) -> str:
        """What stands on the screen below what stood there before the program."""
        lines = self.text.partition("$ before\n")[2].splitlines()
        # Which it says where the machine is busy.
        return "\n".join(one for one in lines if not one.startswith(IMPORTING)).strip()

    def attributes(self) -> list[Any]:
        """The terminal's attributes, as `tcgetattr` gives them."""
        return termios.tcgetattr(self._master)

    def assert_restored(self) -> None:
        """AssertionError where the terminal is not as it was before the program."""
        wait_until(self._all_read, 5, "the output to be read")
        shown = self.text
        assert not self.emulator.left_behind(), f"left on: {self.emulator.left_behind()}\n{shown}"
        assert self.attributes() == self.attributes_before, "not the attributes from before"
        assert shown.startswith("$ before\n"), f"not the screen from before:\n{shown}"
