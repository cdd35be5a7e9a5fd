"""The app that comes and goes well: leaving in time, exit statuses, crashes without secrets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
import traceback
from typing import Any, ClassVar, Final

from rich.console import RenderableType
from textual import screen as textual_screen
from textual._compositor import CompositorUpdate
from textual.binding import Binding, BindingType
from textual.screen import Screen

from celerytui.columns import clean
from celerytui.errors import ExitCode
from celerytui.interpreter import answered
from celerytui.logs import quieten
from celerytui.masking import mask
from celerytui.ui.terminal import Departure, TerminalDriver, require_terminal
from celerytui.ui.terminal.key_queue import KeysInOrder

logger = logging.getLogger(__name__)

FRAME_SECONDS: Final = 1 / 240
"""From one frame to the next at least: a key does not wait for the 60th of a second in which news
was drawn. News comes at a pace of its own."""
textual_screen.UPDATE_PERIOD = FRAME_SECONDS  # type: ignore[misc]

FAREWELL_SECONDS: Final = 1.2
"""How long `on_leaving` may take, counted from when leaving began."""

CRASH_FRAMES: Final = 8
CRASH_CHARACTERS: Final = 8_000


class BaseApp(KeysInOrder):
    """An app on the terminal that leaves within two seconds, whatever hangs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", show=False),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]
    CLOSE_TIMEOUT = 1.0

    def __init__(self) -> None:
        # Textual takes the mere presence for a yes; the convention is that an empty one says no.
        if os.environ.get("NO_COLOR") == "":
            del os.environ["NO_COLOR"]
        super().__init__(driver_class=TerminalDriver)
        self.departure: Departure | None = None
        self._crash: BaseException | None = None
        self._farewell: asyncio.Task[None] | None = None
        self._farewell_until = 0.0

    async def on_leaving(self) -> None:
        """Stop what was started; called once, on the loop, while the screen is given back.

        Ended after FAREWELL_SECONDS. The widgets must not be touched: they are going too.
        """

    # Drawing

    @property
    def bytes_sent(self) -> int:
        """How many bytes went to the terminal so far."""
        return self._driver.bytes_sent if isinstance(self._driver, TerminalDriver) else 0

    @property
    def untouched_for(self) -> float:
        """Seconds since a key was pressed or the mouse moved."""
        driver = self._driver
        return driver.untouched_for if isinstance(driver, TerminalDriver) else 0.0

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        driver = self._driver
        if not isinstance(driver, TerminalDriver) or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            renderable = driver.canvas.update(renderable)
        with driver.at_once():
            super()._display(screen, renderable)
        if renderable is not None:
            answered()

    # Leaving

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave with the exit status `return_code`, or else `result`; the first call wins."""
        if self._exit:
            return
        status = return_code or result or ExitCode.OK
        self._begin_leaving(status)
        super().exit(status, status, message)

    def signalled(self, status: int) -> None:
        """Leave because of a signal; called inside its handler."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.leaving = True  # it may be stopped, and must not stop again
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.exit, status)

    def abandon(self) -> None:
        """Give the terminal back without the loop's help, if it was not given back yet."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.abandon()

    def _begin_leaving(self, status: int) -> None:
        if self.departure is not None:
            self.departure.begin(status)
        if isinstance(self._driver, TerminalDriver):
            self._driver.leaving = True
        if self._farewell is None and self._loop is not None:
            self._farewell_until = time.monotonic() + FAREWELL_SECONDS
            self._farewell = self._loop.create_task(self._say_farewell())

    async def _say_farewell(self) -> None:
        try:
            await asyncio.wait_for(self.on_leaving(), FAREWELL_SECONDS)
        except asyncio.TimeoutError:
            logger.warning("what was running did not stop within %s s", FAREWELL_SECONDS)
        except Exception:
            logger.exception("stopping failed")

    async def on_unmount(self) -> None:
        self._begin_leaving(self.return_code or ExitCode.OK)
        if self._farewell is not None:
            remaining = max(0.0, self._farewell_until - time.monotonic())
            await asyncio.wait([self._farewell], timeout=remaining)

    def action_help_quit(self) -> None:
        self.notify("q quits", markup=False)

    def action_suspend_process(self) -> None:
        if isinstance(self._driver, TerminalDriver):
            self._suspend_signal()
            self._driver.suspend(group=True)

    # Crashes

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = ExitCode.FAILURE
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self.crashed(error)
        self._close_messages_no_wait()

    def crashed(self, error: BaseException) -> None:
        """Keep the first error that ends the app, to be told once the terminal is given back."""
        logger.error("crashed", exc_info=error)
        if self._crash is None:
            self._crash = error
        self._begin_leaving(ExitCode.FAILURE)

    def _print_error_renderables(self) -> None:
        super()._print_error_renderables()
        self.tell_crash()

    def tell_crash(self) -> None:
        """Write the crash to standard error, once."""
        error, self._crash = self._crash, None
        if error is not None:
            self._return_code = ExitCode.FAILURE
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


def run_app(app: BaseApp, *, log_file: str | None = None) -> int:
    """Run the app on the terminal and return its exit status; call it on the main thread.

    Raises NoTerminal where there is no terminal. The interpreter's own end, after this returned,
    is bounded too: it must come soon, or clean up what was started for the app first.
    """
    require_terminal()
    quieten(log_file)
    loop = asyncio.new_event_loop()
    with Departure(app.signalled, app.abandon) as departure:
        app.departure = departure
        try:
            app.run(loop=loop)
        except Exception as error:
            app.crashed(error)
        finally:
            app.abandon()
            _close(loop)
        app.tell_crash()
        status = app.return_code
        if status is None:
            status = ExitCode.INTERRUPTED if departure.status is None else departure.status
    departure.guard_exit(int(status))
    return int(status)


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
