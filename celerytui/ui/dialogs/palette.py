"""The command palette: every key and action by its name."""

from __future__ import annotations

from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette

from celerytui.ui.keys.registry import bindings, keys_at


class CommandSearch(CommandPalette):
    """Textual's palette, with the key that quits in every dialog."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        key for key in keys_at("dialog") if key.id == "dialog.quit"
    )

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, as `Dialog.dismiss` does."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
