"""The `history` command: what a history holds, whether it is sound, and removing what is old."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.columns import clean, format_clock, format_count, format_size, format_span
from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history.history import Place, StandsBy
from celerytui.settings import Settings

GAPS_SHOWN = 20


def stats_lines(place: Place, now: float, *, utc: bool) -> Iterator[str]:
    """What a history holds, as lines; raises HistoryError where there is none."""
    found = place.report()
    rows, size = found.rows, found.size
    yield f"{clean(place.name)}  {format_size(size)}"
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
            f"{one.name:24} {one.rows:>12,} {one.successes:>12,}"
            f" {format_size(one.size):>9}  {begin:8}  {end}"
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


def verify_lines(place: Place) -> Iterator[str]:
    """Check each segment; raises HistoryError if any is damaged."""
    damaged = 0
    for name, faults in place.verify():
        damaged += bool(faults)
        yield f"{name:24} {'not ok' if faults else 'ok'}"
        yield from (f"    {clean(fault)}" for fault in faults)
    yield from map(clean, place.rebuild())
    if damaged:
        raise HistoryError(
            f"{counted(damaged, 'segment is', 'segments are')} damaged or not readable; the others"
            " are complete. `celerytui tasks` prints what is left; then move the file away"
        )


def prune_lines(place: Place, settings: Settings, now: float) -> Iterator[str]:
    """Remove what is older than it is to be kept; raises HistoryError while somebody records."""
    place.reader().close()
    writer = place.writer("", "", settings.keeping, now)
    try:
        done = writer.prune_alone(now)
    except StandsBy:
        raise HistoryError(
            f"a recorder writes into {place.name}, and prunes it every 10 minutes;"
            " stop it to do that now"
        ) from None
    yield from (f"{name:24} removed" for name in done.removed)
    yield from (f"{name:24} successes removed" for name in done.thinned)
    yield f"{format_size(done.freed)} freed"
    if done.failed:
        raise HistoryError("; ".join(done.failed))
