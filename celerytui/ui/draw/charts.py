"""Area charts out of rows of numbers; time runs to the right.

None is "no data" and never zero: it is drawn as nothing. Anything above zero shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from celerytui.columns import cell_width, clean, cut, format_count, format_rate
from celerytui.ui.draw.glyphs import UNICODE, Glyphs
from celerytui.ui.draw.samples import Values, highest, is_known, mean, resample, round_up, smooth
from celerytui.ui.draw.spans import Span, fit_spans, merge_spans

GUTTER = 8
"""Cells at the left of an area chart for the scale: seven for the rate, one of space."""
FAILED = "failed"
LINE_ROLE = "strong"
STRIPS_FROM = 4
"""Rows that the area keeps before more than its failures hangs below it."""
MARK_ROLE = "accent"
NO_MARKS: Mapping[float, str] = MappingProxyType({})
NO_LINES: Mapping[int, str] = MappingProxyType({})
MARK_LEAST = 3
"""Cells of a mark's text that are worth showing."""
# Braille dots of the left and the right column, with 0 to 4 of them set.
_RISING_DOTS = ((0x00, 0x40, 0x44, 0x46, 0x47), (0x00, 0x80, 0xA0, 0xB0, 0xB8))
_HANGING_DOTS = ((0x00, 0x01, 0x03, 0x07, 0x47), (0x00, 0x08, 0x18, 0x38, 0xB8))
# The one dot of a line at 1 to 4 steps.
_LINE_DOTS = ((0x00, 0x40, 0x04, 0x02, 0x01), (0x00, 0x80, 0x20, 0x10, 0x08))
_HANGING = ("▔", "▔", "▔", "▀", "▀", "▀", "█", "█")
_RISING = "▁▂▃▄▅▆▇█"
_MARKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARK_ROOM = 12


def area_samples(width: int, glyphs: Glyphs = UNICODE, *, gutter: int = GUTTER) -> int:
    """How many samples an area chart of that width draws: two a cell in braille."""
    return _plot_width(width, gutter) * (2 if glyphs.area == "braille" else 1)


def _plot_width(width: int, gutter: int) -> int:
    return width - gutter if width >= gutter * 3 else width


def area_chart(
    done: Values,
    failed: Values | None,
    width: int,
    height: int,
    *,
    seconds: float | None = None,
    glyphs: Glyphs = UNICODE,
    scale: float | None = None,
    failed_scale: float | None = None,
    role: str = "success",
    body: str = "success.body",
    gutter: int = GUTTER,
    axis: bool = True,
    label: Callable[[float], str] | None = None,
    line: Values = (),
    strips: Sequence[tuple[str, Values, str]] = (),
    marks: Mapping[float, str] = NO_MARKS,
) -> list[list[Span]]:
    """An area chart as `height` rows of exactly `width` cells; values are oldest first, to now.

    `done` rises above the axis; `failed` (if given) hangs one row below it on a scale of its own,
    which has no number: it would be read as that of the failures.
    The scales are the tops of the axes (`Scale.update`), else fitted; `label` writes that of
    `done`, which is a rate if not given. The last row has the times of `seconds` of history (one
    value a second if not given), unless `axis` is off or the chart is low. Where data stops, `┆`
    marks it.

    `line` is drawn over `done`, on its scale. `strips` are more rows that hang as `failed` does,
    (name, values, role), as far as there is room. `marks` are vertical lines with their texts, by
    the part of the time at which they stand, from 0 to 1.
    """
    if width <= 0 or height <= 0:
        return []
    plot = _plot_width(width, gutter)
    count = plot * (2 if glyphs.area == "braille" else 1)
    axis = axis and height >= (4 if failed is not None else 3)
    lines = mark_cells(marks, plot)
    hanging = _hanging(failed, strips, count, height - axis)
    above = height - axis - len(hanging)
    rows = _Rows(width - plot, glyphs, _gap_cells(done, plot), lines)
    rise = smooth(done, count)
    top = scale or round_up(highest(rise))
    rows.rise(rise, smooth(line, count) if line else [], above, top, (role, body),
              label or _rate_label, named=not axis)  # fmt: skip
    for name, values, its in hanging:
        own = failed_scale if name is FAILED else None
        rows.hang(name, values, own or round_up(max(4.0, highest(values))), its)
    if axis:
        rows.drawn.append(time_row(seconds or float(len(done)), width - plot, plot, lines))
    return rows.drawn


_Strip = tuple[str, Values, str]
"""What hangs below the axis: its name, its values, and its role."""


