"""The rows of a history on PostgreSQL that were retried, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from celerytui.history.postgres.link import Link
from celerytui.history.retries import COLUMNS, ENDED

AT_ONCE = 5_000
"""Rows that are held at once."""


def pages_of_retries(
    link: Link, table: str, since: float, until: float
) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows of `retries.COLUMNS`, those seen last from `since` to before `until`, oldest first.

    Raises psycopg.Error.
    """
    query = (
        f"SELECT {COLUMNS}, task FROM {table} WHERE seen >= %s AND seen < %s AND {ENDED}"
        f" AND (seen > %s OR task > %s) ORDER BY seen, task LIMIT {AT_ONCE}"
    )
    after: tuple[float, bytes] = since, b""
    while True:
        found = link.execute(query.encode(), (after[0], until, *after)).fetchall()
        yield [row[:-1] for row in found]
        if len(found) < AT_ONCE:
            return
        after = found[-1][1], found[-1][-1]
