"""What a history holds, whether it is sound, and what was not recorded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.folder import Catalogue, Folder, SegmentFile, facts_of
from celerytui.history.history import Report
from celerytui.history.trouble import explain


def report(folder: Folder) -> Report:
    """What a history holds; raises OSError where it cannot be read at all."""
    catalogue = Catalogue(folder)
    segments = catalogue.facts()
    gaps: dict[float, tuple[float, float | None, str]] = {}
    sessions: dict[float, int] = {}
    for one in segments:
        with contextlib.suppress(sqlite3.Error, HistoryError):
            _read(one.file, gaps, sessions)
    return Report(
        segments,
        folder.size,
        [gaps[since] for since in sorted(gaps)],
        sum(sessions.values()),
        catalogue.notes,
    )


def _read(
    file: SegmentFile,
    gaps: dict[float, tuple[float, float | None, str]],
    sessions: dict[float, int],
) -> None:
    with contextlib.closing(schema.open_to_read(file.path)) as connection:
        # A gap is noted when it begins and again when it ends.
        for since, until, reason in connection.execute("SELECT * FROM gaps ORDER BY rowid"):
            gaps[since] = since, until, reason
        # A session may write several segments, and counts over all of them.
        for started, dropped in connection.execute("SELECT started, dropped FROM sessions"):
            sessions[started] = max(dropped, sessions.get(started, 0))


def verify(
    folder: Folder, stopped: Callable[[], bool] = lambda: False
) -> Iterator[tuple[SegmentFile, list[str]]]:
    """Read every segment through: what is wrong with each, nothing where it is sound."""
    for file in folder.segments():
        if stopped():
            return
        try:
            with contextlib.closing(schema.open_to_read(file.path)) as connection:
                yield file, list(_faults(connection))
        except HistoryError as error:
            yield file, [str(error)]
        except sqlite3.Error as error:
            yield file, [explain(error, file.path)]


_COUNTS = (
    ("tasks without a name that is known", "SELECT count(*) FROM tasks WHERE name IS NOT NULL AND"
     " name NOT IN (SELECT id FROM words)"),
    ("tasks whose traceback is missing", "SELECT count(*) FROM tasks WHERE traceback IS NOT NULL"
     " AND traceback NOT IN (SELECT id FROM tracebacks)"),
    ("tasks in a state that is unknown", "SELECT count(*) FROM tasks WHERE state NOT BETWEEN 0"
     " AND 10"),
)  # fmt: skip


def _faults(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield str(said)
    for what, query in _COUNTS:
        (count,) = connection.execute(query).fetchone()
        if count:
            yield f"{count} {what}"


def rebuild(folder: Folder) -> None:
    """Make the catalogue anew from the segments; raises sqlite3.Error, OSError."""
    files = folder.segments()
    facts = []
    for file in files:
        with contextlib.suppress(sqlite3.Error, HistoryError):
            facts.append(facts_of(file))
    live = [file for file in files if not file.kept][-1:]
    Catalogue(folder).write([one for one in facts if one.file not in live])
