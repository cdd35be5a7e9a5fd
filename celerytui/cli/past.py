"""Which history a command is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from celerytui.cli.start import started
from celerytui.settings import HISTORY_DEFAULT

if TYPE_CHECKING:
    from celerytui.history.history import Place


def history_place(ctx: click.Context, given: str | None) -> Place:
    """The place that was named, else that of the app; the project is imported only for that.

    Without either, the only one that there is. Raises HistoryError.
    """
    from celerytui.history.place import is_of_app, only_place, place_of

    start = started(ctx)
    url = given or start.settings.history or HISTORY_DEFAULT
    root = ctx.parent
    named = root is not None and (
        root.params.get("app") or root.params.get("broker") or getattr(root.obj, "app", None)
    )
    if not named or not is_of_app(url):
        return only_place(url, os.environ)
    from celerytui import connect

    app = start.load()
    return place_of(url, connect.app_name(app), connect.broker_url(app), os.environ)
