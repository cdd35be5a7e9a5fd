"""A panel about the type that is under the cursor of the list."""

from __future__ import annotations

from typing import ClassVar

from celerytui.columns import clean
from celerytui.control import Scope
from celerytui.model import TypeDetail
from celerytui.query import quoted
from celerytui.ui.draw.spans import Spans
from celerytui.ui.messages import FilterAsked
from celerytui.ui.panes.empty import EmptyState
from celerytui.ui.panes.pane import Row
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.types.windows import step_window


class TypePane(ScrolledPane):
    """A pane about one type; the list says which."""

    KEYS: ClassVar[tuple[str, ...]] = ("types", "window")

    @property
    def detail(self) -> TypeDetail | None:
        """What is known of the type, None where there is none."""
        session = self.session
        if session.type is None:
            return None
        return session.engine.store.types.one(session.type, session.window, session.now())

    def targets(self, scope: Scope) -> list[str]:
        name = self.session.type
        return [name] if scope is Scope.TYPE and name else []

    def titles(self) -> tuple[Spans, Spans]:
        name = self.session.type
        left: Spans = [(self.NAME, self.title_role)]
        if name is None:
            return left, []
        return [*left, (f"  {clean(name, limit=120)}", "text")], []

    def body(self, width: int, height: int) -> list[Row]:
        if self.detail is None:
            return EmptyState("No type selected").rows(width, height, self.session.glyphs)
        return super().body(width, height)

    def action_window(self, by: int) -> None:
        """Show a shorter or a longer window; nothing where there is none."""
        step_window(self, by)

    def action_slowest(self) -> None:
        """Show the tasks of the type, the slowest first."""
        if self.session.type:
            self.post_message(FilterAsked(f"name:={quoted(self.session.type)}", sort="runtime"))
