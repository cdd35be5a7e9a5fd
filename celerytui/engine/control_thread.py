"""The control thread: what is asked of the workers and done to them, one job after the other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celerytui.control import ActionLog, Control, Entries, Silences
from celerytui.engine.action_executor import ActionExecutor
from celerytui.engine.doubts import Doubts
from celerytui.engine.job import Job
from celerytui.engine.survey_policy import SurveyPolicy
from celerytui.model import Blockage, LinkState, Outcome
from celerytui.settings import Settings
from celerytui.store import Store

LOOK_SECONDS = 0.5
"""How often it looks for who is due; newly seen workers are gathered for so long."""
LET_GO_SECONDS = 0.3

Step = Callable[[], object]


class ControlThread:
    """Does what other threads put in; `run` is the thread's work, all else returns at once.

    `link` tells how the receiver stands with the broker, `blocked` why that takes no messages;
    `survive` does a step and reports what it raises.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        store: Store,
        log: ActionLog,
        link: Callable[[], LinkState],
        tell: Callable[[], None],
        survive: Callable[[Step], None],
        clock: Callable[[], float],
        silences: Silences,
        blocked: Callable[[], Blockage | None],
        entries: Callable[[], Entries | None] = lambda: None,
    ) -> None:
        self._app = app
        self._timeout = settings.reply_timeout
        self._link = link
        self._blocked = blocked
        self._survive = survive
        self._clock = clock
        self._jobs: queue.SimpleQueue[Step] = queue.SimpleQueue()
        self._control = _gate(app, settings, clock, silences, blocked, entries)
        self.surveys = SurveyPolicy(
            self._control,
            store,
            lambda outcome: self.executor.announce(outcome),
            tell,
            enable=settings.enable_events and not settings.read_only,
            blocked=blocked,
            clock=clock,
        )
        self._doubts = Doubts(self._control, store, clock=clock)
        self.executor = ActionExecutor(self._control, store, self.surveys, tell, clock, log)

    def submit(
        self,
        action: str,
        targets: Sequence[str],
        params: Mapping[str, str],
        done: Callable[[Outcome], None] | None,
    ) -> Job:
        """Do an action in its turn."""
        running = Job(action, tuple(targets), dict(params), self._clock())
        self.executor.running.append(running)
        self._jobs.put(lambda: self.executor.do(running, done))
        return running

    def start_over(self) -> None:
        """Ask everybody: the connection is new, or much was missed."""
        self._jobs.put(self.surveys.start_over)

    def ask(self, hostnames: Sequence[str] | None) -> None:
        """Ask these workers what they do, or everybody."""
        if hostnames is None:
            self._jobs.put(self.surveys.ask_everybody)
        else:
            self._jobs.put(lambda: self.surveys.ask(hostnames))

    def run(self, stopping: threading.Event) -> None:
        """Work until `stopping` is set and `close` was called."""
        next_look = time.monotonic() + LOOK_SECONDS
        while not stopping.is_set():
            try:
                job = self._jobs.get(timeout=max(0.0, next_look - time.monotonic()))
            except queue.Empty:
                next_look = time.monotonic() + LOOK_SECONDS
                self._look()
            else:
                self._survive(job)

    def _look(self) -> None:
        """Ask who is due; what is due while the broker is blocked is asked afterwards."""
        if self._link() is LinkState.CONNECTED:
            self._survive(self.surveys.step)
            if self._blocked() is None:
                self._survive(self._doubts.step)
        elif self._link() is LinkState.NO_EVENTS:
            self._survive(self.surveys.step_without_events)
        if self._blocked() is None:
            self._survive(self.executor.look_back)

    def close(self) -> None:
        """End what is under way; nothing more is begun."""
        self._control.close()
        self._jobs.put(lambda: None)

    def restore_events(self, thread: threading.Thread | None, end: float) -> None:
        """Turn off what was turned on here, once `thread` has ended; over at `end`."""
        if thread is not None:
            # What it had just turned on is known then.
            thread.join(LET_GO_SECONDS)
        last = Control(self._app, read_only=False, timeout=self._timeout)
        self.surveys.restore_events(last, end)


def _gate(
    app: Any,
    settings: Settings,
    clock: Callable[[], float],
    silences: Silences,
    blocked: Callable[[], Blockage | None],
    entries: Callable[[], Entries | None],
) -> Control:
    """What asks workers and changes them, as far as the settings let it."""
    return Control(
        app,
        read_only=settings.read_only,
        timeout=settings.reply_timeout,
        clock=clock,
        silences=silences,
        blocked=blocked,
        entries=entries,
        offline=settings.offline,
    )
