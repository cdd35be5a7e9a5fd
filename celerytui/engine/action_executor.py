"""What the control thread does for the user: actions, and a look at what came of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from celerytui.control import ITSELF, ActionLog, Control, Scope, find_action
from celerytui.control import action as action_of
from celerytui.engine.job import Job
from celerytui.engine.survey_policy import SurveyPolicy
from celerytui.errors import CelerytuiError
from celerytui.model import Finding, Outcome, Task
from celerytui.store import Store

OUTCOMES_KEPT = 200


class _PlannedLook(Struct, frozen=True):
    """A look at what came of an outcome, and until when it may find nothing and come again."""

    at: float
    until: float
    outcome: Outcome


class ActionExecutor:
    """Actions that are being done and were done.

    `running` has those without an outcome, oldest first; `outcomes` and `findings` are for one
    reader to take from.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        surveys: SurveyPolicy,
        tell: Callable[[], None],
        clock: Callable[[], float],
        log: ActionLog,
    ) -> None:
        self.running: list[Job] = []
        self.outcomes: deque[Outcome] = deque(maxlen=OUTCOMES_KEPT)
        self.findings: deque[Finding] = deque(maxlen=OUTCOMES_KEPT)
        self.log = log
        self._looks: list[_PlannedLook] = []
        self._control = control
        self._store = store
        self._surveys = surveys
        self._tell = tell
        self._clock = clock

    def do(self, job: Job, done: Callable[[Outcome], None] | None) -> None:
        """Do an action, on the control thread."""
        try:
            job.outcome = outcome = self._perform(job)
        finally:
            self.running.remove(job)
        self._surveys.note_events(outcome)
        self.log.record(outcome)
        action = find_action(outcome.action)
        if action is not None and action.look is not None:
            now = time.monotonic()
            until = now + action.look.patience(outcome)
            self._looks.append(_PlannedLook(now + action.look.after, until, outcome))
        self.outcomes.append(outcome)
        if done is not None:
            done(outcome)
        self._tell()

    def announce(self, outcome: Outcome) -> None:
        """Log and tell what the monitor did unasked."""
        self.log.record(outcome, by=ITSELF)
        self.outcomes.append(outcome)
        self._tell()

    def look_back(self) -> None:
        """See what came of the actions whose time for it has come, on the control thread."""
        now = time.monotonic()
        due = [look for look in self._looks if look.at <= now]
        self._looks = [look for look in self._looks if look.at > now]
        for look in due:
            outcome = look.outcome
            new = [item.new_id for item in outcome.items if item.new_id]
            tasks = self._held([*outcome.targets, *new])
            finding = self._control.look_back(
                outcome, tasks, self._store.workers(), self._surveys.learn
            )
            if finding is not None and finding.ok is None and now < look.until:
                again = action_of(outcome.action).look
                assert again is not None
                self._looks.append(replace(look, at=min(now + again.after, look.until)))
            elif finding is not None:
                self.log.find(finding)
                self.findings.append(finding)
                self._tell()

    def _perform(self, job: Job) -> Outcome:
        def progress(done: int, total: int, note: str) -> None:
            job.done, job.total, job.note = done, total, note or job.note
            self._tell()

        try:
            scope = action_of(job.action).scope
            tasks = self._held(job.targets) if scope is Scope.TASK else {}
            return self._control.perform(
                job.action,
                job.targets,
                job.params,
                live_workers(self._store),
                cancelled=lambda: job.cancelled,
                progress=progress,
                tasks=tasks,
            )
        except CelerytuiError as error:
            return Outcome(job.action, job.targets, (), job.since, self._clock(), str(error))

    def _held(self, ids: Sequence[str]) -> dict[str, Task]:
        return {task.id: task for task in self._store.tasks(ids) if task is not None}


def live_workers(store: Store) -> list[str]:
    """The workers that can be expected to answer."""
    return [one.hostname for one in store.workers() if not one.gone]
