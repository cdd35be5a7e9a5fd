"""A line to type in, for all dialogs and bars that have one."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import Input


class SteadyInput(Input):
    """An input whose cursor stands still: one that blinks is drawn twice a second for nothing."""

    cursor_blink = reactive(False, init=False)
