"""`celerytui results`."""

from __future__ import annotations

import time

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.options import command_option, filter_option, limit_option, since_option
from celerytui.cli.start import kept_stdout, started

SHOWN = 100
"""Rows of the table, unless --limit says otherwise."""


def _run_results(
    ctx: click.Context,
    backend: str | None,
    query: str,
    since: str | None,
    limit: int | None,
    as_lines: bool,
) -> None:
    """Print what the result backend keeps, newest first where it has an order, and exit."""
    from celerytui.headless.results import Listing, print_lines, print_table
    from celerytui.logs import quieten
    from celerytui.query import parse_query, read_since
    from celerytui.results import open_source, open_url, wanted
    from celerytui.wire import pickles

    start = started(ctx)
    filter, now = parse_query(query), time.time()
    begin = None if since is None else read_since(since, now)
    stdout = kept_stdout(ctx)
    pickles.allow(start.settings.allow_pickle)
    source = open_source(start.load()) if backend is None else open_url(backend)
    quieten(start.settings.log_file)
    asked = wanted(filter, now, begin)
    listing = Listing(source, asked, limit if as_lines else limit or SHOWN)
    try:
        if as_lines:
            print_lines(listing, stdout)
        else:
            print_table(listing, source, stdout, now)
    finally:
        source.close()
        for remark in listing.remarks():
            complain(remark)


COMMAND = Subcommand(
    "results",
    callback=click.pass_context(_run_results),
    help=_run_results.__doc__,
    short_help="Print what the result backend keeps.",
    brokerless=True,
    params=[
        command_option(
            "--backend",
            metavar="URL",
            help="The result backend, in place of that of the app: Redis, files, or a database"
            " with the tables of Celery or django-celery-results.",
        ),
        filter_option("results"),
        since_option("Only results since then: 1d, 90m, or 2026-11-23T10:00."),
        limit_option(f"At most so many results. Default {SHOWN} for the table, all for --jsonl."),
        command_option(
            *("--jsonl", "as_lines"),
            is_flag=True,
            help="Print one line of JSON for each result instead of a table.",
        ),
    ],
    prints=True,
)
