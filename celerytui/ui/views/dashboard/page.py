"""All charts of the cluster on one page, over one axis of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from celerytui.columns import format_count, format_duration, format_rate
from celerytui.model import Course, Quantiles, Series
from celerytui.ui.draw.charts import GUTTER, LINE_ROLE, area_chart, mark_cells, plot_width, time_row
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.samples import Values, is_known, spread
from celerytui.ui.draw.spans import Span, Spans

LEAST = 2
"""Rows of a chart below the first, without its head."""
SHORTEST = 0.01
"""Seconds: the lowest top of an axis of durations."""

Write = Callable[[float | None], str]


class Chart(Struct, frozen=True, kw_only=True):
    """One chart: an area, in colour `role` over `body`, and maybe a `line` over it.

    `names` are those of both in the legend, `write` writes their values there and at the axis;
    `strips` hang below it as (name, values, role). `least` is the lowest top of its axis.
    """

    name: str
    values: Values
    names: tuple[str, str]
    write: Write
    line: Values = ()
    failed: Values | None = None
    strips: tuple[tuple[str, Values, str], ...] = ()
    role: str
    body: str
    least: float = 1.0


def charts_of(
    course: Course, begin: float, end: float, count: int, least: float = 1.0
) -> list[Chart]:
    """The charts of a course, with `count` samples from `begin` to `end` each.

    `least` is the lowest top of the axis of the throughput.
    """

    def rates(series: Series[float]) -> list[float | None]:
        return spread(series, begin, end, count)

    def peaks(series: Series[Quantiles], name: str) -> list[float | None]:
        return spread(_quantile(series, name), begin, end, count, peaks=True)

    strips = (
        ("retried", rates(course.retried), "retry"),
        ("revoked", rates(course.stopped), "muted"),
    )
    return [
        Chart(
            name="Throughput",
            values=rates(course.done),
            names=("done", ""),
            write=format_rate,
            failed=rates(course.failed),
            least=least,
            strips=tuple(one for one in strips if any(one[1])),
            role="success",
            body="success.body",
        ),
        _level("Queued", rates(course.queued), "received"),
        _level("Running", rates(course.running), "started"),
        _durations("Wait", peaks(course.wait, "p50"), peaks(course.wait, "p95"), "received"),
        _durations(
            "Runtime", peaks(course.runtime, "p50"), peaks(course.runtime, "p95"), "started"
        ),
    ]


def _level(name: str, values: Values, role: str) -> Chart:
    return Chart(name=name, values=values, names=("now", ""), write=_count, role=role, body=role)


def _durations(name: str, median: Values, slow: Values, role: str) -> Chart:
    return Chart(
        name=name,
        values=median,
        line=slow,
        names=("p50", "p95"),
        write=format_duration,
        role=role,
        body=role,
        least=SHORTEST,
    )


def _quantile(series: Series[Quantiles], name: str) -> Series[float]:
    values: list[float | None] = [
        None if one is None else getattr(one, name) for one in series.values
    ]
    # The newest slot may end before now, and there is no gap because of that.
    values += values[-1:]
    return Series(series.start, series.width, tuple(values))


def _count(value: float | None) -> str:
    return format_count(None if value is None else round(value), GUTTER - 1)


class Page:
    """Draws charts below each other in `height` rows of `width` cells; `marks` go through all."""

    def __init__(
        self,
        width: int,
        height: int,
        seconds: float,
        glyphs: Glyphs,
        marks: Mapping[float, str],
    ) -> None:
        self._width, self._height = width, height
        self._seconds = seconds
        self._glyphs = glyphs
        self._marks = marks

    def rows(self, charts: Sequence[Chart], top: Callable[[Chart], float]) -> list[Spans]:
        """The first without a head, which is the title of the pane, then the others, the axis."""
        room = self._height - len(charts)
        below = max(LEAST, room // (len(charts) + 2))
        first = room - below * (len(charts) - 1)
        rows: list[Spans] = []
        for chart in charts:
            rest = chart is not charts[0]
            if rest:
                rows.append(
                    section(self._width, chart.name, self._legend(chart), glyphs=self._glyphs)
                )
            rows += self._chart(chart, below if rest else first, top(chart))
        plot = plot_width(self._width)
        lines = mark_cells(self._marks, plot)
        return [*rows, time_row(self._seconds, self._width - plot, plot, lines)]

    def _chart(self, chart: Chart, height: int, top: float) -> Sequence[Spans]:
        return area_chart(
            chart.values, chart.failed, self._width, height,
            glyphs=self._glyphs, axis=False, scale=top, label=chart.write, line=chart.line,
            strips=chart.strips, marks=dict.fromkeys(self._marks, ""),
            role=chart.role, body=chart.body,
        )  # fmt: skip

    def _legend(self, chart: Chart) -> Spans:
        """What the area and the line are, with their newest values."""
        area = {"braille": "⣿", "block": "█", "ascii": "#"}[self._glyphs.area]
        line = "⠒" if self._glyphs.area == "braille" else self._glyphs.horizontal
        spans: list[Span] = []
        parts = ((area, chart.role, chart.values), (line, LINE_ROLE, chart.line))
        for name, (sign, role, values) in zip(chart.names, parts, strict=True):
            if name:
                newest = next((one for one in reversed(values) if is_known(one)), None)
                spans += [("   " if spans else "", ""), (f"{sign} ", role), (f"{name} ", "muted")]
                spans.append((chart.write(newest), "text"))
        return spans
