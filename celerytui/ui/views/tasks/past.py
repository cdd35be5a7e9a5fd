"""What came of a search for older tasks, in words."""

from __future__ import annotations

from celerytui.columns import clean, format_clock
from celerytui.counts import counted
from celerytui.engine.past_search import PastReading


def past_text(reading: PastReading, key: str, now: float, *, utc: bool) -> tuple[str, bool]:
    """What to say of the turns so far, and whether the last one failed."""
    if reading.error is not None:
        return clean(reading.error, limit=300), True
    skipped = "" if reading.skipped is None else f"{clean(reading.skipped, limit=200)}. "
    found = "; ".join(_found(reading, now, utc=utc))
    return f"{skipped}{found}. {_next(reading, key)}", False


def _found(reading: PastReading, now: float, *, utc: bool) -> list[str]:
    where = clean(reading.source or (reading.searched or ("",))[-1], limit=80)
    if not reading.added and not reading.known:
        if reading.ended or reading.further:
            places = [*dict.fromkeys((*filter(None, reading.searched), where))]
            return [f"no match in {clean(' or '.join(places), limit=160)}"]
        parts = [f"no match among {counted(reading.looked_at, 'row')} of {where} yet"]
    else:
        parts = [f"{counted(reading.added, 'task')} from {where}"]
        if reading.oldest is not None:
            parts[0] += f", back to {format_clock(reading.oldest, utc, now=now)}"
        if reading.known:
            parts.append(f"{reading.known:,} known already")
        if reading.unfinished:
            parts.append(f"{reading.unfinished:,} unfinished left out")
        if reading.flawed:
            parts.append(f"{reading.flawed:,} not decoded whole")
    if reading.back_to is not None and not reading.ended and not reading.further:
        back = format_clock(reading.back_to, utc, now=now)
        parts.append(f"searched back to {back}, {counted(reading.looked_at, 'row')}")
    return parts


def _next(reading: PastReading, key: str) -> str:
    if reading.full:
        return "No room for more: see --max-tasks."
    if reading.ended:
        return "There are no more."
    if reading.further:
        return f"{key} looks in {clean(reading.further, limit=80)}."
    if reading.stopped:
        return f"Stopped; {key} continues."
    return f"{key} reads {'older ones' if reading.ordered else 'more'}."
