"""The app under test, driven by keys and the mouse, with its engine at rest."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from textual.events import MouseDown, MouseScrollDown, MouseUp
from textual.geometry import Offset
from textual.message import Message
from textual.notifications import Notification, Notify
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.ui.app import MonitorApp
from celerytui.ui.dialogs.palette import Command, Palette
from celerytui.ui.draw.spans import Spans
from celerytui.ui.keys.help import HelpSubject, help_lines
from celerytui.ui.panes.list import ListPane
from tests.ui.fake_engine import FakeEngine, fake_app
from tests.waiting import GENEROUS

NAMES = {
    "!": "exclamation_mark",
    ":": "colon",
    ".": "full_stop",
    " ": "space",
    ">": "greater_than_sign",
    "*": "asterisk",
}


def strips(widget: Widget) -> list[Strip]:
    """The lines of a widget as it draws them."""
    return [widget.render_line(y) for y in range(widget.outer_size.height)]


def rows(widget: Widget) -> list[str]:
    """The lines of a widget as text, with its frame."""
    return [strip.text for strip in strips(widget)]


def cursor_row(pane: ListPane[Any]) -> int:
    """How many rows are drawn above the one under the cursor; ValueError where it is not drawn."""
    return [*pane.shown].index(pane.cursor or "")


def place_of(widget: Widget, text: str) -> Offset:
    """Where the middle of a text is on the screen; AssertionError where the widget has it not."""
    lines = rows(widget)
    for y, line in enumerate(lines):
        if text in line:
            return widget.region.offset + Offset(line.index(text) + len(text) // 2, y)
    raise AssertionError("\n".join([f"no {text!r} in:", *lines]))


class Driver:
    """The app under test with its engine at rest."""

    def __init__(
        self, app: MonitorApp, pilot: Pilot[int], toasts: Sequence[Notification] = ()
    ) -> None:
        self.app = app
        self.pilot = pilot
        self.toasts = toasts
        """All that the app said in passing, where somebody listens."""
        assert isinstance(app.engine, FakeEngine)
        self.engine = app.engine

    async def press(self, *keys: str) -> None:
        """Press keys and let everything settle."""
        for key in keys:
            await self.pilot.press(NAMES.get(key, key))
        await self.pilot.pause()

    async def news(self, *events: Event) -> None:
        """Have events come in and be shown."""
        self.engine.store.apply(Batch(list(events), NOW))
        self.engine.view.refresh()
        self.engine.store.failures.update(NOW)
        self.app.tell_widgets()
        await self.pilot.pause()

    async def until(self, holds: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        """Wait for what comes from a thread, while the screen goes on."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > seconds * GENEROUS:
                raise AssertionError(f"waited for {what}:\n{self.screen_text()}")
            await self.pilot.pause(0.02)

    async def click(self, widget: Widget, text: str) -> None:
        """Click on a text that a widget shows."""
        await self.pilot.click(offset=place_of(widget, text))
        await self.pilot.pause()

    async def click_at_once(self, at: Offset, times: int = 2) -> None:
        """Click so often that every click is there before the first one was handled."""
        for _ in range(times):
            for kind in (MouseDown, MouseUp):
                self.app.post_message(kind(None, *at, 0, 0, 1, False, False, False))
        await self.pilot.pause()

    async def scroll_down(self, widget: Widget, notches: int) -> None:
        """Turn the wheel of the mouse over a widget."""
        for _ in range(notches):
            widget.post_message(MouseScrollDown(widget, 5, 5, 0, 1, 0, False, False, False))
        await self.pilot.pause()

    def screen_text(self) -> str:
        """What the panes show, as text."""
        return "\n".join(line for pane in self.app.main.body.panes for line in rows(pane))


@asynccontextmanager
async def driven(size: tuple[int, int] = (140, 40), **options: Any) -> AsyncIterator[Driver]:
    app = fake_app(**options)
    toasts: list[Notification] = []

    def hear(message: Message) -> None:
        if isinstance(message, Notify):
            toasts.append(message.notification)

    async with app.run_test(size=size, message_hook=hear) as pilot:
        await pilot.pause()
        yield Driver(app, pilot, toasts)


def commands_of(at: Driver) -> list[Command]:
    """What the palette, which is open, has found."""
    palette = at.app.screen
    assert isinstance(palette, Palette)
    return palette.found


def help_of(at: Driver, name: str, places: Sequence[str]) -> tuple[str, list[Spans]]:
    """The help as the app would show it for a pane with those places."""
    session, about = at.app.session, HelpSubject(name, places)
    return help_lines(session.keys, session.glyphs, about, read_only=session.read_only)
