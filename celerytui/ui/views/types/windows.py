"""The window of time that the views of types are about, for all of their panes together."""

from __future__ import annotations

from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.windows import stepped


def step_window(pane: Pane, by: int) -> None:
    """Have all panes about types show the next shorter or longer window, if there is one."""
    pane.session.window = stepped(pane.session, pane.session.window, by)
    for one in (pane, *pane.siblings):
        if isinstance(one, Pane) and "types" in one.places():
            one.paint()
