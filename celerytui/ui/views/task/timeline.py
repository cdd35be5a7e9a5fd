"""The timeline of one task at true scale, phase by phase.

The weight of the line is how much work goes on: `┄` in the queue, `─` in a worker, `━` running.
Since a phase can be smaller than a cell, the legend has the exact durations and shares.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from celerytui.columns import (
    CORRECTED,
    format_clock,
    format_duration,
    format_percent,
    format_step,
    state_role,
)
from celerytui.model import Task, TaskState
from celerytui.ui.draw.glyphs import UNICODE, Glyphs
from celerytui.ui.draw.spans import Line, Span, cells, fit_spans, merge_spans, span_width

Phase = Literal["queue", "eta", "worker", "running", "before", "countdown", "silence"]

# What a phase is called, the glyph field of its line, and its role.
_PHASES: dict[Phase, tuple[str, str, str]] = {
    "queue": ("in queue", "queued", "sent"),
    "eta": ("until ETA", "queued", "muted"),
    "worker": ("in worker", "waiting", "received"),
    "running": ("running", "running", "started"),
    "before": ("earlier attempts", "running", "retry"),
    "countdown": ("until retry", "queued", "retry"),
    "silence": ("silent", "queued", "faint"),
}
_LABEL_GAP = 2


class Point(Struct, frozen=True):
    """A moment of a task's timeline; `then` is the phase that begins here."""

    at: float
    word: str
    glyph: str
    role: str
    then: Phase


class Timeline(Struct, frozen=True):
    """The parts of a task's timeline, each row exactly as wide as asked.

    `legend` may take more than one row; `names` and `clocks` stand under `bar`. `heading` is for
    a pane's title or a line of its own ("total 10.9s"); empty where no time is known.
    """

    legend: list[list[Span]]
    bar: list[Span]
    names: list[Span]
    clocks: list[Span]
    heading: list[Span]

    def rows(self) -> list[list[Span]]:
        """Legend, bar, and the labels under the bar."""
        return [*self.legend, self.bar, self.names, self.clocks]


def timeline(
    task: Task, now: float, width: int, *, utc: bool = False, glyphs: Glyphs = UNICODE
) -> Timeline:
    """The timeline of a task, whatever of its times is known, in `width` cells."""
    points = life(task, now, glyphs)
    if not points:
        sentence: Span = ("no event with a timestamp seen", "faint")
        blank = fit_spans((), width)
        row = fit_spans([sentence], width, ellipsis=glyphs.ellipsis)
        return Timeline([row], blank, blank, blank, [])
    places = _places(points, width)
    corrected = bool(task.more.client_ahead or task.more.worker_ahead)
    names, clocks = _labels(points, places, width, now, utc, glyphs, corrected=corrected)
    return Timeline(
        _legend(task, points, width, now, glyphs),
        _bar(points, places, width, glyphs),
        names,
        clocks,
        _heading(task, points),
    )


def life(task: Task, now: float, glyphs: Glyphs = UNICODE) -> list[Point]:
    """The known moments in order and by our clock; ends at `now` if unfinished.

    When it was sent is left out where the client's clock cannot be compared with the worker's.
    """
    more, state = task.more, task.state
    ahead = more.worker_ahead
    track = _Track(ahead, more.eta, glyphs)
    if task.sent is not None and task.clocks_differ(now) is None:
        track.add(task.sent - more.client_ahead + ahead, "sent", TaskState.SENT, "queue")
    for tried in _earlier_tries(task):
        track.turn("before")
        track.add(tried, "retry", TaskState.RETRY, "countdown")
    if task.received is None and state is not TaskState.RETRY:
        track.hold()
    track.add(task.received, "received", TaskState.RECEIVED, "worker")
    if task.received is not None and state is not TaskState.RETRY:
        track.hold()
    if state not in (TaskState.SENT, TaskState.RECEIVED):  # else it is of an earlier try
        track.add(_start(task), "started", TaskState.STARTED, "running")
    if state is TaskState.RETRY:
        track.add(more.retried, "retry", TaskState.RETRY, "countdown")
    if state.finished and not state.guessed:
        ended = next(
            (t for t in (task.finished, more.revoked, more.rejected) if t is not None), None
        )
        track.add(ended, state.label, state, "silence")
    elif track.points and state.guessed:
        track.turn("silence")
        track.add(now + ahead, state.label, state, "silence")
    elif track.points:
        track.point(now, "now", "", "text", "silence")
    return track.points


class _Track:
    """The `points` of a task's life as they are found, by our clock: none is before the last one.

    `eta` and what is added are by the worker's clock, which is `ahead` of ours.
    """

    def __init__(self, ahead: float, eta: float | None, glyphs: Glyphs) -> None:
        self.points: list[Point] = []
        self._ahead = ahead
        self._due = None if eta is None else eta - ahead
        self._glyphs = glyphs

    def add(self, at: float | None, word: str, state: TaskState, then: Phase) -> None:
        """Add that a state began, where it is known when."""
        if at is not None and math.isfinite(at):
            glyph, role = self._glyphs.state(state), state_role(state)
            self.point(at - self._ahead, word, glyph, role, then)

    def point(self, at: float, word: str, glyph: str, role: str, then: Phase) -> None:
        """Add a moment by our clock, after the ETA where that is over by then."""
        points, due = self.points, self._due
        if due is not None and points and points[-1].then == "eta" and at > due:
            after: Phase = "queue" if points[-1].word == "sent" else "worker"
            points.append(Point(due, "ETA", self._glyphs.states[0], "muted", after))
        at = max(at, points[-1].at) if points else at
        points.append(Point(at, word, glyph, role, then))

    def hold(self) -> None:
        """Have it wait for its ETA: before that nobody keeps it waiting, wherever it is."""
        due = self._due
        if due is not None and math.isfinite(due) and self.points and self.points[-1].at < due:
            self.turn("eta")

    def turn(self, then: Phase) -> None:
        """Have another phase begin at the newest point."""
        if self.points:
            self.points[-1] = replace(self.points[-1], then=then)


def _earlier_tries(task: Task) -> list[float]:
    """When it was retried before what it does now; a run that ended otherwise is none of this."""
    attempts = task.more.attempts
    times = []
    for attempt in reversed(attempts):
        if attempt.state is not TaskState.RETRY:
            break
        times.append(attempt.at)
    if task.more.retried is not None and (times or not attempts):
        times.append(task.more.retried)
    times = sorted({at for at in times if math.isfinite(at)})
    if task.state is TaskState.RETRY and task.more.retried in times:
        times.remove(task.more.retried)
    begin = task.received if task.received is not None else _start(task)
    # One after the newest known step of this try belongs to it and is not earlier.
    return [at for at in times if begin is None or at <= begin]


def _start(task: Task) -> float | None:
    """When it started, as reported, or computed back from its end."""
    if task.started is not None or task.finished is None or task.runtime is None:
        return task.started
    return task.finished - max(0.0, task.runtime)


def _places(points: list[Point], width: int) -> list[int]:
    """The cell of each point, at true scale."""
    first, last = points[0].at, points[-1].at
    if last <= first:  # all at once, or a single one
        return [0 if index == 0 else width - 1 for index in range(len(points))]
    return [round((point.at - first) / (last - first) * (width - 1)) for point in points]


def _bar(points: list[Point], places: list[int], width: int, glyphs: Glyphs) -> list[Span]:
    row: list[Span] = [(" ", "")] * width
    for point, start, end in zip(points, places, places[1:], strict=False):
        _, field, role = _PHASES[point.then]
        for place in range(start, end + 1):
            row[place] = (glyphs[field], role)
    # The ends are drawn last: where joints share a cell, they say most.
    for index in [*range(1, len(points) - 1), 0, len(points) - 1]:
        point = points[index]
        if point.glyph:
            row[places[index]] = (point.glyph, point.role)
    return merge_spans(row)


def _labels(
    points: list[Point],
    places: list[int],
    width: int,
    now: float,
    utc: bool,
    glyphs: Glyphs,
    *,
    corrected: bool,
) -> tuple[list[Span], list[Span]]:
    """The words and times under the joints: the first and the last, then what still fits."""
    names, clocks = Line(width, glyphs.ellipsis), Line(width, glyphs.ellipsis)
    taken: list[tuple[int, int]] = []
    last = len(points) - 1
    for index in [0, last, *range(1, last)] if last else [0]:
        point = points[index]
        if index in (0, last):
            clock = format_clock(point.at, utc, now=now, millis=point.word != "now")
            if corrected and point.word != "now":
                clock = CORRECTED + clock
        else:
            clock = format_step(point.at - points[index - 1].at)
        size = max(cells(point.word), cells(clock))
        start = _free(places[index], size, width, taken, index == 0, index == last)
        if start is None:
            continue
        taken.append((start, start + size))
        align: Literal["left", "right"] = "right" if start + size == places[index] + 1 else "left"
        if index == 0:
            align = "left"
        names.put(start, point.word, "muted", size, align)
        clocks.put(start, clock, "faint", size, align)
    return names.spans(), clocks.spans()


def _free(
    place: int, size: int, width: int, taken: list[tuple[int, int]], first: bool, last: bool
) -> int | None:
    """Where a label of that size can begin: ending at its joint, else beginning there."""
    if first:
        return 0
    for start in (width - size,) if last else (place - size + 1, place):
        if start < 0 or start + size > width:
            continue
        if all(
            start >= end + _LABEL_GAP or start + size + _LABEL_GAP <= begin for begin, end in taken
        ):
            return start
    return None


def _legend(
    task: Task, points: list[Point], width: int, now: float, glyphs: Glyphs
) -> list[list[Span]]:
    """What each phase is called, how long it took and its share of the whole."""
    total = points[-1].at - points[0].at
    durations: dict[Phase, float] = {}
    for point, after in pairwise(points):
        durations[point.then] = durations.get(point.then, 0.0) + after.at - point.at
    if "running" in durations and task.runtime is not None and task.runtime >= 0:
        durations["running"] = task.runtime
    counting = points[-2].then if len(points) > 1 and points[-1].word == "now" else None
    entries: list[list[Span]] = []
    for phase, seconds in durations.items():
        if seconds <= 0 < total and phase != counting:
            continue
        name, field, role = _PHASES[phase]
        length = format_duration(seconds, running=phase == counting, ascii=glyphs.area == "ascii")
        entry: list[Span] = [(glyphs[field] * 2, role), (f" {name} ", "muted"), (length, "text")]
        if total > 0:
            entry.append((f" {format_percent(min(1.0, seconds / total))}", "faint"))
        entries.append(entry)
    clocks = _clocks(task, now, glyphs)
    return _wrap([*entries, clocks] if clocks else entries, width, glyphs)


def _clocks(task: Task, now: float, glyphs: Glyphs) -> list[Span]:
    """What the clocks of two hosts do to the figures, where they differ."""
    more, differ = task.more, task.clocks_differ(now)
    if differ is not None:
        reason = f" clocks differ by {format_duration(differ)}"
        return [("wait ", "muted"), (glyphs.unknown, "text"), (reason, "warning")]
    for whose, shift in (("worker", more.worker_ahead), ("client", more.client_ahead)):
        if shift:
            side = "ahead" if shift > 0 else "behind"
            words = f" {whose} clock {format_duration(abs(shift))} {side}, corrected"
            return [(CORRECTED, "text"), (words, "muted")]
    return []


def _wrap(entries: list[list[Span]], width: int, glyphs: Glyphs) -> list[list[Span]]:
    rows: list[list[Span]] = [[]]
    roomy = sum(span_width(entry) + 4 for entry in entries) - 4 <= width
    for entry in entries:
        gap = (4 if roomy else 2) if rows[-1] else 0
        if rows[-1] and span_width(rows[-1]) + gap + span_width(entry) > width:
            rows.append([])
            gap = 0
        if gap:
            rows[-1].append((" " * gap, ""))
        rows[-1].extend(entry)
    return [fit_spans(row, width, ellipsis=glyphs.ellipsis) for row in rows]


def _heading(task: Task, points: list[Point]) -> list[Span]:
    """How long it is: `total 10.9s`, or `so far 3.1s`."""
    if len(points) < 2:
        return []
    words = "total " if task.state.finished else "so far "
    if task.state is TaskState.LOST:
        words = "lost after "
    elif task.state is TaskState.MISSED:
        words = "outcome unknown for "
    return [(words, "muted"), (format_duration(points[-1].at - points[0].at), "text")]
