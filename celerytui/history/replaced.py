"""Which rows of a segment count no longer: a later one is of the same task."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from celerytui.history import schema

ALL = "TRUE"
"""SQL for the rows of a segment that count where all do."""
_IN_PLACE = (
    "SELECT t.id FROM (SELECT key FROM main.tasks INDEXED BY tasks_key GROUP BY key"
    " HAVING count(*) > 1) AS several CROSS JOIN main.tasks AS t INDEXED BY tasks_key"
    " ON t.key = several.key WHERE EXISTS (SELECT 1 FROM main.tasks AS n INDEXED BY tasks_key"
    " WHERE n.key = t.key AND n.task = t.task AND n.id > t.id)"
)
_SAME_KEY = "SELECT 1 FROM newer.tasks AS n INDEXED BY tasks_key WHERE n.key = t.key"
# Without its successes a segment still says which tasks it had again.
_ELSEWHERE = (
    "SELECT t.id FROM newer.again AS a CROSS JOIN main.tasks AS t INDEXED BY tasks_key"
    f" ON t.key = a.key WHERE EXISTS ({_SAME_KEY} AND n.task = t.task)"
    f" OR NOT EXISTS ({_SAME_KEY})"
)


def replaced_in(connection: sqlite3.Connection, newer: Iterable[Path]) -> list[int]:
    """The ids of the rows of a segment that a later row or one of the `newer` segments replaces.

    A newer segment that cannot be read replaces nothing. Raises sqlite3.Error.
    """
    found = {number for (number,) in connection.execute(_IN_PLACE)}
    for path in newer:
        found.update(_replaced_by(connection, path))
    return sorted(found)


def counted_without(connection: sqlite3.Connection, replaced: Sequence[int]) -> str:
    """SQL for the rows of `tasks` that count, to be used on this connection."""
    if not replaced:
        return ALL
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS replaced (id INTEGER PRIMARY KEY)")
    connection.executemany(
        "INSERT OR IGNORE INTO temp.replaced VALUES (?)", ((one,) for one in replaced)
    )
    return "tasks.id NOT IN (SELECT id FROM temp.replaced)"


def _replaced_by(connection: sqlite3.Connection, path: Path) -> Iterator[int]:
    try:
        connection.execute("ATTACH DATABASE ? AS newer", (schema.uri(path, "ro"),))
    except sqlite3.Error:
        return
    try:
        rows = connection.execute(_ELSEWHERE).fetchall()
    except sqlite3.DatabaseError as error:
        if "interrupted" in str(error):
            raise
        rows = []
    finally:
        connection.execute("DETACH DATABASE newer")
    yield from (number for (number,) in rows)
