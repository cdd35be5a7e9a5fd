"""`celerytui snapshot`."""

from __future__ import annotations

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option, filter_option, json_option, listen_option, seconds
from celerytui.cli.signals import stop_signals
from celerytui.cli.start import kept_stdout, started


def _run_snapshot(
    ctx: click.Context, listen: float, query: str, as_json: bool, timeout: float
) -> None:
    """Listen for a moment, ask the workers, print the state of the cluster once, and exit."""
    from celerytui.headless.snapshot import print_snapshot, take_snapshot
    from celerytui.logs import quieten
    from celerytui.query import parse_query

    start = started(ctx)
    wanted = parse_query(query)
    stdout = kept_stdout(ctx)
    app = start.load()
    quieten(start.settings.log_file)
    document = take_snapshot(
        app, start.settings, wanted, listen=listen, timeout=timeout, stoppable=stop_signals
    )
    print_snapshot(document, stdout, as_json=as_json)
    if (unasked := document["control"])["state"] == "failed":
        complain(f"workers can't be asked: {unasked['error']}")


COMMAND = Subcommand(
    "snapshot",
    callback=click.pass_context(_run_snapshot),
    help=_run_snapshot.__doc__,
    short_help="Print the state of the cluster once.",
    params=[
        listen_option(),
        filter_option("tasks"),
        json_option("tables"),
        command_option(
            "--timeout",
            callback=seconds,
            default="10s",
            show_default=True,
            metavar="TIME",
            help="How long to wait for the broker; then the exit status is 69.",
        ),
    ],
    prints=True,
)
