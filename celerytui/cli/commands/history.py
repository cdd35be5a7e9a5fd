"""`celerytui history`."""

from __future__ import annotations

import time

import click

from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option, history_option
from celerytui.cli.past import history_place
from celerytui.cli.start import kept_stdout, started
from celerytui.cli.status_line import status_line
from celerytui.errors import UsageError


def _run_history(
    ctx: click.Context,
    history: str | None,
    stats: bool,
    verify: bool,
    prune: bool,
    source: str | None,
) -> None:
    """Show what a history holds, check it, remove what is old, or import what others kept."""
    from celerytui.headless.history_import import import_lines
    from celerytui.headless.history_report import prune_lines, stats_lines, verify_lines
    from celerytui.headless.output import standard_output

    if stats + verify + prune + (source is not None) > 1:
        raise UsageError("--stats, --verify, --prune and --import: name one of them")
    settings, now = started(ctx).settings, time.time()
    stdout = kept_stdout(ctx)
    place = history_place(ctx, history)
    if verify:
        lines = verify_lines(place)
    elif source is not None:
        lines = import_lines(source, place, settings, now, status_line())
    elif prune:
        lines = prune_lines(place, settings, now)
    else:
        lines = stats_lines(place, now, utc=settings.utc)
    with standard_output(stdout) as out:
        for line in lines:
            out.write(line + "\n")
            out.flush()


COMMAND = Subcommand(
    "history",
    callback=click.pass_context(_run_history),
    help=_run_history.__doc__,
    short_help="Show what a history holds, check it, remove what is old, import.",
    prints=True,
    offline=True,
    params=[
        history_option(
            "Which one: sqlite:///FOLDER or postgresql://; else that of the app, or the only one."
        ),
        command_option("--stats", is_flag=True, help="Show segments, sizes and gaps; the default."),
        command_option(
            "--verify",
            is_flag=True,
            help="Read everything through; the exit status is 1 if something is damaged.",
        ),
        command_option(
            "--prune",
            is_flag=True,
            help="Remove now what is older than [history] says, or too much.",
        ),
        command_option(
            *("--import", "source"),
            metavar="URL",
            help="Import the tasks and workers that django-celery-monitor or django-celery kept in"
            " that database; needs its driver.",
        ),
    ],
)
