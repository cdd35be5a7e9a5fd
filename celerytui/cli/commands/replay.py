"""`celerytui replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from celerytui.cli import monitor
from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option
from celerytui.cli.past import history_place
from celerytui.cli.start import started
from celerytui.errors import UsageError
from celerytui.settings import history_url, names_history

if TYPE_CHECKING:
    from celerytui.model import Recording


def _run_replay(ctx: click.Context, source: str | None, at: str | None, speed: int) -> None:
    """Open the monitor on what was recorded: an event log, or a history.

    SOURCE is the file of an event log, or the URL of a history, sqlite:///FOLDER or postgresql://…;
    without it, it is the history of the app, or the only one. Needs no broker, and no action can
    reach one.
    """
    from celerytui.engine.replayer import SPEEDS

    if speed not in SPEEDS:
        *most, last = SPEEDS
        raise UsageError(f"--speed {speed}: {', '.join(map(str, most))} or {last}")
    start = started(ctx)
    recording = _open(ctx, source)
    try:
        position = None if at is None else _position(at, recording, utc=start.settings.utc)
        monitor.need_terminal()
        ctx.exit(monitor.open_replay(start, recording, position, speed))
    finally:
        recording.close()


def _open(ctx: click.Context, source: str | None) -> Recording:
    """The recording that is named; raises HistoryError where there is none."""
    from pathlib import Path

    from celerytui.history.folder_place import FolderPlace
    from celerytui.history.opening import open_event_log

    if source is None:
        return history_place(ctx, None).recording()
    if names_history(source):
        try:
            url = history_url(source)
        except ValueError as error:
            raise UsageError(str(error)) from error
        return history_place(ctx, url).recording()
    if "://" in source:
        scheme = source.partition("://")[0]
        raise UsageError(
            f"{scheme}:// is not the URL of a history; a file, sqlite:///FOLDER or postgresql://…"
        )
    path = Path(source).expanduser().absolute()
    return FolderPlace(path).recording() if path.is_dir() else open_event_log(path)


def _position(text: str, recording: Recording, *, utc: bool) -> float:
    """The time of `--at`; one that is relative counts from the beginning."""
    from celerytui.replay_time import FORMS, read_replay_time

    begins = recording.begins
    try:
        return read_replay_time(text, begins, begins, recording.ends, utc=utc)
    except ValueError as error:
        raise UsageError(f"--at {text!r}: {error}; {FORMS}") from error


COMMAND = Subcommand(
    "replay",
    callback=click.pass_context(_run_replay),
    help=_run_replay.__doc__,
    short_help="Open the monitor on a recording.",
    opens=True,
    offline=True,
    params=[
        click.Argument(["source"], required=False, metavar="[SOURCE]"),
        command_option(
            "--at", metavar="TIME", help="Begin there: 14:03, 2026-11-25 14:03:12, or +5m."
        ),
        command_option(
            "--speed",
            type=int,
            default=1,
            show_default=True,
            metavar="N",
            help="So many times as fast as it was: 1, 2, 5, 10 and so on to 1000.",
        ),
    ],
)
