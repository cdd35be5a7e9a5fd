"""The workers and what one of them holds, read at one moment: figures made of it agree."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from celerytui.model import Task, TaskState, Worker
from celerytui.store.worker_record import WorkerRecord

STARTED = TaskState.STARTED

HELD = 2_000
"""As many tasks of one worker as anybody looks through."""


class Glance(Struct, frozen=True):
    """All workers by hostname, in the order of these, and the `tasks` of the one that is looked at.

    These are the tasks that it has received or started, in order of arrival.
    """

    workers: dict[str, Worker]
    tasks: list[Task]

    @property
    def running(self) -> int | None:
        """How many tasks the workers run, None where that is known of none; those stopping too."""
        counts = [
            worker.stopping if worker.status == "stopping" else worker.running
            for worker in self.workers.values()
            if worker.status == "stopping" or not worker.gone
        ]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None


def ids_held(record: WorkerRecord | None, by_id: Mapping[str, Task]) -> list[str]:
    """The ids of the tasks that a worker holds; of more than `HELD` the running first."""
    ids = [] if record is None else list(record.tasks)
    if len(ids) > HELD:
        ids.sort(key=lambda task_id: task_id in by_id and by_id[task_id].state is STARTED)
        del ids[:-HELD]
    return ids
