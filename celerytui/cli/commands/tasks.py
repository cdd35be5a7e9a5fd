"""`celerytui tasks`."""

from __future__ import annotations

import time

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.options import (
    command_option,
    filter_option,
    history_option,
    limit_option,
    since_option,
)
from celerytui.cli.past import history_place
from celerytui.cli.start import kept_stdout
from celerytui.cli.status_line import status_line
from celerytui.errors import ExitCode, UsageError


def _run_tasks(
    ctx: click.Context,
    history: str | None,
    query: str,
    since: str | None,
    limit: int | None,
    jsonl: bool,
    as_csv: bool,
    parquet: str | None,
) -> None:
    """Print the recorded tasks that match, the newest first; needs no broker."""
    from celerytui.headless.tasks import Shape, print_tasks, write_parquet
    from celerytui.query import parse_query, read_since

    if jsonl + as_csv + (parquet is not None) > 1:
        raise UsageError("--jsonl, --csv and --parquet: name one of them")
    wanted, now = parse_query(query), time.time()
    begin = None if since is None else read_since(since, now)
    stdout = kept_stdout(ctx)
    found = history_place(ctx, history).reader()
    try:
        show = status_line()
        if parquet is not None:
            write_parquet(found, wanted, parquet, since=begin, limit=limit, now=now, show=show)
        else:
            shape: Shape = "jsonl" if jsonl else "csv" if as_csv else "table"
            print_tasks(
                found, wanted, stdout, shape=shape, since=begin, limit=limit, now=now, show=show
            )
    finally:
        found.close()
    for note in found.notes:
        complain(note)
    if found.notes:
        ctx.exit(ExitCode.FAILURE)


COMMAND = Subcommand(
    "tasks",
    callback=click.pass_context(_run_tasks),
    help=_run_tasks.__doc__,
    short_help="Print recorded tasks.",
    prints=True,
    offline=True,
    params=[
        history_option(
            "Which one: sqlite:///FOLDER or postgresql://; else that of the app, or the only one."
        ),
        filter_option("tasks"),
        since_option(
            "Only tasks with an event since then, and unfinished ones: 2d, 2026-11-23T10:00."
        ),
        limit_option("Print no more than N tasks."),
        command_option(
            "--jsonl", is_flag=True, help="Print a line of JSON for each task instead of a table."
        ),
        command_option("--csv", "as_csv", is_flag=True, help="Print CSV instead of a table."),
        command_option(
            "--parquet",
            metavar="FILE",
            help="Write a new Parquet file instead; needs the extra parquet.",
        ),
    ],
)
