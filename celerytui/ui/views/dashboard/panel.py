"""A short list on the dashboard of what another view has in full; Enter goes to its row there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from typing import ClassVar

from celerytui.ui.draw.spans import Spans
from celerytui.ui.messages import RowAsked
from celerytui.ui.panes.list import Item, ListPane
from celerytui.ui.panes.pane import Row
from celerytui.ui.session import Session


class Panel(ListPane[Item]):
    """The first rows of a view, read anew as time goes by while the display goes on."""

    LABELS: ClassVar[Mapping[str, str]] = {"row.open": "open"}
    VIEW: ClassVar[str]
    """The name of the view that has all of them."""
    NOTHING: ClassVar[str]
    """What is said where there is none."""

    def __init__(self, session: Session, *, id: str) -> None:
        super().__init__(session, id=id)
        self._items: list[Item] = []
        self._read_as_of: Hashable = None

    @abstractmethod
    def read(self) -> list[Item]:
        """The rows as they are now, in their order."""

    @abstractmethod
    def as_of(self, now: float) -> Hashable:
        """What the rows depend on: they are read again when it differs."""

    @property
    def rows_wanted(self) -> int:
        return len(self._items) * self.LINES

    def paint(self) -> None:
        session = self.session
        held = session.paused_at is not None or session.stale_since is not None
        as_of = self.as_of(session.now())
        due = as_of != self._read_as_of and not (held and self._items)
        if due and self.is_attached and self.display:
            self._items, self._read_as_of = self.read(), as_of
        super().paint()

    def footnote(self) -> Spans:
        key = self.session.key_of(f"view.{self.VIEW}")
        return [(key, "key"), (" all", "muted")] if self._items and key else []

    def empty(self, width: int, height: int) -> list[Row]:
        known = self.session.engine.store.summary(self.session.now()).first_event_at is not None
        text = self.NOTHING if known else self.session.glyphs.unknown
        return [(self.line().left((f" {text}", "muted")), "bg")]

    def length(self) -> int:
        return len(self._items)

    def window(self, start: int, count: int) -> list[Item]:
        return self._items[start : start + count]

    def position(self, key: str) -> int | None:
        places = (at for at, item in enumerate(self._items) if self.key_of(item) == key)
        return next(places, None)

    def action_open(self) -> None:
        if self.cursor is None or self.position(self.cursor) is None:
            self.action_move(1)
        if self.cursor is not None:
            self.post_message(RowAsked(self.VIEW, self.cursor))

    def before(self, item: Item) -> tuple[str, str]:
        """The cell before a row, for the cursor."""
        return (self.session.glyphs.cursor if self.at_cursor(item) else " ", "cursor")
