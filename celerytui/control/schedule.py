"""The actions on entries of the schedule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from celerytui.control.action import Action, Call, Group, Param, Reach, Result, Scope
from celerytui.control.lookback import Judged, Look, Seen, sent
from celerytui.control.send import Sender
from celerytui.errors import BrokerUnavailable, UsageError
from celerytui.masking import one_line
from celerytui.model import Item, Outcome, PlannedEntry, ScheduleEntry

NOW, BEAT = "celerytui", "beat"
BEATS_PATIENCE = 60.0
"""Seconds after which it is said that beat has not sent an entry yet."""
OURS = ("producer", "publisher", "connection", "retry")
"""Options of an entry that say how beat sends, not what."""


class Entries(Protocol):
    """The schedule as actions need it; what fails is raised, to be said in one line."""

    def entry(self, name: str) -> ScheduleEntry | None: ...

    def reread(self, name: str) -> ScheduleEntry | None:
        """The entry as it was read since it was last changed from here, None before that."""
        ...

    def plan(self, name: str) -> PlannedEntry: ...

    def set_enabled(self, name: str, enabled: bool) -> str: ...

    def why_not_soon(self, name: str) -> str:
        """Why beat cannot be had to send the entry now, "" where it can; asks nobody."""
        ...

    def run_soon(self, name: str) -> str: ...

    def came_of(self, name: str) -> Judged | None:
        """What is known of the entry that beat was asked to send, None for nothing."""
        ...

    def note_sent(self, task_id: str) -> None: ...

    def read_now(self) -> None: ...


def _each(call: Call, do: Callable[[Entries, str], Item]) -> Result:
    """Do something to one entry after the other; a broker that goes away ends it."""
    entries: Any = call.entries
    if entries is None:
        raise UsageError("there is no schedule here")
    items: list[Item] = []
    gone: str | None = None
    for name in call.targets:
        if gone is not None or call.cancelled():
            items.append(Item(name, None, "cancelled" if gone is None else "not tried"))
            continue
        try:
            items.append(do(entries, name))
        except BrokerUnavailable as error:
            gone = str(error)
            items.append(Item(name, False, gone))
        except Exception as error:
            items.append(Item(name, False, one_line(error)))
    entries.read_now()
    return Result((), items=tuple(items))


def _enable(call: Call) -> Result:
    return _each(call, lambda entries, name: Item(name, True, entries.set_enabled(name, True)))


def _disable(call: Call) -> Result:
    return _each(call, lambda entries, name: Item(name, True, entries.set_enabled(name, False)))


def _run_now(call: Call) -> Result:
    if call.params["by"] == BEAT:
        return _each(call, lambda entries, name: Item(name, True, entries.run_soon(name)))
    sender = Sender(call.app, call.pidbox)

    def send(entries: Entries, name: str) -> Item:
        plan = entries.plan(name)
        if plan.unread or not plan.task:
            raise UsageError(plan.unread or plan.trouble or "its task is not known")
        args = [value_now(one) for one in plan.args]
        kwargs = {key: value_now(one) for key, one in plan.kwargs.items()}
        new_id = sender.send(plan.task, args, kwargs, options_of(plan))
        entries.note_sent(new_id)
        return Item(name, True, f"sent as {new_id}", new_id)

    return _each(call, send)


def options_of(plan: PlannedEntry) -> dict[str, Any]:
    """The options that an entry's task is sent with, as beat does."""
    options = plan.options.items()
    return {name: value for name, value in options if name not in OURS and value is not None}


def value_now(value: Any) -> Any:
    """An argument as beat would send it now: of what can be called it calls this class alone."""
    from celery.beat import BeatLazyFunc

    return value() if isinstance(value, BeatLazyFunc) else value


