"""Which workers to ask how large their pool is now; it decides and sends nothing.

No event says that a pool grew or shrank: another client's `pool_grow` does it, and an autoscaler
all the time. Times are seconds of any one clock.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from celerytui.model import Worker

PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""No worker is asked again sooner; the pause doubles while the answer does not explain it."""
SCALED_SECONDS = 60.0
"""How often a worker that scales its pool is asked."""
IN_A_ROW = 2
"""So many heartbeats, one after another, have to count more tasks than the pool takes."""


class _Pool(Struct):
    """What is remembered of one worker's pool.

    `over` heartbeats in a row counted more than its `size`; it is not asked before `next`, and
    where it scales itself at `turn`, whatever its heartbeats say.
    """

    turn: float
    heard: float | None = None
    over: int = 0
    size: int | None = None
    pause: float = PAUSE
    next: float = 0.0

    def look(self, worker: Worker, now: float) -> bool:
        """Whether to ask it now."""
        if worker.last_heartbeat != self.heard:
            self.heard = worker.last_heartbeat
            self.over = self.over + 1 if _is_over(worker) else 0
        if worker.concurrency != self.size:
            self.size, self.pause = worker.concurrency, PAUSE
            self.next = min(self.next, now + PAUSE)
        if now < self.next:
            return False
        if self.over >= IN_A_ROW:
            self.next = now + self.pause
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
        elif not worker.autoscaled or now < self.turn:
            return False
        self.turn = now + SCALED_SECONDS
        return True


class PoolSizes:
    """Remembers whose pool seems to have another size than is known; for one thread."""

    def __init__(self) -> None:
        self._pools: dict[str, _Pool] = {}

    def due(self, workers: Iterable[Worker], now: float) -> list[str]:
        """Whom to ask for its `stats` now; `workers` are all that are known."""
        before, self._pools = self._pools, {}
        found = []
        for worker in workers:
            if worker.status != "online" or not (worker.autoscaled or _is_over(worker)):
                continue
            pool = before.get(worker.hostname) or _Pool(now + SCALED_SECONDS)
            self._pools[worker.hostname] = pool
            if pool.look(worker, now):
                found.append(worker.hostname)
        return found


def _is_over(worker: Worker) -> bool:
    """Whether its heartbeat counts more tasks than its pool takes: one process has the name."""
    return not worker.pids and 0 < (worker.concurrency or 0) < (worker.active or 0)
