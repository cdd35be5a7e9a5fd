"""What a history on PostgreSQL holds, whether it is sound, and what was not recorded."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from celerytui.history.history import Report
from celerytui.history.postgres import schema
from celerytui.history.postgres.keeping import size_of
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.trouble import explained

SECONDS = 300.0
"""The longest that a part may take to be counted or checked."""
_SETTINGS = {"default_transaction_read_only": "on"}


class PartFacts(Struct, frozen=True):
    """See `Part`."""

    name: str
    size: int
    first: float | None
    last: float | None
    rows: int
    successes: int
    unfinished: int = 0


def report(place: PostgresPlace) -> Report:
    """What a history holds; raises HistoryError where it cannot be read."""
    with _reading(place) as link, explained(place.name):
        parts = [part for name in _tables(link) if (part := _part(link, name)) is not None]
        gaps: dict[float, tuple[float, float | None, str]] = {}
        # A gap is noted when it begins and again when it ends.
        for since, until, reason in link.execute(
            "SELECT since, until, reason FROM gaps ORDER BY since, until NULLS FIRST"
        ):
            gaps[since] = since, until, reason
        (dropped,) = link.execute("SELECT coalesce(sum(dropped), 0) FROM sessions").fetchall()[0]
        return Report(parts, size_of(link), list(gaps.values()), int(dropped), [])


def _tables(link: Link) -> list[str]:
    found = [one for one in schema.partitions(link) if one.root.startswith("tasks_")]
    found.sort(key=lambda one: (one.start or 0.0, one.root))
    return [*(one.table for one in found), "open"]


def _part(link: Link, name: str) -> PartFacts | None:
    ((rows, first, last, size),) = link.execute(
        f"SELECT count(*), min(seen), max(seen), pg_total_relation_size('{name}')"
        f" FROM {name}".encode()
    ).fetchall()
    if not rows:
        return None
    if name == "open":
        return PartFacts(name, size, first, last, 0, 0, rows)
    return PartFacts(name, size, first, last, rows, rows * name.startswith("tasks_success"))


_COUNTS = (
    ("tasks without a name that is known",
     "name IS NOT NULL AND name NOT IN (SELECT id FROM words)"),
    ("tasks whose traceback is missing",
     "traceback IS NOT NULL AND traceback NOT IN (SELECT id FROM tracebacks)"),
    ("tasks in a state that is unknown", "state NOT BETWEEN 0 AND 10"),
    ("tasks that are there twice",
     "task IN (SELECT task FROM {0} GROUP BY task HAVING count(*) > 1)"),
)  # fmt: skip


def verify(place: PostgresPlace) -> Iterator[tuple[str, list[str]]]:
    """Read every partition through: what is wrong with each, nothing where it is sound."""
    with _reading(place) as link, explained(place.name):
        for name in _tables(link):
            yield name, list(_faults(link, name))


def _faults(link: Link, name: str) -> Iterator[str]:
    for what, condition in _COUNTS:
        query = f"SELECT count(*) FROM {name} WHERE {condition.format(name)}"
        ((count,),) = link.execute(query.encode()).fetchall()
        if count:
            yield f"{count} {what}"


def _reading(place: PostgresPlace) -> Link:
    """A connection to a history; raises HistoryError where there is none."""
    place.reader().close()
    return place.connect(_SETTINGS, SECONDS)
