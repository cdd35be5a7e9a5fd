"""What the terminal shows, cell by cell, so that only the cells that differ are sent to it.

Textual sends whole rows, each piece with all of its colours. People sit behind slow lines: of a
row in which a clock moved on, the clock is enough, and colours that go on are not said again.
"""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from celerytui.columns.text import ONE_CELL

NEAR: Final = 4
"""Cells that are written again rather than jumped over: a jump takes as many bytes."""

_WEIGHTS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
_PLAIN: Final = ("", "39", "49")

Look = tuple[str, str, str]
"""The codes of a style: its attributes, its colour and its ground."""


class Written(CompositorUpdate):
    """An update that is already what goes to the terminal."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, _console: object) -> str:
        """The text."""
        return self._text


class Row:
    """One row of cells: the character and the look of each, "" where that is not known."""

    __slots__ = ("looks", "texts")

    def __init__(self, width: int) -> None:
        self.texts: list[str] = [""] * width
        self.looks: list[Look] = [_PLAIN] * width


class Canvas:
    """The cells of the terminal, as far as they are known; without a colour system no colours."""

    def __init__(self, color_system: ColorSystem | None) -> None:
        self._color_system = color_system
        self._rows: list[Row] = []
        self._width = 0
        self._looks: dict[Style, Look] = {}
        self._look: Look = _PLAIN
        self._out: list[str] = []

    def forget(self) -> None:
        """Know nothing of the terminal any more: it was resized, or others wrote on it."""
        self._rows = []

    def update(self, update: CompositorUpdate) -> CompositorUpdate | None:
        """The same as the fewest bytes; None where the terminal shows it already.

        A whole screen is always sent whole, which heals what others may have written over it.
        """
        self._out, self._look = [], _PLAIN
        if isinstance(update, LayoutUpdate):
            self._draw_all(update)
        elif isinstance(update, ChopsUpdate):
            for y, start, end in update.spans:
                for x, strip in update.chops[y].items():
                    if strip is not None and x < end and x + strip.cell_length > start:
                        first = max(x, start)
                        part = strip.crop(first - x, min(end - x, strip.cell_length))
                        self._draw(y, first, part)
        else:
            return update
        if not self._out:
            return None
        if self._look != _PLAIN:
            self._out.append("\x1b[m")
        return Written("".join(self._out))

    def _draw_all(self, update: LayoutUpdate) -> None:
        region = update.region
        self._width = region.right
        self._rows = [Row(self._width) for _ in range(region.bottom)]
        for y, strips in enumerate(update.strips, region.y):
            x = region.x
            for strip in strips:
                self._draw(y, x, strip)
                x += strip.cell_length

    def _draw(self, y: int, x: int, strip: Strip) -> None:
        """Send what of the strip is not there yet."""
        width = strip.cell_length
        if not width:
            return
        new = self._cells(strip, width)
        if y >= len(self._rows) or x + width > self._width:
            self._send(y, x, new, 0, width)  # nothing is known of the screen
            return
        row = self._rows[y]
        old = Row(0)
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

    def _send_changes(self, y: int, x: int, old: Row, new: Row) -> None:
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

    def _send(self, y: int, x: int, row: Row, start: int, end: int) -> None:
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

    def _cells(self, strip: Strip, width: int) -> Row:
        row = Row(0)
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
        weights = style._attributes & style._set_attributes
        codes = [code for bit, code in enumerate(_WEIGHTS) if weights & (1 << bit)]
        color, ground, system = "39", "49", self._color_system
        if style.color is not None and system is not None:
            color = ";".join(style.color.downgrade(system).get_ansi_codes())
        if style.bgcolor is not None and system is not None:
            ground = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(False))
        return ";".join(codes), color, ground


def _turn(before: Look, after: Look) -> str:
    """What leads from one look to another."""
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
