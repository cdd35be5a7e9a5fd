"""The private names of Textual that the program cannot do without: here and nowhere else.

Checked with Textual 8.2.7 and 8.2.8; a test holds that no other module under `ui/` uses one. Two
more are overridden by the app, because Textual calls them and offers no other way in:

- `App._display`: each frame passes through it. The canvas takes it from there, and what is written
  for one frame is sent in one piece.
- `App._handle_exception`: Textual's own prints the locals of every frame, passwords among them.
"""

from __future__ import annotations

import logging
from functools import lru_cache, partial
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.keys import _character_to_key
from textual.screen import Screen

try:
    from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
except ImportError as error:
    logging.getLogger(__name__).warning("no canvas, Textual draws by itself: %s", error)

    class CompositorUpdate:  # type: ignore[no-redef]
        """What no frame is an instance of."""

    class ChopsUpdate(CompositorUpdate):  # type: ignore[no-redef]
        """The same."""

    class LayoutUpdate(CompositorUpdate):  # type: ignore[no-redef]
        """The same."""


__all__ = [
    "ChopsUpdate",
    "CompositorUpdate",
    "LayoutUpdate",
    "XTermParser",
    "display",
    "forget_closed_widgets",
    "name_of_character",
    "remember_exception",
]

logger = logging.getLogger(__name__)


def display(app: App[Any], screen: Screen[Any], frame: Any) -> None:
    """Write a frame to the terminal as Textual does."""
    App._display(app, screen, frame)


def remember_exception(app: App[Any], error: Exception) -> None:
    """Have `run_test` raise the exception, the first one: the public `exit` tells it nothing."""
    try:
        if app._exception is None:
            app._exception = error
            app._exception_event.set()
    except AttributeError:
        logger.warning("this Textual keeps its exceptions elsewhere: tests do not see them")


def name_of_character(character: str) -> str:
    """What Textual calls the key of a character: "slash" for "/"."""
    return _character_to_key(character)


def forget_closed_widgets() -> None:
    """Have Textual let go of what is closed; once, before the first widget.

    `StylesCache.get_inner_outer` mixes two colours and keeps the last 1,024 results by `lru_cache`.
    The cache of the widget that asked is a part of the key, with all lines it ever drew in it,
    though the result does not depend on it. In its place comes the same without that.
    """
    try:
        from textual._styles_cache import StylesCache

        cached = StylesCache.get_inner_outer
        if hasattr(cached, "cache_info"):
            by_colors = lru_cache(1024)(partial(cached.__wrapped__, StylesCache))
            StylesCache.get_inner_outer = (  # type: ignore[method-assign]
                lambda _, *colors: by_colors(*colors)  # type: ignore[assignment]
            )
    except (ImportError, AttributeError) as error:
        logger.warning("closed widgets may stay in memory with this Textual: %s", error)
