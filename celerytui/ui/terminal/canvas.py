"""Tracks the terminal's cells, so that only cells that differ are sent.

Textual sends whole rows, each piece with all of its colours. People sit behind slow lines: of a
row in which a clock moved on, the clock is enough, and colours that go on are not said again.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from celerytui.columns.text import ONE_CELL
from celerytui.ui.terminal.private import ChopsUpdate, CompositorUpdate, LayoutUpdate

logger = logging.getLogger(__name__)

NEAR: Final = 4
"""Cells that are rewritten instead of skipped: moving the cursor takes as many bytes."""

_WEIGHTS: Final = {
    "bold": "1", "dim": "2", "italic": "3", "underline": "4", "blink": "5", "blink2": "6",
    "reverse": "7", "conceal": "8", "strike": "9", "underline2": "21", "frame": "51",
    "encircle": "52", "overline": "53",
}  # fmt: skip
"""The code of each of a style's attributes."""
_PLAIN: Final = ("", "39", "49")

Look = tuple[str, str, str]
"""The codes of a style: its attributes, its colour and its ground."""


class CanvasUpdate(CompositorUpdate):
    """A Textual frame that the canvas renders when it is written.

    `same` tells afterwards that the terminal showed it already.
    """

    def __init__(self, canvas: Canvas, frame: CompositorUpdate) -> None:
        self._canvas = canvas
        self._frame = frame
        self.same = False

    def render_segments(self, console: Any) -> str:
        """The bytes for the terminal; Textual's own if the canvas fails."""
        text = self._canvas.write(self._frame)
        if text is None:
            return self._frame.render_segments(console)
        self.same = not text
        return text


class CellRow:
    """One row of cells: character and style of each, "" if unknown."""

    __slots__ = ("looks", "texts")

    def __init__(self, width: int) -> None:
        self.texts: list[str] = [""] * width
        self.looks: list[Look] = [_PLAIN] * width


