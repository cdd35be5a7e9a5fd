"""The signs on the screen, one cell each, and their ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from celerytui.model import TaskState

# By TaskState: sent received started retry success failure revoked rejected cancelled lost.
_STATES = ("◦", "•", "▸", "↻", "✓", "✗", "⊘", "!", "⊘", "○")
_ASCII_STATES = (".", ":", ">", "~", "+", "x", "/", "!", "/", "o")


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
    cursor: str = "▌"
    marked: str = "▪"
    critical: str = "◆"
    ellipsis: str = "…"
    crumb: str = "›"
    branch: str = "├─"
    last: str = "└─"
    trunk: str = "│ "
    then: str = "↳"
    unknown: str = "–"
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
        """The sign of how something went, and its role; None is that nobody knows."""
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
    cursor=">",
    marked="#",
    critical="#",
    ellipsis="~",
    crumb=">",
    branch="|-",
    last="`-",
    trunk="| ",
    then=">",
    unknown="-",
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
    horizontal="-",
    vertical="|",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    spark=(".", "_", "-", "=", "+", "*", "#"),
    area="ascii",
)
# East Asian terminals may draw these two cells wide, which would push the row apart.
_EAST_ASIAN = replace(
    UNICODE,
    states=(*_STATES[:-1], "o"),
    alive="*",
    lost="o",
    growing="^",
    critical="#",
)


def glyphs(ascii: bool = False, *, east_asian: bool = False, braille: bool = True) -> Glyphs:
    """The set of signs: ASCII if asked, without ● ○ ▲ ◆ where those may be two cells wide."""
    if ascii:
        return ASCII
    chosen = _EAST_ASIAN if east_asian else UNICODE
    return chosen if braille else replace(chosen, area="block")


def pick_glyphs(ascii: bool, environ: Mapping[str, str], encoding: str | None) -> Glyphs:
    """The set of signs for `--ascii`, the locale and the terminal's encoding.

    A terminal that does not take UTF-8, and the Linux console with its 512 signs, get ASCII.
    """
    utf8 = (encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if ascii or not utf8 or environ.get("TERM") == "linux":
        return ASCII
    return glyphs(east_asian=locale[:2] in ("ja", "ko", "zh"))
