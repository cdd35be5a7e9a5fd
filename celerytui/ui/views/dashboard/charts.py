"""The charts of the whole cluster: its throughput, and where there is room all that it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from celerytui.columns import clean, format_clock, format_rate
from celerytui.model import Mark, Series
from celerytui.store.statistics import WINDOWS
from celerytui.ui.draw.charts import area_chart, area_samples
from celerytui.ui.draw.samples import Scale, highest, spread
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.panes.pane import Pane, Row
from celerytui.ui.panes.windows import listed, reached, stepped
from celerytui.ui.session import Session
from celerytui.ui.views.dashboard.page import Chart, Page, charts_of

AXIS_FROM = 5
"""Rows of body from which the chart has an axis of time."""
PAGE_FROM = 16
"""Rows of body from which there are more charts than that of the throughput."""
PACE: Mapping[str, int] = {"5m": 1, "1h": 5, "24h": 60, "7d": 300, "30d": 900}
"""Seconds after which a chart of a window is drawn again."""
LEAST: Mapping[str, float] = {"24h": 0.1, "7d": 0.05, "30d": 0.05}
"""The lowest top of the axis of tasks done a second, where a slot has few of them."""
MARKS_NAMED = 3


class ClusterCharts(Pane):
    """Tasks done a second, failures below the axis; alone also what is queued, runs and takes."""

    NAME = "Throughput"
    KEYS: ClassVar[tuple[str, ...]] = ("window",)

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self.window = next(iter(WINDOWS))
        self._scales: dict[tuple[str, str], Scale] = {}
        self._rows: list[Row] = []
        self._peak = 0.0
        self._charted: object = None
        self._drawn: object = None

    def titles(self) -> tuple[Spans, Spans]:
        session, glyphs = self.session, self.session.glyphs
        summary = session.summary
        left: Spans = [(self.NAME, self.title_role)]
        windows = [*listed(session, self.window), ("   ", "text")] if self.has_focus else []
        peak = f"   peak {format_rate(self._peak, ascii=session.ascii)} in {self.window}"
        if summary.first_event_at is None:
            return left, [*windows[:-1], *([(peak, "muted")] if self._peak else [])]
        bad = bool(summary.failed_per_second)
        right: list[Span] = [
            (f"{glyphs.success} ", "success"),
            (format_rate(summary.done_per_second, ascii=session.ascii), "text"),
            (" done", "muted"),
            (f"   {glyphs.failure} ", "failure" if bad else "muted"),
            (format_rate(summary.failed_per_second, ascii=session.ascii), "text"),
            (" failed", "muted"),
            (peak, "muted"),
        ]
        return left, [*windows, *right]

    def footnote(self) -> Spans:
        """How far back it goes, and the newest marks of it, where they are drawn as lines."""
        session = self.session
        since = session.now() - WINDOWS[self.window]
        marks = [one for one in session.engine.store.marks.all() if one.at >= since]
        spans = reached(session, self.window)
        for one in marks[-MARKS_NAMED:]:
            at = format_clock(one.at, session.utc, now=session.now())
            spans += [("  " if spans else "", "text"), (f"{session.glyphs.vertical} ", "accent")]
            spans += [(clean(one.text, limit=24), "text"), (f" {at}", "muted")]
        return spans

    def paint(self) -> None:
        if self.is_attached and self.outer_size:
            inside, store = self.inside, self.session.engine.store
            tick = int(self.session.now()) // PACE[self.window]
            reach = self.session.engine.past_windows.reach(self.window)
            charted = tick, self.window, reach, inside.width, inside.height, store.marks.last
            if charted != self._charted:
                self._charted = charted
                self._chart(inside.width - 2, inside.height)
        super().paint()

    def body(self, width: int, height: int) -> list[Row]:
        return self._rows

    def action_window(self, by: int) -> None:
        """Show a shorter or a longer window; nothing where there is none."""
        self.window = stepped(self.session, self.window, by)
        self.paint()

    # The charts

    def _chart(self, width: int, height: int) -> None:
        if width < 2 or height < 1:
            self._rows = []
            return
        lines = self._page(width, height) if height >= PAGE_FROM else self._one(width, height)
        if lines is not None:
            self._rows = [([(" ", "text"), *spans, (" ", "text")], "bg") for spans in lines]

    @property
    def _times(self) -> tuple[float, float]:
        """When what is drawn begins and ends: whole seconds, as these are counted."""
        end = float(int(self.session.now()))
        return end - WINDOWS[self.window], end

    def _one(self, width: int, height: int) -> Sequence[Spans] | None:
        """The chart of the throughput; None where it is as it was."""
        session = self.session
        done, failed = session.engine.store.course.throughput(self.window, session.now())
        count = area_samples(width, session.glyphs)
        rise, hang = self._spread(done, count), self._spread(failed, count)
        self._peak = highest(rise)
        least = LEAST.get(self.window, 1.0)
        scales = (
            self._top("done", self._peak, least),
            self._top("failed", highest(hang), 4.0 * least),
        )
        marks = self._marks()
        drawn = self.window, rise, hang, scales, width, height, marks
        if drawn == self._drawn:
            return None
        self._drawn = drawn
        return area_chart(
            rise, hang, width, height,
            seconds=WINDOWS[self.window], glyphs=session.glyphs, axis=height >= AXIS_FROM,
            scale=scales[0], failed_scale=scales[1], marks=marks,
        )  # fmt: skip

    def _page(self, width: int, height: int) -> Sequence[Spans]:
        session = self.session
        course = session.engine.store.course.read(self.window, session.now())
        self._drawn = None
        begin, end = self._times
        count = area_samples(width, session.glyphs)
        charts = charts_of(course, begin, end, count, LEAST.get(self.window, 1.0))
        self._peak = highest(charts[0].values)
        page = Page(width, height, float(WINDOWS[self.window]), session.glyphs, self._marks())
        return page.rows(charts, self._top_of)

    def _top_of(self, chart: Chart) -> float:
        return self._top(chart.name, max(highest(chart.values), highest(chart.line)), chart.least)

    def _top(self, name: str, most: float, least: float = 1.0) -> float:
        """The top of an axis: each chart of each window has its own."""
        scale = self._scales.setdefault((self.window, name), Scale(least=least))
        return scale.update(most, self.session.now())

    def _spread(self, series: Series[float], count: int) -> list[float | None]:
        begin, end = self._times
        return spread(series, begin, end, count)

    def _marks(self) -> dict[float, str]:
        """The marks of the window, by the part of it that was over when they were set."""
        begin, end = self._times
        marks: Sequence[Mark] = self.session.engine.store.marks.all()
        return {
            min(1.0, (one.at - begin) / (end - begin)): one.text
            for one in marks
            if begin <= one.at <= end + 1
        }
