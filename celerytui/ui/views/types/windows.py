"""The window of time that the views of types are about, for all of their panes together."""

from __future__ import annotations

from celerytui.store.statistics import WINDOWS
from celerytui.ui.panes.pane import Pane


def step_window(pane: Pane, by: int) -> None:
    """Have all panes about types show the next shorter or longer window, if there is one."""
    windows = list(WINDOWS)
    session = pane.session
    at = windows.index(session.window) + by
    session.window = windows[max(0, min(at, len(windows) - 1))]
    for one in (pane, *pane.siblings):
        if isinstance(one, Pane) and "types" in one.places():
            one.paint()
