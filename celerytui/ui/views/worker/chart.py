"""The throughput of one worker over time."""

from __future__ import annotations

from typing import ClassVar

from celerytui.columns import format_clock, format_count, format_rate
from celerytui.control import Scope
from celerytui.ui.draw.charts import area_chart, area_samples
from celerytui.ui.draw.samples import Scale, highest, smooth
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.panes.pane import Pane, Row
from celerytui.ui.session import Session

SECONDS = 300
AXIS_FROM = 5
"""Rows of body from which the chart has an axis of time."""


class WorkerThroughput(Pane):
    """Tasks that this worker got done a second, over the last five minutes."""

    NAME = "Throughput"
    KEYS: ClassVar[tuple[str, ...]] = ("worker",)

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._scale = Scale()
        self._rows: list[Row] = []
        self._peak = 0.0
        self._drawn: object = None
        self._charted: tuple[int, str, int, int] | None = None

    def targets(self, scope: Scope) -> list[str]:
        return [self.session.worker] if scope is Scope.WORKER and self.session.worker else []

    def titles(self) -> tuple[Spans, Spans]:
        session, left = self.session, [(self.NAME, self.title_role)]
        if session.engine.store.summary(session.now()).first_event_at is None:
            return left, []
        worker = session.glance.workers.get(session.worker or "")
        glyphs, bad = session.glyphs, worker.failed if worker is not None else None
        rate = worker.done_per_second if worker is not None else None
        since = worker.seen_since if worker is not None else None
        ascii, utc, now = session.ascii, session.utc, session.now()
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
        spans.append((f"   peak {format_rate(self._peak, ascii=ascii)} in 5m", "muted"))
        return left, spans

    def paint(self) -> None:
        worker = self.session.worker or ""
        other = self._charted is not None and self._charted[1] != worker
        if (self.session.paused_at is None or other) and self.is_attached and self.outer_size:
            inside = self.inside
            charted = int(self.session.now()), worker, inside.width, inside.height
            if charted != self._charted:  # what it shows are whole seconds
                self._charted = charted
                self._chart(worker, inside.width - 2, inside.height)
        super().paint()

    def body(self, width: int, height: int) -> list[Row]:
        return self._rows

    def _chart(self, worker: str, width: int, height: int) -> None:
        if width < 2 or height < 1:
            self._rows = []
            return
        session = self.session
        store, now = session.engine.store, session.now()
        done = store.series("done", SECONDS, now, worker)
        self._peak = highest(smooth(done, area_samples(width, session.glyphs)))
        scale = self._scale.update(self._peak, now)
        drawn = done, width, height, scale
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._rows = [
            ([(" ", "text"), *spans, (" ", "text")], "bg")
            for spans in area_chart(
                done, None, width, height,  # its failures are not kept by the second
                seconds=SECONDS, glyphs=session.glyphs, axis=height >= AXIS_FROM, scale=scale,
            )
        ]  # fmt: skip
