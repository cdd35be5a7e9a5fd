"""The panes on the screen, of which the current view shows some."""

from __future__ import annotations

from typing import Any, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.widget import Widget

from celerytui.ui.panes.narrowed import NarrowedPane
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.layout import Needs, PaneLayout, Regions
from celerytui.ui.views.registry import HOME
from celerytui.ui.views.view import View

AnyPane = TypeVar("AnyPane", bound=Pane)


class Body(Widget):
    """The panes of all views; those of one that was not shown yet come with the first look at it.

    `alone` is the pane that the user wants to see alone, `typed_for` the one that the line above is
    typed for: it keeps the place of the one in focus.
    """

    DEFAULT_CSS = """
    Body { width: 100%; height: 1fr; background: $background; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(id="body")
        self.session = session
        self.view: View = HOME
        self.alone: str | None = None
        self.typed_for: str | None = None
        self.by_name: dict[str, Pane] = {}
        self._regions: Regions = {}
        self._placed: Regions = {}
        self._painted: Regions = {}
        self.styles.set_rule("layout", PaneLayout(self._place))

    def compose(self) -> ComposeResult:
        yield from self._missing()

    def _missing(self) -> list[Pane]:
        """The panes of the view that were never shown."""
        specs = [spec for spec in self.view.panes if spec.name not in self.by_name]
        made = {spec.name: spec.make(self.session) for spec in specs}
        self.by_name.update(made)
        return list(made.values())

    def show(self, view: View) -> None:
        """Have the panes of a view; `arrange_panes` puts them in their places."""
        self.view = view
        self._set_pace()
        self.alone = None
        if missing := self._missing():
            self.mount_all(missing)

    def on_mount(self) -> None:
        self._set_pace()
        signal = self.screen.screen_layout_refresh_signal
        signal.subscribe(self, self._paint_where_placed, immediate=True)

    def _set_pace(self) -> None:
        session = self.session
        session.engine.refresher.pace = self.view.turns * session.settings.refresh

    def _paint_where_placed(self, _: object) -> None:
        """Paint all panes where they stand now, if that is elsewhere.

        A frame between the new regions and Textual's layout already goes by them, and then the
        layout finds that nothing has moved, and leaves old lines on the terminal.
        """
        if self._placed != self._painted:
            self._painted = self._placed
            self.refresh()

    def _place(self, size: Size) -> Regions:
        self._placed = self._current(size)
        return self._placed

    def _current(self, size: Size) -> Regions:
        return self.view.regions(size, self._needs())

    def arrange_panes(self, *, focus: bool = False) -> None:
        """Work out which panes have room and where; with `focus`, go to the view's own pane."""
        self.session.framed = self.view.framed(self.app.size)
        self.session.columns_within = self.view.columns_within(self.app.size)
        if self.alone is not None:
            self.session.columns_within = {}
        regions = self._current(self.size)
        changed = regions != self._regions
        self._regions = regions
        for name, pane in self.by_name.items():
            pane.display = name in regions
        if changed:
            # With a child's layout goes what was arranged before.
            next(iter(self.by_name.values())).refresh(layout=True)
        if focus or self._focus_is_lost():
            wanted = self.view.focus if self.view.focus in regions else next(iter(regions), None)
            if wanted is not None and self.is_attached:
                self.by_name[wanted].focus()

    def _focus_is_lost(self) -> bool:
        focused = self.screen.focused
        return focused is None or (isinstance(focused, Pane) and focused.id not in self._regions)

    def _needs(self) -> Needs:
        focused = self.screen.focused
        name = (focused.id if isinstance(focused, Pane) else self.typed_for) or ""
        names = [spec.name for spec in self.view.panes]
        return Needs(
            rows={name: self.by_name[name].rows_wanted for name in names},
            alone=self.alone,
            focused=name if name in names else "",
        )

    @property
    def panes(self) -> list[Pane]:
        """The panes that are shown, in reading order."""
        return [pane for name, pane in self.by_name.items() if name in self._regions]

    @property
    def main_list(self) -> NarrowedPane[Any] | None:
        """The list that the view is about, else the first one that is shown."""
        shown = [self.by_name[self.view.focus], *self.panes]
        return next((pane for pane in shown if isinstance(pane, NarrowedPane)), None)

    def of_kind(self, kind: type[AnyPane]) -> AnyPane:
        """The pane of that class; LookupError where its view was never shown.

        Textual's `query_one` keeps an answer for every time that a pane came or went.
        """
        for pane in self.by_name.values():
            if isinstance(pane, kind):
                return pane
        raise LookupError(kind.__name__)

    def next_pane(self, by: int) -> None:
        """Give the focus to the next pane, also to one that shows only while it has it."""
        order = [self.alone] if self.alone else self.view.in_tab_order(self._regions)
        focused = self.screen.focused
        at = order.index(focused.id) if focused is not None and focused.id in order else 0
        self.focus_pane(order[(at + by) % len(order)] or "")

    def focus_pane(self, name: str) -> None:
        """Give the focus to a pane of the view, also to one that shows only while it has it."""
        pane = self.by_name[name]
        pane.display = True
        self.screen.set_focus(pane)
        self.arrange_panes()

    def on_resize(self, event: events.Resize) -> None:
        session = self.session
        before = session.framed, session.columns_within
        self.arrange_panes()
        if before != (session.framed, session.columns_within):
            # They were drawn for their new sizes already, and news may never come.
            for pane in self.panes:
                pane.paint()
