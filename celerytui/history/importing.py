"""Brings into a history in a folder what somebody else kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.folder_place import shown
from celerytui.history.known import known_tasks, known_workers
from celerytui.history.writer import HistoryWriter
from celerytui.model import Task
from celerytui.settings import Keeping


class FolderImporter:
    """See `Importer`."""

    def __init__(self, folder: Folder, keeping: Keeping, now: float) -> None:
        self.name = shown(folder.path)
        self._folder = folder
        self.writer = HistoryWriter(folder, "", "", keeping, now, importing=True)

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
            task.seq = 0 if task.id in known else self.writer.next_seq + number
        self.writer.write(Flush(tasks=tasks), now)
