"""What the monitor shows and no store holds: what is to be recorded of it, and told again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from celerytui.control import ActionLog
from celerytui.engine.broker_watch import BrokerWatch
from celerytui.engine.reception import Reception
from celerytui.engine.schedule_poller import SchedulePoller
from celerytui.engine.survey_policy import SurveyPolicy
from celerytui.model import Link, LinkState, Redelivery, ScheduleChange, ScheduleReading
from celerytui.store import Store

Note = Callable[..., None]
MOST_ENTRIES = 2_000
"""Of a schedule so many entries are recorded."""
ENTRIES_A_SECOND = 50
"""So many at most that changed are told, on average: for 100 there are two seconds to the next."""
MOST_REDELIVERIES = 10_000
_SINGLE = ("blockage", "unasked", "when_late", "resolved")


class Beside:
    """The parts of an engine that know it: `changes` and `standing` read them, `tell` sets them.

    `app` is whose actions are recorded. One thread calls `changes`, another one may call
    `standing`; a replaying engine has one for all.
    """

    def __init__(
        self,
        reception: Reception,
        broker: BrokerWatch,
        surveys: SurveyPolicy,
        schedule: SchedulePoller,
        log: ActionLog,
        store: Store,
        app: str,
    ) -> None:
        self._reception = reception
        self._broker = broker
        self._surveys = surveys
        self._schedule = schedule
        self._log = log
        self._store = store
        self._app = app
        self._told: dict[str, object] = {}
        self._reading = ScheduleReading()
        self._next_schedule = 0.0
        self._redeliveries: Mapping[str, Redelivery] = {}

    # To be recorded

    def listen(self, note: Note) -> None:
        """Have each action noted as it is logged."""
        self._log.told = lambda line: note("action", line)

    def changes(self, now: float) -> Iterator[tuple[str, Any]]:
        """What is other than it was when it was asked for last: names, and what they are now."""
        for what, known in self._singles():
            if what not in self._told or known != self._told[what]:
                self._told[what] = known
                yield what, known
        if now >= self._next_schedule:
            before, self._reading = self._reading, self._schedule.reading
            if self._reading != before:
                change = ScheduleChange.between(before, self._reading, MOST_ENTRIES)
                self._next_schedule = now + len(change.entries) / ENTRIES_A_SECOND
                yield "schedule", change
        before_that, self._redeliveries = self._redeliveries, self._broker.known_redeliveries()
        if self._redeliveries is not before_that:
            changed: dict[str, Redelivery | None] = {
                id: one for id, one in self._redeliveries.items() if before_that.get(id) != one
            }
            changed |= dict.fromkeys(before_that.keys() - self._redeliveries.keys())
            if changed:
                yield "redelivered", changed

    def standing(self) -> Iterator[tuple[str, Any]]:
        """All of it, as it is to be told to who knows nothing."""
        yield "link", self._reception.link
        yield from self._singles()
        yield (
            "schedule",
            ScheduleChange.between(ScheduleReading(), self._schedule.reading, MOST_ENTRIES),
        )
        newest = list(self._broker.known_redeliveries().items())[-MOST_REDELIVERIES:]
        if newest:
            yield "redelivered", dict(newest)
        self._log.load()
        for line in self._log.told_lines(self._app):
            yield "action", line

    def _singles(self) -> list[tuple[str, Any]]:
        resolved = dict(self._store.failures.resolved)
        found = (
            self._broker.blockage,
            self._surveys.error,
            self._reception.when_late,
            resolved,
        )
        return list(zip(_SINGLE, found, strict=True))

    # To be told again

    def tell(self, what: str, known: Any) -> None:
        """Take one thing that was recorded; what is not known here is passed over."""
        if what == "link":
            self._reception.show(known)
        elif what == "blockage":
            self._broker.blockage = known
        elif what == "unasked":
            self._surveys.error = known
        elif what == "when_late":
            self._reception.when_late = known
        elif what == "resolved":
            self._store.failures.take_resolved(known)
        elif what == "schedule":
            self._schedule.reading = known.after(self._schedule.reading)
        elif what == "redelivered":
            self._broker.take_redeliveries(known)
        elif what == "action":
            self._log.take_told(known)

    def forget(self) -> None:
        """Know nothing of it."""
        self._broker.blockage = self._surveys.error = None
        self._reception.when_late = ""
        self._schedule.reading = ScheduleReading()
        self._broker.forget_redeliveries()
        self._log.forget()
        self._reception.show(Link(LinkState.CONNECTED))
