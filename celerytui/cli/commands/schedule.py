"""`celerytui schedule`."""

from __future__ import annotations

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option, json_option, listen_option
from celerytui.cli.signals import stop_signals
from celerytui.cli.start import kept_stdout, started
from celerytui.settings import OPTIONS, convert


def _run_schedule(ctx: click.Context, listen: float, schedule: str | None, as_json: bool) -> None:
    """Print the periodic tasks: schedule, last and next run, and whether beat is alive."""
    from celerytui.headless.schedule import print_schedule, take_schedule
    from celerytui.logs import quieten

    start = started(ctx)
    settings = start.settings
    if schedule is not None:
        option = next(one for one in OPTIONS if one.name == "schedule")
        settings = settings._replace(schedule=convert(option, schedule, "flag --schedule"))
    stdout = kept_stdout(ctx)
    app = start.load()
    quieten(settings.log_file)
    reading = take_schedule(app, settings, listen=listen, stoppable=stop_signals)
    print_schedule(reading, settings.utc, stdout, as_json=as_json)
    for remark in (*reading.errors, *reading.cuts):
        complain(remark)


COMMAND = Subcommand(
    "schedule",
    callback=click.pass_context(_run_schedule),
    help=_run_schedule.__doc__,
    short_help="Print the periodic tasks and the state of beat.",
    params=[
        listen_option(),
        command_option(
            "--schedule",
            metavar="URL",
            help="The database that keeps the periodic tasks, or RedBeat's Redis; needs no app.",
        ),
        json_option("a table"),
    ],
    prints=True,
)
