"""`celerytui record`."""

from __future__ import annotations

import click

from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option, history_option, optional_seconds
from celerytui.cli.signals import stop_signals
from celerytui.cli.start import started
from celerytui.cli.status_line import status_line


def _run_record(
    ctx: click.Context,
    history: str | None,
    events: str | None,
    anonymise: bool,
    seconds: float | None,
) -> None:
    """Listen without a screen and keep what happens in a history, until SIGTERM or ctrl+c.

    With --events all that is received is kept as it comes, to be replayed.
    """
    from pathlib import Path

    from celerytui.headless.record import record
    from celerytui.logs import log_to_stderr, quieten

    if anonymise and events is None:
        raise click.UsageError("--anonymise is for --events: name a file")
    if events is not None and Path(events).is_dir():
        raise click.UsageError(f"--events {events}: it is a folder; name a file")
    start = started(ctx)
    settings = start.settings
    if history is not None:
        settings = settings._replace(history=history)
    app = start.load()
    quieten(settings.log_file)
    show = status_line()
    log_to_stderr(over_line=show is not None)
    try:
        record(
            app,
            settings,
            seconds=seconds,
            stoppable=stop_signals,
            show=show,
            events=None if events is None else Path(events),
            anonymise=anonymise,
        )
    finally:
        if show is not None:
            show("")


COMMAND = Subcommand(
    "record",
    callback=click.pass_context(_run_record),
    help=_run_record.__doc__,
    short_help="Keep what happens in a history, without a screen.",
    params=[
        history_option("Where to: sqlite:///FOLDER, postgresql://, or the app's folder."),
        command_option(
            "--events",
            metavar="FILE",
            help="Keep all that is received, to be replayed, in FILE; without --history"
            " there and nowhere else.",
        ),
        command_option(
            "--anonymise",
            is_flag=True,
            help="Replace names, arguments, hosts and ids in the event log, consistently.",
        ),
        command_option(
            *("--for", "seconds"),
            callback=optional_seconds,
            metavar="TIME",
            help="How long to record; until it is stopped without it.",
        ),
    ],
)
