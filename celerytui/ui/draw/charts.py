"""Area charts out of rows of numbers; time runs to the right.

None is "no data" and never zero: it is drawn as nothing. Anything above zero shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from celerytui.columns import format_count, format_rate
from celerytui.ui.draw.glyphs import UNICODE, Glyphs
from celerytui.ui.draw.spans import Span, fit_spans, merge_spans

Values = Sequence[float | None]

GUTTER = 8
"""Cells at the left of an area chart for the scale: seven for the rate, one of space."""
FAILED = "failed"
_STEPS = (1, 2, 4, 5, 8, 10)
# Braille dots of the left and the right column, with 0 to 4 of them set.
_RISING_DOTS = ((0x00, 0x40, 0x44, 0x46, 0x47), (0x00, 0x80, 0xA0, 0xB0, 0xB8))
_HANGING_DOTS = ((0x00, 0x01, 0x03, 0x07, 0x47), (0x00, 0x08, 0x18, 0x38, 0xB8))
_HANGING = ("▔", "▔", "▔", "▀", "▀", "▀", "█", "█")
_RISING = "▁▂▃▄▅▆▇█"
_MARKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MARK_ROOM = 12


def resample(
    values: Values, count: int, join: Callable[[list[float]], float] = max
) -> list[float | None]:
    """The values as exactly `count`, `join` taking those that fall together; each counts once."""
    size = len(values)
    if count <= 0 or not size:
        return [None] * max(0, count)
    out: list[float | None] = []
    for index in range(count):
        start = index * size // count
        end = max(start + 1, (index + 1) * size // count)
        known = [value for value in values[start:end] if value is not None and _known(value)]
        out.append(join(known) if known else None)
    return out


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of one value or more."""
    return sum(value / len(values) for value in values)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def smooth(values: Values, count: int) -> list[float | None]:
    """The values as exactly `count` means, one that lies across a border shared between both.

    A rate stays the same rate, and a chart that moves on by a second does not flicker.
    """
    size = len(values)
    if count <= 0 or not size:
        return [None] * max(0, count)
    if size <= count:
        return resample(values, count)
    out: list[float | None] = []
    for index in range(count):
        start, end = index * size / count, (index + 1) * size / count
        total = weight = 0.0
        for place in range(int(start), min(size, math.ceil(end))):
            value = values[place]
            part = min(end, place + 1) - max(start, place)
            if value is not None and math.isfinite(value) and part > 0:
                total += value * part
                weight += part
        out.append(total / weight if weight > 1e-9 else None)
    return out


class Scale:
    """The top of a chart's axis, 1 2 4 5 8 times a power of ten, that does not jump about.

    It grows as soon as it is too small and shrinks once it was too large for `patience` seconds.
    """

    def __init__(self, least: float = 1.0, patience: float = 30.0) -> None:
        self.least = least
        self.patience = patience
        self.top = round_up(least)
        self._wrong_since: float | None = None

    def update(self, highest: float | None, now: float) -> float:
        """The top for a chart whose highest value is `highest` at the time `now`."""
        wanted = round_up(max(self.least, highest or 0.0))
        if wanted >= self.top:
            self.top = wanted
            self._wrong_since = None
        elif self._wrong_since is None or now < self._wrong_since:
            self._wrong_since = now
        elif now - self._wrong_since >= self.patience:
            self.top = wanted
            self._wrong_since = None
        return self.top


def round_up(value: float) -> float:
    """The next of 1 2 4 5 8 times a power of ten, 1 for what is no positive number.

    Between a billionth and 10^15; no rate or count is outside, hostile ones are.
    """
    if not math.isfinite(value) or value <= 0:
        return 1.0
    value = min(max(value, 1e-9), 1e15)
    exponent = math.floor(math.log10(value))
    for shift in (exponent, exponent + 1):
        for step in _STEPS:
            # Divided and not multiplied by a negative power, so that 0.8 comes out as 0.8.
            top = step / 10.0**-shift if shift < 0 else step * 10.0**shift
            if top >= value:
                return top
    return value


def highest(values: Iterable[float | None]) -> float:
    """The largest known value, zero if there is none."""
    return max((v for v in values if v is not None and math.isfinite(v)), default=0.0)


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
) -> list[list[Span]]:
    """An area chart as `height` rows of exactly `width` cells; values are oldest first, to now.

    `done` rises above the axis; `failed` (if given) hangs one row below it on a scale of its own,
    which has no number: it would be read as that of the failures.
    The scales are the tops of the axes (`Scale.update`), else fitted. The last row has the times
    of `seconds` of history (one value a second if not given), unless `axis` is off or the chart
    is low. Where data stops, `┆` marks it.
    """
    if width <= 0 or height <= 0:
        return []
    plot = _plot_width(width, gutter)
    left = width - plot
    count = plot * (2 if glyphs.area == "braille" else 1)
    axis = axis and height >= (4 if failed is not None else 3)
    below = 1 if failed is not None and height - axis >= 2 else 0
    rise, hang = smooth(done, count), resample(failed or (), count, mean)
    top = scale or round_up(highest(rise))
    depth = failed_scale or round_up(max(4.0, highest(hang)))
    draw, steps = _DRAWN[glyphs.area]
    gaps = _gap_cells(done, plot)
    rows: list[list[Span]] = []
    above = height - axis - below
    levels = [_level(value, top, above * steps) for value in rise]
    for row in range(above, 0, -1):
        label = f"{_scale_label(top)}/s" if row == above else "0" if row == 1 else ""
        cells = draw(levels, row, (role, body), False)
        rows.append(_chart_row(label, left, cells, gaps, glyphs))
    if below:
        levels = [_level(value, depth, steps) for value in hang]
        cells = draw(levels, 1, ("failure", "failure"), True)
        rows.append(_chart_row(FAILED, left, cells, gaps, glyphs))
    if axis:
        rows.append(_time_row(seconds or float(len(done)), left, plot))
    return rows


def _scale_label(top: float) -> str:
    if top < 1:
        return format_rate(top, unit="")
    return format_count(round(top), 5)


def _chart_row(
    label: str, left: int, cells: list[Span], gaps: set[int], glyphs: Glyphs
) -> list[Span]:
    for place in gaps:
        cells[place] = (glyphs.gap, "gap")
    head = [*fit_spans([(label, "faint")], left - 1, "right"), (" ", "")] if left > 1 else []
    return [*head, *merge_spans(cells)]


def _gap_cells(values: Values, plot: int) -> set[int]:
    """The cells where known data ends and a stretch without begins."""
    size = len(values)
    return {
        min(plot - 1, place * plot // size)
        for place in range(1, size)
        if not _known(values[place]) and _known(values[place - 1])
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


def _time_row(seconds: float, left: int, plot: int) -> list[Span]:
    """The ages under a chart, `5m 4m 3m 2m 1m now`, each below its place."""
    row = [" "] * plot
    now = "now" if plot >= 3 else ""
    row[plot - len(now) :] = now
    room = plot - len(now) - 1
    seconds = max(1.0, seconds)
    step = next((s for s in _MARKS if plot * s / seconds >= _MARK_ROOM), seconds)
    age = math.floor(seconds / step) * step
    used = 0
    while age > 0:
        text = _age(age)
        start = max(used, round(plot * (1 - age / seconds) - len(text) / 2))
        if start + len(text) <= room:
            row[start : start + len(text)] = text
            used = start + len(text) + 1
        age -= step
    return [(" " * left, ""), ("".join(row), "faint")] if left else [("".join(row), "faint")]


def _age(seconds: float) -> str:
    whole = round(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole >= size and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
