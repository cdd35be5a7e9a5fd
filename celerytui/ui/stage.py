"""The stage that all is shown on: the bars, the panes, and the views that one goes through."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult

from celerytui.engine import Engine
from celerytui.settings import Settings
from celerytui.ui.bars.banner import Banner
from celerytui.ui.bars.filter_line import FilterBar
from celerytui.ui.bars.footer import Footer, KeyHint
from celerytui.ui.bars.header import Header
from celerytui.ui.bars.progress import Progress
from celerytui.ui.bars.tabs import ViewTabs
from celerytui.ui.base_app import BaseApp
from celerytui.ui.draw.glyphs import pick_glyphs
from celerytui.ui.draw.theme import Palette, pick_palette
from celerytui.ui.keys.user_keys import added_bindings
from celerytui.ui.messages import StoreChanged, TaskOpened, TaskSelected, WorkerOpened
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.task.detail import DetailPane
from celerytui.ui.views.tasks.table import TaskTable
from celerytui.ui.views.view import BY_NAME, VIEWS, Body


class Stage(BaseApp):
    """The widgets on the screen, and which view they make; what keys do is the monitor's."""

    CSS_PATH = "monitor.tcss"
    AUTO_FOCUS = None
    """What has the focus is chosen by the views; the first widget is the hidden filter line."""

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
        for one in added_bindings(settings.keys):
            self.bind(one.key, one.action, description=one.description, show=False)
        self._back: list[str] = []

    def refresh_css(self, animate: bool = True) -> None:
        """Take the theme's variables, and style what there is by them."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            # So early Textual would read every rule for nothing: it does when there is a screen.
            self.stylesheet.set_variables(self.get_css_variables())

    def compose(self) -> ComposeResult:
        yield Header(self.session, id="header")
        yield ViewTabs(self.session, [(v.key, v.name, v.label) for v in VIEWS if v.key])
        yield Banner(self.session, id="banner")
        yield Progress(self.session, id="progress")
        yield FilterBar(self.session)
        yield Body(self.session)
        yield Footer(self.session, self.key_hints)

    def key_hints(self) -> Sequence[KeyHint]:
        """What the footer says."""
        raise NotImplementedError

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

    # Textual's screens bind Tab themselves, and know only of what is displayed.

    def action_focus_next(self) -> None:
        if self.screen is self.screen_stack[0]:
            self.body.next_pane(1)
        else:
            super().action_focus_next()

    def action_focus_previous(self) -> None:
        if self.screen is self.screen_stack[0]:
            self.body.next_pane(-1)
        else:
            super().action_focus_previous()

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
