"""The engine's own threads: begun together, kept running, and waited for at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping

from celerytui.engine.control_thread import Step
from celerytui.engine.steps import Steps

RESTART_SECONDS = 1.0
"""A part that ended before it was asked to begins again so much later."""


class Threads:
    """Daemons, one for each part of the work, which know from `stopping` when they are to end."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._threads: dict[str, threading.Thread] = {}
        self.stopping = threading.Event()

    @property
    def names(self) -> set[str]:
        """The parts that were started."""
        return set(self._threads)

    def start(self, parts: Mapping[str, Step]) -> None:
        """Start a thread for each part, by its name."""
        for name, run in parts.items():
            self._threads[name] = thread = threading.Thread(
                target=self._keep, args=(run,), name=f"celerytui-{name}", daemon=True
            )
            thread.start()

    def get(self, part: str) -> threading.Thread | None:
        """The thread of a part, None where it was not started."""
        return self._threads.get(part)

    def join(self, end: float, *, but: Collection[str] = ()) -> None:
        """Wait for them until `end`, by the monotonic clock, for some of the parts not at all."""
        for name, thread in self._threads.items():
            if name not in but:
                thread.join(max(0.0, end - time.monotonic()))

    @property
    def alive(self) -> bool:
        """Whether any of them still runs."""
        return any(thread.is_alive() for thread in self._threads.values())

    def _keep(self, run: Step) -> None:
        """Do the work of a part, and do it again should it ever end before it is asked to."""
        while not self.stopping.is_set():
            self._steps.survive(run, whole=True)
            self.stopping.wait(RESTART_SECONDS)