class Canvas:
    """The known cells of the terminal; no colours without a colour system."""

    def __init__(self, color_system: ColorSystem | None) -> None:
        self._color_system = color_system
        self._rows: list[CellRow] = []
        self._width = 0
        self._looks: dict[Style, Look] = {}
        self._look: Look = _PLAIN
        self._out: list[str] = []
        self._failed = False

    def lines(self) -> list[str]:
        """The text of each line, as it is on the terminal."""
        return ["".join(row.texts) for row in self._rows]

    def forget(self) -> None:
        """Mark all cells unknown: the terminal was resized, or others wrote to it."""
        self._rows = []

    def write(self, frame: CompositorUpdate) -> str | None:
        """A frame as the fewest bytes: "" if the terminal shows it already, None if not supported.

        A whole screen is always sent whole, which heals what others may have written over it.
        After an error nothing is drawn by us any more.
        """
        if self._failed:
            return None
        try:
            return self._text_of(frame)
        except Exception as error:
            self._failed = True
            logger.warning("the canvas failed, Textual draws by itself from now on: %r", error)
            return None

    def _text_of(self, frame: CompositorUpdate) -> str | None:
        self._out, self._look = [], _PLAIN
        if isinstance(frame, LayoutUpdate):
            self._draw_all(frame)
        elif isinstance(frame, ChopsUpdate):
            for y, start, end in frame.spans:
                for x, strip in frame.chops[y].items():
                    if strip is not None and x < end and x + strip.cell_length > start:
                        first = max(x, start)
                        part = strip.crop(first - x, min(end - x, strip.cell_length))
                        self._draw(y, first, part)
        else:
            return None
        if self._out and self._look != _PLAIN:
            self._out.append("\x1b[m")
        return "".join(self._out)

    def _draw_all(self, frame: LayoutUpdate) -> None:
        region = frame.region
        self._width = region.right
        self._rows = [CellRow(self._width) for _ in range(region.bottom)]
        for y, strips in enumerate(frame.strips, region.y):
            x = region.x
            for strip in strips:
                self._draw(y, x, strip)
                x += strip.cell_length

    def _draw(self, y: int, x: int, strip: Strip) -> None:
        """Send the cells of the strip that differ."""
        width = strip.cell_length
        if not width:
            return
        new = self._cells(strip, width)
        if y >= len(self._rows) or x + width > self._width:
            self._send(y, x, new, 0, width)  # nothing is known of the screen
            return
        row = self._rows[y]
        old = CellRow(0)
        old.texts, old.looks = row.texts[x : x + width], row.looks[x : x + width]
        if old.texts == new.texts and old.looks == new.looks:
            return
        if ONE_CELL.issuperset(old.texts) and ONE_CELL.issuperset(new.texts):
            self._send_changes(y, x, old, new)
        else:
            # Terminals disagree on how wide some characters are: what stands after one of those
            # has its place only if the whole row is written.
            self._send(y, x, new, 0, width)
        row.texts[x : x + width] = new.texts
        row.looks[x : x + width] = new.looks

    def _send_changes(self, y: int, x: int, old: CellRow, new: CellRow) -> None:
        looks = new.looks
        pairs = zip(old.texts, new.texts, old.looks, looks, strict=True)
        start = end = -1
        for at, (text, new_text, look, new_look) in enumerate(pairs):
            if text == new_text and look == new_look:
                continue
            if start < 0:
                start = at
            elif at - end > NEAR or any(one not in looks[end - 1 : end] for one in looks[end:at]):
                self._send(y, x, new, start, end)
                start = at
            end = at + 1
        if start >= 0:
            self._send(y, x, new, start, end)

    def _send(self, y: int, x: int, row: CellRow, start: int, end: int) -> None:
        """Write cells `start` to before `end` of what is drawn at column `x`."""
        out = self._out
        out.append(f"\x1b[{y + 1};{x + start + 1}H")
        texts, looks = row.texts, row.looks
        at = start
        while at < end:
            look = looks[at]
            upto = at + 1
            while upto < end and looks[upto] is look:
                upto += 1
            if look != self._look:
                out.append(_turn(self._look, look))
                self._look = look
            out += texts[at:upto]
            at = upto

    def _cells(self, strip: Strip, width: int) -> CellRow:
        row = CellRow(0)
        texts, looks = row.texts, row.looks
        for text, style, control in strip:
            if control:
                continue
            if ONE_CELL.issuperset(text):
                texts += text
                count = len(text)
            else:
                count = cell_len(text)
                texts += [text, *[""] * (count - 1)] if count else []
            looks += [self._look_of(style)] * count
        missing = width - len(texts)
        texts += " " * missing
        looks += [_PLAIN] * missing
        return row

    def _look_of(self, style: Style | None) -> Look:
        if style is None:
            return _PLAIN
        look = self._looks.get(style)
        if look is None:
            if len(self._looks) > 4096:
                self._looks.clear()
            look = self._looks[style] = self._make_look(style)
        return look

    def _make_look(self, style: Style) -> Look:
        codes = [code for weight, code in _WEIGHTS.items() if getattr(style, weight)]
        color, ground, system = "39", "49", self._color_system
        if style.color is not None and system is not None:
            color = ";".join(style.color.downgrade(system).get_ansi_codes())
        if style.bgcolor is not None and system is not None:
            ground = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(False))
        return ";".join(codes), color, ground


def _turn(before: Look, after: Look) -> str:
    """The codes that change one style to another."""
    if after == _PLAIN:
        return "\x1b[m"
    codes = []
    if before[0] != after[0]:
        # Weights can be taken away one by one only by codes that not all terminals know.
        if before[0]:
            codes.append("0")
            before = _PLAIN
        if after[0]:
            codes.append(after[0])
    if before[1] != after[1]:
        codes.append(after[1])
    if before[2] != after[2]:
        codes.append(after[2])
    return f"\x1b[{';'.join(codes)}m"
