"""The registry of views: keys, tabs, palette and the check of the user's keys follow from it."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.control import Scope
from celerytui.ui.keys.registry import REPLAY, Key, Keys
from celerytui.ui.keys.user_keys import check_keys
from celerytui.ui.views.dashboard.view import DashboardView
from celerytui.ui.views.failures.view import FailuresView
from celerytui.ui.views.log.view import LogView
from celerytui.ui.views.queues.view import QueuesView
from celerytui.ui.views.schedule.view import ScheduleView
from celerytui.ui.views.task.view import TaskView
from celerytui.ui.views.tasks.view import TasksView
from celerytui.ui.views.types.view import TypesView
from celerytui.ui.views.view import View
from celerytui.ui.views.worker.view import WorkerView
from celerytui.ui.views.workers.view import WorkersView

VIEWS: tuple[View, ...] = (
    DashboardView(),
    TasksView(),
    WorkersView(),
    QueuesView(),
    TypesView(),
    FailuresView(),
    ScheduleView(),
    LogView(),
    TaskView(),
    WorkerView(),
)
HOME = VIEWS[0]
"""The view that the program opens with; its panes alone are there for the first frame."""
BY_NAME = {view.name: view for view in VIEWS}

VIEW_KEYS = tuple(
    Key(f"view.{view.name}", view.key, view.label, f"show_view('{view.name}')", help=view.help)
    for view in VIEWS
    if view.key
)


def list_of(scope: Scope) -> View:
    """The view that shows all of a scope; raises StopIteration where there is none."""
    return next(view for view in VIEWS if view.lists is scope)


def view_of_one(scope: Scope) -> View:
    """The view that shows one of a scope; raises StopIteration where there is none."""
    return next(view for view in VIEWS if view.opens is scope)


def all_keys(own: Mapping[str, str], *, replaying: bool = False) -> Keys:
    """Every key of the program with the user's own; raises SettingsError for what cannot work."""
    keys = Keys(own, VIEW_KEYS, replaying=replaying)
    if own:
        panes = {pane.name: pane for view in VIEWS for pane in view.panes}
        places = [("app", *pane.load().places()) for pane in panes.values()]
        check_keys(keys, [(REPLAY,), *places, *_modal()])
    return keys


def _modal() -> list[tuple[str, ...]]:
    """The places of the keys that work together in the filter's line and in each kind of dialog."""
    from celerytui.ui.actions.confirm import Confirm
    from celerytui.ui.actions.filters import FilterChoice
    from celerytui.ui.actions.form import Form
    from celerytui.ui.actions.inputs import ChoiceField, TextField
    from celerytui.ui.bars.filter_line import FilterInput
    from celerytui.ui.dialogs.choice import Choice
    from celerytui.ui.dialogs.columns import ColumnChoice
    from celerytui.ui.dialogs.palette import Palette, SearchLine
    from celerytui.ui.dialogs.reading import Reading
    from celerytui.ui.views.task.result import ResultDialog

    alone = (FilterInput, Confirm, Choice, ColumnChoice, FilterChoice, Reading, ResultDialog)
    found = [kind.places() for kind in alone]
    found.append((*Palette.places(), *SearchLine.places()))
    return found + [(*Form.places(), *field.places()) for field in (ChoiceField, TextField)]
