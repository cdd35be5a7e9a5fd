"""The list of the types of tasks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar

from celerytui.columns import TYPE_COLUMNS, type_name
from celerytui.control import Scope
from celerytui.counts import counted
from celerytui.document import type_row
from celerytui.model import TypeFigures
from celerytui.query import quoted
from celerytui.store.statistics import INTERNAL, WINDOWS
from celerytui.ui.draw.spans import Span, Spans
from celerytui.ui.messages import FilterAsked
from celerytui.ui.panes.empty import EmptyState, no_types
from celerytui.ui.panes.loaded_table import LoadedTable
from celerytui.ui.panes.windows import listed, reached
from celerytui.ui.session import Session
from celerytui.ui.views.types.pane import TypePane
from celerytui.ui.views.types.windows import step_window


class TypeList(LoadedTable[TypeFigures]):
    """What the tasks of each name took, by default the one that takes most first."""

    NAME = "Types"
    NOUN = "type"
    KEYS: ClassVar[tuple[str, ...]] = ("types", "window")
    LABELS: ClassVar[Mapping[str, str]] = {"row.open": "its tasks"}
    COLUMNS = TYPE_COLUMNS
    SOUGHT = "part of a task name"
    sort_column: str | None = "share"

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._hidden = 0
        self._awaited = False

    @property
    def rows_wanted(self) -> int:
        return len(self._all)

    @property
    def about(self) -> Hashable:
        # More of a window is known when more of the history was read.
        return self.session.window, self.session.engine.store.types.restored

    def read(self) -> list[TypeFigures]:
        session = self.session
        found = session.engine.store.types.shown(session.window, session.now())
        self._awaited = found is None
        return found or []

    def candidates(self) -> list[TypeFigures]:
        if INTERNAL in self.word.lower():
            self._hidden = 0
            return self._all
        found = [one for one in self._all if not one.name.startswith(INTERNAL)]
        self._hidden = len(self._all) - len(found)
        return found

    def trouble(self, *, crowded: bool) -> Callable[[TypeFigures], float]:
        return lambda figures: -(figures.share or 0.0)

    def orders(self) -> list[tuple[str, str]]:
        return super().orders()[1:]

    def sort_by(self, column_id: str) -> None:
        super().sort_by(column_id)
        if self.sort_column is None:
            super().sort_by("share")

    def titles(self) -> tuple[Spans, Spans]:
        said = self.narrowed() if self.word else self._count()
        return self.left_title(), [
            *said,
            ("  ", "text"),
            *listed(self.session, self.session.window),
        ]

    def _count(self) -> list[Span]:
        return [(counted(len(self._items), "task name"), "muted")] if self._items else []

    def left_out(self) -> list[Span]:
        reach = reached(self.session, self.session.window)
        if not self._hidden:
            return reach
        key = self.session.key_of("filter.edit")
        text = f"{counted(self._hidden, 'internal type')} left out: {key} {INTERNAL} shows them"
        dot: list[Span] = [(f" {self.session.glyphs.dot} ", "muted")] if reach else []
        return [*reach, *dot, (text, "muted")]

    def key_of(self, item: TypeFigures) -> str:
        return item.name if item.others is None else type_name(item)

    def document(self, item: TypeFigures) -> dict[str, Any]:
        return type_row(item)

    def nothing(self) -> EmptyState:
        if self._awaited:
            return EmptyState("Working out the figures")
        return no_types(self.session, WINDOWS[self.session.window])

    def targets(self, scope: Scope) -> list[str]:
        chosen = self._chosen()
        if scope is not Scope.TYPE or chosen is None or chosen.others is not None:
            return []
        return [chosen.name]

    def _chosen(self) -> TypeFigures | None:
        place = self.position(self.cursor or "")
        return None if place is None else self._items[place]

    def open_row(self, key: str) -> None:
        chosen = self._chosen()
        if chosen is not None and chosen.others is None:
            self.post_message(FilterAsked(f"name:={quoted(chosen.name)}"))

    def paint(self) -> None:
        super().paint()
        self._tell()

    def cursor_moved(self) -> None:
        self._tell()
        for pane in self.siblings:
            if isinstance(pane, TypePane):
                pane.paint()

    def _tell(self) -> None:
        """Say which type the panes beside the list are about: without a cursor the first."""
        chosen = self._chosen() or next(iter(self._items), None)
        own = chosen is not None and chosen.others is None
        self.session.type = chosen.name if chosen is not None and own else None

    def action_window(self, by: int) -> None:
        """Show a shorter or a longer window; nothing where there is none."""
        step_window(self, by)

    def action_slowest(self) -> None:
        """Show the tasks of the type, the slowest first."""
        for name in self.targets(Scope.TYPE):
            self.post_message(FilterAsked(f"name:={quoted(name)}", sort="runtime"))
