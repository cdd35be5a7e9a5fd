"""`celerytui results`."""

from __future__ import annotations

import click

from celerytui.cli.exits import complain
from celerytui.cli.groups import Subcommand
from celerytui.cli.start import kept_stdout, started
from celerytui.options import seconds

SHOWN = 100
"""Rows of the table, unless --limit says otherwise."""


def _run_results(
    ctx: click.Context,
    backend: str | None,
    query: str,
    since: float | None,
    limit: int | None,
    as_lines: bool,
) -> None:
    """Print what the result backend keeps, newest first where it has an order, and exit."""
    import time

    from celerytui.logs import quieten
    from celerytui.query import parse_query
    from celerytui.result_listing import Listing, print_lines, print_table
    from celerytui.results import open_source, open_url, wanted
    from celerytui.wire import pickles

    start = started(ctx)
    filter = parse_query(query)
    stdout = kept_stdout(ctx)
    pickles.allow(start.settings.allow_pickle)
    source = open_source(start.load()) if backend is None else open_url(backend)
    quieten(start.settings.log_file)
    now = time.time()
    asked = wanted(filter, now, None if since is None else now - since)
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


def _age(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    return None if value is None else seconds(ctx, param, value)


OPTIONS: list[click.Parameter] = [
    click.Option(
        ["--backend"],
        metavar="URL",
        allow_from_autoenv=False,
        help="The result backend, in place of that of the app: Redis, files, or a database"
        " with the tables of Celery or django-celery-results.",
    ),
    click.Option(
        ["--filter", "query"],
        default="",
        metavar="QUERY",
        allow_from_autoenv=False,
        help="Which results to print, in the filter language of the monitor.",
    ),
    click.Option(
        ["--since"],
        callback=_age,
        metavar="TIME",
        allow_from_autoenv=False,
        help="Only results of the last TIME, for example 1d.",
    ),
    click.Option(
        ["--limit"],
        type=click.IntRange(min=1),
        metavar="N",
        allow_from_autoenv=False,
        help=f"At most so many results. Default {SHOWN} for the table, all for --jsonl.",
    ),
    click.Option(
        ["--jsonl", "as_lines"],
        is_flag=True,
        allow_from_autoenv=False,
        help="Print one line of JSON for each result instead of a table.",
    ),
]

COMMAND = Subcommand(
    "results",
    callback=click.pass_context(_run_results),
    help=_run_results.__doc__,
    short_help="Print what the result backend keeps.",
    params=OPTIONS,
    prints=True,
)
