"""The views with their digits, and badges or crumbs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from celerytui.columns import (
    clean,
)
from celerytui.ui.bars.bar import Bar
from celerytui.ui.bars.header import WIDE
from celerytui.ui.draw.spans import Line, cells
from celerytui.ui.session import Session


class ViewTabs(Bar):
    """The views with their digits, and at the right the badges or where one is."""

    GROUND = "bg"

    def __init__(self, session: Session, views: Sequence[tuple[str, str]]) -> None:
        super().__init__(session, id="views")
        self.views = views
        self.current = ""
        self.crumbs: tuple[str, ...] = ()

    def draw(self, line: Line) -> None:
        for name, label in self.views:
            key = self.key_of(name)
            if name == self.current:
                line.left((f" {key} {label} ", "accent.filled"))
            else:
                line.left((f" {key} ", "accent"), (f"{label} ", "muted"))
        crumbs = self.crumbs if self.outer_size.width >= WIDE else ()
        if self.crumbs and not crumbs:
            line.right((clean(self.crumbs[-1], limit=24), "strong"))
        for index, crumb in enumerate(crumbs):
            if index:
                line.right((f" {self.session.glyphs.crumb} ", "faint"))
            line.right((clean(crumb, limit=60), "strong" if index else "muted"))
        if self.crumbs:
            line.right(("  ", "text"))
        for badge in self._badges():
            role = "badge.production" if badge == "PRODUCTION" else "badge"
            line.right((f" {badge} ", role), (" ", "text"))

    def key_of(self, name: str) -> str:
        """The key that shows a view, as the user has set it."""
        return self.session.key_of(f"view.{name}")

    def _badges(self) -> list[str]:
        session = self.session
        badges = ["PRODUCTION"] if session.settings.production else []
        if session.paused_at is not None:
            badges.append("PAUSED")
        if session.replaying:
            return [*badges, "actions are off"]
        if session.utc:
            badges.append("UTC")
        if session.settings.read_only:
            badges.append("READ-ONLY")
        return badges

    def on_click(self, event: events.Click) -> None:
        x = 0
        for name, label in self.views:
            x += cells(f" {self.key_of(name)} {label} ")
            if event.x < x:
                self.app.call_later(self.app.run_action, f"screen.show_view('{name}')")
                return
