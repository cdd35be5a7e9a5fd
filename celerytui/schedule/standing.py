"""How an entry stands: when it is due, whether it is late or was missed, and what says so.

A run that is due and was not seen proves something only where it would have been seen: in events
since they are received without a gap, or in a source that has each run after a known time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from celerytui.model import (
    Clocked,
    EntryRun,
    Interval,
    OtherTiming,
    PlannedEntry,
    ScheduleEntry,
    Standing,
    TaskState,
)
from celerytui.schedule.next_run import (
    QUARTERS,
    last_before,
    next_after,
    quarter_of,
    quarters,
)
from celerytui.schedule.runs import EntryRuns, texts_of
from celerytui.schedule.senders import EARLY, come_too_often
from celerytui.schedule.timings import LATEST
from celerytui.schedule.words import plan_words, time_words
from celerytui.schedule.zones import is_zone

LATE_SECONDS = 10.0
"""An entry is late when its run is due for longer: a run takes some seconds to be seen."""
LEAST_ALLOWANCE = 60.0
"""A run is missed when it is due for as long, or for two of beat's loops."""
MINUTE = 60.0
NOTHING = EntryRuns()


class Watch(Struct, frozen=True):
    """What there is to judge by: the time, and since when runs would have been seen.

    `since` is None while no events arrive; `sees` is whether the runs of any entry would be seen in
    them, and not only of one that was seen to run. `loop` is how long beat sleeps at the most.
    """

    now: float
    since: float | None = None
    sees: bool = False
    loop: float = 300.0

    @property
    def allowance(self) -> float:
        """Seconds after its due time from which on a run is missed."""
        return max(2 * self.loop, LEAST_ALLOWANCE)


class Due(Struct, frozen=True):
    """When the next run is due; `proven` says that one which is over was not done."""

    at: float | None
    about: bool = False
    proven: bool = False
    why_unknown: str = ""


def stand(
    plan: PlannedEntry,
    watch: Watch,
    seen: EntryRuns = NOTHING,
    *,
    shared: int = 1,
    texts: tuple[str, str] | None = None,
    read_at: float | None = None,
) -> ScheduleEntry:
    """An entry with all that follows from what was seen of it.

    `shared` is how many entries have its task and arguments, which are `texts` as events have them.
    `read_at` is when its source was last read, None for now: it proves nothing of what came later.
    """
    now, newest = watch.now, seen.newest
    last = _latest(plan.last_run_at, None if newest is None else newest.at)
    as_of = now if read_at is None else read_at
    entry = ScheduleEntry(plan=plan, read_at=as_of, words=plan_words(plan), shared=shared)
    entry.last_run_at = last
    entry.args, entry.kwargs = (None, None) if plan.unread else texts or texts_of(plan)
    entry.expires_after = message_expiry(plan.options)
    entry.recent = seen.with_lateness(
        (plan.timing, plan.timezone), lambda run, before: _due_of(plan, run, before)
    )
    entry.running = sum(run.state is TaskState.STARTED for run in entry.recent)
    if seen.runs or watch.sees:
        entry.runs, entry.failures = seen.runs, seen.failures
    ended = over(plan, last, now)
    entry.notes = tuple(_notes(plan, entry, ended))
    if ended:
        entry.standing = "disabled" if ended == "disabled" else "over"
        entry.why_unknown = ended
        entry.late_by, entry.missed = _last_lateness(entry.recent), False
        return entry
    due = _due(plan, last, watch, seen, as_of)
    if due.at is not None and plan.expires_at is not None and due.at > plan.expires_at:
        due = Due(None, why_unknown="it expires before its next run")
    entry.due_at, entry.about, entry.why_unknown = due.at, due.about, due.why_unknown
    if due.at is not None:
        entry.due_words = time_words(due.at, plan.timezone)
    _judge(entry, due, watch, seen)
    if due.at is not None:
        _look_ahead(entry, due.at, now)
    return entry


