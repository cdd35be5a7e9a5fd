"""What a history holds, whether it is sound, and what was not recorded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from celerytui.errors import HistoryError
from celerytui.history import schema
from celerytui.history.flush import Gap
from celerytui.history.folder import Catalogue, Folder, SegmentFile, facts_of
from celerytui.history.history import Report
from celerytui.history.open_segment import OpenSegment
from celerytui.history.trouble import explain


def report(folder: Folder) -> Report:
    """What a history holds; raises OSError where it cannot be read at all."""
    catalogue = Catalogue(folder)
    segments = catalogue.facts()
    gaps: dict[float, Gap] = {}
    sessions: dict[float, Session] = {}
    for one in segments:
        with contextlib.suppress(sqlite3.Error, HistoryError):
            _read(one.file, gaps, sessions)
    return Report(
        segments,
        folder.size,
        [bounded(gaps[since], sessions) for since in sorted(gaps)],
        sum(one.dropped for one in sessions.values()),
        catalogue.notes,
    )


class Session(NamedTuple):
    """When it wrote last, whether it ended in order, and how many tasks it could not record."""

    last: float
    ended: bool
    dropped: int


def _read(file: SegmentFile, gaps: dict[float, Gap], sessions: dict[float, Session]) -> None:
    with contextlib.closing(schema.open_to_read(file.path)) as connection:
        # A gap is noted when it begins and again when it ends.
        for since, until, reason in connection.execute("SELECT * FROM gaps ORDER BY rowid"):
            gaps[since] = Gap(since, until, reason)
        # A session may write several segments, and counts over all of them.
        query = "SELECT started, last, ended, dropped FROM sessions"
        for started, last, ended, dropped in connection.execute(query):
            before = sessions.get(started, Session(0.0, False, 0))
            sessions[started] = Session(
                max(last, before.last), ended or before.ended, max(dropped, before.dropped)
            )


def bounded(gap: Gap, sessions: Mapping[float, Session]) -> Gap:
    """A gap that lasted when its session ended ends there: what follows is a gap of its own."""
    owner = max((one for one in sessions if one <= gap.since), default=None)
    if gap.until is not None or owner is None:
        return gap
    session = sessions[owner]
    if session.ended or owner < max(sessions):
        return gap._replace(until=max(gap.since, session.last))
    return gap


def verify(folder: Folder) -> Iterator[tuple[SegmentFile, list[str]]]:
    """Read every segment through: what is wrong with each, nothing where it is sound."""
    for file in folder.segments():
        faults: list[str] = []
        try:
            with contextlib.closing(OpenSegment(file)) as segment:
                for fault in _faults(segment):
                    faults.append(fault)
        except HistoryError as error:
            faults.append(str(error))
        except sqlite3.Error as error:
            faults.append(explain(error, file.path))
        yield file, faults


_COUNTS = (
    ("tasks without a name that is known", "SELECT count(*) FROM tasks WHERE name IS NOT NULL AND"
     " name NOT IN (SELECT id FROM words)"),
    ("tasks whose traceback is missing", "SELECT count(*) FROM tasks WHERE traceback IS NOT NULL"
     " AND traceback NOT IN (SELECT id FROM tracebacks)"),
)  # fmt: skip


def _faults(segment: OpenSegment) -> Iterator[str]:
    for (said,) in segment.connection.execute("PRAGMA integrity_check(20)"):
        if said != "ok":
            yield str(said)
    for what, query in _COUNTS:
        (count,) = segment.connection.execute(query).fetchone()
        if count:
            yield f"{what}: {count:,}"
    for row in segment.rows():
        segment.task(row)
    if segment.damaged:
        yield f"rows that no task can be made of: {segment.damaged:,}"


def rebuild(folder: Folder) -> None:
    """Make the catalogue anew from the segments; raises sqlite3.Error, OSError."""
    files = folder.segments()
    facts = []
    for file in files:
        with contextlib.suppress(sqlite3.Error, HistoryError):
            facts.append(facts_of(file))
    live = [file for file in files if not file.kept][-1:]
    Catalogue(folder).write([one for one in facts if one.file not in live])
