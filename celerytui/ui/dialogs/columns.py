"""Which columns of a table are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from celerytui.columns import Column
from celerytui.ui.dialogs.choice import NotedChoice
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session


class ColumnChoice(NotedChoice):
    """The columns of a table, each of which can be hidden; Enter takes what is marked."""

    KEYS: ClassVar[tuple[str, ...]] = ("columns",)
    HINTS: ClassVar[Sequence[tuple[str, str]]] = (
        ("columns.toggle", "show or hide"),
        ("columns.all", "show all"),
        ("choice.take", "apply"),
    )

    def __init__(
        self, session: Session, columns: Sequence[Column[Any]], hidden: frozenset[str]
    ) -> None:
        options = [(one.id, one.title) for one in columns]
        super().__init__(session, "Columns", options, [one.help for one in columns])
        self.hidden = hidden

    def before(self, option: str) -> Spans:
        mark = " " if option in self.hidden else self.session.glyphs.marked
        return [(f"{mark} ", "accent")]

    def action_toggle_column(self) -> None:
        self._toggle(self.options[self.at][0])

    def _toggle(self, option: str) -> None:
        hidden = self.hidden ^ {option}
        if len(hidden) < len(self.options):  # one stays
            self.hidden = hidden
        self.update()

    def action_show_all(self) -> None:
        self.hidden = frozenset()
        self.update()

    def choose(self, option: str) -> None:
        self._toggle(option)
