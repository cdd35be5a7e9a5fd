"""The `history` command's `--import`: what another monitor kept, into a history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.history.django_monitor import CameraTables
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.folder_place import shown
from celerytui.history.history import StandsBy
from celerytui.history.known import known_tasks, known_workers
from celerytui.history.writer import HistoryWriter
from celerytui.model import Task, TaskState, Worker
from celerytui.settings import Keeping, Settings


class Imported(Struct):
    """How many were imported, `known` already, `old` beyond what is kept, or `flawed`."""

    new: int = 0
    known: int = 0
    old: int = 0
    flawed: int = 0

    def line(self, noun: str) -> str:
        """The counts as a line."""
        parts = [f"{counted(self.new, noun)} imported", f"{self.known:,} already there"]
        if self.old:
            parts.append(f"{self.old:,} older than [history] keeps them")
        return "  ".join([*parts, f"{self.flawed:,} flawed"])


def import_lines(url: str, folder: Folder, settings: Settings, now: float) -> Iterator[str]:
    """Import tasks and workers from the tables of django-celery-monitor; says how many.

    What the history has already is left as it is. Raises HistoryError, and UsageError where
    SQLAlchemy is not installed; what was imported until then stays, and is skipped the next time.
    """
    tables = CameraTables(url)
    writer = HistoryWriter(folder, "", "", settings.keeping, now, importing=True)
    try:
        tables.open()
        writer.open(now)
        tasks, workers = Imported(), Imported()
        for some in tables.workers():
            _add_workers(some, writer, workers, now)
        for page in tables.tasks():
            _add_tasks(page, writer, tasks, now)
    except StandsBy:
        raise HistoryError(
            f"a recorder writes into {shown(folder.path)}; stop it to import, then start it again"
        ) from None
    finally:
        tables.close()
        writer.close(now)
    yield tasks.line("task")
    yield workers.line("worker")


def _add_tasks(
    page: Sequence[Task | None],
    writer: HistoryWriter,
    done: Imported,
    now: float,
) -> None:
    found = {task.id: task for task in page if task is not None}
    known = known_tasks(writer.folder, list(found))
    fresh: list[Task] = []
    for task in found.values():
        ended = known.get(task.id)
        if ended or (ended is not None and not task.state.finished):
            done.known += 1
        elif _is_old(task, writer.keeping, now):
            done.old += 1
        else:
            # One that is nowhere yet has no older record to be looked for.
            task.seq = writer.next_seq + len(fresh) if ended is None else 0
            fresh.append(task)
    flawed = writer.flawed
    writer.write(Flush(tasks=fresh), now)
    flawed = writer.flawed - flawed
    done.new += len(fresh) - flawed
    done.flawed += page.count(None) + flawed
    done.known += len(page) - page.count(None) - len(found)


def _add_workers(
    page: Sequence[Worker | None],
    writer: HistoryWriter,
    done: Imported,
    now: float,
) -> None:
    known = known_workers(writer.folder)
    for worker in page:
        if worker is None:
            done.flawed += 1
        elif known.get(worker.hostname, -1.0) >= worker.last_seen:
            done.known += 1
        elif worker.last_seen < now - writer.keeping.others:
            done.old += 1
        else:
            writer.write(Flush(workers=[worker], at=worker.last_seen), now)
            known[worker.hostname] = worker.last_seen
            done.new += 1


def _is_old(task: Task, keeping: Keeping, now: float) -> bool:
    """Whether it would be removed soon after."""
    kept = keeping.successes if task.state is TaskState.SUCCESS else keeping.others
    return task.seen < now - kept
