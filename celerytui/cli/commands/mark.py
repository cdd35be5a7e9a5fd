"""`celerytui mark`."""

from __future__ import annotations

import os

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.start import started
from celerytui.errors import BrokerUnavailable, UsageError


def _run_mark(ctx: click.Context, text: str) -> None:
    """Name this moment, such as a deploy, in every monitor of the cluster.

    It is a line in their charts, and their failures say what is new since.
    """
    from celerytui.logs import quieten
    from celerytui.model import MARK_LENGTH

    start = started(ctx)
    text = text.strip()
    if not 0 < len(text) <= MARK_LENGTH:
        raise UsageError(f"the text of a mark has 1 to {MARK_LENGTH} characters, not {len(text)}")
    app = start.load()
    quieten(start.settings.log_file)
    from celerytui.control import set_mark

    outcome, trouble = set_mark(app, start.settings, text, os.environ)
    if trouble is not None:
        complain(trouble)
    if outcome.error is not None:
        raise BrokerUnavailable(f"the mark was not sent: {outcome.error}")


COMMAND = Subcommand(
    "mark",
    callback=click.pass_context(_run_mark),
    help=_run_mark.__doc__,
    short_help="Name this moment in every monitor, as a deploy.",
    params=[click.Argument(["text"])],
)