def _hanging(
    failed: Values | None, strips: Sequence[_Strip], count: int, height: int
) -> list[_Strip]:
    """What hangs below the axis of a chart of that height: the failures first, then what fits."""
    if failed is None or height < 2:
        return []
    rows = [(FAILED, failed, "failure"), *strips[: max(0, height - 1 - STRIPS_FROM)]]
    return [(name, resample(values, count, mean), role) for name, values, role in rows]


class _Rows:
    """The rows of a chart from the top, with its scale at the left of each.

    `gaps` are the cells where data stops, `lines` those of marks with their texts.
    """

    def __init__(self, left: int, glyphs: Glyphs, gaps: set[int], lines: Mapping[int, str]) -> None:
        self.drawn: list[list[Span]] = []
        self._left, self._glyphs = left, glyphs
        self._gaps, self._lines = gaps, lines

    def rise(
        self,
        values: Values,
        line: Values,
        rows: int,
        top: float,
        roles: tuple[str, str],
        label: Callable[[float], str],
        *,
        named: bool,
    ) -> None:
        """Draw the area over `rows` rows, and the line over it; marks are `named` in the first."""
        draw, steps = _DRAWN[self._glyphs.area]
        levels = [_level(value, top, rows * steps) for value in values]
        over = [_level(value, top, rows * steps) for value in line]
        for row in range(rows, 0, -1):
            name = label(top) if row == rows else "0" if row == 1 else ""
            cells = draw(levels, row, roles, False)
            if over:
                _draw_line(cells, over, row, self._glyphs)
            if named and row == rows:
                _name_marks(cells, self._lines, self._glyphs)
            self._add(name, cells)

    def hang(self, name: str, values: Values, deepest: float, role: str) -> None:
        """Draw a row that hangs from the axis."""
        draw, steps = _DRAWN[self._glyphs.area]
        levels = [_level(value, deepest, steps) for value in values]
        self._add(name, draw(levels, 1, (role, role), True))

    def _add(self, label: str, cells: list[Span]) -> None:
        for place in self._gaps:
            cells[place] = (self._glyphs.gap, "gap")
        for place in self._lines:
            cells[place] = (self._glyphs.vertical, MARK_ROLE)
        head: list[Span] = []
        if self._left > 1:
            head = [*fit_spans([(label, "faint")], self._left - 1, "right"), (" ", "")]
        self.drawn.append([*head, *merge_spans(cells)])


def mark_cells(marks: Mapping[float, str], plot: int) -> dict[int, str]:
    """The texts of marks by the cell of a plot in which each stands."""
    return {min(plot - 1, int(part * plot)): text for part, text in marks.items()}


def plot_width(width: int) -> int:
    """The cells of a chart of that width beside its scale."""
    return _plot_width(width, GUTTER)


def _rate_label(top: float) -> str:
    return f"{_scale_label(top)}/s"


def _scale_label(top: float) -> str:
    if top < 1:
        return format_rate(top, unit="")
    return format_count(round(top), 5)


def _draw_line(cells: list[Span], levels: list[int], row: int, glyphs: Glyphs) -> None:
    """Draw a line over the cells of a row: dots where there are any, else a sign a cell."""
    if glyphs.area != "braille":
        steps = _DRAWN[glyphs.area][1]
        for place, level in enumerate(levels):
            if (row - 1) * steps < level <= row * steps and cells[place][0] == " ":
                cells[place] = (glyphs.horizontal, LINE_ROLE)
        return
    for place in range(len(cells)):
        dots = 0
        for side in (0, 1):
            step = levels[2 * place + side] - (row - 1) * 4
            dots |= _LINE_DOTS[side][step] if 0 < step <= 4 else 0
        if dots:
            below = 0 if cells[place][0] == " " else ord(cells[place][0]) - 0x2800
            cells[place] = (chr(0x2800 + (below | dots)), LINE_ROLE)


def _name_marks(cells: list[Span], lines: Mapping[int, str], glyphs: Glyphs) -> None:
    """Write the text of each mark beside its line, where nothing is drawn."""
    for place, text in sorted(lines.items()):
        free = place + 1
        while free < len(cells) and cells[free][0] == " " and free not in lines:
            free += 1
        for at, letter in enumerate(_mark_text(text, free - place - 1, glyphs.ellipsis), place + 1):
            cells[at] = (letter, "key")


