"""`celerytui history`."""

from __future__ import annotations

import time

import click

from celerytui.cli.groups import Subcommand
from celerytui.cli.past import history_folder
from celerytui.cli.start import kept_stdout, started
from celerytui.errors import OutputError, UsageError
from celerytui.options import history_option


def _run_history(
    ctx: click.Context, history: str | None, stats: bool, verify: bool, prune: bool
) -> None:
    """Show what a history holds, check it, or remove what is old."""
    from celerytui.history.folder import Folder
    from celerytui.history_report import prune_lines, stats_lines, verify_lines

    if stats + verify + prune > 1:
        raise UsageError("--stats, --verify and --prune: name one of them")
    settings, now = started(ctx).settings, time.time()
    stdout = kept_stdout(ctx)
    folder = Folder(history_folder(ctx, history))
    if stdout is None:
        raise OutputError("cannot write to standard output: it is closed")
    if verify:
        lines = verify_lines(folder)
    elif prune:
        lines = prune_lines(folder, settings, now)
    else:
        lines = stats_lines(folder, now, utc=settings.utc)
    for line in lines:
        stdout.write(line + "\n")
        stdout.flush()


def _flag(name: str, text: str) -> click.Option:
    return click.Option([f"--{name}"], is_flag=True, allow_from_autoenv=False, help=text)


COMMAND = Subcommand(
    "history",
    callback=click.pass_context(_run_history),
    help=_run_history.__doc__,
    short_help="Show what a history holds, check it, remove what is old.",
    prints=True,
    params=[
        history_option("Which one: sqlite:///FOLDER; else that of the app, or the only one."),
        _flag("stats", "Show segments, sizes and gaps; the default."),
        _flag("verify", "Read everything through; the exit status is 1 if something is damaged."),
        _flag("prune", "Remove now what is older than [history] says, or too much."),
    ],
)
