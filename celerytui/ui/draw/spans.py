"""One row of the screen as (text, role) spans, exactly as wide as asked.

Everything drawn goes through here: foreign text is cleaned, cells are counted, what does not fit
is cut with an ellipsis. A role is a name from `theme.ROLES`, "" stands for plain text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rich.segment import Segment
from textual.strip import Strip

from celerytui.columns import cell_width as cells
from celerytui.columns import clean, cut, pad
from celerytui.ui.draw.theme import Palette

__all__ = [
    "Align",
    "Line",
    "Span",
    "Spans",
    "cells",
    "characters",
    "cut_spans",
    "cut_text",
    "fit_spans",
]
__all__ += ["merge_spans", "safe", "slice_spans", "span_width", "to_strip", "wrap_spans"]

Span = tuple[str, str]
Spans = Sequence[Span]
Align = Literal["left", "right", "center"]


def safe(text: str) -> str:
    """The text if it can be shown as it is, else cleaned; never a control character."""
    # A variation selector is printable and widens the character before it, maybe in another span.
    return text if text.isprintable() and "\ufe0f" not in text else clean(text)


def span_width(spans: Iterable[Span]) -> int:
    """How many cells the spans take."""
    return sum(cells(text) for text, _ in spans)


def cells_of(text: str, part: str) -> range:
    """The cells that a part of a line takes, the last one of its kind; none where it is not."""
    at = text.rfind(part)
    start = cells(text[:at]) if at >= 0 else 0
    return range(start, start + cells(part) if at >= 0 else start)


def _set_cells(text: str, width: int) -> str:
    """The text in exactly `width` cells, cut or filled; half of a wide character is a space."""
    return pad(cut(text, width, ellipsis=""), width)


def cut_text(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, cut at the right to at most `width` cells."""
    if cells(text) <= width:
        return text
    if width <= 0:
        return ""
    if text.isascii():
        return text[: width - 1] + ellipsis
    return _set_cells(text, width - 1) + ellipsis


def cut_spans(spans: Iterable[Span], width: int, ellipsis: str = "…") -> list[Span]:
    """The spans, cut at the right to at most `width` cells, the ellipsis in the role it cuts."""
    out: list[Span] = []
    room = width
    spans = list(spans)
    for number, (text, role) in enumerate(spans):
        size = cells(text)
        if size > room or (size == room and any(cells(t) for t, _ in spans[number + 1 :])):
            if room > 0:
                out.append((_force_cut(text, room, ellipsis), role))
            return out
        if text:
            out.append((text, role))
        room -= size
    return out


def _force_cut(text: str, width: int, ellipsis: str) -> str:
    """At most `width` cells that end in the ellipsis even where the text alone would fit."""
    return _set_cells(text, width - 1) + ellipsis


