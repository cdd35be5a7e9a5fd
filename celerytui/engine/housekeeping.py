"""What is done about once a second, in the view thread or in one of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from celerytui.control import Choices, Resolutions
from celerytui.engine.control_thread import Step
from celerytui.engine.outcome_lookup import OutcomeLookup
from celerytui.engine.request_pool import RequestPool
from celerytui.engine.sweeper import SWEEP_SECONDS, Sweeper
from celerytui.interpreter import collect_all
from celerytui.store import Store

COLLECT_SECONDS = 60.0


class Housekeeping:
    """Sweeps, judges and counts what failed; saves what was chosen; gives up what is late.

    `turn` is called by one thread, and does each step by `survive`.
    """

    def __init__(
        self,
        store: Store,
        sweeper: Sweeper,
        requests: RequestPool,
        lookup: OutcomeLookup,
        choices: Choices,
        resolutions: Resolutions,
        judge: Callable[[], object],
        survive: Callable[[Step], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._sweeper = sweeper
        self._requests = requests
        self._lookup = lookup
        self._choices = choices
        self._resolutions = resolutions
        self._judge = judge
        self._survive = survive
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        """Turn once a second until `stopping`; nobody waits for a key in this process."""
        collect_at = time.monotonic() + COLLECT_SECONDS
        while not stopping.wait(SWEEP_SECONDS):
            self.turn()
            if time.monotonic() >= collect_at:
                # Any time is as good as another.
                collect_at = time.monotonic() + COLLECT_SECONDS
                collect_all()

    def turn(self) -> None:
        """Do what is due."""
        self.keep_up()
        if self._sweeper.is_due():
            self._survive(self._sweeper.turn)
            self._survive(self._evaluate)
            self._survive(self._lookup.turn)
            self._survive(self.count_failures)

    def keep_up(self) -> None:
        """Do what does not wait for the second to pass: what was chosen, and asked."""
        self._survive(self._choices.save)
        self._survive(self._catch_up)
        self._survive(self._requests.give_up_late)

    def judge_all(self) -> None:
        """Judge what a sweep found."""
        self._survive(self._evaluate)
        self._survive(self.count_failures)

    def count_failures(self) -> None:
        """Count what failed since the last time, and keep what was resolved."""
        self._store.failures.update(self._clock())
        self._resolutions.keep(self._store.failures)

    def _catch_up(self) -> None:
        self._store.types.catch_up(self._clock())

    def _evaluate(self) -> None:
        self._judge()
