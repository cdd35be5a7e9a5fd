"""The `history` command: what a history holds, whether it is sound, and removing what is old."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from celerytui.columns import clean, format_clock, format_count, format_size, format_span
from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history.folder import CATALOGUE, Folder
from celerytui.history.place import shown
from celerytui.history.reading import SegmentHistory
from celerytui.history.report import rebuild, report, verify
from celerytui.history.trouble import explain
from celerytui.history.writer import HistoryWriter, StandsBy
from celerytui.settings import Settings

GAPS_SHOWN = 20


def stats_lines(folder: Folder, now: float, *, utc: bool) -> Iterator[str]:
    """What a history holds, as lines; raises HistoryError where there is none."""
    SegmentHistory(folder)
    found = report(folder)
    rows, size = found.rows, found.size
    yield f"{clean(shown(folder.path))}  {format_size(size)}"
    each = f", {size / rows:,.0f} bytes each" if rows else ""
    yield f"{counted(rows, 'task')} ended{each}; {format_count(found.unfinished)} unfinished"
    if found.dropped:
        yield f"{counted(found.dropped, 'task')} not recorded: too many at once, or damaged"
    if found.segments:
        yield ""
        yield f"{'SEGMENT':24} {'TASKS':>12} {'SUCCESSES':>12} {'SIZE':>9}  FROM      TO"
    for one in found.segments:
        begin, end = (format_clock(at, utc, now=now) for at in (one.first, one.last))
        yield (
            f"{one.file.path.name:24} {one.rows:>12,} {one.successes:>12,}"
            f" {format_size(one.file.size):>9}  {begin:8}  {end}"
        )
    if found.gaps:
        yield ""
        yield "NOT RECORDED"
    for since, until, reason in found.gaps[-GAPS_SHOWN:]:
        length = format_span((now if until is None else until) - since)
        yield f"{format_clock(since, utc, now=now):8}  {length:>7}  {clean(reason)}"
    if len(found.gaps) > GAPS_SHOWN:
        yield f"... and {counted(len(found.gaps) - GAPS_SHOWN, 'earlier gap')}"
    yield from map(clean, found.notes)


def verify_lines(folder: Folder) -> Iterator[str]:
    """Check each segment, and make the catalogue anew; raises HistoryError if any is damaged."""
    SegmentHistory(folder)
    damaged = 0
    for file, faults in verify(folder):
        damaged += bool(faults)
        yield f"{file.path.name:24} {'not ok' if faults else 'ok'}"
        yield from (f"    {clean(fault)}" for fault in faults)
    try:
        rebuild(folder)
    except (sqlite3.Error, OSError) as error:
        yield f"the catalogue stays as it is: {clean(explain(error, folder.path / CATALOGUE))}"
    if damaged:
        raise HistoryError(
            f"{counted(damaged, 'segment is', 'segments are')} damaged or not readable; the others"
            " are complete. `celerytui tasks` prints what is left; then move the file away"
        )


def prune_lines(folder: Folder, settings: Settings, now: float) -> Iterator[str]:
    """Remove what is older than it is to be kept; raises HistoryError while somebody records."""
    SegmentHistory(folder)
    writer = HistoryWriter(folder, "", "", settings.keeping, now)
    try:
        done = writer.prune_alone(now)
    except StandsBy:
        raise HistoryError(
            f"a recorder writes into {shown(folder.path)}, and prunes it every 10 minutes;"
            " stop it to do that now"
        ) from None
    yield from (f"{name:24} removed" for name in done.removed)
    yield from (f"{name:24} successes removed" for name in done.thinned)
    yield f"{format_size(done.freed)} freed"
    if done.failed:
        raise HistoryError("; ".join(done.failed))
