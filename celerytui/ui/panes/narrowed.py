"""What the line above a list does to it: show the rows that a text asks for, and no others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from celerytui.query import Filter
from celerytui.ui.panes.list import Item, ListPane

if TYPE_CHECKING:
    from celerytui.ui.keys.help import HelpSubject


class Listed(Struct, frozen=True):
    """The rows that a list shows, as plain values: `noun` is what one is called.

    `rows` may be read by another thread, once; None stands for a row that is gone by then.
    """

    noun: str
    rows: Iterable[dict[str, Any] | None]
    total: int


class NarrowedPane(ListPane[Item]):
    """A list whose rows are chosen by a filter, or by a text that they contain."""

    SOUGHT: ClassVar[str] = ""
    """What the text is a part of, "" where it is a filter."""

    def help_subject(self) -> HelpSubject:
        return replace(super().help_subject(), sought=self.SOUGHT)

    @property
    @abstractmethod
    def narrowed_by(self) -> str:
        """The text by which the rows are chosen, "" where all are shown."""

    @abstractmethod
    def narrow(self, text: str, made: Filter | None) -> None:
        """Show only what matches a text, which is `made` a filter where it is one; "" for all."""

    def keep_narrowed(self) -> None:
        """What is typed does not parse: show what the last text that did has left."""

    def end_narrowing(self) -> None:
        """What was typed is kept."""

    def listed(self) -> Listed | None:
        """What is shown now, in its order, to be written to a file; None where it cannot be."""
        return None
