"""How long the runs of a type take, and how long they wait: histograms with their quantiles."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import format_duration
from celerytui.counts import counted
from celerytui.model import Quantiles
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.histogram import Buckets, histogram
from celerytui.ui.draw.spans import Line, Span, Spans, span_width
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
        named = [("p50", found.p50), ("p95", found.p95), ("p99", found.p99), ("max", found.max)]
        marks = [(name, seconds) for name, seconds in named if seconds is not None]
        right = _figures(marks, found.count, width - len(title) - 4)
        head = section(width, title, right, glyphs=glyphs)
        if not buckets:
            return [head, [("none in this window", "muted")]]
        return [head, *histogram(buckets, marks, width, height - 1, glyphs=glyphs, role=role)]


def _figures(marks: Sequence[tuple[str, float]], count: int, room: int) -> Spans:
    """The quantiles and how many runs they are of; what has no room is left out from the end."""
    spans: list[Span] = []
    for name, seconds in marks:
        more: list[Span] = [(f"{name} ", "muted"), (format_duration(seconds), "text")]
        if span_width([*spans, *more]) > room:
            return spans[:-1]
        spans += [*more, ("  ", "text")]
    runs = (counted(count, "run"), "muted")
    return [*spans, runs] if span_width([*spans, runs]) <= room else spans[:-1]
