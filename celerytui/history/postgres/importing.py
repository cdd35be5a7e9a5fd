"""Brings into a history on PostgreSQL what somebody else kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from celerytui.history.flush import Flush
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.rows import as_bytes
from celerytui.history.postgres.writer import PostgresWriter
from celerytui.history.rows import stored_id
from celerytui.model import Task
from celerytui.settings import Keeping

AT_ONCE = 500
_KNOWN = (
    "SELECT task, true FROM tasks WHERE task = ANY(%s)"
    " UNION ALL SELECT task, false FROM open WHERE task = ANY(%s)"
)
_WORKERS = (
    "SELECT text, max(at) FROM workers JOIN words ON words.id = worker WHERE at >= %s GROUP BY text"
)


class PostgresImporter:
    """See `Importer`."""

    def __init__(self, place: PostgresPlace, keeping: Keeping, now: float) -> None:
        self.name = place.name
        self.writer = PostgresWriter(place, "", "", keeping, now, importing=True)

    def known_tasks(self, task_ids: Sequence[str]) -> Mapping[str, bool]:
        """See `Importer.known_tasks`."""
        by_stored = {as_bytes(stored_id(one)): one for one in task_ids}
        stored = list(by_stored)
        found: dict[str, bool] = {}
        for start in range(0, len(stored), AT_ONCE):
            some = stored[start : start + AT_ONCE]
            for task, ended in self.writer.ask(_KNOWN, (some, some)):
                task_id = by_stored[bytes(task)]
                found[task_id] = ended or found.get(task_id, False)
        return found

    def known_workers(self, since: float) -> Mapping[str, float]:
        """See `Importer.known_workers`."""
        return dict(self.writer.ask(_WORKERS, (since,)))

    def write_tasks(self, tasks: Sequence[Task], known: Mapping[str, bool], now: float) -> None:
        """See `Importer.write_tasks`."""
        self.writer.write(Flush(tasks=tasks), now)
