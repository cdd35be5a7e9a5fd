"""The `tasks` command: the tasks of a history that match, as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol, TextIO

from celerytui.columns import clean, format_clock, format_count
from celerytui.document import recorded_row
from celerytui.export import Csv
from celerytui.headless.output import json_line, standard_output, table_width, task_lines
from celerytui.headless.parquet import parquet_file
from celerytui.headless.progress import Progress
from celerytui.history.history import Found, History
from celerytui.model import Task
from celerytui.query import Filter

Shape = Literal["table", "jsonl", "csv"]


class Writer(Protocol):
    """Makes text of tasks, some at a time."""

    def text(self, tasks: Sequence[Task]) -> str: ...


def print_tasks(
    history: History,
    wanted: Filter,
    stream: TextIO | None,
    *,
    shape: Shape,
    since: float | None,
    limit: int | None,
    now: float,
    show: Callable[[str], None] | None = None,
) -> None:
    """Write the tasks that match to the stream, as they are found; raises OutputError.

    `show` takes the line of the progress of a long search.
    """
    progress = _SearchProgress(show, now)
    try:
        with standard_output(stream) as out:
            writer = _WRITERS[shape](out, now)
            for tasks in _matching(history, wanted, since, limit, now, progress):
                progress.clear()
                out.write(writer.text(tasks))
                out.flush()
    finally:
        progress.clear()


def write_parquet(
    history: History,
    wanted: Filter,
    path: str,
    *,
    since: float | None,
    limit: int | None,
    now: float,
    show: Callable[[str], None] | None = None,
) -> None:
    """Write the tasks that match to a new Parquet file; raises UsageError, OutputError."""
    progress = _SearchProgress(show, now)
    try:
        with parquet_file(path) as file:
            for tasks in _matching(history, wanted, since, limit, now, progress):
                file.write(tasks)
    finally:
        progress.clear()


def _matching(
    history: History,
    wanted: Filter,
    since: float | None,
    limit: int | None,
    now: float,
    progress: _SearchProgress,
) -> Iterator[Sequence[Task]]:
    count = 0
    for found in history.search(wanted, now, since=since):
        tasks = found.tasks if limit is None else found.tasks[: limit - count]
        count += len(tasks)
        if tasks:
            yield tasks
        if count == limit:
            return
        progress.take(found, count)


class _Table:
    def __init__(self, stream: TextIO, now: float) -> None:
        self._stream = stream
        self._now = now
        self._width = table_width()
        self._head = True

    def text(self, tasks: Sequence[Task]) -> str:
        head, self._head = self._head, False
        return task_lines(tasks, self._now, self._width, self._stream, head=head)


class _JsonLines:
    def __init__(self, _stream: TextIO, _now: float) -> None:
        pass

    def text(self, tasks: Sequence[Task]) -> str:
        return "".join(json_line(recorded_row(task)) for task in tasks)


class _Csv:
    def __init__(self, _stream: TextIO, _now: float) -> None:
        self._format = Csv()

    def text(self, tasks: Sequence[Task]) -> str:
        return self._format.text([_cleaned(recorded_row(task)) for task in tasks])


_WRITERS: dict[Shape, Callable[[TextIO, float], Writer]] = {
    "table": _Table,
    "jsonl": _JsonLines,
    "csv": _Csv,
}


def _cleaned(value: Any) -> Any:
    """Nested plain values, each text of them safe for a terminal."""
    if isinstance(value, str):
        return clean(value, newlines=True)
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


class _SearchProgress(Progress):
    """How far a search is."""

    def __init__(self, show: Callable[[str], None] | None, now: float) -> None:
        super().__init__(show)
        self._now = now

    def take(self, found: Found, count: int) -> None:
        """Show it, now and then."""
        if not self.due:
            return
        said = [f"{format_count(count)} found"]
        if found.back_to is not None:
            said.append(f"searched back to {format_clock(found.back_to, False, now=self._now)}")
        self.show(found.looked_at, found.rows, said)
