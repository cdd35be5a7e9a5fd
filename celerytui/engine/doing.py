"""What the control thread does for the user: actions, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from celerytui.control import Control, Scope, action
from celerytui.engine.running import Running
from celerytui.errors import CelerytuiError
from celerytui.model import Outcome, Task
from celerytui.store import Store

OUTCOMES_KEPT = 200


class Doing:
    """Actions that are being done and were done.

    `running` has those without an outcome, oldest first; `outcomes` is for one reader to take
    from.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        tell: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.running: list[Running] = []
        self.outcomes: deque[Outcome] = deque(maxlen=OUTCOMES_KEPT)
        self._control = control
        self._store = store
        self._tell = tell
        self._clock = clock

    def do(self, running: Running, done: Callable[[Outcome], None] | None) -> None:
        """Do an action, on the control thread."""
        try:
            running.outcome = outcome = self._perform(running)
        finally:
            self.running.remove(running)
        self._note_events(outcome)
        self.outcomes.append(outcome)
        if done is not None:
            done(outcome)
        self._tell()

    def _perform(self, running: Running) -> Outcome:
        live = [
            worker.hostname
            for worker in self._store.workers()
            if worker.status not in ("lost", "offline")
        ]

        def progress(done: int, total: int, note: str) -> None:
            running.done, running.total, running.note = done, total, note
            self._tell()

        try:
            return self._control.perform(
                running.action,
                running.targets,
                running.params,
                live,
                cancelled=lambda: running.cancelled,
                progress=progress,
                tasks=self._tasks(running),
            )
        except CelerytuiError as error:
            return Outcome(
                running.action, running.targets, (), running.since, self._clock(), str(error)
            )

    def _tasks(self, running: Running) -> dict[str, Task]:
        if action(running.action).scope is not Scope.TASK:
            return {}
        return {task.id: task for task in self._store.tasks(running.targets) if task is not None}

    def _note_events(self, outcome: Outcome) -> None:
        if outcome.action not in ("worker.enable_events", "worker.disable_events"):
            return
        on = outcome.action == "worker.enable_events"
        for reply in outcome.replies:
            # One that was started with -E says that they are off and sends on.
            if reply.ok and (on or "already" not in reply.text):
                by_us = on and "already" not in reply.text
                self._store.set_task_events(reply.worker, on, by_us=by_us)
