"""From a number that says that something is wrong to exactly the rows that it counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from celerytui.ui.figures import Figure
from celerytui.ui.navigator import Navigator
from celerytui.ui.panes.narrowed import NarrowedPane
from celerytui.ui.session import Session, numbers_of
from celerytui.ui.views.body import Body
from celerytui.ui.views.registry import list_of

Narrow = Callable[[str, NarrowedPane[Any]], None]


class Causes:
    """Shows the rows of figures; `narrow` narrows a list by a text. Who calls paints."""

    def __init__(self, session: Session, body: Body, navigator: Navigator, narrow: Narrow) -> None:
        self._session = session
        self._body = body
        self._navigator = navigator
        self._narrow = narrow

    def open(self, figure: Figure) -> None:
        """Show the rows that a figure counts, and no others; the way back shows all again."""
        before = self._narrowed_by(figure)
        self._navigator.follow(
            list_of(figure.scope), lambda: self._narrow(before, self._list_of(figure))
        )
        rows = self._list_of(figure)
        self._narrow(figure.narrowing, rows)
        rows.take_first()

    def open_next(self) -> bool:
        """Show those of the gravest figure, of the next where these are shown; False for none."""
        figures = list(numbers_of(self._session))
        if not figures:
            return False
        shown = next((at for at, one in enumerate(figures) if self._is_shown(one)), -1)
        self.open(figures[(shown + 1) % len(figures)])
        return True

    def _is_shown(self, figure: Figure) -> bool:
        shown = self._body.view is list_of(figure.scope)
        return shown and self._narrowed_by(figure) == figure.narrowing

    def _list_of(self, figure: Figure) -> NarrowedPane[Any]:
        """The list of all of its scope, whose view has been shown."""
        return cast("NarrowedPane[Any]", self._body.by_name[list_of(figure.scope).focus])

    def _narrowed_by(self, figure: Figure) -> str:
        known = list_of(figure.scope).focus in self._body.by_name
        return self._list_of(figure).narrowed_by if known else ""
