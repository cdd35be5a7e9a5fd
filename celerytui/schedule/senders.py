"""Who sends the runs of entries: beat, or whoever may send one of its tasks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from msgspec import Struct

from celerytui.model import EntryRun, Interval, PlannedEntry
from celerytui.schedule.next_run import last_before

LOOKED_AT = 10
"""Newest runs of an entry that say whether others send its task too."""
EARLY = 1.0
"""Seconds by which beat may be early."""
ON_TIME = 10.0
"""Seconds after it was due in which a single run came as only beat sends it."""
TURNS = 2
"""Runs in turns of their own after which it is beat that sends them: anybody may send one."""


class Sender(Struct):
    """A process that sent tasks: how many of them are runs of entries, and when.

    `newest` is when it sent the newest run of each entry, `turns` how many were not of one turn
    with the one before.
    """

    name: str
    first: float
    last: float
    sent: int = 0
    others: int = 0
    turns: int = 0
    newest: dict[str, float] = {}

    @property
    def is_beat(self) -> bool:
        """Whether it sent runs of entries and nothing else, and more than anybody may send."""
        return self.turns >= TURNS and not self.others

    def take(self, plans: Iterable[PlannedEntry], at: float) -> None:
        """Count a run that may be of any of these entries."""
        self.first = at if not self.sent else min(self.first, at)
        self.last = max(self.last, at)
        self.sent += 1
        turns = 0
        for plan in plans:
            before = self.newest.get(plan.name)
            self.newest[plan.name] = at if before is None else max(before, at)
            if came_on_time(plan, at):
                turns = TURNS
            elif before is None or not of_one_turn(plan, min(before, at), max(before, at)):
                turns = max(turns, 1)
        self.turns += turns


def come_too_often(plan: PlannedEntry, runs: Iterable[EntryRun]) -> bool:
    """Whether most of an entry's newest runs came sooner after another than it is due.

    Beat alone does not send them so; it may look so after a while without workers.
    """
    newest = sorted((run for run in runs if run.by_beat), key=lambda run: run.at)[-LOOKED_AT:]
    close = [of_one_turn(plan, one.at, other.at) for one, other in pairwise(newest)]
    return 2 * sum(close) > len(close)


def came_on_time(plan: PlannedEntry, at: float) -> bool:
    """Whether a run came when its schedule alone says that it is due, as none of an interval is."""
    if isinstance(plan.timing, Interval):
        return False
    try:
        due = last_before(plan.timing, plan.timezone, at + EARLY)
    except ValueError:
        return False
    return due is not None and at - due <= ON_TIME


def of_one_turn(plan: PlannedEntry, at: float, later: float) -> bool:
    """Whether two runs came sooner after another than beat sends them."""
    if isinstance(plan.timing, Interval):
        return later - at < plan.timing.every / 2
    try:
        due = [last_before(plan.timing, plan.timezone, one + EARLY) for one in (at, later)]
    except ValueError:
        return False
    # An event of the sun is found to some thousandths of a second.
    return due[0] is not None and due[1] is not None and abs(due[0] - due[1]) < 1
