"""Where the user is: the view that is shown, the way back from it, and a panel seen alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct

from celerytui.control import Scope
from celerytui.ui.bars.tabs import ViewTabs
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.body import Body
from celerytui.ui.views.registry import HOME, VIEWS, list_of, view_of_one
from celerytui.ui.views.view import View

MAX_STEPS = 50
"""As many steps lead back; a user may go from relative to relative without end."""


class Step(Struct, frozen=True):
    """A place that another was opened from; `undo` takes back what that changed besides."""

    view: View
    subject: str
    pane: str | None
    alone: str | None
    undo: Callable[[], None] | None = None


class Navigator:
    """Goes from view to view. What is shown changes at once; who calls paints it."""

    def __init__(self, session: Session, body: Body, tabs: ViewTabs) -> None:
        self._session = session
        self._body = body
        self._tabs = tabs
        self._steps: deque[Step] = deque(maxlen=MAX_STEPS)

    @property
    def view(self) -> View:
        """The view that is shown."""
        return self._body.view

    @property
    def leads_back(self) -> bool:
        """Whether a step back leads elsewhere: to another view or pane, or out of one alone."""
        body = self._body
        inside = body.alone is not None or self.view.back_to(body.by_name) is not None
        return inside or bool(self._steps) or self.view.opens is not None

    def go(self, view: View) -> None:
        """Show a view that is reached from anywhere; from it no way leads back."""
        self._steps.clear()
        self._show(view)

    def follow(self, view: View, undo: Callable[[], None]) -> None:
        """Show a view that something here was opened in; the way back does `undo`."""
        self._steps.append(self._step(undo))
        self._show(view)

    def open(self, scope: Scope, name: str) -> None:
        """Show one of a scope: a task by its id, a worker by its hostname."""
        view, here = view_of_one(scope), self._step()
        if (here.view, here.subject) != (view, name):
            self._steps.append(here)
        self._body.show(view)
        view.open(self._session, self._body.by_name, name)
        self._show(view)

    def _step(self, undo: Callable[[], None] | None = None) -> Step:
        view, body, focused = self.view, self._body, self._body.screen.focused
        pane = focused.id if isinstance(focused, Pane) else None
        subject = view.subject(self._session, body.by_name) if view.opens is not None else ""
        return Step(view, subject, pane, body.alone, undo)

    def back(self) -> bool:
        """One step back: out of a panel alone, or to where this was opened; False for none."""
        if self._body.alone is not None and not (self._steps and self._steps[-1].alone):
            self.zoom(None)
        elif (pane := self.view.back_to(self._body.by_name)) is not None:
            self._body.focus_pane(pane)
        elif self._steps:
            self._return_to(self._steps.pop())
        elif self.view.opens is not None:
            self._show(list_of(self.view.opens))
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

    def _return_to(self, step: Step) -> None:
        if step.undo is not None:
            step.undo()
        body, view = self._body, step.view
        if view.opens is not None:
            body.show(view)
            view.open(self._session, body.by_name, step.subject)
        self._show(view, step.pane, step.alone)

    def go_to_task(self, task_id: str) -> bool:
        """Go to a task in the view that is shown; False where it is not in sight yet."""
        shown = self.view.go_to_task(self._body.by_name, task_id)
        self.name_place()
        return shown

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
        above = next((step.view for step in reversed(self._steps) if step.view is not view), None)
        if view.opens is not None:
            above = above or list_of(view.opens)
            tabs.crumbs = (above.label, view.title(self._session, self._body.by_name))
        elif above is not None:
            tabs.crumbs = (above.label, view.label)

    def _show(self, view: View, pane: str | None = None, alone: str | None = None) -> None:
        body = self._body
        body.show(view)
        body.alone = alone
        self.name_place()
        if pane is None:
            body.arrange_panes(focus=True)
        else:
            body.focus_pane(pane)
