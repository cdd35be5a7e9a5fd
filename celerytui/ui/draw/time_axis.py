"""A span of time laid out over the cells of a row: where a time is, and which are named."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from msgspec import Struct

from celerytui.columns.formats import MONTHS
from celerytui.ui.draw.spans import Line, cells

DAY = 86_400
STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1200, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY),
)
"""Seconds from one named time to the next."""
APART = 16
"""Cells from one named time to the next at least."""

Label = tuple[int, str, str]
"""The cell that a text is about, the text, and its role."""


class TimeAxis(Struct, frozen=True):
    """The time from `begins` to `ends`, in Unix seconds, over `width` cells of one or more."""

    begins: float
    ends: float
    width: int

    @property
    def seconds(self) -> float:
        """How long it is; never nothing."""
        return max(1e-3, self.ends - self.begins)

    def cell(self, at: float) -> int:
        """The cell in which a time is, the first or the last for one outside."""
        # What is the beginning of a cell is in it, whatever the arithmetic makes of it.
        part = max(0.0, min(1.0, (at - self.begins) / self.seconds))
        return min(self.width - 1, math.floor(part * self.width + 1e-3))

    def begin_of(self, cell: int) -> float:
        """When a cell begins."""
        cell = max(0, min(self.width - 1, cell))
        return self.begins + cell * self.seconds / self.width

    def names(self, *, utc: bool) -> list[Label]:
        """Round times with what they are called, as many as have room."""
        step = self._step()
        offset = 0 if utc else _offset(self.begins)
        first = math.ceil((self.begins + offset) / step) * step - offset
        count = min(self.width, int((self.ends - first) // step) + 1)
        return [self._label(first + n * step, step, utc) for n in range(count)]

    def _step(self) -> int:
        room = max(1, self.width // APART)
        return next((one for one in STEPS if self.seconds / one <= room), STEPS[-1])

    def _label(self, at: float, step: int, utc: bool) -> Label:
        return self.cell(at), name_of(at, step, utc=utc), "faint"


def name_of(at: float, step: float, *, utc: bool) -> str:
    """A time where times are named each `step` seconds: `14:20`, `14:20:05`, `25 Nov`."""
    try:
        parts = time.gmtime(at) if utc else time.localtime(at)
    except (OverflowError, ValueError, OSError):
        return ""
    if step >= DAY or (step >= 3600 and parts[3:6] == (0, 0, 0)):
        return f"{parts[2]} {MONTHS[parts[1] - 1]}"
    return f"{parts[3]:02}:{parts[4]:02}" + ("" if step >= 60 else f":{parts[5]:02}")


def _offset(at: float) -> int:
    """Seconds that the local clock is ahead of UTC at a time."""
    try:
        return time.localtime(at).tm_gmtoff
    except (OverflowError, ValueError, OSError):
        return 0


def put_labels(
    line: Line, labels: Sequence[Label], taken: Sequence[range] = (), *, aside: int = 0
) -> list[range]:
    """Put the labels around their cells; those that come first have their place, if there is one.

    Nothing is put into or beside the cells that are `taken`. A label may begin or end up to `aside`
    cells from its own. Gives the cells that are taken then.
    """
    used = list(taken)
    for cell, text, role in labels:
        width = cells(text)
        if not text or width > line.width:
            continue
        middle = max(0, min(line.width - width, cell - width // 2))
        places = range(max(0, cell - width - aside), min(line.width - width, cell + aside) + 1)
        nearest = sorted(places, key=lambda one: abs(one - middle)) if aside else [middle]
        for start in nearest:
            around = range(start - 1, start + width + 1)
            if not any(_meet(around, one) for one in used):
                line.put(start, text, role)
                used.append(range(start, start + width))
                break
    return used


def _meet(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop
