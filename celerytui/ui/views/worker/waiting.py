"""The reserved and scheduled tasks of one worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from celerytui.columns import (
    clean,
    format_count,
    format_duration,
    format_id,
    format_when,
    meter,
    short_name,
)
from celerytui.iso_time import epoch
from celerytui.model import Task, TaskState, id_text
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans
from celerytui.ui.panes.scrolled import LineOrLater, ScrolledPane
from celerytui.ui.views.worker.pane import WorkerPane

NAME, COUNT, OLDEST = "NAME", "COUNT", "OLDEST"
HEADS = {
    NAME: "task name",
    COUNT: "reserved tasks of that name",
    OLDEST: "time since the oldest of them was received",
}


class WorkerWaiting(WorkerPane, ScrolledPane):
    """Reserved tasks by name, and tasks scheduled for an ETA."""

    NAME = "Reserved"
    SECTIONS = ("scheduled",)

    def titles(self) -> tuple[Spans, Spans]:
        now = self.session.now()
        held = self._waiting()
        right: list[Span] = [(f"{len(held):,}", "text")]
        if held:
            oldest = max(_waits(task, now) for task in held)
            right += [(", oldest ", "muted"), (format_duration(oldest), "text")]
        return [(self.NAME, self.title_role)], right

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return list(HEADS.items())

    def _waiting(self) -> list[Task]:
        later, now = {key for key, _, _ in self._held_back()}, self.session.now()
        return [
            task
            for task in self.session.glance.tasks
            if task.state is TaskState.RECEIVED
            and task.id not in later
            and task.held_until(now) is None
        ]

    def _held_back(self) -> list[tuple[str, str, float]]:
        """Id, name and ETA of the tasks that the worker reported as scheduled."""
        found: list[tuple[str, str, float]] = []
        for one in self.data("scheduled", list):
            if not isinstance(one, Mapping) or not isinstance(one.get("request"), Mapping):
                continue
            request: Mapping[str, Any] = one["request"]
            at = epoch(str(one.get("eta")))
            if at is not None and at > self.session.now():
                name = request.get("name") or request.get("type") or ""
                found.append((id_text(request.get("id")) or "", str(name), at))
        return sorted(found, key=lambda held: held[2])

    def lines(self, width: int) -> list[LineOrLater]:
        glyphs, now = self.session.glyphs, self.session.now()
        by_name: dict[str, list[Task]] = {}
        for task in self._waiting():
            by_name.setdefault(task.name or "name unknown", []).append(task)
        ranked = sorted(by_name.items(), key=lambda pair: -len(pair[1]))
        most = max((len(tasks) for tasks in by_name.values()), default=1)
        lines: list[LineOrLater] = []
        if ranked and self.inside.height >= 6:
            head = Line(width, glyphs.ellipsis).left((NAME, "muted"))
            lines.append(head.right((COUNT, "muted"), (" " * 10 + OLDEST, "muted")))
        for name, tasks in ranked:
            oldest = max(_waits(task, now) for task in tasks)
            bar = meter(len(tasks) / most, 7, ascii=self.session.ascii)
            full = len(bar.rstrip("-─"))
            line = Line(width, glyphs.ellipsis)
            line.left((short_name(name, max(8, width - 24), ascii=self.session.ascii), "text"))
            line.right((format_count(len(tasks), 6), "text"), ("  ", "text"))
            line.right((bar[:full], "received"), (bar[full:], "faint"))
            lines.append(line.right((format_duration(oldest).rjust(7), "muted")))
        if self.worker is not None and "reserved" in self.worker.unsent:
            lines.append([("incomplete: it could not reply", "warning")])
        elif not ranked:
            lines.append([("no reserved tasks", "muted")])
        return [*lines, [], *self._later(width)]

    def _later(self, width: int) -> list[LineOrLater]:
        glyphs = self.session.glyphs
        held = self._held_back()
        count: Spans = [(f"{len(held):,}", "text"), ("  ", "text")] if held else []
        head = section(width, "Scheduled for an ETA", [*count, *self.age("scheduled")],
                       glyphs=glyphs)  # fmt: skip
        lines: list[LineOrLater] = [head]
        lines += [partial(self._held_line, width, *one) for one in held]
        answer = self.answer("scheduled")
        if not held and answer is not None and answer.data is not None:
            lines.append([("none", "muted")])
        return lines

    def _held_line(self, width: int, task_id: str, name: str, at: float) -> Line:
        glyphs, session = self.session.glyphs, self.session
        line = Line(width, glyphs.ellipsis)
        line.left((f"{glyphs.states[0]} ", "sent"), (clean(name, limit=60), "text"))
        line.left(("  " + format_id(task_id, ascii=session.ascii), "muted"))
        return line.right((format_when(at, session.now(), session.utc), "text"))


def _waits(task: Task, now: float) -> float:
    """Seconds since the worker got it: what the queue took before is not its doing."""
    return max(0.0, now - (task.received or task.seen))
