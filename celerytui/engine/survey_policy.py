"""Asks workers what they do and turns their task events on; when and whom, the schedule says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from celerytui.control import DISABLE_EVENTS, SURVEY_SECTIONS, TASK_SECTIONS, Control, switches
from celerytui.engine.pool_sizes import PoolSizes
from celerytui.engine.survey_schedule import ENABLE, SurveySchedule
from celerytui.errors import CelerytuiError
from celerytui.model import Blockage, Outcome, Reply, Survey, Worker
from celerytui.store import SETTLED, Store

SETTLE_SECONDS = SETTLED + 1.0
"""How long after its task events were turned on a worker is asked once more what it runs."""
WITHOUT_EVENTS_SECONDS = 5.0
"""How often all are asked where no event tells anything."""
UNASKED_SECONDS = 30.0
"""How often it is tried again to ask everybody where nobody could be asked."""

BROADCAST_PAUSE = 60.0
"""After a blockage all are asked, but not again so soon after the next: it may come and go."""

POOL_SECTIONS = ("stats",)
"""What tells how large a pool is."""

_LEFT = ("stopping", "offline")
"""Those of this status have closed their mailbox."""


class SurveyPolicy:
    """Who is asked what, when, and again; and whose task events are turned on and off.

    Everything is for the control thread alone, but `restore_events` and what is read:
    `survey` is the newest answer, `asking_since` when the question began that is under way,
    `error` why the last one failed. `announce` is called with what was done unasked. While the
    broker is `blocked` nobody is asked anything; what was due then is asked afterwards.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        announce: Callable[[Outcome], None],
        tell: Callable[[], None],
        *,
        enable: bool,
        blocked: Callable[[], Blockage | None] = lambda: None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.survey: Survey | None = None
        self.asking_since: float | None = None
        self.error: str | None = None
        self._control = control
        self._store = store
        self._announce = announce
        self._tell = tell
        self._clock = clock
        self._monotonic = monotonic
        self._schedule = SurveySchedule(enable=enable)
        self._sizes = PoolSizes()
        self._next_broadcast = self._next_try = 0.0
        self._blocked = blocked
        self._blocked_for: str | None = None
        self._all_wait = False
        self._ask_all_from = float("-inf")

    def start_over(self) -> None:
        """The connection is new, or much was missed: ask everybody, then who is due."""
        self._schedule.start_over()
        self.ask_everybody()
        self.step()

    def ask_everybody(self) -> None:
        """Ask every worker, known or not."""
        self._next_broadcast = self._monotonic() + WITHOUT_EVENTS_SECONDS
        self._ask(None, SURVEY_SECTIONS)

    def ask(self, hostnames: Sequence[str]) -> None:
        """Ask these workers everything, due or not."""
        self._ask(hostnames, SURVEY_SECTIONS)

    def step(self) -> None:
        """Ask who is due: the new, the restarted, the silent, and those that were booked."""
        if self._is_blocked():
            return
        if self._all_wait and self._monotonic() >= self._ask_all_from:
            self._all_wait = False
            self._ask_all_from = self._monotonic() + BROADCAST_PAUSE
            self.ask_everybody()
        elif self.error is not None and self._monotonic() >= self._next_try:
            self.ask_everybody()
        now = self._monotonic()
        workers = self._store.workers()
        self._schedule.book(self._sizes.due(workers, now), POOL_SECTIONS, now)
        # Those that have answered in the first round have their events turned on in the second.
        for _ in range(2):
            for question in self._schedule.due(workers, self._monotonic()):
                if question.sections == (ENABLE,):
                    self._enable_events(question.hostnames)
                else:
                    self._ask(question.hostnames, question.sections)
            workers = self._store.workers()
        if hostnames := self._schedule.due_pings(workers, self._monotonic()):
            self._ping(hostnames)

    def step_without_events(self) -> None:
        """Ask everybody every few seconds, where the transport carries no events."""
        if self._monotonic() >= self._next_broadcast:
            self.ask_everybody()

    def learn(self, survey: Survey, sections: Sequence[str]) -> None:
        """Take what workers answered to a look at what came of an action.

        Those that were silent are asked again, as after any other question.
        """
        self._store.seed(survey)
        answered, now = _answered(survey), self._monotonic()
        asked = self._workers([*answered, *survey.missing])
        self._schedule.note(asked, sections, answered, now, now)

    def note_events(self, outcome: Outcome) -> None:
        """Take what workers answered to having their task events turned on or off."""
        changed = switches(outcome)
        for one in changed:
            self._store.set_task_events(one.hostname, one.on, by_us=one.on and one.changed)
            self._schedule.leave_events(one.hostname)
        # A task that ended before its worker reported it would run for ever here.
        turned_on = [one.hostname for one in changed if one.on and one.changed]
        self._schedule.book(turned_on, TASK_SECTIONS, self._monotonic() + SETTLE_SECONDS)

    def restore_events(self, control: Control, end: float) -> None:
        """Turn off what was turned on here; what has no answer at `end` is left behind.

        `control` is one of its own: the other may still be at work. `end` is by time.monotonic.
        """
        ours = [worker.hostname for worker in self._store.workers() if worker.events_enabled_by_us]
        if not ours:
            return
        began = self._clock()
        ended: list[Outcome] = []
        last = threading.Thread(
            target=lambda: ended.append(control.disable_events(ours)),
            name="celerytui-restore",
            daemon=True,
        )
        last.start()
        last.join(max(0.0, end - time.monotonic()))
        silent = tuple(Reply(hostname, None, "no reply") for hostname in ours)
        late = Outcome(DISABLE_EVENTS.id, tuple(ours), silent, began, self._clock())
        self._announce(ended[0] if ended else late)
        control.close()

    def _ask(self, hostnames: Sequence[str] | None, sections: Sequence[str]) -> None:
        """Ask these, or everybody, and take what they answer."""
        if self._is_blocked():
            if hostnames is None:
                self._all_wait = True
            else:
                self._schedule.book(hostnames, sections, self._monotonic())
            return
        self._schedule.meet(self._workers(hostnames))
        asked_at = self._monotonic()
        self.asking_since = self._clock()
        self._tell()
        answered: set[str] = set()
        survey: Survey | None = None
        try:
            if hostnames is None:
                there = [one.hostname for one in self._store.workers() if one.status not in _LEFT]
                survey = self._control.survey(expected=there, sections=sections)
            else:
                survey = self._control.survey(hostnames, sections=sections)
            answered = _answered(survey)
            self._store.seed(survey)
            self.survey = survey
            self.error = None
        except CelerytuiError as error:
            self.error = str(error)
            self._next_try = self._monotonic() + UNASKED_SECONDS
        finally:
            self.asking_since = None
            self._schedule.note(
                self._workers(hostnames), sections, answered, asked_at, self._monotonic()
            )
            self._book_unsent(survey)
            self._tell()

    def _is_blocked(self) -> bool:
        """Whether the broker takes no messages; says why, once for each reason."""
        blockage = self._blocked()
        if blockage is not None:
            # Some may have been asked in vain before it was known why.
            self._all_wait = self._all_wait or blockage.silences
        reason = None if blockage is None else blockage.text
        if reason != self._blocked_for:
            self._blocked_for = self.error = reason
            self._tell()
        return blockage is not None

    def _book_unsent(self, survey: Survey | None) -> None:
        """Ask again, after a pause, for what workers that answered could not reply to."""
        now = self._monotonic()
        for hostname, sections in {} if survey is None else survey.unsent.items():
            for section, pause in sections.items():
                self._schedule.postpone(hostname, section, now + pause)

    def _ping(self, hostnames: Sequence[str]) -> None:
        asked_at = self._clock()
        try:
            answered = self._control.ping(hostnames)
        except CelerytuiError:
            # That says nothing of the workers.
            return
        self._store.take_pings(answered, set(hostnames) - answered, asked_at)

    def _enable_events(self, hostnames: Sequence[str]) -> None:
        asked_at = self._monotonic()
        outcome = self._control.enable_events(hostnames)
        self.note_events(outcome)
        answered = {reply.worker for reply in outcome.replies if reply.ok is not None}
        self._schedule.note(
            self._workers(hostnames), (ENABLE,), answered, asked_at, self._monotonic()
        )
        changed = {one.hostname for one in switches(outcome) if one.changed}
        if changed:
            replies = tuple(reply for reply in outcome.replies if reply.worker in changed)
            self._announce(
                Outcome(
                    outcome.action,
                    tuple(reply.worker for reply in replies),
                    replies,
                    outcome.started_at,
                    outcome.ended_at,
                )
            )
        self._tell()

    def _workers(self, hostnames: Sequence[str] | None) -> list[Worker]:
        """These as the store has them, or all that are there."""
        if hostnames is None:
            return [one for one in self._store.workers() if one.status not in _LEFT]
        found = [self._store.worker(hostname) for hostname in hostnames]
        return [worker for worker in found if worker is not None]


def _answered(survey: Survey) -> set[str]:
    return {host for name in SURVEY_SECTIONS for host in getattr(survey, name)}
