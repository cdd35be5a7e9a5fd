"""The one page of the monitor: bars, panes, which of them has the focus, and the keys' actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.messages import Update

from celerytui.control import Scope
from celerytui.errors import FilterError
from celerytui.query import quoted
from celerytui.ui.actions.flow import ActionFlow
from celerytui.ui.actions.hints import key_hints, typing_hints
from celerytui.ui.bars.banner import Banner
from celerytui.ui.bars.bar import Bar
from celerytui.ui.bars.filter_line import FilterBar, FilterInput
from celerytui.ui.bars.footer import Footer, KeyHint
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.progress import Progress
from celerytui.ui.bars.tabs import ViewTabs
from celerytui.ui.causes import Causes
from celerytui.ui.keys.bound import BoundKeys
from celerytui.ui.keys.registry import REPLAY, action_bindings, bindings, keys_at
from celerytui.ui.messages import (
    CursorMoved,
    FigureOpened,
    FilterAsked,
    PaneAsked,
    RowAsked,
    RowOpened,
    StoreChanged,
    TaskSelected,
)
from celerytui.ui.narrowing import Narrowing
from celerytui.ui.navigator import Navigator
from celerytui.ui.panes.narrowed import NarrowedPane
from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.table import TablePane
from celerytui.ui.session import Session
from celerytui.ui.views.body import Body
from celerytui.ui.views.registry import BY_NAME, VIEW_KEYS, VIEWS, list_of
from celerytui.ui.views.task.keys import TaskScreen
from celerytui.ui.views.tasks.table import TaskTable

if TYPE_CHECKING:
    from celerytui.ui.actions.replay import ReplayKeys
    from celerytui.ui.bars.time_bar import TimeBar


class MainScreen(TaskScreen):
    """The widgets on the screen and what keys do to them."""

    actions: ActionFlow
    """What leads from a key to the engine; set by the app before the first frame."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings([*VIEW_KEYS, *keys_at("app", REPLAY)]),
        *action_bindings(),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(id="_default")
        self.session = session
        self.body = Body(session)
        self.tabs = ViewTabs(session, [(view.name, view.label) for view in VIEWS if view.key])
        self.filter_bar = FilterBar(session)
        self.footer = Footer(session, self.key_hints)
        self.navigator = Navigator(session, self.body, self.tabs)
        self.narrowing = Narrowing(session, self.body, self.filter_bar, self.navigator)
        self.causes = Causes(session, self.body, self.navigator, self.narrowing.by)
        self.replay_keys: ReplayKeys | None = None
        self._bound = BoundKeys(self)
        below: tuple[Bar | TimeBar, ...] = (self.footer,)
        if (replayer := session.engine.replayer) is not None:
            from celerytui.ui.actions.replay import ReplayKeys
            from celerytui.ui.bars.time_bar import TimeBar

            self.replay_keys = ReplayKeys(self, session, replayer)
            below = (TimeBar(session, replayer), self.footer)
        self._above = (
            Header(session, id="header"),
            self.tabs,
            Banner(session, id="banner"),
            Progress(session, id="progress"),
        )
        self.bars = (*self._above, *below)

    def compose(self) -> ComposeResult:
        yield from self._above
        yield self.filter_bar
        yield self.body
        yield from self.bars[len(self._above) :]

    def on_mount(self) -> None:
        self.navigator.name_place()
        self.body.arrange_panes(focus=True)
        opening = self.session.opening
        if opening.filter:
            self.narrowing.by(opening.filter)
            self.navigator.go(list_of(Scope.TASK))
        if opening.task:
            self.navigator.open(Scope.TASK, opening.task)

    @property
    def table(self) -> TaskTable:
        """The task table."""
        return self.body.of_kind(TaskTable)

    @property
    def pane(self) -> Pane | None:
        """The pane that has the focus."""
        return self.focused if isinstance(self.focused, Pane) else None

    # Drawing

    @on(StoreChanged)
    def _take_news(self) -> None:
        """Draw the news, all of it for one frame; a paused display gets only the bars'."""
        told: list[Bar | TimeBar | Pane] = [*self.bars]
        if self.session.take_news():
            self.body.arrange_panes()
            told += self.body.panes
        for widget in told:
            widget.paint()
        for widget in told:
            # Each says so itself too, some a frame too late; unseen ones would move all the rest.
            if widget.display:
                self.post_message(Update(widget))

    def repaint(self) -> None:
        """Draw everything again: what is shown was changed from here."""
        self.session.look()
        for widget in (*self.bars, *self.body.panes):
            widget.paint()

    @on(CursorMoved)
    @on(events.DescendantFocus)
    def _keys_changed(self) -> None:
        self.footer.paint()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key's action is there; the keys of a replay are not where text is typed."""
        typing = self.replay_keys is not None and isinstance(self.focused, FilterInput)
        return self.session.keys.allows(action) and not (typing and action == "replay")

    def key_hints(self) -> Sequence[KeyHint]:
        """What the footer says, first what belongs to the pane in focus: key, label, rank."""
        if isinstance(self.focused, FilterInput):
            return typing_hints(self.session, self.focused.offered)
        labels, idle = ({}, ()) if self.pane is None else (self.pane.LABELS, self.pane.idle)
        if self.replay_keys is not None:
            labels = {**labels, **self.replay_keys.labels}
        back = self.navigator.leads_back
        bound = [id for id in self._bound.ids() if id not in idle]
        return key_hints(self.session, self.actions.offers, bound, labels, back=back)

    # What keys are about

    @property
    def current_task(self) -> str | None:
        """The id of the task that keys are about: the focused pane's, else the view's."""
        found = self.pane.current_task if self.pane is not None else None
        return found or self.body.view.current_task(self.body.by_name)

    def targets(self, scope: Scope) -> list[str]:
        """What an action is about: what the pane in focus says, else what the view is about."""
        found = self.pane.targets(scope) if self.pane is not None else []
        return found or self.body.view.targets(self.body.by_name, scope)

    def has_targets(self, scope: Scope) -> bool:
        """Whether there are any, without making a list of them."""
        if self.pane is not None and self.pane.has_targets(scope):
            return True
        return self.body.view.has_targets(self.body.by_name, scope)

    # Going from view to view

    def action_show_view(self, name: str) -> None:
        view = BY_NAME[name]
        if view is not self.body.view or self.body.alone is not None:
            self.navigator.go(view)
            self.repaint()

    def action_back(self) -> None:
        """One step back: a search, a panel alone, a task, the filter, the marks, the cursor."""
        left = self.body.view
        if self.session.engine.past.stop():
            self.say("stopping the search")
        elif self.filter_bar.display:  # open still, and another pane has the focus
            self.filter_bar.close(kept=False)
        elif self.navigator.back():
            if self.body.view is not left and self.body.view.opens is None:
                self.detail.show(self.table.cursor)
            self.repaint()
        elif not (self.narrowing.clear() or self._clear_marks() or self.ordered.release_cursor()):
            self.navigator.home()
            self.repaint()

    def _clear_marks(self) -> bool:
        session = self.session
        marked = bool(session.marked or session.marked_workers)
        if marked:
            session.marked.clear()
            session.marked_workers.clear()
            self.repaint()
        return marked

    def action_zoom(self) -> None:
        self.navigator.zoom(self.pane)
        self.repaint()

    def action_next_pane(self) -> None:
        self.body.next_pane(1)

    def action_previous_pane(self) -> None:
        self.body.next_pane(-1)

    @on(TaskSelected)
    def _task_selected(self, event: TaskSelected) -> None:
        if self.body.view.opens is not Scope.TASK:
            self.detail.show(event.task_id)

    @on(RowOpened)
    def _row_opened(self, event: RowOpened) -> None:
        self.navigator.open(event.scope, event.name)
        self.repaint()

    @on(PaneAsked)
    def _pane_asked(self, event: PaneAsked) -> None:
        self.body.focus_pane(event.pane)
        self.repaint()

    @on(RowAsked)
    def _row_asked(self, event: RowAsked) -> None:
        view = BY_NAME[event.view]
        self.navigator.follow(view, lambda: None)
        self.repaint()
        # Its list may be there only now.
        self.call_after_refresh(self._show_row, event)

    def _show_row(self, event: RowAsked) -> None:
        view = BY_NAME[event.view]
        if self.body.view is view:
            self.narrowing.show_row(event.key)
            self.repaint()

    def show_new_task(self, task_id: str) -> bool:
        """Go to a task that was sent from here; False where it is not in sight yet."""
        return self.navigator.go_to_task(task_id)

    # What the lists show, and in which order

    @property
    def ordered(self) -> TablePane[Any]:
        """The table that keys are about: the one in focus, else that of the tasks."""
        return self.focused if isinstance(self.focused, TablePane) else self.table

    async def action_edit_filter(self) -> None:
        if await self.narrowing.edit():
            self.repaint()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.narrowing.changed(event)

    @on(FilterBar.Failed)
    def _filter_failed(self) -> None:
        self.narrowing.failed()

    @on(FilterBar.Closed)
    def _filter_closed(self, event: FilterBar.Closed) -> None:
        self.narrowing.closed(kept=event.kept)

    @on(FilterAsked)
    def _filter_asked(self, event: FilterAsked) -> None:
        try:
            self.narrowing.show_tasks(event.text, event.sort)
        except FilterError as error:  # a name may be longer than a filter
            self.say(f"cannot filter by that: {error.message}", seconds=5)
        else:
            self.repaint()

    @on(FigureOpened)
    def _figure_opened(self, event: FigureOpened) -> None:
        self.causes.open(event.figure)
        self.repaint()

    def action_figure(self) -> None:
        if self.causes.open_next():
            self.repaint()
        else:
            self.say("no red number: nothing is wrong")

    def filter_by(self, text: str) -> None:
        """Narrow the tasks; "" for all. Raises FilterError."""
        self.narrowing.by(text)

    def action_sort(self) -> None:
        from celerytui.ui.dialogs.choice import Choice

        table = self.ordered
        options = [(one, label, "") for one, label in table.orders()]

        def sort(chosen: str | None) -> None:
            if chosen is not None:
                table.sort_by(chosen)

        dialog = Choice(self.session, "Sort by", options, table.sort_column or "")
        self.app.push_screen(dialog, sort)

    def action_columns(self) -> None:
        from celerytui.ui.dialogs.columns import ColumnChoice

        table, choices = self.ordered, self.session.engine.choices
        dialog = ColumnChoice(self.session, table.COLUMNS, choices.hidden(table.id or ""))

        def show(applied: str | None) -> None:
            if applied is not None:
                choices.hide(table.id or "", dialog.hidden)
                table.redraw()

        self.app.push_screen(dialog, show)

    def action_filters(self) -> None:
        from celerytui.ui.actions.filters import FilterChoice

        def apply(text: str | None) -> None:
            if text is not None:
                self._filter_asked(FilterAsked(text))

        self.app.push_screen(FilterChoice(self.session), apply)

    def action_worker_tasks(self) -> None:
        hostnames = self.pane.targets(Scope.WORKER) if self.pane is not None else []
        if len(hostnames) == 1:
            self._filter_asked(FilterAsked(f"worker:{quoted(hostnames[0])}"))

    def open_task(self, task_id: str) -> None:
        self._row_opened(RowOpened(Scope.TASK, task_id))

    # The rows

    def action_export(self) -> None:
        from celerytui.ui.actions.export import ask_export

        pane = self.pane if isinstance(self.pane, NarrowedPane) else self.body.main_list
        ask_export(self.app, self.session, None if pane is None else pane.listed())

    # The display

    def action_pause(self) -> None:
        session = self.session
        session.paused_at = None if session.paused_at is not None else session.now()
        session.engine.view.freeze(session.paused_at is not None)
        self.body.arrange_panes()
        self.repaint()

    def action_utc(self) -> None:
        self.session.utc = not self.session.utc
        self.repaint()

    def action_replay(self, deed: str) -> None:
        if self.replay_keys is not None:
            self.replay_keys.do(deed)
            self.repaint()

    def action_help(self) -> None:
        from celerytui.ui.dialogs.reading import Reading
        from celerytui.ui.keys.help import HelpSubject, help_lines

        session, pane = self.session, self.pane
        about = HelpSubject("celerytui") if pane is None else pane.help_subject()
        lines = help_lines(session.keys, session.glyphs, about, read_only=session.read_only)
        self.app.push_screen(Reading(session, *lines))

    # The workers, and actions on the cluster

    def action_ask_workers(self) -> None:
        self.session.engine.ask_workers()
        self.body.view.ask_again(self.session, self.body.by_name)
        self.repaint()
        self.say("asking the workers")

    def action_act(self, action_id: str) -> None:
        self.actions.do(action_id)

    def action_group(self, group_id: str) -> None:
        self.actions.group(group_id)

    def action_menu(self) -> None:
        self.actions.menu()

    def action_cancel(self) -> None:
        self.actions.cancel()