def _look_ahead(entry: ScheduleEntry, due: float, now: float) -> None:
    plan, begin = entry.plan, quarter_of(now)
    # To the minute, so that what is overdue is not counted anew at each look.
    at = max(due, now // MINUTE * MINUTE)
    entry.upcoming_from = begin
    entry.upcoming = quarters(plan.timing, plan.timezone, at, begin)
    if plan.one_off or isinstance(plan.timing, Clocked):
        entry.upcoming = _only_first(entry.upcoming)


def busy_quarters(entries: Sequence[ScheduleEntry]) -> tuple[int, ...]:
    """How many entries are due in each quarter of an hour of the day to come."""
    found = [0] * QUARTERS
    for counts, entries_so in Counter(entry.upcoming for entry in entries).items():
        for place, count in enumerate(counts):
            found[place] += entries_so if count else 0
    return tuple(found)


def _judge(entry: ScheduleEntry, due: Due, watch: Watch, seen: EntryRuns) -> None:
    late = 0.0 if due.at is None else watch.now - due.at
    provable = (watch.sees or seen.newest is not None) and watch.since is not None
    told = entry.plan.lag is not None and watch.now - (entry.read_at or 0.0) <= LEAST_ALLOWANCE
    entry.missed = False if provable or told else None
    entry.late_by = _last_lateness(entry.recent)
    standing: Standing = "ok" if due.at is not None or entry.last_run_at is not None else "unknown"
    if entry.running:
        standing = "running"
    if due.proven and late > LATE_SECONDS:
        entry.late_by = late
        entry.missed = late > watch.allowance
        standing = "missed" if entry.missed else "late"
    entry.standing = standing


def _due(
    plan: PlannedEntry, last: float | None, watch: Watch, seen: EntryRuns, as_of: float
) -> Due:
    timing, now = plan.timing, watch.now
    unknown = isinstance(timing, OtherTiming) or (last is None and plan.changed_at is None)
    if plan.next_by_source is not None and unknown:
        if as_of < plan.next_by_source < now:
            return Due(None, why_unknown=f"{plan.source} was not read since its last run was due")
        return Due(plan.next_by_source, proven=True)
    if isinstance(timing, OtherTiming) or plan.trouble:
        return Due(None, why_unknown=plan.trouble or "its schedule is not one of Celery's own")
    if not is_zone(plan.timezone):
        return Due(None, why_unknown=f"{plan.timezone!r} is not a time zone")
    by_events = watch.since if watch.sees or seen.newest is not None else None
    base, about = last if last is not None else plan.changed_at, last is None
    if base is None:
        base = now if by_events is None else by_events
        if isinstance(timing, Interval) and by_events is None:
            return Due(None, why_unknown="it was not seen to run yet")
    try:
        at = next_after(timing, plan.timezone, base)
    except ValueError as error:
        return Due(None, why_unknown=str(error))
    if at is None:
        return Due(None, why_unknown="it never runs again")
    if plan.starts_at is not None:
        at = max(at, plan.starts_at)
    if at >= now:
        return Due(at, about and isinstance(timing, Interval))
    if by_events is not None and at >= by_events - EARLY:
        return Due(at, proven=True)
    if plan.lag is not None and as_of - at > LATE_SECONDS + plan.lag:
        return Due(at, proven=True)
    return _after_unseen(plan, at, by_events, now)


def _after_unseen(plan: PlannedEntry, at: float, by_events: float | None, now: float) -> Due:
    """The due time after one that is over and whose run would not have been seen."""
    timing = plan.timing
    if isinstance(timing, Interval):
        if by_events is not None:
            # Whenever it ran last, it runs within an interval of the time that it is watched from.
            at = max(at, by_events + timing.every)
            return Due(at, about=True, proven=at < now)
        every = max(timing.every, 0.001)
        return Due(at + every * ((now - at) // every + 1), about=True)
    if isinstance(timing, Clocked):
        return Due(None, why_unknown="its time is over; whether it ran was not seen")
    after = next_after(timing, plan.timezone, now if by_events is None else max(at, by_events))
    return Due(after, proven=by_events is not None and after is not None and after < now)


def over(plan: PlannedEntry, last: float | None, now: float) -> str:
    """Why it will not run again, "" where it may."""
    if not plan.enabled:
        return "disabled"
    if plan.expires_at is not None and plan.expires_at <= now:
        return "expired"
    if plan.one_off and (plan.total_runs or 0) > 0:
        return "ran once"
    if isinstance(plan.timing, Clocked) and last is not None and last >= plan.timing.at - EARLY:
        return "ran once"
    return ""


def _notes(plan: PlannedEntry, entry: ScheduleEntry, ended: str) -> list[str]:
    found = []
    found += [trouble for trouble in {plan.trouble: None, plan.unread: None} if trouble]
    if plan.one_off and not ended:
        found.append("runs once, then is disabled")
    if entry.running > 1:
        found.append(f"{entry.running} of its runs overlap")
    if entry.shared > 1:
        found.append(f"{entry.shared} entries have this task and arguments: runs may be of any")
    elif come_too_often(plan, entry.recent):
        found.append("runs come more often than it is due: others send its task too")
    return found


def message_expiry(options: Mapping[str, Any]) -> float | None:
    """How many seconds after it was sent an unstarted run expires; None for never."""
    expires = options.get("expires")
    if isinstance(expires, timedelta):
        return expires.total_seconds()
    if isinstance(expires, (int, float)) and not isinstance(expires, bool):
        return float(expires) if abs(expires) < LATEST else None
    return None


def _due_of(plan: PlannedEntry, run: EntryRun, before: EntryRun | None) -> float | None:
    """When a run was due, None where nothing tells."""
    if isinstance(plan.timing, Interval):
        if before is None:
            return None
        due = before.at + plan.timing.every
        # After a longer pause nobody can say whether beat or this monitor was away.
        return due if run.at - due < plan.timing.every else None
    try:
        return last_before(plan.timing, plan.timezone, run.at + EARLY)
    except ValueError:
        return None


def _last_lateness(recent: tuple[EntryRun, ...]) -> float | None:
    return next((run.late_by for run in reversed(recent) if run.by_beat), None)


def _latest(*times: float | None) -> float | None:
    return max((at for at in times if at is not None), default=None)


def _only_first(counts: tuple[int, ...]) -> tuple[int, ...]:
    place = next((at for at, count in enumerate(counts) if count), None)
    return tuple(int(at == place) for at in range(len(counts)))
