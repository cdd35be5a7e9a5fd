"""Where the user is: the view that is shown, the way back from it, and a panel seen alone."""

from __future__ import annotations

from celerytui.control import Scope
from celerytui.ui.bars.tabs import ViewTabs
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.body import Body
from celerytui.ui.views.registry import HOME, VIEWS, list_of, view_of_one
from celerytui.ui.views.view import View


class Navigator:
    """Goes from view to view. What is shown changes at once; who calls paints it."""

    def __init__(self, session: Session, body: Body, tabs: ViewTabs) -> None:
        self._session = session
        self._body = body
        self._tabs = tabs
        self._back: list[View] = []

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self._body.view

    def go(self, view: View) -> None:
        """Show a view that is reached from anywhere; from it no way leads back."""
        self._back = []
        self._show(view)

    def open(self, scope: Scope, name: str) -> None:
        """Show one of a scope: a task by its id, a worker by its hostname."""
        view = view_of_one(scope)
        if self.view is not view:
            self._back.append(self.view)
        self._body.show(view)
        view.open(self._session, self._body.by_name, name)
        self._show(view)

    def back(self) -> bool:
        """One step back: out of a panel alone, or of a view of one; False where there is none."""
        if self._body.alone is not None:
            self.zoom(None)
        elif self.view.on_back(self._session, self._body.by_name):
            pass
        elif self.view.opens is not None:
            self._show(self._back.pop() if self._back else list_of(self.view.opens))
        else:
            return False
        return True

    def focus_on(self, place: str) -> Pane | None:
        """Go to the pane that has the keys of a place: the one in focus, else one that is shown.

        Else to the first view that has such a pane; None where the keys are not those of a pane.
        """
        body = self._body
        focused = [pane for pane in body.panes if pane.has_focus]
        for pane in (*focused, *body.panes):
            if place in pane.places():
                pane.focus()
                return pane
        for view in (view for view in VIEWS if view.key):
            for spec in view.panes:
                if place in spec.load().places():
                    self.go(view)
                    pane = body.by_name[spec.name]
                    pane.focus()
                    return pane
        return None

    def home(self) -> None:
        """Show the view that the program opened with."""
        if self.view is not HOME:
            self._show(HOME)

    def zoom(self, pane: Pane | None) -> None:
        """Show that pane alone; out of it again where one is alone, or where `pane` is None."""
        body = self._body
        alone = None if pane is None or body.alone is not None else pane.id
        body.alone = alone if len(body.panes) > 1 else None
        body.arrange_panes()

    def name_place(self) -> None:
        """Have the tabs say where the user is."""
        view, tabs = self.view, self._tabs
        tabs.current, tabs.crumbs = view.name, ()
        if view.opens is not None:
            above = self._back[-1] if self._back else list_of(view.opens)
            tabs.crumbs = (above.label, view.title(self._session, self._body.by_name))

    def _show(self, view: View) -> None:
        self._body.show(view)
        self.name_place()
        self._body.arrange_panes(focus=True)
