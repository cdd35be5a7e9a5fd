"""The result of a task as the backend has it, beside what its events said."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import events

from celerytui.columns import clean, format_clock, format_id, state_role
from celerytui.control import Param
from celerytui.counts import counted
from celerytui.files import open_new
from celerytui.iso_time import epoch
from celerytui.model import ResultMeta, StoredGroup, Task, TaskState
from celerytui.ui.actions.form import Form
from celerytui.ui.dialogs.dialog import Dialog
from celerytui.ui.draw.code import highlight_repr, highlight_traceback
from celerytui.ui.draw.spans import Span, Spans, span_width, wrap_spans
from celerytui.ui.session import Session

LABEL = 12
WIDEST = 110
MOST_ROWS = 2_000

_SAME = {
    TaskState.RECEIVED: "PENDING",
    TaskState.SENT: "PENDING",
    TaskState.CANCELLED: "REVOKED",
}
"""What the backend says where it has another word, or none yet, for a state."""


class ResultDialog(Dialog[None]):
    """Reads the result in the background; it scrolls, and `e` saves it."""

    KEYS: ClassVar[tuple[str, ...]] = ("result", "reading", "scroll")

    def __init__(self, session: Session, task_id: str) -> None:
        super().__init__(session)
        self.task_id = task_id
        self.meta: ResultMeta | None = None
        self.said: Spans = []

    def on_mount(self) -> None:
        super().on_mount()
        self.action_read()

    def action_read(self) -> None:
        """Ask the backend, again."""
        app = self.app

        def done(meta: ResultMeta) -> None:
            app.call_later(self.take, meta)

        self.session.engine.read_result(self.task_id, done)

    def take(self, meta: ResultMeta) -> None:
        """Show what the backend returned."""
        self.meta = meta
        if self.is_mounted:
            self.update()

    # Drawing

    def update(self) -> None:
        width = min(WIDEST, self.app.size.width - 6)
        task = self.session.engine.store.task(self.task_id)
        key_of = self.session.key_of
        note: Spans = [
            (key_of("result.read"), "key"),
            (" read again  ", "muted"),
            (key_of("result.save"), "key"),
            (" save  ", "muted"),
            *self.closing,
        ]
        room = min(36, width - span_width(note) - 14)
        title: Spans = [
            ("Result", "strong"),
            ("  " + format_id(self.task_id, room, ascii=self.session.ascii), "muted"),
        ]
        lines = [[], *self._lines(task, width), []]
        if self.said:
            lines += [self.said]
        self.box.least = width
        self.box.fill(title, note, lines)

    def _lines(self, task: Task | None, width: int) -> list[Spans]:
        meta = self.meta
        lines: list[Spans] = []
        if meta is None:
            return [[("reading the result backend", "muted")], *self._here(task)]
        if meta.error is not None:
            mark: Span = (f"{self.session.glyphs.warning} ", "warning bold")
            why: Spans = [mark, (clean(meta.error, limit=1000), "text")]
            return [*wrap_spans(why, width, 6), [], *self._here(task)]
        lines.append(self._state(meta, task))
        lines += self._here(task)
        lines += self._difference(meta, task, width)
        lines += self._flaw(meta, width)
        lines += self._facts(meta)
        if meta.result is not None and meta.traceback is None:
            lines += [[], [("Result", "strong")]]
            lines += highlight_repr(meta.result, width, most=MOST_ROWS)
        elif meta.result is not None:
            lines += [[], [(clean(meta.result, limit=width * 4), "failure bold")]]
        if meta.traceback is not None:
            glyphs = self.session.glyphs
            lines += [[], *highlight_traceback(meta.traceback, width, glyphs=glyphs)]
        return lines

    def _state(self, meta: ResultMeta, task: Task | None) -> Spans:
        status = clean(meta.status or self.session.glyphs.unknown, limit=40).lower()
        state = next((one for one in TaskState if one.label == status), None)
        role = state_role(state) if state is not None else "text"
        sign = self.session.glyphs.state(state) + " " if state is not None else ""
        spans: list[Span] = [
            ("in backend".ljust(LABEL), "muted"),
            (f"{sign}{status}", f"{role} bold"),
        ]
        done = epoch(meta.date_done)
        if done is not None:
            spans += [("   finished ", "muted"), (format_clock(done, self.session.utc), "text")]
        elif meta.status == "PENDING":
            spans.append(("   or unknown: the backend does not distinguish the two", "muted"))
        return spans

    def _here(self, task: Task | None) -> list[Spans]:
        label: Span = ("in events".ljust(LABEL), "muted")
        if task is None:
            return [[label, ("not in memory", "muted")]]
        glyphs = self.session.glyphs
        role = state_role(task.state)
        spans: list[Span] = [label, (f"{glyphs.state(task.state)} {task.state.label}", role)]
        spans += [
            ("   last event ", "muted"),
            (format_clock(task.seen, self.session.utc), "text"),
        ]
        return [spans]

    def _difference(self, meta: ResultMeta, task: Task | None, width: int) -> list[Spans]:
        """Where the two do not agree, and what that means."""
        if task is None or meta.status is None:
            return []
        here = _SAME.get(task.state, task.state.label.upper())
        if here == meta.status or (task.state is TaskState.STARTED and meta.status == "PENDING"):
            return []
        mark: Span = (f"{self.session.glyphs.warning} ", "warning bold")
        if meta.status == "PENDING":
            text = "No result in this backend: expired, never stored, or stored in another one."
        else:
            text = "Backend and events differ: an event was lost or is late."
        return [[], *wrap_spans([mark, (text, "text")], width, 3)]

    def _flaw(self, meta: ResultMeta, width: int) -> list[Spans]:
        """Which part could not be decoded, and why."""
        if meta.flaw is None:
            return []
        mark: Span = (f"{self.session.glyphs.warning} ", "warning bold")
        why: Span = (f"Not decoded whole: {clean(meta.flaw, limit=1000)}", "text")
        return [[], *wrap_spans([mark, why], width, 3)]

    def _facts(self, meta: ResultMeta) -> list[Spans]:
        facts = (
            ("name", meta.name),
            ("args", meta.args),
            ("kwargs", meta.kwargs),
            ("worker", meta.worker),
            ("queue", meta.queue),
            ("retries", None if meta.retries is None else str(meta.retries)),
            ("parent", meta.parent_id),
            ("group", _group_text(meta.group, self.session.glyphs.unknown)),
            ("meta", meta.meta),
            ("children", ", ".join(meta.children[:8]) or None),
        )
        rows: list[Spans] = [
            [(label.ljust(LABEL), "muted"), (clean(value, limit=WIDEST), "text")]
            for label, value in facts
            if value
        ]
        return [[], *rows] if rows else []

    # Saving

    def action_save(self) -> None:
        """Ask for a file's name and write the whole result to it."""
        meta = self.meta
        if meta is None or (meta.result is None and meta.traceback is None):
            self._say("nothing to save", "warning")
            return
        param = Param(
            "path", "File", required=True, default=f"result-{_plain(self.task_id)}.txt",
            help=f"relative to {clean(Path.cwd(), limit=200)}",
        )  # fmt: skip
        form = Form(
            self.session, [("Save the result", "strong")], [], [param], go="Save", ready=True
        )
        self.app.push_screen(form, self._save)

    def _save(self, values: dict[str, str] | None) -> None:
        if values is None or self.meta is None:
            return
        path = Path(values["path"]).expanduser()
        text = "\n\n".join(part for part in (self.meta.result, self.meta.traceback) if part)
        try:
            with open_new(path) as file:
                file.write(text + "\n")
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or str(error)
            self._say(f"not saved to {clean(path, limit=200)}: {clean(why, limit=200)}", "failure")
        else:
            self._say(f"saved to {clean(path.resolve(), limit=200)}", "text")

    def _say(self, text: str, role: str) -> None:
        self.said = [(text, role)]
        self.update()
        self.box.scroll_by(1_000_000)

    def on_click(self, event: events.Click) -> None:
        if self.is_outside(event):
            self.dismiss(None)


def _group_text(group: StoredGroup | None, unknown: str) -> str | None:
    if group is None:
        return None
    members = "" if group.count is None else f"   {counted(group.count, 'member')}"
    if group.flaw is not None:
        members = f"   members unknown: {group.flaw}"
    waiting = f", {group.missing:,} still to come" if group.missing else ""
    return f"{group.id or unknown}{members}{waiting}"


def _plain(text: str) -> str:
    """A part of a file's name out of a foreign id."""
    return "".join(char for char in text if char.isalnum() or char in "-_")[:36] or "task"
