"""Whether lost tasks are redelivered, in words."""

from __future__ import annotations

from celerytui.columns.formats import format_clock
from celerytui.counts import counted
from celerytui.model import LostTasks, Redelivery


def redelivery_text(found: Redelivery, now: float, utc: bool) -> str:
    """`will be redelivered at 15:42:10 (visibility timeout 1h)`, as a clause."""
    why = f" ({found.why})" if found.why else ""
    if found.again is None:
        return f"redelivery unknown{why}"
    if not found.again:
        return f"will not be redelivered{why}"
    if found.at is None:
        return f"will be redelivered{why}"
    clock = format_clock(found.at, utc, now=now)
    if found.at <= now:
        return f"redelivery due since {clock}, once a worker is up{why}"
    return f"will be redelivered at {clock}{why}"


def lost_counts(lost: LostTasks) -> str:
    """`2 started, 8 not started`."""
    return f"{lost.started:,} started, {lost.waiting:,} not started"


def lost_text(lost: LostTasks, now: float, utc: bool) -> str:
    """What happens to them: `the broker will redeliver 8 at 15:42:10; 2 not`."""
    total = lost.started + lost.waiting
    unknown = total - lost.again - lost.never
    parts = []
    if lost.again:
        which = "these" if lost.again == total else f"{lost.again:,}"
        parts.append(f"the broker will redeliver {which}{_when(lost, now, utc)}")
    if lost.never:
        which = "none of these" if lost.never == total else f"{lost.never:,} not"
        again = " will be redelivered" if not lost.again else ""
        parts.append(f"{which}{again}: acknowledged when started")
    if unknown:
        which = "" if unknown == total else f" for {unknown:,}"
        parts.append(f"redelivery unknown{which}")
    return "; ".join(parts)


def lost_shortly(lost: LostTasks, now: float, utc: bool) -> str:
    """`8 of 10 tasks again 15:42`, for a row."""
    total = lost.started + lost.waiting
    if lost.again:
        clock = "" if lost.at is None else " " + format_clock(lost.at, utc, now=now)
        if clock.count(":") == 2:
            clock = clock.rpartition(":")[0]
        return f"{lost.again:,} of {counted(total, 'task')} again{clock}"
    return counted(total, "task") + (", not redelivered" if lost.never == total else "")


def _when(lost: LostTasks, now: float, utc: bool) -> str:
    """` at 15:42:10`, ` from 15:42:10 to 15:50:00`, or how in words."""
    if lost.at is None or lost.last is None:
        return f" ({lost.how})" if lost.how else ""
    first, last = (format_clock(at, utc, now=now) for at in (lost.at, lost.last))
    return f" at {first}" if first == last else f" from {first} to {last}"
