"""The `history` command's `--import`: what another monitor kept, into a history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from celerytui.counts import counted
from celerytui.errors import HistoryError
from celerytui.headless.progress import Progress
from celerytui.history.django_monitor import CameraTables
from celerytui.history.flush import Flush
from celerytui.history.history import Importer, Place, StandsBy
from celerytui.model import Task, TaskState, Worker
from celerytui.settings import Keeping, Settings


class Imported(Struct):
    """How many were imported, `known` already, `old` beyond what is kept, or `flawed`."""

    new: int = 0
    known: int = 0
    old: int = 0
    flawed: int = 0

    @property
    def seen(self) -> int:
        """How many were looked at."""
        return self.new + self.known + self.old + self.flawed

    def line(self, noun: str) -> str:
        """The counts as a line."""
        parts = [f"{counted(self.new, noun)} imported", f"{self.known:,} already there"]
        if self.old:
            parts.append(f"{self.old:,} older than [history] keeps them")
        return "  ".join([*parts, f"{self.flawed:,} flawed"])


def import_lines(
    url: str,
    place: Place,
    settings: Settings,
    now: float,
    show: Callable[[str], None] | None = None,
) -> Iterator[str]:
    """Import tasks and workers from the tables of django-celery-monitor; says how many.

    What the history has already is left as it is; `show` takes the line of the progress. Raises
    HistoryError; what was imported until then stays, and is skipped the next time.
    """
    tables, keeping = CameraTables(url), settings.keeping
    importer, progress = place.importer(keeping, now), Progress(show)
    tasks, workers = Imported(), Imported()
    try:
        tables.open()
        importer.writer.open(now)
        for some in tables.workers():
            _add_workers(some, importer, workers, keeping, now)
        rows = 0 if show is None else tables.count()
        for page in tables.tasks():
            _add_tasks(page, importer, tasks, keeping, now)
            if progress.due:
                progress.show(tasks.seen, rows, [f"{tasks.new:,} imported"])
    except StandsBy:
        raise HistoryError(
            f"a recorder writes into {importer.name}; stop it to import, then start it again"
        ) from None
    finally:
        progress.clear()
        tables.close()
        importer.writer.close(now)
    yield tasks.line("task")
    yield workers.line("worker")


def _add_tasks(
    page: Sequence[Task | None], importer: Importer, done: Imported, keeping: Keeping, now: float
) -> None:
    found = {task.id: task for task in page if task is not None}
    known = importer.known_tasks(list(found))
    fresh: list[Task] = []
    for task in found.values():
        ended = known.get(task.id)
        if ended or (ended is not None and not task.state.finished):
            done.known += 1
        elif _is_old(task, keeping, now):
            done.old += 1
        else:
            fresh.append(task)
    flawed = importer.writer.flawed
    importer.write_tasks(fresh, known, now)
    flawed = importer.writer.flawed - flawed
    done.new += len(fresh) - flawed
    done.flawed += page.count(None) + flawed
    done.known += len(page) - page.count(None) - len(found)


def _add_workers(
    page: Sequence[Worker | None],
    importer: Importer,
    done: Imported,
    keeping: Keeping,
    now: float,
) -> None:
    since = min((one.last_seen for one in page if one is not None), default=now)
    known = dict(importer.known_workers(since))
    for worker in page:
        if worker is None:
            done.flawed += 1
        elif known.get(worker.hostname, -1.0) >= worker.last_seen:
            done.known += 1
        elif worker.last_seen < now - keeping.others:
            done.old += 1
        else:
            importer.writer.write(Flush(workers=[worker], at=worker.last_seen), now)
            known[worker.hostname] = worker.last_seen
            done.new += 1


def _is_old(task: Task, keeping: Keeping, now: float) -> bool:
    """Whether it would be removed soon after."""
    kept = keeping.successes if task.state is TaskState.SUCCESS else keeping.others
    return task.seen < now - kept
