"""A Textual driver that uses the event loop instead of threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from textual import constants, events
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message
from textual.messages import InBandWindowResize, TerminalSupportsSynchronizedOutput

from celerytui.errors import NoTerminal
from celerytui.interpreter import hurry
from celerytui.ui.terminal.canvas import Canvas, CanvasUpdate
from celerytui.ui.terminal.keyboard import Keyboard
from celerytui.ui.terminal.outlet import Outlet, reopen
from celerytui.ui.terminal.private import CompositorUpdate

DRAIN_SECONDS: Final = 0.3
ABANDON_SECONDS: Final = 0.2
"""Seconds for a slow terminal to accept the last bytes: in orderly exit, and when time is up."""
SETTLE_SECONDS: Final = 0.02
"""Seconds to discard mouse reports still in flight, which the shell would read."""

KITTY_KEYS: Final = 0b11001
"""Unambiguous escape codes for all keys, with their text: see
https://sw.kovidgoyal.net/kitty/keyboard-protocol/#progressive-enhancement"""


def require_terminal() -> None:
    """Raise NoTerminal if there is no terminal to read keys from and draw on."""
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or stream.closed or not stream.isatty():
            raise NoTerminal(
                f"{name} is not a terminal, which the monitor needs; without one, use `snapshot`"
            )
    if os.environ.get("TERM") == "dumb":
        raise NoTerminal("TERM=dumb cannot be drawn on, which the monitor needs; use `snapshot`")


