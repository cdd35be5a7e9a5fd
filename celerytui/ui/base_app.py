"""The app on its terminal: each of Textual's calls goes on to the part that it is about."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from celerytui.ui.terminal.key_queue import KeyQueue
from celerytui.ui.terminal.lifecycle import Lifecycle


class BaseApp(App[int]):
    """An app whose keys act one after the other, and which leaves within two seconds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit", show=False),
        Binding("ctrl+z", "suspend_process", "suspend", show=False),
    ]
    CLOSE_TIMEOUT = 1.0

    def __init__(self) -> None:
        # Textual takes the mere presence for a yes; the convention is that an empty one says no.
        if os.environ.get("NO_COLOR") == "":
            del os.environ["NO_COLOR"]
        self.lifecycle = Lifecycle(self, self.on_leaving)
        self.key_queue = KeyQueue(self)
        super().__init__(driver_class=self.lifecycle.make_driver)  # type: ignore[arg-type]

    async def on_leaving(self) -> None:
        """Stop what was started; see `Lifecycle`."""

    async def on_event(self, event: events.Event) -> None:
        await self.key_queue.on_event(event)

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        self.lifecycle.exit(result, return_code, message)

    async def on_unmount(self) -> None:
        await self.lifecycle.unmount()

    def action_help_quit(self) -> None:
        self.notify("q quits", markup=False)

    def action_suspend_process(self) -> None:
        self.lifecycle.suspend()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        self.lifecycle.display(screen, renderable)

    def _handle_exception(self, error: Exception) -> None:
        self.lifecycle.handle_exception(error)