def _mark_text(text: str, room: int, ellipsis: str) -> str:
    """The text of a mark in so many cells, "" where that is too little of it."""
    shown = clean(text, limit=64)
    if len(shown) != cell_width(shown):
        shown = "".join(one for one in shown if cell_width(one) == 1)
    if len(shown) <= room:
        return shown
    return cut(shown, room, ellipsis=ellipsis) if room >= MARK_LEAST else ""


def _gap_cells(values: Values, plot: int) -> set[int]:
    """The cells where known data ends and a stretch without begins."""
    size = len(values)
    return {
        min(plot - 1, place * plot // size)
        for place in range(1, size)
        if not is_known(values[place]) and is_known(values[place - 1])
    }


def _level(value: float | None, top: float, steps: int) -> int:
    if value is None or not value > 0:
        return 0
    if value >= top:
        return steps
    return max(1, math.ceil(value / top * steps - 1e-9))


Draw = Callable[[list[int], int, tuple[str, str], bool], list[Span]]
"""From levels, the row counted from the axis, the roles of top and body, and whether it hangs."""


def _braille_row(levels: list[int], row: int, roles: tuple[str, str], hanging: bool) -> list[Span]:
    lower, upper = (row - 1) * 4, row * 4
    masks = _HANGING_DOTS if hanging else _RISING_DOTS
    out: list[Span] = []
    for place in range(0, len(levels), 2):
        left, right = levels[place], levels[place + 1]
        if left <= lower and right <= lower:
            out.append((" ", ""))
            continue
        dots = masks[0][min(4, max(0, left - lower))] | masks[1][min(4, max(0, right - lower))]
        out.append((chr(0x2800 + dots), roles[left > upper or right > upper]))
    return out


def _block_row(levels: list[int], row: int, roles: tuple[str, str], hanging: bool) -> list[Span]:
    signs = _HANGING if hanging else _RISING
    lower, upper = (row - 1) * 8, row * 8
    return [
        (" ", "") if level <= lower else (signs[min(8, level - lower) - 1], roles[level > upper])
        for level in levels
    ]


def _ascii_row(levels: list[int], row: int, roles: tuple[str, str], hanging: bool) -> list[Span]:
    return [("#", roles[level > row]) if level >= row else (" ", "") for level in levels]


_DRAWN: dict[str, tuple[Draw, int]] = {
    "braille": (_braille_row, 4),
    "block": (_block_row, 8),
    "ascii": (_ascii_row, 1),
}
"""How each kind of area is drawn, and how many levels a cell has."""


def time_row(
    seconds: float, left: int, plot: int, lines: Mapping[int, str] = NO_LINES
) -> list[Span]:
    """The ages under a chart, `5m 4m 3m 2m 1m now`, each below its place.

    The texts of marks, by their cells, stand in their way.
    """
    row: list[Span] = [(" ", "faint")] * plot
    now = "now" if plot >= 3 else ""
    row[plot - len(now) :] = [(letter, "faint") for letter in now]
    room = plot - len(now) - 1
    taken = [False] * plot
    for place, text in sorted(lines.items(), reverse=True):
        end = next((at for at in range(place + 1, room + 1) if taken[at]), room + 1) - 1
        shown, start = _mark_text(text, end - place, "~"), place + 1
        other = _mark_text(text, min(place, room), "~")
        if len(other) > len(shown):  # beside `now`, or another mark, it stands on the other side
            shown, start = other, min(place, room) - len(other)
        for at, letter in enumerate(shown, start):
            row[at] = (letter, "key")
        used = slice(max(0, start - 1), start + len(shown) + 1)
        taken[used] = [True] * len(taken[used])
    seconds = max(1.0, seconds)
    step = next((s for s in _MARKS if plot * s / seconds >= _MARK_ROOM), seconds)
    age = math.floor(seconds / step) * step
    free = 0
    while age > 0:
        text = _age(age)
        start = max(free, round(plot * (1 - age / seconds) - len(text) / 2))
        end = start + len(text)
        if end <= room and not any(taken[max(0, start - 1) : end + 1]):
            row[start:end] = [(letter, "faint") for letter in text]
            free = end + 1
        age -= step
    head: list[Span] = [(" " * left, "")] if left else []
    return [*head, *merge_spans(row)]


def _age(seconds: float) -> str:
    """A time ago in one unit or two: `4m`, `4m30s`, `1h30m`."""
    whole = round(seconds)
    for size, unit, part, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "m")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size}{unit}" + (f"{rest}{smaller}" if rest else "")
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m" + (f"{whole % 60}s" if whole % 60 else "")
