"""The chart of what the cluster gets done."""

from __future__ import annotations

from celerytui.columns import format_clock, format_count, format_rate
from celerytui.ui.draw.charts import (
    Scale,
    area_chart,
    area_samples,
    highest,
    mean,
    resample,
    smooth,
)
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.panes.pane import Pane, Row
from celerytui.ui.session import Session

SECONDS = 300
AXIS_FROM = 5
"""Rows of body from which the chart has an axis of time."""


class Throughput(Pane):
    """Tasks done a second over the last five minutes, failures below the axis."""

    NAME = "Throughput"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._scale = Scale()
        self._failed_scale = Scale(least=4.0)
        self._rows: list[Row] = []
        self._peak = self._failed_peak = 0.0
        self._series: object = None
        self._scales = (0.0, 0.0)
        self._charted: tuple[int, str | None, int, int] | None = None

    @property
    def of_worker(self) -> str | None:
        """The worker whose doing is shown, None for all."""
        return None

    def titles(self) -> tuple[Spans, Spans]:
        session, glyphs = self.session, self.session.glyphs
        summary = session.engine.store.summary(session.now())
        if summary.first_event_at is None:
            return [(self.NAME, self.title_role)], []
        if self.of_worker is not None:
            return [(self.NAME, self.title_role)], self._pace_of(self.of_worker)
        bad = bool(summary.failed_per_second)
        right: list[Span] = [
            (f"{glyphs.success} ", "success"),
            (format_rate(summary.done_per_second, ascii=session.ascii), "text"),
            (" done", "muted"),
            (f"   {glyphs.failure} ", "failure" if bad else "muted"),
            (format_rate(summary.failed_per_second, ascii=session.ascii), "text"),
            (" failed", "muted"),
            (f"   peak {format_rate(self._peak, ascii=session.ascii)} in 5m", "muted"),
        ]
        return [(self.NAME, self.title_role)], right

    def _pace_of(self, hostname: str) -> Spans:
        worker = self.session.glance.workers.get(hostname)
        glyphs, bad = self.session.glyphs, worker.failed if worker is not None else None
        rate = worker.done_per_second if worker is not None else None
        since = worker.seen_since if worker is not None else None
        ascii, utc, now = self.session.ascii, self.session.utc, self.session.now()
        spans: list[Span] = [
            (f"{glyphs.success} ", "success"),
            (format_rate(rate, ascii=ascii), "text"),
            (" done", "muted"),
        ]
        if since is not None:
            spans += [
                (f"   {glyphs.failure} ", "failure" if bad else "muted"),
                (format_count(bad, ascii=ascii), "text"),
                (f" failed since {format_clock(since, utc, now=now)}", "muted"),
            ]
        return [*spans, (f"   peak {format_rate(self._peak, ascii=ascii)} in 5m", "muted")]

    def paint(self) -> None:
        other = self._charted is not None and self._charted[1] != self.of_worker
        if (self.session.paused_at is None or other) and self.is_attached and self.outer_size:
            inside = self.inside
            charted = int(self.session.now()), self.of_worker, inside.width, inside.height
            if charted != self._charted:  # what it shows are whole seconds
                self._charted = charted
                self._chart(inside.width, inside.height)
        super().paint()

    def body(self, width: int, height: int) -> list[Row]:
        return self._rows

    def _chart(self, width: int, height: int) -> None:
        if width < 4 or height < 1:
            self._rows = []
            return
        session = self.session
        store, now = session.engine.store, session.now()
        worker = self.of_worker
        done = store.series("done", SECONDS, now, worker)
        failed = store.series("failed", SECONDS, now, worker)
        series = done, failed, width, height
        again = series == self._series
        if not again:
            self._series = series
            count = area_samples(width - 2, session.glyphs)
            self._peak = highest(smooth(done, count))
            self._failed_peak = highest(resample(failed, count, mean))
        scales = (
            self._scale.update(self._peak, now),
            self._failed_scale.update(self._failed_peak, now),
        )
        if again and scales == self._scales:
            return
        self._scales = scales
        self._rows = [
            ([(" ", "text"), *spans, (" ", "text")], "bg")
            for spans in area_chart(
                done, failed, width - 2, height,
                seconds=SECONDS, glyphs=session.glyphs, axis=height >= AXIS_FROM,
                scale=scales[0], failed_scale=scales[1],
            )
        ]  # fmt: skip
