"""Which list the line of the filter is about, and what is typed into it."""

from __future__ import annotations

from typing import Any, cast

from celerytui.control import Scope
from celerytui.query import parse_filter
from celerytui.ui.bars.filter_line import FilterBar
from celerytui.ui.navigator import Navigator
from celerytui.ui.panes.narrowed import NarrowedPane
from celerytui.ui.session import Session
from celerytui.ui.views.body import Body
from celerytui.ui.views.registry import list_of

TASKS = list_of(Scope.TASK)


class Narrowing:
    """Narrows the lists of a screen. What they show changes at once; who calls paints bars."""

    def __init__(
        self, session: Session, body: Body, filter_bar: FilterBar, navigator: Navigator
    ) -> None:
        self._session = session
        self._body = body
        self._bar = filter_bar
        self._navigator = navigator

    @property
    def _tasks(self) -> NarrowedPane[Any]:
        return cast("NarrowedPane[Any]", self._body.by_name[TASKS.focus])

    @property
    def _typed_for(self) -> NarrowedPane[Any]:
        pane = self._body.by_name.get(self._body.typed_for or "")
        return pane if isinstance(pane, NarrowedPane) else self._tasks

    async def edit(self) -> bool:
        """Open the line for the list in focus, else for the tasks; True if the view changed."""
        body, focused = self._body, self._body.screen.focused
        pane = focused if isinstance(focused, NarrowedPane) else self._tasks
        here = any(spec.name == pane.id for spec in body.view.panes)
        goes = not here or body.alone not in (None, pane.id)
        if goes:
            self._navigator.go(TASKS)
        if self._bar.display and body.typed_for == pane.id:
            self._bar.input.focus()
        else:
            body.typed_for = pane.id
            await self._bar.open(pane.narrowed_by, pane.SOUGHT)
        return goes

    def changed(self, event: FilterBar.Changed) -> None:
        """What is typed parses."""
        self._typed_for.narrow(event.text, event.filter)

    def failed(self) -> None:
        """What is typed does not parse."""
        self._typed_for.keep_narrowed()

    def closed(self, *, kept: bool) -> None:
        """The line was closed; unless it is `kept` the text before is applied again."""
        pane = self._typed_for
        self._body.typed_for = None
        if not kept:
            self.by(self._bar.before, pane)
        else:
            pane.end_narrowing()
            if pane.narrowed_by:
                pane.take_first()
        if pane.display:
            pane.focus()
        else:  # another view was clicked
            self._body.arrange_panes(focus=True)

    def by(self, text: str, pane: NarrowedPane[Any] | None = None) -> None:
        """Narrow a list, by default the tasks, "" for all; raises FilterError."""
        pane = pane or self._tasks
        parses = text and not pane.SOUGHT
        pane.narrow(text, parse_filter(text) if parses else None)

    def show_tasks(self, text: str, sort: str | None = None) -> None:
        """Show the tasks that match, and nothing else; raises FilterError.

        With `sort` by that column, the highest first, until the way back.
        """
        engine, before = self._session.engine, self._session.filter_text
        order, reverse = engine.view.sort, engine.view.reverse
        self.by(text)
        if sort is not None:
            engine.show(sort=sort, reverse=True)

        def undo() -> None:
            self.by(before)
            if sort is not None:
                engine.show(sort=order, reverse=reverse)

        self._navigator.follow(TASKS, undo)

    def show_row(self, key: str) -> None:
        """Put the cursor of the view's list on a row, whatever that was narrowed by."""
        pane = self._body.by_name[self._body.view.focus]
        if isinstance(pane, NarrowedPane) and not pane.go_to_key(key) and pane.narrowed_by:
            self.by("", pane)
            pane.go_to_key(key)

    def clear(self) -> bool:
        """Show again what is left out: in the list in focus, else of the tasks, else elsewhere.

        Only where it is seen; False where nothing that is seen leaves anything out.
        """
        panes = [pane for pane in self._body.panes if isinstance(pane, NarrowedPane)]
        narrowed = [pane for pane in panes if pane.narrowed_by]
        narrowed.sort(key=lambda pane: (not pane.has_focus, pane is not self._tasks))
        for pane in narrowed[:1]:
            self.by("", pane)
        return bool(narrowed)
