"""What the app tells its widgets: past tense, and at most one of a kind waiting."""

from __future__ import annotations

from textual.message import Message

from celerytui.control import Scope
from celerytui.model import Outcome
from celerytui.ui.figures import Figure


class StoreChanged(Message, bubble=False):
    """The store, the view or the link has news; the screen draws what it shows of it."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StoreChanged)


class TaskSelected(Message):
    """The cursor of the task table stands on another task, or on none."""

    def __init__(self, task_id: str | None) -> None:
        super().__init__()
        self.task_id = task_id

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TaskSelected)


class CursorMoved(Message):
    """Another row is at the cursor, or links came or went: other keys may do something now."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CursorMoved)


class RowOpened(Message):
    """The user asked for all there is to know of one task, worker or queue."""

    def __init__(self, scope: Scope, name: str) -> None:
        super().__init__()
        self.scope = scope
        self.name = name


class PaneAsked(Message):
    """The user asked for another pane of the view, by its name."""

    def __init__(self, pane: str) -> None:
        super().__init__()
        self.pane = pane


class RowAsked(Message):
    """The user asked for a row of a view of all there is, by the view's name and the row's id."""

    def __init__(self, view: str, key: str) -> None:
        super().__init__()
        self.view = view
        self.key = key


class FilterAsked(Message):
    """The user asked for the tasks that match a filter, from another place than its line.

    With `sort` in that order, the highest first, else in the order that they have.
    """

    def __init__(self, text: str, sort: str | None = None) -> None:
        super().__init__()
        self.text = text
        self.sort = sort


class FigureOpened(Message):
    """The user asked for the rows that a number on the screen counts."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self.figure = figure


class ActionFinished(Message):
    """An action ended; the outcome has each worker's reply."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome
