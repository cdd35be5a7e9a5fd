"""Whether beat is alive: it says little of itself, so each sign has its own rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from celerytui.model import BeatState, EntryRun, Interval, PlannedEntry, Timing
from celerytui.schedule.next_run import last_before, next_after
from celerytui.schedule.senders import Sender
from celerytui.schedule.source import Sign
from celerytui.schedule.standing import Watch

LEAST_GRACE = 10.0
RIVALS_SENT = 2
"""Runs that each of two senders must have sent to be two beats."""
SENT_EVENTS = "task_send_sent_event"
REMOTE_CONTROL = "beat_enable_remote_control"


class Pinged(Struct, frozen=True):
    """What came of asking beats by their names: who answered, and who is bound and did not."""

    answered: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Evidence(Struct, frozen=True):
    """All that may say something of beat.

    `senders` are the processes that send runs of entries alone, the newest first; `newest` is the
    newest run of any entry, `doubtful` one that anybody may have sent. `sent_events` is whether the
    app is set to send task-sent events, None where no app says.
    """

    plans: Sequence[PlannedEntry] = ()
    signs: Sequence[Sign] = ()
    senders: Sequence[Sender] = ()
    newest: EntryRun | None = None
    newest_name: str = ""
    doubtful: EntryRun | None = None
    doubtful_name: str = ""
    pinged: Pinged = Pinged()
    sent_events: bool | None = None


def judge_beat(known: Evidence, watch: Watch) -> BeatState:
    """The state of beat, and how that is known."""
    now = watch.now
    gap = shortest_gap(known.plans, now)
    grace = max(2 * watch.loop, LEAST_GRACE)
    if (rivals := two_beats(known.senders, now, gap, grace)) is not None:
        first, second = rivals
        since = max(first.first, second.first)
        return BeatState("two", since, f"{first.name} and {second.name} both send entries")
    return (
        _by_sign(known, now, grace)
        or _by_sends(known, watch, gap, grace)
        or _by_setting(known, watch, gap, grace)
        or _by_weak_sign(known)
        or BeatState("unknown", None, _what_would_tell(known, watch))
    )


def shortest_gap(plans: Sequence[PlannedEntry], now: float) -> float | None:
    """Seconds between two runs of the entry that runs most often now; None where none is known."""
    timings = {(one.timing, one.timezone) for one in plans if one.enabled and not one.trouble}
    return _shortest(frozenset(timings), now)


@lru_cache(maxsize=2)
def _shortest(timings: frozenset[tuple[Timing, str]], now: float) -> float | None:
    gaps = []
    for timing, timezone in timings:
        if isinstance(timing, Interval):
            gaps.append(timing.every)
            continue
        try:
            before = last_before(timing, timezone, now)
            after = next_after(timing, timezone, now)
        except ValueError:
            continue
        if before is not None and after is not None:
            gaps.append(after - before)
    return min(gaps, default=None)


def two_beats(
    senders: Sequence[Sender], now: float, gap: float | None, grace: float
) -> tuple[Sender, Sender] | None:
    """Two senders that send entries in turn; one that follows another is a restart."""
    recent = [
        one
        for one in senders
        if one.sent >= RIVALS_SENT and gap is not None and now - one.last <= 2 * gap + grace
    ]
    for place, one in enumerate(recent):
        for other in recent[place + 1 :]:
            if one.first < other.last and other.first < one.last:
                return (one, other) if one.first <= other.first else (other, one)
    return None


def _by_sign(known: Evidence, now: float, grace: float) -> BeatState | None:
    """By what a scheduler's lock or beat itself says."""
    strong = [sign for sign in known.signs if not sign.weak]
    for sign in strong:
        if sign.alive:
            return BeatState("alive", sign.at, sign.text)
    if known.pinged.answered:
        return BeatState("alive", now, f"{known.pinged.answered[0]} answers a ping")
    if known.newest is not None and known.senders and now - known.newest.at <= grace:
        return None
    for sign in strong:
        if sign.alive is False:
            return BeatState("silent", sign.at, sign.text)
    if known.pinged.silent:
        return BeatState("silent", None, f"{known.pinged.silent[0]} does not answer a ping")
    return None


def _by_sends(known: Evidence, watch: Watch, gap: float | None, grace: float) -> BeatState | None:
    """By the runs that were seen: one is due after the shortest gap."""
    newest, now = known.newest, watch.now
    if gap is None or newest is None:
        return None
    if now - newest.at <= gap + grace:
        how = "it sent" if known.senders else "a worker received"
        return BeatState("alive", newest.at, f"{how} {known.newest_name}")
    if watch.since is None or not known.senders or now - watch.since <= gap + grace:
        return None
    return BeatState("silent", newest.at, "it has sent nothing since, though something was due")


def _by_weak_sign(known: Evidence) -> BeatState | None:
    for sign in known.signs:
        if sign.alive:
            return BeatState("alive", sign.at, sign.text)
    return None


def _by_setting(known: Evidence, watch: Watch, gap: float | None, grace: float) -> BeatState | None:
    """By the events that the app is set to send, and that do not come."""
    if gap is None or watch.since is None or known.newest is not None or not known.sent_events:
        return None
    since = watch.since if known.doubtful is None else max(watch.since, known.doubtful.at)
    if watch.now - since <= gap + grace:
        return None
    since_then = "" if known.doubtful is None else " since"
    return BeatState("silent", since, f"nothing was sent{since_then}, though {SENT_EVENTS} is on")


def _what_would_tell(known: Evidence, watch: Watch) -> str:
    if not any(plan.enabled for plan in known.plans):
        return "no entry is enabled, so that beat has nothing to send"
    if watch.since is None:
        return "no events are received"
    if known.doubtful is not None:
        only = f"the one run of {known.doubtful_name} that was seen"
        return f"can't tell: anyone may have sent {only}"
    if known.senders or known.sent_events:
        return "nothing was due since events are received"
    return f"can't tell: set {SENT_EVENTS} or {REMOTE_CONTROL} to see it"
