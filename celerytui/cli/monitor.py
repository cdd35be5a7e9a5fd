"""Opens the monitor, which imports Textual."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from celerytui.cli.start import Start
from celerytui.errors import NoTerminal
from celerytui.link import Opening
from celerytui.settings import Settings

if TYPE_CHECKING:
    from celerytui.model import Recording

HOME = Opening()


def open_monitor(start: Start) -> int:
    """Load the app, open the monitor on it, and return the exit status."""
    # Modules are no garbage: until the first frame the collector would only get in its way.
    gc.disable()
    app = start.load()
    need_terminal()
    return import_monitor(start.opening)(app, start.settings)


def import_monitor(opening: Opening = HOME) -> Callable[[Any, Settings], int]:
    """The function that opens the monitor there; Textual reads its frame rate when imported."""
    from celerytui.ui.terminal.frame_rate import raise_frame_rate

    raise_frame_rate()
    from celerytui.ui.app import run_monitor

    return partial(run_monitor, opening=opening)


def open_replay(start: Start, recording: Recording, at: float | None, speed: int) -> int:
    """Open the monitor on a recording, at a time, and return the exit status."""
    gc.disable()
    from celerytui.ui.terminal.frame_rate import raise_frame_rate

    raise_frame_rate()
    from celerytui.ui.app import run_replay

    return run_replay(recording, start.settings, start.opening, at=at, speed=speed)


def need_terminal() -> None:
    """Raise NoTerminal where the monitor could not be drawn or read keys."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoTerminal(
            "the monitor needs a terminal on stdin and stderr;"
            " without one, use `celerytui snapshot`"
        )
