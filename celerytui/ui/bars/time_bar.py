"""The time bar at the foot of a replay: what was recorded, and where the replay has come to."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from celerytui.columns import clean, format_clock, format_count, format_percent, format_span
from celerytui.counts import agree, counted
from celerytui.engine.replayer import Replayer, ReplayState
from celerytui.model import Bucket, Moment
from celerytui.ui.bars.header import WIDE
from celerytui.ui.draw.frame import frame_bottom, frame_top
from celerytui.ui.draw.recorded import burst_count, failed, throughput
from celerytui.ui.draw.spans import Line, Span, Spans, cells, fit_spans, to_strip
from celerytui.ui.draw.time_axis import DAY, Label, TimeAxis, name_of, put_labels
from celerytui.ui.session import Session

TALL_FROM = 30
"""Rows of the screen from which the bar has titles and a line for failures."""
AXIS_FROM = 20
"""Rows of the screen from which it has an axis."""
NAME_CELLS = 20
"""Cells of the name of a mark."""
ASIDE = 14
"""Cells from a mark to its name at the most: beside the position, whose clock takes 12."""


class TimeBar(Widget):
    """Throughput, failures, marks and gaps of a recording over its time; a click goes there."""

    DEFAULT_CSS = """
    TimeBar { width: 100%; height: auto; background: $background; }
    """

    def __init__(self, session: Session, replayer: Replayer) -> None:
        super().__init__(id="time-bar")
        self.session = session
        self.replayer = replayer
        self._strips: list[Strip] = []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._rows

    @property
    def _tall(self) -> bool:
        """Whether there is room for titles and a line for failures."""
        return self.app.size.height >= TALL_FROM

    @property
    def _framed(self) -> bool:
        return self._tall and self.app.size.width >= WIDE

    @property
    def _rows(self) -> int:
        if self._tall:
            return 5 if self._framed else 4
        return 2 if self.app.size.height >= AXIS_FROM else 1

    @property
    def _edge(self) -> int:
        """Cells at each side of what is drawn over the time."""
        return 2 if self._framed else 1

    @property
    def axis(self) -> TimeAxis:
        """The recording's time over the cells that it has."""
        recording = self.replayer.recording
        room = max(1, self.outer_size.width - 2 * self._edge)
        return TimeAxis(recording.begins, recording.ends, room)

    # Drawing

    def paint(self) -> None:
        """Draw again, and repaint if it differs."""
        if not self.is_attached or not self.outer_size.width:
            return
        strips = self._draw()
        if strips != self._strips:
            self._strips = strips
            self.refresh()

    def on_resize(self) -> None:
        self.paint()

    def render_line(self, y: int) -> Strip:
        """A row as it was last drawn; the first frame comes before any drawing."""
        if not self._strips or self._strips[0].cell_length != self.outer_size.width:
            self.paint()
        if y >= len(self._strips):
            return Strip.blank(self.outer_size.width, self.session.palette.style("text"))
        return self._strips[y]

    def _draw(self) -> list[Strip]:
        axis, state, glyphs = self.axis, self.replayer.state, self.session.glyphs
        buckets = self.replayer.overview(axis.width)
        body: list[Line | Spans] = []
        if buckets is None:
            body.append([("reading the recording", "muted")])
        else:
            body.append(throughput(buckets, glyphs, failures=not self._tall))
        if self._tall:
            body.append(failed(buckets or [], glyphs))
        if self._rows > 1:
            body.append(self._axis_line(axis, state))
        else:
            body = [self._only_line(axis, state, body[0])]
        inner = [self._whole(one, axis.width) for one in body]
        rows = self._with_titles(inner, buckets, state) if self._tall else _spaced(inner)
        return [to_strip(row, self.session.palette) for row in rows]

    def _with_titles(
        self, body: Sequence[Spans], buckets: Sequence[Bucket] | None, state: ReplayState
    ) -> list[Spans]:
        width, glyphs, framed = self.outer_size.width, self.session.glyphs, self._framed
        left, right = self._title(), self._said(buckets, state)
        rows = _spaced(body)
        top = frame_top(width, left, right, glyphs=glyphs, corners=framed)
        if not framed:
            return [top, *rows]
        side: Span = (glyphs.vertical, "border")
        return [top, *([side, *row, side] for row in rows), frame_bottom(width, glyphs=glyphs)]

    def _whole(self, row: Line | Spans, width: int) -> Spans:
        return row.spans() if isinstance(row, Line) else fit_spans(row, width)

    def _title(self) -> Spans:
        recording, utc = self.replayer.recording, self.session.utc
        ends = recording.begins, recording.ends
        days = [name_of(at, DAY, utc=utc) for at in ends]
        if days[0] == days[1]:
            times = [self._clock(at).removesuffix(":00") for at in ends]
        else:
            clocks = [name_of(at, 60, utc=utc) for at in ends]
            times = [" ".join(one) for one in zip(days, clocks, strict=True)]
        number = format_count(recording.events, 6, ascii=self.session.ascii)
        events = f"{number} {agree(recording.events, recording.unit)}"
        about = f"  {' to '.join(times)}, {clean(recording.kind)}, {events}"
        return [("Recording", "strong"), (about, "muted")]

    def _said(self, buckets: Sequence[Bucket] | None, state: ReplayState) -> Spans:
        """What is going on, else what is in the recording."""
        if (going := self._going_on(state)) is not None:
            return [going]
        recording, dot = self.replayer.recording, f" {self.session.glyphs.dot} "
        parts: list[str] = []
        if buckets is not None:
            number, failures = burst_count(buckets), sum(one.failures for one in buckets)
            parts.append(
                counted(number, "failure burst") if number else counted(failures, "failure")
            )
        if recording.gaps:
            parts.append(counted(len(recording.gaps), "gap"))
        if recording.marks:
            parts.append(counted(len(recording.marks), "mark"))
        return [(dot.join(parts), "muted")] if parts else []

    def _going_on(self, state: ReplayState) -> Span | None:
        if state.error is not None:
            return clean(state.error, limit=200), "failure"
        if state.searching:
            return "searching", "warning"
        if state.seeking is not None:
            done = format_percent(state.done)
            return f"going to {self._clock(state.seeking)}, {done}", "warning"
        if state.note is not None:
            return clean(state.note, limit=100), "warning"
        return ("end of the recording", "warning") if state.ended else None

    def _clock(self, at: float) -> str:
        return format_clock(at, self.session.utc)

    def _axis_line(self, axis: TimeAxis, state: ReplayState) -> Line:
        """The position, and beside it what there is room for: the ends, marks, gaps, times."""
        line = Line(axis.width, self.session.glyphs.ellipsis)
        if state.error is not None and not self._tall:
            return line.left((clean(state.error, limit=200), "failure"))
        words = self._words(state)
        here = self._put_position(line, axis, state.position, words)
        taken = put_labels(line, self._ends(axis), [here])
        taken = put_labels(line, self._named(axis, state.position), taken, aside=ASIDE)
        put_labels(line, self._times(axis), taken)
        return line

    def _words(self, state: ReplayState) -> str:
        """What stands at the position: its time, and without a frame what is going on."""
        going = None if self._tall else self._going_on(state)
        clock = self._clock(state.position)
        return clock if going is None else f"{clock}  {going[0]}"

    def _put_position(self, line: Line, axis: TimeAxis, at: float, words: str) -> range:
        """Put the position and its words; gives the cells that they take."""
        cell, sign = axis.cell(at), self.session.glyphs.position
        width = cells(words)
        if cell + 2 + width <= axis.width or cell < width + 1:
            line.put(cell, sign, "warning bold").put(cell + 2, words, "warning bold")
            return range(cell - 1, cell + 3 + width)
        line.put(cell, sign, "warning bold").put(cell - 1 - width, words, "warning bold")
        return range(cell - 2 - width, cell + 2)

    def _only_line(self, axis: TimeAxis, state: ReplayState, chart: Line | Spans) -> Line:
        """The throughput, and over it the position."""
        line = Line(axis.width, self.session.glyphs.ellipsis).left(*self._whole(chart, axis.width))
        self._put_position(line, axis, state.position, self._words(state))
        return line

    def _ends(self, axis: TimeAxis) -> list[Label]:
        step, utc = 60 if axis.seconds >= 120 else 1, self.session.utc
        ends = (0, axis.begins), (axis.width - 1, axis.ends)
        return [(cell, name_of(at, step, utc=utc), "faint") for cell, at in ends]

    def _named(self, axis: TimeAxis, position: float) -> list[Label]:
        """The marks, that at the position first, then the gaps, each the newest first."""
        recording, here = self.replayer.recording, axis.cell(position)
        marks = [
            (axis.cell(one.at), clean(one.text, limit=NAME_CELLS), "accent")
            for one in reversed(recording.marks)
        ]
        marks.sort(key=lambda one: one[0] != here)
        return [*marks, *(self._gap(axis, one) for one in reversed(recording.gaps))]

    def _gap(self, axis: TimeAxis, gap: Moment) -> Label:
        until = axis.ends if gap.until is None else gap.until
        middle = axis.cell((gap.at + until) / 2)
        return middle, f"gap {format_span(until - gap.at)}", "muted"

    def _times(self, axis: TimeAxis) -> list[Label]:
        return axis.names(utc=self.session.utc)

    # The mouse

    def on_click(self, event: events.Click) -> None:
        cell = event.x - self._edge
        if 0 <= cell < self.axis.width:
            self.replayer.seek(self.axis.begin_of(cell))


def _spaced(rows: Sequence[Spans]) -> list[Spans]:
    return [[(" ", "text"), *row, (" ", "text")] for row in rows]