class TerminalDriver(Driver):
    """Does what Textual's driver for Linux and macOS does, without threads."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._in = 0 if sys.__stdin__ is None else sys.__stdin__.fileno()
        self._out = 2 if sys.__stderr__ is None else sys.__stderr__.fileno()
        self._input = -1
        self._hushed: dict[int, int] = {}
        super().__init__(app, debug=debug, mouse=mouse, size=size or self._terminal_size())
        self.app, self._with_mouse, self._debugging = app, mouse, debug
        self.leaving = False
        """Set when the app exits: it no longer suspends or resumes."""
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
        self._outlet: Outlet | None = None
        # Before their styles are known, widgets are drawn on black even in the terminal's colours.
        colourless = app.no_color and app.ansi_color
        color_system = COLOR_SYSTEMS.get(app.console.color_system or "", ColorSystem.TRUECOLOR)
        self.canvas = Canvas(None if colourless else color_system)
        self.bytes_sent = 0
        self._touched = time.monotonic()
        self._held: list[str] | None = None
        self._keyboard = Keyboard(debug)
        self._tick: asyncio.TimerHandle | None = None
        self._attributes_before: list[Any] | None = None
        self._synchronised = False
        self._resized_in_band = False
        self._pausing = False
        self._restarts = True
        signal.signal(signal.SIGTSTP, self._stopped)
        signal.signal(signal.SIGCONT, self._woken)

    @property
    def can_suspend(self) -> bool:
        """Always true."""
        return True

    # In and out of the application's mode

    def start_application_mode(self) -> None:
        """Take over the terminal, unless that is done already."""
        if self._outlet is not None:
            return
        self._outlet = Outlet(self._out, self._redraw)
        self.canvas.forget()
        self._input = reopen(self._in, os.O_RDONLY)
        with contextlib.suppress(termios.error):
            self._attributes_before = termios.tcgetattr(self._in)
            self._set_attributes(_raw(termios.tcgetattr(self._in)))
        self._hush()
        self._keyboard = Keyboard(self._debugging)
        self.loop.add_reader(self._input, self._read)
        # Through the loop, so that its wake-up pipe is notified of every signal, ours included.
        self.loop.add_signal_handler(signal.SIGWINCH, self._resized)
        self.write(self._greeting())
        self._send_size()

    def _greeting(self) -> str:
        """The sequences that set up the terminal and query the modes it supports."""
        mouse = "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h" if self._with_mouse else ""
        kitty = "" if constants.DISABLE_KITTY_KEY else f"\x1b[>{KITTY_KEYS}u"
        # Apple's terminal shows the end of this question, and does not know the mode.
        sync = "" if os.environ.get("TERM_PROGRAM") == "Apple_Terminal" else "\x1b[?2026$p"
        return f"\x1b[?1049h{mouse}\x1b[?25l\x1b[?1004h{kitty}{sync}\x1b[?2048$p\x1b[?2004h\x1b[?7l"

    def stop_application_mode(self) -> None:
        """Restore the terminal exactly, unless that is done already."""
        self.disable_input()
        if self._outlet is None:
            return
        # Cleared last, so that `abandon` restores the terminal if a signal interrupts this.
        self._outlet.finish(self._farewell(), DRAIN_SECONDS)
        time.sleep(SETTLE_SECONDS)
        self._restore_attributes()
        outlet, self._outlet = self._outlet, None
        outlet.close()
        os.close(self._input)
        self._unhush()
        self._resized_in_band = False

    def disable_input(self) -> None:
        """Stop reading keys."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self._outlet is not None:
            self.loop.remove_reader(self._input)
            self.loop.remove_signal_handler(signal.SIGWINCH)

    def close(self) -> None:
        """Does nothing: leaving application mode closes everything."""

    def abandon(self) -> None:
        """Restore the terminal from a signal handler, whatever the loop does."""
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.finish(self._farewell(), ABANDON_SECONDS)
            self._restore_attributes()
            self._unhush()

    def _farewell(self) -> bytes:
        """The sequences that undo all that were sent; the keyboard's before the screen's."""
        resize = "\x1b[?2048l" if self._resized_in_band else ""
        mouse = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l" * self._with_mouse
        kitty = "" if constants.DISABLE_KITTY_KEY else "\x1b[<u"
        sync = "\x1b[?2026l" if self._synchronised else ""
        return (
            f"\x1b[0m{sync}\x1b[?2004l\x1b[?7h{resize}{mouse}\x1b[?1004l{kitty}\x1b[?1049l\x1b[?25h"
        ).encode()

    # The terminal's attributes, and the two other descriptors that may lead to it

    def _set_attributes(self, attributes: list[Any]) -> None:
        # The default of SIGTTOU would stop a process that does this from the background.
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            termios.tcsetattr(self._in, termios.TCSANOW, attributes)
        finally:
            signal.signal(signal.SIGTTOU, before)

    def _restore_attributes(self) -> None:
        """Does nothing if a shell has the terminal: it has set its own attributes."""
        if self._attributes_before is not None and self._in_foreground():
            with contextlib.suppress(termios.error):
                termios.tcflush(self._in, termios.TCIFLUSH)
                self._set_attributes(self._attributes_before)

    def _hush(self) -> None:
        """Keep what C libraries and children write to standard output and error off the screen."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in (1, 2):
            if os.isatty(fd):
                self._hushed[fd] = os.dup(fd)
                os.dup2(nowhere, fd)
        os.close(nowhere)

    def _unhush(self) -> None:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    stream.flush()
        while self._hushed:
            fd, saved = self._hushed.popitem()
            os.dup2(saved, fd)
            os.close(saved)

    # Output

    def write(self, data: str) -> None:
        if threading.get_ident() != self._thread:
            self.loop.call_soon_threadsafe(self.write, data)
        elif self._held is not None:
            self._held.append(data)
        elif self._outlet is not None:
            encoded = data.encode(self._encoding, "replace")
            self.bytes_sent += len(encoded)
            self._outlet.write(encoded)

    def display(self, show: Callable[[Any], None], frame: Any) -> None:
        """Have `show` write a frame; only cells that differ are sent, in one piece.

        At each sending the other threads may take the interpreter, and we wait for it again.
        """
        if isinstance(frame, CompositorUpdate):
            frame = CanvasUpdate(self.canvas, frame)
        held: list[str] = []
        self._held = held
        try:
            show(frame)
        finally:
            self._held = None
            if held and not getattr(frame, "same", False):
                self.write("".join(held))

    def _redraw(self) -> None:
        """Redraw everything, as the terminal shows something else."""
        self.canvas.forget()
        self.app.refresh(layout=True)

    # Input

    @property
    def untouched_for(self) -> float:
        """Seconds since the last input."""
        return time.monotonic() - self._touched

    def _read(self) -> None:
        try:
            data = os.read(self._input, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # The terminal is gone; where the kernel did not say so, we say it in its place.
            self.loop.remove_reader(self._input)
            signal.raise_signal(signal.SIGHUP)
            return
        self._touched = time.monotonic()
        hurry()
        self._pass_on(self._keyboard.feed(data))
        if self._tick is not None:
            self._tick.cancel()
        self._tick = self.loop.call_later(
            self._keyboard.timeout, lambda: self._pass_on(self._keyboard.expire())
        )

    def _pass_on(self, messages: Iterable[Message]) -> None:
        try:
            for message in messages:
                self.process_message(message)
        except Exception as error:
            self.app.call_later(_raise, error)

    def process_message(self, message: Message) -> None:
        """Dispatch what was read, and enable the modes that the terminal reports."""
        if isinstance(message, TerminalSupportsSynchronizedOutput):
            self._synchronised = True
        elif isinstance(message, InBandWindowResize) and message.supported:
            self._resized_in_band = True
            if not message.enabled:
                self.write("\x1b[?2048h")
                message = InBandWindowResize(True, True)
            if self._with_mouse:
                self.write("\x1b[?1016h")
        super().process_message(message)

    # Size

    def _terminal_size(self) -> tuple[int, int]:
        """Columns and rows as reported by the terminal; COLUMNS and LINES may be stale."""
        with contextlib.suppress(OSError):
            width, height = os.get_terminal_size(self._input if self._hushed else self._out)
            if width and height:
                return width, height
        width, height = shutil.get_terminal_size((80, 25))
        return width or 80, height or 25

    def _resized(self) -> None:
        if not self._resized_in_band:
            self._send_size()

    def _send_size(self) -> None:
        self.canvas.forget()
        size = Size(*self._terminal_size())
        self.send_message(events.Resize(size, size))

    # Stop and go on

    @contextlib.contextmanager
    def no_automatic_restart(self) -> Iterator[None]:
        """Inside, a suspend neither restores nor takes over the terminal."""
        before, self._restarts = self._restarts, False
        try:
            yield
        finally:
            self._restarts = before

    def _stopped(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.suspend)

    def _woken(self, *_: object) -> None:
        if not self._pausing:
            self.loop.call_soon_threadsafe(self._continued)

    def suspend(self, *, group: bool = False) -> None:
        """Restore the terminal and stop until the shell's `fg`, then take it over again.

        With `group`, as ctrl+z does: the processes started together with us (`make`) stop too, as
        a shell sees no stopped job while they wait for us.
        """
        if self.leaving:
            return
        if self._restarts:
            self.suspend_application_mode()
        self._pause(group)
        if self._restarts and not self.leaving:
            self.resume_application_mode()
            self.send_message(self.SignalResume())
            self._redraw()

    def _continued(self) -> None:
        """Redraw after a SIGCONT without a suspend: others may have changed the terminal."""
        if self._outlet is None or self.leaving or not self._restarts:
            return
        if not self._in_foreground():
            self._pause(False)
        if not self.leaving:
            self.suspend_application_mode()
            self.resume_application_mode()
            self._redraw()

    def _pause(self, group: bool) -> None:
        """Stop, and return when continued in the foreground.

        By SIGTSTP, which the kernel ignores where no shell is there to continue us; SIGSTOP would
        stop us for ever.
        """
        self._pausing = True
        before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            os.kill(0 if group else os.getpid(), signal.SIGTSTP)
            while not self.leaving and not self._in_foreground():
                time.sleep(0.05)
                os.kill(os.getpid(), signal.SIGTSTP)
        finally:
            signal.signal(signal.SIGTSTP, before)
            self._pausing = False

    def _in_foreground(self) -> bool:
        try:
            group = os.tcgetpgrp(self._in)
        except OSError:  # not our controlling terminal, or gone
            return True
        return group in (0, os.getpgrp())  # 0: a group that this container cannot see


def _raw(attributes: list[Any]) -> list[Any]:
    """The terminal's attributes with every key passed on at once, unchanged and without echo."""
    signals = 0 if os.environ.get("TEXTUAL_ALLOW_SIGNALS") else termios.ISIG
    attributes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | signals)
    attributes[tty.IFLAG] &= ~(
        termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR
    )
    attributes[tty.CC][termios.VMIN] = 1
    return attributes


def _raise(error: Exception) -> None:
    raise error
