"""The private names of Textual that the program needs: here and nowhere else.

Checked with Textual 8.2.7 and 8.2.8; a test holds that no other module under `ui/` uses one. Two
more are overridden by the app, because Textual calls them and offers no other way in:

- `App._display`: each frame passes through it. The canvas takes it from there, and what is written
  for one frame is sent in one piece.
- `App._handle_exception`: Textual's own prints the locals of every frame, passwords among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.keys import _character_to_key
from textual.screen import Screen
from textual.strip import Strip

troubles: list[str] = []
"""Names that this version of Textual lacks; logged when the log is open."""

try:
    from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
except ImportError as error:
    troubles.append(f"no canvas, Textual draws by itself: {error}")

    class CompositorUpdate:  # type: ignore[no-redef]  # what is missing
        """Stands for the missing class; no frame is an instance."""

    class ChopsUpdate(CompositorUpdate):  # type: ignore[no-redef]  # likewise
        """The same."""

    class LayoutUpdate(CompositorUpdate):  # type: ignore[no-redef]  # likewise
        """The same."""


__all__ = [
    "ChopsUpdate",
    "CompositorUpdate",
    "LayoutUpdate",
    "XTermParser",
    "display",
    "free_what_is_closed",
    "name_of_character",
    "remember_exception",
    "troubles",
]


def display(app: App[Any], screen: Screen[Any], frame: Any) -> None:
    """Write a frame to the terminal as Textual does."""
    App._display(app, screen, frame)


def remember_exception(app: App[Any], error: Exception) -> None:
    """Have `run_test` raise the first exception: the public `exit` does not pass it on."""
    try:
        if app._exception is None:
            app._exception = error
            app._exception_event.set()
    except AttributeError:
        troubles.append("this Textual keeps its exceptions elsewhere: tests do not see them")


def name_of_character(character: str) -> str:
    """Textual's key name of a character: "slash" for "/"."""
    return _character_to_key(character)


def free_what_is_closed() -> None:
    """Keep Textual's caches from holding closed widgets; called once, before the first widget.

    - `StylesCache.get_inner_outer` mixes two colours and keeps the last 1,024 results by
      `lru_cache`. The cache of the widget that asked is a part of the key, with all lines that it
      drew in it, though the result does not depend on it. In its place comes the same without that.
    - A `Strip` that is divided into one part, itself, keeps itself in its cache. Such a circle is
      left to the garbage collector, and each line that is drawn would be one.
    """
    for mend in (_mix_colors_without_widget, _divide_without_circle):
        try:
            mend()
        except (ImportError, AttributeError) as error:
            troubles.append(f"what was closed may stay in memory with this Textual: {error}")


def _mix_colors_without_widget() -> None:
    from textual._styles_cache import StylesCache

    cached = StylesCache.get_inner_outer
    if hasattr(cached, "cache_info"):
        by_colors = lru_cache(1024)(partial(cached.__wrapped__, StylesCache))
        cache: Any = StylesCache
        cache.get_inner_outer = lambda _, *colors: by_colors(*colors)


def _divide_without_circle() -> None:
    if Strip.divide.__module__ == __name__:
        return
    divide = Strip.divide

    def divide_in_parts(self: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
        inside = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if inside == [self.cell_length] else divide(self, inside)

    Strip.divide = divide_in_parts  # type: ignore[method-assign]  # on purpose
