"""How the app comes and goes: leaving in time, exit statuses, crashes without secrets."""

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
"""How long `on_leaving` may take, counted from when leaving began."""

CRASH_FRAMES: Final = 8
CRASH_CHARACTERS: Final = 8_000


class Lifecycle:
    """An app's life on the terminal, which it leaves within two seconds, whatever hangs.

    `on_leaving()` stops what was started; it is called once, on the loop, while the screen is given
    back, and ended after FAREWELL_SECONDS. It must not touch the widgets: they are going too. The
    app hands on to the methods here what Textual calls it for.
    """

    def __init__(self, app: App[int], on_leaving: Callable[[], Awaitable[None]]) -> None:
        free_what_is_closed()
        self._app = app
        self._on_leaving = on_leaving
        self._driver: TerminalDriver | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._departure: Departure | None = None
        self.leaving = False
        """Whether the app was asked to leave, or must."""
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
        """How many bytes went to the terminal so far."""
        return self._driver.bytes_sent if self._driver is not None else 0

    @property
    def untouched_for(self) -> float:
        """Seconds since a key was pressed or the mouse moved."""
        return self._driver.untouched_for if self._driver is not None else 0.0

    def display(self, screen: Screen[Any], frame: Any) -> None:
        """Send a frame, of which only what differs goes to the terminal."""
        if self._driver is None:
            display(self._app, screen, frame)
            return
        self._driver.display(lambda made: display(self._app, screen, made), frame)
        if frame is not None:
            answered()

    def suspend(self) -> None:
        """Give the terminal back to the shell, as ctrl+z does."""
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
        """Leave with the exit status `return_code`, or else `result`; the first call wins."""
        if self.leaving:
            return
        status = return_code or result or ExitCode.OK
        self._begin_leaving(status)
        App.exit(self._app, status, status, message)

    def handle_exception(self, error: Exception) -> None:
        """Leave because of an error that nobody caught."""
        remember_exception(self._app, error)
        if self._crashed(error):
            App.exit(self._app, ExitCode.FAILURE, ExitCode.FAILURE)

    async def unmount(self) -> None:
        """Wait for what was started to stop; the terminal has been given back."""
        self._begin_leaving(self._app.return_code or ExitCode.OK)
        if self._farewell is not None:
            remaining = max(0.0, self._farewell_until - time.monotonic())
            await asyncio.wait([self._farewell], timeout=remaining)

    def _signalled(self, status: int) -> None:
        """Leave because of a signal; called inside its handler."""
        if self._driver is not None:
            self._driver.leaving = True  # it may be stopped, and must not stop again
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.exit, status)

    def _abandon(self) -> None:
        """Give the terminal back without the loop's help, if it was not given back yet."""
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
            logger.warning("what was running did not stop within %s s", FAREWELL_SECONDS)
        except Exception:
            logger.exception("stopping failed")

    def _crashed(self, error: BaseException) -> bool:
        """Keep an error that ends the app, to be told once the terminal is given back.

        False where the app leaves already: widgets that are taken down, perhaps before they were
        whole, may fail.
        """
        departure = self._departure
        leaving = self.leaving or (departure is not None and departure.status is not None)
        logger.error("failed while leaving" if leaving else "crashed", exc_info=error)
        if leaving:
            return False
        self._crash = error
        self._begin_leaving(ExitCode.FAILURE)
        return True


def _tell(error: BaseException) -> None:
    """Write a crash to standard error."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.__stderr__.write(crash_report(error))  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]


def crash_report(error: BaseException) -> str:
    """What a user is told of a crash: the last frames, never their locals, without passwords."""
    lines = traceback.TracebackException.from_exception(error, limit=-CRASH_FRAMES).format()
    # Masked first: a password that was cut or cleaned is no longer known as one.
    text = clean(mask("".join(lines)), newlines=True).rstrip("\n")
    if len(text) > CRASH_CHARACTERS:
        text = "[...]\n" + text[-CRASH_CHARACTERS:]
    return (
        text + "\ncelerytui crashed; this is a bug. Please report it with the lines above"
        " (passwords are masked in them).\n"
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
