"""Start and exit of the app: exit in time, exit statuses, crash reports without secrets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final

from rich.console import RenderableType
from textual.app import App
from textual.screen import Screen

from celerytui.columns import clean
from celerytui.errors import ExitCode
from celerytui.interpreter import answered
from celerytui.logs import quieten
from celerytui.masking import mask
from celerytui.ui.terminal.departure import Departure
from celerytui.ui.terminal.driver import TerminalDriver, require_terminal
from celerytui.ui.terminal.private import (
    display,
    free_what_is_closed,
    remember_exception,
    troubles,
)

logger = logging.getLogger(__name__)

FAREWELL_SECONDS: Final = 1.2
"""Seconds that `on_leaving` may take, from the start of the exit."""

CRASH_FRAMES: Final = 8
CRASH_CHARACTERS: Final = 8_000


class Lifecycle:
    """Runs an app on the terminal and makes it exit within two seconds, whatever hangs.

    `on_leaving()` stops what was started; it is called once, on the loop, while the terminal is
    restored, and cancelled after FAREWELL_SECONDS. It must not touch widgets: they are being
    removed. The app delegates Textual's callbacks to the methods here.
    """

    def __init__(self, app: App[int], on_leaving: Callable[[], Awaitable[None]]) -> None:
        free_what_is_closed()
        self._app = app
        self._on_leaving = on_leaving
        self._driver: TerminalDriver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._departure: Departure | None = None
        self.leaving = False
        """Whether the app is exiting."""
        self._crash: BaseException | None = None
        self._farewell: asyncio.Task[None] | None = None
        self._farewell_until = 0.0

    def run(self, *, log_file: str | None = None) -> int:
        """Run the app on the terminal and return its exit status; call it on the main thread.

        Raises NoTerminal where there is no terminal. The interpreter's own end, after this
        returned, is bounded too: it must come soon, or clean up what was started for the app first.
        """
        require_terminal()
        quieten(log_file)
        for trouble in troubles:
            logger.warning(trouble)
        loop = self._loop = asyncio.new_event_loop()
        with Departure(self._signalled, self._abandon) as departure:
            self._departure = departure
            try:
                self._app.run(loop=loop)
            except Exception as error:
                self._crashed(error)
            finally:
                self._abandon()
                _close(loop)
            status = self._app.return_code
            if self._crash is not None:
                _tell(self._crash)
                status = ExitCode.FAILURE
            elif status is None:
                status = ExitCode.INTERRUPTED if departure.status is None else departure.status
        departure.guard_exit(int(status))
        return int(status)

    # The terminal

    def make_driver(self, app: App[Any], **options: Any) -> TerminalDriver:
        """The driver of the app, as its `driver_class`."""
        self._driver = TerminalDriver(app, **options)
        return self._driver

    @property
    def bytes_sent(self) -> int:
        """Bytes sent to the terminal so far."""
        return self._driver.bytes_sent if self._driver is not None else 0

    @property
    def untouched_for(self) -> float:
        """Seconds since the last key or mouse event."""
        return self._driver.untouched_for if self._driver is not None else 0.0

    def display(self, screen: Screen[Any], frame: Any) -> None:
        """Send a frame; only cells that differ go to the terminal."""
        if self._driver is None:
            display(self._app, screen, frame)
            return
        self._driver.display(lambda made: display(self._app, screen, made), frame)
        if frame is not None:
            answered()

    def suspend(self) -> None:
        """Suspend to the shell, as ctrl+z does."""
        if self._driver is not None:
            self._app.app_suspend_signal.publish(self._app)
            self._driver.suspend(group=True)

    # Leaving

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Exit with the status `return_code`, or else `result`; the first call wins."""
        if self.leaving:
            return
        status = return_code or result or ExitCode.OK
        self._begin_leaving(status)
        App.exit(self._app, status, status, message)

    def handle_exception(self, error: Exception) -> None:
        """Exit because of an uncaught error."""
        remember_exception(self._app, error)
        if self._crashed(error):
            App.exit(self._app, ExitCode.FAILURE, ExitCode.FAILURE)

    async def unmount(self) -> None:
        """Wait until what was started has stopped; the terminal is restored already."""
        self._begin_leaving(self._app.return_code or ExitCode.OK)
        if self._farewell is not None:
            remaining = max(0.0, self._farewell_until - time.monotonic())
            await asyncio.wait([self._farewell], timeout=remaining)

    def _signalled(self, status: int) -> None:
        """Exit because of a signal; called in its handler."""
        if self._driver is not None:
            self._driver.leaving = True  # it may be stopped, and must not stop again
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.exit, status)

    def _abandon(self) -> None:
        """Restore the terminal without the loop, if not done yet."""
        if self._driver is not None:
            self._driver.abandon()

    def _begin_leaving(self, status: int) -> None:
        self.leaving = True
        if self._departure is not None:
            self._departure.begin(status)
        if self._driver is not None:
            self._driver.leaving = True
        if self._farewell is None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, or never ran
                loop = asyncio.get_running_loop()
                self._farewell_until = time.monotonic() + FAREWELL_SECONDS
                self._farewell = loop.create_task(self._say_farewell())

    async def _say_farewell(self) -> None:
        try:
            await asyncio.wait_for(self._on_leaving(), FAREWELL_SECONDS)
        except asyncio.TimeoutError:
            logger.warning("the engine did not stop within %s s", FAREWELL_SECONDS)
        except Exception:
            logger.exception("stopping the engine failed")

    def _crashed(self, error: BaseException) -> bool:
        """Keep an error that ends the app, to be reported when the terminal is restored.

        Returns False if the app is exiting already: widgets that are being removed, perhaps before
        they were complete, may fail.
        """
        departure = self._departure
        leaving = self.leaving or (departure is not None and departure.status is not None)
        logger.error("failed while exiting" if leaving else "crashed", exc_info=error)
        if leaving:
            return False
        self._crash = error
        self._begin_leaving(ExitCode.FAILURE)
        return True


def _tell(error: BaseException) -> None:
    """Write a crash report to standard error."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        stream: Any = sys.__stderr__
        stream.write(crash_report(error))
        stream.flush()


def crash_report(error: BaseException) -> str:
    """The report of a crash: the last frames, without their locals and without passwords."""
    lines = traceback.TracebackException.from_exception(error, limit=-CRASH_FRAMES).format()
    # Masked first: a password that was cut or cleaned is no longer known as one.
    text = clean(mask("".join(lines)), newlines=True).rstrip("\n")
    if len(text) > CRASH_CHARACTERS:
        text = "[...]\n" + text[-CRASH_CHARACTERS:]
    return (
        text + "\ncelerytui crashed; this is a bug. Please report it with the lines above"
        " (passwords are masked).\n"
    )


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Close the loop without waiting for threads of its executor, which may wait for a broker."""
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    with contextlib.suppress(Exception):
        if pending:
            loop.run_until_complete(asyncio.wait(pending, timeout=0.1))
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
