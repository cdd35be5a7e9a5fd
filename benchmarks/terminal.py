"""A program on a pseudo terminal, what it wrote and when, and what the screen showed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte
from msgspec import Struct

from benchmarks import processes

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = (sys.executable, "-m", "celerytui")
SYNC_QUERY = b"\x1b[?2026$p"
SYNC_ANSWER = b"\x1b[?2026;2$y"
"""Textual asks whether the terminal paints a frame at once; today's do."""


class Chunk(Struct, frozen=True):
    """Bytes of one read, and the moment they came, by time.perf_counter."""

    at: float
    data: bytes


class Terminal:
    """Runs a program on a pty of its own and keeps what it writes, read as fast as it comes."""

    def __init__(
        self,
        args: Sequence[str],
        *,
        width: int = 120,
        height: int = 40,
        env: Mapping[str, str] | None = None,
        keep: bool = True,
    ) -> None:
        self.width, self.height = width, height
        self.chunks: list[Chunk] = []
        self.bytes = 0
        self._keep = keep
        self._fd, program_side = pty.openpty()
        fcntl.ioctl(program_side, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        # What was chosen on the screen before would be there again.
        self._state = tempfile.TemporaryDirectory()
        own = {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "XDG_STATE_HOME": self._state.name,
        }
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            list(args),
            stdin=program_side,
            stdout=program_side,
            stderr=program_side,
            cwd=ROOT,
            env={**os.environ, **own, **(env or {})},
            start_new_session=True,
        )
        os.close(program_side)
        self.pid = self._process.pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        asked = b""
        while not self._over.is_set():
            if not select.select([self._fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return
            now = time.perf_counter()
            if not data:
                return
            self.bytes += len(data)
            if self._keep:
                self.chunks.append(Chunk(now, data))
            asked = (asked + data)[-200:] if self.bytes < 4000 else b""
            if SYNC_QUERY in asked:
                asked = b""
                os.write(self._fd, SYNC_ANSWER)

    def press(self, key: str) -> float:
        """Type a key; the moment at which it was."""
        now = time.perf_counter()
        os.write(self._fd, key.encode())
        return now

    @property
    def running(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """What its threads used of the processors so far."""
        return processes.cpu_seconds(self.pid)

    def watch(self, seconds: float) -> tuple[float, float]:
        """Its share of a core and its bytes a second, over so many seconds."""
        before, used = self.bytes, self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - used) / seconds, (self.bytes - before) / seconds

    def close(self) -> None:
        """End the program, by its pid."""
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGKILL)
                self._process.wait()
        self._over.set()
        self._thread.join(1)
        os.close(self._fd)
        self._state.cleanup()


class Screen:
    """What a terminal shows after the chunks so far; `feed` takes those that came since."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._fed = 0
        self._screen = pyte.Screen(terminal.width, terminal.height)
        self._stream = pyte.ByteStream(self._screen)

    def feed(self, until: float | None = None) -> float | None:
        """Take the chunks up to a moment, None for all; when the last of them came."""
        last = None
        chunks = self._terminal.chunks
        while self._fed < len(chunks) and (until is None or chunks[self._fed].at <= until):
            last = self.step()
        return last

    def step(self) -> float | None:
        """Take the next chunk; when it came, None if there is no other."""
        if self._fed >= len(self._terminal.chunks):
            return None
        chunk = self._terminal.chunks[self._fed]
        self._fed += 1
        self._stream.feed(_plain(chunk.data))
        return chunk.at

    @property
    def lines(self) -> list[str]:
        """The rows of text."""
        return list(self._screen.display)

    def row_of(self, text: str) -> int | None:
        """The first row that has the text."""
        return next((y for y, line in enumerate(self.lines) if text in line), None)


def wait_for(terminal: Terminal, shows: Callable[[list[str]], bool], seconds: float) -> Screen:
    """Wait until the screen shows something; SystemExit with the screen where it does not."""
    screen = Screen(terminal)
    deadline = time.monotonic() + seconds
    while not shows(screen.lines):
        if time.monotonic() > deadline or not terminal.running:
            raise SystemExit("not shown in time:\n" + "\n".join(screen.lines))
        time.sleep(0.05)
        screen.feed()
    return screen


def _plain(data: bytes) -> bytes:
    # Sequences of private kinds that pyte would show as text: `CSI > ... u`, `CSI < u`.
    for head in (b"\x1b[>", b"\x1b[<", b"\x1b[?2026"):
        while (start := data.find(head)) >= 0:
            end = start + len(head)
            while end < len(data) and not 0x40 <= data[end] <= 0x7E:
                end += 1
            data = data[:start] + data[end + 1 :]
    return data
