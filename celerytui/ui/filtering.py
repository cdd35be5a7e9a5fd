"""The filter and the order of the tasks, from their keys to the engine."""

from __future__ import annotations

from textual import on

from celerytui.columns import TASK_COLUMNS
from celerytui.query import parse_filter
from celerytui.ui.filterbar import FilterBar
from celerytui.ui.messages import FilterAsked
from celerytui.ui.stage import Stage


class Filtering(Stage):
    """The stage with what chooses the tasks in the table."""

    async def action_edit_filter(self) -> None:
        if self.session.view not in ("dashboard", "tasks") or self.body.alone not in (
            None,
            "tasks",
        ):
            self._show("tasks")
        await self.screen.query_one(FilterBar).open(self.session.filter_text)

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
        from celerytui.ui.dialog import Choice

        options = [(one.id, one.header or one.id, "") for one in TASK_COLUMNS]

        def sort(column: str | None) -> None:
            if column is not None:
                self.table.sort_by(column)

        self.push_screen(Choice(self.session, "Sort by", options, self.engine.view.sort), sort)
