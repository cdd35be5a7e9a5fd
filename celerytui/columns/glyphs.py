"""The signs on the screen, one cell each, and their ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from celerytui.model import TaskState

# By TaskState: sent received started retry success failure revoked rejected cancelled lost missed.
_STATES = ("◦", "•", "▸", "↻", "✓", "✗", "⊘", "!", "⊘", "○", "?")
_ASCII_STATES = (".", ":", ">", "~", "+", "x", "/", "!", "/", "o", "?")


class Glyphs(Struct, frozen=True):
    """One set of signs; every field is one cell wide but `branch`, `last` and `trunk` (two)."""

    states: tuple[str, ...] = _STATES
    success: str = "✓"
    failure: str = "✗"
    retry: str = "↻"
    warning: str = "!"
    alive: str = "●"
    lost: str = "○"
    growing: str = "▲"
    sorted: str = "▾"
    sorted_up: str = "▴"
    cursor: str = "▌"
    marked: str = "▪"
    ellipsis: str = "…"
    crumb: str = "›"
    branch: str = "├─"
    last: str = "└─"
    trunk: str = "│ "
    then: str = "↳"
    unknown: str = "–"
    corrected: str = "~"
    stored: str = "▫"
    times: str = "×"
    dot: str = "·"
    sideways: str = "↔"
    updown: str = "↕"
    queued: str = "┄"
    waiting: str = "─"
    running: str = "━"
    own: str = "▎"
    gap: str = "┆"
    thumb: str = "┃"
    playing: str = "▶"
    halted: str = "▌"
    position: str = "▌"
    nothing: str = "·"
    horizontal: str = "─"
    vertical: str = "│"
    top_left: str = "╭"
    top_right: str = "╮"
    bottom_left: str = "╰"
    bottom_right: str = "╯"
    spark: tuple[str, ...] = ("▁", "▂", "▃", "▄", "▅", "▆", "▇")
    area: Literal["braille", "block", "ascii"] = "braille"

    def state(self, state: TaskState) -> str:
        """The sign of a state."""
        return self.states[state]

    def mark(self, ok: bool | None) -> tuple[str, str]:
        """The sign of an outcome, and its role; None means unknown."""
        if ok is None:
            return self.unknown, "warning"
        return (self.success, "success") if ok else (self.failure, "failure")

    def __getitem__(self, name: str) -> str:
        """A sign by its field's name, for tables that hold names."""
        return str(getattr(self, name))


UNICODE = Glyphs()
ASCII = Glyphs(
    states=_ASCII_STATES,
    success="+",
    failure="x",
    retry="~",
    alive="*",
    lost="o",
    growing="^",
    sorted="v",
    sorted_up="^",
    cursor=">",
    marked="#",
    ellipsis="~",
    crumb=">",
    branch="|-",
    last="`-",
    trunk="| ",
    then=">",
    unknown="-",
    stored="r",
    times="x",
    dot="-",
    sideways="-",
    updown="|",
    queued=".",
    waiting="-",
    running="=",
    own="|",
    gap=":",
    thumb="#",
    playing=">",
    halted="|",
    position="|",
    nothing=".",
    horizontal="-",
    vertical="|",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    spark=(".", "_", "-", "=", "+", "*", "#"),
    area="ascii",
)


MEANINGS: Mapping[str, str] = {
    "growing": "growing queue, late worker, long-running task",
    "warning": "needs attention",
    "success": "worked",
    "failure": "failed",
    "unknown": "unknown, or not applicable",
    "ellipsis": "shortened; after a duration: still counting",
    "corrected": "corrected for clocks that differ",
    "stored": "from the history or the result backend, not from events",
    "cursor": "current row",
    "marked": "marked row",
    "sorted": "sorted, highest first",
    "sorted_up": "sorted, lowest first",
    "queued": "in a queue, or held for an ETA or a retry",
    "waiting": "waiting in a worker; of a meter, the rest",
    "running": "running; of a meter, the part in use",
    "own": "your own code in a traceback",
    "gap": "events are missing from here on",
    "thumb": "position in a longer list",
}
"""What the signs mean, by their fields, in the order of the help; those of states have names."""


def signs(ascii: bool) -> Glyphs:
    """The set of signs for what is drawn in ASCII only, or not."""
    return ASCII if ascii else UNICODE
