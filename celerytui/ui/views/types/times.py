"""How long the runs of a type take, and how long they wait: histograms with their quantiles."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.counts import counted
from celerytui.model import Quantiles
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.histogram import Buckets, histogram
from celerytui.ui.draw.spans import Line, Spans
from celerytui.ui.views.types.pane import TypePane

LOWEST = 5
"""Rows of one histogram with its head; the second one is only drawn where both have them."""


class TypeTimes(TypePane):
    """The runtimes of the type's successes, and the waits of all of its runs."""

    NAME = "Times"

    def lines(self, width: int) -> Sequence[Line | Spans]:
        detail = self.detail
        if detail is None:
            return []
        figures = detail.figures
        parts = [
            ("Runtime", figures.runtime, detail.runtime_buckets, "started"),
            ("Wait", figures.wait, detail.wait_buckets, "received"),
        ]
        height = max(2 * LOWEST, self.inside.height)
        lines: list[Line | Spans] = []
        for at, (title, found, buckets, role) in enumerate(parts):
            room = (height + 1 - at) // 2
            lines += self._part(title, found, buckets, role, width, room)
        return lines

    def _part(
        self, title: str, found: Quantiles, buckets: Buckets, role: str, width: int, height: int
    ) -> list[Line | Spans]:
        glyphs = self.session.glyphs
        head = section(width, title, [(counted(found.count, "run"), "muted")], glyphs=glyphs)
        if not buckets:
            return [head, [("none in this window", "muted")]]
        named = [("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.max)]
        marks = [(name, seconds) for name, seconds in named if seconds is not None]
        drawn = histogram(buckets, marks, width, height - 1, glyphs=glyphs, role=role)
        return [head, *drawn]
