"""What a history on PostgreSQL holds, whether it is sound, and what was not recorded."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from celerytui.history.flush import Gap
from celerytui.history.history import Report
from celerytui.history.postgres.keeping import size_of
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.trouble import explained
from celerytui.history.report import Session, bounded

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
        parts = [_part(row) for row in link.execute(_PARTS.encode())]
        gaps: dict[float, Gap] = {}
        # A gap is noted when it begins and again when it ends.
        for since, until, reason in link.execute(
            "SELECT since, until, reason FROM gaps ORDER BY since, until NULLS FIRST"
        ):
            gaps[since] = Gap(since, until, reason)
        sessions = {
            started: Session(last, ended, dropped)
            for started, last, ended, dropped in link.execute(
                "SELECT started, last, ended, dropped FROM sessions"
            )
        }
        dropped = sum(one.dropped for one in sessions.values())
        found = [bounded(gap, sessions) for gap in gaps.values()]
        return Report(parts, size_of(link), found, dropped, [])


# By way of `tasks`: who may read that may not be allowed to read each of its partitions.
_PARTS = """
SELECT tableoid::regclass::text, pg_total_relation_size(tableoid), min(seen), max(seen), count(*)
FROM tasks GROUP BY tableoid
UNION ALL
SELECT 'open', pg_total_relation_size('open'), min(seen), max(seen), count(*) FROM open
ORDER BY 3 NULLS LAST, 1
"""


def _part(row: tuple[str, int, float | None, float | None, int]) -> PartFacts:
    name, size, first, last, rows = row
    if name == "open":
        return PartFacts(name, size, first, last, 0, 0, rows)
    return PartFacts(name, size, first, last, rows, rows * name.startswith("tasks_success"))


_FAULTS = (
    ("tasks without a name that is known",
     "name IS NOT NULL AND name NOT IN (SELECT id FROM words)"),
    ("tasks whose traceback is missing",
     "traceback IS NOT NULL AND traceback NOT IN (SELECT id FROM tracebacks)"),
    ("tasks in a state that is unknown", "state NOT BETWEEN 0 AND 10"),
    ("tasks that are there twice",
     "task IN (SELECT task FROM tasks GROUP BY task HAVING count(*) > 1)"),
)  # fmt: skip


def verify(place: PostgresPlace) -> Iterator[tuple[str, list[str]]]:
    """Read every partition through: what is wrong with each, nothing where it is sound."""
    with _reading(place) as link, explained(place.name):
        found: dict[str, list[str]] = {
            name: [] for (name, *_) in link.execute(_PARTS.encode()).fetchall()
        }
        for what, condition in _FAULTS:
            query = (
                "SELECT tableoid::regclass::text, count(*) FROM tasks"
                f" WHERE {condition} GROUP BY tableoid"
            )
            for name, count in link.execute(query.encode()).fetchall():
                found.setdefault(name, []).append(f"{count} {what}")
    yield from found.items()


def _reading(place: PostgresPlace) -> Link:
    """A connection to a history; raises HistoryError where there is none."""
    place.reader().close()
    return place.connect(_SETTINGS, SECONDS)
