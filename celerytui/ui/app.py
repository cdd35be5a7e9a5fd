"""The monitor: the app that shows an engine's store and hands keys to it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import Screen

from celerytui.columns import TASK_COLUMNS, clean
from celerytui.control import ACTIONS, GROUPS, Action, Scope
from celerytui.engine import Engine
from celerytui.errors import SettingsError
from celerytui.model import LinkState, Outcome
from celerytui.query import parse_filter
from celerytui.settings import Settings, suggestion
from celerytui.ui.acting import Actions
from celerytui.ui.banners import Banner, Progress
from celerytui.ui.bars import Footer, Header, KeyHint, ViewTabs
from celerytui.ui.base import BaseApp, run_app
from celerytui.ui.detail import DetailPane
from celerytui.ui.dialog import Choice, Reading
from celerytui.ui.filterbar import FILTER_HINTS, FilterBar, FilterInput
from celerytui.ui.glyphs import pick_glyphs
from celerytui.ui.helptext import help_lines
from celerytui.ui.keys import KEYS, action_bindings, bindings
from celerytui.ui.messages import (
    ActionFinished,
    CursorMoved,
    FilterAsked,
    StoreChanged,
    TaskOpened,
    TaskSelected,
    WorkerOpened,
)
from celerytui.ui.pane import Pane
from celerytui.ui.result import ResultDialog
from celerytui.ui.session import Session
from celerytui.ui.tasks import TaskTable, as_json
from celerytui.ui.theme import Palette, pick_palette
from celerytui.ui.views import BY_NAME, VIEWS, Body
from celerytui.ui.workers import WorkerList

NEW_TASK_SECONDS = 10.0
"""How long the first event of a task that was sent from here is waited for."""
SHOWN_IN_FOOTER = {key.id: key for key in KEYS if key.shown}


class MonitorApp(BaseApp):
    """Shows what an engine knows; started by `run_monitor`, and by tests with an engine at rest."""

    TITLE = "celerytui"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS_PATH = "monitor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app"), *action_bindings()]

    def __init__(self, engine: Engine, settings: Settings, palette: Palette | None = None) -> None:
        super().__init__()
        self.engine = engine
        environ = os.environ
        if palette is None:
            palette = pick_palette(settings.theme, environ, self.console.color_system)
        encoding = getattr(sys.__stdout__, "encoding", None)
        self.session = Session(
            engine,
            engine.settings,
            palette=palette,
            glyphs=pick_glyphs(settings.ascii, environ, encoding),
            utc=settings.utc,
        )
        self.register_theme(palette.theme)
        self.theme = palette.theme.name
        if palette.native:
            self.ansi_color = True
        self.set_class(self.session.ascii, "-ascii")
        self.set_keymap(settings.keys)
        self._back: list[str] = []
        self._new_task: tuple[str, float] | None = None
        self.actions = Actions(self, self.session, self._targets)

    def compose(self) -> ComposeResult:
        yield Header(self.session, id="header")
        yield ViewTabs(self.session, [(v.key, v.name, v.label) for v in VIEWS if v.key])
        yield Banner(self.session, id="banner")
        yield Progress(self.session, id="progress")
        yield FilterBar(self.session)
        yield Body(self.session)
        yield Footer(self.session, self.key_hints)

    def on_mount(self) -> None:
        self.engine.start()
        self.load_history()
        self.body.arrange_panes(focus=True)
        self.receive_news()

    async def on_leaving(self) -> None:
        await asyncio.to_thread(self.engine.stop)

    @work(exit_on_error=False)
    async def load_history(self) -> None:
        """Read what was done in earlier runs."""
        await asyncio.to_thread(self.session.history.load)

    @work(exclusive=True, group="news")
    async def receive_news(self) -> None:
        """The app's receiver of events: waits for the engine and tells the widgets."""
        while True:
            await self.engine.mailbox.wait()
            while self.engine.outcomes:
                self.post_message(ActionFinished(self.engine.outcomes.popleft()))
            while self.engine.findings:
                self.actions.found(self.engine.findings.popleft())
            self.tell_widgets()

    def tell_widgets(self) -> None:
        """Hand the news to what is on the screen; a paused display gets only the header's."""
        screen = self.screen_stack[0]
        for widget in (
            screen.query_one(Header),
            screen.query_one(ViewTabs),
            screen.query_one(Banner),
            screen.query_one(Progress),
        ):
            widget.post_message(StoreChanged())
        screen.query_one(Footer).post_message(StoreChanged())
        self._look_for_new_task()
        if self.session.paused_at is None:
            self.body.arrange_panes()
            for pane in self.body.panes:
                pane.post_message(StoreChanged())

    @property
    def body(self) -> Body:
        """The panes."""
        return self.screen_stack[0].query_one(Body)

    @property
    def table(self) -> TaskTable:
        """The task table."""
        return self.body.query_one(TaskTable)

    @property
    def detail(self) -> DetailPane:
        """The detail pane."""
        return self.body.query_one(DetailPane)

    @on(CursorMoved)
    def on_descendant_focus(self) -> None:
        self.screen_stack[0].query_one(Footer).paint()

    def repaint(self) -> None:
        """Draw everything again: what is shown was changed from here."""
        screen = self.screen_stack[0]
        for bar in (Header, ViewTabs, Banner, Progress, Footer):
            screen.query_one(bar).paint()
        for pane in self.body.panes:
            pane.paint()

    # Views

    def action_show_view(self, name: str) -> None:
        if name == self.session.view and self.body.alone is None:
            return
        self._back = []
        self._show(name)

    def _show(self, name: str) -> None:
        self.session.view = name
        self.body.alone = None
        self._crumbs()
        self.body.arrange_panes(focus=True)
        self.repaint()

    def _crumbs(self) -> None:
        tabs = self.screen_stack[0].query_one(ViewTabs)
        tabs.crumbs = ()
        view = self.body.view
        if view.name == "worker":
            tabs.crumbs = (BY_NAME[view.inside].label, self.session.worker or "")
        elif view.name == "task":
            task = self.engine.store.task(self.detail.pinned or "")
            name = (task.name if task else None) or "task"
            tabs.crumbs = (BY_NAME[self._back[-1]].label if self._back else "Tasks", name)

    def action_zoom(self) -> None:
        focused = self.screen.focused
        if self.body.alone is not None:
            self.body.alone = None
        elif isinstance(focused, Pane) and len(self.body.panes) > 1:
            self.body.alone = focused.id
        self.body.arrange_panes()
        self.repaint()

    def action_next_pane(self) -> None:
        self.body.next_pane(1)

    def action_previous_pane(self) -> None:
        self.body.next_pane(-1)

    async def action_back(self) -> None:
        """One step back: out of a panel alone, a task, the filter, the marks, the cursor."""
        if self.body.alone is not None:
            self.action_zoom()
        elif self.body.view.inside:
            self._show(self._back.pop() if self._back else self.body.view.inside)
        elif self.session.filter_text:
            self.set_filter("")
        elif self.session.marked or self.session.marked_workers:
            self.session.marked.clear()
            self.session.marked_workers.clear()
            self.repaint()
        elif not self.table.release_cursor() and self.session.view != "dashboard":
            self._show("dashboard")

    @on(TaskSelected)
    def _task_selected(self, event: TaskSelected) -> None:
        if self.session.view != "task":
            self.detail.show(event.task_id)

    @on(TaskOpened)
    def _task_opened(self, event: TaskOpened) -> None:
        if self.session.view != "task":
            self._back.append(self.session.view)
        self.detail.show(event.task_id)
        self._show("task")

    @on(WorkerOpened)
    def _worker_opened(self, event: WorkerOpened) -> None:
        if self.session.view != "worker":
            self._back.append(self.session.view)
        self.session.worker = event.hostname
        self._show("worker")

    def action_worker_tasks(self) -> None:
        focused = self.screen.focused
        hostnames = focused.targets(Scope.WORKER) if isinstance(focused, Pane) else []
        if len(hostnames) == 1:
            self._filter_asked(FilterAsked(f'worker:"{hostnames[0]}"'))

    @property
    def current_task(self) -> str | None:
        """The id of the task that keys are about: of the detail in focus, else under the cursor."""
        if self.session.view == "task" or self.detail.has_focus:
            return self.detail.task_id
        focused = self.screen_stack[0].focused
        if isinstance(focused, Pane) and not isinstance(focused, TaskTable):
            found = focused.targets(Scope.TASK)
            if found or self.session.view not in ("dashboard", "tasks"):
                return found[0] if found else None
        return self.table.cursor

    def action_copy_id(self) -> None:
        if self.current_task is not None:
            self.copy_to_clipboard(self.current_task)
            self.notify(f"copied {clean(self.current_task)}", markup=False, timeout=2)

    def action_copy_row(self) -> None:
        task = self.engine.store.task(self.current_task or "")
        if task is not None:
            self.copy_to_clipboard(as_json(task))
            self.notify("copied the task as JSON", markup=False, timeout=2)

    def action_traceback(self) -> None:
        task_id = self.current_task
        if task_id is not None:
            self._task_opened(TaskOpened(task_id))
            self.call_after_refresh(self.detail.to_traceback)

    # The filter

    def action_edit_filter(self) -> None:
        if self.session.view not in ("dashboard", "tasks") or self.body.alone not in (
            None,
            "tasks",
        ):
            self._show("tasks")
        self.screen.query_one(FilterBar).open(self.session.filter_text)

    def set_filter(self, text: str) -> None:
        """Filter the tasks; "" for all. The text must parse."""
        made = parse_filter(text, self.engine.clock) if text else None
        self.session.filter_text = text
        self.engine.show(filter=made)
        self.table.last_good = ""
        self.repaint()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.session.filter_text = event.text
        self.engine.show(filter=event.filter)
        self.table.last_good = ""
        self.table.paint()

    @on(FilterBar.Failed)
    def _filter_failed(self) -> None:
        self.table.last_good = self.session.filter_text or "all"
        self.table.paint()

    @on(FilterBar.Closed)
    def _filter_closed(self, event: FilterBar.Closed) -> None:
        if not event.kept:
            self.set_filter(self.screen_stack[0].query_one(FilterBar).before)
        self.table.last_good = ""
        self.table.focus()
        self.table.paint()

    @on(FilterAsked)
    def _filter_asked(self, event: FilterAsked) -> None:
        self.set_filter(event.text)
        self._back = []
        self._show("tasks")

    def action_sort(self) -> None:
        options = [(one.id, one.header or one.id, "") for one in TASK_COLUMNS]

        def sort(column: str | None) -> None:
            if column is not None:
                self.table.sort_by(column)

        self.push_screen(Choice(self.session, "Sort by", options, self.engine.view.sort), sort)

    # The display

    def action_pause(self) -> None:
        session = self.session
        session.paused_at = None if session.paused_at is not None else session.now()
        self.engine.view.freeze(session.paused_at is not None)
        self.body.arrange_panes()
        self.repaint()

    def action_utc(self) -> None:
        self.session.utc = not self.session.utc
        self.repaint()

    def action_result(self) -> None:
        """The result of the task here; while there is no broker the key is for that."""
        if self.engine.link.state in (LinkState.RECONNECTING, LinkState.CONNECTING):
            self.engine.reconnect_now()
            return
        task_id = self.current_task
        if task_id is None:
            self.notify("choose a task first", markup=False, timeout=3)
            return
        self.push_screen(ResultDialog(self.session, task_id))

    def action_cancel(self) -> None:
        self.actions.cancel()

    def action_ask_workers(self) -> None:
        self.engine.ask_workers()
        if self.session.view == "worker":
            self.session.answers.refresh()
        self.notify("asking the workers", markup=False, timeout=2)

    def action_help(self) -> None:
        focused = self.screen.focused
        place = focused.id or "" if isinstance(focused, Pane) else ""
        title, lines = help_lines(self.session, place)
        self.push_screen(Reading(self.session, title, lines))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(id="--command-palette"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Every key and action by its name."""
        for key in KEYS:
            if key.where == "app" and key.id not in ("palette.open", "back"):
                yield SystemCommand(key.label, key.help, lambda call=key.action: self._run(call))
        for action in self.actions.all():
            words = ", ".join(filter(None, (action.help, action.id, action.key)))
            yield SystemCommand(action.label, words, lambda one=action: self.actions.act(one))

    def _run(self, call: str) -> None:
        self.call_later(self.run_action, call)

    def key_hints(self) -> list[KeyHint]:
        """What the footer says, first what belongs to the pane in focus: key, label, rank."""
        if isinstance(self.screen_stack[0].focused, FilterInput):
            return list(FILTER_HINTS)
        active = self.screen_stack[0].active_bindings
        hints: list[tuple[int, KeyHint]] = []
        for bound in active.values():
            key = SHOWN_IN_FOOTER.get(bound.binding.id or "")
            if key is not None and not (key.id == "task.result" and self.current_task is None):
                rank = 0 if key.id in ("help.show", "quit") else key.rank or key.shown
                first = self.session.settings.keys.get(key.id, key.keys).split(",")[0]
                hints.append((key.shown, (first, key.label, rank)))
        if self.body.view.inside:
            hints.append((5, ("escape", "back", 5)))
        for order, (name, label) in enumerate(self.actions.hints()):
            hints.append((40 + order, (name, label, 40 + order)))
        unique = {hint[1]: (order, hint) for order, hint in reversed(hints)}
        return [hint for _, hint in sorted(unique.values(), key=lambda pair: pair[0])]

    # Actions on the cluster

    def action_act(self, action_id: str) -> None:
        self.actions.do(action_id)

    def action_group(self, group_id: str) -> None:
        self.actions.group(group_id)

    def action_menu(self) -> None:
        self.actions.menu()

    def _targets(self, action: Action) -> list[str]:
        """What an action is about: what the pane in focus says, else what the view is about."""
        scope = action.scope
        focused = self.screen_stack[0].focused
        found = focused.targets(scope) if isinstance(focused, Pane) else []
        if found:
            return found
        if self.session.view == "task":
            return self.detail.targets(scope)
        if scope is Scope.TASK and self.session.view in ("dashboard", "tasks"):
            return self.table.targets(scope)
        if scope is Scope.WORKER and self.session.view == "worker":
            return [self.session.worker] if self.session.worker else []
        if action.id == "worker.enable_events":
            return self.body.query_one(WorkerList).silent_workers()
        return []

    @on(ActionFinished)
    def _action_finished(self, event: ActionFinished) -> None:
        self.show_outcome(event.outcome)

    def show_outcome(self, outcome: Outcome) -> None:
        """Say what each worker answered, and go on to the one new task if there is one."""
        self.actions.finished(outcome)
        new = [item.new_id for item in outcome.items if item.new_id]
        if len(new) == 1:
            self._new_task = (new[0], self.engine.clock() + NEW_TASK_SECONDS)
        self.repaint()

    def _look_for_new_task(self) -> None:
        """Go to the task that was sent from here as soon as anything is known of it."""
        if self._new_task is None:
            return
        task_id, until = self._new_task
        if self.engine.clock() > until:
            self._new_task = None
        elif self.engine.store.task(task_id) is not None:
            if self.session.view == "task":
                self._new_task = None
                self.detail.show(task_id)
                self._crumbs()
            elif self.session.view not in ("dashboard", "tasks") or self.table.go_to_key(task_id):
                self._new_task = None


def check_keys(keys: Mapping[str, str]) -> None:
    """Raise SettingsError where the user gives a key to something that has no such id."""
    known = [key.id for key in KEYS] + [action.id for action in ACTIONS]
    known += [group.id for group in GROUPS]
    for key_id in keys:
        if key_id not in known:
            raise SettingsError(
                f"[keys] of the config file: there is no {key_id!r}{suggestion(key_id, known)}"
            )


def run_monitor(app: Any, settings: Settings) -> int:
    """Open the monitor on a Celery app and return its exit status.

    Raises NoTerminal where there is no terminal, and SettingsError for a key that does not exist.
    """
    check_keys(settings.keys)
    engine = Engine(app, settings)
    return run_app(MonitorApp(engine, settings), log_file=settings.log_file)
