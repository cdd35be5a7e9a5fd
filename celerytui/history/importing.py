"""Brings into a history in a folder what somebody else kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.folder_place import shown
from celerytui.history.known import known_tasks, known_workers
from celerytui.history.writer import HistoryWriter
from celerytui.model import Task, Worker
from celerytui.settings import Keeping


class FolderImporter:
    """See `Importer`."""

    def __init__(self, folder: Folder, keeping: Keeping, now: float) -> None:
        self.name = shown(folder.path)
        self._folder = folder
        self._writer = HistoryWriter(folder, "", "", keeping, now, importing=True)

    @property
    def flawed(self) -> int:
        """See `Importer.flawed`."""
        return self._writer.flawed

    def open(self, now: float) -> None:
        """See `Importer.open`."""
        self._writer.open(now)

    def known_tasks(self, task_ids: Sequence[str]) -> Mapping[str, bool]:
        """See `Importer.known_tasks`."""
        return known_tasks(self._folder, task_ids)

    def known_workers(self, since: float) -> Mapping[str, float]:
        """See `Importer.known_workers`."""
        return known_workers(self._folder)

    def write_tasks(self, tasks: Sequence[Task], known: Mapping[str, bool], now: float) -> None:
        """See `Importer.write_tasks`."""
        for number, task in enumerate(tasks):
            # One that is nowhere yet has no older record to be looked for.
            task.seq = 0 if task.id in known else self._writer.next_seq + number
        self._writer.write(Flush(tasks=tasks), now)

    def write_worker(self, worker: Worker, now: float) -> None:
        """See `Importer.write_worker`."""
        self._writer.write(Flush(workers=[worker], at=worker.last_seen), now)

    def close(self, now: float) -> None:
        """See `Importer.close`."""
        self._writer.close(now)
