"""Which history a command is about, and the monitor on a history alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from celerytui.cli.groups import subcommand_of
from celerytui.cli.start import Start, started
from celerytui.errors import Offline, UsageError
from celerytui.settings import HISTORY_DEFAULT, names_history

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


def read_from_broker(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options, `-b HISTORY` as what it is short for: --history HISTORY --offline."""
    if not names_history(params.get("broker")):
        return params
    return {**params, "broker": None, "history": params["broker"], "offline": True}


def offline_start(ctx: click.Context, start: Start, *, named: bool) -> Start:
    """The start of a monitor that reads a history alone: without an app it has the history's.

    `named` says whether the command line names an app. Raises UsageError for a command that needs
    the cluster, HistoryError where there is no history.
    """
    command = subcommand_of(ctx)
    if command is not None:
        if not command.offline:
            raise UsageError(f"--offline: {command.name} needs the cluster")
        return start
    url = start.settings.history or HISTORY_DEFAULT
    load = start.load
    if not named:
        from celerytui.history.place import only_url

        url = only_url(url, os.environ)

        def load() -> Any:
            return _recorded_app(url)

    return start._replace(settings=start.settings._replace(history=url), load=load)


def _recorded_app(url: str) -> Any:
    """Stands for the app of a history, by the names that were recorded; nothing loads it."""
    from celerytui.history.place import only_place
    from celerytui.lazy_app import LazyApp

    history = only_place(url, os.environ).reader()
    try:
        origin = history.origin()
    finally:
        history.close()

    def load() -> Any:
        raise Offline("offline there is no app, only its history")

    return LazyApp(origin.broker, load, origin.app or "history")
