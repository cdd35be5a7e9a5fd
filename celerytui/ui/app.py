"""The monitor: the app that shows an engine's store and hands keys to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, ClassVar

from textual import events, on, work
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import Screen

from celerytui.columns import clean, format_clock
from celerytui.control import Action, Scope
from celerytui.engine import Engine
from celerytui.interpreter import collect_all, collect_new, share_interpreter
from celerytui.model import LinkState, Outcome
from celerytui.settings import Settings
from celerytui.ui.actions.flow import ActionFlow
from celerytui.ui.bars.filter_line import FilterInput
from celerytui.ui.bars.footer import Footer, KeyHint
from celerytui.ui.draw.theme import Palette
from celerytui.ui.filtering import Filtering
from celerytui.ui.keys.registry import KEYS, action_bindings, bindings
from celerytui.ui.keys.user_keys import check_keys
from celerytui.ui.messages import (
    ActionFinished,
    CursorMoved,
    FilterAsked,
    TaskOpened,
)
from celerytui.ui.panes.pane import Pane
from celerytui.ui.terminal.redraw_limiter import RedrawLimiter
from celerytui.ui.views.tasks.table import TaskTable, as_json
from celerytui.ui.views.workers.list import WorkerList

NEW_TASK_SECONDS = 10.0
"""How long the first event of a task that was sent from here is waited for."""
GAP_SECONDS = 15.0
COLLECT_SECONDS = 10.0
TIDY_SECONDS = 60.0
UNTIDY_ROUNDS = 10
QUIET_SECONDS = 5.0
QUIET_RATE = 100
SHOWN_IN_FOOTER = {key.id: key for key in KEYS if key.shown}


class MonitorApp(Filtering):
    """Shows what an engine knows; started by `run_monitor`, and by tests with an engine at rest."""

    TITLE = "celerytui"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app"), *action_bindings()]

    def __init__(self, engine: Engine, settings: Settings, palette: Palette | None = None) -> None:
        super().__init__(engine, settings, palette)
        self.actions = ActionFlow(self, self.session, self._targets)
        self._new_task: tuple[str, float] | None = None
        self._gap_told: float | None = None
        self._untidy = 0
        self.redraws = RedrawLimiter(lambda: self.lifecycle.bytes_sent, lambda: self.size)

    def on_mount(self) -> None:
        self.body.arrange_panes(focus=True)
        # What is connected, read and started has to wait for the first frame, not it for them.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if self.lifecycle.leaving:
            return
        if not self.is_headless:
            share_interpreter()
        self.engine.start()
        self.load_history()
        self.receive_news()
        self.set_interval(TIDY_SECONDS, self._tidy)
        self.set_interval(COLLECT_SECONDS, collect_new)

    def _tidy(self) -> None:
        """Take the garbage that lived long, where nobody notices: nothing comes or is typed.

        Where events never stop coming, that nothing is typed has to do in the end.
        """
        rate = self.engine.store.summary(self.engine.clock()).events_per_second
        self._untidy += 1
        quiet = (rate or 0) < QUIET_RATE or self._untidy >= UNTIDY_ROUNDS
        if quiet and self.lifecycle.untouched_for >= QUIET_SECONDS:
            collect_all()
            self._untidy = 0

    async def on_leaving(self) -> None:
        await asyncio.to_thread(self.engine.stop)

    @work(exit_on_error=False)
    async def load_history(self) -> None:
        """Read what was done in earlier runs."""
        await asyncio.to_thread(self.session.history.load)

    @work(exclusive=True, group="news")
    async def receive_news(self) -> None:
        """The app's receiver of events: waits for the engine and tells the widgets."""
        mailbox, view = self.engine.mailbox, self.engine.view
        drawn = view.showing
        while True:
            await mailbox.wait()
            self._take_outcomes()
            # The tasks or the order that somebody asked for do not wait as other news does.
            while (seconds := self.redraws.due_in) > 0 and view.showing == drawn:
                await mailbox.wait(seconds)
                self._take_outcomes()
            drawn = view.showing
            self.redraws.drawing()
            self.tell_widgets()

    def _take_outcomes(self) -> None:
        while self.engine.outcomes:
            self.post_message(ActionFinished(self.engine.outcomes.popleft()))
        while self.engine.findings:
            self.actions.found(self.engine.findings.popleft())

    def tell_widgets(self) -> None:
        super().tell_widgets()
        self._look_for_new_task()
        self._tell_gap()

    def _tell_gap(self) -> None:
        """Say, once events come again, which are missing and why; the chart shows where."""
        link = self.engine.link
        if link.state is not LinkState.CONNECTED or link.lost_at in (None, self._gap_told):
            return
        self._gap_told = link.lost_at
        since, until = (format_clock(at, self.session.utc) for at in (link.lost_at, link.since))
        self.notify(
            f"from {since} to {until}: {clean(link.lost_for or 'the connection was lost')}",
            title="Events are missing",
            severity="warning",
            timeout=GAP_SECONDS,
            markup=False,
        )

    @on(CursorMoved)
    @on(events.DescendantFocus)
    def _keys_changed(self) -> None:
        if self.screen_stack:  # none any more while leaving
            self.screen_stack[0].query_one(Footer).paint()

    # Where one is

    async def action_back(self) -> None:
        """One step back: out of a panel alone, a task, the filter, the marks, the cursor."""
        if self.body.alone is not None:
            self.action_zoom()
        elif self.body.view.inside:
            self._show(self._back.pop() if self._back else self.body.view.inside)
        elif (
            not (self.clear_filter() or self._clear_marks() or self.ordered.release_cursor())
            and self.session.view != "dashboard"
        ):
            self._show("dashboard")

    def _clear_marks(self) -> bool:
        marked = bool(self.session.marked or self.session.marked_workers)
        if marked:
            self.session.marked.clear()
            self.session.marked_workers.clear()
            self.repaint()
        return marked

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
        from celerytui.ui.views.task.result import ResultDialog

        self.push_screen(ResultDialog(self.session, task_id))

    def action_cancel(self) -> None:
        self.actions.cancel()

    def action_ask_workers(self) -> None:
        self.engine.ask_workers()
        if self.session.view == "worker":
            self.session.answers.refresh()
        self.notify("asking the workers", markup=False, timeout=2)

    def action_help(self) -> None:
        from celerytui.ui.dialogs.reading import Reading
        from celerytui.ui.keys.help import help_lines

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
        focused = self.screen_stack[0].focused
        if isinstance(focused, FilterInput):
            return list(focused.hints)
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


def run_monitor(app: Any, settings: Settings) -> int:
    """Open the monitor on a Celery app and return its exit status.

    Raises NoTerminal where there is no terminal, and SettingsError for a key that does not exist.
    """
    check_keys(settings.keys)
    engine = Engine(app, settings)
    return MonitorApp(engine, settings).lifecycle.run(log_file=settings.log_file)
