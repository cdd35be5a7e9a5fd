"""Whether lost tasks are delivered again, in words."""

from __future__ import annotations

from celerytui.columns.formats import format_clock
from celerytui.counts import counted
from celerytui.model import LostTasks, Redelivery


def redelivery_text(found: Redelivery, now: float, utc: bool) -> str:
    """`will be delivered again at 15:42:10 (visibility timeout 1h)`, as a clause."""
    why = f" ({found.why})" if found.why else ""
    if found.again is None:
        return f"not known whether it is delivered again{why}"
    if not found.again:
        return f"will not be delivered again{why}"
    if found.at is None:
        return f"will be delivered again{why}"
    clock = format_clock(found.at, utc, now=now)
    if found.at <= now:
        return f"due again since {clock}, once a worker is there{why}"
    return f"will be delivered again at {clock}{why}"


def lost_counts(lost: LostTasks) -> str:
    """`2 started, 8 not started`."""
    return f"{lost.started:,} started, {lost.waiting:,} not started"


def lost_text(lost: LostTasks, now: float, utc: bool) -> str:
    """What becomes of them: `the broker will deliver 8 again at 15:42:10; 2 not`."""
    total = lost.started + lost.waiting
    unknown = total - lost.again - lost.never
    parts = []
    if lost.again:
        which = "these" if lost.again == total else f"{lost.again:,}"
        parts.append(f"the broker will deliver {which} again{_when(lost, now, utc)}")
    if lost.never:
        which = "none of these" if lost.never == total else f"{lost.never:,} not"
        again = " will be delivered again" if not lost.again else ""
        parts.append(f"{which}{again}: acknowledged at the start")
    if unknown:
        which = "whether the broker delivers them again" if unknown == total else f"for {unknown:,}"
        parts.append(f"not known {which}")
    return "; ".join(parts)


def lost_shortly(lost: LostTasks, now: float, utc: bool) -> str:
    """`8 of 10 tasks again 15:42`, for a row."""
    total = lost.started + lost.waiting
    if lost.again:
        clock = "" if lost.at is None else " " + format_clock(lost.at, utc, now=now)
        if clock.count(":") == 2:
            clock = clock.rpartition(":")[0]
        return f"{lost.again:,} of {counted(total, 'task')} again{clock}"
    return counted(total, "task") + (", none again" if lost.never == total else "")


def _when(lost: LostTasks, now: float, utc: bool) -> str:
    """` at 15:42:10`, ` from 15:42:10 to 15:50:00`, or how in words."""
    if lost.at is None or lost.last is None:
        return f" ({lost.how})" if lost.how else ""
    first, last = (format_clock(at, utc, now=now) for at in (lost.at, lost.last))
    return f" at {first}" if first == last else f" from {first} to {last}"
