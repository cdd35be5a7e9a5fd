"""`celerytui demo`."""

from __future__ import annotations

import click

from celerytui.cli import monitor
from celerytui.cli.groups import Subcommand
from celerytui.cli.start import started
from celerytui.link import PROGRAM


def _run_demo(ctx: click.Context) -> None:
    """Open the monitor on a private demo cluster; needs no broker."""
    monitor.need_terminal()
    from celerytui.demo import run_demo

    start = started(ctx)
    opening = start.opening._replace(command=(*PROGRAM, ctx.info_name or ""))
    ctx.exit(run_demo(start.settings, monitor.import_monitor(opening)))


COMMAND = Subcommand(
    "demo",
    callback=click.pass_context(_run_demo),
    help=_run_demo.__doc__,
    short_help="Open the monitor on a private demo cluster.",
    opens=True,
)
