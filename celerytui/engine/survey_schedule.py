"""Which workers have to be asked what they do: new ones, restarted ones, and the silent again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from celerytui.model import Worker

AGAIN_SECONDS = (2.0, 5.0, 15.0, 60.0)
"""A worker that did not answer is asked again after so long; the last one over and over."""


class SurveySchedule:
    """Remembers each process that was asked; a busy solo worker answers only between its tasks."""

    def __init__(self) -> None:
        self._answered: dict[str, int | None] = {}
        self._silent: dict[str, tuple[int, float]] = {}

    def forget(self) -> None:
        """The connection is new: everybody has to be asked."""
        self._answered.clear()
        self._silent.clear()

    def note(self, asked: Iterable[str], workers: Sequence[Worker], now: float) -> None:
        """These were asked; who answered after it has `no_answer` None, by the store's account."""
        known = {worker.hostname: worker for worker in workers}
        for hostname in asked:
            worker = known.get(hostname)
            if worker is None:
                continue
            if worker.no_answer is None and worker.inspected is not None:
                self._answered[hostname] = worker.pid
                self._silent.pop(hostname, None)
            else:
                tries = min(self._silent.get(hostname, (0, 0.0))[0], len(AGAIN_SECONDS) - 1)
                self._silent[hostname] = (tries + 1, now + AGAIN_SECONDS[tries])

    def again(self, hostnames: Iterable[str], at: float) -> None:
        """Ask these once more at that time."""
        for hostname in hostnames:
            self._answered.pop(hostname, None)
            self._silent[hostname] = (0, at)

    def due(self, workers: Sequence[Worker], now: float) -> list[str]:
        """The hostnames of the living workers that should be asked now."""
        return [
            worker.hostname
            for worker in workers
            if worker.status in ("online", "late") and self._is_due(worker, now)
        ]

    def _is_due(self, worker: Worker, now: float) -> bool:
        if self._answered.get(worker.hostname, -1) == worker.pid:
            return False
        _, again = self._silent.get(worker.hostname, (0, 0.0))
        return now >= again
