"""What a worker reports of itself, section by section, each requested when it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from textual import events

from celerytui.columns import clean, format_clock, format_id, format_when, short_name
from celerytui.control import Scope, registered
from celerytui.iso_time import epoch
from celerytui.model import Section
from celerytui.ui.draw.spans import Line, Span, Spans, fit_spans
from celerytui.ui.messages import RowOpened
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.list import ListPane
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session
from celerytui.ui.views.worker.pane import WorkerPane


class SectionRow(NamedTuple):
    """One row of a section: its key, what is drawn, and the task id or task name it is about."""

    key: str
    line: Line | Spans
    task: str | None = None
    type: str | None = None


class Part(NamedTuple):
    """A section as it is shown: its title, the one it is made from, its head, and its rows."""

    title: str
    name: str
    head: Callable[[int], Spans]
    rows: Callable[[Session, Any, int], list[SectionRow]]


REGISTERED = {
    "NAME": "task name",
    "RATE": "rate limit",
    "SOFT": "soft time limit",
    "HARD": "time limit",
}
"""The columns of the registered task names, and what each shows."""


def _registered_head(width: int) -> Spans:
    name, *limits = REGISTERED
    line = Line(width).left((name, "muted"))
    for head in limits:
        line.right((head.rjust(8), "muted"))
    return line.spans()


def _registered(session: Session, data: Any, width: int) -> list[SectionRow]:
    """`name [rate_limit=10/m soft_time_limit=60 time_limit=90]`, as Celery writes it."""
    rows: list[SectionRow] = []
    for name, facts in sorted(registered(_list(data)).items()):
        line = Line(width, session.glyphs.ellipsis)
        line.left((short_name(name, max(8, width - 24), ascii=session.ascii), "text"))
        unknown = session.glyphs.unknown
        rate = facts.get("rate_limit", unknown)
        limits = [facts.get(key, unknown) for key in ("soft_time_limit", "time_limit")]
        for value in (rate, *(_seconds(limit, unknown) for limit in limits)):
            role = "muted" if value == unknown else "text"
            line.right((clean(value, limit=8).rjust(8), role))
        rows.append(SectionRow(name, line, type=name))
    return rows


def _seconds(text: str, unknown: str) -> str:
    return text if text == unknown or not text.replace(".", "").isdigit() else f"{float(text):g}s"


def _queues(session: Session, data: Any, width: int) -> list[SectionRow]:
    rows = []
    for at, one in enumerate(_maps(data)):
        given = one.get("exchange")
        exchange: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        line = Line(width, session.glyphs.ellipsis)
        line.left((clean(one.get("name"), limit=60).ljust(14), "text"), ("  ", "text"))
        kind = f"{exchange.get('type') or 'direct'} "
        bound = f"{exchange.get('name') or 'default exchange'}"
        line.left((clean(kind, limit=20), "muted"), (clean(bound, limit=60), "text"))
        line.left((f" {session.glyphs.crumb} ", "faint"))
        line.left((clean(one.get("routing_key") or "", limit=60), "text"))
        rows.append(SectionRow(f"{at} {one.get('name')}", line))
    return rows


def _totals(session: Session, data: Any, width: int) -> list[SectionRow]:
    total = _map(_map(data).get("total"))
    rows = []
    for name, count in sorted(total.items(), key=lambda pair: (-_number(pair[1]), str(pair[0]))):
        line = Line(width, session.glyphs.ellipsis)
        line.left((short_name(str(name), width - 12, ascii=session.ascii), "text"))
        rows.append(
            SectionRow(str(name), line.right((f"{_number(count):,}", "strong")), type=str(name))
        )
    return rows


def _requests(session: Session, data: Any, width: int) -> list[SectionRow]:
    rows = []
    for one in _maps(data):
        request = _map(one.get("request")) or one
        task_id = str(request.get("id"))
        line = Line(width, session.glyphs.ellipsis)
        line.left((format_id(task_id, ascii=session.ascii) + "  ", "muted"))
        line.left((clean(request.get("name") or request.get("type"), limit=80), "text"))
        line.left(("  " + clean(request.get("args") or "", limit=80), "muted"))
        started, eta = request.get("time_start"), epoch(str(one.get("eta")))
        if eta is not None:
            line.right((format_when(eta, session.now(), session.utc), "text"))
        elif isinstance(started, (int, float)):
            line.right((format_clock(started, session.utc), "muted"))
        rows.append(SectionRow(task_id, line, task=task_id))
    return rows


def _revoked(session: Session, data: Any, width: int) -> list[SectionRow]:
    return [
        SectionRow(str(one), [(clean(one, limit=80), "text")], task=str(one)) for one in _list(data)
    ]


def _facts(session: Session, data: Any, width: int) -> list[SectionRow]:
    """Any nested mapping as labels and values, one level of labels with dots."""
    rows = []
    flat = _flat(data)
    room = min(width // 2, max((len(clean(label, limit=60)) for label, _ in flat), default=0))
    for label, value in flat:
        spans: Spans = [
            (clean(label, limit=60).ljust(room) + "  ", "muted"),
            (clean(value, limit=max(40, width * 2)), "text"),
        ]
        rows.append(SectionRow(label, spans))
    return rows


def _process(session: Session, data: Any, width: int) -> list[SectionRow]:
    kept = {key: value for key, value in _map(data).items() if key != "total"}
    return _facts(session, kept, width)


def _flat(data: Any, prefix: str = "") -> list[tuple[str, str]]:
    if not isinstance(data, Mapping):
        return [(prefix or "answer", data if isinstance(data, str) else _json(data))]
    rows = []
    for key, value in sorted(data.items(), key=lambda pair: str(pair[0])):
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping) and value:
            rows += _flat(value, name)
        else:
            rows.append((name, value if isinstance(value, str) else _json(value)))
    return rows


def _json(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return repr(value)


def _list(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _map(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, Mapping) else {}


def _maps(data: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(data) if isinstance(one, Mapping)]


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _no_head(width: int) -> Spans:
    return []


PARTS = (
    Part("Task names", "registered", _registered_head, _registered),
    Part("Queues", "active_queues", _no_head, _queues),
    Part("Totals", "stats", _no_head, _totals),
    Part("Active", "active", _no_head, _requests),
    Part("Reserved", "reserved", _no_head, _requests),
    Part("Scheduled", "scheduled", _no_head, _requests),
    Part("Revoked", "revoked", _no_head, _revoked),
    Part("Process", "stats", _no_head, _process),
    Part("Configuration", "conf", _no_head, _facts),
)


class WorkerSections(WorkerPane, ListPane[SectionRow]):
    """One section at a time; ] and [ go to the others, which are requested then."""

    KEYS: ClassVar[tuple[str, ...]] = ("sections",)

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._at = 0
        self._rows: list[SectionRow] = []
        self._drawn_from: tuple[Section | None, int, int] | None = None

    @property
    def part(self) -> Part:
        """The section that is shown."""
        return PARTS[self._at]

    def paint(self) -> None:
        if self.session.worker and self.is_attached and self.display:
            self.want(self.part.name)
            self._read()
        super().paint()

    def _read(self) -> None:
        answer = self.answer(self.part.name)
        width = self.inside.width
        if self._drawn_from != (answer, self._at, width) or self.part.rows is _requests:
            self._drawn_from = (answer, self._at, width)
            data = None if answer is None else answer.data
            self._rows = self.part.rows(self.session, data, max(8, width - 2))

    def titles(self) -> tuple[Spans, Spans]:
        left: list[Span] = [(self.part.title, self.title_role)]
        if self._rows and self.part.rows is not _process and self.part.rows is not _facts:
            left.append((f"  {len(self._rows):,}", "text"))
        keys = " ".join(map(self.session.key_of, ("section.previous", "section.next")))
        right: list[Span] = [(keys, "key"), (f" {self._at + 1} of {len(PARTS)}", "muted")]
        return left, [*right, ("  ", "text"), *self.age(self.part.name)]

    def columns_explained(self) -> Sequence[tuple[str, str]]:
        return list(REGISTERED.items()) if self.part.rows is _registered else ()

    def targets(self, scope: Scope) -> list[str]:
        row = next((one for one in self._rows if one.key == self.cursor), None)
        if scope is Scope.TYPE and row is not None and row.type is not None:
            return [row.type]
        if scope is Scope.TASK and row is not None and row.task is not None:
            return [row.task]
        return super().targets(scope)

    def length(self) -> int:
        return len(self._rows)

    def window(self, start: int, count: int) -> list[SectionRow]:
        return self._rows[start : start + count]

    def position(self, key: str) -> int | None:
        return next((at for at, row in enumerate(self._rows) if row.key == key), None)

    def key_of(self, item: SectionRow) -> str:
        return item.key

    def head(self, width: int) -> list[Line | Spans]:
        head = self.part.head(width - 2) if self._rows and self.inside.height >= 4 else []
        return [[(" ", "text"), *head, (" ", "text")]] if head else []

    def draw(self, items: list[SectionRow], width: int) -> list[Row]:
        rows: list[Row] = []
        for item in items:
            here = self.at_cursor(item)
            spans = item.line.spans() if isinstance(item.line, Line) else item.line
            fitted = fit_spans(spans, width - 2, ellipsis=self.session.glyphs.ellipsis)
            mark = self.session.glyphs.cursor if here else " "
            line: Spans = [(mark, "cursor"), *fitted, (" ", "text")]
            rows.append((line, "cursor" if here else "bg"))
        return rows

    def empty(self, width: int, height: int) -> list[Row]:
        answer = self.answer(self.part.name)
        if answer is None:
            notice = EmptyState("Asking the worker")
        elif answer.error is not None:
            notice = EmptyState(
                clean(answer.error, limit=300),
                warns=True,
                keys=((self.session.key_of("workers.ask"), "ask again"),),
            )
        else:
            notice = EmptyState("None", "The worker reported none.")
        return notice.rows(width, min(height, 11), self.session.glyphs)

    def action_section(self, by: int) -> None:
        self._at = (self._at + by) % len(PARTS)
        self._rows = []
        self.release_cursor()
        self.paint()

    def action_open(self) -> None:
        row = next((one for one in self._rows if one.key == self.cursor), None)
        if row is not None and row.task is not None:
            self.post_message(RowOpened(Scope.TASK, row.task))

    def on_click(self, event: events.Click) -> None:
        if event.y < self.inside.y and event.x > self.size.width // 2:
            self.action_section(1)
        else:
            super().on_click(event)
