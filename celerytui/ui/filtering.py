"""What the lists show and in which order, from their keys to the engine and the panes."""

from __future__ import annotations

from typing import Any

from textual import on

from celerytui.query import parse_filter
from celerytui.ui.bars.filter_line import FilterBar
from celerytui.ui.messages import FilterAsked
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.panes.pane import Pane
from celerytui.ui.panes.table import TablePane
from celerytui.ui.stage import Stage


class Filtering(Stage):
    """The stage with what chooses the tasks in the table, and the names in the other lists."""

    async def action_edit_filter(self) -> None:
        focused, body = self.screen.focused, self.body
        if isinstance(focused, LoadedTable):
            body.typed_for = focused.id
            await self.screen.query_one(FilterBar).open(focused.word, focused.NAME.lower())
            return
        if self.session.view not in ("dashboard", "tasks") or body.alone not in (None, "tasks"):
            self._show("tasks")
        body.typed_for = "tasks"
        await self.screen.query_one(FilterBar).open(self.session.filter_text)

    def set_filter(self, text: str) -> None:
        """Filter the tasks; "" for all. The text must parse."""
        made = parse_filter(text) if text else None
        self.session.filter_text = text
        self.engine.show(filter=made)
        self.table.last_good = ""
        self.repaint()

    @property
    def _typed_for(self) -> Pane:
        return self.body.query_one(f"#{self.body.typed_for or 'tasks'}", Pane)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        pane = self._typed_for
        if isinstance(pane, LoadedTable):
            pane.narrow(event.text)
            return
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
        pane, before = self._typed_for, self.screen_stack[0].query_one(FilterBar).before
        self.body.typed_for = None
        if isinstance(pane, LoadedTable):
            if not event.kept:
                pane.narrow(before)
        else:
            if not event.kept:
                self.set_filter(before)
            self.table.last_good = ""
            self.table.paint()
        if pane.display:
            pane.focus()
        else:  # another view was clicked
            self.body.arrange_panes(focus=True)

    @on(FilterAsked)
    def _filter_asked(self, event: FilterAsked) -> None:
        self.set_filter(event.text)
        self._back = []
        self._show("tasks")

    def clear_filter(self) -> bool:
        """Show again what is left out: in the list in focus, else of the tasks, else elsewhere.

        Only where it is seen; False where nothing that is seen leaves anything out.
        """
        lists = [pane for pane in self.body.panes if isinstance(pane, LoadedTable) and pane.word]
        focused = [pane for pane in lists if pane.has_focus]
        if self.session.filter_text and self.table in self.body.panes and not focused:
            self.set_filter("")
            return True
        for pane in (focused or lists)[:1]:
            pane.narrow("")
        return bool(lists)

    @property
    def ordered(self) -> TablePane[Any]:
        """The table that keys are about: the one in focus, else that of the tasks."""
        focused = self.screen_stack[0].focused
        return focused if isinstance(focused, TablePane) else self.table

    def action_sort(self) -> None:
        from celerytui.ui.dialogs.choice import Choice

        table = self.ordered
        options = [(one, label, "") for one, label in table.orders()]

        def sort(chosen: str | None) -> None:
            if chosen is not None:
                table.sort_by(chosen)

        self.push_screen(Choice(self.session, "Sort by", options, table.sort_column or ""), sort)
