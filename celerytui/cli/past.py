"""Which history a command is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from celerytui.cli.start import started
from celerytui.settings import HISTORY_DEFAULT

if TYPE_CHECKING:
    from pathlib import Path


def history_folder(ctx: click.Context, given: str | None) -> Path:
    """The folder that was named, else that of the app; the project is imported only for that.

    Without either, the only one that there is. Raises HistoryError.
    """
    from celerytui.history.place import folder_of, only_folder

    start = started(ctx)
    url = given or start.settings.history or HISTORY_DEFAULT
    if url != HISTORY_DEFAULT:
        return folder_of(url, "", "", os.environ)
    root = ctx.parent
    named = root is not None and (root.params.get("app") or root.params.get("broker"))
    if not named and (root is None or getattr(root.obj, "app", None) is None):
        return only_folder(os.environ)
    from celerytui import connect

    app = start.load()
    return folder_of(url, connect.app_name(app), connect.broker_url(app), os.environ)