def _stands(outcome: Outcome, seen: Seen, wanted: bool) -> Judged | None:
    """Whether the source has the entries as they were set."""
    done = [item.target for item in outcome.items if item.ok]
    if not done:
        return None
    word = "enabled" if wanted else "disabled"
    read = {name: seen.entry(name) for name in done}
    wrong = [name for name, entry in read.items() if entry and entry.plan.enabled != wanted]
    if wrong:
        return False, f"{', '.join(wrong[:3])}: not {word} when read again"
    unread = [name for name, entry in read.items() if entry is None]
    if unread:
        return None, f"{', '.join(unread[:3])}: not read again yet"
    return True, f"{word} when read again; beat reads changes every few seconds"


def _run_seen(outcome: Outcome, seen: Seen) -> Judged | None:
    """Whether the tasks that were sent arrived; of what beat was asked, whether it sent."""
    if outcome.params.get("by") != BEAT:
        return sent(outcome, seen)
    asked = [item.target for item in outcome.items if item.ok]
    if not asked:
        return None
    judged = [(name, *_sent_by_beat(name, outcome, seen)) for name in asked]
    for wanted in (False, None):
        found = [(name, text) for name, ok, text in judged if ok is wanted]
        if found:
            names = ", ".join(name for name, _ in found[:3])
            return wanted, f"{names}: {found[0][1]}"
    return True, "beat sent it"


def _sent_by_beat(name: str, outcome: Outcome, seen: Seen) -> Judged:
    """Whether beat sent an entry since it was asked, by what was seen or the source says."""
    entry = seen.entry(name)
    if entry is not None and (entry.last_run_at or 0.0) >= outcome.started_at:
        return True, "beat sent it"
    return seen.came_of(name) or (None, "not sent yet; beat looks in each of its loops")


def _by_beat(outcome: Outcome) -> float:
    return BEATS_PATIENCE if outcome.params.get("by") == BEAT else 0.0


def _beat_cannot(entries: Entries, targets: Sequence[str]) -> dict[str, str]:
    """That beat is no choice, and why, where it would send none of the targets."""
    reasons = [entries.why_not_soon(name) for name in targets]
    if not reasons or not all(reasons):
        return {}
    more = "" if len(set(reasons)) == 1 else ", and others"
    return {BEAT: f"beat cannot send {'it' if len(reasons) == 1 else 'them'}: {reasons[0]}{more}"}


SWITCH = Group("entries", "E", "Enable or disable", Scope.ENTRY)
GROUPS = (SWITCH,)

ACTIONS = (
    Action(
        id="entry.run_now",
        key="R",
        mends=("entry.missed",),
        label="Run now",
        words=("trigger", "fire"),
        scope=Scope.ENTRY,
        destructive=True,
        params=(
            Param(
                "by",
                "Sent by",
                "choice",
                choices=(NOW, BEAT),
                default=NOW,
                help="beat sends it at its next look, where its schedule can be changed",
                ruled_out=_beat_cannot,
            ),
        ),
        run=_run_now,
        reach=Reach(
            "Will be sent with the entry's own arguments, queue and options",
            "its schedule stays as it is",
        ),
        look=Look(6.0, _run_seen, patience=_by_beat),
        help="sends the entry's task once, besides its schedule",
    ),
    Action(
        id="entry.disable",
        group=SWITCH.id,
        wanted=lambda entry: entry.plan.enabled,
        label="Disable",
        words=("switch off",),
        scope=Scope.ENTRY,
        destructive=True,
        run=_disable,
        reach=Reach("Will be written where the schedule is kept", "beat sends it no more"),
        look=Look(4.0, lambda outcome, seen: _stands(outcome, seen, False)),
        help="in django-celery-beat, RedBeat or SQL tables only",
    ),
    Action(
        id="entry.enable",
        group=SWITCH.id,
        wanted=lambda entry: not entry.plan.enabled,
        label="Enable",
        words=("switch on",),
        scope=Scope.ENTRY,
        destructive=True,
        run=_enable,
        reach=Reach("Will be written where the schedule is kept", "beat sends it again"),
        look=Look(4.0, lambda outcome, seen: _stands(outcome, seen, True)),
        help="in django-celery-beat, RedBeat or SQL tables only",
    ),
)
