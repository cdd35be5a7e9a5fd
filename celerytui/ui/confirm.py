"""The question before a destructive action: what happens to what, and whom it cannot reach.

`y` says yes, `n` and Esc no, and Enter takes the button in focus, which is No.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from celerytui.columns import clean, format_id, state_role
from celerytui.control import Action, Scope
from celerytui.model import Task, TaskState, Worker
from celerytui.ui.dialog import Dialog
from celerytui.ui.lines import Span, Spans, cells
from celerytui.ui.session import Session

NAMES = 6
IDS = 3
UNREACHABLE = 3

_PLACES = {
    TaskState.SENT: "waiting in a queue",
    TaskState.RECEIVED: "waiting in a worker",
    TaskState.STARTED: "running",
    TaskState.RETRY: "waiting for a retry",
}


class Confirm(Dialog[dict[str, str]]):
    """Asks before `action` is done to `targets`; the result is its parameters, None for no."""

    BORDER = "warning"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", "yes", show=False),
        Binding("n", "decline", "no", show=False),
        Binding("left,right,tab,h,l,shift+tab", "other_button", "choose", show=False),
        Binding("enter", "take", "take it", show=False),
        Binding("up,k", "choose(-1)", "previous", show=False),
        Binding("down,j", "choose(1)", "next", show=False),
        Binding("d", "all_ids", "all ids", show=False),
    ]

    def __init__(self, session: Session, action: Action, targets: Sequence[str]) -> None:
        super().__init__(session)
        self.action = action
        self.targets = list(targets)
        self.yes = False
        self.all_ids = False
        self.params = {param.name: param.default for param in action.params}
        self._button_row = 0
        self._buttons: list[tuple[int, int, bool]] = []

    def update(self) -> None:
        verb = self.action.label
        what = _count(len(self.targets), self.action.scope)
        title: Spans = [(f"{verb} {what}?", "strong")]
        note: Spans = [(self.action.key, "key"), (f" {self.action.id}", "muted")]
        lines: list[Spans] = [[]]
        if self.action.scope is Scope.TASK:
            lines += self._tasks()
        else:
            lines += [[("  " + clean(one, limit=80), "text")] for one in self.targets[:20]]
        lines += self._choices()
        lines += [[], self._reach(), []]
        self._button_row = len(lines)
        lines += [self._button_line(), [], self._keys()]
        self.box.fill(title, note, lines)

    # What it says

    def _tasks(self) -> list[Spans]:
        store = self.session.engine.store
        tasks = [task for task in store.tasks(self.targets) if task is not None]
        lines = [*self._by_state(tasks), [], *self._by_name(tasks)]
        gone = len(self.targets) - len(tasks)
        if gone:
            lines.append(
                [(f"  {gone} are not held any more; they are named all the same", "muted")]
            )
        if self.all_ids:
            lines += [[], *([("  " + clean(one, limit=64), "muted")] for one in self.targets)]
        return lines + self._warnings(store.workers(), tasks)

    def _by_state(self, tasks: Sequence[Task]) -> list[Spans]:
        glyphs = self.session.glyphs
        lines: list[Spans] = []
        for state, count in sorted(Counter(task.state for task in tasks).items()):
            place = _PLACES.get(state, state.label)
            lines.append(
                [
                    (f"{glyphs.state(state)} ", state_role(state)),
                    (f"{count:>6,} ", "strong"),
                    (place.ljust(24), "text"),
                    self._effect(state),
                ]
            )
        return lines

    def _effect(self, state: TaskState) -> Span:
        if state.finished and state is not TaskState.LOST:
            return "nothing happens: it is over", "muted"
        if state is TaskState.STARTED:
            if "signal" in self.params:
                return f"its process gets {self.params['signal']}", "warning"
            return "runs on to the end: K terminates", "warning"
        return "will not run", "muted"

    def _by_name(self, tasks: Sequence[Task]) -> list[Spans]:
        groups: dict[tuple[str, str], list[Task]] = {}
        for task in tasks:
            groups.setdefault((task.name or "name not known", task.queue or ""), []).append(task)
        ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
        lines: list[Spans] = []
        for (name, queue), members in ranked[:NAMES]:
            ids = "  ".join(format_id(task.id, ascii=self.session.ascii) for task in members[:IDS])
            more = f"  +{len(members) - IDS:,}" if len(members) > IDS else ""
            lines.append(
                [
                    (f"  {len(members):>6,} ", "strong"),
                    (clean(name, limit=48), "text"),
                    (f"  {clean(queue, limit=24)}", "muted"),
                    (f"  {ids}{more}", "muted"),
                ]
            )
        if len(ranked) > NAMES:
            rest = sum(len(members) for _, members in ranked[NAMES:])
            lines.append([(f"  {rest:>6,} of {len(ranked) - NAMES} more names", "muted")])
        return lines

    def _warnings(self, workers: Sequence[Worker], tasks: Sequence[Task]) -> list[Spans]:
        lost = [worker.hostname for worker in workers if worker.status == "lost"]
        mark: Span = (f"{self.session.glyphs.warning}  ", "warning bold")
        lines: list[Spans] = [
            [mark, (f"{clean(name, limit=60)} is lost and will not hear of it", "text")]
            for name in lost[:UNREACHABLE]
        ]
        if len(lost) > UNREACHABLE:
            lines.append([mark, (f"{len(lost) - UNREACHABLE} more workers are lost", "text")])
        if any(not task.state.finished and task.state is not TaskState.STARTED for task in tasks):
            lines.append([mark, ("workers without --statedb forget it when they restart", "text")])
        return [[], *lines] if lines else []

    def _choices(self) -> list[Spans]:
        lines: list[Spans] = []
        for param in self.action.params:
            spans: list[Span] = [(f"{param.label}  ", "muted")]
            for one in param.choices:
                role = "accent.filled" if one == self.params[param.name] else "muted"
                spans.append((f" {one} ", role))
            lines += [[], spans]
        return lines

    def _reach(self) -> Spans:
        engine = self.session.engine
        live = sum(one.status in ("online", "late") for one in engine.store.workers())
        number = len(self.targets) if self.action.scope is Scope.WORKER else live
        return [
            ("sent to ", "muted"),
            (f"{number} workers" if number != 1 else "1 worker", "text"),
            (", answers awaited for ", "muted"),
            (f"{engine.settings.reply_timeout:g}s", "text"),
        ]

    def _button_line(self) -> Spans:
        count = len(self.targets)
        no = " No, leave it " if count == 1 else " No, leave them "
        yes = f" Yes, {self.action.label.lower()} " + (f"{count:,} " if count > 1 else "")
        room = self.box.get_content_width(None, None) - 4 if self.is_mounted else 60
        left = max(0, (room - cells(no) - cells(yes) - 3) // 2)
        self._buttons = [
            (left, left + cells(no), False),
            (left + cells(no) + 3, left + cells(no) + 3 + cells(yes), True),
        ]
        return [
            (" " * left, "text"),
            (no, "button" if self.yes else "accent.filled"),
            ("   ", "text"),
            (yes, "accent.filled" if self.yes else "button"),
        ]

    def _keys(self) -> Spans:
        glyphs = self.session.glyphs
        hints = [(glyphs.sideways, "choose"), ("Enter", "take it"), ("y", "yes"), ("n Esc", "no")]
        if self.action.params:
            hints.insert(0, (glyphs.updown, "signal"))
        if self.action.scope is Scope.TASK and len(self.targets) > 1:
            hints.append(("d", "all ids"))
        spans: list[Span] = []
        for key, label in hints:
            spans += [(key, "key"), (f" {label}   ", "muted")]
        return spans

    # Keys and the mouse

    def action_accept(self) -> None:
        self.dismiss(dict(self.params))

    def action_other_button(self) -> None:
        self.yes = not self.yes
        self.update()

    def action_take(self) -> None:
        self.dismiss(dict(self.params) if self.yes else None)

    def action_choose(self, by: int) -> None:
        for param in self.action.params:
            at = param.choices.index(self.params[param.name])
            self.params[param.name] = param.choices[(at + by) % len(param.choices)]
            break
        else:
            self.box.scroll_by(by)
        self.update()

    def action_all_ids(self) -> None:
        self.all_ids = not self.all_ids
        self.update()

    def on_click(self, event: events.Click) -> None:
        region = self.box.region
        if not region.contains(event.screen_x, event.screen_y):
            self.dismiss(None)
            return
        row = event.screen_y - region.y - 1 + self.box.offset_rows
        x = event.screen_x - region.x - 2
        for start, end, yes in self._buttons:
            if row == self._button_row and start <= x < end:
                self.dismiss(dict(self.params) if yes else None)


def _count(number: int, scope: Scope) -> str:
    noun = {Scope.TASK: "task", Scope.WORKER: "worker", Scope.QUEUE: "queue"}.get(scope, "target")
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
