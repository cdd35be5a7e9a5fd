"""The details of one task, live: in short on the dashboard, in full where there is room."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import events

from celerytui.columns import (
    clean,
    format_clock,
    format_id,
    format_running,
    format_when,
    state_role,
)
from celerytui.control import Scope
from celerytui.model import Task, TaskState
from celerytui.ui.draw.code import highlight, highlight_repr, highlight_traceback, last_own_frame
from celerytui.ui.draw.frame import section
from celerytui.ui.draw.spans import Line, Span, Spans, cells, span_width
from celerytui.ui.messages import CursorMoved, RowOpened
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.scrolled import RowOrLater, ScrolledPane
from celerytui.ui.session import Session
from celerytui.ui.views.task.attempts import LABEL, attempt_lines
from celerytui.ui.views.task.awaited import AwaitedTask, looked_up
from celerytui.ui.views.task.fate import fate_lines, redelivery
from celerytui.ui.views.task.groups import AskedGroups
from celerytui.ui.views.task.links import LINK_KEYS, Links
from celerytui.ui.views.task.reported import custom_lines, progress_line
from celerytui.ui.views.task.standing import standing_line
from celerytui.ui.views.task.timeline import timeline

SHORT_ROWS = 16
"""Up to so many rows of body the details are short."""
REPR_LINES = 12
"""Lines that arguments or a result may take before they are cut; Enter and y have all."""


class DetailPane(ScrolledPane):
    """One task with its relatives as links: `pinned` if set, else the latest failure.

    `subject` is what is known of it.
    """

    NAME = "Detail"
    KEYS: ClassVar[tuple[str, ...]] = ("detail", "task")

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self.pinned: str | None = None
        self.subject: Task | None = None
        self._awaited: AwaitedTask | None = None
        self._groups = AskedGroups(session, self)
        self._links = Links()
        self._traceback_at: int | None = None
        self._drawn: tuple[object, list[Row]] | None = None

    def show(self, task_id: str | None) -> None:
        """Show that task, or the latest failure for None."""
        self._groups.leave()
        if task_id != self.pinned:
            self.pinned = task_id
            self._awaited = None if task_id is None else AwaitedTask(task_id)
            self.scroll_state.to(0)
            self._links.clear()
            self.paint()

    def open(self, task_id: str) -> None:
        """Show that task, which the user opened: its groups are asked for."""
        self.show(task_id)
        self._groups.open(task_id)

    def ask_again(self) -> None:
        """Ask for the groups of the task that is shown again."""
        if self.task_id is not None:
            self._groups.again(self.task_id)
            self.paint()

    @property
    def task_id(self) -> str | None:
        """The id of the task that is shown."""
        return None if self.subject is None else self.subject.id

    def paint(self) -> None:
        if (
            self.session.paused_at is None
            or self.subject is None
            or self.subject.id != (self.pinned or self.subject.id)
        ):
            store = self.session.engine.store
            wanted = self.pinned or store.latest_failure
            self.subject = None if wanted is None else store.task(wanted)
            if self.subject is not None:
                self._awaited = None
            elif self.pinned is not None and self.is_attached and self.display:
                self._awaited = looked_up(self._awaited, self.pinned, self.session, self)
                self.subject = None if self._awaited is None else self._awaited.found
        if self.subject is not None and self.is_attached and self.display:
            self._groups.ask(self.subject)
        had_links = bool(self._links.rows)
        super().paint()
        if bool(self._links.rows) != had_links:
            self.post_message(CursorMoved())

    def targets(self, scope: Scope) -> list[str]:
        task = self.subject
        if task is None or scope not in (Scope.TASK, Scope.TYPE):
            return []
        return [task.id] if scope is Scope.TASK else [task.name] if task.name else []

    def titles(self) -> tuple[Spans, Spans]:
        task = self.subject
        if task is None:
            return [(self.NAME, self.title_role)], []
        glyphs = self.session.glyphs
        name = clean(task.name, limit=120) if task.name else "name unknown"
        left: list[Span] = [(self.NAME, self.title_role), (f"  {name}", "text")]
        if self.pinned is None:
            left.append(("  latest failure", "muted"))
        role = state_role(task.state)
        if not self._short:
            left += [(f"  {glyphs.state(task.state)} {task.state.label}", f"{role} bold")]
        whole = clean(task.id, limit=64)
        room = self.size.width - span_width(left) - 12
        fits = cells(whole) <= room
        return left, [(whole if fits else format_id(task.id, ascii=self.session.ascii), "muted")]

    @property
    def _short(self) -> bool:
        return self.inside.height <= SHORT_ROWS

    @property
    def current_task(self) -> str | None:
        return self.task_id or self.pinned

    @property
    def idle(self) -> Collection[str]:
        return () if self._links.rows else LINK_KEYS

    def body(self, width: int, height: int) -> list[Row]:
        if self.subject is None:
            return self._nothing().rows(width, height, self.session.glyphs)
        task = self.subject
        still = task.state.finished and not task.state.guessed and task.progress is None
        if not (self._short and still):
            return super().body(width, height)
        # In short, one that has ended is drawn alike whatever the time.
        look = task, width, height, self.session.utc
        if self._drawn is None or self._drawn[0] != look:
            self._drawn = look, super().body(width, height)
        return self._drawn[1]

    def rows(self, width: int) -> Sequence[RowOrLater]:
        return self._in_short(width) if self._short else self._whole(width)

    def _nothing(self) -> EmptyState:
        if self._awaited is not None:
            return self._awaited.notice(self.session)
        if self.pinned is not None:
            return EmptyState(
                "This task is no longer in memory",
                f"{clean(self.pinned)} was evicted to stay within --max-tasks.",
            )
        down, up, follow = map(self.session.key_of, ("move.down", "move.up", "follow"))
        return EmptyState(
            "No task selected",
            f"Select one with {down} {up} or a click; {follow} follows the newest.",
        )

    # In short: what the dashboard has room for

    def _in_short(self, width: int) -> list[Row]:
        task = self._known
        self._links.hide()
        drawn = timeline(
            task, self.session.now(), width, utc=self.session.utc, glyphs=self.session.glyphs
        )
        roomy = self.inside.height >= 10
        rows: list[Spans | Line] = [self._headline(width, drawn.heading)]
        if roomy:
            rows.append([])
        rows += [*drawn.legend, drawn.bar, drawn.names, drawn.clocks]
        if progress := progress_line(self.session, task, width):
            rows.append(progress)
        elif roomy:
            rows.append([])
        rows += self._call(width)
        rows += self._raised(width)
        rows += self._where(width)
        return [(row, "bg") for row in rows[: self.inside.height]]

    def _where(self, width: int) -> list[Spans | Line]:
        """The last frame of the user's own code in the traceback, and the keys."""
        line = Line(width, self.session.glyphs.ellipsis)
        frame = last_own_frame(self._known.more.traceback or "")
        if frame is not None and self._known.state is not TaskState.SUCCESS:
            path, number, name = frame
            line.left(("at".ljust(LABEL), "muted"), (path, "text"), (":", "muted"))
            line.left((number, "code.number"), (" in ", "muted"), (name, "code.name"))
            line.right((self.session.key_of("task.traceback"), "key"), (" traceback   ", "muted"))
        return [line.right((self.session.key_of("detail.open"), "key"), (" open", "muted"))]

    @property
    def _known(self) -> Task:
        assert self.subject is not None
        return self.subject

    def _headline(self, width: int, heading: Spans) -> Line:
        task, glyphs = self._known, self.session.glyphs
        role = state_role(task.state)
        line = Line(width, glyphs.ellipsis)
        line.left((f"{glyphs.state(task.state)} {task.state.label}", f"{role} bold"))
        ran = format_running(task, self.session.now(), ascii=self.session.ascii)
        if ran:
            word = "   after " if task.state.finished else "   for "
            line.left((word, "muted"), (ran, "text"))
        for word, value in (("on", task.worker), ("from", task.queue)):
            if value:
                line.left((f"   {word} ", "muted"), (clean(value, limit=60), "text"))
        if task.retries:
            line.left(("   retries ", "muted"), (f"{task.retries}", "text"))
        if task.state is TaskState.LOST:
            line.left(("   its worker was lost", "failure"))
            again = redelivery(self.session, task)
            line.left((f", {again}" if again else "", "text"))
        elif task.state is TaskState.MISSED:
            line.left(("   outcome unknown", "missed"))
        elif task.more.source is not None:
            line.left((f"   from the {clean(task.more.source, limit=40)}", "muted"))
        return line.right(*heading)

    def _call(self, width: int) -> list[Spans]:
        """Arguments and keyword arguments on one line where both fit, else on two."""
        task = self._known
        args = highlight(clean(task.args or self.session.glyphs.unknown, limit=width))
        kwargs = highlight(clean(task.kwargs or self.session.glyphs.unknown, limit=width))
        one: Spans = [("args".ljust(LABEL), "muted"), *args, ("   kwargs ", "muted"), *kwargs]
        if span_width(one) <= width:
            return [one]
        return [
            *self._field("args", task.args, width, 1),
            *self._field("kwargs", task.kwargs, width, 1),
        ]

    def _field(self, label: str, value: str | None, width: int, most: int) -> list[Spans]:
        """A label and a Python value over as many lines as it needs, `most` at the most."""
        head: Span = (label.ljust(LABEL), "muted")
        if value is None:
            return [[head, (self.session.glyphs.unknown, "muted")]]
        lines = highlight_repr(value, width - LABEL, most=most)
        return [[head if not i else (" " * LABEL, "text"), *spans] for i, spans in enumerate(lines)]

    def _raised(self, width: int) -> list[Spans]:
        task, more = self._known, self._known.more
        rows: list[Spans] = []
        if more.exception and task.state is not TaskState.SUCCESS:
            name, _, rest = clean(more.exception, limit=width * 2).partition("(")
            role = state_role(task.state)
            role = role if role in ("failure", "retry", "warning") else "failure"
            rows.append(
                [
                    ("raised".ljust(LABEL), "muted"),
                    (name, f"{role} bold"),
                    ("(" + rest if rest else "", "text"),
                ]
            )
        elif task.result is not None:
            rows += self._field("result", task.result, width, 2)
        return rows

    # Whole

    def _whole(self, width: int) -> list[RowOrLater]:
        rows: list[RowOrLater] = []
        self._traceback_at = None
        for part in (self._time_part, self._call_part, self._outcome_part, self._links_part):
            if rows:
                rows.append(([], "bg"))
            rows += part(width, len(rows))
        return rows

    def _section(self, width: int, title: str, right: Spans = ()) -> Row:
        return section(width, title, right, glyphs=self.session.glyphs), "bg"

    def _time_part(self, width: int, at: int) -> list[Row]:
        session = self.session
        drawn = timeline(self._known, session.now(), width, utc=session.utc, glyphs=session.glyphs)
        rows: list[Spans | Line] = [drawn.bar, drawn.names, drawn.clocks, [], *drawn.legend]
        if standing := standing_line(session, self._known):
            rows.append(standing)
        if progress := progress_line(session, self._known, width):
            rows.append(progress)
        rows += custom_lines(session, self._known, width)
        return [
            self._section(width, "Timeline", drawn.heading),
            ([], "bg"),
            *((row, "bg") for row in rows),
        ]

    def _call_part(self, width: int, at: int) -> list[Row]:
        task, more, unknown = self._known, self._known.more, self.session.glyphs.unknown
        now, utc = self.session.now(), self.session.utc

        def when(moment: float | None) -> str:
            if moment is None:
                return unknown
            if task.state is TaskState.STARTED or task.state.finished:  # nothing is due any more
                return format_clock(moment, utc, now=now)
            return format_when(moment, now, utc)

        facts: list[list[tuple[str, str | None]]] = [
            [("queue", task.queue), ("exchange", more.exchange), ("routing key", more.routing_key)],
            [("worker", task.worker), ("process", _text(more.worker_pid))],
            [("retries", _text(task.retries)), ("eta", when(more.eta))],
        ]
        if more.expires:
            facts[-1].append(("expires", when(more.expires)))
        if more.client:
            facts.append([("sent by", more.client)])
        rows: list[Spans] = [
            *self._field("args", task.args, width, REPR_LINES),
            *self._field("kwargs", task.kwargs, width, REPR_LINES),
        ]
        for group in facts:
            spans: list[Span] = []
            for label, value in group:
                if value or not spans:
                    shown = clean(value, limit=120) if value else unknown
                    if spans:
                        spans.append((f"   {label} ", "muted"))
                    else:
                        spans.append((label.ljust(LABEL), "muted"))
                    spans.append((shown, "text" if value else "muted"))
            rows.append(spans)
        rows += fate_lines(self.session, task, LABEL)
        return [self._section(width, "Call"), *((row, "bg") for row in rows)]

    def _outcome_part(self, width: int, at: int) -> list[Row]:
        task, more = self._known, self._known.more
        rows: list[Row] = []
        if task.result is not None:
            rows.append(self._section(width, "Result"))
            rows += [
                (line, "bg") for line in self._field("returned", task.result, width, REPR_LINES)
            ]
        if more.exception and task.state is not TaskState.SUCCESS:
            self._traceback_at = at + len(rows)
            rows.append(self._section(width, "Exception"))
            if more.traceback:
                lines = highlight_traceback(more.traceback, width, glyphs=self.session.glyphs)
                rows += [(line, "bg") for line in lines]
            else:
                rows += [(line, "bg") for line in self._raised(width)]
                rows.append(([("no traceback in the event", "muted")], "bg"))
        now, utc, glyphs = self.session.now(), self.session.utc, self.session.glyphs
        rows += [(line, "bg") for line in attempt_lines(task, now, width, utc=utc, glyphs=glyphs)]
        if not rows:
            word = "no result event seen" if task.state.finished else "not finished"
            word = "outcome unknown" if task.state is TaskState.MISSED else word
            rows = [self._section(width, "Result"), ([(word, "muted")], "bg")]
        return rows

    def _links_part(self, width: int, at: int) -> list[RowOrLater]:
        task, asked = self._known, self._groups
        answer, awaited = asked.get(task.id), asked.is_awaited(task.id)
        return self._links.draw(self.session, task, answer, width, at, awaited=awaited)

    # Keys and the mouse

    def action_link(self, by: int) -> None:
        row = self._links.step(by)
        first, height = self.scroll_state.first, self.inside.height
        if row is not None and not 0 <= row - first < height:
            self.scroll_state.to(row - height // 2)
        self.paint()

    def action_open(self) -> None:
        wanted = self._links.chosen or self.task_id
        if wanted is not None:
            self.post_message(RowOpened(Scope.TASK, wanted))

    def to_traceback(self) -> None:
        """Scroll to the exception, if there is one."""
        self.paint()
        if self._traceback_at is not None:
            self.action_scroll_to(self._traceback_at)

    def on_click(self, event: events.Click) -> None:
        wanted = self._links.rows.get(event.y - self.inside.y + self.scroll_state.first)
        if wanted is not None and not self._short and self.subject and wanted != self.subject.id:
            self.post_message(RowOpened(Scope.TASK, wanted))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
