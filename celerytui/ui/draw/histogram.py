"""How often something took how long: columns over a logarithmic axis of durations."""

from __future__ import annotations

import math
from collections.abc import Sequence

from celerytui.columns import format_duration
from celerytui.store.statistics.histogram import GAMMA
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Span, merge_spans

Buckets = Sequence[tuple[float, int]]
"""(seconds, number), shortest first."""

_SHORTEST = 1e-4
"""What is shorter stands with it: a logarithmic axis has no zero."""
_STEPS = "▁▂▃▄▅▆▇█"
_TICK_ROOM = 16


def histogram(
    buckets: Buckets,
    marks: Sequence[tuple[str, float]],
    width: int,
    height: int,
    *,
    glyphs: Glyphs,
    role: str,
) -> list[list[Span]]:
    """`height` rows of `width` cells: the names of the marks, the columns, and the axis below.

    `marks` are (name, seconds), each drawn as a line.
    """
    if not buckets or width < 8 or height < 3:
        return []
    low, high = _axis(buckets, width)
    columns = _columns(buckets, width, low, high)
    places = [(name, _place(seconds, width, low, high)) for name, seconds in marks]
    lines = {place for _, place in places}
    room = height - 2
    rows = [_names(places, width)]
    top = max(columns)
    steps = 1 if glyphs.area == "ascii" else len(_STEPS)
    levels = [math.ceil(one / top * room * steps - 1e-9) for one in columns]
    for row in range(room - 1, -1, -1):
        cells: list[Span] = []
        for at, level in enumerate(levels):
            filled = min(steps, level - row * steps)
            if filled > 0:
                cells.append(("#" if steps == 1 else _STEPS[filled - 1], role))
            else:
                cells.append((glyphs.gap, "faint") if at in lines else (" ", ""))
        rows.append(merge_spans(cells))
    rows.append([(_ticks(width, low, high), "faint")])
    return rows


def _log(seconds: float) -> float:
    return math.log(max(seconds, _SHORTEST))


def _axis(buckets: Buckets, width: int) -> tuple[float, float]:
    """The ends of the axis as logarithms; no column is narrower than a bucket."""
    low, high = _log(buckets[0][0]), _log(buckets[-1][0])
    least = width * math.log(GAMMA)
    spare = max(0.04, (least - (high - low)) / 2)
    return low - spare, high + spare


def _place(seconds: float, width: int, low: float, high: float) -> int:
    return max(0, min(width - 1, int((_log(seconds) - low) / (high - low) * width)))


def _columns(buckets: Buckets, width: int, low: float, high: float) -> list[float]:
    """How many are in each column; a bucket on a border is shared between both."""
    columns = [0.0] * width
    half = math.log(GAMMA) / 2
    for seconds, number in buckets:
        at = _log(seconds)
        start = max(0.0, (at - half - low) / (high - low) * width)
        end = min(float(width), (at + half - low) / (high - low) * width)
        for place in range(int(start), min(width, math.ceil(end))):
            part = min(end, place + 1) - max(start, place)
            columns[place] += number * part / (end - start)
    return columns


def _names(places: Sequence[tuple[str, int]], width: int) -> list[Span]:
    """The names of the marks, each above its line; one that would touch another is left out."""
    spans: list[Span] = []
    used = 0
    for name, place in places:
        start = min(max(0, place - len(name) // 2), width - len(name))
        if start < used:
            continue
        spans += [(" " * (start - used), ""), (name, "muted")]
        used = start + len(name)
        if used < width:
            spans.append((" ", ""))
            used += 1
    return [*spans, (" " * (width - used), "")]


def _ticks(width: int, low: float, high: float) -> str:
    """Durations along the axis, evenly spaced."""
    count = max(2, width // _TICK_ROOM + 1)
    row = [" "] * width
    for tick in range(count):
        text = format_duration(math.exp(low + (high - low) * tick / (count - 1)))
        start = round((width - len(text)) * tick / (count - 1))
        row[start : start + len(text)] = text
    return "".join(row)
