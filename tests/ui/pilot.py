"""The app under test, driven by keys and the mouse, with its engine at rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from celerytui.demo.sample import NOW
from celerytui.model import Batch, Event
from celerytui.ui.app import MonitorApp
from celerytui.ui.draw.spans import Spans
from celerytui.ui.keys.help import help_lines
from tests.ui.fake_engine import FakeEngine, fake_app

NAMES = {":": "colon", ".": "full_stop", " ": "space", ">": "greater_than_sign", "*": "asterisk"}


class Driver:
    """The app under test with its engine at rest."""

    def __init__(self, app: MonitorApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
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
        self.app.tell_widgets()
        await self.pilot.pause()

    def screen_text(self) -> str:
        """What is on the screen, as text."""
        lines = []
        for pane in self.app.main.body.panes:
            lines += [strip.text for strip in pane._strips]
        return "\n".join(lines)


@asynccontextmanager
async def driven(size: tuple[int, int] = (140, 40), **options: Any) -> AsyncIterator[Driver]:
    app = fake_app(**options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Driver(app, pilot)


def help_of(at: Driver, name: str, places: Sequence[str]) -> tuple[str, list[Spans]]:
    """The help as the app would show it for a pane with those places."""
    session = at.app.session
    return help_lines(session.keys, session.glyphs, name, places, read_only=session.read_only)
