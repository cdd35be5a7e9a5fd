"""Where the tasks of a type run, its limits, and how its times went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from celerytui.columns import (
    clean,
    format_age,
    format_clock,
    format_count,
    format_duration,
    short_class,
    sparkline,
    state_role,
)
from celerytui.columns.types import joined
from celerytui.control import registered
from celerytui.counts import counted
from celerytui.model import (
    ENDED_STATES,
    Quantiles,
    TaskState,
    TypeDetail,
    TypeFigures,
    TypePlace,
)
from celerytui.store import WINDOWS as FAILURE_WINDOWS
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.views.types.pane import TypePane

HEADS = {
    "WORKER, QUEUE": "worker that ran it and queue it came from",
    "DONE": "tasks that succeeded there",
    "FAILED": "tasks that failed there",
    "SEEN": "time since the last one ended there",
}
"""The columns, and what each shows."""
MOST = 6
"""Workers and queues that are listed."""
MOST_GROUPS = 4
"""Groups of failures that are listed."""
LABEL = 14
LIMITS = {"rate": "rate_limit", "soft": "soft_time_limit", "hard": "time_limit"}


class TypePlaces(TypePane):
    """The workers and queues of the type, its limits, and the course of its times."""

    NAME = "Runs on"

    def titles(self) -> tuple[Spans, Spans]:
        session, since = self.session, self.session.engine.store.types.places.since
        if since is None:
            return super().titles()[0], [("since the monitor started", "muted")]
        at = format_clock(since, session.utc, now=session.now())
        return super().titles()[0], [(f"since {at}", "muted")]

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return list(HEADS.items())

    def paint(self) -> None:
        worker = self._worker()
        if worker is not None and self.is_attached and self.display:
            self.session.answers.want(worker, ("registered",))
        super().paint()

    def lines(self, width: int) -> Sequence[Line | Spans]:
        detail = self.detail
        if detail is None:
            return []
        return [
            *self._places(detail.places, width),
            *self._removed(),
            *self._limits(width),
            section(width, f"Last {self.session.window}", glyphs=self.session.glyphs),
            *self._ends(detail.figures),
            *self._failures(width),
            *self._course(detail, width),
            [
                (self.session.key_of("type.slowest"), "key"),
                (" slowest runs", "muted"),
            ],
        ]

    def _worker(self) -> str | None:
        """The worker that is asked for the limits: one that was asked already, else the busiest."""
        detail = self.detail
        if detail is None:
            return None
        workers = self.session.glance.workers
        names = [one.worker for one in detail.places if one.worker is not None]
        alive = [name for name in names if name in workers and workers[name].alive]
        asked = self.session.answers.hostname
        return asked if asked in alive else next(iter(alive), None)

    def _places(self, places: Sequence[TypePlace], width: int) -> list[Line | Spans]:
        ellipsis, now = self.session.glyphs.ellipsis, self.session.now()
        lines: list[Line | Spans] = []
        first, *others = HEADS
        head = Line(width, ellipsis).left((first, "muted"))
        for name, room in zip(others, (8, 8, 10), strict=True):
            head.right((name.rjust(room), "muted"))
        lines.append(head)
        for one in places[:MOST]:
            line = Line(width, ellipsis)
            worker = clean(one.worker, limit=60) if one.worker else "other workers"
            line.left((worker, "text"))
            if one.queue:
                line.left((f"  {clean(one.queue, limit=40)}", "muted"))
            line.right((format_count(one.succeeded, 8).rjust(8), "text"))
            role = "failure" if one.failed else "muted"
            line.right((format_count(one.failed, 8).rjust(8), role))
            age = format_age(max(0.0, now - one.last_seen))
            lines.append(line.right((age.rjust(10), "muted")))
        if len(places) > MOST:
            lines.append([(f"and {len(places) - MOST:,} more", "muted")])
        return lines

    def _removed(self) -> list[Line | Spans]:
        """Up to when successes are not among them: the history keeps how many, not where."""
        session, removed = self.session, self.session.engine.store.types.places.removed
        if removed is None:
            return []
        at = format_clock(removed, session.utc, now=session.now())
        return [[(f"without successes up to {at}: removed from the history", "muted")]]

    def _limits(self, width: int) -> list[Line | Spans]:
        worker, glyphs = self._worker(), self.session.glyphs
        answer = self.session.answers.get("registered") if worker is not None else None
        right: Spans = []
        if worker is not None:
            right = [(clean(worker, limit=40), "muted")]
        lines: list[Line | Spans] = [section(width, "Limits", right, glyphs=glyphs)]
        if answer is None:
            text = "no worker that ran it is online" if worker is None else "asking the worker"
            return [*lines, [(text, "muted")]]
        if not isinstance(answer.data, list):
            return [*lines, [(clean(answer.error or "not available", limit=80), "muted")]]
        facts: Mapping[str, str] = registered(answer.data).get(self.session.type or "", {})
        spans: list[tuple[str, str]] = []
        for label, key in LIMITS.items():
            value = facts.get(key)
            shown = "none" if value is None else _limit(label, value)
            spans += [(f"{label} ", "muted"), (shown, "muted" if value is None else "text")]
            spans.append(("   ", "text"))
        return [*lines, spans]

    def _ends(self, figures: TypeFigures) -> list[Line | Spans]:
        """How runs ended, and how long those took that failed."""
        spans: list[Span] = []
        for state in ENDED_STATES:
            if number := figures.states[state]:
                role = state_role(state)
                spans += [(f"{self.session.glyphs.state(state)} ", role), (f"{number:,}", "text")]
                spans.append((f" {state.label}   ", "muted"))
        lines: list[Line | Spans] = [spans or [("no run ended", "muted")]]
        failed = figures.failed_runtime
        if failed.max is not None:
            line: list[Span] = [("failed after".ljust(LABEL), "muted")]
            named = [("p50", failed.p50), ("p95", failed.p95), ("max", failed.max)]
            for name, seconds in named:
                if seconds is not None:
                    line += [(f"{name} ", "muted"), (format_duration(seconds), "text"), ("  ", "")]
            lines.append(line)
        return lines

    def _failures(self, width: int) -> list[Line | Spans]:
        """The groups of its failures in the window, the most frequent first."""
        session, now = self.session, self.session.now()
        window = next(one for one in FAILURE_WINDOWS if one.label == session.window)
        rows = session.engine.store.failures.rows_of(session.type or "", now, window)
        if not rows:
            return []
        count: Spans = [(counted(len(rows), "group"), "muted")]
        lines: list[Line | Spans] = [section(width, "Fails with", count, glyphs=session.glyphs)]
        for row in rows[:MOST_GROUPS]:
            state = TaskState.FAILURE if row.failed else TaskState.RETRY
            sign, role = session.glyphs.state(state), state_role(state)
            line = Line(width, session.glyphs.ellipsis)
            line.left((f"{sign} ", role), (short_class(row.exception), "text"))
            line.left((f"  {clean(row.message, limit=200)}", "muted"))
            times = f"{session.glyphs.times}{row.failed or row.retried:,}"
            line.right(("  ", "text"), (times, "strong"))
            line.right((format_age(max(0.0, now - row.last_seen)).rjust(11), "muted"))
            lines.append(line)
        if len(rows) > MOST_GROUPS:
            lines.append([(f"and {len(rows) - MOST_GROUPS:,} more", "muted")])
        return lines

    def _course(self, detail: TypeDetail, width: int) -> list[Line | Spans]:
        lines: list[Line | Spans] = []
        for label, found in (("runtime", detail.runtimes), ("wait", detail.waits)):
            for quantile in ("p50", "p95"):
                values = [_value(one, quantile) for one in found]
                known = [one for one in values if one is not None]
                if not known:
                    continue
                room = max(4, width - LABEL - 16)
                picture = sparkline(joined(values, room), room, ascii=self.session.ascii)
                line = Line(width, self.session.glyphs.ellipsis)
                line.left((f"{label} {quantile}".ljust(LABEL), "muted"), (picture, "text"))
                low, high = format_duration(min(known)), format_duration(max(known))
                lines.append(line.right((f"{low} to {high}", "muted")))
        return lines


def _value(found: Quantiles | None, quantile: str) -> float | None:
    value: float | None = None if found is None else getattr(found, quantile)
    return value


def _limit(label: str, value: str) -> str:
    """A limit as a worker lists it; a time limit is in seconds."""
    number = label != "rate" and value.replace(".", "", 1).isdigit()
    return format_duration(float(value)) if number else clean(value, limit=12)
