"""What came of a look into the result backend, in words."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.counts import counted
from celerytui.engine.past_tasks import PastReading


def past_text(reading: PastReading, key: str, now: float, *, utc: bool) -> tuple[str, bool]:
    """What to say of the turns so far, and whether the last one failed."""
    if reading.error is not None:
        return clean(reading.error, limit=300), True
    where = clean(reading.source, limit=80)
    parts = [f"{counted(reading.added, 'task')} from {where}"]
    if reading.oldest is not None:
        parts[0] += f", back to {format_clock(reading.oldest, utc, now=now)}"
    if reading.known:
        parts.append(f"{reading.known:,} known already")
    if reading.unfinished:
        parts.append(f"{reading.unfinished:,} unfinished left out")
    if reading.flawed:
        parts.append(f"{reading.flawed:,} not decoded whole")
    if not reading.added and not reading.known:
        parts = [f"no result in {where} matches"]
        if not reading.ended:
            parts = [f"no match among {counted(reading.looked_at, 'result')} of {where} yet"]
    return f"{'; '.join(parts)}. {_next(reading, key)}", False


def _next(reading: PastReading, key: str) -> str:
    if reading.full:
        return "No room for more: see --max-tasks."
    if reading.ended:
        return "There are no more."
    return f"{key} reads {'older ones' if reading.ordered else 'more'}."