def fit_spans(
    spans: Iterable[Span], width: int, align: Align = "left", ellipsis: str = "…"
) -> list[Span]:
    """The spans, cut or padded to exactly `width` cells."""
    out = cut_spans(spans, width, ellipsis)
    room = width - span_width(out)
    if room > 0:
        before = {"left": 0, "right": room, "center": room // 2}[align]
        if before:
            out.insert(0, (" " * before, ""))
        if room > before:
            out.append((" " * (room - before), ""))
    return out


def slice_spans(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The cells from `start` to before `end`; half of a wide character becomes a space."""
    out: list[Span] = []
    x = 0
    for text, role in spans:
        size = cells(text)
        first, last = max(start - x, 0), min(end - x, size)
        if last > first or (size == 0 and start < x < end):
            part = _set_cells(text, last) if last < size else text
            if first:
                part = _drop_cells(part, first)
            out.append((part, role))
        x += size
    return out


def _drop_cells(text: str, count: int) -> str:
    if text.isascii():
        return text[count:]
    want = cells(text) - count
    index = len(text)
    while index and cells(text[index - 1 :]) <= want:
        index -= 1
    rest = text[index:]
    return " " * (want - cells(rest)) + rest


def wrap_spans(
    spans: Spans, width: int, most: int, ellipsis: str = "…", rest_width: int | None = None
) -> list[list[Span]]:
    """The spans over at most `most` rows, broken after spaces where there is one late in the row.

    Rows after the first take `rest_width` cells if given. None is padded; the last ends in the
    ellipsis if there was more.
    """
    rest_width = width if rest_width is None else rest_width
    flat = "".join(text for text, _ in spans)
    narrow = flat.isascii() and flat.isprintable()
    ends: list[int] = []
    while len(ends) < most and (not ends or ends[-1] < len(flat)):
        start, room = (ends[-1], rest_width) if ends else (0, width)
        last = len(ends) + 1 == most
        ends.append(len(flat) if last else _row_end(flat, start, room, narrow=narrow))
    return [
        cut_spans(row, rest_width if number else width, ellipsis)
        for number, row in enumerate(_split(spans, ends))
    ]


def _split(spans: Spans, ends: Sequence[int]) -> Iterator[list[Span]]:
    """The spans up to each of these characters, from the one before on; in one pass."""
    left, at = iter(spans), 0
    (text, role), taken = ("", ""), 0
    for end in ends:
        row: list[Span] = []
        while at < end:
            if taken == len(text):
                (text, role), taken = next(left), 0
                continue
            part = text[taken : taken + end - at]
            row.append((part, role))
            taken, at = taken + len(part), at + len(part)
        yield row


def _row_end(flat: str, start: int, width: int, *, narrow: bool) -> int:
    """Where a row of `width` cells that begins at character `start` ends.

    In a `narrow` text each character takes one.
    """
    end, used = start, 0
    if narrow:
        end = min(len(flat), start + max(0, width))
    while not narrow and end < len(flat):
        used += cells(flat[end])
        if used > width:
            break
        end += 1
    if end == len(flat):
        return end
    space = flat.rfind(" ", start + width * 3 // 5, end)
    return space + 1 if space > start else max(end, start + 1)


def characters(spans: Spans, start: int, end: int) -> list[Span]:
    """The characters from `start` to before `end`."""
    out: list[Span] = []
    at = 0
    for text, role in spans:
        part = text[max(0, start - at) : max(0, end - at)]
        if part:
            out.append((part, role))
        at += len(text)
        if at >= end:
            break
    return out


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """The spans with neighbours of one role made one."""
    out: list[Span] = []
    for text, role in spans:
        if out and out[-1][1] == role:
            out[-1] = (out[-1][0] + text, role)
        else:
            out.append((text, role))
    return out


class Line:
    """One row in the making: parts at the left, at the right, and at columns.

    The right part wins: where both do not fit, the left is cut. What is `put` lies over both.
    """

    __slots__ = ("_fill", "_left", "_placed", "_right", "ellipsis", "width")

    def __init__(self, width: int, ellipsis: str = "…") -> None:
        self.width = max(0, width)
        self.ellipsis = ellipsis
        self._left: list[Span] = []
        self._right: list[Span] = []
        self._placed: list[tuple[int, int, str, str]] = []
        self._fill: Span = (" ", "")

    def left(self, *spans: Span) -> Line:
        """Append spans at the left."""
        self._left.extend((safe(text), role) for text, role in spans)
        return self

    def right(self, *spans: Span) -> Line:
        """Append spans at the right edge."""
        self._right.extend((safe(text), role) for text, role in spans)
        return self

    def put(
        self, x: int, text: str, role: str = "", width: int | None = None, align: Align = "left"
    ) -> Line:
        """Lays a text over the row at column `x`, cut and padded to `width` cells if given."""
        text = safe(text)
        room = self.width - x if width is None else min(width, self.width - x)
        if x < 0 or room <= 0:
            return self
        text = cut_text(text, room, self.ellipsis)
        size = cells(text)
        if width is not None and size < room:
            pad = " " * (room - size)
            if align == "right":
                text = pad + text
            elif align == "left":
                text += pad
            else:
                half = len(pad) // 2
                text = pad[:half] + text + pad[half:]
            size = room
        if size:
            self._placed.append((x, size, text, role))
        return self

    def fill(self, char: str, role: str) -> Line:
        """Draws a rule between the left and the right part, one space from each."""
        self._fill = (char, role)
        return self

    def spans(self) -> list[Span]:
        """The row, exactly `width` cells."""
        right = cut_spans(self._right, self.width, self.ellipsis)
        right_width = span_width(right)
        room = self.width - right_width
        if right_width and self._left:
            room = max(0, room - 1)
        row = cut_spans(self._left, room, self.ellipsis)
        gap = self.width - right_width - span_width(row)
        if not row and not right and self._placed:
            return self._row_of_placed()
        row.extend(self._gap(gap, bool(row), bool(right)))
        row.extend(right)
        for x, size, text, role in self._placed:
            row = [
                *slice_spans(row, 0, x),
                (text, role),
                *slice_spans(row, x + size, self.width),
            ]
        return row

    def _gap(self, gap: int, after_left: bool, before_right: bool) -> list[Span]:
        char, role = self._fill
        inner = gap - after_left - before_right
        if char == " " or inner < 1:
            return [(" " * gap, "")] if gap else []
        return [
            (" " * after_left, ""),
            (char * inner, role),
            (" " * before_right, ""),
        ]

    def _row_of_placed(self) -> list[Span]:
        """The common case of a table row: columns side by side, in order."""
        row: list[Span] = []
        end = 0
        for x, size, text, role in self._placed:
            if x < end:
                kept = fit_spans(row, self.width, ellipsis=self.ellipsis)
                row = [*slice_spans(kept, 0, x), (text, role)]
                rest = slice_spans(kept, x + size, max(end, x + size))
                row.extend(rest)
                end = max(end, x + size)
                continue
            if x > end:
                row.append((" " * (x - end), ""))
            row.append((text, role))
            end = x + size
        if end < self.width:
            row.append((" " * (self.width - end), ""))
        return row


def to_strip(line: Line | Spans, palette: Palette, on: str = "bg") -> Strip:
    """The row in the palette's styles on a ground ("bg", "cursor", "marked" ...)."""
    spans = line.spans() if isinstance(line, Line) else line
    segments: list[Segment] = []
    width = 0
    style_of = palette.style
    pending, pending_role = "", ""
    for text, role in spans:
        if not text:
            continue
        if pending and role == pending_role:
            pending += text
            continue
        if pending:
            segments.append(Segment(pending, style_of(pending_role or "text", on)))
            width += cells(pending)
        pending, pending_role = text, role
    if pending:
        segments.append(Segment(pending, style_of(pending_role or "text", on)))
        width += cells(pending)
    return Strip(segments, width)
