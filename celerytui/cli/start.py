"""What every command starts from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

import click

from celerytui.link import Opening
from celerytui.settings import Settings
from celerytui.streams import keep_stdout

START = "celerytui.start"
APP = "celerytui.app"
STDOUT = "celerytui.stdout"


class Start(NamedTuple):
    """What every command starts from: the settings, the loader of the app, where to open it."""

    settings: Settings
    load: Callable[[], Any]
    opening: Opening = Opening()


def started(ctx: click.Context) -> Start:
    """The start of the command that runs in this context."""
    start: Start = ctx.meta[START]
    return start


def kept_stdout(ctx: click.Context) -> TextIO | None:
    """Standard output for the document alone; to be called before the project is imported."""
    if STDOUT not in ctx.meta:
        ctx.meta[STDOUT] = keep_stdout()
    kept: TextIO | None = ctx.meta[STDOUT]
    return kept
